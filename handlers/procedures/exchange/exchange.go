// Package exchange is how entries come and go as files in the console: a workbook is exported, edited in
// Excel and brought back. What is brought is compared and shown before anything is written; confirmed,
// every changed entry becomes a draft that a second person reviews, as any other.
//
// A newer national file changes what nobody here wrote at once; what it would change in
// entries that were written here becomes proposals.
package exchange

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// Limits.
const (
	// MaxFile is the largest file that is taken in the console, in bytes as it comes.
	MaxFile    = 16 << 20
	maxUploads = 3    // of one officer that wait; the oldest goes first
	maxDrafts  = 300  // that one file may begin: somebody has to read them
	maxAtOnce  = 1000 // entries that one file may change at once in the console
	maxShown   = 100  // lines of one kind on a page
	maxUnknown = 50   // columns that a report names
	keepUpload = 24 * time.Hour
)

// Row is what stands at one place of a file; knowledge/content reads it.
type Row struct {
	Number  int    // of the line, or of the row of the sheet; from 1
	Sheet   string // "" for files that have none
	Entry   *knowledge.Entry
	Absent  []string // keys that the file says nothing of: they stay as they are
	Unknown []Reason // columns, sheets or keys that an entry does not have
	Refused []Reason // nil when the row is good
	Code    string   // of a refused row of which nothing else can be read
	Skipped int      // rows of other sheets that were left out, at the end of a workbook; nothing else is in the row then
}

// Reason is why a row, or a column, is not taken: a text key with its arguments.
type Reason struct {
	Field string // key of the entry; "" for the whole row
	Key   string
	Args  []any
}

// Content is what knowledge/content knows of entries as files.
type Content struct {
	// Read reads a file; known tells which codes are published.
	Read    func(ctx context.Context, name string, r io.Reader, known func(code string) bool, row func(Row) error) error
	Write   func(w io.Writer, format string, all iter.Seq[*knowledge.Entry]) error
	Curated func(*knowledge.Entry) bool
	Merge   func(curated, national *knowledge.Entry) *knowledge.Entry
	// FeeMoved reports whether a national record names other sums than an entry of ours.
	FeeMoved func(e, national *knowledge.Entry) bool
	// Keep fills the absent keys of an entry from what is published.
	Keep func(published, e *knowledge.Entry, absent []string)
}

// Options of New; Log may be nil, and Console where there are no pages.
type Options struct {
	Content Content
	Desk    *entries.Desk
	Read    entries.Reader
	Do      func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Audit   entries.Audit
	Clean   func(string) string // as the one door cleans what people wrote
	// Render renders a text key in Vietnamese: notes of proposals are read by officers.
	Render  func(key string, args map[string]any) (string, error)
	Console *web.Console
	Now     func() time.Time
	Log     *slog.Logger
}

// Book reads files against what is published. It is safe for concurrent use.
type Book struct {
	opt  Options
	turn chan struct{} // one file is read at a time: a workbook takes memory
}

// New checks the options.
func New(o Options) (*Book, error) {
	c := o.Content
	if c.Read == nil || c.Write == nil || c.Curated == nil || c.Merge == nil || c.Keep == nil || c.FeeMoved == nil || o.Desk == nil || o.Read == nil || o.Do == nil ||
		o.Audit == nil || o.Clean == nil || o.Render == nil || o.Now == nil {
		return nil, errors.New("exchange: everything but Console and Log is required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Book{opt: o, turn: make(chan struct{}, 1)}, nil
}

// Meeting is what an entry of a file means for the published one of its code.
type Meeting struct {
	Next   *knowledge.Entry // what counts afterwards
	Origin entries.Origin
	// Look: the words are ours and the file's record is not; what it says besides is to be proposed.
	Look bool
	// Ahead: the file's words count from a day to come, and the published ones until then. They are to be proposed.
	Ahead bool
}

// Meet decides it. Whoever wrote a summary or everyday names wrote words that count, in a YAML file or in an
// exported sheet; a record without them fills what ours leave empty and overwrites nothing. What counts from a
// day to come takes nothing away before it.
func (c Content) Meet(stored entries.Record, e *knowledge.Entry, now time.Time) Meeting {
	ours := stored.Origin != entries.OriginImport || c.Curated(stored.Entry)
	ahead := entries.Day(e) > entries.Today(now) && stored.Entry.InForceOn(now.In(vietnam))
	switch {
	case ahead:
		look := ours && !c.Curated(e)
		return Meeting{Next: stored.Entry, Origin: stored.Origin, Look: look, Ahead: !look}
	case c.Curated(e) && ours:
		return Meeting{Next: e, Origin: entries.OriginEdited}
	case c.Curated(e) || !ours:
		return Meeting{Next: e, Origin: stored.Origin}
	}
	return Meeting{Next: c.Merge(stored.Entry, e), Origin: stored.Origin, Look: true}
}

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}
