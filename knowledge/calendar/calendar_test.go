package calendar

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func load(t testing.TB, years ...Year) *Calendar {
	t.Helper()
	c, err := Load(Options{Years: years})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(s string) time.Time {
	t, err := parseDay(s)
	if err != nil {
		panic(err) // the tests write their own days
	}
	return t
}

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, Zone)
	if err != nil {
		panic(err) // the tests write their own times
	}
	return t
}

// The working days of each month, as they come out of the official days off
// when somebody counts them by hand; 2027 by the law alone.
func TestWorkingDaysOfEachMonth(t *testing.T) {
	c := load(t)
	for year, months := range map[int][12]int{
		2021: {20, 15, 23, 20, 20, 22, 22, 22, 20, 21, 22, 23},
		2022: {19, 16, 23, 20, 20, 22, 21, 23, 20, 21, 22, 22},
		2023: {16, 20, 23, 20, 20, 22, 21, 23, 19, 22, 22, 21},
		2024: {22, 16, 21, 19, 23, 20, 23, 22, 19, 23, 21, 22},
		2025: {17, 20, 21, 21, 20, 21, 23, 21, 20, 23, 20, 23},
		2026: {21, 15, 22, 20, 20, 22, 23, 21, 20, 22, 20, 23},
		2027: {20, 15, 23, 20, 20, 22, 22, 22, 20, 21, 21, 23},
	} {
		for m, want := range months {
			first := time.Date(year, time.Month(m+1), 1, 0, 0, 0, 0, Zone)
			if got := c.Between(first.AddDate(0, 0, -1), first.AddDate(0, 1, -1)); got != want {
				t.Errorf("%s has %d working days, want %d", first.Format("2006-01"), got, want)
			}
		}
	}
}

// The unbroken breaks that the press told of, weekends included, and the days
// worked before and after them.
func TestBreaksAsPublished(t *testing.T) {
	c := load(t)
	for _, b := range [][2]string{
		{"2021-02-10", "2021-02-16"}, {"2022-01-29", "2022-02-06"}, {"2023-01-20", "2023-01-26"}, {"2023-04-29", "2023-05-03"},
		{"2024-04-27", "2024-05-01"}, {"2025-01-25", "2025-02-02"}, {"2025-04-30", "2025-05-04"}, {"2026-01-01", "2026-01-04"},
		{"2026-02-14", "2026-02-22"}, {"2026-04-25", "2026-04-27"}, {"2026-08-29", "2026-09-02"}, {"2026-11-24", "2026-11-24"},
	} {
		from, to := day(b[0]), day(b[1])
		for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
			if c.Working(d) {
				t.Errorf("%s lies in the break from %s and is worked", d.Format(time.DateOnly), b[0])
			}
		}
		if !c.Working(from.AddDate(0, 0, -1)) || !c.Working(to.AddDate(0, 0, 1)) {
			t.Errorf("the break from %s to %s is longer", b[0], b[1])
		}
	}
	for _, worked := range []string{"2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"} {
		if name, off := c.DayOff(day(worked)); !c.Working(day(worked)) || off {
			t.Errorf("%s, a Saturday worked for another day, is off (%s)", worked, name)
		}
	}
	if name, ok := c.DayOff(day("2026-04-27")); !ok || name != "Nghỉ bù Giỗ Tổ Hùng Vương" {
		t.Errorf("27/4/2026 is %q", name)
	}
	if _, ok := c.DayOff(day("2026-11-21")); ok {
		t.Error("a plain Saturday has a name")
	}
}

