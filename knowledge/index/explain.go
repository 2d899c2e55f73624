package index

import (
	"strconv"
	"strings"

	"cchcbot/knowledge"
)

// Explanation is how a question was read, what was looked at and why it ended so, for
// people who look after the content. It is what Search does, told step by step.
type Explanation struct {
	Found  knowledge.Found
	Reason Reason
	// Read are the words as they were read, in order: mended and brought into one form.
	Read       []Said
	Expansions []Expansion
	Second     bool // the reading with the ambiguous words of the lexicon was taken
	Candidates []Scored
	// Scope is how likely the message is about any procedure, Sure how likely the best candidate
	// is the one that was meant; 0 to 1.
	Scope, Sure float64

	named, open bool // it is said word for word; an open wish is
}

// Reason says in a word why a search ended as it did.
type Reason string

// The reasons.
const (
	ByCode  Reason = "code"    // the question names a code
	Nothing Reason = "nothing" // no word leads anywhere
	Unsure  Reason = "unsure"  // too little speaks for any procedure
	Close   Reason = "near"    // several are near each other, or none is sure enough
	Sure    Reason = "sure"    // one is well ahead
	Named   Reason = "named"   // one is said word for word
	Open    Reason = "open"    // it is a wish that fits several
)

// Said is a word of a question. Weight 0 says that it does not count for the topic.
type Said struct {
	Text   string
	Weight float64
}

// Expansion is an everyday term of the question with its official readings.
type Expansion struct {
	From string
	To   []string
}

// Scored is a candidate with its features.
type Scored struct {
	Entry    *knowledge.Entry
	Score    float64
	Features []Feature // those that are not 0
}

// Feature is one measure of a candidate and what it adds to the score.
type Feature struct {
	Name   string
	Value  float64
	Points float64
}

// featureNames are how people read the features; one that has no name here shows its number.
var featureNames = [numFeatures]string{
	fCover: "cover", fNamed: "named", fAlias: "alias", fBoth: "both", fPairs: "pairs", fBM: "bm25", fPlain: "plain", fAction: "action",
	fActionNo: "other-action", fQual: "circumstance", fQualMiss: "circumstance-missing", fQualMore: "circumstance-more", fClash: "age",
	fCommune: "commune", fCurated: "known", fMeant: "learnt", fMeantLog: "learnt-close", fField: "field", fStale: "not-in-force", fExplain: "explainer",
	fNearName: "name-close", fNearAlias: "alias-close", fMass: "mass",
}

// maxExplained is how many candidates are told.
const maxExplained = 10

// Explain answers a question as Search does, without a conversation before it, and tells how.
func (x *Index) Explain(query knowledge.Query) Explanation {
	query.Context = ""
	out := Explanation{Found: x.Search(query)}
	q := x.read(query.Text, false)
	if _, ok := x.byNumber(q); ok {
		out.Reason, out.Read = ByCode, saidWords(q)
		return out
	}
	if first := x.answer(q, query.Field, maxExplained); first.Outcome != knowledge.Answer && q.hasMaybe {
		if again := x.again(q); better(x.answer(again, query.Field, maxExplained), first) {
			q, out.Second = again, true
		}
	}
	x.explain(&out, q, query)
	out.Reason = reasonOf(out)
	return out
}

// explain ranks a reading and keeps what it saw.
func (x *Index) explain(out *Explanation, q *question, query knowledge.Query) {
	out.Read, out.Expansions = saidWords(q), x.expansions(q)
	s := x.scratch()
	defer x.release(s)
	x.candidates(q, s)
	if len(s.found) == 0 {
		return
	}
	x.rank(q, query.Field, s)
	x.lead(q, query.Field, s)
	if len(s.found) == 0 {
		return
	}
	out.named, out.open = s.whole == saidName, s.whole == saidOpen || s.openLeads()
	e := x.evidence(q, s)
	out.Scope, out.Sure = e.logistic(&scopeWeights), e.logistic(&sureWeights)
	for i, c := range s.found[:min(len(s.found), maxExplained)] {
		sc := Scored{Entry: x.hit(&x.docs[c.doc], q.level, 1).Entry, Score: c.score}
		for k, v := range c.f {
			if v == 0 || weights[k] == 0 {
				continue
			}
			name := featureNames[k]
			if name == "" {
				name = "f" + strconv.Itoa(k)
			}
			sc.Features = append(sc.Features, Feature{name, float64(v), float64(v * weights[k])})
		}
		if lead := c.score - x.score(&c.f); out.named && i == 0 && lead > 0 {
			sc.Features = append(sc.Features, Feature{"word-for-word", 1, lead})
		}
		out.Candidates = append(out.Candidates, sc)
	}
}

func reasonOf(e Explanation) Reason {
	switch {
	case len(e.Candidates) == 0:
		return Nothing
	case e.Found.Outcome == knowledge.Answer && e.named:
		return Named
	case e.Found.Outcome == knowledge.Answer:
		return Sure
	case e.Found.Outcome == knowledge.Choose && e.open:
		return Open
	case e.Found.Outcome == knowledge.Choose:
		return Close
	}
	return Unsure
}

// saidWords are the words with what each counts for the topic.
func saidWords(q *question) []Said {
	out := make([]Said, 0, len(q.tokens))
	weight := map[int]float64{}
	for _, u := range q.units {
		if u.at >= 0 {
			weight[u.at] += float64(u.weight)
		}
	}
	for i, t := range q.tokens {
		out = append(out, Said{t.Exact, weight[i]})
	}
	return out
}

func (x *Index) expansions(q *question) []Expansion {
	texts := map[word]string{}
	for text, w := range x.words.id {
		texts[w] = text
	}
	var out []Expansion
	for _, m := range q.matches {
		if m.from < 0 || m.to > len(q.tokens) || m.from >= m.to {
			continue
		}
		var from []string
		for _, t := range q.tokens[m.from:m.to] {
			from = append(from, t.Exact)
		}
		e := Expansion{From: strings.Join(from, " ")}
		for _, r := range m.readings {
			var to []string
			for _, w := range r {
				to = append(to, texts[w])
			}
			e.To = append(e.To, strings.Join(to, " "))
		}
		out = append(out, e)
	}
	return out
}
