package content

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"cchcbot/knowledge"

	"golang.org/x/text/unicode/norm"
)

const good = `{"code":"1.000001","name":"Một"}`

// report reads a file and puts down what happened, a line a row.
func report(t testing.TB, name string, data []byte, opt ReadOptions) (string, error) {
	t.Helper()
	var b strings.Builder
	err := Read(context.Background(), name, bytes.NewReader(data), opt, func(r Row) error {
		if r.Sheet != "" {
			fmt.Fprintf(&b, "%s ", r.Sheet)
		}
		fmt.Fprintf(&b, "%d", r.Number)
		if r.Entry != nil {
			fmt.Fprintf(&b, " %s %s", r.Entry.Code, r.Entry.Name)
		}
		for _, u := range r.Unknown {
			fmt.Fprintf(&b, " ?%s", u)
		}
		for _, n := range r.Notes {
			fmt.Fprintf(&b, " ~%s", n)
		}
		for _, p := range r.Problems {
			fmt.Fprintf(&b, " !%s", p)
		}
		b.WriteByte('\n')
		return nil
	})
	return b.String(), err
}

func TestReadRows(t *testing.T) {
	tests := map[string]struct {
		name, data, want string
	}{
		"lines":            {"a.jsonl", good + "\n\n" + `{"code":"1.000002","name":"Hai"}`, "1 1.000001 Một\n3 1.000002 Hai\n"},
		"windows file":     {"a.jsonl", "\ufeff" + good + "\r\n", "1 1.000001 Một\n"},
		"name with folder": {`C:\tệp\A.JSONL`, good, "1 1.000001 Một\n"},
		"malformed in the middle": {"a.jsonl", good + "\n{\"code\":\"1.000002\",\n" + `{"code":"1.000003","name":"Ba"}`,
			"1 1.000001 Một\n2 !entry: not valid JSON: the line ends before the object does\n3 1.000003 Ba\n"},
		"bad letter in JSON": {"a.jsonl", `{"code":'x'}`,
			"1 !entry: not valid JSON: invalid character '\\'' looking for beginning of value, near byte 9\n"},
		"two values on a line": {"a.jsonl", good + good, "1 !entry: not valid JSON: more than one value on the line\n"},
		"not an object":        {"a.jsonl", "\"x\"\n7\nnull\n{}", "1 !entry: is a text; an object with code and name is needed\n2 !entry: is a number; an object with code and name is needed\n3 !entry: is nothing; an object with code and name is needed\n4   !code: \"\" is not a procedure code: 1 to 40 letters, digits, '.', '-' or '_' !name: is empty\n"},
		"invalid UTF-8":        {"a.jsonl", "{\"code\":\"1.000001\",\"name\":\"M\xff\"}\n" + good, "1 !entry: the line is not valid UTF-8; save the file as UTF-8\n2 1.000001 Một\n"},
		"NUL":                  {"a.jsonl", `{"code":"1.000001","name":"M\u0000"}`, "1 1.000001 M\x00 !text: holds bytes that are not valid UTF-8 or a NUL\n"},
		"control character":    {"a.jsonl", `{"code":"1.000001","name":"M\u0007"}`, "1 1.000001 M\a !name: holds the control character U+0007; delete it\n"},
		"unknown keys":         {"a.jsonl", `{"code":"1.000001","name":"M","Fee":"x","steps":[{"text":"a","when":1}]}`, "1 1.000001 M ?Fee ?steps.when\n"},
		"key twice":            {"a.jsonl", `{"code":"1.000001","name":"M","fee":"1","fee":"2"}`, "1 1.000001 M !fee: stands twice in the entry\n"},
		"key twice inside":     {"a.jsonl", `{"code":"1.000001","name":"M","steps":[{"text":"1","text":"2"}]}`, "1 1.000001 M !steps: text stands twice in number 1\n"},
		"wrong types": {"a.jsonl", `{"code":1.000001,"name":["M"],"aliases":"x","online_full":"true","steps":["a"],"methods":{},"documents":[{"name":{}}]}`,
			"1 1.000001  !name: is a list, not a text !aliases: is a text, not a list !online_full: is a text, not true or false" +
				" !steps: number 1 is a text, not an object with name, text !methods: is an object, not a list !documents.name: is an object, not a text !name: is empty\n"},
		"nulls are absent":    {"a.jsonl", `{"code":"1.000001","name":"M","fee":null,"aliases":null,"steps":[null]}`, "1 1.000001 M !steps: number 1 is nothing, not an object with name, text\n"},
		"nested too deep":     {"a.jsonl", `{"x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`, "1 !entry: not valid JSON: nested more than 8 deep\n"},
		"list too long":       {"a.jsonl", `{"code":"1.000001","name":"M","aliases":[` + strings.Repeat(`"a",`, 600) + `"b"]}`, "1 1.000001 M !aliases: has 601 items, at most 500\n"},
		"code twice":          {"a.jsonl", good + "\n" + good, "1 1.000001 Một\n2 1.000001 Một !code: stands already in line 1\n"},
		"paper without name":  {"a.jsonl", `{"code":"1.000001","name":"M","documents":[{"qty":"1 bản"},{"name":"A"}]}`, "1 1.000001 M ~documents: number 1 has no name and was left out\n"},
		"sequence":            {"a.yaml", "# đầu tệp\n- code: 1.001190\n  name: Một\n# giữa\n- code: '1.000002'\n  name: |\n    Hai\n\n", "2 1.001190 Một\n5 1.000002 Hai\n"},
		"indented sequence":   {"a.yml", "  - code: x1\n    name: Một\n  - code: x2\n    name: Hai\n", "1 x1 Một\n3 x2 Hai\n"},
		"documents":           {"a.yaml", "code: x1\nname: Một\naliases:\n- a\n- b\n---\ncode: x2\nname: Hai\n...\n--- # hết\n", "1 x1 Một\n7 x2 Hai\n"},
		"brackets":            {"a.yaml", "[{code: x1, name: Một},\n {code: x2, name: Hai}]", "1 x1 Một\n2 x2 Hai\n"},
		"YAML fault in one":   {"a.yaml", "- code: x1\n  name: Một\n- code: x2\n  name: 'Hai\n- code: x3\n  name: Ba\n", "1 x1 Một\n3 !entry: not valid YAML: line 4: cannot be read: could not find end character of single-quoted text\n5 x3 Ba\n"},
		"indented too little": {"a.yaml", "- code: x1\nname: Một\n- code: x2\n  name: Hai\n", "1 !entry: line 2 is indented too little for the entry\n3 x2 Hai\n"},
		"alias":               {"a.yaml", "- &a\n  code: x1\n  name: Một\n- *a\n- code: x3\n  name: Ba\n", "1 !entry: not valid YAML: line 1: anchors (&), aliases (*) and merge keys (<<) are not accepted; write the text out, or put it in quotes\n4 !entry: not valid YAML: line 4: anchors (&), aliases (*) and merge keys (<<) are not accepted; write the text out, or put it in quotes\n5 x3 Ba\n"},
		"tag":                 {"a.yaml", "- code: !!binary x1\n", "1 !entry: not valid YAML: line 1: tags (!) are not accepted; put a text that begins with ! in quotes\n"},
		"YAML key twice":      {"a.yaml", "- code: x1\n  name: a\n  name: b\n", "1 !entry: not valid YAML: line 3: mapping key \"name\" already defined at [2:3]\n"},
		"YAML unknown":        {"a.yaml", "- code: x1\n  name: a\n  colour: đỏ\n", "1 x1 a ?colour\n"},
		"YAML invalid UTF-8":  {"a.yaml", "- code: x1\n  name: \"\xff\"\n- code: x2\n  name: Hai\n", "1 !entry: not valid YAML: not valid UTF-8; save the file as UTF-8\n3 x2 Hai\n"},
		"YAML content on ---": {"a.yaml", "--- {code: x1}\n", "1 !entry: begin the content on the line after ---\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := report(t, tt.name, []byte(tt.data), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestReadTidiesTexts(t *testing.T) {
	data := `{"code":" 1.000001 ","name":"  Hộ tịch\r\n","aliases":[" a ","","  "],"summary":"Hoa\u0300\r\nb","status":" published ","steps":[{"name":"","text":" "}]}`
	var got *knowledge.Entry
	err := Read(t.Context(), "a.jsonl", strings.NewReader(data), ReadOptions{Normalize: norm.NFC.String}, func(r Row) error {
		if r.Problems != nil || r.Unknown != nil {
			t.Errorf("problems %v, unknown %v", r.Problems, r.Unknown)
		}
		got = r.Entry
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &knowledge.Entry{Code: "1.000001", Name: "Hộ tịch", Aliases: []string{"a"}, Summary: "Hoà\nb", Status: knowledge.Published}
	if keys := Compare(want, got); keys != nil || got.Steps != nil {
		t.Errorf("differs in %v: %+v", keys, got)
	}
}

func packed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadRefusesFiles(t *testing.T) {
	gz := packed(t, []byte(good+"\n"+strings.Repeat(`{"code":"1.000002","name":"Hai hai"}`+"\n", 5000)))
	bomb := packed(t, bytes.Repeat([]byte(" "), 8<<20))
	tests := map[string]struct {
		name  string
		data  []byte
		opt   Limits
		is    error
		words string
	}{
		"no ending":           {"a", []byte(good), Limits{}, ErrFormat, ".xlsx"},
		"other ending":        {"a.csv", []byte(good), Limits{}, ErrFormat, "accepted are .yaml"},
		"old Excel name":      {"a.xls", []byte("x"), Limits{}, ErrFormat, "save it in Excel as .xlsx"},
		"old Excel content":   {"a.xlsx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Limits{}, ErrFormat, "without a password"},
		"empty":               {"a.jsonl", nil, Limits{}, ErrFormat, "empty"},
		"blank":               {"a.jsonl", []byte("\n \n"), Limits{}, ErrFormat, "holds no entry"},
		"comments only":       {"a.yaml", []byte("# x\n---\n"), Limits{}, ErrFormat, "holds no entry"},
		"gzip named jsonl":    {"a.jsonl", gz, Limits{}, ErrFormat, "a gzip file"},
		"text named gzip":     {"a.jsonl.gz", []byte(good), Limits{}, ErrFormat, "a text"},
		"text named xlsx":     {"a.xlsx", []byte(good), Limits{}, ErrFormat, "a text"},
		"zip named yaml":      {"a.yaml", []byte("PK\x03\x04abc"), Limits{}, ErrFormat, "a zip or Excel file"},
		"UTF-16":              {"a.jsonl", []byte("\xff\xfe{\x00"), Limits{}, ErrFormat, "UTF-8"},
		"JSON array":          {"a.jsonl", []byte(" [" + good + "]"), Limits{}, ErrFormat, "one object a line"},
		"gzip cut off":        {"a.jsonl.gz", gz[:len(gz)-40], Limits{}, ErrBroken, "not a complete gzip file"},
		"gzip head cut off":   {"a.jsonl.gz", gz[:6], Limits{}, ErrBroken, "not a complete gzip file"},
		"gzip altered":        {"a.jsonl.gz", altered(gz, len(gz)-6), Limits{}, ErrBroken, "checksum"},
		"gzip bomb":           {"a.jsonl.gz", bomb, Limits{}, ErrTooLarge, "zip bomb"},
		"zip cut off":         {"a.xlsx", []byte("PK\x03\x04abc"), Limits{}, ErrBroken, "not a complete Excel file"},
		"packed too large":    {"a.jsonl.gz", gz, Limits{File: 50}, ErrTooLarge, "split it"},
		"unpacked too large":  {"a.jsonl.gz", gz, Limits{Text: 3000}, ErrTooLarge, "split it"},
		"text too large":      {"a.yaml", []byte(strings.Repeat("- code: x\n", 100)), Limits{Text: 500}, ErrTooLarge, "split it"},
		"too many rows":       {"a.jsonl", []byte(strings.Repeat(good+"\n", 6)), Limits{Rows: 5}, ErrTooLarge, "more than 5 entries"},
		"too many rows, YAML": {"a.yaml", []byte(strings.Repeat("- code: x\n", 6)), Limits{Rows: 5}, ErrTooLarge, "more than 5 entries"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := report(t, tt.name, tt.data, ReadOptions{Limits: tt.opt})
			if !errors.Is(err, tt.is) {
				t.Fatalf("error %v, want %v", err, tt.is)
			}
			if !strings.Contains(err.Error(), tt.words) || !strings.HasPrefix(err.Error(), tt.name+": ") {
				t.Errorf("error %q does not say %q", err, tt.words)
			}
		})
	}
}

func altered(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 0xff
	return data
}

func TestLongLineCostsOnlyItsRow(t *testing.T) {
	long := `{"code":"1.000002","name":"` + strings.Repeat("x", 2<<20) + `"}`
	got, err := report(t, "a.jsonl", []byte(good+"\n"+long+"\n"+`{"code":"1.000003","name":"Ba"}`), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1 1.000001 Một\n2 !entry: the line has more than 2 MiB\n3 1.000003 Ba\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got, err = report(t, "a.yaml", []byte("- code: x1\n  name: "+strings.Repeat("x", 2<<20)+"\n- code: x2\n  name: Hai\n"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1 !entry: line 2 has more than 2 MiB\n3 x2 Hai\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got, err = report(t, "a.yaml", []byte("- code: x1\n  name: |\n"+strings.Repeat("    dòng\n", 200_000)+"- code: x2\n  name: Hai\n"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1 !entry: the entry has more than 1 MiB; divide entries with '- ' or '---' at the line start\n200003 x2 Hai\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Input that makes the YAML parser recurse or multiply must be stopped before
// it gets there: a stack overflow cannot be recovered from.
func TestYAMLAttacksEndQuickly(t *testing.T) {
	const n = 45_000
	laughs := "- a: &a [x,x,x,x,x,x,x,x,x]\n  b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n  c: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	for name, piece := range map[string]string{
		"open lists": "[", "open maps": "{", "lists": "- ", "complex keys": "? ", "maps": "a: ", "tags": "!!a ", "anchors": "&a ", "aliases": "*a ",
		"colons": ":", "quotes": "\"", "bars": "|", "ampersands": "&", "commas": "[],", "empty items": "- \n  ",
	} {
		t.Run(name, func(t *testing.T) {
			for _, lead := range []string{"- a: ", "", "- "} {
				got, err := report(t, "a.yaml", []byte(lead+strings.Repeat(piece, n)+"\n"), ReadOptions{})
				if err == nil && !strings.Contains(got, "!") {
					t.Errorf("%q accepted: %.200s", lead, got)
				}
			}
		})
	}
	if got, err := report(t, "a.yaml", []byte(laughs), ReadOptions{}); err != nil || !strings.Contains(got, "aliases (*)") {
		t.Errorf("billion laughs: %v %s", err, got)
	}
	deep := "- code: x1\n  name: a\n"
	for i := range 900 {
		deep += strings.Repeat(" ", i+2) + "k:\n"
	}
	if got, err := report(t, "a.yaml", []byte(deep), ReadOptions{}); err != nil || !strings.Contains(got, "!entry") {
		t.Errorf("deep maps: %v %.200s", err, got)
	}
}

func TestReadStops(t *testing.T) {
	data := strings.Repeat(good+"\n", 10)
	stop := errors.New("stop")
	rows := 0
	err := Read(t.Context(), "a.jsonl", strings.NewReader(data), ReadOptions{}, func(Row) error {
		if rows++; rows == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || rows != 3 {
		t.Errorf("error %v after %d rows", err, rows)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, file := range map[string][]byte{"a.jsonl": []byte(data), "a.yaml": []byte("- code: x"), "a.jsonl.gz": packed(t, []byte(data)), "a.xlsx": []byte("PK\x03\x04")} {
		err := Read(ctx, name, bytes.NewReader(file), ReadOptions{}, func(Row) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want canceled", name, err)
		}
	}
}

func TestExampleFile(t *testing.T) {
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entries := readAll(t, "example.yaml", data)
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	for _, f := range fields { // the example of the documentation shows every key
		if f.key != "kind" && emptyField(f, entries[0]) {
			t.Errorf("the example has no %s", f.key)
		}
	}
}
