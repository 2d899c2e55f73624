package bottest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
)

// A chat script is a conversation that editors read and write and that runs
// against the real bot:
//
//	# comment
//	@user Lan                      who writes from here on; "citizen" before
//	@group to-5                    in a group; @private leads back
//	@lang en                       what the platform reports as the language
//	@channel webchat               through another channel of the bot
//	@clock 2026-11-23 08:30        Vietnamese time
//	@wait 25h
//	@restart                       the process ends and starts again
//	> lam giay khai sinh           a typed message
//	>+ second line of it
//	> [Giấy tờ cần mang]           presses the latest button of that title
//	> @location 20.93 106.33       also @photo @voice @sticker @video @document @contact,
//	                               @event followed, @button raw:payload
//	> @reply [Nhận] Đã vá xong.     answers the latest message with that button; without one, the latest message
//	> @edit [Nhận] Đã vá lại.       changes such an answer afterwards
//	> @photo hien-truong.heic      a file of that name, with contents as its ending says; see [SampleFile]
//	> \@mention                    a typed message that begins with a sign
//	< first line of an answer
//	| its further lines
//	~ photo what it shows          an attachment
//	[Nộp ở đâu] [Mất bao lâu]      its buttons, a row a line
//	[Mở trang](https://…)          a button that opens an address
//	= outbox email complaint:K7M3  effects, see [Bot.Effects]
//	= silent                       the bot says nothing
//
// A line "…" inside an answer stands for any number of lines, "{…}" inside a
// line for any letters. What follows a ">" line must be all that the bot says.
type Script struct {
	Name  string
	Steps []Step
}

// Step is one thing that happens, with the lines before it, and what is expected then.
type Step struct {
	Line int      // 1-based, of the line that happens
	Head []string // comments and blank lines before it, and the line itself, as written
	Do   Action
	Raw  []string // the expectation as written
	Want Answer
}

// Verb is what kind of thing happens.
type Verb string

// The verbs of a script.
const (
	DoNothing Verb = ""
	DoInput   Verb = "input"
	DoUser    Verb = "user"
	DoGroup   Verb = "group"
	DoPrivate Verb = "private"
	DoLang    Verb = "lang"
	DoChannel Verb = "channel"
	DoClock   Verb = "clock"
	DoWait    Verb = "wait"
	DoRestart Verb = "restart"
)

// Action is what happens.
type Action struct {
	Verb  Verb
	Arg   string
	At    time.Time
	Wait  time.Duration
	Input Input
}

// Input is what a citizen does.
type Input struct {
	Text   string
	Press  string // title of a button
	Button string // payload of a button, as somebody may forge it
	Place  *bot.Place
	Media  bot.MediaKind
	// File is what an attachment holds, nil for a sample; FileName its name, "" for one by its kind.
	File     []byte
	FileName string
	Event    bot.Event
	Phone    string // shared as the own number
	Reply    bool   // the text answers a message of the bot
	To       string // the latest with a button of this title; "" for the latest
	Edited   bool   // the text replaces an earlier one
}

// Answer is everything that the bot said and did in a step.
type Answer struct {
	Messages []Said
	Effects  []string
	Silent   bool // said in so many words
}

// Said is one message as a citizen sees it.
type Said struct {
	Text    string
	Buttons [][]SaidButton
	Media   []string // "photo what it shows"
}

// SaidButton is a button as a citizen sees it. Payload is what a press sends;
// scripts do not show it.
type SaidButton struct{ Title, Payload, URL string }

// Limits of a script.
const (
	maxScript = 1 << 20
	maxSteps  = 2000
)

// Location is where scripts keep their time.
var Location = time.FixedZone("Asia/Ho_Chi_Minh", 7*3600)

const clockFormat = "2006-01-02 15:04"

// Parse reads a script. Errors name the line.
func Parse(name string, data []byte) (*Script, error) {
	if len(data) > maxScript || !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: a script is UTF-8 text of at most %d bytes", name, maxScript)
	}
	p := &parser{script: &Script{Name: name}}
	lines := strings.Split(string(data), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		if err := p.line(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		if len(p.script.Steps) > maxSteps {
			return nil, fmt.Errorf("%s:%d: a script has at most %d steps", name, i+1, maxSteps)
		}
	}
	if len(p.head) > 0 {
		p.script.Steps = append(p.script.Steps, Step{Line: len(lines), Head: p.head})
	}
	return p.script, nil
}

type parser struct {
	script  *Script
	head    []string
	expects bool // lines of an expectation may follow
	open    bool // the last line belongs to a message
	asked   bool // the last line is an input that may go on
	rowed   bool // buttons or attachments have begun
}

