package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/BurntSushi/toml"
	"go.uber.org/goleak"

	"cchcbot/bot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paper is an Out that tests can read while it is written.
type paper struct {
	mu  sync.Mutex
	b   bytes.Buffer
	err error
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, p.err
	}
	return p.b.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// clerk is an Intake that answers from another goroutine, as delivery does.
type clerk struct {
	t       *Terminal
	answers int
	err     error
	silent  bool
	updates []bot.Update
	wg      sync.WaitGroup
}

func (c *clerk) Accept(ctx context.Context, u bot.Update) error {
	if c.err != nil {
		return c.err
	}
	c.updates = append(c.updates, u)
	if c.silent {
		return nil
	}
	c.wg.Go(func() {
		c.t.Settled(u, c.answers)
		for i := range c.answers {
			if _, err := c.t.Send(ctx, message(u, fmt.Sprintf("answer %d to %s", i+1, u.Text))); err != nil {
				panic(err)
			}
		}
	})
	return nil
}

func message(u bot.Update, text string) bot.Message {
	return bot.Message{ID: bot.NewID(), To: bot.Address{Channel: Name, Chat: u.Chat}, Text: text, Update: u.ID}
}

func start(t *testing.T, in io.Reader, opt Options) (*Terminal, *paper, *clerk) {
	t.Helper()
	out := &paper{}
	opt.In, opt.Out, opt.Clean = in, out, strings.TrimSpace
	if opt.User == "" {
		opt.User = "lan"
	}
	term, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{t: term, answers: 1}
	t.Cleanup(c.wg.Wait)
	return term, out, c
}

func TestAnswersComeBeforeTheNextPrompt(t *testing.T) {
	term, out, c := start(t, strings.NewReader("one\n\ntwo"), Options{})
	c.answers = 2
	if err := term.Poll(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := "> answer 1 to one\n\nanswer 2 to one\n\n> > answer 1 to two\n\nanswer 2 to two\n\n> \n"
	if out.String() != want {
		t.Errorf("printed %q\nwant    %q", out, want)
	}
	if u := c.updates[0]; u.Channel != Name || u.Chat != "lan" || u.From.ID != "lan" || u.ID == c.updates[1].ID || u.Check() != nil {
		t.Errorf("update %+v", u)
	}
}

func TestLinesThatStandForOtherThings(t *testing.T) {
	tests := []struct {
		line  string
		check func(bot.Update) bool
	}{
		{"@start", func(u bot.Update) bool { return u.Event == bot.EventFollowed }},
		{"@photo", func(u bot.Update) bool { return len(u.Media) == 1 && u.Media[0].Kind == bot.Photo }},
		{"@sticker", func(u bot.Update) bool { return len(u.Media) == 1 && u.Media[0].Kind == bot.Sticker }},
		{"@location 20.94 106.33", func(u bot.Update) bool { return u.Place != nil && *u.Place == bot.Place{Lat: 20.94, Lon: 106.33} }},
		{"@location 20.94, 106.33", func(u bot.Update) bool { return u.Place != nil }},
		{"2", func(u bot.Update) bool { return u.Text == "2" }},
		{"not\xffUTF-8", func(u bot.Update) bool { return u.Text == "not\uFFFDUTF-8" }},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			term, _, c := start(t, strings.NewReader(tt.line+"\n"), Options{})
			if err := term.Poll(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if len(c.updates) != 1 || !tt.check(c.updates[0]) {
				t.Errorf("updates %+v", c.updates)
			}
		})
	}
}

func TestLinesThatAreNotSent(t *testing.T) {
	for line, want := range map[string]string{
		"@location":                      "@location LAT LON",
		"@location 91 0":                 "@location LAT LON",
		"@location NaN 0":                "@location LAT LON",
		"@nothing":                       "@sticker, @quit",
		strings.Repeat("x", MaxLine+100): "64 KiB",
	} {
		term, out, c := start(t, strings.NewReader(line+"\nafter\n"), Options{Lang: "en"})
		if err := term.Poll(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || len(c.updates) != 1 || c.updates[0].Text != "after" {
			t.Errorf("%.20s: printed %.200q, %d updates", line, out, len(c.updates))
		}
	}
}

func TestQuitReadsNoFurther(t *testing.T) {
	term, _, c := start(t, strings.NewReader("@quit\nmore\n"), Options{})
	if err := term.Poll(t.Context(), c); err != nil || len(c.updates) != 0 {
		t.Errorf("%v, %d updates", err, len(c.updates))
	}
}

func TestContextEndsPoll(t *testing.T) {
	in, typist := io.Pipe()
	term, _, c := start(t, in, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := term.Poll(ctx, c); err != nil {
		t.Error(err)
	}
	_ = typist.Close() // lets the reading goroutine go
}

func TestTroubleIsReturned(t *testing.T) {
	term, out, c := start(t, strings.NewReader("one\ntwo\n"), Options{Lang: "en"})
	c.err = &bot.Error{Code: bot.Invalid}
	if err := term.Poll(t.Context(), c); err != nil || strings.Count(out.String(), "could not be taken") != 2 {
		t.Errorf("refused: %v %q", err, out)
	}
	broken := errors.New("disk full")
	term, _, c = start(t, strings.NewReader("one\n"), Options{})
	c.err = broken
	if err := term.Poll(t.Context(), c); !errors.Is(err, broken) {
		t.Errorf("store: %v", err)
	}
	term, out, c = start(t, strings.NewReader("one\n"), Options{})
	out.err = io.ErrClosedPipe
	if err := term.Poll(t.Context(), c); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("output: %v", err)
	}
	_, err := term.Send(t.Context(), message(bot.Update{Chat: "lan"}, "x"))
	var failed *bot.SendError
	if !errors.As(err, &failed) || failed.Kind != bot.Temporary {
		t.Errorf("send to a closed output: %v", err)
	}
}

func TestMessageForSomebodyElseWaits(t *testing.T) {
	term, out, _ := start(t, strings.NewReader(""), Options{})
	_, err := term.Send(t.Context(), message(bot.Update{Chat: "minh"}, "secret"))
	var failed *bot.SendError
	if !errors.As(err, &failed) || failed.Kind != bot.Later || out.String() != "" {
		t.Errorf("%v, printed %q", err, out)
	}
}

func TestLaterMessageMovesThePrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, typist := io.Pipe()
		term, out, c := start(t, in, Options{})
		done := make(chan error, 1)
		go func() { done <- term.Poll(t.Context(), c) }()
		synctest.Wait()
		if _, err := term.Send(t.Context(), message(bot.Update{Chat: "lan"}, "news")); err != nil {
			t.Fatal(err)
		}
		_ = typist.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if want := "> \nnews\n\n> \n"; out.String() != want {
			t.Errorf("printed %q, want %q", out, want)
		}
	})
}

func TestSilenceIsNotWaitedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, out, c := start(t, strings.NewReader("one\n"), Options{Lang: "en"})
		c.silent = true
		if err := term.Poll(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "no answer yet") {
			t.Errorf("printed %q", out)
		}
	})
}

func TestNothingMovesTheCursor(t *testing.T) {
	for in, want := range map[string]string{
		"plain Ệ Ử\nline":                       "plain Ệ Ử\nline",
		"\x1b[31mred\x1b[0m":                    "red",
		"\x1b]0;title\x07text":                  "text",
		"\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\": "a",
		"\x1bPq...\x1b\\b":                      "b",
		"\u009b2Jc":                             "c",
		"\x1bcd":                                "d",
		"a\rb\x00c\x08d\te":                     "abcd e",
		"\u202eabc\u2066":                       "abc",
		"broken \x1b[":                          "broken ",
		"bad \xff byte":                         "bad \uFFFD byte",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m \x1b]0;t\x07 Ệ")
	f.Fuzz(func(t *testing.T, s string) {
		out := printable(s)
		if strings.ContainsAny(out, "\x1b\r\x00\x07\x08\u009b\u009d\u202e") || printable(out) != out {
			t.Errorf("%q becomes %q", s, out)
		}
	})
}

func TestWrap(t *testing.T) {
	tests := []struct {
		name, in string
		width    int
		want     string
	}{
		{"short", "một hai", 10, "một hai"},
		{"by columns, not bytes", "đường đường đường", 11, "đường đường\nđường"},
		{"bullet", "• một hai ba", 8, "• một\n  hai ba"},
		{"address stays whole", "xem https://dichvucong.gov.vn/p", 10, "xem\nhttps://dichvucong.gov.vn/p"},
		{"lines stay", "a\n\nb", 10, "a\n\nb"},
		{"never", "một hai ba bốn", -1, "một hai ba bốn"},
	}
	for _, tt := range tests {
		if got := wrap(tt.in, tt.width); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAttachmentsAndButtonsAreNamed(t *testing.T) {
	term, _, _ := start(t, strings.NewReader(""), Options{})
	got := term.format(bot.Message{Text: "x", Media: []bot.Media{{Kind: bot.Photo, Alt: "con\x1b[2J dấu"}}, Buttons: [][]bot.MessageButton{{{Title: "A"}, {Title: "B", URL: "https://b.vn"}}}})
	if want := "x\n[photo: con dấu]\n[A] [B] https://b.vn\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opt := range map[string]Options{
		"nothing":           {},
		"user of two lines": {In: strings.NewReader(""), Out: &paper{}, Clean: strings.TrimSpace, User: "a\nb"},
		"long user":         {In: strings.NewReader(""), Out: &paper{}, Clean: strings.TrimSpace, User: strings.Repeat("x", maxUser+1)},
		"unknown language":  {In: strings.NewReader(""), Out: &paper{}, Clean: strings.TrimSpace, Lang: "fr"},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTextsAreTheSameInBothLanguages(t *testing.T) {
	source, err := os.ReadFile("terminal.go")
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, m := range regexp.MustCompile(`notice\("(\w+)"\)`).FindAllStringSubmatch(string(source), -1) {
		used = append(used, m[1])
	}
	slices.Sort(used)
	for _, lang := range []string{"vi", "en"} {
		words := map[string]string{}
		if _, err := toml.DecodeFS(files, "text/"+lang+".toml", &words); err != nil {
			t.Fatal(err)
		}
		var have []string
		for key := range words {
			have = append(have, key)
		}
		slices.Sort(have)
		if !slices.Equal(have, slices.Compact(used)) {
			t.Errorf("%s has %v, used are %v", lang, have, used)
		}
	}
}
