package index

import (
	"cmp"
	"slices"
)

// place is where a question says a word, and how well.
type place struct {
	at    int32
	value float32
}

// A wish stands close together: the words of a name that are strewn over a long
// story say little. window is how many words of the question count as close.
const window = 12

// massFull is how many words that hardly any name has, said close together, count
// as full evidence.
const massFull = 4

// wordAt is a word and a place of the question that says it.
type wordAt struct {
	word word
	place
}

// maxPlaces is how many places of one word count.
const maxPlaces = 4

// placeWords notes where the question says each word, by word.
func (q *question) placeWords() {
	q.places = make([]wordAt, 0, 3*len(q.units))
	put := func(w word, at int, value float32) {
		if w >= 0 {
			q.places = append(q.places, wordAt{w, place{int32(at), value}})
		}
	}
	for _, u := range q.units {
		if u.at < 0 {
			continue
		}
		v := q.weights[u.at]
		if u.weak {
			v *= 0.6
		}
		put(u.exact, u.at, v)
		if u.folded != u.exact {
			if u.loose {
				put(u.folded, u.at, v)
			} else {
				put(u.folded, u.at, v*foldedOnly)
			}
		}
	}
	for _, m := range q.matches {
		v := 0.9 * q.weights[m.from]
		for _, r := range m.readings {
			for _, w := range r {
				put(w, m.from, v)
			}
		}
	}
	slices.SortStableFunc(q.places, func(a, b wordAt) int { return cmp.Compare(a.word, b.word) })
}

// stretches says of each word where it stands in a list that is in the order of words.
type stretches struct {
	of    []stretch
	epoch uint32
}

type stretch struct {
	epoch    uint32
	from, to int32
}

// mark takes over a list of n words.
func (m *stretches) mark(n int, at func(i int) word) {
	if m.epoch++; m.epoch == 0 { // wrapped around: old ones would come alive
		clear(m.of)
		m.epoch = 1
	}
	for from := 0; from < n; {
		w, to := at(from), from+1
		for to < n && at(to) == w {
			to++
		}
		m.of[w] = stretch{m.epoch, int32(from), int32(to)}
		from = to
	}
}

// get is where a word stands, from and to not in it; the two are equal when it does not.
func (m *stretches) get(w word) (from, to int32) {
	if k := &m.of[w]; k.epoch == m.epoch {
		return k.from, k.to
	}
	return 0, 0
}

// places are the first of those of a word in the question that is marked.
func (s *scratch) places(q *question, w word) []wordAt {
	from, to := s.where.get(w)
	return q.places[from:min(to, from+maxPlaces)]
}

// said is a word of a document at one place of the question.
type said struct {
	at    int32
	of    int32 // which word of the document
	value float32
}

// again has a bit for every word of a name, which has 32 at most, that stood there before.
func again(ws []word) (set uint32) {
	for i, w := range ws {
		if slices.Contains(ws[:i], w) {
			set |= 1 << i
		}
	}
	return set
}

// near is the largest weight of different words of a name of the document looked at
// that the question says within one window; twice is again of the name.
func (x *Index) near(q *question, ws []word, twice uint32, s *scratch) float32 {
	list := s.said2[:0]
	for i, w := range ws {
		if twice>>i&1 != 0 {
			continue
		}
		idf := x.words.idf[w]
		found := s.places(q, w)
		for _, p := range found {
			list = append(list, said{p.at, int32(i), idf * p.value})
		}
		if f := x.words.fold[w]; f != w && len(found) == 0 {
			for _, p := range s.places(q, f) {
				list = append(list, said{p.at, int32(i), idf * p.value})
			}
		}
	}
	s.said2 = list
	slices.SortFunc(list, func(a, b said) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.of, b.of)) })
	var best float32
	for i := range list {
		var sum float32
		for k := i; k < len(list) && list[k].at < list[i].at+window; k++ {
			twice := false
			for j := i; j < k; j++ {
				twice = twice || list[j].of == list[k].of
			}
			if !twice {
				sum += list[k].value
			}
		}
		best = max(best, sum)
	}
	return best
}
