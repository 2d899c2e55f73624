package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// Filter says which cases to list; the zero value of a field means any. Hidden
// cases are never listed.
type Filter struct {
	Agencies  []string    // lead bodies, at most 50
	Scopes    []bot.Scope // instead of Agencies: cases of a body, at a place, or both, of each at most 50; see Reach
	Consulted bool        // also those in which the bodies are consulted
	AtDesk    bool        // only those at the front desk
	Desk      string      // and for this reason
	States    []State
	Fields    []string
	Places    []string
	Kinds     []Kind
	Officer   int64
	Nobody    bool // given to no officer yet; not together with Officer
	Step      Step // whose next clock measures this step
	Overdue   bool
	DueBefore time.Time
	Words     string // words the citizen wrote, by the blind index, newest first; or a code
	Since     time.Time
	Until     time.Time // filed before
	After     string    // cursor of the page before
	Limit     int       // at most 200; 0 means 50
	Viewer    *Actor    // when set, what this actor may not see is left out
}

// Page is one page of a list: what ends first comes first, then what ended last.
type Page struct {
	Cases []Case
	Next  string // cursor of the next page, "" when this is the last
}

// Limits of lists.
const (
	defaultPage = 50
	maxPage     = 200
	maxAgencies = 50
	maxBranches = 400 // SQLite takes 500 parts of a union
	maxChoices  = 100 // values of one part of a filter
	// MaxCount is where Count stops.
	MaxCount = 1000
)

// Reach says whose cases an officer sees in lists: all, or those of some bodies and
// places. A scope that another one holds is left out.
func (d *Desk) Reach(o bot.Officer) (all bool, scopes []bot.Scope) {
	if !o.Active {
		return false, nil
	}
	if d.FrontDesk(o) {
		return true, nil
	}
	for _, g := range o.Grants {
		if g.Role != bot.RoleOfficer && g.Role != bot.RoleHead {
			continue
		}
		if g.Scope == (bot.Scope{}) {
			return true, nil
		}
		if !slices.Contains(scopes, g.Scope) {
			scopes = append(scopes, g.Scope)
		}
	}
	wide := slices.Clone(scopes)
	return false, slices.DeleteFunc(scopes, func(s bot.Scope) bool {
		return s.Agency != "" && s.Place != "" &&
			(slices.Contains(wide, bot.Scope{Agency: s.Agency}) || slices.Contains(wide, bot.Scope{Place: s.Place}))
	})
}

// scopes are whose cases a filter asks for, none for all.
func (f Filter) scopes() []bot.Scope {
	if len(f.Scopes) > 0 {
		return f.Scopes
	}
	out := make([]bot.Scope, len(f.Agencies))
	for i, a := range f.Agencies {
		out[i].Agency = a
	}
	return out
}

// fits writes what a row of a scope meets: its body, in the column named, and its place; what is empty is
// left out. The plus keeps the walk on the index of the place: a department has many more cases than a commune.
func (q *query) fits(agency string, s bot.Scope) string {
	var parts []string
	if s.Agency != "" && s.Place != "" && agency == "c.lead" {
		agency = "+" + agency
	}
	if s.Agency != "" {
		parts = append(parts, agency+" = "+q.arg(s.Agency))
	}
	if s.Place != "" {
		parts = append(parts, "c.place = "+q.arg(s.Place))
	}
	if s.Agency == "" {
		parts = append(parts, "c.lead <> ''") // what nobody leads yet is the front desk's
	}
	return strings.Join(parts, " and ")
}

