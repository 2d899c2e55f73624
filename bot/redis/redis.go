// Package redis implements bot.State on a Redis server, so that several
// processes share sessions, locks and rate budgets, and a restart of the bot
// forgets none of them. It needs Redis 7.0 or later (SET with NX and GET), alone,
// behind Sentinel or as a Cluster.
//
// A server may be away at any time. New does not connect; every call ends within
// a few seconds with an error that is [ErrAway]; after some misses in a row calls
// fail at once, and one a second tries whether the server is back. Nothing has to
// be restarted. What the server forgot meanwhile is no harm, see bot.State.
//
// Each call works on one key, so that it runs in a Cluster as it does on one
// server. A key is prefix:kind:{digest}: nothing of what it was made from can be
// read, and all kinds of one name lie in one slot. Every key ends by itself.
//
// A command whose answer was lost is sent once more. Sessions, locks and marks
// carry a random token, by which the second sending finds that the first one
// arrived; a budget may lose the tokens of one call, never give too many.
//
// Budgets go by the clock of the server, which is one for all processes, so that
// two machines whose clocks differ do not starve each other. Options.Now, for
// tests, replaces it.
package redis

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cchcbot/bot"
)

// Limits of the contract.
const (
	maxKey     = 1 << 10
	maxSession = 128 << 10
	maxRefill  = 366 * 24 * time.Hour // of a budget from empty to full
	maxVersion = math.MaxInt64 - 1<<40
)

// limits are the longest times of one call's parts. A call may try twice, but
// never longer than op in all. A call that waits for an answer notices the end
// of its context's deadline at once, and a cancellation after io at the latest.
type limits struct{ dial, io, op time.Duration }

var usual = limits{dial: 2 * time.Second, io: 500 * time.Millisecond, op: 3 * time.Second}

// Options says which server to use. URL is required.
type Options struct {
	// URL is one of
	//
	//	redis://[[user]:password@]host[:port][/db]
	//	redis+sentinel://[[user]:password@]host[:port],…[/db]?master=NAME
	//	redis+cluster://[[user]:password@]host[:port],…
	//
	// or the same with rediss for TLS. User, password and option values are
	// percent-encoded. Sentinels that ask for a password of their own get it
	// from the options sentinel_user and sentinel_password.
	URL     string
	Prefix  string           // of all keys: 1 to 32 of a-z, 0-9, -, _; "" means cchcbot
	RootCAs *x509.CertPool   // who may vouch for a TLS server; nil means those of the system
	Now     func() time.Time // for tests: the time of budgets and of the wait between two tries
	Log     *slog.Logger     // hears when the server goes away and comes back
}

// State implements bot.State.
type State struct {
	client  goredis.UniversalClient
	target  string
	prefix  string
	now     func() time.Time
	given   bool // budgets go by now instead of the server's clock
	log     *slog.Logger
	limits  limits
	gate    *gate
	orphans *orphans
	version atomic.Int64

	save, release, take *goredis.Script
}

var _ bot.State = (*State)(nil)

// New checks the options. It does not connect: see [State.Ping]. Its errors
// never show a password.
func New(o Options) (*State, error) { return open(o, usual) }

