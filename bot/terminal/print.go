package terminal

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"cchcbot/bot"
)

// format is a message as the terminal shows it: the text, what is attached,
// and the titles of buttons, should any come in spite of the limits.
func (t *Terminal) format(m bot.Message) string {
	var b strings.Builder
	if m.Text != "" {
		b.WriteString(wrap(printable(m.Text), t.opt.Width) + "\n")
	}
	for _, f := range m.Media {
		b.WriteString("[" + string(f.Kind))
		for _, s := range []string{f.Alt, f.Name, f.Ref} {
			if s = oneLine(s); s != "" {
				b.WriteString(": " + s)
				break
			}
		}
		b.WriteString("]\n")
	}
	for _, row := range m.Buttons {
		for i, button := range row {
			if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString("[" + oneLine(button.Title) + "]")
			if button.URL != "" {
				b.WriteString(" " + oneLine(button.URL))
			}
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// escape matches the sequences that move a cursor, colour text, set a window's
// title or ask the terminal to answer (ECMA-48: CSI; OSC, DCS, SOS, PM and APC
// up to their end; other escapes).
var escape = regexp.MustCompile("(?s)(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\\]PX^_]|[\u009d\u0090\u0098\u009e\u009f]).*?(?:\x07|\x1b\\\\|\u009c|$)|\x1b[ -/]*[0-~]?")

// printable leaves what is safe to print: no escape sequence, no control
// character but the line end, no bidirectional mark. A tab becomes a space.
func printable(s string) string {
	s = escape.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// wrap breaks lines between words at width columns. What continues a bullet
// stands below its text. A word that is too long, an address, stays whole.
func wrap(s string, width int) string {
	if width < 0 {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = wrapLine(l, width)
	}
	return strings.Join(lines, "\n")
}

func wrapLine(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	indent := strings.Repeat(" ", len(s)-len(strings.TrimLeft(s, " ")))
	hang := indent
	for _, bullet := range []string{"• ", "- "} {
		if strings.HasPrefix(s[len(indent):], bullet) {
			hang += "  "
		}
	}
	var out strings.Builder
	out.WriteString(indent)
	column, first := len(indent), true
	for _, word := range strings.Fields(s) {
		w := uniseg.StringWidth(word)
		switch {
		case first:
			first = false
		case column+1+w > width:
			out.WriteString("\n" + hang)
			column = len(hang)
		default:
			out.WriteString(" ")
			column++
		}
		out.WriteString(word)
		column += w
	}
	return out.String()
}
