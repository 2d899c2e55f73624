package desk

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/directory"
)

// perPage is how many items the list shows at once.
const perPage = 20

// maxQuery is the longest search, in bytes.
const maxQuery = 300

// tab is a part of the list.
type tab struct {
	name   string
	states []items.State // nil: all
	mine   bool
}

// tabs are the parts, in order; the first is the one that opens.
func tabs() []tab {
	return []tab{
		{name: ""},
		{name: "mine", mine: true},
		{name: "draft", states: []items.State{items.Draft}},
		{name: "checked", states: []items.State{items.Checked}},
		{name: "approved", states: []items.State{items.Approved}},
		{name: "scheduled", states: []items.State{items.Scheduled}},
		{name: "sending", states: []items.State{items.Sending, items.Paused}},
		{name: "done", states: []items.State{items.Done, items.Stopped, items.Corrected}},
		{name: "cancelled", states: []items.State{items.Cancelled}},
	}
}

type tabView struct {
	Key, Path string
	Count     int
	Here      bool
}

type listData struct {
	Style    string
	Tab      string
	Tabs     []tabView
	Form     *web.Form
	Topics   []web.Option
	Sources  []web.Option
	Choices  []web.Option // places that a name may mean
	Rows     []row
	Pager    web.Pager
	Asked    bool
	Clear    string
	New      string
	Settings string
	EmptyKey string
}

func (s *service) showList(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	get := func(name string) string {
		text := v.Get(name)
		return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), maxQuery)], ""))
	}
	all := tabs()
	at := max(slices.IndexFunc(all, func(t tab) bool { return t.name == get("tab") }), 0)
	a := actor(r)
	f := items.Filter{Words: get("q"), Topic: get("topic"), Source: get("source")}
	place := get("place")
	d := listData{
		Style: stylePath, Tab: all[at].name, Form: s.kit.NewForm(url.Values{"q": {f.Words}, "topic": {f.Topic}, "source": {f.Source}, "place": {place}}),
		Topics: s.topicOptions(r, "news.page_any_topic"), Sources: s.sourceOptions(r, "news.desk_any_source"),
		Asked: f.Words != "" || f.Topic != "" || f.Source != "" || place != "", Clear: tabPath(all[at].name, nil), New: newPath, Settings: settingsPath,
		EmptyKey: "news.desk_empty_" + all[at].name,
	}
	if all[at].name == "" {
		d.EmptyKey = "news.desk_empty_all"
	}
	f.Place, d.Choices = s.lookUp(d.Form, place, v)
	own := f
	own.Author = a.Ref()
	counts, err := s.opt.Desk.Counts(r.Context(), a, f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	mine, err := s.opt.Desk.Counts(r.Context(), a, own)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for i, t := range all {
		n := counts
		if t.mine {
			n = mine
		}
		d.Tabs = append(d.Tabs, tabView{Key: "news.desk_tab_" + orAll(t.name), Path: tabPath(t.name, v), Count: sum(n, t.states), Here: i == at})
	}
	if all[at].mine {
		f = own
	}
	f.States, f.Limit = all[at].states, perPage+1
	if n, err := strconv.ParseInt(get("before"), 10, 64); err == nil && n > 0 {
		f.Before = n
	}
	list, err := s.opt.Desk.List(r.Context(), a, f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	next := ""
	if len(list) > perPage {
		list = list[:perPage]
		next = strconv.FormatInt(list[perPage-1].ID, 10)
	}
	name := s.namer(r)
	for _, it := range list {
		d.Rows = append(d.Rows, s.head(r, it, name))
	}
	d.Pager = web.PagerOf(r, "before", v.Get("before"), next)
	s.render(w, r, http.StatusOK, "list", d)
}

func orAll(name string) string {
	if name == "" {
		return "all"
	}
	return name
}

// sum adds the counts of states, of all when none is named.
func sum(counts map[items.State]int, states []items.State) int {
	n := 0
	for state, c := range counts {
		if states == nil || slices.Contains(states, state) {
			n += c
		}
	}
	return n
}

// tabPath leads to a tab with the filters of a query.
func tabPath(name string, q url.Values) string {
	out := url.Values{}
	for _, key := range []string{"q", "topic", "source", "place"} {
		if v := q.Get(key); v != "" && len(v) <= maxQuery {
			out.Set(key, v)
		}
	}
	if name != "" {
		out.Set("tab", name)
	}
	if len(out) == 0 {
		return listPath
	}
	return listPath + "?" + out.Encode()
}

// lookUp finds the commune that a filter names. Where several are meant it offers them.
func (s *service) lookUp(f *web.Form, text string, q url.Values) (id string, choices []web.Option) {
	if text == "" {
		return "", nil
	}
	d := s.opt.Directory()
	if p, ok := d.Place(text); ok && d.Exists(p) {
		f.Set("place", d.Title(p, nil))
		return p.ID, nil
	}
	found, _ := s.read(text)
	switch len(found) {
	case 0:
		f.Fail("place", "news.desk_wrong_place", "name", text)
		return "", nil
	case 1:
		return found[0].ID, nil
	}
	for _, p := range found[:min(len(found), directory.MaxChoices)] {
		to := url.Values{}
		for key, v := range q {
			to[key] = v
		}
		to.Set("place", p.ID)
		choices = append(choices, web.Option{Value: listPath + "?" + to.Encode(), Label: d.Title(p, found)})
	}
	return found[0].ID, choices
}
