package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"cchcbot/bot/sqldb"
)

const first = `-- +goose Up
create table things (id integer primary key, name text not null unique, other integer references things (id));
`

func files(texts ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, t := range texts {
		m[fmt.Sprintf("%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(t)}
	}
	return m
}

func open(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(t.TempDir(), "odd name #1 ?x=%20", "a b.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context(), "test", files(first)); err != nil {
		t.Fatal(err)
	}
	return db
}

func insert(name string) func(*sqldb.Tx) error {
	return func(tx *sqldb.Tx) error {
		_, err := tx.Exec("insert into things (name) values ($1)", name)
		return err
	}
}

func names(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	var out []string
	err := db.Each(t.Context(), "select name from things order by name", nil, func(r *sql.Rows) error {
		var s string
		err := r.Scan(&s)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestTheFilesAreForThisUserOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are kept otherwise there")
	}
	db := open(t)
	if err := db.Write(t.Context(), insert("x")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		db.Path(): 0o600, db.Path() + "-wal": 0o600, db.Path() + "-shm": 0o600, filepath.Dir(db.Path()): 0o700,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", filepath.Base(path), info.Mode().Perm(), err, want)
		}
	}
}

func TestSettingsOfTheConnections(t *testing.T) {
	db := open(t)
	for pragma, want := range map[string]string{"secure_delete": "1", "foreign_keys": "1", "synchronous": "2", "journal_mode": "wal", "temp_store": "2"} {
		var got string
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.Get("pragma "+pragma, nil, &got) }); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := db.Read().Exec("insert into things (name) values ('x')"); err == nil {
		t.Error("the reading pool writes")
	}
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("insert into things (name, other) values ('x', 99)")
		return err
	}); err == nil {
		t.Error("a row may point to one that does not exist")
	}
}

func TestAWriteHappensWhollyOrNotAtAll(t *testing.T) {
	db := open(t)
	failure := errors.New("no")
	err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if err := insert("half")(tx); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	// A failed statement ends its transaction even when its error is ignored, as in PostgreSQL.
	err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if err := insert("before")(tx); err != nil {
			return err
		}
		_ = insert("before")(tx)
		_ = insert("after")(tx)
		return nil
	})
	if !sqldb.IsUnique(err) {
		t.Fatalf("ignored failure: %v", err)
	}
	tx, err := db.BeginWrite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = insert("a")(tx)
	_ = insert("a")(tx)
	if err := tx.Commit(); !sqldb.IsUnique(err) {
		t.Fatalf("commit after a failure: %v", err)
	}
	if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) {
		t.Fatalf("second commit: %v", err)
	}
	if got := names(t, db); got != "" {
		t.Fatalf("rows %q", got)
	}
}

func TestWritesThatShareATransactionFailAlone(t *testing.T) {
	db := open(t)
	holder, err := db.BeginWrite(t.Context()) // so that the others gather
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	errs := make([]error, n)
	panicked := make([]any, n)
	var wg, ready sync.WaitGroup
	for i := range n {
		ready.Add(1)
		wg.Go(func() {
			defer func() { panicked[i] = recover() }()
			ready.Done()
			errs[i] = db.Write(t.Context(), func(tx *sqldb.Tx) error {
				if err := insert(fmt.Sprintf("%02d", i))(tx); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return errors.New("own error")
				case 2:
					return insert("clash")(tx) // all but the first of these break a unique key
				case 3:
					panic(i)
				}
				return nil
			})
		})
	}
	ready.Wait()
	if err := holder.Commit(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	clashes := 0
	for i := range n {
		switch i % 4 {
		case 0:
			if errs[i] != nil {
				t.Errorf("write %d: %v", i, errs[i])
			}
		case 1:
			if errs[i] == nil {
				t.Errorf("write %d lost its error", i)
			}
		case 2:
			if errs[i] == nil {
				clashes++
			} else if !sqldb.IsUnique(errs[i]) {
				t.Errorf("write %d: %v", i, errs[i])
			}
		case 3:
			if panicked[i] != i {
				t.Errorf("write %d panicked with %v", i, panicked[i])
			}
		}
	}
	if got := len(strings.Fields(names(t, db))); got != n/4+2 || clashes != 1 {
		t.Errorf("%d rows and %d first ones, want %d and 1: %s", got, clashes, n/4+2, names(t, db))
	}
}

