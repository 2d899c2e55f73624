package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// checkpointWait is how long a checkpoint waits for readers, in ms. Everybody
// who writes waits as long.
const checkpointWait = 250

// Checkpoint moves the write-ahead log into the database file and empties it, so
// that no older image of a page is left in it. ErrBusy: a reader is in the way, try later.
func (db *DB) Checkpoint(ctx context.Context) (err error) {
	if err := db.lock(ctx); err != nil {
		return err
	}
	defer db.unlock()
	ctx = context.WithoutCancel(ctx)
	if err := db.connect(ctx); err != nil {
		return err
	}
	if _, err := db.conn.ExecContext(ctx, fmt.Sprintf("pragma busy_timeout(%d)", checkpointWait)); err != nil {
		return db.explain(err)
	}
	defer func() {
		if _, rerr := db.conn.ExecContext(ctx, fmt.Sprintf("pragma busy_timeout(%d)", busyTimeout)); rerr != nil {
			err = errors.Join(err, db.explain(rerr), db.disconnect())
		}
	}()
	var busy, pages, moved int
	if err := db.conn.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &pages, &moved); err != nil {
		return db.explain(err)
	}
	if busy != 0 {
		return fmt.Errorf("%w: somebody still reads", ErrBusy)
	}
	return nil
}

// Optimize refreshes the statistics of the query planner where that pays.
func (db *DB) Optimize(ctx context.Context) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec("pragma optimize")
		return err
	})
}

// Backup writes a consistent copy to path while others go on reading and
// writing. It refuses to overwrite a file.
func (db *DB) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err = func() error {
		if _, err := db.writer.ExecContext(ctx, "vacuum into $1", path); err != nil {
			return db.explain(err)
		}
		return f.Sync()
	}()
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("backup: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// Integrity reads the whole database and reports damage: ErrCorrupt with what was found.
func (db *DB) Integrity(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, "pragma integrity_check(20)")
	if err != nil {
		return db.explain(err)
	}
	defer rows.Close()
	var found []error
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return db.explain(err)
		}
		if line != "ok" {
			found = append(found, fmt.Errorf("%w: %s", ErrCorrupt, line))
		}
	}
	if err := rows.Err(); err != nil {
		return db.explain(err)
	}
	var broken int
	if err := db.read.QueryRowContext(ctx, "select count(*) from pragma_foreign_key_check").Scan(&broken); err != nil {
		return db.explain(err)
	}
	if broken > 0 {
		found = append(found, fmt.Errorf("%w: %d rows point to rows that do not exist", ErrCorrupt, broken))
	}
	return errors.Join(found...)
}

// Usage is the room a database takes and has, in bytes.
type Usage struct {
	File int64
	WAL  int64
	Free int64 // left on the disk for this user; -1 when unknown
}

// Usage measures the files.
func (db *DB) Usage() (Usage, error) {
	u := Usage{Free: FreeSpace(filepath.Dir(db.path))}
	for _, f := range []struct {
		path string
		size *int64
	}{{db.path, &u.File}, {db.path + "-wal", &u.WAL}} {
		info, err := os.Stat(f.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return u, err
		}
		*f.size = info.Size()
	}
	return u, nil
}
