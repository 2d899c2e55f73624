package register_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
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
	"cchcbot/handlers/complaints/register"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Bodies of the tests, of the directory of today.
const (
	commune   = "xa25.kinh-te@10532"
	elsewhere = "xa25.ubnd@10507"
	frontDesk = "hp-tt-pvhcc"
	reception = "hp-ban-tiep-cong-dan"
)

// tokens of the people of the tests, as the console makes them.
var (
	nobody   = ""
	clerk    = strings.Repeat("A", 26)
	head     = strings.Repeat("C", 26)
	front    = strings.Repeat("D", 26)
	second   = strings.Repeat("E", 26) // another at the front desk
	liaison  = strings.Repeat("F", 26)
	stranger = strings.Repeat("G", 26)
)

// world is the register over a real database, behind the real console.
type world struct {
	t        testing.TB
	path     string
	db       *sqldb.DB
	store    *store.Store
	works    *bot.Works
	media    *media.Keeper
	desk     *cases.Desk
	register *register.Register
	feature  bot.Feature
	server   http.Handler
	console  *web.Console
	people   map[string]bot.Signed
	as       string
	now      time.Time
	flash    []*http.Cookie
	log      bytes.Buffer
	filed    int
}

// Signed implements web.Accounts.
func (w *world) Signed(_ context.Context, token string) (bot.Signed, error) {
	s, ok := w.people[token]
	if !ok {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	return s, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

// start is a Monday.
var start = time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)

// loaded reads the directory and the calendar once: they do not change.
var loaded = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
	dir, err := directory.Load(directory.Options{AsOf: start})
	if err != nil {
		panic(err)
	}
	cal, err := calendar.Load(calendar.Options{})
	if err != nil {
		panic(err)
	}
	return dir, cal
})

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: start, people: map[string]bot.Signed{}, as: nobody}
	ctx := t.Context()
	var err error
	w.path = filepath.Join(t.TempDir(), "test.db")
	w.db, err = sqldb.Open(ctx, sqldb.Options{Path: w.path, Synchronous: sqldb.Normal})
	must(t, err)
	t.Cleanup(func() { must(t, w.db.Close()) })
	keys, err := store.OpenKeys("", filepath.Join(t.TempDir(), "key"))
	must(t, err)
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "media", media.Schema()))
	must(t, w.db.Migrate(ctx, "complaints", both{cases.Schema(), register.Schema()}))
	texts, err := words.Load(words.Shared(), web.Texts(), media.Texts(), catalog(t))
	must(t, err)
	must(t, texts.Check())
	w.works = &bot.Works{Units: w.store, Composer: &bot.Composer{Texts: texts, Default: "vi"}}
	w.media, err = media.New(media.Options{Folder: filepath.Join(t.TempDir(), "media"), Read: w.db.Read(), Works: w.works, Sealer: keys,
		Secret: bytes.Repeat([]byte("m"), 32), Now: now, Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, w.media.Close()) })
	dir, cal := loaded()
	w.desk, err = cases.New(cases.Options{
		Read: w.db.Read(), Sealer: keys, Now: now, Fold: vietnamese.Fold, Audit: w.store.Audit, Forget: w.store.ForgetThing, Media: w.media, Staff: w.store,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal }, Log: log,
		Terms: cases.Terms{cases.KeyOpenPerPerson: "100", cases.KeyDayPerPerson: "200"},
	})
	must(t, err)
	console, err := web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: w, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	w.register, err = register.New(register.Options{
		Desk: w.desk, Console: console, Read: w.db.Read(), Sealer: keys, Do: w.works.Do, Directory: func() *directory.Directory { return dir }, Audit: w.store.Audit,
		Staff: w.store, Media: w.media, Fold: vietnamese.Fold, PublicURL: "https://example.org", Now: now, Log: log,
	})
	must(t, err)
	w.console = console
	w.feature = w.register.Feature()
	grant := func(r bot.Role, agency string) bot.Grant { return bot.Grant{Role: r, Scope: bot.Scope{Agency: agency}} }
	for _, p := range []struct {
		token, name string
		grant       bot.Grant
	}{
		{clerk, "Phạm <b>Hoa</b>", grant(bot.RoleOfficer, commune)},
		{head, "Đỗ Văn Trưởng", grant(bot.RoleHead, commune)},
		{front, "Lê Đầu Mối", grant(bot.RoleController, frontDesk)},
		{second, "Vũ Thị Hai", grant(bot.RoleController, frontDesk)},
		{liaison, "Trần Liên Lạc", grant(bot.RoleController, reception)},
		{stranger, "Ngô Nơi Khác", grant(bot.RoleHead, elsewhere)},
	} {
		id, err := w.store.SaveOfficer(ctx, bot.Officer{Name: p.name, Active: true, Grants: []bot.Grant{p.grant}}, "cli")
		must(t, err)
		o, err := w.store.Officer(ctx, id)
		must(t, err)
		w.people[p.token] = bot.Signed{Session: id, Officer: o, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
	}
	mux := http.NewServeMux()
	for _, p := range w.feature.Pages {
		h := p.Handler
		if len(p.Roles) > 0 {
			h = console.Guard(p)
		}
		mux.Handle(p.Pattern, h)
	}
	w.server = http.NewCrossOriginProtection().Handler(mux)
	return w
}

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

