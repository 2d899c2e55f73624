package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// RefuseReasons are why a case is not taken; for their texts see RefusedKey.
var RefuseReasons = [...]string{"outside", "unclear", "formal_complaint", "settled", "repeated", "court", "abusive", "other"}

// ReturnReasons are why a body sends a case back; for their texts see ReturnedKey.
var ReturnReasons = [...]string{"not_ours", "other_place", "other_level", "several", "other"}

// effect does what an action means beside moving the case. It checks what the command brings.
func (t *turn) effect(ctx context.Context) error {
	switch t.cmd.Action {
	case Accept:
		if t.r.Officer == 0 {
			t.r.Officer = t.actor.Officer.ID
		}
		return nil
	case Return:
		return t.giveBack(ctx)
	case Forward, Bind:
		return t.handTo(ctx)
	case Assign:
		return t.assign(ctx)
	case Reclassify:
		return t.reclassify()
	case AskCitizen:
		t.r.Waits++
		t.r.resume = t.r.State
		return t.needText()
	case Add:
		return t.add(ctx)
	case Extend:
		return t.extend()
	case Progress, Note:
		return t.needText()
	case DraftAnswer, Submit, Approve, Reject:
		return t.answering(ctx)
	case Refuse:
		return t.refuse(ctx)
	case Withdraw:
		if t.r.State != Waiting {
			t.r.resume = t.r.State
		}
		t.endNow()
		return nil
	case Restore:
		t.r.Closed, t.r.wake = time.Time{}, time.Time{}
		return nil
	case Rate:
		return t.rate()
	case Reopen:
		return t.reopen(ctx)
	case Close:
		return t.close()
	case PublishPropose, PublishConfirm, PublishDecline, Consent:
		return t.publishing()
	case Reveal:
		return t.reveal(ctx)
	case Seal, HandOver, Unseal, Purge, Anonymize, DropMedia:
		return t.hiding(ctx)
	case Urgency:
		return t.urgency()
	case Link:
		return t.link(ctx)
	case Succeed:
		return t.succeed(ctx)
	case Recount:
		return t.recount()
	}
	return nil
}

func (t *turn) needText() error {
	if t.cmd.Text == "" {
		return invalid("complaints.invalid_no_text")
	}
	return nil
}

func (t *turn) needReason() error {
	if t.cmd.Reason == "" {
		return invalid("complaints.invalid_reason")
	}
	return nil
}

// endNow notes when the case ended and when it is looked at again.
func (t *turn) endNow() {
	t.r.Closed = t.now
	t.r.wake = t.now.AddDate(0, t.terms.Int(KeyMediaMonths), 0)
}

// body checks that a body may lead or be consulted: it is in office, has a place
// where its kind needs one, and is not the one complained about.
func (t *turn) body(id string) (*directory.Agency, error) {
	a, ok := t.dir.Agency(id)
	if !ok || !leads(t.dir, a) {
		return nil, invalid("complaints.invalid_agency")
	}
	if t.d.accuses(t.r, a.ID) {
		return nil, denied("complaints.denied_named")
	}
	return a, nil
}

// giveBack: the body is not the right one.
func (t *turn) giveBack(ctx context.Context) error {
	if err := t.needReason(); err != nil {
		return err
	}
	if t.cmd.Agency != "" {
		a, err := t.body(t.cmd.Agency)
		if err != nil {
			return err
		}
		if a.ID == t.r.Lead {
			return invalid("complaints.invalid_same_agency")
		}
		t.entry.Target = a.ID
	}
	t.r.Returns++
	why := DeskReturn
	if t.r.Returns >= t.terms.Int(KeyBindAfter) {
		why = DeskReturned
	}
	return t.toDesk(ctx, why)
}

// toDesk takes the case from its body.
func (t *turn) toDesk(ctx context.Context, why string) error {
	t.r.Lead, t.r.Desk, t.r.Officer, t.r.Bound, t.r.Joint = "", why, 0, false, nil
	return t.dropDraft(ctx, true)
}

// dropDraft forgets the answer under way, and who is consulted when joint is set.
func (t *turn) dropDraft(ctx context.Context, joint bool) error {
	t.r.Drafter = ""
	if _, err := t.tx.ExecContext(ctx, `delete from complaints_drafts where case_id = $1`, t.r.ID); err != nil {
		return fmt.Errorf("drop draft: %w", err)
	}
	if joint {
		return t.r.writeJoint(ctx, t.tx)
	}
	return nil
}

