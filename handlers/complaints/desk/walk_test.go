package desk_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"cchcbot/handlers/complaints/cases"
)

// The way of a case on the console: in the inbox, accepted, answered with a
// canned text, approved by the head, and nothing of the sender shown on the way.
func TestFromInboxToAnswer(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	path := "/console/complaints/case/" + c.Code
	a := w.get("/console/complaints")
	w.wants("inbox", a, 200, c.Code, "Phản ánh hiện trường", "Mới chuyển đến", "Nhận, hoặc trả lại", "Chưa giao ai")
	w.lacks("inbox", a, "lấn ra ngõ", "Zwxqname", "0912")

	a = w.get(path)
	w.wants("case", a, 200, "lấn ra ngõ", "gọi tôi •••", "Xem người gửi", "Nhận xử lý", "data-key=\"n\"")
	w.lacks("case", a, "0912 345 678", "Zwxqname")

	a = w.press(c, "accept")
	w.wants("accepted", a, 200, "Đã nhận "+c.Code, "Đang xử lý", "=Phạm <b>Hoa</b>")
	if got := w.now1(c); got.State != cases.Accepted || got.Officer != w.people[clerk].Officer.ID {
		t.Fatalf("after accepting: %+v", got)
	}

	a = w.press(c, "reveal", "reason", "unclear")
	w.wants("revealed", a, 200, "Đã ghi lý do", "Nguyễn Thị Zwxqname", "0912 345 678", "Xem người gửi")
	w.by(second)
	w.lacks("revealed to somebody else", w.get(path), "Zwxqname", "0912 345 678")

	w.by(front)
	w.wants("a canned answer for all", w.post("/console/complaints/canned/edit", url.Values{"title": {"Xây lấn"}, "body": {"Phản ánh {mã} của anh/chị, hạn {hạn}."}, "version": {"1"}}), 200, "Đã lưu mẫu \"Xây lấn\".")
	w.by(clerk)
	a = w.get(path + "/answer")
	w.wants("editor", a, 200, "Xây lấn", "lấn ra ngõ")
	version := field(t, a.body, "version")
	a = w.upload(path+"/answer", url.Values{"version": {version}, "text": {"Đã kiểm tra."}, "canned": {"1"}, "step": {"insert"}}, nil)
	w.wants("inserted", a, 200, "Đã kiểm tra.\n\nPhản ánh "+c.Code+" của anh/chị, hạn 1")

	f := url.Values{"version": {version}, "text": {"Đã yêu cầu tháo dỡ <script>alert(1)</script>."}, "points": {"1"}, "next": {"1"}, "step": {"preview"}}
	a = w.upload(path+"/answer", f, nil)
	w.wants("preview", a, 200, "Đúng nội dung sẽ gửi", "Đã yêu cầu tháo dỡ", "Câu trả lời cần lãnh đạo duyệt")
	a = w.post(path+"/answer", url.Values{"version": {field(t, a.body, "version")}, "key": {field(t, a.body, "key")}, "step": {"submit"}})
	w.wants("submitted", a, 200, "Đã trình duyệt", "Hoàn tác", "Chờ duyệt")
	a = w.undo(a)
	w.wants("taken back", a, 200, "Đã trả lại bản soạn", "Đang xử lý")
	a = w.get(path + "/answer?preview=1")
	w.wants("again", w.post(path+"/answer", url.Values{"version": {field(t, a.body, "version")}, "step": {"submit"}}), 200, "Đã trình duyệt")

	w.by(second)
	w.wants("no head", w.press(c, "approve"), 403, "Việc này cần người có thẩm quyền khác")
	w.by(head)
	w.wants("to approve", w.get("/console/complaints?tab=drafted"), 200, c.Code, "Lãnh đạo duyệt")
	a = w.get(path + "/do/approve")
	w.wants("exactly", a, 200, "Đúng nội dung sẽ gửi", "Đã yêu cầu tháo dỡ <script>alert(1)</script>.")
	w.wants("approved", w.press(c, "approve"), 200, "Đã gửi câu trả lời", "Đã trả lời", "Duyệt: Đỗ Văn Trưởng", "publish/preview?code="+c.Code)
	w.wants("list of the answered", w.get("/console/complaints?tab=answered"), 200, c.Code)
	w.quiet()
}

