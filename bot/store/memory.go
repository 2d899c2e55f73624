package store

import (
	"errors"
	"math"
	"sync"
	"time"

	"cchcbot/bot"
)

// maxEntries bounds each of the maps below. It is far above what one process
// can have alive; reaching it means that a caller makes up keys.
const maxEntries = 1 << 20

var errFull = errors.New("store: too many keys of the state are alive")

// expiring is a map whose entries end. Ended ones are swept when the map has
// doubled since the sweep before, so that a sweep is paid for by the inserts.
type expiring[V any] struct {
	mu   sync.Mutex
	m    map[string]V
	ends func(V) time.Time
	next int // size at which to sweep
}

const firstSweep = 1024

func newExpiring[V any](ends func(V) time.Time) *expiring[V] {
	return &expiring[V]{m: map[string]V{}, ends: ends, next: firstSweep}
}

// get returns an entry that has not ended. The caller holds mu.
func (e *expiring[V]) get(key string, now time.Time) (v V, ok bool) {
	v, ok = e.m[key]
	if ok && !now.Before(e.ends(v)) {
		var none V
		return none, false
	}
	return v, ok
}

// set stores an entry. The caller holds mu.
func (e *expiring[V]) set(key string, v V, now time.Time) error {
	if _, known := e.m[key]; !known && len(e.m) >= e.next {
		for k, old := range e.m {
			if !now.Before(e.ends(old)) {
				delete(e.m, k)
			}
		}
		if len(e.m) >= maxEntries {
			return errFull
		}
		e.next = min(max(2*len(e.m), firstSweep), maxEntries)
	}
	e.m[key] = v
	return nil
}

// locks are held until they are given back or end.
type locks struct {
	*expiring[lock]
	last int64
}

type lock struct {
	token int64
	end   time.Time
}

func newLocks() *locks {
	return &locks{expiring: newExpiring(func(l lock) time.Time { return l.end })}
}

func (l *locks) take(key string, now time.Time, ttl time.Duration) (token int64, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, held := l.get(key, now); held {
		return 0, false, nil
	}
	l.last++
	if err := l.set(key, lock{l.last, now.Add(ttl)}, now); err != nil {
		return 0, false, err
	}
	return l.last, true, nil
}

// give gives a lock back, unless it ended and somebody else has it.
func (l *locks) give(key string, token int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m[key].token == token {
		delete(l.m, key)
	}
}

// budgets are token buckets. Of each only one time is kept: when it will be
// full again (the generic cell rate algorithm).
type budgets struct{ *expiring[time.Time] }

func newBudgets() *budgets {
	return &budgets{newExpiring(func(full time.Time) time.Time { return full })}
}

func (b *budgets) take(key string, r bot.Rate, n int, now time.Time) (time.Duration, error) {
	each := math.Ceil(float64(time.Second) / r.PerSecond) // ns that one token takes to come back
	if each*float64(r.Burst) > float64(maxRefill) {
		return 0, invalid("a budget takes more than a year to fill")
	}
	cost, depth := time.Duration(each)*time.Duration(n), time.Duration(each)*time.Duration(r.Burst)
	b.mu.Lock()
	defer b.mu.Unlock()
	full, ok := b.get(key, now)
	if !ok {
		full = now
	}
	full = full.Add(cost)
	if wait := full.Sub(now) - depth; wait > 0 {
		return wait, nil
	}
	return 0, b.set(key, full, now)
}

const maxRefill = 366 * 24 * time.Hour

// marks remember what was seen.
type marks struct{ *expiring[time.Time] }

func newMarks() *marks {
	return &marks{newExpiring(func(end time.Time) time.Time { return end })}
}

func (m *marks) mark(key string, now time.Time, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, seen := m.get(key, now); seen {
		return true, nil
	}
	return false, m.set(key, now.Add(ttl), now)
}
