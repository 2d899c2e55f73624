package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"cchcbot/bot"
)

// doubtFirst is when a channel is first asked whether a message arrived: its
// platform's echo has had its time by then, and a citizen does not wait long.
const doubtFirst = 5 * time.Second

func (l *line) verifies() bool {
	_, ok := l.ch.(bot.Verifier)
	return ok
}

// barred asks the channel's gate and does what it says when it says no. The
// platform was not asked: a stopped channel stays stopped.
func (l *line) barred(ctx context.Context, c bot.Claimed, obs *Observation) bool {
	g, ok := l.ch.(bot.Gate)
	if !ok {
		return false
	}
	if se := l.admit(g, c); se != nil {
		l.giveBack(c.Lane)
		obs.Outcome = l.failed(ctx, c, se)
		return true
	}
	return false
}

// admit calls the gate. A panic there costs this message an attempt, as one in Send does.
func (l *line) admit(g bot.Gate, c bot.Claimed) (se *bot.SendError) {
	defer func() {
		if p := recover(); p != nil {
			se = &bot.SendError{Kind: bot.Temporary, Reason: reasonFault, Err: fmt.Errorf("%w: %T", errPanicked, p)}
		}
	}()
	c.Standing.Queued = c.Queued
	return g.Admit(l.opt.Now(), c.Message, c.Lane, c.Standing)
}

// asked settles a message in doubt: one that arrived is sent, one that did not
// goes on to be sent (false), and of one that nobody knows about it is asked again later.
func (l *line) asked(ctx context.Context, c bot.Claimed, obs *Observation) bool {
	v, ok := l.ch.(bot.Verifier)
	if !ok || c.Doubt.IsZero() {
		return false
	}
	receipt, arrived, err := l.arrived(ctx, v, c)
	switch {
	case err != nil:
		obs.Outcome = l.doubt(ctx, c, c.Doubt, err)
	case arrived:
		obs.Outcome = OutcomeSent
		l.sent(ctx, c, receipt)
	default:
		return false
	}
	return true
}

func (l *line) arrived(ctx context.Context, v bot.Verifier, c bot.Claimed) (r bot.Receipt, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %T", errPanicked, p)
		}
	}()
	return v.Arrived(ctx, c.Message, c.Doubt)
}

// doubt puts a message back that may have arrived, to be asked about. When
// that came to nothing too often, news is given up and the rest waits for a
// person. A platform that could not be asked has said nothing: it is asked for as
// long as a message is tried, and while the channel is stopped for as long as that lasts.
func (l *line) doubt(ctx context.Context, c bot.Claimed, tried time.Time, cause error) Outcome {
	most, wait := maxUnknownAttempts, max(doubtFirst, backoff(c.Attempts, l.opt.Jitter()))
	var se *bot.SendError
	if errors.As(cause, &se) {
		cause = se.Err
		switch se.Kind {
		case bot.Temporary:
			most = maxAttempts(c.Lane)
		case bot.Throttled:
			asked := throttle(se.RetryAfter, l.opt.Jitter())
			l.slowDown(c.Message.To.Chat, l.opt.Now().Add(asked))
			most, wait = maxAttempts(c.Lane), max(wait, asked)
		case bot.Misconfigured:
			most, wait = math.MaxInt, max(wait, l.halt(ctx, reason(se, reasonMisconfigured)))
		}
	}
	l.opt.Log.Warn("nobody knows whether a message arrived", "channel", l.name, "row", c.Row, "lane", c.Lane, "attempt", c.Attempts+1, "err", cause)
	if c.Attempts+1 >= most {
		l.tellDead(ctx)
		if c.Lane == bot.LaneBroadcast {
			return l.bury(ctx, c, reasonUnknownOnce)
		}
		l.write(ctx, c, "hold", func(ctx context.Context) error { return l.opt.Outbox.Hold(ctx, c.Row, reasonDoubt) })
		return OutcomeHeld
	}
	l.write(ctx, c, "doubt", func(ctx context.Context) error {
		return l.opt.Outbox.Doubt(ctx, c.Row, tried, l.opt.Now().Add(wait), reasonDoubt)
	})
	return OutcomeDoubt
}

// Resume has a stopped channel tried at once: an operator mended it.
func (d *Delivery) Resume(channel string) {
	for _, l := range d.lines {
		if l.name == channel {
			l.mu.Lock()
			l.stop.until = time.Time{}
			l.mu.Unlock()
			l.poke()
		}
	}
}
