package desk_test

import (
	"context"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cchcbot/bot/bottest"
	"cchcbot/handlers/procedures/desk"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/vietnamese"
)

const entryOf = "/console/procedures/entry/"

func TestAChangeFromTheListToTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.Wants("list", w.Get("/console/procedures"), 200, "3 thủ tục phù hợp, trong 3", "Thủ tục đăng ký khai sinh", "Viết lại", "Đã lâu")
	w.Wants("entry", w.Get(entryOf+"1.001193"), 200, "Soạn sửa đổi", "Lần 1", "Đang dùng", "Tờ khai · 1 bản chính", "01/07/2026")
	draft := w.begin("1.001193", "fee", "8.000 đồng", "note", "Nghị quyết mới")
	a := w.Wants("the draft", w.Get(draft), 200, "Đang soạn", "Không thu", "8.000 đồng", "Nghị quyết mới", "cần một người khác đọc và duyệt")
	w.Lacks("its author does not review", a, "/do/review")
	w.Wants("and is told so", w.Post(draft+"/do/review", "version", "2", "hash", "x"), 403)
	w.By(chief)
	w.Wants("reviewed", w.act(draft, "review"), 200, "Đã duyệt")
	w.Lacks("a body does not publish", w.Get(draft), "/do/publish")
	w.By(control)
	w.Wants("not confirmed", w.act(draft, "publish"), 422, "Đánh dấu vào ô xác nhận")
	w.Wants("published", w.act(draft, "publish", "sure", "1"), 200, "Bot đang trả lời theo nội dung này", "Lần 2")
	if e, ok := w.live.ByCode("1.001193"); !ok || w.fee() != "8.000 đồng" {
		t.Errorf("the fee is %s, searched is %v", w.fee(), e)
	}
	if n, _ := w.live.Loaded(); n != 2 {
		t.Errorf("revision %d is searched, want 2 at once", n)
	}
	w.Wants("compared", w.Get(entryOf+"1.001193/compare?from=1&to=2"), 200, "Lệ phí", "Không thu", "8.000 đồng")
	w.Wants("in the history", w.Get(entryOf+"1.001193"), 200, "Đỗ Văn Trưởng duyệt", "Lấy lại bản này")
}

// A reason that was typed while somebody else did something is not typed twice.
func TestTheReasonOfAReturnSurvivesAConflict(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng")
	w.By(chief).Wants("reviewed", w.act(draft, "review"), 200, "Đã duyệt")
	a := w.Wants("of another version", w.Post(draft+"/do/return", "version", "1", "reason", "Mức thu ghi sai điều mấy?"), 409, "Mức thu ghi sai điều mấy?</textarea>", "<details open>")
	w.Wants("once more", w.Form(draft+"/do/return", bottest.Filled(a.Body)), 200, "Mức thu ghi sai điều mấy?", "Đang soạn")
}

func TestASavedFormThatNobodyTouchedChangesNothing(t *testing.T) {
	w := newWorld(t)
	a := w.Post(entryOf + "1.001193/draft")
	f := bottest.Filled(a.Body)
	f.Set("do", "save")
	w.Wants("the same", w.Form(strings.TrimSuffix(a.Path, "/edit")+"/edit", f), 200, "Không có gì khác")
}

// TestEveryEntryPassesTheEditor: what ships, and the national file where it is given, comes back from the form as it was.
func TestEveryEntryPassesTheEditor(t *testing.T) {
	w := newWorld(t)
	all, err := content.Embedded()
	must(t, err)
	if path := os.Getenv("CCHCBOT_NATIONAL_FILE"); path != "" {
		f, err := os.Open(path)
		must(t, err)
		defer f.Close()
		must(t, content.Read(context.Background(), path, f, content.ReadOptions{}, func(r content.Row) error {
			if r.Entry != nil && len(r.Problems) == 0 {
				all = append(all, r.Entry)
			}
			return nil
		}))
	}
	for _, e := range all {
		if got := desk.ThroughTheForm(w.Console, e, vietnamese.Clean); !reflect.DeepEqual(got, e) {
			t.Fatalf("%s comes back with other %v", e.Code, content.Compare(e, got))
		}
	}
	t.Log(len(all), "entries")
}

