package cases_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"

	"cchcbot/handlers/complaints/cases"
)

// explained is a reader that asks for the plan of each query before it runs.
type explained struct {
	cases.Reader
	mu    sync.Mutex
	on    bool
	lines []string
	err   error
}

func (e *explained) plan(ctx context.Context, query string, args []any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.on {
		return
	}
	rows, err := e.Reader.QueryContext(ctx, "explain query plan "+query, args...)
	if err != nil {
		e.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			e.err = err
			return
		}
		e.lines = append(e.lines, detail)
	}
}

func (e *explained) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.plan(ctx, query, args)
	return e.Reader.QueryContext(ctx, query, args...)
}

func (e *explained) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.plan(ctx, query, args)
	return e.Reader.QueryRowContext(ctx, query, args...)
}

func (e *explained) start() {
	e.mu.Lock()
	e.on, e.lines = true, nil
	e.mu.Unlock()
}

func (e *explained) taken(t *testing.T) []string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	must(t, e.err)
	e.on = false
	return e.lines
}

func openExplained(t *testing.T) (*house, *explained) {
	e := &explained{}
	h := open(t, func(o *cases.Options) {
		e.Reader = o.Read
		o.Read = e
	})
	return h, e
}
