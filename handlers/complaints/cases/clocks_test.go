package cases_test

import (
	"context"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

const layout = "2006-01-02 15:04"

func (h *house) due(c cases.Case, s cases.Step) string {
	h.t.Helper()
	k, ok := c.Clock(s)
	if !ok {
		h.t.Fatalf("no clock %s", s)
	}
	return k.Due.In(calendar.Zone).Format(layout)
}

// TestTermsByCalendar: which term a case has, and on which day it ends. 2026-11-24
// is off (the day of culture) only when it was decided; the embedded year says.
func TestTermsByCalendar(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		name   string
		at     string
		change func(*cases.Draft)
		step   cases.Step
		due    string
	}{
		{"front desk, 5 working days", "2026-11-09 09:00", func(d *cases.Draft) { *d = conduct() }, cases.StepForward, "2026-11-16 17:00"},
		{"received after hours counts from the next day", "2026-11-09 18:00", func(d *cases.Draft) { *d = conduct() }, cases.StepForward, "2026-11-17 17:00"},
		{"received on a Saturday", "2026-11-07 10:00", func(d *cases.Draft) { *d = conduct() }, cases.StepForward, "2026-11-16 17:00"},
		{"acceptance, 8 working hours", "2026-11-09 09:00", nil, cases.StepAccept, "2026-11-10 09:00"},
		{"answer of a scene, 7 days", "2026-11-09 09:00", nil, cases.StepAnswer, "2026-11-16 17:00"},
		{"answer, infrastructure, 3 working days", "2026-11-09 09:00", func(d *cases.Draft) { d.Field = "giao-thong" }, cases.StepAnswer, "2026-11-12 17:00"},
		{"answer, urgent, 1 working day", "2026-11-09 09:00", func(d *cases.Draft) { d.Urgent = true }, cases.StepAnswer, "2026-11-10 17:00"},
		{"over the new year", "2026-12-30 09:00", func(d *cases.Draft) { d.Field = "giao-thong" }, cases.StepAnswer, "2027-01-05 17:00"},
	} {
		h.at(tt.at)
		d := scene()
		if tt.change != nil {
			tt.change(&d)
		}
		c := h.open(d)
		if got := h.due(c, tt.step); got != tt.due {
			t.Errorf("%s: due %s, not %s", tt.name, got, tt.due)
		}
		k, _ := c.Clock(tt.step)
		if want := k.Due.Year() > 2026; k.Provisional != want {
			t.Errorf("%s: provisional %v", tt.name, k.Provisional)
		}
		if k.CalendarVersion != h.cal.Version() {
			t.Errorf("%s: counted by %q", tt.name, k.CalendarVersion)
		}
	}
}

// TestWaitingForTheCitizenStopsTheClock, visibly, and twice at most.
func TestWaitingForTheCitizenStopsTheClock(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Accept))
	before := h.due(c, cases.StepAnswer) // Monday the 16th
	h.at("2026-11-11 10:00")
	c = h.do(c.ID, clerk, full(cases.AskCitizen))
	for _, s := range []cases.Step{cases.StepAnswer, cases.StepCitizen} {
		if k, _ := c.Clock(s); k.Paused.IsZero() || k.Running() {
			t.Errorf("%s runs while it waits", s)
		}
	}
	if k, ok := c.Next(); !ok || k.Step != cases.StepReply {
		t.Errorf("next is %s", k.Step)
	}
	h.at("2026-11-17 10:00") // four working days later, past the old end
	c = h.do(c.ID, citizen, full(cases.Add))
	if got := h.due(c, cases.StepAnswer); before != "2026-11-16 17:00" || got != "2026-11-20 17:00" {
		t.Errorf("due %s after %s", got, before)
	}
	if k, _ := c.Clock(cases.StepCitizen); !k.Started.Equal(c.Filed) || h.due(c, cases.StepCitizen) != h.due(c, cases.StepAnswer) {
		t.Error("what the citizen was promised does not follow")
	}
	h.do(c.ID, clerk, full(cases.AskCitizen))
	h.do(c.ID, citizen, full(cases.Add))
	if _, err := h.try(c.ID, clerk, full(cases.AskCitizen)); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("asked a third time: %v", err)
	}
}

