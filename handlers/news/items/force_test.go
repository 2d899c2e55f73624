package items_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// claimed are the texts that would be sent now, by chat.
func (h *house) claimed() map[string]string {
	h.t.Helper()
	out := map[string]string{}
	for _, channel := range []string{"telegram", "zalobot"} {
		list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 50, time.Minute)
		must(h.t, err)
		for _, c := range list {
			out[c.Message.To.Chat] = c.Message.Text
			must(h.t, h.store.Sent(h.t.Context(), c.Row, bot.Receipt{}))
		}
	}
	return out
}

// What waits of a digest speaks of what is in force when it is sent.
func TestADigestThatWaitsTellsWhatIsInForce(t *testing.T) {
	const other, wrong, right, mark = "• Tin khác", "• Sai lễ phí", "• Đính chính: Đúng lễ phí", "(tin đã ngừng gửi)"
	for name, c := range map[string]struct {
		alone     bool // the digest has nothing else to tell
		then      func(h *house, wrong items.Item)
		want, not []string
	}{
		"corrected": {then: func(h *house, it items.Item) { h.begun(content("Đúng lễ phí"), it.ID) }, want: []string{other, right, "/l/3"}, not: []string{"Sai", mark}},
		"stopped": {then: func(h *house, it items.Item) {
			h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "sai"})
		}, want: []string{other}, not: []string{"Sai", mark}},
		"stopped, and nothing else to tell": {alone: true, then: func(h *house, it items.Item) {
			h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "sai"})
		}, want: []string{wrong + " " + mark}},
		"stopped, then corrected": {then: func(h *house, it items.Item) {
			h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "sai"})
			h.now = h.now.Add(time.Minute)
			h.begun(content("Đúng lễ phí"), it.ID)
		}, want: []string{other, right}, not: []string{"Sai", mark}},
		"its correction stopped": {then: func(h *house, it items.Item) {
			fix := h.begun(content("Đúng lễ phí"), it.ID)
			h.do(fix.ID, editor, items.Command{Action: items.Stop, Reason: "tin đầu mới đúng"})
		}, want: []string{other, wrong}, not: []string{"Đúng", mark}},
		"corrected twice": {then: func(h *house, it items.Item) {
			fix := h.begun(content("Vẫn sai"), it.ID)
			h.do(fix.ID, editor, items.Command{Action: items.Pause})
			h.now = h.now.Add(time.Minute)
			h.begun(content("Đúng lễ phí"), fix.ID)
		}, want: []string{other, right}, not: []string{"Sai", "Vẫn", mark}},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			a, b := h.subscriber("telegram"), h.subscriber("zalobot")
			h.often(a, items.Day)
			h.often(b, items.Day)
			if !c.alone {
				h.begun(content("Tin khác"), 0)
			}
			it := h.begun(content("Sai lễ phí"), 0)
			h.do(it.ID, editor, items.Command{Action: items.Pause}) // what is corrected is not being sent
			h.at("2026-11-10 17:00")
			must(t, h.desk.RunDigest(t.Context(), h.works))
			h.now = h.now.Add(time.Minute)
			c.then(h, it)
			got := h.claimed()
			if len(got) != 2 {
				t.Fatalf("sent %q", got)
			}
			for who, text := range got {
				for _, s := range c.want {
					if !strings.Contains(text, s) {
						t.Errorf("%s does not read %q:\n%s", who, s, text)
					}
				}
				for _, s := range c.not {
					if strings.Contains(text, s) {
						t.Errorf("%s reads %q:\n%s", who, s, text)
					}
				}
			}
		})
	}
}

// A correction that was stopped corrects nothing: readers are not led from the right words to the wrong ones.
func TestWhatIsInForceInPlaceOfAnItem(t *testing.T) {
	h := open(t)
	it := h.begun(content("Một"), 0)
	h.ends()
	publish := func(title string, corrects int64) int64 {
		t.Helper()
		h.now = h.now.Add(time.Minute)
		x := h.begun(content(title), corrects)
		return x.ID
	}
	stop := func(id int64) {
		t.Helper()
		h.do(id, editor, items.Command{Action: items.Stop, Reason: "nhầm"})
	}
	check := func(when string, want map[int64]int64) {
		t.Helper()
		list, _, err := h.desk.Column(t.Context(), items.Search{})
		must(t, err)
		all, err := h.desk.Corrections(t.Context(), list)
		must(t, err)
		for _, x := range list {
			_, by, err := h.desk.Public(t.Context(), x.ID)
			if err != nil || by != want[x.ID] || all[x.ID].ID != want[x.ID] {
				t.Errorf("%s: item %d is corrected by %d, in the list by %d, want %d (%v)", when, x.ID, by, all[x.ID].ID, want[x.ID], err)
			}
		}
	}
	one := publish("Hai", it.ID)
	check("one correction", map[int64]int64{it.ID: one})
	stop(one)
	check("which is stopped", nil)
	two := publish("Ba", it.ID)
	check("another one", map[int64]int64{it.ID: two, one: two})
	h.do(two, editor, items.Command{Action: items.Pause}) // what is corrected is not being sent
	three := publish("Bốn", two)
	check("a correction of that", map[int64]int64{it.ID: three, one: three, two: three})
	stop(three)
	check("which is stopped, too", map[int64]int64{it.ID: two, one: two})
}

// Who read of an item in the digest, having had enough that day, reads of its correction in the next one, once.
func TestACorrectionReachesWhoReadTheItemInTheDigest(t *testing.T) {
	h := open(t, items.Settings{items.KeyDayCap: "1"})
	h.batch = 2
	h.restart()
	day := h.subscriber("telegram")
	h.often(day, items.Day)
	people := []bot.Contact{h.subscriber("telegram"), h.subscriber("zalobot"), h.subscriber("telegram")}
	gone, stays := h.subscriber("telegram"), h.subscriber("telegram")
	h.begun(content("Tin đầu"), 0)
	h.run()
	wrong := h.begun(content("Sai lễ phí"), 0)
	h.ends()
	h.at("2026-11-10 17:00")
	if got := h.digest(); len(got) != 6 || !strings.Contains(got[people[0].User], "• Sai lễ phí") {
		t.Fatalf("the first evening: %q", got)
	}
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error { return h.desk.Forget(ctx, tx, gone.Person) }))
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.StopAll(ctx, tx, stays)
		return err
	}))
	h.at("2026-11-11 09:00")
	h.begun(content("Đúng lễ phí"), wrong.ID)
	h.ends()
	h.at("2026-11-11 17:00")
	got := h.digest()
	if len(got) != 4 {
		t.Errorf("the second evening: %q", got)
	}
	for _, c := range append(people, day) {
		if strings.Count(got[c.User], "• Đính chính: Đúng lễ phí") != 1 || strings.Contains(got[c.User], "Sai") {
			t.Errorf("%s reads %q", c.User, got[c.User])
		}
	}
	h.at("2026-11-12 17:00")
	if got := h.digest(); len(got) != 0 {
		t.Errorf("the third evening: %q", got)
	}
	count := func() (n int) {
		t.Helper()
		must(t, h.db.Read().QueryRow(`select count(*) from news_told`).Scan(&n))
		return n
	}
	before := count()
	h.now = h.now.AddDate(0, 0, 61)
	must(t, h.desk.RunSettle(t.Context(), h.works))
	if after := count(); before == 0 || after != 0 {
		t.Errorf("of %d, %d are known after two months", before, after)
	}
}
