package main

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

const consolePhrase = "con mèo ngủ trưa"

// staffer is an officer's browser, each request from another address, so that
// the limits per address stay out of the way.
type staffer struct {
	t       testing.TB
	r       *running
	cookies map[string]string
	sent    int
	home    int
}

func (r *running) staffer(n int) *staffer {
	return &staffer{t: r.t, r: r, cookies: map[string]string{}, home: n}
}

// do sends a request and keeps the cookies of the answer. A redirect is not followed.
func (s *staffer) do(method, path string, form url.Values, header ...string) answer {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, s.r.server.PublicURL()+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.send(req)
}

// send sends a request as this officer's browser.
func (s *staffer) send(req *http.Request) answer {
	s.t.Helper()
	s.sent++
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.19.%d.%d", s.home, s.sent/20%250+1))
	for name, value := range s.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, 8<<20)); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		if s.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(s.cookies, c.Name)
		}
	}
	return a
}

func (s *staffer) get(path string) answer { s.t.Helper(); return s.do("GET", path, nil) }

// post sends a form, given as pairs.
func (s *staffer) post(path string, pairs ...string) answer {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return s.do("POST", path, form)
}

// staffAccount is an officer who can sign in, with recovery codes for the second factor if he has one.
type staffAccount struct {
	id       int64
	email    string
	recovery []string
}

// officer makes an account through the store.
func (r *running) officer(name, email string, grants ...bot.Grant) *staffAccount {
	r.t.Helper()
	ctx := r.t.Context()
	a := &staffAccount{email: email}
	var err error
	must := func(e error) {
		r.t.Helper()
		if e != nil {
			r.t.Fatal(e)
		}
	}
	a.id, err = r.data.store.SaveOfficer(ctx, bot.Officer{Name: name, Email: email, Active: true, Grants: grants}, "test")
	must(err)
	link, _, err := r.data.store.Invite(ctx, a.id, false, "test")
	must(err)
	_, _, err = r.data.store.AcceptInvitation(ctx, link, bot.Acceptance{Password: consolePhrase})
	must(err)
	if (bot.Officer{Active: true, Grants: grants}).NeedsSecond() {
		must(r.data.store.BeginSecond(ctx, a.id, ""))
		_, secret, err := r.data.store.PendingSecond(ctx, a.id)
		must(err)
		a.recovery, err = r.data.store.EndSecond(ctx, a.id, 0, totp(r.t, secret, time.Now()))
		must(err)
	}
	return a
}

// signIn goes through the pages as a person would.
func (s *staffer) signIn(a *staffAccount) {
	s.t.Helper()
	got := s.post("/console/sign-in", "email", a.email, "password", consolePhrase)
	if len(a.recovery) > 0 {
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), web.CodePath) {
			s.t.Fatalf("the password leads to %d %q: %s", got.status, got.header.Get("Location"), got.body)
		}
		got = s.post("/console/sign-in/code", "code", a.recovery[0])
		a.recovery = a.recovery[1:]
	}
	if got.status != http.StatusSeeOther || got.header.Get("Location") != web.HomePath {
		s.t.Fatalf("the sign-in leads to %d %q: %s", got.status, got.header.Get("Location"), got.body)
	}
}

func (s *staffer) signedIn() bool { return s.get(web.HomePath).status == http.StatusOK }

// consolePages are the pages behind the guard, of all features.
func (r *running) consolePages() []bot.Page {
	var out []bot.Page
	for _, f := range r.house.features {
		for _, p := range f.Pages {
			if _, path, _ := strings.Cut(p.Pattern, " "); len(p.Roles) > 0 || strings.HasPrefix(path, "/console") {
				out = append(out, p)
			}
		}
	}
	return out
}

var placeholderOf = regexp.MustCompile(`\{[^}]*\}`)

// request is a request that a page's pattern takes; placeholders name nothing there is.
func request(p bot.Page) (method, path string) {
	method, path, ok := strings.Cut(p.Pattern, " ")
	if !ok {
		method, path = "GET", p.Pattern
	}
	path = strings.TrimSuffix(path, "{$}")
	return method, placeholderOf.ReplaceAllString(path, "99999999")
}

