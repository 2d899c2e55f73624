package desk

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// ruleView is a rule of docs/routing.md that was applied; who reads English also sees what
// it did in the words of the data, which are English and name ids.
type ruleView struct {
	Key   string
	Texts []string
}

// ruleViews puts the steps of one rule together, in the order in which they were taken.
func ruleViews(steps []directory.Step, english bool) []ruleView {
	var out []ruleView
	for _, st := range steps {
		key := "complaints.desk_rule_" + strconv.Itoa(st.Rule)
		if n := len(out); n == 0 || out[n-1].Key != key {
			out = append(out, ruleView{Key: key})
		}
		if english {
			out[len(out)-1].Texts = append(out[len(out)-1].Texts, st.Text)
		}
	}
	return out
}

// routeView is what the directory says about who answers, with how it came about.
type routeView struct {
	Form     *web.Form
	Fields   []web.Option
	Lead     string
	Via      string
	Reason   string       // why nobody leads, in English as the data has it
	Ask      []web.Option // units among which the citizen did not say
	Steps    []ruleView
	Problem  string
	Changed  bool // another field, place or day than the case's
	AsOf     string
	NotToday bool // the body is not in office today: it cannot be chosen
	NoTicket bool
	Accuse   bool // to be treated as a denunciation
}

// bodyOption is a body to choose, and why it stands there.
type bodyOption struct {
	ID, Name string
	Why      []string // text keys
	Chosen   bool
}

// stepLook is what a button of the form of a body does instead of acting: it looks for
// bodies by name, and asks the directory about another field, place or day.
const stepLook = "look"

// askedOf is what the directory is asked about, as the form carries it.
func askedOf(f *web.Form) string {
	return strings.Join([]string{f.Line("field"), f.Line("place"), f.Line("day")}, "|")
}

// looks reports whether the form only looks for a body. What else was typed in it stays;
// where the directory is asked something else, what it said before is not chosen any more.
func (s *service) looks(sp spec, f *web.Form) bool {
	p := s.unit(f.Line("pick"))
	if p == nil && f.Line("step") != stepLook {
		return false
	}
	if p != nil {
		f.Set("place", p.Name)
		f.Set("place_id", p.ID)
	}
	if sp.view().Routes && (p != nil || f.Line("asked") != askedOf(f)) {
		for _, name := range []string{"agency", "joint", "key"} {
			f.Set(name, "")
		}
	}
	return true
}

// fillBodies prepares the choice of a body: what the directory says, what was
// proposed, and what the officer looks for.
func (s *service) fillBodies(r *http.Request, c cases.Case, sp spec, d *actData) error {
	find := d.Form
	d.Find = find.Line("find")
	options, joint := &bodyList{s: s, form: d.Form}, &bodyList{s: s, form: d.Form}
	place := s.unit(c.Place.ID)
	if sp.action != cases.Return {
		view, to, err := s.route(r, c, find)
		if err != nil {
			return err
		}
		d.Route = &view
		d.PlaceID, d.Asked = find.Line("place_id"), askedOf(find)
		if p := s.unit(d.PlaceID); p != nil {
			place = p
		}
		if to.Lead != nil && !view.NotToday && !to.FrontDesk {
			options.add(to.Lead, "complaints.desk_body_lead")
		}
		if to.Unanswered != nil {
			options.add(to.Unanswered, "complaints.desk_body_unanswered")
		}
		for _, a := range to.Consulted {
			options.add(a, "complaints.desk_body_consulted")
			joint.add(a, "complaints.desk_body_consulted")
		}
		if err := s.proposals(r, c, options); err != nil {
			return err
		}
	}
	for _, a := range s.findBodies(d.Find, place) {
		options.add(a, "complaints.desk_body_found")
		joint.add(a, "complaints.desk_body_found")
	}
	if id := d.Form.Line("agency"); id != "" {
		if a, ok := s.opt.Directory().Agency(id); ok {
			options.add(a, "complaints.desk_body_chosen")
		}
	}
	d.Bodies, d.Joint = options.list, joint.list
	fresh := d.Form.Line("key") == "" // nobody chose yet: what the directory says is chosen
	for i := range d.Joint {
		b := &d.Joint[i]
		b.Chosen = slices.Contains(d.Form.All("joint"), b.ID) || fresh && b.Why[0] == "complaints.desk_body_consulted"
	}
	if fresh && len(d.Bodies) > 0 && d.Bodies[0].Why[0] == "complaints.desk_body_lead" {
		d.Bodies[0].Chosen = true
	}
	return nil
}

