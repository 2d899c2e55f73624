package calendar

import (
	"cmp"
	"slices"
	"time"
)

// Kind says why a date is not what its weekday makes it.
type Kind string

// The kinds of marked days.
const (
	Holiday   Kind = "holiday"    // a holiday on a weekday
	OnWeekend Kind = "on_weekend" // a holiday on a weekend: off anyway
	MadeUpDay Kind = "made_up"    // off for a holiday on a weekend
	SwapOff   Kind = "swap_off"   // off for a day of a weekend
	SwapWork  Kind = "swap_work"  // worked for a day off
)

// Mark is a date that has something to tell.
type Mark struct {
	Date  time.Time
	Kind  Kind
	Name  string
	Other string // the date that it makes up or is swapped for: "2026-08-22"; may be empty
	// Estimated: nobody entered it; it follows from the law and the moon.
	Estimated bool
}

// Marks lists the marked days of a year in order, those that are estimated too.
func (c *Calendar) Marks(year int) []Mark {
	entered, full := c.both(year)
	return marks(entered, full)
}

// MarksOf is Marks for a year that need not be the calendar's.
func (c *Calendar) MarksOf(y Year) []Mark { return marks(y, c.names.complete(y)) }

// Lacking lists the days that the law gives and a year does not have: what
// somebody who calls it decided should have a look at.
func (c *Calendar) Lacking(y Year) []Mark {
	y.Status = Provisional
	return slices.DeleteFunc(c.MarksOf(y), func(m Mark) bool { return !m.Estimated })
}

func marks(entered, full Year) []Mark {
	known := entered.dates()
	var out []Mark
	add := func(kind Kind, list []Day) {
		for _, d := range list {
			if t, err := parseDay(d.Date); err == nil {
				out = append(out, Mark{t, kind, d.Name, d.For, !known[d.Date]})
			}
		}
	}
	add(Holiday, full.Off)
	add(OnWeekend, full.Weekend)
	add(MadeUpDay, full.MadeUp)
	for _, s := range full.Swapped {
		add(SwapOff, []Day{{Date: s.Off, For: s.Worked, Name: s.Name}})
		add(SwapWork, []Day{{Date: s.Worked, For: s.Off, Name: s.Name}})
	}
	slices.SortStableFunc(out, func(a, b Mark) int { return cmp.Compare(a.Date.Unix(), b.Date.Unix()) })
	return out
}

// both is what was entered for a year and what it is counted by.
func (c *Calendar) both(year int) (entered, full Year) {
	y, ok := c.years[year]
	if !ok {
		return Year{Year: year, Status: Missing}, c.names.estimate(year)
	}
	return y, c.names.complete(y)
}

// Years lists the numbers of the years that were entered, in order.
func (c *Calendar) Years() []int {
	var out []int
	for n := range c.years {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Diff lists the days that are worked in one version of a year and not in the
// other, in order.
func (c *Calendar) Diff(old, now Year) []time.Time {
	return differ(compile(c.names.complete(old)), compile(c.names.complete(now)), now.Year)
}

// Differ lists the days that one calendar works and the other does not, in
// order, in the years entered in either: what open terms have to be counted
// again for.
func Differ(old, now *Calendar) []time.Time {
	years := append(old.Years(), now.Years()...)
	slices.Sort(years)
	var out []time.Time
	for _, y := range slices.Compact(years) {
		out = append(out, differ(old.of(y), now.of(y), y)...)
	}
	return out
}

func differ(old, now *compiled, year int) []time.Time {
	var out []time.Time
	for day := time.Date(year, 1, 1, 0, 0, 0, 0, Zone); day.Year() == year; day = day.AddDate(0, 0, 1) {
		if old.works(day) != now.works(day) {
			out = append(out, day)
		}
	}
	return out
}

// yearDays is the most days of a year, and one for a place before the first.
const yearDays = 367

// compiled is a year ready to be asked. It never changes.
type compiled struct {
	off    map[string]string // date -> name
	worked map[string]bool
	days   [yearDays]int           // working days up to and with a day of the year
	work   [yearDays]time.Duration // working time up to and with it; only in a calendar
}

func compile(y Year) *compiled {
	c := &compiled{off: map[string]string{}, worked: map[string]bool{}}
	for _, list := range [][]Day{y.Off, y.Weekend, y.MadeUp} {
		for _, d := range list {
			c.off[d.Date] = d.Name
		}
	}
	for _, s := range y.Swapped {
		c.off[s.Off] = s.Name
		c.worked[s.Worked] = true
	}
	last := 0
	for day := time.Date(y.Year, 1, 1, 0, 0, 0, 0, Zone); day.Year() == y.Year; day = day.AddDate(0, 0, 1) {
		last = day.YearDay()
		c.days[last] = c.days[last-1]
		key := day.Format(time.DateOnly)
		if _, off := c.off[key]; c.worked[key] || !off && !isWeekend(day) {
			c.days[last]++
		}
	}
	for i := last + 1; i < yearDays; i++ {
		c.days[i] = c.days[last]
	}
	return c
}

// works says whether a date of the year, in Vietnam's zone, is worked.
func (c *compiled) works(t time.Time) bool { return c.days[t.YearDay()] > c.days[t.YearDay()-1] }

// total is how many days of the year are worked.
func (c *compiled) total() int { return c.days[yearDays-1] }

// totalWork is how long the year is worked.
func (c *compiled) totalWork() time.Duration { return c.work[yearDays-1] }
