package index

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cchcbot/knowledge/vietnamese"
)

// meant.tsv.gz says how much words and pairs of words of a message speak for each of the
// curated entries, for any other procedure and for none at all. It was learnt from
// testdata/meant.tsv, thousands of messages with the entry that they mean, and from names, by TestFitMeant.
// Names tell what a procedure is; only messages tell that "bố em mất, giờ đất còn tên ông"
// is about an inheritance although half of its words are those of a death.
//
//go:embed meant.tsv.gz
var meantFile []byte

// Classes beside the codes of entries.
const (
	meantOther = "other" // a procedure that nobody curated
	meantNone  = "none"  // nothing that an office does
	meantOpen  = "open"  // several of them, the last class: it stands apart from the others
)

// meantUnit is what 1 stands for in the table, of weights and of how telling a feature is.
const meantUnit = 0.01

// Limits of the table.
const (
	maxClasses       = 1000
	maxMeantFeatures = 200_000
	maxMeantBytes    = 16 << 20
)

var errMeantSize = fmt.Errorf("more than %d bytes", maxMeantBytes)

// meantModel is a linear model of the classes, with one softmax over all but the last
// and a logistic function for that.
type meantModel struct {
	classes     []string
	class       map[string]int16
	other, none int16
	open        int16
	bias        []float32
	words       map[string]int32 // what features are made of -> its number
	single      []int32          // word -> its feature, -1 for none
	pairs       map[uint64]int32 // two words, by pairKey -> their feature
	idf         []float32
	start       []int32 // feature -> where its weights begin
	weights     []classWeight
}

type classWeight struct {
	class  int16
	weight float32
}