// TestSilenceClosesAndAReplyOpens.
func TestSilenceClosesAndAReplyOpens(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Accept))
	c = h.do(c.ID, clerk, full(cases.AskCitizen))
	h.told()
	h.at("2026-11-18 12:00")
	must(t, h.desk.RunReminders(t.Context(), h.works))
	if e := h.told(); len(e) != 1 || e[0].Reminder != cases.RemindDay || e[0].Step != cases.StepReply {
		t.Errorf("the day before: %+v", e)
	}
	h.at("2026-11-19 18:00")
	must(t, h.desk.RunReminders(t.Context(), h.works))
	e := h.told()
	if len(e) != 1 || e[0].Action != cases.Close || !e[0].Case.Silent || e[0].Case.State != cases.Closed {
		t.Fatalf("after the silence: %+v", e)
	}
	must(t, h.desk.RunReminders(t.Context(), h.works))
	if e := h.told(); len(e) != 0 {
		t.Errorf("told again: %+v", e)
	}
	c = h.do(c.ID, citizen, full(cases.Add))
	if k, ok := c.Clock(cases.StepAnswer); c.State != cases.Accepted || c.Silent || !ok || !k.Running() || k.Due.Before(h.Now()) {
		t.Errorf("the reply leaves it %s, the clock %+v", c.State, k)
	}
}

// TestExtensions: by a head, before the end, with a reason, once.
func TestExtensions(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Accept))
	cmd := full(cases.Extend)
	refused := func(name string, a cases.Actor, cmd cases.Command, want bot.Code) {
		t.Helper()
		if _, err := h.try(c.ID, a, cmd); code(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("by an officer", clerk, cmd, bot.Denied)
	cmd.Reason = ""
	refused("without a reason", head, cmd, bot.Invalid)
	cmd.Reason, cmd.Days = "mưa bão", 11
	refused("too long", head, cmd, bot.Invalid)
	cmd.Days = 0
	refused("of no days", head, cmd, bot.Invalid)
	cmd.Days = 3
	got := h.do(c.ID, head, cmd)
	if h.due(got, cases.StepAnswer) != "2026-11-19 17:00" || got.Extensions != 1 {
		t.Errorf("due %s, extended %d", h.due(got, cases.StepAnswer), got.Extensions)
	}
	refused("a second time", head, cmd, bot.Invalid)

	late := h.open(scene())
	h.do(late.ID, clerk, full(cases.Accept))
	h.at("2026-11-16 17:01")
	if _, err := h.try(late.ID, head, cmd); code(err) != bot.Invalid {
		t.Errorf("after the end: %v", err)
	}
}

// TestAnotherKindRestartsNothing: who corrects kind or field gains no day by it, there
// and back again; a shorter term counts from where the clock began, and the citizen's date stays.
func TestAnotherKindRestartsNothing(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Accept))
	h.at("2026-11-11 09:00")
	for _, tt := range []struct{ kind, field, due string }{
		{"petition", "xay-dung", "2026-11-16 17:00"}, // 20 days would be more: only a head gives them
		{"scene", "giao-thong", "2026-11-12 17:00"},  // three working days, from the beginning on
		{"scene", "xay-dung", "2026-11-12 17:00"},
	} {
		c = h.do(c.ID, clerk, cases.Command{Action: cases.Reclassify, Kind: cases.Kind(tt.kind), Field: tt.field, Reason: "Lý do"})
		answer, _ := c.Clock(cases.StepAnswer)
		own, _ := c.Clock(cases.StepCitizen)
		if h.due(c, cases.StepAnswer) != tt.due || !answer.Started.Equal(c.Filed) || !own.Started.Equal(c.Filed) || answer.Extended+c.Extensions != 0 {
			t.Errorf("%s, %s: began %s, due %s, extended %d", tt.kind, tt.field, answer.Started, h.due(c, cases.StepAnswer), answer.Extended)
		}
		if got := h.due(c, cases.StepCitizen); got != "2026-11-16 17:00" {
			t.Errorf("%s, %s: the citizen was promised the 16th, now %s", tt.kind, tt.field, got)
		}
	}
	h.do(c.ID, clerk, full(cases.Progress))
	if c = h.do(c.ID, clerk, full(cases.Note)); h.due(c, cases.StepCitizen) != "2026-11-16 17:00" {
		t.Errorf("a word moves the promise to %s", h.due(c, cases.StepCitizen))
	}
	cmd := full(cases.Extend)
	cmd.Days = 3
	if c = h.do(c.ID, head, cmd); h.due(c, cases.StepAnswer) != "2026-11-17 17:00" || h.due(c, cases.StepCitizen) != "2026-11-17 17:00" || c.Extensions != 1 {
		t.Errorf("a head gives three days: %s, promised %s", h.due(c, cases.StepAnswer), h.due(c, cases.StepCitizen))
	}
}

