package bottest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
)

const example = `# two exchanges

@user Lan
@clock 2026-11-23 08:30
> lam giay khai sinh
< Việc này làm ở xã.
| …
| Miễn phí.
~ photo mẫu tờ khai
[Nộp ở đâu] [Mất [bao\] lâu]
[Mở trang](https://example.vn/a)
< Còn gì nữa không ạ?
= outbox email complaint:K7M3

# the end of it
> [Nộp ở đâu]
= silent
> hai
>+ dòng
> \@ai
@wait 25h
> @location 20.93 106.33
> @photo
> @event followed
> @button old:thing:1
# last words
`

func TestParseReadsEverything(t *testing.T) {
	s, err := Parse("example.chat", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.Bytes()); got != example {
		t.Errorf("written back it reads otherwise:\n%s", got)
	}
	first := s.Steps[2]
	want := Answer{
		Messages: []Said{
			{
				Text: "Việc này làm ở xã.\n…\nMiễn phí.", Media: []string{"photo mẫu tờ khai"},
				Buttons: [][]SaidButton{{{Title: "Nộp ở đâu"}, {Title: "Mất [bao] lâu"}}, {{Title: "Mở trang", URL: "https://example.vn/a"}}},
			},
			{Text: "Còn gì nữa không ạ?"},
		},
		Effects: []string{"outbox email complaint:K7M3"},
	}
	if !reflect.DeepEqual(first.Want, want) {
		t.Errorf("expectation is %+v, want %+v", first.Want, want)
	}
	if !reflect.DeepEqual(first.Want.Lines(), first.Raw) {
		t.Errorf("lines are %q, want %q", first.Want.Lines(), first.Raw)
	}
	var did []Action
	for _, step := range s.Steps {
		did = append(did, step.Do)
	}
	actions := []Action{
		{Verb: DoUser, Arg: "Lan"},
		{Verb: DoClock, Arg: "2026-11-23 08:30", At: time.Date(2026, 11, 23, 8, 30, 0, 0, Location)},
		{Verb: DoInput, Input: Input{Text: "lam giay khai sinh"}},
		{Verb: DoInput, Input: Input{Press: "Nộp ở đâu"}},
		{Verb: DoInput, Input: Input{Text: "hai\ndòng"}},
		{Verb: DoInput, Input: Input{Text: "@ai"}},
		{Verb: DoWait, Arg: "25h", Wait: 25 * time.Hour},
		{Verb: DoInput, Input: Input{Place: &bot.Place{Lat: 20.93, Lon: 106.33}}},
		{Verb: DoInput, Input: Input{Media: bot.Photo}},
		{Verb: DoInput, Input: Input{Event: bot.EventFollowed}},
		{Verb: DoInput, Input: Input{Button: "old:thing:1"}},
		{},
	}
	if !reflect.DeepEqual(did, actions) {
		t.Errorf("actions are\n%+v, want\n%+v", did, actions)
	}
}

