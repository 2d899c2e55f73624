package zalobot_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
)

func post(w *world, method, given, body string) int {
	r := httptest.NewRequest(method, hook, strings.NewReader(body))
	if given != "" {
		r.Header.Set(header, given)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Code
}

func TestWebhookLetsNobodyElseIn(t *testing.T) {
	good := string(fakezalobot.Body(update("message.text.received", privateChat, `"text":"`+private+`"`), false))
	tests := []struct {
		name, method, secret, body string
		probes                     bool
		want, updates              int
	}{
		{"right", "POST", secret, good, false, 200, 1},
		{"no secret", "POST", "", good, false, 403, 0},
		{"wrong secret", "POST", secret + "x", good, false, 403, 0},
		{"part of the secret", "POST", secret[:8], good, false, 403, 0},
		{"the token is no secret", "POST", token, good, false, 403, 0},
		{"another method", "GET", secret, "", false, 405, 0},
		{"another method without a secret", "GET", "", "", false, 405, 0},
		{"a probe", "POST", "", good, true, 200, 0},
		{"a probe by GET", "GET", "", "", true, 200, 0},
		{"a wrong secret is no probe", "POST", "x", good, true, 403, 0},
		{"another method is no probe", "DELETE", "", good, true, 405, 0},
		{"nothing", "POST", secret, "", false, 200, 0},
		{"no JSON", "POST", secret, "<html>", false, 200, 0},
		{"an envelope of nothing", "POST", secret, `{"ok":true,"result":null}`, false, 200, 0},
		{"an envelope in an envelope", "POST", secret, `{"ok":true,"result":` + good + `}`, false, 200, 0},
		{"too much", "POST", secret, good + strings.Repeat(" ", zalobot.MaxBody), false, 200, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, zalobot.ModeWebhook, func(o *zalobot.Options) { o.AnswerProbes = tt.probes })
			if got := post(w, tt.method, tt.secret, tt.body); got != tt.want || len(w.in.got()) != tt.updates {
				t.Errorf("%d with %d updates, want %d with %d", got, len(w.in.got()), tt.want, tt.updates)
			}
		})
	}
	w := newWorld(t, zalobot.ModeWebhook)
	r := httptest.NewRequest("POST", hook, strings.NewReader(good))
	r.Header[header] = []string{secret, "x"}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != 403 {
		t.Errorf("two secrets: %d, want 403", rec.Code)
	}
	w = newWorld(t, zalobot.ModePoll)
	if got := post(w, "POST", "", good); got != 404 {
		t.Errorf("while it polls the webhook answers %d, want 404", got)
	}
}

// A message that comes twice has one id, in whichever body; so the intake knows it.
func TestWebhookDuplicates(t *testing.T) {
	w := newWorld(t, zalobot.ModeWebhook)
	one := update("message.text.received", privateChat, `"text":"a"`)
	other := update("message.text.received", groupChat, `"text":"a"`)
	for _, body := range [][]byte{fakezalobot.Body(one, false), fakezalobot.Body(one, true), other} {
		if got := post(w, "POST", secret, string(body)); got != 200 {
			t.Fatalf("answered %d", got)
		}
	}
	got := w.in.got()
	if len(got) != 3 || got[0].ID != got[1].ID || got[0].ID == got[2].ID {
		t.Errorf("%d updates; the ids of the same message differ, or those of two chats do not", len(got))
	}
}

// What was not kept is not answered 200: should the platform send it again, it is taken.
func TestWebhookAsksAgain(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModeWebhook)
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		w.in.fail(errDisk)
		w.fake.Type(w.fake.Person("Lan"), private)
		time.Sleep(1500 * time.Millisecond)
		if w.fake.Pending() != 1 || len(w.in.got()) != 0 {
			t.Error("an update that was not kept was acknowledged")
		}
		w.in.fail(nil)
		time.Sleep(time.Second)
		if w.in.texts() != private || w.fake.Pending() != 0 || w.fake.Deliveries() != 3 {
			t.Errorf("taken %q after %d deliveries", w.in.texts(), w.fake.Deliveries())
		}
	})
}

