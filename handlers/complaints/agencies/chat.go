package agencies

import (
	"context"
	"strings"
	"time"

	"cchcbot/bot"
)

// routes are the commands, buttons and answers of groups.
func (s *service) routes() []bot.Route {
	return []bot.Route{
		{Name: "complaints.link", Command: "lienket", Handle: s.useLink},
		{Name: "complaints.unlink", Command: "huylienket", Handle: s.unlink},
		{Button: "complaints:gunlink", Handle: s.unlinkSure},
		{Event: bot.EventJoined, Handle: s.joined},
		{Event: bot.EventLeft, Handle: s.left},
		{Event: bot.EventMoved, Handle: s.moved},
		{Name: "complaints.gtake", Button: "complaints:gtake", Handle: s.take},
		{Name: "complaints.greturn", Button: "complaints:greturn", Handle: s.returnWhy},
		{Button: "complaints:gwhy", Handle: s.returnSure},
		{Button: "complaints:gback", Handle: s.giveBack},
		{Name: "complaints.gextend", Button: "complaints:gextend", Handle: s.extendDays},
		{Button: "complaints:gdays", Handle: s.extendWhy},
		{Name: "complaints.ganswer", Button: "complaints:ganswer", Handle: s.answerHow},
		{Button: "complaints:gsend", Handle: s.sendDraft},
		{Button: "complaints:gdrop", Handle: s.dropDraft},
		{Name: "complaints.gapprove", Button: "complaints:gapprove", Handle: s.approveSure},
		{Button: "complaints:gapproved", Handle: s.approve},
		{Name: "complaints.greject", Button: "complaints:greject", Handle: s.rejectWhy},
		{Button: "complaints:gno", Handle: s.never},
		{Name: "complaints.agency_group_reply", Replies: true, Handle: s.groupReply},
	}
}

// How often a chat may try codes, and how often a stranger is told the same.
const (
	linkTries   = 5
	linkWindow  = time.Hour
	tellAgain   = 10 * time.Minute
	memoryTries = "complaints.link_tries"
	memoryTold  = "complaints.group_told"
)

// useLink is /lienket CODE: in a group it links the group, in a private chat the
// sender's own chat to the account of staff that made the code.
func (s *service) useLink(ctx context.Context, t *bot.Turn) error {
	code := tidyCode(t.Arg())
	if strings.TrimSpace(t.Arg()) == "" {
		t.Reply(bot.Reply{Key: "complaints.agency_link_how", Quiet: true})
		return nil
	}
	tries := 0
	t.Recall(memoryTries, &tries)
	if tries >= linkTries {
		t.Reply(bot.Reply{Key: "complaints.agency_link_wait", Quiet: true})
		return nil
	}
	if !t.Update.Group && t.Contact.Person == 0 {
		// The sender becomes a person of ours when this turn commits; the code stays good.
		t.Reply(bot.Reply{Key: "complaints.agency_link_again", Quiet: true})
		return nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	body, officer, ok, err := s.useCode(ctx, tx, code, t.Update.Group)
	if err != nil {
		return err
	}
	if !ok {
		t.Reply(bot.Reply{Key: "complaints.agency_link_unknown", Quiet: true})
		return t.Remember(memoryTries, tries+1, linkWindow)
	}
	t.Forget(memoryTries)
	if t.Update.Group {
		if err := s.linkGroup(ctx, tx, t.Address(), body, officer); err != nil {
			return err
		}
		t.Reply(bot.Reply{Key: "complaints.agency_link_group_done", Args: []any{"body", s.bodyName(body)}, Quiet: true})
		return nil
	}
	if err := s.opt.LinkOfficer(ctx, tx, officer, t.Contact.Person); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_link_staff_done", Quiet: true})
	return nil
}

// unlink asks whether the group is to be unlinked.
func (s *service) unlink(ctx context.Context, t *bot.Turn) error {
	if !t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.agency_unlink_here", Quiet: true})
		return nil
	}
	m, ok, err := s.member(ctx, t)
	if err != nil || !ok {
		return err
	}
	if !m.ofBody() {
		return s.notYours(t, m.group.Body)
	}
	t.Reply(bot.Reply{Key: "complaints.agency_unlink_sure", Args: []any{"body", s.bodyName(m.group.Body)}, Buttons: []bot.Button{
		{Key: "complaints.button_agency_unlink", Payload: "complaints:gunlink"},
		{Key: "complaints.button_agency_never", Payload: "complaints:gno"},
	}})
	return nil
}

