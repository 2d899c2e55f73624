package items

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

//go:embed sql/*.sql
var schema embed.FS

// Schema is the line of migrations "news".
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Reader reads committed data, outside a unit of work. *sql.DB implements it.
type Reader = bot.Reader

// Audit notes an action in the kernel's audit trail, in the transaction of the action.
type Audit func(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error

// Options of New. All but Picture, PublicURL, Settings, Batch and Log are required.
type Options struct {
	Read      Reader
	Sealer    bot.Sealer // for digests of codes
	Spreads   bot.Spreads
	Links     Links
	Directory func() *directory.Directory // of today
	Calendar  func() *calendar.Calendar
	// Compose renders a message for a channel: bot.Composer.Compose of the program.
	Compose func(bot.Outgoing) ([]bot.Queued, error)
	// Channels are those on which news can be sent, with what they can take.
	Channels func() map[string]bot.Limits
	// Publishers are those channels that publish articles; nil: none.
	Publishers func() map[string]bot.Publisher
	// Render renders words in a language: names of topics, the wording of a consent.
	Render func(lang, key string, args map[string]any) (string, error)
	// Picture is a file of bot/media as a message carries it; nil: messages carry no pictures.
	Picture   func(ctx context.Context, tx Reader, id string) (bot.Media, error)
	Clean     func(string) string // makes what people wrote NFC, printable and trimmed
	Fold      func(string) string // makes words comparable
	PublicURL string              // "https://…", "" when the program has none
	Audit     Audit
	Now       func() time.Time
	Settings  Settings // in place of defaults; what an administrator set goes before
	// Batch is the most people that one unit of work takes, 1 to bot.MaxBatch; 0 means bot.MaxBatch.
	Batch int
	Log   *slog.Logger
}

// Event is what happened to an item.
type Event struct {
	Item   Item
	Before State
	Action Action
	Actor  Actor
	Reason string
}

// Listener is told of every change, inside its unit of work: when it fails, nothing happened.
type Listener func(ctx context.Context, w *bot.Work, e Event) error

// Desk is the one door to news. It is safe for concurrent use.
type Desk struct {
	opt       Options
	listeners []Listener

	sending, digesting *stride // the jobs run beside each other
}

// New checks the options.
func New(o Options) (*Desk, error) {
	if o.Read == nil || o.Sealer == nil || o.Spreads == nil || o.Links == nil || o.Directory == nil || o.Calendar == nil || o.Compose == nil ||
		o.Channels == nil || o.Render == nil || o.Clean == nil || o.Fold == nil || o.Audit == nil || o.Now == nil {
		return nil, errors.New("items: everything but Picture, Settings, PublicURL, Batch and Log is required")
	}
	if o.Batch < 0 || o.Batch > bot.MaxBatch {
		return nil, fmt.Errorf("items: a batch of %d people, want 1 to %d", o.Batch, bot.MaxBatch)
	}
	if o.Batch == 0 {
		o.Batch = bot.MaxBatch
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := defaults()
	for key, value := range o.Settings {
		if err := CheckSetting(key, value); err != nil {
			return nil, err
		}
		s[key] = value
	}
	o.Settings, o.PublicURL = s, strings.TrimSuffix(o.PublicURL, "/")
	return &Desk{opt: o, sending: newStride(o.Batch), digesting: newStride(o.Batch)}, nil
}

// Listen adds a listener. Listeners are added before anything runs.
func (d *Desk) Listen(l Listener) { d.listeners = append(d.listeners, l) }

// Topics are the ids of all topics there are today: the own ones, then the fields of the menu.
func (d *Desk) Topics() []string {
	out := OwnTopics()
	for _, f := range d.opt.Directory().Fields() {
		if !f.NoTicket && !f.Denunciation && !f.Sensitive {
			out = append(out, f.ID)
		}
	}
	return out
}

// TopicName is what a topic is called.
func (d *Desk) TopicName(lang, topic string) string {
	if f, ok := d.opt.Directory().Field(topic); ok && !slices.Contains(OwnTopics(), topic) {
		if lang == "en" && f.NameEN != "" {
			return f.NameEN
		}
		return f.Name
	}
	key := map[string]string{
		TopicReform: "news.topic_reform", TopicProcedures: "news.topic_procedures", TopicContests: "news.topic_contests",
		TopicExamples: "news.topic_examples", TopicHotlines: "news.topic_hotlines", TopicAll: "news.topic_all",
	}[topic]
	if key == "" {
		return topic
	}
	name, err := d.opt.Render(lang, key, nil)
	if err != nil {
		d.opt.Log.Error("a topic has no name", "topic", topic, "err", err)
		return topic
	}
	return name
}

func (d *Desk) isTopic(id string) bool { return slices.Contains(d.Topics(), id) }

func (d *Desk) isPlace(id string) bool {
	dir := d.opt.Directory()
	p, ok := dir.Place(id)
	return ok && dir.Exists(p) && len(id) <= 40
}

// hashOf is the hash of a content's exact bytes.
func hashOf(c Content) (hash, body string, err error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), string(b), nil
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}

func invalid(key string, args ...any) error  { return refusal(bot.Invalid, key, args...) }
func denied(key string) error                { return refusal(bot.Denied, key) }
func conflict(key string, args ...any) error { return refusal(bot.Conflict, key, args...) }
func notFound() error                        { return refusal(bot.NotFound, "news.error_not_found") }

// placeholders are n of them from $first on.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Words renders a text of the catalog.
func (d *Desk) Words(lang, key string) (string, error) { return d.opt.Render(lang, key, nil) }

// Contacts lists what a person and those linked with it can be reached by.
func (d *Desk) Contacts(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Contact, error) {
	return d.opt.Links.ContactsOf(ctx, tx, p)
}
