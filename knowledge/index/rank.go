package index

import (
	"cmp"
	"slices"

	"cchcbot/knowledge"
)

// The features of a candidate, each about 0 to 1.
const (
	fCover     = iota // how much of the question the procedure explains
	fNamed            // how much of the head of its name the question explains
	fAlias            // best everyday name: coverage both ways
	fBoth             // fCover times the better of fNamed and fAlias
	fPairs            // how many neighbouring words of the question stand so in it
	fBM               // weighted BM25, relative to the best: the order without a second ranking
	fPlain            // coverage of the question's own words, without the lexicon
	fAction           // same action
	fActionNo         // another action
	fQual             // circumstances shared
	fQualMiss         // circumstances asked for that it lacks
	fQualMore         // circumstances it has and nobody asked for
	fClash            // for the other side of 14 years of age
	fCommune          // done at the commune
	fCurated          // messages that mean it were learnt from, as far as that can be trusted
	fField            // of the field preferred by the caller
	fStale            // no longer in force
	fExplain          // an explainer, not a procedure
	fNearName         // words of the name said close together, of all its words
	fNearAlias        // the same of the best everyday name
	fMeant            // how likely messages with such words mean it
	fMeantLog         // the same beside the likeliest, as a logarithm
	fMass             // weight of words said close together, without relation to a length
	numFeatures
)

type features [numFeatures]float32

// weights of the features: six tenths of the way from those set by hand to those that a
// softmax over the candidates learns from the tuning part, brought to the scale of before, rounded. All the way serves
// stories and harms short questions; see TestFit for how to measure again.
var weights = features{
	fCover: 2.55, fNamed: 0.97, fAlias: 2.07, fBoth: 2.17, fPairs: 2.45, fPlain: 0.86,
	fAction: 0.41, fActionNo: -0.93, fQual: 0.31, fQualMiss: -0.28, fQualMore: -0.79, fClash: -1.03, fCommune: 0.35, fCurated: -0.97,
	fField: 1.5, fStale: -0.5, fExplain: 0.24, fNearName: 0.65, fNearAlias: 0.21, fMeant: 1.24, fMeantLog: 1.76, fMass: 0.45,
}

// rank computes the features of the candidates and sorts them by the model.
func (x *Index) rank(q *question, field string, s *scratch) {
	x.markQuestion(q, s)
	for i := range s.found {
		c := &s.found[i]
		d := &x.docs[c.doc]
		x.markDoc(d, s)
		x.measure(q, d, field, c, s)
		c.score = x.score(&c.f)
	}
	sortCandidates(s.found)
	s.takeOpen(x.docs)
}

// score is the sum of the features by their weights, without those of the parts
// that are left out.
func (x *Index) score(f *features) float64 {
	if !x.has(Reranking) {
		return float64(f[fBM])
	}
	var s float64
	for k, w := range weights {
		if x.off == 0 || x.has(partOf(k)) {
			s += float64(w * f[k])
		}
	}
	return s
}

// partOf is the part that a feature belongs to.
func partOf(feature int) Part {
	switch feature {
	case fAction, fActionNo, fQual, fQualMiss, fQualMore, fClash:
		return Classes
	case fCommune:
		return Priors
	case fPlain:
		return BareWords
	case fPairs:
		return Pairs
	case fCurated, fMeant, fMeantLog:
		return Meant
	}
	return 0
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
	s.where.mark(len(q.places), func(i int) word { return q.places[i].word })
	s.pairsOf.mark(len(q.pairs), func(i int) word { return q.pairs[i].a })
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
				s.said.raise(w, 0.9*m.weight)
			}
		}
	}
}

func (x *Index) markDoc(d *doc, s *scratch) {
	s.inDoc.clear()
	s.inDocFolded.clear()
	s.saidIn.clear()
	for _, m := range d.marked {
		folded := x.words.fold[m.w]
		s.inDoc.raise(m.w, m.value)
		s.inDocFolded.raise(folded, m.value)
		s.saidIn.raise(m.w, max(s.said.get(m.w), s.saidFolded.get(folded)))
	}
}

// valued is a word of a document and what it counts for how much is explained.
type valued struct {
	w     word
	value float32
}

// learnMarks notes each word of a document once, by the best place it stands in.
func (d *doc) learnMarks() {
	best := map[word]float32{}
	put := func(ws []word, value float32) {
		for _, w := range ws {
			best[w] = max(best[w], value)
		}
	}
	put(d.head, 1)
	for _, a := range d.aliases {
		put(a, 1)
	}
	put(d.tail, 0.85)
	put(d.field, 0.6)
	put(d.results, 0.5)
	d.marked = make([]valued, 0, len(best))
	for w, v := range best {
		d.marked = append(d.marked, valued{w, v})
	}
}

// inDocument is how well a document has a word of the question.
func (s *scratch) inDocument(u unit) float32 {
	if u.loose {
		return s.inDocFolded.get(u.folded)
	}
	return max(s.inDoc.get(u.exact), foldedOnly*s.inDocFolded.get(u.folded))
}

