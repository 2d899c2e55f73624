package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// SessionKey names a conversation: one citizen in one chat.
type SessionKey struct{ Channel, Chat, User string }

// String is the key as State uses it.
func (k SessionKey) String() string { return k.Channel + "\x1f" + k.Chat + "\x1f" + k.User }

// Session is what the bot remembers of a conversation between two turns.
type Session struct {
	Turn    int64            `json:"turn"` // the turn (inbox row) that wrote it; 0 for a new one
	Active  *Active          `json:"active,omitempty"`
	Parked  *Active          `json:"parked,omitempty"` // cancelled or pushed aside; may be taken up again
	Menu    []Choice         `json:"menu,omitempty"`   // what a typed number or title means now
	Memory  map[string]Datum `json:"memory,omitempty"` // what features remember, by "feature.name"
	Asked   string           `json:"asked,omitempty"`  // the step last asked, so that it is not asked twice in a turn
	Updated time.Time        `json:"updated"`
	Quiet   time.Time        `json:"quiet,omitzero"` // a person of the office answers here until then
}

// Choice is one line of a menu.
type Choice struct {
	Title   string `json:"title"`
	Payload string `json:"payload"`
	Word    bool   `json:"word,omitempty"` // by its title only, it has no number
}

// Datum is one remembered value with its end.
type Datum struct {
	Value   json.RawMessage `json:"v"`
	Expires time.Time       `json:"x"`
}

// Active is a conversation under way.
type Active struct {
	Name    string          `json:"name"`
	ID      string          `json:"id"` // unique; a submit is idempotent on it
	Version int             `json:"version"`
	Step    string          `json:"step"`
	Done    []string        `json:"done,omitempty"` // steps answered or skipped, in order
	Answers json.RawMessage `json:"answers,omitempty"`
	Review  bool            `json:"review,omitempty"` // all steps answered, the citizen looks it over
	Edit    bool            `json:"edit,omitempty"`   // an answer is being corrected: back leads to the review
	More    bool            `json:"more,omitempty"`   // the step took an answer and waits for others
	Started time.Time       `json:"started"`
	Expires time.Time       `json:"expires"`
}

// Limits of a session.
const (
	SessionTTL    = 30 * 24 * time.Hour // how long State keeps an untouched session
	MaxSession    = 64 << 10            // bytes as JSON
	MaxMemory     = 32                  // values
	MaxMenu       = 30                  // choices
	maxFormStep   = 50                  // steps of a form
	maxFormAnswer = 32 << 10            // bytes of a draft as JSON
)

// ErrConflict is returned by State.SaveSession when somebody else saved first.
var ErrConflict = errors.New("bot: the session was changed by somebody else")

// Rate is a token bucket: PerSecond tokens come back each second, at most Burst wait.
type Rate struct {
	PerSecond float64
	Burst     int
}

// State keeps what may be lost without losing anything that was said: sessions,
// locks and rate budgets. It runs on Redis, or on the SQL database for one process.
// Keys are at most 1 KiB; a session is an opaque, sealed value of at most 128 KiB.
// All methods are safe for concurrent use.
type State interface {
	// Session returns a saved session and its version; version 0 means none.
	Session(ctx context.Context, key string) (data []byte, version int64, err error)
	// SaveSession stores data if the stored version is still old (0: none is
	// stored) and returns the new version, which is larger than old. Otherwise
	// it fails with ErrConflict. The session ends after ttl.
	SaveSession(ctx context.Context, key string, data []byte, old int64, ttl time.Duration) (version int64, err error)
	// DeleteSession removes a session; one that does not exist is no error.
	DeleteSession(ctx context.Context, key string) error
	// Lock takes a lock for at most ttl. ok is false when somebody holds it.
	// unlock gives it back and does nothing once the lock expired.
	Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(context.Context) error, ok bool, err error)
	// Take takes n tokens from a budget. It returns 0 when they were taken,
	// else how long to wait before asking again; nothing is taken then.
	Take(ctx context.Context, budget string, r Rate, n int) (wait time.Duration, err error)
	// Seen reports whether key was shown before within ttl, and remembers it.
	Seen(ctx context.Context, key string, ttl time.Duration) (bool, error)
	// Ping reports whether the state can be reached.
	Ping(ctx context.Context) error
}

// Sealer encrypts at rest. AAD binds a sealed value to its place, so that a
// value copied to another row does not open.
type Sealer interface {
	Seal(plain []byte, aad string) ([]byte, error)
	Open(sealed []byte, aad string) ([]byte, error)
	// Digest is a keyed hash of an identifier: what tables and State use to
	// look a chat up without showing whose it is. The same input always gives
	// the same short printable text.
	Digest(s string) string
}
