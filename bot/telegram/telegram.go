// Package telegram is the bot on Telegram, through the HTTP Bot API. It is a
// channel like any other.
//
// Updates come by long polling ([Bot.Poll]) or by webhook ([Bot.Webhook]);
// Poll runs in both modes, because it is also what tells Telegram how updates
// are to come. In both an update is confirmed to Telegram only after
// bot.Intake.Accept returned nil for it: the offset of getUpdates moves then,
// the webhook answers 200 then. What can never be taken is confirmed too,
// since Telegram would hold back everything of that chat for a day.
//
// Albums come as several updates. By polling, the offset stays below the first
// part until the album was accepted as one update, so nothing is lost however
// the process ends. By webhook Telegram sends a chat's next message only after
// the answer to the one before, so parts cannot wait unanswered: they are kept
// in State, sealed, beside the process's memory, and answered then. Without
// State each part is an update of its own.
//
// In groups only what is addressed to the bot becomes an update: commands,
// mentions, and replies to its messages. An anonymous administrator is no
// person: the sender's id is then "chat:" and the group's id, which no account
// is ever linked to. Channels that speak in a group are not listened to.
//
// The module telegram-bot-api/v5 carries requests; updates are read from the
// raw JSON, because the module ends at Bot API 5.5. The token stands in every
// address the API is reached by, so every error passes a redaction.
package telegram

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
)

// Name is the channel's name.
const Name = "telegram"

// The two modes in which updates come.
const (
	ModePoll    = "poll"
	ModeWebhook = "webhook"
)

// DefaultAPIURL is Telegram's own Bot API server.
const DefaultAPIURL = "https://api.telegram.org"

// MaxBody is what a webhook body may be long, in bytes.
const MaxBody = 1 << 20

// MaxFetch is the largest file that the Bot API hands out, in bytes.
const MaxFetch = 20 << 20

//go:embed text/*.toml
var texts embed.FS

// Texts is the catalog of the reasons that this channel gives for a failed send.
func Texts() fs.FS { return texts }

// Options configure a Bot. Token is required, and in webhook mode WebhookURL
// and WebhookSecret.
type Options struct {
	Token  string
	APIURL string // "" means DefaultAPIURL
	Mode   string // ModePoll or ModeWebhook; "" means ModePoll
	// WebhookURL is the public address of the handler: https on port 443, 80, 88 or 8443.
	WebhookURL string
	// WebhookSecret comes back with every delivery: 16 to 256 of A-Z a-z 0-9 _ -.
	WebhookSecret string
	// Clean makes text from outside safe: valid, NFC, printable, trimmed. nil leaves
	// that to the intake alone.
	Clean func(string) string
	// Commands are the lines of the command menu. Render gives their words; it
	// is called with "vi" and "en".
	Commands []bot.CommandHelp
	Render   func(lang, key string) (string, error)
	// Open reads an attachment of ours, one whose Ref is an address, for an
	// upload. nil: such an attachment is sent by its address if it has one.
	Open func(ctx context.Context, m bot.Media) (io.ReadCloser, error)
	// State and Sealer keep the parts of an album that comes by webhook.
	State  bot.State
	Sealer bot.Sealer
	// HTTP carries requests; its Timeout is not used. nil means a client of its own.
	HTTP  *http.Client
	Log   *slog.Logger
	Alert func(context.Context, string) // told what an operator has to mend; English, nothing personal
	Now   func() time.Time
}

// Bot is the channel. Its methods are safe for concurrent use.
type Bot struct {
	opt  Options
	api  *api
	self int64 // our user id: the token's part before the colon

	mu       sync.Mutex
	username string

	alerts    *bot.Alerts
	moved     *bot.Recent[string]    // group -> supergroup
	keyboards *bot.Recent[struct{}]  // chats that may show a keyboard of requests
	uploads   *bot.Recent[string]    // address of ours -> file_id
	halfway   *bot.Recent[progress]  // messages of several calls, of which some succeeded
	followed  *bot.Recent[time.Time] // chats that just unblocked us
	shelf     *shelf
}

