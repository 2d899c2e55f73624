package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"cchcbot/bot"
)

// Limits of what is sent (core.telegram.org/bots/api), in UTF-16 units of visible text.
const (
	maxText    = 4096
	maxCaption = 1024
	maxAlbum   = 10
)

// step is one call of a message.
type step struct {
	method string
	chat   int64
	thread string
	reply  string
	text   string // visible text, as "text" or "caption"
	rows   [][]bot.MessageButton
	media  []bot.Media

	// What remedies took away.
	plain, noLinks, upload bool
}

// progress is how far a message of several calls came, and the id of the last one.
type progress struct {
	done int
	id   string
}

// Send sends a message: one call, or several when attachments and text do not
// fit into one. A retry of the same message goes on after the calls that succeeded.
func (b *Bot) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
	}
	chat, err := strconv.ParseInt(m.To.Chat, 10, 64)
	if err != nil || chat == 0 {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Gone, Reason: reasonNoChat, Err: errors.New("the chat is no number")}
	}
	if to, ok := b.moved.Get(m.To.Chat); ok {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Moved, Reason: reasonMoved, To: to}
	}
	steps := plan(m, chat)
	if len(steps) == 0 {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonUnfit, Err: errors.New("the message is empty")}
	}
	at, _ := b.halfway.Get(m.ID)
	for at.done < len(steps) {
		id, err := b.take(ctx, steps[at.done])
		if err != nil {
			if at.done > 0 && m.ID != "" {
				b.halfway.Put(m.ID, at)
			}
			return bot.Receipt{}, b.sendError(ctx, err)
		}
		at.done++
		at.id = id
	}
	b.halfway.Forget(m.ID)
	return bot.Receipt{ID: at.id}, nil
}

// plan lays a message out in calls. The text and the buttons stand in the last one.
func plan(m bot.Message, chat int64) []step {
	base := step{chat: chat, thread: m.To.Thread, reply: m.ReplyTo}
	rows := m.Buttons
	if len(m.Media) == 1 && captioned(m.Media[0].Kind) && bot.UTF16.Length(m.Text) <= maxCaption {
		base.method, base.media, base.text, base.rows = methodOf(m.Media[0].Kind), m.Media, m.Text, rows
		return []step{base}
	}
	var out []step
	add := func(s step) {
		if len(out) > 0 {
			s.reply = ""
		}
		out = append(out, s)
	}
	for _, group := range albums(m.Media) {
		s := base
		s.media = group
		if s.method = "sendMediaGroup"; len(group) == 1 {
			s.method = methodOf(group[0].Kind)
		}
		add(s)
	}
	switch {
	case strings.TrimSpace(m.Text) != "":
		base.method, base.text, base.rows = "sendMessage", m.Text, rows
		add(base)
	case len(out) > 0 && out[len(out)-1].method != "sendMediaGroup":
		out[len(out)-1].rows = rows // an album carries no buttons
	}
	return out
}

// albums groups attachments as Telegram takes them together: photos with
// videos, documents with documents, two to ten.
func albums(media []bot.Media) [][]bot.Media {
	class := func(k bot.MediaKind) int {
		switch k {
		case bot.Photo, bot.Video:
			return 1
		case bot.Document:
			return 2
		}
		return 0
	}
	var out [][]bot.Media
	for _, m := range media {
		if n := len(out); n > 0 && class(m.Kind) != 0 && class(m.Kind) == class(out[n-1][0].Kind) && len(out[n-1]) < maxAlbum {
			out[n-1] = append(out[n-1], m)
			continue
		}
		out = append(out, []bot.Media{m})
	}
	return out
}

func captioned(k bot.MediaKind) bool { return k != bot.Sticker }

func methodOf(k bot.MediaKind) string {
	switch k {
	case bot.Photo:
		return "sendPhoto"
	case bot.Video:
		return "sendVideo"
	case bot.Voice:
		return "sendVoice"
	case bot.Sticker:
		return "sendSticker"
	default:
		return "sendDocument"
	}
}

