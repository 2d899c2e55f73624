package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	entryfiles "cchcbot/handlers/procedures/exchange"
	"cchcbot/knowledge"
)

const entrySheet = "Thủ tục"

// edited is a workbook in which five rows were edited as officers do, one of them wrongly, with the row of that one.
func edited(t testing.TB, book []byte) (out []byte, wrong int) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(entrySheet)
	if err != nil {
		t.Fatal(err)
	}
	column := func(key string) int {
		for i, k := range rows[1] {
			if k == key {
				return i + 1
			}
		}
		t.Fatalf("no column %s", key)
		return 0
	}
	set := func(row int, key, text string) {
		at, _ := excelize.CoordinatesToCellName(column(key), row)
		if err := f.SetCellStr(entrySheet, at, text); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		set(3+2*i, "fee", fmt.Sprintf("Lệ phí mới %d đồng", i))
	}
	set(11, "updated", "hôm qua")
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), 11
}

// TestExcelRoundTripByCommand: export, edit five rows, one wrong; four change, one is refused with its row; the same
// file again changes nothing.
func TestExcelRoundTripByCommand(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	var out, quiet bytes.Buffer
	io := streams{out: &out, err: &quiet}
	ok(t, (&ExportCmd{Format: "xlsx"}).Run(t.Context(), cfg, io))
	book, wrong := edited(t, out.Bytes())
	file := filepath.Join(folder, "sua.xlsx")
	ok(t, os.WriteFile(file, book, 0o600))
	for _, want := range []string{"0 new, 4 changed", "0 new, 0 changed"} {
		out.Reset()
		err := (&ImportCmd{Files: []string{file}}).Run(t.Context(), cfg, io)
		if err == nil || !strings.Contains(err.Error(), "1 rows were refused") {
			t.Errorf("the wrong row passes: %v", err)
		}
		for _, text := range []string{want, "1 refused", fmt.Sprintf("sua.xlsx:%d", wrong), "hôm qua"} {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%q is not reported:\n%s", text, out.String())
			}
		}
	}
}

// TestRowsOfUnchangedProceduresMayBeDeleted: what the other sheets still say of them is left out, with one note; a row
// that is refused is told with sheet, row and code.
func TestRowsOfUnchangedProceduresMayBeDeleted(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	var out, quiet bytes.Buffer
	ok(t, (&ExportCmd{Format: "xlsx"}).Run(t.Context(), cfg, streams{out: &out, err: &quiet}))
	f, err := excelize.OpenReader(&out)
	ok(t, err)
	defer f.Close()
	for range 5 {
		ok(t, f.RemoveRow(entrySheet, 4))
	}
	var shorter bytes.Buffer
	ok(t, f.Write(&shorter))
	d, err := openData(t.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	book, err := d.files(cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	p, err := book.Plan(t.Context(), writer, "a.xlsx", shorter.Bytes())
	ok(t, err)
	if len(p.Lines) > 0 || p.Skipped < 10 {
		t.Errorf("%d left out, %+v", p.Skipped, p.Lines)
	}
	for _, sheet := range []string{"Giấy tờ", "Các bước"} {
		ok(t, f.SetCellStr(sheet, "A3", "9.999999"))
	}
	file := filepath.Join(folder, "a.xlsx")
	ok(t, f.SaveAs(file))
	err = (&ImportCmd{Files: []string{file}}).Run(t.Context(), cfg, streams{out: &out, err: &quiet})
	if err == nil || !strings.Contains(err.Error(), "2 rows were refused") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"a.xlsx:3 sheet Giấy tờ 9.999999: ", "a.xlsx:3 sheet Các bước 9.999999: ", "rows of papers, steps and ways are left out", "2 refused"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
}

// TestASheetOfThreeColumns: what a workbook has no column and no sheet for stays as it is.
func TestASheetOfThreeColumns(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	f := excelize.NewFile()
	defer f.Close()
	ok(t, f.SetSheetName("Sheet1", entrySheet))
	for i, row := range [][]any{{"Mã thủ tục", "Phí, lệ phí", "Tên thủ tục"}, {"1.001193", "8.000 đồng", "Thủ tục đăng ký khai sinh"}} {
		ok(t, f.SetSheetRow(entrySheet, fmt.Sprintf("A%d", i+1), &row))
	}
	file := filepath.Join(folder, "le-phi.xlsx")
	ok(t, f.SaveAs(file))
	read := func() *knowledge.Entry {
		t.Helper()
		d, err := openData(t.Context(), cfg, slog.New(slog.DiscardHandler))
		ok(t, err)
		defer func() { ok(t, d.Close()) }()
		e, err := entries.Get(t.Context(), d.db.Read(), "1.001193")
		ok(t, err)
		return e
	}
	before := read()
	var out bytes.Buffer
	ok(t, (&ImportCmd{Files: []string{file}}).Run(t.Context(), cfg, streams{out: &out, err: &out}))
	after := read()
	if changed := entries.Compare(before, after); len(changed) != 1 || changed[0].Name != "fee" || after.Fee != "8.000 đồng" {
		t.Errorf("changed are %v, the fee is %q", changed, after.Fee)
	}
}

// upload brings a file in through a form.
func (s *staffer) upload(path, name string, file []byte) answer {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	ok(s.t, err)
	_, err = part.Write(file)
	ok(s.t, err)
	ok(s.t, w.Close())
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.r.server.PublicURL()+path, &b)
	ok(s.t, err)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return s.send(req)
}

// shows fails unless a page has the status and says the texts.
func shows(t testing.TB, a answer, status int, texts ...string) string {
	t.Helper()
	page := html.UnescapeString(string(a.body))
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, page)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page:\n%s", text, regexp.MustCompile(`(?s)<[^>]*>|\n\s*\n`).ReplaceAllString(page, ""))
		}
	}
	return page
}

