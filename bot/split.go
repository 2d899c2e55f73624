package bot

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Length is the length of s in the unit.
func (u LengthUnit) Length(s string) int {
	switch u {
	case Bytes:
		return len(s)
	case UTF16:
		n := 0
		for _, r := range s {
			n += utf16.RuneLen(r)
		}
		return n
	default:
		return utf8.RuneCountInString(s)
	}
}

func (u LengthUnit) of(r rune) int {
	switch u {
	case Bytes:
		return utf8.RuneLen(r)
	case UTF16:
		return utf16.RuneLen(r)
	default:
		return 1
	}
}

// Split cuts text into parts of at most limit units, at the best place each
// part offers: between paragraphs, lines, sentences, words, and only in a run
// without spaces anywhere. A limit of 0 means one part. Invalid bytes become U+FFFD.
func Split(text string, limit int, u LengthUnit) []string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if text == "" {
		return nil
	}
	if limit <= 0 {
		return []string{text}
	}
	limit = max(limit, 4) // room for any one character in any unit
	var parts []string
	for u.Length(text) > limit {
		cut := cutAt(text, limit, u)
		if part := strings.TrimSpace(text[:cut]); part != "" {
			parts = append(parts, part)
		}
		text = strings.TrimSpace(text[cut:])
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}

// cutAt returns the byte offset of the best cut within limit units. A better
// kind of place wins only if it leaves the part at least half full.
func cutAt(text string, limit int, u LengthUnit) int {
	end, half, n := 0, 0, 0
	for i, r := range text {
		size := u.of(r)
		if n+size > limit {
			end = i
			break
		}
		n += size
		if n <= limit/2 {
			half = i
		}
	}
	head := text[:end]
	for _, sep := range []string{"\n\n", "\n", ". ", "; ", " "} {
		if i := strings.LastIndex(head, sep); i > half {
			return i + len(sep)
		}
	}
	return end
}
