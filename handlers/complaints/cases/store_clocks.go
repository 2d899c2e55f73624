package cases

import (
	"context"
	"fmt"
	"strings"

	"cchcbot/bot"
)

// marksFor writes $from, $from+1 … for n values of an in list.
func marksFor(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// complete reads what belongs to cases and stands in other tables: clocks of the
// round, consulted bodies, and who links to them.
func complete(ctx context.Context, q Reader, records []*record) error {
	if len(records) == 0 {
		return nil
	}
	byID := make(map[int64]*record, len(records))
	byCode := make(map[string]*record, len(records))
	ids, codes := make([]any, 0, len(records)), make([]any, 0, len(records))
	for _, r := range records {
		byID[r.ID], byCode[r.Code] = r, r
		ids, codes = append(ids, r.ID), append(codes, r.Code)
	}
	in := "(" + marksFor(1, len(ids)) + ")"
	if err := bot.EachRow(ctx, q, `select case_id, round, step, seq, term, shift, started, due, provisional, version, paused, stopped, late, extended, mark, told
		from complaints_clocks where case_id in `+in+` order by case_id, started, step, seq`, ids, func(s bot.Scanner) error {
		var id, started, due, paused, stopped, mark int64
		var round int
		var term string
		var k Clock
		if err := s.Scan(&id, &round, &k.Step, &k.seq, &term, &k.shift, &started, &due, &k.Provisional, &k.CalendarVersion,
			&paused, &stopped, &k.Late, &k.Extended, &mark, &k.told); err != nil {
			return err
		}
		if round != byID[id].Round {
			return nil
		}
		k.Started, k.Due, k.Paused, k.Stopped, k.mark = bot.FromMillis(started), bot.FromMillis(due), bot.FromMillis(paused), bot.FromMillis(stopped), bot.FromMillis(mark)
		if term != "" {
			var err error
			if k.term, err = ParseTerm(term); err != nil {
				return err
			}
		}
		byID[id].Clocks = append(byID[id].Clocks, k)
		return nil
	}); err != nil {
		return fmt.Errorf("read clocks: %w", err)
	}
	if err := bot.EachRow(ctx, q, `select case_id, agency from complaints_joint where case_id in `+in+` order by case_id, agency`, ids, func(s bot.Scanner) error {
		var id int64
		var agency string
		err := s.Scan(&id, &agency)
		if err == nil {
			byID[id].Joint = append(byID[id].Joint, agency)
		}
		return err
	}); err != nil {
		return fmt.Errorf("read consulted bodies: %w", err)
	}
	if err := bot.EachRow(ctx, q, `select duplicate, code from complaints_cases where duplicate <> '' and duplicate in `+in+` order by id limit 1000`, codes, func(s bot.Scanner) error {
		var first, code string
		err := s.Scan(&first, &code)
		if err == nil {
			byCode[first].Linked = append(byCode[first].Linked, code)
		}
		return err
	}); err != nil {
		return fmt.Errorf("read linked cases: %w", err)
	}
	return nil
}

// writeClocks stores the clocks that changed.
func (r *record) writeClocks(ctx context.Context, tx bot.Tx) error {
	for i := range r.Clocks {
		k := &r.Clocks[i]
		if !k.dirty {
			continue
		}
		term := ""
		if k.term.N > 0 {
			term = k.term.String()
		}
		_, err := tx.ExecContext(ctx, `insert into complaints_clocks (case_id, round, step, seq, term, shift, started, due, provisional,
			version, paused, stopped, late, extended, mark, told) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			on conflict (case_id, round, step, seq) do update set term = excluded.term, shift = excluded.shift, due = excluded.due,
			provisional = excluded.provisional, version = excluded.version, paused = excluded.paused, stopped = excluded.stopped,
			late = excluded.late, extended = excluded.extended, mark = excluded.mark, told = excluded.told`,
			r.ID, r.Round, k.Step, k.seq, term, k.shift, bot.Millis(k.Started), bot.Millis(k.Due), bit(k.Provisional), k.CalendarVersion,
			bot.Millis(k.Paused), bot.Millis(k.Stopped), bit(k.Late), k.Extended, bot.Millis(k.mark), string(k.told))
		if err != nil {
			return fmt.Errorf("write clock: %w", err)
		}
		k.dirty = false
	}
	return nil
}
