package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/redis"
	"cchcbot/bot/telegram"
)

// envPrefix stands before every setting's name in the environment.
const envPrefix = "CCHCBOT_"

// Config is every setting. Each comes from a flag, else the environment
// (CCHCBOT_NAME), else a file that CCHCBOT_NAME_FILE names, else the YAML file
// of --config (name in lower case), else its default. docs/running.md is
// generated from the tags.
type Config struct {
	Data          string `env:"CCHCBOT_DATA" default:"./data" placeholder:"FOLDER" help:"Folder of the embedded database, the key and a boundary file. Made on the first start; readable by its owner only."`
	Listen        string `env:"CCHCBOT_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the HTTP server. Port 0 takes a free one."`
	PublicURL     string `name:"public-url" env:"CCHCBOT_PUBLIC_URL" placeholder:"URL" help:"What citizens and platforms reach, for links and QR codes. Default: made from the listening address."`
	MetricsListen string `env:"CCHCBOT_METRICS_LISTEN" placeholder:"HOST:PORT" help:"Separate address for /metrics. Default: beside everything else, which a public server should not do."`
	AsOf          string `env:"CCHCBOT_AS_OF" placeholder:"DATE" help:"The day whose agencies and places apply, like 2021-06-01. Default: today. It never changes which law applies to a procedure."`
	SecretKey     string `env:"CCHCBOT_SECRET_KEY" placeholder:"SECRET" help:"Key that seals personal data at rest, 16 bytes or more. Default: generated in DATA on the first start."`
	RedisURL      string `name:"redis-url" env:"CCHCBOT_REDIS_URL" placeholder:"URL" help:"Where conversations under way, locks and rate budgets are kept: redis://, rediss://, redis+sentinel://a,b/0?master=NAME or redis+cluster://a,b. Default: in DATA, for one process."`

	TelegramToken         string `env:"CCHCBOT_TELEGRAM_TOKEN" placeholder:"TOKEN" help:"Token of the Telegram bot, from BotFather. Default: no Telegram."`
	TelegramAPIURL        string `name:"telegram-api-url" env:"CCHCBOT_TELEGRAM_API_URL" default:"https://api.telegram.org" placeholder:"URL" help:"Address of the Bot API server."`
	TelegramMode          string `env:"CCHCBOT_TELEGRAM_MODE" default:"poll" enum:"poll,webhook" help:"poll fetches messages and needs no public address; webhook has Telegram bring them to PUBLIC_URL/telegram/webhook."`
	TelegramWebhookSecret string `env:"CCHCBOT_TELEGRAM_WEBHOOK_SECRET" placeholder:"SECRET" help:"What Telegram shows with every delivery, 16 to 256 letters and digits. Needed for mode webhook."`

	ZaloAppID        string        `name:"zalo-app-id" env:"CCHCBOT_ZALO_APP_ID" placeholder:"ID" help:"The app at developers.zalo.me that the Official Account gave its consent to. Default: no Official Account."`
	ZaloAppSecret    string        `env:"CCHCBOT_ZALO_APP_SECRET" placeholder:"SECRET" help:"Secret key of that app."`
	ZaloOASecret     string        `name:"zalo-oa-secret" env:"CCHCBOT_ZALO_OA_SECRET" placeholder:"SECRET" help:"OA Secret Key of the app's webhook page: what Zalo signs its deliveries with. Another one than the app's."`
	ZaloRefreshToken string        `env:"CCHCBOT_ZALO_REFRESH_TOKEN" placeholder:"TOKEN" help:"Refresh token for the first start; good for one use. cchcbot zalo connect needs none."`
	ZaloAPIURL       string        `name:"zalo-api-url" env:"CCHCBOT_ZALO_API_URL" default:"https://openapi.zalo.me" placeholder:"URL" help:"Address of the Official Account's API."`
	ZaloOAuthURL     string        `name:"zalo-oauth-url" env:"CCHCBOT_ZALO_OAUTH_URL" default:"https://oauth.zaloapp.com" placeholder:"URL" help:"Address of Zalo's consent and tokens."`
	ZaloButtons      string        `env:"CCHCBOT_ZALO_BUTTONS" default:"auto" enum:"auto,on,off" help:"Buttons under messages of the Official Account: auto shows them once cchcbot zalo probe found that the account may; off numbers every choice."`
	ZaloPaid         string        `env:"CCHCBOT_ZALO_PAID" default:"case" enum:"none,case,all" help:"Which messages may count against the package, or cost money, between 48 hours and seven days after a citizen's last word: none, those on the citizen's own case, or all."`
	ZaloProof        bool          `env:"CCHCBOT_ZALO_PROOF" help:"Send appsecret_proof with every call, for an app that requires it."`
	QuietFor         time.Duration `env:"CCHCBOT_QUIET_FOR" default:"1h" placeholder:"TIME" help:"How long the bot keeps quiet in a chat that a person of the office took over, like 30m or 2h."`

	ZalobotToken         string `env:"CCHCBOT_ZALOBOT_TOKEN" placeholder:"TOKEN" help:"Token of a bot on the Zalo Bot Platform. Default: no such bot."`
	ZalobotAPIURL        string `name:"zalobot-api-url" env:"CCHCBOT_ZALOBOT_API_URL" default:"https://bot-api.zaloplatforms.com" placeholder:"URL" help:"Address of the Zalo Bot API."`
	ZalobotMode          string `env:"CCHCBOT_ZALOBOT_MODE" default:"webhook" enum:"poll,webhook" help:"webhook has Zalo bring messages to PUBLIC_URL/zalobot/webhook; poll fetches them, for trials: what is handed out while the program dies is lost."`
	ZalobotWebhookSecret string `env:"CCHCBOT_ZALOBOT_WEBHOOK_SECRET" placeholder:"SECRET" help:"What Zalo shows with every delivery, 8 to 256 letters and digits. Needed for mode webhook."`

	SMTPURL  string `name:"smtp-url" env:"CCHCBOT_SMTP_URL" placeholder:"URL" help:"Mail server for mails to agencies: smtp://user:password@host:587 (encrypted by STARTTLS) or smtps://user:password@host:465; ?tls=none for a server of one's own network without. Default: no e-mail."`
	MailFrom string `env:"CCHCBOT_MAIL_FROM" placeholder:"ADDRESS" help:"Who mails are from: an address, or like Hoi dap <hoidap@example.vn>. Needed with SMTP_URL."`

	StaleDays  int  `env:"CCHCBOT_STALE_DAYS" default:"365" placeholder:"DAYS" help:"After how many days without a confirmation an entry of the knowledge base is listed for its officers, and citizens are told to check before they go."`
	CheckLinks bool `env:"CCHCBOT_CHECK_LINKS" help:"Try the sources that entries name, at most one request a second to one server, each once a week. Default: nothing is tried."`

	AlertTo      string   `env:"CCHCBOT_ALERT_TO" placeholder:"CHANNEL:CHAT" help:"Who hears of messages given up, lost tokens and failed turns: a chat like telegram:-1001234567890 (the bot must be in it), or an e-mail address. Default: the log only."`
	ChatOrigins  []string `env:"CCHCBOT_CHAT_ORIGINS" placeholder:"ORIGIN,…" help:"Sites that may embed the web chat, like https://haiduong.gov.vn."`
	TrustedProxy []string `env:"CCHCBOT_TRUSTED_PROXY" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed, like 10.0.0.0/8 or 127.0.0.1."`
	LogLevel     string   `env:"CCHCBOT_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"How much is logged: debug, info, warn or error. No level logs what citizens write."`
}

