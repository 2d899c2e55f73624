package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cchcbot/bot"
)

// Outcome is what one attempt came to, as metrics name it.
type Outcome string

// The outcomes.
const (
	OutcomeSent   Outcome = "sent"
	OutcomePaced  Outcome = "paced"  // its chat has to wait; nothing was sent
	OutcomeRetry  Outcome = "retry"  // again later
	OutcomeHeld   Outcome = "held"   // until the citizen writes
	OutcomeDoubt  Outcome = "doubt"  // nobody knows whether it arrived; asked before it is tried again
	OutcomeMoved  Outcome = "moved"  // the chat has another id now
	OutcomeBuried Outcome = "buried" // given up
)

// Text keys of reasons that delivery itself gives. Channels add their own.
const (
	reasonPace          = "delivery.reason_pace"
	reasonThrottled     = "delivery.reason_throttled"
	reasonTemporary     = "delivery.reason_temporary"
	reasonUnknown       = "delivery.reason_unknown"
	reasonUnknownOnce   = "delivery.reason_unknown_once"
	reasonLater         = "delivery.reason_later"
	reasonMoved         = "delivery.reason_moved"
	reasonMovedTwice    = "delivery.reason_moved_twice"
	reasonRejected      = "delivery.reason_rejected"
	reasonGone          = "delivery.reason_blocked"
	reasonMisconfigured = "delivery.reason_misconfigured"
	reasonFault         = "delivery.reason_fault"
	reasonDoubt         = "delivery.reason_doubt"
)

// deliver sends one claimed row and writes down what came of it.
func (l *line) deliver(ctx context.Context, c bot.Claimed) {
	end := sync.OnceFunc(func() { l.end(c) })
	defer l.putDown(c)
	defer end()
	obs := Observation{Channel: l.name, Lane: c.Lane, Waited: max(l.opt.Now().Sub(c.Queued), 0)}
	defer func() { l.opt.Observe(obs) }()

	if l.over(ctx, c, &obs) || l.asked(ctx, c, &obs) || l.barred(ctx, c, &obs) {
		return
	}
	if wait := l.chatPace(ctx, c); wait > 0 {
		obs.Outcome = OutcomePaced
		l.giveBack(c.Lane)
		l.putDown(c)
		l.write(ctx, c, "postpone", func(ctx context.Context) error {
			return l.opt.Outbox.Retry(ctx, c.Row, l.opt.Now().Add(wait), false, reasonPace)
		})
		return
	}
	began, tried := time.Now(), l.opt.Now()
	receipt, err := l.send(ctx, c.Message, c.Edits)
	obs.Took = time.Since(began)
	var se *bot.SendError
	if errors.As(err, &se) && se.Kind == bot.Ambiguous && l.verifies() {
		obs.Outcome = l.doubt(ctx, c, tried, err)
		return
	}
	if err == nil {
		obs.Outcome = OutcomeSent
		l.works(ctx)
		// The slot is free: what is claimed for it next shares the wait for the disk with
		// this receipt.
		l.settle(1)
		end()
		signal(l.freed)
		l.sent(ctx, c, receipt)
		l.settle(-1)
		return
	}
	if errors.As(err, &se) {
		switch se.Kind {
		case bot.Later, bot.Moved, bot.Rejected, bot.Gone:
			l.works(ctx) // it concerns this message or chat: the channel is in order
		}
	}
	obs.Outcome = l.failed(ctx, c, err)
}

// chatPace is how long the row's chat has to wait.
func (l *line) chatPace(ctx context.Context, c bot.Claimed) time.Duration {
	r, ok := chatRate(l.limits.Pace, c.Group)
	if !ok {
		return 0
	}
	return l.pace.take(ctx, "pace/"+l.name+"/chat/"+l.opt.Digest(l.name+"\x1f"+c.Message.To.Chat), r, 1)
}

