package items_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// crowd makes n subscribers on telegram, each a person, as fast as it goes.
func (h *house) crowd(n int) {
	h.t.Helper()
	for from := 0; from < n; from += 10_000 {
		must(h.t, h.db.Write(h.t.Context(), func(tx *sqldb.Tx) error {
			for i := from; i < min(from+10_000, n); i++ {
				id, user := int64(100+i), fmt.Sprint(1_000_000_000+i)
				key := h.keys.Digest("user\x1ftelegram\x1f" + user)
				sealed, err := h.keys.Seal([]byte(`{"user":"`+user+`"}`), "contacts/profile/"+key)
				if err != nil {
					return err
				}
				for _, q := range []struct {
					query string
					args  []any
				}{
					{`insert into persons (id, since) values ($1, 0)`, []any{id}},
					{`insert into contacts (id, person, channel, user_key, profile, lang, is_out, since, chat) values ($1, $1, 'telegram', $2, $3, '', 0, 0, $4)`,
						[]any{id, key, sealed, h.keys.Digest("chat\x1ftelegram\x1f" + user)}},
					{`insert into news_subscribers (id, person, contact, state, often, topics, places, consent, consent_lang, consent_at, since, updated)
						values ($1, $1, $1, 'on', 'now', '["cchc"]', 'null', 'x', 'vi', 0, 0, 0)`, []any{id}},
					{`insert into news_wants (topic, often, subscriber) values ('cchc', 'now', $1)`, []any{id}},
				} {
					if _, err := tx.Exec(q.query, q.args...); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
}

// resident is how much memory the process has, in MiB; 0 when nobody says.
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

// BenchmarkExpand finds the CROWD people (100,000 without it) of an item, a transaction
// for each 500 of them with the place it came to, as durable as in the program. From the fifth
// item on (-benchtime=6x) everybody has had enough of the day.
func BenchmarkExpand(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("CROWD"))
	if err != nil {
		n = 100_000
	}
	h := &house{t: b, path: filepath.Join(b.TempDir(), "bot.db"), sync: sqldb.Full}
	h.at("2026-11-10 09:00")
	h.start()
	b.Cleanup(func() { must(b, h.db.Close()) })
	h.crowd(n)
	runtime.GC()
	before, most := resident(), 0
	var took time.Duration
	for i := range b.N {
		it := h.begun(content(fmt.Sprint("Tin ", i)), 0)
		start := time.Now()
		for k := 0; !it.Progress.Expanded; k++ {
			if it, err = h.desk.Expand(b.Context(), h.works, it.ID); err != nil {
				b.Fatal(err)
			}
			if k%50 == 0 {
				most = max(most, resident())
			}
		}
		took += time.Since(start)
		if it.Progress.Queued+it.Progress.Capped != n {
			b.Fatalf("%+v", it.Progress)
		}
	}
	// With all of them waiting: a reply's look at the outbox, a batch of news, and the progress page.
	began := time.Now()
	for range 100 {
		if _, err := h.store.NextDue(b.Context(), "telegram"); err != nil {
			b.Fatal(err)
		}
		if _, err := h.store.Claim(b.Context(), "telegram", bot.LaneReply, 8, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/100, "µs/reply-look")
	began = time.Now()
	for range 100 {
		if _, err := h.store.Claim(b.Context(), "telegram", bot.LaneBroadcast, 6, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/600, "µs/news-claim")
	began = time.Now()
	if _, err := h.desk.Figures(b.Context(), 1, editor); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/figures")
	b.ReportMetric(float64(n*b.N)/took.Seconds(), "people/s")
	b.ReportMetric(float64(most-before), "MiB-more")
}
