package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// pageSize is how many entries or drafts a page of a list has.
const pageSize = 50

// roster is the published entries for the list, read anew when another revision counts.
type roster struct {
	mu       sync.Mutex
	revision int64
	rows     []rosterRow
	fields   []string
}

type rosterRow struct {
	entry  *knowledge.Entry // its head
	folded string           // what it is found by
	name   string           // its name, folded
}

// rank says how near an entry is to what was typed: named so, named with all of the words, found another way.
func (row rosterRow) rank(words []string) int {
	if len(words) == 0 {
		return 0
	}
	if strings.Contains(row.name, " "+strings.Join(words, " ")) {
		return 0
	}
	for _, w := range words {
		if !strings.Contains(row.name, " "+w) {
			return 2
		}
	}
	return 1
}

// load returns the rows in order of name, and the names of the fields.
func (s *service) load(ctx context.Context) ([]rosterRow, []string, error) {
	ro := &s.roster
	ro.mu.Lock()
	defer ro.mu.Unlock()
	n, err := entries.Published(ctx, s.opt.Read)
	if err != nil || n == ro.revision && ro.rows != nil {
		return ro.rows, ro.fields, err
	}
	heads, err := entries.Heads(ctx, s.opt.Read)
	if err != nil {
		return nil, nil, err
	}
	rows, fields := make([]rosterRow, 0, len(heads)), []string{}
	for _, e := range heads {
		rows = append(rows, rosterRow{e, s.key(strings.Join(append([]string{e.Code, e.Name, e.Field, e.Agency}, e.Aliases...), " ")), s.key(e.Name)})
		if e.Field != "" {
			fields = append(fields, e.Field)
		}
	}
	slices.SortStableFunc(rows, func(a, b rosterRow) int {
		return strings.Compare(a.entry.Name, b.entry.Name)
	})
	slices.Sort(fields)
	ro.revision, ro.rows, ro.fields = n, rows, slices.Compact(fields)
	return ro.rows, ro.fields, nil
}

// key makes texts comparable.
func (s *service) key(text string) string {
	return " " + strings.Join(strings.Fields(s.opt.Fold(text)), " ")
}

// Fields of the filter, as they stand in the address.
const (
	qWords   = "q"
	qField   = "field"
	qStatus  = "status"
	qWritten = "written"
	qFresh   = "fresh"
	qAfter   = "after"
	qState   = "state"
	qBy      = "by"
)

// matches reports whether an entry passes the filter of the form.
func (s *service) matches(row rosterRow, f *web.Form, words []string) bool {
	e := row.entry
	for _, w := range words {
		if !strings.Contains(row.folded, " "+w) {
			return false
		}
	}
	if field := f.Line(qField); field != "" && e.Field != field {
		return false
	}
	status := e.Status
	if status == "" {
		status = knowledge.Published
	}
	if want := f.Line(qStatus); want != "" && string(status) != want {
		return false
	}
	written := e.Summary != "" || len(e.Aliases) > 0
	switch f.Line(qWritten) {
	case "yes":
		if !written {
			return false
		}
	case "no":
		if written {
			return false
		}
	}
	switch f.Line(qFresh) {
	case "old":
		return s.stale(e)
	case "unverified":
		return e.VerifiedAt == ""
	}
	return true
}

// stale reports whether nobody looked at the facts for too long.
func (s *service) stale(e *knowledge.Entry) bool {
	t, err := time.Parse(time.DateOnly, max(e.Updated, e.VerifiedAt))
	return err != nil || s.opt.Now().Sub(t) > s.opt.StaleAfter
}

// listLine is an entry in the list.
type listLine struct {
	Path, Code, Name, Field, StatusKey string
	Updated                            string
	Written, Stale, Gone, Draft        bool
}

type listData struct {
	Style   string
	Form    *web.Form
	Fields  []string
	Status  []web.Option
	Written []web.Option
	Fresh   []web.Option
	Lines   []listLine
	Count   int
	All     int
	Asked   bool
	Pager   web.Pager
	Clear   string
	New     string // path; "" for who writes nothing
	Tabs    []tabView
}

// tabView is a tab of the pages.
type tabView struct {
	Key, Path string
	Here      bool
}

// tabs lead between the lists.
func tabs(here string) []tabView {
	return []tabView{
		{"procedures.desk_tab_entries", listPath, here == listPath},
		{"procedures.desk_tab_drafts", draftsPath, here == draftsPath},
		{"procedures.desk_tab_revisions", revisionsPath, here == revisionsPath},
	}
}

