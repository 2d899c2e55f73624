package vietnamese

import (
	"math"
	"strings"
	"unicode/utf8"
)

// state is one way to read a word of a message.
type state struct {
	words       []string // nil for the word as typed
	first, last int32    // numbers of the first and last word, -1 for one never learnt
	gain        float32  // what speaks for it by itself
	written     bool     // a table wrote it, not the citizen

	best float32 // of all readings up to here
	from int16   // the state before it on that reading
}

// path finds the best reading of a message.
type path struct {
	s        *Speller
	toned    bool
	ids      []int32 // numbers of the words, -1 for one never learnt
	pairs    []int32 // how often a word stands behind the one before it in what was learnt
	searched int
	room     []state // where states are put, several words of them
}

// What speaks for a reading: how often its neighbours are neighbours elsewhere,
// and a little how often the word is written at all, both as logarithms. A word
// as typed that exists is trusted by so much.
const (
	usualShare = 0.25
	trusted    = 2.5
	named      = 2.0 // more, of a word with a capital
	everyday   = 1.0 // more, of an everyday word typed without marks, and thrice of the commonest
)

// Limits of a word that is mended, in bytes, of the states of one word, and of the
// words of a message that slipped keys are sought in.
const (
	minMended   = 2
	maxMended   = 24
	maxStates   = 24
	maxSearched = 16
	maxParts    = 5
)

// logs are base-2 logarithms of 1+n; beyond them the last one holds.
var logs = func() (l [1024]float32) {
	for i := range l {
		l[i] = float32(math.Log2(float64(1 + i)))
	}
	return l
}()

func log(n int32) float32 { return logs[min(int(n), len(logs)-1)] }

func (p *path) form(t *Token) string {
	if p.toned {
		return t.Exact
	}
	return t.Folded
}

// find is the number of a word, -1 when it was never learnt.
func (p *path) find(w string) int32 {
	if !p.s.perhaps.has(sum(w)) {
		return -1
	}
	words := p.s.exact
	if !p.toned {
		words = p.s.folded
	}
	if n, ok := words[w]; ok {
		return n
	}
	return -1
}

// near is what it is worth that b follows a.
func (s *Speller) near(a, b int32) float32 {
	if a < 0 || b < 0 {
		return 0
	}
	return log(s.pairs[pair(a, b)])
}

// states returns the ways to read word i, first as it was typed. Most words
// stand beside their neighbours in what was learnt and have no other.
func (p *path) states(tokens []Token, i int) (out []state) {
	s, t := p.s, &tokens[i]
	own, id := p.form(t), p.ids[i]
	as := state{first: id, last: id}
	if id >= 0 {
		as.gain = trusted + usualShare*log(s.count[id])
	}
	if t.name {
		as.gain += named
	}
	often := 0
	if !p.toned {
		often = s.bare[own]
		as.gain += everyday * float32(often)
	}
	if cap(p.room)-len(p.room) < maxStates {
		p.room = make([]state, 0, 8*maxStates)
	}
	out = append(p.room[len(p.room):len(p.room)], as)
	defer func() { p.room = p.room[:len(p.room)+len(out)] }()
	if t.rewritten {
		return out
	}
	if meanings := s.short[t.Exact]; meanings != nil {
		out = p.written(own, meanings, out)
		return out
	}
	beside := p.beside(i)
	if len(t.Folded) < minMended || len(t.Exact) > maxMended || strings.ContainsAny(t.Folded, "0123456789./-_") ||
		p.toned && (s.spoken[own] || beside >= settledPairs) || beside >= settledBare {
		return out
	}
	for _, v := range misspelt(own, p.toned) {
		cost := v.cost
		if id >= 0 && v.rare {
			cost += knownRare
		}
		out = p.add(out, own, v.word, cost, true)
	}
	if f, ok := s.folded[t.Folded]; ok && p.toned {
		for _, w := range s.forms[f] {
			cost := markCost(own, s.text[w])
			switch {
			case id >= 0 && own != t.Folded:
				cost += knownMarks
			case id >= 0:
				cost += knownBare
			}
			out = p.add(out, own, s.text[w], cost, true)
		}
	}
	if beside == 0 && often == 0 && p.searched < maxSearched && strings.ContainsAny(t.Folded, vowelKeys) {
		p.searched++
		cost := slipCost
		if id >= 0 {
			cost += knownSlip
		}
		for _, w := range slips(own) {
			out = p.add(out, own, w, cost, false)
		}
		gaps(own, p.toned, func(w []byte) {
			if s.perhaps.has(sum(w)) { // before a string is made of it
				out = p.add(out, own, string(w), cost, false)
			}
		})
		if id < 0 && !IsFoldedSyllable(t.Folded) {
			out = p.initial(own, p.part(own, out))
		}
	}
	return out
}

// vowelKeys are the vowels without marks; shorthand has none.
const vowelKeys = "aeiouy"

// add adds a known word to the states of another.
func (p *path) add(out []state, own, w string, cost float64, usual bool) []state {
	id := p.find(w)
	if w == own || id < 0 || len(out) == maxStates {
		return out
	}
	st := state{words: []string{w}, first: id, last: id, gain: -float32(cost)}
	if usual {
		st.gain += usualShare * log(p.s.count[id])
	}
	return append(out, st)
}

// written adds the meanings of a shorthand word.
func (p *path) written(own string, meanings [][]string, out []state) []state {
	cost := float32(shortCost)
	if IsSyllable(own) {
		cost += syllableCost
	}
	for k, words := range meanings[:min(len(meanings), maxStates-1)] {
		out = append(out, state{words: words, first: p.find(p.bare(words[0])), last: p.find(p.bare(words[len(words)-1])),
			gain: out[0].gain - cost - float32(min(k, 1))*otherShort, written: true})
	}
	return out
}

