package desk_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"cchcbot/handlers/complaints/cases"
)

// The front desk: why a case is there, what the directory says about it, a body
// chosen, sent back with a proposal, and decided.
func TestFrontDesk(t *testing.T) {
	w := newWorld(t)
	c := w.scene(conduct)
	w.by(front)
	w.wants("list", w.get("/console/complaints/desk"), 200, c.Code, "Loại này đầu mối đọc trước", "Chọn cơ quan")
	w.wants("by reason", w.get("/console/complaints/desk?why=no_owner"), 200, "Không còn phản ánh nào chờ chuyển")
	path := "/console/complaints/case/" + c.Code
	w.wants("the front desk sees the sender", w.get(path), 200, "Nguyễn Thị Zwxqname", "Lý do: Loại này đầu mối đọc trước")

	a := w.get(path + "/do/forward")
	w.wants("routing", a, 200, "Theo danh bạ và quy tắc", "Vì sao", "Ai bị phản ánh thì không nhận việc về mình", "Bắt đầu từ cấp")
	w.lacks("routing", a, `lang="en"`, "nothing is published", "hp-so-noi-vu<")
	s := w.people[front]
	s.Lang = "en"
	w.people[front] = s
	w.wants("routing in English", w.get(path+"/do/forward"), 200, "sensitive: nothing is published")
	s.Lang = "vi"
	w.people[front] = s
	w.wants("another place is tried", w.get(path+"/do/forward?field=xay-dung&place=w10507&place_id=w10507&day=2026-11-01"), 200, "Theo danh bạ ngày 01/11/2026")
	w.wants("a place that is none", w.get(path+"/do/forward?place=Zwxq"), 200, "Chưa tìm được nơi này")
	a = w.get(path + "/do/forward?find=" + url.QueryEscape("sở nội vụ"))
	w.wants("a body is found", a, 200, "Sở Nội vụ", `value="hp-so-noi-vu"`)
	w.wants("none is chosen", w.press(c, "forward"), 422, "Chọn một cơ quan")
	w.wants("one that is none", w.press(c, "forward", "agency", "so-khong-co"), 422, "Không có đơn vị này")
	w.wants("forwarded", w.press(c, "forward", "agency", committee), 200, "Đã chuyển "+c.Code)

	w.people[clerk].Officer.Grants[0].Scope.Agency = committee
	w.by(clerk)
	w.wants("no reason", w.press(c, "return"), 422, "Chọn một lý do")
	w.wants("returned", w.press(c, "return", "reason", "not_ours", "agency", "hp-so-noi-vu", "text", "Thuộc Sở Nội vụ"), 200)
	w.by(front)
	w.wants("back", w.get("/console/complaints/desk?why=returned"), 200, c.Code, "Đơn vị trả lại")
	w.wants("the proposal", w.get(path+"/do/forward"), 200, "đơn vị trước đề nghị")
	w.press(c, "forward", "agency", committee)
	w.by(clerk).press(c, "return", "reason", "not_ours", "text", "Vẫn không phải")
	w.by(front)
	w.wants("an alarm", w.get("/console/complaints/desk"), 200, "1 phản ánh không tự tìm được cơ quan", "⚠", c.Code)
	w.wants("only a decision ends it", w.press(c, "forward", "agency", committee), 403, "quyết định giao dứt khoát")
	tried := w.get(path + "/do/bind?place=" + url.QueryEscape("Thanh Hà"))
	w.wants("places of a name, in the same form", tried, 200, "Chọn một nơi", `action="`+path+`/do/bind"`, `name="pick"`)
	w.wants("decided", w.press(c, "bind", "agency", committee, "why", "Phân công tại văn bản 12"), 200, "Đã quyết định")
	w.wants("it cannot be returned", w.by(clerk).press(c, "return", "reason", "other", "text", "x"), 403, "Đầu mối đã quyết định")
	w.by(front)
	w.wants("classified anew", w.press(c, "reclassify", "kind", "petition", "field", "can-bo-cong-chuc", "place", "", "why", "đọc lại"), 200, "Đã sửa phân loại")
	w.wants("which place", w.press(c, "reclassify", "kind", "petition", "field", "can-bo-cong-chuc", "place", "Zwxq", "why", "đọc lại"), 422, "Chưa tìm được nơi này")
	w.wants("urgent", w.press(c, "urgent", "why", "mưa bão"), 200, "là việc khẩn", "Khẩn")
	w.wants("calm", w.press(c, "urgent", "why", "đã yên"), 200, "không còn là việc khẩn")
	w.quiet()
}

