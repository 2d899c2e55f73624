package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

func TestAnAcceptedUpdateSurvivesARestartAndBecomesATurn(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "  làm giấy khai sinh cần gì  "))
	w.reopen()

	l := w.load()
	if l.Update.Text != "làm giấy khai sinh cần gì" || l.Update.Chat != "c1" || !l.Contact.New || l.Contact.ID != 0 || l.LastTurn != 0 {
		t.Fatalf("loaded %+v", l)
	}
	if l.Contact.User != "uc1" || l.Contact.Name != "Nguyễn Văn An" {
		t.Fatalf("contact %+v", l.Contact)
	}
	id, err := w.finish(finished(l, "session 1"), reply("c1", "one"), reply("c1", "two"))
	w.must(err)
	w.reopen()

	if p := w.pending(); len(p) != 0 {
		t.Fatalf("still pending: %+v", p)
	}
	if _, err := w.Load(t.Context(), l.Turn); !bot.IsCode(err, bot.NotFound) {
		t.Fatalf("load of a finished turn: %v", err)
	}
	session, err := w.SessionOf(t.Context(), l.Turn)
	if err != nil || string(session) != "session 1" {
		t.Fatalf("session %q, %v", session, err)
	}
	if got := texts(w.claim(bot.LaneReply, 5)); got != "one" {
		t.Fatalf("claimed %q", got)
	}

	w.accept(update("2", "c1", "còn lệ phí?"))
	next := w.load()
	if next.Contact.ID != id || next.Contact.New || next.LastTurn != l.Turn || next.Contact.Person == 0 {
		t.Fatalf("second turn loaded %+v", next)
	}
	_, err = w.finish(finished(next, "session 2"))
	w.must(err)
	if old, err := w.SessionOf(t.Context(), l.Turn); err != nil || old != nil {
		t.Fatalf("the session before the last is %q, %v", old, err)
	}
}

// crash copies the files as they are on the disk, with a transaction open and
// nothing closed, and opens the copy, as a process that starts after a kill does.
func (w *world) crash() *world {
	w.t.Helper()
	after := &world{t: w.t, keys: w.keys, clock: w.clock, path: filepath.Join(w.t.TempDir(), "after", "cchcbot.db")}
	w.must(os.MkdirAll(filepath.Dir(after.path), 0o700))
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(w.path + end)
		w.must(err)
		w.must(os.WriteFile(after.path+end, b, 0o600))
	}
	after.start()
	w.t.Cleanup(func() {
		if err := after.db.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return after
}

func TestWhatWasCommittedSurvivesAKillAndWhatWasNotDidNotHappen(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "first"))
	if l := w.crash().load(); l.Update.Text != "first" {
		t.Fatalf("after accept: %+v", l)
	}
	l := w.load()
	u, err := w.Begin(t.Context())
	w.must(err)
	defer func() { w.must(u.Rollback()) }()
	w.must(u.Enqueue(t.Context(), []bot.Queued{reply("c1", "answer")}))
	_, err = u.(bot.TurnUnit).Finish(t.Context(), finished(l, "session"))
	w.must(err)
	after := w.crash()
	if p, c := after.pending(), after.claim(bot.LaneReply, 5); len(p) != 1 || len(c) != 0 {
		t.Fatalf("before the commit: %d pending, %d to send", len(p), len(c))
	}
	w.must(u.Commit(t.Context()))
	after = w.crash()
	if p, c := after.pending(), after.claim(bot.LaneReply, 5); len(p) != 0 || texts(c) != "answer" {
		t.Fatalf("after the commit: %d pending, %q to send", len(p), texts(c))
	}
	if s, err := after.SessionOf(t.Context(), l.Turn); err != nil || string(s) != "session" {
		t.Fatalf("session %q, %v", s, err)
	}
}

