package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// clockView is a clock as pages show it: when, and how far away.
type clockView struct {
	StepKey     string
	Due         time.Time
	Started     time.Time
	Stopped     time.Time
	Paused      time.Time
	Provisional bool
	Late        bool
	Soon        bool // ends today or on the next working day
	Extended    int
	LeftKey     string // text key of how long is left
	Left        int    // working days
}

func (s *service) clock(k cases.Clock) clockView {
	now := s.opt.Now()
	v := clockView{StepKey: "complaints.desk_step_" + string(k.Step), Due: k.Due, Started: k.Started, Stopped: k.Stopped, Paused: k.Paused,
		Provisional: k.Provisional, Extended: k.Extended}
	if !k.Stopped.IsZero() {
		v.Late = k.Stopped.After(k.Due)
		v.LeftKey = "complaints.desk_clock_done"
		if v.Late {
			v.LeftKey = "complaints.desk_clock_done_late"
		}
		return v
	}
	if !k.Paused.IsZero() {
		v.LeftKey = "complaints.desk_clock_paused"
		return v
	}
	left := s.opt.Calendar().Between(now, k.Due)
	switch {
	case now.After(k.Due):
		v.Late, v.Left = true, -left
		v.LeftKey = "complaints.desk_clock_late"
		if v.Left == 0 {
			v.LeftKey = "complaints.desk_clock_late_today"
		}
	case left <= 0 || sameDay(now, k.Due):
		v.Soon, v.LeftKey = true, "complaints.desk_clock_today"
	default:
		v.Soon = left == 1
		v.Left, v.LeftKey = left, "complaints.desk_clock_left"
	}
	return v
}

func sameDay(a, b time.Time) bool {
	return a.In(calendar.Zone).Format(time.DateOnly) == b.In(calendar.Zone).Format(time.DateOnly)
}

// row is a case in a list.
type row struct {
	ID        int64
	Version   int64
	Code      string
	Path      string
	KindKey   string
	Field     string
	Place     string
	PlaceNow  string
	State     cases.State
	StateKey  string
	NextKey   string // what has to be done
	DeskKey   string // why it is at the front desk
	Lead      string
	Officer   string
	Mine      bool
	Clock     *clockView
	Filed     time.Time
	Urgent    bool
	Sensitive bool
	OnBehalf  bool
	Reopened  int
	Returns   int
	Photos    int
	CanAssign bool
}

// rows are cases as a list shows them; names of officers are looked up once.
func (s *service) rows(r *http.Request, list []cases.Case) []row {
	a := actor(r)
	names := s.namer(r.Context())
	out := make([]row, 0, len(list))
	for _, c := range list {
		v := s.row(r, c)
		v.Officer, v.Mine = names(c.Officer), c.Officer != 0 && c.Officer == a.Officer.ID
		for _, may := range s.opt.Desk.May(c, a) {
			v.CanAssign = v.CanAssign || may == cases.Assign
		}
		out = append(out, v)
	}
	return out
}

func (s *service) row(r *http.Request, c cases.Case) row {
	d := s.opt.Directory()
	v := row{
		ID: c.ID, Version: c.Version, Code: c.Code, Path: casePath(c.Code), KindKey: "complaints.desk_kind_" + string(c.Kind),
		Field: s.fieldName(r, c.Field), Place: placeName(d, c.Place.ID), PlaceNow: placeNow(d, c.Place.ID),
		State: c.State, StateKey: stateKey(c.State), NextKey: "complaints.desk_next_" + string(c.State), Filed: c.Filed,
		Urgent: c.Urgent, Sensitive: c.Sensitive, OnBehalf: c.OnBehalf, Reopened: c.Round, Returns: c.Returns, Photos: c.Photos,
	}
	if c.Lead != "" {
		v.Lead = s.agencyName(c.Lead)
	}
	if c.Desk != "" {
		v.DeskKey = "complaints.desk_why_" + c.Desk
	}
	if k, ok := c.Next(); ok && c.State != cases.Closed {
		clock := s.clock(k)
		v.Clock = &clock
	}
	return v
}

func stateKey(st cases.State) string { return "complaints.desk_state_" + string(st) }

// namer finds names of officers, each once.
func (s *service) namer(ctx context.Context) func(id int64) string {
	known := map[int64]string{0: ""}
	return func(id int64) string {
		if name, ok := known[id]; ok {
			return name
		}
		name := "#" + strconv.FormatInt(id, 10)
		if o, err := s.opt.Staff.Officer(ctx, id); err == nil { // an account that cannot be read keeps its number
			name = o.Name
		}
		known[id] = name
		return name
	}
}

