package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

//go:embed sqlstate/*.sql
var stateSchema embed.FS

// Limits of State, as its contract gives them.
const (
	maxStateKey     = 1 << 10
	maxStateSession = 128 << 10
)

// sweepSessions is how many saves pass between two sweeps of ended sessions.
const sweepSessions = 512

// State implements bot.State for one process: sessions in a database file of
// their own, locks, budgets and what was seen in memory. The file may be opened
// with sqldb.Normal, since a session that is lost is restored from the inbox.
type State struct {
	db      *sqldb.DB
	now     func() time.Time
	locks   *locks
	budgets *budgets
	seen    *marks
	version atomic.Int64
	saves   atomic.Int64
}

var _ bot.State = (*State)(nil)

// NewState brings the file's tables, the line "state", to this version.
func NewState(ctx context.Context, db *sqldb.DB, now func() time.Time) (*State, error) {
	if db == nil {
		return nil, errors.New("store: the state needs a database")
	}
	if now == nil {
		now = time.Now
	}
	files, err := fs.Sub(stateSchema, "sqlstate")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "state", files); err != nil {
		return nil, err
	}
	s := &State{db: db, now: now, locks: newLocks(), budgets: newBudgets(), seen: newMarks()}
	var last int64
	if err := db.Get(ctx, `select coalesce(max(version), 0) from sessions`, nil, &last); err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	// Versions go on from the clock, so that a number of a session that was
	// removed does not come back for the next one.
	s.version.Store(max(last, now().UnixMicro()))
	return s, nil
}

// sessionID is how a key is written: of one length, and not readable.
func sessionID(key string) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(key))
	return sum[:], nil
}

func checkKey(key string) error {
	if key == "" || len(key) > maxStateKey {
		return invalid(fmt.Sprintf("a key of the state is empty or longer than %d bytes", maxStateKey))
	}
	return nil
}

// Session implements bot.State.
func (s *State) Session(ctx context.Context, key string) ([]byte, int64, error) {
	id, err := sessionID(key)
	if err != nil {
		return nil, 0, err
	}
	var data []byte
	var version int64
	err = s.db.Get(ctx, `select data, version from sessions where id = $1 and expiry > $2`,
		[]any{id, s.now().UnixMilli()}, &data, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read session: %w", err)
	}
	return data, version, nil
}

const (
	// firstSession also takes the place of one that has ended.
	firstSession = `insert into sessions (id, version, expiry, data) values ($1, $2, $3, $4)
		on conflict (id) do update set version = excluded.version, expiry = excluded.expiry, data = excluded.data
		where sessions.expiry <= $5`
	nextSession = `update sessions set version = $2, expiry = $3, data = $4 where id = $1 and expiry > $5 and version = $6`
)

// SaveSession implements bot.State.
func (s *State) SaveSession(ctx context.Context, key string, data []byte, old int64, ttl time.Duration) (int64, error) {
	id, err := sessionID(key)
	if err != nil {
		return 0, err
	}
	if len(data) > maxStateSession {
		return 0, invalid(fmt.Sprintf("a session has more than %d bytes", maxStateSession))
	}
	if ttl <= 0 {
		return 0, invalid("a session needs a time to live above zero")
	}
	if data == nil {
		data = []byte{}
	}
	version := s.version.Add(1)
	now := s.now()
	args := []any{id, version, now.Add(ttl).UnixMilli(), data, now.UnixMilli()}
	query := firstSession
	if old != 0 {
		query, args = nextSession, append(args, old)
	}
	var n int64
	err = s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		n, err = tx.Exec(query, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save session: %w", err)
	}
	if n == 0 {
		return 0, bot.ErrConflict
	}
	if s.saves.Add(1)%sweepSessions == 0 {
		if err := s.sweep(ctx); err != nil {
			return 0, err
		}
	}
	return version, nil
}

// sweep removes some sessions that have ended; more have no chance to gather
// than are saved between two sweeps.
func (s *State) sweep(ctx context.Context) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`delete from sessions where id in (select id from sessions where expiry <= $1 limit $2)`,
			s.now().UnixMilli(), 2*sweepSessions)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep sessions: %w", err)
	}
	return nil
}

// DeleteSession implements bot.State.
func (s *State) DeleteSession(ctx context.Context, key string) error {
	id, err := sessionID(key)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`delete from sessions where id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// Lock implements bot.State.
func (s *State) Lock(ctx context.Context, key string, ttl time.Duration) (func(context.Context) error, bool, error) {
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return nil, false, err
	}
	if ttl <= 0 {
		return nil, false, invalid("a lock needs a time above zero")
	}
	token, ok, err := s.locks.take(key, s.now(), ttl)
	if err != nil || !ok {
		return nil, false, err
	}
	return func(context.Context) error { s.locks.give(key, token); return nil }, true, nil
}

// Take implements bot.State.
func (s *State) Take(ctx context.Context, budget string, r bot.Rate, n int) (time.Duration, error) {
	if err := errors.Join(ctx.Err(), checkKey(budget)); err != nil {
		return 0, err
	}
	if r.PerSecond <= 0 || r.Burst <= 0 || n <= 0 || n > r.Burst {
		return 0, invalid("a budget needs a rate and a burst above zero, and gives from one token to the burst at a time")
	}
	return s.budgets.take(budget, r, n, s.now())
}

// Seen implements bot.State.
func (s *State) Seen(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return false, err
	}
	if ttl <= 0 {
		return false, invalid("what was seen needs a time above zero")
	}
	return s.seen.mark(key, s.now(), ttl)
}

// Ping implements bot.State.
func (s *State) Ping(ctx context.Context) error {
	var one int
	return s.db.Get(ctx, `select 1`, nil, &one)
}
