package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
)

// The table of errors: every row, what the API says and what becomes of the
// message.
func TestErrorsOfSends(t *testing.T) {
	const success bot.SendKind = "" // the message, or what is left of it, arrived
	tests := []struct {
		code       int
		text       string
		want       bot.SendKind
		reason     string
		calls      int    // sends that the API saw
		retryAfter int    // seconds
		moved      int64  // migrate_to_chat_id
		alert      string // part of what an operator is told
	}{
		{code: 400, text: "Bad Request: chat not found", want: bot.Gone, reason: "telegram_no_chat", calls: 1},
		{code: 400, text: "Bad Request: PEER_ID_INVALID", want: bot.Gone, reason: "telegram_no_chat", calls: 1},
		{code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat", want: bot.Moved, reason: "moved", calls: 1, moved: -100777},
		{code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat", want: bot.Gone, reason: "telegram_group_lost", calls: 1},
		{code: 400, text: "Bad Request: something new", want: bot.Moved, reason: "moved", calls: 1, moved: -100777},
		{code: 400, text: "Bad Request: message to edit not found", want: bot.Rejected, reason: "telegram_stale", calls: 1},
		{code: 400, text: "Bad Request: message can't be edited", want: bot.Rejected, reason: "telegram_stale", calls: 1},
		{code: 400, text: "Bad Request: message to delete not found", want: bot.Rejected, reason: "telegram_stale", calls: 1},
		{code: 400, text: "Bad Request: message to be replied not found", want: success, calls: 2},
		{code: 400, text: "Bad Request: can't parse entities: Unsupported start tag \"bí-mật\"", want: success, calls: 2, alert: "markup"},
		{code: 400, text: "Bad Request: message is too long", want: bot.Rejected, reason: "unfit", calls: 1, alert: "limits"},
		{code: 400, text: "Bad Request: message caption is too long", want: bot.Rejected, reason: "unfit", calls: 1, alert: "limits"},
		{code: 400, text: "Bad Request: message text is empty", want: bot.Rejected, reason: "unfit", calls: 1, alert: "limits"},
		{code: 400, text: "Bad Request: reply markup is too long", want: bot.Rejected, reason: "unfit", calls: 1, alert: "limits"},
		{code: 400, text: "Bad Request: BUTTON_DATA_INVALID", want: bot.Rejected, reason: "unfit", calls: 1, alert: "limits"},
		{code: 400, text: "Bad Request: inline keyboard button URL 'http://x' is invalid: Wrong HTTP URL", want: success, calls: 2, alert: "PUBLIC_URL"},
		{code: 400, text: "Bad Request: message thread not found", want: success, calls: 2, alert: "topic"},
		{code: 400, text: "Bad Request: TOPIC_CLOSED", want: success, calls: 2, alert: "topic"},
		{code: 400, text: "Bad Request: wrong file identifier/HTTP URL specified", want: bot.Rejected, reason: "telegram_file", calls: 1},
		{code: 400, text: "Bad Request: failed to get HTTP URL content", want: bot.Rejected, reason: "telegram_file", calls: 1},
		{code: 400, text: "Bad Request: not enough rights to send text messages to the chat", want: bot.Temporary, reason: "telegram_muted", calls: 1, alert: "right"},
		{code: 403, text: "Forbidden: not enough rights to send text messages to the chat", want: bot.Temporary, reason: "telegram_muted", calls: 1, alert: "right"},
		{code: 400, text: "Bad Request: a reason of the future", want: bot.Temporary, reason: "telegram_unheard", calls: 1, alert: "does not know"},
		{code: 401, text: "Unauthorized", want: bot.Misconfigured, reason: "misconfigured", calls: 1, alert: "token"},
		{code: 404, text: "Not Found", want: bot.Misconfigured, reason: "misconfigured", calls: 1, alert: "token"},
		{code: 403, text: "Forbidden: bot was blocked by the user", want: bot.Gone, reason: "blocked", calls: 1},
		{code: 403, text: "Forbidden: user is deactivated", want: bot.Gone, reason: "blocked", calls: 1},
		{code: 403, text: "Forbidden: bot can't initiate conversation with a user", want: bot.Gone, reason: "blocked", calls: 1},
		{code: 403, text: "Forbidden: bot was kicked from the supergroup chat", want: bot.Gone, reason: "telegram_group_lost", calls: 1, alert: "group"},
		{code: 403, text: "Forbidden: bot is not a member of the channel chat", want: bot.Gone, reason: "telegram_group_lost", calls: 1, alert: "group"},
		{code: 403, text: "Forbidden: the group chat was deleted", want: bot.Gone, reason: "telegram_group_lost", calls: 1, alert: "group"},
		{code: 409, text: "Conflict", want: bot.Temporary, reason: "temporary", calls: 1, alert: "only one"},
		{code: 413, text: "Request Entity Too Large", want: bot.Rejected, reason: "unfit", calls: 1},
		{code: 429, text: "Too Many Requests: retry after 17", want: bot.Throttled, reason: "throttled", calls: 1, retryAfter: 17},
		{code: 500, text: "Internal Server Error", want: bot.Ambiguous, reason: "unknown", calls: 1},
		{code: 502, text: "Bad Gateway", want: bot.Temporary, reason: "temporary", calls: 1},
		{code: 504, text: "Gateway Timeout", want: bot.Ambiguous, reason: "unknown", calls: 1},
	}
	for _, tt := range tests {
		name := strings.TrimPrefix(tt.text, "Bad Request: ")
		bubble(name, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll)
			lan := w.fake.Person("Lan")
			w.fake.Type(lan, "/start")
			w.fake.Fail(faketelegram.Fault{Code: tt.code, Description: tt.text, RetryAfter: tt.retryAfter, MigrateTo: tt.moved})
			m := message(lan, "Chào "+private)
			m.ReplyTo, m.To.Thread = "101", "7"
			m.Buttons = [][]bot.MessageButton{{{Title: "Mở", URL: "https://example.vn"}}}
			if tt.want != success || !strings.Contains(tt.alert, "topic") {
				m.To.Thread = ""
			}
			_, err := w.Send(t.Context(), m)
			checkSend(t, w, err, tt.want, tt.reason)
			if n := len(w.fake.Calls("sendMessage")); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
			var se *bot.SendError
			if errors.As(err, &se) {
				if tt.retryAfter > 0 && se.RetryAfter != time.Duration(tt.retryAfter)*time.Second {
					t.Errorf("wait %s, want %d s", se.RetryAfter, tt.retryAfter)
				}
				if se.Kind == bot.Moved && se.To != id(tt.moved) {
					t.Errorf("moved to %q, want %d", se.To, tt.moved)
				}
			}
			if told := w.told(); (tt.alert == "") != (told == "") || !strings.Contains(told, tt.alert) {
				t.Errorf("the operator is told %q, want something of %q", told, tt.alert)
			}
		})
	}
}

