package bottest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Style is how a channel shows choices, and so what of a script can be compared.
type Style int

// The styles.
const (
	Rows    Style = iota // buttons in rows, as the script has them
	Buttons              // buttons, but laid out in the channel's own way
	Numbers              // no buttons: choices are numbered in the text
	Few                  // buttons, or numbers where there are too many choices for buttons
)

const (
	anyLines   = "…"
	anyLetters = "{…}"
)

// Match reports whether got is what want asks for.
func Match(want, got Answer, style Style) bool {
	if len(want.Messages) != len(got.Messages) || len(want.Effects) != len(got.Effects) {
		return false
	}
	for i := range want.Messages {
		if !matchSaid(want.Messages[i], got.Messages[i], style) {
			return false
		}
	}
	for i := range want.Effects {
		if !matchLine(want.Effects[i], got.Effects[i]) {
			return false
		}
	}
	return true
}

func matchSaid(want, got Said, style Style) bool {
	lines := trimLines(want.Text)
	if style == Few {
		style = Numbers
		if len(got.Buttons) > 0 || len(want.Buttons) == 0 {
			style = Buttons
			want.Buttons = withoutRequests(want.Buttons)
		}
	}
	switch style {
	case Rows:
		if !slices.EqualFunc(want.Buttons, got.Buttons, func(a, b []SaidButton) bool { return slices.EqualFunc(a, b, sameButton) }) {
			return false
		}
	case Buttons:
		want.Buttons = withoutMissing(want.Buttons, got.Buttons)
		if !slices.EqualFunc(slices.Concat(want.Buttons...), slices.Concat(got.Buttons...), sameButton) {
			return false
		}
	case Numbers:
		for _, b := range slices.Concat(want.Buttons...) {
			if strings.HasPrefix(b.URL, "?") {
				continue // asks for the location or the number: only a button can
			}
			if !strings.Contains(got.Text, strings.TrimSuffix(b.Title, "…")) {
				return false
			}
		}
		if len(want.Buttons)+len(want.Media) > 0 {
			lines = append(lines, anyLines)
		}
	}
	return matchLines(lines, trimLines(got.Text)) && (style != Rows || slices.EqualFunc(want.Media, got.Media, matchLine))
}

// withoutRequests leaves out what a channel with few buttons asks for otherwise.
func withoutRequests(rows [][]SaidButton) [][]SaidButton {
	var out [][]SaidButton
	for _, row := range rows {
		kept := slices.DeleteFunc(slices.Clone(row), func(b SaidButton) bool { return strings.HasPrefix(b.URL, "?") })
		if len(kept) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

// withoutMissing leaves out what a channel cannot ask the citizen's app for.
func withoutMissing(want, got [][]SaidButton) [][]SaidButton {
	for _, b := range slices.Concat(got...) {
		if strings.HasPrefix(b.URL, "?") {
			return want
		}
	}
	return withoutRequests(want)
}

func sameButton(want, got SaidButton) bool {
	if want.URL != got.URL && !matchLine(want.URL, got.URL) {
		return false
	}
	if want.Title == got.Title {
		return true
	}
	// A channel with shorter titles cuts them.
	a, cutA := strings.CutSuffix(want.Title, "…")
	b, cutB := strings.CutSuffix(got.Title, "…")
	return (cutA && strings.HasPrefix(got.Title, a)) || (cutB && strings.HasPrefix(want.Title, b))
}

func trimLines(s string) []string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return lines
}

// matchLines matches lines where "…" alone stands for any number of them.
func matchLines(want, got []string) bool {
	w, g, star, back := 0, 0, -1, 0
	for g < len(got) {
		switch {
		case w < len(want) && want[w] == anyLines:
			star, back = w, g
			w++
		case w < len(want) && matchLine(want[w], got[g]):
			w, g = w+1, g+1
		case star >= 0:
			back++
			w, g = star+1, back
		default:
			return false
		}
	}
	for w < len(want) && want[w] == anyLines {
		w++
	}
	return w == len(want)
}

func matchLine(want, got string) bool {
	if !strings.Contains(want, anyLetters) {
		return want == got
	}
	parts := strings.Split(want, anyLetters)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	ok, err := regexp.MatchString("^(?s:"+strings.Join(parts, ".*")+")$", got)
	return err == nil && ok
}

// diff shows what was expected and what came, line by line.
func diff(want, got []string) string {
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var b strings.Builder
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			fmt.Fprintf(&b, "      %s\n", want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(&b, "want: %s\n", want[i])
			i++
		default:
			fmt.Fprintf(&b, "got:  %s\n", got[j])
			j++
		}
	}
	return b.String()
}