// send calls the channel. A panic there costs this message an attempt, not the
// process; its value may hold what a citizen wrote and is not shown.
func (l *line) send(ctx context.Context, m bot.Message, edits string) (r bot.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var se *bot.SendError
	defer func() {
		if p := recover(); p != nil {
			err = &bot.SendError{Kind: bot.Temporary, Reason: reasonFault, Err: fmt.Errorf("%w: %T", errPanicked, p)}
		}
	}()
	if e, ok := l.ch.(bot.Editor); ok && edits != "" {
		if err := e.Edit(ctx, bot.Receipt{ID: edits}, m); err == nil {
			return bot.Receipt{ID: edits}, nil
		} else if errors.As(err, &se) && se.Kind != bot.Rejected {
			return r, err
		}
		// It is too old to be edited, or gone: a new message it is.
	}
	r, err = l.ch.Send(ctx, m)
	if err != nil && !errors.As(err, &se) && ctx.Err() != nil {
		// Our own time limit: the request was out, nobody knows how far it came.
		err = &bot.SendError{Kind: bot.Ambiguous, Reason: reasonUnknown, Err: err}
	}
	return r, err
}

// sent records the receipt. When the store cannot be told, the receipt is kept
// and told before the next look at the outbox, so that only a crash makes a duplicate.
func (l *line) sent(ctx context.Context, c bot.Claimed, r bot.Receipt) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err := l.opt.Outbox.Sent(ctx, c.Row, r); err != nil && !bot.IsCode(err, bot.NotFound) {
		l.keep(c.Row, r)
		l.opt.Log.Error("a sent message cannot be recorded yet", "channel", l.name, "row", c.Row, "err", err)
		return
	}
	l.forget(c.Row)
}

// failed does what the kind of the error asks for:
//
//   - Throttled: the row waits RetryAfter and a little more, at no cost. So do
//     the channel's follow-ups and news; replies to other chats go on until a
//     second chat is throttled within that time.
//   - Temporary, and every error that is no *bot.SendError: again after a
//     backoff; given up after maxAttempts of the lane.
//   - Ambiguous: news is given up, since twice is worse than never; the rest is
//     sent again after a backoff, at most maxUnknownAttempts times.
//   - Later: waits until then at no cost, or until the citizen writes.
//   - Moved: the new address is written and the row tried once more; a second
//     move in a row gives it up.
//   - Rejected: given up.
//   - Gone: the contact is opted out and the row given up, unless it is news and another of
//     the person's channels is there. In a group it is the
//     group that is gone, not the person who asked: nobody is opted out.
//   - Misconfigured: the channel stops, people are told once, rows wait at no
//     cost; it is tried again after a minute, then less often, and goes on by itself.
func (l *line) failed(ctx context.Context, c bot.Claimed, err error) Outcome {
	l.putDown(c) // once it is written down the row may be claimed again, and has to begin
	var se *bot.SendError
	if !errors.As(err, &se) {
		se = &bot.SendError{Kind: bot.Temporary, Err: err}
	}
	now := l.opt.Now()
	level := slog.LevelWarn
	if se.Kind == bot.Later && c.Lane == bot.LaneBroadcast {
		level = slog.LevelDebug // news that waits for thousands to write is nothing to look at
	}
	l.opt.Log.Log(ctx, level, "message was not sent", "channel", l.name, "row", c.Row, "lane", c.Lane, "attempt", c.Attempts+1,
		"kind", se.Kind, "reason", se.Reason, "err", se.Err)
	switch se.Kind {
	case bot.Throttled:
		end := now.Add(throttle(se.RetryAfter, l.opt.Jitter()))
		l.slowDown(c.Message.To.Chat, end)
		return l.retry(ctx, c, end, false, reason(se, reasonThrottled))
	case bot.Ambiguous:
		if c.Lane == bot.LaneBroadcast {
			return l.bury(ctx, c, reasonUnknownOnce)
		}
		return l.again(ctx, c, maxUnknownAttempts, reason(se, reasonUnknown))
	case bot.Later:
		if se.Until.IsZero() {
			l.write(ctx, c, "hold", func(ctx context.Context) error {
				return l.opt.Outbox.Hold(ctx, c.Row, reason(se, reasonLater))
			})
			return OutcomeHeld
		}
		due := se.Until
		if !due.After(now) {
			due = now.Add(laterLeast) // a platform whose clock differs from ours
		}
		return l.retry(ctx, c, due, false, reason(se, reasonLater))
	case bot.Moved:
		return l.moved(ctx, c, se)
	case bot.Rejected:
		l.tellDead(ctx)
		return l.bury(ctx, c, reason(se, reasonRejected))
	case bot.Gone:
		return l.gone(ctx, c, reason(se, reasonGone))
	case bot.Misconfigured:
		why := reason(se, reasonMisconfigured)
		l.halt(ctx, why)
		return l.retry(ctx, c, now, false, why)
	default:
		most := maxAttempts(c.Lane)
		if errors.Is(err, errPanicked) {
			most = maxFaultAttempts
		}
		return l.again(ctx, c, most, reason(se, reasonTemporary))
	}
}

