package cases_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
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
	want := fmt.Sprint([]cases.Performance{{Agency: commune, Answered: 4, OnTime: 4, Returned: 1, Reopened: 1, Rated: 3, Content: 1, Poor: 2}})
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

// Each answer is counted with what the citizen said about it: a case that was opened again
// keeps the first opinion when the second is given.
func TestPerformanceCountsTheRatingOfEachRound(t *testing.T) {
	h := open(t)
	no := false
	const higher = "hp-so-xay-dung"
	above, chief := officer(6, grant(bot.RoleOfficer, higher)), officer(9, grant(bot.RoleHead, higher))
	c := h.open(scene())
	answer := func(by, approver cases.Actor) {
		t.Helper()
		h.do(c.ID, by, cases.Command{Action: cases.Accept})
		h.do(c.ID, by, cases.Command{Action: cases.Submit, Text: "Đã xử lý", Reason: "không cần ảnh", Check: cases.Checklist{EveryPoint: true, NextStep: true}})
		h.do(c.ID, approver, cases.Command{Action: cases.Approve})
	}
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, calendar.Zone)
	figures := func(agency string) cases.Performance {
		t.Helper()
		list, err := h.desk.Performance(t.Context(), day, day.AddDate(0, 0, 1), []string{agency})
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("bodies: %v", list)
		}
		return list[0]
	}
	answer(clerk, head)
	h.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1, Solved: &no, Reasons: []string{"vague"}}})
	h.do(c.ID, citizen, cases.Command{Action: cases.Reopen})
	answer(above, chief) // the body above answers now
	first := cases.Performance{Agency: commune, Answered: 1, OnTime: 1, Reopened: 1, Rated: 1, Poor: 1}
	if got := figures(commune); got != first {
		t.Errorf("opened again: %+v, want %+v", got, first)
	}
	h.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 5}})
	if got := figures(commune); got != first {
		t.Errorf("the first body, answered again: %+v, want %+v", got, first)
	}
	if got, want := figures(higher), (cases.Performance{Agency: higher, Answered: 1, OnTime: 1, Rated: 1, Content: 1}); got != want {
		t.Errorf("the body above: %+v, want %+v", got, want)
	}
	answers, err := h.desk.Answers(t.Context(), c.ID, above)
	must(t, err)
	if len(answers) != 2 || answers[0].Rating.Overall != 1 || answers[0].Rating.Reasons[0] != "vague" || answers[1].Rating.Overall != 5 {
		t.Errorf("answers: %+v", answers)
	}
	// He gets both opinions when he asks what is kept of him.
	var records []bot.Record
	must(t, h.works.Do(t.Context(), func(ctx context.Context, w *bot.Work) (err error) {
		tx, err := w.Tx(ctx)
		if err == nil {
			records, err = h.desk.ExportPerson(ctx, tx, citizen.Person)
		}
		return err
	}))
	if len(records) != 1 || records[0].Data["rating"].(cases.Rating).Overall != 5 || records[0].Data["rating_0"].(cases.Rating).Overall != 1 {
		t.Errorf("records: %+v", records)
	}
	// When the case goes, all of it goes.
	h.do(c.ID, chief, cases.Command{Action: cases.Seal, Reason: "tố cáo"})
	h.do(c.ID, liaison, full(cases.HandOver))
	h.do(c.ID, liaison, full(cases.Purge))
	var left int
	must(t, h.db.Read().QueryRowContext(t.Context(), `select count(*) from complaints_ratings`).Scan(&left))
	if left != 0 {
		t.Errorf("%d ratings of a purged case are left", left)
	}
}

// A database from before keeps the last rating of a case, and counts on from there.
func TestRatingsOfAnOlderDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	must(t, err)
	older := fstest.MapFS{}
	for _, name := range []string{"0001_init.sql", "0002_place.sql"} {
		data, err := fs.ReadFile(cases.Schema(), name)
		must(t, err)
		older[name] = &fstest.MapFile{Data: data}
	}
	must(t, db.Migrate(t.Context(), "complaints", older))
	write := func(query string, args ...any) {
		t.Helper()
		must(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(t.Context(), query, args...)
			return err
		}))
	}
	day := time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)
	write(`insert into complaints_cases (id, code, version, origin, kind, field, subject, place, day, state, lead, desk, public, urgent, sensitive,
		round, filed, updated, on_behalf, filed_by, photos, rating, ranked, holder_key, phone_key, named_key, text_key)
		values (1, 'K7M3-9QX2', 9, 'o', 'scene', 'xay-dung', '', 'w10532', '', 'answered', $1, '', 1, 0, 0, 1, 1, 1, 0, 0, 0, '{"overall":4}', 1, '', '', '', '')`, commune)
	for round := range 2 {
		write(`insert into complaints_answers (case_id, round, agency, drafted, approved, one_person, sent, late, body)
			values (1, $1, $2, 'staff:1', 'staff:2', 0, $3, 0, x'00')`, round, commune, day.UnixMilli())
	}
	must(t, db.Close())

	h := openAt(t, path)
	list, err := h.desk.Performance(t.Context(), day, day.Add(time.Hour), nil)
	must(t, err)
	want := cases.Performance{Agency: commune, Answered: 2, OnTime: 2, Reopened: 1, Rated: 1, Content: 1}
	if len(list) != 1 || list[0] != want {
		t.Errorf("%+v, want %+v", list, want)
	}
}

// The figures of a month do not read the answers of all years.
func TestPerformanceReadsItsPeriodOnly(t *testing.T) {
	h := open(t)
	for query, index := range map[string]string{
		`select count(*) from complaints_answers a join complaints_cases c on c.id = a.case_id left join complaints_ratings x on x.case_id = a.case_id and x.round = a.round where a.sent >= 1 and a.sent < 2`: "complaints_answers_sent",
		`select count(*) from complaints_entries e join complaints_cases c on c.id = e.case_id where e.at >= 1 and e.at < 2 and e.action = 'return'`:                                                           "complaints_entries_returned",
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
