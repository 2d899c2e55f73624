package agencies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// sendCard shows a case in a group of a body: masked, with the buttons that fit its state.
func (s *service) sendCard(w *bot.Work, g group, e cases.Event, n news, summary string) {
	r := bot.Reply{Key: "complaints.agency_group_card", Args: append(s.facts(e.Case, g.Body, n, summary),
		"answer", e.Case.State == cases.Forwarded && !n.plain && g.Body == e.Case.Lead,
		"opinion", !n.plain && g.Body != e.Case.Lead && consulted(e.Case, g.Body))}
	if !n.plain && g.Body == e.Case.Lead {
		r.Buttons = s.cardButtons(e.Case)
	}
	s.toGroup(w, g, e, r)
}

func (s *service) toGroup(w *bot.Work, g group, e cases.Event, r bot.Reply) {
	w.Send(bot.Outgoing{
		To: g.To, Lang: s.lang(), Lane: bot.LaneFollowUp, Thing: cases.Thing(e.Case.Code), Unique: unique("group", e, g.ID), Reply: r,
	})
}

// cardButtons in the order in which a channel without buttons numbers them:
// see [service.cardChoice].
func (s *service) cardButtons(c cases.Case) []bot.Button {
	id := strconv.FormatInt(c.ID, 10)
	switch c.State {
	case cases.Forwarded, cases.Accepted:
		return []bot.Button{
			{Key: "complaints.button_agency_take", Payload: "complaints:gtake:" + id},
			{Key: "complaints.button_agency_answer", Payload: "complaints:ganswer:" + id},
			{Key: "complaints.button_agency_return", Payload: "complaints:greturn:" + id},
			{Key: "complaints.button_agency_extend", Payload: "complaints:gextend:" + id},
		}
	case cases.Drafted:
		return []bot.Button{
			{Key: "complaints.button_agency_approve", Payload: "complaints:gapprove:" + id},
			{Key: "complaints.button_agency_reject", Payload: "complaints:greject:" + id},
		}
	}
	return nil
}

