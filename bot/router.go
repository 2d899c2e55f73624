package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// RouterOptions is what a Router is built from.
type RouterOptions struct {
	Features []Feature
	// Classify says what kind of message a text is. nil: everything is IntentRest.
	Classify func(text string) Intent
	// Fold makes texts comparable: lower case, without marks.
	Fold func(string) string
	// Texts renders the lists of words that lead somewhere.
	Texts Texts
	Langs []string // languages whose words are understood
}

// Router finds the handler of an update. It never changes after New.
type Router struct {
	opt           RouterOptions
	names         map[string]Route
	commands      map[string]Route
	buttons       map[string]Route
	events        map[Event]Route
	words         map[string]Route
	free          []Route // in the order of the features
	replies       []Route // likewise
	awaits        []Route // likewise
	claimed       map[string]bool
	conversations map[string]Conversation
	controls      map[string]string // folded word -> control of a form
	nth           nth
}

// Text keys of the words and replies of the kernel.
const (
	keyWordsCancel   = "bot.words_cancel"
	keyWordsBack     = "bot.words_back"
	keyWordsSkip     = "bot.words_skip"
	keyWordsDone     = "bot.words_done"
	keyWordsResume   = "bot.words_resume"
	keyWordsSubmit   = "bot.words_submit"
	keyOldButton     = "bot.old_button"
	keyEdited        = "bot.edited"
	keyMenuRange     = "bot.menu_range"
	keyNotUnderstood = "bot.not_understood"
	keyNothing       = "bot.nothing_to_cancel"
)

// NewRouter checks the features and builds the router: a route, button,
// command, event, word or conversation that two of them claim is an error.
func NewRouter(opt RouterOptions) (*Router, error) {
	if opt.Fold == nil {
		opt.Fold = strings.ToLower
	}
	r := &Router{
		opt: opt, names: map[string]Route{}, commands: map[string]Route{}, buttons: map[string]Route{},
		events: map[Event]Route{}, words: map[string]Route{}, claimed: map[string]bool{},
		conversations: map[string]Conversation{}, controls: map[string]string{},
	}
	for key, control := range map[string]string{
		keyWordsCancel: ctlCancel, keyWordsBack: ctlBack, keyWordsSkip: ctlSkip,
		keyWordsDone: ctlDone, keyWordsResume: ctlResume, keyWordsSubmit: ctlSubmit,
	} {
		if err := r.eachWord(key, func(w string) error { r.controls[w] = control; return nil }); err != nil {
			return nil, err
		}
	}
	if err := r.readNth(); err != nil {
		return nil, err
	}
	for _, f := range opt.Features {
		for _, route := range f.Routes {
			if err := r.add(f.Name, route); err != nil {
				return nil, fmt.Errorf("feature %s: %w", f.Name, err)
			}
		}
		for _, c := range f.Conversations {
			if _, dup := r.conversations[c.Name()]; dup {
				return nil, fmt.Errorf("feature %s: conversation %q is registered twice", f.Name, c.Name())
			}
			r.conversations[c.Name()] = c
		}
	}
	return r, nil
}

func (r *Router) add(feature string, route Route) error {
	if route.Handle == nil {
		return fmt.Errorf("route %q has no handler", route.Name)
	}
	if err := claim(r.names, route.Name, route, "name"); err != nil {
		return err
	}
	if err := claim(r.commands, route.Command, route, "command"); err != nil {
		return err
	}
	if err := claim(r.events, route.Event, route, "event"); err != nil {
		return err
	}
	if route.Button != "" {
		if owner, verb, ok := strings.Cut(route.Button, ":"); !ok || owner != feature || verb == "" || strings.Contains(verb, ":") {
			return fmt.Errorf("button %q must be %q and a verb", route.Button, feature+":")
		}
		if err := claim(r.buttons, route.Button, route, "button"); err != nil {
			return err
		}
	}
	if route.Words != "" {
		if err := r.eachWord(route.Words, func(w string) error { return claim(r.words, w, route, "word") }); err != nil {
			return err
		}
	}
	if route.Replies {
		r.replies = append(r.replies, route)
	}
	if route.Awaits != "" {
		r.awaits = append(r.awaits, route)
	}
	if len(route.Intents) > 0 {
		r.free = append(r.free, route)
		for _, in := range route.Intents {
			r.claimed[in] = true
		}
	}
	return nil
}

func claim[K comparable](m map[K]Route, key K, route Route, what string) error {
	var none K
	if key == none {
		return nil
	}
	if _, dup := m[key]; dup {
		return fmt.Errorf("%s %v is claimed twice", what, key)
	}
	m[key] = route
	return nil
}

