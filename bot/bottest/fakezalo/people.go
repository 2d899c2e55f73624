package fakezalo

import (
	"strconv"
	"time"
)

// person is somebody with a chat with the account.
type person struct {
	name, id   string
	follows    bool
	blocked    bool // takes nothing: -244
	away       bool // banned or away for 45 days: -227
	heard      time.Time
	wrote      time.Time
	welcome    int // messages to somebody who never wrote
	chat       []Message
	articles   []time.Time // broadcasts received
	chattedNow bool
}

// Message is a message of a chat, as the app shows it.
type Message struct {
	ID      string
	From    string // "user", "oa", or the officer's id
	Text    string
	Buttons []Button
	Media   []string // "image", "file: name", "sticker", "list", "article", "request_user_info: title"
	Quote   string
	At      time.Time
}

// Button is a button under a message.
type Button struct {
	Title, Type string
	Payload     string // what a query sends, or the address that opens
}

// group is a chat group of the account.
type group struct {
	id       string
	disabled bool
	expired  bool
	foreign  bool // of another account
	chat     []Message
}

// Person returns the id of the person of that name; a new one does not follow
// and never wrote.
func (s *Server) Person(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.person(name).id
}

func (s *Server) person(name string) *person {
	p := s.people[name]
	if p == nil {
		p = &person{name: name, id: s.id("")}
		s.people[name], s.byID[p.id] = p, p
	}
	return p
}

// Group returns the id of a group of the account.
func (s *Server) Group(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[name]
	if g == nil {
		g = &group{id: s.id("")}
		s.groups[name] = g
	}
	return g.id
}

