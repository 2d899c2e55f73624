package bottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/vietnamese"
)

// ChannelSpec is what the suite needs to know of a channel.
type ChannelSpec struct {
	// Open starts a channel of its own for each test. It logs to log only.
	Open func(t *testing.T, log *slog.Logger) Subject
	// In are payloads of the platform and what they mean.
	In []InCase
	// Text builds a payload with a message's text, however broken; nil when the
	// platform cannot carry such bytes.
	Text func(text string) []byte
	// Out are messages and what the platform must see of them.
	Out []OutCase
	// Fails are the ways in which Send can fail.
	Fails []FailCase
	// Unknown is how Send to a chat that does not exist fails; "" when it succeeds.
	Unknown bot.SendKind
	// Secrets must never show in a log or an error.
	Secrets []string
}

// Subject is one open channel with its platform.
type Subject struct {
	Channel bot.Channel
	// Receive delivers a payload. nil means that the platform, or the citizen,
	// was told that it arrived; an error that it must be sent again.
	Receive func(ctx context.Context, in bot.Intake, payload []byte) error
	// Chat can be sent to.
	Chat string
	// Saw returns the n messages that the platform was sent, as it shows them.
	Saw func(n int) []string
}

// InCase is a payload and its meaning. Zero fields of Want are not compared,
// but for those that say what happened.
type InCase struct {
	Name    string
	Payload []byte
	Want    bot.Update
	Nothing bool // acknowledged, and no update comes of it
	Stable  bool // sent again it has the same id
}

// OutCase is a message and what of it must be seen.
type OutCase struct {
	Name    string
	Message bot.Message
	Shows   []string
}

// FailCase is a way to fail.
type FailCase struct {
	Name    string
	Arrange func(s Subject) // makes the platform fail
	Message bot.Message
	Want    bot.SendKind
}

// taken is an intake that keeps what it accepts, or fails.
type taken struct {
	mu      sync.Mutex
	channel bot.Channel
	updates []bot.Update
	err     error
}

func (k *taken) Accept(_ context.Context, u bot.Update) error {
	k.mu.Lock()
	err := k.err
	if err == nil {
		k.updates = append(k.updates, u)
	}
	k.mu.Unlock()
	if s, ok := k.channel.(bot.Settler); ok && err == nil {
		s.Settled(u, 0)
	}
	return err
}

func (k *taken) take() []bot.Update {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.updates
	k.updates = nil
	return out
}

// Channel is the suite that every channel passes.
func Channel(t *testing.T, spec ChannelSpec) {
	s := suite{spec: spec}
	t.Run("limits", s.run(s.limits))
	for _, c := range spec.In {
		t.Run("in/"+c.Name, s.run(func(t *testing.T, sub Subject) { s.in(t, sub, c) }))
	}
	t.Run("nothing is acknowledged that was not kept", s.run(s.refusal))
	if spec.Text != nil {
		t.Run("hostile text", s.run(s.hostile))
	}
	for _, c := range spec.Out {
		t.Run("out/"+c.Name, s.run(func(t *testing.T, sub Subject) { s.out(t, sub, c) }))
	}
	t.Run("a text of any length", s.run(s.long))
	for _, c := range spec.Fails {
		t.Run("fails/"+c.Name, s.run(func(t *testing.T, sub Subject) { s.fails(t, sub, c) }))
	}
	t.Run("a chat that does not exist", s.run(s.unknown))
	t.Run("many at once", s.run(s.many))
	t.Run("a context that ended", s.run(s.ended))
}

type suite struct{ spec ChannelSpec }

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run opens a channel, runs a test and looks for secrets in the log.
func (s suite) run(test func(*testing.T, Subject)) func(*testing.T) {
	return func(t *testing.T) {
		log := &lockedBuffer{}
		test(t, s.spec.Open(t, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		s.clean(t, "the log", log.String())
	}
}

func (s suite) clean(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range append([]string{marker}, s.spec.Secrets...) {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows what it must not", where)
		}
	}
}

// marker stands in every text the suite sends: it must not reach a log.
const marker = "dấu-riêng-tư"

func (s suite) limits(t *testing.T, sub Subject) {
	l := sub.Channel.Limits()
	name := sub.Channel.Name()
	if name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, " /:\x1f") || len(name) > 30 {
		t.Errorf("the name %q is no short lower-case word", name)
	}
	if l.Text < 0 || l.Text > 0 && l.Text < 100 || l.Buttons < 0 || l.RowButtons < 0 || l.Unit < bot.Runes || l.Unit > bot.Bytes {
		t.Errorf("limits %+v make no sense", l)
	}
	if l.Buttons > 0 && l.ButtonTitle > 0 && l.ButtonTitle < 10 {
		t.Errorf("a button's title of %d letters says nothing", l.ButtonTitle)
	}
	if p := l.Pace; p.PerSecond < 0 || p.PerChatSecond < 0 || p.PerGroupMinute < 0 || p.PerSecond > 0 && p.Burst < 1 {
		t.Errorf("pace %+v makes no sense", p)
	}
}

