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
	code, err := s.awaited(ctx, t)
	if err != nil {
		return err
	}
	if code == "" || s.opt.Answers(words) {
		return bot.ErrPass
	}
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	d := addition{Code: code, Text: hidePapers(t, words)}
	if _, err := s.files(ctx, t, &d.Media); err != nil {
		return err
	}
	return t.Begin(ctx, begun{Conversation: s.add, version: 1, done: []string{stepAddition}, answers: d})
}

// awaited is the code of the case in which an office waits for the citizen, "" for none.
func (s *service) awaited(ctx context.Context, t *bot.Turn) (string, error) {
	list, _, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, 0)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(list, func(c cases.Case) bool { return c.State == cases.Waiting && s.may(c, t, cases.Add) })
	if at < 0 {
		return "", nil
	}
	return list[at].Code, nil
}

// askFor asks whether a report is what an office waits for: "đèn ở cột số 12 hỏng" may be either.
func askFor(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	return bot.Reply{Key: "complaints.ask_for", Args: []any{"code", d.For}, Buttons: []bot.Button{
		{Key: "complaints.button_add", Payload: bot.Answer(forAddition)}, {Key: "complaints.button_matter", Payload: bot.Answer(forMatter)},
	}}, nil
}

// The answers of askFor.
const (
	forAddition = "add"
	forMatter   = "new"
)

// acceptFor makes an addition of the report, or goes on with it.
func (s *service) acceptFor(ctx context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	if words := s.words(t.Update.Text); !ok {
		switch fresh := strings.Contains(words, " moi ") || strings.Contains(words, " khac ") || strings.Contains(words, " new "); {
		case fresh:
			v = forMatter
		case strings.Contains(words, " bo sung ") || strings.Contains(words, " tra loi ") || strings.Contains(words, " answer "):
			v = forAddition
		}
	}
	switch v {
	case forMatter:
		d.For = ""
		return nil
	case forAddition:
		t.Session.Active = nil // what was begun goes on as an addition, and does not wait as a report
		return t.Begin(ctx, begun{Conversation: s.add, version: 1, done: []string{stepAddition}, answers: addition{Code: d.For, Text: d.What, Media: d.Media}})
	}
	return s.unread(t, "bot.need_pick")
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
