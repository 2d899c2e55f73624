package cases

import (
	"time"

	"cchcbot/bot"
)

// Kind is what a citizen sends, in the terms of the law (domain: NĐ 20/2008 and
// the provinces' rules for things at a place).
type Kind string

// The kinds that are taken.
const (
	Conduct  Kind = "conduct"  // phản ánh hành vi hành chính: an office was slow, refused, troubled
	Rule     Kind = "rule"     // kiến nghị về quy định: a rule is wrong or could be better
	Scene    Kind = "scene"    // phản ánh hiện trường: a thing at a place
	Petition Kind = "petition" // other wishes and reports
	Praise   Kind = "praise"   // khen
	Idea     Kind = "idea"     // góp ý
)

// Kinds in the order in which people are offered them.
var Kinds = [...]Kind{Scene, Conduct, Rule, Petition, Praise, Idea}

// Valid reports whether the kind is one that is taken.
func (k Kind) Valid() bool {
	switch k {
	case Conduct, Rule, Scene, Petition, Praise, Idea:
		return true
	}
	return false
}

// Identified reports whether the law wants the sender's name and contact.
func (k Kind) Identified() bool { return k == Conduct || k == Rule || k == Petition }

// Accuses reports whether a body that such a case names is complained about: it must
// not get the case. Whoever is praised, or offered an idea, is the one to read it.
func (k Kind) Accuses() bool { return k != Praise && k != Idea }

// AtDesk reports whether cases of the kind are read at the front desk before
// they are routed.
func (k Kind) AtDesk() bool { return k.Identified() }

// State is where a case stands. docs/states.md draws them.
type State string

// The states.
const (
	Received  State = "received"  // at the front desk, not routed yet
	Forwarded State = "forwarded" // sent to the lead body, which has not accepted it
	Accepted  State = "accepted"  // being handled
	Waiting   State = "waiting"   // for the citizen
	Drafted   State = "drafted"   // an answer waits for the second person
	Answered  State = "answered"  // the citizen has the answer and may rate it
	Closed    State = "closed"    // ended; still on the record
	Refused   State = "refused"   // not taken, with a reason and where to turn
	Withdrawn State = "withdrawn" // the citizen took it back
	Sealed    State = "sealed"    // a suspected denunciation: seen by the liaison only
	Purged    State = "purged"    // nothing of it is left but that it was
)

// States in the order of a case's life.
var States = [...]State{Received, Forwarded, Accepted, Waiting, Drafted, Answered, Closed, Refused, Withdrawn, Sealed, Purged}

// Live reports whether somebody still has to act.
func (s State) Live() bool {
	switch s {
	case Received, Forwarded, Accepted, Waiting, Drafted:
		return true
	}
	return false
}

// Hidden reports whether the case is shown to nobody but the liaison.
func (s State) Hidden() bool { return s == Sealed || s == Purged }

// Why a case is at the front desk. The first ones are reasons of the directory.
const (
	DeskKind         = "kind"           // cases of the kind are read there first
	DeskNoOwner      = "no_owner"       // routing found nobody
	DeskTwoOwners    = "two_owners"     // routing found several
	DeskUnknownPlace = "unknown_place"  // the citizen could not say where
	DeskReturned     = "returned_twice" // two bodies sent it back: only a binding decision ends it
	DeskReturn       = "returned"       // a body sent it back once
	DeskReopened     = "reopened"       // there is nobody above the body that answered
)

// Place is where it happened.
type Place struct {
	ID       string     `json:"id,omitempty"`       // of the directory, "" unknown; the only part that lists see
	Text     string     `json:"text,omitempty"`     // as typed; sealed
	Location *bot.Place `json:"location,omitempty"` // sealed
	Landmark string     `json:"landmark,omitempty"` // sealed
}

// Contact says who filed a case, where its kind requires it. Sealed.
type Contact struct {
	Name    string `json:"name,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address,omitempty"`
}

// Empty reports whether nothing was given.
func (c Contact) Empty() bool { return c == Contact{} }

// Holder is who filed a case and where answers go. Sealed; people find their
// cases by a keyed digest of Person.
type Holder struct {
	Person  bot.PersonID  `json:"person,omitempty"`
	To      bot.Address   `json:"to,omitzero"`
	Contact bot.ContactID `json:"contact,omitempty"`
	Lang    string        `json:"lang,omitempty"`
}