func TestRowsComeAndGoWithoutAScript(t *testing.T) {
	w := newWorld(t)
	a := w.Post(entryOf + "1.001193/draft")
	path := a.Path
	press := func(do string, pairs ...string) []string {
		t.Helper()
		f := bottest.Filled(a.Body)
		f.Set("do", do)
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		a = w.Wants(do, w.Form(path, f), 200)
		return bottest.Filled(a.Body)["documents.name"]
	}
	for _, tt := range []struct {
		do   string
		want []string
	}{
		{"add:documents", []string{"Tờ khai", "Giấy ủy quyền", ""}},
		{"up:documents:1", []string{"Giấy ủy quyền", "Tờ khai", ""}},
		{"up:documents:0", []string{"Giấy ủy quyền", "Tờ khai", ""}},
		{"drop:documents:0", []string{"Tờ khai", ""}},
		{"drop:documents:99", []string{"Tờ khai", ""}},
		{"drop:documents:x", []string{"Tờ khai", ""}},
		{"dance:steps:0", []string{"Tờ khai", ""}},
	} {
		if got := press(tt.do, "fee", "đang gõ dở"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.do, got, tt.want)
		}
	}
	if got := bottest.Filled(a.Body).Get("fee"); got != "đang gõ dở" {
		t.Errorf("what was typed became %q", got)
	}
	if w.fee() != "Không thu" {
		t.Error("a button of the rows saved")
	}
}

func TestMistakesStandBesideTheirFields(t *testing.T) {
	w := newWorld(t)
	a := w.Post(entryOf + "1.001193/draft")
	for key, tt := range map[string]struct{ value, want string }{
		"name":        {"", "Cần tên"},
		"valid_from":  {"mai", "Ngày chưa đúng"},
		"source_url":  {"ftp://x", "Liên kết cần bắt đầu"},
		"replaced_by": {"", "cần mã của thủ tục thay thế"},
	} {
		f := bottest.Filled(a.Body)
		f.Set("do", "save")
		f.Set(key, tt.value)
		f.Set("fee", "gõ rồi")
		if key == "replaced_by" {
			f.Set("status", "replaced")
		}
		got := w.Wants(key, w.Form(a.Path, f), 422, "Chưa lưu", tt.want, "gõ rồi")
		if !strings.Contains(got.Body, `aria-invalid="true"`) {
			t.Errorf("%s: no field is marked", key)
		}
	}
	w.bad = []entries.Finding{{Key: "summary", Words: "procedures.finding_empty", Error: true}, {Words: "procedures.finding_hidden"}}
	w.Wants("findings", w.Get(a.Path), 200, "Đang để trống")
	draft := strings.TrimSuffix(a.Path, "/edit")
	w.Wants("on the draft", w.Get(draft), 200, "Cần sửa trước khi duyệt: 1 chỗ", "Nói ngắn gọn cho dân", "Có ký tự ẩn")
	w.By(chief)
	w.Wants("no review", w.act(draft, "review"), 422, "còn 1 chỗ phải sửa")
}

func TestTwoEditorsAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.Post(entryOf + "1.001193/draft")
	mine := bottest.Filled(a.Body)
	mine.Set("do", "save")
	mine.Set("fee", "1 đồng")
	w.By(chief)
	theirs := bottest.Filled(w.Get(a.Path).Body)
	theirs.Set("do", "save")
	theirs.Set("fee", "2 đồng")
	w.Wants("the first", w.Form(a.Path, theirs), 200, "Đã lưu")
	w.By(clerk)
	got := w.Wants("the second", w.Form(a.Path, mine), 409, "Người khác vừa thay đổi", "1 đồng", "Xem bản người kia")
	again := bottest.Filled(got.Body)
	again.Set("do", "save")
	w.Wants("knowing", w.Form(a.Path, again), 200, "Đã lưu", "1 đồng")
}

