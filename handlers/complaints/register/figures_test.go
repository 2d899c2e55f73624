package register

import (
	"testing"
	"time"

	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// TestBothWaysOfCounting: what a body that has ended answered counts with its one
// successor; of one whose tasks were divided it stays apart.
func TestBothWaysOfCounting(t *testing.T) {
	dir, err := directory.Load(directory.Options{AsOf: time.Date(2026, 11, 9, 0, 0, 0, 0, zone)})
	if err != nil {
		t.Fatal(err)
	}
	then := []cases.Performance{
		{Agency: "so-gtvt", Answered: 3, OnTime: 1, Late: 2},
		{Agency: "so-cong-thuong", Answered: 10, OnTime: 8, Late: 2, Returned: 1, Reopened: 2, Rated: 6, Content: 5, Poor: 1},
		{Agency: "hp-so-cong-thuong", Answered: 5, OnTime: 5, Rated: 4, Content: 4},
	}
	got := byHeir(dir, then)
	want := []cases.Performance{
		{Agency: "hp-so-cong-thuong", Answered: 15, OnTime: 13, Late: 2, Returned: 1, Reopened: 2, Rated: 10, Content: 9, Poor: 1},
		{Agency: "", Answered: 3, OnTime: 1, Late: 2},
	}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("by successor: %+v", got)
	}
	if then[1].Answered != 10 {
		t.Error("the figures of then were changed")
	}
	lines := views(dir, got)
	if lines[0].OnTimeShare != 87 || lines[0].Happy != 90 || lines[1].OnTimeShare != -1 || lines[1].Content != -1 || !lines[1].Several {
		t.Errorf("shares: %+v", lines)
	}
	// In the time of the province both were in office.
	if old := byHeir(dir.At(time.Date(2021, 6, 1, 0, 0, 0, 0, zone)), then[:2]); len(old) != 2 || old[0].Agency != "so-cong-thuong" {
		t.Errorf("in 2021: %+v", old)
	}
}
