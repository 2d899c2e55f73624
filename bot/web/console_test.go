package web

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/words"
)

const token = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// signedIn knows one token.
type signedIn struct{ s bot.Signed }

func (a signedIn) Signed(_ context.Context, t string) (bot.Signed, error) {
	if t != token {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	return a.s, nil
}

func officer(roles ...bot.Role) bot.Signed {
	o := bot.Officer{ID: 7, Name: "Phạm Thị <b>Hoa</b>", Active: true}
	for _, r := range roles {
		o.Grants = append(o.Grants, bot.Grant{Role: r})
	}
	return bot.Signed{Session: 3, Officer: o, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}
}

func newConsole(t testing.TB, s bot.Signed, change ...func(*ConsoleOptions)) *Console {
	t.Helper()
	texts, err := words.Load(words.Shared(), Texts())
	if err != nil {
		t.Fatal(err)
	}
	o := ConsoleOptions{
		Texts: texts, Accounts: signedIn{s}, Secret: []byte(strings.Repeat("s", 32)), Clean: strings.TrimSpace,
		Nav: func() []bot.Nav {
			return []bot.Nav{{Key: "web.menu", Path: "/console/open", Roles: []bot.Role{bot.AnyRole}}, {Key: "web.skip", Path: "/console/closed", Roles: []bot.Role{bot.RoleOwner}}}
		},
		Granters: func(context.Context) ([]string, error) { return []string{"Vũ <i>Văn</i> Quản"}, nil },
		Now:      func() time.Time { return time.Date(2026, 11, 23, 2, 12, 0, 0, time.UTC) },
		Log:      slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&o)
	}
	c, err := NewConsole(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// visit sends a request with the token, as the browser would.
func visit(h http.Handler, method, path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for _, k := range cookies {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var known = &http.Cookie{Name: "cchcbot_console", Value: token}

func hello(c *Console) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hello " + OfficerFrom(r.Context()).Name))
	})
}

func TestGuard(t *testing.T) {
	code, setup := officer(bot.RoleHead), officer(bot.RoleHead)
	code.Stage, setup.Stage = bot.StageCode, bot.StageSetUp
	owner := []bot.Role{bot.RoleOwner}
	for _, tt := range []struct {
		name   string
		signed bot.Signed
		roles  []bot.Role
		method string
		path   string
		cookie *http.Cookie
		status int
		to     string
	}{
		{"nobody", officer(), owner, "GET", "/console/x?a=1&b=2", nil, 303, "/console/sign-in?next=%2Fconsole%2Fx%3Fa%3D1%26b%3D2"},
		{"nobody posts", officer(), owner, "POST", "/console/x", nil, 303, "/console/sign-in"},
		{"a token nobody has", officer(bot.RoleOwner), owner, "GET", "/console/x", &http.Cookie{Name: "cchcbot_console", Value: strings.Repeat("A", 26)}, 303, "/console/sign-in?next=%2Fconsole%2Fx"},
		{"a token that cannot be one", officer(bot.RoleOwner), owner, "GET", "/console/x", &http.Cookie{Name: "cchcbot_console", Value: "'; drop"}, 303, "/console/sign-in?next=%2Fconsole%2Fx"},
		{"the right role", officer(bot.RoleOwner), owner, "GET", "/console/x", known, 200, ""},
		{"the wrong role", officer(bot.RoleHead), owner, "GET", "/console/x", known, 403, ""},
		{"no role, any asked", officer(), []bot.Role{bot.AnyRole}, "GET", "/console/x", known, 200, ""},
		{"the code is missing", code, []bot.Role{bot.RoleHead}, "GET", "/console/x", known, 303, CodePath},
		{"the second factor is missing", setup, []bot.Role{bot.RoleHead}, "GET", "/console/x", known, 303, SetUpPath},
		{"and may be set up", setup, []bot.Role{bot.AnyRole}, "GET", SetUpPath, known, 200, ""},
		{"a public page", officer(), nil, "GET", "/cong-khai", nil, 200, ""},
	} {
		c := newConsole(t, tt.signed)
		var cookies []*http.Cookie
		if tt.cookie != nil {
			cookies = append(cookies, tt.cookie)
		}
		w := visit(c.Guard(bot.Page{Roles: tt.roles, Handler: hello(c)}), tt.method, tt.path, cookies...)
		if w.Code != tt.status || w.Header().Get("Location") != tt.to {
			t.Errorf("%s: %d to %q, want %d to %q", tt.name, w.Code, w.Header().Get("Location"), tt.status, tt.to)
		}
	}
}

func TestTheRefusalSaysWhoCanHelp(t *testing.T) {
	c := newConsole(t, officer(bot.RoleHead))
	w := visit(c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: hello(c)}), "GET", "/console/x", known)
	body := w.Body.String()
	for _, want := range []string{"Cơ quan chủ trì", html.EscapeString("Vũ <i>Văn</i> Quản"), html.EscapeString("Phạm Thị <b>Hoa</b>"), `href="/console/open"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "<i>") || strings.Contains(body, "<b>") || strings.Contains(body, `href="/console/closed"`) {
		t.Errorf("the page shows too much: %s", body)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
}

func TestTheSignInWithoutHtmx(t *testing.T) {
	c := newConsole(t, officer())
	r := httptest.NewRequest("GET", "/console/x", nil)
	r.Header.Set("HX-Request", "true")
	w := httptest.NewRecorder()
	c.Guard(bot.Page{Roles: []bot.Role{bot.RoleHead}, Handler: hello(c)}).ServeHTTP(w, r)
	if w.Code != 204 || !strings.HasPrefix(w.Header().Get("HX-Redirect"), "/console/sign-in") {
		t.Errorf("a part of a page is answered with %d %v", w.Code, w.Header())
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/console/complaints/K7M3?tab=notes": "/console/complaints/K7M3?tab=notes",
		"/console":                           "/console",
		"":                                   "/console",
		"https://evil.example/console":       "/console",
		"//evil.example/console":             "/console",
		"/\\evil.example":                    "/console",
		"/console/../../evil":                "/console",
		"/console//evil.example":             "/console",
		"javascript:alert(1)":                "/console",
		"/consolex":                          "/console",
		"/chat":                              "/console",
		"/console/sign-in?next=/console":     "/console",
		"/console/sign-out":                  "/console",
		"/console/x\r\nSet-Cookie: a=b":      "/console",
	} {
		if got := LocalPath(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("/console/x?y=1")
	f.Add("//evil")
	f.Add("/console/%2e%2e/evil")
	f.Fuzz(func(t *testing.T, next string) {
		got := LocalPath(next)
		u, err := url.Parse(got)
		if err != nil || u.Host != "" || u.Scheme != "" || !below(u.Path, HomePath) || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n") {
			t.Errorf("%q leads to %q", next, got)
		}
	})
}

func FuzzCookies(f *testing.F) {
	c := newConsole(f, officer(bot.RoleOwner))
	f.Add(token, "x.y")
	f.Add("", strings.Repeat(".", 5000))
	f.Fuzz(func(t *testing.T, session, flash string) {
		r := httptest.NewRequest("GET", "/console/x", nil)
		r.Header.Set("Cookie", "cchcbot_console="+session+"; cchcbot_flash="+flash)
		if got := c.Token(r); got != "" && !tokenShaped(got) {
			t.Errorf("%q is taken for a token", got)
		}
		if k := c.readFlash(flash, "3"); k != nil {
			t.Errorf("a forged message is shown: %q", flash)
		}
	})
}

func TestCookies(t *testing.T) {
	plain, secure := newConsole(t, officer()), newConsole(t, officer(), func(o *ConsoleOptions) { o.PublicURL = "https://hoidap.example.vn" })
	for _, tt := range []struct {
		c      *Console
		name   string
		secure bool
	}{{plain, "cchcbot_console", false}, {secure, "__Host-cchcbot_console", true}} {
		w := httptest.NewRecorder()
		tt.c.SetToken(w, token)
		k := w.Result().Cookies()[0]
		if k.Name != tt.name || k.Secure != tt.secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.Value != token {
			t.Errorf("the cookie is %v", k)
		}
	}
}

// flashPage shows a form's page after a message was left for it.
func flashPage(t *testing.T, c *Console) *View {
	t.Helper()
	v, err := c.View(fstest.MapFS{"p.html": {Data: []byte(`{{define "title"}}t{{end}}{{define "main"}}main{{end}}`)}}, "p.html")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAMessageIsShownOnce(t *testing.T) {
	c := newConsole(t, officer(bot.RoleOwner))
	view := flashPage(t, c)
	post := c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.Done(w, r, "/console/x", Flash{Key: "web.rendered", Args: []any{"when", "<script>"}, Undo: &Undo{Path: "/console/back", Fields: map[string]string{"id": `"7`}}})
	})})
	get := c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.Render(w, r, 200, view, nil)
	})})
	w := visit(post, "POST", "/console/x", known)
	if w.Code != 303 || w.Header().Get("Location") != "/console/x" {
		t.Fatalf("answered %d %v", w.Code, w.Header())
	}
	left := w.Result().Cookies()[0]
	w = visit(get, "GET", "/console/x", known, left)
	body := w.Body.String()
	for _, want := range []string{"Trang lập lúc &lt;script&gt;", `action="/console/back"`, `value="&#34;7"`, "Hoàn tác"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q: %s", want, body)
		}
	}
	if k := w.Result().Cookies()[0]; k.Name != left.Name || k.MaxAge >= 0 {
		t.Errorf("the message stays: %v", k)
	}
	// Another officer's browser, or a changed one, shows nothing.
	other := officer(bot.RoleOwner)
	other.Session = 4
	c2 := newConsole(t, other)
	for name, h := range map[string]func() *http.Cookie{
		"another sign-in": func() *http.Cookie { return left },
		"changed":         func() *http.Cookie { k := *left; k.Value = "x" + k.Value; return &k },
	} {
		w := visit(c2.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c2.Render(w, r, 200, flashPage(t, c2), nil)
		})}), "GET", "/console/x", known, h())
		if strings.Contains(w.Body.String(), "flash") {
			t.Errorf("%s: the message is shown", name)
		}
	}
}

