package cases

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cchcbot/knowledge/calendar"
)

// Unit is what a term counts in.
type Unit string

// The units.
const (
	WorkingDays  Unit = "wd"
	CalendarDays Unit = "d"
	WorkingHours Unit = "wh"
)

// Term is a span of time as the rules give it: "5wd", "20d", "8wh".
type Term struct {
	N    int
	Unit Unit
}

func (t Term) String() string { return strconv.Itoa(t.N) + string(t.Unit) }

// ParseTerm reads a term of 1 to 400 days or hours.
func ParseTerm(s string) (Term, error) {
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if i < 1 {
		return Term{}, fmt.Errorf("cases: %q is no term like 5wd, 20d or 8wh", s)
	}
	n, err := strconv.Atoi(s[:i])
	t := Term{n, Unit(s[i:])}
	if err != nil || n < 1 || n > 400 || t.Unit != WorkingDays && t.Unit != CalendarDays && t.Unit != WorkingHours {
		return Term{}, fmt.Errorf("cases: %q is no term like 5wd, 20d or 8wh", s)
	}
	return t, nil
}

// from is the end of the term for something that began at a moment.
func (t Term) from(c *calendar.Calendar, at time.Time) (calendar.Due, error) {
	switch t.Unit {
	case CalendarDays:
		return c.AddDays(at, t.N)
	case WorkingHours:
		return c.AddWork(at, time.Duration(t.N)*time.Hour)
	}
	return c.Add(at, t.N)
}

// Source says how sure a default is, as in the domain notes.
type Source string

// The sources of defaults.
const (
	FromLaw    Source = "law"    // the article was read
	FromPage   Source = "page"   // an agency or the press says so
	FromDesign Source = "design" // our proposal
)

// TermSpec is a setting of the terms: what it may be and where its default comes from.
type TermSpec struct {
	Key      string
	Default  string
	Source   Source
	Law      string // what the default rests on
	Kind     TermKind
	Min, Max int
	PerBody  bool // may be set for one body, as KEY:BODY, or a kind of body, KEY:TEMPLATE
}

// TermKind is what values a setting has.
type TermKind string

// The kinds of settings.
const (
	IsTerm   TermKind = "term"
	IsNumber TermKind = "number"
	IsSwitch TermKind = "switch" // yes or no
	IsFields TermKind = "fields" // ids of fields of the directory, with commas
)

// Keys of settings that others ask for.
const (
	KeyBindAfter     = "bind_after"
	KeyMaxWaits      = "max_waits"
	KeyMaxExtensions = "max_extensions"
	KeyExtendDays    = "extend_days"
	KeyReopenMax     = "reopen_max"
	KeyReopenDays    = "reopen_days"
	KeyRateAfter     = "rate_after"
	KeyRateAgain     = "rate_again"
	KeyCloseAfter    = "close_after"
	KeyOpenPerPerson = "open_per_person"
	KeyDayPerPerson  = "day_per_person"
	KeyRepeatDays    = "repeat_days"
	KeyUndoMinutes   = "undo_minutes"
	KeyKeepMonths    = "keep_months"
	KeyMediaMonths   = "media_months"
	KeySolo          = "approval_solo"
	KeyDirect        = "approval_direct"
)

