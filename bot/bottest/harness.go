// Package bottest is what tests stand on: a whole bot on a real database with a
// clock that tests move, chat scripts that editors write, a suite that every
// channel passes, and a process that dies where a test wants it to.
//
// Nothing runs by itself: an update that a driver hands over is answered and
// its messages are sent before the call returns, in the caller's goroutine.
package bottest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/delivery"
	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/words"
	"cchcbot/knowledge/vietnamese"
)

// secret seals the databases of tests. It is one line of hexadecimal digits, so
// that opening a store costs no stretching.
const secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

const databaseFile = "bot.db"

// Options say what bot a test wants. The zero value is a bot without features
// on the fake channel.
type Options struct {
	Features []bot.Feature
	// Build makes the features instead, at the start and at every restart; the
	// bot has its database, works, clock and keeper of files by then, and no router yet.
	Build func(b *Bot) ([]bot.Feature, error)
	// Texts are catalogs beside the kernel's and the features'.
	Texts    []fs.FS
	Classify func(text string) bot.Intent
	// Driver plays the citizens; nil means the fake channel with buttons.
	Driver Driver
	// Drivers are further channels that scripts reach by "@channel name".
	Drivers []Driver
	// Channels take messages only: a fake e-mail channel for agencies.
	Channels []bot.Channel
	Start    time.Time // zero means Start()
	Mould    *Mould    // where not nil, the bot starts from a copy of the first one's database
	Log      *slog.Logger
}

// Bot is a whole bot. Its parts are replaced by Restart.
type Bot struct {
	Clock      *Clock
	Faults     *Faults
	Driver     Driver
	DB         *sqldb.DB
	Store      *store.Store
	State      bot.State
	Sealer     bot.Sealer
	Words      *words.Words
	Works      *bot.Works
	Router     *bot.Router
	Dispatcher *bot.Dispatcher
	Delivery   *delivery.Delivery
	Media      *media.Keeper // nil unless Options.Build is used
	Channels   []bot.Channel
	Features   []bot.Feature
	Alerts     []string // what people who run the system were told

	t       testing.TB
	opt     Options
	dir     string
	stateDB *sqldb.DB
	drivers map[string]Driver
	record  *record
}

// New starts a bot in a folder of its own. It ends with the test.
func New(t testing.TB, opt Options) *Bot {
	t.Helper()
	if opt.Driver == nil {
		opt.Driver = NewFakeDriver(FakeName, FakeLimits())
	}
	if opt.Start.IsZero() {
		opt.Start = Start()
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	b := &Bot{
		Clock: NewClock(opt.Start), Faults: &Faults{}, Driver: opt.Driver,
		t: t, opt: opt, dir: t.TempDir(), drivers: map[string]Driver{}, record: &record{},
	}
	for _, d := range append([]Driver{opt.Driver}, opt.Drivers...) {
		b.drivers[d.Name()] = d
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Errorf("close the bot: %v", err)
		}
	})
	err := opt.Mould.fill(filepath.Join(b.dir, databaseFile))
	if err == nil {
		err = b.open(t.Context())
	}
	if err == nil {
		err = opt.Mould.take(t.Context(), b.DB, b.dir)
	}
	if err != nil {
		t.Fatalf("start the bot: %v", err)
	}
	return b
}

// Restart ends the process and starts another on the same files.
func (b *Bot) Restart() error {
	if err := b.close(); err != nil {
		return err
	}
	b.Faults.revive()
	return b.open(b.t.Context())
}

func (b *Bot) close() error {
	var errs []error
	if b.Media != nil {
		errs = append(errs, b.Media.Close())
		b.Media = nil
	}
	for _, db := range []*sqldb.DB{b.DB, b.stateDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	b.DB, b.stateDB = nil, nil
	return errors.Join(errs...)
}

func (b *Bot) open(ctx context.Context) error {
	keys, err := store.OpenKeys(secret, "")
	if err != nil {
		return err
	}
	if b.DB, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(b.dir, databaseFile), Synchronous: sqldb.Normal}); err != nil {
		return err
	}
	b.Sealer = keys
	b.Store, err = store.New(ctx, store.Options{
		DB: b.DB, Sealer: keys, Clean: vietnamese.Clean, Now: b.Clock.Now, Log: b.opt.Log,
	})
	if err != nil {
		return err
	}
	if b.stateDB, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(b.dir, "state.db"), Synchronous: sqldb.Normal}); err != nil {
		return err
	}
	state, err := store.NewState(ctx, b.stateDB, b.Clock.Now)
	if err != nil {
		return err
	}
	b.State = tappedState{state, b.Faults}
	if err := b.openChannels(); err != nil {
		return err
	}
	inbox := tappedInbox{b.Store, b.Faults, b.record}
	composer := &bot.Composer{Channels: map[string]bot.Limiter{}, Default: words.Langs[0]}
	for _, c := range b.Channels {
		composer.Channels[c.Name()] = c
	}
	b.Works = &bot.Works{Units: inbox, Composer: composer}
	if b.opt.Build != nil {
		if err := b.openMedia(); err != nil {
			return err
		}
	}
	if err := b.openFeatures(ctx, composer); err != nil {
		return err
	}
	alert := func(_ context.Context, text string) { b.Alerts = append(b.Alerts, text) }
	b.Dispatcher, err = bot.NewDispatcher(bot.DispatcherOptions{
		Inbox: inbox, State: b.State, Sealer: keys, Router: b.Router, Composer: composer, Channels: b.Channels,
		Now: b.Clock.Now, Log: b.opt.Log, Alert: alert,
	})
	if err != nil {
		return err
	}
	b.Delivery, err = delivery.New(delivery.Options{
		Outbox: tappedOutbox{b.Store, b.Faults, b.record}, State: b.State, Channels: b.Channels, Now: b.Clock.Now,
		Log: b.opt.Log, Alert: alert, Jitter: func() float64 { return 0 }, Digest: keys.Digest,
	})
	return err
}

