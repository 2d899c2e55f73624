package bottest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"cchcbot/bot/sqldb"
)

// Mould keeps the database of the first bot that started with it, as it was
// before anybody wrote. The next bots start from a copy: to make all tables and
// fill in what features bring costs more than most talks. Only bots that put the
// same into their tables may share one. The zero value is ready.
type Mould struct {
	mu    sync.Mutex
	bytes []byte
}

// fill puts a copy into a new bot's folder.
func (m *Mould) fill(path string) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes == nil {
		return nil
	}
	return os.WriteFile(path, m.bytes, 0o600)
}

// take copies the first database that has all its tables.
func (m *Mould) take(ctx context.Context, db *sqldb.DB, dir string) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes != nil {
		return nil
	}
	path := filepath.Join(dir, "mould.db")
	if err := db.Backup(ctx, path); err != nil {
		return err
	}
	var err error
	m.bytes, err = os.ReadFile(path)
	return errors.Join(err, os.Remove(path))
}

// Open opens a database of its own for a test that starts no bot: empty, or a copy of what [Mould.Keep] kept. It is
// closed when the test ends.
func (m *Mould) Open(t testing.TB) *sqldb.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	if err := m.fill(path); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Keep keeps the first database that it is called with, for the tests to come: call it when all tables are made.
func (m *Mould) Keep(t testing.TB, db *sqldb.DB) {
	t.Helper()
	if err := m.take(t.Context(), db, t.TempDir()); err != nil {
		t.Fatal(err)
	}
}
