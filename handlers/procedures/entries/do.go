package entries

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
)

// change is one command being carried out.
type change struct {
	d      *Desk
	tx     bot.Tx
	x      Draft
	a      Actor
	c      Command
	before State
	now    time.Time
}

// Draft begins a change: of the entry base, or of none for one that is new. e is what the change says so far; its code
// stays as it is from here on. A draft of an entry that exists is drawn from what [Desk.Current] or [Desk.Latest] returns.
func (d *Desk) Draft(ctx context.Context, w *bot.Work, a Actor, base, e *knowledge.Entry, note string) (Draft, error) {
	return d.begin(ctx, w, a, Draft{Base: base, Entry: e, Note: note})
}

// Propose begins a change for a program: one that read the national file, or counted questions nobody
// answered. source says in short words where it comes from. key tells the proposal from
// every other: a second one with it, also one that was given up, is a Conflict, and nothing happens.
func (d *Desk) Propose(ctx context.Context, w *bot.Work, e *knowledge.Entry, source, note, key string) (Draft, error) {
	if strings.TrimSpace(source) == "" || key == "" || len(key) > 200 || len(source) > 200 {
		return Draft{}, errors.New("entries: a proposal names its source and has a key")
	}
	base, err := d.Current(ctx, e.Code)
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		return Draft{}, err
	}
	return d.begin(ctx, w, Actor{System: true}, Draft{Base: base, Entry: e, Note: note, Source: source, Key: key})
}

func (d *Desk) begin(ctx context.Context, w *bot.Work, a Actor, x Draft) (Draft, error) {
	if x.Entry == nil {
		return Draft{}, errors.New("entries: a draft says something")
	}
	if x.Base != nil && x.Base.Code != x.Entry.Code {
		return Draft{}, invalid("procedures.invalid_code")
	}
	if who := d.role(a, x.field()); who&(ByWriter|ByPublisher|BySystem) == 0 {
		return Draft{}, denied("procedures.denied_field")
	}
	if err := d.check(&x); err != nil {
		return Draft{}, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Draft{}, err
	}
	if err := d.room(ctx, tx, x); err != nil {
		return Draft{}, err
	}
	x.State, x.Author, x.Editor, x.Created = Writing, a.Ref(), a.Ref(), d.opt.Now()
	x.Updated = x.Created
	if err := d.insert(ctx, tx, &x); err != nil {
		return Draft{}, err
	}
	return x, d.note(ctx, tx, x, "", Begin, a, "")
}

// room refuses what is there already, and more drafts than anybody can read.
func (d *Desk) room(ctx context.Context, tx bot.Tx, x Draft) error {
	var open, same, stored int
	err := tx.QueryRowContext(ctx, `select
		(select count(*) from procedures_drafts where state in ('draft', 'reviewed', 'scheduled')),
		(select count(*) from procedures_drafts where source_key = $1 and source_key <> ''),
		(select count(*) from procedures_entries where code = $2)
			+ (select count(*) from procedures_drafts where code = $2 and state in ('draft', 'reviewed', 'scheduled'))`,
		x.Key, x.Entry.Code).Scan(&open, &same, &stored)
	switch {
	case err != nil:
		return fmt.Errorf("look for drafts: %w", err)
	case open >= maxOpen:
		return conflict("procedures.conflict_full", "most", maxOpen)
	case same > 0:
		return conflict("procedures.conflict_twice")
	case x.Base == nil && stored > 0:
		return conflict("procedures.conflict_code", "code", x.Entry.Code)
	}
	return nil
}

// check cleans what a draft says and refuses what could not be stored.
func (d *Desk) check(x *Draft) error {
	Tidy(x.Base, x.Entry, d.opt.Clean)
	x.Note = d.opt.Clean(x.Note)
	if n := utf8.RuneCountInString(x.Note); n > maxNote {
		return invalid("procedures.invalid_note", "most", maxNote)
	}
	if ps := x.Entry.Validate(); len(ps) > 0 {
		return &bot.Error{Code: bot.Invalid, Key: "procedures.invalid_entry", Args: []any{"key", ps[0].Field}, Detail: ps[0].String()}
	}
	x.Effective = Day(x.Entry)
	if x.Effective > d.opt.Now().In(calendar.Zone).AddDate(maxAhead, 0, 0).Format(time.DateOnly) {
		return invalid("procedures.invalid_ahead", "years", maxAhead)
	}
	return nil
}

