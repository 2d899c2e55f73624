package complaints

import (
	"context"
	"encoding/json"
	"fmt"

	"cchcbot/bot"
)

// keeping is the form of a complaint. Whoever cancels while he is asked which of two drafts goes on
// keeps the first: the kernel would put the other in its place. A photo is kept whatever
// question is open: people send it when they have it.
type keeping struct {
	bot.Conversation
	s *service
}

// Resume implements bot.Conversation.
func (k keeping) Resume(ctx context.Context, t *bot.Turn) error {
	if alone, err := k.s.filesBetween(ctx, t); err != nil {
		return err
	} else if alone {
		if t.Session.Active == nil { // what was sent led out of the form
			return nil
		}
		return k.AskAgain(ctx, t)
	}
	a, first := t.Session.Active, t.Session.Parked
	asked := a.Step == stepAside
	err := k.Conversation.Resume(ctx, t)
	if asked && first != nil && t.Session.Parked == a {
		t.Session.Parked = first
	}
	return err
}

// AskAgain implements bot.Asker.
func (k keeping) AskAgain(ctx context.Context, t *bot.Turn) error {
	asker, ok := k.Conversation.(bot.Asker)
	if !ok {
		return fmt.Errorf("form %s cannot ask again", k.Name())
	}
	return asker.AskAgain(ctx, t)
}

// filesBetween takes files that come while something else is asked, or all is being reviewed. alone
// means that they came without words, which answers nothing.
func (s *service) filesBetween(ctx context.Context, t *bot.Turn) (alone bool, err error) {
	a := t.Session.Active
	if len(t.Update.Media) == 0 || a.Version != formVersion {
		return false, nil
	}
	if told := t.Update.Text != "" && a.Step == stepKind; told || a.Step == stepWhat || a.Step == stepMedia || a.Step == stepConsent {
		return false, nil // the step takes them itself; nothing is kept before a visitor agreed
	}
	if s.namedForAccusation(t) {
		return true, s.drop(t, true, false)
	}
	var d draft
	if len(a.Answers) > 0 && json.Unmarshal(a.Answers, &d) != nil {
		return false, nil //nolint:nilerr // the form itself says that it has to begin again
	}
	before := len(d.Media)
	sent, err := s.files(ctx, t, &d.Media)
	if err != nil || !sent {
		return false, err
	}
	if len(d.Media) > before {
		t.Reply(bot.Reply{Key: "complaints.media_kept", Args: []any{"count", len(d.Media), "most", maxFiles}, Quiet: true})
	}
	return t.Update.Text == "", saveAnswers(t, d)
}
