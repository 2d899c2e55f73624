package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// DispatcherOptions is what a Dispatcher works with. Inbox, State, Sealer,
// Router and Composer are required.
type DispatcherOptions struct {
	Inbox    Inbox
	State    State
	Sealer   Sealer
	Router   *Router
	Composer *Composer
	Channels []Channel // told when a turn settled
	Now      func() time.Time
	Log      *slog.Logger
	Workers  int                                   // turns at a time; 0 means 8
	Wake     func()                                // told after a commit that queued messages
	Alert    func(context.Context, string)         // told of a turn that failed for good; English, nothing personal
	Observe  func(outcome string, d time.Duration) // metrics: done, refused, retried, failed
	// QuietFor is how long the bot leaves a chat to a person of the office who
	// writes there; 0 means an hour.
	QuietFor time.Duration
}

// Limits of the dispatcher.
const (
	maxAttempts  = 3                // a turn that fails this often ends in the dead-letter list
	turnTimeout  = 20 * time.Second // one attempt of one turn
	lockTTL      = time.Minute      // longer than a turn can take
	sweepEvery   = 5 * time.Second  // catches what a wake-up missed
	maxScheduled = 4096             // turns in memory; the others wait in the inbox
	retryFirst   = time.Second      // wait before the second attempt, tripled for each further
	quietFor     = time.Hour        // a chat is left to a person of the office
	typingAfter  = time.Second      // a turn that takes longer shows that it is being written
	profileLimit = 3 * time.Second  // asking a platform who a new citizen is
)

// apologyKey is what a citizen reads whose message could not be answered.
const apologyKey = "bot.apology"

// Dispatcher runs the turns of accepted updates: in one chat one after the
// other in the order they came, different chats side by side.
type Dispatcher struct {
	opt      DispatcherOptions
	settlers map[string]Settler
	channels map[string]Channel
	wake     chan struct{}
}

// NewDispatcher checks the options.
func NewDispatcher(opt DispatcherOptions) (*Dispatcher, error) {
	if opt.Inbox == nil || opt.State == nil || opt.Sealer == nil || opt.Router == nil || opt.Composer == nil {
		return nil, errors.New("bot: dispatcher needs inbox, state, sealer, router and composer")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Workers <= 0 {
		opt.Workers = 8
	}
	if opt.QuietFor <= 0 {
		opt.QuietFor = quietFor
	}
	d := &Dispatcher{opt: opt, settlers: map[string]Settler{}, channels: map[string]Channel{}, wake: make(chan struct{}, 1)}
	for _, c := range opt.Channels {
		d.channels[c.Name()] = c
		if s, ok := c.(Settler); ok {
			d.settlers[c.Name()] = s
		}
	}
	return d, nil
}

// Wake tells the dispatcher that an update was accepted. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run runs turns until ctx ends. Turns under way then finish; accepted updates
// without a turn wait in the inbox for the next start.
func (d *Dispatcher) Run(ctx context.Context) error {
	q := newQueue()
	var workers sync.WaitGroup
	for range d.opt.Workers {
		workers.Go(func() {
			for {
				p, ok := q.next()
				if !ok {
					return
				}
				// A turn that began is finished even when the process is asked to stop.
				again := d.attempt(context.WithoutCancel(ctx), p)
				q.finished(p, again)
			}
		})
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var after int64
	for ctx.Err() == nil {
		last, more, err := d.fetch(ctx, q, after)
		if err != nil && ctx.Err() == nil {
			d.opt.Log.Error("inbox cannot be read", "err", err)
		}
		after = last
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-q.room:
		case <-tick.C:
			after = 0 // from the start: due retries, and rows that committed out of order
		}
	}
	q.stop()
	workers.Wait()
	return nil
}

// fetch schedules pending updates after a turn number. more is true when the
// inbox had a full page and there is room for another.
func (d *Dispatcher) fetch(ctx context.Context, q *queue, after int64) (last int64, more bool, err error) {
	room := q.space()
	if room == 0 {
		return after, false, nil
	}
	limit := min(room, 256)
	pending, err := d.opt.Inbox.Pending(ctx, after, limit)
	if err != nil {
		return after, false, err
	}
	now := d.opt.Now()
	for _, p := range pending {
		q.add(p, now)
		after = p.Turn
	}
	return after, len(pending) == limit, nil
}

// Drain runs every turn that is due now, in order, in the caller's goroutine.
// Tests and commands use it instead of Run.
func (d *Dispatcher) Drain(ctx context.Context) error {
	blocked := map[string]bool{}
	var after int64
	for {
		pending, err := d.opt.Inbox.Pending(ctx, after, 256)
		if err != nil {
			return err
		}
		if len(pending) == 0 {
			return nil
		}
		for _, p := range pending {
			after = p.Turn
			if blocked[p.Chat] || d.opt.Now().Before(p.Due) {
				blocked[p.Chat] = true
				continue
			}
			if !d.attempt(ctx, p).IsZero() {
				blocked[p.Chat] = true
			}
		}
	}
}

// attempt runs one turn once. It returns when to try it again, or the zero
// time when the turn ended in whatever way.
func (d *Dispatcher) attempt(ctx context.Context, p Pending) (again time.Time) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	outcome, again, err := d.locked(ctx, p)
	if err != nil {
		d.opt.Log.Error("turn failed", "turn", p.Turn, "attempt", p.Attempts+1, "outcome", outcome, "err", err)
	}
	if d.opt.Observe != nil {
		d.opt.Observe(outcome, time.Since(start))
	}
	return again
}

