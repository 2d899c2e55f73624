package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
)

// event is what a Telegram update comes to. Update is nil when nothing comes of it.
type event struct {
	id     int64
	chat   string
	update *bot.Update
	album  string // parts with the same one belong together
	query  string // a callback query that waits for an answer
}

// errUnfit is an update that can never be understood.
var errUnfit = errors.New("telegram: the update has another form than the Bot API's")

// read understands an update. It fails with errUnfit for one that is none, and
// with another error when Telegram had to be asked for the bot's name and did
// not answer: the update must then come again.
func (b *Bot) read(ctx context.Context, raw json.RawMessage) (event, error) {
	var w wireUpdate
	id, err := updateID(raw)
	if err != nil {
		return event{}, errUnfit
	}
	ev := event{id: id}
	if err := json.Unmarshal(raw, &w); err != nil {
		return ev, errUnfit
	}
	switch {
	case w.Callback != nil:
		b.readCallback(w.Callback, &ev)
	case w.Member != nil:
		b.readMember(w.Member, &ev)
	case w.Message != nil:
		err = b.readMessage(ctx, w.Message, &ev)
	case w.Edited != nil && w.Edited.Location == nil: // a live location is "edited" every few seconds
		err = b.readMessage(ctx, w.Edited, &ev)
		if ev.update != nil {
			ev.update.Edited = true
			ev.album = "" // a changed caption is no part of a new album
		}
	}
	if ev.update != nil {
		ev.update.Channel = Name
		if ev.update.ID == "" {
			ev.update.ID = strconv.FormatInt(id, 10)
		}
		if ev.update.At.Unix() <= 0 {
			ev.update.At = b.opt.Now()
		}
	}
	return ev, err
}

func (b *Bot) readCallback(c *wireCallback, ev *event) {
	ev.query = c.ID
	if len(c.ID) > bot.MaxID-len(queryPrefix) {
		ev.query = ""
	}
	if c.Message == nil || c.From == nil || c.From.Bot || c.Data == "" || ev.query == "" {
		return
	}
	m := c.Message
	ev.chat = chatID(m.Chat.ID)
	ev.update = &bot.Update{
		ID: queryPrefix + ev.query, Chat: ev.chat, From: person(c.From), Group: m.Chat.group(), At: b.opt.Now(),
		Button: c.Data, Thread: m.topic(), ReplyTo: chatID(m.ID),
	}
}

// readMember: in a private chat the citizen blocked or unblocked us; in a group
// somebody added or removed us.
func (b *Bot) readMember(m *wireMember, ev *event) {
	was, is := m.Old.in(), m.New.in()
	if m.From == nil || was == is || (m.Chat.Type != "private" && !m.Chat.group()) {
		return // a promotion, or a channel
	}
	ev.chat = chatID(m.Chat.ID)
	u := &bot.Update{Chat: ev.chat, From: person(m.From), Group: m.Chat.group(), At: time.Unix(m.Date, 0)}
	switch {
	case u.Group && is:
		u.Event = bot.EventJoined
	case u.Group:
		u.Event = bot.EventLeft
	case is:
		u.Event = bot.EventFollowed
	default:
		u.Event = bot.EventUnfollowed
	}
	ev.update = u
}

