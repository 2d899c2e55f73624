package content

import (
	"slices"
	"strings"
	"unicode"

	"cchcbot/knowledge"
)

// CompareNational tells what an entry that a curator wrote says otherwise than
// the national list: an unknown code, another name, another fee.
func CompareNational(e *knowledge.Entry, list *NationalList) []Finding {
	c := &checker{opt: CheckOptions{National: list}, at: e.Code}
	c.national(e)
	return c.findings
}

// national holds a curated entry against the national list: its code, name and
// fee. Explainers and entries out of force have nothing to compare.
func (c *checker) national(e *knowledge.Entry) {
	l := c.opt.National
	if l == nil || e.Kind == knowledge.Explainer || !e.Status.InForce() {
		return
	}
	r, ok := l.Record(e.Code)
	if !ok {
		// A procedure published after the list's day cannot be in it.
		if max(e.ValidFrom, e.Updated) > l.Day {
			c.find(Warning, "code", "is not in the national list of %s, but the entry is newer: make the list anew", l.Day)
			return
		}
		c.find(Error, "code", "is not in the national list of %s; mend the code, or set status and replaced_by", l.Day)
		return
	}
	if sameName(e.Name) != sameName(r.Name) {
		c.find(Error, "name", "is not the national name %q", clip(r.Name))
	}
	c.fee(ParseFee(feeTexts(e)...), e, r.Fee)
}

// fee compares what an entry says of money with what the national list says.
// An amount is wrong when the list has amounts and not this one; where a
// province, a circular or a percentage sets the fee that is only worth a look.
func (c *checker) fee(said Fee, e *knowledge.Entry, list Fee) {
	severity := Error
	if list.Elsewhere {
		severity = Warning
	}
	var strange []int64
	for _, a := range said.Amounts {
		if !slices.Contains(list.Amounts, a) {
			strange = append(strange, a)
		}
	}
	switch {
	case len(list.Amounts) > 0 && len(strange) > 0:
		c.find(severity, "fee", "names %s, the national list %s", money(strange), money(list.Amounts))
	case len(list.Amounts) > 0 && len(said.Amounts) == 0 && !said.Elsewhere:
		what := "names no amount"
		if said.Free {
			what = "says that nothing is paid"
		}
		c.find(severity, "fee", "%s, the national list names %s", what, money(list.Amounts))
	case list.Free && len(list.Amounts) == 0 && len(strange) > 0:
		c.find(severity, "fee", "names %s, the national list has 0", money(strange))
	case list.Silent() && !list.Elsewhere && (said.Free || len(strange) > 0):
		c.find(Warning, "fee", "says %s, the national list says nothing of a fee", clip(e.Fee))
	}
}

// leadingWords stand before many names of procedures and mean nothing.
const leadingWords = "thủ tục"

// sameName is a name as it is compared: letters and digits, without the word that
// every name could begin with. Two names that differ otherwise are two names.
func sameName(name string) string {
	words := split(strings.ToLower(name))
	if len(words) > 2 && strings.Join(words[:2], " ") == leadingWords {
		words = words[2:]
	}
	return strings.Join(words, " ")
}

// split cuts a text into words of letters and digits; words joins them.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func words(text string) string { return strings.Join(split(text), " ") }
