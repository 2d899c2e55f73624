package desk

import (
	"net/http"
	"slices"
	"time"

	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
)

// The liaison hands suspected denunciations over on paper or through the closed
// channel of the reception body; this program only keeps them shut until then.

type sealedData struct {
	Style  string
	Rows   []sealedRow
	Sealed int
	Purged int
}

// sealedRow is a sealed case in the liaison's list: no word of what was written.
type sealedRow struct {
	Code, Path string
	Filed      time.Time
	Since      time.Time
	Handed     bool
}

// liaison reports whether the officer is the named one; for anybody else there is no such page.
func (s *service) liaison(w http.ResponseWriter, r *http.Request) bool {
	if !cases.Liaison(web.OfficerFrom(r.Context())) {
		s.kit.NotFound(w, r)
		return false
	}
	return true
}

// showSealed lists what waits for the liaison.
func (s *service) showSealed(w http.ResponseWriter, r *http.Request) {
	if !s.liaison(w, r) {
		return
	}
	list, err := s.opt.Desk.SealedCases(r.Context(), actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := sealedData{Style: stylePath}
	if d.Sealed, d.Purged, err = s.opt.Desk.Hidden(r.Context()); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for _, c := range list {
		d.Rows = append(d.Rows, sealedRow{Code: c.Code, Path: sealedPath + "/" + c.Code, Filed: c.Filed, Since: c.Updated, Handed: c.Handed})
	}
	s.render(w, r, http.StatusOK, "sealed", d)
}

type sealedCaseData struct {
	Style    string
	Code     string
	Filed    time.Time
	Text     string
	Place    placeView
	Named    string
	Files    []fileView
	Added    []additionView
	Contact  cases.Contact
	Entries  []entryView
	Form     *web.Form
	Problem  string
	Path     string
	Back     string
	Version  int64
	Handed   bool
	MayHand  bool
	MayOpen  bool
	MayPurge bool
	Print    bool
}

// sealedCase finds a sealed case for the liaison; it answers when there is none.
func (s *service) sealedCase(w http.ResponseWriter, r *http.Request) (cases.Case, bool) {
	if !s.liaison(w, r) {
		return cases.Case{}, false
	}
	code, err := cases.ParseCode(r.PathValue("code"))
	if err != nil {
		s.kit.NotFound(w, r)
		return cases.Case{}, false
	}
	c, err := s.opt.Desk.ByCode(r.Context(), code, actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return c, false
	}
	if c.State != cases.Sealed {
		s.kit.NotFound(w, r)
		return c, false
	}
	return c, true
}

func (s *service) showSealedCase(w http.ResponseWriter, r *http.Request) {
	if c, ok := s.sealedCase(w, r); ok {
		s.askSealed(w, r, http.StatusOK, c, s.kit.NewForm(nil), "")
	}
}

func (s *service) askSealed(w http.ResponseWriter, r *http.Request, status int, c cases.Case, f *web.Form, problem string) {
	a, may := actor(r), s.opt.Desk.May(c, actor(r))
	d := sealedCaseData{Style: stylePath, Code: c.Code, Filed: c.Filed, Form: f, Problem: problem, Path: sealedPath + "/" + c.Code, Back: sealedPath, Version: c.Version,
		Handed: c.Handed, MayHand: slices.Contains(may, cases.HandOver), MayOpen: slices.Contains(may, cases.Unseal), MayPurge: slices.Contains(may, cases.Purge)}
	body, err := s.opt.Desk.Body(r.Context(), c.ID, a)
	if err == nil {
		d.Contact, err = s.opt.Desk.Identity(r.Context(), c.ID, a)
	}
	var entries []cases.Entry
	if err == nil {
		entries, err = s.opt.Desk.Timeline(r.Context(), c.ID, a)
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	same := func(t string) string { return t }
	d.Text, d.Place, d.Files = body.What, s.place(body.Place, same), s.filesFor(r, body.Media, media.ForLiaison)
	if body.Named != "" {
		d.Named = s.agencyName(body.Named)
	}
	for _, add := range body.Added {
		d.Added = append(d.Added, additionView{At: add.At, Text: add.Text, Files: s.filesFor(r, add.Media, media.ForLiaison)})
	}
	for _, e := range entries {
		d.Entries = append(d.Entries, s.entry(r, e, same))
	}
	s.render(w, r, status, "sealed_case", d)
}

// postSealedCase hands over, opens again or purges.
func (s *service) postSealedCase(w http.ResponseWriter, r *http.Request) {
	c, ok := s.sealedCase(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	cmd := cases.Command{Version: number(f.Line("version"))}
	var key string
	switch f.Line("step") {
	case "hand_over":
		cmd.Action, cmd.Text, key = cases.HandOver, f.Get("to"), "complaints.desk_done_hand_over"
		if cmd.Text == "" {
			f.Fail("to", "complaints.desk_wrong_hand_over")
		}
	case "unseal":
		cmd.Action, cmd.Reason, key = cases.Unseal, f.Line("why"), "complaints.desk_done_unseal"
		if cmd.Reason == "" {
			f.Fail("why", "complaints.desk_wrong_why")
		}
	case "purge":
		cmd.Action, key = cases.Purge, "complaints.desk_done_purge"
		if typed, err := cases.ParseCode(f.Line("typed")); err != nil || typed != c.Code {
			f.Fail("typed", "complaints.desk_wrong_typed", "code", c.Code)
		}
	default:
		s.kit.NotFound(w, r)
		return
	}
	if f.Failed() {
		s.askSealed(w, r, http.StatusUnprocessableEntity, c, f, "")
		return
	}
	if _, err := s.do(r.Context(), c.ID, actor(r), cmd); err != nil {
		problem, status := s.explain(r, err)
		if problem == "" {
			s.kit.Fail(w, r, err)
			return
		}
		s.askSealed(w, r, status, c, f, problem)
		return
	}
	s.kit.Done(w, r, sealedPath, web.Flash{Key: key, Args: []any{"code", c.Code}})
}
