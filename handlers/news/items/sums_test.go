package items_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, calendar.Zone)
	if err != nil {
		panic(err) // the tests write their own days
	}
	return t
}

// counts is a sum on one line.
func counts(s items.Sum) string {
	return fmt.Sprintf("items %d reach %d sent %d failed %d waiting %d held %d dropped %d opened %d left %d", s.Items, s.Reach, s.Sent, s.Failed, s.Waiting, s.Held, s.Dropped, s.Opened, s.Left)
}

func line(t *testing.T, list []items.SumLine, id string) string {
	t.Helper()
	for _, l := range list {
		if l.ID == id {
			return counts(l.Sum)
		}
	}
	t.Errorf("no line %q in %v", id, list)
	return ""
}

// claim takes what is due on a channel.
func (h *house) claim(channel string, n int) []bot.Claimed {
	h.t.Helper()
	list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, n, time.Minute)
	must(h.t, err)
	return list
}

// TestFiguresWhileItIsSent: the numbers agree while people are still being found, and the
// pace, the end and what keeps it are said.
func TestFiguresWhileItIsSent(t *testing.T) {
	h := open(t)
	for range 6 {
		h.subscriber("telegram")
	}
	for range 3 {
		h.subscriber("zalo")
	}
	it := h.begun(content("Trụ sở mới"), 0)
	figures := func() items.Figures {
		t.Helper()
		f, err := h.desk.Figures(t.Context(), it.ID, editor)
		must(t, err)
		if f.Reach != f.Waiting+f.Held+f.Sent+f.Failed+f.Dropped {
			t.Errorf("the numbers do not add up: %+v", f)
		}
		return f
	}
	if f := figures(); f.Looked != 0 || f.Reach != 0 || !f.Ends.IsZero() {
		t.Errorf("before anybody was found: %+v", f)
	}
	h.run()
	h.now = h.now.Add(2 * time.Minute)
	for _, c := range h.claim("telegram", 3) {
		must(t, h.store.Sent(t.Context(), c.Row, bot.Receipt{ID: "r"}))
	}
	f := figures()
	if f.Looked != 100 || f.Reach != 9 || f.Sent != 3 || f.Waiting != 6 || f.PerSecond != 3.0/60 || !f.Ends.IsZero() {
		t.Errorf("three were sent, none on zalo: %+v", f)
	}
	if len(f.Channels) != 2 || f.Channels[0].Channel != "telegram" || f.Channels[0].Sent != 3 || f.Channels[0].Waiting != 3 ||
		!f.Channels[0].Ends.Equal(h.now.Add(time.Minute)) || f.Channels[1].Waiting != 3 || !f.Channels[1].Ends.IsZero() {
		t.Errorf("channels: %+v", f.Channels)
	}
	zalo := h.claim("zalo", 3)
	must(t, h.store.Sent(t.Context(), zalo[0].Row, bot.Receipt{ID: "r"}))
	must(t, h.store.Hold(t.Context(), zalo[1].Row, "delivery.reason_later"))
	must(t, h.store.Bury(t.Context(), zalo[2].Row, "delivery.reason_rejected"))
	if f = figures(); f.Held != 1 || f.Failed != 1 || !f.Ends.Equal(h.now.Add(time.Minute)) {
		t.Errorf("with zalo through, telegram says when it ends: %+v", f)
	}
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	if f = figures(); !f.Kept {
		t.Error("a pause is not seen")
	}
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	h.at("2026-11-10 22:00")
	if f = figures(); f.Kept || f.From.In(calendar.Zone).Format("15:04") != "06:30" || f.PerSecond != 0 {
		t.Errorf("at night: %+v", f)
	}
	h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "nhầm"})
	h.run()
	must(t, h.desk.RunSettle(t.Context(), h.works))
	if f = figures(); f.Sent != 4 || f.Dropped != 4 || f.Failed != 1 || f.Waiting+f.Held != 0 {
		t.Errorf("stopped: %+v", f)
	}
	// The outbox forgets; what was written down stays.
	h.now = h.now.AddDate(0, 0, 40)
	must(t, h.store.Maintain(t.Context()))
	h.citizen("telegram") // the last row of all is kept until there is another
	if f = figures(); f.Sent != 4 || f.Dropped != 4 || f.Failed != 1 || f.Reach != 9 {
		t.Errorf("after the outbox forgot: %+v", f)
	}
}

