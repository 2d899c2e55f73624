package faketelegram

import (
	"strconv"
	"strings"
	"time"
)

// Person is a user of Telegram.
type Person struct {
	ID       int64
	Name     string
	Language string // of the app, as "language_code"
}

// Chat is a private chat or a group.
type Chat struct {
	ID    int64
	Type  string // "private" or "supergroup", "group"
	Title string

	started  bool // the person pressed Start once
	blocked  bool
	deleted  bool // the account is deactivated
	joined   bool // the bot is in the group
	kicked   bool // and was there once
	admin    bool // the bot sees everything
	muted    bool // and may not write
	forum    bool
	topics   map[int64]*topic
	movedTo  int64
	shown    []*Message
	last     int64 // message id
	keyboard [][]Button
}

type topic struct{ closed bool }

// Message is one message as a chat shows it.
type Message struct {
	ID      int64
	Bot     bool // the bot's own
	Text    string
	Markup  string // as it was sent, with entities
	Buttons [][]Button
	Media   []Media
	ReplyTo int64
	Topic   int64
	Silent  bool
	Edited  int // how often
	mine    bool
}

// Button is below a message, or on the keyboard when it asks for something or types its title.
type Button struct {
	Title   string
	Data    string // callback_data
	URL     string
	Request string // "contact" or "location"
	Key     bool   // it stands on the keyboard
}

// Media is an attachment that is shown.
type Media struct {
	Kind string // "photo", "document", …
	File string // file_id
	Name string
	Size int
}

type query struct {
	at       time.Time
	from     int64
	answered bool
}

// Person returns the user of that name, who exists from the first call on.
func (s *Server) Person(name string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[name]
	if p == nil {
		p = &Person{ID: s.number(), Name: name}
		s.people[name] = p
		s.chats[p.ID] = &Chat{ID: p.ID, Type: "private", last: 100}
	}
	return p
}

// Group returns the supergroup of that title; the bot is not in it yet.
func (s *Server) Group(title string) *Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[title]
	if g == nil {
		g = &Chat{ID: -1_000_000_000_000 - s.number(), Type: "supergroup", Title: title, last: 100, topics: map[int64]*topic{}}
		s.groups[title] = g
		s.chats[g.ID] = g
	}
	return g
}

// Topic opens a topic in a group and returns its id.
func (s *Server) Topic(g *Chat) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.forum = true
	g.last++
	g.topics[g.last] = &topic{}
	return g.last
}

// CloseTopic closes it.
func (s *Server) CloseTopic(g *Chat, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.topics[id].closed = true
}

// Admin makes the bot see everything in a group; Mute forbids it to write.
func (s *Server) Admin(g *Chat) { s.set(func() { g.admin = true }) }

// Mute forbids the bot to write in a group, or allows it again.
func (s *Server) Mute(g *Chat, on bool) { s.set(func() { g.muted = on }) }

// Deactivate ends a person's account.
func (s *Server) Deactivate(p *Person) { s.set(func() { s.chats[p.ID].deleted = true }) }

