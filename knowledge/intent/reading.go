package intent

import (
	"slices"
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// maxHits bounds the hits kept of one signal: the rules compare hits of two
// signals pair by pair. Of more, the first and the last half are kept.
const maxHits = 512

// span is where a phrase was found: tokens from start up to end, end not in it.
type span struct {
	start, end int
	size       int  // words of the phrase that are no gap
	gap        bool // it spans words that are not the phrase's own
}

// reading is a message with everything that was found in it.
type reading struct {
	t        *table
	text     string
	toks     []vietnamese.Token
	sentence []int  // number of the sentence of each token
	comma    []bool // a comma or stronger stands before the token
	toned    bool   // typed with tones
	hits     map[signal][]span
	raw      []hit // all that was found in the order of the text, before the longer hid the shorter
	rawAt    []int // where in raw the hits of each token begin; one more at the end
	talk     talk  // small talk in front, set by social
	question bool  // has a question mark
}

type hit struct {
	signal signal
	span
}

// read finds every phrase in the text.
func (t *table) read(text string) *reading {
	r := &reading{t: t, text: text, toks: vietnamese.Tokens(text), hits: map[signal][]span{}}
	r.question = strings.ContainsAny(text, "?？")
	r.cut()
	marked, letters := 0, 0
	for _, k := range r.toks {
		if strings.IndexFunc(k.Folded, isLetter) >= 0 {
			letters++
		}
		if k.Exact != k.Folded {
			marked++
		}
	}
	r.toned = marked*3 >= letters
	r.rawAt = make([]int, 0, len(r.toks)+1)
	for i := range r.toks {
		r.rawAt = append(r.rawAt, len(r.raw))
		for _, p := range t.byFirst[r.toks[i].Folded] {
			r.try(p, i)
		}
		for _, p := range t.digits {
			r.try(p, i)
		}
	}
	r.rawAt = append(r.rawAt, len(r.raw))
	r.hideShorter()
	r.strike()
	return r
}

// rawFrom returns everything that was found to start at token i.
func (r *reading) rawFrom(i int) []hit {
	if i >= len(r.toks) {
		return nil
	}
	return r.raw[r.rawAt[i]:r.rawAt[i+1]]
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' }

// cut marks where sentences and clauses begin.
func (r *reading) cut() {
	r.sentence = make([]int, len(r.toks))
	r.comma = make([]bool, len(r.toks)+1)
	n, from := 0, 0
	for i, k := range r.toks {
		between := r.text[from:k.Start]
		if i > 0 && strings.ContainsAny(between, ".!?;\n…？！。") {
			n++
		}
		r.comma[i] = i > 0 && strings.ContainsAny(between, ".!?;\n…？！。,:()")
		r.sentence[i] = n
		from = k.End
	}
	r.comma[len(r.toks)] = true
}

func (r *reading) try(p *phrase, i int) {
	bare, end, gap, ok := r.match(p.words, i, 0, false)
	if !ok {
		return
	}
	switch {
	case p.size == 2 && !gap && r.comma[i+1]:
		return // two words with a comma between are no phrase
	case bare == 0:
	case p.toned:
		return
	case !r.toned:
	case p.size >= 3 && bare <= (p.size-1)/2: // a slip or two in a text with tones
	default:
		return
	}
	r.raw = append(r.raw, hit{p.signal, span{i, end, p.size, gap}})
}

// match compares the words from token i on; bare counts words that lost their tones.
func (r *reading) match(words []word, i, bare int, gap bool) (int, int, bool, bool) {
	for n, w := range words {
		if w.gap {
			for skip := 0; skip <= maxGap && r.within(i, i+skip); skip++ {
				if b, e, _, ok := r.match(words[n+1:], i+skip, bare, true); ok {
					return b, e, gap || skip > 0, true
				}
			}
			return 0, 0, false, false
		}
		if i >= len(r.toks) || n > 0 && r.sentence[i] != r.sentence[i-1] {
			return 0, 0, false, false
		}
		k := &r.toks[i]
		switch {
		case w.digit:
			if !strings.ContainsAny(k.Folded, "0123456789") || !strings.HasSuffix(k.Exact, w.exact) {
				return 0, 0, false, false
			}
		case k.Exact == w.exact:
		case w.marked && k.Exact == w.folded:
			bare++
		default:
			return 0, 0, false, false
		}
		i++
	}
	return bare, i, gap, true
}

// within reports whether tokens from i-1 up to j lie in one sentence.
func (r *reading) within(i, j int) bool {
	return j < len(r.toks) && r.sentence[j] == r.sentence[i-1]
}

// hideShorter keeps the hits that do not lie inside a longer one without gap
// and do not share a word with a safe phrase ("chồng tôi đánh mất giấy tờ").
func (r *reading) hideShorter() {
	safe := make([]span, len(r.toks))
	for _, h := range r.raw {
		if h.signal == sSafe {
			for i := h.start; i < h.end; i++ {
				safe[i] = h.span
			}
		}
	}
	cover := make([]span, len(r.toks)) // the longest closed hit over each token
	closed := slices.Clone(r.raw)
	closed = slices.DeleteFunc(closed, func(h hit) bool { return h.gap || aside[h.signal] })
	slices.SortFunc(closed, func(a, b hit) int { return (a.end - a.start) - (b.end - b.start) })
	for _, h := range closed {
		for i := h.start; i < h.end; i++ {
			cover[i] = h.span
		}
	}
	for _, h := range r.raw {
		if aside[h.signal] {
			r.hits[h.signal] = append(r.hits[h.signal], h.span)
			continue
		}
		hidden := false
		// A longer closed hit that holds all of h covers its first token, or is
		// itself hidden there by a still longer one that may reach less far.
		for _, c := range []span{cover[h.start], cover[h.end-1]} {
			if c.start <= h.start && c.end >= h.end && c.end-c.start > h.end-h.start {
				hidden = true
			}
		}
		for i := h.start; i < h.end && !h.gap; i++ {
			if s := safe[i]; s.end > 0 && (s.start < h.start || s.end > h.end) {
				hidden = true
			}
		}
		if h.gap { // a gap may be full of other phrases, but its ends are its own
			first, last := safe[h.start], safe[h.end-1]
			hidden = first.end > 0 && first.start < h.start || last.end > h.end
		}
		if !hidden {
			r.hits[h.signal] = append(r.hits[h.signal], h.span)
		}
	}
	for s, hits := range r.hits {
		if n := len(hits); n > maxHits {
			r.hits[s] = append(hits[:maxHits/2], hits[n-maxHits/2:]...)
		}
	}
}

func (r *reading) has(signals ...signal) bool {
	return slices.ContainsFunc(signals, func(s signal) bool { return len(r.hits[s]) > 0 })
}

// same reports whether hits of a and b stand in one sentence.
func (r *reading) same(a, b signal) bool {
	for _, x := range r.hits[a] {
		for _, y := range r.hits[b] {
			if r.sentence[x.start] == r.sentence[y.start] {
				return true
			}
		}
	}
	return false
}

// near reports whether a hit of b starts at most so many words behind a hit of
// a, in one sentence.
func (r *reading) near(a, b signal, words int) bool {
	for _, x := range r.hits[a] {
		for _, y := range r.hits[b] {
			if d := y.start - x.end; d >= 0 && d <= words && r.sentence[x.start] == r.sentence[y.start] {
				return true
			}
		}
	}
	return false
}

// before reports whether a hit of s stands in x's sentence before x.
func (r *reading) before(x span, s signal) bool {
	return slices.ContainsFunc(r.hits[s], func(y span) bool {
		return y.end <= x.start && r.sentence[y.start] == r.sentence[x.start]
	})
}

// asks reports whether the message asks something.
func (r *reading) asks() bool { return r.question || r.has(sAsk) || r.yesOrNo() }

// yesOrNo finds "có được … không" with its last word at the end of a clause.
// Both words also stand inside longer phrases, so hidden hits count.
func (r *reading) yesOrNo() bool {
	opened := map[int]int{} // sentence -> where its first opening word ends
	for _, h := range r.raw {
		if h.signal == sAskOpen {
			if end, ok := opened[r.sentence[h.start]]; !ok || h.end < end {
				opened[r.sentence[h.start]] = h.end
			}
		}
	}
	return slices.ContainsFunc(r.raw, func(h hit) bool {
		end, ok := opened[r.sentence[h.start]]
		return h.signal == sAskClose && ok && end <= h.start && r.comma[r.address(h.end)]
	})
}
