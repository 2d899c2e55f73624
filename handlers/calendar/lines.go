package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	days "cchcbot/knowledge/calendar"
)

// The lists of a year are typed or pasted, one day a line:
//
//	16/02 Tết Nguyên đán             a day off; 16/02 - 20/02 for several
//	27/04 cho 26/04 Nghỉ bù Giỗ Tổ   a made-up day, and the holiday it makes up
//	31/08 làm bù 22/08 Hoán đổi      a weekday off, and the day worked for it
//	9441/TB-BNV | 16/10/2025 | …     a decision: number, date, kind
//
// Years may be left out. What is no such line is told with its number.

// Limits of what is pasted.
const (
	maxText  = 20 << 10 // bytes of one list
	maxLines = 100
	maxRange = 31 // days of "16/02 - 20/02"
)

// fault is a line that cannot be taken: the text key that says why.
type fault struct {
	Line int // 1 for the first; 0 when it is about the whole list
	Key  string
	Args []any
}

var (
	dateRE    = regexp.MustCompile(`^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\s?[/.]\s?(\d{1,2})(?:\s?[/.]\s?(\d{4}))?)(?:\D|$)`)
	bulletRE  = regexp.MustCompile(`^[-–—•*+]+\s*`)
	weekdayRE = regexp.MustCompile(`(?i)^(?:thứ\s+(?:hai|ba|tư|năm|sáu|bảy)|chủ\s+nhật|t[2-7]|cn)[\s,.:]+`)
	// betweenRE is what may stand between two dates of a line.
	betweenRE = regexp.MustCompile(`(?i)^[\s(\[]*(?:<?-+>?|–|—|→|←|↔|:|,|;|=|đến|to|cho|for|bù|làm\s+bù|làm|worked|work)?[\s:;,()\[\]]*`)
	rangeRE   = regexp.MustCompile(`(?i)^\s*(?:-|–|—|đến|to)\s*$`)
)

// takeDate reads a date at the beginning of a text. A date without a year is in year.
func takeDate(s string, year int) (date, rest string, ok bool) {
	m := dateRE.FindStringSubmatchIndex(s)
	if m == nil {
		return "", s, false
	}
	part := func(i int) int {
		if m[2*i] < 0 {
			return 0
		}
		n, err := strconv.Atoi(s[m[2*i]:m[2*i+1]])
		if err != nil {
			return 0
		}
		return n
	}
	y, mo, d, last := part(1), part(2), part(3), 3
	if y == 0 {
		d, mo, y, last = part(4), part(5), part(6), 5
		if m[12] >= 0 {
			last = 6
		}
	}
	if y == 0 {
		y = year
	}
	return fmt.Sprintf("%04d-%02d-%02d", y, mo, d), s[m[2*last+1]:], true
}

// takeSecond reads what stands between and the date after it, when there is one.
func takeSecond(s string, year int) (date, between, rest string, ok bool) {
	end := len(betweenRE.FindString(s))
	date, rest, ok = takeDate(s[end:], year)
	if !ok {
		return "", "", s, false
	}
	return date, s[:end], rest, true
}

// nameOf is what is left of a line.
func nameOf(s string) string {
	return strings.Join(strings.Fields(strings.TrimLeft(s, " \t:;,.-–—()[]")), " ")
}

// eachLine calls f with every line that says something.
func eachLine(text string, f func(n int, line string) *fault) []fault {
	if len(text) > maxText {
		return []fault{{Key: "calendar.problem_too_many"}}
	}
	var out []fault
	n := 0
	for line := range strings.Lines(text) {
		n++
		if n > maxLines {
			return append(out, fault{Key: "calendar.problem_too_many"})
		}
		line = bulletRE.ReplaceAllString(strings.TrimSpace(line), "")
		line = strings.TrimSpace(weekdayRE.ReplaceAllString(line, ""))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if p := f(n, line); p != nil {
			p.Line = n
			out = append(out, *p)
		}
	}
	return out
}

// short cuts what is shown back.
func short(s string) string {
	if utf8.RuneCountInString(s) <= 40 {
		return s
	}
	return string([]rune(s)[:40]) + "…"
}

// list is what was read of one list: its days, and the line of each.
type list struct {
	days  []days.Day
	swaps []days.Swap
	lines []int
}

