//go:build soak

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/telegram"
	"cchcbot/bot/zalo"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/vietnamese"
)

// reader is one subscriber of a run.
type reader struct {
	user         string
	heard, wrote time.Time // on Zalo; zero: never
}

// readers makes people who asked for news of the reform at once, as if all of them had
// agreed in the chat: persons, contacts, subscriptions, and the windows of Zalo.
func readers(t testing.TB, d *data, channel string, first int64, list []reader) {
	t.Helper()
	const batch = 10_000
	for from := 0; from < len(list); from += batch {
		if err := d.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for i := from; i < min(from+batch, len(list)); i++ {
				if err := addReader(tx, d, channel, first+int64(i), list[i]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func addReader(tx *sqldb.Tx, d *data, channel string, id int64, r reader) error {
	key := d.keys.Digest("user\x1f" + channel + "\x1f" + r.user)
	chat := d.keys.Digest("chat\x1f" + channel + "\x1f" + r.user)
	sealed, err := d.keys.Seal([]byte(`{"user":"`+r.user+`"}`), "contacts/profile/"+key)
	if err != nil {
		return err
	}
	type statement struct {
		query string
		args  []any
	}
	all := []statement{
		{`insert into persons (id, since) values ($1, 0)`, []any{id}},
		{`insert into contacts (id, person, channel, user_key, profile, lang, is_out, since, chat) values ($1, $1, $2, $3, $4, '', 0, 0, $5)`, []any{id, channel, key, sealed, chat}},
		{`insert into news_subscribers (id, person, contact, state, often, topics, places, consent, consent_lang, consent_at, since, updated)
			values ($1, $1, $1, 'on', 'now', '["cchc"]', 'null', 'x', 'vi', 0, 0, 0)`, []any{id}},
		{`insert into news_wants (topic, often, subscriber) values ('cchc', 'now', $1)`, []any{id}},
	}
	if !r.heard.IsZero() {
		wrote := int64(0)
		if !r.wrote.IsZero() {
			wrote = r.wrote.UnixMilli()
		}
		all = append(all, statement{`insert into standings (chat, channel, heard, wrote, updated) values ($1, $2, $3, $4, $3)`, []any{chat, channel, r.heard.UnixMilli(), wrote}})
	}
	for _, s := range all {
		if _, err := tx.Exec(s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// publish writes an item, has it approved by a second person and schedules it: for the
// next fair hour, or at once when it is urgent.
func publish(t testing.TB, h *house, title string, urgent bool) items.Item {
	t.Helper()
	actor := func(id int64) items.Actor {
		return items.Actor{Officer: bot.Officer{ID: id, Active: true, Grants: []bot.Grant{{Role: bot.RoleEditor}, {Role: bot.RoleOwner}}}}
	}
	var it items.Item
	steps := []func(ctx context.Context, w *bot.Work) (items.Item, error){
		func(ctx context.Context, w *bot.Work) (items.Item, error) {
			return h.news.Draft(ctx, w, actor(1), items.Content{Title: title, Summary: "Từ thứ Hai, bộ phận một cửa nhận hồ sơ cả buổi chiều.",
				SourceKind: items.SourceDepartment, Topics: []string{items.TopicReform}}, 0, "")
		},
		func(ctx context.Context, w *bot.Work) (items.Item, error) {
			return h.news.Do(ctx, w, it.ID, actor(1), items.Command{Action: items.Check})
		},
		func(ctx context.Context, w *bot.Work) (items.Item, error) {
			return h.news.Do(ctx, w, it.ID, actor(2), items.Command{Action: items.Approve, Hash: it.Hash})
		},
		func(ctx context.Context, w *bot.Work) (items.Item, error) {
			return h.news.Do(ctx, w, it.ID, actor(1), items.Command{Action: items.Schedule, Urgent: urgent, Reason: "thử"})
		},
	}
	for _, step := range steps {
		if err := h.works.Do(t.Context(), func(ctx context.Context, w *bot.Work) (err error) {
			it, err = step(ctx, w)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return it
}

// Sizes of the run on a scaled clock.
const (
	scaledTelegram = 60_000
	scaledZalo     = 40_000
	scaledCall     = 80 * time.Millisecond // what a call of Telegram takes
	scaledAsk      = 3 * time.Second       // between two questions of citizens
)

// TestHundredThousandOnAScaledClock sends an item to 100,000 people on Telegram and Zalo
// through the whole house on a real database. Time is that of testing/synctest: it leaps
// whenever everything waits, so that an hour of the platforms' pace passes in minutes. The
// platforms enforce their limits: Telegram 30 a second, Zalo its windows and counters.
//
//	go test -tags soak -run HundredThousandOnAScaledClock -v -timeout 30m ./cmd/cchcbot
func TestHundredThousandOnAScaledClock(t *testing.T) {
	if _, err := seeded(); err != nil { // not inside: others use it too
		t.Fatal(err)
	}
	share := 1
	if n, err := strconv.Atoi(os.Getenv("SOAK_SHARE")); err == nil && n > 0 {
		share = n // a part of the people, for a short run
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) { newScaled(t, scaledTelegram/share, scaledZalo/share).play() })
	t.Logf("it took %s", time.Since(began).Round(time.Second))
}

// scaled is the house with its platforms, all inside one bubble of time.
type scaled struct {
	t        *testing.T
	data     *data
	house    *house
	telegram *faketelegram.Server
	zalo     *fakezalo.Server
	hook     http.Handler // of the Official Account
	people   []*faketelegram.Person
	zaloers  []string // names
	open     int      // of those on Zalo, whom news may reach
}

// ServeHTTP passes Zalo's deliveries to the account.
func (s *scaled) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.hook.ServeHTTP(w, r) }

func newScaled(t *testing.T, onTelegram, onZalo int) *scaled {
	// A Thursday morning in Vietnam.
	time.Sleep(time.Until(time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)))
	s := &scaled{t: t}
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data")}
	plant(t, cfg.Data)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	if s.data, err = openData(t.Context(), cfg, log); err != nil {
		t.Fatal(err)
	}
	s.telegram = faketelegram.New(faketelegram.Options{Token: soakToken, PerSecond: 30, PerChatSecond: 1, PerGroupMinute: 20})
	s.telegram.Fail(faketelegram.Fault{Times: -1, Slow: scaledCall})
	if s.zalo, err = fakezalo.New(fakezalo.Options{
		AppID: zaloHookApp, AppSecret: "app-secret", OASecret: zaloHookSecret, OAID: zaloHookOA, WebhookURL: "https://bot.test/zalo/webhook",
		Client: &http.Client{Transport: faketelegram.Transport(s)}, RetryAfter: time.Second,
	}); err != nil {
		t.Fatal(err)
	}
	if s.house, err = newHouse(t.Context(), houseOptions{
		Config: cfg, Log: log, Data: s.data, PublicURL: "https://hoidap.example", Channels: func(h *house) ([]bot.Channel, error) { return s.channels(h, log) },
	}); err != nil {
		t.Fatal(err)
	}
	s.fill(onTelegram, onZalo)
	return s
}

func (s *scaled) channels(h *house, log *slog.Logger) ([]bot.Channel, error) {
	tg, err := telegram.New(telegram.Options{Token: soakToken, APIURL: "http://telegram.test", Mode: telegram.ModePoll, HTTP: s.telegram.Client(),
		Clean: vietnamese.Clean, Log: log, State: h.state, Sealer: s.data.keys,
		Render: func(lang, key string) (string, error) { return h.words.Render(lang, key, nil) }})
	if err != nil {
		return nil, err
	}
	oa, err := zalo.New(zalo.Options{AppID: zaloHookApp, AppSecret: "app-secret", OASecret: zaloHookSecret, RefreshToken: s.zalo.Grant(),
		APIURL: "https://zalo.test", OAuthURL: "https://oauth.test", RedirectURL: "https://bot.test/zalo/oauth", Buttons: zalo.ButtonsOff,
		Vault: s.data.store, Sealer: s.data.keys, Clean: vietnamese.Clean, HTTP: s.zalo.Client(), Log: log, PaidFollowUps: true, Render: h.words.Render})
	if err != nil {
		return nil, err
	}
	s.hook = oa.Webhook(intake{h})
	return []bot.Channel{tg, oa}, nil
}

// fill makes the people. Of those on Zalo seven of ten can be reached: who wrote within
// two days, and who follows and never wrote. The others wait until they write: news
// between two and seven days after it would cost money, and after that nothing may be sent.
func (s *scaled) fill(onTelegram, onZalo int) {
	now := time.Now()
	list := make([]reader, 0, max(onTelegram, onZalo))
	for i := range onTelegram {
		p := s.telegram.Person(fmt.Sprint("Người dân ", i))
		s.telegram.Known(p)
		s.people = append(s.people, p)
		list = append(list, reader{user: strconv.FormatInt(p.ID, 10)})
	}
	readers(s.t, s.data, telegram.Name, 1000, list)
	list = list[:0]
	for i := range onZalo {
		r := reader{heard: now.Add(-time.Duration(1+i%40) * time.Hour)}
		switch k := i % 20; {
		case k < 10:
			r.wrote = r.heard
			s.open++
		case k < 14:
			s.open++ // never wrote
		case k < 17:
			r.heard = now.Add(-4 * 24 * time.Hour)
			r.wrote = r.heard
		default:
			r.heard = now.Add(-9 * 24 * time.Hour)
			r.wrote = r.heard
		}
		name := fmt.Sprint("Z", i)
		r.user = s.zalo.Known(name, r.heard, r.wrote)
		s.zaloers = append(s.zaloers, name)
		list = append(list, r)
	}
	readers(s.t, s.data, zalo.Name, 1_000_000, list)
}

// run starts what the program runs: turns, sends, the line of Telegram, the jobs of news.
func (s *scaled) run() (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.house.dispatcher.Run(ctx) })
	wg.Go(func() { _ = s.house.delivery.Run(ctx) })
	for _, c := range s.house.channels {
		if p, ok := c.(bot.Poller); ok {
			wg.Go(func() { _ = p.Poll(ctx, intake{s.house}) })
		}
		if k, ok := c.(*zalo.OA); ok {
			wg.Go(func() { k.Keep(ctx) })
		}
	}
	for _, f := range s.house.features {
		for _, j := range f.Jobs {
			if !strings.HasPrefix(j.Name, "news.") {
				continue
			}
			wg.Go(func() {
				tick := time.NewTicker(j.Every)
				defer tick.Stop()
				for {
					select {
					case <-ctx.Done():
						return
					case <-tick.C:
					}
					if err := j.Run(ctx); err != nil && ctx.Err() == nil {
						s.t.Errorf("%s: %v", j.Name, err)
					}
				}
			})
		}
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// ask has somebody who reads no news ask a question every few seconds and returns how
// long each answer took.
func (s *scaled) ask(done <-chan struct{}) (took times) {
	for i := 0; ; i++ {
		p := s.telegram.Person(fmt.Sprint("Người hỏi ", i))
		began := time.Now()
		s.telegram.Type(p, codes[i%len(codes)])
		if !s.telegram.Wait(done, func() bool { return len(s.telegram.Shown(p.ID)) > 0 }) {
			return took
		}
		took = append(took, time.Since(began))
		select {
		case <-time.After(scaledAsk):
		case <-done:
			return took
		}
	}
}

func (s *scaled) play() {
	stop := s.run()
	it := publish(s.t, s.house, "Giờ làm việc mới", false)
	quit, asked := make(chan struct{}), make(chan times)
	go func() { asked <- s.ask(quit) }()
	for range 400 {
		time.Sleep(30 * time.Second)
		got, err := s.house.news.Get(s.t.Context(), it.ID, items.Actor{System: true})
		if err != nil {
			s.t.Fatal(err)
		}
		if got.State == items.Done {
			break
		}
	}
	close(quit)
	took := <-asked
	stop()
	onTelegram, onZalo := s.stretch(telegram.Name), s.stretch(zalo.Name)
	tg, za := onTelegram.used(25), onZalo.used(20)
	s.t.Logf("Telegram: %d of news and %d answers in %s, %.1f %% of 25/s; asked for less %d times. Zalo: %d of news in %s, %.1f %% of 20/s; refused %d", onTelegram.news,
		onTelegram.replies, onTelegram.took.Round(time.Second), tg*100, s.telegram.Answers(429), onZalo.news, onZalo.took.Round(time.Second), za*100, s.refused())
	s.t.Logf("%d questions: answered in p50 %s, p99 %s", len(took), took.at(0.5), took.at(0.99))
	s.check(tg, za, took)
	s.close()
}

// stretch is what was sent from the first to the last message of news.
type stretch struct {
	news, replies int
	took          time.Duration
}

// used is the part of a pace that was used.
func (x stretch) used(perSecond float64) float64 {
	return float64(x.news+x.replies) / (x.took.Seconds() * perSecond)
}

func (s *scaled) stretch(channel string) (x stretch) {
	var first, last int64
	ctx := context.Background()
	if err := s.data.db.Get(ctx, `select count(*), coalesce(min(finished), 0), coalesce(max(finished), 0) from outbox where lane = 'broadcast' and state = 'sent' and channel = $1`,
		[]any{channel}, &x.news, &first, &last); err != nil {
		s.t.Fatal(err)
	}
	if err := s.data.db.Get(ctx, `select count(*) from outbox where lane = 'reply' and state = 'sent' and channel = $1 and finished between $2 and $3`,
		[]any{channel, first, last}, &x.replies); err != nil {
		s.t.Fatal(err)
	}
	x.took = time.Duration(last-first) * time.Millisecond
	return x
}

// refused counts what Zalo did not take: pace, windows, quotas.
func (s *scaled) refused() (n int) {
	for _, code := range []int{-32, -201, -211, -213, -218, -227, -230, -244} {
		n += s.zalo.Answers(code)
	}
	return n
}

func (s *scaled) check(tg, za float64, took times) {
	if n := s.telegram.Answers(429); n > 0 {
		s.t.Errorf("Telegram asked %d times for less", n)
	}
	if n := s.refused(); n > 0 {
		s.t.Errorf("Zalo refused %d messages", n)
	}
	if tg < 0.98 || za < 0.98 {
		s.t.Errorf("%.1f %% and %.1f %% of the pace were used, want 98 %%", tg*100, za*100)
	}
	if p := took.at(0.99); p > time.Second {
		s.t.Errorf("an answer took %s beside the news", p)
	}
	got := map[int]int{} // people by how often
	for _, p := range s.people {
		got[len(s.telegram.Shown(p.ID))]++
	}
	if got[1] != len(s.people) {
		s.t.Errorf("on Telegram people got the item so often: %v", got)
	}
	got = map[int]int{}
	for _, name := range s.zaloers {
		got[len(s.zalo.Shown(name))]++
	}
	if got[1] != s.open || got[0] != len(s.zaloers)-s.open {
		s.t.Errorf("on Zalo people got the item so often: %v, want %d once", got, s.open)
	}
	var held int
	if err := s.data.db.Get(context.Background(), `select count(*) from outbox where lane = 'broadcast' and state = 'held'`, nil, &held); err != nil {
		s.t.Error(err)
	}
	if held != len(s.zaloers)-s.open {
		s.t.Errorf("%d wait until they write, want %d", held, len(s.zaloers)-s.open)
	}
}

func (s *scaled) close() {
	s.telegram.Close()
	s.zalo.Close()
	if err := s.house.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.data.Close(); err != nil {
		s.t.Error(err)
	}
}
