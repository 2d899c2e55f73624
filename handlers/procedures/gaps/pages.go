package gaps

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

//go:embed page/*.html
var pageFiles embed.FS

// PageOptions is what the pages work with; all are required.
type PageOptions struct {
	Book    *Book
	Console *web.Console
	// Fields lists the fields that entries name, for giving a gap to somebody else.
	Fields func() []string
}

type service struct {
	book  *Book
	kit   *web.Console
	opt   PageOptions
	views map[string]*web.View
}

// Paths of the pages.
const (
	listPath    = "/console/procedures/gaps"
	refusedPath = listPath + "/refused"
	entryPath   = "/console/procedures/entry/" // of handlers/procedures/desk
	draftPath   = "/console/procedures/draft/"
	stylePath   = "/console/procedures/desk.css"
)

// Who may see what. The pages narrow by the field of a gap.
var (
	writers  = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController}
	watchers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}
	rulers   = []bot.Role{bot.RoleController}
)

const maxForm = 64 << 10

// Part is the console's part of the feature "procedures", with the jobs.
func Part(o PageOptions) (bot.Feature, error) {
	if o.Book == nil || o.Console == nil || o.Fields == nil {
		return bot.Feature{}, errors.New("gaps: the pages need Book, Console and Fields")
	}
	s := &service{book: o.Book, kit: o.Console, opt: o, views: map[string]*web.View{}}
	for _, name := range []string{"list", "gap", "refused"} {
		v, err := o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return bot.Feature{}, err
		}
		s.views[name] = v
	}
	page := func(pattern string, roles []bot.Role, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	return bot.Feature{
		Name: "procedures", Jobs: o.Book.Jobs(),
		Nav: []bot.Nav{{Key: "procedures.gap_nav", Path: listPath, Roles: watchers}},
		Pages: []bot.Page{
			page("GET "+listPath, watchers, s.showList),
			page("GET "+refusedPath, watchers, s.showRefused),
			page("GET "+listPath+"/{id}", watchers, s.showGap),
			page("POST "+listPath+"/{id}/name", writers, s.postName),
			page("POST "+listPath+"/{id}/entry", writers, s.postEntry),
			page("POST "+listPath+"/{id}/leave", rulers, s.postLeave),
			page("POST "+listPath+"/{id}/close", writers, s.postClose),
			page("POST "+listPath+"/{id}/reopen", writers, s.postReopen),
			page("POST "+listPath+"/{id}/assign", writers, s.postAssign),
		},
	}, nil
}

// line is a gap in the list.
type line struct {
	Path, Sample, KindKey, StateKey, Field, Code, Name string
	Asked                                              int
	First, Last                                        time.Time
	Open                                               bool
}

type listData struct {
	Style          string
	Form           *web.Form
	States, Fields []web.Option
	Kinds          []web.Option
	Lines          []line
	Pager          pager
	Asked          bool
	Refused        string
}

// pager is what the kit's template "pager" takes.
type pager struct{ First, Next string }

const pageSize = 50

func (s *service) showList(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(r.URL.Query())
	if f.Line("state") == "" {
		f.Set("state", string(Open))
	}
	after, _ := strconv.Atoi(f.Line("after")) // nonsense is the beginning
	filter := Filter{State: State(f.Line("state")), Kind: Kind(f.Line("kind")), Field: f.Line("field"), After: max(after, 0), Limit: pageSize}
	if filter.State == "all" {
		filter.State = ""
	}
	list, more, err := s.book.List(r.Context(), web.OfficerFrom(r.Context()), filter)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	fields, err := s.book.Fields(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := listData{Style: stylePath, Form: f, Refused: refusedPath, Asked: filter.Kind != "" || filter.Field != "" || filter.State != Open}
	for _, g := range list {
		d.Lines = append(d.Lines, s.line(g))
	}
	for _, x := range States() {
		d.States = append(d.States, web.Option{Value: string(x), Label: s.kit.T(r, "procedures.gap_state_"+string(x))})
	}
	d.States = append(d.States, web.Option{Value: "all", Label: s.kit.T(r, "procedures.gap_any")})
	any := web.Option{Label: s.kit.T(r, "procedures.gap_any")}
	d.Kinds, d.Fields = []web.Option{any}, []web.Option{any}
	for _, k := range []Kind{Unknown, Unhelpful, Wrong} {
		d.Kinds = append(d.Kinds, web.Option{Value: string(k), Label: s.kit.T(r, "procedures.gap_kind_"+string(k))})
	}
	for _, x := range fields {
		d.Fields = append(d.Fields, web.Option{Value: x, Label: x})
	}
	q := r.URL.Query()
	if filter.After > 0 {
		q.Del("after")
		d.Pager.First = listPath + "?" + q.Encode()
	}
	if more {
		q.Set("after", strconv.Itoa(filter.After+pageSize))
		d.Pager.Next = listPath + "?" + q.Encode()
	}
	s.kit.Render(w, r, http.StatusOK, s.views["list"], d)
}

func (s *service) line(g Gap) line {
	l := line{Path: gapPath(g.ID), Sample: g.Sample, KindKey: "procedures.gap_kind_" + string(g.Kind), StateKey: "procedures.gap_state_" + string(g.State),
		Field: g.Field, Code: g.Code, Asked: g.Asked, First: g.First, Last: g.Last, Open: g.State == Open}
	if e := s.book.entry(g.Code); e != nil {
		l.Name = e.Name
	}
	return l
}

func gapPath(id int64) string { return listPath + "/" + strconv.FormatInt(id, 10) }

// candidate is an entry that may answer a gap.
type candidate struct {
	Code, Name, Field string
}

type gapData struct {
	Style      string
	Line       line
	Version    int64
	Path, List string
	Draft      string // path of the change that fills it
	Entry      string // path of the answer that is meant
	Reason     string
	Questions  []string
	Candidates []candidate
	Fields     []web.Option
	Form       *web.Form
	Problem    string
	May        bool
	Rules      bool
	Unknown    bool
	Working    bool
	Effect     *Effect
	For        string // the form that the effect is shown for
}

func (s *service) find(w http.ResponseWriter, r *http.Request) (Gap, []string, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return Gap{}, nil, false
	}
	g, questions, err := s.book.Get(r.Context(), id, web.OfficerFrom(r.Context()))
	if err != nil {
		s.kit.Fail(w, r, err)
		return g, nil, false
	}
	return g, questions, true
}

