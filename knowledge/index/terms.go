package index

import (
	"cmp"
	"math/bits"
	"slices"

	"cchcbot/knowledge/vietnamese"
)

// Shares of the weight of a word in the search for candidates.
const (
	exactShare   = 0.4
	pairShare    = 0.6
	matchedShare = 0.5 // of a word that an everyday term explains
	readingShare = 0.9
)

// unseenPair is what two neighbouring words are worth that stand side by side in
// no entry, compared with two that do in one only.
const unseenPair = 0.25

// readTerms turns words, pairs and readings into terms of the inverted lists.
func (x *Index) readTerms(q *question) {
	q.terms, q.paired = q.terms[:0], 0
	q.pairs = make([]wordPair, 0, 2*len(q.units))
	add := func(term int32, weight float32) {
		if term >= 0 && weight > 0 {
			q.terms = append(q.terms, queryTerm{term, weight})
		}
	}
	pair := func(a, b word, weight float32) {
		if a < 0 || b < 0 || !x.has(Pairs) {
			return
		}
		key := pairKey(a, b)
		term, ok := x.posts.pair[key]
		worth := weight * unseenPair * x.rarest
		if ok {
			add(term, weight*pairShare)
			worth = weight * x.posts.worth(term, len(x.docs))
		}
		if worth > 0 {
			q.pairs = append(q.pairs, wordPair{a, b, worth})
		}
	}
	for i, u := range q.units {
		share := x.share(q, u)
		add(u.folded, share)
		if u.exact != u.folded {
			add(u.exact, share*exactShare)
		}
		if i > 0 && q.units[i-1].at == u.at-1 {
			pair(q.units[i-1].folded, u.folded, min(share, x.share(q, q.units[i-1])))
		}
	}
	for _, m := range q.matches {
		for _, reading := range m.readings {
			for i, w := range reading {
				add(x.words.fold[w], readingShare*m.weight)
				if i > 0 {
					pair(x.words.fold[reading[i-1]], x.words.fold[w], readingShare*m.weight)
				}
			}
		}
	}
	q.mergeTerms()
}

// mergeTerms makes one of each term and pair that was said several times: terms add up,
// of a pair the best counts.
func (q *question) mergeTerms() {
	slices.SortStableFunc(q.terms, func(a, b queryTerm) int { return cmp.Compare(a.term, b.term) })
	terms := q.terms[:0]
	for _, t := range q.terms {
		if n := len(terms); n > 0 && terms[n-1].term == t.term {
			terms[n-1].weight += t.weight
		} else {
			terms = append(terms, t)
		}
	}
	q.terms = terms
	slices.SortStableFunc(q.pairs, func(a, b wordPair) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
	pairs := q.pairs[:0]
	for _, p := range q.pairs {
		if n := len(pairs); n > 0 && pairs[n-1].a == p.a && pairs[n-1].b == p.b {
			pairs[n-1].worth = max(pairs[n-1].worth, p.worth)
		} else {
			pairs = append(pairs, p)
		}
	}
	q.pairs = pairs
	for _, p := range pairs {
		q.paired += p.worth
	}
}

// share is the weight of a word in the search for candidates: that of its
// clause, since the inverted lists know how telling it is.
func (x *Index) share(q *question, u unit) float32 {
	idf := x.idfOf(u)
	if idf == 0 {
		return 0
	}
	s := u.weight / idf
	for _, m := range q.matches {
		if u.at >= m.from && u.at < m.to {
			return s * matchedShare
		}
	}
	return s
}

// levelEnds are the last words of what names a level.
var levelEnds = map[string]bool{"uong": true, "bo": true, "tinh": true, "xa": true}

// levelOf returns the level that the question names ("tại cấp tỉnh").
func levelOf(ts []vietnamese.Token) int {
	for i := 2; i <= len(ts); i++ {
		if !levelEnds[ts[i-1].Folded] {
			continue
		}
		if rank, _ := namedLevel(ts[max(0, i-4):i]); rank >= 0 {
			return rank
		}
	}
	return -1
}

func overlap(a, b uint32) int { return bits.OnesCount32(a & b) }
