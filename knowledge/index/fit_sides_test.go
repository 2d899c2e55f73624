package index_test

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
)

type sideScores = [len(knowledge.Facets)]float32

// sideSample is a message with the side that it asks for.
type sideSample struct {
	text     string
	facet    knowledge.Facet
	fold     int
	features map[string]float32
	names    []string // of the features, sorted
}

// sideSamples reads testdata/facets.tsv and the labelled questions kept here,
// each with its tones and without.
func sideSamples(t *testing.T, x *index.Index) []sideSample {
	var out []sideSample
	add := func(facet knowledge.Facet, text string, both bool) {
		texts := []string{text}
		if both {
			texts = append(texts, exam.StripTones(text))
		}
		for _, s := range texts {
			f := x.SideFeatures(s)
			names := make([]string, 0, len(f))
			for n := range f {
				names = append(names, n)
			}
			slices.Sort(names)
			out = append(out, sideSample{s, facet, int(hash(text) % folds), f, names})
		}
	}
	data, err := os.ReadFile("testdata/facets.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if cols := strings.Split(strings.TrimSpace(line), "\t"); !strings.HasPrefix(line, "#") {
			add(knowledge.Facet(cols[0]), cols[1], len(cols) == 2)
		}
	}
	for _, set := range []string{"../exam/tune.jsonl", "../exam/basic.jsonl"} {
		for _, l := range labels(t, set) {
			if l.Facet != "" {
				add(l.Facet, l.Question, true)
			}
		}
	}
	return out
}

// Settings of the learning: rounds, first step, pull towards zero, and the
// smallest weight that is kept.
const (
	sideRounds = 20
	sideStep   = 0.2
	sidePull   = 3e-4
	sideLeast  = 0.06
)

// fitSides learns the weights by logistic regression over all sides.
func fitSides(list []sideSample) map[string]*sideScores {
	w := map[string]*sideScores{}
	seen := map[string]int{}
	for _, s := range list {
		for _, f := range s.names {
			seen[f]++
			w[f] = &sideScores{}
		}
	}
	order := slices.Clone(list)
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range sideRounds {
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		step := float32(sideStep / (1 + 0.3*float64(round)))
		for _, s := range order {
			var p sideScores
			for _, f := range s.names {
				for c, v := range w[f] {
					p[c] += v * s.features[f]
				}
			}
			most, sum := slices.Max(p[:]), float32(0)
			for c := range p {
				p[c] = float32(math.Exp(float64(p[c] - most)))
				sum += p[c]
			}
			for c := range p {
				g := p[c] / sum
				if knowledge.Facets[c] == s.facet {
					g--
				}
				for _, f := range s.names {
					w[f][c] -= step * (g*s.features[f] + sidePull*w[f][c])
				}
			}
		}
	}
	for f, s := range w {
		for c := range s {
			if math.Abs(float64(s[c])) < sideLeast {
				s[c] = 0
			}
		}
		if seen[f] < 3 || *s == (sideScores{}) { // once, with and without tones
			delete(w, f)
		}
	}
	return w
}

// TestFitSides prints, when CCHCBOT_FIT is sides, how often the right side is
// chosen for messages that the weights were not learnt from, and writes
// sidewords.tsv anew.
func TestFitSides(t *testing.T) {
	if os.Getenv("CCHCBOT_FIT") != "sides" {
		t.Skip("CCHCBOT_FIT is not sides")
	}
	x, err := index.New(curated(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list := sideSamples(t, x)
	right := 0
	for fold := range folds {
		var learn, check []sideSample
		for _, s := range list {
			if s.fold == fold {
				check = append(check, s)
			} else {
				learn = append(learn, s)
			}
		}
		w := fitSides(learn)
		for _, s := range check {
			var p sideScores
			for _, f := range s.names {
				if v := w[f]; v != nil {
					for c := range p {
						p[c] += v[c] * s.features[f]
					}
				}
			}
			if knowledge.Facets[slices.Index(p[:], slices.Max(p[:]))] == s.facet {
				right++
			}
		}
	}
	t.Logf("words alone, cross-validated: %.1f %% of %d", 100*float64(right)/float64(len(list)), len(list))
	table := index.SideTable(fitSides(list))
	if err := x.UseSides(table); err != nil {
		t.Fatal(err)
	}
	right = 0
	for _, s := range list {
		if x.Side(s.text) == s.facet {
			right++
		}
	}
	t.Logf("with the lists, learnt from all: %.1f %%", 100*float64(right)/float64(len(list)))
	data, err := os.ReadFile("sidewords.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var head strings.Builder
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			head.WriteString(line)
		}
	}
	if err := os.WriteFile("sidewords.tsv", []byte(head.String()+table), 0o644); err != nil {
		t.Fatal(err)
	}
}