// What was typed before a body is looked for stays in the form; a choice made from
// what the directory says of one place does not stay for another.
func TestWordsStayThroughTheSearch(t *testing.T) {
	w := newWorld(t)
	c := w.scene(conduct)
	w.by(front).press(c, "forward", "agency", committee)
	w.people[clerk].Officer.Grants[0].Scope.Agency = committee
	path := "/console/complaints/case/" + c.Code
	const words = `Không thuộc <b>xã</b> này & "nơi khác"`
	w.by(clerk)
	a := w.press(c, "return", "step", "look", "find", "sở nội vụ", "reason", "not_ours", "text", words)
	w.wants("found", a, 200, "Sở Nội vụ", words+"</textarea>", `<option value="not_ours" selected`, `value="sở nội vụ"`)
	if now := w.now1(c); now.Returns != 0 || now.Lead != committee {
		t.Fatalf("the search returned it: %+v", now)
	}
	a = w.press(c, "return", "step", "look", "find", "sở y tế", "reason", "not_ours", "text", words, "agency", "hp-so-noi-vu")
	w.wants("chosen before, found now", a, 200, `value="hp-so-noi-vu" checked`, `value="hp-so-y-te"`, words+"</textarea>")
	for range 2 {
		w.by(clerk).press(c, "return", "reason", "not_ours", "text", words)
		w.by(front).press(c, "forward", "agency", committee)
	}
	w.by(front)
	form := w.get(path + "/do/bind")
	a = w.press(c, "bind", "step", "look", "asked", field(t, form.body, "asked"), "why", words, "find", "sở nội vụ", "field", c.Field, "place", w.placeName(), "joint", "hp-so-y-te")
	w.wants("words of a decision", a, 200, `value="hp-so-noi-vu"`)
	if got := field(t, a.body, "asked"); got != field(t, form.body, "asked") {
		t.Errorf("it was asked about %q", got)
	}
	if !strings.Contains(a.text(), `value="`+words+`"`) {
		t.Errorf("the reason is gone:\n%s", middle(a.text()))
	}
	// Another place: the reason stays, what was chosen for this place does not.
	a = w.press(c, "bind", "step", "look", "asked", field(t, a.body, "asked"), "why", words, "agency", committee, "field", c.Field, "place", "Thanh Hà")
	w.wants("places of a name", a, 200, "Chọn một nơi", `name="pick" value="`)
	id := regexp.MustCompile(`name="pick" value="([^"]+)"`).FindStringSubmatch(a.body)[1]
	a = w.press(c, "bind", "pick", id, "asked", field(t, a.body, "asked"), "why", words, "agency", committee, "field", c.Field, "place", "Thanh Hà")
	w.wants("the place chosen", a, 200, `name="place_id" value="`+id+`"`)
	if !strings.Contains(a.text(), `value="`+words+`"`) || strings.Contains(a.body, `value="`+committee+`" checked`) {
		t.Errorf("after the choice of a place:\n%s", a.text())
	}
	w.wants("decided", w.press(c, "bind", "agency", committee, "why", words, "find", "x", "asked", "y"), 200, "Đã quyết định")
	w.quiet()
}

// Praise may have no field: nothing stands in its place.
func TestACaseWithoutAField(t *testing.T) {
	w := newWorld(t)
	c := w.scene(func(d *cases.Draft) { d.Kind, d.Field = cases.Praise, "" })
	w.by(front)
	for _, p := range []string{"", "/desk", "/case/" + c.Code, "/case/" + c.Code + "/slip"} {
		a := w.get("/console/complaints" + p)
		w.wants("praise "+p, a, 200, "Lời khen")
		w.lacks("praise "+p, a, "Lời khen · ·", "Lời khen ·  ·", "Lời khen</b>, <", "Lời khen, <")
	}
}

