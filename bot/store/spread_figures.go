package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// SpreadLeft looks for one row that waits, is queued or on its way.
func (s *Store) SpreadLeft(ctx context.Context, spread int64) (bool, error) {
	var n int
	if err := s.db.Get(ctx, `select count(*) from (select 1 from outbox where spread = $1 and spread > 0 and state in ('waiting', 'queued', 'sending') limit 1) as o`,
		[]any{spread}, &n); err != nil {
		return false, fmt.Errorf("look what is left of spread %d: %w", spread, err)
	}
	return n > 0, nil
}

// CountSpread counts the rows of a spread by channel, state and reason.
func (s *Store) CountSpread(ctx context.Context, spread int64) ([]bot.SpreadCount, error) {
	var out []bot.SpreadCount
	err := s.db.Each(ctx, `select state, channel, reason, count(*) from outbox where spread = $1 and spread > 0 group by state, channel, reason`,
		[]any{spread}, func(r *sql.Rows) error {
			var c bot.SpreadCount
			err := r.Scan(&c.State, &c.Channel, &c.Reason, &c.Count)
			out = append(out, c)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("count spread %d: %w", spread, err)
	}
	return out, nil
}

// countSince goes back along the index of what is closed, as far as a minute of the fastest sending reaches.
const countSince = `select b.channel, count(*) from (select channel, spread, state from outbox
	where state in ('sent', 'dropped', 'dead') and finished >= $2 order by finished desc limit $3) as b
	where b.spread = $1 and b.state = 'sent' group by b.channel`

// maxSince bounds how many messages one look at the pace goes through.
const maxSince = 20_000

// WatchSpread says what a spread waits for, and how much of it was sent since a time.
func (s *Store) WatchSpread(ctx context.Context, spread int64, since time.Time) (bot.SpreadWatch, error) {
	out := bot.SpreadWatch{Sent: map[string]int{}}
	var u underway
	err := s.db.Get(ctx, `select thing, due, quiet_from, quiet_to from outbox_spreads where id = $1`, []any{spread}, &u.thing, &u.due, &u.quiet.From, &u.quiet.To)
	if errors.Is(err, sql.ErrNoRows) {
		return out, notFound("there is no such spread")
	}
	if err != nil {
		return out, fmt.Errorf("watch spread %d: %w", spread, err)
	}
	if now := s.now(); u.from(now).After(now) {
		out.From = u.from(now)
	}
	if err := s.db.Each(ctx, `select distinct channel from outbox_holds where lane in ('', 'broadcast') and thing in ('', $1) order by channel`, []any{u.thing}, func(r *sql.Rows) error {
		var channel string
		err := r.Scan(&channel)
		out.Held = append(out.Held, channel)
		return err
	}); err != nil {
		return out, fmt.Errorf("watch spread %d: %w", spread, err)
	}
	if err := s.db.Each(ctx, countSince, []any{spread, toMillis(since), maxSince}, func(r *sql.Rows) error {
		var channel string
		var n int
		err := r.Scan(&channel, &n)
		out.Sent[channel] = n
		return err
	}); err != nil {
		return out, fmt.Errorf("watch spread %d: %w", spread, err)
	}
	return out, nil
}

// SpreadsOf lists the spreads that a person was to get, newest first.
func (s *Store) SpreadsOf(ctx context.Context, p bot.PersonID, since time.Time, limit int) ([]int64, error) {
	var out []int64
	// Few spreads are that young: each is looked up by its index.
	err := s.db.Each(ctx, `select s.id from outbox_spreads s where s.since >= $2 and exists
		(select 1 from outbox o where o.spread = s.id and o.spread > 0 and o.person = $1 and o.state in ('sent', 'sending')) order by s.id desc limit $3`,
		[]any{int64(p), toMillis(since), min(limit, maxPage)}, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			out = append(out, id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("spreads of a person: %w", err)
	}
	return out, nil
}

// HadSpreads says which of some spreads people had.
func (s *Store) HadSpreads(ctx context.Context, tx bot.Tx, people []bot.PersonID, spreads []int64) (out map[bot.PersonID][]int64, err error) {
	out = map[bot.PersonID][]int64{}
	if len(people) == 0 || len(spreads) == 0 {
		return out, nil
	}
	if len(people) > bot.MaxBatch || len(spreads) > maxSpreads {
		return nil, invalid("too many people or spreads at once")
	}
	args := make([]any, 0, 1+len(people)+len(spreads))
	args = append(args, linkedReason)
	for _, id := range spreads {
		args = append(args, id)
	}
	for _, p := range people {
		args = append(args, int64(p))
	}
	these, them := placeholders(2, len(spreads)), placeholders(2+len(spreads), len(people))
	// What was dropped because another of the linked persons has it was had.
	rows, err := tx.QueryContext(ctx, `select o.person, o.spread from outbox o where o.spread > 0 and o.spread in (`+these+`)
			and o.person in (`+them+`) and (o.state <> 'dropped' or o.reason = $1)
		union select p.linked, o.spread from persons p join outbox o on o.person = p.id and o.spread > 0 and o.spread in (`+these+`) and (o.state <> 'dropped' or o.reason = $1)
			where p.linked > 0 and p.linked in (`+them+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("look what people had: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p bot.PersonID
		var id int64
		if err := rows.Scan(&p, &id); err != nil {
			return nil, err
		}
		out[p] = append(out[p], id)
	}
	return out, rows.Err()
}

// Reachable says by which channel people would be written to.
func (s *Store) Reachable(ctx context.Context, to []bot.Recipient) ([]string, error) {
	found := make(map[bot.PersonID]string, len(to))
	err := inChunks(to, func(part []bot.Recipient) error {
		return s.db.Each(ctx, reachable(len(part)), peopleArgs(nil, part), func(r *sql.Rows) error {
			var p bot.PersonID
			var channel string
			err := r.Scan(&p, &channel)
			found[p] = channel
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look who can be reached: %w", err)
	}
	out := make([]string, len(to))
	for i, r := range to {
		out[i] = found[r.Person]
	}
	return out, nil
}

// reachable finds the channel by which each of n people would be written to.
func reachable(n int) string {
	return `select v.column1, c.channel from ` + people(1, n) + ` join contacts c on c.id = coalesce(
		(select x.id from contacts x where x.id = v.column2 and (x.person = v.column1 or exists (select 1 from persons p where p.id = x.person and p.linked = v.column1)) and x.is_out = 0),
		(select x.id from contacts x where x.person in (select p.id from persons p where p.id = v.column1 or p.linked > 0 and p.linked = v.column1)
			and x.is_out = 0 order by x.id limit 1))`
}

// deleteSpreads removes what closed spreads said when none of their rows is left.
func (s *Store) deleteSpreads(ctx context.Context, now time.Time) error {
	const old = `from outbox_spreads s where s.state <> 'open' and s.since < $1 and not exists (select 1 from outbox o where o.spread = s.id and o.spread > 0)`
	args := []any{now.Add(-KeepFailed).UnixMilli(), maintainBatch}
	if err := s.batches(ctx, `select b.id from outbox_bodies b where b.spread in (select s.id `+old+`) limit $2`, args, `delete from outbox_bodies where id = $1`); err != nil {
		return err
	}
	return s.batches(ctx, `select s.id `+old+` and not exists (select 1 from outbox_bodies b where b.spread = s.id) and s.id < (select max(id) from outbox_spreads) limit $2`,
		args, `delete from outbox_spreads where id = $1`)
}
