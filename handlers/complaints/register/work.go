package register

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/directory"
)

// actor is the officer behind a request, as package cases knows actors.
func actor(r *http.Request) cases.Actor {
	return cases.Actor{Kind: cases.Officer, Officer: web.OfficerFrom(r.Context()), Via: "console"}
}

// pathOf is a page of the console for one case.
func pathOf(page, code string) string { return page + "?code=" + url.QueryEscape(code) }

type tabView struct {
	Key, Path string
	Count     int
	Many      bool // there are more than were counted
	Here      bool
}

type workView struct {
	Code, Path, Field, Place, Body string
	Due, Updated                   time.Time
	Late, Newer                    bool
}

type workData struct {
	Style string
	Tabs  []tabView
	State string
	Rows  []workView
	Pager web.Pager
	Open  string
}

// showWork lists what is to be published, proposed, public and not public.
func (g *Register) showWork(w http.ResponseWriter, r *http.Request) {
	all, scopes := g.opt.Desk.Reach(web.OfficerFrom(r.Context()))
	now := state(r.URL.Query().Get("state"))
	if !slices.Contains(states[:], now) {
		now = stateOpen
		if g.opt.Desk.FrontDesk(web.OfficerFrom(r.Context())) {
			now = stateProposed // what waits for those who confirm
		}
	}
	d := workData{Style: stylePath, State: string(now), Open: listPath}
	for _, st := range states {
		n, err := g.tally(r.Context(), st, all, scopes)
		if err != nil {
			g.kit.Fail(w, r, err)
			return
		}
		d.Tabs = append(d.Tabs, tabView{Key: "complaints.register_state_" + string(st), Path: workPath + "?state=" + string(st), Count: n, Many: n == maxCount, Here: st == now})
	}
	after := r.URL.Query().Get("after")
	list, next, err := g.works(r.Context(), now, all, scopes, after)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	d.Pager = web.PagerOf(r, "after", after, next)
	dir := g.opt.Directory()
	for _, k := range list {
		v := workView{Code: k.Code, Path: pathOf(previewPath, k.Code), Place: placeName(dir, k.Place), Body: agencyName(dir, k.Lead), Due: k.Due, Updated: k.Updated,
			Late: !k.Due.IsZero() && g.opt.Now().After(k.Due), Newer: k.State == statePublic && !k.Due.IsZero(), Field: fieldName(dir, k.Field, g.kit.Lang(r))}
		if k.Revision == 0 && k.State == stateOpen {
			v.Path = pathOf(editPath, k.Code)
		}
		d.Rows = append(d.Rows, v)
	}
	g.kit.Render(w, r, http.StatusOK, g.views["work"], d)
}

func fieldName(dir *directory.Directory, id, lang string) string {
	f, ok := dir.Field(id)
	switch {
	case !ok:
		return ""
	case lang == "en" && f.NameEN != "":
		return f.NameEN
	}
	return f.Name
}

// at is what a page of one case works on.
type at struct {
	c     cases.Case
	a     cases.Actor
	k     work
	known bool
	v     version // that counts; zero when there is none
	saved bool
}

// find reads the case that a request names, with the work on it.
func (g *Register) caseOf(r *http.Request, code string) (x at, err error) {
	x.a = actor(r)
	if x.c, err = g.opt.Desk.ByCode(r.Context(), code, x.a); err != nil {
		if !bot.IsCode(err, bot.Denied) {
			err = asMissing(err)
		}
		return x, err
	}
	if x.c.State.Hidden() {
		return x, notFound()
	}
	if x.k, x.known, err = workOf(r.Context(), g.opt.Read, x.c.ID); err != nil || !x.known || x.k.Revision == 0 {
		return x, err
	}
	x.v, x.saved, err = g.version(r.Context(), g.opt.Read, x.c.ID, x.c.Code, x.k.Revision)
	return x, err
}

// asMissing makes what is no code a page that is not there; errors of ours stay.
func asMissing(err error) error {
	if err == cases.ErrNoCode || err == cases.ErrTypo { //nolint:errorlint // sentinels, returned as they are
		return notFound()
	}
	return err
}

