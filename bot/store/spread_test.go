package store_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
)

// citizen makes a contact by a turn, as everybody becomes one.
func (w *world) citizen(channel, user string) (c bot.Contact) {
	w.t.Helper()
	w.accept(bot.Update{ID: bot.NewID(), Channel: channel, Chat: user, Text: "chào", From: bot.Sender{ID: user}, At: w.clock.Now()})
	l := w.load()
	_, err := w.finish(finished(l, ""))
	w.must(err)
	w.accept(bot.Update{ID: bot.NewID(), Channel: channel, Chat: user, Text: "chào", From: bot.Sender{ID: user}, At: w.clock.Now()})
	l = w.load()
	_, err = w.finish(finished(l, ""))
	w.must(err)
	return l.Contact
}

// in runs f in a unit of work.
func (w *world) in(f func(tx bot.Tx) error) {
	w.t.Helper()
	w.must(w.try(f))
}

func (w *world) try(f func(tx bot.Tx) error) error {
	u, err := w.Begin(w.t.Context())
	if err != nil {
		return err
	}
	defer func() { w.must(u.Rollback()) }()
	if err := f(u.Tx()); err != nil {
		return err
	}
	return u.Commit(w.t.Context())
}

func bodiesOf(text string, channels ...string) []bot.Body {
	var out []bot.Body
	for _, c := range channels {
		out = append(out, bot.Body{Channel: c, Lang: "vi", Message: bot.Message{Text: text}}, bot.Body{Channel: c, Lang: "en", Message: bot.Message{Text: text + " (en)"}})
	}
	return out
}

// spread makes a spread and queues it for people.
func (w *world) spread(thing, text string, to ...bot.Recipient) (id int64, r bot.Reach) {
	w.t.Helper()
	w.in(func(tx bot.Tx) (err error) {
		if id, err = w.OpenSpread(w.t.Context(), tx, bot.Spread{Thing: thing}); err != nil {
			return err
		}
		if err = w.SetBodies(w.t.Context(), tx, id, bodiesOf(text, "telegram", "zalo")); err != nil {
			return err
		}
		r, err = w.SpreadTo(w.t.Context(), tx, id, to, bot.Cap{})
		return err
	})
	return id, r
}

func (w *world) news(channel string, n int) []bot.Claimed {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), channel, bot.LaneBroadcast, n, time.Minute)
	w.must(err)
	return c
}

func (w *world) sendAll(channel string) (chats []string) {
	w.t.Helper()
	for {
		got := w.news(channel, 10)
		if len(got) == 0 {
			slices.Sort(chats)
			return chats
		}
		for _, c := range got {
			chats = append(chats, c.Message.To.Chat+"="+c.Message.Text)
			w.must(w.Sent(w.t.Context(), c.Row, bot.Receipt{ID: "r" + strconv.FormatInt(c.Row, 10)}))
		}
	}
}

func TestASpreadReachesEverybodyOnce(t *testing.T) {
	w := open(t)
	var to []bot.Recipient
	for i := range 250 {
		c := w.citizen("telegram", fmt.Sprint("u", i))
		to = append(to, bot.Recipient{Person: c.Person, Contact: c.ID})
	}
	id, r := w.spread("news:1", "Tin", to...)
	if r.Queued != 250 || r.Gone != 0 {
		t.Fatalf("reach %+v", r)
	}
	w.in(func(tx bot.Tx) error {
		again, err := w.SpreadTo(t.Context(), tx, id, to[:117], bot.Cap{})
		if again.Queued != 0 || again.Gone != 0 {
			t.Errorf("once more: %+v", again)
		}
		return err
	})
	if next, err := w.NextDue(t.Context(), "telegram"); err != nil || next.After(w.clock.Now()) || next.IsZero() {
		t.Errorf("next due %v, %v", next, err)
	}
	if got := w.sendAll("telegram"); len(got) != 250 || len(slices.Compact(slices.Clone(got))) != 250 || got[0] != "u0=Tin" {
		t.Errorf("%d sent, first %q", len(got), got[0])
	}
	counts, err := w.CountSpread(t.Context(), id)
	w.must(err)
	if len(counts) != 1 || counts[0] != (bot.SpreadCount{Channel: "telegram", State: bot.OutboxSent, Count: 250}) {
		t.Errorf("counts %+v", counts)
	}
	if next, err := w.NextDue(t.Context(), "telegram"); err != nil || !next.IsZero() {
		t.Errorf("at the end: next due %v, %v", next, err)
	}
}

