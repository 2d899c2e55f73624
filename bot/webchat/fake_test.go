package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clean stands in for the kernel's cleaning: no control and bidirectional marks, trimmed.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r < ' ' && r != '\n', r == 0x7f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s))
}

// memory is an Intake that keeps updates and answers each at most once.
type memory struct {
	chat   *Chat
	answer func(u bot.Update) []bot.Message // nil leaves the turn open
	err    error

	mu      sync.Mutex
	seen    map[string]bool
	updates []bot.Update
	held    []bot.Message
	present int
}

func (m *memory) Accept(ctx context.Context, u bot.Update) error {
	if m.err != nil {
		return m.err
	}
	if err := u.Check(); err != nil {
		return err
	}
	m.mu.Lock()
	again := m.seen[u.ID]
	m.seen[u.ID] = true
	if !again {
		m.updates = append(m.updates, u)
	}
	m.mu.Unlock()
	if again || m.answer == nil {
		return nil
	}
	out := m.answer(u)
	m.chat.Settled(u, len(out))
	for _, msg := range out {
		m.send(ctx, msg)
	}
	return nil
}

// send does what delivery does: a message that finds nobody is held.
func (m *memory) send(ctx context.Context, msg bot.Message) {
	_, err := m.chat.Send(ctx, msg)
	var failed *bot.SendError
	if err != nil {
		if ok := asSendError(err, &failed); !ok || failed.Kind != bot.Later {
			panic(err)
		}
		m.mu.Lock()
		m.held = append(m.held, msg)
		m.mu.Unlock()
	}
}

func (m *memory) Present(ctx context.Context, a bot.Address) error {
	m.mu.Lock()
	held := m.held
	m.held = nil
	m.present++
	m.mu.Unlock()
	for _, msg := range held {
		m.send(ctx, msg)
	}
	return nil
}

func (m *memory) all() []bot.Update {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]bot.Update(nil), m.updates...)
}

func (m *memory) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.held)
}

func asSendError(err error, to **bot.SendError) bool {
	e, ok := err.(*bot.SendError)
	*to = e
	return ok
}

// message is one of the bot to a citizen.
func message(id, citizen, update, text string) bot.Message {
	return bot.Message{ID: id, To: bot.Address{Channel: Name, Chat: citizen}, Lang: "vi", Text: text, Update: update}
}

// echo answers what it was told, with a button.
func echo(u bot.Update) []bot.Message {
	text := u.Text
	switch {
	case u.Button != "":
		text = "button " + u.Button
	case u.Event != "":
		text = "hello"
	case len(u.Media) > 0:
		text = "file " + string(u.Media[0].Kind) + " " + u.Media[0].Type
	}
	m := message("m-"+u.ID[:8], u.Chat, u.ID, text)
	m.Buttons = [][]bot.MessageButton{{{Title: "Phí", Payload: "fee:show"}, {Title: "Cổng", URL: "https://dichvucong.gov.vn/"}, {Title: "Hỏng", URL: "javascript:alert(1)"}}}
	return []bot.Message{m}
}

// until lets the others run until something is so; a test that waits in vain
// ends by the limit of go test.
func until(so func() bool) {
	for !so() {
		runtime.Gosched()
	}
}

// day is when the tests happen.
var day = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var secret = []byte("0123456789abcdef0123456789abcdef")

func newChat(t testing.TB, opt Options) (*Chat, *memory) {
	t.Helper()
	opt.Secret, opt.Clean = secret, clean
	if opt.Now == nil {
		opt.Now = (&clock{t: day}).now
	}
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c, &memory{chat: c, seen: map[string]bool{}, answer: echo}
}

// browser is a client that keeps cookies, against a real server.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

func serve(t *testing.T, c *Chat, in bot.Intake) *browser {
	t.Helper()
	s := httptest.NewServer(c.Handler(in))
	tr := &http.Transport{}
	b := &browser{t: t, base: s.URL, http: &http.Client{Transport: tr}}
	b.forget()
	t.Cleanup(func() {
		c.Close()
		tr.CloseIdleConnections()
		s.Close()
	})
	return b
}

// forget drops all cookies: a new visitor.
func (b *browser) forget() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.http.Jar = jar
}

type said struct {
	Status   int
	Retry    string
	Messages []wireMessage
	Pending  bool
	Fresh    bool
	Error    struct{ Code, Message string }
}

func (s said) texts() string {
	var out []string
	for _, m := range s.Messages {
		out = append(out, m.Text)
	}
	return strings.Join(out, "|")
}

func (b *browser) do(r *http.Request) said {
	b.t.Helper()
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := said{Status: resp.StatusCode, Retry: resp.Header.Get("Retry-After")}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		b.t.Fatalf("answer %q: %v", body, err)
	}
	return out
}

func (b *browser) request(contentType, body string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest("POST", b.base+"/chat/api/messages", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	return r
}

func (b *browser) post(body string) said {
	b.t.Helper()
	return b.do(b.request("application/json", body))
}

// events is an open stream that a test reads event by event.
type events struct {
	t    *testing.T
	body io.ReadCloser
	buf  bytes.Buffer
}

func (b *browser) events(after string) *events {
	b.t.Helper()
	r, err := http.NewRequest("GET", b.base+"/chat/api/events", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		b.t.Fatalf("events: %d", resp.StatusCode)
	}
	e := &events{t: b.t, body: resp.Body}
	b.t.Cleanup(func() { _ = resp.Body.Close() })
	if got := e.next(); got != "retry: 3000" {
		b.t.Fatalf("stream begins with %q", got)
	}
	return e
}

// next returns the next event, or "" when the stream ended.
func (e *events) next() string {
	e.t.Helper()
	p := make([]byte, 4096)
	for {
		if i := bytes.Index(e.buf.Bytes(), []byte("\n\n")); i >= 0 {
			ev := string(e.buf.Next(i + 2)[:i])
			return ev
		}
		n, err := e.body.Read(p)
		e.buf.Write(p[:n])
		if err != nil && n == 0 {
			return ""
		}
	}
}

// text is the text of the next message.
func (e *events) text() string {
	e.t.Helper()
	ev := e.next()
	_, data, _ := strings.Cut(ev, "data: ")
	var m wireMessage
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		e.t.Fatalf("event %q: %v", ev, err)
	}
	if !strings.Contains(ev, "event: message\nid: "+m.ID+"\n") {
		e.t.Errorf("event %q does not carry its id", ev)
	}
	return m.Text
}