func (s *service) unlinkSure(ctx context.Context, t *bot.Turn) error {
	m, ok, err := s.member(ctx, t)
	if err != nil || !ok {
		return err
	}
	if !m.ofBody() {
		return s.notYours(t, m.group.Body)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	if err := s.unlinkGroup(ctx, tx, m.group.ID); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "complaints.agency_unlink_done", Args: []any{"body", s.bodyName(m.group.Body)}, Quiet: true})
	return s.alarmIfMute(ctx, tx, m.group.Body)
}

// joined greets a group and says how it is linked.
func (s *service) joined(ctx context.Context, t *bot.Turn) error {
	g, ok, err := s.groupAt(ctx, s.opt.Read, t.Address())
	if err != nil {
		return err
	}
	if !ok {
		t.Reply(bot.Reply{Key: "complaints.agency_group_hello", Quiet: true})
		return nil
	}
	if g.Gone.IsZero() {
		return nil // the group only moved: it is linked as it was
	}
	// Back in a group that was linked: whoever took the bot out may have had a
	// reason, so a new code is asked for.
	t.Reply(bot.Reply{Key: "complaints.agency_group_back", Args: []any{"body", s.bodyName(g.Body)}, Quiet: true})
	return nil
}

// left marks a group that the bot was taken out of.
func (s *service) left(ctx context.Context, t *bot.Turn) error {
	g, ok, err := s.groupAt(ctx, s.opt.Read, t.Address())
	if err != nil || !ok || !g.Gone.IsZero() {
		return err
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	if err := s.markGone(ctx, tx, g.ID, s.opt.Now()); err != nil {
		return err
	}
	s.opt.Alert(ctx, "the bot was taken out of the group of "+g.Body+"; it no longer hears of its cases there (console, contacts)")
	return s.alarmIfMute(ctx, tx, g.Body)
}

// moved keeps a group linked that has another chat id. It is told twice, and
// nothing is said: for the group nothing changed.
func (s *service) moved(ctx context.Context, t *bot.Turn) error {
	old := t.Address()
	if old.Chat = t.Arg(); old.Chat == "" || old.Chat == t.Update.Chat {
		return nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	return s.moveGroup(ctx, tx, old, t.Address())
}

// alarmIfMute raises an alarm when nothing is left by which a body hears of cases.
func (s *service) alarmIfMute(ctx context.Context, tx bot.Tx, body string) error {
	groups, err := s.groupsOf(ctx, tx, body)
	if err != nil || len(groups) > 0 {
		return err
	}
	people, err := s.hearers(ctx, tx, body, hearing)
	if err != nil || confirmed(people) {
		return err
	}
	s.opt.Alert(ctx, "the body "+body+" cannot be reached any more: it has no contact with a confirmed address and no group (console, contacts)")
	return nil
}

// member is who acts in a linked group.
type member struct {
	group   group
	officer bot.Officer
}

// ofBody reports whether the officer has a role at the group's body.
func (m member) ofBody() bool {
	scope := bot.Scope{Agency: m.group.Body}
	for _, r := range []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner} {
		if m.officer.May(r, scope) {
			return true
		}
	}
	return false
}

// member finds the group and the officer of a turn. When one is missing it says
// so briefly, and nothing happens.
func (s *service) member(ctx context.Context, t *bot.Turn) (m member, ok bool, err error) {
	m.group, ok, err = s.groupAt(ctx, s.opt.Read, t.Address())
	if err != nil {
		return m, false, err
	}
	if !ok || !t.Update.Group || !m.group.Gone.IsZero() {
		t.Reply(bot.Reply{Key: "complaints.agency_group_not_linked", Quiet: true})
		return m, false, nil
	}
	m.officer, err = s.opt.Staff.OfficerOf(ctx, t.Contact.Person)
	if bot.IsCode(err, bot.NotFound) || err == nil && !m.officer.Active {
		return m, false, s.notYours(t, m.group.Body)
	}
	return m, err == nil, err
}

// notYours tells a member of the group whose button it is, now and then only:
// the others read along.
func (s *service) notYours(t *bot.Turn, body string) error {
	told := false
	if t.Recall(memoryTold, &told) && told {
		return nil
	}
	t.Reply(bot.Reply{Key: "complaints.agency_group_not_yours", Args: []any{"body", s.bodyName(body)}, Quiet: true})
	return t.Remember(memoryTold, true, tellAgain)
}

// never answers a "no".
func (s *service) never(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "complaints.agency_group_nothing", Quiet: true})
	return nil
}
