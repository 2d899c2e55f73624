package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/telegram"
	"cchcbot/bot/web"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
)

// Checks of what is around the program: its settings, the clock, the network, the platforms.

func checkSettings(_ context.Context, p *patient) []finding {
	if err := p.cfg.Check(); err != nil {
		return isBad("correct it; docs/running.md lists the settings", "%v", err)
	}
	var given, unknown []string
	for _, pair := range p.environ {
		name, value, _ := strings.Cut(pair, "=")
		short, ours := strings.CutPrefix(name, envPrefix)
		switch {
		case !ours || value == "":
		case p.known[name]:
			given = append(given, short)
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(given)
	slices.Sort(unknown)
	if len(unknown) > 0 {
		return toLookAt("correct the name, or leave it out", "%s: no setting is called so; a misspelt one has no effect", strings.Join(unknown, ", "))
	}
	if len(given) == 0 {
		return isFine("nothing in the environment; flags, file and defaults apply")
	}
	return isFine("in the environment: %s", strings.Join(given, ", "))
}

// The years in which a clock is believed.
const (
	firstYear = 2026
	lastYear  = 2100
	clockSlip = 2 * time.Minute
)

// checkClock compares the clock with what cannot be later than now: the build
// and the files that a running bot writes.
func checkClock(_ context.Context, p *patient) []finding {
	const set = "set the clock and keep it right with NTP (`timedatectl set-ntp true`); due times and the day of the law go by it"
	now := p.now()
	shown := now.In(vietnam).Format("02/01/2006 15:04:05") + " in Vietnam"
	if y := now.Year(); y < firstYear || y > lastYear {
		return isBad(set, "it shows %s", shown)
	}
	if built := buildTime(); now.Add(clockSlip).Before(built) {
		return isBad(set, "it shows %s, before this program was written (%s)", shown, built.Format(time.DateOnly))
	}
	for _, name := range []string{databaseFile, databaseFile + "-wal", stateFile, keyFile} {
		info, err := os.Stat(filepath.Join(p.cfg.Data, name))
		if err == nil && now.Add(clockSlip).Before(info.ModTime()) {
			return isBad(set, "it shows %s, but %s was written later (%s): it went back", shown, name, info.ModTime().In(vietnam).Format("02/01/2006 15:04:05"))
		}
	}
	return isFine("%s", shown)
}

// buildTime is the time of the revision that the program was built from; zero when it is not known.
func buildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

func checkPublic(_ context.Context, p *patient) []finding {
	if p.cfg.PublicURL == "" {
		return toLookAt("set PUBLIC_URL to what citizens reach, like https://hoidap.haiduong.gov.vn", "PUBLIC_URL is not set: links in answers lead to the listening address")
	}
	u, err := url.Parse(p.cfg.PublicURL)
	if err != nil || u.Host == "" {
		return isBad("set PUBLIC_URL to an address like https://hoidap.haiduong.gov.vn", "PUBLIC_URL is not an address")
	}
	var out []finding
	switch host := u.Hostname(); {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return isBad("leave everything out but scheme, host and path", "PUBLIC_URL holds more than an address")
	case isPrivate(host):
		out = toLookAt("set PUBLIC_URL to what citizens reach", "%s is reached from this machine or network only", host)
	case u.Scheme != "https":
		out = toLookAt("put TLS in front (docs/running.md) and set PUBLIC_URL to https://…", "what citizens write to %s travels unencrypted; platforms refuse such webhooks", host)
	}
	if u.Scheme == "https" && len(p.cfg.TrustedProxy) == 0 {
		out = append(out, toLookAt("set TRUSTED_PROXY to the address of the web server in front", "TRUSTED_PROXY is not set: limits count all citizens behind the web server as one")...)
	}
	if u.Scheme == "https" && p.cfg.MetricsListen == "" {
		out = append(out, toLookAt("set METRICS_LISTEN, or close /metrics in the web server", "/metrics answers on the public address")...)
	}
	if len(out) == 0 {
		return isFine("%s", p.cfg.PublicURL)
	}
	return out
}

func isPrivate(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() || a.IsLinkLocalUnicast())
}

// checkListen asks whoever has the address whether it is the bot and ready;
// when nobody has it, it tries to take it.
func checkListen(ctx context.Context, p *patient) []finding {
	_, port, err := net.SplitHostPort(p.cfg.Listen)
	if err != nil {
		return isBad("set LISTEN to something like 127.0.0.1:8080", "LISTEN: %v", err)
	}
	if port == "0" {
		return isFine("a free port is taken at each start, so a running bot cannot be found")
	}
	body, status, err := askBot(ctx, p.cfg.Listen, "/readyz", 6*time.Second)
	if err != nil {
		return tryListen(ctx, p.cfg.Listen)
	}
	var got struct {
		Ready  bool        `json:"ready"`
		Checks []web.Check `json:"checks"`
	}
	if json.Unmarshal(body, &got) != nil || len(got.Checks) == 0 {
		return isBad("stop that program, or set LISTEN to another address", "%s belongs to another program, which answers %d to /readyz", p.cfg.Listen, status)
	}
	p.alive = true
	if got.Ready {
		return isFine("a bot runs at %s and is ready", p.cfg.Listen)
	}
	var out []finding
	for _, c := range got.Checks {
		if !c.OK {
			out = append(out, isBad("see the log of the bot", "the bot at %s is not ready: %s: %s", p.cfg.Listen, c.Name, c.Reason)...)
		}
	}
	return out
}

func tryListen(ctx context.Context, address string) []finding {
	var l net.ListenConfig
	in, err := l.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		if err := in.Close(); err != nil {
			return isBad("look at the network of this machine", "%s: %v", address, err)
		}
		return isFine("no bot runs at %s; the address is free", address)
	case errors.Is(err, syscall.EADDRINUSE):
		return isBad("stop the program that has it (`ss -ltnp` names it), or set LISTEN to another address", "%s is taken by a program that does not answer as the bot does", address)
	case errors.Is(err, fs.ErrPermission):
		return isBad("set LISTEN to a port above 1023, behind a web server", "this user may not listen on %s", address)
	}
	return isBad("set LISTEN to an address of this machine", "%s: %v", address, err)
}

