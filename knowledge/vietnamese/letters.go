package vietnamese

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tone is one of the six tones of a syllable.
type Tone uint8

// The tones, in the order of the VNI number keys.
const (
	Level  Tone = iota // ngang, written without a mark
	Acute              // sắc
	Grave              // huyền
	Hook               // hỏi
	Tilde              // ngã
	Dotted             // nặng
)

// vowels holds each vowel letter with its six tones, in the order of Tone.
const vowels = "aáàảãạ" + "ăắằẳẵặ" + "âấầẩẫậ" + "eéèẻẽẹ" + "êếềểễệ" + "iíìỉĩị" +
	"oóòỏõọ" + "ôốồổỗộ" + "ơớờởỡợ" + "uúùủũụ" + "ưứừửữự" + "yýỳỷỹỵ"

const plain = "aaaeeiooouuy" // the vowels above without quality mark

// letter says what a lower-case letter is made of.
type letter struct {
	base  rune // without tone, with quality mark
	plain byte // ASCII form
	tone  Tone
}

// The Vietnamese letters lie in two short stretches of Unicode, so two arrays
// answer faster than a map. They are written once, here, and only read.
var latin, additional = letterTables()

const (
	latinFirst, latinLast           = 0xE0, 0x1B0    // à … ư
	additionalFirst, additionalLast = 0x1EA0, 0x1EF9 // Ạ … ỹ
)

func letterTables() (l [latinLast - latinFirst + 1]letter, a [additionalLast - additionalFirst + 1]letter) {
	put := func(r rune, v letter) {
		switch {
		case r >= additionalFirst:
			a[r-additionalFirst] = v
		case r >= latinFirst:
			l[r-latinFirst] = v
		}
	}
	all := []rune(vowels)
	for i, r := range all {
		put(r, letter{all[i/6*6], plain[i/6], Tone(i % 6)})
	}
	put('đ', letter{'đ', 'd', Level})
	return l, a
}

// lookup returns what a lower-case letter is made of; ok is false when it
// carries no Vietnamese mark.
func lookup(r rune) (letter, bool) {
	var v letter
	switch {
	case r >= additionalFirst && r <= additionalLast:
		v = additional[r-additionalFirst]
	case r >= latinFirst && r <= latinLast:
		v = latin[r-latinFirst]
	}
	return v, v.plain != 0
}

// withTone puts a tone on a vowel that has none; other letters come back as they are.
func withTone(base rune, t Tone) rune {
	i := 0
	for _, r := range vowels {
		if r == base && i%6 == 0 {
			return []rune(vowels)[i+int(t)]
		}
		i++
	}
	return base
}

// Fold returns the form people type without tones: lower case, no tone or vowel
// marks, đ as d. Letters of other scripts stay.
func Fold(s string) string {
	if i := plainPrefix(s); i == len(s) {
		return s
	}
	s = compose(s)
	var b strings.Builder
	b.Grow(len(s))
	other := false
	for _, r := range s {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b.WriteByte(byte(r))
			continue
		}
		r = unicode.ToLower(r)
		if v, ok := lookup(r); ok {
			b.WriteByte(v.plain)
			continue
		}
		other = true
		b.WriteRune(r)
	}
	if !other {
		return b.String()
	}
	return stripMarks(b.String())
}

// compose returns NFC. Text of ASCII and composed Vietnamese letters, nearly all
// there is, is in NFC already and costs one look.
func compose(s string) string {
	for _, r := range s {
		if r < utf8.RuneSelf {
			continue
		}
		if _, ok := lookup(unicode.ToLower(r)); !ok {
			return norm.NFC.String(s)
		}
	}
	return s
}

// stripMarks takes the marks off letters that are not Vietnamese (ç, ü …).
func stripMarks(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// plainPrefix returns how many leading bytes are ASCII without capitals.
func plainPrefix(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return i
		}
	}
	return len(s)
}

// Lower returns lower-case NFC with the marks kept and every tone where the
// older, still commoner spelling puts it: hoà becomes hòa, thuỷ thủy, qúy quý.
func Lower(s string) string {
	if plainPrefix(s) == len(s) {
		return s
	}
	s = compose(strings.ToLower(compose(s)))
	var b strings.Builder
	b.Grow(len(s))
	start := -1
	for i, r := range s {
		if unicode.IsLetter(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			b.WriteString(placeTone(s[start:i]))
			start = -1
		}
		b.WriteRune(r)
	}
	if start >= 0 {
		b.WriteString(placeTone(s[start:]))
	}
	return b.String()
}

// HasTone reports whether the text carries any Vietnamese mark: a tone, a vowel
// mark or đ.
func HasTone(s string) bool {
	for i, r := range s {
		if r < utf8.RuneSelf {
			continue
		}
		if _, ok := lookup(unicode.ToLower(r)); ok {
			return true
		}
		if unicode.Is(unicode.Mn, r) { // decomposed: look at the composed form
			return i > 0 && hasComposed(s)
		}
	}
	return false
}

func hasComposed(s string) bool {
	for _, r := range norm.NFC.String(s) {
		if _, ok := lookup(unicode.ToLower(r)); ok {
			return true
		}
	}
	return false
}
