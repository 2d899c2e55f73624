package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// waiting is a channel that tells whoever asked when the turn has committed.
type waiting struct{ done sync.Map }

func (*waiting) Name() string       { return "terminal" }
func (*waiting) Limits() bot.Limits { return bot.Limits{Buttons: 8, RowButtons: 3} }
func (*waiting) Send(context.Context, bot.Message) (bot.Receipt, error) {
	return bot.Receipt{}, nil
}

func (w *waiting) Settled(u bot.Update, _ int) {
	if ch, ok := w.done.LoadAndDelete(u.ID); ok {
		close(ch.(chan struct{}))
	}
}

// BenchmarkTurns compares a question's way from the inbox to the committed
// outbox (classified, searched, rendered, sealed) with a bare loop that makes
// the same two durable commits of the same rows on the same disk.
func BenchmarkTurns(b *testing.B) {
	for _, citizens := range []int{1, 16} {
		b.Run(fmt.Sprintf("bare/citizens=%d", citizens), func(b *testing.B) { benchBare(b, citizens) })
		b.Run(fmt.Sprintf("bot/citizens=%d", citizens), func(b *testing.B) { benchBot(b, citizens) })
	}
}

// spread runs each b.N of the work, shared by so many goroutines.
func spread(b *testing.B, citizens int, work func(citizen, n int) error) {
	b.Helper()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for c := range citizens {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := work(c, int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
}

func benchBare(b *testing.B, citizens int) {
	ctx := b.Context()
	db, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(b.TempDir(), "bare.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	payload := make([]byte, 400)
	exec := func(statements ...func(*sqldb.Tx) error) error {
		tx, err := db.BeginWrite(ctx)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if err := s(tx); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	sql := func(query string, args ...any) func(*sqldb.Tx) error {
		return func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		}
	}
	if err := exec(
		sql(`create table inbox (turn integer primary key, id text not null unique, payload blob, session blob, state text not null)`),
		sql(`create table outbox (id integer primary key, chat text not null, payload blob, state text not null)`),
		sql(`create table chats (chat text primary key, last integer not null)`),
	); err != nil {
		b.Fatal(err)
	}
	spread(b, citizens, func(c, n int) error {
		id := strconv.Itoa(n)
		if err := exec(sql(`insert into inbox (turn, id, payload, state) values ($1, $2, $3, 'pending')`, n, id, payload)); err != nil {
			return err
		}
		return exec(
			sql(`insert into outbox (chat, payload, state) values ($1, $2, 'queued')`, strconv.Itoa(c), make([]byte, 1500)),
			sql(`insert into chats (chat, last) values ($1, $2) on conflict (chat) do update set last = excluded.last`, strconv.Itoa(c), n),
			sql(`update inbox set state = 'done', session = $1 where turn = $2`, payload, n),
		)
	})
}

func benchBot(b *testing.B, citizens int) {
	ctx := b.Context()
	log := slog.New(slog.DiscardHandler)
	cfg := &Config{Data: filepath.Join(b.TempDir(), "data")}
	d, err := openData(ctx, cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	ch := &waiting{}
	h, err := newHouse(ctx, houseOptions{Config: cfg, Log: log, Data: d, Channels: only(ch)})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	run, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = h.dispatcher.Run(run) })
	defer running.Wait()
	defer stop()
	questions := []string{"lam giay khai sinh cho con can nhung gi", "sang tên sổ đỏ mất bao lâu", "le phi dang ky ket hon", "thế nộp ở đâu?"}
	in := intake{h}
	spread(b, citizens, func(c, n int) error {
		id := strconv.Itoa(n)
		done := make(chan struct{})
		ch.done.Store(id, done)
		who := "citizen-" + strconv.Itoa(c)
		if err := in.Accept(ctx, bot.Update{
			ID: id, Channel: ch.Name(), Chat: who, From: bot.Sender{ID: who}, At: time.Now(), Text: questions[n%len(questions)],
		}); err != nil {
			return err
		}
		select {
		case <-done:
			return nil
		case <-time.After(30 * time.Second):
			return fmt.Errorf("turn %d never ended", n)
		}
	})
}
