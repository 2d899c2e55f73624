package agencies

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/bot/delivery"
	"cchcbot/bot/email"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// Bodies of the tests, of the directory of November 2026.
const (
	commune = "xa25.kinh-te@10532" // leads cases of building in the commune w10532
	other   = "xa25.ubnd@10507"
	front   = "hp-tt-pvhcc"
)

// world is the whole path: citizens' cases on a real database, mails over a real
// mail server, pages over real HTTP, groups on a driver's channel.
type world struct {
	t       testing.TB
	bot     *bottest.Bot
	mail    *fakemail.Server
	url     string
	desk    *cases.Desk
	book    *Book
	service *service
	files   *media.Keeper
	console *web.Console
	staff   map[string]int64 // by token, who is signed in to the console
	client  *http.Client
	alerts  []string
	cases   int

	mu    sync.Mutex
	pages map[string]http.Handler
}

// lateTexts renders with the catalogs of a bot that is being put together.
type lateTexts struct{ b *bottest.Bot }

func (l lateTexts) Render(lang, key string, args map[string]any) (string, error) {
	return l.b.Words.Render(lang, key, args)
}

// paceless is the mail channel without its pace: the clock of tests stands still.
type paceless struct{ *email.Sender }

func (p paceless) Limits() bot.Limits {
	l := p.Sender.Limits()
	l.Pace = bot.Pace{}
	return l
}

// mould is shared by all bots of newWorld.
var mould bottest.Mould

func newWorld(t testing.TB, opt bottest.Options) *world {
	t.Helper()
	w := &world{t: t, staff: map[string]int64{}, pages: map[string]http.Handler{}}
	jar, err := cookiejar.New(nil)
	w.must(err)
	w.client = &http.Client{Jar: jar, Transport: &http.Transport{}}
	w.mail, err = fakemail.New(fakemail.Options{})
	w.must(err)
	t.Cleanup(func() { w.must(w.mail.Close()) })
	if opt.Start.IsZero() {
		opt.Start = time.Date(2026, 11, 9, 9, 0, 0, 0, zone) // a Monday
	}
	clock := bottest.NewClock(opt.Start)
	sender, err := email.New(email.Options{URL: w.mail.URL(), From: "Trợ lý <hoidap@example.vn>", Now: clock.Now})
	w.must(err)
	server, err := web.New(web.Options{Listen: "127.0.0.1:0", Rate: bot.Rate{PerSecond: 1000, Burst: 10000}})
	w.must(err)
	w.url = server.PublicURL()
	opt.Channels = append(opt.Channels, paceless{sender})
	opt.Texts = append(opt.Texts, web.Texts(), email.Texts(), delivery.Texts(), os.DirFS(".."))
	opt.Build = func(b *bottest.Bot) ([]bot.Feature, error) { return w.build(b) }
	opt.Mould = &mould
	w.bot = bottest.New(t, opt)
	patterns := slices.Collect(func(yield func(string) bool) {
		for p := range w.pages {
			if !yield(p) {
				return
			}
		}
	})
	server.Handle(web.AssetsPattern, w.console.Assets())
	for _, p := range patterns {
		server.Handle(p, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			h := w.pages[p]
			w.mu.Unlock()
			h.ServeHTTP(rw, r)
		}), web.Body(maxFormBody))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) build(b *bottest.Bot) ([]bot.Feature, error) {
	all, err := province()
	if err != nil {
		return nil, err
	}
	dir := func() *directory.Directory { return all.At(b.Clock.Now()) }
	days, err := calendar.Load(calendar.Options{})
	if err != nil {
		return nil, err
	}
	w.files = b.Media
	w.desk, err = cases.New(cases.Options{
		Read: b.DB.Read(), Sealer: b.Sealer, Now: b.Clock.Now, Fold: vietnamese.Fold, Audit: b.Store.Audit, Forget: b.Store.ForgetThing,
		Directory: dir, Calendar: func() *calendar.Calendar { return days }, Media: w.files, Staff: b.Store,
	})
	if err != nil {
		return nil, err
	}
	w.book, err = NewBook(BookOptions{Read: b.DB.Read(), Sealer: b.Sealer, Directory: dir, Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: b.Clock.Now, ValidAddress: email.ValidAddress})
	if err != nil {
		return nil, err
	}
	w.console, err = web.NewConsole(web.ConsoleOptions{
		Texts: lateTexts{b}, Accounts: w, Secret: bytes.Repeat([]byte("c"), 32), Clean: vietnamese.Clean, Now: b.Clock.Now, PublicURL: w.url,
	})
	if err != nil {
		return nil, err
	}
	s, err := build(Options{
		Desk: w.desk, Book: w.book, Works: b.Works, Read: b.DB.Read(), Sealer: b.Sealer, Directory: dir,
		Calendar: func() *calendar.Calendar { return days }, Texts: lateTexts{b}, Langs: words.Langs[:], Staff: b.Store,
		LinkOfficer: b.Store.LinkOfficer, Sent: b.Store.SentThing, Files: Media(w.files), Console: w.console,
		Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: b.Clock.Now, PublicURL: w.url, Audit: b.Store.Audit,
		Has: func(name string) bool {
			return slices.ContainsFunc(b.Channels, func(c bot.Channel) bool { return c.Name() == name })
		},
		Alert: func(_ context.Context, text string) { w.alerts = append(w.alerts, text) },
	})
	if err != nil {
		return nil, err
	}
	w.service = s
	part := s.feature()
	w.mu.Lock()
	for _, p := range slices.Concat(part.Pages, w.files.Feature().Pages) {
		w.pages[p.Pattern] = w.console.Guard(p)
	}
	w.mu.Unlock()
	return []bot.Feature{{Name: "complaints_cases", Schema: cases.Schema()}, part, w.citizen()}, nil
}

