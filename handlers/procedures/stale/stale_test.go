package stale_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/stale"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var province = sync.OnceValues(func() (*directory.Directory, error) {
	return directory.Load(directory.Options{AsOf: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone)})
})

// world is the knowledge base with a server that plays the portal, and people who look after civil status and building.
type world struct {
	*bottest.Office
	t      *testing.T
	db     *sqldb.DB
	book   *stale.Book
	now    time.Time
	portal *httptest.Server
	down   map[string]bool // paths that fail
	asked  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone), down: map[string]bool{}} // a Monday
	w.portal = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked = append(w.asked, r.Method+" "+r.URL.Path)
		switch {
		case w.down[r.URL.Path]:
			rw.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodHead && r.URL.Path == "/no-head":
			rw.WriteHeader(http.StatusMethodNotAllowed)
		}
	}))
	t.Cleanup(w.portal.Close)
	ctx, now := t.Context(), func() time.Time { return w.now }
	var err error
	w.db, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(t.TempDir(), "test.db"), Synchronous: sqldb.Normal})
	must(t, err)
	t.Cleanup(func() { must(t, w.db.Close()) })
	keys, err := store.OpenKeys(strings.Repeat("00", 32), "")
	must(t, err)
	st, err := store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now})
	must(t, err)
	must(t, w.db.Migrate(ctx, "procedures", procedures.Schema()))
	texts, err := words.Load(words.Shared(), web.Texts(), bottest.Catalog(t, "../text"))
	must(t, err)
	works := &bot.Works{Units: st, Composer: &bot.Composer{Texts: texts, Default: "vi", Channels: map[string]bot.Limiter{"email": bot.Limits{Text: 100_000}}}}
	must(t, works.Do(ctx, func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		var all []entries.Change
		for _, e := range w.known() {
			all = append(all, entries.Change{Entry: e, Origin: entries.OriginImport, New: true})
		}
		_, err = entries.PublishAll(ctx, tx, w.now, "import", "thu-tuc.xlsx", all)
		return err
	}))
	dir, err := province()
	must(t, err)
	desk, err := entries.New(entries.Options{Read: w.db.Read(), Directory: func() *directory.Directory { return dir }, Clean: vietnamese.Clean, Audit: st.Audit, Now: now})
	must(t, err)
	w.Office = bottest.NewOffice(t, "procedures", texts, now, func() []bot.Nav { return nil })
	w.Evil = []string{"<script>alert"}
	w.book, err = stale.New(stale.Options{
		Read: w.db.Read(), Desk: desk, Do: works.Do, Staff: st, Mail: func() bool { return true }, Fallback: bot.Address{Channel: "email", Chat: "van-hanh@example.org"},
		Open: w.portal.Client().Do, Check: func(string) error { return nil }, Pause: func(context.Context, time.Duration) error { return nil },
		PublicURL: "https://bot.example.org", Console: w.Console, Now: now,
		Render: func(key string, args map[string]any) (string, error) { return texts.Render("vi", key, args) },
	})
	must(t, err)
	part, err := stale.Part(w.book)
	must(t, err)
	w.Serve(part.Pages...)
	w.Hire(st, clerk, "Phạm Hoa", bot.Grant{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: "hp-so-tu-phap"}})
	w.Hire(st, builder, "Ngô Xây", bot.Grant{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: "hp-so-xay-dung"}})
	w.Hire(st, control, "Lê Kiểm Soát", bot.Grant{Role: bot.RoleController})
	return w
}

var clerk, builder, control = bottest.Token("A"), bottest.Token("B"), bottest.Token("C")

func (w *world) known() []*knowledge.Entry {
	return []*knowledge.Entry{
		{Code: "1.000001", Name: "Thủ tục mới", Field: "Hộ tịch", Updated: "2026-07-01", SourceURL: w.portal.URL + "/good"},
		{Code: "1.000002", Name: "Thủ tục cũ <script>alert(1)</script>", Field: "Hộ tịch", Updated: "2024-01-05", SourceURL: w.portal.URL + "/no-head"},
		{Code: "1.000003", Name: "Thủ tục sắp hết", Field: "Hộ tịch", Updated: "2026-07-01", ValidTo: "2026-12-01"},
		{Code: "1.000004", Name: "Thủ tục đã hết", Field: "Hộ tịch", Updated: "2020-07-01", ValidTo: "2026-11-01"},
		{Code: "1.000005", Name: "Thủ tục xây dựng", Field: "Quy hoạch xây dựng, kiến trúc", Updated: "2026-07-01", SourceURL: w.portal.URL + "/gone"},
		{Code: "1.000006", Name: "Thủ tục không ai giữ", Field: "Không có lĩnh vực này", Updated: "2020-01-01"},
	}
}

