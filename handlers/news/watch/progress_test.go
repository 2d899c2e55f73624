package watch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/store"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/watch"
)

// later lets some time pass, so that figures are counted anew.
func (w *world) later() { w.now = w.now.Add(3 * time.Second) }

func path(it items.Item) string { return fmt.Sprintf("/console/news/%d/progress", it.ID) }

// version is the version of an item as a page of it has it.
func (w *world) version(it items.Item) string {
	w.t.Helper()
	now, err := w.desk.Get(w.t.Context(), it.ID, w.actor(editor))
	must(w.t, err)
	return fmt.Sprint(now.Version)
}

// TestASendingIsWatched walks through a sending from the first look to the end.
func TestASendingIsWatched(t *testing.T) {
	w := newWorld(t)
	for range 8 {
		w.subscriber("telegram")
	}
	for range 4 {
		w.subscriber("zalo")
	}
	it := w.begun(content("Trụ sở mới <script>alert(1)</script>"))
	w.wants("before anybody was found", w.get(path(it)), 200, "Đang gửi", "Còn đang tìm: đã xem 0%", `hx-get="`+path(it)+"?seen=", `http-equiv="refresh"`, "Tạm dừng", "Dừng hẳn")
	w.run()
	w.now = w.now.Add(2 * time.Minute)
	w.sends("telegram", 4)
	tg := w.claim("telegram", 1)
	must(t, w.store.Retry(t.Context(), tg[0].Row, w.now.Add(time.Minute), true, "delivery.reason_temporary"))
	z := w.claim("zalo", 2)
	must(t, w.store.Bury(t.Context(), z[0].Row, "delivery.reason_rejected"))
	must(t, w.store.Hold(t.Context(), z[1].Row, "delivery.reason_zalo_silent"))
	w.later()
	page := w.get(path(it))
	w.wants("in the middle", page, 200, "4 trong 12 người đã nhận", "(33%)", "4 tin trong phút vừa qua",
		"3 Telegram: gửi dần theo tốc độ", "1 Telegram: Nền tảng tạm thời không nhận", "2 Zalo: gửi dần", "1 Zalo: quá bảy ngày",
		"Nền tảng từ chối tin này", "Nền tảng không nhận nội dung này", "Chưa tính được")
	w.lacks("in the middle", page, "Còn đang tìm", "Có thể gửi lại")
	if n := strings.Count(page.body, "<rect"); n != 4+5 {
		t.Errorf("the bar and its key have %d pieces, want 9", n)
	}
	part := w.part(path(it) + "?seen=" + w.version(it))
	w.wants("the part", part, 200, "4 trong 12")
	if strings.Contains(part.body, "<html") || part.header.Get("HX-Refresh") != "" {
		t.Error("htmx gets a whole page, or is told to load one")
	}

	w.sends("zalo", 2)
	w.later()
	w.wants("an end is known", w.get(path(it)), 200, "6 trong 12", "còn 1 phút nữa")

	w.wants("pause", w.post(path(it), "action", "pause", "version", w.version(it)), 200, "Đã tạm dừng", "4 đang chờ vì tin tạm dừng", "Gửi tiếp", "Hoàn tác")
	if got := w.part(path(it) + "?seen=1").header.Get("HX-Refresh"); got != "true" {
		t.Errorf("an old page is not told to load anew: %q", got)
	}
	w.wants("another's click came late", w.post(path(it), "action", "pause", "version", "1"), 409, "4 đang chờ vì tin tạm dừng")
	w.wants("resume", w.post(path(it), "action", "resume", "version", w.version(it)), 200, "Tin được gửi tiếp")

	// Reasons that a person has to look at.
	must(t, w.store.HoldAll(t.Context(), store.Hold{Channel: "telegram"}, "cli"))
	w.later()
	w.wants("an operator keeps a channel", w.get(path(it)), 200, "4 Telegram: người quản trị hệ thống giữ kênh này")
	must(t, w.store.ReleaseAll(t.Context(), store.Hold{Channel: "telegram"}, "cli"))
	w.halts = []watch.Halt{{Channel: "telegram", Reason: "delivery.reason_misconfigured"}}
	w.later()
	w.wants("a channel is broken", w.get(path(it)), 200, "4 Telegram: Kênh chưa được cấu hình đúng")
	w.halts = []watch.Halt{{Channel: "telegram", Until: w.now.Add(time.Minute)}}
	w.later()
	w.wants("a platform is tired", w.get(path(it)), 200, "nền tảng yêu cầu gửi chậm lại")
	w.halts = nil
	day := w.now
	w.now = time.Date(2026, 11, 10, 23, 0, 0, 0, w.now.Location())
	w.wants("at night", w.get(path(it)), 200, "4 đang chờ vì là giờ nghỉ. Tự gửi tiếp lúc 06:30 11/11/2026")
	w.now = day.Add(5 * time.Minute)

	w.sends("telegram", 10)
	w.run()
	w.later()
	page = w.get(path(it))
	w.wants("done", page, 200, "Đã gửi xong", "10 trong 12", "Xong lúc", "1 Zalo: quá bảy ngày", "Có thể gửi lại cho 1 người", "Dừng hẳn") // one is held still
	w.lacks("done", page, "hx-get", `http-equiv="refresh"`, "Vì sao còn chờ</h3>\n<ul class=\"whys\"></ul>")

	w.wants("again", w.post(path(it), "action", "again", "version", w.version(it)), 200, "Đang gửi lại", "Đang gửi", "hx-get")
	w.run()
	w.sends("zalo", 10)
	w.run()
	w.later()
	page = w.get(path(it))
	w.wants("after the second try", page, 200, "11 trong 12", "Đã gửi xong")
	w.lacks("after the second try", page, "Có thể gửi lại", "Vì sao không tới")
	w.lang = "en"
	w.wants("in English", w.get(path(it)), 200, "11 of 12 people have it", "Until they write")
}

