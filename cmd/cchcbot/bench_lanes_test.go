package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/delivery"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/telegram"
)

// Sizes of the run.
const (
	newsWaiting  = 100_000
	newsAtOnce   = 1000                   // rows of one transaction
	replyEvery   = 200 * time.Millisecond // with the news' 20 a second that is all of the pace
	replyBlock   = 25                     // replies of one side before the other's turn
	laneWarmUp   = 500 * time.Millisecond // the budgets' first burst
	platformTime = 40 * time.Millisecond  // what a call of the platform takes
)

// paced is a platform with Telegram's limits. It tells when a message came.
type paced struct {
	limits bot.Limits
	came   sync.Map // message id -> chan time.Time
	mu     sync.Mutex
	sends  int
}

func (*paced) Name() string         { return telegram.Name }
func (p *paced) Limits() bot.Limits { return p.limits }

// Send takes as long as a platform's call.
func (p *paced) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	now := time.Now()
	if c, ok := p.came.LoadAndDelete(m.ID); ok {
		c.(chan time.Time) <- now
	}
	p.mu.Lock()
	p.sends++
	p.mu.Unlock()
	answer := time.NewTimer(platformTime)
	defer answer.Stop()
	select {
	case <-answer.C:
		return bot.Receipt{ID: "1"}, nil
	case <-ctx.Done():
		return bot.Receipt{}, ctx.Err()
	}
}

func (p *paced) sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sends
}

// lanes is a store and a delivery of their own.
type lanes struct {
	b        *testing.B
	data     *data
	channel  *paced
	delivery *delivery.Delivery
	replies  int
	ran      time.Duration
}

func newLanes(b *testing.B) *lanes {
	b.Helper()
	ctx, log := b.Context(), slog.New(slog.DiscardHandler)
	d, err := openRuntime(ctx, &Config{Data: filepath.Join(b.TempDir(), "data")}, log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	sdb, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(d.folder, stateFile), Synchronous: sqldb.Normal})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sdb.Close() })
	state, err := store.NewState(ctx, sdb, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	real, err := telegram.New(telegram.Options{Token: hookToken})
	if err != nil {
		b.Fatal(err)
	}
	l := &lanes{b: b, data: d, channel: &paced{limits: real.Limits()}}
	l.delivery, err = delivery.New(delivery.Options{
		Outbox: d.store, State: state, Channels: []bot.Channel{l.channel}, Log: log, Digest: d.keys.Digest,
	})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// queue commits messages to chats of their own, numbered from first.
func (l *lanes) queue(kind string, lane bot.Lane, first, n int, text string) {
	l.b.Helper()
	ctx := l.b.Context()
	unit, err := l.data.store.Begin(ctx)
	if err != nil {
		l.b.Fatal(err)
	}
	defer unit.Rollback()
	all := make([]bot.Queued, n)
	for i := range all {
		chat := fmt.Sprintf("%s%d", kind, first+i)
		all[i] = bot.Queued{Lane: lane, Message: bot.Message{ID: chat, Lang: "vi", Text: text, To: bot.Address{Channel: telegram.Name, Chat: chat}}}
	}
	if err := unit.Enqueue(ctx, all); err != nil {
		l.b.Fatal(err)
	}
	if err := unit.Commit(ctx); err != nil {
		l.b.Fatal(err)
	}
}

// block runs delivery and queues replies one after the other. It returns how
// long each took from its commit to the platform.
func (l *lanes) block() (took times) {
	l.b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() { _ = l.delivery.Run(ctx) })
	defer func() {
		l.ran += time.Since(began)
		stop()
		running.Wait()
	}()
	<-time.After(laneWarmUp)
	next := time.NewTicker(replyEvery)
	defer next.Stop()
	for range replyBlock {
		<-next.C
		l.replies++
		came := make(chan time.Time, 1)
		l.channel.came.Store(fmt.Sprintf("reply%d", l.replies), came)
		l.queue("reply", bot.LaneReply, l.replies, 1, "Hồ sơ gồm tờ khai và giấy chứng sinh.")
		committed := time.Now()
		l.delivery.Wake()
		select {
		case at := <-came:
			took = append(took, at.Sub(committed))
		case <-time.After(20 * time.Second):
			l.b.Fatal("a reply was never sent")
		}
	}
	return took
}

// BenchmarkReplyUnderBroadcast compares how long a reply takes from its commit
// to the platform while 100,000 messages of news wait, with the same while none
// do. Both run at Telegram's real pace, by turns, so it takes about a minute;
// once is enough.
//
//	go test -run '^$' -bench ReplyUnderBroadcast -benchtime 1x ./cmd/cchcbot
func BenchmarkReplyUnderBroadcast(b *testing.B) {
	quiet, busy := newLanes(b), newLanes(b)
	text := strings.Repeat("Từ thứ Hai, bộ phận một cửa nhận hồ sơ cả buổi chiều. ", 8)
	for first := 0; first < newsWaiting; first += newsAtOnce {
		busy.queue("news", bot.LaneBroadcast, first, newsAtOnce, text)
	}
	var ours, base times
	b.ResetTimer()
	for range b.N {
		for range 4 {
			base = append(base, quiet.block()...)
			ours = append(ours, busy.block()...)
		}
	}
	b.StopTimer()
	reportAgainst(b, ours, base)
	b.ReportMetric(float64(busy.channel.sent()-busy.replies)/busy.ran.Seconds(), "news/s")
	if n := busy.channel.sent(); n == busy.replies {
		b.Fatal("no news was sent: there was nothing to compare with")
	}
}
