package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"cchcbot/bot"
	"cchcbot/bot/store"
	"cchcbot/handlers/complaints/cases"
)

// The filters of the inbox: what matches is there, what does not is not, and
// nonsense is told beside its field.
func TestFilters(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	other := w.scene(func(d *cases.Draft) {
		d.Field, d.What = "moi-truong", "Rác chất đống ở ngõ sau chợ mấy hôm nay"
	})
	w.press(other, "accept")
	mine := w.people[clerk].Officer.ID
	for query, want := range map[string]cases.Case{
		"field=xay-dung":                c,
		"field=moi-truong":              other,
		"tab=forwarded":                 c,
		"tab=accepted":                  other,
		"officer=me":                    other,
		"officer=nobody":                c,
		fmt.Sprintf("officer=%d", mine): other,
		"q=" + c.Code:                   c,
		"q=" + strings.ToLower(strings.ReplaceAll(c.Code, "-", "")): c,
		"q=" + url.QueryEscape("rac chat dong"):                     other,
	} {
		a := w.get("/console/complaints?" + query)
		w.wants(query, a, 200, want.Code)
		not := c
		if want.Code == c.Code {
			not = other
		}
		w.lacks(query, a, ">"+not.Code+"<")
	}
	for query, n := range map[string]int{
		"place=" + url.QueryEscape(w.placeName()): 3, "place=w10532": 3, "place=" + url.QueryEscape("xã Thanh Miện"): 0,
		"since=2026-11-09": 3, "since=2026-11-10": 0, "until=2026-11-08": 0, "until=08/11/2026": 0, "kind=scene": 3, "kind=rule": 0,
		"due=overdue": 0, "officer=me&q=khong+co+tu+nay": 0, "joint=1": 3, "officer=xyz": 3, "body=nonsense-only-desk-reads-it": 3,
	} {
		a := w.get("/console/complaints?" + query)
		if got := strings.Count(a.body, "data-row"); got != n && !(n == 0 && a.status == 200 && got == 0) {
			t.Errorf("%s: %d rows, want %d (status %d)", query, got, n, a.status)
		}
	}
	for query, text := range map[string]string{
		"place=Zwxq":       "Chưa tìm được nơi này",
		"since=hôm qua":    "Ngày viết như 25/11/2026.",
		"until=2026-02-31": "Ngày viết như 25/11/2026.",
	} {
		key, value, _ := strings.Cut(query, "=")
		w.wants(query, w.get("/console/complaints?"+key+"="+url.QueryEscape(value)), 422, text)
	}
	w.now = w.now.AddDate(0, 0, 20)
	w.wants("late", w.get("/console/complaints?due=overdue"), 200, "Quá hạn", c.Code, other.Code)
	w.wants("an old place leads to the new one", w.get("/console/complaints?place="+url.QueryEscape("Phường Bình Hàn")), 200)
	if a := w.get("/console/complaints?after=nonsense"); a.status != 422 {
		t.Errorf("a forged cursor: status %d", a.status)
	}
}

// Pages follow each other by key; each case is on one of them.
func TestPagesOfTheInbox(t *testing.T) {
	w := newWorld(t)
	want := map[string]bool{}
	for range 53 {
		want[w.scene().Code] = true
	}
	a := w.get("/console/complaints")
	next := ""
	if i := strings.Index(a.body, `rel="next" href="`); i > 0 {
		next, _, _ = strings.Cut(a.body[i+len(`rel="next" href="`):], `"`)
	}
	if strings.Count(a.body, "data-row") != 50 || next == "" {
		t.Fatalf("%d rows, next %q", strings.Count(a.body, "data-row"), next)
	}
	b := w.get(strings.ReplaceAll(next, "&amp;", "&"))
	for code := range want {
		if strings.Contains(a.body, ">"+code+"<") == strings.Contains(b.body, ">"+code+"<") {
			t.Errorf("%s is on both pages or on none", code)
		}
	}
	w.wants("counts", a, 200, `Đang mở <span class="count">53</span>`)
}

