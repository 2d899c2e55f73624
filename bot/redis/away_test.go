package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// calls are one call of each kind.
func calls(s *State) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"session": func(ctx context.Context) error { _, _, err := s.Session(ctx, "name"); return err },
		"save": func(ctx context.Context) error {
			_, err := s.SaveSession(ctx, "name", []byte("content"), 0, time.Hour)
			if errors.Is(err, bot.ErrConflict) {
				return nil
			}
			return err
		},
		"delete": func(ctx context.Context) error { return s.DeleteSession(ctx, "name") },
		"lock":   func(ctx context.Context) error { _, _, err := s.Lock(ctx, "name", time.Hour); return err },
		"take": func(ctx context.Context) error {
			_, err := s.Take(ctx, "name", bot.Rate{PerSecond: 1, Burst: 1}, 1)
			return err
		},
		"seen": func(ctx context.Context) error { _, err := s.Seen(ctx, "name", time.Hour); return err },
		"ping": s.Ping,
	}
}

// goAwayAndComeBack drives a State whose server is stopped and started.
func goAwayAndComeBack(t *testing.T, url string, stop, start func()) {
	c := bottest.NewClock(bottest.Start())
	out := &logs{}
	s := openAt(t, Options{URL: url, Now: c.Now, Log: out.logger()}, usual)
	every := func(what string, want error) {
		t.Helper()
		for name, call := range calls(s) {
			if err := call(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", what, name, err, want)
			}
		}
	}
	every("before the start", ErrAway)
	for round := range 2 {
		start()
		c.Add(tryAgain)
		every("started", nil)
		stop()
		every("stopped", ErrAway)
		every("still stopped", ErrAway)
		if got := strings.Count(out.String(), "redis is away"); got != round+2 {
			t.Errorf("%d times away in the log, want %d", got, round+2)
		}
		if got := strings.Count(out.String(), "redis is back"); got != round+1 {
			t.Errorf("%d times back in the log, want %d", got, round+1)
		}
	}
	start()
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping does not wait: %v", err)
	}
	every("after the ping", nil)
}

func TestAServerGoesAwayAndComesBack(t *testing.T) {
	m, _ := mini(t)
	url := "redis://" + m.Addr()
	m.Close()
	goAwayAndComeBack(t, url, m.Close, func() {
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
	})
}

// inTime returns an error when f hangs. The bound is far above what f may take,
// and nothing but hanging reaches it.
func inTime(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errors.New("hangs")
	}
}

func TestAServerThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	var conns atomic.Int64
	addr := serve(t, func(c net.Conn) { conns.Add(1); silent(c) })
	for _, scheme := range []string{"redis", "redis+cluster", "redis+sentinel"} {
		t.Run(scheme, func(t *testing.T) {
			url := scheme + "://" + addr
			if scheme == "redis+sentinel" {
				url += "?master=m"
			}
			c := bottest.NewClock(bottest.Start())
			short := limits{dial: 50 * time.Millisecond, io: 20 * time.Millisecond, op: 100 * time.Millisecond}
			s := openAt(t, Options{URL: url, Now: c.Now}, short)
			ask := func() error { _, _, err := s.Session(t.Context(), "a"); return err }
			for range missesToClose {
				if err := inTime(ask); !errors.Is(err, ErrAway) {
					t.Fatalf("%v, want that the server is away", err)
				}
			}
			before := conns.Load()
			for range 100 {
				if err := ask(); !errors.Is(err, ErrAway) {
					t.Fatal(err)
				}
			}
			if n := conns.Load() - before; n != 0 {
				t.Errorf("%d connections for calls that should fail at once", n)
			}
			if before == 0 {
				t.Error("the server was never asked")
			}
			c.Add(tryAgain)
			if err := inTime(ask); !errors.Is(err, ErrAway) {
				t.Fatal(err)
			}
			if scheme == "redis" && conns.Load() == before {
				t.Error("nobody tried whether the server is back")
			}
		})
	}
}

func TestADeadlineEndsACall(t *testing.T) {
	addr := serve(t, silent)
	long := limits{dial: time.Hour, io: time.Hour, op: time.Hour}
	s := openAt(t, Options{URL: "redis://" + addr}, long)
	for name, call := range calls(s) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		err := inTime(func() error { return call(ctx) })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrAway) {
			t.Errorf("%s: %v, want the end of the context", name, err)
		}
	}
	if !s.gate.enter() {
		t.Error("impatient callers closed the gate for others")
	}
}

