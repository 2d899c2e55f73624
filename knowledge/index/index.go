// Package index finds the procedure a citizen's question is about. It keeps the
// names, everyday names, fields and results of all entries in memory; papers,
// steps and fees are not ranked, they answer the facet of a question.
//
// A question goes through three stages. Reading (question.go) repairs typing,
// expands abbreviations, takes off politeness, tells the topic from the facet
// (sides.go; "lệ phí đăng ký kết hôn": fee of đăng ký kết hôn) and adds official names.
// Candidates come from weighted BM25 over syllables and pairs of syllables
// (candidates.go); procedures without everyday names of their own have those of a
// table (everyday.go), and wishes that fit several are candidates too (open.go),
// and so are entries that messages with such words mean (meant.go). A
// small linear model ranks the best of them again, by how well question and name
// explain each other, by action and by circumstance, and by what messages mean (rank.go). A name said word for
// word leads (verbatim.go). Three models decide between answer, choice and "not
// known" (confidence.go, search.go).
//
// An Index is never changed after New, so any number of goroutines may search
// it; new content means a new Index that the caller puts in its place.
package index

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Options of an Index. The zero value is useful.
type Options struct {
	// Lexicon is how citizens write; nil loads the embedded one.
	Lexicon *vietnamese.Lexicon
	// Day is the day on which an entry must be in force to be listed and to
	// rank without a penalty. The zero value looks at the status only.
	Day time.Time
	// Without leaves parts of the search out, to measure what they are worth.
	Without Part
}

// Part is a part of the search that can be left out; several are joined by |.
type Part uint32

// The parts.
const (
	Spelling    Part = 1 << iota // mending of misspelt words
	Everyday                     // everyday words and what they are called officially
	Aliases                      // everyday names that entries bring
	Reranking                    // everything behind the first search
	Wishes                       // the clause that wishes counts more
	Classes                      // actions and circumstances
	Pairs                        // words that stand side by side
	Priors                       // the commune before others
	SharedHeads                  // names that begin alike are told apart by their ends
	BareWords                    // how much is explained without the lexicon
	GivenNames                   // everyday names of entries that bring none
	OpenWishes                   // wishes that fit several procedures
	Verbatim                     // names that are said word for word
	Meant                        // what was learnt from messages
)

// Parts names the parts, for a table of what each is worth.
var Parts = [...]struct {
	Name string
	Part Part
}{
	{"spelling", Spelling}, {"everyday words", Everyday}, {"everyday names", Aliases}, {"second ranking", Reranking},
	{"wish of a story", Wishes}, {"actions and circumstances", Classes}, {"pairs of words", Pairs}, {"priors", Priors},
	{"heads that are shared", SharedHeads}, {"bare words", BareWords}, {"given names", GivenNames},
	{"open wishes", OpenWishes}, {"names word for word", Verbatim}, {"learnt from messages", Meant},
}

// MaxEntries is how many entries an index takes. The national database has
// about 5,000.
const MaxEntries = 50_000

// Index implements knowledge.Searcher in memory.
type Index struct {
	lex     *vietnamese.Lexicon
	spell   *vietnamese.Speller
	off     Part
	tables  *tables
	talk    *talk
	given   map[string][]string // everyday names by code, of everyday.tsv
	meant   *meantModel
	byClass []int32        // class of meant -> its document, -1 for none
	asked   map[string]int // code -> how much of what people leave open may mean it
	words   vocabulary
	rarest  float32 // weight of a word that one entry has
	docs    []doc
	posts   postings
	said    verbatim
	byCode  map[string]*knowledge.Entry
	docOf   map[string]int32  // code -> its document
	typed   map[string]string // code as a question would hold it -> code
	fields  []knowledge.FieldCount
	listed  map[string][]*knowledge.Entry
	pool    scratchPool
}

var _ knowledge.Searcher = (*Index)(nil)

