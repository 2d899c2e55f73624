package faketelegram_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot/bottest/faketelegram"
)

const token = "12345:AAfakeFAKEfakeFAKEfakeFAKEfakeFAKE_12"

type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
}

// call makes a call as the manual has it, without any client of ours.
func call(t *testing.T, s *faketelegram.Server, method string, params ...string) answer {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	resp, err := s.Client().PostForm("http://telegram.test/bot"+token+"/"+method, v)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// What the platform refuses, it refuses in the words of the real one.
func TestLimitsAreEnforced(t *testing.T) {
	s := faketelegram.New(faketelegram.Options{Token: token})
	defer s.Close()
	lan, stranger := s.Person("Lan"), s.Person("Minh")
	s.Type(lan, "/start")
	g := s.Group("UBND")
	s.Admit(g)
	chat, group := fmt.Sprint(lan.ID), fmt.Sprint(g.ID)
	buttons := func(row, rows int, data string) string {
		one := `{"text":"a","callback_data":"` + data + `"}`
		line := "[" + strings.TrimSuffix(strings.Repeat(one+",", row), ",") + "]"
		return `{"inline_keyboard":[` + strings.TrimSuffix(strings.Repeat(line+",", rows), ",") + `]}`
	}
	tests := []struct {
		name, method string
		params       []string
		want         string // part of the description, "" for success
	}{
		{"longest text", "sendMessage", []string{"chat_id", chat, "text", strings.Repeat("ă", 4096)}, ""},
		{"too long", "sendMessage", []string{"chat_id", chat, "text", strings.Repeat("ă", 4097)}, "message is too long"},
		{"emoji count double", "sendMessage", []string{"chat_id", chat, "text", strings.Repeat("🪪", 2049)}, "message is too long"},
		{"markup does not count", "sendMessage", []string{"chat_id", chat, "parse_mode", "HTML", "text", "<b>" + strings.Repeat("&lt;", 4096) + "</b>"}, ""},
		{"empty", "sendMessage", []string{"chat_id", chat, "text", " \n"}, "text is empty"},
		{"an unknown tag", "sendMessage", []string{"chat_id", chat, "parse_mode", "HTML", "text", "<p>a</p>"}, "can't parse entities"},
		{"a tag that stays open", "sendMessage", []string{"chat_id", chat, "parse_mode", "HTML", "text", "<b>a"}, "can't parse entities"},
		{"a sign without an end", "sendMessage", []string{"chat_id", chat, "parse_mode", "HTML", "text", "1 < 2"}, "can't parse entities"},
		{"no markup, any sign", "sendMessage", []string{"chat_id", chat, "text", "1 < 2"}, ""},
		{"longest data", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", buttons(1, 1, strings.Repeat("x", 64))}, ""},
		{"data too long in bytes", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", buttons(1, 1, strings.Repeat("ă", 33))}, "BUTTON_DATA_INVALID"},
		{"no data", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", buttons(1, 1, "")}, "BUTTON_DATA_INVALID"},
		{"a wide row", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", buttons(9, 1, "x")}, "reply markup is too long"},
		{"many buttons", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", buttons(8, 13, "x")}, "reply markup is too long"},
		{"a button to this machine", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_markup", `{"inline_keyboard":[[{"text":"a","url":"http://localhost:8080/x"}]]}`}, "Wrong HTTP URL"},
		{"a request in a group", "sendMessage", []string{"chat_id", group, "text", "a", "reply_markup", `{"keyboard":[[{"text":"a","request_contact":true}]]}`}, "private chats only"},
		{"no such chat", "sendMessage", []string{"chat_id", "4711", "text", "a"}, "chat not found"},
		{"a person who never wrote", "sendMessage", []string{"chat_id", fmt.Sprint(stranger.ID), "text", "a"}, "can't initiate conversation"},
		{"no such topic", "sendMessage", []string{"chat_id", group, "text", "a", "message_thread_id", "9"}, "message thread not found"},
		{"an answer to nothing", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_parameters", `{"message_id":999}`}, "to be replied not found"},
		{"which is allowed", "sendMessage", []string{"chat_id", chat, "text", "a", "reply_parameters", `{"message_id":999,"allow_sending_without_reply":true}`}, ""},
		{"no such file", "sendPhoto", []string{"chat_id", chat, "photo", "AgAC"}, "wrong file identifier"},
		{"an album of one", "sendMediaGroup", []string{"chat_id", chat, "media", `[{"type":"photo","media":"x"}]`}, "wrong number of items"},
		{"no such message", "editMessageText", []string{"chat_id", chat, "message_id", "999", "text", "a"}, "message to edit not found"},
		{"a press that never was", "answerCallbackQuery", []string{"callback_query_id", "1"}, "query is too old"},
		{"a command in capitals", "setMyCommands", []string{"commands", `[{"command":"Start","description":"a"}]`}, "BOT_COMMAND_INVALID"},
		{"a webhook without TLS", "setWebhook", []string{"url", "http://bot.test/"}, "HTTPS URL"},
		{"a webhook on another port", "setWebhook", []string{"url", "https://bot.test:9000/"}, "ports 80, 88, 443 or 8443"},
		{"a method of the future", "sendTelepathy", []string{"chat_id", chat}, "Not Found"},
	}
	for _, tt := range tests {
		a := call(t, s, tt.method, tt.params...)
		if a.OK != (tt.want == "") || !strings.Contains(a.Description, tt.want) {
			t.Errorf("%s: %v %d %q, want %q", tt.name, a.OK, a.Code, a.Description, tt.want)
		}
	}
}

func bubble(t *testing.T, f func(t *testing.T, s *faketelegram.Server)) {
	synctest.Test(t, func(t *testing.T) {
		s := faketelegram.New(faketelegram.Options{Token: token})
		defer s.Close()
		f(t, s)
	})
}

func ids(t *testing.T, a answer) (out []int64) {
	t.Helper()
	var list []struct {
		ID int64 `json:"update_id"`
	}
	if err := json.Unmarshal(a.Result, &list); err != nil {
		t.Fatalf("%v: %s", err, a.Description)
	}
	for _, u := range list {
		out = append(out, u.ID)
	}
	return out
}

func TestGetUpdates(t *testing.T) {
	bubble(t, func(t *testing.T, s *faketelegram.Server) {
		lan := s.Person("Lan")
		began := time.Now()
		if got := ids(t, call(t, s, "getUpdates", "timeout", "500")); len(got) != 0 || time.Since(began) != 50*time.Second {
			t.Errorf("%d updates after %s, want none after 50 s", len(got), time.Since(began))
		}
		for range 3 {
			s.Type(lan, "chào")
		}
		first := ids(t, call(t, s, "getUpdates", "limit", "2"))
		again := ids(t, call(t, s, "getUpdates"))
		if len(first) != 2 || len(again) != 3 {
			t.Errorf("two, then all of them: %v, %v", first, again)
		}
		if rest := ids(t, call(t, s, "getUpdates", "offset", fmt.Sprint(first[1]+1))); len(rest) != 1 || s.Pending() != 1 {
			t.Errorf("behind the offset: %v", rest)
		}
		// The list of kinds sticks until it is given again.
		call(t, s, "getUpdates", "allowed_updates", `["callback_query"]`, "offset", fmt.Sprint(first[1]+2))
		s.Type(lan, "không ai nghe")
		if n := s.Pending(); n != 0 {
			t.Errorf("%d updates of a kind that was not asked for", n)
		}
		call(t, s, "getUpdates", "allowed_updates", `[]`)
		s.Type(lan, "nghe")
		time.Sleep(24 * time.Hour)
		if got := ids(t, call(t, s, "getUpdates")); len(got) != 0 {
			t.Errorf("after a day there are still %v", got)
		}
	})
}

func TestOnePollerOnly(t *testing.T) {
	bubble(t, func(t *testing.T, s *faketelegram.Server) {
		var first answer
		var wait sync.WaitGroup
		wait.Go(func() { first = call(t, s, "getUpdates", "timeout", "50") })
		synctest.Wait()
		second := call(t, s, "getUpdates")
		wait.Wait()
		if first.Code != 409 || !second.OK {
			t.Errorf("the older gets %d %s, the newer %v", first.Code, first.Description, second.OK)
		}
		call(t, s, "setWebhook", "url", "https://bot.test/x")
		if a := call(t, s, "getUpdates"); a.Code != 409 || !strings.Contains(a.Description, "webhook is active") {
			t.Errorf("with a webhook set: %d %s", a.Code, a.Description)
		}
	})
}

// A delivery is tried again at once, then after 2, 4, 8 s …; a chat's updates
// wait for each other and other chats do not.
func TestWebhookDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []string
		down := true
		began := time.Now()
		hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			var u struct{ Message struct{ Text string } }
			if err := json.Unmarshal(body, &u); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprintf("%s@%d", u.Message.Text, int(time.Since(began).Seconds())))
			if r.Header.Get("X-Telegram-Bot-Api-Secret-Token") != "abc" {
				t.Error("delivered without the secret")
			}
			if down && u.Message.Text == "a" {
				w.WriteHeader(503)
			}
		})
		s := faketelegram.New(faketelegram.Options{Token: token, Client: &http.Client{Transport: faketelegram.Transport(hook)}})
		defer s.Close()
		call(t, s, "setWebhook", "url", "https://bot.test/x", "secret_token", "abc")
		s.Type(s.Person("Lan"), "a")
		s.Type(s.Person("Lan"), "b")
		synctest.Wait()
		s.Type(s.Person("Minh"), "c")
		time.Sleep(10 * time.Second)
		mu.Lock()
		down = false
		mu.Unlock()
		time.Sleep(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if got, want := strings.Join(seen, " "), "a@0 a@0 c@0 a@2 a@6 a@14 b@14"; got != want {
			t.Errorf("delivered %s, want %s", got, want)
		}
		if s.Pending() != 0 {
			t.Errorf("%d wait", s.Pending())
		}
	})
}

// With privacy mode on, the bot hears of a group what is meant for it.
func TestPrivacyMode(t *testing.T) {
	s := faketelegram.New(faketelegram.Options{Token: token})
	defer s.Close()
	lan, g := s.Person("Lan"), s.Group("UBND")
	hears := func(in faketelegram.Incoming) bool {
		in.From, in.Chat = lan, g
		_, update := s.Send(in)
		return update != 0
	}
	if hears(faketelegram.Incoming{Text: "/help@cchc_bot"}) {
		t.Error("it hears a group that it is not in")
	}
	s.Join(lan, g)
	a := call(t, s, "sendMessage", "chat_id", fmt.Sprint(g.ID), "text", "Hồ sơ 12")
	var m struct {
		ID int64 `json:"message_id"`
	}
	if err := json.Unmarshal(a.Result, &m); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		in   faketelegram.Incoming
		want bool
	}{
		{faketelegram.Incoming{Text: "/help"}, true}, // the bot spoke last
		{faketelegram.Incoming{Text: "/help"}, false},
		{faketelegram.Incoming{Text: "/help@cchc_bot"}, true},
		{faketelegram.Incoming{Text: "/help@other_bot"}, false},
		{faketelegram.Incoming{Text: "mai họp"}, false},
		{faketelegram.Incoming{Text: "đã xong", ReplyTo: m.ID}, true},
		{faketelegram.Incoming{Text: "đồng ý", ReplyTo: m.ID + 1}, false},
	} {
		if got := hears(tt.in); got != tt.want {
			t.Errorf("%q (answer to %d): %v, want %v", tt.in.Text, tt.in.ReplyTo, got, tt.want)
		}
	}
	s.Admin(g)
	if !hears(faketelegram.Incoming{Text: "mai họp"}) {
		t.Error("an administrator does not hear everything")
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := faketelegram.New(faketelegram.Options{Token: token, PerSecond: 30, PerGroupMinute: 20})
		defer s.Close()
		lan, g := s.Person("Lan"), s.Group("UBND")
		s.Type(lan, "/start")
		s.Admit(g)
		send := func(chat int64, n int) (ok int) {
			for range n {
				if call(t, s, "sendMessage", "chat_id", fmt.Sprint(chat), "text", "a").OK {
					ok++
				}
			}
			return ok
		}
		if n := send(lan.ID, 40); n != 30 {
			t.Errorf("%d of 40 in a second, want 30", n)
		}
		time.Sleep(time.Second)
		if n := send(g.ID, 25); n != 20 {
			t.Errorf("%d of 25 to a group, want 20", n)
		}
		time.Sleep(time.Minute)
		if n := send(g.ID, 1); n != 1 {
			t.Error("after a minute the group is still full")
		}
	})
}
