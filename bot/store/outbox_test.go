package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
)

func TestOneChatIsSentInOrderAndOneAtATime(t *testing.T) {
	w := open(t)
	w.enqueue(reply("a", "a1"), reply("b", "b1"), reply("a", "a2"), message("a", "news", bot.LaneBroadcast), reply("c", "c1"))
	first := w.claim(bot.LaneReply, 10)
	if got := texts(first); got != "a1 b1 c1" {
		t.Fatalf("claimed %q", got)
	}
	if c := first[0]; c.Lane != bot.LaneReply || c.Attempts != 0 || !c.Queued.Equal(w.clock.Now()) || c.Message.To.Chat != "a" {
		t.Fatalf("claimed %+v", c)
	}
	if got := texts(append(w.claim(bot.LaneReply, 10), w.claim(bot.LaneBroadcast, 10)...)); got != "" {
		t.Fatalf("claimed %q of a chat that is being sent to", got)
	}
	w.must(w.Sent(t.Context(), first[0].Row, bot.Receipt{ID: "77"}))
	if got := texts(w.claim(bot.LaneBroadcast, 10)); got != "news" {
		t.Fatalf("claimed %q", got)
	}
	if got := texts(w.claim(bot.LaneReply, 10)); got != "" {
		t.Fatalf("claimed %q while another lane sends", got)
	}
}

func TestARetryHoldsBackItsLaneOnly(t *testing.T) {
	w := open(t)
	w.enqueue(reply("a", "a1"), reply("a", "a2"), reply("b", "b1"), message("a", "later", bot.LaneFollowUp))
	a1 := w.claim(bot.LaneReply, 1)[0]
	due := w.clock.Now().Add(time.Minute)
	w.must(w.Retry(t.Context(), a1.Row, due, true, "delivery.reason_temporary"))
	b1 := w.claim(bot.LaneReply, 10)
	if texts(b1) != "b1" {
		t.Fatalf("claimed %q", texts(b1))
	}
	w.must(w.Sent(t.Context(), b1[0].Row, bot.Receipt{}))
	followup := w.claim(bot.LaneFollowUp, 10)
	if got := texts(followup); got != "later" {
		t.Fatalf("claimed %q", got)
	}
	w.must(w.Sent(t.Context(), followup[0].Row, bot.Receipt{}))
	w.clock.Advance(time.Minute)
	again := w.claim(bot.LaneReply, 10)
	if texts(again) != "a1" || again[0].Attempts != 1 || again[0].Row != a1.Row {
		t.Fatalf("claimed %+v", again)
	}
	w.must(w.Retry(t.Context(), a1.Row, w.clock.Now(), false, "delivery.reason_throttled"))
	if again = w.claim(bot.LaneReply, 10); again[0].Attempts != 1 {
		t.Fatalf("a wait that costs nothing made it %d attempts", again[0].Attempts)
	}
}

func TestAMessagePlannedForLaterHoldsNothingBack(t *testing.T) {
	w := open(t)
	planned := message("a", "tomorrow", bot.LaneFollowUp)
	planned.NotUntil = w.clock.Now().Add(24 * time.Hour)
	w.enqueue(planned, message("a", "today", bot.LaneFollowUp))
	c := w.claim(bot.LaneFollowUp, 10)
	if texts(c) != "today" {
		t.Fatalf("claimed %q", texts(c))
	}
	w.must(w.Sent(t.Context(), c[0].Row, bot.Receipt{}))
	next, err := w.NextDue(t.Context(), "telegram")
	if err != nil || !next.Equal(planned.NotUntil) {
		t.Fatalf("next due %s, %v", next, err)
	}
	w.clock.Advance(24 * time.Hour)
	if got := texts(w.claim(bot.LaneFollowUp, 10)); got != "tomorrow" {
		t.Fatalf("claimed %q", got)
	}
}

func TestALeaseThatRanOutMakesTheMessageClaimableAgain(t *testing.T) {
	w := open(t)
	w.enqueue(reply("a", "a1"), reply("a", "a2"))
	lost := w.claim(bot.LaneReply, 1)[0]
	w.reopen() // the sender died
	if got := texts(w.claim(bot.LaneReply, 10)); got != "" {
		t.Fatalf("claimed %q under a lease", got)
	}
	next, err := w.NextDue(t.Context(), "telegram")
	if err != nil || !next.Equal(w.clock.Now().Add(time.Minute)) {
		t.Fatalf("next due %s, %v", next, err)
	}
	w.clock.Advance(time.Minute)
	again := w.claim(bot.LaneReply, 10)
	if texts(again) != "a1" || again[0].Row != lost.Row || again[0].Attempts != 1 {
		t.Fatalf("claimed %+v", again)
	}
}

