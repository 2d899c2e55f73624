package calendar

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	days "cchcbot/knowledge/calendar"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// listPath is where the calendar's pages begin.
const listPath = "/console/calendar"

// ahead is how many years after this one are listed.
const ahead = 2

// maxBody of a posted form: five lists and a little.
const maxForm = 256 << 10

// views are the prepared pages.
type views struct{ list, year, edit, restore *web.View }

func (s *service) pages() ([]bot.Page, error) {
	for file, view := range map[string]**web.View{"list": &s.views.list, "year": &s.views.year, "edit": &s.views.edit, "restore": &s.views.restore} {
		v, err := s.opt.Console.View(pageFiles, "page/"+file+".html", "page/parts.html")
		if err != nil {
			return nil, err
		}
		*view = v
	}
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	const year = listPath + "/{year}"
	return []bot.Page{
		page("GET "+listPath, s.showList),
		page("GET "+listPath+"/style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/style.css") }),
		page("GET "+year, s.showYear),
		page("GET "+year+"/edit", s.showEdit),
		page("POST "+year+"/edit", s.postEdit),
		page("GET "+year+"/restore", s.showRestore),
		page("POST "+year+"/restore", s.postRestore),
	}, nil
}

func yearPath(year int) string { return listPath + "/" + strconv.Itoa(year) }

// yearOf is the year of a request's path; false: there is no such page.
func yearOf(r *http.Request) (int, bool) {
	text := r.PathValue("year")
	n, err := strconv.Atoi(text)
	return n, err == nil && len(text) == 4 && n >= days.FirstYear && n <= days.LastYear
}

// yearLine is a year in the list.
type yearLine struct {
	Year      int
	StatusKey string
	Bad       bool // has to be entered by now
	Working   int
	Decisions []paperView
	Path      string
}

// paperView is a decision as a page shows it.
type paperView struct {
	Number, Kind string
	On           time.Time // zero when its date is not known
}

func papersOf(list []days.Decision) []paperView {
	var out []paperView
	for _, d := range list {
		v := paperView{Number: d.Number, Kind: d.Kind}
		if t, err := time.ParseInLocation(time.DateOnly, d.Date, days.Zone); err == nil {
			v.On = t
		}
		out = append(out, v)
	}
	return out
}

type listData struct {
	Years []yearLine
	Form  *web.Form
	Due   *dueView
	Style string
}

const stylePath = listPath + "/style.css"

// showList lists the years, and answers when something is due.
func (s *service) showList(w http.ResponseWriter, r *http.Request) {
	c := s.opt.Live.Calendar()
	data := listData{Years: s.years(c), Style: stylePath}
	status := http.StatusOK
	data.Form, data.Due = s.dueForm(r, c)
	if data.Form.Failed() {
		status = http.StatusUnprocessableEntity
	}
	s.opt.Console.Render(w, r, status, s.views.list, data)
}

