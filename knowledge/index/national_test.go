package index_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/knowledge"
	"cchcbot/knowledge/index"

	"github.com/goccy/go-yaml"
)

// The national database of procedures (dichvucong.gov.vn) is not part of the
// repository. CCHCBOT_NATIONAL_FILE names a .jsonl.gz of it for the tests and
// benchmarks that need it; CCHCBOT_QUESTIONS_FILE a .jsonl of labelled
// questions, CCHCBOT_ENTRIES (national, curated) a part of the entries to measure
// them on. Without the files those tests are skipped.
func national(t testing.TB) []*knowledge.Entry {
	t.Helper()
	path := os.Getenv("CCHCBOT_NATIONAL_FILE")
	if path == "" {
		t.Skip("CCHCBOT_NATIONAL_FILE is not set")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []*knowledge.Entry
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		e := new(knowledge.Entry)
		if err := json.Unmarshal(lines.Bytes(), e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return all
}

// curated are the reviewed entries of knowledge/content.
func curated(t testing.TB) []*knowledge.Entry {
	t.Helper()
	files, err := filepath.Glob("../content/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []*knowledge.Entry
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var list []*knowledge.Entry
		if err := yaml.Unmarshal(data, &list); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, list...)
	}
	return all
}

// everything is the national file with the curated entries in their places.
func everything(t testing.TB) []*knowledge.Entry {
	t.Helper()
	all := national(t)
	at := map[string]int{}
	for i, e := range all {
		at[e.Code] = i
	}
	for _, e := range curated(t) {
		if i, ok := at[e.Code]; ok {
			all[i] = e
		} else {
			all = append(all, e)
		}
	}
	return all
}

type labelled struct {
	Question   string          `json:"question"`
	Codes      []string        `json:"codes"`
	Facet      knowledge.Facet `json:"facet"`
	OutOfScope bool            `json:"out_of_scope"`
	Tags       []string        `json:"tags"`
}

func labels(t testing.TB, path string) []labelled {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var l labelled
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// has reports whether the hit is one of the codes, or stands for one.
func has(h knowledge.Hit, codes []string) bool {
	if slices.Contains(codes, h.Entry.Code) {
		return true
	}
	return slices.ContainsFunc(h.Family, func(e *knowledge.Entry) bool { return slices.Contains(codes, e.Code) })
}

// TestNational holds the questions that must work on the whole national file.
func TestNational(t *testing.T) {
	x, err := index.New(everything(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		question, code string
		facet          knowledge.Facet
		outcome        knowledge.Outcome
	}{
		{"lam giay khai sinh cho con can nhung gi", "1.001193", knowledge.Documents, knowledge.Answer},
		{"lệ phí đăng ký kết hôn với người nước ngoài", "2.000806", knowledge.Fee, knowledge.Answer},
		{"sang tên sổ đỏ mất bao lâu", "1.115619", knowledge.Time, knowledge.Answer},
		{"thu tuc cap lai the can cuoc bi mat", "1.014064", knowledge.Overview, knowledge.Answer},
		{"đăng ký kết hôn", "1.000894", knowledge.Overview, knowledge.Answer},
		{"mấy giờ xe buýt số 2 chạy", "", knowledge.Overview, knowledge.Unknown},
		{"thời tiết hôm nay", "", knowledge.Overview, knowledge.Unknown},
		{"giá vàng", "", knowledge.Overview, knowledge.Unknown},
	} {
		f := x.Search(knowledge.Query{Text: c.question})
		code := ""
		if len(f.Hits) > 0 {
			code = f.Hits[0].Entry.Code
		}
		if f.Outcome != c.outcome || c.code != "" && (code != c.code || f.Facet != c.facet) {
			t.Errorf("%q: %s %s %s, want %s %s %s", c.question, f.Outcome, code, f.Facet, c.outcome, c.code, c.facet)
			for _, h := range f.Hits {
				t.Logf("  %.2f %s %s", h.Score, h.Entry.Code, h.Entry.Name)
			}
		}
	}
}

// TestMeasure prints how well labelled questions are answered. It asserts
// nothing: the questions it was made with are not part of the repository.
func TestMeasure(t *testing.T) {
	path := os.Getenv("CCHCBOT_QUESTIONS_FILE")
	if path == "" {
		t.Skip("CCHCBOT_QUESTIONS_FILE is not set")
	}
	entries := everything(t)
	switch os.Getenv("CCHCBOT_ENTRIES") {
	case "national": // how the ranking does without any everyday names
		entries = national(t)
	case "curated": // what the program carries within itself
		entries = curated(t)
	}
	x, err := index.New(entries, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var in, shown, top1, top3, refused, refusedRight, out, outRefused, answered, answeredRight int
	var times []time.Duration
	for _, l := range labels(t, path) {
		begin := time.Now()
		f := x.Search(knowledge.Query{Text: l.Question})
		times = append(times, time.Since(begin))
		if l.OutOfScope {
			out++
			if f.Outcome == knowledge.Unknown {
				outRefused++
			} else if testing.Verbose() {
				t.Logf("OUT  %q: %s %.2f %s", l.Question, f.Outcome, f.Hits[0].Score, f.Hits[0].Entry.Name)
			}
			continue
		}
		in++
		at := slices.IndexFunc(f.Hits, func(h knowledge.Hit) bool { return has(h, l.Codes) })
		if at == 0 {
			top1++
			if slices.Contains(l.Codes, f.Hits[0].Entry.Code) {
				shown++
			}
		}
		if at >= 0 && at < 3 {
			top3++
		}
		switch f.Outcome {
		case knowledge.Unknown:
			refused++
			if at == 0 {
				refusedRight++
			}
		case knowledge.Answer:
			answered++
			if at == 0 {
				answeredRight++
			}
		}
		if at != 0 && testing.Verbose() {
			var b strings.Builder
			for _, h := range f.Hits[:min(3, len(f.Hits))] {
				b.WriteString("\n      " + h.Entry.Code + " " + clip(h.Entry.Name))
			}
			t.Logf("MISS %s %d %q want %v%s", f.Outcome, at, l.Question, l.Codes, b.String())
		} else if f.Outcome == knowledge.Unknown && testing.Verbose() {
			t.Logf("REFUSED %.2f %q %s", f.Hits[0].Score, l.Question, clip(f.Hits[0].Entry.Name))
		}
	}
	slices.Sort(times)
	pct := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	t.Logf("in scope %d: top-1 %.1f %% (the very record %.1f %%), top-3 %.1f %%, refused %.1f %% (of them right %d); answered %d, right %.1f %%",
		in, pct(top1, in), pct(shown, in), pct(top3, in), pct(refused, in), refusedRight, answered, pct(answeredRight, answered))
	t.Logf("out of scope %d: refused %.1f %%; p50 %v p99 %v", out, pct(outRefused, out), times[len(times)/2], times[len(times)*99/100])
}

func clip(s string) string {
	if r := []rune(s); len(r) > 110 {
		return string(r[:110]) + "…"
	}
	return s
}

// TestWishesOfTheNationalList: what only the national list tells apart. "Thuê" with
// its mark is no "thuế", a death abroad no foreigner's, and no office examines people.
func TestWishesOfTheNationalList(t *testing.T) {
	x, err := index.New(everything(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [...]struct{ question, outcome, first string }{
		{"thuê đất", "choose", "1.115648"},
		{"xin thuê đất", "choose", "1.115648"},
		{"thuế đất", "choose", "1.007695"},
		{"đăng ký khai tử cho người chết ở nước ngoài", "answer", "2.000527"},
		{"hoãn nghĩa vụ quân sự", "answer", "gt.hoan-nghia-vu-quan-su"},
		{"nộp đơn ly hôn lên tòa qua mạng", "answer", "3.000163"},
		{"ly hôn", "answer", "gt.ly-hon"},
		{"khám sức khỏe", "unknown", ""},
		{"giấy khám sức khỏe xin ở đâu", "unknown", ""},
		{"thời tiết", "unknown", ""},
		{"xin phép dự báo thời tiết trong tỉnh", "answer", "1.000987"},
		{"vay vốn ngân hàng chính sách", "answer", "gt.vay-von-chinh-sach"},
	} {
		f := x.Search(knowledge.Query{Text: c.question})
		first := ""
		if len(f.Hits) > 0 && f.Outcome != knowledge.Unknown {
			first = f.Hits[0].Entry.Code
		}
		if string(f.Outcome) != c.outcome || first != c.first {
			t.Errorf("%q: %s %q, want %s %q", c.question, f.Outcome, first, c.outcome, c.first)
		}
	}
}
