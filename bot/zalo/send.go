package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// Limits of what is sent (docs.zaloplatforms.com).
const (
	maxText      = 2000
	maxButtons   = 5
	maxSubtitle  = 500
	maxTitle     = 100
	pathMessage  = "/v3.0/oa/message/cs"
	pathGroup    = "/v3.0/oa/group/message"
	queryPrefix  = "#cchc " // before a button's payload, which comes back as a text
	queryHide    = "oa.query.hide"
	openURL      = "oa.open.url"
	templateInfo = "request_user_info"
)

// progress is how far a message of several calls came, and the last id.
type progress struct {
	done int
	id   string
	note string
}

// step is one call of a message.
type step struct {
	text  string
	rows  []bot.MessageButton
	media *bot.Media
	quote string
	info  string // title of a request for the contact
}

// object is a JSON object under way.
type object map[string]any

// Send sends a message: one call, or several when it holds attachments or asks
// for the contact. A retry of the same message goes on after the calls that succeeded.
func (o *OA) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
	}
	chat, group := strings.CutPrefix(m.To.Chat, groupPrefix)
	if !digits.MatchString(chat) {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Gone, Reason: reasonGone, Err: errors.New("the chat is no id of Zalo")}
	}
	steps := o.plan(m, group)
	if len(steps) == 0 {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonRequest, Err: errors.New("the message is empty")}
	}
	at, _ := o.halfway.Get(m.ID)
	for at.done < len(steps) {
		r, err := o.take(ctx, chat, group, m.Lang, steps[at.done])
		if err != nil {
			if at.done > 0 && m.ID != "" {
				o.halfway.Put(m.ID, at)
			}
			return bot.Receipt{}, o.sendError(ctx, err)
		}
		at.done++
		at.id, at.note = r.ID, r.Note
	}
	o.halfway.Forget(m.ID)
	return bot.Receipt{ID: at.id, Note: at.note}, nil
}

// plan lays a message out in calls. One picture carries the text as its caption.
func (o *OA) plan(m bot.Message, group bool) []step {
	var rows []bot.MessageButton
	var info string
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Request == bot.RequestContact {
				info = b.Title
			} else if b.Request == bot.RequestNothing {
				rows = append(rows, b)
			}
		}
	}
	text := m.Text
	if group && len(rows) > 0 { // groups know no buttons
		text, rows = o.numbered(m.Lang, text, rows), nil
	}
	var out []step
	quote := m.ReplyTo
	for i := range m.Media {
		s := step{media: &m.Media[i], quote: quote}
		if len(m.Media) == 1 && m.Media[i].Kind == bot.Photo && len(rows) == 0 {
			s.text, text = text, ""
		}
		out = append(out, s)
		quote = ""
	}
	if strings.TrimSpace(text) != "" {
		out = append(out, step{text: text, rows: rows, quote: quote})
	}
	if info != "" && !group {
		out = append(out, step{info: info, text: m.Text})
	}
	return out
}

// maxTries bounds the calls of one step: as it is, without its quote, uploaded
// again, without buttons, and one more.
const maxTries = 5

// take makes one call. What the account turns out not to take is left out and
// the rest is sent again: a quote that is too old, buttons. Buttons are switched
// off only when the same text without them is taken: then it was they.
func (o *OA) take(ctx context.Context, chat string, group bool, lang string, s step) (bot.Receipt, error) {
	without := 0 // Zalo's no to the buttons
	for try := 1; ; try++ {
		body, err := o.body(ctx, group, s)
		if err != nil {
			return bot.Receipt{}, err
		}
		r, err := o.post(ctx, chat, group, body)
		if err == nil && without != 0 {
			o.withoutButtons(ctx, without)
		}
		var no *codeError
		if err == nil || !errors.As(err, &no) || try == maxTries {
			return r, err
		}
		switch action := o.table[no.code].Action; {
		case action == codes.Reupload && s.media != nil && o.stale(*s.media):
		case action == codes.Bug && s.quote != "":
			s.quote = ""
		case action == codes.Bug && len(s.rows) > 0:
			without = no.code
			s.text, s.rows = o.numbered(lang, s.text, s.rows), nil
		default:
			return r, err
		}
	}
}

