package telegram_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
	"cchcbot/knowledge/vietnamese"
)

func id(n int64) string { return strconv.FormatInt(n, 10) }

// refusing passes updates on and notes when the intake wants one again.
type refusing struct {
	bot.Intake
	mu      sync.Mutex
	refused error
	wake    func()
}

func (r *refusing) Accept(ctx context.Context, u bot.Update) error {
	err := r.Intake.Accept(ctx, u)
	if err != nil && !bot.IsCode(err, bot.Invalid) {
		r.mu.Lock()
		r.refused = err
		r.mu.Unlock()
		r.wake()
	}
	return err
}

// byPoll delivers a payload through the loop: nil when the loop confirmed it.
func byPoll(fake *faketelegram.Server, b *telegram.Bot) func(context.Context, bot.Intake, []byte) error {
	return func(ctx context.Context, in bot.Intake, payload []byte) error {
		if !json.Valid(payload) {
			return nil // no server sends that; the fuzz test reads it
		}
		fake.Raw(payload)
		ctx, cancel := context.WithCancel(ctx)
		over := make(chan struct{})
		r := &refusing{Intake: in, wake: sync.OnceFunc(func() { close(over) })}
		var loop sync.WaitGroup
		loop.Go(func() { _ = b.Poll(ctx, r) })
		confirmed := fake.Confirmed(over)
		cancel()
		loop.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if !confirmed && fake.Pending() == 0 {
			return fmt.Errorf("confirmed although it was refused")
		}
		fake.Forget()
		return r.refused
	}
}

// byWebhook posts a payload as Telegram does.
func byWebhook(b *telegram.Bot) func(context.Context, bot.Intake, []byte) error {
	return func(ctx context.Context, in bot.Intake, payload []byte) error {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(payload))
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		w := httptest.NewRecorder()
		b.Webhook(in).ServeHTTP(w, r)
		if w.Code/100 == 2 {
			return nil
		}
		return errors.New("the webhook answers " + strconv.Itoa(w.Code))
	}
}

func TestTelegramIsAChannel(t *testing.T) {
	for _, mode := range []string{telegram.ModePoll, telegram.ModeWebhook} {
		t.Run(mode, func(t *testing.T) { conforms(t, mode) })
	}
}

func conforms(t *testing.T, mode string) {
	var fake *faketelegram.Server
	var lan *faketelegram.Person
	open := func(t *testing.T, log *slog.Logger) bottest.Subject {
		fake = faketelegram.New(faketelegram.Options{Token: token})
		t.Cleanup(fake.Close)
		lan = fake.Person("Lan")
		fake.Type(lan, "/start")
		fake.Forget()
		opt := telegram.Options{Token: token, APIURL: "http://telegram.test", Mode: mode, Clean: vietnamese.Clean, HTTP: fake.Client(), Log: log}
		if mode == telegram.ModeWebhook {
			opt.WebhookURL, opt.WebhookSecret = hook, secret
		}
		b, err := telegram.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		s := bottest.Subject{Channel: b, Chat: id(lan.ID), Receive: byWebhook(b), Saw: func(int) (out []string) {
			for _, m := range fake.Shown(lan.ID) {
				m.Markup = "" // what was sent; the text is what is shown
				j, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, string(j))
			}
			return out
		}}
		if mode == telegram.ModePoll {
			s.Receive = byPoll(fake, b)
		}
		return s
	}
	fails := func(name string, want bot.SendKind, f faketelegram.Fault) bottest.FailCase {
		return bottest.FailCase{Name: name, Want: want, Arrange: func(bottest.Subject) { fake.Fail(f) }}
	}
	bottest.Channel(t, bottest.ChannelSpec{
		Open: open,
		In:   inCases(),
		Text: func(s string) []byte {
			b, err := json.Marshal(s)
			if err != nil || !utf8.ValidString(s) {
				b = []byte(`"` + s + `"`) // broken bytes as they are
			}
			return []byte(`{"update_id":901,"message":{"message_id":5,"date":1700000000,"chat":{"id":41,"type":"private"},"from":{"id":41,"first_name":"Lan"},"text":` + string(b) + `}}`)
		},
		Out: []bottest.OutCase{
			{Name: "text with signs of markup", Message: bot.Message{Text: `Phí < 50.000 & "miễn" > 'x' <b>không</b> &lt;`}, Shows: []string{`"Text":"Phí \u003c 50.000 \u0026 \"miễn\" \u003e 'x' \u003cb\u003ekhông\u003c/b\u003e \u0026lt;"`}},
			{Name: "buttons", Message: bot.Message{Text: "Chọn", Buttons: [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}, {Title: "Mở", URL: "https://example.vn/"}}}},
				Shows: []string{`"Nộp ở đâu"`, `"Data":"a:b"`, `"URL":"https://example.vn/"`}},
			{Name: "a request", Message: bot.Message{Text: "Ở đâu?", Buttons: [][]bot.MessageButton{{{Title: "Gửi vị trí", Request: bot.RequestLocation}, {Title: "Hủy", Payload: "f:cancel"}}}},
				Shows: []string{`"Request":"location"`, `"Hủy"`}},
			{Name: "an address that nobody opens", Message: bot.Message{Text: "x", Buttons: [][]bot.MessageButton{{{Title: "a", URL: "javascript:alert(1)"}}}}, Shows: []string{`"Buttons":null`}},
		},
		Fails: []bottest.FailCase{
			fails("throttled", bot.Throttled, faketelegram.Fault{Code: 429, Description: "Too Many Requests: retry after 3", RetryAfter: 3}),
			fails("bad gateway", bot.Temporary, faketelegram.Fault{Code: 502, HTML: "<html>502</html>"}),
			fails("answer lost", bot.Ambiguous, faketelegram.Fault{Lost: true}),
			fails("moved", bot.Moved, faketelegram.Fault{Code: 400, Description: "Bad Request: group chat was upgraded to a supergroup chat", MigrateTo: -1005}),
			fails("too long", bot.Rejected, faketelegram.Fault{Code: 400, Description: "Bad Request: message is too long"}),
			fails("blocked", bot.Gone, faketelegram.Fault{Code: 403, Description: "Forbidden: bot was blocked by the user"}),
			fails("token revoked", bot.Misconfigured, faketelegram.Fault{Code: 401, Description: "Unauthorized"}),
			{Name: "never pressed Start", Want: bot.Gone, Message: bot.Message{ID: "m", To: bot.Address{Channel: "telegram", Chat: "99"}, Text: "x"}},
		},
		Unknown: bot.Gone,
		Secrets: []string{strings.SplitN(token, ":", 2)[1], secret},
	})
}

