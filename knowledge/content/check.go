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
	// needs code and name, and everyday names of its own. nil: all of them.
	// IsWritten fits a store of curated and imported entries.
	Curated func(*knowledge.Entry) bool
	// NFC tells whether a text is in Unicode's form C. nil: not checked.
	NFC func(string) bool
	// National is the list that curated entries are compared with: their codes
	// must be in it, their names and fees must not contradict it. nil: they are
	// not compared. Its codes count as known.
	National *NationalList
	// Fold makes names comparable that citizens take for one, as without tones.
	// nil: lower case.
	Fold func(string) string
	// Splits tells whether a question back, which the alias does not answer
	// itself, can tell two entries apart, so that they may share it. nil: none can.
	Splits func(alias string, a, b *knowledge.Entry) bool
	// Known tells whether a code exists outside of the entries given, for
	// replaced_by. nil: it does not.
	Known func(code string) bool
}

// IsCurated reports whether somebody wrote plain words for the entry: the
// national database has neither summaries nor the names citizens use.
func IsCurated(e *knowledge.Entry) bool { return e.Summary != "" || len(e.Aliases) > 0 }

// IsWritten reports whether the entry is held to the rules of curated content:
// somebody wrote what it is. An everyday name alone, which answers a question
// that citizens ask, leaves the national words as they are.
func IsWritten(e *knowledge.Entry) bool { return e.Summary != "" }

// Bounds of curated content.
const (
	minAliases       = 3
	maxSentenceWords = 25
)

// Check holds entries to the rules of docs/knowledge.md and returns what it
// finds, in the order of the entries.
func Check(entries []*knowledge.Entry, opt CheckOptions) []Finding {
	if opt.Fold == nil {
		opt.Fold = strings.ToLower
	}
	c := &checker{opt: opt, codes: make(map[string]int), aliases: make(map[string]*knowledge.Entry), names: make(map[string][]*knowledge.Entry)}
	for _, e := range entries {
		c.codes[e.Code]++
		if e.Status.InForce() {
			name := c.called(e.Name)
			c.names[name] = append(c.names[name], e)
		}
	}
	for _, e := range entries {
		c.entry(e)
	}
	return c.findings
}

type checker struct {
	opt      CheckOptions
	codes    map[string]int
	aliases  map[string]*knowledge.Entry // folded alias to the first entry that has it
	names    map[string][]*knowledge.Entry
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
		if c.codes[code] == 0 && !c.known(code) {
			c.find(Error, "replaced_by", "names %q, which no entry has", clip(code))
		}
	}
	c.verification(e)
	c.texts(e)
	c.own(e)
	if c.opt.Curated == nil || c.opt.Curated(e) {
		c.curated(e)
	}
}

// known reports whether a code exists outside of the entries checked.
func (c *checker) known(code string) bool {
	if c.opt.National != nil {
		if _, ok := c.opt.National.Record(code); ok {
			return true
		}
	}
	return c.opt.Known != nil && c.opt.Known(code)
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
	c.national(e)
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

// own finds everyday names that lead to another entry too.
func (c *checker) own(e *knowledge.Entry) {
	name := c.called(e.Name)
	for _, alias := range e.Aliases {
		folded := c.called(alias)
		switch first, taken := c.aliases[folded]; {
		case taken && first.Code == e.Code:
			c.find(Error, "aliases", "%q stands twice", clip(alias))
			continue
		case taken && !c.splits(alias, first, e):
			c.find(Error, "aliases", "%q is also an alias of %s; a citizen's words should lead to one of them", clip(alias), first.Code)
			continue
		case !taken:
			c.aliases[folded] = e
		}
		if folded == name {
			continue // its own name, which the national list may have at several offices
		}
		for _, o := range c.names[folded] {
			if o.Code != e.Code && !c.splits(alias, o, e) {
				c.find(Error, "aliases", "%q is also the name of %s; a citizen's words should lead to one of them", clip(alias), o.Code)
				break
			}
		}
	}
}

func (c *checker) splits(alias string, a, b *knowledge.Entry) bool {
	return c.opt.Splits != nil && c.opt.Splits(alias, a, b)
}

// called is a name as it is compared: folded, without punctuation and without the word that names begin with.
func (c *checker) called(name string) string {
	key := words(c.opt.Fold(name))
	if short, ok := strings.CutPrefix(key, words(c.opt.Fold(leadingWords))+" "); ok && strings.Contains(short, " ") {
		return short
	}
	return key
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
