package delivery

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
)

// gated is a platform that says when it may be sent to, and what arrived.
type gated struct {
	*platform
	admit   func(bot.Message, bot.Lane, bot.Standing) *bot.SendError
	arrived []any // answers to Arrived: a receipt, false or an error
	asked   []time.Time
}

func (g *gated) Admit(_ time.Time, m bot.Message, l bot.Lane, s bot.Standing) *bot.SendError {
	if g.admit == nil {
		return nil
	}
	return g.admit(m, l, s)
}

func (g *gated) Arrived(_ context.Context, _ bot.Message, since time.Time) (bot.Receipt, bool, error) {
	g.asked = append(g.asked, since)
	next := g.arrived[0]
	g.arrived = g.arrived[1:]
	switch v := next.(type) {
	case bot.Receipt:
		return v, true, nil
	case error:
		return bot.Receipt{}, false, v
	}
	return bot.Receipt{}, false, nil
}

func newGated(t *testing.T, script map[string][]error) (*desk, *gated) {
	t.Helper()
	d := &desk{now: start}
	d.mem = newMemory(func() time.Time { return d.now })
	d.ch = &platform{name: "fake", script: script}
	g := &gated{platform: d.ch}
	var err error
	d.Delivery, err = New(Options{
		Outbox: d.mem, State: d.mem, Channels: []bot.Channel{g}, Now: func() time.Time { return d.now },
		Log: slog.New(slog.NewTextHandler(&d.log, nil)), Jitter: func() float64 { return 0 },
		Alert:   func(_ context.Context, s string) { d.alerts = append(d.alerts, s) },
		Observe: func(o Observation) { d.seen = append(d.seen, o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, g
}

// What the gate says happens before anything is sent.
func TestTheGateDecides(t *testing.T) {
	morning := start.Add(9 * time.Hour)
	for name, c := range map[string]struct {
		says  *bot.SendError
		state bot.OutboxState
		due   time.Duration
		sent  int
	}{
		"send":                          {nil, bot.OutboxSent, 0, 1},
		"hold until morning":            {&bot.SendError{Kind: bot.Later, Until: morning}, bot.OutboxQueued, 9 * time.Hour, 0},
		"hold until the citizen writes": {&bot.SendError{Kind: bot.Later}, bot.OutboxHeld, 0, 0},
		"give up":                       {&bot.SendError{Kind: bot.Rejected}, bot.OutboxDead, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d, g := newGated(t, nil)
			standing := bot.Standing{Heard: start.Add(-time.Hour), Note: "n"}
			g.admit = func(_ bot.Message, l bot.Lane, s bot.Standing) *bot.SendError {
				if l != bot.LaneFollowUp || s != standing {
					t.Errorf("the gate is told %s, %+v", l, s)
				}
				return c.says
			}
			row := d.mem.add("fake", "lan", bot.LaneFollowUp, "x")
			row.Standing = standing
			standing.Queued = start
			d.drain(t)
			if row.state != c.state || row.Attempts != 0 || len(d.ch.sent) != c.sent {
				t.Errorf("%s after %d attempts, %d sent", row.state, row.Attempts, len(d.ch.sent))
			}
			if due := row.due.Sub(start); c.due != 0 && due != c.due {
				t.Errorf("due in %s, want %s", due, c.due)
			}
		})
	}
}

func TestAGateThatPanicsCostsOneMessage(t *testing.T) {
	d, g := newGated(t, nil)
	g.admit = func(bot.Message, bot.Lane, bot.Standing) *bot.SendError { panic("what a citizen wrote") }
	row := d.mem.add("fake", "lan", bot.LaneReply, "x")
	d.drain(t)
	if row.state != bot.OutboxQueued || row.Attempts != 1 || row.reason != reasonFault {
		t.Errorf("%s (%s) after %d attempts", row.state, row.reason, row.Attempts)
	}
}

// A send without an answer is asked about before it is tried again.
func TestDoubtIsSettled(t *testing.T) {
	lost := []error{fail(bot.Ambiguous)}
	for name, c := range map[string]struct {
		lane    bot.Lane
		arrived []any
		looks   int
		state   bot.OutboxState
		receipt string
		sent    int
		reason  string
	}{
		"a reply that arrived":            {bot.LaneReply, []any{bot.Receipt{ID: "m7"}}, 1, bot.OutboxSent, "m7", 0, reasonDoubt},
		"a reply that did not":            {bot.LaneReply, []any{false}, 1, bot.OutboxSent, "p-x", 1, reasonDoubt},
		"news that arrived":               {bot.LaneBroadcast, []any{bot.Receipt{ID: "m7"}}, 1, bot.OutboxSent, "m7", 0, reasonDoubt},
		"asked twice":                     {bot.LaneReply, []any{errors.New("away"), bot.Receipt{ID: "m7"}}, 2, bot.OutboxSent, "m7", 0, reasonDoubt},
		"a reply nobody can tell about":   {bot.LaneReply, []any{errors.New("1"), errors.New("2"), errors.New("3"), errors.New("4"), errors.New("5")}, 5, bot.OutboxHeld, "", 0, reasonDoubt},
		"news that nobody can tell about": {bot.LaneBroadcast, []any{errors.New("1"), errors.New("2"), errors.New("3"), errors.New("4"), errors.New("5")}, 5, bot.OutboxDead, "", 0, reasonUnknownOnce},
	} {
		t.Run(name, func(t *testing.T) {
			d, g := newGated(t, map[string][]error{"lan": lost})
			g.arrived = c.arrived
			row := d.mem.add("fake", "lan", c.lane, "x")
			d.drain(t)
			if row.Doubt != start || row.due.Sub(start) != doubtFirst {
				t.Fatalf("in doubt since %s, looked at %s later", row.Doubt, row.due.Sub(start))
			}
			for range c.looks {
				d.now = row.due
				d.drain(t)
			}
			if row.state != c.state || row.receipt != c.receipt || len(d.ch.sent) != c.sent || row.reason != c.reason {
				t.Errorf("%s (%s), receipt %q, %d sent", row.state, row.reason, row.receipt, len(d.ch.sent))
			}
			for _, since := range g.asked {
				if since != start {
					t.Errorf("asked for what came after %s, the attempt began at %s", since, start)
				}
			}
		})
	}
}

// A platform that is away for longer than six looks says nothing about what
// arrived: nobody has to look at each message for that.
func TestADoubtOutlastsAnOutage(t *testing.T) {
	away, never := &bot.SendError{Kind: bot.Temporary, Err: errors.New("away")}, errors.New("cannot tell")
	for name, c := range map[string]struct {
		lane  bot.Lane
		says  error
		looks int
		state bot.OutboxState
	}{
		"a reply, away":             {bot.LaneReply, away, 9, bot.OutboxSent},
		"a reply, away for an hour": {bot.LaneReply, away, maxReplyAttempts - 1, bot.OutboxHeld},
		"a follow-up, away":         {bot.LaneFollowUp, away, 40, bot.OutboxSent},
		"news, away":                {bot.LaneBroadcast, away, 9, bot.OutboxSent},
		"nobody can tell":           {bot.LaneReply, never, maxUnknownAttempts - 1, bot.OutboxHeld},
	} {
		t.Run(name, func(t *testing.T) {
			d, g := newGated(t, map[string][]error{"lan": {fail(bot.Ambiguous)}})
			for range c.looks {
				g.arrived = append(g.arrived, c.says)
			}
			g.arrived = append(g.arrived, bot.Receipt{ID: "m7"})
			row := d.mem.add("fake", "lan", c.lane, "x")
			for range c.looks + 2 {
				d.drain(t)
				d.now = row.due
			}
			if row.state != c.state || len(d.ch.sent) != 0 || c.state == bot.OutboxSent && row.receipt != "m7" {
				t.Errorf("%s (%s), receipt %q, %d sent", row.state, row.reason, row.receipt, len(d.ch.sent))
			}
		})
	}
}

// A platform that asks for less is asked later; so are the others' follow-ups.
func TestADoubtWaitsAsLongAsThePlatformAsks(t *testing.T) {
	d, g := newGated(t, map[string][]error{"lan": {fail(bot.Ambiguous)}})
	g.arrived = []any{&bot.SendError{Kind: bot.Throttled, RetryAfter: 3 * time.Minute}, bot.Receipt{ID: "m7"}}
	row := d.mem.add("fake", "lan", bot.LaneReply, "x")
	d.drain(t)
	d.now = row.due
	other := d.mem.add("fake", "hoa", bot.LaneFollowUp, "y")
	d.drain(t)
	if left := row.due.Sub(d.now); left < 3*time.Minute || other.state == bot.OutboxSent {
		t.Errorf("asked again in %s, the follow-up is %s", left, other.state)
	}
	d.now = row.due
	d.drain(t)
	if row.state != bot.OutboxSent || other.state != bot.OutboxSent {
		t.Errorf("%s and %s", row.state, other.state)
	}
}

// Without the operator's consent nothing can be asked, either: the channel stops
// and the doubt waits, for as long as it takes.
func TestADoubtWaitsForAStoppedChannel(t *testing.T) {
	d, g := newGated(t, map[string][]error{"lan": {fail(bot.Ambiguous)}})
	row := d.mem.add("fake", "lan", bot.LaneReply, "x")
	d.drain(t)
	const looks = 2 * maxUnknownAttempts
	for range looks {
		g.arrived = []any{&bot.SendError{Kind: bot.Misconfigured, Reason: "delivery.reason_x"}}
		d.now = d.now.Add(probeMost)
		d.drain(t)
		if !d.Status()[0].Stopped || row.state != bot.OutboxQueued || row.Doubt != start {
			t.Fatalf("%s, in doubt since %s, %+v", row.state, row.Doubt, d.Status()[0])
		}
	}
	if len(d.alerts) != 1 {
		t.Errorf("people were told %q", d.alerts)
	}
	g.arrived = []any{bot.Receipt{ID: "m7"}}
	d.Resume("fake")
	d.now = d.now.Add(probeMost)
	d.drain(t)
	if row.state != bot.OutboxSent || len(d.ch.sent) != 0 {
		t.Errorf("%s, %d sent", row.state, len(d.ch.sent))
	}
}

// A process that died while it sent leaves the same doubt.
func TestALeaseThatRanOutIsInDoubt(t *testing.T) {
	d, g := newGated(t, nil)
	g.arrived = []any{bot.Receipt{ID: "m7"}}
	row := d.mem.add("fake", "lan", bot.LaneReply, "x")
	row.Doubt = start.Add(-time.Minute)
	d.drain(t)
	if row.state != bot.OutboxSent || row.receipt != "m7" || len(d.ch.sent) != 0 {
		t.Errorf("%s, receipt %q, %d sent", row.state, row.receipt, len(d.ch.sent))
	}
}

func TestAMendedChannelIsTriedAtOnce(t *testing.T) {
	d, _ := newGated(t, map[string][]error{"lan": {fail(bot.Misconfigured)}})
	row := d.mem.add("fake", "lan", bot.LaneReply, "x")
	d.drain(t)
	if !d.Status()[0].Stopped || row.state == bot.OutboxSent {
		t.Fatal("the channel goes on")
	}
	d.Resume("fake")
	d.drain(t)
	if d.Status()[0].Stopped || row.state != bot.OutboxSent {
		t.Errorf("after the mending the row is %s, stopped %v", row.state, d.Status()[0].Stopped)
	}
}

// What the gate says is not the platform's word: a stopped channel stays so
// until something was really sent, and people are not told otherwise.
func TestTheGateProvesNothingAboutAStoppedChannel(t *testing.T) {
	bad := fail(bot.Misconfigured)
	d, g := newGated(t, map[string][]error{"lan": {bad, bad}})
	evening := start.Add(9 * time.Hour)
	g.admit = func(m bot.Message, _ bot.Lane, _ bot.Standing) *bot.SendError {
		switch m.To.Chat {
		case "waits":
			return &bot.SendError{Kind: bot.Later, Until: evening}
		case "silent":
			return &bot.SendError{Kind: bot.Later}
		case "refused":
			return &bot.SendError{Kind: bot.Rejected}
		}
		return nil
	}
	lan := d.mem.add("fake", "lan", bot.LaneReply, "x")
	d.drain(t)
	for _, chat := range []string{"waits", "silent", "refused"} {
		d.mem.add("fake", chat, bot.LaneReply, chat)
	}
	lan.due = start.Add(90 * time.Second) // behind the others
	d.now = start.Add(time.Minute)
	d.drain(t)
	if !d.Status()[0].Stopped {
		t.Error("the gate's word ended the stop")
	}
	for _, a := range d.alerts {
		if strings.Contains(a, "sends again") {
			t.Errorf("people are told %q", a)
		}
	}
	d.now = lan.due
	d.drain(t) // refused once more: two minutes now
	if s := d.Status()[0]; !s.Stopped || s.Until.Sub(d.now) != 2*time.Minute {
		t.Errorf("after the second refusal: %+v", s)
	}
	d.now = d.now.Add(2 * time.Minute)
	d.drain(t)
	if lan.state != bot.OutboxSent || d.Status()[0].Stopped {
		t.Errorf("the row is %s, %+v", lan.state, d.Status()[0])
	}
}