// Two officers at once: the second reads who and when, and keeps what he typed.
func TestTwoOfficersAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept")
	path := "/console/complaints/case/" + c.Code
	stale := field(t, w.get(path+"/do/progress").body, "version")
	editor := field(t, w.get(path+"/answer").body, "version")
	w.by(second)
	w.wants("the first", w.upload(path+"/answer", url.Values{"version": {editor}, "text": {"Bản của chị Nhàn."}, "step": {"save"}}, nil), 200, "Đã lưu câu trả lời")

	w.by(clerk)
	a := w.post(path+"/do/progress", url.Values{"version": {stale}, "text": {"Chúng tôi đang đo đạc."}})
	w.wants("the second", a, 409, "Vũ Thị Nhàn", "09:00 09/11/2026", "Chúng tôi đang đo đạc.")
	w.wants("he sends it again, knowing", w.post(path+"/do/progress", url.Values{"version": {field(t, a.body, "version")}, "text": {"Chúng tôi đang đo đạc."}}), 200, "Đã báo tiến độ")

	a = w.upload(path+"/answer", url.Values{"version": {editor}, "text": {"Bản của tôi."}, "basis_text": {"Luật Xây dựng"}, "points": {"1"}, "step": {"save"}}, nil)
	w.wants("two drafts", a, 409, "Bản của tôi.", "Bản của chị Nhàn.", "Vũ Thị Nhàn đang soạn", "Luật Xây dựng")
	w.wants("his goes in its place", w.upload(path+"/answer", url.Values{"version": {field(t, a.body, "version")}, "text": {"Bản của tôi."}, "step": {"save"}}, nil), 200, "Đã lưu câu trả lời", "Bản của tôi.")

	seen := w.upload(path+"/answer", url.Values{"version": {field(t, w.get(path+"/answer").body, "version")}, "text": {"Bản của tôi."}, "points": {"1"}, "next": {"1"}, "step": {"preview"}}, nil)
	w.by(second).press(c, "progress", "text", "Sắp xong.")
	w.by(clerk)
	a = w.post(path+"/answer", url.Values{"version": {field(t, seen.body, "version")}, "why": {"Trời tối, chưa chụp được"}, "step": {"submit"}})
	w.wants("why there is no photo stays", a, 409, "Vũ Thị Nhàn", `value="Trời tối, chưa chụp được"`)

	key := url.Values{"version": {"0"}, "text": {"Ghi một lần."}, "key": {strings.Repeat("k", 26)}}
	w.post(path+"/do/note", key)
	w.post(path+"/do/note", key)
	if n := strings.Count(w.get(path).text(), "Ghi một lần."); n != 1 {
		t.Errorf("a form that was sent twice acted %d times", n)
	}
}

// The head approves what he read: an answer that was changed while he read it is
// shown again, and nothing is sent.
func TestApprovalIsOfWhatWasRead(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept")
	path := "/console/complaints/case/" + c.Code
	draft := func(text string) {
		t.Helper()
		w.by(clerk)
		f := url.Values{"version": {field(t, w.get(path+"/answer").body, "version")}, "text": {text}, "points": {"1"}, "next": {"1"}, "step": {"preview"}}
		a := w.upload(path+"/answer", f, nil)
		w.wants(text, w.post(path+"/answer", url.Values{"version": {field(t, a.body, "version")}, "step": {"submit"}}), 200, "Đã trình duyệt")
	}
	draft("Bản đầu, còn sai.")
	w.by(head)
	read := w.get(path + "/do/approve")
	w.wants("he reads", read, 200, "Bản đầu, còn sai.")
	w.by(clerk).press(c, "reject", "undo", "1")
	draft("Bản đã sửa.")
	w.by(head)
	a := w.post(path+"/do/approve", url.Values{"version": {field(t, read.body, "version")}})
	w.wants("stale", a, 409, "Bản đã sửa.", "=Phạm <b>Hoa</b>")
	if got := w.now1(c); got.State != cases.Drafted {
		t.Fatalf("it was sent: %s", got.State)
	}
	w.wants("now", w.post(path+"/do/approve", url.Values{"version": {field(t, a.body, "version")}}), 200, "Đã gửi câu trả lời", "Bản đã sửa.")
}

