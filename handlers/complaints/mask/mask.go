// Package mask hides in what people wrote what may say who somebody is. It is a
// proposal made by rules: it misses some and hides some too many. What everybody
// will read is looked over by a person besides.
package mask

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What says what kind of thing a mark hides.
type What string

// The kinds. Their names for people are the text keys complaints.register_what_….
const (
	Number  What = "number"  // a telephone number, of a paper, an account
	Mail    What = "mail"    // an e-mail address
	Link    What = "link"    // an address on the web
	Handle  What = "handle"  // a name on a network
	Plate   What = "plate"   // of a vehicle
	Address What = "address" // number of a house, a flat, a plot
	Name    What = "name"    // of a person
)

// Whats lists the kinds in the order in which they are counted for people.
var Whats = [...]What{Name, Number, Address, Plate, Mail, Link, Handle}

// Hidden is one place in a text that may say who somebody is, in runes.
type Hidden struct {
	From, To int
	What     What
}

// Mark stands for what is hidden.
const Mark = "•••"

// maxMask is how many runes of a text are looked at; the rest is cut off, unseen.
const maxMask = 20_000

// Public hides, in a text that everybody may read, what may say who somebody is:
// numbers, names, addresses, handles, links.
func Public(text string) string { return hide(text, (*masked).everything) }

// Sender hides what tells who wrote a text: numbers, addresses of mails and pages,
// handles, and the name with which the writer introduces himself. The names of
// others and the numbers of houses stay, for whoever has to act needs them.
func Sender(text string) string { return hide(text, (*masked).sender) }

func hide(text string, rules func(*masked)) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxMask {
		text = string(runes[:maxMask])
	}
	// Hiding may lay open what stood behind it: look again, for a few rounds.
	for range 4 {
		runes := []rune(text)
		found := find(runes, rules)
		if len(found) == 0 {
			break
		}
		var b strings.Builder
		at := 0
		for _, h := range found {
			b.WriteString(string(runes[at:h.From]))
			b.WriteString(Mark)
			at = h.To
		}
		b.WriteString(string(runes[at:]))
		text = b.String()
	}
	return text
}

// Find lists what Public would hide in a text, in order, without overlaps.
func Find(text string) []Hidden {
	return find([]rune(norm.NFC.String(strings.ToValidUTF8(text, ""))), (*masked).everything)
}

func find(runes []rune, rules func(*masked)) []Hidden {
	if len(runes) > maxMask {
		runes = runes[:maxMask]
	}
	t := newMasked(runes)
	rules(t)
	return t.spans()
}

func (t *masked) everything() {
	t.links()
	t.plates()
	t.houses()
	t.numbers()
	t.spelled()
	t.names()
}

func (t *masked) sender() {
	t.links()
	t.numbers()
	t.spelled()
	t.introductions()
}

// masked is a text on its way through the rules. plain has one ASCII byte for
// each rune: lower case, without marks, digits of any script as 0 to 9.
type masked struct {
	runes []rune
	plain string
	hide  []What // by rune, "" for what stays
	toned bool   // the writer uses marks
	loud  bool   // it is written in capitals throughout
	words []word
}

// word is a run of letters and digits.
type word struct {
	from, to int
	exact    string // lower case with marks
	plain    string
	capital  bool
}

func newMasked(runes []rune) *masked {
	t := &masked{runes: runes, hide: make([]What, len(runes))}
	b := make([]byte, len(runes))
	upper, lower := 0, 0
	for i, r := range runes {
		b[i] = plainByte(r)
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
		if r > unicode.MaxASCII && unicode.IsLetter(r) && b[i] >= 'a' && b[i] <= 'z' {
			t.toned = true
		}
	}
	t.plain, t.loud = string(b), upper > 20 && upper > 2*lower
	for i := 0; i < len(b); {
		if !alnum(b[i]) {
			i++
			continue
		}
		from := i
		for i < len(b) && alnum(b[i]) {
			i++
		}
		t.words = append(t.words, word{from: from, to: i, exact: strings.ToLower(string(runes[from:i])), plain: t.plain[from:i],
			capital: unicode.IsUpper(runes[from]) && !t.loud})
	}
	return t
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
func digit(c byte) bool { return c >= '0' && c <= '9' }

// plainByte is the one byte that stands for a rune.
func plainByte(r rune) byte {
	switch {
	case r < unicode.MaxASCII:
		switch {
		case r == '\n':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		}
		return byte(unicode.ToLower(r))
	case r == 'đ' || r == 'Đ':
		return 'd'
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r):
		return '-'
	case r >= 0xFF01 && r <= 0xFF5E: // full width
		return plainByte(r - 0xFEE0)
	case unicode.IsDigit(r):
		for zero := r; ; zero-- { // digits of a script stand together, ten in a row
			if r-zero == 9 || !unicode.IsDigit(zero-1) {
				return '0' + byte((r-zero)%10)
			}
		}
	case unicode.IsLetter(r):
		if d := []rune(norm.NFD.String(string(unicode.ToLower(r)))); d[0] < unicode.MaxASCII {
			return byte(d[0])
		}
		return 'q' // a letter of another script: part of a word, no word of ours
	}
	return 1
}

// mark hides a span; what is hidden already stays what it is.
func (t *masked) mark(from, to int, what What) {
	for i := from; i < to; i++ {
		if t.hide[i] == "" {
			t.hide[i] = what
		}
	}
}

func (t *masked) spans() []Hidden {
	var out []Hidden
	for i := 0; i < len(t.hide); i++ {
		if t.hide[i] == "" {
			continue
		}
		h := Hidden{From: i, What: t.hide[i]}
		for i < len(t.hide) && t.hide[i] == h.What {
			i++
		}
		h.To = i
		i--
		if n := len(out); n > 0 && out[n-1].To == h.From {
			out[n-1].To = h.To // two rules on one thing
			continue
		}
		out = append(out, h)
	}
	return out
}

// before is the plain text in front of a place, at most n bytes of its line.
func (t *masked) before(at, n int) string {
	s := t.plain[max(0, at-n):at]
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return s
}

// behind is the plain text behind a place, at most n bytes of its line.
func (t *masked) behind(at, n int) string {
	s := t.plain[at:min(len(t.plain), at+n)]
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	return s
}
