package index

import (
	"fmt"
	"slices"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// asking is asks.tsv: patterns that ask for a side of a procedure.
type asking struct {
	list    []pattern
	numbers map[string]int32  // words of patterns, as written and without marks
	first   [passes][][]int32 // number of the folded first word -> patterns
}

// asked is a word by its numbers, -1 where no pattern has it.
type asked struct{ exact, folded int32 }

type pattern struct {
	facet knowledge.Facet
	mode  int
	pass  int
	toned bool // needs its tones
	parts []part
}

// part is a piece of a pattern: a gap, or one of some phrases.
type part struct {
	alts     [][]asked
	optional bool
	keep     bool
	gap      bool
	begins   uint64 // bits of the folded words that one of alts begins with
}

// bit is one of 64 by the number of a word: what has not the bit of a word has not the word.
func (w asked) bit() uint64 { return 1 << (uint32(w.folded) % 64) }

// number gives a word of a pattern its number.
func (a *asking) number(w string) int32 {
	n, ok := a.numbers[w]
	if !ok {
		n = int32(len(a.numbers))
		a.numbers[w] = n
		for pass := range a.first {
			a.first[pass] = append(a.first[pass], nil)
		}
	}
	return n
}

// phrase numbers the words of a phrase of a pattern.
func (a *asking) phrase(text string) []asked {
	var out []asked
	for _, t := range vietnamese.Tokens(text) {
		out = append(out, asked{a.number(t.Exact), a.number(t.Folded)})
	}
	return out
}

// words are those of a text.
func (a *asking) words(ts []vietnamese.Token) []asked {
	find := func(w string) int32 {
		if n, ok := a.numbers[w]; ok {
			return n
		}
		return -1
	}
	out := make([]asked, len(ts))
	for i := range ts {
		w := asked{folded: find(ts[i].Folded)}
		if w.exact = w.folded; ts[i].Exact != ts[i].Folded {
			w.exact = find(ts[i].Exact)
		}
		out[i] = w
	}
	return out
}

// The passes in which patterns are looked for.
const (
	passClose = iota // no gap
	passGap
	passWeak
	passes
)

// maxGap is how many words a gap may hold.
const maxGap = 8

// readAsks reads the text of asks.tsv. The first wrong line is an error.
func readAsks(data string) (*asking, error) {
	a := &asking{numbers: map[string]int32{}}
	classes := map[string][][]asked{}
	modes := map[string]int{"ask": modeAsk, "weak": modeWeak, "state": modeState, "told": modeTold, "topic": modeTopic}
	return a, eachRow(data, 3, func(cols []string) error {
		if cols[0] == "class" {
			if classes[cols[1]] != nil || strings.ToUpper(cols[1]) != cols[1] {
				return fmt.Errorf("class %q came before or is no NAME", cols[1])
			}
			for _, text := range strings.Split(cols[2], " | ") {
				classes[cols[1]] = append(classes[cols[1]], a.phrase(text))
			}
			return nil
		}
		mode, ok := modes[cols[1]]
		facet := knowledge.Facet(cols[0])
		if silent := mode == modeTold || mode == modeTopic; !ok || silent != (cols[0] == "-") || !silent && !slices.Contains(knowledge.Facets[:], facet) {
			return fmt.Errorf("facet %q and mode %q do not go together", cols[0], cols[1])
		}
		for _, text := range strings.Split(cols[2], " | ") {
			p := pattern{facet: facet, mode: mode}
			if err := a.read(&p, text, classes); err != nil {
				return err
			}
			a.add(p)
		}
		return nil
	})
}

// read takes a pattern apart.
func (a *asking) read(p *pattern, text string, classes map[string][][]asked) error {
	text, p.toned = strings.CutPrefix(text, "=")
	for _, w := range strings.Fields(text) {
		e := part{gap: w == "…"}
		name, optional := strings.CutSuffix(w, "?")
		e.optional = optional
		if inner, ok := strings.CutPrefix(name, "("); ok {
			name, e.keep = strings.TrimSuffix(inner, ")"), true
		}
		switch upper := strings.ToUpper(name) == name && strings.ToLower(name) != name; {
		case e.gap:
			p.pass = passGap
		case upper && classes[name] == nil:
			return fmt.Errorf("class %q is not known", name)
		case upper:
			e.alts = classes[name]
		default:
			e.alts = [][]asked{a.phrase(name)}
		}
		for _, alt := range e.alts {
			if len(alt) == 0 {
				return fmt.Errorf("pattern %q has a part without words", text)
			}
			e.begins |= alt[0].bit()
		}
		p.parts = append(p.parts, e)
	}
	if n := len(p.parts); n == 0 || p.parts[0].gap || p.parts[0].optional || p.parts[n-1].gap {
		return fmt.Errorf("pattern %q must begin and end with words", text)
	}
	if p.mode == modeWeak {
		p.pass = passWeak
	}
	return nil
}

func (a *asking) add(p pattern) {
	n := int32(len(a.list))
	a.list = append(a.list, p)
	for _, alt := range p.parts[0].alts {
		if first := &a.first[p.pass][alt[0].folded]; !slices.Contains(*first, n) {
			*first = append(*first, n)
		}
	}
}

// at returns the side that the pattern with most words of its own says at word i
// of a clause that ends before word end. Words that are taken belong to no other.
func (a *asking) at(m *matcher, end, i int, toned bool, pass int) (side, bool) {
	begin := m.words[i].folded
	if begin < 0 || len(a.first[pass][begin]) == 0 {
		return side{}, false
	}
	m.end = end
	best, words := side{}, 0
	for _, n := range a.first[pass][begin] {
		p := &a.list[n]
		m.exact = toned || p.toned
		m.best, m.so = m.best[:0], m.so[:0]
		m.match(p.parts, i)
		if len(m.best) <= words {
			continue
		}
		words = len(m.best)
		best = side{from: i, to: m.best[words-1].at + 1, facet: p.facet, mode: p.mode}
		for _, w := range m.best {
			if w.keep || p.mode == modeTopic {
				best.kept = append(best.kept, w.at)
			} else {
				best.words = append(best.words, w.at)
			}
		}
	}
	return best, words > 0
}

// matcher looks for the way of a pattern through a text that has most words.
type matcher struct {
	ts    []vietnamese.Token // of the text
	words []asked            // the same
	end   int                // of the clause
	taken []bool
	exact bool
	so    []matched // so far
	best  []matched
}

type matched struct {
	at   int
	keep bool
}

// match tries parts from word i on; after a gap the first place that fits is taken.
func (m *matcher) match(parts []part, i int) bool {
	if len(parts) == 0 {
		if len(m.so) > len(m.best) && !m.negates(i) {
			m.best = append(m.best[:0], m.so...)
		}
		return true
	}
	p := &parts[0]
	if p.gap {
		for skip := 0; skip <= maxGap && i+skip < m.end; skip++ {
			if m.match(parts[1:], i+skip) {
				return true
			}
		}
		return false
	}
	found := false
	if i < m.end && m.words[i].folded >= 0 && p.begins&m.words[i].bit() != 0 {
		for _, alt := range p.alts {
			if !m.fits(alt, i) {
				continue
			}
			for k := range alt {
				m.so = append(m.so, matched{i + k, p.keep})
			}
			found = m.match(parts[1:], i+len(alt)) || found
			m.so = m.so[:len(m.so)-len(alt)]
		}
	}
	if p.optional {
		found = m.match(parts[1:], i) || found
	}
	return found
}

// fits reports that a phrase stands at word i and is not taken.
func (m *matcher) fits(alt []asked, i int) bool {
	if i+len(alt) > m.end {
		return false
	}
	for k, w := range alt {
		t := m.words[i+k]
		if m.taken[i+k] || w.exact != t.exact && (m.exact || w.folded != t.folded) {
			return false
		}
	}
	return true
}

// afterNo may follow a "không" that asks; before any other word it only denies.
// ("quản trị viên" is what "ad" stands for.)
var afterNo = map[string]bool{
	"a": true, "vay": true, "the": true, "ha": true, "nhi": true, "nhe": true, "hay": true, "hoac": true, "quan": true, "moi": true, "cac": true,
	"anh": true, "chi": true, "em": true, "bac": true, "co": true, "chu": true, "chau": true, "ban": true, "va": true, "voi": true, "thi": true,
	"de": true, "khi": true, "neu": true, "ma": true, "roi": true, "con": true, "xin": true, "cho": true, "toi": true, "can": true, "phai": true, "gio": true,
}

// negates reports that the words so far end with a "không" that belongs to the
// word behind it: "đổi ý không giải thể nữa".
func (m *matcher) negates(i int) bool {
	return m.ts[i-1].Folded == "khong" && len(m.so) > 1 && m.so[len(m.so)-2].at < i-2 && i < m.end && !afterNo[m.ts[i].Folded]
}
