package bot

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRecentForgetsTheOldest(t *testing.T) {
	m := NewRecent[int](3)
	for i := range 5 {
		m.Put(strconv.Itoa(i), i)
	}
	for i, want := range []bool{false, false, true, true, true} {
		if v, ok := m.Get(strconv.Itoa(i)); ok != want || ok && v != i {
			t.Errorf("%d: %d, %v", i, v, ok)
		}
	}
	m.Put("2", 22) // keeps its age
	m.Put("5", 5)
	if _, ok := m.Get("2"); ok {
		t.Error("the oldest is kept since it was set again")
	}
	m.Forget("5")
	if _, ok := m.Get("5"); ok {
		t.Error("a forgotten entry is there")
	}
	for i := range 10_000 { // put and forgotten: nothing may grow
		m.Put("x"+strconv.Itoa(i), i)
		m.Forget("x" + strconv.Itoa(i))
	}
	if len(m.order) > 2*3+1 || len(m.known) > 3 {
		t.Errorf("%d keys in order, %d entries", len(m.order), len(m.known))
	}
}

func TestAlertsAreToldOnceAnHour(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var told []string
	a := &Alerts{From: "zalo", Now: func() time.Time { return now }, Tell: func(_ context.Context, s string) { told = append(told, s) }}
	raise := func() { a.Raise(t.Context(), "token", "x") }
	raise()
	raise()
	a.Raise(t.Context(), "quota", "y")
	now = now.Add(time.Hour)
	raise()
	if got := strings.Join(told, "|"); got != "zalo: x|zalo: y|zalo: x" {
		t.Errorf("told %q", got)
	}
}
