package webchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
)

// talk starts a talk and returns the citizen.
func (b *browser) talk(in *memory) string {
	b.t.Helper()
	b.post(`{"event":"start"}`)
	us := in.all()
	return us[len(us)-1].Chat
}

func (c *Chat) open(citizen string) int {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	if ch := c.hub.find(citizen); ch != nil {
		return len(ch.streams)
	}
	return 0
}

func TestLaterMessagesComeByTheStream(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	citizen := b.talk(in)
	in.send(t.Context(), message("m1", citizen, "", "giữ lại"))
	if in.waiting() != 1 {
		t.Fatal("a message was sent while nobody was there")
	}
	ev := b.events("")
	if got := ev.text(); got != "giữ lại" {
		t.Errorf("first %q, want what was held", got)
	}
	r, err := c.Send(t.Context(), message("m2", citizen, "", "xong"))
	if err != nil || r.ID != "m2" {
		t.Fatalf("receipt %+v, %v", r, err)
	}
	if got := ev.text(); got != "xong" {
		t.Errorf("then %q", got)
	}
	if err := c.Typing(t.Context(), bot.Address{Channel: Name, Chat: citizen}); err != nil {
		t.Fatal(err)
	}
	if got := ev.next(); got != "event: typing\ndata: {}" {
		t.Errorf("typing is %q", got)
	}
}

func TestSendToNobodyWaits(t *testing.T) {
	c, _ := newChat(t, Options{})
	_, err := c.Send(t.Context(), message("m1", "NOBODY", "", "xong"))
	var failed *bot.SendError
	if !errors.As(err, &failed) || failed.Kind != bot.Later || !failed.Until.IsZero() {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "NOBODY") || strings.Contains(err.Error(), "xong") {
		t.Error("the error names the citizen or the text")
	}
}

func TestAnswersStayOutOfTheStream(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	citizen := b.talk(in)
	ev := b.events("")
	if got := b.post(`{"text":"hỏi"}`); got.texts() != "hỏi" {
		t.Fatalf("%+v", got)
	}
	if _, err := c.Send(t.Context(), message("m2", citizen, "", "sau")); err != nil {
		t.Fatal(err)
	}
	if got := ev.text(); got != "sau" {
		t.Errorf("the stream repeats %q", got)
	}
}

func TestReconnectReplaysWhatWasMissed(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	citizen := b.talk(in)
	ev := b.events("")
	for i := range 3 {
		if _, err := c.Send(t.Context(), message(fmt.Sprintf("m%d", i), citizen, "", fmt.Sprintf("tin %d", i))); err != nil {
			t.Fatal(err)
		}
		ev.text()
	}
	b.post(`{"text":"hỏi"}`) // answered by the POST: not replayed
	_ = ev.body.Close()
	back := b.events("m0")
	if got := back.text() + back.text(); got != "tin 1tin 2" {
		t.Errorf("replayed %q", got)
	}
	all := b.events("FORGOTTEN")
	if got := all.text() + all.text() + all.text(); got != "tin 0tin 1tin 2" {
		t.Errorf("with an unknown id: %q", got)
	}
	fresh := b.events("")
	if _, err := c.Send(t.Context(), message("m9", citizen, "", "mới")); err != nil {
		t.Fatal(err)
	}
	if got := fresh.text(); got != "mới" {
		t.Errorf("a page without a past begins with %q", got)
	}
}