const exchangePath = "/console/procedures/exchange"

// brought uploads a file and reads its report.
func (s *staffer) brought(name string, file []byte, texts ...string) (path, page string) {
	s.t.Helper()
	a := s.upload(exchangePath, name, file)
	if a.status != http.StatusSeeOther {
		s.t.Fatalf("the file is not taken: %d %s", a.status, a.body)
	}
	path = a.header.Get("Location")
	return path, shows(s.t, s.get(path), http.StatusOK, texts...)
}

// confirm presses the button of a report.
func (s *staffer) confirm(path, page string, pairs ...string) {
	s.t.Helper()
	m := regexp.MustCompile(`name="hash" value="([0-9a-f]+)"`).FindStringSubmatch(page)
	if m == nil {
		s.t.Fatalf("nothing to confirm:\n%s", page)
	}
	if a := s.post(path+"/confirm", append([]string{"hash", m[1]}, pairs...)...); a.status != http.StatusSeeOther {
		s.t.Fatalf("not confirmed: %d %s", a.status, a.body)
	}
}

// TestExcelRoundTripInTheConsole: the same through the pages; what changed are drafts, and a second person publishes them.
func TestExcelRoundTripInTheConsole(t *testing.T) {
	r := launch(t, believed())
	s := r.staffer(1)
	s.signIn(r.officer("Người soạn", "soan@haiduong.gov.vn", bot.Grant{Role: bot.RoleController}))
	shows(t, s.get(exchangePath), 200, "Xuất ra Excel", "Hộ tịch")
	a := s.get(exchangePath + "/export.xlsx")
	book, wrong := edited(t, a.body)
	path, page := s.brought("sua.xlsx", book, "Lệ phí mới 3 đồng", fmt.Sprintf("Trang Thủ tục, dòng %d", wrong), "Ngày của dữ liệu: “hôm qua” không phải ngày", "Tạo 4 bản soạn")

	other := r.staffer(2)
	other.signIn(r.officer("Người khác", "khac@haiduong.gov.vn", bot.Grant{Role: bot.RoleController}))
	if got := other.get(path); got.status != http.StatusNotFound {
		t.Errorf("somebody else's file: %d", got.status)
	}
	if got := s.post(path+"/confirm", "hash", "old"); got.status != http.StatusConflict {
		t.Errorf("confirmed what was not shown: %d", got.status)
	}
	s.confirm(path, page)
	shows(t, s.get("/console/procedures/drafts"), 200, "Đã tạo 4 bản soạn")
	shows(t, s.get(path), 404)

	_, page = s.brought("sua.xlsx", book, "Đã có bản soạn", "Tệp này không thay đổi gì")
	if strings.Contains(page, "/confirm") {
		t.Error("what is drafted already can be drafted again")
	}
	r.publishDrafts(4)
	_, page = s.brought("sua.xlsx", book, "Tệp này không thay đổi gì")
	if strings.Contains(page, "Đã có bản soạn") {
		t.Error("what is published still waits")
	}
}

