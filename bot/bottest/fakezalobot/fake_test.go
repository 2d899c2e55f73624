package fakezalobot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot/bottest/fakezalobot"
)

const token = "12345:fakeFAKEfakeFAKEfakeFAKE"

type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Camel       int             `json:"errorCode"`
	Description string          `json:"description"`
	status      int
}

type object = map[string]any

// call makes a call as the manual has it, without any client of ours.
func call(t *testing.T, s *fakezalobot.Server, method string, params object) answer {
	t.Helper()
	return callAs(t, s, token, method, params)
}

func callAs(t *testing.T, s *fakezalobot.Server, token, method string, params object) answer {
	t.Helper()
	if params == nil {
		params = object{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Post("http://zalobot.test/bot"+token+"/"+method, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhatIsRefused(t *testing.T) {
	s := fakezalobot.New(fakezalobot.Options{Token: token})
	defer s.Close()
	lan, blocked := s.Person("Lan"), s.Person("Minh")
	s.Block(blocked)
	away, group := s.Group("away"), s.Group("Tổ 5")
	s.Join(group)
	tests := []struct {
		name, method string
		params       object
		want         int // code, 0 for success
	}{
		{"longest text", "sendMessage", object{"chat_id": lan.ID, "text": strings.Repeat("ă", 2000)}, 0},
		{"too long", "sendMessage", object{"chat_id": lan.ID, "text": strings.Repeat("ă", 2001)}, 400},
		{"emoji count double", "sendMessage", object{"chat_id": lan.ID, "text": strings.Repeat("🪪", 1001)}, 400},
		{"empty", "sendMessage", object{"chat_id": lan.ID, "text": " \n"}, 400},
		{"markup of another platform", "sendMessage", object{"chat_id": lan.ID, "text": "a", "parse_mode": "HTML"}, 400},
		{"a chat that is a number", "sendMessage", object{"chat_id": 5, "text": "a"}, 400},
		{"no such chat", "sendMessage", object{"chat_id": "nobody", "text": "a"}, 400},
		{"somebody who blocked the bot", "sendMessage", object{"chat_id": blocked.ID, "text": "a"}, 400},
		{"a group that the bot is not in", "sendMessage", object{"chat_id": away.ID, "text": "a"}, 400},
		{"a group", "sendMessage", object{"chat_id": group.ID, "text": "a"}, 0},
		{"a photo", "sendPhoto", object{"chat_id": lan.ID, "photo": "https://x.example.vn/a.jpg", "caption": "a"}, 0},
		{"a photo without TLS", "sendPhoto", object{"chat_id": lan.ID, "photo": "http://x.example.vn/a.jpg"}, 400},
		{"a photo on this machine", "sendPhoto", object{"chat_id": lan.ID, "photo": "https://127.0.0.1/a.jpg"}, 400},
		{"a photo in this house", "sendPhoto", object{"chat_id": lan.ID, "photo": "https://nas/a.jpg"}, 400},
		{"a long caption", "sendPhoto", object{"chat_id": lan.ID, "photo": "https://x.example.vn/a.jpg", "caption": strings.Repeat("a", 2001)}, 400},
		{"a sticker", "sendSticker", object{"chat_id": lan.ID, "sticker": "st1"}, 0},
		{"a voice in another format", "sendVoice", object{"chat_id": lan.ID, "voice_url": "https://x.example.vn/a.mp3"}, 400},
		{"an action of another platform", "sendChatAction", object{"chat_id": lan.ID, "action": "dancing"}, 400},
		{"a webhook without TLS", "setWebhook", object{"url": "http://bot.test/", "secret_token": "12345678"}, 400},
		{"a short secret", "setWebhook", object{"url": "https://bot.test/", "secret_token": "1234567"}, 400},
		{"testing too often", "testWebhook", nil, 426},
		{"files", "sendDocument", object{"chat_id": lan.ID}, 404},
		{"editing", "editMessageText", object{"chat_id": lan.ID}, 404},
	}
	for _, tt := range tests {
		a := call(t, s, tt.method, tt.params)
		if a.OK != (tt.want == 0) || a.Code != tt.want || a.OK && a.status != 200 || !a.OK && a.status != tt.want {
			t.Errorf("%s: %+v, want code %d", tt.name, a, tt.want)
		}
	}
	if a := callAs(t, s, "999:x", "getMe", nil); a.Code != 401 {
		t.Errorf("another token: %+v", a)
	}
	if a := call(t, s, "sendChatAction", object{"chat_id": lan.ID, "action": "typing"}); !a.OK || a.Result != nil {
		t.Errorf("typing: %+v, want no result", a)
	}
}

// One update at a time, handed out once; 408 when nothing comes; not with a webhook.
func TestGetUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakezalobot.New(fakezalobot.Options{Token: token})
		defer s.Close()
		lan := s.Person("Lan")
		s.Type(lan, "một")
		s.Type(lan, "hai")
		for _, want := range []string{"một", "hai"} {
			if a := call(t, s, "getUpdates", object{"timeout": "30"}); !a.OK || !strings.HasPrefix(string(a.Result), "{") || !strings.Contains(string(a.Result), want) {
				t.Errorf("%+v %s, want the update %q", a, a.Result, want)
			}
		}
		if s.Pending() != 1 {
			t.Errorf("%d pending, want the one in hand", s.Pending())
		}
		began := time.Now()
		if a := call(t, s, "getUpdates", object{"timeout": "30"}); a.Code != 408 || time.Since(began) != 30*time.Second {
			t.Errorf("%+v after %s, want 408 after 30 s", a, time.Since(began))
		}
		if s.Pending() != 0 {
			t.Errorf("%d pending, want none: the bot asked for the next", s.Pending())
		}
		if a := call(t, s, "getUpdates", object{"timeout": 30}); a.Code != 400 {
			t.Errorf("a timeout that is a number: %+v", a)
		}
		if a := call(t, s, "setWebhook", object{"url": "https://bot.test/", "secret_token": "12345678"}); !strings.Contains(string(a.Result), `"ok":true`) {
			t.Errorf("setWebhook: %s", a.Result)
		}
		if a := call(t, s, "getUpdates", object{"timeout": "30"}); a.Code != 400 {
			t.Errorf("with a webhook: %+v", a)
		}
		call(t, s, "deleteWebhook", nil)
		s.Be(fakezalobot.Quirks{InfoAbsent: true, CamelCode: true, Errors200: true})
		if a := call(t, s, "getWebhookInfo", nil); a.Camel != 404 || a.status != 200 {
			t.Errorf("getWebhookInfo: %+v", a)
		}
	})
}

// A group passes on what mentions the bot or answers it.
func TestGroupsPassOnLittle(t *testing.T) {
	s := fakezalobot.New(fakezalobot.Options{Token: token})
	defer s.Close()
	lan, g := s.Person("Lan"), s.Group("Tổ 5")
	hears := func(text, reply string) bool {
		_, heard := s.Send(fakezalobot.Incoming{From: lan, Group: g, Text: text, ReplyTo: reply})
		return heard
	}
	if hears("@Trợ lý CCHC ơi", "") {
		t.Error("the bot hears a group that it is not in")
	}
	s.Join(g)
	call(t, s, "sendMessage", object{"chat_id": g.ID, "text": "a"})
	mine := s.Shown(g.ID)[0].ID
	other, _ := s.Send(fakezalobot.Incoming{From: lan, Group: g, Text: "x"})
	if hears("mai họp", "") || hears("ừ", other) || !hears("@Trợ lý CCHC ơi", "") || !hears("ừ", mine) {
		t.Error("the group passes on something else than mentions and answers")
	}
	if n := len(s.Talk(g.ID)); n != 7 {
		t.Errorf("the group shows %d messages", n)
	}
	s.Kick(g)
	if hears("ừ", mine) {
		t.Error("the bot hears a group that it was removed from")
	}
}

// receiver is a bot's webhook.
type receiver struct {
	mu     sync.Mutex
	bodies []string
	header string
	fail   int // so many answers are 503
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body) // what cannot be read is not counted
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies = append(r.bodies, string(body))
	r.header = req.Header.Get("X-Bot-Api-Secret-Token")
	if r.fail > 0 {
		r.fail--
		w.WriteHeader(503)
	}
}