// Case is what lists and listeners see of a case: nothing that the citizen
// wrote, and nothing of who it was.
type Case struct {
	ID      int64
	Code    string // K7M3-9QX2
	Version int64  // grows by one with every change
	Kind    Kind
	Field   string // field of the directory
	Subject string // case inside the field, "" none
	Place   Place  // of which only ID is set; [Body] has the rest
	Day     string // date of the event, 2006-01-02
	State   State
	Lead    string   // body that answers, "xa25.ubnd@10532"; "" while at the front desk
	Joint   []string // bodies that are consulted
	Desk    string   // why it is at the front desk, "" when it is not
	Officer int64    // member of staff it is assigned to, 0 none
	Public  bool     // the citizen allows question and answer to be published
	// Published is whether a person confirmed the public text: "" not decided,
	// "proposed", "yes", "no".
	Published string
	Urgent    bool
	Sensitive bool // never published, never shown to the body it names
	Returns   int  // times a body sent it back, in this round
	// Extensions and Waits count in this round.
	Extensions, Waits int
	Round             int // 0, then one more at each reopening: each has its own answer
	Filed, Updated    time.Time
	Closed            time.Time // zero while it is not
	Clocks            []Clock   // of the current round
	OnBehalf          bool      // filed by an officer for a visitor
	FiledBy           int64     // that officer
	NoChat            bool      // the sender has no chat: a question would reach nobody, and nobody could answer it
	Duplicate         string    // code of the case that says the same, "" none
	Linked            []string  // codes of cases about the same thing, for officers
	Photos            int       // files the citizen sent
	Rating            Rating    // of the current round
	// Named is whether the citizen named the body or officer complained about, see [Kind.Accuses];
	// which one stands in the sealed body.
	Named bool
	// Bound: the front desk decided who answers; it cannot be sent back.
	Bound bool
	// Silent: it was closed because the citizen did not reply; a reply opens it.
	Silent bool
	// Handed: the liaison handed the sealed case over; only then it can be purged.
	Handed   bool
	Drafter  string    // who wrote the answer under way, see Actor.Ref
	Sent     time.Time // when the answer of this round was sent, zero none
	resume   State     // where it goes on after waiting, silence or an undone withdrawal
	proposer string    // who proposed to publish
}

// Clock returns the running or last clock of a step in this round.
func (c Case) Clock(s Step) (Clock, bool) {
	for i := len(c.Clocks) - 1; i >= 0; i-- {
		if c.Clocks[i].Step == s {
			return c.Clocks[i], true
		}
	}
	return Clock{}, false
}

// Next returns the running clock that ends first; a paused one does not run.
// StepCitizen is what the citizen was promised and comes last.
func (c Case) Next() (Clock, bool) {
	var best Clock
	found := false
	for _, k := range c.Clocks {
		if !k.Running() {
			continue
		}
		later := found && (k.Step == StepCitizen || best.Step != StepCitizen && !k.Due.Before(best.Due))
		if !later {
			best, found = k, true
		}
	}
	return best, found
}

// Step is what a clock measures.
type Step string

// The steps.
const (
	StepForward Step = "forward" // the front desk hands it to a body
	StepAccept  Step = "accept"  // the body accepts or returns it
	StepAnswer  Step = "answer"  // the body answers
	StepCheck   Step = "check"   // the second person reads the answer
	StepPublish Step = "publish" // question and answer are put into the register
	StepReply   Step = "reply"   // the citizen is asked something
	StepCitizen Step = "citizen" // what the citizen was promised, from filing on; never restarted
)

// Steps in the order of a case's life.
var Steps = [...]Step{StepForward, StepAccept, StepAnswer, StepCheck, StepPublish, StepReply, StepCitizen}

// Clock is a term of one step.
type Clock struct {
	Step            Step
	Started         time.Time
	Due             time.Time
	Provisional     bool      // "dự kiến": a year on the way is not decided
	CalendarVersion string    // what Due was counted by
	Paused          time.Time // since when it waits for the citizen, zero when it does not
	Stopped         time.Time // zero while it runs
	Late            bool      // stopped after Due, or running past it when it was read
	Extended        int       // times

	seq   int
	term  Term // what Due was counted from Started by; none for StepCitizen, which follows the others
	shift int  // added since: working days, or minutes of work for a term in hours
	mark  time.Time
	told  Reminder
	dirty bool
	moved bool // its end changed in this turn, and what the citizen was promised goes with it
}

// Running reports whether the clock counts now.
func (k Clock) Running() bool { return k.Stopped.IsZero() && k.Paused.IsZero() }

