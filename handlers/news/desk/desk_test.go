package desk

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

func TestFromDraftToSent(t *testing.T) {
	w := newWorld(t)
	w.subscriber("telegram")
	w.subscriber("zalo")
	w.wants(w.get(listPath), http.StatusOK, "Chưa có tin nào", "Viết tin")
	id := w.by(writer).write("Làm giấy tờ đất ở trụ sở mới")
	w.wants(w.get(itemPath(id)), http.StatusOK, "Tin chờ biên tập viên kiểm tra", "Bắt đầu viết")
	w.lacks(w.get(itemPath(id)), "Đã kiểm tra xong")
	w.wants(w.act(id, items.Check), http.StatusOK, "Chưa làm được. Anh/chị không có quyền")

	w.by(editor)
	w.wants(w.get(listPath+"?tab=draft"), http.StatusOK, "Làm giấy tờ đất")
	w.wants(w.act(id, items.Check), http.StatusOK, "Đã chuyển sang chờ duyệt", "Duyệt")
	w.wants(w.get(actPath(id, items.Approve)), http.StatusOK, w.item(id).Hash, "người dân nộp giấy tờ đất", "Telegram", "Zalo", "Tôi đã đọc hết")
	w.wants(w.act(id, items.Approve, "hash", w.item(id).Hash), http.StatusUnprocessableEntity, "Đánh dấu ô này")
	w.wants(w.act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1"), http.StatusOK, "Đã duyệt. Giờ hẹn giờ gửi được")

	// The department may not touch it any more; the editor's edit voids the approval, and the page says so.
	w.by(writer).wants(w.get(itemPath(id)+"/edit"), http.StatusOK, "Tin đang ở bước")
	w.by(editor).wants(w.get(itemPath(id)+"/edit"), http.StatusOK, "Lưu thay đổi thì phải kiểm tra và duyệt lại")
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Làm giấy tờ đất ở nhà mới", "version", w.version(id))), http.StatusOK, "Lần duyệt trước không còn hiệu lực")
	w.wants(w.get(itemPath(id)), http.StatusOK, "Lê Biên Tập đã sửa nội dung lúc")
	w.wants(w.act(id, items.Check), http.StatusOK, "nên không tự duyệt được")
	w.wants(w.act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1"), http.StatusOK, "Người viết hoặc sửa tin không tự duyệt được")
	w.wants(w.by(second).act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1"), http.StatusOK, "Đã duyệt")

	w.wants(w.get(actPath(id, items.Schedule)), http.StatusOK, "Sẽ gửi tới 2 người", "Gửi tới 2 người, đúng nội dung đã duyệt", "Lúc này gửi được ngay", "Không gửi từ 21:00 đến 06:30")
	w.lacks(w.get(actPath(id, items.Schedule)), "nguy hiểm đến tính mạng")
	w.wants(w.act(id, items.Schedule, "day", "2026-11-10", "time", "22:00", "sure", "1"), http.StatusUnprocessableEntity, "06:30 11/11/2026")
	w.wants(w.act(id, items.Schedule, "day", "2026-10-11", "time", "08:00", "sure", "1"), http.StatusUnprocessableEntity, "Giờ này đã qua (08:00 11/10/2026)", "2026-10-11")
	w.wants(w.act(id, items.Schedule, "day", "ngày mai", "time", "8h", "sure", "1"), http.StatusUnprocessableEntity, "Ghi ngày như", "ngày mai")
	w.wants(w.act(id, items.Schedule, "day", "2026-11-11", "time", "08:00", "sure", "1"), http.StatusOK, "Đã hẹn gửi lúc 08:00 11/11/2026", "Hoàn tác")
	w.wants(w.get(listPath+"?tab=scheduled"), http.StatusOK, "08:00 11/11/2026")
	w.wants(w.act(id, items.Unschedule), http.StatusOK, "Đã bỏ hẹn giờ")
	w.wants(w.act(id, items.Schedule, "sure", "1"), http.StatusOK, "Đã hẹn gửi lúc 09:00 10/11/2026")
	if n := w.run(); n != 2 {
		t.Errorf("sent to %d", n)
	}
	w.wants(w.get(itemPath(id)), http.StatusOK, "Đã gửi xong", "Theo dõi gửi", "Đính chính")
	w.wants(w.get(listPath+"?tab=done"), http.StatusOK, "Làm giấy tờ đất ở nhà mới")
	// A correction goes to those who got it.
	w.subscriber("webchat")
	w.wants(w.get(itemPath(id)+"/correct"), http.StatusOK, "đúng 2 người đã nhận")
	a := w.wants(w.post(itemPath(id)+"/correct", sheetOf("Trụ sở mới ở số 5")), http.StatusOK, "Tin này đính chính một tin đã gửi")
	w.wants(w.get(a.path+"/audience"), http.StatusOK, "Đính chính gửi tới đúng 2 người")
}

func TestStopInTheMiddle(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.subscriber("telegram")
	}
	id := w.approved("Nghỉ Tết")
	w.wants(w.act(id, items.Schedule, "sure", "1"), http.StatusOK, "Đã hẹn gửi")
	must(t, w.desk.RunSend(t.Context(), w.works))
	w.wants(w.get(itemPath(id)), http.StatusOK, "Đang gửi", "Tạm dừng gửi", "Dừng hẳn")
	w.wants(w.act(id, items.Pause), http.StatusOK, "Đã tạm dừng gửi", "Hoàn tác")
	w.wants(w.act(id, items.Resume), http.StatusOK, "Đang gửi tiếp")
	w.wants(w.get(actPath(id, items.Stop)), http.StatusOK, "không thu về được", "Dừng hẳn: 3 người còn chờ sẽ không nhận tin")
	w.wants(w.act(id, items.Stop, "sure", "1"), http.StatusUnprocessableEntity, "Cần ghi lý do")
	w.wants(w.act(id, items.Stop, "sure", "1", "reason", "Sai ngày"), http.StatusOK, "Đã dừng hẳn", "Sai ngày")
	if n := w.run(); n != 0 {
		t.Errorf("%d were sent after the stop", n)
	}
}

func TestTheFormKeepsWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	bad := sheetOf("", "summary", "Người dân <script>alert(1)</script>", "places", "xã Gia Lộc\nlàng Xì Trum", "link", "javascript:alert(1)")
	bad.Del("topics")
	w.wants(w.post(newPath, bad), http.StatusUnprocessableEntity, "Tiêu đề cần có", "Người dân <script>alert(1)</script>", `Chưa tìm thấy nơi "làng Xì Trum"`, "Chọn từ 1 đến 5 chủ đề", "javascript:alert(1)")
	w.wants(w.post(newPath, sheetOf("Một", "link", "javascript:alert(1)")), http.StatusUnprocessableEntity, "phải bắt đầu bằng https://")
	w.wants(w.post(newPath, sheetOf("Một", "source_kind", "tabloid")), http.StatusUnprocessableEntity, "Nguồn chưa đúng")
	// A look at the words keeps everything and asks for nothing.
	look := sheetOf("", "summary", "Nộp cho KBNN đúng thời hạn giải quyết!!", "step", "check")
	a := w.wants(w.post(newPath, look), http.StatusOK, "Kho bạc Nhà nước", "mất bao lâu", "Chưa rõ tin dành cho ai", "Chưa rõ ở đâu", "Nộp cho KBNN")
	w.lacks(a, "Tiêu đề cần có")
	frag := w.wants(w.post(checkPath, look), http.StatusOK, "Kho bạc Nhà nước")
	w.lacks(frag, "<html")
	w.wants(w.post(checkPath, sheetOf("Đổi giấy phép lái xe")), http.StatusOK, "Câu chữ gọn, dễ hiểu")
}

func TestPlacesByOldAndNewNames(t *testing.T) {
	w := newWorld(t)
	id := w.write("Một", "places", "Huyện Nam Sách\nphường Lê Thanh Nghị")
	got := w.item(id).Content.Places
	if len(got) < 3 {
		t.Fatalf("the former district is %v", got)
	}
	// What the form shows can be saved again unchanged.
	a := w.wants(w.get(itemPath(id)+"/edit"), http.StatusOK, "Phường Lê Thanh Nghị")
	area := a.text()[strings.Index(a.text(), `name="places"`):]
	area = area[strings.Index(area, ">")+1 : strings.Index(area, "</textarea>")]
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Hai", "places", area, "version", w.version(id))), http.StatusOK, "Đã lưu")
	if now := w.item(id).Content.Places; strings.Join(now, " ") != strings.Join(got, " ") {
		t.Errorf("places %v became %v", got, now)
	}
	w.wants(w.get(listPath+"?place="+got[0]), http.StatusOK, "Hai")
	w.wants(w.get(listPath+"?place=xa+Gia+Loc"), http.StatusOK)
	w.wants(w.get(listPath+"?place=Bac+Cuc"), http.StatusOK, "Chưa tìm thấy nơi")
}

func TestTwoWriteAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.write("Một")
	before := w.version(id)
	w.by(second).wants(w.post(itemPath(id)+"/edit", sheetOf("Tiêu đề của người kia", "version", before)), http.StatusOK, "Đã lưu")
	a := w.by(editor).wants(w.post(itemPath(id)+"/edit", sheetOf("Tiêu đề của tôi", "version", before)), http.StatusConflict,
		"Đỗ Thứ Hai vừa lưu bản khác", `value="Tiêu đề của tôi"`, "<del>người kia</del><ins>tôi</ins>")
	if w.item(id).Content.Title != "Tiêu đề của người kia" {
		t.Error("the conflict was written")
	}
	if !strings.Contains(a.body, `name="version" value="`+w.version(id)+`"`) {
		t.Error("saving again would conflict again")
	}
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Tiêu đề của tôi", "version", w.version(id))), http.StatusOK, "Đã lưu")
	w.wants(w.get(itemPath(id)+"/revisions"), http.StatusOK, "Bản 2 so với bản 3", "<del>người kia</del><ins>tôi</ins>")
	w.wants(w.get(itemPath(id)+"/revisions?n=1"), http.StatusOK, "Đây là bản đầu tiên", "Một")
	// Saving what is there changes nothing.
	v := w.version(id)
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Tiêu đề của tôi", "version", v)), http.StatusOK)
	if w.version(id) != v {
		t.Error("saved although nothing was changed")
	}
}

