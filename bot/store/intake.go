package store

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

const insertUpdate = `insert into inbox (channel, update_key, chat, session_key, user_key, state, attempts, due, accepted, finished, payload)
	values ($1, $2, $3, $4, $5, 'pending', 0, 0, $6, $6, $7) on conflict (update_key) do nothing`

// Accept takes an update in: one row, on the disk when Accept returns nil. An
// update that came before is accepted again without effect.
func (s *Store) Accept(ctx context.Context, u bot.Update) error {
	if err := u.Check(); err != nil {
		return err
	}
	if err := checkIDs(u); err != nil {
		return err
	}
	u.Normalize(s.clean)
	plain, err := json.Marshal(u)
	if err != nil {
		return invalid("update cannot be written down")
	}
	key := s.updateKey(u.Channel, u.ID)
	sealed, err := s.sealer.Seal(plain, inboxPlace(key))
	if err != nil {
		return fmt.Errorf("seal update: %w", err)
	}
	chat, session, user := s.chatKey(u.Channel, u.Chat), s.sessionKey(u.Key()), s.userKey(u.Channel, u.From.ID)
	var rows int64
	err = s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		rows, err = tx.Exec(insertUpdate, u.Channel, key, chat, session, user, s.millis(), sealed)
		return err
	})
	if err != nil {
		return fmt.Errorf("accept update: %w", err)
	}
	if rows > 0 {
		s.accepted()
	}
	return nil
}

// checkIDs refuses ids that would not survive being written down, or could be
// taken for another one: they come from outside and are sent back unchanged.
func checkIDs(u bot.Update) error {
	for name, v := range map[string]string{
		"id": u.ID, "channel": u.Channel, "chat": u.Chat, "sender": u.From.ID,
		"thread": u.Thread, "reply": u.ReplyTo,
	} {
		if !utf8.ValidString(v) {
			return invalid("update " + name + " is not valid UTF-8")
		}
		for _, r := range v {
			if unicode.IsControl(r) {
				return invalid("update " + name + " holds control characters")
			}
		}
	}
	return nil
}

const (
	hasHeld = `select count(*) from outbox where chat = $1 and state = 'held' and state in ('queued', 'sending', 'held')`
	// released rows keep their number and so their place in the lane.
	releaseHeld = `update outbox set state = 'queued', due = $2, reason = ''
		where chat = $1 and state = 'held' and state in ('queued', 'sending', 'held')`
)

// Present releases the messages that wait until the citizen is there.
func (s *Store) Present(ctx context.Context, a bot.Address) error {
	chat := s.chatKey(a.Channel, a.Chat)
	var n int
	if err := s.db.Get(ctx, hasHeld, []any{chat}, &n); err != nil {
		return fmt.Errorf("look for held messages: %w", err)
	}
	if n == 0 {
		return nil // the usual case costs no write
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(releaseHeld, chat, s.millis())
		return err
	})
}
