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
	if found, ok := x.goesOn(query); ok {
		return found
	}
	if len(q.units) == 0 && len(q.matches) == 0 {
		if _, named := x.verbatim(q); !named {
			return knowledge.Found{Outcome: knowledge.Unknown, Facet: q.facet}
		}
	}
	found := x.answer(q, query.Field, limit)
	if found.Outcome != knowledge.Answer && q.hasMaybe {
		second := x.answer(x.again(q), query.Field, limit)
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
	if d := &x.docs[x.docOf[e.Code]]; q.onlyAge() && d.quals&(x.tables.under14|x.tables.over14) == 0 {
		// "Con 10 tuổi" tells something of what is spoken of; only where the age decides
		// it asks for another procedure.
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
		q.heard = 0 // the message alone does not say what it is about
	}
	return knowledge.Found{}, false
}

// onlyAge reports that a message says how old somebody is and nothing else.
func (q *question) onlyAge() bool {
	aged := false
	for _, u := range q.units {
		t := q.tokens[u.at].Folded
		aged = aged || t == "tuoi"
		if t[0] > '9' && !ageWords[t] {
			return false
		}
	}
	return aged && len(q.units) > 1
}

// ageWords are folded words beside an age.
var ageWords = map[string]bool{"tuoi": true, "con": true, "chau": true, "be": true, "em": true, "toi": true, "no": true, "moi": true, "duoc": true}

// goesOn answers a question that opens with a word which only goes on from what was
// said ("còn online?", "và lệ phí nữa") from the context; what stands behind the
// word must be nothing but a side, for "còn" is also part of what is asked about.
func (x *Index) goesOn(query knowledge.Query) (knowledge.Found, bool) {
	if _, ok := x.byCode[query.Context]; !ok {
		return knowledge.Found{}, false
	}
	m := x.message(query.Text)
	if len(m.tokens) == 0 {
		return knowledge.Found{}, false
	}
	_, n := x.talk.joins.next.at(m.tokens, m.toned)
	if n == 0 {
		_, n = x.talk.joins.and.at(m.tokens, m.toned)
	}
	if n == 0 || n >= len(m.tokens) {
		return knowledge.Found{}, false
	}
	q := x.read(m.text[m.tokens[n].Start:], false)
	if !q.asked || !q.bare() {
		return knowledge.Found{}, false
	}
	return x.followUp(q, query)
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
	x.rank(q, field, s)
	x.lead(q, field, s)
	if len(s.found) == 0 {
		return found
	}
	best := s.found[0]
	e := x.evidence(q, s)
	sure := e.logistic(&sureWeights)
	list := s.found[:min(len(s.found), limit)]
	found.Outcome = x.decide(q, &e, s, sure)
	if meanings := x.meanings(q, s); len(meanings) > 1 && found.Outcome != knowledge.Unknown && s.whole == saidNone && best.f[fField] == 0 {
		found.Outcome, list = knowledge.Choose, meanings[:min(len(meanings), limit)]
	} else if found.Outcome == knowledge.Choose && s.openLeads() {
		list = x.left(q, field, s)
		list, best = list[:min(len(list), limit)], list[0]
	} else if found.Outcome == knowledge.Choose {
		list = list[:min(len(list), near(s.found))]
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

// decide concludes from what the models say.
func (x *Index) decide(q *question, e *evidence, s *scratch, sure float64) knowledge.Outcome {
	bound := unknownBelow
	if x.small() {
		bound = unknownSmall
	}
	switch {
	case s.whole == saidOpen:
		return knowledge.Choose
	case s.whole == saidNone && (e.logistic(&scopeWeights) < bound || e[eUnknown] > mostUnknown && e[eFit] < littleFit):
		return knowledge.Unknown
	case len(s.found) > 1 && (sure < answerFrom || q.scant() && s.whole == saidNone || s.tied() && s.whole == saidNone || e.logistic(&askWeights) >= askFrom && !x.settled(q, s.found, sure)):
		return knowledge.Choose
	}
	return knowledge.Answer
}

// A message of which more than mostUnknown is in no entry at all is about none, unless it
// says some of a name.
const (
	mostUnknown = 0.4
	littleFit   = 0.3
)

// scant reports that a question is one syllable with a meaning: "xe", "con", "mất" mean
// many things, whichever is nearest.
func (q *question) scant() bool {
	content := 0
	for _, u := range q.units {
		if !u.weak {
			content++
		}
	}
	return content == 1
}

// tie is the distance in score within which a second procedure that explains as much is
// not told from the first.
const tie = 0.1

// tied reports that nothing in the question tells the first two apart.
func (s *scratch) tied() bool {
	one, two := &s.found[0], &s.found[1]
	return one.score-two.score < tie && one.f[fCover]-two.f[fCover] < 0.01
}

// sureEnough is how sure the plain procedure must be to be answered although
// others are it with a circumstance more.
const sureEnough = 0.8

// settled reports that a question is not open although it says little: the second
// is far behind, or it names a circumstance that only the best has, or a field that
// only the best is of.
func (x *Index) settled(q *question, found []candidate, sure float64) bool {
	best := &x.docs[found[0].doc]
	special := q.quals != 0 && q.quals&^best.quals == 0
	field := found[0].f[fField] == 1
	for _, c := range found[1:near(found)] {
		special = special && q.quals&^x.docs[c.doc].quals != 0
		field = field && c.f[fField] == 0
	}
	if sure >= sureEnough && found[0].score-found[1].score >= 0.5 {
		plain := true
		for _, c := range found[1:near(found)] {
			plain = plain && overlap(x.docs[c.doc].quals, ^(best.quals|q.quals)) > 0
		}
		if plain {
			return true
		}
	}
	return special || field || found[0].score-found[1].score >= askMargin
}

// near counts the candidates that a choice offers, at least two where there are two.
func near(found []candidate) int {
	n := 1
	for n < len(found) && n < maxChoices && (n < leastChoice ||
		found[0].score-found[n].score < nearMargin && found[n].f[fCover] > found[0].f[fCover]-nearCover) {
		n++
	}
	return n
}

// plainMargin is the distance in score within which plainDefault looks.
const plainMargin = 0.35

// plainDefault reports that the best candidate is the plain procedure and all
// near ones are the same with a circumstance that nobody asked for: then the
// plain one is the answer.
func plainDefault(q *question, x *Index, found []candidate) bool {
	best := &x.docs[found[0].doc]
	for i, c := range found[1:min(len(found), maxChoices)] {
		if i > 0 && found[0].score-c.score >= plainMargin {
			break
		}
		d := &x.docs[c.doc]
		if overlap(d.quals, ^(best.quals|q.quals)) == 0 {
			return false
		}
	}
	return true
}