func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t)
	id := w.by(writer).write("Tiêm chủng mở rộng")
	w.by(fellow).wants(w.get(itemPath(id)+"/edit"), http.StatusOK, "Tiêm chủng")
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Tiêm chủng tháng 12", "version", w.version(id))), http.StatusOK, "Đã lưu")
	w.by(stranger)
	w.lacks(w.wants(w.get(listPath), http.StatusOK), "Tiêm chủng")
	for _, path := range []string{"", "/edit", "/correct", "/preview", "/revisions", "/audience", "/test", "/speak", "/speak.txt", "/do/check", "/do/nonsense"} {
		w.wants(w.get(itemPath(id)+path), http.StatusNotFound, "Không có trang")
	}
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Khác", "version", "1")), http.StatusNotFound)
	w.wants(w.act(id, items.Cancel, "sure", "1"), http.StatusNotFound)
	for _, path := range []string{"/console/news/0", "/console/news/01", "/console/news/x", "/console/news/99999"} {
		w.by(editor).wants(w.get(path), http.StatusNotFound)
	}
	// A contributor gets neither tests nor the audience's numbers on his page.
	w.by(writer).lacks(w.get(itemPath(id)), "Gửi thử cho cán bộ", "Ai sẽ nhận")
	w.wants(w.get(itemPath(id)+"/test"), http.StatusForbidden)
	w.wants(w.get(listPath+"?tab=mine"), http.StatusOK, "Tiêm chủng")
	w.wants(w.get(listPath+"?q=khong+co"), http.StatusOK, "Không có tin nào khớp")
	w.wants(w.get(listPath+"?q=tiem+chung&topic="+items.TopicReform+"&source="+items.SourceDepartment), http.StatusOK, "Tiêm chủng")
}

