package desk

import (
	"context"
	"net/http"
	"slices"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// enough is the fewest answers of which a share is shown: fewer say nothing, and
// may say who.
const enough = 10

type figuresData struct {
	Style   string
	Form    *web.Form
	Lines   []figureLine
	Total   figureLine
	Since   time.Time
	Until   time.Time
	Enough  int
	All     bool
	None    bool // the officer has no body
	Lists   bool // he may open the lists behind the numbers
	Sealed  int
	Purged  int
	Opening []openLine
}

// figureLine is a body in the figures; shares are percentages, -1 where there are too few answers.
type figureLine struct {
	cases.Performance
	Name         string
	OnTimeShare  int
	ContentShare int
	Link         string
}

// openLine is how many cases a body has open.
type openLine struct {
	Name, Path                  string
	Open, New, Waiting, Drafted int
}

// share is a whole percentage, -1 when it is of too few.
func share(n, of int) int {
	if of < enough {
		return -1
	}
	return (100*n + of/2) / of
}

// showFigures counts by body: an officer sees his bodies, the owner and the front desk all.
func (s *service) showFigures(w http.ResponseWriter, r *http.Request) {
	me := web.OfficerFrom(r.Context())
	sc := s.scopeOf(me)
	lists := !sc.none()
	sc.All = sc.All || me.May(bot.RoleOwner, bot.Scope{})
	if cases.Liaison(me) && !lists && !sc.All { // the menu leads here
		s.kit.Redirect(w, r, sealedPath)
		return
	}
	none := sc.none() || !sc.All && len(sc.Bodies) == 0 // a place without bodies: the sums are by body
	if sc.All {
		sc.Bodies = nil
	}
	now := s.opt.Now().In(calendar.Zone)
	f := s.kit.NewForm(r.URL.Query())
	d := figuresData{Style: stylePath, Form: f, Enough: enough, All: sc.All, Lists: lists,
		Since: time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, calendar.Zone), Until: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, calendar.Zone)}
	for _, field := range []struct {
		name string
		to   *time.Time
	}{{qSince, &d.Since}, {qUntil, &d.Until}} {
		if text := f.Line(field.name); text != "" {
			t, ok := readDay(text)
			if !ok {
				f.Fail(field.name, "complaints.desk_wrong_day")
				continue
			}
			*field.to = t
		}
		f.Set(field.name, field.to.Format(time.DateOnly))
	}
	if d.Until.Before(d.Since) {
		f.Fail(qUntil, "complaints.desk_wrong_period")
	}
	status := http.StatusOK
	if f.Failed() {
		status = http.StatusUnprocessableEntity
	}
	if none {
		d.None = true
	} else if err := s.fillFigures(r, sc, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "figures", d)
}

func (s *service) fillFigures(r *http.Request, sc scope, d *figuresData) error {
	ctx := r.Context()
	list, err := s.opt.Desk.Performance(ctx, d.Since, d.Until.AddDate(0, 0, 1), sc.Bodies)
	if err != nil {
		return err
	}
	for _, p := range list {
		d.Lines = append(d.Lines, s.figureLine(p))
		t := &d.Total.Performance
		t.Answered, t.OnTime, t.Late = t.Answered+p.Answered, t.OnTime+p.OnTime, t.Late+p.Late
		t.Returned, t.Reopened = t.Returned+p.Returned, t.Reopened+p.Reopened
		t.Rated, t.Content, t.Poor = t.Rated+p.Rated, t.Content+p.Content, t.Poor+p.Poor
	}
	d.Total.OnTimeShare, d.Total.ContentShare = share(d.Total.OnTime, d.Total.Answered), share(d.Total.Content, d.Total.Rated)
	if err := s.fillOpen(r, sc, d); err != nil {
		return err
	}
	if sc.All {
		d.Sealed, d.Purged, err = s.opt.Desk.Hidden(ctx)
	}
	return err
}