// An officer who has a place has its inbox, whoever answers there, with its counts.
func TestTheInboxOfAPlace(t *testing.T) {
	w := newWorld(t)
	there := w.scene(func(d *cases.Draft) { d.Place.ID = "w10507" })
	for range 51 {
		w.scene()
	}
	o := w.people[clerk]
	o.Officer.Grants = []bot.Grant{{Role: bot.RoleOfficer, Scope: bot.Scope{Place: "w10507"}}}
	w.people[clerk] = o
	a := w.get("/console/complaints")
	w.wants("his place", a, 200, there.Code, `Đang mở <span class="count">1</span>`, "Phản ánh, kiến nghị – ")
	if n := strings.Count(a.body, "data-row"); n != 1 || strings.Contains(a.body, `rel="next"`) {
		t.Errorf("%d rows", n)
	}
	w.wants("the figures are of the bodies there", w.get("/console/complaints/figures"), 200)
	w.lacks("not of the others", w.get("/console/complaints/figures"), ">51<")

}

// Who acts for the body that the first cases complain about is not shown them; the way to the others stays.
func TestAPageOfWhatHeMayNotSee(t *testing.T) {
	w := newWorld(t)
	for range 51 {
		if c := w.scene(func(d *cases.Draft) { d.Named = committee }); c.Lead == "" {
			t.Fatal("nobody leads it")
		}
	}
	w.now = w.now.Add(48 * time.Hour)
	other := w.scene()
	o := w.people[clerk]
	o.Officer.Grants = []bot.Grant{{Role: bot.RoleOfficer, Scope: bot.Scope{Place: "w10532"}}, {Role: bot.RoleOfficer, Scope: bot.Scope{Agency: committee}}}
	w.people[clerk] = o
	a := w.get("/console/complaints")
	_, next, found := strings.Cut(a.body, `rel="next" href="`)
	next, _, _ = strings.Cut(next, `"`)
	if strings.Contains(a.body, "data-row") || !found {
		t.Fatalf("the page has rows, or no next one:\n%s", middle(a.text()))
	}
	w.wants("the next page", w.get(strings.ReplaceAll(next, "&amp;", "&")), 200, other.Code)
}

// Many are given at once; one that somebody changed meanwhile stays as it is.
func TestMassAssignment(t *testing.T) {
	w := newWorld(t)
	one, two := w.scene(), w.scene()
	away := w.scene(func(d *cases.Draft) { d.Place.ID = "w10507" })
	w.by(head)
	page := w.get("/console/complaints").body
	w.by(second).press(two, "accept")
	w.by(head)
	to := fmt.Sprint(w.people[second].Officer.ID)
	f := url.Values{"officer": {to}, "back": {"/console/complaints?tab=open"}, "case": {field2(page, one.Code), field2(page, two.Code), "nonsense", away.Code + ":1"}}
	a := w.post("/console/complaints/assign", f)
	w.wants("mixed", a, 200, "Đã giao 1 phản ánh. 2 phản ánh chưa giao được", two.Code+": vừa có người khác xử lý", away.Code+": không có, hoặc không thuộc quyền giao")
	if got := w.now1(one).Officer; fmt.Sprint(got) != to {
		t.Errorf("assigned to %d", got)
	}
	for name, f := range map[string]url.Values{
		"Chọn từ 1 đến 100": {"officer": {to}}, "Chọn người nhận trước": {"case": {field2(page, one.Code)}},
	} {
		w.wants(name, w.post("/console/complaints/assign", f), 200, name)
	}
	far := url.Values{"officer": {to}, "back": {"https://evil.example/"}, "case": {one.Code + ":9"}}
	if a := w.post("/console/complaints/assign", far); !strings.HasPrefix(a.path, "/console/complaints") {
		t.Errorf("it leads back to %s", a.path)
	}
	// One by one it can be undone.
	a = w.press(one, "assign", "officer", fmt.Sprint(w.people[head].Officer.ID))
	w.wants("to himself", a, 200, "Đã giao "+one.Code)
	w.undo(a)
	if got := w.now1(one).Officer; fmt.Sprint(got) != to {
		t.Errorf("after the undo it is with %d", got)
	}
	w.by(clerk)
	w.wants("a clerk gives it to others", w.press(one, "assign", "officer", to+"0"), 403, "lãnh đạo đơn vị")
}