const path = "/console/procedures/stale"

func TestWhatIsToLookAtAgain(t *testing.T) {
	w := newWorld(t)
	s := w.By(clerk).Get(path)
	w.Wants("clerk", s, 200, "2 mục", "Thủ tục sắp hết", "Hết áp dụng từ 01/12/2026", "Thủ tục cũ", "05/01/2024")
	w.Lacks("clerk", s, "Thủ tục mới", "Thủ tục đã hết", "Thủ tục không ai giữ")
	if text := s.Text(); strings.Index(text, "Thủ tục sắp hết") > strings.Index(text, "Thủ tục cũ") {
		t.Error("what ends soon does not come first")
	}
	w.Wants("filtered", w.By(clerk).Get(path+"?why=old"), 200, "1 mục")
	w.Wants("nothing fits", w.By(clerk).Get(path+"?why=broken"), 200, "Bỏ bớt điều kiện lọc")
	w.Wants("nothing is the matter", w.By(builder).Get(path), 200, "Không có mục nào cần xem lại")
	w.Wants("everything", w.By(control).Get(path+"?after=-5"), 200, "3 mục", "Thủ tục không ai giữ")
}

// round asks for every link that is due.
func (w *world) round() {
	w.t.Helper()
	for range 5 {
		must(w.t, w.book.CheckLinks(w.t.Context()))
	}
	must(w.t, w.book.Refresh(w.t.Context()))
}

// TestALinkIsBrokenOnItsSecondDay: one bad day says nothing; an answer between makes it begin anew.
func TestALinkIsBrokenOnItsSecondDay(t *testing.T) {
	w := newWorld(t)
	gone := w.portal.URL + "/gone"
	steps := []struct {
		days   int
		down   bool
		broken bool
	}{{0, true, false}, {0, true, false}, {1, false, false}, {8, true, false}, {1, true, true}, {1, true, true}, {1, false, false}}
	for i, s := range steps {
		w.now = w.now.AddDate(0, 0, s.days)
		w.down["/gone"] = s.down
		w.round()
		if got := w.book.Broken(gone); got != s.broken {
			t.Errorf("step %d: broken is %v", i, got)
		}
		if s.broken {
			w.Wants("listed", w.By(control).Get(path), 200, "Trang nguồn hỏng", "trả mã 404")
		}
	}
	if w.book.Broken(w.portal.URL + "/no-head") {
		t.Error("a server that knows no HEAD counts as broken")
	}
}

// TestOneLinkOfAHost: a round asks one link of a host, its head first.
func TestOneLinkOfAHost(t *testing.T) {
	w := newWorld(t)
	must(t, w.book.CheckLinks(t.Context()))
	if len(w.asked) != 1 || w.asked[0] != "HEAD /gone" {
		t.Errorf("asked %v", w.asked)
	}
}

// TestTheWeeklyMail: one for everybody who looks after a field, the rest to whoever runs the system; once a week.
func TestTheWeeklyMail(t *testing.T) {
	w := newWorld(t)
	mails := func() (n int) {
		must(t, w.db.Read().QueryRowContext(t.Context(), `select count(*) from outbox where thing = 'procedures:stale'`).Scan(&n))
		return n
	}
	for _, s := range []struct {
		at   time.Time
		want int
	}{
		{w.now.AddDate(0, 0, -1), 0},   // Sunday
		{w.now.Add(-2 * time.Hour), 0}, // too early
		{w.now, 2}, {w.now, 2},         // the clerk, and nobody's
		{w.now.AddDate(0, 0, 2), 2},    // the same week
		{w.now.AddDate(0, 0, 8), 4},    // the next; Monday was missed
		{w.now.AddDate(0, 0, 8+5), 4},  // the weekend after
		{w.now.AddDate(0, 0, 14+0), 6}, // and on
	} {
		w.now = s.at
		must(t, w.book.Mail(t.Context()))
		if got := mails(); got != s.want {
			t.Errorf("%s: %d mails, want %d", s.at.Format(time.RFC1123), got, s.want)
		}
	}
}
