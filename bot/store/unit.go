package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// maxThing is the most bytes of what a message is about.
const maxThing = 120

// unit is one open write transaction. Its own statements are short and run to
// their end; those of features stop with their context.
type unit struct {
	s       *Store
	tx      *sqldb.Tx
	dropped bool
	ended   bool
}

// Begin waits for the units before it and opens one. Units wait among
// themselves, and only the first of them waits for the database: an update to
// take in, or a message to hand to a sender, has one unit before it and not one
// of every worker.
func (s *Store) Begin(ctx context.Context) (bot.Unit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.units <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the units before: %w", ctx.Err())
	}
	tx, err := s.db.BeginWrite(ctx)
	if err != nil {
		<-s.units
		return nil, err
	}
	return &unit{s: s, tx: tx}, nil
}

// end lets the next unit come.
func (u *unit) end() {
	if !u.ended {
		u.ended = true
		<-u.s.units
	}
}

func (u *unit) Tx() bot.Tx { return u.tx }

func (u *unit) Rollback() error {
	defer u.end()
	return u.tx.Rollback()
}

// Commit makes the unit durable. After a dropped turn it also cleans the files,
// which takes a little longer.
func (u *unit) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, u.Rollback())
	}
	err := u.tx.Commit() // ends the transaction either way
	u.end()
	if err != nil {
		return err
	}
	if u.dropped {
		u.s.unscrubbed.Store(true)
		u.s.scrub(context.WithoutCancel(ctx))
	}
	return nil
}

const insertMessage = `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, unique_key, payload)
	values ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`

// Enqueue puts messages into the outbox, in order. One whose Unique value was
// queued before is left out.
func (u *unit) Enqueue(ctx context.Context, queued []bot.Queued) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := u.s.millis()
	for _, q := range queued {
		if err := u.enqueue(q, now); err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) enqueue(q bot.Queued, now int64) error {
	m := q.Message
	switch {
	case m.ID == "" || m.To.Channel == "" || m.To.Chat == "":
		return errors.New("store: a message needs an id, a channel and a chat")
	case q.Lane != bot.LaneReply && q.Lane != bot.LaneFollowUp && q.Lane != bot.LaneBroadcast:
		return fmt.Errorf("store: there is no lane %q", q.Lane)
	case len(q.Thing) > maxThing:
		return fmt.Errorf("store: what a message is about has more than %d bytes", maxThing)
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write message down: %w", err)
	}
	sealed, err := u.s.sealer.Seal(plain, outboxPlace(m.ID))
	if err != nil {
		return fmt.Errorf("seal message: %w", err)
	}
	var once any // null: as often as it is queued
	if q.Unique != "" {
		once = u.s.sealer.Digest("unique\x1f" + q.Unique)
	}
	_, err = u.tx.Exec(insertMessage, m.ID, m.To.Channel, u.s.chatKey(m.To.Channel, m.To.Chat), string(q.Lane),
		number(q.Group), max(now, toMillis(q.NotUntil)), now, int64(q.Contact), q.Thing, once, sealed)
	return err
}

const (
	endTurn = `update inbox set state = $2, reason = $3, finished = $4 where turn = $1 and state = 'pending'`
	// dropTurn leaves no text behind: the payload's bytes are overwritten at the commit (secure_delete).
	dropTurn  = `update inbox set state = $2, reason = $3, finished = $4, payload = null where turn = $1 and state = 'pending'`
	firstTurn = `insert into chats (session_key, last_turn, updated, session) values ($1, $2, $3, $4) on conflict (session_key) do nothing`
	nextTurn  = `update chats set last_turn = $2, updated = $3, session = $4 where session_key = $1 and last_turn = $5`
)

// Finish writes the end of a turn.
func (u *unit) Finish(ctx context.Context, f bot.Finished) (bot.ContactID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	now := u.s.millis()
	if err := u.endRow(f, now); err != nil {
		return 0, err
	}
	if err := u.setLastTurn(f, now); err != nil {
		return 0, err
	}
	if f.Release {
		if _, err := u.tx.Exec(releaseHeld, u.s.chatKey(f.Key.Channel, f.Key.Chat), now); err != nil {
			return 0, fmt.Errorf("release held messages: %w", err)
		}
	}
	if err := u.stand(f, now); err != nil {
		return 0, err
	}
	id, err := u.saveContact(f.Contact, now)
	switch {
	case err != nil:
	case f.Erase:
		err = u.erase(f, now)
	case f.Contact.Out:
		err = u.s.reroute(ctx, u.tx, id, goneReason, false)
	}
	return id, err
}

