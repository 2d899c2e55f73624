//go:build soak

// The program as a process that sends news, killed at random moments:
//
//	.ci/soak-news          # 100,000 people, 20 kills
//	.ci/soak-news 3 2000   # the short form of .ci/run
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/delivery"
	"cchcbot/bot/telegram"
	"cchcbot/handlers/news/items"
)

// slotsOfDelivery is how many sends a channel has under way. A kill may repeat those, and as
// many again that have just ended and whose receipts are being written.
const (
	slotsOfDelivery = 8
	mayRepeat       = 2 * slotsOfDelivery
)

// firstReader is the number of the first person.
const firstReader = 1000

func sizeOf(env string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(env)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// unhurried is Telegram without its pace: the run is as fast as the disk.
type unhurried struct{ *telegram.Bot }

func (u unhurried) Limits() bot.Limits {
	l := u.Bot.Limits()
	l.Pace = bot.Pace{}
	return l
}

// TestSoakNewsProcess is the process that is killed: the whole program, but for the pace.
func TestSoakNewsProcess(t *testing.T) {
	folder, api := os.Getenv("SOAK_NEWS_DATA"), os.Getenv("SOAK_NEWS_API")
	if folder == "" {
		t.Skip("started by TestSoakNews")
	}
	ctx := context.Background()
	p := &program{cfg: soakNewsConfig(folder, api), log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if err := p.open(ctx); err != nil {
		t.Fatal(err)
	}
	var fast []bot.Channel
	for _, c := range p.house.channels {
		if tg, ok := c.(*telegram.Bot); ok {
			c = unhurried{tg}
		}
		fast = append(fast, c)
	}
	var err error
	if p.house.delivery, err = delivery.New(delivery.Options{Outbox: p.house.store, State: p.house.state, Channels: fast, Log: p.log, Digest: p.data.keys.Digest, Slots: slotsOfDelivery}); err != nil {
		t.Fatal(err)
	}
	p.house.works.Wake = p.house.delivery.Wake
	fmt.Println("the process is ready")
	_ = p.Run(ctx) // until it is killed
}

func soakNewsConfig(folder, api string) *Config {
	return &Config{Data: folder, Listen: "127.0.0.1:0", PublicURL: "https://hoidap.example", TelegramToken: soakToken, TelegramAPIURL: api}
}

// TestSoakNews sends an item to 100,000 people with real files and a real process, kills it
// at random moments of the whole run, a few of them while the people are still being
// found, and counts what everybody got. Meanwhile some answers of the platform get lost
// after the message arrived: nobody can know, and news is not sent again.
func TestSoakNews(t *testing.T) {
	people, kills := sizeOf("SOAK_NEWS_PEOPLE", 100_000), sizeOf("SOAK_NEWS_KILLS", 20)
	s := newNewsSoak(t, people)
	stop := make(chan struct{})
	lost := make(chan int)
	go func() { lost <- s.loseAnswers(stop) }()
	early := (kills + 4) / 5
	at := make([]int, kills-early) // of the messages that arrived
	for i := range at {
		at[i] = rand.N(people)
	}
	slices.Sort(at)
	began := time.Now()
	for range early {
		s.start()
		time.Sleep(rand.N(2500 * time.Millisecond)) // the first look at what is due comes within half a second
		s.kill()
	}
	for _, n := range at {
		s.start()
		for s.fake.Came() < n && !s.done() {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(rand.N(300 * time.Millisecond))
		s.kill()
	}
	s.start()
	for deadline := time.Now().Add(20 * time.Minute); !s.done() && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}
	close(stop)
	s.kill()
	s.check(kills, <-lost, time.Since(began))
}

// newsSoak is the platform, the files and the process.
type newsSoak struct {
	t      *testing.T
	fake   *faketelegram.Server
	api    *httptest.Server
	folder string
	log    *os.File
	cmd    *exec.Cmd
	db     *sql.DB // the files, for reading
	item   int64
	people []*faketelegram.Person
}

func newNewsSoak(t *testing.T, people int) *newsSoak {
	t.Helper()
	s := &newsSoak{t: t, folder: filepath.Join(t.TempDir(), "data"), fake: faketelegram.New(faketelegram.Options{Token: soakToken})}
	s.api = httptest.NewServer(s.fake)
	t.Cleanup(func() { s.fake.Close(); s.api.Close() })
	plant(t, s.folder)
	d, err := openData(t.Context(), &Config{Data: s.folder}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	list := make([]reader, people)
	for i := range list {
		p := s.fake.Person(fmt.Sprint("Người dân ", i))
		s.fake.Known(p)
		s.people = append(s.people, p)
		list[i].user = strconv.FormatInt(p.ID, 10)
	}
	readers(t, d, telegram.Name, firstReader, list)
	h, err := newHouse(t.Context(), houseOptions{Config: soakNewsConfig(s.folder, s.api.URL), Log: slog.New(slog.DiscardHandler), Data: d, PublicURL: "https://hoidap.example",
		Channels: func(*house) ([]bot.Channel, error) {
			c, err := telegram.New(telegram.Options{Token: soakToken, APIURL: s.api.URL})
			return []bot.Channel{c}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	s.item = publish(t, h, "Giờ làm việc mới", true).ID // the run may be at night or on a holiday
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if s.db, err = sql.Open("sqlite", "file:"+filepath.Join(s.folder, databaseFile)+"?mode=ro&_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	if s.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close(); s.log.Close() })
	return s
}

// loseAnswers breaks the connection after a message arrived, now and then, and counts
// how often it did.
func (s *newsSoak) loseAnswers(stop <-chan struct{}) (n int) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			s.fake.Heal()
			return n
		case <-tick.C:
			s.fake.Fail(faketelegram.Fault{Method: "sendMessage", Lost: true})
			n++
		}
	}
}

func (s *newsSoak) start() {
	s.t.Helper()
	s.cmd = exec.Command(os.Args[0], "-test.run", "^TestSoakNewsProcess$", "-test.timeout", "0")
	s.cmd.Env, s.cmd.Stderr = append(os.Environ(), "SOAK_NEWS_DATA="+s.folder, "SOAK_NEWS_API="+s.api.URL), s.log
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
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	log, _ := os.ReadFile(s.log.Name())
	s.t.Fatalf("the process did not start: %v\n%s", s.cmd.Wait(), log)
}

func (s *newsSoak) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
}

func (s *newsSoak) get(query string, args ...any) (n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.db.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *newsSoak) done() bool {
	return s.get(`select count(*) from news_items where id = $1 and state = $2`, s.item, string(items.Done)) == 1
}

func (s *newsSoak) check(kills, lost int, took time.Duration) {
	s.t.Helper()
	got := map[int]int{}
	for _, p := range s.people {
		got[len(s.fake.Shown(p.ID))]++
	}
	rows := s.get(`select count(*) from outbox where spread > 0`)
	unknown := s.get(`select count(*) from outbox where spread > 0 and state = 'dead' and reason = 'delivery.reason_unknown_once'`)
	sent := s.get(`select count(*) from outbox where spread > 0 and state = 'sent'`)
	twice := 0
	for n, people := range got {
		if n > 1 {
			twice += people * (n - 1)
		}
	}
	s.t.Logf("%d people, %d kills, %s (%.0f messages a second): %d missed, %d messages came twice; %d sent, %d not known (%d answers were lost), %d rows",
		len(s.people), kills, took.Round(time.Second), float64(len(s.people))/took.Seconds(), got[0], twice, sent, unknown, lost, rows)
	if !s.done() {
		s.t.Error("the item is not done")
	}
	if got[0] > 0 {
		s.t.Errorf("%d people got nothing", got[0])
	}
	if rows != len(s.people) || sent+unknown != rows {
		s.t.Errorf("%d rows, %d sent, %d not known; there are %d people", rows, sent, unknown, len(s.people))
	}
	if twice > kills*mayRepeat {
		s.t.Errorf("%d messages came twice, more than %d kills explain", twice, kills)
	}
	if unknown > lost {
		s.t.Errorf("%d are not known, and only %d answers were lost", unknown, lost)
	}
	// What the process knew to be in doubt was not sent again: only a kill before it wrote that
	// down explains a second message in such a chat.
	if n := s.twiceInDoubt(); n > kills*mayRepeat {
		s.t.Errorf("%d of what nobody knows came twice", n)
	} else {
		s.t.Logf("of the %d that nobody knows of %d came twice, in flight at a kill", unknown, n)
	}
}

// twiceInDoubt is how many of those whose message is not known to have arrived got two.
func (s *newsSoak) twiceInDoubt() (n int) {
	s.t.Helper()
	rows, err := s.db.QueryContext(context.Background(), `select person from outbox where spread > 0 and state = 'dead' and reason = 'delivery.reason_unknown_once'`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var person int
		if err := rows.Scan(&person); err != nil {
			s.t.Fatal(err)
		}
		if len(s.fake.Shown(s.people[person-firstReader].ID)) > 1 {
			n++
		}
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return n
}
