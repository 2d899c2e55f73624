// Package webchat is the bot as a web page: the demonstration, and the widget
// that the province's portal embeds. It is a channel like any other.
//
// A citizen is a random id in a signed cookie, set by the first answer. What
// they say arrives by POST /chat/api/messages, which waits until the turn has
// settled and returns its messages, so that a plain HTTP client can talk to
// the bot. What comes later, an agency's answer or news, arrives on the open
// stream GET /chat/api/events. When neither a POST waits nor a stream is open,
// [Chat.Send] fails with kind Later: the store keeps the message and
// lets it go when the stream opens, of which it hears through bot.Presence.
//
// Messages that went out stay in memory for a while, within [maxRing],
// [maxChats] and [maxBytes], so that a stream that broke replays what it
// missed. A restart empties that memory: a message handed to a connection that
// was already dead is then lost to the page, though not to the store.
//
// Photos and files are handed to [Options.Keep] as they arrive, before the update
// is accepted: what is acknowledged is durable. Sound and film, which nobody keeps, and
// everything where there is no Keep, is looked at, counted and thrown away; the update then
// says only what kind of file came, of which type by its content, and how large it was.
//
// All state is in this process; with several replicas a citizen's requests
// must reach the same one.
package webchat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cchcbot/bot"
)

// Name is the channel's name.
const Name = "webchat"

// Limits of what is taken in. MaxBody is what the HTTP server must let through.
const (
	MaxFile  = 20 << 20            // bytes of a photo or file; whoever keeps them may want less
	MaxBody  = MaxFile + maxFields // bytes of any request
	maxJSON  = 128 << 10           // bytes of a JSON request: 10,000 letters, each escaped
	maxField = 64 << 10            // bytes of one field beside the file
	maxParts = 6                   // parts of a multipart request
	maxID    = 64                  // bytes of a client's message id
	maxTitle = 90                  // letters of a button; the page wraps them
	maxText  = 8000                // letters of a message of ours

	maxFields = maxParts * maxField
)

// Times of the conversation over HTTP.
const (
	turnLimit   = 10 * time.Second // how long a POST waits for its turn
	uploadLimit = 2 * time.Minute  // how long a file may take on a slow line
	heartbeat   = 20 * time.Second // a stream says that it is alive
	streamLimit = time.Hour        // a stream ends then and the page opens another
	writeLimit  = 10 * time.Second // for one write on a stream
	retryAfter  = 3 * time.Second  // how soon a broken stream is opened again
)

// Options configure a Chat.
type Options struct {
	// Secret signs the cookie: at least 32 bytes, the same after a restart.
	Secret []byte
	// Origins are the sites that may embed the page, "https://portal.example.vn".
	Origins []string
	// Secure says that citizens reach the page over https: cookies then travel no other way.
	Secure bool
	// Clean makes text from outside safe: valid, NFC, without control and bidirectional marks, trimmed.
	Clean func(string) string
	// PerCitizen is the budget of one citizen; zero means 20 messages a minute, 25 at once: a complaint takes a dozen short answers.
	PerCitizen bot.Rate
	// PerAddress is the budget of one network address, behind which a whole office
	// may sit; zero means 120 messages a minute, 40 at once.
	PerAddress bot.Rate
	// Keep takes a file of a conversation and returns the attachment that stands for it in
	// the update. What it does not take it refuses with an *bot.Error Invalid, whose Key Render
	// renders for the citizen. nil: nothing is kept.
	Keep func(ctx context.Context, k bot.SessionKey, name string, r io.Reader) (bot.Media, error)
	// Kept is told when the turn of an update with attachments is over, so that what the turn
	// did not ask for is not kept any longer. It may be nil.
	Kept   func(ctx context.Context, u bot.Update)
	Render func(lang, key string) (string, error)
	Log    *slog.Logger
	Now    func() time.Time
}

// Chat is the channel. Its methods are safe for concurrent use.
type Chat struct {
	opt       Options
	origins   map[string]bool
	cookies   *cookies
	citizens  *buckets
	addresses *buckets
	hub       *hub
	texts     texts
	assets    *assets
	ancestors string
}

var (
	_ bot.Channel = (*Chat)(nil)
	_ bot.Settler = (*Chat)(nil)
	_ bot.Typer   = (*Chat)(nil)
)

