package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cchcbot/bot/store"
	"cchcbot/bot/web"
)

// When readiness and the figures raise a hand.
const (
	lateTurn  = time.Minute      // an update that waits longer for its turn
	leastDisk = 200 << 20        // bytes free
	statsAge  = 10 * time.Second // how long counted figures are reused
)

// ready reports what must work for the program to be useful.
func (p *program) ready(ctx context.Context) []web.Check {
	if p.house == nil {
		return []web.Check{{Name: "start", Reason: "the program is still starting"}}
	}
	checks := []web.Check{p.databaseCheck(ctx), p.knowledgeCheck(), p.stateCheck(ctx)}
	for _, s := range p.house.delivery.Status() {
		c := web.Check{Name: "channel " + s.Channel, OK: !s.Stopped}
		if s.Stopped {
			c.Reason = "nothing can be sent: " + s.Reason
		}
		checks = append(checks, c)
	}
	if p.zalo != nil {
		checks = append(checks, p.zaloCheck(ctx))
	}
	return checks
}

// zaloCheck looks at the account's consent without asking Zalo.
func (p *program) zaloCheck(ctx context.Context) web.Check {
	s, err := p.zalo.Standing(ctx)
	switch {
	case err != nil:
		p.log.Warn("readiness: the consent of zalo cannot be read", "err", err)
		return web.Check{Name: "zalo consent", Reason: "it cannot be read; see the log"}
	case !s.Connected:
		return web.Check{Name: "zalo consent", Reason: "the Official Account has to give its consent (" + s.Reason + "): run `cchcbot zalo connect`; messages are taken in and wait"}
	}
	return web.Check{Name: "zalo consent", OK: true}
}

func (p *program) databaseCheck(ctx context.Context) web.Check {
	c := web.Check{Name: "database"}
	s, err := p.data.store.Stats(ctx)
	switch {
	case err != nil:
		p.log.Warn("readiness: the database does not answer", "err", err)
		c.Reason = "the database does not answer; see the log"
	case s.Disk.Free >= 0 && s.Disk.Free < leastDisk:
		c.Reason = fmt.Sprintf("less than %d MB are free on the disk of DATA", leastDisk>>20)
	case s.OldestUpdate > lateTurn:
		c.Reason = "messages wait more than a minute for an answer; see the log"
	default:
		c.OK = true
	}
	return c
}

func (p *program) stateCheck(ctx context.Context) web.Check {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := p.house.state.Ping(ctx); err != nil {
		p.log.Warn("readiness: the state does not answer", "err", err)
		return web.Check{Name: "state", Reason: "the store of conversations (Redis) does not answer; questions are answered all the same"}
	}
	return web.Check{Name: "state", OK: true}
}

func (p *program) knowledgeCheck() web.Check {
	if _, n := p.house.live.Loaded(); n == 0 {
		return web.Check{Name: "knowledge", Reason: "no procedure is published; `cchcbot knowledge import` brings some in"}
	}
	return web.Check{Name: "knowledge", OK: true}
}

// counted reads the store's figures at most every few seconds, however many
// gauges ask.
type counted struct {
	p    *program
	mu   sync.Mutex
	at   time.Time
	last store.Stats
}

func (c *counted) stats() store.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.at) > statsAge {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		s, err := c.p.data.store.Stats(ctx)
		if err != nil {
			c.p.log.Warn("figures cannot be counted", "err", err)
			return c.last
		}
		c.last, c.at = s, now
	}
	return c.last
}

// gauges registers the figures that are read when somebody looks.
func (p *program) gauges() {
	c := &counted{p: p}
	count := func(state string) func() float64 {
		return func() float64 {
			n := 0
			for _, o := range c.stats().Outbox {
				if string(o.State) == state {
					n += o.Count
				}
			}
			return float64(n)
		}
	}
	p.metrics.gauge("cchcbot_inbox_pending", "Updates that wait for their turn.", func() float64 { return float64(c.stats().InboxPending) })
	p.metrics.gauge("cchcbot_inbox_failed", "Updates in the dead-letter list.", func() float64 { return float64(c.stats().InboxFailed) })
	p.metrics.gauge("cchcbot_inbox_oldest_seconds", "Age of the oldest waiting update.", func() float64 { return c.stats().OldestUpdate.Seconds() })
	p.metrics.gauge("cchcbot_outbox_queued", "Messages that wait to be sent.", count("queued"))
	p.metrics.gauge("cchcbot_outbox_waiting", "Messages of news that wait to come into their lane; counted anew every half minute when they are many.", count("waiting"))
	p.metrics.gauge("cchcbot_outbox_held", "Messages held until the citizen writes.", count("held"))
	p.metrics.gauge("cchcbot_outbox_dead", "Messages given up.", count("dead"))
	p.metrics.gauge("cchcbot_disk_free_bytes", "Free space on the disk of DATA.", func() float64 { return float64(c.stats().Disk.Free) })
	if z := p.zalo; z != nil {
		p.metrics.gauge("cchcbot_zalo_deliveries_verified", "Deliveries that Zalo signed, since the start.", func() float64 { return float64(z.Counts().Verified) })
		p.metrics.gauge("cchcbot_zalo_deliveries_forged", "Deliveries with a wrong signature, since the start.", func() float64 { return float64(z.Counts().Forged) })
		p.metrics.gauge("cchcbot_zalo_deliveries_unsigned", "Deliveries without a signature, since the start.", func() float64 { return float64(z.Counts().Unsigned) })
		p.metrics.gauge("cchcbot_zalo_deliveries_unknown", "Deliveries of a kind that nobody knows, since the start.", func() float64 { return float64(z.Counts().Unknown) })
	}
	p.metrics.gauge("cchcbot_quiet_chats", "Chats left to a person of the office now.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		quiet, err := p.data.store.ListQuiet(ctx, "", 1000)
		if err != nil {
			p.log.Warn("quiet chats cannot be counted", "err", err)
		}
		return float64(len(quiet))
	})
	p.metrics.gauge("cchcbot_procedures_entries", "Procedures in the search.", func() float64 {
		_, n := p.house.live.Loaded()
		return float64(n)
	})
}
