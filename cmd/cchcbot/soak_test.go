//go:build soak

// The program as a process, killed at random moments under load, started
// again, and held to what the platform saw:
//
//	.ci/soak              # 200 kills, some minutes
//	.ci/soak 5            # the short form of .ci/run
//	SOAK_REDIS=1 .ci/soak # with a Redis that is stopped and started as well
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cchcbot/bot/bottest/faketelegram"
)

// Sizes of the soak. Each citizen writes slower than the pace of one chat, all
// together slower than the pace of the channel, so that what is counted is
// loss and not a queue.
const (
	soakCitizens = 24
	soakPause    = 1600 * time.Millisecond // between two messages of a citizen
	soakToken    = "123456789:AAsoak-token-that-must-never-show-up"
	soakWait     = 10 * time.Minute // for the last answers, on a busy machine too
)

// codes are typed as questions: each is answered by exactly one card that names it.
var codes = []string{"1.001193", "1.000894", "1.014064", "2.000815", "1.004194", "1.115619"}

func TestSoak(t *testing.T) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("SOAK_KILLS")); err == nil && n > 0 {
		kills = n
	}
	s := newSoak(t)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for i := range soakCitizens {
		writing.Go(func() { s.write(i, stop) })
	}
	for range kills {
		s.start()
		time.Sleep(rand.N(1200 * time.Millisecond)) // any moment: reading, turning, sending
		s.kill()
		if s.redis != nil && rand.N(4) == 0 {
			s.restartRedis()
		}
	}
	s.start()
	close(stop)
	writing.Wait()
	deadline := time.Now().Add(soakWait)
	for s.unanswered() > 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	s.end()
	s.check(kills)
}

// soak is the platform, the process and what was written.
type soak struct {
	t      *testing.T
	fake   *faketelegram.Server
	api    *httptest.Server
	binary string
	env    []string
	data   string
	log    *os.File
	redis  *exec.Cmd
	port   string

	cmd   *exec.Cmd
	mu    sync.Mutex
	wrote map[int][]string // by citizen, the codes in order
	sent  atomic.Int64
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	dir := t.TempDir()
	s := &soak{t: t, binary: filepath.Join(dir, "cchcbot"), data: filepath.Join(dir, "data"), wrote: map[int][]string{}}
	if out, err := exec.Command("go", "build", "-o", s.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	s.fake = faketelegram.New(faketelegram.Options{Token: soakToken})
	s.api = httptest.NewServer(s.fake)
	t.Cleanup(func() { s.fake.Close(); s.api.Close() })
	var err error
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "CCHCBOT_DATA="+s.data, "CCHCBOT_LISTEN=127.0.0.1:0", "CCHCBOT_TELEGRAM_TOKEN="+soakToken,
		"CCHCBOT_TELEGRAM_API_URL="+s.api.URL, "CCHCBOT_LOG_LEVEL=debug")
	if os.Getenv("SOAK_REDIS") != "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, s.port, _ = net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		s.startRedis()
		s.env = append(s.env, "CCHCBOT_REDIS_URL=redis://127.0.0.1:"+s.port+"/0")
	}
	return s
}

func (s *soak) startRedis() {
	s.redis = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := s.redis.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.redis.Process.Kill(); _ = s.redis.Wait() })
}

func (s *soak) restartRedis() {
	_ = s.redis.Process.Kill()
	_ = s.redis.Wait()
	s.startRedis()
}

// start runs the program until it says that it is ready.
func (s *soak) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.binary, "serve")
	s.cmd.Env, s.cmd.Stderr = s.env, s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "is ready") {
			return
		}
	}
	s.t.Fatalf("the program did not start: %v", s.cmd.Wait())
}

func (s *soak) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
}

// end asks the program to stop and expects it to.
func (s *soak) end() {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		s.t.Error("the program does not stop when asked to")
		s.kill()
	}
}

func citizen(i int) string { return fmt.Sprintf("Nguyễn Thị Kín Tiếng %d", i) }

