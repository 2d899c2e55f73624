package index

import (
	"slices"
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// verbatim finds the document that a message names word for word, by its official or
// an everyday name. Whoever types a name means it, whatever other names share its words.
type verbatim struct {
	toned  map[string]int32 // words with their tone marks -> document, several for more than one
	folded map[string]int32
}

const several = -1

// leastSaid is how many words a name must have that is found within other words.
const leastSaid = 2

func (x *Index) learnVerbatim() {
	x.said = verbatim{make(map[string]int32, 4*len(x.docs)), make(map[string]int32, 4*len(x.docs))}
	for i := range x.docs {
		d := &x.docs[i]
		if !d.inForce {
			continue
		}
		for _, name := range d.names {
			x.said.learn(name, int32(i))
			if bare := plainWords(name, x.lex.Fillers(name)); len(bare) >= leastSaid {
				x.said.learn(bare, int32(i))
			}
		}
		d.names = nil
	}
}

func (v *verbatim) learn(name []vietnamese.Token, doc int32) {
	put := func(m map[string]int32, key string) {
		if old, ok := m[key]; ok && old != doc {
			m[key] = several
		} else {
			m[key] = doc
		}
	}
	put(v.toned, key(name, true))
	put(v.folded, key(name, false))
}

func key(ts []vietnamese.Token, toned bool) string {
	var b strings.Builder
	for _, t := range ts {
		if toned {
			b.WriteString(t.Exact)
		} else {
			b.WriteString(t.Folded)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

func plainWords(ts []vietnamese.Token, leave []bool) []vietnamese.Token {
	out := make([]vietnamese.Token, 0, len(ts))
	for i, t := range ts {
		if !leave[i] {
			out = append(out, t)
		}
	}
	return out
}

// verbatim returns the document whose name the question is: as it stands, without
// what is only polite, or without what asks for a side of it.
func (x *Index) verbatim(q *question) (int32, bool) {
	if !x.has(Verbatim) || len(q.tokens) == 0 || len(q.tokens) > 3*maxAliasWords {
		return 0, false
	}
	asks, sides := make([]bool, len(q.tokens)), make([]bool, len(q.tokens))
	for i, r := range q.roles {
		asks[i], sides[i] = r == roleNone, r != roleContent
	}
	for n, words := range [][]vietnamese.Token{q.tokens, plainWords(q.tokens, x.lex.Fillers(q.tokens)), plainWords(q.tokens, asks), plainWords(q.tokens, sides)} {
		if len(words) == 0 || n > 0 && len(words) < leastSaid {
			continue
		}
		doc, ok := x.said.toned[key(words, true)]
		if !ok && !q.toned {
			doc, ok = x.said.folded[key(words, false)]
		}
		if ok {
			return doc, doc != several
		}
	}
	return 0, false
}

// verbatimLead is by how much the procedure that is named comes first.
const verbatimLead = 1

// saidWhole is what a question says word for word.
type saidWhole int8

const (
	saidNone saidWhole = iota
	saidName           // the name of the first procedure
	saidOpen           // an open wish
)

// lead puts the procedure or the open wish that the question names word for word first.
func (x *Index) lead(q *question, field string, s *scratch) {
	s.whole = saidNone
	doc, ok := x.verbatim(q)
	if !ok {
		return
	}
	c := x.candidateOf(q, doc, field, s)
	if len(s.found) > 0 {
		if s.found[0].f[fField] == 1 && c.f[fField] == 0 {
			return // the citizen has chosen a field, where the name means another
		}
		c.score = max(c.score, s.found[0].score+verbatimLead)
	}
	if x.docs[doc].open != nil {
		s.open, s.whole = c, saidOpen
		return
	}
	s.whole = saidName
	s.found = slices.DeleteFunc(s.found, func(f candidate) bool { return f.doc == doc })
	s.found = slices.Insert(s.found, 0, c)
}

// candidateOf is the ranked candidate of a document, also of one that the search did not find.
func (x *Index) candidateOf(q *question, doc int32, field string, s *scratch) candidate {
	for _, f := range s.found {
		if f.doc == doc {
			return f
		}
	}
	c := candidate{doc: doc}
	d := &x.docs[doc]
	x.markQuestion(q, s)
	x.markDoc(d, s)
	x.measure(q, d, field, &c, s)
	c.score = x.score(&c.f)
	return c
}