// Do does one thing to a draft. It fails with an *bot.Error: NotFound, Denied, Conflict (somebody was first, or its
// state does not allow it) and Invalid. When it fails, nothing happened. What is reviewed was committed before. After a command that
// published, call [Desk.Changed] when the unit of work is committed.
func (d *Desk) Do(ctx context.Context, w *bot.Work, id int64, a Actor, c Command) (Draft, error) {
	if c.Action == Review { // reads much, so before the transaction; the bytes are those of the hash
		if err := d.mended(ctx, id, c.Hash); err != nil {
			return Draft{}, err
		}
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Draft{}, err
	}
	x, err := load(ctx, tx, id)
	if err != nil {
		return Draft{}, err
	}
	ch := change{d: d, tx: tx, x: x, a: a, c: c, before: x.State, now: d.opt.Now()}
	rule, err := ch.look(d.role(a, x.field()))
	if err != nil {
		return Draft{}, err
	}
	if err := ch.effect(ctx); err != nil {
		return Draft{}, err
	}
	ch.x.State = rule.To
	ch.x.Version++
	ch.x.Updated = ch.now
	if err := d.update(ctx, tx, ch.x, x.Version); err != nil {
		return Draft{}, err
	}
	return ch.x, d.note(ctx, tx, ch.x, ch.before, c.Action, a, ch.c.Reason)
}

// mended refuses a review of what breaks a rule of the content.
func (d *Desk) mended(ctx context.Context, id int64, hash string) error {
	x, err := load(ctx, d.opt.Read, id)
	if err != nil || x.Hash != hash {
		return err // of other bytes, look says so
	}
	list, err := d.opt.Check(ctx, x.Entry)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range list {
		if f.Error {
			n++
		}
	}
	if n > 0 {
		return invalid("procedures.invalid_findings", "count", n)
	}
	return nil
}

// look finds the row of the table that applies.
func (x *change) look(who Who) (Transition, error) {
	if x.c.Version != 0 && x.c.Version != x.x.Version {
		return Transition{}, conflict("procedures.conflict_changed")
	}
	mine := false
	for _, r := range Rules() {
		mine = mine || r.Action == x.c.Action && r.Who&who != 0
	}
	if !mine {
		return Transition{}, denied("procedures.denied_action")
	}
	failed, rows, today := always, 0, Today(x.now)
	for _, r := range rulesOf(x.c.Action, x.x.State) {
		if r.Who&who == 0 {
			continue
		}
		rows++
		if holds(r.When, x.x, x.a, today) {
			return r, nil
		}
		failed = r.When
	}
	switch {
	case failed == bySecond:
		return Transition{}, denied("procedures.denied_self")
	case failed == freshNow && x.x.Effective > today:
		return Transition{}, conflict("procedures.conflict_ahead", "day", vietnameseDay(x.x.Effective))
	case failed == freshAhead && x.x.Effective <= today:
		return Transition{}, conflict("procedures.conflict_due")
	case failed == freshNow || failed == freshAhead:
		return Transition{}, conflict("procedures.conflict_void")
	case rows == 0 && len(rulesOf(x.c.Action, x.x.State)) > 0:
		return Transition{}, denied("procedures.denied_action")
	}
	return Transition{}, conflict("procedures.conflict_state")
}

// vietnameseDay writes a day as people do; "" for none.
func vietnameseDay(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.Format("02/01/2006")
}

