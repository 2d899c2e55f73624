package complaints

import (
	"regexp"
	"strings"
)

// phoneTyped is what a telephone number looks like among other words.
var phoneTyped = regexp.MustCompile(`[+(]?\d[\d .\-()]{7,}\d`)

// nameIn takes a name out of what people say around it, "dạ tôi tên là Nguyễn Văn An ạ", and a
// telephone number that stands beside it. An office is to read the name alone.
func (s *service) nameIn(text string) (name, number string) {
	at := phoneTyped.FindStringIndex(text)
	if at != nil {
		if p, ok := phone(strings.TrimSpace(text[at[0]:at[1]])); ok {
			number = p
			text = s.without(text[:at[0]], phoneWord) + " " + text[at[1]:]
		}
	}
	words := strings.Fields(strings.Trim(text, " ,.;:-"))
	for len(words) > 0 {
		n := s.startsWith(bareWords(words), intro)
		if n == 0 {
			break
		}
		words = words[n:]
	}
	if n := len(words); n > 0 && (words[n-1] == "ạ" || words[n-1] == "nhé") { // "A" may be a name
		words = words[:n-1]
	}
	return strings.Trim(strings.Join(words, " "), " ,.;:-"), number
}

// without leaves out a phrase at the end of a text.
func (s *service) without(text, kind string) string {
	words := strings.Fields(text)
	for from := range words {
		if rest := bareWords(words[from:]); s.startsWith(rest, kind) == len(rest) {
			return strings.Join(words[:from], " ")
		}
	}
	return text
}

// bareWords are words in small letters without the signs around them.
func bareWords(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(strings.Trim(w, " ,.;:-!()\"'"))
	}
	return out
}
