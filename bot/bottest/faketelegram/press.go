package faketelegram

import (
	"fmt"
	"strconv"
)

// Press presses the latest button with that title: one below a message, or one
// on the keyboard, which types its title or shares what it asks for (a phone
// number or a place made up here).
func (s *Server) Press(p *Person, c *Chat, title string) (update int64, err error) {
	s.mu.Lock()
	chat := c
	if chat == nil {
		chat = s.chats[p.ID]
	}
	for _, row := range chat.keyboard {
		for _, b := range row {
			if b.Title == title {
				chat.keyboard = nil // it was for one time
				s.mu.Unlock()
				return s.pressKey(p, c, b), nil
			}
		}
	}
	defer s.mu.Unlock()
	for i := len(chat.shown) - 1; i >= 0; i-- {
		for _, row := range chat.shown[i].Buttons {
			for _, b := range row {
				if b.Title != title || b.Key {
					continue
				}
				if b.URL != "" {
					return 0, fmt.Errorf("the button opens %s and sends nothing", b.URL)
				}
				return s.pressed(p, chat, chat.shown[i], b.Data), nil
			}
		}
	}
	return 0, fmt.Errorf("no message shows a button %q", title)
}

// PressData presses the latest button below a message that sends data.
func (s *Server) PressData(p *Person, c *Chat, data string) (update int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c == nil {
		c = s.chats[p.ID]
	}
	for i := len(c.shown) - 1; i >= 0; i-- {
		for _, row := range c.shown[i].Buttons {
			for _, b := range row {
				if b.Data == data {
					return s.pressed(p, c, c.shown[i], data), nil
				}
			}
		}
	}
	return 0, fmt.Errorf("no message shows a button that sends %q", data)
}

func (s *Server) pressKey(p *Person, c *Chat, b Button) int64 {
	in := Incoming{From: p, Chat: c, Text: b.Title}
	switch b.Request {
	case "contact":
		in.Text, in.Phone = "", "84912345678"
	case "location":
		lat, lon := 20.9373, 106.3146
		in.Text, in.Lat, in.Lon = "", &lat, &lon
	}
	_, id := s.Send(in)
	return id
}

// Forge presses a button that may never have been there, below the bot's last message.
func (s *Server) Forge(p *Person, c *Chat, data string) (update int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c == nil {
		c = s.chats[p.ID]
	}
	under := &Message{ID: 1}
	for _, m := range c.shown {
		if m.Bot {
			under = m
		}
	}
	return s.pressed(p, c, under, data)
}

func (s *Server) pressed(p *Person, c *Chat, under *Message, data string) int64 {
	if c.Type == "private" {
		c.started = true
	}
	id := strconv.FormatInt(4_000_000_000_000_000_000+s.number(), 10)
	s.queries[id] = &query{at: s.opt.Now(), from: p.ID}
	m := map[string]any{"message_id": under.ID, "date": s.opt.Now().Unix(), "chat": c.json(p), "from": s.botUser(), "text": under.Text}
	if under.Topic != 0 {
		m["message_thread_id"], m["is_topic_message"] = under.Topic, true
	}
	return s.push("callback_query", "user"+strconv.FormatInt(p.ID, 10), map[string]any{
		"id": id, "from": user(p), "message": m, "chat_instance": "1", "data": data,
	})
}

// Spinning is how many button presses were not answered yet.
func (s *Server) Spinning() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, q := range s.queries {
		if !q.answered {
			n++
		}
	}
	return n
}

// Shown returns the bot's messages in a chat, oldest first, as they look now.
func (s *Server) Shown(chat int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	if c == nil {
		return nil
	}
	var out []Message
	for _, m := range c.shown {
		if m.Bot {
			out = append(out, *m)
		}
	}
	return out
}

// Keyboard is what stands in place of the letters, nil for the letters.
func (s *Server) Keyboard(p *Person) [][]Button {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chats[p.ID].keyboard
}

// Typing is how often the bot showed that it was typing.
func (s *Server) Typing() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actions
}
