package calendar

import (
	"net/http"
	"net/url"
	"strconv"

	"cchcbot/bot"
	"cchcbot/bot/web"
	days "cchcbot/knowledge/calendar"
)

// previewData is what a change does, for the page that asks before it is saved.
type previewData struct {
	Days     []differenceView
	Count    int // of days that change
	More     int // of them that are not listed
	Affected int
	Same     bool // nothing at all changes
	Lacking  []markView
}

func previewOf(p *prepared) previewData {
	d := previewData{Days: differences(p), Count: len(p.changed), Affected: p.affected, Same: p.same()}
	d.More = d.Count - len(d.Days)
	if y, ok := p.now.Year(p.year); ok && y.Status == days.Decided {
		for _, m := range p.now.Lacking(y) {
			d.Lacking = append(d.Lacking, viewOf(m))
		}
	}
	return d
}

type editData struct {
	Name     string
	Wrong    bool
	Form     *web.Form
	Options  []web.Option
	Base     int64
	Seen     string       // the version of the calendar that the preview shows
	Preview  *previewData // nil before somebody asked for it
	Conflict bool
	Back     string
	Action   string
	Fill     string // path that fills in the law's days; "" when nothing is estimated
	Style    string
}

// Steps of the form.
const (
	stepPreview = "preview"
	stepSave    = "save"
	fieldSeen   = "seen"
)

// showEdit shows the form of a year as it is, or with ?fill=1 with the days of the law.
func (s *service) showEdit(w http.ResponseWriter, r *http.Request) {
	year, ok := yearOf(r)
	if !ok {
		s.opt.Console.NotFound(w, r)
		return
	}
	base, old, err := s.yearNow(r, year)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	fillIn := r.URL.Query().Get("fill") != ""
	if fillIn {
		old = withLaw(s.opt.Live.base, old)
	}
	t := fill(old)
	f := s.opt.Console.NewForm(url.Values{
		fieldStatus: {t.status}, fieldOff: {t.off}, fieldWeekend: {t.weekend}, fieldMadeUp: {t.madeUp}, fieldSwapped: {t.swapped},
		fieldDecisions: {t.decisions}, fieldOpen: {t.open},
	})
	d := s.editPage(r, year, base, f)
	if !fillIn && len(s.opt.Live.base.Lacking(old)) > 0 {
		d.Fill = d.Action + "?fill=1"
	}
	s.opt.Console.Render(w, r, http.StatusOK, s.views.edit, d)
}

// withLaw adds to a year the days of the law that it lacks.
func withLaw(c *days.Calendar, y days.Year) days.Year {
	out := y.Clone()
	for _, m := range c.Lacking(y) {
		d := days.Day{Date: m.Date.Format("2006-01-02"), Name: m.Name, For: m.Other}
		switch m.Kind {
		case days.Holiday:
			out.Off = append(out.Off, d)
		case days.OnWeekend:
			out.Weekend = append(out.Weekend, d)
		case days.MadeUpDay:
			out.MadeUp = append(out.MadeUp, d)
		case days.SwapOff, days.SwapWork: // the law swaps nothing
		}
	}
	return out
}

func (s *service) editPage(r *http.Request, year int, base int64, f *web.Form) editData {
	return editData{
		Name: strconv.Itoa(year), Form: f, Base: base, Back: yearPath(year), Action: yearPath(year) + "/edit", Style: stylePath,
		Options: []web.Option{
			{Value: "", Label: s.opt.Console.T(r, "calendar.choose_status")},
			{Value: string(days.Decided), Label: s.opt.Console.T(r, "calendar.choose_decided")},
			{Value: string(days.Provisional), Label: s.opt.Console.T(r, "calendar.choose_provisional")},
		},
	}
}

// yearNow is a year as the tables have it, and the revision: not from Live,
// which may be some seconds behind.
func (s *service) yearNow(r *http.Request, year int) (int64, days.Year, error) {
	list, err := history(r.Context(), s.opt.Read, year)
	if err != nil {
		return 0, days.Year{}, err
	}
	y, ok := s.opt.Live.base.Year(year)
	if !ok {
		y = days.Year{Year: year, Status: days.Missing}
	}
	if len(list) == 0 {
		return 0, y, nil
	}
	if list[0].Body != nil {
		y = list[0].Body.Clone()
	}
	return list[0].Revision, y, nil
}

// postEdit shows what a form would change, and saves what was shown.
func (s *service) postEdit(w http.ResponseWriter, r *http.Request) {
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
	base, old, err := s.yearNow(r, year)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d := s.editPage(r, year, base, f)
	// Somebody saved since the form was opened: his version is compared with, and what was typed stays.
	d.Conflict = f.Line(fieldBase) != strconv.FormatInt(base, 10)
	t := typed{
		status: f.Line(fieldStatus), off: f.Get(fieldOff), weekend: f.Get(fieldWeekend), madeUp: f.Get(fieldMadeUp),
		swapped: f.Get(fieldSwapped), decisions: f.Get(fieldDecisions), number: f.Line(fieldNumber), dated: f.Line(fieldDated),
		kind: f.Line(fieldKind), reason: f.Line(fieldReason), open: f.Line(fieldOpen),
	}
	y, paper, wrong := t.read(year, old, s.opt.Now())
	for _, m := range wrong {
		f.Fail(m.field, m.Key, append([]any{"line", m.Line}, m.Args...)...)
	}
	if f.Failed() {
		d.Wrong = true
		s.opt.Console.Render(w, r, http.StatusUnprocessableEntity, s.views.edit, d)
		return
	}
	c := change{year: year, base: base, body: &y, decision: paper, reason: t.reason, restored: enteredAnew}
	p, err := s.prepare(r.Context(), c)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	preview := previewOf(p)
	d.Preview, d.Seen = &preview, p.now.Version()
	if f.Line(fieldStep) != stepSave || d.Conflict || preview.Same || f.Line(fieldSeen) != d.Seen {
		status := http.StatusOK
		if d.Conflict {
			status = http.StatusConflict
		}
		s.opt.Console.Render(w, r, status, s.views.edit, d)
		return
	}
	if err := s.carryOut(w, r, c); bot.IsCode(err, bot.Conflict) {
		d.Conflict = true
		s.opt.Console.Render(w, r, http.StatusConflict, s.views.edit, d)
	} else if err != nil {
		s.opt.Console.Fail(w, r, err)
	}
}
