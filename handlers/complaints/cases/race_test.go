package cases_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// TestAHundredOfficersAtOnce lets a hundred act on one case that all of them have
// open: one wins, the others read who and when, and the history is one.
func TestAHundredOfficersAtOnce(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	const n = 100
	var wg sync.WaitGroup
	var mu sync.Mutex
	won, lost := 0, 0
	for i := range n {
		wg.Go(func() {
			a := officer(int64(100+i), grant(bot.RoleOfficer, commune), grant(bot.RoleHead, commune))
			action := []cases.Action{cases.Accept, cases.Return, cases.Refuse}[i%3]
			cmd := full(action)
			cmd.Version = c.Version
			_, err := h.try(c.ID, a, cmd)
			mu.Lock()
			defer mu.Unlock()
			var e *bot.Error
			errors.As(err, &e)
			switch {
			case err == nil:
				won++
			case bot.IsCode(err, bot.Conflict):
				lost++
				if fmt.Sprint(e.Args[1]) == "" || fmt.Sprint(e.Args[3]) != "09:00 09/11/2026" {
					t.Errorf("who lost reads %v", e.Args)
				}
			default:
				t.Errorf("%s: %v", action, err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != n-1 {
		t.Errorf("%d won, %d lost", won, lost)
	}
	got, err := h.desk.Get(t.Context(), c.ID, front)
	must(t, err)
	line, err := h.desk.Timeline(t.Context(), c.ID, front)
	must(t, err)
	if got.Version != 2 || len(line) != 2 || line[1].After != got.State {
		t.Errorf("version %d, %d lines, state %s", got.Version, len(line), got.State)
	}
	trail, err := h.store.ListAudit(t.Context(), auditOf(c.Code))
	must(t, err)
	if len(trail) != 2 {
		t.Errorf("%d lines in the audit trail", len(trail))
	}
	if whole, broken, err := h.store.VerifyAudit(t.Context()); err != nil || broken != 0 || whole < 2 {
		t.Errorf("of the chain %d lines are whole, line %d is not (%v)", whole, broken, err)
	}
}

// TestTheSameCommandTwiceHasItsEffectOnce sends every command twice with one key.
func TestTheSameCommandTwiceHasItsEffectOnce(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	for i, s := range []struct {
		a      cases.Actor
		action cases.Action
	}{{clerk, cases.Accept}, {clerk, cases.AskCitizen}, {citizen, cases.Add}, {head, cases.Extend}, {clerk, cases.Submit}, {head, cases.Approve}} {
		cmd := full(s.action)
		cmd.Key = fmt.Sprint("key ", i)
		first := h.do(c.ID, s.a, cmd)
		h.told()
		second := h.do(c.ID, s.a, cmd)
		if first.Version != second.Version || first.State != second.State || len(h.told()) != 0 {
			t.Errorf("%s twice: version %d and %d", s.action, first.Version, second.Version)
		}
	}
	d := scene()
	if a, b := h.open(d), h.open(d); a.ID != b.ID || a.Code != b.Code {
		t.Error("one conversation made two cases")
	}
}

// TestTwoSubmitsAtOnceAreOneCase: the button was pressed twice on a slow line.
func TestTwoSubmitsAtOnceAreOneCase(t *testing.T) {
	h := open(t)
	d := scene()
	ids := make([]int64, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			c, err := h.tryOpen(d)
			if err != nil {
				t.Error(err)
			}
			ids[i] = c.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("cases %v", ids)
		}
	}
}
