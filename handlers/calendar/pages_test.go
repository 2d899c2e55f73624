package calendar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
	days "cchcbot/knowledge/calendar"
)

// The whole way of a change: form, preview, save, in force, history, undo.
func TestAYearIsChangedAndBroughtBack(t *testing.T) {
	w := newWorld(t)
	w.affected = 42
	before := w.live.Calendar()
	f := w.swap()
	status, page := w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("preview", 200, status, page, "2 ngày làm việc thay đổi.", "42 việc đang mở sẽ tính lại hạn.", "thứ Hai 23/11/2026", "thứ Bảy 28/11/2026", "Lưu lịch")
	if strings.Count(page, "<td data-label=\"Ngày lễ\">Hoán đổi dịp Ngày Văn hóa</td>") != 2 {
		t.Error("the preview does not say why the days change")
	}
	if !w.live.Calendar().Working(day("2026-11-23")) || len(w.changed) > 0 {
		t.Fatal("a preview changes the calendar")
	}

	f = fields(t, page)
	f.Set("step", "save")
	status, page = w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("saved", 200, status, page, "Đã lưu lịch năm 2026: 2 ngày làm việc thay đổi, 42 việc đang mở sẽ tính lại hạn.", "Hoàn tác", "9999/TB-BNV, 20/11/2026", "Phạm Thị <b>Hoa</b>", "đang dùng")
	if w.live.Calendar().Working(day("2026-11-23")) || !w.live.Calendar().Working(day("2026-11-28")) || !before.Working(day("2026-11-23")) {
		t.Error("the saved year is not in force, or the calendar of before changed")
	}
	if fmt.Sprint(w.changed) != "[1: 2 days]" {
		t.Errorf("open cases were told %v", w.changed)
	}
	if y, _ := w.live.Calendar().Year(2026); y.Decisions[len(y.Decisions)-1] != (days.Decision{Number: "9999/TB-BNV", Date: "2026-11-20"}) || len(y.Sources) == 0 {
		t.Errorf("decisions %v, sources %v", y.Decisions, y.Sources)
	}
	other, err := NewLive(w.db.Read(), slog.New(slog.DiscardHandler)) // another process
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Refresh(t.Context()); err != nil || other.Calendar().Version() != w.live.Calendar().Version() {
		t.Errorf("another process counts by another calendar: %v", err)
	}

	undo := fields(t, page) // the form of the flash
	status, page = w.visit("POST", "/console/calendar/2026/restore", undo)
	w.wants("undone", 200, status, page, "Đã lưu lịch năm 2026: 2 ngày", "Hoàn tác ngay sau khi lưu", "(lấy lại bản 0)")
	if w.live.Calendar().Version() != before.Version() {
		t.Error("after the undo the calendar is another one than before")
	}

	status, page = w.visit("GET", "/console/calendar/2026/restore?revision=1", nil)
	w.wants("asks", 200, status, page, "Bản 1, Phạm Thị <b>Hoa</b> lưu lúc 09:00 23/11/2026", "2 ngày làm việc thay đổi.", "Vì sao lấy lại?")
	f = fields(t, page)
	status, page = w.visit("POST", "/console/calendar/2026/restore", f)
	w.wants("no reason", 422, status, page, "Ghi vì sao lấy lại bản cũ.")
	f.Set("reason", "Văn bản có hiệu lực lại <script>alert(1)</script>")
	status, page = w.visit("POST", "/console/calendar/2026/restore", f)
	w.wants("restored", 200, status, page, "Văn bản có hiệu lực lại", "(lấy lại bản 1)")
	if w.live.Calendar().Working(day("2026-11-23")) {
		t.Error("the revision brought back is not in force")
	}
	audit, err := w.store.ListAudit(t.Context(), store.AuditFilter{Thing: "calendar:2026"})
	if err != nil || len(audit) != 3 || audit[2].Action != "calendar.saved" || audit[0].Action != "calendar.restored" || audit[0].Actor != w.signed.Officer.Actor() {
		t.Errorf("the audit trail has %+v, %v", audit, err)
	}
}