// Whoever finds a denunciation seals it: it is gone from every list, page and
// file, the liaison alone hands it over and deletes it.
func TestSealing(t *testing.T) {
	w := newWorld(t)
	c := w.scene(func(d *cases.Draft) {
		d.What = "Tôi biết ông trưởng thôn lấy tiền của dân, có giấy tờ"
	})
	path := "/console/complaints/case/" + c.Code
	w.wants("explained", w.get(path+"/do/seal"), 200, "phải được giữ kín", "tôi không xem lại được")
	w.wants("not confirmed", w.press(c, "seal", "why", "tố cáo"), 422, "Đọc lại và đánh dấu ô này")
	w.wants("sealed", w.press(c, "seal", "why", "tố cáo trưởng thôn", "sure", "1"), 200, "Đã niêm kín")
	for _, token := range []string{clerk, head, front} {
		w.by(token)
		for _, p := range []string{"", "/slip", "/answer", "/do/note"} {
			if a := w.get(path + p); a.status != 404 {
				t.Errorf("%s after sealing: status %d", p, a.status)
			}
		}
		w.lacks("lists", w.get("/console/complaints?q="+c.Code), ">"+c.Code+"<")
		w.lacks("lists", w.get("/console/complaints"), ">"+c.Code+"<")
		if a := w.get("/console/complaints/sealed"); a.status != 404 && a.status != 403 {
			t.Errorf("the sealed list for %s: status %d", token[:1], a.status)
		}
	}
	w.by(liaison)
	w.wants("his list", w.get("/console/complaints/desk"), 200, "Phản ánh niêm kín", c.Code, "Chờ bàn giao")
	w.wants("his list", w.get("/console/complaints"), 200, "Phản ánh niêm kín")
	w.lacks("his list", w.get("/console/complaints/sealed"), "trưởng thôn", "Zwxqname")
	sealed := "/console/complaints/sealed/" + c.Code
	a := w.get(sealed)
	w.wants("the case", a, 200, "trưởng thôn lấy tiền", "Đã bàn giao", "Không phải tố cáo")
	w.lacks("not yet", a, "Xóa vĩnh viễn")
	step := func(name string, status int, want string, pairs ...string) {
		t.Helper()
		f := url.Values{"version": {field(t, w.get(sealed).body, "version")}}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		w.wants(name, w.post(sealed, f), status, want)
	}
	step("without a receipt", 422, "Ghi nơi nhận", "step", "hand_over")
	step("nonsense", 404, "", "step", "dance")
	step("too early", 422, "Cần bàn giao", "step", "purge", "typed", c.Code)
	step("handed over", 200, "Đã ghi bàn giao", "step", "hand_over", "to", "Thanh tra thành phố, văn bản 7")
	step("typed wrong", 422, "Gõ "+c.Code+" để xóa", "step", "purge", "typed", "K7M3-9QX2")
	step("deleted", 200, "Đã xóa vĩnh viễn", "step", "purge", "typed", strings.ToLower(c.Code))
	if a := w.get(sealed); a.status != 404 {
		t.Errorf("after the purge: status %d", a.status)
	}
	w.wants("a count stays", w.get("/console/complaints/sealed"), 200, "Đã xóa: 1")

	other := w.by(clerk).scene()
	w.press(other, "seal", "why", "nhầm", "sure", "1")
	w.by(liaison)
	sealed = "/console/complaints/sealed/" + other.Code
	step("no reason", 422, "Ghi lý do", "step", "unseal")
	step("it was none", 200, "Đã mở niêm", "step", "unseal", "why", "chỉ là phản ánh")
	w.wants("at the front desk", w.by(front).get("/console/complaints/desk"), 200, other.Code)
	w.quiet()
}

