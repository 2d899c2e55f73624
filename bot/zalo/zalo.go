// Package zalo is the bot as a Zalo Official Account (OA), through the OA
// OpenAPI. It is a channel like any other.
//
// Updates come by webhook ([OA.Webhook]): the signature is checked over the
// bytes as they came, and 200 is answered after bot.Intake.Accept returned nil.
// Messages go out as consultation messages; when they may is decided by
// [OA.Admit] from the citizen's last word, the hour and the last quota that Zalo
// named. The access token lives a day and its refresh token is good for one use:
// the keeper (keeper.go) renews the pair under a lease and keeps it in a
// bot.Vault before anybody uses it.
//
// Zalo gives no key that would make a send safe to repeat. A send without an
// answer is in doubt, and [OA.Arrived] settles it: by the echo that Zalo sends
// of every message of the account, else by what the conversation shows.
//
// Every menu works as numbered text. Buttons are an extra that is switched on
// per account once a probe showed that the account may use them.
package zalo

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// Name is the channel's name.
const Name = "zalo"

// Zalo's own servers.
const (
	DefaultAPIURL   = "https://openapi.zalo.me"
	DefaultOAuthURL = "https://oauth.zaloapp.com"
)

// How buttons are switched.
const (
	ButtonsAuto = "auto" // as the last probe found
	ButtonsOn   = "on"
	ButtonsOff  = "off"
)

// MaxBody is what a webhook body may be long, in bytes.
const MaxBody = 1 << 20

//go:embed text/*.toml
var texts embed.FS

// Texts is the catalog of the reasons that this channel gives for a failed or held send.
func Texts() fs.FS { return texts }

// Options configure an OA. AppID, AppSecret, Vault and Sealer are required;
// without OASecret no webhook is believed.
type Options struct {
	AppID     string // of the app at developers.zalo.me, digits
	AppSecret string // signs nothing; proves the app at the token endpoint
	OASecret  string // "OA Secret Key" of the app's webhook page: signs webhooks
	// RefreshToken seeds the first start only; after that the vault holds the pair.
	RefreshToken string
	APIURL       string // "" means DefaultAPIURL
	OAuthURL     string // "" means DefaultOAuthURL
	// RedirectURL is where the consent comes back to: PUBLIC_URL/zalo/oauth.
	RedirectURL string
	Buttons     string // ButtonsAuto, ButtonsOn or ButtonsOff; "" means auto
	// ContactImage is an https address of a picture for the request of a contact; "" sends none.
	ContactImage string
	// Proof sends appsecret_proof with every call, for apps that require it.
	Proof bool
	Vault bot.Vault
	// Sealer's Digest names texts and chats in memory without keeping them.
	Sealer bot.Sealer
	// Owner names this process in leases; "" means a random name.
	Owner string
	// Clean makes text from outside safe: valid, NFC, printable, trimmed.
	Clean func(string) string
	// Open reads an attachment of ours, one whose Ref is an address, for an upload.
	Open func(ctx context.Context, m bot.Media) (io.ReadCloser, error)
	// Render gives the words of the consent's page and of choices that have to be
	// numbered after all.
	Render func(lang, key string, args map[string]any) (string, error)
	// Connected is told when the account gave its consent; may be nil.
	Connected func()
	// PaidNews and PaidFollowUps allow messages between 48 hours and seven days
	// after the citizen's last word, which count against the package or cost money.
	PaidNews, PaidFollowUps bool
	// HTTP carries requests; its Timeout is not used. nil means a client of its own.
	HTTP  *http.Client
	Log   *slog.Logger
	Alert func(context.Context, string) // told what an operator has to mend; English, nothing personal
	Now   func() time.Time
}

// OA is the channel. Its methods are safe for concurrent use.
type OA struct {
	opt     Options
	table   codes.Table
	api     *api
	keeper  *keeper
	echoes  *echoes
	counts  *counts
	alerts  *bot.Alerts
	people  *bot.Recent[known]    // user -> profile
	uploads *bot.Recent[uploaded] // address of ours -> upload
	halfway *bot.Recent[progress] // message -> how far it came
	settled *bot.Recent[bool]     // ids of messages at Zalo that are known to be one of ours
	// refusals are the kinds of buttons that Zalo refused, and until when they are not tried.
	refusals *bot.Recent[time.Time]
	media    *http.Client // fetches what citizens sent
	away     atomic.Int64 // until when profiles are not asked for, in milliseconds
}