// New builds an index over the entries. They belong to the index from then on:
// nobody may change them. It returns an error for a missing code or name, for a
// code that comes twice and for too many entries.
func New(entries []*knowledge.Entry, opt Options) (*Index, error) {
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("index: %d entries, at most %d", len(entries), MaxEntries)
	}
	x := &Index{lex: opt.Lexicon, off: opt.Without, spell: vietnamese.NewSpeller(), byCode: make(map[string]*knowledge.Entry, len(entries)), docOf: make(map[string]int32, len(entries)),
		typed: make(map[string]string, len(entries))}
	var err error
	if x.lex == nil {
		if x.lex, err = vietnamese.LoadLexicon(); err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
	}
	if x.tables, err = loadTables(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if x.talk, err = loadTalk(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if x.meant, err = loadMeant(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if x.given, err = loadEveryday(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	for i, e := range entries {
		if e == nil || e.Code == "" || e.Name == "" {
			return nil, fmt.Errorf("index: entry number %d has no code or no name", i+1)
		}
		if x.byCode[e.Code] != nil {
			return nil, fmt.Errorf("index: code %s comes twice", e.Code)
		}
		x.byCode[e.Code] = e
		// A code that is a plain word or number must not take over questions.
		if len(e.Code) >= 4 && strings.ContainsAny(e.Code, ".-_") && strings.ContainsAny(e.Code, "0123456789") {
			x.typed[vietnamese.Lower(e.Code)] = e.Code
		}
	}
	if len(entries) == 0 {
		return nil, errors.New("index: no entries")
	}
	inForce := func(e *knowledge.Entry) bool {
		if opt.Day.IsZero() {
			return e.Status.InForce()
		}
		return e.InForceOn(opt.Day)
	}
	wishes, err := loadOpen()
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	x.build(entries, wishes, inForce)
	x.teach(entries)
	x.list(entries, inForce)
	return x, nil
}

// teach lets the speller learn how entries, the lexicon and questions are written.
func (x *Index) teach(entries []*knowledge.Entry) {
	for _, e := range entries {
		x.spell.Learn(vietnamese.Tokens(e.Name))
		names := e.Aliases
		if len(names) == 0 && x.has(GivenNames) {
			names = x.given[e.Code]
		}
		for _, a := range names[:min(len(names), maxAliases)] {
			x.spell.Learn(vietnamese.Tokens(a))
		}
	}
	x.lex.Teach(x.spell)
	for _, list := range []*phrases{&x.tables.facets, &x.tables.actions, &x.tables.quals} {
		for _, p := range list.list {
			x.spell.Learn(p.words)
		}
	}
}

// has reports whether a part of the search is in use.
func (x *Index) has(p Part) bool { return x.off&p == 0 }

// ByCode returns the entry of a code, also one no longer in force.
func (x *Index) ByCode(code string) (*knowledge.Entry, bool) {
	e, ok := x.byCode[code]
	return e, ok
}

// Fields lists the fields that have entries in force, the largest first.
func (x *Index) Fields() []knowledge.FieldCount { return slices.Clone(x.fields) }

// InField lists the entries in force of a field: those that citizens ask for
// most (with everyday names, at their level, meant by many open wishes, plain ones) first.
func (x *Index) InField(field string) []*knowledge.Entry { return slices.Clone(x.listed[field]) }

// special counts what makes a procedure more than the plain one: done again or
// otherwise, under circumstances.
func (x *Index) special(e *knowledge.Entry) int {
	d := &x.docs[x.docOf[e.Code]]
	return bits.OnesCount32(d.actions&^1) + bits.OnesCount32(d.quals)
}

// list prepares Fields and InField.
func (x *Index) list(entries []*knowledge.Entry, inForce func(*knowledge.Entry) bool) {
	byField := make(map[string][]ordered)
	for _, e := range entries {
		if e.Field != "" && inForce(e) {
			byField[e.Field] = append(byField[e.Field], ordered{e, min(len(e.Aliases), 1), levelRank(e), 0})
		}
	}
	x.listed = make(map[string][]*knowledge.Entry, len(byField))
	for field, list := range byField {
		slices.SortStableFunc(list, func(a, b ordered) int {
			return cmp.Or(
				cmp.Compare(b.named, a.named),
				cmp.Compare(a.level, b.level),
				cmp.Compare(x.asked[b.Code], x.asked[a.Code]),
				cmp.Compare(x.special(a.Entry), x.special(b.Entry)),
				cmp.Compare(len(a.Name), len(b.Name)),
				cmp.Compare(a.Code, b.Code))
		})
		for _, o := range list {
			x.listed[field] = append(x.listed[field], o.Entry)
		}
		x.fields = append(x.fields, knowledge.FieldCount{Field: field, Count: len(list)})
	}
	slices.SortFunc(x.fields, func(a, b knowledge.FieldCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field))
	})
}
