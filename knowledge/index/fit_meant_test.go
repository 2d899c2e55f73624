package index_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
)

// message is something to learn from: its features and the classes it may mean.
type message struct {
	text    string
	names   map[string]int // feature -> how often
	at      []int32        // numbers of features
	value   []float32
	classes []int
	weight  float32
}

// Settings of the learning, tried on the tuning part: rounds, step, and how much of what is learnt is kept.
const (
	meantRounds   = 20
	meantStep     = 3.0
	meantSlower   = 0.25
	meantSmall    = 2e-3 // a difference too small to learn from
	meantPull     = 0.002
	biasShare     = 0.02
	meantLeast    = 0.5 // the smallest weight kept
	meantSeen     = 3   // a feature comes in so many messages, each counted with its marks and without
	nameWeight    = 0.5 // of an everyday name, beside a message
	givenWeight   = 0.3 // of a name of a procedure that nobody curated
	meantMessages = "testdata/meant.tsv"
)

// meantClasses are the codes of the curated entries, then the other three.
func meantClasses(t *testing.T) ([]string, map[string]int) {
	var classes []string
	for _, e := range curated(t) {
		if len(e.Aliases) > 0 {
			classes = append(classes, e.Code)
		}
	}
	slices.Sort(classes)
	classes = append(classes, "other", "none", "open")
	number := make(map[string]int, len(classes))
	for i, c := range classes {
		number[c] = i
	}
	return classes, number
}

// toLearn reads the messages and takes the names of entries besides.
func toLearn(t *testing.T, x *index.Index, number map[string]int) []message {
	var out []message
	add := func(text string, classes []int, weight float32) {
		for _, s := range []string{text, exam.StripTones(text)} {
			out = append(out, message{text: text, names: x.MeantFeatures(s), classes: classes, weight: weight})
		}
	}
	files, err := filepath.Glob(cmp.Or(os.Getenv("CCHCBOT_MEANT"), meantMessages))
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages to learn from: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			codes, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			var classes []int
			for code := range strings.SplitSeq(codes, ",") {
				c, known := number[code]
				if !known {
					c = number["other"]
				}
				if !slices.Contains(classes, c) {
					classes = append(classes, c)
				}
			}
			add(text, classes, 1)
		}
	}
	for _, e := range curated(t) {
		if c, ok := number[e.Code]; ok {
			for _, name := range append([]string{e.Name}, e.Aliases...) {
				add(name, []int{c}, nameWeight)
			}
		}
	}
	for _, e := range national(t) {
		if _, ok := number[e.Code]; ok {
			continue
		}
		if names := x.GivenNames(e.Code); len(names) > 0 {
			add(names[int(hash(e.Code))%len(names)], []int{number["other"]}, givenWeight)
		}
	}
	return out
}

// meantFit is a model on its way.
type meantFit struct {
	classes int
	number  map[string]int32 // features
	names   []string
	idf     []float32
	w       [][]float32 // feature -> class -> weight; the last one is the bias
}