func (p *path) bare(w string) string {
	if p.toned {
		return w
	}
	return Fold(w)
}

// number looks up the words of a message and their neighbours.
func (p *path) number(tokens []Token) {
	room := make([]int32, 2*len(tokens))
	p.ids, p.pairs = room[:len(tokens)], room[len(tokens):]
	for i := range tokens {
		p.ids[i] = p.find(p.form(&tokens[i]))
		if i > 0 && p.ids[i-1] >= 0 && p.ids[i] >= 0 {
			p.pairs[i] = p.s.pairs[pair(p.ids[i-1], p.ids[i])]
		}
	}
}

// beside is how often a word stands beside its neighbours in what was learnt.
func (p *path) beside(i int) int32 {
	n := p.pairs[i]
	if i+1 < len(p.pairs) {
		n += p.pairs[i+1]
	}
	return n
}

// What speaks against a reading, and when none but the typed one is tried.
const (
	settledPairs = 4  // a word that stands beside its neighbours so often is right
	settledBare  = 64 // the same without marks, where words are easily mixed up
	shortCost    = 1.0
	syllableCost = 2.0 // more, of a shorthand that is a word as well
	slipCost     = 1.5
	initialCost  = 1.5
	minInitial   = 3   // times that the two words stand together
	maxInitial   = 3   // bytes of the first
	partCost     = 0.5 // of a missing space
	anyPart      = 0.8 // for two words that were never seen together
	knownRare    = 2.0 // more, of a word that exists, when the sounds are seldom mixed up here
	knownBare    = 1.0 // more, of a word that exists without marks
	knownSlip    = 1.5 // more, of a word that exists
	knownMarks   = 2.0 // more, of a word that exists with the marks it has
	otherShort   = 0.7 // any but the first meaning of a shorthand
	lostMarks    = 1.5 // a word typed without any mark
	lostMark     = 2.0 // one of several
	wrongMark    = 3.0
)

// markCost is what speaks against it that a word was meant which has the same letters but other marks.
func markCost(typed, meant string) float64 {
	if typed == Fold(typed) {
		return lostMarks
	}
	a, aTone, ok := split(typed)
	b, bTone, fine := split(meant)
	if !ok || !fine || len(a) != len(b) {
		return wrongMark
	}
	if aTone != Level && aTone != bTone {
		return wrongMark
	}
	for i := range a {
		if a[i] != b[i] && string(a[i]) != Fold(string(b[i])) {
			return wrongMark
		}
	}
	return lostMark
}

// part finds the missing spaces of a word ("khaisinh", "căncướccôngdân").
func (p *path) part(w string, out []state) []state {
	// "laptop" is no two words, nor are "tién" and "nhàà".
	marked := (!p.toned || w != Fold(w)) && !IsFoldedSyllable(w) && !doubled(w)
	var cuts [maxParts]int
	best := state{gain: 0}
	var try func(start, n int, last int32, gain float32)
	try = func(start, n int, last int32, gain float32) {
		for end := start + 2; end <= len(w); end++ {
			if end < len(w) && (!utf8.RuneStart(w[end]) || len(w)-end < 2 || n+1 == maxParts) {
				continue
			}
			id := p.find(w[start:end])
			if id < 0 {
				continue
			}
			more := gain
			if n > 0 {
				near := p.s.near(last, id)
				if near == 0 && marked && IsSyllable(w[start:end]) {
					near = anyPart
				}
				if near == 0 {
					continue
				}
				more += near
			}
			cuts[n] = end
			if end < len(w) {
				try(end, n+1, id, more)
			} else if n > 0 && more-float32(n)*partCost > best.gain {
				best = state{first: p.find(w[:cuts[0]]), last: id, gain: more - float32(n)*partCost}
				from := 0
				for _, c := range cuts[:n+1] {
					best.words = append(best.words, w[from:c])
					from = c
				}
			}
		}
	}
	try(0, 0, -1, 0)
	if best.words == nil || len(out) == maxStates {
		return out
	}
	return append(out, best)
}

// initial finds what a word means of which only the beginning of the first
// syllable was written ("kdoanh", "xnhận").
func (p *path) initial(w string, out []state) []state {
	for i := range w {
		if i == 0 || i > maxInitial || strings.HasPrefix(w[i:], w[:i]) || strings.ContainsAny(Fold(w[:i]), vowelKeys) {
			continue
		}
		second := p.find(w[i:])
		if second < 0 || !IsFoldedSyllable(w[i:]) {
			continue
		}
		first, most := int32(-1), int32(0)
		for _, a := range p.s.before(second) {
			if n := p.s.pairs[pair(a, second)]; n > most && strings.HasPrefix(p.s.text[a], w[:i]) {
				first, most = a, n
			}
		}
		if most >= minInitial && len(out) < maxStates {
			out = append(out, state{words: []string{p.s.text[first], w[i:]}, first: first, last: second, gain: log(most) - initialCost})
		}
	}
	return out
}

// best returns the states of the reading that most speaks for.
func (p *path) best(states [][]state) []*state {
	for i, list := range states {
		for k := range list {
			st := &list[k]
			st.best, st.from = st.gain, -1
			if i == 0 {
				continue
			}
			before := states[i-1]
			most := float32(math.Inf(-1))
			for j := range before {
				if v := before[j].best + p.s.near(before[j].last, st.first); v > most {
					most, st.from = v, int16(j)
				}
			}
			st.best += most
		}
	}
	out := make([]*state, len(states))
	at := 0
	last := states[len(states)-1]
	for k := range last {
		if last[k].best > last[at].best {
			at = k
		}
	}
	for i := len(states) - 1; i >= 0; i-- {
		out[i] = &states[i][at]
		at = int(out[i].from)
	}
	return out
}