// A case may leave a body while its officer types: he keeps what he wrote.
func TestTheCaseLeftWhileHeWrote(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept")
	path := "/console/complaints/case/" + c.Code
	editor := field(t, w.get(path+"/answer").body, "version")
	w.people[clerk].Officer.Grants[0].Scope.Agency = "hp-so-noi-vu" // as if the case were another body's
	text := url.Values{"version": {editor}, "text": {"Đã gõ cả <b>buổi</b> sáng."}, "step": {"save"}}
	for _, p := range []string{"/answer", "/do/note"} {
		w.wants(p, w.upload(path+p, text, nil), 404, "không còn ở đây", "Đã gõ cả <b>buổi</b> sáng.", "Chưa có gì được ghi")
		never := strings.Replace(path, c.Code, "K7M3-9QX2", 1)
		w.wants("one that never was", w.upload(never+p, text, nil), 404, "Đã gõ cả <b>buổi</b> sáng.")
	}
	w.wants("with nothing typed", w.upload(path+"/answer", url.Values{"version": {editor}}, nil), 404)
}

// What is not his does not exist; what is his but not allowed says why.
func TestSomebodyElsesCase(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	path := "/console/complaints/case/" + c.Code
	for _, token := range []string{stranger, liaison} {
		w.by(token)
		for _, p := range []string{"", "/answer", "/slip", "/slip.png", "/do/accept", "/do/note", "/do/seal"} {
			if a := w.get(path + p); a.status != 404 {
				t.Errorf("%s: status %d", p, a.status)
			}
		}
		for _, p := range []string{"/answer", "/do/accept", "/do/seal", "/do/forward"} {
			if a := w.post(path+p, url.Values{"version": {"1"}, "text": {"x"}, "step": {"save"}}); a.status != 404 {
				t.Errorf("post %s: status %d", p, a.status)
			}
		}
		w.lacks("his list", w.get("/console/complaints?q="+c.Code), "/console/complaints/case/"+c.Code+"\"")
	}
	w.by(owner)
	if a := w.get(path); a.status != 403 {
		t.Errorf("an owner reads a case: status %d", a.status)
	}
	w.by(clerk)
	for _, p := range []string{"/console/complaints/case/K7M3-9QX2", "/console/complaints/case/nonsense", path + "/do/fly", path + "/do/purge", path + "/do/draft", "/console/complaints/sealed", "/console/complaints/case/..%2f..%2fetc"} {
		if a := w.get(p); a.status != 404 && a.status != 403 {
			t.Errorf("%s: status %d", p, a.status)
		}
	}
	for _, p := range []string{"/console/complaints/desk", "/console/complaints/terms"} {
		if a := w.get(p); a.status != 403 {
			t.Errorf("%s for an officer: status %d", p, a.status)
		}
	}
	r := w.by(clerk).press(c, "forward", "agency", elsewhere)
	if r.status != 403 || w.now1(c).Lead != commune {
		t.Errorf("an officer forwards: status %d, lead %s", r.status, w.now1(c).Lead)
	}
	// A post from another site does nothing.
	if a := w.crossSite(path + "/do/accept"); a.status != 403 || w.now1(c).State != cases.Forwarded {
		t.Errorf("another site accepts a case: status %d", a.status)
	}
}