// fillOpen counts what is open by body. What no body has yet stands first, for those who see everything.
func (s *service) fillOpen(r *http.Request, sc scope, d *figuresData) error {
	open, err := s.opt.Desk.ByBody(r.Context())
	if err != nil {
		return err
	}
	front := openLine{}
	for id, counts := range open {
		if !sc.All && !slices.Contains(sc.Bodies, id) {
			continue
		}
		l := openLine{New: counts[cases.Forwarded], Waiting: counts[cases.Waiting], Drafted: counts[cases.Drafted]}
		for _, st := range tabs[0].states {
			l.Open += counts[st]
		}
		switch {
		case l.Open == 0:
		case id == "":
			l.Name, l.Path = s.kit.T(r, "complaints.desk_front"), frontPath
			front = l
		default:
			l.Name = s.agencyName(id)
			l.Path, _ = web.URL(listPath, qBody, id) // pairs of texts cannot fail
			d.Opening = append(d.Opening, l)
		}
	}
	slices.SortFunc(d.Opening, func(a, b openLine) int {
		if a.Open != b.Open {
			return b.Open - a.Open
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	d.Opening = d.Opening[:min(len(d.Opening), 300)]
	if front.Open > 0 {
		d.Opening = slices.Insert(d.Opening, 0, front)
	}
	return nil
}

func (s *service) figureLine(p cases.Performance) figureLine {
	l := figureLine{Performance: p, Name: s.agencyName(p.Agency), OnTimeShare: share(p.OnTime, p.Answered), ContentShare: share(p.Content, p.Rated)}
	l.Link, _ = web.URL(listPath, qBody, p.Agency, qTab, "answered") // pairs of texts cannot fail
	return l
}

// dashboard are the numbers of complaints on the first page; each opens its list.
// The scope is a body, a place, or everything.
func (s *service) dashboard(ctx context.Context, _ bot.Period, sc bot.Scope) ([]bot.Figure, error) {
	seat := bot.Officer{Active: true, Grants: []bot.Grant{{Role: bot.RoleController, Scope: sc}}}
	front := sc == bot.Scope{} || s.opt.Desk.FrontDesk(seat)
	if cases.Liaison(seat) {
		sealed, _, err := s.opt.Desk.Hidden(ctx)
		return []bot.Figure{{Key: "complaints.desk_figure_sealed", Value: float64(sealed), Link: sealedPath}}, err
	}
	var scopes []bot.Scope
	if !front {
		scopes = []bot.Scope{sc}
	}
	counts, err := s.opt.Desk.Tally(ctx, scopes)
	if err != nil {
		return nil, err
	}
	sum := func(states []cases.State) float64 {
		n := 0
		for _, st := range states {
			n += counts[st]
		}
		return float64(n)
	}
	overdue, err := s.opt.Desk.Count(ctx, cases.Filter{Scopes: scopes, States: tabs[0].states, Overdue: true})
	if err != nil {
		return nil, err
	}
	out := []bot.Figure{
		{Key: "complaints.desk_figure_open", Value: sum(tabs[0].states), Link: listPath},
		{Key: "complaints.desk_figure_new", Value: sum([]cases.State{cases.Forwarded}), Link: listPath + "?tab=forwarded"},
		{Key: "complaints.desk_figure_drafted", Value: sum([]cases.State{cases.Drafted}), Link: listPath + "?tab=drafted"},
		{Key: "complaints.desk_figure_overdue", Value: float64(overdue), Link: listPath + "?due=overdue"},
	}
	if front {
		alarms := 0
		for _, reason := range frontReasons {
			if !reason.alarm {
				continue
			}
			n, err := s.opt.Desk.Count(ctx, cases.Filter{AtDesk: true, Desk: reason.name})
			if err != nil {
				return nil, err
			}
			alarms += n
		}
		out = append(out, bot.Figure{Key: "complaints.desk_figure_front", Value: float64(alarms), Link: frontPath})
	}
	return out, nil
}
