package store_test

import (
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
)

// forget runs the turn by which a citizen is forgotten.
func (w *world) forget(chat string) {
	w.t.Helper()
	e := update("erase-"+chat, chat, "")
	e.Event, e.From.Name = bot.EventErase, ""
	w.accept(e)
	f := finished(w.load(), "empty")
	f.Ending, f.Erase, f.Release, f.Contact.Out = bot.Dropped, true, false, true
	_, err := w.finish(f)
	w.must(err)
}

// one reads a single number.
func (w *world) one(query string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Get(w.t.Context(), query, args, &n))
	return n
}

// A message that is on its way when the citizen is forgotten is not sent a
// second time, and what comes of it brings nothing back.
func TestAMessageUnderWayIsForgottenToo(t *testing.T) {
	const due = time.Hour
	for name, settle := range map[string]func(*world, int64) error{
		"it arrived": func(w *world, row int64) error {
			return w.Sent(t.Context(), row, bot.Receipt{ID: "m", Note: `{"t":"reply"}`})
		},
		"it failed": func(w *world, row int64) error {
			return w.Retry(t.Context(), row, w.clock.Now(), true, "delivery.reason_temporary")
		},
		"nobody knows": func(w *world, row int64) error {
			return w.Doubt(t.Context(), row, w.clock.Now(), w.clock.Now(), "delivery.reason_doubt")
		},
		"it has to wait":   func(w *world, row int64) error { return w.Hold(t.Context(), row, "delivery.reason_later") },
		"the process died": func(*world, int64) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.enqueue(reply("c1", "việc của chị Quên"))
			row := w.claim(bot.LaneReply, 1)[0].Row
			w.forget("c1")
			w.must(settle(w, row))
			w.clock.Advance(due)
			if got := texts(w.claim(bot.LaneReply, 10)); got != "" {
				t.Errorf("%q is sent after all", got)
			}
			if w.one(`select count(*) from outbox where payload is not null`) != 0 {
				t.Error("its text is kept")
			}
			if w.one(`select count(*) from standings`) != 0 {
				t.Error("its receipt brought the standing back")
			}
		})
	}
}

// What was dropped for a citizen stays listed as long as any dropped message.
func TestWhatWasDroppedForACitizenStaysListed(t *testing.T) {
	w := open(t)
	w.enqueue(reply("c1", "x"), reply("c2", "y")) // the newest row is never deleted
	w.forget("c1")
	dropped := func() int {
		l, err := w.ListOutbox(t.Context(), store.OutboxFilter{State: bot.OutboxDropped})
		w.must(err)
		return len(l)
	}
	w.must(w.Maintain(t.Context()))
	if dropped() != 1 {
		t.Error("it is gone at once")
	}
	w.clock.Advance(store.KeepOutbox + time.Hour)
	w.must(w.Maintain(t.Context()))
	if dropped() != 0 {
		t.Error("it is never deleted")
	}
}

// Whoever was forgotten and writes again is told anew who they are, and the
// wish for silence and its reason hold until they follow again.
func TestAForgottenCitizenComesBack(t *testing.T) {
	w := open(t)
	before := update("1", "c1", "chào")
	w.accept(before)
	f := finished(w.load(), "s")
	f.Contact.Lang, f.Heard, f.Wrote = "en", w.clock.Now(), true
	f.Quiet, f.Talk = w.clock.Now().Add(time.Hour), true
	id, err := w.finish(f)
	w.must(err)
	officer, err := w.SaveOfficer(t.Context(), bot.Officer{Name: "Lê Bình", Active: true, Person: 1}, "cli")
	w.must(err)

	w.forget("c1")
	const gone = `select count(*) from contacts where id = $1 and lang = '' and is_out = 1 and out_reason = 'erased'`
	if w.one(gone, int64(id)) != 1 {
		t.Error("the contact is not blank, or not out")
	}
	if q, err := w.ListQuiet(t.Context(), "", 0); err != nil || len(q) != 0 || w.one(`select count(*) from standings`) != 0 {
		t.Errorf("a standing is left: %v, %v", q, err)
	}
	if o, err := w.OfficerOf(t.Context(), 1); err != nil || o.ID != officer {
		t.Errorf("the link of staff: %+v, %v", o, err)
	}

	w.accept(update("2", "c1", "chào lại"))
	l := w.load()
	if l.Contact.ID != id || l.Contact.Lang != "" || !l.Contact.Out {
		t.Errorf("the contact is %+v", l.Contact)
	}
	_, err = w.finish(finished(l, "s"))
	w.must(err)
	if w.one(gone, int64(id)) != 1 {
		t.Error("writing again undid the wish for silence or its reason")
	}
	nameless := update("3", "c1", "tôi đây")
	nameless.From.Name = ""
	w.accept(nameless)
	l = w.load()
	if l.Contact.Name != before.From.Name {
		t.Errorf("the name told anew is %q", l.Contact.Name)
	}
	l.Contact.Out = false // follows again
	_, err = w.finish(finished(l, "s"))
	w.must(err)
	if w.one(`select count(*) from contacts where is_out = 0 and out_reason = ''`) != 1 {
		t.Error("following again keeps the reason")
	}
}
