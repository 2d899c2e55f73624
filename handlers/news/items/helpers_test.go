package items_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/words"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// knowledge is read once for all tests; both never change.
var knowledge = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
	dir, err := directory.Load(directory.Options{AsOf: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)})
	if err != nil {
		panic(err)
	}
	cal, err := calendar.Load(calendar.Options{})
	if err != nil {
		panic(err)
	}
	return dir, cal
})

// mould is a database with all tables and nothing in it: to make them costs more than most tests.
var mould = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "mould")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bot.db")
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	if err != nil {
		panic(err)
	}
	db, err := sqldb.Open(context.Background(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	if err != nil {
		panic(err)
	}
	_, err = store.New(context.Background(), store.Options{DB: db, Sealer: keys, Clean: vietnamese.Clean})
	if err := errors.Join(err, db.Migrate(context.Background(), "news", items.Schema()), db.Close()); err != nil {
		panic(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return b
})

// house is a desk over a real database, with a clock that tests move.
type house struct {
	t     testing.TB
	path  string
	db    *sqldb.DB
	store *store.Store
	desk  *items.Desk
	works *bot.Works
	keys  *store.Keys
	now   time.Time
	users int
	told  []items.Event
	set   items.Settings
	batch int
	sync  sqldb.Synchronous

	publishers map[string]bot.Publisher
}

func (h *house) Now() time.Time { return h.now }

// at moves the clock to a time in Vietnam.
func (h *house) at(s string) {
	h.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	must(h.t, err)
	h.now = at
}

func open(t testing.TB, set ...items.Settings) *house {
	t.Helper()
	h := &house{t: t, path: filepath.Join(t.TempDir(), "bot.db"), batch: 20, sync: sqldb.Normal}
	if len(set) > 0 {
		h.set = set[0]
	}
	h.at("2026-11-10 09:00") // a Tuesday
	must(t, os.WriteFile(h.path, mould(), 0o600))
	h.start()
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) start() {
	h.t.Helper()
	var err error
	h.keys, err = store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(h.t, err)
	h.db, err = sqldb.Open(h.t.Context(), sqldb.Options{Path: h.path, Synchronous: h.sync})
	must(h.t, err)
	h.store, err = store.New(h.t.Context(), store.Options{DB: h.db, Sealer: h.keys, Clean: vietnamese.Clean, Now: h.Now})
	must(h.t, err)
	must(h.t, h.db.Migrate(h.t.Context(), "news", items.Schema()))
	w, err := words.Load(words.Shared(), news.Texts())
	must(h.t, err)
	limits := map[string]bot.Limits{
		"telegram": {Text: 4096, Unit: bot.UTF16, Buttons: 100, ButtonTitle: 60, RowButtons: 2},
		"zalo":     {Text: 2000, Unit: bot.UTF16, Buttons: 5, ButtonTitle: 100},
		"zalobot":  {Text: 2000},
	}
	composer := &bot.Composer{Texts: w, Default: "vi", Channels: map[string]bot.Limiter{}}
	for name, l := range limits {
		composer.Channels[name] = l
	}
	h.works = &bot.Works{Units: h.store, Composer: composer}
	dir, cal := knowledge()
	h.desk, err = items.New(items.Options{
		Read: h.db.Read(), Sealer: h.keys, Spreads: h.store, Links: h.store, Compose: composer.Compose, Render: w.Render,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal },
		Channels: func() map[string]bot.Limits { return limits }, Publishers: func() map[string]bot.Publisher { return h.publishers }, Clean: vietnamese.Clean, Fold: vietnamese.Fold,
		PublicURL: "https://hoidap.example", Audit: h.store.Audit, Now: h.Now, Settings: h.set, Batch: h.batch,
	})
	must(h.t, err)
	h.desk.Listen(func(_ context.Context, _ *bot.Work, e items.Event) error { h.told = append(h.told, e); return nil })
}

// restart ends the process and starts another on the same files.
func (h *house) restart() {
	h.t.Helper()
	must(h.t, h.db.Close())
	h.start()
	_, err := h.store.Recover(h.t.Context())
	must(h.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func officer(id int64, roles ...bot.Role) items.Actor {
	o := bot.Officer{ID: id, Name: fmt.Sprintf("Cán bộ %d", id), Active: true}
	for _, r := range roles {
		o.Grants = append(o.Grants, bot.Grant{Role: r})
	}
	return items.Actor{Officer: o}
}

// The people of the tests.
var (
	editor  = officer(1, bot.RoleEditor)
	second  = officer(2, bot.RoleEditor)
	owner   = officer(3, bot.RoleOwner)
	press   = officer(4, bot.RolePress)
	visitor = officer(5, bot.RoleOperator)
)

func content(title string, topics ...string) items.Content {
	if len(topics) == 0 {
		topics = []string{items.TopicReform}
	}
	return items.Content{Title: title, Summary: "Từ hôm nay làm thủ tục ở trụ sở mới.", SourceKind: items.SourceDepartment, Topics: topics}
}

func (h *house) in(f func(ctx context.Context, w *bot.Work, tx bot.Tx) error) error {
	return h.works.Do(context.Background(), func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return f(ctx, w, tx)
	})
}

func (h *house) try(id int64, a items.Actor, c items.Command) (it items.Item, err error) {
	err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
		it, err = h.desk.Do(ctx, w, id, a, c)
		return err
	})
	return it, err
}

func (h *house) do(id int64, a items.Actor, c items.Command) items.Item {
	h.t.Helper()
	it, err := h.try(id, a, c)
	if err != nil {
		h.t.Fatalf("%s: %v", c.Action, err)
	}
	return it
}