func TestAWaitForTheDatabaseEndsWithItsContext(t *testing.T) {
	db := open(t)
	holder, err := db.BeginWrite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 2)
	go func() { results <- db.Write(ctx, insert("never")) }()
	go func() {
		_, err := db.BeginWrite(ctx)
		results <- err
	}()
	cancel()
	for range 2 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("wait: %v", err)
		}
	}
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), insert("x")); err != nil || names(t, db) != "x" {
		t.Fatalf("%v, rows %q", err, names(t, db))
	}
}

func TestAStatementStoppedInTheMiddleEndsItsTransaction(t *testing.T) {
	db := open(t)
	tx, err := db.BeginWrite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := insert("before")(tx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() { <-started; cancel() }()
	close(started)
	_, err = tx.ExecContext(ctx, `insert into things (name) with recursive n (i) as (select 1 union all select i + 1 from n) select 'n' || i from n`)
	if err == nil {
		t.Fatal("an endless statement ended")
	}
	if _, err := tx.ExecContext(t.Context(), "insert into things (name) values ('after')"); err == nil {
		t.Error("the transaction goes on, outside of any")
	}
	if err := tx.QueryRowContext(t.Context(), "select 1").Scan(new(int)); err == nil {
		t.Error("a query runs in a lost transaction")
	}
	if err := tx.Commit(); err == nil {
		t.Error("a lost transaction commits")
	}
	if err := db.Write(t.Context(), insert("next")); err != nil || names(t, db) != "next" {
		t.Fatalf("%v, rows %q", err, names(t, db))
	}
}

func TestQueriesOfOneTransactionMayOverlap(t *testing.T) {
	db := open(t)
	for _, n := range []string{"a", "b", "c"} {
		if err := db.Write(t.Context(), insert(n)); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginWrite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}()
	const q = "select name from things where name >= $1 order by name"
	pairs := 0
	outer, err := tx.QueryContext(t.Context(), q, "a")
	if err != nil {
		t.Fatal(err)
	}
	for outer.Next() {
		var name string
		if err := outer.Scan(&name); err != nil {
			t.Fatal(err)
		}
		inner, err := tx.QueryContext(t.Context(), q, name)
		if err != nil {
			t.Fatal(err)
		}
		for inner.Next() {
			pairs++
		}
		if err := errors.Join(inner.Err(), inner.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(outer.Err(), outer.Close()); err != nil || pairs != 6 {
		t.Fatalf("%d pairs, want 6, %v", pairs, err)
	}
}

func TestMoreStatementsThanAreKept(t *testing.T) {
	db := open(t)
	for i := range 600 {
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			var got int
			if err := tx.Get(fmt.Sprintf("select %d", i), nil, &got); err != nil || got != i {
				return fmt.Errorf("got %d, %w", got, err)
			}
			_, err := tx.Exec(fmt.Sprintf("insert into things (name) values ('%d')", i))
			return err
		}); err != nil {
			t.Fatal(i, err)
		}
	}
}

// TestALowerNumberIsAppliedToo: two parts of a line number their migrations in
// ranges of their own, and the first gets another one later.
func TestALowerNumberIsAppliedToo(t *testing.T) {
	db := open(t)
	parts := fstest.MapFS{
		"0001_a.sql": {Data: []byte("-- +goose Up\ncreate table a (id integer primary key);\n")},
		"0020_b.sql": {Data: []byte("-- +goose Up\ncreate table b (id integer primary key);\n")},
	}
	if err := db.Migrate(t.Context(), "test", parts); err != nil {
		t.Fatal(err)
	}
	parts["0002_a.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table a2 (id integer primary key);\n")}
	for range 2 {
		if err := db.Migrate(t.Context(), "test", parts); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Read().QueryContext(t.Context(), "select id from a2"); err != nil {
		t.Error(err)
	}
}

func TestMigrationsOfTwoLines(t *testing.T) {
	db := open(t)
	other := "-- +goose Up\ncreate table other (id integer primary key);\n"
	if err := db.Migrate(t.Context(), "news", files(other)); err != nil {
		t.Fatal(err)
	}
	second := "-- +goose Up\nalter table things add column more text;\n"
	for range 2 {
		if err := db.Migrate(t.Context(), "test", files(first, second)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := db.Versions(t.Context())
	if err != nil || len(v) != 2 || v["test"] != 2 || v["news"] != 1 {
		t.Fatalf("versions %v, %v", v, err)
	}
	if err := db.Migrate(t.Context(), "test", files(first)); !errors.Is(err, sqldb.ErrNewer) {
		t.Fatalf("an older program: %v", err)
	}
	broken := "-- +goose Up\ncreate table third (id integer);\ninsert into nowhere values (1);\n"
	if err := db.Migrate(t.Context(), "test", files(first, second, broken)); err == nil {
		t.Fatal("a broken migration succeeds")
	}
	if v, err = db.Versions(t.Context()); err != nil || v["test"] != 2 {
		t.Fatalf("versions %v, %v", v, err)
	}
	if _, err := db.Read().Exec("select * from third"); err == nil {
		t.Fatal("half a migration stays")
	}
	if err := db.Migrate(t.Context(), "Bad; name", files(first)); err == nil {
		t.Fatal("a bad name is taken")
	}
}

func TestClearErrorsAtTheStart(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is a letter, not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"a text file":           {text, sqldb.ErrNotDatabase},
		"a folder":              {dir, sqldb.ErrNotWritable},
		"a file for a folder":   {filepath.Join(text, "x.db"), sqldb.ErrNotWritable},
		"a folder not writable": {"/proc/none/x.db", sqldb.ErrNotWritable},
	} {
		if _, err := sqldb.Open(t.Context(), sqldb.Options{Path: c.path}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(dir, "y.db"), Synchronous: "OFF"}); err == nil {
		t.Error("writes that are never on the disk are allowed")
	}
}

func TestAFullDiskIsNamedAndLosesNothing(t *testing.T) {
	db := open(t)
	if err := db.Write(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		var n int
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return tx.Get(fmt.Sprintf("pragma max_page_count(%d)", pages), nil, &n) }); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the size the file has: no page can be added
	err := db.Write(t.Context(), insert(strings.Repeat("x", 100_000)))
	if !errors.Is(err, sqldb.ErrFull) {
		t.Fatalf("full: %v", err)
	}
	limit(1 << 30)
	if err := db.Write(t.Context(), insert("later")); err != nil || names(t, db) != "kept later" {
		t.Fatalf("%v, rows %q", err, names(t, db))
	}
}

func TestBackupIntegrityAndUsage(t *testing.T) {
	db := open(t)
	if err := db.Write(t.Context(), insert("x")); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "it's a copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), copied); !errors.Is(err, os.ErrExist) {
		t.Fatalf("backup over a file: %v", err)
	}
	other, err := sqldb.Open(t.Context(), sqldb.Options{Path: copied})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if got := names(t, other); got != "x" {
		t.Fatalf("the copy holds %q", got)
	}
	if err := other.Integrity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, err := db.Usage()
	if err != nil || u.File == 0 || u.WAL != 0 || u.Free <= 0 {
		t.Fatalf("usage %+v, %v", u, err)
	}
}

func TestDamageIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), "test", files(first)); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := db.Write(t.Context(), insert(fmt.Sprint("name ", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) - 3000; i < len(b); i++ {
		b[i] = 0xa5
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = sqldb.Open(t.Context(), sqldb.Options{Path: path}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Integrity(t.Context()); !errors.Is(err, sqldb.ErrCorrupt) {
		t.Fatalf("damaged file: %v", err)
	}
}

func TestOneProcessServesAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	unlock, err := sqldb.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqldb.LockFolder(dir)
	if !errors.Is(err, sqldb.ErrBusy) || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", os.Getpid())) {
		t.Fatalf("second: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = sqldb.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestAClosedDatabaseSaysSo(t *testing.T) {
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(t.TempDir(), "x.db")})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Write(t.Context(), insert("x")); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if err := db.Checkpoint(t.Context()); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("checkpoint: %v", err)
	}
}