// citizen is a feature that stands for the citizen's side: it files cases as a
// chat would, inside a turn.
func (w *world) citizen() bot.Feature {
	return bot.Feature{Name: "citizen", Routes: []bot.Route{{Command: "gui", Handle: func(ctx context.Context, t *bot.Turn) error {
		c, err := w.desk.Open(ctx, t.Work, w.draft(t.Arg()))
		if err != nil {
			return err
		}
		t.Reply(bot.Reply{Text: "đã gửi " + c.Code, Quiet: true})
		return nil
	}}}}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Signed implements web.Accounts for the officers that tests sign in.
func (w *world) Signed(ctx context.Context, token string) (bot.Signed, error) {
	id, ok := w.staff[token]
	if !ok {
		return bot.Signed{}, &bot.Error{Code: bot.NotFound}
	}
	o, err := w.bot.Store.Officer(ctx, id)
	return bot.Signed{Session: id, Officer: o, Lang: "vi", Form: bot.FormPlain, Stage: bot.StageOpen}, err
}

// officer adds a member of staff and signs him in to the console.
func (w *world) officer(name string, grants ...bot.Grant) (id int64, token string) {
	w.t.Helper()
	id, err := w.bot.Store.SaveOfficer(w.t.Context(), bot.Officer{Name: name, Email: strings.ToLower(vietnamese.Fold(name)) + "@staff.vn", Active: true, Grants: grants}, "test")
	w.must(err)
	token = strings.ReplaceAll(strings.ToUpper(hex.EncodeToString([]byte(fmt.Sprintf("signed-in-%03d", id)))), "0", "A")
	token = strings.Map(func(r rune) rune {
		if r >= '2' && r <= '7' || r >= 'A' && r <= 'Z' {
			return r
		}
		return 'B'
	}, token)[:26]
	w.staff[token] = id
	return id, token
}

func grant(r bot.Role, agency string) bot.Grant {
	return bot.Grant{Role: r, Scope: bot.Scope{Agency: agency}}
}

// contact adds a contact, who confirms his address by the link of a test message.
func (w *world) contact(body string, role Role, name string) Contact {
	w.t.Helper()
	return w.confirm(w.unconfirmed(body, role, name))
}

// confirm follows the link that confirms a contact's address.
func (w *world) confirm(c Contact) Contact {
	w.t.Helper()
	link := w.book.confirmLink(c, w.url, 0)
	w.post(link+"/confirm", w.get(link).wants(http.StatusOK, "Xác nhận đầu mối").hidden()).wants(http.StatusOK, "Đã xác nhận")
	c, err := w.book.Get(w.t.Context(), w.bot.DB.Read(), c.ID)
	w.must(err)
	return c
}

// unconfirmed adds a contact whose address nobody confirmed.
func (w *world) unconfirmed(body string, role Role, name string) Contact {
	w.t.Helper()
	var c Contact
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		c, _, err = w.book.Save(ctx, tx, Contact{Body: body, Role: role, Name: name, Email: strings.ToLower(vietnamese.Fold(name)) + "@haiphong.example.vn", Active: true})
		return err
	}))
	return c
}

