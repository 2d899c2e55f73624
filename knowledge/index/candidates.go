package index

import (
	"math"
	"sync"
)

// posting says how much a term speaks for a document.
type posting struct {
	doc    int32
	impact float32
}

// postings are the inverted lists, all in one slice: list k is all[start[k]:start[k+1]].
// Terms below len(words) are word forms; pairs of folded words follow.
type postings struct {
	pair  map[uint64]int32
	start []int32
	all   []posting
}

func pairKey(a, b word) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

func (p *postings) list(term int32) []posting {
	if term < 0 {
		return nil
	}
	return p.all[p.start[term]:p.start[term+1]]
}

// worth is how telling a term is among n documents.
func (p *postings) worth(term int32, n int) float32 {
	df := float64(len(p.list(term)))
	return float32(math.Log(1 + (float64(n)-df+0.5)/(df+0.5)))
}

// post builds the inverted lists in two passes: the terms of every document
// with their weight, then the impact of each by BM25.
func (x *Index) post() {
	p := &x.posts
	p.pair = make(map[uint64]int32, 1<<16)
	terms := int32(len(x.words.fold))
	var raw []posting // impact holds the weighted count for now
	var rawTerm []int32
	at := map[int32]int{} // term -> its place in raw, within one document
	put := func(doc, term int32, weight float32, once bool) {
		if i, ok := at[term]; ok {
			if once {
				raw[i].impact = max(raw[i].impact, weight)
			} else {
				raw[i].impact += weight
			}
			return
		}
		at[term] = len(raw)
		raw = append(raw, posting{doc, weight})
		rawTerm = append(rawTerm, term)
	}
	total := 0
	for i := range x.docs {
		clear(at)
		d := &x.docs[i]
		total += len(d.head)
		x.eachTerm(d, func(term int32, weight float32, once bool) { put(int32(i), term, weight, once) }, &terms)
	}
	average := float32(total) / float32(len(x.docs))
	p.start = make([]int32, terms+2)
	for _, t := range rawTerm {
		p.start[t+2]++
	}
	n := float64(len(x.docs))
	idf := make([]float32, terms)
	for t := range idf {
		df := float64(p.start[t+2])
		idf[t] = float32(math.Log(1 + (n-df+0.5)/(df+0.5)))
	}
	for t := 2; t < len(p.start); t++ {
		p.start[t] += p.start[t-1]
	}
	p.all = make([]posting, len(raw))
	for i, r := range raw {
		t := rawTerm[i]
		long := 1 - bmB + bmB*float32(len(x.docs[r.doc].head))/average
		r.impact = idf[t] * r.impact * (bmK1 + 1) / (r.impact + bmK1*long)
		p.all[p.start[t+1]] = r
		p.start[t+1]++
	}
	p.start = p.start[:terms+1]
}

// eachTerm calls put with every term of a document: folded words, exact words,
// pairs of folded words. Everyday names count once however many there are.
func (x *Index) eachTerm(d *doc, put func(term int32, weight float32, once bool), terms *int32) {
	field := func(ws []word, weight float32, once, pairs bool) {
		for i, w := range ws {
			f := x.words.fold[w]
			put(f, weight, once)
			if f != w {
				put(w, weight, once)
			}
			if !pairs || i == 0 {
				continue
			}
			key := pairKey(x.words.fold[ws[i-1]], f)
			term, ok := x.posts.pair[key]
			if !ok {
				term = *terms
				*terms++
				x.posts.pair[key] = term
			}
			put(term, weight, once)
		}
	}
	for _, a := range d.aliases {
		field(a, weightAlias, true, true)
	}
	field(d.head, weightHead, false, true)
	field(d.tail, weightTail, false, true)
	field(d.field, weightField, true, false)
	field(d.results, weightResult, true, false)
}

// maxCandidates is how many of the documents that the terms find are ranked again.
const maxCandidates = 24

// candidate is a document on its way to a hit.
type candidate struct {
	doc   int32
	bm    float32 // relative to the best, 0 to 1
	score float64
	f     features
}

// scratch is the working memory of one search.
type scratch struct {
	score []float32 // of each document
	top   []posting // the documents with the highest scores, best first
	found []candidate
	open  candidate // the best open wish; doc -1 for none
	whole saidWhole
	// Marks by word, of the document looked at and of the question: the exact
	// form, and the folded form for comparing without tones.
	inDoc, inDocFolded marks
	said, saidFolded   marks
	saidIn             marks     // how well the question says each word of the document looked at
	where, pairsOf     stretches // places and pairs of the question by their (first) word
	seen               []bool    // pairs of the question that the document looked at has
	said2              []said
	saidOf             []float32 // what the question says of each everyday name of a document
}

// marks is a map from words to values that is emptied in no time.
type marks struct {
	of    []mark
	epoch uint32
}

type mark struct {
	epoch uint32
	value float32
}

func newMarks(n int) marks { return marks{of: make([]mark, n)} }

func (m *marks) clear() {
	if m.epoch++; m.epoch == 0 { // wrapped around: old marks would come alive
		clear(m.of)
		m.epoch = 1
	}
}

// raise sets the value of a word unless it has a higher one.
func (m *marks) raise(w word, value float32) {
	if w < 0 {
		return
	}
	if k := &m.of[w]; k.epoch != m.epoch {
		*k = mark{m.epoch, value}
	} else if value > k.value {
		k.value = value
	}
}

func (m *marks) get(w word) float32 {
	if w < 0 || m.of[w].epoch != m.epoch {
		return 0
	}
	return m.of[w].value
}

type scratchPool struct{ sync.Pool }

func (x *Index) scratch() *scratch {
	if s, ok := x.pool.Get().(*scratch); ok {
		return s
	}
	n := len(x.words.fold)
	return &scratch{score: make([]float32, len(x.docs)),
		inDoc: newMarks(n), inDocFolded: newMarks(n), said: newMarks(n), saidFolded: newMarks(n), saidIn: newMarks(n), where: stretches{of: make([]stretch, n)}, pairsOf: stretches{of: make([]stretch, n)}}
}

func (x *Index) release(s *scratch) {
	s.found = s.found[:0]
	x.pool.Put(s)
}

// candidates fills s.found with the documents that the terms of the question
// speak for most, best first.
func (x *Index) candidates(q *question, s *scratch) {
	score := s.score
	clear(score)
	for _, t := range q.terms {
		weight := t.weight
		for _, p := range x.posts.list(t.term) {
			score[p.doc] += weight * p.impact
		}
	}
	s.top = s.top[:0]
	var least float32 // that gets onto the list
	for d, v := range score {
		if v > least {
			if s.keep(posting{int32(d), v}); len(s.top) == maxCandidates {
				least = s.top[maxCandidates-1].impact
			}
		}
	}
	for _, p := range s.top {
		s.found = append(s.found, candidate{doc: p.doc, bm: p.impact / s.top[0].impact})
	}
	x.addMeant(q, s)
}

// keep inserts a document with its score in order; the list never grows past maxCandidates.
func (s *scratch) keep(c posting) {
	n := len(s.top)
	if n == maxCandidates {
		if last := s.top[n-1]; c.impact < last.impact || c.impact == last.impact && c.doc > last.doc {
			return
		}
		n--
	} else {
		s.top = append(s.top, c)
	}
	for n > 0 && (s.top[n-1].impact < c.impact || s.top[n-1].impact == c.impact && s.top[n-1].doc > c.doc) {
		s.top[n] = s.top[n-1]
		n--
	}
	s.top[n] = c
}
