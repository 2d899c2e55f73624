package fakezalo

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Limits of what may be sent.
const (
	maxText     = 2000
	maxButtons  = 5
	maxTitle    = 100
	maxQuery    = 1000
	maxSubtitle = 500
	maxElements = 5
	maxImage    = 1 << 20
	maxFile     = 5 << 20
	staleQuote  = 30 * 24 * time.Hour
	maxHistory  = 10
)

// upload is a file that lies at the platform.
type upload struct {
	kind  string
	until time.Time
}

// consult sends a consultation message.
func (s *Server) consult(q *request) (any, error) {
	user := text(object(q.body, "recipient")["user_id"])
	if id := text(object(q.body, "recipient")["message_id"]); user == "" && id != "" {
		user = s.senderOf(id)
	}
	p := s.byID[user]
	if p == nil {
		return nil, no(-201, "user_id is invalid")
	}
	m, err := s.message(object(q.body, "message"), p.chat, false)
	if err != nil {
		return nil, err
	}
	quota, err := s.window(p)
	if err != nil {
		return nil, err
	}
	now := s.opt.Now()
	m.ID, m.From, m.At = s.id("msg"), "oa", now
	p.chat = append(p.chat, m)
	s.push(echoOf(m), map[string]any{
		"sender": map[string]any{"id": s.opt.OAID}, "recipient": map[string]any{"id": p.id}, "message": map[string]any{"text": m.Text, "msg_id": m.ID},
	})
	data := map[string]any{"message_id": m.ID, "user_id": p.id, "sent_time": stamp(now)}
	if quota != nil {
		data["quota"] = quota
	}
	return data, nil
}

func (s *Server) senderOf(id string) string {
	for _, p := range s.people {
		for _, m := range p.chat {
			if m.ID == id && m.From == "user" {
				return p.id
			}
		}
	}
	return ""
}

func echoOf(m Message) string {
	for _, kind := range []string{"image", "file", "list", "gif", "sticker"} {
		for _, x := range m.Media {
			if strings.HasPrefix(x, kind) {
				return "oa_send_" + kind
			}
		}
	}
	if len(m.Media) > 0 || len(m.Buttons) > 0 {
		return "oa_send_template"
	}
	return "oa_send_text"
}

// window judges whether the account may write to a person now, and what the
// message counts against.
func (s *Server) window(p *person) (map[string]any, error) {
	quiet := s.opt.Now().Sub(p.heard)
	switch {
	case p.away:
		return nil, no(-227, "user is banned or inactive")
	case p.blocked:
		return nil, no(-244, "user has restricted this type of message")
	case p.heard.IsZero():
		return nil, no(-201, "user has never interacted with OA")
	case quiet >= openWindow:
		return nil, no(-230, "User has not interacted with the OA in the past 7 days")
	case p.wrote.IsZero():
		if !p.follows {
			return nil, no(-213, "User has not followed OA")
		}
		if p.welcome >= welcomeMost {
			return nil, no(-218, "Out of quota receive")
		}
		p.welcome++
		return map[string]any{"quota_type": "welcome_msg", "remain": itoa(welcomeMost - p.welcome), "total": itoa(welcomeMost), "owner_type": "OA"}, nil
	case quiet < freeWindow:
		if s.opt.Now().After(time.Date(2026, 3, 1, 0, 0, 0, 0, zone)) {
			return map[string]any{"quota_type": "reply", "owner_type": "OA", "owner_id": s.opt.OAID}, nil
		}
		return map[string]any{"quota_type": "reply", "remain": "8", "total": "8", "owner_type": "OA"}, nil
	}
	if s.used >= s.opt.DayQuota {
		return nil, no(-211, "Out of quota")
	}
	s.used++
	return map[string]any{"quota_type": "sub_quota", "remain": s.opt.DayQuota - s.used, "total": s.opt.DayQuota, "expired_date": "31/12/2026"}, nil
}

// message reads the "message" of a send.
func (s *Server) message(body map[string]any, chat []Message, inGroup bool) (Message, error) {
	m := Message{Text: text(body["text"]), Quote: text(body["quote_message_id"])}
	if len(utf16.Encode([]rune(m.Text))) > maxText {
		return m, no(-210, "text exceeds the limit of 2000")
	}
	if m.Quote != "" && !s.quotable(m.Quote, chat) {
		return m, no(-201, "quote_message_id is invalid")
	}
	attachment := object(body, "attachment")
	if attachment == nil {
		if strings.TrimSpace(m.Text) == "" {
			return m, no(-201, "text is empty")
		}
		return m, nil
	}
	payload := object(attachment, "payload")
	switch kind := text(attachment["type"]); {
	case kind == "file":
		token := text(payload["token"])
		if err := s.taken(token, "file"); err != nil {
			return m, err
		}
		m.Media = []string{"file"}
		return m, nil
	case kind != "template" || payload == nil:
		return m, no(-233, "message type is invalid")
	case inGroup:
		return m, no(-233, "message type is not supported in group")
	}
	return m, s.templated(&m, payload)
}

