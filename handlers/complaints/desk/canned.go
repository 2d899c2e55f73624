package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// Limits of canned answers.
const (
	maxTitle  = 120
	maxCanned = 5000
)

// Placeholders that a canned answer may have.
const (
	holdCode = "{mã}"
	holdDue  = "{hạn}"
	holdBody = "{cơ quan}"
)

// fillCanned puts the case's own values into a canned answer.
func (s *service) fillCanned(c cases.Case, body string) string {
	end := "…"
	if t := due(c); !t.IsZero() {
		end = t.In(calendar.Zone).Format("02/01/2006")
	}
	return strings.NewReplacer(holdCode, c.Code, holdDue, end, holdBody, s.agencyName(c.Lead)).Replace(body)
}

// bodiesOf are the bodies whose canned answers an officer keeps; all for the front desk.
func (s *service) bodiesOf(r *http.Request) scope { return s.scopeOf(web.OfficerFrom(r.Context())) }

// seesCanned reports whether an officer may use a canned answer, keepsCanned whether he may change it:
// those for everybody are the front desk's.
func (s *service) seesCanned(r *http.Request, t canned) bool {
	sc := s.bodiesOf(r)
	return t.Agency == "" || sc.All || slices.Contains(sc.Bodies, t.Agency)
}

func (s *service) keepsCanned(r *http.Request, t canned) bool {
	sc := s.bodiesOf(r)
	return sc.All || t.Agency != "" && slices.Contains(sc.Bodies, t.Agency)
}

// cannedOptions are the canned answers that fit a case.
func (s *service) cannedOptions(r *http.Request, c cases.Case) ([]web.Option, error) {
	list, err := listCanned(r.Context(), s.opt.Read)
	if err != nil {
		return nil, err
	}
	var out []web.Option
	for _, t := range list {
		if (t.Field == "" || t.Field == c.Field) && (t.Agency == "" || t.Agency == c.Lead) {
			out = append(out, web.Option{Value: strconv.FormatInt(t.ID, 10), Label: t.Title})
		}
	}
	return out, nil
}

type cannedLine struct {
	canned
	FieldName, Body string
	Who             string
	Edit            string // path; "" when it is not his to change
	Begin           string
}

type cannedData struct {
	Style string
	Lines []cannedLine
	New   string
	Full  bool
}

// showCanned lists the canned answers that the officer may use.
func (s *service) showCanned(w http.ResponseWriter, r *http.Request) {
	list, err := listCanned(r.Context(), s.opt.Read)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := cannedData{Style: stylePath, New: cannedPath + "/edit", Full: len(list) >= maxCannedList}
	for _, t := range list {
		if !s.seesCanned(r, t) {
			continue
		}
		l := cannedLine{canned: t, Who: s.refName(r, t.Actor), Begin: begin(t.Body, 140)}
		if t.Field != "" {
			l.FieldName = s.fieldName(r, t.Field)
		}
		if t.Agency != "" {
			l.Body = s.agencyName(t.Agency)
		}
		if s.keepsCanned(r, t) {
			l.Edit = cannedPath + "/edit?id=" + strconv.FormatInt(t.ID, 10)
		}
		d.Lines = append(d.Lines, l)
	}
	s.render(w, r, http.StatusOK, "canned", d)
}

// begin is the start of a text on one line.
func begin(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n]) + "…"
}

type cannedEditData struct {
	Style    string
	Form     *web.Form
	ID       int64
	Version  int64
	Fields   []web.Option
	Bodies   []web.Option
	Conflict bool
	Back     string
	Path     string
	Remove   string
	Hint     string
}

func (s *service) showCannedEdit(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(nil)
	var t canned
	if text := r.URL.Query().Get("id"); text != "" {
		var ok bool
		if t, ok = s.ownCanned(w, r, text); !ok {
			return
		}
		f.Set("title", t.Title)
		f.Set("field", t.Field)
		f.Set("agency", t.Agency)
		f.Set("body", t.Body)
	} else if sc := s.bodiesOf(r); !sc.All && len(sc.Bodies) > 0 {
		f.Set("agency", sc.Bodies[0])
	}
	s.askCanned(w, r, http.StatusOK, f, t, false)
}

// ownCanned finds a canned answer that the officer may change; it answers when there is none.
func (s *service) ownCanned(w http.ResponseWriter, r *http.Request, text string) (canned, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return canned{}, false
	}
	t, err := readCanned(r.Context(), s.opt.Read, id)
	if err == nil && !s.keepsCanned(r, t) {
		err = &bot.Error{Code: bot.NotFound}
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return canned{}, false
	}
	return t, true
}

