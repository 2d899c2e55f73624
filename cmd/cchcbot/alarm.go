package main

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cchcbot/bot"
)

// How often people hear of the same thing, and of anything at all.
const (
	alarmAgain = time.Hour // the same text
	alarmHour  = 20        // alarms in an hour; the log has the rest
)

// alarm tells whoever runs the program that something needs a person: in the
// log, and in the chat or mailbox of ALERT_TO. Texts are English and hold nothing personal.
type alarm struct {
	log   *slog.Logger
	now   func() time.Time
	to    bot.Address // zero: the log only
	works atomic.Pointer[bot.Works]

	mu   sync.Mutex
	last map[string]time.Time
}

func newAlarm(o houseOptions) *alarm {
	return &alarm{log: o.Log, now: o.Now, last: map[string]time.Time{}, to: o.Config.alertAddress()}
}

// raise logs the text and queues it for the chat, unless people just heard it.
func (a *alarm) raise(ctx context.Context, text string) {
	a.log.Error("needs attention", "what", text)
	w := a.works.Load()
	if a.to.Chat == "" || w == nil || !a.due(text) {
		return
	}
	// In the background: whoever raises it may hold the one write transaction.
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := w.Do(ctx, func(_ context.Context, work *bot.Work) error {
			work.Send(bot.Outgoing{To: a.to, Reply: bot.Reply{Text: "⚠ cchcbot: " + text}, Lane: bot.LaneFollowUp, Thing: "alert"})
			return nil
		})
		if err != nil {
			a.log.Error("an alert could not be queued", "err", err)
		}
	}()
}

// due reports whether this text may be sent now, and remembers that it was.
func (a *alarm) due(text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for t, at := range a.last {
		if now.Sub(at) >= alarmAgain {
			delete(a.last, t)
		}
	}
	if _, heard := a.last[text]; heard || len(a.last) >= alarmHour {
		return false
	}
	a.last[text] = now
	return true
}
