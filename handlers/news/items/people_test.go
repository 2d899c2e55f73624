package items_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// fails gives up everything that is to go out now.
func (h *house) fails(reason string) {
	h.t.Helper()
	for _, channel := range []string{"telegram", "zalo", "zalobot"} {
		list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 50, time.Minute)
		must(h.t, err)
		for _, c := range list {
			must(h.t, h.store.Bury(h.t.Context(), c.Row, reason))
		}
	}
}

// sends sends the next message of a channel.
func (h *house) sends(channel string) {
	h.t.Helper()
	list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 1, time.Minute)
	must(h.t, err)
	if len(list) != 1 {
		h.t.Fatalf("%d to be sent", len(list))
	}
	must(h.t, h.store.Sent(h.t.Context(), list[0].Row, bot.Receipt{ID: "first"}))
}

func (h *house) unit(f func(ctx context.Context, tx bot.Tx) error) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error { return f(ctx, tx) }))
}

// ends lets an item that went out come to its end, a correction with its second look.
func (h *house) ends() (got []string) {
	h.t.Helper()
	for range 3 {
		h.run()
		got = append(got, h.send()...)
		h.now = h.now.Add(4 * time.Minute)
	}
	h.run()
	slices.Sort(got)
	return got
}

func TestNothingGoesAgainToWhoLeft(t *testing.T) {
	h := open(t)
	stays, stopped, left, erased, digest := h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram")
	it := h.begun(content("Một", items.TopicReform), 0)
	h.run()
	h.fails("delivery.reason_temporary")
	h.run()
	h.unit(func(ctx context.Context, tx bot.Tx) error { _, err := h.desk.StopAll(ctx, tx, stopped); return err })
	h.unit(func(ctx context.Context, tx bot.Tx) error {
		_, err := h.desk.Leave(ctx, tx, left, items.TopicReform, it.ID)
		return err
	})
	h.unit(func(ctx context.Context, tx bot.Tx) error {
		_, err := h.desk.SetOften(ctx, tx, digest, items.Week)
		return err
	})
	h.erases(erased)
	h.agrees(h.writes("telegram", erased.User))
	if n, err := h.desk.CountAgain(t.Context(), h.get(it.ID)); err != nil || n != 2 {
		t.Errorf("%d are counted, %v", n, err)
	}
	h.do(it.ID, editor, items.Command{Action: items.Again})
	h.run()
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + stays.User + " Một", "telegram:" + digest.User + " Một"}) {
		t.Errorf("sent %q", got)
	}
}

func TestAnErratumToWhoLeftAndNoneToWhoWasErased(t *testing.T) {
	h := open(t)
	stopped, erased := h.subscriber("telegram"), h.subscriber("telegram")
	it := h.begun(content("Sai"), 0)
	h.ends()
	h.unit(func(ctx context.Context, tx bot.Tx) error { _, err := h.desk.StopAll(ctx, tx, stopped); return err })
	h.erases(erased)
	h.writes("telegram", erased.User)
	h.begun(content("Đúng"), it.ID)
	if got := h.ends(); len(got) != 1 || !strings.HasPrefix(got[0], "telegram:"+stopped.User+" ") {
		t.Errorf("sent %q", got)
	}
}

// Some got the wrong words, the rest the right ones after the sending went on: only the first are told.
func TestWhoGotTheRightWordsGetsNoErratum(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	it := h.begun(content("Sai"), 0)
	h.run()
	h.sends("telegram")
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	h.now = h.now.Add(time.Minute)
	fix := h.begun(content("Đúng"), it.ID)
	h.now = h.now.Add(time.Minute)
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	if got := h.ends(); !slices.Equal(got, []string{"telegram:" + a.User + " (edit first) Đính chính: Đúng", "zalobot:" + b.User + " Đúng"}) {
		t.Errorf("sent %q", got)
	}
	if got := h.get(fix.ID); got.State != items.Done || got.Progress.Queued != 1 {
		t.Errorf("the correction is %s, %+v", got.State, got.Progress)
	}
}

// A correction of a correction goes to all who got any of the words before, once.
func TestACorrectionOfACorrection(t *testing.T) {
	h := open(t)
	a, b, late := h.subscriber("telegram"), h.subscriber("zalobot"), h.subscriber("zalo")
	it := h.begun(content("Sai"), 0)
	h.run()
	h.sends("telegram")
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	h.now = h.now.Add(time.Minute)
	one := h.begun(content("Cũng sai"), it.ID)
	h.now = h.now.Add(time.Minute)
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	h.run()
	h.sends("zalobot")
	h.fails("delivery.reason_temporary") // the erratum to a, and the item to the one on Zalo
	h.ends()
	h.ends()
	if got := h.get(one.ID).State; got != items.Done {
		t.Fatalf("the first correction is %s", got)
	}
	draft := h.draft(editor, content("Đúng"), one.ID)
	if got, err := h.desk.Audience(t.Context(), draft); err != nil || got.People() != 2 {
		t.Errorf("it would go to %+v, %v", got, err)
	}
	two := h.begun(content("Đúng"), one.ID)
	if got := h.ends(); !slices.Equal(got, []string{"telegram:" + a.User + " (edit first) Đính chính: Đúng", "zalobot:" + b.User + " (edit first) Đính chính: Đúng"}) {
		t.Errorf("sent %q", got)
	}
	h.ends()
	if got := h.get(two.ID); got.State != items.Done || got.Progress.Queued != 2 {
		t.Errorf("the second correction is %s, %+v", got.State, got.Progress)
	}
	// Whoever is tried again gets the words of now.
	h.do(it.ID, editor, items.Command{Action: items.Again})
	if got := h.ends(); !slices.Equal(got, []string{"zalo:" + late.User + " Đúng"}) {
		t.Errorf("again: %q", got)
	}
}