func TestPictures(t *testing.T) {
	w := newWorld(t)
	w.subscriber("telegram")
	a := w.wants(w.upload(newPath, sheetOf("Có ảnh"), map[string][]byte{"picture": picture(t)}), http.StatusOK, "Đã lưu", "<img")
	id := w.idOf(a)
	first := w.item(id).Content.Picture
	if first == "" {
		t.Fatal("no picture")
	}
	w.wants(w.get(itemPath(id)+"/preview"), http.StatusOK, "<img")
	w.wants(w.upload(newPath, sheetOf("Không phải ảnh"), map[string][]byte{"picture": []byte("MZ\x90 a program")}), http.StatusUnprocessableEntity, "Không phải ảnh")
	// Somebody else's file is not taken.
	other := sheetOf("Ảnh người khác")
	other.Set("keep_picture", first)
	w.by(writer).wants(w.post(newPath, other), http.StatusUnprocessableEntity, "Tệp không còn")
	w.by(editor)
	keep := sheetOf("Vẫn ảnh ấy", "version", w.version(id))
	keep.Set("keep_picture", first)
	w.wants(w.post(itemPath(id)+"/edit", keep), http.StatusOK, "Đã lưu")
	if w.item(id).Content.Picture != first {
		t.Error("the picture was lost")
	}
	// A correction has a copy of its own.
	w.wants(w.act(id, items.Check), http.StatusOK)
	w.by(second).act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1")
	w.act(id, items.Schedule, "sure", "1")
	w.run()
	fix := sheetOf("Ảnh đúng")
	fix.Set("keep_picture", first)
	c := w.idOf(w.wants(w.post(itemPath(id)+"/correct", fix), http.StatusOK, "Đã lưu"))
	if got := w.item(c).Content.Picture; got == "" || got == first {
		t.Errorf("the correction has picture %q, the item %q", got, first)
	}
	drop := sheetOf("Bỏ ảnh", "version", w.version(c), "drop_picture", "1")
	drop.Set("keep_picture", w.item(c).Content.Picture)
	w.wants(w.post(itemPath(c)+"/edit", drop), http.StatusOK, "Đã lưu")
	if w.item(c).Content.Picture != "" {
		t.Error("the picture is still there")
	}
}

