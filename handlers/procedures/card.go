package procedures

import (
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// Sizes of a card, in letters and in lines of a narrow phone. Whoever wants a
// side in full has its button below.
const (
	cardLine  = 40
	cardLines = 12
	cardFact  = 160 // letters of a fact, where there is room
)

// The letters before each fact in the longer language of the catalog.
const (
	labelTime   = len("* Mat bao lau: ")
	labelFee    = len("* Le phi: ")
	labelAgency = len("* Noi giai quyet: ")
)

// card is what the overview says of a procedure.
type card struct {
	summary, time, fee, agency string
	fees                       bool // the fee is too long to say here, and half of it would be another fee
}

// fit makes a card that fits the screen. What it is about and the facts share
// the lines: the agency goes to two lines first, then the time; the fee is said
// whole or not at all; then the summary gets what is left.
func fit(e *knowledge.Entry, doubt bool) card {
	whole := card{time: shorten(e.Time, cardFact), fee: e.Fee, agency: shorten(e.Agency, cardFact)}
	if utf8.RuneCountInString(e.Fee) > cardFact {
		whole.fee, whole.fees = "", true
	}
	near, short := whole, whole
	near.agency = twoLines(labelAgency, whole.agency)
	short.agency, short.time = near.agency, twoLines(labelTime, whole.time)
	last := short
	if linesOf(labelFee, last.fee) > 2 {
		last.fee, last.fees = "", true
	}
	first := e.Summary
	if i := strings.Index(first, ". "); i >= 0 {
		first = first[:i+1]
	}
	fixed := fixedLines(e, doubt)
	for _, c := range [...]card{whole, near, short, last} {
		left := cardLines - fixed - c.lines()
		for _, summary := range [...]string{e.Summary, first} {
			if linesOf(0, summary) <= left {
				c.summary = summary
				return c
			}
		}
	}
	if left := cardLines - fixed - last.lines(); left > 1 {
		last.summary = shorten(first, left*(cardLine-4))
	}
	return last
}

func (c card) lines() int {
	n := linesOf(labelTime, c.time) + linesOf(labelFee, c.fee) + linesOf(labelAgency, c.agency)
	if c.fees {
		n++
	}
	return n
}

// fixedLines are those of the name, the papers and the source.
func fixedLines(e *knowledge.Entry, doubt bool) int {
	n := linesOf(0, shortName(e)) + 2
	if e.Kind == knowledge.Explainer {
		n += linesOf(0, lawOf(e)) - 1
	}
	if doubt {
		n++
	}
	online := e.OnlineFull || hasOnline(e)
	switch {
	case online && len(e.Documents) > 0:
		n += 2
	case online || len(e.Documents) > 0:
		n++
	}
	return n
}

// linesOf is how many lines a text takes behind a label, broken at words; none
// when it is empty.
func linesOf(label int, text string) int {
	if text == "" {
		return 0
	}
	lines, used := 1, label-1
	for word := range strings.FieldsSeq(text) {
		size := utf8.RuneCountInString(word)
		if used+1+size > cardLine && used > 0 {
			lines, used = lines+1, size
			continue
		}
		used += 1 + size
	}
	return lines
}

// twoLines shortens a fact to two lines.
func twoLines(label int, text string) string {
	short := text
	for n := 2*cardLine - label; linesOf(label, short) > 2; n -= 4 {
		short = shorten(text, n)
	}
	return short
}

// shorten cuts a text to at most n letters, after a sentence or a clause where
// it can, and before an open bracket: half of one says something else.
func shorten(text string, n int) string {
	short, cut := clip(text, n)
	if !cut {
		return short
	}
	const least = 12 // bytes that say something
	if i := strings.LastIndexByte(short, '('); i >= least && !strings.Contains(short[i:], ")") {
		short = strings.TrimRight(short[:i], " ,;:.-") + "…"
	}
	for _, end := range []string{". ", "; "} {
		if i := strings.LastIndex(short, end); i >= least {
			return short[:i] + "…"
		}
	}
	return short
}

// clip cuts a text at a word so that it has at most n letters.
func clip(text string, n int) (string, bool) {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= n {
		return text, false
	}
	cut := string([]rune(text)[:n-1])
	if i := strings.LastIndexAny(cut, " \n"); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.-\n") + "…", true
}
