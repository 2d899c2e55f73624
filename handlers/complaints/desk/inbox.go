package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// tab is a group of states in the inbox.
type tab struct {
	name   string
	states []cases.State
}

var tabs = [...]tab{
	{"open", []cases.State{cases.Received, cases.Forwarded, cases.Accepted, cases.Waiting, cases.Drafted}},
	{"forwarded", []cases.State{cases.Forwarded}},
	{"accepted", []cases.State{cases.Accepted}},
	{"waiting", []cases.State{cases.Waiting}},
	{"drafted", []cases.State{cases.Drafted}},
	{"answered", []cases.State{cases.Answered}},
	{"ended", []cases.State{cases.Closed, cases.Refused, cases.Withdrawn}},
}

// tabView is a tab with its count.
type tabView struct {
	Key   string
	Path  string
	Count int
	Here  bool
}

// Fields of the filter, as they stand in the address.
const (
	qTab     = "tab"
	qWords   = "q"
	qField   = "field"
	qPlace   = "place"
	qKind    = "kind"
	qBody    = "body"
	qOfficer = "officer"
	qDue     = "due"
	qSince   = "since"
	qUntil   = "until"
	qJoint   = "joint"
	qAfter   = "after"
)

// nobody stands for no officer in qOfficer.
const nobody = "nobody"

var filterFields = [...]string{qTab, qWords, qField, qPlace, qKind, qBody, qOfficer, qDue, qSince, qUntil, qJoint}

// pageSize is how many cases a page of the inbox has.
const pageSize = 50

// query is a filter as an officer chose it.
type query struct {
	filter cases.Filter
	form   *web.Form
	tab    string
	places []*directory.Place // among which a typed name leaves the choice
	empty  bool               // nothing can match: what was typed names nothing
	asked  bool               // something is filtered
}

// readQuery reads the filter from the address. What is nonsense is told beside its field.
func (s *service) readQuery(r *http.Request, sc scope) query {
	values := r.URL.Query()
	f := s.kit.NewForm(values)
	q := query{form: f, tab: tabs[0].name}
	q.filter = cases.Filter{Limit: pageSize, States: tabs[0].states, After: values.Get(qAfter)}
	for _, t := range tabs {
		if values.Get(qTab) == t.name {
			q.tab, q.filter.States = t.name, t.states
		}
	}
	for _, name := range filterFields[1:] {
		q.asked = q.asked || f.Line(name) != ""
	}
	q.filter.Words = f.Line(qWords)
	if q.filter.Words != "" && values.Get(qTab) == "" {
		q.tab, q.filter.States = "", nil // a search looks everywhere
	}
	if id := f.Line(qField); id != "" {
		q.filter.Fields = []string{id}
	}
	if k := cases.Kind(f.Line(qKind)); k.Valid() {
		q.filter.Kinds = []cases.Kind{k}
	}
	q.filter.Consulted = f.On(qJoint)
	s.readBody(&q, sc)
	s.readPlace(&q)
	s.readWho(&q, web.OfficerFrom(r.Context()))
	s.readTimes(&q)
	q.filter = sc.limit(q.filter)
	viewer := actor(r)
	q.filter.Viewer = &viewer
	return q
}

func (s *service) readBody(q *query, sc scope) {
	text := q.form.Line(qBody)
	if text == "" {
		return
	}
	if _, ok := s.opt.Directory().Agency(text); ok {
		q.filter.Agencies = []string{text}
		return
	}
	if !sc.All {
		return // his list holds his bodies only
	}
	found := s.findBodies(text, nil)
	if len(found) == 0 {
		q.form.Fail(qBody, "complaints.desk_wrong_body")
		q.empty = true
		return
	}
	for _, a := range found {
		q.filter.Agencies = append(q.filter.Agencies, a.ID)
	}
}

// readPlace reads a unit by its old or new name, or its id.
func (s *service) readPlace(q *query) {
	text := q.form.Line(qPlace)
	if text == "" {
		return
	}
	d := s.opt.Directory()
	if p, ok := d.Place(text); ok {
		q.filter.Places = samePlaces(d, p)
		q.form.Set(qPlace, p.Name)
		return
	}
	found := d.FindPlaces(text, directory.MaxChoices)
	if len(found) == 0 {
		q.form.Fail(qPlace, "complaints.desk_wrong_place")
		q.empty = true
		return
	}
	if len(found) > 1 {
		for _, m := range found {
			q.places = append(q.places, m.Place)
		}
	}
	q.filter.Places = samePlaces(d, found[0].Place)
}

func (s *service) readWho(q *query, me bot.Officer) {
	switch text := q.form.Line(qOfficer); text {
	case "":
	case nobody:
		q.filter.Nobody = true
	case "me":
		q.filter.Officer = me.ID
	default:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			q.filter.Officer = n
		}
	}
}

