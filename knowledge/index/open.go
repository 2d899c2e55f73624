package index

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// open.tsv lists wishes that fit several procedures ("làm lại bằng lái": lost, or
// out of date?), as an encyclopedia has pages for words of several meanings. Each is
// a document of its own: when it explains a message better than every single
// procedure does, the message is open and its procedures are the choice.
//
//go:embed open.tsv
var openFile string

// openWish is a row of open.tsv.
type openWish struct {
	codes, names []string
}

// Limits of a row: a choice has no more places.
const (
	leastOpen = 2
	mostOpen  = maxChoices
)

// loadOpen reads the embedded file once.
var loadOpen = sync.OnceValues(func() ([]openWish, error) { return parseOpen(openFile) })

// parseOpen reads rows of codes (joined by commas), a tab and names (joined by " | ").
func parseOpen(data string) ([]openWish, error) {
	var out []openWish
	err := eachRow(data, 2, func(cols []string) error {
		names, err := rowNames(cols[1])
		codes := strings.Split(cols[0], ",")
		switch {
		case err != nil:
			return err
		case len(codes) < leastOpen || len(codes) > mostOpen:
			return fmt.Errorf("%d codes, want %d to %d", len(codes), leastOpen, mostOpen)
		case slices.Contains(codes, ""):
			return errors.New("an empty code")
		}
		out = append(out, openWish{codes, names})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open.tsv:%w", err)
	}
	return out, nil
}

// openDocs adds a document for every open wish that leaves at least two procedures
// which are in force here.
func (x *Index) openDocs(wishes []openWish) {
	if !x.has(OpenWishes) {
		return
	}
	x.asked = make(map[string]int, len(wishes))
	for _, w := range wishes {
		for i, code := range w.codes { // the likeliest counts as much as the others together
			x.asked[code] += 1 + max(1-i, 0)*(len(w.codes)-2)
		}
		d := doc{inForce: true, level: -1}
		for _, code := range w.codes {
			if at, ok := x.docOf[code]; ok && x.docs[at].inForce && !slices.Contains(d.open, at) {
				d.open = append(d.open, at)
			}
		}
		if len(d.open) < leastOpen {
			continue
		}
		d.entry = &knowledge.Entry{Name: w.names[0]}
		x.addAliases(&d, w.names)
		for _, name := range w.names {
			ts := x.lex.Normalize(vietnamese.Tokens(name))
			d.actions |= x.tables.actions.bits(ts, true, nil, nil)
			d.quals |= x.tables.quals.bits(ts, true, nil, nil)
		}
		for _, at := range d.open {
			d.classes = append(d.classes, x.docs[at].classes...)
		}
		x.docs = append(x.docs, d)
	}
}

// openLead is by how much the open wish must be ahead of the best procedure for its
// procedures to be the choice; below zero it may be behind.
const openLead = -0.5

// takeOpen takes the open wishes out of the ranked candidates and keeps the best.
func (s *scratch) takeOpen(docs []doc) {
	s.open = candidate{doc: -1}
	kept := s.found[:0]
	for _, c := range s.found {
		switch {
		case docs[c.doc].open == nil:
			kept = append(kept, c)
		case s.open.doc < 0:
			s.open = c
		}
	}
	s.found = kept
}

// openLeads reports that the open wish is ahead, or not far behind.
func (s *scratch) openLeads() bool {
	return s.open.doc >= 0 && s.open.score >= s.found[0].score+openLead
}

// left are the procedures that the open wish leaves and those that are near anyway,
// those that the message speaks for most first.
func (x *Index) left(q *question, field string, s *scratch) []candidate {
	out := make([]candidate, 0, mostOpen)
	for i, at := range x.docs[s.open.doc].open {
		c := x.candidateOf(q, at, field, s)
		c.score -= listedLater * float64(i)
		out = append(out, c)
	}
	sortCandidates(out)
	if s.whole == saidOpen {
		return out
	}
	for _, c := range s.found[:near(s.found)] {
		if !slices.ContainsFunc(out, func(o candidate) bool { return o.doc == c.doc }) {
			out = append(out, c)
		}
	}
	if s.open.score < s.found[0].score {
		sortCandidates(out)
	}
	return out[:min(len(out), maxChoices)]
}

// listedLater is what a place further back in the row of an open wish costs: the table
// has the likeliest first.
const listedLater = 0.2

// openEvidence is what speaks for the open wish that is nearest to leading.
func (s *scratch) openEvidence(e *evidence) {
	if s.open.doc < 0 || len(s.found) == 0 {
		return
	}
	lead := s.open.score - s.found[0].score
	e[eOpenLead] = float32(min(max(lead+4, 0), 6) / 6)
	e[eOpenFit] = s.open.f[fAlias]
	e[eOpenNear] = s.open.f[fNearAlias]
}
