package items

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// change is one command being carried out.
type change struct {
	d      *Desk
	w      *bot.Work
	tx     bot.Tx
	it     Item
	a      Actor
	c      Command
	s      Settings
	before State
	now    time.Time
}

// Draft makes a new item. It is the same for a correction: corrects is the item that it
// corrects, 0 for none. key names the source of a draft that a program made, "" otherwise; a
// second draft with it is a Conflict. The same words by the same person a moment later are the draft that is there.
func (d *Desk) Draft(ctx context.Context, w *bot.Work, a Actor, c Content, corrects int64, key string) (Item, error) {
	if !a.System && (!a.Officer.Active || !Contributor(a.Officer)) {
		return Item{}, denied("news.denied_action")
	}
	if err := c.check(d.opt.Clean, d.isTopic, d.isPlace, d.webLink); err != nil {
		return Item{}, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Item{}, err
	}
	if corrects != 0 {
		of, err := load(ctx, tx, corrects)
		if err != nil {
			return Item{}, err
		}
		if !a.System && role(a, of, false)&(ByEditor|ByApprover) == 0 {
			return Item{}, denied("news.denied_action")
		}
		if !of.State.Public() {
			return Item{}, conflict("news.conflict_state")
		}
		// It goes to those who got the other, the way they got it, and to nobody when nobody did.
		c.Quiet, c.Article = of.Content.Quiet, of.Content.Article
		hash, _, err := hashOf(c)
		if err != nil {
			return Item{}, err
		}
		if hash == of.Hash { // who got the item would read the same again, as its correction
			return Item{}, conflict("news.conflict_same")
		}
	}
	if key != "" {
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from news_items where source_key = $1`, key).Scan(&n); err != nil {
			return Item{}, fmt.Errorf("look for a draft: %w", err)
		}
		if n > 0 {
			return Item{}, conflict("news.conflict_twice")
		}
	}
	if !a.System {
		if twin, ok, err := d.twin(ctx, tx, a, c, corrects); err != nil || ok {
			return twin, err
		}
	}
	now := d.opt.Now()
	it := Item{State: Draft, Content: c, Author: a.Ref(), Editor: a.Ref(), Corrects: corrects, SourceKey: key, Created: now, Updated: now}
	for _, g := range a.Officer.Grants {
		if g.Scope.Agency != "" {
			it.Agency = g.Scope.Agency
			break
		}
	}
	if err := d.insert(ctx, tx, &it); err != nil {
		return Item{}, err
	}
	return it, d.note(ctx, w, tx, it, "", Edit, a, "")
}

// twin finds the draft that somebody wrote a moment ago with these very words: the same form came twice.
func (d *Desk) twin(ctx context.Context, tx bot.Tx, a Actor, c Content, corrects int64) (it Item, ok bool, err error) {
	hash, _, err := hashOf(c)
	if err != nil {
		return it, false, err
	}
	var id int64
	err = tx.QueryRowContext(ctx, `select id from news_items where state = 'draft' and author = $1 and hash = $2 and corrects = $3 and created >= $4 order by id desc limit 1`,
		a.Ref(), hash, corrects, bot.Millis(d.opt.Now().Add(-slowForm))).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return it, false, nil
	}
	if err != nil {
		return it, false, fmt.Errorf("look for a draft: %w", err)
	}
	it, err = load(ctx, tx, id)
	return it, true, err
}

// Do does one thing to an item and tells the listeners. It fails with an
// *bot.Error: NotFound, Denied, Conflict (somebody was first, or its state does not allow it) and
// Invalid. When it fails, nothing happened.
func (d *Desk) Do(ctx context.Context, w *bot.Work, id int64, a Actor, c Command) (Item, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return Item{}, err
	}
	it, err := load(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	x := change{d: d, w: w, tx: tx, it: it, a: a, c: c, before: it.State, now: d.opt.Now()}
	if x.s, err = d.settings(ctx, tx); err != nil {
		return Item{}, err
	}
	deputy, err := d.isDeputy(ctx, tx, a)
	if err != nil {
		return Item{}, err
	}
	who := role(a, it, deputy)
	rule, err := x.look(who)
	if err != nil {
		return Item{}, err
	}
	if err := x.effect(ctx, who); err != nil {
		return Item{}, err
	}
	if rule.To != "" {
		x.it.State = rule.To
	}
	x.it.Version++
	x.it.Updated = x.now
	if err := d.update(ctx, tx, x.it, it.Version); err != nil {
		return Item{}, err
	}
	if c.Action == Stop || c.Action == Begin && it.Corrects != 0 {
		if err := d.restateDigests(ctx, tx, x.it); err != nil {
			return Item{}, err
		}
	}
	if c.Action == Begin && it.Corrects != 0 {
		if err := d.putOffToTold(ctx, tx, x.it); err != nil {
			return Item{}, err
		}
	}
	return x.it, d.note(ctx, w, tx, x.it, x.before, c.Action, a, x.c.Reason)
}

// look finds the row of the table that applies.
func (x *change) look(who Who) (Transition, error) {
	if x.c.Version != 0 && x.c.Version != x.it.Version {
		return Transition{}, conflict("news.conflict_changed")
	}
	mine := false
	for _, r := range Rules() {
		mine = mine || r.Action == x.c.Action && r.Who&who != 0
	}
	if !mine {
		return Transition{}, denied("news.denied_action")
	}
	var failed condition
	rows := 0
	for _, r := range rulesOf(x.c.Action, x.it.State) {
		if r.Who&who == 0 {
			continue
		}
		rows++
		if holds(r.When, x.it, x.a, x.s) {
			return r, nil
		}
		failed = r.When
	}
	switch {
	case failed == bySecond:
		return Transition{}, denied("news.denied_self")
	case failed == stillFresh:
		return Transition{}, conflict("news.conflict_void")
	case rows == 0 && len(rulesOf(x.c.Action, x.it.State)) > 0:
		return Transition{}, denied("news.denied_action")
	}
	return Transition{}, conflict("news.conflict_state")
}

// effect does what the action brings with it.
func (x *change) effect(ctx context.Context, who Who) error {
	x.c.Reason = strings.TrimSpace(x.c.Reason)
	if utf8.RuneCountInString(x.c.Reason) > maxReason {
		return invalid("news.invalid_reason")
	}
	switch x.c.Action {
	case Edit:
		return x.edit(ctx)
	case Check:
		x.it.Checker = x.a.Ref()
		_, err := x.d.messages(ctx, x.tx, x.it, nil) // what does not fit a channel is said now, not when it is sent
		if err == nil {
			_, err = x.d.publishers(x.it)
		}
		return err
	case Approve:
		if x.c.Hash != x.it.Hash {
			return conflict("news.conflict_changed")
		}
		// Somebody else's edit came last, and his own words may stand in it still.
		var wrote int
		if err := x.tx.QueryRowContext(ctx, `select count(*) from news_revisions where item = $1 and author = $2`, x.it.ID, x.a.Ref()).Scan(&wrote); err != nil {
			return fmt.Errorf("who wrote it: %w", err)
		}
		if wrote > 0 {
			return denied("news.denied_self")
		}
		x.it.approved, x.it.Approver, x.it.ApprovedAt = x.it.Hash, x.a.Ref(), x.now
	case Return:
		if x.c.Reason == "" {
			return invalid("news.invalid_reason")
		}
		x.void()
	case Schedule:
		return x.schedule(who)
	case Unschedule:
		x.it.Scheduled, x.it.Urgent = time.Time{}, false
	case Cancel:
		x.void()
	case Begin:
		return x.begin(ctx)
	case Pause:
		return x.onSpread(ctx, x.d.opt.Spreads.PauseSpread)
	case Resume:
		return x.onSpread(ctx, x.d.opt.Spreads.ResumeSpread)
	case Stop:
		if x.c.Reason == "" {
			return invalid("news.invalid_reason")
		}
		x.it.Progress.Expanded, x.it.expanded, x.it.Finished = true, true, x.now
		if x.it.Corrects != 0 && x.it.spread != 0 {
			if err := x.restate(ctx); err != nil {
				return err
			}
		}
		return x.onSpread(ctx, x.d.opt.Spreads.StopSpread)
	case Finish:
		x.it.Finished = x.now
		return x.onSpread(ctx, x.d.opt.Spreads.CloseSpread)
	case Again:
		return x.again(ctx)
	}
	return nil
}

// void ends an approval.
func (x *change) void() {
	x.it.approved, x.it.Approver, x.it.ApprovedAt, x.it.Checker = "", "", time.Time{}, ""
	x.it.Scheduled, x.it.Urgent = time.Time{}, false
}

func (x *change) edit(ctx context.Context) error {
	c := x.c.Content
	if err := c.check(x.d.opt.Clean, x.d.isTopic, x.d.isPlace, x.d.webLink); err != nil {
		return err
	}
	if x.it.Corrects != 0 { // it goes the way of what it corrects
		c.Quiet, c.Article = x.it.Content.Quiet, x.it.Content.Article
	}
	hash, _, err := hashOf(c)
	if err != nil {
		return err
	}
	if hash == x.it.Hash {
		return conflict("news.conflict_same")
	}
	x.void()
	x.it.Content, x.it.Editor = c, x.a.Ref()
	return x.d.revise(ctx, x.tx, &x.it)
}

// slowForm is how long a form takes to fill in, or to come once more: how long ago an hour may be that somebody chose.
const slowForm = 10 * time.Minute

// schedule sets the hour: a fair one, unless somebody with the authority says that lives are in danger. An hour that
// is over is a slip of the pen: it must not send at once what nobody can call back.
func (x *change) schedule(who Who) error {
	at := x.c.At
	if !at.IsZero() && x.now.Sub(at) > slowForm {
		return invalid("news.invalid_past", "time", at.In(calendar.Zone).Format("15:04 02/01/2006"))
	}
	if at.Before(x.now) {
		at = x.now
	}
	if at.After(x.now.AddDate(1, 0, 0)) {
		return invalid("news.invalid_time")
	}
	if x.c.Urgent {
		if who&ByAuthority == 0 {
			return denied("news.denied_urgent")
		}
		if x.c.Reason == "" {
			return invalid("news.invalid_reason")
		}
	} else if fair := x.d.Fair(x.s, at); !fair.Equal(at) {
		if x.c.At.IsZero() {
			at = fair
		} else {
			return invalid("news.invalid_hour", "next", fair.In(calendar.Zone).Format("15:04 02/01/2006"))
		}
	}
	x.it.Scheduled, x.it.Urgent = at, x.c.Urgent
	return nil
}

// begin opens the spread with the words that were approved.
func (x *change) begin(ctx context.Context) error {
	if x.it.Scheduled.After(x.now) {
		return conflict("news.conflict_state")
	}
	hash, _, err := hashOf(x.it.Content)
	if err != nil {
		return err
	}
	if hash != x.it.approved { // what is sent is what was approved, whatever happened to the row
		return conflict("news.conflict_void")
	}
	x.it.Published = x.now
	if x.it.Content.Quiet {
		x.it.expanded, x.it.Progress.Expanded = true, true
		return nil
	}
	if err := x.article(ctx); err != nil {
		return err
	}
	if err := x.open(ctx); err != nil {
		return err
	}
	if x.it.spread == 0 {
		x.it.expanded, x.it.Progress.Expanded = true, true
		return nil
	}
	if x.it.Corrects != 0 {
		return x.supersede(ctx)
	}
	return x.tx.QueryRowContext(ctx, `select coalesce(max(id), 0) from news_subscribers`).Scan(&x.it.top)
}

// open makes the spread, or takes it up again.
func (x *change) open(ctx context.Context) (err error) {
	bodies, err := x.d.bodies(ctx, x.tx, x.it)
	if err != nil || len(bodies) == 0 {
		return err
	}
	quiet := x.s.Quiet()
	if x.it.Urgent {
		quiet = bot.Quiet{}
	}
	if x.it.spread, err = x.d.opt.Spreads.OpenSpread(ctx, x.tx, bot.Spread{Thing: Thing(x.it.ID), Quiet: quiet}); err != nil {
		return err
	}
	return x.d.opt.Spreads.SetBodies(ctx, x.tx, x.it.spread, bodies)
}

// supersede makes the corrected words those of everybody who has not got the item yet, nor a correction of before.
func (x *change) supersede(ctx context.Context) error {
	named, err := load(ctx, x.tx, x.it.Corrects)
	if err != nil {
		return err
	}
	if named.State == Sending {
		return conflict("news.conflict_sending")
	}
	before, _, err := family(ctx, x.tx, x.it)
	if err != nil {
		return err
	}
	return x.say(ctx, x.it, before) // also when it is done: those who failed may be tried again
}

// again takes up what failed: the job does it in batches.
func (x *change) again(ctx context.Context) error {
	if x.it.spread == 0 {
		return conflict("news.conflict_state")
	}
	x.it.Finished = time.Time{}
	x.it.expanded, x.it.Progress.Expanded = false, false
	x.it.cursor, x.it.top = 0, againTop
	quiet := x.s.Quiet()
	_, err := x.d.opt.Spreads.OpenSpread(ctx, x.tx, bot.Spread{Thing: Thing(x.it.ID), Quiet: quiet})
	return err
}

// againTop in place of the highest subscriber says that those who failed are taken up.
const againTop = -1

func (x *change) onSpread(ctx context.Context, f func(context.Context, bot.Tx, int64) error) error {
	if x.it.spread == 0 {
		return nil
	}
	return f(ctx, x.tx, x.it.spread)
}

// isDeputy reports whether an actor may approve as a deputy.
func (d *Desk) isDeputy(ctx context.Context, q Reader, a Actor) (bool, error) {
	if a.System {
		return false, nil
	}
	list, err := d.deputies(ctx, q)
	for _, x := range list {
		if x.Officer == a.Officer.ID {
			return true, nil
		}
	}
	return false, err
}

// note writes the timeline and the audit trail and tells the listeners.
func (d *Desk) note(ctx context.Context, w *bot.Work, tx bot.Tx, it Item, before State, action Action, a Actor, reason string) error {
	if _, err := tx.ExecContext(ctx, `insert into news_entries (item, version, at, action, actor, before, after, hash, reason) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		it.ID, it.Version, bot.Millis(it.Updated), string(action), a.Ref(), string(before), string(it.State), it.Hash, reason); err != nil {
		return fmt.Errorf("write timeline: %w", err)
	}
	detail := string(before) + ">" + string(it.State)
	if it.Hash != "" {
		detail += " " + it.Hash[:12]
	}
	if it.Urgent && action == Schedule {
		detail += " urgent"
	}
	if err := d.opt.Audit(ctx, tx, a.Ref(), "news."+string(action), Thing(it.ID), detail); err != nil {
		return err
	}
	for _, l := range d.listeners {
		if err := l(ctx, w, Event{Item: it, Before: before, Action: action, Actor: a, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// Who is what an actor is to an item, deputies counted in.
func (d *Desk) Who(ctx context.Context, it Item, a Actor) (Who, error) {
	deputy, err := d.isDeputy(ctx, d.opt.Read, a)
	return role(a, it, deputy), err
}

// May lists what an actor may do to an item now.
func (d *Desk) May(ctx context.Context, it Item, a Actor) ([]Action, error) {
	s, err := d.Settings(ctx)
	if err != nil {
		return nil, err
	}
	who, err := d.Who(ctx, it, a)
	if err != nil {
		return nil, err
	}
	var out []Action
	for _, r := range Rules() {
		if r.Who&who != 0 && slices.Contains(r.From, it.State) && holds(r.When, it, a, s) && !slices.Contains(out, r.Action) {
			out = append(out, r.Action)
		}
	}
	return out, nil
}
