package index

import (
	"cmp"
	"slices"

	"cchcbot/knowledge"
)

// The features of a candidate, each about 0 to 1.
const (
	fCover    = iota // how much of the question the procedure explains
	fNamed           // how much of the head of its name the question explains
	fAlias           // best everyday name: coverage both ways
	fBoth            // fCover times the better of fNamed and fAlias
	fPairs           // how many neighbouring words of the question stand so in it
	fBM              // weighted BM25, relative to the best
	fPlain           // coverage of the question's own words by the bare name, without lexicon and aliases
	fAction          // same action
	fActionNo        // another action
	fQual            // circumstances shared
	fQualMiss        // circumstances asked for that it lacks
	fQualMore        // circumstances it has and nobody asked for
	fClash           // for the other side of 14 years of age
	fCommune         // done at the commune
	fCurated         // somebody gave it everyday names
	fField           // of the field preferred by the caller
	fStale           // no longer in force
	fExplain         // an explainer, not a procedure
	numFeatures
)

type features [numFeatures]float32

// weights of the features, fitted on labelled questions of other authors and
// rounded; see BenchmarkExam for how to measure again.
var weights = features{
	fCover: 3.0, fNamed: 1.5, fAlias: 1.5, fBoth: 2.0, fPairs: 1.2, fBM: 2.0, fPlain: 0.8,
	fAction: 0.6, fActionNo: -1.1, fQual: 0.5, fQualMiss: -0.5, fQualMore: -0.8,
	fClash: -1.5, fCommune: 0.5, fCurated: 0.2, fField: 1.5, fStale: -0.5, fExplain: -0.1,
}

// rank computes the features of the candidates and sorts them by the model.
func (x *Index) rank(q *question, field string, s *scratch) {
	x.markQuestion(q, s)
	for i := range s.found {
		c := &s.found[i]
		d := &x.docs[c.doc]
		x.markDoc(d, s)
		x.measure(q, d, field, c, s)
		c.score = 0
		for k, w := range weights {
			c.score += float64(w * c.f[k])
		}
	}
	sortCandidates(s.found)
}

func sortCandidates(list []candidate) {
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc))
	})
}

// foldedOnly is what a word counts that agrees only without its tone marks
// although the writer uses them: "vàng" is not "vắng".
const foldedOnly = 0.25

func (x *Index) markQuestion(q *question, s *scratch) {
	s.said.clear()
	s.saidFolded.clear()
	for _, u := range q.units {
		s.said.raise(u.exact, 1)
		if u.loose {
			s.saidFolded.raise(u.folded, 1)
		} else {
			s.saidFolded.raise(u.folded, foldedOnly)
		}
	}
	for _, m := range q.matches {
		for _, r := range m.readings {
			for _, w := range r {
				s.said.raise(w, 0.9)
			}
		}
	}
}

func (x *Index) markDoc(d *doc, s *scratch) {
	s.inDoc.clear()
	s.inDocFolded.clear()
	put := func(ws []word, value float32) {
		for _, w := range ws {
			s.inDoc.raise(w, value)
			s.inDocFolded.raise(x.words.fold[w], value)
		}
	}
	put(d.head, 1)
	for _, a := range d.aliases {
		put(a, 1)
	}
	put(d.tail, 0.85)
	put(d.field, 0.6)
	put(d.results, 0.5)
}

// inDocument is how well a document has a word of the question.
func (s *scratch) inDocument(u unit) float32 {
	if u.loose {
		return s.inDocFolded.get(u.folded)
	}
	return max(s.inDoc.get(u.exact), foldedOnly*s.inDocFolded.get(u.folded))
}

// saidWord is how well the question says a word of a document.
func (x *Index) saidWord(w word, s *scratch) float32 {
	return max(s.said.get(w), s.saidFolded.get(x.words.fold[w]))
}

