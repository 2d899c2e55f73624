package desk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/directory"
)

type actData struct {
	Style    string
	Row      row
	Action   string
	TitleKey string
	HelpKey  string
	Spec     specView
	Form     *web.Form
	Problem  string // what went wrong, in words
	Conflict bool
	Closed   bool // it cannot be done now: there is no form
	Path     string
	Back     string
	Key      string // of this form: pressing twice acts once
	Version  int64
	Kinds    []web.Option
	Fields   []web.Option
	Officers []web.Option
	Reasons  []web.Option
	Route    *routeView
	Bodies   []bodyOption
	Joint    []bodyOption
	Find     string
	PlaceID  string
	Asked    string // what the directory was asked
	Preview  *pendingView
	Left     int // days an extension may have
	Urgent   bool
	Linked   string
	Question string // what the citizen wrote, masked as on the page of the case
	Reject   string // path, beside an approval
}

// chosen finds the case and the form of a request; it answers when there is none.
func (s *service) chosen(w http.ResponseWriter, r *http.Request) (cases.Case, spec, bool) {
	sp, known := specOf(cases.Action(r.PathValue("action")))
	if !known {
		s.kit.NotFound(w, r)
		return cases.Case{}, sp, false
	}
	c, ok := s.find(w, r)
	return c, sp, ok
}

// showAct shows the form of an action.
func (s *service) showAct(w http.ResponseWriter, r *http.Request) {
	c, sp, ok := s.chosen(w, r)
	if !ok {
		return
	}
	f := s.kit.NewForm(nil)
	f.Set("officer", strconv.FormatInt(c.Officer, 10))
	f.Set("kind", string(c.Kind))
	f.Set("field", c.Field)
	f.Set("code", r.URL.Query().Get("with"))
	f.Set("text", r.URL.Query().Get("text"))
	if sp.body {
		for _, name := range []string{"field", "place", "place_id", "day", "find"} {
			if v := r.URL.Query().Get(name); v != "" || name != "field" {
				f.Set(name, v)
			}
		}
	}
	s.askFirst(w, r, c, sp, f)
}

// closed reports whether the form leads nowhere now, and holds nothing that somebody typed.
func (s *service) closed(r *http.Request, c cases.Case, sp spec) bool {
	return r.Method != http.MethodPost && !slices.Contains(s.opt.Desk.May(c, actor(r)), sp.action)
}

// askFirst renders the form of an action that nobody sent yet. One that is not possible any more says why.
func (s *service) askFirst(w http.ResponseWriter, r *http.Request, c cases.Case, sp spec, f *web.Form) {
	problem, status := "", http.StatusOK
	if !slices.Contains(s.opt.Desk.May(c, actor(r)), sp.action) {
		problem, status = s.kit.T(r, "complaints.desk_not_now", "state", s.kit.T(r, stateKey(c.State))), http.StatusConflict
	}
	s.askAct(w, r, status, c, sp, f, problem, false)
}

// askAct renders the form of an action with what was typed.
func (s *service) askAct(w http.ResponseWriter, r *http.Request, status int, c cases.Case, sp spec, f *web.Form, problem string, conflict bool) {
	d := actData{
		Style: stylePath, Row: s.rows(r, []cases.Case{c})[0], Action: string(sp.action), TitleKey: "complaints.desk_do_" + string(sp.action),
		HelpKey: "complaints.desk_help_" + string(sp.action), Spec: sp.view(), Form: f, Problem: problem, Conflict: conflict,
		Path: actPath(c.Code, sp.action), Back: casePath(c.Code), Key: formKey(f), Version: c.Version, Urgent: c.Urgent, Linked: c.Duplicate, Closed: s.closed(r, c, sp),
	}
	if err := s.fillAct(r, c, sp, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "act", d)
}

// formKey is the key of a form: the one it came with, or a new one.
func formKey(f *web.Form) string {
	if k := f.Line("key"); len(k) >= 20 && len(k) <= 40 {
		return k
	}
	return bot.NewID()
}

func (s *service) fillAct(r *http.Request, c cases.Case, sp spec, d *actData) (err error) {
	if d.Question, err = s.question(r, c); err != nil {
		return err
	}
	if sp.reasons != "" {
		d.Reasons = s.options(r, "complaints.desk_choose", sp.reasons, sp.list...)
	}
	switch {
	case sp.about:
		d.Kinds, d.Fields = s.kindOptions(r, ""), s.fieldOptions(r, "")
		if d.Form.Line("place") == "" {
			d.Form.Set("place", placeName(s.opt.Directory(), c.Place.ID))
		}
	case sp.officer:
		d.Officers, err = s.officerOptions(r, "complaints.desk_nobody", s.takers(r, []cases.Case{c}))
	case sp.body:
		err = s.fillBodies(r, c, sp, d)
	case sp.days:
		terms, terr := s.opt.Desk.Terms(r.Context())
		d.Left, err = terms.Int(cases.KeyExtendDays), terr
	case sp.action == cases.Approve:
		d.Reject = actPath(c.Code, cases.Reject)
		d.Preview, err = s.pending(r, c)
	}
	return err
}

