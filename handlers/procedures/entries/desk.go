package entries

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
	"cchcbot/knowledge/directory"
)

//go:embed sql/*.sql
var schema embed.FS

// Schema is the line of migrations "procedures".
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Audit notes an action in the kernel's audit trail, in the transaction of the action.
type Audit func(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error

// Finding is something to mend, or to look at, in an entry.
type Finding struct {
	Key   string // JSON key of the entry, "documents.name" for a column; "" for the whole
	Words string // text key of what is wrong
	Args  []any  // pairs of name and value
	Error bool   // it must be mended before a review
}

// Options of New. Fold, Check, Published and Log may be nil; the rest is required.
type Options struct {
	Read      Reader
	Directory func() *directory.Directory // of today
	Clean     func(string) string         // makes what people wrote NFC, printable and trimmed
	Fold      func(string) string         // makes words comparable; nil: lower case
	// Check holds an entry to the rules of reviewed content.
	Check func(ctx context.Context, e *knowledge.Entry) ([]Finding, error)
	Audit Audit
	// Published is told after a commit that another revision counts.
	Published func(ctx context.Context)
	Now       func() time.Time
	Log       *slog.Logger
}

// Desk is the one door to changes of the knowledge base. It is safe for concurrent use.
type Desk struct{ opt Options }

// New checks the options.
func New(o Options) (*Desk, error) {
	if o.Read == nil || o.Directory == nil || o.Clean == nil || o.Audit == nil || o.Now == nil {
		return nil, errors.New("entries: needs Read, Directory, Clean, Audit and Now")
	}
	if o.Check == nil {
		o.Check = func(context.Context, *knowledge.Entry) ([]Finding, error) { return nil, nil }
	}
	if o.Fold == nil {
		o.Fold = strings.ToLower
	}
	if o.Published == nil {
		o.Published = func(context.Context) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{opt: o}, nil
}

// Changed tells whoever searches that another revision counts; call it when the unit of
// work that published is committed.
func (d *Desk) Changed(ctx context.Context) { d.opt.Published(ctx) }

// Findings is what is wrong with an entry, by the rules of reviewed content.
func (d *Desk) Findings(ctx context.Context, e *knowledge.Entry) ([]Finding, error) {
	return d.opt.Check(ctx, e)
}

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}

func invalid(key string, args ...any) error  { return refusal(bot.Invalid, key, args...) }
func denied(key string) error                { return refusal(bot.Denied, key) }
func conflict(key string, args ...any) error { return refusal(bot.Conflict, key, args...) }
func notFound() error                        { return refusal(bot.NotFound, "procedures.error_no_draft") }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