func (s *service) years(c *days.Calendar) []yearLine {
	now := s.opt.Now().In(days.Zone)
	list := c.Years()
	for y := now.Year(); y <= now.Year()+ahead; y++ {
		list = append(list, y)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	slices.Reverse(list) // what has to be done stands on top
	soon := c.MissingSoon(now)
	var out []yearLine
	for _, n := range list {
		y, _ := c.Year(n)
		out = append(out, yearLine{
			Year: n, StatusKey: "calendar.status_" + string(c.Status(n)), Bad: slices.Contains(soon, n),
			Working: workingDays(c, n), Decisions: papersOf(y.Decisions), Path: yearPath(n),
		})
	}
	return out
}

// Fields of the box "when is it due".
const (
	fieldFrom = "from"
	fieldTime = "at"
	fieldDays = "days"
)

// dueForm reads the box and counts.
func (s *service) dueForm(r *http.Request, c *days.Calendar) (*web.Form, *dueView) {
	q := r.URL.Query()
	f := s.opt.Console.NewForm(url.Values{fieldFrom: {q.Get(fieldFrom)}, fieldTime: {q.Get(fieldTime)}, fieldDays: {q.Get(fieldDays)}})
	if !q.Has(fieldFrom) && !q.Has(fieldDays) {
		f.Set(fieldFrom, s.opt.Now().In(days.Zone).Format(time.DateOnly))
		return f, nil
	}
	date, rest, ok := takeDate(f.Line(fieldFrom), s.opt.Now().In(days.Zone).Year())
	day, err := time.ParseInLocation(time.DateOnly, date, days.Zone)
	if !ok || rest != "" || err != nil || day.Year() < days.FirstYear || day.Year() > days.LastYear {
		f.Fail(fieldFrom, "calendar.problem_from")
	}
	at := 8 * time.Hour // within office hours
	if text := f.Line(fieldTime); text != "" {
		t, err := time.Parse("15:04", text)
		if err != nil {
			f.Fail(fieldTime, "calendar.problem_time")
		}
		at = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	n, err := strconv.Atoi(f.Line(fieldDays))
	if err != nil || n < 1 || n > 1000 {
		f.Fail(fieldDays, "calendar.problem_days")
	}
	if f.Failed() {
		return f, nil
	}
	v, err := due(c, day.Add(at), n)
	if err != nil {
		f.Fail(fieldDays, "calendar.problem_days")
		return f, nil
	}
	return f, &v
}

// revisionView is a line of a year's history.
type revisionView struct {
	Number        int64
	Paper, Reason string
	BringsBack    string // the revision whose content it has; "" when it was entered
	At            time.Time
	Who           string
	Current       bool
	Restore       string // path; "" for the one in force
}

type yearData struct {
	Name         string // the year, as a text: a number would be grouped
	Weekdays     []string
	Status       days.Status
	StatusKey    string
	Working      int
	Months       []monthView
	Marks        []markView
	Decisions    []paperView
	Open         string
	Estimated    bool
	Broken       bool
	History      []revisionView
	ShipsRestore string // path that brings back what ships; "" when that is in force
	Edit, List   string
	Style        string
	Before       string
	After        string
}

// showYear shows a year as twelve months.
func (s *service) showYear(w http.ResponseWriter, r *http.Request) {
	year, ok := yearOf(r)
	if !ok {
		s.opt.Console.NotFound(w, r)
		return
	}
	c := s.opt.Live.Calendar()
	y, _ := c.Year(year)
	d := yearData{
		Name: strconv.Itoa(year), Weekdays: weekdays(), Status: c.Status(year), StatusKey: "calendar.status_" + string(c.Status(year)), Working: workingDays(c, year),
		Months: monthsOf(c, year), Decisions: papersOf(y.Decisions), Open: y.Open, Edit: yearPath(year) + "/edit", List: listPath, Style: stylePath,
	}
	if year > days.FirstYear {
		d.Before = yearPath(year - 1)
	}
	if year < days.LastYear {
		d.After = yearPath(year + 1)
	}
	for _, m := range c.Marks(year) {
		d.Marks = append(d.Marks, viewOf(m))
		d.Estimated = d.Estimated || m.Estimated
	}
	_, broken := s.opt.Live.Revision()
	d.Broken = slices.Contains(broken, year)
	if err := s.history(r, year, &d); err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.opt.Console.Render(w, r, http.StatusOK, s.views.year, d)
}

func (s *service) history(r *http.Request, year int, d *yearData) error {
	list, err := history(r.Context(), s.opt.Read, year)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for i, v := range list {
		who, ok := names[v.Actor]
		if !ok {
			who = s.who(r, v.Actor)
			names[v.Actor] = who
		}
		line := revisionView{Number: v.Revision, Reason: v.Reason, At: v.At, Who: who, Current: i == 0}
		line.Paper = v.Decision.Number
		if v.Decision.Date != "" {
			line.Paper += ", " + shown(v.Decision.Date)
		}
		if v.Restored != enteredAnew {
			line.BringsBack = strconv.FormatInt(v.Restored, 10)
		}
		if i > 0 {
			line.Restore = restorePath(year, v.Revision)
		}
		d.History = append(d.History, line)
	}
	if len(list) > 0 && list[0].Body != nil {
		d.ShipsRestore = restorePath(year, 0)
	}
	return nil
}

func restorePath(year int, revision int64) string {
	return yearPath(year) + "/restore?revision=" + strconv.FormatInt(revision, 10)
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

// baseOf is the revision of a year in force in the tables, 0 for what ships, and its content.
func (s *service) baseOf(r *http.Request, year int) (int64, error) {
	list, err := history(r.Context(), s.opt.Read, year)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Revision, nil
}

type restoreData struct {
	Name     string
	Revision revisionView
	Ships    bool // what ships with the program
	Base     int64
	Preview  previewData
	Form     *web.Form
	Back     string
	Action   string
	Who      string
}

// showRestore asks before an earlier revision comes back.
func (s *service) showRestore(w http.ResponseWriter, r *http.Request) {
	revision, err := strconv.ParseInt(r.URL.Query().Get("revision"), 10, 64)
	year, ok := yearOf(r)
	if !ok || err != nil || revision < 0 {
		s.opt.Console.NotFound(w, r)
		return
	}
	base, err := s.baseOf(r, year)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.askRestore(w, r, http.StatusOK, year, revision, base, s.opt.Console.NewForm(nil))
}

func (s *service) askRestore(w http.ResponseWriter, r *http.Request, status int, year int, revision, base int64, f *web.Form) {
	c, err := s.restoring(r.Context(), year, revision, base, "")
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	p, err := s.prepare(r.Context(), c)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d := restoreData{Name: strconv.Itoa(year), Ships: revision == 0, Base: base, Form: f, Preview: previewOf(p), Back: yearPath(year), Action: yearPath(year) + "/restore"}
	d.Revision.Number = revision
	if revision > 0 {
		v, err := revisionOf(r.Context(), s.opt.Read, year, revision)
		if err != nil {
			s.opt.Console.Fail(w, r, err)
			return
		}
		d.Revision.At, d.Who = v.At, s.who(r, v.Actor)
	}
	s.opt.Console.Render(w, r, status, s.views.restore, d)
}

// postRestore brings an earlier revision back: from the page that asks, or from
// the undo button after a change.
func (s *service) postRestore(w http.ResponseWriter, r *http.Request) {
	year, ok := yearOf(r)
	if !ok {
		s.opt.Console.NotFound(w, r)
		return
	}
	f, err := s.opt.Console.Form(r)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	revision, err1 := strconv.ParseInt(f.Line("revision"), 10, 64)
	base, err2 := strconv.ParseInt(f.Line(fieldBase), 10, 64)
	if errors.Join(err1, err2) != nil || revision < 0 || base < 0 {
		s.opt.Console.NotFound(w, r)
		return
	}
	reason := f.Line(fieldReason)
	if f.On("undo") {
		reason = s.opt.Console.T(r, "calendar.undo_reason")
	}
	switch {
	case reason == "":
		f.Fail(fieldReason, "calendar.problem_no_reason")
	case len([]rune(reason)) > maxShort:
		f.Fail(fieldReason, "calendar.problem_long", "max", maxShort, "line", 0)
	}
	if f.Failed() {
		s.askRestore(w, r, http.StatusUnprocessableEntity, year, revision, base, f)
		return
	}
	c, err := s.restoring(r.Context(), year, revision, base, reason)
	if err == nil {
		err = s.carryOut(w, r, c)
	}
	if err != nil {
		s.opt.Console.Fail(w, r, err)
	}
}

// carryOut saves a change and answers with the year, the confirmation and the undo.
func (s *service) carryOut(w http.ResponseWriter, r *http.Request, c change) error {
	p, err := s.prepare(r.Context(), c)
	if err != nil {
		return err
	}
	rev, err := s.save(r.Context(), p, web.OfficerFrom(r.Context()).Actor())
	if err != nil {
		return err
	}
	s.opt.Console.Done(w, r, yearPath(c.year), web.Flash{
		Key: "calendar.saved", Args: []any{"year", strconv.Itoa(c.year), "days", len(p.changed), "cases", p.affected},
		Undo: &web.Undo{Path: yearPath(c.year) + "/restore", Fields: map[string]string{
			"revision": strconv.FormatInt(c.base, 10), fieldBase: strconv.FormatInt(rev, 10), "undo": "1",
		}},
	})
	return nil
}
