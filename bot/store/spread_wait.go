package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// OpenOf lists what of spreads waits for a person and those linked with it.
func (s *Store) OpenOf(ctx context.Context, tx bot.Tx, p bot.PersonID) (out []bot.Waiting, err error) {
	rows, err := tx.QueryContext(ctx, `select distinct spread, variant from outbox where lane = 'broadcast' and state in ('waiting', 'queued', 'held') and spread > 0
		and contact in (select c.id from contacts c where c.person in (select x.id from persons x where x.id = $1 or x.linked > 0 and x.linked = $1
			or x.id = (select y.linked from persons y where y.id = $1))) order by spread, variant`, int64(p))
	if err != nil {
		return nil, fmt.Errorf("look what waits for a person: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var x bot.Waiting
		if err := rows.Scan(&x.Spread, &x.Variant); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// SpreadsDue says before when nothing of open spreads is sent.
func (s *Store) SpreadsDue(ctx context.Context, spreads []int64) (map[int64]time.Time, error) {
	out := map[int64]time.Time{}
	if len(spreads) == 0 {
		return out, nil
	}
	args := make([]any, len(spreads))
	for i, id := range spreads {
		args[i] = id
	}
	err := s.db.Each(ctx, `select id, due from outbox_spreads where state = 'open' and id in (`+placeholders(1, len(args))+`)`, args, func(r *sql.Rows) error {
		var id, due int64
		err := r.Scan(&id, &due)
		out[id] = bot.FromMillis(due)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look when spreads are due: %w", err)
	}
	return out, nil
}

// DelaySpread sends nothing of an open spread before a time.
func (s *Store) DelaySpread(ctx context.Context, tx bot.Tx, spread int64, until time.Time) error {
	if _, err := tx.ExecContext(ctx, `update outbox_spreads set due = $2 where id = $1 and state = 'open'`, spread, toMillis(until)); err != nil {
		return fmt.Errorf("delay spread %d: %w", spread, err)
	}
	return nil
}

// DropWaiting drops a batch of what waits; what is held stays.
func (s *Store) DropWaiting(ctx context.Context, tx bot.Tx, spread int64, batch int) (int, error) {
	return s.dropSome(ctx, tx, batch, `select id from outbox where spread = $4 and spread > 0 and state in ('waiting', 'queued') limit $3`, spread)
}

// DropHeld drops a batch of what people did not write for. tried is 0 in rows of before it was kept: they are older.
func (s *Store) DropHeld(ctx context.Context, tx bot.Tx, before time.Time, batch int) (int, error) {
	return s.dropSome(ctx, tx, batch, `select o.id from outbox o join outbox_spreads s on s.id = o.spread
		where o.state = 'held' and o.lane = 'broadcast' and o.spread > 0 and o.tried <= $4 and s.state <> 'open' order by o.tried limit $3`, toMillis(before))
}

func (s *Store) dropSome(ctx context.Context, tx bot.Tx, batch int, ids string, arg int64) (int, error) {
	if err := checkBatch(batch); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $1, finished = $2 where id in (`+ids+`)`, stoppedReason, s.millis(), batch, arg)
	if err != nil {
		return 0, fmt.Errorf("drop what waits: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}