// ready says why nothing can be published of a case now.
func ready(c cases.Case) error {
	switch {
	case !publicable(c):
		return refusal(bot.Denied, "complaints.denied_publish")
	case c.State != cases.Answered && c.State != cases.Closed || c.Sent.IsZero():
		return refusal(bot.Invalid, "complaints.register_invalid_unanswered")
	}
	return nil
}

type answerView struct {
	Name, Agency string
	Sent         time.Time
}

type choiceView struct {
	ID, Thumb, Full string
	Checked, Answer bool
}

type countView struct {
	Key   string
	Count int
}

type versionView struct {
	Number             int64
	Saved, Proposed    time.Time
	Confirmed, Ended   time.Time
	Author, Proposer   string
	Confirmer, Ender   string
	Why                string
	Blank, Now, Public bool
}

type editData struct {
	Style, Code, Action, Back string
	Form                      *web.Form
	Base                      int64
	Conflict                  bool
	Field, Place, Told        string
	Answers                   []answerView
	Photos                    []choiceView
	Hidden                    []countView
	Original                  string // only for who may know the sender
	History                   []versionView
}

// showEdit shows the text to mend: the program's proposal, or the version that counts.
func (g *Register) showEdit(w http.ResponseWriter, r *http.Request) {
	x, err := g.caseOf(r, r.URL.Query().Get("code"))
	if err == nil {
		err = ready(x.c)
	}
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	if x.k.State == statePublic {
		g.kit.Redirect(w, r, pathOf(previewPath, x.c.Code))
		return
	}
	text, err := g.text(r.Context(), x)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	values := url.Values{"title": {text.Title}, "question": {text.Question}, "street": {text.Street}, "photo": text.Photos}
	for _, a := range text.Answers {
		values.Set(answerField(a.Round), a.Text)
	}
	g.renderEdit(w, r, http.StatusOK, x, g.kit.NewForm(values), false)
}

// text is the version that counts, or a proposal, with the facts of today.
func (g *Register) text(ctx context.Context, x at) (Content, error) {
	if !x.saved {
		return g.proposal(ctx, x.c, x.a)
	}
	c := x.v.content
	return c, g.frame(ctx, &c, x.c, x.a)
}

func answerField(round int) string { return "answer_" + strconv.Itoa(round) }

func (g *Register) renderEdit(w http.ResponseWriter, r *http.Request, status int, x at, f *web.Form, conflict bool) {
	body, err := g.opt.Desk.Body(r.Context(), x.c.ID, x.a)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	dir := g.opt.Directory()
	d := editData{Style: stylePath, Code: x.c.Code, Action: editPath, Back: workPath, Form: f, Base: x.k.Revision, Conflict: conflict,
		Field: fieldName(dir, x.c.Field, g.kit.Lang(r)), Place: placeName(dir, x.c.Place.ID), Told: mask.Public(strings.TrimSpace(body.Place.Text + " " + body.Place.Landmark))}
	d.Hidden = counts(mask.Find(body.What))
	if _, err := g.opt.Desk.Identity(r.Context(), x.c.ID, x.a); err == nil {
		d.Original = body.What
	} else if !bot.IsCode(err, bot.Denied) {
		g.kit.Fail(w, r, err)
		return
	}
	answers, err := g.opt.Desk.Answers(r.Context(), x.c.ID, x.a)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	for _, a := range answers {
		d.Answers = append(d.Answers, answerView{Name: answerField(a.Round), Agency: agencyName(dir, a.Agency), Sent: a.Sent})
	}
	photos, err := g.photos(r.Context(), body, answers)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	chosen := f.All("photo")
	for _, p := range photos {
		d.Photos = append(d.Photos, choiceView{ID: p.id, Answer: p.answer, Checked: slices.Contains(chosen, p.id), Thumb: ownPhoto(x.c.Code)(p.id, true), Full: ownPhoto(x.c.Code)(p.id, false)})
	}
	if d.History, err = g.history(r, x); err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	g.kit.Render(w, r, status, g.views["edit"], d)
}

func counts(found []mask.Hidden) []countView {
	n := map[mask.What]int{}
	for _, h := range found {
		n[h.What]++
	}
	return countsOf(n)
}

