package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/redis"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/web"
	"cchcbot/bot/webchat"
	"cchcbot/bot/zalo"
)

// ServeCmd is `cchcbot serve`.
type ServeCmd struct {
	WithFakes bool `help:"Add fake Telegram, Zalo, Zalo Bot and a mailbox, and a page on which one writes to the bot as a citizen on each. Nothing leaves this machine, and what is typed is gone when it stops."`
}

// Help is the example below --help.
func (ServeCmd) Help() string {
	return "Examples:\n  cchcbot serve\n  cchcbot serve --with-fakes\n  CCHCBOT_PUBLIC_URL=https://hoidap.example.vn CCHCBOT_TRUSTED_PROXY=127.0.0.1 cchcbot serve"
}

// Run serves until the process is asked to stop.
func (c ServeCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	start := time.Now()
	p := &program{cfg: cfg, log: cfg.Logger(io.err), withFakes: c.WithFakes}
	if c.WithFakes {
		if err := checkFakes(cfg); err != nil {
			return err
		}
		folder, err := tempData()
		if err != nil {
			return err
		}
		own := *cfg
		own.Data, p.cfg, p.fakesFolder = folder, &own, folder
	}
	if err := p.open(ctx); err != nil {
		return errors.Join(err, p.Close())
	}
	rev, entries := p.house.live.Loaded()
	p.log.Info("ready", "took", time.Since(start).Round(time.Millisecond), "entries", entries, "revision", rev)
	fmt.Fprintf(io.out, "cchcbot is ready: %d procedures.\n  Web chat   %s/chat\n  Health     %s/readyz\n", entries, p.server.PublicURL(), p.server.PublicURL())
	if p.fakes != nil {
		fmt.Fprintf(io.out, "  Fakes      %s%s\n", p.server.PublicURL(), fakesPath)
	}
	// Once there is an account the console needs no line: those who use it know the way.
	link, err := p.firstLink(ctx)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	if link != "" {
		fmt.Fprintf(io.out, "  Console    %s\n             makes the first account; works once, for three days\n", link)
	}
	fmt.Fprintln(io.out, "Ctrl+C stops it.")
	defer watchdog(ctx, p.log)()
	return errors.Join(p.Run(ctx), p.Close())
}

// stopLimit is how long a stop may take: 15 s for requests, 20 s for a turn under way,
// 30 s for a send under way, and a little for the files.
const stopLimit = 70 * time.Second

// watchdog ends the process when it does not stop in time after ctx ended.
// Nothing is lost by that: what was accepted is in the database.
func watchdog(ctx context.Context, log *slog.Logger) (disarm func()) {
	done := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-done:
			return
		}
		limit := time.NewTimer(stopLimit)
		defer limit.Stop()
		select {
		case <-limit.C:
			log.Error("the program does not stop; it ends now, and goes on at the next start")
			os.Exit(exitFailed)
		case <-done:
		}
	}()
	return func() { close(done) }
}

// program is everything that `serve` runs. Tests start it whole.
type program struct {
	cfg *Config
	log *slog.Logger
	now func() time.Time // nil means time.Now

	unlock  func() error
	data    *data
	house   *house
	redis   *redis.State
	chat    *webchat.Chat
	zalo    *zalo.OA // nil without an Official Account
	server  *web.Server
	metrics *metrics

	withFakes   bool
	fakesFolder string
	fakes       *fakes // nil unless the platforms are fakes
}

// open locks the data folder, opens everything and listens. Nothing runs yet.
func (p *program) open(ctx context.Context) (err error) {
	if p.now == nil {
		p.now = time.Now
	}
	if p.unlock, err = sqldb.LockFolder(p.cfg.Data); err != nil {
		return err
	}
	if there(filepath.Join(p.cfg.Data, databaseFile)) { // a restore that ended, and was killed while it cleared up
		if err := takeBackBroken(p.cfg.Data); err != nil {
			return err
		}
	}
	if p.data, err = openData(ctx, p.cfg, p.log); err != nil {
		return err
	}
	// The lock on the folder says that no other process sends from it.
	if n, err := p.data.store.Recover(ctx); err != nil {
		return err
	} else if n > 0 {
		p.log.Info("messages that were on their way when the program ended are sent again", "messages", n)
	}
	p.metrics = newMetrics()
	if err := p.listen(); err != nil {
		return err
	}
	if p.withFakes {
		if p.fakes, p.cfg, err = startFakes(p.cfg, "http://"+p.server.Addr(), p.now); err != nil {
			return err
		}
		p.fakes.folder = p.fakesFolder
	}
	state, err := p.openState()
	if err != nil {
		return err
	}
	if p.house, err = newHouse(ctx, houseOptions{
		Config: p.cfg, Log: p.log, Now: p.now, Data: p.data, Channels: p.channels, State: state,
		PublicURL: p.server.PublicURL(), Metrics: p.metrics,
	}); err != nil {
		return err
	}
	p.routes()
	p.gauges()
	return nil
}

