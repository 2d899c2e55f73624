package sources

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// Paths. They do not stand below /console/news, whose numbers are items.
const (
	listPath = "/console/news-sources"
	newPath  = listPath + "/new"
)

const (
	maxForm = 16 << 10
	maxName = 200
	shown   = 10 // entries of a test
)

func pathOf(id int64) string { return listPath + "/" + strconv.FormatInt(id, 10) }

func (s *service) pages() ([]bot.Page, error) {
	s.views = map[string]*web.View{}
	for _, name := range []string{"list", "source"} {
		v, err := s.kit.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return nil, err
		}
		s.views[name] = v
	}
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	const one = listPath + "/{id}"
	return []bot.Page{
		page("GET "+listPath, s.showList),
		page("GET "+newPath, s.showNew),
		page("POST "+newPath, s.postNew),
		page("GET "+one, s.showOne),
		page("POST "+one, s.postOne),
		page("POST "+one+"/test", s.postTest),
		page("POST "+one+"/state", s.postState),
	}, nil
}

// sourceView is a source as pages show it.
type sourceView struct {
	source
	Path      string
	TopicName string
	ErrorKey  string // "": it is read
	Who       string
}

func (s *service) viewOf(r *http.Request, x source) sourceView {
	v := sourceView{source: x, Path: pathOf(x.ID), TopicName: s.opt.Desk.TopicName(s.kit.Lang(r), x.Topic), Who: s.who(r, x.Actor)}
	if x.Error != "" {
		v.ErrorKey = "news.sources_error_" + x.Error
	}
	return v
}

// who is the name of the officer behind an actor, or the actor itself.
func (s *service) who(r *http.Request, actor string) string {
	id, ok := strings.CutPrefix(actor, "staff:")
	n, err := strconv.ParseInt(id, 10, 64)
	if !ok || err != nil || s.opt.Staff == nil {
		return actor
	}
	o, err := s.opt.Staff.Officer(r.Context(), n)
	if err != nil {
		return actor
	}
	return o.Name
}

type listData struct {
	Sources []sourceView
	New     string
}

func (s *service) showList(w http.ResponseWriter, r *http.Request) {
	list, err := listed(r.Context(), s.opt.Read)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := listData{New: newPath}
	for _, x := range list {
		d.Sources = append(d.Sources, s.viewOf(r, x))
	}
	s.kit.Render(w, r, http.StatusOK, s.views["list"], d)
}

// Fields of the form.
const (
	fieldURL     = "url"
	fieldName    = "name"
	fieldKind    = "kind"
	fieldTopic   = "topic"
	fieldMinutes = "minutes"
	fieldVersion = "version"
)

// minutes are the choices of how often a source is polled.
func minutes() []int { return []int{15, 30, 60, 180, 720} }

type sourceData struct {
	New                  bool
	Source               sourceView
	Form                 *web.Form
	Kinds, Topics, Often []web.Option
	Action, Back         string
	TestPath, StatePath  string
	Test                 *testView
	Busy                 bool // somebody else tries a source just now
}

func (s *service) data(r *http.Request, x source, f *web.Form) sourceData {
	d := sourceData{New: x.ID == 0, Source: s.viewOf(r, x), Form: f, Back: listPath, Action: newPath}
	if x.ID != 0 {
		d.Action = pathOf(x.ID)
		d.TestPath, d.StatePath = d.Action+"/test", d.Action+"/state"
	}
	for _, k := range items.SourceKinds() {
		d.Kinds = append(d.Kinds, web.Option{Value: k, Label: s.kit.T(r, "news.source_"+k)})
	}
	for _, t := range s.opt.Desk.Topics() {
		d.Topics = append(d.Topics, web.Option{Value: t, Label: s.opt.Desk.TopicName(s.kit.Lang(r), t)})
	}
	for _, m := range minutes() {
		d.Often = append(d.Often, web.Option{Value: strconv.Itoa(m), Label: s.kit.T(r, "news.sources_every", "minutes", m)})
	}
	return d
}

