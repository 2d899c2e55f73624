//go:build soak

package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/handlers/complaints/agencies"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// Sizes of the soak of complaints. Citizens come until the last kill, at most so many.
const (
	caseLines    = 8   // citizens who write at a time
	caseCitizens = 320 // the mailbox of the test holds 500 mails
	caseUp       = 2500 * time.Millisecond
	caseWait     = 10 * time.Minute // for the last answers, on a busy machine too; it is waited out only when one is lost
	caseBody     = "xa25.kinh-te@10507"
)

// TestSoakComplaints kills the program at random moments while citizens submit
// on a chat, the front desk forwards in the console and a body answers by the
// links of its mails, first an officer, then a leader. Whoever gets no answer to
// a request sends the very same once more. Afterwards no case is lost and none is
// there twice, what was acknowledged is there, once, and everybody has his answer.
//
//	go test -tags soak -run SoakComplaints -v ./cmd/cchcbot
func TestSoakComplaints(t *testing.T) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("SOAK_KILLS")); err == nil && n > 0 {
		kills = n
	}
	s := newCaseSoak(t)
	s.start()
	stop, end := make(chan struct{}), make(chan struct{})
	var writing, working sync.WaitGroup
	for range caseLines {
		writing.Go(func() { s.citizens(stop) })
	}
	working.Go(func() { s.frontDesk(end) })
	for i := range s.people {
		working.Go(func() { s.mailbox(i, end) })
	}
	for range kills {
		time.Sleep(rand.N(caseUp)) // any moment: a submit, a forward, an answer, a send
		s.kill()
		s.start()
	}
	close(stop)
	writing.Wait()
	deadline := time.Now().Add(caseWait)
	for s.waiting() > 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	close(end)
	working.Wait()
	s.end()
	s.check(kills)
}

// caseSoak is a soak with a mailbox, staff, and what each of them was promised.
type caseSoak struct {
	*soak
	mail   *fakemail.Server
	url    string
	people [2]agencies.Contact // officer and leader of the body
	desk   *caller
	number atomic.Int64
	cut    atomic.Int64 // requests that got no answer

	mu        sync.Mutex
	wrote     []caseWriter
	forwarded map[string]bool
	submitted map[string]bool
	approved  map[string]bool
}

type caseWriter struct {
	name string
	kind cases.Kind
}

// answerOf is what the body answers a case: nobody else gets these words.
func answerOf(code string) string {
	return "Phòng đã kiểm tra và cho làm xong việc " + code + " trong ngày."
}