// question is what the citizen wrote, as this officer may read it.
func (s *service) question(r *http.Request, c cases.Case) (string, error) {
	body, err := s.opt.Desk.Body(r.Context(), c.ID, actor(r))
	if err != nil {
		return "", err
	}
	_, err = s.opt.Desk.Identity(r.Context(), c.ID, actor(r))
	if bot.IsCode(err, bot.Denied) {
		return mask.Sender(body.What), nil
	}
	return body.What, err
}

// postAct does it. When somebody else was first, the form comes back with what
// was typed, and says who and when.
func (s *service) postAct(w http.ResponseWriter, r *http.Request) {
	c, sp, ok := s.chosen(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if sp.body && s.looks(sp, f) {
		s.askFirst(w, r, c, sp, f)
		return
	}
	cmd := s.command(r, c, sp, f)
	if f.Failed() {
		s.askAct(w, r, http.StatusUnprocessableEntity, c, sp, f, "", false)
		return
	}
	done, err := s.do(r.Context(), c.ID, actor(r), cmd)
	if err != nil {
		s.actFailed(w, r, c, sp, f, err)
		return
	}
	path := casePath(c.Code)
	if now, err := s.opt.Desk.Get(r.Context(), c.ID, actor(r)); err != nil || now.State.Hidden() {
		path = listPath // for this officer it is not there any more
	}
	s.kit.Done(w, r, path, s.flash(c, done, cmd))
}

// do opens a unit of work and gives the command to the one door.
func (s *service) do(ctx context.Context, id int64, a cases.Actor, cmd cases.Command) (c cases.Case, err error) {
	err = s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		c, err = s.opt.Desk.Do(ctx, w, id, a, cmd)
		return err
	})
	return c, err
}

// actFailed shows the form again with the reason, or the page for what is no mistake of the officer's.
func (s *service) actFailed(w http.ResponseWriter, r *http.Request, c cases.Case, sp spec, f *web.Form, err error) {
	problem, status := s.explain(r, err)
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.gone(w, r) // it left between the look and the deed
		return
	case problem == "":
		s.kit.Fail(w, r, err)
		return
	}
	// Show the case as it is now; for this officer it may be gone.
	now, gerr := s.opt.Desk.Get(r.Context(), c.ID, actor(r))
	if gerr != nil || now.State.Hidden() {
		s.gone(w, r)
		return
	}
	s.askAct(w, r, status, now, sp, f, problem, status == http.StatusConflict)
}

// explain puts an error that an officer reads into words, with the state by its
// name; "" for any other.
func (s *service) explain(r *http.Request, err error) (string, int) {
	var e *bot.Error
	if !errors.As(err, &e) || e.Code == bot.NotFound || e.Key == "" {
		return "", 0
	}
	args := slices.Clone(e.Args)
	for i := 0; i+1 < len(args); i += 2 {
		if st, ok := args[i+1].(string); ok && args[i] == "state" {
			args[i+1] = s.kit.T(r, stateKey(cases.State(st)))
		}
	}
	status := http.StatusUnprocessableEntity
	switch e.Code {
	case bot.Conflict:
		status = http.StatusConflict
	case bot.Denied:
		status = http.StatusForbidden
	}
	return s.kit.T(r, e.Key, args...), status
}

// command reads the form of an action. What is missing is noted beside its field.
func (s *service) command(r *http.Request, c cases.Case, sp spec, f *web.Form) cases.Command {
	cmd := cases.Command{Action: sp.action, Key: f.Line("key"), Text: f.Get("text"), Reason: f.Line("why")}
	if v, err := strconv.ParseInt(f.Line("version"), 10, 64); err == nil && v > 0 {
		cmd.Version = v
	} else {
		cmd.Version = c.Version
	}
	if sp.text == "" {
		cmd.Text = ""
	}
	if sp.needs && cmd.Text == "" {
		f.Fail("text", "complaints.desk_wrong_text")
	}
	undo := f.On("undo")
	if sp.why && cmd.Reason == "" && !undo && !(sp.action == cases.Reject && c.Drafter == actor(r).Ref()) {
		f.Fail("why", "complaints.desk_wrong_why")
	}
	if sp.danger && !f.On("sure") {
		f.Fail("sure", "complaints.desk_wrong_sure")
	}
	if sp.reasons != "" {
		s.readReason(r, sp, f, &cmd)
	}
	if sp.body {
		readBodies(sp, f, &cmd)
	}
	if sp.about {
		s.readAbout(c, f, &cmd)
	}
	s.readNumbers(c, sp, f, &cmd)
	return cmd
}

