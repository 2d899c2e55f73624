package fakezalobot

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf16"
)

// maxLetters is the longest text and caption. The manual says "characters";
// the fake counts the stricter UTF-16 units.
const maxLetters = 2000

func letters(s string) int { return len(utf16.Encode([]rune(s))) }

// target is the chat that a request names. s.mu is held.
func (s *Server) target(r *request) (*Chat, error) {
	id, err := r.text("chat_id")
	if err != nil {
		return nil, err
	}
	c := s.chats[id]
	if c == nil || c.blocked || c.Group && !c.joined {
		return nil, bad("chat_id is invalid")
	}
	return c, nil
}

// send takes a message. s.mu is held.
func (s *Server) send(r *request) (any, error) {
	c, err := s.target(r)
	if err != nil {
		return nil, err
	}
	m := &Message{Bot: true}
	switch r.method {
	case "sendMessage":
		err = s.readText(r, m)
	case "sendPhoto":
		err = s.readPhoto(r, m)
	case "sendSticker":
		m.Sticker, err = r.text("sticker")
		if err == nil && (m.Sticker == "" || strings.Contains(m.Sticker, "/")) {
			err = bad("sticker is invalid")
		}
	case "sendVoice":
		m.Voice, err = r.text("voice_url")
		if err == nil && (!publicHTTPS(m.Voice) || !strings.HasSuffix(m.Voice, ".aac")) {
			err = bad("voice_url is invalid")
		}
	}
	if err != nil {
		return nil, err
	}
	m.ID = s.id("m")
	if r.method != "sendVoice" || !c.Group { // in a group a voice is reported as sent and never arrives
		c.shown = append(c.shown, m)
	}
	return map[string]any{"message_id": m.ID, "date": s.opt.Now().UnixMilli()}, nil
}

func (s *Server) readText(r *request, m *Message) (err error) {
	if m.Text, err = r.text("text"); err != nil {
		return err
	}
	mode, err := r.text("parse_mode")
	switch {
	case err != nil:
		return err
	case mode != "" && mode != "markdown" && mode != "html":
		return bad("parse_mode is invalid")
	case strings.TrimSpace(m.Text) == "":
		return bad("text is empty")
	case letters(m.Text) > maxLetters:
		return bad("text is longer than %d characters", maxLetters)
	}
	return nil
}

func (s *Server) readPhoto(r *request, m *Message) (err error) {
	if m.Photo, err = r.text("photo"); err != nil {
		return err
	}
	if m.Text, err = r.text("caption"); err != nil {
		return err
	}
	switch {
	case !publicHTTPS(m.Photo):
		return bad("photo cannot be fetched")
	case letters(m.Text) > maxLetters:
		return bad("caption is longer than %d characters", maxLetters)
	}
	return nil
}

// publicHTTPS: the platform fetches addresses from outside.
func publicHTTPS(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsUnspecified() && !ip.IsMulticast()
	}
	return strings.Contains(u.Hostname(), ".")
}

// chatAction shows that the bot writes. It answers without a result.
func (s *Server) chatAction(r *request) (any, error) {
	c, err := s.target(r)
	if err != nil {
		return nil, err
	}
	action, err := r.text("action")
	if err != nil || action != "typing" {
		return nil, bad("action is invalid")
	}
	s.typing[c.ID]++
	return noResult{}, nil
}

// Typed is how often a chat showed that the bot writes.
func (s *Server) Typed(chat string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.typing[chat]
}
