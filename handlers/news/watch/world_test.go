package watch_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"html"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/delivery"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/bot/zalo"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/watch"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mould is a database with all tables: to make them costs more than most tests.
var mould bottest.Mould

// knowledge is read once for all tests; both never change.
var knowledge = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
	dir, err := directory.Load(directory.Options{AsOf: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)})
	if err != nil {
		panic(err)
	}
	cal, err := calendar.Load(calendar.Options{})
	if err != nil {
		panic(err)
	}
	return dir, cal
})

// world is the pages over a real database, behind the real guard.
type world struct {
	t       testing.TB
	db      *sqldb.DB
	store   *store.Store
	works   *bot.Works
	desk    *items.Desk
	feature bot.Feature
	server  http.Handler
	people  map[string]bot.Signed
	as      string
	lang    string
	now     time.Time
	flash   []*http.Cookie
	halts   []watch.Halt
	oa      map[string]bot.Publisher
	keys    *store.Keys
	users   int
	log     bytes.Buffer
}

// Signed implements web.Accounts.
func (w *world) Signed(_ context.Context, token string) (bot.Signed, error) {
	s, ok := w.people[token]
	if !ok {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	s.Lang = w.lang
	return s, nil
}

// tokens of the people of the tests, as the console makes them.
var (
	editor = strings.Repeat("A", 26)
	second = strings.Repeat("B", 26)
	owner  = strings.Repeat("C", 26)
	clerk  = strings.Repeat("D", 26)
	nobody = strings.Repeat("E", 26) // runs the system, and has nothing to do with news
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone), people: map[string]bot.Signed{}, as: editor, lang: "vi"} // a Tuesday
	ctx := t.Context()
	var err error
	w.db = mould.Open(t)
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(t, err)
	w.keys = keys
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "news", items.Schema()))
	mould.Keep(t, w.db)
	texts, err := words.Load(words.Shared(), web.Texts(), delivery.Texts(), zalo.Texts(), news.Texts())
	must(t, err)
	must(t, texts.Check())
	limits := map[string]bot.Limits{"telegram": {Text: 4096, Unit: bot.UTF16, Buttons: 100, ButtonTitle: 60}, "zalo": {Text: 2000, Unit: bot.UTF16, Buttons: 5, ButtonTitle: 100}}
	composer := &bot.Composer{Texts: texts, Default: "vi", Channels: map[string]bot.Limiter{}}
	for name, l := range limits {
		composer.Channels[name] = l
	}
	w.works = &bot.Works{Units: w.store, Composer: composer}
	dir, cal := knowledge()
	w.desk, err = items.New(items.Options{
		Read: w.db.Read(), Sealer: keys, Spreads: w.store, Links: w.store, Compose: composer.Compose, Render: texts.Render,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal },
		Channels: func() map[string]bot.Limits { return limits }, Clean: vietnamese.Clean, Fold: vietnamese.Fold,
		Publishers: func() map[string]bot.Publisher { return w.oa },
		PublicURL:  "https://hoidap.example", Audit: w.store.Audit, Now: now,
	})
	must(t, err)
	console, err := web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: w, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: now, Log: log,
		Nav: func() []bot.Nav { return w.feature.Nav }})
	must(t, err)
	w.feature, err = watch.New(watch.Options{
		Desk: w.desk, Directory: func() *directory.Directory { return dir }, Works: w.works, Console: console, Staff: w.store, Fold: vietnamese.Fold, Now: now, Log: log,
		Halts: func() []watch.Halt { return w.halts },
	})
	must(t, err)
	mux := http.NewServeMux()
	for _, p := range w.feature.Pages {
		mux.Handle(p.Pattern, console.Guard(p))
	}
	mux.Handle(web.AssetsPattern, console.Assets())
	w.server = http.NewCrossOriginProtection().Handler(mux)
	for i, p := range []struct {
		token, name string
		roles       []bot.Role
	}{
		{editor, "=Phạm <b>Hoa</b>", []bot.Role{bot.RoleEditor}}, {second, "Vũ Thị Nhàn", []bot.Role{bot.RoleEditor}}, {owner, "Bùi Chủ Trì", []bot.Role{bot.RoleOwner}},
		{clerk, "Ngô Cán Bộ", []bot.Role{bot.RoleOfficer}}, {nobody, "Lê Vận Hành", []bot.Role{bot.RoleOperator}},
	} {
		o := bot.Officer{Name: p.name, Active: true, Email: fmt.Sprintf("p%d@example.org", i)}
		for _, r := range p.roles {
			o.Grants = append(o.Grants, bot.Grant{Role: r})
		}
		id, err := w.store.SaveOfficer(ctx, o, "cli")
		must(t, err)
		o, err = w.store.Officer(ctx, id)
		must(t, err)
		w.people[p.token] = bot.Signed{Session: id, Officer: o, Form: bot.FormPlain, Stage: bot.StageOpen}
	}
	return w
}

