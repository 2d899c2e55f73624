// Package items is the core of news: what an item is, who may do what to it, who
// gets it, and what became of it. It is the only writer of the tables news_….
//
// An item is written, checked, approved by a second person on its exact bytes,
// scheduled at a fair hour and sent: [Desk.Do] is the one door, and one table of
// transitions decides. Any edit makes an approval void. A job then takes
// the subscribers in batches, each in one transaction with the place it came to, so that
// it can die anywhere and goes on where it was.
package items

import (
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
)

// State is how far an item is.
type State string

// The states of an item; docs/states.md draws them.
const (
	Draft     State = "draft"
	Checked   State = "checked"   // an editor read it
	Approved  State = "approved"  // a second person approved these very bytes
	Scheduled State = "scheduled" // waits for its hour
	Sending   State = "sending"
	Paused    State = "paused"
	Stopped   State = "stopped"   // ended before everybody got it
	Done      State = "done"      // nothing of it is left to send
	Corrected State = "corrected" // a correction was sent
	Cancelled State = "cancelled" // given up before it was sent
)

// States lists the states, in the order of an item's life.
func States() []State {
	return []State{Draft, Checked, Approved, Scheduled, Sending, Paused, Stopped, Done, Corrected, Cancelled}
}

// Public reports whether an item in the state stands in the column.
func (s State) Public() bool {
	switch s {
	case Sending, Paused, Stopped, Done, Corrected:
		return true
	}
	return false
}

// Topics that are no fields of procedures.
const (
	TopicReform     = "cchc"           // the reform, programmes and articles about it
	TopicProcedures = "thu-tuc"        // new, changed and abolished procedures
	TopicContests   = "hoi-thi"        // contests
	TopicExamples   = "guong"          // good examples and shortcomings
	TopicHotlines   = "duong-day-nong" // hotlines and addresses
	// TopicAll stands among a subscriber's choices for every topic, those to come too.
	TopicAll = "*"
)

// OwnTopics are the topics that are no fields, in the order in which they are shown.
func OwnTopics() []string {
	return []string{TopicReform, TopicProcedures, TopicContests, TopicExamples, TopicHotlines}
}

// Kinds of sources.
const (
	SourceStation    = "station"    // the provincial station
	SourceNewspaper  = "newspaper"  // Báo Hải Dương
	SourcePortal     = "portal"     // a portal of the State
	SourceDepartment = "department" // a body's own
)

// SourceKinds lists the kinds of sources.
func SourceKinds() []string {
	return []string{SourceDepartment, SourcePortal, SourceNewspaper, SourceStation}
}

// Limits of an item, in letters. Title and summary together with what stands around
// them fit in one message of the platform with the shortest (2000).
const (
	MaxTitle   = 150
	MaxSummary = 1000
	MaxBody    = 20_000
	maxName    = 200
	maxLink    = 1000
	MaxTopics  = 5
	maxPlaces  = 50
	maxReason  = 1000
)

// Content is what an item says, and to whom: the bytes that are approved.
type Content struct {
	Title      string   `json:"title"`
	Summary    string   `json:"summary"` // what a message carries
	Body       string   `json:"body,omitempty"`
	Link       string   `json:"link,omitempty"`
	SourceKind string   `json:"source_kind"`
	SourceName string   `json:"source_name,omitempty"`
	Topics     []string `json:"topics"`
	Places     []string `json:"places,omitempty"`     // communes; none: everywhere
	Audience   string   `json:"audience,omitempty"`   // in words, for the plan: "doanh nghiệp"
	Picture    string   `json:"picture,omitempty"`    // id in bot/media
	Attachment string   `json:"attachment,omitempty"` // id in bot/media
	// Quiet keeps the item in the column: nobody is sent it.
	Quiet bool `json:"quiet,omitempty"`
	// Article puts the item before everybody who follows an account, on the channels that publish articles
	// (Zalo). There nobody gets it as a message: the platform cannot leave people out, and nobody is to get it twice.
	Article bool `json:"article,omitempty"`
}

