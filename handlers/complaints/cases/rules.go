package cases

import "slices"

// Who is a set of those who may do something. A head is also an officer.
type Who uint16

// The parties to a case.
const (
	ByHolder  Who = 1 << iota // the citizen who filed it
	ByOfficer                 // an officer of the lead body
	ByHead                    // a head of the lead body
	ByJoint                   // an officer of a consulted body
	ByDesk                    // the front desk
	ByLiaison                 // who hands denunciations over
	BySystem                  // a job
)

// parties names the bits, in order.
var parties = [...]string{"citizen", "officer", "head", "consulted", "front desk", "liaison", "job"}

// Names lists the parties in a set.
func (w Who) Names() []string {
	var out []string
	for i, name := range parties {
		if w&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// condition is a question that a row asks before it applies.
type condition string

// The conditions. [turn.holds] answers them.
const (
	always      condition = ""
	needsSecond condition = "a second person has to read it"
	needsNone   condition = "no second person is needed"
	loose       condition = "no binding decision"
	fewReturns  condition = "not returned twice"
	hasBodyUp   condition = "there is a body above"
	closedMute  condition = "closed because the citizen was silent"
	timeOver    condition = "the time to say more is over"
	handedOver  condition = "it was handed over"
	publishable condition = "the citizen allows it, and the field"
	soonUndone  condition = "soon after it was withdrawn"
	notSelf     condition = "by somebody else than the one who proposed it"
	owner       condition = "the next body is known"
)

// goesBack is the state a case had before it waited or was withdrawn.
const goesBack State = "(as before)"

// Transition is a row of the transition table. It is the only thing that decides
// what may happen to a case; [Desk.Do] looks it up.
type Transition struct {
	Action Action
	From   []State
	Who    Who
	When   condition
	To     State // "" keeps the state
	Start  []Step
	Stop   []Step
	Pause  bool // the clocks that run wait for the citizen
	Resume bool
	Quiet  bool   // the version stays: nobody else's form becomes stale
	Shown  bool   // the citizen sees the entry
	Tells  string // who is told, for people who read the table
}

var (
	atWork   = []State{Forwarded, Accepted, Waiting, Drafted}
	living   = []State{Received, Forwarded, Accepted, Waiting, Drafted}
	answered = []State{Answered, Closed}
	ended    = []State{Closed, Refused, Withdrawn}
	seen     = []State{Received, Forwarded, Accepted, Waiting, Drafted, Answered, Closed, Refused, Withdrawn}
	stopAll  = []Step{StepForward, StepAccept, StepAnswer, StepCheck, StepReply, StepCitizen}
	handling = []Step{StepForward, StepAccept, StepAnswer, StepCheck, StepReply}
)

// rules returns the transition table. Of several rows for one action and state the first
// whose condition holds applies.
func rules() []Transition {
	return []Transition{
		{Action: Accept, From: []State{Forwarded}, Who: ByOfficer | ByHead, To: Accepted, Stop: []Step{StepAccept}, Shown: true, Tells: "citizen"},
		{Action: Return, From: []State{Forwarded, Accepted}, Who: ByOfficer | ByHead, When: loose, To: Received, Start: []Step{StepForward}, Stop: []Step{StepAccept, StepAnswer}, Shown: true, Tells: "citizen, front desk"},
		{Action: Forward, From: []State{Received, Forwarded}, Who: ByDesk, When: fewReturns, To: Forwarded, Start: []Step{StepAccept, StepAnswer}, Stop: []Step{StepForward, StepAccept, StepAnswer}, Shown: true, Tells: "citizen, body"},
		{Action: Bind, From: []State{Received, Forwarded, Accepted}, Who: ByDesk, To: Forwarded, Start: []Step{StepAccept, StepAnswer}, Stop: []Step{StepForward, StepAccept, StepAnswer}, Shown: true, Tells: "citizen, body"},
		{Action: Assign, From: living, Who: ByOfficer | ByHead | ByDesk, Tells: "officer"},
		{Action: Reclassify, From: []State{Received}, Who: ByDesk, Shown: true, Tells: "citizen"},
		{Action: Reclassify, From: []State{Forwarded, Accepted}, Who: ByOfficer | ByHead | ByDesk, Shown: true, Tells: "citizen"},
		{Action: AskCitizen, From: []State{Received}, Who: ByDesk, To: Waiting, Start: []Step{StepReply}, Pause: true, Shown: true, Tells: "citizen"},
		{Action: AskCitizen, From: []State{Accepted}, Who: ByOfficer | ByHead, To: Waiting, Start: []Step{StepReply}, Pause: true, Shown: true, Tells: "citizen"},
		{Action: Add, From: []State{Waiting}, Who: ByHolder, To: goesBack, Stop: []Step{StepReply}, Resume: true, Shown: true, Tells: "body or front desk"},
		{Action: Add, From: []State{Received, Forwarded, Accepted, Drafted}, Who: ByHolder, Shown: true, Tells: "body or front desk"},
		{Action: Add, From: []State{Closed}, Who: ByHolder, When: closedMute, To: goesBack, Resume: true, Shown: true, Tells: "body or front desk"},
		{Action: Extend, From: []State{Accepted, Drafted}, Who: ByHead, Shown: true, Tells: "citizen"},
		{Action: Progress, From: []State{Forwarded, Accepted, Drafted}, Who: ByOfficer | ByHead, Shown: true, Tells: "citizen"},
		{Action: Note, From: seen, Who: ByOfficer | ByHead | ByJoint | ByDesk, Quiet: true},
		{Action: DraftAnswer, From: []State{Accepted}, Who: ByOfficer | ByHead},
		{Action: Submit, From: []State{Accepted}, Who: ByOfficer | ByHead, When: needsSecond, To: Drafted, Start: []Step{StepCheck}, Tells: "heads"},
		{Action: Submit, From: []State{Accepted}, Who: ByOfficer | ByHead, When: needsNone, To: Answered, Start: []Step{StepPublish}, Stop: stopAll, Shown: true, Tells: "citizen"},
		{Action: Approve, From: []State{Drafted}, Who: ByHead, When: notSelf, To: Answered, Start: []Step{StepPublish}, Stop: stopAll, Shown: true, Tells: "citizen"},
		{Action: Reject, From: []State{Drafted}, Who: ByOfficer | ByHead, To: Accepted, Stop: []Step{StepCheck}, Tells: "who wrote it"},
		{Action: Refuse, From: []State{Received}, Who: ByDesk, To: Refused, Stop: stopAll, Shown: true, Tells: "citizen"},
		{Action: Refuse, From: []State{Forwarded, Accepted}, Who: ByHead, To: Refused, Stop: stopAll, Shown: true, Tells: "citizen"},
		{Action: Withdraw, From: living, Who: ByHolder, To: Withdrawn, Stop: []Step{StepReply}, Pause: true, Shown: true, Tells: "body or front desk"},
		{Action: Restore, From: []State{Withdrawn}, Who: ByHolder, When: soonUndone, To: goesBack, Resume: true, Shown: true, Tells: "body or front desk"},
		{Action: Rate, From: answered, Who: ByHolder, Shown: true, Tells: "head"},
		{Action: Reopen, From: answered, Who: ByHolder | ByDesk, When: hasBodyUp, To: Forwarded, Start: []Step{StepAccept, StepAnswer}, Stop: []Step{StepPublish}, Shown: true, Tells: "citizen, body"},
		{Action: Reopen, From: answered, Who: ByHolder | ByDesk, To: Received, Start: []Step{StepForward}, Stop: []Step{StepPublish}, Shown: true, Tells: "citizen, front desk"},
		{Action: Close, From: []State{Answered}, Who: ByDesk, To: Closed, Shown: true},
		{Action: Close, From: []State{Answered}, Who: BySystem, When: timeOver, To: Closed},
		{Action: Close, From: []State{Waiting}, Who: BySystem, To: Closed, Stop: []Step{StepReply}, Shown: true, Tells: "citizen, body"},
		{Action: PublishPropose, From: answered, Who: ByOfficer | ByHead | ByDesk, When: publishable},
		{Action: PublishConfirm, From: answered, Who: ByHead | ByDesk, When: notSelf, Stop: []Step{StepPublish}, Shown: true, Tells: "citizen"},
		{Action: PublishDecline, From: answered, Who: ByHead | ByDesk, Stop: []Step{StepPublish}},
		{Action: Consent, From: seen, Who: ByHolder, Shown: true},
		{Action: Reveal, From: seen, Who: ByOfficer | ByHead | ByDesk, Quiet: true},
		{Action: Seal, From: seen, Who: ByOfficer | ByHead | ByJoint | ByDesk, To: Sealed, Stop: append([]Step{StepPublish}, stopAll...), Tells: "liaison"},
		{Action: HandOver, From: []State{Sealed}, Who: ByLiaison},
		{Action: Unseal, From: []State{Sealed}, Who: ByLiaison, To: Received, Start: []Step{StepForward, StepCitizen}, Tells: "front desk"},
		{Action: Purge, From: []State{Sealed}, Who: ByLiaison, When: handedOver, To: Purged},
		{Action: Purge, From: ended, Who: BySystem, To: Purged},
		{Action: Anonymize, From: seen, Who: BySystem},
		{Action: DropMedia, From: ended, Who: BySystem},
		{Action: Urgency, From: []State{Received, Forwarded, Accepted}, Who: ByHead | ByDesk},
		{Action: Link, From: living, Who: ByOfficer | ByHead | ByDesk},
		{Action: Succeed, From: append(slices.Clone(atWork), Answered), Who: BySystem, When: owner, Shown: true, Tells: "citizen, body"},
		{Action: Succeed, From: atWork, Who: BySystem, To: Received, Start: []Step{StepForward}, Stop: handling, Resume: true, Shown: true, Tells: "citizen, front desk"},
		{Action: Recount, From: living, Who: BySystem},
	}
}

// rulesOf are the rows for an action in a state.
func rulesOf(a Action, s State) []Transition {
	var out []Transition
	for _, r := range rules() {
		if r.Action == a && slices.Contains(r.From, s) {
			out = append(out, r)
		}
	}
	return out
}

// Actions lists every action of the table, in its order.
func Actions() []Action {
	var out []Action
	for _, r := range rules() {
		if !slices.Contains(out, r.Action) {
			out = append(out, r.Action)
		}
	}
	return out
}
