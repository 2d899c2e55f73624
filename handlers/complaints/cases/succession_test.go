package cases_test

import (
	"slices"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// TestOpenCasesMoveOn carries open cases over the two reorganisations of 2025:
// each finds its successor, its clocks go on, and closed ones keep the old name.
func TestOpenCasesMoveOn(t *testing.T) {
	h := open(t)
	h.at("2025-02-25 09:00")
	h.as("2025-02-25")
	d := scene()
	d.Field, d.Place = "moi-truong", cases.Place{ID: "c10642"}
	c := h.open(d)
	ended := h.open(func() cases.Draft { d := d; d.Conversation, d.What = "ended", "việc khác"; return d }())
	old := officer(40, grant(bot.RoleHead, c.Lead))
	h.do(ended.ID, old, full(cases.Refuse))
	var path []string
	path = append(path, c.Lead)
	before, _ := c.Clock(cases.StepAnswer)
	for _, day := range []string{"2025-03-01", "2025-07-01"} {
		h.at(day + " 08:00")
		h.as(day)
		h.told()
		must(t, h.desk.RunSuccession(t.Context(), h.works))
		must(t, h.desk.RunSuccession(t.Context(), h.works))
		got, err := h.desk.Get(t.Context(), c.ID, job)
		must(t, err)
		a, ok := h.dir.Agency(got.Lead)
		if !ok || !h.dir.InOffice(a) {
			t.Fatalf("on %s the case is with %q (desk %q)", day, got.Lead, got.Desk)
		}
		if e := h.told(); got.Lead != path[len(path)-1] && (len(e) != 1 || e[0].Action != cases.Succeed || e[0].From != path[len(path)-1]) {
			t.Errorf("on %s listeners heard %d events", day, len(e))
		}
		if k, _ := got.Clock(cases.StepAnswer); !k.Due.Equal(before.Due) || !k.Started.Equal(before.Started) {
			t.Errorf("on %s the clock is %s, not %s", day, k.Due, before.Due)
		}
		if got.State != cases.Forwarded {
			t.Errorf("on %s it is %s", day, got.State)
		}
		path = append(path, got.Lead)
	}
	if path[0] == path[2] {
		t.Errorf("nothing moved: %v", path)
	}
	t.Log(path)
	kept, err := h.desk.Get(t.Context(), ended.ID, job)
	must(t, err)
	if kept.Lead != path[0] {
		t.Errorf("the closed case is now with %s", kept.Lead)
	}
	if n, err := h.desk.ByBody(t.Context()); err != nil || n[path[2]][cases.Forwarded] != 1 || n[path[0]][cases.Forwarded] != 0 {
		t.Errorf("counts %v (%v)", n, err)
	}
}

// A body that was asked for its opinion and takes the case over, because the citizen wants
// it looked at again or the lead body ended, is not asked for its opinion on its own case.
func TestWhoLeadsIsNotConsulted(t *testing.T) {
	h := open(t)
	again := func(joint ...string) cases.Case {
		t.Helper()
		c := h.open(scene())
		h.do(c.ID, front, cases.Command{Action: cases.Bind, Agency: commune, Joint: joint, Reason: "phân công"})
		h.do(c.ID, clerk, cases.Command{Action: cases.Accept})
		h.do(c.ID, clerk, cases.Command{Action: cases.Submit, Text: "Đã xử lý", Reason: "không cần ảnh", Check: cases.Checklist{EveryPoint: true, NextStep: true}})
		h.do(c.ID, head, cases.Command{Action: cases.Approve})
		h.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1}})
		h.do(c.ID, citizen, cases.Command{Action: cases.Reopen})
		got, err := h.desk.Get(t.Context(), c.ID, job)
		must(t, err)
		return got
	}
	up := again().Lead
	if up == "" || up == commune {
		t.Fatalf("opened again with %q", up)
	}
	if c := again(up, ubnd2); c.Lead != up || !slices.Equal(c.Joint, []string{ubnd2}) {
		t.Errorf("%s leads, and these are consulted: %v", c.Lead, c.Joint)
	}
	c := h.open(scene())
	h.do(c.ID, front, cases.Command{Action: cases.Bind, Agency: commune, Joint: []string{ubnd, ubnd2}, Reason: "phân công"})
	h.do(c.ID, job, cases.Command{Action: cases.Succeed, Agency: ubnd, Reason: "task"})
	c, err := h.desk.Get(t.Context(), c.ID, job)
	must(t, err)
	if c.Lead != ubnd || !slices.Equal(c.Joint, []string{ubnd2}) {
		t.Errorf("%s took over, and these are consulted: %v", c.Lead, c.Joint)
	}
}
