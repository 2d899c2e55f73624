package index

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// sideWords is sidewords.tsv: how much words and pairs of words speak for a side.
// The lists of ways of asking are sure where they fit but never complete; this
// weighs all words of a message and was learnt from testdata/facets.tsv.
type sideWords struct {
	weights map[string]*sideScores
}

// sideScores has a number for each of knowledge.Facets.
type sideScores [len(knowledge.Facets)]float32

// sideUnit is what 1 stands for in the table.
const sideUnit = 0.01

func sideIndex(f knowledge.Facet) int { return slices.Index(knowledge.Facets[:], f) }

// readSideWords reads the text of sidewords.tsv.
func readSideWords(data string) (*sideWords, error) {
	w := &sideWords{weights: map[string]*sideScores{}}
	return w, eachRow(data, 2, func(cols []string) error {
		at := sideIndex(knowledge.Facet(cols[0]))
		if at < 0 {
			return fmt.Errorf("side %q is not known", cols[0])
		}
		for _, text := range strings.Split(cols[1], " | ") {
			cut := strings.LastIndexByte(text, ' ')
			if cut < 0 {
				return fmt.Errorf("%q has no weight", text)
			}
			n, err := strconv.Atoi(text[cut+1:])
			if err != nil {
				return fmt.Errorf("weight of %q: %w", text, err)
			}
			s := w.weights[text[:cut]]
			if s == nil {
				s = &sideScores{}
				w.weights[text[:cut]] = s
			}
			s[at] = float32(n) * sideUnit
		}
		return nil
	})
}

// String writes the table.
func (w *sideWords) String() string {
	var b strings.Builder
	for i := range knowledge.Facets {
		row := make([]string, 0, len(w.weights))
		for _, f := range slices.Sorted(maps.Keys(w.weights)) {
			if n := int(math.Round(float64(w.weights[f][i] / sideUnit))); n != 0 {
				row = append(row, fmt.Sprint(f, " ", n))
			}
		}
		fmt.Fprintf(&b, "%s\t%s\n", knowledge.Facets[i], strings.Join(row, " | "))
	}
	return b.String()
}

// askWords may ask, without tones.
var askWords = map[string]bool{"gi": true, "nao": true, "may": true, "nhieu": true, "dau": true, "ai": true, "sao": true, "hay": true,
	"khong": true, "chua": true, "lau": true, "a": true, "gio": true, "ha": true}

// Values of the features: a word, a pair, a word near one that asks.
const (
	oneValue  = 0.5
	pairValue = 0.6
	nearReach = 3
)

// sideFeatures calls see with what the weights look at: words, pairs, and what
// stands up to three words before and behind a word that asks; no pair reaches
// over the end of a clause. Words of silent say nothing. A feature may come twice.
func sideFeatures(text string, ts []vietnamese.Token, silent []bool, see func(feature []byte, value float32)) {
	const stop = ","
	words := make([]string, 0, 2*len(ts))
	for i, t := range ts {
		if i > 0 && clauseEnds(text, ts, i) {
			words = append(words, stop)
		}
		if silent[i] {
			words = append(words, stop)
		} else {
			words = append(words, t.Folded)
		}
	}
	var room [64]byte
	join := func(a, by, b string, value float32) { see(append(append(append(room[:0], a...), by...), b...), value) }
	for i, w := range words {
		if w == stop {
			continue
		}
		join(w, "", "", oneValue)
		if i+1 < len(words) && words[i+1] != stop {
			join(w, " ", words[i+1], pairValue)
		}
		if !askWords[w] {
			continue
		}
		for k := 1; k <= nearReach; k++ {
			if i-k >= 0 && words[i-k] != stop {
				join(w, "<", words[i-k], pairValue)
				join("?", "", words[i-k], pairValue)
			}
			if i+k < len(words) && words[i+k] != stop {
				join(w, ">", words[i+k], pairValue)
				join("?", "", words[i+k], pairValue)
			}
		}
	}
}

// of adds up the scores of the features of a text, each counted once.
func (w *sideWords) of(text string, ts []vietnamese.Token, silent []bool) (out sideScores) {
	seen := make([]*sideScores, 0, 32)
	sideFeatures(text, ts, silent, func(feature []byte, value float32) {
		s := w.weights[string(feature)]
		if s == nil || slices.Contains(seen, s) {
			return
		}
		seen = append(seen, s)
		for i, v := range s {
			out[i] += v * value
		}
	})
	return out
}

// What a side that the lists found counts beside the words.
const (
	listedRight  = 8 // how long a right lasts
	listedPlain  = 4 // its name stands in the question: "điều kiện gì"
	listedAsks   = 3
	listedMild   = 2 // conditions and steps, which yield to the others
	listedNamed  = 1.25
	questionPull = 0.7 // away from no side, when a word asks
)

// chooseSide chooses between the side that the lists found and what the words say.
// Without either a list or a word that asks there is no side to guess.
func (x *Index) chooseSide(text string, ts []vietnamese.Token, toned bool, list []side, found knowledge.Facet) knowledge.Facet {
	listed := found != knowledge.Overview
	silent := silentWords(text, ts, list)
	if !listed && !questioned(text, ts, toned, silent) {
		return found
	}
	scores := x.talk.sideWords.of(text, ts, silent)
	none := sideIndex(knowledge.Overview)
	if scores[none] -= questionPull; listed {
		weight := listedWeight(ts, list, found)
		scores[sideIndex(found)] += weight
		if weight > listedNamed {
			scores[none] = float32(math.Inf(-1))
		}
	}
	best := 0
	for i := range scores {
		if cmp.Less(scores[best], scores[i]) {
			best = i
		}
	}
	return knowledge.Facets[best]
}

// plainNames are the words that name a side and nothing else, without tones.
var plainNames = map[knowledge.Facet][]string{
	knowledge.Conditions: {"dieu kien", "tieu chuan", "tieu chi", "doi tuong"},
	knowledge.Steps:      {"trinh tu", "quy trinh", "cac buoc"},
	knowledge.Time:       {"thoi han", "thoi gian"},
	knowledge.Fee:        {"le phi", "bao nhieu tien"},
	knowledge.Forms:      {"to khai", "mau don"},
	knowledge.Documents:  {"giay to gi", "nhung giay to"},
}

// rightWords stand in a question on how long a right lasts, or what breaking it
// costs, without tones: "nghỉ thai sản mấy tháng" has all words of one on the file.
var rightWords = []string{"nghi", "huong", "duoc bao lau", "bi phat", "toi da"}

// listedWeight is what the lists count for the side they found.
func listedWeight(ts []vietnamese.Token, list []side, found knowledge.Facet) float32 {
	weight := float32(listedNamed)
	for _, s := range list {
		if s.facet != found || s.mode != modeAsk && s.mode != modeWeak {
			continue
		}
		for k := s.from; k < min(s.to, len(ts)); k++ {
			for _, name := range rightWords {
				if found == knowledge.Conditions && s.mode == modeAsk && hasWords(ts[k:min(s.to, len(ts))], name) {
					return listedRight
				}
			}
			for _, name := range plainNames[found] {
				if hasWords(ts[k:min(s.to, len(ts))], name) {
					return listedPlain
				}
			}
		}
		switch {
		case s.mode == modeWeak:
		case found == knowledge.Conditions || found == knowledge.Steps:
			weight = max(weight, listedMild)
		default:
			weight = listedAsks
		}
	}
	return weight
}