// Specs lists all settings.
func Specs() []TermSpec {
	term := func(key, def string, src Source, law string) TermSpec {
		return TermSpec{Key: key, Default: def, Source: src, Law: law, Kind: IsTerm, Min: 1, Max: 400}
	}
	number := func(key, def string, min, max int, law string) TermSpec {
		return TermSpec{Key: key, Default: def, Source: FromDesign, Law: law, Kind: IsNumber, Min: min, Max: max}
	}
	return []TermSpec{
		term("forward", "5wd", FromLaw, "92/2017/NĐ-CP"),
		term("accept", "1wd", FromDesign, ""),
		term("accept/scene", "8wh", FromPage, "1207/QĐ-UBND (iHanoi, 2025)"),
		term("accept/urgent", "4wh", FromPage, "1207/QĐ-UBND (iHanoi, 2025)"),
		term("answer/conduct", "20d", FromPage, "852/QĐ-BNV (2018)"),
		term("answer/rule", "15d", FromPage, "89/CĐ-TTg (2025)"),
		term("answer/petition", "20d", FromPage, "852/QĐ-BNV (2018)"),
		term("answer/scene", "7d", FromPage, "a ward of Da Nang"),
		term("answer/scene/quick", "3wd", FromPage, "960/QĐ-UBND (Đà Nẵng, 2021)"),
		term("answer/scene/urgent", "1wd", FromPage, "960/QĐ-UBND (Đà Nẵng, 2021)"),
		term("answer/praise", "20d", FromDesign, ""),
		term("answer/idea", "20d", FromDesign, ""),
		term("check", "2wd", FromDesign, "31/2021/QĐ-TTg"),
		term("publish", "2wd", FromDesign, "31/2021/QĐ-TTg"),
		term("reply", "10d", FromDesign, ""),
		term("progress", "7wd", FromPage, "852/QĐ-BNV (2018)"),
		term("escalate", "2wd", FromDesign, ""),
		{Key: "quick_fields", Default: "ha-tang-do-thi,moi-truong,giao-thong,an-ninh-trat-tu", Source: FromPage, Law: "960/QĐ-UBND (Đà Nẵng, 2021)", Kind: IsFields},
		{Key: "evidence_fields", Default: "ha-tang-do-thi,moi-truong,giao-thong", Source: FromDesign, Law: "", Kind: IsFields},
		number(KeyBindAfter, "2", 1, 5, ""),
		number(KeyMaxWaits, "2", 0, 5, ""),
		number(KeyMaxExtensions, "1", 0, 5, ""),
		number(KeyExtendDays, "10", 1, 60, ""),
		number(KeyReopenMax, "2", 0, 5, ""),
		number(KeyReopenDays, "30", 1, 365, ""),
		number(KeyRateAfter, "3", 1, 60, ""),
		number(KeyRateAgain, "4", 1, 60, ""),
		number(KeyCloseAfter, "15", 1, 180, ""),
		number(KeyOpenPerPerson, "5", 1, 100, ""),
		number(KeyDayPerPerson, "10", 1, 200, ""),
		number(KeyRepeatDays, "7", 0, 90, ""),
		number(KeyUndoMinutes, "30", 0, 1440, ""),
		number(KeyKeepMonths, "60", 12, 600, "the archives schedule; ask"),
		number(KeyMediaMonths, "12", 1, 120, ""),
		{Key: KeySolo, Default: "no", Source: FromDesign, Kind: IsSwitch, PerBody: true},
		{Key: KeyDirect, Default: "no", Source: FromDesign, Kind: IsSwitch, PerBody: true},
	}
}

// Terms are the settings in force, by key.
type Terms map[string]string

// DefaultTerms are the defaults of Specs.
func DefaultTerms() Terms {
	t := Terms{}
	for _, s := range Specs() {
		t[s.Key] = s.Default
	}
	return t
}

// spec finds the setting of a key, which may be KEY:BODY.
func spec(key string) (TermSpec, bool) {
	base, body, forBody := strings.Cut(key, ":")
	for _, s := range Specs() {
		if s.Key == base && (!forBody || s.PerBody && body != "" && len(body) <= 100) {
			return s, true
		}
	}
	return TermSpec{}, false
}

// CheckTerm reports why a value does not fit a setting, or nil.
func CheckTerm(key, value string) error {
	s, ok := spec(key)
	if !ok {
		return fmt.Errorf("cases: there is no setting %q", key)
	}
	switch s.Kind {
	case IsTerm:
		_, err := ParseTerm(value)
		return err
	case IsNumber:
		if n, err := strconv.Atoi(value); err != nil || n < s.Min || n > s.Max {
			return fmt.Errorf("cases: %s is a number from %d to %d", key, s.Min, s.Max)
		}
	case IsSwitch:
		if value != "yes" && value != "no" {
			return fmt.Errorf("cases: %s is yes or no", key)
		}
	case IsFields:
		if len(value) > 2000 {
			return errors.New("cases: too many fields")
		}
	}
	return nil
}

// Int is the value of a number.
func (t Terms) Int(key string) int {
	n, err := strconv.Atoi(t[key])
	if err != nil {
		return 0 // CheckTerm let no such value in
	}
	return n
}

// Yes is the value of a switch for a body: its own, that of its kind, or the general one.
func (t Terms) Yes(key, body string) bool {
	template, _, _ := strings.Cut(body, "@")
	for _, k := range []string{key + ":" + body, key + ":" + template, key} {
		if v, ok := t[k]; ok {
			return v == "yes"
		}
	}
	return false
}

// Of is the term of a step for a case.
func (t Terms) Of(s Step, c Case) Term {
	var keys []string
	switch s {
	case StepAccept:
		if c.Urgent {
			keys = append(keys, "accept/urgent")
		}
		keys = append(keys, "accept/"+string(c.Kind), "accept")
	case StepAnswer:
		if c.Kind == Scene {
			switch {
			case c.Urgent:
				keys = append(keys, "answer/scene/urgent")
			case t.lists("quick_fields", c.Field):
				keys = append(keys, "answer/scene/quick")
			}
		}
		keys = append(keys, "answer/"+string(c.Kind))
	default:
		keys = append(keys, string(s))
	}
	for _, k := range keys {
		if term, err := ParseTerm(t[k]); err == nil {
			return term
		}
	}
	return Term{20, CalendarDays} // unreachable with checked settings
}

// lists reports whether a list of fields has one.
func (t Terms) lists(key, field string) bool {
	for f := range strings.SplitSeq(t[key], ",") {
		if strings.TrimSpace(f) == field && field != "" {
			return true
		}
	}
	return false
}
