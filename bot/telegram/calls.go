package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"cchcbot/bot"
)

// get runs a method and reads its result.
func (a *api) get(ctx context.Context, method string, params tgbotapi.Params, into any) error {
	result, err := a.call(ctx, method, params)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, into); err != nil {
		return &failure{method: method, reached: true, cause: errors.New("the answer has another form")}
	}
	return nil
}

// Edit replaces the text and the buttons of a message of ours. A message that
// says the same already is no error; one that is gone is Rejected.
func (b *Bot) Edit(ctx context.Context, sent bot.Receipt, m bot.Message) error {
	chat, err := strconv.ParseInt(m.To.Chat, 10, 64)
	id, err2 := strconv.ParseInt(sent.ID, 10, 64)
	if err != nil || err2 != nil || id <= 0 {
		return &bot.SendError{Kind: bot.Rejected, Reason: reasonStale, Err: errors.New("no message has this id")}
	}
	s := step{method: "editMessageText", chat: chat, text: m.Text, rows: m.Buttons}
	for {
		params := tgbotapi.Params{"chat_id": chatID(chat), "message_id": strconv.FormatInt(id, 10)}
		text := m.Text
		if s.noLinks {
			text += links(m.Buttons)
		}
		// An edit without reply_markup removes the buttons, so it is always sent.
		rows := inline(m.Buttons, s.noLinks)
		if rows == nil {
			rows = [][]inlineButton{}
		}
		params["reply_markup"] = encode(map[string]any{"inline_keyboard": rows})
		method := "editMessageReplyMarkup"
		if strings.TrimSpace(text) != "" {
			method = "editMessageText"
			params["text"], params["link_preview_options"] = text, `{"is_disabled":true}`
			if !s.plain {
				params["text"], params["parse_mode"] = html.EscapeString(text), "HTML"
			}
		}
		_, err := b.api.call(ctx, method, params)
		var f *failure
		if err == nil || !errors.As(err, &f) {
			return err
		}
		v := f.judge()
		if v.remedy == remedySuccess {
			return nil
		}
		if (v.remedy != remedyPlain && v.remedy != remedyNoLinks) || !s.cure(v.remedy) {
			return b.sendError(ctx, err)
		}
	}
}

// Typing shows "typing…" for up to five seconds.
func (b *Bot) Typing(ctx context.Context, a bot.Address) error {
	params := tgbotapi.Params{"chat_id": a.Chat, "action": "typing"}
	if a.Thread != "" && a.Thread != "1" {
		params["message_thread_id"] = a.Thread
	}
	_, err := b.api.call(ctx, "sendChatAction", params)
	return err
}

// queryPrefix marks the ids of updates that are button presses; what follows is
// the id of the callback query.
const queryPrefix = "q"

// Ack ends the spinning of a pressed button. Poll and Webhook do it themselves;
// a second time does no harm, and neither does one that comes too late.
func (b *Bot) Ack(ctx context.Context, u bot.Update) error {
	id, ok := strings.CutPrefix(u.ID, queryPrefix)
	if !ok || u.Channel != Name {
		return nil
	}
	return b.answer(ctx, id)
}

func (b *Bot) answer(ctx context.Context, query string) error {
	_, err := b.api.callFor(ctx, ackTimeout, "answerCallbackQuery", tgbotapi.Params{"callback_query_id": query})
	var f *failure
	if errors.As(err, &f) && f.judge().remedy == remedySuccess {
		return nil
	}
	return err
}

// ackTimeout is short: an answer that comes later helps nobody.
const ackTimeout = 5 * time.Second

// Check asks Telegram who we are: whether it is there and takes the token.
func (b *Bot) Check(ctx context.Context) error {
	_, err := b.whoami(ctx)
	return err
}

func (b *Bot) whoami(ctx context.Context) (string, error) {
	var me struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
	}
	if err := b.api.get(ctx, "getMe", nil, &me); err != nil {
		return "", err
	}
	b.mu.Lock()
	b.username = me.Username
	b.mu.Unlock()
	return me.Username, nil
}

// name is the bot's user name, asked for once.
func (b *Bot) name(ctx context.Context) (string, error) {
	b.mu.Lock()
	known := b.username
	b.mu.Unlock()
	if known != "" {
		return known, nil
	}
	return b.whoami(ctx)
}

// Status is what Telegram says of how updates come, for `doctor`.
type Status struct {
	Username  string
	Webhook   string // the address it delivers to, "" for none
	Expected  bool   // that is as the mode wants it
	Pending   int    // updates that wait at Telegram
	LastError time.Time
	Message   string // of the last failed delivery, in Telegram's words
}

// Status asks Telegram.
func (b *Bot) Status(ctx context.Context) (Status, error) {
	name, err := b.whoami(ctx)
	if err != nil {
		return Status{}, err
	}
	var info struct {
		URL     string `json:"url"`
		Pending int    `json:"pending_update_count"`
		Date    int64  `json:"last_error_date"`
		Message string `json:"last_error_message"`
	}
	if err := b.api.get(ctx, "getWebhookInfo", nil, &info); err != nil {
		return Status{}, err
	}
	want := ""
	if b.opt.Mode == ModeWebhook {
		want = b.opt.WebhookURL
	}
	s := Status{Username: name, Webhook: info.URL, Expected: info.URL == want, Pending: info.Pending, Message: info.Message}
	if info.Date > 0 {
		s.LastError = time.Unix(info.Date, 0)
	}
	return s, nil
}