func (s *Server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func user(p *Person) map[string]any {
	u := map[string]any{"id": p.ID, "is_bot": false, "first_name": p.Name}
	if p.Language != "" {
		u["language_code"] = p.Language
	}
	return u
}

func (s *Server) botUser() map[string]any {
	return map[string]any{"id": s.id, "is_bot": true, "first_name": "Cải cách hành chính", "username": s.opt.Username}
}

func (c *Chat) json(p *Person) map[string]any {
	m := map[string]any{"id": c.ID, "type": c.Type}
	if c.Title != "" {
		m["title"] = c.Title
	} else if p != nil {
		m["first_name"] = p.Name
	}
	if c.forum {
		m["is_forum"] = true
	}
	return m
}

// Incoming is what a person sends.
type Incoming struct {
	From      *Person
	Chat      *Chat // nil for the private chat
	Text      string
	Photo     []byte // and Document, Voice, Video: contents
	Document  []byte
	Name      string // of the document
	Type      string // its media type
	Voice     []byte
	Video     []byte
	Sticker   bool
	Poll      bool
	Lat, Lon  *float64
	Live      bool // a live location
	Phone     string
	PhoneOf   *Person // whose number it is; nil means the sender's own
	ReplyTo   int64
	Topic     int64
	Album     string
	Anonymous bool  // an administrator who writes as the group
	Edit      int64 // replaces that message
	Size      int   // claimed size of the file, where larger than its contents
}

// Send sends, and returns the ids of the message and of the update that the
// bot gets, 0 when it gets none.
func (s *Server) Send(in Incoming) (message, update int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat := in.Chat
	if chat == nil {
		chat = s.chats[in.From.ID]
	}
	if chat.Type == "private" {
		chat.started = true // whoever writes has pressed Start before
	}
	m := map[string]any{"chat": chat.json(in.From), "date": s.opt.Now().Unix(), "from": user(in.From)}
	kind := "message"
	id := in.Edit
	if id != 0 {
		kind = "edited_message"
		m["edit_date"] = s.opt.Now().Unix()
	} else {
		chat.last++
		id = chat.last
	}
	m["message_id"] = id
	if in.Anonymous {
		m["from"] = map[string]any{"id": 1087968824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"}
		m["sender_chat"] = chat.json(nil)
	}
	s.content(&in, m)
	if in.Topic != 0 {
		m["message_thread_id"], m["is_topic_message"] = in.Topic, true
	}
	toBot := s.reference(chat, &in, m)
	if in.Edit == 0 {
		chat.shown = append(chat.shown, &Message{ID: id, Text: in.Text, ReplyTo: in.ReplyTo, Topic: in.Topic, mine: true})
	}
	if !s.hears(chat, in.Text, toBot) {
		return id, 0
	}
	return id, s.push(kind, "chat"+strconv.FormatInt(chat.ID, 10), m)
}

// reference puts the message in that is answered, and reports whether it is the bot's.
func (s *Server) reference(chat *Chat, in *Incoming, m map[string]any) (toBot bool) {
	ref := in.ReplyTo
	if ref == 0 {
		if in.Topic != 0 { // a post in a topic "answers" its first message
			m["reply_to_message"] = map[string]any{"message_id": in.Topic, "chat": chat.json(nil), "from": m["from"]}
		}
		return false
	}
	to := map[string]any{"message_id": ref, "chat": chat.json(in.From), "from": user(in.From)}
	for _, x := range chat.shown {
		if x.ID == ref && x.Bot {
			to["from"], to["text"] = s.botUser(), x.Text
			toBot = true
		}
	}
	m["reply_to_message"] = to
	return toBot
}

// hears: with privacy mode on a bot gets of a group what is addressed to it.
func (s *Server) hears(chat *Chat, text string, reply bool) bool {
	if chat.Type == "private" {
		return !chat.blocked
	}
	if !chat.joined {
		return false
	}
	command, _, _ := strings.Cut(text, " ")
	if strings.HasPrefix(text, "/") {
		_, at, named := strings.Cut(command, "@")
		last := len(chat.shown) > 1 && chat.shown[len(chat.shown)-2].Bot
		return chat.admin || strings.EqualFold(at, s.opt.Username) || !named && last
	}
	return chat.admin || reply
}

// content puts what is sent into a message.
func (s *Server) content(in *Incoming, m map[string]any) {
	attached := true
	put := func(kind string, data []byte, extra map[string]any) {
		f := s.keep(kind, data, in.Name, in.Type)
		if in.Size > len(data) {
			f.size = in.Size
		}
		v := map[string]any{"file_id": f.id, "file_unique_id": f.id + "u", "file_size": f.size}
		for k, x := range extra {
			v[k] = x
		}
		if kind == "photo" { // two sizes, the smaller first
			small := s.keep("photo", data[:len(data)/2], "", "")
			m[kind] = []any{map[string]any{"file_id": small.id, "file_unique_id": "s", "file_size": small.size, "width": 90, "height": 90}, v}
			return
		}
		m[kind] = v
	}
	switch {
	case in.Photo != nil:
		put("photo", in.Photo, map[string]any{"width": 900, "height": 900})
	case in.Document != nil:
		put("document", in.Document, map[string]any{"file_name": in.Name, "mime_type": in.Type})
	case in.Voice != nil:
		put("voice", in.Voice, map[string]any{"mime_type": "audio/ogg", "duration": 3})
	case in.Video != nil:
		put("video", in.Video, map[string]any{"mime_type": "video/mp4", "duration": 3, "width": 10, "height": 10})
	case in.Sticker:
		put("sticker", []byte("WEBP"), map[string]any{"emoji": "🙂", "type": "regular"})
	default:
		attached = false
	}
	if in.Album != "" {
		m["media_group_id"] = in.Album
	}
	if in.Text != "" && attached {
		m["caption"] = in.Text
	} else if in.Text != "" {
		m["text"] = in.Text
	}
	if in.Poll {
		m["poll"] = map[string]any{"id": "1", "question": "?", "options": []any{}}
	}
	if in.Lat != nil {
		place := map[string]any{"latitude": *in.Lat, "longitude": *in.Lon}
		if in.Live {
			place["live_period"] = 900
		}
		m["location"] = place
	}
	if in.Phone != "" {
		of := in.PhoneOf
		if of == nil {
			of = in.From
		}
		m["contact"] = map[string]any{"phone_number": in.Phone, "first_name": of.Name, "user_id": of.ID}
	}
}

// Type sends a text to the bot in the private chat.
func (s *Server) Type(p *Person, text string) (message, update int64) {
	return s.Send(Incoming{From: p, Text: text})
}

// Block stops the bot from writing to a person; Unblock lets it again, by the
// button "Restart", which sends /start as well.
func (s *Server) Block(p *Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[p.ID].blocked = true
	s.status(s.chats[p.ID], p, "member", "kicked")
}

// Unblock undoes Block.
func (s *Server) Unblock(p *Person) {
	s.mu.Lock()
	s.chats[p.ID].blocked = false
	s.chats[p.ID].started = true
	s.status(s.chats[p.ID], p, "kicked", "member")
	s.mu.Unlock()
	s.Type(p, "/start")
}

// Follow tells the bot that a person unblocked it, and nothing else.
func (s *Server) Follow(p *Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[p.ID].blocked = false
	s.chats[p.ID].started = true
	s.status(s.chats[p.ID], p, "kicked", "member")
}

// Known makes a person one who pressed Start long ago: the bot hears nothing of it.
func (s *Server) Known(p *Person) { s.set(func() { s.chats[p.ID].started = true }) }

// Join adds the bot to a group; Kick removes it.
func (s *Server) Join(p *Person, g *Chat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.joined, g.kicked = true, false
	s.status(g, p, "left", "member")
}

// Admit adds the bot to a group as an administrator who sees everything,
// before the bot was there to hear of it.
func (s *Server) Admit(g *Chat) { s.set(func() { g.joined, g.admin = true, true }) }

// Kick undoes Join.
func (s *Server) Kick(p *Person, g *Chat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.joined, g.kicked = false, true
	s.status(g, p, "member", "kicked")
}

func (s *Server) status(c *Chat, p *Person, was, is string) {
	member := func(status string) map[string]any { return map[string]any{"status": status, "user": s.botUser()} }
	s.push("my_chat_member", "chat"+strconv.FormatInt(c.ID, 10), map[string]any{
		"chat": c.json(p), "from": user(p), "date": s.opt.Now().Unix(), "old_chat_member": member(was), "new_chat_member": member(is),
	})
}

// Migrate makes another supergroup of a group, with another id and fresh
// message ids, and tells the bot in both.
func (s *Server) Migrate(p *Person, g *Chat) *Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := &Chat{ID: -1_000_000_000_000 - s.number(), Type: "supergroup", Title: g.Title, joined: true, topics: map[int64]*topic{}}
	s.chats[to.ID] = to
	g.movedTo, g.Type = to.ID, "group"
	message := func(c *Chat, key string, id int64) {
		c.last++
		s.push("message", "chat"+strconv.FormatInt(c.ID, 10), map[string]any{
			"message_id": c.last, "date": s.opt.Now().Unix(), "chat": c.json(nil), "from": user(p), key: id,
		})
	}
	message(g, "migrate_to_chat_id", to.ID)
	message(to, "migrate_from_chat_id", g.ID)
	return to
}
