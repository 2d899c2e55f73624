package complaints

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// where tells where a case stands: the holder's own by its code, all of them
// without one, and somebody's from another channel by code and telephone number.
func (s *service) where(ctx context.Context, t *bot.Turn) error {
	if t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.not_in_group", Quiet: true})
		return nil
	}
	if t.Update.Button != "" {
		return t.Begin(ctx, s.status)
	}
	typed := t.Intent().Hint
	if typed == "" {
		typed = codeIn(t.Text())
	}
	if typed == "" {
		return s.mine(ctx, t)
	}
	code, err := cases.ParseCode(typed)
	if err != nil {
		t.Reply(bot.Reply{Key: codeKey(err), Buttons: []bot.Button{buttonMine()}})
		return nil
	}
	return s.byCode(ctx, t, code)
}

// codeKey says what is wrong with a typed code.
func codeKey(err error) string {
	if errors.Is(err, cases.ErrTypo) {
		return "complaints.code_typo"
	}
	return "complaints.code_unread"
}

// byCode shows the holder the case; anybody else is asked for the number that
// was left with it.
func (s *service) byCode(ctx context.Context, t *bot.Turn, code string) error {
	if done, err := s.withoutPhone(ctx, t, code); done || err != nil {
		return err
	}
	return t.Begin(ctx, begun{
		Conversation: s.status, version: 1, done: []string{"code"}, answers: statusDraft{Code: code},
	})
}

// withoutPhone answers where no number has to be asked for: the holder sees the case, and
// one with which no number was left is seen by nobody else.
func (s *service) withoutPhone(ctx context.Context, t *bot.Turn, code string) (done bool, err error) {
	c, err := s.opt.Desk.ByCode(ctx, code, holder(t))
	switch {
	case err == nil && !c.State.Hidden():
		return true, s.card(ctx, t, c)
	case err != nil && !bot.IsCode(err, bot.NotFound) && !bot.IsCode(err, bot.Denied):
		return false, err
	}
	left, err := s.leftPhone(ctx, code)
	if err != nil || left {
		return false, err
	}
	t.Reply(bot.Reply{Key: "complaints.only_there", Args: []any{"code", code}, Buttons: []bot.Button{buttonMine()}})
	return true, nil
}

// leftPhone reports whether a number may have been left with a case; it is true for a code that
// there is not, and for a case that is kept from everybody: neither is told apart.
func (s *service) leftPhone(ctx context.Context, code string) (bool, error) {
	unknown := func(err error) bool { return bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Denied) }
	c, err := s.opt.Desk.ByCode(ctx, code, cases.Actor{Kind: cases.System, Via: "chat"})
	if err != nil || c.State.Hidden() {
		return true, ignore(err, unknown)
	}
	h, err := s.opt.Desk.Holder(ctx, c.ID)
	if err != nil {
		return true, ignore(err, unknown)
	}
	contact, err := s.opt.Desk.Identity(ctx, c.ID, cases.Actor{Kind: cases.Citizen, Person: h.Person, Via: "chat"})
	if err != nil {
		return true, ignore(err, unknown)
	}
	return contact.Phone != "", nil
}

// ignore leaves out the errors that are meant.
func ignore(err error, meant func(error) bool) error {
	if meant(err) {
		return nil
	}
	return err
}

type statusDraft struct{ Code, Phone string }

// statusForm asks for code and telephone number.
func (s *service) statusForm() bot.Conversation {
	return bot.NewForm(bot.Form[statusDraft]{
		Name: "complaints.status", Version: 1, Expires: time.Hour,
		Steps: []bot.Step[statusDraft]{
			{Name: "code", Ask: bot.Ask[statusDraft]("complaints.ask_code"), Accept: func(ctx context.Context, t *bot.Turn, d *statusDraft) error {
				code, err := cases.ParseCode(t.Update.Text)
				if err != nil {
					return bot.Again(codeKey(err))
				}
				done, err := s.withoutPhone(ctx, t, code)
				if done {
					t.Session.Active = nil
				}
				d.Code = code
				return err
			}},
			{Name: "phone", Ask: bot.Ask[statusDraft]("complaints.ask_code_phone"), Accept: func(_ context.Context, t *bot.Turn, d *statusDraft) error {
				p, ok := phoneIn(t.Update.Text)
				if shared, is := phone(t.Update.From.Phone); is {
					p, ok = shared, true
				}
				if !ok {
					return bot.Again("complaints.phone_unread")
				}
				d.Phone = p
				return nil
			}},
		},
		Submit: s.lookUp,
	})
}

// Tries to look up somebody's case by code and number, and the time in which they
// count: those of one chat, and those for one code from all chats together.
const (
	maxTries  = 5
	codeTries = 10
	tryWindow = time.Hour
)

