package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// A secret is on the disk, sealed, and changed only by whoever knows its version.
func TestTheVault(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if _, v, err := w.Secret(ctx, "zalo/token"); err != nil || v != 0 {
		t.Fatalf("version %d, %v before anything was kept", v, err)
	}
	v, err := w.SaveSecret(ctx, "zalo/token", []byte("bí mật số một"), 0)
	w.must(err)
	if _, err := w.SaveSecret(ctx, "zalo/token", []byte("other"), 0); !errors.Is(err, bot.ErrConflict) {
		t.Errorf("a second first value: %v", err)
	}
	next, err := w.SaveSecret(ctx, "zalo/token", []byte("bí mật số hai"), v)
	w.must(err)
	if _, err := w.SaveSecret(ctx, "zalo/token", []byte("late"), v); !errors.Is(err, bot.ErrConflict) || next <= v {
		t.Errorf("an old version: %v; versions %d, %d", err, v, next)
	}
	w.reopen()
	got, version, err := w.Secret(ctx, "zalo/token")
	if err != nil || string(got) != "bí mật số hai" || version != next {
		t.Errorf("%q, version %d, %v after a restart", got, version, err)
	}
	if bytes.Contains(w.files(), []byte("bí mật")) {
		t.Error("a secret is readable in the files")
	}
	for name, value := range map[string]string{"": "x", strings.Repeat("n", 101): "x", "big": strings.Repeat("x", 17<<10)} {
		if _, err := w.SaveSecret(ctx, name, []byte(value), 0); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%.10q: %v", name, err)
		}
	}
	w.exec(`update vault set name = 'zalo/other'`)
	if _, _, err := w.Secret(ctx, "zalo/other"); err == nil {
		t.Error("a value copied to another name opens")
	}
}

func TestALeaseIsGivenBack(t *testing.T) {
	w := open(t)
	take := func(owner string, ttl time.Duration) bool {
		got, err := w.Lease(t.Context(), "zalo/refresh", owner, ttl)
		w.must(err)
		return got
	}
	if !take("a", time.Minute) || take("b", time.Minute) || take("b", 0) || take("b", time.Minute) {
		t.Error("the lease has two owners")
	}
	take("a", 0)
	if !take("b", time.Minute) {
		t.Error("a lease that was given back is kept")
	}
}

// What the gate needs comes with the claimed message.
func TestStandings(t *testing.T) {
	w := open(t)
	chat := "uc1" // on such platforms a private chat goes by the citizen's id
	w.accept(update("1", "c1", "chào"))
	at := w.clock.Now().Add(-time.Hour)
	f := finished(w.load(), "")
	f.Heard, f.Wrote = at, true
	_, err := w.finish(f)
	w.must(err)
	claim := func() bot.Standing {
		w.enqueue(reply(chat, "x"))
		c := w.claim(bot.LaneReply, 1)
		if len(c) != 1 {
			t.Fatalf("%d claimed", len(c))
		}
		w.must(w.Sent(t.Context(), c[0].Row, bot.Receipt{ID: "m", Note: `{"t":"reply"}`}))
		return c[0].Standing
	}
	if got := claim(); !got.Heard.Equal(at) || !got.Wrote.Equal(at) || got.Note != "" {
		t.Errorf("after a message: %+v", got)
	}
	if got := claim(); got.Note != `{"t":"reply"}` {
		t.Errorf("after a receipt: %+v", got)
	}
	// A later follow is heard, not written; an earlier message that comes late moves nothing back.
	for i, c := range []struct {
		heard time.Time
		wrote bool
		want  [2]time.Time
	}{
		{at.Add(time.Minute), false, [2]time.Time{at.Add(time.Minute), at}},
		{at.Add(-time.Hour), true, [2]time.Time{at.Add(time.Minute), at}},
	} {
		w.accept(update(string(rune('a'+i)), "c1", "x"))
		f := finished(w.load(), "")
		f.Heard, f.Wrote = c.heard, c.wrote
		_, err := w.finish(f)
		w.must(err)
		if got := claim(); !got.Heard.Equal(c.want[0]) || !got.Wrote.Equal(c.want[1]) {
			t.Errorf("%d: %+v", i, got)
		}
	}
	w.enqueue(reply(chat, "x"))
	c := w.claim(bot.LaneReply, 1)
	w.must(w.Sent(t.Context(), c[0].Row, bot.Receipt{ID: "m", Note: strings.Repeat("x", bot.MaxNote+1)}))
	if got := claim(); got.Note != `{"t":"reply"}` {
		t.Errorf("a note that is too long is kept: %.20q", got.Note)
	}
	w.clock.Advance(401 * 24 * time.Hour)
	w.must(w.Maintain(t.Context()))
	if got := claim(); !got.Heard.IsZero() {
		t.Errorf("after a year: %+v", got)
	}
}

func TestChannelsWithoutAGateCostNothing(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "chào"))
	_, err := w.finish(finished(w.load(), ""))
	w.must(err)
	var n int
	w.must(w.db.Get(t.Context(), `select count(*) from standings`, nil, &n))
	if n != 0 {
		t.Errorf("%d standings", n)
	}
}

func TestQuietChats(t *testing.T) {
	w := open(t)
	for i, minutes := range []time.Duration{90, 30, -5} {
		id := string(rune('a' + i))
		w.accept(update(id, id, "x"))
		f := finished(w.load(), "")
		f.Quiet, f.Talk = w.clock.Now().Add(minutes*time.Minute), true
		_, err := w.finish(f)
		w.must(err)
	}
	got, err := w.ListQuiet(t.Context(), "telegram", 0)
	w.must(err)
	if len(got) != 2 || !got[0].Until.Before(got[1].Until) {
		t.Errorf("quiet: %+v", got)
	}
	if got, err := w.ListQuiet(t.Context(), "zalo", 0); err != nil || len(got) != 0 {
		t.Errorf("of another channel: %+v, %v", got, err)
	}
	w.accept(update("z", "a", "x"))
	f := finished(w.load(), "")
	f.Talk = true // given back
	_, err = w.finish(f)
	w.must(err)
	if got, err := w.ListQuiet(t.Context(), "", 0); err != nil || len(got) != 1 {
		t.Errorf("after one was given back: %+v, %v", got, err)
	}
}

