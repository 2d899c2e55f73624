package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// maxClaim is the most rows that one claim leases.
const maxClaim = 100

// unreadableReason is the text key of a message whose payload does not open.
const unreadableReason = "delivery.reason_unreadable"

// free is the condition under which no other row keeps row o waiting at the
// time $1: none of its chat is under lease, and in its lane none before it is
// due, under way, or waiting for a retry. A message planned for later does not
// hold back the ones behind it. THINGS stands for the filter of held things.
const free = `not exists (select 1 from outbox b
	where b.chat = o.chat and b.id <> o.id and b.state in ('queued', 'sending', 'held') and (
		b.state = 'sending' and b.due > $1
		or b.lane = o.lane and b.id < o.id and (b.state = 'sending' or b.state = 'queued' and (b.retried = 1 or b.due <= $1)) THINGS(b)))`

// The plus keeps SQLite from looking at the bound value while it plans, to compare
// the lane with the one that an index is partial to, or to see how many rows are
// wanted: a statement whose plan hangs on a bound value is planned anew each time it
// runs, which costs more than running it.
const (
	selectDue = `select o.id from outbox o where o.channel = $2 and o.lane = +$3 and o.state in ('queued', 'sending')
		and o.due <= $1 THINGS(o) and ` + free + ` order by o.due, o.id limit +$4`
	selectNext = `select o.due from outbox o where o.channel = $2 and o.lane = +$3 and o.state in ('queued', 'sending')
		THINGS(o) and ` + free + ` order by o.due limit 1`
	// The conditions are looked at again inside the transaction. A lease that ran
	// out counts as an attempt, so that a message which kills its sender ends some
	// day, and leaves that attempt in doubt. What came back for another try after its
	// spread was stopped is not sent.
	claimRow = `update outbox as o set state = 'sending', due = $3, tried = $1,
			attempts = o.attempts + case when o.state = 'sending' then 1 else 0 end,
			doubt = case when o.state = 'sending' and o.doubt = 0 then o.tried else o.doubt end
		where o.id = $2 and o.state in ('queued', 'sending') and o.due <= $1 and ` + free + `
			and (o.spread = 0 or not exists (select 1 from outbox_spreads s where s.id = o.spread and s.state = 'stopped'))
		returning message_id, lane, contact, attempts, moves, in_group, queued, doubt, payload, chat, spread, variant, edits`
	selectStanding = `select heard, wrote, note from standings where chat = $1`
)

// withThings fills the filter of held things into a query and returns it with
// its arguments.
func withThings(query string, things []string, args ...any) (string, []any) {
	if len(things) == 0 {
		return strings.NewReplacer("THINGS(o)", "", "THINGS(b)", "").Replace(query), args
	}
	marks := make([]string, len(things))
	for i, t := range things {
		args = append(args, t)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	list := ".thing not in (" + strings.Join(marks, ", ") + ")"
	return strings.NewReplacer("THINGS(o)", "and o"+list, "THINGS(b)", "and b"+list).Replace(query), args
}

// sealedRow is a claimed row before it is opened.
type sealedRow struct {
	bot.Claimed
	messageID string
	payload   []byte
	chat      string
	spread    int64 // whose words they are; 0: its own payload
	variant   int
}

// Recover ends all leases at once, for a process that just started and is the
// only one on this database: whoever held them is gone, so what was on its way
// need not wait for a lease to run out. It returns how many there were. Each
// may have arrived already: that is the one message the crash table lets come twice.
func (s *Store) Recover(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		n, err = tx.Exec(`update outbox set due = $1 where state = 'sending'`, s.millis())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end leases: %w", err)
	}
	return n, nil
}

