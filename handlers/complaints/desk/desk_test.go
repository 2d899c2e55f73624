package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/desk"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Bodies of the tests, of the directory of today.
const (
	commune   = "xa25.kinh-te@10532"
	committee = "xa25.ubnd@10532"
	elsewhere = "xa25.ubnd@10507"
	frontDesk = "hp-tt-pvhcc"
	reception = "hp-ban-tiep-cong-dan"
)

// world is the feature over a real database, behind the real server and console.
type world struct {
	t       testing.TB
	db      *sqldb.DB
	store   *store.Store
	works   *bot.Works
	desk    *cases.Desk
	media   *media.Keeper
	feature bot.Feature
	server  http.Handler
	console *web.Console
	people  map[string]bot.Signed // by token
	as      string                // token of who visits
	now     time.Time
	flash   []*http.Cookie
	log     bytes.Buffer
}

// Signed implements web.Accounts.
func (w *world) Signed(_ context.Context, token string) (bot.Signed, error) {
	s, ok := w.people[token]
	if !ok {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	return s, nil
}

// tokens of the people of the tests, as the console makes them.
var (
	clerk    = strings.Repeat("A", 26)
	second   = strings.Repeat("B", 26) // another clerk of the same body
	head     = strings.Repeat("C", 26)
	front    = strings.Repeat("D", 26)
	liaison  = strings.Repeat("E", 26)
	stranger = strings.Repeat("F", 26)
	owner    = strings.Repeat("G", 26)
)

// catalog is the feature's words as they stand in the repository.
func catalog(t testing.TB) fs.FS {
	t.Helper()
	out := fstest.MapFS{"text/vi.toml": {}, "text/en.toml": {}}
	files, err := filepath.Glob("../text/*.toml")
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		out["text/"+filepath.Base(f)] = &fstest.MapFile{Data: b}
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone), people: map[string]bot.Signed{}, as: clerk} // a Monday
	ctx := t.Context()
	var err error
	w.db, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqldb.Normal})
	must(t, err)
	t.Cleanup(func() { must(t, w.db.Close()) })
	keys, err := store.OpenKeys("", filepath.Join(t.TempDir(), "key"))
	must(t, err)
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "media", media.Schema()))
	must(t, w.db.Migrate(ctx, "complaints", both{cases.Schema(), desk.Schema()}))
	texts, err := words.Load(words.Shared(), web.Texts(), media.Texts(), catalog(t))
	must(t, err)
	must(t, texts.Check())
	w.works = &bot.Works{Units: w.store, Composer: &bot.Composer{Texts: texts, Default: "vi"}}
	w.media, err = media.New(media.Options{Folder: filepath.Join(t.TempDir(), "media"), Read: w.db.Read(), Works: w.works, Sealer: keys,
		Secret: bytes.Repeat([]byte("m"), 32), Now: now, Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, w.media.Close()) })
	dir, err := today()
	must(t, err)
	cal, err := calendar.Load(calendar.Options{})
	must(t, err)
	w.desk, err = cases.New(cases.Options{
		Read: w.db.Read(), Sealer: keys, Now: now, Fold: vietnamese.Fold, Audit: w.store.Audit, Forget: w.store.ForgetThing, Media: w.media, Staff: w.store,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal }, Log: log,
	})
	must(t, err)
	w.console, err = web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: w, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: now, Log: log,
		Nav: func() []bot.Nav { return w.feature.Nav }})
	must(t, err)
	kinds, err := classifier()
	must(t, err)
	w.feature, err = desk.New(desk.Options{
		Accuses: func(text string) bool { return kinds.Classify(text).Kind == intent.Denunciation },
		Desk:    w.desk, Console: w.console, Read: w.db.Read(), Do: w.works.Do, Directory: func() *directory.Directory { return dir },
		Calendar: func() *calendar.Calendar { return cal }, Audit: w.store.Audit, Staff: w.store, Officers: w.store.Officers, Media: w.media,
		Fold: vietnamese.Fold, Status: func(code string) string { return "https://example.org/chat?ma=" + code }, Now: now, Log: log,
	})
	must(t, err)
	w.hire()
	w.serve()
	return w
}

// classifier is the real one; it never changes, so the tests share it.
var classifier = sync.OnceValues(intent.New)

// both is a folder of migrations from two packages.
type both []fs.FS

func (b both) Open(name string) (fs.File, error) {
	for _, f := range b[1:] {
		if file, err := f.Open(name); err == nil && name != "." {
			return file, nil
		}
	}
	return b[0].Open(name)
}

func (b both) Glob(pattern string) (out []string, err error) {
	for _, f := range b {
		names, err := fs.Glob(f, pattern)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	return out, nil
}

// today is the directory of the day of the tests; it never changes, so they share it.
var today = sync.OnceValues(func() (*directory.Directory, error) {
	return directory.Load(directory.Options{AsOf: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)})
})

