package complaints

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// tell is the listener that tells citizens what happens to their cases. It runs
// inside the unit of work of the change: message and change commit together. A
// message is queued once for each entry of the timeline.
//
// On Telegram chats are kept abroad: code, state and dates go there, and the text
// of an answer or a question unless the case is sensitive; then the citizen is
// led to the web chat.
func (s *service) tell(ctx context.Context, w *bot.Work, e cases.Event) error {
	if e.Holder.To.Channel == "" || e.Case.State.Hidden() {
		return nil
	}
	r, ok, err := s.notice(ctx, w, e)
	if err != nil || !ok {
		return err
	}
	// Where choices are numbered, the numbers of a message that nobody asked for would
	// collide with those of the last menu: these buttons are typed as words, which are routes.
	for i := range r.Buttons {
		r.Buttons[i].Word = true
	}
	w.Send(bot.Outgoing{
		To: e.Holder.To, Lang: e.Holder.Lang, Contact: e.Holder.Contact, Reply: r, Lane: bot.LaneFollowUp,
		Unique: uniqueOf(e), Thing: cases.Thing(e.Case.Code),
	})
	return nil
}

func uniqueOf(e cases.Event) string {
	u := "complaint notice\x1f" + strconv.FormatInt(e.Case.ID, 10) + "\x1f" + strconv.FormatInt(e.Entry, 10) + "\x1f" + string(e.Action)
	switch {
	case e.Action == cases.Remind && e.Reminder == cases.RemindOverdue:
		// Late is late: the clock of the answer and the day that was promised pass once each.
		u = "complaint late\x1f" + strconv.FormatInt(e.Case.ID, 10) + "\x1f" + strconv.Itoa(e.Case.Round)
	case e.Action == cases.Remind:
		u += "\x1f" + string(e.Reminder) + "\x1f" + string(e.Step) + "\x1f" + strconv.Itoa(e.Case.Round) + "\x1f" + e.Due.UTC().Format("2006-01-02")
	}
	return u
}

// notice is what the citizen reads of an event; ok is false for what he is not told.
func (s *service) notice(ctx context.Context, w *bot.Work, e cases.Event) (r bot.Reply, ok bool, err error) {
	// What the citizen did is answered by the turn itself.
	if e.Actor.Kind == cases.Citizen || e.Action == cases.File {
		return r, false, nil
	}
	show := bot.Button{Key: "complaints.button_show", Payload: "complaints:show:" + e.Case.Code}
	add := bot.Button{Key: "complaints.button_add", Payload: "complaints:add:" + e.Case.Code}
	args := append(s.holderArgs(e.Case, e.Holder.Lang), "reason", s.reason(e), "text", s.shown(e), "private", s.kept(e), "chat", s.chatLink())
	say := func(key string, more ...bot.Button) (bot.Reply, bool, error) {
		return bot.Reply{Key: key, Args: args, Buttons: append(more, show)}, true, nil
	}
	switch e.Action {
	case cases.Forward, cases.Bind:
		return say("complaints.notice_forwarded", add)
	case cases.Accept:
		return say("complaints.notice_accepted", add)
	case cases.Return:
		return say("complaints.notice_returned")
	case cases.Reclassify:
		return say("complaints.notice_reclassified")
	case cases.AskCitizen:
		return say("complaints.notice_ask", bot.Button{Key: "complaints.button_reply", Payload: "complaints:add:" + e.Case.Code})
	case cases.Extend:
		return say("complaints.notice_extended")
	case cases.Progress:
		return say("complaints.notice_progress")
	case cases.Submit, cases.Approve:
		if e.Case.State != cases.Answered {
			return r, false, nil
		}
		return s.answered(ctx, w, e, args)
	case cases.Refuse:
		return say("complaints.notice_refused", buttonOfficer())
	case cases.Reopen:
		return say("complaints.reopened")
	case cases.Close:
		if e.Before != cases.Waiting {
			return r, false, nil // the end after an answer is no news
		}
		return say("complaints.notice_silent", bot.Button{Key: "complaints.button_reply", Payload: "complaints:add:" + e.Case.Code})
	case cases.Succeed:
		return say("complaints.notice_succeeded")
	case cases.Recount:
		if e.OldDue.IsZero() || e.OldDue.Equal(e.Due) {
			return r, false, nil
		}
		return say("complaints.notice_recounted")
	case cases.PublishConfirm:
		args = append(args, "register", s.registerLink(e.Case))
		return say("complaints.notice_published", bot.Button{Key: "complaints.button_unpublish", Payload: "complaints:public:" + e.Case.Code})
	case cases.Remind:
		return s.reminder(e, args, show)
	}
	return r, false, nil
}