func (s *service) showNew(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(url.Values{fieldKind: {items.SourceNewspaper}, fieldTopic: {items.TopicReform}, fieldMinutes: {"30"}})
	s.kit.Render(w, r, http.StatusOK, s.views["source"], s.data(r, source{}, f))
}

// read takes the form into a source, noting what is wrong.
func (s *service) read(f *web.Form, x *source) {
	x.URL, x.Name, x.Kind, x.Topic = f.Line(fieldURL), f.Line(fieldName), f.Line(fieldKind), f.Line(fieldTopic)
	x.Minutes, _ = strconv.Atoi(f.Line(fieldMinutes)) // 0 is refused below
	if u, err := url.Parse(x.URL); err == nil {
		u.Fragment = ""
		u.Host = strings.ToLower(u.Host)
		x.URL = u.String()
	}
	switch err := s.fetch.Check(x.URL); {
	case len(x.URL) > maxLink:
		f.Fail(fieldURL, "news.sources_wrong_url")
	case err != nil && why(err).code == badPrivate:
		f.Fail(fieldURL, "news.sources_error_private")
	case err != nil:
		f.Fail(fieldURL, "news.sources_wrong_url")
	}
	if n := utf8.RuneCountInString(x.Name); n == 0 || n > maxName {
		f.Fail(fieldName, "news.sources_wrong_name", "most", maxName)
	}
	if !slices.Contains(items.SourceKinds(), x.Kind) {
		f.Fail(fieldKind, "news.sources_wrong_choice")
	}
	if !slices.Contains(s.opt.Desk.Topics(), x.Topic) {
		f.Fail(fieldTopic, "news.sources_wrong_choice")
	}
	if !slices.Contains(minutes(), x.Minutes) {
		f.Fail(fieldMinutes, "news.sources_wrong_choice")
	}
}

func (s *service) postNew(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	x := source{Actor: web.OfficerFrom(r.Context()).Actor(), Created: s.opt.Now()}
	s.read(f, &x)
	if !f.Failed() {
		err := s.save(r.Context(), x.Actor, "news.source_added", &x, func(ctx context.Context, tx bot.Tx) error { return insert(ctx, tx, &x) })
		if err == nil {
			s.kit.Done(w, r, pathOf(x.ID), web.Flash{Key: "news.sources_done_added", Args: []any{"name", x.Name},
				Undo: &web.Undo{Path: pathOf(x.ID) + "/state", Fields: map[string]string{"to": string(removed), fieldVersion: "1"}}})
			return
		}
		if !f.FailWith(fieldURL, err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	s.kit.Render(w, r, http.StatusUnprocessableEntity, s.views["source"], s.data(r, source{}, f))
}

// save runs a change in a unit of work and notes it in the audit trail.
func (s *service) save(ctx context.Context, actor, action string, x *source, f func(ctx context.Context, tx bot.Tx) error) error {
	return s.opt.Do(ctx, func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		if err := f(ctx, tx); err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, actor, action, "news-source:"+strconv.FormatInt(x.ID, 10), string(x.State))
	})
}

// find reads the source that a request names; it answers when there is none.
func (s *service) find(w http.ResponseWriter, r *http.Request) (source, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return source{}, false
	}
	x, err := get(r.Context(), s.opt.Read, id)
	if err != nil {
		s.kit.Fail(w, r, err)
		return source{}, false
	}
	return x, true
}

func fill(x source) url.Values {
	return url.Values{fieldURL: {x.URL}, fieldName: {x.Name}, fieldKind: {x.Kind}, fieldTopic: {x.Topic}, fieldMinutes: {strconv.Itoa(x.Minutes)}}
}

func (s *service) showOne(w http.ResponseWriter, r *http.Request) {
	x, ok := s.find(w, r)
	if !ok {
		return
	}
	if x.State == removed {
		s.kit.NotFound(w, r)
		return
	}
	s.kit.Render(w, r, http.StatusOK, s.views["source"], s.data(r, x, s.kit.NewForm(fill(x))))
}

