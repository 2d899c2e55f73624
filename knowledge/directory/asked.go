package directory

import (
	_ "embed"
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// maxAsked is how many words a message has that asks for an office and for nothing else.
const maxAsked = 14

// Asks reports whether a text asks for the office of a place, or for a body of the
// province, and for nothing else: it names a unit with its kind ("xã Thanh Miện",
// "công an huyện Nam Sách ở đâu") or a body ("Sở Y tế"), and every other word belongs
// to an office, asks where, or is polite. Names of places say nothing to a search for
// procedures, and what stands around them says the wrong thing.
func (d *Directory) Asks(text string) bool {
	words := syllables(text)
	if len(words) == 0 || len(words) > maxAsked {
		return false
	}
	covered := make([]bool, len(words))
	named := false
	for _, m := range d.mentions(words) {
		_, n := unitBefore(words, m.from)
		named = named || (communeKind(m.unit) || districtKind(m.unit)) && m.best() >= SurePlace
		for i := m.from - n; i < m.to; i++ {
			covered[i] = true
		}
	}
	if !named {
		_, body := d.bodyIn(text)
		if _, _, former := d.formerBodyIn(text); former != nil {
			body = former
		}
		if body == nil {
			return false
		}
		folded := make([]string, len(words))
		for i, w := range words {
			folded[i] = w.folded
		}
		at := indexOfWords(folded, body)
		for i := range body {
			covered[max(at, 0)+i] = at >= 0
		}
	}
	for i, w := range words {
		if !covered[i] && !besideOffice[w.exact] {
			return false
		}
	}
	return true
}

// besideOffice are words of offices, words that ask where, and polite ones.
var besideOffice = readBeside(askedFile)

// askedFile lists them; lines that begin with # are passed over.
//
//go:embed data/asked.txt
var askedFile string

func readBeside(file string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(file) {
		if !strings.HasPrefix(line, "#") {
			for w := range strings.FieldsSeq(line) {
				out[w], out[vietnamese.Fold(w)] = true, true
			}
		}
	}
	return out
}
