package vietnamese

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks one letter may keep after composition.
// Vietnamese needs none then; two leave room for other languages.
const maxMarks = 2

// Clean makes text from outside safe to store, compare and show: valid UTF-8 in
// NFC, no control or invisible characters but the newline, no bidirectional
// marks, at most two loose combining marks on a letter, line ends as "\n" with
// at most one empty line between, single spaces, trimmed. Clean(Clean(s)) is
// Clean(s), and the result has at most three times the bytes of s.
func Clean(s string) string {
	if cleanASCII(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "")
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	var prev rune
	for _, r := range s {
		wasCR := prev == '\r'
		prev = r
		switch {
		case r == '\n' && wasCR:
			continue
		case r == '\r' || r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029:
			r = '\n'
		case unicode.IsSpace(r):
			r = ' '
		case invisible(r):
			continue
		}
		// Before composition a letter may carry its own two marks and the loose
		// ones; more would only make the composition below slow.
		if unicode.Is(unicode.M, r) {
			if marks++; marks > 4*maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		b.WriteRune(r)
	}
	return squeeze(norm.NFC.String(b.String()))
}

// squeeze drops surplus combining marks and surplus space from composed text.
func squeeze(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	marks, spaces, newlines := 0, 0, 0
	for _, r := range s {
		switch {
		case r == ' ':
			spaces++
			continue
		case r == '\n':
			newlines++
			continue
		case unicode.Is(unicode.M, r) && spaces == 0 && newlines == 0:
			if marks++; marks > maxMarks {
				continue
			}
		case unicode.Is(unicode.M, r): // a mark on a space is noise
			continue
		default:
			marks = 0
		}
		if b.Len() > 0 {
			switch {
			case newlines > 1:
				b.WriteString("\n\n")
			case newlines == 1:
				b.WriteByte('\n')
			case spaces > 0:
				b.WriteByte(' ')
			}
		}
		spaces, newlines = 0, 0
		b.WriteRune(r)
	}
	return b.String()
}

// invisible reports characters that nobody sees and that must not hide in text:
// controls, bidirectional and zero-width marks, tags, fillers.
func invisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0xFFFC, utf8.RuneError:
		return true
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) ||
		unicode.Is(unicode.Variation_Selector, r)
}

// cleanASCII reports that s is clean already, for the common case that needs no copy.
func cleanASCII(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7F || c == ' ' && s[i-1] == ' ' {
			return false
		}
	}
	return true
}