func (s *service) readTimes(q *query) {
	switch q.form.Line(qDue) {
	case "overdue":
		q.filter.Overdue = true
	case "soon":
		if due, err := s.opt.Calendar().Add(s.opt.Now(), 1); err == nil {
			q.filter.DueBefore = due.At.Add(time.Second)
		}
	}
	for _, f := range []struct {
		name string
		to   *time.Time
		days int
	}{{qSince, &q.filter.Since, 0}, {qUntil, &q.filter.Until, 1}} {
		text := q.form.Line(f.name)
		if text == "" {
			continue
		}
		t, ok := readDay(text)
		if !ok {
			q.form.Fail(f.name, "complaints.desk_wrong_day")
			q.empty = true
			continue
		}
		*f.to = t.AddDate(0, 0, f.days)
	}
	if from, to := q.filter.Since, q.filter.Until; !from.IsZero() && !to.IsZero() && !from.Before(to) {
		q.form.Fail(qUntil, "complaints.desk_wrong_period")
		q.empty = true
	}
}

type inboxData struct {
	Style     string
	Script    string
	Me        int64
	Body      string // name of the body or place whose inbox it is, "" for all or several
	None      bool   // the officer has no body
	Form      *web.Form
	Tabs      []tabView
	Tab       string
	Asked     bool
	Places    []link
	Rows      []row
	Pager     web.Pager
	Kinds     []web.Option
	Fields    []web.Option
	Due       []web.Option
	Officers  []web.Option
	Assign    []web.Option
	CanAssign bool
	All       bool // the front desk: may filter by body
	Export    string
	Here      string // the address of this list, to come back to
	Clear     string
	New       string
	Printed   time.Time
}

// link is a choice that leads somewhere.
type link struct{ Label, Path string }

func (s *service) showInbox(w http.ResponseWriter, r *http.Request) {
	me := web.OfficerFrom(r.Context())
	sc := s.scopeOf(me)
	switch {
	case !sc.none():
	case cases.Liaison(me):
		s.kit.Redirect(w, r, sealedPath)
		return
	case me.HasAny(bot.RoleOwner):
		s.kit.Redirect(w, r, figuresPath) // watches, and handles none
		return
	}
	q := s.readQuery(r, sc)
	d := inboxData{Style: stylePath, Script: scriptPath, Me: me.ID, Form: q.form, Tab: q.tab, Asked: q.asked, All: sc.All, None: sc.none(), Clear: listPath, New: newPath,
		Here: r.URL.RequestURI(), Printed: s.opt.Now()}
	d.Body = s.title(sc)
	status := http.StatusOK
	if q.form.Failed() {
		status = http.StatusUnprocessableEntity
	}
	if err := s.fillInbox(r, sc, q, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "inbox", d)
}

// fillInbox reads what the page shows.
func (s *service) fillInbox(r *http.Request, sc scope, q query, d *inboxData) error {
	ctx := r.Context()
	var page cases.Page
	var err error
	if !sc.none() && !q.empty {
		if page, err = s.opt.Desk.List(ctx, q.filter); err != nil {
			return err
		}
		d.Rows = s.rows(r, page.Cases)
		d.Pager = web.PagerOf(r, qAfter, q.filter.After, page.Next)
	}
	for _, row := range d.Rows {
		d.CanAssign = d.CanAssign || row.CanAssign
	}
	if !sc.none() {
		counts, err := s.opt.Desk.Tally(ctx, sc.Scopes)
		if err != nil {
			return err
		}
		d.Tabs = tabViews(r.URL.Query(), q.tab, counts)
	}
	for _, p := range q.places {
		d.Places = append(d.Places, link{s.opt.Directory().Title(p, q.places), with(r, qPlace, p.ID)})
	}
	d.Export = with(r, qAfter, "")
	d.Export = exportPath + strings.TrimPrefix(d.Export, listPath)
	d.Kinds, d.Fields = s.kindOptions(r, "complaints.desk_any"), s.fieldOptions(r, "complaints.desk_any")
	d.Due = s.options(r, "complaints.desk_any", "complaints.desk_due_", "overdue", "soon")
	if d.Assign, err = s.officerOptions(r, "complaints.desk_choose", s.takers(r, page.Cases)); err != nil {
		return err
	}
	who, err := s.officerOptions(r, "complaints.desk_nobody", func(o bot.Officer) bool { return sc.All || serves(o, sc.Bodies) })
	if err != nil {
		return err
	}
	who[0].Value = nobody
	d.Officers = append([]web.Option{{Label: s.kit.T(r, "complaints.desk_any")}}, who...)
	return nil
}

// tabViews are the tabs with their counts and addresses; a tab keeps the other filters.
func tabViews(values url.Values, here string, counts map[cases.State]int) []tabView {
	var out []tabView
	for _, t := range tabs {
		v := tabView{Key: "complaints.desk_tab_" + t.name, Here: t.name == here}
		for _, st := range t.states {
			v.Count += counts[st]
		}
		keep := url.Values{qTab: {t.name}}
		for _, name := range filterFields[1:] {
			if values.Get(name) != "" {
				keep.Set(name, values.Get(name))
			}
		}
		v.Path = listPath + "?" + keep.Encode()
		out = append(out, v)
	}
	return out
}

