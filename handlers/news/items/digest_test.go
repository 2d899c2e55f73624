package items_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/directory"
)

func (h *house) often(c bot.Contact, often string) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.SetOften(ctx, tx, c, often)
		return err
	}))
}

func (h *house) toggle(c bot.Contact, topic string) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.Toggle(ctx, tx, c, topic)
		return err
	}))
}

// digest runs the job and returns the texts that came, by chat.
func (h *house) digest() map[string]string {
	h.t.Helper()
	must(h.t, h.desk.RunDigest(h.t.Context(), h.works))
	out := map[string]string{}
	for _, channel := range []string{"telegram", "zalo", "zalobot"} {
		list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 50, time.Minute)
		must(h.t, err)
		for _, c := range list {
			if out[c.Message.To.Chat] != "" {
				h.t.Errorf("%s got two", c.Message.To.Chat)
			}
			out[c.Message.To.Chat] = c.Message.Text
			must(h.t, h.store.Sent(h.t.Context(), c.Row, bot.Receipt{}))
		}
	}
	must(h.t, h.desk.RunDigest(h.t.Context(), h.works))
	return out
}

func TestDigests(t *testing.T) {
	h := open(t)
	h.at("2026-11-13 09:00") // a Friday
	all, contests, week, atOnce := h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("zalobot"), h.subscriber("telegram")
	none := h.subscriber("telegram")
	for _, c := range []bot.Contact{all, contests, none} {
		h.often(c, items.Day)
	}
	h.often(week, items.Week)
	h.toggle(all, items.TopicContests)
	h.toggle(contests, items.TopicContests)
	h.toggle(contests, items.TopicReform)
	h.toggle(contests, items.TopicProcedures)
	h.toggle(none, items.TopicReform)
	h.toggle(none, items.TopicProcedures)
	h.toggle(none, items.TopicHotlines)
	h.begun(content("Một cửa"), 0)
	h.begun(content("Hội thi", items.TopicContests), 0)
	stopped := h.begun(content("Nhầm"), 0)
	h.do(stopped.ID, editor, items.Command{Action: items.Stop, Reason: "nhầm"})
	h.run()
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + atOnce.User + " Một cửa"}) {
		t.Errorf("at once: %q", got)
	}
	if got := h.digest(); len(got) != 0 {
		t.Errorf("at nine: %q", got)
	}
	h.at("2026-11-13 17:00")
	got := h.digest()
	if len(got) != 3 {
		t.Errorf("%d digests: %q", len(got), got)
	}
	if s := got[all.User]; !strings.Contains(s, "• Một cửa") || !strings.Contains(s, "• Hội thi") || strings.Contains(s, "Nhầm") || !strings.Contains(s, "https://hoidap.example/l/") {
		t.Errorf("all topics:\n%s", s)
	}
	if s := got[contests.User]; strings.Contains(s, "Một cửa") || !strings.Contains(s, "• Hội thi") {
		t.Errorf("contests:\n%s", s)
	}
	if s := got[week.User]; !strings.Contains(s, "Tin trong tuần") || !strings.Contains(s, "/dung") {
		t.Errorf("of the week:\n%s", s)
	}
	h.now = h.now.Add(time.Minute)
	if got := h.digest(); len(got) != 0 {
		t.Errorf("a minute later: %q", got)
	}
	h.at("2026-11-14 17:00") // nothing new: nobody hears anything
	if got := h.digest(); len(got) != 0 {
		t.Errorf("without news: %q", got)
	}
}

func TestWhatIsAboveTheCapComesInTheDigest(t *testing.T) {
	h := open(t, items.Settings{items.KeyDayCap: "2"})
	a := h.subscriber("telegram")
	for i := range 4 {
		it := h.begun(content(fmt.Sprint("Tin ", i)), 0)
		h.run()
		if want := 0; i >= 2 {
			if got := h.get(it.ID).Progress; got.Capped != 1 || got.Queued != want {
				t.Errorf("item %d: %+v", i, got)
			}
		}
	}
	if got := h.send(); len(got) != 2 {
		t.Errorf("at once: %q", got)
	}
	h.at("2026-11-10 17:00")
	got := h.digest()[a.User]
	if strings.Contains(got, "Tin 1") || !strings.Contains(got, "Tin 2") || !strings.Contains(got, "Tin 3") {
		t.Errorf("digest:\n%s", got)
	}
	h.at("2026-11-11 17:00")
	if got := h.digest(); len(got) != 0 {
		t.Errorf("the next day: %q", got)
	}
}