// showList lists the published entries.
func (s *service) showList(w http.ResponseWriter, r *http.Request) {
	rows, fields, err := s.load(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	f := s.kit.NewForm(r.URL.Query())
	d := listData{Style: stylePath, Form: f, Fields: fields, All: len(rows), Clear: listPath, Tabs: tabs(listPath),
		Status:  s.options(r, "procedures.desk_any", "procedures.desk_status_", "published", "amended", "replaced", "abolished"),
		Written: s.options(r, "procedures.desk_any", "procedures.desk_written_", "yes", "no"),
		Fresh:   s.options(r, "procedures.desk_any", "procedures.desk_fresh_", "old", "unverified"),
	}
	for _, name := range []string{qWords, qField, qStatus, qWritten, qFresh} {
		d.Asked = d.Asked || f.Line(name) != ""
	}
	if web.OfficerFrom(r.Context()).HasAny(writers...) {
		d.New = newPath
	}
	words := strings.Fields(s.key(f.Line(qWords)))
	words = words[:min(len(words), 20)]
	from, err := strconv.Atoi(f.Line(qAfter))
	if err != nil || from < 0 {
		from = 0
	}
	open, err := s.underWay(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(row rosterRow) bool { return !s.matches(row, f, words) })
	if len(words) > 0 {
		slices.SortStableFunc(rows, func(a, b rosterRow) int {
			return cmp.Or(cmp.Compare(a.rank(words), b.rank(words)), cmp.Compare(len(a.name), len(b.name)))
		})
	}
	for _, row := range rows {
		d.Count++
		if d.Count <= from || len(d.Lines) == pageSize {
			continue
		}
		e := row.entry
		d.Lines = append(d.Lines, listLine{
			Path: entryPath + e.Code, Code: e.Code, Name: e.Name, Field: e.Field, StatusKey: statusKey(e), Updated: day(max(e.Updated, e.VerifiedAt)),
			Written: e.Summary != "" || len(e.Aliases) > 0, Stale: s.stale(e), Gone: !s.inForce(e), Draft: open[e.Code],
		})
	}
	now, next := "", ""
	if from > 0 {
		now = strconv.Itoa(from)
	}
	if d.Count > from+pageSize {
		next = strconv.Itoa(from + pageSize)
	}
	d.Pager = web.PagerOf(r, qAfter, now, next)
	s.render(w, r, http.StatusOK, "list", d)
}

// underWay are the codes that have a draft, as far as the officer may know.
func (s *service) underWay(r *http.Request) (map[string]bool, error) {
	list, err := s.opt.Desk.List(r.Context(), actor(r), entries.Filter{States: []entries.State{entries.Writing, entries.Reviewed, entries.Scheduled}, Limit: 200})
	out := map[string]bool{}
	for _, x := range list {
		out[x.Entry.Code] = true
	}
	return out, err
}

type draftsData struct {
	Style  string
	Form   *web.Form
	State  []web.Option
	By     []web.Option
	Fields []string
	Clear  string
	Lines  []draftLine
	Pager  web.Pager
	Asked  bool
	New    string
	Tabs   []tabView
}

// showDrafts lists changes: those under way, or those of one state.
func (s *service) showDrafts(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(r.URL.Query())
	filter := entries.Filter{States: []entries.State{entries.Writing, entries.Reviewed, entries.Scheduled}, Limit: pageSize + 1,
		Words: f.Line(qWords), Field: f.Line(qField), By: entries.By(f.Line(qBy))}
	_, fields, err := s.load(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := draftsData{Style: stylePath, Form: f, Tabs: tabs(draftsPath), Fields: fields, Clear: draftsPath,
		By:    s.options(r, "procedures.desk_any", "procedures.desk_from_", string(entries.ByPeople), string(entries.ByPrograms)),
		Asked: filter.Words != "" || filter.Field != "" || filter.By != ""}
	names := []string{}
	for _, st := range entries.States() {
		names = append(names, string(st))
		if f.Line(qState) == string(st) {
			filter.States, d.Asked = []entries.State{st}, true
		}
	}
	d.State = s.options(r, "procedures.desk_state_open", "procedures.desk_state_", names...)
	now := f.Line(qAfter)
	if n, err := strconv.ParseInt(now, 10, 64); err == nil {
		filter.Before = n
	} else {
		now = ""
	}
	list, err := s.opt.Desk.List(r.Context(), actor(r), filter)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	next := ""
	if len(list) > pageSize {
		list = list[:pageSize]
		next = strconv.FormatInt(list[pageSize-1].ID, 10)
	}
	who := s.namer(r)
	for _, x := range list {
		d.Lines = append(d.Lines, who.line(x))
	}
	if web.OfficerFrom(r.Context()).HasAny(writers...) {
		d.New = newPath
	}
	d.Pager = web.PagerOf(r, qAfter, now, next)
	s.render(w, r, http.StatusOK, "drafts", d)
}
