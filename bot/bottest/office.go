package bottest

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
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/knowledge/vietnamese"
)

// Office is the console for tests of its pages: people with roles, and the browser of whoever
// visits now. Pages stand behind the guard and the check of the origin, as in the program.
// Every page that is fetched is looked at: it shows no markup that people typed, no text key, no value that a template refused.
type Office struct {
	Console *web.Console
	Log     bytes.Buffer
	// Evil is markup that people of the test type; a page that shows it as such fails the test.
	Evil []string

	t      testing.TB
	keys   *regexp.Regexp
	people map[string]bot.Signed // by token
	as     string
	server http.Handler
	flash  []*http.Cookie
}

// NewOffice makes the console of one feature, whose text keys begin with its name.
func NewOffice(t testing.TB, feature string, texts bot.Texts, now func() time.Time, nav func() []bot.Nav) *Office {
	t.Helper()
	o := &Office{t: t, keys: regexp.MustCompile(regexp.QuoteMeta(feature) + `\.[a-z_]+`), people: map[string]bot.Signed{}}
	var err error
	o.Console, err = web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: o, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: now, Log: o.Logger(), Nav: nav})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Logger logs into Log, at level debug.
func (o *Office) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&o.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Catalog is a feature's words as they stand in a folder of the repository: "../text" for a part of it.
func Catalog(t testing.TB, folder string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	files, err := filepath.Glob(filepath.Join(folder, "*.toml"))
	for _, f := range files {
		b, rerr := os.ReadFile(f)
		if rerr != nil {
			err = rerr
		}
		out["text/"+filepath.Base(f)] = &fstest.MapFile{Data: b}
	}
	if err != nil || len(files) == 0 {
		t.Fatalf("catalog of %s: %d files, %v", folder, len(files), err)
	}
	return out
}

// Signed implements web.Accounts.
func (o *Office) Signed(_ context.Context, token string) (bot.Signed, error) {
	s, ok := o.people[token]
	if !ok {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	return s, nil
}

// Token is the sign-in of a person of a test, named by one capital letter.
func Token(letter string) string { return strings.Repeat(letter, 26) }

// Hire makes an account, and lets it visit by the token.
func (o *Office) Hire(s *store.Store, token, name string, grants ...bot.Grant) {
	o.t.Helper()
	ctx := o.t.Context()
	id, err := s.SaveOfficer(ctx, bot.Officer{Name: name, Active: true, Grants: grants, Email: fmt.Sprintf("%s@example.org", strings.ToLower(token[:1]))}, "cli")
	if err != nil {
		o.t.Fatal(err)
	}
	officer, err := s.Officer(ctx, id)
	if err != nil {
		o.t.Fatal(err)
	}
	o.people[token] = bot.Signed{Session: id, Officer: officer, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
}

// Serve opens the pages.
func (o *Office) Serve(pages ...bot.Page) {
	mux := http.NewServeMux()
	for _, p := range pages {
		mux.Handle(p.Pattern, o.Console.Guard(p))
	}
	o.server = http.NewCrossOriginProtection().Handler(mux)
}

// By makes somebody else visit, in a browser that has seen nothing.
func (o *Office) By(token string) *Office {
	o.as, o.flash = token, nil
	return o
}

// Shown is what a page answered.
type Shown struct {
	Status int
	Body   string // with entities as they came
	Header http.Header
	Path   string // where it was in the end
}

// Text is the page as it is read.
func (s Shown) Text() string { return html.UnescapeString(s.Body) }

// Get fetches a page; redirects are followed.
func (o *Office) Get(path string) Shown {
	o.t.Helper()
	return o.send(httptest.NewRequestWithContext(o.t.Context(), http.MethodGet, path, nil))
}

// Post sends a form, given as pairs of name and value.
func (o *Office) Post(path string, pairs ...string) Shown {
	o.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return o.Form(path, f)
}

// Form sends a form.
func (o *Office) Form(path string, f url.Values) Shown {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return o.send(r)
}

func (o *Office) send(r *http.Request) Shown {
	o.t.Helper()
	r.Host = "example.org"
	r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: o.as})
	for _, k := range o.flash {
		r.AddCookie(k)
	}
	rec := httptest.NewRecorder()
	o.server.ServeHTTP(rec, r)
	o.flash = nil
	for _, k := range rec.Result().Cookies() {
		if k.MaxAge >= 0 {
			o.flash = append(o.flash, k)
		}
	}
	if rec.Code == http.StatusSeeOther {
		return o.Get(rec.Header().Get("Location"))
	}
	s := Shown{rec.Code, rec.Body.String(), rec.Header(), r.URL.RequestURI()}
	o.look(s)
	return s
}

