package cases_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"

	"pgregory.net/rapid"
)

// TestAnySequenceKeepsTheRules does random things at random times to one case
// and looks after each whether what must always hold still does.
func TestAnySequenceKeepsTheRules(t *testing.T) {
	h := open(t)
	n := 0
	people := []cases.Actor{citizen, clerk, head, front, liaison, job, stranger, officer(9, grant(bot.RoleOfficer, ubnd), grant(bot.RoleHead, ubnd)),
		officer(33, grant(bot.RoleHead, "hp-so-xay-dung")), officer(34, grant(bot.RoleHead, commune))}
	done := map[cases.Action]int{}
	rapid.Check(t, func(t *rapid.T) {
		n++
		h.at("2026-11-09 09:00")
		d := scene()
		if rapid.Bool().Draw(t, "conduct") {
			d = conduct()
		}
		own := citizen // each run is another citizen, who is under no limit yet
		own.Person = bot.PersonID(1000 + n)
		people[0], d.Holder.Person = own, own.Person
		c, err := h.tryOpen(d)
		if err != nil {
			t.Fatal(err)
		}
		w := &watch{h: h, c: c, answers: map[int]string{}}
		if d.Kind == cases.Scene { // some begin far on, so that the later states are met too
			path := []struct {
				a      cases.Actor
				action cases.Action
			}{{clerk, cases.Accept}, {clerk, cases.Submit}, {head, cases.Approve}, {own, cases.Rate}, {own, cases.Reopen}}
			for _, s := range path[:rapid.IntRange(0, len(path)).Draw(t, "path")] {
				got, err := h.try(c.ID, s.a, full(s.action))
				if err != nil {
					t.Fatal(err)
				}
				done[s.action]++
				w.look(t, got, err)
			}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "wait") == 0 {
				h.move(time.Duration(rapid.IntRange(1, 20*24).Draw(t, "hours")) * time.Hour)
			}
			a := rapid.SampledFrom(people).Draw(t, "who")
			action := rapid.SampledFrom(w.likely(a)).Draw(t, "action")
			cmd := full(action)
			if action == cases.Forward || action == cases.Bind {
				cmd.Agency = rapid.SampledFrom([]string{commune, ubnd}).Draw(t, "to")
			}
			got, err := h.try(c.ID, a, cmd)
			if err != nil && code(err) == "" {
				t.Fatalf("%s: %v", action, err)
			}
			if err == nil {
				done[action]++
				if cmd.Version = got.Version + 1; true {
					if _, err := h.try(c.ID, a, cmd); err == nil {
						t.Fatalf("%s with a version nobody saw", action)
					}
				}
			}
			w.restarts = slices.Contains([]cases.Action{cases.Reclassify, cases.Urgency, cases.Forward, cases.Bind}, action)
			w.look(t, got, err)
		}
	})
	// What is drawn is a matter of chance: one of them may be missed in a run, three never;
	// with -short a fifth is drawn, which is too little to tell.
	if testing.Short() {
		return
	}
	var missed []cases.Action
	for _, a := range []cases.Action{cases.Accept, cases.Return, cases.Forward, cases.AskCitizen, cases.Add, cases.Submit, cases.Approve, cases.Reopen, cases.Seal, cases.Withdraw, cases.Restore} {
		if done[a] == 0 {
			missed = append(missed, a)
		}
	}
	if len(missed) > 2 {
		t.Errorf("%v never happened: the test is blind to them", missed)
	}
}

// watch remembers a case and tells when something changed that never may.
type watch struct {
	h       *house
	c       cases.Case
	answers map[int]string
	lines   int
	// the last action begins the step anew
	restarts bool
}

// likely is what somebody may do, three times, and anything at all, once.
func (w *watch) likely(a cases.Actor) []cases.Action {
	all := cases.Actions()
	may := w.h.desk.May(w.c, a)
	return slices.Concat(may, may, may, []cases.Action{all[len(all)*int(w.c.ID%7)/7]}, []cases.Action{cases.Accept})
}

