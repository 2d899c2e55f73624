package telegram

import (
	"encoding/json"
	"errors"
)

// The parts of Telegram's updates that are read (core.telegram.org/bots/api).

type wireUpdate struct {
	ID       int64         `json:"update_id"`
	Message  *wireMessage  `json:"message"`
	Edited   *wireMessage  `json:"edited_message"`
	Callback *wireCallback `json:"callback_query"`
	Member   *wireMember   `json:"my_chat_member"`
}

// allowedUpdates are the kinds asked for. The list is sticky at Telegram, so it is always sent.
const allowedUpdates = `["message","edited_message","callback_query","my_chat_member"]`

type wireUser struct {
	ID    int64  `json:"id"`
	Bot   bool   `json:"is_bot"`
	First string `json:"first_name"`
	Last  string `json:"last_name"`
}

type wireChat struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

func (c wireChat) group() bool { return c.Type == "group" || c.Type == "supergroup" }

type wireFile struct {
	ID   string `json:"file_id"`
	Name string `json:"file_name"`
	Type string `json:"mime_type"`
	Size int64  `json:"file_size"`
}

type wirePlace struct {
	Lat float64 `json:"latitude"`
	Lon float64 `json:"longitude"`
}

type wireContact struct {
	Phone string `json:"phone_number"`
	First string `json:"first_name"`
	Last  string `json:"last_name"`
	User  int64  `json:"user_id"`
}

type wireMessage struct {
	ID        int64     `json:"message_id"`
	Thread    int64     `json:"message_thread_id"`
	Topic     bool      `json:"is_topic_message"`
	From      *wireUser `json:"from"`
	Sender    *wireChat `json:"sender_chat"`
	Automatic bool      `json:"is_automatic_forward"`
	Chat      wireChat  `json:"chat"`
	Date      int64     `json:"date"`
	Edited    int64     `json:"edit_date"`
	Text      string    `json:"text"`
	Caption   string    `json:"caption"`
	Album     string    `json:"media_group_id"`
	ReplyTo   *struct {
		ID   int64     `json:"message_id"`
		From *wireUser `json:"from"`
	} `json:"reply_to_message"`

	Photo     []wireFile   `json:"photo"`
	Document  *wireFile    `json:"document"`
	Animation *wireFile    `json:"animation"`
	Video     *wireFile    `json:"video"`
	VideoNote *wireFile    `json:"video_note"`
	Voice     *wireFile    `json:"voice"`
	Audio     *wireFile    `json:"audio"`
	Sticker   *wireFile    `json:"sticker"`
	Contact   *wireContact `json:"contact"`
	Location  *wirePlace   `json:"location"`

	// Things that people send and the bot cannot read.
	Dice      json.RawMessage `json:"dice"`
	Poll      json.RawMessage `json:"poll"`
	Story     json.RawMessage `json:"story"`
	Game      json.RawMessage `json:"game"`
	PaidMedia json.RawMessage `json:"paid_media"`
	Checklist json.RawMessage `json:"checklist"`

	// A group became a supergroup: told in the old chat, and in the new one.
	MigrateTo   int64 `json:"migrate_to_chat_id"`
	MigrateFrom int64 `json:"migrate_from_chat_id"`
}

// unreadable reports whether a person sent something of a kind that is no service message.
func (m *wireMessage) unreadable() bool {
	return m.Dice != nil || m.Poll != nil || m.Story != nil || m.Game != nil || m.PaidMedia != nil || m.Checklist != nil
}

type wireCallback struct {
	ID      string       `json:"id"`
	From    *wireUser    `json:"from"`
	Message *wireMessage `json:"message"` // absent for inline mode; without text and date when Telegram does not have it any more
	Data    string       `json:"data"`
}

type wireMember struct {
	Chat wireChat   `json:"chat"`
	From *wireUser  `json:"from"`
	Date int64      `json:"date"`
	Old  wireStatus `json:"old_chat_member"`
	New  wireStatus `json:"new_chat_member"`
}

type wireStatus struct {
	Status string `json:"status"`
	Member bool   `json:"is_member"`
}

func (s wireStatus) in() bool {
	switch s.Status {
	case "creator", "administrator", "member":
		return true
	}
	return s.Status == "restricted" && s.Member
}

var errNoID = errors.New("an update without an id")

// updateID reads the id alone, so that an update that cannot be decoded is passed over by it.
func updateID(raw json.RawMessage) (int64, error) {
	var u struct {
		ID *int64 `json:"update_id"`
	}
	if err := json.Unmarshal(raw, &u); err != nil || u.ID == nil {
		return 0, errNoID
	}
	return *u.ID, nil
}