// loadMeant reads the embedded file once.
var loadMeant = sync.OnceValues(func() (*meantModel, error) {
	z, err := gzip.NewReader(bytes.NewReader(meantFile))
	if err != nil {
		return nil, fmt.Errorf("meant.tsv.gz: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(z, maxMeantBytes+1))
	if err == nil && len(data) > maxMeantBytes {
		err = errMeantSize
	}
	if err != nil {
		return nil, fmt.Errorf("meant.tsv.gz: %w", err)
	}
	m, err := readMeant(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("meant.tsv.gz: %w", err)
	}
	return m, nil
})

// readMeant reads rows of a class and its bias, then rows of a feature, how telling it is,
// and its weights as "class:weight", classes by their number from 0.
func readMeant(r io.Reader) (*meantModel, error) {
	m := &meantModel{class: map[string]int16{}, words: make(map[string]int32, 1<<14), pairs: make(map[uint64]int32, 1<<15)}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		var err error
		if code, bias, ok := strings.Cut(line, "\t"); !ok {
			err = errors.New("a line without a tab")
		} else if name, found := strings.CutPrefix(code, "class "); found && !strings.Contains(bias, "\t") {
			err = m.addClass(name, bias)
		} else {
			err = m.addFeature(code, bias)
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	n := len(m.classes)
	if n < 4 || !slices.Equal(m.classes[n-3:], []string{meantOther, meantNone, meantOpen}) {
		return nil, fmt.Errorf("the last classes are not %s, %s and %s", meantOther, meantNone, meantOpen)
	}
	m.other, m.none, m.open = int16(n-3), int16(n-2), int16(n-1)
	m.start = append(m.start, int32(len(m.weights)))
	return m, nil
}

func (m *meantModel) addClass(name, bias string) error {
	b, err := strconv.ParseInt(bias, 10, 16)
	if err != nil || name == "" || len(m.classes) == maxClasses {
		return errors.New("a class has no number or no name, or there are too many")
	}
	if _, twice := m.class[name]; twice {
		return fmt.Errorf("class %q came before", name)
	}
	m.class[name] = int16(len(m.classes))
	m.classes, m.bias = append(m.classes, name), append(m.bias, float32(b)*meantUnit)
	return nil
}

func (m *meantModel) addFeature(name, rest string) error {
	if !m.enter(name) || len(m.idf) == maxMeantFeatures {
		return fmt.Errorf("feature %q came before or is empty, or there are too many", name)
	}
	idf, list, ok := strings.Cut(rest, "\t")
	telling, err := strconv.ParseUint(idf, 10, 16)
	if err != nil || !ok {
		return fmt.Errorf("feature %q has no number", name)
	}
	m.idf, m.start = append(m.idf, float32(telling)*meantUnit), append(m.start, int32(len(m.weights)))
	for pair := range strings.SplitSeq(list, " ") {
		class, weight, _ := strings.Cut(pair, ":")
		c, err := strconv.ParseUint(class, 10, 15)
		w, err2 := strconv.ParseInt(weight, 10, 16)
		if err != nil || err2 != nil || int(c) >= len(m.classes) {
			return fmt.Errorf("feature %q: %q is no class and weight", name, pair)
		}
		m.weights = append(m.weights, classWeight{int16(c), float32(w) * meantUnit})
	}
	return nil
}

// word numbers a word of a feature.
func (m *meantModel) word(w string) int32 {
	n, ok := m.words[w]
	if !ok {
		n = int32(len(m.single))
		m.words[strings.Clone(w)] = n
		m.single = append(m.single, -1)
	}
	return n
}

// enter gives a feature the next number; false when it has one or is empty.
func (m *meantModel) enter(name string) bool {
	next := int32(len(m.idf))
	a, b, pair := strings.Cut(name, " ")
	if a == "" || pair && b == "" {
		return false
	}
	if !pair {
		w := m.word(a)
		if m.single[w] >= 0 {
			return false
		}
		m.single[w] = next
		return true
	}
	key := pairKey(m.word(a), m.word(b))
	if _, twice := m.pairs[key]; twice {
		return false
	}
	m.pairs[key] = next
	return true
}

// find is the number of a word, -1 when it is in no feature.
func (m *meantModel) find(w string) int32 {
	if n, ok := m.words[w]; ok {
		return n
	}
	return -1
}

// features calls see with what the model looks at: words and pairs of words without their
// tone marks, and words with them, after "=". A feature may come more than once.
func (m *meantModel) features(ts []vietnamese.Token, see func(feature int32)) {
	last := int32(-1)
	var room [64]byte
	for _, t := range ts {
		w := m.find(t.Folded)
		if w >= 0 && m.single[w] >= 0 {
			see(m.single[w])
		}
		if w >= 0 && last >= 0 {
			if f, ok := m.pairs[pairKey(last, w)]; ok {
				see(f)
			}
		}
		last = w
		if t.Exact != t.Folded {
			if n, ok := m.words[string(append(append(room[:0], '='), t.Exact...))]; ok && m.single[n] >= 0 {
				see(m.single[n])
			}
		}
	}
}

// likely says how likely a message means each class.
func (m *meantModel) likely(ts []vietnamese.Token) []float32 {
	said := make([]int32, 0, 3*len(ts))
	m.features(ts, func(f int32) { said = append(said, f) })
	slices.Sort(said)
	type valued struct {
		feature int32
		value   float32
	}
	list := make([]valued, 0, len(said))
	var norm float64
	for from := 0; from < len(said); {
		to := from + 1
		for to < len(said) && said[to] == said[from] {
			to++
		}
		v := m.idf[said[from]]
		if to > from+1 {
			v *= 1 + float32(math.Log(float64(to-from)))
		}
		list = append(list, valued{said[from], v})
		norm += float64(v) * float64(v)
		from = to
	}
	p := append([]float32(nil), m.bias...)
	if norm > 0 {
		scale := float32(1 / math.Sqrt(norm))
		for _, c := range list {
			v := c.value * scale
			for _, w := range m.weights[m.start[c.feature]:m.start[c.feature+1]] {
				p[w.class] += v * w.weight
			}
		}
	}
	softmax(p[:m.open])
	p[m.open] = float32(1 / (1 + math.Exp(-float64(p[m.open]))))
	return p
}

func softmax(p []float32) {
	most := p[0]
	for _, v := range p {
		most = max(most, v)
	}
	var sum float32
	for i, v := range p {
		p[i] = float32(math.Exp(float64(v - most)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// classify gives every document the classes of its records.
func (x *Index) classify() {
	put := func(d *doc, code string) {
		if c, ok := x.meant.class[code]; ok {
			d.classes = append(d.classes, c)
		}
	}
	x.byClass = make([]int32, len(x.meant.classes))
	for i := range x.byClass {
		x.byClass[i] = -1
	}
	for i := range x.docs {
		d := &x.docs[i]
		put(d, d.entry.Code)
		for _, e := range d.family {
			put(d, e.Code)
		}
		if d.inForce {
			for _, c := range d.classes {
				x.byClass[c] = int32(i)
			}
		}
	}
}

// of is how likely the likeliest class of a document is. What nobody curated shares one.
func (m *meantModel) of(d *doc, p []float32) (most float32) {
	if len(d.classes) == 0 {
		return p[m.other]
	}
	for _, c := range d.classes {
		most = max(most, p[c])
	}
	return most
}

// likely is what the model says, for the entries of this index: a class without one, such as a
// code that was replaced, counts as a procedure that nobody curated.
func (x *Index) likely(ts []vietnamese.Token) []float32 {
	p := x.meant.likely(ts)
	for c := range p[:x.meant.other] {
		if x.byClass[c] < 0 {
			p[x.meant.other] += p[c]
			p[c] = 0
		}
	}
	return p
}

// weighMeant says how far what was learnt can be trusted: not where the words that tell
// most are in no feature, such as those of an everyday name that somebody has added.
func (x *Index) weighMeant(q *question) {
	if q.meant == nil || q.total == 0 {
		return
	}
	var known float32
	for _, u := range q.units {
		if w := x.meant.find(q.tokens[u.at].Folded); w >= 0 && x.meant.single[w] >= 0 {
			known += u.weight
		}
	}
	q.heard = known / q.total
	q.heard *= q.heard
}

// meantFloor is the logarithm, to the base e, below which less likely is all the same.
const meantFloor = 8

// meantBy says how likely a message means a document, and how that stands beside the
// likeliest class: 0 for the same, -1 for hardly at all; both as far as they can be trusted.
func (q *question) meantBy(d *doc, m *meantModel) (p, log float32) {
	if q.meant == nil {
		return 0, 0
	}
	class := m.of(d, q.meant)
	if len(d.classes) > 0 {
		p = class
	}
	return p * q.heard, q.heard * float32(max(math.Log(float64(class/q.likeliest)), -meantFloor)/meantFloor)
}

// meantAdded is how likely a document must be meant to be ranked although the terms do not find it.
const meantAdded = 0.05

// addMeant adds the documents that are likely meant to the candidates.
func (x *Index) addMeant(q *question, s *scratch) {
	if q.meant == nil {
		return
	}
	for c, p := range q.meant[:x.meant.other] {
		if p*q.heard < meantAdded || x.byClass[c] < 0 {
			continue
		}
		if d := x.byClass[c]; !slices.ContainsFunc(s.found, func(c candidate) bool { return c.doc == d }) {
			s.found = append(s.found, candidate{doc: d})
		}
	}
}

// meantEvidence is what speaks for the best candidate by what was learnt from messages.
func (q *question) meantEvidence(x *Index, best *doc, e *evidence) {
	e[eUnheard] = 1 - q.heard
	if q.meant == nil {
		return
	}
	e[eMeant], _ = q.meantBy(best, x.meant)
	e[eMeantOpen] = q.meant[x.meant.open]
	// A model knows only what it has learnt: an entry that explains the whole question is not
	// made doubtful by it, or nothing new could be added.
	e[eMeantNone], e[eMeantOther] = q.meant[x.meant.none]*(1-e[eCover]), q.meant[x.meant.other]
	var spread, sum float64
	for c, p := range q.meant[:x.meant.other] {
		if !slices.Contains(best.classes, int16(c)) {
			e[eMeantRival] = max(e[eMeantRival], p)
		}
		sum += float64(p)
		if p > 0 {
			spread -= float64(p) * math.Log(float64(p))
		}
	}
	if sum > 0 {
		e[eMeantSpread] = float32(min(spread/2, 1))
	}
	for _, k := range [...]int{eMeantNone, eMeantOther, eMeantRival, eMeantOpen, eMeantSpread} {
		e[k] *= q.heard
	}
	if x.small() {
		e[eSmallOther] = e[eMeantOther] * (1 - e[eCover])
	}
}
