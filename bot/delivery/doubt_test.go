package delivery

import (
	"context"
	"errors"
	"log/slog"
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
