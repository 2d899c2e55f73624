package desk_test

import (
	"context"
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
	"cchcbot/handlers/procedures/desk"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mould is a database with all tables: to make them costs more than most tests.
var mould bottest.Mould

// world is the console of the knowledge base over a real database and a real index.
type world struct {
	*bottest.Office
	t     testing.TB
	db    *sqldb.DB
	store *store.Store
	works *bot.Works
	live  *procedures.Live
	desk  *entries.Desk
	now   time.Time
	bad   []entries.Finding
}

// Tokens of the people of the tests, as the console makes them. Civil status is looked after by Sở Tư pháp.
var (
	clerk    = bottest.Token("A")
	chief    = bottest.Token("B")
	control  = bottest.Token("C")
	stranger = bottest.Token("D")
	owner    = bottest.Token("E")
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	province = sync.OnceValues(func() (*directory.Directory, error) {
		return directory.Load(directory.Options{AsOf: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone)})
	})
	lexicon = sync.OnceValues(vietnamese.LoadLexicon)
)

// known are the entries of the tests. One name would be markup.
func known() []*knowledge.Entry {
	birth := &knowledge.Entry{
		Code: "1.001193", Name: "Thủ tục đăng ký khai sinh", Field: "Hộ tịch", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
		Summary: "Làm giấy khai sinh cho trẻ.", Aliases: []string{"làm giấy khai sinh", "khai sinh cho con", "con mới đẻ"},
		Documents: []knowledge.Document{{Name: "Tờ khai", Qty: "1 bản chính"}, {Case: "Khi đi thay", Name: "Giấy ủy quyền"}},
		Steps:     []knowledge.Step{{Name: "Nộp", Text: "Nộp tại xã."}}, Time: "Trong ngày", Fee: "Không thu", Updated: "2026-07-01",
		LegalBasis: []string{"Luật Hộ tịch"}, SourceURL: "https://dichvucong.gov.vn/x",
	}
	death := &knowledge.Entry{Code: "1.000656", Name: "Thủ tục đăng ký khai tử <script>alert(1)</script>", Field: "Hộ tịch", Updated: "2024-01-05"}
	house := &knowledge.Entry{Code: "1.013225", Name: "Cấp giấy phép xây dựng", Field: "Quy hoạch xây dựng, kiến trúc", Aliases: []string{"giấy phép xây nhà"}, Updated: "2026-07-01"}
	return []*knowledge.Entry{birth, death, house}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 10, 9, 0, 0, 0, calendar.Zone)}
	ctx, now := t.Context(), func() time.Time { return w.now }
	var err error
	w.db = mould.Open(t)
	keys, err := store.OpenKeys(strings.Repeat("00", 32), "")
	must(t, err)
	texts, err := words.Load(words.Shared(), web.Texts(), bottest.Catalog(t, "../text"))
	must(t, err)
	var feature bot.Feature
	w.Office = bottest.NewOffice(t, "procedures", texts, now, func() []bot.Nav { return feature.Nav })
	w.Evil = []string{"<b>Hoa", "<script>alert"}
	log := w.Logger()
	w.store, err = store.New(ctx, store.Options{DB: w.db, Sealer: keys, Clean: vietnamese.Clean, Now: now, Log: log})
	must(t, err)
	must(t, w.db.Migrate(ctx, "procedures", procedures.Schema()))
	mould.Keep(t, w.db)
	channels := map[string]bot.Limiter{"telegram": bot.Limits{Text: 4096, Buttons: 30, RowButtons: 3, ButtonTitle: 40}, "zalobot": bot.Limits{Text: 2000}}
	w.works = &bot.Works{Units: w.store, Composer: &bot.Composer{Texts: texts, Default: "vi", Channels: channels}}
	must(t, w.works.Do(ctx, func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		var all []entries.Change
		for _, e := range known() {
			all = append(all, entries.Change{Entry: e, Origin: entries.OriginImport, New: true})
		}
		_, err = entries.PublishAll(ctx, tx, w.now, "import", "thu-tuc.xlsx", all)
		return err
	}))
	lex, err := lexicon()
	must(t, err)
	w.live = procedures.NewLive(w.db.Read(), func(es []*knowledge.Entry) (knowledge.Searcher, error) {
		return index.New(es, index.Options{Lexicon: lex, Day: w.now})
	}, log)
	w.live.Clock(now)
	must(t, w.live.Refresh(ctx))
	dir, err := province()
	must(t, err)
	w.desk, err = entries.New(entries.Options{
		Read: w.db.Read(), Directory: func() *directory.Directory { return dir }, Clean: vietnamese.Clean, Fold: vietnamese.Fold, Audit: w.store.Audit, Now: now, Log: log,
		Check:     func(context.Context, *knowledge.Entry) ([]entries.Finding, error) { return w.bad, nil },
		Published: func(ctx context.Context) { must(t, w.live.Refresh(ctx)) },
	})
	must(t, err)
	preview, err := procedures.NewPreview(procedures.Options{Live: w.live, Read: w.db.Read(), Sealer: keys, Now: now})
	must(t, err)
	feature, err = desk.New(desk.Options{
		Desk: w.desk, Console: w.Console, Read: w.db.Read(), Do: w.works.Do, Search: w.live, Staff: w.store, Card: preview.Card, Page: preview.Page,
		Compose: w.works.Composer.Compose, Channels: func() []string { return []string{"telegram", "zalobot"} },
		Explain: w.explain, Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: now, Log: log,
	})
	must(t, err)
	at := func(r bot.Role, body string) bot.Grant { return bot.Grant{Role: r, Scope: bot.Scope{Agency: body}} }
	w.Hire(w.store, clerk, "Phạm <b>Hoa</b>", at(bot.RoleOfficer, "hp-so-tu-phap"))
	w.Hire(w.store, chief, "Đỗ Văn Trưởng", at(bot.RoleHead, "hp-so-tu-phap"))
	w.Hire(w.store, control, "Lê Kiểm Soát", at(bot.RoleController, ""))
	w.Hire(w.store, stranger, "Ngô Nơi Khác", at(bot.RoleHead, "hp-so-xay-dung"))
	w.Hire(w.store, owner, "Bùi Chủ Trì", at(bot.RoleOwner, ""))
	w.Serve(feature.Pages...)
	w.By(clerk)
	return w
}

