package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxStatements is how many prepared statements the writing connection keeps of
// a kind. More than all owners have; a text built at run time does not fill memory.
const maxStatements = 256

// Tx is an open write transaction. It is used by one goroutine at a time.
//
// Exec and Get run short statements of known text to their end, prepared once.
// The ...Context methods stop when their context ends, as features need it;
// their queries may overlap.
type Tx struct {
	db    *DB
	alone bool  // this Tx holds the turn; else it is part of a shared transaction
	err   error // the first failure: the transaction is lost
	ended bool
}

// BeginWrite waits for the writes before it and opens a transaction. Exactly one
// of Commit and Rollback ends it.
func (db *DB) BeginWrite(ctx context.Context) (*Tx, error) {
	if err := db.lock(ctx); err != nil {
		return nil, err
	}
	if err := db.begin(ctx); err != nil {
		db.unlock()
		return nil, err
	}
	return &Tx{db: db, alone: true}, nil
}

func (db *DB) begin(ctx context.Context) error {
	// Not to be interrupted: nobody could tell then whether it has begun.
	ctx = context.WithoutCancel(ctx)
	if err := db.connect(ctx); err != nil {
		return err
	}
	if err := db.exec("begin immediate"); err != nil {
		return db.explain(err)
	}
	return nil
}

// commit ends the transaction of the connection either way.
func (db *DB) commit() error {
	err := db.exec("commit")
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("commit: %w", db.explain(err)), db.rollback())
}

func (db *DB) rollback() error {
	if err := db.exec("rollback"); err != nil {
		// SQLite has rolled back by itself, or the connection is beyond use. A
		// new one is right in both cases.
		return db.disconnect()
	}
	return nil
}

func (db *DB) exec(query string) error {
	s, err := db.statement(db.execs, query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background())
	return err
}

func (db *DB) statement(kept map[string]*sql.Stmt, query string) (*sql.Stmt, error) {
	if s, ok := kept[query]; ok {
		return s, nil
	}
	s, err := db.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	if len(kept) >= maxStatements {
		for q, old := range kept {
			delete(kept, q)
			if err := old.Close(); err != nil {
				return nil, errors.Join(err, s.Close())
			}
			break
		}
	}
	kept[query] = s
	return s, nil
}

// usable returns why no statement may run any more.
func (tx *Tx) usable() error {
	if tx.ended {
		return sql.ErrTxDone
	}
	if tx.err != nil {
		return fmt.Errorf("the transaction failed before: %w", tx.err)
	}
	return nil
}

func (tx *Tx) fail(err error) error {
	if err == nil {
		return nil
	}
	err = tx.db.explain(err)
	tx.err = err
	return err
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	r, err := tx.ExecContext(context.Background(), query, args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return n, tx.fail(err)
}

// Get runs a query for one row and reads it into dest, which are pointers; args
// come in a slice. It fails with sql.ErrNoRows when there is none, which does not end
// the transaction.
func (tx *Tx) Get(query string, args []any, dest ...any) error {
	if err := tx.usable(); err != nil {
		return err
	}
	s, err := tx.db.statement(tx.db.gets, query)
	if err != nil {
		return tx.fail(err)
	}
	// Read and closed before it returns, so that a kept statement never runs twice at once.
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return tx.fail(err)
}

// ExecContext runs a statement.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	s, err := tx.db.statement(tx.db.execs, query)
	if err != nil {
		return nil, tx.fail(err)
	}
	r, err := s.ExecContext(ctx, args...)
	return r, tx.fail(err)
}

// QueryContext runs a query. The rows must be closed before the transaction ends.
func (tx *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	rows, err := tx.db.conn.QueryContext(ctx, query, args...)
	return rows, tx.fail(err)
}

// QueryRowContext runs a query for at most one row.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if tx.usable() != nil {
		// A Row cannot be made with an error of ours: let a context that has ended make it.
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return tx.db.read.QueryRowContext(ended, query, args...)
	}
	row := tx.db.conn.QueryRowContext(ctx, query, args...)
	if err := row.Err(); err != nil && !errors.Is(err, sql.ErrNoRows) {
		tx.err = tx.db.explain(err)
	}
	return row
}

// Commit makes the transaction durable. When it fails, nothing happened.
func (tx *Tx) Commit() error {
	if !tx.alone {
		return errors.New("sqldb: only Write commits what it opened")
	}
	if tx.ended {
		return sql.ErrTxDone
	}
	tx.ended = true
	defer tx.db.unlock()
	if tx.err != nil {
		return errors.Join(fmt.Errorf("commit: the transaction failed before: %w", tx.err), tx.db.rollback())
	}
	return tx.db.commit()
}

// Rollback undoes the transaction. After Commit it does nothing.
func (tx *Tx) Rollback() error {
	if tx.ended || !tx.alone {
		return nil
	}
	tx.ended = true
	defer tx.db.unlock()
	return tx.db.rollback()
}