// with is the address of the list with one field of the filter changed.
func with(r *http.Request, name, value string) string {
	values := url.Values{}
	for _, n := range filterFields {
		if v := r.URL.Query().Get(n); v != "" {
			values.Set(n, v)
		}
	}
	values.Set(name, value)
	if value == "" {
		values.Del(name)
	}
	if len(values) == 0 {
		return listPath
	}
	return listPath + "?" + values.Encode()
}

// maxAssign is how many cases are given away at once.
const maxAssign = 100

// maxNamed is how many cases of one reason a message names.
const maxNamed = 10

// left are cases that were not given away, by why: text keys in the order in which they came.
type left struct {
	keys  []string
	codes map[string][]string
	count int
}

func (l *left) add(key, code string) {
	if l.codes == nil {
		l.codes = map[string][]string{}
	}
	if _, known := l.codes[key]; !known {
		l.keys = append(l.keys, key)
	}
	l.codes[key] = append(l.codes[key], code)
	l.count++
}

// whyLeft is the text key that says why a case was not given away; "" for an error of ours.
func whyLeft(err error) string {
	var e *bot.Error
	switch {
	case !errors.As(err, &e):
		return ""
	case e.Key == "complaints.invalid_officer":
		return "complaints.desk_left_officer"
	case e.Key == "complaints.denied_assign":
		return "complaints.desk_left_others"
	case e.Code == bot.Conflict:
		return "complaints.desk_left_changed"
	case e.Code == bot.Denied || e.Code == bot.NotFound || e.Code == bot.Invalid:
		return "complaints.desk_left_denied"
	}
	return ""
}

// why says which cases were left, and why.
func (s *service) why(r *http.Request, l left) string {
	var out []string
	for _, key := range l.keys {
		codes := l.codes[key]
		names := strings.Join(codes[:min(len(codes), maxNamed)], ", ")
		if more := len(codes) - maxNamed; more > 0 {
			names += " " + s.kit.T(r, "complaints.desk_left_more", "count", more)
		}
		out = append(out, s.kit.T(r, key, "codes", names))
	}
	return strings.Join(out, " ")
}

// postAssign gives the ticked cases to an officer. Each is its own step: one that
// cannot be given stays as it is, and the officer reads which and why.
func (s *service) postAssign(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	back := localList(f.Get("back"))
	to, err := strconv.ParseInt(f.Line("officer"), 10, 64)
	ticked := f.All("case")
	if err != nil || len(ticked) == 0 || len(ticked) > maxAssign {
		key := "complaints.desk_assign_nothing"
		if err != nil {
			key = "complaints.desk_assign_nobody"
		}
		s.kit.Done(w, r, back, web.Flash{Key: key, Args: []any{"max", maxAssign}, Warning: true})
		return
	}
	done, rest := 0, left{}
	for _, text := range ticked {
		code, version, ok := readTick(text)
		if !ok {
			continue // no list wrote it
		}
		err := s.assignOne(r.Context(), actor(r), code, version, to)
		if err == nil {
			done++
			continue
		}
		key := whyLeft(err)
		if key == "" {
			s.kit.Fail(w, r, err)
			return
		}
		rest.add(key, code)
	}
	fl := web.Flash{Key: "complaints.desk_assigned_many", Args: []any{"count", done}}
	switch {
	case rest.count > 0:
		fl = web.Flash{Key: "complaints.desk_assigned_some", Args: []any{"done", done, "failed", rest.count, "why", s.why(r, rest)}, Warning: true}
	case done == 0:
		fl = web.Flash{Key: "complaints.desk_assign_nothing", Args: []any{"max", maxAssign}, Warning: true}
	}
	s.kit.Done(w, r, back, fl)
}

func (s *service) assignOne(ctx context.Context, a cases.Actor, code string, version, to int64) error {
	c, err := s.opt.Desk.ByCode(ctx, code, a)
	if err != nil {
		return err
	}
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		_, err := s.opt.Desk.Do(ctx, w, c.ID, a, cases.Command{Action: cases.Assign, Version: version, Officer: to})
		return err
	})
}

// readTick reads "K7M3-9QX2:4", a case as the list showed it.
func readTick(text string) (code string, version int64, ok bool) {
	code, v, ok := strings.Cut(text, ":")
	if !ok {
		return "", 0, false
	}
	version, err := strconv.ParseInt(v, 10, 64)
	if err != nil || version < 1 {
		return "", 0, false
	}
	code, err = cases.ParseCode(code)
	return code, version, err == nil
}

// localList is where a form on a list leads back to: never off the lists.
func localList(back string) string {
	p := web.LocalPath(back)
	if p != listPath && !strings.HasPrefix(p, listPath+"?") && !strings.HasPrefix(p, frontPath) {
		return listPath
	}
	return p
}

// dayText is a day of the data, 2006-01-02, as people write it.
func dayText(day string) string {
	t, err := time.ParseInLocation(time.DateOnly, day, calendar.Zone)
	if err != nil {
		return ""
	}
	return t.Format("02/01/2006")
}
