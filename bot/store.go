package bot

import (
	"context"
	"time"
)

// Inbox is what the Dispatcher needs of the store beside [Units].
type Inbox interface {
	Units
	// Pending lists accepted updates that have no turn yet, oldest first, with
	// a sequence number above after.
	Pending(ctx context.Context, after int64, limit int) ([]Pending, error)
	// Load reads one of them with its contact and its chat's last turn. It
	// fails with an *Error NotFound when the update is no longer pending.
	Load(ctx context.Context, turn int64) (Loaded, error)
	// SessionOf returns the sealed session that a turn left, for a session
	// that State lost; nil when the turn left none.
	SessionOf(ctx context.Context, turn int64) ([]byte, error)
	// Postpone records a failed attempt of a turn and when to try again.
	// reason is a short code without personal data.
	Postpone(ctx context.Context, turn int64, attempts int, due time.Time, reason string) error
	// Abandon ends an update that cannot even be loaded as failed, so that it
	// does not block its chat. It stays in the dead-letter list.
	Abandon(ctx context.Context, turn int64, reason string) error
}

// TurnUnit is what a Unit of an Inbox can do for a turn. It is found by type assertion.
type TurnUnit interface {
	Unit
	// Finish writes the end of a turn: the inbox row, the contact and the
	// chat's last turn. It fails with an *Error Conflict when another turn of the same chat was
	// committed since Load, so that two processes never fork a conversation.
	Finish(ctx context.Context, f Finished) (ContactID, error)
}

// Pending is an accepted update that waits for its turn.
type Pending struct {
	Turn     int64  // sequence number of the inbox row
	Chat     string // the same for all updates of one chat; not the address itself
	Attempts int
	Due      time.Time // not before; zero when never tried
}

// Loaded is an update with what is known about its sender.
type Loaded struct {
	Turn     int64
	Attempts int
	Update   Update
	Contact  Contact
	LastTurn int64 // last committed turn of this conversation (SessionKey), 0 for none
}

// Ending says how a turn ended.
type Ending string

// The endings of a turn.
const (
	Done    Ending = "done"
	Failed  Ending = "failed"  // failed three times; the citizen got an apology
	Dropped Ending = "dropped" // done, and its text was blanked
)

// Finished is the end of a turn as the store writes it.
type Finished struct {
	Turn     int64
	Key      SessionKey
	LastTurn int64 // as loaded; compared before it is set to Turn
	Ending   Ending
	Reason   string  // for Failed: a short code
	Session  []byte  // sealed; kept in the inbox row
	Contact  Contact // to insert or update
	// Release frees messages to this chat that were held until the citizen writes.
	Release bool
	// Heard is when the citizen did what opens the platform's window; zero: not
	// to be kept, since the channel has no Gate. Wrote says that it was a message or a button.
	Heard time.Time
	Wrote bool
	// Quiet is until when the bot leaves the chat to a person of the office. It is
	// kept for the list of such chats when Talk says that it changed.
	Quiet time.Time
	Talk  bool
	// Erase forgets the citizen: what was written and said, the profile and the
	// sessions, in every chat of this contact. What waits to be sent is dropped.
	Erase bool
}

// Claimed is an outbox row that a sender holds.
type Claimed struct {
	Row      int64
	Message  Message
	Lane     Lane
	Contact  ContactID
	Attempts int // attempts that counted, before this one
	Moves    int // times the chat was moved
	Group    bool
	Queued   time.Time
	Standing Standing
	// Doubt is when an attempt began of which nobody knows whether it succeeded;
	// zero when there was none since the last known outcome.
	Doubt time.Time
	// Edits is the platform's id of an earlier message that this one replaces where
	// the platform can; "" for none.
	Edits string
}

// OutboxState is the state of an outbox row; docs/states.md draws them.
type OutboxState string

// The states of an outbox row.
const (
	OutboxWaiting OutboxState = "waiting" // of a [Spread]: not in its lane yet
	OutboxQueued  OutboxState = "queued"  // waits for its turn
	OutboxSending OutboxState = "sending" // claimed under a lease
	OutboxSent    OutboxState = "sent"
	OutboxHeld    OutboxState = "held" // waits until the citizen writes, or for an operator
	OutboxDead    OutboxState = "dead" // given up, with a reason
	OutboxDropped OutboxState = "dropped"
)

// Outbox is what bot/delivery needs of the store. Every method is one short transaction.
type Outbox interface {
	// Claim leases up to n due rows of a channel and lane, oldest first. A chat
	// has at most one row under lease in all lanes together, and in one lane its rows are
	// claimed in the order in which they were queued: a row that waits for a retry holds back
	// the later ones of its chat and lane. Rows under a hold are passed over. A lease that ran out makes the row claimable again.
	Claim(ctx context.Context, channel string, lane Lane, n int, lease time.Duration) ([]Claimed, error)
	// Sent records the platform's receipt, and its note for the chat's standing.
	Sent(ctx context.Context, row int64, r Receipt) error
	// Retry puts a row back until due. counts says whether it cost an attempt.
	Retry(ctx context.Context, row int64, due time.Time, counts bool, reason string) error
	// Doubt puts a row back until due, for an attempt that began at tried and may
	// have succeeded. It costs an attempt.
	Doubt(ctx context.Context, row int64, tried, due time.Time, reason string) error
	// Hold keeps a row until the citizen writes.
	Hold(ctx context.Context, row int64, reason string) error
	// Bury gives a row up for the reason, a text key.
	Bury(ctx context.Context, row int64, reason string) error
	// Move rewrites the chat of a row and of all others that wait for the same old address.
	Move(ctx context.Context, row int64, to string) error
	// OptOut marks the contact as gone. What waits for it in the broadcast lane, and the row of
	// a spread that was being tried, go to another contact of the person, if there is one; else
	// what waits is dropped.
	OptOut(ctx context.Context, c ContactID, reason string) error
	// NextDue is when the earliest queued row of the channel becomes due; zero when none waits.
	NextDue(ctx context.Context, channel string) (time.Time, error)
}
