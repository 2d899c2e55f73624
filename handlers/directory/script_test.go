package directory

import (
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"

	places "cchcbot/knowledge/directory"
)

// mould is shared by all bots of this test.
var mould bottest.Mould

// TestScripts plays the talks of testdata with the directory of the day on which they begin.
func TestScripts(t *testing.T) { scripts(t, func() bottest.Driver { return nil }) }

// TestScriptsOnEveryChannel plays them through each channel and its platform.
func TestScriptsOnEveryChannel(t *testing.T) {
	for name, driver := range bottest.Platforms() {
		t.Run(name, func(t *testing.T) { scripts(t, driver) })
	}
}

func scripts(t *testing.T, driver func() bottest.Driver) {
	t.Helper()
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot {
		all, err := loaded()
		if err != nil {
			t.Fatal(err)
		}
		c, err := classifier()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2026, 11, 23, 8, 30, 0, 0, bottest.Location)
		return bottest.New(t, bottest.Options{
			Start: start, Driver: driver(), Mould: &mould,
			Build: func(b *bottest.Bot) ([]bot.Feature, error) {
				f, err := New(Options{Directory: func() *places.Directory { return all.At(b.Clock.Now()) }})
				return []bot.Feature{f}, err
			},
			Classify: func(text string) bot.Intent {
				r := c.Classify(text)
				return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
			},
		})
	})
}
