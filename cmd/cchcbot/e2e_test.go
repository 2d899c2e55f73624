package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Tests that start the whole program on a free port and talk to it over HTTP.

// running is a program under test.
type running struct {
	*program
	t    testing.TB
	log  *logged
	stop context.CancelFunc
	done chan error
	over bool
}

// logged keeps what the program logs, at level debug.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startProgram runs `serve` on a free port until the test ends.
func startProgram(t testing.TB, cfg *Config) *program { return launch(t, cfg).program }

func launch(t testing.TB, cfg *Config) *running {
	t.Helper()
	r := prepare(t, cfg)
	r.run()
	return r
}

// prepare opens everything; nothing runs yet, so that what is posted waits.
func prepare(t testing.TB, cfg *Config) *running {
	t.Helper()
	return prepareAt(t, cfg, nil)
}

// seeded are the files of a data folder after its first start: all tables, the
// embedded entries, a key. Most tests begin there.
var seeded = sync.OnceValues(func() (map[string][]byte, error) {
	folder, err := os.MkdirTemp("", "seeded")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	d, err := openData(context.Background(), &Config{Data: folder}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range []string{databaseFile, keyFile} {
		if files[name], err = os.ReadFile(filepath.Join(folder, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
})

// plant makes a folder that another start has filled.
func plant(t testing.TB, folder string) {
	t.Helper()
	files, err := seeded()
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	for name, b := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), b, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// prepareAt is prepare with a clock; nil is the real one.
func prepareAt(t testing.TB, cfg *Config, now func() time.Time) *running {
	t.Helper()
	before := goleak.IgnoreCurrent()
	cfg.Listen = "127.0.0.1:0"
	if cfg.Data == "" {
		cfg.Data = filepath.Join(t.TempDir(), "data")
		if cfg.SecretKey == "" {
			plant(t, cfg.Data)
		}
	}
	l := &logged{}
	r := &running{t: t, log: l, program: &program{
		cfg: cfg, now: now, log: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err, r.Close())
	}
	t.Cleanup(func() {
		r.end()
		goleak.VerifyNone(t, before)
	})
	return r
}

func (r *running) run() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.done = stop, make(chan error, 1)
	go func() { r.done <- r.Run(ctx) }()
}

// end stops the program as a signal would, and closes it.
func (r *running) end() {
	r.t.Helper()
	if r.over {
		return
	}
	r.over = true
	if r.stop != nil {
		r.stop()
		if err := <-r.done; err != nil {
			r.t.Error(err)
		}
	}
	if err := r.Close(); err != nil {
		r.t.Error(err)
	}
}

// visitor is a browser at an address of its own: the program believes what its
// proxy, this test, says.
type visitor struct {
	t       testing.TB
	url     string
	address string
	cookie  *http.Cookie
	http    *http.Client
}

// believed is the configuration under which visitors have addresses.
func believed() *Config { return &Config{TrustedProxy: []string{"127.0.0.1"}} }

func (r *running) visitor(n int) *visitor {
	tr := &http.Transport{}
	r.t.Cleanup(tr.CloseIdleConnections)
	return &visitor{
		t: r.t, url: r.server.PublicURL(), address: fmt.Sprintf("198.18.%d.%d", n/250, n%250+1), http: &http.Client{Transport: tr},
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	said   []said
}

type said struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Buttons [][]struct {
		Title, Payload, URL string
	} `json:"buttons"`
}

// text is everything that was said.
func (a answer) text() string {
	var b strings.Builder
	for _, m := range a.said {
		b.WriteString(m.Text + "\n")
	}
	return b.String()
}

// ask posts a text and wants it answered.
func (v *visitor) ask(text string) answer {
	v.t.Helper()
	return v.message(map[string]any{"text": text})
}

func (v *visitor) message(m map[string]any) answer {
	v.t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		v.t.Fatal(err)
	}
	a, err := v.post("application/json", bytes.NewReader(b))
	if err != nil {
		v.t.Fatal(err)
	}
	if a.status != http.StatusOK {
		v.t.Fatalf("answered %d: %s", a.status, a.body)
	}
	return a
}

func (v *visitor) post(kind string, body io.Reader) (answer, error) {
	return v.do(http.MethodPost, "/chat/api/messages", kind, body)
}

func (v *visitor) do(method, path, kind string, body io.Reader) (answer, error) {
	req, err := http.NewRequest(method, v.url+path, body)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return v.send(req)
}

func (v *visitor) send(req *http.Request) (answer, error) {
	req.Header.Set("X-Forwarded-For", v.address)
	if v.cookie != nil {
		req.AddCookie(v.cookie)
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<20)); err != nil {
		return a, err
	}
	for _, c := range resp.Cookies() {
		v.cookie = c
	}
	if resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		var got struct {
			Messages []said `json:"messages"`
		}
		if err := json.Unmarshal(a.body, &got); err != nil {
			return a, err
		}
		a.said = got.Messages
	}
	return a, nil
}

// get fetches a page.
func (v *visitor) get(path string) answer {
	v.t.Helper()
	a, err := v.do(http.MethodGet, path, "", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return a
}