// readReason takes a reason of the list. Why an identity is shown is kept in words.
func (s *service) readReason(r *http.Request, sp spec, f *web.Form, cmd *cases.Command) {
	cmd.Reason = f.Line("reason")
	if !slices.Contains(sp.list, cmd.Reason) {
		f.Fail("reason", "complaints.desk_wrong_reason")
		return
	}
	if sp.action != cases.Reveal {
		return
	}
	if cmd.Reason == "other" && cmd.Text == "" {
		f.Fail("text", "complaints.desk_wrong_text")
	}
	cmd.Reason = s.kit.T(r, sp.reasons+cmd.Reason)
	if cmd.Text != "" {
		cmd.Reason += ": " + cmd.Text
		cmd.Text = ""
	}
}

func readBodies(sp spec, f *web.Form, cmd *cases.Command) {
	cmd.Agency = f.Line("agency")
	for _, j := range f.All("joint") {
		if j != "" && j != cmd.Agency && !slices.Contains(cmd.Joint, j) {
			cmd.Joint = append(cmd.Joint, j)
		}
	}
	cmd.PlaceID = f.Line("place_id")
	if cmd.Agency == "" && sp.action != cases.Return {
		f.Fail("agency", "complaints.desk_wrong_agency")
	}
	if sp.action == cases.Return {
		cmd.Joint, cmd.PlaceID = nil, ""
	}
}

// readAbout reads kind, field and place; what did not change is left out.
func (s *service) readAbout(c cases.Case, f *web.Form, cmd *cases.Command) {
	d := s.opt.Directory()
	if k := cases.Kind(f.Line("kind")); k != c.Kind {
		cmd.Kind = k
	}
	if id := f.Line("field"); id != c.Field {
		cmd.Field = id
	}
	text := f.Line("place")
	if text == "" || text == placeName(d, c.Place.ID) {
		return
	}
	if p, ok := d.Place(text); ok {
		cmd.PlaceID = p.ID
		return
	}
	switch read := d.Read(text, directory.Told(text)); {
	case read.Sure() && len(read.Choices) == 1:
		cmd.PlaceID = read.Choices[0].ID
	case len(read.Choices) > 1:
		var names string
		for i, p := range read.Choices {
			if i > 0 {
				names += "; "
			}
			names += d.Title(p, read.Choices)
		}
		f.Fail("place", "complaints.desk_which_place", "places", names)
	default:
		f.Fail("place", "complaints.desk_wrong_place")
	}
}

func (s *service) readNumbers(c cases.Case, sp spec, f *web.Form, cmd *cases.Command) {
	switch {
	case sp.officer:
		text := f.Line("officer")
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && (err != nil || n < 0) {
			f.Fail("officer", "complaints.desk_wrong_officer")
		}
		cmd.Officer = n
	case sp.days:
		n, err := strconv.Atoi(f.Line("days"))
		if err != nil || n < 1 {
			f.Fail("days", "complaints.desk_wrong_days")
		}
		cmd.Days = n
	case sp.code:
		cmd.Text = f.Line("code")
		if f.On("undo") {
			cmd.Text = ""
		} else if _, err := cases.ParseCode(cmd.Text); err != nil {
			key := "complaints.desk_wrong_code"
			if errors.Is(err, cases.ErrTypo) {
				key = "complaints.desk_typo_code"
			}
			f.Fail("code", key)
		}
	case sp.action == cases.Urgency:
		if !c.Urgent {
			cmd.Days = 1
		}
	}
}

// flash says that it was done, and how to undo it where package cases can.
func (s *service) flash(before, after cases.Case, cmd cases.Command) web.Flash {
	fl := web.Flash{Key: "complaints.desk_done_" + string(cmd.Action), Args: []any{"code", after.Code}}
	undo := func(a cases.Action, fields map[string]string) {
		fields["version"], fields["undo"] = strconv.FormatInt(after.Version, 10), "1"
		fl.Undo = &web.Undo{Path: actPath(after.Code, a), Fields: fields}
	}
	switch cmd.Action {
	case cases.Assign:
		if before.Officer != after.Officer {
			undo(cases.Assign, map[string]string{"officer": strconv.FormatInt(before.Officer, 10)})
		}
	case cases.Link:
		if cmd.Text != "" {
			undo(cases.Link, map[string]string{})
		} else {
			fl.Key = "complaints.desk_done_unlink"
		}
	case cases.Submit:
		if after.State == cases.Drafted {
			fl.Key = "complaints.desk_done_submit"
			undo(cases.Reject, map[string]string{})
		} else {
			fl.Key = "complaints.desk_done_approve"
		}
	case cases.Forward, cases.Bind:
		fl.Args = append(fl.Args, "body", s.agencyName(after.Lead))
	case cases.Extend:
		if k, ok := after.Clock(cases.StepAnswer); ok {
			fl.Args = append(fl.Args, "due", web.When(k.Due))
		}
	case cases.Urgency:
		if !after.Urgent {
			fl.Key = "complaints.desk_done_calm"
		}
	}
	return fl
}

// due is a moment as an officer writes it into a text.
func due(c cases.Case) time.Time {
	for _, step := range []cases.Step{cases.StepAnswer, cases.StepCitizen} {
		if k, ok := c.Clock(step); ok {
			return k.Due
		}
	}
	return time.Time{}
}
