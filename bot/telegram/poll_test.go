package telegram_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
)

// An update is confirmed when it is durable and not before; while the disk is
// full Telegram keeps everything.
func TestPollConfirmsWhatIsKept(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		w.in.fail(errDisk)
		lan := w.fake.Person("Lan")
		for i := range 5 {
			w.fake.Type(lan, fmt.Sprintf("%s %d", private, i))
		}
		stop := w.poll(t)
		time.Sleep(3 * time.Minute) // of the bubble's clock
		if w.fake.Pending() != 5 || len(w.in.got()) != 0 {
			t.Errorf("%d updates wait at Telegram, %d were taken", w.fake.Pending(), len(w.in.got()))
		}
		if n := w.in.tried(); n < 3 || n > 30 {
			t.Errorf("%d attempts in three minutes", n)
		}
		stop() // and another process starts
		w.in.fail(nil)
		w.open(t, telegram.ModePoll)
		stop = w.poll(t)
		defer stop()
		synctest.Wait()
		if w.fake.Pending() != 0 {
			t.Errorf("%d updates still wait", w.fake.Pending())
		}
		if got, want := strings.ReplaceAll(w.in.texts(), private+" ", ""), "0|1|2|3|4"; got != want {
			t.Errorf("taken in the order %s, want %s", got, want)
		}
	})
}

// One update that cannot be kept holds up its chat only; one that can never be
// taken, or not even be read, holds up nobody.
func TestPollGoesOnBehindABadUpdate(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		lan, minh, ha := w.fake.Person("Lan"), w.fake.Person("Minh"), w.fake.Person("Hà")
		bad := true
		w.in.errOf = func(u bot.Update) error {
			switch {
			case u.Text == "hỏng" && bad:
				return errDisk
			case u.Text == "không bao giờ":
				return &bot.Error{Code: bot.Invalid, Detail: "never"}
			}
			return nil
		}
		w.fake.Type(lan, "hỏng")
		w.fake.Type(lan, "sau")
		w.fake.Raw([]byte(`{"update_id":600000000,"message":{"message_id":"x"}}`))
		w.fake.Type(minh, "không bao giờ")
		w.fake.Type(ha, "chào")
		stop := w.poll(t)
		defer stop()
		time.Sleep(10 * time.Second)
		if got := w.in.texts(); got != "chào" {
			t.Errorf("taken %q, want what other people said", got)
		}
		if w.fake.Pending() == 0 {
			t.Error("Telegram was told that the bad update arrived")
		}
		w.in.mu.Lock()
		bad = false
		w.in.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if got := w.in.texts(); got != "chào|hỏng|sau" || w.fake.Pending() != 0 {
			t.Errorf("taken %q, %d wait", got, w.fake.Pending())
		}
	})
}

