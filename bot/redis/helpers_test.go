package redis

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"cchcbot/bot/bottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openAt(t testing.TB, o Options, l limits) *State {
	t.Helper()
	s, err := open(o, l)
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

// mini is a server in the process whose time is moved by advance.
func mini(t testing.TB) (m *miniredis.Miniredis, advance func(time.Duration)) {
	t.Helper()
	m = miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	c := bottest.NewClock(bottest.Start())
	m.SetTime(c.Now())
	return m, func(d time.Duration) {
		c.Add(d)
		m.SetTime(c.Now())
		m.FastForward(d)
	}
}

// logs collects what a State logs.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// serve accepts connections on loopback, each handled by f in a goroutine, until the test ends.
func serve(t testing.TB, f func(net.Conn)) (address string) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			wg.Go(func() { defer c.Close(); f(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// wire stands between a client and a server and loses answers when told to.
type wire struct {
	mu    sync.Mutex
	lose  int
	to    []byte
	torn  bool
	conns map[net.Conn]bool
}

// tear ends all connections, and new ones at once until it is called with false.
func (w *wire) tear(torn bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.torn = torn
	for c := range w.conns {
		c.Close()
	}
}

func (w *wire) enter(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = true
	return !w.torn
}

func (w *wire) leave(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

// cut loses the answers to the next n requests that contain word, and their connections.
func (w *wire) cut(n int, word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose, w.to = n, []byte(word)
}

func (w *wire) hit(request []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lose == 0 || !bytes.Contains(request, w.to) {
		return false
	}
	w.lose--
	return true
}

func newWire(t testing.TB, server string) (*wire, string) {
	t.Helper()
	w := &wire{conns: map[net.Conn]bool{}}
	return w, serve(t, func(c net.Conn) {
		defer w.leave(c)
		if !w.enter(c) {
			return
		}
		var d net.Dialer
		s, err := d.DialContext(context.Background(), "tcp", server)
		if err != nil {
			return
		}
		defer s.Close()
		request, answer := make([]byte, 256<<10), make([]byte, 256<<10)
		for {
			n, err := c.Read(request)
			if err != nil {
				return
			}
			lost := w.hit(request[:n])
			if _, err := s.Write(request[:n]); err != nil {
				return
			}
			// One answer a request is enough: the client sends nothing else before it.
			n, err = s.Read(answer)
			if err != nil || lost {
				return
			}
			if _, err := c.Write(answer[:n]); err != nil {
				return
			}
		}
	})
}

// silent takes everything and never answers.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
