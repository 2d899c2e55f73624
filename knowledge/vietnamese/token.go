package vietnamese

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is one syllable, word, number, date or code of a text.
type Token struct {
	Exact      string // as Lower writes it
	Folded     string // as Fold writes it
	Start, End int    // byte offsets into the text given to Tokens
	rewritten  bool   // written by Lexicon.Normalize, not by the citizen
	name       bool   // a capital within a sentence
}

// Tokens cuts a text into syllables. Numbers with their separators, dates,
// procedure codes (1.001193), decree numbers (07/2025/NĐ-CP) and form codes
// (TK-KS, CT01) stay whole; other punctuation separates.
func Tokens(s string) []Token {
	var out []Token
	for i := 0; i < len(s); {
		start, end := nextRun(s, i)
		if start < 0 {
			break
		}
		end = extend(s, start, end)
		out = append(out, makeToken(s, start, end))
		i = end
	}
	return out
}

func makeToken(s string, start, end int) Token {
	w := s[start:end]
	t := Token{Exact: Lower(w), Start: start, End: end}
	t.Folded = Fold(t.Exact)
	t.name = isName(s, start, w)
	return t
}

// isName reports a word with one capital that does not begin a sentence.
func isName(s string, start int, w string) bool {
	first, size := utf8.DecodeRuneInString(w)
	if !unicode.IsUpper(first) {
		return false
	}
	second, _ := utf8.DecodeRuneInString(w[size:])
	if !unicode.IsLower(second) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s[:start], " "))
	return isWord(before) && before != utf8.RuneError || before == ','
}

// nextRun finds the next run of letters, digits and marks from i on; start is
// -1 when there is none.
func nextRun(s string, i int) (start, end int) {
	start = -1
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		word := isWord(r) && (r != utf8.RuneError || size > 1)
		if start < 0 && word && !unicode.IsMark(r) {
			start = i
		} else if start >= 0 && !word {
			return start, i
		}
		i += size
	}
	return start, i
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// maxJoined is the length in bytes after which a number, date or code is not
// lengthened any more: no real one is longer, and hostile text stays cheap.
const maxJoined = 48

// extend lengthens a run over connectors when the next run belongs to the same
// number, date or code.
func extend(s string, start, end int) int {
	for end+1 < len(s) && end-start < maxJoined && strings.IndexByte("./-_:,", s[end]) >= 0 {
		next, stop := nextRun(s, end+1)
		if next != end+1 || !belongs(s[start:end], s[end], s[next:stop]) {
			break
		}
		end = stop
	}
	return end
}

func belongs(have string, connector byte, next string) bool {
	haveDigit, nextDigit := hasDigit(have), hasDigit(next)
	if connector == ',' || connector == ':' {
		return allDigits(have[lastPart(have):]) && allDigits(next)
	}
	switch {
	case haveDigit && nextDigit:
		return true
	case len(next) == 1 && len(have) == 1 && connector != '-': // đ/c is longer in bytes, see below
		return true
	case isCapitals(next) && (haveDigit || isCapitals(have)):
		// All-capital prose joins by hyphen too: keep it apart when both sides
		// read as syllables.
		return !IsFoldedSyllable(next) || haveDigit || !IsFoldedSyllable(have[lastPart(have):])
	case isCapitals(have) && nextDigit && connector != ':':
		return true
	}
	return connector == '/' && utf8.RuneCountInString(have) == 1 && utf8.RuneCountInString(next) == 1
}

// lastPart returns where the last run of a joined token starts.
func lastPart(s string) int { return strings.LastIndexAny(s, "./-_:,") + 1 }

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isCapitals reports a short all-capital part of a code, such as KS or NĐ.
func isCapitals(s string) bool {
	n := 0
	for _, r := range s {
		if !unicode.IsUpper(r) && !strings.ContainsRune("./-_0123456789", r) {
			return false
		}
		n++
	}
	return n > 0 && n <= 16
}
