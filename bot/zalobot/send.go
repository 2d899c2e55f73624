package zalobot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cchcbot/bot"
)

// maxText is the longest text, and the longest caption (bot.zaloplatforms.com/docs).
const maxText = 2000

// maxLink is the longest address that is sent, in bytes, so that it fits a text.
const maxLink = 1500

// step is one call of a message.
type step struct {
	method string
	text   string // or caption
	ref    string // the photo's address, or the sticker's id
	link   string // the photo as a line of text, for when it cannot be sent
}

// progress is how far a message of several calls came.
type progress struct {
	done  int
	id    string // of the last message that the platform took
	doubt bool   // the photo of the step at done may have been sent
}

// Send sends a message: one call, or several when attachments and text do not
// fit into one. A retry of the same message goes on after the calls that
// succeeded, as long as the process lives.
//
// A photo is sent by its address, which the platform fetches while the call
// waits. When it refuses the photo, the address goes out as text. When it takes
// longer than Options.PhotoTimeout, nobody knows whether the photo arrives: Send
// fails with Ambiguous, and the retry sends text and address in its place,
// since a second slow photo would help nobody.
func (b *Bot) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
	}
	if m.To.Chat == "" {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonNoChat, Err: errors.New("there is no chat")}
	}
	steps, left := b.plan(m)
	if len(steps) == 0 {
		reason := reasonUnfit
		if left > 0 {
			reason = reasonFile
		}
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reason, Err: errors.New("nothing of the message can be sent")}
	}
	if left > 0 {
		b.opt.Log.Warn("attachments without a public address were left out of a message of zalobot", "attachments", left)
	}
	at, _ := b.halfway.Get(m.ID)
	for at.done < len(steps) {
		id, err := b.take(ctx, m.To.Chat, steps[at.done], &at, len(steps))
		if err != nil {
			if m.ID != "" && (at.done > 0 || at.doubt) {
				b.halfway.Put(m.ID, at)
			}
			return bot.Receipt{}, b.sendError(ctx, err)
		}
		at.done, at.doubt = at.done+1, false
		if id != "" {
			at.id = id
		}
	}
	b.halfway.Forget(m.ID)
	return bot.Receipt{ID: at.id}, nil
}

// plan lays a message out in calls, and counts the attachments that it had to
// leave out: those that are no stickers and have no public address. The text
// says that they are missing.
func (b *Bot) plan(m bot.Message) (steps []step, left int) {
	var photos, stickers []step
	text := strings.TrimSpace(m.Text)
	for _, x := range m.Media {
		address, ok := b.address(x)
		switch {
		case ok && x.Kind == bot.Photo:
			photos = append(photos, step{method: "sendPhoto", ref: address, link: line(x, address)})
		case ok:
			text = join(text, line(x, address))
		case x.Kind == bot.Sticker && stickerRef(x.Ref) != "":
			stickers = append(stickers, step{method: "sendSticker", ref: x.Ref})
		default:
			left++
		}
	}
	for _, row := range m.Buttons { // the kernel sends none; what somebody else laid out is not lost
		for _, button := range row {
			text = join(text, strings.TrimSuffix("• "+button.Title+": "+button.URL, ": "))
		}
	}
	if left > 0 {
		text = join(text, b.missing(m.Lang, left))
	}
	if len(photos) == 1 && bot.UTF16.Length(join(text, photos[0].link)) <= maxText {
		photos[0].text = text
		text = ""
	}
	steps = photos
	for _, part := range bot.Split(text, maxText, bot.UTF16) {
		steps = append(steps, step{method: "sendMessage", text: part})
	}
	return append(steps, stickers...), left
}

// address is where the platform, and everybody, can fetch an attachment.
func (b *Bot) address(m bot.Media) (string, bool) {
	a := m.Ref
	if known, ok := addressOf(m.Ref); ok {
		a = known
	} else if strings.HasPrefix(a, "/") && b.opt.PublicURL != "" {
		a = strings.TrimSuffix(b.opt.PublicURL, "/") + a
	}
	return a, len(a) <= maxLink && public(a)
}

// missing says that attachments were left out, "" without words for it.
func (b *Bot) missing(lang string, n int) string {
	if b.opt.Render == nil {
		return ""
	}
	text, err := b.opt.Render(lang, "zalobot.missing", map[string]any{"count": n})
	if err != nil {
		b.opt.Log.Error("there are no words for an attachment that cannot be sent", "err", err)
	}
	return text
}

// line is an attachment as a line of text.
func line(m bot.Media, address string) string {
	for _, s := range []string{m.Alt, m.Name} {
		if s = cut(strings.Join(strings.Fields(s), " "), 200); s != "" {
			return "• " + s + ": " + address
		}
	}
	return "• " + address
}

func join(text, more string) string {
	switch "" {
	case text:
		return more
	case more:
		return text
	}
	return text + "\n" + more
}

// take makes a step's call. A photo that is refused, or that was in doubt
// before, is sent as text; a sticker that is refused is left out of a message
// that has something else to say.
func (b *Bot) take(ctx context.Context, chat string, s step, at *progress, steps int) (string, error) {
	if s.method == "sendPhoto" && at.doubt {
		return b.once(ctx, chat, s.asText())
	}
	id, err := b.once(ctx, chat, s)
	var f *failure
	if err == nil || !errors.As(err, &f) {
		return id, err
	}
	v := f.judge()
	switch {
	case v.kind == bot.Ambiguous && s.method == "sendPhoto":
		at.doubt = true
	case f.photo(v):
		if v.reason == reasonUnheard || v.reason == reasonUnfit {
			b.alerts.Raise(ctx, v.name, v.alert)
		}
		b.opt.Log.Warn("zalobot refused a photo, whose address is sent instead", "why", v.name)
		at.doubt = true // should the text fail, the photo is not tried again
		return b.once(ctx, chat, s.asText())
	case v.kind == bot.Rejected && v.reason == reasonFile && steps > 1:
		b.opt.Log.Warn("zalobot refused a sticker, which is left out", "why", v.name)
		return "", nil
	}
	return "", err
}

func (s step) asText() step { return step{method: "sendMessage", text: join(s.text, s.link)} }

// once makes the call and reads the new message's id.
func (b *Bot) once(ctx context.Context, chat string, s step) (string, error) {
	p, limit := params{"chat_id": chat}, callTimeout
	switch s.method {
	case "sendPhoto":
		p["photo"], limit = s.ref, b.opt.PhotoTimeout
		if s.text != "" {
			p["caption"] = s.text
		}
	case "sendSticker":
		p["sticker"] = s.ref
	default:
		p["text"] = s.text // without parse_mode nothing in it is markup
	}
	result, err := b.api.call(ctx, limit, s.method, p)
	if err != nil {
		return "", err
	}
	var sent struct {
		ID loose `json:"message_id"`
	}
	decode(result, &sent) // a success all the same when it cannot be read
	if len(sent.ID) > bot.MaxID {
		return "", nil
	}
	return string(sent.ID), nil
}

// decode reads a result where nothing hangs on it, and reports whether it could.
func decode(result json.RawMessage, into any) bool {
	return len(result) > 0 && json.Unmarshal(result, into) == nil
}

// typingTimeout is short: a sign that comes later helps nobody.
const typingTimeout = 5 * time.Second

// Typing shows "typing…" for a moment; how long is not documented.
func (b *Bot) Typing(ctx context.Context, a bot.Address) error {
	_, err := b.api.call(ctx, typingTimeout, "sendChatAction", params{"chat_id": a.Chat, "action": "typing"})
	return err
}
