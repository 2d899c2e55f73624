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
	"cchcbot/bot/email"
	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/bot/telegram"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
	"cchcbot/handlers"
	calendarfeature "cchcbot/handlers/calendar"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/register"
	directoryfeature "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/gaps"
	"cchcbot/handlers/procedures/stale"
	"cchcbot/knowledge"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// Contacts of the directory that texts name, by id.
const (
	contactPortal    = "dvc-quoc-gia"
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
	log            *slog.Logger
	now            func() time.Time
	store          *store.Store
	stateDB        *sqldb.DB
	words          *words.Words
	live           *procedures.Live
	calendar       *calendarfeature.Live
	features       []bot.Feature
	dispatcher     *bot.Dispatcher
	delivery       *delivery.Delivery
	directory      func() *directory.Directory
	channels       []bot.Channel
	state          bot.State
	alarm          *alarm
	media          *media.Keeper
	console        *web.Console
	desk           *cases.Desk
	news           *items.Desk
	entries        *entries.Desk
	gaps           *gaps.Book
	stale          *stale.Book
	knowledgeParts []bot.Feature      // of procedures: its console and its jobs
	register       *register.Register // nil where nothing is shown to the public
	parts          []bot.Feature      // of complaints: its other sides
	newsParts      []bot.Feature      // of news: its other sides
	classify       func(text string) bot.Intent
	works          *bot.Works // whole when newHouse returns
}

// newHouse wires the bot. Nothing runs until Run or Drain.
func newHouse(ctx context.Context, o houseOptions) (*house, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Knowledge == nil {
		o.Knowledge = o.Data
	}
	h := &house{log: o.Log, now: o.Now, store: o.Data.store, live: o.Live, alarm: newAlarm(o), works: &bot.Works{Units: o.Data.store}}
	if err := h.build(ctx, o); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// build puts the parts together. What it opened before it failed is h's to close.
func (h *house) build(ctx context.Context, o houseOptions) error {
	if h.live == nil {
		h.live = procedures.NewLive(o.Knowledge.db.Read(), buildIndex(o.Now), o.Log)
		h.live.Clock(o.Now)
	}
	var err error
	if h.calendar, err = calendarfeature.NewLive(o.Knowledge.db.Read(), o.Log); err != nil {
		return err
	}
	if err := h.calendar.Refresh(ctx); err != nil {
		return err
	}
	classifier, err := intent.New()
	if err != nil {
		return err
	}
	h.classify = classify(classifier, func() *directory.Directory { return h.directory() })
	// The directory and the index do not need each other: build them side by side.
	var wait sync.WaitGroup
	var liveErr error
	wait.Go(func() { liveErr = h.live.Refresh(ctx) })
	h.directory, err = loadDirectory(o.Config, o.Knowledge)
	wait.Wait()
	if err := errors.Join(err, liveErr); err != nil {
		return err
	}
	if err := h.openMedia(o); err != nil {
		return err
	}
	if err := h.openConsole(o); err != nil {
		return err
	}
	if err := h.openDesk(o); err != nil {
		return err
	}
	if err := h.openNews(o); err != nil {
		return err
	}
	if err := h.openNewsParts(o); err != nil {
		return err
	}
	if err := h.openKnowledge(o); err != nil {
		return err
	}
	if err := h.openGaps(o); err != nil {
		return err
	}
	if err := h.openExchange(o); err != nil {
		return err
	}
	if err := h.openStale(o); err != nil {
		return err
	}
	for _, part := range []func(houseOptions) (bot.Feature, error){h.agencies, h.deskPages, h.publicRegister} {
		f, err := part(o)
		if err != nil {
			return err
		}
		h.parts = append(h.parts, f)
	}
	if h.features, err = handlers.All(h.deps(o)); err != nil {
		return err
	}
	h.features = append(h.features, h.media.Feature())
	if err := h.loadWords(); err != nil {
		return err
	}
	if h.state = o.State; h.state == nil {
		if h.stateDB, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(o.Data.folder, stateFile), Synchronous: sqldb.Normal}); err != nil {
			return err
		}
		if h.state, err = store.NewState(ctx, h.stateDB, o.Now); err != nil {
			return err
		}
	}
	if h.channels, err = o.Channels(h); err != nil {
		return err
	}
	return h.wire(o)
}

// openMedia opens the keeper of files, which fetches from the channels.
func (h *house) openMedia(o houseOptions) (err error) {
	h.media, err = media.New(media.Options{
		Folder: filepath.Join(o.Data.folder, mediaFolder), Read: o.Data.db.Read(), Works: h.works, Sealer: o.Data.keys,
		Secret: o.Data.secret("media links"), PublicURL: o.PublicURL, Free: sqldb.FreeSpace, Now: o.Now, Log: o.Log,
		Fetcher: func(channel string) bot.Fetcher {
			for _, c := range h.channels {
				if f, ok := c.(bot.Fetcher); ok && c.Name() == channel {
					return f
				}
			}
			return nil
		},
		Render: func(lang, key string, args map[string]any) (string, error) { return h.words.Render(lang, key, args) },
	})
	return err
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
	phone := func(id string) string {
		c, _ := h.directory().Contact(id)
		return c.Phone
	}
	return handlers.Deps{
		Menu: menu.Options{
			Phone: phone, Portal: url(contactPortal),
			Related: func(text string) (bot.Button, bool) {
				return procedures.Related(h.live.Search(knowledge.Query{Text: text}))
			},
		},
		Complaints: h.complaints(o, phone),
		Calendar: calendarfeature.Options{
			Live: h.calendar, Read: o.Knowledge.db.Read(), Audit: h.store.Audit, Staff: h.store, Alert: h.alarm.raise, Now: o.Now, Log: o.Log,
			Do: h.works.Do, Console: h.console, Affected: h.affected,
		},
		Console:    h.consoleOptions(o),
		News:       h.newsOptions(o),
		Directory:  directoryfeature.Options{Directory: h.directory},
		Procedures: h.procedures(o),
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
	return []fs.FS{delivery.Texts(), email.Texts(), telegram.Texts(), zalo.Texts(), zalobot.Texts()}
}

func (h *house) loadWords() (err error) {
	sources := append([]fs.FS{words.Shared(), web.Texts()}, reasonTexts()...)
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

func (h *house) wire(o houseOptions) error {
	router, err := bot.NewRouter(bot.RouterOptions{
		Features: h.features, Fold: vietnamese.Fold, Texts: h.words, Langs: words.Langs[:],
		Classify: h.classify,
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
	h.works.Composer, h.works.Wake = composer, h.delivery.Wake
	if _, ok := limits[h.alarm.to.Channel]; ok {
		h.alarm.works.Store(h.works)
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
	var errs []error
	if h.media != nil {
		errs = append(errs, h.media.Close())
	}
	if h.stateDB != nil {
		errs = append(errs, h.stateDB.Close())
	}
	return errors.Join(errs...)
}