func (b *Bot) readMessage(ctx context.Context, m *wireMessage, ev *event) error {
	ev.chat = chatID(m.Chat.ID)
	if m.Chat.group() {
		switch {
		case m.MigrateTo != 0:
			b.readMove(m, ev.chat, chatID(m.MigrateTo), ev)
			return nil
		case m.MigrateFrom != 0:
			b.readMove(m, chatID(m.MigrateFrom), ev.chat, ev)
			return nil
		}
	}
	from, ok := m.sender()
	if !ok || (m.Chat.Type != "private" && !m.Chat.group()) {
		return nil
	}
	u := &bot.Update{
		Chat: ev.chat, From: from, Group: m.Chat.group(), At: time.Unix(max(m.Date, m.Edited), 0),
		Text: b.opt.Clean(m.Text + m.Caption), Thread: m.topic(), Media: m.media(),
	}
	if m.Location != nil {
		u.Place = &bot.Place{Lat: m.Location.Lat, Lon: m.Location.Lon}
	}
	if c := m.Contact; c != nil {
		// A contact may be anybody's; only the own one tells the sender's number.
		if m.From != nil && c.User == m.From.ID && m.Sender == nil {
			u.From.Phone = phone(c.Phone)
		}
		if u.From.Phone == "" {
			u.Media = append(u.Media, bot.Media{Kind: bot.Card, Name: strings.TrimSpace(c.First + " " + c.Last)})
		}
	}
	if r := m.ReplyTo; r != nil && r.ID != m.Thread { // a post in a topic "answers" the topic's first message
		u.ReplyTo = chatID(r.ID)
	}
	empty := u.Text == "" && len(u.Media) == 0 && u.Place == nil && u.From.Phone == ""
	if empty && m.Text == "" && m.Caption == "" && !m.unreadable() {
		return nil // a service message
	}
	mine, err := b.addressed(ctx, m, u)
	if err != nil || !mine {
		return err
	}
	u.Param = startParam(u.Text)
	ev.update = u
	if m.Album != "" && len(u.Media) > 0 && len(m.Album) <= bot.MaxID {
		ev.album = ev.chat + "/" + m.Album
	}
	return nil
}

// readMove: a group has another id. What waits for the old one is sent to the new
// one, and whoever keeps the old one is told.
func (b *Bot) readMove(m *wireMessage, old, now string, ev *event) {
	if old == now {
		return
	}
	b.moved.Put(old, now)
	from, ok := m.sender()
	if !ok {
		from = bot.Sender{ID: anonymous + now}
	}
	ev.update = &bot.Update{Chat: now, Param: old, From: from, Group: true, At: time.Unix(m.Date, 0), Event: bot.EventMoved}
}

// sender is who wrote. An anonymous administrator is no person, and what other
// channels and bots say is not for us.
func (m *wireMessage) sender() (bot.Sender, bool) {
	switch {
	case m.Automatic:
		return bot.Sender{}, false
	case m.Sender != nil && m.Sender.ID == m.Chat.ID:
		return bot.Sender{ID: anonymous + chatID(m.Chat.ID), Name: cut(m.Sender.Title, 200)}, true
	case m.Sender != nil, m.From == nil, m.From.Bot:
		return bot.Sender{}, false
	}
	return person(m.From), true
}

// anonymous begins the sender's id of a group that writes itself.
const anonymous = "chat:"

// person leaves the language open: that of the app says nothing about what a
// citizen of ours wants to read.
func person(u *wireUser) bot.Sender {
	return bot.Sender{ID: strconv.FormatInt(u.ID, 10), Name: cut(strings.TrimSpace(u.First+" "+u.Last), 200)}
}

func (m *wireMessage) topic() string {
	if !m.Topic || m.Thread <= 1 {
		return ""
	}
	return strconv.FormatInt(m.Thread, 10)
}

// addressed reports whether a message is for the bot, and takes the bot's name
// out of it. In a group an administrator bot sees everything; what people say
// to each other is none of its business.
func (b *Bot) addressed(ctx context.Context, m *wireMessage, u *bot.Update) (bool, error) {
	command, rest, isCommand := splitCommand(u.Text)
	name, at, named := strings.Cut(command, "@")
	switch {
	case isCommand && named && u.Group:
		self, err := b.name(ctx)
		if err != nil {
			return false, err
		}
		if !strings.EqualFold(at, self) {
			return false, nil
		}
		u.Text = strings.TrimSpace(name + " " + rest)
		return true, nil
	case isCommand || !u.Group:
		return true, nil
	case m.ReplyTo != nil && u.ReplyTo != "" && m.ReplyTo.From != nil && m.ReplyTo.From.ID == b.self:
		return true, nil
	case strings.Contains(u.Text, "@"):
		self, err := b.name(ctx)
		if err != nil {
			return false, err
		}
		text, ok := withoutMention(u.Text, self)
		u.Text = text
		return ok, nil
	}
	return false, nil
}