// explain stands for the program's: what was asked, and with which draft.
func (w *world) explain(_ context.Context, question string, with *knowledge.Entry) (desk.Explanation, error) {
	e := desk.Explanation{Intent: "question", Search: true, Outcome: knowledge.Answer, Reason: "sure", Facet: knowledge.Fee, Sure: 0.93, Shown: []string{"1.001193"},
		Words: []desk.Word{{Text: question, Weight: 1.5}, {Text: "ơi"}}, Expansions: []desk.Expansion{{From: "khai sinh cho con", To: []string{"đăng ký khai sinh"}}},
		Candidates: []desk.Candidate{{Code: "1.001193", Name: "Thủ tục đăng ký khai sinh", Score: 4.25, Parts: []desk.Part{{Name: "cover", Value: 1, Points: 3}, {Name: "f99", Value: 1, Points: 1.25}}}}}
	if with != nil {
		e.Candidates[0].Name = with.Fee
	}
	return e, nil
}

// act presses one of the buttons of a draft's page.
func (w *world) act(draft, action string, pairs ...string) bottest.Shown {
	w.t.Helper()
	return w.Press(w.Get(draft), draft+"/do/"+action, pairs...)
}

// begin makes a draft of an entry and changes keys of it; it returns its path.
func (w *world) begin(code string, pairs ...string) string {
	w.t.Helper()
	a := w.Wants("begun", w.Post("/console/procedures/entry/"+code+"/draft"), 200, "Đã tạo bản soạn")
	path := strings.TrimSuffix(a.Path, "/edit")
	f := bottest.Filled(a.Body)
	f.Set("do", "save")
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	w.Wants("saved", w.Form(path+"/edit", f), 200)
	return path
}

// fee is what the published entry says.
func (w *world) fee() string {
	w.t.Helper()
	e, err := entries.Get(w.t.Context(), w.db.Read(), "1.001193")
	must(w.t, err)
	return e.Fee
}
