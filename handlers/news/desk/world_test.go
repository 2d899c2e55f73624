package desk

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mould is a database with all tables: to make them costs more than most tests.
var mould bottest.Mould

// Tokens of the people of the tests.
var (
	writer   = strings.Repeat("A", 26) // of a department
	fellow   = strings.Repeat("B", 26) // of the same department
	stranger = strings.Repeat("C", 26) // of another one
	editor   = strings.Repeat("D", 26)
	second   = strings.Repeat("E", 26) // another editor
	owner    = strings.Repeat("F", 26)
)

// knowledge never changes, so the tests share it.
var knowledge = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
	dir, err := directory.Load(directory.Options{AsOf: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone)})
	if err != nil {
		panic(err)
	}
	cal, err := calendar.Load(calendar.Options{})
	if err != nil {
		panic(err)
	}
	return dir, cal
})

// world is the desk over a real database, behind the real console.
type world struct {
	t       testing.TB
	db      *sqldb.DB
	store   *store.Store
	works   *bot.Works
	desk    *items.Desk
	media   *media.Keeper
	feature bot.Feature
	console *web.Console
	server  http.Handler
	people  map[string]bot.Signed
	as      string
	now     time.Time
	cookies []*http.Cookie
	users   int
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// catalog is the feature's words as they stand in the repository.
func catalog(t testing.TB) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	files, err := filepath.Glob("../text/*.toml")
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		out["text/"+filepath.Base(f)] = &fstest.MapFile{Data: b}
	}
	return out
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone), people: map[string]bot.Signed{}, as: editor} // a Tuesday
	ctx := t.Context()
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(t, err)
	w.db = mould.Open(t)
	now := func() time.Time { return w.now }
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "media", media.Schema()))
	must(t, w.db.Migrate(ctx, "news", items.Schema()))
	mould.Keep(t, w.db)
	texts, err := words.Load(words.Shared(), web.Texts(), media.Texts(), catalog(t))
	must(t, err)
	limits := map[string]bot.Limits{
		"telegram": {Text: 4096, Unit: bot.UTF16, Buttons: 100, ButtonTitle: 60, RowButtons: 2}, "zalo": {Text: 2000, Unit: bot.UTF16, Buttons: 5, ButtonTitle: 100}, "webchat": {Buttons: 20, RowButtons: 3},
	}
	composer := &bot.Composer{Texts: texts, Default: "vi", Channels: map[string]bot.Limiter{}}
	for name, l := range limits {
		composer.Channels[name] = l
	}
	w.works = &bot.Works{Units: w.store, Composer: composer}
	w.media, err = media.New(media.Options{Folder: filepath.Join(t.TempDir(), "media"), Read: w.db.Read(), Works: w.works, Sealer: keys, Secret: bytes.Repeat([]byte("m"), 32), Now: now, Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, w.media.Close()) })
	dir, cal := knowledge()
	directories, calendars := func() *directory.Directory { return dir }, func() *calendar.Calendar { return cal }
	w.desk, err = items.New(items.Options{
		Read: w.db.Read(), Sealer: keys, Spreads: w.store, Links: w.store, Compose: composer.Compose, Render: texts.Render, Directory: directories, Calendar: calendars,
		Channels: func() map[string]bot.Limits { return limits }, Clean: vietnamese.Clean, Fold: vietnamese.Fold, PublicURL: "https://hoidap.example", Audit: w.store.Audit, Now: now,
		Picture: func(ctx context.Context, q items.Reader, id string) (bot.Media, error) {
			list, err := w.media.Items(ctx, q, id)
			if err != nil || len(list) == 0 {
				return bot.Media{}, &bot.Error{Code: bot.Invalid, Key: "news.invalid_file"}
			}
			return w.media.Attachment(list[0], media.ForCitizen, media.MaxLink), nil
		},
	})
	must(t, err)
	w.console, err = web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: w, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: now, Log: log,
		Nav: func() []bot.Nav { return w.feature.Nav }})
	must(t, err)
	w.feature, err = New(Options{Desk: w.desk, Console: w.console, Do: w.works.Do, Directory: directories, Calendar: calendars, Staff: w.store, Officers: w.store.Officers, Media: w.media, Now: now, Log: log})
	must(t, err)
	w.hire()
	mux := http.NewServeMux()
	for _, p := range append(w.feature.Pages, w.media.Feature().Pages...) {
		mux.Handle(p.Pattern, w.console.Guard(p))
	}
	w.server = http.NewCrossOriginProtection().Handler(mux)
	return w
}

