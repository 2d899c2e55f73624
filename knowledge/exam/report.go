package exam

import (
	"encoding/json"
	"fmt"
	"strconv"

	"cchcbot/knowledge"
)

// Report holds the figures of one exam. A question is in scope unless it is
// labelled out_of_scope.
type Report struct {
	Questions int `json:"questions"` // all, in scope or not

	// Top1 and Top3 are shares of the in-scope questions whose first hit, or
	// one of whose first three hits, is right. A hit is right when its entry or
	// any entry of its family has one of the labelled codes. Hits count only
	// when the outcome is answer or choose: what comes with unknown, talk or
	// handoff is not what the citizen reads as an answer.
	Top1 Share `json:"top1"`
	Top3 Share `json:"top3"`
	// MRR is the mean over the in-scope questions of 1/rank of the first right
	// hit, 0 for a question without one, under the same rules.
	MRR Mean `json:"mrr"`
	// Facet is the share of the questions with a facet label (in scope or not)
	// for which that facet was found, whatever the outcome.
	Facet Share `json:"facet"`
	// OutOfScopeRefused is the share of the out-of-scope questions whose
	// outcome is unknown, talk or handoff: no procedure was offered.
	OutOfScopeRefused Share `json:"out_of_scope_refused"`
	// InScopeRefused is the share of the in-scope questions whose outcome is
	// unknown. Lower is better.
	InScopeRefused Share `json:"in_scope_refused"`
	// P50 and P99 are percentiles by nearest rank of the time one question
	// took, in milliseconds, rounded to microseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// ByTag counts the in-scope questions of each tag; a tag that only
	// out-of-scope questions carry is not listed.
	ByTag map[string]TagReport `json:"by_tag"`

	// Diverted is the share of the in-scope questions that were taken for small
	// talk or another feature.
	Diverted Share `json:"diverted"`
	// Refusing judges the refusals: unknown, talk and handoff count as such.
	Refusing Refusing `json:"refusing"`
	// Parts has the in-scope questions by Part; Toneless the same of the second
	// pass, without tone marks, nil when there was none.
	Parts    map[Part]PartReport `json:"parts"`
	Toneless map[Part]PartReport `json:"toneless,omitempty"`
}

// Refusing is how well questions out of scope are told from the others.
type Refusing struct {
	Precision Share `json:"precision"` // of the refused questions, those out of scope
	Recall    Share `json:"recall"`    // of the questions out of scope, those refused
}

// F1 is the harmonic mean of precision and recall, 0 when there is neither.
func (r Refusing) F1() float64 {
	p, c := r.Precision.Value(), r.Recall.Value()
	if p+c == 0 {
		return 0
	}
	return 2 * p * c / (p + c)
}

// MarshalJSON implements json.Marshaler.
func (r Refusing) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]json.RawMessage{
		"precision": number(r.Precision.Value(), r.Precision.Of), "recall": number(r.Recall.Value(), r.Recall.Of),
		"f1": number(r.F1(), r.Recall.Of),
	})
}

// TagReport is Top1 and Top3 of the in-scope questions with one tag.
type TagReport struct {
	Questions int   `json:"questions"`
	Top1      Share `json:"top1"`
	Top3      Share `json:"top3"`
}

// Share is Count out of Of. It marshals as a number from 0 to 1 with four
// decimals, and as null when there was nothing to count: a file without facet
// labels has no facet accuracy, neither 0 nor 1.
type Share struct{ Count, Of int }

// Value is Count divided by Of, from 0 to 1; 0 when Of is 0.
func (s Share) Value() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.Count) / float64(s.Of)
}

// MarshalJSON implements json.Marshaler.
func (s Share) MarshalJSON() ([]byte, error) { return number(s.Value(), s.Of), nil }

func (s Share) String() string {
	if s.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %% (%d of %d)", 100*s.Value(), s.Count, s.Of)
}

func (s *Share) add(hit bool) {
	s.Of++
	if hit {
		s.Count++
	}
}

// Mean is a sum over Of values. It marshals like Share.
type Mean struct {
	Sum float64
	Of  int
}

// Value is the mean; 0 when there are no values.
func (m Mean) Value() float64 {
	if m.Of == 0 {
		return 0
	}
	return m.Sum / float64(m.Of)
}

// MarshalJSON implements json.Marshaler.
func (m Mean) MarshalJSON() ([]byte, error) { return number(m.Value(), m.Of), nil }

func (m Mean) String() string {
	if m.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", m.Value())
}

func number(v float64, of int) []byte {
	if of == 0 {
		return []byte("null")
	}
	return strconv.AppendFloat(nil, round(v, 4), 'f', -1, 64)
}

func (r *Report) add(a Answer, part Part) {
	r.Questions++
	q, out := a.Question, a.Found.Outcome
	if q.Facet != "" {
		r.Facet.add(a.Found.Facet == q.Facet)
	}
	aside := out == knowledge.Talk || out == knowledge.Handoff
	if refused := aside || out == knowledge.Unknown; refused {
		r.Refusing.Precision.add(q.OutOfScope)
	}
	if q.OutOfScope {
		r.OutOfScopeRefused.add(aside || out == knowledge.Unknown)
		r.Refusing.Recall = r.OutOfScopeRefused
		return
	}
	p := r.Parts[part]
	p.add(a)
	r.Parts[part] = p
	r.InScopeRefused.add(out == knowledge.Unknown)
	r.Diverted.add(aside)
	r.Top1.add(a.Rank == 1)
	r.Top3.add(a.Rank >= 1 && a.Rank <= 3)
	r.MRR.Of++
	if a.Rank > 0 {
		r.MRR.Sum += 1 / float64(a.Rank)
	}
	for _, t := range q.Tags {
		tr := r.ByTag[t]
		tr.Questions++
		tr.Top1.add(a.Rank == 1)
		tr.Top3.add(a.Rank >= 1 && a.Rank <= 3)
		r.ByTag[t] = tr
	}
}
