package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// Stats is what figures and readiness need of the store.
type Stats struct {
	InboxPending int
	InboxFailed  int
	OldestUpdate time.Duration // age of the oldest pending update
	Outbox       []OutboxStats
	Holds        int
	QuietChats   int  // chats left to a person of the office now
	Unscrubbed   bool // a dropped turn waits to be cleaned out of the write-ahead log
	Disk         sqldb.Usage
}

// OutboxStats counts the messages of one channel, lane and state. Those that
// were sent or dropped are not counted.
type OutboxStats struct {
	Channel string
	Lane    bot.Lane
	State   bot.OutboxState
	Count   int
	Oldest  time.Duration // queued only: how long the longest has been due
}

// Stats counts. It reads indexes only, so it may be asked every few seconds.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	out := Stats{Unscrubbed: s.unscrubbed.Load()}
	now := s.now()
	var oldest int64
	err := s.db.Get(ctx, `select count(*) from inbox where state = 'pending'`, nil, &out.InboxPending)
	if err == nil && out.InboxPending > 0 {
		err = s.db.Get(ctx, `select coalesce(min(accepted), 0) from inbox
			where turn = (select min(turn) from inbox where state = 'pending')`, nil, &oldest)
		if oldest > 0 {
			out.OldestUpdate = max(now.Sub(bot.FromMillis(oldest)), 0)
		}
	}
	if err == nil {
		err = s.db.Get(ctx, `select count(*) from inbox where state = 'failed'`, nil, &out.InboxFailed)
	}
	if err == nil {
		err = s.db.Get(ctx, `select count(*) from outbox_holds`, nil, &out.Holds)
	}
	if err == nil {
		err = s.db.Get(ctx, countQuiet, []any{now.UnixMilli()}, &out.QuietChats)
	}
	if err != nil {
		return out, fmt.Errorf("count: %w", err)
	}
	if out.Outbox, err = s.outboxStats(ctx, now); err != nil {
		return out, fmt.Errorf("count outbox: %w", err)
	}
	if out.Disk, err = s.db.Usage(); err != nil {
		return out, fmt.Errorf("measure database: %w", err)
	}
	return out, nil
}

// countQuiet has its own condition twice, so that its index is used.
const countQuiet = `select count(*) from standings where quiet > 0 and quiet > $1`

// countOpen goes along its index, channel by channel and lane by lane, so that
// a long queue needs no sorting.
const countOpen = `select channel, lane, sum(case when state = 'queued' then 1 else 0 end),
		sum(case when state = 'sending' then 1 else 0 end), coalesce(min(case when state = 'queued' then due end), 0)
	from outbox where state in ('queued', 'sending') group by channel, lane`

func (s *Store) outboxStats(ctx context.Context, now time.Time) ([]OutboxStats, error) {
	var out []OutboxStats
	add := func(o OutboxStats, state bot.OutboxState, count int) {
		if o.State, o.Count = state, count; count > 0 {
			out = append(out, o)
		}
	}
	err := s.db.Each(ctx, countOpen, nil, func(r *sql.Rows) error {
		var o OutboxStats
		var queued, sending int
		var due int64
		err := r.Scan(&o.Channel, &o.Lane, &queued, &sending, &due)
		add(o, bot.OutboxSending, sending)
		if queued > 0 {
			o.Oldest = max(now.Sub(bot.FromMillis(due)), 0)
		}
		add(o, bot.OutboxQueued, queued)
		return err
	})
	if err != nil {
		return nil, err
	}
	// One text each, so that the index of the state is used.
	for state, query := range map[bot.OutboxState]string{
		bot.OutboxHeld: `select channel, lane, count(*) from outbox where state = 'held' group by channel, lane`,
		bot.OutboxDead: `select channel, lane, count(*) from outbox where state = 'dead' group by channel, lane`,
	} {
		if err := s.db.Each(ctx, query, nil, func(r *sql.Rows) error {
			var o OutboxStats
			var n int
			err := r.Scan(&o.Channel, &o.Lane, &n)
			add(o, state, n)
			return err
		}); err != nil {
			return nil, err
		}
	}
	waiting, err := s.waitingStats(ctx, now)
	return append(out, waiting...), err
}

// countWaiting walks through what waits of the spreads under way, along their index.
const countWaiting = `select o.channel, count(*) from outbox_spreads s join outbox o on o.spread = s.id and o.spread > 0 and o.state = 'waiting'
	where s.state = 'open' group by o.channel`

// waitingFor is how long a count of many is believed, and from how many on: each
// of a million rows is counted.
const (
	waitingFor  = 30 * time.Second
	manyWaiting = 10_000
)

// waiting keeps what was counted of spreads.
type waiting struct {
	mu    sync.Mutex
	at    time.Time
	total int
	last  []OutboxStats
}

func (s *Store) waitingStats(ctx context.Context, now time.Time) ([]OutboxStats, error) {
	w := &s.waiting
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.total >= manyWaiting && now.Sub(w.at) < waitingFor {
		return w.last, nil
	}
	w.last, w.total, w.at = nil, 0, now
	err := s.db.Each(ctx, countWaiting, nil, func(r *sql.Rows) error {
		o := OutboxStats{Lane: bot.LaneBroadcast, State: bot.OutboxWaiting}
		err := r.Scan(&o.Channel, &o.Count)
		w.last = append(w.last, o)
		w.total += o.Count
		return err
	})
	if err != nil {
		w.last, w.total = nil, 0
	}
	return w.last, err
}

// Ping reports whether the database can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.db.Get(ctx, `select 1`, nil, &one)
}
