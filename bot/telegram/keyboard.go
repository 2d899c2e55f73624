package telegram

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"cchcbot/bot"
)

// What a call does to the keyboard below the chat.
type keyboardChange int

const (
	keyboardLeft keyboardChange = iota
	keyboardShown
	keyboardRemoved
)

// inlineButton and keyButton are the two kinds of buttons that Telegram has:
// below a message, and in place of the letters.
type inlineButton struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

type keyButton struct {
	Text     string `json:"text"`
	Contact  bool   `json:"request_contact,omitempty"`
	Location bool   `json:"request_location,omitempty"`
}

// layout returns a step's text, its reply_markup and what that does to the
// keyboard of requests.
//
// A place or a phone number can be asked for only by that keyboard, and only in
// a private chat. A message has one kind of buttons or the other, so where it
// asks, its other choices stand on the keyboard too and are typed as their
// titles, which the kernel's menu understands; links stand in the text.
func (b *Bot) layout(s step) (text, markup string, change keyboardChange) {
	text = s.text
	private := s.chat > 0
	asks := private && slices.ContainsFunc(slices.Concat(s.rows...), func(m bot.MessageButton) bool { return m.Request != bot.RequestNothing })
	if asks {
		return text + links(s.rows), keyboard(s.rows), keyboardShown
	}
	rows := inline(s.rows, s.noLinks)
	if s.noLinks {
		text += links(s.rows)
	}
	if len(rows) > 0 {
		return text, encode(map[string]any{"inline_keyboard": rows}), keyboardLeft
	}
	if _, shown := b.keyboards.Get(chatID(s.chat)); shown && s.method != "sendMediaGroup" {
		return text, `{"remove_keyboard":true}`, keyboardRemoved
	}
	return text, "", keyboardLeft
}

func inline(rows [][]bot.MessageButton, noLinks bool) [][]inlineButton {
	var out [][]inlineButton
	for _, row := range rows {
		var r []inlineButton
		for _, m := range row {
			switch {
			case m.Title == "":
			case m.Payload != "" && len(m.Payload) <= bot.MaxPayload:
				r = append(r, inlineButton{Text: m.Title, Data: m.Payload})
			case m.URL != "" && !noLinks && openable(m.URL):
				r = append(r, inlineButton{Text: m.Title, URL: m.URL})
			}
		}
		if len(r) > 0 {
			out = append(out, r)
		}
	}
	return out
}

func keyboard(rows [][]bot.MessageButton) string {
	var out [][]keyButton
	for _, row := range rows {
		var r []keyButton
		for _, m := range row {
			if m.Title == "" || m.URL != "" {
				continue
			}
			r = append(r, keyButton{Text: m.Title, Contact: m.Request == bot.RequestContact, Location: m.Request == bot.RequestLocation})
		}
		if len(r) > 0 {
			out = append(out, r)
		}
	}
	return encode(map[string]any{"keyboard": out, "one_time_keyboard": true, "resize_keyboard": true})
}

// links writes link buttons as lines below the text.
func links(rows [][]bot.MessageButton) string {
	var out strings.Builder
	for _, m := range slices.Concat(rows...) {
		if m.URL != "" && openable(m.URL) {
			out.WriteString("\n• " + m.Title + ": " + m.URL)
		}
	}
	return out.String()
}

// openable: Telegram opens web addresses; others it refuses together with the whole message.
func openable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// encode writes values made of strings, numbers and booleans.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
