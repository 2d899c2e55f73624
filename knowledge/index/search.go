package index

import (
	"math"

	"cchcbot/knowledge"
)

// Search finds the procedure that a question is about. It never fails: a
// question it cannot read is Unknown. Text of any length is taken; only its
// first 300 words are read.
func (x *Index) Search(query knowledge.Query) knowledge.Found {
	limit := query.Limit
	if limit <= 0 {
		limit = 5
	}
	limit = min(limit, 20)
	q := x.read(query.Text, false)
	if found, ok := x.byNumber(q); ok {
		return found
	}
	if found, ok := x.followUp(q, query); ok {
		return found
	}
	if len(q.units) == 0 && len(q.matches) == 0 {
		return knowledge.Found{Outcome: knowledge.Unknown, Facet: q.facet}
	}
	found := x.answer(q, query.Field, limit)
	if found.Outcome != knowledge.Answer && q.hasMaybe {
		second := x.answer(x.read(query.Text, true), query.Field, limit)
		if better(second, found) {
			return second
		}
	}
	return found
}

// better reports whether the second reading of a question is surer than the first.
func better(second, first knowledge.Found) bool {
	return len(second.Hits) > 0 && (len(first.Hits) == 0 || second.Hits[0].Score > first.Hits[0].Score)
}

// byNumber answers a question that names a procedure's code.
func (x *Index) byNumber(q *question) (knowledge.Found, bool) {
	for _, t := range q.tokens {
		code, ok := x.typed[t.Exact]
		if !ok {
			continue
		}
		return knowledge.Found{Outcome: knowledge.Answer, Facet: q.facet, Hits: []knowledge.Hit{x.exactly(code, 1)}}, true
	}
	return knowledge.Found{}, false
}

// exactly makes the hit of a code, whatever record its family would show.
func (x *Index) exactly(code string, score float64) knowledge.Hit {
	d := &x.docs[x.docOf[code]]
	h := knowledge.Hit{Entry: x.byCode[code], Score: score}
	for _, e := range append([]*knowledge.Entry{d.entry}, d.family...) {
		if e.Code != code {
			h.Family = append(h.Family, e)
		}
	}
	return h
}

func without(list []*knowledge.Entry, code string) []*knowledge.Entry {
	var out []*knowledge.Entry
	for _, e := range list {
		if e.Code != code {
			out = append(out, e)
		}
	}
	return out
}

// followUp answers a question that has a facet but no topic from the context of
// the conversation; and gives one that has only an action or a circumstance
// ("với người nước ngoài thì sao?") the topic of the context.
func (x *Index) followUp(q *question, query knowledge.Query) (knowledge.Found, bool) {
	e, ok := x.byCode[query.Context]
	if !ok {
		return knowledge.Found{}, false
	}
	if q.asked && q.bare() {
		return knowledge.Found{Outcome: knowledge.Answer, Facet: q.facet, FollowUp: true,
			Hits: []knowledge.Hit{x.exactly(e.Code, 1)}}, true
	}
	if q.modifiers && len(q.units) <= 4 {
		d := &x.docs[x.docOf[e.Code]]
		for _, w := range d.head {
			q.units = append(q.units, unit{at: -1, exact: w, folded: x.words.fold[w], weight: contextShare * x.words.idf[w]})
			q.total += contextShare * x.words.idf[w]
		}
		if q.actions == 0 {
			q.actions = d.actions
		}
		x.readTerms(q)
	}
	return knowledge.Found{}, false
}

// contextShare is what a word counts that only the context of a conversation says.
const contextShare = 0.6

// bare reports that a question has no topic of its own. In text without tones a
// leading "con" may be the "còn" of "còn phí thì sao".
func (q *question) bare() bool {
	for _, u := range q.units {
		t := q.tokens[u.at]
		if u.weak || !q.toned && u.at == 0 && t.Folded == "con" {
			continue
		}
		return false
	}
	return len(q.matches) == 0
}

// answer ranks and decides.
func (x *Index) answer(q *question, field string, limit int) knowledge.Found {
	found := knowledge.Found{Outcome: knowledge.Unknown, Facet: q.facet}
	s := x.scratch()
	defer x.release(s)
	x.candidates(q, s)
	if len(s.found) == 0 {
		return found
	}
	x.rank(q, field, s)
	best := s.found[0]
	sure := confidence(q, s.found)
	list := s.found[:min(len(s.found), limit)]
	found.Outcome = x.decide(q, s.found, sure)
	if meanings := x.meanings(q, s); len(meanings) > 1 && sure >= unknownBelow && best.f[fField] == 0 {
		found.Outcome, list = knowledge.Choose, meanings[:min(len(meanings), limit)]
	} else if found.Outcome == knowledge.Choose {
		list = list[:min(len(list), max(2, near(s.found)))]
	}
	for _, c := range list {
		found.Hits = append(found.Hits, x.hit(&x.docs[c.doc], q.level, sure*math.Exp(c.score-best.score)))
	}
	return found
}

