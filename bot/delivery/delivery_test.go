package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/BurntSushi/toml"
	"go.uber.org/goleak"

	"cchcbot/bot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 23, 8, 30, 0, 0, time.FixedZone("ICT", 7*3600))

// desk is a delivery with all its surroundings and a clock that tests move.
type desk struct {
	*Delivery
	mem    *memory
	ch     *platform
	now    time.Time
	alerts []string
	seen   []Observation
	log    bytes.Buffer
}

func newDesk(t testing.TB, limits bot.Limits, script map[string][]error) *desk {
	t.Helper()
	d := &desk{now: start}
	d.mem = newMemory(func() time.Time { return d.now })
	d.ch = &platform{name: "fake", limits: limits, script: script}
	var err error
	d.Delivery, err = New(Options{
		Outbox: d.mem, State: d.mem, Channels: []bot.Channel{d.ch}, Now: func() time.Time { return d.now },
		Log: slog.New(slog.NewTextHandler(&d.log, nil)), Jitter: func() float64 { return 1 },
		Alert:   func(_ context.Context, s string) { d.alerts = append(d.alerts, s) },
		Observe: func(o Observation) { d.seen = append(d.seen, o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) drain(t testing.TB) {
	t.Helper()
	if err := d.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func fail(kind bot.SendKind) *bot.SendError { return &bot.SendError{Kind: kind} }

// What each kind of error does to a row at the first attempt.
func TestEachKindOfError(t *testing.T) {
	twice := func(err error) []error { return []error{err, err} }
	tests := []struct {
		name   string
		lane   bot.Lane
		script []error
		state  bot.OutboxState
		reason string
		due    time.Duration // from now, for a queued row
		cost   int           // attempts
		sent   int
		out    bool // the contact was opted out
		alerts int
	}{
		{"success", bot.LaneReply, nil, bot.OutboxSent, "", 0, 0, 1, false, 0},
		{"throttled", bot.LaneReply, []error{&bot.SendError{Kind: bot.Throttled, RetryAfter: 30 * time.Second}}, bot.OutboxQueued, reasonThrottled, 34 * time.Second, 0, 0, false, 0},
		{"throttled without a time", bot.LaneReply, []error{fail(bot.Throttled)}, bot.OutboxQueued, reasonThrottled, 2100 * time.Millisecond, 0, 0, false, 0},
		{"temporary", bot.LaneReply, []error{fail(bot.Temporary)}, bot.OutboxQueued, reasonTemporary, time.Second, 1, 0, false, 0},
		{"an error of no kind", bot.LaneReply, []error{errors.New("disk")}, bot.OutboxQueued, reasonTemporary, time.Second, 1, 0, false, 0},
		{"a panic", bot.LaneReply, []error{errBoom}, bot.OutboxQueued, reasonFault, time.Second, 1, 0, false, 0},
		{"unknown outcome of a reply", bot.LaneReply, []error{fail(bot.Ambiguous)}, bot.OutboxQueued, reasonUnknown, time.Second, 1, 0, false, 0},
		{"unknown outcome of a follow-up", bot.LaneFollowUp, []error{fail(bot.Ambiguous)}, bot.OutboxQueued, reasonUnknown, time.Second, 1, 0, false, 0},
		{"unknown outcome of news", bot.LaneBroadcast, []error{fail(bot.Ambiguous)}, bot.OutboxDead, reasonUnknownOnce, 0, 0, 0, false, 0},
		{"later, at a time", bot.LaneFollowUp, []error{&bot.SendError{Kind: bot.Later, Until: start.Add(5 * time.Hour)}}, bot.OutboxQueued, reasonLater, 5 * time.Hour, 0, 0, false, 0},
		{"later, at a time gone by", bot.LaneFollowUp, []error{&bot.SendError{Kind: bot.Later, Until: start}}, bot.OutboxQueued, reasonLater, time.Minute, 0, 0, false, 0},
		{"later, when the citizen writes", bot.LaneFollowUp, []error{&bot.SendError{Kind: bot.Later, Reason: "delivery.reason_away"}}, bot.OutboxHeld, "delivery.reason_away", 0, 0, 0, false, 0},
		{"moved", bot.LaneReply, []error{&bot.SendError{Kind: bot.Moved, To: "new"}}, bot.OutboxSent, reasonMoved, 0, 0, 1, false, 0},
		{"moved to nowhere", bot.LaneReply, []error{fail(bot.Moved)}, bot.OutboxDead, reasonMovedTwice, 0, 0, 0, false, 1},
		{"rejected", bot.LaneReply, []error{fail(bot.Rejected)}, bot.OutboxDead, reasonRejected, 0, 0, 0, false, 1},
		{"gone", bot.LaneReply, []error{fail(bot.Gone)}, bot.OutboxDead, reasonGone, 0, 0, 0, true, 0},
		{"misconfigured", bot.LaneReply, twice(&bot.SendError{Kind: bot.Misconfigured, Reason: "delivery.reason_token"}), bot.OutboxQueued, "delivery.reason_token", 0, 0, 0, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, bot.Limits{}, map[string][]error{"lan": tt.script})
			row := d.mem.add("fake", "lan", tt.lane, "secret words")
			d.drain(t)
			if row.state != tt.state || row.reason != tt.reason || row.Attempts != tt.cost {
				t.Errorf("row is %s (%s) after %d attempts, want %s (%s) after %d", row.state, row.reason, row.Attempts, tt.state, tt.reason, tt.cost)
			}
			if due := row.due.Sub(start); row.state == bot.OutboxQueued && due != tt.due {
				t.Errorf("due in %s, want %s", due, tt.due)
			}
			if len(d.ch.sent) != tt.sent {
				t.Errorf("sent %d, want %d", len(d.ch.sent), tt.sent)
			}
			if _, out := d.mem.out[row.Contact]; out != tt.out {
				t.Errorf("opted out %v, want %v", out, tt.out)
			}
			if len(d.alerts) != tt.alerts {
				t.Errorf("alerts %q, want %d", d.alerts, tt.alerts)
			}
			if strings.Contains(d.log.String(), "secret words") || strings.Contains(d.log.String(), "what a citizen wrote") {
				t.Errorf("the log shows what was written: %s", &d.log)
			}
		})
	}
}

func TestAttemptsEnd(t *testing.T) {
	tests := []struct {
		name string
		lane bot.Lane
		err  error
		want int // sends
	}{
		{"a reply", bot.LaneReply, fail(bot.Temporary), 12},
		{"a follow-up", bot.LaneFollowUp, fail(bot.Temporary), 150},
		{"news", bot.LaneBroadcast, fail(bot.Temporary), 12},
		{"a reply that may have arrived", bot.LaneReply, fail(bot.Ambiguous), 6},
		{"a message the code cannot send", bot.LaneReply, errBoom, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var script []error
			for range 200 {
				script = append(script, tt.err)
			}
			d := newDesk(t, bot.Limits{}, map[string][]error{"lan": script})
			row := d.mem.add("fake", "lan", tt.lane, "x")
			for range 200 {
				d.drain(t)
				d.now = d.now.Add(10 * time.Minute)
			}
			if got := 200 - len(d.ch.script["lan"]); got != tt.want || row.state != bot.OutboxDead {
				t.Errorf("%d sends and %s, want %d and dead", got, row.state, tt.want)
			}
			if len(d.alerts) != 1 {
				t.Errorf("alerts %q, want one", d.alerts)
			}
		})
	}
}

func TestASecondMoveInARowGivesUp(t *testing.T) {
	d := newDesk(t, bot.Limits{}, map[string][]error{
		"a": {&bot.SendError{Kind: bot.Moved, To: "b"}}, "b": {&bot.SendError{Kind: bot.Moved, To: "a"}},
	})
	row := d.mem.add("fake", "a", bot.LaneReply, "x")
	d.drain(t)
	if row.state != bot.OutboxDead || row.reason != reasonMovedTwice || len(d.ch.sent) != 0 {
		t.Errorf("row is %s (%s)", row.state, row.reason)
	}
}

func TestAGroupThatIsGoneOptsNobodyOut(t *testing.T) {
	d := newDesk(t, bot.Limits{}, map[string][]error{"group": {fail(bot.Gone)}})
	row := d.mem.add("fake", "group", bot.LaneReply, "x")
	row.Group = true
	d.drain(t)
	if len(d.mem.out) != 0 || row.state != bot.OutboxDead {
		t.Errorf("opted out %v, row %s", d.mem.out, row.state)
	}
}

func TestOrderWithinAChat(t *testing.T) {
	d := newDesk(t, bot.Limits{}, map[string][]error{"lan": {nil, fail(bot.Temporary)}})
	for i := range 4 {
		d.mem.add("fake", "lan", bot.LaneReply, fmt.Sprint("lan", i))
	}
	d.mem.add("fake", "minh", bot.LaneReply, "minh0")
	d.drain(t)
	if got := d.ch.texts(); !slices.Equal(got, []string{"lan0", "minh0"}) {
		t.Errorf("sent %v: the failed message must hold its chat back and nobody else", got)
	}
	d.now = d.now.Add(time.Second)
	d.drain(t)
	if got := d.ch.texts()[2:]; !slices.Equal(got, []string{"lan1", "lan2", "lan3"}) {
		t.Errorf("sent %v", got)
	}
}

func TestLanesGoByUrgency(t *testing.T) {
	d := newDesk(t, bot.Limits{}, nil)
	d.mem.add("fake", "a", bot.LaneBroadcast, "news1")
	d.mem.add("fake", "b", bot.LaneBroadcast, "news2")
	d.mem.add("fake", "c", bot.LaneFollowUp, "word")
	d.mem.add("fake", "d", bot.LaneReply, "reply")
	d.drain(t)
	if got := d.ch.texts(); got[0] != "reply" || got[1] != "word" {
		t.Errorf("sent %v", got)
	}
}

// A reply that comes in while a long broadcast runs waits for nothing but the
// sends under way, and not even for those.
func TestAReplyOvertakesABroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		ch := &platform{name: "fake", took: func(ctx context.Context, m bot.Message) {
			<-time.After(time.Second) // a slow platform, on the bubble's clock
		}}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			mem.add("fake", fmt.Sprint("chat", i), bot.LaneBroadcast, "news")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-time.After(2500 * time.Millisecond)
		asked := time.Now()
		mem.add("fake", "lan", bot.LaneReply, "reply")
		d.Wake()
		<-time.After(10 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		at := slices.Index(ch.sent, "reply")
		if at < 0 {
			t.Fatal("the reply was not sent")
		}
		if wait := ch.times[at].Sub(asked); wait > time.Second {
			t.Errorf("the reply arrived after %s, the platform takes 1s", wait)
		}
		if news := len(ch.sent) - 1; news < 60 {
			t.Errorf("only %d news in 12 s: six slots of a second each should do 72", news)
		}
	})
}

func TestASlowChannelDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		slow := &platform{name: "slow", took: func(ctx context.Context, _ bot.Message) { <-ctx.Done() }}
		fast := &platform{name: "fast"}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{slow, fast}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			mem.add("slow", fmt.Sprint(i), bot.LaneReply, "x")
			mem.add("fast", fmt.Sprint(i), bot.LaneReply, "x")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-time.After(time.Second)
		if n := len(fast.texts()); n != 20 {
			t.Errorf("the fast channel sent %d of 20", n)
		}
		stop()
		<-done
	})
}

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
	if n := count(t, bot.LaneBroadcast, 10); n < 75 || n > 85 {
		t.Errorf("%d news in 10 s, want about 80: a fifth is left to replies", n)
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
	d := newDesk(t, bot.Limits{Pace: bot.Pace{PerSecond: 2, Burst: 2}}, nil)
	d.mem.away = true
	for i := range 10 {
		d.mem.add("fake", fmt.Sprint(i), bot.LaneReply, "x")
	}
	d.drain(t)
	if n := len(d.ch.sent); n != 2 {
		t.Errorf("sent %d at once, want the burst of 2", n)
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

type checked struct {
	*platform
	err error
}

func (c *checked) Check(context.Context) error { return c.err }

func TestTheChannelsOwnCheckSavesASend(t *testing.T) {
	d := newDesk(t, bot.Limits{}, map[string][]error{"a": {fail(bot.Misconfigured)}})
	ch := &checked{platform: d.ch, err: errors.New("token expired")}
	d.lines[0].ch = ch
	d.mem.add("fake", "a", bot.LaneReply, "a")
	for range 5 {
		d.drain(t)
		d.now = d.now.Add(15 * time.Minute)
	}
	if len(ch.sent) != 0 {
		t.Error("sent although the check failed")
	}
	ch.err = nil
	d.drain(t)
	if len(ch.sent) != 1 {
		t.Error("not sent although the check passed")
	}
}

func TestAReceiptIsRecordedWhenTheStoreIsBack(t *testing.T) {
	d := newDesk(t, bot.Limits{}, nil)
	row := d.mem.add("fake", "a", bot.LaneReply, "a")
	d.mem.noSent = errors.New("disk full")
	if d.Drain(t.Context()) == nil {
		t.Error("Drain says nothing of a store that cannot be written")
	}
	if row.state != bot.OutboxSending {
		t.Fatalf("row is %s", row.state)
	}
	d.mem.noSent = nil
	d.now = d.now.Add(lease + time.Second) // the lease ran out: a fresh process would send again
	d.drain(t)
	if row.state != bot.OutboxSent || len(d.ch.sent) != 1 {
		t.Errorf("row is %s, sent %d times, want once", row.state, len(d.ch.sent))
	}
}

// The one documented duplicate: the process dies between send and record.
func TestALeaseThatRanOutIsSentAgain(t *testing.T) {
	d := newDesk(t, bot.Limits{}, nil)
	row := d.mem.add("fake", "a", bot.LaneReply, "a")
	d.mem.noSent = errors.New("crash")
	_ = d.Drain(t.Context()) // fails as it should
	after := newDesk(t, bot.Limits{}, nil)
	after.mem.rows = d.mem.rows
	after.drain(t)
	if len(after.ch.sent) != 0 {
		t.Fatal("sent while the lease still ran")
	}
	after.now = after.now.Add(lease + time.Second)
	after.drain(t)
	if len(after.ch.sent) != 1 || row.state != bot.OutboxSent {
		t.Errorf("sent %d, row %s", len(after.ch.sent), row.state)
	}
}

func TestStopUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		ch := &platform{name: "fake", took: func(context.Context, bot.Message) { <-time.After(3 * time.Second) }}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			mem.add("fake", fmt.Sprint(i), bot.LaneReply, "x")
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("stopped after %s, want when the sends under way were done", took)
		}
		sent := 0
		for _, r := range mem.rows {
			switch r.state {
			case bot.OutboxSent:
				sent++
			case bot.OutboxSending:
				t.Errorf("row %d stays under lease", r.Row)
			}
		}
		if sent != 8 || len(ch.sent) != 8 {
			t.Errorf("%d rows sent, %d messages, want the 8 under way", sent, len(ch.sent))
		}
	})
}

func TestOneChatOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		var mu sync.Mutex
		open := map[string]int{}
		ch := &platform{name: "fake", took: func(_ context.Context, m bot.Message) {
			mu.Lock()
			if open[m.To.Chat]++; open[m.To.Chat] > 1 {
				t.Errorf("two sends to one chat at once")
			}
			mu.Unlock()
			<-time.After(100 * time.Millisecond)
			mu.Lock()
			open[m.To.Chat]--
			mu.Unlock()
		}}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			mem.add("fake", fmt.Sprint(i%6), bot.Lanes[i/6%3], fmt.Sprint(i))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(ch.sent) != 60 {
			t.Errorf("sent %d of 60", len(ch.sent))
		}
	})
}

func TestAnOutboxThatFailsIsLoggedOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory(time.Now)
		mem.broken = errors.New("database is away")
		mem.add("fake", "a", bot.LaneReply, "a")
		ch := &platform{name: "fake"}
		var log bytes.Buffer
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
		defer stop()
		time.AfterFunc(2*time.Minute, func() {
			mem.mu.Lock()
			defer mem.mu.Unlock()
			mem.broken = nil
		})
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(ch.sent) != 1 {
			t.Errorf("sent %d", len(ch.sent))
		}
		if n := strings.Count(log.String(), "cannot be read"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	sum := time.Duration(0)
	for i := range maxReplyAttempts - 1 {
		least, most := backoff(i, 0), backoff(i, 0.999999)
		if least < 500*time.Millisecond || most > backoffMost || least >= most {
			t.Errorf("backoff(%d) from %s to %s", i, least, most)
		}
		sum += most
	}
	if sum < 30*time.Minute || sum > 2*time.Hour {
		t.Errorf("a reply is tried for %s", sum)
	}
	if got := backoff(1<<20, 1); got != backoffMost {
		t.Errorf("backoff of a huge attempt = %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	mem := newMemory(time.Now)
	ch := &platform{name: "fake"}
	for name, opt := range map[string]Options{
		"nothing":              {},
		"no channel":           {Outbox: mem, State: mem},
		"two of one name":      {Outbox: mem, State: mem, Channels: []bot.Channel{ch, ch}},
		"a channel of no name": {Outbox: mem, State: mem, Channels: []bot.Channel{&platform{}}},
		"too many slots":       {Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Slots: 65},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every reason that this package gives has words in both languages.
func TestReasonsHaveWords(t *testing.T) {
	var langs [2]map[string]map[string]string
	for i, name := range []string{"text/vi.toml", "text/en.toml"} {
		if _, err := toml.DecodeFS(Texts(), name, &langs[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{
		reasonPace, reasonThrottled, reasonTemporary, reasonUnknown, reasonUnknownOnce, reasonLater, reasonMoved,
		reasonMovedTwice, reasonRejected, reasonGone, reasonMisconfigured, reasonFault,
	} {
		for i := range langs {
			if langs[i]["delivery"][strings.TrimPrefix(key, "delivery.")] == "" {
				t.Errorf("%s has no words in language %d", key, i)
			}
		}
	}
	if len(langs[0]["delivery"]) != len(langs[1]["delivery"]) {
		t.Error("the languages have different keys")
	}
}

// BenchmarkDrain is the machinery alone: outbox and platform in memory.
func BenchmarkDrain(b *testing.B) {
	d := newDesk(b, bot.Limits{}, nil)
	d.Delivery.opt.Observe = func(Observation) {}
	for b.Loop() {
		d.mem.rows, d.ch.sent, d.ch.times = nil, nil, nil
		for i := range 100 {
			d.mem.add("fake", fmt.Sprint(i), bot.LaneReply, "x")
		}
		d.drain(b)
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "messages/s")
}
