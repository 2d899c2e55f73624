package zalobot_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
)

func kindOf(err error) bot.SendKind {
	var se *bot.SendError
	if errors.As(err, &se) {
		return se.Kind
	}
	return ""
}

// shown is what a chat shows of the bot, a line for each message.
func shown(w *world, p *fakezalobot.Person) string {
	var out []string
	for _, m := range w.fake.Shown(p.ID) {
		out = append(out, strings.ReplaceAll(m.Text, "\n", "/")+strings.TrimRight("|"+m.Photo+"|"+m.Sticker, "|"))
	}
	return strings.Join(out, "\n")
}

const photo = "https://hoidap.example.vn/a.jpg"

func TestLayout(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("ă ", 980)) // 1,959 units: too long for a caption with its link
	pic := bot.Media{Kind: bot.Photo, Ref: "/a.jpg", Alt: "bản đồ"}
	tests := []struct {
		name  string
		text  string
		media []bot.Media
		want  string
	}{
		{"text", "a", nil, "a"},
		{"a photo of ours", "a", []bot.Media{pic}, "a|" + photo},
		{"a photo alone", "", []bot.Media{pic}, "|" + photo},
		{"two photos", "a", []bot.Media{pic, {Kind: bot.Photo, Ref: "https://x.example.vn/b.jpg"}}, "|" + photo + "\n|https://x.example.vn/b.jpg\na"},
		{"a photo and a long text", long, []bot.Media{pic}, "|" + photo + "\n" + long},
		{"a text longer than one message", strings.Repeat("a", 2500), nil, strings.Repeat("a", 2000) + "\n" + strings.Repeat("a", 500)},
		{"a file and a video", "a", []bot.Media{{Kind: bot.Document, Ref: "/t.pdf", Name: "tờ\nkhai.pdf"}, {Kind: bot.Video, Ref: "https://x.example.vn/v"}},
			"a/• tờ khai.pdf: https://hoidap.example.vn/t.pdf/• https://x.example.vn/v"},
		{"a sticker after the text", "a", []bot.Media{{Kind: bot.Sticker, Ref: "st1"}}, "a\n||st1"},
		{"an attachment of another platform", "a", []bot.Media{{Kind: bot.Photo, Ref: "AgACAgUAAx"}}, "a"},
		{"an attachment inside this house", "a", []bot.Media{{Kind: bot.Photo, Ref: "https://10.0.0.7/a.jpg"}, {Kind: bot.Photo, Ref: "http://x.example.vn/a.jpg"}}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			lan := w.fake.Person("Lan")
			m := message(lan, tt.text)
			m.Media = tt.media
			r, err := w.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(w, lan); got != tt.want {
				t.Errorf("the chat shows\n%s, want\n%s", got, tt.want)
			}
			if all := w.fake.Shown(lan.ID); len(all) > 0 && r.ID != all[len(all)-1].ID {
				t.Errorf("the receipt names another message than the last")
			}
		})
	}
}

// What cannot be sent is not passed over in silence.
func TestTheTextSaysWhatIsMissing(t *testing.T) {
	inside := bot.Media{Kind: bot.Photo, Ref: "https://10.0.0.7/a.jpg"}
	for text, want := range map[string]string{"a": "a/zalobot.missing 2", "": "zalobot.missing 2"} {
		w := newWorld(t, zalobot.ModePoll, func(o *zalobot.Options) {
			o.Render = func(_, key string, args map[string]any) (string, error) {
				return fmt.Sprint(key, " ", args["count"]), nil
			}
		})
		lan := w.fake.Person("Lan")
		m := message(lan, text)
		m.Media = []bot.Media{inside, {Kind: bot.Document, Ref: "AgACAgUAAx"}}
		if _, err := w.Send(t.Context(), m); err != nil || shown(w, lan) != want {
			t.Errorf("Send = %v, the chat shows %q, want %q", err, shown(w, lan), want)
		}
	}
}

// A photo that a citizen sent can be passed on, to a group of officers for example.
func TestPassingAPhotoOn(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		lan, minh := w.fake.Person("Lan"), w.fake.Person("Minh")
		w.fake.Send(fakezalobot.Incoming{From: lan, Photo: []byte("a photo")})
		stop := w.poll(t)
		synctest.Wait()
		stop()
		got := w.in.got()
		if len(got) != 1 || len(got[0].Media) != 1 {
			t.Fatal("no photo came")
		}
		if ref := got[0].Media[0].Ref; strings.Contains(ref, "/") || strings.Contains(ref, ":") {
			t.Error("the photo's handle looks like an address of ours")
		}
		m := message(minh, "ảnh")
		m.Media = got[0].Media
		if _, err := w.Send(t.Context(), m); err != nil || !strings.HasPrefix(shown(w, minh), "ảnh|https://files.zalo.example/") {
			t.Errorf("Send = %v, the chat shows %q", err, shown(w, minh))
		}
	})
}

