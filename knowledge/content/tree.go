package content

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// A value is a piece of JSON or YAML before it is known what it should be.
// Both formats are read into it so that wrong types, unknown keys and doubled
// keys are judged in one way.
type value struct {
	kind  kind
	text  string // of a text, a number or a boolean, as written
	list  []value
	pairs []pair
}

type pair struct {
	key   string
	value value
}

type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	list
	object
)

func (k kind) String() string {
	return [...]string{"nothing", "a text", "a number", "true or false", "a list", "an object"}[k]
}

// maxDepth is how deep a value may nest; an entry needs three levels.
const maxDepth = 8

// maxUnknown bounds how many unknown keys one row reports.
const maxUnknown = 20

// builder turns a value into an entry and notes what it could not use.
type builder struct {
	code     string // of a row without an entry
	entry    *knowledge.Entry
	absent   []string
	unknown  []string
	notes    []knowledge.Problem
	problems []knowledge.Problem
}

func (b *builder) bad(key, format string, args ...any) {
	b.problems = append(b.problems, knowledge.Problem{Field: key, Reason: fmt.Sprintf(format, args...)})
}

func (b *builder) stranger(key string) {
	if len(b.unknown) < maxUnknown {
		b.unknown = append(b.unknown, clip(key))
	}
}

// build reads an entry out of a value. The entry is nil when the value is no
// object at all.
func build(v value) *builder {
	b := &builder{}
	if v.kind != object {
		b.bad("entry", "is %s; an object with code and name is needed", v.kind)
		return b
	}
	b.entry = &knowledge.Entry{}
	seen := make(map[string]bool, len(v.pairs))
	for _, p := range v.pairs {
		f, ok := fieldOf(p.key)
		switch {
		case !ok:
			b.stranger(p.key)
		case seen[p.key]:
			b.bad(p.key, "stands twice in the entry")
		default:
			b.set(f, p.value)
		}
		seen[p.key] = true
	}
	return b
}

func (b *builder) set(f field, v value) {
	if v.kind == null {
		return
	}
	switch {
	case f.text != nil:
		*f.text(b.entry) = b.text(f.key, v)
	case f.flag != nil:
		if v.kind != boolean {
			b.bad(f.key, "is %s, not true or false", v.kind)
			return
		}
		*f.flag(b.entry) = v.text == "true"
	case f.list != nil:
		if !b.isList(f.key, v) {
			return
		}
		items := make([]string, len(v.list))
		for i, item := range v.list {
			items[i] = b.text(f.key, item)
		}
		*f.list(b.entry) = items
	case f.group != nil:
		b.group(f, v)
	}
}

func (b *builder) isList(key string, v value) bool {
	if v.kind != list {
		b.bad(key, "is %s, not a list", v.kind)
		return false
	}
	// Checked before anything is allocated for the items.
	if len(v.list) > knowledge.MaxListLength {
		b.bad(key, "has %d items, at most %d", len(v.list), knowledge.MaxListLength)
		return false
	}
	return true
}

func (b *builder) group(f field, v value) {
	if !b.isList(f.key, v) {
		return
	}
	f.group.size(b.entry, len(v.list))
	for i, item := range v.list {
		if item.kind != object {
			b.bad(f.key, "number %d is %s, not an object with %s", i+1, item.kind, strings.Join(f.group.keys, ", "))
			continue
		}
		cells := f.group.cells(b.entry, i)
		seen := make(map[string]bool, len(cells))
		for _, p := range item.pairs {
			at := f.group.index(p.key)
			switch {
			case at < 0:
				b.stranger(f.key + "." + p.key)
			case seen[p.key]:
				b.bad(f.key, "%s stands twice in number %d", p.key, i+1)
			default:
				*cells[at] = b.text(f.key+"."+p.key, p.value)
			}
			seen[p.key] = true
		}
	}
}

// text reads a text. A number counts as the text it was written as: nobody
// should have to put quotes around a code or an amount.
func (b *builder) text(key string, v value) string {
	switch v.kind {
	case text, number:
		return v.text
	case null:
		return ""
	}
	b.bad(key, "is %s, not a text", v.kind)
	return ""
}

// finish cleans every text of the entry and adds what Validate finds.
func (b *builder) finish(normalize func(string) string) {
	if b.entry == nil {
		return
	}
	b.clean(normalize)
	b.problems = append(b.problems, b.entry.Validate()...)
}

// clean brings every text into one form: normalised, line ends as \n, no space
// around it, no empty list items. Characters that a file format or a screen
// cannot hold are a problem, not removed in silence.
func (b *builder) clean(normalize func(string) string) {
	forbidden := false
	tidy := func(key string, s *string) {
		if *s == "" {
			return
		}
		if normalize != nil && utf8.ValidString(*s) {
			*s = normalize(*s)
		}
		if strings.Contains(*s, "\r") {
			*s = strings.ReplaceAll(strings.ReplaceAll(*s, "\r\n", "\n"), "\r", "\n")
		}
		*s = strings.TrimSpace(*s)
		if r, ok := unprintable(*s); ok && !forbidden {
			forbidden = true
			b.bad(key, "holds the control character %U; delete it", r)
		}
	}
	for _, f := range fields {
		switch {
		case f.text != nil:
			tidy(f.key, f.text(b.entry))
		case f.list != nil:
			items := f.list(b.entry)
			for i := range *items {
				tidy(f.key, &(*items)[i])
			}
			*items = withoutEmpty(*items)
		case f.group != nil:
			b.tidyGroup(f, tidy)
		}
	}
}

// tidyGroup tidies the records of a group and leaves out those that say
// nothing. The national file has papers with a quantity and no name: they must
// not cost the procedure, so leaving them out is noted and not a problem.
func (b *builder) tidyGroup(f field, tidy func(string, *string)) {
	kept := 0
	for i := range f.group.count(b.entry) {
		from, empty := f.group.cells(b.entry, i), true
		for _, s := range from {
			tidy(f.key, s)
			empty = empty && *s == ""
		}
		if !empty && f.group.void != nil && f.group.void(from) {
			empty = true
			b.notes = append(b.notes, knowledge.Problem{Field: f.key, Reason: fmt.Sprintf("number %d has no name and was left out", i+1)})
		}
		if empty {
			continue
		}
		for j, s := range f.group.cells(b.entry, kept) {
			*s = *from[j]
		}
		kept++
	}
	f.group.size(b.entry, kept)
}

func withoutEmpty(items []string) []string {
	kept := items[:0]
	for _, s := range items {
		if s != "" {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// unprintable finds a character that XML 1.0 or a screen cannot hold. A NUL is
// left to Validate, which names it.
func unprintable(s string) (rune, bool) {
	for _, r := range s {
		switch {
		case r == '\n', r == '\t', r == 0:
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xfffe, r == 0xffff:
			return r, true
		}
	}
	return 0, false
}

// clip makes a piece of the file, or a message that may quote it, fit for an
// error text: short, valid UTF-8, no control characters.
func clip(s string) string {
	const most = 100
	if len(s) > 4*most {
		s = s[:4*most]
	}
	runes := []rune(strings.Map(func(r rune) rune {
		if _, bad := unprintable(string(r)); bad || r == 0 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
