package console

import (
	"net/http"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

// Limits of the start page.
const (
	homeDays   = 7
	homeScopes = 5 // an officer's scopes whose figures are shown
)

type homeData struct {
	Officer  bot.Officer
	Groups   []figureGroup
	Advise   bool // a second factor would be wise
	Period   bool // some figures are of the period
	From, To time.Time
}

// figureGroup is the figures of one scope.
type figureGroup struct {
	Title   string // name of a body or place, "" for all
	Figures []figureLine
}

type figureLine struct {
	Key   string
	Value float64
	Link  string
	Alarm bool
}

// home shows what waits, as numbers that open their lists.
func (s *service) home(w http.ResponseWriter, r *http.Request) {
	signed := web.SignedFrom(r.Context())
	now := s.opt.Now().In(vietnam())
	d := homeData{Officer: signed.Officer, To: now, Advise: !signed.Second && signed.Officer.HasAny(bot.RoleOperator)}
	d.From = time.Date(now.Year(), now.Month(), now.Day()-homeDays+1, 0, 0, 0, 0, now.Location())
	for _, scope := range scopesOf(signed.Officer) {
		g, err := s.figures(r, scope, bot.Period{From: d.From, To: now})
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		if len(g.Figures) > 0 {
			d.Period = true
			d.Groups = append(d.Groups, g)
		}
	}
	if signed.Officer.HasAny(bot.RoleOperator) {
		g, err := s.operatorFigures(r)
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		d.Groups = append(d.Groups, g)
	}
	s.render(w, r, http.StatusOK, "home", d)
}

// vietnam is the zone of days; it has had no summer time since 1975.
func vietnam() *time.Location { return time.FixedZone("ICT", 7*60*60) }

// scopesOf are the scopes an officer works in: one for everything where a grant
// has no bounds. Running the system is no such work beside another role.
func scopesOf(o bot.Officer) []bot.Scope {
	var out []bot.Scope
	seen := map[bot.Scope]bool{}
	for _, g := range o.Grants {
		if g.Role == bot.RoleOperator && len(o.Grants) > 1 {
			continue
		}
		if g.Scope == (bot.Scope{}) {
			return []bot.Scope{{}}
		}
		if !seen[g.Scope] && len(out) < homeScopes {
			seen[g.Scope] = true
			out = append(out, g.Scope)
		}
	}
	return out
}

func (s *service) figures(r *http.Request, scope bot.Scope, p bot.Period) (figureGroup, error) {
	var g figureGroup
	dir := s.opt.Directory()
	if a, ok := dir.Agency(scope.Agency); ok {
		g.Title = a.Name
	}
	if pl, ok := dir.Place(scope.Place); ok {
		if g.Title != "" {
			g.Title += ", "
		}
		g.Title += pl.Name
	}
	for _, f := range s.opt.Features {
		if f.Figures == nil {
			continue
		}
		found, err := f.Figures(r.Context(), p, scope)
		if err != nil {
			return g, err
		}
		for _, x := range found {
			if !s.opens(web.OfficerFrom(r.Context()), x.Link) {
				continue
			}
			g.Figures = append(g.Figures, figureLine{Key: x.Key, Value: x.Value, Link: x.Link})
		}
	}
	return g, nil
}

// operatorFigures are what whoever runs the system looks at first.
func (s *service) operatorFigures(r *http.Request) (figureGroup, error) {
	g := figureGroup{Title: s.kit.T(r, "console.figures_system")}
	c, err := s.opt.Counts(r.Context())
	if err != nil {
		return g, err
	}
	all, err := s.opt.Accounts.Accounts(r.Context())
	if err != nil {
		return g, err
	}
	states := map[string]int{}
	for _, a := range all {
		states[stateOf(a)]++
	}
	g.Figures = []figureLine{
		{"console.figure_failed", float64(c.Failed), lettersPath + "?kind=" + kindFailed, c.Failed > 0},
		{"console.figure_dead", float64(c.Dead), lettersPath + "?kind=" + kindDead, c.Dead > 0},
		{"console.figure_held", float64(c.Held), lettersPath + "?kind=" + kindHeld, false},
		{"console.figure_users", float64(states[stateActive]), usersPath + "?state=" + stateActive, false},
		{"console.figure_invited", float64(states[stateInvited]), usersPath + "?state=" + stateInvited, false},
	}
	return g, nil
}

// reach says which roles each page of the features is for.
type reach struct {
	mux   *http.ServeMux
	roles map[string][]bot.Role // by pattern
}

func reachOf(features []bot.Feature) reach {
	out := reach{mux: http.NewServeMux(), roles: map[string][]bot.Role{}}
	for _, f := range features {
		for _, p := range f.Pages {
			out.mux.Handle(p.Pattern, p.Handler)
			out.roles[p.Pattern] = p.Roles
		}
	}
	return out
}

// opens reports whether a figure's link leads somewhere the officer may go: a
// number that opens a refusal is no figure for him.
func (s *service) opens(o bot.Officer, link string) bool {
	if link == "" {
		return true
	}
	r, err := http.NewRequest(http.MethodGet, link, nil) //nolint:noctx // it is matched with patterns and never sent
	if err != nil {
		return false
	}
	_, pattern := s.reach.mux.Handler(r)
	roles := s.reach.roles[pattern]
	return len(roles) == 0 || o.HasAny(roles...)
}
