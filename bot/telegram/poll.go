package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"cchcbot/bot"
)

// Times of the poll loop.
const (
	pollTimeout = 50 * time.Second // the longest that the API server waits
	pollGrace   = 10 * time.Second // and what the answer may take after it
	pollLimit   = 100              // most updates in an answer

	albumWindow = 1500 * time.Millisecond // an album is whole when no part came for so long
	albumLook   = 500 * time.Millisecond  // how often further parts are asked for meanwhile

	backoffFirst = time.Second
	backoffMost  = time.Minute
	conflictWait = 5 * time.Second
	refusedWait  = 5 * time.Minute // the token is refused: an operator has to act
	throttleMost = time.Hour       // what is believed of "slow down", as in package delivery
)

// Poll tells Telegram how updates are to come and then, by polling, fetches them
// until ctx ends. In webhook mode it looks after the webhook. It returns nil.
func (b *Bot) Poll(ctx context.Context, in bot.Intake) error {
	if !b.setup(ctx) {
		return nil
	}
	if b.opt.Mode == ModeWebhook {
		b.watch(ctx, in)
		return nil
	}
	p := &poller{b: b, in: in, done: map[int64]bool{}, albums: map[string]*gathering{}, asks: make(chan struct{}, 16)}
	defer p.acks.Wait()
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

// poller is the loop's memory. Only its goroutine uses it, but for acks.
type poller struct {
	b        *Bot
	in       bot.Intake
	offset   int64
	done     map[int64]bool        // taken, but behind one that is not: the offset is still below
	albums   map[string]*gathering // albums whose parts are still coming
	failures int                   // calls that failed in a row
	refused  int                   // rounds in a row in which an update was not accepted
	acks     sync.WaitGroup
	asks     chan struct{} // bounds the answers to button presses under way
}

// gathering is an album that is not whole yet.
type gathering struct {
	parts int
	last  time.Time // when the number of parts grew
}

// round fetches once and takes in what came. It returns how long to wait.
func (p *poller) round(ctx context.Context) time.Duration {
	timeout := pollTimeout
	if len(p.albums) > 0 || p.refused > 0 {
		timeout = 0
	}
	result, err := p.b.api.callFor(ctx, timeout+pollGrace, "getUpdates", tgbotapi.Params{
		"offset": strconv.FormatInt(p.offset, 10), "limit": strconv.Itoa(pollLimit),
		"timeout": strconv.Itoa(int(timeout / time.Second)), "allowed_updates": allowedUpdates,
	})
	var raws []json.RawMessage
	if err == nil && json.Unmarshal(result, &raws) != nil {
		err = &failure{method: "getUpdates", reached: true, cause: errors.New("the answer has another form")}
	}
	if err != nil {
		if ctx.Err() != nil {
			return 0
		}
		p.failures++
		return p.b.troubled(ctx, err, p.failures)
	}
	if p.failures > 0 {
		p.b.opt.Log.Info("telegram answers again", "failures", p.failures)
		p.failures = 0
	}
	if len(raws) == 0 {
		// Everything below the offset is confirmed. After a week of silence the
		// next id may be a smaller one, so nothing is asked for by number.
		p.offset = 0
		clear(p.done)
		clear(p.albums)
		return 0
	}
	return p.takeAll(ctx, raws)
}

// troubled logs a failed call and says how long to wait before the next.
func (b *Bot) troubled(ctx context.Context, err error, nth int) time.Duration {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{cause: err}
	}
	v := f.judge()
	if v.alert != "" {
		b.alerts.Raise(ctx, v.name, v.alert)
	}
	d := backoff(nth)
	switch {
	case v.kind == bot.Misconfigured:
		d = refusedWait
	case f.code == 429:
		d = min(max(f.retryAfter, time.Second), throttleMost) + rand.N(time.Second)
	case f.code == 409:
		d = max(d, conflictWait)
	}
	if nth == 1 || nth%20 == 0 {
		b.opt.Log.Warn("telegram cannot be asked", "err", f, "failures", nth, "next", d.Round(time.Second))
	}
	return d
}

func backoff(nth int) time.Duration {
	d := backoffFirst << min(nth-1, 6)
	d = min(d, backoffMost)
	return d/2 + rand.N(d/2)
}

