package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// What operators see is the kernel's, so that the console can show it.
type (
	OutboxFilter = bot.OutboxFilter
	OutboxRow    = bot.OutboxRow
	InboxRow     = bot.InboxRow
)

// heldNow is true of rows that wait and that a hold covers.
const heldNow = `o.state in ('queued', 'sending') and exists (select 1 from outbox_holds h
	where h.channel in ('', o.channel) and h.lane in ('', o.lane) and h.thing in ('', o.thing))`

// ListOutbox lists messages, oldest first.
func (s *Store) ListOutbox(ctx context.Context, f OutboxFilter) ([]OutboxRow, error) {
	where, args := []string{"o.id > $1"}, []any{f.After, page(f.Limit)}
	for _, c := range []struct{ column, value string }{
		{"state", string(f.State)}, {"channel", f.Channel}, {"lane", string(f.Lane)}, {"thing", f.Thing},
	} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("o.%s = $%d", c.column, len(args)))
		}
	}
	query := `select o.id, o.channel, o.lane, o.state, o.attempts, o.due, o.queued, o.reason, o.thing, o.doubt, ` + heldNow + `
		from outbox o where ` + strings.Join(where, " and ") + ` order by o.id limit $2`
	var out []OutboxRow
	err := s.db.Each(ctx, query, args, func(r *sql.Rows) error {
		var o OutboxRow
		var due, queued, doubt int64
		err := r.Scan(&o.Row, &o.Channel, &o.Lane, &o.State, &o.Attempts, &due, &queued, &o.Reason, &o.Thing, &doubt, &o.Held)
		o.Due, o.Queued, o.Doubt = bot.FromMillis(due), bot.FromMillis(queued), bot.FromMillis(doubt)
		out = append(out, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	return out, nil
}

// Hold is what an operator keeps from being sent: messages of a channel, a
// lane, about a thing; "" means any. At least one is given.
type Hold struct {
	Channel string
	Lane    bot.Lane
	Thing   string
	Since   time.Time // set by ListHolds
}

// maxHolds bounds the filter that every claim carries.
const maxHolds = 200

// HoldAll keeps matching messages, those there are and those to come, until ReleaseAll.
func (s *Store) HoldAll(ctx context.Context, h Hold, actor string) error {
	if h.Channel == "" && h.Lane == "" && h.Thing == "" {
		return invalid("say which channel, lane or thing to hold")
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var n int
		if err := tx.Get(`select count(*) from outbox_holds`, nil, &n); err != nil {
			return err
		}
		if n >= maxHolds {
			return invalid(fmt.Sprintf("there are %d holds already; release some", n))
		}
		if _, err := tx.Exec(`insert into outbox_holds (channel, lane, thing, since) values ($1, $2, $3, $4) on conflict do nothing`,
			h.Channel, string(h.Lane), h.Thing, s.millis()); err != nil {
			return err
		}
		return s.audit(tx, actor, "outbox.held", h.Thing, h.scope())
	})
	if err != nil {
		return fmt.Errorf("hold messages: %w", err)
	}
	return nil
}

func (h Hold) scope() string { return fmt.Sprintf("channel=%s lane=%s", h.Channel, h.Lane) }

// ReleaseAll removes exactly this hold; NotFound when there is none like it.
func (s *Store) ReleaseAll(ctx context.Context, h Hold, actor string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`delete from outbox_holds where channel = $1 and lane = $2 and thing = $3`, h.Channel, string(h.Lane), h.Thing)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("there is no such hold")
		}
		return s.audit(tx, actor, "outbox.released", h.Thing, h.scope())
	})
	if err != nil {
		return fmt.Errorf("release messages: %w", err)
	}
	return nil
}