// look fails when a page shows what no page may show.
func (o *Office) look(s Shown) {
	o.t.Helper()
	if !strings.HasPrefix(s.Header.Get("Content-Type"), "text/html") {
		return
	}
	for _, evil := range o.Evil {
		if strings.Contains(s.Body, evil) {
			o.t.Errorf("%s shows what people typed as markup: %s", s.Path, evil)
		}
	}
	if m := o.keys.FindString(s.Body); m != "" {
		o.t.Errorf("%s shows the key %s", s.Path, m)
	}
	if strings.Contains(s.Body, "ZgotmplZ") {
		o.t.Errorf("%s has a value that the template refused", s.Path)
	}
}

// Wants fails unless the page has the status and says all of the texts.
func (o *Office) Wants(name string, s Shown, status int, texts ...string) Shown {
	o.t.Helper()
	if s.Status != status {
		o.t.Errorf("%s: status %d, want %d:\n%s", name, s.Status, status, s.main())
	}
	for _, text := range texts {
		if !strings.Contains(s.Text(), text) {
			o.t.Errorf("%s: %q is not on the page:\n%s", name, text, s.main())
		}
	}
	return s
}

// Lacks fails when the page says one of the texts.
func (o *Office) Lacks(name string, s Shown, texts ...string) {
	o.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.Text(), text) {
			o.t.Errorf("%s: %q is on the page", name, text)
		}
	}
}

var tags = regexp.MustCompile(`(?s)<[^>]*>|\n\s*\n`)

// main is the page's middle without markup, for messages.
func (s Shown) main() string {
	page := s.Text()
	if i := strings.Index(page, "<main"); i >= 0 {
		page = page[i:]
	}
	return tags.ReplaceAllString(page, "")
}

var (
	inputs    = regexp.MustCompile(`<input [^>]*name="([^"]+)"[^>]*>`)
	valueOf   = regexp.MustCompile(`value="([^"]*)"`)
	areas     = regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>`)
	selects   = regexp.MustCompile(`(?s)<select [^>]*name="([^"]+)".*?</select>`)
	chosen    = regexp.MustCompile(`value="([^"]*)" selected`)
	postForms = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
)

// Filled is the form of a page, or of a piece of one, as a browser would send it back untouched.
func Filled(page string) url.Values {
	f := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		value := valueOf.FindStringSubmatch(m[0])
		box := strings.Contains(m[0], `type="checkbox"`) || strings.Contains(m[0], `type="radio"`)
		if value != nil && (!box || strings.Contains(m[0], " checked")) {
			f.Add(m[1], html.UnescapeString(value[1]))
		}
	}
	for _, m := range areas.FindAllStringSubmatch(page, -1) {
		f.Add(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range selects.FindAllStringSubmatch(page, -1) {
		if v := chosen.FindStringSubmatch(m[0]); v != nil {
			f.Set(m[1], html.UnescapeString(v[1]))
		}
	}
	return f
}

// Press sends the form of a page that leads to an action, with pairs of name and value in place of what it holds. A page
// without the form sends the pairs alone.
func (o *Office) Press(page Shown, action string, pairs ...string) Shown {
	o.t.Helper()
	f := url.Values{}
	for _, m := range postForms.FindAllStringSubmatch(page.Body, -1) {
		if html.UnescapeString(m[1]) == action {
			f = Filled(m[2])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return o.Form(action, f)
}

// Undo presses the undo button of a page.
func (o *Office) Undo(page Shown) Shown {
	o.t.Helper()
	_, flash, ok := strings.Cut(page.Body, `<div class="flash`)
	m := postForms.FindStringSubmatch(flash)
	if !ok || m == nil {
		o.t.Fatalf("there is no undo:\n%s", page.main())
	}
	return o.Form(html.UnescapeString(m[1]), Filled(m[2]))
}