func (w *world) do(f func(ctx context.Context, work *bot.Work) error) error {
	return w.bot.Works.Do(w.t.Context(), f)
}

// what the citizen of the tests writes; nothing of it that tells who wrote may reach an agency.
const (
	wrote  = "Nhà số 9 xây lấn ra ngõ <script>alert(1)</script>, tôi là Nguyễn Thị Lan, gọi 0912 345 678"
	hidden = "0912 345 678"
)

func (w *world) draft(what string) cases.Draft {
	w.cases++
	if what == "" {
		what = wrote
	}
	return cases.Draft{
		Conversation: fmt.Sprintf("c%d", w.cases), Kind: cases.Scene, Field: "xay-dung", What: what, Anyway: true,
		Place: cases.Place{ID: "w10532", Landmark: "cạnh chợ"}, Contact: cases.Contact{Name: "Nguyễn Thị Lan", Phone: hidden},
		Holder: cases.Holder{Person: bot.PersonID(100 + w.cases), To: bot.Address{Channel: bottest.FakeName, Chat: "lan"}, Lang: "vi"},
	}
}

// file opens a case.
func (w *world) file(change ...func(*cases.Draft)) cases.Case {
	w.t.Helper()
	d := w.draft("")
	for _, f := range change {
		f(&d)
	}
	var c cases.Case
	w.must(w.do(func(ctx context.Context, work *bot.Work) (err error) {
		c, err = w.desk.Open(ctx, work, d)
		return err
	}))
	w.settle()
	return c
}

func (w *world) settle() {
	w.t.Helper()
	w.must(w.bot.Settle(w.t.Context()))
}

// system looks at a case as a job does.
func (w *world) state(id int64) cases.Case {
	w.t.Helper()
	c, err := w.desk.Get(w.t.Context(), id, system)
	w.must(err)
	return c
}

// mailTo returns the newest mail to a contact.
func (w *world) mailTo(c Contact) fakemail.Mail {
	w.t.Helper()
	w.settle()
	all := w.mail.To(c.Email)
	if len(all) == 0 {
		w.t.Fatalf("%s got no mail", c.Name)
	}
	return all[len(all)-1]
}

// page is an answer of the server.
type page struct {
	t      testing.TB
	status int
	url    string
	body   string
	header http.Header
}

func (w *world) send(r *http.Request) page {
	w.t.Helper()
	res, err := w.client.Do(r)
	w.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return page{w.t, res.StatusCode, res.Request.URL.String(), string(b), res.Header}
}

func (w *world) request(method, at, token string, body io.Reader) *http.Request {
	w.t.Helper()
	if !strings.HasPrefix(at, "http") {
		at = w.url + at
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, at, body)
	w.must(err)
	r.Header.Set("Accept", "text/html")
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: token})
	}
	return r
}

func (w *world) get(at string, token ...string) page {
	w.t.Helper()
	return w.send(w.request(http.MethodGet, at, strings.Join(token, ""), nil))
}

// post sends the fields; files go as a multipart form.
func (w *world) post(at string, fields url.Values, token ...string) page {
	w.t.Helper()
	r := w.request(http.MethodPost, at, strings.Join(token, ""), strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

type upload struct {
	field, name string
	data        []byte
}

func (w *world) postFiles(at string, fields url.Values, token string, files ...upload) page {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, values := range fields {
		for _, v := range values {
			w.must(m.WriteField(name, v))
		}
	}
	for _, f := range files {
		part, err := m.CreateFormFile(f.field, f.name)
		w.must(err)
		_, err = part.Write(f.data)
		w.must(err)
	}
	w.must(m.Close())
	r := w.request(http.MethodPost, at, token, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(r)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// hidden are the hidden fields of a page's form.
func (p page) hidden() url.Values {
	v := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	return v
}

func (p page) wants(status int, texts ...string) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s answers %d, want %d:\n%.2000s", p.url, p.status, status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("%s does not say %q:\n%.4000s", p.url, text, p.body)
		}
	}
	return p
}

func (p page) hides(texts ...string) page {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.t.Errorf("%s shows %q", p.url, text)
		}
	}
	return p
}

// with adds fields to those of the form.
func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}
