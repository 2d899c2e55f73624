package webchat

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cchcbot/bot"
)

// buckets gives every key a token bucket and forgets the key that was silent
// longest when there are too many.
type buckets struct {
	rate bot.Rate
	most int
	now  func() time.Time

	mu     sync.Mutex
	keys   map[string]*list.Element
	recent *list.List // of *bucket, most recent first
}

type bucket struct {
	key   string
	limit *rate.Limiter
}

func newBuckets(r bot.Rate, most int, now func() time.Time) *buckets {
	return &buckets{rate: r, most: most, now: now, keys: map[string]*list.Element{}, recent: list.New()}
}

// take returns 0, or how long to wait; a refusal costs nothing.
func (b *buckets) take(key string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.keys[key]
	if ok {
		b.recent.MoveToFront(e)
	} else {
		if b.recent.Len() >= b.most {
			delete(b.keys, b.recent.Remove(b.recent.Back()).(*bucket).key)
		}
		e = b.recent.PushFront(&bucket{key: key, limit: rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)})
		b.keys[key] = e
	}
	now := b.now()
	r := e.Value.(*bucket).limit.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// network is what shares a budget: an IPv4 address, or the /64 of an IPv6 one.
// The HTTP server put the client's address into RemoteAddr.
func network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
