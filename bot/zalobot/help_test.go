package zalobot_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token  = bottest.ZalobotToken
	secret = "webhook-secret-of-tests"
	hook   = "https://bot.test/zalobot/webhook"
	header = "X-Bot-Api-Secret-Token"
)

// logs is a log that several goroutines write.
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

// world is a fake platform with our channel.
type world struct {
	*zalobot.Bot
	fake   *fakezalobot.Server
	in     *intake
	log    *logs
	alerts []string

	mu      sync.Mutex
	handler http.Handler
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	h := w.handler
	w.mu.Unlock()
	h.ServeHTTP(rw, r)
}

// newWorld builds both; change may alter the options.
func newWorld(t *testing.T, mode string, change ...func(*zalobot.Options)) *world {
	t.Helper()
	w := &world{in: &intake{}, log: &logs{}}
	w.fake = fakezalobot.New(fakezalobot.Options{Token: token, Retries: 3, Client: &http.Client{Transport: fakezalobot.Transport(w)}})
	w.open(t, mode, change...)
	t.Cleanup(func() {
		w.fake.Close()
		w.clean(t, w.log.String())
		w.clean(t, w.told())
	})
	return w
}

// open starts the channel, again after a crash.
func (w *world) open(t *testing.T, mode string, change ...func(*zalobot.Options)) {
	t.Helper()
	opt := zalobot.Options{
		Token: token, APIURL: "http://zalobot.test", Mode: mode, Clean: vietnamese.Clean, HTTP: w.fake.Client(), Files: w.fake.Client(),
		PublicURL: "https://hoidap.example.vn", Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	opt.Alert = func(_ context.Context, text string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.alerts = append(w.alerts, text)
	}
	if mode == zalobot.ModeWebhook {
		opt.WebhookURL, opt.WebhookSecret = hook, secret
	}
	for _, f := range change {
		f(&opt)
	}
	b, err := zalobot.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Bot, w.handler = b, b.Webhook(w.in)
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.alerts, "\n")
}

// private stands in everything that citizens say and are told in these tests.
const private = "bí-mật"

// clean looks for what no log and no error may show.
func (w *world) clean(t *testing.T, text string) {
	t.Helper()
	_, key, _ := strings.Cut(token, ":")
	for _, s := range []string{key, secret, private, w.fake.Person("Lan").ID, w.fake.Group("Tổ 5").ID} {
		if strings.Contains(text, s) {
			t.Errorf("a log or an error shows what it must not:\n%s", text)
		}
	}
}

// poll runs the channel's loop until the returned function is called.
func (w *world) poll(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Poll(ctx, w.in); err != nil {
			t.Errorf("Poll = %v", err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// intake keeps what it accepts, or fails as it was told to.
type intake struct {
	mu      sync.Mutex
	updates []bot.Update
	err     error
	tries   int
}

func (k *intake) Accept(ctx context.Context, u bot.Update) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tries++
	if ctx.Err() != nil {
		return ctx.Err() // as a database would
	}
	if k.err != nil {
		return k.err
	}
	k.updates = append(k.updates, u)
	return nil
}

func (k *intake) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

func (k *intake) got() []bot.Update {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]bot.Update(nil), k.updates...)
}

func (k *intake) texts() string {
	var out []string
	for _, u := range k.got() {
		out = append(out, u.Text)
	}
	return strings.Join(out, "|")
}

func (k *intake) tried() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tries
}

var errDisk = errors.New("the disk is full")

// bubble runs a test in which time stands still until everybody waits.
func bubble(name string, t *testing.T, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func message(p *fakezalobot.Person, text string) bot.Message {
	return bot.Message{ID: bot.NewID(), To: bot.Address{Channel: zalobot.Name, Chat: p.ID}, Lang: "vi", Text: text}
}
