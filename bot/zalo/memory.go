package zalo

import (
	"context"
	"sync"
	"time"
)

// memory is a map that forgets the oldest entries when it is full: what is
// worth remembering as long as the process lives.
type memory[V any] struct {
	mu    sync.Mutex
	most  int
	known map[string]V
	order []string
}

func newMemory[V any](most int) *memory[V] {
	return &memory[V]{most: most, known: map[string]V{}}
}

func (m *memory[V]) put(k string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[k]; !ok {
		m.order = append(m.order, k)
	}
	m.known[k] = v
	for len(m.order) > m.most {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *memory[V]) get(k string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.known[k]
	return v, ok
}

// forget leaves the key's place in the order: it is passed over when its time comes.
func (m *memory[V]) forget(k string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, k)
}

// alertQuiet is how long the same matter is not told again.
const alertQuiet = time.Hour

// alerts tells people, at most once an hour for the same matter.
type alerts struct {
	now  func() time.Time
	tell func(context.Context, string)

	mu   sync.Mutex
	last map[string]time.Time // matters are constants of this package: there are few
}

func (a *alerts) raise(ctx context.Context, matter, text string) {
	now := a.now()
	a.mu.Lock()
	last, told := a.last[matter]
	quiet := told && now.Sub(last) < alertQuiet
	if !quiet {
		a.last[matter] = now
	}
	a.mu.Unlock()
	if !quiet {
		a.tell(ctx, "zalo: "+text)
	}
}
