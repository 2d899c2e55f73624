package procedures_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/store"
	places "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Read once for all tests; nobody changes them.
var (
	classifier = sync.OnceValues(intent.New)
	lexicon    = sync.OnceValues(vietnamese.LoadLexicon)
	province   = sync.OnceValues(func() (*directory.Directory, error) { return directory.Load(directory.Options{}) })
	shipped    = sync.OnceValues(content.Embedded)
)

// TestScripts plays the talks of testdata over the entries that ship with the
// program, with every feature a button may lead to.
func TestScripts(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return newBot(t, retired()...) })
}

// TestScriptsWithoutButtons plays them where choices are numbered.
func TestScriptsWithoutButtons(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot {
		return startBot(t, bottest.Options{Driver: bottest.NewFakeDriver(bottest.FakeName, bottest.PlainLimits())}, retired()...)
	})
}

// TestScriptsOnEveryChannel plays them through each channel and its platform.
func TestScriptsOnEveryChannel(t *testing.T) {
	for name, driver := range bottest.Platforms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return startBot(t, bottest.Options{Driver: driver()}, retired()...) })
		})
	}
}

// retired are made-up entries of every status, for the data that ships holds only
// procedures in force.
func retired() []*knowledge.Entry {
	return append(append(piers(), long()...), []*knowledge.Entry{
		{
			Code: "9.000001", Name: "Thủ tục cấp giấy thử nghiệm kiểu cũ", Field: "Hộ tịch", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
			Updated: "2026-01-05", Status: knowledge.Replaced, ReplacedBy: []string{"9.000002"},
		},
		{
			Code: "9.000002", Name: "Thủ tục cấp giấy thử nghiệm kiểu mới", Field: "Hộ tịch", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
			Time: "2 ngày làm việc", Fee: "Không thu", Updated: "2026-01-05",
		},
		{
			Code: "9.000003", Name: "Thủ tục xác nhận diễn tập", Field: "Hộ tịch", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
			Updated: "2026-01-05", Status: knowledge.Abolished, Decision: "Quyết định số 1/QĐ-TEST",
		},
		{ // says nothing but its name
			Code: "9.000004", Name: "Thủ tục ghi tên vào sổ thí dụ", Field: "Hộ tịch", Level: "Cấp xã",
		},
		{ // replaced twice over
			Code: "9.000006", Name: "Thủ tục phê duyệt bản vẽ mẫu bậc nhất", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05",
			Status: knowledge.Replaced, ReplacedBy: []string{"9.000007"},
		},
		{
			Code: "9.000007", Name: "Thủ tục phê duyệt bản vẽ mẫu bậc nhì", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05",
			Status: knowledge.Replaced, ReplacedBy: []string{"9.000006", "9.000002"},
		},
		{ // by one that only the national list knows, and by one that nobody knows
			Code: "9.000008", Name: "Thủ tục niêm phong hòm phiếu diễn tập", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05",
			Status: knowledge.Replaced, ReplacedBy: []string{"9.900001"},
		},
		{
			Code: "9.000009", Name: "Thủ tục niêm cất con dấu diễn tập", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05",
			Status: knowledge.Replaced, ReplacedBy: []string{"9.900002"},
		},
		{ // still to come
			Code: "9.000010", Name: "Thủ tục kiểm kê cột cờ thí điểm", Field: "Minh họa", Level: "Cấp xã", Fee: "Không thu", Updated: "2026-01-05", ValidFrom: "2037-07-01",
		},
		{
			Code: "9.000011", Name: "Thủ tục kiểm đếm cổng chào thí điểm", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05",
			Status: knowledge.Replaced, ReplacedBy: []string{"9.000010"},
		},
		{ // its day is over, and nobody says what comes after
			Code: "9.000012", Name: "Thủ tục ghi danh bến phao thí điểm", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05", ValidTo: "2026-02-01",
		},
		{ // its fee is a number without a unit
			Code: "9.000013", Name: "Thủ tục đóng búa kiểm gỗ thí điểm", Field: "Minh họa", Level: "Cấp xã", Updated: "2026-01-05", Fee: "Trực tiếp: Phí/lệ phí 5 đồng",
		},
		{ // counts a few weeks more
			Code: "9.000005", Name: "Thủ tục cấp thẻ minh họa tạm", Field: "Minh họa", Level: "Cấp xã", Fee: "Không thu", Updated: "2026-07-01", ValidTo: "2026-12-15",
		},
	}...)
}

