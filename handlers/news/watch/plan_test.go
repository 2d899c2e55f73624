package watch_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/watch"
)

const plan = "/console/campaigns"

// add makes a campaign by the form, and returns its path.
func (w *world) add(title string, pairs ...string) string {
	w.t.Helper()
	form := []string{"title", title, "starts", "2026-11-01", "ends", "2026-11-20", "body", "Sở TT&TT", "media", "station", "media", "bot"}
	a := w.post(plan+"/new", append(form, pairs...)...)
	w.wants("add", a, 200, "Đã lưu: "+title)
	return a.path
}

// hidden is the version that the forms of a page carry.
func hidden(t *testing.T, a answer) string {
	t.Helper()
	m := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("%s has no version", a.path)
	}
	return m[1]
}

func TestThePlanOfAYear(t *testing.T) {
	w := newWorld(t)
	w.wants("nothing yet", w.get(plan), 200, "Kế hoạch truyền thông 2026", "nhập cả kế hoạch từ tệp Excel")
	w.by(clerk).wants("nothing yet, for a clerk", w.get(plan), 200, "Sở phụ trách truyền thông nhập xong")
	w.by(editor)
	it := w.draft(content("Tin <b>Hoa</b> của việc"))
	p := w.add(`Nộp hồ sơ <script>alert(1)</script>`, "items", fmt.Sprint(it.ID), "message", "Không phải đi lại", "audience", "người dân")
	w.add("Loa xã", "ends", "2026-11-09") // the first value stands: it is not late
	w.post(plan+"/new", "title", "Trễ", "starts", "2026-10-01", "ends", "2026-11-09", "body", "Báo Hải Dương", "media", "newspaper")
	page := w.get(plan)
	w.wants("the list", page, 200, "Tất cả 3", "Chưa xong 3", "Quá hạn 1", "Có 1 việc đã quá ngày kết thúc", "Đang làm", "Không phải đi lại", "Cho: người dân", "Tin <b>Hoa</b> của việc", "01/11/2026 – 20/11/2026", "Báo Hải Dương")
	w.wants("overdue", w.get(plan+"?state=overdue"), 200, "Trễ")
	w.lacks("overdue", w.get(plan+"?state=overdue"), "Loa xã</b>")
	w.wants("words without tones", w.get(plan+"?words=khong+phai+di+lai"), 200, "Nộp hồ sơ")
	w.lacks("words without tones", w.get(plan+"?words=khong+phai+di+lai"), "Loa xã</b>")
	w.wants("another year", w.get(plan+"?year=2025"), 200, "Kế hoạch truyền thông 2025", "Chưa có việc nào")
	month := w.get(plan + "?view=month&month=2026-10")
	w.wants("a month", month, 200, "Kế hoạch truyền thông 10/2026", `class="failed" x="0" y="0" width="31"`, "Trễ")
	w.lacks("a month", month, "Loa xã", `class="today"`)
	w.wants("this month", w.get(plan+"?view=month"), 200, `class="plan" x="0" y="0" width="20"`, `class="today" x="10"`, "month=2026-12", "month=2026-10")
	for _, odd := range []string{"?year=x&view=z&month=13&state=q&medium=pigeon", "?year=99999", "?month=2026-99&view=month"} {
		w.wants(odd, w.get(plan+odd), 200, "Kế hoạch truyền thông")
	}

	w.by(clerk).wants("a clerk reads", w.get(p), 200, "Không phải đi lại", "Tin số 1 (chưa đăng)", "Thêm việc")
	w.lacks("a clerk reads", w.get(p), "Bỏ việc này</button>", "Tin <b>Hoa</b>")
	for _, x := range []string{"/new", "/import", strings.TrimPrefix(p, plan) + "/edit"} {
		w.wants("a clerk at "+x, w.get(plan+x), 403)
	}
	for _, x := range []string{"/done", "/drop", "/restore", "/edit"} {
		w.wants("a clerk posts "+x, w.post(p+x, "version", "1", "done", "2026-11-10", "drop", "1", "restore", "1"), 403)
	}
	w.by(nobody).wants("an operator", w.get(plan), 403)
	w.by(editor).wants("no such campaign", w.get(plan+"/99"), 404)
	w.wants("no such campaign to change", w.get(plan+"/99/edit"), 404)
	w.wants("no number", w.get(plan+"/x"), 404)
	figures, err := w.feature.Figures(t.Context(), bot.Period{}, bot.Scope{})
	must(t, err)
	if len(figures) != 1 || figures[0].Value != 1 || figures[0].Link != plan+"?state=overdue" {
		t.Errorf("on the first page: %+v", figures)
	}
}