// Proxies parses TrustedProxy.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range c.TrustedProxy {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
			continue
		}
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXY: %q is neither an address nor a network like 10.0.0.0/8", s)
		}
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

// Day parses AsOf; zero means today.
func (c *Config) Day() (time.Time, error) {
	if c.AsOf == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseInLocation(time.DateOnly, c.AsOf, vietnam)
	if err != nil {
		return time.Time{}, fmt.Errorf("AS_OF: %q is not a day like 2021-06-01", c.AsOf)
	}
	return d, nil
}

// checkData fails for an empty folder, which would be the one that somebody happens to be in.
func (c *Config) checkData() error {
	if strings.TrimSpace(c.Data) == "" {
		return errors.New("DATA: it is empty; name a folder, or leave it out for ./data")
	}
	return nil
}

// Check finds what is wrong with the settings before anything is opened.
func (c *Config) Check() error {
	var errs []error
	if _, err := c.Proxies(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.Day(); err != nil {
		errs = append(errs, err)
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			errs = append(errs, fmt.Errorf("PUBLIC_URL: %q is not an address like https://hoidap.haiduong.gov.vn", c.PublicURL))
		} else if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
			errs = append(errs, errors.New("PUBLIC_URL: links are made by adding to it, so there can be no user, ? or # in it"))
		}
	}
	errs = append(errs, c.checkListen()...)
	if c.RedisURL != "" {
		if s, err := redis.New(redis.Options{URL: c.RedisURL}); err != nil {
			errs = append(errs, fmt.Errorf("REDIS_URL: %w", err))
		} else {
			errs = append(errs, s.Close())
		}
	}
	for _, o := range c.ChatOrigins {
		if u, err := url.Parse(o); err != nil || u.Host == "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
			errs = append(errs, fmt.Errorf("CHAT_ORIGINS: %q is not an origin like https://haiduong.gov.vn", o))
		}
	}
	errs = append(errs, c.checkMail()...)
	if c.StaleDays < 0 || c.StaleDays > 3650 {
		errs = append(errs, errors.New("STALE_DAYS: it is a number of days up to 3650"))
	}
	errs = append(errs, c.checkTelegram()...)
	errs = append(errs, c.checkZalo()...)
	if c.SecretKey != "" && len(c.SecretKey) < 16 {
		errs = append(errs, errors.New("SECRET_KEY: at least 16 bytes are needed; `openssl rand -hex 32` makes a good one"))
	}
	return errors.Join(errs...)
}

