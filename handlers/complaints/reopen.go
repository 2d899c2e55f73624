package complaints

import (
	"cmp"
	"context"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/intent"
)

// again is why a case is to be opened once more.
type againDraft struct {
	Code string `json:"code"`
	Why  string `json:"why,omitempty"`
	// Media are photos of what is still not done.
	Media []string `json:"media,omitempty"`
}

func (s *service) reopenForm() bot.Conversation {
	return bot.NewForm(bot.Form[againDraft]{
		Name: "complaints.reopen", Version: 1, Expires: 24 * time.Hour,
		Steps: []bot.Step[againDraft]{
			{
				Name: "why",
				Ask: func(_ context.Context, _ *bot.Turn, d againDraft) (bot.Reply, error) {
					return bot.Reply{Key: "complaints.ask_reopen", Args: []any{"code", d.Code, "count", len(d.Media)}}, nil
				},
				Accept: s.acceptWhy,
			},
			{
				Name: "photos", Optional: true,
				Ask: func(_ context.Context, _ *bot.Turn, d againDraft) (bot.Reply, error) {
					return bot.Reply{Key: "complaints.ask_reopen_media", Args: []any{"count", len(d.Media), "most", maxFiles}, Buttons: buttonDrop(d.Media)}, nil
				},
				Accept: s.acceptWhyMedia,
				// Where no files are taken, nobody is asked for them.
				When: func(againDraft) bool { return s.opt.Media != nil },
			},
		},
		Submit: s.reopen,
	})
}

// acceptWhy takes the reason; a photo beside or before it is kept.
func (s *service) acceptWhy(ctx context.Context, t *bot.Turn, d *againDraft) error {
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	sent, err := s.files(ctx, t, &d.Media)
	switch {
	case err != nil:
		return err
	case sent && t.Update.Text == "":
		return bot.Stay() // the photo is kept, the reason is still missing
	}
	d.Why, err = written(t, minWhat, maxWhy)
	if err != nil && sent {
		t.Reply(bot.Reply{Key: "bot.too_short", Args: []any{"shortest", minWhat}, Quiet: true})
		return bot.Stay()
	}
	return err
}

const maxWhy = 2000 // letters

// acceptWhyMedia takes the photos that come behind the reason, and words beside them.
func (s *service) acceptWhyMedia(ctx context.Context, t *bot.Turn, d *againDraft) error {
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	if dropped, err := s.dropsFiles(ctx, t, &d.Media); err != nil || dropped {
		return cmp.Or(err, bot.Stay())
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	before := len(d.Media)
	sent, err := s.files(ctx, t, &d.Media)
	switch {
	case err != nil:
		return err
	case !sent && s.saysOnly(t.Update.Text, refusal, filler, fileWord):
		return nil
	case !sent:
		return s.unread(t, "complaints.need_media")
	case len(d.Media) == before && before < maxFiles:
		return bot.Stay() // not taken: why was said
	}
	if said := t.Update.Text; said != "" && utf8.RuneCountInString(d.Why)+utf8.RuneCountInString(said) < maxWhy {
		d.Why += "\n" + hidePapers(t, said)
	}
	if len(d.Media) >= maxFiles {
		return nil
	}
	return bot.More("complaints.media_more", "count", len(d.Media), "most", maxFiles)
}

func (s *service) beginReopen(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseOfArg(ctx, t, t.Arg())
	if err != nil {
		return err
	}
	if !s.may(c, t, cases.Reopen) {
		return s.notNow(t, c)
	}
	return t.Begin(ctx, begun{Conversation: s.again, version: 1, answers: againDraft{Code: c.Code}})
}

func (s *service) reopen(ctx context.Context, t *bot.Turn, d againDraft) error {
	if s.opt.Classify(d.Why).Name == string(intent.Denunciation) {
		return s.drop(t, true, false)
	}
	c, err := s.caseOfArg(ctx, t, d.Code)
	if err != nil {
		return err
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	cmd := cases.Command{Action: cases.Reopen, Key: "reopen:" + t.ConversationID(), Text: d.Why, Media: d.Media}
	if len(d.Media) > 0 {
		cmd.MediaOwner = s.opt.Media.Owner(t.Update.Key())
	}
	c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cmd)
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.reopened", Args: s.holderArgs(c, t.Lang()), Buttons: s.buttons(c, t)})
	return nil
}