// TestAnotherKindAtTheFrontDesk: its five working days run from the receipt on.
func TestAnotherKindAtTheFrontDesk(t *testing.T) {
	h := open(t)
	c := h.open(conduct())
	due, promised := h.due(c, cases.StepForward), h.due(c, cases.StepCitizen)
	for _, at := range []string{"2026-11-12 09:00", "2026-11-19 09:00"} { // in time, and late
		h.at(at)
		for _, kind := range []cases.Kind{cases.Petition, cases.Scene, cases.Conduct} {
			c = h.do(c.ID, front, cases.Command{Action: cases.Reclassify, Kind: kind, Field: "can-bo-cong-chuc", Reason: "Lý do"})
			if k, _ := c.Clock(cases.StepForward); h.due(c, cases.StepForward) != due || h.due(c, cases.StepCitizen) != promised || !k.Started.Equal(c.Filed) {
				t.Errorf("%s, %s: due %s, promised %s", at, kind, h.due(c, cases.StepForward), h.due(c, cases.StepCitizen))
			}
		}
	}
}

// TestLatenessSticks: an answer that was overdue once is a late one, whatever was done to its clock since.
func TestLatenessSticks(t *testing.T) {
	h := open(t)
	for name, detour := range map[string]func(id int64){
		"another field and back": func(id int64) {
			for _, field := range []string{"dat-dai", "xay-dung"} {
				h.do(id, clerk, cases.Command{Action: cases.Reclassify, Field: field, Reason: "Lý do"})
			}
		},
		"sent back and forwarded again": func(id int64) {
			back := full(cases.Return)
			h.do(id, clerk, back)
			h.do(id, front, full(cases.Forward))
			h.do(id, clerk, full(cases.Accept))
		},
	} {
		h.at("2026-11-09 09:00")
		c := h.open(scene())
		h.do(c.ID, clerk, full(cases.Accept))
		h.at("2026-11-17 09:00")
		detour(c.ID)
		h.do(c.ID, clerk, full(cases.Submit))
		h.do(c.ID, head, full(cases.Approve))
		answers, err := h.desk.Answers(t.Context(), c.ID, front)
		must(t, err)
		if len(answers) != 1 || !answers[0].Late {
			t.Errorf("%s: the answer is on time", name)
		}
	}
}

// TestUrgencyShortens and never lengthens.
func TestUrgencyShortens(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	c = h.do(c.ID, front, full(cases.Urgency))
	if h.due(c, cases.StepAnswer) != "2026-11-10 17:00" || h.due(c, cases.StepAccept) != "2026-11-09 14:00" && h.due(c, cases.StepAccept) != "2026-11-09 14:30" {
		t.Errorf("urgent: answer %s, accept %s", h.due(c, cases.StepAnswer), h.due(c, cases.StepAccept))
	}
	off := full(cases.Urgency)
	off.Days = 0
	if c = h.do(c.ID, front, off); h.due(c, cases.StepAnswer) != "2026-11-10 17:00" {
		t.Errorf("no longer urgent: %s", h.due(c, cases.StepAnswer))
	}
}

