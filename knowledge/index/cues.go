package index

import (
	"math"

	"cchcbot/knowledge/vietnamese"
)

// cueNames are the classes of cues.tsv, in its order: what offices do, then what
// they do not.
var cueNames = [...]string{
	"paper", "act", "office",
	"talk", "trade", "bank", "tech", "health", "farm", "fate", "work", "abroad", "quarrel", "advice",
}

// officeCues is how many classes speak for what an office does.
const officeCues = 3

// ownTopic is what a phrase counts for something that no office does when it is what the
// best procedure is about ("khách sạn": the class of a hotel, or a room for the night?).
const ownTopic = 0.5

// cueEvidence counts what a question says of offices and of what no office does. One
// phrase of the latter says little, for stories speak of husbands and banks too; the
// more there are the less each adds.
func (x *Index) cueEvidence(q *question, d *doc, s *scratch, e *evidence) {
	x.markDoc(d, s)
	var said [len(cueNames)]float64
	for i := 0; i < len(q.tokens); {
		class, n := x.cueAt(q.tokens[i:], q.toned)
		if n == 0 {
			i++
			continue
		}
		worth := 1.0
		if class >= officeCues && x.saysAll(q.tokens[i:i+n], q.toned, s) {
			worth = ownTopic
		}
		said[class] += worth
		i += n
	}
	e[eNothing] = 1
	for i, n := range said[:officeCues] {
		if n > 0 {
			e[ePaper+i], e[eNothing] = 1, 0
		}
	}
	var outside float64
	for _, n := range said[officeCues:] {
		outside += n
	}
	e[eOutside] = float32(1 - math.Exp(-outside/2))
	for _, u := range q.units {
		if u.at >= 0 && q.weights[u.at] == 1 {
			e[eWish] += u.weight * s.inDocument(u) / (massFull * x.rarest)
		}
	}
	e[eWish] = min(e[eWish], 1)
}

// saysAll reports that the marked document has all of some words.
func (x *Index) saysAll(ts []vietnamese.Token, toned bool, s *scratch) bool {
	for _, t := range ts {
		exact, folded := x.words.find(t)
		if s.inDoc.get(exact) < 0.8 && (toned || s.inDocFolded.get(folded) < 0.8) {
			return false
		}
	}
	return true
}

// cueAt is the longest cue at the head of ts: its class and length, 0 when none. In
// text without tones a cue of one word counts only when no other word is written so
// there: "tao" may be "tạo", "zalo" is nothing else.
func (x *Index) cueAt(ts []vietnamese.Token, toned bool) (class, n int) {
	p := &x.tables.cues
	for _, i := range p.first[ts[0].Folded] {
		ph := &p.list[i]
		if len(ph.words) <= n || len(ph.words) > len(ts) || len(ph.words) == 1 && !toned && x.marked(ts[0]) {
			continue
		}
		ok := true
		for k, w := range ph.words {
			if w.Exact != ts[k].Exact && (toned || len(ph.words) == 1 || w.Folded != ts[k].Folded) {
				ok = false
				break
			}
		}
		if ok {
			class, n = ph.value, len(ph.words)
		}
	}
	return class, n
}

// marked reports that entries have a word with marks that reads as this one without.
func (x *Index) marked(t vietnamese.Token) bool {
	w, ok := x.words.id[t.Folded]
	return ok && x.words.two[w]
}
