package items_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/directory"
)

func (h *house) leave(c bot.Contact, topic string) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.Leave(ctx, tx, c, topic, 0)
		return err
	}))
}

// hold is what happens to all that is due on a channel on which nobody may be written to now.
func (h *house) hold(channel string) (n int) {
	h.t.Helper()
	list, err := h.store.Claim(h.t.Context(), channel, bot.LaneBroadcast, 50, time.Minute)
	must(h.t, err)
	for _, c := range list {
		must(h.t, h.store.Hold(h.t.Context(), c.Row, "delivery.reason_window"))
	}
	return len(list)
}

// back is a citizen who writes: what is held for him is released.
func (h *house) back(c bot.Contact) {
	h.t.Helper()
	must(h.t, h.store.Present(h.t.Context(), bot.Address{Channel: c.Channel, Chat: c.User}))
}

// TestLeavingATopicTakesWhatIsHeld: a held item outlives its sending; who writes to leave the topic does not get it then.
func TestLeavingATopicTakesWhatIsHeld(t *testing.T) {
	for name, leaves := range map[string]func(*house, bot.Contact){
		"leave":  func(h *house, c bot.Contact) { h.leave(c, items.TopicReform) },
		"toggle": func(h *house, c bot.Contact) { h.toggle(c, items.TopicReform) },
	} {
		for _, first := range []bool{true, false} {
			h := open(t)
			c := h.subscriber("zalo")
			h.begun(content("Một"), 0)
			h.begun(content("Hai", items.TopicReform, items.TopicProcedures), 0)
			h.run()
			if n := h.hold("zalo"); n != 1 { // one chat, one at a time
				t.Fatalf("%d held", n)
			}
			h.hold("zalo")
			h.run()
			if got := h.get(1); got.State != items.Done {
				t.Fatalf("%s while something is held", got.State)
			}
			if first {
				h.back(c)
			}
			leaves(h, c)
			if !first {
				h.back(c)
			}
			if got := h.send(); !slices.Equal(got, []string{"zalo:" + c.User + " Hai"}) {
				t.Errorf("%s, released first %t: %q", name, first, got)
			}
		}
	}
}

// TestLeavingATopicTakesTheDigestOfIt: a held digest that tells of nothing else is not wanted either.
func TestLeavingATopicTakesTheDigestOfIt(t *testing.T) {
	h := open(t)
	c := h.subscriber("zalo")
	h.often(c, items.Day)
	h.begun(content("Một"), 0)
	h.at("2026-11-10 17:00")
	must(t, h.desk.RunDigest(t.Context(), h.works))
	h.hold("zalo")
	h.at("2026-11-11 09:00")
	h.begun(content("Hai"), 0)
	h.begun(content("Ba", items.TopicProcedures), 0)
	h.at("2026-11-11 17:00")
	must(t, h.desk.RunDigest(t.Context(), h.works))
	h.hold("zalo")
	h.leave(c, items.TopicReform)
	h.back(c)
	list, err := h.store.Claim(t.Context(), "zalo", bot.LaneBroadcast, 50, time.Minute)
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Message.Text, "• Ba") {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestLeavingATopicTakesWhatWasPutOff: the digest of the evening brings what is wanted then.
func TestLeavingATopicTakesWhatWasPutOff(t *testing.T) {
	h := open(t, items.Settings{items.KeyDayCap: "1"})
	dir, _ := knowledge()
	communes := dir.Places(directory.Commune2025)
	a, b, c, back := h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram")
	h.begun(content("Đầu"), 0)
	h.run()
	h.begun(content("Hai"), 0)
	h.begun(content("Ba", items.TopicProcedures), 0)
	there := content("Bốn", items.TopicProcedures)
	there.Places = []string{communes[0].ID}
	h.begun(there, 0)
	h.run()
	h.send()
	h.leave(a, items.TopicReform)
	h.toggle(b, items.TopicProcedures)
	must(t, h.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := h.desk.SetPlaces(ctx, tx, c, []string{communes[1].ID})
		return err
	}))
	h.leave(back, items.TopicReform)
	h.toggle(back, items.TopicReform) // what he left is gone, whatever he chooses afterwards
	h.at("2026-11-10 17:00")
	got := h.digest()
	for who, want := range map[string]string{a.User: "Ba Bốn", b.User: "Hai", c.User: "Hai Ba", back.User: "Ba Bốn"} {
		if s := titles(got[who]); s != want {
			t.Errorf("%s: %q, want %q", who, s, want)
		}
	}
}

