// Package entries is the core of the knowledge base: the published entries with
// every revision there ever was, and the changes on their way to become one. It is
// the only writer of the tables procedures_….
//
// A change of one entry is a draft. It is written, reviewed by a second person on its exact
// bytes, and published at once or, entered ahead, on its day: [Desk.Do] is the one door,
// and one table of transitions decides. Any edit makes a review void. Publishing writes a new
// revision and bumps one number in the same transaction; whoever searches follows the number.
// A rollback makes an earlier revision count and removes nothing: what was left behind can be
// read, compared and brought back.
package entries

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
)

// State is how far a draft is.
type State string

// The states of a draft; docs/states.md draws them.
const (
	Writing   State = "draft"
	Reviewed  State = "reviewed"  // a second person reviewed these very bytes
	Scheduled State = "scheduled" // waits for the day on which it takes effect
	Done      State = "published"
	Cancelled State = "cancelled"
)

// States lists the states, in the order of a draft's life.
func States() []State { return []State{Writing, Reviewed, Scheduled, Done, Cancelled} }

// Open reports whether a draft in the state may still become a revision.
func (s State) Open() bool { return s == Writing || s == Reviewed || s == Scheduled }

// Limits of drafts.
const (
	maxNote   = 2000   // letters of why an entry is changed
	maxReason = 1000   // letters of why a draft is given back or undone
	maxEdits  = 500    // of one draft; then a new one is begun
	maxOpen   = 20_000 // drafts under way; the national file holds about 5,000 entries
	maxAhead  = 5      // years a change may be entered ahead
)

// Draft is a change of one entry on its way.
type Draft struct {
	ID      int64
	State   State
	Version int64 // grows with everything that happens
	Edit    int   // number of the edit in force
	Hash    string
	Entry   *knowledge.Entry
	Note    string // why it is changed
	// Base is the entry it was drawn from; nil for one that is new.
	Base *knowledge.Entry
	// Source says where a program's draft came from; Key tells it from every other.
	Source, Key string
	Author      string // "staff:12", "job"
	Editor      string // who wrote the edit in force
	Reviewer    string
	ReviewedAt  time.Time
	Publisher   string
	// Effective is the first day on which it counts, as "2006-01-02" in Vietnam; "" for at once.
	Effective string
	Created   time.Time
	Updated   time.Time
	Published time.Time
	Revision  int64 // with which it was published

	baseHash string
	reviewed string // hash
}

// Change is what a draft does to the entry.
type ChangeKind string

// The kinds of change.
const (
	Adds      ChangeKind = "new"
	Amends    ChangeKind = "amend"
	Replaces  ChangeKind = "replace" // another procedure takes its place
	Abolishes ChangeKind = "abolish"
)

// Kind says what the draft does.
func (x Draft) Kind() ChangeKind {
	switch {
	case x.Entry.Status == knowledge.Abolished:
		return Abolishes
	case x.Entry.Status == knowledge.Replaced:
		return Replaces
	case x.Base == nil:
		return Adds
	}
	return Amends
}

// Action is something that is done to a draft.
type Action string

// The actions.
const (
	Begin      Action = "begin" // never asked for: the first line of a timeline
	Edit       Action = "edit"
	Rebase     Action = "rebase" // onto what counts now, after somebody else's change
	Review     Action = "review"
	Return     Action = "return" // back to who wrote it, with a reason
	Publish    Action = "publish"
	Schedule   Action = "schedule"
	Unschedule Action = "unschedule"
	Effect     Action = "effect" // its day has come: done by a job
	Cancel     Action = "cancel"
	Reopen     Action = "reopen"
)

// Command is one action with what it brings.
type Command struct {
	Action  Action
	Version int64            // of the draft as the actor saw it; 0 means any
	Entry   *knowledge.Entry // Edit
	Note    string           // Edit
	Hash    string           // Review: of the bytes that were read
	Reason  string           // Return, Unschedule, Cancel
}

// Actor is who does something.
type Actor struct {
	Officer bot.Officer
	System  bool // a job, or a program that proposes
}

// Ref says who it is, as the audit trail has it.
func (a Actor) Ref() string {
	if a.System {
		return "job"
	}
	return a.Officer.Actor()
}

// body is what a draft says: the bytes that are reviewed.
type body struct {
	Entry *knowledge.Entry `json:"entry"`
	Note  string           `json:"note,omitempty"`
}

// hashOf returns the bytes of a value and their digest.
func hashOf(v any) (hash, text string, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), string(b), nil
}

// Day is the day on which an entry as it is written begins to count: the first day of an
// entry in force, the first day without one that is replaced or abolished. "" means at once.
func Day(e *knowledge.Entry) string {
	if e.Status.InForce() {
		return e.ValidFrom
	}
	return e.ValidTo
}

// Today is the day in Vietnam.
func Today(now time.Time) string { return now.In(calendar.Zone).Format(time.DateOnly) }

// Thing is how an entry is called in the audit trail.
func Thing(code string) string { return "procedure:" + code }