func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng")
	w.By(stranger)
	w.Wants("another body reads what is published", w.Get(entryOf+"1.001193"), 200, "Trang này chỉ để xem")
	w.Lacks("and no draft", w.Get("/console/procedures/drafts"), "khai sinh")
	for _, p := range []string{draft, draft + "/edit", draft + "/preview", draft + "/page", "/console/procedures/draft/99", "/console/procedures/draft/x", entryOf + "none", entryOf + "1.001193/preview?revision=9"} {
		if a := w.Get(p); a.Status != 404 {
			t.Errorf("%s: status %d", p, a.Status)
		}
	}
	w.Wants("nor writes", w.Post(entryOf+"1.001193/draft"), 403)
	w.Wants("nor ends", w.Get(entryOf+"1.001193/end"), 403)
	w.Wants("nor acts", w.Post(draft+"/do/cancel", "version", "2"), 404)
	w.By(owner)
	w.Wants("the owner reads", w.Get(draft), 200, "8.000 đồng")
	w.Wants("and writes nothing", w.Post(draft+"/do/cancel", "version", "2"), 403)
	w.By(chief)
	w.Wants("no rollback by a body", w.Post("/console/procedures/revisions", "to", "1", "sure", "1", "reason", "x"), 403)
}

func TestALawAheadAndTakenBack(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng", "valid_from", "2027-01-01")
	w.By(chief)
	w.act(draft, "review")
	w.By(control)
	w.Wants("waits for its day", w.Get(draft), 200, "Hiệu lực từ 01/01/2027", "đầu ngày 01/01/2027")
	w.Lacks("it is not published before", w.Get(draft), "/do/publish")
	a := w.Wants("set", w.act(draft, "schedule"), 200, "sẽ có hiệu lực đầu ngày 01/01/2027", "Chờ đến ngày")
	w.Wants("undone", w.Undo(a), 200, "Đã thôi hẹn")
	a = w.act(draft, "cancel")
	w.Wants("given up", a, 200, "Đã hủy bản soạn")
	w.Wants("and taken up", w.Undo(a), 200, "Đã mở lại")
	w.Wants("nothing is kept for its day", w.Get("/console/procedures/drafts?state=scheduled"), 200, "Không có mục nào")
}

func TestReplacedByWhatIsThere(t *testing.T) {
	w := newWorld(t)
	end := entryOf + "1.000656/end?how=replace"
	w.Wants("the form", w.Get(end), 200, "Thay thế thủ tục")
	w.Wants("nothing given", w.Post(end), 422, "Cần ghi quyết định", "cần mã của thủ tục thay thế")
	w.Wants("a code that is none", w.Post(end, "replaced_by", "9.9", "decision", "QĐ 1"), 422, "Mã 9.9 chưa có trong kho")
	w.Wants("itself", w.Post(end, "replaced_by", "1.000656", "decision", "QĐ 1"), 422, "Mã 1.000656 là chính thủ tục này")
	w.Wants("begun", w.Post(end, "replaced_by", "1.001193", "decision", "QĐ 12/QĐ-UBND", "valid_to", "2027-01-01"), 200, "Thay thế:", "QĐ 12/QĐ-UBND", "Đã bị thay thế")
	w.Wants("abolished", w.Post(entryOf+"1.001193/end?how=abolish", "decision", "QĐ 13"), 200, "Bãi bỏ:")
}

func TestANewEntry(t *testing.T) {
	w := newWorld(t)
	path := "/console/procedures/new"
	w.Wants("the form", w.Get(path), 200, "Thêm thủ tục mới", "Hộ tịch")
	w.Wants("nothing", w.Post(path), 422, "Mã gồm", "Cần tên", "cơ quan khác")
	w.Wants("another body's field", w.Post(path, "code", "9.1", "name", "x", "field", "Quy hoạch xây dựng, kiến trúc"), 422, "cơ quan khác")
	w.Wants("a code that is taken", w.Post(path, "code", "1.001193", "name", "x", "field", "Hộ tịch"), 409, "đã có trong kho")
	w.Wants("begun", w.Post(path, "code", "9.000001", "name", "Cấp giấy mới", "field", "Hộ tịch"), 200, "Đã tạo bản soạn", "9.000001")
	w.Wants("among the drafts", w.Get("/console/procedures/drafts"), 200, "Cấp giấy mới", "Thêm mới")
	for query, found := range map[string]bool{"q=cap+giay": true, "q=9.0000": true, "q=giay+cap+ho+tich": true, "q=zzz": false, "by=people": true, "by=programs": false, "field=x": false} {
		if got := strings.Contains(w.Get("/console/procedures/drafts?"+query).Text(), "Cấp giấy mới"); got != found {
			t.Errorf("%s finds it: %v, want %v", query, got, found)
		}
	}
}