func open(o Options, l limits) (*State, error) {
	a, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Prefix == "" {
		o.Prefix = "cchcbot"
	}
	if !only(o.Prefix, 32, "-_") {
		return nil, errors.New("redis: the prefix is not 1 to 32 of a-z, 0-9, - and _")
	}
	s := &State{
		target: a.String(), prefix: o.Prefix, now: o.Now, given: o.Now != nil, log: o.Log, limits: l,
		orphans: newOrphans(),
		save:    goredis.NewScript(saveScript), release: goredis.NewScript(releaseScript), take: goredis.NewScript(takeScript),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.gate = &gate{now: s.now, log: s.log, target: s.target}
	s.client = connect(a, l, o.RootCAs)
	return s, nil
}

// Close ends all connections. Calls after it fail.
func (s *State) Close() error { return s.client.Close() }

// Target names the server for people, without user and password.
func (s *State) Target() string { return s.target }

// Kinds of keys.
const (
	kindSession = "s"
	kindLock    = "l"
	kindBudget  = "b"
	kindSeen    = "n"
	kindPing    = "p"
)

// key is where a value is kept: of one length, and not readable.
func (s *State) key(kind, name string) (string, error) {
	if name == "" || len(name) > maxKey {
		return "", invalid(fmt.Sprintf("a key of the state is empty or longer than %d bytes", maxKey))
	}
	sum := sha256.Sum256([]byte(name))
	return s.prefix + ":" + kind + ":{" + base64.RawURLEncoding.EncodeToString(sum[:]) + "}", nil
}

// millis rounds a time to live up to what Redis counts.
func millis(d time.Duration) time.Duration {
	if r := d % time.Millisecond; r != 0 && d <= math.MaxInt64-time.Millisecond {
		d += time.Millisecond - r
	}
	return d
}

// A session is kept behind a head: its version and a random token of the save
// that wrote it.
const (
	versionSize = 8
	headSize    = versionSize + 8
)

// saveScript writes ARGV[2], head and session, where version ARGV[1] stands
// (empty: none), for ARGV[3] milliseconds. A value too short for a head is none.
const saveScript = `
local head = redis.call('GETRANGE', KEYS[1], 0, 15)
if #head < 16 then head = '' end
if head == string.sub(ARGV[2], 1, 16) then return 1 end
if string.sub(head, 1, 8) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

// Session implements bot.State.
func (s *State) Session(ctx context.Context, name string) (data []byte, version int64, err error) {
	key, err := s.key(kindSession, name)
	if err != nil {
		return nil, 0, err
	}
	var value []byte
	err = s.do(ctx, "read session", func(ctx context.Context) (err error) {
		value, err = s.client.Get(ctx, key).Bytes()
		return err
	})
	if err != nil || len(value) < headSize {
		return nil, 0, err
	}
	return value[headSize:], int64(binary.BigEndian.Uint64(value)), nil
}

// SaveSession implements bot.State.
func (s *State) SaveSession(ctx context.Context, name string, data []byte, old int64, ttl time.Duration) (int64, error) {
	key, err := s.key(kindSession, name)
	switch {
	case err != nil:
		return 0, err
	case len(data) > maxSession:
		return 0, invalid(fmt.Sprintf("a session has more than %d bytes", maxSession))
	case ttl <= 0:
		return 0, invalid("a session needs a time to live above zero")
	case old < 0 || old > maxVersion:
		return 0, invalid("a session has no such version")
	}
	version := s.next(old)
	value := make([]byte, 0, headSize+len(data))
	value = binary.BigEndian.AppendUint64(value, uint64(version))
	value = binary.BigEndian.AppendUint64(value, mathrand.Uint64())
	value = append(value, data...)
	var expect []byte
	if old != 0 {
		expect = binary.BigEndian.AppendUint64(nil, uint64(old))
	}
	var saved int64
	err = s.do(ctx, "save session", func(ctx context.Context) (err error) {
		saved, err = s.save.Run(ctx, s.client, []string{key}, expect, value, millis(ttl).Milliseconds()).Int64()
		return err
	})
	if err != nil {
		return 0, err
	}
	if saved == 0 {
		return 0, bot.ErrConflict
	}
	return version, nil
}

// next is a version above old that no other save has: the time in microseconds
// and eleven random bits, so that the version of a session that was removed does
// not come back for the next one, not even from a process whose clock is behind.
func (s *State) next(old int64) int64 {
	want := max(s.now().UnixMicro()<<11|mathrand.Int64N(1<<11), old+1)
	for {
		last := s.version.Load()
		v := max(want, last+1)
		if s.version.CompareAndSwap(last, v) {
			return v
		}
	}
}

// DeleteSession implements bot.State.
func (s *State) DeleteSession(ctx context.Context, name string) error {
	key, err := s.key(kindSession, name)
	if err != nil {
		return err
	}
	return s.do(ctx, "delete session", func(ctx context.Context) error { return s.client.Del(ctx, key).Err() })
}

// first writes token to key unless something is there. mine is false when there
// was something else than this very token. asked says that the server may have
// got the command, also when there is an error.
func (s *State) first(ctx context.Context, doing, key, token string, ttl time.Duration) (mine, asked bool, err error) {
	var there string
	err = s.do(ctx, doing, func(ctx context.Context) (err error) {
		asked = true
		there, err = s.client.SetArgs(ctx, key, token, goredis.SetArgs{Mode: "NX", Get: true, TTL: millis(ttl)}).Result()
		return err
	})
	return err == nil && (there == "" || there == token), asked, err
}

// Seen implements bot.State.
func (s *State) Seen(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	key, err := s.key(kindSeen, name)
	if err != nil {
		return false, err
	}
	if ttl <= 0 {
		return false, invalid("what was seen needs a time above zero")
	}
	mine, _, err := s.first(ctx, "mark as seen", key, rand.Text(), ttl)
	return err == nil && !mine, err
}

// Ping implements bot.State. It writes, for a server that answers may still
// refuse what the bot needs: a replica, a full one, one before 7.0. It asks even
// when other calls fail at once because the server was away.
func (s *State) Ping(ctx context.Context) error {
	key, err := s.key(kindPing, "ping")
	if err != nil {
		return err
	}
	return s.try(ctx, "ping", func(ctx context.Context) error {
		return s.client.SetArgs(ctx, key, "1", goredis.SetArgs{Mode: "NX", Get: true, TTL: time.Second}).Err()
	})
}

// do makes one call unless the server is known to be away.
func (s *State) do(ctx context.Context, doing string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("redis: %s: %w", doing, err)
	}
	if !s.gate.enter() {
		return fmt.Errorf("redis: %s: %w", doing, ErrAway)
	}
	return s.try(ctx, doing, f)
}

func (s *State) try(ctx context.Context, doing string, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.limits.op)
	defer cancel()
	err := f(bounded)
	if err == nil || isNone(err) {
		s.gate.leave("")
		return nil
	}
	if ended := over(ctx); ended != nil {
		return fmt.Errorf("redis: %s: %w", doing, ended) // says nothing about the server
	}
	reason, away := explain(err)
	if !away {
		s.gate.leave("")
		return fmt.Errorf("redis: %s: %s", doing, reason)
	}
	s.gate.leave(reason)
	return fmt.Errorf("redis: %s: %w: %s", doing, ErrAway, reason)
}

// over returns why a context has ended. A connection ends a call at the deadline of
// its context, and on a busy machine that is before the context itself has noticed.
func over(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func invalid(detail string) error { return &bot.Error{Code: bot.Invalid, Detail: detail} }