func (s suite) in(t *testing.T, sub Subject, c InCase) {
	k := &taken{channel: sub.Channel}
	receive := func() (bot.Update, bool) {
		if err := sub.Receive(t.Context(), k, c.Payload); err != nil {
			t.Fatalf("not acknowledged: %v", err)
		}
		got := k.take()
		if len(got) == 0 && c.Nothing {
			return bot.Update{}, false
		}
		if len(got) != 1 || c.Nothing {
			t.Fatalf("%d updates came of it", len(got))
		}
		return got[0], true
	}
	u, ok := receive()
	if !ok {
		return
	}
	if err := u.Check(); err != nil {
		t.Errorf("the update is unfit: %v", err)
	}
	if u.Channel != sub.Channel.Name() || u.At.IsZero() {
		t.Errorf("channel %q at %s", u.Channel, u.At)
	}
	differs(t, u, c.Want)
	if again, ok := receive(); c.Stable && (!ok || again.ID != u.ID) {
		t.Errorf("sent again the update has the id %q, first it was %q", again.ID, u.ID)
	}
}

// differs reports in what an update is not what was wanted.
func differs(t *testing.T, got, want bot.Update) {
	t.Helper()
	show := func(u bot.Update) string {
		s := fmt.Sprintf("text %q button %q event %q param %q group %v edited %v", u.Text, u.Button, u.Event, u.Param, u.Group, u.Edited)
		if u.Place != nil {
			s += fmt.Sprintf(" place %g %g", u.Place.Lat, u.Place.Lon)
		}
		for _, m := range u.Media {
			s += " " + string(m.Kind)
		}
		return s
	}
	if g, w := show(got), show(want); g != w {
		t.Errorf("the update is\n%s, want\n%s", g, w)
	}
	for name, v := range map[string][2]string{
		"id": {got.ID, want.ID}, "chat": {got.Chat, want.Chat}, "sender": {got.From.ID, want.From.ID}, "name": {got.From.Name, want.From.Name},
		"language": {got.From.Language, want.From.Language}, "phone": {got.From.Phone, want.From.Phone},
		"thread": {got.Thread, want.Thread}, "reply": {got.ReplyTo, want.ReplyTo},
	} {
		if v[1] != "" && v[0] != v[1] {
			t.Errorf("the %s is %q, want %q", name, v[0], v[1])
		}
	}
}

// refusal: an intake that fails is told on, one that can never take the update is not.
func (s suite) refusal(t *testing.T, sub Subject) {
	for _, c := range s.spec.In {
		if c.Nothing {
			continue
		}
		k := &taken{channel: sub.Channel, err: errors.New("the disk is full")}
		if sub.Receive(t.Context(), k, c.Payload) == nil {
			t.Errorf("%s is acknowledged although it was not kept", c.Name)
		}
		k.err = &bot.Error{Code: bot.Invalid, Detail: "never"}
		if err := sub.Receive(t.Context(), k, c.Payload); err != nil {
			t.Errorf("%s can never be taken and is asked for again: %v", c.Name, err)
		}
		k.err = nil
		if err := sub.Receive(t.Context(), k, c.Payload); err != nil || len(k.take()) != 1 {
			t.Errorf("%s is not taken after a failure: %v", c.Name, err)
		}
	}
}

var hostile = []string{
	"", " ", "\x00", "a\x00b", "\xff\xfe", "a\xc3", "\u202eabc\u202c", "\u2066x\u2069", "\ufeffa", "\x1b[2J", "a\r\nb\u2028c",
	strings.Repeat("ă", 20_000), strings.Repeat("\u0301", 500), "{\"text\":1}", "<script>", "'; drop table inbox; --", "%s%n", "../../etc/passwd",
}

func (s suite) hostile(t *testing.T, sub Subject) {
	for _, text := range hostile {
		k := &taken{channel: sub.Channel}
		err := sub.Receive(t.Context(), k, s.spec.Text(text))
		if err != nil {
			t.Errorf("%.20q would be sent again for ever: %v", text, err)
		}
		for _, u := range k.take() {
			if err := u.Check(); err != nil {
				t.Errorf("%.20q became an unfit update: %v", text, err)
			}
			u.Normalize(vietnamese.Clean)
			if !utf8.ValidString(u.Text) || utf8.RuneCountInString(u.Text) > bot.MaxText {
				t.Errorf("%.20q became a text that is not valid or too long", text)
			}
			for _, r := range u.Text {
				if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
					t.Errorf("%.20q left the character %U in the text", text, r)
				}
			}
		}
	}
}