func checkSend(t *testing.T, w *world, err error, want bot.SendKind, reason string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("Send = %v, want success", err)
		}
		return
	}
	var se *bot.SendError
	if !errors.As(err, &se) || se.Kind != want || reason != "" && se.Reason != "delivery.reason_"+reason {
		t.Fatalf("Send = %v, want kind %s for %s", err, want, reason)
	}
	w.clean(t, err.Error())
}

// What is tried again is sent without what was refused.
func TestRemedies(t *testing.T) {
	tests := []struct {
		text, param string
		gone        bool // the parameter is left out
	}{
		{"Bad Request: message to be replied not found", "reply_parameters", true},
		{"Bad Request: can't parse entities: oh", "parse_mode", true},
		{"Bad Request: message thread not found", "message_thread_id", true},
		{"Bad Request: inline keyboard button URL is invalid", "reply_markup", true},
	}
	for _, tt := range tests {
		bubble(tt.param, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll)
			g := w.fake.Group("UBND")
			w.fake.Admit(g)
			m := bot.Message{ID: "m", To: bot.Address{Channel: telegram.Name, Chat: id(g.ID), Thread: id(w.fake.Topic(g))}, Text: "a < b " + private, ReplyTo: "101",
				Buttons: [][]bot.MessageButton{{{Title: "Mở", URL: "https://example.vn"}}}}
			w.fake.Fail(faketelegram.Fault{Code: 400, Description: tt.text})
			if _, err := w.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			calls := w.fake.Calls("sendMessage")
			if calls[0].Params[tt.param] == "" || calls[1].Params[tt.param] != "" {
				t.Errorf("%s is %q at first and %q then", tt.param, calls[0].Params[tt.param], calls[1].Params[tt.param])
			}
			if shown := w.fake.Shown(g.ID); !strings.HasPrefix(shown[0].Text, "a < b "+private) {
				t.Errorf("the group reads %q", shown[0].Text)
			}
			// Refused for the same reason again, it is given up.
			w.fake.Fail(faketelegram.Fault{Code: 400, Description: tt.text, Times: 2})
			_, err := w.Send(t.Context(), m)
			checkSend(t, w, err, bot.Rejected, "")
		})
	}
}

