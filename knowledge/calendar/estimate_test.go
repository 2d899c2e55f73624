package calendar

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// dates writes days down as "2026-02-17".
func dates(list []time.Time) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Format(time.DateOnly))
	}
	return out
}

// How far the estimate is from what was decided: swaps apart, not a day in six
// years. The rule was read off these years, so it promises nothing for the next:
// an estimated year stays provisional whatever this test says.
func TestTheEstimateAgainstSixDecidedYears(t *testing.T) {
	c := load(t)
	apart := 0
	for year := 2021; year <= 2026; year++ {
		official, _ := c.Year(year)
		swaps := 2 * len(official.Swapped)
		if got := c.Diff(official, c.Estimate(year)); len(got) != swaps {
			t.Errorf("%d: %d days differ (%v), %d of them by swaps", year, len(got), dates(got), swaps)
		}
		official.Swapped = nil
		apart += len(c.Diff(official, c.Estimate(year)))
	}
	if apart != 0 {
		t.Errorf("without swaps %d days differ", apart)
	}
}

// A start of Tết that the six years do not show is kept by the law's own
// arithmetic: five days, with what falls on a weekend made up.
func TestEveryEstimatedYearGivesWhatTheLawGives(t *testing.T) {
	c := load(t)
	for year := 2000; year <= 2100; year++ {
		e := c.Estimate(year)
		tet, national := 0, 0
		for _, d := range slices.Concat(e.Off, e.Weekend) {
			switch d.Name {
			case c.names.Tet:
				tet++
			case c.names.National:
				national++
			}
		}
		if tet != tetDays || national != nationalDays {
			t.Errorf("%d: Tết has %d days, Quốc khánh %d", year, tet, national)
		}
		e.Status = Provisional
		if p := e.Check(); len(p) > 0 {
			t.Errorf("%d: %v", year, p)
		}
		unmade := 0
		for _, d := range e.Weekend {
			if d.Name == c.names.Culture {
				unmade++
			}
		}
		if len(e.MadeUp) != len(e.Weekend)-unmade {
			t.Errorf("%d: %d holidays on weekends, %d made up", year, len(e.Weekend), len(e.MadeUp))
		}
	}
}

