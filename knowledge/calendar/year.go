package calendar

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Status says how much of a year is known.
type Status string

// The states of a year.
const (
	Decided     Status = "decided"     // every day is known
	Provisional Status = "provisional" // some days are estimated
	Missing     Status = "missing"     // nothing was entered: all of it is estimated
)

// Day is a day off.
type Day struct {
	Date string `yaml:"date" json:"date"`         // "2026-02-17"
	For  string `yaml:"for" json:"for,omitempty"` // the holiday that it makes up
	Name string `yaml:"name" json:"name"`
}

// Swap is a weekday off for which a day of a weekend is worked.
type Swap struct {
	Off    string `yaml:"off" json:"off"`
	Worked string `yaml:"worked" json:"worked"`
	Name   string `yaml:"name" json:"name"`
}

// Decision is the paper that says so.
type Decision struct {
	Number string `yaml:"number" json:"number"`
	Date   string `yaml:"date" json:"date,omitempty"`
	Kind   string `yaml:"kind" json:"kind,omitempty"`
}

// Source is where the days were read.
type Source struct {
	URL  string `yaml:"url" json:"url"`
	Seen string `yaml:"seen" json:"seen"` // "text" or "cited"
}

// Year is what is known of a year. An administrator may enter one.
type Year struct {
	Year      int        `yaml:"year" json:"year"`
	Status    Status     `yaml:"status" json:"status"`
	Off       []Day      `yaml:"off" json:"off"`                   // holidays on weekdays
	Weekend   []Day      `yaml:"weekend" json:"weekend,omitempty"` // holidays on Saturdays and Sundays: they explain MadeUp
	MadeUp    []Day      `yaml:"made_up" json:"made_up,omitempty"`
	Swapped   []Swap     `yaml:"swapped" json:"swapped,omitempty"`
	Decisions []Decision `yaml:"decisions" json:"decisions"`
	Sources   []Source   `yaml:"sources" json:"sources,omitempty"`
	Open      string     `yaml:"open" json:"open,omitempty"` // what is not settled
}

// Limits of a year that somebody enters.
const (
	firstYear   = 2000
	lastYear    = 2100
	maxDays     = 60
	maxName     = 200 // bytes
	maxSwaps    = 10
	maxDecision = 20
)

// Problem is something wrong with a year. Code is short and stable, for a text
// in the administrator's language; Detail is English.
type Problem struct{ Field, Code, Detail string }

func (p Problem) Error() string { return p.Field + ": " + p.Detail }

// checker collects problems and the dates seen so far.
type checker struct {
	year  int
	seen  map[string]string
	found []Problem
}

func (c *checker) add(field, code, format string, args ...any) {
	c.found = append(c.found, Problem{field, code, fmt.Sprintf(format, args...)})
}

// date checks a date: written right, in the year, on the wanted kind of day, once.
func (c *checker) date(field, text string, weekend bool) {
	t, err := parseDay(text)
	switch {
	case err != nil:
		c.add(field, "date_form", "%q is not a day like %d-02-17", text, c.year)
	case t.Year() != c.year:
		c.add(field, "date_year", "%s is not in %d", text, c.year)
	case isWeekend(t) != weekend:
		c.add(field, "date_weekday", "%s is a %s", text, t.Weekday())
	case c.seen[text] != "":
		c.add(field, "date_twice", "%s stands in %s too", text, c.seen[text])
	default:
		c.seen[text] = field
	}
}

// Check returns what is wrong with a year; nil when it can be used.
func (y Year) Check() []Problem {
	c := &checker{year: y.Year, seen: map[string]string{}}
	if y.Year < firstYear || y.Year > lastYear {
		c.add("year", "year_range", "%d is not between %d and %d", y.Year, firstYear, lastYear)
		return c.found
	}
	if y.Status != Decided && y.Status != Provisional {
		c.add("status", "status", "%q is neither %s nor %s", y.Status, Decided, Provisional)
	}
	if y.Status == Decided && len(y.Decisions) == 0 {
		c.add("decisions", "no_decision", "a decided year names the paper that decides it")
	}
	if len(y.Off)+len(y.MadeUp)+len(y.Weekend) > maxDays || len(y.Swapped) > maxSwaps || len(y.Decisions) > maxDecision {
		c.add("off", "too_many", "no year has so many days off, swaps or decisions")
		return c.found
	}
	for i, d := range y.Decisions {
		if d.Number == "" || len(d.Number) > maxName {
			c.add(fmt.Sprintf("decisions[%d]", i), "number", "it has no number")
		}
	}
	days := func(field string, list []Day, weekend bool) {
		for i, d := range list {
			at := fmt.Sprintf("%s[%d]", field, i)
			c.date(at, d.Date, weekend)
			if d.Name == "" || len(d.Name) > maxName {
				c.add(at, "name", "the day has no name")
			}
		}
	}
	days("off", y.Off, false)
	days("weekend", y.Weekend, true)
	days("made_up", y.MadeUp, false)
	for i, s := range y.Swapped {
		c.date(fmt.Sprintf("swapped[%d].off", i), s.Off, false)
		c.date(fmt.Sprintf("swapped[%d].worked", i), s.Worked, true)
	}
	return c.found
}