func TestUrgentAndDeputies(t *testing.T) {
	w := newWorld(t)
	id := w.approved("Lũ lên nhanh")
	w.now = time.Date(2026, 11, 10, 22, 0, 0, 0, w.now.Location())
	w.by(editor).wants(w.get(actPath(id, items.Schedule)), http.StatusOK, "Lúc này chưa gửi được. Sớm nhất: 06:30 11/11/2026")
	w.wants(w.act(id, items.Schedule, "urgent", "1", "reason", "Lũ", "sure", "1"), http.StatusForbidden, "Chỉ người được giao quyền")
	w.by(owner).wants(w.get(actPath(id, items.Schedule)), http.StatusOK, "nguy hiểm đến tính mạng")
	w.wants(w.act(id, items.Schedule, "urgent", "1", "sure", "1"), http.StatusUnprocessableEntity, "Cần ghi lý do")
	w.wants(w.act(id, items.Schedule, "urgent", "1", "reason", "Vỡ đê", "sure", "1"), http.StatusOK, "Đã hẹn gửi lúc 22:00", "Khẩn", "Vỡ đê")

	w.wants(w.get(settingsPath), http.StatusOK, "21:00", "Giao người duyệt thay", "Chưa giao ai", "Chưa có thay đổi")
	fellowID := w.people[fellow].Officer.Actor()[len("staff:"):]
	w.wants(w.post(deputyPath, form("officer", fellowID, "until", "2026-11-30", "why", "")), http.StatusUnprocessableEntity, "Cần ghi lý do")
	w.wants(w.post(deputyPath, form("officer", "9999", "until", "2026-11-30", "why", "QĐ 5")), http.StatusUnprocessableEntity, "Chọn một người")
	w.wants(w.post(deputyPath, form("officer", fellowID, "until", "2026-11-01", "why", "QĐ 5")), http.StatusUnprocessableEntity, "một ngày trong vòng một năm tới")
	w.wants(w.post(deputyPath, form("officer", fellowID, "until", "2026-11-30", "why", "QĐ 5")), http.StatusOK, "Đã giao duyệt thay đến hết ngày 30/11/2026", "Vũ Nhàn")
	other := w.by(editor).write("Tin khác")
	w.act(other, items.Check)
	w.by(fellow).wants(w.act(other, items.Approve, "hash", w.item(other).Hash, "sure", "1"), http.StatusOK, "Đã duyệt")
	w.by(owner).wants(w.post(endPath, form("id", "1")), http.StatusOK, "Đã thôi duyệt thay", "Chưa giao ai")

	w.wants(w.get(settingsPath+"?key=day_cap"), http.StatusOK, "0 là không giới hạn")
	w.wants(w.post(settingsPath, form("key", "day_cap", "value", "99", "reason", "QĐ 7")), http.StatusUnprocessableEntity, "Giá trị này chưa đúng", `value="99"`)
	w.wants(w.post(settingsPath, form("key", "day_cap", "value", "2", "reason", "QĐ 7")), http.StatusOK, "Đã lưu mức mới", "QĐ 7")
	w.wants(w.post(settingsPath, form("key", "day_cap", "back", "1", "reason", "QĐ 8")), http.StatusOK, "về mặc định")
	w.by(editor).wants(w.get(settingsPath), http.StatusOK, "Cơ quan chủ trì đổi các mức này", "QĐ 8")
	w.wants(w.post(settingsPath, form("key", "day_cap", "value", "3", "reason", "tự ý")), http.StatusForbidden)
	w.wants(w.post(deputyPath, form("officer", fellowID, "until", "2026-11-30", "why", "tự ý")), http.StatusForbidden)
	w.wants(w.post(endPath, form("id", "1")), http.StatusForbidden)
}