// takeAll takes a batch in, in the order in which it came for each chat, and
// moves the offset behind what was taken.
func (p *poller) takeAll(ctx context.Context, raws []json.RawMessage) time.Duration {
	items, failed := p.readAll(ctx, raws)
	open, look := p.gather(items)
	held := map[string]bool{} // chats in which something has to wait
	for i, it := range items {
		switch {
		case p.done[it.id] || held[it.chat] && it.chat != "":
			continue
		case it.album != "" && open[it.album]:
			held[it.chat] = true
		case !p.takeOne(ctx, items, i):
			held[it.chat] = true
			failed = true
		}
		if ctx.Err() != nil {
			break
		}
	}
	p.advance(items)
	if !failed {
		p.refused = 0
		return look
	}
	p.refused++
	return backoff(p.refused)
}

// readAll reads a batch up to the first update that cannot be read now.
func (p *poller) readAll(ctx context.Context, raws []json.RawMessage) (items []event, failed bool) {
	for _, raw := range raws {
		id, err := updateID(raw)
		if err != nil {
			p.b.opt.Log.Error("telegram sent an update without an id")
			continue
		}
		ev, err := p.b.read(ctx, raw)
		switch {
		case errors.Is(err, errUnfit):
			p.b.opt.Log.Error("an update of telegram cannot be read and is passed over", "update", id)
		case err != nil:
			if ctx.Err() == nil {
				p.b.opt.Log.Warn("an update has to wait: telegram does not say who the bot is", "err", err)
			}
			return items, true
		}
		ev.id = id
		items = append(items, ev)
	}
	return items, false
}

// gather finds the albums of a batch that may still grow, and how soon to look
// again; an album of the most parts there can be is whole at once.
func (p *poller) gather(items []event) (open map[string]bool, look time.Duration) {
	parts := map[string]int{}
	for _, it := range items {
		if it.album != "" && !p.done[it.id] {
			parts[it.album]++
		}
	}
	for key := range p.albums {
		if parts[key] == 0 {
			delete(p.albums, key)
		}
	}
	open = map[string]bool{}
	now := time.Now()
	for key, n := range parts {
		g := p.albums[key]
		if g == nil {
			g = &gathering{}
			p.albums[key] = g
		}
		if n > g.parts {
			g.parts, g.last = n, now
		}
		if left := albumWindow - now.Sub(g.last); left > 0 && n < maxAlbum {
			open[key] = true
			if left = min(left, albumLook); look == 0 || left < look {
				look = left
			}
		}
	}
	return open, look
}

// takeOne takes in the update at i, or the whole album it begins. It reports
// whether that is done with, whatever came of it.
func (p *poller) takeOne(ctx context.Context, items []event, i int) bool {
	it := items[i]
	ids := []int64{it.id}
	u := it.update
	if it.album != "" {
		var parts []bot.Update
		ids = nil
		for _, other := range items[i:] {
			if other.album == it.album && !p.done[other.id] {
				parts = append(parts, *other.update)
				ids = append(ids, other.id)
			}
		}
		whole := merge(parts)
		u = &whole
	}
	if u != nil && !p.b.accept(ctx, p.in, *u) {
		return false
	}
	if it.query != "" {
		p.ack(ctx, it.query)
	}
	for _, id := range ids {
		p.done[id] = true
	}
	delete(p.albums, it.album)
	return true
}

// accept hands an update over. It reports whether it is done with: durable, or
// never to be taken.
func (b *Bot) accept(ctx context.Context, in bot.Intake, u bot.Update) bool {
	if b.again(u) {
		return true
	}
	err := in.Accept(ctx, u)
	switch {
	case err == nil:
		b.followed.Forget(u.Chat) // whatever comes in between, the next /start is another press
		if u.Event == bot.EventFollowed {
			b.followed.Put(u.Chat, u.At)
		}
		return true
	case bot.IsCode(err, bot.Invalid):
		b.opt.Log.Warn("an update of telegram is unfit and is passed over", "update", u.ID)
		return true
	}
	if ctx.Err() == nil {
		b.opt.Log.Error("an update cannot be kept; telegram sends it again", "update", u.ID, "err", err)
	}
	return false
}

// ack answers a button press beside the loop, which is not to wait for it.
func (p *poller) ack(ctx context.Context, query string) {
	select {
	case p.asks <- struct{}{}:
	case <-ctx.Done():
		return
	}
	p.acks.Go(func() {
		defer func() { <-p.asks }()
		if err := p.b.answer(context.WithoutCancel(ctx), query); err != nil {
			p.b.opt.Log.Warn("a button press was not answered", "err", err)
		}
	})
}

// advance moves the offset behind everything that is done with.
func (p *poller) advance(items []event) {
	for _, it := range items {
		if !p.done[it.id] {
			p.offset = it.id
			maps.DeleteFunc(p.done, func(id int64, _ bool) bool { return id < p.offset })
			return
		}
	}
	if n := len(items); n > 0 {
		p.offset = items[n-1].id + 1
		clear(p.done)
	}
}
