package complaints

import (
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/intent"
)

// unread refuses an answer. Who asked something instead is not told that his question is no day or no
// place: it is answered where that is sure, and else he reads when and how it will be.
func (s *service) unread(t *bot.Turn, key string, args ...any) error {
	if s.wonders(t) {
		return bot.Again("complaints.ask_later")
	}
	return bot.Again(key, args...)
}

// wonders reports whether a typed text asks something, in so many words.
func (s *service) wonders(t *bot.Turn) bool {
	if _, pressed := t.Answered(); pressed || t.Update.Text == "" {
		return false
	}
	if s.speaksOf(t.Update.Text, s.phrases[whom]) {
		return true
	}
	switch in := t.Intent(); in.Name {
	case string(intent.Question):
		return in.Confidence >= asksInWords
	case string(intent.Office):
		return in.Hint == intent.Hours
	case string(intent.Hotline), string(intent.DossierStatus), string(intent.PortalHelp):
		return true
	}
	return false
}

// asksInWords is how sure the classifier is of a text with a word that asks.
const asksInWords = 0.7

// asksInstead reports whether a text asks where any words would do for an answer: "mấy giờ mở cửa" is no
// name and no landmark. "Đối diện nhà ông Ba, ở đâu cũng biết" is a landmark.
func (s *service) asksInstead(t *bot.Turn) bool {
	words := strings.Fields(plainWords(strings.ToLower(t.Update.Text)))
	if len(words) == 0 || len(words) > shortQuestion || slices.Contains(words, "cũng") || slices.Contains(words, "cung") {
		return false
	}
	// "Cho hỏi" is no "chỗ".
	return (words[0] == "cho" || s.startsWith(words, spot) == 0) && s.wonders(t)
}

// shortQuestion is how many words a question has at most that nobody mistakes for a story.
const shortQuestion = 10

// isName reports whether a text is a name by its words: "Khổng Văn Sao" asks nothing.
func isName(text string) bool {
	const lead = "tên tôi là "
	return mask.Sender(lead+text) == lead+mask.Mark
}