func TestTestsAndAudience(t *testing.T) {
	w := newWorld(t)
	id := w.write("Thử")
	w.wants(w.get(itemPath(id)+"/test"), http.StatusOK, "Chưa cán bộ nào nối tài khoản", "Chưa nối kênh: 6 người")
	staff := w.subscriber("telegram")
	gone := w.subscriber("telegram")
	must(t, w.works.Do(t.Context(), linking(w, w.people[second].Officer.ID, staff.Person)))
	secondID := w.people[second].Officer.Actor()[len("staff:"):]
	w.wants(w.get(itemPath(id)+"/test"), http.StatusOK, "Đỗ Thứ Hai")
	w.wants(w.post(itemPath(id)+"/test", form()), http.StatusUnprocessableEntity, "Chọn từ 1 đến 20 người")
	w.wants(w.post(itemPath(id)+"/test", form("to", secondID)), http.StatusOK, "Đã gửi thử cho 1 người", "đúng nội dung hiện nay")
	list, err := w.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 50, time.Minute)
	if err != nil || len(list) != 1 || !strings.HasPrefix(list[0].Message.Text, "Thử") {
		t.Errorf("the test sends %v, %v", list, err)
	}
	w.wants(w.post(itemPath(id)+"/edit", sheetOf("Thử lại", "version", w.version(id))), http.StatusOK, "bản cũ, đã sửa sau đó")

	must(t, w.store.OptOut(t.Context(), gone.ID, "delivery.reason_blocked"))
	w.subscriber("zalo")
	w.wants(w.get(itemPath(id)+"/audience"), http.StatusOK, "Sẽ gửi tới 2 người", "Zalo</b>: 1 người", "Telegram</b>: 1 người", "1 người không gửi được", "Zalo chỉ cho gửi khi", "đủ 4 tin trong ngày")
	w.wants(w.get(itemPath(w.write("Để tra", "quiet", "1"))+"/audience"), http.StatusOK, "chỉ đăng ở chuyên mục")
}

func TestSpokenText(t *testing.T) {
	w := newWorld(t)
	id := w.write("Cấp thẻ BHYT từ 1/12/2026", "summary", "UBND xã cấp thẻ từ 7h30, gọi 1022.")
	w.wants(w.get(itemPath(id)+"/speak"), http.StatusOK, "Kính thưa bà con", "Cấp thẻ bảo hiểm y tế từ ngày mùng một tháng mười hai năm hai nghìn không trăm hai mươi sáu", "Ủy ban nhân dân xã cấp thẻ từ bảy giờ ba mươi phút, gọi một không hai hai", "Xin nhắc lại")
	a := w.get(itemPath(id) + "/speak.txt")
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, "\ufeffKính thưa bà con.\r\n") || strings.ContainsAny(a.body, "0123456789<>") || !strings.Contains(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file is %d %q", a.status, a.body)
	}
}