// Claim leases due messages. When none is due it writes nothing.
func (s *Store) Claim(ctx context.Context, channel string, lane bot.Lane, n int, lease time.Duration) ([]bot.Claimed, error) {
	if n <= 0 || lease <= 0 {
		return nil, fmt.Errorf("store: a claim needs a number and a lease above zero, got %d and %s", n, lease)
	}
	all, things, err := s.holdsOn(ctx, channel, lane)
	if err != nil {
		return nil, err
	}
	if all {
		return nil, nil
	}
	now := s.millis()
	if lane == bot.LaneBroadcast {
		if things, err = s.feed(ctx, channel, min(n, maxClaim), things); err != nil {
			return nil, err
		}
	}
	query, args := withThings(selectDue, things, now, channel, string(lane), min(n, maxClaim))
	var ids []int64
	if err := s.each(ctx, len(things) == 0, query, args, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}); err != nil {
		return nil, fmt.Errorf("find due messages: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []sealedRow
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		rows = rows[:0]
		for _, id := range ids {
			row, ok, err := s.claim(tx, id, now, lease, things)
			if err != nil {
				return err
			}
			if ok {
				rows = append(rows, row)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	return s.openClaimed(ctx, rows)
}

// each runs a query of the reading pool; kept when its text is always the same.
func (s *Store) each(ctx context.Context, kept bool, query string, args []any, scan func(*sql.Rows) error) (err error) {
	if kept {
		return s.db.Each(ctx, query, args, scan)
	}
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Store) claim(tx *sqldb.Tx, id, now int64, lease time.Duration, things []string) (row sealedRow, ok bool, err error) {
	query, args := withThings(claimRow, things, now, id, now+lease.Milliseconds())
	var lane string
	var queued, doubt int64
	row.Row = id
	err = tx.Get(query, args, &row.messageID, &lane, &row.Contact, &row.Attempts, &row.Moves, &row.Group, &queued, &doubt, &row.payload, &row.chat,
		&row.spread, &row.variant, &row.Edits)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil // another sender was first
	}
	if err != nil {
		return row, false, err
	}
	row.Lane, row.Queued, row.Doubt = bot.Lane(lane), bot.FromMillis(queued), bot.FromMillis(doubt)
	var heard, wrote int64
	err = tx.Get(selectStanding, []any{row.chat}, &heard, &wrote, &row.Standing.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return row, true, nil
	}
	row.Standing.Heard, row.Standing.Wrote = bot.FromMillis(heard), bot.FromMillis(wrote)
	return row, err == nil, err
}

// openClaimed opens the payloads. One that does not open is given up, not
// allowed to block its chat.
func (s *Store) openClaimed(ctx context.Context, rows []sealedRow) ([]bot.Claimed, error) {
	out := make([]bot.Claimed, 0, len(rows))
	for _, row := range rows {
		m, err := s.openRow(ctx, row)
		if errors.Is(err, errErased) {
			if err := s.Bury(ctx, row.Row, erasedReason); err != nil {
				return nil, err
			}
			continue
		}
		if errors.Is(err, errLeft) {
			if err := s.leftMeanwhile(ctx, row.Claimed); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			s.log.Error("a message in the outbox cannot be opened", "row", row.Row, "err", err)
			if err := s.Bury(ctx, row.Row, unreadableReason); err != nil {
				return nil, err
			}
			continue
		}
		row.Message = m
		out = append(out, row.Claimed)
	}
	return out, nil
}

// leftMeanwhile ends the claim of a row whose contact left since it was found.
func (s *Store) leftMeanwhile(ctx context.Context, c bot.Claimed) error {
	if err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return s.reroute(ctx, tx, c.Contact, goneReason, true) }); err != nil {
		return err
	}
	return s.Bury(ctx, c.Row, goneReason) // unless it went another way
}

func (s *Store) openMessage(sealed []byte, id string) (bot.Message, error) {
	var m bot.Message
	plain, err := s.sealer.Open(sealed, outboxPlace(id))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return m, errors.New("the message cannot be read")
	}
	return m, nil
}

// holdsOn reads the operators' holds: whether all of the lane is held, else
// which things are.
func (s *Store) holdsOn(ctx context.Context, channel string, lane bot.Lane) (all bool, things []string, err error) {
	err = s.db.Each(ctx, `select thing from outbox_holds where channel in ('', $1) and lane in ('', $2) order by thing`,
		[]any{channel, string(lane)}, func(r *sql.Rows) error {
			var thing string
			if err := r.Scan(&thing); err != nil {
				return err
			}
			all = all || thing == ""
			things = append(things, thing)
			return nil
		})
	if err != nil {
		return false, nil, fmt.Errorf("read holds: %w", err)
	}
	return all, slices.Compact(things), nil
}

// Sent records the platform's receipt, whatever became of the row meanwhile,
// and its note with the chat's standing.
func (s *Store) Sent(ctx context.Context, row int64, r bot.Receipt) error {
	if len(r.Note) > bot.MaxNote {
		r.Note = "" // a note that is not what it should be is none
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`update outbox set state = 'sent', finished = $2, receipt = $3, reason = '',
			tried = case when doubt > 0 then doubt else tried end, doubt = 0 where id = $1`, row, s.millis(), r.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("it is not in the outbox")
		}
		if r.Note == "" {
			return nil
		}
		_, err = tx.Exec(upsertNote, row, r.Note, s.millis())
		return err
	})
	if err != nil {
		return fmt.Errorf("record message %d as sent: %w", row, err)
	}
	return nil
}

// Doubt puts a claimed row back whose attempt at tried may have succeeded.
func (s *Store) Doubt(ctx context.Context, row int64, tried, due time.Time, reason string) error {
	return s.settle(ctx, `update outbox set state = 'queued', retried = 1, due = $2, attempts = attempts + 1, reason = $3, doubt = $4
		where id = $1 and state = 'sending'`, row, toMillis(due), reason, toMillis(tried))
}