func TestAFormShowsWhatIsWrongBesideTheField(t *testing.T) {
	c := newConsole(t, officer(bot.RoleOwner))
	v, err := c.View(fstest.MapFS{"p.html": {Data: []byte(`{{define "title"}}t{{end}}{{define "main"}}
{{template "input" (input .F "email" "web.menu" "type=email" "required" "hint=web.skip")}}{{template "input" (input .F "word" "web.menu" "type=password" "required")}}
{{template "area" (input .F "note" "web.menu")}}{{template "select" (input .F "pick" "web.menu" .O)}}{{template "check" (input .F "yes" "web.menu")}}{{template "radios" (input .F "pick" "web.menu" .O)}}
{{template "pager" .P}}{{end}}`)}}, "p.html")
	if err != nil {
		t.Fatal(err)
	}
	h := c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := c.Form(r)
		if err != nil {
			c.Fail(w, r, err)
			return
		}
		f.Fail("email", "web.invalid")
		f.FailWith("note", &bot.Error{Code: bot.Conflict})
		if !f.Failed() || f.FailWith("x", errors.New("disk")) {
			t.Error("the form mistakes mistakes")
		}
		c.Render(w, r, 422, v, map[string]any{"F": f, "O": []Option{{"a", "A"}, {"b", "B<"}}, "P": PagerOf(r, "after", "5", "9")})
	})})
	r := httptest.NewRequest("POST", "/console/x?q=1", strings.NewReader(url.Values{"email": {`"><script>`}, "word": {"secret word"}, "note": {"</textarea>"}, "pick": {"b"}, "yes": {"1"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(known)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body := w.Body.String()
	for _, want := range []string{
		`aria-describedby="e-email"`, `id="e-email"`, "&lt;script&gt;", "&lt;/textarea&gt;", `<option value="b" selected>B&lt;</option>`, `name="yes" value="1" checked`, `value="b" checked`,
		"vừa được người khác", `href="/console/x?after=9&amp;q=1"`, `href="/console/x?q=1"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q: %s", want, body)
		}
	}
	if strings.Contains(body, "secret word") || strings.Contains(body, `"><script>`) {
		t.Error("the page shows what it must not")
	}
}

func TestVoices(t *testing.T) {
	for _, tt := range []struct{ lang, form, want string }{
		{"vi", bot.FormPlain, "Anh/chị tìm lại"}, {"vi", bot.FormComrade, "Đồng chí tìm lại"}, {"en", bot.FormComrade, "You can look"},
	} {
		s := officer(bot.RoleOwner)
		s.Lang, s.Form = tt.lang, tt.form
		c := newConsole(t, s)
		w := visit(c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: http.HandlerFunc(c.NotFound)}), "GET", "/console/x?lang=vi", known)
		if w.Code != 404 || !strings.Contains(w.Body.String(), tt.want) || !strings.Contains(w.Body.String(), `<html lang="`+tt.lang+`"`) {
			t.Errorf("%v: %d %s", tt, w.Code, w.Body)
		}
	}
}

func TestAssets(t *testing.T) {
	c := newConsole(t, officer())
	mux := http.NewServeMux()
	mux.Handle(AssetsPattern, c.Assets())
	for name := range c.assets {
		u, err := c.assetURL(name)
		if err != nil {
			t.Fatal(err)
		}
		if w := visit(mux, "GET", u); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", u, w.Code, w.Header())
		}
	}
	if w := visit(mux, "GET", "/assets/kit/..%2fpage%2flayout.html"); w.Code != 404 {
		t.Errorf("another file is served: %d", w.Code)
	}
}

