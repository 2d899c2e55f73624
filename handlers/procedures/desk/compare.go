package desk

import (
	"net/http"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
)

// sideView is one side of a comparison.
type sideView struct {
	Number    int64
	Published time.Time
	Who       string
	Counts    bool
}

type compareData struct {
	Style       string
	Form        *web.Form
	Code, Name  string
	Choices     []web.Option
	Old, New    sideView
	Differences []difference
	Back        string
	Path        string
}

// showCompare shows two revisions of an entry side by side.
func (s *service) showCompare(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	list, err := entries.History(r.Context(), s.opt.Read, code)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if len(list) == 0 {
		s.kit.NotFound(w, r)
		return
	}
	f := s.kit.NewForm(r.URL.Query())
	old, now := list[min(1, len(list)-1)], list[0]
	d := compareData{Style: stylePath, Form: f, Code: code, Back: entryPath + code, Path: entryPath + code + "/compare"}
	for _, k := range list {
		n := strconv.FormatInt(k.Number, 10)
		label := s.kit.T(r, "procedures.desk_revision", "revision", k.Number, "when", web.When(k.Published))
		d.Choices = append(d.Choices, web.Option{Value: n, Label: label})
		if f.Line("from") == n {
			old = k
		}
		if f.Line("to") == n {
			now = k
		}
	}
	who := s.namer(r)
	side := func(k entries.Kept) sideView {
		return sideView{Number: k.Number, Published: k.Published, Who: who.name(k.Actor), Counts: k.Line}
	}
	d.Old, d.New, d.Differences = side(old), side(now), s.compare(r, old.Entry, now.Entry)
	f.Set("from", strconv.FormatInt(old.Number, 10))
	f.Set("to", strconv.FormatInt(now.Number, 10))
	if now.Entry != nil {
		d.Name = now.Entry.Name
	}
	s.render(w, r, http.StatusOK, "compare", d)
}

type revisionLine struct {
	entries.Revision
	Who   string
	Draft string
	Roll  bool // it can be made to count
}

type revisionsData struct {
	Style   string
	Form    *web.Form
	Lines   []revisionLine
	Pager   web.Pager
	Tabs    []tabView
	Rules   bool
	Problem string
}

// showRevisions lists what was published.
func (s *service) showRevisions(w http.ResponseWriter, r *http.Request) {
	s.askRevisions(w, r, http.StatusOK, s.kit.NewForm(r.URL.Query()), "")
}

func (s *service) askRevisions(w http.ResponseWriter, r *http.Request, status int, f *web.Form, problem string) {
	before, err := strconv.ParseInt(r.URL.Query().Get(qAfter), 10, 64)
	now := ""
	if err == nil && before > 0 {
		now = strconv.FormatInt(before, 10)
	}
	list, err := entries.Revisions(r.Context(), s.opt.Read, before, pageSize+1)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := revisionsData{Style: stylePath, Form: f, Tabs: tabs(revisionsPath), Problem: problem, Rules: entries.Controls(web.OfficerFrom(r.Context()))}
	next := ""
	if len(list) > pageSize {
		list = list[:pageSize]
		next = strconv.FormatInt(list[pageSize-1].Number, 10)
	}
	who := s.namer(r)
	for _, rev := range list {
		if rev.Actor == "cchcbot" {
			rev.Note = "" // an operator's words; who made it says it
		}
		l := revisionLine{Revision: rev, Who: who.name(rev.Actor), Roll: d.Rules && !rev.InForce}
		if id, ok := draftOf(rev.Note); ok {
			l.Draft, l.Note = draftPath+strconv.FormatInt(id, 10), ""
		}
		d.Lines = append(d.Lines, l)
	}
	d.Pager = web.PagerOf(r, qAfter, now, next)
	s.render(w, r, status, "revisions", d)
}

// draftOf reads the number of the draft out of a revision's note.
func draftOf(note string) (int64, bool) {
	const prefix = "draft "
	if len(note) <= len(prefix) || note[:len(prefix)] != prefix {
		return 0, false
	}
	id, err := strconv.ParseInt(note[len(prefix):], 10, 64)
	return id, err == nil
}

// postRollback makes another revision count.
func (s *service) postRollback(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	to, err := strconv.ParseInt(f.Line("to"), 10, 64)
	if err != nil || to < 1 {
		f.Fail("to", "procedures.error_no_revision")
	}
	if !f.On("sure") {
		f.Fail("sure", "procedures.desk_need_sure")
	}
	if f.Get("reason") == "" {
		f.Fail("reason", "procedures.invalid_reason")
	}
	if f.Failed() {
		s.askRevisions(w, r, http.StatusUnprocessableEntity, f, "")
		return
	}
	var from, now int64
	if err := s.roll(r, to, f.Get("reason"), &from, &now); err != nil {
		if bot.IsCode(err, bot.Conflict) || bot.IsCode(err, bot.NotFound) {
			s.askRevisions(w, r, http.StatusConflict, f, s.words(r, err))
			return
		}
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, revisionsPath, web.Flash{Key: "procedures.desk_done_rollback", Args: []any{"from", from, "to", now},
		Undo: &web.Undo{Path: revisionsPath, Fields: map[string]string{
			"to": strconv.FormatInt(from, 10), "sure": "1", "reason": s.kit.T(r, "procedures.desk_undone")}}})
}