// Draft is what a citizen confirmed: a case to be opened.
type Draft struct {
	// Conversation is a unique key of the form: a repeated submit finds the first case.
	Conversation string
	Kind         Kind
	Field        string
	Subject      string
	What         string // the citizen's words
	Place        Place
	Day          string // of the event, 2006-01-02; "" today
	Contact      Contact
	Holder       Holder
	Media        []string // ids of bot/media
	MediaOwner   string   // who has them now, as bot/media knows: media.Conversation of the chat
	Public       bool
	Urgent       bool
	OnBehalf     bool   // an officer files it for a visitor
	FiledBy      int64  // that officer
	Consent      string // the wording the visitor agreed to
	Named        string // id of the body complained about or praised, or of its officer's body
	// Anyway files it though it says the same as an earlier case of the same person.
	Anyway bool
}

// Body is what the citizen wrote: opened on demand for one reader, never logged.
type Body struct {
	What  string     `json:"what"`
	Place Place      `json:"place"`
	Named string     `json:"named,omitempty"`
	Media []string   `json:"media,omitempty"`
	Added []Addition `json:"added,omitempty"`
}

// Addition is what the citizen said later.
type Addition struct {
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
	Media []string  `json:"media,omitempty"`
}

// ActorKind says on which side somebody stands.
type ActorKind string

// The kinds of actor.
const (
	Citizen ActorKind = "citizen" // the holder of the case
	Officer ActorKind = "officer" // staff, or a contact of a body that came by its signed link
	System  ActorKind = "system"  // a job
)

// Actor is who does something. What an officer may do comes from the grants of
// Officer; a contact of a body without an account is an Officer with ID 0, with
// grants for that body only, and Contact set.
type Actor struct {
	Kind    ActorKind
	Officer bot.Officer
	Contact string       // id of the body's contact who acts by link, when Officer.ID is 0
	Agency  string       // body on whose behalf
	Person  bot.PersonID // of a citizen
	Via     string       // chat, group, link, console, job
}

// Action is what somebody does to a case.
type Action string

// The actions. File and Remind are told to listeners only.
const (
	File           Action = "file"            // a case was opened
	Remind         Action = "remind"          // a clock reached a mark
	Accept         Action = "accept"          // the lead body takes it
	Return         Action = "return"          // the lead body sends it back: Reason, Agency as a proposal
	Forward        Action = "forward"         // the front desk sends it to Agency
	Bind           Action = "bind"            // the front desk decides that Agency answers; it cannot be returned
	Assign         Action = "assign"          // to Officer
	Reclassify     Action = "reclassify"      // Kind, Field, Subject, PlaceID with Reason
	AskCitizen     Action = "ask"             // Text: what has to be known
	Add            Action = "add"             // by the citizen: Text, Media
	Extend         Action = "extend"          // Days working days, Reason
	Progress       Action = "progress"        // Text to the citizen
	Note           Action = "note"            // Text for staff
	DraftAnswer    Action = "draft"           // Text, Check, Media: kept
	Submit         Action = "submit"          // for approval; sends the answer where no second person is needed
	Approve        Action = "approve"         // sends the answer
	Reject         Action = "reject"          // the draft goes back with Reason
	Refuse         Action = "refuse"          // Reason of a list, Text: where to turn
	Withdraw       Action = "withdraw"        // by the citizen
	Restore        Action = "restore"         // by the citizen, soon after withdrawing
	Rate           Action = "rate"            // Rating
	Reopen         Action = "reopen"          // one level up; by the citizen or the front desk
	Close          Action = "close"           // by the system, or the front desk with Reason
	PublishPropose Action = "publish_propose" // Public: the text
	PublishConfirm Action = "publish_confirm"
	PublishDecline Action = "publish_decline" // Reason; also takes back what is published
	Consent        Action = "consent"         // by the citizen: Public "yes" or "no"
	Reveal         Action = "reveal"          // the identity to this officer, with Reason
	Seal           Action = "seal"            // a suspected denunciation, with Reason
	HandOver       Action = "hand_over"       // by the liaison
	Unseal         Action = "unseal"          // by the liaison: it was none, with Reason
	Purge          Action = "purge"           // by the liaison, or by retention
	Anonymize      Action = "anonymise"       // the sender is forgotten, the file stays
	DropMedia      Action = "drop_media"      // by retention
	Urgency        Action = "urgent"          // Days 1 on, 0 off, with Reason
	Link           Action = "link"            // Text: code of the case that says the same; "" undoes
	Succeed        Action = "succeed"         // the lead body ended: Agency takes over, clocks unchanged
	Recount        Action = "recount"         // the calendar changed
)

