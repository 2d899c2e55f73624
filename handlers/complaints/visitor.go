package complaints

import (
	"context"

	"cchcbot/bot"
)

// visitor begins the form for somebody who stands at an officer's desk and has
// no telephone of the kind. Only a known officer in a private chat may.
func (s *service) visitor(ctx context.Context, t *bot.Turn) error {
	if t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.not_in_group", Quiet: true})
		return nil
	}
	o, err := s.officerOf(ctx, t)
	if err != nil {
		return err
	}
	if a := t.Session.Active; a != nil && a.Name == s.form.Name() {
		t.Reply(bot.Reply{Key: "complaints.under_way", Quiet: true})
		return nil
	}
	return s.open(ctx, t, draft{Visitor: true, FiledBy: o.ID})
}

// officerOf is the officer who writes. Anybody else is told what the command is
// for, and nothing about who may.
func (s *service) officerOf(ctx context.Context, t *bot.Turn) (bot.Officer, error) {
	denied := &bot.Error{Code: bot.Denied, Key: "complaints.officers_only"}
	if s.opt.Staff == nil || t.Contact.Person == 0 {
		return bot.Officer{}, denied
	}
	o, err := s.opt.Staff.OfficerOf(ctx, t.Contact.Person)
	switch {
	case bot.IsCode(err, bot.NotFound):
		return bot.Officer{}, denied
	case err != nil:
		return bot.Officer{}, err
	}
	if !o.Active {
		return bot.Officer{}, denied
	}
	for _, g := range o.Grants {
		if g.Role == bot.RoleOfficer || g.Role == bot.RoleHead || g.Role == bot.RoleController {
			return o, nil
		}
	}
	return bot.Officer{}, denied
}

// keyConsent are the words that are read to the visitor.
const keyConsent = "complaints.consent_words"

func (s *service) askConsent(_ context.Context, _ *bot.Turn, _ draft) (bot.Reply, error) {
	return bot.Reply{
		Key: "complaints.ask_consent", Args: []any{"words", bot.Words(keyConsent)},
		Buttons: yesNo("complaints.button_consents", "complaints.button_refuses"),
	}, nil
}

// acceptConsent keeps the very words that the visitor agreed to: consent must be
// shown later (Luật 91/2025/QH15, Điều 9). Without it nothing is filed.
func (s *service) acceptConsent(_ context.Context, t *bot.Turn, d *draft) error {
	switch v, ok := t.Answered(); {
	case ok && v == "yes":
		words, err := s.opt.Texts.Render(t.Lang(), keyConsent, nil)
		if err != nil {
			return err
		}
		d.Consent = words
		return nil
	case ok && v == "no":
		t.Session.Active = nil
		t.Reply(bot.Reply{Key: "complaints.no_consent", Quiet: true})
		return nil
	}
	return bot.Again("bot.need_pick")
}
