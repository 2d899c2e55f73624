package redis

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// onSQL is the State of one process, as it runs without a Redis.
func onSQL(b *testing.B) bot.State {
	b.Helper()
	db, err := sqldb.Open(b.Context(), sqldb.Options{Path: filepath.Join(b.TempDir(), "state.db"), Synchronous: sqldb.Normal})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	s, err := store.NewState(b.Context(), db, nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// sessionSize is that of a sealed session in the middle of a form.
const sessionSize = 2 << 10

// operation makes what one goroutine does over and over on a State; names are
// of one goroutine alone, as chats are.
type operation func(s bot.State, mine string) func(ctx context.Context, i int) error

var operations = []struct {
	name string
	make operation
}{
	{"session", func(s bot.State, mine string) func(context.Context, int) error {
		saved := false
		return func(ctx context.Context, _ int) error {
			if !saved {
				saved = true
				_, err := s.SaveSession(ctx, mine, make([]byte, sessionSize), 0, time.Hour)
				return err
			}
			_, _, err := s.Session(ctx, mine)
			return err
		}
	}},
	{"save", func(s bot.State, mine string) func(context.Context, int) error {
		data, version := make([]byte, sessionSize), int64(0)
		return func(ctx context.Context, _ int) (err error) {
			version, err = s.SaveSession(ctx, mine, data, version, time.Hour)
			return err
		}
	}},
	{"lock+unlock", func(s bot.State, mine string) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			unlock, ok, err := s.Lock(ctx, mine, time.Minute)
			if err != nil || !ok {
				return fmt.Errorf("lock: %v, %w", ok, err)
			}
			return unlock(ctx)
		}
	}},
	{"take", func(s bot.State, _ string) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			_, err := s.Take(ctx, "telegram", bot.Rate{PerSecond: 30, Burst: 30}, 1) // one for all
			return err
		}
	}},
	{"seen", func(s bot.State, mine string) func(context.Context, int) error {
		return func(ctx context.Context, i int) error {
			_, err := s.Seen(ctx, fmt.Sprint(mine, i), time.Hour)
			return err
		}
	}},
	// What a turn asks of State: a lock, the session, its save, a budget for the answer.
	{"turn", func(s bot.State, mine string) func(context.Context, int) error {
		data, version := make([]byte, sessionSize), int64(0)
		return func(ctx context.Context, _ int) error {
			unlock, ok, err := s.Lock(ctx, mine, time.Minute)
			if err != nil || !ok {
				return fmt.Errorf("lock: %v, %w", ok, err)
			}
			if _, _, err := s.Session(ctx, mine); err != nil {
				return err
			}
			if version, err = s.SaveSession(ctx, mine, data, version, time.Hour); err != nil {
				return err
			}
			if _, err := s.Take(ctx, "telegram", bot.Rate{PerSecond: 30, Burst: 30}, 1); err != nil {
				return err
			}
			return unlock(ctx)
		}
	}},
}

// BenchmarkState runs each operation on a real redis-server and on SQLite by
// turns, a block of each, so that what else the machine does falls on both
// alike. ns/op is a block of both; the rates are of single operations.
func BenchmarkState(b *testing.B) {
	needServer(b)
	server := newServer(b, "--save", "")
	onRedis := openAt(b, Options{URL: "redis://" + server.addr()}, usual)
	inSQL := onSQL(b)
	var run atomic.Int64
	for _, op := range operations {
		for _, goroutines := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d", op.name, goroutines), func(b *testing.B) {
				const block = 320
				var spent [2]time.Duration
				var work [2][]func(context.Context, int) error
				for side, s := range []bot.State{onRedis, inSQL} {
					for range goroutines {
						work[side] = append(work[side], op.make(s, fmt.Sprint("chat ", run.Add(1), " ")))
					}
				}
				n, each := 0, block/goroutines
				for b.Loop() {
					for side := range work {
						spent[side] += rounds(b, work[side], n, each)
					}
					n += each
				}
				total := float64(n * goroutines)
				b.ReportMetric(total/spent[0].Seconds(), "redis/s")
				b.ReportMetric(total/spent[1].Seconds(), "sqlite/s")
				b.ReportMetric(spent[1].Seconds()/spent[0].Seconds(), "redis/sqlite")
			})
		}
	}
}

// rounds runs each function n times in a goroutine of its own.
func rounds(b *testing.B, work []func(context.Context, int) error, from, n int) time.Duration {
	b.Helper()
	var wg sync.WaitGroup
	start := time.Now()
	for _, f := range work {
		wg.Go(func() {
			for i := range n {
				if err := f(b.Context(), from+i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