// What somebody entered for a provisional year is found by its days, whatever
// he called it, and nothing of the law is missing or there twice.
func TestAProvisionalYearIsCompletedOnce(t *testing.T) {
	c := load(t)
	want := c.Estimate(2027)
	for name, enter := range map[string]func(*Year){
		"nothing": func(*Year) {},
		"Tết under another name": func(y *Year) {
			for _, d := range []string{"2027-02-04", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10"} {
				y.Off = append(y.Off, Day{Date: d, Name: "Tết Đinh Mùi"})
			}
		},
		"Tết with its weekend and what makes it up": func(y *Year) {
			for _, d := range []string{"2027-02-04", "2027-02-05", "2027-02-08"} {
				y.Off = append(y.Off, Day{Date: d, Name: "Tết"})
			}
			for _, d := range []string{"2027-02-06", "2027-02-07"} {
				y.Weekend = append(y.Weekend, Day{Date: d, Name: "Tết"})
			}
			for _, d := range []string{"2027-02-09", "2027-02-10"} {
				y.MadeUp = append(y.MadeUp, Day{Date: d, Name: "nghỉ bù"})
			}
		},
		"mùng 1 alone": func(y *Year) { y.Weekend = append(y.Weekend, Day{Date: "2027-02-06", Name: "Mùng Một"}) },
		"Quốc khánh under another name": func(y *Year) {
			y.Off = append(y.Off, Day{Date: "2027-09-02", Name: "2/9"}, Day{Date: "2027-09-03", Name: "2/9"})
		},
		"1/5 made up, without the reason": func(y *Year) { y.MadeUp = append(y.MadeUp, Day{Date: "2027-05-03", Name: "nghỉ bù"}) },
		"1/5 without what makes it up":    func(y *Year) { y.Weekend = append(y.Weekend, Day{Date: "2027-05-01", Name: "1/5"}) },
		"Tết as five weekdays and the weekend between": func(y *Year) {
			for _, d := range []string{"2027-02-04", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10"} {
				y.Off = append(y.Off, Day{Date: d, Name: "Tết"})
			}
			y.Weekend = append(y.Weekend, Day{Date: "2027-02-06", Name: "Tết"}, Day{Date: "2027-02-07", Name: "Tết"})
		},
		"1/5 made up, with the reason": func(y *Year) {
			y.Weekend = append(y.Weekend, Day{Date: "2027-05-01", Name: "1/5"})
			y.MadeUp = append(y.MadeUp, Day{Date: "2027-05-03", For: "2027-05-01", Name: "nghỉ bù"})
		},
		"Giỗ Tổ": func(y *Year) { y.Off = append(y.Off, Day{Date: "2027-04-16", Name: "10/3 âm lịch"}) },
	} {
		t.Run(name, func(t *testing.T) {
			y := Year{Year: 2027, Status: Provisional}
			enter(&y)
			if p := y.Check(); len(p) > 0 {
				t.Fatal(p)
			}
			if got := c.Diff(want, y); len(got) > 0 {
				t.Errorf("these days differ from the law's: %v", dates(got))
			}
		})
	}
	// Another choice of the Prime Minister's stands as it was entered.
	other := Year{Year: 2027, Status: Provisional, Off: []Day{{Date: "2027-09-01", Name: "Quốc khánh"}, {Date: "2027-09-02", Name: "Quốc khánh"}}}
	if got := dates(c.Diff(want, other)); fmt.Sprint(got) != "[2027-09-01 2027-09-03]" {
		t.Errorf("1/9 entered for 3/9: %v", got)
	}
	late := Year{Year: 2027, Status: Provisional}
	for _, d := range []string{"2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11"} {
		late.Off = append(late.Off, Day{Date: d, Name: "Tết"})
	}
	if got := dates(c.Diff(want, late)); fmt.Sprint(got) != "[2027-02-04 2027-02-11]" {
		t.Errorf("Tết a day later: %v", got)
	}
}

func TestMarks(t *testing.T) {
	c := load(t)
	var got []string
	for _, m := range c.Marks(2027) {
		if !m.Estimated {
			continue
		}
		got = append(got, m.Date.Format("02/01")+" "+string(m.Kind))
	}
	want := "[04/02 holiday 05/02 holiday 06/02 on_weekend 07/02 on_weekend 08/02 holiday 09/02 made_up 10/02 made_up 03/09 holiday]"
	if fmt.Sprint(got) != want {
		t.Errorf("estimated in 2027: %v, want %s", got, want)
	}
	swaps := map[string]string{}
	for _, m := range c.Marks(2026) {
		if m.Estimated {
			t.Errorf("%s of a decided year is estimated", m.Date)
		}
		if m.Kind == SwapOff || m.Kind == SwapWork {
			swaps[m.Date.Format(time.DateOnly)] = m.Other
		}
	}
	if swaps["2026-08-31"] != "2026-08-22" || swaps["2026-08-22"] != "2026-08-31" || len(swaps) != 4 {
		t.Errorf("swaps of 2026: %v", swaps)
	}
	for _, m := range c.Marks(2035) {
		if !m.Estimated {
			t.Errorf("%s of a year that nobody entered is not estimated", m.Date)
		}
	}
}

func TestLacking(t *testing.T) {
	c := load(t)
	for year := 2021; year <= 2026; year++ {
		y, _ := c.Year(year)
		if got := c.Lacking(y); len(got) > 0 {
			t.Errorf("%d lacks %v", year, got)
		}
	}
	y, _ := c.Year(2026)
	y.Off = slices.DeleteFunc(y.Off, func(d Day) bool { return d.Date == "2026-04-30" })
	if got := c.Lacking(y); len(got) != 1 || !got[0].Date.Equal(day("2026-04-30")) {
		t.Errorf("without 30/4: %v", got)
	}
}

