package web

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cchcbot/bot"
)

// limiter gives each client address a token bucket and forgets the one that
// was silent longest when there are too many.
type limiter struct {
	rate bot.Rate
	most int
	now  func() time.Time

	mu      sync.Mutex
	clients map[netip.Addr]*list.Element
	recent  *list.List // of *client, most recent first
}

type client struct {
	addr   netip.Addr
	bucket *rate.Limiter
}

func newLimiter(r bot.Rate, most int, now func() time.Time) *limiter {
	return &limiter{rate: r, most: most, now: now, clients: map[netip.Addr]*list.Element{}, recent: list.New()}
}

// take takes one request from the budget of addr and returns 0, or how long
// to wait when none is left.
func (l *limiter) take(addr netip.Addr) time.Duration {
	addr = network(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.clients[addr]
	if ok {
		l.recent.MoveToFront(e)
	} else {
		if l.recent.Len() >= l.most {
			last := l.recent.Back()
			delete(l.clients, l.recent.Remove(last).(*client).addr)
		}
		e = l.recent.PushFront(&client{addr: addr, bucket: rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)})
		l.clients[addr] = e
	}
	now := l.now()
	r := e.Value.(*client).bucket.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now) // a refused request costs nothing
	}
	return wait
}

// network is what counts as one client: an IPv4 address, or the /64 that a
// household or a phone has in IPv6.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
