// Package zalobot is the bot on the Zalo Bot Platform: the service with tokens
// of its own that came after the Official Account and has little to do with it.
// It is a channel like any other, with less than most: text, photos and
// stickers; no buttons, so choices are numbered; no editing, no files, no
// location, no list of followers, no receipts.
//
// Updates come by polling or by webhook ([Bot.Poll], [Bot.Webhook]); Poll runs
// in both modes, because it is also what tells the platform how updates are to
// come.
//
// Polling loses an update when the process dies, by the platform's design:
// getUpdates hands out one update and forgets it, nothing confirms it. An
// update that was handed out is therefore held in memory until the intake took
// it, nothing else is fetched meanwhile, and it is offered once more when the
// process is told to stop; but one that is handed out while the process is
// killed, or while the answer breaks off, is gone. By webhook 200 is answered
// only after the intake took the update, and 503 otherwise; whether the platform
// then sends it again is not documented. Nothing else can be done from here.
//
// In groups the platform delivers what mentions the bot or answers it, and
// nothing else. Who joins, follows or leaves is not reported.
//
// The platform documents neither rates, nor the time limit and retries of
// webhooks, nor who may be written to first, nor most descriptions of errors;
// what is assumed of them stands in [Options] and in the table of errors. The
// contract was read at bot.zaloplatforms.com and in the sources of public
// clients; it was not confirmed with a real account.
//
// The token stands in every address the API is reached by, so every error
// passes a redaction.
package zalobot

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
)

// Name is the channel's name.
const Name = "zalobot"

// The two modes in which updates come.
const (
	ModePoll    = "poll"
	ModeWebhook = "webhook"
)

// DefaultAPIURL is the platform's own server.
const DefaultAPIURL = "https://bot-api.zaloplatforms.com"

// MaxBody is what a webhook body may be long, in bytes.
const MaxBody = 1 << 20

//go:embed text/*.toml
var texts embed.FS

// Texts is the catalog of the reasons that this channel gives for a failed send.
func Texts() fs.FS { return texts }

// DefaultPace is how fast the channel sends unless Options say otherwise. The
// platform publishes no rate: this is what people can read, and far below what
// it is known to throttle.
func DefaultPace() bot.Pace {
	return bot.Pace{PerSecond: 5, Burst: 3, PerChatSecond: 1, ChatBurst: 2, PerGroupMinute: 20}
}

// Options configure a Bot. Token is required, and in webhook mode WebhookURL
// and WebhookSecret.
type Options struct {
	Token  string // "<digits>:<secret>"
	APIURL string // "" means DefaultAPIURL
	Mode   string // ModePoll or ModeWebhook; "" means ModePoll
	// WebhookURL is the public https address of the handler. The platform does
	// not follow redirects.
	WebhookURL string
	// WebhookSecret comes back with every delivery: 8 to 256 printable ASCII
	// characters without spaces.
	WebhookSecret string
	// AnswerProbes answers 200 to a request without any secret, which is never
	// processed. Whether the check that setWebhook makes carries the secret is not
	// documented; switch this on when the check fails with webhook.http.403.
	AnswerProbes bool
	// PublicURL is put in front of attachments of ours whose address begins with
	// "/": the platform fetches photos itself. "" means that these have no address.
	PublicURL string
	// Pace is how fast the channel may send; each field that is 0 is taken from
	// DefaultPace.
	Pace bot.Pace
	// PhotoTimeout is how long sendPhoto may take, 1 s to 25 s; 0 means 25 s. The
	// platform fetches the photo while we wait and may take minutes, but a send
	// has 30 s in all. One that takes longer is not tried twice: see [Bot.Send].
	PhotoTimeout time.Duration
	// Clean makes text from outside safe: valid, NFC, printable, trimmed. nil leaves
	// that to the intake alone.
	Clean func(string) string
	// Render gives the words for attachments that cannot be sent; nil means that
	// nothing is said of them.
	Render func(lang, key string, args map[string]any) (string, error)
	// HTTP carries requests to the API; its Timeout is not used. nil means a
	// client of its own.
	HTTP *http.Client
	// Files fetches what citizens sent, from addresses that the platform names;
	// its Timeout is not used. nil means a client that reaches public addresses only.
	Files *http.Client
	Log   *slog.Logger
	Alert func(context.Context, string) // told what an operator has to mend; English, nothing personal
	Now   func() time.Time
}