// long is a made-up entry with more papers than a message holds, and with notes;
// poor says only who decides and where the source is.
func long() []*knowledge.Entry {
	e := &knowledge.Entry{
		Code: "9.200001", Name: "Thủ tục đăng ký hội thí dụ nhiều giấy", Field: "Thí dụ", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
		Updated: "2026-01-05", Aliases: []string{"hội thí dụ nhiều giấy"}, SourceURL: "https://dichvucong.example/9.200001",
		Cases:    []string{"Hội của xã: nộp ở xã.", "Hội của tỉnh: nộp ở tỉnh."},
		Mistakes: []string{"Hay quên chữ ký của người làm chứng."},
	}
	for i := range 11 {
		e.Documents = append(e.Documents, knowledge.Document{Name: fmt.Sprintf("Giấy số %d", i+1)})
	}
	for i := range 3 {
		e.Documents = append(e.Documents, knowledge.Document{Case: "Nếu nhờ người khác đi thay", Name: fmt.Sprintf("Giấy thay số %d", i+1), Qty: "2 bản chính"})
	}
	return []*knowledge.Entry{e, {
		Code: "9.200003", Name: "Tạm ngừng thẻ đò thí dụ", Field: "Thí dụ", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
		Updated: "2026-01-05", Aliases: []string{"thẻ đò thí dụ"},
	}, {
		Code: "9.200004", Name: "Chấm dứt thẻ đò thí dụ", Field: "Thí dụ", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
		Updated: "2026-01-05", Aliases: []string{"thẻ đò thí dụ"},
	}, {
		Code: "9.200002", Name: "Thủ tục đăng ký hội thí dụ ít lời", Field: "Thí dụ", Level: "Cấp xã", Agency: "Công an cấp xã",
		Audience: []string{"Công dân Việt Nam"}, Updated: "2026-01-05", Aliases: []string{"hội thí dụ ít lời"}, SourceURL: "https://dichvucong.example/9.200002",
	}, { // as the national list writes: long lines with marks of their own
		Code: "9.200005", Name: "Thủ tục xin phép hội thí dụ dài dòng", Field: "Thí dụ", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
		Updated: "2026-01-05", Aliases: []string{"hội thí dụ dài dòng"}, SourceURL: "https://dichvucong.example/9.200005",
		Documents: []knowledge.Document{{Name: "+) Thông tin của hội" + strings.Repeat(" và của từng người trong hội", 10)}},
		Steps:     []knowledge.Step{{Text: "- Nộp hồ sơ\n+) Thông tin chưa rõ thì hỏi lại" + strings.Repeat(" cho thật rõ ràng", 14)}},
	}}
}

// piers are made-up procedures of one thing that two questions hardly tell apart.
func piers() []*knowledge.Entry {
	var out []*knowledge.Entry
	for i, name := range []string{
		"Cấp lại thẻ bến thí dụ loại một cho doanh nghiệp", "Cấp đổi thẻ bến thí dụ loại một cho doanh nghiệp",
		"Cấp lại thẻ bến thí dụ loại một cho hợp tác xã", "Cấp lại thẻ bến thí dụ loại hai cho hợp tác xã",
		"Cấp đổi thẻ bến thí dụ loại một cho hợp tác xã", "Cấp đổi thẻ bến thí dụ loại hai cho hợp tác xã",
	} {
		out = append(out, &knowledge.Entry{
			Code: fmt.Sprintf("9.1%05d", i+1), Name: name, Field: "Thí dụ", Level: "Cấp xã", Agency: "Ủy ban nhân dân cấp xã",
			Time: fmt.Sprintf("%d ngày làm việc", i+1), Fee: "Không thu", Updated: "2026-01-05", Aliases: []string{"thẻ bến thí dụ"},
		})
	}
	return out
}

// newBot is a bot with buttons that knows the embedded entries and more.
func newBot(t *testing.T, more ...*knowledge.Entry) *bottest.Bot {
	t.Helper()
	return startBot(t, bottest.Options{}, more...)
}

// What bots start from: the embedded entries, and those with retired beside them.
var embedded, withRetired bottest.Mould