// TestTheReportSpeaksVietnamese: it names an unknown column once, however many rows have something in it, and says in
// words of a catalog what the file has signs for.
func TestTheReportSpeaksVietnamese(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	ok(t, f.SetSheetName("Sheet1", entrySheet))
	_, err := f.NewSheet("Nháp")
	ok(t, err)
	for i, row := range [][]any{{"code", "name", "Ghi chú", "", "status", "valid_from"}, {"1.001193", "Thủ tục đăng ký khai sinh", "x", "y", "amended", "2026-11-09"},
		{"1.000656", "Thủ tục đăng ký khai tử", "x", "y", "amended", "2026-11-09"}} {
		ok(t, f.SetSheetRow(entrySheet, fmt.Sprintf("A%d", i+1), &row))
	}
	var b bytes.Buffer
	ok(t, f.Write(&b))
	r := launch(t, believed())
	s := r.staffer(1)
	s.signIn(r.officer("Người soạn", "soan@haiduong.gov.vn", bot.Grant{Role: bot.RoleController}))
	_, page := s.brought("la.xlsx", b.Bytes(), "không đọc: trang “Nháp”; cột “Ghi chú”; cột thứ 4 không có tiêu đề</p>", "Đã sửa đổi, đang áp dụng", "09/11/2026", "Tạo 2 bản soạn")
	if strings.Contains(page, "amended") || strings.Contains(page, "2026-11-09") {
		t.Errorf("the report shows the signs of the file: %s", page)
	}
}

// publishDrafts reviews and publishes every draft as a second person.
func (r *running) publishDrafts(want int) {
	r.t.Helper()
	list, err := r.house.entries.List(r.t.Context(), reviewer, entries.Filter{States: []entries.State{entries.Writing}})
	ok(r.t, err)
	if len(list) != want {
		r.t.Fatalf("%d drafts, want %d", len(list), want)
	}
	chief := entries.Actor{Officer: bot.Officer{ID: 99, Active: true, Grants: reviewer.Officer.Grants}}
	for _, x := range list {
		for _, c := range []entries.Command{{Action: entries.Review, Hash: x.Hash}, {Action: entries.Publish}} {
			ok(r.t, r.house.works.Do(r.t.Context(), func(ctx context.Context, w *bot.Work) error {
				_, err := r.house.entries.Do(ctx, w, x.ID, chief, c)
				return err
			}))
		}
	}
}