// Only those are offered who may take one of the cases; what cannot be given is named, with the reason.
func TestWhoIsOfferedCases(t *testing.T) {
	w := newWorld(t)
	here, there := w.scene(), w.scene(func(d *cases.Draft) { d.Place.ID = "w10507" })
	away := w.people[stranger].Officer
	o := bot.Officer{ID: away.ID, Name: away.Name, Active: true, Email: away.Email, Grants: []bot.Grant{{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: there.Lead}}}}
	_, err := w.store.SaveOfficer(t.Context(), o, "cli")
	must(t, err)
	offered := func(a answer) string {
		return between(a.text(), `<select id="f-officer" name="officer"`, "</select>")
	}
	mass := func(path string) string {
		a := w.get(path)
		return offered(answer{body: a.body[strings.Index(a.body, `<div class="mass`):]})
	}
	w.by(front)
	if got := mass("/console/complaints?place=w10532"); strings.Contains(got, away.Name) || !strings.Contains(got, "Vũ Thị Nhàn") || strings.Contains(got, "Bùi Chủ Trì") || strings.Contains(got, "Chưa giao ai") {
		t.Errorf("for the cases of one body: %s", got)
	}
	if got := mass("/console/complaints"); !strings.Contains(got, away.Name) || !strings.Contains(got, "Vũ Thị Nhàn") {
		t.Errorf("for the cases of two bodies: %s", got)
	}
	page := w.get("/console/complaints").body
	a := w.post("/console/complaints/assign", url.Values{"officer": {fmt.Sprint(away.ID)}, "case": {field2(page, here.Code), field2(page, there.Code)}})
	w.wants("half", a, 200, "Đã giao 1 phản ánh. 1 phản ánh chưa giao được", here.Code+": người được chọn không thuộc đơn vị đang xử lý")
	if w.now1(here).Officer != 0 || w.now1(there).Officer != away.ID {
		t.Error("given to the wrong one")
	}
	w.by(clerk) // gives nothing to others: he is offered himself
	if got := mass("/console/complaints"); strings.Contains(got, "Vũ Thị Nhàn") || !strings.Contains(got, "Tôi (") {
		t.Errorf("a clerk is offered %s", got)
	}
	if got := offered(w.get("/console/complaints/case/" + here.Code + "/do/assign")); strings.Contains(got, "Vũ Thị Nhàn") || !strings.Contains(got, "Tôi (") {
		t.Errorf("a clerk is offered for one %s", got)
	}
	page = w.get("/console/complaints").body
	a = w.post("/console/complaints/assign", url.Values{"officer": {fmt.Sprint(w.people[second].Officer.ID)}, "case": {field2(page, here.Code)}})
	w.wants("a clerk gives to others", a, 200, here.Code+": anh/chị chỉ nhận việc cho mình")
	w.by(head)
	if got := offered(w.get("/console/complaints/case/" + here.Code + "/do/assign")); !strings.Contains(got, "Vũ Thị Nhàn") || strings.Contains(got, away.Name) {
		t.Errorf("the head is offered %s", got)
	}
	// However many they are, the message is short enough to be shown.
	f := url.Values{"officer": {fmt.Sprint(away.ID)}}
	for range 100 {
		f.Add("case", w.scene().Code+":1")
	}
	w.wants("very many", w.post("/console/complaints/assign", f), 200, "100 phản ánh chưa giao được", "và 90 phản ánh khác")
}

