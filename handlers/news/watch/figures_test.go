package watch_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// read reads a workbook that a page answered with.
func (w *world) read(a answer) map[string][]sheet.Row {
	w.t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != sheet.MIME {
		w.t.Fatalf("%s: %d %s", a.path, a.status, a.header.Get("Content-Type"))
	}
	tables, err := sheet.Read(w.t.Context(), strings.NewReader(a.body), sheet.Limits{File: 1 << 20, Unpacked: 8 << 20, Sheets: 10, Rows: 500, Cells: 30, Bytes: 2000})
	must(w.t, err)
	out := map[string][]sheet.Row{}
	for _, t := range tables {
		out[t.Name] = t.Rows
	}
	return out
}

// row is the cells of the row that begins with a text.
func row(t *testing.T, rows []sheet.Row, first string) string {
	t.Helper()
	for _, r := range rows {
		if strings.HasPrefix(r.Cells[0], first) {
			return strings.Join(r.Cells[1:], "|")
		}
	}
	t.Errorf("no row begins with %q in %v", first, rows)
	return ""
}

// TestFiguresOfALittleWorld: the page and the file say what was counted by hand.
func TestFiguresOfALittleWorld(t *testing.T) {
	w := newWorld(t)
	w.wants("nothing yet", w.get("/console/news/figures"), 200, "Không có tin nào", "Tháng này")
	for range 20 {
		w.subscriber("telegram")
	}
	w.subscriber("zalo")
	dir, _ := knowledge()
	place := dir.Places(directory.Commune2025)[0]

	c := content(`=HYPERLINK("http://evil.example") <script>alert(1)</script>`)
	c.SourceKind, c.SourceName, c.Places = items.SourceStation, "Đài PT-TH Hải Dương", []string{place.ID}
	it := w.begun(c)
	w.run()
	w.sends("telegram", 18)
	for _, x := range w.claim("telegram", 2) {
		must(t, w.store.Bury(t.Context(), x.Row, "delivery.reason_rejected"))
	}
	must(t, w.store.Hold(t.Context(), w.claim("zalo", 1)[0].Row, "delivery.reason_later"))
	must(t, w.in(func(ctx context.Context, work *bot.Work, _ bot.Tx) error {
		for range 7 {
			if _, err := w.desk.Open(ctx, work, it.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	w.run()
	w.later()
	w.begun(content("Tin thứ hai")) // nobody was found yet

	page := w.by(clerk).get("/console/news/figures?from=2026-11-01&until=10/11/2026")
	w.wants("the page", page, 200, "Tin đăng từ 01/11/2026 đến 10/11/2026", "18 / 21 (86%)", "2 / 21 (10%)", "0 + 1", "Đài PT-TH Hải Dương", place.Name, "Mọi nơi", "11/2026", "Telegram",
		"Tin thứ hai Đang gửi", "7Lượt mở tin", "18Đã tới (86% / 21)")
	w.lacks("the page", page, "Không có tin nào")
	w.wants("other days", w.get("/console/news/figures?from=2026-10-01&until=2026-10-31"), 200, "Không có tin nào")
	w.wants("no day", w.get("/console/news/figures?from=h%C3%B4m+qua"), 422, "Ngày chưa đúng", "hôm qua")
	w.wants("the wrong way round", w.get("/console/news/figures?from=2026-11-10&until=2026-11-01"), 422, "Khoảng ngày chưa đúng")

	book := w.read(w.get("/console/news/figures.xlsx?from=2026-11-01&until=2026-11-30"))
	if got, want := len(book), 6; got != want {
		t.Errorf("%d sheets, want %d", got, want)
	}
	// name | items, people, delivered, %, failed, %, waiting, held, dropped, openings, left, %
	for _, x := range []struct{ sheet, row, want string }{
		{"Theo chủ đề", "Tất cả", "2|21|18|86|2|10|0|1|0|7|0|0"},
		{"Theo nơi", place.Name, "1|21|18|86|2|10|0|1|0|7|0|0"},
		{"Theo nơi", "Mọi nơi", "1|0|0||0||0|0|0|0|0"},
		// A head that begins with "%" would be shielded like a formula, and show an apostrophe.
		{"Theo nguồn tin", "Nguồn", "Số tin|Người nhận|Đã tới|Phần trăm người nhận|Không tới|Phần trăm người nhận|Đang chờ gửi|Chờ người nhận nhắn|Thôi không gửi|Lượt mở tin|Thôi nhận tin sau đó|Phần trăm đã tới"},
		{"Theo nguồn tin", "Đài PT-TH", "1|21|18|86|2|10|0|1|0|7|0|0"},
		{"Theo kênh", "Telegram", "1|20|18|90|2|10|0|0|0"},
		{"Theo kênh", "Zalo", "1|1|0||0||0|1|0"},
		{"Theo tháng", "11/2026", "2|21|18|86|2|10|0|1|0|7|0|0"},
		{"Từng tin", "'=HYPERLINK", "1|21|18|86|2|10|0|1|0|7|0|0"},
	} {
		if got := row(t, book[x.sheet], x.row); strings.TrimRight(got, "|") != x.want {
			t.Errorf("%s, %s: %s, want %s", x.sheet, x.row, got, x.want)
		}
	}
	for name, rows := range book {
		if slices.ContainsFunc(rows, func(r sheet.Row) bool { return strings.HasPrefix(r.Cells[0], "=") }) {
			t.Errorf("sheet %s has a cell that computes", name)
		}
	}
	w.wants("the file of no days", w.get("/console/news/figures.xlsx?from=x"), 422, "Ngày chưa đúng")
	w.by(nobody).wants("an operator", w.get("/console/news/figures"), 403)
	w.wants("an operator's file", w.get("/console/news/figures.xlsx"), 403)
	w.by(editor).lang = "en"
	w.wants("in English", w.get("/console/news/figures?from=2026-11-01&until=2026-11-30"), 200, "By topic", "86%", w.now.In(calendar.Zone).Format("02/01/2006"))
}
