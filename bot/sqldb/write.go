package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// maxShared is how many writes one transaction may carry.
const maxShared = 64

// job is one call of Write that waits for its result.
type job struct {
	f       func(*Tx) error
	done    chan struct{}
	err     error
	panicky any // what f panicked with
}

// Write runs f in a transaction and commits it when f returns nil; when Write
// returns nil the change is durable, else nothing happened. f must be short, do
// nothing but SQL and not call Write: writes that come while another is under
// way share one transaction and one wait for the disk, each undone alone if it
// fails. f may run in the goroutine of another caller.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{f: f, done: make(chan struct{})}
	db.mu.Lock()
	db.jobs = append(db.jobs, j)
	db.mu.Unlock()
	for {
		select {
		case <-j.done:
			return j.result()
		default:
		}
		select {
		case <-j.done:
			return j.result()
		case db.turn <- struct{}{}:
			db.lead()
		case <-ctx.Done():
			if db.forget(j) {
				return fmt.Errorf("wait for the database: %w", ctx.Err())
			}
			<-j.done // somebody runs it already
			return j.result()
		}
	}
}

func (j *job) result() error {
	if j.panicky != nil {
		panic(j.panicky) // where it belongs: in the goroutine that wrote f
	}
	return j.err
}

// forget takes a job out of the queue; false when it is no longer there.
func (db *DB) forget(j *job) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	i := slices.Index(db.jobs, j)
	if i < 0 {
		return false
	}
	db.jobs = slices.Delete(db.jobs, i, i+1)
	return true
}

// lead runs what waits, in order, in one transaction. The caller holds turn,
// which lead gives back.
func (db *DB) lead() {
	db.mu.Lock()
	n := min(len(db.jobs), maxShared)
	batch := slices.Clone(db.jobs[:n])
	db.jobs = slices.Delete(db.jobs, 0, n)
	db.mu.Unlock()
	defer func() {
		for _, j := range batch {
			close(j.done)
		}
		db.unlock()
	}()
	if n == 0 {
		return
	}
	if err := db.begin(context.Background()); err != nil {
		failAll(batch, err)
		return
	}
	for _, j := range batch {
		if err := db.share(j, n > 1); err != nil {
			failAll(batch, errors.Join(err, db.rollback()))
			return
		}
	}
	if n == 1 && (batch[0].err != nil || batch[0].panicky != nil) {
		if err := db.rollback(); err != nil {
			batch[0].err = errors.Join(batch[0].err, err)
		}
		return
	}
	if err := db.commit(); err != nil {
		failAll(batch, err)
	}
}

// share runs one job. Among others it has a savepoint of its own; an error of
// share itself means that the whole transaction is lost.
func (db *DB) share(j *job, among bool) error {
	if among {
		if err := db.exec("savepoint job"); err != nil {
			return db.explain(err)
		}
	}
	j.run(db)
	if !among {
		return nil
	}
	if j.err != nil || j.panicky != nil {
		if err := db.exec("rollback to job"); err != nil {
			return errors.Join(j.err, db.explain(err))
		}
	}
	return db.explain(db.exec("release job"))
}

func (j *job) run(db *DB) {
	tx := &Tx{db: db}
	defer func() {
		tx.ended = true
		j.panicky = recover()
	}()
	if j.err = j.f(tx); j.err == nil {
		j.err = tx.err // a failure that f did not report
	}
}

// failAll marks the jobs that have no failure of their own.
func failAll(batch []*job, err error) {
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
}
