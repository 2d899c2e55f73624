package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

func TestStateKeepsTheContract(t *testing.T) {
	for _, scheme := range []string{"redis", "redis+cluster"} {
		t.Run(scheme, func(t *testing.T) {
			bottest.State(t, func(t *testing.T) (bot.State, func(time.Duration)) {
				m, advance := mini(t)
				return openAt(t, Options{URL: scheme + "://" + m.Addr()}, usual), advance
			})
		})
	}
}

func TestACommandWhoseAnswerIsLostCountsOnce(t *testing.T) {
	m, _ := mini(t)
	w, addr := newWire(t, m.Addr())
	s := openAt(t, Options{URL: "redis://" + addr}, usual)
	ctx := t.Context()
	v1, err := s.SaveSession(ctx, "a", []byte("one"), 0, time.Hour) // the server knows the script now
	if err != nil {
		t.Fatal(err)
	}
	w.cut(1, "evalsha")
	v2, err := s.SaveSession(ctx, "a", []byte("two"), v1, time.Hour)
	if err != nil {
		t.Fatalf("save: %v", err)
	}
	if data, v, err := s.Session(ctx, "a"); string(data) != "two" || v != v2 || err != nil {
		t.Fatalf("session %q, version %d, %v; want version %d", data, v, err, v2)
	}
	w.cut(1, "set")
	if seen, err := s.Seen(ctx, "a", time.Hour); seen || err != nil {
		t.Fatalf("seen: %v, %v", seen, err)
	}
	if seen, err := s.Seen(ctx, "a", time.Hour); !seen || err != nil {
		t.Fatalf("seen the second time: %v, %v", seen, err)
	}
	w.cut(1, "set")
	unlock, ok, err := s.Lock(ctx, "a", time.Hour)
	if !ok || err != nil {
		t.Fatalf("lock: %v, %v", ok, err)
	}
	if _, ok, err := s.Lock(ctx, "a", time.Hour); ok || err != nil {
		t.Fatalf("lock the second time: %v, %v", ok, err)
	}
	if err := unlock(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestALockThatNobodyKnowsOfIsGivenBack(t *testing.T) {
	m, _ := mini(t)
	w, addr := newWire(t, m.Addr())
	s := openAt(t, Options{URL: "redis://" + addr}, usual)
	other := openAt(t, Options{URL: "redis://" + m.Addr()}, usual)
	ctx := t.Context()
	w.cut(2, "set")
	if _, ok, err := s.Lock(ctx, "a", time.Hour); ok || !errors.Is(err, ErrAway) {
		t.Fatalf("lock: %v, %v; want that the server is away", ok, err)
	}
	if _, ok, err := other.Lock(ctx, "a", time.Hour); ok || err != nil {
		t.Fatalf("the lock did not reach the server, this test shows nothing: %v, %v", ok, err)
	}
	unlock, ok, err := s.Lock(ctx, "a", time.Hour)
	if !ok || err != nil {
		t.Fatalf("lock after the failure: %v, %v", ok, err)
	}
	w.cut(2, "eval")
	if err := unlock(ctx); !errors.Is(err, ErrAway) {
		t.Fatalf("unlock: %v, want that the server is away", err)
	}
	if _, ok, err := s.Lock(ctx, "a", time.Hour); !ok || err != nil {
		t.Fatalf("lock after the failed unlock: %v, %v", ok, err)
	}
}

func TestAVersionDoesNotComeBack(t *testing.T) {
	m, _ := mini(t)
	still := bottest.NewClock(bottest.Start())
	s := openAt(t, Options{URL: "redis://" + m.Addr(), Now: still.Now}, usual)
	old, err := s.SaveSession(t.Context(), "a", []byte("one"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteSession(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("two"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("late"), old, time.Hour); !errors.Is(err, bot.ErrConflict) {
		t.Fatalf("a save over the session before: %v", err)
	}
	for _, version := range []int64{-1, 1<<63 - 1} {
		if _, err := s.SaveSession(t.Context(), "a", nil, version, time.Hour); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

var ourKey = regexp.MustCompile(`^bot-2:[slbnp]:\{[A-Za-z0-9_-]{43}\}$`)

func TestKeysAreUnreadableAndEnd(t *testing.T) {
	m, _ := mini(t)
	s := openAt(t, Options{URL: "redis://" + m.Addr(), Prefix: "bot-2"}, usual)
	ctx, name := t.Context(), "telegram\x1f0912345678\x1f0912345678"
	if _, err := s.SaveSession(ctx, name, []byte("sealed"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Lock(ctx, name, 1500*time.Microsecond); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seen(ctx, name, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(ctx, name, bot.Rate{PerSecond: 1, Burst: 1}, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	keys := m.Keys()
	if len(keys) != 5 {
		t.Errorf("%d keys, want one of each kind", len(keys))
	}
	for _, key := range keys {
		if !ourKey.MatchString(key) || strings.Contains(key, "0912345678") {
			t.Errorf("key %q", key)
		}
		ttl := m.TTL(key)
		if ttl <= 0 {
			t.Errorf("key %q stays for ever", key)
		}
		if strings.Contains(key, ":l:") && ttl != 2*time.Millisecond {
			t.Errorf("a lock for 1.5 ms is held %s", ttl)
		}
	}
}

func TestAStrangeValueIsReplaced(t *testing.T) {
	m, _ := mini(t)
	s := openAt(t, Options{URL: "redis://" + m.Addr()}, usual)
	key, err := s.key(kindSession, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Set(key, "short"); err != nil {
		t.Fatal(err)
	}
	if data, v, err := s.Session(t.Context(), "a"); data != nil || v != 0 || err != nil {
		t.Fatalf("session %q, version %d, %v", data, v, err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("good"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if data, _, err := s.Session(t.Context(), "a"); string(data) != "good" || err != nil {
		t.Fatalf("session %q, %v", data, err)
	}
}

func TestScriptsAreSentAgainAfterTheServerForgotThem(t *testing.T) {
	m, _ := mini(t)
	s := openAt(t, Options{URL: "redis://" + m.Addr()}, usual)
	var version int64
	for i := range 3 {
		v, err := s.SaveSession(t.Context(), "a", []byte("x"), version, time.Hour)
		if err != nil {
			t.Fatalf("save %d: %v", i, err)
		}
		version = v
		if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBudgetsHealWhenRateOrClockChange(t *testing.T) {
	m, advance := mini(t)
	s := openAt(t, Options{URL: "redis://" + m.Addr()}, usual)
	take := func(r bot.Rate, n int) time.Duration {
		t.Helper()
		wait, err := s.Take(t.Context(), "a", r, n)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	slow, fast := bot.Rate{PerSecond: 1.0 / 3600, Burst: 5}, bot.Rate{PerSecond: 1, Burst: 5}
	if wait := take(slow, 5); wait != 0 {
		t.Fatal(wait)
	}
	if wait := take(fast, 1); wait <= 0 || wait > time.Second {
		t.Fatalf("under the new rate the wait is %s, want at most a second", wait)
	}
	advance(time.Second)
	if wait := take(fast, 5); wait <= 0 || wait > 5*time.Second {
		t.Fatalf("wait %s, want at most what the new rate needs", wait)
	}
	m.SetTime(bottest.Start().Add(-24 * time.Hour)) // another server, whose clock is behind
	if wait := take(fast, 1); wait <= 0 || wait > time.Second {
		t.Fatalf("after the clock went back the wait is %s, want at most a second", wait)
	}
}

func TestBudgetsRefuseWhatIsNoRate(t *testing.T) {
	m, _ := mini(t)
	s := openAt(t, Options{URL: "redis://" + m.Addr()}, usual)
	zero := 0.0
	for _, r := range []bot.Rate{
		{PerSecond: zero / zero, Burst: 1}, {PerSecond: 1e-300, Burst: 1}, {PerSecond: 5e-324, Burst: 1},
		{PerSecond: 1e-6, Burst: 1 << 30}, {PerSecond: -1 / zero, Burst: 1},
	} {
		if _, err := s.Take(t.Context(), "a", r, 1); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if wait, err := s.Take(t.Context(), "a", bot.Rate{PerSecond: 1 / zero, Burst: 1}, 1); wait != 0 || err != nil {
		t.Errorf("without a limit: %s, %v", wait, err)
	}
}

func TestBudgetsGoByTheGivenClock(t *testing.T) {
	m, _ := mini(t) // whose own time stands still
	c := bottest.NewClock(bottest.Start())
	s := openAt(t, Options{URL: "redis://" + m.Addr(), Now: c.Now}, usual)
	r := bot.Rate{PerSecond: 1, Burst: 1}
	for i, want := range []bool{true, false, true} {
		wait, err := s.Take(t.Context(), "a", r, 1)
		if err != nil || (wait == 0) != want {
			t.Fatalf("take %d: %s, %v; want it granted: %v", i, wait, err, want)
		}
		if !want {
			c.Add(wait)
		}
	}
}

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	m := miniredis.NewMiniRedis()
	if err := m.StartTLS(&tls.Config{Certificates: web.TLS.Certificates}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	if err := openAt(t, Options{URL: "rediss://" + m.Addr(), RootCAs: roots}, usual).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	plain := serve(t, func(c net.Conn) { _, _ = c.Write([]byte("-ERR Protocol error\r\n")) })
	for _, c := range []struct {
		url   string
		roots *x509.CertPool
		want  string
	}{
		{"rediss://" + m.Addr(), x509.NewCertPool(), "its certificate is not trusted"},
		{"rediss://" + plain, roots, "it does not speak TLS"},
	} {
		err := openAt(t, Options{URL: c.url, RootCAs: c.roots}, usual).Ping(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestPasswordsAndUsers(t *testing.T) {
	m, _ := mini(t)
	m.RequireUserAuth("cchc", "pa ss/@?#%")
	for _, c := range []struct{ login, want string }{
		{"cchc:pa%20ss%2F%40%3F%23%25@", ""},
		{"cchc:wrong@", "it does not take this user and password"},
		{"", "it asks for a password"},
	} {
		err := openAt(t, Options{URL: fmt.Sprintf("redis://%s%s", c.login, m.Addr())}, usual).Ping(t.Context())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %q", c.login, err, c.want)
		}
	}
}