func TestTimesAreVietnams(t *testing.T) {
	at := time.Date(2026, 11, 22, 18, 5, 0, 0, time.UTC)
	if Day(at) != "23/11/2026" || Clock(at) != "01:05" || When(at) != "01:05 23/11/2026" || Day(time.Time{}) != "–" {
		t.Error(Day(at), Clock(at), When(at), Day(time.Time{}))
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[int][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1.000", "1,000"}, 12345678: {"12.345.678", "12,345,678"}, -123: {"-123", "-123"}, -1234: {"-1.234", "-1,234"},
	} {
		if vi, en := Number("vi", n), Number("en", n); vi != want[0] || en != want[1] {
			t.Errorf("%d is %s and %s, want %v", n, vi, en, want)
		}
	}
}

// TestWordsOutliveTheSignIn: what was written while the sign-in ran out comes back to be copied.
func TestWordsOutliveTheSignIn(t *testing.T) {
	c := newConsole(t, officer(bot.RoleOfficer))
	page := c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOfficer}, Handler: http.NotFoundHandler()})
	post := func(form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/console/complaints/case/K7M3-9QX2/answer", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", "http://example.com/console/complaints/case/K7M3-9QX2")
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w
	}
	w := post(url.Values{"text": {"Đoạn đường này sẽ được vá xong <b>trước</b> ngày 30."}, "version": {"3"}})
	if body := w.Body.String(); w.Code != http.StatusUnauthorized || !strings.Contains(body, "vá xong &lt;b&gt;trước&lt;/b&gt; ngày 30.") ||
		!strings.Contains(body, "next=%2Fconsole%2Fcomplaints%2Fcase%2FK7M3-9QX2") {
		t.Errorf("%d\n%s", w.Code, body)
	}
	for name, form := range map[string]url.Values{
		"short":    {"text": {"đã xong"}},
		"password": {"password": {"một mật khẩu dài có nhiều chữ cách"}},
		"nothing":  {},
	} {
		if w := post(form); w.Code != http.StatusSeeOther || w.Header().Get("Location") != SignInPath {
			t.Errorf("%s: %d to %q", name, w.Code, w.Header().Get("Location"))
		}
	}
}

