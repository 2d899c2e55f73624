package index

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

//go:embed facets.tsv actions.tsv qualifiers.tsv cues.tsv
var files embed.FS

// tables are the phrase lists of this package. Each says its format at its head.
type tables struct {
	facets  phrases // value: facet<<modeBits | mode
	actions phrases // value: bit number
	quals   phrases // value: bit number
	cues    phrases // value: bit number
	// The circumstances that a stated age means, as bits of quals.
	under14, over14 uint32
}

// phrases finds listed phrases in text, longest first.
type phrases struct {
	first map[string][]int32
	list  []phrase
}

type phrase struct {
	words []vietnamese.Token
	value int
}

func (p *phrases) add(text string, value int) error {
	words := vietnamese.Tokens(text)
	if len(words) == 0 || len(words) > 10 {
		return fmt.Errorf("phrase %q has %d words, want 1 to 10", text, len(words))
	}
	for _, i := range p.first[words[0].Folded] {
		if sameWords(p.list[i].words, words) {
			return fmt.Errorf("phrase %q came before", text)
		}
	}
	p.first[words[0].Folded] = append(p.first[words[0].Folded], int32(len(p.list)))
	p.list = append(p.list, phrase{words, value})
	return nil
}

func sameWords(a, b []vietnamese.Token) bool {
	return slices.EqualFunc(a, b, func(x, y vietnamese.Token) bool { return x.Exact == y.Exact })
}

// at returns the longest phrase at the head of ts: its value and length, 0 when
// none. Without tones in the text, phrases match by their folded words.
func (p *phrases) at(ts []vietnamese.Token, toned bool) (value, n int) {
	for _, i := range p.first[ts[0].Folded] {
		ph := &p.list[i]
		if len(ph.words) <= n || len(ph.words) > len(ts) {
			continue
		}
		ok := true
		for k, w := range ph.words {
			if w.Exact != ts[k].Exact && (toned || w.Folded != ts[k].Folded) {
				ok = false
				break
			}
		}
		if ok {
			value, n = ph.value, len(ph.words)
		}
	}
	return value, n
}

// class is the class of a phrase that a word belongs to, counted from 1; 0 is none.
type class int8

// bit is the class as a set.
func (c class) bit() uint32 {
	if c == 0 {
		return 0
	}
	return 1 << (c - 1)
}

// bits returns the union of all phrases of a text and marks the words they
// cover with their class; skip says which words not to look at. covered may be nil.
func (p *phrases) bits(ts []vietnamese.Token, toned bool, skip []bool, covered []class) uint32 {
	var set uint32
	for i := 0; i < len(ts); {
		if skip != nil && skip[i] {
			i++
			continue
		}
		value, n := p.at(ts[i:], toned)
		if n == 0 {
			i++
			continue
		}
		set |= 1 << value
		if covered != nil {
			for k := range n {
				covered[i+k] = class(value + 1)
			}
		}
		i += n
	}
	return set
}

func loadTables() (*tables, error) {
	t := &tables{}
	err := readTable("facets.tsv", 3, &t.facets, func(cols []string) (int, error) {
		mode := slices.Index([]string{"none", "noun", "ask", "", "state"}, cols[1])
		facet := slices.Index(knowledge.Facets[:], knowledge.Facet(cols[0]))
		if mode < 0 || (facet < 0) != (mode == modeNone) || mode == modeNone && cols[0] != "-" {
			return 0, fmt.Errorf("facet %q and mode %q do not go together", cols[0], cols[1])
		}
		return max(facet, 0)<<modeBits | mode, nil
	})
	if err != nil {
		return nil, err
	}
	for _, table := range []struct {
		name string
		into *phrases
	}{{"actions.tsv", &t.actions}, {"qualifiers.tsv", &t.quals}, {"cues.tsv", &t.cues}} {
		ids := map[string]int{}
		err := readTable(table.name, 2, table.into, func(cols []string) (int, error) {
			if _, twice := ids[cols[0]]; twice || len(ids) == 32 {
				return 0, fmt.Errorf("class %q came before, or there are more than 32", cols[0])
			}
			ids[cols[0]] = len(ids)
			return ids[cols[0]], nil
		})
		if err != nil {
			return nil, err
		}
		switch table.into {
		case &t.cues:
			for i, name := range cueNames {
				if ids[name] != i {
					return nil, fmt.Errorf("%s: class number %d is not %s", table.name, i+1, name)
				}
			}
		case &t.quals:
			t.under14, t.over14 = 1<<ids["under14"], 1<<ids["over14"]
		}
	}
	return t, nil
}

// readTable fills p from an embedded file; value gives the value of a row.
func readTable(file string, columns int, p *phrases, value func([]string) (int, error)) error {
	data, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	return parseTable(file, string(data), columns, p, value)
}

func parseTable(file, data string, columns int, p *phrases, value func([]string) (int, error)) error {
	p.first = map[string][]int32{}
	n := 0
	for line := range strings.Lines(data) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(line, "\t")
		if len(cols) != columns || !utf8.ValidString(line) {
			return fmt.Errorf("%s:%d: want %d columns of UTF-8", file, n, columns)
		}
		v, err := value(cols)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		for _, text := range strings.Split(cols[columns-1], " | ") {
			if err := p.add(text, v); err != nil {
				return fmt.Errorf("%s:%d: %w", file, n, err)
			}
		}
	}
	return nil
}