// titles are those that a digest names.
func titles(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(strings.TrimSpace(line), "• "); ok {
			out = append(out, title)
		}
	}
	return strings.Join(out, " ")
}

// TestEachItemOnceWhateverTheRhythm: whoever changes how often he gets news misses nothing, and gets nothing twice.
func TestEachItemOnceWhateverTheRhythm(t *testing.T) {
	h := open(t) // a Tuesday
	h.at("2026-11-09 16:00")
	all := map[string]bot.Contact{}
	for name, often := range map[string]string{"day to now": items.Day, "week to day": items.Week, "day to week": items.Day, "to and fro": items.Day, "now to day": items.Now, "week": items.Week} {
		c := h.subscriber("telegram")
		all[name] = c
		h.often(c, often)
	}
	heard := map[string][]string{}
	hear := func() {
		t.Helper()
		h.run()
		for _, s := range h.send() {
			who, title, _ := strings.Cut(strings.TrimPrefix(s, "telegram:"), " ")
			heard[who] = append(heard[who], title)
		}
		h.run()
	}
	evening := func(at string) {
		t.Helper()
		h.at(at)
		for who, text := range h.digest() {
			heard[who] = append(heard[who], strings.Fields(titles(text))...)
		}
	}
	evening("2026-11-09 17:00")
	item := func(at, title string) {
		t.Helper()
		h.at(at)
		h.begun(content(title), 0)
		hear()
	}
	item("2026-11-10 09:00", "Ba1")
	h.at("2026-11-10 12:00")
	h.often(all["day to now"], items.Now)
	h.often(all["now to day"], items.Day)
	h.often(all["to and fro"], items.Week)
	h.often(all["to and fro"], items.Day)
	item("2026-11-10 13:00", "Ba2")
	evening("2026-11-10 17:00")
	h.at("2026-11-10 18:00")
	h.often(all["day to week"], items.Week)
	h.at("2026-11-11 08:00")
	h.often(all["week to day"], items.Day)
	item("2026-11-11 09:00", "Tu1")
	evening("2026-11-11 17:00")
	item("2026-11-13 10:00", "Sau1")
	evening("2026-11-13 17:00")
	for name, c := range all {
		got := slices.Clone(heard[c.User])
		slices.Sort(got)
		if !slices.Equal(got, []string{"Ba1", "Ba2", "Sau1", "Tu1"}) {
			t.Errorf("%s heard %q", name, heard[c.User])
		}
	}
	if got := heard[all["week to day"].User]; !slices.Equal(got[:3], []string{"Tu1", "Ba1", "Ba2"}) {
		t.Errorf("the first evening of who has it every day brought %q", got)
	}
}

// TestARhythmThatChangesWhilePeopleAreLookedFor: who was not come to yet gets the item all the same, once.
func TestARhythmThatChangesWhilePeopleAreLookedFor(t *testing.T) {
	h := open(t)
	h.batch = 1
	h.restart()
	first, late, sooner := h.subscriber("telegram"), h.subscriber("telegram"), h.subscriber("telegram")
	h.often(sooner, items.Day)
	h.now = h.now.Add(time.Minute)
	it := h.begun(content("Một"), 0)
	if _, err := h.desk.Expand(t.Context(), h.works, it.ID); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(time.Minute)
	for _, c := range []bot.Contact{first, late} {
		h.often(c, items.Week)
	}
	h.often(sooner, items.Now)
	h.run()
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + first.User + " Một"}) {
		t.Errorf("at once: %q", got)
	}
	h.at("2026-11-10 17:00")
	if got := h.digest(); len(got) != 2 || titles(got[late.User]) != "Một" || titles(got[sooner.User]) != "Một" {
		t.Errorf("in the evening: %q", got)
	}
	h.at("2026-11-13 17:00")
	if got := h.digest(); len(got) != 0 {
		t.Errorf("at the end of the week: %q", got)
	}
}

