package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// The tests of this file start redis-server, of the Debian package of that name,
// on free ports of loopback. They run with -tags redis or CCHCBOT_TEST_REDIS=1.

func needServer(t testing.TB) {
	t.Helper()
	if !tagged && os.Getenv("CCHCBOT_TEST_REDIS") != "1" {
		t.Skip("starts redis-server: run with -tags redis or CCHCBOT_TEST_REDIS=1")
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is not installed")
	}
}

// server is a redis-server that can be killed and started again.
type server struct {
	t    testing.TB
	port int
	args []string

	mu   sync.Mutex
	cmd  *exec.Cmd
	read chan struct{} // closed when its output ended
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, port: freePort(t)}
	s.args = append([]string{
		"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--dir", t.TempDir(), "--daemonize", "no", "--logfile", "", "--loglevel", "notice",
	}, args...)
	t.Cleanup(s.kill)
	s.start()
	return s
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// start returns when the server says that it takes connections.
func (s *server) start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = exec.Command("redis-server", s.args...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready, read := make(chan bool, 1), make(chan struct{})
	s.read = read
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if text := lines.Text(); strings.Contains(text, "Ready to accept connections") || strings.Contains(text, "+monitor master") {
				ready <- true
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
		select {
		case ready <- false:
		default:
		}
	}()
	if !<-ready {
		s.t.Fatal("redis-server does not start")
	}
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	<-s.read
	_ = s.cmd.Wait() // says that it was killed
	s.cmd = nil
}