// handTo sends the case to a body.
func (t *turn) handTo(ctx context.Context) error {
	a, err := t.body(t.cmd.Agency)
	if err != nil {
		return err
	}
	if a.ID == t.r.Lead && t.cmd.Action == Forward {
		return invalid("complaints.invalid_same_agency")
	}
	var joint []string
	for _, id := range t.cmd.Joint {
		j, err := t.body(id)
		if err != nil {
			return err
		}
		if j.ID != a.ID && !slices.Contains(joint, j.ID) {
			joint = append(joint, j.ID)
		}
	}
	if t.cmd.PlaceID != "" {
		if _, ok := t.dir.Place(t.cmd.PlaceID); !ok {
			return invalid("complaints.invalid_place")
		}
		t.r.Place.ID = t.cmd.PlaceID
	}
	t.r.Lead, t.r.Joint, t.r.Desk, t.r.Officer, t.r.Bound = a.ID, joint, "", 0, t.cmd.Action == Bind
	t.entry.Target = a.ID
	return t.dropDraft(ctx, true)
}

// assign names the member of staff who handles it: an officer only himself.
func (t *turn) assign(ctx context.Context) error {
	id := t.cmd.Officer
	self := id == t.actor.Officer.ID || id == 0 && t.r.Officer == t.actor.Officer.ID
	if t.who&(ByHead|ByDesk) == 0 && (!self || t.actor.Officer.ID == 0) {
		return denied("complaints.denied_assign")
	}
	if id != 0 && id != t.actor.Officer.ID && t.d.opt.Staff != nil {
		o, err := t.d.opt.Staff.Officer(ctx, id)
		if err != nil && !bot.IsCode(err, bot.NotFound) {
			return err
		}
		if err != nil || role(o, deskID(t.dir), t.r.Case)&(ByOfficer|ByDesk) == 0 || t.d.concerns(t.r, o) {
			return invalid("complaints.invalid_officer")
		}
	}
	t.r.Officer = id
	t.entry.Target = "staff:" + strconv.FormatInt(id, 10)
	return nil
}

// reclassify corrects what the case is about.
func (t *turn) reclassify() error {
	if err := t.needReason(); err != nil {
		return err
	}
	c, before := &t.r.Case, t.r.Case
	if t.cmd.Kind != "" {
		if !t.cmd.Kind.Valid() {
			return invalid("complaints.invalid_kind")
		}
		c.Kind = t.cmd.Kind
	}
	if t.cmd.Field != "" {
		c.Field, c.Subject = t.cmd.Field, ""
	}
	if t.cmd.Subject != "" {
		c.Subject = t.cmd.Subject
	}
	if t.cmd.PlaceID != "" {
		c.Place.ID = t.cmd.PlaceID
	}
	f, err := about(t.dir, c.Field, c.Subject, c.Place.ID)
	if err != nil {
		return err
	}
	if c.Kind == before.Kind && c.Field == before.Field && c.Subject == before.Subject && c.Place.ID == before.Place.ID {
		return invalid("complaints.invalid_unchanged")
	}
	if t.d.accuses(t.r, c.Lead) { // praise that is a complaint: the desk sends it to somebody else first
		return denied("complaints.denied_named")
	}
	c.Named = t.r.namedKey != "" && c.Kind.Accuses()
	c.Sensitive = c.Sensitive || f.Sensitive
	t.entry.Target = string(c.Kind) + " " + c.Field
	return errors.Join(t.reterm(c, StepForward), t.reterm(c, StepAnswer))
}

// about checks what a case is about.
func about(dir *directory.Directory, field, subject, place string) (*directory.Field, error) {
	f, ok := dir.Field(field)
	if !ok || f.NoTicket {
		return nil, invalid("complaints.invalid_field")
	}
	if subject != "" && !slices.ContainsFunc(f.Cases, func(k directory.Case) bool { return k.ID == subject }) {
		return nil, invalid("complaints.invalid_field")
	}
	if place != "" {
		if _, ok := dir.Place(place); !ok {
			return nil, invalid("complaints.invalid_place")
		}
	}
	return f, nil
}