func reason(se *bot.SendError, otherwise string) string {
	if se.Reason != "" {
		return se.Reason
	}
	return otherwise
}

// again puts a row back after a backoff, or gives it up when that was the last attempt.
func (l *line) again(ctx context.Context, c bot.Claimed, most int, why string) Outcome {
	if c.Attempts+1 >= most {
		l.tellDead(ctx)
		return l.bury(ctx, c, why)
	}
	return l.retry(ctx, c, l.opt.Now().Add(backoff(c.Attempts, l.opt.Jitter())), true, why)
}

func (l *line) retry(ctx context.Context, c bot.Claimed, due time.Time, counts bool, why string) Outcome {
	l.write(ctx, c, "postpone", func(ctx context.Context) error {
		return l.opt.Outbox.Retry(ctx, c.Row, due, counts, why)
	})
	return OutcomeRetry
}

func (l *line) bury(ctx context.Context, c bot.Claimed, why string) Outcome {
	if l.write(ctx, c, "bury", func(ctx context.Context) error { return l.opt.Outbox.Bury(ctx, c.Row, why) }) {
		l.forget(c.Row)
	} else {
		l.keepBurial(c.Row, why)
	}
	return OutcomeBuried
}

// over settles a row of which this process knows what came of it, though the store could
// not be told and has leased it again: it is not sent once more.
func (l *line) over(ctx context.Context, c bot.Claimed, obs *Observation) bool {
	l.mu.Lock()
	receipt, sent := l.unrecorded[c.Row]
	why, buried := l.unburied[c.Row]
	l.mu.Unlock()
	switch {
	case sent:
		obs.Outcome = OutcomeSent
		l.sent(ctx, c, receipt)
	case buried:
		obs.Outcome = l.bury(ctx, c, why)
	default:
		return false
	}
	l.giveBack(c.Lane)
	return true
}

func (l *line) moved(ctx context.Context, c bot.Claimed, se *bot.SendError) Outcome {
	if se.To == "" || len(se.To) > bot.MaxID || c.Moves > 0 {
		l.tellDead(ctx)
		return l.bury(ctx, c, reasonMovedTwice)
	}
	l.write(ctx, c, "move", func(ctx context.Context) error {
		if err := l.opt.Outbox.Move(ctx, c.Row, se.To); err != nil {
			return err
		}
		return l.opt.Outbox.Retry(ctx, c.Row, l.opt.Now(), false, reason(se, reasonMoved))
	})
	return OutcomeMoved
}

func (l *line) gone(ctx context.Context, c bot.Claimed, why string) Outcome {
	if c.Contact != 0 && !c.Group {
		l.write(ctx, c, "opt out", func(ctx context.Context) error { return l.opt.Outbox.OptOut(ctx, c.Contact, why) })
	}
	return l.bury(ctx, c, why)
}

// write tells the store what came of a row, and reports whether it could be told. When
// not, the lease runs out and the row is tried again, unless it was to be given up.
func (l *line) write(ctx context.Context, c bot.Claimed, what string, f func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	err := f(ctx)
	if err != nil {
		l.opt.Log.Error("outbox cannot be written", "channel", l.name, "row", c.Row, "what", what, "err", err)
	}
	return err == nil
}

// deadQuiet is how long people are left alone after an alert about dead messages.
const deadQuiet = 10 * time.Minute

// tellDead alerts that a message was given up, at most once in ten minutes.
func (l *line) tellDead(ctx context.Context) {
	now := l.opt.Now()
	l.mu.Lock()
	tell := l.deadTold.IsZero() || now.Sub(l.deadTold) >= deadQuiet
	if tell {
		l.deadTold = now
	}
	l.mu.Unlock()
	if tell {
		l.opt.Alert(ctx, "channel "+l.name+" gave up a message; see the list of dead messages.")
	}
}