// A year that nobody entered: estimated, filled in, entered, and no longer missing.
func TestANewYear(t *testing.T) {
	w := newWorld(t)
	status, page := w.visit("GET", "/console/calendar", nil)
	w.wants("list", 200, status, page, "2028", "Chưa nhập", "Cần nhập.", "Mới có một phần")
	status, page = w.visit("GET", "/console/calendar/2028", nil)
	w.wants("estimate", 200, status, page, "Chưa nhập", "thứ Tư 26/01/2028", "dự kiến", "Chưa ai sửa năm này")
	status, page = w.visit("GET", "/console/calendar/2028/edit", nil)
	w.wants("empty form", 200, status, page, "Điền sẵn các ngày theo luật")
	_, page = w.visit("GET", "/console/calendar/2028/edit?fill=1", nil)
	f := fields(t, page)
	if !strings.Contains(f.Get("off"), "26/01/2028 Tết Nguyên đán") || f.Get("status") != "" {
		t.Fatalf("filled in: %v", f)
	}
	f.Set("number", "1/TB-BNV")
	f.Set("dated", "2026-11-20")
	f.Set("step", "preview")
	status, page = w.visit("POST", "/console/calendar/2028/edit", f)
	w.wants("no status", 422, status, page, "Chưa lưu.", "Chọn \"đã đủ\" hoặc \"chưa đủ\".")
	f = fields(t, page)
	f.Set("status", "decided")
	all := f.Get("off")
	f.Set("off", strings.Replace(all, "01/05/2028", "# 01/05/2028", 1))
	f.Set("step", "preview")
	status, page = w.visit("POST", "/console/calendar/2028/edit", f)
	w.wants("a day of the law is missing", 200, status, page, "1 ngày làm việc thay đổi.", "Theo luật còn những ngày này", "thứ Hai 01/05/2028")
	f = fields(t, page)
	f.Set("off", all)
	f.Set("step", "save")
	status, page = w.visit("POST", "/console/calendar/2028/edit", f)
	w.wants("what is saved is shown first", 200, status, page, "Không ngày làm việc nào thay đổi.", "Lưu lịch")
	f = fields(t, page)
	f.Set("step", "save")
	status, page = w.visit("POST", "/console/calendar/2028/edit", f)
	w.wants("saved", 200, status, page, "Đã lưu lịch năm 2028: 0 ngày", "Đã có quyết định")
	if d, err := w.live.Calendar().Add(day("2028-01-20").Add(9*time.Hour), 10); err != nil || d.Provisional {
		t.Errorf("a term in the entered year: %+v, %v", d, err)
	}
	if len(w.changed) != 1 {
		t.Errorf("a year that is now sure makes no difference to open cases: %v", w.changed)
	}
}