func (u *unit) endRow(f bot.Finished, now int64) error {
	query := endTurn
	switch f.Ending {
	case bot.Done, bot.Failed:
	case bot.Dropped:
		query, u.dropped = dropTurn, true
	default:
		return fmt.Errorf("store: a turn cannot end as %q", f.Ending)
	}
	n, err := u.tx.Exec(query, f.Turn, string(f.Ending), f.Reason, now)
	if err != nil {
		return fmt.Errorf("end turn %d: %w", f.Turn, err)
	}
	if n == 0 {
		return conflict(fmt.Sprintf("turn %d was ended by somebody else", f.Turn))
	}
	if f.Ending == bot.Dropped {
		return u.dropTalk(f)
	}
	return nil
}

// The talk before a dropped turn may hold the same matter in other words: a draft
// that was written in several messages, and the bot's questions that showed it.
const (
	dropHeard = `update inbox set payload = null where session_key = $1 and state in ('done', 'dropped') and payload is not null`
	dropSaid  = `update outbox set payload = null where chat = $1 and state in ('sent', 'dead', 'dropped') and payload is not null`
)

func (u *unit) dropTalk(f bot.Finished) error {
	if _, err := u.tx.Exec(dropHeard, u.s.sessionKey(f.Key)); err != nil {
		return fmt.Errorf("drop what was heard: %w", err)
	}
	if _, err := u.tx.Exec(dropSaid, u.s.chatKey(f.Key.Channel, f.Key.Chat)); err != nil {
		return fmt.Errorf("drop what was said: %w", err)
	}
	return nil
}

// setLastTurn compares and sets the conversation's last turn. The session goes
// with it, so only the last one is kept.
func (u *unit) setLastTurn(f bot.Finished, now int64) error {
	key := u.s.sessionKey(f.Key)
	var n int64
	var err error
	if f.LastTurn == 0 {
		n, err = u.tx.Exec(firstTurn, key, f.Turn, now, f.Session)
	} else {
		n, err = u.tx.Exec(nextTurn, key, f.Turn, now, f.Session, f.LastTurn)
	}
	if err != nil {
		return fmt.Errorf("set last turn %d: %w", f.Turn, err)
	}
	if n == 0 {
		return conflict(fmt.Sprintf("turn %d: another turn of the chat was first", f.Turn))
	}
	return nil
}

const (
	selectContact = `select id, profile, lang, is_out from contacts where user_key = $1`
	// The reason of an opt-out goes with the opt-out.
	updateContact = `update contacts set profile = $2, lang = $3, is_out = $4, chat = $5, out_reason = case when $4 = 1 then out_reason else '' end where id = $1`
	insertPerson  = `insert into persons (since) values ($1) returning id`
	insertContact = `insert into contacts (person, channel, user_key, profile, lang, is_out, since, chat)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`
)

// saveContact inserts a contact with a person of its own, or updates what changed.
// Two first turns of one citizen, in two chats, come here one after the other:
// the second finds the first one's contact.
func (u *unit) saveContact(c bot.Contact, now int64) (bot.ContactID, error) {
	key := u.s.userKey(c.Channel, c.User)
	want := profileOf(c)
	var id int64
	var sealed []byte
	var lang string
	var out bool
	err := u.tx.Get(selectContact, []any{key}, &id, &sealed, &lang, &out)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return u.newContact(c, key, now)
	case err != nil:
		return 0, fmt.Errorf("find contact: %w", err)
	}
	// A profile that does not open is written anew: the citizen just told it again.
	if have, err := u.s.openProfile(sealed, key); err == nil && have == want && lang == c.Lang && out == c.Out {
		return bot.ContactID(id), nil
	}
	if sealed, err = u.sealProfile(want, key); err != nil {
		return 0, err
	}
	if _, err := u.tx.Exec(updateContact, id, sealed, c.Lang, number(c.Out), u.s.chatKey(c.Channel, want.chat())); err != nil {
		return 0, fmt.Errorf("update contact: %w", err)
	}
	return bot.ContactID(id), nil
}

func (u *unit) newContact(c bot.Contact, key string, now int64) (bot.ContactID, error) {
	p := profileOf(c)
	sealed, err := u.sealProfile(p, key)
	if err != nil {
		return 0, err
	}
	var person, id int64
	if err := u.tx.Get(insertPerson, []any{now}, &person); err != nil {
		return 0, fmt.Errorf("insert person: %w", err)
	}
	if err := u.tx.Get(insertContact, []any{person, c.Channel, key, sealed, c.Lang, number(c.Out), now, u.s.chatKey(c.Channel, p.chat())}, &id); err != nil {
		return 0, fmt.Errorf("insert contact: %w", err)
	}
	return bot.ContactID(id), nil
}

// profileOf is what is sealed of a contact.
func profileOf(c bot.Contact) profile {
	p := profile{User: c.User, Name: c.Name}
	if c.Chat != c.User {
		p.Chat = c.Chat
	}
	return p
}

func (u *unit) sealProfile(p profile, key string) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write contact down: %w", err)
	}
	sealed, err := u.s.sealer.Seal(plain, contactPlace(key))
	if err != nil {
		return nil, fmt.Errorf("seal contact: %w", err)
	}
	return sealed, nil
}
