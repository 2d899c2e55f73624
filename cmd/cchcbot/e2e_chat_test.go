package main

import (
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/store"
	"cchcbot/handlers"
	"cchcbot/handlers/calendar"
	"cchcbot/handlers/procedures"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
)

// The same conversation on a channel with buttons, on the web page over its real
// HTTP handler, in a shell, and on Telegram in both modes, with every feature as the program wires it.
func TestCitizen(t *testing.T) {
	drivers := bottest.Platforms()
	maps.Copy(drivers, bottest.Polled())
	drivers["buttons"] = func() bottest.Driver { return bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits()) }
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			bottest.Run(t, "testdata/chat", func(t *testing.T) *bottest.Bot { return citizenBot(t, driver()) })
		})
	}
}

// citizens is shared by all bots of citizenBot.
var citizens bottest.Mould

// province is the directory of every day; nobody changes it.
var province = sync.OnceValues(func() (*directory.Directory, error) { return directory.Load(directory.Options{}) })

func citizenBot(t *testing.T, driver bottest.Driver) *bottest.Bot {
	t.Helper()
	classifier, err := intent.New()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := province()
	if err != nil {
		t.Fatal(err)
	}
	return bottest.New(t, bottest.Options{
		Driver:   driver,
		Mould:    &citizens,
		Build:    func(b *bottest.Bot) ([]bot.Feature, error) { return wired(t, b) },
		Classify: classify(classifier, func() *directory.Directory { return dir }),
	})
}

// wired are the program's features over the bot's own database and clock.
func wired(t *testing.T, b *bottest.Bot) ([]bot.Feature, error) {
	keys, err := store.OpenKeys("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "")
	if err != nil {
		return nil, err
	}
	d := &data{db: b.DB, keys: keys, store: b.Store}
	if err := d.migrate(t.Context()); err != nil {
		return nil, err
	}
	if err := d.seed(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	dir, err := province()
	if err != nil {
		return nil, err
	}
	classifier, err := intent.New()
	if err != nil {
		return nil, err
	}
	h := &house{
		store: b.Store, media: b.Media, works: b.Works, classify: classify(classifier, func() *directory.Directory { return dir }),
		live:      procedures.NewLive(b.DB.Read(), buildIndex(time.Now), slog.New(slog.DiscardHandler)),
		directory: func() *directory.Directory { return dir.At(b.Clock.Now()) },
	}
	if err := h.live.Refresh(t.Context()); err != nil {
		return nil, err
	}
	if h.calendar, err = calendar.NewLive(b.DB.Read(), slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	o := houseOptions{Data: d, Knowledge: d, PublicURL: "https://hoidap.example", Now: b.Clock.Now}
	if err := errors.Join(h.openConsole(o), h.openDesk(o), h.openNews(o)); err != nil {
		return nil, err
	}
	return handlers.All(h.deps(o))
}