var (
	_ bot.Channel  = (*OA)(nil)
	_ bot.Webhook  = (*OA)(nil)
	_ bot.Fetcher  = (*OA)(nil)
	_ bot.Checker  = (*OA)(nil)
	_ bot.Gate     = (*OA)(nil)
	_ bot.Verifier = (*OA)(nil)
	_ bot.Profiler = (*OA)(nil)
)

var digits = regexp.MustCompile(`^[0-9]{1,30}$`)

// New checks the options. It asks Zalo nothing, so that the program starts
// while Zalo cannot be reached; [OA.Check] asks.
func New(opt Options) (*OA, error) {
	switch {
	case !digits.MatchString(opt.AppID):
		return nil, errors.New("zalo: the app's id is a number")
	case opt.AppSecret == "":
		return nil, errors.New("zalo: the app's secret is needed")
	case opt.Vault == nil || opt.Sealer == nil:
		return nil, errors.New("zalo: a vault and a sealer are needed")
	}
	switch opt.Buttons {
	case "":
		opt.Buttons = ButtonsAuto
	case ButtonsAuto, ButtonsOn, ButtonsOff:
	default:
		return nil, fmt.Errorf("zalo: buttons are %s, %s or %s, not %q", ButtonsAuto, ButtonsOn, ButtonsOff, opt.Buttons)
	}
	defaults(&opt)
	table, err := codes.Load()
	if err != nil {
		return nil, err
	}
	o := &OA{
		opt: opt, table: table, echoes: newEchoes(opt.Now), counts: &counts{},
		alerts: &bot.Alerts{From: Name, Now: opt.Now, Tell: opt.Alert},
		people: bot.NewRecent[known](10_000), uploads: bot.NewRecent[uploaded](1000), halfway: bot.NewRecent[progress](1000),
		settled: bot.NewRecent[bool](10_000), refusals: bot.NewRecent[time.Time](10),
		media: mediaClient(opt.HTTP),
	}
	if o.api, err = newAPI(opt); err != nil {
		return nil, err
	}
	o.keeper = &keeper{opt: &o.opt, api: o.api, alerts: o.alerts}
	return o, nil
}

func defaults(opt *Options) {
	if opt.APIURL == "" {
		opt.APIURL = DefaultAPIURL
	}
	if opt.OAuthURL == "" {
		opt.OAuthURL = DefaultOAuthURL
	}
	if opt.Owner == "" {
		opt.Owner = rand.Text()
	}
	if opt.Clean == nil {
		opt.Clean = strings.TrimSpace
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Alert == nil {
		opt.Alert = func(context.Context, string) {}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Connected == nil {
		opt.Connected = func() {}
	}
	if opt.Render == nil {
		opt.Render = func(_, key string, _ map[string]any) (string, error) { return key, nil }
	}
}

// Name is "zalo".
func (o *OA) Name() string { return Name }

// Limits is what the account takes now: buttons only where they are switched
// on. The documentation says 2000 "characters"; UTF-16 units are the safe
// reading. 20 calls a second stay far below the 4000 a minute of an app.
func (o *OA) Limits() bot.Limits {
	l := bot.Limits{
		Text: maxText, Unit: bot.UTF16, RowButtons: 1, ButtonTitle: 40, Media: true, Contact: true,
		Pace: bot.Pace{PerSecond: 20, Burst: 10, PerChatSecond: 2, ChatBurst: 4},
	}
	if o.buttons() {
		l.Buttons = maxButtons
	}
	return l
}

// Keep renews the tokens in time, also when nobody writes, until ctx ends.
func (o *OA) Keep(ctx context.Context) { o.keeper.keep(ctx) }

// Close gives idle connections back.
func (o *OA) Close() {
	o.api.http.CloseIdleConnections()
	o.media.CloseIdleConnections()
}
