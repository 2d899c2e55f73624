package telegram_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
)

func TestWebhookLetsNobodyElseIn(t *testing.T) {
	w := newWorld(t, telegram.ModeWebhook)
	tests := []struct {
		name, method, secret, body string
		want                       int
	}{
		{"right", "POST", secret, `{"update_id":1}`, 200},
		{"no secret", "POST", "", `{"update_id":1}`, 403},
		{"wrong secret", "POST", secret + "x", `{"update_id":1}`, 403},
		{"the token is no secret", "POST", token, `{"update_id":1}`, 403},
		{"another method", "GET", secret, ``, 405},
		{"nothing", "POST", secret, ``, 200},
		{"no JSON", "POST", secret, `<html>`, 200},
		{"too much", "POST", secret, `{"update_id":1,"x":"` + strings.Repeat("a", telegram.MaxBody) + `"}`, 200},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, hook, strings.NewReader(tt.body))
		if tt.secret != "" {
			r.Header.Set("X-Telegram-Bot-Api-Secret-Token", tt.secret)
		}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, rec.Code, tt.want)
		}
	}
	if len(w.in.got()) != 0 {
		t.Errorf("%d updates came of it", len(w.in.got()))
	}
	w.open(t, telegram.ModePoll)
	r := httptest.NewRequest("POST", hook, strings.NewReader(`{"update_id":1}`))
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", "")
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != 404 {
		t.Errorf("while it polls the webhook answers %d, want 404", rec.Code)
	}
}

// Telegram delivers again what was not kept, in order, and other chats do not wait.
func TestWebhookDeliversAgain(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModeWebhook)
		lan, minh := w.fake.Person("Lan"), w.fake.Person("Minh")
		full := true
		w.in.errOf = func(u bot.Update) error {
			if full && strings.HasPrefix(u.Text, "a") {
				return errDisk
			}
			return nil
		}
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		w.fake.Type(lan, "a1 "+private)
		w.fake.Type(lan, "a2 "+private)
		w.fake.Type(minh, "b1")
		time.Sleep(5 * time.Second)
		if got := w.in.texts(); got != "b1" || w.fake.Pending() != 2 {
			t.Errorf("taken %q, %d wait", got, w.fake.Pending())
		}
		w.in.mu.Lock()
		full = false
		w.in.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if got := strings.ReplaceAll(w.in.texts(), " "+private, ""); got != "b1|a1|a2" || w.fake.Pending() != 0 {
			t.Errorf("taken %q, %d wait", got, w.fake.Pending())
		}
		if s, err := w.Status(t.Context()); err != nil || !s.Expected || s.LastError.IsZero() || s.Username != "cchc_bot" {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

// state is a State of sessions in memory. It can be away.
type state struct {
	bot.State
	mu   sync.Mutex
	data map[string][]byte
	vers map[string]int64
	away bool
}

func newState() *state { return &state{data: map[string][]byte{}, vers: map[string]int64{}} }

func (s *state) Session(_ context.Context, key string) ([]byte, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, 0, errDisk
	}
	return slices.Clone(s.data[key]), s.vers[key], nil
}

func (s *state) SaveSession(_ context.Context, key string, data []byte, old int64, _ time.Duration) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away:
		return 0, errDisk
	case s.vers[key] != old:
		return 0, bot.ErrConflict
	}
	s.data[key] = slices.Clone(data)
	s.vers[key]++
	return s.vers[key], nil
}

func (s *state) DeleteSession(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errDisk
	}
	delete(s.data, key)
	delete(s.vers, key)
	return nil
}

// all is everything that is kept.
func (s *state) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for k, v := range s.data {
		out.WriteString(k + " " + string(v) + "\n")
	}
	return out.String()
}

// mirror seals by turning bytes around, enough to see that something is sealed.
type mirror struct{}

func (mirror) Seal(p []byte, aad string) ([]byte, error) {
	out := append([]byte(aad+"\x00"), p...)
	slices.Reverse(out)
	return out, nil
}

func (mirror) Open(p []byte, aad string) ([]byte, error) {
	out := slices.Clone(p)
	slices.Reverse(out)
	plain, ok := strings.CutPrefix(string(out), aad+"\x00")
	if !ok {
		return nil, fmt.Errorf("sealed for another place")
	}
	return []byte(plain), nil
}

func (mirror) Digest(s string) string { return fmt.Sprintf("%x", len(s)) }

func keeping(s *state) func(*telegram.Options) {
	return func(o *telegram.Options) { o.State, o.Sealer = s, mirror{} }
}

func album(w *world, from *faketelegram.Person, n int) {
	for i := range n {
		w.fake.Send(faketelegram.Incoming{From: from, Photo: []byte("photo"), Album: "a1", Text: []string{"ảnh " + private, ""}[min(i, 1)]})
	}
}