// New returns a Chat. [Chat.Handler] serves it; [Chat.Close] ends its streams.
func New(opt Options) (*Chat, error) {
	if opt.Clean == nil {
		return nil, errors.New("webchat: Clean is missing")
	}
	if opt.Keep != nil && opt.Render == nil {
		return nil, errors.New("webchat: with Keep goes Render")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.PerCitizen == (bot.Rate{}) {
		opt.PerCitizen = bot.Rate{PerSecond: 20.0 / 60, Burst: 25}
	}
	if opt.PerAddress == (bot.Rate{}) {
		opt.PerAddress = bot.Rate{PerSecond: 2, Burst: 40}
	}
	for _, r := range []bot.Rate{opt.PerCitizen, opt.PerAddress} {
		if r.PerSecond <= 0 || r.Burst < 1 {
			return nil, fmt.Errorf("webchat: rate of %g a second and %d at once lets nothing through", r.PerSecond, r.Burst)
		}
	}
	c := &Chat{opt: opt, origins: map[string]bool{}, ancestors: "'self'"}
	for _, o := range opt.Origins {
		if err := checkOrigin(o); err != nil {
			return nil, err
		}
		if !c.origins[o] {
			c.origins[o] = true
			c.ancestors += " " + o
		}
	}
	var err error
	if c.cookies, err = newCookies(opt.Secret, opt.Secure, opt.Now); err != nil {
		return nil, err
	}
	if c.texts, err = loadTexts(); err != nil {
		return nil, err
	}
	if c.assets, err = loadAssets(c.texts); err != nil {
		return nil, err
	}
	c.citizens = newBuckets(opt.PerCitizen, maxChats, opt.Now)
	c.addresses = newBuckets(opt.PerAddress, 2*maxChats, opt.Now)
	c.hub = newHub()
	return c, nil
}

// checkOrigin accepts what a browser sends as Origin: scheme, host and port.
func checkOrigin(o string) error {
	u, err := url.Parse(o)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Scheme+"://"+strings.ToLower(u.Host) != o ||
		strings.ContainsAny(o, " ;,'\"*") {
		return fmt.Errorf("webchat: %q is not an origin like https://portal.example.vn", o)
	}
	return nil
}

// Name is "webchat".
func (c *Chat) Name() string { return Name }

// Limits is what the page can show.
func (c *Chat) Limits() bot.Limits {
	return bot.Limits{Text: maxText, Unit: bot.Runes, Buttons: 12, ButtonTitle: maxTitle, RowButtons: 3, Media: true, Location: true}
}

// Send hands m to the POST that waits for it, or to the citizen's open
// streams. When there is neither it fails with kind Later and without a time:
// the citizen is away.
func (c *Chat) Send(_ context.Context, m bot.Message) (bot.Receipt, error) {
	data, err := encode(m)
	if err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: "delivery.reason_unfit", Err: err}
	}
	if !c.hub.deliver(m.To.Chat, m.Update, entry{id: m.ID, data: data}) {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Later, Reason: "delivery.reason_away"}
	}
	return bot.Receipt{ID: m.ID}, nil
}

// Settled lets the POST of the update return once n messages are there.
func (c *Chat) Settled(u bot.Update, n int) {
	c.hub.settled(u.Chat, u.ID, n)
	if c.opt.Kept != nil && len(u.Media) > 0 {
		c.opt.Kept(context.Background(), u)
	}
}

// Typing shows the typing sign on the citizen's open streams.
func (c *Chat) Typing(_ context.Context, a bot.Address) error {
	c.hub.typing(a.Chat)
	return nil
}

// Close ends all streams; new ones are refused. Waiting POSTs go on until
// their turn has settled or their time is up.
func (c *Chat) Close() { c.hub.close() }

// Handler serves the page, its files and its API below /chat. It checks
// origins and limits bodies itself.
func (c *Chat) Handler(in bot.Intake) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; path {
		case "/chat":
			if c.method(w, r, http.MethodGet, http.MethodHead) {
				c.page(w, r)
			}
		case "/chat/api/messages":
			if c.api(w, r, http.MethodPost) {
				c.post(w, r, in)
			}
		case "/chat/api/events":
			if c.api(w, r, http.MethodGet) {
				c.events(w, r, in)
			}
		default:
			name, ok := strings.CutPrefix(path, "/chat/static/")
			if !ok {
				c.fail(w, r, &problem{status: http.StatusNotFound, code: "not_found"})
			} else if c.method(w, r, http.MethodGet, http.MethodHead) {
				c.static(w, r, name)
			}
		}
	})
}
