package content

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cchcbot/knowledge"
)

// Severity says whether a finding must be mended.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the rule is broken; `knowledge check` fails
	Warning Severity = "warning" // somebody should look
)

// A Finding is one thing to mend or to look at.
type Finding struct {
	Code     string // of the entry
	Field    string // key
	Text     string // English, for the operator
	Severity Severity
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.Severity, f.Code, f.Field, f.Text)
}

// CheckOptions say what the entries are held to.
type CheckOptions struct {
	// Curated tells which entries meet the rules of curated content; the rest
	// needs code and name only. nil: all of them. IsCurated fits a store of
	// curated and imported entries.
	Curated func(*knowledge.Entry) bool
	// NFC tells whether a text is in Unicode's form C. nil: not checked.
	NFC func(string) bool
	// Known tells whether a code exists outside of the entries given, for
	// replaced_by. nil: it does not.
	Known func(code string) bool
}

// IsCurated reports whether somebody wrote plain words for the entry: the
// national database has neither summaries nor the names citizens use.
func IsCurated(e *knowledge.Entry) bool { return e.Summary != "" || len(e.Aliases) > 0 }

// Bounds of curated content.
const (
	minAliases       = 3
	maxSentenceWords = 25
)

// Check holds entries to the rules of docs/knowledge.md and returns what it
// finds, in the order of the entries.
func Check(entries []*knowledge.Entry, opt CheckOptions) []Finding {
	c := &checker{opt: opt, codes: make(map[string]int), aliases: make(map[string]string)}
	for _, e := range entries {
		c.codes[e.Code]++
	}
	for _, e := range entries {
		c.entry(e)
	}
	return c.findings
}

type checker struct {
	opt      CheckOptions
	codes    map[string]int
	aliases  map[string]string // folded alias to the code that has it
	findings []Finding
	at       string
}

func (c *checker) find(s Severity, key, format string, args ...any) {
	c.findings = append(c.findings, Finding{Code: c.at, Field: key, Text: fmt.Sprintf(format, args...), Severity: s})
}

func (c *checker) entry(e *knowledge.Entry) {
	c.at = e.Code
	for _, p := range e.Validate() {
		c.find(Error, p.Field, "%s", p.Reason)
	}
	if c.codes[e.Code] > 1 {
		c.find(Error, "code", "is used by %d entries", c.codes[e.Code])
	}
	for _, code := range e.ReplacedBy {
		if c.codes[code] == 0 && (c.opt.Known == nil || !c.opt.Known(code)) {
			c.find(Error, "replaced_by", "names %q, which no entry has", clip(code))
		}
	}
	c.verification(e)
	c.texts(e)
	if c.opt.Curated == nil || c.opt.Curated(e) {
		c.curated(e)
	}
}

func (c *checker) verification(e *knowledge.Entry) {
	if e.VerifiedBy != "" && e.VerifiedAt == "" {
		c.find(Error, "verified_at", "is empty, but verified_by names an officer")
	}
	if e.VerifiedAt != "" && e.VerifiedBy == "" {
		c.find(Error, "verified_by", "is empty, but verified_at gives a day: only a named officer verifies")
	}
}

// texts looks at what every text must be, curated or not.
func (c *checker) texts(e *knowledge.Entry) {
	eachText(e, func(key, s string) {
		if c.opt.NFC != nil && !c.opt.NFC(s) {
			c.find(Error, key, "is not in Unicode form NFC; read it through the import")
		}
		if r, ok := hidden(s); ok {
			c.find(Warning, key, "holds the invisible or damaged character %U", r)
		}
	})
}

// curated holds an entry to what a curator promises the citizen.
func (c *checker) curated(e *knowledge.Entry) {
	need := func(key string, missing bool) {
		if missing {
			c.find(Error, key, "is empty; a curated entry has it")
		}
	}
	need("summary", e.Summary == "")
	need("source_url", e.SourceURL == "")
	need("updated", e.Updated == "")
	need("legal_basis", len(e.LegalBasis) == 0)
	if len(e.Aliases) < minAliases {
		c.find(Error, "aliases", "has %d, a curated entry has at least %d", len(e.Aliases), minAliases)
	}
	if e.Kind != knowledge.Explainer {
		// Where no paper is asked for, one row says so: an empty list could as
		// well mean that nobody looked.
		need("documents", len(e.Documents) == 0)
		need("time", e.Time == "")
		need("fee", e.Fee == "")
		need("agency", e.Agency == "")
	}
	for _, alias := range e.Aliases {
		folded := strings.Join(strings.Fields(strings.ToLower(alias)), " ")
		switch first, taken := c.aliases[folded]; {
		case taken && first == e.Code:
			c.find(Error, "aliases", "%q stands twice", clip(alias))
		case taken:
			c.find(Error, "aliases", "%q is also an alias of %s; a citizen's words should lead to one of them", clip(alias), first)
		default:
			c.aliases[folded] = e.Code
		}
	}
	for _, s := range sentences(e.Summary) {
		if n := len(strings.Fields(s)); n > maxSentenceWords {
			c.find(Warning, "summary", "a sentence has %d words, at most %d", n, maxSentenceWords)
		}
	}
	eachText(e, func(key, s string) {
		if key != "code" && key != "replaced_by" && !strings.HasSuffix(key, "url") && phone.MatchString(s) {
			c.find(Error, key, "holds what looks like a phone number; numbers belong in the directory, where they expire")
		}
	})
}

// phone finds Vietnamese subscriber and service numbers, however grouped. Decree
// and form numbers ("01/2024/NĐ-CP"), dates and amounts ("50.000") do not match.
var phone = regexp.MustCompile(`(?:^|[^0-9/.,-])(?:(?:\+?84|0)[ .-]?[2-9](?:[ .-]?[0-9]){7,9}|1[89]00[ .]?[0-9]{4}(?:[ .]?[0-9]{2})?)(?:$|[^0-9/])`)

// sentences cuts a text at full stops, question and exclamation marks that end
// a word.
func sentences(s string) []string {
	var all []string
	var words []string
	for word := range strings.FieldsSeq(s) {
		words = append(words, word)
		if strings.ContainsAny(word[len(word)-1:], ".?!;") {
			all, words = append(all, strings.Join(words, " ")), nil
		}
	}
	if len(words) > 0 {
		all = append(all, strings.Join(words, " "))
	}
	return all
}

// eachText calls f with every text that is not empty and its key.
func eachText(e *knowledge.Entry, f func(key, s string)) {
	call := func(key, s string) {
		if s != "" {
			f(key, s)
		}
	}
	for _, fd := range fields {
		switch {
		case fd.text != nil:
			call(fd.key, *fd.text(e))
		case fd.list != nil:
			for _, s := range *fd.list(e) {
				call(fd.key, s)
			}
		case fd.group != nil:
			for i := range fd.group.count(e) {
				for j, s := range fd.group.cells(e, i) {
					call(fd.key+"."+fd.group.keys[j], *s)
				}
			}
		}
	}
}

// hidden finds characters that a reader does not see or that stand for lost
// ones: direction marks, zero-width spaces, the replacement character.
func hidden(s string) (rune, bool) {
	for _, r := range s {
		if r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r == 0xfffd {
			return r, true
		}
	}
	return 0, false
}

// HasErrors reports whether a finding must be mended.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}