// hire makes the accounts of the tests. One name is markup.
func (w *world) hire() {
	w.t.Helper()
	at := func(r bot.Role, body string) bot.Grant { return bot.Grant{Role: r, Scope: bot.Scope{Agency: body}} }
	for i, p := range []struct {
		token, name string
		grant       bot.Grant
	}{
		{writer, "Phạm <b>Hoa</b>", at(bot.RoleOfficer, "hp-so-y-te")}, {fellow, "Vũ Nhàn", at(bot.RoleHead, "hp-so-y-te")}, {stranger, "Ngô Khác", at(bot.RolePress, "hp-so-xay-dung")},
		{editor, "Lê Biên Tập", at(bot.RoleEditor, "")}, {second, "Đỗ Thứ Hai", at(bot.RoleEditor, "")}, {owner, "Bùi Chủ Trì", at(bot.RoleOwner, "")},
	} {
		id, err := w.store.SaveOfficer(w.t.Context(), bot.Officer{Name: p.name, Active: true, Grants: []bot.Grant{p.grant}, Email: fmt.Sprintf("p%d@example.org", i)}, "cli")
		must(w.t, err)
		o, err := w.store.Officer(w.t.Context(), id)
		must(w.t, err)
		w.people[p.token] = bot.Signed{Session: id, Officer: o, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
	}
}

type answer struct {
	status int
	body   string
	header http.Header
	path   string
}

// text is the page as it is read.
func (a answer) text() string { return html.UnescapeString(a.body) }

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	r.Host = "example.org"
	r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: w.as})
	for _, k := range w.cookies {
		r.AddCookie(k)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	w.cookies = nil
	for _, k := range rec.Result().Cookies() {
		if k.MaxAge >= 0 {
			w.cookies = append(w.cookies, k)
		}
	}
	if rec.Code == http.StatusSeeOther {
		return w.get(rec.Header().Get("Location"))
	}
	a := answer{rec.Code, rec.Body.String(), rec.Header(), r.URL.RequestURI()}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		w.whole(a)
	}
	return a
}

// whole fails when a page shows markup that people typed, or a key instead of words.
func (w *world) whole(a answer) {
	w.t.Helper()
	for _, evil := range []string{"<b>Hoa", "<script>alert", "<img src=x", "ZgotmplZ"} {
		if strings.Contains(a.body, evil) {
			w.t.Errorf("%s shows %s", a.path, evil)
		}
	}
	if m := regexp.MustCompile(`(?:news|web)\.[a-z]+_[a-z_]+`).FindString(a.body); m != "" {
		w.t.Errorf("%s shows the key %s", a.path, m)
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		w.t.Errorf("%s: %s", a.path, w.log.String())
		w.log.Reset()
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

// upload posts a form with files by field.
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
		part, err := m.CreateFormFile(name, name+".png")
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
	w.as, w.cookies = token, nil
	return w
}

// wants fails unless the page has the status and says all of the texts.
func (w *world) wants(a answer, status int, texts ...string) answer {
	w.t.Helper()
	if a.status != status {
		w.t.Errorf("%s: status %d, want %d: %s", a.path, a.status, status, plainText(a))
	}
	for _, s := range texts {
		if !strings.Contains(a.text(), s) {
			w.t.Errorf("%s does not say %q: %s", a.path, s, plainText(a))
		}
	}
	return a
}

// lacks fails when a page says one of the texts.
func (w *world) lacks(a answer, texts ...string) {
	w.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.text(), s) {
			w.t.Errorf("%s says %q", a.path, s)
		}
	}
}

