// Package calendar knows the working days of Vietnamese state offices: weeks of
// five days in two spans, holidays, days made up and swapped, lunar dates. It
// counts the terms of the law in them.
//
// A year is data with the decision that makes it so. A year that nobody entered
// is estimated from the law and the moon, and every date that touches it is
// marked provisional ("dự kiến"): it is never counted with weekends alone.
//
// Counting follows Bộ luật Dân sự 2015, Điều 147 and 148: the day of receipt is
// not counted; a term ends at the end of its last day, and when that is off, at
// the end of the next working day. What comes after office hours, or on a day
// off, counts as received on the next working day.
package calendar

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed data/years.yaml
var files embed.FS

// Zone is Vietnam's; it has had no summer time since 1975.
var Zone = time.FixedZone("ICT", 7*60*60)

// Span is a stretch of a working day, from and to as times after midnight.
type Span struct{ From, To time.Duration }

// hours is a profile of office hours.
type hours struct {
	Since     string   `yaml:"since"`
	Name      string   `yaml:"name"`
	Confirmed bool     `yaml:"confirmed"`
	Seasons   []season `yaml:"seasons"`
	Sources   []string `yaml:"sources"`
}

type season struct {
	From   string   `yaml:"from"` // "04-01"
	To     string   `yaml:"to"`
	Spans  []string `yaml:"spans"`
	parsed []Span
}

// Calendar answers what is worked when. It never changes and is safe for
// concurrent use.
type Calendar struct {
	names   names
	years   map[int]Year
	hours   []hours
	version string

	mu       sync.Mutex
	compiled map[int]*compiled // also of years that are estimated
}

// Options change what is embedded.
type Options struct {
	// Years replace embedded ones of the same number, or add to them: what an
	// administrator entered.
	Years []Year
}

// Load reads the embedded years and puts those of the options in their place.
func Load(o Options) (*Calendar, error) {
	raw, err := files.ReadFile("data/years.yaml")
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	var f struct {
		Names names   `yaml:"names"`
		Years []Year  `yaml:"years"`
		Hours []hours `yaml:"hours"`
	}
	if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("calendar: %s", yaml.FormatError(err, false, true))
	}
	c := &Calendar{names: f.Names, years: map[int]Year{}, hours: f.Hours, compiled: map[int]*compiled{}}
	for _, y := range append(f.Years, o.Years...) {
		if problems := y.Check(); len(problems) > 0 {
			return nil, fmt.Errorf("calendar: year %d: %w", y.Year, problems[0])
		}
		c.years[y.Year] = y.Clone()
	}
	if err := c.parseHours(); err != nil {
		return nil, err
	}
	c.version, err = c.digest()
	return c, err
}

