package bottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/terminal"
	"cchcbot/knowledge/vietnamese"
)

// ErrCannot is returned by a driver for what nobody can do on its channel. A
// script that does it is skipped there.
var ErrCannot = errors.New("bottest: this cannot be done on this channel")

// TerminalDriver drives bot/terminal through its reader and writer.
type TerminalDriver struct {
	shell   *shell
	in      *feed
	out     *bytes.Buffer
	bot     *Bot
	user    string
	seen    []Said
	buttons pressable
}

// NewTerminalDriver returns a driver of a terminal with one user.
func NewTerminalDriver() *TerminalDriver {
	return &TerminalDriver{in: &feed{}, out: &bytes.Buffer{}, buttons: pressable{}}
}

// shell is the terminal; it notes which part of its output is which message.
type shell struct {
	*terminal.Terminal
	d *TerminalDriver
}

func (s *shell) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	before := s.d.out.Len()
	r, err := s.Terminal.Send(ctx, m)
	if err == nil {
		text := string(s.d.out.Bytes()[before:])
		text = strings.TrimSpace(strings.TrimSuffix(text, prompt))
		seen := Said{Text: text}
		s.d.seen = append(s.d.seen, seen)
		s.d.buttons.add(s.d.user, seen)
	}
	return r, err
}

const prompt = "> "

// feed gives one line to whoever reads, then the end of the input.
type feed struct{ strings.Reader }

// Name is the channel's name.
func (d *TerminalDriver) Name() string { return terminal.Name }

// Chat is the terminal's one user.
func (d *TerminalDriver) Chat(Citizen) string { return "me" }

// Style is numbers: a terminal has no buttons.
func (d *TerminalDriver) Style() Style { return Numbers }

// Open starts a terminal.
func (d *TerminalDriver) Open(b *Bot) (bot.Channel, error) {
	d.bot = b
	t, err := terminal.New(terminal.Options{
		In: io.Reader(d.in), Out: d.out, Width: -1, Prompt: prompt, Clean: vietnamese.Clean, Now: b.Clock.Now,
	})
	d.shell = &shell{t, d}
	return d.shell, err
}

// Do types a line.
func (d *TerminalDriver) Do(ctx context.Context, who Citizen, in Input) error {
	if d.user == "" {
		d.user = who.Name
	}
	if who.Name != d.user || who.Group != "" {
		return fmt.Errorf("%w: a terminal has one user", ErrCannot)
	}
	line := in.Text
	switch {
	case in.Reply:
		return fmt.Errorf("%w: a shell answers no message", ErrCannot)
	case in.Press != "":
		_, typed, err := d.buttons.find(d.user, in.Press)
		if err != nil {
			return err
		}
		line = typed
	case in.Event == bot.EventFollowed:
		line = "@start"
	case in.Place != nil:
		line = fmt.Sprintf("@location %v %v", in.Place.Lat, in.Place.Lon)
	case in.Media == bot.Photo, in.Media == bot.Sticker:
		line = "@" + string(in.Media)
	case in.Text == "", strings.HasPrefix(in.Text, "@"), strings.Contains(in.Text, "\n"):
		return fmt.Errorf("%w: a terminal sends lines", ErrCannot)
	}
	d.in.Reset(line + "\n")
	return d.shell.Poll(ctx, d.bot.Intake())
}

// Seen returns the messages printed since the last call.
func (d *TerminalDriver) Seen(Citizen) []Said {
	out := d.seen
	d.seen = nil
	return out
}
