package zalobot_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
)

// Updates come one by one in their order; 408 in between is no failure.
func TestPollTakesOneByOne(t *testing.T) {
	for name, q := range map[string]fakezalobot.Quirks{
		"as in the manual": {}, "lists": {Lists: true}, "408 with HTTP 200": {Errors200: true, CamelCode: true}, "null at once": {Nulls: true},
	} {
		bubble(name, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			w.fake.Be(q)
			lan := w.fake.Person("Lan")
			w.fake.Type(lan, "a")
			w.fake.Type(lan, "b")
			stop := w.poll(t)
			defer stop()
			time.Sleep(10 * time.Minute)
			w.fake.Type(lan, "c")
			time.Sleep(2 * time.Second)
			if got := w.in.texts(); got != "a|b|c" {
				t.Errorf("taken %q", got)
			}
			most := 30 // 30 s each, and the three updates
			if q.Nulls {
				most = 620 // the platform does not wait, so we do: a second
			}
			if n := len(w.fake.Calls("getUpdates")); n > most || n < 20 {
				t.Errorf("%d calls in ten minutes", n)
			}
			if log := w.log.String(); strings.Contains(log, "WARN") || strings.Contains(log, "ERROR") || w.told() != "" {
				t.Errorf("silence is called a failure:\n%s", log)
			}
			for _, c := range w.fake.Calls("getUpdates") {
				if c.Params["timeout"] != "30" {
					t.Fatalf("getUpdates with %v, want the timeout as a string", c.Params)
				}
			}
		})
	}
}

// What goes wrong with getUpdates is waited for, each in its way.
func TestPollWaitsForThePlatform(t *testing.T) {
	tests := []struct {
		name        string
		fault       fakezalobot.Fault
		least, most int // calls in the minute of the fault
		back        time.Duration
		alert       string
	}{
		{"server errors", fakezalobot.Fault{Code: 500, Description: "Internal Server Error"}, 4, 12, time.Minute, ""},
		{"a proxy's page", fakezalobot.Fault{Code: 502, HTML: "<html>"}, 4, 12, time.Minute, ""},
		{"a page instead of an answer", fakezalobot.Fault{Code: 200, HTML: "<html>"}, 4, 12, time.Minute, ""},
		{"a list that is none", fakezalobot.Fault{Code: 200, HTML: `{"ok":true,"result":7}`}, 4, 12, time.Minute, ""},
		{"connections that break", fakezalobot.Fault{Cut: true}, 4, 12, time.Minute, ""},
		{"429", fakezalobot.Fault{Code: 429, Description: "Too many requests"}, 2, 3, 2 * time.Minute, ""},
		{"429 that says how long", fakezalobot.Fault{Code: 429, Description: "Too many requests", RetryAfter: 20}, 3, 3, time.Minute, ""},
		{"a webhook that somebody set", fakezalobot.Fault{Code: 400, Description: "webhook is set"}, 3, 7, time.Minute, "only one program"},
		{"a token that was changed", fakezalobot.Fault{Code: 401, Description: "Unauthorized"}, 1, 1, 6 * time.Minute, "token"},
		{"a method that is gone", fakezalobot.Fault{Code: 404, Description: "Not Found"}, 1, 1, 6 * time.Minute, "token"},
		{"somebody sends us elsewhere", fakezalobot.Fault{Code: 302, HTML: "<html>"}, 1, 1, 6 * time.Minute, "API address"},
	}
	for _, tt := range tests {
		bubble(tt.name, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			tt.fault.Method, tt.fault.Times = "getUpdates", -1
			w.fake.Fail(tt.fault)
			w.fake.Type(w.fake.Person("Lan"), private)
			stop := w.poll(t)
			defer stop()
			time.Sleep(time.Minute - time.Second)
			if n := len(w.fake.Calls("getUpdates")); n < tt.least || n > tt.most {
				t.Errorf("%d calls in a minute, want %d to %d", n, tt.least, tt.most)
			}
			if !strings.Contains(w.log.String(), "cannot be asked") {
				t.Error("nothing of it is logged")
			}
			w.fake.Heal()
			time.Sleep(tt.back)
			if got := w.in.texts(); got != private {
				t.Errorf("afterwards it takes %q", got)
			}
			if told := w.told(); (tt.alert == "") != (told == "") || !strings.Contains(told, tt.alert) {
				t.Errorf("the operator is told %q, want something of %q", told, tt.alert)
			}
		})
	}
}

// While the disk is full the update waits in memory and nothing more is fetched.
func TestPollHoldsWhatCannotBeKept(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.in.fail(errDisk)
		lan := w.fake.Person("Lan")
		for _, s := range []string{"a", "b", "c"} {
			w.fake.Type(lan, s)
		}
		stop := w.poll(t)
		defer stop()
		time.Sleep(10 * time.Minute)
		if n := len(w.fake.Calls("getUpdates")); n != 1 || w.fake.Pending() != 3 {
			t.Errorf("%d calls, %d updates pending: more was fetched than can be kept", n, w.fake.Pending())
		}
		if n := w.in.tried(); n < 8 || n > 40 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		w.in.fail(nil)
		time.Sleep(2 * time.Minute)
		if got := w.in.texts(); got != "a|b|c" {
			t.Errorf("taken %q", got)
		}
	})
}