// A photo that the platform cannot take goes out as an address; one that takes
// too long is not sent twice; the text arrives in any case.
func TestPhotosThatFail(t *testing.T) {
	const asText = "Đây ạ/• " + photo
	tests := []struct {
		name         string
		fault        fakezalobot.Fault
		first, again bot.SendKind // of the first attempt and of the second
		want         string
		photos       int // calls of sendPhoto
	}{
		{"refused", fakezalobot.Fault{Code: 400, Description: "photo cannot be fetched"}, "", "", asText, 1},
		{"refused for its context", fakezalobot.Fault{Code: 400, Description: "context type of the address is wrong"}, "", "", asText, 1},
		{"refused for an unknown reason", fakezalobot.Fault{Code: 422, Description: "unprocessable"}, "", "", asText, 1},
		{"too large", fakezalobot.Fault{Code: 413, Description: "too large"}, "", "", asText, 1},
		{"photos are no longer taken", fakezalobot.Fault{Code: 404, Description: "Not Found"}, "", "", asText, 1},
		{"the chat is not found", fakezalobot.Fault{Code: 404, Description: "chat not found", Times: 2}, bot.Rejected, bot.Rejected, "", 2},
		{"too slow", fakezalobot.Fault{Slow: 2 * time.Minute}, bot.Ambiguous, "", asText, 0},
		{"arrived without a word", fakezalobot.Fault{Lost: true}, bot.Ambiguous, "", "Đây ạ|" + photo + "\n" + asText, 1},
		{"the platform gave up", fakezalobot.Fault{Code: 408, Description: "Request timeout"}, bot.Ambiguous, "", asText, 1},
		{"throttled", fakezalobot.Fault{Code: 429, Description: "slow down"}, bot.Throttled, "", "Đây ạ|" + photo, 2},
		{"the chat is gone", fakezalobot.Fault{Code: 400, Description: "chat_id is invalid", Times: 2}, bot.Rejected, bot.Rejected, "", 2},
	}
	for _, tt := range tests {
		bubble(tt.name, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			lan := w.fake.Person("Lan")
			tt.fault.Method = "sendPhoto"
			w.fake.Fail(tt.fault)
			m := message(lan, "Đây ạ")
			m.Media = []bot.Media{{Kind: bot.Photo, Ref: photo}}
			began := time.Now()
			_, err := w.Send(t.Context(), m)
			if kindOf(err) != tt.first {
				t.Errorf("Send = %v, want %q", err, tt.first)
			}
			if took := time.Since(began); took > 25*time.Second {
				t.Errorf("it took %s, delivery's 30 s would be over", took)
			}
			if err != nil {
				if _, err = w.Send(t.Context(), m); kindOf(err) != tt.again {
					t.Errorf("the second Send = %v, want %q", err, tt.again)
				}
			}
			if got := shown(w, lan); got != tt.want {
				t.Errorf("the chat shows\n%s, want\n%s", got, tt.want)
			}
			if n := len(w.fake.Calls("sendPhoto")); n != tt.photos {
				t.Errorf("%d calls of sendPhoto, want %d", n, tt.photos)
			}
		})
	}
}

// A retry of a long message goes on where it broke off.
func TestARetryGoesOn(t *testing.T) {
	w := newWorld(t, zalobot.ModePoll)
	lan := w.fake.Person("Lan")
	m := message(lan, private)
	m.Media = []bot.Media{{Kind: bot.Photo, Ref: photo}, {Kind: bot.Photo, Ref: photo}, {Kind: bot.Sticker, Ref: "st1"}}
	w.fake.Fail(fakezalobot.Fault{Method: "sendMessage", Code: 500, Description: "x"})
	w.fake.Fail(fakezalobot.Fault{Method: "sendSticker", Code: 400, Description: "no such sticker"})
	if _, err := w.Send(t.Context(), m); kindOf(err) != bot.Temporary {
		t.Errorf("Send = %v", err)
	}
	r, err := w.Send(t.Context(), m)
	if err != nil || r.ID == "" {
		t.Errorf("the second Send = %v, %v", r, err)
	}
	if got, want := shown(w, lan), "|"+photo+"\n|"+photo+"\n"+private; got != want {
		t.Errorf("the chat shows\n%s, want\n%s", got, want)
	}
}