func TestRepeatedSendIsShownOnce(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	citizen := b.talk(in)
	ev := b.events("")
	for range 2 { // the receipt of the first was lost
		if _, err := c.Send(t.Context(), message("m1", citizen, "", "một")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Send(t.Context(), message("m2", citizen, "", "hai")); err != nil {
		t.Fatal(err)
	}
	if got := ev.text() + ev.text(); got != "mộthai" {
		t.Errorf("got %q", got)
	}
}

func TestStreamsPerCitizen(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	citizen := b.talk(in)
	oldest := b.events("")
	for range maxCitizenStreams {
		b.events("")
	}
	if got := oldest.next(); got != "event: bye\ndata: {}" {
		t.Errorf("the oldest stream got %q", got)
	}
	if got := oldest.next(); got != "" {
		t.Errorf("and goes on with %q", got)
	}
	if n := c.open(citizen); n != maxCitizenStreams {
		t.Errorf("%d streams open", n)
	}
}

func TestStreamsPerAddress(t *testing.T) {
	h := newHub()
	for i := range maxAddressStreams {
		if _, _, _, ok := h.join(fmt.Sprint(i), "192.0.2.1", ""); !ok {
			t.Fatalf("stream %d refused", i)
		}
	}
	if _, _, _, ok := h.join("more", "192.0.2.1", ""); ok {
		t.Error("one address holds more streams than it may")
	}
	s, _, _, ok := h.join("other", "192.0.2.2", "")
	if !ok {
		t.Error("others are shut out")
	}
	h.leave(s)
	h.leave(s)
	if h.streams != maxAddressStreams || len(h.addresses) != 1 {
		t.Errorf("%d streams, %d addresses after leaving twice", h.streams, len(h.addresses))
	}
}

func TestSlowStreamIsEndedNotWaitedFor(t *testing.T) {
	h := newHub()
	s, _, _, _ := h.join("c", "a", "")
	for i := range maxQueue + 1 {
		if !h.deliver("c", "", entry{id: fmt.Sprint(i), data: []byte("{}")}) {
			t.Fatalf("message %d found nobody", i)
		}
	}
	select {
	case <-s.quit:
	default:
		t.Error("a stream that reads nothing is still open")
	}
	if h.deliver("c", "", entry{id: "x"}) {
		t.Error("a message was taken though no stream is open")
	}
	_, replay, owed, _ := h.join("c", "a", "0")
	if len(replay) != maxRing || !owed {
		t.Errorf("replay of %d, owed %v", len(replay), owed)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	h := newHub()
	big := make([]byte, 64<<10)
	for i := range 2 * maxBytes / len(big) {
		id := fmt.Sprint(i)
		s, _, _, ok := h.join(id, id, "")
		if !ok || !h.deliver(id, "", entry{id: "m", data: big}) {
			t.Fatal("not taken")
		}
		h.leave(s)
	}
	if h.bytes > maxBytes+len(big) {
		t.Errorf("%d bytes kept", h.bytes)
	}
	for i := range 2 * maxChats {
		h.mu.Lock()
		h.open(fmt.Sprint("c", i))
		h.mu.Unlock()
	}
	if len(h.chats) > maxChats || h.recent.Len() != len(h.chats) {
		t.Errorf("%d chats kept", len(h.chats))
	}
	if h.bytes != 0 {
		t.Errorf("%d bytes counted for chats that are gone", h.bytes)
	}
}

func TestCloseEndsStreams(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	b.talk(in)
	ev := b.events("")
	c.Close()
	c.Close()
	if got := ev.next(); got != "" {
		t.Errorf("got %q", got)
	}
	resp, err := b.http.Get(b.base + "/chat/api/events")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 429 {
		t.Errorf("a new stream after the end: %d", resp.StatusCode)
	}
}

func TestStreamOfAStrangerSite(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	for name, origin := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
		r, err := http.NewRequest("GET", b.base+"/chat/api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(name, origin)
		resp, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 403 || in.present != 0 {
			t.Errorf("%s: %d, present %d times", name, resp.StatusCode, in.present)
		}
	}
}

// sink is a ResponseWriter for the tests that run on a clock of their own.
type sink struct {
	mu     sync.Mutex
	header http.Header
	body   strings.Builder
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Flush()              {}
func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body.Write(b)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body.String()
}

func TestHeartbeatAndSecondCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, in := newChat(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		w := &sink{header: http.Header{}}
		// A message finds nobody; the store puts it aside only after the stream has opened.
		first := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/chat/api/messages", strings.NewReader(`{"event":"start"}`))
		r.Header.Set("Content-Type", "application/json")
		c.Handler(in).ServeHTTP(first, r)
		citizen := in.all()[0].Chat
		_, err := c.Send(ctx, message("m1", citizen, "", "tin"))
		if err == nil {
			t.Fatal("sent to nobody")
		}
		r = httptest.NewRequestWithContext(ctx, "GET", "/chat/api/events", nil)
		r.AddCookie(first.Result().Cookies()[0])
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Handler(in).ServeHTTP(w, r)
		}()
		synctest.Wait()
		in.mu.Lock()
		in.held = append(in.held, message("m1", citizen, "", "tin"))
		in.mu.Unlock()
		<-time.After(heartbeat) // the bubble's clock: no real time passes
		synctest.Wait()
		if got := w.String(); !strings.Contains(got, ":\n\n") || !strings.Contains(got, `"text":"tin"`) || in.present != 2 {
			t.Errorf("after a heartbeat, present %d times:\n%s", in.present, got)
		}
		cancel()
		<-done
		if n := c.open(citizen); n != 0 {
			t.Errorf("%d streams left", n)
		}
	})
}

func TestSlowTurnComesByTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, in := newChat(t, Options{})
		in.answer = nil
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/chat/api/messages", strings.NewReader(`{"text":"hỏi"}`))
		r.Header.Set("Content-Type", "application/json")
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Handler(in).ServeHTTP(w, r)
		}()
		synctest.Wait()
		u := in.all()[0]
		c.Settled(u, 2)
		in.send(t.Context(), message("m1", u.Chat, u.ID, "một"))
		<-done // after the limit, by the bubble's clock
		if got := w.Body.String(); !strings.Contains(got, `"text":"một"`) || !strings.Contains(got, `"pending":true`) {
			t.Errorf("answer %s", got)
		}
		in.send(t.Context(), message("m2", u.Chat, u.ID, "hai"))
		if in.waiting() != 1 {
			t.Error("the rest was lost")
		}
	})
}
