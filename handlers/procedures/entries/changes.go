package entries

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// PublishedSince is the revision that counts, and when the revisions after another one that
// count too were published: the first and the last of them, zero when there is none.
func PublishedSince(ctx context.Context, q Reader, after int64) (revision int64, first, last time.Time, err error) {
	if revision, err = Published(ctx, q); err != nil {
		return 0, first, last, err
	}
	var a, b int64
	if err := q.QueryRowContext(ctx, `select coalesce(min(published), 0), coalesce(max(published), 0) from procedures_revisions
		where line = 1 and revision > $1 and revision <= $2`, after, revision).Scan(&a, &b); err != nil {
		return 0, first, last, fmt.Errorf("published revisions: %w", err)
	}
	return revision, bot.FromMillis(a), bot.FromMillis(b), nil
}

// asOf is the newest change of the entry c.code that counts, up to a revision: a placeholder closes it.
const asOf = `(select max(x.revision) from procedures_entries x join procedures_revisions l on l.revision = x.revision and l.line = 1
	where x.code = c.code and x.revision <= `

// ChangedBetween calls f with every entry published after revision from, up to revision to, in order
// of code: as it was at from (nil: not there) and as it is at to (nil: withdrawn). What was rolled back is left out.
func ChangedBetween(ctx context.Context, q Reader, from, to int64, f func(before, now *knowledge.Entry) error) error {
	err := bot.EachRow(ctx, q, `select o.body, n.body from (select distinct e.code from procedures_entries e
			join procedures_revisions r on r.revision = e.revision and r.line = 1 where e.revision > $1 and e.revision <= $2) c
		join procedures_entries n on n.code = c.code and n.revision = `+asOf+`$2)
		left join procedures_entries o on o.code = c.code and o.revision = `+asOf+`$1) order by c.code`, []any{from, to}, func(s bot.Scanner) error {
		var bodies [2]sql.RawBytes
		if err := s.Scan(&bodies[0], &bodies[1]); err != nil {
			return err
		}
		var e [2]*knowledge.Entry
		for i, b := range bodies {
			if b == nil {
				continue
			}
			e[i] = new(knowledge.Entry)
			if err := json.Unmarshal(b, e[i]); err != nil {
				return err
			}
		}
		if e[0] == nil && e[1] == nil {
			return nil
		}
		return f(e[0], e[1])
	})
	if err != nil {
		return fmt.Errorf("changed entries: %w", err)
	}
	return nil
}

// EachAt calls f with every entry as of a revision, in full, in order of code. What was rolled back is left out.
func EachAt(ctx context.Context, q Reader, revision int64, f func(*knowledge.Entry) error) error {
	err := bot.EachRow(ctx, q, `select c.body from procedures_entries c where c.body is not null and c.revision = `+asOf+`$1) order by c.code`, []any{revision}, func(s bot.Scanner) error {
		var raw sql.RawBytes
		if err := s.Scan(&raw); err != nil {
			return err
		}
		e := new(knowledge.Entry)
		if err := json.Unmarshal(raw, e); err != nil {
			return err
		}
		return f(e)
	})
	if err != nil {
		return fmt.Errorf("entries of a revision: %w", err)
	}
	return nil
}