// configured is one check for each part outside of this program that the
// settings ask for. The program is put together as `serve` does it, over a data
// folder of its own that done removes and on a free port, and is never run: so
// looking changes nothing, and nothing can be forgotten here.
func configured(ctx context.Context, cfg *Config) (checks []doctorCheck, done func()) {
	folder, err := os.MkdirTemp("", "cchcbot-doctor-")
	if err != nil {
		return cannotStart(err), func() {}
	}
	own := *cfg
	own.Data, own.SecretKey, own.Listen, own.MetricsListen = filepath.Join(folder, "data"), "", "127.0.0.1:0", ""
	p := &program{cfg: &own, log: slog.New(slog.DiscardHandler)}
	done = func() {
		_ = p.Close() // nothing of it is kept
		os.RemoveAll(folder)
	}
	if err := p.open(ctx); err != nil {
		return cannotStart(err), done
	}
	if cfg.RedisURL != "" {
		checks = append(checks, redisCheck(p.house.state))
	}
	return append(checks, channelChecks(p.house.channels)...), done
}

func cannotStart(err error) []doctorCheck {
	return []doctorCheck{{"start", func(context.Context, *patient) []finding {
		return isBad("correct the settings that it names; nothing of channels was looked at", "the program cannot be put together with these settings: %v", err)
	}}}
}

func redisCheck(state bot.State) doctorCheck {
	return doctorCheck{"redis", func(ctx context.Context, _ *patient) []finding {
		if err := state.Ping(ctx); err != nil {
			return isBad("look whether Redis runs and REDIS_URL is right; the bot goes on without, and takes it up when it is back", "%v", err)
		}
		return isFine("it answers")
	}}
}