func TestTwoSendersNeverHaveTheSameMessage(t *testing.T) {
	w := open(t)
	var queued []bot.Queued
	for i := range 200 {
		queued = append(queued, reply(fmt.Sprint("c", i%20), fmt.Sprint(i)))
	}
	w.enqueue(queued...)
	var mu sync.Mutex
	seen := map[string]int{}
	order := map[string][]string{}
	busy := map[string]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				got, err := w.Claim(t.Context(), "telegram", bot.LaneReply, 3, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, c := range got {
					chat := c.Message.To.Chat
					if busy[chat] {
						t.Errorf("chat %s is sent to twice at once", chat)
					}
					busy[chat] = true
					seen[c.Message.Text]++
					order[chat] = append(order[chat], c.Message.Text)
				}
				done := len(seen) == len(queued)
				mu.Unlock()
				for _, c := range got {
					mu.Lock()
					busy[c.Message.To.Chat] = false
					mu.Unlock()
					if err := w.Sent(t.Context(), c.Row, bot.Receipt{}); err != nil {
						t.Error(err)
					}
				}
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	for text, n := range seen {
		if n != 1 {
			t.Errorf("message %s was claimed %d times", text, n)
		}
	}
	for chat, got := range order {
		var want []string
		for _, q := range queued {
			if q.Message.To.Chat == chat {
				want = append(want, q.Message.Text)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("chat %s got %v", chat, got)
		}
	}
}

func TestAUniqueMessageIsQueuedOnce(t *testing.T) {
	w := open(t)
	once := func(text string) bot.Queued { q := reply("a", text); q.Unique = "news:1:a#0"; return q }
	w.enqueue(once("first"), once("second"), reply("b", "other"))
	w.enqueue(once("third"))
	got := w.claim(bot.LaneReply, 10)
	if texts(got) != "first other" {
		t.Fatalf("claimed %q", texts(got))
	}
	w.must(w.Sent(t.Context(), got[0].Row, bot.Receipt{}))
	w.enqueue(once("after it was sent"))
	if got := texts(w.claim(bot.LaneReply, 10)); got != "" {
		t.Fatalf("claimed %q", got)
	}
}

func TestAHeldMessageWaitsUntilTheCitizenWritesOrComes(t *testing.T) {
	w := open(t)
	hold := func() {
		w.enqueue(message("c1", "notice", bot.LaneFollowUp))
		w.must(w.Hold(t.Context(), w.claim(bot.LaneFollowUp, 1)[0].Row, "delivery.reason_window"))
		if got := texts(w.claim(bot.LaneFollowUp, 10)); got != "" {
			t.Fatalf("claimed %q", got)
		}
		if next, err := w.NextDue(t.Context(), "telegram"); err != nil || !next.IsZero() {
			t.Fatalf("next due %s, %v", next, err)
		}
	}
	hold()
	w.accept(update("1", "c1", "xin chào"))
	_, err := w.finish(finished(w.load(), "s"))
	w.must(err)
	c := w.claim(bot.LaneFollowUp, 10)
	if texts(c) != "notice" {
		t.Fatalf("claimed %q", texts(c))
	}
	w.must(w.Sent(t.Context(), c[0].Row, bot.Receipt{}))

	hold()
	w.must(w.Present(t.Context(), bot.Address{Channel: "telegram", Chat: "somebody else"}))
	if got := texts(w.claim(bot.LaneFollowUp, 10)); got != "" {
		t.Fatalf("claimed %q", got)
	}
	w.must(w.Present(t.Context(), bot.Address{Channel: "telegram", Chat: "c1"}))
	if got := texts(w.claim(bot.LaneFollowUp, 10)); got != "notice" {
		t.Fatalf("claimed %q", got)
	}
}

func TestAMovedChatTakesItsMessagesAlong(t *testing.T) {
	w := open(t)
	w.enqueue(reply("old", "one"), reply("old", "two"), reply("elsewhere", "three"))
	row := w.claim(bot.LaneReply, 1)[0]
	w.must(w.Move(t.Context(), row.Row, "new"))
	w.must(w.Retry(t.Context(), row.Row, w.clock.Now(), false, "delivery.reason_moved"))
	w.enqueue(reply("new", "four"))
	one := w.claim(bot.LaneReply, 1)[0]
	if one.Message.To.Chat != "new" || one.Moves != 1 || one.Message.Text != "one" {
		t.Fatalf("claimed %+v", one)
	}
	if got := texts(w.claim(bot.LaneReply, 5)); got != "three" {
		t.Fatalf("claimed %q beside it", got)
	}
	w.must(w.Sent(t.Context(), one.Row, bot.Receipt{}))
	two := w.claim(bot.LaneReply, 5)
	if texts(two) != "two" || two[0].Message.To.Chat != "new" || two[0].Moves != 0 {
		t.Fatalf("claimed %+v", two)
	}
}

func TestOneWhoLeftGetsNoNews(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"))
	id, err := w.finish(finished(w.load(), "s"))
	w.must(err)
	for _, lane := range bot.Lanes {
		q := message("c1", string(lane), lane)
		q.Contact = id
		w.enqueue(q)
	}
	w.must(w.OptOut(t.Context(), id, "delivery.reason_blocked"))
	if got := texts(w.claim(bot.LaneBroadcast, 5)); got != "" {
		t.Fatalf("claimed %q", got)
	}
	if got := texts(w.claim(bot.LaneReply, 5)); got != "reply" {
		t.Fatalf("claimed %q", got)
	}
	w.accept(update("2", "c1", "b"))
	if l := w.load(); !l.Contact.Out {
		t.Fatalf("contact %+v", l.Contact)
	}
}

// TestRecoverEndsLeases: after a crash the only process left does not wait for
// the dead one's leases.
func TestRecoverEndsLeases(t *testing.T) {
	w := open(t)
	w.enqueue(reply("x", "một"))
	if got := w.claim(bot.LaneReply, 5); len(got) != 1 {
		t.Fatalf("claimed %d", len(got))
	}
	if got := w.claim(bot.LaneReply, 5); len(got) != 0 {
		t.Fatalf("a leased message was claimed again: %d", len(got))
	}
	n, err := w.Recover(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("recovered %d, %v", n, err)
	}
	if got := w.claim(bot.LaneReply, 5); len(got) != 1 || got[0].Attempts != 1 {
		t.Fatalf("after recovery claimed %+v", got)
	}
}