// Bot is the channel. Its methods are safe for concurrent use.
type Bot struct {
	opt   Options
	api   *api
	files *http.Client

	mu       sync.Mutex
	me       *account      // once the platform said it
	verified *Verification // of the last setWebhook of this process
	alerts   *bot.Alerts
	halfway  *bot.Recent[progress] // by message: what of it was sent
}

var (
	_ bot.Channel = (*Bot)(nil)
	_ bot.Poller  = (*Bot)(nil)
	_ bot.Webhook = (*Bot)(nil)
	_ bot.Typer   = (*Bot)(nil)
	_ bot.Fetcher = (*Bot)(nil)
	_ bot.Checker = (*Bot)(nil)
)

var (
	tokenForm  = regexp.MustCompile(`^[0-9]{1,30}:[A-Za-z0-9_-]{8,200}$`)
	secretForm = regexp.MustCompile(`^[!-~]{8,256}$`)
)

// Limits of PhotoTimeout: below the 30 s that a send has.
const (
	photoLeast = time.Second
	photoMost  = 25 * time.Second
)

// New checks the options. It asks the platform nothing, so that the program
// starts while the platform cannot be reached; [Bot.Check] asks.
func New(opt Options) (*Bot, error) {
	if !tokenForm.MatchString(opt.Token) {
		return nil, errors.New("zalobot: the token is not of the form 123456:letters") // never the value
	}
	if opt.Mode == "" {
		opt.Mode = ModePoll
	}
	if opt.Mode != ModePoll && opt.Mode != ModeWebhook {
		return nil, fmt.Errorf("zalobot: there is no mode %q, only %s and %s", opt.Mode, ModePoll, ModeWebhook)
	}
	if opt.Mode == ModeWebhook {
		if err := checkWebhook(opt.WebhookURL, opt.WebhookSecret); err != nil {
			return nil, err
		}
	}
	if opt.PhotoTimeout == 0 {
		opt.PhotoTimeout = photoMost
	}
	if opt.PhotoTimeout < photoLeast || opt.PhotoTimeout > photoMost {
		return nil, fmt.Errorf("zalobot: PhotoTimeout is %s to %s", photoLeast, photoMost)
	}
	if opt.PublicURL != "" && !public(opt.PublicURL) {
		return nil, errors.New("zalobot: PublicURL must be an https address that everybody can reach")
	}
	if err := checkPace(opt.Pace); err != nil {
		return nil, err
	}
	opt.defaults()
	a, err := newAPI(opt.APIURL, opt.Token, opt.HTTP)
	if err != nil {
		return nil, err
	}
	return &Bot{opt: opt, api: a, files: fileClient(opt.Files), alerts: &bot.Alerts{From: Name, Now: opt.Now, Tell: opt.Alert}, halfway: bot.NewRecent[progress](1000)}, nil
}

func (o *Options) defaults() {
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clean == nil {
		o.Clean = strings.TrimSpace
	}
	if o.Alert == nil {
		o.Alert = func(context.Context, string) {}
	}
	p, d := &o.Pace, DefaultPace()
	for _, f := range []struct {
		v *float64
		d float64
	}{{&p.PerSecond, d.PerSecond}, {&p.PerChatSecond, d.PerChatSecond}, {&p.PerGroupMinute, d.PerGroupMinute}} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	if p.Burst == 0 {
		p.Burst = d.Burst
	}
	if p.ChatBurst == 0 {
		p.ChatBurst = d.ChatBurst
	}
}

func checkPace(p bot.Pace) error {
	if p.PerSecond < 0 || p.PerChatSecond < 0 || p.PerGroupMinute < 0 || p.Burst < 0 || p.ChatBurst < 0 {
		return errors.New("zalobot: a pace is not below zero")
	}
	return nil
}

func checkWebhook(address, secret string) error {
	if !secretForm.MatchString(secret) {
		return errors.New("zalobot: the webhook secret must be 8 to 256 printable ASCII characters without spaces")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("zalobot: the webhook address must be https://host/path")
	}
	return nil
}

// Name is "zalobot".
func (b *Bot) Name() string { return Name }

// Limits is what the platform takes: 2000 characters of text. It counts the
// styles of a text in UTF-16 units, so these are the safe reading of
// "characters". It has no buttons: the kernel numbers the choices.
func (b *Bot) Limits() bot.Limits {
	return bot.Limits{Text: maxText, Unit: bot.UTF16, Media: true, Pace: b.opt.Pace}
}
