package complaints

import (
	"context"
	"strings"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"
)

// denunciation drops what was written, with the draft it stands in and the files
// of that draft, and says where the law wants it (Luật Tố cáo 25/2018/QH14, Điều
// 22: by letter or in person; Điều 47 and after: protection). Only the count of
// dropped turns is left.
func (s *service) denunciation(_ context.Context, t *bot.Turn) error {
	return s.drop(t, true, s.alsoScene(t.Text()))
}

// accuse is the button of whoever wants to report a person: nothing was written yet.
func (s *service) accuse(_ context.Context, t *bot.Turn) error { return s.drop(t, false, false) }

// drop ends the conversation as a denunciation. wrote says that there is a text
// to be dropped, mixed that it held another matter beside, which may be sent by itself.
func (s *service) drop(t *bot.Turn, wrote, mixed bool) error {
	a := t.Session.Active
	draft := a != nil && a.Name != s.status.Name() && len(a.Done)+len(a.Answers) > len(`{}`)
	crime := wrote && t.Intent().Hint == intent.Crime
	s.end(t, wrote || draft)
	t.Reply(bot.Reply{
		Key: "complaints.denunciation",
		Args: []any{
			"office", s.office(), "crime", crime, "police", s.opt.Phone(linePolice),
			"draft", draft, "wrote", wrote, "mixed", mixed,
		},
		Buttons: []bot.Button{
			{Key: "complaints.button_protection", Payload: "complaints:protection"},
			{Key: "complaints.button_writing", Payload: "complaints:writing"},
			buttonOfficer(),
		},
	})
	return nil
}

// end drops what was written. A button that was pressed holds no words: then only
// the open question goes.
func (s *service) end(t *bot.Turn, wrote bool) {
	if wrote {
		t.Drop()
		return
	}
	t.Session.Active = nil
}

// alsoScene reports whether a text speaks of a thing at a place beside what it
// accuses somebody of: a pothole and a bribe.
func (s *service) alsoScene(text string) bool {
	for _, m := range s.opt.Directory().MatchField(text) {
		if sceneField(m.Field.ID) {
			return true
		}
	}
	return false
}

// sceneField reports whether a field is about things at places.
func sceneField(id string) bool {
	switch id {
	case "ha-tang-do-thi", "giao-thong", "moi-truong", "xay-dung":
		return true
	}
	return false
}

// formalComplaint tells how a khiếu nại is made (Luật Khiếu nại 02/2011/QH13:
// Điều 8 form, Điều 9 time limit of 90 days, Điều 17–23 competence). It says
// in so many words that nothing was filed: whoever believes otherwise may lose
// the time limit. The grievance itself is not kept.
func (s *service) formalComplaint(_ context.Context, t *bot.Turn) error { return s.formal(t, true) }

// decision is the button of whoever contests a decision: nothing was written yet.
func (s *service) decision(_ context.Context, t *bot.Turn) error { return s.formal(t, false) }

func (s *service) formal(t *bot.Turn, wrote bool) error {
	s.end(t, wrote)
	t.Reply(bot.Reply{
		Key: "complaints.formal", Args: []any{"office", s.office(), "wrote", wrote},
		Buttons: []bot.Button{buttonOfficer(), {Key: "complaints.button_ask", Payload: "procedures:fields"}, buttonStart()},
	})
	return nil
}

// office is where citizens are received, on one line; "" when nobody confirmed it.
func (s *service) office() string {
	o := s.opt.Reception()
	var known []string
	for _, part := range []string{o.Name, o.Address} {
		if part != "" {
			known = append(known, part)
		}
	}
	return strings.Join(known, ", ")
}

// numbers are whom to call when there is danger now.
func (s *service) numbers() bot.Reply {
	return bot.Reply{Key: "complaints.danger_now", Quiet: true, Args: []any{
		"police", s.opt.Phone(linePolice), "fire", s.opt.Phone(lineFire), "medical", s.opt.Phone(lineMedical),
	}}
}
