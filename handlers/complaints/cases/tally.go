package cases

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"cchcbot/bot"
)

// Tally counts the cases of some scopes by state, of all when none is given; what is
// hidden is not counted. No scope may hold another, as Reach gives them. Whole bodies are read from kept sums, so they cost the same however
// many cases there are; those at a place are counted, in each state up to MaxCount.
func (d *Desk) Tally(ctx context.Context, scopes []bot.Scope) (map[State]int, error) {
	if badScopes(scopes) {
		return nil, invalid("complaints.invalid_filter")
	}
	var whole []string
	var places []bot.Scope
	for _, s := range scopes {
		if s.Place == "" {
			whole = append(whole, s.Agency)
		} else {
			places = append(places, s)
		}
	}
	out := map[State]int{}
	if len(places) == 0 || len(whole) > 0 {
		q := &query{cond: []string{"n <> 0", "state not in ('sealed', 'purged')"}}
		if len(whole) > 0 {
			q.in("lead", whole)
		}
		if err := d.sum(ctx, out, `select state, sum(n) from complaints_counts where `+strings.Join(q.cond, " and ")+` group by state`, q.args); err != nil {
			return nil, err
		}
	}
	if len(places) > 0 {
		q := &query{}
		if err := d.sum(ctx, out, q.atPlaces(places, whole), q.args); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// atPlaces counts what is at places and not counted with the whole bodies already.
func (q *query) atPlaces(places []bot.Scope, whole []string) string {
	var parts []string
	for _, s := range places {
		not := ""
		for _, w := range whole {
			not += " and c.lead <> " + q.arg(w)
		}
		for _, st := range seen {
			parts = append(parts, `select `+q.arg(string(st))+` as state, count(*) as n from (select 1 from complaints_cases c where `+
				q.fits("c.lead", s)+` and c.state = `+q.arg(string(st))+not+` limit `+strconv.Itoa(MaxCount)+`) as x`)
		}
	}
	return `select state, sum(n) from (` + strings.Join(parts, " union all ") + `) as y group by state having sum(n) > 0`
}

func (d *Desk) sum(ctx context.Context, into map[State]int, text string, args []any) error {
	err := bot.EachRow(ctx, d.opt.Read, text, args, func(s bot.Scanner) error {
		var state State
		var n int
		err := s.Scan(&state, &n)
		into[state] += n
		return err
	})
	if err != nil {
		return fmt.Errorf("tally cases: %w", err)
	}
	return nil
}