// The terms: in words, with their source; a change needs a decision and counts from now on.
func TestTerms(t *testing.T) {
	w := newWorld(t)
	w.by(front)
	a := w.get("/console/complaints/terms")
	w.wants("list", a, 200, "Đầu mối chuyển cơ quan", "5 ngày làm việc", "92/2017/NĐ-CP", "Luật", "Chưa đổi mục nào")
	for _, sp := range cases.Specs() {
		if a := w.get("/console/complaints/terms?key=" + url.QueryEscape(sp.Key)); a.status != 200 || !strings.Contains(a.body, `id="edit"`) {
			t.Errorf("%s has no form: status %d", sp.Key, a.status)
		}
	}
	set := func(pairs ...string) answer {
		f := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return w.post("/console/complaints/terms", f)
	}
	w.wants("no decision", set("key", "forward", "value", "3", "unit", "wd"), 422, "Ghi số văn bản")
	for _, bad := range []string{"0", "-1", "abc", "401", ""} {
		w.wants("value "+bad, set("key", "forward", "value", bad, "unit", "wd", "why", "QĐ 1"), 422, "Mức này không dùng được")
	}
	w.wants("set", set("key", "forward", "value", "3", "unit", "wd", "why", "QĐ 15/QĐ-UBND"), 200, "Đã lưu: Đầu mối chuyển cơ quan", "3 ngày làm việc", "đã đổi", "QĐ 15/QĐ-UBND", "Lê Đầu Mối")
	w.wants("for one body", set("key", "approval_direct", "value", "yes", "body", "Sở Nội vụ", "why", "QĐ 16"), 200, "Sở Nội vụ")
	w.wants("for none", set("key", "approval_direct", "value", "yes", "body", "Zwxq", "why", "QĐ 16"), 422, "Chưa tìm được cơ quan này")
	w.wants("back", set("key", "forward", "back", "1", "why", "hết thí điểm"), 200, "Về mặc định")
	w.wants("no such setting", set("key", "nonsense", "value", "1", "why", "x"), 404)
	a = w.get("/console/complaints/terms?key=evidence_fields")
	w.wants("fields by their names", a, 200, `name="value" value="moi-truong" checked`, `name="value" value="y-te">`, "Môi trường, rác thải, khoáng sản, nước</span>")
	w.lacks("ids to type", a, "Mã các lĩnh vực", `id="f-value"`)
	fields := url.Values{"key": {"evidence_fields"}, "why": {"QĐ 19"}, "value": {"moi-truong", "y-te"}}
	w.wants("a name that is none", set("key", "evidence_fields", "value", "môi trường", "why", "QĐ 19"), 422, "Mức này không dùng được")
	w.wants("none at all", set("key", "evidence_fields", "why", "QĐ 19"), 422, "Mức này không dùng được")
	fields.Set("why", "")
	w.wants("what was ticked stays", w.post("/console/complaints/terms", fields), 422, `value="y-te" checked`, `value="giao-thong">`)
	fields.Set("why", "QĐ 19")
	w.wants("set by ticks", w.post("/console/complaints/terms", fields), 200, "Đã lưu: Lĩnh vực cần ảnh", "Y tế, an toàn thực phẩm")
	terms, err := w.desk.Terms(t.Context())
	must(t, err)
	if terms["evidence_fields"] != "moi-truong,y-te" {
		t.Errorf("fields: %q", terms["evidence_fields"])
	}
	w.wants("the paper of Da Nang by its name", w.get("/console/complaints/terms"), 200, "(Đà Nẵng, 2021)")
	w.by(owner)
	w.wants("the owner too", set("key", "close_after", "value", "20", "why", "QĐ 17"), 200, "Đã lưu")
	w.by(liaison)
	w.wants("a controller of another body", set("key", "close_after", "value", "30", "why", "QĐ 18"), 403, "người có thẩm quyền khác")
}

