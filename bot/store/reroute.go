package store

import (
	"context"
	"errors"
	"fmt"

	"cchcbot/bot"
)

// reroute is for a contact that cannot be written to any more: what waits for it of
// spreads goes to another contact of the person; else it is dropped for the reason. With refused the caller knows
// that the row under way did not arrive: it goes the other way, too; without one it is the caller's.
func (s *Store) reroute(ctx context.Context, tx bot.Tx, c bot.ContactID, reason string, refused bool) error {
	// What may have arrived is not sent to the same person once more. The states that say nothing new are those of the index of chats.
	rows, err := tx.QueryContext(ctx, `select id, spread, state = 'sending', doubt <> 0 from outbox where contact = $1 and lane = 'broadcast' and state in ('waiting', 'queued', 'held')
		union all select o.id, o.spread, true, false from outbox o join contacts c on c.id = $1
			where o.chat = c.chat and o.contact = $1 and o.lane = 'broadcast' and o.spread > 0 and o.state = 'sending' and o.state in ('queued', 'sending', 'held') and o.due > $2 and o.doubt = 0 and $3 = 1`, int64(c), s.millis(), number(refused))
	if err != nil {
		return fmt.Errorf("find another way: %w", err)
	}
	type row struct {
		id, spread   int64
		trying, sent bool
	}
	var list []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.spread, &r.trying, &r.sent); err != nil {
			return errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, r := range list {
		ok := false
		if r.spread > 0 && !r.sent {
			if ok, err = s.rerouteRow(ctx, tx, r.id, r.spread); err != nil {
				return err
			}
		}
		if ok || r.trying {
			continue
		}
		if _, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $2, finished = $3 where id = $1`, r.id, reason, s.millis()); err != nil {
			return fmt.Errorf("drop news: %w", err)
		}
	}
	return nil
}

// rerouteRow gives a row of a spread to the best contact of its person now, and reports whether
// there is one. A spread that is closed brings nothing into the lane any more: its row comes there at once, to be sent
// when the hours are not quiet.
func (s *Store) rerouteRow(ctx context.Context, tx bot.Tx, id, spread int64) (bool, error) {
	channels, err := channelsOf(ctx, tx, spread)
	if err != nil || len(channels) == 0 {
		return false, err
	}
	var u underway
	err = tx.QueryRowContext(ctx, `select due, quiet_from, quiet_to from outbox_spreads where id = $1`, spread).Scan(&u.due, &u.quiet.From, &u.quiet.To)
	if err != nil {
		return false, fmt.Errorf("find another way: %w", err)
	}
	n := len(channels)
	// It replaces nothing there: the message that it was to replace stands in the other chat.
	res, err := tx.ExecContext(ctx, `update outbox set contact = c.id, channel = c.channel, chat = c.chat, attempts = 0, retried = 0, reason = '', edits = '', due = $2,
			state = case when s.state = 'open' then 'waiting' else 'queued' end
		from outbox o join outbox_spreads s on s.id = o.spread and s.state <> 'stopped'
			join contacts c on c.id = `+best(lead("o.person"), "o.contact", placeholders(3, n))+`
		where o.id = $1 and outbox.id = $1`, append([]any{id, toMillis(u.from(s.now()))}, channels...)...)
	if err != nil {
		return false, fmt.Errorf("find another way: %w", err)
	}
	moved, err := res.RowsAffected()
	return moved > 0, err
}
