package bot

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is something that happened which is not a message.
type Event string

// The events that channels report.
const (
	EventNone       Event = ""
	EventFollowed   Event = "followed"   // pressed Start, followed, unblocked
	EventUnfollowed Event = "unfollowed" // blocked or unfollowed us
	EventJoined     Event = "joined"     // the bot was added to a group
	EventLeft       Event = "left"       // the bot was removed from a group
	EventErase      Event = "erase"      // the platform passes on a wish to be forgotten
	// A person of the office writes in the citizen's chat: the bot keeps quiet there for a while.
	EventTakenOver Event = "taken_over"
	// That person gives the chat back to the bot.
	EventHandedBack Event = "handed_back"
	// A group has another chat id from now on: Chat is the new one, Param the old one. It may come twice.
	EventMoved Event = "moved"
)

// MediaKind is what a citizen or the bot sent besides text.
type MediaKind string

// The kinds of media.
const (
	Photo    MediaKind = "photo"
	Video    MediaKind = "video"
	Voice    MediaKind = "voice"
	Document MediaKind = "document"
	Sticker  MediaKind = "sticker"
	Card     MediaKind = "card" // business card or shared contact
)

// Media is one attachment. Bytes never travel in an update: Ref is the
// channel's handle, which a Fetcher turns into bytes.
type Media struct {
	Kind MediaKind `json:"kind"`
	Ref  string    `json:"ref,omitempty"`  // the channel's id of the file, or an address of ours
	Name string    `json:"name,omitempty"` // file name as the sender gave it; hostile
	Type string    `json:"type,omitempty"` // media type by content, where known
	Size int64     `json:"size,omitempty"` // bytes, 0 unknown
	Alt  string    `json:"alt,omitempty"`  // what a person who cannot see it should read
}

// Place is a shared location in degrees, WGS 84.
type Place struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Valid reports whether the place is on Earth.
func (p Place) Valid() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180
}

// Sender is who wrote, as the channel knows them. The person behind it is
// found by the store: see [Contact].
type Sender struct {
	ID       string `json:"id"`                 // the channel's user id
	Name     string `json:"name,omitempty"`     // display name; hostile
	Language string `json:"language,omitempty"` // chosen in the channel's own settings, "vi" or "en"; the citizen's choice here wins
	Phone    string `json:"phone,omitempty"`    // only when the sender shared the own number in this update
}

// Update is what happened, in no channel's dialect.
type Update struct {
	ID      string `json:"id"`      // unique in the channel: Channel+ID is the dedupe key
	Channel string `json:"channel"` // Channel.Name
	Chat    string `json:"chat"`    // where an answer goes

	From  Sender    `json:"from"`
	At    time.Time `json:"at"`
	Group bool      `json:"group,omitempty"` // Chat has other members who read along

	Text   string  `json:"text,omitempty"`   // NFC, cleaned and trimmed by Accept
	Button string  `json:"button,omitempty"` // payload of a pressed button; untrusted
	Media  []Media `json:"media,omitempty"`
	Place  *Place  `json:"place,omitempty"`
	Event  Event   `json:"event,omitempty"`
	Param  string  `json:"param,omitempty"` // what a deep link or command carried; untrusted

	Thread  string `json:"thread,omitempty"`   // topic inside a group
	ReplyTo string `json:"reply_to,omitempty"` // platform id of the message this answers
	Edited  bool   `json:"edited,omitempty"`   // replaces the earlier message with this id
	// Notice is a text key the citizen is told before anything else, set by a
	// channel that had to leave something out ("only the first 10,000 letters were read").
	Notice string `json:"notice,omitempty"`
}

// Limits of one update. A platform's own limits are tighter; these hold for
// everything that can reach the inbox.
const (
	MaxText    = 10_000 // letters kept of a text; the rest is cut and the citizen is told
	MaxMedia   = 20
	MaxID      = 200 // bytes of an id, chat or thread
	MaxPayload = 64  // bytes of a button's payload (Telegram's limit, the tightest)
)

// Check returns what makes an update unfit for the inbox, or nil.
func (u *Update) Check() error {
	for name, v := range map[string]string{
		"id": u.ID, "channel": u.Channel, "chat": u.Chat, "sender": u.From.ID,
	} {
		if v == "" || len(v) > MaxID {
			return &Error{Code: Invalid, Detail: fmt.Sprintf("update %s is empty or longer than %d bytes", name, MaxID)}
		}
	}
	switch {
	case len(u.Thread) > MaxID, len(u.ReplyTo) > MaxID, len(u.Param) > MaxID:
		return &Error{Code: Invalid, Detail: "update thread, reply or parameter is too long"}
	case len(u.Button) > MaxPayload:
		return &Error{Code: Invalid, Detail: "button payload is longer than 64 bytes"}
	case len(u.Media) > MaxMedia:
		return &Error{Code: Invalid, Detail: "update has too many attachments"}
	case u.Place != nil && !u.Place.Valid():
		return &Error{Code: Invalid, Detail: "place is not on Earth"}
	}
	return nil
}

// Normalize cleans everything that people wrote with clean (which makes text
// NFC, printable and trimmed) and cuts it to the limits.
func (u *Update) Normalize(clean func(string) string) {
	u.Text = clean(u.Text)
	if cut, ok := cutRunes(u.Text, MaxText); ok {
		u.Text = cut
		u.Notice = "bot.text_cut"
	}
	u.From.Name, _ = cutRunes(strings.ReplaceAll(clean(u.From.Name), "\n", " "), 100)
	for i := range u.Media {
		u.Media[i].Name, _ = cutRunes(strings.ReplaceAll(clean(u.Media[i].Name), "\n", " "), 200)
	}
	if !utf8.ValidString(u.Button) {
		u.Button = ""
	}
}

// Key identifies the conversation an update belongs to: in a group everybody
// has one of their own.
func (u *Update) Key() SessionKey {
	return SessionKey{Channel: u.Channel, Chat: u.Chat, User: u.From.ID}
}

func cutRunes(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	count := 0
	for i := range s {
		if count == n {
			return strings.TrimRight(s[:i], " \n"), true
		}
		count++
	}
	return s, false
}