// Canned answers: of one's own body, or of all by the front desk; two editors at
// once; removed and brought back.
func TestCannedAnswers(t *testing.T) {
	w := newWorld(t)
	edit := "/console/complaints/canned/edit"
	w.wants("empty", w.get("/console/complaints/canned"), 200, "Chưa có mẫu nào")
	w.wants("the form", w.get(edit), 200, "{mã} là mã phản ánh, {hạn} là hạn trả lời")
	for name, f := range map[string]url.Values{
		"Đặt tên cho mẫu":    {"body": {"x"}, "agency": {commune}},
		"Còn thiếu nội dung": {"title": {"x"}, "agency": {commune}},
		"Chọn lĩnh vực":      {"title": {"x"}, "body": {"x"}, "agency": {commune}, "field": {"khong-co"}},
		"Chọn một cơ quan":   {"title": {"x"}, "body": {"x"}, "agency": {elsewhere}},
		"Dài quá 120 chữ":    {"title": {strings.Repeat("x", 121)}, "body": {"x"}, "agency": {commune}},
	} {
		w.wants(name, w.post(edit, f), 422, name)
	}
	w.wants("saved", w.post(edit, url.Values{"title": {"<script>alert(1)</script>"}, "body": {"Chào anh/chị"}, "agency": {commune}, "field": {"xay-dung"}}), 200, "<script>alert(1)</script>", "Chào anh/chị")
	a := w.get(edit + "?id=1")
	version := field(t, a.body, "version")
	change := url.Values{"id": {"1"}, "version": {version}, "title": {"Xây dựng"}, "body": {"Bản một"}, "agency": {commune}}
	w.by(second)
	w.wants("the first", w.post(edit, change), 200, "Xây dựng")
	w.by(clerk)
	change.Set("body", "Bản hai")
	a = w.post(edit, change)
	w.wants("the second", a, 409, "Người khác vừa sửa mẫu này", "Bản hai")
	change.Set("version", field(t, a.body, "version"))
	w.wants("knowing", w.post(edit, change), 200, "Bản hai")
	w.by(stranger)
	w.lacks("another body", w.get("/console/complaints/canned"), "Bản hai")
	for _, p := range []string{edit + "?id=1", edit + "?id=9", edit + "?id=x"} {
		if a := w.get(p); a.status != 404 {
			t.Errorf("%s: status %d", p, a.status)
		}
	}
	if a := w.post("/console/complaints/canned/remove", url.Values{"id": {"1"}}); a.status != 404 {
		t.Errorf("somebody else removes it: status %d", a.status)
	}
	w.by(clerk)
	a = w.post("/console/complaints/canned/remove", url.Values{"id": {"1"}})
	w.wants("removed", a, 200, "Đã bỏ mẫu", "Chưa có mẫu nào")
	w.wants("brought back", w.undo(a), 200, "Bản hai")
	a = w.post("/console/complaints/canned/remove", url.Values{"id": {"1"}})
	w.post(edit, url.Values{"title": {"Khác"}, "body": {"Bản ba"}, "agency": {commune}})
	w.now = w.now.AddDate(0, 2, 0)
	w.post("/console/complaints/canned/remove", url.Values{"id": {"2"}})
	if gone := w.undo(a); gone.status != 404 {
		t.Errorf("brought back after two months: status %d", gone.status)
	}
}

// TestVisitorDenounces: what a visitor denounces is neither kept nor shown again, in
// whatever field it is typed and whatever kind is chosen; the number of an identity card is hidden on arrival.
func TestVisitorDenounces(t *testing.T) {
	w := newWorld(t)
	f := url.Values{
		"kind": {"petition"}, "what": {"Tôi xem lại giấy tờ của xã giúp tôi với"}, "field": {"xay-dung"}, "place": {w.placeName()},
		"day": {"2026-11-08"}, "name": {"Nguyễn Thị Zwxqname"}, "phone": {"0912345678"}, "consent": {"1"},
	}
	count := func() (n int) {
		must(t, w.db.Read().QueryRow(`select count(*) from complaints_cases`).Scan(&n))
		return n
	}
	before := count()
	for name, change := range map[string][2]string{
		"in the text":     {"what", "Tôi tố cáo ông Zwxq trưởng thôn nhận hối lộ 20 triệu đồng"},
		"in the landmark": {"landmark", "tôi tố cáo ông Zwxq nhận hối lộ 20 triệu đồng"},
		"by the field":    {"field", "tham-nhung-tieu-cuc"},
	} {
		g := url.Values{"key": {field(t, w.get("/console/complaints/new").body, "key")}}
		for k, v := range f {
			g[k] = v
		}
		g.Set(change[0], change[1])
		a := w.post("/console/complaints/new", g)
		w.wants(name, a, 422, "Đây là lời tố cáo", "không lưu lại")
		w.lacks(name, a, "Zwxq", "0912345678", "xem lại giấy tờ")
	}
	if n := count(); n != before {
		t.Errorf("%d cases were filed", n-before)
	}
	f.Set("key", field(t, w.get("/console/complaints/new").body, "key"))
	f.Set("what", "Giấy tờ ghi sai số căn cước 030 123 456 789, nhờ xã sửa giúp")
	a := w.post("/console/complaints/new", f)
	code := between(a.path, "/case/", "/slip")
	w.by(front)
	w.wants("the number is hidden", w.get("/console/complaints/case/"+code), 200, "ghi sai số căn cước •••")
	w.quiet()
}

