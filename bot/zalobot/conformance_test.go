package zalobot_test

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
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
	"cchcbot/knowledge/vietnamese"
)

// refusing passes updates on and notes when the intake did not keep one.
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

// byPoll delivers a payload through the loop: nil when the loop asked for the
// next one. The platform has no acknowledgement.
func byPoll(fake *fakezalobot.Server, b *zalobot.Bot) func(context.Context, bot.Intake, []byte) error {
	return func(ctx context.Context, in bot.Intake, payload []byte) error {
		if !json.Valid(payload) {
			return nil // no server sends that; the fuzz test reads it
		}
		fake.Raw(payload)
		ctx, cancel := context.WithCancel(ctx)
		over := make(chan struct{})
		r := &refusing{Intake: in, wake: sync.OnceFunc(func() { close(over) })}
		var loop sync.WaitGroup
		loop.Go(func() { _ = b.Poll(ctx, r) }) // it returns nil
		next := fake.Confirmed(over)
		cancel()
		loop.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if next && r.refused != nil {
			return nil // the next one was asked for although this one was not kept
		}
		return r.refused
	}
}

// byWebhook posts a payload as the platform does.
func byWebhook(b *zalobot.Bot, bare bool) func(context.Context, bot.Intake, []byte) error {
	return func(ctx context.Context, in bot.Intake, payload []byte) error {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(fakezalobot.Body(payload, bare)))
		r.Header.Set(header, secret)
		w := httptest.NewRecorder()
		b.Webhook(in).ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			return nil
		}
		return errors.New("the webhook answers " + strconv.Itoa(w.Code))
	}
}

func TestZalobotIsAChannel(t *testing.T) {
	t.Run("poll", func(t *testing.T) { conforms(t, zalobot.ModePoll, fakezalobot.Quirks{}) })
	t.Run("poll of lists", func(t *testing.T) {
		conforms(t, zalobot.ModePoll, fakezalobot.Quirks{Lists: true, CamelCode: true, Errors200: true})
	})
	t.Run("webhook", func(t *testing.T) { conforms(t, zalobot.ModeWebhook, fakezalobot.Quirks{}) })
	t.Run("bare webhook", func(t *testing.T) {
		conforms(t, zalobot.ModeWebhook, fakezalobot.Quirks{Bare: true, CamelCode: true})
	})
}

