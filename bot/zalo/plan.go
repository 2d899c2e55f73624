package zalo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cchcbot/bot"
)

// Limits of what is sent (docs.zaloplatforms.com).
const (
	maxText      = 2000 // UTF-16 units
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

// step is one call of a message.
type step struct {
	text  string
	rows  []bot.MessageButton
	media *bot.Media
	index int    // of the attachment
	line  string // what stands for the attachment when it cannot be sent
	quote string
	info  string // title of a request for the contact
}

// object is a JSON object under way.
type object map[string]any

// plan lays a message out in calls, without what Zalo did not take of it so far.
// One picture carries the text as its caption. What stands before the call under
// way stays as it is, whatever was refused since.
func (o *OA) plan(m bot.Message, at progress) []step {
	group := strings.HasPrefix(m.To.Chat, groupPrefix)
	rows, info := split(m.Buttons)
	text, buttons := m.Text, rows
	if len(rows) > 0 && (group || at.plain) { // groups know no buttons
		text, buttons = o.numbered(m.Lang, text, rows), nil
	}
	var out []step
	for i := range m.Media {
		s := step{media: &m.Media[i], index: i, line: o.line(m.Lang, m.Media[i])}
		if len(m.Media) == 1 && s.media.Kind == bot.Photo && (group || len(rows) == 0) && fits(text, s.line) {
			s.text, text = strings.TrimSpace(text), ""
		}
		if at.lost&(1<<i) != 0 || !o.sendable(*s.media) {
			s.media, s.text = nil, withLine(s.text, s.line)
		}
		out = append(out, s)
	}
	parts := bot.Split(text, maxText, bot.UTF16)
	for i, part := range parts {
		s := step{text: part}
		if i == len(parts)-1 {
			s.rows = buttons
		}
		out = append(out, s)
	}
	if info != "" && !group {
		out = append(out, step{info: info, text: m.Text})
	}
	if len(out) > 0 && !at.unquoted {
		out[0].quote = m.ReplyTo
	}
	return out
}

// split parts choices from a request for the contact, of which "" means none.
func split(all [][]bot.MessageButton) (rows []bot.MessageButton, info string) {
	for _, row := range all {
		for _, b := range row {
			switch b.Request {
			case bot.RequestContact:
				info = b.Title
			case bot.RequestNothing:
				rows = append(rows, b)
			}
		}
	}
	return rows, info
}

// fits reports whether a text has room for the line that may have to stand below it.
func fits(text, line string) bool { return bot.UTF16.Length(withLine(text, line)) <= maxText }

func withLine(text, line string) string {
	return strings.TrimSpace(strings.TrimSpace(text) + "\n" + line)
}

// body is the "message" of a call.
func (o *OA) body(ctx context.Context, s step) (object, error) {
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
		attachment, err := o.attachment(ctx, *s.media)
		if err != nil {
			return nil, err
		}
		m["attachment"] = attachment
	}
	if len(s.rows) > 0 {
		m["attachment"] = templated(object{"buttons": buttons(s.rows)})
	}
	return m, nil
}

func templated(payload object) object { return object{"type": "template", "payload": payload} }

func (o *OA) contactElement(s step) object {
	e := object{"title": cardTitle(s), "subtitle": cardSubtitle(s)}
	if o.opt.ContactImage != "" {
		e["image_url"] = o.opt.ContactImage
	}
	return e
}

func cardTitle(s step) string { return cut(s.info, maxTitle) }

func cardSubtitle(s step) string { return cut(strings.Join(strings.Fields(s.text), " "), maxSubtitle) }

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

// kindsOf names which kinds of buttons stand in rows.
func kindsOf(rows []bot.MessageButton) string {
	var kinds []string
	for _, b := range rows {
		kind := "query"
		if b.URL != "" {
			kind = "link"
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return strings.Join(kinds, " and ")
}