// effect does what the action brings with it.
func (x *change) effect(ctx context.Context) error {
	x.c.Reason = x.d.opt.Clean(x.c.Reason)
	if utf8.RuneCountInString(x.c.Reason) > maxReason {
		return invalid("procedures.invalid_reason")
	}
	switch x.c.Action {
	case Edit:
		return x.edit(ctx, x.c.Entry, x.c.Note)
	case Rebase:
		return x.rebase(ctx)
	case Review:
		if x.c.Hash != x.x.Hash {
			return conflict("procedures.conflict_changed")
		}
		// Somebody else's edit came last, and his own words may stand in it still.
		var wrote int
		if err := x.tx.QueryRowContext(ctx, `select count(*) from procedures_edits where draft = $1 and author = $2`, x.x.ID, x.a.Ref()).Scan(&wrote); err != nil {
			return fmt.Errorf("who wrote it: %w", err)
		}
		if wrote > 0 {
			return denied("procedures.denied_self")
		}
		x.x.reviewed, x.x.Reviewer, x.x.ReviewedAt = x.x.Hash, x.a.Ref(), x.now
	case Return:
		if x.c.Reason == "" {
			return invalid("procedures.invalid_reason")
		}
		x.void()
	case Cancel, Reopen:
		x.void()
	case Schedule:
		return x.schedule(ctx)
	case Unschedule:
		x.x.Publisher = ""
	case Publish, Effect:
		return x.publish(ctx)
	}
	return nil
}

// void ends a review.
func (x *change) void() {
	x.x.reviewed, x.x.Reviewer, x.x.ReviewedAt, x.x.Publisher = "", "", time.Time{}, ""
}

func (x *change) edit(ctx context.Context, e *knowledge.Entry, note string) error {
	if e == nil || e.Code != x.x.Entry.Code {
		return invalid("procedures.invalid_code")
	}
	was := x.x.Hash
	x.x.Entry, x.x.Note = e, note
	if err := x.d.check(&x.x); err != nil {
		return err
	}
	if x.d.role(x.a, x.x.field())&(ByWriter|ByPublisher) == 0 {
		return denied("procedures.denied_field") // a new entry stays with who may write it
	}
	if x.x.Edit >= maxEdits {
		return conflict("procedures.conflict_edits", "most", maxEdits)
	}
	hash, _, err := hashOf(body{x.x.Entry, x.x.Note})
	if err != nil {
		return err
	}
	if hash == was {
		return conflict("procedures.conflict_same")
	}
	x.void()
	x.x.Editor = x.a.Ref()
	return x.d.revise(ctx, x.tx, &x.x)
}

// rebase puts the draft onto what counts when its day comes: what it changes stays its own, the rest becomes
// that of the entry.
func (x *change) rebase(ctx context.Context) error {
	now, err := before(ctx, x.tx, x.x)
	if err != nil {
		return err
	}
	hash, _, err := hashOf(now)
	if err != nil {
		return err
	}
	if now == nil || hash == x.x.baseHash {
		return conflict("procedures.conflict_same")
	}
	merged := Merge(x.x.Base, x.x.Entry, now)
	x.x.Base, x.x.baseHash = now, hash
	if err := x.edit(ctx, merged, x.x.Note); !bot.IsCode(err, bot.Conflict) {
		return err
	}
	x.void() // the words are the same, what they stand beside is not
	return nil
}

// schedule keeps a reviewed draft until its day. Two changes of one entry on one day would be one.
func (x *change) schedule(ctx context.Context) error {
	var n int
	if err := x.tx.QueryRowContext(ctx, `select count(*) from procedures_drafts where code = $1 and state = 'scheduled' and effective = $2 and id <> $3`,
		x.x.Entry.Code, x.x.Effective, x.x.ID).Scan(&n); err != nil {
		return fmt.Errorf("look for drafts: %w", err)
	}
	if n > 0 {
		return conflict("procedures.conflict_day", "day", vietnameseDay(x.x.Effective))
	}
	x.x.Publisher = x.a.Ref()
	return x.still(ctx)
}

// still refuses what would undo a change of somebody else that nobody looked at.
func (x *change) still(ctx context.Context) error {
	moved, err := moved(ctx, x.tx, x.x)
	if err != nil {
		return err
	}
	if moved {
		return conflict("procedures.conflict_moved")
	}
	return nil
}

