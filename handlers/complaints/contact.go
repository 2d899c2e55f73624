package complaints

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
)

// objects reports whether a text is no answer to who one is: a refusal, or a question back.
func (s *service) objects(t *bot.Turn) bool {
	return s.declines(t) || s.speaksOf(t.Update.Text, s.phrases[objection])
}

// reason says why something is asked, and asks it again. It is no [bot.Again]: "sao phải khai
// tên" is no question on a procedure.
func reason(t *bot.Turn, key string) error {
	t.Reply(bot.Reply{Key: key, Quiet: true})
	return bot.Stay()
}

// speaksOf reports whether a text has one of the phrases, as whole words. Typed without marks
// they are found without them; in a text with marks they must have theirs.
func (s *service) speaksOf(text string, phrases []string) bool {
	words := plainWords(strings.ToLower(text))
	bare := words == s.words(text)
	return slices.ContainsFunc(phrases, func(p string) bool {
		if bare {
			p = s.opt.Fold(p)
		}
		return strings.Contains(words, " "+p+" ")
	})
}

// words are the folded words of a text, see plainWords.
func (s *service) words(text string) string { return plainWords(s.opt.Fold(text)) }

// plainWords are the words of a text with a space before and after each, so that whole words are found.
func plainWords(text string) string {
	return " " + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
}

// address reports whether a text can be an address: it has letters, and a number, a word
// for a place, or is one for mail.
func (s *service) address(text string) bool {
	if strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return false
	}
	return strings.ContainsFunc(text, unicode.IsDigit) || strings.Contains(text, "@") || s.speaksOf(text, s.phrases[addressWord])
}

// clause is a part of a sentence with what ends it.
var clause = regexp.MustCompile(`[^,.;]+[,.;]*`)

// addressBeside is the address in a text that objects as well: "tôi không có điện thoại, nhà ở
// thôn Đồng Tâm, xã Nam Sách"; "" when there is none.
func (s *service) addressBeside(text string) string {
	parts := slices.DeleteFunc(clause.FindAllString(text, -1), func(p string) bool { return s.speaksOf(p, s.phrases[objection]) })
	rest := strings.Trim(strings.Join(parts, ""), " ,.;")
	if n := utf8.RuneCountInString(rest); n < minAddress || n > maxAddress || !s.address(rest) {
		return ""
	}
	return rest
}