// How long a throttled channel waits.
func TestThrottling(t *testing.T) {
	tests := []struct {
		fault fakezalobot.Fault
		want  time.Duration
	}{
		{fakezalobot.Fault{Code: 429}, 30 * time.Second},
		{fakezalobot.Fault{Code: 429, RetryAfter: 7}, 7 * time.Second},
		{fakezalobot.Fault{Code: 429, RetryAfter: 900_000}, time.Hour},
		{fakezalobot.Fault{Code: 426}, time.Hour},
	}
	for _, tt := range tests {
		w := newWorld(t, zalobot.ModePoll)
		w.fake.Fail(tt.fault)
		_, err := w.Send(t.Context(), message(w.fake.Person("Lan"), "a"))
		var se *bot.SendError
		if !errors.As(err, &se) || se.Kind != bot.Throttled || se.RetryAfter != tt.want {
			t.Errorf("%d with Retry-After %d: %v waits %v, want %v", tt.fault.Code, tt.fault.RetryAfter, err, se.RetryAfter, tt.want)
		}
	}
}

// An error names neither the token nor the message, whatever the platform
// quotes; every reason has its words in both languages; operators hear of what
// they have to mend.
func TestErrorsAreTold(t *testing.T) {
	var words [2]string
	for i, lang := range []string{"vi", "en"} {
		b, err := fs.ReadFile(zalobot.Texts(), "text/"+lang+".toml")
		if err != nil {
			t.Fatal(err)
		}
		words[i] = string(b)
	}
	tests := []struct {
		fault fakezalobot.Fault
		kind  bot.SendKind
		alert string
	}{
		{fakezalobot.Fault{Code: 400, Description: "chat_id is invalid: " + private}, bot.Rejected, ""},
		{fakezalobot.Fault{Code: 400, Description: "text is longer than 2000: " + private}, bot.Rejected, "fault of the program"},
		{fakezalobot.Fault{Code: 400, Description: "caption too long " + private}, bot.Rejected, "fault of the program"},
		{fakezalobot.Fault{Code: 400, Description: "Something: " + private}, bot.Temporary, "does not know"},
		{fakezalobot.Fault{Code: 403, Description: "forbidden"}, bot.Temporary, "does not know"},
		{fakezalobot.Fault{Code: 401, Description: token}, bot.Misconfigured, "token is refused"},
		{fakezalobot.Fault{Code: 404}, bot.Misconfigured, "token is refused"},
		{fakezalobot.Fault{Code: 404, Description: "Chat not found"}, bot.Rejected, ""},
		{fakezalobot.Fault{Code: 413}, bot.Rejected, ""},
		{fakezalobot.Fault{Code: 426, Description: "quota"}, bot.Throttled, "quota"},
		{fakezalobot.Fault{Code: 302, HTML: "<html>"}, bot.Misconfigured, "API address"},
		{fakezalobot.Fault{Code: 403, HTML: "<html>" + token}, bot.Temporary, ""},
		{fakezalobot.Fault{Code: 500, Description: private}, bot.Temporary, ""},
		{fakezalobot.Fault{Code: 503, HTML: "<html>"}, bot.Temporary, ""},
		{fakezalobot.Fault{Code: 504, Description: "timeout"}, bot.Ambiguous, ""},
		{fakezalobot.Fault{Code: 200, HTML: `{"ok":false}`}, bot.Temporary, ""},
		{fakezalobot.Fault{Code: 200, HTML: `{"ok":false,"errorCode":"429"}`}, bot.Throttled, ""},
		{fakezalobot.Fault{Code: 200, HTML: `ok`}, bot.Ambiguous, ""},
	}
	for _, tt := range tests {
		name := fmt.Sprintf("%d %.14s %.20s", tt.fault.Code, strings.ReplaceAll(tt.fault.Description, " ", "_"), tt.fault.HTML)
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			tt.fault.Times = 2
			w.fake.Fail(tt.fault)
			for range 2 {
				_, err := w.Send(t.Context(), message(w.fake.Person("Lan"), private))
				var se *bot.SendError
				if !errors.As(err, &se) || se.Kind != tt.kind {
					t.Fatalf("Send = %v, want %s", err, tt.kind)
				}
				w.clean(t, err.Error())
				key, ours := strings.CutPrefix(se.Reason, "delivery.")
				if ours = ours && strings.Contains(key, "zalobot"); ours && (!strings.Contains(words[0], key+" =") || !strings.Contains(words[1], key+" =")) {
					t.Errorf("the reason %s has no words", se.Reason)
				}
			}
			if told := w.told(); (tt.alert == "") != (told == "") || !strings.Contains(told, tt.alert) || strings.Contains(told, "\n") {
				t.Errorf("the operator is told %q, want once something of %q", told, tt.alert)
			}
		})
	}
}

// What net/http says of a call names the address, and so the token: never ours.
func TestAnUnreachablePlatform(t *testing.T) {
	w := newWorld(t, zalobot.ModePoll, func(o *zalobot.Options) { o.APIURL, o.HTTP = "http://127.0.0.1:1", nil })
	_, err := w.Send(t.Context(), message(w.fake.Person("Lan"), private))
	if kindOf(err) != bot.Temporary {
		t.Errorf("Send = %v, want it sent again: it did not reach anybody", err)
	}
	w.clean(t, err.Error())
}

