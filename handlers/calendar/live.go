package calendar

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	days "cchcbot/knowledge/calendar"
)

// reloadEvery is how often a process looks for a newer revision.
const reloadEvery = 5 * time.Second

// Live is the calendar in force: the years that ship with the program, and in
// their place those that administrators entered. It is built aside and swapped
// in whole, so nobody ever counts by half a change.
type Live struct {
	read Reader
	log  *slog.Logger
	base *days.Calendar

	mu  sync.Mutex // one refresh at a time
	now atomic.Pointer[loaded]
}

type loaded struct {
	revision int64
	calendar *days.Calendar
	broken   []int
}

// NewLive returns a Live of what ships with the program; call Refresh before
// the first term is counted.
func NewLive(read Reader, log *slog.Logger) (*Live, error) {
	base, err := days.Load(days.Options{})
	if err != nil {
		return nil, err
	}
	l := &Live{read: read, log: log, base: base}
	l.now.Store(&loaded{calendar: base})
	return l, nil
}

// Calendar is the calendar in force. It never changes: who counts several terms
// that belong together asks once.
func (l *Live) Calendar() *days.Calendar { return l.now.Load().calendar }

// Revision is the number of the revision in force, 0 before the first, and the
// years whose entry this version of the program cannot read: they count as if
// nobody had entered them.
func (l *Live) Revision() (revision int64, broken []int) {
	cur := l.now.Load()
	return cur.revision, slices.Clone(cur.broken)
}

// Refresh reads the years if somebody saved one since, here or in another process.
func (l *Live) Refresh(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rev, err := newest(ctx, l.read)
	if err != nil {
		return err
	}
	if rev == l.now.Load().revision {
		return nil
	}
	// The rows are read after the number: one that comes in between is read again the next time.
	list, broken, err := current(ctx, l.read)
	if err != nil {
		return err
	}
	c, err := build(list)
	if err != nil {
		return err
	}
	next := &loaded{revision: rev, calendar: c, broken: broken}
	l.now.Store(next)
	l.log.Info("calendar loaded", "revision", next.revision, "version", next.calendar.Version())
	for _, y := range next.broken {
		l.log.Error("a year of the calendar cannot be read: what ships with the program counts", "year", y)
	}
	return nil
}

// build is the calendar of the current revisions.
func build(list []Revision) (*days.Calendar, error) {
	var years []days.Year
	for _, v := range list {
		if v.Body != nil {
			years = append(years, *v.Body)
		}
	}
	c, err := days.Load(days.Options{Years: years})
	if err != nil {
		return nil, fmt.Errorf("calendar of the tables: %w", err)
	}
	return c, nil
}