func (s *service) askCanned(w http.ResponseWriter, r *http.Request, status int, f *web.Form, t canned, conflict bool) {
	d := cannedEditData{Style: stylePath, Form: f, ID: t.ID, Version: t.Version, Fields: s.fieldOptions(r, "complaints.desk_all_fields"), Conflict: conflict,
		Back: cannedPath, Path: cannedPath + "/edit", Remove: cannedPath + "/remove",
		Hint: s.kit.T(r, "complaints.desk_canned_hint", "code", holdCode, "due", holdDue, "body", holdBody)}
	sc := s.bodiesOf(r)
	if sc.All {
		d.Bodies = append(d.Bodies, web.Option{Label: s.kit.T(r, "complaints.desk_all_bodies")})
		if id := f.Line("agency"); id != "" {
			d.Bodies = append(d.Bodies, web.Option{Value: id, Label: s.agencyName(id)})
		}
	}
	for _, id := range sc.Bodies {
		d.Bodies = append(d.Bodies, web.Option{Value: id, Label: s.agencyName(id)})
	}
	s.render(w, r, status, "canned_edit", d)
}

// postCanned saves a canned answer.
func (s *service) postCanned(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	var old canned
	if text := f.Line("id"); text != "" && text != "0" {
		var ok bool
		if old, ok = s.ownCanned(w, r, text); !ok {
			return
		}
	}
	t := canned{ID: old.ID, Version: number(f.Line("version")), Field: f.Line("field"), Agency: f.Line("agency"), Title: f.Line("title"), Body: f.Get("body"),
		Actor: web.OfficerFrom(r.Context()).Actor(), Updated: s.opt.Now()}
	s.checkCanned(r, f, t)
	if f.Failed() {
		s.askCanned(w, r, http.StatusUnprocessableEntity, f, old, false)
		return
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		if t.ID, err = writeCanned(ctx, tx, t); err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, t.Actor, "complaints.canned", "canned:"+strconv.FormatInt(t.ID, 10), t.Field)
	})
	switch {
	case bot.IsCode(err, bot.Conflict):
		now, rerr := readCanned(r.Context(), s.opt.Read, old.ID)
		if rerr != nil {
			s.kit.Fail(w, r, rerr)
			return
		}
		s.askCanned(w, r, http.StatusConflict, f, now, true)
	case err != nil:
		s.kit.Fail(w, r, err)
	default:
		s.kit.Done(w, r, cannedPath, web.Flash{Key: "complaints.desk_done_canned", Args: []any{"title", t.Title}})
	}
}

func (s *service) checkCanned(r *http.Request, f *web.Form, t canned) {
	switch {
	case t.Title == "":
		f.Fail("title", "complaints.desk_wrong_title")
	case utf8.RuneCountInString(t.Title) > maxTitle:
		f.Fail("title", "complaints.desk_too_long", "max", maxTitle)
	}
	switch {
	case t.Body == "":
		f.Fail("body", "complaints.desk_wrong_text")
	case utf8.RuneCountInString(t.Body) > maxCanned:
		f.Fail("body", "complaints.desk_too_long", "max", maxCanned)
	}
	if _, ok := s.opt.Directory().Field(t.Field); t.Field != "" && !ok {
		f.Fail("field", "complaints.desk_wrong_field")
	}
	if !s.keepsCanned(r, t) {
		f.Fail("agency", "complaints.desk_wrong_agency")
	}
}

// postCannedRemove removes a canned answer, or brings it back.
func (s *service) postCannedRemove(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, err := strconv.ParseInt(f.Line("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return
	}
	t, err := anyCanned(r.Context(), s.opt.Read, id)
	if err == nil && !s.keepsCanned(r, t) {
		err = &bot.Error{Code: bot.NotFound}
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	back := f.On("undo")
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		if err := removeCanned(ctx, tx, id, back, s.opt.Now()); err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, web.OfficerFrom(r.Context()).Actor(), "complaints.canned_remove", "canned:"+strconv.FormatInt(id, 10), strconv.FormatBool(!back))
	})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	fl := web.Flash{Key: "complaints.desk_done_canned", Args: []any{"title", t.Title}}
	if !back {
		fl = web.Flash{Key: "complaints.desk_done_canned_remove", Args: []any{"title", t.Title},
			Undo: &web.Undo{Path: cannedPath + "/remove", Fields: map[string]string{"id": strconv.FormatInt(id, 10), "undo": "1"}}}
	}
	s.kit.Done(w, r, cannedPath, fl)
}