// plainText is the main part of a page without markup, for messages of tests.
func plainText(a answer) string {
	text := a.text()
	if i := strings.Index(text, "<main"); i >= 0 {
		text = text[i:]
	}
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " ")), " ")
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// sheetOf is a form that can be saved.
func sheetOf(title string, more ...string) url.Values {
	v := form("title", title, "summary", "Từ 1/12/2026, người dân nộp giấy tờ đất ở trụ sở mới.", "source_kind", items.SourceDepartment, "topics", items.TopicReform, "step", "save")
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// write saves a new item and returns its number.
func (w *world) write(title string, more ...string) int64 {
	w.t.Helper()
	a := w.wants(w.post(newPath, sheetOf(title, more...)), http.StatusOK, title, "Đã lưu")
	id, err := strconv.ParseInt(strings.TrimPrefix(a.path, listPath+"/"), 10, 64)
	must(w.t, err)
	return id
}

func (w *world) item(id int64) items.Item {
	w.t.Helper()
	it, err := w.desk.Get(w.t.Context(), id, items.Actor{Officer: w.people[editor].Officer})
	must(w.t, err)
	return it
}

func (w *world) version(id int64) string { return strconv.FormatInt(w.item(id).Version, 10) }

// act presses a button of an item's page.
func (w *world) act(id int64, a items.Action, pairs ...string) answer {
	w.t.Helper()
	return w.post(actPath(id, a), form(append([]string{"version", w.version(id)}, pairs...)...))
}

// approved brings an item to its approval.
func (w *world) approved(title string, more ...string) int64 {
	w.t.Helper()
	id := w.by(editor).write(title, more...)
	w.wants(w.act(id, items.Check), http.StatusOK, "Đã chuyển sang chờ duyệt")
	w.wants(w.by(second).act(id, items.Approve, "hash", w.item(id).Hash, "sure", "1"), http.StatusOK, "Đã duyệt")
	return id
}

// subscriber is a citizen who gets news at once.
func (w *world) subscriber(channel string) bot.Contact {
	w.t.Helper()
	ctx := w.t.Context()
	w.users++
	user := "u" + strconv.Itoa(w.users)
	var c bot.Contact
	for range 2 {
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
	must(w.t, w.works.Do(ctx, func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = w.desk.Agree(ctx, tx, c, "vi", version)
		return err
	}))
	return c
}

// run runs the sending job and delivers what is due; failing channels get a final refusal.
func (w *world) run(failing ...string) int {
	w.t.Helper()
	ctx, n := w.t.Context(), 0
	must(w.t, w.desk.RunSend(ctx, w.works))
	for _, channel := range []string{"telegram", "zalo", "webchat"} {
		list, err := w.store.Claim(ctx, channel, bot.LaneBroadcast, 50, time.Minute)
		must(w.t, err)
		for _, c := range list {
			n++
			must(w.t, w.store.Sent(ctx, c.Row, bot.Receipt{ID: "r" + strconv.FormatInt(c.Row, 10)}))
		}
	}
	must(w.t, w.desk.RunSend(ctx, w.works))
	return n
}

// picture is a small PNG.
func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		m.Set(x, x*48/64, color.RGBA{200, 30, 30, 255})
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.Bytes()
}

// idOf is the number of the item whose page an answer is.
func (w *world) idOf(a answer) int64 {
	w.t.Helper()
	id, err := strconv.ParseInt(strings.TrimPrefix(a.path, listPath+"/"), 10, 64)
	must(w.t, err)
	return id
}

// linking links an officer with a chat.
func linking(w *world, officer int64, p bot.PersonID) func(ctx context.Context, work *bot.Work) error {
	return func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return w.store.LinkOfficer(ctx, tx, officer, p)
	}
}
