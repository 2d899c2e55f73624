package zalo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/zalo"
)

func event1(name, rest string) string {
	return `{"app_id":"` + zalo.TestApp + `","event_name":"` + name + `","timestamp":"` + zalo.TestStamp + `",` + rest + `}`
}

func from(rest string) string {
	return `"sender":{"id":"246845883529197922"},"recipient":{"id":"` + zalo.TestOA + `"},"message":{` + rest + `}`
}

// receive delivers a payload as Zalo does: signed.
func receive(o *zalo.OA) func(context.Context, bot.Intake, []byte) error {
	return func(ctx context.Context, in bot.Intake, payload []byte) error {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/zalo/webhook", bytes.NewReader(payload))
		r.Header.Set("X-ZEvent-Signature", zalo.Signature(payload))
		rec := httptest.NewRecorder()
		o.Webhook(in).ServeHTTP(rec, r)
		if rec.Code == http.StatusOK {
			return nil
		}
		return errors.New("the webhook answers " + strconv.Itoa(rec.Code))
	}
}

func TestZaloIsAChannel(t *testing.T) {
	for name, buttons := range map[string]bool{"numbers": false, "buttons": true} {
		t.Run(name, func(t *testing.T) { conforms(t, buttons) })
	}
}

func conforms(t *testing.T, withButtons bool) {
	var w *zalo.World
	open := func(t *testing.T, log *slog.Logger) bottest.Subject {
		w = zalo.NewWorld(t, func(f *fakezalo.Options, o *zalo.Options) {
			o.Log = log
			if f.Buttons = withButtons; withButtons {
				o.Buttons = zalo.ButtonsOn
			}
		})
		w.Fake().Type("Lan", "chào")
		return bottest.Subject{Channel: w.OA, Chat: w.Fake().Person("Lan"), Receive: receive(w.OA), Saw: func(int) (out []string) {
			for _, m := range w.Fake().Shown("Lan") {
				j, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, string(j))
			}
			return out
		}}
	}
	fails := func(name string, want bot.SendKind, f fakezalo.Fault) bottest.FailCase {
		return bottest.FailCase{Name: name, Want: want, Arrange: func(bottest.Subject) { w.Fake().Fail(f) }}
	}
	shows := []string{`"Nộp ở đâu"`, `#cchc a:b`, `https://example.vn/`}
	if !withButtons { // the composer numbers what a channel without buttons is given; what comes all the same is numbered here
		shows = []string{`1. Nộp ở đâu`, `https://example.vn/`}
	}
	bottest.Channel(t, bottest.ChannelSpec{
		Open: open,
		In:   inCases(),
		Text: func(s string) []byte {
			b, err := json.Marshal(s)
			if err != nil || !utf8.ValidString(s) {
				b = []byte(`"` + s + `"`) // broken bytes as they are
			}
			return []byte(event1("user_send_text", from(`"msg_id":"m9","text":`+string(b))))
		},
		Out: []bottest.OutCase{
			{Name: "text", Message: bot.Message{Text: "Phí < 50.000 & \"miễn\""}, Shows: []string{`Phí \u003c 50.000 \u0026 \"miễn\"`}},
			{Name: "choices", Message: bot.Message{Text: "Chọn", Buttons: [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}, {Title: "Mở", URL: "https://example.vn/"}}}}, Shows: shows},
			{Name: "a picture by its address", Message: bot.Message{Text: "Bản đồ", Media: []bot.Media{{Kind: bot.Photo, Ref: "https://bot.test/m/1"}}}, Shows: []string{`"Bản đồ"`, `"image"`}},
			{Name: "a file by its address", Message: bot.Message{Text: "Mẫu", Media: []bot.Media{{Kind: bot.Document, Name: "TK-KS.docx", Ref: "https://bot.test/m/2"}}}, Shows: []string{`TK-KS.docx https://bot.test/m/2`}},
			{Name: "a request", Message: bot.Message{Text: "Số của anh/chị?", Buttons: [][]bot.MessageButton{{{Title: "Gửi số", Request: bot.RequestContact}}}}, Shows: []string{`request_user_info: Gửi số`}},
		},
		Fails: []bottest.FailCase{
			fails("too many calls", bot.Throttled, fakezalo.Fault{Code: -32}),
			fails("a closed gateway", bot.Temporary, fakezalo.Fault{Status: 503, HTML: "<html>"}),
			fails("answer lost", bot.Ambiguous, fakezalo.Fault{Lost: true}),
			fails("at night", bot.Later, fakezalo.Fault{Code: -234}),
			fails("silent for seven days", bot.Later, fakezalo.Fault{Code: -230}),
			fails("wrong", bot.Rejected, fakezalo.Fault{Code: -201, Times: -1}),
			fails("of another account", bot.Gone, fakezalo.Fault{Code: -403}),
			fails("disabled", bot.Misconfigured, fakezalo.Fault{Code: -204}),
		},
		Unknown: bot.Gone,
		Secrets: zalo.TestSecrets,
	})
}