func TestPlaces(t *testing.T) {
	h := open(t)
	dir, _ := knowledge()
	var communes []string
	for _, p := range dir.Places(directory.Commune2025) {
		communes = append(communes, p.ID)
	}
	if len(communes) < 2 {
		t.Fatal("the directory has no communes")
	}
	everywhere, here, there := h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram")
	for c, place := range map[bot.ContactID]string{here.ID: communes[0], there.ID: communes[1]} {
		contact := here
		if c == there.ID {
			contact = there
		}
		must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
			_, err := h.desk.SetPlaces(ctx, tx, contact, []string{place})
			return err
		}))
	}
	c := content("Ở một xã")
	c.Places = []string{communes[0]}
	h.begun(c, 0)
	h.begun(content("Toàn tỉnh"), 0)
	h.run()
	got := h.send()
	want := []string{"telegram:" + everywhere.User + " Toàn tỉnh", "telegram:" + everywhere.User + " Ở một xã", "telegram:" + here.User + " Toàn tỉnh",
		"telegram:" + here.User + " Ở một xã", "telegram:" + there.User + " Toàn tỉnh"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestLeavingATopicCountsAndTakesWhatWaits(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("telegram")
	one := h.begun(content("Một"), 0)
	h.run()
	h.send()
	two := h.begun(content("Hai"), 0)
	both := h.begun(content("Ba", items.TopicReform, items.TopicProcedures), 0)
	h.run()
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.Leave(ctx, tx, a, items.TopicReform, one.ID)
		return err
	}))
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + a.User + " Ba", "telegram:" + b.User + " Ba", "telegram:" + b.User + " Hai"}) {
		t.Errorf("sent %q", got)
	}
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.StopAll(ctx, tx, b)
		return err
	}))
	if n := h.get(one.ID).Progress.Left; n != 1 {
		t.Errorf("after the first: %d left", n)
	}
	if n := h.get(two.ID).Progress.Left + h.get(both.ID).Progress.Left; n != 1 {
		t.Errorf("after the last: %d left", n)
	}
}

func TestAudience(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalo")
	gone, day := h.subscriber("telegram"), h.subscriber("telegram")
	h.often(day, items.Day)
	must(t, h.store.OptOut(t.Context(), gone.ID, "delivery.reason_blocked"))
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		return h.desk.Join(ctx, tx, a.Person, b.Person)
	}))
	it := h.draft(editor, content("Một"), 0)
	got, err := h.desk.Audience(t.Context(), it)
	if err != nil || got.People() != 1 || got.Gone != 1 || got.Digest != 1 {
		t.Errorf("audience %+v, %v", got, err)
	}
	// A count that is broken off after each batch comes to the same.
	var c items.Counting
	for steps := 0; !c.Done; steps++ {
		if err := h.desk.Count(t.Context(), it, &c, h.now.Add(-time.Second)); err != nil || steps > 3 || c.Share() == 0 {
			t.Fatalf("step %d: %v, %v done", steps, err, c.Share())
		}
	}
	if !maps.Equal(c.Channels, got.Channels) || c.Gone != 1 || c.Digest != 1 {
		t.Errorf("in steps: %+v", c.Audience)
	}
	// A correction goes to those who got the item before, whoever subscribed since.
	first := h.begun(content("Hai"), 0)
	h.run()
	sent := len(h.send())
	h.run()
	h.subscriber("zalobot")
	if got, err = h.desk.Audience(t.Context(), h.draft(editor, content("Ba"), first.ID)); err != nil || got.People() != sent || sent == 0 {
		t.Errorf("of a correction: %+v, %v; %d were sent", got, err, sent)
	}
}

// dies is a process that is killed.
type dies struct {
	bot.Units
	at int
}

func (d *dies) Begin(ctx context.Context) (bot.Unit, error) {
	u, err := d.Units.Begin(ctx)
	return &dyingUnit{u, d}, err
}

type dyingUnit struct {
	bot.Unit
	d *dies
}

// Commit dies before or after the commit, by turns.
func (u *dyingUnit) Commit(ctx context.Context) error {
	u.d.at--
	if u.d.at == 0 {
		return context.Canceled
	}
	err := u.Unit.Commit(ctx)
	if u.d.at == 1 && err == nil {
		return context.Canceled // it is on the disk, and nobody heard of it
	}
	return err
}

// TestADeathAtEveryBatch kills the process around every commit of an expansion and of
// the sends, and starts another on the same files: everybody gets the item once.
func TestADeathAtEveryBatch(t *testing.T) {
	h := open(t)
	const people = 50 // three batches
	h.crowd(people)
	for at := 1; at <= 7; at++ {
		title := fmt.Sprint("Tin ", at)
		it := h.begun(content(title), 0)
		works := *h.works
		works.Units = &dies{Units: h.store, at: at}
		_ = h.desk.RunSend(t.Context(), &works) // it may die
		h.restart()
		h.run()
		got := h.get(it.ID)
		if !got.Progress.Expanded || got.Progress.Queued != people {
			t.Fatalf("death %d: %+v", at, got.Progress)
		}
		counts, err := h.store.CountSpread(t.Context(), spreadOf(h, it.ID))
		if err != nil || len(counts) != 1 || counts[0].Count != people {
			t.Fatalf("death %d: %+v, %v", at, counts, err)
		}
		h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "thử"})
		h.run()
	}
}

func spreadOf(h *house, item int64) (id int64) {
	must(h.t, h.db.Read().QueryRow(`select spread from news_items where id = $1`, item).Scan(&id))
	return id
}

