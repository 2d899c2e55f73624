package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

type testView struct {
	At     time.Time
	Who    string
	Hash   string
	People int
	Same   bool // of the words as they are now
}

// tests are those of an item that were sent, newest first.
func (s *service) tests(r *http.Request, it items.Item, name func(string) string) ([]testView, error) {
	list, err := s.opt.Desk.Tests(r.Context(), it.ID, actor(r))
	if err != nil {
		return nil, err
	}
	var out []testView
	for _, t := range list {
		out = append(out, testView{At: t.At, Who: name(t.Actor), Hash: shortHash(t.Hash), People: t.People, Same: t.Hash == it.Hash})
	}
	return out, nil
}

type testData struct {
	Style   string
	Row     row
	Form    *web.Form
	Problem string
	Path    string
	Back    string
	People  []choice
	Error   bool
	Without []string // names of those who have no chat with us
	Tests   []testView
	Hash    string
}

// testers are the officers to whom a test can be sent, and the names of those who are not linked with a chat.
func (s *service) testers(ctx context.Context) (with []bot.Officer, without []string, err error) {
	all, err := s.opt.Officers(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range all {
		switch {
		case !o.Active || !items.Contributor(o) || len(with)+len(without) >= maxPeople:
		case o.Person != 0:
			with = append(with, o)
		default:
			without = append(without, o.Name)
		}
	}
	return with, without, nil
}

// maxPeople is how many officers are listed.
const maxPeople = 300

func (s *service) showTest(w http.ResponseWriter, r *http.Request) {
	if it, ok := s.find(w, r); ok && s.testable(w, r, it) {
		s.askTest(w, r, http.StatusOK, it, s.kit.NewForm(nil), "")
	}
}

// testable reports whether a test of an item can be sent; it answers when not.
func (s *service) testable(w http.ResponseWriter, r *http.Request, it items.Item) bool {
	who, err := s.opt.Desk.Who(r.Context(), it, actor(r))
	switch {
	case err != nil:
		s.kit.Fail(w, r, err)
	case who&(items.ByEditor|items.ByApprover) == 0:
		s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "news.denied_action"})
	case it.State.Public() || it.State == items.Cancelled:
		s.notNow(w, r, it)
	default:
		return true
	}
	return false
}

func (s *service) askTest(w http.ResponseWriter, r *http.Request, status int, it items.Item, f *web.Form, problem string) {
	with, without, err := s.testers(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	name := s.namer(r)
	d := testData{Style: stylePath, Row: s.head(r, it, name), Form: f, Problem: problem, Path: itemPath(it.ID) + "/test", Back: itemPath(it.ID), Without: without, Hash: shortHash(it.Hash)}
	chosen := f.All("to")
	for _, o := range with {
		id := strconv.FormatInt(o.ID, 10)
		d.People = append(d.People, choice{id, o.Name, slices.Contains(chosen, id)})
	}
	if d.Tests, err = s.tests(r, it, name); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "test", d)
}

// postTest sends an item, as it is now, to the officers that were named.
func (s *service) postTest(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok || !s.testable(w, r, it) {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	with, _, err := s.testers(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	var people []bot.PersonID
	chosen := f.All("to")
	for _, o := range with {
		if slices.Contains(chosen, strconv.FormatInt(o.ID, 10)) {
			people = append(people, o.Person)
		}
	}
	var reach bot.Reach
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		reach, err = s.opt.Desk.SendTest(ctx, work, it.ID, actor(r), people)
		return err
	})
	if err != nil {
		problem, status := s.explain(r, err)
		if problem == "" {
			s.kit.Fail(w, r, err)
			return
		}
		s.askTest(w, r, status, it, f, problem)
		return
	}
	s.kit.Done(w, r, itemPath(it.ID), web.Flash{Key: "news.desk_done_test", Args: []any{"count", reach.Queued, "gone", reach.Gone}, Warning: reach.Gone > 0})
}