// An attempt in doubt stays so until something is known.
func TestDoubt(t *testing.T) {
	w := open(t)
	w.enqueue(reply("c1", "x"))
	began := w.clock.Now()
	c := w.claim(bot.LaneReply, 1)[0]
	if !c.Doubt.IsZero() {
		t.Error("a first attempt is in doubt")
	}
	w.must(w.Doubt(t.Context(), c.Row, began, began.Add(5*time.Second), "delivery.reason_doubt"))
	if len(w.claim(bot.LaneReply, 1)) != 0 {
		t.Error("it is claimed before it is due")
	}
	w.clock.Advance(6 * time.Second)
	c = w.claim(bot.LaneReply, 1)[0]
	if !c.Doubt.Equal(began) || c.Attempts != 1 {
		t.Errorf("in doubt since %s after %d attempts", c.Doubt, c.Attempts)
	}
	w.must(w.Retry(t.Context(), c.Row, w.clock.Now(), true, "delivery.reason_temporary"))
	if c = w.claim(bot.LaneReply, 1)[0]; !c.Doubt.IsZero() {
		t.Error("still in doubt after a failure that is known")
	}

	// The process dies while it sends: the next one finds the doubt, of the last attempt.
	tried := w.clock.Now()
	w.clock.Advance(2 * time.Minute)
	if c = w.claim(bot.LaneReply, 1)[0]; !c.Doubt.Equal(tried) {
		t.Errorf("after a lease that ran out: in doubt since %s, the attempt began at %s", c.Doubt, tried)
	}
	w.must(w.Hold(t.Context(), c.Row, "delivery.reason_doubt"))
	w.must(w.RetryRow(t.Context(), c.Row, "cli", ""))
	if c = w.claim(bot.LaneReply, 1)[0]; !c.Doubt.Equal(tried) {
		t.Error("an operator's retry sends blindly")
	}
	w.must(w.Sent(t.Context(), c.Row, bot.Receipt{ID: "m"}))
}

// Whoever wants to be forgotten leaves no byte behind, and stays opted out.
func TestErase(t *testing.T) {
	w := open(t)
	const said, heardName = "tôi là Trần Thị Quên, số 0912345678", "Nguyễn Văn An"
	for _, id := range []string{"1", "2"} {
		w.accept(update(id, "c1", said))
		_, err := w.finish(finished(w.load(), "phiên của chị Quên"), reply("c1", "chào chị Quên"))
		w.must(err)
	}
	w.accept(update("other", "c2", "việc của người khác"))
	_, err := w.finish(finished(w.load(), "s"), reply("c2", "chào"))
	w.must(err)
	sent := w.claim(bot.LaneReply, 1)[0]
	w.must(w.Sent(t.Context(), sent.Row, bot.Receipt{ID: "m1"}))
	var payloads [][]byte
	rows, err := w.db.Read().QueryContext(t.Context(), `select payload from inbox where user_key = (select user_key from inbox where turn = 1)
		union all select payload from outbox where chat = (select chat from inbox where turn = 1) union all select profile from contacts where id = 1
		union all select session from chats where id = 1`)
	w.must(err)
	for rows.Next() {
		var p []byte
		w.must(rows.Scan(&p))
		if len(p) > 40 {
			payloads = append(payloads, p)
		}
	}
	w.must(errors.Join(rows.Err(), rows.Close()))
	if len(payloads) < 5 {
		t.Fatalf("only %d sealed values to look for", len(payloads))
	}

	e := update("erase", "c1", "")
	e.Event = bot.EventErase
	w.accept(e)
	f := finished(w.load(), "trống")
	f.Ending, f.Erase, f.Release = bot.Dropped, true, false
	f.Contact.Out = true
	_, err = w.finish(f)
	w.must(err)
	check := func(when string) {
		all := w.files()
		for i, p := range payloads {
			if bytes.Contains(all, p[:40]) {
				t.Errorf("%s sealed value %d is still in the files", when, i)
			}
		}
	}
	check("at once")
	w.reopen()
	check("after a restart")
	if l, err := w.ListOutbox(t.Context(), store.OutboxFilter{State: bot.OutboxQueued}); err != nil || len(l) != 1 {
		t.Errorf("%d messages wait, want the other citizen's: %v", len(l), err)
	}
	// Written to again, the citizen is nobody known, and still wants silence.
	next := update("3", "c1", "chào")
	next.From.Name = ""
	w.accept(next)
	l := w.load()
	if l.Contact.Name != "" || !l.Contact.Out || strings.Contains(l.Contact.Name, heardName) {
		t.Errorf("the contact is %+v", l.Contact)
	}
}

// A database of the first version is brought to this one with its rows.
func TestAnOldDatabaseIsMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "cchcbot.db")
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), "bot", only(t, "0001_init.sql")); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, payload)
			values ('m', 'telegram', 'x', 'reply', 'held', 0, 0, 0, 0, '', x'00')`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, keys: keys(t), clock: newClock(), path: path}
	w.start()
	t.Cleanup(func() { w.must(w.db.Close()) })
	if l, err := w.ListOutbox(t.Context(), store.OutboxFilter{}); err != nil || len(l) != 1 {
		t.Errorf("%d messages, %v", len(l), err)
	}
}
