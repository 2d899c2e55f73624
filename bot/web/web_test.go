package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixed is a clock that stands until it is moved.
type fixed struct {
	mu sync.Mutex
	t  time.Time
}

func (f *fixed) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

func (f *fixed) move(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = f.t.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newServer(t *testing.T, opt Options) *Server {
	t.Helper()
	opt.Listen = "127.0.0.1:0"
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask sends a request through everything but the socket.
func ask(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.serve(w, r)
	return w
}

func reads(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cannot read", http.StatusBadRequest)
		return
	}
	_, _ = w.Write(b)
}

func TestErrorsExplainThemselves(t *testing.T) {
	s := newServer(t, Options{})
	s.Handle("GET /here", http.HandlerFunc(reads))
	s.Handle("POST /small", http.HandlerFunc(reads), Body(10))
	s.Handle("POST /panics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret words") }))
	chunked := func(body string) *http.Request {
		r := httptest.NewRequest("POST", "/small", io.MultiReader(strings.NewReader(body)))
		r.ContentLength = -1
		return r
	}
	forged := httptest.NewRequest("POST", "/small", strings.NewReader("x"))
	forged.Header.Set("Sec-Fetch-Site", "cross-site")
	tests := []struct {
		name   string
		req    *http.Request
		status int
		code   string
	}{
		{"no such page", httptest.NewRequest("GET", "/nowhere", nil), 404, "not_found"},
		{"wrong method", httptest.NewRequest("PUT", "/here", nil), 405, "method_not_allowed"},
		{"announced body too large", httptest.NewRequest("POST", "/small", strings.NewReader("more than ten")), 413, "too_large"},
		{"body too large without a length", chunked("more than ten"), 413, "too_large"},
		{"from another site", forged, 403, "forbidden"},
		{"panic", httptest.NewRequest("POST", "/panics", nil), 500, "internal_server_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(s, tt.req)
			var got struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("body %q: %v", w.Body, err)
			}
			if w.Code != tt.status || got.Error.Code != tt.code || got.Error.Message == "" {
				t.Errorf("got %d %+v, want %d %s", w.Code, got, tt.status, tt.code)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Error("error without security headers")
			}
		})
	}
}