func TestPagerAndTabs(t *testing.T) {
	w := newWorld(t)
	for i := range perPage + 1 {
		w.write(fmt.Sprint("Tin trong danh sách, số ", i))
	}
	a := w.wants(w.get(listPath+"?q=danh+sach"), http.StatusOK, "Trang sau", `<span class="count">21</span>`)
	if n := strings.Count(a.body, "data-row"); n != perPage {
		t.Errorf("%d rows", n)
	}
	a = w.get(listPath + "?q=danh+sach&before=2")
	if n := strings.Count(a.body, "data-row"); n != 1 {
		t.Errorf("%d rows on the last page", n)
	}
	for _, tab := range tabs() {
		w.wants(w.get(listPath+"?tab="+tab.name+"&q=khongco"), http.StatusOK, "Không có tin nào khớp")
		if tab.name != "" && tab.name != "mine" && tab.name != "draft" {
			w.wants(w.get(listPath+"?tab="+tab.name), http.StatusOK, "class=\"empty\"")
		}
	}
}

func TestAgainToThoseWhoFailed(t *testing.T) {
	w := newWorld(t)
	w.subscriber("telegram")
	w.subscriber("telegram")
	left := w.subscriber("telegram")
	id := w.approved("Gửi lại")
	w.act(id, items.Schedule, "sure", "1")
	must(t, w.desk.RunSend(t.Context(), w.works))
	list, err := w.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 3, time.Minute)
	must(t, err)
	must(t, w.store.Sent(t.Context(), list[0].Row, bot.Receipt{ID: "r"}))
	must(t, w.store.Bury(t.Context(), list[1].Row, "delivery.reason_temporary"))
	must(t, w.store.Bury(t.Context(), list[2].Row, "delivery.reason_temporary"))
	must(t, w.desk.RunSend(t.Context(), w.works))
	must(t, w.works.Do(t.Context(), func(ctx context.Context, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = w.desk.StopAll(ctx, tx, left)
		return err
	}))
	const offered = "Gửi lại số bị lỗi</a>"
	w.wants(w.get(itemPath(id)), http.StatusOK, offered)
	w.wants(w.get(actPath(id, items.Again)), http.StatusOK, "Gửi lại cho 1 người chưa gửi được")
	w.wants(w.act(id, items.Again, "sure", "1"), http.StatusOK, "Đang gửi lại cho những người")
	if n := w.run(); n != 1 {
		t.Errorf("sent again to %d", n)
	}
	// Now everybody has it who wants it: there is nothing to send again.
	if got := w.item(id); got.State != items.Done {
		t.Fatalf("it is %s", got.State)
	}
	w.lacks(w.get(itemPath(id)), offered)
	w.wants(w.get(actPath(id, items.Again)), http.StatusOK, "Không còn ai cần gửi lại.")
}

// TestInEnglish: every page has its words in the other language too.
func TestInEnglish(t *testing.T) {
	w := newWorld(t)
	w.subscriber("zalo")
	id := w.write("Hai thứ tiếng", "places", "phường Lê Thanh Nghị", "audience", "doanh nghiệp", "link", "https://haiduong.gov.vn/a")
	w.act(id, items.Check)
	w.by(second).act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1")
	for _, token := range []string{editor, owner} {
		s := w.people[token]
		s.Lang = "en"
		w.people[token] = s
	}
	w.by(owner)
	for _, path := range []string{listPath, listPath + "?place=Bac+Cuc", newPath, settingsPath, settingsPath + "?key=digest_day", itemPath(id), itemPath(id) + "/edit", itemPath(id) + "/preview", itemPath(id) + "/preview?as=en",
		itemPath(id) + "/revisions", itemPath(id) + "/audience", itemPath(id) + "/test", itemPath(id) + "/speak", actPath(id, items.Schedule), actPath(id, items.Return), actPath(id, items.Cancel)} {
		w.lacks(w.wants(w.get(path), http.StatusOK, `lang="en"`), "Quay lại", "Diễn biến")
	}
	w.wants(w.act(id, items.Schedule, "sure", "1"), http.StatusOK, "It goes out at")
	w.wants(w.act(id, items.Unschedule), http.StatusOK, "Unscheduled")
	w.wants(w.act(id, items.Return, "reason", "Thiếu giờ"), http.StatusOK, "Returned", "Thiếu giờ")
	w.wants(w.act(id, items.Cancel, "sure", "1"), http.StatusOK, "Cancelled")
	w.wants(w.get(itemPath(id)+"/edit"), http.StatusOK, "so this cannot be done now")
}
