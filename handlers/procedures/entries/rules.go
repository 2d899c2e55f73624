package entries

import (
	"slices"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// Who is a set of those who may do something.
type Who uint8

// The parties to a draft.
const (
	ByWriter    Who = 1 << iota // an officer of a body that answers for the field
	ByReviewer                  // a head of such a body, or who controls procedures
	ByPublisher                 // who controls procedures for the province
	BySystem                    // a job
)

// condition is a question that a row asks before it applies.
type condition string

// The conditions.
const (
	always     condition = ""
	bySecond   condition = "by somebody else than who wrote it"
	freshNow   condition = "reviewed as it is, and its day has come"
	freshAhead condition = "reviewed as it is, and its day is still to come"
)

// Transition is a row of the table: the only thing that decides what may happen to
// a draft.
type Transition struct {
	Action Action
	From   []State
	To     State
	Who    Who
	When   condition
}

// Rules is the table.
func Rules() []Transition {
	open := []State{Writing, Reviewed, Scheduled}
	return []Transition{
		{Edit, open, Writing, ByWriter | ByPublisher, always}, // a review before is void
		{Rebase, open, Writing, ByWriter | ByPublisher, always},
		{Review, []State{Writing}, Reviewed, ByReviewer, bySecond},
		{Return, []State{Reviewed, Scheduled}, Writing, ByReviewer | ByPublisher, always},
		{Publish, []State{Reviewed}, Done, ByPublisher, freshNow},
		{Schedule, []State{Reviewed}, Scheduled, ByPublisher, freshAhead},
		{Unschedule, []State{Scheduled}, Reviewed, ByPublisher, always},
		{Effect, []State{Scheduled}, Done, BySystem, freshNow},
		{Cancel, []State{Writing, Reviewed}, Cancelled, ByWriter | ByPublisher, always},
		{Cancel, []State{Scheduled}, Cancelled, ByPublisher, always},
		{Reopen, []State{Cancelled}, Writing, ByWriter | ByPublisher, always},
	}
}

// rulesOf are the rows for an action in a state.
func rulesOf(a Action, s State) []Transition {
	return slices.DeleteFunc(Rules(), func(r Transition) bool { return r.Action != a || !slices.Contains(r.From, s) })
}

// everywhere is the scope of those whose office concerns the whole province.
var everywhere = bot.Scope{}

// Controls reports whether an officer controls procedures for the province.
func Controls(o bot.Officer) bool { return o.May(bot.RoleController, everywhere) }

// Watches reports whether an officer may read every draft.
func Watches(o bot.Officer) bool { return Controls(o) || o.May(bot.RoleOwner, everywhere) }

// role is what an actor is to entries of a field, as the national database names it.
func (d *Desk) role(a Actor, field string) Who {
	switch {
	case a.System:
		return BySystem
	case !a.Officer.Active:
		return 0
	case Controls(a.Officer):
		return ByWriter | ByReviewer | ByPublisher
	}
	var w Who
	for _, body := range d.bodies(field) {
		in := bot.Scope{Agency: body}
		if a.Officer.May(bot.RoleOfficer, in) {
			w |= ByWriter
		}
		if a.Officer.May(bot.RoleHead, in) || a.Officer.May(bot.RoleController, in) {
			w |= ByWriter | ByReviewer
		}
	}
	return w
}

// bodies are those of the province that answer for a field: the ids of their agencies.
func (d *Desk) bodies(field string) []string {
	dir := d.opt.Directory()
	f, ok := dir.FieldOf(field)
	if !ok {
		return nil
	}
	out := slices.Clone(dir.Bodies(f).Province)
	for _, c := range f.Cases {
		for _, id := range []string{c.LeadNow, c.AboveNow} {
			if a, ok := dir.Agency(id); ok && a.Template == "" && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// Writes reports whether an officer may write drafts for entries of a field.
func (d *Desk) Writes(o bot.Officer, field string) bool {
	return d.role(Actor{Officer: o}, field)&(ByWriter|ByPublisher) != 0
}

// holds answers a condition.
func holds(c condition, x Draft, a Actor, today string) bool {
	fresh := x.reviewed != "" && x.reviewed == x.Hash
	switch c {
	case bySecond:
		return a.Ref() != x.Author && a.Ref() != x.Editor
	case freshNow:
		return fresh && x.Effective <= today
	case freshAhead:
		return fresh && x.Effective > today
	}
	return true
}

// May lists what an actor may do to a draft now.
func (d *Desk) May(x Draft, a Actor) []Action {
	who, today := d.role(a, x.field()), Today(d.opt.Now())
	var out []Action
	for _, r := range Rules() {
		if r.Who&who != 0 && slices.Contains(r.From, x.State) && holds(r.When, x, a, today) && !slices.Contains(out, r.Action) {
			out = append(out, r.Action)
		}
	}
	return out
}

// field is the field whose bodies look after the draft: that of the entry it was drawn from, for a draft
// that moves an entry elsewhere is still theirs.
func (x Draft) field() string {
	var e *knowledge.Entry
	if e = x.Base; e == nil {
		e = x.Entry
	}
	return e.Field
}
