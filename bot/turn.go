package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Intent is what kind of message a free text is. The kernel knows only the
// names below; the rest is the classifier's, and a route asks for it by name.
type Intent struct {
	Name       string
	Confidence float64 // 0 to 1
	Rest       string  // the text without a greeting in front of it
	Hint       string  // what the classifier knows besides, such as which emergency
}

// Intents that the kernel gives to updates without text.
const (
	IntentEmpty = "empty" // nothing that can be read
	IntentMedia = "media" // attachments without words; Hint is the kind
	IntentPlace = "place" // a shared location
	IntentRest  = "*"     // in a Route: every intent no other route asks for
)

// Handler answers a turn. It reads and computes first, then writes in t.Tx and
// says its replies. When it returns an error, nothing it did happened: an
// *Error is told to the citizen, any other error is tried again.
type Handler func(ctx context.Context, t *Turn) error

// Turn is one update being answered. It is used by one goroutine.
type Turn struct {
	*Work
	Update  Update
	Contact Contact
	Session *Session

	id      int64
	now     time.Time
	router  *Router
	lang    string
	arg     string
	intent  *Intent
	menu    []Button // of the last reply that offered choices
	menued  bool
	replies int
	// until when the chat was left to a person before this turn
	wasQuiet time.Time

	step     *control // how the conversation is steered in this turn; nil for an answer
	mayLeave bool     // the text is no answer to a light form, which ends when somebody takes it
	answer   string
	answered bool
}

// ID is the number of the turn: the inbox row. It grows with time.
func (t *Turn) ID() int64 { return t.id }

// Now is the time of the turn, the same for everything in it.
func (t *Turn) Now() time.Time { return t.now }

// Lang is the language the citizen reads.
func (t *Turn) Lang() string { return t.lang }

// SetLang changes the citizen's language, now and for later.
func (t *Turn) SetLang(lang string) {
	t.lang = lang
	t.Contact.Lang = lang
}

// ReplyIn changes the language of this turn's replies only.
func (t *Turn) ReplyIn(lang string) { t.lang = lang }

// Arg is the argument of the button or command that led here, "" for none. It
// comes from outside: check it.
func (t *Turn) Arg() string { return t.arg }

// Address is where replies go.
func (t *Turn) Address() Address {
	return Address{Channel: t.Update.Channel, Chat: t.Update.Chat, Thread: t.Update.Thread}
}

// Intent classifies the update's text, once.
func (t *Turn) Intent() Intent {
	if t.intent == nil {
		in := t.router.classify(&t.Update)
		t.intent = &in
	}
	return *t.intent
}

// Text is what the citizen asked: the text without a greeting in front.
func (t *Turn) Text() string {
	if in := t.Intent(); in.Rest != "" {
		return in.Rest
	}
	return t.Update.Text
}

// Say replies with the words of a key; args are pairs of name and value.
func (t *Turn) Say(key string, args ...any) { t.Reply(Reply{Key: key, Args: args}) }

// Reply adds a reply. Several replies are sent in this order.
func (t *Turn) Reply(r Reply) {
	t.replies++
	if !r.Quiet {
		t.menu, t.menued = r.Buttons, true
	}
	t.Send(Outgoing{To: t.Address(), Lang: t.lang, Reply: r, Lane: LaneReply, Contact: t.Contact.ID, Thing: r.Thing})
}

// Replies is how many replies the turn has so far.
func (t *Turn) Replies() int { return t.replies }

// Open hands the turn to the route of that name, as if the citizen had asked
// for it. Routes are checked at start, so a wrong name is an internal error.
func (t *Turn) Open(ctx context.Context, route, arg string) error {
	r, ok := t.router.names[route]
	if !ok {
		return fmt.Errorf("open: no route %q", route)
	}
	t.arg = arg
	return r.Handle(ctx, t)
}

// Begin starts a conversation. One under way is put aside and can be taken up again; a light
// form is not: it would take the place of one that was put aside before.
func (t *Turn) Begin(ctx context.Context, c Conversation) error {
	if a := t.Session.Active; a != nil && a.Name != c.Name() && !t.router.light(a.Name) {
		t.Session.Parked = a
	}
	t.Session.Active = nil
	return c.Start(ctx, t)
}

// BeginNamed starts a registered conversation by its name.
func (t *Turn) BeginNamed(ctx context.Context, name string) error {
	c, ok := t.router.conversations[name]
	if !ok {
		return fmt.Errorf("begin: no conversation %q", name)
	}
	return t.Begin(ctx, c)
}

// ConversationID is the id of the conversation under way, "" for none. What a
// submit writes is unique on it, so that a repeated submit finds the first.
func (t *Turn) ConversationID() string {
	if t.Session.Active == nil {
		return ""
	}
	return t.Session.Active.ID
}

// Drop blanks what the citizen wrote: nothing readable of it survives the turn
// in inbox, session or outbox. The conversation and everything remembered of
// it end with it, since they may hold the same words. A handler that drops
// must not put the citizen's words into a reply or a row.
func (t *Turn) Drop() {
	t.drop = true
	t.Session.Active, t.Session.Parked, t.Session.Memory = nil, nil, nil
}

// Dropped reports whether Drop was called.
func (t *Turn) Dropped() bool { return t.drop }

// Remember keeps a value in the session under "feature.name" for ttl. The
// session holds few and small values: a code, a page number, never a text.
func (t *Turn) Remember(name string, value any, ttl time.Duration) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("remember %s: %w", name, err)
	}
	if t.Session.Memory == nil {
		t.Session.Memory = map[string]Datum{}
	}
	if _, known := t.Session.Memory[name]; !known && len(t.Session.Memory) >= MaxMemory {
		t.forgetOldest()
	}
	t.Session.Memory[name] = Datum{Value: b, Expires: t.now.Add(ttl)}
	return nil
}

// Recall reads a remembered value into v and reports whether there was one.
func (t *Turn) Recall(name string, v any) bool {
	d, ok := t.Session.Memory[name]
	if !ok || !t.now.Before(d.Expires) {
		return false
	}
	return json.Unmarshal(d.Value, v) == nil
}

// Forget removes a remembered value.
func (t *Turn) Forget(name string) { delete(t.Session.Memory, name) }

func (t *Turn) forgetOldest() {
	oldest := ""
	for name, d := range t.Session.Memory {
		if oldest == "" || d.Expires.Before(t.Session.Memory[oldest].Expires) {
			oldest = name
		}
	}
	delete(t.Session.Memory, oldest)
}

// MayLeave reports that a light form is open whose question this text does not
// answer: a handler that takes the text ends the form.
func (t *Turn) MayLeave() bool { return t.mayLeave }