// TestSumsOfALittleWorld: everything is counted by hand.
func TestSumsOfALittleWorld(t *testing.T) {
	h := open(t, items.Settings{items.KeyQuietFrom: "00:00", items.KeyQuietTo: "00:00", items.KeyHolidays: "yes"})
	ctx := t.Context()
	for range 3 {
		h.subscriber("telegram")
	}
	z := h.subscriber("zalo")

	h.at("2026-10-20 09:00") // item 1, in October: all four get it
	one := content("Tháng mười", items.TopicReform)
	h.begun(one, 0)
	h.run()
	h.send()
	h.run()

	h.at("2026-11-10 09:00") // item 2, two topics, of the station: two get it, one fails, one is held
	two := content("Tháng mười một", items.TopicReform, items.TopicProcedures)
	two.SourceKind, two.SourceName = items.SourceStation, "Đài PT-TH"
	dir, _ := knowledge()
	place := dir.Places(directory.Commune2025)[0].ID
	two.Places = []string{place}
	it := h.begun(two, 0)
	h.run()
	tg := h.claim("telegram", 10)
	must(t, h.store.Sent(ctx, tg[0].Row, bot.Receipt{ID: "a"}))
	must(t, h.store.Sent(ctx, tg[1].Row, bot.Receipt{ID: "b"}))
	must(t, h.store.Bury(ctx, tg[2].Row, "delivery.reason_rejected"))
	must(t, h.store.Hold(ctx, h.claim("zalo", 10)[0].Row, "delivery.reason_later"))
	must(t, h.in(func(ctx context.Context, w *bot.Work, tx bot.Tx) error {
		for range 5 {
			if _, err := h.desk.Open(ctx, w, it.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	h.run()

	// Item 3 is under way: its rows are counted in the outbox.
	h.now = h.now.Add(time.Hour)
	h.begun(content("Đang gửi", items.TopicContests, items.TopicReform), 0)
	h.run()

	// A correction of item 2 stands apart.
	h.now = h.now.Add(time.Hour)
	h.begun(content("Đính chính", items.TopicReform), it.ID)
	h.run()

	s, err := h.desk.Sums(ctx, press, day("2026-10-01"), day("2026-12-01"))
	must(t, err)
	for name, x := range map[string][2]string{
		"all":        {counts(s.All), "items 3 reach 12 sent 6 failed 1 waiting 4 held 1 dropped 0 opened 5 left 0"},
		"correction": {counts(s.Corrections), "items 1 reach 2 sent 0 failed 0 waiting 2 held 0 dropped 0 opened 0 left 0"},
		"reform":     {line(t, s.Topics, items.TopicReform), "items 3 reach 12 sent 6 failed 1 waiting 4 held 1 dropped 0 opened 5 left 0"},
		"procedures": {line(t, s.Topics, items.TopicProcedures), "items 1 reach 4 sent 2 failed 1 waiting 0 held 1 dropped 0 opened 5 left 0"},
		"contests":   {line(t, s.Topics, items.TopicContests), "items 1 reach 4 sent 0 failed 0 waiting 4 held 0 dropped 0 opened 0 left 0"},
		"a place":    {line(t, s.Places, place), "items 1 reach 4 sent 2 failed 1 waiting 0 held 1 dropped 0 opened 5 left 0"},
		"everywhere": {line(t, s.Places, ""), "items 2 reach 8 sent 4 failed 0 waiting 4 held 0 dropped 0 opened 0 left 0"},
		"station":    {line(t, s.Sources, "station\tĐài PT-TH"), "items 1 reach 4 sent 2 failed 1 waiting 0 held 1 dropped 0 opened 5 left 0"},
		"october":    {line(t, s.Months, "2026-10"), "items 1 reach 4 sent 4 failed 0 waiting 0 held 0 dropped 0 opened 0 left 0"},
		"november":   {line(t, s.Months, "2026-11"), "items 2 reach 8 sent 2 failed 1 waiting 4 held 1 dropped 0 opened 5 left 0"},
		"telegram":   {line(t, s.Channels, "telegram"), "items 3 reach 9 sent 5 failed 1 waiting 3 held 0 dropped 0 opened 0 left 0"},
		"zalo":       {line(t, s.Channels, "zalo"), "items 3 reach 3 sent 1 failed 0 waiting 1 held 1 dropped 0 opened 0 left 0"},
	} {
		if x[0] != x[1] {
			t.Errorf("%s:\n got %s\nwant %s", name, x[0], x[1])
		}
	}
	if s.Months[0].ID != "2026-11" || len(s.Items) != 4 || s.Items[0].Title != "Đính chính" || s.More {
		t.Errorf("the order: %v, %d items", s.Months, len(s.Items))
	}

	// Who waited on zalo leaves: the message is dropped, and the item is noted as one after which somebody left.
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.StopAll(ctx, tx, z)
		return err
	}))
	must(t, h.desk.RunSettle(ctx, h.works))
	s, err = h.desk.Sums(ctx, press, day("2026-11-01"), day("2026-12-01"))
	must(t, err)
	if got, want := line(t, s.Sources, "station\tĐài PT-TH"), "items 1 reach 4 sent 2 failed 1 waiting 0 held 0 dropped 1 opened 5 left 0"; got != want {
		t.Errorf("after one left:\n got %s\nwant %s", got, want)
	}
	if s.All.Items != 2 {
		t.Errorf("November alone has %d items", s.All.Items)
	}
	for _, a := range []items.Actor{visitor, {}} {
		if _, err := h.desk.Sums(ctx, a, day("2026-11-01"), day("2026-12-01")); code(err) != bot.Denied {
			t.Errorf("a stranger: %v", err)
		}
	}
	for _, to := range []string{"2026-11-01", "2026-10-01", "2036-01-01"} {
		if _, err := h.desk.Sums(ctx, press, day("2026-11-01"), day(to)); code(err) != bot.Invalid {
			t.Errorf("until %s: %v", to, err)
		}
	}
}