// What goes wrong with getUpdates is waited for, each in its way.
func TestPollWaitsForTelegram(t *testing.T) {
	tests := []struct {
		name         string
		fault        faketelegram.Fault
		least, most  int // calls in the minute of the fault
		back         time.Duration
		alert, never string
	}{
		{"server errors", faketelegram.Fault{Code: 500, Description: "Internal Server Error"}, 4, 12, time.Minute, "", ""},
		{"a proxy's page", faketelegram.Fault{Code: 502, HTML: "<html>"}, 4, 12, time.Minute, "", ""},
		{"connections that break", faketelegram.Fault{Cut: true}, 4, 12, time.Minute, "", ""},
		{"answers that are lost", faketelegram.Fault{Lost: true}, 1, 12, 2 * time.Minute, "", ""},
		{"429", faketelegram.Fault{Code: 429, Description: "Too Many Requests: retry after 20", RetryAfter: 20}, 3, 3, time.Minute, "", ""},
		{"429 for a year", faketelegram.Fault{Code: 429, Description: "Too Many Requests: retry after 31536000", RetryAfter: 31_536_000}, 1, 1, time.Hour, "", ""},
		{"429 for ages", faketelegram.Fault{Code: 429, Description: "Too Many Requests: retry after 9300000000", RetryAfter: 9_300_000_000}, 1, 1, time.Hour, "", ""},
		{"another poller", faketelegram.Fault{Code: 409, Description: "Conflict: terminated by other getUpdates request"}, 3, 10, time.Minute, "only one program", ""},
		{"a token that was revoked", faketelegram.Fault{Code: 401, Description: "Unauthorized"}, 1, 1, 6 * time.Minute, "token", ""},
	}
	for _, tt := range tests {
		bubble(tt.name, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll)
			tt.fault.Method, tt.fault.Times = "getUpdates", -1
			w.fake.Fail(tt.fault)
			w.fake.Type(w.fake.Person("Lan"), private)
			stop := w.poll(t)
			defer stop()
			time.Sleep(time.Minute - time.Second)
			if n := len(w.fake.Calls("getUpdates")); n < tt.least || n > tt.most {
				t.Errorf("%d calls in a minute, want %d to %d", n, tt.least, tt.most)
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

// Two programs on one token: the older is sent away, says so, and does not fight.
func TestTwoPollers(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		other := &world{fake: w.fake, in: &intake{}, log: w.log}
		other.open(t, telegram.ModePoll)
		stopOther := other.poll(t)
		time.Sleep(2 * time.Minute)
		if told := w.told() + other.told(); !strings.Contains(told, "only one program") {
			t.Errorf("the operator is told %q", told)
		}
		if n := len(w.fake.Calls("getUpdates")); n > 60 {
			t.Errorf("%d calls in two minutes: they fight", n)
		}
		stopOther()
		time.Sleep(time.Minute)
		w.fake.Type(w.fake.Person("Lan"), "còn ai không")
		time.Sleep(time.Minute)
		if got := w.in.texts(); got != "còn ai không" {
			t.Errorf("taken %q", got)
		}
	})
}

// A webhook that was left is removed at the start, and nothing that waits is lost.
func TestPollRemovesTheWebhook(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModeWebhook)
		stop := w.poll(t)
		synctest.Wait()
		stop()
		if w.fake.Webhook() != hook {
			t.Fatalf("the webhook is %q", w.fake.Webhook())
		}
		w.fake.Fail(faketelegram.Fault{Method: "deleteWebhook", Code: 500, Description: "Internal Server Error", Times: 3})
		w.in.fail(errDisk)
		w.fake.Type(w.fake.Person("Lan"), "chào")
		time.Sleep(time.Second)
		w.in.fail(nil)
		w.open(t, telegram.ModePoll)
		stop = w.poll(t)
		defer stop()
		time.Sleep(time.Minute)
		if got := w.in.texts(); got != "chào" || w.fake.Webhook() != "" {
			t.Errorf("taken %q with the webhook %q", got, w.fake.Webhook())
		}
		for _, m := range []string{"setWebhook", "deleteWebhook"} {
			for _, c := range w.fake.Calls(m) {
				if _, ok := c.Params["drop_pending_updates"]; ok {
					t.Errorf("%s drops what citizens wrote", m)
				}
			}
		}
	})
}

// An album becomes one update when no further part comes; meanwhile others are
// answered, and nothing of it is confirmed.
func TestAlbumByPoll(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		lan, minh := w.fake.Person("Lan"), w.fake.Person("Minh")
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		part := func(text string) {
			w.fake.Send(faketelegram.Incoming{From: lan, Photo: []byte("photo"), Album: "a1", Text: text})
		}
		part("ba ảnh")
		time.Sleep(800 * time.Millisecond)
		part("")
		w.fake.Type(minh, "chào")
		time.Sleep(800 * time.Millisecond)
		part("")
		w.fake.Type(lan, "sau ảnh")
		time.Sleep(600 * time.Millisecond)
		if got := w.in.texts(); got != "chào" || w.fake.Pending() < 4 {
			t.Errorf("while parts come: taken %q, %d wait", got, w.fake.Pending())
		}
		time.Sleep(2 * time.Second)
		got := w.in.got()
		if w.in.texts() != "chào|ba ảnh|sau ảnh" || len(got[1].Media) != 3 || w.fake.Pending() != 0 {
			t.Errorf("taken %q, %d wait", w.in.texts(), w.fake.Pending())
		}
		// A part that comes late is one more update, not lost.
		part("ảnh nữa")
		time.Sleep(3 * time.Second)
		if !strings.HasSuffix(w.in.texts(), "|ảnh nữa") {
			t.Errorf("taken %q", w.in.texts())
		}
	})
}

