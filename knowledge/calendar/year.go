package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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

// Clone is a copy that shares nothing with y.
func (y Year) Clone() Year {
	y.Off, y.Weekend, y.MadeUp = slices.Clone(y.Off), slices.Clone(y.Weekend), slices.Clone(y.MadeUp)
	y.Swapped, y.Decisions, y.Sources = slices.Clone(y.Swapped), slices.Clone(y.Decisions), slices.Clone(y.Sources)
	return y
}

// The years that can be entered.
const (
	FirstYear = 2000
	LastYear  = 2100
)

// Limits of a year that somebody enters.
const (
	maxDays     = 60
	maxName     = 200 // bytes
	maxSwaps    = 10
	maxDecision = 20
)

// Problem is something wrong with a year. Code is short and stable, for a text
// in the administrator's language; Detail is English.
type Problem struct {
	Field string // "off[2]": the list and the place in it
	Code  string
	Date  string // the date that is wrong, as it was entered; may be empty
	Other string // date_twice: the field that has it too
	// Detail names both for a log.
	Detail string
}

func (p Problem) Error() string { return p.Field + ": " + p.Detail }

// checker collects problems and the dates seen so far.
type checker struct {
	year  int
	seen  map[string]string
	found []Problem
}

func (c *checker) add(field, code, format string, args ...any) {
	c.addDate(field, code, "", format, args...)
}

func (c *checker) addDate(field, code, date, format string, args ...any) {
	c.found = append(c.found, Problem{Field: field, Code: code, Date: date, Detail: fmt.Sprintf(format, args...)})
}

// date checks a date: written right, in the year, on the wanted kind of day, once.
func (c *checker) date(field, text string, weekend bool) {
	t, err := parseDay(text)
	switch {
	case err != nil:
		c.addDate(field, "date_form", text, "%q is not a day like %d-02-17", text, c.year)
	case t.Year() != c.year:
		c.addDate(field, "date_year", text, "%s is not in %d", text, c.year)
	case isWeekend(t) != weekend:
		c.addDate(field, "date_weekday", text, "%s is a %s", text, t.Weekday())
	case c.seen[text] != "":
		c.addDate(field, "date_twice", text, "%s stands in %s too", text, c.seen[text])
		c.found[len(c.found)-1].Other = c.seen[text]
	default:
		c.seen[text] = field
	}
}

// Check returns what is wrong with a year; nil when it can be used.
func (y Year) Check() []Problem {
	c := &checker{year: y.Year, seen: map[string]string{}}
	if y.Year < FirstYear || y.Year > LastYear {
		c.add("year", "year_range", "%d is not between %d and %d", y.Year, FirstYear, LastYear)
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
		at := fmt.Sprintf("decisions[%d]", i)
		if !plain(d.Number) {
			c.add(at, "number", "it has no number, or one that is no line of text")
		}
		if _, err := parseDay(d.Date); d.Date != "" && err != nil {
			c.addDate(at, "decision_date", d.Date, "%q is not a day like %d-11-26", d.Date, y.Year-1)
		}
		if len(d.Kind) > maxName {
			c.add(at, "name", "its kind is too long")
		}
	}
	c.days("off", y.Off, false)
	c.days("weekend", y.Weekend, true)
	c.days("made_up", y.MadeUp, false)
	for i, d := range y.MadeUp {
		if d.For != "" && !slices.ContainsFunc(y.Weekend, func(w Day) bool { return w.Date == d.For }) {
			c.addDate(fmt.Sprintf("made_up[%d]", i), "made_up_for", d.For, "%q is no holiday of the list weekend", d.For)
		}
	}
	for i, s := range y.Swapped {
		at := fmt.Sprintf("swapped[%d]", i)
		c.date(at+".off", s.Off, false)
		c.date(at+".worked", s.Worked, true)
		if !plain(s.Name) {
			c.add(at, "name", "the swap has no name, or one that is no line of text")
		}
	}
	return c.found
}

func (c *checker) days(field string, list []Day, weekend bool) {
	for i, d := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		c.date(at, d.Date, weekend)
		if !plain(d.Name) {
			c.add(at, "name", "the day has no name, or one that is no line of text")
		}
	}
}

// plain says that a text is a short line that can be shown.
func plain(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func isWeekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}

func parseDay(s string) (time.Time, error) { return time.ParseInLocation(time.DateOnly, s, Zone) }