// unit is a unit of the directory, nil when there is none.
func (s *service) unit(id string) *directory.Place {
	p, ok := s.opt.Directory().Place(id)
	if !ok {
		return nil
	}
	return p
}

// bodyList collects bodies to choose, each once, in office.
type bodyList struct {
	s    *service
	form *web.Form
	list []bodyOption
}

func (b *bodyList) add(a *directory.Agency, why string) {
	d := b.s.opt.Directory()
	if a == nil || a.Template != "" && a.Place == nil || !d.InOffice(a) {
		return
	}
	if i := slices.IndexFunc(b.list, func(o bodyOption) bool { return o.ID == a.ID }); i >= 0 {
		if why != "complaints.desk_body_chosen" && !slices.Contains(b.list[i].Why, why) {
			b.list[i].Why = append(b.list[i].Why, why)
		}
		return
	}
	b.list = append(b.list, bodyOption{ID: a.ID, Name: a.Name, Why: []string{why}, Chosen: b.form.Line("agency") == a.ID})
}

// proposals are the bodies that others named when they sent the case back.
func (s *service) proposals(r *http.Request, c cases.Case, options *bodyList) error {
	entries, err := s.opt.Desk.Timeline(r.Context(), c.ID, actor(r))
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	for _, e := range entries {
		if e.Action == cases.Return && e.Round == c.Round && e.Target != "" {
			if a, ok := s.opt.Directory().Agency(e.Target); ok {
				options.add(a, "complaints.desk_body_proposed")
			}
		}
	}
	return nil
}

// route asks the directory who answers, for the case as it is or with another
// field, place or day that the officer tries.
func (s *service) route(r *http.Request, c cases.Case, f *web.Form) (routeView, directory.Routing, error) {
	v := routeView{Form: f, Fields: s.fieldOptions(r, "")}
	body, err := s.opt.Desk.Body(r.Context(), c.ID, actor(r))
	if err != nil {
		return v, directory.Routing{}, err
	}
	d := s.opt.Directory()
	sub := directory.Subject{Field: c.Field, Case: c.Subject, Words: body.What, Place: s.unit(c.Place.ID)}
	if c.Kind.Accuses() {
		sub.Named = body.Named
	}
	if id := f.Line("field"); id != "" && id != c.Field {
		sub.Field, sub.Case, v.Changed = id, "", true
	}
	if sub.Field == "" {
		sub.Field = f.Line("field")
	}
	f.Set("field", sub.Field)
	s.tryPlace(c, f, &sub, &v)
	if text := f.Line("day"); text != "" {
		if t, ok := readDay(text); ok {
			d, v.AsOf, v.Changed = d.At(t.Add(12*time.Hour)), t.In(calendar.Zone).Format("02/01/2006"), true
		} else {
			f.Fail("day", "complaints.desk_wrong_day")
		}
	}
	to, err := d.Route(sub)
	var unknown *directory.SubjectError
	if errors.As(err, &unknown) {
		v.Problem = s.kit.T(r, "complaints.desk_route_unknown_"+unknown.What)
		return v, directory.Routing{}, nil
	}
	if err != nil {
		return v, directory.Routing{}, err
	}
	v.NoTicket, v.Accuse, v.Steps, v.Reason = to.NoTicket, to.Denunciation, ruleViews(to.Steps, s.kit.Lang(r) == "en"), to.Reason
	if to.Lead != nil && !to.FrontDesk {
		v.Lead = to.Lead.Name
		v.NotToday = !s.opt.Directory().InOffice(to.Lead)
	}
	if to.Via != nil {
		v.Via = to.Via.Name
	}
	for _, p := range to.Ask {
		v.Ask = append(v.Ask, web.Option{Value: p.ID, Label: d.Title(p, to.Ask)})
	}
	return v, to, nil
}

