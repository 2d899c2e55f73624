// Package store keeps the kernel's tables: persons, contacts, staff, the inbox,
// conversations, the outbox, how we stand with chats, channels' secrets, the audit
// trail and leases. It is the one place where an accepted update and a queued message live until they are done with.
//
// Nothing personal is readable in the file: payloads, sessions, names and
// addresses are sealed, and rows are found by keyed digests. Things, lanes,
// states and reasons stay readable, for operators and figures.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

//go:embed sql/*.sql
var schema embed.FS

// Options is what a Store works with. DB, Sealer and Clean are required.
type Options struct {
	DB       *sqldb.DB
	Sealer   bot.Sealer
	Clean    func(string) string // makes what people wrote NFC, printable and trimmed
	Accepted func()              // told after an update was accepted; must not block
	Now      func() time.Time
	Log      *slog.Logger
}

// Store implements bot.Intake, bot.Presence, bot.Inbox, bot.Outbox, bot.Staff and bot.Vault.
type Store struct {
	db       *sqldb.DB
	sealer   bot.Sealer
	clean    func(string) string
	accepted func()
	now      func() time.Time
	log      *slog.Logger
	units    chan struct{} // holds one value while a unit is open or opens
	hashing  hashing

	bodies     bodies      // words of spreads, opened
	waiting    waiting     // how many rows of spreads wait
	unscrubbed atomic.Bool // a dropped turn is still in the write-ahead log
	blanked    atomic.Int64
	chatCursor atomic.Int64
}

var (
	_ bot.Intake   = (*Store)(nil)
	_ bot.Presence = (*Store)(nil)
	_ bot.Inbox    = (*Store)(nil)
	_ bot.Outbox   = (*Store)(nil)
	_ bot.Staff    = (*Store)(nil)
	_ bot.Spreads  = (*Store)(nil)
	_ bot.Links    = (*Store)(nil)
	_ bot.TurnUnit = (*unit)(nil)
	_ bot.Sealer   = (*Keys)(nil)
)

// Schema is the kernel's line of migrations, named "bot".
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// New brings the tables to this version and checks that the sealer is the one
// they were written with: ErrWrongKey when it is not.
func New(ctx context.Context, o Options) (*Store, error) {
	if o.DB == nil || o.Sealer == nil || o.Clean == nil {
		return nil, errors.New("store: a database, a sealer and a cleaner are needed")
	}
	s := &Store{db: o.DB, sealer: o.Sealer, clean: o.Clean, accepted: o.Accepted, now: o.Now, log: o.Log, units: make(chan struct{}, 1), hashing: make(hashing, argonAtOnce)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.accepted == nil {
		s.accepted = func() {}
	}
	if err := s.db.Migrate(ctx, "bot", Schema()); err != nil {
		return nil, err
	}
	if err := s.checkKey(ctx); err != nil {
		return nil, err
	}
	if err := s.chainOld(ctx); err != nil {
		return nil, err
	}
	if err := s.chatOld(ctx); err != nil {
		return nil, err
	}
	// A stop between the commit of a dropped turn and its cleaning ends here.
	s.unscrubbed.Store(true)
	s.scrub(ctx)
	return s, nil
}

const (
	canary      = "the canary of the store"
	canaryPlace = "meta/value/canary"
)

// checkKey compares the sealer with what the first start left behind: a value
// it must be able to open, and a digest it must come to again.
func (s *Store) checkKey(ctx context.Context) error {
	sealed, err := s.sealer.Seal([]byte(canary), canaryPlace)
	if err != nil {
		return fmt.Errorf("seal canary: %w", err)
	}
	var kept, digest []byte
	err = s.db.Get(ctx, "select value from meta where name = $1", []any{"canary"}, &kept)
	if errors.Is(err, sql.ErrNoRows) {
		return s.db.Write(ctx, func(tx *sqldb.Tx) error {
			const q = "insert into meta (name, value) values ($1, $2)"
			if _, err := tx.Exec(q, "canary", sealed); err != nil {
				return err
			}
			_, err := tx.Exec(q, "digest", []byte(s.sealer.Digest(canary)))
			return err
		})
	}
	if err != nil {
		return err
	}
	if err := s.db.Get(ctx, "select value from meta where name = $1", []any{"digest"}, &digest); err != nil {
		return err
	}
	plain, err := s.sealer.Open(kept, canaryPlace)
	if err != nil || string(plain) != canary || string(digest) != s.sealer.Digest(canary) {
		return ErrWrongKey
	}
	return nil
}

func (s *Store) millis() int64 { return s.now().UnixMilli() }

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// number is how a truth is kept in a column that both databases understand.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The digests that rows are found by. Each kind has its own prefix, so that
// the same id in two columns does not look the same.
func (s *Store) chatKey(channel, chat string) string {
	return s.sealer.Digest("chat\x1f" + channel + "\x1f" + chat)
}

func (s *Store) userKey(channel, user string) string {
	return s.sealer.Digest("user\x1f" + channel + "\x1f" + user)
}

func (s *Store) updateKey(channel, id string) string {
	return s.sealer.Digest("update\x1f" + channel + "\x1f" + id)
}

func (s *Store) sessionKey(k bot.SessionKey) string {
	return s.sealer.Digest("session\x1f" + k.String())
}

// The places of sealed values.
func inboxPlace(updateKey string) string  { return "inbox/payload/" + updateKey }
func outboxPlace(messageID string) string { return "outbox/payload/" + messageID }
func contactPlace(userKey string) string  { return "contacts/profile/" + userKey }
func staffPlace(ref string) string        { return "staff/profile/" + ref }
func notFound(detail string) error        { return &bot.Error{Code: bot.NotFound, Detail: detail} }
func conflict(detail string) error        { return &bot.Error{Code: bot.Conflict, Detail: detail} }
func invalid(detail string) error         { return &bot.Error{Code: bot.Invalid, Detail: detail} }
