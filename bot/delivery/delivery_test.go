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
	"sync/atomic"
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

// News that may have arrived is not sent twice because the store was away when it was given up.
func TestABurialIsWrittenWhenTheStoreIsBack(t *testing.T) {
	d := newDesk(t, bot.Limits{}, map[string][]error{"a": {fail(bot.Ambiguous)}})
	row := d.mem.add("fake", "a", bot.LaneBroadcast, "a")
	d.mem.noBury = errors.New("disk full")
	if d.Drain(t.Context()) == nil {
		t.Error("Drain says nothing of a store that cannot be written")
	}
	d.now = d.now.Add(lease + time.Second) // the lease ran out
	if _ = d.Drain(t.Context()); len(d.ch.script["a"]) != 0 || len(d.ch.sent) != 0 {
		t.Errorf("sent %d times after nobody knew", len(d.ch.sent))
	}
	d.mem.noBury = nil
	d.drain(t)
	if row.state != bot.OutboxDead || row.reason != reasonUnknownOnce || len(d.ch.sent) != 0 {
		t.Errorf("row is %s for %q, sent %d times", row.state, row.reason, len(d.ch.sent))
	}
	if l := d.lines[0]; len(l.unburied) != 0 {
		t.Errorf("%v is kept", l.unburied)
	}
}

// What was given up or sent, and leased again before the store was told, goes out no more.
func TestARowThatIsOverIsNotSentAgain(t *testing.T) {
	d := newDesk(t, bot.Limits{}, nil)
	one, two := d.mem.add("fake", "a", bot.LaneBroadcast, "a"), d.mem.add("fake", "bb", bot.LaneBroadcast, "b")
	l := d.lines[0]
	list, err := d.mem.Claim(t.Context(), "fake", bot.LaneBroadcast, 2, lease)
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	l.keepBurial(one.Row, reasonUnknownOnce)
	l.keep(two.Row, bot.Receipt{ID: "r"})
	for _, c := range list {
		l.begin(c)
		l.deliver(t.Context(), c)
	}
	if len(d.ch.sent) != 0 || one.state != bot.OutboxDead || two.state != bot.OutboxSent || len(l.unburied)+len(l.unrecorded) != 0 {
		t.Errorf("sent %d, rows %s and %s", len(d.ch.sent), one.state, two.state)
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

// A machine that slept, or whose clock was set: the lease is over, the send is not.
func TestAClockThatJumpsSendsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		mem := newMemory(now)
		ch := &platform{name: "fake", took: func(context.Context, bot.Message) { <-time.After(10 * time.Second) }}
		d, err := New(Options{Outbox: mem, State: mem, Channels: []bot.Channel{ch}, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		row := mem.add("fake", "a", bot.LaneReply, "a")
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		time.AfterFunc(time.Second, func() {
			ahead.Store(int64(time.Hour))
			mem.add("fake", "b", bot.LaneReply, "b")
			d.Wake()
		})
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := ch.texts(); !slices.Equal(got, []string{"a", "b"}) || row.state != bot.OutboxSent {
			t.Errorf("sent %q, the row is %s", got, row.state)
		}
		if l := d.lines[0]; l.flying != 0 || len(l.inHand) != 0 {
			t.Errorf("%d under way, %d in hand", l.flying, len(l.inHand))
		}
	})
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