func TestErrorPageSpeaksBothLanguages(t *testing.T) {
	s := newServer(t, Options{})
	r := httptest.NewRequest("GET", "/nowhere?q=<script>", nil)
	r.Header.Set("Accept", "text/html,*/*")
	w := ask(s, r)
	for _, want := range []string{"Không có trang này", "There is no such page", `lang="en"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("page lacks %q:\n%s", want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "script") {
		t.Error("the page repeats what was asked")
	}
}

func TestEveryStatusHasWordsInBothLanguages(t *testing.T) {
	p, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	for status := range p.words["vi"] {
		if en := p.words["en"][status]; en.Title == "" || en.Body == "" || en.Home == "" {
			t.Errorf("status %s has no English words", status)
		}
	}
	if len(p.words["vi"]) != len(p.words["en"]) {
		t.Error("the languages have different statuses")
	}
}

func TestAllowNamesTheMethods(t *testing.T) {
	s := newServer(t, Options{})
	s.Handle("GET /here", http.HandlerFunc(reads))
	if got := ask(s, httptest.NewRequest("DELETE", "/here", nil)).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow is %q", got)
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := newServer(t, Options{PublicURL: "https://cchc.example.vn/"})
	s.Handle("GET /plain", http.HandlerFunc(reads))
	s.Handle("GET /framed", http.HandlerFunc(reads), Framed("https://portal.example.vn"))
	h := ask(s, httptest.NewRequest("GET", "/plain", nil)).Header()
	for name, want := range map[string]string{
		"Content-Security-Policy":   "frame-ancestors 'none'",
		"X-Content-Type-Options":    "nosniff",
		"Referrer-Policy":           "same-origin",
		"Strict-Transport-Security": "max-age=",
	} {
		if !strings.Contains(h.Get(name), want) {
			t.Errorf("%s is %q, want %q in it", name, h.Get(name), want)
		}
	}
	if csp := ask(s, httptest.NewRequest("GET", "/framed", nil)).Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors 'self' https://portal.example.vn") {
		t.Errorf("framed route has %q", csp)
	}
	if got := s.PublicURL(); got != "https://cchc.example.vn" {
		t.Errorf("public URL is %q", got)
	}
}

func TestClientAddress(t *testing.T) {
	s := newServer(t, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	s.Handle("GET /who", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }))
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.9:4000", nil, "203.0.113.9:0"},
		{"a stranger's claim is not believed", "203.0.113.9:4000", []string{"198.51.100.1"}, "203.0.113.9:0"},
		{"behind the proxy", "10.0.0.2:80", []string{"198.51.100.1"}, "198.51.100.1:0"},
		{"the client's own forgery stands left", "10.0.0.2:80", []string{"1.2.3.4, 198.51.100.1, 10.0.0.7"}, "198.51.100.1:0"},
		{"several headers are one list", "10.0.0.2:80", []string{"1.2.3.4", "198.51.100.1"}, "198.51.100.1:0"},
		{"nonsense ends the chain", "10.0.0.2:80", []string{"1.2.3.4, nonsense"}, "10.0.0.2:0"},
		{"nothing forwarded", "10.0.0.2:80", nil, "10.0.0.2:0"},
		{"IPv6 proxy and client", "[::1]:80", []string{"2001:db8::1"}, "[2001:db8::1]:0"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.2]:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1:0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/who", nil)
			r.RemoteAddr = tt.peer
			for _, f := range tt.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			if got := ask(s, r).Body.String(); got != tt.want {
				t.Errorf("client is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	clock := &fixed{t: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	s := newServer(t, Options{Rate: bot.Rate{PerSecond: 1, Burst: 2}, MaxClients: 2, Now: clock.now})
	s.Handle("GET /page", http.HandlerFunc(reads))
	s.Handle("GET /platform", http.HandlerFunc(reads), Unlimited())
	get := func(path, peer string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = peer
		return ask(s, r)
	}
	expect := func(want int, path, peer string) {
		t.Helper()
		if w := get(path, peer); w.Code != want {
			t.Errorf("%s from %s: %d, want %d", path, peer, w.Code, want)
		}
	}
	expect(200, "/page", "192.0.2.1:1")
	expect(200, "/page", "192.0.2.1:2")
	w := get("/page", "192.0.2.1:3")
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("third request: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	expect(200, "/platform", "192.0.2.1:4")
	expect(200, "/healthz", "192.0.2.1:4")
	expect(200, "/page", "[2001:db8::1]:1") // others have a budget of their own
	expect(200, "/page", "[2001:db8::2]:1") // and one /64 shares it
	expect(429, "/page", "[2001:db8::3]:1")
	clock.move(time.Second)
	expect(200, "/page", "192.0.2.1:5")
	for i := range 50 {
		get("/page", netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 9).String())
	}
	if n := len(s.limit.clients); n != 2 {
		t.Errorf("%d clients remembered, want 2", n)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	ok := true
	s := newServer(t, Options{Ready: func(context.Context) []Check {
		if ok {
			return []Check{{Name: "database", OK: true}}
		}
		return []Check{{Name: "database", Reason: "the disk is full"}}
	}})
	if w := ask(s, httptest.NewRequest("GET", "/healthz", nil)); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	if w := ask(s, httptest.NewRequest("GET", "/readyz", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), `"ready":true`) {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	ok = false
	w := ask(s, httptest.NewRequest("GET", "/readyz", nil))
	want := `{"ready":false,"checks":[{"name":"server","ok":true},{"name":"database","ok":false,"reason":"the disk is full"}]}`
	if w.Code != 503 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	var out lockedBuffer
	s := newServer(t, Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	s.Handle("POST /m/{token}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		panic("words of " + string(b))
	}))
	r := httptest.NewRequest("POST", "/m/TOKEN?q=QUERY", strings.NewReader("BODY"))
	r.RemoteAddr = "203.0.113.77:1"
	ask(s, r)
	for _, secret := range []string{"TOKEN", "QUERY", "BODY", "203.0.113.77"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log shows %s:\n%s", secret, out.String())
		}
	}
	for _, want := range []string{"/m/{token}", "status=500", "web_test.go", "panic=string"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, out.String())
		}
	}
}

func TestCutAnswerIsNotTakenForAWholeOne(t *testing.T) {
	s := newServer(t, Options{})
	s.Handle("GET /half", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("half an answer", 1000))
		panic("then this")
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	resp, err := http.Get("http://" + s.Addr() + "/half")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("the client took half an answer for a whole one")
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStopLetsRequestsFinishAndEndsStreams(t *testing.T) {
	s := newServer(t, Options{})
	entered, release := make(chan string, 2), make(chan struct{})
	streamEnd := make(chan struct{})
	s.OnStop(func() { close(streamEnd) })
	s.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entered <- "slow"
		<-release
		_, _ = io.WriteString(w, "whole")
	}))
	s.Handle("GET /stream", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
			t.Error(err)
		}
		w.(http.Flusher).Flush()
		entered <- "stream"
		<-streamEnd
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	answers := make(chan string, 2)
	for _, path := range []string{"/slow", "/stream"} {
		go func() {
			resp, err := http.Get("http://" + s.Addr() + path)
			if err != nil {
				answers <- err.Error()
				return
			}
			b, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			answers <- path + "=" + string(b)
		}()
	}
	<-entered
	<-entered
	cancel()
	if got := <-answers; got != "/stream=" { // the stream ends while the slow request still runs
		t.Errorf("first to end: %q", got)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("a stopping server takes new connections")
	}
	close(release)
	if got := <-answers; got != "/slow=whole" {
		t.Errorf("request under way got %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if w := ask(s, httptest.NewRequest("GET", "/readyz", nil)); w.Code != 503 {
		t.Errorf("readyz of a stopped server: %d", w.Code)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestHugeHeaderIsRefused(t *testing.T) {
	s := newServer(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	r, err := http.NewRequest("GET", "http://"+s.Addr()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Big", strings.Repeat("x", 2*MaxHeader))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestTooLargeBodyStillReadsTheAnswer: a client in the middle of sending must
// not find the connection reset before it has read why.
func TestTooLargeBodyStillReadsTheAnswer(t *testing.T) {
	s := newServer(t, Options{})
	s.Handle("POST /small", http.HandlerFunc(reads), Body(1<<10))
	s.Handle("POST /inner", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<10) // the handler's own, tighter limit
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	}), Body(32<<20))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	big := bytes.Repeat([]byte("x"), 8<<20)
	for name, body := range map[string]io.Reader{
		"/small": bytes.NewReader(big), "/small?chunked": io.MultiReader(bytes.NewReader(big)),
		"/inner": bytes.NewReader(big), "/inner?chunked": io.MultiReader(bytes.NewReader(big)),
	} {
		resp, err := http.Post("http://"+s.Addr()+name, "text/plain", body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// countingMeter keeps what it was told.
type countingMeter struct {
	mu   sync.Mutex
	seen []string
}

func (m *countingMeter) Observe(route, method string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, method+" "+route+" "+http.StatusText(status))
}

func (m *countingMeter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "measured")
}

func TestMeasurements(t *testing.T) {
	m := &countingMeter{}
	s := newServer(t, Options{Meter: m})
	s.Handle("GET /a/{token}", http.HandlerFunc(reads))
	ask(s, httptest.NewRequest("GET", "/a/123", nil))
	ask(s, httptest.NewRequest("BREW", "/a/123", nil))
	if w := ask(s, httptest.NewRequest("GET", "/metrics", nil)); w.Body.String() != "measured" {
		t.Errorf("metrics: %q", w.Body)
	}
	want := "GET GET /a/{token} OK,OTHER none Method Not Allowed,GET GET /metrics OK"
	if got := strings.Join(m.seen, ","); got != want {
		t.Errorf("measured %s\nwant     %s", got, want)
	}
}

func TestMetricsElsewhere(t *testing.T) {
	s := newServer(t, Options{Meter: &countingMeter{}, MetricsListen: "127.0.0.1:0"})
	if w := ask(s, httptest.NewRequest("GET", "/metrics", nil)); w.Code != 404 {
		t.Errorf("metrics on the public address: %d", w.Code)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	resp, err := http.Get("http://" + s.MetricsAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if string(b) != "measured" {
		t.Errorf("metrics: %q", b)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opt := range map[string]Options{
		"no address":        {},
		"bad address":       {Listen: "nowhere:http:1"},
		"public URL":        {Listen: "127.0.0.1:0", PublicURL: "cchc.example.vn"},
		"rate of nothing":   {Listen: "127.0.0.1:0", Rate: bot.Rate{Burst: 1}},
		"metrics elsewhere": {Listen: "127.0.0.1:0", MetricsListen: "nowhere:http:1", Meter: &countingMeter{}},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := New(opt); err == nil {
				t.Error("accepted")
				_ = s.Close()
			}
		})
	}
}

// patient is a connection that notes how long it may take.
type patient struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (p *patient) SetReadDeadline(t time.Time) error  { p.read = t; return nil }
func (p *patient) SetWriteDeadline(t time.Time) error { p.write = t; return nil }

// TestUploadsHaveTheTimeOfASlowLine: photos from a telephone take longer than a form; a body that is too large gets none.
func TestUploadsHaveTheTimeOfASlowLine(t *testing.T) {
	s := newServer(t, Options{})
	s.Handle("POST /files", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), Body(4<<20))
	for _, tt := range []struct {
		size    int
		patient bool
	}{{1000, false}, {MaxBody + 1, true}, {5 << 20, false}} {
		w := &patient{ResponseRecorder: httptest.NewRecorder()}
		start := time.Now()
		s.serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/files", strings.NewReader(strings.Repeat("x", tt.size))))
		if got := !w.read.Before(start.Add(UploadTimeout)) && w.write.After(w.read); got != tt.patient {
			t.Errorf("%d bytes: read until %v, write until %v", tt.size, w.read, w.write)
		}
	}
}
