package sqldb

import (
	"context"
	"database/sql"
	"errors"
)

// Get runs a query of known text for one row on the reading pool, prepared once.
// It fails with sql.ErrNoRows when there is none.
func (db *DB) Get(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := db.prepared(ctx, query)
	if err != nil {
		return err
	}
	// One row of known text is short: to watch over it would cost more than it does.
	return db.explain(s.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(dest...))
}

// Each runs a query of known text on the reading pool, prepared once, and calls
// scan for each row until it fails.
func (db *DB) Each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) (err error) {
	s, err := db.prepared(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return db.explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return db.explain(rows.Err())
}

// prepared keeps the statements of the reading pool. They are never closed while
// in use, so more texts than the program has are a mistake, not a reason to evict.
func (db *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	db.readMu.RLock()
	s, ok := db.reads[query]
	db.readMu.RUnlock()
	if ok {
		return s, nil
	}
	s, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, db.explain(err)
	}
	db.readMu.Lock()
	defer db.readMu.Unlock()
	if other, ok := db.reads[query]; ok {
		return other, s.Close()
	}
	if len(db.reads) >= maxStatements {
		return nil, errors.Join(errors.New("sqldb: too many different texts of queries; use Read for built ones"), s.Close())
	}
	db.reads[query] = s
	return s, nil
}
