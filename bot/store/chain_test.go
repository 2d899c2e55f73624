package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// note writes lines into the trail.
func (w *world) note(n int, actor string) {
	w.t.Helper()
	for i := range n {
		u, err := w.Begin(context.Background())
		w.must(err)
		w.must(w.Audit(context.Background(), u.Tx(), actor, "test.done", fmt.Sprintf("thing:%d", i), "đã làm"))
		w.must(u.Commit(context.Background()))
	}
}

func TestTheTrailIsAChain(t *testing.T) {
	w := open(t)
	if whole, broken, err := w.VerifyAudit(t.Context()); err != nil || whole != 0 || broken != 0 {
		t.Fatalf("an empty trail: %d %d %v", whole, broken, err)
	}
	w.note(12, "staff:1")
	head, err := w.AuditHead(t.Context())
	w.must(err)
	whole, broken, err := w.VerifyAudit(t.Context())
	if err != nil || whole != 12 || broken != 0 || head.ID != 12 || len(head.Hash) != 26 {
		t.Fatalf("%d whole, broken at %d, head %+v, %v", whole, broken, head, err)
	}
	// A turn that is undone leaves no line, and no gap.
	u, err := w.Begin(t.Context())
	w.must(err)
	w.must(w.Audit(t.Context(), u.Tx(), "staff:1", "test.undone", "", ""))
	w.must(u.Rollback())
	w.note(1, "staff:2")
	if whole, broken, err := w.VerifyAudit(t.Context()); err != nil || whole != 13 || broken != 0 {
		t.Errorf("after a rollback: %d %d %v", whole, broken, err)
	}
}

// TestTampering changes the file behind the program's back, with the triggers gone.
func TestTampering(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		broken    int64
	}{
		{"a field is changed", `update audit set detail = 'khác' where id = 5`, 5},
		{"the time is changed", `update audit set at = at + 1 where id = 7`, 7},
		{"letters move between fields", `update audit set action = 'test.don', thing = 'e' || thing where id = 3`, 3},
		{"a line is taken out", `delete from audit where id = 6`, 6},
		{"two lines are swapped", `update audit set id = -1 where id = 4; update audit set id = 4 where id = 8; update audit set id = 8 where id = -1`, 4},
		{"the end is cut off", `delete from audit where id > 9`, 10},
		{"all is taken", `delete from audit`, 1},
		{"the head is turned back", `update meta set value = cast('9 ' || (select hash from audit where id = 8) as blob) where name = 'audit_head'`, 9},
		{"the head is gone", `delete from meta where name = 'audit_head'`, 1},
		{"the first line is another's", `update audit set hash = (select hash from audit where id = 2) where id = 1`, 1},
		{"a line is put before the first", `insert into audit (id, at, actor, action, thing, detail, hash) values (0, 1, 'x', 'y', '', '', 'z')`, 13},
	} {
		w := open(t)
		w.note(12, "staff:1")
		// The trail refuses what it can.
		for _, q := range []string{`update audit set detail = 'x' where id = 1`, `delete from audit where id = 1`,
			`insert into audit (at, actor, action, thing, detail) values (1, 'x', 'y', '', '')`} {
			if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(q); return err }); err == nil {
				t.Fatalf("%q went through", q)
			}
		}
		w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for q := range strings.SplitSeq("drop trigger audit_keep; drop trigger audit_stay; drop trigger audit_chained; "+tt.sql, ";") {
				if _, err := tx.Exec(q); err != nil {
					return err
				}
			}
			return nil
		}))
		if _, broken, err := w.VerifyAudit(t.Context()); err != nil || broken != tt.broken {
			t.Errorf("%s: broken at %d, want %d, %v", tt.name, broken, tt.broken, err)
		}
	}
}

// TestAChainWithAnotherKeyDoesNotHold: whoever rewrites it all needs the key.
func TestAChainWithAnotherKeyDoesNotHold(t *testing.T) {
	w := open(t)
	w.note(3, "staff:1")
	other, err := store.OpenKeys(secret("o"), "")
	w.must(err)
	if w.keys.Digest("x") == other.Digest("x") {
		t.Fatal("the keys are the same")
	}
	w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`drop trigger audit_keep`); err != nil {
			return err
		}
		_, err := tx.Exec(`update audit set hash = $1 where id = 3`, other.Digest("made up"))
		return err
	}))
	if _, broken, err := w.VerifyAudit(t.Context()); err != nil || broken != 3 {
		t.Errorf("broken at %d, %v", broken, err)
	}
}

