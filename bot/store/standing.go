package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"cchcbot/bot"
)

const (
	// A clock that went back, or a message that comes late, never closes a window.
	upsertHeard = `insert into standings (chat, channel, heard, wrote, updated) values ($1, $2, $3, $4, $5)
		on conflict (chat) do update set updated = excluded.updated,
			heard = case when excluded.heard > standings.heard then excluded.heard else standings.heard end,
			wrote = case when excluded.wrote > standings.wrote then excluded.wrote else standings.wrote end`
	upsertQuiet = `insert into standings (chat, channel, quiet, updated) values ($1, $2, $3, $4)
		on conflict (chat) do update set quiet = excluded.quiet, updated = excluded.updated`
	// A message without text was forgotten meanwhile, and the citizen with it.
	upsertNote = `insert into standings (chat, channel, note, updated) select chat, channel, $2, $3 from outbox where id = $1 and (payload is not null or spread > 0)
		on conflict (chat) do update set note = excluded.note, updated = excluded.updated`
)

// stand writes what a turn tells of the citizen's presence. On platforms with
// windows the private chat goes by the citizen's own id, also when they wrote in a group.
func (u *unit) stand(f bot.Finished, now int64) error {
	chat := u.s.chatKey(f.Key.Channel, f.Key.User)
	if !f.Heard.IsZero() {
		heard, wrote := toMillis(f.Heard), int64(0)
		if f.Wrote {
			wrote = heard
		}
		if _, err := u.tx.Exec(upsertHeard, chat, f.Key.Channel, heard, wrote, now); err != nil {
			return fmt.Errorf("note when the citizen was heard: %w", err)
		}
	}
	if f.Talk {
		if _, err := u.tx.Exec(upsertQuiet, chat, f.Key.Channel, toMillis(f.Quiet), now); err != nil {
			return fmt.Errorf("note who answers: %w", err)
		}
	}
	return nil
}

// QuietChat is a chat that the bot leaves to a person of the office.
type QuietChat struct {
	Channel string
	Until   time.Time
}

// ListQuiet lists the chats that are quiet now, the soonest to end first; ""
// means every channel, limit is at most 1000 and 0 means 100.
func (s *Store) ListQuiet(ctx context.Context, channel string, limit int) ([]QuietChat, error) {
	var out []QuietChat
	err := s.db.Each(ctx, `select channel, quiet from standings where quiet > 0 and quiet > $1 and ($2 = '' or channel = $2) order by quiet limit $3`,
		[]any{s.millis(), channel, page(limit)}, func(r *sql.Rows) error {
			var q QuietChat
			var until int64
			err := r.Scan(&q.Channel, &until)
			q.Until = bot.FromMillis(until)
			out = append(out, q)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list quiet chats: %w", err)
	}
	return out, nil
}

// keepStandings is how long a chat's standing is kept after the last change.
const keepStandings = 400 * 24 * time.Hour

func (s *Store) deleteStandings(ctx context.Context, now time.Time) error {
	return s.batches(ctx, `select id from standings where updated < $1 limit $2`,
		[]any{toMillis(now.Add(-keepStandings)), maintainBatch}, `delete from standings where id = $1`)
}

// The statements that forget a citizen; $1 is the digest of the user or the chat.
const (
	// What still waits for its turn was written after the wish to be forgotten.
	forgetWords    = `update inbox set payload = null where user_key = $1 and state <> 'pending' and payload is not null`
	forgetSessions = `update chats set session = null where session_key in (select session_key from inbox where user_key = $1)`
	// A message under way may arrive yet, but is never sent a second time: only a
	// row that is still 'sending' is put back.
	forgetWaiting = `update outbox set state = 'dropped', reason = 'delivery.reason_erased', finished = $2
		where chat = $1 and state in ('queued', 'held', 'sending')`
	// Of a spread: these are not in the chat's line yet.
	forgetNews = `update outbox set state = 'dropped', reason = 'delivery.reason_erased', finished = $2
		where contact = (select id from contacts where user_key = $1) and lane = 'broadcast' and state in ('waiting', 'queued', 'held')`
	// What he got and what failed is nobody's any more: no old row goes to him when he comes back.
	forgetGot = `update outbox set person = -id where spread > 0 and spread in (select id from outbox_spreads)
		and person = (select person from contacts where user_key = $1) and contact = (select id from contacts where user_key = $1)`
	forgetSaid     = `update outbox set payload = null where chat = $1 and state in ('sent', 'dead', 'dropped') and payload is not null`
	forgetStanding = `delete from standings where chat = $1`
	// Nobody stands behind the digest any more; what is sealed is empty.
	forgetContact = `update contacts set lang = '', is_out = 1, out_reason = 'erased', profile = $2 where user_key = $1`
	forgetLinks   = `update persons set linked = 0 where linked > 0 and (id = (select person from contacts where user_key = $1)
		or linked = (select person from contacts where user_key = $1))`
)

// erase forgets the citizen of a turn; the files are cleaned after the commit.
func (u *unit) erase(f bot.Finished, now int64) error {
	user := u.s.userKey(f.Key.Channel, f.Key.User)
	chat, private := u.s.chatKey(f.Key.Channel, f.Key.Chat), u.s.chatKey(f.Key.Channel, f.Key.User)
	sealed, err := u.sealProfile(profile{}, user)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{forgetWords, []any{user}},
		{forgetSessions, []any{user}},
		{forgetWaiting, []any{chat, now}},
		{forgetNews, []any{user, now}},
		{forgetGot, []any{user}},
		{forgetLinks, []any{user}},
		{forgetSaid, []any{chat}},
		{forgetStanding, []any{private}}, // stand keeps it by the citizen's own id
		{forgetStanding, []any{chat}},    // a receipt's note by the chat's
		{forgetContact, []any{user, sealed}},
	} {
		if _, err := u.tx.Exec(step.query, step.args...); err != nil {
			return fmt.Errorf("forget a citizen: %w", err)
		}
	}
	u.dropped = true
	return nil
}
