package procedures

import (
	"strings"

	"cchcbot/knowledge"
)

// oneOriginal is how the national database writes the usual quantity.
const oneOriginal = "1 bản chính"

// documentLines are the papers to bring, one a line, those that everybody
// needs first; rest counts those that did not fit.
func documentLines(e *knowledge.Entry) (lines []string, rest int) {
	always, sometimes := papers(e)
	return clipLines(append(always, sometimes...))
}

// papers are the papers that everybody needs, and those of some cases only.
func papers(e *knowledge.Entry) (always, sometimes []string) {
	for _, d := range e.Documents {
		line := bare(d.Name)
		if line == "" {
			continue
		}
		// One original is what people bring anyway; anything else is said.
		if qty := strings.TrimSpace(d.Qty); qty != "" && qty != oneOriginal {
			line += " (" + qty + ")"
		}
		if c := bare(strings.Trim(d.Case, "*: ")); c != "" {
			sometimes = append(sometimes, c+": "+line)
		} else {
			always = append(always, line)
		}
	}
	return always, sometimes
}

// formLines are the papers that have a form to fill in or fetch.
func formLines(e *knowledge.Entry) (lines []string, rest int) {
	for _, d := range e.Documents {
		name := bare(d.Name)
		lower := strings.ToLower(name)
		switch {
		case d.FormURL != "":
			lines = append(lines, name+": "+d.FormURL)
		case strings.Contains(lower, "mẫu"), strings.Contains(lower, "tờ khai"), strings.HasPrefix(lower, "đơn "):
			lines = append(lines, name)
		}
	}
	return clipLines(lines)
}

func stepLines(e *knowledge.Entry) (lines []string, rest int) {
	for _, s := range e.Steps {
		// Steps of the national file are one text with a line each.
		for l := range strings.SplitSeq(s.Text, "\n") {
			l = bare(l)
			if l == "" {
				continue
			}
			if s.Name != "" {
				l = strings.TrimSpace(s.Name) + ": " + l
			}
			lines = append(lines, l)
		}
	}
	return clipLines(lines)
}

// clipLines keeps as many lines as a phone can show, none too long.
func clipLines(in []string) (lines []string, rest int) {
	for _, l := range in {
		if l = bare(l); l == "" {
			continue
		}
		if len(lines) == maxLines {
			rest++
			continue
		}
		l, _ = clip(l, maxLineRunes)
		lines = append(lines, l)
	}
	return lines, rest
}

// bare takes the marks of a list off a line: the bullets are ours.
func bare(s string) string {
	return strings.TrimRight(strings.TrimLeft(strings.TrimSpace(s), "-+*•– \t"), " ;")
}
