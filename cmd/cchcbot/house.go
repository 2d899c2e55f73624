package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/delivery"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/telegram"
	"cchcbot/bot/words"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
	"cchcbot/handlers"
	directoryfeature "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// Contacts of the directory that texts name, by id.
const (
	contactPortal    = "dvc-quoc-gia"
	contactFeedback  = "pakn-quoc-gia"
	contactReception = "tiep-cong-dan-tinh"
	contactHelpLine  = "dvc-tong-dai"
)

// houseOptions is what a bot is put together from.
type houseOptions struct {
	Config    *Config
	Log       *slog.Logger
	Now       func() time.Time                    // nil means time.Now
	Data      *data                               // where inbox and outbox live
	Knowledge *data                               // where the published entries are; nil means Data
	Live      *procedures.Live                    // nil builds one over Knowledge
	Channels  func(*house) ([]bot.Channel, error) // called when features and words are there
	State     bot.State                           // nil means one in Data, for this process
	PublicURL string
	Metrics   *metrics // may be nil
}

// house is the bot put together: everything between the channels and the disk.
type house struct {
	log        *slog.Logger
	now        func() time.Time
	store      *store.Store
	stateDB    *sqldb.DB
	words      *words.Words
	live       *procedures.Live
	features   []bot.Feature
	dispatcher *bot.Dispatcher
	delivery   *delivery.Delivery
	directory  func() *directory.Directory
	channels   []bot.Channel
	state      bot.State
	alarm      *alarm
}

// newHouse wires the bot. Nothing runs until Run or Drain.
func newHouse(ctx context.Context, o houseOptions) (*house, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Knowledge == nil {
		o.Knowledge = o.Data
	}
	h := &house{log: o.Log, now: o.Now, store: o.Data.store, live: o.Live, alarm: newAlarm(o)}
	if h.live == nil {
		h.live = procedures.NewLive(o.Knowledge.db.Read(), buildIndex, o.Log)
	}
	classifier, err := intent.New()
	if err != nil {
		return nil, err
	}
	// The directory and the index do not need each other: build them side by side.
	var wait sync.WaitGroup
	var liveErr error
	wait.Go(func() { liveErr = h.live.Refresh(ctx) })
	h.directory, err = loadDirectory(o.Config, o.Knowledge)
	wait.Wait()
	if err := errors.Join(err, liveErr); err != nil {
		return nil, err
	}
	if h.features, err = handlers.All(h.deps(o)); err != nil {
		return nil, err
	}
	if err := h.loadWords(); err != nil {
		return nil, err
	}
	if h.state = o.State; h.state == nil {
		if h.stateDB, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(o.Data.folder, stateFile), Synchronous: sqldb.Normal}); err != nil {
			return nil, err
		}
		if h.state, err = store.NewState(ctx, h.stateDB, o.Now); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	if h.channels, err = o.Channels(h); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if err := h.wire(o, classifier); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// loadDirectory returns the directory of today, or of AS_OF.
func loadDirectory(cfg *Config, d *data) (func() *directory.Directory, error) {
	day, err := cfg.Day()
	if err != nil {
		return nil, err
	}
	dir, err := directory.Load(directory.Options{AsOf: day, BoundaryFile: d.boundaries()})
	if err != nil {
		return nil, err
	}
	if !day.IsZero() {
		return func() *directory.Directory { return dir }, nil
	}
	return func() *directory.Directory { return dir.At(time.Now()) }, nil
}

func (h *house) deps(o houseOptions) handlers.Deps {
	dir := h.directory()
	url := func(id string) string {
		c, _ := dir.Contact(id)
		return c.URL
	}
	var observe func(procedures.Seen)
	if o.Metrics != nil {
		observe = o.Metrics.seen
	}
	phone := func(id string) string {
		c, _ := h.directory().Contact(id)
		return c.Phone
	}
	return handlers.Deps{
		Menu: menu.Options{
			Phone: phone,
			Reception: func() menu.Office {
				c, ok := h.directory().Contact(contactReception)
				if !ok || c.Publish != directory.Show {
					return menu.Office{}
				}
				return menu.Office{Name: c.Name, Address: c.Address}
			},
			Portal: url(contactPortal), Feedback: url(contactFeedback),
		},
		Directory: directoryfeature.Options{Directory: h.directory, Fold: vietnamese.Fold},
		Procedures: procedures.Options{
			Live: h.live, Read: o.Knowledge.db.Read(), Sealer: o.Data.keys, Fields: menuFields(dir),
			PublicURL: o.PublicURL, Portal: url(contactPortal), Observe: observe,
			Hotline: func() string { return phone(contactHelpLine) },
		},
	}
}