// publish makes the reviewed bytes the entry.
func (x *change) publish(ctx context.Context) error {
	hash, _, err := hashOf(body{x.x.Entry, x.x.Note})
	if err != nil {
		return err
	}
	if hash != x.x.reviewed { // what is published is what was reviewed, whatever happened to the row
		return conflict("procedures.conflict_void")
	}
	reason := ""
	if x.c.Action == Publish {
		x.x.Publisher = x.a.Ref()
		if err := x.still(ctx); err != nil {
			return err
		}
	} else if moved, err := moved(ctx, x.tx, x.x); err != nil {
		return err
	} else if moved {
		// The law takes effect whether somebody looked again or not; the history shows what it undid.
		reason = "moved"
	}
	x.c.Reason = reason
	was, err := Get(ctx, x.tx, x.x.Entry.Code)
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		return err
	}
	var stored int
	if err := x.tx.QueryRowContext(ctx, `select count(*) from procedures_entries e where e.code = $1`, x.x.Entry.Code).Scan(&stored); err != nil {
		return fmt.Errorf("look for an entry: %w", err)
	}
	x.x.Published = x.now
	x.x.Revision, err = PublishAll(ctx, x.tx, x.now, x.x.Publisher, "draft "+itoa(x.x.ID),
		[]Change{{Entry: x.x.Entry, Origin: OriginEdited, New: stored == 0}})
	if err != nil || was == nil || x.c.Action != Publish {
		return err
	}
	return x.carry(ctx, was)
}

// carry puts what was published into the changes that are entered ahead, for these were drawn from what was there before
// and would undo it on their day. Both were reviewed, so the review holds; where they touch the same key, or the change was
// drawn from something else, it stays as it is and somebody has to look.
func (x *change) carry(ctx context.Context, was *knowledge.Entry) error {
	ahead, err := list(ctx, x.tx, `where d.code = $1 and d.state = 'scheduled' and d.effective > $2 order by d.effective, d.id`, x.x.Entry.Code, Today(x.now))
	if err != nil {
		return err
	}
	now := x.x.Entry
	for _, s := range ahead {
		hash, _, err := hashOf(was)
		if err != nil {
			return err
		}
		next := Merge(s.Base, s.Entry, now)
		if s.baseHash != hash || overlap(Compare(was, now), Compare(s.Base, s.Entry)) || Day(next) != s.Effective || len(next.Validate()) > 0 {
			return nil
		}
		version := s.Version
		was, s.Base, s.Entry, now = s.Entry, now, next, next
		if s.baseHash, _, err = hashOf(s.Base); err != nil {
			return err
		}
		if err := x.d.revise(ctx, x.tx, &s); err != nil {
			return err
		}
		s.reviewed, s.Updated = s.Hash, x.now
		s.Version++
		if err := x.d.update(ctx, x.tx, s, version); err != nil {
			return err
		}
		if err := x.d.note(ctx, x.tx, s, s.State, Rebase, x.a, ""); err != nil {
			return err
		}
	}
	return nil
}

// overlap reports whether two changes touch one key.
func overlap(a, b []Key) bool {
	return slices.ContainsFunc(a, func(k Key) bool { return slices.ContainsFunc(b, func(o Key) bool { return o.Name == k.Name }) })
}

// note writes the timeline and the audit trail.
func (d *Desk) note(ctx context.Context, tx bot.Tx, x Draft, was State, action Action, a Actor, reason string) error {
	if _, err := tx.ExecContext(ctx, `insert into procedures_steps (draft, version, at, action, actor, before, after, hash, reason) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		x.ID, x.Version, bot.Millis(x.Updated), string(action), a.Ref(), string(was), string(x.State), x.Hash, reason); err != nil {
		return fmt.Errorf("write timeline: %w", err)
	}
	detail := "draft " + itoa(x.ID) + " " + string(was) + ">" + string(x.State) + " " + x.Hash[:12]
	if x.State == Done {
		detail += " revision " + itoa(x.Revision)
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "procedures."+string(action), Thing(x.Entry.Code), detail)
}

// Rollback makes another revision count, see [Rollback]; call [Desk.Changed] when it is
// committed. Only who controls procedures may, and says why.
func (d *Desk) Rollback(ctx context.Context, w *bot.Work, a Actor, to int64, reason string) (from, now int64, err error) {
	if a.System || !Controls(a.Officer) {
		return 0, 0, denied("procedures.denied_action")
	}
	if reason = d.opt.Clean(reason); reason == "" || utf8.RuneCountInString(reason) > maxReason {
		return 0, 0, invalid("procedures.invalid_reason")
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return 0, 0, err
	}
	if from, now, err = Rollback(ctx, tx, to); err != nil {
		return 0, 0, err
	}
	return from, now, d.opt.Audit(ctx, tx, a.Ref(), "procedures.rollback", "knowledge", itoa(from)+">"+itoa(now))
}
