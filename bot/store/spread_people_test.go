package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// turn plays a turn of a citizen who is known.
func (w *world) turn(c bot.Contact, event bot.Event, f func(*bot.Finished)) {
	w.t.Helper()
	w.accept(bot.Update{ID: bot.NewID(), Channel: c.Channel, Chat: c.User, Event: event, From: bot.Sender{ID: c.User}, At: w.clock.Now()})
	done := finished(w.load(), "")
	f(&done)
	_, err := w.finish(done)
	w.must(err)
}

func (w *world) link(a, b bot.Contact) {
	w.t.Helper()
	w.in(func(tx bot.Tx) error { _, err := w.LinkPersons(w.t.Context(), tx, a.Person, b.Person); return err })
}

func (w *world) unlink(c bot.Contact) {
	w.t.Helper()
	w.in(func(tx bot.Tx) error { return w.UnlinkPerson(w.t.Context(), tx, c.Person) })
}

func recipient(c bot.Contact) bot.Recipient { return bot.Recipient{Person: c.Person, Contact: c.ID} }

// spreads queues a spread that is there for one more person.
func (w *world) spreads(id int64, c bot.Contact) (r bot.Reach) {
	w.t.Helper()
	w.in(func(tx bot.Tx) (err error) {
		r, err = w.SpreadTo(w.t.Context(), tx, id, []bot.Recipient{recipient(c)}, bot.Cap{})
		return err
	})
	return r
}

func (w *world) again(id int64, wants bot.Wanting) (n int) {
	w.t.Helper()
	count, err := w.CountAgain(w.t.Context(), id, wants)
	w.must(err)
	w.in(func(tx bot.Tx) (err error) {
		_, n, err = w.AgainSpread(w.t.Context(), tx, id, 0, bot.MaxBatch, wants)
		return err
	})
	if n != count {
		w.t.Errorf("%d are tried again, %d were counted", n, count)
	}
	return n
}

func (w *world) after(id, other int64) (n int) {
	w.t.Helper()
	w.in(func(tx bot.Tx) (err error) {
		_, n, err = w.SpreadAfter(w.t.Context(), tx, id, bot.After{Spread: other}, 0, bot.MaxBatch)
		return err
	})
	return n
}

// everywhere is what goes out on all channels now.
func (w *world) everywhere() []string {
	w.t.Helper()
	return slices.Concat(w.sendAll("telegram"), w.sendAll("zalo"))
}

func (w *world) bury(channel, reason string) {
	w.t.Helper()
	for _, c := range w.news(channel, 10) {
		w.must(w.Bury(w.t.Context(), c.Row, reason))
	}
}

func (w *world) states(spread int64) map[string]int {
	w.t.Helper()
	counts, err := w.CountSpread(w.t.Context(), spread)
	w.must(err)
	out := map[string]int{}
	for _, c := range counts {
		out[c.Channel+" "+string(c.State)+" "+c.Reason] += c.Count
	}
	return out
}

func TestNoOldRowGoesToWhoWasErasedAndCameBack(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b))
	got := w.news("telegram", 2)
	w.must(w.Sent(t.Context(), got[0].Row, bot.Receipt{ID: "r"}))
	w.must(w.Bury(t.Context(), got[1].Row, "delivery.reason_temporary"))
	for _, c := range []bot.Contact{a, b} {
		w.turn(c, bot.EventErase, func(f *bot.Finished) { f.Ending, f.Erase, f.Contact.Out = bot.Dropped, true, true })
		w.turn(c, bot.EventFollowed, func(f *bot.Finished) { f.Contact.Out = false })
	}
	if n := w.again(id, nil); n != 0 {
		t.Errorf("%d are tried again", n)
	}
	two, _ := w.spread("news:2", "Đính chính")
	if n := w.after(two, id); n != 0 {
		t.Errorf("%d get the erratum", n)
	}
	if err := w.RetryRow(t.Context(), got[1].Row, "cli", ""); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("an operator tries it again: %v", err)
	}
	if got := w.everywhere(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

func TestAnErasedCitizenOfAnOldDatabaseGetsNoOldRow(t *testing.T) {
	w := &world{t: t, keys: keys(t), clock: newClock(), path: filepath.Join(t.TempDir(), "old.db")}
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: w.path})
	w.must(err)
	old := fstest.MapFS{}
	for i, name := range []string{"init", "channels", "accounts", "receipts", "things", "drop", "spreads"} {
		name = fmt.Sprintf("%04d_%s.sql", i+1, name)
		b, err := fs.ReadFile(store.Schema(), name)
		w.must(err)
		old[name] = &fstest.MapFile{Data: b}
	}
	w.must(db.Migrate(t.Context(), "bot", old))
	w.must(db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i, reason := range []string{"erased", ""} {
			for _, query := range []string{
				`insert into persons (id, since) values ($1, 0)`,
				`insert into contacts (id, person, channel, user_key, profile, lang, is_out, out_reason, since, chat) values ($1, $1, 'telegram', 'k' || $1, x'00', '', 0, '` + reason + `', 0, 'c')`,
				`insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, spread, person) values ('m', 'telegram', 'c', 'broadcast', 'dead', 0, 0, 0, $1, '', 1, $1)`,
			} {
				if _, err := tx.Exec(query, i+1); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	w.must(db.Close())
	w.start()
	defer func() { w.must(w.db.Close()) }()
	if w.one(`select count(*) from outbox where person = 1`) != 0 || w.one(`select count(*) from outbox where person = 2`) != 1 {
		t.Error("the rows of the erased are not nobody's, or those of others are")
	}
}

func TestAgainLeavesOutWhoWantsNoMore(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b))
	w.bury("telegram", "delivery.reason_temporary")
	if n := w.again(id, func(_ context.Context, people []bot.PersonID) (map[bot.PersonID]bool, error) {
		return map[bot.PersonID]bool{b.Person: true}, nil
	}); n != 1 {
		t.Errorf("%d are tried again", n)
	}
	if got := w.everywhere(); !slices.Equal(got, []string{"b=Tin"}) {
		t.Errorf("sent %q", got)
	}
	if got := w.states(id); got["telegram dropped delivery.reason_unsubscribed"] != 1 {
		t.Errorf("rows %v", got)
	}
}