// field2 is the value of the tick of a case.
func field2(page, code string) string {
	i := strings.Index(page, `value="`+code+":")
	if i < 0 {
		return code + ":1"
	}
	v, _, _ := strings.Cut(page[i+len(`value="`):], `"`)
	return v
}

// The Excel file holds what the list shows, times as times, and nothing that a
// spreadsheet would compute; it says so when it was cut.
func TestExport(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept") // by somebody whose name begins with =
	a := w.get("/console/complaints/export?tab=open")
	if a.status != 200 || !strings.Contains(a.header.Get("Content-Disposition"), "phan-anh-20261109-0900.xlsx") {
		t.Fatalf("status %d, %v", a.status, a.header)
	}
	file, err := excelize.OpenReader(bytes.NewReader([]byte(a.body)))
	must(t, err)
	defer func() { must(t, file.Close()) }()
	rows, err := file.GetRows("1")
	must(t, err)
	if len(rows) != 3 || rows[2][0] != c.Code || rows[2][7] != "'=Phạm <b>Hoa</b>" || rows[2][8] != "09/11/2026 09:00" {
		t.Errorf("rows: %q", rows)
	}
	for _, row := range rows {
		for _, v := range row {
			if v != "" && strings.ContainsAny(v[:1], "=+-@") {
				t.Errorf("a cell begins like a formula: %q", v)
			}
			for _, secret := range []string{"Zwxqname", "0912", "lấn ra ngõ"} {
				if strings.Contains(v, secret) {
					t.Errorf("the file says %q", secret)
				}
			}
		}
	}
	for cell := range 15 {
		name, _ := excelize.CoordinatesToCellName(cell+1, 3)
		if f, err := file.GetCellFormula("1", name); err != nil || f != "" {
			t.Errorf("%s holds a formula %q, %v", name, f, err)
		}
	}
	lines, err := w.store.ListAudit(t.Context(), store.AuditFilter{})
	must(t, err)
	found := false
	for _, l := range lines {
		found = found || l.Action == "complaints.export" && l.Detail == "1 rows"
	}
	if !found {
		t.Error("the export is not in the audit trail")
	}
	w.wants("a filter that is wrong is told on the list", w.get("/console/complaints/export?since=x"), 422, "Ngày viết như")
	w.by(stranger)
	a = w.get("/console/complaints/export")
	file2, err := excelize.OpenReader(bytes.NewReader([]byte(a.body)))
	must(t, err)
	defer func() { must(t, file2.Close()) }()
	if rows, err := file2.GetRows("1"); err != nil || len(rows) != 2 {
		t.Errorf("somebody else's file: %q, %v", rows, err)
	}
}

// Figures: counts by body, no share of few, and only what is the officer's.
func TestFigures(t *testing.T) {
	w := newWorld(t)
	for range 11 {
		c := w.scene()
		w.answer(c)
	}
	late := w.scene()
	w.now = w.now.AddDate(0, 0, 15)
	w.answer(late)
	w.by(front)
	a := w.get("/console/complaints/figures?since=2026-11-01&until=2026-11-30")
	w.wants("all", a, 200, "11 <small>(92%)</small>", "(ít, không tính tỷ lệ)", "12")
	w.by(owner)
	w.wants("the owner", w.get("/console/complaints"), 200, "Số liệu phản ánh")
	w.by(stranger)
	a = w.get("/console/complaints/figures?since=2026-11-01&until=2026-11-30")
	w.wants("another body", a, 200, "Chưa có câu trả lời nào")
	w.wants("a wrong day", w.get("/console/complaints/figures?since=x"), 422, "Ngày viết như")

	figures, err := w.feature.Figures(t.Context(), bot.Period{}, bot.Scope{Agency: commune})
	must(t, err)
	if len(figures) != 4 || figures[0].Value != 0 {
		t.Errorf("figures of the body: %+v", figures)
	}
	w.scene()
	w.now = w.now.AddDate(0, 0, 30)
	for _, scope := range []bot.Scope{{Agency: commune}, {Agency: frontDesk}, {}} {
		figures, err := w.feature.Figures(t.Context(), bot.Period{}, scope)
		must(t, err)
		for _, f := range figures[:4] {
			if want := map[string]float64{"complaints.desk_figure_open": 1, "complaints.desk_figure_new": 1, "complaints.desk_figure_overdue": 1}[f.Key]; f.Value != want {
				t.Errorf("%v: %s is %v", scope, f.Key, f.Value)
			}
			w.by(front)
			if a := w.get(f.Link); a.status != 200 {
				t.Errorf("%s: status %d", f.Link, a.status)
			}
		}
	}
}