// TestEveryPageWithEveryRole: who may see a page sees it, everybody else is led
// to the sign-in or reads who can help. New pages of any feature are covered as they are registered.
func TestEveryPageWithEveryRole(t *testing.T) {
	r := launch(t, believed())
	pages := r.consolePages()
	roles := append([]bot.Role{"nobody", "none"}, bot.Roles()...)
	checked := 0
	for i, role := range roles {
		s := r.staffer(i + 1)
		var a *staffAccount
		var grants []bot.Grant
		if role != "nobody" {
			if role != "none" {
				grants = []bot.Grant{{Role: role}}
			}
			a = r.officer("Cán bộ "+string(role), string(role)+"@haiduong.gov.vn", grants...)
		}
		for _, p := range pages {
			if a != nil && !s.signedIn() {
				s.signIn(a) // the page before signed out, as it should
			}
			method, path := request(p)
			var form url.Values
			if method != "GET" {
				form = url.Values{}
			}
			got := s.do(method, path, form)
			checked++
			to := got.header.Get("Location")
			refused := got.status == http.StatusForbidden && bytes.Contains(got.body, []byte("Trang này cần quyền khác"))
			switch allowed := (bot.Officer{Active: true, Grants: grants}).HasAny(p.Roles...); {
			case got.status >= 500:
				t.Errorf("%s to %s: %d %s", p.Pattern, role, got.status, got.body)
			case len(p.Roles) == 0: // the sign-in and its like
				if got.status == http.StatusForbidden {
					t.Errorf("%s to %s: %d, it is for everybody", p.Pattern, role, got.status)
				}
			case role == "nobody":
				if got.status != http.StatusSeeOther || !strings.HasPrefix(to, web.SignInPath) {
					t.Errorf("%s to nobody: %d %q, want the sign-in", p.Pattern, got.status, to)
				}
			case allowed:
				if refused || strings.HasPrefix(to, web.SignInPath) && path != web.SignOutPath {
					t.Errorf("%s to %s: %d %q, want the page", p.Pattern, role, got.status, to)
				}
			case !refused:
				t.Errorf("%s to %s: %d %q, want the refusal", p.Pattern, role, got.status, to)
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d pages were asked for", checked)
	}
	if strings.Contains(r.log.String(), "level=ERROR") {
		t.Errorf("errors were logged: %s", regexp.MustCompile(`(?m)^.*level=ERROR.*$`).FindString(r.log.String()))
	}
}

// TestNoPageOfTheConsoleIsOpenByMistake: what is public there is on this list.
func TestNoPageOfTheConsoleIsOpenByMistake(t *testing.T) {
	r := prepare(t, believed())
	public := []string{
		"GET /console/sign-in", "POST /console/sign-in", "GET /console/sign-in/code", "POST /console/sign-in/code",
		"POST /console/sign-out", "GET /console/invitation/{token}", "POST /console/invitation/{token}",
	}
	for _, p := range r.consolePages() {
		if len(p.Roles) == 0 && !slices.Contains(public, p.Pattern) {
			t.Errorf("%s is open to everybody", p.Pattern)
		}
	}
	for _, n := range r.house.nav() {
		if !slices.ContainsFunc(r.consolePages(), func(p bot.Page) bool { return p.Pattern == "GET "+n.Path }) {
			t.Errorf("the menu leads to %s, which nobody serves", n.Path)
		}
	}
}

// TestForgedRequestsAreRefused: a POST from another site changes nothing, on any page.
func TestForgedRequestsAreRefused(t *testing.T) {
	r := launch(t, believed())
	s := r.staffer(1)
	s.signIn(r.officer("Quản trị", "an@haiduong.gov.vn", bot.Grant{Role: bot.RoleOperator}))
	head, err := r.data.store.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range r.consolePages() {
		method, path := request(p)
		if method == "GET" {
			continue
		}
		n++
		for _, h := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
			if got := s.do(method, path, url.Values{"do": {"drop"}, "active": {"0"}}, h[0], h[1]); got.status != http.StatusForbidden {
				t.Errorf("%s with %s: %s: %d", p.Pattern, h[0], h[1], got.status)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d forms were tried", n)
	}
	after, err := r.data.store.AuditHead(t.Context())
	if err != nil || after != head || !s.signedIn() {
		t.Errorf("something was done: %v to %v, %v", head, after, err)
	}
}

// TestTheFirstAccount walks from the printed link to the start page, then invites somebody.
func TestTheFirstAccount(t *testing.T) {
	r := launch(t, believed())
	link, err := r.firstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link, r.server.PublicURL())
	s := r.staffer(1)
	if a := s.get(path); a.status != 200 || !bytes.Contains(a.body, []byte("Tạo tài khoản đầu tiên")) || strings.Contains(string(a.body), "<script>") {
		t.Fatalf("the link shows %d %s", a.status, a.body)
	}
	evil := `<script>alert(1)</script>`
	fill := []string{"name", "Nguyễn Văn " + evil, "email", "an@haiduong.gov.vn", "password", consolePhrase, "again", consolePhrase + "x", "lang", "vi", "form", "comrade"}
	if a := s.post(path, fill...); a.status != http.StatusUnprocessableEntity || !bytes.Contains(a.body, []byte(html.EscapeString(evil))) || bytes.Contains(a.body, []byte(evil)) {
		t.Fatalf("two different passwords: %d %s", a.status, a.body)
	}
	fill[7] = consolePhrase
	if a := s.post(path, fill...); a.status != http.StatusSeeOther || a.header.Get("Location") != web.HomePath {
		t.Fatalf("accepted: %d %s", a.status, a.body)
	}
	if a := r.staffer(2).get(path); a.status != http.StatusNotFound || !bytes.Contains(a.body, []byte("Lời mời này đã dùng rồi")) {
		t.Errorf("the link again: %d %s", a.status, a.body)
	}
	if again, err := r.firstLink(t.Context()); err != nil || again != "" {
		t.Errorf("a second first link: %q %v", again, err)
	}
	home := s.get(web.HomePath)
	if home.status != 200 || !bytes.Contains(home.body, []byte("Tổng quan")) || !bytes.Contains(home.body, []byte(`href="/console/letters?kind=failed"`)) {
		t.Fatalf("the start page: %d %s", home.status, home.body)
	}
	// Invite somebody whose name is a script; it is text wherever it stands.
	a := s.post("/console/users/new", "name", evil, "email", "hoa@haiduong.gov.vn", "role", "head", "agency", "Sở Nội vụ [hp-so-noi-vu]")
	found := regexp.MustCompile(`/console/invitation/[A-Z2-7]{26}`).FindString(string(a.body))
	if a.status != 200 || found == "" {
		t.Fatalf("inviting: %d %s", a.status, a.body)
	}
	if a := s.post("/console/users/new", "name", "Khác", "email", "HOA@haiduong.gov.vn", "role", "head"); a.status != 422 || !bytes.Contains(a.body, []byte("đã thuộc về người dùng khác")) {
		t.Errorf("the same address twice: %d %s", a.status, a.body)
	}
	for _, page := range []string{"/console/users", "/console/users/2", "/console/audit", "/console/account", web.HomePath, "/console/users?q=%3Cscript%3E", "/console/audit?thing=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"} {
		if a := s.get(page); a.status != 200 || bytes.Contains(a.body, []byte("<script>")) {
			t.Errorf("%s: %d, or a script of somebody's", page, a.status)
		}
	}
	// The invited one is a head: the second factor comes before anything else.
	hoa := r.staffer(3)
	if a := hoa.post(found, "password", "quê hương mùa lúa", "again", "quê hương mùa lúa"); a.status != http.StatusSeeOther {
		t.Fatalf("accepting: %d %s", a.status, a.body)
	}
	if a := hoa.get(web.HomePath); a.status != http.StatusSeeOther || a.header.Get("Location") != web.SetUpPath {
		t.Errorf("a head without a second factor: %d %q", a.status, a.header.Get("Location"))
	}
	hoa.post(web.SetUpPath+"/begin", "password", "")
	page := hoa.get(web.SetUpPath)
	secret := strings.ReplaceAll(regexp.MustCompile(`<span class="code">([A-Z2-7 ]+)</span>`).FindStringSubmatch(string(page.body) + `<span class="code">A</span>`)[1], " ", "")
	if png := hoa.get(web.SetUpPath + "/qr.png"); png.status != 200 || !bytes.HasPrefix(png.body, []byte("\x89PNG")) {
		t.Errorf("the QR code: %d", png.status)
	}
	done := hoa.post(web.SetUpPath, "code", totp(t, secret, time.Now()))
	if n := len(regexp.MustCompile(`<li>[a-z2-7]{5}-[a-z2-7]{5}</li>`).FindAll(done.body, -1)); done.status != 200 || n != 10 {
		t.Fatalf("%d recovery codes, %d %s", n, done.status, done.body)
	}
	if a := hoa.get(web.HomePath); a.status != 200 {
		t.Errorf("with a second factor: %d", a.status)
	}
	// Disabled: the next request is nobody's; undone: she may sign in again.
	off := s.post("/console/users/2/active", "active", "0")
	if off.status != http.StatusSeeOther {
		t.Fatal(off.status)
	}
	if a := s.get(off.header.Get("Location")); !bytes.Contains(a.body, []byte("Hoàn tác")) || bytes.Contains(a.body, []byte("<script>")) {
		t.Errorf("the confirmation: %s", a.body)
	}
	if a := hoa.get(web.HomePath); a.status != http.StatusSeeOther {
		t.Errorf("disabled, and still in: %d", a.status)
	}
	// Nothing of it stands in the log.
	for _, s := range []string{consolePhrase, "haiduong.gov.vn", "Nguyễn Văn", found, secret, hoa.cookies["cchcbot_console"]} {
		if s != "" && strings.Contains(r.log.String(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
	if whole, broken, err := r.data.store.VerifyAudit(t.Context()); err != nil || broken != 0 || whole < 8 {
		t.Errorf("the trail: %d whole, broken at %d, %v", whole, broken, err)
	}
	if a := s.post("/console/audit/verify"); a.status != 200 || !bytes.Contains(a.body, []byte("Nhật ký nguyên vẹn")) {
		t.Errorf("verified: %d %s", a.status, a.body)
	}
}

// TestTheWayIn: no open redirect, no fixed session, no oracle, a lock that says until when.
func TestTheWayIn(t *testing.T) {
	r := launch(t, believed())
	a := r.officer("Phạm Thị Hoa", "hoa@haiduong.gov.vn", bot.Grant{Role: bot.RoleOfficer})
	for next, want := range map[string]string{
		"/console/account": "/console/account", "https://evil.example/": "/console", "//evil.example": "/console", `/\evil.example`: "/console", "/chat": "/console",
	} {
		s := r.staffer(1)
		if got := s.post("/console/sign-in", "email", a.email, "password", consolePhrase, "next", next); got.header.Get("Location") != want {
			t.Errorf("next=%s leads to %q, want %q", next, got.header.Get("Location"), want)
		}
		if got := r.staffer(2).get("/console/sign-in?next=" + url.QueryEscape(next)); !bytes.Contains(got.body, []byte(`name="next" value="`+want+`"`)) {
			t.Errorf("next=%s stands in the page otherwise than as %q", next, want)
		}
	}
	// A token that somebody planted before is not the one after.
	s := r.staffer(3)
	s.cookies["cchcbot_console"] = strings.Repeat("A", 26)
	s.signIn(a)
	first := s.cookies["cchcbot_console"]
	if first == strings.Repeat("A", 26) {
		t.Error("a planted token was signed in")
	}
	s.signIn(a)
	old := r.staffer(4)
	if old.cookies["cchcbot_console"] = first; s.cookies["cchcbot_console"] == first || old.signedIn() {
		t.Error("a new sign-in leaves the old token good")
	}
	leave := s.post("/console/sign-out")
	if s.cookies["cchcbot_console"] != "" || leave.status != http.StatusSeeOther {
		t.Errorf("signing out: %d, %v", leave.status, s.cookies)
	}
	// A wrong address reads the same as a wrong password, and so does the lock.
	plain := func(a answer, email string) string { return strings.ReplaceAll(string(a.body), email, "X") }
	var said [2][]string
	for i, email := range []string{a.email, "ai@haiduong.gov.vn"} {
		s := r.staffer(10 + i)
		for range 6 {
			got := s.post("/console/sign-in", "email", email, "password", "sai mật khẩu rồi")
			said[i] = append(said[i], fmt.Sprint(got.status)+regexp.MustCompile(`\d\d:\d\d( \d\d/\d\d/\d{4})?`).ReplaceAllString(plain(got, email), "T"))
		}
	}
	if !slices.Equal(said[0], said[1]) || !strings.HasPrefix(said[0][0], "422") || !strings.HasPrefix(said[0][5], "429") || !strings.Contains(said[0][5], "Chờ đến T") {
		t.Errorf("a stranger learns who there is, or is not told: %q %q", said[0], said[1])
	}
}

// TestSomebodyElsesSignIn cannot be ended, and is not there.
func TestSomebodyElsesSignIn(t *testing.T) {
	r := launch(t, believed())
	hoa, an := r.staffer(1), r.staffer(2)
	h := r.officer("Hoa", "hoa@haiduong.gov.vn", bot.Grant{Role: bot.RoleOfficer})
	hoa.signIn(h)
	an.signIn(r.officer("An", "an@haiduong.gov.vn", bot.Grant{Role: bot.RoleOfficer}))
	list, err := r.data.store.SignIns(t.Context(), h.id)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, x := range list {
		if got := an.post("/console/account/sign-ins", "id", fmt.Sprint(x.ID)); got.status != http.StatusNotFound {
			t.Errorf("somebody else's sign-in: %d", got.status)
		}
	}
	if !hoa.signedIn() {
		t.Error("it was ended")
	}
}

// TestLetters tries a failed update again and gives another one up.
func TestLetters(t *testing.T) {
	r := launch(t, believed())
	op := r.officer("Quản trị", "an@haiduong.gov.vn", bot.Grant{Role: bot.RoleOperator})
	s := r.staffer(1)
	s.signIn(op)
	if a := s.get("/console/letters"); a.status != 200 || !bytes.Contains(a.body, []byte("Không có tin nào")) {
		t.Errorf("empty: %d %s", a.status, a.body)
	}
	v := r.visitor(1)
	v.ask("đăng ký kết hôn mất bao lâu")
	if _, err := r.data.db.Read().Exec("select 1"); err != nil {
		t.Fatal(err)
	}
	if err := r.data.write(t.Context(), func(tx bot.Tx) error {
		_, err := tx.ExecContext(t.Context(), `update inbox set state = 'failed', reason = 'panic'`)
		if err == nil {
			_, err = tx.ExecContext(t.Context(), `update outbox set state = 'dead', reason = 'delivery.reason_blocked', finished = queued`)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a := s.get("/console/letters?kind=dead")
	ids := regexp.MustCompile(`name="id" value="(\d+)"`).FindAllStringSubmatch(string(a.body), -1)
	if len(ids) == 0 || bytes.Contains(a.body, []byte("kết hôn")) {
		t.Fatalf("given up: %s", a.body)
	}
	if a := s.post("/console/letters?kind=dead", "id", ids[0][1], "do", "drop"); a.status != 422 || !bytes.Contains(a.body, []byte("Ghi lý do")) {
		t.Errorf("dropped without a reason: %d", a.status)
	}
	if a := s.post("/console/letters?kind=dead", "do", "retry"); a.status != 422 || !bytes.Contains(a.body, []byte("Đánh dấu")) {
		t.Errorf("nothing ticked: %d", a.status)
	}
	drop := s.post("/console/letters?kind=dead", "id", ids[0][1], "id", "999999", "do", "drop", "reason", "thử nghiệm")
	if a := s.get(drop.header.Get("Location")); !bytes.Contains(a.body, []byte("Đã bỏ 1 tin. 1 tin không còn")) {
		t.Errorf("dropped: %s", a.body)
	}
	failed := s.get("/console/letters?kind=failed")
	turn := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(string(failed.body))
	if turn == nil {
		t.Fatalf("failed: %s", failed.body)
	}
	if a := s.post("/console/letters?kind=failed", "id", turn[1], "do", "drop", "reason", "thử nghiệm"); a.status != http.StatusSeeOther {
		t.Errorf("given up: %d %s", a.status, a.body)
	}
	trail, err := r.data.store.ListAudit(t.Context(), bot.AuditFilter{Action: "outbox.dropped"})
	if err != nil || len(trail) != 1 || trail[0].Detail != "thử nghiệm" || trail[0].Actor != fmt.Sprintf("staff:%d", op.id) {
		t.Errorf("the trail says %+v, %v", trail, err)
	}
}