// body is the "message" of a call.
func (o *OA) body(ctx context.Context, group bool, s step) (object, error) {
	m := object{}
	if s.info != "" {
		return object{"attachment": templated(object{
			"template_type": templateInfo, "elements": []object{o.contactElement(s)},
		})}, nil
	}
	if s.text != "" {
		m["text"] = s.text
	}
	if s.quote != "" {
		m["quote_message_id"] = s.quote
	}
	if s.media != nil {
		attachment, line, err := o.attachment(ctx, *s.media)
		if err != nil {
			return nil, err
		}
		if attachment == nil {
			m["text"] = strings.TrimSpace(s.text + "\n" + line)
			return m, nil
		}
		m["attachment"] = attachment
		return m, nil
	}
	if len(s.rows) > 0 && !group {
		m["attachment"] = templated(object{"buttons": buttons(s.rows)})
	}
	return m, nil
}

func templated(payload object) object { return object{"type": "template", "payload": payload} }

func (o *OA) contactElement(s step) object {
	e := object{"title": cut(s.info, maxTitle), "subtitle": cut(strings.Join(strings.Fields(s.text), " "), maxSubtitle)}
	if o.opt.ContactImage != "" {
		e["image_url"] = o.opt.ContactImage
	}
	return e
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func buttons(rows []bot.MessageButton) []object {
	var out []object
	for _, b := range rows {
		one := object{"title": cut(b.Title, maxTitle)}
		switch {
		case b.URL != "":
			one["type"], one["payload"] = openURL, object{"url": b.URL}
		default:
			one["type"], one["payload"] = queryHide, queryPrefix+b.Payload
		}
		out = append(out, one)
	}
	return out
}

// numbered writes choices as lines, in the order in which the kernel counts them.
func (o *OA) numbered(lang, text string, rows []bot.MessageButton) string {
	var links, choices strings.Builder
	var words []string
	n := 0
	for _, b := range rows {
		switch {
		case b.URL != "":
			fmt.Fprintf(&links, "\n• %s: %s", b.Title, b.URL)
		case b.Word:
			words = append(words, b.Title)
		case b.Payload != "":
			n++
			fmt.Fprintf(&choices, "\n%d. %s", n, b.Title)
		}
	}
	hint := func(key string, args map[string]any) {
		if s, err := o.opt.Render(lang, key, args); err == nil {
			choices.WriteString("\n" + s)
		}
	}
	if n > 0 {
		hint("bot.menu_hint", map[string]any{"count": n})
	}
	if len(words) > 0 {
		hint("bot.word_hint", map[string]any{"words": strings.Join(words, ", ")})
	}
	out := text + links.String()
	if choices.Len() > 0 {
		out += "\n" + choices.String()
	}
	return out
}

// sentData is what a successful send answers with.
type sentData struct {
	ID    ident `json:"message_id"`
	Quota *struct {
		Type    string          `json:"quota_type"`
		Remain  *number         `json:"remain"`
		Expires json.RawMessage `json:"expired_date"`
	} `json:"quota"`
}

func (o *OA) post(ctx context.Context, chat string, group bool, message object) (bot.Receipt, error) {
	c := call{method: http.MethodPost, path: pathMessage, body: object{"recipient": object{"user_id": chat}, "message": message}}
	if group {
		c.path, c.body = pathGroup, object{"recipient": object{"group_id": chat}, "message": message}
	}
	r, err := o.call(ctx, c)
	if err != nil {
		return bot.Receipt{}, err
	}
	var d sentData
	if len(r.Data) > 0 && json.Unmarshal(r.Data, &d) != nil {
		o.opt.Log.Warn("zalo took a message and its receipt cannot be read")
	}
	if r.left >= 0 && r.left < fewLeft {
		o.alerts.Raise(ctx, "calls", "few calls are left in this minute; another program may use the same app")
	}
	return bot.Receipt{ID: string(d.ID), Note: d.note(o.opt.Now())}, nil
}

// note is what the gate wants to know next time. No quota object means that
// the message was charged.
func (d sentData) note(now time.Time) string {
	if d.Quota == nil {
		return quota{Type: "charged", Remain: quotaUnknown}.note()
	}
	q := quota{Type: cut(d.Quota.Type, 40), Remain: quotaUnknown, Until: expiry(d.Quota.Expires, now)}
	if d.Quota.Remain != nil {
		q.Remain = int(*d.Quota.Remain)
	}
	return q.note()
}

// expiry reads the day a quota ends: milliseconds, or a date as people write it.
func expiry(raw json.RawMessage, now time.Time) int64 {
	text := strings.Trim(string(raw), `"`)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		if ms > 1e12 {
			ms /= 1000
		}
		if ms > now.Unix() && ms < now.Add(noteMaxFuture).Unix() {
			return ms
		}
		return 0
	}
	for _, form := range []string{"02/01/2006", "2006-01-02", time.RFC3339} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			if form != time.RFC3339 {
				t = t.AddDate(0, 0, 1) // it is good until the end of that day
			}
			return t.Unix()
		}
	}
	return 0
}
