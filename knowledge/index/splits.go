package index

import (
	"fmt"
	"slices"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// splitTable is splits.tsv: the attributes a question back may go by.
type splitTable struct {
	attributes []attribute
	fix        phrases // words that correct
	beside     phrases // words that may stand beside an answer
}

// attribute tells procedures apart by one thing.
type attribute struct {
	id      string
	groups  []string
	names   phrases // value: group
	answers phrases // value: group
	rest    int     // the group of what no other group takes, -1 for none
	any     bool    // that group takes everything, not only names with its phrases
}

const (
	maxAttributes = 16
	maxGroups     = 31 // bits of a set of groups
	maxSplitCodes = 20
)

// readSplits reads the text of splits.tsv. The first wrong line is an error.
func readSplits(data string) (*splitTable, error) {
	t := &splitTable{fix: newPhrases(), beside: newPhrases()}
	if err := eachRow(data, 4, t.row); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *splitTable) row(cols []string) error {
	switch cols[0] {
	case "fix":
		return addAll(&t.fix, cols[3], 0)
	case "beside":
		return addAll(&t.beside, cols[3], 0)
	}
	if n := len(t.attributes); n == 0 || t.attributes[n-1].id != cols[0] {
		if n == maxAttributes || slices.ContainsFunc(t.attributes, func(a attribute) bool { return a.id == cols[0] }) {
			return fmt.Errorf("attribute %q came before, or there are more than %d", cols[0], maxAttributes)
		}
		t.attributes = append(t.attributes, attribute{id: cols[0], names: newPhrases(), answers: newPhrases(), rest: -1})
	}
	a := &t.attributes[len(t.attributes)-1]
	g := len(a.groups)
	if g == maxGroups || slices.Contains(a.groups, cols[1]) || cols[1] == otherGroup {
		return fmt.Errorf("group %q came before, or there are more than %d", cols[1], maxGroups)
	}
	a.groups = append(a.groups, cols[1])
	names, isRest := strings.CutPrefix(cols[2], "*")
	if isRest {
		if a.rest >= 0 {
			return fmt.Errorf("attribute %q has two groups of what is left", a.id)
		}
		a.rest, a.any = g, names == ""
		names = strings.TrimPrefix(names, " | ")
	}
	if err := addAll(&a.names, names, g); err != nil {
		return err
	}
	return addAll(&a.answers, cols[3], g)
}

func newPhrases() phrases { return phrases{first: map[string][]int32{}} }

// addAll adds a list of phrases; "-" and "" are an empty one.
func addAll(p *phrases, list string, value int) error {
	if list == "" || list == "-" {
		return nil
	}
	for text := range strings.SplitSeq(list, " | ") {
		if err := p.add(text, value); err != nil {
			return err
		}
	}
	return nil
}

// of returns the groups that an entry belongs to, as bits.
func (a *attribute) of(e *knowledge.Entry) uint32 {
	text := e.Name
	if a.id == "level" {
		text = e.Level
	}
	set := a.names.bits(vietnamese.Tokens(text), true, nil, nil)
	if a.rest < 0 {
		return set
	}
	rest := uint32(1) << a.rest
	if others := set &^ rest; others != 0 {
		return others
	}
	if a.any {
		return rest
	}
	return set
}

// otherGroup is the group of procedures that an attribute says nothing about.
const otherGroup = "other"

// maxSplitGroups is how many answers one question offers.
const maxSplitGroups = 5

// Split implements knowledge.Searcher: of the attributes that were not asked it
// takes the one that leaves fewest procedures on average.
func (x *Index) Split(codes, asked []string) (knowledge.Split, bool) {
	var entries []*knowledge.Entry
	for _, c := range codes[:min(len(codes), maxSplitCodes)] {
		if e, ok := x.byCode[c]; ok && !slices.Contains(entries, e) {
			entries = append(entries, e)
		}
	}
	best, left := knowledge.Split{}, splitWorth*float64(len(entries))
	for i := range x.talk.splits.attributes {
		a := &x.talk.splits.attributes[i]
		if slices.Contains(asked, a.id) {
			continue
		}
		if s, n := a.split(entries); s.By != "" && n < left-0.01 {
			best, left = s, n
		}
	}
	return best, best.By != ""
}

// splitWorth is the share of the procedures that may be left on average by a
// question that is worth asking.
const splitWorth = 0.7

// split groups entries, the group of the likeliest entry first, and says how
// many an answer leaves on average; By is "" when they do not come apart.
func (a *attribute) split(entries []*knowledge.Entry) (knowledge.Split, float64) {
	s := knowledge.Split{By: a.id}
	var other []string
	for _, e := range entries {
		set := a.of(e)
		if set == 0 {
			other = append(other, e.Code)
		}
		for g, id := range a.groups {
			if set&(1<<g) != 0 {
				join(&s, id, e.Code)
			}
		}
	}
	var groups []knowledge.Group // those that leave something else than another group
	for _, g := range s.Groups {
		same := func(o knowledge.Group) bool { return slices.Equal(o.Codes, g.Codes) }
		if len(g.Codes) < len(entries) && !slices.ContainsFunc(groups, same) {
			groups = append(groups, g)
		}
	}
	// "Something else" says little: it may stand beside a few real answers only.
	if len(other) > 0 && (len(groups) < 2 || len(other)*2 > len(entries)) {
		return knowledge.Split{}, 0
	}
	if len(other) > 0 {
		groups = append(groups, knowledge.Group{ID: otherGroup, Codes: other})
	}
	if len(groups) < 2 || len(groups) > maxSplitGroups {
		return knowledge.Split{}, 0
	}
	s.Groups = groups
	sum, squares := 0, 0
	reached := map[string]bool{}
	for _, g := range s.Groups {
		sum += len(g.Codes)
		squares += len(g.Codes) * len(g.Codes)
		for _, c := range g.Codes {
			reached[c] = true
		}
	}
	if len(reached) < len(entries) { // one that stands in every group was left out with a group of all
		return knowledge.Split{}, 0
	}
	return s, float64(squares) / float64(sum)
}

// join puts a code into a group.
func join(s *knowledge.Split, id, code string) {
	i := slices.IndexFunc(s.Groups, func(g knowledge.Group) bool { return g.ID == id })
	if i < 0 {
		i = len(s.Groups)
		s.Groups = append(s.Groups, knowledge.Group{ID: id})
	}
	s.Groups[i].Codes = append(s.Groups[i].Codes, code)
}