// TestSubscribersOfBeforeKeepTheirRhythm: a database without the column is brought to this one.
func TestSubscribersOfBeforeKeepTheirRhythm(t *testing.T) {
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(t.TempDir(), "old.db"), Synchronous: sqldb.Normal})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	before := fstest.MapFS{}
	for _, name := range []string{"0001_init.sql", "0002_tests.sql", "0003_articles.sql", "0020_campaigns.sql"} {
		b, err := fs.ReadFile(items.Schema(), name)
		must(t, err)
		before[name] = &fstest.MapFile{Data: b}
	}
	must(t, db.Migrate(t.Context(), "news", before))
	must(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`insert into news_subscribers (person, contact, state, often, topics, places, consent, consent_lang, consent_at, since, updated)
			values (7, 8, 'on', 'week', '["cchc"]', '[]', 'v', 'vi', 1, 1, 1)`)
		return err
	}))
	must(t, db.Migrate(t.Context(), "news", items.Schema()))
	var often string
	var since int64
	must(t, db.Read().QueryRow(`select often, often_since from news_subscribers where person = 7`).Scan(&often, &since))
	if often != items.Week || since != 0 {
		t.Errorf("often %s since %d", often, since)
	}
}

// TestALinkTakesWhatWasPutOff: what waits for the evening waits for both, whoever stands for them.
func TestALinkTakesWhatWasPutOff(t *testing.T) {
	h := open(t)
	h.at("2026-11-09 16:00")
	old := h.subscriber("telegram")
	h.often(old, items.Day)
	h.at("2026-11-10 09:00")
	h.begun(content("Một"), 0)
	h.run()
	h.at("2026-11-10 12:00")
	h.often(old, items.Now) // "Một" comes in the evening
	young := h.subscriber("telegram")
	h.unit(func(ctx context.Context, tx bot.Tx) error { return h.desk.Join(ctx, tx, young.Person, old.Person) })
	h.at("2026-11-10 17:00")
	heard := 0
	for _, text := range h.digest() {
		heard += strings.Count(text, "Một")
	}
	if heard != 1 {
		t.Errorf("what was put off came %d times", heard)
	}
}

// TestALinkBringsNothingPutOffTwice: what the one had at once does not come to both in the evening for the other's sake,
// whoever stands for them, and also when a correction is in force by then.
func TestALinkBringsNothingPutOffTwice(t *testing.T) {
	for name, c := range map[string]struct{ otherLeads, corrected bool }{
		"the one who had it leads": {}, "the other leads": {otherLeads: true}, "it was corrected": {corrected: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, items.Settings{items.KeyDayCap: "1"})
			b := h.subscriber("telegram")
			h.begun(content("Một"), 0)
			h.ends()
			a := h.subscriber("telegram")
			two := h.begun(content("Hai"), 0)
			if got := h.ends(); !slices.Equal(got, []string{"telegram:" + a.User + " Hai"}) {
				t.Fatalf("sent %q", got)
			}
			if c.corrected {
				h.begun(content("Hai đúng"), two.ID)
				h.ends()
			}
			h.unit(func(ctx context.Context, tx bot.Tx) error {
				if c.otherLeads {
					return h.desk.Join(ctx, tx, b.Person, a.Person)
				}
				return h.desk.Join(ctx, tx, a.Person, b.Person)
			})
			h.at("2026-11-10 17:00")
			if got := h.digest(); len(got) != 0 {
				t.Errorf("in the evening: %q", got)
			}
		})
	}
}

// TestALinkTakesWhatTheDigestOwed: the rhythm of one of them ends; what it would have brought comes in the evening,
// but for what the other had.
func TestALinkTakesWhatTheDigestOwed(t *testing.T) {
	for _, often := range []string{items.Day, items.Week} {
		for name, digestLeads := range map[string]bool{"now leads": false, "the digest leads": true} {
			t.Run(often+", "+name, func(t *testing.T) {
				h := open(t)
				h.at("2026-11-10 08:00")
				old, young := h.subscriber("telegram"), h.subscriber("telegram")
				h.often(old, often)
				h.toggle(old, items.TopicContests)
				h.at("2026-11-10 09:00")
				h.begun(content("Một", items.TopicContests), 0)
				h.begun(content("Hai"), 0)
				if got := h.ends(); !slices.Equal(got, []string{"telegram:" + young.User + " Hai"}) {
					t.Fatalf("at once: %q", got)
				}
				h.unit(func(ctx context.Context, tx bot.Tx) error {
					if digestLeads {
						return h.desk.Join(ctx, tx, old.Person, young.Person)
					}
					return h.desk.Join(ctx, tx, young.Person, old.Person)
				})
				h.at("2026-11-10 17:00")
				var heard []string
				for _, text := range h.digest() {
					heard = append(heard, titles(text))
				}
				h.at("2026-11-13 17:00")
				for _, text := range h.digest() {
					heard = append(heard, titles(text))
				}
				if !slices.Equal(heard, []string{"Một"}) {
					t.Errorf("digests: %q", heard)
				}
			})
		}
	}
}