// New moons at UTC+7: Tết and the Hùng kings' day, also of the year in which
// the Chinese calendar has another.
func TestLunarDates(t *testing.T) {
	for year, want := range map[int][2]string{
		2021: {"2021-02-12", "2021-04-21"}, 2022: {"2022-02-01", "2022-04-10"}, 2023: {"2023-01-22", "2023-04-29"}, 2024: {"2024-02-10", "2024-04-18"},
		2025: {"2025-01-29", "2025-04-07"}, 2026: {"2026-02-17", "2026-04-26"}, 2027: {"2027-02-06", "2027-04-16"}, 2028: {"2028-01-26", "2028-04-04"},
		2029: {"2029-02-13", "2029-04-23"}, 2030: {"2030-02-02", "2030-04-12"}, 2031: {"2031-01-23", "2031-04-01"}, 2032: {"2032-02-11", "2032-04-19"},
		2007: {"2007-02-17", "2007-04-26"}, // China had 18/02
	} {
		if got := Tet(year).Format(time.DateOnly); got != want[0] {
			t.Errorf("Tết %d is %s, want %s", year, got, want[0])
		}
		if got := HungKings(year).Format(time.DateOnly); got != want[1] {
			t.Errorf("10/3 of %d is %s, want %s", year, got, want[1])
		}
	}
}

// There and back, every day of fifty years; months have 29 or 30 days.
func TestEveryDayHasOneLunarDate(t *testing.T) {
	leaps := map[int]int{}
	var last LunarDate
	for d := day("2000-02-05"); d.Year() < 2051; d = d.AddDate(0, 0, 1) {
		l := Lunar(d)
		if l.Day < 1 || l.Day > 30 || l.Month < 1 || l.Month > 12 {
			t.Fatalf("%s is %+v", d.Format(time.DateOnly), l)
		}
		if !l.Leap && !Solar(l.Year, l.Month, l.Day).Equal(d) {
			t.Fatalf("%s is %+v, and that is %s", d.Format(time.DateOnly), l, Solar(l.Year, l.Month, l.Day).Format(time.DateOnly))
		}
		if last.Day != 0 && l.Day != last.Day+1 && (l.Day != 1 || last.Day < 29) {
			t.Fatalf("after %+v comes %+v", last, l)
		}
		if l.Leap && l.Day == 1 {
			leaps[l.Year] = l.Month
		}
		last = l
	}
	for year, month := range map[int]int{2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4, 2014: 9, 2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5, 2031: 3, 2033: 11} {
		if leaps[year] != month {
			t.Errorf("the leap month of %d is %d, want %d", year, leaps[year], month)
		}
	}
}

func TestTerms(t *testing.T) {
	c := load(t)
	for name, c2 := range map[string]struct {
		due  func() (Due, error)
		want string
	}{
		"three working days":                 {func() (Due, error) { return c.Add(at("2026-11-16 09:00"), 3) }, "2026-11-19 17:00"},
		"received after hours":               {func() (Due, error) { return c.Add(at("2026-11-16 17:01"), 3) }, "2026-11-20 17:00"},
		"received on a Saturday":             {func() (Due, error) { return c.Add(at("2026-11-14 09:00"), 3) }, "2026-11-19 17:00"},
		"over the culture day":               {func() (Due, error) { return c.Add(at("2026-11-20 09:00"), 3) }, "2026-11-26 17:00"},
		"over Tết":                           {func() (Due, error) { return c.Add(at("2026-02-13 09:00"), 2) }, "2026-02-24 17:00"},
		"a Saturday that is worked counts":   {func() (Due, error) { return c.Add(at("2026-08-21 09:00"), 1) }, "2026-08-22 17:00"},
		"received on a Saturday that is":     {func() (Due, error) { return c.Add(at("2026-08-22 09:00"), 1) }, "2026-08-24 17:00"},
		"in the hours of the time":           {func() (Due, error) { return c.Add(at("2021-12-01 09:00"), 1) }, "2021-12-02 16:30"},
		"calendar days":                      {func() (Due, error) { return c.AddDays(at("2026-11-02 09:00"), 20) }, "2026-11-23 17:00"},
		"calendar days that end on a Sunday": {func() (Due, error) { return c.AddDays(at("2026-11-05 09:00"), 10) }, "2026-11-16 17:00"},
		"working hours within a day":         {func() (Due, error) { return c.AddWork(at("2026-11-16 08:00"), 4*time.Hour) }, "2026-11-16 13:30"},
		"working hours over a night":         {func() (Due, error) { return c.AddWork(at("2026-11-16 15:00"), 8*time.Hour) }, "2026-11-17 15:00"},
		"working hours from a night":         {func() (Due, error) { return c.AddWork(at("2026-11-16 22:00"), time.Hour) }, "2026-11-17 08:30"},
		"working hours over a weekend":       {func() (Due, error) { return c.AddWork(at("2026-11-13 16:30"), time.Hour) }, "2026-11-16 08:00"},
		"no working hours":                   {func() (Due, error) { return c.AddWork(at("2026-11-14 10:00"), 0) }, "2026-11-16 07:30"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c2.due()
			if err != nil || !got.At.Equal(at(c2.want)) || got.Version != c.Version() || got.Provisional {
				t.Errorf("%s (provisional %v), %v; want %s", got.At.Format("2006-01-02 15:04"), got.Provisional, err, c2.want)
			}
		})
	}
	for _, n := range []int{0, -1, maxTermDays + 1} {
		if _, err := c.Add(at("2026-11-16 09:00"), n); err == nil {
			t.Errorf("a term of %d working days is counted", n)
		}
		if _, err := c.AddDays(at("2026-11-16 09:00"), n); err == nil {
			t.Errorf("a term of %d days is counted", n)
		}
	}
}

