package zalobot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cchcbot/bot"
)

// wireUpdate is as much of an update as is read.
type wireUpdate struct {
	Event   loose           `json:"event_name"`
	Message json.RawMessage `json:"message"`
	Result  json.RawMessage `json:"result"` // of an envelope
}

type wireMessage struct {
	ID   loose `json:"message_id"`
	Date loose `json:"date"` // milliseconds since 1970
	Chat struct {
		ID   loose `json:"id"`
		Type loose `json:"chat_type"`
	} `json:"chat"`
	From struct {
		ID      loose `json:"id"`
		Display loose `json:"display_name"`
		Name    loose `json:"name"`
		Bot     any   `json:"is_bot"`
	} `json:"from"`
	Text     loose `json:"text"`
	Caption  loose `json:"caption"`
	Photo    loose `json:"photo"`
	PhotoURL loose `json:"photo_url"`
	Sticker  loose `json:"sticker"`
	Voice    loose `json:"voice_url"`
}

// Names of events (bot.zaloplatforms.com/docs). All others are read by what
// their message holds.
const (
	eventPrefix      = "message."
	eventImage       = "message.image.received"
	eventSticker     = "message.sticker.received"
	eventVoice       = "message.voice.received"
	eventUnsupported = "message.unsupported.received"
)

// errUnfit is an update that can never be understood.
var errUnfit = errors.New("zalobot: the update has another form than the platform's")

// maxBatch is how many updates are read of one answer, which should hold one.
const maxBatch = 100

// unwrap takes updates out of what the platform may put them in: one alone, a
// list, an envelope around either, or nothing.
func unwrap(raw json.RawMessage) ([]json.RawMessage, error) { return unwrapIn(raw, true) }

func unwrapIn(raw json.RawMessage, envelopes bool) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "{}" {
		return nil, nil
	}
	if raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) > maxBatch {
			return nil, errUnfit
		}
		return list, nil
	}
	var w wireUpdate
	if json.Unmarshal(raw, &w) != nil {
		return nil, errUnfit
	}
	if envelopes && w.Event == "" && w.Message == nil {
		return unwrapIn(w.Result, false)
	}
	return []json.RawMessage{raw}, nil
}

// read understands an update. nil means that nothing comes of it. It asks the
// platform nothing: an update that had to wait could be lost.
func (b *Bot) read(raw json.RawMessage) (*bot.Update, error) {
	var w wireUpdate
	if json.Unmarshal(raw, &w) != nil {
		return nil, errUnfit
	}
	event := string(w.Event)
	if len(w.Message) == 0 || string(w.Message) == "null" || event != "" && !strings.HasPrefix(event, eventPrefix) {
		return nil, nil // "unsupported" may come without its message: nobody can be answered
	}
	var m wireMessage
	if json.Unmarshal(w.Message, &m) != nil || m.Chat.ID == "" || m.From.ID == "" {
		return nil, errUnfit
	}
	if m.From.Bot == true {
		return nil, nil
	}
	u := &bot.Update{
		ID: m.updateID(w.Message), Channel: Name, Chat: string(m.Chat.ID), Group: m.group(), At: m.at(b.opt.Now()),
		From: bot.Sender{ID: string(m.From.ID), Name: cut(strings.TrimSpace(m.name()), 200)},
		Text: b.opt.Clean(m.text()),
	}
	u.Media = m.media(event)
	if m.text() == "" && len(u.Media) == 0 {
		return nil, nil
	}
	if u.Group {
		u.Text = b.withoutName(u.Text)
	}
	return u, nil
}

func (m *wireMessage) name() string {
	if m.From.Display != "" {
		return string(m.From.Display)
	}
	return string(m.From.Name)
}

func (m *wireMessage) text() string {
	switch {
	case m.Text == "":
		return string(m.Caption)
	case m.Caption == "":
		return string(m.Text)
	}
	return string(m.Text) + "\n" + string(m.Caption)
}

