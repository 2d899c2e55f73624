package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cchcbot/bot"
)

// newsShare is the part of a channel's pace that news may use. The bucket of
// the channel refills faster than news empties it, so a reply finds a token.
const newsShare = 0.8

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

// channelRate is the budget of all chats of a channel together.
func channelRate(p bot.Pace) bot.Rate {
	return bot.Rate{PerSecond: p.PerSecond, Burst: max(p.Burst, 1)}
}

// newsRate is the part of it that news may use.
func newsRate(p bot.Pace) bot.Rate {
	return bot.Rate{PerSecond: p.PerSecond * newsShare, Burst: max(int(float64(p.Burst)*newsShare), 1)}
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