// Whatever is counted: it never lands on a day off, counting back gives the
// same number, more days end later, and working time adds up.
func TestCountingHoldsItsPromises(t *testing.T) {
	c := load(t)
	r := rand.New(rand.NewPCG(7, 11))
	for range 4000 {
		from := day("2021-01-01").Add(time.Duration(r.Int64N(int64(6 * 365 * 24 * time.Hour))))
		n := 1 + r.IntN(40)
		due, err := c.Add(from, n)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Working(due.At) {
			t.Fatalf("%s + %d ends on a day off: %s", from, n, due.At)
		}
		if got := c.Between(c.received(from), due.At); got != n {
			t.Fatalf("%s + %d: counted back %d", from, n, got)
		}
		if later, err := c.Add(from, n+1); err != nil || !later.At.After(due.At) {
			t.Fatalf("%s: %d days end at %s, one more at %s", from, n, due.At, later.At)
		}
		work := time.Duration(1+r.IntN(100*60)) * time.Minute
		end, err := c.AddWork(from, work)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.WorkBetween(from, end.At); got != work {
			t.Fatalf("%s + %s ends at %s, between them lie %s", from, work, end.At, got)
		}
		half, err := c.AddWork(from, work/2)
		if err != nil {
			t.Fatal(err)
		}
		if rest, err := c.AddWork(half.At, work-work/2); err != nil || !rest.At.Equal(end.At) {
			t.Fatalf("%s in two halves ends at %s, at once at %s", work, rest.At, end.At)
		}
		days, err := c.AddDays(from, n)
		if err != nil || !c.Working(days.At) {
			t.Fatalf("%s + %d calendar days: %s, %v", from, n, days.At, err)
		}
	}
}

// A date that touches a year which is not decided says so.
func TestProvisionalDates(t *testing.T) {
	c := load(t)
	if d, err := c.Add(at("2026-12-29 09:00"), 2); err != nil || d.Provisional {
		t.Errorf("within 2026: %+v, %v", d, err)
	}
	if d, err := c.Add(at("2026-12-29 09:00"), 5); err != nil || !d.Provisional {
		t.Errorf("into 2027: %+v, %v", d, err)
	}
	if c.Status(2026) != Decided || c.Status(2027) != Provisional || c.Status(2035) != Missing {
		t.Errorf("states: %s, %s, %s", c.Status(2026), c.Status(2027), c.Status(2035))
	}
	for now, want := range map[string]string{"2026-09-30": "[]", "2026-10-01": "[2027]", "2027-05-01": "[2027]", "2035-11-01": "[2035 2036]"} {
		if got := fmt.Sprint(c.MissingSoon(day(now))); got != want {
			t.Errorf("on %s these years are missing: %s, want %s", now, got, want)
		}
	}
	// An estimated year is never weekends alone: the law's days are in it.
	if n := c.Between(day("2034-12-31"), day("2035-12-31")); n < 246 || n > 251 {
		t.Errorf("2035 has %d working days", n)
	}
	if _, ok := c.DayOff(Tet(2035)); !ok {
		t.Error("Tết 2035 is worked")
	}
}