func inCases() []bottest.InCase {
	const lan = "246845883529197922"
	attach := func(kind, payload string) string {
		return `"attachments":[{"type":"` + kind + `","payload":` + payload + `}]`
	}
	in := func(name, body string, want bot.Update) bottest.InCase {
		return bottest.InCase{Name: name, Payload: []byte(body), Want: want, Stable: true}
	}
	none := func(name, body string) bottest.InCase {
		return bottest.InCase{Name: name, Payload: []byte(body), Nothing: true}
	}
	group := func(rest, more string) string {
		return event1("user_send_group_text", `"oa_id":"`+zalo.TestOA+`","sender":{"id":"`+lan+`"},"recipient":{"id":"9900112233"},"message":{`+rest+`}`+more)
	}
	return []bottest.InCase{
		in("text", event1("user_send_text", from(`"msg_id":"m1","text":"làm giấy khai sinh"`)), bot.Update{Text: "làm giấy khai sinh", Chat: lan, From: bot.Sender{ID: lan}, ID: "user_send_text:m1"}),
		in("ids as numbers", `{"app_id":`+zalo.TestApp+`,"event_name":"user_send_text","timestamp":`+zalo.TestStamp+`,"sender":{"id":`+lan+`},"recipient":{"id":`+zalo.TestOA+`},"message":{"msg_id":"m2","text":"x"}}`, bot.Update{Text: "x", Chat: lan}),
		in("an answer to a message", event1("user_send_text", from(`"msg_id":"m3","text":"còn gì nữa","quote_msg_id":"m0"`)), bot.Update{Text: "còn gì nữa", ReplyTo: "m0"}),
		in("a pressed button", event1("user_send_text", from(`"msg_id":"m4","text":"#cchc procedures:where:1"`)), bot.Update{Button: "procedures:where:1"}),
		in("a payload that is too long is a text", event1("user_send_text", from(`"msg_id":"m5","text":"#cchc 0123456789012345678901234567890123456789012345678901234567890123456789"`)), bot.Update{Text: "#cchc 0123456789012345678901234567890123456789012345678901234567890123456789"}),
		in("picture", event1("user_send_image", from(`"msg_id":"m6","text":"đây ạ",`+attach("image", `{"thumbnail":"https://photo.zdn.vn/t","url":"https://photo.zdn.vn/u"}`))), bot.Update{Text: "đây ạ", Media: []bot.Media{{Kind: bot.Photo}}}),
		in("two pictures", event1("user_send_image", from(`"msg_id":"m7","attachments":[{"type":"image","payload":{"url":"https://photo.zdn.vn/1"}},{"type":"image","payload":{"url":"https://photo.zdn.vn/2"}}]`)), bot.Update{Media: []bot.Media{{Kind: bot.Photo}, {Kind: bot.Photo}}}),
		in("gif", event1("user_send_gif", from(`"msg_id":"m8",`+attach("gif", `{"url":"https://photo.zdn.vn/g"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Video}}}),
		in("link", event1("user_send_link", from(`"msg_id":"m9","text":"xem https://example.vn",`+attach("link", `{"url":"https://example.vn","description":"x"}`))), bot.Update{Text: "xem https://example.vn"}),
		in("audio", event1("user_send_audio", from(`"msg_id":"m10",`+attach("audio", `{"url":"https://voice.zadn.vn/a.amr"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Voice}}}),
		in("video", event1("user_send_video", from(`"msg_id":"m11",`+attach("video", `{"url":"https://video.zdn.vn/a.mp4"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Video}}}),
		in("sticker", event1("user_send_sticker", from(`"msg_id":"m12",`+attach("sticker", `{"id":"46500","url":"https://stickers.zaloapp.com/x"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Sticker}}}),
		in("file", event1("user_send_file", from(`"msg_id":"m13",`+attach("file", `{"url":"https://f7.zadn.vn/a.pdf","name":"../../x.pdf","size":"12","type":"pdf"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Document}}}),
		in("business card", event1("user_send_business_card", from(`"msg_id":"m14",`+attach("business_card", `{"url":"https://zalo.me/1","description":"{\"phone\":\"0900\"}"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Card}}}),
		in("place", event1("user_send_location", from(`"msg_id":"m15",`+attach("location", `{"coordinates":{"latitude":"20.94","longitude":"106.33"}}`))), bot.Update{Place: &bot.Place{Lat: 20.94, Lon: 106.33}}),
		in("place in numbers", event1("user_send_location", from(`"msg_id":"m16",`+attach("location", `{"coordinates":{"latitude":20.94,"longitude":106.33}}`))), bot.Update{Place: &bot.Place{Lat: 20.94, Lon: 106.33}}),
		in("a place that is none", event1("user_send_location", from(`"msg_id":"m17",`+attach("location", `{"coordinates":{"latitude":"999","longitude":"x"}}`))), bot.Update{}),
		in("a picture from elsewhere", event1("user_send_image", from(`"msg_id":"m18",`+attach("image", `{"url":"https://169.254.169.254/x"}`))), bot.Update{Media: []bot.Media{{Kind: bot.Photo}}}),
		in("follow", event1("follow", `"oa_id":"`+zalo.TestOA+`","follower":{"id":"`+lan+`"},"source":"oa_profile"`), bot.Update{Event: bot.EventFollowed, Chat: lan}),
		in("unfollow", event1("unfollow", `"oa_id":"`+zalo.TestOA+`","follower":{"id":"`+lan+`"}`), bot.Update{Event: bot.EventUnfollowed, Chat: lan}),
		in("chat now", event1("user_click_chatnow", `"oa_id":"`+zalo.TestOA+`","user_id":"`+lan+`"`), bot.Update{Event: bot.EventFollowed, Chat: lan}),
		in("contact", event1("user_submit_info", `"sender":{"id":"`+lan+`"},"recipient":{"id":"`+zalo.TestOA+`"},"info":{"name":"Lan","phone":84912345678,"address":"x"}`), bot.Update{From: bot.Sender{ID: lan, Name: "Lan", Phone: "+84912345678"}}),
		in("wants to be forgotten", event1("user_withdraw", `"user_id":"`+lan+`"`), bot.Update{Event: bot.EventErase, Chat: lan}),
		in("an officer answers", event1("oa_send_text", `"sender":{"id":"`+zalo.TestOA+`","admin_id":"7"},"recipient":{"id":"`+lan+`"},"message":{"msg_id":"m19","text":"chào"}`), bot.Update{Event: bot.EventTakenOver, Chat: lan}),
		in("an answer in a group", group(`"msg_id":"m20","text":"đã xong","quote_msg_id":"m0"`, ""), bot.Update{Text: "đã xong", Group: true, Chat: "group:9900112233", From: bot.Sender{ID: lan}, ReplyTo: "m0"}),
		in("a mention in a group", group(`"msg_id":"m21","text":"[@`+zalo.TestOA+`] giấy khai sinh"`, ""), bot.Update{Text: "giấy khai sinh", Group: true}),
		in("a command in a group", group(`"msg_id":"m22","text":"#nhan K7M3"`, ""), bot.Update{Text: "#nhan K7M3", Group: true}),
		in("a new group", event1("create_group", `"oa_id":"`+zalo.TestOA+`","group_id":"9900112233"`), bot.Update{Event: bot.EventJoined, Group: true, Chat: "group:9900112233"}),
		in("a group that ended", event1("delete_group", `"oa_id":"`+zalo.TestOA+`","group_id":"9900112233"`), bot.Update{Event: bot.EventLeft, Group: true}),

		none("people talking in a group", group(`"msg_id":"m23","text":"mai họp nhé"`, "")),
		none("seen", event1("user_seen_message", `"sender":{"id":"`+zalo.TestOA+`"},"recipient":{"id":"`+lan+`"},"message":{"msg_ids":["m1"]}`)),
		none("received", event1("user_received_message", `"sender":{"id":"`+lan+`"},"message":{"msg_id":"m1"}`)),
		none("a reaction", event1("user_reacted_message", from(`"msg_id":"m1","react_icon":"/-heart"`))),
		none("the own echo", event1("oa_send_text", `"sender":{"id":"`+zalo.TestOA+`"},"recipient":{"id":"`+lan+`"},"message":{"msg_id":"m24","text":"x"}`)),
		none("somebody without an id", event1("user_send_text", `"sender":{},"message":{"msg_id":"m25","text":"x"}`)),
		none("of the future", event1("user_send", `"x":1`)),
		none("not JSON", `{"app_id":`),
		none("another form", event1("user_send_text", `"sender":[],"message":"x"`)),
	}
}
