package bot

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Texts renders a text key in a language with its arguments. A key that is
// missing is an error; the returned text is then the best there is.
type Texts interface {
	Render(lang, key string, args map[string]any) (string, error)
}

// Composer turns what was said into messages: words from the catalog, long
// texts split, buttons laid out or numbered as the channel allows.
type Composer struct {
	Texts    Texts
	Channels map[string]Limiter
	Default  string // language when none is known, "vi"
}

// The composer's own text keys.
const (
	keyMenuHint = "bot.menu_hint" // below numbered choices: "type 1, 2, 3 or write a question"
	keyWordHint = "bot.word_hint" // below a question of a form: what else may be typed
)

// Compose renders o into the messages that carry it, in order.
func (c *Composer) Compose(o Outgoing) ([]Queued, error) {
	channel, ok := c.Channels[o.To.Channel]
	if !ok {
		return nil, fmt.Errorf("compose: no channel %q", o.To.Channel)
	}
	limits := channel.Limits()
	lang := o.Lang
	if lang == "" {
		lang = c.Default
	}
	text, err := c.text(lang, o.Reply)
	if err != nil {
		return nil, err
	}
	buttons, err := c.rows(lang, o.Reply.Buttons, limits)
	if err != nil {
		return nil, err
	}
	if buttons == nil && len(o.Reply.Buttons) > 0 {
		if text, err = c.number(lang, text, o.Reply.Buttons); err != nil {
			return nil, err
		}
		if buttons, err = c.requests(lang, o.Reply.Buttons, limits); err != nil {
			return nil, err
		}
	}
	parts := Split(text, limits.Text, limits.Unit)
	if len(parts) == 0 {
		if len(o.Reply.Media) == 0 {
			return nil, fmt.Errorf("compose %s: nothing to say", o.Reply.Key)
		}
		parts = []string{""}
	}
	lane := o.Lane
	if lane == "" {
		lane = LaneFollowUp
	}
	out := make([]Queued, len(parts))
	for i, part := range parts {
		m := Message{ID: NewID(), To: o.To, Lang: lang, Text: part}
		if i == 0 {
			m.ReplyTo = o.ReplyTo
			if limits.Media {
				m.Media = o.Reply.Media
			}
		}
		if i == len(parts)-1 {
			m.Buttons = buttons
		}
		out[i] = Queued{Message: m, Lane: lane, Contact: o.Contact, NotUntil: o.NotUntil, Thing: o.Thing}
		if o.Unique != "" {
			out[i].Unique = o.Unique + "#" + strconv.Itoa(i)
		}
	}
	return out, nil
}

func (c *Composer) text(lang string, r Reply) (string, error) {
	if r.Key == "" {
		return strings.TrimSpace(r.Text), nil
	}
	args, err := pairs(r.Args)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", r.Key, err)
	}
	for name, v := range args {
		var inner Phrase
		switch v := v.(type) {
		case Words:
			inner.Key = string(v)
		case Phrase:
			inner = v
		default:
			continue
		}
		if args[name], err = c.text(lang, Reply{Key: inner.Key, Args: inner.Args}); err != nil {
			return "", err
		}
	}
	s, err := c.Texts.Render(lang, r.Key, args)
	if err != nil {
		return "", fmt.Errorf("render %s: %w", r.Key, err)
	}
	return strings.TrimSpace(s), nil
}

// title renders a button's title, cut to the channel's longest.
func (c *Composer) title(lang string, b Button, longest int) (string, error) {
	title := b.Title
	if b.Key != "" {
		var err error
		if title, err = c.text(lang, Reply{Key: b.Key, Args: b.Args}); err != nil {
			return "", err
		}
	}
	if longest > 0 && utf8.RuneCountInString(title) > longest {
		r := []rune(title)
		title = strings.TrimSpace(string(r[:longest-1])) + "…"
	}
	return title, nil
}

