package content

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"

	"github.com/xuri/excelize/v2"
)

// book builds a workbook out of sheets of rows; a nil cell stays empty.
func book(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			at, _ := excelize.CoordinatesToCellName(1, i+1)
			if err := f.SetSheetRow(name, at, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadExcelRows(t *testing.T) {
	keys := []any{"code", "name", "fee", "updated", "online_full", "aliases"}
	heads := []any{"Mã thủ tục", "TÊN THỦ TỤC ", "Phí, lệ phí", "Ngày của dữ liệu nguồn", "Trực tuyến toàn trình", "Người dân hay gọi là"}
	tests := map[string]struct {
		sheets map[string][][]any
		want   string
	}{
		"keys": {map[string][][]any{"Thủ tục": {heads, keys, {"1.000001", "Một"}, {}, {"1.000002", "Hai"}}},
			"Thủ tục 3 1.000001 Một\nThủ tục 5 1.000002 Hai\n"},
		"title above, headings only": {map[string][][]any{"Thủ tục": {{"Danh mục thủ tục"}, {}, heads, {"1.000001", "Một"}}},
			"Thủ tục 4 1.000001 Một\n"},
		"numbers and dates": {map[string][][]any{"Thủ tục": {keys, {1.001193, "Một", 50000, 46204, true}, {"1.000002", "Hai", nil, "1/7/2026", "Có"}}},
			"Thủ tục 2 1.001193 Một\nThủ tục 3 1.000002 Hai\n"},
		"lost zeros": {map[string][][]any{"Thủ tục": {keys, {1.00119, "Một"}}},
			"Thủ tục 2 1.00119 Một !code: \"1.00119\" has lost zeros at its end; set the cell's format to text and write the code again\n"},
		"wrong values": {map[string][][]any{"Thủ tục": {keys, {"1.000001", "Một", "#REF!", "hôm qua", "có lẽ"}}},
			"Thủ tục 2 1.000001 Một !fee: the cell holds the Excel error #REF! !online_full: \"có lẽ\" is neither \"có\" nor \"không\" !updated: \"hôm qua\" is not a date like 2026-11-22\n"},
		"unknown column": {map[string][][]any{"Thủ tục": {{"Mã", "Tên", "Ghi chú"}, {"code", "name"}, {"1.000001", "Một", "x", "y"}, {"1.000002", "Hai"}}},
			"Thủ tục 3 1.000001 Một ?column Ghi chú ?column number 4 without a heading\nThủ tục 4 1.000002 Hai\n"},
		"unknown sheet": {map[string][][]any{"Thủ tục": {keys, {"1.000001", "Một"}}, "Nháp": {{"x"}}},
			"Thủ tục 2 1.000001 Một ?sheet Nháp\n"},
		"code twice": {map[string][][]any{"Thủ tục": {keys, {"1.000001", "Một"}, {"1.000001", "Hai"}}},
			"Thủ tục 2 1.000001 Một\nThủ tục 3 1.000001 Hai !code: stands already in row 2\n"},
		"no code": {map[string][][]any{"Thủ tục": {keys, {nil, "Một"}}},
			"Thủ tục 2  Một !code: \"\" is not a procedure code: 1 to 40 letters, digits, '.', '-' or '_'\n"},
		"side sheets": {map[string][][]any{"Thủ tục": {keys, {"1.000001", "Một"}}, "Các bước": {{"code", "order", "text"}, {"1.000001", "x", "a"}, {"9.9", 1, "b"}}},
			"Thủ tục 2 1.000001 Một !steps: sheet Các bước row 2: the order \"x\" is not a number\n" +
				"Các bước 3 !entry: belongs to no row of the sheet \"Thủ tục\": the code is missing there\n"},
		"overflow without its cell": {map[string][][]any{"Thủ tục": {keys, {"1.000001", "Một"}}, "Phần tiếp": {{"code", "key", "order", "part", "text"}, {"1.000001", "colour", nil, 2, "b"}}},
			"Thủ tục 2 1.000001 Một\nPhần tiếp 2 !entry: belongs to no row of the sheet \"Thủ tục\": the code is missing there\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := report(t, "a.xlsx", book(t, tt.sheets), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Who edits a workbook deletes the rows of entries that he does not change: what the other sheets say of them is left out,
// when they are stored.
func TestReadExcelLeavesOutWhatTheMainSheetLacks(t *testing.T) {
	file := book(t, map[string][][]any{
		"Thủ tục":   {{"code", "name"}, {"1.000001", "Một"}},
		"Giấy tờ":   {{"code", "order", "name"}, {"1.000002", 1, "Đơn"}, {"1.000001", 1, "Đơn"}, {"1.000002", 2, "Ảnh"}, {"9.999999", 1, "Đơn"}},
		"Phần tiếp": {{"code", "key", "order", "part", "text"}, {"1.000002", "fee", nil, 2, "b"}, {"1.000002", "fee", nil, 3, "c"}},
	})
	skipped := 0
	opt := ReadOptions{Known: func(code string) bool { return code < "9" }, Skipped: func(n int) { skipped += n }}
	got, err := report(t, "a.xlsx", file, opt)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Thủ tục 2 1.000001 Một\nGiấy tờ 5 !entry: belongs to no row of the sheet \"Thủ tục\": the code is missing there\n"; got != want || skipped != 4 {
		t.Errorf("got %d left out and\n%s", skipped, got)
	}
}

// What an officer types comes out as the entry means it.
func TestReadExcelValues(t *testing.T) {
	file := book(t, map[string][][]any{
		"Thủ tục": {{"code", "name", "fee", "updated", "valid_from", "online_full", "aliases"},
			{1.0011929999999999, "=Một", 50000, 46204, "1/7/2026", "X", "một\n  nốt\n\n hai \r\nba"}},
		"Giấy tờ": {{"code", "order", "name"}, {"1.001193", 2, "sau"}, {"1.001193", 1, "trước"}, {"1.001193", nil, "kèm"}},
	})
	want := &knowledge.Entry{Code: "1.001193", Name: "=Một", Fee: "50000", Updated: "2026-07-01", ValidFrom: "2026-07-01", OnlineFull: true,
		Aliases: []string{"một\nnốt", "hai", "ba"}, Documents: []knowledge.Document{{Name: "trước"}, {Name: "kèm"}, {Name: "sau"}}}
	if got := readAll(t, "a.xlsx", file)[0]; Compare(want, got) != nil {
		t.Errorf("differs in %v: %+v", Compare(want, got), got)
	}
}

func TestReadExcelRefusesFiles(t *testing.T) {
	keys, row := []any{"code", "name"}, []any{"1.000001", "Một"}
	whole := book(t, map[string][][]any{"Thủ tục": {keys, row, row, row}})
	tests := map[string]struct {
		data  []byte
		opt   Limits
		is    error
		words string
	}{
		"no such sheet":   {book(t, map[string][][]any{"Sheet": {keys, row}}), Limits{}, ErrFormat, `no sheet "Thủ tục"`},
		"no header":       {book(t, map[string][][]any{"Thủ tục": {row, row}}), Limits{}, ErrFormat, "no header row with code, name"},
		"wrong header":    {book(t, map[string][][]any{"Thủ tục": {{"code", "fee"}, row}}), Limits{}, ErrFormat, "no header row with code, name"},
		"header far down": {book(t, map[string][][]any{"Thủ tục": append(slices.Repeat([][]any{{"x"}}, 10), keys, row)}), Limits{}, ErrFormat, "no header row"},
		"column twice":    {book(t, map[string][][]any{"Thủ tục": {{"code", "name", "name"}, row}}), Limits{}, ErrFormat, "name stands twice"},
		"part missing": {book(t, map[string][][]any{"Thủ tục": {keys, row}, "Phần tiếp": {{"code", "key", "order", "part", "text"}, {"1.000001", "fee", nil, 3, "b"}}}),
			Limits{}, ErrFormat, "a part is missing"},
		"header only":    {book(t, map[string][][]any{"Thủ tục": {keys}}), Limits{}, ErrFormat, "holds no entry"},
		"too many rows":  {whole, Limits{Rows: 2}, ErrTooLarge, "more than 2 entries"},
		"too many cells": {whole, Limits{Cells: 5}, ErrTooLarge, "more than 5 cells"},
		"too much":       {whole, Limits{Text: 3000}, ErrTooLarge, "unpacks to more than 3000 bytes"},
		"not a workbook": {zipOf(t, map[string]string{"a.txt": "x"}), Limits{}, ErrBroken, "not an Excel workbook"},
		"zip bomb":       {zipOf(t, map[string]string{"xl/worksheets/sheet1.xml": strings.Repeat(" ", 32<<20)}), Limits{}, ErrTooLarge, "zip bomb"},
		"many parts":     {manyParts(t, maxParts+1), Limits{}, ErrTooLarge, "files inside"},
		"sheet cut off": {replaced(t, whole, "xl/worksheets/sheet2.xml", func(s string) string { return s[:strings.Index(s, "</row>")] }), Limits{},
			ErrBroken, "sheet2.xml"},
		"sheet with DOCTYPE": {replaced(t, whole, "xl/worksheets/sheet2.xml", func(s string) string { return `<!DOCTYPE a [<!ENTITY b "c">]>` + s }), Limits{},
			ErrBroken, "DOCTYPE"},
		"cut off":          {whole[:len(whole)-30], Limits{}, ErrBroken, "not a complete Excel file"},
		"checksum":         {altered(whole, bytes.Index(whole, []byte("sheet2.xml"))+60), Limits{}, ErrBroken, "sheet2.xml"},
		"promises too few": {understated(t), Limits{}, ErrBroken, "sheet1.xml"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := report(t, "a.xlsx", tt.data, ReadOptions{Limits: tt.opt})
			if !errors.Is(err, tt.is) {
				t.Fatalf("error %v, want %v; rows\n%s", err, tt.is, got)
			}
			if !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %q does not say %q", err, tt.words)
			}
		})
	}
}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func manyParts(t testing.TB, n int) []byte {
	files := make(map[string]string, n)
	for i := range n {
		files[strings.Repeat("a", i%50)+string(rune('a'+i%26))+strings.Repeat("b", i/50)] = ""
	}
	return zipOf(t, files)
}

// replaced changes one part of a workbook.
func replaced(t testing.TB, data []byte, part string, change func(string) string) []byte {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	if _, found := files[part]; !found {
		t.Fatalf("no part %s", part)
	}
	files[part] = change(files[part])
	return zipOf(t, files)
}

// understated is a zip whose directory promises less than a part unpacks to.
func understated(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	text := strings.Repeat(" ", 4<<20)
	raw := zipOf(t, map[string]string{"xl/worksheets/sheet1.xml": text})
	zr, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	head := zr.File[0].FileHeader
	head.UncompressedSize64 = 100
	f, err := w.CreateRaw(&head)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zr.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Texts beyond Excel's cell limit go to a sheet of their own and come back.
func TestExcelOverflow(t *testing.T) {
	long := tidied(strings.Repeat("điều kiện 😀 ", 9000))
	e := &knowledge.Entry{Code: "1.000001", Name: "Một", Conditions: long, LegalBasis: []string{long[:len(long)/2-len(long)/2%2], "b\nc"},
		Steps: []knowledge.Step{{Text: "ngắn"}, {Name: "Hai", Text: long}}}
	e.LegalBasis[0] = tidied(e.LegalBasis[0])
	var b bytes.Buffer
	if err := Write(&b, formatExcel, slices.Values([]*knowledge.Entry{e})); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, "a.xlsx", b.Bytes())
	if len(got) != 1 || Compare(e, got[0]) != nil {
		t.Errorf("differs in %v", Compare(e, got[0]))
	}
}

// Texts that Excel would compute or round are cells of text.
func TestExcelWritesTextCells(t *testing.T) {
	e := &knowledge.Entry{Code: "1.001190", Name: `=HYPERLINK("http://example.vn","x")`, Fee: "50000", Updated: "2026-07-01"}
	var b bytes.Buffer
	if err := Write(&b, formatExcel, slices.Values([]*knowledge.Entry{e})); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, cell := range []string{"A3", "C3", "L3", "T3"} {
		kind, err := f.GetCellType("Thủ tục", cell)
		if err != nil {
			t.Fatal(err)
		}
		if formula, _ := f.GetCellFormula("Thủ tục", cell); formula != "" || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeUnset {
			t.Errorf("%s: type %v, formula %q", cell, kind, formula)
		}
	}
	if v, _ := f.GetCellValue("Thủ tục", "C3"); v != e.Name {
		t.Errorf("C3 is %q", v)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, format := range []string{formatJSONL, formatYAML, formatExcel} {
		for _, e := range []*knowledge.Entry{{Code: "1.000001"}, {Code: "1.000001", Name: "a\x01"}, {Code: "1.000001", Name: "\xff"}} {
			if err := Write(io.Discard, format, slices.Values([]*knowledge.Entry{e})); err == nil {
				t.Errorf("%s: %q accepted", format, e.Name)
			}
		}
	}
	if err := Write(io.Discard, "csv", slices.Values([]*knowledge.Entry{})); !errors.Is(err, ErrFormat) {
		t.Errorf("csv: %v", err)
	}
}