// channelChecks asks every channel that can tell whether it works.
func channelChecks(channels []bot.Channel) []doctorCheck {
	var out []doctorCheck
	for _, c := range channels {
		out = append(out, doctorCheck{"channel " + c.Name(), func(ctx context.Context, p *patient) []finding {
			switch c := c.(type) {
			case *telegram.Bot:
				return telegramFindings(ctx, c, time.Now())
			case *zalo.OA:
				return zaloFindings(ctx, p)
			case *zalobot.Bot:
				return zalobotFindings(ctx, c)
			case *email.Sender:
				return emailFindings(ctx, c)
			}
			checker, ok := c.(bot.Checker)
			if !ok {
				return isFine("set up; it needs nothing outside of this program")
			}
			if err := checker.Check(ctx); err != nil {
				return isBad("correct its settings; the channel's page in docs/ says where they come from", "%v", err)
			}
			return isFine("it answers")
		}})
	}
	return out
}

// emailFindings connects to the mail server as for a mail, and sends none.
func emailFindings(ctx context.Context, c *email.Sender) []finding {
	err := c.Check(ctx)
	var se *bot.SendError
	switch {
	case err == nil:
		return isFine("the mail server takes the account; whether mails arrive, only a test message to an agency shows")
	case errors.As(err, &se) && se.Kind == bot.Misconfigured:
		return isBad("correct SMTP_URL: the account, the port, or smtps:// instead of smtp://; docs/email.md", "%v", se.Err)
	}
	return isBad("look whether the mail server runs and this machine may reach it; mails wait until then", "%v", err)
}

// Signs that deliveries to the webhook do not get through.
const (
	manyPending  = 100
	freshFailure = time.Hour
)

// telegramFindings asks Telegram who the bot is and how updates come to it.
func telegramFindings(ctx context.Context, t *telegram.Bot, now time.Time) []finding {
	s, err := t.Status(ctx)
	if err != nil {
		return isBad("correct TELEGRAM_TOKEN and TELEGRAM_API_URL; docs/telegram.md says where they come from", "%v", err)
	}
	out := isFine("it answers as @%s", s.Username)
	if !s.Expected {
		way := "nowhere: the bot has to fetch them"
		if s.Webhook != "" {
			way = s.Webhook
		}
		out = append(out, toLookAt("start the bot: it sets or removes the webhook itself", "Telegram brings messages to %s, which is not what TELEGRAM_MODE says", way)...)
	}
	if s.Pending > manyPending {
		out = append(out, toLookAt("see whether the bot runs; messages older than a day are lost at Telegram", "%d messages wait at Telegram", s.Pending)...)
	}
	if !s.LastError.IsZero() && now.Sub(s.LastError) < freshFailure {
		out = append(out, toLookAt("look at the certificate, the address and the web server in front", "the last delivery failed at %s: %s", stamp(s.LastError), s.Message)...)
	}
	return out
}

// maxAnswer bounds what is read of another program's answer, in bytes.
const maxAnswer = 64 << 10

// askBot fetches a page of the bot that listens on an address of this machine.
func askBot(ctx context.Context, listen, path string, limit time.Duration) (body []byte, status int, err error) {
	address, err := dialable(listen)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	// Straight to this machine: no proxy of the environment, no redirect elsewhere.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return body, resp.StatusCode, err
}

// dialable is the address under which this machine reaches what listens on listen.
func dialable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("LISTEN: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
		if a.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}

// HealthCmd is `cchcbot healthcheck`: an image without a shell has nothing else to ask with.
type HealthCmd struct{}

// Run fails unless the bot at LISTEN says that it lives.
func (HealthCmd) Run(ctx context.Context, cfg *Config) error {
	_, status, err := askBot(ctx, cfg.Listen, "/healthz", 3*time.Second)
	if err != nil {
		return fmt.Errorf("no bot answers at %s: %w", cfg.Listen, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answers %d to /healthz", cfg.Listen, status)
	}
	return nil
}