func countsOf(n map[mask.What]int) []countView {
	var out []countView
	for _, what := range mask.Whats {
		if n[what] > 0 {
			out = append(out, countView{Key: "complaints.register_what_" + string(what), Count: n[what]})
		}
	}
	return out
}

// ownPhoto is where an officer sees a picture before everybody does.
func ownPhoto(code string) func(id string, thumb bool) string {
	return func(id string, thumb bool) string {
		path := pathOf(photoPath, code) + "&photo=" + url.QueryEscape(id)
		if thumb {
			path += "&nho=1"
		}
		return path
	}
}

// evidence is a picture that may be published.
type evidence struct {
	id     string
	answer bool // of the answer, not of the citizen
}

// photos lists the pictures of a case that are here and can be shown: those the citizen sent
// with the words that may be public, not later ones, and those of the answers.
func (g *Register) photos(ctx context.Context, body cases.Body, answers []cases.Answer) ([]evidence, error) {
	if g.opt.Media == nil {
		return nil, nil
	}
	var all []evidence
	add := func(ids []string, answer bool) {
		for _, id := range ids {
			if !slices.ContainsFunc(all, func(e evidence) bool { return e.id == id }) {
				all = append(all, evidence{id, answer})
			}
		}
	}
	add(body.Media, false)
	for _, a := range answers {
		add(a.Media, true)
	}
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.id
	}
	items, err := g.opt.Media.Items(ctx, nil, ids...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e evidence) bool {
		return !slices.ContainsFunc(items, func(it media.Item) bool { return it.ID == e.id && it.Kind == bot.Photo && it.State == media.Ready })
	}), nil
}

// who is the name behind a reference of the timeline.
func (g *Register) who(r *http.Request, ref string) string {
	kind, id, _ := strings.Cut(ref, ":")
	switch kind {
	case "staff":
		n, err := strconv.ParseInt(id, 10, 64)
		if err == nil && g.opt.Staff != nil {
			if o, err := g.opt.Staff.Officer(r.Context(), n); err == nil {
				return o.Name
			}
		}
	case "citizen":
		return g.kit.T(r, "complaints.register_who_citizen")
	case "job":
		return g.kit.T(r, "complaints.register_who_job")
	}
	return ref
}

func (g *Register) history(r *http.Request, x at) ([]versionView, error) {
	list, err := g.versions(r.Context(), x.c.ID, x.c.Code)
	var out []versionView
	for _, v := range list {
		out = append(out, versionView{Number: v.Revision, Saved: v.Saved, Proposed: v.Proposed, Confirmed: v.Confirmed, Ended: v.Ended, Author: g.who(r, v.Author),
			Proposer: g.who(r, v.Proposer), Confirmer: g.who(r, v.Confirmer), Ender: g.who(r, v.Ender), Why: v.Why, Blank: v.Blank,
			Now: v.Revision == x.k.Revision, Public: v.Revision == x.k.Revision && x.k.State == statePublic})
	}
	return out, err
}

// showOwnPhoto shows a picture of a case to an officer who may see the case.
func (g *Register) showOwnPhoto(w http.ResponseWriter, r *http.Request) {
	x, err := g.caseOf(r, r.URL.Query().Get("code"))
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	body, err := g.opt.Desk.Body(r.Context(), x.c.ID, x.a)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	answers, err := g.opt.Desk.Answers(r.Context(), x.c.ID, x.a)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	id := r.URL.Query().Get("photo")
	photos, err := g.photos(r.Context(), body, answers)
	if err == nil && !slices.ContainsFunc(photos, func(e evidence) bool { return e.id == id }) {
		err = notFound()
	}
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	g.opt.Media.Serve(w, r, id, r.URL.Query().Get("nho") != "")
}

type previewData struct {
	Style, Code, State, StateKey string
	Article                      template.HTML
	Left                         []countView
	Photos                       bool
	Hash                         string
	Form                         *web.Form
	Edit, Back, Public           string
	Propose, Confirm, Decline    string // paths of what this officer may do, "" what not
	Own                          bool   // this officer proposed it: somebody else has to confirm
	By                           string
	When                         time.Time
	Outdated                     bool // there is a newer answer than this text has
	Allowed                      bool
	History                      []versionView
}
