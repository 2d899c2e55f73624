package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// control runs a typed control word: inside a conversation, or, for "cancel"
// and "go on", outside of one.
func (r *Router) control(ctx context.Context, t *Turn, c string) (bool, error) {
	if a := t.Session.Active; c == ctlSubmit && (a == nil || !a.Review) {
		return false, nil // words as others, until all is there to be sent
	}
	if t.Session.Active != nil {
		return r.conversation(ctx, t, &control{verb: c})
	}
	switch {
	case c == ctlResume && t.Session.Parked != nil:
		return r.conversation(ctx, t, &control{verb: c})
	case c == ctlCancel:
		t.Reply(Reply{Key: keyNothing, Quiet: true})
		return true, nil
	}
	return false, nil
}

// aside runs a handler that is not part of the conversation under way and asks
// the open question again afterwards.
func (r *Router) aside(ctx context.Context, t *Turn, h Handler) error {
	before := t.Session.Active
	if err := h(ctx, t); err != nil {
		return err
	}
	return r.askAgain(ctx, t, before)
}

func (r *Router) askAgain(ctx context.Context, t *Turn, before *Active) error {
	if before == nil || t.Session.Active != before || t.drop {
		return nil
	}
	c, ok := r.conversations[before.Name]
	if !ok {
		return nil
	}
	if asker, ok := c.(Asker); ok {
		return asker.AskAgain(ctx, t)
	}
	return nil
}

// freeText offers the text to the routes that ask for its intent, then to
// those that take the rest.
func (r *Router) freeText(ctx context.Context, t *Turn, take func(Route) bool, rest bool) (bool, error) {
	in := t.Intent().Name
	for _, want := range []string{in, IntentRest} {
		if want == IntentRest && !rest {
			break
		}
		for _, route := range r.free {
			if !take(route) || !slices.Contains(route.Intents, want) {
				continue
			}
			before := t.mark()
			err := route.Handle(ctx, t)
			if errors.Is(err, ErrPass) {
				t.reset(before)
				continue
			}
			return true, err
		}
		if in == IntentRest {
			break
		}
	}
	return false, nil
}

// conversation gives the update to the conversation under way; c is a pressed
// or typed control, nil for an answer.
func (r *Router) conversation(ctx context.Context, t *Turn, c *control) (bool, error) {
	if c != nil && c.isResume() {
		return r.resumeParked(ctx, t)
	}
	active := t.Session.Active
	if active == nil {
		return false, nil
	}
	conv, ok := r.conversations[active.Name]
	if !ok { // a feature that is gone
		t.Session.Active = nil
		return false, nil
	}
	if !t.now.Before(active.Expires) {
		t.Session.Active = nil
		t.Reply(Reply{Key: keyFormExpired, Quiet: true})
		return false, nil
	}
	if c == nil && r.light(active.Name) && len(strings.Fields(t.Update.Text)) > lightWords {
		if left, err := r.leave(ctx, t, active); left || err != nil {
			return true, err
		}
	}
	t.step = c
	err := conv.Resume(ctx, t)
	var again *again
	if !errors.As(err, &again) {
		return true, err
	}
	return true, r.digress(ctx, t, active, again)
}

// lightWords are as many words as an answer to a light form has.
const lightWords = 6

// light reports whether a conversation is a light form.
func (r *Router) light(name string) bool {
	c, ok := r.conversations[name].(interface{ light() bool })
	return ok && c.light()
}

// leave ends a light form for a long text that another route surely wants: "đèn đường hỏng ở
// phường Thành Đông" names a commune, but is no answer to "which commune?". What may be an
// answer all the same, a place or a question about one, is left to the form.
func (r *Router) leave(ctx context.Context, t *Turn, active *Active) (bool, error) {
	t.mayLeave = true
	left, err := r.freeText(ctx, t, func(route Route) bool {
		return route.Leave && !route.Digress && !slices.Contains(route.Intents, IntentPlace)
	}, false)
	t.mayLeave = left
	if left && err == nil && t.Session.Active == active {
		t.Session.Active = nil
	}
	return left, err
}

// digress lets the free-text routes look at a text that the step did not take. A
// light form ends when one does.
func (r *Router) digress(ctx context.Context, t *Turn, active *Active, why *again) error {
	t.mayLeave = r.light(active.Name)
	handled, err := r.freeText(ctx, t, func(route Route) bool { return route.Digress || t.mayLeave && route.Leave }, false)
	if err != nil {
		return err
	}
	if handled && t.mayLeave {
		if t.Session.Active == active {
			t.Session.Active = nil
		}
		return nil
	}
	if !handled && why.key != "" {
		t.Reply(Reply{Key: why.key, Args: why.args, Quiet: true})
	}
	return r.askAgain(ctx, t, active)
}

func (r *Router) resumeParked(ctx context.Context, t *Turn) (bool, error) {
	p := t.Session.Parked
	if p == nil || !t.now.Before(p.Expires) {
		t.Session.Parked = nil
		return false, nil
	}
	if _, ok := r.conversations[p.Name]; !ok {
		t.Session.Parked = nil
		return false, nil
	}
	t.Session.Active, t.Session.Parked = p, nil
	return true, r.askAgain(ctx, t, p)
}

// mark and reset undo the replies of a handler that passed.
type turnMark struct {
	out, replies int
	menu         []Button
	menued       bool
}

func (t *Turn) mark() turnMark { return turnMark{len(t.out), t.replies, t.menu, t.menued} }

func (t *Turn) reset(m turnMark) {
	t.out, t.replies, t.menu, t.menued = t.out[:m.out], m.replies, m.menu, m.menued
}

// conversationTTL is how long an answer may take when a form does not say.
const conversationTTL = 24 * time.Hour