// The check that setWebhook makes is reported; one that failed stops nothing.
func TestWebhookVerification(t *testing.T) {
	tests := []struct {
		check, log, alert string
		want              *zalobot.Verification
	}{
		{"", "can be reached", "", &zalobot.Verification{OK: true}},
		{"none", "was not told", "", nil},
		{"webhook.http.403", "outcome=webhook.http.403", "webhook.http.403", &zalobot.Verification{Outcome: "webhook.http.403"}},
		{"Dear operator, click here", "check of it failed", "check of it failed", &zalobot.Verification{}},
	}
	for _, tt := range tests {
		bubble(tt.check, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModeWebhook)
			w.fake.Be(fakezalobot.Quirks{Check: tt.check})
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			if !strings.Contains(w.log.String(), tt.log) || strings.Contains(w.log.String(), "click") {
				t.Errorf("the log says\n%s", w.log)
			}
			if told := w.told(); (tt.alert == "") != (told == "") || !strings.Contains(told, tt.alert) {
				t.Errorf("the operator is told %q", told)
			}
			s, err := w.Describe(t.Context())
			if err != nil || (s.Verification == nil) != (tt.want == nil) || tt.want != nil && *s.Verification != *tt.want {
				t.Errorf("Describe = %+v, %v", s, err)
			}
			w.fake.Type(w.fake.Person("Lan"), "chào")
			synctest.Wait()
			if w.in.texts() != "chào" || w.fake.Webhook() != hook {
				t.Error("deliveries do not come")
			}
		})
	}
}

// A webhook that is refused is set again until it is taken.
func TestWebhookIsSetAgain(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModeWebhook)
		w.fake.Fail(fakezalobot.Fault{Method: "setWebhook", Code: 400, Description: "no", Times: 2})
		w.fake.Fail(fakezalobot.Fault{Method: "setWebhook", Code: 503, HTML: "<html>", Times: 2})
		stop := w.poll(t)
		defer stop()
		time.Sleep(time.Minute)
		if w.fake.Webhook() != hook || !strings.Contains(w.told(), "webhook is refused") {
			t.Errorf("the webhook is %q, the operator is told %q", w.fake.Webhook(), w.told())
		}
	})
}

// Somebody else who takes the webhook away is noticed; silence about it is not.
func TestWebhookIsWatched(t *testing.T) {
	tests := []struct {
		name   string
		quirks fakezalobot.Quirks
		hook   string
		alert  string
	}{
		{"ours", fakezalobot.Quirks{}, hook, ""},
		{"another", fakezalobot.Quirks{}, "https://elsewhere.test/", "another address"},
		{"removed", fakezalobot.Quirks{}, "", "was removed"},
		{"removed, and the platform does not say", fakezalobot.Quirks{InfoAbsent: true}, "", ""},
	}
	for _, tt := range tests {
		bubble(tt.name, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModeWebhook)
			w.fake.Be(tt.quirks)
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			w.fake.Hook(tt.hook, secret)
			time.Sleep(20 * time.Minute)
			if told := w.told(); (tt.alert == "") != (told == "") || !strings.Contains(told, tt.alert) || strings.Count(told, "\n") > 0 {
				t.Errorf("the operator is told %q", told)
			}
		})
	}
}

// Describe says what doctor shows, in both modes and whatever the platform answers.
func TestDescribe(t *testing.T) {
	tests := []struct {
		name, mode, hook string
		absent           bool
		expected, told   bool
	}{
		{"poll", zalobot.ModePoll, "", false, true, true},
		{"poll, 404", zalobot.ModePoll, "", true, true, false},
		{"poll, a webhook is in the way", zalobot.ModePoll, hook, true, false, true},
		{"webhook", zalobot.ModeWebhook, hook, false, true, true},
		{"webhook, not set", zalobot.ModeWebhook, "", false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.mode)
			w.fake.Be(fakezalobot.Quirks{InfoAbsent: tt.absent})
			w.fake.Hook(tt.hook, secret)
			s, err := w.Describe(t.Context())
			if err != nil || s.ID != "4410027" || s.Name != "Trợ lý CCHC" || s.Account != "bot.cchc" || !s.Groups || s.Webhook != tt.hook || s.Expected != tt.expected || s.Told != tt.told {
				t.Errorf("Describe = %+v, %v", s, err)
			}
		})
	}
	w := newWorld(t, zalobot.ModePoll)
	w.fake.Fail(fakezalobot.Fault{Method: "getMe", Code: 401, Description: "Unauthorized " + private, Times: 2})
	_, err := w.Describe(t.Context())
	err2 := w.Check(t.Context())
	if err == nil || err2 == nil || !strings.Contains(err.Error(), "401") {
		t.Fatalf("a refused token: %v, %v", err, err2)
	}
	w.clean(t, err.Error()+err2.Error())
	if err := w.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
	if err := w.Typing(t.Context(), bot.Address{Chat: w.fake.Person("Lan").ID}); err != nil || w.fake.Typed(w.fake.Person("Lan").ID) != 1 {
		t.Errorf("Typing = %v", err)
	}
}
