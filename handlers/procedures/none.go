package procedures

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"cchcbot/bot"
	"cchcbot/knowledge/vietnamese"
)

// none takes "không phải cái nào" behind a procedure or a choice: nothing that was shown is meant. Of a
// choice the others are shown; where there are none the bot says how to go on, and the next question
// is about none of them.
func (s *service) none(ctx context.Context, t *bot.Turn) error {
	if t.Session.Active != nil || !meansNone(t.Update.Text) {
		return bot.ErrPass
	}
	var c choice
	var shown string
	picked := t.Recall(memoryChoice, &c) && c.Done
	t.Recall(memoryCode, &shown)
	t.Forget(memoryCode)
	t.Forget(memoryFacet)
	if others := without(c.All, shown); picked && len(others) > 0 && len(others) < len(c.All) {
		c.All, c.Left, c.Before, c.Asked, c.Groups = others, others, nil, nil, nil
		return s.proceed(ctx, t, c)
	}
	t.Forget(memoryChoice)
	t.Reply(bot.Reply{Key: "procedures.none", Buttons: []bot.Button{
		{Key: "procedures.button_fields", Payload: "procedures:fields"},
		{Key: "procedures.button_officer", Payload: "directory:officer"},
	}})
	return nil
}

// without are codes but one.
func without(codes []string, code string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return c == code })
}

// Words of a message that says that none is meant: every word is one of these, and it says no to something.
var (
	noneWords = strings.Fields("khong ko phai cai nao muc viec thu tuc dung ca het trong so nay do day o tren a da nhe em toi minh dau roi thay co cac loai giay to y thuoc cau the vay none of them these not this one any that")
	noneSaid  = []string{" khong phai ", " ko phai ", " khong cai nao ", " ko cai nao ", " khong co cai nao ", " ko co cai nao ", " khong muc nao ", " khong viec nao ", " khong thu tuc nao ", " khong dung cai ", " none of ", " not this ", " not that "}
)

// longestNone is how many words such a message has at most.
const longestNone = 10

// meansNone reports whether a text says that nothing that was shown is meant.
func meansNone(text string) bool {
	words := strings.FieldsFunc(vietnamese.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) > longestNone || slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(noneWords, w) }) {
		return false
	}
	said := " " + strings.Join(words, " ") + " "
	return slices.ContainsFunc(noneSaid, func(p string) bool { return strings.Contains(said, p) })
}