// lookUp answers the same to a wrong code and to a wrong number, and only a few
// times an hour: neither can be found by trying. Codes stand in the public register and
// in mails to bodies, and a new chat costs nothing: so tries for one code are counted
// whoever makes them, or whoever was complained about could try the numbers of everybody he suspects.
func (s *service) lookUp(ctx context.Context, t *bot.Turn, d statusDraft) error {
	if c, err := s.opt.Desk.ByCode(ctx, d.Code, holder(t)); err == nil && !c.State.Hidden() {
		return s.card(ctx, t, c)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	left, until, err := s.try(ctx, tx, t, d.Code)
	if err != nil {
		return err
	}
	if left < 0 {
		t.Reply(bot.Reply{Key: "complaints.too_many_tries", Args: []any{"until", until.In(zone()).Format("15:04")}, Quiet: true})
		return nil
	}
	c, err := s.opt.Desk.StatusFor(ctx, d.Code, d.Phone)
	switch {
	case bot.IsCode(err, bot.NotFound), bot.IsCode(err, bot.Denied), err == nil && c.State.Hidden():
		t.Reply(bot.Reply{Key: "complaints.no_match", Args: []any{"left", left}, Buttons: []bot.Button{{Key: "complaints.button_try_again", Payload: "complaints:status"}}})
		return nil
	case err != nil:
		return err
	}
	if err := s.sayAsked(ctx, t, c); err != nil {
		return err
	}
	if err := s.sayNews(ctx, t, c); err != nil {
		return err
	}
	answered := c.State == cases.Answered || c.State == cases.Closed
	t.Reply(bot.Reply{
		Key:   "complaints.status",
		Args:  append(s.holderArgs(c, t.Lang()), "subject", s.fieldName(t, c.Field), "place", s.placeName(c.Place.ID), "state", stateWords(c), "live", c.State.Live()),
		Quiet: answered,
	})
	if !answered || c.Sensitive && abroad(t.Update.Channel) {
		return nil
	}
	return s.sayAnswers(ctx, t, c, cases.Actor{Kind: cases.System, Via: "chat"}, nil)
}

// sayAsked repeats what the citizen was asked, for one whose own channel does not show it.
func (s *service) sayAsked(ctx context.Context, t *bot.Turn, c cases.Case) error {
	if c.State != cases.Waiting || c.Sensitive && abroad(t.Update.Channel) {
		return nil
	}
	entries, err := s.opt.Desk.Timeline(ctx, c.ID, cases.Actor{Kind: cases.System, Via: "chat"})
	if err != nil {
		return err
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if e := entries[i]; e.Action == cases.AskCitizen && e.Text != "" {
			t.Reply(bot.Reply{Key: "complaints.asked", Args: []any{"who", s.bodyName(e.Agency), "text", e.Text}, Quiet: true})
			return nil
		}
	}
	return nil
}

// sayNews repeats the last thing that was told in words about a case that has no answer: a
// notice that was too private for the citizen's channel said that it is read here.
func (s *service) sayNews(ctx context.Context, t *bot.Turn, c cases.Case) error {
	if !c.State.Live() && c.State != cases.Refused || c.Sensitive && abroad(t.Update.Channel) {
		return nil
	}
	entries, err := s.opt.Desk.Timeline(ctx, c.ID, cases.Actor{Kind: cases.System, Via: "chat"})
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		if key, reason := news(e); key != "" && e.Shown {
			t.Reply(bot.Reply{Key: key, Args: []any{
				"who", s.bodyName(e.Agency), "day", dateOf(e.At), "text", strings.TrimSpace(e.Text), "reason", reason,
			}, Quiet: true})
			return nil
		}
	}
	return nil
}

// news is the text of what was told in words; "" for anything else. The reason is in words as well.
func news(e cases.Entry) (key string, reason any) {
	switch {
	case e.Action == cases.Progress && e.Text != "":
		return "complaints.news_progress", ""
	case e.Action == cases.Extend && e.Reason != "":
		return "complaints.news_extended", strings.TrimSpace(e.Reason)
	case e.Action == cases.Refuse && slices.Contains(cases.RefuseReasons[:], e.Reason):
		return "complaints.news_refused", bot.Words(cases.RefusedKey(e.Reason))
	case e.Action == cases.Refuse:
		return "complaints.news_refused", strings.TrimSpace(e.Reason)
	}
	return "", ""
}

// try counts a try of this chat for a code, also for one that there is not. left is
// how many remain in this hour, below 0 when there was none left; until is when tries count anew.
func (s *service) try(ctx context.Context, tx bot.Tx, t *bot.Turn, code string) (left int, until time.Time, err error) {
	left = maxTries
	for _, c := range []struct {
		who  string
		most int
	}{
		{"complaints try\x1f" + t.Update.Channel + "\x1f" + t.Update.From.ID, maxTries},
		{"complaints try of\x1f" + code, codeTries},
	} {
		tries, began, err := countTry(ctx, tx, s.opt.Sealer.Digest(c.who), t.Now())
		if err != nil {
			return 0, time.Time{}, err
		}
		if n := c.most - tries; n < left {
			left, until = n, began.Add(tryWindow)
		}
		if left < 0 {
			break // one chat alone does not use up the tries of a code
		}
	}
	return left, until, nil
}

// turnKey makes what a turn does happen once, however often the turn runs.
func turnKey(t *bot.Turn) string { return "turn:" + strconv.FormatInt(t.ID(), 10) }