// readDays reads days off. Of several days given as from and to, those on the
// wanted side of the weekend are taken.
func readDays(text string, year int, weekend bool) (out list, wrong []fault) {
	wrong = eachLine(text, func(n int, line string) *fault {
		date, rest, ok := takeDate(line, year)
		if !ok {
			return &fault{Key: "calendar.problem_no_date", Args: []any{"text", short(line)}}
		}
		to, between, after, isRange := takeSecond(rest, year)
		if !isRange || !rangeRE.MatchString(between) {
			out.add(n, days.Day{Date: date, Name: nameOf(rest)})
			return nil
		}
		from, err1 := time.Parse(time.DateOnly, date)
		until, err2 := time.Parse(time.DateOnly, to)
		if err1 != nil || err2 != nil || until.Before(from) || until.Sub(from) > maxRange*24*time.Hour {
			return &fault{Key: "calendar.problem_range", Args: []any{"from", shown(date), "to", shown(to)}}
		}
		for d := from; !d.After(until); d = d.AddDate(0, 0, 1) {
			if (d.Weekday() == time.Saturday || d.Weekday() == time.Sunday) == weekend {
				out.add(n, days.Day{Date: d.Format(time.DateOnly), Name: nameOf(after)})
			}
		}
		return nil
	})
	return out, wrong
}

func (l *list) add(n int, d days.Day) {
	l.days, l.lines = append(l.days, d), append(l.lines, n)
}

// readMadeUp reads made-up days; the holiday may be left out.
func readMadeUp(text string, year int) (out list, wrong []fault) {
	wrong = eachLine(text, func(n int, line string) *fault {
		date, rest, ok := takeDate(line, year)
		if !ok {
			return &fault{Key: "calendar.problem_no_date", Args: []any{"text", short(line)}}
		}
		d := days.Day{Date: date}
		if made, _, after, ok := takeSecond(rest, year); ok {
			d.For, rest = made, after
		}
		d.Name = nameOf(rest)
		out.add(n, d)
		return nil
	})
	return out, wrong
}

// readSwaps reads swaps: both dates are needed.
func readSwaps(text string, year int) (out list, wrong []fault) {
	wrong = eachLine(text, func(n int, line string) *fault {
		off, rest, ok := takeDate(line, year)
		worked, _, after, both := takeSecond(rest, year)
		if !ok || !both {
			return &fault{Key: "calendar.problem_swap", Args: []any{"text", short(line)}}
		}
		out.swaps = append(out.swaps, days.Swap{Off: off, Worked: worked, Name: nameOf(after)})
		out.lines = append(out.lines, n)
		return nil
	})
	return out, wrong
}

// readDecisions reads papers: number, date, kind, with bars between.
func readDecisions(text string) (out []days.Decision, lines []int, wrong []fault) {
	wrong = eachLine(text, func(n int, line string) *fault {
		parts := strings.SplitN(line, "|", 3)
		d := days.Decision{Number: strings.TrimSpace(parts[0])}
		if len(parts) > 1 && strings.TrimSpace(parts[1]) != "" {
			date, rest, ok := takeDate(strings.TrimSpace(parts[1]), 0)
			if !ok || strings.TrimSpace(rest) != "" {
				return &fault{Key: "calendar.problem_decision_line", Args: []any{"text", short(line)}}
			}
			d.Date = date
		}
		if len(parts) > 2 {
			d.Kind = strings.TrimSpace(parts[2])
		}
		out, lines = append(out, d), append(lines, n)
		return nil
	})
	return out, lines, wrong
}

// shown is a date as people write it: 2026-02-16 is 16/02/2026.
func shown(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("02/01/2006")
}

// Words between two dates, as the lists are written down; the reader takes others too.
const (
	wordFor    = " cho "
	wordWorked = " làm bù "
)

// writeDays, writeMadeUp, writeSwaps and writeDecisions write the lists as
// they are read.
func writeDays(list []days.Day) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%s %s\n", shown(d.Date), d.Name)
	}
	return b.String()
}

func writeMadeUp(list []days.Day) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(shown(d.Date))
		if d.For != "" {
			b.WriteString(wordFor + shown(d.For))
		}
		b.WriteString(" " + d.Name + "\n")
	}
	return b.String()
}

func writeSwaps(list []days.Swap) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s%s%s %s\n", shown(s.Off), wordWorked, shown(s.Worked), s.Name)
	}
	return b.String()
}

func writeDecisions(list []days.Decision) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(d.Number)
		if d.Date != "" || d.Kind != "" {
			b.WriteString(" | ")
			if d.Date != "" {
				b.WriteString(shown(d.Date))
			}
		}
		if d.Kind != "" {
			b.WriteString(" | " + d.Kind)
		}
		b.WriteString("\n")
	}
	return b.String()
}
