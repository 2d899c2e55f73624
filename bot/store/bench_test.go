package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"

	_ "modernc.org/sqlite"
)

// The benchmarks compare the store with a bare loop on the same disk: one table
// of two columns, one prepared insert a commit, the same durability.

const benchText = "Tôi muốn hỏi thủ tục đăng ký khai sinh cho con, cần những giấy tờ gì và nộp ở đâu ạ?"

// bare opens the database of the bare loop, with one connection.
func bare(b *testing.B) *sql.Stmt {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table t (id integer primary key autoincrement, payload blob not null)"); err != nil {
		b.Fatal(err)
	}
	s, err := db.Prepare("insert into t (payload) values ($1)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// rounds runs f n times in each of as many goroutines as told, and returns the time.
func rounds(b *testing.B, goroutines, n int, f func() error) time.Duration {
	b.Helper()
	errs := make(chan error, goroutines)
	start := time.Now()
	for range goroutines {
		go func() {
			for range n {
				if err := f(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range goroutines {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// against runs ours and the bare loop by turns, a block of each, so that what
// else the machine does falls on both alike. ns/op is ours and bare together;
// the metrics are the rates, and ours in parts of the bare one.
func against(b *testing.B, goroutines int, ours, bare func() error) {
	b.Helper()
	const block = 160
	each := block / goroutines
	var mine, theirs time.Duration
	n := 0
	for b.Loop() {
		mine += rounds(b, goroutines, each, ours)
		theirs += rounds(b, goroutines, each, bare)
		n += each * goroutines
	}
	b.ReportMetric(float64(n)/mine.Seconds(), "ours/s")
	b.ReportMetric(float64(n)/theirs.Seconds(), "bare/s")
	b.ReportMetric(theirs.Seconds()/mine.Seconds(), "ours/bare")
}

// BenchmarkAccept compares taking in an update with one bare commit.
func BenchmarkAccept(b *testing.B) {
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, s := open(b), bare(b)
			var next atomic.Int64
			against(b, n, func() error {
				i := next.Add(1)
				return w.Accept(b.Context(), update(fmt.Sprint(i), fmt.Sprint("c", i%500), benchText))
			}, func() error { return insertBare(s) })
		})
	}
}

// BenchmarkTurn compares a turn, from the update to the committed outbox, with
// two bare commits.
func BenchmarkTurn(b *testing.B) {
	for _, chats := range []int64{500, 1 << 40} { // citizens who come back, and only new ones
		for _, n := range []int{1, 16} {
			b.Run(fmt.Sprintf("chats=%d/%d", chats, n), func(b *testing.B) {
				w, s := open(b), bare(b)
				var next, accepted atomic.Int64
				against(b, n, func() error { return benchTurn(b, w, next.Add(1), chats, &accepted) }, func() error {
					if err := insertBare(s); err != nil {
						return err
					}
					return insertBare(s)
				})
			})
		}
	}
}

func insertBare(s *sql.Stmt) error {
	_, err := s.Exec(barePayload)
	return err
}

var barePayload = []byte(strings.Repeat("p", 400))

// benchTurn takes an update all the way: accepted, loaded,
// answered with one message, committed.
func benchTurn(b *testing.B, w *world, i, chats int64, accepted *atomic.Int64) error {
	ctx := b.Context()
	if err := w.Accept(ctx, update(fmt.Sprint(i), fmt.Sprint("c", i%chats), benchText)); err != nil {
		return err
	}
	// Turns are numbered as they are accepted. When k are accepted, turn k is
	// there, though another goroutine may have brought it.
	l, err := w.Load(ctx, accepted.Add(1))
	if err != nil {
		return err
	}
	u, err := w.Begin(ctx)
	if err != nil {
		return err
	}
	defer u.Rollback()
	if err := u.Enqueue(ctx, []bot.Queued{reply(l.Update.Chat, strings.Repeat("trả lời ", 60))}); err != nil {
		return err
	}
	if _, err := u.(bot.TurnUnit).Finish(ctx, finished(l, strings.Repeat("s", 600))); err != nil {
		return err
	}
	return u.Commit(ctx)
}
