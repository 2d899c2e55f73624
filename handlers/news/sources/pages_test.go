package sources

import (
	"net/url"
	"testing"
	"time"
)

// The whole way of a source through the pages: added, tried, paused, removed, brought back.
func TestASourceOnThePages(t *testing.T) {
	w := newWorld(t)
	status, page := w.visit("GET", listPath, nil)
	w.wants("empty", 200, status, page, "Chưa có nguồn nào.", "Thêm nguồn")
	status, page = w.visit("GET", newPath, nil)
	w.wants("new", 200, status, page, "Địa chỉ RSS hoặc Atom", "30 phút một lần", "Báo Hải Dương")

	form := url.Values{"url": {"http://169.254.169.254/x"}, "name": {""}, "kind": {"x"}, "topic": {"x"}, "minutes": {"1"}}
	w.s.fetch.Let = nil // as in the program
	status, page = w.visit("POST", newPath, form)
	w.wants("wrong", 422, status, page, "dẫn vào mạng nội bộ", "Ghi tên nguồn", "Chọn một mục")
	form.Set("url", "bao")
	status, page = w.visit("POST", newPath, form)
	w.wants("no address", 422, status, page, "bắt đầu bằng https://")
	form = url.Values{"url": {w.at("/rss")}, "name": {"Báo <script>alert(1)</script>"}, "kind": {"newspaper"}, "topic": {"cchc"}, "minutes": {"15"}}
	status, page = w.visit("POST", newPath, form)
	w.wants("added", 200, status, page, "Đã thêm nguồn", "Hoàn tác", "chờ đọc lần đầu", "Phạm Thị <b>Hoa</b>")
	status, page = w.visit("POST", newPath, form)
	w.wants("twice", 422, status, page, "Địa chỉ này đã có trong danh sách.")

	w.serve(200, "text/xml", []byte(rss(article("1", "Tin <b>đậm</b>", "https://bao.example.vn/1.html", "10"), article("2", "Tin hai", "", "10"))))
	status, page = w.visit("POST", pathOf(1)+"/test", url.Values{})
	w.wants("tried", 200, status, page, "Đọc được 2 bài: 2 bài mới, 0 bài đã có", "Tin đậm", "https://bao.example.vn/1.html", "Đọc thử không tạo bản nháp")
	if len(w.drafts()) > 0 || !w.get(1).Polled.IsZero() {
		t.Error("a try leaves something behind")
	}
	w.serve(503, "text/xml", nil)
	status, page = w.visit("POST", pathOf(1)+"/test", url.Values{})
	w.wants("tried in vain", 200, status, page, "Trang báo lỗi 503")
	w.s.trying.Lock()
	status, page = w.visit("POST", pathOf(1)+"/test", url.Values{})
	w.s.trying.Unlock()
	w.wants("busy", 409, status, page, "Có người đang đọc thử")

	w.poll(time.Minute)
	status, page = w.visit("GET", listPath, nil)
	w.wants("failing", 200, status, page, "không đọc được", "Trang báo lỗi 503", "Báo <script>")

	form.Set("name", "Báo Hải Dương")
	form.Set("version", "7")
	status, page = w.visit("POST", pathOf(1), form)
	w.wants("somebody was first", 422, status, page, "Có người vừa sửa nguồn này")
	form.Set("version", "1")
	status, page = w.visit("POST", pathOf(1), form)
	w.wants("saved", 200, status, page, "Đã lưu nguồn \"Báo Hải Dương\"")

	status, page = w.visit("POST", pathOf(1)+"/state", url.Values{"to": {"paused"}, "version": {"2"}})
	w.wants("paused", 200, status, page, "Đã tạm ngừng", "Đọc tiếp")
	status, page = w.visit("POST", pathOf(1)+"/state", url.Values{"to": {"on"}, "version": {"3"}})
	w.wants("on again", 200, status, page, "được đọc tiếp", "Tạm ngừng")
	status, page = w.visit("POST", pathOf(1)+"/state", url.Values{"to": {"removed"}, "version": {"4"}})
	w.wants("removed", 200, status, page, "Đã xóa nguồn", "Hoàn tác", "Chưa có nguồn nào.")
	status, _ = w.visit("GET", pathOf(1), nil)
	w.wants("gone", 404, status, "")
	status, page = w.visit("POST", pathOf(1)+"/state", url.Values{"to": {"on"}, "version": {"5"}})
	w.wants("back", 200, status, page, "được đọc tiếp", "Báo Hải Dương")
	for _, bad := range []url.Values{{"to": {"x"}, "version": {"6"}}, {"to": {"paused"}, "version": {"1"}}, {"to": {"paused"}}} {
		if status, _ = w.visit("POST", pathOf(1)+"/state", bad); status != 422 && status != 409 {
			t.Errorf("%v: %d", bad, status)
		}
	}
	status, _ = w.visit("GET", listPath+"/999", nil)
	w.wants("none", 404, status, "")
}