// versionOf is the version that a form was made for.
func versionOf(f *web.Form) int64 {
	n, _ := strconv.ParseInt(f.Line(fieldVersion), 10, 64) // 0 is nobody's
	return n
}

func (s *service) postOne(w http.ResponseWriter, r *http.Request) {
	old, ok := s.find(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if old.State == removed {
		s.kit.NotFound(w, r)
		return
	}
	x := old
	old.Version = versionOf(f)
	x.Actor, x.Updated = web.OfficerFrom(r.Context()).Actor(), s.opt.Now()
	s.read(f, &x)
	if !f.Failed() {
		err := s.save(r.Context(), x.Actor, "news.source_changed", &x, func(ctx context.Context, tx bot.Tx) error { return change(ctx, tx, old, x) })
		if err == nil {
			s.kit.Done(w, r, pathOf(x.ID), web.Flash{Key: "news.sources_done_saved", Args: []any{"name", x.Name}})
			return
		}
		if !f.FailWith(fieldURL, err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	s.kit.Render(w, r, http.StatusUnprocessableEntity, s.views["source"], s.data(r, x, f))
}

// postState pauses a source, takes it up again, removes it, or brings it back.
func (s *service) postState(w http.ResponseWriter, r *http.Request) {
	old, ok := s.find(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	x := old
	old.Version = versionOf(f)
	x.State, x.Actor, x.Updated = state(f.Line("to")), web.OfficerFrom(r.Context()).Actor(), s.opt.Now()
	if !slices.Contains([]state{on, paused, removed}, x.State) {
		s.kit.Fail(w, r, refusal(bot.Invalid, "news.sources_wrong_choice"))
		return
	}
	if err := s.save(r.Context(), x.Actor, "news.source_state", &x, func(ctx context.Context, tx bot.Tx) error { return change(ctx, tx, old, x) }); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	fl := web.Flash{Key: "news.sources_done_" + string(x.State), Args: []any{"name", x.Name},
		Undo: &web.Undo{Path: pathOf(x.ID) + "/state", Fields: map[string]string{"to": string(old.State), fieldVersion: strconv.FormatInt(old.Version+1, 10)}}}
	to := pathOf(x.ID)
	if x.State == removed {
		to = listPath
	}
	s.kit.Done(w, r, to, fl)
}

// testView is what a source would bring now.
type testView struct {
	ErrorKey string
	Detail   int
	Entries  int
	New      int
	Again    int
	Skipped  int
	Drafts   []testDraft
	At       time.Time
}

type testDraft struct{ Title, Summary, Link string }

// postTest reads a source now and shows what would come of it. It writes nothing.
func (s *service) postTest(w http.ResponseWriter, r *http.Request) {
	x, ok := s.find(w, r)
	if !ok {
		return
	}
	if x.State == removed {
		s.kit.NotFound(w, r)
		return
	}
	d := s.data(r, x, s.kit.NewForm(fill(x)))
	if !s.trying.TryLock() {
		d.Busy = true
		s.kit.Render(w, r, http.StatusConflict, s.views["source"], d)
		return
	}
	defer s.trying.Unlock()
	t := &testView{At: s.opt.Now()}
	d.Test = t
	a, err := s.load(r.Context(), x.URL, "", "")
	if err != nil {
		tr := source{}
		tr.failed(s.opt.Now(), err)
		t.ErrorKey, t.Detail = "news.sources_error_"+tr.Error, tr.Detail
		s.kit.Render(w, r, http.StatusOK, s.views["source"], d)
		return
	}
	got, err := s.sortOut(r.Context(), x, a.entries)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	t.Entries, t.New, t.Again, t.Skipped = len(a.entries), len(got.fresh), len(got.again), len(got.skipped)
	for _, n := range got.fresh[:min(len(got.fresh), shown)] {
		t.Drafts = append(t.Drafts, testDraft{n.content.Title, cut(n.content.Summary, 300), n.content.Link})
	}
	s.kit.Render(w, r, http.StatusOK, s.views["source"], d)
}
