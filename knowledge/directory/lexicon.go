package directory

import (
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// Limits of the text that is searched for names and words: longer text is cut.
const (
	maxTextBytes = 16 << 10
	maxSyllables = 1000
)

// A syllable is one word of a text, as typed and without marks.
type syllable struct {
	exact, folded string
	raw           string
}

// syllables cuts a text from outside into words. Connected words (NGUYỄN-TRÃI,
// P.CẨM) are cut too, and "TPHải" into "tp" and "hải".
func syllables(text string) []syllable {
	if len(text) > maxTextBytes {
		text = strings.ToValidUTF8(text[:maxTextBytes], "")
	}
	text = vietnamese.Clean(text)
	var out []syllable
	for _, t := range vietnamese.Tokens(text) {
		for _, raw := range strings.FieldsFunc(text[t.Start:t.End], func(r rune) bool { return strings.ContainsRune("./-_,:", r) }) {
			if len(out) >= maxSyllables {
				return out
			}
			if head, rest, ok := glued(raw); ok {
				out = append(out, newSyllable(head))
				raw = rest
			}
			out = append(out, newSyllable(raw))
		}
	}
	return out
}

func newSyllable(raw string) syllable {
	exact := vietnamese.Lower(raw)
	return syllable{exact, vietnamese.Fold(exact), raw}
}

// glued splits "TPHải" and "TXKinh"; words that are syllables themselves stay.
func glued(raw string) (head, rest string, ok bool) {
	if len(raw) < 4 {
		return "", "", false
	}
	switch folded := vietnamese.Fold(raw); {
	case !strings.HasPrefix(folded, "tp") && !strings.HasPrefix(folded, "tx"):
		return "", "", false
	case !vietnamese.IsFoldedSyllable(folded[2:]):
		return "", "", false
	}
	return raw[:2], raw[2:], true
}

// tones says how well the marks of a text fit those of a name with the same letters.
type tones int

const (
	otherTones tones = iota // a mark differs: another word, or a slip
	someTones               // some marks are missing
	noTones                 // no mark at all was typed
	sameTones               // as the name is written
)

// compareTones compares words whose letters are equal.
func compareTones(text []syllable, name []string) tones {
	same, marked := true, false
	for i, s := range text {
		has := vietnamese.HasTone(s.exact)
		marked = marked || has
		if s.exact == name[i] {
			continue
		}
		if has {
			return otherTones
		}
		same = false
	}
	switch {
	case same:
		return sameTones
	case marked:
		return someTones
	}
	return noTones
}

// A lexicon finds phrases by their words without marks.
type lexicon[T any] struct {
	entries map[string][]phrase[T]
	longest int // words of the longest phrase
}

type phrase[T any] struct {
	exact []string
	value T
}

func (l *lexicon[T]) add(words []syllable, value T) {
	if len(words) == 0 {
		return
	}
	if l.entries == nil {
		l.entries = map[string][]phrase[T]{}
	}
	exact := make([]string, len(words))
	for i, w := range words {
		exact[i] = w.exact
	}
	key := foldedKey(words)
	l.entries[key] = append(l.entries[key], phrase[T]{exact, value})
	l.longest = max(l.longest, len(words))
}

func foldedKey(words []syllable) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.folded)
	}
	return b.String()
}

// each calls f for every run of words [from, to) whose letters are those of phrases.
func (l *lexicon[T]) each(text []syllable, f func(from, to int, found []phrase[T])) {
	for from := range text {
		for to := from + 1; to <= min(len(text), from+l.longest); to++ {
			if found := l.entries[foldedKey(text[from:to])]; found != nil {
				f(from, to, found)
			}
		}
	}
}

// typed returns words as the citizen wrote them.
func typed(text []syllable) string {
	words := make([]string, len(text))
	for i, s := range text {
		words[i] = s.raw
	}
	return strings.Join(words, " ")
}
