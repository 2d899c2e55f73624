package index

import (
	"cmp"
	"math"
	"slices"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Weights of the fields, from the measurements behind the design: the name is
// nearly all, its circumstances less, the rest only breaks ties.
const (
	weightHead   = 5
	weightAlias  = 4
	weightTail   = 1.6
	weightField  = 1.2
	weightResult = 0.5

	bmK1 = 2.0 // saturation of a word that comes in several fields
	bmB  = 0.3 // how much a long name is held against a procedure
)

// word numbers a distinct word form; pairs of folded words have their own numbers.
type word = int32

const noWord word = -1

// vocabulary numbers the words of all entries.
type vocabulary struct {
	id   map[string]word
	fold []word    // word -> its folded form, itself when it has no marks
	idf  []float32 // of the form within names and everyday names
}

func (v *vocabulary) number(s string) word {
	if w, ok := v.id[s]; ok {
		return w
	}
	w := word(len(v.fold))
	v.id[s] = w
	v.fold = append(v.fold, w)
	return w
}

// exact numbers a token and its folded form.
func (v *vocabulary) exact(t vietnamese.Token) word {
	w := v.number(t.Exact)
	if t.Exact != t.Folded && v.fold[w] == w {
		v.fold[w] = v.number(t.Folded)
	}
	return w
}

func (v *vocabulary) numbers(ts []vietnamese.Token) []word {
	if len(ts) == 0 {
		return nil
	}
	out := make([]word, len(ts))
	for i, t := range ts {
		out[i] = v.exact(t)
	}
	return out
}

// find returns the numbers of a word's exact and folded form, noWord when no
// entry has it.
func (v *vocabulary) find(t vietnamese.Token) (exact, folded word) {
	exact, folded = noWord, noWord
	if w, ok := v.id[t.Exact]; ok {
		exact = w
	}
	if w, ok := v.id[t.Folded]; ok {
		folded = w
	}
	return exact, folded
}

// doc is one procedure as the ranking sees it.
type doc struct {
	entry    *knowledge.Entry
	family   []*knowledge.Entry
	head     []word
	tail     []word
	field    []word
	results  []word
	aliases  [][]word
	headIDF  float32 // sum over head
	aliasIDF []float32
	actions  uint32
	quals    uint32
	level    int8
	inForce  bool
}

// ordered is an entry with what decides which record of a family is shown:
// curated before not, the citizen's level before others, open to citizens, newest.
type ordered struct {
	*knowledge.Entry
	named, level, others int
}

func compareOrdered(a, b ordered) int {
	return cmp.Or(
		cmp.Compare(b.named, a.named),
		cmp.Compare(a.level, b.level),
		cmp.Compare(a.others, b.others),
		cmp.Compare(b.Updated, a.Updated),
		cmp.Compare(a.Code, b.Code))
}

// build fills the index. Records of one name in force become one document.
func (x *Index) build(entries []*knowledge.Entry, inForce func(*knowledge.Entry) bool) {
	x.words.id = make(map[string]word, 1<<14)
	order := make([]ordered, len(entries))
	for i, e := range entries {
		order[i] = ordered{e, min(len(e.Aliases), 1), levelRank(e), forCitizens(e)}
	}
	slices.SortStableFunc(order, compareOrdered)
	type familyKey struct {
		name string
		kind knowledge.Kind
	}
	families := make(map[familyKey]int32, len(order))
	for _, o := range order {
		e := o.Entry
		n := readName(e.Name)
		key := familyKey{n.key, e.Kind}
		force := inForce(e)
		if at, ok := families[key]; ok && force {
			x.docs[at].family = append(x.docs[at].family, e)
			x.docOf[e.Code] = at
			continue
		}
		at := int32(len(x.docs))
		if force {
			families[key] = at
		}
		x.docOf[e.Code] = at
		x.docs = append(x.docs, x.makeDoc(e, n, force))
	}
	for i := range x.docs {
		x.showNearest(&x.docs[i])
	}
	x.weigh()
	x.post()
}

// showNearest makes the record at the citizen's level the one a family shows.
func (x *Index) showNearest(d *doc) {
	for i, e := range d.family {
		if levelRank(e) < levelRank(d.entry) && len(e.Aliases) >= min(len(d.entry.Aliases), 1) {
			d.entry, d.family[i] = e, d.entry
		}
	}
	d.level = int8(levelRank(d.entry))
}

func (x *Index) makeDoc(e *knowledge.Entry, n name, force bool) doc {
	d := doc{entry: e, inForce: force, head: x.words.numbers(n.head), tail: x.words.numbers(n.tail)}
	whole := append(slices.Clone(n.head), n.tail...)
	d.actions = x.tables.actions.bits(n.head[:min(len(n.head), 14)], true, nil, nil)
	d.quals = x.tables.quals.bits(whole, true, nil, nil)
	for _, a := range e.Aliases[:min(len(e.Aliases), maxAliases)] {
		ts := x.lex.Normalize(vietnamese.Tokens(a))
		if ts = ts[:min(len(ts), maxAliasWords)]; len(ts) > 0 {
			d.aliases = append(d.aliases, x.words.numbers(ts))
		}
	}
	d.field = x.words.numbers(vietnamese.Tokens(e.Field))
	var results []vietnamese.Token
	for _, r := range e.Results {
		if len(results) > maxResultWords {
			break
		}
		results = append(results, vietnamese.Tokens(r[:min(len(r), 400)])...)
	}
	d.results = x.words.numbers(results[:min(len(results), maxResultWords)])
	return d
}

// weigh computes how telling each word is: words in few names say more.
func (x *Index) weigh() {
	df := make([]int32, len(x.words.fold))
	last := make([]int32, len(x.words.fold))
	count := func(w word, at int32) {
		if last[w] != at {
			last[w] = at
			df[w]++
		}
	}
	for i := range x.docs {
		d := &x.docs[i]
		each := func(ws []word) {
			for _, w := range ws {
				count(w, int32(i)+1)
				if f := x.words.fold[w]; f != w {
					count(f, int32(i)+1)
				}
			}
		}
		each(d.head)
		each(d.tail)
		for _, a := range d.aliases {
			each(a)
		}
	}
	x.words.idf = make([]float32, len(df))
	n := float64(len(x.docs))
	for w, k := range df {
		x.words.idf[w] = float32(math.Log(1 + (n-float64(k)+0.5)/(float64(k)+0.5)))
	}
	x.rarest = float32(math.Log(1 + (n-0.5)/1.5))
	for i := range x.docs {
		d := &x.docs[i]
		d.headIDF = x.sumIDF(d.head)
		for _, a := range d.aliases {
			d.aliasIDF = append(d.aliasIDF, x.sumIDF(a))
		}
	}
}

func (x *Index) sumIDF(ws []word) float32 {
	var s float32
	for _, w := range ws {
		s += x.words.idf[w]
	}
	return s
}
