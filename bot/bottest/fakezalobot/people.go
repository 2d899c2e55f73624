package fakezalobot

import (
	"net/http"
	"strings"
)

// Person is a user of Zalo. The id of the private chat is the person's.
type Person struct {
	ID   string
	Name string
}

// Chat is a private chat or a group.
type Chat struct {
	ID    string
	Title string
	Group bool

	blocked bool
	joined  bool
	shown   []*Message
}

// Message is one message as a chat shows it.
type Message struct {
	ID      string
	Bot     bool // the bot's own
	Text    string
	Photo   string // its address
	Sticker string
	Voice   string
}

// Person returns the user of that name, who exists from the first call on.
func (s *Server) Person(name string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[name]
	if p == nil {
		p = &Person{ID: s.id("u"), Name: name}
		s.people[name] = p
		s.chats[p.ID] = &Chat{ID: p.ID}
	}
	return p
}

// Group returns the group of that title. Join adds the bot to it.
func (s *Server) Group(title string) *Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[title]
	if g == nil {
		g = &Chat{ID: s.id("g"), Title: title, Group: true}
		s.groups[title] = g
		s.chats[g.ID] = g
	}
	return g
}

// Join adds the bot to a group and Kick removes it. The bot hears of neither.
func (s *Server) Join(g *Chat) { s.set(func() { g.joined = true }) }

// Kick undoes Join.
func (s *Server) Kick(g *Chat) { s.set(func() { g.joined = false }) }

// Block stops the bot from writing to a person, and Unblock lets it again.
func (s *Server) Block(p *Person) { s.set(func() { s.chats[p.ID].blocked = true }) }

// Unblock undoes Block.
func (s *Server) Unblock(p *Person) { s.set(func() { s.chats[p.ID].blocked = false }) }

func (s *Server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.notify()
}

// Shown returns what the bot wrote into a chat, oldest first.
func (s *Server) Shown(chat string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if c := s.chats[chat]; c != nil {
		for _, m := range c.shown {
			if m.Bot {
				out = append(out, *m)
			}
		}
	}
	return out
}

// Talk returns everything that a chat shows, oldest first.
func (s *Server) Talk(chat string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if c := s.chats[chat]; c != nil {
		for _, m := range c.shown {
			out = append(out, *m)
		}
	}
	return out
}

// Incoming is what a person sends.
type Incoming struct {
	From        *Person
	Group       *Chat // nil for the private chat
	Text        string
	Photo       []byte
	Sticker     bool
	Voice       []byte
	Unsupported bool   // a file, a place, a business card, a video
	Silent      bool   // of an unsupported one the bot gets the event without its message
	ReplyTo     string // the id of a message of the bot, in a group
}

// Send sends. It returns the message's id, and whether the bot gets to hear of
// it: in a group only of what mentions it or answers it.
func (s *Server) Send(in Incoming) (id string, heard bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat := s.chats[in.From.ID]
	kind := "PRIVATE"
	if in.Group != nil {
		chat, kind = in.Group, "GROUP"
	}
	id = s.id("m")
	from := map[string]any{"id": in.From.ID, "is_bot": false, "display_name": in.From.Name}
	if s.quirks.PlainNames {
		delete(from, "display_name")
		from["name"] = in.From.Name
	}
	date := s.opt.Now().UnixMilli()
	if s.quirks.Seconds {
		date /= 1000
	}
	m := map[string]any{"message_id": id, "date": date, "chat": map[string]any{"id": chat.ID, "chat_type": kind}, "from": from}
	event := s.content(&in, m)
	body := map[string]any{"event_name": event, "message": m}
	if in.Unsupported && in.Silent {
		delete(body, "message")
	}
	chat.shown = append(chat.shown, &Message{ID: id, Text: in.Text})
	if !s.hears(chat, &in) {
		return id, false
	}
	s.push(chat.ID, body)
	return id, true
}

// hears: of a group the bot gets what mentions it by its name or answers it.
func (s *Server) hears(c *Chat, in *Incoming) bool {
	if !c.Group {
		return !c.blocked
	}
	if !c.joined {
		return false
	}
	if strings.Contains(in.Text, "@"+s.opt.Display) {
		return true
	}
	for _, m := range c.shown {
		if m.Bot && m.ID == in.ReplyTo {
			return true
		}
	}
	return false
}

// content puts what is sent into a message and names its event.
func (s *Server) content(in *Incoming, m map[string]any) string {
	switch {
	case in.Unsupported:
		m["message_type"] = "UNSUPPORTED"
		return "message.unsupported.received"
	case in.Photo != nil:
		field := s.quirks.PhotoField
		if field == "" {
			field = "photo"
		}
		m[field], m["message_type"] = s.keep(in.Photo, ".jpg"), "CHAT_PHOTO"
		if in.Text != "" {
			m["caption"] = in.Text
		}
		return "message.image.received"
	case in.Sticker:
		m["sticker"], m["url"], m["message_type"] = s.id("s"), "https://stickers.zalo.example/1.png", "CHAT_STICKER"
		return "message.sticker.received"
	case in.Voice != nil:
		m["voice_url"], m["message_type"] = s.keep(in.Voice, ".aac"), "CHAT_VOICE"
		return "message.voice.received"
	}
	m["text"], m["message_type"] = in.Text, "CHAT_TEXT"
	return "message.text.received"
}

// Type sends a text to the bot in the private chat.
func (s *Server) Type(p *Person, text string) (id string) {
	id, _ = s.Send(Incoming{From: p, Text: text})
	return id
}

// keep stores a file and returns its public address.
func (s *Server) keep(data []byte, suffix string) string {
	name := s.id("f") + suffix
	s.files[name] = data
	return "https://files.zalo.example/files/" + name
}

// serveFile is the host of attachments.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	data, ok := s.files[name]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(data) // a caller who left notices by itself
}

// DropFiles forgets every attachment, as the platform does after a while.
func (s *Server) DropFiles() { s.set(func() { clear(s.files) }) }
