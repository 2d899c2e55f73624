package complaints

import (
	"strings"

	"cchcbot/bot"
)

// agrees reports whether a typed text says yes, in whatever polite words: "vâng đúng rồi ạ".
func (s *service) agrees(t *bot.Turn) bool { return s.saysOnly(t.Update.Text, assent, filler) }

// declines reports whether a typed text says no.
func (s *service) declines(t *bot.Turn) bool { return s.saysOnly(t.Update.Text, refusal, filler) }

// unsure reports whether a text says that the citizen does not know.
func (s *service) unsure(text string) bool { return s.saysOnly(text, ignorance, filler) }

// consents reads typed words about publishing: "yes", "no", or "" for what is neither. "Vâng" may
// only be polite, and who wants one thing published and another not is asked again.
func (s *service) consents(text string) string {
	switch {
	case s.saysOnly(text, withhold, publishWord, filler):
		return "no"
	case s.saysOnly(text, publishWord, filler):
		return "yes"
	}
	return ""
}

// announces reports whether a text says only that there is something to report: "tôi muốn góp ý"
// is no story that an office could read.
func (s *service) announces(text string) bool { return s.saysOnly(text, announce, wish, filler) }

// wantsBack reports whether a text asks to take back what was sent: "tôi xin rút phản ánh ạ".
func (s *service) wantsBack(text string) bool {
	return s.saysOnly(text, takeBack, announce, wish, filler)
}

// longestAnswer is how many words a short answer has at most.
const longestAnswer = 12

// saysOnly reports whether a text holds nothing but phrases of these kinds, the first among them.
// Words without marks are read as any that they may stand for, others as they are: "dừng" is no
// "đúng".
func (s *service) saysOnly(text, want string, also ...string) bool {
	words := strings.Fields(plainWords(strings.ToLower(text)))
	if len(words) > longestAnswer {
		return false
	}
	said := false
	for len(words) > 0 {
		n := s.startsWith(words, want)
		said = said || n > 0
		for _, kind := range also {
			n = max(n, s.startsWith(words, kind))
		}
		if n == 0 {
			return false
		}
		words = words[n:]
	}
	return said
}

// startsWith is how many words the longest phrase of a kind has with which the words begin.
func (s *service) startsWith(words []string, kind string) (longest int) {
	for _, p := range s.phrases[kind] {
		n := len(strings.Fields(p))
		if n <= longest || n > len(words) {
			continue
		}
		typed := strings.Join(words[:n], " ")
		if typed == p || typed == s.opt.Fold(typed) && typed == s.opt.Fold(p) {
			longest = n
		}
	}
	return longest
}