// While a correction goes out another one begins: everybody gets the words of the second, once.
func TestACorrectionWhileACorrectionIsSent(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	it := h.begun(content("Sai"), 0)
	h.ends()
	one := h.begun(content("Cũng sai"), it.ID)
	h.run()
	h.do(one.ID, editor, items.Command{Action: items.Pause})
	h.now = h.now.Add(time.Minute)
	h.begun(content("Đúng"), one.ID)
	h.run()
	h.now = h.now.Add(time.Minute)
	h.do(one.ID, editor, items.Command{Action: items.Resume})
	got := h.ends()
	if len(got) != 2 || !strings.HasPrefix(got[0], "telegram:"+a.User+" ") || !strings.HasPrefix(got[1], "zalobot:"+b.User+" ") ||
		!strings.HasSuffix(got[0], " Đúng") || !strings.HasSuffix(got[1], " Đúng") {
		t.Errorf("sent %q", got)
	}
}

// The expansion has passed the one who stands for both when they part.
func TestPartingWhileAnItemIsSentBringsItOnce(t *testing.T) {
	h := open(t)
	h.batch = 1
	h.restart()
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, a.Person, b.Person) })
	h.agrees(b) // he wrote there last: it is his preferred one
	it := h.begun(content("Một"), 0)
	_, err := h.desk.Expand(t.Context(), h.works, it.ID)
	must(t, err)
	got := h.send()
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Unlink(ctx, tx, b.Person) })
	h.run()
	if got = append(got, h.send()...); !slices.Equal(got, []string{"zalobot:" + b.User + " Một"}) {
		t.Errorf("sent %q", got)
	}
}

// What waits at a channel of somebody who asked for nothing himself ends when he leaves.
func TestPartingBringsNothingToWhoAskedForNothing(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.citizen("zalobot")
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, a.Person, b.Person) })
	must(t, h.store.OptOut(t.Context(), a.ID, "delivery.reason_blocked"))
	h.begun(content("Một"), 0)
	h.run()
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Unlink(ctx, tx, b.Person) })
	if got := h.ends(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

// What waits at the channel of the one who stood for both goes to the other when he is forgotten.
func TestWhoStaysGetsWhatWaitedForWhoIsForgotten(t *testing.T) {
	for name, first := range map[string]bool{"joined before": false, "joined while it waited for both": true} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			a, b := h.subscriber("telegram"), h.subscriber("zalobot")
			join := func() {
				h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, a.Person, b.Person) })
				h.agrees(a) // he wrote there last: it is his preferred one
			}
			if !first {
				join()
			}
			h.begun(content("Một"), 0)
			h.run()
			if first {
				join()
			}
			h.erases(a)
			if got := h.ends(); !slices.Equal(got, []string{"zalobot:" + b.User + " Một"}) {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// What the other one had before they joined does not stand in the digest.
func TestADigestAfterAJoin(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	h.unit(func(ctx context.Context, tx bot.Tx) error {
		_, err := h.desk.SetOften(ctx, tx, a, items.Day)
		return err
	})
	h.begun(content("Một"), 0)
	if got := h.ends(); !slices.Equal(got, []string{"zalobot:" + b.User + " Một"}) {
		t.Fatalf("sent %q", got)
	}
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, a.Person, b.Person) })
	h.at("2026-11-10 17:05")
	for range 3 {
		must(t, h.desk.RunDigest(t.Context(), h.works))
	}
	if got := h.send(); len(got) != 0 {
		t.Errorf("once more: %q", got)
	}
}

func TestWhoReadsTheArticleGetsNoMessageElsewhere(t *testing.T) {
	h := open(t)
	h.account("4")
	tele, zal := h.subscriber("telegram"), h.subscriber("zalo")
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, tele.Person, zal.Person) })
	h.agrees(zal)
	it := h.approved(byArticle("Một"), 0)
	if got, err := h.desk.Audience(t.Context(), it); err != nil || got.People() != 0 || got.ByArticle != 1 {
		t.Errorf("it would go to %+v, %v", got, err)
	}
	h.do(it.ID, editor, items.Command{Action: items.Schedule})
	h.run()
	if got := h.ends(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
	if got := h.get(it.ID); got.Progress.Queued != 0 || got.Progress.Gone != 1 {
		t.Errorf("%+v", got.Progress)
	}
}
