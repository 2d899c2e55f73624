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
	upsertNote = `insert into standings (chat, channel, note, updated) select chat, channel, $2, $3 from outbox where id = $1
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
			q.Until = fromMillis(until)
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

// The statements that forget a citizen. user and chat are digests.
var forgetCitizen = []struct{ query, by string }{
	{`update inbox set payload = null where user_key = $1 and state <> 'pending' and payload is not null`, "user"},
	{`update chats set session = null where session_key in (select session_key from inbox where user_key = $1)`, "user"},
	{`update outbox set state = 'dropped', reason = 'delivery.reason_erased' where chat = $1 and state in ('queued', 'held')`, "chat"},
	{`update outbox set payload = null where chat = $1 and state in ('sent', 'dead', 'dropped') and payload is not null`, "chat"},
	{`update contacts set lang = '', is_out = 1, out_reason = 'erased' where user_key = $1`, "user"},
	{`delete from standings where chat = $1`, "chat"},
}

// erase forgets the citizen of a turn; the files are cleaned after the commit.
func (u *unit) erase(f bot.Finished) error {
	user, chat := u.s.userKey(f.Key.Channel, f.Key.User), u.s.chatKey(f.Key.Channel, f.Key.Chat)
	for _, st := range forgetCitizen {
		key := user
		if st.by == "chat" {
			key = chat
		}
		if _, err := u.tx.Exec(st.query, key); err != nil {
			return fmt.Errorf("forget a citizen: %w", err)
		}
	}
	// Nobody stands behind the digest any more; what is sealed is empty.
	sealed, err := u.sealProfile(profile{}, user)
	if err != nil {
		return err
	}
	if _, err := u.tx.Exec(`update contacts set profile = $2 where user_key = $1`, user, sealed); err != nil {
		return fmt.Errorf("forget a citizen: %w", err)
	}
	u.dropped = true
	return nil
}
