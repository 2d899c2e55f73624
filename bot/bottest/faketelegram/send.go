package faketelegram

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of the Bot API.
const (
	maxText     = 4096
	maxCaption  = 1024
	maxRaw      = 32 << 10
	maxButtons  = 100
	maxRow      = 8
	maxPhoto    = 10 << 20
	maxFile     = 50 << 20
	maxDownload = 20 << 20
	queryLife   = 15 * time.Minute
)

// file is content with an id.
type file struct {
	id, kind, name, mime, path string
	data                       []byte
	size                       int
}

func (s *Server) keep(kind string, data []byte, name, mime string) *file {
	n := s.number()
	f := &file{id: fmt.Sprintf("AgACAgUAAxk%sF%d", kind, n), kind: kind, name: name, mime: mime, data: data, size: len(data)}
	f.path = fmt.Sprintf("%ss/file_%d", kind, n)
	s.files[f.id] = f
	return f
}

func (s *Server) getFile(r *request) (any, error) {
	f := s.files[r.params["file_id"]]
	switch {
	case f == nil:
		return nil, bad("wrong file_id or the file is temporarily unavailable")
	case f.size > maxDownload:
		return nil, bad("file is too big")
	}
	return map[string]any{"file_id": f.id, "file_unique_id": f.id + "u", "file_size": f.size, "file_path": f.path}, nil
}

func (s *Server) serveFile(w http.ResponseWriter, path string) {
	s.mu.Lock()
	var found *file
	for _, f := range s.files {
		if f.path == path {
			found = f
		}
	}
	s.mu.Unlock()
	if found == nil {
		http.Error(w, "404", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(found.data)))
	_, _ = w.Write(found.data) // a caller who left notices by itself
}

