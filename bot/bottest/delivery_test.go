package bottest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// queue puts messages into the outbox as a page or a job does.
func (c *crashed) queue(msgs ...bot.Outgoing) {
	c.t.Helper()
	err := c.Works.Do(c.t.Context(), func(_ context.Context, w *bot.Work) error {
		for _, o := range msgs {
			w.Send(o)
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func news(chat, text string, lane bot.Lane) bot.Outgoing {
	return bot.Outgoing{To: bot.Address{Channel: bottest.FakeName, Chat: chat}, Reply: bot.Reply{Text: text}, Lane: lane}
}

// rows returns state and reason of every message of a channel, oldest first.
func (c *crashed) rows(channel string) (out []string) {
	c.t.Helper()
	rows, err := c.DB.Read().QueryContext(c.t.Context(), `select state || ' ' || reason from outbox where channel = $1 order by id`, channel)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			c.t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return out
}

// Each kind of error on the real store: what becomes of the row at once, and
// what has arrived in the end.
func TestDeliveryOnTheStore(t *testing.T) {
	later := &bot.SendError{Kind: bot.Later, Until: bottest.Start().Add(5 * time.Hour)}
	tests := []struct {
		name string
		lane bot.Lane
		err  *bot.SendError
		then string // the row at once
		wait time.Duration
		end  string // the row after that
		got  string // the chat that read it in the end
	}{
		{"throttled", bot.LaneReply, &bot.SendError{Kind: bot.Throttled, RetryAfter: time.Minute}, "queued delivery.reason_throttled", time.Minute, "sent ", "lan"},
		{"temporary", bot.LaneReply, &bot.SendError{Kind: bot.Temporary}, "queued delivery.reason_temporary", time.Second, "sent ", "lan"},
		{"unknown", bot.LaneFollowUp, &bot.SendError{Kind: bot.Ambiguous}, "queued delivery.reason_unknown", time.Second, "sent ", "lan"},
		{"unknown news", bot.LaneBroadcast, &bot.SendError{Kind: bot.Ambiguous}, "dead delivery.reason_unknown_once", time.Hour, "dead delivery.reason_unknown_once", ""},
		{"later", bot.LaneFollowUp, later, "queued delivery.reason_later", 5 * time.Hour, "sent ", "lan"},
		{"until the citizen writes", bot.LaneFollowUp, &bot.SendError{Kind: bot.Later}, "held delivery.reason_later", 48 * time.Hour, "held delivery.reason_later", ""},
		{"moved", bot.LaneReply, &bot.SendError{Kind: bot.Moved, To: "hoa"}, "sent ", time.Second, "sent ", "hoa"},
		{"rejected", bot.LaneReply, &bot.SendError{Kind: bot.Rejected}, "dead delivery.reason_rejected", time.Hour, "dead delivery.reason_rejected", ""},
		{"gone", bot.LaneReply, &bot.SendError{Kind: bot.Gone}, "dead delivery.reason_blocked", time.Hour, "dead delivery.reason_blocked", ""},
		{"misconfigured", bot.LaneReply, &bot.SendError{Kind: bot.Misconfigured}, "queued delivery.reason_misconfigured", time.Minute, "sent ", "lan"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCrashed(t)
			c.fake.Fail("lan", tt.err)
			c.queue(news("lan", "tin", tt.lane))
			c.settle()
			if got := c.rows(bottest.FakeName); !slices.Equal(got, []string{tt.then}) {
				t.Errorf("at once: %q, want %q", got, tt.then)
			}
			c.wait(tt.wait)
			if got := c.rows(bottest.FakeName); !slices.Equal(got, []string{tt.end}) {
				t.Errorf("in the end: %q, want %q", got, tt.end)
			}
			for _, chat := range []string{"lan", "hoa"} {
				if n := len(c.fake.Texts(chat)); (n == 1) != (chat == tt.got) {
					t.Errorf("%s read %d messages", chat, n)
				}
			}
		})
	}
}

// What was held is sent when the citizen writes, before the answer or after it.
func TestHeldMessagesComeWhenTheCitizenWrites(t *testing.T) {
	c := newCrashed(t)
	c.fake.Fail("lan", &bot.SendError{Kind: bot.Later})
	c.queue(news("lan", "tin cũ", bot.LaneFollowUp))
	c.settle()
	c.types("lan", "menu")
	if got := c.fake.Texts("lan"); len(got) != 2 || !slices.Contains(got, "tin cũ") {
		t.Errorf("sent %q", got)
	}
}

// Who blocked the bot gets no news any more, and hears again after following.
func TestWhoIsGoneGetsNoNews(t *testing.T) {
	c := newCrashed(t)
	c.types("lan", "menu")
	var contact bot.ContactID
	if err := c.DB.Read().QueryRowContext(t.Context(), `select id from contacts`).Scan(&contact); err != nil {
		t.Fatal(err)
	}
	c.fake.Fail("lan", &bot.SendError{Kind: bot.Gone})
	first, second := news("lan", "tin 1", bot.LaneReply), news("lan", "tin 2", bot.LaneBroadcast)
	first.Contact, second.Contact = contact, contact
	c.queue(first, second)
	c.settle()
	if got := c.rows(bottest.FakeName)[1:]; !slices.Equal(got, []string{"dead delivery.reason_blocked", "dropped delivery.reason_blocked"}) {
		t.Errorf("rows %q", got)
	}
	var out bool
	if err := c.DB.Read().QueryRowContext(t.Context(), `select is_out from contacts`).Scan(&out); err != nil || !out {
		t.Errorf("the contact is not opted out (%v)", err)
	}
}

// Order within a chat and urgency between lanes, on the real store.
func TestOrderOnTheStore(t *testing.T) {
	c := newCrashed(t)
	c.fake.Fail("lan", nil, &bot.SendError{Kind: bot.Temporary})
	var msgs []bot.Outgoing
	for i := range 4 {
		msgs = append(msgs, news("lan", fmt.Sprint("lan ", i), bot.LaneFollowUp))
	}
	msgs = append(msgs, news("minh", "tin", bot.LaneBroadcast), news("hoa", "trả lời", bot.LaneReply))
	c.queue(msgs...)
	c.settle()
	var order []string
	for _, m := range c.fake.Sent() {
		order = append(order, m.Text)
	}
	if want := []string{"trả lời", "lan 0", "tin"}; !slices.Equal(order, want) {
		t.Errorf("sent %q, want %q", order, want)
	}
	c.wait(time.Second)
	if got, want := c.fake.Texts("lan"), []string{"lan 0", "lan 1", "lan 2", "lan 3"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// BenchmarkDelivery is the rate at which messages leave a real database whose
// commits do not wait for the disk.
func BenchmarkDelivery(b *testing.B) {
	opt := sampleOptions(&sample{})
	bt := bottest.New(b, opt)
	n := 0
	for b.Loop() {
		b.StopTimer()
		err := bt.Works.Do(b.Context(), func(_ context.Context, w *bot.Work) error {
			for range 200 {
				n++
				w.Send(news(fmt.Sprint("chat", n), "tin", bot.LaneBroadcast))
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := bt.Delivery.Drain(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}