// any writes what a row of any of the scopes meets, "" for no scope.
func (q *query) any(agency string, scopes []bot.Scope) string {
	var bodies, parts []string
	for _, s := range scopes {
		if s.Place == "" {
			bodies = append(bodies, q.arg(s.Agency))
		} else {
			parts = append(parts, q.fits(agency, s))
		}
	}
	if len(bodies) > 0 {
		parts = append(parts, agency+" in ("+strings.Join(bodies, ", ")+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// query collects the parts of a statement and its values.
type query struct {
	args []any
	cond []string // what every row has to meet
}

// arg adds a value and returns its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) in(column string, values []string) {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = q.arg(v)
	}
	q.cond = append(q.cond, column+" in ("+strings.Join(marks, ", ")+")")
}

func (q *query) where(format string, v any) {
	q.cond = append(q.cond, fmt.Sprintf(format, q.arg(v)))
}

func strs[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// states are the states a filter asks for, hidden ones left out.
func (f Filter) states() []State {
	list := f.States
	if len(list) == 0 {
		list = seen
		if f.AtDesk {
			list = []State{Received, Waiting}
		}
	}
	out := make([]State, 0, len(list))
	for _, s := range list {
		if slices.Contains(seen, s) && !slices.Contains(out, s) && (s.Live() || !f.Overdue && f.DueBefore.IsZero() && f.Step == "") {
			out = append(out, s)
		}
	}
	return out
}

// badScopes reports scopes that nobody may mean: too many, or one that is everything.
func badScopes(scopes []bot.Scope) bool {
	return len(scopes) > maxAgencies || slices.Contains(scopes, bot.Scope{})
}

func (f Filter) check() error {
	if len(f.Agencies) > maxAgencies || badScopes(f.Scopes) || max(len(f.Fields), len(f.Places), len(f.Kinds), len(f.States)) > maxChoices || len(f.Words) > 1000 {
		return invalid("complaints.invalid_filter")
	}
	return nil
}

// conditions are what a row has to meet beside the body, the state and the officer.
func (f Filter) conditions(q *query, now time.Time) {
	if len(f.Fields) > 0 {
		q.in("c.field", f.Fields)
	}
	if len(f.Places) > 0 {
		q.in("c.place", f.Places)
	}
	if len(f.Kinds) > 0 {
		q.in("c.kind", strs(f.Kinds))
	}
	if f.Nobody {
		q.where("c.officer = %s", 0)
	}
	if f.Desk != "" {
		q.where("c.desk = %s", f.Desk)
	}
	if f.Step != "" {
		q.where("c.step = %s", string(f.Step))
	}
	before := f.DueBefore
	if f.Overdue && (before.IsZero() || now.Before(before)) {
		before = now
	}
	if !before.IsZero() { // what runs is ranked by its end
		q.where("c.ranked < %s and c.due > 0", bot.Millis(before))
	}
	if !f.Since.IsZero() {
		q.where("c.filed >= %s", bot.Millis(f.Since))
	}
	if !f.Until.IsZero() {
		q.where("c.filed < %s", bot.Millis(f.Until))
	}
}

// branches writes one ordered walk along an index for every pair of scope and
// state, so that a page costs as much as it is long, however many cases there are.
func (f Filter) branches(q *query, limit int) string {
	scopes, states := f.scopes(), f.states()
	switch {
	case f.Officer > 0 && f.AtDesk:
		return f.branch(q, "c.officer = "+q.arg(f.Officer), "c.lead = "+q.arg(""), states, limit)
	case f.Officer > 0:
		return f.branch(q, "c.officer = "+q.arg(f.Officer), q.any("c.lead", scopes), states, limit)
	case f.AtDesk:
		return f.branch(q, "c.lead = "+q.arg(""), "", states, limit)
	case len(scopes) == 0:
		return f.branch(q, "", "", states, limit)
	}
	var parts []string
	if len(scopes)*len(states) > maxBranches {
		states = states[:maxBranches/len(scopes)]
	}
	for _, s := range scopes {
		parts = append(parts, f.branch(q, q.fits("c.lead", s), "", states, limit))
		if f.Consulted && s.Agency != "" { // who has a whole place has it already
			parts = append(parts, f.consulted(q, s, states, limit))
		}
	}
	return strings.Join(parts, " union ")
}

// branch is one walk for each state.
func (f Filter) branch(q *query, key, more string, states []State, limit int) string {
	parts := make([]string, 0, len(states))
	for _, s := range states {
		cond := slices.Clone(q.cond)
		for _, c := range []string{key, "c.state = " + q.arg(string(s)), more} {
			if c != "" {
				cond = append(cond, c)
			}
		}
		parts = append(parts, `select * from (select c.ranked, c.id from complaints_cases c where `+strings.Join(cond, " and ")+
			` order by c.ranked, c.id limit `+strconv.Itoa(limit)+`) as x`)
	}
	return strings.Join(parts, " union ")
}

// consulted walks the cases in which a body is consulted.
func (f Filter) consulted(q *query, s bot.Scope, states []State, limit int) string {
	cond := slices.Clone(q.cond)
	marks := make([]string, len(states))
	for i, s := range states {
		marks[i] = q.arg(string(s))
	}
	cond = append(cond, q.fits("j.agency", s), "c.state in ("+strings.Join(marks, ", ")+")")
	return `select * from (select c.ranked, c.id from complaints_joint j join complaints_cases c on c.id = j.case_id where ` +
		strings.Join(cond, " and ") + ` order by c.ranked, c.id limit ` + strconv.Itoa(limit) + `) as x`
}

// cursor reads where a page begins.
func cursor(s string) (ranked, id int64, err error) {
	if s == "" {
		return -1, 0, nil
	}
	a, b, _ := strings.Cut(s, "-")
	ranked, err1 := strconv.ParseInt(a, 10, 64)
	id, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil || ranked < 0 || id < 0 {
		return 0, 0, invalid("complaints.invalid_filter")
	}
	return ranked, id, nil
}

// List lists cases by page.
func (d *Desk) List(ctx context.Context, f Filter) (Page, error) {
	if err := f.check(); err != nil {
		return Page{}, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	if strings.TrimSpace(f.Words) != "" {
		return d.search(ctx, f, limit)
	}
	ranked, id, err := cursor(f.After)
	if err != nil || len(f.states()) == 0 {
		return Page{}, err
	}
	q := &query{}
	f.conditions(q, d.opt.Now())
	if f.After != "" {
		q.cond = append(q.cond, "(c.ranked, c.id) > ("+q.arg(ranked)+", "+q.arg(id)+")")
	}
	text := `select ranked, id from (` + f.branches(q, limit+1) + `) as y order by ranked, id limit ` + strconv.Itoa(limit+1)
	var ids []any
	var ranks []int64
	err = bot.EachRow(ctx, d.opt.Read, text, q.args, func(s bot.Scanner) error {
		var r, n int64
		err := s.Scan(&r, &n)
		ids, ranks = append(ids, n), append(ranks, r)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list cases: %w", err)
	}
	var p Page
	if len(ids) > limit {
		p.Next = fmt.Sprintf("%d-%d", ranks[limit-1], ids[limit-1])
		ids = ids[:limit]
	}
	p.Cases, err = d.inOrder(ctx, ids, f.Viewer)
	return p, err
}

// maxProbe is how far a word is counted to find the rarest of a search.
const maxProbe = 500

// search finds cases by words, newest first, or the one of a code.
func (d *Desk) search(ctx context.Context, f Filter, limit int) (Page, error) {
	if code, err := ParseCode(f.Words); err == nil {
		r, err := load(ctx, d.opt.Read, `code = $1`, code)
		if err != nil || r == nil || r.State.Hidden() || !f.takes(r.Case) || f.Viewer != nil && d.parties(r, *f.Viewer) == 0 {
			return Page{}, err
		}
		return Page{Cases: []Case{d.late(r.Case)}}, nil
	}
	words := d.digests(f.Words, 8)
	if len(words) == 0 || len(f.states()) == 0 {
		return Page{}, nil
	}
	if err := d.rarestFirst(ctx, words); err != nil {
		return Page{}, err
	}
	_, before, err := cursor(f.After)
	if err != nil {
		return Page{}, err
	}
	q := &query{}
	q.where("w.word = %s", words[0])
	if f.After != "" {
		q.where("w.case_id < %s", before)
	}
	// "cross join" keeps the order: the rarest word first, its case last.
	from := `complaints_words w`
	for i, w := range words[1:] {
		from += fmt.Sprintf(` cross join complaints_words x%d`, i)
		q.where(fmt.Sprintf("x%d.word = %%s and x%d.case_id = w.case_id", i, i), w)
	}
	from += ` cross join complaints_cases c`
	q.cond = append(q.cond, "c.id = w.case_id")
	f.conditions(q, d.opt.Now())
	q.in("c.state", strs(f.states()))
	if f.Officer > 0 {
		q.where("c.officer = %s", f.Officer)
	}
	if scopes := f.scopes(); f.AtDesk {
		q.where("c.lead = %s", "")
	} else if len(scopes) > 0 {
		cond := q.any("c.lead", scopes)
		if f.Consulted {
			cond = "(" + cond + " or exists (select 1 from complaints_joint j where j.case_id = c.id and " + q.any("j.agency", scopes) + "))"
		}
		q.cond = append(q.cond, cond)
	}
	var ids []any
	err = bot.EachRow(ctx, d.opt.Read, `select w.case_id from `+from+` where `+strings.Join(q.cond, " and ")+` order by w.case_id desc limit `+strconv.Itoa(limit+1), q.args, func(s bot.Scanner) error {
		var n int64
		err := s.Scan(&n)
		ids = append(ids, n)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("search cases: %w", err)
	}
	var p Page
	if len(ids) > limit {
		p.Next = fmt.Sprintf("0-%d", ids[limit-1])
		ids = ids[:limit]
	}
	p.Cases, err = d.inOrder(ctx, ids, f.Viewer)
	return p, err
}

// takes reports whether a filter of bodies and places takes a case found by its code.
func (f Filter) takes(c Case) bool {
	scopes := f.scopes()
	return len(scopes) == 0 || slices.ContainsFunc(scopes, func(s bot.Scope) bool {
		if s.Place != "" && s.Place != c.Place.ID || s.Agency == "" && c.Lead == "" {
			return false
		}
		return s.Agency == "" || s.Agency == c.Lead || f.Consulted && slices.Contains(c.Joint, s.Agency)
	})
}

// rarestFirst orders words so that a search walks along the rarest.
func (d *Desk) rarestFirst(ctx context.Context, words []int64) error {
	if len(words) == 1 {
		return nil
	}
	n := map[int64]int{}
	for _, w := range words {
		var c int
		err := d.opt.Read.QueryRowContext(ctx, `select count(*) from (select 1 from complaints_words where word = $1 limit $2) as x`, w, maxProbe).Scan(&c)
		if err != nil {
			return fmt.Errorf("count a word: %w", err)
		}
		n[w] = c
	}
	slices.SortStableFunc(words, func(a, b int64) int { return n[a] - n[b] })
	return nil
}

// Count counts what a filter without words lists, up to MaxCount.
func (d *Desk) Count(ctx context.Context, f Filter) (int, error) {
	if err := f.check(); err != nil || len(f.states()) == 0 {
		return 0, err
	}
	q := &query{}
	f.conditions(q, d.opt.Now())
	var n int
	err := d.opt.Read.QueryRowContext(ctx, `select count(*) from (select 1 from (`+f.branches(q, MaxCount)+`) as y limit `+strconv.Itoa(MaxCount)+`) as z`, q.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count cases: %w", err)
	}
	return n, nil
}

// ByBody counts the cases of every body by state, for figures; "" is the front desk.
func (d *Desk) ByBody(ctx context.Context) (map[string]map[State]int, error) {
	out := map[string]map[State]int{}
	err := bot.EachRow(ctx, d.opt.Read, `select lead, state, n from complaints_counts where n > 0 and state not in ('sealed', 'purged') order by lead, state`, nil, func(s bot.Scanner) error {
		var lead string
		var state State
		var n int
		if err := s.Scan(&lead, &state, &n); err != nil {
			return err
		}
		if out[lead] == nil {
			out[lead] = map[State]int{}
		}
		out[lead][state] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count by body: %w", err)
	}
	return out, nil
}