func (x *Index) measure(q *question, d *doc, field string, c *candidate, s *scratch) {
	f := &c.f
	*f = features{}
	f[fCover], f[fPlain] = x.coverage(q, d, s)
	f[fNamed] = x.explained(d.head, d.headIDF, s)
	for i, a := range d.aliases {
		f[fAlias] = max(f[fAlias], x.aliasFit(q, a, d.aliasIDF[i], s))
	}
	f[fBoth] = f[fCover] * max(f[fNamed], f[fAlias])
	f[fPairs] = x.pairShare(q, d)
	f[fBM] = c.bm
	measureKinds(q, d, f)
	both := x.tables.under14 | x.tables.over14
	if asked, has := q.quals&both, d.quals&both; asked != 0 && has != 0 && asked&has == 0 {
		f[fClash] = 1
	}
	if d.level == 0 {
		f[fCommune] = 1
	}
	if len(d.aliases) > 0 {
		f[fCurated] = 1
	}
	if field != "" && d.entry.Field == field {
		f[fField] = 1
	}
	if !d.inForce {
		f[fStale] = 1
	}
	if d.entry.Kind == knowledge.Explainer {
		f[fExplain] = 1
	}
}

// coverage returns how much of the question the document explains, with the
// lexicon's readings and by its bare words.
func (x *Index) coverage(q *question, d *doc, s *scratch) (cover, plain float32) {
	if q.total == 0 {
		return 0, 0
	}
	var fits [maxMatches]float32
	for i, m := range q.matches {
		for k, r := range m.readings {
			fits[i] = max(fits[i], x.readingFit(r, m.idf[k], s))
		}
		fits[i] *= fits[i] // half a term is little
	}
	for _, u := range q.units {
		own := s.inDocument(u)
		plain += u.weight * own
		for i, m := range q.matches {
			if u.at >= m.from && u.at < m.to {
				own = max(own, fits[i])
			}
		}
		cover += u.weight * own
	}
	return cover / q.total, plain / q.total
}

// readingFit is how much of an official reading the marked document has.
func (x *Index) readingFit(reading []word, total float32, s *scratch) float32 {
	if total == 0 {
		return 0
	}
	var got float32
	for _, w := range reading {
		got += x.words.idf[w] * s.inDoc.get(w)
	}
	return got / total
}

// explained is how much of some words of a document the question says.
func (x *Index) explained(ws []word, total float32, s *scratch) float32 {
	if total == 0 {
		return 0
	}
	var got float32
	for _, w := range ws {
		got += x.words.idf[w] * x.saidWord(w, s)
	}
	return got / total
}

// aliasFit is how well an everyday name and the question agree, both ways.
func (x *Index) aliasFit(q *question, alias []word, total float32, s *scratch) float32 {
	said := x.explained(alias, total, s)
	if said < 0.4 || q.total == 0 {
		return 0
	}
	var got float32
	for _, u := range q.units {
		var best float32
		for _, w := range alias {
			switch {
			case w == u.exact, u.loose && x.words.fold[w] == u.folded:
				best = 1
			case x.words.fold[w] == u.folded:
				best = max(best, foldedOnly)
			}
		}
		got += u.weight * best
	}
	return said * got / q.total
}

// pairShare is the share of the question's neighbouring words that stand side
// by side in the document too.
func (x *Index) pairShare(q *question, d *doc) float32 {
	if q.paired == 0 {
		return 0
	}
	var got float32
	seen := make(map[uint64]bool, len(q.pairs))
	look := func(ws []word) {
		for i := 1; i < len(ws); i++ {
			key := pairKey(x.words.fold[ws[i-1]], x.words.fold[ws[i]])
			if w, ok := q.pairs[key]; ok && !seen[key] {
				seen[key] = true
				got += w
			}
		}
	}
	look(d.head)
	for _, a := range d.aliases {
		look(a)
	}
	look(d.tail)
	return got / q.paired
}

// measureKinds compares actions and circumstances.
func measureKinds(q *question, d *doc, f *features) {
	switch {
	case q.actions != 0 && overlap(q.actions, d.actions) > 0:
		f[fAction] = 1
	case q.actions != 0 && d.actions != 0:
		f[fActionNo] = 1
	case q.actions == 0 && d.actions&^1 != 0: // a plain question wants the plain procedure
		f[fActionNo] = 0.5
	case q.actions&^1 != 0:
		f[fActionNo] = 0.4
	}
	f[fQual] = float32(min(overlap(q.quals, d.quals), 2)) / 2
	f[fQualMiss] = float32(min(overlap(q.quals, ^d.quals), 2)) / 2
	f[fQualMore] = float32(min(overlap(^q.quals, d.quals), 3)) / 3
}
