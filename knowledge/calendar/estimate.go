package calendar

import (
	"slices"
	"sort"
	"time"
)

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
)

// holiday is one of the law: its days in a year, and which entries are taken for it.
type holiday struct {
	name string
	days []time.Time // as the law or the rule of thumb gives them
	// from and to hold every day that such a break ever had; what is entered in
	// them is the holiday, whatever it is called.
	from, to time.Time
}

// holidays are those of the law in a year. Which five days are Tết and which day
// goes with 2/9 is the Prime Minister's to say each year (Điều 112 khoản 3), so
// these are guesses, and every date that rests on them is provisional.
//
// They follow what was decided for 2021 to 2026, all of which they meet (the
// test measures it): Tết begins two days before mùng 1, or on the Monday when
// that would be a Sunday; with 2/9 goes the neighbour that touches the weekend,
// else 1/9.
func (n names) holidays(year int) []holiday {
	on := func(month time.Month, day int) time.Time { return time.Date(year, month, day, 0, 0, 0, 0, Zone) }
	one := func(name string, day time.Time) holiday { return holiday{name, []time.Time{day}, day, day} }
	tet := Tet(year)
	first := tet.AddDate(0, 0, -2)
	if first.Weekday() == time.Sunday {
		first = first.AddDate(0, 0, 1)
	}
	break5 := holiday{name: n.Tet, from: tet.AddDate(0, 0, -7), to: tet.AddDate(0, 0, 9)}
	for i := range tetDays {
		break5.days = append(break5.days, first.AddDate(0, 0, i))
	}
	beside := on(9, 1)
	if w := on(9, 2).Weekday(); w == time.Thursday || w == time.Monday || w == time.Sunday {
		beside = on(9, 3)
	}
	all := []holiday{
		one(n.NewYear, on(1, 1)), break5, one(n.HungKings, HungKings(year)), one(n.Victory, on(4, 30)), one(n.Labour, on(5, 1)),
		{n.National, []time.Time{on(9, 2), beside}, on(9, 1), on(9, 3)},
	}
	if year >= cultureFrom {
		all = append(all, one(n.Culture, on(11, 24)))
	}
	return all
}

// named is a holiday's day.
type named struct {
	at     time.Time
	name   string
	listed bool // the year has it already; only the day that makes it up is missing
}

// estimate is a year by the law alone.
func (n names) estimate(year int) Year {
	y := Year{Year: year, Status: Missing}
	var days []named
	for _, h := range n.holidays(year) {
		for _, d := range h.days {
			days = append(days, named{at: d, name: h.name})
		}
	}
	n.place(&y, days)
	return y
}

// place adds holidays to a year: weekdays as days off, weekends with the next
// free weekday as the day that makes them up, past holidays that follow (Điều
// 111 khoản 3). A made-up day that the year has already is not doubled.
func (n names) place(y *Year, days []named) {
	sort.SliceStable(days, func(i, j int) bool { return days[i].at.Before(days[j].at) })
	days = slices.CompactFunc(days, func(a, b named) bool { return a.at.Equal(b.at) }) // 10/3 on 30/4 is one day
	taken := y.dates()
	for _, h := range days {
		taken[h.at.Format(time.DateOnly)] = true
	}
	spare, _ := y.claims()
	for _, h := range days {
		day := Day{Date: h.at.Format(time.DateOnly), Name: h.name}
		if !isWeekend(h.at) {
			y.Off = append(y.Off, day)
			continue
		}
		if !h.listed {
			y.Weekend = append(y.Weekend, day)
		}
		if h.name == n.Culture {
			continue // it stands in no article that makes days up; not settled
		}
		if spare.takeFor(day.Date) {
			continue
		}
		up := h.at.AddDate(0, 0, 1)
		for isWeekend(up) || taken[up.Format(time.DateOnly)] {
			up = up.AddDate(0, 0, 1)
		}
		taken[up.Format(time.DateOnly)] = true
		y.MadeUp = append(y.MadeUp, Day{Date: up.Format(time.DateOnly), For: day.Date, Name: n.MadeUp + " " + h.name})
	}
}

// madeUp are made-up days that no holiday on a weekend claimed yet.
type madeUp []Day

// claims pairs the holidays on weekends with the days that make them up and
// returns what is left of both.
func (y Year) claims() (spare madeUp, unmade []Day) {
	spare = slices.Clone(y.MadeUp)
	for _, w := range y.Weekend {
		if !spare.takeFor(w.Date) {
			unmade = append(unmade, w)
		}
	}
	return spare, unmade
}

// takeFor claims the day that makes a date up: the one that says so, else the
// first without a reason within a week after it.
func (m *madeUp) takeFor(date string) bool {
	at, err := parseDay(date)
	if err != nil {
		return false
	}
	week := at.AddDate(0, 0, 7).Format(time.DateOnly)
	i := slices.IndexFunc(*m, func(d Day) bool { return d.For == date })
	if i < 0 {
		i = slices.IndexFunc(*m, func(d Day) bool { return d.For == "" && date < d.Date && d.Date <= week })
	}
	if i < 0 {
		return false
	}
	*m = slices.Delete(*m, i, i+1)
	return true
}

// dates are all days that a year names.
func (y Year) dates() map[string]bool {
	out := map[string]bool{}
	for _, list := range [][]Day{y.Off, y.Weekend, y.MadeUp} {
		for _, d := range list {
			out[d.Date] = true
		}
	}
	for _, s := range y.Swapped {
		out[s.Off], out[s.Worked] = true, true
	}
	return out
}

// complete adds to a provisional year the holidays of the law that nobody
// entered, so that it is never counted with less than the law gives. A holiday
// is found by its days, not by its name: "Tết Đinh Mùi" is Tết.
func (n names) complete(y Year) Year {
	if y.Status != Provisional {
		return y
	}
	out := y.Clone()
	taken := y.dates()
	spare, unmade := y.claims()
	var add []named
	for _, h := range n.holidays(y.Year) {
		off, weekend, made := h.among(y.Off), h.among(y.Weekend), h.among(y.MadeUp)
		missing := max(0, len(h.days)-len(off)-max(len(weekend), len(made)))
		// Each day of the law takes one weekday, itself or by the day that makes it up.
		room := len(h.days) - missing - len(off) - len(h.among(spare)) - (len(weekend) - len(h.among(unmade)))
		for _, d := range h.days {
			if missing > 0 && !taken[d.Format(time.DateOnly)] {
				add = append(add, named{at: d, name: h.name})
				missing--
			}
		}
		for _, d := range h.among(unmade) {
			if t, err := parseDay(d.Date); err == nil && room > 0 {
				add = append(add, named{at: t, name: h.name, listed: true})
				room--
			}
		}
	}
	n.place(&out, add)
	return out
}

// among are the days of a list in which the holiday can fall.
func (h holiday) among(list []Day) (out []Day) {
	from, to := h.from.Format(time.DateOnly), h.to.Format(time.DateOnly)
	for _, d := range list {
		if from <= d.Date && d.Date <= to {
			out = append(out, d)
		}
	}
	return out
}