// media is what is attached. What the platform does not pass on (files, places,
// contacts, videos) is a document that nobody can open, so that the bot can say so.
func (m *wireMessage) media(event string) []bot.Media {
	photo := m.Photo
	if photo == "" {
		photo = m.PhotoURL
	}
	switch {
	case photo != "" || event == eventImage:
		return []bot.Media{{Kind: bot.Photo, Ref: refOf(string(photo))}}
	case m.Voice != "" || event == eventVoice:
		return []bot.Media{{Kind: bot.Voice, Ref: refOf(string(m.Voice))}}
	case m.Sticker != "" || event == eventSticker:
		return []bot.Media{{Kind: bot.Sticker, Ref: stickerRef(string(m.Sticker))}}
	case event == eventUnsupported, event != "" && m.text() == "" && event != "message.text.received":
		return []bot.Media{{Kind: bot.Document}}
	}
	return nil
}

// stickerRef is a sticker's id. One that looks like an address is none.
func stickerRef(id string) string {
	if len(id) > bot.MaxID || strings.HasPrefix(id, "/") || strings.Contains(id, "://") {
		return ""
	}
	return id
}

// group reports whether others read along. Where the platform does not say,
// a chat that is not named after its writer is taken for a group.
func (m *wireMessage) group() bool {
	switch strings.ToUpper(string(m.Chat.Type)) {
	case "GROUP":
		return true
	case "PRIVATE", "USER":
		return false
	}
	return m.Chat.ID != m.From.ID
}

// at is when it was sent, in the platform's milliseconds; now when that makes no sense.
func (m *wireMessage) at(now time.Time) time.Time {
	n, err := strconv.ParseInt(string(m.Date), 10, 64)
	if err != nil || n <= 0 {
		return now
	}
	at := time.UnixMilli(n)
	if n < 1e11 { // seconds: as milliseconds it would be before 1973
		at = time.Unix(n, 0)
	}
	if at.After(now.Add(24 * time.Hour)) {
		return now
	}
	return at
}

// updateID is the message's id, by which repetitions are known. Whether it is
// unique beyond its chat is not documented, so the chat takes part in it, hashed.
func (m *wireMessage) updateID(raw []byte) string {
	chat := sha256.Sum256([]byte(m.Chat.ID))
	if m.ID == "" || len(m.ID) > bot.MaxID/2 {
		sum := sha256.Sum256(raw)
		return "x" + hex.EncodeToString(sum[:16])
	}
	return string(m.ID) + "-" + hex.EncodeToString(chat[:4])
}

// withoutName takes the mention of the bot out of what was written in a group,
// as far as the bot's names are known by now.
func (b *Bot) withoutName(text string) string {
	b.mu.Lock()
	me := b.me
	b.mu.Unlock()
	if me == nil {
		return text
	}
	for _, name := range []string{me.Display, me.Account} {
		text = dropMention(text, b.opt.Clean(name))
	}
	return text
}

// dropMention removes "@name" in any case, with the comma or colon behind it.
func dropMention(text, name string) string {
	want := []rune("@" + name)
	if len(want) < 3 || !strings.Contains(text, "@") {
		return text
	}
	in := []rune(text)
	var out []rune
	for i := 0; i < len(in); i++ {
		if !hasPrefixFold(in[i:], want) || i > 0 && word(in[i-1]) || i+len(want) < len(in) && word(in[i+len(want)]) {
			out = append(out, in[i])
			continue
		}
		i += len(want) - 1
		if i+1 < len(in) && (in[i+1] == ',' || in[i+1] == ':') {
			i++
		}
		if n := len(out); n > 0 && out[n-1] == ' ' && i+1 < len(in) && in[i+1] == ' ' {
			i++
		}
	}
	return strings.TrimSpace(string(out))
}

func hasPrefixFold(s, prefix []rune) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if unicode.ToLower(s[i]) != unicode.ToLower(r) {
			return false
		}
	}
	return true
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// cut returns at most n letters, valid.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	count := 0
	for i := range s {
		if count == n {
			return s[:i]
		}
		count++
	}
	return s
}