var (
	_ bot.Channel = (*Bot)(nil)
	_ bot.Poller  = (*Bot)(nil)
	_ bot.Webhook = (*Bot)(nil)
	_ bot.Acker   = (*Bot)(nil)
	_ bot.Typer   = (*Bot)(nil)
	_ bot.Editor  = (*Bot)(nil)
	_ bot.Fetcher = (*Bot)(nil)
	_ bot.Checker = (*Bot)(nil)
)

var (
	tokenForm  = regexp.MustCompile(`^[1-9][0-9]{0,18}:[A-Za-z0-9_-]{10,100}$`)
	secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,256}$`)
)

// New checks the options. It asks Telegram nothing, so that the program starts
// while Telegram cannot be reached; [Bot.Check] asks.
func New(opt Options) (*Bot, error) {
	if !tokenForm.MatchString(opt.Token) {
		return nil, errors.New("telegram: the token is not of the form 123456:letters") // never the value
	}
	if opt.APIURL == "" {
		opt.APIURL = DefaultAPIURL
	}
	if opt.Mode == "" {
		opt.Mode = ModePoll
	}
	if opt.Mode != ModePoll && opt.Mode != ModeWebhook {
		return nil, fmt.Errorf("telegram: there is no mode %q, only %s and %s", opt.Mode, ModePoll, ModeWebhook)
	}
	if opt.Mode == ModeWebhook {
		if err := checkWebhook(opt.WebhookURL, opt.WebhookSecret); err != nil {
			return nil, err
		}
	}
	if len(opt.Commands) > 0 && opt.Render == nil {
		return nil, errors.New("telegram: Commands need Render")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Clean == nil {
		opt.Clean = strings.TrimSpace
	}
	if opt.Alert == nil {
		opt.Alert = func(context.Context, string) {}
	}
	a, err := newAPI(opt.APIURL, opt.Token, opt.HTTP)
	if err != nil {
		return nil, err
	}
	id, _, _ := strings.Cut(opt.Token, ":")
	self, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, errors.New("telegram: the number before the colon of the token is too large")
	}
	b := &Bot{
		opt: opt, api: a, self: self, alerts: &bot.Alerts{From: Name, Now: opt.Now, Tell: opt.Alert},
		moved: bot.NewRecent[string](1000), keyboards: bot.NewRecent[struct{}](10_000),
		uploads: bot.NewRecent[string](1000), halfway: bot.NewRecent[progress](1000),
		followed: bot.NewRecent[time.Time](1000),
	}
	b.shelf = newShelf(b)
	return b, nil
}

func checkWebhook(address, secret string) error {
	if !secretForm.MatchString(secret) {
		return errors.New("telegram: the webhook secret must be 16 to 256 of A-Z a-z 0-9 _ -")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("telegram: the webhook address must be https://host/path")
	}
	switch u.Port() {
	case "", "443", "80", "88", "8443": // core.telegram.org/bots/webhooks
		return nil
	}
	return fmt.Errorf("telegram: Telegram delivers to ports 443, 80, 88 and 8443 only, not to %s", u.Port())
}

// Name is "telegram".
func (b *Bot) Name() string { return Name }

// Limits is what Telegram takes (core.telegram.org/bots/api and /bots/faq). The
// manual names no unit for the 4096; UTF-16 units are the safe reading. Five at
// once and 25 a second stay below its 30 in any second.
func (b *Bot) Limits() bot.Limits {
	return bot.Limits{
		Text: maxText, Unit: bot.UTF16, Buttons: 30, ButtonTitle: 40, RowButtons: 3,
		Media: true, Location: true, Contact: true,
		Pace: bot.Pace{PerSecond: 25, Burst: 5, PerChatSecond: 1, ChatBurst: 3, PerGroupMinute: 20},
	}
}