// refName is the name behind "staff:12"; other actors by their side.
func (s *service) refName(r *http.Request, ref string) string {
	id, ok := strings.CutPrefix(ref, "staff:")
	n, err := strconv.ParseInt(id, 10, 64)
	switch {
	case ok && err == nil && n > 0:
		return s.namer(r.Context())(n)
	case ref == "citizen":
		return s.kit.T(r, "complaints.desk_by_citizen")
	case ref == "job":
		return s.kit.T(r, "complaints.desk_by_system")
	case strings.HasPrefix(ref, "contact:"):
		return s.kit.T(r, "complaints.desk_by_contact")
	}
	return ref
}

// options turns values into the choices of a select; first is the text key of the empty one, "" for none.
func (s *service) options(r *http.Request, first, prefix string, values ...string) []web.Option {
	var out []web.Option
	if first != "" {
		out = append(out, web.Option{Label: s.kit.T(r, first)})
	}
	for _, v := range values {
		out = append(out, web.Option{Value: v, Label: s.kit.T(r, prefix+v)})
	}
	return out
}

func (s *service) kindOptions(r *http.Request, first string) []web.Option {
	var values []string
	for _, k := range cases.Kinds {
		values = append(values, string(k))
	}
	return s.options(r, first, "complaints.desk_kind_", values...)
}

// fieldOptions are the fields in which a case can be.
func (s *service) fieldOptions(r *http.Request, first string) []web.Option {
	var out []web.Option
	if first != "" {
		out = append(out, web.Option{Label: s.kit.T(r, first)})
	}
	for _, f := range s.opt.Directory().Fields() {
		if !f.NoTicket && !f.Denunciation {
			out = append(out, web.Option{Value: f.ID, Label: s.fieldName(r, f.ID)})
		}
	}
	return out
}

// takers tells to whom the visitor may give at least one of the cases.
func (s *service) takers(r *http.Request, list []cases.Case) func(bot.Officer) bool {
	a := actor(r)
	list = slices.DeleteFunc(slices.Clone(list), func(c cases.Case) bool { return !slices.Contains(s.opt.Desk.May(c, a), cases.Assign) })
	return func(o bot.Officer) bool {
		return slices.ContainsFunc(list, func(c cases.Case) bool { return s.opt.Desk.Gives(c, a.Officer, o) })
	}
}

// officerOptions are the visitor and the other officers who fit.
func (s *service) officerOptions(r *http.Request, first string, fits func(bot.Officer) bool) ([]web.Option, error) {
	me := web.OfficerFrom(r.Context())
	out := []web.Option{{Label: s.kit.T(r, first)}, {Value: strconv.FormatInt(me.ID, 10), Label: s.kit.T(r, "complaints.desk_me", "name", me.Name)}}
	if s.opt.Officers == nil {
		return out, nil
	}
	all, err := s.officers.list(r.Context(), s.opt)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Active && o.ID != me.ID && len(out) < 300 && fits(o) {
			out = append(out, web.Option{Value: strconv.FormatInt(o.ID, 10), Label: o.Name})
		}
	}
	return out, nil
}

// roster keeps the list of accounts for a moment: it stands on every page of
// the inbox, and each of them is sealed. Who is no longer there is refused by package cases.
type roster struct {
	mu    sync.Mutex
	read  time.Time
	known []bot.Officer
}

// rosterFor is how long the list of accounts is not read again.
const rosterFor = 30 * time.Second

func (l *roster) list(ctx context.Context, o Options) ([]bot.Officer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := o.Now().Sub(l.read); l.known != nil && age >= 0 && age < rosterFor {
		return l.known, nil
	}
	all, err := o.Officers(ctx)
	if err != nil {
		return nil, err
	}
	l.known, l.read = all, o.Now()
	return all, nil
}

// serves reports whether an officer acts for one of the bodies.
func serves(o bot.Officer, bodies []string) bool {
	for _, g := range o.Grants {
		if g.Role != bot.RoleOfficer && g.Role != bot.RoleHead {
			continue
		}
		for _, b := range bodies {
			if g.Scope.Agency == b || g.Scope.Agency == "" {
				return true
			}
		}
	}
	return false
}

// reader is the language's date of a field: 2006-01-02 from a date input, or 25/11/2026.
func readDay(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006", "02-01-2006"} {
		if t, err := time.ParseInLocation(layout, text, calendar.Zone); err == nil && t.Year() >= 2000 && t.Year() <= 2100 {
			return t, true
		}
	}
	return time.Time{}, false
}