func TestFetch(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		lan := w.fake.Person("Lan")
		big := make([]byte, zalobot.MaxFetch+1)
		for _, data := range [][]byte{[]byte("a photo"), big} {
			w.fake.Send(fakezalobot.Incoming{From: lan, Photo: data})
		}
		stop := w.poll(t)
		synctest.Wait()
		stop()
		got := w.in.got()
		if len(got) != 2 {
			t.Fatalf("%d updates came", len(got))
		}
		small, large := got[0].Media[0], got[1].Media[0]
		r, err := w.Fetch(t.Context(), small)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || string(data) != "a photo" || r.Close() != nil {
			t.Errorf("fetched %q, %v", data, err)
		}
		if _, err = w.Fetch(t.Context(), large); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("a file too large: %v", err)
		}
		w.fake.DropFiles()
		if _, err = w.Fetch(t.Context(), small); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("a file that is gone: %v", err)
		}
		for _, ref := range []string{"", "zb-", "zb-!!", "/etc/passwd", "https://x.example.vn/a", "zb-aHR0cHM6Ly8xMC4wLjAuNy9h", "zb-aHR0cDovL3guZXhhbXBsZS52bi9h"} {
			if _, err := w.Fetch(t.Context(), bot.Media{Kind: bot.Photo, Ref: ref}); !bot.IsCode(err, bot.NotFound) {
				t.Errorf("the handle %q: %v", ref, err)
			}
		}
	})
}

// endless is a host that sends without saying how much.
type endless struct{}

func (endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(zeros{}), ContentLength: -1, Request: r}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestFetchEnds(t *testing.T) {
	w := newWorld(t, zalobot.ModePoll, func(o *zalobot.Options) { o.Files = &http.Client{Transport: endless{}} })
	r, err := w.Fetch(t.Context(), bot.Media{Kind: bot.Photo, Ref: "zb-aHR0cHM6Ly94LmV4YW1wbGUudm4vYQ"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(r, 2*zalobot.MaxFetch))
	if !bot.IsCode(err, bot.Invalid) || n > zalobot.MaxFetch {
		t.Errorf("%d bytes were read, %v", n, err)
	}
}

func TestOptions(t *testing.T) {
	good := zalobot.Options{Token: token}
	hooked := zalobot.Options{Token: token, Mode: zalobot.ModeWebhook, WebhookURL: hook, WebhookSecret: "12345678"}
	tests := []struct {
		name   string
		base   zalobot.Options
		change func(*zalobot.Options)
		ok     bool
	}{
		{"least", good, func(*zalobot.Options) {}, true},
		{"webhook", hooked, func(*zalobot.Options) {}, true},
		{"no token", good, func(o *zalobot.Options) { o.Token = "" }, false},
		{"a token of another kind", good, func(o *zalobot.Options) { o.Token = "secret-value" }, false},
		{"a mode that is none", good, func(o *zalobot.Options) { o.Mode = "push" }, false},
		{"a short secret", hooked, func(o *zalobot.Options) { o.WebhookSecret = "1234567" }, false},
		{"a long secret", hooked, func(o *zalobot.Options) { o.WebhookSecret = strings.Repeat("x", 257) }, false},
		{"a secret with a line end", hooked, func(o *zalobot.Options) { o.WebhookSecret = "12345678\r\n" }, false},
		{"a webhook without TLS", hooked, func(o *zalobot.Options) { o.WebhookURL = "http://bot.test/" }, false},
		{"an API of no address", good, func(o *zalobot.Options) { o.APIURL = "bot-api" }, false},
		{"a photo may take too long", good, func(o *zalobot.Options) { o.PhotoTimeout = time.Minute }, false},
		{"a pace below zero", good, func(o *zalobot.Options) { o.Pace.PerSecond = -1 }, false},
		{"a public address that is not", good, func(o *zalobot.Options) { o.PublicURL = "https://localhost" }, false},
	}
	for _, tt := range tests {
		o := tt.base
		tt.change(&o)
		_, err := zalobot.New(o)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret-value") || strings.Contains(err.Error(), "1234567")) {
			t.Errorf("%s: the error shows the value", tt.name)
		}
	}
	good.Pace.PerSecond = 9
	b, err := zalobot.New(good)
	if err != nil {
		t.Fatal(err)
	}
	if l := b.Limits(); l.Pace.PerSecond != 9 || l.Pace.PerChatSecond != zalobot.DefaultPace().PerChatSecond || l.Buttons != 0 || l.Text != 2000 {
		t.Errorf("limits %+v", l)
	}
}
