package index_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
)

func stripped(list []labelled) []labelled {
	out := make([]labelled, len(list))
	for i, l := range list {
		l.Question = exam.StripTones(l.Question)
		out[i] = l
	}
	return out
}

const folds = 3

// sample is a question with its candidates as the ranking saw them.
type sample struct {
	set, cond, text string
	fold            int
	weight          float64
	f               [][]float64
	right           []bool
	hits            []index.Ranked
	e               []float64
	out, amb        bool
}

func hash(s string) uint32 { h := fnv.New32a(); h.Write([]byte(s)); return h.Sum32() }

// sets are files of labelled questions; CCHCBOT_DEV_QUESTIONS may name more, joined by commas, that are not kept here.
func sets() []string {
	out := []string{"../exam/tune.jsonl", "../exam/basic.jsonl", "../exam/practice.jsonl"}
	if more := os.Getenv("CCHCBOT_DEV_QUESTIONS"); more != "" {
		out = append(out, strings.Split(more, ",")...)
	}
	return out
}

func samples(t *testing.T) []sample {
	full, err := index.New(everything(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := index.New(national(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := index.New(curated(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for _, set := range sets() {
		list := labels(t, set)
		for _, c := range []struct {
			name string
			x    *index.Index
			list []labelled
			w    float64
		}{{"full", full, list, 1}, {"full-", full, stripped(list), 0.7}, {"bare", bare, list, 0.7}, {"bare-", bare, stripped(list), 0.4},
			{"own", own, list, 0.7}, {"own-", own, stripped(list), 0.4}} {
			for i, l := range c.list {
				known := l.OutOfScope
				for _, code := range l.Codes {
					_, ok := c.x.ByCode(code)
					known = known || ok
				}
				out1 := l.OutOfScope
				if !known {
					if c.x != own {
						continue
					}
					out1 = true // what the program does not carry it does not know
				}
				s := sample{set: set, cond: c.name, text: l.Question, weight: c.w, out: out1, amb: slices.Contains(l.Tags, "ambiguous")}
				if l.OutOfScope {
					s.fold = int(hash(list[i].Question) % folds)
				} else {
					s.fold = int(hash(list[i].Codes[0]) % folds)
				}
				if set == os.Getenv("CCHCBOT_QUESTIONS_FILE") {
					s.weight *= 0.5
				}
				ranked, e := c.x.Examine(l.Question)
				for _, v := range e {
					s.e = append(s.e, float64(v))
				}
				for _, r := range ranked {
					f := make([]float64, len(r.F))
					for k, v := range r.F {
						f[k] = float64(v)
					}
					s.f = append(s.f, f)
					s.right = append(s.right, has(r.Hit, l.Codes))
					s.hits = append(s.hits, r)
				}
				out = append(out, s)
			}
		}
	}
	return out
}

// dump writes what the models see, for other tools.
func dump(t *testing.T, file string, all []sample) {
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	for i := range all {
		s := &all[i]
		codes := make([]string, len(s.hits))
		for k, h := range s.hits {
			codes[k] = h.Hit.Entry.Code
		}
		if err := enc.Encode(map[string]any{"set": s.set, "cond": s.cond, "text": s.text, "fold": s.fold, "w": s.weight, "f": s.f,
			"right": s.right, "codes": codes, "e": s.e, "out": s.out, "amb": s.amb}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func score(w []float64, f []float64) float64 {
	s := 0.0
	for k := range w {
		s += w[k] * f[k]
	}
	return s
}

// fit learns weights by softmax over the candidates; prior pulls them back.
func fit(all []sample, use func(*sample) bool, prior []float64, l2 float64, frozen map[int]bool) []float64 {
	w := append([]float64(nil), prior...)
	m, v := make([]float64, len(w)), make([]float64, len(w))
	for it := 1; it <= 400; it++ {
		g := make([]float64, len(w))
		for i := range all {
			s := &all[i]
			any := false
			for _, r := range s.right {
				any = any || r
			}
			if !use(s) || !any {
				continue
			}
			top := math.Inf(-1)
			sc := make([]float64, len(s.f))
			for k, f := range s.f {
				sc[k] = score(w, f)
				top = max(top, sc[k])
			}
			var z, zr float64
			for k := range sc {
				sc[k] = math.Exp(sc[k] - top)
				z += sc[k]
				if s.right[k] {
					zr += sc[k]
				}
			}
			for k, f := range s.f {
				d := sc[k] / z
				if s.right[k] {
					d -= sc[k] / zr
				}
				d *= s.weight
				for j := range g {
					g[j] += d * f[j]
				}
			}
		}
		for j := range w {
			if frozen[j] {
				continue
			}
			gj := g[j] + l2*(w[j]-prior[j])
			m[j] = 0.9*m[j] + 0.1*gj
			v[j] = 0.999*v[j] + 0.001*gj*gj
			w[j] -= 0.05 * (m[j] / (1 - math.Pow(0.9, float64(it)))) / (math.Sqrt(v[j]/(1-math.Pow(0.999, float64(it)))) + 1e-8)
		}
	}
	return w
}

func report(t *testing.T, name string, all []sample, weightsOf func(*sample) []float64) {
	type cell struct{ n, top1, top3, any int }
	cells := map[string]*cell{}
	var order []string
	for i := range all {
		s := &all[i]
		if s.out {
			continue
		}
		key := s.set[strings.LastIndex(s.set, "/")+1:] + " " + s.cond
		c := cells[key]
		if c == nil {
			c = &cell{}
			cells[key] = c
			order = append(order, key)
		}
		w := weightsOf(s)
		best := math.Inf(-1)
		for k := range s.f {
			if s.right[k] {
				best = max(best, score(w, s.f[k]))
			}
		}
		c.n++
		if math.IsInf(best, -1) {
			continue
		}
		c.any++
		higher := 0
		for k := range s.f {
			if !s.right[k] && score(w, s.f[k]) > best {
				higher++
			}
		}
		if higher == 0 {
			c.top1++
		}
		if higher < 3 {
			c.top3++
		}
		if higher > 0 && os.Getenv("CCHCBOT_SHOW") != "" && key == os.Getenv("CCHCBOT_SHOW") {
			var b strings.Builder
			for n := 0; n < 3; n++ {
				at, top := -1, math.Inf(-1)
				for k := range s.f {
					v := score(w, s.f[k])
					if v > top && !strings.Contains(b.String(), s.hits[k].Hit.Entry.Code) {
						at, top = k, v
					}
				}
				if at >= 0 {
					fmt.Fprintf(&b, "\n   %v %.2f %s %s %.2f", s.right[at], top, s.hits[at].Hit.Entry.Code, clip(s.hits[at].Hit.Entry.Name), s.f[at])
				}
			}
			for k := range s.f {
				if s.right[k] {
					fmt.Fprintf(&b, "\n   * %.2f %s %s %.2f", score(w, s.f[k]), s.hits[k].Hit.Entry.Code, clip(s.hits[k].Hit.Entry.Name), s.f[k])
				}
			}
			t.Logf("%d %s%s", higher, s.text, b.String())
		}
	}
	t.Log(name)
	for _, k := range order {
		c := cells[k]
		p := func(k int) float64 { return 100 * float64(k) / float64(c.n) }
		t.Logf("  %-28s n=%d top1 %.1f top3 %.1f any %.1f", k, c.n, p(c.top1), p(c.top3), p(c.any))
	}
}

// TestFit fits the weights of the ranking and of the models of confidence and
// prints what they reach in cross-validation. CCHCBOT_FIT is all, sure (only the
// models) or show (nothing is fitted; CCHCBOT_SHOW names the part whose misses are
// listed, such as "tune.jsonl full").
func TestFit(t *testing.T) {
	if os.Getenv("CCHCBOT_FIT") == "" {
		t.Skip("CCHCBOT_FIT is not set: it fits weights and prints them")
	}
	all := samples(t)
	if file := os.Getenv("CCHCBOT_DUMP"); file != "" {
		dump(t, file, all)
		return
	}
	now := make([]float64, index.NumFeatures)
	for i, w := range index.Weights() {
		now[i] = float64(w)
	}
	report(t, "now", all, func(*sample) []float64 { return now })
	if os.Getenv("CCHCBOT_FIT") == "show" {
		return
	}
	confidence(t, all, now)
	if os.Getenv("CCHCBOT_FIT") == "sure" {
		return
	}
	for _, l2 := range []float64{1} {
		var w [folds][]float64
		for k := range w {
			w[k] = fit(all, func(s *sample) bool { return s.fold != k }, now, l2, nil)
		}
		report(t, fmt.Sprintf("cross-validated, l2 %v", l2), all, func(s *sample) []float64 { return w[s.fold] })
	}
	whole := fit(all, func(*sample) bool { return true }, now, 1, nil)
	t.Logf("weights %.2f", whole)
}

// logistic learns the weights of a logistic function by gradient descent.
func logistic(all []sample, use func(*sample) bool, label func(*sample) bool, weight func(*sample) float64, l2 float64) []float64 {
	n := 0
	for i := range all {
		n = max(n, len(all[i].e))
	}
	w, m, v := make([]float64, n), make([]float64, n), make([]float64, n)
	for it := 1; it <= 250; it++ {
		g := make([]float64, n)
		for i := range all {
			s := &all[i]
			if !use(s) || len(s.e) == 0 {
				continue
			}
			p := 1 / (1 + math.Exp(-score(w, s.e)))
			if label(s) {
				p -= 1
			}
			for j := range g {
				g[j] += p * s.e[j] * weight(s)
			}
		}
		for j := range w {
			gj := g[j] + l2*w[j]
			m[j] = 0.9*m[j] + 0.1*gj
			v[j] = 0.999*v[j] + 0.001*gj*gj
			w[j] -= 0.2 * (m[j] / (1 - math.Pow(0.9, float64(it)))) / (math.Sqrt(v[j]/(1-math.Pow(0.999, float64(it)))) + 1e-8)
		}
	}
	return w
}

// forScope prepares samples for the model of the scope. Others write with other words than
// cues.tsv has: each sample counts half as it is and half with fewer of its cues, so that
// the model does not lean on them as if they were complete.
func forScope(all []sample) []sample {
	out := make([]sample, 0, 2*len(all))
	for _, s := range all {
		s.weight /= 2
		fewer := s
		s.e, fewer.e = slices.Clone(s.e), slices.Clone(s.e)
		for i := range s.e {
			switch {
			case !index.OfScope(i):
				s.e[i], fewer.e[i] = 0, 0
			case index.CuesOfScope(i):
				fewer.e[i] = 1 - math.Sqrt(1-fewer.e[i])
			}
		}
		out = append(out, s, fewer)
	}
	return out
}

// blindShare is what a sample counts without what was learnt from messages: nothing was of
// an entry or a name that somebody adds, and the models must not depend on it.
const blindShare = 0.3

// withBlind adds to the samples copies of them without what was learnt from messages, but
// for the order of the candidates.
func withBlind(all []sample) []sample {
	out := slices.Clone(all)
	for _, s := range all {
		s.weight *= blindShare
		s.e = slices.Clone(s.e)
		for i := range s.e {
			switch {
			case index.Unheard(i):
				s.e[i] = 1
			case index.OfMeant(i):
				s.e[i] = 0
			}
		}
		out = append(out, s)
	}
	return out
}

func confidence(t *testing.T, all []sample, now []float64) {
	shown := all
	all = withBlind(all)
	right := func(s *sample) bool {
		at, top := -1, math.Inf(-1)
		for k := range s.f {
			if v := score(now, s.f[k]); v > top {
				at, top = k, v
			}
		}
		return at >= 0 && s.right[at] && !s.out
	}
	inside := func(s *sample) bool { return !s.out }
	w1 := func(s *sample) float64 {
		if s.out {
			return 2 * s.weight
		}
		return s.weight
	}
	about := forScope(all)
	var scope, sure [folds][]float64
	for k := range scope {
		use := func(s *sample) bool { return s.fold != k }
		scope[k] = logistic(about, use, inside, w1, 1)
		sure[k] = logistic(all, func(s *sample) bool { return use(s) && !s.out && !s.amb }, right, func(s *sample) float64 { return s.weight }, 1)
	}
	var names []string
	for _, set := range sets() {
		names = append(names, strings.TrimSuffix(set[strings.LastIndex(set, "/")+1:], ".jsonl"))
	}
	for _, cond := range []string{"full", "full-", "bare", "bare-", "own"} {
		for _, set := range names {
			var line strings.Builder
			for _, th := range []float64{0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6} {
				var in, inRef, out, outRef int
				for i := range shown {
					s := &shown[i]
					if s.cond != cond || !strings.Contains(s.set, "/"+set+".jsonl") {
						continue
					}
					p := 0.0
					if len(s.e) > 0 {
						p = 1 / (1 + math.Exp(-score(scope[s.fold], s.e)))
					}
					if s.out {
						out++
						if p < th {
							outRef++
						}
					} else {
						in++
						if p < th {
							inRef++
						}
					}
				}
				pr := float64(outRef) / float64(max(1, outRef+inRef))
				rc := float64(outRef) / float64(max(1, out))
				fmt.Fprintf(&line, " | %.2f in-refused %.1f%% out-refused %.1f%% F1 %.2f", th, 100*float64(inRef)/float64(max(1, in)), 100*rc, 2*pr*rc/(pr+rc))
			}
			t.Logf("scope %s %s%s", set, cond, line.String())
			line.Reset()
			for _, th := range []float64{0.2, 0.3, 0.4, 0.5, 0.6} {
				var n, wrong, asked, askedRight, amb, ambAsked int
				for i := range shown {
					s := &shown[i]
					if s.cond != cond || !strings.Contains(s.set, "/"+set+".jsonl") || s.out || len(s.e) == 0 {
						continue
					}
					p := 1 / (1 + math.Exp(-score(sure[s.fold], s.e)))
					if s.amb {
						amb++
						if p < th {
							ambAsked++
						}
						continue
					}
					n++
					if !right(s) {
						wrong++
					}
					if p < th {
						asked++
						if right(s) {
							askedRight++
						}
					}
				}
				fmt.Fprintf(&line, " | %.1f asked %.1f%% (right %d, wrong found %d of %d) amb asked %.0f%%", th, 100*float64(asked)/float64(max(1, n)), askedRight, asked-askedRight, wrong, 100*float64(ambAsked)/float64(max(1, amb)))
			}
			t.Logf("sure %s %s%s", set, cond, line.String())
		}
	}
	var amb [folds][]float64
	wa := func(s *sample) float64 {
		if s.amb {
			return 3 * s.weight
		}
		return s.weight
	}
	isAmb := func(s *sample) bool { return s.amb }
	for k := range amb {
		amb[k] = logistic(all, func(s *sample) bool { return s.fold != k && !s.out }, isAmb, wa, 1)
	}
	for _, cond := range []string{"full", "full-"} {
		for _, set := range names {
			var line strings.Builder
			for _, th := range []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7} {
				var n, a [2]int
				for i := range shown {
					s := &shown[i]
					if s.cond != cond || !strings.Contains(s.set, "/"+set+".jsonl") || s.out || len(s.e) == 0 {
						continue
					}
					k := 0
					if s.amb {
						k = 1
					}
					n[k]++
					if 1/(1+math.Exp(-score(amb[s.fold], s.e))) > th {
						a[k]++
					}
				}
				fmt.Fprintf(&line, " | %.1f clear %.1f%% amb %.1f%%", th, 100*float64(a[0])/float64(max(1, n[0])), 100*float64(a[1])/float64(max(1, n[1])))
			}
			t.Logf("ask %s %s%s", set, cond, line.String())
		}
	}
	t.Logf("ask %.2f", logistic(all, func(s *sample) bool { return !s.out }, isAmb, wa, 1))
	t.Logf("scope %.2f", logistic(about, func(*sample) bool { return true }, inside, w1, 1))
	t.Logf("sure  %.2f", logistic(all, func(s *sample) bool { return !s.out && !s.amb }, right, func(s *sample) float64 { return s.weight }, 1))
	for i := range shown {
		s := &shown[i]
		if s.cond == "full" && strings.Contains(s.set, "tune") && len(s.e) > 0 {
			p := 1 / (1 + math.Exp(-score(scope[s.fold], s.e)))
			if !s.out && p < 0.6 || s.out && p > 0.4 {
				t.Logf("%v %.2f %s [%s] %.2f", s.out, p, s.text, s.hits[0].Hit.Entry.Name, s.e)
			}
		}
	}
}
