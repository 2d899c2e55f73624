// Package media keeps the files that citizens and officers send.
//
// A file comes in one of two ways. A channel that only hands out a handle gets a
// wish for it inside the turn ([Keeper.Want]); [Keeper.Run] then fetches it off the
// turn and tells whoever asked to hear ([Keeper.Notify]). Bytes that are here
// already, from the web chat, an answer page or the console, are taken at once
// ([Keeper.Keep]).
//
// Nothing is believed of a file but its bytes. Photos (JPEG, PNG, WebP) are decoded
// and written anew, turned upright, at most [MaxSide] pixels wide and high and
// without any metadata: neither the place where they were taken nor anything that
// hid in them is left. PDF, docx and xlsx are kept as they are when nothing in them
// runs by itself; their own metadata, such as the author's name, stays. Everything
// else is refused with a text that says what to do instead.
//
// A file is kept sealed with a key of its own, which stands, sealed, in the file's
// row: with the row goes the key, and the file is noise from then on. A file stands on
// the disk before its row says so; one whose row is gone is removed by [Keeper.Sweep].
//
// An item belongs to an owner: a conversation, until [Keeper.Attach] gives it to a
// thing such as a case. What nobody attaches is removed after [KeepLoose].
package media

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
)

//go:embed sql
var schemaFiles embed.FS

//go:embed text
var textFiles embed.FS

// Limits of what is taken in.
const (
	MaxPhoto    = 10 << 20 // bytes of a photo as it was sent
	MaxDocument = 20 << 20 // bytes of a document, and of anything
	MaxSide     = 2048     // pixels of the longer side of a photo as it is kept
	ThumbSide   = 320      // pixels of the longer side of a thumbnail
	MaxLoose    = 60       // items that one owner may have waiting to be attached

	// KeepLoose is how long an item waits to be attached: a day longer than a form waits
	// for its next answer (a complaint's seven days), so that whoever comes back to it
	// finds his photos. A form that was answered now and then lives longer still: it asks
	// Keeper.Items what is left before it sends.
	KeepLoose = 8 * 24 * time.Hour

	maxPixels = 50_000_000 // of a photo as it was sent
	minFree   = 256 << 20  // bytes that are left free on the disk
)

// State is how far an item has come.
type State string

// The states of an item.
const (
	Wanted  State = "wanted"  // the channel has it; it will be fetched
	Ready   State = "ready"   // it is here
	Refused State = "refused" // it is not taken; Item.Reason says why
)

// Item is one file.
type Item struct {
	ID       string
	State    State
	Reason   string // of Refused: the key of a text that says what to do
	Kind     bot.MediaKind
	Type     string // by content: "image/jpeg"; "" until it is ready
	Name     string // cleaned, with the ending of its type
	Size     int64  // bytes as kept; before that what the channel said
	Width    int    // pixels, of photos
	Height   int
	Attached bool // to a thing; else it is removed after KeepLoose
	Since    time.Time
}

// Querier reads: a pool, or a transaction that must see what it just wrote.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Told hears of an item that became ready or was refused, in the transaction that
// says so. When it fails, the item is dealt with again later.
type Told func(ctx context.Context, w *bot.Work, it Item) error

// Options is what a Keeper works with. Folder, Read, Works, Sealer and Secret are required.
type Options struct {
	Folder    string // of the files; made when it is not there
	Read      Querier
	Works     *bot.Works
	Sealer    bot.Sealer
	Secret    []byte                                                      // signs links: at least 32 bytes, the same after a restart
	PublicURL string                                                      // put before links; "" gives paths
	Render    func(lang, key string, args map[string]any) (string, error) // what a link that leads nowhere says; nil: the status only
	Fetcher   func(channel string) bot.Fetcher                            // nil for a channel that fetches nothing
	Free      func(folder string) (bytes int64)                           // left on the disk, -1 when unknown; nil: not asked
	Now       func() time.Time
	Log       *slog.Logger
}

// Keeper keeps files. Its methods are safe for concurrent use.
type Keeper struct {
	opt    Options
	root   *os.Root
	links  []byte
	decode chan struct{} // one picture or document in memory at a time
	wake   chan struct{}

	mu    sync.Mutex
	told  []Told
	busy  map[string]int // files that are being written: no row yet, but no orphans either
	going map[string]bool
}

// New checks the options and opens the folder. The tables are [Schema]'s.
func New(opt Options) (*Keeper, error) {
	switch {
	case opt.Folder == "" || opt.Read == nil || opt.Works == nil || opt.Sealer == nil:
		return nil, errors.New("media: folder, reader, works and sealer are required")
	case len(opt.Secret) < 32:
		return nil, errors.New("media: the secret must have at least 32 bytes")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Fetcher == nil {
		opt.Fetcher = func(string) bot.Fetcher { return nil }
	}
	opt.PublicURL = strings.TrimSuffix(opt.PublicURL, "/")
	if err := os.MkdirAll(opt.Folder, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(opt.Folder)
	if err != nil {
		return nil, err
	}
	return &Keeper{
		opt: opt, root: root, links: linkKey(opt.Secret), decode: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		busy: map[string]int{}, going: map[string]bool{},
	}, nil
}

// Close gives the folder back. Run must have ended.
func (k *Keeper) Close() error { return k.root.Close() }

// Notify adds somebody who hears of items. It is called before Run.
func (k *Keeper) Notify(t Told) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, t)
}

// Schema is the tables' migrations, of the line "media".
func Schema() fs.FS { return sub(schemaFiles, "sql") }

// Texts is the catalog of why a file is not taken.
func Texts() fs.FS { return textFiles }

func sub(f fs.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		return f // the folder is embedded: it is there
	}
	return s
}

// Feature is what the keeper adds to the bot: its tables and texts, the page of
// signed links, the cleaning up, and that a dropped conversation loses its files.
func (k *Keeper) Feature() bot.Feature {
	return bot.Feature{
		Name: "media", Schema: Schema(), Texts: Texts(),
		Pages: []bot.Page{{Pattern: "GET " + linkPath + "{token}", Handler: http.HandlerFunc(k.page)}},
		Jobs:  []bot.Job{{Name: "media.sweep", Every: 10 * time.Minute, Run: k.Sweep}},
		Dropped: func(ctx context.Context, tx bot.Tx, key bot.SessionKey) error {
			return k.Discard(ctx, tx, Conversation(key))
		},
	}
}

// Conversation is the owner of what is sent in a conversation.
func Conversation(k bot.SessionKey) string { return "conversation\x1f" + k.String() }

func (k *Keeper) ownerKey(owner string) string { return k.opt.Sealer.Digest("media owner\x1f" + owner) }

func refusal(key string) *bot.Error { return &bot.Error{Code: bot.Invalid, Key: key} }