// TestWordsOutliveTheRight: what somebody wrote whose right was taken meanwhile comes back to be copied.
func TestWordsOutliveTheRight(t *testing.T) {
	c := newConsole(t, officer(bot.RoleHead))
	h := c.Guard(bot.Page{Roles: []bot.Role{bot.RoleOwner}, Handler: hello(c)})
	post := func(form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/console/x", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(known)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := post(url.Values{"text": {"Đoạn đường đã được vá xong <b>trước</b> ngày 30."}, "password": {"một câu rất dài để nhớ lâu"}})
	if body := w.Body.String(); w.Code != http.StatusForbidden || !strings.Contains(body, "vá xong &lt;b&gt;trước&lt;/b&gt; ngày 30.") ||
		strings.Contains(body, "để nhớ lâu") || !strings.Contains(body, "Cơ quan chủ trì") {
		t.Errorf("%d: %s", w.Code, body)
	}
	if w := post(url.Values{"text": {"ok"}}); strings.Contains(w.Body.String(), "textarea") {
		t.Errorf("nothing was written, and the page shows: %s", w.Body)
	}

	// Made a leader meanwhile, he has to set up a second factor first.
	leader := officer(bot.RoleHead)
	leader.Stage = bot.StageSetUp
	c = newConsole(t, leader)
	h = c.Guard(bot.Page{Roles: []bot.Role{bot.RoleHead}, Handler: hello(c)})
	w = post(url.Values{"text": {"Đoạn đường đã được vá xong trước ngày 30."}})
	if body := w.Body.String(); w.Code != http.StatusForbidden || !strings.Contains(body, "vá xong trước ngày 30.") || !strings.Contains(body, `href="`+SetUpPath+`"`) {
		t.Errorf("%d: %s", w.Code, body)
	}
}