func TestWhatWaitsGoesTheOtherWayWhenOneIsGone(t *testing.T) {
	reason := "delivery.reason_blocked"
	leaves := map[string]func(*world, bot.Contact){
		"blocked": func(w *world, c bot.Contact) { w.must(w.OptOut(t.Context(), c.ID, reason)) },
		"unfollowed": func(w *world, c bot.Contact) {
			w.turn(c, bot.EventUnfollowed, func(f *bot.Finished) { f.Contact.Out = true })
		},
	}
	for name, leave := range leaves {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			a, b, alone := w.citizen("telegram", "a"), w.citizen("zalo", "b"), w.citizen("telegram", "c")
			w.link(a, b)
			held, _ := w.spread("news:1", "Một", recipient(a))
			w.must(w.Hold(t.Context(), w.news("telegram", 1)[0].Row, "delivery.reason_later"))
			w.in(func(tx bot.Tx) error { return w.CloseSpread(t.Context(), tx, held) })
			stopped, _ := w.spread("news:2", "Hai", recipient(a))
			w.in(func(tx bot.Tx) error { return w.StopSpread(t.Context(), tx, stopped) })
			id, _ := w.spread("news:3", "Ba", recipient(a), recipient(alone))
			leave(w, a)
			leave(w, alone)
			if got := w.everywhere(); !slices.Equal(got, []string{"b=Ba", "b=Một"}) {
				t.Errorf("sent %q", got)
			}
			if got := w.states(id); got["telegram dropped "+reason] != 1 || got["zalo sent "] != 1 {
				t.Errorf("rows %v", got)
			}
		})
	}
}

func TestWhatIsRefusedGoesTheOtherWay(t *testing.T) {
	w := open(t)
	a, b, alone := w.citizen("telegram", "a"), w.citizen("zalo", "b"), w.citizen("telegram", "c")
	w.link(a, b)
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(alone))
	for _, c := range w.news("telegram", 2) { // as delivery does it
		w.must(w.OptOut(t.Context(), c.Contact, "delivery.reason_blocked"))
		w.must(w.Bury(t.Context(), c.Row, "delivery.reason_blocked"))
	}
	if got := w.everywhere(); !slices.Equal(got, []string{"b=Tin"}) {
		t.Errorf("sent %q", got)
	}
	if got := w.states(id); got["telegram dead delivery.reason_blocked"] != 1 {
		t.Errorf("rows %v", got)
	}
}

// Who unfollows while a message is on its way to him may get it: it does not go the other way as well.
func TestWhatIsUnderWayStaysWhereItIs(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
	w.link(a, b)
	w.spread("news:1", "Tin", recipient(a))
	row := w.news("telegram", 1)[0].Row
	w.turn(a, bot.EventUnfollowed, func(f *bot.Finished) { f.Contact.Out = true })
	if got := w.everywhere(); len(got) != 0 {
		t.Errorf("sent twice: %q", got)
	}
	w.must(w.Sent(t.Context(), row, bot.Receipt{ID: "r"}))
}