// Connections fail in many ways; none shows the token, and each is told apart
// by whether the message may have arrived.
func TestErrorsOfTheNetwork(t *testing.T) {
	tests := []struct {
		name  string
		fault faketelegram.Fault
		want  bot.SendKind
	}{
		{"cut before anything", faketelegram.Fault{Cut: true}, bot.Ambiguous},
		{"answer lost", faketelegram.Fault{Lost: true}, bot.Ambiguous},
		{"an answer that never comes", faketelegram.Fault{Slow: time.Hour}, bot.Ambiguous},
		{"a page of a proxy", faketelegram.Fault{Code: 502, HTML: "<html>" + token + "</html>"}, bot.Temporary},
		{"a page of a proxy that is closed", faketelegram.Fault{Code: 503, HTML: "x"}, bot.Temporary},
		{"a page that says nothing", faketelegram.Fault{Code: 200, HTML: "<html>"}, bot.Ambiguous},
		{"half an answer", faketelegram.Fault{Code: 200, HTML: `{"ok":true,"resu`}, bot.Ambiguous},
		{"a proxy's own 403", faketelegram.Fault{Code: 403, HTML: "no"}, bot.Temporary},
		{"another site", faketelegram.Fault{Code: 404, HTML: "no"}, bot.Misconfigured},
		{"a redirect", faketelegram.Fault{Code: 302, HTML: "elsewhere"}, bot.Misconfigured},
		{"an upload that is too large for a proxy", faketelegram.Fault{Code: 413, HTML: "no"}, bot.Rejected},
	}
	for _, tt := range tests {
		bubble(tt.name, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll)
			lan := w.fake.Person("Lan")
			w.fake.Type(lan, "/start")
			w.fake.Fail(tt.fault)
			_, err := w.Send(t.Context(), message(lan, private))
			checkSend(t, w, err, tt.want, "")
			if shown := len(w.fake.Shown(lan.ID)); (shown == 1) != tt.fault.Lost {
				t.Errorf("the citizen sees %d messages", shown)
			}
		})
	}
}

// On a real network: nobody listens, the name does not exist, the caller stops.
func TestNobodyIsThere(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:1", "https://api.telegram.invalid"} {
		b, err := telegram.New(telegram.Options{Token: token, APIURL: address})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{}
		m := bot.Message{ID: "m", To: bot.Address{Channel: telegram.Name, Chat: "41"}, Text: private}
		_, err = b.Send(t.Context(), m)
		checkSend(t, w, err, bot.Temporary, "temporary")
		w.clean(t, b.Check(t.Context()).Error())
		_, err = b.Fetch(t.Context(), bot.Media{Ref: "AAA"})
		w.clean(t, err.Error())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.Send(ctx, m)
		checkSend(t, w, err, bot.Temporary, "temporary")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Send = %v does not say that the caller stopped", err)
		}
	}
}