func TestASpreadFindsTheContactThatIsThere(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
	c := w.citizen("telegram", "c")
	w.in(func(tx bot.Tx) error {
		lead, err := w.LinkPersons(t.Context(), tx, a.Person, b.Person)
		if lead != a.Person {
			t.Errorf("%d stands for both, want %d", lead, a.Person)
		}
		return err
	})
	w.must(w.OptOut(t.Context(), c.ID, "delivery.reason_blocked"))
	to := []bot.Recipient{{Person: a.Person, Contact: a.ID}, {Person: c.Person, Contact: c.ID}}
	if _, r := w.spread("news:1", "Một", to...); r.Queued != 1 || r.Gone != 1 {
		t.Errorf("reach %+v", r)
	}
	if got := w.sendAll("telegram"); !slices.Equal(got, []string{"a=Một"}) {
		t.Errorf("sent %q", got)
	}
	w.must(w.OptOut(t.Context(), a.ID, "delivery.reason_blocked"))
	w.spread("news:2", "Hai", to...)
	if got := w.sendAll("zalo"); !slices.Equal(got, []string{"b=Hai"}) {
		t.Errorf("on the other channel: %q", got)
	}
	// Unlinked, b is nobody's second channel.
	w.in(func(tx bot.Tx) error { return w.UnlinkPerson(t.Context(), tx, b.Person) })
	if _, r := w.spread("news:3", "Ba", to...); r.Queued != 0 || r.Gone != 2 {
		t.Errorf("reach %+v", r)
	}
}

func TestALinkMadeMeanwhileBringsNothingTwice(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("zalo", "b")
	id, _ := w.spread("news:1", "Tin", bot.Recipient{Person: b.Person, Contact: b.ID})
	w.in(func(tx bot.Tx) error { _, err := w.LinkPersons(t.Context(), tx, a.Person, b.Person); return err })
	w.in(func(tx bot.Tx) error {
		r, err := w.SpreadTo(t.Context(), tx, id, []bot.Recipient{{Person: a.Person, Contact: a.ID}}, bot.Cap{})
		if r.Queued != 0 {
			t.Errorf("reach %+v", r)
		}
		return err
	})
	if got := slices.Concat(w.sendAll("telegram"), w.sendAll("zalo")); !slices.Equal(got, []string{"b=Tin"}) {
		t.Errorf("sent %q", got)
	}
}

