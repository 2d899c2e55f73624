package index

import (
	"slices"
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
	roles   []int8 // word -> what it is for the topic
	asks    []bool // word -> it asks for a side
	toned   bool
	facet   knowledge.Facet
	asked   bool // a facet was asked for, if only by "làm thế nào"
	units   []unit
	total   float32 // sum of the units' weights
	matches []match
	terms   []queryTerm
	pairs   []wordPair // in order
	paired  float32    // sum over pairs
	actions uint32
	quals   uint32
	level   int // level named by the question, as levelRank; -1 for none
	// modifiers reports that every unit is part of an action or circumstance
	// ("thế làm lại thì sao", "với người nước ngoài"), so a topic is missing.
	modifiers bool
	clause    []int     // word -> its clause
	bounds    []span    // clause -> its words
	weights   []float32 // word -> weight of its clause
	does      []class   // word -> what is done
	when      []class   // word -> circumstance
	places    []wordAt  // by word
	meant     []float32 // class of meant.tsv.gz -> how likely it is meant; nil for unknown
	likeliest float32   // of meant
	heard     float32   // how far meant can be trusted, 0 to 1
	hasMaybe  bool      // there are ambiguous terms that a second query may try
}

// wordPair is two folded words that stand side by side, and what they are worth.
type wordPair struct {
	a, b  word
	worth float32
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
	weight   float32 // of its clause
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
	if x.has(Spelling) {
		q.tokens = x.lex.Normalize(x.spell.Correct(q.tokens))
	}
	q.tokens = q.tokens[:min(len(q.tokens), maxQuestionWords)]
	q.toned = vietnamese.Toned(q.tokens)
	if len(q.tokens) == 0 {
		return q
	}
	q.roles = make([]int8, len(q.tokens))
	q.asks = make([]bool, len(q.tokens))
	x.readFacet(q, text, q.roles, q.asks)
	x.quieten(q, q.roles)
	q.weights = x.clauses(q, text, q.roles, q.asks)
	q.level = levelOf(q.tokens)
	if x.has(Meant) {
		q.meant = x.likely(q.tokens)
		q.likeliest = slices.Max(q.meant[:x.meant.open])
	}
	x.readTopic(q, maybe)
	return q
}

// again reads what a question is about once more, with the ambiguous terms of the
// lexicon; its words and what they are for stay as they are.
func (x *Index) again(q *question) *question {
	second := &question{
		tokens: q.tokens, roles: q.roles, asks: q.asks, toned: q.toned, facet: q.facet, asked: q.asked,
		clause: q.clause, bounds: q.bounds, weights: q.weights, level: q.level, meant: q.meant, likeliest: q.likeliest,
	}
	x.readTopic(second, true)
	return second
}

func (x *Index) readTopic(q *question, maybe bool) {
	x.readMatches(q, q.roles, q.asks, q.weights, maybe)
	x.readUnits(q, q.roles, q.weights)
	x.readKinds(q, q.roles, q.weights)
	x.readTerms(q)
	q.placeWords()
	x.weighMeant(q)
}

func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
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

// Weights of the words of a long story by their clause, and where a story begins.
const (
	toldWeight   = 0.55 // why somebody wants it
	besideWeight = 0.7  // beside a wish that has hardly words of its own: "giấy ấy xin ở đâu"
	longStory    = 14   // words
)