// send sends and checks the error's kind and words.
func (s suite) send(t *testing.T, sub Subject, ctx context.Context, m bot.Message) (bot.Receipt, *bot.SendError) {
	t.Helper()
	r, err := sub.Channel.Send(ctx, m)
	if err == nil {
		return r, nil
	}
	s.clean(t, "the error", err.Error())
	var se *bot.SendError
	if !errors.As(err, &se) {
		t.Errorf("Send fails with %T, want *bot.SendError", err)
		return r, &bot.SendError{}
	}
	switch se.Kind {
	case bot.Throttled, bot.Temporary, bot.Ambiguous, bot.Later, bot.Moved, bot.Rejected, bot.Gone, bot.Misconfigured:
	default:
		t.Errorf("there is no kind %q", se.Kind)
	}
	if se.Reason != "" && !strings.HasPrefix(se.Reason, "delivery.reason_") {
		t.Errorf("the reason %q is no text key of a reason", se.Reason)
	}
	return r, se
}

func (s suite) message(sub Subject, id string) bot.Message {
	return bot.Message{ID: id, To: bot.Address{Channel: sub.Channel.Name(), Chat: sub.Chat}, Lang: "vi", Text: "Xin chào " + marker + " " + id}
}

func (s suite) out(t *testing.T, sub Subject, c OutCase) {
	m := c.Message
	m.ID, m.To = bot.NewID(), bot.Address{Channel: sub.Channel.Name(), Chat: sub.Chat}
	if _, err := s.send(t, sub, t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(sub.Saw(1), "\n")
	for _, want := range c.Shows {
		if !strings.Contains(got, want) {
			t.Errorf("the platform does not show %q but\n%s", want, got)
		}
	}
}

// long: what the composer splits for the channel's limits, the channel takes.
func (s suite) long(t *testing.T, sub Subject) {
	name := sub.Channel.Name()
	c := &bot.Composer{Channels: map[string]bot.Limiter{name: sub.Channel.Limits()}, Default: "vi"}
	text := strings.TrimSpace(strings.Repeat("Hồ sơ gồm tờ khai và giấy tờ tùy thân 🪪. ", 800))
	parts, err := c.Compose(bot.Outgoing{To: bot.Address{Channel: name, Chat: sub.Chat}, Reply: bot.Reply{Text: text}, Lane: bot.LaneReply})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range parts {
		if _, err := s.send(t, sub, t.Context(), q.Message); err != nil {
			t.Fatalf("part %d of %d: %v", i+1, len(parts), err)
		}
	}
	if got := sub.Saw(len(parts)); len(got) != len(parts) {
		t.Errorf("the platform saw %d of %d parts", len(got), len(parts))
	}
}

func (s suite) fails(t *testing.T, sub Subject, c FailCase) {
	if c.Arrange != nil {
		c.Arrange(sub)
	}
	m := c.Message
	if m.ID == "" {
		m = s.message(sub, bot.NewID())
	}
	if m.To.Chat == "" {
		m.To = bot.Address{Channel: sub.Channel.Name(), Chat: sub.Chat}
	}
	_, err := s.send(t, sub, t.Context(), m)
	if err == nil || err.Kind != c.Want {
		t.Errorf("Send = %v, want kind %s", err, c.Want)
	}
}

func (s suite) unknown(t *testing.T, sub Subject) {
	m := s.message(sub, bot.NewID())
	m.To.Chat = "nobody"
	_, err := s.send(t, sub, t.Context(), m)
	switch {
	case err == nil && s.spec.Unknown != "":
		t.Errorf("Send succeeds, want kind %s", s.spec.Unknown)
	case err != nil && err.Kind != s.spec.Unknown:
		t.Errorf("Send = %v, want kind %q", err, s.spec.Unknown)
	}
}

func (s suite) many(t *testing.T, sub Subject) {
	const n = 24
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := s.send(t, sub, t.Context(), s.message(sub, fmt.Sprintf("m%02d-%s", i, bot.NewID()))); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	got := strings.Join(sub.Saw(n), "\n")
	for i := range n {
		if c := strings.Count(got, fmt.Sprintf("%s m%02d-", marker, i)); c != 1 {
			t.Errorf("message %d was seen %d times", i, c)
		}
	}
}

// ended: a context that is over makes Send come back, with or without success.
func (s suite) ended(t *testing.T, sub Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.send(t, sub, ctx, s.message(sub, bot.NewID()))
	if err != nil && (err.Kind == bot.Gone || err.Kind == bot.Rejected || err.Kind == bot.Misconfigured) {
		t.Errorf("Send = %v: that the caller stopped says nothing of the chat or the message", err)
	}
}
