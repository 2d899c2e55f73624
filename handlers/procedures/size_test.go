package procedures_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/bot/bottest"
	"cchcbot/knowledge"
)

// screenLine is what a narrow phone shows in one line, in letters.
const screenLine = 40

// screenLines is how many lines a text takes there, broken at words.
func screenLines(text string) int {
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		used := 0
		for i, w := range strings.Fields(line) {
			size := utf8.RuneCountInString(w)
			switch {
			case i == 0:
				used = size
			case used+1+size > screenLine:
				n++
				used = size
			default:
				used += 1 + size
			}
		}
	}
	return n
}

// TestAnswersFitTheScreen presses for the card of every entry that ships, and
// for every side of every sixteenth: the card fits a phone's screen, no answer
// repeats a line, every answer ends with its source and offers at most six buttons.
func TestAnswersFitTheScreen(t *testing.T) {
	all, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	b := newBot(t)
	d := b.Driver
	who := bottest.Citizen{Name: "reader"}
	longest := map[knowledge.Facet]int{}
	for i, e := range all {
		if bottest.UnderRace && i%4 != 0 {
			continue
		}
		for j, f := range knowledge.Facets {
			if i%16 != 0 && j > 0 {
				break // the first is the card
			}
			payload := fmt.Sprintf("procedures:facet:%s:%s", f, e.Code)
			if err := d.Do(t.Context(), who, bottest.Input{Button: payload}); err != nil {
				t.Fatal(err)
			}
			seen := d.Seen(who)
			if len(seen) != 1 {
				t.Errorf("%s is answered with %d messages", payload, len(seen))
				continue
			}
			checkAnswer(t, payload, e, seen[0])
			n := screenLines(seen[0].Text)
			longest[f] = max(longest[f], n)
			if f == knowledge.Overview && n > 12 {
				t.Errorf("the card of %s has %d lines:\n%s", e.Code, n, seen[0].Text)
			}
			if f == knowledge.Overview {
				checkFacts(t, e, seen[0].Text)
			}
		}
	}
	t.Logf("longest answer by side, in lines of %d letters: %v", screenLine, longest)
}

// checkFacts holds that a card says the fee whole or leaves it to its button, and
// that no fact ends inside an open bracket.
func checkFacts(t *testing.T, e *knowledge.Entry, card string) {
	t.Helper()
	for line := range strings.SplitSeq(card, "\n") {
		fee, is := strings.CutPrefix(line, "• Lệ phí: ")
		if is && fee != e.Fee && fee != "tùy trường hợp, xem mục Lệ phí" {
			t.Errorf("the card of %s says half a fee: %q of %q", e.Code, fee, e.Fee)
		}
		if strings.HasPrefix(line, "• ") && strings.Count(line, "(") != strings.Count(line, ")") {
			t.Errorf("the card of %s stops inside a bracket: %q", e.Code, line)
		}
	}
}

func checkAnswer(t *testing.T, payload string, e *knowledge.Entry, s bottest.Said) {
	t.Helper()
	lines := strings.Split(s.Text, "\n")
	last := lines[len(lines)-1]
	named := strings.Contains(last, "mã "+e.Code) || e.Kind == knowledge.Explainer // the source of an explainer is the law
	if !strings.HasPrefix(last, "Nguồn: ") || !named {
		t.Errorf("%s ends with %q", payload, last)
	}
	seen := map[string]bool{}
	for _, l := range lines {
		if seen[l] || strings.TrimSpace(strings.Trim(l, "•")) == "" {
			t.Errorf("%s says %q twice, or nothing in it:\n%s", payload, l, s.Text)
		}
		seen[l] = true
	}
	n := 0
	for _, row := range s.Buttons {
		n += len(row)
	}
	if n < 2 || n > 6 {
		t.Errorf("%s has %d buttons", payload, n)
	}
}
