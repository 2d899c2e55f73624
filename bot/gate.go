package bot

import (
	"context"
	"time"
)

// Standing is how we stand with the citizen whom a message is due to.
type Standing struct {
	Heard time.Time // last interaction that opens a platform's window; zero when none is known
	Wrote time.Time // last message or pressed button; zero when there was none
	Note  string    // what the channel noted with its last receipt for the chat; "" for none
	// Queued is when the message was queued; filled in by delivery.
	Queued time.Time
}

// MaxNote is the longest Receipt.Note, in bytes. A note is kept in clear and
// holds nothing personal.
const MaxNote = 500

// Gate is implemented by a channel whose platform lets us write at times only:
// windows after the citizen's last word, hours of the day, quotas. bot/delivery
// asks it before each Send. Admit decides without asking the platform:
//
//	nil                     send
//	Later with Until        hold until then
//	Later without Until     hold until the citizen writes
//	any other kind          as when Send had failed with it; Rejected gives up
type Gate interface {
	Admit(now time.Time, m Message, lane Lane, s Standing) *SendError
}

// Verifier is implemented by a channel that can find out whether a message
// arrived whose sending ended in doubt. A message in doubt is sent again only
// after Arrived said no.
type Verifier interface {
	// Arrived looks for m among what the platform delivered after since. An error
	// means that it is still not known; a *SendError, that the platform could not
	// be asked: Temporary, Throttled, or Misconfigured, which stops the channel.
	Arrived(ctx context.Context, m Message, since time.Time) (r Receipt, arrived bool, err error)
}

// Profiler is implemented by a channel whose updates do not carry who wrote.
// Profile asks the platform, which may take a second; it caches what it learns.
type Profiler interface {
	Profile(ctx context.Context, user string) (Sender, error)
}

// Vault keeps a channel's own secrets durably, sealed: tokens, consents under
// way, what a probe found. Names are "channel/thing". Values are at most 16 KiB.
type Vault interface {
	// Secret returns a value and its version; version 0 means that there is none.
	Secret(ctx context.Context, name string) (value []byte, version int64, err error)
	// SaveSecret stores value if the stored version is still old (0: none is
	// stored) and returns the new version, which is larger. It fails with ErrConflict when
	// somebody else was first. It is on the disk when SaveSecret returns nil.
	SaveSecret(ctx context.Context, name string, value []byte, old int64) (version int64, err error)
	// Lease takes or renews the lease of that name for the owner, and reports
	// whether the owner has it. It ends by itself after ttl; a ttl of 0 gives it back.
	Lease(ctx context.Context, name, owner string, ttl time.Duration) (bool, error)
}
