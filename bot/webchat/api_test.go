package webchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
)

func TestPostReturnsTheTurn(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	got := b.post(`{"text":"  le phi\u0000 ket hon\u202e  ","lang":"en"}`)
	if got.Status != 200 || got.texts() != "le phi ket hon" || !got.Fresh || got.Pending {
		t.Fatalf("%+v", got)
	}
	m := got.Messages[0]
	if len(m.Buttons) != 1 || len(m.Buttons[0]) != 2 || m.Buttons[0][1].URL != "https://dichvucong.gov.vn/" {
		t.Errorf("buttons %+v: want the payload and the web address, and no script", m.Buttons)
	}
	u := in.all()[0]
	if u.Channel != Name || u.Chat != u.From.ID || u.Chat == "" || u.From.Language != "en" || !u.At.Equal(day) {
		t.Errorf("update %+v", u)
	}
}

func TestKindsOfInput(t *testing.T) {
	tests := []struct {
		name, body string
		check      func(bot.Update) bool
	}{
		{"text", `{"text":"xin chào"}`, func(u bot.Update) bool { return u.Text == "xin chào" }},
		{"button", `{"button":"fee:show"}`, func(u bot.Update) bool { return u.Button == "fee:show" }},
		{"place", `{"place":{"lat":20.94,"lon":106.33}}`, func(u bot.Update) bool { return u.Place != nil && *u.Place == bot.Place{Lat: 20.94, Lon: 106.33} }},
		{"start", `{"event":"start"}`, func(u bot.Update) bool { return u.Event == bot.EventFollowed }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, in := newChat(t, Options{})
			if got := serve(t, c, in).post(tt.body); got.Status != 200 || len(got.Messages) != 1 {
				t.Fatalf("%+v", got)
			}
			if u := in.all()[0]; !tt.check(u) {
				t.Errorf("update %+v", u)
			}
		})
	}
}

func TestBadInputIsExplained(t *testing.T) {
	c, in := newChat(t, Options{PerAddress: bot.Rate{PerSecond: 1, Burst: 100}, PerCitizen: bot.Rate{PerSecond: 1, Burst: 100}})
	b := serve(t, c, in)
	const js = "application/json"
	tests := []struct {
		name, kind, body string
		status           int
		code             string
	}{
		{"malformed", js, `{"text":`, 400, "bad_json"},
		{"not an object", js, `["text"]`, 400, "bad_json"},
		{"two objects", js, `{"text":"a"}{"text":"b"}`, 400, "bad_json"},
		{"wrong type", js, `{"text":5}`, 400, "bad_json"},
		{"unknown key", js, `{"text":"a","admin":true}`, 400, "unknown_key"},
		{"nothing", js, `{}`, 400, "one_thing"},
		{"two things", js, `{"text":"a","button":"b:c"}`, 400, "one_thing"},
		{"empty text", js, `{"text":" \n "}`, 400, "empty"},
		{"only NUL and bidi", js, `{"text":"\u0000\u202e"}`, 400, "empty"},
		{"not UTF-8", js, "{\"text\":\"\xff\xfe\"}", 400, "bad_utf8"},
		{"long button", js, `{"button":"` + strings.Repeat("x", 65) + `"}`, 400, "bad_button"},
		{"empty button", js, `{"button":""}`, 400, "bad_button"},
		{"NUL in a button", js, `{"button":"a:\u0000"}`, 400, "bad_button"},
		{"bidi in a button", js, `{"button":"a:\u202e"}`, 400, "bad_button"},
		{"unknown event", js, `{"event":"erase"}`, 400, "bad_event"},
		{"half a place", js, `{"place":{"lat":1}}`, 400, "bad_place"},
		{"place off the Earth", js, `{"place":{"lat":91,"lon":0}}`, 400, "bad_place"},
		{"id with a space", js, `{"text":"a","id":"a b"}`, 400, "bad_id"},
		{"long id", js, `{"text":"a","id":"` + strings.Repeat("x", 65) + `"}`, 400, "bad_id"},
		{"language", js, `{"text":"a","lang":"fr"}`, 400, "bad_lang"},
		{"5 MB", js, `{"text":"` + strings.Repeat("a", 5<<20) + `"}`, 413, "too_large"},
		{"form", "application/x-www-form-urlencoded", `text=a`, 415, "content_type"},
		{"no type", "", `{"text":"a"}`, 415, "content_type"},
		{"multipart without a boundary", "multipart/form-data", `x`, 415, "content_type"},
		{"multipart that is none", "multipart/form-data; boundary=x", `x`, 400, "no_file"},
		{"multipart that breaks off", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", 400, "unreadable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.do(b.request(tt.kind, tt.body))
			if got.Status != tt.status || got.Error.Code != tt.code || got.Error.Message == "" {
				t.Errorf("got %d %+v, want %d %s", got.Status, got.Error, tt.status, tt.code)
			}
		})
	}
	if n := len(in.all()); n != 0 {
		t.Errorf("%d of them reached the kernel", n)
	}
	r := b.request(js, `{}`)
	r.Header.Set("Accept-Language", "en-GB")
	if got := b.do(r); got.Error.Message != c.texts["en"].Error["one_thing"] {
		t.Errorf("English error: %q", got.Error.Message)
	}
}

