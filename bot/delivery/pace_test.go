package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
)

func TestPaceOfAChannel(t *testing.T) {
	pace := bot.Pace{PerSecond: 10, Burst: 5}
	count := func(t *testing.T, lane bot.Lane, seconds int) int {
		n := 0
		synctest.Test(t, func(t *testing.T) {
			mem := newMemory(time.Now)
			ch := &platform{name: "fake", limits: bot.Limits{Pace: pace}}
			d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 1000 {
				mem.add("fake", fmt.Sprint(i), lane, "x")
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
			defer stop()
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
			n = len(ch.sent)
		})
		return n
	}
	if n := count(t, bot.LaneReply, 10); n < 95 || n > 106 {
		t.Errorf("%d replies in 10 s, want about 100 and at most 105", n)
	}
	if n := count(t, bot.LaneBroadcast, 10); n < 95 || n > 105 {
		t.Errorf("%d news in 10 s, want about 100: a token stays behind for a reply", n)
	}
}

func TestPaceOfAChatAndAGroup(t *testing.T) {
	limits := bot.Limits{Pace: bot.Pace{PerChatSecond: 1, ChatBurst: 3, PerGroupMinute: 20}}
	d := newDesk(t, limits, nil)
	for i := range 5 {
		d.mem.add("fake", "lan", bot.LaneReply, fmt.Sprint(i))
	}
	d.drain(t)
	if n := len(d.ch.sent); n != 3 {
		t.Errorf("%d at once in a chat, want the burst of 3", n)
	}
	for range 4 {
		d.now = d.now.Add(time.Second)
		d.drain(t)
	}
	if got := strings.Join(d.ch.sent, ""); got != "01234" {
		t.Errorf("sent %q", got)
	}
	d.ch.sent = nil
	for i := range 60 {
		d.mem.add("fake", "group", bot.LaneReply, fmt.Sprint(i)).Group = true
	}
	for range 60 {
		d.drain(t)
		d.now = d.now.Add(time.Second)
	}
	if n := len(d.ch.sent); n > 20 || n < 18 {
		t.Errorf("%d in a group within a minute, want at most 20", n)
	}
}

func TestPaceWhileStateIsAway(t *testing.T) {
	d := newDesk(t, bot.Limits{Pace: bot.Pace{PerSecond: 2, Burst: 4}}, nil)
	d.mem.away = true
	for i := range 10 {
		d.mem.add("fake", fmt.Sprint(i), bot.LaneReply, "x")
	}
	d.drain(t)
	if n := len(d.ch.sent); n != 2 {
		t.Errorf("sent %d at once, want half of the burst: the rest is for purses", n)
	}
	d.now = d.now.Add(time.Second)
	d.drain(t)
	if n := len(d.ch.sent); n != 4 {
		t.Errorf("sent %d after a second, want 4", n)
	}
	if n := strings.Count(d.log.String(), "cannot be shared"); n != 1 {
		t.Errorf("logged %d times that the state is away, want once", n)
	}
	d.mem.away = false
	d.now = d.now.Add(time.Second)
	d.drain(t)
	if !strings.Contains(d.log.String(), "shared again") {
		t.Error("the log does not say that budgets are shared again")
	}
}

func TestAnEmptyOutboxTakesNoBudget(t *testing.T) {
	d := newDesk(t, bot.Limits{Pace: bot.Pace{PerSecond: 30, Burst: 10}}, nil)
	for range 50 {
		d.drain(t)
		d.now = d.now.Add(time.Second)
	}
	if d.mem.takes != 0 {
		t.Errorf("took %d times from the budgets with nothing to send", d.mem.takes)
	}
}

func TestAThrottleStopsNewsAndLetsRepliesToOthersGo(t *testing.T) {
	slow := &bot.SendError{Kind: bot.Throttled, RetryAfter: 10 * time.Second}
	d := newDesk(t, bot.Limits{}, map[string][]error{"lan": {slow}, "minh": {slow}})
	lan := d.mem.add("fake", "lan", bot.LaneReply, "to lan")
	d.drain(t)
	d.mem.add("fake", "news", bot.LaneBroadcast, "news")
	d.mem.add("fake", "hoa", bot.LaneReply, "to hoa")
	d.drain(t)
	if got := d.ch.texts(); !slices.Equal(got, []string{"to hoa"}) {
		t.Errorf("sent %v while one chat was throttled, want the reply to another only", got)
	}
	// A second chat is throttled: now the platform means all of us.
	d.mem.add("fake", "minh", bot.LaneReply, "to minh")
	d.drain(t)
	d.mem.add("fake", "hoa", bot.LaneReply, "to hoa again")
	d.drain(t)
	if n := len(d.ch.sent); n != 1 {
		t.Errorf("sent %d while everything was throttled", n-1)
	}
	if lan.Attempts != 0 {
		t.Errorf("a throttle cost %d attempts", lan.Attempts)
	}
	d.now = d.now.Add(13 * time.Second)
	d.drain(t)
	if n := len(d.ch.sent); n != 5 {
		t.Errorf("sent %v after the throttle, want everything", d.ch.sent)
	}
}

func TestAStoppedChannelTriesByItselfAndGoesOn(t *testing.T) {
	bad := &bot.SendError{Kind: bot.Misconfigured, Reason: "delivery.reason_token"}
	d := newDesk(t, bot.Limits{}, map[string][]error{"a": {bad, bad}})
	for _, chat := range []string{"a", "b", "c"} {
		d.mem.add("fake", chat, bot.LaneReply, chat)
	}
	d.drain(t)
	err := d.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "delivery.reason_token") {
		t.Errorf("Check() = %v", err)
	}
	if n := len(d.ch.sent); n != 0 {
		t.Errorf("sent %d on a stopped channel", n)
	}
	d.now = d.now.Add(59 * time.Second)
	d.drain(t)
	if len(d.ch.script["a"]) != 1 {
		t.Error("tried again before its minute was over")
	}
	d.now = d.now.Add(time.Second)
	d.drain(t) // the second refusal: two minutes now
	d.now = d.now.Add(time.Minute)
	d.drain(t)
	if len(d.alerts) != 1 || len(d.ch.sent) != 0 {
		t.Errorf("alerts %q, sent %v", d.alerts, d.ch.sent)
	}
	d.now = d.now.Add(time.Minute)
	d.drain(t)
	if got := d.ch.texts(); len(got) != 3 {
		t.Errorf("sent %v, want all three", got)
	}
	if d.Check(t.Context()) != nil || len(d.alerts) != 2 {
		t.Errorf("Check() = %v, alerts %q", d.Check(t.Context()), d.alerts)
	}
	for _, r := range d.mem.rows {
		if r.Attempts != 0 {
			t.Errorf("row %d lost %d attempts to a wrong configuration", r.Row, r.Attempts)
		}
	}
}

// Eight sends that find out at the same time are one stop, not eight.
func TestSendsUnderWayStopAChannelOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		bad := &bot.SendError{Kind: bot.Misconfigured}
		ch := &platform{name: "fake", script: map[string][]error{}, took: func(context.Context, bot.Message) { <-time.After(time.Second) }}
		for i := range 8 {
			chat := fmt.Sprint(i)
			ch.script[chat] = []error{bad}
			mem.add("fake", chat, bot.LaneReply, chat)
		}
		var mu sync.Mutex
		alerts := 0
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Alert: func(context.Context, string) {
			mu.Lock()
			defer mu.Unlock()
			alerts++
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if alerts != 2 || len(ch.sent) != 8 {
			t.Errorf("%d alerts and %d sent, want stop and go on, and all 8 after a minute", alerts, len(ch.sent))
		}
	})
}
