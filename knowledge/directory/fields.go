package directory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// Field is a field (lĩnh vực) of procedures and of citizens' feedback.
type Field struct {
	ID        string `yaml:"id"`
	Name      string `yaml:"name"`
	NameEN    string `yaml:"name_en"`
	Stressed  bool   `yaml:"stressed"`  // one of the nine that the province's plan stresses
	Sensitive bool   `yaml:"sensitive"` // never publish a text, never show it to a body named in it
	InMenu    bool   `yaml:"in_menu"`
	NoTicket  bool   `yaml:"no_ticket"` // outside administration: say where to turn, open no case
	// Denunciation: to be treated as a tố cáo: say where to file, receive nothing.
	Denunciation bool `yaml:"denunciation"`
	// National lists the names of this field in the national database of
	// procedures (knowledge.Entry.Field), the closest first.
	National   []string `yaml:"national"`
	Keywords   []string `yaml:"keywords"`
	Colloquial []string `yaml:"colloquial"`
	Typical    []string `yaml:"typical"` // typical procedures, in short words

	// Who answers: Until2025 to 2025-02-28, From2025 (where not nil) to
	// 2025-06-30, Now since. See Bodies.
	Until2025  Bodies       `yaml:",inline"`
	From2025   *DatedBodies `yaml:"from_2025_03"`
	Now        *DatedBodies `yaml:"now"`
	Cases      []Case       `yaml:"cases"`
	Law        []string     `yaml:"law"`
	Note       string       `yaml:"note"` // in English, for officers
	Source     []string     `yaml:"source"`
	Confidence Confidence   `yaml:"confidence"`
}

// Bodies lists who answers in a field, by level. The first body of a list that
// exists at the place leads; the others are consulted.
type Bodies struct {
	First    Tier     `yaml:"first"` // where feedback normally starts
	Province []string `yaml:"province"`
	District []string `yaml:"district"`
	Commune  []string `yaml:"commune"`
}

// DatedBodies are the lists of one time, with where they come from.
type DatedBodies struct {
	Bodies     `yaml:",inline"`
	Confidence Confidence `yaml:"confidence"`
	Source     []string   `yaml:"source"`
	Note       string     `yaml:"note"` // in English, for officers
}

// Case is a clearer subject inside a field; its lead goes before the lists.
type Case struct {
	ID       string   `yaml:"id"`
	Words    []string `yaml:"words"`
	Lead2021 string   `yaml:"lead_2021"`
	LeadNow  string   `yaml:"lead_now"`  // since 2025-07-01
	AboveNow string   `yaml:"above_now"` // its body of the city, or ""
	// Denunciation: as in Field.
	Denunciation bool       `yaml:"denunciation"`
	Confidence   Confidence `yaml:"confidence"`
	Note         string     `yaml:"note"`
}

