package store_test

import (
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
)

// TestWhatWaitsIsFoundAndDropped: what waits for a person is known in whichever state its spread is; held rows
// end by the time of their own last try.
func TestWhatWaitsIsFoundAndDropped(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	to := []bot.Recipient{{Person: a.Person}, {Person: b.Person}}
	hold := func(most int) {
		for _, c := range w.news("telegram", most) {
			w.must(w.Hold(ctx, c.Row, "delivery.reason_window"))
		}
	}
	one, _ := w.spread("news:1", "Một", to...)
	hold(10)
	w.in(func(tx bot.Tx) error { return w.CloseSpread(ctx, tx, one) })
	w.clock.Advance(time.Hour)
	two, _ := w.spread("news:2", "Hai", to...)
	hold(1)
	w.in(func(tx bot.Tx) error {
		p := planned{tx, t}
		for who, want := range map[bot.PersonID][]bot.Waiting{a.Person: {{Spread: one}, {Spread: two}}, b.Person: {{Spread: one}, {Spread: two}}, 99: nil} {
			if got, err := w.OpenOf(ctx, p, who); err != nil || !slices.Equal(got, want) {
				t.Errorf("waits for %d: %v, %v", who, got, err)
			}
		}
		drop := func(what string, want int) func(int, error) {
			return func(n int, err error) {
				if err != nil || n != want {
					t.Errorf("%s: %d dropped, %v, want %d", what, n, err, want)
				}
			}
		}
		drop("tried before the hour", 1)(w.DropHeld(ctx, p, w.clock.Now().Add(-time.Minute), 1))
		drop("the other one", 1)(w.DropHeld(ctx, p, w.clock.Now().Add(-time.Minute), 10))
		drop("of a spread that is open", 0)(w.DropHeld(ctx, p, w.clock.Now().Add(time.Hour), 10))
		drop("what is not held", 1)(w.DropWaiting(ctx, p, two, 10))
		if err := w.CloseSpread(ctx, p, two); err != nil {
			return err
		}
		drop("when it is closed", 1)(w.DropHeld(ctx, p, w.clock.Now().Add(time.Hour), 10))
		return nil
	})
}

func TestASpreadIsPutOff(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	a := w.citizen("telegram", "a")
	id, _ := w.spread("news:1", "Một", bot.Recipient{Person: a.Person})
	until := w.clock.Now().Add(time.Hour)
	w.in(func(tx bot.Tx) error { return w.DelaySpread(ctx, tx, id, until) })
	if due, err := w.SpreadsDue(ctx, []int64{id, 99}); err != nil || len(due) != 1 || !due[id].Equal(until) {
		t.Errorf("due %v, %v", due, err)
	}
	if got := w.sendAll("telegram"); len(got) != 0 {
		t.Errorf("before: %q", got)
	}
	w.clock.Advance(time.Hour)
	if got := w.sendAll("telegram"); len(got) != 1 {
		t.Errorf("then: %q", got)
	}
}

// TestACapCountsWhatReachedPeopleSince: what arrived on an earlier day is not of this one; what waits is.
func TestACapCountsWhatReachedPeopleSince(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	a := w.citizen("telegram", "a")
	to := bot.Recipient{Person: a.Person}
	one, _ := w.spread("news:1", "Một", to)
	w.sendAll("telegram")
	w.clock.Advance(24 * time.Hour)
	two, _ := w.spread("news:2", "Hai", to)
	three, _ := w.spread("news:3", "Ba")
	capped := func(since time.Time, most int) (n int) {
		w.in(func(tx bot.Tx) error {
			r, err := w.SpreadTo(ctx, tx, three, []bot.Recipient{to}, bot.Cap{Most: most, Spreads: []int64{one, two}, Since: since})
			n = len(r.Capped)
			return err
		})
		return n
	}
	since := w.clock.Now().Add(-time.Hour)
	if capped(since, 1) != 1 || capped(time.Time{}, 2) != 1 {
		t.Error("what waits, or without a day what was before, does not count")
	}
	if capped(since, 2) != 0 {
		t.Error("what arrived the day before counts")
	}
}

// TestWhatIsHeldGoesTheOtherWayByDay: what is held outlives its spread, and so do the quiet hours of its spread.
func TestWhatIsHeldGoesTheOtherWayByDay(t *testing.T) {
	w := open(t) // 15:00 in Vietnam
	ctx := t.Context()
	a, b := w.citizen("zalo", "a"), w.citizen("telegram", "b")
	w.link(a, b)
	id, _ := w.spread("news:1", "Một", bot.Recipient{Person: a.Person, Contact: a.ID})
	w.in(func(tx bot.Tx) error {
		_, err := w.OpenSpread(ctx, tx, bot.Spread{Thing: "news:1", Quiet: bot.Quiet{From: 21 * 60, To: 7 * 60}})
		return err
	})
	w.must(w.Hold(ctx, w.news("zalo", 1)[0].Row, "delivery.reason_later"))
	w.in(func(tx bot.Tx) error { return w.CloseSpread(ctx, tx, id) })
	w.clock.Advance(8 * time.Hour)
	w.must(w.OptOut(ctx, a.ID, "delivery.reason_blocked"))
	if got := w.everywhere(); len(got) != 0 {
		t.Errorf("at 23:00: %q", got)
	}
	w.clock.Advance(8 * time.Hour)
	if got := w.everywhere(); !slices.Equal(got, []string{"b=Một"}) {
		t.Errorf("at 7:00: %q", got)
	}
}
