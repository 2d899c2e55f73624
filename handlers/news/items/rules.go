package items

import (
	"slices"

	"cchcbot/bot"
)

// Who is a set of those who may do something.
type Who uint8

// The parties to an item.
const (
	ByAuthor    Who = 1 << iota // the contributor who wrote it, and those who write for the same body
	ByEditor                    // an editor of Sở TT&TT
	ByApprover                  // whose office it is to approve, or a deputy
	ByAuthority                 // may override the quiet hours for danger to life
	BySystem                    // a job
)

// condition is a question that a row asks before it applies.
type condition string

// The conditions.
const (
	always     condition = ""
	bySecond   condition = "by somebody else than who wrote it"
	stillFresh condition = "the approval is of these very bytes"
	stillWaits condition = "an article waits, or people who are to write first"
)

// Transition is a row of the table: the only thing that decides what may happen to
// an item.
type Transition struct {
	Action Action
	From   []State
	To     State // "": stays
	Who    Who
	When   condition
}

// Rules is the table.
func Rules() []Transition {
	before := []State{Draft, Checked, Approved, Scheduled}
	return []Transition{
		{Edit, []State{Draft}, Draft, ByAuthor | ByEditor | BySystem, always},
		{Edit, before, Draft, ByEditor, always}, // an approval before is void
		{Check, []State{Draft}, Checked, ByEditor, always},
		{Approve, []State{Checked}, Approved, ByApprover, bySecond},
		{Return, []State{Checked, Approved, Scheduled}, Draft, ByEditor | ByApprover, always},
		{Schedule, []State{Approved, Scheduled}, Scheduled, ByEditor | ByApprover, stillFresh},
		{Unschedule, []State{Scheduled}, Approved, ByEditor | ByApprover, always},
		{Cancel, []State{Draft}, Cancelled, ByAuthor | ByEditor | ByApprover, always},
		{Cancel, before, Cancelled, ByEditor | ByApprover, always},
		{Begin, []State{Scheduled}, Sending, BySystem, stillFresh},
		{Pause, []State{Sending}, Paused, ByEditor | ByApprover, always},
		{Resume, []State{Paused}, Sending, ByEditor | ByApprover, always},
		{Stop, []State{Sending, Paused}, Stopped, ByEditor | ByApprover, always},
		{Stop, []State{Done}, Stopped, ByEditor | ByApprover, stillWaits},
		{Finish, []State{Sending}, Done, BySystem, always},
		{Again, []State{Done, Corrected}, Sending, ByEditor | ByApprover, always},
		{Supersede, []State{Stopped, Done, Corrected}, Corrected, BySystem, always},
	}
}

// rulesOf are the rows for an action in a state.
func rulesOf(a Action, s State) []Transition {
	return slices.DeleteFunc(Rules(), func(r Transition) bool { return r.Action != a || !slices.Contains(r.From, s) })
}

// everywhere is the scope of those whose office concerns the whole province.
var everywhere = bot.Scope{}

// authority may override the quiet hours, name deputies and change settings.
func authority(a Actor) bool { return !a.System && a.Officer.May(bot.RoleOwner, everywhere) }

// Contributor reports whether an officer may write drafts: everybody who is signed in with a task may.
func Contributor(o bot.Officer) bool {
	return o.HasAny(writers()...)
}

// writers are the roles whose holders write drafts for their body.
func writers() []bot.Role {
	return []bot.Role{bot.RoleEditor, bot.RolePress, bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}
}

// bodiesOf are those for which an officer writes: a grant for every body is for none of them.
func bodiesOf(o bot.Officer) []string {
	var out []string
	for _, g := range o.Grants {
		if g.Scope.Agency != "" && slices.Contains(writers(), g.Role) && !slices.Contains(out, g.Scope.Agency) {
			out = append(out, g.Scope.Agency)
		}
	}
	return out
}

// role is what an actor is to an item.
func role(a Actor, it Item, deputy bool) Who {
	if a.System {
		return BySystem
	}
	if !a.Officer.Active {
		return 0
	}
	var w Who
	if it.Author == a.Ref() || it.Agency != "" && slices.Contains(bodiesOf(a.Officer), it.Agency) {
		w |= ByAuthor
	}
	if a.Officer.May(bot.RoleEditor, everywhere) {
		w |= ByEditor | ByApprover
	}
	if a.Officer.May(bot.RoleOwner, everywhere) {
		w |= ByApprover | ByAuthority
	}
	if deputy {
		w |= ByApprover
	}
	return w
}

// holds answers a condition.
func holds(c condition, it Item, a Actor, s Settings) bool {
	switch c {
	case bySecond:
		ref := a.Ref()
		// What a program wrote nobody has read before the checker: he is the first person then.
		first := s.Yes(KeyCheckBy) || it.Editor == system().Ref()
		return ref != it.Author && ref != it.Editor && (!first || ref != it.Checker)
	case stillFresh:
		return it.approved != "" && it.approved == it.Hash
	case stillWaits:
		return it.waits
	}
	return true
}
