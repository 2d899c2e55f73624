package content

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"

	"pgregory.net/rapid"
)

// awkward are texts that some format would misread if it were careless.
var awkward = []string{
	"=SUM(A1:A9)", "+84", "-1", "@x", "1.001190", "0912", "1e9", "0x1F", "1_000", "2026-07-01", "46000", "true", "null", "~", "yes", "TRUE", "có",
	"- một", "a: b", "a #b", "# a", "'a'", `"a"`, `\n`, "a\\", "[a]", "{a}", "&a", "*a", "!a", "|", ">", "%a", "`a`", "? a", ": a", "a:", "---", "...",
	"_x0041_", "_x005F_x0041_", "x_x000D_y", "<b>&amp;</b>", "dòng một\ndòng hai", "a\n\nb", "a\n  b\n c", "a \nb", "a\t\tb", "- a\n- b", "a\n# b\nc: d",
	"a\u00a0b", "a\u200bb", "a\u202eb", "a\ufeffb", "a\u2028b", "😀 ok", "e\u0301", "Ệ Ử Ỡ Ẵ", "a,b;c", "<<", "=", "'", "a''b", "--- a", "ends with \\",
	"ratio > 2 < 3", "x'", "a\nb: c\n- d", "1\n2",
}

func drawText(t *rapid.T, label string) string {
	s := rapid.OneOf(
		rapid.SampledFrom(awkward),
		rapid.StringN(0, 12, 60),
		rapid.StringOfN(rapid.SampledFrom([]rune("aB1 đỆ\n\t:#-'\"\\[]{}&*!|>%@`?,=_x0\u2028")), 0, 14, -1),
		rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom(awkward).Draw(t, "a") + rapid.SampledFrom([]string{" ", "\n", ": ", " # "}).Draw(t, "sep") + rapid.SampledFrom(awkward).Draw(t, "b")
		}),
	).Draw(t, label)
	return tidied(s)
}

// tidied is what reading makes of a text; characters that it refuses are left out.
func tidied(s string) string {
	s = strings.Map(func(r rune) rune {
		if _, bad := unprintable(string(r)); bad || r == 0 || r == '\r' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}

func drawList(t *rapid.T, label string) []string {
	var items []string
	for range rapid.IntRange(0, 3).Draw(t, label+" length") {
		if s := drawText(t, label); s != "" {
			items = append(items, s)
		}
	}
	return items
}

// drawEntry makes any entry that Validate accepts.
func drawEntry(t *rapid.T) *knowledge.Entry {
	e := &knowledge.Entry{}
	for _, f := range fields {
		switch {
		case f.text != nil:
			*f.text(e) = drawText(t, f.key)
		case f.flag != nil:
			*f.flag(e) = rapid.Bool().Draw(t, f.key)
		case f.list != nil:
			*f.list(e) = drawList(t, f.key)
		case f.group != nil:
			n := rapid.IntRange(0, 3).Draw(t, f.key+" length")
			f.group.size(e, n)
			for i := range n {
				cells := f.group.cells(e, i)
				for j, s := range cells {
					*s = drawText(t, f.key+"."+f.group.keys[j])
				}
				if *cells[1] == "" {
					*cells[1] = "tên"
				}
			}
		}
	}
	e.Code = rapid.StringMatching(`[0-9]\.[0-9]{6}|[A-Za-z0-9._-]{1,40}`).Draw(t, "code")
	if lostZeros.MatchString(e.Code) {
		e.Code = "x" + e.Code[1:]
	}
	e.Name = tidied("Thủ tục " + e.Name)
	e.Kind = rapid.SampledFrom([]knowledge.Kind{knowledge.Procedure, knowledge.Explainer}).Draw(t, "kind")
	e.Status = rapid.SampledFrom([]knowledge.Status{"", knowledge.Published, knowledge.Amended, knowledge.Abolished}).Draw(t, "status")
	day := rapid.SampledFrom([]string{"", "2026-07-01", "2021-12-31"})
	e.Updated, e.VerifiedAt = day.Draw(t, "updated"), day.Draw(t, "verified_at")
	e.ValidFrom = rapid.SampledFrom([]string{"", "2020-01-01"}).Draw(t, "valid_from")
	e.ValidTo = day.Draw(t, "valid_to")
	link := rapid.SampledFrom([]string{"", "https://dichvucong.gov.vn/p?a=1&b=%20#x", "http://example.vn"})
	e.OnlineURL, e.SourceURL = link.Draw(t, "online_url"), link.Draw(t, "source_url")
	for i := range e.Documents {
		e.Documents[i].FormURL = link.Draw(t, "form_url")
	}
	for i := range e.Methods {
		e.Methods[i].URL = link.Draw(t, "url")
	}
	return e
}

func readAll(t interface {
	Helper()
	Fatalf(string, ...any)
}, name string, data []byte) []*knowledge.Entry {
	t.Helper()
	var got []*knowledge.Entry
	err := Read(context.Background(), name, bytes.NewReader(data), ReadOptions{}, func(r Row) error {
		if len(r.Problems) > 0 || len(r.Unknown) > 0 {
			t.Fatalf("%s %d: problems %v, unknown %v\n%s", r.Sheet, r.Number, r.Problems, r.Unknown, data[:min(len(data), 4000)])
		}
		got = append(got, r.Entry)
		return nil
	})
	if err != nil {
		t.Fatalf("read: %v\n%s", err, data[:min(len(data), 4000)])
	}
	return got
}

func TestWrittenReadsBackEqual(t *testing.T) {
	for _, format := range []string{formatJSONL, formatYAML, formatExcel} {
		t.Run(format, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := []*knowledge.Entry{drawEntry(t)}
				if second := drawEntry(t); second.Code != want[0].Code {
					want = append(want, second)
				}
				var file bytes.Buffer
				if err := Write(&file, format, slices.Values(want)); err != nil {
					t.Fatalf("write: %v", err)
				}
				got := readAll(t, "export."+format, file.Bytes())
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("read back\n%+v\nwant\n%+v\nfile\n%s", deref(got), deref(want), file.Bytes()[:min(file.Len(), 4000)])
				}
			})
		})
	}
}

func deref(entries []*knowledge.Entry) (all []knowledge.Entry) {
	for _, e := range entries {
		all = append(all, *e)
	}
	return all
}

// The limits on YAML must leave room for an entry whose every list is full.
func TestFullestEntryReadsBack(t *testing.T) {
	e := curatedEntry("x1")
	for _, f := range fields {
		switch {
		case f.list != nil:
			*f.list(e) = slices.Repeat([]string{"mục"}, knowledge.MaxListLength)
		case f.group != nil:
			f.group.size(e, knowledge.MaxListLength)
			for i := range knowledge.MaxListLength {
				for _, s := range f.group.cells(e, i) {
					*s = "https://example.vn"
				}
			}
		}
	}
	for _, format := range []string{formatJSONL, formatYAML, formatExcel} {
		var file bytes.Buffer
		if err := Write(&file, format, slices.Values([]*knowledge.Entry{e})); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, "a."+format, file.Bytes()); len(got) != 1 || Compare(e, got[0]) != nil {
			t.Errorf("%s: differs in %v", format, Compare(e, got[0]))
		}
	}
}
