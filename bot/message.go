package bot

import "time"

// Request asks the citizen's app for something only the citizen can give.
type Request string

// What a button may ask for.
const (
	RequestNothing  Request = ""
	RequestLocation Request = "location"
	RequestContact  Request = "contact"
)

// Button is one choice under a message. It either carries a Payload
// ("feature:verb:arg", at most 64 bytes), opens a URL, or makes a Request.
type Button struct {
	Key     string // text key of the title; "" when Title is given as data
	Args    []any  // pairs of name and value for Key
	Title   string // the title itself, for names that come from data
	Payload string
	URL     string
	Request Request
	// Word keeps the button out of the numbering: it is typed as its title.
	// The controls of a form are words, so that "1" stays an answer.
	Word bool
}

// Reply is what a handler says: words by key, filled in from the catalog in
// the citizen's language when the turn commits.
type Reply struct {
	Key     string
	Args    []any    // pairs of name and value
	Text    string   // text from data (an answer card), used when Key is ""
	Buttons []Button // likeliest first; the kernel lays them out or numbers them
	Media   []Media
	// Quiet keeps earlier menu numbers valid: this reply offers none of its own.
	Quiet bool
	// Thing is what the reply is about, see Outgoing.Thing: an answer to it finds its case.
	Thing string
}

// Lane is how urgent a message is. Replies always go first.
type Lane string

// The lanes, most urgent first.
const (
	LaneReply     Lane = "reply"     // answers the message just received
	LaneFollowUp  Lane = "followup"  // a later word on the citizen's own case
	LaneBroadcast Lane = "broadcast" // news
)

// Lanes in the order in which delivery serves them.
var Lanes = [...]Lane{LaneReply, LaneFollowUp, LaneBroadcast}

// Address is where a message goes.
type Address struct {
	Channel string `json:"channel"`
	Chat    string `json:"chat"`
	Thread  string `json:"thread,omitempty"`
}

// Outgoing is a message that a turn, a page or a job wants sent.
type Outgoing struct {
	To       Address
	Lang     string // "" means the default language
	Reply    Reply
	Lane     Lane      // "" means LaneFollowUp
	Unique   string    // when not "": a second message with the same value is not queued
	Contact  ContactID // whom an opt-out concerns; 0 when unknown
	NotUntil time.Time // earliest time to send
	ReplyTo  string    // platform id of the message it answers
	Thing    string    // what it is about, for operators: "complaint:K7M3-9QX2"
}

// MessageButton is a button as a channel shows it.
type MessageButton struct {
	Title   string  `json:"title"`
	Payload string  `json:"payload,omitempty"`
	URL     string  `json:"url,omitempty"`
	Request Request `json:"request,omitempty"`
	// Word: it has no number where choices are numbered, see Button.Word.
	Word bool `json:"word,omitempty"`
}

// Message is one platform call: text rendered, split and laid out for the
// channel it goes to. It is what the outbox keeps, sealed.
type Message struct {
	ID      string            `json:"id"` // ours; stable over retries
	To      Address           `json:"to"`
	Lang    string            `json:"lang"`
	Text    string            `json:"text"`
	Buttons [][]MessageButton `json:"buttons,omitempty"` // rows
	Media   []Media           `json:"media,omitempty"`
	ReplyTo string            `json:"reply_to,omitempty"`
	// Update is the id of the update this answers, "" when it answers none.
	Update string `json:"update,omitempty"`
}

// Receipt is a platform's word that it took a message.
type Receipt struct {
	ID   string // the platform's id of the message, "" when it gives none
	Note string // what the channel's Gate wants to know at the next message to this chat, at most MaxNote bytes; "" keeps the last one
}

// LengthUnit is what a channel counts text in.
type LengthUnit int

// The units of text length.
const (
	Runes LengthUnit = iota // Unicode code points
	UTF16                   // UTF-16 code units
	Bytes
)

// Pace is how fast a channel may be used. Zero means no limit of that kind.
type Pace struct {
	PerSecond      float64 // all chats together
	Burst          int
	PerChatSecond  float64 // one chat
	ChatBurst      int
	PerGroupMinute float64 // one group
}

// Limiter says what a channel can take now; every Channel is one.
type Limiter interface{ Limits() Limits }

// Limits makes fixed limits a Limiter.
func (l Limits) Limits() Limits { return l }

// Limits is what a channel can take.
type Limits struct {
	Text        int        // longest text, in Unit; 0 means no limit
	Unit        LengthUnit // what Text counts
	Buttons     int        // most buttons in a message; 0 means none: the kernel numbers the choices
	ButtonTitle int        // longest title in letters
	RowButtons  int        // most buttons in a row; 0 means one
	Media       bool       // can send attachments
	Location    bool       // can ask for a location by button
	Contact     bool       // can ask for a phone number by button
	Pace        Pace
}

// Post is an article for everybody who follows an account. A [Publisher] cuts what is
// longer than its platform takes, at the end of a word.
type Post struct {
	Title      string
	Summary    string
	Author     string
	Cover      *Media // a picture with a public address; nil for none
	Paragraphs []string
}