// take makes a step's call. What a remedy of the table cures is tried again at
// once, each remedy one time.
func (b *Bot) take(ctx context.Context, s step) (id string, err error) {
	tried := map[remedy]bool{}
	for {
		id, err = b.once(ctx, s)
		var f *failure
		if err == nil || !errors.As(err, &f) {
			return id, err
		}
		v := f.judge()
		if v.remedy == remedySuccess {
			return "", nil
		}
		if tried[v.remedy] || !s.cure(v.remedy) {
			return "", err
		}
		tried[v.remedy] = true
		if v.alert != "" {
			b.alerts.Raise(ctx, v.name, v.alert)
		}
		b.opt.Log.Warn("telegram refused a message, which is sent otherwise", "method", s.method, "why", v.name)
		if v.remedy == remedyUpload {
			for _, m := range s.media {
				b.uploads.Forget(m.Ref)
			}
		}
	}
}

// cure changes the step as the remedy says, and reports whether it could.
func (s *step) cure(r remedy) bool {
	switch r {
	case remedyPlain:
		ok := !s.plain
		s.plain = true
		return ok
	case remedyNoReply:
		ok := s.reply != ""
		s.reply = ""
		return ok
	case remedyNoThread:
		ok := s.thread != ""
		s.thread = ""
		return ok
	case remedyNoLinks:
		ok := !s.noLinks
		s.noLinks = true
		return ok
	case remedyUpload:
		ok := !s.upload
		s.upload = true
		for _, m := range s.media {
			ok = ok && ours(m.Ref)
		}
		return ok && len(s.media) > 0
	}
	return false
}

// once makes the call and reads the new message's id.
func (b *Bot) once(ctx context.Context, s step) (string, error) {
	text, markup, keyboard := b.layout(s)
	params := tgbotapi.Params{"chat_id": strconv.FormatInt(s.chat, 10)}
	if t := s.thread; t != "" && t != "1" { // General is named by leaving it out
		params["message_thread_id"] = t
	}
	if s.reply != "" {
		if n, err := strconv.Atoi(s.reply); err == nil && n > 0 {
			params["reply_parameters"] = fmt.Sprintf(`{"message_id":%d,"allow_sending_without_reply":true}`, n)
		}
	}
	if text != "" {
		field := "caption"
		if s.method == "sendMessage" {
			field = "text"
			params["link_preview_options"] = `{"is_disabled":true}`
		}
		params[field] = text
		if !s.plain {
			params[field] = html.EscapeString(text)
			params["parse_mode"] = "HTML"
		}
	}
	if markup != "" {
		params["reply_markup"] = markup
	}
	files, err := b.attach(ctx, s, params)
	if err != nil {
		return "", err
	}
	result, err := b.api.call(ctx, s.method, params, files...)
	if err != nil {
		return "", err
	}
	chat := chatID(s.chat)
	switch keyboard {
	case keyboardShown:
		b.keyboards.Put(chat, struct{}{})
	case keyboardRemoved:
		b.keyboards.Forget(chat)
	}
	return b.receipt(result, s), nil
}

// sent is as much of a sent message as is read.
type sent struct {
	ID    int64      `json:"message_id"`
	Photo []wireFile `json:"photo"`
	Doc   *wireFile  `json:"document"`
	Video *wireFile  `json:"video"`
	Voice *wireFile  `json:"voice"`
}

// receipt reads what was sent, and remembers the ids of files that were
// uploaded. An answer that cannot be read is a success all the same.
func (b *Bot) receipt(result json.RawMessage, s step) string {
	var list []sent
	if json.Unmarshal(result, &list) != nil {
		var one sent
		if json.Unmarshal(result, &one) != nil {
			return ""
		}
		list = []sent{one}
	}
	for i, m := range s.media {
		if i < len(list) && ours(m.Ref) {
			if id := list[i].file(); id != "" {
				b.uploads.Put(m.Ref, id)
			}
		}
	}
	if len(list) == 0 || list[0].ID <= 0 {
		return ""
	}
	return strconv.FormatInt(list[0].ID, 10)
}

func (s sent) file() string {
	switch {
	case len(s.Photo) > 0:
		return s.Photo[len(s.Photo)-1].ID
	case s.Video != nil:
		return s.Video.ID
	case s.Voice != nil:
		return s.Voice.ID
	case s.Doc != nil:
		return s.Doc.ID
	}
	return ""
}

func chatID(id int64) string { return strconv.FormatInt(id, 10) }