func (p *parser) line(n int, s string) error {
	sign, rest, _ := strings.Cut(s, " ")
	switch {
	case s == "" || strings.HasPrefix(s, "#"):
		p.head = append(p.head, s)
		p.expects, p.open, p.asked = false, false, false
		return nil
	case sign == ">+":
		return p.more(s, rest)
	case sign == ">":
		in, err := parseInput(rest)
		return p.step(n, s, Action{Verb: DoInput, Input: in}, err)
	case strings.HasPrefix(s, "@"):
		a, err := parseDirective(strings.TrimPrefix(s, "@"))
		return p.step(n, s, a, err)
	}
	if !p.expects {
		return fmt.Errorf("%q expects something of nobody: it must follow a line that happens", sign)
	}
	step := &p.script.Steps[len(p.script.Steps)-1]
	step.Raw = append(step.Raw, s)
	p.asked = false
	if step.Want.Silent {
		return fmt.Errorf("something follows \"= silent\"")
	}
	return p.expect(&step.Want, s, sign, rest)
}

func (p *parser) step(n int, s string, a Action, err error) error {
	if err != nil {
		return err
	}
	p.script.Steps = append(p.script.Steps, Step{Line: n, Head: append(p.head, s), Do: a})
	p.head, p.expects, p.open = nil, true, false
	p.asked = a.Verb == DoInput && a.Input.Text != ""
	return nil
}

func (p *parser) more(s, rest string) error {
	if !p.asked {
		return fmt.Errorf("\">+\" goes on with a typed message, and there is none before it")
	}
	step := &p.script.Steps[len(p.script.Steps)-1]
	step.Head = append(step.Head, s)
	step.Do.Input.Text += "\n" + rest
	return nil
}

func (p *parser) expect(want *Answer, s, sign, rest string) error {
	last := len(want.Messages) - 1
	switch {
	case sign == "<":
		want.Messages = append(want.Messages, Said{Text: rest})
		p.open, p.rowed = true, false
	case sign == "|":
		if !p.open || p.rowed {
			return fmt.Errorf("\"|\" goes on with the text of a message, and there is none before it")
		}
		want.Messages[last].Text += "\n" + rest
	case sign == "~":
		if !p.open {
			return fmt.Errorf("an attachment must follow a message")
		}
		want.Messages[last].Media = append(want.Messages[last].Media, rest)
		p.rowed = true
	case strings.HasPrefix(s, "["):
		row, err := parseRow(s)
		if err != nil {
			return err
		}
		if !p.open {
			return fmt.Errorf("buttons must follow a message")
		}
		want.Messages[last].Buttons = append(want.Messages[last].Buttons, row)
		p.rowed = true
	case s == "= silent":
		if last >= 0 || len(want.Effects) > 0 {
			return fmt.Errorf("\"= silent\" stands alone")
		}
		want.Silent = true
		p.open = false
	case sign == "=" && rest != "":
		want.Effects = append(want.Effects, rest)
		p.open = false
	default:
		return fmt.Errorf("a line begins with one of > >+ < | ~ [ = @ #, not with %q", sign)
	}
	return nil
}

func parseDirective(s string) (Action, error) {
	name, arg, _ := strings.Cut(s, " ")
	arg = strings.TrimSpace(arg)
	a := Action{Verb: Verb(name), Arg: arg}
	switch a.Verb {
	case DoUser, DoGroup, DoChannel, DoLang:
		if arg == "" || len(arg) > 60 || strings.ContainsAny(arg, "\t") {
			return a, fmt.Errorf("@%s needs a name of at most 60 bytes", name)
		}
	case DoPrivate, DoRestart:
		if arg != "" {
			return a, fmt.Errorf("@%s takes nothing", name)
		}
	case DoClock:
		at, err := time.ParseInLocation(clockFormat, arg, Location)
		if err != nil {
			return a, fmt.Errorf("@clock needs a time like 2026-11-23 08:30")
		}
		a.At = at
	case DoWait:
		d, err := time.ParseDuration(arg)
		if err != nil || d <= 0 || d > 10*365*24*time.Hour {
			return a, fmt.Errorf("@wait needs a time like 90s, 10m or 25h")
		}
		a.Wait = d
	default:
		return a, fmt.Errorf("there is no @%s", name)
	}
	return a, nil
}

