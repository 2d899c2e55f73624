// Package knowledge holds what the bot knows about administrative procedures:
// the Entry a curator edits, the Query a question becomes, the Hit a search
// returns and the Searcher contract between them.
//
// It imports only the standard library. How Vietnamese is read is in
// knowledge/vietnamese, how entries are found in knowledge/index, what kind of
// message a citizen sent in knowledge/intent, and the reviewed entries
// themselves in knowledge/content.
package knowledge

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Status says whether a procedure may still be used.
type Status string

// The statuses of a procedure, as the plan names them (ban hành, sửa đổi,
// thay thế, bãi bỏ). The zero value counts as Published.
const (
	Published Status = "published"
	Amended   Status = "amended"
	Replaced  Status = "replaced"
	Abolished Status = "abolished"
)

// InForce reports whether a procedure of this status may still be carried out.
func (s Status) InForce() bool { return s == "" || s == Published || s == Amended }

// Kind tells a procedure from an explainer. The zero value is a procedure.
type Kind string

// The kinds of entry.
const (
	Procedure Kind = ""
	Explainer Kind = "explainer"
)

// Document is one paper of a file.
type Document struct {
	Case    string `json:"case,omitempty" yaml:"case,omitempty"` // which circumstance asks for it; "" for all
	Name    string `json:"name" yaml:"name"`
	Qty     string `json:"qty,omitempty" yaml:"qty,omitempty"` // "1 bản chính"
	FormURL string `json:"form_url,omitempty" yaml:"form_url,omitempty"`
}

// Step is one step of carrying a procedure out, in order.
type Step struct {
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	Text string `json:"text" yaml:"text"`
}

// Method is one way of handing a file in.
type Method struct {
	Channel string `json:"channel" yaml:"channel"` // "Trực tiếp", "Trực tuyến", "Dịch vụ bưu chính"
	Time    string `json:"time,omitempty" yaml:"time,omitempty"`
	Fee     string `json:"fee,omitempty" yaml:"fee,omitempty"`
	URL     string `json:"url,omitempty" yaml:"url,omitempty"`
}

// Entry is one procedure as data, in the format of docs/knowledge.md. Code and
// Name are required. Dates are "2006-01-02" in Vietnam's time zone.
type Entry struct {
	Code        string   `json:"code" yaml:"code"` // national code, for example 1.001193
	Kind        Kind     `json:"kind,omitempty" yaml:"kind,omitempty"`
	Name        string   `json:"name" yaml:"name"`
	Field       string   `json:"field,omitempty" yaml:"field,omitempty"` // lĩnh vực, as the national database names it
	Level       string   `json:"level,omitempty" yaml:"level,omitempty"` // "Cấp xã", "Cấp tỉnh", "Cấp bộ"
	Agency      string   `json:"agency,omitempty" yaml:"agency,omitempty"`
	Promulgator string   `json:"promulgator,omitempty" yaml:"promulgator,omitempty"`
	Audience    []string `json:"audience,omitempty" yaml:"audience,omitempty"`
	Summary     string   `json:"summary,omitempty" yaml:"summary,omitempty"` // what it is, in one or two plain sentences
	Aliases     []string `json:"aliases,omitempty" yaml:"aliases,omitempty"` // how citizens name it

	Documents  []Document `json:"documents,omitempty" yaml:"documents,omitempty"`
	Steps      []Step     `json:"steps,omitempty" yaml:"steps,omitempty"`
	Time       string     `json:"time,omitempty" yaml:"time,omitempty"`
	Fee        string     `json:"fee,omitempty" yaml:"fee,omitempty"`
	Methods    []Method   `json:"methods,omitempty" yaml:"methods,omitempty"`
	Conditions string     `json:"conditions,omitempty" yaml:"conditions,omitempty"`
	Cases      []string   `json:"cases,omitempty" yaml:"cases,omitempty"`       // what differs by circumstance, one circumstance each
	Mistakes   []string   `json:"mistakes,omitempty" yaml:"mistakes,omitempty"` // what people often get wrong, and what to do instead
	Results    []string   `json:"results,omitempty" yaml:"results,omitempty"`
	LegalBasis []string   `json:"legal_basis,omitempty" yaml:"legal_basis,omitempty"`
	LifeEvents []string   `json:"life_events,omitempty" yaml:"life_events,omitempty"`

	OnlineFull bool   `json:"online_full,omitempty" yaml:"online_full,omitempty"` // toàn trình: no visit needed
	OnlineURL  string `json:"online_url,omitempty" yaml:"online_url,omitempty"`
	SourceURL  string `json:"source_url,omitempty" yaml:"source_url,omitempty"`
	Updated    string `json:"updated,omitempty" yaml:"updated,omitempty"` // date of the source's data

	Status     Status   `json:"status,omitempty" yaml:"status,omitempty"`
	ReplacedBy []string `json:"replaced_by,omitempty" yaml:"replaced_by,omitempty"`
	Decision   string   `json:"decision,omitempty" yaml:"decision,omitempty"` // quyết định công bố
	ValidFrom  string   `json:"valid_from,omitempty" yaml:"valid_from,omitempty"`
	ValidTo    string   `json:"valid_to,omitempty" yaml:"valid_to,omitempty"` // first day it no longer counts
	VerifiedAt string   `json:"verified_at,omitempty" yaml:"verified_at,omitempty"`
	// VerifiedBy is the named officer who confirmed the entry. It stays empty
	// until a person did: the program never fills it.
	VerifiedBy string `json:"verified_by,omitempty" yaml:"verified_by,omitempty"`
}