// By webhook the parts of an album come one after the answer to the other, and
// still make one update, before what the citizen says next.
func TestAlbumByWebhook(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		st := newState()
		w := newWorld(t, telegram.ModeWebhook, keeping(st))
		lan := w.fake.Person("Lan")
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		album(w, lan, 3)
		time.Sleep(time.Second)
		if w.fake.Pending() != 0 || len(w.in.got()) != 0 {
			t.Errorf("%d parts are not answered, %d updates came", w.fake.Pending(), len(w.in.got()))
		}
		if kept := st.all(); !strings.Contains(kept, "telegram/album/") || strings.Contains(kept, private) {
			t.Errorf("the state keeps %q, want the album, sealed", kept)
		}
		time.Sleep(time.Second)
		got := w.in.got()
		if len(got) != 1 || len(got[0].Media) != 3 || got[0].Text != "ảnh "+private {
			t.Fatalf("%d updates", len(got))
		}
		album(w, lan, 2)
		w.fake.Type(lan, "sau ảnh")
		synctest.Wait()
		got = w.in.got()
		if len(got) != 3 || len(got[1].Media) != 2 || got[2].Text != "sau ảnh" {
			t.Errorf("the text comes before the album: %d updates", len(got))
		}
		if kept := st.all(); strings.Contains(kept, "telegram/album/") {
			t.Errorf("in the state is left %q", kept)
		}
	})
}

// A process that dies with an album on the shelf hands it over at the next start;
// one that is stopped hands it over before it goes.
func TestAlbumByWebhookSurvives(t *testing.T) {
	for _, how := range []string{"killed", "stopped"} {
		bubble(how, t, func(t *testing.T) {
			st := newState()
			w := newWorld(t, telegram.ModeWebhook, keeping(st))
			stop := w.poll(t)
			synctest.Wait()
			album(w, w.fake.Person("Lan"), 3)
			synctest.Wait()
			if how == "killed" {
				// Nothing that the dead process does from here on reaches anybody.
				copyOf := newState()
				st.mu.Lock()
				for k, v := range st.data {
					copyOf.data[k], copyOf.vers[k] = slices.Clone(v), st.vers[k]
				}
				st.mu.Unlock()
				dead := w.in
				w.in = &intake{}
				stop()
				if len(dead.got()) != 1 {
					t.Errorf("a process that stops in order hands over %d updates", len(dead.got()))
				}
				st = copyOf
				time.Sleep(20 * time.Second)
			} else {
				stop()
			}
			w.open(t, telegram.ModeWebhook, keeping(st))
			stop = w.poll(t)
			defer stop()
			time.Sleep(time.Minute)
			got := w.in.got()
			if len(got) != 1 || len(got[0].Media) != 3 {
				t.Errorf("%d updates came", len(got))
			}
		})
	}
}

// Without State, and while it is away, each part is an update of its own: none is lost.
func TestAlbumByWebhookWithoutState(t *testing.T) {
	away := newState()
	away.away = true
	for name, change := range map[string]func(*telegram.Options){"none": func(*telegram.Options) {}, "away": keeping(away)} {
		bubble(name, t, func(t *testing.T) {
			w := newWorld(t, telegram.ModeWebhook, change)
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			album(w, w.fake.Person("Lan"), 3)
			synctest.Wait()
			if n := len(w.in.got()); n != 3 || w.fake.Pending() != 0 {
				t.Errorf("%d updates, %d wait", n, w.fake.Pending())
			}
		})
	}
}

// The store fails while an album is whole: it is handed over later.
func TestAlbumWaitsForTheStore(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModeWebhook, keeping(newState()))
		lan := w.fake.Person("Lan")
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		album(w, lan, 2)
		w.in.fail(errDisk)
		time.Sleep(5 * time.Second)
		w.fake.Type(lan, "sau")
		time.Sleep(5 * time.Second)
		if w.fake.Pending() != 1 {
			t.Errorf("what comes after the album does not wait: %d", w.fake.Pending())
		}
		w.in.fail(nil)
		time.Sleep(2 * time.Minute)
		if got := w.in.texts(); got != "ảnh "+private+"|sau" {
			t.Errorf("%d updates in another order", len(w.in.got()))
		}
	})
}

// Deliveries of many chats at once come in order for each.
func TestWebhookKeepsTheOrder(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModeWebhook)
		stop := w.poll(t)
		defer stop()
		synctest.Wait()
		for i := range 30 {
			for p := range 20 {
				w.fake.Type(w.fake.Person(fmt.Sprint(p)), fmt.Sprint(i))
			}
		}
		synctest.Wait()
		next := map[string]int{}
		for _, u := range w.in.got() {
			if u.Text != fmt.Sprint(next[u.Chat]) {
				t.Fatalf("chat %s: message %s, want %d", u.Chat, u.Text, next[u.Chat])
			}
			next[u.Chat]++
		}
		if len(next) != 20 || w.fake.Pending() != 0 {
			t.Errorf("%d chats, %d wait", len(next), w.fake.Pending())
		}
	})
}

var _ http.Handler = (*world)(nil)
