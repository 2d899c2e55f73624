package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// maxPage is the most rows that one call lists.
const maxPage = 1000

const selectPending = `select turn, chat, attempts, due from inbox where state = 'pending' and turn > $1 order by turn limit +$2` // the plus: see selectDue

// Pending lists updates without a turn, oldest first.
func (s *Store) Pending(ctx context.Context, after int64, limit int) ([]bot.Pending, error) {
	var out []bot.Pending
	err := s.db.Each(ctx, selectPending, []any{after, min(limit, maxPage)}, func(r *sql.Rows) error {
		var p bot.Pending
		var due int64
		if err := r.Scan(&p.Turn, &p.Chat, &p.Attempts, &due); err != nil {
			return err
		}
		p.Due = bot.FromMillis(due)
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list pending updates: %w", err)
	}
	return out, nil
}

const selectLoaded = `select i.update_key, i.user_key, i.attempts, i.payload, coalesce(k.last_turn, 0),
		coalesce(c.id, 0), coalesce(c.person, 0), c.profile, coalesce(c.lang, ''), coalesce(c.is_out, 0), coalesce(c.since, 0)
	from inbox i
	left join chats k on k.session_key = i.session_key
	left join contacts c on c.user_key = i.user_key
	where i.turn = $1 and i.state = 'pending'`

// profile is the sealed part of a contact.
type profile struct {
	User string `json:"user"`
	Name string `json:"name,omitempty"`
	Chat string `json:"chat,omitempty"` // of their own, when it is not called as the user is
}

// chat is where news goes: the private chat, which on most platforms has the user's id.
func (p profile) chat() string {
	if p.Chat != "" {
		return p.Chat
	}
	return p.User
}

// Load reads a pending update with its contact and its conversation's last turn.
func (s *Store) Load(ctx context.Context, turn int64) (bot.Loaded, error) {
	l := bot.Loaded{Turn: turn}
	var updateKey, userKey string
	var payload, known []byte
	var since int64
	c := &l.Contact
	err := s.db.Get(ctx, selectLoaded, []any{turn},
		&updateKey, &userKey, &l.Attempts, &payload, &l.LastTurn, &c.ID, &c.Person, &known, &c.Lang, &c.Out, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return bot.Loaded{}, notFound(fmt.Sprintf("turn %d is not pending", turn))
	}
	if err != nil {
		return bot.Loaded{}, fmt.Errorf("load turn %d: %w", turn, err)
	}
	plain, err := s.sealer.Open(payload, inboxPlace(updateKey))
	if err != nil {
		return bot.Loaded{}, fmt.Errorf("load turn %d: %w", turn, err)
	}
	if err := json.Unmarshal(plain, &l.Update); err != nil {
		return bot.Loaded{}, fmt.Errorf("load turn %d: the update cannot be read", turn)
	}
	c.Channel, c.User, c.Name = l.Update.Channel, l.Update.From.ID, l.Update.From.Name
	c.Since, c.New = bot.FromMillis(since), c.ID == 0
	if !l.Update.Group {
		c.Chat = l.Update.Chat
	}
	if c.New {
		c.Since = s.now()
		return l, nil
	}
	if c.Name == "" || c.Chat == "" { // this update did not say: keep what is known
		p, err := s.openProfile(known, userKey)
		if err != nil {
			return bot.Loaded{}, fmt.Errorf("load turn %d: contact: %w", turn, err)
		}
		c.Name = cmp.Or(c.Name, p.Name)
		c.Chat = cmp.Or(c.Chat, p.chat())
	}
	return l, nil
}

func (s *Store) openProfile(sealed []byte, userKey string) (profile, error) {
	var p profile
	plain, err := s.sealer.Open(sealed, contactPlace(userKey))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p)
}

const selectSession = `select k.session from inbox i join chats k on k.session_key = i.session_key
	where i.turn = $1 and k.last_turn = $1`

// SessionOf returns the sealed session that a conversation's last turn left. Of
// earlier turns none is kept.
func (s *Store) SessionOf(ctx context.Context, turn int64) ([]byte, error) {
	var session []byte
	err := s.db.Get(ctx, selectSession, []any{turn}, &session)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("session of turn %d: %w", turn, err)
	}
	return session, nil
}

// Postpone records a failed attempt.
func (s *Store) Postpone(ctx context.Context, turn int64, attempts int, due time.Time, reason string) error {
	return s.change(ctx, fmt.Sprintf("postpone turn %d", turn), fmt.Sprintf("turn %d is not pending", turn),
		`update inbox set attempts = $2, due = $3, reason = $4 where turn = $1 and state = 'pending'`,
		turn, attempts, toMillis(due), reason)
}

// Abandon ends an update that cannot be loaded.
func (s *Store) Abandon(ctx context.Context, turn int64, reason string) error {
	return s.change(ctx, fmt.Sprintf("abandon turn %d", turn), fmt.Sprintf("turn %d is not pending", turn),
		`update inbox set state = 'failed', reason = $2, finished = $3 where turn = $1 and state = 'pending'`,
		turn, reason, s.millis())
}

// change runs one statement that must change a row; NotFound with missing when it changes none.
func (s *Store) change(ctx context.Context, what, missing, query string, args ...any) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(query, args...)
		if err == nil && n == 0 {
			return notFound(missing)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
