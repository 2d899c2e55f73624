package exam

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/knowledge"
)

// bench is a Searcher that knows a few answers by heart.
type bench map[string]knowledge.Found

func (b bench) Search(q knowledge.Query) knowledge.Found {
	if f, ok := b[q.Text]; ok {
		return f
	}
	return knowledge.Found{Outcome: knowledge.Unknown}
}
func (b bench) Ask(q knowledge.Query) knowledge.Found        { return b.Search(q) }
func (bench) Split(_, _ []string) (knowledge.Split, bool)    { return knowledge.Split{}, false }
func (bench) Pick(string, []string) (knowledge.Picked, bool) { return knowledge.Picked{}, false }
func (bench) Situations() []knowledge.Situation              { return nil }
func (bench) ByCode(string) (*knowledge.Entry, bool)         { return nil, false }
func (bench) Fields() []knowledge.FieldCount                 { return nil }
func (bench) InField(field string) []*knowledge.Entry        { return nil }

func found(o knowledge.Outcome, facet knowledge.Facet, codes ...string) knowledge.Found {
	f := knowledge.Found{Outcome: o, Facet: facet}
	for _, c := range codes {
		head, twin, family := strings.Cut(c, "+")
		h := knowledge.Hit{Entry: &knowledge.Entry{Code: head, Name: "x"}}
		if family {
			h.Family = []*knowledge.Entry{h.Entry, {Code: twin, Name: "x"}}
		}
		f.Hits = append(f.Hits, h)
	}
	return f
}

// ticking returns a clock that moves by the given steps: each question reads it
// twice, before and after.
func ticking(took ...time.Duration) func() time.Time {
	t, n := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), 0
	return func() time.Time {
		if n%2 == 1 {
			t = t.Add(took[n/2])
		}
		n++
		return t
	}
}