// Retry puts a claimed row back until due. A row that an operator dropped meanwhile stays dropped.
func (s *Store) Retry(ctx context.Context, row int64, due time.Time, counts bool, reason string) error {
	return s.settle(ctx, `update outbox set state = 'queued', retried = 1, due = $2, attempts = attempts + $3, reason = $4, doubt = 0
		where id = $1 and state = 'sending'`, row, toMillis(due), number(counts), reason)
}

// Hold keeps a claimed row until the citizen writes.
func (s *Store) Hold(ctx context.Context, row int64, reason string) error {
	return s.settle(ctx, `update outbox set state = 'held', reason = $2 where id = $1 and state = 'sending'`, row, reason)
}

// Bury gives a claimed row up.
func (s *Store) Bury(ctx context.Context, row int64, reason string) error {
	return s.settle(ctx, `update outbox set state = 'dead', reason = $2, finished = $3, doubt = 0 where id = $1 and state = 'sending'`,
		row, reason, s.millis())
}

func (s *Store) settle(ctx context.Context, query string, row int64, args ...any) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(query, append([]any{row}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle message %d: %w", row, err)
	}
	return nil
}

// Move rewrites the chat of a row and of all that wait for the same old
// address. States and leases stay as they are; the move counts for the row itself,
// the one that was tried.
func (s *Store) Move(ctx context.Context, row int64, to string) error {
	if to == "" || len(to) > bot.MaxID {
		return invalid("the new chat is empty or too long")
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var channel, chat string
		if err := tx.Get(`select channel, chat from outbox where id = $1`, []any{row}, &channel, &chat); err != nil {
			return err
		}
		moved := s.chatKey(channel, to)
		if moved == chat {
			return nil
		}
		for {
			var id int64
			var messageID string
			var payload []byte
			err := tx.Get(`select id, message_id, payload from outbox where chat = $1 and state in ('queued', 'sending', 'held') order by id limit 1`,
				[]any{chat}, &id, &messageID, &payload)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			// The words of a spread have no address, and a chat of one person does not move.
			if payload, err = s.readdress(payload, messageID, to); err != nil {
				return err
			}
			if _, err := tx.Exec(`update outbox set chat = $2, payload = $3, moves = moves + $4 where id = $1`,
				id, moved, payload, number(id == row)); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("move message %d: %w", row, err)
	}
	return nil
}

func (s *Store) readdress(sealed []byte, messageID, to string) ([]byte, error) {
	m, err := s.openMessage(sealed, messageID)
	if err != nil {
		return sealed, nil //nolint:nilerr // a message that does not open is given up when it is claimed
	}
	m.To.Chat = to
	plain, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return s.sealer.Seal(plain, outboxPlace(messageID))
}

// OptOut marks a contact as gone; the news that wait for it go another way, or are dropped.
func (s *Store) OptOut(ctx context.Context, c bot.ContactID, reason string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`update contacts set is_out = 1, out_reason = $2 where id = $1`, int64(c), reason); err != nil {
			return err
		}
		return s.reroute(ctx, tx, c, reason, true)
	})
	if err != nil {
		return fmt.Errorf("opt contact %d out: %w", c, err)
	}
	return nil
}

// NextDue is when a claim on the channel may next find something: the earliest
// row that no other row and no hold keeps waiting.
func (s *Store) NextDue(ctx context.Context, channel string) (time.Time, error) {
	var next int64
	for _, lane := range bot.Lanes {
		all, things, err := s.holdsOn(ctx, channel, lane)
		if err != nil {
			return time.Time{}, err
		}
		if all {
			continue
		}
		if lane == bot.LaneBroadcast {
			feedable, err := s.nextFeed(ctx, channel, &things)
			if err != nil {
				return time.Time{}, err
			}
			if at := toMillis(feedable); at != 0 && (next == 0 || at < next) {
				next = at
			}
		}
		query, args := withThings(selectNext, things, s.millis(), channel, string(lane))
		if err := s.each(ctx, len(things) == 0, query, args, func(r *sql.Rows) error {
			var due int64
			err := r.Scan(&due)
			if next == 0 || due < next {
				next = due
			}
			return err
		}); err != nil {
			return time.Time{}, fmt.Errorf("next message of %s: %w", channel, err)
		}
	}
	return bot.FromMillis(next), nil
}

// SentThing is what a message was about that the platform knows by this receipt
// in a chat, so that an answer to it finds its case. It fails with *bot.Error
// NotFound when there was none, or none since [KeepOutbox].
func (s *Store) SentThing(ctx context.Context, to bot.Address, receipt string) (string, error) {
	var thing string
	if receipt == "" {
		return "", notFound("no message without a receipt is known")
	}
	err := s.db.Get(ctx, `select thing from outbox where chat = $1 and receipt = $2 and receipt <> '' order by id desc limit 1`,
		[]any{s.chatKey(to.Channel, to.Chat), receipt}, &thing)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", notFound("no such message was sent")
	case err != nil:
		return "", fmt.Errorf("find what a message was about: %w", err)
	}
	return thing, nil
}