// Diff lists the days that are worked in one version of a year and not in the
// other, in order: what open terms have to be counted again for.
func (c *Calendar) Diff(old, now Year) []time.Time {
	before, after := compile(c.names.complete(old)), compile(c.names.complete(now))
	var out []time.Time
	for day := civil(julian(time.Date(now.Year, 1, 1, 0, 0, 0, 0, Zone))); day.Year() == now.Year; day = day.AddDate(0, 0, 1) {
		if before.works(day) != after.works(day) {
			out = append(out, day)
		}
	}
	return out
}

func isWeekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}

func parseDay(s string) (time.Time, error) { return time.ParseInLocation(time.DateOnly, s, Zone) }

// compiled is a year ready to be asked.
type compiled struct {
	off    map[string]string // date -> name
	worked map[string]bool
}

func compile(y Year) compiled {
	c := compiled{off: map[string]string{}, worked: map[string]bool{}}
	for _, list := range [][]Day{y.Off, y.Weekend, y.MadeUp} {
		for _, d := range list {
			c.off[d.Date] = d.Name
		}
	}
	for _, s := range y.Swapped {
		c.off[s.Off] = s.Name
		c.worked[s.Worked] = true
	}
	return c
}

func (c compiled) works(t time.Time) bool {
	key := t.Format(time.DateOnly)
	if c.worked[key] {
		return true
	}
	_, off := c.off[key]
	return !off && !isWeekend(t)
}

// names are the holidays of the law, as the data writes them.
type names struct {
	NewYear   string `yaml:"new_year"`
	Tet       string `yaml:"tet"`
	HungKings string `yaml:"hung_kings"`
	Victory   string `yaml:"victory"`
	Labour    string `yaml:"labour"`
	National  string `yaml:"national"`
	Culture   string `yaml:"culture"`
	MadeUp    string `yaml:"made_up"`
}

const (
	cultureFrom  = 2026 // Nghị quyết 28/2026/QH16
	tetDays      = 5    // Điều 112 khoản 1
	nationalDays = 2
	beforeTet    = 1 // days of Tết before mùng 1, as most years had it
)

// estimate is a year by the law alone: which five days are Tết and which day
// goes with 2/9 is the Prime Minister's to say, so these are guesses.
func (n names) estimate(year int) Year {
	y := Year{Year: year, Status: Missing}
	on := func(month time.Month, day int) time.Time { return time.Date(year, month, day, 0, 0, 0, 0, Zone) }
	holidays := []named{{on(1, 1), n.NewYear}, {HungKings(year), n.HungKings}, {on(4, 30), n.Victory}, {on(5, 1), n.Labour}}
	for i := range tetDays {
		holidays = append(holidays, named{Tet(year).AddDate(0, 0, i-beforeTet), n.Tet})
	}
	beside := on(9, 1)
	if isWeekend(beside) {
		beside = on(9, 3)
	}
	holidays = append(holidays, named{on(9, 2), n.National}, named{beside, n.National})
	if year >= cultureFrom {
		holidays = append(holidays, named{on(11, 24), n.Culture})
	}
	n.place(&y, holidays)
	return y
}

// named is a holiday.
type named struct {
	at   time.Time
	name string
}

// place sorts holidays into weekdays and weekends, and makes the latter up on
// the next free weekdays, past holidays that follow (Điều 111 khoản 3).
func (n names) place(y *Year, holidays []named) {
	sort.SliceStable(holidays, func(i, j int) bool { return holidays[i].at.Before(holidays[j].at) })
	taken := map[string]bool{}
	for _, h := range holidays {
		taken[h.at.Format(time.DateOnly)] = true
	}
	for _, h := range holidays {
		day := Day{Date: h.at.Format(time.DateOnly), Name: h.name}
		if !isWeekend(h.at) {
			y.Off = append(y.Off, day)
			continue
		}
		y.Weekend = append(y.Weekend, day)
		if h.name == n.Culture {
			continue // it stands in no article that makes days up; not settled
		}
		up := h.at.AddDate(0, 0, 1)
		for isWeekend(up) || taken[up.Format(time.DateOnly)] {
			up = up.AddDate(0, 0, 1)
		}
		taken[up.Format(time.DateOnly)] = true
		y.MadeUp = append(y.MadeUp, Day{Date: up.Format(time.DateOnly), For: day.Date, Name: n.MadeUp + " " + h.name})
	}
}

// complete adds to a provisional year what the law gives and nobody entered:
// the days of Tết and the second day of Quốc khánh.
func (n names) complete(y Year) Year {
	if y.Status != Provisional {
		return y
	}
	has := func(name string) int {
		count := 0
		for _, list := range [][]Day{y.Off, y.Weekend} {
			for _, d := range list {
				if d.Name == name {
					count++
				}
			}
		}
		return count
	}
	missing := map[string]bool{n.Tet: has(n.Tet) == 0, n.National: has(n.National) < nationalDays}
	out := y
	out.Off, out.Weekend, out.MadeUp = slices.Clone(y.Off), slices.Clone(y.Weekend), slices.Clone(y.MadeUp)
	e := n.estimate(y.Year)
	fill := func(to *[]Day, from []Day) {
		for _, d := range from {
			name := strings.TrimPrefix(d.Name, n.MadeUp+" ")
			if missing[name] && !slices.ContainsFunc(*to, func(x Day) bool { return x.Date == d.Date }) {
				*to = append(*to, d)
			}
		}
	}
	fill(&out.Off, e.Off)
	fill(&out.Weekend, e.Weekend)
	fill(&out.MadeUp, e.MadeUp)
	return out
}
