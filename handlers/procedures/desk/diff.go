package desk

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/pmezard/go-difflib/difflib"

	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// maxCompared is how many words of one key are compared one by one; longer texts are marked whole.
const maxCompared = 4000

// span is a piece of a text: one that stands on both sides, or on one only.
type span struct {
	Text    string
	Changed bool
}

// difference is one key in which two entries differ.
type difference struct {
	Key      string // text key of its name
	Name     string
	Old, New []span
}

// compare lists what differs, word by word.
func (s *service) compare(r *http.Request, old, now *knowledge.Entry) []difference {
	var out []difference
	for _, k := range entries.Compare(old, now) {
		d := difference{Key: "procedures.key_" + k.Name, Name: k.Name}
		d.Old, d.New = spans(s.written(r, k, old), s.written(r, k, now))
		out = append(out, d)
	}
	return out
}

// written is what an entry says under a key, as a text to read.
func (s *service) written(r *http.Request, k entries.Key, e *knowledge.Entry) string {
	var lines []string
	for _, row := range k.Rows(e) {
		var cells []string
		for _, c := range row {
			if c != "" {
				switch {
				case isDay(k.Name):
					c = day(c)
				case k.Name == "status":
					c = s.kit.T(r, statusKey(e))
				case k.Name == "kind":
					c = s.kit.T(r, "procedures.desk_kind_of_"+c)
				}
				cells = append(cells, c)
			}
		}
		line := strings.Join(cells, " · ")
		if k.Type == entries.List || k.Type == entries.Records {
			line = "• " + line
		}
		if k.Type == entries.Flag {
			line = "✓"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// words cuts a text after every word, so that the pieces put together are the text.
func words(s string) []string {
	var out []string
	start, space := 0, false
	for i, r := range s {
		switch is := unicode.IsSpace(r); {
		case space && !is:
			out = append(out, s[start:i])
			start, space = i, false
		case is:
			space = true
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// spans marks what differs in two texts.
func spans(old, now string) (left, right []span) {
	a, b := words(old), words(now)
	if len(a) > maxCompared || len(b) > maxCompared {
		return whole(old), whole(now)
	}
	for _, op := range difflib.NewMatcherWithJunk(a, b, false, nil).GetOpCodes() {
		changed := op.Tag != 'e'
		if op.I2 > op.I1 {
			left = append(left, span{strings.Join(a[op.I1:op.I2], ""), changed})
		}
		if op.J2 > op.J1 {
			right = append(right, span{strings.Join(b[op.J1:op.J2], ""), changed})
		}
	}
	return left, right
}

func whole(s string) []span {
	if s == "" {
		return nil
	}
	return []span{{s, true}}
}
