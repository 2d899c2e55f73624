package cases_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// Figures by body: what was answered in a period, in time or late, sent back,
// opened again, rated; what is sealed counts nowhere.
func TestPerformance(t *testing.T) {
	h := open(t)
	answered := func() cases.Case {
		c := h.open(scene())
		h.do(c.ID, clerk, cases.Command{Action: cases.Accept})
		h.do(c.ID, clerk, cases.Command{Action: cases.Submit, Text: "Đã xử lý", Reason: "không cần ảnh", Check: cases.Checklist{EveryPoint: true, NextStep: true}})
		h.do(c.ID, head, cases.Command{Action: cases.Approve})
		return c
	}
	answered()
	content, poor, sealed := answered(), answered(), answered()
	no := false
	h.do(content.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 5}})
	h.do(poor.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1, Solved: &no}})
	again := answered()
	h.do(again.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 2}})
	h.do(again.ID, citizen, cases.Command{Action: cases.Reopen})
	h.do(sealed.ID, clerk, cases.Command{Action: cases.Seal, Reason: "tố cáo"})
	back := h.open(scene())
	h.do(back.ID, clerk, cases.Command{Action: cases.Return, Reason: "not_ours"})

	day := time.Date(2026, 11, 9, 0, 0, 0, 0, calendar.Zone)
	of := func(since, until time.Time, bodies ...string) string {
		t.Helper()
		list, err := h.desk.Performance(t.Context(), since, until, bodies)
		must(t, err)
		return fmt.Sprint(list)
	}
	want := fmt.Sprint([]cases.Performance{{Agency: commune, Answered: 4, OnTime: 4, Returned: 1, Reopened: 1, Rated: 2, Content: 1, Poor: 1}})
	if got := of(day, day.AddDate(0, 0, 1)); got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	if got := of(day, day.AddDate(0, 0, 1), commune); got != want {
		t.Errorf("the body: %s", got)
	}
	for name, got := range map[string]string{
		"the day before": of(day.AddDate(0, 0, -1), day), "the day after": of(day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)), "another body": of(day, day.AddDate(0, 0, 1), ubnd2),
	} {
		if got != "[]" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, err := h.desk.Performance(t.Context(), day, day, make([]string, 51)); err == nil {
		t.Error("a list without end was taken")
	}
	late := h.open(scene())
	h.do(late.ID, clerk, cases.Command{Action: cases.Accept})
	h.move(40 * 24 * time.Hour)
	h.do(late.ID, clerk, cases.Command{Action: cases.Submit, Text: "Xin lỗi", Reason: "không cần ảnh", Check: cases.Checklist{EveryPoint: true, NextStep: true}})
	h.do(late.ID, head, cases.Command{Action: cases.Approve})
	if got := of(day.AddDate(0, 0, 30), day.AddDate(0, 0, 60)); !strings.Contains(got, "{"+commune+" 1 0 1 ") {
		t.Errorf("late: %s", got)
	}
}

// The figures of a month do not read the answers of all years.
func TestPerformanceReadsItsPeriodOnly(t *testing.T) {
	h := open(t)
	for query, index := range map[string]string{
		`select count(*) from complaints_answers a join complaints_cases c on c.id = a.case_id where a.sent >= 1 and a.sent < 2`:                     "complaints_answers_sent",
		`select count(*) from complaints_entries e join complaints_cases c on c.id = e.case_id where e.at >= 1 and e.at < 2 and e.action = 'return'`: "complaints_entries_returned",
	} {
		rows, err := h.db.Read().QueryContext(t.Context(), "explain query plan "+query)
		must(t, err)
		plan := ""
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			plan += detail + "; "
		}
		must(t, rows.Err())
		must(t, rows.Close())
		if strings.Contains(plan, "SCAN") || !strings.Contains(plan, index) {
			t.Errorf("%s: %s", query, plan)
		}
	}
}