func TestRollbackAndRestore(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng")
	w.By(chief)
	w.act(draft, "review")
	w.By(control)
	w.act(draft, "publish", "sure", "1")
	path := "/console/procedures/revisions"
	w.Wants("listed", w.Get(path), 200, "Lần 2", "Lần 1", "thu-tuc.xlsx", "3 mới, 0 sửa")
	w.Wants("not confirmed", w.Post(path, "to", "1", "reason", "x"), 422, "Đánh dấu vào ô")
	w.Wants("no reason", w.Post(path, "to", "1", "sure", "1"), 422, "Cần ghi lý do")
	w.Wants("none chosen", w.Post(path, "reason", "x", "sure", "1"), 422, "Không có lần công bố này")
	w.Wants("none such", w.Post(path, "to", "77", "reason", "x", "sure", "1"), 409, "Không có lần công bố này")
	a := w.Wants("back", w.Post(path, "to", "1", "reason", "nhầm", "sure", "1"), 200, "Bot trả lời theo lần công bố 1", "Đã quay lui")
	if n, _ := w.live.Loaded(); n != 1 || w.fee() != "Không thu" {
		t.Errorf("revision %d is searched, the fee is %s", n, w.fee())
	}
	w.Wants("what was left behind is read", w.Get(entryOf+"1.001193/preview?revision=2&facet=fee"), 200, "8.000 đồng")
	w.Wants("and forward", w.Undo(a), 200, "theo lần công bố 2")
	a = w.Wants("restored as a draft", w.Post(entryOf+"1.001193/draft", "revision", "1"), 200, "Lấy lại nội dung của lần công bố 1")
	w.Wants("with its words", w.Get(strings.TrimSuffix(a.Path, "/edit")), 200, "8.000 đồng", "Không thu")
}

func TestPreviewOnEveryChannel(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng")
	a := w.Wants("the card", w.Get(draft+"/preview"), 200, "Telegram", "Zalo Bot", "Đăng ký khai sinh", "8.000 đồng", "Giấy tờ cần mang")
	if !strings.Contains(a.Text(), "1. ") {
		t.Error("without buttons the choices have no numbers")
	}
	w.Wants("a side", w.Get(draft+"/preview?facet=documents"), 200, "Tờ khai")
	w.Wants("nonsense is the card", w.Get(draft+"/preview?facet=nonsense"), 200, "8.000 đồng")
	page := w.Wants("the page", w.Get(draft+"/page"), 200, "8.000 đồng", "Giấy tờ cần mang")
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page of a draft may be kept: %s", page.Header.Get("Cache-Control"))
	}
}

func TestTheBoxExplains(t *testing.T) {
	w := newWorld(t)
	draft := w.begin("1.001193", "fee", "8.000 đồng")
	id := draft[strings.LastIndex(draft, "/")+1:]
	w.Wants("empty", w.Get("/console/procedures/ask"), 200, "Gõ một câu")
	w.Wants("asked", w.Get("/console/procedures/ask?q=khai+sinh"), 200, "Bot trả lời ngay", "93 %", "khai sinh cho con", "4.25", "Được đưa ra", "f99")
	w.Wants("with the draft", w.Get("/console/procedures/ask?q=khai+sinh&draft="+id), 200, "Kèm bản soạn: Thủ tục đăng ký khai sinh", "8.000 đồng")
	w.By(stranger)
	w.Lacks("not with another body's", w.Get("/console/procedures/ask?q=khai+sinh&draft="+id), "8.000 đồng")
}

