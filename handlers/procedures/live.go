package procedures

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// reloadEvery is how often a process looks for a newer published revision.
const reloadEvery = 5 * time.Second

// Build makes a searcher of entries: knowledge/index in the program.
type Build func([]*knowledge.Entry) (knowledge.Searcher, error)

// Live is the searcher of the published revision. It is built aside and
// swapped in whole, so a search never waits and never sees half a revision.
type Live struct {
	read  Reader
	build Build
	log   *slog.Logger
	clock func() time.Time
	left  func(question string) bool // not answered by decision; nil: none

	mu  sync.Mutex // one refresh at a time
	now atomic.Pointer[loaded]
}

type loaded struct {
	revision int64
	day      string // in Vietnam: what is in force changes with it
	count    int
	searcher knowledge.Searcher

	mu   sync.Mutex
	full map[string]*knowledge.Entry // entries read in full, those asked for most
}

// maxFull bounds the entries kept in full: with the national file about 4 MB.
const maxFull = 512

// NewLive returns a Live with nothing in it; call Refresh before the first search.
func NewLive(read Reader, build Build, log *slog.Logger) *Live {
	l := &Live{read: read, build: build, log: log, clock: time.Now}
	return l
}

// Clock sets the clock that says which day it is, before anybody searches.
func (l *Live) Clock(now func() time.Time) { l.clock = now }

// Leave sets which questions are not answered, by decision, before anybody searches.
func (l *Live) Leave(left func(question string) bool) { l.left = left }

// leaves reports whether a question is not answered, by decision. What follows up on a procedure is.
func (l *Live) leaves(q knowledge.Query) bool {
	return l.left != nil && q.Context == "" && l.left(q.Text)
}

// Searcher is what is searched now; nil before the first Refresh.
func (l *Live) Searcher() knowledge.Searcher {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher
	}
	return nil
}

// Refresh builds the index of the published revision if it is another one, or if another day has begun.
func (l *Live) Refresh(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rev, err := entries.Published(ctx, l.read)
	if err != nil {
		return err
	}
	day := entries.Today(l.clock())
	if cur := l.now.Load(); cur != nil && cur.revision == rev && cur.day == day {
		return nil
	}
	start := time.Now()
	heads, err := entries.Heads(ctx, l.read)
	if err != nil {
		return err
	}
	s, err := l.build(heads)
	if err != nil {
		return fmt.Errorf("build index of revision %d: %w", rev, err)
	}
	l.now.Store(&loaded{revision: rev, day: day, count: len(heads), searcher: s})
	l.log.Info("knowledge loaded", "revision", rev, "entries", len(heads), "took", time.Since(start).Round(time.Millisecond))
	return nil
}

// Loaded reports the revision that is searched and its number of entries.
func (l *Live) Loaded() (revision int64, entries int) {
	if cur := l.now.Load(); cur != nil {
		return cur.revision, cur.count
	}
	return 0, 0
}

// Entry returns an entry in full. It is shared: nobody may change it. It fails
// with *bot.Error NotFound.
func (l *Live) Entry(ctx context.Context, code string) (*knowledge.Entry, error) {
	cur := l.now.Load()
	if cur == nil {
		return entries.Get(ctx, l.read, code)
	}
	cur.mu.Lock()
	e, ok := cur.full[code]
	cur.mu.Unlock()
	if ok {
		return e, nil
	}
	e, err := entries.Get(ctx, l.read, code)
	if err != nil {
		return nil, err
	}
	cur.mu.Lock()
	defer cur.mu.Unlock()
	if cur.full == nil || len(cur.full) >= maxFull {
		cur.full = make(map[string]*knowledge.Entry) // the asked ones are back soon
	}
	cur.full[code] = e
	return e, nil
}

// Search implements knowledge.Searcher.
func (l *Live) Search(q knowledge.Query) knowledge.Found {
	if l.leaves(q) {
		return knowledge.Found{Outcome: knowledge.Unknown}
	}
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Search(q)
	}
	return knowledge.Found{Outcome: knowledge.Unknown}
}

// Ask implements knowledge.Searcher.
func (l *Live) Ask(q knowledge.Query) knowledge.Found {
	if l.leaves(q) {
		return knowledge.Found{Outcome: knowledge.Unknown}
	}
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Ask(q)
	}
	return knowledge.Found{Outcome: knowledge.Unknown}
}

// Split implements knowledge.Searcher.
func (l *Live) Split(codes, asked []string) (knowledge.Split, bool) {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Split(codes, asked)
	}
	return knowledge.Split{}, false
}

// Pick implements knowledge.Searcher.
func (l *Live) Pick(text string, codes []string) (knowledge.Picked, bool) {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Pick(text, codes)
	}
	return knowledge.Picked{}, false
}

// Situations implements knowledge.Searcher.
func (l *Live) Situations() []knowledge.Situation {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Situations()
	}
	return nil
}

// ByCode implements knowledge.Searcher.
func (l *Live) ByCode(code string) (*knowledge.Entry, bool) {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.ByCode(code)
	}
	return nil, false
}

// Fields implements knowledge.Searcher.
func (l *Live) Fields() []knowledge.FieldCount {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.Fields()
	}
	return nil
}

// InField implements knowledge.Searcher.
func (l *Live) InField(field string) []*knowledge.Entry {
	if cur := l.now.Load(); cur != nil {
		return cur.searcher.InField(field)
	}
	return nil
}
