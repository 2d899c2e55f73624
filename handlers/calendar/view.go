package calendar

import (
	"strconv"
	"time"

	days "cchcbot/knowledge/calendar"
)

// monthView is a month as seven columns, Monday first.
type monthView struct {
	Month   int
	Working int
	Weeks   [][7]cell
}

// cell is a day of a month; Day is 0 where the month has none.
type cell struct {
	Day   int
	Class string // of the style sheet; what it means also stands in Sign
	Sign  string // text key of a short sign; "" for a plain day
	Name  string // of the holiday
	// Estimated: nobody entered the day.
	Estimated bool
}

// markView is a marked day in the list below the months.
type markView struct {
	days.Mark
	Weekday string // text keys
	KindKey string
	Other   time.Time // zero: none
}

func viewOf(m days.Mark) markView {
	v := markView{Mark: m, Weekday: weekdayKey(m.Date), KindKey: "calendar.kind_" + string(m.Kind)}
	if t, err := time.ParseInLocation(time.DateOnly, m.Other, days.Zone); err == nil {
		v.Other = t
	}
	return v
}

func weekdayKey(t time.Time) string {
	return "calendar.weekday_" + strconv.Itoa(int(t.In(days.Zone).Weekday()))
}

// weekdays are the heads of a month's columns, Monday first.
func weekdays() []string {
	var out []string
	for i := range 7 {
		out = append(out, "calendar.weekday_short_"+strconv.Itoa((i+1)%7))
	}
	return out
}

func midnight(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, days.Zone)
}

// workingDays of a year.
func workingDays(c *days.Calendar, year int) int {
	return c.Between(midnight(year, 1, 0), midnight(year, 12, 31))
}

// monthsOf are the twelve months of a year.
func monthsOf(c *days.Calendar, year int) []monthView {
	marks := map[time.Time]days.Mark{}
	for _, m := range c.Marks(year) {
		marks[m.Date] = m
	}
	var out []monthView
	for month := time.January; month <= time.December; month++ {
		first := midnight(year, month, 1)
		v := monthView{Month: int(month), Working: c.Between(first.AddDate(0, 0, -1), first.AddDate(0, 1, -1))}
		var week [7]cell
		for d := first; d.Month() == month; d = d.AddDate(0, 0, 1) {
			column := (int(d.Weekday()) + 6) % 7
			week[column] = cellOf(c, d, marks)
			if column == 6 {
				v.Weeks = append(v.Weeks, week)
				week = [7]cell{}
			}
		}
		if week != [7]cell{} {
			v.Weeks = append(v.Weeks, week)
		}
		out = append(out, v)
	}
	return out
}

func cellOf(c *days.Calendar, d time.Time, marks map[time.Time]days.Mark) cell {
	m, marked := marks[d]
	out := cell{Day: d.Day(), Name: m.Name}
	switch {
	case marked:
		out.Sign, out.Class = "calendar.sign_"+string(m.Kind), string(m.Kind)
	case !c.Working(d):
		out.Class = "weekend"
	}
	if m.Estimated {
		out.Class, out.Estimated = out.Class+" estimated", true
	}
	return out
}

// differenceView is a day that changes.
type differenceView struct {
	Date    time.Time
	Weekday string
	Works   bool   // from now on
	Name    string // why it is so now, else why it was otherwise
}

// maxShown is how many days a page lists one by one.
const maxShown = 100

// nameOn is the name of a marked day, "" of a plain one.
func nameOn(c *days.Calendar, d time.Time) string {
	for _, m := range c.Marks(d.Year()) {
		if m.Date.Equal(d) {
			return m.Name
		}
	}
	return ""
}

func differences(p *prepared) []differenceView {
	var out []differenceView
	for _, d := range p.changed[:min(len(p.changed), maxShown)] {
		v := differenceView{Date: d, Weekday: weekdayKey(d), Works: p.now.Working(d)}
		if v.Name = nameOn(p.now, d); v.Name == "" {
			v.Name = nameOn(p.old, d)
		}
		out = append(out, v)
	}
	return out
}

// dueView is the answer of the box "when is it due".
type dueView struct {
	From, At    time.Time
	Weekday     string
	Days        int
	Provisional bool
	Weekend     int        // days of weekends on the way, without a name
	Passed      []markView // named days on the way: not counted, or worked for another
}

// due counts a term and lists what lies on the way.
func due(c *days.Calendar, from time.Time, n int) (dueView, error) {
	d, err := c.Add(from, n)
	if err != nil {
		return dueView{}, err
	}
	v := dueView{From: from, At: d.At, Weekday: weekdayKey(d.At), Days: n, Provisional: d.Provisional}
	marks := map[time.Time]days.Mark{}
	from = from.In(days.Zone)
	for y := from.Year(); y <= d.At.Year(); y++ {
		for _, m := range c.Marks(y) {
			marks[m.Date] = m
		}
	}
	day := midnight(from.Year(), from.Month(), from.Day())
	if c.Working(day) {
		day = day.AddDate(0, 0, 1) // it is the day of receipt
	}
	for ; !day.After(d.At); day = day.AddDate(0, 0, 1) {
		m, marked := marks[day]
		switch {
		case marked && len(v.Passed) < maxShown:
			v.Passed = append(v.Passed, viewOf(m))
		case !c.Working(day):
			v.Weekend++
		}
	}
	return v, nil
}
