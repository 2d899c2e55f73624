package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Conversation is a talk of several turns. Name is its place in the session.
// Start asks the first question; Resume takes what came next, with
// t.Session.Active as the last turn left it.
type Conversation interface {
	Name() string
	Start(ctx context.Context, t *Turn) error
	Resume(ctx context.Context, t *Turn) error
}

// Asker is a Conversation that can ask its open question again, after a
// digression or a restart.
type Asker interface {
	AskAgain(ctx context.Context, t *Turn) error
}

// Form is a conversation of named steps over a typed draft T, which is kept as
// JSON between turns. The engine asks the first step not answered yet and alone
// handles cancel, back, skip, correction, expiry and digression.
type Form[T any] struct {
	Name    string        // "complaint"; unique among all features
	Version int           // raise it only when old drafts cannot go on
	Expires time.Duration // time for the next answer; 0 means a day
	// Light is a form of one small question ("which commune?"): whoever writes about
	// something else has left it, and is not asked again.
	Light bool
	Steps []Step[T]
	// Review shows the draft before it is submitted, with a button to correct
	// each answer. nil submits after the last step.
	Review func(ctx context.Context, t *Turn, d T) (Reply, error)
	Submit func(ctx context.Context, t *Turn, d T) error
}

// Step is one question and the reading of its answer. Accept takes an answer with
// nil, refuses it with [Again], takes one of several with [More], and asks once
// more with [Stay]; when it begins another conversation or drops the turn, the form is left.
type Step[T any] struct {
	Name     string // saved in sessions: rename it only with a new Version
	Title    string // text key of what the answer is called, for "correct"; "" leaves it out there
	Ask      func(ctx context.Context, t *Turn, d T) (Reply, error)
	Accept   func(ctx context.Context, t *Turn, d *T) error
	When     func(d T) bool // asked only if true; nil means always
	Optional bool           // may be skipped
}

// Controls of a form, as they stand in payloads.
const (
	formPrefix = "form"
	ctlAnswer  = "a"
	ctlCancel  = "cancel"
	ctlBack    = "back"
	ctlSkip    = "skip"
	ctlDone    = "done"
	ctlEdit    = "edit"
	ctlSubmit  = "submit"
	ctlResume  = "resume"
)

// Text keys of the form engine.
const (
	keyFormCancel    = "bot.form_cancel"    // button
	keyFormBack      = "bot.form_back"      // button
	keyFormSkip      = "bot.form_skip"      // button
	keyFormDone      = "bot.form_done"      // button
	keyFormSubmit    = "bot.form_submit"    // button
	keyFormEdit      = "bot.form_edit"      // button: "correct: {title}"
	keyFormResume    = "bot.form_resume"    // button
	keyFormCancelled = "bot.form_cancelled" // reply
	keyFormExpired   = "bot.form_expired"   // reply
	keyFormChanged   = "bot.form_changed"   // reply: the form is another one now, begin again
	keyFormNoSkip    = "bot.form_no_skip"
	keyFormFirst     = "bot.form_first" // nothing to go back to
	keyFormTooLong   = "bot.form_too_long"
	keyFormUnsent    = "bot.form_unsent" // what was typed at the review does nothing
)

// control is a pressed button or typed word that steers a form.
type control struct {
	raw  string // from a button: "nonce:verb:arg"
	verb string // from a word
}

func (c *control) isResume() bool { return c.verb == ctlResume || c.raw == ctlResume }

// again is the error of a step that did not take the answer.
type again struct {
	key  string
	args []any
}

func (*again) Error() string { return "bot: the answer was not taken" }

// Again refuses an answer: the free-text routes get a look at it, then the key
// is said and the step asked once more.
func Again(key string, args ...any) error { return &again{key, args} }

// more is the error of a step that took the answer and waits for others.
type more struct {
	key  string
	args []any
}

func (*more) Error() string { return "bot: the step takes more" }

// More takes an answer and stays on the step, until Done.
func More(key string, args ...any) error { return &more{key, args} }

// stay is the error of a step that changed the draft and asks once more.
type stay struct{}

func (stay) Error() string { return "bot: the step asks again" }

// Stay keeps what the step changed in the draft and asks it again: the next page
// of a list, the communes of the district that was chosen.
func Stay() error { return stay{} }

// Answer is the payload of a button that answers the step asking.
func Answer(value string) string { return "=" + value }

// Answered is the value of the answer button that was pressed, and whether one was.
func (t *Turn) Answered() (string, bool) { return t.answer, t.answered }

type form[T any] struct{ Form[T] }

// NewForm makes a conversation of a form. A form without steps or submit, or
// with two steps of one name, is a programmer's mistake and panics.
func NewForm[T any](f Form[T]) Conversation {
	if f.Name == "" || len(f.Steps) == 0 || len(f.Steps) > maxFormStep || f.Submit == nil {
		panic("bot: form " + f.Name + " needs a name, 1 to 50 steps and Submit")
	}
	seen := map[string]bool{}
	for _, s := range f.Steps {
		if s.Name == "" || seen[s.Name] || s.Ask == nil || s.Accept == nil {
			panic("bot: form " + f.Name + ": step " + s.Name + " needs a name of its own, Ask and Accept")
		}
		seen[s.Name] = true
	}
	if f.Expires <= 0 {
		f.Expires = conversationTTL
	}
	return &form[T]{f}
}

