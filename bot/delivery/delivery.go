// Package delivery empties the outbox: it takes the messages that turns, pages
// and jobs queued, hands each to its channel and writes down what came of it.
//
// Every channel has a loop of its own, so that a slow platform never delays
// another. Within a channel replies go before later words on a citizen's own
// case, and both before news; news leaves some of the sending slots and a token
// of the pace free, so that a reply that comes in meanwhile waits for nothing
// but the sends under way. One chat has one message under way at a time.
//
// A message is sent under a lease and written down as sent after the platform's
// receipt. A process that dies in between leaves the lease to run out, and the
// message is sent again: the one duplicate that no outbox can avoid. A slot is free
// when its send has ended, so that the next claim and the receipts share a commit; at
// most twice as many messages as there are slots are in that state.
//
// What each kind of bot.SendError leads to is in outcome.go.
package delivery

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"cchcbot/bot"
)

//go:embed text/*.toml
var texts embed.FS

// Texts are the reasons that operators read: text/vi.toml and text/en.toml.
func Texts() fs.FS { return texts }

// Limits of delivery.
const (
	sendTimeout   = 30 * time.Second // one Channel.Send
	lease         = 2 * time.Minute  // longer than a send and its bookkeeping can take
	recordTimeout = 5 * time.Second  // one write of what came of a send
	sweepEvery    = 5 * time.Second  // finds what another process queued
	blockedEvery  = time.Second      // the look at rows that are due but held back by their chat
	gatherFor     = time.Millisecond // how long a free slot waits for others: nothing beside a send
	maxSlots      = 64
	maxUnrecorded = 10_000
)

// Observation is what one send came to, for metrics.
type Observation struct {
	Channel string
	Lane    bot.Lane
	Outcome Outcome
	Waited  time.Duration // from queueing to this attempt
	Took    time.Duration // the platform's call; 0 when it was not called
}

// Options is what a Delivery works with. Outbox, State and Channels are required.
type Options struct {
	Outbox   bot.Outbox
	State    bot.State // rate budgets, shared by all processes
	Channels []bot.Channel
	Now      func() time.Time
	Log      *slog.Logger
	// Alert tells the people who run the system; English, nothing personal. May be nil.
	Alert func(ctx context.Context, text string)
	// Observe is told of each attempt. It must be quick and safe for concurrent use. May be nil.
	Observe func(Observation)
	// Slots is how many sends a channel may have under way, 1 to 64; 0 means 8.
	Slots int
	// Jitter returns a number from 0 up to 1; nil means random.
	Jitter func() float64
	// Digest names a chat in State without showing whose it is, as bot.Sealer does;
	// nil means a plain hash.
	Digest func(string) string
}

// Delivery sends what waits in the outbox. Its methods are safe for concurrent
// use, but only one of Run and Drain at a time.
type Delivery struct {
	opt   Options
	lines []*line
}

// New checks the options.
func New(opt Options) (*Delivery, error) {
	if opt.Outbox == nil || opt.State == nil || len(opt.Channels) == 0 {
		return nil, errors.New("delivery: outbox, state and at least one channel are needed")
	}
	if opt.Slots < 0 || opt.Slots > maxSlots {
		return nil, fmt.Errorf("delivery: %d slots, want 1 to %d", opt.Slots, maxSlots)
	}
	if opt.Slots == 0 {
		opt.Slots = 8
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Alert == nil {
		opt.Alert = func(context.Context, string) {}
	}
	if opt.Observe == nil {
		opt.Observe = func(Observation) {}
	}
	if opt.Jitter == nil {
		opt.Jitter = rand.Float64
	}
	if opt.Digest == nil {
		opt.Digest = func(s string) string {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:12])
		}
	}
	d := &Delivery{opt: opt}
	pace := newPace(opt.State, opt.Log, opt.Now)
	seen := map[string]bool{}
	for _, c := range opt.Channels {
		if c == nil || c.Name() == "" || seen[c.Name()] {
			return nil, errors.New("delivery: every channel needs a name of its own")
		}
		seen[c.Name()] = true
		d.lines = append(d.lines, newLine(&d.opt, pace, c))
	}
	return d, nil
}

// Run sends until ctx ends. Sends under way then finish, each within 30 seconds.
func (d *Delivery) Run(ctx context.Context) error {
	var lines sync.WaitGroup
	for _, l := range d.lines {
		lines.Go(func() { l.run(ctx) })
	}
	lines.Wait()
	return nil
}

// Wake tells delivery that messages were queued. It never blocks.
func (d *Delivery) Wake() {
	for _, l := range d.lines {
		l.poke()
	}
}

// Drain sends everything that is due now and that the pace allows, one message
// after the other in the caller's goroutine. Tests and commands use it instead of Run.
func (d *Delivery) Drain(ctx context.Context) error {
	for _, l := range d.lines {
		if err := l.drain(ctx); err != nil {
			return fmt.Errorf("channel %s: %w", l.name, err)
		}
	}
	return nil
}

// Status is how one channel's sending goes.
type Status struct {
	Channel string
	Stopped bool      // nothing is sent until an operator acts
	Reason  string    // text key, when stopped
	Until   time.Time // when it is tried again, or the end of a platform's throttle; zero when neither
	Flying  int       // sends under way
}

// Status reports on every channel, in the order of the options.
func (d *Delivery) Status() []Status {
	out := make([]Status, 0, len(d.lines))
	for _, l := range d.lines {
		out = append(out, l.status())
	}
	return out
}

// Check returns an error that names every stopped channel with its reason, or nil.
func (d *Delivery) Check(context.Context) error {
	var errs []error
	for _, s := range d.Status() {
		if s.Stopped {
			errs = append(errs, fmt.Errorf("channel %s sends nothing: %s", s.Channel, s.Reason))
		}
	}
	return errors.Join(errs...)
}