func startBot(t *testing.T, opt bottest.Options, more ...*knowledge.Entry) *bottest.Bot {
	t.Helper()
	opt.Mould = &embedded
	if len(more) > 0 {
		opt.Mould = &withRetired
	}
	c, err := classifier()
	if err != nil {
		t.Fatal(err)
	}
	opt.Classify = func(text string) bot.Intent {
		r := c.Classify(text)
		return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
	}
	opt.Build = func(b *bottest.Bot) ([]bot.Feature, error) { return features(t, b, more) }
	return bottest.New(t, opt)
}

// features builds what handlers.All builds, over the bot's own database.
func features(t *testing.T, b *bottest.Bot, more []*knowledge.Entry) ([]bot.Feature, error) {
	live, err := publish(t, b, more)
	if err != nil {
		return nil, err
	}
	all, err := province()
	if err != nil {
		return nil, err
	}
	today := func() *directory.Directory { return all.At(b.Clock.Now()) }
	contact := func(id string) directory.Contact {
		c, _ := today().Contact(id)
		return c
	}
	front, err := menu.New(menu.Options{
		Phone:  func(id string) string { return contact(id).Phone },
		Portal: contact("dvc-quoc-gia").URL,
	})
	if err != nil {
		return nil, err
	}
	offices, err := places.New(places.Options{Directory: today})
	if err != nil {
		return nil, err
	}
	asked, err := procedures.New(procedures.Options{
		Live: live, Read: b.DB.Read(), Sealer: sealer(t), Fields: fields(all),
		PublicURL: "https://hoidap.example", Portal: contact("dvc-quoc-gia").URL,
		Hotline: func() string { return contact("dvc-tong-dai").Phone },
		Fee:     content.ShownFee,
		Listed: func(code string) string {
			return map[string]string{"9.900001": "Thủ tục niêm phong hòm phiếu"}[code]
		},
	})
	return []bot.Feature{front, offices, asked}, err
}

func fields(d *directory.Directory) []procedures.Field {
	var out []procedures.Field
	for _, f := range d.Fields() {
		if len(f.National) > 0 {
			out = append(out, procedures.Field{ID: f.ID, Title: map[string]string{"vi": f.Name, "en": f.NameEN}, Names: slices.Clone(f.National)})
		}
	}
	return out
}

// publish fills the bot's database at its first start and indexes it.
func publish(t *testing.T, b *bottest.Bot, more []*knowledge.Entry) (*procedures.Live, error) {
	ctx := t.Context()
	if err := b.DB.Migrate(ctx, "procedures", procedures.Schema()); err != nil {
		return nil, err
	}
	rev, err := entries.Published(ctx, b.DB.Read())
	if err != nil {
		return nil, err
	}
	if rev == 0 {
		known, err := shipped()
		if err != nil {
			return nil, err
		}
		var changes []entries.Change
		for _, e := range slices.Concat(known, more) {
			changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginEmbedded, New: true})
		}
		err = b.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			_, err = entries.PublishAll(ctx, tx, b.Clock.Now(), "test", "", changes)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	lex, err := lexicon()
	if err != nil {
		return nil, err
	}
	live := procedures.NewLive(b.DB.Read(), func(es []*knowledge.Entry) (knowledge.Searcher, error) {
		return indexes.of(es, lex, b.Clock.Now())
	}, slog.New(slog.DiscardHandler))
	return live, live.Refresh(ctx)
}

// indexes are those that were built: most bots know the same entries on the same day, and search them at once.
var indexes builds

type builds struct {
	mu   sync.Mutex
	made map[string]knowledge.Searcher
}

func (x *builds) of(es []*knowledge.Entry, lex *vietnamese.Lexicon, now time.Time) (knowledge.Searcher, error) {
	text, err := json.Marshal(es)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	key := entries.Today(now) + string(sum[:])
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.made[key]; s != nil {
		return s, nil
	}
	s, err := index.New(es, index.Options{Lexicon: lex, Day: now})
	if err != nil {
		return nil, err
	}
	if x.made == nil {
		x.made = map[string]knowledge.Searcher{}
	}
	x.made[key] = s
	return s, nil
}

// sealer seals what citizens wrote, in the way the store does.
func sealer(t *testing.T) bot.Sealer {
	t.Helper()
	keys, err := store.OpenKeys("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
