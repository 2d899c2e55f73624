// Package stale finds what in the knowledge base somebody should look at again: entries that nobody verified
// for long, that end soon, and whose source cannot be opened any more. It lists them, mails them once a
// week to those who look after the field, and tells citizens to ask before they go.
package stale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// Why an entry should be looked at.
type Why string

// The reasons, the most pressing first.
const (
	Ends   Why = "ends"   // it counts no more within [EndsWithin]
	Broken Why = "broken" // its source cannot be opened
	Old    Why = "old"    // nobody looked at it for long
)

// Whys lists them, the most pressing first.
func Whys() []Why { return []Why{Ends, Broken, Old} }

// DefaultAge is how old the facts of an entry may grow before somebody should look again.
const DefaultAge = 365 * 24 * time.Hour

// EndsWithin is how long before its last day an entry is listed.
const EndsWithin = 30 * 24 * time.Hour

// Options of New. Open nil opens no links; Staff, Mail and Log may be nil.
type Options struct {
	Read  entries.Reader
	Desk  *entries.Desk
	Do    func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Age   time.Duration // 0: DefaultAge
	Staff interface {
		Officers(ctx context.Context) ([]bot.Officer, error)
	}
	// Mail reports whether mails can be sent; nil: they cannot.
	Mail func() bool
	// Fallback is whom the digest of a field goes to that nobody looks after; zero for nobody.
	Fallback bot.Address
	// Open asks for an address; Check says whether it may be asked for: bot/fetch in the program.
	Open  func(*http.Request) (*http.Response, error)
	Check func(address string) error
	// Pause waits between two requests to one host; nil waits indeed.
	Pause     func(ctx context.Context, d time.Duration) error
	PublicURL string // before links in mails, without a slash at the end
	Render    func(key string, args map[string]any) (string, error)
	Console   *web.Console
	Now       func() time.Time
	Log       *slog.Logger
}

// Book is safe for concurrent use.
type Book struct {
	opt    Options
	broken atomic.Pointer[map[string]bool] // addresses
	synced atomic.Int64                    // the revision whose links are known, plus one
}

// New checks the options.
func New(o Options) (*Book, error) {
	if o.Read == nil || o.Desk == nil || o.Do == nil || o.Render == nil || o.Console == nil || o.Now == nil || o.Open != nil && o.Check == nil {
		return nil, errors.New("stale: needs Read, Desk, Do, Render, Console and Now, and Check with Open")
	}
	if o.Age <= 0 {
		o.Age = DefaultAge
	}
	if o.Mail == nil {
		o.Mail = func() bool { return false }
	}
	if o.Pause == nil {
		o.Pause = pause
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Book{opt: o}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Jobs are the periodic work.
func (b *Book) Jobs() []bot.Job {
	jobs := []bot.Job{
		{Name: "procedures.broken", Every: time.Minute, Run: b.Refresh},
		{Name: "procedures.stale_mail", Every: mailEvery, Run: b.Mail},
	}
	if b.opt.Open != nil {
		jobs = append(jobs, bot.Job{Name: "procedures.links", Every: linksEvery, Run: b.CheckLinks})
	}
	return jobs
}

// Line is an entry to look at.
type Line struct {
	Entry *knowledge.Entry // without its long texts
	Why   []Why            // the most pressing first
}

// Is reports why an entry in force should be looked at; nil when nothing is the matter. broken tells of addresses.
func Is(now time.Time, age time.Duration, e *knowledge.Entry, broken func(string) bool) []Why {
	if !e.Status.InForce() || e.ValidTo != "" && e.ValidTo <= entries.Today(now) {
		return nil // it ended, and says so
	}
	var out []Why
	if EndsSoon(now, e) {
		out = append(out, Ends)
	}
	if e.SourceURL != "" && broken(e.SourceURL) {
		out = append(out, Broken)
	}
	day, err := time.Parse(time.DateOnly, max(e.Updated, e.VerifiedAt))
	if err != nil || now.Sub(day) > age {
		out = append(out, Old)
	}
	return out
}

// EndsSoon reports whether an entry counts no more within [EndsWithin].
func EndsSoon(now time.Time, e *knowledge.Entry) bool {
	return e.ValidTo != "" && e.ValidTo > entries.Today(now) && e.ValidTo <= entries.Today(now.Add(EndsWithin))
}

// List lists what should be looked at in the fields that sees tells of, the most pressing first and then the
// oldest.
func (b *Book) List(ctx context.Context, sees func(field string) bool) ([]Line, error) {
	heads, err := entries.Heads(ctx, b.opt.Read)
	if err != nil {
		return nil, err
	}
	broken, err := b.brokenNow(ctx)
	if err != nil {
		return nil, err
	}
	now, mine := b.opt.Now(), map[string]bool{}
	var out []Line
	for _, e := range heads {
		ok, known := mine[e.Field]
		if !known {
			ok = sees(e.Field)
			mine[e.Field] = ok
		}
		if !ok {
			continue
		}
		if why := Is(now, b.opt.Age, e, func(u string) bool { return broken[u] }); len(why) > 0 {
			out = append(out, Line{e, why})
		}
	}
	slices.SortStableFunc(out, func(x, y Line) int {
		if d := slices.Index(Whys(), x.Why[0]) - slices.Index(Whys(), y.Why[0]); d != 0 {
			return d
		}
		if x.Why[0] == Ends {
			return strings.Compare(x.Entry.ValidTo, y.Entry.ValidTo)
		}
		return strings.Compare(max(x.Entry.Updated, x.Entry.VerifiedAt), max(y.Entry.Updated, y.Entry.VerifiedAt))
	})
	return out, nil
}

// sees tells which fields an officer looks after, or watches.
func (b *Book) sees(o bot.Officer) func(string) bool {
	if entries.Watches(o) {
		return func(string) bool { return true }
	}
	return func(field string) bool { return b.opt.Desk.Writes(o, field) }
}

func (b *Book) brokenNow(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	rows, err := b.opt.Read.QueryContext(ctx, `select url from procedures_links where failed >= $1`, brokenAfter)
	if err != nil {
		return nil, fmt.Errorf("broken links: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var u string
		if err := rows.Scan(&u); err != nil {
			return nil, fmt.Errorf("broken links: %w", err)
		}
		out[u] = true
	}
	return out, rows.Err()
}

// Refresh reads anew which links are broken, for answers.
func (b *Book) Refresh(ctx context.Context) error {
	m, err := b.brokenNow(ctx)
	if err == nil {
		b.broken.Store(&m)
	}
	return err
}

// Broken reports whether an address was found broken, as Refresh read it last.
func (b *Book) Broken(address string) bool {
	m := b.broken.Load()
	return m != nil && (*m)[address]
}