// What is wrong is told beside the field, what was typed stays, and nothing changes.
func TestBadInputChangesNothing(t *testing.T) {
	w := newWorld(t)
	version := w.live.Calendar().Version()
	for name, c := range map[string]struct {
		field, value, want string
	}{
		"no decision":        {"number", "", "Ghi số của văn bản."},
		"no date":            {"dated", " ", "Ghi ngày của văn bản."},
		"weekend as weekday": {"off", "14/02 Tết", "Dòng 1: 14/02/2026 là thứ Bảy hoặc Chủ nhật."},
		"weekday as weekend": {"weekend", "16/02 Tết", "Dòng 1: 16/02/2026 là ngày thường."},
		"overlapping lists":  {"made_up", "16/02 nghỉ bù", "Dòng 1: ngày 16/02/2026 đã ghi ở dòng hoặc ô khác."},
		"markup":             {"off", "<script>alert(1)</script>", "Dòng 1: đầu dòng \"<script>alert(1)</script>\" cần một ngày"},
		"very long":          {"off", strings.Repeat("16/02 x\n", 5000), "Quá nhiều dòng"},
		"swap of weekdays":   {"swapped", "23/11 làm bù 25/11 Hoán đổi", "Dòng 1: 25/11/2026 là ngày thường."},
	} {
		f := w.swap()
		f.Set(c.field, c.value)
		f.Set("step", "save")
		status, page := w.visit("POST", "/console/calendar/2026/edit", f)
		w.wants(name, 422, status, page, "Chưa lưu.", c.want)
		if len(c.value) < 100 && strings.TrimSpace(c.value) != "" {
			if got := fields(t, page).Get(c.field); got != c.value {
				t.Errorf("%s: %q was typed, %q is in the field", name, c.value, got)
			}
		}
	}
	f := w.swap()
	f.Set("step", "save")
	status, page := w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("saved without having seen it", 200, status, page, "Thay đổi nếu lưu", "2 ngày làm việc thay đổi.")
	f = w.swap()
	f.Set("swapped", strings.ReplaceAll(f.Get("swapped"), "\n23/11 làm bù 28/11 Hoán đổi dịp Ngày Văn hóa", ""))
	f.Set("number", "28/2026/QH16") // a paper that the year names already
	status, page = w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("nothing new", 200, status, page, "Không có gì khác bản đang dùng")
	if w.live.Calendar().Version() != version || len(w.changed) > 0 {
		t.Error("something was changed")
	}
	if n, err := newest(t.Context(), w.db.Read()); err != nil || n != 0 {
		t.Errorf("%d revisions were saved, %v", n, err)
	}
}

// Two administrators at once: the second is told, keeps what he typed and sees
// it against what the first saved.
func TestTwoAtOnce(t *testing.T) {
	w := newWorld(t)
	second := w.swap()
	second.Set("reason", "của người thứ hai")
	_, page := w.visit("POST", "/console/calendar/2026/edit", second)
	second = fields(t, page)
	second.Set("step", "save")

	first := w.swap()
	_, page = w.visit("POST", "/console/calendar/2026/edit", first)
	first = fields(t, page)
	first.Set("step", "save")
	if status, _ := w.visit("POST", "/console/calendar/2026/edit", first); status != 200 {
		t.Fatal("the first is not saved")
	}
	status, page := w.visit("POST", "/console/calendar/2026/edit", second)
	w.wants("the second", 409, status, page, "Người khác vừa sửa năm này.", "Không có gì khác bản đang dùng", "của người thứ hai")

	stale := url.Values{"revision": {"0"}, "base": {"0"}, "undo": {"1"}}
	status, page = w.visit("POST", "/console/calendar/2026/restore", stale)
	w.wants("an undo of before", 409, status, page, "Lịch vừa được người khác sửa.")

	// Between preparing and saving: the table itself refuses.
	s := &service{opt: Options{Live: w.live, Read: w.db.Read(), Do: w.works.Do, Audit: w.store.Audit, Now: func() time.Time { return w.now }}}
	c, err := s.restoring(t.Context(), 2026, 0, 1, "x")
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := s.prepare(t.Context(), c)
	two, err2 := s.prepare(t.Context(), c)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.save(t.Context(), one, "staff:1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.save(t.Context(), two, "staff:2"); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("the second save: %v", err)
	}
}

// When open cases cannot be counted again, the year is not saved either.
func TestAChangeIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	w.failing = errors.New("the disk is full")
	_, page := w.visit("POST", "/console/calendar/2026/edit", w.swap())
	f := fields(t, page)
	f.Set("step", "save")
	status, page := w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("failed", 500, status, page, "Máy chủ gặp lỗi")
	if n, err := newest(t.Context(), w.db.Read()); err != nil || n != 0 || !w.live.Calendar().Working(day("2026-11-23")) {
		t.Errorf("half of the change stands: revision %d, %v", n, err)
	}
}

