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

// denunciation drops what was written and says where the law wants it
// (Luật Tố cáo 25/2018/QH14, Điều 22: by letter or in person; Điều 47 and
// after: protection). Only the count of dropped turns is left.
func (s *service) denunciation(_ context.Context, t *bot.Turn) error {
	t.Drop()
	o := s.opt.Reception()
	t.Reply(bot.Reply{
		Key: "menu.denunciation", Args: []any{"office", join(o.Name, o.Address), "crime", t.Intent().Hint == intent.Crime, "police", s.opt.Phone(linePolice)},
		Buttons: []bot.Button{
			{Key: "menu.button_protection", Payload: "menu:protection"},
			{Key: "menu.button_writing", Payload: "menu:writing"},
			officer(),
		},
	})
	return nil
}

// formalComplaint tells how a khiếu nại is made (Luật Khiếu nại 02/2011/QH13:
// Điều 8 form, Điều 9 time limit of 90 days, Điều 17–23 competence). It says
// in so many words that nothing was filed: whoever believes otherwise may lose
// the time limit. The grievance itself is not kept.
func (s *service) formalComplaint(_ context.Context, t *bot.Turn) error {
	t.Drop()
	o := s.opt.Reception()
	t.Reply(bot.Reply{
		Key: "menu.formal_complaint", Args: []any{"office", join(o.Name, o.Address)},
		Buttons: []bot.Button{officer(), {Key: "menu.button_ask", Payload: "procedures:fields"}},
	})
	return nil
}

// complaint tells where a phản ánh, kiến nghị goes.
func (s *service) complaint(_ context.Context, t *bot.Turn) error {
	key := "menu.complaint"
	if t.Intent().Hint == intent.Conduct {
		key = "menu.complaint_conduct"
	}
	t.Reply(bot.Reply{
		Key: key, Args: []any{"feedback", s.opt.Feedback, "phone", s.opt.Phone(linePortal)},
		Buttons: []bot.Button{{Key: "menu.button_feedback", URL: s.opt.Feedback}, commune(), officer()},
	})
	return nil
}

func (s *service) feedbackStatus(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.feedback_status", Args: []any{"feedback", s.opt.Feedback, "phone", s.opt.Phone(linePortal)},
		Buttons: []bot.Button{{Key: "menu.button_feedback", URL: s.opt.Feedback}, officer()},
	})
	return nil
}

// dossier leads to the look-up of the citizen's own file: no text on
// procedures answers that, and the bot cannot see the file.
func (s *service) dossier(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.dossier", Args: []any{"portal", s.opt.Portal, "phone", s.opt.Phone(linePortal)},
		Buttons: []bot.Button{
			{Key: "menu.button_lookup", URL: s.opt.Portal},
			{Key: "menu.button_overdue", Payload: "menu:overdue"},
			officer(),
		},
	})
	return nil
}

func (s *service) overdue(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.overdue", Args: []any{"feedback", s.opt.Feedback, "phone", s.opt.Phone(linePortal)},
		Buttons: []bot.Button{{Key: "menu.button_feedback", URL: s.opt.Feedback}, commune(), officer()},
	})
	return nil
}

func (s *service) portalHelp(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{
		Key: "menu.portal_help", Args: []any{"phone", s.opt.Phone(linePortal), "portal", s.opt.Portal},
		Buttons: []bot.Button{{Key: "menu.button_office", Payload: "directory:find"}, {Key: "menu.button_hotlines", Payload: "directory:hotlines"}},
	})
	return nil
}