// openMedia opens the keeper of files, which fetches from the bot's channels.
func (b *Bot) openMedia() (err error) {
	b.Media, err = media.New(media.Options{
		Folder: filepath.Join(b.dir, "media"), Read: b.DB.Read(), Works: b.Works, Sealer: b.Sealer, Secret: []byte(secret), Now: b.Clock.Now, Log: b.opt.Log,
		Fetcher: func(channel string) bot.Fetcher {
			for _, c := range b.Channels {
				if f, ok := c.(bot.Fetcher); ok && c.Name() == channel {
					return f
				}
			}
			return nil
		},
		Render: func(lang, key string, args map[string]any) (string, error) { return b.Words.Render(lang, key, args) },
	})
	return err
}

func (b *Bot) openChannels() error {
	b.Channels = nil
	for _, d := range append([]Driver{b.opt.Driver}, b.opt.Drivers...) {
		c, err := d.Open(b)
		if err != nil {
			return fmt.Errorf("channel %s: %w", d.Name(), err)
		}
		b.Channels = append(b.Channels, c)
	}
	b.Channels = append(b.Channels, b.opt.Channels...)
	return nil
}

func (b *Bot) openFeatures(ctx context.Context, composer *bot.Composer) (err error) {
	b.Features = b.opt.Features
	if b.opt.Build != nil {
		if b.Features, err = b.opt.Build(b); err != nil {
			return fmt.Errorf("features: %w", err)
		}
		b.Features = append(slices.Clone(b.Features), b.Media.Feature())
	}
	sources := append([]fs.FS{words.Shared()}, b.opt.Texts...)
	for _, f := range b.Features {
		if f.Texts != nil {
			sources = append(sources, f.Texts)
		}
		if f.Schema == nil {
			continue
		}
		if err := b.DB.Migrate(ctx, f.Name, f.Schema); err != nil {
			return err
		}
	}
	if b.Words, err = words.Load(sources...); err != nil {
		return err
	}
	composer.Texts = b.Words
	b.Router, err = bot.NewRouter(bot.RouterOptions{
		Features: b.Features, Classify: b.opt.Classify, Fold: vietnamese.Fold, Texts: b.Words, Langs: words.Langs[:],
	})
	return err
}

// Intake takes updates in and answers them before Accept returns, so that a
// channel whose caller waits for the answer has it at once.
func (b *Bot) Intake() bot.Intake { return answering{b} }

// Door takes updates in and does nothing else; see [Bot.Settle].
func (b *Bot) Door() bot.Intake { return tappedIntake{b.Store, b.Faults} }

type answering struct{ b *Bot }

func (a answering) Accept(ctx context.Context, u bot.Update) error {
	if err := a.b.Door().Accept(ctx, u); err != nil {
		return err
	}
	return a.b.Settle(context.WithoutCancel(ctx))
}

func (a answering) Present(ctx context.Context, at bot.Address) error {
	if err := (tappedIntake{a.b.Store, a.b.Faults}).Present(ctx, at); err != nil {
		return err
	}
	return a.b.Settle(context.WithoutCancel(ctx))
}

// Settle runs every turn, fetches every wanted file and sends every message that is due now.
func (b *Bot) Settle(ctx context.Context) error {
	err := b.Dispatcher.Drain(ctx)
	if b.Media != nil {
		err = errors.Join(err, b.Media.Drain(ctx))
	}
	return errors.Join(err, b.Delivery.Drain(ctx))
}

// Effects returns and forgets what happened since the last call beside the
// messages to a chat, as scripts write it:
//
//	outbox email complaint:K7M3   a message to somebody else, and what it is about
//	held delivery.reason_away     a message waits until the citizen writes
//	dead delivery.reason_blocked  a message was given up
//	dropped                       what the citizen wrote was blanked
//	failed handler                the turn failed for good
func (b *Bot) Effects(channel, chat string) []string { return b.record.take(channel, chat) }