// hire makes the accounts of the tests. One name would be markup and a formula.
func (w *world) hire() {
	w.t.Helper()
	grant := func(r bot.Role, agency string) bot.Grant { return bot.Grant{Role: r, Scope: bot.Scope{Agency: agency}} }
	for i, p := range []struct {
		token, name string
		grants      []bot.Grant
	}{
		{clerk, "=Phạm <b>Hoa</b>", []bot.Grant{grant(bot.RoleOfficer, commune)}},
		{second, "Vũ Thị Nhàn", []bot.Grant{grant(bot.RoleOfficer, commune)}},
		{head, "Đỗ Văn Trưởng", []bot.Grant{grant(bot.RoleHead, commune)}},
		{front, "Lê Đầu Mối", []bot.Grant{grant(bot.RoleController, frontDesk)}},
		{liaison, "Trần Liên Lạc", []bot.Grant{grant(bot.RoleController, reception)}},
		{stranger, "Ngô Nơi Khác", []bot.Grant{grant(bot.RoleOfficer, elsewhere), grant(bot.RoleHead, elsewhere)}},
		{owner, "Bùi Chủ Trì", []bot.Grant{{Role: bot.RoleOwner}}},
	} {
		id, err := w.store.SaveOfficer(w.t.Context(), bot.Officer{Name: p.name, Active: true, Grants: p.grants, Email: fmt.Sprintf("p%d@example.org", i)}, "cli")
		must(w.t, err)
		o, err := w.store.Officer(w.t.Context(), id)
		must(w.t, err)
		w.people[p.token] = bot.Signed{Session: id, Officer: o, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
	}
}

// serve puts the pages behind the guard and the check of the origin, as the server does.
func (w *world) serve() {
	w.t.Helper()
	mux := http.NewServeMux()
	for _, p := range append(w.feature.Pages, w.media.Feature().Pages...) {
		mux.Handle(p.Pattern, w.console.Guard(p))
	}
	w.server = http.NewCrossOriginProtection().Handler(mux)
}

// crossSite posts a form as another site's page would make a browser do.
func (w *world) crossSite(path string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader("version=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	return w.send(r)
}

// answer is what a page answered.
type answer struct {
	status int
	body   string // with entities as they came
	header http.Header
	path   string // where it was in the end
}

// text is the page as it is read.
func (a answer) text() string { return html.UnescapeString(a.body) }

// send asks for a page as the browser of whoever is signed in does.
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
	w.whole(a)
	return a
}

// whole fails when a page shows markup that people typed, or a key instead of words.
func (w *world) whole(a answer) {
	w.t.Helper()
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		return
	}
	for _, evil := range []string{"<b>Hoa", "<script>alert", "<img src=x", "onerror=alert(1)>"} {
		if strings.Contains(a.body, evil) {
			w.t.Errorf("%s shows what people typed as markup: %s", a.path, evil)
		}
	}
	if m := regexp.MustCompile(`complaints\.[a-z_]+`).FindString(a.body); m != "" {
		w.t.Errorf("%s shows the key %s", a.path, m)
	}
	if strings.Contains(a.body, "ZgotmplZ") {
		w.t.Errorf("%s has a value that the template refused", a.path)
	}
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.send(httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
}

func (w *world) post(path string, form url.Values) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

// upload posts a form with files, as the answer editor does.
func (w *world) upload(path string, form url.Values, files map[string][]byte) answer {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, values := range form {
		for _, v := range values {
			must(w.t, m.WriteField(name, v))
		}
	}
	for name, content := range files {
		part, err := m.CreateFormFile("files", name)
		must(w.t, err)
		_, err = part.Write(content)
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
	return regexp.MustCompile(`(?s)<[^>]*>|\n\s*\n`).ReplaceAllString(page, "")
}

var drafts int

// scene is a report whose body is known; its words try to be markup and tell a number.
func (w *world) scene(change ...func(*cases.Draft)) cases.Case {
	w.t.Helper()
	drafts++
	dr := cases.Draft{
		Conversation: fmt.Sprintf("conversation-%d", drafts), Kind: cases.Scene, Field: "xay-dung",
		What:  fmt.Sprintf("Nhà số %d xây lấn ra ngõ <script>alert(1)</script>, gọi tôi 0912 345 678 nhé", drafts),
		Place: cases.Place{ID: "w10532", Landmark: "cạnh chợ <img src=x onerror=alert(1)>"}, Public: true,
		Contact: cases.Contact{Name: "Nguyễn Thị Zwxqname", Phone: "0912 345 678"},
		Holder:  cases.Holder{Person: bot.PersonID(1000 + drafts), To: bot.Address{Channel: "telegram", Chat: "700"}, Lang: "vi"},
	}
	for _, f := range change {
		f(&dr)
	}
	var c cases.Case
	must(w.t, w.works.Do(w.t.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		c, err = w.desk.Open(ctx, work, dr)
		return err
	}))
	return c
}

func conduct(d *cases.Draft) { d.Kind, d.Field = cases.Conduct, "can-bo-cong-chuc" }

// press posts the form of an action with the version that is on the page.
func (w *world) press(c cases.Case, action string, pairs ...string) answer {
	w.t.Helper()
	f := url.Values{"version": {fmt.Sprint(w.now1(c).Version)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return w.post("/console/complaints/case/"+c.Code+"/do/"+action, f)
}

// now1 is the case as it is now.
func (w *world) now1(c cases.Case) cases.Case {
	w.t.Helper()
	got, err := w.desk.Get(w.t.Context(), c.ID, cases.Actor{Kind: cases.System, Via: "job"})
	must(w.t, err)
	return got
}

// undo presses the undo button of a page.
func (w *world) undo(a answer) answer {
	w.t.Helper()
	m := regexp.MustCompile(`(?s)<div class="flash.*?<form method="post" action="([^"]*)">(.*?)</form>`).FindStringSubmatch(a.body)
	if m == nil {
		w.t.Fatalf("there is no undo:\n%s", middle(a.text()))
	}
	f := url.Values{}
	for _, in := range regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
		f.Set(in[1], html.UnescapeString(in[2]))
	}
	return w.post(html.UnescapeString(m[1]), f)
}

// field is the value of a hidden field of a page.
func field(t testing.TB, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no field %s", name)
	}
	return html.UnescapeString(m[1])
}

// quiet fails when a log holds a word of a citizen.
func (w *world) quiet() {
	w.t.Helper()
	for _, secret := range []string{"Zwxqname", "0912", "lấn ra ngõ", "cạnh chợ"} {
		if strings.Contains(w.log.String(), secret) {
			w.t.Errorf("the log says %q", secret)
		}
	}
}
