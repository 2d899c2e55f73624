package cases

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// Reader reads committed data, outside a unit of work. *sql.DB implements it.
type Reader = bot.Reader

// Media is what a case needs of the files that belong to it; bot/media's Keeper is one.
type Media interface {
	// Attach gives files of an owner to a thing; those it has already stay.
	Attach(ctx context.Context, tx bot.Tx, owner, thing string, ids ...string) error
	// Discard makes files of an owner unreadable: those with the ids, or all.
	Discard(ctx context.Context, tx bot.Tx, owner string, ids ...string) error
	// Shut makes links to files of an owner lead nowhere, also those that people have already.
	Shut(ctx context.Context, tx bot.Tx, owner string, shut bool) error
}

// Forget removes every word that the kernel keeps about a thing and from the
// contact who wrote it: messages sent and waiting, updates, sessions. contact is 0 when unknown.
type Forget func(ctx context.Context, tx bot.Tx, thing string, contact bot.ContactID) error

// Audit notes an action in the kernel's audit trail, in the transaction of the
// action. Nothing in it is personal.
type Audit func(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error

// Options of New. All but Terms, Media, Alert, Staff and Log are required.
type Options struct {
	Read      Reader
	Sealer    bot.Sealer
	Directory func() *directory.Directory // of today
	Calendar  func() *calendar.Calendar
	Now       func() time.Time
	Audit     Audit
	Terms     Terms  // replace defaults; what an administrator set goes before
	Media     Media  // nil where nobody sends files
	Forget    Forget // required: a denunciation must leave nothing
	// Fold makes words comparable: knowledge/vietnamese.Fold.
	Fold func(string) string
	// Alert tells people who run the system that cases have no owner; it may be nil.
	Alert func(ctx context.Context, text string)
	// Staff checks to whom a case is assigned; nil takes anybody.
	Staff bot.Staff
	Log   *slog.Logger
}

// Listener is told of every change, inside its unit of work: when it fails,
// nothing happened. What it queues commits with the change.
type Listener func(ctx context.Context, w *bot.Work, e Event) error

// Desk is the one door to all cases. It is safe for concurrent use.
type Desk struct {
	opt       Options
	listeners []Listener
	forgotten []ForgetListener
	terms     atomic.Pointer[Terms]
	orphans   atomic.Int64 // cases without an owner at the last look
}

// New checks the options.
func New(opt Options) (*Desk, error) {
	if opt.Read == nil || opt.Sealer == nil || opt.Directory == nil || opt.Calendar == nil || opt.Now == nil ||
		opt.Audit == nil || opt.Fold == nil || opt.Forget == nil {
		return nil, errors.New("cases: needs Read, Sealer, Directory, Calendar, Now, Audit, Fold and Forget")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	t := DefaultTerms()
	for key, value := range opt.Terms {
		if err := CheckTerm(key, value); err != nil {
			return nil, err
		}
		t[key] = value
	}
	d := &Desk{opt: opt}
	d.opt.Terms = t
	d.terms.Store(&t)
	return d, nil
}

// Listen adds a listener. Listeners are added before anything runs and are
// called in the order in which they were added.
func (d *Desk) Listen(l Listener) { d.listeners = append(d.listeners, l) }

// ForgetListener is told, in the transaction, that the sender of a case was forgotten:
// what rests on the sender's consent ends there.
type ForgetListener func(ctx context.Context, tx bot.Tx, id int64, code string) error

// ListenForget adds a listener for senders who are forgotten; before anything runs.
func (d *Desk) ListenForget(l ForgetListener) { d.forgotten = append(d.forgotten, l) }

// Thing is how a case is called in the outbox, the audit trail and bot/media.
func Thing(code string) string { return "complaint:" + code }

// Ref says who an actor is, without a name: "staff:12", "contact:7", "citizen", "job".
func (a Actor) Ref() string {
	switch {
	case a.Kind == Citizen:
		return "citizen"
	case a.Kind == System:
		return "job"
	case a.Officer.ID != 0:
		return "staff:" + strconv.FormatInt(a.Officer.ID, 10)
	}
	return "contact:" + a.Contact
}