func TestTheListIsFiltered(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"q=khai+sinh": "1 thủ tục", "q=giay+phep+xay+nha": "1 thủ tục", "q=1.000656": "1 thủ tục", "q=zzz": "0 thủ tục", "field=Hộ+tịch": "2 thủ tục",
		"status=published": "3 thủ tục", "status=abolished": "0 thủ tục", "written=yes": "2 thủ tục", "written=no": "1 thủ tục",
		"fresh=old": "1 thủ tục", "fresh=unverified": "3 thủ tục", "after=99": "3 thủ tục", "after=x": "3 thủ tục",
	} {
		w.Wants(query, w.Get("/console/procedures?"+strings.ReplaceAll(query, "ộ", "%E1%BB%99")), 200, want)
	}
}

// TestTheNearestComesFirst: who is named as was typed stands before those that have the words elsewhere.
func TestTheNearestComesFirst(t *testing.T) {
	w := newWorld(t)
	page := w.Get("/console/procedures?q=dang+ky").Text()
	near, far := strings.Index(page, "1.001193"), strings.Index(page, "1.000656")
	if near < 0 || far < 0 || near > far { // the shorter name first
		t.Errorf("birth stands at %d, death at %d", near, far)
	}
	if page := w.Get("/console/procedures?q=giay").Text(); strings.Index(page, "1.013225") > strings.Index(page, "1.001193") {
		t.Error("an everyday name goes before the name")
	}
}

func TestListed(t *testing.T) {
	for text, want := range map[string][]string{
		"":                      nil,
		" \n\n":                 nil,
		"a\r\nb\n":              {"a", "b"},
		"a\n  b\nc":             {"a\nb", "c"},
		"  a\n  b":              {"a\nb"},
		"\ta":                   {"a"},
		"a\n  \n  b":            {"a\n\nb"},
		"một dòng\n  tiếp theo": {"một dòng\ntiếp theo"},
	} {
		if got := desk.Listed(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestWhatChangedIsMarked(t *testing.T) {
	for _, tt := range []struct{ old, now, left, right string }{
		{"Không thu", "Không thu", "Không thu", "Không thu"},
		{"Lệ phí 8.000 đồng", "Lệ phí 9.000 đồng", "Lệ phí [8.000 ]đồng", "Lệ phí [9.000 ]đồng"},
		{"", "mới", "", "[mới]"},
		{"cũ", "", "[cũ]", ""},
		{"một\nhai", "một\nba\nhai", "một\nhai", "một\n[ba\n]hai"},
	} {
		if left, right := desk.Spans(tt.old, tt.now); left != tt.left || right != tt.right {
			t.Errorf("%q and %q: %q and %q", tt.old, tt.now, left, right)
		}
	}
	long := strings.Repeat("chữ ", 5000)
	if left, _ := desk.Spans(long, "x"); left != "["+long+"]" {
		t.Error("a long text is not marked whole")
	}
}

// FuzzEditor: whatever is in an entry that may be stored, the editor gives it back.
func FuzzEditor(f *testing.F) {
	w := newWorld(f)
	f.Add("Tên", "dòng một\ndòng hai", "a\n  b", "x", "y")
	f.Add(" a ", "\r\n\r\n", "  ", "\u200b", "\x00")
	f.Fuzz(func(t *testing.T, name, fee, alias, paper, text string) {
		e := &knowledge.Entry{Code: "1.1", Name: name, Fee: fee, Aliases: []string{alias, "b"}, Documents: []knowledge.Document{{Name: paper, Case: text}}, Steps: []knowledge.Step{{Text: text}}}
		e = entries.Copy(e)
		e.EachText(func(s *string) { *s = vietnamese.Clean(*s) })
		e = entries.Copy(e) // without rows that are empty by now
		if got := desk.ThroughTheForm(w.Console, e, vietnamese.Clean); !reflect.DeepEqual(got, e) {
			t.Fatalf("%+v\ncomes back as\n%+v", e, got)
		}
	})
}