// answer is what a page answered.
type answer struct {
	status int
	body   string
	header http.Header
	path   string
}

// tags are what no reader sees.
var tags = regexp.MustCompile(`<[^>]*>`)

// text is the page as it came, and below as it is read.
func (a answer) text() string {
	return html.UnescapeString(a.body) + "\n\n" + strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(a.body, ""))), " ")
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	r.Host = "example.org"
	r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: w.as})
	for _, k := range w.flash {
		r.AddCookie(k)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	w.flash = nil
	for _, k := range rec.Result().Cookies() {
		if k.MaxAge >= 0 {
			w.flash = append(w.flash, k)
		}
	}
	if rec.Code == http.StatusSeeOther {
		return w.get(rec.Header().Get("Location"))
	}
	a := answer{rec.Code, rec.Body.String(), rec.Header(), r.URL.RequestURI()}
	for _, evil := range []string{"<b>Hoa", "<script>alert", "<img src=x"} {
		if strings.Contains(a.body, evil) {
			w.t.Errorf("%s shows what people typed as markup: %s", a.path, evil)
		}
	}
	if m := regexp.MustCompile(`(news|delivery)\.[a-z]+_[a-z_]+`).FindString(a.body); m != "" && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		w.t.Errorf("%s shows the key %s", a.path, m)
	}
	if strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "style=") {
		w.t.Errorf("%s has a value that the template or the browser refuses", a.path)
	}
	return a
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.send(httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
}

// part asks for what htmx asks for.
func (w *world) part(path string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil)
	r.Header.Set("HX-Request", "true")
	return w.send(r)
}

func (w *world) post(path string, pairs ...string) answer {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

// upload posts a file.
func (w *world) upload(path string, data []byte, pairs ...string) answer {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		must(w.t, m.WriteField(pairs[i], pairs[i+1]))
	}
	if data != nil {
		part, err := m.CreateFormFile("file", "ke-hoach.xlsx")
		must(w.t, err)
		_, err = part.Write(data)
		must(w.t, err)
	}
	must(w.t, m.Close())
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(r)
}

// by makes somebody else visit.
func (w *world) by(token string) *world {
	w.as, w.flash = token, nil
	return w
}

// wants fails unless the page has the status and says all of the texts.
func (w *world) wants(name string, a answer, status int, texts ...string) {
	w.t.Helper()
	if a.status != status {
		w.t.Errorf("%s: status %d, want %d", name, a.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.text(), text) {
			w.t.Errorf("%s: %q is not on the page:\n%s", name, text, middle(a.text()))
		}
	}
}

// lacks fails when the page says one of the texts.
func (w *world) lacks(name string, a answer, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.text(), text) {
			w.t.Errorf("%s: %q is on the page", name, text)
		}
	}
}