// SetGroup changes what a group allows.
func (s *Server) SetGroup(name string, disabled, expired, foreign bool) {
	s.Group(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[name]
	g.disabled, g.expired, g.foreign = disabled, expired, foreign
}

// SetPerson changes what a person takes.
func (s *Server) SetPerson(name string, blocked, away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.blocked, p.away = blocked, away
}

// Shown returns what the account and its officers wrote to a person, oldest first.
func (s *Server) Shown(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fromOA(s.person(name).chat)
}

// ShownGroup is Shown of a group.
func (s *Server) ShownGroup(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[name]; g != nil {
		return fromOA(g.chat)
	}
	return nil
}

func fromOA(chat []Message) []Message {
	var out []Message
	for _, m := range chat {
		if m.From != "user" {
			out = append(out, m)
		}
	}
	return out
}

// said notes what a citizen did, which opens the windows, and delivers it.
func (s *Server) said(name, event string, m Message, message map[string]any) string {
	p := s.person(name)
	now := s.opt.Now()
	p.heard, p.wrote = now, now
	m.ID, m.From, m.At = s.id("msg"), "user", now
	p.chat = append(p.chat, m)
	message["msg_id"] = m.ID
	if m.Quote != "" {
		message["quote_msg_id"] = m.Quote
	}
	s.push(event, map[string]any{
		"sender": map[string]any{"id": p.id}, "recipient": map[string]any{"id": s.opt.OAID}, "user_id_by_app": "55" + p.id, "message": message,
	})
	return m.ID
}

// Type sends a text and returns the message's id.
func (s *Server) Type(name, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said(name, "user_send_text", Message{Text: text}, map[string]any{"text": text})
}

// Quote sends a text that answers a message.
func (s *Server) Quote(name, id, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said(name, "user_send_text", Message{Text: text, Quote: id}, map[string]any{"text": text})
}

// Attach sends attachments of a kind ("image", "file", "sticker", "audio",
// "video", "gif", "business_card") with a caption.
func (s *Server) Attach(name, kind, caption string, urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []any
	for _, u := range urls {
		payload := map[string]any{"url": u, "thumbnail": u}
		switch kind {
		case "file":
			payload = map[string]any{"url": u, "name": "to-khai.pdf", "size": "1024", "type": "pdf", "checksum": "0"}
		case "sticker":
			payload = map[string]any{"url": u, "id": "46500"}
		case "business_card":
			payload = map[string]any{"thumbnail": u, "url": u, "description": `{"phone":"0900000000"}`}
		}
		all = append(all, map[string]any{"type": kind, "payload": payload})
	}
	if s.opt.SplitImages {
		for _, one := range all {
			s.said(name, "user_send_"+kind, Message{Text: caption}, map[string]any{"text": caption, "attachments": []any{one}})
			caption = ""
		}
		return
	}
	s.said(name, "user_send_"+kind, Message{Text: caption}, map[string]any{"text": caption, "attachments": all})
}

// Locate sends the place where the citizen is.
func (s *Server) Locate(name string, lat, lon float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	s.said(name, "user_send_location", Message{}, map[string]any{"attachments": []any{
		map[string]any{"type": "location", "payload": map[string]any{"coordinates": map[string]any{"latitude": f(lat), "longitude": f(lon)}}},
	}})
}

// Press presses the latest button of that title; false when there is none. A
// query comes as a text, as if the citizen had typed it.
func (s *Server) Press(name, title string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat := s.person(name).chat
	for i := len(chat) - 1; i >= 0; i-- {
		for _, b := range chat[i].Buttons {
			if b.Title != title {
				continue
			}
			if b.Type == "oa.query.show" || b.Type == "oa.query.hide" {
				s.said(name, "user_send_text", Message{Text: b.Payload}, map[string]any{"text": b.Payload})
			}
			return true
		}
	}
	return false
}

// Follow follows the account. It opens the windows as a message does, but the
// person has not written.
func (s *Server) Follow(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.follows, p.heard = true, s.opt.Now()
	s.push("follow", map[string]any{"oa_id": s.opt.OAID, "follower": map[string]any{"id": p.id}, "source": "oa_profile"})
}

// Known makes somebody who follows and was heard, and who wrote, at these times, zero for
// never; nobody is told. It returns the id.
func (s *Server) Known(name string, heard, wrote time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.follows, p.heard, p.wrote = true, heard, wrote
	return p.id
}

// Unfollow stops following.
func (s *Server) Unfollow(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.follows = false
	s.push("unfollow", map[string]any{"oa_id": s.opt.OAID, "follower": map[string]any{"id": p.id}, "source": "oa_profile"})
}

// ChatNow presses "Nhắn tin", which is reported once for a person.
func (s *Server) ChatNow(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.heard = s.opt.Now()
	if !p.chattedNow {
		p.chattedNow = true
		s.push("user_click_chatnow", map[string]any{"oa_id": s.opt.OAID, "user_id": p.id})
	}
}

// SubmitInfo answers a request for the contact.
func (s *Server) SubmitInfo(name, phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	now := s.opt.Now()
	p.heard, p.wrote = now, now
	s.push("user_submit_info", map[string]any{
		"sender": map[string]any{"id": p.id}, "recipient": map[string]any{"id": s.opt.OAID}, "info": map[string]any{"name": name, "phone": phone},
	})
}

// Withdraw passes on that the person wants to be forgotten.
func (s *Server) Withdraw(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push("user_withdraw", map[string]any{"user_id": s.person(name).id, "user_id_by_app": "1"})
}

// AdminType is an officer who answers in the account's own app.
func (s *Server) AdminType(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	m := Message{ID: s.id("msg"), From: "officer", Text: text, At: s.opt.Now()}
	p.chat = append(p.chat, m)
	s.push("oa_send_text", map[string]any{
		"sender": map[string]any{"id": s.opt.OAID, "admin_id": "7700"}, "recipient": map[string]any{"id": p.id},
		"message": map[string]any{"text": text, "msg_id": m.ID},
	})
}

// TypeGroup sends a text in a group; quote is the id of a message it answers, "" for none.
func (s *Server) TypeGroup(name, groupName, text, quote string) {
	g := s.Group(groupName)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(name)
	p.heard, p.wrote = s.opt.Now(), s.opt.Now()
	message := map[string]any{"text": text, "msg_id": s.id("msg")}
	if quote != "" {
		message["quote_msg_id"] = quote
	}
	s.push("user_send_group_text", map[string]any{
		"oa_id": s.opt.OAID, "sender": map[string]any{"id": p.id}, "recipient": map[string]any{"id": g}, "message": message,
	})
}

// Push delivers an event of any name, for kinds that nobody knows.
func (s *Server) Push(event string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(event, fields)
}