// digest names the data, so that a stored date can tell what it was counted by.
func (c *Calendar) digest() (string, error) {
	var all []Year
	for _, y := range c.years {
		all = append(all, y)
	}
	slices.SortFunc(all, func(a, b Year) int { return a.Year - b.Year })
	raw, err := json.Marshal(struct {
		Years []Year
		Hours []hours
	}{all, c.hours})
	if err != nil {
		return "", fmt.Errorf("calendar: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6]), nil
}

// Version names the data this calendar counts by: 12 hexadecimal digits.
func (c *Calendar) Version() string { return c.version }

// Year returns a copy of what was entered for a year.
func (c *Calendar) Year(year int) (Year, bool) {
	y, ok := c.years[year]
	return y.Clone(), ok
}

// Estimate is a year by the law alone, as a start for somebody who enters it.
// Its status is [Missing]; it holds the days and not who decided them.
func (c *Calendar) Estimate(year int) Year { return c.names.estimate(year) }

// Status says how much of a year is known.
func (c *Calendar) Status(year int) Status {
	if y, ok := c.years[year]; ok {
		return y.Status
	}
	return Missing
}

// warnBefore is how long before a year begins people are told that it is not decided.
const warnBefore = 3 // months

// MissingSoon lists the years that have to be entered, or decided, by now: this
// one, and the next from October on.
func (c *Calendar) MissingSoon(now time.Time) []int {
	var out []int
	for _, t := range []time.Time{now.In(Zone), now.In(Zone).AddDate(0, warnBefore, 0)} {
		if y := t.Year(); c.Status(y) != Decided && !slices.Contains(out, y) {
			out = append(out, y)
		}
	}
	return out
}

// The years whose days are kept once they were asked for, and between which
// days are counted: the moon's series is good for them, and so is the memory.
const (
	keptFrom = 1900
	keptTo   = 2199
)

// of is a year ready to be asked, estimated when nobody entered it.
func (c *Calendar) of(year int) *compiled {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done, ok := c.compiled[year]; ok {
		return done
	}
	_, full := c.both(year)
	done := compile(full)
	for day := time.Date(year, 1, 1, 0, 0, 0, 0, Zone); day.Year() == year; day = day.AddDate(0, 0, 1) {
		n := day.YearDay()
		done.work[n] = done.work[n-1]
		if done.works(day) {
			for _, s := range c.Spans(day) {
				done.work[n] += s.To - s.From
			}
		}
		done.work[yearDays-1] = done.work[n]
	}
	if year >= keptFrom && year <= keptTo { // others are not kept: there is no end to them
		c.compiled[year] = done
	}
	return done
}

// DayOff is the name of the holiday, made-up or swapped day, and whether the
// date is one. Weekends without a name are none.
func (c *Calendar) DayOff(date time.Time) (name string, ok bool) {
	date = date.In(Zone)
	y := c.of(date.Year())
	key := date.Format(time.DateOnly)
	if y.worked[key] {
		return "", false
	}
	name, ok = y.off[key]
	return name, ok
}

// Working reports whether offices work on a date.
func (c *Calendar) Working(date time.Time) bool {
	date = date.In(Zone)
	return c.of(date.Year()).works(date)
}

func (c *Calendar) parseHours() error {
	if len(c.hours) == 0 {
		return errors.New("calendar: there are no office hours")
	}
	for i := range c.hours {
		if _, err := parseDay(c.hours[i].Since); err != nil || len(c.hours[i].Seasons) == 0 {
			return fmt.Errorf("calendar: hours %d: since %q, %d seasons", i, c.hours[i].Since, len(c.hours[i].Seasons))
		}
		for j := range c.hours[i].Seasons {
			s := &c.hours[i].Seasons[j]
			for _, text := range s.Spans {
				span, err := parseSpan(text)
				if err != nil {
					return err
				}
				s.parsed = append(s.parsed, span)
			}
			if len(s.parsed) == 0 {
				return fmt.Errorf("calendar: hours %d, season %d: no spans", i, j)
			}
		}
	}
	return nil
}

func parseSpan(text string) (Span, error) {
	var h1, m1, h2, m2 int
	if _, err := fmt.Sscanf(text, "%d:%d-%d:%d", &h1, &m1, &h2, &m2); err != nil {
		return Span{}, fmt.Errorf("calendar: %q is no span like 07:30-12:00", text)
	}
	s := Span{time.Duration(h1)*time.Hour + time.Duration(m1)*time.Minute, time.Duration(h2)*time.Hour + time.Duration(m2)*time.Minute}
	if s.From < 0 || s.To <= s.From || s.To > 24*time.Hour {
		return Span{}, fmt.Errorf("calendar: %q ends before it begins", text)
	}
	return s, nil
}

// Spans are the office hours of a date, whether it is worked or not.
func (c *Calendar) Spans(date time.Time) []Span {
	date = date.In(Zone)
	day, md := date.Format(time.DateOnly), date.Format("01-02")
	profile := c.hours[0]
	for _, h := range c.hours {
		if h.Since <= day {
			profile = h
		}
	}
	for _, s := range profile.Seasons {
		in := s.From <= md && md <= s.To
		if s.From > s.To { // over the new year
			in = md >= s.From || md <= s.To
		}
		if in {
			return s.parsed
		}
	}
	return profile.Seasons[0].parsed
}
