package items_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// TestATestGoesToNamedStaffOnly: at any hour, before the item is approved, to nobody else.
func TestATestGoesToNamedStaffOnly(t *testing.T) {
	h := open(t)
	tester := h.citizen("telegram")
	h.subscriber("telegram")
	it := h.draft(editor, content("Thử"), 0)
	send := func(a items.Actor, people ...bot.PersonID) (r bot.Reach, err error) {
		err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
			r, err = h.desk.SendTest(ctx, w, it.ID, a, people)
			return err
		})
		return r, err
	}
	if _, err := send(press, tester.Person); code(err) != bot.Denied {
		t.Errorf("by a contributor: %v", err)
	}
	if _, err := send(editor); code(err) != bot.Invalid {
		t.Errorf("to nobody: %v", err)
	}
	h.at("2026-11-10 23:00")
	if r, err := send(editor, tester.Person, 9999); err != nil || r.Queued != 1 || r.Gone != 1 {
		t.Fatalf("reach %+v, %v", r, err)
	}
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + tester.User + " Thử"}) {
		t.Errorf("sent %q", got)
	}
	list, err := h.desk.Tests(t.Context(), it.ID, editor)
	if err != nil || len(list) != 1 || list[0].Hash != it.Hash || list[0].People != 2 {
		t.Errorf("tests %+v, %v", list, err)
	}
	h.now = h.now.Add(2 * time.Hour)
	must(t, h.desk.RunSettle(t.Context(), h.works))
	var open int
	must(t, h.db.Read().QueryRow(`select count(*) from outbox_spreads where state = 'open'`).Scan(&open))
	if open != 0 {
		t.Errorf("%d spreads are open", open)
	}
	h.at("2026-11-11 10:00")
	h.do(it.ID, editor, items.Command{Action: items.Check})
	it = h.do(it.ID, second, items.Command{Action: items.Approve, Hash: it.Hash})
	h.do(it.ID, editor, items.Command{Action: items.Schedule})
	h.run()
	if _, err := send(editor, tester.Person); code(err) != bot.Conflict {
		t.Errorf("of an item that is sent: %v", err)
	}
}