// ListHolds lists the holds, oldest first.
func (s *Store) ListHolds(ctx context.Context) ([]Hold, error) {
	var out []Hold
	err := s.db.Each(ctx, `select channel, lane, thing, since from outbox_holds order by since, channel, lane, thing`, nil,
		func(r *sql.Rows) error {
			var h Hold
			var since int64
			err := r.Scan(&h.Channel, &h.Lane, &h.Thing, &since)
			h.Since = bot.FromMillis(since)
			out = append(out, h)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	return out, nil
}

// RetryRow sends a dead or held message again, or a waiting one now, with all
// its attempts. Conflict when it is not in such a state, its text is gone or whom it was for was erased. The
// reason, "" for none, stands in the audit trail.
func (s *Store) RetryRow(ctx context.Context, row int64, actor, reason string) error {
	return s.operate(ctx, row, actor, reason, "outbox.retried", `update outbox set state = 'queued', attempts = 0, retried = 0, due = $2, finished = 0, reason = ''
		where id = $1 and state in ('dead', 'held', 'queued') and (payload is not null or spread > 0 and person > 0)`)
}

// DropRow gives a message up that was not sent. Conflict when it is under way or gone.
func (s *Store) DropRow(ctx context.Context, row int64, actor, reason string) error {
	return s.operate(ctx, row, actor, reason, "outbox.dropped",
		`update outbox set state = 'dropped', finished = $2 where id = $1 and state in ('waiting', 'queued', 'held', 'dead')`)
}

func (s *Store) operate(ctx context.Context, row int64, actor, reason, action, query string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(query, row, s.millis())
		if err != nil {
			return err
		}
		if n == 0 {
			return conflict(fmt.Sprintf("message %d is under way, sent, gone, or was never there", row))
		}
		return s.audit(tx, actor, action, fmt.Sprintf("outbox:%d", row), reason)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// ListInbox lists updates that wait or failed, oldest first, above a turn.
// limit is at most 1000; 0 means 100.
func (s *Store) ListInbox(ctx context.Context, failed bool, after int64, limit int) ([]InboxRow, error) {
	state := "pending"
	if failed {
		state = string(bot.Failed)
	}
	// The state stands in the text, so that the index of that state is used.
	query := `select turn, channel, state, attempts, due, accepted, reason from inbox where state = '` + state + `' and turn > $1 order by turn limit $2`
	var out []InboxRow
	err := s.db.Each(ctx, query, []any{after, page(limit)}, func(r *sql.Rows) error {
		var i InboxRow
		var due, accepted int64
		err := r.Scan(&i.Turn, &i.Channel, &i.State, &i.Attempts, &due, &accepted, &i.Reason)
		i.Due, i.Accepted = bot.FromMillis(due), bot.FromMillis(accepted)
		out = append(out, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list inbox: %w", err)
	}
	return out, nil
}

// RetryInbox runs a failed update again. Its number stays, so it comes before
// younger ones that wait. Conflict when it did not fail or its text is gone.
func (s *Store) RetryInbox(ctx context.Context, turn int64, actor, reason string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`update inbox set state = 'pending', attempts = 0, due = 0, reason = ''
			where turn = $1 and state = 'failed' and payload is not null`, turn)
		if err != nil {
			return err
		}
		if n == 0 {
			return conflict(fmt.Sprintf("turn %d did not fail, or its text is gone", turn))
		}
		return s.audit(tx, actor, "inbox.retried", fmt.Sprintf("inbox:%d", turn), reason)
	})
	if err != nil {
		return fmt.Errorf("retry turn %d: %w", turn, err)
	}
	s.accepted()
	return nil
}

// DropInbox gives a failed update up for good and blanks its text; the citizen
// had an apology when it failed. Conflict when it did not fail.
func (s *Store) DropInbox(ctx context.Context, turn int64, actor, reason string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`update inbox set state = 'dropped', finished = $2, payload = null where turn = $1 and state = 'failed'`, turn, s.millis())
		if err != nil {
			return err
		}
		if n == 0 {
			return conflict(fmt.Sprintf("turn %d did not fail", turn))
		}
		return s.audit(tx, actor, "inbox.dropped", fmt.Sprintf("inbox:%d", turn), reason)
	})
	if err != nil {
		return fmt.Errorf("drop turn %d: %w", turn, err)
	}
	return nil
}