func (s *service) showGap(w http.ResponseWriter, r *http.Request) {
	g, questions, ok := s.find(w, r)
	if !ok {
		return
	}
	f := s.kit.NewForm(r.URL.Query())
	if f.Line("alias") == "" && g.Kind == Unknown {
		f.Set("alias", shortened(g.Sample))
	}
	if f.Line("code") == "" {
		f.Set("code", g.Code)
	}
	d := s.gapData(r, g, questions, f)
	s.kit.Render(w, r, http.StatusOK, s.views["gap"], d)
}

// shortened is what an everyday name could be made of: a long question is no name.
func shortened(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(len(words), 12)], " ")
}

func (s *service) gapData(r *http.Request, g Gap, questions []string, f *web.Form) gapData {
	o := web.OfficerFrom(r.Context())
	d := gapData{Style: stylePath, Line: s.line(g), Version: g.Version, Path: gapPath(g.ID), List: listPath, Reason: g.Reason, Questions: questions, Form: f,
		May: s.book.May(o, g), Rules: entries.Controls(o), Unknown: g.Kind == Unknown, Working: g.State == Working}
	if g.Draft > 0 {
		d.Draft = draftPath + strconv.FormatInt(g.Draft, 10)
	}
	if g.Kind != Unknown {
		d.Entry = entryPath + g.Code
	}
	seen := map[string]bool{}
	for _, q := range append([]string{g.Sample}, questions[:min(len(questions), 5)]...) {
		for _, h := range s.book.opt.Search(knowledge.Query{Text: q, Limit: 5}).Hits {
			if !seen[h.Entry.Code] && len(d.Candidates) < 8 {
				seen[h.Entry.Code] = true
				d.Candidates = append(d.Candidates, candidate{h.Entry.Code, h.Entry.Name, h.Entry.Field})
			}
		}
	}
	for _, name := range s.opt.Fields() {
		d.Fields = append(d.Fields, web.Option{Value: name, Label: name})
	}
	return d
}

// again shows the page with what was typed and what is wrong with it, or the effect of it.
func (s *service) again(w http.ResponseWriter, r *http.Request, g Gap, questions []string, f *web.Form, form string, effect *Effect, err error) {
	status, problem := http.StatusOK, ""
	var e *bot.Error
	if errors.As(err, &e) && e.Key != "" && e.Code != bot.NotFound {
		problem, status = s.kit.T(r, e.Key, e.Args...), http.StatusUnprocessableEntity
		if e.Code == bot.Conflict {
			status = http.StatusConflict
		}
	} else if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := s.gapData(r, g, questions, f)
	d.Problem, d.Effect, d.For = problem, effect, form
	s.kit.Render(w, r, status, s.views["gap"], d)
}

// posted reads the form of an action and finds its gap.
func (s *service) posted(w http.ResponseWriter, r *http.Request) (g Gap, questions []string, f *web.Form, version int64, ok bool) {
	if g, questions, ok = s.find(w, r); !ok {
		return g, nil, nil, 0, false
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return g, nil, nil, 0, false
	}
	if version, err = strconv.ParseInt(f.Line("version"), 10, 64); err != nil || version < 1 {
		version = -1 // matches no gap
	}
	return g, questions, f, version, true
}

