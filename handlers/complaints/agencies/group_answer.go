package agencies

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// minAnswer is how many letters make an answer: "ok" and "cảm ơn" are talk.
const minAnswer = 20

// groupReply takes an answer to one of the bot's messages in a linked group.
func (s *service) groupReply(ctx context.Context, t *bot.Turn) error {
	if !t.Update.Group {
		return bot.ErrPass
	}
	g, ok, err := s.groupAt(ctx, s.opt.Read, t.Address())
	if err != nil {
		return err
	}
	if !ok || !g.Gone.IsZero() {
		return bot.ErrPass
	}
	thing, err := s.opt.Sent(ctx, t.Address(), t.Update.ReplyTo)
	if bot.IsCode(err, bot.NotFound) {
		return bot.ErrPass
	}
	if err != nil {
		return err
	}
	kind, rest, _ := strings.Cut(thing, ":")
	if !strings.HasPrefix(kind, "complaint") {
		return bot.ErrPass
	}
	m, ok, err := s.member(ctx, t)
	if err != nil || !ok {
		return err
	}
	if t.Update.Edited {
		t.Reply(bot.Reply{Key: "complaints.agency_group_edited", Quiet: true})
		return nil
	}
	switch kind {
	case "complaint":
		return s.replyToCase(ctx, t, m, rest)
	case "complaint-return", "complaint-extend", "complaint-reject":
		if s.chosen(t) {
			return bot.ErrPass // a number or title of the buttons below the question
		}
		return s.replyToQuestion(ctx, t, m, kind, rest)
	}
	return bot.ErrPass
}

// chosen reports whether a text is a choice of the last menu, typed where there
// are no buttons.
func (s *service) chosen(t *bot.Turn) bool {
	typed := strings.Trim(s.opt.Fold(oneLine(t.Update.Text)), " .")
	if _, err := strconv.Atoi(typed); err == nil && len(typed) <= 2 {
		return len(t.Session.Menu) > 0
	}
	return slices.ContainsFunc(t.Session.Menu, func(c bot.Choice) bool { return s.opt.Fold(c.Title) == typed })
}

