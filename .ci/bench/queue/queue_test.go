// Package queue compares the delivery engine alone with maragu.dev/goqite, the queue on
// SQLite that Go programs use most, on the same disk, with the same driver and the same
// durability: write-ahead log, synchronous=FULL.
//
//	cd .ci/bench/queue && go test -run '^$' -bench . -benchtime 5x
package queue

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maragu.dev/goqite"
	_ "modernc.org/sqlite"

	"cchcbot/bot"
	"cchcbot/bot/delivery"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// Sizes of a round of either side.
const (
	inOneCommit = 500 // messages that are queued together, as a batch of news or a digest is
	senders     = 8   // sends under way, as the program has them for a channel
)

// messages are how many a round has: MESSAGES, or 4,000.
func messages() int {
	if n, err := strconv.Atoi(os.Getenv("MESSAGES")); err == nil && n >= inOneCommit {
		return n / inOneCommit * inOneCommit
	}
	return 4000
}

var text = strings.Repeat("Từ thứ Hai, bộ phận một cửa nhận hồ sơ cả buổi chiều. ", 6)

// null is a channel that takes everything at once.
type null struct {
	left atomic.Int64
	done chan struct{}
}

func (*null) Name() string       { return "null" }
func (*null) Limits() bot.Limits { return bot.Limits{Text: 4000} }

func (n *null) Send(context.Context, bot.Message) (bot.Receipt, error) {
	return bot.Receipt{ID: "1"}, nil
}

// observed counts attempts that are written down.
func (n *null) observed(o delivery.Observation) {
	if o.Outcome == delivery.OutcomeSent && n.left.Add(-1) == 0 {
		n.done <- struct{}{}
	}
}

// engine is the store and the delivery of the program, and nothing around them.
type engine struct {
	b        *testing.B
	store    *store.Store
	delivery *delivery.Delivery
	channel  *null
	stop     func()
	n        int
}

func openEngine(b *testing.B) *engine {
	ctx := b.Context()
	db, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(b.TempDir(), "bot.db"), Synchronous: sqldb.Full})
	must(b, err)
	sdb, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(b.TempDir(), "state.db"), Synchronous: sqldb.Normal})
	must(b, err)
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(b, err)
	e := &engine{b: b, channel: &null{done: make(chan struct{}, 1)}}
	e.store, err = store.New(ctx, store.Options{DB: db, Sealer: keys, Clean: strings.TrimSpace})
	must(b, err)
	state, err := store.NewState(ctx, sdb, time.Now)
	must(b, err)
	e.delivery, err = delivery.New(delivery.Options{Outbox: e.store, State: state, Channels: []bot.Channel{e.channel}, Observe: e.channel.observed, Slots: senders})
	must(b, err)
	run, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = e.delivery.Run(run) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		must(b, db.Close())
		must(b, sdb.Close())
	})
	return e
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// round queues n messages, each to a chat of its own, and waits until all are sent and
// their receipts written.
func (e *engine) round(n int) time.Duration {
	e.b.Helper()
	began := time.Now()
	e.channel.left.Store(int64(n))
	for from := 0; from < n; from += inOneCommit {
		u, err := e.store.Begin(e.b.Context())
		must(e.b, err)
		all := make([]bot.Queued, inOneCommit)
		for i := range all {
			e.n++
			id := fmt.Sprint("m", e.n)
			all[i] = bot.Queued{Lane: bot.LaneReply, Message: bot.Message{ID: id, Lang: "vi", Text: text, To: bot.Address{Channel: "null", Chat: id}}}
		}
		must(e.b, u.Enqueue(e.b.Context(), all))
		must(e.b, u.Commit(e.b.Context()))
		e.delivery.Wake()
	}
	<-e.channel.done
	return time.Since(began)
}

// other is goqite with as many workers.
type other struct {
	b     *testing.B
	db    *sql.DB
	queue *goqite.Queue
}

//go:embed schema_sqlite.sql
var schema string

func openOther(b *testing.B) *other {
	// secure_delete and foreign keys, which ours has, are left off: they only cost. One
	// connection, as its documentation advises.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "goqite.db")+
		"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-8000)&_pragma=wal_autocheckpoint(2000)")
	must(b, err)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	_, err = db.ExecContext(b.Context(), schema)
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	return &other{b: b, db: db, queue: goqite.New(goqite.NewOpts{DB: db, Name: "news", Timeout: 2 * time.Minute})}
}

// tx runs f in a transaction.
func (o *other) tx(f func(*sql.Tx) error) {
	o.b.Helper()
	tx, err := o.db.BeginTx(o.b.Context(), nil)
	must(o.b, err)
	must(o.b, f(tx))
	must(o.b, tx.Commit())
}

func (o *other) fill(n int) {
	o.b.Helper()
	for from := 0; from < n; from += inOneCommit {
		o.tx(func(tx *sql.Tx) error {
			for range inOneCommit {
				if err := o.queue.SendTx(o.b.Context(), tx, goqite.Message{Body: []byte(text)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// round is as its documentation has it: workers receive a message, send it and delete it.
func (o *other) round(n int) time.Duration {
	o.b.Helper()
	began := time.Now()
	o.fill(n)
	var left atomic.Int64
	left.Store(int64(n))
	var working sync.WaitGroup
	for range senders {
		working.Go(func() {
			for left.Add(-1) >= 0 {
				m, err := o.queue.Receive(o.b.Context())
				if err != nil || m == nil {
					o.b.Errorf("received %v, %v", m, err)
					return
				}
				if err := o.queue.Delete(o.b.Context(), m.ID); err != nil {
					o.b.Error(err)
				}
			}
		})
	}
	working.Wait()
	return time.Since(began)
}

// batched is the most that can be had of it: as many messages as there are senders are
// received in one transaction, and deleted in one when all of them were sent. A slow send
// then keeps the others from being known as sent, which ours does not do.
func (o *other) batched(n int) time.Duration {
	o.b.Helper()
	began := time.Now()
	o.fill(n)
	for got := 0; got < n; got += senders {
		var ids []goqite.ID
		o.tx(func(tx *sql.Tx) error {
			for range senders {
				m, err := o.queue.ReceiveTx(o.b.Context(), tx)
				if err != nil {
					return err
				}
				ids = append(ids, m.ID)
			}
			return nil
		})
		o.tx(func(tx *sql.Tx) error {
			for _, id := range ids {
				if err := o.queue.DeleteTx(o.b.Context(), tx, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return time.Since(began)
}

// BenchmarkQueue has both sides queue, send and settle the same number of messages, by
// turns, so that what else the machine does falls on both.
func BenchmarkQueue(b *testing.B) {
	n := messages()
	ours, theirs := openEngine(b), openOther(b)
	ours.round(inOneCommit) // statements, pages
	theirs.round(inOneCommit)
	var mine, plain, batched time.Duration
	for b.Loop() {
		plain += theirs.round(n)
		mine += ours.round(n)
		batched += theirs.batched(n)
	}
	rate := func(d time.Duration) float64 { return float64(b.N*n) / d.Seconds() }
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(rate(mine), "ours/s")
	b.ReportMetric(rate(plain), "goqite/s")
	b.ReportMetric(rate(batched), "goqite-batched/s")
	b.ReportMetric(rate(mine)/rate(plain), "ratio")
	b.ReportMetric(rate(mine)/rate(batched), "ratio-batched")
}