// busy is a machine on which every unit of many statements takes too long: its commit
// comes after the two seconds.
type busy struct {
	bot.Units
	most int // statements that fit
}

func (b *busy) Begin(ctx context.Context) (bot.Unit, error) {
	u, err := b.Units.Begin(ctx)
	return &busyUnit{Unit: u, most: b.most}, err
}

type busyUnit struct {
	bot.Unit
	most, rows int
}

func (u *busyUnit) Tx() bot.Tx { return busyTx{u.Unit.Tx(), u} }

type busyTx struct {
	bot.Tx
	u *busyUnit
}

func (x busyTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	res, err := x.Tx.ExecContext(ctx, query, args...)
	if err == nil && strings.HasPrefix(strings.TrimSpace(query), "insert into outbox ") {
		n, _ := res.RowsAffected() //nolint:errcheck // SQLite knows
		x.u.rows += int(n)
	}
	return res, err
}

func (u *busyUnit) Commit(ctx context.Context) error {
	if u.rows > u.most {
		return errors.Join(fmt.Errorf("took longer: %w", context.DeadlineExceeded), u.Rollback())
	}
	return u.Unit.Commit(ctx)
}

func TestASlowDiskMakesNewsSlowAndNothingElse(t *testing.T) {
	h := open(t)
	const people = 50
	h.crowd(people)
	for _, c := range []bot.Contact{h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram")} {
		h.often(c, items.Day)
	}
	works := *h.works
	works.Units = &busy{Units: h.store, most: 2} // of twenty
	it := h.begun(content("Một"), 0)
	must(t, h.desk.RunSend(t.Context(), &works))
	if got := h.get(it.ID).Progress; !got.Expanded || got.Queued != people {
		t.Errorf("at once: %+v", got)
	}
	h.at("2026-11-10 17:00")
	must(t, h.desk.RunDigest(t.Context(), &works))
	if counts, err := h.store.CountSpread(t.Context(), spreadOf(h, it.ID)+1); err != nil || len(counts) != 1 || counts[0].Count != 3 {
		t.Errorf("digest: %+v, %v", counts, err)
	}
	works.Units = &busy{Units: h.store} // not even one: said, and tried again later
	two := h.begun(content("Hai"), 0)
	if err := h.desk.RunSend(t.Context(), &works); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "one at a time") {
		t.Errorf("nothing fits: %v", err)
	}
	h.run()
	if got := h.get(two.ID).Progress; !got.Expanded || got.Queued != people {
		t.Errorf("when it is quick again: %+v", got)
	}
}

func TestWhatWasPutOffSpeaksOfTheCorrection(t *testing.T) {
	h := open(t, items.Settings{items.KeyDayCap: "1"})
	h.batch = 1
	h.restart()
	a, b := h.subscriber("telegram"), h.subscriber("telegram")
	gone := h.subscriber("telegram")
	h.begun(content("Tin đầu"), 0)
	h.run()
	wrong := h.begun(content("Sai lễ phí"), 0)
	h.begun(content("Tin khác"), 0)
	h.run()
	if got := h.send(); len(got) != 3 {
		t.Fatalf("at once: %q", got)
	}
	h.run()
	h.begun(content("Đúng lễ phí"), wrong.ID)
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.StopAll(ctx, tx, gone)
		return err
	}))
	h.at("2026-11-10 17:00")
	got := h.digest()
	for _, c := range []bot.Contact{a, b} {
		if s := got[c.User]; strings.Contains(s, "Sai lễ phí") || !strings.Contains(s, "Đúng lễ phí") || !strings.Contains(s, "Tin khác") {
			t.Errorf("digest:\n%s", s)
		}
	}
	h.agrees(gone) // what was put off before is not kept for another day
	h.at("2026-11-11 17:00")
	if got := h.digest(); len(got) != 0 {
		t.Errorf("the next day: %q", got)
	}
}

// TestADigestOfTooManyKinds: when a digest has all the messages it may have, who would need
// another hears less, and nothing that he did not choose.
func TestADigestOfTooManyKinds(t *testing.T) {
	h := open(t)
	a := h.subscriber("telegram")
	h.often(a, items.Day)
	h.begun(content("Một"), 0)
	h.now = h.now.Add(time.Minute)
	h.begun(content("Hai", items.TopicProcedures), 0)
	h.now = h.now.Add(time.Minute)
	h.begun(content("Của người khác", items.TopicContests), 0)
	h.at("2026-11-10 17:00")
	must(t, h.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`insert into news_digests (id, often, day, since, ends, top, state) values (1, 'day', '2026-11-10', 0, $1, 1000, 'topics')`, h.now.UnixMilli()); err != nil {
			return err
		}
		for i := range 500 {
			if _, err := tx.Exec(`insert into news_digest_sets (digest, variant, items) values (1, $1, $2)`, i+1, fmt.Sprintf("3,%d", 1000+i)); err != nil {
				return err
			}
		}
		return nil
	}))
	if got := h.digest()[a.User]; !strings.Contains(got, "• Hai") || strings.Contains(got, "Của người khác") {
		t.Errorf("digest:\n%s", got)
	}
}
