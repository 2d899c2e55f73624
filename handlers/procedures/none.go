package procedures

import (
	"context"
	"slices"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"
)

// none takes "không phải cái nào" behind a procedure or a choice: nothing that was shown is meant. Of a
// choice the others are shown; where there are none the bot says how to go on, and the next question
// is about none of them.
func (s *service) none(ctx context.Context, t *bot.Turn) error {
	if t.Session.Active != nil || !intent.NoneMeant(t.Update.Text) {
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