func (w *watch) look(t *rapid.T, got cases.Case, err error) {
	now, e := w.h.desk.Get(w.h.t.Context(), w.c.ID, job)
	if e != nil {
		t.Fatal(e)
	}
	switch {
	case err != nil && now.Version != w.c.Version:
		t.Fatalf("refused, and version %d after %d", now.Version, w.c.Version)
	case err == nil && now.Version != got.Version, now.Version < w.c.Version, now.Version > w.c.Version+1:
		t.Fatalf("version %d after %d", now.Version, w.c.Version)
	}
	if now.State.Hidden() {
		w.c = now
		return
	}
	atDesk := now.Lead == ""
	live := now.State.Live()
	if live && atDesk != (now.Desk != "") {
		t.Fatalf("%s with lead %q, desk %q", now.State, now.Lead, now.Desk)
	}
	if atDesk && (now.State == cases.Forwarded || now.State == cases.Accepted || now.State == cases.Drafted || now.State == cases.Answered) {
		t.Fatalf("%s without a body", now.State)
	}
	if !now.Filed.Equal(w.c.Filed) {
		t.Fatal("filed anew")
	}
	w.clocks(t, now)
	w.words(t, now)
	w.c = now
}

// clocks: what the citizen waits since is never set back, one clock of a step runs, and a live case has a next end.
func (w *watch) clocks(t *rapid.T, now cases.Case) {
	open := map[cases.Step]int{}
	for _, k := range now.Clocks {
		if k.Stopped.IsZero() {
			open[k.Step]++
		}
		if k.Step == cases.StepCitizen && !k.Started.Equal(now.Filed) {
			t.Fatalf("the citizen waits since %s, filed %s", k.Started, now.Filed)
		}
		if k.Due.Before(k.Started) || !k.Stopped.IsZero() && k.Stopped.Before(k.Started) {
			t.Fatalf("clock %+v", k)
		}
		if k.Step == cases.StepAnswer && now.Round == w.c.Round && k.Running() && !w.restarts {
			for _, old := range w.c.Clocks {
				if old.Step == k.Step && old.Stopped.IsZero() && old.Started.Equal(k.Started) && k.Due.Before(old.Due) {
					t.Fatalf("an end came nearer: %s before %s", k.Due, old.Due)
				}
			}
		}
	}
	for s, n := range open {
		if n > 1 {
			t.Fatalf("%d clocks of %s", n, s)
		}
	}
	if _, ok := now.Next(); now.State.Live() && !ok {
		t.Fatalf("%s and no clock runs: %+v", now.State, now.Clocks)
	}
	if k, ok := now.Next(); !now.State.Live() && ok && k.Step != cases.StepPublish {
		t.Fatalf("%s and a clock of %s runs", now.State, k.Step)
	}
	if now.State == cases.Accepted && open[cases.StepAnswer] != 1 {
		t.Fatalf("accepted with %d clocks of the answer", open[cases.StepAnswer])
	}
}

// words: the timeline only grows, and no answer changes.
func (w *watch) words(t *rapid.T, now cases.Case) {
	line, err := w.h.desk.Timeline(w.h.t.Context(), now.ID, job)
	if err != nil {
		t.Fatal(err)
	}
	if len(line) < w.lines {
		t.Fatalf("%d lines after %d", len(line), w.lines)
	}
	w.lines = len(line)
	answers, err := w.h.desk.Answers(w.h.t.Context(), now.ID, job)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		a.Rating = cases.Rating{} // comes later, and more than once
		text := fmt.Sprint(a)
		if before, ok := w.answers[a.Round]; ok && before != text {
			t.Fatalf("the answer of round %d changed", a.Round)
		}
		w.answers[a.Round] = text
	}
	if len(answers) < len(w.answers) || len(answers) > now.Round+1 {
		t.Fatalf("%d answers in round %d", len(answers), now.Round)
	}
}
