package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// How long things are kept. The document on privacy names the same times.
const (
	KeepText       = 24 * time.Hour      // what a citizen wrote, after its turn
	KeepUpdate     = 7 * 24 * time.Hour  // the row of a turn, by which a repeated update is known
	KeepSent       = 7 * 24 * time.Hour  // the text of a sent or dropped message
	KeepOutbox     = 30 * 24 * time.Hour // its row, with the receipt
	KeepFailed     = 90 * 24 * time.Hour // a failed update, a dead message
	keepLast       = bot.SessionTTL + 24*time.Hour
	maintainBatch  = 500  // rows that one transaction changes
	maintainRounds = 2000 // transactions in one call of Maintain
)

// Maintain removes what need not be kept, cleans up after dropped turns and
// refreshes statistics. It is called every hour or so, and stops with ctx.
func (s *Store) Maintain(ctx context.Context) error {
	s.scrub(ctx)
	now := s.now()
	var errs []error
	for _, step := range []struct {
		name string
		run  func(context.Context, time.Time) error
	}{
		{"blank updates", s.blankUpdates},
		{"delete updates", s.deleteUpdates},
		{"forget sessions", s.forgetSessions},
		{"blank messages", s.blankMessages},
		{"delete messages", s.deleteMessages},
		{"delete spreads", s.deleteSpreads},
		{"delete leases", s.deleteLeases},
		{"delete sign-ins", s.deleteSignIns},
		{"delete standings", s.deleteStandings},
		{"optimize", func(ctx context.Context, _ time.Time) error { return s.db.Optimize(ctx) }},
	} {
		if err := step.run(ctx, now); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	return errors.Join(errs...)
}

// scrub empties the write-ahead log after a dropped turn, so that the pages as
// they were before are gone. While a reader is in the way it waits for the next call.
func (s *Store) scrub(ctx context.Context) {
	if !s.unscrubbed.Swap(false) {
		return
	}
	err := s.db.Checkpoint(ctx)
	if err == nil {
		return
	}
	s.unscrubbed.Store(true)
	if !errors.Is(err, sqldb.ErrBusy) {
		s.log.Error("the write-ahead log cannot be emptied", "err", err)
	}
}

// Scrub tries again what a reader kept from being cleaned after a dropped turn.
// It reports whether nothing is left to clean.
func (s *Store) Scrub(ctx context.Context) bool {
	s.scrub(ctx)
	return !s.unscrubbed.Load()
}

// batches finds rows by ids, and changes them a few at a time, until none is
// found: the writer is never kept from others for long.
func (s *Store) batches(ctx context.Context, find string, args []any, change string, changed ...any) error {
	for range maintainRounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		var ids []int64
		if err := s.db.Each(ctx, find, args, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		}); err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil
		}
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, id := range ids {
				if _, err := tx.Exec(change, append([]any{id}, changed...)...); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if len(ids) < maintainBatch {
			return nil
		}
	}
	return nil
}

// blankUpdates removes the texts of turns that are done. It goes through the
// rows in order and remembers how far it came.
func (s *Store) blankUpdates(ctx context.Context, now time.Time) error {
	for range maintainRounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		seen, from := 0, s.blanked.Load()
		last := from
		var ids []int64
		err := s.db.Each(ctx, `select turn, state = 'done' and payload is not null from inbox where turn > $1 and accepted < $2 order by turn limit $3`,
			[]any{from, now.Add(-KeepText).UnixMilli(), maintainBatch}, func(r *sql.Rows) error {
				var blank bool
				err := r.Scan(&last, &blank)
				if blank {
					ids = append(ids, last)
				}
				seen++
				return err
			})
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			if err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
				for _, id := range ids {
					if _, err := tx.Exec(`update inbox set payload = null where turn = $1 and state = 'done'`, id); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		s.blanked.Store(last)
		if seen < maintainBatch {
			return nil
		}
	}
	return nil
}

// deleteUpdates removes old rows. A conversation's last turn leads to its
// session and stays as long as a session does.
func (s *Store) deleteUpdates(ctx context.Context, now time.Time) error {
	// The newest row stays, so that its number is not given again.
	const find = `select i.turn from inbox i where i.accepted < $1 and i.finished < $1
		and i.turn < (select max(turn) from inbox) and (
			i.state in ('done', 'dropped') and (i.finished < $2
				or not exists (select 1 from chats k where k.session_key = i.session_key and k.last_turn = i.turn))
			or i.state = 'failed' and i.finished < $3)
		order by i.turn limit $4`
	return s.batches(ctx, find,
		[]any{now.Add(-KeepUpdate).UnixMilli(), now.Add(-keepLast).UnixMilli(), now.Add(-KeepFailed).UnixMilli(), maintainBatch},
		`delete from inbox where turn = $1 and state <> 'pending'`)
}

// sessionWalk is how many conversations one call of Maintain looks at: there
// may be many, and they need not all be looked at each hour.
const sessionWalk = 20_000

// forgetSessions removes sessions that nobody continued, walking round the table.
func (s *Store) forgetSessions(ctx context.Context, now time.Time) error {
	from := s.chatCursor.Load()
	last, seen := from, 0
	old := now.Add(-bot.SessionTTL).UnixMilli()
	var ids []int64
	err := s.db.Each(ctx, `select id, updated < $2 and session is not null from chats where id > $1 order by id limit $3`,
		[]any{from, old, sessionWalk}, func(r *sql.Rows) error {
			var end bool
			err := r.Scan(&last, &end)
			if end {
				ids = append(ids, last)
			}
			seen++
			return err
		})
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		n := min(len(ids), maintainBatch)
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, id := range ids[:n] {
				if _, err := tx.Exec(`update chats set session = null where id = $1 and updated < $2`, id, old); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		ids = ids[n:]
	}
	if seen < sessionWalk {
		last = 0
	}
	s.chatCursor.Store(last)
	return nil
}

func (s *Store) blankMessages(ctx context.Context, now time.Time) error {
	return s.batches(ctx, `select id from outbox where state in ('sent', 'dropped', 'dead') and finished < $1
			and state <> 'dead' and payload is not null order by finished limit $2`,
		[]any{now.Add(-KeepSent).UnixMilli(), maintainBatch},
		`update outbox set payload = null where id = $1 and state in ('sent', 'dropped')`)
}

func (s *Store) deleteMessages(ctx context.Context, now time.Time) error {
	return s.batches(ctx, `select id from outbox where state in ('sent', 'dropped', 'dead') and finished < $1
			and (state <> 'dead' or finished < $2) and id < (select max(id) from outbox) order by finished limit $3`,
		[]any{now.Add(-KeepOutbox).UnixMilli(), now.Add(-KeepFailed).UnixMilli(), maintainBatch},
		`delete from outbox where id = $1 and state in ('sent', 'dropped', 'dead')`)
}

func (s *Store) deleteLeases(ctx context.Context, now time.Time) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`delete from leases where expiry < $1`, now.Add(-24*time.Hour).UnixMilli())
		return err
	})
}