// Item is an item of news.
type Item struct {
	ID       int64
	State    State
	Version  int64 // grows with everything that happens
	Revision int   // number of the edit in force
	Hash     string
	Content  Content
	// SourceKey names where a draft came from, for those made by a program: nothing comes twice.
	SourceKey  string
	Agency     string // whose contributor wrote it
	Author     string // "staff:12", "job"
	Editor     string // who wrote the revision in force
	Checker    string
	Approver   string
	ApprovedAt time.Time
	Corrects   int64 // the item that this one corrects; 0: none
	Urgent     bool  // goes out at any hour
	Scheduled  time.Time
	Created    time.Time
	Updated    time.Time
	Published  time.Time // when it came into the column
	Finished   time.Time
	Progress   Progress

	approved string // hash
	trial    string // key of a link that opens it before it is public; "" but for a test
	spread   int64
	cursor   int64
	top      int64
	expanded bool
	waits    bool // an article of it, or a message that is held: also when it is done
}

// Progress says how far the sending is; [Desk.Figures] knows more.
type Progress struct {
	Expanded bool // everybody who is to get it was found
	Queued   int  // people who were found
	Gone     int  // of those who asked: no channel on which they can be reached, or one where they read the article
	Capped   int  // had enough today; it stands in their next digest
	Sent     int  // when it ended
	Failed   int
	Left     int // left a topic, or all news, after it
	Opened   int // openings of its short link
}

// Thing is how an item is called in the outbox and the audit trail.
func Thing(id int64) string { return "news:" + itoa(id) }

// Action is something that is done to an item.
type Action string

// The actions. Those of the system are done by jobs.
const (
	Edit       Action = "edit"
	Check      Action = "check"
	Approve    Action = "approve"
	Return     Action = "return" // back to the author, with a reason
	Schedule   Action = "schedule"
	Unschedule Action = "unschedule"
	Pause      Action = "pause"
	Resume     Action = "resume"
	Stop       Action = "stop"
	Again      Action = "again" // once more to those who failed
	Cancel     Action = "cancel"
	Begin      Action = "begin"
	Finish     Action = "finish"
	Supersede  Action = "correct" // its correction was sent
)

// Command is one action with what it brings.
type Command struct {
	Action  Action
	Version int64     // of the item as the actor saw it; 0 means any
	Content Content   // Edit
	Hash    string    // Approve: of the bytes that were read
	At      time.Time // Schedule; zero: as soon as it is fair
	Urgent  bool      // Schedule: at any hour, for danger to life; needs Reason
	Reason  string    // Return, Stop, urgent Schedule
}

// Actor is who does something.
type Actor struct {
	Officer bot.Officer
	System  bool // a job
}

// Ref says who it is, as the audit trail has it.
func (a Actor) Ref() string {
	if a.System {
		return "job"
	}
	return a.Officer.Actor()
}

// check cleans a content and says what is wrong with it, by field.
func (c *Content) check(clean func(string) string, topic, place func(string) bool, link func(string) (string, bool)) error {
	for _, f := range []struct {
		text *string
		most int
		key  string
		need bool
	}{
		{&c.Title, MaxTitle, "news.invalid_title", true}, {&c.Summary, MaxSummary, "news.invalid_summary", true},
		{&c.Body, MaxBody, "news.invalid_body", false}, {&c.SourceName, maxName, "news.invalid_source", false},
		{&c.Audience, maxName, "news.invalid_audience", false},
	} {
		*f.text = clean(*f.text)
		if n := utf8.RuneCountInString(*f.text); n > f.most || f.need && n == 0 {
			return invalid(f.key, "most", f.most)
		}
	}
	c.Title = strings.Join(strings.Fields(c.Title), " ")
	if c.Link = strings.TrimSpace(c.Link); c.Link != "" {
		var ok bool
		if c.Link, ok = link(c.Link); !ok {
			return invalid("news.invalid_link")
		}
	}
	if !contains(SourceKinds(), c.SourceKind) {
		return invalid("news.invalid_source", "most", maxName)
	}
	c.Topics, c.Places = distinct(c.Topics), distinct(c.Places)
	if len(c.Topics) == 0 || len(c.Topics) > MaxTopics {
		return invalid("news.invalid_topics", "most", MaxTopics)
	}
	for _, t := range c.Topics {
		if t == TopicAll || !topic(t) {
			return invalid("news.invalid_topics", "most", MaxTopics)
		}
	}
	if len(c.Places) > maxPlaces {
		return invalid("news.invalid_places", "most", maxPlaces)
	}
	for _, p := range c.Places {
		if !place(p) {
			return invalid("news.invalid_places", "most", maxPlaces)
		}
	}
	if len(c.Picture) > maxName || len(c.Attachment) > maxName {
		return invalid("news.invalid_file")
	}
	return nil
}