// reminder is what the citizen reads when a clock reached a mark.
func (s *service) reminder(e cases.Event, args []any, show bot.Button) (bot.Reply, bool, error) {
	switch {
	case e.Reminder == cases.RemindRate, e.Reminder == cases.RemindRateAgain:
		key := "complaints.notice_rate"
		if e.Reminder == cases.RemindRateAgain {
			key = "complaints.notice_rate_again"
		}
		return bot.Reply{Key: key, Args: args, Buttons: []bot.Button{
			{Key: "complaints.button_solved", Payload: "complaints:solved:" + e.Case.Code},
			{Key: "complaints.button_unsolved", Payload: "complaints:unsolved:" + e.Case.Code}, show,
		}}, true, nil
	case e.Step == cases.StepReply && (e.Reminder == cases.RemindDay || e.Reminder == cases.RemindHalf):
		return bot.Reply{Key: "complaints.notice_ask_again", Args: args, Buttons: []bot.Button{
			{Key: "complaints.button_reply", Payload: "complaints:add:" + e.Case.Code}, show,
		}}, true, nil
	case (e.Step == cases.StepCitizen || e.Step == cases.StepAnswer) && e.Reminder == cases.RemindOverdue:
		return bot.Reply{Key: "complaints.notice_late", Args: args, Buttons: []bot.Button{show}}, true, nil
	}
	return bot.Reply{}, false, nil
}

// answered is the answer itself, in full.
func (s *service) answered(ctx context.Context, w *bot.Work, e cases.Event, args []any) (bot.Reply, bool, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return bot.Reply{}, false, err
	}
	sent, err := s.opt.Desk.AnswersIn(ctx, tx, e.Case.ID)
	if err != nil {
		return bot.Reply{}, false, err
	}
	if len(sent) == 0 {
		return bot.Reply{}, false, fmt.Errorf("complaints: %s is answered and has no answer", cases.Thing(e.Case.Code))
	}
	a := sent[len(sent)-1]
	r := bot.Reply{
		Key:  "complaints.notice_answered",
		Args: append(args, "answer", strings.TrimSpace(a.Text), "basis", a.Check.BasisText),
		Buttons: []bot.Button{
			{Key: "complaints.button_rate", Payload: "complaints:rate:" + e.Case.Code},
			{Key: "complaints.button_show", Payload: "complaints:show:" + e.Case.Code},
		},
	}
	if s.kept(e) {
		r.Args = append(args, "answer", "", "basis", "")
		return r, true, nil
	}
	r.Media, err = s.attachments(ctx, a.Media)
	return r, true, err
}

// kept reports whether what people wrote stays out of the message.
func (s *service) kept(e cases.Event) bool {
	return e.Case.Sensitive && abroad(e.Holder.To.Channel)
}

// abroad reports whether a channel keeps its chats outside of Vietnam.
func abroad(channel string) bool { return strings.HasPrefix(channel, "telegram") }

// shown is the text of an event as the message shows it.
func (s *service) shown(e cases.Event) string {
	if s.kept(e) {
		return ""
	}
	return s.textOf(e)
}

func (s *service) textOf(e cases.Event) string { return strings.TrimSpace(e.Command.Text) }

// reason is why something was done, in words: an officer's own, or those of the
// list of reasons for which a case is not taken.
func (s *service) reason(e cases.Event) any {
	switch {
	case e.Action == cases.Refuse && slices.Contains(cases.RefuseReasons[:], e.Command.Reason):
		return bot.Words(cases.RefusedKey(e.Command.Reason))
	case s.kept(e):
		return ""
	}
	return strings.TrimSpace(e.Command.Reason)
}

// chatLink is where a citizen reads what is not sent to Telegram; "" when this
// program has no address.
func (s *service) chatLink() string {
	if s.opt.PublicURL == "" {
		return ""
	}
	return s.opt.PublicURL + "/chat"
}

func (s *service) registerLink(c cases.Case) string {
	if s.opt.PublicURL == "" {
		return ""
	}
	return s.opt.PublicURL + "/cong-khai/" + c.Code
}
