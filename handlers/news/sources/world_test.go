package sources

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/fetch"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mould is a database with all tables: to make them costs more than most tests.
var mould bottest.Mould

// facts are read once for all tests; both never change.
var facts = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
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

// world is the part over a real database and the real console, a clock that tests move, and
// one server on this machine that it may reach.
type world struct {
	t       *testing.T
	db      *sqldb.DB
	store   *store.Store
	works   *bot.Works
	desk    *items.Desk
	s       *service
	feature bot.Feature
	mux     *http.ServeMux
	signed  bot.Signed
	now     time.Time
	cookies []*http.Cookie
	alerts  []string
	log     bytes.Buffer
	kb      *shelf

	srv   *httptest.Server
	names map[string]string // names that resolve, besides the server's own

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []*http.Request
}

// feedHost is the name of the server in addresses.
const feedHost = "bao.example.vn"

// Signed implements web.Accounts.
func (w *world) Signed(context.Context, string) (bot.Signed, error) { return w.signed, nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone), mux: http.NewServeMux(), names: map[string]string{}, kb: &shelf{}}
	w.srv = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		f := w.answer
		w.asked = append(w.asked, r)
		w.mu.Unlock()
		f(rw, r)
	}))
	t.Cleanup(w.srv.Close)
	w.serve(200, "application/rss+xml", []byte(rss()))
	ctx := t.Context()
	var err error
	w.db = mould.Open(t)
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(t, err)
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "news", items.Schema()))
	must(t, w.db.Migrate(ctx, Line, Schema()))
	mould.Keep(t, w.db)
	texts, err := words.Load(words.Shared(), web.Texts(), news.Texts())
	must(t, err)
	w.works = &bot.Works{Units: w.store, Composer: &bot.Composer{Texts: texts, Default: "vi"}}
	dir, cal := facts()
	w.desk, err = items.New(items.Options{
		Read: w.db.Read(), Sealer: keys, Spreads: w.store, Links: w.store, Compose: w.works.Composer.Compose, Render: texts.Render,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal },
		Channels: func() map[string]bot.Limits { return nil }, Clean: vietnamese.Clean, Fold: vietnamese.Fold, Audit: w.store.Audit, Now: now,
	})
	must(t, err)
	id, err := w.store.SaveOfficer(ctx, bot.Officer{Name: "Phạm Thị <b>Hoa</b>", Active: true, Grants: []bot.Grant{{Role: bot.RoleOperator}}}, "cli")
	must(t, err)
	officer, err := w.store.Officer(ctx, id)
	must(t, err)
	w.signed = bot.Signed{Session: 1, Officer: officer, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
	console, err := web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: w, Secret: []byte(strings.Repeat("s", 32)), Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	own := netip.MustParseAddrPort(w.srv.Listener.Addr().String())
	o := Options{
		Desk: w.desk, Read: w.db.Read(), Do: w.works.Do, Audit: w.store.Audit, Staff: w.store, Console: console, Render: texts.Render,
		Clean: vietnamese.Clean, Fold: vietnamese.Fold, Knowledge: w.kb, PublicURL: "https://hoidap.example", Now: now, Log: log,
		Alert: func(_ context.Context, text string) { w.alerts = append(w.alerts, text) },
		Fetch: &fetch.Options{Plain: true, Hops: maxHops, Let: func(ap netip.AddrPort) bool { return ap == own }, Lookup: w.lookup},
	}
	w.s, err = newService(o)
	must(t, err)
	t.Cleanup(w.s.client.CloseIdleConnections)
	pages, err := w.s.pages()
	must(t, err)
	for _, p := range pages {
		w.mux.Handle(p.Pattern, console.Guard(p))
	}
	w.feature, err = New(o)
	must(t, err)
	return w
}

func (w *world) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	if host == feedHost {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	if ip, ok := w.names[host]; ok {
		return []netip.Addr{netip.MustParseAddr(ip)}, nil
	}
	return nil, errors.New("no such host")
}