// newsToGroups tells the other sides in one line what was done on one.
func (s *service) newsToGroups(ctx context.Context, w *bot.Work, e cases.Event) error {
	key, body := s.line(e)
	if key == "" || body == "" {
		return nil
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	groups, err := s.groupsOf(ctx, tx, body)
	if err != nil {
		return err
	}
	who := e.Actor.Officer.Name
	if e.Actor.Kind != cases.Officer || who == "" {
		who = s.render(s.lang(), "complaints.agency_who_"+string(e.Actor.Kind))
	}
	due, _ := s.dueFor(e.Case)
	for _, g := range groups {
		s.toGroup(w, g, e, bot.Reply{Key: key, Args: []any{
			"who", who, "via", bot.Phrase{Key: "complaints.agency_via_" + viaOf(e.Actor.Via)}, "code", e.Case.Code,
			"time", clock(s.opt.Now()), "to", s.bodyName(e.Case.Lead), "due", due,
		}})
	}
	return nil
}

func viaOf(via string) string {
	switch via {
	case "link", "group", "console", "chat":
		return via
	}
	return "job"
}

// line is the text key for an event and the body whose groups read it.
func (s *service) line(e cases.Event) (key, body string) {
	switch e.Action {
	case cases.Accept, cases.AskCitizen, cases.Extend, cases.Progress, cases.Reject, cases.Refuse:
		return "complaints.agency_group_line_" + string(e.Action), e.Case.Lead
	case cases.Submit, cases.Approve:
		if e.Case.State == cases.Answered {
			return "complaints.agency_group_line_answered", e.Case.Lead
		}
	case cases.Return:
		return "complaints.agency_group_line_return", e.From
	case cases.Forward, cases.Bind, cases.Succeed:
		if e.From != "" && e.From != e.Case.Lead {
			return "complaints.agency_group_line_moved", e.From
		}
	}
	return "", ""
}

func (m member) actor() cases.Actor {
	return cases.Actor{Kind: cases.Officer, Officer: m.officer, Agency: m.group.Body, Via: "group"}
}

// at is the beginning of every button's handler: who presses, and on which case
// of the group's body.
func (s *service) at(ctx context.Context, t *bot.Turn) (m member, c cases.Case, args []string, ok bool, err error) {
	if m, ok, err = s.member(ctx, t); err != nil || !ok {
		return m, c, nil, false, err
	}
	args = strings.Split(t.Arg(), ":")
	id, perr := strconv.ParseInt(args[0], 10, 64)
	if perr != nil || id <= 0 {
		return m, c, nil, false, &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	c, err = s.caseOf(ctx, t, m, id)
	return m, c, args[1:], err == nil, err
}

// caseOf is a case that the group's body has. A group that was shown the case is
// told who has it now; nothing else of it is told, and nothing to others.
func (s *service) caseOf(ctx context.Context, t *bot.Turn, m member, id int64) (cases.Case, error) {
	c, err := s.desk.Get(ctx, id, m.actor())
	if err == nil && c.Lead == m.group.Body {
		return c, nil
	}
	if err != nil && !bot.IsCode(err, bot.NotFound) && !bot.IsCode(err, bot.Denied) {
		return c, err
	}
	gone := &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	if c, err = s.desk.Get(ctx, id, system); err != nil || c.State.Hidden() {
		return c, gone
	}
	thing, err := s.opt.Sent(ctx, t.Address(), t.Update.ReplyTo)
	if err != nil || thing != cases.Thing(c.Code) {
		return c, gone
	}
	return c, &bot.Error{Code: bot.Conflict, Key: "complaints.agency_group_moved", Args: []any{"code", c.Code, "body", s.bodyName(s.holder(c))}}
}

// do does one thing in the turn. What it changed is told by the listener, to
// this group as to the others.
func (s *service) do(ctx context.Context, t *bot.Turn, m member, id int64, c cases.Command) (cases.Case, error) {
	c.Key = fmt.Sprintf("turn/%d/%s", t.ID(), c.Action)
	done, err := s.desk.Do(ctx, t.Work, id, m.actor(), c)
	return done, named(err)
}

// named lets an error tell the state of a case by its name.
func named(err error) error {
	var e *bot.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Args = slices.Clone(e.Args)
	for i := 0; i+1 < len(out.Args); i += 2 {
		if st, ok := out.Args[i+1].(string); ok && out.Args[i] == "state" {
			out.Args[i+1] = bot.Phrase{Key: "complaints.agency_state_" + st}
		}
	}
	return &out
}

func (s *service) take(ctx context.Context, t *bot.Turn) error {
	m, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	_, err = s.do(ctx, t, m, c.ID, cases.Command{Action: cases.Accept})
	return err
}

func knownReason(r string) bool { return slices.Contains(cases.ReturnReasons[:], r) }

func (s *service) returnWhy(ctx context.Context, t *bot.Turn) error {
	_, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	r := bot.Reply{Key: "complaints.agency_group_return_why", Args: []any{"code", c.Code}}
	for _, why := range cases.ReturnReasons {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_agency_reason_" + why, Payload: fmt.Sprintf("complaints:gwhy:%d:%s", c.ID, why)})
	}
	t.Reply(r)
	return nil
}

func (s *service) returnSure(ctx context.Context, t *bot.Turn) error {
	_, c, args, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	if len(args) != 1 || !knownReason(args[0]) {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	s.askReturn(t, c, args[0], "")
	return nil
}

// askReturn asks for the last "yes" before a case goes back.
func (s *service) askReturn(t *bot.Turn, c cases.Case, why, body string) {
	name := ""
	if body != "" {
		name = s.bodyName(body)
	}
	t.Reply(bot.Reply{
		Key: "complaints.agency_group_return_sure", Args: []any{"code", c.Code, "reason", bot.Phrase{Key: cases.ReturnedKey(why)}, "to", name},
		Thing: fmt.Sprintf("complaint-return:%d:%s", c.ID, why),
		Buttons: []bot.Button{
			{Key: "complaints.button_agency_give_back", Payload: strings.TrimSuffix(fmt.Sprintf("complaints:gback:%d:%s:%s", c.ID, why, body), ":")},
			{Key: "complaints.button_agency_never", Payload: "complaints:gno"},
		},
	})
}

func (s *service) giveBack(ctx context.Context, t *bot.Turn) error {
	m, c, args, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	if len(args) < 1 || len(args) > 2 || !knownReason(args[0]) {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	cmd := cases.Command{Action: cases.Return, Reason: args[0]}
	if len(args) == 2 {
		if a, ok := s.opt.Directory().Agency(args[1]); ok && a.Template == "" {
			cmd.Agency = a.ID
		}
	}
	_, err = s.do(ctx, t, m, c.ID, cmd)
	return err
}

// extensions are the working days that a group offers; the page takes any number.
var extensions = [...]int{3, 5, 10}

func (s *service) extendDays(ctx context.Context, t *bot.Turn) error {
	m, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	if err := s.allowed(c, m, cases.Extend); err != nil {
		return err
	}
	r := bot.Reply{Key: "complaints.agency_group_extend_days", Args: []any{"code", c.Code}}
	for _, n := range extensions {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_agency_days", Args: []any{"days", n}, Payload: fmt.Sprintf("complaints:gdays:%d:%d", c.ID, n)})
	}
	t.Reply(r)
	return nil
}

func (s *service) extendWhy(ctx context.Context, t *bot.Turn) error {
	_, c, args, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	days := 0
	if len(args) == 1 {
		days, _ = strconv.Atoi(args[0]) // 0 is refused below
	}
	if days < 1 || days > 60 {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_case"}
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_extend_why", Args: []any{"code", c.Code, "days", days}, Quiet: true, Thing: fmt.Sprintf("complaint-extend:%d:%d", c.ID, days)})
	return nil
}

// allowed says before a question is asked that the answer would not be taken.
func (s *service) allowed(c cases.Case, m member, a cases.Action) error {
	for _, may := range s.desk.May(c, m.actor()) {
		if may == a {
			return nil
		}
	}
	key := "complaints.agency_group_not_now"
	if a == cases.Extend || a == cases.Approve {
		key = "complaints.agency_group_leader_only"
	}
	return &bot.Error{Code: bot.Denied, Key: key, Args: []any{"code", c.Code, "state", bot.Phrase{Key: "complaints.agency_state_" + string(c.State)}}}
}

func (s *service) answerHow(ctx context.Context, t *bot.Turn) error {
	_, c, _, ok, err := s.at(ctx, t)
	if err != nil || !ok {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_answer_how", Args: []any{"code", c.Code}, Quiet: true, Thing: cases.Thing(c.Code)})
	return nil
}