// What a calendar hands out and takes in is the caller's: changing it changes no calendar.
func TestACalendarSharesNothing(t *testing.T) {
	mine := Year{Year: 2030, Status: Provisional, Off: []Day{{Date: "2030-05-02", Name: "x"}}, Decisions: []Decision{{Number: "1"}}}
	c := load(t, mine)
	mine.Off[0].Date = "2030-05-03"
	y, _ := c.Year(2030)
	y.Off[0].Date, y.Decisions[0].Number = "2030-05-06", "2"
	if y, _ := c.Year(2030); y.Off[0].Date != "2030-05-02" || y.Decisions[0].Number != "1" || c.Working(day("2030-05-02")) {
		t.Errorf("the calendar was changed from outside: %+v", y)
	}
}

// Any span is counted by years, not by days: as far apart as time goes it takes
// no longer than the years that are kept.
func TestAnySpanIsBounded(t *testing.T) {
	c := load(t)
	far := time.Unix(1<<55, 0)
	all := c.Between(time.Time{}, far)
	if all < 300*244 || all > 300*262 || c.Between(far, time.Time{}) != -all {
		t.Errorf("%d working days in three hundred years, back %d", all, c.Between(far, time.Time{}))
	}
	if got := c.WorkBetween(time.Time{}, far); got != time.Duration(all)*8*time.Hour {
		t.Errorf("%s of work on %d days", got, all)
	}
	if n := c.Between(day("1931-12-31"), day("2031-12-31")); n < 100*244 || n > 100*262 {
		t.Errorf("a century has %d working days", n)
	}
	if d, err := c.Add(time.Date(12026, 11, 16, 9, 0, 0, 0, Zone), 10); err != nil || !d.Provisional {
		t.Errorf("ten thousand years from now: %+v, %v", d, err)
	}
}

// Counting by years is counting by days.
func TestBetweenCountsEveryDay(t *testing.T) {
	c := load(t)
	from := day("2020-06-15")
	n := 0
	var work time.Duration
	for d := from.AddDate(0, 0, 1); d.Year() < 2029; d = d.AddDate(0, 0, 1) {
		if c.Working(d) {
			n++
			for _, s := range c.Spans(d) {
				work += s.To - s.From
			}
		}
		if got := c.Between(from, d); got != n {
			t.Fatalf("up to %s: %d, counted one by one %d", d.Format(time.DateOnly), got, n)
		}
		if got := c.WorkBetween(from.AddDate(0, 0, 1), d.AddDate(0, 0, 1)); got != work {
			t.Fatalf("up to %s: %s, counted one by one %s", d.Format(time.DateOnly), got, work)
		}
	}
}

func TestDifferBetweenCalendars(t *testing.T) {
	c := load(t)
	y, _ := c.Year(2026)
	y.Swapped = append(y.Swapped, Swap{Off: "2026-11-23", Worked: "2026-11-28", Name: "Hoán đổi"})
	next := c.Estimate(2029)
	next.Status, next.Off = Decided, next.Off[1:]
	next.Decisions = []Decision{{Number: "1/TB-BNV", Date: "2028-11-01"}}
	got := fmt.Sprint(dates(Differ(c, load(t, y, next))))
	if got != "[2026-11-23 2026-11-28 2029-01-01]" {
		t.Errorf("changed: %s", got)
	}
	if got := Differ(c, load(t)); len(got) > 0 {
		t.Errorf("the same calendar differs: %v", dates(got))
	}
}

func BenchmarkBetweenACentury(b *testing.B) {
	for b.Loop() {
		c := load(b)
		c.Between(day("1931-12-31"), day("2031-12-31"))
	}
}