// The same over real connections, which break in ways of their own.
func TestConnectionsThatBreak(t *testing.T) {
	w, lan := talk(t)
	server := httptest.NewServer(w.fake)
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	w.open(t, telegram.ModePoll, func(o *telegram.Options) {
		o.APIURL, o.HTTP = server.URL, &http.Client{Transport: transport}
	})
	for i, f := range []faketelegram.Fault{{}, {Lost: true}, {Cut: true}, {}, {Code: 502, HTML: "<html>"}, {}} {
		want := bot.SendKind("")
		switch {
		case f.Lost || f.Cut:
			want = bot.Ambiguous
		case f.Code != 0:
			want = bot.Temporary
		}
		w.fake.Heal()
		w.fake.Fail(f)
		_, err := w.Send(t.Context(), message(lan, fmt.Sprint(private, i)))
		checkSend(t, w, err, want, "")
	}
	if n := len(w.fake.Shown(lan.ID)); n != 4 {
		t.Errorf("the citizen sees %d messages, want the 3 that arrived and the one whose answer was lost", n)
	}
}

// Whoever redirects us would be given the token.
func TestNoRedirectIsFollowed(t *testing.T) {
	var hosts []string
	b, err := telegram.New(telegram.Options{Token: token, APIURL: "http://telegram.test", HTTP: &http.Client{Transport: faketelegram.Transport(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hosts = append(hosts, r.URL.Host)
			http.Redirect(w, r, "http://elsewhere.test"+r.URL.Path, http.StatusTemporaryRedirect)
		}))}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Send(t.Context(), bot.Message{ID: "m", To: bot.Address{Chat: "41"}, Text: "x"})
	checkSend(t, &world{}, err, bot.Misconfigured, "misconfigured")
	if len(hosts) != 1 {
		t.Errorf("requests went to %v", hosts)
	}
}

// A wrong token is told from one that was revoked, and shown in neither case.
func TestWrongToken(t *testing.T) {
	for _, wrong := range []string{"770001:AAnotTHEtokenNOTtheTOKENnotTHEtok_1", "770001:tooshort__"} {
		bubble(wrong, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll, func(o *telegram.Options) { o.Token = wrong })
			_, err := w.Send(t.Context(), message(w.fake.Person("Lan"), "x"))
			checkSend(t, w, err, bot.Misconfigured, "misconfigured")
			for _, text := range []string{err.Error(), w.Check(t.Context()).Error(), w.log.String()} {
				if strings.Contains(text, strings.SplitN(wrong, ":", 2)[1]) {
					t.Errorf("the token shows in %q", text)
				}
			}
		})
	}
}

func TestOptions(t *testing.T) {
	good := telegram.Options{Token: token, Mode: telegram.ModeWebhook, WebhookURL: hook, WebhookSecret: secret}
	tests := []struct {
		name   string
		change func(*telegram.Options)
		ok     bool
	}{
		{"all right", func(*telegram.Options) {}, true},
		{"no token", func(o *telegram.Options) { o.Token = "" }, false},
		{"a token of another form", func(o *telegram.Options) { o.Token = "bot" + token }, false},
		{"a token with a space", func(o *telegram.Options) { o.Token = token + " " }, false},
		{"an unknown mode", func(o *telegram.Options) { o.Mode = "push" }, false},
		{"a short secret", func(o *telegram.Options) { o.WebhookSecret = "abc" }, false},
		{"a secret that Telegram refuses", func(o *telegram.Options) { o.WebhookSecret = "webhook:secret:of:tests" }, false},
		{"a webhook without TLS", func(o *telegram.Options) { o.WebhookURL = "http://bot.test/x" }, false},
		{"a webhook on another port", func(o *telegram.Options) { o.WebhookURL = "https://bot.test:444/x" }, false},
		{"a webhook on port 8443", func(o *telegram.Options) { o.WebhookURL = "https://bot.test:8443/x" }, true},
		{"an API address with a query", func(o *telegram.Options) { o.APIURL = "https://api.test/?a=b" }, false},
		{"an API address that is none", func(o *telegram.Options) { o.APIURL = "api.telegram.org" }, false},
		{"commands without words", func(o *telegram.Options) { o.Commands = []bot.CommandHelp{{Command: "a"}} }, false},
	}
	for _, tt := range tests {
		opt := good
		tt.change(&opt)
		_, err := telegram.New(opt)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "AAfake") {
			t.Errorf("%s: the error shows the token", tt.name)
		}
	}
}