func TestCitizenIsTheCookie(t *testing.T) {
	clk := &clock{t: day}
	c, in := newChat(t, Options{Now: clk.now})
	b := serve(t, c, in)
	b.post(`{"text":"một"}`)
	if got := b.post(`{"text":"hai"}`); got.Fresh {
		t.Error("the second message came from a new citizen")
	}
	r := b.request("application/json", `{"text":"ba"}`)
	cookie := b.http.Jar.Cookies(r.URL)[0]
	b.forget()
	forged := *cookie
	first := "A"
	if strings.HasPrefix(forged.Value, first) { // ids are random
		first = "B"
	}
	forged.Value = first + forged.Value[1:]
	r.AddCookie(&forged)
	if got := b.do(r); got.Status != 200 || !got.Fresh {
		t.Errorf("forged cookie: %+v", got)
	}
	r = b.request("application/json", `{"text":"bốn"}`)
	clk.move(181 * 24 * time.Hour)
	b.forget()
	r.AddCookie(cookie)
	if got := b.do(r); !got.Fresh {
		t.Error("a cookie of last year is still believed")
	}
	us := in.all()
	if us[0].Chat != us[1].Chat || us[1].Chat == us[2].Chat || us[0].Chat == us[3].Chat {
		t.Error("citizens were mixed up")
	}
}

func TestCookieIsRenewed(t *testing.T) {
	clk := &clock{t: day}
	c, in := newChat(t, Options{Now: clk.now})
	b := serve(t, c, in)
	b.post(`{"text":"một"}`)
	clk.move(100 * 24 * time.Hour)
	b.post(`{"text":"hai"}`)
	clk.move(100 * 24 * time.Hour)
	if got := b.post(`{"text":"ba"}`); got.Fresh {
		t.Error("a citizen who comes every 100 days was forgotten")
	}
}

