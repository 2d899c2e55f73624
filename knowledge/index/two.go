package index

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// joinTable is joins.tsv: words between two questions.
type joinTable struct{ next, and, both, pair, double, within, wish, ask, verb, state phrases }

// readJoins reads the text of joins.tsv. The first wrong line is an error.
func readJoins(data string) (*joinTable, error) {
	t := &joinTable{}
	kinds := map[string]*phrases{
		"next": &t.next, "and": &t.and, "both": &t.both, "pair": &t.pair, "double": &t.double, "within": &t.within, "wish": &t.wish, "ask": &t.ask, "verb": &t.verb, "state": &t.state,
	}
	for _, p := range kinds {
		*p = newPhrases()
	}
	return t, eachRow(data, 2, func(cols []string) error {
		if kinds[cols[0]] == nil {
			return fmt.Errorf("kind %q is not known", cols[0])
		}
		return addAll(kinds[cols[0]], cols[1], 0)
	})
}

// Ask implements knowledge.Searcher.
func (x *Index) Ask(query knowledge.Query) knowledge.Found {
	found := x.Search(query)
	if !x.askedTwo(&found, query) {
		x.askedSides(&found, query)
	}
	if found.Also == nil {
		x.tells(&found, query)
	}
	return found
}

// cutting is a place at which a message may fall into two questions: left ends
// before word end, right begins at word begin.
type cutting struct {
	end, begin int
	kind       int
}

// kinds of a cutting, the surest first.
const (
	cutSentence = iota
	cutPair     // "cả … cả", "vừa … vừa"
	cutNext
	cutAnd
	cutComma
)

// Limits of the search for a second question.
const (
	maxCuttings  = 8    // places tried
	leastPart    = 2    // words of a part
	partSure     = 0.5  // how likely each part's procedure must be
	lastWords    = 5    // at the end of a question stand the words that ask; else a comma ends none
	surer        = 0.15 // by how much a less sure place must be better
	maxTwoSearch = 60   // words of a message; letters and complaints are one wish
)

// message is a text as Ask reads it: offsets of its words are those of text.
type message struct {
	text   string
	tokens []vietnamese.Token
	toned  bool
}

func (x *Index) message(text string) message {
	m := message{text: vietnamese.Clean(clipBytes(text, maxQuestionBytes))}
	m.tokens = x.lex.Normalize(vietnamese.Tokens(m.text))
	m.toned = vietnamese.Toned(m.tokens)
	return m
}

// askedTwo finds a second procedure that a message asks about. Both parts must
// say a procedure of their own, and the whole must not be one procedure that
// says both ("khai sinh kết hợp nhận cha, mẹ, con").
func (x *Index) askedTwo(found *knowledge.Found, query knowledge.Query) bool {
	m := x.message(query.Text)
	if len(m.tokens) < 2*leastPart+1 || len(m.tokens) > maxTwoSearch {
		return false
	}
	if len(found.Hits) > 0 && x.namesAll(m, found.Hits[0].Entry.Code) {
		return false
	}
	best, at, ok := x.twoParts(*found, m, query)
	if !ok {
		return hasAny(&x.talk.joins.both, m.tokens, m.toned) && x.twoThings(found)
	}
	// One of the parts may hold two questions itself: then the third is told to be left.
	left, right := m.from(0, at.end), m.from(at.begin, len(m.tokens))
	if first, _, again := x.twoParts(best, left, query); again {
		best, best.Rest = first, true
	} else if second, _, again := x.twoParts(*best.Also, right, query); again {
		second.Also = nil
		best.Also, best.Rest = &second, true
	}
	*found = best
	return true
}

// secondThing is how likely the second procedure must be beside the first when a
// message says that it asks for two things.
const secondThing = 0.25

