package complaints

import (
	"context"
	"slices"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// The question whether a case is really taken back, while it may be answered in words.
const (
	memoryWithdraw = "complaints.withdraw"
	withdrawTTL    = time.Hour
)

// askWithdraw makes sure: nobody works on a case that was withdrawn.
func (s *service) askWithdraw(ctx context.Context, t *bot.Turn) error {
	c, ok, err := s.toWithdraw(ctx, t)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.mine(ctx, t)
	case !s.may(c, t, cases.Withdraw):
		return s.notNow(t, c)
	}
	t.Reply(bot.Reply{Key: "complaints.ask_withdraw", Args: []any{"code", c.Code}, Buttons: []bot.Button{
		{Key: "complaints.button_withdraw_yes", Payload: withdrawPayload(c.Code)},
		{Key: "complaints.button_keep", Payload: "complaints:show:" + c.Code},
	}})
	return t.Remember(memoryWithdraw, c.Code, withdrawTTL)
}

func withdrawPayload(code string) string { return "complaints:withdrawn:" + code }

// toWithdraw is the case that a button names, or, for typed words, the only one that can be
// taken back; ok is false when the citizen has to choose.
func (s *service) toWithdraw(ctx context.Context, t *bot.Turn) (c cases.Case, ok bool, err error) {
	if t.Update.Group || t.Arg() != "" {
		c, err = s.caseOfArg(ctx, t, t.Arg())
		return c, true, err
	}
	list, more, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, 0)
	if err != nil {
		return cases.Case{}, false, err
	}
	list = slices.DeleteFunc(list, func(c cases.Case) bool { return !s.may(c, t, cases.Withdraw) })
	if len(list) != 1 || more {
		return cases.Case{}, false, nil
	}
	return list[0], true, nil
}

// withdrawAnswered takes words for an answer to the question while it is the last thing that was
// asked: "có" is then no small talk, and silence would leave the case where it is.
func (s *service) withdrawAnswered(ctx context.Context, t *bot.Turn) error {
	var code string
	if !t.Recall(memoryWithdraw, &code) || !slices.ContainsFunc(t.Session.Menu, func(c bot.Choice) bool { return c.Payload == withdrawPayload(code) }) {
		return bot.ErrPass
	}
	switch text := t.Update.Text; {
	case s.saysOnly(text, refusal, takeBack, filler):
		t.Forget(memoryWithdraw)
		c, err := s.caseOfArg(ctx, t, code)
		if err != nil {
			return err
		}
		return s.card(ctx, t, c)
	case s.saysOnly(text, assent, takeBack, filler), s.wantsBack(text):
		t.Forget(memoryWithdraw)
		return s.withdrawCase(ctx, t, code)
	}
	return bot.ErrPass
}

func (s *service) withdraw(ctx context.Context, t *bot.Turn) error {
	return s.withdrawCase(ctx, t, t.Arg())
}

func (s *service) withdrawCase(ctx context.Context, t *bot.Turn, code string) error {
	c, err := s.caseOfArg(ctx, t, code)
	if err != nil {
		return err
	}
	if c.State == cases.Withdrawn {
		return s.card(ctx, t, c)
	}
	terms, err := s.opt.Desk.Terms(ctx)
	if err != nil {
		return err
	}
	if c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cases.Command{Action: cases.Withdraw, Key: turnKey(t)}); err != nil {
		return err
	}
	t.Reply(bot.Reply{
		Key: "complaints.withdrawn", Args: []any{"code", c.Code, "minutes", terms.Int(cases.KeyUndoMinutes)},
		Buttons: []bot.Button{{Key: "complaints.button_restore", Payload: "complaints:restore:" + c.Code}, buttonMine()},
	})
	return nil
}

func (s *service) restore(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseOfArg(ctx, t, t.Arg())
	if err != nil {
		return err
	}
	switch {
	case c.State.Live():
		return s.card(ctx, t, c)
	case !s.may(c, t, cases.Restore):
		t.Reply(bot.Reply{Key: "complaints.too_late_to_restore", Args: []any{"code", c.Code}, Buttons: []bot.Button{buttonStart(), buttonMine()}})
		return nil
	}
	if c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cases.Command{Action: cases.Restore, Key: turnKey(t)}); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.restored", Args: s.holderArgs(c, t.Lang()), Buttons: s.buttons(c, t)})
	return nil
}
