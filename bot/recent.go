package bot

import (
	"context"
	"sync"
	"time"
)

// Recent is a map that forgets the oldest entry when it is full: what a channel
// finds worth remembering as long as the process lives, and no longer than there
// is room. Its methods are safe for concurrent use.
type Recent[V any] struct {
	mu    sync.Mutex
	most  int
	known map[string]V
	order []string
}

// NewRecent returns a map of at most that many entries.
func NewRecent[V any](most int) *Recent[V] {
	return &Recent[V]{most: most, known: map[string]V{}}
}

// Put sets an entry; one that is there keeps its age.
func (m *Recent[V]) Put(k string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[k]; !ok {
		m.order = append(m.order, k)
	}
	m.known[k] = v
	// Forgotten keys leave holes in order; it is swept when they are the most of it.
	if len(m.order) > 2*m.most {
		m.sweep()
	}
	for len(m.known) > m.most && len(m.order) > 0 {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *Recent[V]) sweep() {
	kept := m.order[:0]
	seen := make(map[string]bool, len(m.known))
	for _, k := range m.order {
		if _, ok := m.known[k]; ok && !seen[k] {
			seen[k] = true
			kept = append(kept, k)
		}
	}
	m.order = kept
}

// Get returns an entry and whether it is there.
func (m *Recent[V]) Get(k string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.known[k]
	return v, ok
}

// Forget removes an entry.
func (m *Recent[V]) Forget(k string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, k)
}

// alertQuiet is how long the same matter is not told again.
const alertQuiet = time.Hour

// Alerts tells the people who run the system, at most once an hour for the same
// matter. Matters are named in the code, so there are few of them; texts are
// English and hold nothing personal.
type Alerts struct {
	From string // stands before each text: "zalo"
	Now  func() time.Time
	Tell func(ctx context.Context, text string)

	mu   sync.Mutex
	last map[string]time.Time
}

// Raise tells the text unless people just heard of the matter.
func (a *Alerts) Raise(ctx context.Context, matter, text string) {
	now := a.Now()
	a.mu.Lock()
	last, told := a.last[matter]
	quiet := told && now.Sub(last) < alertQuiet
	if !quiet {
		if a.last == nil {
			a.last = map[string]time.Time{}
		}
		a.last[matter] = now
	}
	a.mu.Unlock()
	if !quiet {
		a.Tell(ctx, a.From+": "+text)
	}
}
