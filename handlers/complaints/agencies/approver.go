package agencies

import (
	"context"
	"fmt"
	"slices"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// approvers are those who may approve the answer that waits in a case: contacts,
// who do it by a link, and whether somebody with an account of the body may. Who
// wrote it is among them only where the body is set so.
func (s *service) approvers(ctx context.Context, r Reader, c cases.Case) (people []Contact, account bool, err error) {
	all, err := plain(s.book.query(ctx, r, `body = $1 and active = 1`, c.Lead))
	if err != nil {
		return nil, false, err
	}
	for _, p := range all {
		if p.Verified.IsZero() {
			continue
		}
		a, _, err := s.actorOf(ctx, r, p)
		if bot.IsCode(err, bot.Denied) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if slices.Contains(s.desk.May(c, a), cases.Approve) {
			people = append(people, p)
		}
	}
	staff, err := s.opt.Staff.Officers(ctx)
	for _, o := range staff {
		// A grant for everything is nobody who looks at the cases of this body.
		account = account || heads(o, c.Lead) && slices.Contains(s.desk.May(c, cases.Actor{Kind: cases.Officer, Officer: o, Agency: c.Lead, Via: "console"}), cases.Approve)
	}
	return people, account, err
}

// standsInFor is the active leader who is away and left his part to a contact of
// the same body, 0 for none.
func (b *Book) standsInFor(ctx context.Context, r Reader, c Contact) (int64, error) {
	found, err := b.query(ctx, r, `body = $1 and active = 1 and stand_in = $2`, c.Body, c.ID)
	if err != nil {
		return 0, err
	}
	for _, l := range found {
		if l.Role == Leader && l.AwayAt(b.opt.Now()) {
			return l.ID, nil
		}
	}
	return 0, nil
}

// heads reports whether an account is that of a head of the body by name.
func heads(o bot.Officer, body string) bool {
	return o.Active && slices.ContainsFunc(o.Grants, func(g bot.Grant) bool { return g.Role == bot.RoleHead && g.Scope.Agency == body })
}

// tellApprovers tells who may approve that an answer waits, never the one who
// wrote it. Nobody who may is an alarm, and the front desk is told: the answer
// would wait for ever.
func (s *service) tellApprovers(ctx context.Context, w *bot.Work, e cases.Event) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	able, account, err := s.approvers(ctx, tx, e.Case)
	if err != nil {
		return err
	}
	n := news{reason: "complaints.agency_reason_check", chosen: true}
	if n.people, err = s.others(ctx, tx, e.Case, []Role{Leader}); err != nil {
		return err
	}
	if !confirmed(n.people) { // who was left in charge wrote it himself, or there is no leader
		n.people = append(n.people, able...)
	}
	if !confirmed(n.people) && account {
		if n.people, err = s.others(ctx, tx, e.Case, []Role{Leader, Officer, Counter}); err != nil {
			return err
		}
	}
	if err := s.tell(ctx, w, e, e.Case.Lead, n); err != nil || account || len(able) > 0 {
		return err
	}
	s.opt.Alert(ctx, fmt.Sprintf("an answer of the body %s waits for approval and nobody there but its author may approve it; the front desk was told (console, contacts)", e.Case.Lead))
	return s.tellDesk(ctx, w, e, "complaints.agency_reason_no_approver")
}

// others are the contacts of some roles without the one who wrote the answer.
func (s *service) others(ctx context.Context, r Reader, c cases.Case, roles []Role) ([]Contact, error) {
	people, err := s.book.Of(ctx, r, c.Lead, roles...)
	if err != nil {
		return nil, err
	}
	var out []Contact
	for _, p := range people {
		a, _, err := s.actorOf(ctx, r, p)
		if err != nil && !bot.IsCode(err, bot.Denied) {
			return nil, err
		}
		if a.Ref() != c.Drafter {
			out = append(out, p)
		}
	}
	return out, nil
}

// wouldWait reports whether an answer of this reader would wait with nobody to approve it.
func (s *service) wouldWait(ctx context.Context, v visit) (bool, error) {
	terms, err := s.desk.Terms(ctx)
	if err != nil {
		return false, err
	}
	if terms.Yes(cases.KeyDirect, v.c.Lead) && !v.c.Kind.Identified() ||
		terms.Yes(cases.KeySolo, v.c.Lead) && v.actor.Officer.May(bot.RoleHead, bot.Scope{Agency: v.c.Lead, Place: v.c.Place.ID}) {
		return false, nil // it is sent at once
	}
	c := v.c
	c.State, c.Drafter = cases.Drafted, v.actor.Ref()
	people, account, err := s.approvers(ctx, s.opt.Read, c)
	return len(people) == 0 && !account, err
}

// lacksApprover reports whether a body has people and no two of whom one may
// approve what the other wrote.
func (s *service) lacksApprover(ctx context.Context, body string) (bool, error) {
	people, err := s.book.All(ctx, body)
	if err != nil {
		return false, err
	}
	all, able := map[string]bool{}, map[string]bool{}
	for _, p := range people {
		a, _, err := s.actorOf(ctx, s.opt.Read, p)
		if !p.Active || bot.IsCode(err, bot.Denied) {
			continue
		}
		if err != nil {
			return false, err
		}
		all[a.Ref()] = true
		if heads(a.Officer, body) {
			able[a.Ref()] = true
		}
	}
	staff, err := s.opt.Staff.Officers(ctx)
	if err != nil {
		return false, err
	}
	for _, o := range staff {
		ref := cases.Actor{Kind: cases.Officer, Officer: o}.Ref()
		if heads(o, body) {
			all[ref], able[ref] = true, true
		} else if o.Active && slices.ContainsFunc(o.Grants, func(g bot.Grant) bool { return g.Role == bot.RoleOfficer && g.Scope.Agency == body }) {
			all[ref] = true
		}
	}
	if len(all) == 0 {
		return false, nil // nobody at all is said elsewhere
	}
	terms, err := s.desk.Terms(ctx)
	return len(able) == 0 || len(all) == 1 && !terms.Yes(cases.KeySolo, body), err
}
