package cases_test

import (
	"testing"

	"cchcbot/handlers/complaints/cases"
)

// TestALifeInFull walks a case from the filing to the register.
func TestALifeInFull(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	if c.State != cases.Forwarded || c.Lead != commune {
		t.Fatalf("a thing at a place is %s at %q (%s)", c.State, c.Lead, c.Desk)
	}
	if e := h.told(); len(e) != 1 || e[0].Action != cases.File || e[0].Holder.To.Chat != "700" || e[0].Due.IsZero() {
		t.Fatalf("listeners heard %+v", e)
	}
	steps := []struct {
		who   cases.Actor
		cmd   cases.Command
		state cases.State
	}{
		{clerk, full(cases.Accept), cases.Accepted},
		{clerk, full(cases.AskCitizen), cases.Waiting},
		{citizen, full(cases.Add), cases.Accepted},
		{head, full(cases.Extend), cases.Accepted},
		{clerk, full(cases.Note), cases.Accepted},
		{clerk, full(cases.DraftAnswer), cases.Accepted},
		{clerk, cases.Command{Action: cases.Submit}, cases.Drafted},
		{head, full(cases.Reject), cases.Accepted},
		{clerk, full(cases.Submit), cases.Drafted},
		{head, full(cases.Approve), cases.Answered},
		{citizen, full(cases.Rate), cases.Answered},
		{citizen, full(cases.Reopen), cases.Forwarded},
	}
	for _, s := range steps {
		if got := h.do(c.ID, s.who, s.cmd).State; got != s.state {
			t.Fatalf("after %s the case is %s, not %s", s.cmd.Action, got, s.state)
		}
	}
	got, err := h.desk.Get(t.Context(), c.ID, front)
	must(t, err)
	if got.Round != 1 || got.Lead == commune || got.Lead == "" {
		t.Errorf("reopened: round %d at %q", got.Round, got.Lead)
	}
	answers, err := h.desk.Answers(t.Context(), c.ID, citizen)
	must(t, err)
	if len(answers) != 1 || answers[0].Text != "Nội dung" || answers[0].Drafted != "" {
		t.Errorf("the citizen reads %+v", answers)
	}
	line, err := h.desk.Timeline(t.Context(), c.ID, citizen)
	must(t, err)
	for _, e := range line {
		if e.Action == cases.Note || e.Action == cases.Reject || e.Name != "" {
			t.Errorf("the citizen sees %s by %q", e.Action, e.Name)
		}
	}
	all, err := h.desk.Timeline(t.Context(), c.ID, front)
	must(t, err)
	if len(all) != len(steps)+1 {
		t.Errorf("%d lines for %d steps", len(all), len(steps)+1)
	}
}