// An officer files for a visitor: consent first, a slip with code and QR after,
// and pressing twice files once.
func TestVisitor(t *testing.T) {
	w := newWorld(t)
	a := w.get("/console/complaints/new")
	w.wants("the form", a, 200, "Tôi đồng ý để cán bộ ghi", "Họ tên")
	f := url.Values{
		"key": {field(t, a.body, "key")}, "kind": {"scene"}, "what": {"Nhà bên cạnh xây lấn ra ngõ chung"}, "field": {"xay-dung"}, "place": {w.placeName()},
		"landmark": {"gần chợ"}, "day": {"2026-11-08"}, "name": {"Nguyễn Thị Zwxqname"}, "phone": {"0912345678"}, "consent": {"1"}, "public": {"1"},
	}
	for name, drop := range map[string]string{"Cần người dân đồng ý": "consent", "Ghi ít nhất 15 chữ cái": "what", "Chọn lĩnh vực": "field",
		"Chưa tìm được nơi này": "place", "Ghi họ tên": "name", "Ghi số điện thoại": "phone", "Ngày đã qua": "day", "Chọn loại phản ánh": "kind"} {
		g := url.Values{}
		for k, v := range f {
			if k != drop {
				g[k] = v
			}
		}
		a := w.post("/console/complaints/new", g)
		w.wants(name, a, 422, name)
		if drop != "what" && !strings.Contains(a.text(), "xây lấn ra ngõ") {
			t.Errorf("without %s what was typed is lost", drop)
		}
	}
	g := url.Values{}
	for k, v := range f {
		g[k] = v
	}
	g.Set("day", "2026-12-01")
	w.wants("in the future", w.post("/console/complaints/new", g), 422, "Ngày đã qua")
	a = w.post("/console/complaints/new", f)
	w.wants("the slip", a, 200, "Phiếu nhận phản ánh", "slip.png", "Hẹn trả lời", "https://example.org/chat?ma=")
	again := w.post("/console/complaints/new", f)
	if again.path != a.path {
		t.Errorf("pressed twice: %s and %s", a.path, again.path)
	}
	code := between(a.path, "/case/", "/slip")
	png := w.get("/console/complaints/case/" + code + "/slip.png")
	if png.status != 200 || png.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(png.body, "\x89PNG") {
		t.Errorf("the QR code: status %d, %s", png.status, png.header.Get("Content-Type"))
	}
	w.wants("the case", w.get("/console/complaints/case/"+code), 200, "Gửi thay", "In phiếu nhận")

	// A visitor has no chat: a question would reach nobody, and the case would be closed because nobody answered.
	c, err := w.desk.ByCode(t.Context(), code, cases.Actor{Kind: cases.System})
	must(t, err)
	w.lacks("taken", w.press(c, "accept"), "/do/ask")
	w.lacks("the editor", w.get("/console/complaints/case/"+code+"/answer"), "/do/ask")
	w.wants("asked all the same", w.press(c, "ask", "text", "Nhà số mấy ạ?"), 422, "không dùng chat", "Nhà số mấy ạ?")
	if now := w.now1(c); now.State != cases.Accepted || now.Waits != 0 {
		t.Errorf("the case is %s after %d questions", now.State, now.Waits)
	}
	w.quiet()
}

// The slip is for the visitor who stands there: whoever took the case down prints it also
// when another body has it. More of the case he does not see, and nobody else sees even that.
func TestTheSlipOfACaseThatWentElsewhere(t *testing.T) {
	w := newWorld(t)
	f := url.Values{
		"key": {field(t, w.get("/console/complaints/new").body, "key")}, "kind": {"conduct"}, "what": {"Cán bộ một cửa bắt tôi đi lại bốn lần"}, "field": {"can-bo-cong-chuc"},
		"place": {w.placeName()}, "day": {"2026-11-08"}, "name": {"Nguyễn Thị Zwxqname"}, "phone": {"0912345678"}, "consent": {"1"},
	}
	a := w.post("/console/complaints/new", f)
	w.wants("the slip", a, 200, "Phiếu nhận phản ánh", "slip.png", "Hẹn trả lời", "Về danh sách")
	code := between(a.path, "/case/", "/slip")
	path := "/console/complaints/case/" + code
	w.lacks("the slip", a, `href="`+path+`"`, "Zwxqname", "0912345678", "bốn lần")
	w.wants("its picture", w.get(path+"/slip.png"), 200, "PNG")
	w.wants("the case itself", w.get(path), 404)
	w.by(second)
	for _, p := range []string{"/slip", "/slip.png"} {
		w.wants("a colleague", w.get(path+p), 404)
	}
	w.by(front).wants("the front desk", w.get(path+"/slip"), 200, "Mở phản ánh")
	c, err := w.desk.ByCode(t.Context(), code, cases.Actor{Kind: cases.System})
	must(t, err)
	w.press(c, "seal", "why", "tố cáo", "sure", "1")
	w.by(clerk).wants("sealed", w.get(path+"/slip"), 404)
	w.quiet()
}