// clauses cuts the question into clauses and gives every word its clause and the
// weight of it. In a long story the clauses that ask or wish count fully, those
// that tell why count less.
func (x *Index) clauses(q *question, text string, roles []int8, asks []bool) []float32 {
	ts := q.tokens
	w := make([]float32, len(ts))
	q.clause = make([]int, len(ts))
	start := 0
	for i := 1; i <= len(ts); i++ {
		if i < len(ts) && !clauseEnds(text, ts, i) {
			continue
		}
		for k := start; k < i; k++ {
			q.clause[k] = len(q.bounds)
		}
		q.bounds = append(q.bounds, span{start, i})
		start = i
	}
	wishes := 0
	wish := make([]bool, len(q.bounds))
	for c, b := range q.bounds {
		for k := b.from; k < b.to; k++ {
			wish[c] = wish[c] || asks[k] || wishWords[ts[k].Folded]
		}
		if wish[c] {
			wishes++
		}
	}
	plain := !x.has(Wishes) || len(ts) < longStory || wishes == 0 || wishes == len(q.bounds)
	for c, b := range q.bounds {
		weight := float32(toldWeight)
		switch {
		case plain || wish[c]:
			weight = 1
		case c+1 < len(q.bounds) && wish[c+1] && thin(roles, q.bounds[c+1]):
			weight = besideWeight
		}
		for k := b.from; k < b.to; k++ {
			w[k] = weight
		}
	}
	beforeDoing(ts, w)
	return w
}

// span is a run of words, to not in it.
type span struct{ from, to int }

// thin reports that a clause has hardly words of its own.
func thin(roles []int8, s span) bool {
	n := 0
	for _, r := range roles[s.from:s.to] {
		if r == roleContent {
			n++
		}
	}
	return n <= 2
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
	if !x.has(Everyday) {
		return
	}
	for _, m := range x.lex.Official(q.tokens) {
		if m.Ambiguous {
			q.hasMaybe = true
		}
		if m.Ambiguous && !maybe || len(q.matches) == maxMatches ||
			anyTrue(asks[m.From:m.To]) || m.Broad && otherContent(roles, m.From, m.To) {
			continue
		}
		mm := match{from: m.From, to: m.To, weight: weights[m.From]}
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
			if mm.weight == 1 {
				q.actions |= x.tables.actions.bits(reading, true, nil, nil)
				q.quals |= x.tables.quals.bits(reading, true, nil, nil)
			}
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
	q.does, q.when = make([]class, len(q.tokens)), make([]class, len(q.tokens))
	q.actions |= x.tables.actions.bits(q.tokens, q.toned, skip, nil)
	// What somebody wants to do stands in the wish, a circumstance anywhere.
	for i := range skip {
		skip[i] = roles[i] != roleContent
	}
	q.quals |= x.tables.quals.bits(q.tokens, q.toned, skip, nil)
	x.readAge(q)
	x.tables.actions.bits(q.tokens, q.toned, nil, q.does)
	x.tables.quals.bits(q.tokens, q.toned, nil, q.when)
	q.modifiers = len(q.units) > 0
	for _, u := range q.units {
		q.modifiers = q.modifiers && (q.does[u.at] != 0 || q.when[u.at] != 0 || roles[u.at] == roleWeak)
	}
}

// readAge turns a stated age ("con tôi 15 tuổi", "16t") into its circumstance: the
// identity card has one procedure below 14 and one from 14 on (Law on
// Identification 26/2023/QH15, articles 19 and 23).
func (x *Index) readAge(q *question) {
	for i, t := range q.tokens {
		age, err := strconv.Atoi(strings.TrimSuffix(t.Folded, "t"))
		if a := spoken(q.tokens[i:]); a > 0 {
			age, err = a, nil
		}
		switch {
		case err != nil || i > 0 && q.tokens[i-1].Folded == "duoi":
			continue
		case strings.HasSuffix(t.Folded, "t"):
		case i+1 < len(q.tokens) && q.tokens[i+1].Folded == "tuoi":
		case spoken(q.tokens[i:]) > 0 && (i > 0 && q.tokens[i-1].Folded == "tron" || i+2 < len(q.tokens) && q.tokens[i+2].Folded == "tuoi"):
		default:
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

// spoken is the age that two words say ("mười bốn"), 0 for none.
func spoken(ts []vietnamese.Token) int {
	if len(ts) < 2 || ts[0].Folded != "muoi" {
		return 0
	}
	for i, n := range []string{"mot", "hai", "ba", "bon", "lam", "sau", "bay", "tam", "chin"} {
		if ts[1].Folded == n {
			return 11 + i
		}
	}
	return 0
}
