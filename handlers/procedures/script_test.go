package procedures_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/store"
	places "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
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
	entries    = sync.OnceValues(content.Embedded)
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
	return []*knowledge.Entry{
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
	}
}

// newBot is a bot with buttons that knows the embedded entries and more.
func newBot(t *testing.T, more ...*knowledge.Entry) *bottest.Bot {
	t.Helper()
	return startBot(t, bottest.Options{}, more...)
}

func startBot(t *testing.T, opt bottest.Options, more ...*knowledge.Entry) *bottest.Bot {
	t.Helper()
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
		Phone:     func(id string) string { return contact(id).Phone },
		Reception: func() menu.Office { return menu.Office{} },
		Portal:    contact("dvc-quoc-gia").URL, Feedback: contact("pakn-quoc-gia").URL,
	})
	if err != nil {
		return nil, err
	}
	offices, err := places.New(places.Options{Directory: today, Fold: vietnamese.Fold})
	if err != nil {
		return nil, err
	}
	asked, err := procedures.New(procedures.Options{
		Live: live, Read: b.DB.Read(), Sealer: sealer(t), Fields: fields(all),
		PublicURL: "https://hoidap.example", Portal: contact("dvc-quoc-gia").URL,
		Hotline: func() string { return contact("dvc-tong-dai").Phone },
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
	rev, err := procedures.Revision(ctx, b.DB.Read())
	if err != nil {
		return nil, err
	}
	if rev == 0 {
		known, err := entries()
		if err != nil {
			return nil, err
		}
		var changes []procedures.Change
		for _, e := range slices.Concat(known, more) {
			changes = append(changes, procedures.Change{Entry: e, Origin: procedures.OriginEmbedded, New: true})
		}
		err = b.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			_, err = procedures.Publish(ctx, tx, b.Clock.Now(), "test", "", changes)
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
		return index.New(es, index.Options{Lexicon: lex, Day: b.Clock.Now()})
	}, slog.New(slog.DiscardHandler))
	return live, live.Refresh(ctx)
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
