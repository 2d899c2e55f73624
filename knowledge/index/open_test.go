package index

import (
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// TestOpenTable: each way of saying an open wish stands once, and is no everyday name.
func TestOpenTable(t *testing.T) {
	wishes, err := loadOpen()
	if err != nil {
		t.Fatal(err)
	}
	given, err := loadEveryday()
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]string{}
	for code, names := range given {
		for _, n := range names {
			taken[vietnamese.Lower(n)] = code
		}
	}
	for _, w := range wishes {
		for _, n := range w.names {
			key := vietnamese.Lower(n)
			if other, twice := taken[key]; twice {
				t.Errorf("%q is also said for %s", n, other)
			}
			taken[key] = strings.Join(w.codes, ",")
			if len(vietnamese.Tokens(n)) > maxAliasWords {
				t.Errorf("too long: %q", n)
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(w.codes)))) < leastOpen {
			t.Errorf("%v leaves nothing open", w)
		}
	}
}

func TestOpenRows(t *testing.T) {
	got, err := parseOpen("# what\n1.1,1.2\tlàm lại bằng | đổi bằng\n\n")
	if err != nil || len(got) != 1 || len(got[0].codes) != 2 || len(got[0].names) != 2 {
		t.Errorf("read %v, %v", got, err)
	}
	for _, bad := range []string{"1.1\ta\n", "1.1,1.2\n", "1.1,1.2\t\n", "1.1,\ta\n", "1.1,1.2\ta |  | b\n", "1,2,3,4,5,6,7\ta\n"} {
		if _, err := parseOpen(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// openIndex has one open wish over two of three procedures.
func openIndex(t *testing.T, inForce func(*knowledge.Entry) bool) *Index {
	t.Helper()
	x, err := New([]*knowledge.Entry{
		{Code: "9.000001", Name: "Cấp lại giấy phép lái xe", Aliases: []string{"mất bằng lái xe làm lại"}},
		{Code: "9.000002", Name: "Đổi giấy phép lái xe", Aliases: []string{"bằng lái xe hết hạn"}},
		{Code: "9.000003", Name: "Đăng ký khai sinh", Aliases: []string{"làm giấy khai sinh"}},
	}, Options{Without: OpenWishes})
	if err != nil {
		t.Fatal(err)
	}
	entries := []*knowledge.Entry{x.byCode["9.000001"], x.byCode["9.000002"], x.byCode["9.000003"]}
	x.docs, x.posts, x.words, x.docOf, x.off = nil, postings{}, vocabulary{}, map[string]int32{}, 0
	x.build(entries, []openWish{{codes: []string{"9.000001", "9.000002", "0.000000"}, names: []string{"làm bằng lái xe", "việc bằng lái xe"}}}, inForce)
	return x
}

// TestOpenWish: the open wish leads to a choice, a detail to its procedure; and it is
// never shown itself.
func TestOpenWish(t *testing.T) {
	x := openIndex(t, func(e *knowledge.Entry) bool { return e.Status.InForce() })
	for _, c := range []struct {
		text    string
		outcome knowledge.Outcome
		want    []string
	}{
		{"làm bằng lái xe", knowledge.Choose, []string{"9.000001", "9.000002"}},
		{"lam bang lai xe", knowledge.Choose, []string{"9.000001", "9.000002"}},
		{"mất bằng lái xe muốn làm lại", knowledge.Answer, []string{"9.000001"}},
		{"bằng lái xe hết hạn", knowledge.Answer, []string{"9.000002"}},
		{"làm giấy khai sinh", knowledge.Answer, []string{"9.000003"}},
	} {
		found := x.Search(knowledge.Query{Text: c.text})
		var codes []string
		for _, h := range found.Hits {
			codes = append(codes, h.Entry.Code)
		}
		if slices.Sort(codes[min(1, len(codes)):]); found.Outcome != c.outcome || len(codes) < len(c.want) || !slices.Contains(codes[:len(c.want)], c.want[0]) {
			t.Errorf("%s: %s %v, want %s %v", c.text, found.Outcome, codes, c.outcome, c.want)
		}
		if slices.Contains(codes, "") {
			t.Errorf("%s: the wish itself is shown", c.text)
		}
	}
}

// TestOpenWishOfOne: when only one of its procedures is left in force, nothing is open.
func TestOpenWishOfOne(t *testing.T) {
	x := openIndex(t, func(e *knowledge.Entry) bool { return e.Code != "9.000002" })
	if found := x.Search(knowledge.Query{Text: "làm bằng lái xe"}); len(x.docs) != 3 {
		t.Errorf("%d documents, %s", len(x.docs), found.Outcome)
	}
}
