package index

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

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
	two  []bool    // whether it is the folded form of a word with marks too
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
	entry   *knowledge.Entry
	family  []*knowledge.Entry
	head    []word
	tail    []word
	field   []word
	results []word
	aliases [][]word
	// headAgain and aliasAgain have a bit for every word of the head and of the aliases that stood there before.
	headAgain  uint32
	aliasAgain []uint32
	marked     []valued // each of its words once
	headIDF    float32  // sum over head
	// Classes of the words of the head, then the tail: what is done, circumstances.
	does, when []class
	aliasIDF   []float32
	actions    uint32
	quals      uint32
	level      int8
	inForce    bool
	names      [][]vietnamese.Token // whole, until learnVerbatim has read them
	curated    bool                 // its everyday names are its own
	classes    []int16              // of meant.tsv.gz
	open       []int32              // an open wish, not a procedure: what it leaves open
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
func (x *Index) build(entries []*knowledge.Entry, wishes []openWish, inForce func(*knowledge.Entry) bool) {
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
	if x.has(SharedHeads) {
		x.parted()
	}
	for i := range x.docs {
		x.showNearest(&x.docs[i])
		x.nameEveryday(&x.docs[i])
	}
	x.classify()
	x.openDocs(wishes)
	x.learnVerbatim()
	for i := range x.docs {
		x.docs[i].learnMarks()
	}
	x.weigh()
	x.post()
}

// parted gives procedures whose names begin alike ("Đăng ký biến động đối với
// trường hợp …") their whole name as its head: what several share tells nothing.
func (x *Index) parted() {
	sharing := make(map[string]int, len(x.docs))
	key := func(d *doc) string {
		var b strings.Builder
		for _, w := range d.head {
			b.WriteString(strconv.Itoa(int(x.words.fold[w])))
			b.WriteByte(' ')
		}
		return b.String()
	}
	for i := range x.docs {
		sharing[key(&x.docs[i])]++
	}
	for i := range x.docs {
		d := &x.docs[i]
		if len(d.tail) == 0 || len(d.head) > sharedHead || sharing[key(d)] < 2 {
			continue
		}
		n := min(len(d.tail), maxHeadWords-len(d.head))
		d.head, d.tail = append(slices.Clip(d.head), d.tail[:n]...), d.tail[n:]
	}
}

// sharedHead is the length in words up to which a head that others share too is
// lengthened.
const sharedHead = 12

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
	d.does, d.when = make([]class, len(whole)), make([]class, len(whole))
	d.actions = x.tables.actions.bits(n.head[:min(len(n.head), 14)], true, nil, d.does)
	d.quals = x.tables.quals.bits(whole, true, nil, d.when)
	d.names = append(d.names, x.lex.Normalize(whole))
	d.curated = len(e.Aliases) > 0
	if x.has(Aliases) {
		x.addAliases(&d, e.Aliases)
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

func (x *Index) addAliases(d *doc, names []string) {
	for _, a := range names[:min(len(names), maxAliases)] {
		ts := x.lex.Normalize(vietnamese.Tokens(a))
		if len(ts) == 0 {
			continue
		}
		d.names = append(d.names, ts)
		if ts = ts[:min(len(ts), maxAliasWords)]; len(ts) > 0 {
			ws := x.words.numbers(ts)
			d.aliases, d.aliasAgain = append(d.aliases, ws), append(d.aliasAgain, again(ws))
		}
	}
}

// nameEveryday gives a procedure that brings no everyday names those of everyday.tsv.
func (x *Index) nameEveryday(d *doc) {
	if d.curated || !x.has(GivenNames) {
		return
	}
	x.addAliases(d, x.given[d.entry.Code])
	for _, e := range d.family {
		if len(d.aliases) > 0 {
			return
		}
		x.addAliases(d, x.given[e.Code])
	}
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
	x.words.two = make([]bool, len(df))
	for w, f := range x.words.fold {
		if f != word(w) {
			x.words.two[f] = true
		}
	}
	for i := range x.docs {
		d := &x.docs[i]
		d.headIDF, d.headAgain = x.sumIDF(d.head), again(d.head)
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
