package desk

import (
	"strings"

	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// ThroughTheForm is an entry after it was shown in the editor and sent back by a browser as it was.
func ThroughTheForm(c *web.Console, e *knowledge.Entry, clean func(string) string) *knowledge.Entry {
	f := c.NewForm(nil)
	sent := fill(f, e)
	for _, k := range entries.Keys() {
		if v := f.Raw(k.Name); k.Type != entries.Records && (v != "" || k.Type != entries.Flag) {
			sent.Set(k.Name, v)
		}
	}
	for _, values := range sent {
		for i, v := range values {
			values[i] = strings.ReplaceAll(v, "\n", "\r\n")
		}
	}
	return taken(c.NewForm(sent), e, clean)
}

// Listed are the items of a list as it is typed.
func Listed(text string) (out []string) {
	for _, row := range listed(text) {
		out = append(out, row[0])
	}
	return out
}

// Spans marks what differs in two texts: [deleted] on the left, [inserted] on the right.
func Spans(old, now string) (left, right string) {
	show := func(list []span) string {
		var b strings.Builder
		for _, s := range list {
			if s.Changed {
				b.WriteString("[" + s.Text + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		return b.String()
	}
	l, r := spans(old, now)
	return show(l), show(r)
}