// tryPlace reads the place that the officer tries. Of several, each is a button of the same form.
func (s *service) tryPlace(c cases.Case, f *web.Form, sub *directory.Subject, v *routeView) {
	d := s.opt.Directory()
	text := f.Line("place")
	if text == "" {
		f.Set("place", placeName(d, c.Place.ID))
		return
	}
	if p := s.unit(f.Line("place_id")); p != nil && p.Name == text {
		sub.Place, v.Changed = p, p.ID != c.Place.ID
		return
	}
	f.Set("place_id", "")
	if text == placeName(d, c.Place.ID) {
		return
	}
	read := d.Read(text, directory.Told(text))
	switch {
	case len(read.Choices) == 1 && read.Sure():
		sub.Place, v.Changed = read.Choices[0], true
		f.Set("place_id", read.Choices[0].ID)
	case len(read.Choices) > 0:
		for _, p := range read.Choices {
			v.Ask = append(v.Ask, web.Option{Value: p.ID, Label: d.Title(p, read.Choices)})
		}
	default:
		f.Fail("place", "complaints.desk_wrong_place")
	}
}

// frontReasons are why cases stand at the front desk; the first ones are alarms:
// nobody but a person can find out who answers.
var frontReasons = [...]struct {
	name  string
	alarm bool
}{
	{cases.DeskNoOwner, true}, {cases.DeskTwoOwners, true}, {cases.DeskUnknownPlace, true}, {cases.DeskReturned, true},
	{cases.DeskReturn, false}, {cases.DeskReopened, false}, {cases.DeskKind, false},
}

type frontData struct {
	Style   string
	Reasons []reasonView
	Here    string
	Rows    []frontRow
	Pager   web.Pager
	Alarms  int
	Liaison bool
	Sealed  string
	All     string
}

type reasonView struct {
	Key, Path string
	Count     int
	Here      bool
	Alarm     bool
}

// frontRow is a case with the way to hand it on.
type frontRow struct {
	row
	Hand string // path
	Bind bool
}

// showFront lists what has no body yet, by reason.
func (s *service) showFront(w http.ResponseWriter, r *http.Request) {
	me := web.OfficerFrom(r.Context())
	if !s.opt.Desk.FrontDesk(me) {
		if cases.Liaison(me) {
			s.kit.Redirect(w, r, sealedPath)
			return
		}
		s.kit.Redirect(w, r, listPath) // a controller of another body: the menu leads here
		return
	}
	d := frontData{Style: stylePath, Liaison: cases.Liaison(me), Sealed: sealedPath, All: frontPath, Here: r.URL.RequestURI()}
	viewer := actor(r)
	f := cases.Filter{AtDesk: true, Limit: pageSize, After: r.URL.Query().Get(qAfter), Viewer: &viewer}
	chosen := r.URL.Query().Get("why")
	for _, reason := range frontReasons {
		n, err := s.opt.Desk.Count(r.Context(), cases.Filter{AtDesk: true, Desk: reason.name})
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		if reason.alarm {
			d.Alarms += n
		}
		v := reasonView{Key: "complaints.desk_why_" + reason.name, Path: frontPath + "?why=" + reason.name, Count: n, Alarm: reason.alarm && n > 0, Here: chosen == reason.name}
		if v.Here {
			f.Desk = reason.name
		}
		d.Reasons = append(d.Reasons, v)
	}
	page, err := s.opt.Desk.List(r.Context(), f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for i, v := range s.rows(r, page.Cases) {
		d.Rows = append(d.Rows, s.frontRow(page.Cases[i], v, viewer))
	}
	d.Pager = web.PagerOf(r, qAfter, f.After, page.Next)
	s.render(w, r, http.StatusOK, "front", d)
}

func (s *service) frontRow(c cases.Case, v row, a cases.Actor) frontRow {
	out := frontRow{row: v}
	may := s.opt.Desk.May(c, a)
	switch {
	case slices.Contains(may, cases.Forward):
		out.Hand = actPath(c.Code, cases.Forward)
	case slices.Contains(may, cases.Bind):
		out.Hand, out.Bind = actPath(c.Code, cases.Bind), true
	}
	return out
}
