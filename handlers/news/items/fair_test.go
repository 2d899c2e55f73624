package items_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

func (h *house) setting(key, value string) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
		return h.desk.Set(ctx, w, owner, key, value, "QĐ 1")
	}))
}

// TestWhatBeganBeforeAHolidayWaitsForItsEnd: the calendar is looked at when people get an item, not only when it begins.
func TestWhatBeganBeforeAHolidayWaitsForItsEnd(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		h := open(t)
		a, b := h.subscriber("telegram"), h.subscriber("telegram")
		h.often(b, items.Day)
		h.at("2026-12-31 16:00")
		h.begun(content("Sớm"), 0)
		h.run()
		h.send()
		h.at("2026-12-31 17:00")
		must(t, h.desk.RunDigest(t.Context(), h.works)) // nothing of it goes out before the night
		h.at("2026-12-31 20:58")
		it := h.begun(content("Muộn"), 0)
		h.run()
		paused := h.begun(content("Chờ"), 0)
		h.run()
		h.do(paused.ID, editor, items.Command{Action: items.Pause})
		jobs := func() {
			h.run()
			must(t, h.desk.RunDigest(t.Context(), h.works))
		}
		h.at("2026-12-31 21:00")
		jobs()
		if allowed {
			h.setting(items.KeyHolidays, "yes")
		}
		h.at("2027-01-01 08:00")
		jobs()
		h.do(paused.ID, editor, items.Command{Action: items.Resume})
		want := []string{"telegram:" + a.User + " Chờ", "telegram:" + a.User + " Muộn", "telegram:" + b.User + " Tin hôm nay:"}
		if got := h.send(); !allowed && len(got) != 0 || allowed && !slices.Equal(got, want) {
			t.Errorf("on the holiday, allowed %t: %q", allowed, got)
		}
		if f, err := h.desk.Figures(t.Context(), it.ID, editor); err != nil || !allowed && f.From.In(calendar.Zone).Format("02/01 15:04") != "02/01 06:30" {
			t.Errorf("it is said to go on %s, %v", f.From, err)
		}
		h.at("2027-01-02 06:30")
		jobs()
		if got := h.send(); !allowed && !slices.Contains(got, want[0]) || !allowed && !slices.Contains(got, want[1]) {
			t.Errorf("after it: %q", got)
		}
	}
}

// TestADigestThatIsDueOnAHoliday comes in the first fair hour after it, and none is missed.
func TestADigestThatIsDueOnAHoliday(t *testing.T) {
	h := open(t)
	h.at("2026-12-31 08:00")
	day, week := h.subscriber("telegram"), h.subscriber("telegram")
	h.often(day, items.Day)
	h.often(week, items.Week) // 1/1/2027 is a Friday
	h.begun(content("Một"), 0)
	h.at("2026-12-31 17:00")
	if got := h.digest(); len(got) != 1 {
		t.Errorf("the day before: %q", got)
	}
	h.now = h.now.Add(time.Minute)
	h.begun(content("Hai"), 0)
	for _, at := range []string{"2027-01-01 00:30", "2027-01-01 10:00", "2027-01-01 17:00", "2027-01-02 06:00"} {
		h.at(at)
		if got := h.digest(); len(got) != 0 {
			t.Errorf("at %s: %q", at, got)
		}
	}
	h.at("2027-01-02 06:30")
	if got := h.digest(); len(got) != 2 || titles(got[day.User]) != "Hai" || titles(got[week.User]) != "Hai Một" {
		t.Errorf("after it: %q", got)
	}
	h.at("2027-01-02 17:00")
	if got := h.digest(); len(got) != 0 {
		t.Errorf("the next evening: %q", got)
	}
}

// TestTheCapIsOfTheDayOnWhichPeopleGetIt: what began in the evening and arrives in the morning is of the morning.
func TestTheCapIsOfTheDayOnWhichPeopleGetIt(t *testing.T) {
	h := open(t, items.Settings{items.KeyDayCap: "2"})
	a := h.subscriber("telegram")
	begin := func(n int) {
		for i := range n {
			h.begun(content(fmt.Sprint(h.now.Format("15:04 "), i)), 0)
			h.run()
		}
	}
	h.at("2026-11-10 20:58")
	begin(2)
	h.at("2026-11-11 06:30")
	h.run()
	morning := h.send()
	h.run()
	h.at("2026-11-11 09:00")
	begin(2)
	if got := h.send(); len(morning) != 2 || len(got) != 0 {
		t.Errorf("in the morning %q, later that day %q; two a day are allowed", morning, got)
	}
	h.at("2026-11-11 17:00")
	if got := h.digest(); titles(got[a.User]) == "" {
		t.Errorf("the digest: %q", got)
	}
	// What arrived yesterday keeps nobody from today's.
	h.at("2026-11-12 09:00")
	begin(3)
	if got := h.send(); len(got) != 2 {
		t.Errorf("the next day: %q", got)
	}
}