// checkListen finds addresses on which nothing can listen.
func (c *Config) checkListen() []error {
	var errs []error
	for _, a := range []struct{ name, address string }{{"LISTEN", c.Listen}, {"METRICS_LISTEN", c.MetricsListen}} {
		if a.address == "" {
			continue
		}
		_, port, err := net.SplitHostPort(a.address)
		if err == nil {
			_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q is not an address like 127.0.0.1:8080", a.name, a.address))
		}
	}
	return errs
}

// checkTelegram finds what is missing or of the wrong form.
func (c *Config) checkTelegram() []error {
	if c.TelegramToken == "" {
		return nil
	}
	var errs []error
	if c.TelegramMode == telegram.ModeWebhook {
		if c.TelegramWebhookSecret == "" {
			errs = append(errs, errors.New("TELEGRAM_WEBHOOK_SECRET: mode webhook needs one; `openssl rand -hex 32` makes a good one"))
		}
		if !strings.HasPrefix(c.PublicURL, "https://") {
			errs = append(errs, errors.New("PUBLIC_URL: mode webhook needs an https address that Telegram reaches"))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	_, err := telegram.New(telegram.Options{
		Token: c.TelegramToken, APIURL: c.TelegramAPIURL, Mode: c.TelegramMode,
		WebhookURL: strings.TrimSuffix(c.PublicURL, "/") + telegramPath, WebhookSecret: c.TelegramWebhookSecret,
	})
	return append(errs, err)
}

// alertAddress is where alarms go; zero for nowhere. An e-mail address may stand alone.
func (c *Config) alertAddress() bot.Address {
	if email.ValidAddress(c.AlertTo) {
		return bot.Address{Channel: email.Name, Chat: c.AlertTo}
	}
	channel, chat, _ := strings.Cut(c.AlertTo, ":")
	return bot.Address{Channel: channel, Chat: chat}
}

// checkMail finds what is wrong with e-mail, and with whom alarms go to.
func (c *Config) checkMail() []error {
	var errs []error
	switch {
	case c.SMTPURL != "" && c.MailFrom == "":
		errs = append(errs, errors.New("MAIL_FROM: with SMTP_URL it is needed, like hoidap@haiduong.gov.vn"))
	case c.SMTPURL != "":
		if err := email.Check(c.SMTPURL, c.MailFrom); err != nil {
			errs = append(errs, err)
		}
	case c.MailFrom != "":
		errs = append(errs, errors.New("SMTP_URL: MAIL_FROM alone sends nothing; give the mail server, or leave both out"))
	}
	if c.AlertTo == "" {
		return errs
	}
	switch to := c.alertAddress(); {
	case to.Channel == telegram.Name && to.Chat != "":
		if c.TelegramToken == "" {
			errs = append(errs, errors.New("ALERT_TO: telegram:CHAT needs TELEGRAM_TOKEN"))
		}
	case to.Channel == email.Name && email.ValidAddress(to.Chat):
		if c.SMTPURL == "" {
			errs = append(errs, errors.New("ALERT_TO: an e-mail address needs SMTP_URL and MAIL_FROM"))
		}
	default:
		errs = append(errs, errors.New("ALERT_TO: it is telegram:CHAT, or an e-mail address"))
	}
	return errs
}

// checkZalo finds what is missing of the two platforms of Zalo.
func (c *Config) checkZalo() []error {
	var errs []error
	public := strings.HasPrefix(c.PublicURL, "https://")
	if c.ZaloAppID != "" {
		if strings.Trim(c.ZaloAppID, "0123456789") != "" {
			errs = append(errs, errors.New("ZALO_APP_ID: the id of an app is a number; developers.zalo.me shows it"))
		}
		if c.ZaloAppSecret == "" {
			errs = append(errs, errors.New("ZALO_APP_SECRET: the Official Account needs the secret key of its app; docs/zalo.md says where it stands"))
		}
		if c.ZaloOASecret == "" {
			errs = append(errs, errors.New("ZALO_OA_SECRET: without it no delivery of Zalo can be believed; it appears on the app's webhook page after the address is saved"))
		}
	} else if c.ZaloAppSecret != "" || c.ZaloOASecret != "" || c.ZaloRefreshToken != "" {
		errs = append(errs, errors.New("ZALO_APP_ID: the other settings of the Official Account need it"))
	}
	if c.ZalobotToken != "" && c.ZalobotMode == "webhook" {
		if c.ZalobotWebhookSecret == "" {
			errs = append(errs, errors.New("ZALOBOT_WEBHOOK_SECRET: mode webhook needs one; `openssl rand -hex 32` makes a good one"))
		}
		if !public && !c.local(c.ZalobotAPIURL) {
			errs = append(errs, errors.New("PUBLIC_URL: mode webhook needs an https address that Zalo reaches"))
		}
	}
	if c.QuietFor < 0 || c.QuietFor > 7*24*time.Hour {
		errs = append(errs, errors.New("QUIET_FOR: it is a time up to 168h"))
	}
	return errs
}

// local reports whether an API server stands on this machine: a trial, which
// may do without a public address.
func (c *Config) local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && isPrivate(u.Hostname())
}

// Logger writes to w at the configured level.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// maxSettingFile bounds a secret or configuration file, in bytes.
const maxSettingFile = 1 << 20

// settings resolves NAME_FILE and the YAML file for kong. A flag or the
// variable itself wins.
type settings struct {
	file   map[string]any
	lookup func(string) (string, bool)
}

// newSettings reads the YAML file at path, "" for none.
func newSettings(path string, lookup func(string) (string, bool)) (*settings, error) {
	s := &settings{lookup: lookup}
	if path == "" {
		return s, nil
	}
	raw, err := readSetting(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	if s.file, err = readYAML(raw); err != nil {
		// Without the lines around the fault: a token may stand there.
		return nil, fmt.Errorf("--config %s: %s", filepath.Base(path), yaml.FormatError(err, false, false))
	}
	return s, nil
}

func readSetting(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSettingFile+1))
	if err == nil && len(raw) > maxSettingFile {
		err = fmt.Errorf("%s is larger than %d bytes", filepath.Base(path), maxSettingFile)
	}
	return raw, err
}