// placeName is how the place of the tests is typed.
func (w *world) placeName() string {
	return between(w.get("/console/complaints/case/"+w.scene().Code).text(), "<dd><b>", "</b>")
}

// Cases about the same thing are proposed, linked, shown and unlinked; none is dropped.
func TestCasesAboutTheSame(t *testing.T) {
	w := newWorld(t)
	same := func(d *cases.Draft) {
		d.What = "Nhà hàng xóm đang xây lấn hẳn ra giữa ngõ chung của xóm"
	}
	one, two := w.scene(same), w.scene(same)
	path := "/console/complaints/case/" + two.Code
	a := w.get(path)
	w.wants("proposed", a, 200, "Có thể cùng một việc", one.Code, "Gắn cùng việc")
	w.wants("the form knows", w.get(path+"/do/link?with="+one.Code), 200, one.Code)
	w.wants("no code", w.press(two, "link", "code", "xyz"), 422, "Mã có 8 ký tự")
	w.wants("a typo", w.press(two, "link", "code", typo(one.Code)), 422, "chữ gõ nhầm")
	w.wants("itself", w.press(two, "link", "code", two.Code), 422, "Không gắn được")
	a = w.press(two, "link", "code", strings.ToLower(one.Code))
	w.wants("linked", a, 200, "Đã gắn "+two.Code, "Cùng việc với")
	w.wants("seen from the other", w.get("/console/complaints/case/"+one.Code), 200, "Phản ánh khác gắn vào đây", two.Code)
	w.wants("undone", w.undo(a), 200, "Đã bỏ gắn")
}

// typo exchanges two symbols.
func typo(code string) string {
	b := []byte(code)
	for i := range 3 {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
	return "0000-0001"
}

// Every page in both languages and both forms of address, in each state that an
// officer can bring a case into, says nothing in keys and breaks nowhere.
func TestEveryPageInBothLanguages(t *testing.T) {
	w := newWorld(t)
	fresh, busy, asked, done, refused := w.scene(), w.scene(), w.scene(), w.scene(), w.scene()
	atDesk := w.scene(conduct)
	w.press(busy, "accept")
	w.press(asked, "accept")
	w.press(asked, "ask", "text", "Nhà số mấy ạ?")
	w.answer(done)
	w.by(head)
	w.press(busy, "extend", "days", "3", "why", "chờ đo đạc")
	w.press(refused, "refuse", "reason", "outside", "text", "Anh/chị gửi tòa án", "sure", "1")
	w.by(front).press(atDesk, "assign", "officer", fmt.Sprint(w.people[front].Officer.ID))
	for _, token := range []string{head, front} {
		for _, voice := range [][2]string{{"vi", "plain"}, {"vi", "comrade"}, {"en", "plain"}} {
			s := w.people[token]
			s.Lang, s.Form = voice[0], voice[1]
			w.people[token] = s
			w.by(token)
			var paths []string
			for _, p := range []string{"", "?q=x&tab=open&due=soon", "/desk", "/terms", "/terms?key=accept/scene", "/figures", "/canned", "/canned/edit", "/new", "/sealed", "/export"} {
				paths = append(paths, "/console/complaints"+p)
			}
			for _, c := range []cases.Case{fresh, busy, asked, done, refused, atDesk} {
				for _, p := range []string{"", "/answer", "/slip"} {
					paths = append(paths, "/console/complaints/case/"+c.Code+p)
				}
			}
			for _, c := range []cases.Case{busy, atDesk} {
				for _, action := range cases.Actions() {
					paths = append(paths, "/console/complaints/case/"+c.Code+"/do/"+string(action))
				}
			}
			for _, p := range paths {
				if a := w.get(p); a.status >= 500 {
					t.Errorf("%s: status %d", p, a.status)
				}
			}
		}
	}
	if log := w.log.String(); strings.Contains(log, "cannot be rendered") {
		i := strings.Index(log, "cannot be rendered")
		t.Errorf("the log: %s", log[max(0, i-200):min(len(log), i+300)])
	}
	w.quiet()
}
