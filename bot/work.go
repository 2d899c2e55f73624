package bot

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Tx is the part of a database transaction that features use. SQL is written
// in the subset that SQLite and PostgreSQL share, with $1 placeholders.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Unit is one open write transaction of the store. Exactly one of Commit and
// Rollback ends it; Rollback after Commit does nothing.
type Unit interface {
	Tx() Tx
	// Enqueue puts messages into the outbox, in order.
	Enqueue(ctx context.Context, q []Queued) error
	Commit(ctx context.Context) error
	Rollback() error
}

// Queued is a rendered message on its way into the outbox.
type Queued struct {
	Message  Message
	Lane     Lane
	Unique   string
	Contact  ContactID
	NotUntil time.Time
	Thing    string
	Group    bool // the chat is a group: its pace is per minute
}

// Units opens write transactions. Only one is open at a time in a process, so
// a unit must be short: Begin waits for the one before.
type Units interface {
	Begin(ctx context.Context) (Unit, error)
}

// MaxUnit is how long a unit of work may keep the database to itself.
const MaxUnit = 2 * time.Second

// Work is a unit of writing: feature rows and queued messages that commit
// together. A [Turn] is one; console pages and jobs open their own with [Works.Do].
type Work struct {
	units Units
	unit  Unit
	stop  context.CancelFunc
	tctx  context.Context
	out   []Outgoing
	drop  bool
}

// Tx returns the transaction, opened at the first call. Read and compute
// before it: from here on two seconds are left. The transaction ends with the
// turn; nobody else commits it.
func (w *Work) Tx(ctx context.Context) (Tx, error) {
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	return w.unit.Tx(), nil
}

func (w *Work) open(ctx context.Context) error {
	if w.unit != nil {
		return nil
	}
	unit, err := w.units.Begin(ctx)
	if err != nil {
		return fmt.Errorf("open unit of work: %w", err)
	}
	w.unit = unit
	w.tctx, w.stop = context.WithTimeout(ctx, MaxUnit)
	return nil
}

// Send queues a message to anybody: an agency, another citizen, a group.
func (w *Work) Send(o Outgoing) { w.out = append(w.out, o) }

func (w *Work) rollback() error {
	if w.unit == nil {
		return nil
	}
	if w.stop != nil {
		w.stop()
	}
	unit := w.unit
	w.unit = nil
	return unit.Rollback()
}

// commit queues what was said and commits. finish runs inside the transaction,
// after the outbox rows.
func (w *Work) commit(ctx context.Context, q []Queued, finish func(context.Context, Unit) error) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	defer w.stop()
	defer func() {
		if err != nil {
			err = errors.Join(err, w.unit.Rollback())
		}
		w.unit = nil
	}()
	if err := w.tctx.Err(); err != nil {
		return fmt.Errorf("unit of work took longer than %s: %w", MaxUnit, err)
	}
	if err := w.unit.Enqueue(w.tctx, q); err != nil {
		return fmt.Errorf("queue messages: %w", err)
	}
	if finish != nil {
		if err := finish(w.tctx, w.unit); err != nil {
			return err
		}
	}
	if err := w.unit.Commit(w.tctx); err != nil {
		return fmt.Errorf("commit unit of work: %w", err)
	}
	return nil
}

// Works runs units of work for pages and jobs.
type Works struct {
	Units    Units
	Composer *Composer
	Wake     func() // told after a commit that queued messages; may be nil
}

// Do runs f in a unit of work and commits it when f returns nil. When f or the
// commit fails, nothing happened.
func (ws *Works) Do(ctx context.Context, f func(ctx context.Context, w *Work) error) error {
	w := &Work{units: ws.Units}
	if err := f(ctx, w); err != nil {
		return errors.Join(err, w.rollback())
	}
	var q []Queued
	for _, o := range w.out {
		parts, err := ws.Composer.Compose(o)
		if err != nil {
			return errors.Join(err, w.rollback())
		}
		q = append(q, parts...)
	}
	if w.unit == nil && len(q) == 0 {
		return nil
	}
	if err := w.commit(ctx, q, nil); err != nil {
		return err
	}
	if ws.Wake != nil && len(q) > 0 {
		ws.Wake()
	}
	return nil
}