// unaware is a context that has not noticed that its deadline is over, as on a busy machine.
type unaware struct {
	context.Context
	deadline time.Time
}

func (u unaware) Deadline() (time.Time, bool) { return u.deadline, true }

func TestADeadlineEndsACallBeforeItsContextNotices(t *testing.T) {
	long := limits{dial: time.Hour, io: time.Hour, op: time.Hour}
	s := openAt(t, Options{URL: "redis://" + serve(t, silent)}, long)
	for name, call := range calls(s) {
		err := inTime(func() error { return call(unaware{t.Context(), time.Now().Add(10 * time.Millisecond)}) })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrAway) {
			t.Errorf("%s: %v, want the end of the context", name, err)
		}
	}
}

func TestErrorsAndLogsShowNothing(t *testing.T) {
	const password, user = "sup3rs3cret", "somebody"
	// A server that repeats what it was sent, as old ones and proxies do.
	addr := serve(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			var n int
			if _, err := fmt.Sscanf(line, "*%d", &n); err != nil {
				return
			}
			var said []string
			for range n {
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
				arg, err := r.ReadString('\n')
				if err != nil {
					return
				}
				said = append(said, strings.TrimSpace(arg))
			}
			if _, err := fmt.Fprintf(c, "-ERR what is '%s'\r\n", strings.Join(said, "' '")); err != nil {
				return
			}
		}
	})
	out := &logs{}
	var texts []string
	for _, url := range []string{
		"redis://" + user + ":" + password + "@" + addr,
		"redis://" + addr,
		"redis+cluster://" + user + ":" + password + "@" + addr,
		"redis+sentinel://" + user + ":" + password + "@" + addr + "?master=m&sentinel_user=" + user + "&sentinel_password=" + password,
	} {
		s := openAt(t, Options{URL: url, Log: out.logger()}, usual)
		texts = append(texts, s.Target())
		for name, call := range calls(s) {
			err := inTime(func() error { return call(t.Context()) })
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			texts = append(texts, err.Error())
		}
	}
	all := strings.Join(texts, "\n") + out.String()
	key, err := (&State{prefix: "cchcbot"}).key(kindSession, "name")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{password, user, key, "content", "what is"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is shown in\n%s", secret, all)
		}
	}
}

// Many callers go on through an outage: each call ends, with an answer or with
// ErrAway, and no save that was confirmed is lost or counted twice.
func TestCallersGoOnThroughAnOutage(t *testing.T) {
	m, _ := mini(t)
	w, addr := newWire(t, m.Addr())
	s := openAt(t, Options{URL: "redis://" + addr}, usual)
	const callers, rounds = 16, 250
	var done atomic.Int64
	var refused atomic.Int64
	caller := func(name string) error {
		var version int64
		confirmed, doubtful := 0, 0
		for range rounds {
			switch done.Add(1) {
			case callers * rounds / 4:
				w.tear(true)
			case callers * rounds / 2:
				w.tear(false)
			}
			data, v, err := s.Session(t.Context(), name)
			if err == nil {
				if n := len(data); n < confirmed || n > confirmed+doubtful || v < version {
					return fmt.Errorf("%d saves confirmed, %d in doubt, %d kept, version %d after %d", confirmed, doubtful, n, v, version)
				}
				confirmed, doubtful, version = len(data), 0, v
				v, err = s.SaveSession(t.Context(), name, append(data, 'x'), version, time.Hour)
				if err == nil {
					confirmed, version = confirmed+1, v
					continue
				}
				doubtful = 1
			}
			if !errors.Is(err, ErrAway) {
				return err
			}
			refused.Add(1)
		}
		return nil
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			if err := inTime(func() error { return caller(fmt.Sprint("chat ", i)) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 {
		t.Error("nobody noticed the outage")
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s after the outage: %v", name, err)
		}
	}
}

func TestCallsAfterCloseFail(t *testing.T) {
	m, _ := mini(t)
	s, err := New(Options{URL: "redis://" + m.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s) {
		if err := call(t.Context()); err == nil || errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
