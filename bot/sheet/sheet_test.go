package sheet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"cchcbot/bot/sheet"
)

var limits = sheet.Limits{File: 1 << 20, Unpacked: 8 << 20, Sheets: 3, Rows: 20, Cells: 5, Bytes: 40}

func read(data []byte) ([]sheet.Table, error) {
	return sheet.Read(context.Background(), bytes.NewReader(data), limits)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// book is a workbook that somebody made with Excel.
func book(t testing.TB, f func(*excelize.File) error) []byte {
	t.Helper()
	x := excelize.NewFile()
	must(t, f(x))
	var b bytes.Buffer
	must(t, x.Write(&b))
	must(t, x.Close())
	return b.Bytes()
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	var b bytes.Buffer
	on := time.Date(2026, 11, 8, 18, 0, 0, 0, time.UTC) // the 9th in Vietnam
	must(t, sheet.Write(&b, sheet.Page{
		Name: "Kế hoạch", Intro: []string{"Bảng thử"}, Head: []string{"Tên", "Số", "Ngày"}, Widths: []float64{20, 8},
		Rows: [][]any{{"=1+1", 7, on}, {"  Đài phát thanh ", nil, time.Time{}}, {"-5", 0, nil}},
	}, sheet.Page{Name: "Hai", Head: []string{"A"}}))
	got, err := read(b.Bytes())
	must(t, err)
	if len(got) != 2 || got[0].Name != "Kế hoạch" || len(got[0].Rows) != 5 {
		t.Fatalf("read %+v", got)
	}
	rows := got[0].Rows
	if !slices.Equal(rows[1].Cells, []string{"Tên", "Số", "Ngày"}) || rows[2].Number != 3 {
		t.Errorf("heading %+v", rows[1])
	}
	if sheet.Unquoted(rows[2].Cells[0]) != "=1+1" || rows[2].Cells[0] == "=1+1" || rows[2].Cells[1] != "7" {
		t.Errorf("a text that looks like a formula came back as %q", rows[2].Cells)
	}
	if day, ok := sheet.Day(rows[2].Cells[2]); !ok || day.Format(time.DateOnly) != "2026-11-09" {
		t.Errorf("the day came back as %q, %s", rows[2].Cells[2], day)
	}
	if rows[3].Cells[0] != "Đài phát thanh" {
		t.Errorf("blanks stay: %q", rows[3].Cells[0])
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	zipped := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			w, err := z.Create(n)
			must(t, err)
			_, err = w.Write([]byte("<x/>"))
			must(t, err)
		}
		must(t, z.Close())
		return b.Bytes()
	}
	bomb := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("xl/worksheets/sheet1.xml")
		must(t, err)
		_, err = w.Write(bytes.Repeat([]byte(" "), 9<<20))
		must(t, err)
		must(t, z.Close())
		return b.Bytes()
	}
	for name, x := range map[string]struct {
		data []byte
		want sheet.Kind
	}{
		"no workbook":   {[]byte("Tên;Số"), sheet.Broken},
		"empty":         {nil, sheet.Broken},
		"another zip":   {zipped("a.txt"), sheet.Broken},
		"a large file":  {make([]byte, 2<<20), sheet.TooLarge},
		"a bomb":        {bomb(), sheet.TooLarge},
		"many parts":    {zipped(slices.Repeat([]string{"a"}, 300)...), sheet.TooLarge},
		"a macro":       {zipped("xl/vbaProject.bin"), sheet.Macro},
		"a formula":     {book(t, func(f *excelize.File) error { return f.SetCellFormula("Sheet1", "B2", "=1+1") }), sheet.Formula},
		"many rows":     {book(t, func(f *excelize.File) error { return fill(f, 21) }), sheet.TooLong},
		"too many tabs": {book(t, func(f *excelize.File) error { return tabs(f, "a", "b", "c") }), sheet.TooLarge},
		"far below":     {book(t, func(f *excelize.File) error { return f.SetCellStr("Sheet1", "A5000", "x") }), sheet.TooLong},
	} {
		_, err := read(x.data)
		var p *sheet.Problem
		if !errors.As(err, &p) || p.Kind != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
		if name == "a formula" && p != nil && p.Cell != "B2" {
			t.Errorf("the formula is said to be in %q", p.Cell)
		}
	}
}

func fill(f *excelize.File, n int) error {
	for i := range n {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := f.SetCellStr("Sheet1", cell, "x"); err != nil {
			return err
		}
	}
	return nil
}

func tabs(f *excelize.File, names ...string) error {
	for _, n := range names {
		if _, err := f.NewSheet(n); err != nil {
			return err
		}
	}
	return nil
}

func TestLongRowsAndCellsAreCut(t *testing.T) {
	data := book(t, func(f *excelize.File) error {
		return f.SetSheetRow("Sheet1", "A1", &[]any{strings.Repeat("ệ", 30), 1, 2, 3, 4, 5, 6})
	})
	got, err := read(data)
	must(t, err)
	cells := got[0].Rows[0].Cells
	if len(cells) != 5 || cells[0] != strings.Repeat("ệ", 13) {
		t.Errorf("%q", cells)
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]string{
		"9/11/2026": "2026-11-09", "09/11/2026": "2026-11-09", " 9-11-2026 ": "2026-11-09", "9.11.2026": "2026-11-09", "2026-11-09": "2026-11-09",
		"46335": "2026-11-09", "46335.5": "2026-11-09",
		"": "", "31/2/2026": "", "9/11/26": "", "tháng 11": "", "0": "", "-3": "", "1e4": "", "NaN": "", "9999999": "", "46335x": "", "9/11/0026": "",
	} {
		got, ok := sheet.Day(text)
		if ok != (want != "") || ok && got.Format(time.DateOnly) != want {
			t.Errorf("%q is %s, %v; want %s", text, got, ok, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(book(f, func(x *excelize.File) error { return x.SetCellStr("Sheet1", "A1", "x") }))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tables, err := read(data)
		var p *sheet.Problem
		if err != nil && !errors.As(err, &p) {
			t.Fatalf("an error of no kind: %v", err)
		}
		rows := 0
		for _, x := range tables {
			rows += len(x.Rows)
		}
		if rows > limits.Rows || len(tables) > limits.Sheets {
			t.Fatalf("%d rows in %d sheets", rows, len(tables))
		}
	})
}