func TestACampaignIsChangedWithHistory(t *testing.T) {
	w := newWorld(t)
	for name, x := range map[string][]string{
		"Ghi tên việc":        {"title", "", "starts", "2026-11-01", "ends", "2026-11-20", "body", "Sở", "media", "bot"},
		"Ngày chưa đúng":      {"title", "Việc", "starts", "hôm nay", "ends", "2026-11-20", "body", "Sở", "media", "bot"},
		"Ngày kết thúc không": {"title", "Việc", "starts", "2026-11-21", "ends", "2026-11-20", "body", "Sở", "media", "bot"},
		"Chọn ít nhất một":    {"title", "Việc", "starts", "2026-11-01", "ends", "2026-11-20", "body", "Sở"},
		"Ghi cơ quan":         {"title", "Việc", "starts", "2026-11-01", "ends", "2026-11-20", "body", " ", "media", "bot"},
		"Chỉ ghi số của tin":  {"title", "Việc", "starts", "2026-11-01", "ends", "2026-11-20", "body", "Sở", "media", "bot", "items", "tin mới"},
		"Không có tin số 77":  {"title", "Việc", "starts", "2026-11-01", "ends", "2026-11-20", "body", "Sở", "media", "bot", "items", "77"},
	} {
		w.wants(name, w.post(plan+"/new", x...), 422, name)
	}
	p := w.add("Việc")
	edit := w.get(p + "/edit")
	w.wants("the form", edit, 200, `value="Việc"`, `value="2026-11-20"`, `value="station" checked`)
	fields := []string{"title", "Việc mới", "starts", "2026-11-01", "ends", "2026-11-25", "body", "Sở TT&TT", "media", "bot"}
	w.wants("changed", w.post(p+"/edit", append(fields, "version", hidden(t, edit))...), 200, "Đã lưu: Việc mới", "Tên việc: Việc → Việc mới", "Đến ngày: 20/11/2026 → 25/11/2026",
		"Kênh truyền thông: Zalo và Telegram, Truyền hình và phát thanh tỉnh → Zalo và Telegram", "=Phạm <b>Hoa</b>")
	late := w.post(p+"/edit", append(fields, "version", "1", "note", "của tôi")...)
	w.wants("somebody was first", late, 409, "Có người vừa sửa việc này", "của tôi")
	w.wants("and saves all the same", w.post(p+"/edit", append(fields, "version", hidden(t, late), "note", "của tôi")...), 200, "Ghi chú: (trống) → của tôi")

	page := w.get(p)
	w.wants("a day to come", w.post(p+"/done", "version", hidden(t, page), "done", "2026-11-30"), 422, "không thể ở sau hôm nay")
	w.wants("no day", w.post(p+"/done", "version", hidden(t, page), "done", "mai"), 422, "Ngày chưa đúng")
	w.wants("an old page", w.post(p+"/done", "version", "1", "done", "2026-11-10"), 409, "Có người vừa sửa việc này")
	w.wants("done", w.post(p+"/done", "version", hidden(t, page), "done", "2026-11-10", "result", "Hai bài báo"), 200, "Đã ghi là xong", "Hai bài báo", "Chưa xong")
	w.wants("opened again", w.post(p+"/done", "version", hidden(t, w.get(p)), "reopen", "1"), 200, "lại chưa xong", "Đã làm xong?")
	w.wants("given up", w.post(p+"/drop", "version", hidden(t, w.get(p)), "drop", "1"), 200, "Đã bỏ việc này", "Hoàn tác", "Lấy lại việc này")
	w.lacks("given up", w.get(plan), "Việc mới")
	w.wants("among those given up", w.get(plan+"?state=dropped"), 200, "Việc mới", "Đã bỏ 1")
	w.wants("taken back", w.post(p+"/drop", "version", hidden(t, w.get(p))), 200, "lại có trong kế hoạch")
	w.wants("as it was first", w.post(p+"/restore", "version", hidden(t, w.get(p)), "restore", "1"), 200, "Đã trở lại bản cũ", "Hoàn tác", "Tên việc: Việc mới → Việc", "Ngày hoàn thành")
	w.wants("no such version", w.post(p+"/restore", "version", hidden(t, w.get(p)), "restore", "99"), 404)
}