// TestReminders: half, the day before, the day, after, then higher up, and then
// a word every seven working days; each once, also when the program slept.
func TestReminders(t *testing.T) {
	h := open(t)
	d := conduct()
	c := h.open(d)
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	c = h.do(c.ID, clerk, full(cases.Accept))
	if h.due(c, cases.StepAnswer) != "2026-11-30 17:00" {
		t.Fatalf("due %s", h.due(c, cases.StepAnswer))
	}
	h.told()
	for _, tt := range []struct {
		at   string
		want cases.Reminder
	}{
		{"2026-11-18 09:00", ""}, {"2026-11-20 09:00", cases.RemindHalf}, {"2026-11-20 10:00", ""}, {"2026-11-27 08:00", cases.RemindDay}, {"2026-11-28 08:00", ""},
		{"2026-11-30 08:00", cases.RemindDue}, {"2026-11-30 16:59", ""}, {"2026-11-30 17:05", cases.RemindOverdue}, {"2026-12-01 08:00", ""},
		{"2026-12-02 17:05", cases.RemindEscalate}, {"2026-12-03 17:05", ""}, {"2026-12-14 17:05", cases.RemindProgress}, {"2026-12-15 08:00", ""}, {"2027-01-15 17:05", cases.RemindProgress},
	} {
		h.at(tt.at)
		must(t, h.desk.RunReminders(t.Context(), h.works))
		var got cases.Reminder
		for _, e := range h.told() {
			if got = e.Reminder; e.Step != cases.StepAnswer || e.Case.ID != c.ID || e.Holder.Person != 7 {
				t.Errorf("%s: told %+v", tt.at, e)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, not %q", tt.at, got, tt.want)
		}
	}
	line, err := h.desk.Timeline(t.Context(), c.ID, front)
	must(t, err)
	marks := 0
	for _, e := range line {
		if e.Action == cases.Remind {
			marks++
		}
	}
	if marks != 2 {
		t.Errorf("%d marks in the timeline", marks)
	}
}

// TestAShortTermIsNoStorm: four working hours have few marks, and what was missed is told once.
func TestAShortTermIsNoStorm(t *testing.T) {
	h := open(t)
	d := scene()
	d.Urgent = true
	h.open(d)
	h.told()
	n := 0
	for range 4 * 24 {
		h.move(15 * time.Minute)
		must(t, h.desk.RunReminders(t.Context(), h.works))
		for _, e := range h.told() {
			if e.Step == cases.StepAccept {
				n++
			}
		}
	}
	if n < 2 || n > 3 {
		t.Errorf("%d reminders of four hours", n)
	}
	h.open(d)
	d2 := scene()
	h.open(d2)
	h.told()
	h.move(60 * 24 * time.Hour)
	must(t, h.desk.RunReminders(t.Context(), h.works))
	seen := map[int64]map[cases.Step]int{}
	for _, e := range h.told() {
		if seen[e.Case.ID] == nil {
			seen[e.Case.ID] = map[cases.Step]int{}
		}
		if seen[e.Case.ID][e.Step]++; seen[e.Case.ID][e.Step] > 1 {
			t.Errorf("after a long sleep case %d, %s is told twice", e.Case.ID, e.Step)
		}
	}
}

// TestRecount: a day becomes free, the ends that lie behind it move, and the citizen hears of it.
func TestRecount(t *testing.T) {
	h := open(t)
	moved, same := h.open(scene()), h.open(scene())
	h.do(same.ID, clerk, full(cases.Accept))
	h.do(same.ID, clerk, full(cases.Submit))
	h.do(same.ID, head, full(cases.Approve))
	y, ok := h.cal.Year(2026)
	if !ok {
		t.Fatal("2026 is not entered")
	}
	y.Off = append(y.Off, calendar.Day{Date: "2026-11-16", Name: "bão"})
	other, err := calendar.Load(calendar.Options{Years: []calendar.Year{y}})
	must(t, err)
	n, err := h.desk.RecountPreview(t.Context(), other)
	must(t, err)
	h.told()
	h.cal = other
	must(t, h.desk.RunRecount(t.Context(), h.works))
	e := h.told()
	if len(e) != 1 || n != 1 || e[0].Action != cases.Recount || e[0].Case.ID != moved.ID {
		t.Fatalf("previewed %d, told %+v", n, e)
	}
	if old, now := e[0].OldDue.In(calendar.Zone).Format(layout), e[0].Due.In(calendar.Zone).Format(layout); old != "2026-11-16 17:00" || now != "2026-11-17 17:00" {
		t.Errorf("from %s to %s", old, now)
	}
	line, err := h.desk.Timeline(t.Context(), moved.ID, citizen)
	must(t, err)
	if last := line[len(line)-1]; last.Action != cases.Recount || last.Due.IsZero() {
		t.Errorf("the citizen's timeline ends with %+v", last)
	}
	must(t, h.desk.RunRecount(t.Context(), h.works))
	if e := h.told(); len(e) != 0 {
		t.Errorf("counted again: %+v", e)
	}
}

// TestRatingAndClosing: asked once, reminded once, closed in the end; who rated is left in peace.
func TestRatingAndClosing(t *testing.T) {
	h := open(t)
	answer := func() cases.Case {
		c := h.open(scene())
		h.do(c.ID, clerk, full(cases.Accept))
		h.do(c.ID, clerk, full(cases.Submit))
		return h.do(c.ID, head, full(cases.Approve))
	}
	silent, rated := answer(), answer()
	yes := true
	h.do(rated.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Solved: &yes, Overall: 5}})
	h.told()
	heard := map[int64][]string{}
	for range 40 {
		h.move(12 * time.Hour)
		must(t, h.desk.RunSettle(t.Context(), h.works))
		for _, e := range h.told() {
			heard[e.Case.ID] = append(heard[e.Case.ID], string(e.Action)+string(e.Reminder))
		}
	}
	if got := heard[silent.ID]; len(got) != 3 || got[0] != "remindrate" || got[1] != "remindrate_again" || got[2] != "close" {
		t.Errorf("the silent one: %v", got)
	}
	if got := heard[rated.ID]; len(got) != 1 || got[0] != "close" {
		t.Errorf("who rated: %v", got)
	}
	h.move(400 * 24 * time.Hour)
	must(t, h.desk.RunSettle(t.Context(), h.works))
	h.move(1700 * 24 * time.Hour)
	must(t, h.desk.RunSettle(t.Context(), h.works))
	must(t, h.desk.RunSettle(t.Context(), h.works))
	if _, purged, err := h.desk.Hidden(t.Context()); err != nil || purged != 2 {
		t.Errorf("after six years %d are purged (%v)", purged, err)
	}
}

