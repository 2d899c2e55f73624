package procedures

import (
	"context"

	"cchcbot/bot"
	"cchcbot/knowledge"
	"cchcbot/knowledge/intent"
)

// rate asks what the citizen thinks of an answer.
func (s *service) rate(ctx context.Context, t *bot.Turn) error {
	e, ok := s.opt.Live.ByCode(t.Arg())
	if !ok {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	t.Reply(bot.Reply{Key: "procedures.rate", Args: []any{"name", shortName(e)}, Buttons: []bot.Button{
		{Key: "procedures.button_helpful", Payload: "procedures:helpful:" + e.Code},
		{Key: "procedures.button_unhelpful", Payload: "procedures:unhelpful:" + e.Code},
		{Key: "procedures.button_wrong", Payload: "procedures:wrong:" + e.Code},
	}})
	return nil
}

func (s *service) helpful(ctx context.Context, t *bot.Turn) error {
	if _, ok := s.opt.Live.ByCode(t.Arg()); !ok {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	t.Say("procedures.thanks_helpful")
	return s.keepFeedback(ctx, t, t.Arg(), "helpful", "")
}

func (s *service) unhelpful(ctx context.Context, t *bot.Turn) error {
	if _, ok := s.opt.Live.ByCode(t.Arg()); !ok {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	t.Reply(bot.Reply{Key: "procedures.sorry_unhelpful", Buttons: []bot.Button{
		{Key: "procedures.button_fields", Payload: "procedures:fields"},
		{Key: "procedures.button_officer", Payload: "directory:officer"},
	}})
	return s.keepFeedback(ctx, t, t.Arg(), "unhelpful", "")
}

// wrong begins the short form in which a citizen says what is wrong.
func (s *service) wrong(ctx context.Context, t *bot.Turn) error {
	if _, ok := s.opt.Live.ByCode(t.Arg()); !ok {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	if err := t.Remember(memoryWrong, t.Arg(), contextTTL*48); err != nil {
		return err
	}
	return t.BeginNamed(ctx, formWrong)
}

const (
	formWrong   = "procedures.wrong"
	memoryWrong = "procedures.wrong"
)

type wrongDraft struct{ Code, What string }

func (s *service) wrongForm() bot.Conversation {
	return bot.NewForm(bot.Form[wrongDraft]{
		Name: formWrong, Version: 1,
		Steps: []bot.Step[wrongDraft]{{
			Name: "what", Optional: true,
			Ask:    bot.Ask[wrongDraft]("procedures.ask_wrong"),
			Accept: s.acceptWrong,
		}},
		Submit: func(ctx context.Context, t *bot.Turn, d wrongDraft) error {
			var code string
			if !t.Recall(memoryWrong, &code) {
				return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
			}
			t.Forget(memoryWrong)
			t.Say("procedures.thanks_wrong")
			return s.keepFeedback(ctx, t, code, "wrong", d.What)
		},
	})
}

// acceptWrong takes what is wrong. A question about another procedure is none:
// it is answered, and the step asked again.
func (s *service) acceptWrong(ctx context.Context, t *bot.Turn, d *wrongDraft) error {
	if in := t.Intent(); in.Name == string(intent.Question) && in.Confidence >= plainQuestion {
		if f := s.opt.Live.Search(knowledge.Query{Text: t.Text()}); f.Outcome == knowledge.Answer {
			return bot.Again("")
		}
	}
	return bot.Text(5, 1000, func(d *wrongDraft) *string { return &d.What })(ctx, t, d)
}

// plainQuestion is how sure the classifier is of a text that asks, in words, about a procedure.
const plainQuestion = 0.95
