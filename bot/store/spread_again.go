package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cchcbot/bot"
)

// lead is who stands for a person and those linked with it. PERSON is a column.
func lead(person string) string {
	return `(select case when y.linked > 0 then y.linked else y.id end from persons y where y.id = ` + person + `)`
}

// failedRow is a row of a spread that failed and may be tried again.
type failedRow struct {
	id      int64
	lead    bot.PersonID // stands for who it was for
	contact int64        // by which it would go now; 0: none
	channel string
	chat    string
	had     bool // another of the linked persons has it, is to get it, or may have got it
}

// failed finds what can be tried again among the people after cursor, up to last.
func failed(ctx context.Context, q bot.Tx, spread int64, channels []any, cursor, last int64) (out []failedRow, err error) {
	args := append([]any{spread, unknownOnceReason, erasedReason, cursor, last}, channels...)
	rows, err := q.QueryContext(ctx, `select f.id, f.lead, coalesce(c.id, 0), coalesce(c.channel, ''), coalesce(c.chat, ''),
			exists (select 1 from outbox x where x.spread = $1 and x.spread > 0 and x.id <> f.id
				and x.person in (select f.lead union all select q.id from persons q where q.linked > 0 and q.linked = f.lead)
				and (x.state in ('waiting', 'queued', 'sending', 'held', 'sent') or x.state = 'dead' and x.reason = $2))
		from (select o.id, o.contact, `+lead("o.person")+` as lead from outbox o
			where o.spread = $1 and o.spread > 0 and o.person > $4 and o.person <= $5 and o.state = 'dead' and o.reason not in ($2, $3) and o.doubt = 0) as f
		left join contacts c on c.id = `+best("f.lead", "f.contact", placeholders(6, len(channels)))+` where f.lead is not null order by f.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("find what failed: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f failedRow
		if err := rows.Scan(&f.id, &f.lead, &f.contact, &f.channel, &f.chat, &f.had); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// sorted says of each failed row what becomes of it: "" is left, a reason is dropped
// for, takenUp is tried once more, one for each of the linked persons.
func sorted(ctx context.Context, rows []failedRow, wants bot.Wanting) (map[int64]string, error) {
	wanted := map[bot.PersonID]bool{}
	for part := range slices.Chunk(rows, bot.MaxBatch) {
		var people []bot.PersonID
		for _, f := range part {
			people = append(people, f.lead)
		}
		if wants == nil {
			break
		}
		some, err := wants(ctx, people)
		if err != nil {
			return nil, err
		}
		maps.Copy(wanted, some)
	}
	out, taken := map[int64]string{}, map[bot.PersonID]bool{}
	for _, f := range rows {
		switch {
		case f.had || taken[f.lead]:
			out[f.id] = linkedReason
		case wants != nil && !wanted[f.lead]:
			out[f.id] = unsubscribedReason
		case f.contact != 0: // who cannot be reached now stays where he is
			out[f.id], taken[f.lead] = takenUp, true
		}
	}
	return out, nil
}

// takenUp stands in place of a reason for what is tried once more.
const takenUp = "again"

// AgainSpread takes up what failed among a batch of people. The cursor is a person.
func (s *Store) AgainSpread(ctx context.Context, tx bot.Tx, spread, cursor int64, batch int, wants bot.Wanting) (next int64, n int, err error) {
	if err := checkBatch(batch); err != nil {
		return 0, 0, err
	}
	p, err := s.spreading(ctx, tx, spread)
	if err != nil {
		return 0, 0, fmt.Errorf("take up a spread: %w", err)
	}
	next, seen, err := reach(ctx, tx, spread, cursor, batch)
	if err != nil {
		return 0, 0, err
	}
	rows, err := failed(ctx, tx, spread, p.channels, cursor, next)
	if err != nil {
		return 0, 0, err
	}
	if seen < batch {
		next = 0
	}
	what, err := sorted(ctx, rows, wants)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range rows {
		switch why := what[f.id]; why {
		case "":
			continue
		case takenUp:
			n++
			_, err = tx.ExecContext(ctx, `update outbox set state = 'waiting', attempts = 0, retried = 0, finished = 0, reason = '',
				edits = case when contact = $2 then edits else '' end, contact = $2, channel = $3, chat = $4 where id = $1 and state = 'dead'`, f.id, f.contact, f.channel, f.chat)
		default:
			_, err = tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $2, finished = $3 where id = $1 and state = 'dead'`, f.id, why, s.millis())
		}
		if err != nil {
			return 0, 0, fmt.Errorf("take up a message: %w", err)
		}
	}
	return next, n, nil
}

// CountAgain is how many would be taken up now.
func (s *Store) CountAgain(ctx context.Context, spread int64, wants bot.Wanting) (n int, err error) {
	q := s.db.Read()
	channels, err := channelsOf(ctx, q, spread)
	if err != nil || len(channels) == 0 {
		return 0, err
	}
	for cursor := int64(0); ; {
		var last int64
		// Of a million that were sent few failed: those are gone through.
		if err := q.QueryRowContext(ctx, `select coalesce(max(b.person), 0) from (select person from outbox
			where spread = $1 and spread > 0 and state = 'dead' and person > $2 order by person limit $3) as b`, spread, cursor, countBatch).Scan(&last); err != nil || last == 0 {
			return n, err
		}
		rows, err := failed(ctx, q, spread, channels, cursor, last)
		if err != nil {
			return 0, err
		}
		what, err := sorted(ctx, rows, wants)
		if err != nil {
			return 0, err
		}
		for _, why := range what {
			if why == takenUp {
				n++
			}
		}
		cursor = last
	}
}

// countBatch is how many people a count looks at in one statement: it holds nobody up.
const countBatch = 20_000