// at is an address on the server.
func (w *world) at(path string) string {
	u, err := url.Parse(w.srv.URL)
	must(w.t, err)
	return "http://" + feedHost + ":" + u.Port() + path
}

func (w *world) serve(status int, kind string, body []byte) {
	w.handle(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", kind)
		rw.WriteHeader(status)
		_, _ = rw.Write(body) // a client that hangs up is what some tests want
	})
}

func (w *world) handle(f http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

// last is the last request that the server saw.
func (w *world) last() *http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) == 0 {
		w.t.Fatal("nothing was asked for")
	}
	return w.asked[len(w.asked)-1]
}

// add puts a source in, past the pages.
func (w *world) add(address string) source {
	w.t.Helper()
	x := source{URL: address, Name: "Báo thử", Kind: items.SourceNewspaper, Topic: items.TopicReform, Minutes: 30, Actor: "staff:1", Created: w.now}
	must(w.t, w.works.Do(w.t.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return insert(ctx, tx, &x)
	}))
	return w.get(x.ID)
}

func (w *world) get(id int64) source {
	w.t.Helper()
	x, err := get(w.t.Context(), w.db.Read(), id)
	must(w.t, err)
	return x
}

// poll runs the job after some time, and returns the titles of all drafts, oldest first.
func (w *world) poll(after time.Duration) []string {
	w.t.Helper()
	w.now = w.now.Add(after)
	must(w.t, w.s.poll(w.t.Context()))
	return w.titles()
}

func (w *world) drafts() []items.Item {
	w.t.Helper()
	list, err := w.desk.List(w.t.Context(), items.Actor{System: true}, items.Filter{Limit: 100})
	must(w.t, err)
	slices.Reverse(list)
	return list
}

func (w *world) titles() (out []string) {
	w.t.Helper()
	for _, it := range w.drafts() {
		if it.State != items.Draft || it.Author != "job" {
			w.t.Errorf("item %d is %s by %s", it.ID, it.State, it.Author)
		}
		out = append(out, it.Content.Title)
	}
	return out
}

// visit asks for a page as a browser that is signed in does.
func (w *world) visit(method, path string, form url.Values) (int, string) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
	for _, k := range w.cookies {
		r.AddCookie(k)
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	w.cookies = nil
	for _, k := range rec.Result().Cookies() {
		if k.MaxAge >= 0 {
			w.cookies = append(w.cookies, k)
		}
	}
	if rec.Code == http.StatusSeeOther {
		return w.visit(http.MethodGet, rec.Header().Get("Location"), nil)
	}
	body := rec.Body.String()
	if strings.Contains(body, "<b>Hoa") || strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
		w.t.Errorf("%s %s shows what strangers wrote as markup", method, path)
	}
	if m := regexp.MustCompile(`news\.[a-z_]+`).FindString(body); m != "" {
		w.t.Errorf("%s %s shows the key %s", method, path, m)
	}
	return rec.Code, html.UnescapeString(body)
}

// wants fails unless a page has a status and all of the texts.
func (w *world) wants(name string, status, got int, body string, texts ...string) {
	w.t.Helper()
	if status != got {
		w.t.Errorf("%s: status %d, want %d", name, got, status)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s: %q is not on the page:\n%s", name, text, body)
		}
	}
}

// rss is a feed of items.
func rss(list ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Báo</title><link>https://bao.example.vn/</link>` + strings.Join(list, "\n") + `</channel></rss>`
}

// article is an item of rss with a day of November 2026.
func article(guid, title, link, day string) string {
	out := "<item><title>" + html.EscapeString(title) + "</title><description>Tóm tắt của " + html.EscapeString(title) + "</description>"
	if guid != "" {
		out += `<guid isPermaLink="false">` + guid + "</guid>"
	}
	if link != "" {
		out += "<link>" + html.EscapeString(link) + "</link>"
	}
	if day != "" {
		out += "<pubDate>" + day + " Nov 2026 08:00:00 +0700</pubDate>"
	}
	return out + "</item>"
}