// twoThings answers one wish for two things that no word joins ("mất cả căn cước
// cả bằng lái, làm lại hai cái"): the two best procedures, when they are about
// different objects.
func (x *Index) twoThings(found *knowledge.Found) bool {
	if !sureOf(*found) || len(found.Hits) < 2 || found.Hits[1].Score < secondThing*found.Hits[0].Score {
		return false
	}
	i := slices.IndexFunc(x.talk.splits.attributes, func(a attribute) bool { return a.id == "object" })
	if i < 0 {
		return false
	}
	object := &x.talk.splits.attributes[i]
	first, second := object.of(found.Hits[0].Entry), object.of(found.Hits[1].Entry)
	if first == 0 || second == 0 || first&second != 0 {
		return false
	}
	found.Outcome = knowledge.Answer
	found.Also = &knowledge.Found{Outcome: knowledge.Answer, Facet: found.Facet, Hits: slices.Clone(found.Hits[1:2])}
	return true
}

// namesAll reports that a procedure's name has the words of a message, all but
// one at most, that mean anything.
func (x *Index) namesAll(m message, code string) bool {
	name := vietnamese.Tokens(x.byCode[code].Name)
	left := 0
	for _, t := range x.meaning(m) {
		if !slices.ContainsFunc(name, func(n vietnamese.Token) bool { return n.Exact == t.Exact || !m.toned && n.Folded == t.Folded }) {
			left++
		}
	}
	return left <= 1
}

// speaksOf reports that a message has words of its own, that at least half of
// them name the procedure ("kèm giấy tờ gì" speaks of none), and that not all of
// those were said before it in the sentence.
func (x *Index) speaksOf(m message, code string, before []vietnamese.Token, both bool) bool {
	words := x.meaning(m)
	named, fresh := 0, false
	for _, t := range words {
		if x.says(code, t, m.toned) {
			named++
			fresh = fresh || !slices.ContainsFunc(before, func(b vietnamese.Token) bool { return b.Folded == t.Folded })
		}
	}
	share := 0.5
	if !m.toned && !both { // half the words of a text without marks are in any name
		share = 0.7
	}
	return fresh && named >= 2 && float64(named) >= share*float64(len(words))
}

// meaning are the words of a message that neither ask, join, wish nor fill.
func (x *Index) meaning(m message) []vietnamese.Token {
	covered := make([]bool, len(m.tokens))
	x.coverSides(m.tokens, m.toned, modeNoun, covered)
	for _, p := range []*phrases{&x.talk.joins.next, &x.talk.joins.and, &x.talk.joins.wish, &x.talk.joins.ask, &x.talk.joins.both, &x.talk.joins.pair} {
		p.cover(m.tokens, m.toned, nil, covered)
	}
	var out []vietnamese.Token
	for i, filler := range x.lex.Fillers(m.tokens) {
		if !covered[i] && !filler {
			out = append(out, m.tokens[i])
		}
	}
	return out
}

// twoParts finds the place at which a message falls into two questions best.
func (x *Index) twoParts(whole knowledge.Found, m message, query knowledge.Query) (best knowledge.Found, at cutting, ok bool) {
	both := hasAny(&x.talk.joins.both, m.tokens, m.toned) || hasAny(&x.talk.joins.pair, m.tokens, m.toned)
	top := 0.0
	cuts := x.cuttings(m)
	for _, c := range cuts[:min(len(cuts), maxCuttings)] {
		left, right, fits := x.parts(whole, m, c, query, both)
		if !fits || !x.apart(whole, left, right, both || x.changes(m, c, left, right)) || !x.meantEach(m, c, left, right) {
			continue
		}
		if s := left.Hits[0].Score * right.Hits[0].Score; s > top+surer {
			top, best, at, ok = s, left, c, true
			right.Outcome, best.Outcome = knowledge.Answer, knowledge.Answer // two questions back at once help nobody
			best.Also = &right
			if c.kind == cutAnd && best.Facet == knowledge.Overview {
				best.Facet = right.Facet // "làm A và B thì cần giấy gì" asks it for both
			}
		}
	}
	return best, at, ok
}

// from is the part of a message from one word up to another.
func (m message) from(begin, end int) message {
	m.tokens = m.tokens[begin:end]
	return m
}

