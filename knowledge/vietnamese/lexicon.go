package vietnamese

import (
	"cmp"
	"embed"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed terms.tsv fillers.tsv words.tsv spoken.tsv usual.tsv
var files embed.FS

// Lexicon knows how citizens write: abbreviations, misspellings and dialect,
// everyday and former names of official things, filler phrases, and foreign
// words that look like typing left-overs. It is never changed after loading, so
// any number of goroutines may use one.
type Lexicon struct {
	rules   []rule
	replace map[string][]int // folded first word -> rules that rewrite the question
	extend  map[string][]int // folded first word -> rules that add official terms
	fillers map[string][]int // folded first word -> phrases
	phrases []filler
	foreign map[string]bool
	spoken  map[string]bool // everyday words
	bare    map[string]int  // the same without their marks: how far each is trusted
	usual   [][]Token       // everyday phrases
}

// rule is one row of terms.tsv.
type rule struct {
	term      []Token
	to        [][]Token
	ambiguous bool
	broad     bool
	exact     bool
	proper    bool // its term is spelled right
	short     bool // an abbreviation
}

// filler is one row of fillers.tsv.
type filler struct {
	words []Token
	exact bool
}

// kinds of terms.tsv. The first three rewrite the question, since nobody
// official writes them; the others only add what the thing is called.
var kinds = map[string]bool{"abbr": true, "typo": true, "dialect": true, "old": false, "say": false, "life": false}

// LoadLexicon reads the embedded files. An error names file and line.
func LoadLexicon() (*Lexicon, error) {
	var data [3]string
	for i, name := range []string{"terms.tsv", "fillers.tsv", "words.tsv"} {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("lexicon: %w", err)
		}
		data[i] = string(b)
	}
	l, err := NewLexicon(data[0], data[1], data[2])
	if err != nil {
		return nil, err
	}
	spoken, err := files.ReadFile("spoken.tsv")
	if err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	usual, err := files.ReadFile("usual.tsv")
	if err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	return l, cmp.Or(l.readSpoken(string(spoken)), l.readUsual(string(usual)))
}

// readUsual reads everyday phrases that are spelled right.
func (l *Lexicon) readUsual(data string) error {
	seen := map[string]bool{}
	return eachRow("usual.tsv", data, func(cols []string) error {
		if len(cols) != 1 || seen[cols[0]] || cols[0] != Lower(cols[0]) {
			return fmt.Errorf("wants a phrase in small letters that did not come before, got %q", cols[0])
		}
		seen[cols[0]] = true
		l.usual = append(l.usual, Tokens(cols[0]))
		return nil
	})
}

// readSpoken reads the words of everyday talk.
func (l *Lexicon) readSpoken(data string) error {
	l.spoken, l.bare = map[string]bool{}, map[string]int{}
	return eachRow("spoken.tsv", data, func(cols []string) error {
		for _, w := range strings.Fields(cols[0]) {
			if len(cols) > 2 || len(cols) == 2 && cols[1] != "often" || l.spoken[w] || w != Lower(w) {
				return fmt.Errorf("wants small words that did not come before, got %q", w)
			}
			l.spoken[w] = true
			l.bare[Fold(w)] = max(l.bare[Fold(w)], 2*len(cols)-1)
		}
		return nil
	})
}