func (d *Dispatcher) locked(ctx context.Context, p Pending) (outcome string, again time.Time, err error) {
	unlock, ok, lockErr := d.opt.State.Lock(ctx, "chat\x1f"+p.Chat, lockTTL)
	switch {
	case lockErr != nil:
		// State is away. The chat's last turn, compared at the commit, still
		// keeps two processes from answering the same chat.
		d.opt.Log.Warn("chat lock cannot be taken", "turn", p.Turn, "err", lockErr)
	case !ok:
		return "busy", d.opt.Now().Add(retryFirst), nil
	default:
		defer func() {
			if uerr := unlock(context.WithoutCancel(ctx)); uerr != nil {
				d.opt.Log.Warn("chat lock cannot be given back", "turn", p.Turn, "err", uerr)
			}
		}()
	}
	l, err := d.opt.Inbox.Load(ctx, p.Turn)
	if IsCode(err, NotFound) {
		return "gone", time.Time{}, nil
	}
	if err != nil {
		return d.cannotLoad(ctx, p, err)
	}
	session, version := d.session(ctx, l)
	d.profile(ctx, &l)
	typing := d.typing(ctx, l.Update)
	err = d.run(ctx, l, session, version)
	typing()
	switch {
	case err == nil:
		return "done", time.Time{}, nil
	case IsCode(err, Conflict):
		// Another turn of this chat was committed meanwhile: look again, at no cost.
		return d.postpone(ctx, p.Turn, l.Attempts, "conflict", err)
	case l.Attempts+1 < maxAttempts:
		return d.postpone(ctx, p.Turn, l.Attempts+1, "handler", err)
	default:
		return d.giveUp(ctx, l, err)
	}
}

// run answers one update and commits everything it produced.
func (d *Dispatcher) run(ctx context.Context, l Loaded, session *Session, version int64) error {
	t := d.newTurn(l, session)
	err := d.handle(ctx, t)
	var told *Error
	if errors.As(err, &told) {
		if rerr := t.rollback(); rerr != nil {
			return rerr
		}
		// Nothing the handler did happened, but the citizen is told why.
		fresh, v := d.session(ctx, l)
		t, version, err = d.newTurn(l, fresh), v, nil
		key := told.Key
		if key == "" {
			key = "bot.error_" + string(told.Code)
		}
		t.Reply(Reply{Key: key, Args: told.Args, Quiet: true})
	}
	if err != nil {
		return errors.Join(err, t.rollback())
	}
	return d.commit(ctx, t, l, version)
}

