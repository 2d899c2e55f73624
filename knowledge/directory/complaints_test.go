package directory

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// complaint is a line of testdata/complaints.tsv.
type complaint struct {
	part   string
	fields []string
	text   string
}

func readComplaints(t testing.TB) []complaint {
	t.Helper()
	b, err := os.ReadFile("testdata/complaints.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []complaint
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 {
			t.Fatalf("not part, field, text: %q", line)
		}
		out = append(out, complaint{cells[0], strings.Split(cells[1], "|"), cells[2]})
	}
	return out
}

// What people write leads to the field they mean: nearly always where the words
// were foreseen, mostly where they were not.
func TestMatchComplaints(t *testing.T) {
	d := load(t, today)
	type score struct{ n, first, three int }
	scores := map[string]*score{"tuned": {}, "held": {}}
	for _, c := range readComplaints(t) {
		s := scores[c.part]
		if s == nil {
			t.Fatalf("part %q of %q", c.part, c.text)
		}
		var got []string
		for _, m := range d.MatchField(c.text) {
			got = append(got, m.Field.ID)
		}
		at := slices.IndexFunc(got, func(id string) bool { return slices.Contains(c.fields, id) })
		s.n++
		switch {
		case at == 0:
			s.first++
			s.three++
		case at > 0 && at < 3:
			s.three++
			t.Logf("%s: not first: %q: %v, want %v", c.part, c.text, got, c.fields)
		default:
			t.Logf("%s: not found: %q: %v, want %v", c.part, c.text, got, c.fields)
		}
	}
	for part, least := range map[string]struct{ first, three float64 }{"tuned": {0.95, 0.99}, "held": {0.78, 0.80}} {
		s := scores[part]
		first, three := float64(s.first)/float64(s.n), float64(s.three)/float64(s.n)
		t.Logf("%s: %d sentences, %.1f %% first, %.1f %% among three", part, s.n, 100*first, 100*three)
		if s.n < 40 || first < least.first || three < least.three {
			t.Errorf("%s: fewer are proposed than should be", part)
		}
	}
}

// Talk that complains of nothing proposes no field, least of all a sensitive one:
// "chua" is chưa and not chùa, "to" not tố.
func TestTalkProposesNoField(t *testing.T) {
	d := load(t, today)
	for _, text := range []string{
		"", "xin chào", "cam on anh", "vâng đúng rồi", "chua a", "to qua", "cho toi hoi", "toi muon hoi mot viec", "de toi xem lai",
		"kien oi", "duoc khong", "ở xã Tân Dân", "phường Tân Bình", "12345", "!!!", "ok e", "viec cua toi den dau roi",
	} {
		if got := d.MatchField(text); len(got) > 0 {
			t.Errorf("%q: %s by %q", text, got[0].Field.ID, got[0].Words)
		}
	}
}

func TestScoresAreShares(t *testing.T) {
	d := load(t, today)
	for _, c := range readComplaints(t) {
		sum := 0.0
		for _, m := range d.MatchField(c.text) {
			if m.Score <= 0 || len(m.Words) == 0 {
				t.Errorf("%q: %s with score %v by %q", c.text, m.Field.ID, m.Score, m.Words)
			}
			sum += m.Score
		}
		if sum != 0 && (sum < 0.999 || sum > 1.001) {
			t.Errorf("%q: the scores add up to %v", c.text, sum)
		}
	}
}

func BenchmarkMatchField(b *testing.B) {
	d := load(b, today)
	text := strings.Repeat("Kính gửi UBND phường, đèn chiếu sáng trước cửa nhà tôi hỏng đã hai tuần, cống thoát nước tắc. ", 5)
	b.ReportAllocs()
	for b.Loop() {
		if len(d.MatchField(text)) == 0 {
			b.Fatal("nothing")
		}
	}
}
