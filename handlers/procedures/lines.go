package procedures

import (
	"slices"
	"strings"

	"cchcbot/knowledge"
)

// oneOriginal is how the national database writes the usual quantity.
const oneOriginal = "1 bản chính"

// tick is the box in front of a paper: people tick it off with a pen or a thumb.
const tick = "☐ "

// documentLines are the papers to bring, one a line, those that everybody needs
// first. What only some need stands behind its case: on the same line when it
// is one paper, else below it.
func documentLines(e *knowledge.Entry) []string {
	var out []string
	for _, g := range groupDocuments(e.Documents) {
		var items []string
		for _, d := range g.Items {
			if line := paper(d); line != "" {
				items = append(items, line)
			}
		}
		switch {
		case g.Case != "" && len(items) == 1:
			items[0] = g.Case + ": " + items[0]
		case g.Case != "" && len(items) > 1:
			out = append(out, shortLine(g.Case)+":")
		}
		for _, line := range items {
			out = append(out, tick+shortLine(line))
		}
	}
	return out
}

// paper is a paper with its quantity. One original is what people bring anyway;
// anything else is said.
func paper(d knowledge.Document) string {
	line := bare(d.Name)
	if qty := strings.TrimSpace(d.Qty); line != "" && qty != "" && qty != oneOriginal {
		line += " (" + qty + ")"
	}
	return line
}

// papers are the papers that everybody needs, and those of some cases only.
func papers(e *knowledge.Entry) (always, sometimes []string) {
	for _, d := range e.Documents {
		line := paper(d)
		if line == "" {
			continue
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
func formLines(e *knowledge.Entry) []string {
	var lines []string
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
	return cutLines(lines)
}

func stepLines(e *knowledge.Entry) []string {
	var lines []string
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
	return cutLines(lines)
}

// inParts cuts a list into messages. The line of a case goes with the first of its papers.
func inParts(lines []string) [][]string {
	var parts [][]string
	for len(lines) > maxLines {
		n := maxLines
		if last := lines[n-1]; strings.HasSuffix(last, ":") && !strings.HasPrefix(last, tick) {
			n--
		}
		parts, lines = append(parts, lines[:n]), lines[n:]
	}
	if len(lines) > 0 {
		parts = append(parts, lines)
	}
	return parts
}

// cutLines are lines without marks of a list, none too long.
func cutLines(in []string) []string {
	var lines []string
	for _, l := range in {
		if l = bare(l); l != "" {
			lines = append(lines, shortLine(l))
		}
	}
	return lines
}

func shortLine(l string) string {
	l, _ = clip(l, maxLineRunes)
	return l
}

// anyCut reports that a line was too long to be shown whole.
func anyCut(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "…") })
}

// bare takes the marks of a list off a line, "+)" among them: the bullets are ours.
func bare(s string) string {
	return strings.TrimRight(strings.TrimLeft(strings.TrimSpace(s), "-+*•–) \t"), " ;")
}