func (p *program) listen() error {
	proxies, err := p.cfg.Proxies()
	if err != nil {
		return err
	}
	p.server, err = web.New(web.Options{
		Listen: p.cfg.Listen, PublicURL: p.cfg.PublicURL, MetricsListen: p.cfg.MetricsListen, TrustedProxies: proxies,
		Log: p.log, Now: p.now, Ready: p.ready, Meter: p.metrics,
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; stop the program that has this address, or set LISTEN (or METRICS_LISTEN) to another", err)
	}
	return err
}

// routes mounts the channels' and the features' pages.
func (p *program) routes() {
	chat := p.chat.Handler(intake{p.house})
	// The chat checks origins and limits bodies itself, for it may be embedded.
	for _, pattern := range []string{"/chat", "/chat/"} {
		p.server.Handle(pattern, chat, web.Framed(p.cfg.ChatOrigins...), web.CrossSite(), web.Body(webchat.MaxBody))
	}
	for _, c := range p.house.channels {
		if hook, ok := c.(bot.Webhook); ok {
			// Platforms bring everybody's messages from a few addresses, and prove themselves.
			p.server.Handle("POST /"+c.Name()+"/webhook", hook.Webhook(intake{p.house}), web.CrossSite(), web.Unlimited())
		}
	}
	if p.fakes != nil {
		p.server.Handle(fakesPath, p.fakes.page.Handler(fakesPath), web.Unlimited())
	}
	if p.zalo != nil {
		p.server.Handle("GET "+zaloConsentPath, p.zalo.Callback(), web.CrossSite())
	}
	p.pages()
	p.server.OnStop(p.chat.Close)
}

// Run runs every part until ctx ends, then stops them in the order of a
// message's path: nothing new comes in, turns under way finish, what they said
// goes out, and only then the streams close.
func (p *program) Run(ctx context.Context) error {
	run := context.WithoutCancel(ctx)
	turns, stopTurns := context.WithCancel(run)
	sends, stopSends := context.WithCancel(run)
	defer stopTurns()
	defer stopSends()
	var turning, sending sync.WaitGroup
	turning.Go(func() { p.report("dispatcher", p.house.dispatcher.Run(turns)) })
	sending.Go(func() { p.report("delivery", p.house.delivery.Run(sends)) })
	jobs, stopJobs := context.WithCancel(ctx)
	defer stopJobs()
	var working sync.WaitGroup
	p.jobs(jobs, &working)
	working.Go(func() { p.report("media", p.house.media.Run(jobs)) })
	if p.zalo != nil {
		working.Go(func() { p.zalo.Keep(jobs) })
	}
	for _, c := range p.house.channels {
		if poller, ok := c.(bot.Poller); ok {
			working.Go(func() { p.poll(jobs, poller, c.Name()) })
		}
	}

	err := p.server.Run(ctx) // returns when ctx ended and requests under way are answered
	stopJobs()
	working.Wait()
	stopTurns()
	turning.Wait()
	stopSends()
	sending.Wait()
	p.log.Info("stopped")
	return err
}

func (p *program) report(part string, err error) {
	if err != nil {
		p.log.Error("a part stopped", "part", part, "err", err)
	}
}

// How often the store cleans up behind itself, and how often it tries again to
// empty the write-ahead log of a dropped turn that a reader kept there.
const (
	maintainEvery = 10 * time.Minute
	scrubEvery    = time.Minute
)

// jobs runs the features' periodic work and the store's.
func (p *program) jobs(ctx context.Context, wg *sync.WaitGroup) {
	all := []bot.Job{
		{Name: "store.maintain", Every: maintainEvery, Run: p.data.store.Maintain},
		{Name: "store.scrub", Every: scrubEvery, Run: func(ctx context.Context) error {
			p.data.store.Scrub(ctx) // what it could not clean it tries again in a minute
			return nil
		}},
	}
	for _, f := range p.house.features {
		all = append(all, f.Jobs...)
	}
	for _, j := range all {
		wg.Go(func() {
			// A little apart from each other, so that they never start all at once.
			next := time.NewTimer(j.Every/10 + rand.N(j.Every/10+1))
			defer next.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-next.C:
				}
				if err := j.Run(ctx); err != nil && ctx.Err() == nil {
					p.log.Error("a job failed", "job", j.Name, "err", err)
				}
				next.Reset(j.Every)
			}
		})
	}
}

// Close closes what open opened, in reverse order.
func (p *program) Close() error {
	var errs []error
	if p.server != nil {
		errs = append(errs, p.server.Close())
	}
	if p.chat != nil {
		p.chat.Close()
	}
	if p.zalo != nil {
		p.zalo.Close()
	}
	if p.house != nil {
		errs = append(errs, p.house.Close())
	}
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.data != nil {
		errs = append(errs, p.data.Close())
	}
	if p.unlock != nil {
		errs = append(errs, p.unlock())
	}
	return errors.Join(append(errs, p.fakes.Close())...)
}