// splitCommand splits "/cmd@bot rest".
func splitCommand(text string) (command, rest string, ok bool) {
	if !strings.HasPrefix(text, "/") {
		return "", text, false
	}
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:]), true
	}
	return text, "", true
}

// withoutMention takes the first "@self" out of a text.
func withoutMention(text, self string) (string, bool) {
	if self == "" {
		return text, false
	}
	mention := "@" + self
	for i := 0; i+len(mention) <= len(text); i++ {
		if text[i] != '@' || !strings.EqualFold(text[i:i+len(mention)], mention) {
			continue
		}
		before, after := text[:i], text[i+len(mention):]
		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(after)
		if nameRune(last) && before != "" || nameRune(next) && after != "" {
			continue // a longer name, or an address
		}
		return strings.TrimSpace(strings.TrimSpace(before) + " " + strings.TrimLeft(after, " ,:")), true
	}
	return text, false
}

func nameRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

var paramForm = regexp.MustCompile(`^/start\s+([A-Za-z0-9_-]{1,64})$`)

// startParam is what a deep link (t.me/bot?start=…) carried.
func startParam(text string) string {
	if m := paramForm.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// doubleStart is how long after an unblocking a bare /start is the same press
// of the same button: the app sends both.
const doubleStart = 5 * time.Second

// again reports whether a bare /start says what the unblocking just said.
func (b *Bot) again(u bot.Update) bool {
	if u.Text != "/start" || u.Group {
		return false
	}
	at, ok := b.followed.Get(u.Chat)
	return ok && !u.At.Before(at) && u.At.Sub(at) <= doubleStart
}

// media lists what a message holds besides text. An animation comes as a document too.
func (m *wireMessage) media() []bot.Media {
	var out []bot.Media
	add := func(kind bot.MediaKind, f *wireFile, mime string) {
		if f == nil || f.ID == "" || ours(f.ID) {
			return
		}
		if f.Type != "" {
			mime = f.Type
		}
		out = append(out, bot.Media{Kind: kind, Ref: f.ID, Name: cut(f.Name, 400), Type: cut(mime, 100), Size: max(f.Size, 0)})
	}
	if n := len(m.Photo); n > 0 {
		largest := &m.Photo[0]
		for i := range m.Photo {
			if m.Photo[i].Size >= largest.Size {
				largest = &m.Photo[i]
			}
		}
		add(bot.Photo, largest, "image/jpeg")
	}
	if m.Animation == nil {
		add(bot.Document, m.Document, "")
	}
	add(bot.Video, m.Animation, "")
	add(bot.Video, m.Video, "")
	add(bot.Video, m.VideoNote, "video/mp4")
	add(bot.Voice, m.Voice, "audio/ogg")
	add(bot.Document, m.Audio, "")
	add(bot.Sticker, m.Sticker, "")
	return out
}

// phone keeps the digits of a number and a plus in front of them.
func phone(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' || r == '+' && out.Len() == 0 {
			out.WriteRune(r)
		}
	}
	if n := out.Len(); n < 5 || n > 20 {
		return ""
	}
	return out.String()
}

// cut shortens a hostile string to about n bytes before anything looks at it.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// merge makes one update of the parts of an album, which are in order. Its id
// names the first and the last part: sent again it is the same, and with a part
// more it is another one, so that no part is taken for seen.
func merge(parts []bot.Update) bot.Update {
	u := parts[0]
	u.Media = nil
	for i, p := range parts {
		if room := bot.MaxMedia - len(u.Media); room > 0 {
			u.Media = append(u.Media, p.Media[:min(len(p.Media), room)]...)
		}
		if i > 0 && p.Text != "" {
			u.Text = strings.TrimSpace(u.Text + "\n" + p.Text)
		}
	}
	if n := len(parts); n > 1 {
		u.ID = fmt.Sprintf("%s-%s", u.ID, parts[n-1].ID)
	}
	return u
}