func TestWhenIsItDue(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string][]string{
		"from=2026-02-13&at=09:00&days=2": {"Hạn: 17:00 thứ Ba 24/02/2026", "Bỏ qua 4 ngày cuối tuần.", "thứ Hai 16/02/2026: Tết Nguyên đán (ngày lễ)"},
		"from=21/08/2026&days=1":          {"Hạn: 17:00 thứ Bảy 22/08/2026", "(làm bù)"},
		"from=2026-12-29&days=5":          {"dự kiến", "hạn còn có thể đổi"},
		"from=2026-11-20&at=18:00&days=1": {"Hạn: 17:00 thứ Tư 25/11/2026"},
	} {
		status, page := w.visit("GET", "/console/calendar?"+query, nil)
		w.wants(query, 200, status, page, want...)
	}
	for query, want := range map[string]string{
		"from=&days=3":                    "Chọn một ngày từ năm 2000 đến 2100.",
		"from=2026-02-30&days=3":          "Chọn một ngày từ năm 2000 đến 2100.",
		"from=2026-02-13&days=0":          "Nhập số ngày từ 1 đến 1000.",
		"from=2026-02-13&days=99999":      "Nhập số ngày từ 1 đến 1000.",
		"from=2026-02-13&days=3&at=25:00": "Giờ viết như 09:30.",
	} {
		status, page := w.visit("GET", "/console/calendar?"+query, nil)
		w.wants(query, 422, status, page, want)
	}
}

// Every page in both languages, and what is none.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for _, lang := range []string{"vi", "en"} {
		w.signed.Lang = lang
		for year := 2000; year <= 2100; year += 4 {
			if status, page := w.visit("GET", "/console/calendar/"+strconv.Itoa(year), nil); status != 200 || strings.Count(page, `class="month"`) != 12 {
				t.Errorf("%d in %s: status %d", year, lang, status)
			}
		}
		for _, path := range []string{"", "/2026", "/2027/edit", "/2027/edit?fill=1", "/2026/restore?revision=0", "/style.css"} {
			if status, _ := w.visit("GET", "/console/calendar"+path, nil); status != 200 {
				t.Errorf("%s in %s: status %d", path, lang, status)
			}
		}
	}
	w.signed.Lang = "vi"
	for path, says := range map[string]string{
		"/2026":      "Tháng 9/2026 có đề nghị hoán đổi ngày làm việc 23/11 sang 28/11",
		"/2027":      "ngày nghỉ thứ hai dịp Quốc khánh chưa có văn bản quyết định",
		"/2027/edit": "ngày nghỉ thứ hai dịp Quốc khánh chưa có văn bản quyết định",
	} {
		status, page := w.visit("GET", "/console/calendar"+path, nil)
		w.wants("what is not settled, on "+path, 200, status, page, says)
		if english := regexp.MustCompile(`\b(the|was|were|not)\b`).FindString(main(page)); english != "" {
			t.Errorf("%s says %q to a Vietnamese officer", path, english)
		}
	}
	for _, path := range []string{"/1999", "/2101", "/abcd", "/02026", "/2026/restore", "/2026/restore?revision=7", "/2026/restore?revision=-1", "/1999/edit"} {
		if status, _ := w.visit("GET", "/console/calendar"+path, nil); status != 404 {
			t.Errorf("%s: status %d", path, status)
		}
	}
	w.signed.Officer.Grants = []bot.Grant{{Role: bot.RoleOfficer}, {Role: bot.RoleHead}, {Role: bot.RoleEditor}, {Role: bot.RolePress}}
	for _, p := range w.feature.Pages {
		method, path, _ := strings.Cut(p.Pattern, " ")
		if status, _ := w.visit(method, strings.Replace(path, "{year}", "2026", 1), nil); status != 403 {
			t.Errorf("%s with other roles: status %d", p.Pattern, status)
		}
	}
}