func (d *Dispatcher) newTurn(l Loaded, session *Session) *Turn {
	lang := l.Contact.Lang
	if lang == "" && slices.Contains(d.opt.Router.opt.Langs, l.Update.From.Language) {
		lang = l.Update.From.Language
	}
	if lang == "" {
		lang = d.opt.Composer.Default
	}
	return &Turn{
		Work: &Work{units: d.opt.Inbox}, Update: l.Update, Contact: l.Contact, Session: session,
		id: l.Turn, now: d.opt.Now(), router: d.opt.Router, lang: lang, wasQuiet: session.Quiet,
	}
}

// handle calls the router and turns a panic into an error.
func (d *Dispatcher) handle(ctx context.Context, t *Turn) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("handler panicked: %v", panicText(r))
		}
	}()
	switch t.Update.Event {
	case EventNone:
		if !t.Update.Group {
			t.Contact.Out = false // who writes can be written to
		}
	case EventFollowed:
		t.Contact.Out = false
	case EventUnfollowed:
		t.Contact.Out = true
	case EventErase:
		return d.erase(ctx, t)
	case EventTakenOver:
		if !t.Session.quiet(t.now) && d.opt.Alert != nil {
			d.opt.Alert(ctx, "a person of the office answers in a chat of "+t.Update.Channel+"; the bot keeps quiet there for "+d.opt.QuietFor.String())
		}
		t.Session.Quiet = t.now.Add(d.opt.QuietFor)
		return nil
	case EventHandedBack:
		t.Session.Quiet = time.Time{}
		return nil
	}
	return d.opt.Router.Handle(ctx, t)
}

// panicText describes a panic without its value, which may hold what a citizen wrote.
func panicText(r any) string {
	if err, ok := r.(interface{ RuntimeError() }); ok {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%T", r)
}

func (d *Dispatcher) commit(ctx context.Context, t *Turn, l Loaded, version int64) error {
	queued, own, err := d.compose(t)
	if err != nil {
		return errors.Join(err, t.rollback())
	}
	s := t.Session
	s.Turn, s.Updated = t.id, t.now
	if t.menued {
		if s.Menu, err = d.opt.Composer.menu(t.lang, t.menu); err != nil {
			return errors.Join(err, t.rollback())
		}
	}
	sealed, err := d.sealSession(t.Update.Key(), s, t.now)
	if err != nil {
		return errors.Join(err, t.rollback())
	}
	f := Finished{
		Turn: t.id, Key: t.Update.Key(), LastTurn: l.LastTurn, Ending: Done,
		Session: sealed, Contact: t.Contact, Release: t.Update.Event != EventUnfollowed && t.Update.Event != EventErase,
	}
	d.heard(&f, t.Update, s, t.wasQuiet, t.now)
	if t.drop {
		f.Ending = Dropped
	}
	if err := t.Work.commit(ctx, queued, d.finish(f)); err != nil {
		if t.drop {
			return &undropped{err}
		}
		return err
	}
	d.saveSession(ctx, t.Update.Key(), sealed, version)
	if len(queued) > 0 && d.opt.Wake != nil {
		d.opt.Wake()
	}
	if st, ok := d.settlers[t.Update.Channel]; ok {
		st.Settled(t.Update, own)
	}
	return nil
}

// undropped is why a turn that was to be dropped could not be committed.
type undropped struct{ error }

func (u *undropped) Unwrap() error { return u.error }

// purge lets every feature erase what it keeps of a conversation.
func (d *Dispatcher) purge(ctx context.Context, tx Tx, k SessionKey) error {
	for _, f := range d.opt.Router.opt.Features {
		if f.Dropped == nil {
			continue
		}
		if err := f.Dropped(ctx, tx, k); err != nil {
			return fmt.Errorf("feature %s cannot drop: %w", f.Name, err)
		}
	}
	return nil
}

// finish ends a turn inside its transaction.
func (d *Dispatcher) finish(f Finished) func(context.Context, Unit) error {
	return func(ctx context.Context, u Unit) error {
		if f.Ending == Dropped && f.Reason == "" {
			if err := d.purge(ctx, u.Tx(), f.Key); err != nil {
				return err
			}
		}
		tu, ok := u.(TurnUnit)
		if !ok {
			return fmt.Errorf("store unit %T cannot finish a turn", u)
		}
		_, err := tu.Finish(ctx, f)
		return err
	}
}

// compose renders what the turn said. own counts the messages that its own chat
// gets now; one planned for later is not part of the answer.
func (d *Dispatcher) compose(t *Turn) (queued []Queued, own int, err error) {
	for _, o := range t.out {
		parts, err := d.opt.Composer.Compose(o)
		if err != nil {
			return nil, 0, err
		}
		if o.To.Channel == t.Update.Channel && o.To.Chat == t.Update.Chat {
			now := !o.NotUntil.After(t.now)
			for i := range parts {
				parts[i].Group = t.Update.Group
				if now {
					parts[i].Message.Update = t.Update.ID
				}
			}
			if now {
				own += len(parts)
			}
		}
		queued = append(queued, parts...)
	}
	return queued, own, nil
}

func (d *Dispatcher) cannotLoad(ctx context.Context, p Pending, err error) (string, time.Time, error) {
	if p.Attempts+1 < maxAttempts {
		return d.postpone(ctx, p.Turn, p.Attempts+1, "load", err)
	}
	if aerr := d.opt.Inbox.Abandon(ctx, p.Turn, "load"); aerr != nil {
		return "retried", d.opt.Now().Add(retryFirst), errors.Join(err, aerr)
	}
	d.alert(ctx, p.Turn)
	return "failed", time.Time{}, err
}

func (d *Dispatcher) postpone(ctx context.Context, turn int64, attempts int, reason string, cause error) (string, time.Time, error) {
	wait := retryFirst
	for range attempts - 1 {
		wait *= 3
	}
	due := d.opt.Now().Add(wait)
	// The attempt's own time may be used up; this write still has to happen.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.opt.Inbox.Postpone(ctx, turn, attempts, due, reason); err != nil {
		cause = errors.Join(cause, err)
	}
	return "retried", due, cause
}