// Whoever leaves in the moment between the look and the claim is not written to either.
func TestWhoLeftIsNotWrittenTo(t *testing.T) {
	w := open(t)
	a := w.citizen("telegram", "a")
	id, _ := w.spread("news:1", "Tin", recipient(a))
	w.exec(`update contacts set is_out = 1`)
	if got := w.everywhere(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
	if got := w.states(id); got["telegram dead delivery.reason_blocked"] != 1 {
		t.Errorf("rows %v", got)
	}
}

func TestALinkTakesTheRowThatIsGoodForSomething(t *testing.T) {
	for name, spoil := range map[string]func(*world, bot.Contact){
		"the lead's failed": func(w *world, _ bot.Contact) { w.bury("telegram", "delivery.reason_temporary") },
		"the lead left that topic": func(w *world, a bot.Contact) {
			w.in(func(tx bot.Tx) error { return w.DropNews(t.Context(), tx, a.Person) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
			id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b))
			spoil(w, a)
			w.link(a, b)
			if got := w.everywhere(); !slices.Equal(got, []string{"b=Tin"}) {
				t.Errorf("sent %q", got)
			}
			if n := w.again(id, nil); n != 0 {
				t.Errorf("%d are tried again", n)
			}
		})
	}
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
	w.spread("news:1", "Tin", recipient(a), recipient(b))
	w.bury("telegram", "delivery.reason_unknown_once") // it may be there
	w.link(a, b)
	if got := w.everywhere(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

func TestWhatOneHadTheLinkedOnesHad(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b))
	w.sendAll("zalo")
	w.bury("telegram", "delivery.reason_temporary")
	w.in(func(tx bot.Tx) error { return w.CloseSpread(t.Context(), tx, id) })
	w.link(a, b)
	w.in(func(tx bot.Tx) error {
		_, err := w.OpenSpread(t.Context(), tx, bot.Spread{Thing: "news:1"})
		return err
	})
	if n := w.again(id, nil); n != 0 {
		t.Errorf("%d are tried again", n)
	}
	only, _ := w.spread("news:2", "Hai", recipient(b)) // the other's own, from here on
	w.in(func(tx bot.Tx) error {
		had, err := w.HadSpreads(t.Context(), tx, []bot.PersonID{a.Person}, []int64{id, only})
		if slices.Sort(had[a.Person]); !slices.Equal(had[a.Person], []int64{id, only}) {
			t.Errorf("had %v", had)
		}
		if err != nil {
			return err
		}
		three, err := w.OpenSpread(t.Context(), tx, bot.Spread{Thing: "news:3"})
		if err != nil {
			return err
		}
		if err := w.SetBodies(t.Context(), tx, three, bodiesOf("Ba", "telegram")); err != nil {
			return err
		}
		r, err := w.SpreadTo(t.Context(), tx, three, []bot.Recipient{recipient(a)}, bot.Cap{Most: 2, Spreads: []int64{id, only}})
		if len(r.Capped) != 1 {
			t.Errorf("reach %+v", r)
		}
		return err
	})
}

func TestTwoWhoFailedAndLinkedAreTriedOnce(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b))
	w.bury("telegram", "delivery.reason_temporary")
	w.link(a, b)
	if n := w.again(id, nil); n != 1 {
		t.Errorf("%d are tried again", n)
	}
	if got := w.everywhere(); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