// An update that can never be taken holds up nobody.
func TestPollPassesOverTheUnfit(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.in.fail(&bot.Error{Code: bot.Invalid, Detail: "never"})
		w.fake.Type(w.fake.Person("Lan"), private)
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		w.in.fail(nil)
		w.fake.Raw([]byte(`{"event_name":"message.text.received","message":"` + private + `"}`))
		w.fake.Type(w.fake.Person("Lan"), "sau")
		synctest.Wait()
		if got := w.in.texts(); got != "sau" || w.in.tried() != 2 {
			t.Errorf("taken %q in %d attempts", got, w.in.tried())
		}
	})
}

// The platform forgets an update when it hands it out. One that comes while the
// process stops is offered to the intake once more; one that is in hand when the
// process is killed is lost, and the log says so where anybody is left to say it.
func TestWhatIsInHandAtTheEnd(t *testing.T) {
	bubble("kept at the last moment", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.in.fail(errDisk)
		w.fake.Type(w.fake.Person("Lan"), "a")
		stop := w.poll(t)
		synctest.Wait()
		w.in.fail(nil)
		stop()
		if got := w.in.texts(); got != "a" {
			t.Errorf("taken %q", got)
		}
	})
	bubble("lost", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.in.fail(errDisk)
		w.fake.Type(w.fake.Person("Lan"), "a")
		stop := w.poll(t)
		synctest.Wait()
		stop()
		if !strings.Contains(w.log.String(), "is lost") {
			t.Error("the log does not say that an update is lost")
		}
		w.in.fail(nil)
		w.open(t, zalobot.ModePoll) // another process
		w.fake.Type(w.fake.Person("Lan"), "b")
		stop = w.poll(t)
		defer stop()
		time.Sleep(time.Minute)
		if got := w.in.texts(); got != "b" {
			t.Errorf("taken %q: the platform hands nothing out twice", got)
		}
	})
}

// A webhook that was left is removed at the start, however often that takes.
func TestPollRemovesTheWebhook(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.fake.Hook("https://elsewhere.test/", "another-secret")
		w.fake.Fail(fakezalobot.Fault{Method: "deleteWebhook", Code: 500, Description: "Internal Server Error", Times: 3})
		stop := w.poll(t)
		defer stop()
		time.Sleep(time.Minute)
		w.fake.Type(w.fake.Person("Lan"), "chào")
		synctest.Wait()
		if got := w.in.texts(); got != "chào" || w.fake.Webhook() != "" {
			t.Errorf("taken %q with the webhook %q", got, w.fake.Webhook())
		}
	})
	bubble("there is none", t, func(t *testing.T) {
		w := newWorld(t, zalobot.ModePoll)
		w.fake.Fail(fakezalobot.Fault{Method: "deleteWebhook", Code: 400, Description: "no webhook", Times: -1})
		w.fake.Type(w.fake.Person("Lan"), "chào")
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		if got := w.in.texts(); got != "chào" {
			t.Errorf("taken %q", got)
		}
	})
}

// In a group the bot's name is taken out of what is said; when the platform
// does not tell the name, people are answered all the same.
func TestGroups(t *testing.T) {
	for name, want := range map[string]string{"known": "giấy khai sinh|và đây", "unknown": "@Trợ lý CCHC giấy khai sinh|và đây"} {
		bubble(name, t, func(t *testing.T) {
			w := newWorld(t, zalobot.ModePoll)
			if name == "unknown" {
				w.fake.Fail(fakezalobot.Fault{Method: "getMe", Code: 500, Description: "x", Times: -1})
			}
			lan, g := w.fake.Person("Lan"), w.fake.Group("Tổ 5")
			w.fake.Join(g)
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			w.fake.Send(fakezalobot.Incoming{From: lan, Group: g, Text: "mai họp nhé"})
			w.fake.Send(fakezalobot.Incoming{From: lan, Group: g, Text: "@Trợ lý CCHC giấy khai sinh"})
			synctest.Wait()
			m := message(lan, "Mời")
			m.To.Chat = g.ID
			r, err := w.Bot.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			w.fake.Send(fakezalobot.Incoming{From: lan, Group: g, Text: "và đây", ReplyTo: r.ID})
			synctest.Wait()
			if got := w.in.texts(); got != want {
				t.Errorf("taken %q, want %q", got, want)
			}
			for _, u := range w.in.got() {
				if !u.Group || u.Chat != g.ID || u.From.ID != lan.ID {
					t.Error("what a group says is not taken as that")
				}
			}
		})
	}
}