func (f *form[T]) Name() string { return f.Form.Name }

func (f *form[T]) light() bool { return f.Light }

func (f *form[T]) Start(ctx context.Context, t *Turn) error {
	t.Session.Active = &Active{
		Name: f.Form.Name, ID: NewID(), Version: f.Version, Started: t.now, Expires: t.now.Add(f.Expires),
	}
	var d T
	return f.next(ctx, t, d)
}

func (f *form[T]) Resume(ctx context.Context, t *Turn) error {
	a := t.Session.Active
	var d T
	if a.Version != f.Version || len(a.Answers) > 0 && json.Unmarshal(a.Answers, &d) != nil {
		t.Reply(Reply{Key: keyFormChanged, Quiet: true})
		return f.Start(ctx, t)
	}
	a.Expires = t.now.Add(f.Expires)
	c := t.step
	t.answer, t.answered = "", false
	if c == nil {
		return f.accept(ctx, t, d)
	}
	verb, arg := c.verb, ""
	if c.raw != "" {
		nonce, rest, _ := strings.Cut(c.raw, ":")
		verb, arg, _ = strings.Cut(rest, ":")
		if nonce != a.nonce() { // a button of an earlier question: ask the open one again
			t.Reply(Reply{Key: keyOldButton, Quiet: true})
			return f.ask(ctx, t, d)
		}
	}
	return f.steer(ctx, t, d, verb, arg)
}

// AskAgain asks the open question, or shows the review again.
func (f *form[T]) AskAgain(ctx context.Context, t *Turn) error {
	var d T
	a := t.Session.Active
	if a.Version != f.Version || len(a.Answers) > 0 && json.Unmarshal(a.Answers, &d) != nil {
		t.Reply(Reply{Key: keyFormChanged, Quiet: true})
		return f.Start(ctx, t)
	}
	return f.ask(ctx, t, d)
}

func (f *form[T]) steer(ctx context.Context, t *Turn, d T, verb, arg string) error {
	a := t.Session.Active
	switch verb {
	case ctlAnswer:
		t.answer, t.answered = arg, true
		return f.accept(ctx, t, d)
	case ctlCancel:
		t.Session.Parked, t.Session.Active = a, nil
		t.Reply(Reply{Key: keyFormCancelled, Buttons: []Button{{Key: keyFormResume, Payload: formPrefix + ":" + ctlResume}}})
		return nil
	case ctlBack:
		if !a.Review && !a.Edit && len(a.Done) == 0 {
			t.Reply(Reply{Key: keyFormFirst, Quiet: true})
			return f.ask(ctx, t, d)
		}
		if n := len(a.Done); a.Edit {
			a.Done = append(a.Done, a.Step) // the answer stays as it was
		} else if n > 0 {
			a.Done = a.Done[:n-1]
		}
		a.Review, a.Edit = false, false
		return f.next(ctx, t, d)
	case ctlSkip:
		s := f.step(a.Step)
		if a.Review || s == nil || !s.Optional {
			t.Reply(Reply{Key: keyFormNoSkip, Quiet: true})
			return f.ask(ctx, t, d)
		}
		return f.done(ctx, t, d, s)
	case ctlDone:
		s := f.step(a.Step)
		if s == nil || a.Review {
			break
		}
		if !s.Optional && !a.More { // "done" is no answer
			t.Reply(Reply{Key: keyFormNoSkip, Quiet: true})
			return f.ask(ctx, t, d)
		}
		return f.done(ctx, t, d, s)
	case ctlEdit:
		if i := slices.Index(a.Done, arg); a.Review && i >= 0 {
			a.Done = slices.Delete(a.Done, i, i+1)
			a.Review, a.Edit = false, true
			return f.next(ctx, t, d)
		}
	case ctlSubmit:
		if a.Review {
			return f.submit(ctx, t, d)
		}
	}
	return f.ask(ctx, t, d)
}

func (f *form[T]) accept(ctx context.Context, t *Turn, d T) error {
	a := t.Session.Active
	s := f.step(a.Step)
	if a.Review || s == nil {
		if s == nil && !a.Review { // the step is gone in this version: go on with what is left
			return f.next(ctx, t, d)
		}
		return Again(keyFormUnsent)
	}
	err := s.Accept(ctx, t, &d)
	if err == nil && t.Session.Active != a {
		return nil // the step led out of the form: another conversation began, or the turn was dropped
	}
	var m *more
	switch {
	case errors.As(err, new(stay)):
		if err := f.save(t, d); err != nil {
			return f.tooLong(ctx, t, err)
		}
		return f.ask(ctx, t, d)
	case errors.As(err, &m):
		if err := f.save(t, d); err != nil {
			return f.tooLong(ctx, t, err)
		}
		a.More = true
		t.Reply(Reply{Key: m.key, Args: m.args, Buttons: f.controls(a, *s, true)})
		return nil
	case err != nil:
		return err
	}
	return f.done(ctx, t, d, s)
}

