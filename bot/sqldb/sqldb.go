// Package sqldb opens the embedded SQL database and runs transactions on it. It
// knows no table: every owner of tables brings its migrations as a line of its own.
//
// SQLite has one writer, so there is one writing connection and a queue in front
// of it; reads use a pool beside it and never wait. Owners write SQL that
// PostgreSQL understands too: $1 placeholders, returning, on conflict, times as
// integer milliseconds. As there, a statement that failed ends its transaction.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Synchronous says when a commit is on the disk.
type Synchronous string

// The values of Synchronous.
const (
	Full   Synchronous = "FULL"   // a commit that returned survives a power cut
	Normal Synchronous = "NORMAL" // a power cut may take the last commits, never the file
)

// Options says which database to open.
type Options struct {
	Path        string      // of the file; its folder is created for this user only
	Synchronous Synchronous // "" means Full
}

const (
	readers     = 4
	busyTimeout = 5000 // ms to wait for another process that writes
	cacheKiB    = 8000 // of the writer; a reader has half of it
	walLimit    = 64 << 20
	// walPages is how long the write-ahead log grows before its pages move into
	// the file: 8 MiB. Pages that many commits share then move once.
	walPages = 2000
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	path   string
	writer *sql.DB
	read   *sql.DB

	turn chan struct{} // holds one value while somebody writes

	// Touched by whoever holds turn.
	conn   *sql.Conn
	execs  map[string]*sql.Stmt
	gets   map[string]*sql.Stmt
	closed bool

	mu   sync.Mutex
	jobs []*job // writes that wait to share a transaction

	readMu sync.RWMutex
	reads  map[string]*sql.Stmt
}

// Open opens or creates the database. Its errors say in plain words what is wrong:
// see [ErrNotWritable], [ErrFull], [ErrNotDatabase].
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Path == "" {
		return nil, errors.New("sqldb: no path given")
	}
	if o.Synchronous == "" {
		o.Synchronous = Full
	}
	if o.Synchronous != Full && o.Synchronous != Normal {
		return nil, fmt.Errorf("sqldb: synchronous must be FULL or NORMAL, not %q", o.Synchronous)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	db := &DB{path: path, turn: make(chan struct{}, 1), reads: map[string]*sql.Stmt{}}
	if db.writer, err = sql.Open("sqlite", dsn(path,
		"busy_timeout", fmt.Sprint(busyTimeout),
		"journal_mode", "WAL",
		"synchronous", string(o.Synchronous),
		"secure_delete", "1",
		"foreign_keys", "1",
		"temp_store", "MEMORY", // no page of ours in a temporary file
		"cache_size", fmt.Sprint(-cacheKiB),
		"wal_autocheckpoint", fmt.Sprint(walPages),
		"journal_size_limit", fmt.Sprint(walLimit),
	)); err != nil {
		return nil, db.explain(err)
	}
	db.writer.SetMaxOpenConns(2) // the one that writes, and one for migrations and copies
	db.writer.SetMaxIdleConns(0)
	if err := db.connect(ctx); err != nil {
		return nil, errors.Join(err, db.writer.Close())
	}
	if db.read, err = sql.Open("sqlite", dsn(path,
		"busy_timeout", fmt.Sprint(busyTimeout),
		"query_only", "1",
		"temp_store", "MEMORY",
		"cache_size", fmt.Sprint(-cacheKiB/2),
	)); err != nil {
		return nil, errors.Join(db.explain(err), db.Close())
	}
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	if err := db.read.PingContext(ctx); err != nil {
		return nil, errors.Join(db.explain(err), db.Close())
	}
	return db, nil
}

// createFile makes the folder and an empty file, both for this user only. The
// files that SQLite puts beside it take over the rights of the first.
func createFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: folder %s: %w", ErrNotWritable, dir, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s: give this user the right to write to it and its folder", ErrNotWritable, path)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return f.Close()
}

func dsn(path string, pragmas ...string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a Windows drive
	}
	q := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}}
	for i := 0; i < len(pragmas); i += 2 {
		q.Add("_pragma", pragmas[i]+"("+pragmas[i+1]+")")
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// connect takes the writing connection. The caller holds turn, or is Open.
func (db *DB) connect(ctx context.Context) error {
	if db.closed {
		return ErrClosed
	}
	if db.conn != nil {
		return nil
	}
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return db.explain(err)
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "pragma journal_mode").Scan(&mode); err != nil {
		return errors.Join(db.explain(err), conn.Close())
	}
	if mode != "wal" {
		return errors.Join(fmt.Errorf("%w: %s cannot have a write-ahead log beside it; is it on a network disk?", ErrNotWritable, db.path), conn.Close())
	}
	db.conn, db.execs, db.gets = conn, map[string]*sql.Stmt{}, map[string]*sql.Stmt{}
	return nil
}

// disconnect gives the writing connection up, so that whatever state it was
// left in ends with it. The caller holds turn.
func (db *DB) disconnect() error {
	if db.conn == nil {
		return nil
	}
	var errs []error
	for _, m := range []map[string]*sql.Stmt{db.execs, db.gets} {
		for _, s := range m {
			errs = append(errs, s.Close())
		}
	}
	errs = append(errs, db.conn.Close())
	db.conn, db.execs, db.gets = nil, nil, nil
	return errors.Join(errs...)
}

// lock waits until nobody else writes.
func (db *DB) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case db.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the database: %w", ctx.Err())
	}
}

func (db *DB) unlock() { <-db.turn }

// Path is where the database file is.
func (db *DB) Path() string { return db.path }

// Read is the pool for reading. Writing through it fails.
func (db *DB) Read() *sql.DB { return db.read }

// Close waits for the write under way and closes the database.
func (db *DB) Close() error {
	db.turn <- struct{}{}
	defer db.unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	var errs []error
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	errs = append(errs, db.disconnect(), db.writer.Close())
	return errors.Join(errs...)
}