// Deliveries carry the secret, in an envelope or bare; what is not answered 200
// is repeated as often as was said, and then gone.
func TestDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{fail: 1}
		s := fakezalobot.New(fakezalobot.Options{Token: token, Retries: 1, Client: &http.Client{Transport: fakezalobot.Transport(r)}})
		defer s.Close()
		call(t, s, "setWebhook", object{"url": "https://bot.test/", "secret_token": "a-secret"})
		lan := s.Person("Lan")
		s.Type(lan, "một")
		s.Confirmed(nil)
		s.Be(fakezalobot.Quirks{Bare: true})
		s.Send(fakezalobot.Incoming{From: lan, Unsupported: true, Silent: true})
		s.Confirmed(nil)
		r.mu.Lock()
		if len(r.bodies) != 3 || r.bodies[0] != r.bodies[1] || !strings.HasPrefix(r.bodies[0], `{"ok":true,"result":{`) || r.bodies[2] != `{"event_name":"message.unsupported.received"}` || r.header != "a-secret" {
			t.Errorf("delivered with the secret %q: %q", r.header, r.bodies)
		}
		r.fail = 9
		r.mu.Unlock()
		s.Type(lan, "hai")
		s.Confirmed(nil)
		if s.Lost() != 1 || s.Deliveries() != 5 {
			t.Errorf("%d lost after %d deliveries", s.Lost(), s.Deliveries())
		}
	})
}

// A fault strikes as often as it was told to, where it was told to.
func TestFaults(t *testing.T) {
	s := fakezalobot.New(fakezalobot.Options{Token: token})
	defer s.Close()
	lan, minh := s.Person("Lan"), s.Person("Minh")
	s.Fail(fakezalobot.Fault{Chat: lan.ID, Code: 429, Description: "slow down", RetryAfter: 3})
	send := func(p *fakezalobot.Person) int {
		return call(t, s, "sendMessage", object{"chat_id": p.ID, "text": "a"}).Code
	}
	if a, b, c := send(minh), send(lan), send(lan); a != 0 || b != 429 || c != 0 {
		t.Errorf("codes %d %d %d", a, b, c)
	}
	s.Fail(fakezalobot.Fault{Lost: true})
	if _, err := s.Client().Post("http://zalobot.test/bot"+token+"/sendMessage", "application/json", strings.NewReader(`{"chat_id":"`+lan.ID+`","text":"b"}`)); err == nil {
		t.Error("an answer that was to be lost came")
	}
	if n := len(s.Shown(lan.ID)); n != 2 {
		t.Errorf("the chat shows %d messages, want the one whose answer was lost too", n)
	}
}
