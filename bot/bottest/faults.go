package bottest

import (
	"context"
	"errors"
	"sync"
	"time"

	"cchcbot/bot"
)

// Point is where a process can die, as the crash table of the architecture has it.
type Point string

// The points, in the order in which a message passes them.
const (
	BeforeAccept      Point = "before the update is accepted"
	AfterAccept       Point = "after the update is accepted, before the platform hears so"
	BeforeCommit      Point = "before the turn commits"
	AfterCommit       Point = "after the turn commits, before anything else"
	BeforeSaveSession Point = "before the session is saved to the state"
	BeforeClaim       Point = "before delivery takes the message"
	AfterClaim        Point = "after delivery took the message, before it is sent"
	BeforeSent        Point = "after the message is sent, before the receipt is recorded"
	AfterSent         Point = "after the receipt is recorded"
)

// Points lists them all.
var Points = [...]Point{
	BeforeAccept, AfterAccept, BeforeCommit, AfterCommit, BeforeSaveSession, BeforeClaim, AfterClaim, BeforeSent, AfterSent,
}

// ErrCrash is what a dead process's store answers: nothing more is written.
var ErrCrash = errors.New("bottest: the process is dead")

// Faults makes the process die at a point. From then on every method of the
// store and the state fails until the bot is restarted.
type Faults struct {
	mu   sync.Mutex
	at   Point
	left int
	dead bool
}

// CrashAt makes the process die when it reaches p for the nth time, counted from 1.
func (f *Faults) CrashAt(p Point, nth int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.left = p, nth
}

// Dead reports whether the process died.
func (f *Faults) Dead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func (f *Faults) revive() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead, f.at = false, ""
}

// reach passes a point. It fails when the process is dead or dies here.
func (f *Faults) reach(p Point) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.dead && p != "" && p == f.at {
		if f.left--; f.left == 0 {
			f.dead = true
		}
	}
	if f.dead {
		return ErrCrash
	}
	return nil
}

// between runs f between two points.
func between[T any](f *Faults, before, after Point, call func() (T, error)) (T, error) {
	var none T
	if err := f.reach(before); err != nil {
		return none, err
	}
	v, err := call()
	if err != nil {
		return none, err
	}
	if err := f.reach(after); err != nil {
		return none, err
	}
	return v, nil
}