func TestPauseStopAndQuietHours(t *testing.T) {
	w := open(t) // 08:00 UTC is 15:00 in Vietnam
	var to []bot.Recipient
	for i := range 230 {
		c := w.citizen("telegram", fmt.Sprint("u", i))
		to = append(to, bot.Recipient{Person: c.Person})
	}
	id, _ := w.spread("news:1", "Tin", to...)
	if n := len(w.news("telegram", 5)); n != 5 {
		t.Fatalf("claimed %d", n)
	}
	w.in(func(tx bot.Tx) error { return w.PauseSpread(t.Context(), tx, id) })
	if n := len(w.news("telegram", 5)); n != 0 {
		t.Errorf("while paused: claimed %d", n)
	}
	if next, err := w.NextDue(t.Context(), "telegram"); err != nil || !next.IsZero() {
		t.Errorf("while paused: next due %v, %v", next, err)
	}
	if holds, err := w.ListHolds(t.Context()); err != nil || len(holds) != 1 || holds[0].Thing != "news:1" {
		t.Errorf("holds %+v, %v", holds, err)
	}
	w.in(func(tx bot.Tx) error { return w.ResumeSpread(t.Context(), tx, id) })
	// Quiet from 21:00 to 06:30.
	w.in(func(tx bot.Tx) error {
		_, err := w.OpenSpread(t.Context(), tx, bot.Spread{Thing: "news:1", Quiet: bot.Quiet{From: 21 * 60, To: 6*60 + 30}})
		return err
	})
	if n := len(w.news("telegram", 5)); n != 5 {
		t.Errorf("resumed: claimed %d", n)
	}
	w.clock.Advance(6 * time.Hour)
	if n := len(w.news("telegram", 5)); n != 0 {
		t.Errorf("at 21:00: claimed %d", n)
	}
	if next, err := w.NextDue(t.Context(), "telegram"); err != nil || !next.Equal(w.clock.Now().Add(9*time.Hour+30*time.Minute)) {
		t.Errorf("at 21:00: next due %v, %v", next, err)
	}
	w.clock.Advance(9*time.Hour + 30*time.Minute)
	if n := len(w.news("telegram", 5)); n != 5 {
		t.Errorf("at 06:30: claimed %d", n)
	}
	w.in(func(tx bot.Tx) error { return w.StopSpread(t.Context(), tx, id) })
	if n := len(w.news("telegram", 100)); n > 10 { // those whose lease ran out over night may have been sent
		t.Errorf("stopped: claimed %d", n)
	}
	dropped := 0
	for {
		n := 0
		w.in(func(tx bot.Tx) (err error) { n, err = w.DropSpread(t.Context(), tx, id, bot.MaxBatch); return err })
		if dropped += n; n == 0 {
			break
		}
	}
	counts, err := w.CountSpread(t.Context(), id)
	w.must(err)
	for _, c := range counts {
		if c.State == bot.OutboxWaiting || c.State == bot.OutboxQueued {
			t.Errorf("left: %+v", c)
		}
	}
	err = w.try(func(tx bot.Tx) error { _, err := w.SpreadTo(t.Context(), tx, id, to, bot.Cap{}); return err })
	if !bot.IsCode(err, bot.Conflict) {
		t.Errorf("to a stopped spread: %v", err)
	}
}

func TestWhoLeftBeforeItsTurnGetsNothing(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	w.spread("news:1", "Tin", bot.Recipient{Person: a.Person}, bot.Recipient{Person: b.Person})
	w.in(func(tx bot.Tx) error { return w.DropNews(t.Context(), tx, a.Person) })
	w.must(w.OptOut(t.Context(), b.ID, "delivery.reason_blocked"))
	if got := w.sendAll("telegram"); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

func TestACapLeavesOutWhoHadEnough(t *testing.T) {
	w := open(t)
	a, b := w.citizen("telegram", "a"), w.citizen("telegram", "b")
	one, _ := w.spread("news:1", "Một", bot.Recipient{Person: a.Person})
	two, _ := w.spread("news:2", "Hai", bot.Recipient{Person: a.Person}, bot.Recipient{Person: b.Person})
	three, _ := w.spread("news:3", "Ba")
	w.in(func(tx bot.Tx) error {
		r, err := w.SpreadTo(t.Context(), tx, three, []bot.Recipient{{Person: a.Person}, {Person: b.Person}}, bot.Cap{Most: 2, Spreads: []int64{one, two}})
		if r.Queued != 1 || !slices.Equal(r.Capped, []bot.PersonID{a.Person}) {
			t.Errorf("reach %+v", r)
		}
		return err
	})
}

func TestACorrectionGoesToThoseWhoGotIt(t *testing.T) {
	w := open(t)
	var to []bot.Recipient
	for i := range 12 {
		c := w.citizen("telegram", fmt.Sprint("u", i))
		to = append(to, bot.Recipient{Person: c.Person})
	}
	one, _ := w.spread("news:1", "Tin", to...)
	got := w.news("telegram", 10)
	for i, c := range got {
		switch {
		case i < 7:
			w.must(w.Sent(t.Context(), c.Row, bot.Receipt{ID: fmt.Sprint(100 + i)}))
		case i == 7:
			w.must(w.Bury(t.Context(), c.Row, "delivery.reason_unknown_once"))
		default:
			w.must(w.Bury(t.Context(), c.Row, "delivery.reason_temporary"))
		}
	}
	w.in(func(tx bot.Tx) error {
		_, n, err := w.AgainSpread(t.Context(), tx, one, 0, bot.MaxBatch, nil)
		if n != 2 {
			t.Errorf("%d are tried again, want 2", n)
		}
		return err
	})
	two, _ := w.spread("news:1/erratum:1", "Đính chính")
	w.in(func(tx bot.Tx) error {
		next, n, err := w.SpreadAfter(t.Context(), tx, two, bot.After{Spread: one, Edit: true}, 0, bot.MaxBatch)
		if n != 7 || next != 0 {
			t.Errorf("%d corrected, next %d", n, next)
		}
		return err
	})
	w.in(func(tx bot.Tx) error { return w.StopSpread(t.Context(), tx, one) })
	for _, c := range w.news("telegram", 10) {
		if c.Message.Text != "Đính chính" || c.Edits < "100" || c.Edits > "106" {
			t.Errorf("%q edits %q", c.Message.Text, c.Edits)
		}
	}
}

func TestASpreadSpeaksTheLanguageOfNow(t *testing.T) {
	w := open(t)
	a := w.citizen("telegram", "a")
	id, _ := w.spread("news:1", "Tin", bot.Recipient{Person: a.Person})
	w.exec(`update contacts set lang = 'en'`)
	w.in(func(tx bot.Tx) error {
		return w.SetBodies(t.Context(), tx, id, bodiesOf("Sửa lại", "telegram"))
	})
	if got := w.sendAll("telegram"); !slices.Equal(got, []string{"a=Sửa lại (en)"}) {
		t.Errorf("sent %q", got)
	}
}

func TestNothingOfASpreadIsReadableInTheFile(t *testing.T) {
	w := open(t)
	a := w.citizen("telegram", "zwxquser")
	w.spread("news:1", "zwxqtext", bot.Recipient{Person: a.Person})
	w.must(w.db.Checkpoint(t.Context()))
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(w.path + suffix)
		if err == nil && (strings.Contains(string(b), "zwxqtext") || strings.Contains(string(b), "zwxquser")) {
			t.Errorf("%s is readable", suffix)
		}
	}
}

