package bot

import (
	"context"
	"database/sql"
	"errors"
)

// Reader asks the database: what is committed, or what a transaction sees.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Scanner is one row.
type Scanner interface{ Scan(dest ...any) error }

// EachRow calls scan for every row of a query, until it fails.
func EachRow(ctx context.Context, q Reader, query string, args []any, scan func(Scanner) error) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
