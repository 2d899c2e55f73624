package cases_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// TestRehearsalForetells holds what a rehearsal says of a day against what the
// program does when that day comes.
func TestRehearsalForetells(t *testing.T) {
	h := open(t)
	h.at("2025-02-25 09:00")
	h.as("2025-02-25")
	var ids []int64
	for i, field := range []string{"moi-truong", "xay-dung", "dat-dai", "giao-thong", "y-te", "ha-tang-do-thi", "cu-tru"} {
		for _, place := range []string{"c10642", "c10528", "c10507"} {
			d := scene()
			d.Field, d.Place, d.What = field, cases.Place{ID: place}, fmt.Sprintf("việc %d ở %s", i, place)
			if c, err := h.tryOpen(d); err == nil {
				ids = append(ids, c.ID)
			}
		}
	}
	before := func() (all []cases.Case) {
		for _, id := range ids {
			c, err := h.desk.Get(t.Context(), id, job)
			must(t, err)
			all = append(all, c)
		}
		return all
	}
	was := before()
	day := time.Date(2025, 7, 1, 0, 0, 0, 0, calendar.Zone)
	r, err := h.desk.Rehearse(t.Context(), h.dir.At(day), day.AddDate(-1, 0, 0))
	must(t, err)
	if r.Open != len(ids) || r.Ended != 0 || r.AsOf != "2025-07-01" || len(r.Moves) == 0 || len(r.Unowned) == 0 || r.UnownedAll != len(r.Unowned) {
		t.Errorf("%d cases: %+v", len(ids), r)
	}
	if now := before(); !reflect.DeepEqual(now, was) {
		t.Error("the rehearsal changed a case")
	}

	h.at("2025-07-01 08:00")
	h.as("2025-07-01")
	for range len(r.Moves) + 1 {
		must(t, h.desk.RunSuccession(t.Context(), h.works))
	}
	moved, then := map[[2]string]int{}, map[string]int{}
	for i, c := range before() {
		then[c.Lead]++
		if c.Lead != was[i].Lead {
			moved[[2]string{was[i].Lead, c.Lead}]++
		}
	}
	for _, m := range r.Moves {
		if got := moved[[2]string{m.From, m.To}]; got != m.Open {
			t.Errorf("%s → %q: %d moved, %d were foretold", m.From, m.To, got, m.Open)
		}
		delete(moved, [2]string{m.From, m.To})
	}
	if len(moved) > 0 {
		t.Errorf("moved and not foretold: %v", moved)
	}
	for _, b := range r.Bodies {
		if then[b.Body] != b.Then {
			t.Errorf("%q has %d, %d were foretold", b.Body, then[b.Body], b.Then)
		}
	}
	// A case without a single owner says so in full.
	if i := slices.IndexFunc(r.Unowned, func(u cases.Unowned) bool { return u.Place == "c10528" && len(u.Among) > 0 }); i < 0 {
		t.Errorf("the divided ward is not told: %+v", r.Unowned)
	}
	for _, u := range r.Unowned {
		if u.Why != cases.DeskNoOwner && u.Why != cases.DeskTwoOwners || u.Code == "" || u.Lead == "" {
			t.Errorf("%+v", u)
		}
	}

	// What ended is looked back on for so long, what is hidden never.
	ends := []cases.Action{cases.Refuse, cases.Seal}
	for i, c := range before() {
		if c.Lead != "" && len(ends) > 0 {
			h.do(c.ID, officer(int64(40+i), grant(bot.RoleHead, c.Lead)), full(ends[0]))
			ends = ends[1:]
		}
	}
	r, err = h.desk.Rehearse(t.Context(), h.dir, day.AddDate(-1, 0, 0))
	must(t, err)
	if r.Open != len(ids)-2 || r.Ended != 1 {
		t.Errorf("%d open, %d ended", r.Open, r.Ended)
	}
	if r, err = h.desk.Rehearse(t.Context(), h.dir, day); err != nil || r.Open != len(ids)-2 || r.Ended != 0 {
		t.Errorf("%d open, %d ended, %v", r.Open, r.Ended, err)
	}
	if _, err := h.desk.Rehearse(t.Context(), h.dir.At(day.AddDate(-6, 0, 0)), day); err == nil {
		t.Error("a day that the data does not know")
	}
}
