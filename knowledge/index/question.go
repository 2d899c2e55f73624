package index

import (
	"math/bits"
	"strconv"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Limits on what of a question is read. Letters to an agency have a median of 86
// words; what lies beyond these limits is cut off, never an error.
const (
	maxQuestionBytes = 6000
	maxQuestionWords = 300
	maxUnits         = 64
	maxMatches       = 24
	maxReadingWords  = 24
)

// question is a question as the ranking sees it.
type question struct {
	tokens  []vietnamese.Token
	toned   bool
	facet   knowledge.Facet
	asked   bool // a facet was asked for, if only by "làm thế nào"
	units   []unit
	total   float32 // sum of the units' weights
	matches []match
	terms   []queryTerm
	pairs   map[uint64]float32
	paired  float32 // sum over pairs
	actions uint32
	quals   uint32
	level   int // level named by the question, as levelRank; -1 for none
	// modifiers reports that every unit is part of an action or circumstance
	// ("thế làm lại thì sao", "với người nước ngoài"), so a topic is missing.
	modifiers bool
	hasMaybe  bool // there are ambiguous terms that a second query may try
}

// unit is a content word.
type unit struct {
	at            int // place in tokens
	exact, folded word
	weight        float32
	weak          bool // may be only a facet
	loose         bool // typed without marks: compare without them
}

// match is an everyday term and its official readings.
type match struct {
	from, to int
	readings [][]word
	idf      []float32
}

type queryTerm struct {
	term   int32
	weight float32
}

// roles of a word within a question.
const (
	roleContent = iota
	roleWeak    // facet word that may be part of a name
	roleNone    // filler, asking words
)

// read analyses a question. maybe also takes the ambiguous terms of the lexicon.
func (x *Index) read(text string, maybe bool) *question {
	q := &question{level: -1}
	text = vietnamese.Clean(clipBytes(text, maxQuestionBytes))
	text = x.lex.Repair(text)
	q.tokens = vietnamese.Tokens(text)
	q.tokens = x.lex.Normalize(q.tokens[:min(len(q.tokens), maxQuestionWords)])
	q.tokens = q.tokens[:min(len(q.tokens), maxQuestionWords)]
	q.toned = vietnamese.Toned(q.tokens)
	if len(q.tokens) == 0 {
		return q
	}
	roles := make([]int8, len(q.tokens))
	asks := make([]bool, len(q.tokens))
	x.readFacet(q, roles, asks)
	x.quieten(q, roles)
	weights := clauseWeights(text, q.tokens, asks)
	x.readMatches(q, roles, asks, weights, maybe)
	x.readUnits(q, roles, weights)
	x.readKinds(q, roles, weights)
	x.readTerms(q)
	q.level = levelOf(q.tokens)
	return q
}

func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// readFacet finds what side of the procedure is asked about and takes the asking
// words out of the topic. A phrase that asks beats a noun, a noun beats "làm thế nào".
func (x *Index) readFacet(q *question, roles []int8, asks []bool) {
	ask, noun, steps, forms := -1, -1, false, false
	for i := 0; i < len(q.tokens); {
		value, n := x.tables.facets.at(q.tokens[i:], q.toned)
		if n == 0 {
			i++
			continue
		}
		facet, mode := value>>2, value&3
		role := int8(roleContent)
		switch mode {
		case modeAsk:
			role = roleNone
			if knowledge.Facets[facet] == knowledge.Steps {
				steps = true
			} else if ask < 0 {
				ask = facet
			}
		case modeNoun:
			role = roleWeak
			forms = forms || knowledge.Facets[facet] == knowledge.Forms
			if noun < 0 {
				noun = facet
			}
		}
		for k := range n {
			roles[i+k] = role
			asks[i+k] = mode == modeAsk
		}
		i += n
	}
	q.facet = knowledge.Overview
	switch {
	case ask >= 0 && forms && knowledge.Facets[ask] == knowledge.Where: // "mẫu đơn … ở đâu"
		q.facet = knowledge.Forms
	case ask >= 0:
		q.facet = knowledge.Facets[ask]
	case noun >= 0:
		q.facet = knowledge.Facets[noun]
	case steps:
		q.facet = knowledge.Steps
	}
	q.asked = q.facet != knowledge.Overview
}

// quieten takes fillers, dates and citations of law out of the topic.
func (x *Index) quieten(q *question, roles []int8) {
	for i, filler := range x.lex.Fillers(q.tokens) {
		if filler {
			roles[i] = roleNone
		}
	}
	for i, t := range q.tokens {
		if t.Folded[0] < '0' || t.Folded[0] > '9' {
			continue
		}
		if strings.ContainsAny(t.Folded, "/-") {
			roles[i] = roleNone
		}
		for _, lead := range []string{"thong tu", "nghi dinh", "quyet dinh", "tu ngay", "ngay", "nam", "luat"} {
			n := strings.Count(lead, " ") + 1
			if i >= n && hasWords(q.tokens[i-n:], lead) {
				for k := i - n; k <= i; k++ {
					roles[k] = roleNone
				}
			}
		}
	}
}

// wishWords mark the clause that says what somebody wants, folded.
var wishWords = map[string]bool{"muon": true, "can": true, "xin": true, "hoi": true, "tuc": true, "lam": true, "giup": true, "dinh": true}

// clauseWeights gives every word the weight of its clause. In a long story the
// clauses that ask or wish count fully, those that tell why count less.
func clauseWeights(text string, ts []vietnamese.Token, asks []bool) []float32 {
	w := make([]float32, len(ts))
	start, wishes := 0, 0
	var bounds []int
	for i := 1; i <= len(ts); i++ {
		if i < len(ts) && !clauseEnds(text, ts, i) {
			continue
		}
		weight := float32(0.4)
		for k := start; k < i; k++ {
			if asks[k] || wishWords[ts[k].Folded] {
				weight = 1
			}
		}
		if weight == 1 {
			wishes++
		}
		for k := start; k < i; k++ {
			w[k] = weight
		}
		bounds = append(bounds, i)
		start = i
	}
	if len(ts) < 14 || wishes == 0 || wishes == len(bounds) {
		for i := range w {
			w[i] = 1
		}
	}
	beforeDoing(ts, w)
	return w
}

// clauseEnds reports that a clause begins at word i, by punctuation.
func clauseEnds(text string, ts []vietnamese.Token, i int) bool {
	return ts[i-1].End <= ts[i].Start && strings.ContainsAny(text[ts[i-1].End:ts[i].Start], ".,;?!\n:")
}

// doing are the verbs that, after "khi", name the procedure a question is about:
// "giấy độc thân khi đăng ký kết hôn" is about the marriage.
var doing = []string{"khi dang ky", "khi lam", "khi xin", "khi thi", "khi cap", "khi nop", "khi doi", "khi thuc hien"}

// beforeDoing lowers the weight of what stands before such a verb.
func beforeDoing(ts []vietnamese.Token, w []float32) {
	for i := 3; i+3 < len(ts); i++ {
		for _, d := range doing {
			if hasWords(ts[i:], d) {
				for k := range i {
					w[k] = min(w[k], 0.4)
				}
				return
			}
		}
	}
}

// readMatches finds everyday names of official things.
func (x *Index) readMatches(q *question, roles []int8, asks []bool, weights []float32, maybe bool) {
	for _, m := range x.lex.Official(q.tokens) {
		if m.Ambiguous {
			q.hasMaybe = true
		}
		if m.Ambiguous && !maybe || len(q.matches) == maxMatches || weights[m.From] < 1 ||
			anyTrue(asks[m.From:m.To]) || m.Broad && otherContent(roles, m.From, m.To) {
			continue
		}
		mm := match{from: m.From, to: m.To}
		for _, reading := range m.Terms {
			var ws []word
			for _, t := range reading[:min(len(reading), maxReadingWords)] {
				if w, ok := x.words.id[t.Exact]; ok {
					ws = append(ws, w)
				}
			}
			// A reading with words that no entry has can explain nothing.
			if 2*len(ws) > len(reading) {
				mm.readings = append(mm.readings, ws)
				mm.idf = append(mm.idf, x.sumIDF(ws))
			}
			q.actions |= x.tables.actions.bits(reading, true, nil, nil)
			q.quals |= x.tables.quals.bits(reading, true, nil, nil)
		}
		q.matches = append(q.matches, mm)
	}
}

func anyTrue(b []bool) bool {
	for _, v := range b {
		if v {
			return true
		}
	}
	return false
}

// otherContent reports a content word outside [from,to).
func otherContent(roles []int8, from, to int) bool {
	for i, r := range roles {
		if r == roleContent && (i < from || i >= to) {
			return true
		}
	}
	return false
}

// weakShare is what a word that may be only a facet, or a bare number, counts.
const weakShare = 0.25

func (x *Index) readUnits(q *question, roles []int8, weights []float32) {
	for i, t := range q.tokens {
		if roles[i] == roleNone || len(q.units) == maxUnits {
			continue
		}
		u := unit{at: i}
		u.exact, u.folded = x.words.find(t)
		u.loose = !q.toned && t.Exact == t.Folded
		u.weight = x.idfOf(u) * weights[i]
		u.weak = roles[i] == roleWeak
		if u.weak || t.Folded[0] >= '0' && t.Folded[0] <= '9' {
			u.weight *= weakShare
		}
		q.units = append(q.units, u)
		q.total += u.weight
	}
}

// unknownShare is how telling a word is that no entry has, compared with one
// that only one entry has: it may be a name or a misspelling.
const unknownShare = 0.9

func (x *Index) idfOf(u unit) float32 {
	w := u.exact
	if u.loose {
		w = u.folded
	}
	if w < 0 || x.words.idf[w] > x.rarest {
		return x.rarest * unknownShare
	}
	return x.words.idf[w]
}

// readKinds finds actions and circumstances outside of everyday names, whose
// readings have said theirs already.
func (x *Index) readKinds(q *question, roles []int8, weights []float32) {
	skip := make([]bool, len(q.tokens))
	for i := range skip {
		skip[i] = roles[i] != roleContent || weights[i] < 1
	}
	for _, m := range q.matches {
		for i := m.from; i < m.to; i++ {
			skip[i] = true
		}
	}
	q.actions |= x.tables.actions.bits(q.tokens, q.toned, skip, nil)
	q.quals |= x.tables.quals.bits(q.tokens, q.toned, skip, nil)
	x.readAge(q)
	covered := make([]bool, len(q.tokens))
	x.tables.actions.bits(q.tokens, q.toned, nil, covered)
	x.tables.quals.bits(q.tokens, q.toned, nil, covered)
	q.modifiers = len(q.units) > 0
	for _, u := range q.units {
		q.modifiers = q.modifiers && (covered[u.at] || roles[u.at] == roleWeak)
	}
}

// readAge turns a stated age ("con tôi 15 tuổi") into its circumstance: the
// identity card has one procedure below 14 and one from 14 on (Law on
// Identification 26/2023/QH15, articles 19 and 23).
func (x *Index) readAge(q *question) {
	for i := 1; i < len(q.tokens); i++ {
		age, err := strconv.Atoi(q.tokens[i-1].Folded)
		if err != nil || q.tokens[i].Folded != "tuoi" || i > 1 && q.tokens[i-2].Folded == "duoi" {
			continue
		}
		q.quals &^= x.tables.under14 | x.tables.over14
		if age < 14 {
			q.quals |= x.tables.under14
		} else {
			q.quals |= x.tables.over14
		}
		return
	}
}

// Shares of the weight of a word in the search for candidates.
const (
	exactShare   = 0.4
	pairShare    = 0.6
	matchedShare = 0.5 // of a word that an everyday term explains
	readingShare = 0.9
)

// readTerms turns words, pairs and readings into terms of the inverted lists.
func (x *Index) readTerms(q *question) {
	q.terms, q.paired = q.terms[:0], 0
	q.pairs = make(map[uint64]float32, 2*len(q.units))
	add := func(term int32, weight float32) {
		if term >= 0 && weight > 0 {
			q.terms = append(q.terms, queryTerm{term, weight})
		}
	}
	pair := func(a, b word, weight float32) {
		if a < 0 || b < 0 {
			return
		}
		key := pairKey(a, b)
		if old := q.pairs[key]; weight > old {
			q.pairs[key] = weight
			q.paired += weight - old
		}
		if term, ok := x.posts.pair[key]; ok {
			add(term, weight*pairShare)
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
				add(x.words.fold[w], readingShare)
				if i > 0 {
					pair(x.words.fold[reading[i-1]], x.words.fold[w], readingShare)
				}
			}
		}
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

// levelOf returns the level that the question names ("tại cấp tỉnh").
func levelOf(ts []vietnamese.Token) int {
	for i := 2; i <= len(ts); i++ {
		if rank, _ := namedLevel(ts[max(0, i-4):i]); rank >= 0 {
			return rank
		}
	}
	return -1
}

func overlap(a, b uint32) int { return bits.OnesCount32(a & b) }
