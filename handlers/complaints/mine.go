package complaints

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// holder is the citizen of the turn as cases know actors.
func holder(t *bot.Turn) cases.Actor {
	return cases.Actor{Kind: cases.Citizen, Person: t.Contact.Person, Via: "chat"}
}

// mine lists the citizen's cases, newest first.
func (s *service) mine(ctx context.Context, t *bot.Turn) error {
	if t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.not_in_group", Quiet: true})
		return nil
	}
	page, err := strconv.Atoi(t.Arg())
	if err != nil || page < 0 || page > 1000 {
		page = 0
	}
	if code, cerr := cases.ParseCode(t.Arg()); cerr == nil { // "/viec K7M3-9QX2"
		return s.byCode(ctx, t, code)
	}
	list, more, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, page)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		t.Reply(bot.Reply{Key: "complaints.none_yet", Buttons: []bot.Button{buttonStart(), {Key: "complaints.button_by_code", Payload: "complaints:status"}}})
		return nil
	}
	var rows []bot.Phrase
	r := bot.Reply{Key: "complaints.mine"}
	for _, c := range list {
		rows = append(rows, s.row(t, c))
		r.Buttons = append(r.Buttons, bot.Button{Title: c.Code, Payload: "complaints:show:" + c.Code})
	}
	r.Args = []any{"rows", lines(rows), "page", page + 1}
	if more {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_older", Payload: "complaints:mine:" + strconv.Itoa(page+1)})
	}
	if page > 0 {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_newer", Payload: "complaints:mine:" + strconv.Itoa(page-1)})
	}
	t.Reply(r)
	return nil
}

// row is a case in a list.
func (s *service) row(t *bot.Turn, c cases.Case) bot.Phrase {
	due := any("")
	if k, ok := promised(c); ok && c.State.Live() {
		due = dueDay(k.Due)
	}
	subject := s.fieldName(t, c.Field)
	if place := s.placeName(c.Place.ID); place != "" {
		subject += ", " + place
	}
	return bot.Phrase{Key: "complaints.row", Args: []any{"code", c.Code, "subject", subject, "state", stateWords(c), "due", due}}
}

// notInGroup refuses to show a case to everybody in a group.
func notInGroup() error { return &bot.Error{Code: bot.Denied, Key: "complaints.not_in_group"} }

// caseOfArg is the citizen's own case that a button names; somebody else's is
// not found.
func (s *service) caseOfArg(ctx context.Context, t *bot.Turn, arg string) (cases.Case, error) {
	if t.Update.Group {
		return cases.Case{}, notInGroup()
	}
	code, err := cases.ParseCode(arg)
	if err != nil {
		return cases.Case{}, &bot.Error{Code: bot.NotFound, Key: "complaints.case_unknown"}
	}
	c, err := s.opt.Desk.ByCode(ctx, code, holder(t))
	if bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Denied) || err == nil && c.State.Hidden() {
		return cases.Case{}, &bot.Error{Code: bot.NotFound, Key: "complaints.case_unknown"}
	}
	return c, err
}

// caseFor is the case that a button names, or, for a typed word such as "trả lời",
// the one it must be about: of those that fit, and else of all, the one that something
// happened to last.
func (s *service) caseFor(ctx context.Context, t *bot.Turn, fits func(cases.Case) bool) (cases.Case, error) {
	if t.Update.Group {
		return cases.Case{}, notInGroup()
	}
	if t.Arg() != "" {
		return s.caseOfArg(ctx, t, t.Arg())
	}
	list, _, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, 0)
	if err != nil {
		return cases.Case{}, err
	}
	if len(list) == 0 {
		return cases.Case{}, &bot.Error{Code: bot.NotFound, Key: "complaints.none_yet"}
	}
	slices.SortStableFunc(list, func(a, b cases.Case) int {
		if fa, fb := fits(a), fits(b); fa != fb {
			return order(fa, fb)
		}
		return b.Updated.Compare(a.Updated)
	})
	return list[0], nil
}

// show is one case as a card with what happened to it.
func (s *service) show(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseFor(ctx, t, func(cases.Case) bool { return true })
	if err != nil {
		return err
	}
	return s.card(ctx, t, c)
}

func (s *service) card(ctx context.Context, t *bot.Turn, c cases.Case) error {
	entries, err := s.opt.Desk.Timeline(ctx, c.ID, holder(t))
	if err != nil {
		return err
	}
	var done []bot.Phrase
	for _, e := range entries {
		if p, ok := s.happened(e); ok {
			done = append(done, p)
		}
	}
	if n := len(done); n > maxTimeline {
		done = done[n-maxTimeline:]
	}
	args := append(s.holderArgs(c, t.Lang()),
		"kind", bot.Words(kindKey(c.Kind)), "subject", s.fieldName(t, c.Field), "place", s.placeName(c.Place.ID),
		"state", stateWords(c), "live", c.State.Live(), "late", late(c), "paused", c.State == cases.Waiting, "done", lines(done))
	t.Reply(bot.Reply{Key: "complaints.card", Args: args, Buttons: s.buttons(c, t)})
	return nil
}

// maxTimeline is how many lines of a case's story a card has: it is read on a phone.
const maxTimeline = 6