func middle(page string) string {
	if i := strings.Index(page, "<main"); i >= 0 {
		page = page[i:]
	}
	if i := strings.Index(page, "</main>"); i >= 0 {
		page = page[:i]
	}
	return page
}

func (w *world) in(f func(ctx context.Context, work *bot.Work, tx bot.Tx) error) error {
	return w.works.Do(w.t.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return f(ctx, work, tx)
	})
}

func (w *world) actor(token string) items.Actor {
	return items.Actor{Officer: w.people[token].Officer}
}

// subscriber is a citizen who gets news of the reform at once.
func (w *world) subscriber(channel string) (c bot.Contact) {
	w.t.Helper()
	ctx := w.t.Context()
	w.users++
	user := fmt.Sprint("u", w.users)
	for range 2 { // known after the first turn
		must(w.t, w.store.Accept(ctx, bot.Update{ID: bot.NewID(), Channel: channel, Chat: user, Text: "chào", From: bot.Sender{ID: user}, At: w.now}))
		p, err := w.store.Pending(ctx, 0, 1)
		must(w.t, err)
		l, err := w.store.Load(ctx, p[0].Turn)
		must(w.t, err)
		c = l.Contact
		u, err := w.store.Begin(ctx)
		must(w.t, err)
		_, err = u.(bot.TurnUnit).Finish(ctx, bot.Finished{Turn: l.Turn, Key: l.Update.Key(), LastTurn: l.LastTurn, Ending: bot.Done, Contact: l.Contact})
		must(w.t, err)
		must(w.t, u.Commit(ctx))
	}
	_, version, err := w.desk.Consent("vi")
	must(w.t, err)
	must(w.t, w.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error {
		_, err := w.desk.Agree(ctx, tx, c, "vi", version)
		return err
	}))
	return c
}

func content(title string) items.Content {
	return items.Content{Title: title, Summary: "Từ hôm nay làm thủ tục ở trụ sở mới.", SourceKind: items.SourceDepartment, Topics: []string{items.TopicReform}}
}

func (w *world) do(id int64, a items.Actor, c items.Command) (it items.Item) {
	w.t.Helper()
	must(w.t, w.in(func(ctx context.Context, work *bot.Work, _ bot.Tx) (err error) {
		it, err = w.desk.Do(ctx, work, id, a, c)
		return err
	}))
	return it
}

func (w *world) draft(c items.Content) (it items.Item) {
	w.t.Helper()
	must(w.t, w.in(func(ctx context.Context, work *bot.Work, _ bot.Tx) (err error) {
		it, err = w.desk.Draft(ctx, work, w.actor(editor), c, 0, "")
		return err
	}))
	return it
}

// begun is an item that is being sent; its people are not found yet.
func (w *world) begun(c items.Content) items.Item {
	w.t.Helper()
	it := w.draft(c)
	it = w.do(it.ID, w.actor(editor), items.Command{Action: items.Check})
	w.do(it.ID, w.actor(second), items.Command{Action: items.Approve, Hash: it.Hash})
	w.do(it.ID, w.actor(editor), items.Command{Action: items.Schedule})
	return w.do(it.ID, items.Actor{System: true}, items.Command{Action: items.Begin})
}

// run runs the sending job.
func (w *world) run() {
	w.t.Helper()
	must(w.t, w.desk.RunSend(w.t.Context(), w.works))
}

// claim takes what is due on a channel.
func (w *world) claim(channel string, n int) []bot.Claimed {
	w.t.Helper()
	list, err := w.store.Claim(w.t.Context(), channel, bot.LaneBroadcast, n, time.Minute)
	must(w.t, err)
	return list
}

// sends delivers up to n messages of a channel.
func (w *world) sends(channel string, n int) {
	w.t.Helper()
	for _, c := range w.claim(channel, n) {
		must(w.t, w.store.Sent(w.t.Context(), c.Row, bot.Receipt{ID: fmt.Sprint("r", c.Row)}))
	}
}