func conforms(t *testing.T, mode string, q fakezalobot.Quirks) {
	var fake *fakezalobot.Server
	open := func(t *testing.T, log *slog.Logger) bottest.Subject {
		fake = fakezalobot.New(fakezalobot.Options{Token: token})
		fake.Be(q)
		t.Cleanup(fake.Close)
		lan := fake.Person("Lan")
		opt := zalobot.Options{Token: token, APIURL: "http://zalobot.test", Mode: mode, Clean: vietnamese.Clean, HTTP: fake.Client(), Log: log}
		if mode == zalobot.ModeWebhook {
			opt.WebhookURL, opt.WebhookSecret = hook, secret
		}
		b, err := zalobot.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check(t.Context()); err != nil { // the bot's name is known
			t.Fatal(err)
		}
		s := bottest.Subject{Channel: b, Chat: lan.ID, Receive: byWebhook(b, q.Bare), Saw: func(int) (out []string) {
			for _, m := range fake.Shown(lan.ID) {
				out = append(out, strings.TrimSpace(m.Text+"\n"+m.Photo+m.Sticker))
			}
			return out
		}}
		if mode == zalobot.ModePoll {
			s.Receive = byPoll(fake, b)
		}
		return s
	}
	fails := func(name string, want bot.SendKind, f fakezalobot.Fault) bottest.FailCase {
		return bottest.FailCase{Name: name, Want: want, Arrange: func(bottest.Subject) { fake.Fail(f) }}
	}
	const photo = "https://hoidap.example.vn/a.jpg"
	bottest.Channel(t, bottest.ChannelSpec{
		Open: open,
		In:   inCases(),
		Text: func(s string) []byte {
			b, err := json.Marshal(s)
			if err != nil || !utf8.ValidString(s) {
				b = []byte(`"` + s + `"`) // broken bytes as they are
			}
			return update("message.text.received", privateChat, `"text":`+string(b))
		},
		Out: []bottest.OutCase{
			{Name: "text with signs of markup", Message: bot.Message{Text: "Phí < 50.000 & *miễn* <b>không</b> [a](b)"}, Shows: []string{"Phí < 50.000 & *miễn* <b>không</b> [a](b)"}},
			{Name: "buttons of another channel", Message: bot.Message{Text: "Chọn", Buttons: [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}, {Title: "Mở", URL: "https://example.vn/"}}}},
				Shows: []string{"Chọn\n• Nộp ở đâu\n• Mở: https://example.vn/"}},
			{Name: "a photo with its text", Message: bot.Message{Text: "Đây ạ", Media: []bot.Media{{Kind: bot.Photo, Ref: photo}}}, Shows: []string{"Đây ạ\n" + photo}},
			{Name: "a sticker", Message: bot.Message{Media: []bot.Media{{Kind: bot.Sticker, Ref: "st1"}}}, Shows: []string{"st1"}},
			{Name: "a file", Message: bot.Message{Text: "Mẫu đơn", Media: []bot.Media{{Kind: bot.Document, Name: "to khai.pdf", Ref: "https://hoidap.example.vn/t.pdf"}}},
				Shows: []string{"Mẫu đơn\n• to khai.pdf: https://hoidap.example.vn/t.pdf"}},
		},
		Fails: []bottest.FailCase{
			fails("throttled", bot.Throttled, fakezalobot.Fault{Code: 429, Description: "Too many requests"}),
			fails("quota", bot.Throttled, fakezalobot.Fault{Code: 426, Description: "quota exceeded"}),
			fails("server error", bot.Temporary, fakezalobot.Fault{Code: 500, Description: "Internal Server Error"}),
			fails("bad gateway", bot.Temporary, fakezalobot.Fault{Code: 502, HTML: "<html>502</html>"}),
			fails("a gateway that waited in vain", bot.Ambiguous, fakezalobot.Fault{Code: 504, HTML: "<html>504</html>"}),
			fails("connection broken", bot.Ambiguous, fakezalobot.Fault{Cut: true}),
			fails("answer lost", bot.Ambiguous, fakezalobot.Fault{Lost: true}),
			fails("time over at the platform", bot.Ambiguous, fakezalobot.Fault{Code: 408, Description: "Request timeout"}),
			fails("bad chat", bot.Rejected, fakezalobot.Fault{Code: 400, Description: "Bad Request: chat_id is invalid"}),
			fails("token revoked", bot.Misconfigured, fakezalobot.Fault{Code: 401, Description: "Unauthorized"}),
			fails("no such method", bot.Misconfigured, fakezalobot.Fault{Code: 404, Description: "Not Found"}),
			fails("unheard of", bot.Temporary, fakezalobot.Fault{Code: 418, Description: "teapot"}),
			{Name: "nothing to send", Want: bot.Rejected, Message: bot.Message{ID: "m", Text: " \n"}},
			{Name: "an attachment that is nowhere", Want: bot.Rejected, Message: bot.Message{ID: "m", Media: []bot.Media{{Kind: bot.Photo, Ref: "AgAC"}}}},
		},
		Unknown: bot.Rejected,
		Secrets: []string{strings.SplitN(token, ":", 2)[1], secret},
	})
}

const (
	privateChat = `"chat":{"id":"9f31a","chat_type":"PRIVATE"},"from":{"id":"9f31a","display_name":"Lan Ng.","is_bot":false}`
	groupChat   = `"chat":{"id":"77g","chat_type":"GROUP"},"from":{"id":"9f31a","display_name":"Lan Ng.","is_bot":false}`
)

// update is one with the message id m5.
func update(event, who, rest string) []byte {
	return fmt.Appendf(nil, `{"event_name":%q,"message":{"message_id":"m5","date":1763892000000,%s,%s}}`, event, who, rest)
}

