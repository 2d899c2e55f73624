package register

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// enough is the fewest answers of which a share is shown: fewer say nothing, and may say who.
const enough = 10

// keepFigures is how long counted figures are shown before they are counted again.
const keepFigures = 10 * time.Minute

// firstYear is the first year for which figures can be asked.
const firstYear = 2021

// figures are those of one year, as they were counted.
type figures struct {
	counted time.Time
	then    []cases.Performance // by the body as it was when it answered
	today   []cases.Performance // by who has its tasks today; Agency "" where several have
}

// figuresOf counts a year, or returns what was counted lately.
func (g *Register) figuresOf(ctx context.Context, year int) (*figures, error) {
	g.mu.Lock()
	defer g.mu.Unlock() // one count at a time, however many ask
	now := g.opt.Now()
	if f := g.figures[year]; f != nil && now.Sub(f.counted) < keepFigures && !now.Before(f.counted) {
		return f, nil
	}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, zone)
	then, err := g.opt.Desk.Performance(ctx, from, from.AddDate(1, 0, 0), nil)
	if err != nil {
		return nil, err
	}
	dir := g.opt.Directory()
	then = slices.DeleteFunc(then, func(p cases.Performance) bool { return p.Agency == "" })
	f := &figures{counted: now, then: then, today: byHeir(dir, then)}
	g.figures[year] = f // one for each year that can be asked
	return f, nil
}

// byHeir adds up the figures of bodies whose tasks one body has today.
func byHeir(dir *directory.Directory, then []cases.Performance) []cases.Performance {
	at := map[string]int{}
	var out []cases.Performance
	for _, p := range then {
		p.Agency = heir(dir, p.Agency)
		i, ok := at[p.Agency]
		if !ok {
			at[p.Agency] = len(out)
			out = append(out, p)
			continue
		}
		s := &out[i]
		s.Answered, s.OnTime, s.Late = s.Answered+p.Answered, s.OnTime+p.OnTime, s.Late+p.Late
		s.Returned, s.Reopened = s.Returned+p.Returned, s.Reopened+p.Reopened
		s.Rated, s.Content, s.Poor = s.Rated+p.Rated, s.Content+p.Content, s.Poor+p.Poor
	}
	slices.SortStableFunc(out, func(a, b cases.Performance) int { return b.Answered - a.Answered })
	return out
}

// heir is the body that has all tasks of a body today: itself while it is in office,
// "" when they went to several.
func heir(dir *directory.Directory, id string) string {
	a, ok := dir.Agency(id)
	if !ok || dir.InOffice(a) {
		return id
	}
	out := ""
	fields := a.Fields
	if len(fields) == 0 {
		for _, f := range dir.Fields() {
			fields = append(fields, f.ID)
		}
	}
	for _, field := range fields {
		to := successor(dir, id, field, "")
		switch {
		case to == "" || to == id:
		case out == "":
			out = to
		case out != to:
			return ""
		}
	}
	return out
}

// successor is who has the task of a body in a field at a place today: the body itself
// while it is in office, "" when that is not known.
func successor(dir *directory.Directory, agency, field, place string) string {
	a, ok := dir.Agency(agency)
	if !ok {
		return ""
	}
	if dir.InOffice(a) {
		return agency
	}
	s := directory.Subject{Field: field, Unanswered: true}
	if p, ok := dir.Place(place); ok {
		s.Place = p
	}
	to, err := dir.Successor(agency, s)
	if err != nil || to.Lead == nil || to.FrontDesk {
		return ""
	}
	return to.Lead.ID
}

// figureView is a line of the figures; a share is in percent, -1 for too few.
type figureView struct {
	cases.Performance
	Name                string
	OnTimeShare, Happy  int
	Several, Here, Sums bool
}

func share(n, of int) int {
	if of < enough {
		return -1
	}
	return (100*n + of/2) / of
}

func views(dir *directory.Directory, list []cases.Performance) []figureView {
	var out []figureView
	for _, p := range list {
		v := figureView{Performance: p, Name: agencyName(dir, p.Agency), Several: p.Agency == "", OnTimeShare: share(p.OnTime, p.Answered), Happy: share(p.Content, p.Rated)}
		if p.Rated < enough {
			v.Content = -1 // of so few even a count may say who
		}
		out = append(out, v)
	}
	return out
}

type figuresData struct {
	Style, List string
	Year        string
	Enough      int
	Form        *web.Form
	Years       []web.Option
	Counted     time.Time
	Then, Today []figureView
	Same        bool // both lists say the same: no body has ended
}

// showFigures shows how bodies answer, for everybody.
func (g *Register) showFigures(w http.ResponseWriter, r *http.Request) {
	this := g.opt.Now().In(zone).Year()
	year, err := strconv.Atoi(r.URL.Query().Get("year"))
	if err != nil || year < firstYear || year > this {
		year = this
	}
	f, err := g.figuresOf(r.Context(), year)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	dir := g.opt.Directory()
	d := figuresData{Style: stylePath, List: listPath, Year: strconv.Itoa(year), Enough: enough, Counted: f.counted, Then: views(dir, f.then), Today: views(dir, f.today),
		Form: g.kit.NewForm(url.Values{"year": {strconv.Itoa(year)}})}
	if g.kit.Lang(r) == "en" {
		d.List += "?lang=en"
	}
	d.Same = slices.EqualFunc(f.then, f.today, func(a, b cases.Performance) bool { return a == b })
	for y := this; y >= firstYear; y-- {
		d.Years = append(d.Years, web.Option{Value: strconv.Itoa(y), Label: strconv.Itoa(y)})
	}
	w.Header().Set("Cache-Control", "public, max-age=600")
	g.kit.RenderPublic(w, r, http.StatusOK, g.views["figures"], d)
}

// dashboard are the register's numbers for the console's start page.
func (g *Register) dashboard(ctx context.Context, _ bot.Period, s bot.Scope) ([]bot.Figure, error) {
	var out []bot.Figure
	for _, st := range []state{stateOpen, stateProposed} {
		n, err := g.tally(ctx, st, s == bot.Scope{}, []bot.Scope{s})
		if err != nil {
			return nil, err
		}
		out = append(out, bot.Figure{Key: "complaints.register_figure_" + string(st), Value: float64(n), Link: workPath + "?state=" + string(st)})
	}
	return out, nil
}
