package terminal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/terminal"
	"cchcbot/knowledge/vietnamese"
)

// screen is an output that can be broken.
type screen struct {
	mu  sync.Mutex
	b   bytes.Buffer
	err error
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	return s.b.Write(p)
}

// keyboard gives the bytes it was told, then the end of the input.
type keyboard struct {
	typed []byte
	ended chan struct{}
}

// types sets what is read next, by one Poll.
func (k *keyboard) types(b []byte) { k.typed, k.ended = b, make(chan struct{}) }

func (k *keyboard) Read(p []byte) (int, error) {
	if len(k.typed) == 0 {
		close(k.ended)
		return 0, io.EOF
	}
	n := copy(p, k.typed)
	k.typed = k.typed[n:]
	return n, nil
}

func TestTheTerminalIsAChannel(t *testing.T) {
	var out *screen
	bottest.Channel(t, bottest.ChannelSpec{
		Open: func(t *testing.T, _ *slog.Logger) bottest.Subject {
			keys, shown := &keyboard{}, &screen{}
			out = shown
			term, err := terminal.New(terminal.Options{In: keys, Out: shown, User: "lan", Width: -1, Clean: vietnamese.Clean})
			if err != nil {
				t.Fatal(err)
			}
			return bottest.Subject{
				Channel: term, Chat: "lan",
				Receive: func(ctx context.Context, in bot.Intake, p []byte) error {
					keys.types(append(bytes.ReplaceAll(p, []byte("\n"), nil), '\n'))
					defer func() { <-keys.ended }() // the reader outlives a Poll that failed
					return term.Poll(ctx, in)
				},
				Saw: func(int) []string {
					shown.mu.Lock()
					defer shown.mu.Unlock()
					return strings.SplitAfter(strings.TrimSuffix(shown.b.String(), "\n\n"), "\n\n")
				},
			}
		},
		In: []bottest.InCase{
			{Name: "text", Payload: []byte("  lam giay khai sinh "), Want: bot.Update{Text: "lam giay khai sinh", Chat: "lan"}},
			{Name: "place", Payload: []byte("@location 20.94, 106.33"), Want: bot.Update{Place: &bot.Place{Lat: 20.94, Lon: 106.33}}},
			{Name: "photo", Payload: []byte("@photo"), Want: bot.Update{Media: []bot.Media{{Kind: bot.Photo}}}},
			{Name: "opened", Payload: []byte("@start"), Want: bot.Update{Event: bot.EventFollowed}},
			{Name: "empty line", Payload: []byte("   "), Nothing: true},
			{Name: "no place", Payload: []byte("@location 200 1"), Nothing: true},
			{Name: "no command", Payload: []byte("@dance"), Nothing: true},
			{Name: "a line without end", Payload: bytes.Repeat([]byte("a"), terminal.MaxLine+1), Nothing: true},
		},
		Text: func(s string) []byte { return []byte(s) },
		Out: []bottest.OutCase{
			{Name: "text", Message: bot.Message{Text: "Miễn phí\ndòng hai"}, Shows: []string{"Miễn phí\ndòng hai"}},
			{Name: "media", Message: bot.Message{Text: "Mẫu", Media: []bot.Media{{Kind: bot.Photo, Alt: "tờ khai"}}}, Shows: []string{"[photo: tờ khai]"}},
			{Name: "escape sequences", Message: bot.Message{Text: "a\x1b[31mb\x1b]0;title\x07c"}, Shows: []string{"abc"}},
		},
		Fails: []bottest.FailCase{
			{Name: "another user", Message: bot.Message{ID: "m", To: bot.Address{Channel: terminal.Name, Chat: "minh"}, Text: "x"}, Want: bot.Later},
			{Name: "a closed output", Arrange: func(bottest.Subject) { out.err = errors.New("closed pipe") }, Want: bot.Temporary},
		},
		Unknown: bot.Later,
	})
}
