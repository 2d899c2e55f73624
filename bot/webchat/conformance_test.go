package webchat_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/webchat"
	"cchcbot/knowledge/vietnamese"
)

// site is the web chat behind a server, with one browser on an open stream.
type site struct {
	mu     sync.Mutex
	in     bot.Intake
	chat   string
	server *httptest.Server
	client *http.Client
	seen   chan string // messages on the stream
}

// Accept passes on to the intake of the moment; the first visit is nobody's.
func (s *site) Accept(ctx context.Context, u bot.Update) error {
	s.mu.Lock()
	s.chat = u.Chat
	in := s.in
	s.mu.Unlock()
	return in.Accept(ctx, u)
}

type visit struct{ c *webchat.Chat }

func (v visit) Accept(_ context.Context, u bot.Update) error {
	v.c.Settled(u, 0)
	return nil
}

// Receive posts a payload: JSON, or the whole body of a form.
func (s *site) Receive(ctx context.Context, in bot.Intake, payload []byte) error {
	s.mu.Lock()
	s.in = in
	s.mu.Unlock()
	kind := "application/json"
	if bytes.HasPrefix(payload, []byte("--form")) {
		kind = "multipart/form-data; boundary=form"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+"/chat/api/messages", bytes.NewReader(payload))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		return errors.New("the page says: try again: " + strconv.Itoa(resp.StatusCode))
	}
	return nil
}

// listen opens the stream and passes its messages on.
func (s *site) listen(t *testing.T) {
	resp, err := s.client.Get(s.server.URL + "/chat/api/events")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.seen)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.seen <- data
			}
		}
	}()
	t.Cleanup(func() {
		for range s.seen { // until the server ends the stream
		}
		_ = resp.Body.Close()
	})
}

func openSite(t *testing.T, log *slog.Logger) bottest.Subject {
	c, err := webchat.New(webchat.Options{
		Secret: []byte(secret), Clean: vietnamese.Clean, Log: log,
		PerCitizen: bot.Rate{PerSecond: 1000, Burst: 1000}, PerAddress: bot.Rate{PerSecond: 1000, Burst: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{seen: make(chan string, 100)}
	s.server = httptest.NewServer(c.Handler(s))
	t.Cleanup(s.server.Close)
	s.client = &http.Client{Transport: s.server.Client().Transport, Jar: jar}
	if err := s.Receive(t.Context(), visit{c}, []byte(`{"text":"xin chào"}`)); err != nil {
		t.Fatal(err)
	}
	s.listen(t)
	t.Cleanup(c.Close)
	return bottest.Subject{
		Channel: c, Chat: s.chat, Receive: s.Receive,
		Saw: func(n int) (out []string) {
			for range n {
				select {
				case m := <-s.seen:
					out = append(out, m)
				case <-t.Context().Done():
					return out
				}
			}
			return out
		},
	}
}

const secret = "conformance-secret-of-32-bytes-and-more"

func form(name string, content string) []byte {
	return []byte("--form\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" + content + "\r\n--form--\r\n")
}

func TestTheWebChatIsAChannel(t *testing.T) {
	text := func(s string) []byte {
		b, err := json.Marshal(map[string]string{"text": s})
		if err != nil || !utf8.ValidString(s) {
			return []byte(`{"text":"` + s + `"}`) // broken bytes as they are
		}
		return b
	}
	bottest.Channel(t, bottest.ChannelSpec{
		Open: openSite,
		In: []bottest.InCase{
			{Name: "text", Payload: []byte(`{"id":"a1","text":"làm giấy khai sinh","lang":"en"}`), Stable: true,
				Want: bot.Update{Text: "làm giấy khai sinh", From: bot.Sender{Language: "en"}}},
			{Name: "button", Payload: []byte(`{"id":"a2","button":"procedures:show:1.001193"}`), Want: bot.Update{Button: "procedures:show:1.001193"}, Stable: true},
			{Name: "place", Payload: []byte(`{"place":{"lat":20.94,"lon":106.33}}`), Want: bot.Update{Place: &bot.Place{Lat: 20.94, Lon: 106.33}}},
			{Name: "opened", Payload: []byte(`{"event":"start"}`), Want: bot.Update{Event: bot.EventFollowed}},
			{Name: "photo", Payload: form("a.gif", "GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Want: bot.Update{Media: []bot.Media{{Kind: bot.Photo}}}},
			{Name: "a program as a photo", Payload: form("a.gif", "MZ\x90\x00\x03"), Nothing: true},
			{Name: "not JSON", Payload: []byte(`{"text":`), Nothing: true},
			{Name: "two things at once", Payload: []byte(`{"text":"a","button":"b:c"}`), Nothing: true},
			{Name: "a place off the Earth", Payload: []byte(`{"place":{"lat":91,"lon":0}}`), Nothing: true},
			{Name: "a button too long", Payload: []byte(`{"button":"` + strings.Repeat("a", 65) + `"}`), Nothing: true},
			{Name: "a broken letter", Payload: []byte("{\"text\":\"a\xc3\"}"), Nothing: true},
		},
		Text: text,
		Out: []bottest.OutCase{
			{Name: "buttons", Shows: []string{`"Nộp ở đâu"`, `"payload":"a:b"`, `"url":"https://example.vn/"`},
				Message: bot.Message{Text: "Chọn", Buttons: [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}, {Title: "Mở", URL: "https://example.vn/"}}}}},
			{Name: "an address that no browser should open", Shows: []string{`"buttons":[]`},
				Message: bot.Message{Text: "x", Buttons: [][]bot.MessageButton{{{Title: "a", URL: "javascript:alert(1)"}}}}},
			{Name: "media", Shows: []string{`"kind":"photo"`, `"alt":"tờ khai"`},
				Message: bot.Message{Text: "x", Media: []bot.Media{{Kind: bot.Photo, Ref: "/m/abc", Alt: "tờ khai"}}}},
		},
		Fails: []bottest.FailCase{
			{Name: "nobody is there", Message: bot.Message{ID: "m", To: bot.Address{Channel: webchat.Name, Chat: "AAAAAAAAAAAAAAAAAAAAAAAAAA"}, Text: "x"}, Want: bot.Later},
		},
		Unknown: bot.Later,
		Secrets: []string{secret},
	})
}
