package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// errUnmoved says that a recount moved no end: nobody is told.
var errUnmoved = errors.New("cases: no end moved")

// turn is one command being carried out.
type turn struct {
	timer
	d     *Desk
	w     *bot.Work
	tx    bot.Tx
	dir   *directory.Directory
	r     *record
	actor Actor
	cmd   Command
	who   Who
	rule  Transition
	entry Entry
	from  string         // lead body before
	old   State          // state before
	had   time.Time      // what the citizen was promised before
	up    string         // body above, for a reopening; "" none
	added []string       // files to attach
	event func(*Event)   // what the effect adds to the event
	after []func() error // runs when the case is written
}

// Do does one thing to a case and tells the listeners. It fails with an
// *bot.Error: NotFound for a case the actor may not see, Denied, Conflict (key
// complaints.conflict_changed, complaints.conflict_state or
// complaints.conflict_undo, with Args who, when and state) and Invalid. When it fails,
// nothing happened. A command whose Key was carried out before changes nothing and returns the case as it is.
func (d *Desk) Do(ctx context.Context, w *bot.Work, id int64, a Actor, c Command) (Case, error) {
	if err := c.check(); err != nil {
		return Case{}, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Case{}, err
	}
	r, err := load(ctx, tx, `id = $1`, id)
	if err != nil {
		return Case{}, err
	}
	if r == nil {
		return Case{}, notFound()
	}
	t := &turn{d: d, w: w, tx: tx, r: r, actor: a, cmd: c, dir: d.opt.Directory(), who: d.parties(r, a), from: r.Lead, old: r.State}
	t.timer = timer{cal: d.opt.Calendar(), now: d.opt.Now()}
	if t.who == 0 {
		return Case{}, t.gone(ctx)
	}
	if done, err := t.done(ctx); err != nil || done {
		return r.Case, err
	}
	if t.terms, err = d.settings(ctx, tx); err != nil {
		return Case{}, err
	}
	if err := t.look(ctx); err != nil {
		return Case{}, err
	}
	if err := whole(ctx, tx, func() error { return t.run(ctx) }); err != nil {
		return Case{}, err
	}
	return r.Case, nil
}