// sampled are the questions of a gap, its first one last.
func sampled(g Gap, questions []string) []string {
	out := slices.DeleteFunc(slices.Clone(questions), func(q string) bool { return q == g.Sample })
	return append(out, g.Sample)
}

// postName gives an entry an everyday name. First it shows what that does.
func (s *service) postName(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	code := f.Line("code")
	base, next, err := s.book.Named(r.Context(), code, f.Line("alias"))
	if err != nil {
		s.again(w, r, g, questions, f, "name", nil, err)
		return
	}
	if !f.On("sure") {
		e, err := s.book.Preview(r.Context(), sampled(g, questions), code, next)
		s.again(w, r, g, questions, f, "name", &e, err)
		return
	}
	s.fill(w, r, g, questions, f, version, "name", base, next)
}

// fill begins the draft that fills a gap and leads to it.
func (s *service) fill(w http.ResponseWriter, r *http.Request, g Gap, questions []string, f *web.Form, version int64, form string, base, next *knowledge.Entry) {
	var x entries.Draft
	err := s.book.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		x, err = s.book.Fill(ctx, work, g.ID, version, entries.Actor{Officer: web.OfficerFrom(r.Context())}, base, next)
		return err
	})
	if err != nil {
		s.again(w, r, g, questions, f, form, nil, err)
		return
	}
	s.kit.Done(w, r, draftPath+strconv.FormatInt(x.ID, 10), web.Flash{Key: "procedures.gap_done_" + form})
}

// postEntry begins a new entry; the rest is written in the editor.
func (s *service) postEntry(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	e := &knowledge.Entry{Code: f.Line("new_code"), Name: f.Line("name"), Field: f.Line("field")}
	if g.Kind == Unknown {
		e.Aliases = []string{shortened(g.Sample)}
	}
	s.fill(w, r, g, questions, f, version, "entry", nil, e)
}

// postLeave decides that the bot does not answer. First it shows what that does.
func (s *service) postLeave(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	if !f.On("sure") {
		e, err := s.book.Preview(r.Context(), []string{g.Sample}, "", nil)
		s.again(w, r, g, questions, f, "leave", &e, err)
		return
	}
	s.act(w, r, g, questions, f, "leave", func(ctx context.Context, work *bot.Work) error {
		return s.book.Leave(ctx, work, g.ID, version, web.OfficerFrom(r.Context()), g.Sample, f.Get("reason"))
	})
}

func (s *service) postClose(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	s.act(w, r, g, questions, f, "close", func(ctx context.Context, work *bot.Work) error {
		return s.book.Close(ctx, work, g.ID, version, web.OfficerFrom(r.Context()), f.Get("why"))
	})
}

func (s *service) postReopen(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	s.act(w, r, g, questions, f, "reopen", func(ctx context.Context, work *bot.Work) error {
		return s.book.Reopen(ctx, work, g.ID, version, web.OfficerFrom(r.Context()))
	})
}

func (s *service) postAssign(w http.ResponseWriter, r *http.Request) {
	g, questions, f, version, ok := s.posted(w, r)
	if !ok {
		return
	}
	s.act(w, r, g, questions, f, "assign", func(ctx context.Context, work *bot.Work) error {
		return s.book.Assign(ctx, work, g.ID, version, web.OfficerFrom(r.Context()), f.Line("to"), s.opt.Fields())
	})
}

// act does one thing and leads back to the list: another gap is next.
func (s *service) act(w http.ResponseWriter, r *http.Request, g Gap, questions []string, f *web.Form, form string, do func(context.Context, *bot.Work) error) {
	if err := s.book.opt.Do(r.Context(), do); err != nil {
		s.again(w, r, g, questions, f, form, nil, err)
		return
	}
	if err := s.book.Refresh(r.Context()); err != nil {
		s.book.opt.Log.Error("decisions cannot be read anew", "err", err) // the job does it again
	}
	to := listPath
	if form == "reopen" {
		to = gapPath(g.ID)
	}
	s.kit.Done(w, r, to, web.Flash{Key: "procedures.gap_done_" + form})
}

func (s *service) showRefused(w http.ResponseWriter, r *http.Request) {
	list, err := s.book.Refusals(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	type row struct {
		Question, Path string
		At             time.Time
	}
	d := struct {
		Style, List string
		Rows        []row
	}{Style: stylePath, List: listPath}
	for _, x := range list {
		d.Rows = append(d.Rows, row{x.Question, gapPath(x.Gap), x.At})
	}
	s.kit.Render(w, r, http.StatusOK, s.views["refused"], d)
}