// What cannot be done now says why and offers no form; who was first is told in the reader's words.
func TestWhatCannotBeDoneNow(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	path := "/console/complaints/case/" + c.Code
	for _, action := range []string{"approve", "extend", "refuse", "reopen"} {
		a := w.get(path + "/do/" + action)
		w.wants(action, a, 409, `đang ở trạng thái "Mới chuyển đến"`, "Quay lại")
		w.lacks(action, a, `<form method="post" action="`+path)
	}
	a := w.press(c, "reject", "why", "đọc lại")
	w.wants("the sender was the last", a, 409, "Người gửi đã xử lý lúc 09:00 09/11/2026", `value="đọc lại"`)
	s := w.people[clerk]
	s.Lang = "en"
	w.people[clerk] = s
	w.wants("in English", w.press(c, "reject", "why", "again"), 409, "The sender worked on it at 09:00 09/11/2026")
	w.quiet()
}

// Why an answer has no photo is typed once: it stays through the preview, another look
// at the text, a refusal and the return by the second person.
func TestTheReasonForNoPhotoStays(t *testing.T) {
	w := newWorld(t)
	c := w.scene(func(d *cases.Draft) { d.Field = "ha-tang-do-thi" })
	leads := w.now1(c).Lead
	for _, token := range []string{clerk, head} {
		w.people[token].Officer.Grants[0].Scope.Agency = leads
	}
	path := "/console/complaints/case/" + c.Code + "/answer"
	const why = `Đêm mưa, <b>chưa</b> chụp được`
	kept := func(name string, a answer) answer {
		t.Helper()
		if got := html.UnescapeString(field2of(a.body, "why")); a.status != 200 && a.status != 422 || got != why {
			t.Errorf("%s: status %d, the reason is %q", name, a.status, got)
		}
		return a
	}
	version := func() string { return fmt.Sprint(w.now1(c).Version) }
	w.by(clerk).press(c, "accept")
	f := url.Values{"version": {version()}, "text": {"Đã thay bóng đèn."}, "next": {"1"}, "step": {"preview"}}
	w.wants("preview", w.upload(path, f, nil), 200, "Đúng nội dung sẽ gửi")
	kept("every point is not ticked", w.post(path, url.Values{"version": {version()}, "step": {"submit"}, "why": {why}}))
	a := kept("to the text", w.post(path, url.Values{"version": {version()}, "step": {"edit"}, "why": {why}}))
	w.wants("to the text", a, 200, "Đã thay bóng đèn.</textarea>")
	f = url.Values{"version": {version()}, "text": {"Đã thay bóng đèn số 3."}, "points": {"1"}, "next": {"1"}, "why": {why}, "step": {"preview"}}
	kept("previewed again", w.upload(path, f, nil))
	kept("the editor, tomorrow", w.get(path))
	if n := strings.Count(w.get("/console/complaints/case/"+c.Code).text(), why); n != 1 { // beside the text under way
		t.Errorf("the timeline tells of a draft: %d times", n)
	}
	w.wants("submitted", w.post(path, url.Values{"version": {version()}, "step": {"submit"}, "why": {why}}), 200, "Đã trình duyệt")
	w.wants("the second person reads it", w.by(head).get("/console/complaints/case/"+c.Code+"/do/approve"), 200, why)
	w.press(c, "reject", "why", "viết rõ hơn")
	w.by(clerk)
	kept("sent back", w.get(path))
	w.wants("deleted, it is not sent", w.post(path, url.Values{"version": {version()}, "step": {"submit"}, "why": {""}}), 422, "ảnh")
	w.quiet()
}

// field2of is the value of a text field of a page, as it stands there.
func field2of(page, name string) string {
	m := regexp.MustCompile(`<input[^>]* name="` + name + `"[^>]* value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}