// add keeps what the citizen says later.
func (t *turn) add(ctx context.Context) error {
	if t.cmd.Text == "" && len(t.cmd.Media) == 0 {
		return invalid("complaints.invalid_no_text")
	}
	b, err := t.d.body(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	if len(b.Added) >= maxAdditions {
		return invalid("complaints.invalid_additions", "limit", maxAdditions)
	}
	b.Added = append(b.Added, Addition{At: t.now, Text: t.cmd.Text, Media: t.cmd.Media})
	t.r.Photos += len(t.cmd.Media)
	t.r.Silent, t.r.Closed, t.r.wake = false, time.Time{}, time.Time{}
	t.added = t.cmd.Media
	if err := t.d.index(ctx, t.tx, t.r.ID, t.cmd.Text); err != nil {
		return err
	}
	return t.d.writeBody(ctx, t.tx, t.r, b)
}

// extend gives the body more working days.
func (t *turn) extend() error {
	if err := t.needReason(); err != nil {
		return err
	}
	limit := t.terms.Int(KeyExtendDays)
	if t.cmd.Days < 1 || t.cmd.Days > limit {
		return invalid("complaints.invalid_extend_days", "limit", limit)
	}
	k := running(&t.r.Case, StepAnswer)
	if k.term.Unit == WorkingHours {
		k.shift += t.cmd.Days * dayMinutes
	} else {
		k.shift += t.cmd.Days
	}
	k.Extended++
	t.r.Extensions++
	if err := t.count(k); err != nil {
		return err
	}
	t.entry.Days, t.entry.Due = t.cmd.Days, k.Due
	return nil
}

// refuse ends a case that is not taken, and says where to turn.
func (t *turn) refuse(ctx context.Context) error {
	if !slices.Contains(RefuseReasons[:], t.cmd.Reason) {
		return invalid("complaints.invalid_refuse_reason")
	}
	t.endNow()
	if err := t.dropDraft(ctx, false); err != nil {
		return err
	}
	return t.needText()
}

// close ends a case: the citizen was silent, or the time to say more is over.
func (t *turn) close() error {
	if t.who&ByDesk != 0 {
		if err := t.needReason(); err != nil {
			return err
		}
	}
	if t.r.State == Waiting {
		k, ok := t.r.Clock(StepReply)
		if !ok || !t.now.After(k.Due) {
			return invalid("complaints.invalid_still_waiting")
		}
		t.r.Silent = true
	}
	t.endNow()
	return nil
}

// rate keeps what the citizen says about the answer; later marks join earlier ones.
func (t *turn) rate() error {
	in, r := t.cmd.Rating, &t.r.Rating
	if !in.Given() && len(in.Reasons) == 0 && in.Text == "" {
		return invalid("complaints.invalid_rating")
	}
	if in.Solved != nil {
		r.Solved = in.Solved
	}
	for _, m := range []struct {
		from int
		to   *int
	}{{in.Time, &r.Time}, {in.Manner, &r.Manner}, {in.Content, &r.Content}, {in.Result, &r.Result}, {in.Overall, &r.Overall}} {
		if m.from < 0 || m.from > 5 {
			return invalid("complaints.invalid_rating")
		}
		if m.from > 0 {
			*m.to = m.from
		}
	}
	for _, reason := range in.Reasons {
		if !slices.Contains(r.Reasons, reason) && len(r.Reasons) < maxReasons {
			r.Reasons = append(r.Reasons, reason)
		}
	}
	if t.entry.Text == "" {
		t.entry.Text = in.Text
	}
	return nil
}

// reopen begins another round, with the body above or at the front desk. The answers so far
// stay, and what the citizen said about them.
func (t *turn) reopen(ctx context.Context) error {
	if t.who&ByHolder == 0 {
		if err := t.needReason(); err != nil {
			return err
		}
	}
	r := t.r
	for _, s := range t.rule.Stop {
		t.stop(&r.Case, s)
	}
	if err := r.writeClocks(ctx, t.tx); err != nil {
		return err
	}
	if err := r.keepRating(ctx, t.tx); err != nil {
		return err
	}
	r.Round++
	r.Clocks, r.Rating = nil, Rating{}
	r.Returns, r.Extensions, r.Waits, r.asked = 0, 0, 0, 0
	r.Sent, r.Closed, r.wake = time.Time{}, time.Time{}, time.Time{}
	if r.Published == PublishedProposed {
		r.Published, r.proposer = "", ""
	}
	if t.up == "" {
		if err := t.toDesk(ctx, DeskReopened); err != nil {
			return err
		}
	} else {
		r.Desk, r.Bound = "", false
		if err := errors.Join(t.takeOver(ctx, t.up), t.dropDraft(ctx, false)); err != nil {
			return err
		}
	}
	t.entry.Round = r.Round
	if err := t.showStill(ctx); err != nil {
		return err
	}
	return t.start(&r.Case, StepCitizen)
}

// showStill keeps the photos that came with the reason for reopening, as an addition: their reason
// stands in the entry.
func (t *turn) showStill(ctx context.Context) error {
	if len(t.cmd.Media) == 0 {
		return nil
	}
	b, err := t.d.body(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	b.Added = append(b.Added, Addition{At: t.now, Media: t.cmd.Media})
	t.r.Photos += len(t.cmd.Media)
	t.added = t.cmd.Media
	return t.d.writeBody(ctx, t.tx, t.r, b)
}

// urgency shortens what runs, or lets the next clocks be ordinary again.
func (t *turn) urgency() error {
	if err := t.needReason(); err != nil {
		return err
	}
	on := t.cmd.Days > 0
	if on == t.r.Urgent {
		return invalid("complaints.invalid_unchanged")
	}
	t.r.Urgent = on
	t.entry.Days = t.cmd.Days
	if !on {
		return nil
	}
	for _, s := range []Step{StepAccept, StepAnswer} {
		k := running(&t.r.Case, s)
		if k == nil {
			continue
		}
		due, err := t.terms.Of(s, t.r.Case).from(t.cal, t.now)
		if err != nil {
			return err
		}
		if due.At.Before(k.Due) {
			if err := t.start(&t.r.Case, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// link notes that another case says the same.
func (t *turn) link(ctx context.Context) error {
	if t.cmd.Text == "" {
		t.r.Duplicate = ""
		return nil
	}
	code, err := ParseCode(t.cmd.Text)
	if err != nil {
		return invalid("complaints.invalid_code")
	}
	other, err := load(ctx, t.tx, `code = $1`, code)
	if err != nil {
		return err
	}
	if other == nil || other.ID == t.r.ID || other.Duplicate != "" || other.State.Hidden() || t.d.parties(other, t.actor) == 0 {
		return invalid("complaints.invalid_link")
	}
	t.r.Duplicate, t.entry.Target, t.entry.Text = code, code, ""
	return nil
}

// succeed moves an open case of a body that ended.
func (t *turn) succeed(ctx context.Context) error {
	if t.r.Lead == "" {
		return invalid("complaints.invalid_agency")
	}
	if a, ok := t.dir.Agency(t.r.Lead); ok && t.dir.InOffice(a) && t.cmd.Reason != "task" {
		return invalid("complaints.invalid_in_office")
	}
	if t.cmd.Agency == "" {
		return t.toDesk(ctx, DeskNoOwner)
	}
	a, err := t.body(t.cmd.Agency)
	if err != nil {
		return err
	}
	if a.ID == t.r.Lead {
		return invalid("complaints.invalid_same_agency")
	}
	return t.takeOver(ctx, a.ID)
}

// takeOver makes another body the lead; it is not asked for its opinion besides.
func (t *turn) takeOver(ctx context.Context, body string) error {
	t.r.Lead, t.r.Officer, t.entry.Target = body, 0, body
	if !slices.Contains(t.r.Joint, body) {
		return nil
	}
	t.r.Joint = slices.DeleteFunc(slices.Clone(t.r.Joint), func(j string) bool { return j == body })
	return t.r.writeJoint(ctx, t.tx)
}

// recount counts the clocks by the calendar of today.
func (t *turn) recount() error {
	moved := false
	for i := range t.r.Clocks {
		k := &t.r.Clocks[i]
		if !k.Stopped.IsZero() || k.Step == StepCitizen || k.CalendarVersion == t.cal.Version() {
			continue
		}
		old := k.Due
		if err := t.count(k); err != nil {
			return err
		}
		moved = moved || !old.Equal(k.Due)
		k.moved = k.moved || k.Step == StepForward // the answer after it may end elsewhere
	}
	if err := t.follow(&t.r.Case); err != nil {
		return err
	}
	if k, ok := t.r.Clock(StepCitizen); ok {
		t.entry.Due, t.entry.Shown = k.Due, k.Due.After(t.had)
	}
	if !moved {
		return errUnmoved
	}
	return nil
}