// rows lays buttons out. It returns nil when the channel has no buttons, or
// fewer than needed: then the choices are numbered in the text.
func (c *Composer) rows(lang string, bs []Button, l Limits) ([][]MessageButton, error) {
	if l.Buttons < len(bs) {
		return nil, nil
	}
	var rows [][]MessageButton
	var row []MessageButton
	width, words := 0, false
	for _, b := range bs {
		if len(b.Payload) > MaxPayload {
			return nil, fmt.Errorf("button payload %q is longer than %d bytes", b.Payload, MaxPayload)
		}
		if b.Request == RequestLocation && !l.Location || b.Request == RequestContact && !l.Contact {
			continue // this channel cannot ask by button: the text has to do
		}
		title, err := c.title(lang, b, l.ButtonTitle)
		if err != nil {
			return nil, err
		}
		// Short titles share a row; a long one has its own, so that nothing is cut on a narrow screen.
		n := utf8.RuneCountInString(title)
		// The controls of a form stand below its answers.
		if len(row) > 0 && (len(row) >= max(l.RowButtons, 1) || width+n > 30 || b.Word != words) {
			rows = append(rows, row)
			row, width = nil, 0
		}
		words = b.Word
		row = append(row, MessageButton{Title: title, Payload: b.Payload, URL: b.URL, Request: b.Request, Word: b.Word})
		width += n
	}
	if len(row) > 0 {
		rows = append(rows, row)
	}
	return rows, nil
}

// requests are what a channel can ask the citizen's app for although it shows
// no buttons: a row each.
func (c *Composer) requests(lang string, bs []Button, l Limits) ([][]MessageButton, error) {
	var rows [][]MessageButton
	for _, b := range bs {
		if b.Request == RequestLocation && l.Location || b.Request == RequestContact && l.Contact {
			title, err := c.title(lang, b, l.ButtonTitle)
			if err != nil {
				return nil, err
			}
			rows = append(rows, []MessageButton{{Title: title, Request: b.Request}})
		}
	}
	return rows, nil
}

// number writes the choices below the text: payload buttons with the numbers
// that menu gives them, links as lines.
func (c *Composer) number(lang, text string, bs []Button) (string, error) {
	var choices, links strings.Builder
	var words []string
	n := 0
	for _, b := range bs {
		title, err := c.title(lang, b, 0)
		if err != nil {
			return "", err
		}
		switch {
		case len(b.Payload) > MaxPayload:
			return "", fmt.Errorf("button payload %q is longer than %d bytes", b.Payload, MaxPayload)
		case b.Word && b.Payload != "":
			words = append(words, title)
		case b.Payload != "":
			n++
			fmt.Fprintf(&choices, "\n%d. %s", n, title)
		case b.URL != "":
			fmt.Fprintf(&links, "\n• %s: %s", title, b.URL)
		}
	}
	if n > 0 {
		hint, err := c.Texts.Render(lang, keyMenuHint, map[string]any{"count": n})
		if err != nil {
			return "", fmt.Errorf("render %s: %w", keyMenuHint, err)
		}
		choices.WriteString("\n" + hint)
	}
	if len(words) > 0 {
		hint, err := c.Texts.Render(lang, keyWordHint, map[string]any{"words": strings.Join(words, ", ")})
		if err != nil {
			return "", fmt.Errorf("render %s: %w", keyWordHint, err)
		}
		choices.WriteString("\n" + hint)
	}
	out := text + links.String()
	if choices.Len() > 0 {
		out += "\n" + choices.String()
	}
	return out, nil
}

// menu lists what a typed number or title means after these buttons. Links
// have no number: they are read, not chosen.
func (c *Composer) menu(lang string, bs []Button) ([]Choice, error) {
	var out []Choice
	for _, b := range bs {
		if b.Payload == "" {
			continue
		}
		title, err := c.title(lang, b, 0)
		if err != nil {
			return nil, err
		}
		if len(out) < MaxMenu {
			out = append(out, Choice{Title: title, Payload: b.Payload, Word: b.Word})
		}
	}
	return out, nil
}

// pairs turns name, value, name, value into a map.
func pairs(args []any) (map[string]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("arguments must be pairs of name and value, got %d", len(args))
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("argument %d is %T, want the name of an argument", i, args[i])
		}
		m[name] = args[i+1]
	}
	return m, nil
}

// NewID returns a random id of 26 letters and digits.
func NewID() string { return rand.Text() }
