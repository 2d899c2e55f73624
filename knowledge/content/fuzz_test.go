package content

import (
	"bytes"
	"context"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// fuzzRead reads hostile bytes: no panic, bounded rows, and no entry without
// problems that could not be stored.
func fuzzRead(t *testing.T, name string, data []byte) {
	if len(data) > 1<<20 {
		return
	}
	rows := 0
	opt := ReadOptions{Limits: Limits{Rows: 1000, Text: 16 << 20, Cells: 1 << 20}}
	err := Read(context.Background(), name, bytes.NewReader(data), opt, func(r Row) error {
		rows++
		if r.Number < 1 {
			t.Errorf("row number %d", r.Number)
		}
		if len(r.Problems) > 0 {
			return nil
		}
		if r.Entry == nil || r.Entry.Validate() != nil {
			t.Errorf("row %d passes as good: %+v", r.Number, r.Entry)
			return nil
		}
		for _, format := range []string{formatYAML, formatJSONL} { // what reads, writes
			var b bytes.Buffer
			if err := Write(&b, format, slices.Values([]*knowledge.Entry{r.Entry})); err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, "a."+format, b.Bytes()); len(got) != 1 || Compare(got[0], r.Entry) != nil {
				t.Errorf("%s: differs in %v", format, Compare(got[0], r.Entry))
			}
		}
		return nil
	})
	if rows > 1000 {
		t.Errorf("%d rows", rows)
	}
	if err != nil && !utf8.ValidString(err.Error()) {
		t.Errorf("error text %q", err)
	}
}

func FuzzJSONL(f *testing.F) {
	for _, s := range []string{good, good + "\n" + good, `{"code":"x","name":"a","documents":[{"name":"b"}],"online_full":true}`, `{"code":1e5,"name":"\ud800"}`, "{", "[]", "\ufeff" + good} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.jsonl", data) })
}

func FuzzYAML(f *testing.F) {
	example, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, s := range []string{"- code: x\n  name: a\n", "code: x\nname: a\n---\ncode: y\nname: b\n", "- &a x\n- *a\n", "[{code: x, name: a}]", "- code: x\n  name: |2+\n    a\n", "? a\n: b\n", "- - - a", "%YAML 1.2\n---\ncode: x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.yaml", data) })
}

// FuzzExcel works on the XML of a sheet, which a fuzzer can change, and not on
// the zip around it, whose checksums it would only break.
func FuzzExcel(f *testing.F) {
	whole := book(f, map[string][][]any{"Thủ tục": {{"code", "name", "fee"}, {"1.000001", "Một", 5}}})
	sheet := ""
	replaced(f, whole, "xl/worksheets/sheet2.xml", func(s string) string { sheet = s; return s })
	f.Add([]byte(sheet))
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c><c r="XFD1" t="s"><v>99999999</v></c></row><row r="1048576"/></sheetData></worksheet>`))
	f.Add([]byte(`<worksheet><sheetData><row r="-5"><c r="A0" t="b"><v>1</v></c></row><row r="2"/><row r="1"/></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzRead(t, "a.xlsx", replaced(t, whole, "xl/worksheets/sheet2.xml", func(string) string { return string(data) }))
	})
}

// FuzzExcelFile works on the bytes of the whole file.
func FuzzExcelFile(f *testing.F) {
	f.Add(book(f, map[string][][]any{"Thủ tục": {{"code", "name"}, {"1.000001", "Một"}}}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.xlsx", data) })
}