// InForceOn reports whether the procedure may be carried out on that day.
func (e *Entry) InForceOn(day time.Time) bool {
	d := day.Format(time.DateOnly)
	return e.Status.InForce() && (e.ValidFrom == "" || e.ValidFrom <= d) && (e.ValidTo == "" || d < e.ValidTo)
}

// Limits of one entry. The longest real ones stay well below: the national
// file's largest entry has about 90 KiB of text.
const (
	MaxEntryText  = 512 << 10 // bytes over all its strings
	MaxNameRunes  = 2000
	MaxListLength = 500
)

// A Problem is one thing wrong with an entry, for the report of an import.
type Problem struct {
	Field  string // JSON key
	Reason string // English, for the operator
}

func (p Problem) String() string { return p.Field + ": " + p.Reason }

// Validate returns everything that is wrong with the entry; nil when it may be stored.
func (e *Entry) Validate() []Problem {
	var ps []Problem
	bad := func(field, format string, args ...any) {
		ps = append(ps, Problem{field, fmt.Sprintf(format, args...)})
	}
	if !validCode(e.Code) {
		bad("code", "%q is not a procedure code: 1 to 40 letters, digits, '.', '-' or '_'", clip(e.Code))
	}
	switch n := utf8.RuneCountInString(e.Name); {
	case strings.TrimSpace(e.Name) == "":
		bad("name", "is empty")
	case n > MaxNameRunes:
		bad("name", "has %d letters, at most %d", n, MaxNameRunes)
	}
	if e.Kind != Procedure && e.Kind != Explainer {
		bad("kind", "%q is not known; leave it out or write explainer", clip(string(e.Kind)))
	}
	switch e.Status {
	case "", Published, Amended, Replaced, Abolished:
	default:
		bad("status", "%q is not one of published, amended, replaced, abolished", clip(string(e.Status)))
	}
	if e.Status == Replaced && len(e.ReplacedBy) == 0 {
		bad("replaced_by", "a replaced procedure names the code that replaces it")
	}
	for _, d := range []struct{ field, value string }{
		{"updated", e.Updated}, {"valid_from", e.ValidFrom}, {"valid_to", e.ValidTo}, {"verified_at", e.VerifiedAt},
	} {
		if d.value == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, d.value); err != nil {
			bad(d.field, "%q is not a date like 2026-11-22", clip(d.value))
		}
	}
	if e.ValidFrom != "" && e.ValidTo != "" && e.ValidTo <= e.ValidFrom {
		bad("valid_to", "%s is not after valid_from %s", clip(e.ValidTo), clip(e.ValidFrom))
	}
	for _, u := range []struct{ field, value string }{{"online_url", e.OnlineURL}, {"source_url", e.SourceURL}} {
		if u.value != "" && !webURL(u.value) {
			bad(u.field, "%q is not an http or https address", clip(u.value))
		}
	}
	for i, d := range e.Documents {
		if strings.TrimSpace(d.Name) == "" {
			bad("documents", "number %d has no name", i+1)
		}
		if d.FormURL != "" && !webURL(d.FormURL) {
			bad("documents", "form_url %q of number %d is not an http or https address", clip(d.FormURL), i+1)
		}
	}
	for i, m := range e.Methods {
		if m.URL != "" && !webURL(m.URL) {
			bad("methods", "url %q of number %d is not an http or https address", clip(m.URL), i+1)
		}
	}
	total := 0
	longest := max(len(e.Audience), len(e.Aliases), len(e.Documents), len(e.Steps), len(e.Methods),
		len(e.Cases), len(e.Mistakes), len(e.Results), len(e.LegalBasis), len(e.LifeEvents), len(e.ReplacedBy))
	if longest > MaxListLength {
		bad("lists", "a list has %d items, at most %d", longest, MaxListLength)
	}
	invalid := false
	e.EachText(func(s *string) {
		total += len(*s)
		invalid = invalid || !utf8.ValidString(*s) || strings.ContainsRune(*s, 0)
	})
	if invalid {
		bad("text", "holds bytes that are not valid UTF-8 or a NUL")
	}
	if total > MaxEntryText {
		bad("text", "has %d bytes, at most %d", total, MaxEntryText)
	}
	return ps
}

// EachText calls f with every free-text string of the entry, so that a caller
// can normalise or measure them without listing the fields again.
func (e *Entry) EachText(f func(*string)) {
	for _, s := range []*string{&e.Code, &e.Name, &e.Field, &e.Level, &e.Agency, &e.Promulgator, &e.Summary, &e.Time,
		&e.Fee, &e.Conditions, &e.OnlineURL, &e.SourceURL, &e.Decision, &e.VerifiedBy} {
		f(s)
	}
	for _, list := range [][]string{e.Audience, e.Aliases, e.Cases, e.Mistakes, e.Results, e.LegalBasis, e.LifeEvents, e.ReplacedBy} {
		for i := range list {
			f(&list[i])
		}
	}
	for i := range e.Documents {
		d := &e.Documents[i]
		f(&d.Case)
		f(&d.Name)
		f(&d.Qty)
		f(&d.FormURL)
	}
	for i := range e.Steps {
		f(&e.Steps[i].Name)
		f(&e.Steps[i].Text)
	}
	for i := range e.Methods {
		m := &e.Methods[i]
		f(&m.Channel)
		f(&m.Time)
		f(&m.Fee)
		f(&m.URL)
	}
}

func validCode(s string) bool {
	if len(s) == 0 || len(s) > 40 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func webURL(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && len(s) <= 2000 &&
		!strings.ContainsAny(s, " \t\r\n\"<>")
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
