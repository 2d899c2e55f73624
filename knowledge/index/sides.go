package index

import (
	"slices"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// modes of a phrase or pattern that says a side of a procedure.
const (
	modeNone  = iota // looks like a side, stays a part of the topic
	modeNoun         // names a side
	modeAsk          // asks for it
	modeWeak         // asks, unless another side is asked for
	modeState        // says it, and asks when nothing else does
	modeTold         // looks like a question and is none
	modeTopic        // names a side, asks for none
)

// A value of facets.tsv holds a facet and, in its low bits, a mode.
const (
	modeBits = 3
	modeMask = 1<<modeBits - 1
)

// side is a place of a text that says a side of a procedure.
type side struct {
	from, to int // words, to not in it
	facet    knowledge.Facet
	mode     int
	words    []int // the words that only ask
	kept     []int // the words that name it and are a part of the topic too
}

// sidesOf finds all sides that a text speaks of, in its order: phrases and
// patterns without a gap first, for a pattern with one could reach over them.
func (x *Index) sidesOf(text string, ts []vietnamese.Token, toned bool) []side {
	ends := make([]int, len(ts)) // word -> end of its clause
	for i := len(ts) - 1; i >= 0; i-- {
		ends[i] = i + 1
		if i+1 < len(ts) && !clauseEnds(text, ts, i+1) {
			ends[i] = ends[i+1]
		}
	}
	var out []side
	taken := make([]bool, len(ts)) // asked with already
	m := matcher{ts: ts, words: x.talk.asking.words(ts), taken: taken}
	for i := 0; i < len(ts); {
		s := side{from: i, to: i}
		if value, n := x.tables.facets.at(ts[i:], toned); n > 0 {
			s = phraseSide(i, n, value)
		}
		if p, ok := x.talk.asking.at(&m, ends[i], i, toned, passClose); ok && p.to-p.from > s.to-s.from {
			s = p
		}
		if s.to == i {
			i++
			continue
		}
		out = append(out, s)
		for _, k := range s.words {
			taken[k] = s.mode != modeState // "có làm qua mạng được không" asks
		}
		for _, k := range s.kept {
			taken[k] = s.mode == modeNone // the "phí" of "học phí" is none
		}
		i = s.to
	}
	for _, pass := range [...]int{passGap, passWeak} {
		for i := range ts {
			if taken[i] {
				continue
			}
			if s, ok := x.talk.asking.at(&m, ends[i], i, toned, pass); ok {
				out = append(out, s)
				for _, k := range s.words {
					taken[k] = true
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b side) int { return a.from - b.from })
	denies(text, ts, out)
	return out
}

// phraseSide is the side that a phrase of facets.tsv of n words at word i says.
func phraseSide(i, n, value int) side {
	s := side{from: i, to: i + n, facet: knowledge.Facets[value>>modeBits], mode: value & modeMask}
	for k := i; k < i+n; k++ {
		if s.mode == modeAsk || s.mode == modeState {
			s.words = append(s.words, k)
		} else {
			s.kept = append(s.kept, k)
		}
	}
	return s
}

// readFacet finds what side of the procedure is asked about and takes the asking
// words out of the topic.
func (x *Index) readFacet(q *question, text string, roles []int8, asks []bool) {
	list := x.sidesOf(text, q.tokens, q.toned)
	for _, s := range list {
		for _, k := range s.kept {
			if s.mode == modeNoun || s.mode == modeTopic {
				roles[k] = roleWeak
			}
		}
	}
	for _, s := range list {
		for _, k := range s.words {
			roles[k] = roleNone
			asks[k] = s.mode == modeAsk || s.mode == modeWeak || s.mode == modeState
		}
	}
	q.facet = mainSide(text, q.tokens, list)
	q.asked = q.facet != knowledge.Overview
	// What the words say beyond the lists tells where to look in the entry; it is no
	// sign that a procedure is asked about.
	q.facet = x.chooseSide(text, q.tokens, q.toned, list, q.facet)
}

// mainSide chooses the side that a text asks for. A phrase that asks beats one
// that may only describe, that a noun, a noun "làm thế nào". Of several that ask
// it is the first, but the papers before the place: who asks for both has them to
// bring there. Conditions yield to all: "được miễn không, nộp gì" asks for papers.
func mainSide(text string, ts []vietnamese.Token, list []side) knowledge.Facet {
	var asks []side
	condition, weak, state, noun, steps, told := knowledge.Facet(""), knowledge.Facet(""), knowledge.Facet(""), knowledge.Facet(""), false, knowledge.Facet("")
	for _, s := range list {
		switch {
		case s.mode == modeAsk && s.facet == knowledge.Steps:
			steps = true
		case s.mode == modeAsk && isTold(text, ts, s):
			told = s.facet
		case s.mode == modeAsk && s.facet == knowledge.Conditions:
			condition = s.facet
		case s.mode == modeAsk:
			asks = append(asks, s)
		case s.mode == modeWeak:
			weak = s.facet // the last: the others tell why
		case s.mode == modeState && state == "":
			state = s.facet
		case s.mode == modeNoun && noun == "" && (len(ts) < longStory || inWish(text, ts, s)):
			noun = s.facet
		}
	}
	if len(asks) > 0 {
		first := asks[0]
		switch {
		case first.facet != knowledge.Where:
			return first.facet
		case slices.ContainsFunc(asks, func(s side) bool { return s.facet == knowledge.Documents }):
			return knowledge.Documents
		case slices.ContainsFunc(list, func(s side) bool { return s.facet == knowledge.Forms && fetched(ts, s, first) }):
			return knowledge.Forms
		}
		return first.facet
	}
	if weak == knowledge.Where && state == knowledge.Online {
		return state // "nộp trên mạng hay phải ra xã"
	}
	for _, f := range [...]knowledge.Facet{condition, weak, told, state, noun} {
		if f != "" {
			return f
		}
	}
	if steps {
		return knowledge.Steps
	}
	return knowledge.Overview
}

// inWish reports that a noun stands in a clause that wishes, or in the last one:
// papers that a story tells of are no question.
func inWish(text string, ts []vietnamese.Token, s side) bool {
	from, to := s.from, s.to
	for from > 0 && !clauseEnds(text, ts, from) {
		from--
	}
	for to < len(ts) && !clauseEnds(text, ts, to) {
		to++
	}
	return to == len(ts) || slices.ContainsFunc(ts[from:to], func(t vietnamese.Token) bool { return wishWords[t.Folded] })
}

// sayWords follow, after "thì" or "mà", a question that a story only tells of:
// "hỏi cần giấy gì thì họ bảo cứ về".
var sayWords = map[string]bool{"bao": true, "noi": true, "keu": true, "tra": true, "bat": true}

// isTold reports that a question is followed by what somebody answered.
func isTold(text string, ts []vietnamese.Token, s side) bool {
	if s.to >= len(ts) || ts[s.to].Folded != "thi" && ts[s.to].Folded != "ma" || clauseEnds(text, ts, s.to) {
		return false
	}
	for k := s.to + 1; k < min(s.to+5, len(ts)) && !clauseEnds(text, ts, k); k++ {
		if sayWords[ts[k].Folded] && (k+1 == len(ts) || ts[k+1].Folded != "nhieu" && ts[k+1].Folded != "lau" && ts[k+1].Folded != "gio") {
			return true
		}
	}
	return false
}

// getWords are what one does with a form before it is filled in, handWords after.
var (
	getWords  = map[string]bool{"lay": true, "tai": true, "in": true, "xin": true, "mua": true, "kiem": true, "tim": true, "co": true}
	handWords = map[string]bool{"nop": true, "gui": true, "den": true, "ra": true, "len": true}
)

// fetched reports that "ở đâu" asks where to get a form that is named before it,
// not where to hand it in.
func fetched(ts []vietnamese.Token, form, where side) bool {
	if form.from >= where.from {
		return false
	}
	for _, t := range ts[max(form.to, where.from-1):where.to] {
		if getWords[t.Folded] {
			return true
		}
	}
	for _, t := range ts[max(form.from-1, 0):where.to] {
		if handWords[t.Folded] {
			return false
		}
	}
	return ts[form.from].Folded == "mau" || ts[form.from].Folded == "bieu" || ts[form.from].Folded == "to"
}
