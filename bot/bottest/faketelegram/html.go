package faketelegram

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// tags are the elements that the manual lists for HTML markup.
var tags = map[string]bool{
	"b": true, "strong": true, "i": true, "em": true, "u": true, "ins": true, "s": true, "strike": true, "del": true,
	"span": true, "tg-spoiler": true, "a": true, "code": true, "pre": true, "blockquote": true, "tg-emoji": true,
}

// visible is what a citizen reads of a text with that parse mode.
func visible(text, mode string) (string, error) {
	switch strings.ToLower(mode) {
	case "":
		return strings.TrimSpace(text), nil
	case "html":
		plain, err := unmark(text)
		return strings.TrimSpace(plain), err
	}
	return "", bad("unsupported parse_mode")
}

// unmark takes the markup out of a text.
func unmark(text string) (string, error) {
	var out strings.Builder
	var open []string
	for i := 0; i < len(text); {
		switch text[i] {
		case '<':
			end := strings.IndexByte(text[i:], '>')
			if end < 0 {
				return "", bad("can't parse entities: Unclosed start tag at byte offset %d", i)
			}
			inner := text[i+1 : i+end]
			if name, closing := strings.CutPrefix(inner, "/"); closing {
				if len(open) == 0 || name != "" && open[len(open)-1] != strings.ToLower(name) {
					return "", bad("can't parse entities: Unexpected end tag at byte offset %d", i)
				}
				open = open[:len(open)-1]
			} else {
				name, _, _ := strings.Cut(inner, " ")
				if name = strings.ToLower(name); !tags[name] {
					return "", bad("can't parse entities: Unsupported start tag \"%s\" at byte offset %d", name, i)
				}
				open = append(open, name)
			}
			i += end + 1
		case '&':
			s, n := entity(text[i:])
			out.WriteString(s)
			i += n
		default:
			out.WriteByte(text[i])
			i++
		}
	}
	if len(open) > 0 {
		return "", bad("can't parse entities: Can't find end tag corresponding to start tag \"%s\"", open[len(open)-1])
	}
	return out.String(), nil
}

// entity reads one of the four named entities or a numeric one; others stand for themselves.
func entity(s string) (text string, n int) {
	end := strings.IndexByte(s, ';')
	if end < 2 || end > 10 {
		return "&", 1
	}
	name := s[1:end]
	switch name {
	case "lt":
		return "<", end + 1
	case "gt":
		return ">", end + 1
	case "amp":
		return "&", end + 1
	case "quot":
		return `"`, end + 1
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(digits), "x"); ok {
			digits, base = hex, 16
		}
		if v, err := strconv.ParseInt(digits, base, 32); err == nil && v > 0 && v <= 0x10FFFF {
			return string(rune(v)), end + 1
		}
	}
	return "&", 1
}

// units counts UTF-16 code units.
func units(s string) int { return len(utf16.Encode([]rune(s))) }
