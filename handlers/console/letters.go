package console

import (
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

// Kinds of letters, and how many a page shows.
const (
	kindFailed   = "failed"
	kindDead     = "dead"
	kindHeld     = "held"
	lettersShown = 50
	maxReason    = 200 // letters of a reason
)

type lettersData struct {
	Kind   string
	Tabs   []letterTab
	Rows   []letter
	Form   *web.Form
	Action string
	Pager  web.Pager
}

type letterTab struct {
	Key, Path string
	Count     int
	Here      bool
}

// letter is an update or a message that did not get through; never its text.
type letter struct {
	ID       int64
	Channel  string
	Lane     string
	About    string
	At       time.Time
	Attempts int
	Reason   string // text key, or a code
	Known    bool   // Reason is a text key
}

func kindOf(text string) string {
	switch text {
	case kindDead, kindHeld:
		return text
	}
	return kindFailed
}

func (s *service) lettersPage(w http.ResponseWriter, r *http.Request) {
	s.showLetters(w, r, http.StatusOK, kindOf(r.URL.Query().Get("kind")), s.kit.NewForm(nil))
}

func (s *service) showLetters(w http.ResponseWriter, r *http.Request, status int, kind string, f *web.Form) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // nonsense begins at the beginning
	rows, err := s.letters(r, kind, max(after, 0))
	var counts Counts
	if err == nil {
		counts, err = s.opt.Counts(r.Context())
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := lettersData{Kind: kind, Form: f, Action: lettersPath + "?kind=" + kind}
	for _, t := range []letterTab{
		{Key: "console.letters_failed", Path: kindFailed, Count: counts.Failed},
		{Key: "console.letters_dead", Path: kindDead, Count: counts.Dead},
		{Key: "console.letters_held", Path: kindHeld, Count: counts.Held},
	} {
		t.Here, t.Path = t.Path == kind, lettersPath+"?kind="+t.Path
		d.Tabs = append(d.Tabs, t)
	}
	now, next := "", ""
	if after > 0 {
		now = strconv.FormatInt(after, 10)
	}
	if len(rows) > lettersShown {
		rows = rows[:lettersShown]
		next = strconv.FormatInt(rows[lettersShown-1].ID, 10)
	}
	d.Rows, d.Pager = rows, web.PagerOf(r, "after", now, next)
	s.render(w, r, status, "letters", d)
}

func (s *service) letters(r *http.Request, kind string, after int64) ([]letter, error) {
	var out []letter
	if kind == kindFailed {
		rows, err := s.opt.Letters.ListInbox(r.Context(), true, after, lettersShown+1)
		for _, x := range rows {
			out = append(out, letter{ID: x.Turn, Channel: x.Channel, At: x.Accepted, Attempts: x.Attempts, Reason: x.Reason})
		}
		return out, err
	}
	state := bot.OutboxDead
	if kind == kindHeld {
		state = bot.OutboxHeld
	}
	rows, err := s.opt.Letters.ListOutbox(r.Context(), bot.OutboxFilter{State: state, After: after, Limit: lettersShown + 1})
	for _, x := range rows {
		out = append(out, letter{ID: x.Row, Channel: x.Channel, Lane: string(x.Lane), About: x.Thing, At: x.Queued, Attempts: x.Attempts, Reason: x.Reason, Known: x.Reason != ""})
	}
	return out, err
}

// operate tries again or gives up what was ticked.
func (s *service) operate(w http.ResponseWriter, r *http.Request) {
	kind := kindOf(r.URL.Query().Get("kind"))
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	do, reason, ids := f.Get("do"), f.Line("reason"), f.All("id")
	switch {
	case do != "retry" && do != "drop":
		s.kit.Fail(w, r, &bot.Error{Code: bot.Invalid, Detail: "no such action"})
		return
	case len(ids) == 0:
		f.Fail("reason", "console.letters_none_ticked")
	case do == "drop" && reason == "":
		f.Fail("reason", "console.reason_needed")
	case utf8.RuneCountInString(reason) > maxReason:
		f.Fail("reason", "console.reason_long")
	}
	if f.Failed() {
		s.showLetters(w, r, http.StatusUnprocessableEntity, kind, f)
		return
	}
	done, gone := 0, 0
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err == nil {
			err = s.operateOne(r, kind, do, id, reason)
		}
		switch {
		case err == nil:
			done++
		case bot.IsCode(err, bot.Conflict):
			gone++ // somebody else was first
		default:
			s.kit.Fail(w, r, err)
			return
		}
	}
	if do == "retry" && done > 0 {
		s.opt.Wake()
	}
	key := "console.letters_retried"
	switch {
	case do == "retry" && gone > 0:
		key = "console.letters_retried_some"
	case do == "drop" && gone == 0:
		key = "console.letters_dropped"
	case do == "drop":
		key = "console.letters_dropped_some"
	}
	s.kit.Done(w, r, lettersPath+"?kind="+kind, web.Flash{Key: key, Args: []any{"done", done, "gone", gone}, Warning: gone > 0})
}

func (s *service) operateOne(r *http.Request, kind, do string, id int64, reason string) error {
	actor := web.OfficerFrom(r.Context()).Actor()
	switch {
	case kind == kindFailed && do == "retry":
		return s.opt.Letters.RetryInbox(r.Context(), id, actor, reason)
	case kind == kindFailed:
		return s.opt.Letters.DropInbox(r.Context(), id, actor, reason)
	case do == "retry":
		return s.opt.Letters.RetryRow(r.Context(), id, actor, reason)
	}
	return s.opt.Letters.DropRow(r.Context(), id, actor, reason)
}