// TestAStopAsksFirstAndHoldsAtOnce: who has it is said before and after.
func TestAStopAsksFirstAndHoldsAtOnce(t *testing.T) {
	w := newWorld(t)
	for range 6 {
		w.subscriber("telegram")
	}
	it := w.begun(content("Nhầm địa chỉ"))
	w.run()
	w.sends("telegram", 2)
	stop := path(it) + "/stop"
	w.wants("the question", w.get(stop), 200, "2 trong 6 người đã nhận", "4 người đang chờ sẽ không nhận")
	w.wants("without a reason", w.post(stop, "version", w.version(it), "reason", " "), 422, "Cần ghi lý do")
	w.wants("an old page", w.post(stop, "version", "1", "reason", "Sai địa chỉ"), 409, "Tin vừa thay đổi", "Sai địa chỉ")
	w.wants("stop", w.post(stop, "version", w.version(it), "reason", "Sai địa chỉ"), 200, "Đã dừng hẳn. 2 người đã nhận tin", "Đã dừng hẳn")
	if got := w.claim("telegram", 10); len(got) != 0 {
		t.Errorf("%d are sent after the stop", len(got))
	}
	w.run()
	w.later()
	page := w.get(path(it))
	w.wants("afterwards", page, 200, "2 trong 6", "Thôi không gửi 4")
	w.lacks("afterwards", page, "hx-get", "Tạm dừng")
	w.wants("the question comes too late", w.get(stop), 200, "Theo dõi gửi")
}

// TestWhoMayWatch: what is not public is not there for strangers, and only editors and those
// who approve may do something.
func TestWhoMayWatch(t *testing.T) {
	w := newWorld(t)
	w.subscriber("telegram")
	draft := w.draft(content("Nháp"))
	it := w.begun(content("Đang gửi"))
	w.run()
	w.wants("a draft, for its author", w.get(path(draft)), 200, "Tin chưa gửi cho ai")
	w.by(clerk).wants("a draft, for a stranger", w.get(path(draft)), 404)
	w.wants("a draft, by a stranger's form", w.post(path(draft), "action", "pause", "version", "1"), 404)
	page := w.get(path(it))
	w.wants("a public item", page, 200, "0 trong 1")
	w.lacks("a public item", page, "Tạm dừng</button>", "Dừng hẳn</a>")
	w.wants("a clerk's pause", w.post(path(it), "action", "pause", "version", w.version(it)), 403)
	w.wants("a clerk's stop", w.post(path(it)+"/stop", "version", w.version(it), "reason", "x"), 403)
	w.wants("an action that is none of this page's", w.by(editor).post(path(it), "action", "begin", "version", w.version(it)), 404)
	for _, p := range []string{"/console/news/99/progress", "/console/news/x/progress", "/console/news/-1/progress", "/console/news/99/progress/stop"} {
		w.wants(p, w.get(p), 404)
	}
	w.by(nobody).wants("an operator", w.get(path(it)), 403)
	r := w.by("").get
	if a := r(path(it)); a.status == http.StatusOK {
		t.Error("nobody signed in sees a sending")
	}
	quiet := content("Chỉ đăng")
	quiet.Quiet = true
	w.by(editor)
	q := w.begun(quiet)
	w.run()
	w.wants("an item of the column only", w.get(path(q)), 200, "không gửi cho ai")
}

// TestAShareOfTheBarIsSeen: one failure of many has a piece that one can see.
func TestAShareOfTheBarIsSeen(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		w.subscriber("telegram")
	}
	it := w.begun(content("Nhiều người"))
	w.run()
	w.sends("telegram", 29)
	must(t, w.store.Bury(t.Context(), w.claim("telegram", 1)[0].Row, "delivery.reason_blocked"))
	w.run()
	page := w.get(path(it))
	w.wants("the bar", page, 200, `<rect class="failed" x="967" y="0" width="33"`, "29 trong 30", "Người nhận không còn ở kênh này")
}

// TestTheBarIsWhole: whatever the numbers are, the pieces add up, and nothing that is there is missing.
func TestTheBarIsWhole(t *testing.T) {
	numbers := []int{0, 1, 3, 999, 1_000_000}
	for _, sent := range numbers {
		for _, failed := range numbers {
			for _, held := range numbers {
				for _, waiting := range numbers {
					f := items.Figures{Reach: sent + failed + held + waiting + 1, Sent: sent, Failed: failed, Held: held, Waiting: waiting, Dropped: 1}
					sum := 0
					for i, width := range watch.Bar(f) {
						sum += width
						if count := []int{sent, failed, 1, held, waiting}[i]; width < 0 || (width > 0) != (count > 0) {
							t.Fatalf("%+v: piece %d is %d wide for %d", f, i, width, count)
						}
					}
					if sum != 1000 {
						t.Fatalf("%+v: the pieces are %d", f, sum)
					}
				}
			}
		}
	}
	for _, width := range watch.Bar(items.Figures{}) {
		if width != 0 {
			t.Error("there is a bar for nobody")
		}
	}
}
