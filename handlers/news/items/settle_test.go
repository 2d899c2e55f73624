package items_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// days lets days pass: each an hour after the digest, with the jobs of the day.
func (h *house) days(n int, each func(day int)) {
	h.t.Helper()
	for day := range n {
		h.now = h.now.AddDate(0, 0, 1)
		each(day)
		must(h.t, h.desk.RunDigest(h.t.Context(), h.works))
		h.run()
		must(h.t, h.desk.RunSettle(h.t.Context(), h.works))
	}
}

// TestWhatIsHeldTooLongIsDropped: digests as well as items, by the days that hold now, however long nobody looked.
func TestWhatIsHeldTooLongIsDropped(t *testing.T) {
	h := open(t)
	h.at("2026-09-10 17:00")
	digests, one := h.subscriber("zalo"), h.subscriber("zalo")
	h.often(digests, items.Day)
	h.days(22, func(day int) {
		h.begun(content(fmt.Sprint("Tin", day)), 0)
		h.run()
		must(t, h.desk.RunDigest(t.Context(), h.works))
		for h.hold("zalo") > 0 {
		}
	})
	h.back(digests)
	if got := h.send(); len(got) < 6 || len(got) > 8 {
		t.Errorf("%d digests of 22 days arrive at once, those of 7 are wanted: %q", len(got), got)
	}
	// Fewer days hold from now on, and the program was away for a while.
	h.setting(items.KeyHeldDays, "1")
	h.now = h.now.AddDate(0, 0, 3)
	must(t, h.desk.RunSettle(t.Context(), h.works))
	h.back(one)
	if got := h.send(); len(got) != 0 {
		t.Errorf("after the days were fewer: %q", got)
	}
}

// TestAChannelThatIsDownEndsNoDigests: what cannot be sent keeps the digests of others not back, and ends after a day.
func TestAChannelThatIsDownEndsNoDigests(t *testing.T) {
	h := open(t)
	h.at("2026-09-10 17:00")
	down, up := h.subscriber("zalo"), h.subscriber("telegram")
	h.often(down, items.Day)
	h.often(up, items.Day)
	got := 0
	h.days(25, func(day int) {
		h.begun(content(fmt.Sprint("Tin", day)), 0)
		h.now = h.now.Add(time.Millisecond)
		must(t, h.desk.RunDigest(t.Context(), h.works))
		list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 50, time.Minute)
		must(t, err)
		for _, c := range list {
			got++
			must(t, h.store.Sent(t.Context(), c.Row, bot.Receipt{}))
		}
	})
	if got != 24 { // that of the last day is due the next
		t.Errorf("%d digests arrived where nothing is wrong, want 24", got)
	}
	var open int
	must(t, h.db.Read().QueryRow(`select count(*) from news_digests where state <> 'done'`).Scan(&open))
	if open > 2 {
		t.Errorf("%d digests are open", open)
	}
	if n := len(h.send()); n > 2 {
		t.Errorf("%d digests arrive when the channel works again", n)
	}
}

// TestWhatIsDoneCanBeStoppedWhileSomethingWaits: an article that waits for its day, or people who are to write first.
func TestWhatIsDoneCanBeStoppedWhileSomethingWaits(t *testing.T) {
	stop := items.Command{Action: items.Stop, Reason: "sai"}
	t.Run("an article", func(t *testing.T) {
		h := open(t)
		a := h.account("9")
		h.agrees(h.citizen("telegram"))
		one := h.begun(byArticle("Một"), 0)
		a.pass(5 * time.Minute)
		wrong := h.begun(byArticle("Sai"), 0)
		a.pass(5 * time.Minute)
		a.is(wrong.ID, items.ArticleReady, "news.article_day")
		if may, err := h.desk.May(t.Context(), h.get(wrong.ID), editor); err != nil || !slices.Contains(may, items.Stop) || h.get(wrong.ID).State != items.Done {
			t.Errorf("%s, may be %v, %v", h.get(wrong.ID).State, may, err)
		}
		h.do(wrong.ID, editor, stop)
		h.at("2026-11-11 06:31")
		a.pass(2 * time.Minute)
		a.is(wrong.ID, items.ArticleDropped, "")
		a.announced(1, 0) // in the order of their titles
		if _, err := h.try(one.ID, editor, stop); code(err) != bot.Conflict {
			t.Errorf("of which nothing waits: %v", err)
		}
	})
	t.Run("held", func(t *testing.T) {
		h := open(t)
		c := h.subscriber("zalo")
		it := h.begun(content("Sai"), 0)
		h.run()
		h.hold("zalo")
		h.run()
		h.do(it.ID, editor, stop)
		h.back(c)
		if got := h.send(); len(got) != 0 || h.get(it.ID).State != items.Stopped {
			t.Errorf("sent after the stop: %q", got)
		}
		h.run()
		if _, err := h.try(it.ID, editor, stop); code(err) != bot.Conflict {
			t.Errorf("twice: %v", err)
		}
	})
}
