package desk

import (
	"context"
	"net/http"
	"strings"
	"time"

	"rsc.io/qr"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

type newData struct {
	Style   string
	Form    *web.Form
	Problem string
	Path    string
	Key     string
	Kinds   []web.Option
	Fields  []web.Option
	Consent string
	Places  []link
	Today   string
	Uploads bool
}

// showNew shows the form for a visitor who has no phone of the kind.
func (s *service) showNew(w http.ResponseWriter, r *http.Request) {
	s.askNew(w, r, http.StatusOK, s.emptyNew(), "")
}

func (s *service) emptyNew() *web.Form {
	f := s.kit.NewForm(nil)
	f.Set("day", s.opt.Now().In(calendar.Zone).Format(time.DateOnly))
	f.Set("kind", string(cases.Scene))
	return f
}

func (s *service) askNew(w http.ResponseWriter, r *http.Request, status int, f *web.Form, problem string) {
	s.render(w, r, status, "new", newData{
		Style: stylePath, Form: f, Problem: problem, Path: newPath, Key: formKey(f), Kinds: s.kindOptions(r, ""), Fields: s.fieldOptions(r, "complaints.desk_choose"),
		Consent: s.kit.T(r, "complaints.desk_consent"), Today: s.opt.Now().In(calendar.Zone).Format(time.DateOnly),
	})
}

// postNew files the case of a visitor. Pressed twice, it finds the first one.
func (s *service) postNew(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	dr := s.draft(r, f)
	if s.accuses(dr) {
		// Nothing of it is kept or shown again, the name neither.
		s.askNew(w, r, http.StatusUnprocessableEntity, s.emptyNew(), s.kit.T(r, "complaints.desk_accusation"))
		return
	}
	if f.Failed() {
		s.askNew(w, r, http.StatusUnprocessableEntity, f, "")
		return
	}
	var c cases.Case
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		var err error
		c, err = s.opt.Desk.Open(ctx, work, dr)
		return err
	})
	if err != nil {
		problem, status := s.explain(r, err)
		if problem == "" {
			s.kit.Fail(w, r, err)
			return
		}
		s.askNew(w, r, status, f, problem)
		return
	}
	s.kit.Done(w, r, casePath(c.Code)+"/slip", web.Flash{Key: "complaints.desk_done_new", Args: []any{"code", c.Code}})
}

// accuses reports whether a visitor denounces somebody, in whichever field it was
// typed, or by the field that was chosen.
func (s *service) accuses(dr cases.Draft) bool {
	if f, ok := s.opt.Directory().Field(dr.Field); ok && f.Denunciation {
		return true
	}
	return s.opt.Accuses(dr.What) || s.opt.Accuses(strings.Join([]string{dr.What, dr.Place.Landmark, dr.Place.Text}, "\n"))
}

// draft reads the form of a visitor. Numbers of identity papers are hidden: no complaint needs them.
func (s *service) draft(r *http.Request, f *web.Form) cases.Draft {
	me := web.OfficerFrom(r.Context())
	dr := cases.Draft{
		Conversation: me.Actor() + " " + formKey(f), Kind: cases.Kind(f.Line("kind")), Field: f.Line("field"), What: media.MaskNumbers(f.Get("what")),
		Place:   cases.Place{Text: f.Line("place"), Landmark: media.MaskNumbers(f.Line("landmark"))},
		Contact: cases.Contact{Name: f.Line("name"), Phone: f.Line("phone"), Address: f.Line("address")},
		Holder:  cases.Holder{Lang: "vi"}, Public: f.On("public"), Urgent: f.On("urgent"), OnBehalf: true, FiledBy: me.ID,
		Consent: s.kit.T(r, "complaints.desk_consent"),
	}
	if !dr.Kind.Valid() {
		f.Fail("kind", "complaints.desk_wrong_kind")
	}
	if len([]rune(dr.What)) < minWords {
		f.Fail("what", "complaints.desk_wrong_what", "min", minWords)
	}
	if dr.Field == "" {
		f.Fail("field", "complaints.desk_wrong_field")
	}
	if !f.On("consent") {
		f.Fail("consent", "complaints.desk_wrong_consent")
	}
	if t, ok := readDay(f.Line("day")); ok && !t.After(s.opt.Now()) {
		dr.Day = t.Format(time.DateOnly)
	} else {
		f.Fail("day", "complaints.desk_wrong_day_past")
	}
	if dr.Contact.Name == "" {
		f.Fail("name", "complaints.desk_wrong_name")
	}
	if dr.Contact.Phone == "" && dr.Contact.Address == "" {
		f.Fail("phone", "complaints.desk_wrong_contact")
	}
	s.draftPlace(f, &dr)
	if named := f.Line("named"); named != "" {
		if found := s.findBodies(named, s.unit(dr.Place.ID)); len(found) > 0 {
			dr.Named = found[0].ID
			for _, a := range found {
				if s.bodyKey(a.Name) == s.bodyKey(named) {
					dr.Named = a.ID
				}
			}
		} else {
			f.Fail("named", "complaints.desk_wrong_body")
		}
	}
	return dr
}