// late reports whether what the citizen was promised has passed.
func late(c cases.Case) bool {
	k, ok := promised(c)
	return ok && k.Late
}

// buttons are what the citizen may do to the case now.
func (s *service) buttons(c cases.Case, t *bot.Turn) []bot.Button {
	var out []bot.Button
	if c.State == cases.Answered || c.State == cases.Closed && c.Rating.Given() {
		out = append(out, bot.Button{Key: "complaints.button_answer", Payload: "complaints:answer:" + c.Code})
	}
	for _, a := range s.opt.Desk.May(c, holder(t)) {
		switch a {
		case cases.Add:
			key := "complaints.button_add"
			if c.State == cases.Waiting {
				key = "complaints.button_reply"
			}
			out = append(out, bot.Button{Key: key, Payload: "complaints:add:" + c.Code})
		case cases.Withdraw:
			out = append(out, bot.Button{Key: "complaints.button_withdraw", Payload: "complaints:withdraw:" + c.Code})
		case cases.Restore:
			out = append(out, bot.Button{Key: "complaints.button_restore", Payload: "complaints:restore:" + c.Code})
		case cases.Rate:
			if !c.Rating.Given() {
				out = append(out, bot.Button{Key: "complaints.button_rate", Payload: "complaints:rate:" + c.Code})
			}
		case cases.Reopen:
			if c.Rating.Bad() {
				out = append(out, bot.Button{Key: "complaints.button_reopen", Payload: "complaints:reopen:" + c.Code})
			}
		case cases.Consent:
			if c.Public {
				out = append(out, bot.Button{Key: "complaints.button_unpublish", Payload: "complaints:public:" + c.Code})
			}
		}
	}
	return append(out, buttonMine())
}

// happened is a line of a case's story in plain words; ok is false for what the
// citizen is not told.
func (s *service) happened(e cases.Entry) (bot.Phrase, bool) {
	var key string
	switch e.Action {
	case cases.File:
		key = "complaints.did_file"
	case cases.Accept:
		key = "complaints.did_accept"
	case cases.Return:
		key = "complaints.did_return"
	case cases.Forward, cases.Bind:
		key = "complaints.did_forward"
	case cases.Reclassify:
		key = "complaints.did_reclassify"
	case cases.AskCitizen:
		key = "complaints.did_ask"
	case cases.Add:
		key = "complaints.did_add"
	case cases.Extend:
		key = "complaints.did_extend"
	case cases.Progress:
		key = "complaints.did_progress"
	case cases.Submit, cases.Approve:
		if e.After != cases.Answered {
			return bot.Phrase{}, false
		}
		key = "complaints.did_answer"
	case cases.Refuse:
		key = "complaints.did_refuse"
	case cases.Withdraw:
		key = "complaints.did_withdraw"
	case cases.Restore:
		key = "complaints.did_restore"
	case cases.Rate:
		key = "complaints.did_rate"
	case cases.Reopen:
		key = "complaints.did_reopen"
	case cases.Close:
		key = "complaints.did_close"
	case cases.Succeed:
		key = "complaints.did_succeed"
	case cases.PublishConfirm:
		key = "complaints.did_publish"
	default:
		return bot.Phrase{}, false
	}
	who := s.bodyName(e.Agency)
	if to := s.bodyName(e.Target); to != "" {
		who = to
	}
	if who == "" {
		who = s.frontDesk()
	}
	return bot.Phrase{Key: key, Args: []any{"at", e.At.In(zone()).Format("02/01 15:04"), "who", who}}, true
}

// answer shows the answers of a case, the newest last: every round's stays.
func (s *service) answer(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseOfArg(ctx, t, t.Arg())
	if err != nil {
		return err
	}
	if c.Sensitive && abroad(t.Update.Channel) {
		t.Reply(bot.Reply{Key: "complaints.answer_elsewhere", Args: []any{"code", c.Code, "chat", s.chatLink()}, Buttons: s.buttons(c, t)})
		return nil
	}
	buttons := slices.DeleteFunc(s.buttons(c, t), func(b bot.Button) bool { return b.Key == "complaints.button_answer" })
	return s.sayAnswers(ctx, t, c, holder(t), buttons)
}

// sayAnswers says the answers of a case in full.
func (s *service) sayAnswers(ctx context.Context, t *bot.Turn, c cases.Case, a cases.Actor, buttons []bot.Button) error {
	answers, err := s.opt.Desk.Answers(ctx, c.ID, a)
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.no_answer_yet"}
	}
	for i, x := range answers {
		last := i == len(answers)-1
		r := bot.Reply{
			Key:   "complaints.answer",
			Args:  []any{"code", c.Code, "who", s.bodyName(x.Agency), "day", dateOf(x.Sent), "text", strings.TrimSpace(x.Text), "basis", x.Check.BasisText},
			Quiet: !last || len(buttons) == 0,
		}
		if r.Media, err = s.attachments(ctx, x.Media); err != nil {
			return err
		}
		if last {
			r.Buttons = buttons
		}
		t.Reply(r)
	}
	return nil
}

// attachments are files as a message carries them.
func (s *service) attachments(ctx context.Context, ids []string) ([]bot.Media, error) {
	if s.opt.Media == nil || len(ids) == 0 {
		return nil, nil
	}
	return s.opt.Media.Links(ctx, ids)
}