// cuttings lists where a message may be cut, the surest places first.
func (x *Index) cuttings(m message) []cutting {
	var out []cutting
	add := func(c cutting) {
		if c.end >= leastPart && len(m.tokens)-c.begin >= leastPart {
			out = append(out, c)
		}
	}
	again := x.pairs(m)
	inside := make([]bool, len(m.tokens)) // words that join parts of a name
	x.talk.joins.within.cover(m.tokens, m.toned, nil, inside)
	for i := 1; i < len(m.tokens); i++ {
		begin := i
		if _, n := x.talk.joins.next.at(m.tokens[i:], m.toned); n > 0 {
			begin = i + n
		}
		_, and := x.talk.joins.and.at(m.tokens[i:], m.toned)
		if and > 0 && i+and < len(m.tokens) { // "và sau đó"
			_, n := x.talk.joins.next.at(m.tokens[i+and:], m.toned)
			and += n
		}
		switch {
		case m.ends(i, "?!;\n."):
			add(cutting{i, begin, cutSentence})
		case again[i]:
			add(cutting{i, i + 1, cutPair})
		case begin > i:
			add(cutting{i, begin, cutNext})
		case and > 0 && !inside[i]:
			add(cutting{i, i + and, cutAnd})
		case m.ends(i, ","):
			add(cutting{i, i, cutComma})
		}
	}
	slices.SortStableFunc(out, func(a, b cutting) int { return cmp.Compare(a.kind, b.kind) })
	return out
}

// around are the words on both sides of a cutting: those of the same sentence,
// since a story around them wants other things too.
func (x *Index) around(m message, c cutting) (before, after []vietnamese.Token) {
	from, to := 0, len(m.tokens)
	if c.kind == cutSentence {
		return m.tokens[:c.end], m.tokens[c.begin:]
	}
	for i := 1; i < len(m.tokens); i++ {
		switch end := m.ends(i, "?!;\n."); {
		case end && i < c.end:
			from = i
		case end && i > c.begin:
			to = i
			return m.tokens[from:c.end], m.tokens[c.begin:to]
		}
	}
	return m.tokens[from:c.end], m.tokens[c.begin:to]
}

// ends reports that one of some marks stands before word i.
func (m message) ends(i int, marks string) bool {
	return i > 0 && i < len(m.tokens) && m.tokens[i-1].End <= m.tokens[i].Start &&
		strings.ContainsAny(m.text[m.tokens[i-1].End:m.tokens[i].Start], marks)
}

func sureOf(f knowledge.Found) bool {
	return (f.Outcome == knowledge.Answer || f.Outcome == knowledge.Choose) && len(f.Hits) > 0 && f.Hits[0].Score >= partSure
}

// asks reports that words ask something, wishes that they ask or want something.
func (x *Index) asks(ts []vietnamese.Token, toned bool) bool {
	for i := range ts {
		if value, n := x.tables.facets.at(ts[i:], toned); n > 0 && value&modeMask >= modeAsk {
			return true
		}
	}
	return hasAny(&x.talk.joins.ask, ts, toned)
}

func (x *Index) wishes(ts []vietnamese.Token, toned bool) bool {
	return hasAny(&x.talk.joins.wish, ts, toned) || x.asks(ts, toned)
}

func hasAny(p *phrases, ts []vietnamese.Token, toned bool) bool {
	return p.bits(ts, toned, nil, nil) != 0
}

// pairs marks the second of two words that say together that two things are
// meant: "cả bằng lái cả căn cước", "vừa đăng ký vừa xin hộ chiếu".
func (x *Index) pairs(m message) []bool {
	out := make([]bool, len(m.tokens))
	last := map[string]int{} // where each word stood
	for i := range m.tokens {
		if m.ends(i, "?!;\n.") {
			clear(last)
		}
		if _, n := x.talk.joins.double.at(m.tokens[i:], m.toned); n != 1 {
			continue
		}
		at, ok := last[m.tokens[i].Folded]
		out[i] = ok && i-at >= leastPart
		last[m.tokens[i].Folded] = i
	}
	return out
}