// Command is one action with what belongs to it.
type Command struct {
	Action  Action
	Version int64  // what the actor saw; 0 does not compare
	Key     string // idempotency: the same key has its effect once
	Text    string
	Reason  string
	Agency  string
	Joint   []string
	Kind    Kind
	Field   string
	Subject string
	PlaceID string
	Officer int64
	Days    int
	Media   []string
	// MediaOwner is who has the files now, as bot/media knows.
	MediaOwner string
	Check      Checklist
	Rating     Rating
	Public     string
}

// Checklist is what an answer has to have.
type Checklist struct {
	EveryPoint bool   `json:"every_point"` // each point of the question is answered
	Basis      bool   `json:"basis"`       // the basis is named
	NextStep   bool   `json:"next_step"`   // what the citizen can do next
	Evidence   bool   `json:"evidence"`    // photo or document is attached
	BasisText  string `json:"basis_text,omitempty"`
}

// Rating is what the citizen says about an answer.
type Rating struct {
	Solved *bool `json:"solved,omitempty"`
	// Marks of 1 to 5, 0 not given.
	Time    int      `json:"time,omitempty"`
	Manner  int      `json:"attitude,omitempty"`
	Content int      `json:"content,omitempty"`
	Result  int      `json:"result,omitempty"`
	Overall int      `json:"overall,omitempty"`
	Reasons []string `json:"reasons,omitempty"` // keys
	Text    string   `json:"-"`                 // sealed
}

// Given reports whether anything was said.
func (r Rating) Given() bool {
	return r.Solved != nil || r.Time+r.Manner+r.Content+r.Result+r.Overall > 0
}

// Bad reports whether the citizen is not satisfied: a reopening is offered.
func (r Rating) Bad() bool {
	return r.Solved != nil && !*r.Solved || r.Overall > 0 && r.Overall <= 2
}

// Answer is an answer that was sent. It never changes; a reopened case gets another.
type Answer struct {
	Round    int
	Agency   string // body that answered, as it was then
	Text     string
	Check    Checklist
	Media    []string
	Drafted  string // who wrote it, see Actor.Ref
	Approved string // who sent it
	// OnePerson says that the same person wrote and sent it, where the body is set so.
	OnePerson bool
	Sent      time.Time
	Late      bool
	Rating    Rating // what the citizen said about it
}

// Pending is an answer under way.
type Pending struct {
	Text      string
	Check     Checklist
	Media     []string
	By        string // see Actor.Ref
	Name      string
	Updated   time.Time
	Submitted bool
	// NoEvidence is why it has no photo although its field wants one, "" when it has.
	NoEvidence string
}

// Entry is one line of a case's timeline. It never changes.
type Entry struct {
	ID      int64
	Version int64 // of the case after it
	Round   int
	At      time.Time
	Action  Action
	Actor   ActorKind
	Ref     string // "staff:12", "contact:7", "citizen", "job"
	Name    string // of an officer, as it was; not for the citizen
	Agency  string // body on whose behalf
	Via     string
	Before  State
	After   State
	Target  string // body, officer, kind or field it leads to
	Reason  string
	Text    string
	Media   []string
	Days    int
	Due     time.Time // the clock it set, zero none
	Shown   bool      // the citizen sees it
}

// Reminder is a mark that a clock reached.
type Reminder string

// The marks.
const (
	RemindHalf     Reminder = "half"
	RemindDay      Reminder = "day_before"
	RemindDue      Reminder = "due"
	RemindOverdue  Reminder = "overdue"
	RemindEscalate Reminder = "escalate"
	// RemindProgress: a late case owes the citizen a word every seven working days.
	RemindProgress Reminder = "progress"
	// RemindRate asks the citizen whether it helped, once and once more.
	RemindRate      Reminder = "rate"
	RemindRateAgain Reminder = "rate_again"
)

// Event is what a listener is told.
type Event struct {
	Case     Case
	Before   State
	From     string // lead body before
	Action   Action
	Actor    Actor
	Command  Command
	Entry    int64    // of the timeline
	Reminder Reminder // for Remind
	Step     Step     // for Remind
	Due      time.Time
	// Moved: dates that the citizen was told changed; for Recount, Extend, Succeed.
	OldDue time.Time
	Holder Holder // where the citizen is told; never logged
}