func TestCookieAttributes(t *testing.T) {
	const portal = "https://portal.example.vn"
	tests := []struct {
		name, query, origin string
		secure              bool
		want, not           string
	}{
		{"plain", "", "", false, "HttpOnly; SameSite=Lax", "Secure"},
		{"https", "", "", true, "Secure; SameSite=Lax", "Partitioned"},
		{"in a frame", "?embed=1", "", true, "Secure; SameSite=None; Partitioned", "Lax"},
		{"from a listed site", "", portal, true, "Secure; SameSite=None; Partitioned", "Lax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, in := newChat(t, Options{Secure: tt.secure, Origins: []string{portal}})
			b := serve(t, c, in)
			r := b.request("application/json", `{"text":"a"}`)
			r.URL.RawQuery = strings.TrimPrefix(tt.query, "?")
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			resp, err := b.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			got := resp.Header.Get("Set-Cookie")
			if !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) || !strings.Contains(got, "Path=/chat; Max-Age=15552000") {
				t.Errorf("cookie %q", got)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	c, in := newChat(t, Options{Origins: []string{"https://portal.example.vn"}})
	b := serve(t, c, in)
	own := "http://" + strings.TrimPrefix(b.base, "http://")
	tests := []struct {
		name, origin, site string
		status             int
		allowed            string
	}{
		{"no browser", "", "", 200, ""},
		{"our page", own, "same-origin", 200, ""},
		{"our page, old browser", own, "", 200, ""},
		{"listed site", "https://portal.example.vn", "cross-site", 200, "https://portal.example.vn"},
		{"stranger", "https://evil.example", "cross-site", 403, ""},
		{"stranger, old browser", "https://evil.example", "", 403, ""},
		{"sandbox", "null", "cross-site", 403, ""},
		{"link from elsewhere", "", "cross-site", 403, ""},
		{"almost listed", "https://portal.example.vn.evil.example", "cross-site", 403, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := b.request("application/json", `{"text":"a"}`)
			for name, v := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site} {
				if v != "" {
					r.Header.Set(name, v)
				}
			}
			resp, err := b.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != tt.status || got != tt.allowed {
				t.Errorf("status %d, allowed %q", resp.StatusCode, got)
			}
		})
	}
	r := b.request("", "")
	r.Method = http.MethodOptions
	r.Header.Set("Origin", "https://portal.example.vn")
	resp, err := b.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Methods") != "POST" || resp.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("preflight: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestRepeatedPostIsOneTurn(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	b.post(`{"event":"start"}`)
	first := b.post(`{"text":"hỏi","id":"q-1"}`)
	again := b.post(`{"text":"hỏi","id":"q-1"}`)
	if first.texts() != "hỏi" || again.texts() != "hỏi" || first.Messages[0].ID != again.Messages[0].ID {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if n := len(in.all()); n != 2 {
		t.Errorf("%d updates, want the start and one question", n)
	}
	b.forget()
	b.post(`{"text":"hỏi","id":"q-1"}`)
	us := in.all()
	if len(us) != 3 || us[1].ID == us[2].ID {
		t.Error("two citizens' ids met")
	}
}

// TestLostAnswerIsFoundAgain: the connection breaks while the turn runs, its
// answer is held, and the repeated POST brings it.
func TestLostAnswerIsFoundAgain(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	b.post(`{"event":"start"}`)
	in.answer = nil
	accepted := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	r := b.request("application/json", `{"text":"hỏi","id":"q-1"}`).WithContext(ctx)
	go func() {
		defer close(accepted)
		until(func() bool { return len(in.all()) == 2 })
		cancel()
	}()
	if _, err := b.http.Do(r); !errors.Is(err, context.Canceled) {
		t.Fatalf("request ended with %v", err)
	}
	<-accepted
	u := in.all()[1]
	until(func() bool { return !waits(c, u.Chat) }) // the server notices that the client is gone
	c.Settled(u, 1)
	in.send(t.Context(), message("late", u.Chat, u.ID, "trả lời"))
	if in.waiting() != 1 {
		t.Fatal("the answer was not held though nobody was there")
	}
	if got := b.post(`{"text":"hỏi","id":"q-1"}`); got.texts() != "trả lời" || got.Pending {
		t.Errorf("repeated: %+v", got)
	}
}

// waits reports whether a POST of the citizen waits for its turn.
func waits(c *Chat, citizen string) bool {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	return c.hub.find(citizen).waiting() != nil
}

func TestHeldMessageReachesAClientWithoutStream(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	b.post(`{"event":"start"}`)
	citizen := in.all()[0].Chat
	in.send(t.Context(), message("news", citizen, "", "tin"))
	if in.waiting() != 1 {
		t.Fatal("not held")
	}
	in.answer = func(u bot.Update) []bot.Message { // the commit of a turn lets held messages go
		_ = in.Present(t.Context(), bot.Address{Channel: Name, Chat: u.Chat})
		return echo(u)
	}
	if got := b.post(`{"text":"chào"}`); got.texts() != "tin|chào" {
		t.Errorf("got %q", got.texts())
	}
}

func TestRateLimits(t *testing.T) {
	clk := &clock{t: day}
	c, in := newChat(t, Options{
		Now: clk.now, PerCitizen: bot.Rate{PerSecond: .5, Burst: 2}, PerAddress: bot.Rate{PerSecond: 1, Burst: 5},
	})
	b := serve(t, c, in)
	var got []int
	post := func() said {
		s := b.post(`{"text":"a"}`)
		got = append(got, s.Status)
		return s
	}
	post()
	post()
	post() // the citizen has none left
	if s := post(); s.Error.Code != "too_many" || s.Retry == "" {
		t.Errorf("fourth: %+v", s)
	}
	b.forget()
	post() // a new citizen on the same address
	post() // whose budget ends here
	clk.move(10 * time.Second)
	post()
	if want := "[200 200 429 429 200 429 200]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestBucketsAreBounded(t *testing.T) {
	b := newBuckets(bot.Rate{PerSecond: 1, Burst: 1}, 3, (&clock{t: day}).now)
	for i := range 100 {
		b.take(fmt.Sprint(i))
	}
	if len(b.keys) != 3 || b.recent.Len() != 3 {
		t.Errorf("%d keys", len(b.keys))
	}
}

func TestIntakeTroubleIsTold(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{errors.New("disk full"), 503, "unavailable"},
		{&bot.Error{Code: bot.Invalid, Detail: "x"}, 400, "refused"},
	} {
		c, in := newChat(t, Options{})
		in.err = tt.err
		if got := serve(t, c, in).post(`{"text":"a"}`); got.Status != tt.status || got.Error.Code != tt.code {
			t.Errorf("%v: %+v", tt.err, got)
		}
	}
}

func TestTooManyWaitingPosts(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	b.post(`{"event":"start"}`)
	citizen := in.all()[0].Chat
	in.answer = nil
	var wg sync.WaitGroup
	for range maxPending {
		wg.Go(func() { b.post(`{"text":"a"}`) })
	}
	until(func() bool { return len(in.all()) == 1+maxPending })
	if got := b.post(`{"text":"a"}`); got.Status != 429 {
		t.Errorf("one more: %+v", got)
	}
	for _, u := range in.all()[1:] {
		c.Settled(u, 0)
	}
	wg.Wait()
	if waits(c, citizen) {
		t.Error("a POST still waits")
	}
}

func TestWrongAddressesAndMethods(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/chat/api/messages", 405, "POST"},
		{"POST", "/chat/api/events", 405, "GET"},
		{"POST", "/chat", 405, "GET, HEAD"},
		{"GET", "/chat/nowhere", 404, ""},
		{"GET", "/chat/static/../webchat.go", 404, ""},
		{"GET", "/chat/static/nowhere.css", 404, ""},
	} {
		r, err := http.NewRequest(tt.method, b.base+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.status || resp.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q", tt.method, tt.path, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opt := range map[string]Options{
		"short secret": {Secret: []byte("short"), Clean: clean},
		"no cleaning":  {Secret: secret},
		"a path":       {Secret: secret, Clean: clean, Origins: []string{"https://a.vn/chat"}},
		"a wildcard":   {Secret: secret, Clean: clean, Origins: []string{"https://*.vn"}},
		"no scheme":    {Secret: secret, Clean: clean, Origins: []string{"portal.vn"}},
		"a rate of 0":  {Secret: secret, Clean: clean, PerCitizen: bot.Rate{Burst: 1}},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
