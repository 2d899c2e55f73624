package calendar

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	days "cchcbot/knowledge/calendar"
)

// Fields of the form of a year.
const (
	fieldStatus    = "status"
	fieldOff       = "off"
	fieldWeekend   = "weekend"
	fieldMadeUp    = "made_up"
	fieldSwapped   = "swapped"
	fieldDecisions = "decisions"
	fieldNumber    = "number"
	fieldDated     = "dated"
	fieldKind      = "kind"
	fieldReason    = "reason"
	fieldBase      = "base"
	fieldStep      = "step"
	fieldOpen      = "open"
)

// typed is the form of a year as somebody filled it.
type typed struct {
	status, off, weekend, madeUp, swapped, decisions string
	number, dated, kind, reason, open                string
}

// mistake is something wrong beside a field.
type mistake struct {
	field string
	fault
}

// maxShort is the most letters of a one-line field.
const maxShort = 200

// read makes a year of what was typed, or says what is wrong, in the order of
// the form. old is the year as it is: what the form does not show is kept.
func (t typed) read(year int, old days.Year, today time.Time) (days.Year, days.Decision, []mistake) {
	y := days.Year{Year: year, Status: days.Status(t.status), Sources: old.Sources, Open: t.open}
	var wrong []mistake
	note := func(field string, faults []fault) {
		for _, f := range faults {
			wrong = append(wrong, mistake{field, f})
		}
	}
	off, f := readDays(t.off, year, false)
	note(fieldOff, f)
	weekend, f := readDays(t.weekend, year, true)
	note(fieldWeekend, f)
	made, f := readMadeUp(t.madeUp, year)
	note(fieldMadeUp, f)
	swaps, f := readSwaps(t.swapped, year)
	note(fieldSwapped, f)
	decisions, lines, f := readDecisions(t.decisions)
	note(fieldDecisions, f)
	y.Off, y.Weekend, y.MadeUp, y.Swapped, y.Decisions = off.days, weekend.days, made.days, swaps.swaps, decisions

	unread := len(wrong)
	paper, m := t.paper(today)
	wrong = append(wrong, m...)
	if len(m) == 0 && !slices.ContainsFunc(y.Decisions, func(d days.Decision) bool { return d.Number == paper.Number }) {
		y.Decisions = append(y.Decisions, paper)
	}
	if unread > 0 {
		return y, paper, wrong
	}
	at := map[string][]int{
		fieldOff: off.lines, fieldWeekend: weekend.lines, fieldMadeUp: made.lines, fieldSwapped: swaps.lines, fieldDecisions: lines,
	}
	for _, p := range y.Check() {
		if p.Code != "no_decision" { // there is none because the one above was refused
			wrong = append(wrong, told(p, at))
		}
	}
	return y, paper, wrong
}

// paper reads the decision that every change names.
func (t typed) paper(today time.Time) (days.Decision, []mistake) {
	d := days.Decision{Number: t.number, Kind: t.kind}
	var wrong []mistake
	fail := func(field, key string, args ...any) {
		wrong = append(wrong, mistake{field, fault{Key: key, Args: args}})
	}
	if d.Number == "" {
		fail(fieldNumber, "calendar.problem_no_number")
	}
	for field, text := range map[string]string{fieldNumber: t.number, fieldKind: t.kind, fieldReason: t.reason, fieldOpen: t.open} {
		if len([]rune(text)) > maxShort || field == fieldNumber && strings.Contains(text, "|") {
			fail(field, "calendar.problem_long", "max", maxShort)
		}
	}
	date, rest, ok := takeDate(strings.TrimSpace(t.dated), 0)
	day, err := time.ParseInLocation(time.DateOnly, date, days.Zone)
	switch {
	case strings.TrimSpace(t.dated) == "":
		fail(fieldDated, "calendar.problem_no_dated")
	case !ok || strings.TrimSpace(rest) != "" || err != nil:
		fail(fieldDated, "calendar.problem_dated", "text", short(t.dated))
	case day.After(today):
		fail(fieldDated, "calendar.problem_dated_later", "date", shown(date))
	default:
		d.Date = date
	}
	return d, wrong
}

// told is a problem of the rules as a mistake beside its field, with the line
// that it came from.
func told(p days.Problem, lines map[string][]int) mistake {
	field, place, _ := strings.Cut(p.Field, "[")
	m := mistake{field, fault{Key: "calendar.problem_" + p.Code}}
	index, _, _ := strings.Cut(place, "]")
	if i, err := strconv.Atoi(index); err == nil && i < len(lines[field]) {
		m.Line = lines[field][i]
	}
	if p.Date == "" {
		return m
	}
	m.Args = []any{"date", shown(p.Date)}
	if t, err := time.Parse(time.DateOnly, p.Date); err == nil && p.Code == "date_weekday" {
		m.Key += "_worked"
		if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
			m.Key = strings.TrimSuffix(m.Key, "_worked") + "_weekend"
		}
	}
	return m
}

// fill is the form of a year as it is.
func fill(y days.Year) typed {
	t := typed{status: string(y.Status), open: y.Open, decisions: writeDecisions(y.Decisions)}
	t.off, t.weekend = writeDays(inOrder(y.Off)), writeDays(inOrder(y.Weekend))
	t.madeUp, t.swapped = writeMadeUp(inOrder(y.MadeUp)), writeSwaps(y.Swapped)
	if y.Status == days.Missing {
		t.status = "" // whether it is decided, whoever enters it says
	}
	return t
}

func inOrder(list []days.Day) []days.Day {
	return slices.SortedStableFunc(slices.Values(list), func(a, b days.Day) int { return cmp.Compare(a.Date, b.Date) })
}
