package index

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// situationTable is situations.tsv.
type situationTable struct {
	list   []knowledge.Situation
	told   phrases // value: place in list
	beside phrases
}

// Limits of situations.tsv.
const (
	maxSituations = 40
	maxFollows    = 12
	maxTitle      = 20 // letters: it stands on a button
	maxWhy        = 120
)

// readSituations reads the text of situations.tsv. The first wrong line is an error.
func readSituations(data string) (*situationTable, error) {
	t := &situationTable{told: newPhrases(), beside: newPhrases()}
	err := eachRow(data, 5, t.row)
	return t, err
}

func (t *situationTable) row(cols []string) error {
	n := len(t.list)
	switch cols[0] {
	case "beside":
		return addAll(&t.beside, cols[4], 0)
	case "situation":
		known := slices.ContainsFunc(t.list, func(s knowledge.Situation) bool { return s.ID == cols[1] })
		if n == maxSituations || known || cols[1] == "" || cols[2] == "" || utf8.RuneCountInString(cols[2]) > maxTitle {
			return fmt.Errorf("situation %q came before, has a title of more than %d letters, or there are more than %d", cols[1], maxTitle, maxSituations)
		}
		t.list = append(t.list, knowledge.Situation{ID: cols[1], Title: map[string]string{"vi": cols[2], "en": cols[3]}})
		return addAll(&t.told, cols[4], n)
	case "follows":
		if n == 0 || len(t.list[n-1].Follows) == maxFollows || max(utf8.RuneCountInString(cols[2]), utf8.RuneCountInString(cols[3])) > maxWhy {
			return fmt.Errorf("%q follows nothing, is more than number %d, or has a sentence of more than %d letters", cols[1], maxFollows, maxWhy)
		}
		s := &t.list[n-1]
		if slices.ContainsFunc(s.Follows, func(f knowledge.Following) bool { return f.Code == cols[1] }) {
			return fmt.Errorf("%q comes twice in %s", cols[1], s.ID)
		}
		s.Follows = append(s.Follows, knowledge.Following{Code: cols[1], Why: map[string]string{"vi": cols[2], "en": cols[3]}})
		return nil
	}
	return errors.New("want situation, follows or beside")
}

// Situations implements knowledge.Searcher.
func (x *Index) Situations() []knowledge.Situation {
	var out []knowledge.Situation
	for _, s := range x.talk.situations.list {
		if s = x.inForce(s); len(s.Follows) >= 2 {
			out = append(out, s)
		}
	}
	return out
}

// inForce leaves out procedures that are not in force or not known.
func (x *Index) inForce(s knowledge.Situation) knowledge.Situation {
	var follows []knowledge.Following
	for _, f := range s.Follows {
		if at, ok := x.docOf[f.Code]; ok && x.docs[at].inForce {
			follows = append(follows, knowledge.Following{Code: f.Code, Why: maps.Clone(f.Why)})
		}
	}
	s.Title, s.Follows = maps.Clone(s.Title), follows
	return s
}

// Words of a message that may be left over when it tells a situation and names
// no procedure: fewer when the search is sure of an answer.
const (
	leftWhenSure   = 0
	leftWhenUnsure = 2
)

// tells finds the situation of life that a message tells. One that says little
// else leads to the situation's procedures; in a question about one of them it
// is noted. A side that was asked for names a procedure, except "làm thế nào".
func (x *Index) tells(found *knowledge.Found, query knowledge.Query) {
	if found.FollowUp || found.Facet != knowledge.Overview && found.Facet != knowledge.Steps && found.Facet != knowledge.Documents && found.Facet != knowledge.Where {
		if found.Outcome != knowledge.Answer {
			return
		}
	}
	q := x.read(query.Text, false)
	at, told := -1, make([]bool, len(q.tokens))
	for i := 0; i < len(q.tokens); {
		value, n := x.talk.situations.told.at(q.tokens[i:], q.toned)
		if n == 0 || at >= 0 && value != at {
			i++
			continue
		}
		at = value
		for k := range n {
			told[i+k] = true
		}
		i += n
	}
	if at < 0 {
		return
	}
	s := x.inForce(x.talk.situations.list[at])
	if len(s.Follows) < 2 {
		return
	}
	left, limit := x.leftOver(q, told), leftWhenUnsure
	if found.Outcome == knowledge.Answer {
		limit = leftWhenSure
	}
	switch {
	case left <= limit:
		*found = knowledge.Found{Outcome: knowledge.Choose, Facet: found.Facet, Situation: s.ID}
		for _, f := range s.Follows {
			found.Hits = append(found.Hits, x.exactly(f.Code, 1))
		}
	case found.Outcome == knowledge.Answer && slices.ContainsFunc(s.Follows, func(f knowledge.Following) bool { return f.Code == found.Hits[0].Entry.Code }):
		found.Situation = s.ID
	}
}

// leftOver counts the words that neither tell the situation nor go beside one.
func (x *Index) leftOver(q *question, told []bool) int {
	covered := slices.Clone(told)
	x.talk.situations.beside.cover(q.tokens, q.toned, nil, covered)
	x.coverSides(q.tokens, q.toned, modeAsk, covered)
	left := 0
	for i, filler := range x.lex.Fillers(q.tokens) {
		if !covered[i] && !filler && !strings.ContainsAny(q.tokens[i].Folded, "0123456789") {
			left++
		}
	}
	return left
}