// Validate implements kong.Resolver: it refuses settings that do not exist.
func (s *settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, f := range app.Flags {
		if len(f.Envs) > 0 {
			known[settingName(f)] = true
		}
	}
	for name := range s.file {
		if !known[name] {
			return fmt.Errorf("--config: there is no setting %q; `cchcbot serve --help` lists them", name)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if len(flag.Envs) == 0 {
		return nil, nil
	}
	env := flag.Envs[0]
	_, given := s.lookup(env)
	path, fromFile := s.lookup(env + "_FILE")
	switch {
	case given && fromFile:
		return nil, fmt.Errorf("both %s and %s_FILE are set; leave one out", env, env)
	case given:
		return nil, nil
	case fromFile:
		raw, err := readSetting(path)
		if err != nil {
			return nil, fmt.Errorf("%s_FILE: %w", env, err)
		}
		return strings.TrimRight(string(raw), "\r\n"), nil
	}
	v, ok := s.file[settingName(flag)]
	if !ok || v == nil {
		return nil, nil
	}
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	case map[string]any: // nothing of it is shown: it may be a secret
		return nil, fmt.Errorf("--config: %s has settings below it; it takes a value", settingName(flag))
	}
	return fmt.Sprint(v), nil
}

func settingName(f *kong.Flag) string {
	return strings.ToLower(strings.TrimPrefix(f.Envs[0], envPrefix))
}