func parseInput(s string) (Input, error) {
	switch {
	case s == "":
		return Input{}, fmt.Errorf("\">\" needs a message")
	case strings.HasPrefix(s, `\`):
		return Input{Text: s[1:]}, nil
	case strings.HasPrefix(s, "["):
		row, err := parseRow(s)
		if err != nil || len(row) != 1 || row[0].URL != "" {
			return Input{}, fmt.Errorf("one button is pressed like this: > [Title]")
		}
		return Input{Press: row[0].Title}, nil
	case !strings.HasPrefix(s, "@"):
		return Input{Text: s}, nil
	}
	name, arg, _ := strings.Cut(s[1:], " ")
	arg = strings.TrimSpace(arg)
	switch name {
	case "photo", "video", "voice", "document", "sticker":
		in := Input{Media: bot.MediaKind(name), FileName: arg}
		if arg != "" {
			if _, err := SampleFile(arg); err != nil || name == "sticker" {
				return Input{}, fmt.Errorf("> @%s takes nothing, or the name of a file like to-khai.pdf", name)
			}
		}
		return in, nil
	case "location":
		return parsePlace(arg)
	case "event":
		switch e := bot.Event(arg); e {
		case bot.EventFollowed, bot.EventUnfollowed, bot.EventJoined, bot.EventLeft, bot.EventErase, bot.EventTakenOver, bot.EventHandedBack:
			return Input{Event: e}, nil
		}
		return Input{}, fmt.Errorf("there is no event %q", arg)
	case "button":
		if arg == "" {
			return Input{}, fmt.Errorf("> @button needs a payload")
		}
		return Input{Button: arg}, nil
	case "reply", "edit":
		return parseReply(name, arg)
	case "contact":
		if arg == "" {
			return Input{}, fmt.Errorf("> @contact needs a number")
		}
		return Input{Phone: arg}, nil
	}
	return Input{}, fmt.Errorf("there is no > @%s; a message that begins with @ is written \\@", name)
}

// parseReply reads "[button] text" or "text".
func parseReply(name, arg string) (Input, error) {
	in := Input{Reply: true, Edited: name == "edit", Text: arg}
	if rest, ok := strings.CutPrefix(arg, "["); ok {
		title, text, ok := cutTitle(rest)
		if !ok || title == "" {
			return Input{}, fmt.Errorf("> @%s [button] text: the button is not closed", name)
		}
		in.To, in.Text = title, strings.TrimSpace(text)
	}
	if in.Text == "" {
		return Input{}, fmt.Errorf("> @%s needs a text", name)
	}
	return in, nil
}

func parsePlace(arg string) (Input, error) {
	lat, lon, _ := strings.Cut(arg, " ")
	var p bot.Place
	var err1, err2 error
	p.Lat, err1 = strconv.ParseFloat(lat, 64)
	p.Lon, err2 = strconv.ParseFloat(strings.TrimSpace(lon), 64)
	if err1 != nil || err2 != nil || !p.Valid() {
		return Input{}, fmt.Errorf("a place is written > @location 20.93 106.33")
	}
	return Input{Place: &p}, nil
}

// parseRow reads "[title] [title](address)". In a title "\" stands before "]" and "\".
func parseRow(s string) ([]SaidButton, error) {
	bad := fmt.Errorf("buttons are written [title] [title](address)")
	var row []SaidButton
	for s != "" {
		if s[0] != '[' {
			return nil, bad
		}
		title, rest, ok := cutTitle(s[1:])
		if !ok || title == "" {
			return nil, bad
		}
		b := SaidButton{Title: title}
		if strings.HasPrefix(rest, "(") {
			if b.URL, rest, ok = strings.Cut(rest[1:], ")"); !ok || b.URL == "" {
				return nil, bad
			}
		}
		row = append(row, b)
		trimmed := strings.TrimLeft(rest, " ")
		if rest != "" && trimmed == rest {
			return nil, bad
		}
		s = trimmed
	}
	return row, nil
}

func cutTitle(s string) (title, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
			b.WriteByte(s[i])
		case ']':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

// Lines writes an answer as a script has it.
func (a Answer) Lines() []string {
	var out []string
	for _, m := range a.Messages {
		for i, line := range strings.Split(m.Text, "\n") {
			sign := "| "
			if i == 0 {
				sign = "< "
			}
			out = append(out, strings.TrimRight(sign+line, " \t"))
		}
		for _, x := range m.Media {
			out = append(out, strings.TrimRight("~ "+x, " "))
		}
		for _, row := range m.Buttons {
			titles := make([]string, len(row))
			for i, b := range row {
				titles[i] = "[" + strings.NewReplacer(`\`, `\\`, `]`, `\]`).Replace(b.Title) + "]"
				if b.URL != "" {
					titles[i] += "(" + b.URL + ")"
				}
			}
			out = append(out, strings.Join(titles, " "))
		}
	}
	for _, e := range a.Effects {
		out = append(out, "= "+e)
	}
	if len(out) == 0 {
		out = []string{"= silent"}
	}
	return out
}

// Bytes writes the script as its file has it.
func (s *Script) Bytes() []byte {
	var b strings.Builder
	for _, step := range s.Steps {
		for _, line := range append(append([]string(nil), step.Head...), step.Raw...) {
			b.WriteString(line + "\n")
		}
	}
	return []byte(b.String())
}