// target finds the chat of a call and checks that the bot may write there.
func (s *Server) target(r *request) (*Chat, error) {
	id, ok := trimNumber(r.params["chat_id"])
	if r.params["chat_id"] == "" {
		return nil, bad("chat_id is empty")
	}
	c := s.chats[id]
	if c == nil && id > 0 && s.opt.Anybody {
		c = &Chat{ID: id, Type: "private", last: 100, started: true}
		s.chats[id] = c
	}
	switch {
	case !ok || c == nil:
		return nil, bad("chat not found")
	case c.movedTo != 0:
		return nil, &apiError{code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat", migrateTo: c.movedTo}
	case c.Type == "private" && c.deleted:
		return nil, forbidden("user is deactivated")
	case c.Type == "private" && c.blocked:
		return nil, forbidden("bot was blocked by the user")
	case c.Type == "private" && !c.started:
		return nil, forbidden("bot can't initiate conversation with a user")
	case c.Type != "private" && c.kicked:
		return nil, forbidden("bot was kicked from the supergroup chat")
	case c.Type != "private" && !c.joined:
		return nil, forbidden("bot is not a member of the supergroup chat")
	case c.muted:
		return nil, bad("not enough rights to send text messages to the chat")
	}
	return c, nil
}

// send does every method that shows a message.
func (s *Server) send(r *request) (any, error) {
	c, err := s.target(r)
	if err != nil {
		return nil, err
	}
	if err := s.rate(c); err != nil {
		return nil, err
	}
	m := &Message{Bot: true, Silent: r.bool("disable_notification")}
	if m.Topic, err = c.topic(r); err != nil {
		return nil, err
	}
	if m.ReplyTo, err = c.reply(r); err != nil {
		return nil, err
	}
	if strings.EqualFold(r.method, "sendMediaGroup") {
		return s.sendGroup(r, c, m)
	}
	keyboard, remove, err := s.markup(r, c, m)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(r.method, "sendMessage") {
		if m.Text, err = text(r, "text", maxText); err != nil {
			return nil, err
		}
		m.Markup = r.params["text"]
	} else if err := s.sendFile(r, m, strings.ToLower(strings.TrimPrefix(strings.ToLower(r.method), "send"))); err != nil {
		return nil, err
	}
	switch {
	case keyboard != nil:
		c.keyboard = keyboard
	case remove:
		c.keyboard = nil
	}
	return s.show(c, m), nil
}

func text(r *request, field string, most int) (string, error) {
	raw := r.params[field]
	if len(raw) > maxRaw {
		return "", bad("message is too long")
	}
	t, err := visible(raw, r.params["parse_mode"])
	switch {
	case err != nil:
		return "", err
	case field == "text" && t == "":
		return "", bad("message text is empty")
	case units(t) > most && field == "caption":
		return "", bad("message caption is too long")
	case units(t) > most:
		return "", bad("message is too long")
	}
	return t, nil
}

func (s *Server) sendFile(r *request, m *Message, kind string) (err error) {
	if m.Text, err = text(r, "caption", maxCaption); err != nil {
		return err
	}
	m.Markup = r.params["caption"]
	f, err := s.input(r, kind, r.params[kind], kind)
	if err != nil {
		return err
	}
	m.Media = []Media{{Kind: kind, File: f.id, Name: f.name, Size: f.size}}
	return nil
}

// input is a file that was uploaded, or one that is known.
func (s *Server) input(r *request, field, value, kind string) (*file, error) {
	if data, ok := r.files[field]; ok {
		most := maxFile
		if kind == "photo" {
			most = maxPhoto
		}
		switch {
		case len(data) == 0:
			return nil, bad("file must be non-empty")
		case len(data) > most:
			return nil, &apiError{code: 413, text: "Request Entity Too Large"}
		}
		return s.keep(kind, data, r.names[field], ""), nil
	}
	if strings.Contains(value, "://") {
		return nil, bad("failed to get HTTP URL content") // there is no internet here
	}
	if f := s.files[value]; f != nil {
		return f, nil
	}
	return nil, bad("wrong file identifier/HTTP URL specified")
}

func (s *Server) sendGroup(r *request, c *Chat, m *Message) (any, error) {
	var items []struct{ Type, Media, Caption string }
	if err := json.Unmarshal([]byte(r.params["media"]), &items); err != nil {
		return nil, bad("can't parse media JSON object")
	}
	if len(items) < 2 || len(items) > 10 {
		return nil, bad("group send failed: wrong number of items")
	}
	var files []*file
	for _, it := range items {
		if (it.Type == "document") != (items[0].Type == "document") {
			return nil, bad("documents can't be mixed with other media types")
		}
		field := strings.TrimPrefix(it.Media, "attach://")
		f, err := s.input(r, field, it.Media, it.Type)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	var out []any
	for i, f := range files {
		one := *m
		one.Media = []Media{{Kind: items[i].Type, File: f.id, Name: f.name, Size: f.size}}
		out = append(out, s.show(c, &one))
	}
	return out, nil
}

// show adds a message to a chat and returns it as the API does.
func (s *Server) show(c *Chat, m *Message) map[string]any {
	c.last++
	m.ID = c.last
	c.shown = append(c.shown, m)
	s.came++
	s.sends = append(s.sends, sendTime{s.opt.Now(), c.ID})
	return s.sent(c, m)
}

func (s *Server) sent(c *Chat, m *Message) map[string]any {
	out := map[string]any{"message_id": m.ID, "date": s.opt.Now().Unix(), "chat": c.json(nil), "from": s.botUser()}
	if len(m.Media) == 0 {
		out["text"] = m.Text
		return out
	}
	if m.Text != "" {
		out["caption"] = m.Text
	}
	for _, x := range m.Media {
		v := map[string]any{"file_id": x.File, "file_unique_id": x.File + "u", "file_size": x.Size}
		if x.Kind == "photo" {
			out["photo"] = []any{v}
		} else {
			out[x.Kind] = v
		}
	}
	return out
}

func (c *Chat) topic(r *request) (int64, error) {
	id := r.int("message_thread_id")
	if id == 0 {
		return 0, nil
	}
	t := c.topics[id]
	switch {
	case !c.forum || t == nil:
		return 0, bad("message thread not found")
	case t.closed:
		return 0, bad("TOPIC_CLOSED")
	}
	return id, nil
}

func (c *Chat) reply(r *request) (int64, error) {
	raw := r.params["reply_parameters"]
	if raw == "" {
		return 0, nil
	}
	var p struct {
		ID    int64 `json:"message_id"`
		Allow bool  `json:"allow_sending_without_reply"`
	}
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		return 0, bad("can't parse reply parameters")
	}
	for _, m := range c.shown {
		if m.ID == p.ID {
			return p.ID, nil
		}
	}
	if p.Allow {
		return 0, nil
	}
	return 0, bad("message to be replied not found")
}

// markup reads reply_markup: buttons below the message, or the keyboard.
func (s *Server) markup(r *request, c *Chat, m *Message) (keyboard [][]Button, remove bool, err error) {
	raw := r.params["reply_markup"]
	if raw == "" {
		return nil, false, nil
	}
	var k struct {
		Inline [][]struct {
			Text string  `json:"text"`
			Data *string `json:"callback_data"`
			URL  *string `json:"url"`
		} `json:"inline_keyboard"`
		Keys [][]struct {
			Text     string `json:"text"`
			Contact  bool   `json:"request_contact"`
			Location bool   `json:"request_location"`
		} `json:"keyboard"`
		Remove bool `json:"remove_keyboard"`
	}
	if err := json.Unmarshal([]byte(raw), &k); err != nil {
		return nil, false, bad("object expected as reply markup")
	}
	n := 0
	for _, row := range k.Inline {
		var buttons []Button
		if n += len(row); n > maxButtons || len(row) > maxRow {
			return nil, false, bad("reply markup is too long")
		}
		for _, b := range row {
			one, err := inlineButton(b.Text, b.Data, b.URL)
			if err != nil {
				return nil, false, err
			}
			buttons = append(buttons, one)
		}
		if len(buttons) > 0 {
			m.Buttons = append(m.Buttons, buttons)
		}
	}
	for _, row := range k.Keys {
		var buttons []Button
		for _, b := range row {
			one := Button{Title: b.Text, Key: true}
			switch {
			case b.Text == "":
				return nil, false, bad("keyboard button text must be non-empty")
			case b.Contact && c.Type != "private":
				return nil, false, bad("phone number can be requested in private chats only")
			case b.Location && c.Type != "private":
				return nil, false, bad("location can be requested in private chats only")
			case b.Contact:
				one.Request = "contact"
			case b.Location:
				one.Request = "location"
			}
			buttons = append(buttons, one)
		}
		keyboard = append(keyboard, buttons)
	}
	if keyboard != nil {
		m.Buttons = keyboard // a citizen sees them with the message
	}
	return keyboard, k.Remove, nil
}

func inlineButton(title string, data, address *string) (Button, error) {
	b := Button{Title: title}
	switch {
	case title == "":
		return b, bad("can't parse inline keyboard button: Text must be non-empty")
	case (data == nil) == (address == nil):
		return b, bad("can't parse inline keyboard button: exactly one optional field must be set")
	case data != nil && (len(*data) < 1 || len(*data) > 64):
		return b, bad("BUTTON_DATA_INVALID")
	case data != nil:
		b.Data = *data
	default:
		u, err := url.Parse(*address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "tg") || u.Scheme != "tg" && !strings.Contains(u.Hostname(), ".") || u.Hostname() == "127.0.0.1" {
			return b, bad("inline keyboard button URL '%s' is invalid: Wrong HTTP URL", *address)
		}
		b.URL = *address
	}
	return b, nil
}

// chatBurst is how many messages a private chat takes at once, above its rate.
const chatBurst = 3

// rate counts sends of the last second and, in a group, of the last minute. Of a private
// chat it counts ten seconds, for short bursts are allowed there.
func (s *Server) rate(c *Chat) error {
	if s.opt.PerSecond+s.opt.PerChatSecond+s.opt.PerGroupMinute == 0 {
		s.sends = s.sends[:0]
		return nil
	}
	now := s.opt.Now()
	second, minute, lately := 0, 0, 0
	kept := s.sends[:0]
	for _, t := range s.sends {
		age := now.Sub(t.at)
		if age >= time.Minute {
			continue
		}
		kept = append(kept, t)
		if age < time.Second {
			second++
		}
		if t.chat == c.ID {
			minute++
			if age < 10*time.Second {
				lately++
			}
		}
	}
	s.sends = kept
	switch {
	case s.opt.PerSecond > 0 && second >= s.opt.PerSecond:
		return &apiError{code: 429, text: "Too Many Requests: retry after 1", retryAfter: 1}
	case s.opt.PerChatSecond > 0 && c.Type == "private" && lately >= 10*s.opt.PerChatSecond+chatBurst:
		return &apiError{code: 429, text: "Too Many Requests: retry after 1", retryAfter: 1}
	case s.opt.PerGroupMinute > 0 && c.Type != "private" && minute >= s.opt.PerGroupMinute:
		return &apiError{code: 429, text: "Too Many Requests: retry after 30", retryAfter: 30}
	}
	return nil
}

// edit changes a message of the bot's.
func (s *Server) edit(r *request) (any, error) {
	c, err := s.target(r)
	if err != nil {
		return nil, err
	}
	var m *Message
	for _, x := range c.shown {
		if x.ID == r.int("message_id") {
			m = x
		}
	}
	switch {
	case m == nil:
		return nil, bad("message to edit not found")
	case !m.Bot:
		return nil, bad("message can't be edited")
	}
	changed := *m
	changed.Buttons = nil // without reply_markup the buttons go
	if _, _, err := s.markup(r, c, &changed); err != nil {
		return nil, err
	}
	if strings.EqualFold(r.method, "editMessageText") {
		if changed.Text, err = text(r, "text", maxText); err != nil {
			return nil, err
		}
	}
	if changed.Text == m.Text && fmt.Sprint(changed.Buttons) == fmt.Sprint(m.Buttons) {
		return nil, bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	changed.Edited++
	*m = changed
	return s.sent(c, m), nil
}

func (s *Server) answerQuery(r *request) (any, error) {
	q := s.queries[r.params["callback_query_id"]]
	if q == nil || s.opt.Now().Sub(q.at) > queryLife {
		return nil, bad("query is too old and response timeout expired or query ID is invalid")
	}
	if len([]rune(r.params["text"])) > 200 {
		return nil, bad("MESSAGE_TOO_LONG")
	}
	q.answered = true
	return true, nil
}