// FrontDesk is the body that takes what nobody leads, from one day until before another.
type FrontDesk struct {
	ID   string `yaml:"id"`
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// NeedsFrontDesk is a reason why a case may end at the front desk. There are no others.
type NeedsFrontDesk struct {
	ID     string `yaml:"id"`
	When   string `yaml:"when"`
	Do     string `yaml:"do"`
	Reason string `yaml:"reason"`
}

// FieldMatch is a field that a text speaks of.
type FieldMatch struct {
	Field *Field
	Case  *Case    // the clearer subject inside it, nil when none is named
	Words []string // the words that say so, as the data writes them
	// Score is 0 to 1: the share of this field among all words that point to a field.
	Score float64
}

type (
	fieldsData struct {
		AsOf     string            `yaml:"as_of"`
		Sources  map[string]Source `yaml:"sources"`
		Matching struct {
			First   []string `yaml:"first"`
			Collide []string `yaml:"collide"`
			Weak    []string `yaml:"weak"`
		} `yaml:"matching"`
		Fields         []*Field         `yaml:"fields"`
		FrontDesk      []FrontDesk      `yaml:"front_desk"`
		LastResort     []FrontDesk      `yaml:"last_resort"`
		NeedsFrontDesk []NeedsFrontDesk `yaml:"needs_front_desk"`
	}
	fieldWord struct {
		field *Field
		kase  *Case // not nil for a word of a case
		text  string
	}
)

// Fields lists all fields: the stressed ones first, in the plan's order.
func (d *Directory) Fields() []*Field { return slices.Clone(d.fieldList) }

// Field returns the field of an id.
func (d *Directory) Field(id string) (*Field, bool) {
	f, ok := d.fields[id]
	return f, ok
}

// FieldOf returns the field that a name of the national database of procedures
// belongs to (knowledge.Entry.Field); false for names of no use to citizens here,
// such as customs.
func (d *Directory) FieldOf(national string) (*Field, bool) {
	f, ok := d.fieldOf[strings.ToLower(strings.TrimSpace(national))]
	return f, ok
}

// Bodies returns who answers in a field on the directory's day.
func (d *Directory) Bodies(f *Field) Bodies {
	switch {
	case d.asOf >= mergers2025:
		return f.Now.Bodies
	case d.asOf >= mergersOfBodies && f.From2025 != nil:
		return f.From2025.Bodies
	}
	return f.Until2025
}

// mergersOfBodies is the day from which the decisions of 19 to 21 February 2025
// on departments and divisions count.
const mergersOfBodies = "2025-03-01"

// FrontDesk returns the body that takes what nobody leads on the directory's day.
func (d *Directory) FrontDesk() (*Agency, bool) {
	for _, f := range d.frontDesks {
		if inForce(d.asOf, f.From, f.To) {
			return d.Agency(f.ID)
		}
	}
	return nil, false
}

// NeedsFrontDesk lists the reasons why a case may end at the front desk.
func (d *Directory) NeedsFrontDesk() []NeedsFrontDesk { return slices.Clone(d.needsDesk) }

// MatchField finds the fields that a text speaks of, best first: complaints and
// the like before the others, then by what their words weigh: longer words say
// more, words that stand in complaints about many things say little. Names of
// places do not count as words of a field. Words typed without marks count only
// when no word matched with them.
func (d *Directory) MatchField(text string) []FieldMatch {
	words := d.withoutPlaces(syllables(text))
	found := d.matchWords(words, true)
	if len(found) == 0 {
		found = d.matchWords(words, false)
	}
	total := 0
	for _, f := range found {
		total += f.weight
	}
	slices.SortStableFunc(found, func(a, b *foundField) int {
		return cmp.Or(
			cmp.Compare(d.firstFields[b.match.Field.ID], d.firstFields[a.match.Field.ID]), cmp.Compare(b.weight, a.weight),
			cmp.Compare(b.own, a.own), cmp.Compare(len(b.match.Words), len(a.match.Words)), cmp.Compare(a.order, b.order))
	})
	var out []FieldMatch
	for _, f := range found {
		f.match.Score = float64(f.weight) / float64(total)
		out = append(out, f.match)
	}
	return out
}

type foundField struct {
	match  FieldMatch
	weight int // of its words
	own    int // words of the field itself, not of a case
	order  int // place of its first word in the text
}

// weigh says how much words of a field say: the square of their number, little
// for those that stand in complaints about many things.
func (d *Directory) weigh(words []syllable) int {
	if d.weak[foldedKey(words)] {
		return 1
	}
	return len(words) * len(words)
}

// matchWords collects the words of fields in a text; a word inside a longer one
// of the same field does not count again.
func (d *Directory) matchWords(words []syllable, marks bool) []*foundField {
	type hit struct {
		from, to int
		word     fieldWord
	}
	var hits []hit
	d.words.each(words, func(from, to int, found []phrase[fieldWord]) {
		for _, p := range found {
			t := compareTones(words[from:to], p.exact)
			if t == sameTones || !marks && t != otherTones && !d.collide[strings.Join(p.exact, " ")] {
				hits = append(hits, hit{from, to, p.value})
			}
		}
	})
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	byField := map[*Field]*foundField{}
	covered := map[*Field][]hit{}
	var out []*foundField
	for _, h := range hits {
		f := byField[h.word.field]
		if f == nil {
			f = &foundField{match: FieldMatch{Field: h.word.field}, order: h.from}
			byField[h.word.field] = f
			out = append(out, f)
		}
		f.order = min(f.order, h.from)
		if h.word.kase != nil && f.match.Case == nil {
			f.match.Case = h.word.kase
		}
		if h.word.kase == nil {
			f.own++
		}
		if slices.ContainsFunc(covered[h.word.field], func(o hit) bool { return h.from < o.to && o.from < h.to }) {
			continue
		}
		covered[h.word.field] = append(covered[h.word.field], h)
		f.weight += d.weigh(words[h.from:h.to])
		if !slices.Contains(f.match.Words, h.word.text) {
			f.match.Words = append(f.match.Words, h.word.text)
		}
	}
	return out
}

// matchCase returns the case of a field that a text speaks of, nil for none.
func (d *Directory) matchCase(f *Field, text string) *Case {
	words := d.withoutPlaces(syllables(text))
	for _, marks := range []bool{true, false} {
		for _, found := range d.matchWords(words, marks) {
			if found.match.Field == f && found.match.Case != nil {
				return found.match.Case
			}
		}
	}
	return nil
}

// withoutPlaces blanks the names of places that are sure enough: xã Tân Dân is
// not about people.
func (d *Directory) withoutPlaces(words []syllable) []syllable {
	out := slices.Clone(words)
	for _, m := range d.mentions(words) {
		if !districtKind(m.unit) && !communeKind(m.unit) {
			continue
		}
		for i := m.from; i < m.to; i++ {
			out[i] = syllable{}
		}
	}
	return out
}

// loadFields enters the fields and checks what they refer to.
func (d *Directory) loadFields(file *fieldsData) error {
	d.fieldList, d.frontDesks, d.lastResorts, d.needsDesk = file.Fields, file.FrontDesk, file.LastResort, file.NeedsFrontDesk
	d.firstFields, d.collide, d.weak = map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, f := range file.Fields {
		if f == nil || f.ID == "" || f.Name == "" || f.NameEN == "" || f.Now == nil || d.fields[f.ID] != nil {
			return errors.New("directory: a field lacks id, name or its lists of now, or its id stands twice")
		}
		d.fields[f.ID] = f
		if err := d.checkField(f); err != nil {
			return err
		}
		for _, name := range f.National {
			key := strings.ToLower(name)
			if d.fieldOf[key] != nil {
				return fmt.Errorf("directory: national field %q belongs to two fields", name)
			}
			d.fieldOf[key] = f
		}
		d.addFieldWords(f)
	}
	for i, id := range file.Matching.First {
		if d.fields[id] == nil {
			return fmt.Errorf("directory: matching: no field %q", id)
		}
		d.firstFields[id] = len(file.Matching.First) - i
	}
	for _, word := range file.Matching.Weak {
		d.weak[foldedKey(syllables(word))] = true
	}
	for _, word := range file.Matching.Collide {
		d.collide[vietnamese.Lower(word)] = true
	}
	return d.checkDesks()
}

// checkDesks checks what takes a case that nobody leads.
func (d *Directory) checkDesks() error {
	for _, f := range slices.Concat(d.frontDesks, d.lastResorts) {
		a := d.agencies[f.ID]
		if err := checkDays(f.ID, f.From, f.To); err != nil || a == nil || a.Template != "" {
			return fmt.Errorf("directory: front desk %q is no agency or has bad days", f.ID)
		}
	}
	for _, day := range []string{firstDay, mergersOfBodies, mergers2025} {
		has := func(f FrontDesk) bool { return inForce(day, f.From, f.To) }
		if !slices.ContainsFunc(d.frontDesks, has) || !slices.ContainsFunc(d.lastResorts, has) {
			return fmt.Errorf("directory: no front desk or no last resort on %s", day)
		}
	}
	for _, id := range []string{reasonCommune, reasonDivided, reasonOldDate, reasonNoTicket} {
		if !slices.ContainsFunc(d.needsDesk, func(n NeedsFrontDesk) bool { return n.ID == id }) {
			return fmt.Errorf("directory: needs_front_desk lacks the reason %s", id)
		}
	}
	return nil
}

func (d *Directory) addFieldWords(f *Field) {
	for part := range strings.FieldsFuncSeq(f.Name, func(r rune) bool { return strings.ContainsRune(",;:()", r) }) {
		// One word of a name ("nước") is too common to count.
		if words := syllables(part); len(words) > 1 {
			d.words.add(words, fieldWord{field: f, text: strings.TrimSpace(part)})
		}
	}
	for _, text := range slices.Concat(f.Keywords, f.Colloquial) {
		text, _, _ = strings.Cut(text, " (") // "nhập khẩu (hộ khẩu)": the rest explains
		d.words.add(syllables(text), fieldWord{field: f, text: text})
	}
	for i := range f.Cases {
		for _, text := range f.Cases[i].Words {
			d.words.add(syllables(text), fieldWord{field: f, kase: &f.Cases[i], text: text})
		}
	}
}

func (d *Directory) checkField(f *Field) error {
	if err := d.checkOrigin(f.ID, f.Source, f.Confidence); err != nil {
		return err
	}
	lists := []Bodies{f.Until2025, f.Now.Bodies}
	dated := []*DatedBodies{f.Now}
	if f.From2025 != nil {
		lists, dated = append(lists, f.From2025.Bodies), append(dated, f.From2025)
	}
	for _, b := range dated {
		if err := d.checkOrigin(f.ID, b.Source, b.Confidence); err != nil {
			return err
		}
	}
	for _, b := range lists {
		if b.First != TierProvince && b.First != TierDistrict && b.First != TierCommune {
			return fmt.Errorf("directory: %s: first level %q is not known", f.ID, b.First)
		}
		if err := d.knownAgencies(f.ID, slices.Concat(b.Province, b.District, b.Commune)); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, c := range f.Cases {
		refs := []string{c.Lead2021, c.LeadNow}
		if c.AboveNow != "" {
			refs = append(refs, c.AboveNow)
		}
		if c.ID == "" || seen[c.ID] || len(c.Words) == 0 {
			return fmt.Errorf("directory: %s: a case has no id or words, or stands twice", f.ID)
		}
		seen[c.ID] = true
		if err := d.knownAgencies(f.ID+"/"+c.ID, refs); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) knownAgencies(what string, ids []string) error {
	for _, id := range ids {
		if d.agencies[id] == nil {
			return fmt.Errorf("directory: %s: no agency %q", what, id)
		}
	}
	return nil
}