// eachWord calls f with every folded word of a "|"-separated list, in all
// languages, once.
func (r *Router) eachWord(key string, f func(string) error) error {
	if r.opt.Texts == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, lang := range r.opt.Langs {
		list, err := r.opt.Texts.Render(lang, key, nil)
		if err != nil {
			return fmt.Errorf("words %s: %w", key, err)
		}
		for w := range strings.SplitSeq(list, "|") {
			w = r.word(w)
			if w == "" || seen[w] {
				continue
			}
			seen[w] = true
			if err := f(w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Router) word(s string) string {
	return strings.Trim(r.opt.Fold(strings.TrimSpace(s)), " .,!?…\"'()")
}

func (r *Router) classify(u *Update) Intent {
	switch {
	case u.Text != "":
		if r.opt.Classify == nil {
			return Intent{Name: IntentRest, Rest: u.Text}
		}
		return r.opt.Classify(u.Text)
	case u.Place != nil:
		return Intent{Name: IntentPlace, Confidence: 1}
	case len(u.Media) > 0:
		return Intent{Name: IntentMedia, Confidence: 1, Hint: string(u.Media[0].Kind)}
	default:
		return Intent{Name: IntentEmpty, Confidence: 1}
	}
}

// Handle answers a turn. The first that matches wins: event, answer to a message
// of the bot that a feature wants, change of an earlier message, button, command, word from anywhere, interrupting intent, conversation under way, answer to an open question, free text.
func (r *Router) Handle(ctx context.Context, t *Turn) error {
	t.router = r
	if t.Update.Event != EventNone {
		if route, ok := r.events[t.Update.Event]; ok {
			t.arg = t.Update.Param
			return route.Handle(ctx, t)
		}
		return nil
	}
	if t.Session.quiet(t.now) {
		if left, err := r.whileQuiet(ctx, t); left || err != nil {
			return err
		}
	}
	if t.Update.Notice != "" {
		t.Reply(Reply{Key: t.Update.Notice, Quiet: true})
	}
	if handled, err := r.reply(ctx, t); handled || err != nil {
		return err
	}
	if t.Update.Edited {
		return r.edited(ctx, t)
	}
	payload, ok := r.pressed(t)
	switch {
	case ok && payload == "":
		t.Reply(Reply{Key: keyMenuRange, Args: []any{"count", numbered(t.Session.Menu)}, Quiet: true})
		return nil
	case ok:
		return r.button(ctx, t, payload)
	}
	if handled, err := r.command(ctx, t); handled || err != nil {
		return err
	}
	if handled, err := r.globalWord(ctx, t); handled || err != nil {
		return err
	}
	if handled, err := r.freeText(ctx, t, func(route Route) bool { return route.Interrupt }, false); handled || err != nil {
		return err
	}
	if handled, err := r.conversation(ctx, t, nil); handled || err != nil {
		return err
	}
	if handled, err := r.awaited(ctx, t); handled || err != nil {
		return err
	}
	handled, err := r.freeText(ctx, t, func(Route) bool { return true }, true)
	if err != nil || handled {
		return err
	}
	t.Say(keyNotUnderstood)
	return nil
}

// awaited offers a text to the routes whose question is open.
func (r *Router) awaited(ctx context.Context, t *Turn) (bool, error) {
	if t.Update.Text == "" {
		return false, nil
	}
	for _, route := range r.awaits {
		if d, open := t.Session.Memory[route.Awaits]; !open || !t.now.Before(d.Expires) {
			continue
		}
		before := t.mark()
		err := route.Handle(ctx, t)
		if !errors.Is(err, ErrPass) {
			return true, err
		}
		t.reset(before)
	}
	return false, nil
}

// edited answers a message that was changed after it was sent. Its first words
// were taken already: the new ones are no button, no command and no answer to the question
// that is open by now. What may interrupt still does, and outside of a conversation a changed question is answered.
func (r *Router) edited(ctx context.Context, t *Turn) error {
	if handled, err := r.freeText(ctx, t, func(route Route) bool { return route.Interrupt }, false); handled || err != nil {
		return err
	}
	if a := t.Session.Active; a != nil && t.now.Before(a.Expires) {
		t.Reply(Reply{Key: keyEdited, Quiet: true})
		return r.askAgain(ctx, t, a)
	}
	handled, err := r.freeText(ctx, t, func(Route) bool { return true }, true)
	if err == nil && !handled {
		t.Say(keyNotUnderstood)
	}
	return err
}

// pressed returns the payload of the button that was pressed, or whose number,
// title or place ("cái đầu") was typed. ok with an empty payload means a number outside the menu.
func (r *Router) pressed(t *Turn) (payload string, ok bool) {
	if t.Update.Button != "" {
		return t.Update.Button, true
	}
	menu := t.Session.Menu
	if t.Update.Text == "" || len(menu) == 0 || t.Session.overtaken() {
		return "", false
	}
	typed := r.word(t.Update.Text)
	if n, err := strconv.Atoi(typed); err == nil && len(typed) <= 2 {
		if numbered(menu) == 0 {
			return "", false
		}
		return payloadAt(menu, n), true
	}
	for _, c := range menu {
		// "sửa họ tên" is "Sửa: họ tên".
		if title := r.word(c.Title); title != "" && (title == typed || strings.ReplaceAll(title, ":", "") == typed) {
			return c.Payload, true
		}
	}
	payload = payloadAt(menu, r.nth.of(typed, numbered(menu)))
	return payload, payload != ""
}

// payloadAt is the payload of the choice of a number, "" for a number outside the menu.
func payloadAt(menu []Choice, n int) string {
	for _, c := range menu {
		if c.Word {
			continue
		}
		if n--; n == 0 {
			return c.Payload
		}
	}
	return ""
}

// overtaken reports whether the menu belongs to a question of a form that is no
// longer open. What is typed then is no answer to it.
func (s *Session) overtaken() bool {
	for _, c := range s.Menu {
		owner, rest, _ := strings.Cut(c.Payload, ":")
		if owner != formPrefix || rest == ctlResume {
			continue
		}
		nonce, _, _ := strings.Cut(rest, ":")
		return s.Active == nil || nonce != s.Active.nonce()
	}
	return false
}

func numbered(menu []Choice) int {
	n := 0
	for _, c := range menu {
		if !c.Word {
			n++
		}
	}
	return n
}

// reply offers an answer to one of the bot's messages to the routes that want those.
func (r *Router) reply(ctx context.Context, t *Turn) (bool, error) {
	u := &t.Update
	if u.ReplyTo == "" || u.Button != "" || strings.HasPrefix(u.Text, "/") {
		return false, nil
	}
	for _, route := range r.replies {
		before := t.mark()
		err := r.aside(ctx, t, route.Handle)
		if errors.Is(err, ErrPass) {
			t.reset(before)
			continue
		}
		return true, err
	}
	return false, nil
}

func (r *Router) button(ctx context.Context, t *Turn, payload string) error {
	owner, rest, _ := strings.Cut(payload, ":")
	if owner == formPrefix {
		said := t.replies
		handled, err := r.conversation(ctx, t, &control{raw: rest})
		if err == nil && !handled && t.replies == said { // not when it said that the form expired
			t.Reply(Reply{Key: keyOldButton, Quiet: true})
		}
		return err
	}
	verb, arg, _ := strings.Cut(rest, ":")
	route, ok := r.buttons[owner+":"+verb]
	if !ok {
		// Never issued by this version: an old message, or made up.
		t.Reply(Reply{Key: keyOldButton, Quiet: true})
		return nil
	}
	t.arg = arg
	return r.aside(ctx, t, route.Handle)
}

func (r *Router) command(ctx context.Context, t *Turn) (bool, error) {
	text, ok := strings.CutPrefix(t.Update.Text, "/")
	if !ok {
		return false, nil
	}
	name, arg, _ := strings.Cut(text, " ")
	name, _, _ = strings.Cut(name, "@")
	route, ok := r.commands[strings.ToLower(name)]
	if !ok {
		if c, known := r.controls[r.word(name)]; known {
			return r.control(ctx, t, c)
		}
		return false, nil
	}
	t.arg = strings.TrimSpace(arg)
	return true, r.aside(ctx, t, route.Handle)
}

func (r *Router) globalWord(ctx context.Context, t *Turn) (bool, error) {
	if t.Update.Text == "" || len(t.Update.Text) > 80 {
		return false, nil
	}
	w := r.word(t.Update.Text)
	if c, ok := r.controls[w]; ok {
		if handled, err := r.control(ctx, t, c); handled || err != nil {
			return handled, err
		}
	}
	route, ok := r.words[w]
	if !ok {
		return false, nil
	}
	before := t.mark()
	err := r.aside(ctx, t, route.Handle)
	if errors.Is(err, ErrPass) {
		t.reset(before)
		return false, nil
	}
	return true, err
}