func (f *form[T]) done(ctx context.Context, t *Turn, d T, s *Step[T]) error {
	a := t.Session.Active
	if err := f.save(t, d); err != nil {
		return f.tooLong(ctx, t, err)
	}
	if !slices.Contains(a.Done, s.Name) {
		a.Done = append(a.Done, s.Name)
	}
	a.Edit, a.More = false, false
	return f.next(ctx, t, d)
}

// next asks the first step that is not answered, or reviews, or submits.
func (f *form[T]) next(ctx context.Context, t *Turn, d T) error {
	a := t.Session.Active
	for _, s := range f.Steps {
		if slices.Contains(a.Done, s.Name) || s.When != nil && !s.When(d) {
			continue
		}
		a.Step, a.Review = s.Name, false
		return f.ask(ctx, t, d)
	}
	if f.Review == nil {
		return f.submit(ctx, t, d)
	}
	a.Step, a.Review = "", true
	return f.ask(ctx, t, d)
}

func (f *form[T]) submit(ctx context.Context, t *Turn, d T) error {
	if err := f.Submit(ctx, t, d); err != nil {
		return err
	}
	// Submit may have begun another conversation; only this one ends.
	if a := t.Session.Active; a != nil && a.Name == f.Form.Name {
		t.Session.Active = nil
	}
	return nil
}

func (f *form[T]) ask(ctx context.Context, t *Turn, d T) error {
	a := t.Session.Active
	if a.Review {
		r, err := f.Review(ctx, t, d)
		if err != nil {
			return err
		}
		r.Buttons = append(r.Buttons, Button{Key: keyFormSubmit, Payload: a.payload(ctlSubmit, "")})
		for _, s := range f.Steps {
			if s.Title != "" && slices.Contains(a.Done, s.Name) {
				r.Buttons = append(r.Buttons, Button{Key: keyFormEdit, Args: []any{"title", Words(s.Title)}, Payload: a.payload(ctlEdit, s.Name)})
			}
		}
		r.Buttons = append(r.Buttons, Button{Key: keyFormCancel, Payload: a.payload(ctlCancel, ""), Word: true})
		t.Reply(r)
		return nil
	}
	s := f.step(a.Step)
	if s == nil {
		return f.next(ctx, t, d)
	}
	r, err := s.Ask(ctx, t, d)
	if err != nil {
		return err
	}
	buttons := make([]Button, 0, len(r.Buttons)+3)
	for _, b := range r.Buttons {
		if v, ok := strings.CutPrefix(b.Payload, "="); ok {
			b.Payload = a.payload(ctlAnswer, v)
		}
		buttons = append(buttons, b)
	}
	r.Buttons = append(buttons, f.controls(a, *s, false)...)
	t.Reply(r)
	return nil
}

// controls are the buttons every question has: they are words, never numbers.
func (f *form[T]) controls(a *Active, s Step[T], more bool) []Button {
	var bs []Button
	if more {
		bs = append(bs, Button{Key: keyFormDone, Payload: a.payload(ctlDone, ""), Word: true})
	}
	if s.Optional && !more {
		bs = append(bs, Button{Key: keyFormSkip, Payload: a.payload(ctlSkip, ""), Word: true})
	}
	if len(a.Done) > 0 {
		bs = append(bs, Button{Key: keyFormBack, Payload: a.payload(ctlBack, ""), Word: true})
	}
	return append(bs, Button{Key: keyFormCancel, Payload: a.payload(ctlCancel, ""), Word: true})
}

func (f *form[T]) step(name string) *Step[T] {
	for i := range f.Steps {
		if f.Steps[i].Name == name {
			return &f.Steps[i]
		}
	}
	return nil
}

var errDraftTooLong = errors.New("bot: the draft is too long")

func (f *form[T]) save(t *Turn, d T) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("form %s: %w", f.Form.Name, err)
	}
	if len(b) > maxFormAnswer {
		return errDraftTooLong
	}
	t.Session.Active.Answers = b
	return nil
}

func (f *form[T]) tooLong(ctx context.Context, t *Turn, err error) error {
	if !errors.Is(err, errDraftTooLong) {
		return err
	}
	t.Reply(Reply{Key: keyFormTooLong, Quiet: true})
	return f.AskAgain(ctx, t)
}

// nonce binds a button to the question it stands under, so that a second press
// or an old message never answers another question.
func (a *Active) nonce() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(a.ID + "\x00" + a.Step + "\x00" + strconv.FormatBool(a.Review)))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (a *Active) payload(verb, arg string) string {
	p := formPrefix + ":" + a.nonce() + ":" + verb
	if arg != "" {
		p += ":" + arg
	}
	return p
}
