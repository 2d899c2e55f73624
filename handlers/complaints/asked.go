package complaints

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// asked takes words that are no question anybody here could answer for what an office
// asked about a case: people write the answer, and press no button first. The review
// shows what would be sent and where to, and nothing goes before they say so.
func (s *service) asked(ctx context.Context, t *bot.Turn) error {
	words := t.Text()
	if t.Session.Active != nil || t.Update.Group || utf8.RuneCountInString(words) > maxWhat || !says(words) {
		return bot.ErrPass
	}
	list, _, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, 0)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(c cases.Case) bool { return c.State == cases.Waiting && s.may(c, t, cases.Add) })
	if at < 0 || s.opt.Answers(words) {
		return bot.ErrPass
	}
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	d := addition{Code: list[at].Code, Text: hidePapers(t, words)}
	if _, err := s.files(ctx, t, &d.Media); err != nil {
		return err
	}
	return t.Begin(ctx, begun{Conversation: s.add, version: 1, done: []string{stepAddition}, answers: d})
}

// says reports whether a text holds two letters or figures at least.
func says(text string) bool {
	said := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}
	return utf8.RuneCountInString(strings.Map(said, text)) >= 2
}
