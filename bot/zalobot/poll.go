package zalobot

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"cchcbot/bot"
)

// Times of the poll loop.
const (
	pollTimeout = 30 * time.Second // how long the platform waits for an update
	pollGrace   = 15 * time.Second // and what the answer may take after it
	pollLeast   = time.Second      // between two answers that there is nothing

	acceptTimeout = 30 * time.Second // one attempt to have an update kept

	backoffFirst = time.Second
	backoffMost  = time.Minute
	conflictWait = 10 * time.Second
	refusedWait  = 5 * time.Minute // the token is refused: an operator has to act
)

// Poll tells the platform how updates are to come and then, by polling, fetches
// them until ctx ends. In webhook mode it looks after the webhook. It returns nil.
func (b *Bot) Poll(ctx context.Context, in bot.Intake) error {
	if !b.setup(ctx) {
		return nil
	}
	if b.opt.Mode == ModeWebhook {
		b.watch(ctx)
		return nil
	}
	p := &poller{b: b, in: in}
	for ctx.Err() == nil {
		wait(ctx, p.round(ctx))
	}
	return nil
}

// wait returns when d is over or ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// poller is the loop's memory. Only its goroutine uses it.
type poller struct {
	b        *Bot
	in       bot.Intake
	failures int // calls that failed in a row
}

// round fetches once and takes in what came. It returns how long to wait.
func (p *poller) round(ctx context.Context) time.Duration {
	began := time.Now()
	updates, err := p.fetch(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return 0
		}
		p.failures++
		return p.b.troubled(ctx, err, p.failures)
	}
	if p.failures > 0 {
		p.b.opt.Log.Info("zalobot answers again", "failures", p.failures)
		p.failures = 0
	}
	for _, raw := range updates {
		if u := p.b.understand(raw); u != nil {
			p.take(ctx, *u)
		}
	}
	if len(updates) == 0 && time.Since(began) < pollLeast {
		return pollLeast // the platform did not wait, so we do
	}
	return 0
}

// fetch asks for updates. 408 is the platform's word for none.
func (p *poller) fetch(ctx context.Context) ([]json.RawMessage, error) {
	result, err := p.b.api.call(ctx, pollTimeout+pollGrace, "getUpdates",
		params{"timeout": strconv.Itoa(int(pollTimeout / time.Second))})
	var f *failure
	switch {
	case errors.As(err, &f) && f.code == http.StatusRequestTimeout:
		return nil, nil
	case err != nil:
		return nil, err
	}
	updates, err := unwrap(result)
	if err != nil {
		return nil, &failure{method: "getUpdates", reached: true, code: http.StatusOK, cause: errors.New("the answer has another form")}
	}
	return updates, nil
}

// take has an update kept, however long that takes: the platform does not have
// it any more. When the process is to stop it is offered once more.
func (p *poller) take(ctx context.Context, u bot.Update) {
	for nth := 1; ; nth++ {
		last := ctx.Err() != nil
		err := p.accept(ctx, u)
		switch {
		case err == nil || p.b.never(&u, err):
			return
		case last:
			p.b.opt.Log.Error("an update of zalobot is lost: it could not be kept and the program stops", "update", u.ID, "err", err)
			return
		case nth == 1 || nth%20 == 0:
			p.b.opt.Log.Error("an update of zalobot cannot be kept; it waits in memory", "update", u.ID, "err", err, "attempts", nth)
		}
		wait(ctx, backoff(nth))
	}
}

// accept is one attempt. That the program stops does not end it.
func (p *poller) accept(ctx context.Context, u bot.Update) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout)
	defer cancel()
	return p.in.Accept(ctx, u)
}

// troubled logs a failed call and says how long to wait before the next.
func (b *Bot) troubled(ctx context.Context, err error, nth int) time.Duration {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{cause: b.api.redact(err)}
	}
	v := f.judge()
	if v.alert != "" {
		b.alerts.Raise(ctx, v.name, v.alert)
	}
	d := backoff(nth)
	switch {
	case v.kind == bot.Misconfigured:
		d = refusedWait
	case v.kind == bot.Throttled:
		d = f.throttled() + rand.N(time.Second)
	case v.alert == alertConflict:
		d = max(d, conflictWait)
	}
	if nth == 1 || nth%20 == 0 {
		b.opt.Log.Warn("zalobot cannot be asked", "err", f, "failures", nth, "next", d.Round(time.Second))
	}
	return d
}

func backoff(nth int) time.Duration {
	d := min(backoffFirst<<min(nth-1, 6), backoffMost)
	return d/2 + rand.N(d/2)
}
