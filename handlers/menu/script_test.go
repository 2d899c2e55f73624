package menu_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

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

// TestScripts plays the talks of testdata with the features the menu leads to;
// those of complaints stand beside that feature.
func TestScripts(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{}) })
}

// TestButtons plays what only a channel with buttons can show: pressing old ones,
// and somebody else's.
func TestButtons(t *testing.T) {
	bottest.Run(t, "testdata/buttons", func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{}) })
}

// TestScriptsWithoutButtons plays them where choices are numbered.
func TestScriptsWithoutButtons(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot {
		return newBot(t, bottest.Options{Driver: bottest.NewFakeDriver(bottest.FakeName, bottest.PlainLimits())})
	})
}

// TestScriptsOnEveryChannel plays them through each channel and its platform.
func TestScriptsOnEveryChannel(t *testing.T) {
	for name, driver := range bottest.Platforms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{Driver: driver()}) })
		})
	}
}

func newBot(t *testing.T, opt bottest.Options) *bottest.Bot {
	t.Helper()
	c, err := classifier()
	if err != nil {
		t.Fatal(err)
	}
	opt.Classify = func(text string) bot.Intent {
		r := c.Classify(text)
		return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
	}
	opt.Build = func(b *bottest.Bot) ([]bot.Feature, error) { return features(t, b) }
	return bottest.New(t, opt)
}

func features(t *testing.T, b *bottest.Bot) ([]bot.Feature, error) {
	live, err := publish(t.Context(), b)
	if err != nil {
		return nil, err
	}
	all, err := province()
	if err != nil {
		return nil, err
	}
	keys, err := store.OpenKeys(strings.Repeat("0a", 32), "")
	if err != nil {
		return nil, err
	}
	today := func() *directory.Directory { return all.At(b.Clock.Now()) }
	contact := func(id string) directory.Contact {
		c, _ := today().Contact(id)
		return c
	}
	portal := contact("dvc-quoc-gia").URL
	front, err := menu.New(menu.Options{
		Phone: func(id string) string { return contact(id).Phone }, Portal: portal,
		Related: func(text string) (bot.Button, bool) {
			return procedures.Related(live.Search(knowledge.Query{Text: text}))
		},
	})
	if err != nil {
		return nil, err
	}
	offices, err := places.New(places.Options{Directory: today})
	if err != nil {
		return nil, err
	}
	asked, err := procedures.New(procedures.Options{
		Live: live, Read: b.DB.Read(), Sealer: keys, Portal: portal,
		Hotline: func() string { return contact("dvc-tong-dai").Phone },
	})
	return []bot.Feature{front, offices, asked}, err
}

// publish fills the bot's database at its first start and indexes it.
func publish(ctx context.Context, b *bottest.Bot) (*procedures.Live, error) {
	if err := b.DB.Migrate(ctx, "procedures", procedures.Schema()); err != nil {
		return nil, err
	}
	rev, err := entries.Published(ctx, b.DB.Read())
	if err != nil {
		return nil, err
	}
	if rev == 0 {
		if err := publishAll(ctx, b); err != nil {
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

func publishAll(ctx context.Context, b *bottest.Bot) error {
	all, err := shipped()
	if err != nil {
		return err
	}
	var changes []entries.Change
	for _, e := range all {
		changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginEmbedded, New: true})
	}
	return b.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = entries.PublishAll(ctx, tx, b.Clock.Now(), "test", "", changes)
		return err
	})
}