func (x *Index) measure(q *question, d *doc, field string, c *candidate, s *scratch) {
	f := &c.f
	*f = features{}
	f[fCover], f[fPlain] = x.coverage(q, d, s)
	f[fNamed] = x.named(q, d, s)
	s.saidOf = s.saidOf[:0]
	for i, a := range d.aliases {
		said := x.saidWeight(a, s)
		s.saidOf = append(s.saidOf, said)
		// What a name explains of the question, the document explains.
		if total := d.aliasIDF[i]; said/total*f[fPlain] > f[fAlias] {
			f[fAlias] = max(f[fAlias], x.aliasFit(q, a, said, total, f[fAlias]))
		}
	}
	if d.open != nil { // it has no official name: the everyday one stands for both
		f[fNamed] = f[fAlias]
	}
	mass := x.near(q, d.head, d.headAgain, s)
	if d.headIDF > 0 {
		f[fNearName] = mass / d.headIDF
	}
	for i, a := range d.aliases {
		// No more can be said close together than is said at all.
		if s.saidOf[i] <= mass && s.saidOf[i] <= f[fNearAlias]*d.aliasIDF[i] {
			continue
		}
		m := x.near(q, a, d.aliasAgain[i], s)
		mass = max(mass, m)
		if d.aliasIDF[i] > 0 {
			f[fNearAlias] = max(f[fNearAlias], m/d.aliasIDF[i])
		}
	}
	f[fMass] = min(mass/(massFull*x.rarest), 1)
	f[fBoth] = f[fCover] * max(f[fNamed], f[fAlias])
	f[fPairs] = x.pairShare(q, d, s)
	f[fBM] = c.bm
	f[fMeant], f[fMeantLog] = q.meantBy(d, x.meant)
	measureKinds(q, d, f)
	both := x.tables.under14 | x.tables.over14
	if asked, has := q.quals&both, d.quals&both; asked != 0 && has != 0 && asked&has == 0 {
		f[fClash] = 1
	}
	if d.level == 0 {
		f[fCommune] = 1
	}
	if len(d.classes) > 0 {
		f[fCurated] = q.heard
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
		if u.at >= 0 && x.has(Classes) && (q.does[u.at].bit()&d.actions != 0 || q.when[u.at].bit()&d.quals != 0) {
			own = max(own, sameClass)
		}
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

// saidWeight is the weight of the words of a name that the question says.
func (x *Index) saidWeight(ws []word, s *scratch) float32 {
	var got float32
	for _, w := range ws {
		got += x.words.idf[w] * s.saidIn.get(w)
	}
	return got
}

// sameClass is how well a word is explained by another one of its class: "người
// Nhật" by "yếu tố nước ngoài", "xin lại" by "cấp lại".
const sameClass = 0.8

// named is how much of the head of a name the question says.
func (x *Index) named(q *question, d *doc, s *scratch) float32 {
	if d.headIDF == 0 {
		return 0
	}
	var got float32
	for i, w := range d.head {
		said := s.saidIn.get(w)
		if x.has(Classes) && (d.does[i].bit()&q.actions != 0 || d.when[i].bit()&q.quals != 0) {
			said = max(said, sameClass)
		}
		got += x.words.idf[w] * said
	}
	return got / d.headIDF
}

// aliasFit is how well an everyday name and the question agree, both ways. weight is
// what the question says of the name's total; a fit that cannot exceed least is 0.
func (x *Index) aliasFit(q *question, alias []word, weight, total, least float32) float32 {
	if total == 0 || q.total == 0 || weight < 0.4*total || weight <= least*total {
		return 0
	}
	var room [maxAliasWords]word
	folded := room[:len(alias)]
	for i, w := range alias {
		folded[i] = x.words.fold[w]
	}
	var got float32
	for _, u := range q.units {
		var best float32
		for i, w := range alias {
			if w == u.exact || u.loose && folded[i] == u.folded {
				best = 1
				break
			}
			if folded[i] == u.folded {
				best = foldedOnly
			}
		}
		got += u.weight * best
	}
	return weight / total * got / q.total
}

// pairShare is the share of the question's neighbouring words that stand side
// by side in the document too.
func (x *Index) pairShare(q *question, d *doc, s *scratch) float32 {
	if q.paired == 0 {
		return 0
	}
	var got float32
	seen := slices.Grow(s.seen[:0], len(q.pairs))[:len(q.pairs)]
	clear(seen)
	look := func(ws []word) {
		for i := 1; i < len(ws); i++ {
			from, to := s.pairsOf.get(x.words.fold[ws[i-1]])
			for k := from; k < to; k++ {
				if !seen[k] && q.pairs[k].b == x.words.fold[ws[i]] {
					seen[k] = true
					got += q.pairs[k].worth
				}
			}
		}
	}
	look(d.head)
	for _, a := range d.aliases {
		look(a)
	}
	look(d.tail)
	s.seen = seen
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
	if d.open == nil { // an open wish has those of all its names
		f[fQualMore] = float32(min(overlap(^q.quals, d.quals), 3)) / 3
	}
}