func newCaseSoak(t *testing.T) *caseSoak {
	t.Helper()
	s := &caseSoak{soak: newSoak(t), forwarded: map[string]bool{}, submitted: map[string]bool{}, approved: map[string]bool{}}
	var err error
	if s.mail, err = fakemail.New(fakemail.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mail.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0") // the address stays the same, for links in mails
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + l.Addr().String()
	_ = l.Close()
	s.env = append(s.env, "CCHCBOT_LISTEN="+l.Addr().String(), "CCHCBOT_TRUSTED_PROXY=127.0.0.1",
		"CCHCBOT_SMTP_URL="+s.mail.URL(), "CCHCBOT_MAIL_FROM=hoidap@cchcbot.example")
	s.open(func(d *data) { s.staff(d) })
	return s
}

// open opens the data folder while no process has it.
func (s *caseSoak) open(f func(d *data)) {
	s.t.Helper()
	d, err := openData(context.Background(), &Config{Data: s.data, LogLevel: "error"}, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	f(d)
	if err := d.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// staff makes the contacts of the body and somebody at the front desk.
func (s *caseSoak) staff(d *data) {
	s.t.Helper()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	dir, err := loadDirectory(&Config{}, d)
	must(err)
	book, err := newBook(d, dir, houseOptions{Now: time.Now})
	must(err)
	ctx := context.Background()
	must(d.write(ctx, func(tx bot.Tx) error {
		for i, c := range []agencies.Contact{
			{Body: caseBody, Role: agencies.Officer, Name: "Trần Văn Cán", Email: "can@xa.example.vn", Active: true},
			{Body: caseBody, Role: agencies.Leader, Name: "Lê Thị Lãnh", Email: "lanh@xa.example.vn", Active: true},
		} {
			var err error
			if s.people[i], _, err = book.Save(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	}))
	front, ok := dir().FrontDesk()
	if !ok {
		s.t.Fatal("no front desk")
	}
	r := &running{t: s.t, program: &program{data: d}}
	s.desk = &caller{s: s, cookies: map[string]string{},
		account: r.officer("Phạm Thị Đầu Mối", "dau@staff.example.vn", bot.Grant{Role: bot.RoleController, Scope: bot.Scope{Agency: front.ID}})}
}

// citizens writes as one person after the other, each line of the form in its order.
func (s *caseSoak) citizens(stop <-chan struct{}) {
	for {
		n := s.number.Add(1)
		if n > caseCitizens {
			return
		}
		who := caseWriter{fmt.Sprintf("Nguyễn Thị Kín Tiếng %d", n), cases.Scene}
		lines := []string{fmt.Sprintf("đèn đường số %d ở phường Cẩm Thượng hỏng 3 hôm rồi", n), "Đúng", "đối diện cổng trường", "hôm nay", "Bỏ qua", "Không công khai", "Gửi"}
		if n%2 == 0 {
			who.kind = cases.Petition
			lines = []string{"/phananh", "Việc khác", "Kiến nghị khác", fmt.Sprintf("Xin xây thêm lớp mầm non số %d vì khu mới đông trẻ.", n), "giáo dục",
				"phường Thành Đông", "Bỏ qua", "Lê Kín Tiếng", "0987654321", "Không công khai", "Gửi"}
		}
		s.mu.Lock()
		s.wrote = append(s.wrote, who)
		s.mu.Unlock()
		for _, line := range lines {
			s.fake.Type(s.fake.Person(who.name), line)
			s.sent.Add(1)
			time.Sleep(rand.N(500 * time.Millisecond))
		}
		select {
		case <-stop:
			return
		case <-time.After(rand.N(2 * time.Second)):
		}
	}
}

// caller sends requests until they are answered, the same ones again.
type caller struct {
	s       *caseSoak
	account *staffAccount
	cookies map[string]string
	in      bool
	sent    int
}

var errOver = fmt.Errorf("the test is over")

// do sends a request again and again until the program answers it.
func (c *caller) do(end <-chan struct{}, method, at string, form url.Values) (answer, error) {
	for {
		a, err := c.once(method, at, form)
		if err == nil && a.status < 500 && a.status != http.StatusTooManyRequests {
			return a, nil
		}
		c.s.cut.Add(1)
		select {
		case <-end:
			return answer{}, errOver
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *caller) once(method, at string, form url.Values) (answer, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, at, body)
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c.sent++
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.19.%d.%d", c.sent/5000%250, c.sent/20%250+1))
	for name, value := range c.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<20)); err != nil {
		return a, err
	}
	for _, k := range resp.Cookies() {
		c.cookies[k.Name] = k.Value
	}
	return a, nil
}

var (
	soakHidden  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	soakProblem = regexp.MustCompile(`(?s)role="alert".{0,300}`)
	soakHand    = regexp.MustCompile(`/console/complaints/case/([0-9A-Z]{4}-[0-9A-Z]{4})/do/forward`)
	soakCode    = regexp.MustCompile(`Mã của anh/chị: ([0-9A-Z]{4}-[0-9A-Z]{4})`)
	soakLink    = regexp.MustCompile(`/a/[A-Za-z0-9_.~-]+`)
)

func hiddenOf(a answer, pairs ...string) url.Values {
	v := url.Values{}
	for _, m := range soakHidden.FindAllStringSubmatch(string(a.body), -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// signIn needs both answers: a recovery code is good once, so a lost answer takes the next.
func (c *caller) signIn(end <-chan struct{}) bool {
	for !c.in && len(c.account.recovery) > 0 {
		if _, err := c.do(end, "POST", c.s.url+"/console/sign-in", url.Values{"email": {c.account.email}, "password": {consolePhrase}}); err != nil {
			return false
		}
		code := c.account.recovery[0]
		c.account.recovery = c.account.recovery[1:]
		a, err := c.do(end, "POST", c.s.url+"/console/sign-in/code", url.Values{"code": {code}})
		if err != nil {
			return false
		}
		c.in = a.status == http.StatusSeeOther && a.header.Get("Location") == "/console"
	}
	return c.in
}

// frontDesk forwards what it finds in its list.
func (s *caseSoak) frontDesk(end <-chan struct{}) {
	for {
		select {
		case <-end:
			return
		case <-time.After(rand.N(300 * time.Millisecond)):
		}
		if !s.desk.signIn(end) {
			continue
		}
		list, err := s.desk.do(end, "GET", s.url+"/console/complaints/desk", nil)
		if err != nil {
			return
		}
		for _, m := range soakHand.FindAllStringSubmatch(string(list.body), -1) {
			at := s.url + m[0]
			form, err := s.desk.do(end, "GET", at, nil)
			if err != nil {
				return
			}
			if form.status != http.StatusOK {
				continue // it left the desk meanwhile
			}
			a, err := s.desk.do(end, "POST", at, hiddenOf(form, "agency", caseBody))
			if err != nil {
				return
			}
			if a.status == http.StatusSeeOther {
				s.note(s.forwarded, m[1])
			} else {
				s.t.Errorf("forwarding %s is answered %d", m[1], a.status)
			}
		}
	}
}

func (s *caseSoak) note(in map[string]bool, code string) {
	s.mu.Lock()
	in[code] = true
	s.mu.Unlock()
}

// mailbox does what the mails of one person ask for.
func (s *caseSoak) mailbox(person int, end <-chan struct{}) {
	c := &caller{s: s, cookies: map[string]string{}, sent: 100_000 * (person + 1)}
	seen := map[string]bool{}
	for {
		for _, m := range s.mail.To(s.people[person].Email) {
			link := soakLink.FindString(m.Text)
			if link == "" || seen[link] {
				continue
			}
			seen[link] = true
			if strings.Contains(m.Subject, "xác nhận") {
				if link = s.confirmByLink(c, end, link); link == "" || seen[link] {
					continue
				}
				seen[link] = true
			}
			if person == 0 {
				s.submitByLink(c, end, link)
			} else {
				s.approveByLink(c, end, link)
			}
		}
		select {
		case <-end:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// confirmByLink confirms the address and returns the link to the case that the mail was about.
func (s *caseSoak) confirmByLink(c *caller, end <-chan struct{}, link string) string {
	page, err := c.do(end, "GET", s.url+link, nil)
	if err != nil {
		return ""
	}
	if form := hiddenOf(page); form.Get("form") != "" { // not confirmed by an earlier mail
		if _, err = c.do(end, "POST", s.url+link+"/confirm", form); err == nil {
			page, err = c.do(end, "GET", s.url+link, nil)
		}
		if err != nil {
			return ""
		}
	}
	m := soakOpen.FindStringSubmatch(string(page.body))
	if m == nil {
		s.t.Errorf("confirming %d leads to no case", page.status)
		return ""
	}
	return m[1]
}

var soakOpen = regexp.MustCompile(`<a class="button" href="(/a/[A-Za-z0-9_.~-]+)"`)

var soakTitle = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)

func (s *caseSoak) submitByLink(c *caller, end <-chan struct{}, link string) {
	at := s.url + link + "/answer"
	form, err := c.do(end, "GET", at, nil)
	if err != nil || form.status != http.StatusOK {
		return // answered already: a second mail of the same case
	}
	code := soakTitle.FindString(string(form.body))
	a, err := c.do(end, "POST", at, hiddenOf(form, "text", answerOf(code), "basis", "Điều 118 Luật Xây dựng", "every_point", "1", "next_step", "1",
		"no_photo", "trời tối", "sure", "1"))
	if err != nil {
		return
	}
	if a.status == http.StatusSeeOther {
		s.note(s.submitted, code)
	} else {
		s.t.Errorf("the answer to %s is answered %d", code, a.status)
	}
}

func (s *caseSoak) approveByLink(c *caller, end <-chan struct{}, link string) {
	at := s.url + link + "/approve"
	form, err := c.do(end, "GET", at, nil)
	if err != nil || form.status != http.StatusOK {
		return
	}
	code := soakTitle.FindString(string(form.body))
	a, err := c.do(end, "POST", at, hiddenOf(form, "sure", "1"))
	if err != nil {
		return
	}
	if a.status == http.StatusSeeOther {
		s.note(s.approved, code)
	} else {
		s.t.Errorf("the approval of %s is answered %d: %s", code, a.status, soakProblem.FindString(string(a.body)))
	}
}

// shown are the codes and the answers that a citizen's chat shows.
func (s *caseSoak) shown(w caseWriter) (codes []string, answers int) {
	shown := s.fake.Shown(s.fake.Person(w.name).ID)
	for _, m := range shown {
		if c := soakCode.FindStringSubmatch(m.Text); c != nil && !slices.Contains(codes, c[1]) {
			codes = append(codes, c[1])
		}
	}
	for _, m := range shown {
		if len(codes) > 0 && strings.Contains(m.Text, answerOf(codes[0])) {
			answers++
		}
	}
	return codes, answers
}

func (s *caseSoak) writers() []caseWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrote)
}

func (s *caseSoak) waiting() (n int) {
	for _, w := range s.writers() {
		if _, answers := s.shown(w); answers == 0 {
			n++
		}
	}
	return n
}

// check holds what is in the folder, and what everybody saw, against what was done.
func (s *caseSoak) check(kills int) {
	s.t.Helper()
	lost, unanswered, again := 0, 0, 0
	all := map[string]caseWriter{}
	for _, w := range s.writers() {
		codes, answers := s.shown(w)
		switch {
		case len(codes) != 1:
			lost++
			s.t.Errorf("%s has the codes %v, not one", w.kind, codes)
			continue
		case answers == 0:
			unanswered++
		}
		again += max(0, answers-1)
		all[codes[0]] = w
	}
	s.t.Logf("%d kills, %d requests cut off and sent again; %d citizens, %d messages; %d cases, %d forwarded, %d answers submitted, %d approved; %d without a case, %d without an answer, %d answers came twice",
		kills, s.cut.Load(), len(s.writers()), s.sent.Load(), len(all), len(s.forwarded), len(s.submitted), len(s.approved), lost, unanswered, again)
	if lost+unanswered > 0 {
		s.t.Errorf("%d cases and %d answers were lost", lost, unanswered)
	}
	// A kill between send and receipt repeats at most the sends under way: eight to a channel.
	if again > kills*8 {
		s.t.Errorf("%d answers came twice, more than %d kills explain", again, kills)
	}
	s.open(func(d *data) { s.checkFolder(d, all) })
	s.checkWords()
}

func (s *caseSoak) checkFolder(d *data, all map[string]caseWriter) {
	s.t.Helper()
	ctx := context.Background()
	number := func(query string, args ...any) (n int) {
		s.t.Helper()
		if err := d.db.Read().QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			s.t.Fatal(err)
		}
		return n
	}
	for what, n := range map[string]int{
		"cases":                     number(`select count(*) from complaints_cases`),
		"cases filed":               number(`select count(*) from complaints_entries where action = 'file'`),
		"answers":                   number(`select count(*) from complaints_answers`),
		"cases answered":            number(`select count(*) from complaints_cases where state = 'answered'`),
		"approvals":                 number(`select count(*) from complaints_entries where action = 'approve'`),
		"submissions":               number(`select count(*) from complaints_entries where action = 'submit'`),
		"counted in the last state": number(`select coalesce(sum(n), 0) from complaints_counts where state = 'answered'`),
		"counted in all states":     number(`select coalesce(sum(n), 0) from complaints_counts`),
	} {
		if n != len(s.wrote) {
			s.t.Errorf("%d %s, want %d", n, what, len(s.wrote))
		}
	}
	if n := number(`select count(*) from (select lead, state, count(*) as n from complaints_cases group by lead, state) as r
		left join complaints_counts c on c.lead = r.lead and c.state = r.state where c.n is null or c.n <> r.n`); n > 0 {
		s.t.Errorf("%d counts differ from the rows", n)
	}
	dir, err := directory.Load(directory.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	desk, err := caseDesk(d, func() *directory.Directory { return dir }, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	system := cases.Actor{Kind: cases.System, Via: "job"}
	petitions := 0
	for code, w := range all {
		c, err := desk.ByCode(ctx, code, system)
		if err != nil {
			s.t.Errorf("a citizen has a code and the folder has no case: %v", err)
			continue
		}
		answers, err := desk.Answers(ctx, c.ID, system)
		if err != nil {
			s.t.Fatal(err)
		}
		if c.Kind != w.kind || len(answers) != 1 || answers[0].Text != answerOf(code) {
			s.t.Errorf("%s: %s with %d answers", code, c.Kind, len(answers))
		}
		forwards := number(`select count(*) from complaints_entries where action = 'forward' and case_id = $1`, c.ID)
		want := 0
		if w.kind == cases.Petition {
			petitions, want = petitions+1, 1
		}
		if forwards != want {
			s.t.Errorf("%s (%s) was forwarded %d times", code, w.kind, forwards)
		}
	}
	for name, acked := range map[string]map[string]bool{"forward": s.forwarded, "submit": s.submitted, "approve": s.approved} {
		for code := range acked {
			if n := number(`select count(*) from complaints_entries e join complaints_cases c on c.id = e.case_id where c.code = $1 and e.action = $2`, code, name); n != 1 {
				s.t.Errorf("%s of %s was acknowledged, and is there %d times", name, code, n)
			}
		}
	}
	lines, broken, err := d.store.VerifyAudit(ctx)
	if err != nil || broken != 0 {
		s.t.Errorf("the audit trail breaks at line %d: %v", broken, err)
	}
	s.t.Logf("%d of %d cases went over the front desk; the audit trail of %d lines is whole", petitions, len(all), lines)
}

// checkWords reads everything all processes logged, at level debug.
func (s *caseSoak) checkWords() {
	s.t.Helper()
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, secret := range []string{soakToken, "Kín Tiếng", "đèn đường", "mầm non", "0987654321", "example.vn", "/a/A", "Phòng đã kiểm tra"} {
		if i := strings.Index(string(log), secret); i >= 0 {
			s.t.Errorf("the log holds %q: %.300s", secret, log[max(0, i-200):])
		}
	}
}