func TestReportCountsWhatItSays(t *testing.T) {
	qs, err := Read(strings.NewReader(`
{"question":"right at once","codes":["1"],"facet":"fee","tags":["a"]}
{"question":"twin of a family","codes":["2"],"facet":"time","tags":["a","b"]}
{"question":"third","codes":["3"],"tags":["a"]}
{"question":"fifth","codes":["5"]}
{"question":"refused although found","codes":["6"],"tags":["b"]}
{"question":"taken for a complaint","codes":["7"]}
{"question":"a recipe","codes":[],"out_of_scope":true,"tags":["noise"]}
{"question":"a song","out_of_scope":true}
{"question":"a greeting","out_of_scope":true}
{"question":"a bus","out_of_scope":true}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := bench{
		"right at once":          found(knowledge.Answer, knowledge.Fee, "1", "9"),
		"twin of a family":       found(knowledge.Choose, knowledge.Fee, "8+2", "9"),
		"third":                  found(knowledge.Choose, knowledge.Overview, "8", "9", "3"),
		"fifth":                  found(knowledge.Choose, knowledge.Overview, "a", "b", "c", "d", "5"),
		"refused although found": found(knowledge.Unknown, knowledge.Overview, "6"),
		"taken for a complaint":  found(knowledge.Handoff, knowledge.Overview, "7"),
		"a song":                 found(knowledge.Answer, knowledge.Overview, "1"),
		"a greeting":             found(knowledge.Talk, knowledge.Overview),
		"a bus":                  found(knowledge.Handoff, knowledge.Overview),
	}
	ms := time.Millisecond
	var progress []int
	var ranks []int
	r, err := Run(context.Background(), qs, FromSearcher(s), Options{
		Now:      ticking(3*ms, 1*ms, 2*ms, 4*ms, 5*ms, 6*ms, 7*ms, 8*ms, 9*ms, 40*ms),
		Progress: func(done, total int) { progress = append(progress, done*100+total) },
		Each:     func(a Answer) { ranks = append(ranks, a.Rank) },
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	// In scope are six: ranks 1, 1, 3, 5, none, none; MRR (1+1+1/3+1/5)/6.
	want := `{"questions":10,"top1":0.3333,"top3":0.5,"mrr":0.4222,"facet":0.5,"out_of_scope_refused":0.75,` +
		`"in_scope_refused":0.1667,"p50_ms":5,"p99_ms":40,"by_tag":{` +
		`"a":{"questions":3,"top1":0.6667,"top3":1},"b":{"questions":2,"top1":0.5,"top3":0.5}},` +
		`"diverted":0.1667,"refusing":{"f1":0.6667,"precision":0.6,"recall":0.75},` +
		`"parts":{"curated":{"questions":6,"top1":0.3333,"top3":0.5,"refused":0.1667,"diverted":0.1667,"asked_back":0.5,"both":0,"facet":0.5}}}`
	if string(got) != want {
		t.Errorf("report\n%s\nwant\n%s", got, want)
	}
	if r.Diverted != (Share{1, 6}) {
		t.Errorf("diverted %v, want 1 of 6", r.Diverted)
	}
	if len(progress) != 10 || progress[0] != 110 || progress[9] != 1010 {
		t.Errorf("progress %v", progress)
	}
	if want := []int{1, 1, 3, 5, 0, 0, 0, 0, 0, 0}; !slices.Equal(ranks, want) {
		t.Errorf("ranks %v, want %v", ranks, want)
	}
	var text strings.Builder
	if err := WriteText(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"33.3 % (2 of 6)", "75.0 % (3 of 4)", "0.422", "5.000 ms", "first three", "66.7 %"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the table lacks %q:\n%s", part, text.String())
		}
	}
}

// TestPartsAndCauses asks clear, ambiguous and double questions twice, the second
// time as somebody types them who leaves the tone marks out.
func TestPartsAndCauses(t *testing.T) {
	qs, err := Read(strings.NewReader(`
{"question":"Đăng ký KHAI SINH","codes":["1"],"facet":"fee"}
{"question":"chỉ có ở trung ương","codes":["2"],"tags":["curated"]}
{"question":"mơ hồ","codes":["1","3"],"tags":["ambiguous"]}
{"question":"mơ hồ, hỏi lại","codes":["1","3"],"tags":["ambiguous"]}
{"question":"hai việc","codes":["1","3"],"tags":["two"]}
{"question":"đi lạc","codes":["4"]}
{"question":"thơ","out_of_scope":true}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := bench{
		"Đăng ký KHAI SINH":   found(knowledge.Answer, knowledge.Time, "1"),
		"Dang ky KHAI SINH":   found(knowledge.Answer, knowledge.Fee, "1"),
		"chỉ có ở trung ương": found(knowledge.Choose, knowledge.Overview, "1", "2"),
		"mơ hồ":               found(knowledge.Answer, knowledge.Overview, "1"),
		"mơ hồ, hỏi lại":      found(knowledge.Choose, knowledge.Overview, "1", "3"),
		"hai việc":            found(knowledge.Answer, knowledge.Overview, "5"),
		"đi lạc":              found(knowledge.Talk, knowledge.Overview),
		"thơ":                 found(knowledge.Answer, knowledge.Overview, "1"),
	}
	var causes []Cause
	field := func(code string) string { return map[string]string{"1": "a", "5": ""}[code] }
	var last [2]int
	r, err := Run(context.Background(), qs, FromSearcher(s), Options{
		Now: time.Now, Toneless: true, Curated: func(code string) bool { return code != "2" && code != "4" },
		Each:     func(a Answer) { causes = append(causes, a.Cause(field)) },
		Progress: func(done, total int) { last = [2]int{done, total} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Cause{WrongFacet, Near, NotAsked, "", Other, Diverted, OutOfScope}; !slices.Equal(causes, want) {
		t.Errorf("causes %v, want %v", causes, want)
	}
	if last != [2]int{14, 14} {
		t.Errorf("progress ended at %v", last)
	}
	if p := r.Parts[Curated]; p.Top1 != (Share{1, 1}) || p.Facet != (Share{0, 1}) {
		t.Errorf("curated %+v", p)
	}
	if p := r.Parts[National]; p.Questions != 2 || p.Top3 != (Share{1, 2}) || p.AskedBack != (Share{1, 2}) || p.Diverted != (Share{1, 2}) {
		t.Errorf("national %+v", p)
	}
	if p := r.Parts[Ambiguous]; p.AskedBack != (Share{1, 2}) || r.Parts[Two].Questions != 1 {
		t.Errorf("ambiguous %+v", p)
	}
	if p := r.Toneless[Curated]; p.Facet != (Share{1, 1}) || r.Toneless[National].Refused != (Share{2, 2}) {
		t.Errorf("toneless %+v", r.Toneless)
	}
}

func TestWhatWasNotAskedHasNoFigure(t *testing.T) {
	qs := []Question{{Text: "x", OutOfScope: true}}
	r, err := Run(context.Background(), qs, FromSearcher(bench{}), Options{Now: ticking(time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"questions":1,"top1":null,"top3":null,"mrr":null,"facet":null,"out_of_scope_refused":1,` +
		`"in_scope_refused":null,"p50_ms":1,"p99_ms":1,"by_tag":{},` +
		`"diverted":null,"refusing":{"f1":1,"precision":1,"recall":1},"parts":{}}`
	if string(got) != want {
		t.Errorf("report\n%s\nwant\n%s", got, want)
	}
}

func TestPercentilesAreNearestRank(t *testing.T) {
	var hundred []time.Duration
	for i := 1; i <= 100; i++ {
		hundred = append(hundred, time.Duration(i)*time.Millisecond)
	}
	for _, c := range []struct {
		n, percent int
		want       float64
	}{{100, 50, 50}, {100, 99, 99}, {1, 99, 1}, {3, 50, 2}, {0, 50, 0}} {
		if got := milliseconds(hundred[:c.n], c.percent); got != c.want {
			t.Errorf("percentile %d of %d = %v, want %v", c.percent, c.n, got, c.want)
		}
	}
}

func TestRunStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	ask := func(context.Context, string) knowledge.Found {
		asked++
		cancel()
		return knowledge.Found{}
	}
	_, err := Run(ctx, []Question{{Text: "a"}, {Text: "b"}}, ask, Options{})
	if !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("asked %d, error %v", asked, err)
	}
	if _, err := Run(context.Background(), nil, nil, Options{}); err == nil {
		t.Error("Run without an asker gave no error")
	}
}
