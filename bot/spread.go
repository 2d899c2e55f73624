package bot

import (
	"context"
	"time"
)

// Spread is one message to many: news, a digest, a correction. Its words are
// kept once for each channel and language; a row of the outbox says only who gets them,
// and the address is looked up when the row is sent. Rows wait in the state
// [OutboxWaiting] and come into the broadcast lane a few at a time, so that a
// million of them costs the other lanes nothing and a hold works at once.
type Spread struct {
	Thing    string    // what it is about, unique: "news:12"
	NotUntil time.Time // nothing is sent before; zero: at once
	Quiet    Quiet
}

// Quiet are hours of the day, in minutes after midnight in Vietnam, in which
// nothing of a spread is sent: from From up to To, over midnight when From is later. Equal: none.
type Quiet struct{ From, To int }

// vietnam is seven hours ahead, all year.
const vietnam = 7 * time.Hour

// End is when the quiet hours that hold at a time end; the time itself when none do.
func (q Quiet) End(at time.Time) time.Time {
	local := at.UTC().Add(vietnam)
	day := local.Truncate(24 * time.Hour)
	minute := int(local.Sub(day) / time.Minute)
	end := day.Add(time.Duration(q.To)*time.Minute - vietnam)
	switch {
	case q.From == q.To:
		return at
	case q.From < q.To && (minute < q.From || minute >= q.To):
		return at
	case q.From > q.To && minute >= q.To && minute < q.From:
		return at
	case q.From > q.To && minute >= q.From:
		return end.Add(24 * time.Hour)
	}
	return end
}

// Body is the words of a spread for one channel and language. Variant tells
// several messages of one spread apart: the digests of people who chose
// differently. Of the message only text, buttons and media count.
type Body struct {
	Variant int
	Channel string
	Lang    string
	Message Message
}

// Recipient is somebody who is to get a spread, once. The preferred contact gets
// it unless it is gone; then another one of the same person, or of a person linked with it.
type Recipient struct {
	Person  PersonID
	Contact ContactID // preferred; 0: any
	Variant int
}

// Reach says what became of recipients. Those who had the spread before are in neither number.
type Reach struct {
	Queued int
	Capped []PersonID // had as many of the other spreads as they may have
	Gone   int        // no contact that could be written to
	ByPost int        // read it as a [Post], where they would be written to
}

// After says who gets a spread that follows another one.
type After struct {
	Spread int64     // whose message they got
	Before time.Time // tried no later than this; zero: at any time
	But    []int64   // and nothing of these spreads is under way to them, or came after that time
	Edit   bool      // the new words replace the message on platforms that can
}

// Wanting says which of a batch of people, those who stand for the linked ones, still want something.
type Wanting func(ctx context.Context, people []PersonID) (map[PersonID]bool, error)

// Cap is how many messages of some spreads a person may have, whatever became of them
// but for those that were dropped. Most 0 means no cap.
type Cap struct {
	Most    int
	Spreads []int64
	Since   time.Time // those that ended before do not count; zero: all do
}

// SpreadCount is how many rows of a spread are in a state.
type SpreadCount struct {
	Channel string
	State   OutboxState
	Reason  string // text key, for those that failed
	Count   int
}

// SpreadWatch is what keeps a spread from being sent, and how fast it goes.
type SpreadWatch struct {
	From time.Time      // nothing of it is sent before: its hour, or the end of the quiet hours; zero when it may go on now
	Held []string       // channels that a hold keeps back, "" for all of them
	Sent map[string]int // messages sent since the time that was asked for, by channel
}