// minWords is how short a report may be, in letters.
const minWords = 15

// draftPlace reads the place by its old or new name. Several of a name are told.
func (s *service) draftPlace(f *web.Form, dr *cases.Draft) {
	text := f.Line("place")
	if text == "" {
		f.Fail("place", "complaints.desk_wrong_place")
		return
	}
	d := s.opt.Directory()
	read := d.Read(text, directory.Told(text))
	switch {
	case len(read.Choices) == 1 && read.Sure():
		dr.Place.ID = read.Choices[0].ID
	case len(read.Choices) > 0:
		var names []string
		for _, p := range read.Choices {
			names = append(names, d.Title(p, read.Choices))
		}
		f.Fail("place", "complaints.desk_which_place", "places", strings.Join(names, "; "))
	default:
		f.Fail("place", "complaints.desk_wrong_place")
	}
}

type slipData struct {
	Style  string
	Row    row
	Due    *clockView
	Who    string
	Code   string
	QR     string // path of the picture; "" when there is no address to ask at
	Status string
	Back   string
	Open   bool // the reader may open the case
	Body   string
}

// taken is the case of a slip: the visitor stands there, and gets the paper from
// whoever took the case down, although it went to another body. open is whether he may open the case.
func (s *service) taken(w http.ResponseWriter, r *http.Request) (c cases.Case, open, ok bool) {
	c, err := s.opt.Desk.Taken(r.Context(), r.PathValue("code"), actor(r))
	if err != nil || c.State.Hidden() {
		c, ok = s.find(w, r) // says so
		return c, ok, ok
	}
	_, err = s.opt.Desk.ByCode(r.Context(), c.Code, actor(r))
	return c, err == nil, true
}

// showSlip is the paper that the visitor takes home.
func (s *service) showSlip(w http.ResponseWriter, r *http.Request) {
	c, open, ok := s.taken(w, r)
	if !ok {
		return
	}
	d := slipData{Style: stylePath, Row: s.rows(r, []cases.Case{c})[0], Who: web.OfficerFrom(r.Context()).Name, Code: c.Code, Back: listPath, Open: open, Status: s.status(c.Code)}
	if open {
		d.Back = casePath(c.Code)
	}
	if c.FiledBy != 0 {
		d.Who = s.namer(r.Context())(c.FiledBy)
	}
	if k, ok := c.Clock(cases.StepCitizen); ok {
		v := s.clock(k)
		d.Due = &v
	}
	if d.Status != "" {
		d.QR = casePath(c.Code) + "/slip.png"
	}
	if desk, ok := s.opt.Directory().FrontDesk(); ok && c.Lead == "" {
		d.Body = desk.Name
	}
	s.render(w, r, http.StatusOK, "slip", d)
}

func (s *service) status(code string) string {
	if s.opt.Status == nil {
		return ""
	}
	return s.opt.Status(code)
}

// slipCode is the QR code of the slip: where the citizen asks how it stands.
func (s *service) slipCode(w http.ResponseWriter, r *http.Request) {
	c, _, ok := s.taken(w, r)
	if !ok {
		return
	}
	address := s.status(c.Code)
	if address == "" {
		s.kit.NotFound(w, r)
		return
	}
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	code.Scale = 6
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(code.PNG()) // a client that went away needs no answer
}
