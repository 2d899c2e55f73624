package main

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge/calendar"
)

// TestLawEnteredAhead: in the whole program, with a clock that moves: the chat gives the old answer until the day, the new
// one from its first minute in Vietnam, and the old one again after a rollback.
func TestLawEnteredAhead(t *testing.T) {
	var shift atomic.Int64
	r := prepareAt(t, believed(), func() time.Time { return time.Now().Add(time.Duration(shift.Load())) })
	r.run()
	ctx, house := t.Context(), r.house
	actor := func(id int64, role bot.Role) entries.Actor {
		return entries.Actor{Officer: bot.Officer{ID: id, Active: true, Grants: []bot.Grant{{Role: role}}}}
	}
	writes, reviews := actor(1, bot.RoleController), actor(2, bot.RoleController)
	in := func(f func(ctx context.Context, w *bot.Work) error) {
		t.Helper()
		if err := house.works.Do(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	base, err := house.entries.Latest(ctx, "1.001193")
	if err != nil {
		t.Fatal(err)
	}
	due := house.now().In(calendar.Zone).AddDate(0, 0, 40)
	e := entries.Copy(base)
	e.Fee, e.ValidFrom = "12.345 đồng", due.Format(time.DateOnly)
	var x entries.Draft
	in(func(ctx context.Context, w *bot.Work) (err error) {
		x, err = house.entries.Draft(ctx, w, writes, base, e, "nghị quyết mới")
		return err
	})
	in(func(ctx context.Context, w *bot.Work) (err error) {
		x, err = house.entries.Do(ctx, w, x.ID, reviews, entries.Command{Action: entries.Review, Hash: x.Hash})
		return err
	})
	in(func(ctx context.Context, w *bot.Work) (err error) {
		x, err = house.entries.Do(ctx, w, x.ID, writes, entries.Command{Action: entries.Schedule})
		return err
	})
	// The program's own job, as it runs every half minute.
	effect := func() {
		t.Helper()
		for _, f := range house.features {
			for _, j := range f.Jobs {
				if j.Name == "procedures.effect" {
					if err := j.Run(ctx); err != nil {
						t.Fatal(err)
					}
					return
				}
			}
		}
		t.Fatal("no job puts changes into effect")
	}
	ask := func(n int) string { t.Helper(); return r.visitor(n).ask("lệ phí đăng ký khai sinh").text() }
	at := func(moment time.Time) { shift.Store(int64(time.Until(moment))); effect() }

	at(time.Date(due.Year(), due.Month(), due.Day(), 0, 0, 0, 0, calendar.Zone).Add(-time.Minute))
	if got := ask(1); strings.Contains(got, "12.345") {
		t.Errorf("a minute before its day the answer is %q", got)
	}
	at(time.Date(due.Year(), due.Month(), due.Day(), 0, 0, 10, 0, calendar.Zone))
	if got := ask(2); !strings.Contains(got, "12.345") {
		t.Errorf("on its day the answer is %q", got)
	}
	in(func(ctx context.Context, w *bot.Work) error {
		_, _, err := house.entries.Rollback(ctx, w, writes, 0, "tạm dừng")
		return err
	})
	house.entries.Changed(ctx)
	if got := ask(3); strings.Contains(got, "12.345") {
		t.Errorf("after the rollback the answer is %q", got)
	}
	k, err := entries.At(ctx, r.data.db.Read(), "1.001193", 2)
	if err != nil || k.Entry.Fee != "12.345 đồng" || k.Line {
		t.Errorf("what was rolled back reads %+v, %v", k, err)
	}
}
