package bot

import (
	"context"
	"fmt"
	"time"
)

// quiet reports whether a person of the office answers in this chat.
func (s *Session) quiet(now time.Time) bool { return now.Before(s.Quiet) }

// whileQuiet deals with an update in a chat that a person of the office took
// over. left is true when the bot leaves it to that person. What must not wait
// for anybody is answered all the same: danger, and what may not be kept. A
// button, a command or a word of the menu shows that the citizen wants the bot back.
func (r *Router) whileQuiet(ctx context.Context, t *Turn) (left bool, err error) {
	if t.Update.Button != "" || r.summons(t.Update.Text) {
		t.Session.Quiet = time.Time{}
		return false, nil
	}
	_, err = r.freeText(ctx, t, func(route Route) bool { return route.Interrupt }, false)
	return true, err
}

// summons reports whether a text is a command or a word that leads somewhere
// from anywhere.
func (r *Router) summons(text string) bool {
	if text == "" || len(text) > 80 {
		return false
	}
	if text[0] == '/' {
		return true
	}
	_, ok := r.words[r.word(text)]
	return ok
}

// heard fills in what the store keeps of the citizen's presence.
// was is how long the chat was left to a person before this turn.
func (d *Dispatcher) heard(f *Finished, u Update, s *Session, was, now time.Time) {
	f.Quiet, f.Talk = s.Quiet, !s.Quiet.Equal(was)
	switch u.Event {
	case EventTakenOver, EventHandedBack:
		f.Release = false // the citizen did nothing
		return
	case EventUnfollowed:
		return
	case EventErase:
		f.Erase = true
		return
	}
	if _, ok := d.channels[u.Channel].(Gate); ok {
		// A platform's clock that runs ahead must not keep a window open.
		f.Heard, f.Wrote = u.At, u.Event == EventNone
		if f.Heard.After(now) {
			f.Heard = now
		}
	}
}

// erase forgets a citizen at the platform's word: every feature what it keeps,
// the store the rest when the turn commits.
func (d *Dispatcher) erase(ctx context.Context, t *Turn) error {
	t.Contact.Out = true
	t.Drop()
	t.Session.Menu, t.Session.Asked, t.Session.Quiet = nil, "", time.Time{}
	if t.Contact.Person == 0 {
		return nil // never seen before
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	for _, f := range d.opt.Router.opt.Features {
		if f.Forget == nil {
			continue
		}
		if err := f.Forget(ctx, tx, t.Contact.Person); err != nil {
			return fmt.Errorf("feature %s cannot forget: %w", f.Name, err)
		}
	}
	return nil
}

// profile asks the channel who a citizen is whose updates do not say. It is a
// kindness: when the platform does not answer, the turn goes on without a name.
func (d *Dispatcher) profile(ctx context.Context, l *Loaded) {
	p, ok := d.channels[l.Update.Channel].(Profiler)
	if !ok || l.Contact.Name != "" || l.Update.From.Name != "" || l.Update.Group || l.Update.Event == EventErase {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, profileLimit)
	defer cancel()
	who, err := p.Profile(ctx, l.Update.From.ID)
	if err != nil {
		d.opt.Log.Debug("a new citizen's profile cannot be read", "channel", l.Update.Channel, "err", err)
		return
	}
	name, _ := cutRunes(who.Name, 100)
	l.Contact.Name = name
}

// typing shows that an answer is being written when a turn takes its time. The
// returned function ends it.
func (d *Dispatcher) typing(ctx context.Context, u Update) func() {
	c, ok := d.channels[u.Channel].(Typer)
	if !ok || u.Event != EventNone {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(typingAfter, func() {
		if err := c.Typing(ctx, Address{Channel: u.Channel, Chat: u.Chat, Thread: u.Thread}); err != nil && ctx.Err() == nil {
			d.opt.Log.Debug("typing cannot be shown", "channel", u.Channel, "err", err)
		}
	})
	return func() {
		timer.Stop()
		cancel()
	}
}