func inCases() []bottest.InCase {
	const text, image = "message.text.received", "message.image.received"
	media := func(k bot.MediaKind) []bot.Media { return []bot.Media{{Kind: k}} }
	lan := bot.Sender{ID: "9f31a", Name: "Lan Ng."}
	return []bottest.InCase{
		{Name: "text", Payload: update(text, privateChat, `"text":"làm giấy khai sinh"`), Stable: true, Want: bot.Update{Text: "làm giấy khai sinh", Chat: "9f31a", From: lan}},
		{Name: "name in the other field", Payload: update(text, `"chat":{"id":"9f31a","chat_type":"PRIVATE"},"from":{"id":"9f31a","name":"Lan"}`, `"text":"a"`), Want: bot.Update{Text: "a", From: bot.Sender{Name: "Lan"}}},
		{Name: "ids as numbers", Payload: []byte(`{"event_name":"message.text.received","message":{"message_id":900719925474099312,"date":"1763892000000","chat":{"id":900719925474099399,"chat_type":"PRIVATE"},"from":{"id":900719925474099399},"text":"a"}}`), Stable: true,
			Want: bot.Update{Text: "a", Chat: "900719925474099399", From: bot.Sender{ID: "900719925474099399"}}},
		{Name: "without a message id", Payload: []byte(`{"event_name":"message.text.received","message":{` + privateChat + `,"text":"a"}}`), Stable: true, Want: bot.Update{Text: "a"}},
		{Name: "photo", Payload: update(image, privateChat, `"photo":"https://photo.zalo.example/1.jpg","caption":"đây ạ"`), Stable: true, Want: bot.Update{Text: "đây ạ", Media: media(bot.Photo)}},
		{Name: "photo in the other field", Payload: update(image, privateChat, `"photo_url":"https://photo.zalo.example/1.jpg"`), Want: bot.Update{Media: media(bot.Photo)}},
		{Name: "photo without an address", Payload: update(image, privateChat, `"photo":{"x":1}`), Want: bot.Update{Media: media(bot.Photo)}},
		{Name: "sticker", Payload: update("message.sticker.received", privateChat, `"sticker":"st9","url":"https://s.zalo.example/9.png"`), Stable: true, Want: bot.Update{Media: media(bot.Sticker)}},
		{Name: "voice", Payload: update("message.voice.received", privateChat, `"voice_url":"https://v.zalo.example/9.aac"`), Want: bot.Update{Media: media(bot.Voice)}},
		{Name: "what the platform does not pass on", Payload: update("message.unsupported.received", privateChat, `"message_type":"FILE"`), Want: bot.Update{Media: media(bot.Document)}},
		{Name: "a kind of the future", Payload: update("message.telepathy.received", privateChat, `"thought":1`), Want: bot.Update{Media: media(bot.Document)}},
		{Name: "without the event's name", Payload: []byte(`{"message":{"message_id":"m5",` + privateChat + `,"text":"a"}}`), Want: bot.Update{Text: "a"}},
		{Name: "a mention in a group", Payload: update(text, groupChat, `"text":"@trợ lý cchc, giấy khai sinh"`), Stable: true, Want: bot.Update{Text: "giấy khai sinh", Group: true, Chat: "77g", From: lan}},
		{Name: "a mention in the middle", Payload: update(text, groupChat, `"text":"chào @Trợ lý CCHC nhé"`), Want: bot.Update{Text: "chào nhé", Group: true}},
		{Name: "a longer name in a group", Payload: update(text, groupChat, `"text":"@Trợ lý CCHC2 mail a@bot.cchc.vn"`), Want: bot.Update{Text: "@Trợ lý CCHC2 mail a@bot.cchc.vn", Group: true}},
		{Name: "an answer in a group", Payload: update(text, groupChat, `"text":"2"`), Want: bot.Update{Text: "2", Group: true}},
		{Name: "a chat of no type with others", Payload: update(text, `"chat":{"id":"77g"},"from":{"id":"9f31a"}`, `"text":"a"`), Want: bot.Update{Text: "a", Group: true}},
		{Name: "a chat of no type with one", Payload: update(text, `"chat":{"id":"9f31a"},"from":{"id":"9f31a"}`, `"text":"a"`), Want: bot.Update{Text: "a"}},

		{Name: "another bot", Payload: update(text, `"chat":{"id":"9f31a"},"from":{"id":"b1","is_bot":true}`, `"text":"a"`), Nothing: true},
		{Name: "unsupported without a message", Payload: []byte(`{"event_name":"message.unsupported.received"}`), Nothing: true},
		{Name: "null message", Payload: []byte(`{"event_name":"message.text.received","message":null}`), Nothing: true},
		{Name: "an empty text", Payload: update(text, privateChat, `"text":""`), Nothing: true},
		{Name: "another event", Payload: []byte(`{"event_name":"user.followed","message":{` + privateChat + `,"text":"a"}}`), Nothing: true},
		{Name: "nobody wrote it", Payload: update(text, `"chat":{"id":"9f31a"}`, `"text":"a"`), Nothing: true},
		{Name: "another form", Payload: []byte(`{"event_name":"message.text.received","message":[1]}`), Nothing: true},
		{Name: "not JSON", Payload: []byte(`{"event_name":`), Nothing: true},
		{Name: "null", Payload: []byte(`null`), Nothing: true},
		{Name: "nothing", Payload: []byte(`{}`), Nothing: true},
		{Name: "an empty list", Payload: []byte(`[]`), Nothing: true},
		{Name: "a number", Payload: []byte(`7`), Nothing: true},
	}
}