func (f *Faults) around(before, after Point, call func() error) error {
	_, err := between(f, before, after, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// tappedIntake, tappedInbox, tappedOutbox and tappedState are the store with
// points of death and a record of effects.
type tappedIntake struct {
	bot.Intake
	f *Faults
}

func (t tappedIntake) Accept(ctx context.Context, u bot.Update) error {
	return t.f.around(BeforeAccept, AfterAccept, func() error { return t.Intake.Accept(ctx, u) })
}

func (t tappedIntake) Present(ctx context.Context, a bot.Address) error {
	p, ok := t.Intake.(bot.Presence)
	if !ok {
		return nil
	}
	return t.f.around("", "", func() error { return p.Present(ctx, a) })
}

type tappedInbox struct {
	bot.Inbox
	f   *Faults
	rec *record
}

func (t tappedInbox) Pending(ctx context.Context, after int64, limit int) ([]bot.Pending, error) {
	return between(t.f, "", "", func() ([]bot.Pending, error) { return t.Inbox.Pending(ctx, after, limit) })
}

func (t tappedInbox) Load(ctx context.Context, turn int64) (bot.Loaded, error) {
	return between(t.f, "", "", func() (bot.Loaded, error) { return t.Inbox.Load(ctx, turn) })
}

func (t tappedInbox) SessionOf(ctx context.Context, turn int64) ([]byte, error) {
	return between(t.f, "", "", func() ([]byte, error) { return t.Inbox.SessionOf(ctx, turn) })
}

func (t tappedInbox) Postpone(ctx context.Context, turn int64, attempts int, due time.Time, reason string) error {
	return t.f.around("", "", func() error { return t.Inbox.Postpone(ctx, turn, attempts, due, reason) })
}

func (t tappedInbox) Abandon(ctx context.Context, turn int64, reason string) error {
	return t.f.around("", "", func() error { return t.Inbox.Abandon(ctx, turn, reason) })
}

func (t tappedInbox) Begin(ctx context.Context) (bot.Unit, error) {
	u, err := between(t.f, "", "", func() (bot.Unit, error) { return t.Inbox.Begin(ctx) })
	if err != nil {
		return nil, err
	}
	return &tappedUnit{Unit: u, f: t.f, rec: t.rec}, nil
}

type tappedUnit struct {
	bot.Unit
	f    *Faults
	rec  *record
	rows []bot.Queued
	end  *bot.Finished
}

func (u *tappedUnit) Enqueue(ctx context.Context, q []bot.Queued) error {
	u.rows = append(u.rows, q...)
	return u.Unit.Enqueue(ctx, q)
}

func (u *tappedUnit) Finish(ctx context.Context, f bot.Finished) (bot.ContactID, error) {
	tu, ok := u.Unit.(bot.TurnUnit)
	if !ok {
		return 0, errors.New("bottest: the store's unit cannot finish a turn")
	}
	u.end = &f
	return tu.Finish(ctx, f)
}

func (u *tappedUnit) Commit(ctx context.Context) error {
	return u.f.around(BeforeCommit, AfterCommit, func() error {
		if err := u.Unit.Commit(ctx); err != nil {
			return err
		}
		u.rec.commit(u.rows, u.end)
		return nil
	})
}

type tappedOutbox struct {
	bot.Outbox
	f   *Faults
	rec *record
}

func (t tappedOutbox) Claim(ctx context.Context, channel string, lane bot.Lane, n int, lease time.Duration) ([]bot.Claimed, error) {
	if err := t.f.reach(""); err != nil {
		return nil, err
	}
	if due, err := t.Outbox.NextDue(ctx, channel); err != nil || due.IsZero() {
		return nil, err
	}
	if err := t.f.reach(BeforeClaim); err != nil {
		return nil, err
	}
	got, err := t.Outbox.Claim(ctx, channel, lane, n, lease)
	if err != nil || len(got) == 0 {
		return nil, err
	}
	return got, t.f.reach(AfterClaim)
}

func (t tappedOutbox) Sent(ctx context.Context, row int64, r bot.Receipt) error {
	return t.f.around(BeforeSent, AfterSent, func() error { return t.Outbox.Sent(ctx, row, r) })
}

func (t tappedOutbox) Doubt(ctx context.Context, row int64, tried, due time.Time, reason string) error {
	return t.f.around("", "", func() error { return t.Outbox.Doubt(ctx, row, tried, due, reason) })
}

func (t tappedOutbox) Retry(ctx context.Context, row int64, due time.Time, counts bool, reason string) error {
	return t.f.around("", "", func() error { return t.Outbox.Retry(ctx, row, due, counts, reason) })
}

func (t tappedOutbox) Hold(ctx context.Context, row int64, reason string) error {
	return t.f.around("", "", func() error {
		t.rec.add(effect{text: "held " + reason})
		return t.Outbox.Hold(ctx, row, reason)
	})
}

func (t tappedOutbox) Bury(ctx context.Context, row int64, reason string) error {
	return t.f.around("", "", func() error {
		t.rec.add(effect{text: "dead " + reason})
		return t.Outbox.Bury(ctx, row, reason)
	})
}

func (t tappedOutbox) NextDue(ctx context.Context, channel string) (time.Time, error) {
	return between(t.f, "", "", func() (time.Time, error) { return t.Outbox.NextDue(ctx, channel) })
}

type tappedState struct {
	bot.State
	f *Faults
}

func (t tappedState) Session(ctx context.Context, key string) (data []byte, version int64, err error) {
	if err := t.f.reach(""); err != nil {
		return nil, 0, err
	}
	return t.State.Session(ctx, key)
}

func (t tappedState) SaveSession(ctx context.Context, key string, data []byte, old int64, ttl time.Duration) (int64, error) {
	return between(t.f, BeforeSaveSession, "", func() (int64, error) { return t.State.SaveSession(ctx, key, data, old, ttl) })
}

func (t tappedState) Lock(ctx context.Context, key string, ttl time.Duration) (func(context.Context) error, bool, error) {
	if err := t.f.reach(""); err != nil {
		return nil, false, err
	}
	unlock, ok, err := t.State.Lock(ctx, key, ttl)
	if err != nil || !ok {
		return unlock, ok, err
	}
	return func(ctx context.Context) error { return t.f.around("", "", func() error { return unlock(ctx) }) }, true, nil
}

func (t tappedState) Take(ctx context.Context, budget string, r bot.Rate, n int) (time.Duration, error) {
	return between(t.f, "", "", func() (time.Duration, error) { return t.State.Take(ctx, budget, r, n) })
}

// record is what happened beside the messages to a citizen.
type record struct {
	mu      sync.Mutex
	effects []effect
}

type effect struct {
	text string
	to   bot.Address // of a queued message
}

func (r *record) add(e effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effects = append(r.effects, e)
}

func (r *record) commit(rows []bot.Queued, end *bot.Finished) {
	for _, q := range rows {
		to := q.Message.To
		if end != nil && to.Channel == end.Key.Channel && to.Chat == end.Key.Chat {
			continue
		}
		text := "outbox " + to.Channel
		if q.Thing != "" {
			text += " " + q.Thing
		}
		r.add(effect{text: text, to: to})
	}
	if end == nil {
		return
	}
	switch end.Ending {
	case bot.Dropped:
		r.add(effect{text: "dropped"})
	case bot.Failed:
		r.add(effect{text: "failed " + end.Reason})
	}
}

// take returns and forgets what happened, without the messages to a chat,
// which are seen there.
func (r *record) take(channel, chat string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.effects {
		if e.to.Channel != channel || e.to.Chat != chat {
			out = append(out, e.text)
		}
	}
	r.effects = nil
	return out
}