func TestQuietHours(t *testing.T) {
	night, noon := bot.Quiet{From: 21 * 60, To: 6*60 + 30}, bot.Quiet{From: 11 * 60, To: 13 * 60}
	at := func(s string) time.Time {
		x, err := time.Parse("2006-01-02 15:04 -07", s+" +07")
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct {
		quiet    bot.Quiet
		at, want string
	}{
		{night, "2026-11-23 20:59", "2026-11-23 20:59"},
		{night, "2026-11-23 21:00", "2026-11-24 06:30"},
		{night, "2026-12-31 23:59", "2027-01-01 06:30"},
		{night, "2026-11-24 00:00", "2026-11-24 06:30"},
		{night, "2026-11-24 06:29", "2026-11-24 06:30"},
		{night, "2026-11-24 06:30", "2026-11-24 06:30"},
		{noon, "2026-11-24 12:00", "2026-11-24 13:00"},
		{noon, "2026-11-24 13:00", "2026-11-24 13:00"},
		{noon, "2026-11-24 10:59", "2026-11-24 10:59"},
		{bot.Quiet{}, "2026-11-24 02:00", "2026-11-24 02:00"},
	} {
		if got := c.quiet.End(at(c.at)); !got.Equal(at(c.want)) {
			t.Errorf("%v at %s ends %v, want %s", c.quiet, c.at, got, c.want)
		}
	}
}

// crowd makes n contacts on telegram, each a person, as fast as it goes.
func (w *world) crowd(n int) {
	w.t.Helper()
	for from := 0; from < n; from += 10_000 {
		w.in(func(tx bot.Tx) error {
			for i := from; i < min(from+10_000, n); i++ {
				user := fmt.Sprint(1_000_000_000 + i)
				key := w.keys.Digest("user\x1ftelegram\x1f" + user)
				sealed, err := w.keys.Seal([]byte(`{"user":"`+user+`"}`), "contacts/profile/"+key)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(context.Background(), `insert into persons (id, since) values ($1, 0)`, i+1); err != nil {
					return err
				}
				if _, err := tx.ExecContext(context.Background(), `insert into contacts (id, person, channel, user_key, profile, lang, is_out, since, chat)
					values ($1, $1, 'telegram', $2, $3, '', 0, 0, $4)`, i+1, key, sealed, w.keys.Digest("chat\x1ftelegram\x1f"+user)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func resident() int {
	b, err := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return 0
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		return 0
	}
	return n * os.Getpagesize() >> 20
}

// BenchmarkSpread queues a spread for CROWD people (100,000 without it), a
// transaction for each 500 of them, as durable as in production.
func BenchmarkSpread(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("CROWD"))
	if err != nil {
		n = 100_000
	}
	w := open(b)
	w.crowd(n)
	runtime.GC()
	before, most := resident(), 0
	var took time.Duration
	for i := range b.N {
		id, _ := w.spread(fmt.Sprint("news:", i), "Tin")
		to := make([]bot.Recipient, 0, bot.MaxBatch)
		start := time.Now()
		for from := 0; from < n; from += bot.MaxBatch {
			to = to[:0]
			for p := from + 1; p <= min(from+bot.MaxBatch, n); p++ {
				to = append(to, bot.Recipient{Person: bot.PersonID(p), Contact: bot.ContactID(p)})
			}
			w.in(func(tx bot.Tx) error {
				r, err := w.SpreadTo(b.Context(), tx, id, to, bot.Cap{})
				if r.Queued != len(to) {
					b.Fatalf("reach %+v of %d", r, len(to))
				}
				return err
			})
			if from%50_000 == 0 {
				most = max(most, resident())
			}
		}
		took += time.Since(start)
	}
	b.ReportMetric(float64(n*b.N)/took.Seconds(), "people/s")
	b.ReportMetric(float64(most-before), "MiB-more")
}

// TestASpreadIsWatched: how fast it goes, and what keeps it.
func TestASpreadIsWatched(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	var to []bot.Recipient
	for i := range 6 {
		channel := "telegram"
		if i > 3 {
			channel = "zalo"
		}
		c := w.citizen(channel, fmt.Sprint("u", i))
		to = append(to, bot.Recipient{Person: c.Person, Contact: c.ID})
	}
	other, _ := w.spread("news:1", "tin khác", to[:1]...)
	w.sendAll("telegram")
	id, _ := w.spread("news:2", "tin", to...)
	stats, err := w.Stats(ctx)
	w.must(err)
	waits := map[string]int{}
	for _, o := range stats.Outbox {
		if o.State == bot.OutboxWaiting {
			waits[o.Channel] += o.Count
		}
	}
	if waits["telegram"] != 4 || waits["zalo"] != 2 {
		t.Errorf("what waits is counted as %v", waits)
	}
	since := w.clock.Now()
	w.clock.Advance(30 * time.Second)
	w.sendAll("telegram")
	got, err := w.WatchSpread(ctx, id, since)
	w.must(err)
	if got.Sent["telegram"] != 4 || got.Sent["zalo"] != 0 || !got.From.IsZero() || len(got.Held) != 0 {
		t.Errorf("watched %+v", got)
	}
	if got, err = w.WatchSpread(ctx, other, since.Add(time.Second)); err != nil || len(got.Sent) != 0 {
		t.Errorf("of the other one was sent lately %+v, %v", got, err)
	}
	w.clock.Advance(31 * time.Second)
	if got, err = w.WatchSpread(ctx, id, since.Add(time.Minute)); err != nil || len(got.Sent) != 0 {
		t.Errorf("a minute later it still goes: %+v, %v", got, err)
	}
	w.in(func(tx bot.Tx) error { return w.PauseSpread(ctx, tx, id) })
	w.must(w.HoldAll(ctx, store.Hold{Channel: "zalo"}, "cli"))
	w.must(w.HoldAll(ctx, store.Hold{Lane: bot.LaneReply}, "cli")) // does not concern it
	if got, err = w.WatchSpread(ctx, id, since); err != nil || !slices.Equal(got.Held, []string{"", "zalo"}) {
		t.Errorf("held are %q, %v", got.Held, err)
	}
	var night int64
	w.in(func(tx bot.Tx) (err error) {
		night, err = w.OpenSpread(ctx, tx, bot.Spread{Thing: "news:3", NotUntil: w.clock.Now().Add(time.Hour)})
		return err
	})
	if got, err = w.WatchSpread(ctx, night, since); err != nil || !got.From.Equal(w.clock.Now().Add(time.Hour).Truncate(time.Millisecond)) {
		t.Errorf("it goes on from %s, %v", got.From, err)
	}
	if _, err = w.WatchSpread(ctx, 99, since); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("a spread that is not there: %v", err)
	}
}

var _ bot.Spreads = (*store.Store)(nil)