func TestParseNamesTheLine(t *testing.T) {
	tests := []struct{ script, want string }{
		{"< hello", "x.chat:1: \"<\" expects something of nobody"},
		{"# a\n\n> hi\n\n< hello", "x.chat:5: "},
		{"> hi\n| more", "x.chat:2: \"|\" goes on"},
		{"> hi\n< a\n[b]\n| more", "x.chat:4: \"|\" goes on"},
		{"> hi\n[b]", "x.chat:2: buttons must follow"},
		{"> hi\n= silent\n< a", "x.chat:3: something follows"},
		{"> hi\n< a\n= silent", "x.chat:3: \"= silent\" stands alone"},
		{"> hi\n< a\n[b", "x.chat:3: buttons are written"},
		{"> hi\n< a\n[b][c]", "x.chat:3: buttons are written"},
		{"> hi\n< a\n[]", "x.chat:3: buttons are written"},
		{"> hi\nhello", "x.chat:2: a line begins with"},
		{">", "x.chat:1: \">\" needs a message"},
		{">hi", "x.chat:1: "},
		{"> [a] [b]", "x.chat:1: one button is pressed"},
		{"> @fly", "x.chat:1: there is no > @fly"},
		{"> @location 200 1", "x.chat:1: a place is written"},
		{"> @event born", "x.chat:1: there is no event"},
		{"> @sticker x", "x.chat:1: > @sticker takes nothing"},
		{"@wait soon", "x.chat:1: @wait needs"},
		{"@wait -1h", "x.chat:1: @wait needs"},
		{"@clock now", "x.chat:1: @clock needs"},
		{"@user", "x.chat:1: @user needs a name"},
		{"@restart now", "x.chat:1: @restart takes nothing"},
		{"@input x", "x.chat:1: there is no @input"},
		{"> [a]\n>+ more", "x.chat:2: \">+\" goes on"},
		{"> a\n< b\n>+ more", "x.chat:3: \">+\" goes on"},
		{"> \xff", "x.chat: a script is UTF-8"},
	}
	for _, tt := range tests {
		_, err := Parse("x.chat", []byte(tt.script))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Parse(%q) = %v, want %s…", tt.script, err, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	row := func(titles ...string) []SaidButton {
		var r []SaidButton
		for _, t := range titles {
			r = append(r, SaidButton{Title: t, Payload: "p"})
		}
		return r
	}
	say := func(text string, rows ...[]SaidButton) Answer {
		return Answer{Messages: []Said{{Text: text, Buttons: rows}}}
	}
	tests := []struct {
		name      string
		want, got Answer
		style     Style
		ok        bool
	}{
		{"the same", say("a\nb"), say("a\nb"), Rows, true},
		{"another text", say("a"), say("b"), Rows, false},
		{"a line more", say("a"), say("a\nb"), Rows, false},
		{"a line less", say("a\nb"), say("a"), Rows, false},
		{"any lines in the middle", say("a\n…\nd"), say("a\nb\nc\nd"), Rows, true},
		{"any lines are none", say("a\n…"), say("a"), Rows, true},
		{"any lines twice", say("…\nb\n…\nd"), say("a\nb\nc\nb\nd"), Rows, true},
		{"any lines and a missing one", say("…\nx\n…"), say("a\nb"), Rows, false},
		{"any letters", say("Mã {…}, xin cảm ơn"), say("Mã 12 3, xin cảm ơn"), Rows, true},
		{"any letters, other words", say("Mã {…}!"), say("Số 1!"), Rows, false},
		{"dots that are no wildcard", say("Đang tìm…"), say("Đang tìm hiểu"), Rows, false},
		{"a message more", say("a"), Answer{Messages: []Said{{Text: "a"}, {Text: "b"}}}, Rows, false},
		{"an effect more", say("a"), Answer{Messages: []Said{{Text: "a"}}, Effects: []string{"dropped"}}, Rows, false},
		{"rows laid out otherwise", say("a", row("b", "c")), say("a", row("b"), row("c")), Rows, false},
		{"rows laid out otherwise, where that is free", say("a", row("b", "c")), say("a", row("b"), row("c")), Buttons, true},
		{"a button less", say("a", row("b", "c")), say("a", row("b")), Buttons, false},
		{"a button cut short", say("a", row("Giấy tờ cần mang")), say("a", row("Giấy tờ…")), Buttons, true},
		{"numbers for buttons", say("a", row("b", "Hủy")), say("a\n\n1. b\nGõ số.\nGõ: Hủy."), Numbers, true},
		{"numbers without one", say("a", row("b", "c")), say("a\n\n1. b\nGõ số."), Numbers, false},
		{"text after a message without buttons", say("a"), say("a\n1. b"), Numbers, false},
	}
	for _, tt := range tests {
		if got := Match(tt.want, tt.got, tt.style); got != tt.ok {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.ok)
		}
	}
}

func TestDiffShowsBothSides(t *testing.T) {
	got := diff([]string{"< a", "| b", "| c"}, []string{"< a", "| x", "| c"})
	if want := "      < a\nwant: | b\ngot:  | x\n      | c\n"; got != want {
		t.Errorf("diff is\n%s", got)
	}
}

// Whatever a script holds, what was read is written back as it stood, and reads the same again.
func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add("> hi\n< …\n| {…}\n[a\\]](http://x) [b]\n~ photo\n= dead x")
	f.Add("@group to-5\n@private\n@lang en\n@channel webchat\n@restart")
	f.Add(">+ x\n> [\\\\]\n= silent")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f", []byte(text))
		if err != nil {
			return
		}
		out := s.Bytes()
		again, err := Parse("f", out)
		if err != nil {
			t.Fatalf("what was written does not parse: %v\n%q", err, out)
		}
		if !reflect.DeepEqual(s.Steps, again.Steps) {
			t.Fatalf("read again it is another script: %q", out)
		}
		for _, step := range s.Steps {
			if len(step.Raw) == 0 {
				continue
			}
			head := "> x\n"
			rewritten, err := Parse("f", []byte(head+strings.Join(step.Want.Lines(), "\n")))
			if err != nil {
				t.Fatalf("a rewritten expectation does not parse: %v\n%q", err, step.Want.Lines())
			}
			if got := rewritten.Steps[0].Want; !Match(step.Want, got, Rows) {
				t.Fatalf("a rewritten expectation is another one: %q", step.Want.Lines())
			}
		}
	})
}