// The page of a case that was opened again shows with each answer what was said about it.
func TestRatingsOfEachAnswer(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.answer(c)
	sender := cases.Actor{Kind: cases.Citizen, Person: bot.PersonID(1000 + drafts), Via: "telegram"}
	no := false
	for _, cmd := range []cases.Command{{Action: cases.Rate, Rating: cases.Rating{Solved: &no, Overall: 2}}, {Action: cases.Reopen}} {
		must(t, w.works.Do(t.Context(), func(ctx context.Context, work *bot.Work) error {
			_, err := w.desk.Do(ctx, work, c.ID, sender, cmd)
			return err
		}))
	}
	a := w.by(front).get("/console/complaints/case/" + c.Code)
	w.wants("opened again", a, 200, "Mức chung: 2/5.", "Chưa hài lòng")
	if n := strings.Count(a.text(), "Mức chung"); n != 1 {
		t.Errorf("%d ratings on the page", n)
	}
}

// What no body has yet is a row of its own, for those who see every case.
func TestFiguresOfTheFrontDesk(t *testing.T) {
	w := newWorld(t)
	c, loose := w.scene(), w.scene(conduct)
	if c.Lead == "" || loose.Lead != "" {
		t.Fatalf("with %q and %q", c.Lead, loose.Lead)
	}
	row := func(a answer, name string) string {
		return strings.Join(strings.Fields(between(a.text(), name, "</tr>")), " ")
	}
	a := w.by(front).get("/console/complaints/figures")
	if got := row(a, `<td><a href="/console/complaints/desk">Đầu mối tiếp nhận</a>`); !strings.Contains(got, ">1</td>") {
		t.Errorf("at the front desk: %q in\n%s", got, middle(a.text()))
	}
	for _, token := range []string{clerk, stranger} {
		w.lacks("a body has no front desk", w.by(token).get("/console/complaints/figures"), "/console/complaints/desk\">Đầu mối tiếp nhận")
	}
	// The owner watches and handles none: his figures lead to no list that is closed to him.
	a = w.by(owner).get("/console/complaints/figures")
	w.wants("the owner", a, 200, "<td>Đầu mối tiếp nhận</td>")
	w.lacks("the owner", a, `<td><a href=`)
}

// A last day before the first is told beside it, on the list and on the figures.
func TestAPeriodThatEndsBeforeItBegins(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	for _, page := range []string{"", "/figures"} {
		a := w.get("/console/complaints" + page + "?since=2026-11-10&until=2026-11-09")
		w.wants("wrong"+page, a, 422, "Ngày cuối phải từ ngày đầu trở đi")
		w.lacks("one day"+page, w.get("/console/complaints"+page+"?since=2026-11-09&until=2026-11-09"), "Ngày cuối phải")
	}
	w.wants("one day", w.get("/console/complaints?since=2026-11-09&until=2026-11-09"), 200, c.Code)
}