// Spreads is what features need of the store to write to many. Methods with a
// Tx belong to the caller's unit of work, whose batches are at most [MaxBatch].
type Spreads interface {
	SpreadWaits
	// OpenSpread makes a spread; with the same thing as before it returns that one.
	OpenSpread(ctx context.Context, tx Tx, s Spread) (int64, error)
	// SetBodies writes what a spread says, or says it anew: rows not yet sent get the new words.
	SetBodies(ctx context.Context, tx Tx, spread int64, bodies []Body) error
	// SpreadTo queues the spread for a batch of people. Who would be written to on one of
	// the channels posts reads it there, and gets no message on another.
	SpreadTo(ctx context.Context, tx Tx, spread int64, to []Recipient, c Cap, posts ...string) (Reach, error)
	// SpreadAfter queues a spread for those who got another one, looking at batch people in
	// each call: it returns the cursor to go on from, which is 0 in the first call and at the
	// end. Nobody gets it who was erased since.
	SpreadAfter(ctx context.Context, tx Tx, spread int64, after After, cursor int64, batch int) (next int64, n int, err error)
	// PauseSpread keeps what waits, ResumeSpread lets it go on.
	PauseSpread(ctx context.Context, tx Tx, spread int64) error
	ResumeSpread(ctx context.Context, tx Tx, spread int64) error
	// StopSpread ends a spread at once; what waits is dropped by DropSpread, a batch in each call until it returns 0.
	StopSpread(ctx context.Context, tx Tx, spread int64) error
	DropSpread(ctx context.Context, tx Tx, spread int64, batch int) (int, error)
	// AgainSpread takes up what failed, with all its attempts, looking at batch people in each call;
	// the cursor is as SpreadAfter's. What may have arrived is left, and so is who was erased.
	// People who are gone on one channel are tried on another. What nobody wants any more, or
	// another of the linked persons has, is dropped.
	AgainSpread(ctx context.Context, tx Tx, spread, cursor int64, batch int, wants Wanting) (next int64, n int, err error)
	// CountAgain is how many AgainSpread would take up now.
	CountAgain(ctx context.Context, spread int64, wants Wanting) (int, error)
	// CloseSpread notes that nobody is added any more and nothing is left to send.
	CloseSpread(ctx context.Context, tx Tx, spread int64) error
	// DropNews drops what waits of some spreads, or of all when none is given, for a
	// person and those linked with it.
	DropNews(ctx context.Context, tx Tx, p PersonID, spreads ...int64) error
	// SpreadLeft reports whether anything of a spread still is to be sent: at once, however many rows there are.
	SpreadLeft(ctx context.Context, spread int64) (bool, error)
	// CountSpread counts the rows of a spread; a million take a second.
	CountSpread(ctx context.Context, spread int64) ([]SpreadCount, error)
	// WatchSpread says what a spread waits for, and how much of it was sent since a time of the last minutes.
	WatchSpread(ctx context.Context, spread int64, since time.Time) (SpreadWatch, error)
	// SpreadsOf lists the numbers of spreads whose message was queued for a person since
	// a time, newest first, at most limit.
	SpreadsOf(ctx context.Context, p PersonID, since time.Time, limit int) ([]int64, error)
	// HadSpreads says which of some spreads a batch of people had, or are to have, on any of the linked channels.
	HadSpreads(ctx context.Context, tx Tx, people []PersonID, spreads []int64) (map[PersonID][]int64, error)
	// Reachable says on which channel each recipient would be written to, "" for those who are gone.
	Reachable(ctx context.Context, to []Recipient) ([]string, error)
}

// MaxBatch is the most people that one call of Spreads takes. A batch outside 1 to MaxBatch is *Error Invalid.
const MaxBatch = 500

// Links joins the persons behind several channels.
type Links interface {
	// LinkPersons makes other the same person as first, for what is sent to persons. Both keep
	// what is theirs. It returns the person that stands for all of them, and
	// fails with an *Error Conflict when a person would have more than five.
	LinkPersons(ctx context.Context, tx Tx, first, other PersonID) (PersonID, error)
	// UnlinkPerson ends the links of a person.
	UnlinkPerson(ctx context.Context, tx Tx, p PersonID) error
	// Linked lists the persons who are one with p, itself among them; the first stands for all.
	Linked(ctx context.Context, tx Tx, p PersonID) ([]PersonID, error)
	// ContactsOf lists what a person and those linked with it can be reached by: without names and addresses.
	ContactsOf(ctx context.Context, tx Tx, p PersonID) ([]Contact, error)
}
