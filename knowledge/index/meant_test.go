package index_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"
)

// Half of the words of each message belong to the second procedure: what decides is how
// people speak of what they wish.
func TestMeantByMessages(t *testing.T) {
	x, err := index.New(curated(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, meant, not string }{
		{"bố em mất năm ngoái, sổ đỏ vẫn đứng tên ông, giờ mấy anh em muốn sang tên cho mẹ thì làm thế nào", "1.115619", "1.000656"},
		{"em sinh con xong rồi mà chưa cưới, giờ bố cháu muốn nhận con thì ra đâu", "1.001022", "1.001193"},
		{"cccd em vẫn còn hạn nhưng bị rơi mất trên xe khách, xin lại thì cần gì", "1.014064", "1.014063"},
	} {
		for _, text := range []string{c.text, exam.StripTones(c.text)} {
			found := x.Search(knowledge.Query{Text: text})
			if len(found.Hits) == 0 || found.Hits[0].Entry.Code != c.meant {
				t.Errorf("%s: %v, want %s and not %s", text, codesOf(found), c.meant, c.not)
			}
		}
	}
}

// Without what was learnt the words alone decide.
func TestMeantCanBeLeftOut(t *testing.T) {
	x, err := index.New(curated(t), index.Options{Without: index.Meant})
	if err != nil {
		t.Fatal(err)
	}
	if found := x.Search(knowledge.Query{Text: "đăng ký khai sinh"}); found.Outcome != knowledge.Answer || found.Hits[0].Entry.Code != "1.001193" {
		t.Errorf("%v", codesOf(found))
	}
}

func TestMeantTable(t *testing.T) {
	const none = "class other\t0\nclass none\t0\nclass open\t0\n"
	const classes = "class 1.1\t3\nclass other\t0\nclass none\t0\nclass open\t-200\n"
	if err := index.CheckMeant("# a note\n" + classes + "khai sinh\t250\t0:300 1:-20\n=sổ\t100\t2:1\n"); err != nil {
		t.Error(err)
	}
	for table, want := range map[string]string{
		"class 1.1\t3\nclass none\t0\nclass other\t0\nclass open\t0\n": "the last classes are not",
		classes + "khai sinh\t250\t4:1\n":                              `5: feature "khai sinh": "4:1" is no class and weight`,
		classes + "khai sinh\t250\t0:x\n":                              `5: feature "khai sinh": "0:x" is no class and weight`,
		classes + "khai sinh\t250\t0:1\nkhai sinh\t250\t0:1\n":         `6: feature "khai sinh" came before`,
		classes + "khai sinh\t-1\t0:1\n":                               `5: feature "khai sinh" has no number`,
		classes + "khai sinh\n":                                        "5: a line without a tab",
		"class 1.1\t3\nclass 1.1\t3\n":                                 `2: class "1.1" came before`,
		"class 1.1\tmany\n":                                            "1: a class has no number",
		"":                                                             "the last classes are not",
		none:                                                           "the last classes are not",
	} {
		if err := index.CheckMeant(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", table, err, want)
		}
	}
}

func FuzzMeantTable(f *testing.F) {
	f.Add("class 1.1\t0\nclass other\t0\nclass none\t0\nclass open\t0\na b\t250\t0:300 1:-20\n")
	f.Fuzz(func(t *testing.T, table string) { _ = index.CheckMeant(table) })
}

// Every curated entry has messages to learn from, and none of them is a labelled question of the
// exam: what measures must not teach.
func TestMeantMessages(t *testing.T) {
	f, err := os.Open("testdata/meant.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	asked := map[string]bool{}
	for _, part := range []string{"report", "tune", "basic", "practice"} {
		for _, l := range labels(t, "../exam/"+part+".jsonl") {
			asked[bareLetters(l.Question)] = true
		}
	}
	known := map[string]bool{"none": true}
	for _, e := range curated(t) {
		known[e.Code] = true
	}
	messages := map[string]int{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		codes, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok || strings.TrimSpace(text) != text || text == "" || strings.Contains(text, "\t") {
			t.Fatalf("line %d is not codes, a tab and a message", n)
		}
		list := strings.Split(codes, ",")
		if len(list) > 1 && (slices.Contains(list, "none") || len(slices.Compact(slices.Sorted(slices.Values(list)))) != len(list)) {
			t.Errorf("line %d: codes %s", n, codes)
		}
		for _, c := range list {
			messages[c]++
		}
		if asked[bareLetters(text)] {
			t.Errorf("line %d is a labelled question", n)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for code := range known {
		if messages[code] < 20 {
			t.Errorf("%s has %d messages; there should be 20 at least to learn from", code, messages[code])
		}
	}
}

// bareLetters are the words of a text without marks and punctuation.
func bareLetters(text string) string {
	var b strings.Builder
	for _, t := range vietnamese.Tokens(vietnamese.Clean(text)) {
		b.WriteString(t.Folded)
		b.WriteByte(' ')
	}
	return b.String()
}

func codesOf(found knowledge.Found) (codes []string) {
	for _, h := range found.Hits {
		codes = append(codes, h.Entry.Code)
	}
	return codes
}
