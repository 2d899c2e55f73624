package bottest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"cchcbot/bot"
)

// FakeName is the name of the fake channel.
const FakeName = "fake"

// FakeLimits are those of a roomy messenger with buttons.
func FakeLimits() bot.Limits {
	return bot.Limits{Text: 4000, Unit: bot.UTF16, Buttons: 12, ButtonTitle: 40, RowButtons: 3, Media: true, Location: true, Contact: true}
}

// PlainLimits are those of a channel without buttons: choices are numbered.
func PlainLimits() bot.Limits {
	return bot.Limits{Text: 2000, Unit: bot.Runes, Media: true}
}

// Fake is a channel in memory. Tests read what it was given to send and tell it
// how to fail. Its platform's payload is an update as JSON.
type Fake struct {
	name   string
	limits bot.Limits

	mu      sync.Mutex
	sent    []bot.Message
	failing map[string][]error // by chat; "" for any
	files   map[string]func() ([]byte, error)
	settled map[string]int
}

// NewFake returns a fake channel.
func NewFake(name string, limits bot.Limits) *Fake {
	return &Fake{name: name, limits: limits, failing: map[string][]error{}, files: map[string]func() ([]byte, error){}, settled: map[string]int{}}
}

// Name is the name given to NewFake.
func (f *Fake) Name() string { return f.name }

// Limits are those given to NewFake.
func (f *Fake) Limits() bot.Limits { return f.limits }

// Send keeps the message, or fails as it was told to.
func (f *Fake) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Err: err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, chat := range []string{m.To.Chat, ""} {
		if list := f.failing[chat]; len(list) > 0 {
			f.failing[chat] = list[1:]
			if list[0] != nil {
				return bot.Receipt{}, list[0]
			}
		}
	}
	f.sent = append(f.sent, m)
	return bot.Receipt{ID: fmt.Sprintf("%s-%d", f.name, len(f.sent))}, nil
}

// Put keeps a file that somebody sent, by its handle: Fetch hands out what contents
// returns, or fails with its error.
func (f *Fake) Put(ref string, contents func() ([]byte, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[ref] = contents
}

// Fetch opens a file that was Put.
func (f *Fake) Fetch(ctx context.Context, m bot.Media) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	contents, ok := f.files[m.Ref]
	f.mu.Unlock()
	if !ok {
		return nil, &bot.Error{Code: bot.NotFound, Detail: "there is no such file"}
	}
	data, err := contents()
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Settled notes how many messages a turn queued for its own chat.
func (f *Fake) Settled(u bot.Update, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled[u.ID] = n
}

// SettledWith returns what Settled was told of an update.
func (f *Fake) SettledWith(update string) (messages int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	messages, ok = f.settled[update]
	return messages, ok
}

// Fail makes the next sends to a chat fail, one error each; nil lets one
// through. The chat "" means any.
func (f *Fake) Fail(chat string, errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing[chat] = append(f.failing[chat], errs...)
}

// Sent returns everything that was sent so far.
func (f *Fake) Sent() []bot.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// Texts returns the texts sent to a chat.
func (f *Fake) Texts(chat string) []string {
	var out []string
	for _, m := range f.Sent() {
		if m.To.Chat == chat {
			out = append(out, m.Text)
		}
	}
	return out
}

// Receive takes a payload of the fake platform in. nil acknowledges it: either
// the update is durable, or it can never be taken.
func (f *Fake) Receive(ctx context.Context, in bot.Intake, payload []byte) error {
	var u bot.Update
	if err := json.Unmarshal(payload, &u); err != nil {
		return nil //nolint:nilerr // nothing a second delivery would change
	}
	u.Channel = f.name
	err := in.Accept(ctx, u)
	if bot.IsCode(err, bot.Invalid) {
		return nil
	}
	return err
}
