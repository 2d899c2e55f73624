package delivery

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
)

// TestRepliesFindATokenWhileNewsWait: news may use four fifths of the pace.
// Replies that want more than the last fifth take it from the news, and wait
// for no budget.
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