// TestUndoOfAWithdrawal: within minutes, with the clocks as they were.
func TestUndoOfAWithdrawal(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	before := h.due(c, cases.StepAnswer)
	c = h.do(c.ID, citizen, full(cases.Withdraw))
	if _, ok := c.Next(); ok {
		t.Error("a clock runs in a case that was withdrawn")
	}
	h.move(10 * time.Minute)
	c = h.do(c.ID, citizen, full(cases.Restore))
	if c.State != cases.Forwarded || h.due(c, cases.StepAnswer) != before || !c.Closed.IsZero() {
		t.Errorf("restored: %s, due %s", c.State, h.due(c, cases.StepAnswer))
	}
	h.do(c.ID, citizen, full(cases.Withdraw))
	h.move(31 * time.Minute)
	if _, err := h.try(c.ID, citizen, full(cases.Restore)); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("too late: %v", err)
	}
}

// TestSettings: what an administrator sets counts for the next clock, with its history.
func TestSettings(t *testing.T) {
	h := open(t)
	set := func(a cases.Actor, key, value, reason string) error {
		return h.works.Do(t.Context(), func(ctx context.Context, w *bot.Work) error { return h.desk.SetTerm(ctx, w, a, key, value, reason) })
	}
	owner := officer(20, bot.Grant{Role: bot.RoleOwner})
	for _, bad := range []error{set(clerk, "answer/scene", "3wd", "x"), set(owner, "answer/scene", "3", "x"), set(owner, "answer/scene", "3wd", ""), set(owner, "nothing", "3wd", "x")} {
		if code(bad) == "" {
			t.Errorf("taken: %v", bad)
		}
	}
	must(t, set(owner, "answer/scene", "3wd", "QĐ 12"))
	if got := h.due(h.open(scene()), cases.StepAnswer); got != "2026-11-12 17:00" {
		t.Errorf("due %s", got)
	}
	must(t, set(owner, "answer/scene", "", "QĐ 13"))
	if got := h.due(h.open(scene()), cases.StepAnswer); got != "2026-11-16 17:00" {
		t.Errorf("back to the default: due %s", got)
	}
	history, err := h.desk.TermHistory(t.Context(), "answer/scene")
	must(t, err)
	if len(history) != 2 || history[0].Value != "" || history[1].Reason != "QĐ 12" || history[1].Actor != "staff:20" {
		t.Errorf("history %+v", history)
	}
}
