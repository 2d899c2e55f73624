package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// feedBatch is how many rows of a spread come into the lane at once. It is what a
// pause or a stop leaves there, under a hold.
const feedBatch = 100

// underway is a spread that is being sent.
type underway struct {
	id    int64
	thing string
	due   int64
	quiet bot.Quiet
}

// from is when it may go on.
func (u underway) from(now time.Time) time.Time {
	at := now
	if due := bot.FromMillis(u.due); due.After(at) {
		at = due
	}
	return u.quiet.End(at)
}

func (s *Store) underway(ctx context.Context) ([]underway, error) {
	var out []underway
	err := s.db.Each(ctx, `select id, thing, due, quiet_from, quiet_to from outbox_spreads where state = 'open' order by id`, nil, func(r *sql.Rows) error {
		var u underway
		err := r.Scan(&u.id, &u.thing, &u.due, &u.quiet.From, &u.quiet.To)
		out = append(out, u)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read spreads: %w", err)
	}
	return out, nil
}

const (
	countFed   = `select count(*) from outbox where spread = $1 and spread > 0 and state = 'queued' and channel = $2`
	hasWaiting = `select count(*) from (select 1 from outbox where spread = $1 and spread > 0 and state = 'waiting' and channel = $2 limit 1) as w`
	feedRows   = `update outbox set state = 'queued', due = $3 where id in (select id from outbox
		where spread = $1 and spread > 0 and state = 'waiting' and channel = $2 and reason = '' order by id limit $4)`
)

// feed brings rows of spreads into the broadcast lane, so that a claim of n finds
// some, and returns the things that must not be sent now: those under a hold,
// and those whose hours are quiet.
func (s *Store) feed(ctx context.Context, channel string, n int, held []string) ([]string, error) {
	all, err := s.underway(ctx)
	if err != nil || len(all) == 0 {
		return held, err
	}
	now := s.now()
	things := held
	for _, u := range all {
		if slices.Contains(held, u.thing) {
			continue
		}
		if u.from(now).After(now) {
			things = merge(things, []string{u.thing})
			continue
		}
		var fed, waits int
		if err := s.db.Get(ctx, countFed, []any{u.id, channel}, &fed); err != nil {
			return nil, fmt.Errorf("feed: %w", err)
		}
		if fed >= n {
			continue
		}
		if err := s.db.Get(ctx, hasWaiting, []any{u.id, channel}, &waits); err != nil {
			return nil, fmt.Errorf("feed: %w", err)
		}
		if waits == 0 {
			continue
		}
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			var open int
			// It may have been stopped since it was looked at.
			if err := tx.Get(`select count(*) from outbox_spreads where id = $1 and state = 'open'`, []any{u.id}, &open); err != nil || open == 0 {
				return err
			}
			_, err := tx.Exec(feedRows, u.id, channel, now.UnixMilli(), feedBatch)
			return err
		}); err != nil {
			return nil, fmt.Errorf("feed: %w", err)
		}
	}
	return things, nil
}

// nextFeed is when a row of a spread may next come into the lane; zero for never. It adds
// to things those that must not be sent now.
func (s *Store) nextFeed(ctx context.Context, channel string, things *[]string) (time.Time, error) {
	all, err := s.underway(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var next time.Time
	now, held := s.now(), *things
	for _, u := range all {
		if slices.Contains(held, u.thing) {
			continue
		}
		at := u.from(now)
		if at.After(now) {
			*things = merge(*things, []string{u.thing})
		}
		var waits int
		if err := s.db.Get(ctx, hasWaiting, []any{u.id, channel}, &waits); err != nil {
			return next, fmt.Errorf("next of a spread: %w", err)
		}
		if waits > 0 && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}

// bodies keeps the words of spreads that were opened lately.
type bodies struct {
	mu   sync.Mutex
	kept map[bodyKey]bot.Message
}

type bodyKey struct {
	spread, version int64
	variant         int
	channel, lang   string
}

// maxBodies is how many are kept: a digest has one for each choice of topics.
const maxBodies = 512

// openRow is the message of a claimed row. That of a spread is put together from
// its words and the contact's address.
func (s *Store) openRow(ctx context.Context, row sealedRow) (bot.Message, error) {
	if row.spread == 0 {
		return s.openMessage(row.payload, row.messageID)
	}
	var userKey, channel, lang string
	var sealed []byte
	var out bool
	err := s.db.Get(ctx, `select user_key, channel, profile, lang, is_out from contacts where id = $1`, []any{int64(row.Contact)}, &userKey, &channel, &sealed, &lang, &out)
	if err != nil {
		return bot.Message{}, err
	}
	p, err := s.openProfile(sealed, userKey)
	if err != nil {
		return bot.Message{}, err
	}
	switch {
	case p.chat() == "":
		return bot.Message{}, errErased
	case out:
		return bot.Message{}, errLeft
	}
	m, err := s.body(ctx, row.spread, row.variant, channel, lang)
	if err != nil {
		return bot.Message{}, err
	}
	m.ID, m.To = row.messageID, bot.Address{Channel: channel, Chat: p.chat()}
	return m, nil
}

// body opens the words of a spread in a language, or the first language there is.
func (s *Store) body(ctx context.Context, spread int64, variant int, channel, lang string) (bot.Message, error) {
	var version int64
	if err := s.db.Get(ctx, `select version from outbox_spreads where id = $1`, []any{spread}, &version); err != nil {
		return bot.Message{}, err
	}
	key := bodyKey{spread, version, variant, channel, cmp.Or(lang, "vi")}
	s.bodies.mu.Lock()
	m, ok := s.bodies.kept[key]
	s.bodies.mu.Unlock()
	if ok {
		return m, nil
	}
	var found string
	var sealed []byte
	err := s.db.Get(ctx, `select lang, payload from outbox_bodies where spread = $1 and variant = $2 and channel = $3
		order by case when lang = $4 then 0 when lang = 'vi' then 1 else 2 end limit 1`, []any{spread, variant, channel, key.lang}, &found, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errors.New("the spread says nothing on this channel")
	}
	if err != nil {
		return m, err
	}
	plain, err := s.sealer.Open(sealed, bodyPlace(spread, variant, channel, found))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return m, errors.New("the words of the spread cannot be read")
	}
	s.bodies.mu.Lock()
	defer s.bodies.mu.Unlock()
	if s.bodies.kept == nil || len(s.bodies.kept) >= maxBodies {
		s.bodies.kept = map[bodyKey]bot.Message{}
	}
	s.bodies.kept[key] = m
	return m, nil
}

// chatOld fills in the digests of private chats for contacts of before version 7.
func (s *Store) chatOld(ctx context.Context) error {
	for {
		type old struct {
			id           int64
			channel, key string
			profile      []byte
		}
		var list []old
		if err := s.db.Each(ctx, `select id, channel, user_key, profile from contacts where chat = '' limit $1`, []any{maintainBatch}, func(r *sql.Rows) error {
			var o old
			err := r.Scan(&o.id, &o.channel, &o.key, &o.profile)
			list = append(list, o)
			return err
		}); err != nil {
			return fmt.Errorf("look for contacts: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, o := range list {
				// One that does not open is not written to; it gets a digest all the same, for it was looked at.
				p, _ := s.openProfile(o.profile, o.key) //nolint:errcheck // see above
				if _, err := tx.Exec(`update contacts set chat = $2 where id = $1`, o.id, s.chatKey(o.channel, p.chat())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill in contacts: %w", err)
		}
	}
}
