package zalo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/knowledge/vietnamese"
)

const (
	testApp       = "360846524940903967"
	testAppSecret = "bi-mat-ung-dung"
	testOA        = "388613280878808645"
	testOASecret  = "bi-mat-oa"
)

// start is a morning on which pushes are allowed.
var start = time.Date(2026, 11, 23, 8, 30, 0, 0, zone)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// vault keeps secrets in memory, as a disk that several processes share.
type vault struct {
	mu      sync.Mutex
	now     func() time.Time
	values  map[string][]byte
	version map[string]int64
	owner   map[string]string
	until   map[string]time.Time
	saving  func(name string, value []byte) error // called before a value is stored
}

func newVault(now func() time.Time) *vault {
	return &vault{now: now, values: map[string][]byte{}, version: map[string]int64{}, owner: map[string]string{}, until: map[string]time.Time{}}
}

func (v *vault) Secret(_ context.Context, name string) ([]byte, int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return bytes.Clone(v.values[name]), v.version[name], nil
}

func (v *vault) SaveSecret(_ context.Context, name string, value []byte, old int64) (int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.saving != nil {
		if err := v.saving(name, value); err != nil {
			return 0, err
		}
	}
	if v.version[name] != old {
		return 0, bot.ErrConflict
	}
	v.values[name] = bytes.Clone(value)
	v.version[name]++
	return v.version[name], nil
}

func (v *vault) Lease(_ context.Context, name, owner string, ttl time.Duration) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.owner[name] != "" && v.owner[name] != owner && v.now().Before(v.until[name]) {
		return false, nil
	}
	v.owner[name], v.until[name] = owner, v.now().Add(ttl)
	if ttl == 0 {
		v.owner[name] = ""
	}
	return true, nil
}

// sealer only digests.
type sealer struct{}

func (sealer) Seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (sealer) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }
func (sealer) Digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// lockedLog is a log that several goroutines write.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is an account with its platform.
type world struct {
	*OA
	fake   *fakezalo.Server
	vault  *vault
	clock  *clock
	log    *lockedLog
	opt    Options
	mu     sync.Mutex
	alerts []string
}

func newWorld(t testing.TB, change func(*fakezalo.Options, *Options)) *world {
	t.Helper()
	w := &world{clock: &clock{now: start}, log: &lockedLog{}}
	w.vault = newVault(w.clock.Now)
	fo := fakezalo.Options{AppID: testApp, AppSecret: testAppSecret, OASecret: testOASecret, OAID: testOA, Now: w.clock.Now}
	w.opt = Options{
		AppID: testApp, AppSecret: testAppSecret, OASecret: testOASecret, APIURL: "https://zalo.test", OAuthURL: "https://oauth.test",
		RedirectURL: "https://bot.test/zalo/oauth", Vault: w.vault, Sealer: sealer{}, Clean: vietnamese.Clean, Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Alert: func(_ context.Context, s string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.alerts = append(w.alerts, s)
		},
	}
	if change != nil {
		change(&fo, &w.opt)
	}
	fake, err := fakezalo.New(fo)
	if err != nil {
		t.Fatal(err)
	}
	w.fake = fake
	t.Cleanup(fake.Close)
	w.opt.RefreshToken = fake.Grant()
	w.opt.HTTP = fake.Client()
	w.OA = w.process(t)
	t.Cleanup(func() { w.clean(t, w.log.String()) })
	return w
}

// process is another process on the same vault and platform.
func (w *world) process(t testing.TB) *OA {
	t.Helper()
	o, err := New(w.opt)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// clean looks for what must not be shown.
func (w *world) clean(t testing.TB, text string) {
	t.Helper()
	for _, secret := range append(w.fake.Secrets(), testAppSecret, testOASecret, "access-", "refresh-", "dấu-riêng-tư") {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("a secret or what was written is shown: %s", text)
		}
	}
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.alerts, "\n")
}

func (w *world) tokens(t testing.TB) tokens {
	t.Helper()
	got, _, err := w.keeper.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// to is a message to a person who just wrote.
func (w *world) to(name, text string) bot.Message {
	return bot.Message{ID: bot.NewID(), To: bot.Address{Channel: Name, Chat: w.fake.Person(name)}, Lang: "vi", Text: text}
}

func kindOf(err error) bot.SendKind {
	var se *bot.SendError
	if errors.As(err, &se) {
		return se.Kind
	}
	return ""
}

var _ http.Handler = (*fakezalo.Server)(nil)

// stampAt is a delivery's timestamp.
func stampAt(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
