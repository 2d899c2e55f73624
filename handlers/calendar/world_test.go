package calendar

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	days "cchcbot/knowledge/calendar"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the feature over a real database, behind the real console.
type world struct {
	t       *testing.T
	db      *sqldb.DB
	store   *store.Store
	works   *bot.Works
	live    *Live
	feature bot.Feature
	mux     *http.ServeMux
	signed  bot.Signed
	console *web.Console
	now     time.Time
	cookies []*http.Cookie
	alerts  []string
	log     bytes.Buffer

	affected int
	failing  error // what Changed returns
	changed  []string
}

// Signed implements web.Accounts.
func (w *world) Signed(context.Context, string) (bot.Signed, error) { return w.signed, nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, days.Zone), mux: http.NewServeMux()}
	ctx := t.Context()
	var err error
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.db, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqldb.Normal})
	must(err)
	t.Cleanup(func() { must(w.db.Close()) })
	keys, err := store.OpenKeys("", filepath.Join(t.TempDir(), "key"))
	must(err)
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(err)
	must(w.db.Migrate(ctx, Line, Schema()))
	texts, err := words.Load(words.Shared(), web.Texts(), fs.FS(textFiles))
	must(err)
	must(texts.Check())
	w.works = &bot.Works{Units: w.store, Composer: &bot.Composer{Texts: texts, Default: "vi"}}
	id, err := w.store.SaveOfficer(ctx, bot.Officer{Name: "Phạm Thị <b>Hoa</b>", Active: true, Grants: []bot.Grant{{Role: bot.RoleController}}}, "cli")
	must(err)
	officer, err := w.store.Officer(ctx, id)
	must(err)
	w.signed = bot.Signed{Session: 1, Officer: officer, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
	console, err := web.NewConsole(web.ConsoleOptions{
		Texts: texts, Accounts: w, Secret: []byte(strings.Repeat("s", 32)), Clean: vietnamese.Clean, Now: now, Log: log,
	})
	must(err)
	w.console = console
	w.live, err = NewLive(w.db.Read(), log)
	must(err)
	w.feature, err = New(Options{
		Live: w.live, Read: w.db.Read(), Do: w.works.Do, Audit: w.store.Audit, Staff: w.store, Console: console, Now: now, Log: log,
		Alert:    func(_ context.Context, text string) { w.alerts = append(w.alerts, text) },
		Affected: func(context.Context, *days.Calendar, *days.Calendar) (int, error) { return w.affected, nil },
		Changed: func(ctx context.Context, work *bot.Work, old, now *days.Calendar) error {
			tx, err := work.Tx(ctx)
			if err != nil {
				return err
			}
			// It runs in the transaction of the change: it sees the new revision.
			n, err := newest(ctx, tx)
			if err != nil {
				return err
			}
			w.changed = append(w.changed, fmt.Sprintf("%d: %d days", n, len(days.Differ(old, now))))
			return w.failing
		},
	})
	must(err)
	for _, p := range w.feature.Pages {
		w.mux.Handle(p.Pattern, console.Guard(p))
	}
	return w
}

// visit asks for a page as a browser that is signed in does, and checks that
// nothing on it is broken.
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
	body := rec.Body.String()
	if rec.Code == http.StatusSeeOther {
		return w.visit(http.MethodGet, rec.Header().Get("Location"), nil)
	}
	if strings.Contains(body, "<b>Hoa") || strings.Contains(body, "<script>alert") {
		w.t.Errorf("%s %s shows what people typed as markup", method, path)
	}
	if m := regexp.MustCompile(`calendar\.[a-z_]+`).FindString(body); m != "" {
		w.t.Errorf("%s %s shows the key %s", method, path, m)
	}
	return rec.Code, body
}

// fields are what a browser would send of the form on a page, hidden fields and buttons apart.
func fields(t *testing.T, page string) url.Values {
	t.Helper()
	out := url.Values{}
	for _, m := range regexp.MustCompile(`(?s)<textarea[^>]* name="([a-z_]+)"[^>]*>\n?(.*?)</textarea>`).FindAllStringSubmatch(page, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`<input [^>]*>`).FindAllString(page, -1) {
		name := regexp.MustCompile(` name="([a-z_]+)"`).FindStringSubmatch(m)
		value := regexp.MustCompile(` value="([^"]*)"`).FindStringSubmatch(m)
		if name != nil && value != nil {
			out.Set(name[1], html.UnescapeString(value[1]))
		}
	}
	if m := regexp.MustCompile(`<option value="([a-z]*)" selected>`).FindStringSubmatch(page); m != nil {
		out.Set("status", m[1])
	}
	if len(out) == 0 {
		t.Fatal("the page has no form")
	}
	return out
}

// wants fails unless the page has the status and all of the texts.
func (w *world) wants(name string, status int, gotStatus int, body string, texts ...string) {
	w.t.Helper()
	plain := html.UnescapeString(body)
	if status != gotStatus {
		w.t.Errorf("%s: status %d, want %d", name, gotStatus, status)
	}
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			w.t.Errorf("%s: %q is not on the page:\n%s", name, text, main(plain))
		}
	}
}

// main is the middle of a page.
func main(page string) string {
	if i := strings.Index(page, "<main"); i >= 0 {
		page = page[i:]
	}
	if i := strings.Index(page, "</main>"); i >= 0 {
		page = page[:i]
	}
	return page
}

// swap is the form of 2026 with one more swap in it.
func (w *world) swap() url.Values {
	w.t.Helper()
	_, page := w.visit("GET", "/console/calendar/2026/edit", nil)
	f := fields(w.t, page)
	f.Set("swapped", f.Get("swapped")+"\n23/11 làm bù 28/11 Hoán đổi dịp Ngày Văn hóa")
	f.Set("number", "9999/TB-BNV")
	f.Set("dated", "20/11/2026")
	f.Set("step", "preview")
	return f
}

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, days.Zone)
	if err != nil {
		panic(err) // the tests write their own days
	}
	return t
}