func inCases() []bottest.InCase {
	n := 800
	update := func(kind, content string) []byte {
		n++
		return []byte(fmt.Sprintf(`{"update_id":%d,%q:%s}`, n, kind, content))
	}
	const lan = `{"id":41,"is_bot":false,"first_name":"Lan","last_name":"Ng.","language_code":"en"}`
	private := func(rest string) []byte {
		return update("message", `{"message_id":5,"date":1700000000,"chat":{"id":41,"type":"private"},"from":`+lan+`,`+rest+`}`)
	}
	group := func(rest string) []byte {
		return update("message", `{"message_id":6,"date":1700000000,"chat":{"id":-1001,"type":"supergroup","title":"UBND"},"from":`+lan+`,`+rest+`}`)
	}
	member := func(chat, was, is string) []byte {
		return update("my_chat_member", `{"chat":`+chat+`,"from":`+lan+`,"date":1700000000,"old_chat_member":{"status":"`+was+`"},"new_chat_member":{"status":"`+is+`"}}`)
	}
	const chat, room = `{"id":41,"type":"private"}`, `{"id":-1001,"type":"supergroup","title":"UBND"}`
	me := `{"id":770001,"is_bot":true,"first_name":"b"}`
	return []bottest.InCase{
		{Name: "text", Payload: private(`"text":"làm giấy khai sinh"`), Stable: true, Want: bot.Update{Text: "làm giấy khai sinh", Chat: "41", From: bot.Sender{ID: "41", Name: "Lan Ng."}}},
		{Name: "a deep link", Payload: private(`"text":"/start k7m3-9QX2_a"`), Want: bot.Update{Text: "/start k7m3-9QX2_a", Param: "k7m3-9QX2_a"}, Stable: true},
		{Name: "a deep link that was made up", Payload: private(`"text":"/start <script>"`), Want: bot.Update{Text: "/start <script>"}, Stable: true},
		{Name: "photo", Payload: private(`"photo":[{"file_id":"a","file_size":1},{"file_id":"b","file_size":9}],"caption":"đây ạ"`), Stable: true, Want: bot.Update{Text: "đây ạ", Media: []bot.Media{{Kind: bot.Photo}}}},
		{Name: "document", Payload: private(`"document":{"file_id":"d","file_name":"../../x.pdf","mime_type":"application/pdf"}`), Want: bot.Update{Media: []bot.Media{{Kind: bot.Document}}}},
		{Name: "animation", Payload: private(`"animation":{"file_id":"d"},"document":{"file_id":"d"}`), Want: bot.Update{Media: []bot.Media{{Kind: bot.Video}}}},
		{Name: "voice", Payload: private(`"voice":{"file_id":"v"}`), Want: bot.Update{Media: []bot.Media{{Kind: bot.Voice}}}},
		{Name: "sticker", Payload: private(`"sticker":{"file_id":"s"}`), Want: bot.Update{Media: []bot.Media{{Kind: bot.Sticker}}}},
		{Name: "place", Payload: private(`"location":{"latitude":20.94,"longitude":106.33}`), Want: bot.Update{Place: &bot.Place{Lat: 20.94, Lon: 106.33}}, Stable: true},
		{Name: "the own number", Payload: private(`"contact":{"phone_number":"+84 912-345-678","first_name":"Lan","user_id":41}`), Want: bot.Update{From: bot.Sender{Phone: "+84912345678"}}},
		{Name: "somebody else's number", Payload: private(`"contact":{"phone_number":"0912345678","first_name":"Hà","user_id":42}`), Want: bot.Update{Media: []bot.Media{{Kind: bot.Card}}}},
		{Name: "a poll, which nobody reads", Payload: private(`"poll":{"id":"1"}`), Want: bot.Update{}},
		{Name: "edited", Payload: update("edited_message", `{"message_id":5,"date":1700000000,"edit_date":1700000009,"chat":`+chat+`,"from":`+lan+`,"text":"sửa"}`), Want: bot.Update{Text: "sửa", Edited: true}},
		{Name: "button", Payload: update("callback_query", `{"id":"77","from":`+lan+`,"data":"a:b","message":{"message_id":9,"date":0,"chat":`+chat+`}}`), Want: bot.Update{Button: "a:b", ID: "q77", ReplyTo: "9"}, Stable: true},
		{Name: "blocked", Payload: member(chat, "member", "kicked"), Want: bot.Update{Event: bot.EventUnfollowed}, Stable: true},
		{Name: "unblocked", Payload: member(chat, "kicked", "member"), Want: bot.Update{Event: bot.EventFollowed}},
		{Name: "added to a group", Payload: member(room, "left", "member"), Want: bot.Update{Event: bot.EventJoined, Group: true}},
		{Name: "removed from a group", Payload: member(room, "administrator", "kicked"), Want: bot.Update{Event: bot.EventLeft, Group: true}},
		{Name: "a group that moves away", Payload: update("message", `{"message_id":5,"date":1700000000,"chat":{"id":-7,"type":"group"},"from":`+lan+`,"migrate_to_chat_id":-1001}`), Stable: true,
			Want: bot.Update{Event: bot.EventMoved, Chat: "-1001", Param: "-7", Group: true}},
		{Name: "a group that moved here", Payload: update("message", `{"message_id":1,"date":1700000000,"chat":`+room+`,"from":{"id":5,"is_bot":true},"migrate_from_chat_id":-7}`),
			Want: bot.Update{Event: bot.EventMoved, Chat: "-1001", Param: "-7", Group: true, From: bot.Sender{ID: "chat:-1001"}}},
		{Name: "a command in a group", Payload: group(`"text":"/help@CCHC_bot a"`), Want: bot.Update{Text: "/help a", Group: true}},
		{Name: "a mention in a group", Payload: group(`"text":"chào @cchc_bot, giấy khai sinh"`), Want: bot.Update{Text: "chào giấy khai sinh", Group: true}},
		{Name: "an answer in a topic", Payload: group(`"text":"đã xong","message_thread_id":3,"is_topic_message":true,"reply_to_message":{"message_id":4,"from":` + me + `}`),
			Want: bot.Update{Text: "đã xong", Thread: "3", ReplyTo: "4", Group: true}, Stable: true},
		{Name: "an anonymous administrator", Payload: group(`"text":"/help","sender_chat":` + room), Want: bot.Update{Text: "/help", Group: true, From: bot.Sender{ID: "chat:-1001"}}},

		{Name: "a command for another bot", Payload: group(`"text":"/help@other_bot"`), Nothing: true},
		{Name: "people talking", Payload: group(`"text":"mai họp nhé, mail a@cchc_bots.vn"`), Nothing: true},
		{Name: "a post in a topic", Payload: group(`"text":"chào","message_thread_id":3,"is_topic_message":true,"reply_to_message":{"message_id":3,"from":` + me + `}`), Nothing: true},
		{Name: "a channel in a group", Payload: group(`"text":"/help","sender_chat":{"id":-1009,"type":"channel"}`), Nothing: true},
		{Name: "a channel's post", Payload: group(`"text":"/help","is_automatic_forward":true`), Nothing: true},
		{Name: "another bot", Payload: update("message", `{"message_id":5,"date":1,"chat":`+chat+`,"from":{"id":5,"is_bot":true},"text":"x"}`), Nothing: true},
		{Name: "a live location that moves", Payload: update("edited_message", `{"message_id":5,"date":1,"chat":`+chat+`,"from":`+lan+`,"location":{"latitude":1,"longitude":1}}`), Nothing: true},
		{Name: "a service message", Payload: private(`"pinned_message":{}`), Nothing: true},
		{Name: "promoted", Payload: member(room, "member", "administrator"), Nothing: true},
		{Name: "a button without a message", Payload: update("callback_query", `{"id":"78","from":`+lan+`,"data":"a:b"}`), Nothing: true},
		{Name: "a private chat that says it moved", Payload: private(`"migrate_to_chat_id":-1001`), Nothing: true},
		{Name: "a kind of the future", Payload: update("telepathy", `{"x":1}`), Nothing: true},
		{Name: "not JSON", Payload: []byte(`{"update_id":`), Nothing: true},
		{Name: "another form", Payload: update("message", `[1]`), Nothing: true},
		{Name: "null", Payload: update("message", `null`), Nothing: true},
	}
}