// answer is what a page answered.
type answer struct {
	status int
	body   string
	header http.Header
	path   string // where it was in the end
}

// text is the page as it is read.
func (a answer) text() string { return html.UnescapeString(a.body) }

var key = regexp.MustCompile(`complaints\.[a-z_]+`)

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	r.Host = "example.org"
	if w.as != nobody {
		r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: w.as})
	}
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
	if m := key.FindString(a.text()); m != "" && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		w.t.Errorf("%s shows a key: %s", a.path, m)
	}
	if strings.Contains(a.body, "<script>") || strings.Contains(a.body, "<b>Hoa") {
		w.t.Errorf("%s shows markup that people typed", a.path)
	}
	return a
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.send(httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
}

func (w *world) post(path string, values url.Values) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

// by lets somebody else sit down at the browser.
func (w *world) by(token string) *world { w.as, w.flash = token, nil; return w }

var citizen = cases.Actor{Kind: cases.Citizen, Person: 7, Via: "telegram"}

func (w *world) actor(token string) cases.Actor {
	return cases.Actor{Kind: cases.Officer, Officer: w.people[token].Officer, Via: "console"}
}

func (w *world) try(id int64, a cases.Actor, c cases.Command) (out cases.Case, err error) {
	err = w.works.Do(w.t.Context(), func(ctx context.Context, u *bot.Work) (err error) {
		out, err = w.desk.Do(ctx, u, id, a, c)
		return err
	})
	return out, err
}

func (w *world) do(id int64, a cases.Actor, c cases.Command) cases.Case {
	w.t.Helper()
	out, err := w.try(id, a, c)
	if err != nil {
		w.t.Fatalf("%s: %v", c.Action, err)
	}
	return out
}

// question is what the citizen of the tests wrote; the personal parts are hidden when it is published.
const question = "Đèn đường ở ngõ Chùa hỏng ba hôm nay. Tôi là Nguyễn Thị Zwxq, gọi 0912 345 678. <script>alert(1)</script>"