func TestAnUpdateThatCameBeforeIsAcceptedWithoutEffect(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"), update("1", "c1", "a again"), update("2", "c1", "b"))
	zalo := update("1", "c1", "same id on another channel")
	zalo.Channel = "zalo"
	w.accept(zalo)
	if p := w.pending(); len(p) != 3 {
		t.Fatalf("%d updates are pending, want 3", len(p))
	}
	_, err := w.finish(finished(w.load(), "s"))
	w.must(err)
	w.accept(update("1", "c1", "a, long after"))
	if p := w.pending(); len(p) != 2 {
		t.Fatalf("%d updates are pending, want 2", len(p))
	}
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	w := open(t)
	for name, change := range map[string]func(*bot.Update){
		"no id":              func(u *bot.Update) { u.ID = "" },
		"invalid UTF-8":      func(u *bot.Update) { u.Chat = "a\xff" },
		"control characters": func(u *bot.Update) { u.From.ID = "a\x1fb" },
		"NUL":                func(u *bot.Update) { u.ID = "a\x00" },
		"long":               func(u *bot.Update) { u.Chat = strings.Repeat("x", 300) },
	} {
		u := update("1", "c", "text")
		change(&u)
		if err := w.Accept(t.Context(), u); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := w.pending(); len(p) != 0 {
		t.Fatalf("pending %v", p)
	}
}

func TestPendingIsInOrderOfAcceptance(t *testing.T) {
	w := open(t)
	for i := range 20 {
		w.accept(update(fmt.Sprint(i), fmt.Sprint("c", i%3), fmt.Sprint(i)))
	}
	p := w.pending()
	for i := 1; i < len(p); i++ {
		if p[i].Turn <= p[i-1].Turn {
			t.Fatalf("order %+v", p)
		}
	}
	if p[0].Chat != p[3].Chat || p[0].Chat == p[1].Chat || strings.Contains(p[0].Chat, "c0") {
		t.Fatalf("chats %q %q %q", p[0].Chat, p[1].Chat, p[3].Chat)
	}
	after, err := w.Pending(t.Context(), p[4].Turn, 2)
	if err != nil || len(after) != 2 || after[0] != p[5] {
		t.Fatalf("page %+v, %v", after, err)
	}
}

func TestManyAcceptAtOnce(t *testing.T) {
	w := open(t)
	const writers, each = 16, 20
	var wg sync.WaitGroup
	errs := make(chan error, writers*each)
	for g := range writers {
		wg.Go(func() {
			for i := range each {
				// Half of the ids are sent by two writers.
				errs <- w.Accept(t.Context(), update(fmt.Sprint(g/2*each+i), "c", "text"))
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		w.must(err)
	}
	if p := w.pending(); len(p) != writers/2*each {
		t.Fatalf("%d updates are pending, want %d", len(p), writers/2*each)
	}
}

func TestTwoProcessesCannotForkAConversation(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"), update("2", "c1", "b"), update("3", "c1", "c"))
	p := w.pending()
	first, err := w.Load(t.Context(), p[0].Turn)
	w.must(err)
	second, err := w.Load(t.Context(), p[1].Turn)
	w.must(err)
	_, err = w.finish(finished(first, "s1"), reply("c1", "answer 1"))
	w.must(err)

	// The second was loaded when the chat had no turn yet.
	if _, err := w.finish(finished(second, "s2"), reply("c1", "answer 2")); !bot.IsCode(err, bot.Conflict) {
		t.Fatalf("stale turn: %v", err)
	}
	// The first cannot end twice.
	again := finished(first, "s1")
	again.LastTurn = first.Turn
	if _, err := w.finish(again); !bot.IsCode(err, bot.Conflict) {
		t.Fatalf("second end: %v", err)
	}
	if got := texts(w.claim(bot.LaneReply, 5)); got != "answer 1" {
		t.Fatalf("outbox %q", got)
	}
	second, err = w.Load(t.Context(), p[1].Turn)
	w.must(err)
	_, err = w.finish(finished(second, "s2"))
	w.must(err)
	stale, err := w.Load(t.Context(), p[2].Turn)
	w.must(err)
	stale.LastTurn = first.Turn
	if _, err := w.finish(finished(stale, "s3")); !bot.IsCode(err, bot.Conflict) {
		t.Fatalf("turn on an older one: %v", err)
	}
}

func TestOneCitizenInTwoChatsIsOneContact(t *testing.T) {
	w := open(t)
	private, group := update("1", "c1", "a"), update("2", "g", "b")
	group.From, group.Group = private.From, true
	w.accept(private, group)
	p := w.pending()
	a, err := w.Load(t.Context(), p[0].Turn)
	w.must(err)
	b, err := w.Load(t.Context(), p[1].Turn)
	w.must(err)
	one, err := w.finish(finished(a, "s"))
	w.must(err)
	two, err := w.finish(finished(b, "s")) // loaded before the first was known
	w.must(err)
	if one != two {
		t.Fatalf("contacts %d and %d", one, two)
	}
}

func TestAContactRemembersWhatChanged(t *testing.T) {
	w := open(t)
	turn := func(id string, change func(*bot.Update, *bot.Contact)) bot.Contact {
		u := update(id, "c1", "text")
		var none bot.Contact
		change(&u, &none)
		w.accept(u)
		l := w.load()
		change(&u, &l.Contact)
		_, err := w.finish(finished(l, "s"))
		w.must(err)
		return l.Contact
	}
	turn("1", func(*bot.Update, *bot.Contact) {})
	turn("2", func(_ *bot.Update, c *bot.Contact) { c.Lang, c.Out = "en", true })
	turn("3", func(u *bot.Update, c *bot.Contact) { u.From.Name = "" })
	c := turn("4", func(u *bot.Update, c *bot.Contact) { u.From.Name = "" })
	if c.Lang != "en" || !c.Out || c.Name != "Nguyễn Văn An" || c.New || c.Since.IsZero() {
		t.Fatalf("contact %+v", c)
	}
}

func TestAPostponedTurnKeepsItsCountAndAnAbandonedOneCanBeRetried(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"))
	turn := w.pending()[0].Turn
	due := w.clock.Now().Add(3 * time.Second)
	w.must(w.Postpone(t.Context(), turn, 2, due, "handler"))
	if p := w.pending()[0]; p.Attempts != 2 || !p.Due.Equal(due) {
		t.Fatalf("pending %+v", p)
	}
	w.must(w.Abandon(t.Context(), turn, "load"))
	if len(w.pending()) != 0 {
		t.Fatal("an abandoned turn is pending")
	}
	failed, err := w.ListInbox(t.Context(), true, 0, 10)
	if err != nil || len(failed) != 1 || failed[0].Reason != "load" || failed[0].State != "failed" {
		t.Fatalf("failed %+v, %v", failed, err)
	}
	if err := w.Postpone(t.Context(), turn, 1, due, "x"); !bot.IsCode(err, bot.NotFound) {
		t.Fatalf("postpone of a failed turn: %v", err)
	}
	w.must(w.RetryInbox(t.Context(), turn, "cli", ""))
	if l := w.load(); l.Turn != turn || l.Attempts != 0 || l.Update.Text != "a" {
		t.Fatalf("loaded %+v", l)
	}
	if err := w.RetryInbox(t.Context(), turn, "cli", ""); !bot.IsCode(err, bot.Conflict) {
		t.Fatalf("second retry: %v", err)
	}
}

func TestARolledBackUnitLeavesNothing(t *testing.T) {
	w := open(t)
	u, err := w.Begin(t.Context())
	w.must(err)
	w.must(u.Enqueue(t.Context(), []bot.Queued{reply("c1", "never")}))
	w.must(w.Audit(t.Context(), u.Tx(), "cli", "test", "", ""))
	w.must(u.Rollback())
	w.must(u.Rollback())
	if c := w.claim(bot.LaneReply, 5); len(c) != 0 {
		t.Fatalf("claimed %v", c)
	}
	ended, cancel := context.WithCancel(t.Context())
	u, err = w.Begin(ended)
	w.must(err)
	w.must(u.Enqueue(ended, []bot.Queued{reply("c1", "never")}))
	cancel()
	if err := u.Commit(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("commit after the end: %v", err)
	}
	w.enqueue(reply("c1", "yes")) // nobody holds the database
	if got := texts(w.claim(bot.LaneReply, 5)); got != "yes" {
		t.Fatalf("claimed %q", got)
	}
}

// files returns every byte of the database's files.
func (w *world) files() []byte {
	w.t.Helper()
	var all []byte
	found, err := filepath.Glob(filepath.Dir(w.path) + "/*")
	w.must(err)
	for _, f := range found {
		b, err := os.ReadFile(f)
		w.must(err)
		all = append(all, b...)
	}
	return all
}

func (w *world) payload(turn int64) []byte {
	w.t.Helper()
	var b []byte
	w.must(w.db.Read().QueryRow("select payload from inbox where turn = $1", turn).Scan(&b))
	return b
}

func TestADroppedTurnLeavesNoByte(t *testing.T) {
	for _, size := range []int{40, 900, 3000, 9000} { // beside others in a page, and in pages of its own
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := open(t)
			secret := strings.Repeat("tố cáo ông X nhận tiền ", size/20+1)
			for i := range 60 { // neighbours, before, between and after
				w.accept(update(fmt.Sprint("a", i), fmt.Sprint("n", i), strings.Repeat("y", size/2)))
			}
			w.accept(update("secret", "c1", secret))
			for i := range 10 {
				w.accept(update(fmt.Sprint("b", i), fmt.Sprint("m", i), strings.Repeat("z", size/3)))
			}
			var dropped bot.Loaded
			for _, p := range w.pending() {
				l, err := w.Load(t.Context(), p.Turn)
				w.must(err)
				if l.Update.ID == "secret" {
					w.must(w.Postpone(t.Context(), p.Turn, 1, w.clock.Now(), "handler"))
					dropped = l
					continue
				}
				_, err = w.finish(finished(l, strings.Repeat("s", 500)))
				w.must(err)
			}
			sealed := w.payload(dropped.Turn)
			if !bytes.Contains(w.files(), sealed[:60]) {
				t.Fatal("the sealed text is not in the files before: this test looks in the wrong place")
			}
			f := finished(dropped, "clean session")
			f.Ending = bot.Dropped
			_, err := w.finish(f, reply("c1", "please go to the inspectorate"))
			w.must(err)

			all := w.files()
			if bytes.Contains(all, []byte("nhận tiền")) || bytes.Contains(all, []byte("Văn An")) {
				t.Error("plain text is in the files")
			}
			for i := 0; i+24 <= len(sealed); i += 24 {
				if bytes.Contains(all, sealed[i:i+24]) {
					t.Fatalf("sealed bytes from %d of %d are still in the files", i, len(sealed))
				}
			}
			session, err := w.SessionOf(t.Context(), dropped.Turn)
			if err != nil || string(session) != "clean session" {
				t.Fatalf("session %q, %v", session, err)
			}
			if b := w.payload(dropped.Turn); b != nil {
				t.Fatal("the payload is still there")
			}
		})
	}
}

func TestAReaderDelaysTheCleaningNotTheTurn(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", strings.Repeat("secret ", 50)))
	l := w.load()
	sealed := w.payload(l.Turn)
	rows, err := w.db.Read().QueryContext(t.Context(), "select turn from inbox")
	w.must(err)
	if !rows.Next() { // holds a snapshot from before
		t.Fatal("no row")
	}
	f := finished(l, "s")
	f.Ending = bot.Dropped
	_, err = w.finish(f)
	w.must(err)
	if st, err := w.Stats(t.Context()); err != nil || !st.Unscrubbed {
		t.Fatalf("stats %+v, %v: nothing is said to wait for cleaning", st, err)
	}
	if w.Scrub(t.Context()) {
		t.Fatal("cleaned under a reader")
	}
	w.must(rows.Close())
	w.must(w.Maintain(t.Context()))
	if st, err := w.Stats(t.Context()); err != nil || st.Unscrubbed {
		t.Fatalf("stats %+v, %v", st, err)
	}
	if bytes.Contains(w.files(), sealed[:40]) {
		t.Fatal("sealed bytes are still in the files")
	}
}

func TestNothingPersonalIsReadableInTheFiles(t *testing.T) {
	w := open(t)
	u := update("update-id-77", "chat-id-88", "con tôi mới sinh")
	u.From = bot.Sender{ID: "user-id-99", Name: "Trần Thị Bình", Phone: "0912345678"}
	w.accept(u)
	q := reply("chat-id-88", "Chào chị Bình")
	q.Unique = "unique-66"
	_, err := w.finish(finished(w.load(), "sealed elsewhere"), q)
	w.must(err)
	_, err = w.SaveOfficer(t.Context(), bot.Officer{Name: "Lê Văn Cường", Email: "cuong@example.vn", Active: true}, "cli")
	w.must(err)
	all := w.files()
	for _, s := range []string{"update-id-77", "chat-id-88", "user-id-99", "Bình", "mới sinh", "0912345678", "unique-66", "Cường", "cuong@"} {
		if bytes.Contains(all, []byte(s)) {
			t.Errorf("%q is readable", s)
		}
	}
}

func TestASealedValueDoesNotOpenInAnotherRow(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "mine"), update("2", "c2", "theirs"))
	w.enqueue(reply("c1", "to c1"), reply("c2", "to c2"))
	w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`update inbox set payload = (select payload from inbox i where i.turn = 1) where turn = 2`); err != nil {
			return err
		}
		_, err := tx.Exec(`update outbox set payload = (select payload from outbox o where o.id = 1) where id = 2`)
		return err
	}))
	if _, err := w.Load(t.Context(), 2); !errors.Is(err, store.ErrSealed) {
		t.Fatalf("load of a row with a foreign payload: %v", err)
	}
	if got := texts(w.claim(bot.LaneReply, 5)); got != "to c1" {
		t.Fatalf("claimed %q", got)
	}
	dead, err := w.ListOutbox(t.Context(), store.OutboxFilter{State: bot.OutboxDead})
	if err != nil || len(dead) != 1 || dead[0].Row != 2 || dead[0].Reason != "delivery.reason_unreadable" {
		t.Fatalf("dead %+v, %v", dead, err)
	}
}

func TestAnotherKeyIsNoticedAtTheStart(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"))
	start := func(k *store.Keys) error {
		_, err := store.New(t.Context(), store.Options{DB: w.db, Sealer: k, Clean: strings.TrimSpace})
		return err
	}
	if err := start(keys(t, "x")); !errors.Is(err, store.ErrWrongKey) {
		t.Fatalf("another key: %v", err)
	}
	if err := start(keys(t, "x", "k")); !errors.Is(err, store.ErrWrongKey) {
		t.Fatalf("another first key, from which digests come: %v", err)
	}
	if err := start(keys(t, "k", "x")); err != nil {
		t.Fatalf("a newer key behind the old one: %v", err)
	}
	if l := w.load(); l.Update.Text != "a" {
		t.Fatalf("loaded %+v", l)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	w := open(t)
	w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`insert into bot_version (version_id, is_applied) values (99, 1)`)
		return err
	}))
	_, err := store.New(t.Context(), store.Options{DB: w.db, Sealer: w.keys, Clean: strings.TrimSpace})
	if !errors.Is(err, sqldb.ErrNewer) || !strings.Contains(err.Error(), "99") {
		t.Fatalf("newer database: %v", err)
	}
}