// The cells of a month: where a day stands, and that no colour speaks alone.
func TestAMonthOnThePage(t *testing.T) {
	w := newWorld(t)
	_, page := w.visit("GET", "/console/calendar/2026", nil)
	for _, want := range []string{
		`<td class="swap_off" title="Hoán đổi dịp Quốc khánh">31<span class="sign">HĐ</span></td>`,
		`<td class="swap_work" title="Hoán đổi dịp Quốc khánh">22<span class="sign">LB</span></td>`,
		`<td class="made_up" title="Nghỉ bù Giỗ Tổ Hùng Vương">27<span class="sign">NB</span></td>`,
		`<td class="on_weekend" title="Giỗ Tổ Hùng Vương">26<span class="sign">L</span></td>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
	// 1 November 2026 is a Sunday: the first row has one day, in the last column.
	months := monthsOf(w.live.Calendar(), 2026)
	if week := months[10].Weeks[0]; week[6].Day != 1 || week[5].Day != 0 || months[10].Working != 20 || len(months[10].Weeks) != 6 {
		t.Errorf("November: %+v", months[10])
	}
	_, page = w.visit("GET", "/console/calendar/2027", nil)
	if !strings.Contains(page, `<td class="holiday estimated" title="Tết Nguyên đán">4<span class="sign">L</span><span class="sign">?</span></td>`) {
		t.Error("an estimated day does not say so")
	}
}

// A missing year is alerted to three months ahead, weekly, then daily.
func TestMissingYearsAreAlerted(t *testing.T) {
	w := newWorld(t)
	run := func(at string) int {
		w.now, w.alerts = day(at).Add(9*time.Hour), nil
		for _, j := range w.feature.Jobs {
			if j.Name == "calendar.missing" {
				if err := j.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		return len(w.alerts)
	}
	for _, c := range []struct {
		at   string
		want int
	}{{"2026-09-30", 0}, {"2026-10-01", 1}, {"2026-10-02", 0}, {"2026-10-08", 1}, {"2026-12-05", 1}, {"2026-12-06", 1}, {"2026-12-07", 1}} {
		if got := run(c.at); got != c.want {
			t.Errorf("on %s: %d alerts, want %d", c.at, got, c.want)
		}
		if len(w.alerts) > 0 && !strings.Contains(w.alerts[0], "/console/calendar/2027") {
			t.Errorf("the alert does not say where: %q", w.alerts[0])
		}
	}
	figures, err := w.feature.Figures(t.Context(), bot.Period{}, bot.Scope{})
	if none, err := w.feature.Figures(t.Context(), bot.Period{}, bot.Scope{Agency: "xa25.ubnd@10532"}); err != nil || len(none) != 0 {
		t.Errorf("an agency reads of years it cannot enter: %+v, %v", none, err)
	}
	if err != nil || len(figures) != 1 || figures[0].Value != 1 || figures[0].Link != "/console/calendar" {
		t.Errorf("figures: %+v, %v", figures, err)
	}
}

// A year that this version cannot read is not counted by, not fatal, and told.
func TestARevisionThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	base := w.live.Calendar().Version()
	err := w.works.Do(t.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into calendar_years (revision, year, body, number, dated, reason, restored, actor, at)
			values (1, 2026, '{"year":2026,"status":"sure"}', '1', '2026-01-01', '', -1, 'staff:1', 0)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.live.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	rev, broken := w.live.Revision()
	if rev != 1 || fmt.Sprint(broken) != "[2026]" || w.live.Calendar().Version() != base {
		t.Errorf("revision %d, broken %v", rev, broken)
	}
	status, page := w.visit("GET", "/console/calendar/2026", nil)
	w.wants("the year", 200, status, page, "Bản đã nhập của năm này không đọc được.")
	f := w.swap()
	status, page = w.visit("POST", "/console/calendar/2026/edit", f)
	w.wants("it is entered again", 200, status, page, "2 ngày làm việc thay đổi.")
}