// file files a case as a citizen does.
func (w *world) file(change func(*cases.Draft)) cases.Case {
	w.t.Helper()
	w.filed++
	d := cases.Draft{
		Conversation: fmt.Sprint("conversation-", w.filed), Kind: cases.Scene, Field: "xay-dung", What: question + fmt.Sprintf(" Lần %d.", w.filed),
		Place: cases.Place{ID: "w10532", Text: "số nhà 25 phố Huyền", Landmark: "cạnh chợ"}, Public: true,
		Holder: cases.Holder{Person: 7, To: bot.Address{Channel: "telegram", Chat: "700"}, Lang: "vi"},
	}
	if change != nil {
		change(&d)
	}
	var c cases.Case
	must(w.t, w.works.Do(w.t.Context(), func(ctx context.Context, u *bot.Work) (err error) {
		c, err = w.desk.Open(ctx, u, d)
		return err
	}))
	return c
}

// reply is the answer that the body gives.
const reply = "Đã thay bóng đèn ngày 10/11/2026. Cảm ơn chị Nguyễn Thị Zwxq."

// answered files a case and has it answered.
func (w *world) answered(change func(*cases.Draft)) cases.Case {
	w.t.Helper()
	return w.answer(w.file(change))
}

func (w *world) answer(c cases.Case) cases.Case {
	w.t.Helper()
	w.do(c.ID, w.actor(clerk), cases.Command{Action: cases.Accept})
	w.do(c.ID, w.actor(clerk), cases.Command{Action: cases.Submit, Text: reply, Reason: "không cần ảnh",
		Check: cases.Checklist{EveryPoint: true, NextStep: true, Basis: true, BasisText: "Điều 1", Evidence: true}})
	return w.do(c.ID, w.actor(head), cases.Command{Action: cases.Approve})
}

// form is a text as an officer mends it.
func form(c cases.Case, base int, title string) url.Values {
	return url.Values{"code": {c.Code}, "base": {fmt.Sprint(base)}, "title": {title},
		"question": {"Đèn đường ở ngõ Chùa hỏng ba hôm nay. <script>alert(1)</script>"}, "answer_0": {"Đã thay bóng đèn ngày 10/11/2026."}}
}

var hashField = regexp.MustCompile(`name="hash" value="([0-9a-f]{64})"`)

// hash is what the form of a preview is bound to.
func (a answer) hash(t testing.TB) string {
	t.Helper()
	m := hashField.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("there is nothing to propose or confirm on %s (%d):\n%s", a.path, a.status, a.text())
	}
	return m[1]
}

// publish leads a case into the register, as the head and the front desk do.
func (w *world) publish(c cases.Case, title string) {
	w.t.Helper()
	p := w.by(head).post("/console/complaints/publish/edit", form(c, 0, title))
	w.expect(p, http.StatusOK)
	p = w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {p.hash(w.t)}, "read": {"1"}})
	w.expect(p, http.StatusOK)
	p = w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
	p = w.post("/console/complaints/publish/confirm", url.Values{"code": {c.Code}, "hash": {p.hash(w.t)}, "read": {"1"}})
	w.expect(p, http.StatusOK)
	w.by(nobody)
}

func (w *world) expect(a answer, status int) {
	w.t.Helper()
	if a.status != status {
		w.t.Fatalf("%s answers %d, want %d:\n%s\n%s", a.path, a.status, status, a.text(), w.log.String())
	}
}

func (w *world) has(a answer, parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if !strings.Contains(a.text(), p) {
			w.t.Errorf("%s does not say %q:\n%s", a.path, p, a.text())
		}
	}
}

func (w *world) lacks(a answer, parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if strings.Contains(a.text(), p) {
			w.t.Errorf("%s says %q", a.path, p)
		}
	}
}

// picture keeps a photo as the chat does and returns its id.
func (w *world) picture(owner string) string {
	w.t.Helper()
	var b bytes.Buffer
	must(w.t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30))))
	it, err := w.media.Keep(w.t.Context(), owner, "anh.png", &b)
	must(w.t, err)
	return it.ID
}

type contextT = context.Context

func (w *world) directory() *directory.Directory {
	w.t.Helper()
	dir, _ := loaded()
	return dir
}

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, calendar.Zone)
	if err != nil {
		panic(err)
	}
	return t
}