// fitMeant learns by softmax regression by gradient descent, message by message.
func fitMeant(list []message, classes int) *meantFit {
	m := &meantFit{classes: classes, number: map[string]int32{}}
	seen := map[string]int{}
	for _, s := range list {
		for f := range s.names {
			seen[f]++
		}
	}
	for f, n := range seen {
		if n >= meantSeen {
			m.names = append(m.names, f)
		}
	}
	slices.Sort(m.names)
	for i, f := range m.names {
		m.number[f] = int32(i)
		m.idf = append(m.idf, float32(1+math.Log(float64(1+len(list))/float64(1+seen[f]))))
	}
	m.w = make([][]float32, len(m.names)+1)
	for i := range m.w {
		m.w[i] = make([]float32, classes)
	}
	for i := range list {
		m.place(&list[i])
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	p := make([]float32, classes)
	for round := range meantRounds {
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		step := float32(meantStep / (1 + meantSlower*float64(round)))
		for _, k := range order {
			s := &list[k]
			m.likely(s, p)
			for _, c := range s.classes {
				p[c] -= 1 / float32(len(s.classes))
			}
			if len(s.classes) > 1 {
				p[classes-1]--
			}
			for c, g := range p {
				if g < meantSmall && g > -meantSmall {
					continue
				}
				g *= s.weight * step
				for n, f := range s.at {
					m.w[f][c] -= g * s.value[n]
				}
				m.w[len(m.w)-1][c] -= g * biasShare
			}
		}
		if round >= meantRounds/2 {
			for _, row := range m.w[:len(m.w)-1] {
				for c, v := range row {
					row[c] = float32(math.Copysign(math.Max(0, math.Abs(float64(v))-meantPull), float64(v)))
				}
			}
		}
	}
	return m
}

// place gives a message the numbers and values of its features.
func (m *meantFit) place(s *message) {
	s.at, s.value = s.at[:0], s.value[:0]
	var norm float64
	names := make([]string, 0, len(s.names))
	for f := range s.names {
		names = append(names, f)
	}
	slices.Sort(names)
	for _, f := range names {
		if n, ok := m.number[f]; ok {
			v := m.idf[n] * float32(1+math.Log(float64(s.names[f])))
			s.at, s.value = append(s.at, n), append(s.value, v)
			norm += float64(v) * float64(v)
		}
	}
	for i := range s.value {
		s.value[i] /= float32(math.Sqrt(norm))
	}
}

func (m *meantFit) likely(s *message, p []float32) {
	copy(p, m.w[len(m.w)-1])
	for n, f := range s.at {
		v := s.value[n]
		for c, w := range m.w[f] {
			p[c] += v * w
		}
	}
	one := p[:len(p)-1]
	most, sum := slices.Max(one), float32(0)
	for c := range one {
		p[c] = float32(math.Exp(float64(p[c] - most)))
		sum += p[c]
	}
	for c := range one {
		p[c] /= sum
	}
	p[len(one)] = float32(1 / (1 + math.Exp(-float64(p[len(one)]))))
}

// table writes the model; unit is what 1 stands for.
func (m *meantFit) table(classes []string) string {
	const unit = 0.01
	whole := func(v float32) int { return int(math.Round(float64(v) / unit)) }
	var b strings.Builder
	for c, name := range classes {
		fmt.Fprintf(&b, "class %s\t%d\n", name, whole(m.w[len(m.w)-1][c]))
	}
	for i, f := range m.names {
		var list []string
		for c, w := range m.w[i] {
			if w >= meantLeast || w <= -meantLeast {
				list = append(list, fmt.Sprintf("%d:%d", c, whole(w)))
			}
		}
		if len(list) > 0 {
			fmt.Fprintf(&b, "%s\t%d\t%s\n", f, whole(m.idf[i]), strings.Join(list, " "))
		}
	}
	return b.String()
}

// TestFitMeant learns meant.tsv.gz anew when CCHCBOT_FIT is meant, and prints how often the
// labelled questions, which it does not learn from, are given to the right class.
func TestFitMeant(t *testing.T) {
	if os.Getenv("CCHCBOT_FIT") != "meant" {
		t.Skip("CCHCBOT_FIT is not meant")
	}
	x, err := index.New(everything(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	classes, number := meantClasses(t)
	list := toLearn(t, x, number)
	m := fitMeant(list, len(classes))
	t.Logf("%d texts, %d features, %d classes", len(list), len(m.names), len(classes))
	table := m.table(classes)
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = z.Write([]byte(meantHead + table))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d packed", len(table), packed.Len())
	if err := x.UseMeant(table); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("meant.tsv.gz", packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, set := range sets() {
		for _, strip := range []bool{false, true} {
			scoreMeant(t, x, set, strip, classes, number)
		}
	}
}

const meantHead = "# How much words and pairs of words of a message speak for an entry; written by TestFitMeant from testdata/meant.tsv.\n" +
	"# class CODE <tab> bias, then feature <tab> how telling <tab> class:weight …, all in hundredths.\n"

func scoreMeant(t *testing.T, x *index.Index, set string, strip bool, classes []string, number map[string]int) {
	var n, first, three [3]int
	var open, asked [2]int
	for _, l := range labels(t, set) {
		k := 0
		if slices.Contains(l.Tags, "ambiguous") {
			k = 1
		}
		if open[k]++; x.Meant(l.Question)[len(classes)-1] > 0.5 {
			asked[k]++
		}
		if k == 1 {
			continue
		}
		kind, right := 0, []int{}
		switch {
		case l.OutOfScope:
			kind, right = 2, []int{number["none"]}
		default:
			for _, code := range l.Codes {
				if c, ok := number[code]; ok {
					right = append(right, c)
				}
			}
			if len(right) == 0 {
				kind, right = 1, []int{number["other"]}
			}
		}
		text := l.Question
		if strip {
			text = exam.StripTones(text)
		}
		p := x.Meant(text)[:len(classes)-1]
		order := make([]int, len(p))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
		n[kind]++
		if slices.Contains(right, order[0]) {
			first[kind]++
		}
		if slices.ContainsFunc(order[:3], func(c int) bool { return slices.Contains(right, c) }) {
			three[kind]++
		}
	}
	var b strings.Builder
	for k, name := range []string{"curated", "other", "none"} {
		fmt.Fprintf(&b, " | %s %d: %.1f %.1f", name, n[k], 100*float64(first[k])/float64(max(n[k], 1)), 100*float64(three[k])/float64(max(n[k], 1)))
	}
	t.Logf("%s stripped %v%s | open: clear %d of %d, ambiguous %d of %d", set, strip, b.String(), asked[0], open[0], asked[1], open[1])
}
