// Package plain looks at the words of a text in Vietnamese: whether a neighbour
// understands them, and how they are read aloud over a commune's loudspeakers.
//
// What it knows is data, in the folder data: jargon with plainer words,
// abbreviations, units, the names of letters. It advises and never decides, and it
// takes any text, also a hostile one.
package plain

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed data/*.tsv
var files embed.FS

// Language is what the package knows. It never changes, so it is safe for concurrent use.
type Language struct {
	short   []abbreviation // longest first
	jargon  []Pair         // longest first
	units   []Pair         // longest first
	letters map[rune]string
	labels  map[string]string
	cues    map[string][]string // by kind
}

// Pair is a word and another one for it.
type Pair struct{ From, To string }

type abbreviation struct {
	Pair
	known bool // everybody knows it
	road  bool // a number may follow at once: QL5
}

// Load reads the data that comes with the program.
func Load() (*Language, error) {
	l := &Language{letters: map[rune]string{}, labels: map[string]string{}, cues: map[string][]string{}}
	for name, add := range map[string]func(a, b, c string){
		"abbreviations": func(a, b, c string) { l.short = append(l.short, abbreviation{Pair{a, b}, c == "known", c == "road"}) },
		"jargon":        func(a, b, _ string) { l.jargon = append(l.jargon, Pair{a, b}) },
		"units":         func(a, b, _ string) { l.units = append(l.units, Pair{a, b}) },
		"labels":        func(a, b, _ string) { l.labels[a] = b },
		"cues":          func(a, b, _ string) { l.cues[a] = append(l.cues[a], b) },
		"letters": func(a, b, _ string) {
			r, _ := utf8.DecodeRuneInString(a)
			l.letters[r] = b
		},
	} {
		if err := read("data/"+name+".tsv", add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(l.short, func(a, b abbreviation) int { return len(b.From) - len(a.From) })
	for _, list := range [][]Pair{l.jargon, l.units} {
		slices.SortStableFunc(list, func(a, b Pair) int { return len(b.From) - len(a.From) })
	}
	return l, nil
}

// read calls add for each line of a file of columns parted by tabs.
func read(name string, add func(a, b, c string)) error {
	b, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("plain: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cols := append(strings.Split(line, "\t"), "", "")
		if cols[0] == "" || cols[1] == "" {
			return fmt.Errorf("plain: %s line %d has fewer than two columns", name, n)
		}
		add(cols[0], cols[1], cols[2])
	}
	return nil
}

// letter reports whether a rune belongs to a word.
func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

// digit reports whether a rune is a digit of ours.
func digit(r rune) bool { return r >= '0' && r <= '9' }

// ends reports whether a word may end before this text.
func ends(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !letter(r) && !digit(r)
}

// shortFor finds the abbreviation that a text begins with.
func (l *Language) shortFor(text string) (abbreviation, bool) {
	for _, a := range l.short {
		rest, ok := strings.CutPrefix(text, a.From)
		if ok && a.road {
			rest = strings.TrimLeft(rest, "0123456789")
		}
		if ok && (!letter(lastRune(a.From)) || ends(rest)) {
			return a, true
		}
	}
	return abbreviation{}, false
}

func lastRune(text string) rune {
	r, _ := utf8.DecodeLastRuneInString(text)
	return r
}

// capitals is how many bytes of a text are one word in capitals, of two letters or
// more, with digits; 0 when it begins with none.
func capitals(text string) int {
	n, letters := 0, 0
	for i, r := range text {
		switch {
		case unicode.IsUpper(r):
			letters++
		case digit(r) && i > 0, r == '&' && i > 0:
		case letter(r):
			return 0
		default:
			if letters < 2 {
				return 0
			}
			return n
		}
		n = i + utf8.RuneLen(r)
	}
	if letters < 2 {
		return 0
	}
	return n
}

// marked reports whether a word has a letter that only Vietnamese words have: an
// abbreviation has none but Đ, Ă, Â, Ê, Ô, Ơ, Ư.
func marked(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return strings.ContainsRune(tones, unicode.ToLower(r)) })
}

// tones are the vowels with a tone.
const tones = "àáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"

// syllable is how one without a tone is written.
var syllable = regexp.MustCompile(`^(?:b|c|ch|d|đ|g|gh|gi|h|k|kh|l|m|n|ng|ngh|nh|p|ph|qu|r|s|t|th|tr|v|x)?[aăâeêioôơuưy]{1,3}(?:c|ch|m|n|ng|nh|p|t)?$`)

// spoken reports whether a word in capitals can be said as a syllable.
func spoken(word string) bool {
	return !strings.ContainsFunc(word, digit) && (marked(word) || syllable.MatchString(strings.ToLower(word)))
}
