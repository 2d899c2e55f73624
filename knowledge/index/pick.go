package index

import (
	"slices"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// maxAnswerWords is how long an answer to a choice may be: what is longer tells
// a story or asks something new.
const maxAnswerWords = 16

// Pick implements knowledge.Searcher. Every word of an answer must be one by
// which an attribute is answered, one that asks for a side, one without a
// meaning of its own, or one that names a procedure of the choice.
func (x *Index) Pick(text string, codes []string) (knowledge.Picked, bool) {
	codes = codes[:min(len(codes), maxSplitCodes)]
	q := x.read(text, false)
	if len(q.tokens) == 0 || len(q.tokens) > maxAnswerWords || len(codes) == 0 {
		return knowledge.Picked{}, false
	}
	a := x.readAnswer(q)
	p := knowledge.Picked{Facet: q.facet, Fix: a.fix}
	left := x.narrow(codes, a)
	if len(a.words) > 0 {
		if x.onlySide(codes, q, a.words) {
			a.words = nil // "thế lệ phí?"
		} else if left = x.naming(left, q, a.words); left == nil {
			return knowledge.Picked{}, false
		}
	}
	p.Codes = left
	return p, len(left) < len(codes) || len(a.words) == 0 && q.facet != knowledge.Overview
}

// answerWords is what an answer to a choice says.
type answerWords struct {
	groups []uint32 // by attribute
	words  []int    // places of the words that are nothing else
	fix    bool
}

func (x *Index) readAnswer(q *question) answerWords {
	a := answerWords{groups: make([]uint32, len(x.talk.splits.attributes))}
	asks := make([]bool, len(q.tokens))
	x.coverSides(q.tokens, q.toned, modeAsk, asks)
	covered := slices.Clone(asks)
	for i := range x.talk.splits.attributes {
		a.groups[i] = x.talk.splits.attributes[i].answers.cover(q.tokens, q.toned, asks, covered)
	}
	a.fix = x.talk.splits.fix.cover(q.tokens, q.toned, asks, covered) != 0
	x.talk.splits.beside.cover(q.tokens, q.toned, asks, covered)
	fillers := x.lex.Fillers(q.tokens)
	for i := range q.tokens {
		if !covered[i] && !fillers[i] {
			a.words = append(a.words, i)
		}
	}
	return a
}

// narrow keeps the procedures of the groups that were named, attribute by
// attribute; one that would leave nothing is passed over.
func (x *Index) narrow(codes []string, a answerWords) []string {
	left := codes
	for i, groups := range a.groups {
		if groups == 0 {
			continue
		}
		var in []string
		for _, c := range left {
			if e, ok := x.byCode[c]; ok && x.talk.splits.attributes[i].of(e)&groups != 0 {
				in = append(in, c)
			}
		}
		if len(in) > 0 {
			left = in
		}
	}
	return left
}

// naming keeps the procedures whose names have most of the words; nil when a
// word is in none of them, for then it is about something else.
func (x *Index) naming(codes []string, q *question, words []int) []string {
	counts := make([]int, len(codes))
	for _, at := range words {
		found := false
		for i, c := range codes {
			if x.says(c, q.tokens[at], q.toned) {
				counts[i]++
				found = true
			}
		}
		if !found {
			return nil
		}
	}
	top := slices.Max(counts)
	var left []string
	for i, c := range codes {
		if counts[i] == top {
			left = append(left, c)
		}
	}
	return left
}

// onlySide reports that words which may also be part of a name ("lệ phí", "thời
// gian") ask for a side here: no procedure of the choice has one of them in its name.
func (x *Index) onlySide(codes []string, q *question, words []int) bool {
	sides := make([]bool, len(q.tokens))
	x.coverSides(q.tokens, q.toned, modeNoun, sides)
	return q.facet != knowledge.Overview && !slices.ContainsFunc(words, func(at int) bool {
		return !sides[at] || slices.ContainsFunc(codes, func(c string) bool { return x.says(c, q.tokens[at], q.toned) })
	})
}

// says reports whether a word stands in the name or an everyday name of a procedure.
func (x *Index) says(code string, t vietnamese.Token, toned bool) bool {
	at, ok := x.docOf[code]
	if !ok {
		return false
	}
	exact, folded := x.words.find(t)
	has := func(ws []word) bool {
		return slices.ContainsFunc(ws, func(w word) bool {
			return w == exact || !toned && folded != noWord && x.words.fold[w] == folded
		})
	}
	d := &x.docs[at]
	return has(d.head) || has(d.tail) || slices.ContainsFunc(d.aliases, has)
}