func TestAPartingBringsNothingTwice(t *testing.T) {
	// a stands for both; the message went by b's channel.
	start := func(t *testing.T, sent bool) (w *world, a, b bot.Contact, id int64) {
		w = open(t)
		a, b = w.citizen("telegram", "a"), w.citizen("zalo", "b")
		w.link(a, b)
		id, _ = w.spread("news:1", "Tin", bot.Recipient{Person: a.Person, Contact: b.ID})
		if sent {
			if got := w.everywhere(); !slices.Equal(got, []string{"b=Tin"}) {
				t.Fatalf("sent %q", got)
			}
		}
		return w, a, b, id
	}
	for name, leaver := range map[string]int{"the other leaves": 1, "the lead leaves": 0} {
		t.Run(name, func(t *testing.T) {
			w, a, b, id := start(t, true)
			w.unlink([]bot.Contact{a, b}[leaver])
			w.spreads(id, a)
			w.spreads(id, b)
			if got := w.everywhere(); len(got) != 0 {
				t.Errorf("sent again %q", got)
			}
			// An erratum goes where the item went.
			two, _ := w.spread("news:2", "Đính chính")
			w.after(two, id)
			if got := w.everywhere(); !slices.Equal(got, []string{"b=Đính chính"}) {
				t.Errorf("the erratum went to %q", got)
			}
		})
	}
	t.Run("what waits stays with those who stay", func(t *testing.T) {
		w, _, b, _ := start(t, false)
		w.unlink(b)
		if got := w.everywhere(); !slices.Equal(got, []string{"a=Tin"}) {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("what waits where the lead left", func(t *testing.T) {
		w, a, _, id := start(t, false)
		w.unlink(a)
		w.spreads(id, a)
		if got := w.everywhere(); !slices.Equal(got, []string{"b=Tin"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestAnErratumGoesToWhatWasTriedBefore(t *testing.T) {
	w := open(t)
	a, b, c := w.citizen("telegram", "a"), w.citizen("telegram", "b"), w.citizen("telegram", "c")
	id, _ := w.spread("news:1", "Tin", recipient(a), recipient(b), recipient(c))
	got := w.news("telegram", 2)
	w.must(w.Sent(t.Context(), got[0].Row, bot.Receipt{ID: "r"}))
	// It may have arrived, and is found to have later.
	w.must(w.Doubt(t.Context(), got[1].Row, w.clock.Now(), w.clock.Now(), "delivery.reason_doubt"))
	at := w.clock.Now()
	w.clock.Advance(time.Minute)
	w.sendAll("telegram")
	two, _ := w.spread("news:2", "Đính chính")
	w.in(func(tx bot.Tx) error {
		_, n, err := w.SpreadAfter(t.Context(), tx, two, bot.After{Spread: id, Before: at}, 0, bot.MaxBatch)
		if n != 2 {
			t.Errorf("%d get the erratum", n)
		}
		return err
	})
	if got := w.sendAll("telegram"); !slices.Equal(got, []string{"a=Đính chính", "b=Đính chính"}) {
		t.Errorf("sent %q", got)
	}
}

func TestWhoReadsItAsAPostGetsNoMessageElsewhere(t *testing.T) {
	w := open(t)
	a, b, c := w.citizen("telegram", "a"), w.citizen("zalo", "b"), w.citizen("telegram", "c")
	w.link(a, b)
	to := []bot.Recipient{{Person: a.Person, Contact: b.ID}, recipient(c)}
	id, _ := w.spread("news:1", "Tin")
	w.in(func(tx bot.Tx) error {
		p := planned{tx, t}
		r, err := w.SpreadTo(t.Context(), p, id, to, bot.Cap{}, "zalo")
		if r.ByPost != 1 || r.Queued != 1 || r.Gone != 0 {
			t.Errorf("reach %+v", r)
		}
		return err
	})
	w.must(w.OptOut(t.Context(), b.ID, "delivery.reason_blocked"))
	w.in(func(tx bot.Tx) error {
		r, err := w.SpreadTo(t.Context(), tx, id, to, bot.Cap{}, "zalo")
		if r.ByPost != 0 || r.Queued != 1 {
			t.Errorf("when the account was left: %+v", r)
		}
		return err
	})
	if got := w.sendAll("telegram"); !slices.Equal(got, []string{"a=Tin", "c=Tin"}) {
		t.Errorf("sent %q", got)
	}
}

// What is held outlives its spread: it does not come to one of two who linked when the other had it.
func TestALinkLooksAtWhatIsHeldOfWhatEnded(t *testing.T) {
	start := func(t *testing.T) (w *world, a, b bot.Contact) {
		w = open(t)
		a, b = w.citizen("zalo", "a"), w.citizen("telegram", "b")
		id, _ := w.spread("news:1", "Một", recipient(a), recipient(b))
		w.must(w.Hold(t.Context(), w.news("zalo", 1)[0].Row, "delivery.reason_later"))
		w.in(func(tx bot.Tx) error { return w.CloseSpread(t.Context(), tx, id) })
		return w, a, b
	}
	writes := func(w *world, c bot.Contact) {
		w.must(w.Present(w.t.Context(), bot.Address{Channel: c.Channel, Chat: c.User}))
	}
	for name, otherLeads := range map[string]bool{"who had it leads": true, "who waits leads": false} {
		t.Run(name, func(t *testing.T) {
			w, a, b := start(t)
			w.exec(`update outbox set state = 'queued' where state = 'waiting'`) // the last of it came into the lane
			if got := w.everywhere(); !slices.Equal(got, []string{"b=Một"}) {
				t.Fatalf("sent %q", got)
			}
			if otherLeads {
				w.link(b, a)
			} else {
				w.link(a, b)
			}
			writes(w, a)
			if got := w.everywhere(); len(got) != 0 {
				t.Errorf("once more: %q", got)
			}
		})
	}
	t.Run("the lead's failed", func(t *testing.T) {
		w, a, b := start(t)
		w.exec(`update outbox set state = 'dead', reason = 'delivery.reason_temporary' where state = 'waiting'`)
		w.link(b, a)
		writes(w, a)
		if got := w.everywhere(); !slices.Equal(got, []string{"a=Một"}) {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("the lead was not to get it", func(t *testing.T) {
		w, a, _ := start(t)
		w.link(w.citizen("telegram", "c"), a)
		w.exec(`update outbox set state = 'sent' where state = 'waiting'`)
		writes(w, a)
		if got := w.everywhere(); !slices.Equal(got, []string{"a=Một"}) {
			t.Errorf("sent %q", got)
		}
	})
}