// whole does all of f or nothing of it, also for a caller that tells the error and
// commits the rest of its unit.
func whole(ctx context.Context, tx bot.Tx, f func() error) error {
	if _, err := tx.ExecContext(ctx, `savepoint complaints`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := f()
	if err != nil {
		if _, back := tx.ExecContext(ctx, `rollback to savepoint complaints`); back != nil {
			return errors.Join(err, back)
		}
	}
	if _, end := tx.ExecContext(ctx, `release savepoint complaints`); end != nil {
		return errors.Join(err, end)
	}
	return err
}

// gone is why a case is not there for an actor: it never was his, or somebody of
// his body sent it away a moment ago, while he looked at it; then he is told who.
func (t *turn) gone(ctx context.Context) error {
	if t.actor.Kind != Officer || t.cmd.Version == 0 || t.cmd.Version >= t.r.Version || t.r.State.Hidden() || t.d.concerns(t.r, t.actor.Officer) {
		return notFound()
	}
	last, err := t.d.lastEntry(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	before := t.r.Case
	before.Lead = last.Agency
	if last.Agency == "" || role(t.actor.Officer, "", before)&ByOfficer == 0 {
		return notFound()
	}
	return t.conflict(ctx, "complaints.conflict_state")
}

// done reports whether the command was carried out before.
func (t *turn) done(ctx context.Context) (bool, error) {
	if t.cmd.Key == "" {
		return false, nil
	}
	var n int
	err := t.tx.QueryRowContext(ctx, `select count(*) from complaints_entries where case_id = $1 and dedupe = $2`,
		t.r.ID, t.d.key("command", t.cmd.Key)).Scan(&n)
	return n > 0, err
}

// look finds the row of the table that applies.
func (t *turn) look(ctx context.Context) error {
	if t.cmd.Version != 0 && t.cmd.Version != t.r.Version {
		return t.conflict(ctx, "complaints.conflict_changed")
	}
	var mine bool
	for _, rule := range rules() {
		mine = mine || rule.Action == t.cmd.Action && rule.Who&t.who != 0
	}
	if !mine {
		return denied("complaints.denied_action")
	}
	rows := rulesOf(t.cmd.Action, t.r.State)
	if len(rows) == 0 {
		return t.conflict(ctx, "complaints.conflict_state")
	}
	rows = slices.DeleteFunc(rows, func(r Transition) bool { return r.Who&t.who == 0 })
	if len(rows) == 0 {
		return denied("complaints.denied_action")
	}
	if t.cmd.Action == Reopen {
		t.up = t.above()
	}
	for _, rule := range rows {
		if holds(rule.When, t.question()) {
			t.rule = rule
			return nil
		}
	}
	return t.fails(ctx, rows[len(rows)-1].When)
}

// question is what a condition may look at.
type question struct {
	c     Case
	who   Who
	ref   string
	terms Terms
	now   time.Time
	up    string
	next  string // body that takes over
	cmd   Action
}

func (t *turn) question() question {
	return question{c: t.r.Case, who: t.who, ref: t.actor.Ref(), terms: t.terms, now: t.now, up: t.up, next: t.cmd.Agency, cmd: t.cmd.Action}
}

// holds answers a condition.
func holds(c condition, q question) bool {
	switch c {
	case needsSecond, needsNone:
		direct := q.terms.Yes(KeyDirect, q.c.Lead) && !q.c.Kind.Identified()
		solo := q.terms.Yes(KeySolo, q.c.Lead) && q.who&ByHead != 0
		return (direct || solo) == (c == needsNone)
	case loose:
		return !q.c.Bound
	case fewReturns:
		return q.c.Returns < q.terms.Int(KeyBindAfter)
	case hasBodyUp:
		return q.up != ""
	case closedMute:
		return q.c.Silent
	case timeOver:
		return !q.now.Before(q.c.Sent.AddDate(0, 0, q.terms.Int(KeyCloseAfter)))
	case handedOver:
		return q.c.Handed
	case publishable:
		return q.c.Public && !q.c.Sensitive
	case soonUndone:
		return !q.now.After(q.c.Closed.Add(time.Duration(q.terms.Int(KeyUndoMinutes)) * time.Minute))
	case notSelf:
		if q.cmd == Approve {
			return q.c.Drafter != q.ref || q.terms.Yes(KeySolo, q.c.Lead)
		}
		return q.c.proposer != q.ref
	case owner:
		return q.next != ""
	}
	return true
}

// fails says why no row applies.
func (t *turn) fails(ctx context.Context, c condition) error {
	switch c {
	case loose:
		return denied("complaints.denied_bound")
	case fewReturns:
		return denied("complaints.denied_returned")
	case notSelf:
		return denied("complaints.denied_self")
	case publishable:
		return denied("complaints.denied_publish")
	case handedOver:
		return invalid("complaints.invalid_hand_over")
	case soonUndone:
		return t.conflict(ctx, "complaints.conflict_undo")
	}
	return t.conflict(ctx, "complaints.conflict_state")
}

// conflict tells who was first, and when.
func (t *turn) conflict(ctx context.Context, key string) error {
	last, err := t.d.lastEntry(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	var who any = last.Name
	if t.actor.Kind == Citizen || last.Name == "" {
		who = t.name(last)
	}
	return refusal(bot.Conflict, key, "who", who, "when", last.At.In(calendar.Zone).Format("15:04 02/01/2006"), "state", string(t.r.State))
}

// name is how the other side is called without a name of a person: a text, or bot.Words.
func (t *turn) name(e Entry) any {
	if a, ok := t.dir.Agency(e.Agency); ok {
		return a.Name
	}
	switch e.Actor {
	case Citizen:
		return bot.Words("complaints.by_citizen")
	case System:
		return bot.Words("complaints.by_system")
	}
	return bot.Words("complaints.by_officer")
}

// run applies the row: effect, state, clocks; then writes, notes and tells.
func (t *turn) run(ctx context.Context) error {
	version := t.r.Version
	if k, ok := t.r.Clock(StepCitizen); ok {
		t.had = k.Due
	}
	t.entry = Entry{Round: t.r.Round, At: t.now, Action: t.cmd.Action, Actor: t.actor.Kind, Ref: t.actor.Ref(), Name: t.actor.Officer.Name,
		Agency: side(t.who, t.r.Case, deskID(t.dir), t.actor), Via: t.actor.Via, Before: t.r.State, Text: t.cmd.Text, Reason: t.cmd.Reason,
		Media: t.cmd.Media, Shown: t.rule.Shown}
	if err := guard(t.cmd.Action, t.question()); err != nil {
		return err
	}
	switch err := t.effect(ctx); {
	case errors.Is(err, errUnmoved):
		return t.r.writeClocks(ctx, t.tx)
	case err != nil:
		return err
	}
	if err := t.move(); err != nil {
		return err
	}
	if !t.rule.Quiet {
		t.r.Version++
		t.r.Updated = t.now
	}
	t.entry.Version, t.entry.After = t.r.Version, t.r.State
	return t.commit(ctx, version)
}

// move changes the state and the clocks as the row says.
func (t *turn) move() error {
	c := &t.r.Case
	switch t.rule.To {
	case "":
	case goesBack:
		c.State, c.resume = c.resume, ""
	default:
		c.State = t.rule.To
	}
	for _, s := range t.rule.Stop {
		t.stop(c, s)
	}
	if t.rule.Pause {
		t.pause(c)
	}
	if t.rule.Resume {
		if err := t.resume(c); err != nil {
			return err
		}
	}
	for _, s := range t.rule.Start {
		if s == StepPublish && (!c.Public || c.Sensitive) {
			continue
		}
		if err := t.start(c, s); err != nil {
			return err
		}
	}
	return t.follow(c)
}

// commit writes the case, its entry and its place in the counts, notes it in the
// audit trail and tells the listeners.
func (t *turn) commit(ctx context.Context, version int64) error {
	ok, err := t.r.write(ctx, t.tx, version)
	if err != nil {
		return err
	}
	if !ok { // the unit holds the only write transaction: somebody wrote past the door
		return t.conflict(ctx, "complaints.conflict_changed")
	}
	if err := t.r.writeClocks(ctx, t.tx); err != nil {
		return err
	}
	if t.from != t.r.Lead || t.old != t.r.State {
		if err := count(ctx, t.tx, t.from, t.old, -1); err != nil {
			return err
		}
		if err := count(ctx, t.tx, t.r.Lead, t.r.State, 1); err != nil {
			return err
		}
	}
	for _, f := range t.after {
		if err := f(); err != nil {
			return err
		}
	}
	if len(t.added) > 0 && t.d.opt.Media != nil {
		if err := t.d.opt.Media.Attach(ctx, t.tx, t.cmd.MediaOwner, Thing(t.r.Code), t.added...); err != nil {
			return err
		}
	}
	if err := t.d.writeEntry(ctx, t.tx, t.r, &t.entry, t.cmd.Key); err != nil {
		return err
	}
	if err := t.d.opt.Audit(ctx, t.tx, t.actor.Ref(), "complaints."+string(t.cmd.Action), Thing(t.r.Code), detail(t.entry)); err != nil {
		return err
	}
	return t.tell(ctx)
}

// detail is what the audit trail keeps of an entry: states and bodies, no words.
func detail(e Entry) string {
	s := string(e.Before) + ">" + string(e.After)
	if e.Target != "" && e.Action != Consent {
		s += " " + e.Target
	}
	if e.Via != "" {
		s += " via " + e.Via
	}
	return s
}

// tell calls the listeners.
func (t *turn) tell(ctx context.Context) error {
	holder, err := t.d.holder(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	e := Event{Case: t.r.Case, Before: t.old, From: t.from, Action: t.cmd.Action, Actor: t.actor, Command: t.cmd, Entry: t.entry.ID, OldDue: t.had, Holder: holder}
	if k, ok := t.r.Clock(StepCitizen); ok {
		e.Due = k.Due
	}
	if t.event != nil {
		t.event(&e)
	}
	return t.d.emit(ctx, t.w, e)
}

func (d *Desk) emit(ctx context.Context, w *bot.Work, e Event) error {
	for _, l := range d.listeners {
		if err := l(ctx, w, e); err != nil {
			return err
		}
	}
	return nil
}

// May lists what the actor may do to the case now, in the order of the table.
// What a command brings is checked by Do.
func (d *Desk) May(c Case, a Actor) []Action {
	r := &record{Case: c}
	var who Who
	switch a.Kind {
	case Citizen:
		who = ByHolder
	case System:
		who = BySystem
	default:
		if who = role(a.Officer, deskID(d.opt.Directory()), c); c.State.Hidden() {
			who &= ByLiaison
		}
	}
	q := question{c: r.Case, who: who, ref: a.Ref(), terms: *d.terms.Load(), now: d.opt.Now(), up: "?", next: "?"}
	var out []Action
	for _, rule := range rules() {
		q.cmd = rule.Action
		if rule.Who&who != 0 && slices.Contains(rule.From, c.State) && !slices.Contains(out, rule.Action) &&
			holds(rule.When, q) && guard(rule.Action, q) == nil {
			out = append(out, rule.Action)
		}
	}
	return out
}