// meanings returns the best candidate of every official reading when the whole
// question is one everyday term with several ("sang tên": land or vehicle), best
// first; nil otherwise.
func (x *Index) meanings(q *question, s *scratch) []candidate {
	var m *match
	for i := range q.matches {
		if len(q.matches[i].readings) > 1 && q.within(&q.matches[i]) {
			m = &q.matches[i]
			break
		}
	}
	if m == nil {
		return nil
	}
	var out []candidate
	taken := make(map[int32]bool, len(m.readings))
	for k, r := range m.readings {
		at, top := -1, float32(0)
		for i, c := range s.found {
			d := &x.docs[c.doc]
			x.markDoc(d, s)
			fit := x.readingFit(r, m.idf[k], s)
			if fit > top+0.1 && overlap(d.quals, ^q.quals) == 0 {
				at, top = i, fit
			}
		}
		if at >= 0 && top > 0.8 && !taken[s.found[at].doc] {
			taken[s.found[at].doc] = true
			out = append(out, s.found[at])
		}
	}
	sortCandidates(out)
	return out
}

// within reports that a match covers all content words of the question.
func (q *question) within(m *match) bool {
	for _, u := range q.units {
		if !u.weak && (u.at < m.from || u.at >= m.to) {
			return false
		}
	}
	return true
}

// hit makes the hit of a document: the record at the citizen's level, or at the
// level the question names.
func (x *Index) hit(d *doc, level int, score float64) knowledge.Hit {
	h := knowledge.Hit{Entry: d.entry, Score: min(max(score, 0), 1)}
	if len(d.family) == 0 {
		return h
	}
	if level >= 0 && levelRank(d.entry) != level {
		for _, e := range d.family {
			if levelRank(e) == level {
				h.Entry = e
				break
			}
		}
	}
	if h.Entry != d.entry {
		h.Family = append(h.Family, d.entry)
	}
	h.Family = append(h.Family, without(d.family, h.Entry.Code)...)
	return h
}

// The logistic model of how likely the best hit is right, and the bounds of the
// decision. Fitted on labelled questions of other authors, with and without
// tones, with and without curated entries, and on questions out of scope.
const (
	sureBias   = -4.8
	sureFit    = 3.9  // name or everyday name said by the question
	sureMargin = 2.0  // distance to the second, where the question is explained
	surePairs  = 2.45 // words that stand together
	sureUnits  = 0.75 // content words: one alone is little evidence

	shortQuestion = 6 // content words
	sureGap       = 3

	unknownBelow = 0.33 // say that we do not know
	answerFrom   = 0.50 // answer rather than ask
	nearMargin   = 0.35 // score distance within which two procedures are a choice
)

// confidence is how likely the best candidate is what was asked for, 0 to 1.
func confidence(q *question, found []candidate) float64 {
	best := found[0]
	margin := 1.0
	if len(found) > 1 {
		margin = min(best.score-found[1].score, 1)
	}
	fit := max(best.f[fNamed], best.f[fAlias])
	z := sureBias + sureFit*fit + sureMargin*float32(margin)*best.f[fCover] +
		surePairs*best.f[fPairs] + sureUnits*float32(min(len(q.units), 4))/4
	// In a long story much stays unexplained; in a short question it is the point
	// ("giấy phép kinh doanh gas").
	if len(q.units) <= shortQuestion {
		z -= sureGap * max(0, 0.7-best.f[fCover])
	}
	return 1 / (1 + math.Exp(-float64(z)))
}

func (x *Index) decide(q *question, found []candidate, sure float64) knowledge.Outcome {
	switch {
	case sure < unknownBelow:
		return knowledge.Unknown
	case len(found) > 1 && near(found) > 1 && !plainDefault(q, x, found):
		return knowledge.Choose
	case sure < answerFrom && len(found) > 1:
		return knowledge.Choose
	}
	return knowledge.Answer
}

// maxChoices is how many procedures a choice offers at most.
const maxChoices = 6

// near counts the candidates near the best one, at least two where there are
// two, at most maxChoices.
func near(found []candidate) int {
	n := 1
	for n < len(found) && n < maxChoices && found[0].score-found[n].score < nearMargin {
		n++
	}
	return n
}

// plainDefault reports that the best candidate is the plain procedure and all
// near ones are the same with a circumstance that nobody asked for: then the
// plain one is the answer.
func plainDefault(q *question, x *Index, found []candidate) bool {
	best := &x.docs[found[0].doc]
	for _, c := range found[1:near(found)] {
		d := &x.docs[c.doc]
		if overlap(d.quals, ^(best.quals|q.quals)) == 0 {
			return false
		}
	}
	return true
}
