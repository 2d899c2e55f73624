package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cchcbot/bot"
)

// newsShare is the part of a channel's pace that news may use. Nearly all: a token
// stays behind for the next reply (see line.budget), replies take theirs first, and
// the bucket of the channel refills a little faster than news empties it.
const newsShare = 0.99

// maxLimiters bounds the budgets kept in the process while State is away.
const maxLimiters = 10_000

// pace asks State for budgets. While State is away it keeps them in the
// process, where several processes together may be too fast; platforms then
// throttle us, which is handled.
type pace struct {
	state bot.State
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	away  bool
	local map[string]*rate.Limiter
}

func newPace(state bot.State, log *slog.Logger, now func() time.Time) *pace {
	return &pace{state: state, log: log, now: now, local: map[string]*rate.Limiter{}}
}

// take takes n tokens, or returns how long to wait before asking again.
func (p *pace) take(ctx context.Context, budget string, r bot.Rate, n int) time.Duration {
	wait, err := p.state.Take(ctx, budget, r, n)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		if p.away {
			p.away, p.local = false, map[string]*rate.Limiter{}
			p.log.Info("rate budgets are shared again")
		}
		return max(wait, 0)
	}
	if !p.away {
		p.away = true
		p.log.Warn("rate budgets cannot be shared, this process keeps its own", "err", err)
	}
	l := p.local[budget]
	if l == nil {
		if len(p.local) >= maxLimiters {
			clear(p.local)
		}
		l = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		p.local[budget] = l
	}
	now := p.now()
	res := l.ReserveN(now, n)
	if !res.OK() {
		return time.Second
	}
	wait = res.DelayFrom(now)
	if wait > 0 {
		res.CancelAt(now)
	}
	return wait
}

// channelRate is the budget of all chats of a channel together. What purses hold is a
// part of the burst: a platform counts what arrives within a second, whoever kept it.
func channelRate(p bot.Pace) bot.Rate {
	return bot.Rate{PerSecond: p.PerSecond, Burst: max(p.Burst-purseOf(p), 1)}
}

// purseOf is how many tokens are taken ahead.
func purseOf(p bot.Pace) int { return max(p.Burst/2, 1) }

// newsRate is the part of it that news may use, nearly without a burst: what news could not
// send while this machine was busy, or while the platform asked for less, is not made up
// for at once. The platform would refuse an answer with it.
func newsRate(p bot.Pace) bot.Rate {
	return bot.Rate{PerSecond: p.PerSecond * newsShare, Burst: max(p.Burst/5, 1)}
}

// chatRate is the budget of one chat; ok is false when there is none. A
// platform counts a group's messages in any minute, so what may come at once
// and what comes back within a minute together stay below its number.
func chatRate(p bot.Pace, group bool) (r bot.Rate, ok bool) {
	if group && p.PerGroupMinute > 0 {
		burst := max(int(p.PerGroupMinute/4), 1)
		return bot.Rate{PerSecond: max(p.PerGroupMinute-float64(burst), 0.5) / 60, Burst: burst}, true
	}
	if p.PerChatSecond > 0 {
		return bot.Rate{PerSecond: p.PerChatSecond, Burst: max(p.ChatBurst, 1)}, true
	}
	return bot.Rate{}, false
}

// purse holds tokens that were taken and not spent yet, so that a look at an
// empty lane costs none. They are forgotten after a second: by then the budget
// has refilled, and spending them late would be a burst above it.
type purse struct {
	n  int
	at time.Time
}

// add puts tokens back that were not spent, up to most in all. They are as young as the send
// that did not happen.
func (w *purse) add(n, most int, now time.Time) {
	if n == 0 {
		return
	}
	if now.Sub(w.at) > time.Second {
		w.n = 0
	}
	w.n, w.at = max(min(w.n+n, most), w.n), now
}

func (w *purse) fill(ctx context.Context, p *pace, budget string, r bot.Rate, want int) (wait time.Duration) {
	now := p.now()
	if now.Sub(w.at) > time.Second {
		w.n = 0
	}
	want = min(want, r.Burst)
	if w.n >= want {
		return 0
	}
	if missing := want - w.n; missing > 1 && p.take(ctx, budget, r, missing) == 0 {
		w.n, w.at = want, now
		return 0
	}
	if wait = p.take(ctx, budget, r, 1); wait > 0 {
		return wait
	}
	w.n++
	w.at = now
	return 0
}