func (s *service) replyToCase(ctx context.Context, t *bot.Turn, m member, code string) error {
	c, err := s.desk.ByCode(ctx, code, system)
	if bot.IsCode(err, bot.NotFound) {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	if err != nil {
		return err
	}
	if c.Lead != m.group.Body && consulted(c, m.group.Body) {
		return s.opinion(ctx, t, m, c.ID)
	}
	if c, err = s.caseOf(ctx, t, m, c.ID); err != nil {
		return err
	}
	if payload, ok := s.cardChoice(c, t.Update.Text); ok {
		_, rest, _ := strings.Cut(payload, ":")
		verb, arg, _ := strings.Cut(rest, ":")
		return t.Open(ctx, "complaints."+verb, arg)
	}
	return s.preview(ctx, t, m, c)
}

// minOpinion is how many letters make an opinion, as on the page.
const minOpinion = 10

// opinion keeps what a consulted body's group replies: the lead body reads it with
// the case, the citizen does not.
func (s *service) opinion(ctx context.Context, t *bot.Turn, m member, id int64) error {
	c, err := s.desk.Get(ctx, id, m.actor())
	if bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Denied) {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	if err != nil {
		return err
	}
	if n := utf8.RuneCountInString(t.Update.Text); n < minOpinion || n > maxAnswerText {
		t.Reply(bot.Reply{Key: "complaints.agency_group_opinion_short", Args: []any{"code", c.Code, "shortest", minOpinion, "longest", maxAnswerText}, Quiet: true, Thing: cases.Thing(c.Code)})
		return nil
	}
	if err := s.allowed(c, m, cases.Note); err != nil {
		return err
	}
	if _, err := s.do(ctx, t, m, c.ID, cases.Command{Action: cases.Note, Text: t.Update.Text}); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_opinion_kept", Args: []any{"code", c.Code, "body", s.bodyName(c.Lead), "files", len(t.Update.Media)}, Quiet: true, Thing: cases.Thing(c.Code)})
	return nil
}

// cardChoice understands what is typed under a card where there are no buttons:
// a number, or the title of a button.
func (s *service) cardChoice(c cases.Case, text string) (payload string, ok bool) {
	buttons := s.cardButtons(c)
	text = strings.Trim(strings.Join(strings.Fields(s.opt.Fold(text)), " "), " .!")
	if n, err := strconv.Atoi(text); err == nil {
		if n >= 1 && n <= len(buttons) {
			return buttons[n-1].Payload, true
		}
		return "", false
	}
	// A title is understood in every state: whoever types it is told how the case stands.
	id := strconv.FormatInt(c.ID, 10)
	for _, b := range []bot.Button{
		{Key: "complaints.button_agency_take", Payload: "complaints:gtake:" + id}, {Key: "complaints.button_agency_answer", Payload: "complaints:ganswer:" + id},
		{Key: "complaints.button_agency_return", Payload: "complaints:greturn:" + id}, {Key: "complaints.button_agency_extend", Payload: "complaints:gextend:" + id},
		{Key: "complaints.button_agency_approve", Payload: "complaints:gapprove:" + id}, {Key: "complaints.button_agency_reject", Payload: "complaints:greject:" + id},
	} {
		for _, lang := range s.opt.Langs {
			if text == strings.Join(strings.Fields(s.opt.Fold(s.render(lang, b.Key))), " ") {
				return b.Payload, true
			}
		}
	}
	return "", false
}

// labelled is what stands behind one of the words of a key and a colon, at the
// beginning of a line: "Basis: …". "" when there is no such line.
func (s *service) labelled(text, key string) string {
	for line := range strings.Lines(text) {
		label, rest, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		label = strings.TrimSpace(s.opt.Fold(label))
		for _, lang := range s.opt.Langs {
			for w := range strings.SplitSeq(s.render(lang, key), "|") {
				if label != "" && label == s.opt.Fold(strings.TrimSpace(w)) {
					return strings.TrimSpace(rest)
				}
			}
		}
	}
	return ""
}

// Keys of the labels of lines of an answer that say more than text.
const (
	labelBasis   = "complaints.agency_words_basis"
	labelNoPhoto = "complaints.agency_words_no_photo"
)

// preview shows what the citizen would read, and asks for the author's "yes".
func (s *service) preview(ctx context.Context, t *bot.Turn, m member, c cases.Case) error {
	switch n := utf8.RuneCountInString(t.Update.Text); {
	case n < minAnswer:
		t.Reply(bot.Reply{Key: "complaints.agency_group_answer_short", Args: []any{"code", c.Code, "shortest", minAnswer}, Quiet: true})
		return nil
	case n > maxAnswerText:
		t.Reply(bot.Reply{Key: "complaints.agency_group_answer_long", Args: []any{"longest", maxAnswerText}, Quiet: true})
		return nil
	}
	if err := s.mayAnswer(c, m); err != nil {
		return err
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	d := draft{Case: c.ID, Version: c.Version, Action: string(cases.Submit), Officer: m.officer.ID, ref: bot.NewID(), Text: t.Update.Text}
	for _, att := range t.Update.Media {
		if s.opt.Files == nil {
			break
		}
		f, err := s.opt.Files.Want(ctx, tx, draftOwner(d.ref), t.Update.Channel, att)
		if err != nil {
			return err
		}
		d.Media = append(d.Media, f.ID)
	}
	return s.showDraft(ctx, t, tx, c, d, false)
}

// showDraft keeps a draft and shows it with the buttons that send or drop it;
// again says that the case changed since its author last saw it.
func (s *service) showDraft(ctx context.Context, t *bot.Turn, tx bot.Tx, c cases.Case, d draft, again bool) error {
	id, err := s.keepDraft(ctx, tx, t.Address(), d)
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{
		Key: "complaints.agency_group_preview", Args: []any{"code", c.Code, "again", again, "state", bot.Phrase{Key: "complaints.agency_state_" + string(c.State)}, "text", d.Text, "files", len(d.Media), "basis", s.labelled(d.Text, labelBasis) != "" || !c.Kind.Identified()},
		Buttons: []bot.Button{
			{Key: "complaints.button_agency_send", Payload: fmt.Sprintf("complaints:gsend:%d", id)},
			{Key: "complaints.button_agency_never", Payload: fmt.Sprintf("complaints:gdrop:%d", id)},
		},
	})
	return nil
}

// mayAnswer says before an answer is taken that it would not be sent.
func (s *service) mayAnswer(c cases.Case, m member) error {
	want := cases.DraftAnswer
	if c.State == cases.Forwarded {
		want = cases.Accept // the answer takes it first
	}
	return s.allowed(c, m, want)
}

// onlyTaken reports whether all that happened to a case since a version is that
// somebody of the body took it: what was written before says the same after.
func (s *service) onlyTaken(ctx context.Context, m member, c cases.Case, since int64) (bool, error) {
	entries, err := s.desk.Timeline(ctx, c.ID, m.actor())
	if err != nil {
		return false, err
	}
	taken := int64(0)
	for _, e := range entries {
		if e.Version > since && e.Action == cases.Accept && e.Agency == m.group.Body {
			taken++
		}
	}
	return taken == c.Version-since, nil // every other change moved the version too
}

// sendDraft sends a draft that its author confirmed, taking the case first where
// nobody has. All of it happens or nothing.
func (s *service) sendDraft(ctx context.Context, t *bot.Turn) error {
	m, ok, err := s.member(ctx, t)
	if err != nil || !ok {
		return err
	}
	id, err := strconv.ParseInt(t.Arg(), 10, 64)
	if err != nil {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_draft"}
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	d, err := s.takeDraft(ctx, tx, t.Address(), id, m.officer.ID)
	if err != nil {
		return err
	}
	c, err := s.caseOf(ctx, t, m, d.Case)
	if err != nil {
		return err
	}
	check := cases.Checklist{EveryPoint: true, Basis: true, NextStep: true, Evidence: len(d.Media) > 0, BasisText: s.labelled(d.Text, labelBasis)}
	if c.Version != d.Version {
		same, err := s.onlyTaken(ctx, m, c, d.Version)
		if err != nil {
			return err
		}
		if err := s.mayAnswer(c, m); err != nil {
			return err
		}
		d.Version = c.Version
		if !same { // its author looks once more; a button that can never send would be a trap
			return s.showDraft(ctx, t, tx, c, d, true)
		}
	}
	version := d.Version
	if c.State == cases.Forwarded {
		if _, err := s.do(ctx, t, m, c.ID, cases.Command{Action: cases.Accept, Version: version}); err != nil {
			return err
		}
		version = 0
	}
	cmd := cases.Command{Action: cases.Submit, Version: version, Text: d.Text, Check: check, Media: d.Media, MediaOwner: draftOwner(d.ref), Reason: s.labelled(d.Text, labelNoPhoto)}
	_, err = s.do(ctx, t, m, c.ID, cmd)
	return err
}

func (s *service) dropDraft(ctx context.Context, t *bot.Turn) error {
	m, ok, err := s.member(ctx, t)
	if err != nil || !ok {
		return err
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(t.Arg(), 10, 64)
	if err != nil {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_draft"}
	}
	if _, err := s.takeDraft(ctx, tx, t.Address(), id, m.officer.ID); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_nothing", Quiet: true})
	return nil
}

// approveSure shows a head the answer before it is sent.
func (s *service) approveSure(ctx context.Context, t *bot.Turn) error {
	m, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	if err := s.allowed(c, m, cases.Approve); err != nil {
		return err
	}
	p, err := s.desk.Pending(ctx, c.ID, m.actor())
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{
		Key: "complaints.agency_group_approve_sure", Args: []any{"code", c.Code, "text", p.Text, "by", p.Name, "files", len(p.Media)},
		Buttons: []bot.Button{
			{Key: "complaints.button_agency_approve_send", Payload: fmt.Sprintf("complaints:gapproved:%d:%d", c.ID, c.Version)},
			{Key: "complaints.button_agency_never", Payload: "complaints:gno"},
		},
	})
	return nil
}

func (s *service) approve(ctx context.Context, t *bot.Turn) error {
	m, c, args, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	version := int64(0)
	if len(args) == 1 {
		version, _ = strconv.ParseInt(args[0], 10, 64) // 0 is refused below
	}
	if version <= 0 {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	_, err = s.do(ctx, t, m, c.ID, cases.Command{Action: cases.Approve, Version: version})
	return err
}

func (s *service) rejectWhy(ctx context.Context, t *bot.Turn) error {
	m, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	if err := s.allowed(c, m, cases.Reject); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_reject_why", Args: []any{"code", c.Code}, Quiet: true, Thing: fmt.Sprintf("complaint-reject:%d", c.ID)})
	return nil
}

// replyToQuestion takes the reason or the body that was asked for.
func (s *service) replyToQuestion(ctx context.Context, t *bot.Turn, m member, kind, rest string) error {
	args := strings.Split(rest, ":")
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return bot.ErrPass
	}
	c, err := s.caseOf(ctx, t, m, id)
	if err != nil {
		return err
	}
	text := oneLine(t.Update.Text)
	switch {
	case kind == "complaint-return" && len(args) == 2 && knownReason(args[1]):
		return s.proposed(t, c, args[1], text)
	case utf8.RuneCountInString(text) < 5 || utf8.RuneCountInString(text) > 1000:
		t.Reply(bot.Reply{Key: "complaints.agency_group_reason_short", Quiet: true, Thing: kind + ":" + rest})
		return nil
	case kind == "complaint-extend" && len(args) == 2:
		days, err := strconv.Atoi(args[1])
		if err != nil {
			return bot.ErrPass
		}
		_, err = s.do(ctx, t, m, id, cases.Command{Action: cases.Extend, Days: days, Reason: text})
		return err
	case kind == "complaint-reject":
		_, err = s.do(ctx, t, m, id, cases.Command{Action: cases.Reject, Reason: text})
		return err
	}
	return bot.ErrPass
}

// proposed takes the name of the body that a returned case should go to.
func (s *service) proposed(t *bot.Turn, c cases.Case, why, text string) error {
	d := s.opt.Directory()
	index := newBodyIndex(d, s.opt.Fold)
	a, near := index.exact(d, text)
	if a != nil {
		s.askReturn(t, c, why, a.ID)
		return nil
	}
	if len(near) == 0 {
		t.Reply(bot.Reply{Key: "complaints.agency_group_no_body", Quiet: true, Thing: fmt.Sprintf("complaint-return:%d:%s", c.ID, why)})
		return nil
	}
	r := bot.Reply{Key: "complaints.agency_group_which_body", Args: []any{"code", c.Code}}
	for _, b := range near {
		r.Buttons = append(r.Buttons, bot.Button{Title: b.Name, Payload: fmt.Sprintf("complaints:gback:%d:%s:%s", c.ID, why, b.ID)})
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_agency_never", Payload: "complaints:gno"})
	t.Reply(r)
	return nil
}
