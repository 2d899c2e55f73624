package index

import (
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Ranked is a candidate as the ranking saw it, for tests and for fitting.
type Ranked struct {
	Hit   knowledge.Hit
	Score float64
	F     []float32
}

// NumFeatures is how many features a candidate has.
const NumFeatures = int(numFeatures)

// Weights returns the weights of the features.
func Weights() []float32 { return weights[:] }

// OfScope tells the evidence that the model of the scope goes by, and CuesOfScope what of it
// comes from the phrases of cues.tsv for what no office does.
func OfScope(evidence int) bool     { return scopeWeights[evidence] != 0 }
func CuesOfScope(evidence int) bool { return evidence == eOutside || evidence == eSmallOut }

// OfMeant tells the evidence that comes from what was learnt from messages.
func OfMeant(evidence int) bool { return evidence >= eMeant }

// Unheard tells the evidence that nothing was learnt of a message.
func Unheard(evidence int) bool { return evidence == eUnheard }

// Examine returns the candidates of a question, ranked, and the evidence for the best.
func (x *Index) Examine(text string) ([]Ranked, []float32) {
	q := x.read(text, false)
	s := x.scratch()
	defer x.release(s)
	x.candidates(q, s)
	if len(s.found) == 0 {
		return nil, nil
	}
	x.rank(q, "", s)
	x.lead(q, "", s)
	if len(s.found) == 0 {
		return nil, nil
	}
	var out []Ranked
	for _, c := range s.found {
		f := c.f
		out = append(out, Ranked{x.hit(&x.docs[c.doc], q.level, 1), c.score, f[:]})
	}
	e := x.evidence(q, s)
	return out, e[:]
}

// Side is the side of a procedure that a text asks for.
func (x *Index) Side(text string) knowledge.Facet { return x.read(text, false).facet }

// Mended returns the words of a text as typed and as read, where the speller
// changed them.
func (x *Index) Mended(text string) (typed, meant []string) {
	text = x.lex.Repair(vietnamese.Clean(text))
	in := x.lex.Normalize(vietnamese.Tokens(text))
	out := x.spell.Correct(in)
	for i, k := 0, 0; i < len(in); i++ {
		var words []string
		for k < len(out) && out[k].Start == in[i].Start && out[k].End == in[i].End && (len(words) == 0 || i+1 == len(in) || in[i+1].Start != in[i].Start) {
			words = append(words, out[k].Exact)
			k++
		}
		if got := strings.Join(words, " "); got != in[i].Exact {
			typed, meant = append(typed, in[i].Exact), append(meant, got)
		}
	}
	return typed, meant
}

// SideFeatures gives what the learnt weights look at in a text.
func (x *Index) SideFeatures(text string) map[string]float32 {
	q := x.read(text, false)
	features := map[string]float32{}
	sideFeatures(text, q.tokens, silentWords(text, q.tokens, x.sidesOf(text, q.tokens, q.toned)), func(feature []byte, value float32) {
		features[string(feature)] = value
	})
	return features
}

// SideTable is the text of a table of learnt weights, for each feature one per facet.
func SideTable(weights map[string]*[len(knowledge.Facets)]float32) string {
	w := &sideWords{weights: map[string]*sideScores{}}
	for f, s := range weights {
		w.weights[f] = (*sideScores)(s)
	}
	return w.String()
}

// UseSides puts other weights in the place of the learnt ones.
func (x *Index) UseSides(table string) (err error) {
	x.talk.sideWords, err = readSideWords(table)
	return err
}

// MeantFeatures counts what the learnt weights of meant.tsv.gz look at in a text.
func (x *Index) MeantFeatures(text string) map[string]int {
	out := map[string]int{}
	ts := x.read(text, false).tokens
	for i, t := range ts {
		out[t.Folded]++
		if i+1 < len(ts) {
			out[t.Folded+" "+ts[i+1].Folded]++
		}
		if t.Exact != t.Folded {
			out["="+t.Exact]++
		}
	}
	return out
}

// UseMeant takes another table of learnt weights.
func (x *Index) UseMeant(table string) (err error) {
	x.meant, err = readMeant(strings.NewReader(table))
	return err
}

// CheckMeant reads a table of learnt weights.
func CheckMeant(table string) error {
	_, err := readMeant(strings.NewReader(table))
	return err
}

// Meant says how likely a text means each class.
func (x *Index) Meant(text string) []float32 { return x.meant.likely(x.read(text, false).tokens) }

// GivenNames are the everyday names of a code that everyday.tsv has.
func (x *Index) GivenNames(code string) []string { return x.given[code] }