func (s *Server) quotable(id string, chat []Message) bool {
	for _, c := range chat {
		if c.ID == id {
			return s.opt.Now().Sub(c.At) < staleQuote
		}
	}
	return false
}

func (s *Server) templated(m *Message, payload map[string]any) (err error) {
	elements := list(payload["elements"])
	switch text(payload["template_type"]) {
	case "":
		if !s.opt.Buttons {
			return no(-233, "message type is invalid or not support")
		}
		m.Buttons, err = buttonsOf(payload["buttons"])
		if err == nil && strings.TrimSpace(m.Text) == "" {
			err = no(-201, "text is empty")
		}
		return err
	case "list":
		return s.list(m, payload, elements)
	case "media":
		return s.media(m, elements)
	case "request_user_info":
		if len(elements) != 1 {
			return no(-210, "elements must have exactly 1 item")
		}
		e := object(elements[0])
		if n := len([]rune(text(e["title"]))); n == 0 || n > maxTitle {
			return no(-210, "title is invalid")
		}
		if n := len([]rune(text(e["subtitle"]))); n == 0 || n > maxSubtitle {
			return no(-201, "subtitle is empty")
		}
		if image, given := e["image_url"]; given && !strings.HasPrefix(text(image), "https://") {
			return no(-201, "image_url is invalid")
		}
		m.Media = []string{"request_user_info: " + text(e["title"])}
		return nil
	}
	return no(-233, "template type is invalid")
}

func (s *Server) list(m *Message, payload map[string]any, elements []any) error {
	if !s.opt.Lists || payload["buttons"] != nil {
		return no(-233, "message type is invalid or not support")
	}
	if len(elements) == 0 || len(elements) > maxElements {
		return no(-210, "elements exceed the limit")
	}
	for _, e := range elements {
		e := object(e)
		if text(e["subtitle"]) == "" {
			return no(-201, "subtitle is empty")
		}
		if len([]rune(text(e["title"]))) > maxTitle || len([]rune(text(e["subtitle"]))) > maxSubtitle {
			return no(-210, "title or subtitle exceeds the limit")
		}
		bs, err := buttonsOf(e["buttons"])
		if err != nil {
			return err
		}
		m.Buttons = append(m.Buttons, bs...)
	}
	m.Media = []string{"list"}
	return nil
}

func (s *Server) media(m *Message, elements []any) error {
	if len(elements) != 1 {
		return no(-210, "elements must have exactly 1 item")
	}
	e := object(elements[0])
	kind, id, url := text(e["media_type"]), text(e["attachment_id"]), text(e["url"])
	if (id == "") == (url == "") {
		return no(-201, "attachment_id or url is required, not both")
	}
	if id != "" {
		if err := s.taken(id, kind); err != nil && kind != "sticker" {
			return err
		}
	} else if !strings.HasPrefix(url, "https://") {
		return no(-201, "url is invalid")
	}
	m.Media = []string{kind}
	return nil
}

func (s *Server) taken(id, kind string) error {
	u, ok := s.uploads[id]
	if !ok || u.kind != kind {
		return no(-201, "attachment_id is invalid")
	}
	if !s.opt.Now().Before(u.until) {
		return no(-100, "attachment_id expired")
	}
	return nil
}

func buttonsOf(v any) ([]Button, error) {
	all := list(v)
	if len(all) > maxButtons {
		return nil, no(-210, "buttons exceed the limit of 5")
	}
	var out []Button
	for _, b := range all {
		m := object(b)
		one := Button{Title: text(m["title"]), Type: text(m["type"])}
		if n := len([]rune(one.Title)); n == 0 || n > maxTitle {
			return nil, no(-210, "button title is invalid")
		}
		switch one.Type {
		case "oa.query.show", "oa.query.hide":
			one.Payload = text(m["payload"])
			if n := len([]rune(one.Payload)); n == 0 || n > maxQuery {
				return nil, no(-210, "button payload is invalid")
			}
		case "oa.open.url":
			one.Payload = text(object(m, "payload")["url"])
			if !strings.HasPrefix(one.Payload, "http") {
				return nil, no(-201, "url is invalid")
			}
		case "oa.open.phone", "oa.open.sms":
			one.Payload = text(object(m, "payload")["phone_code"])
		default:
			return nil, no(-233, "button type is invalid")
		}
		out = append(out, one)
	}
	return out, nil
}

