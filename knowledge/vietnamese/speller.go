package vietnamese

import (
	"slices"
	"sync"
)

// Speller mends words that are spelled as they are spoken ("nàm bằng nái xe",
// "dấy trứng nhận"), with a wrong mark ("kêt hôn"), a slipped key or without the
// space ("khaisinh"), and shorthand of several meanings ("thẻ cc"). It knows no
// dictionary: it learns which words stand side by side in texts of the trade, and
// of all ways to read a message takes the one whose words stand side by side most,
// less what speaks against the change.
//
// Learn all texts first; after that any number of goroutines may call Correct.
type Speller struct {
	exact, folded map[string]int32  // numbers of words as written, and without marks
	perhaps       *sieve            // what it does not hold is in neither
	forms         map[int32][]int32 // folded word -> how it is written
	text          []string
	count         []int32          // word -> how often
	pairs         map[uint64]int32 // two words, both as written or both folded -> how often
	// spoken are words of everyday talk, which are never mended; bare are the same without marks.
	spoken map[string]bool
	bare   map[string]int // 1, or 3 for the commonest
	// short are shorthand words of several meanings, the commonest first.
	short map[string][][]string

	once   sync.Once
	firsts map[int32][]int32 // word -> those that it follows, made when first needed
}

// NewSpeller returns a speller that knows nothing.
func NewSpeller() *Speller {
	return &Speller{exact: map[string]int32{}, folded: map[string]int32{}, perhaps: new(sieve), forms: map[int32][]int32{}, pairs: map[uint64]int32{}}
}

// sieve tells most words that were never learnt from the others faster than a map:
// of a misspelt word hundreds of readings are tried, and hardly one is a word.
type sieve [1 << sieveBits / 64]uint64

const sieveBits = 19

// sum is the place of a word.
func sum[T string | []byte](w T) uint32 {
	var h uint32
	for i := range len(w) {
		h = h*31 + uint32(w[i])
	}
	return h * 2654435761 >> (32 - sieveBits) // Knuth's multiplicative hash
}

func (s *sieve) add(w string) { n := sum(w); s[n/64] |= 1 << (n % 64) }

// has reports that a word was added, perhaps.
func (s *sieve) has(n uint32) bool { return s[n/64]&(1<<(n%64)) != 0 }

// number gives a word its number; isNew says that it had none.
func (s *Speller) number(in map[string]int32, w string) (n int32, isNew bool) {
	if n, ok := in[w]; ok {
		return n, false
	}
	n = int32(len(s.text))
	in[w] = n
	s.perhaps.add(w)
	s.text = append(s.text, w)
	s.count = append(s.count, 0)
	return n, true
}

// Learn takes in a text whose spelling is right.
func (s *Speller) Learn(tokens []Token) {
	var lastExact, lastFolded int32 = -1, -1
	for _, t := range tokens {
		exact, isNew := s.number(s.exact, t.Exact)
		folded, _ := s.number(s.folded, t.Folded)
		if isNew {
			s.forms[folded] = append(s.forms[folded], exact)
		}
		s.count[exact]++
		s.count[folded]++
		if lastExact >= 0 {
			s.pairs[pair(lastExact, exact)]++
			s.pairs[pair(lastFolded, folded)]++
		}
		lastExact, lastFolded = exact, folded
	}
}

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// before returns the words that stand before a word in what was learnt.
func (s *Speller) before(b int32) []int32 {
	s.once.Do(func() {
		s.firsts = map[int32][]int32{}
		for key, n := range s.pairs {
			if n >= minInitial {
				s.firsts[int32(uint32(key))] = append(s.firsts[int32(uint32(key))], int32(key>>32))
			}
		}
		for _, list := range s.firsts {
			slices.Sort(list)
		}
	})
	return s.firsts[b]
}

// Correct returns the words as they were probably meant. Words that need no
// mending come back as they are; offsets stay those of what was typed.
func (s *Speller) Correct(tokens []Token) []Token {
	if len(s.exact) == 0 {
		return tokens
	}
	p := path{s: s, toned: Toned(tokens)}
	p.number(tokens)
	changed := false
	states := make([][]state, len(tokens))
	for i := range tokens {
		states[i] = p.states(tokens, i)
		changed = changed || len(states[i]) > 1
	}
	if !changed {
		return tokens
	}
	out := make([]Token, 0, len(tokens)+4)
	for i, st := range p.best(states) {
		t := tokens[i]
		if st.words == nil {
			out = append(out, t)
			continue
		}
		for _, w := range st.words {
			out = append(out, Token{Exact: w, Folded: Fold(w), Start: t.Start, End: t.End, rewritten: t.rewritten || st.written})
		}
	}
	return out
}
