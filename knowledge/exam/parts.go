package exam

import (
	"slices"

	"cchcbot/knowledge"
)

// Part is a part of the in-scope questions whose figures are told apart.
type Part string

// The parts. Clear questions have one right procedure and ask one thing.
const (
	Curated   Part = "curated"   // clear, and somebody wrote an entry for a right procedure
	National  Part = "national"  // clear, and known from the national list alone
	Ambiguous Part = "ambiguous" // only a question back can settle it
	Two       Part = "two"       // asks two things at once
)

// Parts lists the parts in the order of a report.
var Parts = [...]Part{Curated, National, Ambiguous, Two}

// Tags that decide the part of a question.
const (
	tagAmbiguous = "ambiguous"
	tagTwo       = "two"
	tagNational  = "national"
)

// part is where an in-scope question counts.
func (q *Question) part(curated func(code string) bool) Part {
	switch {
	case slices.Contains(q.Tags, tagAmbiguous):
		return Ambiguous
	case slices.Contains(q.Tags, tagTwo):
		return Two
	case curated != nil && slices.ContainsFunc(q.Codes, curated):
		return Curated
	case curated != nil || slices.Contains(q.Tags, tagNational):
		return National
	}
	return Curated
}

// PartReport is the figures of one part, defined as in Report.
type PartReport struct {
	Questions int   `json:"questions"`
	Top1      Share `json:"top1"`
	Top3      Share `json:"top3"`
	Refused   Share `json:"refused"`    // outcome unknown
	Diverted  Share `json:"diverted"`   // outcome talk or handoff
	AskedBack Share `json:"asked_back"` // outcome choose
	Both      Share `json:"both"`       // answered two right procedures
	Facet     Share `json:"facet"`
}

func (p *PartReport) add(a Answer) {
	out := a.Found.Outcome
	p.Questions++
	p.Top1.add(a.Rank == 1)
	p.Top3.add(a.Rank >= 1 && a.Rank <= 3)
	p.Refused.add(out == knowledge.Unknown)
	p.Diverted.add(out == knowledge.Talk || out == knowledge.Handoff)
	p.AskedBack.add(out == knowledge.Choose)
	p.Both.add(both(a))
	if a.Question.Facet != "" {
		p.Facet.add(a.Found.Facet == a.Question.Facet)
	}
}

// both reports that two procedures were answered, each a right one.
func both(a Answer) bool {
	f := a.Found
	if a.Rank != 1 || f.Also == nil || len(f.Also.Hits) == 0 {
		return false
	}
	first, second := f.Hits[0], f.Also.Hits[0]
	return right(a.Question, second) && first.Entry != nil && second.Entry != nil && first.Entry.Code != second.Entry.Code
}

// Cause is why a question counts as missed.
type Cause string

// The causes, the dearest first.
const (
	Refused    Cause = "refused"    // in scope, "we do not know"
	Diverted   Cause = "diverted"   // in scope, taken for talk or another feature
	Other      Cause = "other"      // in scope, another procedure of another field
	Sibling    Cause = "sibling"    // in scope, another procedure of the right field
	Near       Cause = "near"       // in scope, the right one is in the list but not first
	OutOfScope Cause = "outofscope" // out of scope, and answered
	NotAsked   Cause = "notasked"   // ambiguous, and answered without a question back
	WrongFacet Cause = "facet"      // right procedure, wrong side of it
)

// Causes lists the causes in the order of a report.
var Causes = [...]Cause{Refused, Diverted, Other, Sibling, Near, OutOfScope, NotAsked, WrongFacet}

// Cause says why an answer counts as missed, "" when nothing is wrong with it.
// field gives the field of a code, "" when it is not known; it may be nil.
func (a Answer) Cause(field func(code string) string) Cause {
	q, out := a.Question, a.Found.Outcome
	aside := out == knowledge.Talk || out == knowledge.Handoff
	switch {
	case q.OutOfScope && !aside && out != knowledge.Unknown:
		return OutOfScope
	case q.OutOfScope:
		return ""
	case aside:
		return Diverted
	case out == knowledge.Unknown || len(a.Found.Hits) == 0:
		return Refused
	case a.Rank > 1:
		return Near
	case a.Rank == 0:
		if field != nil && a.Found.Hits[0].Entry != nil {
			got := a.Found.Hits[0].Entry.Field
			if slices.ContainsFunc(q.Codes, func(c string) bool { return got != "" && field(c) == got }) {
				return Sibling
			}
		}
		return Other
	case slices.Contains(q.Tags, tagAmbiguous) && out != knowledge.Choose:
		return NotAsked
	case q.Facet != "" && q.Facet != a.Found.Facet:
		return WrongFacet
	}
	return ""
}