// write has a citizen ask one question after the other.
func (s *soak) write(i int, stop <-chan struct{}) {
	p := s.fake.Person(citizen(i))
	tick := time.NewTicker(soakPause)
	defer tick.Stop()
	for n := 0; ; n++ {
		code := codes[(i+n)%len(codes)]
		s.mu.Lock()
		s.wrote[i] = append(s.wrote[i], code)
		s.mu.Unlock()
		s.fake.Type(p, code)
		s.sent.Add(1)
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

// answers are the codes that a citizen's chat shows answered, in order.
func (s *soak) answers(i int) []string {
	var out []string
	for _, m := range s.fake.Shown(s.fake.Person(citizen(i)).ID) {
		for _, c := range codes {
			if strings.Contains(m.Text, "mã "+c) {
				out = append(out, c)
			}
		}
	}
	return out
}

func (s *soak) unanswered() int {
	missing := 0
	for i := range soakCitizens {
		s.mu.Lock()
		wrote := len(s.wrote[i])
		s.mu.Unlock()
		got, _ := once(s.answers(i))
		missing += max(wrote-len(got), 0)
	}
	return missing
}

// once takes immediate repeats out of a list and counts them. Neighbouring
// questions are always different, so a repeat is a message that came twice.
func once(list []string) (kept []string, repeated int) {
	for i, c := range list {
		if i > 0 && list[i-1] == c {
			repeated++
			continue
		}
		kept = append(kept, c)
	}
	return kept, repeated
}

// check holds what the platform shows against what was written.
func (s *soak) check(kills int) {
	s.t.Helper()
	lost, doubled := 0, 0
	for i := range soakCitizens {
		got, again := once(s.answers(i))
		doubled += again
		want := s.wrote[i]
		if len(got) < len(want) {
			lost += len(want) - len(got)
		}
		for n := range min(len(got), len(want)) {
			if got[n] != want[n] {
				s.t.Errorf("citizen %d: answer %d is %s, want %s", i, n, got[n], want[n])
				break
			}
		}
	}
	updates, turns, messages := s.counts()
	s.t.Logf("%d kills, %d messages written, %d answers lost, %d answers sent twice; inbox %d updates, %d done, outbox %d messages",
		kills, s.sent.Load(), lost, doubled, updates, turns, messages)
	if lost > 0 {
		s.t.Errorf("%d answers were lost", lost)
	}
	// A kill between send and receipt repeats at most the sends under way: eight to a channel.
	if doubled > kills*8 {
		s.t.Errorf("%d answers came twice, more than %d kills explain", doubled, kills)
	}
	if want := int(s.sent.Load()); updates != want || turns != want || messages != want {
		s.t.Errorf("inbox %d updates, %d done, outbox %d messages; each should be %d: something was lost or done twice", updates, turns, messages, want)
	}
	s.checkLog()
}

// counts reads what the database holds: one update, one turn, one message for
// each thing written, however often the process died.
func (s *soak) counts() (updates, turns, messages int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, databaseFile)+"?mode=ro")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for query, into := range map[string]*int{
		`select count(*) from inbox`: &updates, `select count(*) from inbox where state = 'done'`: &turns,
		`select count(*) from outbox`: &messages,
	} {
		if err := db.QueryRowContext(ctx, query).Scan(into); err != nil {
			s.t.Fatal(err)
		}
	}
	return updates, turns, messages
}

// checkLog reads everything all processes logged, at level debug.
func (s *soak) checkLog() {
	s.t.Helper()
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, secret := range []string{soakToken, "AAsoak", "Kín Tiếng", "Nguyễn"} {
		if strings.Contains(string(log), secret) {
			s.t.Errorf("the log holds %q", secret)
		}
	}
	for _, c := range codes {
		if strings.Contains(string(log), c) {
			s.t.Errorf("the log holds what a citizen wrote: %s", c)
		}
	}
	s.t.Logf("%d bytes of log at level debug hold no token, no name and no question", len(log))
}
