package vietnamese

import (
	"strings"
	"unicode"
)

// Repair turns left-overs of typing methods into proper text: Telex ("ddawng kys
// keets hoon") and VNI ("d9a8ng ky1 ke6t1 ho6n"). A word is touched only when it
// is neither a possible syllable nor a known foreign word (words.tsv) as it
// stands, and becomes a well-formed syllable. Everything else stays byte for
// byte, so proper text is never harmed.
func (l *Lexicon) Repair(s string) string {
	if !asciiLetters(s) {
		return s
	}
	var b strings.Builder
	last := 0
	vni := -1 // whether digits are typing marks is decided once, when first needed
	for i := 0; i < len(s); {
		start, end := nextRun(s, i)
		if start < 0 {
			break
		}
		i = end
		word := s[start:end]
		fixed, ok := l.telex(word)
		if !ok && hasDigit(word) {
			if vni < 0 {
				vni = countVNI(s)
			}
			// One trailing digit may be a plain number ("lop1"): it takes a
			// second witness in the text or a digit inside the word.
			if vni > 1 || digitInside(word) {
				fixed, ok = fromVNI(word)
			}
		}
		if !ok {
			continue
		}
		b.WriteString(s[last:start])
		b.WriteString(fixed)
		last = end
	}
	if last == 0 {
		return s
	}
	b.WriteString(s[last:])
	return b.String()
}

// asciiLetters reports whether there is anything that Repair could touch.
func asciiLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; 'a' <= c && c <= 'z' {
			return true
		}
	}
	return false
}

// maxTyped is the length in letters of the longest syllable with its typing
// marks: "nghieengf", "truwowngf".
const maxTyped = 10

// telex reads one word as Telex keys.
func (l *Lexicon) telex(word string) (string, bool) {
	if len(word) < 2 || len(word) > maxTyped || !lowerable(word) {
		return "", false
	}
	w := strings.ToLower(word)
	if IsFoldedSyllable(w) || l.known(w) {
		return "", false
	}
	var t typed
	for i := 0; i < len(w); i++ {
		if !t.telexKey(w[i]) {
			return "", false
		}
	}
	return t.result(word)
}

// fromVNI reads one word as VNI keys.
func fromVNI(word string) (string, bool) {
	if len(word) < 3 || len(word) > maxTyped {
		return "", false
	}
	letters := 0
	var t typed
	for _, c := range []byte(strings.ToLower(word)) {
		switch {
		case '0' <= c && c <= '9':
			if !t.vniKey(c) {
				return "", false
			}
		case 'a' <= c && c <= 'z':
			letters++
			t.bare = append(t.bare, rune(c))
		default:
			return "", false
		}
	}
	if letters < 2 || word == strings.ToUpper(word) { // CT01, B2: codes
		return "", false
	}
	return t.result(word)
}

// lowerable keeps codes and names in capitals out: only all-small words or
// words with one leading capital are typing left-overs.
func lowerable(word string) bool {
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c < 'A' || c > 'z' || c > 'Z' && c < 'a' || i > 0 && c <= 'Z' {
			return false
		}
	}
	return true
}

// typed is a syllable in the making.
type typed struct {
	bare  []rune
	tone  Tone
	toned bool
	used  bool // some key was a mark rather than a letter
}

const telexTones = "zsfrxj" // in the order of Tone

// telexKey takes one key; false when it cannot be part of a syllable.
func (t *typed) telexKey(c byte) bool {
	n := len(t.bare)
	switch {
	case n > 0 && rune(c) == t.bare[n-1] && strings.IndexByte("aeod", c) >= 0 && (c != 'd' || n == 1):
		t.bare[n-1] = map[byte]rune{'a': 'â', 'e': 'ê', 'o': 'ô', 'd': 'đ'}[c]
		t.used = true
	case c == 'w':
		t.used = true
		return t.horn(true)
	case t.hasVowel() && strings.IndexByte(telexTones, c) >= 0:
		return t.setTone(Tone(strings.IndexByte(telexTones, c)))
	default:
		t.bare = append(t.bare, rune(c))
	}
	return true
}

func (t *typed) vniKey(c byte) bool {
	t.used = true
	switch {
	case c <= '5':
		return t.hasVowel() && t.setTone(Tone(c-'0'))
	case c == '6':
		return t.replaceLast("aeo", "âêô")
	case c == '7':
		return t.horn(false)
	case c == '8':
		return t.replaceLast("a", "ă")
	default:
		return len(t.bare) > 0 && t.bare[0] == 'd' && t.replaceFirst('đ')
	}
}

func (t *typed) setTone(tone Tone) bool {
	if t.toned {
		return false
	}
	t.tone, t.toned, t.used = tone, true, true
	return true
}

func (t *typed) replaceFirst(r rune) bool { t.bare[0] = r; return true }

// replaceLast changes the last letter that is one of from into its counterpart.
func (t *typed) replaceLast(from, to string) bool {
	for i := len(t.bare) - 1; i >= 0; i-- {
		if at := strings.IndexRune(from, t.bare[i]); at >= 0 {
			t.bare[i] = []rune(to)[at]
			return true
		}
	}
	return false
}

// horn gives the last vowel its horn or, in Telex, its breve: uo becomes ươ.
func (t *typed) horn(breve bool) bool {
	for i := len(t.bare) - 1; i >= 0; i-- {
		switch t.bare[i] {
		case 'o':
			t.bare[i] = 'ơ'
			if i > 0 && t.bare[i-1] == 'u' && (i < 2 || t.bare[i-2] != 'q') {
				t.bare[i-1] = 'ư'
			}
			return true
		case 'ơ': // "dduwowc": the second w finds its work done
			return true
		case 'u':
			t.bare[i] = 'ư'
			return true
		case 'a':
			if breve && (i == 0 || t.bare[i-1] != 'u') {
				t.bare[i] = 'ă'
				return true
			}
		}
	}
	if breve { // a lone w is ư
		t.bare = append(t.bare, 'ư')
	}
	return breve
}

func (t *typed) hasVowel() bool {
	for _, r := range t.bare {
		if strings.ContainsRune(vowelLetters, r) {
			return true
		}
	}
	return false
}

// result writes the syllable when it is well formed and marks were used.
func (t *typed) result(original string) (string, bool) {
	if !t.used {
		return "", false
	}
	onset, rime, ok := cut(string(t.bare), false)
	if !ok || !toneFits(rime, t.tone) {
		return "", false
	}
	s := []rune(onset + tonedRime(rime, t.tone))
	if unicode.IsUpper(rune(original[0])) {
		s[0] = unicode.ToUpper(s[0])
	}
	return string(s), true
}

// countVNI counts the words that read as VNI keys, up to two.
func countVNI(s string) int {
	n := 0
	for i := 0; i < len(s) && n < 2; {
		start, end := nextRun(s, i)
		if start < 0 {
			break
		}
		if word := s[start:end]; hasDigit(word) {
			if _, ok := fromVNI(word); ok {
				n++
			}
		}
		i = end
	}
	return n
}

// digitInside reports a digit between two letters, which no plain writing has.
func digitInside(word string) bool {
	for i := 1; i+1 < len(word); i++ {
		if isDigit(word[i]) && !isDigit(word[i-1]) && !isDigit(word[i+1]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