// sendGroup sends to a group of the account, at any hour.
func (s *Server) sendGroup(q *request) (any, error) {
	id := text(object(q.body, "recipient")["group_id"])
	for _, g := range s.groups {
		if g.id != id || g.foreign {
			continue
		}
		switch {
		case g.expired:
			return nil, no(-237, "group is expired")
		case g.disabled:
			return nil, no(-212, "group is disabled")
		}
		m, err := s.message(object(q.body, "message"), g.chat, true)
		if err != nil {
			return nil, err
		}
		m.ID, m.From, m.At = s.id("msg"), "oa", s.opt.Now()
		g.chat = append(g.chat, m)
		s.push("oa_send_group_text", map[string]any{
			"oa_id": s.opt.OAID, "sender": map[string]any{"id": s.opt.OAID}, "recipient": map[string]any{"id": g.id}, "message": map[string]any{"text": m.Text, "msg_id": m.ID},
		})
		return map[string]any{"message_id": m.ID, "group_id": g.id}, nil
	}
	return nil, no(-403, "OA does not own this group")
}

// upload takes a file.
func (s *Server) upload(kind string, q *request) (any, error) {
	if len(q.file) == 0 {
		return nil, no(-201, "file is empty")
	}
	kinds := map[string]struct {
		most  int
		types []string
		key   string
	}{
		"image": {maxImage, []string{"image/jpeg", "image/png"}, "attachment_id"},
		"gif":   {maxFile, []string{"image/gif"}, "attachment_id"},
		"file":  {maxFile, []string{"application/pdf"}, "token"},
	}
	k, ok := kinds[kind]
	if !ok {
		return nil, no(404, "no such API")
	}
	if len(q.file) > k.most {
		return nil, no(-210, "file size exceeds the limit")
	}
	is := http.DetectContentType(q.file)
	for _, t := range k.types {
		if is == t {
			id := s.id("up")
			s.uploads[id] = upload{kind: kind, until: s.opt.Now().Add(uploadLife)}
			return map[string]any{k.key: id}, nil
		}
	}
	return nil, no(-201, "We only support png and jpeg")
}

func (s *Server) detail(q *request) (any, error) {
	p := s.byID[text(q.body["user_id"])]
	if p == nil {
		return nil, no(-201, "user_id is invalid")
	}
	if !p.follows && p.wrote.IsZero() {
		return nil, no(-213, "User has not followed OA")
	}
	return map[string]any{
		"user_id": p.id, "display_name": p.name, "user_is_follower": p.follows, "is_sensitive": false,
		"user_last_interaction_date": p.heard.In(zone).Format("02/01/2006"), "avatar": "https://s120-ava-talk.zadn.vn/default",
	}, nil
}

func (s *Server) quotaOf(q *request) (any, error) {
	p := s.byID[text(q.body["user_id"])]
	if p == nil {
		return nil, no(-201, "user_id is invalid")
	}
	return map[string]any{"last_interaction": stamp(p.heard), "cs_reply": map[string]any{"remain": 8, "total": 8}}, nil
}

// conversation is a page of a chat.
func (s *Server) conversation(q *request) (any, error) {
	p := s.byID[text(q.body["user_id"])]
	count, offset := int(toInt(q.body["count"])), int(toInt(q.body["offset"]))
	if p == nil || count < 1 || count > maxHistory || offset < 0 {
		return nil, no(-201, "data is invalid")
	}
	chat := slices.Clone(p.chat)
	if s.opt.History != OldestFirst {
		slices.Reverse(chat)
	}
	chat = chat[min(offset, len(chat)):]
	chat = chat[:min(count, len(chat))]
	if s.opt.History == NewestPages {
		slices.Reverse(chat)
	}
	var out []any
	for _, m := range chat {
		src, at := 0, m.At.UnixMilli()
		if m.From == "user" {
			src = 1
		}
		if s.opt.History == NewestUntimed {
			at = 0
		}
		out = append(out, map[string]any{"src": src, "time": at, "type": "text", "message": m.Text, "message_id": m.ID})
	}
	if s.opt.NestedHistory {
		return map[string]any{"data": out}, nil
	}
	return out, nil
}
