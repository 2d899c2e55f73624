package sqldb

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What can be wrong with a database as a whole. Errors of this package wrap them.
var (
	ErrNotWritable = errors.New("the database cannot be written")
	ErrFull        = errors.New("the disk is full")
	ErrNotDatabase = errors.New("the file is not a database")
	ErrCorrupt     = errors.New("the database is damaged; restore a backup")
	ErrNewer       = errors.New("the database was written by a newer version of this program")
	ErrBusy        = errors.New("the database is in use by somebody else")
	ErrClosed      = errors.New("the database is closed")
)

// explain puts the plain meaning before an error of the driver.
func (db *DB) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	var what error
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		what = ErrFull
	case sqlite3.SQLITE_NOTADB:
		what = ErrNotDatabase
	case sqlite3.SQLITE_CORRUPT:
		what = ErrCorrupt
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		what = ErrNotWritable
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		what = ErrBusy
	default:
		return err
	}
	return fmt.Errorf("%w (%s): %w", what, db.path, err)
}

// IsUnique reports whether err is a broken unique or primary key.
func IsUnique(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}