// TestManyWritersMakeOneChain: units, shared writes and two programs on one file.
func TestManyWritersMakeOneChain(t *testing.T) {
	w := open(t)
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: w.path})
	w.must(err)
	defer func() { w.must(db.Close()) }()
	other, err := store.New(t.Context(), store.Options{DB: db, Sealer: w.keys, Clean: strings.TrimSpace, Now: w.clock.Now})
	w.must(err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				s := w.Store
				if i%2 == 1 {
					s = other
				}
				if i < 4 {
					u, err := s.Begin(context.Background())
					w.must(err)
					w.must(s.Audit(context.Background(), u.Tx(), fmt.Sprintf("staff:%d", i), "test.done", "", ""))
					w.must(u.Commit(context.Background()))
					continue
				}
				w.must(s.HoldAll(context.Background(), store.Hold{Thing: fmt.Sprintf("t%d-%d", i, j)}, fmt.Sprintf("staff:%d", i)))
			}
		})
	}
	wg.Wait()
	if whole, broken, err := w.VerifyAudit(t.Context()); err != nil || whole != 80 || broken != 0 {
		t.Errorf("%d lines are whole, broken at %d, %v", whole, broken, err)
	}
}

// TestATrailFromBeforeTheChain is taken over once, line by line.
func TestATrailFromBeforeTheChain(t *testing.T) {
	w := open(t)
	w.note(520, "staff:1")
	before, err := w.AuditHead(t.Context())
	w.must(err)
	w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for _, q := range []string{
			`drop trigger audit_keep`, `update audit set hash = ''`, `delete from meta where name = 'audit_head'`,
			`create trigger audit_keep before update on audit when old.hash <> '' or new.hash = '' begin select raise(abort, 'kept'); end`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	}))
	w.reopen()
	head, err := w.AuditHead(t.Context())
	w.must(err)
	whole, broken, err := w.VerifyAudit(t.Context())
	if err != nil || whole != 520 || broken != 0 || head != before {
		t.Errorf("%d whole, broken at %d, head %+v, %v", whole, broken, head, err)
	}
	w.note(1, "staff:2")
	if whole, broken, err := w.VerifyAudit(t.Context()); err != nil || whole != 521 || broken != 0 {
		t.Errorf("and on: %d %d %v", whole, broken, err)
	}
}

func TestTheTrailIsFiltered(t *testing.T) {
	w := open(t)
	w.note(3, "staff:1")
	w.note(2, "staff:2")
	w.must(w.HoldAll(t.Context(), store.Hold{Channel: "zalo"}, "staff:2"))
	for name, c := range map[string]struct {
		f    bot.AuditFilter
		want int
	}{
		"all":            {bot.AuditFilter{}, 6},
		"by whom":        {bot.AuditFilter{Actor: "staff:2"}, 3},
		"what":           {bot.AuditFilter{Action: "test.done"}, 5},
		"a family":       {bot.AuditFilter{Action: "outbox."}, 1},
		"on what":        {bot.AuditFilter{Thing: "thing:1"}, 2},
		"all three":      {bot.AuditFilter{Actor: "staff:1", Action: "test.", Thing: "thing:2"}, 1},
		"a page":         {bot.AuditFilter{Before: 3}, 2},
		"nothing at all": {bot.AuditFilter{Actor: "staff:2' or '1'='1"}, 0},
	} {
		got, err := w.ListAudit(t.Context(), c.f)
		w.must(err)
		if len(got) != c.want {
			t.Errorf("%s: %d lines, want %d", name, len(got), c.want)
		}
	}
}

func BenchmarkVerifyAudit(b *testing.B) {
	w := open(b)
	w.note(2000, "staff:1")
	for b.Loop() {
		if whole, broken, err := w.VerifyAudit(b.Context()); err != nil || broken != 0 || whole != 2000 {
			b.Fatal(whole, broken, err)
		}
	}
}

// TestADatabaseOfVersionTwo is brought up, and its trail chained.
func TestADatabaseOfVersionTwo(t *testing.T) {
	w := &world{t: t, keys: keys(t), clock: newClock(), path: filepath.Join(t.TempDir(), "old.db")}
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: w.path})
	w.must(err)
	old := fstest.MapFS{}
	for _, name := range []string{"0001_init.sql", "0002_channels.sql"} {
		b, err := fs.ReadFile(store.Schema(), name)
		w.must(err)
		old[name] = &fstest.MapFile{Data: b}
	}
	w.must(db.Migrate(t.Context(), "bot", old))
	w.must(db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 3 {
			if _, err := tx.Exec(`insert into audit (at, actor, action, thing, detail) values ($1, 'cli', 'outbox.dropped', 'outbox:1', '')`, i); err != nil {
				return err
			}
		}
		return nil
	}))
	w.must(db.Close())
	w.start()
	defer func() { w.must(w.db.Close()) }()
	w.note(1, "staff:1")
	if whole, broken, err := w.VerifyAudit(t.Context()); err != nil || whole != 4 || broken != 0 {
		t.Errorf("%d whole, broken at %d, %v", whole, broken, err)
	}
	if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`update audit set detail = 'x' where id = 1`)
		return err
	}); err == nil {
		t.Error("a line that was taken over can be changed")
	}
}
