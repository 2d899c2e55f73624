package menu

import (
	"context"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"
)

// Lines of the directory that an emergency needs.
const (
	linePolice   = "khan-cap-113"
	lineFire     = "khan-cap-114"
	lineMedical  = "khan-cap-115"
	lineChildren = "tre-em-111"
	linePortal   = "dvc-tong-dai"
)

// emergency gives the number first and nothing that has to be read before it.
func (s *service) emergency(_ context.Context, t *bot.Turn) error {
	args := []any{
		"police", s.opt.Phone(linePolice), "fire", s.opt.Phone(lineFire),
		"medical", s.opt.Phone(lineMedical), "child", s.opt.Phone(lineChildren),
	}
	key := "menu.emergency"
	switch t.Intent().Hint {
	case intent.Fire:
		key = "menu.emergency_fire"
	case intent.Police:
		key = "menu.emergency_police"
	case intent.Medical:
		key = "menu.emergency_medical"
	case intent.Child:
		key = "menu.emergency_child"
	}
	t.Reply(bot.Reply{Key: key, Args: args, Quiet: true})
	return nil
}

// dossier leads to the look-up of the citizen's own file: no text on
// procedures answers that, and the bot cannot see the file.
func (s *service) dossier(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.dossier", Args: []any{"portal", s.opt.Portal, "phone", s.opt.Phone(linePortal)},
		Buttons: append([]bot.Button{
			{Key: "menu.button_lookup", URL: s.opt.Portal},
			{Key: "menu.button_overdue", Payload: "complaints:overdue"},
			officer(),
		}, s.related(t)...),
	})
	return nil
}

// related is the button of the procedure that the message speaks of besides: how long
// it takes by law, how a locked account is opened at an office.
func (s *service) related(t *bot.Turn) []bot.Button {
	if s.opt.Related == nil || t.Text() == "" {
		return nil
	}
	if b, ok := s.opt.Related(t.Text()); ok {
		return []bot.Button{b}
	}
	return nil
}

func (s *service) portalHelp(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.portal_help", Args: []any{"phone", s.opt.Phone(linePortal), "portal", s.opt.Portal},
		Buttons: append(s.related(t), bot.Button{Key: "menu.button_office", Payload: "directory:find"},
			bot.Button{Key: "menu.button_hotlines", Payload: "directory:hotlines"}),
	})
	return nil
}