// NewLexicon builds a lexicon of the three files' text, described at their
// heads. It is strict: the first wrong line is an error.
func NewLexicon(terms, fillers, words string) (*Lexicon, error) {
	l := &Lexicon{replace: map[string][]int{}, extend: map[string][]int{}, fillers: map[string][]int{}, foreign: map[string]bool{}}
	seen := map[string]bool{}
	err := eachRow("terms.tsv", terms, func(cols []string) error {
		if len(cols) != 3 && len(cols) != 4 {
			return fmt.Errorf("has %d columns, want kind, term, official terms and perhaps flags", len(cols))
		}
		return l.addRule(cols, seen)
	})
	if err != nil {
		return nil, err
	}
	err = eachRow("fillers.tsv", fillers, func(cols []string) error {
		phrase := Tokens(cols[0])
		exact := len(cols) == 2 && cols[1] == "exact"
		if len(cols) != 1 && !exact || len(phrase) == 0 || seen["filler "+Lower(cols[0])] {
			return fmt.Errorf("wants one phrase that did not come before, and perhaps exact")
		}
		seen["filler "+Lower(cols[0])] = true
		l.fillers[phrase[0].Folded] = append(l.fillers[phrase[0].Folded], len(l.phrases))
		l.phrases = append(l.phrases, filler{phrase, exact})
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachRow("words.tsv", words, func(cols []string) error {
		for _, w := range strings.Fields(cols[0]) {
			if len(cols) != 1 || l.foreign[w] || w != Fold(w) {
				return fmt.Errorf("wants small ASCII words that did not come before, got %q", w)
			}
			l.foreign[w] = true
		}
		return nil
	})
	return l, err
}

func (l *Lexicon) addRule(cols []string, seen map[string]bool) error {
	rewrites, ok := kinds[cols[0]]
	if !ok {
		return fmt.Errorf("kind %q is not known", cols[0])
	}
	key := Lower(cols[1])
	if seen[key] {
		return fmt.Errorf("term %q came before", cols[1])
	}
	seen[key] = true
	r := rule{term: Tokens(cols[1]), proper: cols[0] != "abbr" && cols[0] != "typo", short: cols[0] == "abbr"}
	if len(r.term) == 0 || len(r.term) > maxTerm {
		return fmt.Errorf("term %q has %d words, want 1 to %d", cols[1], len(r.term), maxTerm)
	}
	for _, text := range strings.Split(cols[2], "|") {
		to := Tokens(text)
		if len(to) == 0 {
			return fmt.Errorf("term %q has an empty official term", cols[1])
		}
		r.to = append(r.to, to)
	}
	if len(cols) == 4 {
		for _, flag := range strings.Split(cols[3], ",") {
			switch flag {
			case "ambiguous":
				r.ambiguous = true
			case "broad":
				r.broad = true
			case "exact":
				r.exact = true
			default:
				return fmt.Errorf("flag %q is not known", flag)
			}
		}
	}
	// Without its mark a single word may be any other: "mướn" is not "muốn".
	if rewrites && len(r.term) == 1 && r.term[0].Exact != r.term[0].Folded && IsFoldedSyllable(r.term[0].Folded) {
		r.exact = true
	}
	if rewrites && !r.ambiguous && len(r.to) != 1 {
		return fmt.Errorf("term %q rewrites the question, so it has one meaning or is ambiguous", cols[1])
	}
	into := l.extend
	if rewrites && !r.ambiguous {
		into = l.replace
	}
	into[r.term[0].Folded] = append(into[r.term[0].Folded], len(l.rules))
	l.rules = append(l.rules, r)
	return nil
}

// Limits of a lexicon file.
const (
	maxTerm = 12      // words
	maxLine = 2000    // bytes
	maxFile = 4 << 20 // bytes
)

// eachRow calls f with the columns of every row; empty lines and lines that
// start with # are skipped.
func eachRow(name, data string, f func([]string) error) error {
	if len(data) > maxFile {
		return fmt.Errorf("%s: has %d bytes, at most %d", name, len(data), maxFile)
	}
	n := 0
	for line := range strings.Lines(data) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		err := checkLine(line)
		if err == nil {
			err = f(strings.Split(line, "\t"))
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return nil
}

func checkLine(line string) error {
	switch {
	case len(line) > maxLine:
		return fmt.Errorf("has %d bytes, at most %d", len(line), maxLine)
	case !utf8.ValidString(line) || !norm.NFC.IsNormalString(line):
		return fmt.Errorf("is not UTF-8 in NFC")
	case strings.ContainsAny(line, "\r\x00"):
		return fmt.Errorf("holds a carriage return or NUL")
	}
	for _, col := range strings.Split(line, "\t") {
		if col == "" || strings.TrimSpace(col) != col {
			return fmt.Errorf("has an empty column or spaces around one")
		}
	}
	return nil
}

// usualTimes is how often the speller hears an everyday phrase.
const usualTimes = 6

// Teach lets a speller learn what the lexicon writes.
func (l *Lexicon) Teach(s *Speller) {
	s.spoken, s.bare, s.short = l.spoken, l.bare, l.short()
	for _, phrase := range l.usual {
		for range usualTimes {
			s.Learn(phrase)
		}
	}
	for i := range l.rules {
		if l.rules[i].proper {
			s.Learn(l.rules[i].term)
		}
		for _, to := range l.rules[i].to {
			s.Learn(to)
		}
	}
	for i := range l.phrases {
		s.Learn(l.phrases[i].words)
	}
}

// short returns the shorthand words of several meanings that only their
// neighbours tell: "thẻ cc", "nộp hs".
func (l *Lexicon) short() map[string][][]string {
	out := map[string][][]string{}
	for i := range l.rules {
		r := &l.rules[i]
		if !r.short || !r.ambiguous || len(r.term) != 1 || len(r.term[0].Exact) < minMended || hasDigit(r.term[0].Exact) {
			continue
		}
		for _, to := range r.to {
			var words []string
			for _, t := range to {
				words = append(words, t.Exact)
			}
			out[r.term[0].Exact] = append(out[r.term[0].Exact], words)
		}
	}
	return out
}

func (l *Lexicon) known(word string) bool { return l.foreign[word] }

// Toned reports whether the writer uses marks, so that a word without any means
// what it says: at least a quarter of the words carry one. Words that Normalize
// wrote are left out.
func Toned(tokens []Token) bool {
	marked, all := 0, 0
	for _, t := range tokens {
		if t.rewritten {
			continue
		}
		all++
		if t.Exact != t.Folded {
			marked++
		}
	}
	return marked > 0 && 4*marked >= all
}

// matches reports whether term stands at the head of tokens.
func matches(term, tokens []Token, folded bool) bool {
	if len(term) > len(tokens) {
		return false
	}
	for i, t := range term {
		if t.Exact != tokens[i].Exact && (!folded || t.Folded != tokens[i].Folded) {
			return false
		}
	}
	return true
}

// longest returns the longest rule of an index that matches at the head of
// tokens, or -1.
func (l *Lexicon) longest(index map[string][]int, tokens []Token, toned bool) int {
	best := -1
	for _, i := range index[tokens[0].Folded] {
		r := &l.rules[i]
		if matches(r.term, tokens, !toned && !r.exact) && (best < 0 || len(r.term) > len(l.rules[best].term)) {
			best = i
		}
	}
	return best
}

// Normalize rewrites abbreviations, misspellings and dialect words into what
// official texts write, longest first, whole words only. Offsets of a rewritten
// word are those of what was typed.
func (l *Lexicon) Normalize(tokens []Token) []Token {
	toned := Toned(tokens)
	out := make([]Token, 0, len(tokens)+4)
	for i := 0; i < len(tokens); {
		at := l.longest(l.replace, tokens[i:], toned)
		// "100 k": after a number a single letter is a unit.
		if at < 0 || len(tokens[i].Folded) == 1 && i > 0 && allDigits(tokens[i-1].Folded) {
			out = append(out, tokens[i])
			i++
			continue
		}
		r := &l.rules[at]
		last := tokens[i+len(r.term)-1]
		for _, t := range r.to[0] {
			t.Start, t.End, t.rewritten = tokens[i].Start, last.End, true
			out = append(out, t)
		}
		i += len(r.term)
	}
	return out
}

// Match is an everyday term found in a question.
type Match struct {
	From, To int       // words [From,To) of the question
	Terms    [][]Token // what it is called officially: one or several readings
	// Ambiguous matches are right only sometimes: use them as a second query.
	Ambiguous bool
	// Broad matches yield to every other content word of the question.
	Broad bool
}

// Official finds everyday and former names, longest first at every word;
// matches may overlap. Give it the words that Normalize returned.
func (l *Lexicon) Official(tokens []Token) []Match {
	toned := Toned(tokens)
	var out []Match
	for i := range tokens {
		if at := l.longest(l.extend, tokens[i:], toned); at >= 0 {
			r := &l.rules[at]
			out = append(out, Match{From: i, To: i + len(r.term), Terms: r.to, Ambiguous: r.ambiguous, Broad: r.broad})
		}
	}
	return out
}

// Fillers marks the words that carry no meaning for a search: greetings, polite
// particles, "cho em hỏi". Longer phrases win.
func (l *Lexicon) Fillers(tokens []Token) []bool {
	toned := Toned(tokens)
	out := make([]bool, len(tokens))
	for i := range tokens {
		for _, p := range l.fillers[tokens[i].Folded] {
			f := &l.phrases[p]
			if matches(f.words, tokens[i:], !toned && !f.exact) {
				for k := range f.words {
					out[i+k] = true
				}
			}
		}
	}
	return out
}
