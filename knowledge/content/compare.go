package content

import (
	"slices"

	"cchcbot/knowledge"
)

// Compare returns the keys in which two entries differ, in the order of the
// format; nil when they are equal. A nil entry counts as one without any text.
func Compare(old, new *knowledge.Entry) []string {
	old, new = orEmpty(old), orEmpty(new)
	var keys []string
	for _, f := range fields {
		if !sameField(f, old, new) {
			keys = append(keys, f.key)
		}
	}
	return keys
}

func orEmpty(e *knowledge.Entry) *knowledge.Entry {
	if e == nil {
		return &knowledge.Entry{}
	}
	return e
}

func sameField(f field, a, b *knowledge.Entry) bool {
	switch {
	case f.text != nil:
		return *f.text(a) == *f.text(b)
	case f.flag != nil:
		return *f.flag(a) == *f.flag(b)
	case f.list != nil:
		return slices.Equal(*f.list(a), *f.list(b))
	}
	if f.group.count(a) != f.group.count(b) {
		return false
	}
	for i := range f.group.count(a) {
		other := f.group.cells(b, i)
		for j, s := range f.group.cells(a, i) {
			if *s != *other[j] {
				return false
			}
		}
	}
	return true
}

// neverFilled are the keys that a national record must not fill in a curated
// entry: whose words these are, who stands for them, and from which day to which
// it counts, for a day to come would take the entry away at once.
func neverFilled(key string) bool {
	switch key {
	case "code", "kind", "summary", "aliases", "updated", "verified_at", "verified_by", "valid_from", "valid_to":
		return true
	}
	return false
}

// Merge joins the record that a national file has for a code to the curated
// entry of that code. It changes neither and shares no list with them.
//
// What a curator wrote stays, whatever the national record says, because a
// person reviewed it and the portal's text was not written for citizens. What
// is empty in the curated entry is filled from the national record, but for
// summary, aliases, the verification and the days of validity. updated stays the curated day: it
// tells the citizen how old the words are that he reads, and those did not
// change. Status is a fact and is filled like the others, so an
// abolition reaches a curated entry that says nothing on its status.
// online_full is true when either says so.
//
// Review tells what a curator should look at afterwards. With one side nil the
// result is a copy of the other.
func Merge(curated, national *knowledge.Entry) *knowledge.Entry {
	if curated == nil {
		return clone(national)
	}
	merged := clone(curated)
	if national == nil {
		return merged
	}
	for _, f := range fields {
		if neverFilled(f.key) || !emptyField(f, merged) {
			continue
		}
		// replaced_by and decision belong to the status they came with.
		if ofStatus(f.key) && curated.Status != "" && curated.Status != national.Status {
			continue
		}
		fill(f, merged, national)
	}
	return merged
}

func ofStatus(key string) bool {
	switch key {
	case "replaced_by", "decision":
		return true
	}
	return false
}

// Review tells what a curator should look at when a national record meets the
// curated entry of its code: that the record is newer than the curated words,
// and where it contradicts them in a way that could mislead a citizen.
func Review(curated, national *knowledge.Entry) []Finding {
	if curated == nil || national == nil {
		return nil
	}
	var found []Finding
	warn := func(key, text string) {
		found = append(found, Finding{Code: curated.Code, Field: key, Text: text, Severity: Warning})
	}
	if national.Updated > curated.Updated {
		was := curated.Updated
		if was == "" {
			was = "no date"
		}
		warn("updated", "source newer than curated text: "+clip(national.Updated)+", curated "+clip(was))
	}
	if curated.Status != "" && national.Status != "" && curated.Status.InForce() != national.Status.InForce() {
		warn("status", "the source says "+clip(string(national.Status))+", the curated entry "+clip(string(curated.Status)))
	}
	if curated.Name != national.Name {
		warn("name", "the source has another name")
	}
	return found
}

func emptyField(f field, e *knowledge.Entry) bool {
	return sameField(f, e, &knowledge.Entry{})
}

func fill(f field, to, from *knowledge.Entry) {
	switch {
	case f.text != nil:
		*f.text(to) = *f.text(from)
	case f.flag != nil:
		*f.flag(to) = *f.flag(from)
	case f.list != nil:
		*f.list(to) = slices.Clone(*f.list(from))
	case f.group != nil:
		f.group.size(to, 0)
		f.group.size(to, f.group.count(from))
		for i := range f.group.count(from) {
			cells := f.group.cells(to, i)
			for j, s := range f.group.cells(from, i) {
				*cells[j] = *s
			}
		}
	}
}

func clone(e *knowledge.Entry) *knowledge.Entry {
	if e == nil {
		return nil
	}
	c := &knowledge.Entry{}
	for _, f := range fields {
		fill(f, c, e)
	}
	return c
}

// Keep fills the keys of e that its file says nothing of from what is published.
func Keep(published, e *knowledge.Entry, absent []string) {
	for _, key := range absent {
		if f, ok := fieldOf(key); ok {
			fill(f, e, published)
		}
	}
}