// TestThePlanGoesThroughExcel: out, changed, and in again; and files that are refused.
func TestThePlanGoesThroughExcel(t *testing.T) {
	w := newWorld(t)
	p := w.add("=1+1 Việc", "message", "Một, hai")
	w.add("Việc hai")
	out := w.get(plan + "/plan.xlsx?year=2026")
	rows := w.read(out)["Kế hoạch 2026"]
	if len(rows) != 3 || rows[0].Cells[2] != "Tên việc" || rows[1].Cells[2] != "'=1+1 Việc" || rows[1].Cells[5] != "Zalo và Telegram, Truyền hình và phát thanh tỉnh" {
		t.Fatalf("the file: %+v", rows)
	}
	w.wants("the file as it came", w.upload(plan+"/import", []byte(out.body), "real", "1"), 200, "Thêm 0 việc, sửa 0 việc, giữ nguyên 2 việc")

	book := func(rows ...[]any) []byte {
		var b bytes.Buffer
		must(t, sheet.Write(&b, sheet.Page{Name: "Trang", Intro: []string{"Kế hoạch của tỉnh"}, Head: []string{"Mã", "Lần sửa", "VIỆC", "Từ ngày", "đến ngày", "Cơ quan", "Kênh", "Đối tượng", "Hoàn thành"}, Rows: rows}))
		return b.Bytes()
	}
	day := time.Date(2026, 11, 5, 0, 0, 0, 0, w.now.Location())
	good := []any{nil, nil, "Việc ba", day, "30/11/2026", "Báo Hải Dương", "báo, loa xã", "người dân", nil}
	change := []any{1, 1, "Việc một", "1/11/2026", "20/11/2026", "Sở TT&TT", "Zalo", nil, "10/11/2026"}
	look := w.upload(plan+"/import", book(good, change))
	w.wants("looked at only", look, 200, "Tệp dùng được, chưa ghi gì", "Thêm 1 việc, sửa 1 việc")
	w.lacks("looked at only", w.get(plan), "Việc ba")
	bad := w.upload(plan+"/import", book(good, change, []any{nil, nil, "", day, day, "Sở", "Zalo", nil, nil}, []any{nil, nil, "x", "hôm qua", day, "Sở", "Zalo", nil, nil},
		[]any{nil, nil, "x", day, day, "Sở", "bồ câu", nil, nil}, []any{1, nil, "x", day, day, "Sở", "Zalo", nil, nil}), "real", "1")
	w.wants("wrong rows", bad, 422, "Chưa ghi gì. Sửa các dòng này", "Ghi tên việc", `"hôm qua" không phải ngày`, `Không rõ kênh "bồ câu"`, "phải có cả Lần sửa")
	w.lacks("wrong rows", w.get(plan), "Việc ba")
	w.wants("stale", w.upload(plan+"/import", book(good, []any{1, 9, "x", day, day, "Sở", "Zalo", nil, nil}), "real", "1"), 422, "đã được sửa sau khi tải tệp")
	w.wants("unknown", w.upload(plan+"/import", book([]any{99, 1, "x", day, day, "Sở", "Zalo", nil, nil}), "real", "1"), 422, "Không có việc mang Mã này")
	w.wants("in", w.upload(plan+"/import", book(good, change), "real", "1"), 200, "Đã ghi vào kế hoạch", "Thêm 1 việc, sửa 1 việc")
	w.wants("the plan now", w.get(plan), 200, "Việc ba", "Việc một", "Báo in và báo điện tử, Loa truyền thanh xã", "05/11/2026 – 30/11/2026")
	w.wants("its history", w.get(p), 200, "Tên việc: =1+1 Việc → Việc một", "Ngày hoàn thành: (trống) → 10/11/2026")

	w.wants("no file", w.upload(plan+"/import", nil), 422, "Chọn một tệp Excel")
	w.wants("no workbook", w.upload(plan+"/import", []byte("Tên việc;Từ ngày")), 422, "Tệp này không đọc được")
	var other bytes.Buffer
	must(t, sheet.Write(&other, sheet.Page{Name: "Trang", Head: []string{"Tên", "Số"}, Rows: [][]any{{"a", 1}}}))
	w.wants("another file", w.upload(plan+"/import", other.Bytes()), 422, "Không thấy dòng tiêu đề")
	many := make([][]any, items.MaxImport+5)
	for i := range many {
		many[i] = good
	}
	w.wants("too many", w.upload(plan+"/import", book(many...), "real", "1"), 422, "nhiều nhất 300 dòng")
	w.by(clerk).wants("a clerk's file", w.upload(plan+"/import", book(good), "real", "1"), 403)
}

// TestTheExamplePlan: the province's plan of 2021, as the guide gives it, can be brought in.
func TestTheExamplePlan(t *testing.T) {
	data, err := os.ReadFile("../../../docs/ke-hoach-truyen-thong-2021.xlsx")
	must(t, err)
	w := newWorld(t)
	w.wants("in", w.upload(plan+"/import", data, "real", "1"), 200, "Thêm 17 việc")
	w.wants("the plan", w.get(plan+"?year=2021"), 200, "Hội thi tìm hiểu cải cách hành chính", "Loa truyền thanh xã", "Quá hạn 17")
	w.lang = "en"
	w.wants("in English", w.get(plan+"?year=2021"), 200, "Communication plan 2021", "Loudspeakers of communes")
	w.wants("a campaign in English", w.get(plan+"/1"), 200, "Body in charge", "Is it done?")
	w.wants("the form in English", w.get(plan+"/1/edit"), 200, "Change a campaign")
}

// FuzzRow: no row of a file breaks anything, or gets past the limits.
func FuzzRow(f *testing.F) {
	for _, s := range []string{"Zalo", "", "báo; loa", "1, 2", "46335", "31/12/2026"} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, media, day, numbers string) {
		m, d, n := watch.Row(media, day, numbers)
		if len(m) > len(media)+1 || len(n) > len(numbers) || !d.IsZero() && (d.Year() < 1900 || d.Year() > 2201) {
			t.Fatalf("%q %q %q became %v %s %v", media, day, numbers, m, d, n)
		}
	})
}