// shorten moves the end of all keys: to the server, time has passed.
func (s *server) shorten(c *goredis.Client, d time.Duration) {
	s.t.Helper()
	ctx := context.Background()
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range keys {
		left, err := c.PTTL(ctx, key).Result()
		switch {
		case err != nil:
			s.t.Fatal(err)
		case left == -1:
			s.t.Fatalf("key %q stays for ever", key)
		case left > d:
			err = c.PExpire(ctx, key, left-d).Err()
		case left > 0:
			err = c.Del(ctx, key).Err()
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *server) client(t testing.TB, db int) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: s.addr(), DB: db, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// suite runs the contract against one server, reached through url, emptied
// before each case. Keys end by the server's clock, which advance gets around;
// budgets go by a clock of the test.
func (s *server) suite(t *testing.T, url string, db int) {
	direct := s.client(t, db)
	bottest.State(t, func(t *testing.T) (bot.State, func(time.Duration)) {
		if err := direct.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		c := bottest.NewClock(bottest.Start())
		return openAt(t, Options{URL: url, Now: c.Now}, usual), func(d time.Duration) {
			c.Add(d)
			s.shorten(direct, d)
		}
	})
}

func TestRealServerKeepsTheContract(t *testing.T) {
	needServer(t)
	s := newServer(t, "--save", "", "--requirepass", "")
	s.suite(t, "redis://"+s.addr()+"/2", 2)
}

func TestRealClusterKeepsTheContract(t *testing.T) {
	needServer(t)
	s := newServer(t, "--save", "", "--cluster-enabled", "yes")
	c := s.client(t, 0)
	if err := c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:ok") })
	s.suite(t, "redis+cluster://"+s.addr(), 0)
}

func TestRealSentinelKeepsTheContract(t *testing.T) {
	needServer(t)
	s := newServer(t, "--save", "")
	watcher := newSentinel(t, s, "5000")
	s.suite(t, "redis+sentinel://"+watcher.addr()+"/1?master=main", 1)
	stray := openAt(t, Options{URL: "redis+sentinel://" + watcher.addr() + "?master=other"}, usual)
	if _, ok, err := stray.Lock(t.Context(), "a", time.Hour); ok || !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "no sentinel knows a master of this name") {
		t.Errorf("a lock on a master that nobody knows: %v, %v", ok, err)
	}
}

// newSentinel starts a sentinel that watches a master named main.
func newSentinel(t testing.TB, master *server, downAfter string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\nsentinel down-after-milliseconds main %s\nsentinel failover-timeout main 10000\n", master.port, downAfter)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, port: freePort(t)}
	s.args = []string{file, "--sentinel", "--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--logfile", "", "--daemonize", "no"}
	t.Cleanup(s.kill)
	s.start()
	return s
}

// until waits for what another process does in its own time.
func until(t testing.TB, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 3000 { // a minute
		if done() {
			return
		}
		<-tick.C
	}
	t.Fatal("does not happen")
}

// A replica takes over from a master that was killed; nobody starts the bot again.
func TestRealFailover(t *testing.T) {
	needServer(t)
	master := newServer(t, "--save", "")
	replica := newServer(t, "--save", "", "--replicaof", fmt.Sprintf("127.0.0.1 %d", master.port), "--repl-diskless-sync-delay", "0")
	r := replica.client(t, 0)
	until(t, func() bool {
		return strings.Contains(r.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	watcher := newSentinel(t, master, "200")
	w := watcher.client(t, 0)
	until(t, func() bool {
		known, err := w.Do(t.Context(), "sentinel", "replicas", "main").Slice()
		return err == nil && len(known) == 1
	})
	s := openAt(t, Options{URL: "redis+sentinel://" + watcher.addr() + "?master=main"}, usual)
	v, err := s.SaveSession(t.Context(), "a", []byte("kept"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.DBSize(t.Context()).Val() > 0 })
	master.kill()
	until(t, func() bool { return s.Ping(t.Context()) == nil })
	if data, got, err := s.Session(t.Context(), "a"); string(data) != "kept" || got != v || err != nil {
		t.Fatalf("session %q, version %d, %v", data, got, err)
	}
	if _, err := s.SaveSession(t.Context(), "a", []byte("new"), v, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func TestRealServerGoesAwayAndComesBack(t *testing.T) {
	needServer(t)
	s := newServer(t, "--save", "")
	s.kill()
	goAwayAndComeBack(t, "redis://"+s.addr(), s.kill, s.start)
}

func TestRealServerClockMovesBudgets(t *testing.T) {
	needServer(t)
	server := newServer(t, "--save", "")
	c := server.client(t, 0)
	s := openAt(t, Options{URL: "redis://" + server.addr()}, usual)
	r := bot.Rate{PerSecond: 1.0 / 3600, Burst: 2} // so slow that the test's own time does not count
	take := func(want bool) {
		t.Helper()
		wait, err := s.Take(t.Context(), "a", r, 1)
		if err != nil || (wait == 0) != want || wait > time.Hour {
			t.Fatalf("wait %s, %v; want it granted: %v", wait, err, want)
		}
	}
	take(true)
	take(true)
	take(false)
	key, err := s.key(kindBudget, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DecrBy(t.Context(), key, time.Hour.Microseconds()).Err(); err != nil {
		t.Fatal(err)
	}
	take(true)
	take(false)
}

func TestRealServerRefuses(t *testing.T) {
	needServer(t)
	s := newServer(t, "--save", "", "--requirepass", "s3cret", "--databases", "2")
	url := "redis://:s3cret@" + s.addr()
	if err := openAt(t, Options{URL: url}, usual).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := goredis.NewClient(&goredis.Options{Addr: s.addr(), Password: "s3cret", Protocol: 2, DisableIdentity: true})
	defer admin.Close()
	if err := admin.Do(t.Context(), "acl", "setuser", "reader", "on", ">s3cret", "~*", "+@read", "+select").Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ url, set, to, want string }{
		{"redis://" + s.addr(), "", "", "it asks for a password"},
		{"redis://:wr0ng@" + s.addr(), "", "", "it does not take this user and password"},
		{"redis://reader:s3cret@" + s.addr(), "", "", "this user may not do that"},
		{url + "/5", "", "", "it has no database of this number"},
		{"redis+cluster://:s3cret@" + s.addr(), "", "", "it is not part of a cluster"},
		{url, "maxmemory", "1", "its memory is full"},
	} {
		if c.set != "" {
			if err := admin.ConfigSet(t.Context(), c.set, c.to).Err(); err != nil {
				t.Fatal(err)
			}
		}
		err := openAt(t, Options{URL: c.url}, usual).Ping(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", c.want, err, c.want)
		}
	}
}