// An administrator enters a swap a few weeks before: the calendar is another
// one, and the days that changed are known.
func TestAYearIsEntered(t *testing.T) {
	c := load(t)
	old, _ := c.Year(2026)
	now := old
	now.Swapped = append(append([]Swap(nil), old.Swapped...), Swap{Off: "2026-11-23", Worked: "2026-11-28", Name: "Hoán đổi"})
	changed := c.Diff(old, now)
	if len(changed) != 2 || !changed[0].Equal(day("2026-11-23")) || !changed[1].Equal(day("2026-11-28")) {
		t.Errorf("changed: %v", changed)
	}
	with := load(t, now)
	if with.Working(day("2026-11-23")) || !with.Working(day("2026-11-28")) || with.Version() == c.Version() || !c.Working(day("2026-11-23")) {
		t.Error("the entered year is not used, or the old calendar changed")
	}
}

func TestAWrongYearIsRefused(t *testing.T) {
	good := Year{Year: 2028, Status: Decided, Off: []Day{{Date: "2028-01-26", Name: "Tết"}}, Decisions: []Decision{{Number: "1/TB"}}}
	if p := good.Check(); len(p) != 0 {
		t.Fatal(p)
	}
	for code, change := range map[string]func(*Year){
		"year_range":    func(y *Year) { y.Year = 1999 },
		"status":        func(y *Year) { y.Status = "sure" },
		"no_decision":   func(y *Year) { y.Decisions = nil },
		"number":        func(y *Year) { y.Decisions = []Decision{{}} },
		"date_form":     func(y *Year) { y.Off[0].Date = "26/01/2028" },
		"date_year":     func(y *Year) { y.Off[0].Date = "2027-01-26" },
		"date_weekday":  func(y *Year) { y.Off[0].Date = "2028-01-29" },
		"date_twice":    func(y *Year) { y.MadeUp = []Day{{Date: "2028-01-26", Name: "x"}} },
		"name":          func(y *Year) { y.Off[0].Name = "" },
		"decision_date": func(y *Year) { y.Decisions = []Decision{{Number: "1", Date: "1/11/2027"}} },
		"made_up_for":   func(y *Year) { y.MadeUp = []Day{{Date: "2028-01-27", For: "2028-01-29", Name: "x"}} },
		"too_many":      func(y *Year) { y.Off = make([]Day, maxDays+1) },
	} {
		y := good
		y.Off = []Day{good.Off[0]}
		change(&y)
		p := y.Check()
		if len(p) == 0 || p[0].Code != code {
			t.Errorf("%s: %v", code, p)
		}
		if _, err := Load(Options{Years: []Year{y}}); err == nil {
			t.Errorf("%s: the calendar is loaded", code)
		}
	}
	swap := good
	swap.Swapped = []Swap{{Off: "2028-05-02", Worked: "2028-05-03", Name: "x"}}
	if p := swap.Check(); len(p) != 1 || p[0].Code != "date_weekday" {
		t.Errorf("a swap for a weekday: %v", p)
	}
}

func FuzzYear(f *testing.F) {
	f.Add(`{"year":2028,"status":"decided","off":[{"date":"2028-01-26","name":"x"}],"decisions":[{"number":"1"}]}`)
	f.Add(`{"year":2028,"status":"provisional","swapped":[{"off":"2028-05-02","worked":"2028-05-06","name":"x"}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var y Year
		if json.Unmarshal([]byte(raw), &y) != nil || len(y.Check()) > 0 {
			return
		}
		c, err := Load(Options{Years: []Year{y}})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := c.Add(time.Date(y.Year, 1, 2, 9, 0, 0, 0, Zone), 10); err != nil || !c.Working(d.At) {
			t.Errorf("ten working days in %d: %+v, %v", y.Year, d, err)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	c := load(b)
	from := at("2026-11-16 09:00")
	for b.Loop() {
		if _, err := c.Add(from, 20); err != nil {
			b.Fatal(err)
		}
	}
}
