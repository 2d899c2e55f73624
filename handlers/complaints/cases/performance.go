package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
)

// Performance is how a body answered in a period. It counts; whoever shows a
// share looks first whether there are enough answers for one.
type Performance struct {
	Agency   string // as it was when it answered
	Answered int    // answers sent in the period
	OnTime   int
	Late     int
	Returned int // cases that it sent back
	Reopened int // of its answers, those after which the case was opened again
	Rated    int // of its answers, those that the citizen rated overall
	Content  int // of these, 4 or 5 of 5
	Poor     int // of these, 1 or 2
}

// Performance counts by body what was answered from one moment until before
// another; of the bodies named, or of all. Sealed and purged cases count nowhere.
func (d *Desk) Performance(ctx context.Context, since, until time.Time, agencies []string) ([]Performance, error) {
	if len(agencies) > maxAgencies {
		return nil, invalid("complaints.invalid_filter")
	}
	of := map[string]*Performance{}
	body := func(id string) *Performance {
		if of[id] == nil {
			of[id] = &Performance{Agency: id}
		}
		return of[id]
	}
	period := func(column string) *query {
		q := &query{}
		q.where(column+" >= %s", bot.Millis(since))
		q.where(column+" < %s", bot.Millis(until))
		q.cond = append(q.cond, "c.state not in ('sealed', 'purged')")
		return q
	}
	q := period("a.sent")
	if len(agencies) > 0 {
		q.in("a.agency", agencies)
	}
	// The row of a case has the rating of its last round. Distinct ratings are few, so they are grouped as they stand.
	err := bot.EachRow(ctx, d.opt.Read, `select a.agency, a.late, case when a.round < c.round then 1 else 0 end,
		case when a.round = c.round then c.rating else coalesce(x.rating, '') end, count(*)
		from complaints_answers a join complaints_cases c on c.id = a.case_id
		left join complaints_ratings x on x.case_id = a.case_id and x.round = a.round where `+strings.Join(q.cond, " and ")+` group by 1, 2, 3, 4`, q.args, func(s bot.Scanner) error {
		var agency, rating string
		var late, reopened bool
		var n int
		if err := s.Scan(&agency, &late, &reopened, &rating, &n); err != nil {
			return err
		}
		p := body(agency)
		p.Answered += n
		if late {
			p.Late += n
		} else {
			p.OnTime += n
		}
		if reopened {
			p.Reopened += n
		}
		return p.rate(rating, n)
	})
	if err != nil {
		return nil, fmt.Errorf("count answers: %w", err)
	}
	q = period("e.at")
	q.cond = append(q.cond, "e.action = 'return'") // as the partial index has it
	if len(agencies) > 0 {
		q.in("e.agency", agencies)
	}
	err = bot.EachRow(ctx, d.opt.Read, `select e.agency, count(*) from complaints_entries e join complaints_cases c on c.id = e.case_id
		where `+strings.Join(q.cond, " and ")+` group by e.agency`, q.args, func(s bot.Scanner) error {
		var agency string
		var n int
		err := s.Scan(&agency, &n)
		body(agency).Returned = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count returns: %w", err)
	}
	out := make([]Performance, 0, len(of))
	for _, p := range of {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Performance) int {
		if a.Answered != b.Answered {
			return b.Answered - a.Answered
		}
		return strings.Compare(a.Agency, b.Agency)
	})
	return out, nil
}

// rate adds n times a rating as it stands in the row of a case.
func (p *Performance) rate(raw string, n int) error {
	r, err := readRating(raw)
	if err != nil || r.Overall == 0 {
		return err
	}
	p.Rated += n
	switch {
	case r.Overall >= 4:
		p.Content += n
	case r.Overall <= 2:
		p.Poor += n
	}
	return nil
}
