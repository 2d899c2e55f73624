package complaints

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"cchcbot/bot"
)

// keeping is the form of a complaint. Whoever cancels while he is asked which of two drafts goes on
// keeps the first: the kernel would put the other in its place. A photo and a location are kept whatever
// question is open: people send them when they have them.
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
	if kept, err := k.s.placeBetween(t); err != nil {
		return err
	} else if kept {
		return k.AskAgain(ctx, t)
	}
	a, first := t.Session.Active, t.Session.Parked
	asked := a.Step == stepAside || a.Step == stepFor
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

// placeBetween keeps a location that comes while something else is asked: it answers the question for
// the place when that comes, and lies beside a place that was told already.
func (s *service) placeBetween(t *bot.Turn) (kept bool, err error) {
	a := t.Session.Active
	if t.Update.Place == nil || a.Version != formVersion || slices.Contains(takesPlace, a.Step) {
		return false, nil
	}
	var d draft
	if len(a.Answers) > 0 && json.Unmarshal(a.Answers, &d) != nil {
		return false, nil //nolint:nilerr // the form itself says that it has to begin again
	}
	if len(s.opt.Directory().Near(t.Update.Place.Lat, t.Update.Place.Lon).Choices) == 0 {
		t.Reply(bot.Reply{Key: "complaints.place_outside", Quiet: true})
		return true, nil
	}
	d.Location = t.Update.Place
	s.useLocation(t, &d)
	t.Reply(bot.Reply{Key: "complaints.location_kept", Quiet: true})
	return true, saveAnswers(t, d)
}

// takesPlace are the steps that take a location themselves, and the one before which nothing of a
// visitor is kept.
var takesPlace = []string{stepConsent, stepPlace, stepWhich, stepLandmark}

// useLocation answers the question for the place with a location that was sent before it.
func (s *service) useLocation(t *bot.Turn, d *draft) {
	a := t.Session.Active
	if a == nil || a.Name != formName || a.Review || d.Location == nil || !d.located() || d.PlaceID != "" || d.Named != "" ||
		len(d.Choices) > 0 || slices.Contains(a.Done, stepPlace) {
		return
	}
	if r := s.opt.Directory().Near(d.Location.Lat, d.Location.Lon); len(r.Choices) > 0 {
		s.choose(t, d, r)
		settle(t, stepPlace)
	}
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