// national is a line of the national file for an entry of ours.
func national(t testing.TB, e *knowledge.Entry, change func(*knowledge.Entry)) []byte {
	t.Helper()
	n := entries.Copy(e)
	n.Summary, n.Aliases, n.Cases, n.Mistakes, n.LifeEvents, n.VerifiedAt, n.VerifiedBy = "", nil, nil, nil, nil, "", ""
	change(n)
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// TestTheNationalFileAgain: what it would change in words of ours is proposed field by field, once; the words stay.
func TestTheNationalFileAgain(t *testing.T) {
	r := launch(t, believed())
	s := r.staffer(1)
	s.signIn(r.officer("Kiểm soát", "kstt@haiduong.gov.vn", bot.Grant{Role: bot.RoleController}))
	birth, err := entries.Get(t.Context(), r.data.db.Read(), "1.001193")
	ok(t, err)
	file := func(date, fee string) []byte {
		return national(t, birth, func(n *knowledge.Entry) { n.Updated, n.Fee, n.Decision = date, fee, "QĐ "+date })
	}
	path, page := s.brought("quoc-gia.jsonl", file("2027-01-05", "8.000 đồng"), "Đề nghị sửa", "nguồn nay ghi: 8.000 đồng")
	s.confirm(path, page)
	now, err := entries.Get(t.Context(), r.data.db.Read(), "1.001193")
	ok(t, err)
	if now.Fee != birth.Fee || now.Summary != birth.Summary {
		t.Errorf("words of ours were overwritten: %s", now.Fee)
	}
	s.brought("quoc-gia.jsonl", file("2027-01-05", "8.000 đồng"), "Tệp này không thay đổi gì")
	_, page = s.brought("quoc-gia.jsonl", file("2027-02-01", "9.000 đồng"), "Đề nghị sửa", "nguồn nay ghi: 9.000 đồng")
	if strings.Contains(page, "Căn cứ pháp lý, ") {
		t.Error("what the file said before is proposed again")
	}
}

// TestTheNationalFileByCommand: proposals once; what the whole file lacks is proposed as abolished when it is asked for,
// and a part of the file says nothing of the rest.
func TestTheNationalFileByCommand(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	d, err := openData(t.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	var whole, part []byte
	ok(t, entries.Each(t.Context(), d.db.Read(), func(r entries.Record) error {
		if r.Entry.Kind == knowledge.Procedure && r.Entry.Code != "1.000656" {
			line := national(t, r.Entry, func(n *knowledge.Entry) {
				if n.Code == "1.001193" {
					n.Updated, n.Fee = "2027-01-05", "8.000 đồng"
				}
			})
			whole = append(whole, line...)
			if n := r.Entry.Code; n == "1.001193" {
				part = line
			}
		}
		return nil
	}))
	ok(t, d.Close())
	run := func(name string, file []byte, c ImportCmd, failure string, says ...string) {
		t.Helper()
		path := filepath.Join(folder, name)
		ok(t, os.WriteFile(path, file, 0o600))
		var out, quiet bytes.Buffer
		c.Files = []string{path}
		err := c.Run(t.Context(), cfg, streams{out: &out, err: &quiet})
		if failure == "" && err != nil || failure != "" && (err == nil || !strings.Contains(err.Error(), failure)) {
			t.Errorf("%s: %v", name, err)
		}
		for _, text := range says {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s does not say %q:\n%s", name, text, out.String())
			}
		}
	}
	run("thu.jsonl", part, ImportCmd{DryRun: true}, "", "1 proposals", "nothing was written")
	run("mot-phan.jsonl", part, ImportCmd{Gone: true}, "--gone needs the whole national file")
	run("mot-phan.jsonl", part, ImportCmd{}, "", "1 proposals")
	run("ca-tep.jsonl", whole, ImportCmd{}, "", "gone from the file: 1.000656", "0 to abolish")
	run("ca-tep.jsonl", whole, ImportCmd{Gone: true}, "", "1 to abolish")
	run("ca-tep.jsonl", whole, ImportCmd{Gone: true}, "", "0 proposals", "0 to abolish")
}

// TestEveryReasonIsSaidInVietnamese: what the reader of files refuses an officer reads in words of a catalog.
func TestEveryReasonIsSaidInVietnamese(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	ok(t, f.SetSheetName("Sheet1", entrySheet))
	head := []any{"code", "name", "updated", "status", "kind", "online_full", "online_url", "fee", "valid_from", "valid_to"}
	rows := []struct {
		key   string
		cells []any
	}{
		{"zeros", []any{"1.00119", "Mất số 0"}},
		{"code", []any{"mã sai", "Tên"}},
		{"empty", []any{"1.000001", ""}},
		{"day", []any{"1.000002", "Tên", "hôm qua"}},
		{"days", []any{"1.000003", "Tên", "", "", "", "", "", "", "2026-02-01", "2026-01-01"}},
		{"status", []any{"1.000004", "Tên", "", "đang dùng"}},
		{"kind", []any{"1.000005", "Tên", "", "", "bài"}},
		{"flag", []any{"1.000006", "Tên", "", "", "", "có lẽ"}},
		{"url", []any{"1.000007", "Tên", "", "", "", "", "dichvucong"}},
		{"cell", []any{"1.000008", "Tên", "", "", "", "", "", "#REF!"}},
		{"replaced", []any{"1.000009", "Tên", "", "replaced"}},
		{"long", []any{"1.000010", strings.Repeat("a", 2001)}},
		{"twice", []any{"1.000010", "Lại"}},
		{"part", []any{"1.000011", "Giấy tờ sai"}},
		{"order", []any{"1.000012", "Thứ tự sai"}},
		{"columns", []any{"1.000013", "Cột lạ"}},
		{"orphan", nil},
	}
	ok(t, f.SetSheetRow(entrySheet, "A1", &head))
	for i, r := range rows {
		ok(t, f.SetSheetRow(entrySheet, fmt.Sprintf("A%d", i+2), &r.cells))
	}
	_, err := f.NewSheet("Giấy tờ")
	ok(t, err)
	for i, row := range [][]any{
		{"code", "order", "name", "form_url", "Ghi chú"}, {"1.000011", 1, "Đơn", "mẫu đơn"}, {"1.000012", "x", "Đơn"}, {"1.000013", 1, "Đơn", "", "lạ"}, {"9.999999", 1, "Đơn"},
	} {
		ok(t, f.SetSheetRow("Giấy tờ", fmt.Sprintf("A%d", i+1), &row))
	}
	var b bytes.Buffer
	ok(t, f.Write(&b))
	i := 0
	ok(t, readRows(t.Context(), "sai.xlsx", &b, nil, func(r entryfiles.Row) error {
		if i >= len(rows) {
			t.Fatalf("one row more: %+v", r)
		}
		want := "procedures.exchange_wrong_" + rows[i].key
		if rows[i].key == "twice" {
			want = "procedures.exchange_twice"
		}
		if len(r.Refused) == 0 || r.Refused[0].Key != want {
			t.Errorf("row %d is refused with %+v, want %s", r.Number, r.Refused, want)
		}
		i++
		return nil
	}))
	if i != len(rows) {
		t.Errorf("%d rows, want %d", i, len(rows))
	}
	for name, key := range map[string]string{"a.xls": "format", "a.xlsx": "format", "a.jsonl.gz": "broken"} {
		file := []byte("PK")
		if key == "broken" {
			file = []byte("\x1f\x8b\x08")
		}
		err := readRows(t.Context(), name, bytes.NewReader(file), nil, func(entryfiles.Row) error { return nil })
		var bad *bot.Error
		if !errors.As(err, &bad) || bad.Key != "procedures.exchange_"+key {
			t.Errorf("%s: %v", name, err)
		}
	}
}
