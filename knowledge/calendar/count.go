package calendar

import (
	"fmt"
	"time"
)

// Due is the end of a term.
type Due struct {
	At time.Time
	// Version is the calendar it was counted by.
	Version string
	// Provisional: a year on the way is not decided, so the date may move ("dự kiến").
	Provisional bool
}

// Limits of a term.
const (
	maxTermDays = 1000
	maxTermWork = 4000 * time.Hour
)

// midnight is the beginning of a date in Vietnam.
func midnight(t time.Time) time.Time {
	t = t.In(Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Zone)
}

// closing is when offices close on a date.
func (c *Calendar) closing(day time.Time) time.Time {
	spans := c.Spans(day)
	return midnight(day).Add(spans[len(spans)-1].To)
}

// received is the working day on which something counts as received.
func (c *Calendar) received(at time.Time) time.Time {
	day := midnight(at)
	if c.Working(day) && !at.After(c.closing(day)) {
		return day
	}
	return c.next(day)
}

// next is the first working day after a date.
func (c *Calendar) next(day time.Time) time.Time {
	for {
		if day = day.AddDate(0, 0, 1); c.Working(day) {
			return day
		}
	}
}

func (c *Calendar) due(at, from time.Time) Due {
	d := Due{At: at, Version: c.version}
	for y := from.In(Zone).Year(); y <= at.In(Zone).Year(); y++ {
		d.Provisional = d.Provisional || c.Status(y) != Decided
	}
	return d
}

// Add is the end of a term of n working days for something that came at from:
// office closing on the last of them.
func (c *Calendar) Add(from time.Time, n int) (Due, error) {
	if n < 1 || n > maxTermDays {
		return Due{}, fmt.Errorf("calendar: a term has 1 to %d working days, not %d", maxTermDays, n)
	}
	day := c.received(from)
	for range n {
		day = c.next(day)
	}
	return c.due(c.closing(day), from), nil
}

// AddDays is the end of a term of n calendar days: office closing on the last,
// or on the next working day when that one is off.
func (c *Calendar) AddDays(from time.Time, n int) (Due, error) {
	if n < 1 || n > maxTermDays {
		return Due{}, fmt.Errorf("calendar: a term has 1 to %d days, not %d", maxTermDays, n)
	}
	day := c.received(from).AddDate(0, 0, n)
	if !c.Working(day) {
		day = c.next(day)
	}
	return c.due(c.closing(day), from), nil
}

// AddWork is the end of a term of working time, such as 8 working hours, counted
// over the spans of the day from the moment on.
func (c *Calendar) AddWork(from time.Time, work time.Duration) (Due, error) {
	if work < 0 || work > maxTermWork {
		return Due{}, fmt.Errorf("calendar: a term has up to %s of working time, not %s", maxTermWork, work)
	}
	at := from.In(Zone)
	for day := midnight(at); ; day = day.AddDate(0, 0, 1) {
		if !c.Working(day) {
			continue
		}
		for _, s := range c.Spans(day) {
			begin, end := day.Add(s.From), day.Add(s.To)
			if begin.Before(at) {
				begin = at
			}
			if room := end.Sub(begin); room >= 0 {
				if work <= room {
					return c.due(begin.Add(work), from), nil
				}
				work -= room
			}
		}
	}
}

// kept brings a moment into the years between which days are counted.
func kept(t time.Time) time.Time {
	first := time.Date(keptFrom, 1, 1, 0, 0, 0, 0, Zone)
	last := time.Date(keptTo, 12, 31, 23, 59, 59, 0, Zone)
	switch {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t.In(Zone)
}

// Between is how many working days lie after from up to and with to; negative
// when to comes first. What lies before 1900 or after 2199 is not counted.
func (c *Calendar) Between(from, to time.Time) int {
	a, b := kept(from), kept(to)
	n := c.of(b.Year()).days[b.YearDay()] - c.of(a.Year()).days[a.YearDay()]
	for y := a.Year(); y < b.Year(); y++ {
		n += c.of(y).total()
	}
	for y := b.Year(); y < a.Year(); y++ {
		n -= c.of(y).total()
	}
	return n
}

// WorkBetween is the working time from one moment to another; 0 when to comes
// first. What lies before 1900 or after 2199 is not counted.
func (c *Calendar) WorkBetween(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	a, b := kept(from), kept(to)
	sum := c.worked(b) - c.worked(a)
	for y := a.Year(); y < b.Year(); y++ {
		sum += c.of(y).totalWork()
	}
	return sum
}

// worked is the working time of a year up to a moment.
func (c *Calendar) worked(t time.Time) time.Duration {
	y, day := c.of(t.Year()), midnight(t)
	sum := y.work[t.YearDay()-1]
	if y.works(day) {
		for _, s := range c.Spans(day) {
			sum += max(0, min(t.Sub(day), s.To)-s.From)
		}
	}
	return sum
}