func (h *house) draft(a items.Actor, c items.Content, corrects int64) (it items.Item) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
		it, err = h.desk.Draft(ctx, w, a, c, corrects, "")
		return err
	}))
	return it
}

// approved is an item that a second person approved.
func (h *house) approved(c items.Content, corrects int64) items.Item {
	h.t.Helper()
	it := h.draft(editor, c, corrects)
	it = h.do(it.ID, editor, items.Command{Action: items.Check})
	return h.do(it.ID, second, items.Command{Action: items.Approve, Hash: it.Hash})
}

// begun is an item that is being sent.
func (h *house) begun(c items.Content, corrects int64) items.Item {
	h.t.Helper()
	it := h.approved(c, corrects)
	h.do(it.ID, editor, items.Command{Action: items.Schedule})
	return h.do(it.ID, items.Actor{System: true}, items.Command{Action: items.Begin})
}

func (h *house) get(id int64) items.Item {
	h.t.Helper()
	it, err := h.desk.Get(h.t.Context(), id, editor)
	must(h.t, err)
	return it
}

// citizen makes a contact by a turn.
func (h *house) citizen(channel string) bot.Contact {
	h.t.Helper()
	h.users++
	return h.writes(channel, fmt.Sprintf("u%d", h.users))
}

// writes is a turn of a citizen; the contact is known after it.
func (h *house) writes(channel, user string) (c bot.Contact) {
	h.t.Helper()
	ctx := h.t.Context()
	for range 2 {
		must(h.t, h.store.Accept(ctx, bot.Update{ID: bot.NewID(), Channel: channel, Chat: user, Text: "chào", From: bot.Sender{ID: user}, At: h.now}))
		p, err := h.store.Pending(ctx, 0, 1)
		must(h.t, err)
		l, err := h.store.Load(ctx, p[0].Turn)
		must(h.t, err)
		c = l.Contact
		l.Contact.Out, c.Out = false, false
		h.finish(l, bot.Finished{})
	}
	return c
}

func (h *house) finish(l bot.Loaded, f bot.Finished) {
	h.t.Helper()
	ctx := h.t.Context()
	u, err := h.store.Begin(ctx)
	must(h.t, err)
	defer func() { must(h.t, u.Rollback()) }()
	if f.Erase {
		must(h.t, h.desk.Forget(ctx, u.Tx(), l.Contact.Person))
	}
	f.Turn, f.Key, f.LastTurn, f.Ending, f.Contact = l.Turn, l.Update.Key(), l.LastTurn, bot.Done, l.Contact
	_, err = u.(bot.TurnUnit).Finish(ctx, f)
	must(h.t, err)
	must(h.t, u.Commit(ctx))
}

// erases is the platform's wish that a citizen is forgotten.
func (h *house) erases(c bot.Contact) {
	h.t.Helper()
	ctx := h.t.Context()
	must(h.t, h.store.Accept(ctx, bot.Update{ID: bot.NewID(), Channel: c.Channel, Chat: c.User, Event: bot.EventErase, From: bot.Sender{ID: c.User}, At: h.now}))
	p, err := h.store.Pending(ctx, 0, 1)
	must(h.t, err)
	l, err := h.store.Load(ctx, p[0].Turn)
	must(h.t, err)
	l.Contact.Out = true
	h.finish(l, bot.Finished{Erase: true})
}

func (h *house) agrees(c bot.Contact) {
	h.t.Helper()
	_, version, err := h.desk.Consent("vi")
	must(h.t, err)
	must(h.t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.Agree(ctx, tx, c, "vi", version)
		return err
	}))
}

// subscriber is a citizen who gets news of the reform and of procedures at once.
func (h *house) subscriber(channel string) bot.Contact {
	c := h.citizen(channel)
	h.agrees(c)
	return c
}

// run runs the sending job until nothing moves, without sending anything.
func (h *house) run() {
	h.t.Helper()
	must(h.t, h.desk.RunSend(h.t.Context(), h.works))
}

// send sends everything that is due and returns "channel:chat text" of each, sorted.
func (h *house) send() (got []string) {
	h.t.Helper()
	for {
		n := 0
		for _, channel := range []string{"telegram", "zalo", "zalobot"} {
			list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 50, time.Minute)
			must(h.t, err)
			for _, c := range list {
				n++
				text := c.Message.Text
				if c.Edits != "" {
					text = "(edit " + c.Edits + ") " + text
				}
				got = append(got, c.Message.To.Channel+":"+c.Message.To.Chat+" "+firstLine(text))
				must(h.t, h.store.Sent(h.t.Context(), c.Row, bot.Receipt{ID: fmt.Sprint("r", c.Row)}))
			}
		}
		if n == 0 {
			slices.Sort(got)
			return got
		}
	}
}

func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' {
			return s[:i]
		}
	}
	return s
}

func code(err error) bot.Code {
	for _, c := range []bot.Code{bot.Invalid, bot.NotFound, bot.Conflict, bot.Denied} {
		if bot.IsCode(err, c) {
			return c
		}
	}
	return ""
}

// force puts an item into a state past the door, with an approval of its bytes.
func (h *house) force(it items.Item, state items.State) error {
	return h.db.Write(h.t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`delete from news_revisions where item = $1 and number > $2`, it.ID, it.Revision); err != nil {
			return err
		}
		_, err := tx.Exec(`update news_items set state = $2, revision = $3, hash = $4, approved = $4, editor = author, spread = 0, scheduled = 0 where id = $1`,
			it.ID, string(state), it.Revision, it.Hash)
		return err
	})
}
