package store_test

import (
	"encoding/base64"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// secret is a key for tests: 32 times the same letter, in base64.
func secret(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

func keys(t testing.TB, letters ...string) *store.Keys {
	t.Helper()
	if len(letters) == 0 {
		letters = []string{"k"}
	}
	var lines []string
	for _, l := range letters {
		lines = append(lines, secret(l))
	}
	k, err := store.OpenKeys(strings.Join(lines, "\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// world is a store on a real file with a clock of its own.
type world struct {
	*store.Store
	t     testing.TB
	db    *sqldb.DB
	keys  *store.Keys
	clock *clock
	path  string
}

func open(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, keys: keys(t), clock: newClock(), path: filepath.Join(t.TempDir(), "data", "cchcbot.db")}
	w.start()
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) start() {
	w.t.Helper()
	var err error
	if w.db, err = sqldb.Open(w.t.Context(), sqldb.Options{Path: w.path, Synchronous: sqldb.Normal}); err != nil {
		w.t.Fatal(err)
	}
	if w.Store, err = store.New(w.t.Context(), store.Options{DB: w.db, Sealer: w.keys, Clean: strings.TrimSpace, Now: w.clock.Now}); err != nil {
		w.t.Fatal(err)
	}
}

// reopen closes the files and opens them again, as after a restart.
func (w *world) reopen() {
	w.t.Helper()
	w.must(w.db.Close())
	w.start()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func update(id, chat, text string) bot.Update {
	return bot.Update{
		ID: id, Channel: "telegram", Chat: chat, Text: text,
		From: bot.Sender{ID: "u" + chat, Name: "Nguyễn Văn An"},
		At:   time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
	}
}

func (w *world) accept(us ...bot.Update) {
	w.t.Helper()
	for _, u := range us {
		w.must(w.Accept(w.t.Context(), u))
	}
}

func (w *world) pending() []bot.Pending {
	w.t.Helper()
	p, err := w.Pending(w.t.Context(), 0, 1000)
	w.must(err)
	return p
}

// load returns the oldest pending update.
func (w *world) load() bot.Loaded {
	w.t.Helper()
	p := w.pending()
	if len(p) == 0 {
		w.t.Fatal("no update is pending")
	}
	l, err := w.Load(w.t.Context(), p[0].Turn)
	w.must(err)
	return l
}

func finished(l bot.Loaded, session string) bot.Finished {
	return bot.Finished{
		Turn: l.Turn, Key: l.Update.Key(), LastTurn: l.LastTurn, Ending: bot.Done,
		Session: []byte(session), Contact: l.Contact, Release: true,
	}
}

// finish commits a turn with messages.
func (w *world) finish(f bot.Finished, queued ...bot.Queued) (bot.ContactID, error) {
	w.t.Helper()
	u, err := w.Begin(w.t.Context())
	w.must(err)
	defer func() { w.must(u.Rollback()) }()
	w.must(u.Enqueue(w.t.Context(), queued))
	id, err := u.(bot.TurnUnit).Finish(w.t.Context(), f)
	if err != nil {
		return 0, err
	}
	return id, u.Commit(w.t.Context())
}

func (w *world) enqueue(queued ...bot.Queued) {
	w.t.Helper()
	u, err := w.Begin(w.t.Context())
	w.must(err)
	defer func() { w.must(u.Rollback()) }()
	w.must(u.Enqueue(w.t.Context(), queued))
	w.must(u.Commit(w.t.Context()))
}

func message(chat, text string, lane bot.Lane) bot.Queued {
	return bot.Queued{
		Message: bot.Message{ID: bot.NewID(), To: bot.Address{Channel: "telegram", Chat: chat}, Lang: "vi", Text: text},
		Lane:    lane,
	}
}

func reply(chat, text string) bot.Queued { return message(chat, text, bot.LaneReply) }

func (w *world) claim(lane bot.Lane, n int) []bot.Claimed {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), "telegram", lane, n, time.Minute)
	w.must(err)
	return c
}

func texts(cs []bot.Claimed) string {
	var s []string
	for _, c := range cs {
		s = append(s, c.Message.Text)
	}
	return strings.Join(s, " ")
}

func (w *world) exec(query string) {
	w.t.Helper()
	w.must(w.db.Write(w.t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(query)
		return err
	}))
}

// only is the schema as it was when it had but one file.
func only(t testing.TB, name string) fs.FS {
	t.Helper()
	data, err := fs.ReadFile(store.Schema(), name)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{name: &fstest.MapFile{Data: data}}
}