// giveUp ends a turn that failed too often: an apology, the dead-letter list,
// and the conversation as it was before.
func (d *Dispatcher) giveUp(ctx context.Context, l Loaded, cause error) (string, time.Time, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	session, version := d.session(ctx, l)
	t := d.newTurn(l, session)
	if l.Update.Event == EventNone {
		t.Reply(Reply{Key: apologyKey, Quiet: true})
	}
	queued, own, err := d.compose(t)
	if err != nil {
		queued, own = nil, 0 // without words: the row must still end
		cause = errors.Join(cause, err)
	}
	ending := Failed
	var drop *undropped
	if errors.As(cause, &drop) {
		// What was to be dropped is dropped, even where a feature could not follow.
		ending = Dropped
		session.Active, session.Parked, session.Memory = nil, nil, nil
	}
	session.Turn, session.Updated = l.Turn, t.now
	sealed, err := d.sealSession(l.Update.Key(), session, t.now)
	if err != nil {
		cause = errors.Join(cause, err)
	}
	f := Finished{
		Turn: l.Turn, Key: l.Update.Key(), LastTurn: l.LastTurn, Ending: ending, Reason: "handler",
		Session: sealed, Contact: l.Contact, Release: true,
	}
	d.heard(&f, l.Update, session, t.wasQuiet, t.now)
	err = t.Work.commit(ctx, queued, d.finish(f))
	if err != nil {
		return d.postpone(ctx, l.Turn, l.Attempts+1, "apology", errors.Join(cause, err))
	}
	d.saveSession(ctx, l.Update.Key(), sealed, version)
	if len(queued) > 0 && d.opt.Wake != nil {
		d.opt.Wake()
	}
	if st, ok := d.settlers[l.Update.Channel]; ok {
		st.Settled(l.Update, own)
	}
	if ending == Dropped && d.opt.Alert != nil {
		d.opt.Alert(ctx, fmt.Sprintf("turn %d was dropped, but a feature could not erase what it keeps of that conversation: look at the log", l.Turn))
	} else {
		d.alert(ctx, l.Turn)
	}
	return "failed", time.Time{}, cause
}

func (d *Dispatcher) alert(ctx context.Context, turn int64) {
	if d.opt.Alert != nil {
		d.opt.Alert(ctx, fmt.Sprintf("turn %d failed %d times and waits in the dead-letter list", turn, maxAttempts))
	}
}