// Whatever the menu offers an officer opens, also for one who has no body or is the liaison.
func TestTheMenuLeadsSomewhere(t *testing.T) {
	w := newWorld(t)
	w.answer(w.scene())
	apart := w.people[stranger]
	apart.Officer.Grants = []bot.Grant{{Role: bot.RoleController, Scope: bot.Scope{Agency: elsewhere}}}
	w.people[stranger] = apart
	for _, token := range []string{clerk, head, front, liaison, owner, stranger} {
		w.by(token)
		for _, n := range w.feature.Nav {
			if !w.people[token].Officer.HasAny(n.Roles...) {
				continue
			}
			a := w.get(n.Path)
			w.wants(w.people[token].Officer.Name+" opens "+n.Path, a, 200)
			if token == stranger {
				w.lacks("the answers of others", a, "Phòng Kinh tế")
			}
		}
	}
	w.wants("without a body", w.by(stranger).get("/console/complaints/figures"), 200, "chưa gắn với đơn vị nào")
}

// answer takes a case all the way.
func (w *world) answer(c cases.Case) {
	w.t.Helper()
	w.by(clerk)
	w.press(c, "accept")
	path := "/console/complaints/case/" + c.Code + "/answer"
	w.upload(path, url.Values{"version": {fmt.Sprint(w.now1(c).Version)}, "text": {"Đã xử lý xong."}, "points": {"1"}, "next": {"1"}, "evidence": {"1"}, "step": {"save"}}, nil)
	w.post(path, url.Values{"version": {fmt.Sprint(w.now1(c).Version)}, "step": {"submit"}, "why": {"không cần ảnh"}})
	w.by(head).press(c, "approve")
	if got := w.now1(c); got.State != cases.Answered {
		w.t.Fatalf("%s is %s", c.Code, got.State)
	}
	w.by(clerk)
}

// An answer takes photos and documents; what lies about its type is told beside
// the field, and names are no paths and no markup.
func TestFilesOfAnAnswer(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept")
	path := "/console/complaints/case/" + c.Code + "/answer"
	pdf := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	f := url.Values{"version": {fmt.Sprint(w.now1(c).Version)}, "text": {"Xem biên bản."}, "points": {"1"}, "next": {"1"}, "step": {"save"}}
	a := w.upload(path, f, map[string][]byte{"../../<script>alert(1)</script>.pdf": pdf})
	w.wants("kept", a, 200, "Đã lưu câu trả lời", ".pdf")
	w.lacks("the name", a, "../..")
	f.Set("version", field(t, a.body, "version"))
	f.Set("keep", field(t, a.body, "keep"))
	bad := w.upload(path, f, map[string][]byte{"anh.jpg": []byte("MZ this is a program")})
	if bad.status != 422 || !strings.Contains(bad.text(), "Xem biên bản.") {
		t.Errorf("a file that lies: status %d", bad.status)
	}
	a = w.get("/console/complaints/case/" + c.Code)
	w.wants("the page", a, 200, "Câu trả lời đang soạn", ".pdf")
	link := between(a.body, `class="file" href="`, `"`)
	if got := w.get(strings.ReplaceAll(link, "&amp;", "&")); got.status != 200 || got.body != string(pdf) {
		t.Errorf("the file at %s: status %d", link, got.status)
	}
	f.Set("keep", "somebody-elses-file")
	if a := w.upload(path, f, nil); a.status == 200 {
		t.Error("a file that is not his was attached")
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// TestFilesOfOthersAreNotShown: an id that comes back with the form shows nothing of another case's file.
func TestFilesOfOthersAreNotShown(t *testing.T) {
	w := newWorld(t)
	c := w.scene()
	w.press(c, "accept")
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30))))
	theirs, err := w.media.Keep(t.Context(), cases.Thing("K7M3-9QX2"), "zwxq.png", &b)
	must(t, err)
	a := w.upload("/console/complaints/case/"+c.Code+"/answer", url.Values{"version": {fmt.Sprint(w.now1(c).Version)}, "step": {"insert"}, "canned": {"0"},
		"text": {"Đã xử lý xong."}, "keep": {theirs.ID}}, nil)
	w.wants("the form", a, 200, "Đã xử lý xong.")
	w.lacks("the form", a, theirs.ID, "zwxq")
}