// A process that dies while an album comes loses nothing of it.
func TestAlbumByPollSurvives(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		stop := w.poll(t)
		synctest.Wait()
		lan := w.fake.Person("Lan")
		for range 12 { // ten are whole at once, two wait
			w.fake.Send(faketelegram.Incoming{From: lan, Photo: []byte("photo"), Album: "a1"})
		}
		synctest.Wait()
		stop()
		w.open(t, telegram.ModePoll)
		stop = w.poll(t)
		defer stop()
		time.Sleep(5 * time.Second)
		photos := map[string]bool{}
		for _, u := range w.in.got() {
			for _, m := range u.Media {
				photos[m.Ref] = true
			}
		}
		if len(photos) != 12 || w.fake.Pending() != 0 {
			t.Errorf("%d of 12 photos arrived, %d updates wait", len(photos), w.fake.Pending())
		}
	})
}

// A pressed button stops spinning although the bot is busy, and a late answer
// to it is no trouble.
func TestPressesAreAnswered(t *testing.T) {
	for _, mode := range []string{telegram.ModePoll, telegram.ModeWebhook} {
		bubble(mode, t, func(t *testing.T) {
			w := newWorld(t, mode)
			lan := w.fake.Person("Lan")
			w.fake.Type(lan, "/start")
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			m := message(lan, "Chọn")
			m.Buttons = [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}}}
			if _, err := w.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if _, err := w.fake.Press(lan, nil, "Nộp ở đâu"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := w.fake.Spinning(); n != 0 {
				t.Errorf("%d buttons still spin", n)
			}
			got := w.in.got()
			if len(got) == 0 {
				t.Fatal("no press came")
			}
			last := got[len(got)-1]
			if last.Button != "a:b" || last.ReplyTo == "" {
				t.Errorf("the press is %+v", last)
			}
			time.Sleep(time.Hour)
			if err := w.Ack(t.Context(), last); err != nil {
				t.Errorf("a late answer: %v", err)
			}
		})
	}
}

// After unblocking, the app sends "unblocked" and /start: one greeting is enough.
// A /start with a parameter, or later, is a message of its own.
func TestUnblockingGreetsOnce(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		lan := w.fake.Person("Lan")
		stop := w.poll(t)
		defer stop()
		w.fake.Block(lan)
		w.fake.Unblock(lan)
		w.fake.Type(lan, "/start abc")
		w.fake.Type(lan, "/start")
		synctest.Wait()
		var seen []string
		for _, u := range w.in.got() {
			seen = append(seen, string(u.Event)+u.Text)
		}
		if got, want := strings.Join(seen, "|"), "unfollowed|followed|/start abc|/start"; got != want {
			t.Errorf("the bot sees %s, want %s", got, want)
		}
	})
}

// The menu of commands is set in both languages; when that fails the bot works.
func TestMenuOfCommands(t *testing.T) {
	for _, fails := range []bool{false, true} {
		bubble(fmt.Sprint(fails), t, func(t *testing.T) {
			w := newWorld(t, telegram.ModePoll, func(o *telegram.Options) {
				o.Commands = []bot.CommandHelp{{Command: "start", Key: "a"}, {Command: "help", Key: "b"}}
				o.Render = func(lang, key string) (string, error) { return lang + " " + key + strings.Repeat(" ấ", 200), nil }
			})
			if fails {
				w.fake.Fail(faketelegram.Fault{Method: "setMyCommands", Code: 500, Description: "x"})
			}
			stop := w.poll(t)
			defer stop()
			w.fake.Type(w.fake.Person("Lan"), "chào")
			synctest.Wait()
			if w.in.texts() != "chào" {
				t.Errorf("taken %q", w.in.texts())
			}
			for code, lang := range map[string]string{"": "vi", "vi": "vi", "en": "en"} {
				if list := w.fake.Commands(code); !fails && (len(list) != 2 || !strings.HasPrefix(list[1].Description, lang+" b")) {
					t.Errorf("the menu for %q is %v", code, list)
				}
			}
		})
	}
}