// menuFields are the fields of the menu: those that the province's plan
// stresses first.
func menuFields(dir *directory.Directory) []procedures.Field {
	var out []procedures.Field
	for _, f := range dir.Fields() {
		if len(f.National) == 0 {
			continue
		}
		out = append(out, procedures.Field{ID: f.ID, Title: map[string]string{"vi": f.Name, "en": f.NameEN}, Names: slices.Clone(f.National)})
	}
	return out
}

// reasonTexts are the catalogs of why messages wait or are given up.
func reasonTexts() []fs.FS {
	return []fs.FS{delivery.Texts(), telegram.Texts(), zalo.Texts(), zalobot.Texts()}
}

func (h *house) loadWords() (err error) {
	sources := append([]fs.FS{words.Shared()}, reasonTexts()...)
	for _, f := range h.features {
		if f.Texts != nil {
			sources = append(sources, f.Texts)
		}
	}
	if h.words, err = words.Load(sources...); err != nil {
		return err
	}
	return h.words.Check()
}

func (h *house) wire(o houseOptions, classifier *intent.Classifier) error {
	router, err := bot.NewRouter(bot.RouterOptions{
		Features: h.features, Fold: vietnamese.Fold, Texts: h.words, Langs: words.Langs[:],
		Classify: func(text string) bot.Intent {
			r := classifier.Classify(text)
			return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
		},
	})
	if err != nil {
		return err
	}
	limits := map[string]bot.Limiter{}
	for _, c := range h.channels {
		limits[c.Name()] = c
	}
	var sent func(delivery.Observation)
	var turned func(string, time.Duration)
	if o.Metrics != nil {
		sent, turned = o.Metrics.sent, o.Metrics.turn
	}
	if h.delivery, err = delivery.New(delivery.Options{
		Outbox: h.store, State: h.state, Channels: h.channels, Now: o.Now, Log: o.Log, Alert: h.alarm.raise,
		Observe: sent, Digest: o.Data.keys.Digest,
	}); err != nil {
		return err
	}
	composer := &bot.Composer{Texts: h.words, Channels: limits, Default: words.Langs[0]}
	if _, ok := limits[h.alarm.to.Channel]; ok {
		h.alarm.works.Store(&bot.Works{Units: h.store, Composer: composer, Wake: h.delivery.Wake})
	}
	h.dispatcher, err = bot.NewDispatcher(bot.DispatcherOptions{
		Inbox: h.store, State: h.state, Sealer: o.Data.keys, Router: router, Channels: h.channels,
		Composer: composer, Now: o.Now, Log: o.Log, Wake: h.delivery.Wake, Alert: h.alarm.raise, Observe: turned,
		QuietFor: o.Config.QuietFor,
	})
	return err
}

// commands are the lines of the platforms' command menus, of all features.
func (h *house) commands() []bot.CommandHelp {
	var out []bot.CommandHelp
	for _, f := range h.features {
		out = append(out, f.Commands...)
	}
	return out
}

// only is a fixed list of channels.
func only(cs ...bot.Channel) func(*house) ([]bot.Channel, error) {
	return func(*house) ([]bot.Channel, error) { return cs, nil }
}

// intake is the store's intake with the bot woken behind it.
type intake struct{ h *house }

// Accept implements bot.Intake.
func (i intake) Accept(ctx context.Context, u bot.Update) error {
	if err := i.h.store.Accept(ctx, u); err != nil {
		return err
	}
	i.h.dispatcher.Wake()
	return nil
}

// Present implements bot.Presence.
func (i intake) Present(ctx context.Context, a bot.Address) error {
	if err := i.h.store.Present(ctx, a); err != nil {
		return err
	}
	i.h.delivery.Wake()
	return nil
}

// Close closes what newHouse opened; the data folder belongs to the caller.
func (h *house) Close() error {
	if h.stateDB == nil {
		return nil
	}
	return h.stateDB.Close()
}
