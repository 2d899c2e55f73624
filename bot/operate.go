package bot

import "time"

// What operators see and do: kept by the store, shown by commands and the console.

// OutboxFilter says which messages to list; "" means any.
type OutboxFilter struct {
	State   OutboxState
	Channel string
	Lane    Lane
	Thing   string
	After   int64 // rows above this number
	Limit   int   // at most 1000; 0 means 100
}

// OutboxRow is a message as operators see it: never its text or its address.
type OutboxRow struct {
	Row      int64
	Channel  string
	Lane     Lane
	State    OutboxState
	Attempts int
	Due      time.Time // queued: not before; sending: end of the lease
	Queued   time.Time
	Reason   string // text key
	Thing    string
	Held     bool // an operator's hold keeps it
	// Doubt is when an attempt began that may have arrived; zero when none is in doubt.
	Doubt time.Time
}

// InboxRow is an update as operators see it: never what it says or who sent it.
type InboxRow struct {
	Turn     int64
	Channel  string
	State    string // "pending", or an Ending
	Attempts int
	Due      time.Time
	Accepted time.Time
	Reason   string // short code
}

// AuditEntry is one line of the audit trail: who did what to which thing. Nothing in
// it may be personal but the actor, who is an officer or a part of the program.
type AuditEntry struct {
	ID     int64 // from 1, without a gap
	At     time.Time
	Actor  string // "staff:12", "job:retention", "cli"
	Action string // "outbox.dropped"
	Thing  string // "complaint:K7M3-9QX2"
	Detail string
	Hash   string // chains it to the line before
}

// AuditFilter says which entries to list; "" means any.
type AuditFilter struct {
	Actor  string
	Action string // "outbox.dropped", or "outbox." for all that begin so
	Thing  string
	Before int64 // entries below this number; 0 means from the newest
	Limit  int   // at most 1000; 0 means 100
}

// AuditHead is the last line of the trail: whoever notes it elsewhere can tell
// later that nothing before it was changed or taken away.
type AuditHead struct {
	ID   int64
	Hash string
}
