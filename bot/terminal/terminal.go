// Package terminal is the bot in a shell: type a line, read the answer. It is
// for those who work on the bot, needs no account, and goes through the same
// store, turn and outbox as every other channel.
//
// The terminal has no buttons, so the kernel numbers the choices. A line that
// begins with @ stands for what a shell cannot send: "@location 20.94 106.33",
// "@photo", "@sticker", "@start" (as if the chat was just opened) and "@quit".
// The next prompt comes when the answer is out; at the end of the input the
// last answer is printed before [Terminal.Poll] returns.
package terminal

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"cchcbot/bot"
)

// Name is the channel's name.
const Name = "terminal"

// Limits of the terminal.
const (
	MaxLine     = 64 << 10 // bytes of a line
	maxText     = 4000     // letters of a message of ours
	maxUser     = 64       // bytes of the user's name
	answerLimit = 30 * time.Second
)

//go:embed text
var files embed.FS

// Options configure a Terminal.
type Options struct {
	In     io.Reader
	Out    io.Writer
	User   string // who is typing; "me" when empty. Each user is a citizen of their own
	Lang   string // of the terminal's own notices: "vi", or "en"
	Prompt string // "> " when empty
	Width  int    // columns at which text is wrapped; 80 when 0, never when negative
	// Clean makes text from outside safe: valid, NFC, without control marks, trimmed.
	Clean func(string) string
	Now   func() time.Time
}

// Terminal is the channel. Send may be called while Poll runs.
type Terminal struct {
	opt   Options
	words map[string]string

	mu       sync.Mutex
	waits    *turn
	prompted bool // the prompt stands on the last line
	err      error
}

// turn is the line whose answer is awaited.
type turn struct {
	update string
	want   int // messages to come; -1 until the turn has settled
	got    int
	done   chan struct{}
}

var (
	_ bot.Channel = (*Terminal)(nil)
	_ bot.Poller  = (*Terminal)(nil)
	_ bot.Settler = (*Terminal)(nil)
)

// New returns a Terminal. It does not read before Poll.
func New(opt Options) (*Terminal, error) {
	if opt.In == nil || opt.Out == nil || opt.Clean == nil {
		return nil, errors.New("terminal: In, Out and Clean are needed")
	}
	if opt.User == "" {
		opt.User = "me"
	}
	if len(opt.User) > maxUser || printable(opt.User) != opt.User || strings.ContainsAny(opt.User, "\n\t") {
		return nil, fmt.Errorf("terminal: the user must be plain text of at most %d bytes", maxUser)
	}
	if opt.Lang == "" {
		opt.Lang = "vi"
	}
	if opt.Prompt == "" {
		opt.Prompt = "> "
	}
	if opt.Width == 0 {
		opt.Width = 80
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	t := &Terminal{opt: opt, words: map[string]string{}}
	if _, err := toml.DecodeFS(files, "text/"+opt.Lang+".toml", &t.words); err != nil {
		return nil, fmt.Errorf("terminal: texts in %q: %w", opt.Lang, err)
	}
	return t, nil
}

// Name is "terminal".
func (t *Terminal) Name() string { return Name }

// Limits says that there are no buttons: choices are numbered in the text.
func (t *Terminal) Limits() bot.Limits { return bot.Limits{Text: maxText, Unit: bot.Runes} }

// Poll reads lines until the input ends, "@quit" or ctx. A line under way in
// In.Read cannot be broken off: the goroutine that reads ends with the next
// line or the end of the input.
func (t *Terminal) Poll(ctx context.Context, in bot.Intake) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := make(chan line)
	go t.read(ctx, lines)
	for {
		if err := t.prompt(); err != nil {
			return err
		}
		var l line
		select {
		case <-ctx.Done():
			return nil
		case l = <-lines:
		}
		if l.err != nil {
			if err := t.show("\n"); err != nil {
				return err
			}
			if errors.Is(l.err, io.EOF) {
				return nil
			}
			return fmt.Errorf("terminal: read: %w", l.err)
		}
		if quit, err := t.take(ctx, in, l); quit || err != nil {
			return err
		}
	}
}

// line is what was typed, or why nothing more comes.
type line struct {
	text string
	long bool // longer than MaxLine; the text is dropped
	err  error
}

