package delivery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
)

// TestRepliesFindATokenWhileNewsWait: news use what replies leave of the pace, and a
// token stays behind for the next one. Replies take the rest from the news, and
// wait for no budget.
func TestRepliesFindATokenWhileNewsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		for i := range 2000 {
			mem.add("fake", fmt.Sprint("chat", i), bot.LaneBroadcast, "news")
		}
		ch := &platform{name: "fake", limits: bot.Limits{Pace: bot.Pace{PerSecond: 25, Burst: 5, PerChatSecond: 1, ChatBurst: 3}}}
		began := time.Now()
		news, replies := 0, 0
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Observe: func(o Observation) {
			mem.mu.Lock()
			defer mem.mu.Unlock()
			if o.Lane == bot.LaneBroadcast {
				news++
				return
			}
			if replies++; o.Waited > 0 {
				t.Errorf("reply %d waited %s after %s", replies, o.Waited, time.Since(began))
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for i := range 200 {
			<-tick.C
			mem.add("fake", fmt.Sprint("citizen", i), bot.LaneReply, "reply")
			d.Wake()
		}
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if replies != 200 || news < 280 || news > 320 {
			t.Errorf("%d replies and %d news in 20 s, want 200 and about 300", replies, news)
		}
	})
}

// TestNewsUseThePace: with nothing else to do, news use at least 98 % of the pace, in no
// second more than a burst above it, and nobody gets them twice.
func TestNewsUseThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, rate, burst = 2000, 25, 5
		mem := newMemory(time.Now)
		for i := range people {
			mem.add("fake", fmt.Sprint("chat", i), bot.LaneBroadcast, "news")
		}
		ch := &platform{name: "fake", limits: bot.Limits{Pace: bot.Pace{PerSecond: rate, Burst: burst, PerChatSecond: 1, ChatBurst: 3}}}
		began := time.Now()
		var last time.Time
		seconds := map[int]int{}
		sent := 0
		ctx, stop := context.WithCancel(t.Context())
		all := make(chan struct{})
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Observe: func(o Observation) {
			mem.mu.Lock()
			defer mem.mu.Unlock()
			if o.Outcome != OutcomeSent {
				t.Errorf("outcome %s", o.Outcome)
			}
			last = time.Now()
			seconds[int(last.Sub(began)/time.Second)]++
			if sent++; sent == people {
				close(all)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-all
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		used := float64(people) / (last.Sub(began).Seconds() * rate)
		t.Logf("%d sent in %s: %.1f %% of the pace", sent, last.Sub(began), used*100)
		if used < 0.98 {
			t.Errorf("only %.1f %% of the pace is used", used*100)
		}
		for s, n := range seconds {
			if n > rate+burst {
				t.Errorf("%d sent in second %d", n, s)
			}
		}
	})
}

// picky is a platform whose gate lets one of three in.
type picky struct{ *platform }

func (g picky) Admit(_ time.Time, m bot.Message, _ bot.Lane, _ bot.Standing) *bot.SendError {
	if strings.HasSuffix(m.To.Chat, "0") || strings.HasSuffix(m.To.Chat, "3") || strings.HasSuffix(m.To.Chat, "7") {
		return nil
	}
	return &bot.SendError{Kind: bot.Later, Reason: "delivery.reason_later"}
}

// TestWhatTheGateKeepsBackCostsNoPace: a row that is held before the platform is asked
// leaves its token to the next one.
func TestWhatTheGateKeepsBackCostsNoPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, open, rate = 2000, 600, 25
		mem := newMemory(time.Now)
		for i := range people {
			mem.add("fake", fmt.Sprint("chat", i), bot.LaneBroadcast, "news")
		}
		ch := picky{&platform{name: "fake", limits: bot.Limits{Pace: bot.Pace{PerSecond: rate, Burst: 5, PerChatSecond: 1, ChatBurst: 3}}}}
		began := time.Now()
		var last time.Time
		seconds := map[int]int{}
		sent := 0
		ctx, stop := context.WithCancel(t.Context())
		all := make(chan struct{})
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Observe: func(o Observation) {
			mem.mu.Lock()
			defer mem.mu.Unlock()
			if o.Outcome != OutcomeSent {
				return
			}
			last = time.Now()
			seconds[int(last.Sub(began)/time.Second)]++
			if sent++; sent == open {
				close(all)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-all
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if used := float64(open) / (last.Sub(began).Seconds() * rate); used < 0.98 {
			t.Errorf("only %.1f %% of the pace is used", used*100)
		}
		for s, n := range seconds {
			if n > rate+5 {
				t.Errorf("%d sent in second %d", n, s)
			}
		}
	})
}

// TestNoSecondHasMoreThanThePaceAndItsBurst: after an idle time, and after one in which
// the platform asked for less, nothing is made up for: a platform that takes a second's
// pace and the burst, and not one more, refuses nothing.
func TestNoSecondHasMoreThanThePaceAndItsBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, burst = 25, 5
		mem := newMemory(time.Now)
		var arrived []time.Time
		ch := &platform{name: "fake", limits: bot.Limits{Pace: bot.Pace{PerSecond: rate, Burst: burst, PerChatSecond: 1, ChatBurst: 3}}}
		ch.took = func(context.Context, bot.Message) {
			ch.mu.Lock()
			defer ch.mu.Unlock()
			arrived = append(arrived, time.Now())
		}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		n := 0
		for round := range 6 {
			// An answer fills the purses, and a moment later the budgets are full as well.
			mem.add("fake", fmt.Sprint("first", round), bot.LaneReply, "reply")
			d.Wake()
			time.Sleep(400 * time.Millisecond)
			for i := range 60 {
				mem.add("fake", fmt.Sprint("chat", n), bot.LaneBroadcast, "news")
				if n++; i%3 == 0 {
					mem.add("fake", fmt.Sprint("citizen", n), bot.LaneReply, "reply")
				}
			}
			d.Wake()
			time.Sleep(time.Duration(1500+round*600) * time.Millisecond)
		}
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for i := range arrived {
			within := 0
			for _, at := range arrived[i:] {
				if at.Sub(arrived[i]) < time.Second {
					within++
				}
			}
			if within > rate+burst {
				t.Fatalf("%d within a second, want at most %d", within, rate+burst)
			}
		}
		if len(arrived) < 300 {
			t.Errorf("only %d were sent", len(arrived))
		}
	})
}

// slow is an outbox that takes its time to write receipts down.
type slow struct {
	*memory
	until <-chan struct{}
}

func (s slow) Sent(ctx context.Context, row int64, r bot.Receipt) error {
	<-s.until
	return s.memory.Sent(ctx, row, r)
}

// A send frees its slot before its receipt is written down, but what a crash would
// repeat stays bounded when the receipts are slow.
func TestSlowReceiptsHoldSendingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		ch := &platform{name: "fake"}
		open := make(chan struct{})
		d, err := New(Options{Outbox: slow{mem, open}, State: mem, Channels: []bot.Channel{ch}, Slots: 4})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			mem.add("fake", fmt.Sprint("chat", i), bot.LaneReply, "reply")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-time.After(time.Minute)
		if n := ch.count(); n <= 4 || n > 8 {
			t.Errorf("%d messages were sent and not written down, want more than 4 and at most 8", n)
		}
		close(open)
		<-time.After(time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := ch.count(); n != 50 {
			t.Errorf("%d of 50 messages were sent", n)
		}
	})
}