func (t *Terminal) read(ctx context.Context, lines chan<- line) {
	r := bufio.NewReaderSize(t.opt.In, MaxLine)
	for {
		var l line
		b, err := r.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) {
			l.long = true
			_, err = r.ReadSlice('\n')
		}
		if !l.long {
			l.text = string(b)
		}
		if err != nil && (l.text == "" && !l.long || !errors.Is(err, io.EOF)) {
			l.err = err
		}
		select {
		case lines <- l:
		case <-ctx.Done():
			return
		}
		if l.err != nil {
			return
		}
	}
}

// take does what a line says and waits for the answer.
func (t *Terminal) take(ctx context.Context, in bot.Intake, l line) (quit bool, err error) {
	t.mu.Lock()
	t.prompted = false // Enter was pressed
	t.mu.Unlock()
	if l.long {
		return false, t.notice("too_long")
	}
	u := bot.Update{ID: bot.NewID(), Channel: Name, Chat: t.opt.User, From: bot.Sender{ID: t.opt.User}, At: t.opt.Now()}
	text := t.opt.Clean(strings.ToValidUTF8(l.text, string(utf8.RuneError)))
	command, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "":
		return false, nil
	case command == "@quit":
		return true, nil
	case command == "@start":
		u.Event = bot.EventFollowed
	case command == "@photo":
		u.Media = []bot.Media{{Kind: bot.Photo, Type: "image/jpeg"}}
	case command == "@sticker":
		u.Media = []bot.Media{{Kind: bot.Sticker}}
	case command == "@location":
		if u.Place = place(rest); u.Place == nil {
			return false, t.notice("location")
		}
	case strings.HasPrefix(command, "@"):
		return false, t.notice("commands")
	default:
		u.Text = text
	}
	return false, t.say(ctx, in, u)
}

// place reads "lat lon" in degrees.
func place(s string) *bot.Place {
	f := strings.Fields(strings.ReplaceAll(s, ",", " "))
	if len(f) != 2 {
		return nil
	}
	lat, err1 := strconv.ParseFloat(f[0], 64)
	lon, err2 := strconv.ParseFloat(f[1], 64)
	p := bot.Place{Lat: lat, Lon: lon}
	if err1 != nil || err2 != nil || !p.Valid() {
		return nil
	}
	return &p
}

// say hands an update in and waits until its messages are printed.
func (t *Terminal) say(ctx context.Context, in bot.Intake, u bot.Update) error {
	w := &turn{update: u.ID, want: -1, done: make(chan struct{})}
	t.mu.Lock()
	t.waits = w
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.waits = nil
		t.mu.Unlock()
	}()
	if err := in.Accept(ctx, u); err != nil {
		if bot.IsCode(err, bot.Invalid) {
			return t.notice("refused")
		}
		return fmt.Errorf("terminal: %w", err)
	}
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	select {
	case <-w.done:
	case <-ctx.Done():
	case <-limit.C:
		return t.notice("slow")
	}
	return nil
}

// Settled lets the prompt come back once n messages are printed.
func (t *Terminal) Settled(u bot.Update, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits != nil && t.waits.update == u.ID {
		t.waits.want = n
		t.waits.check()
	}
}

// check ends the wait when all is there.
func (w *turn) check() {
	if w.want < 0 || w.got < w.want {
		return
	}
	select {
	case <-w.done:
	default:
		close(w.done)
	}
}

// Send prints m. A message for another user waits until that one types.
func (t *Terminal) Send(_ context.Context, m bot.Message) (bot.Receipt, error) {
	if m.To.Chat != t.opt.User {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Later, Reason: "delivery.reason_away"}
	}
	if err := t.show(t.format(m)); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Reason: "delivery.reason_temporary", Err: err}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits != nil && t.waits.update == m.Update {
		t.waits.got++
		t.waits.check()
	}
	return bot.Receipt{ID: m.ID}, nil
}

// show prints text. A prompt that stands there moves below it.
func (t *Terminal) show(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.prompted && text != "\n" {
		text = "\n" + text + t.opt.Prompt
	}
	return t.write(text)
}

func (t *Terminal) prompt() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prompted = true
	return t.write(t.opt.Prompt)
}

func (t *Terminal) write(s string) error {
	if t.err == nil {
		if _, err := io.WriteString(t.opt.Out, s); err != nil {
			t.err = fmt.Errorf("terminal: write: %w", err)
		}
	}
	return t.err
}

func (t *Terminal) notice(key string) error {
	return t.show(wrap(t.words[key], t.opt.Width) + "\n")
}
