package directory

import (
	"cmp"
	"slices"

	"cchcbot/knowledge/vietnamese"
)

// NameKind says which of a unit's names was found.
type NameKind string

// The kinds of name.
const (
	CurrentName  NameKind = "current"  // its name, or another spelling of it
	FormerName   NameKind = "former"   // its name before 2019-12-01
	AbsorbedName NameKind = "absorbed" // a unit that it took in then
)

// PlaceMatch is a unit whose name stands in a text.
type PlaceMatch struct {
	Place *Place
	Today []Part // what it leads to on the directory's day; see Directory.Today
	// Score is 0 to 1: 1 for the right kind and name with all marks, above 0.5
	// when it is likely meant.
	Score   float64
	Matched string   // the name as typed, without its kind
	Kind    NameKind // which name it was
	Name    string   // the name that matched, as the data writes it
}

// Limits of FindPlaces.
const (
	defaultPlaces = 5
	maxPlaces     = 20
)

// A placeName is one name of a unit, without its kind.
type placeName struct {
	place *Place
	kind  NameKind
	unit  string // kind of unit that stands before the name, "" for none
	name  string
}

// newPlaceNames indexes all names of all units. It also returns the folded name
// of the province, which a district and a commune share.
func newPlaceNames(places []*Place, province string) (lexicon[placeName], string) {
	var l lexicon[placeName]
	for _, p := range places {
		addPlaceName(&l, p, p.Name, CurrentName)
		addPlaceName(&l, p, p.Short, CurrentName)
		for _, name := range p.Aliases {
			addPlaceName(&l, p, name, CurrentName)
		}
		for _, name := range p.Formerly {
			addPlaceName(&l, p, name, FormerName)
		}
		for _, name := range p.Absorbed {
			addPlaceName(&l, p, name, AbsorbedName)
		}
	}
	words := syllables(province)
	return l, foldedKey(words[min(1, len(words)):])
}

func addPlaceName(l *lexicon[placeName], p *Place, name string, kind NameKind) {
	words := syllables(name)
	unit := ""
	for i := range words {
		if u, n := unitBefore(words, i); n == i && (districtKind(u) || communeKind(u)) {
			unit, words = u, words[i:]
			break
		}
	}
	l.add(words, placeName{p, kind, unit, name})
}

// Words before a name: kinds of unit, the province, and what makes the name that
// of a street, a school or a person.
var unitWords = map[string]string{
	"xã": typeCommune, "x": typeCommune, "phường": typeWard, "p": typeWard, "f": typeWard,
	"thị trấn": typeTownship, "tt": typeTownship, "huyện": typeRural, "h": typeRural,
	"thị xã": typeTown, "tx": typeTown, "thành phố": typeCity, "tp": typeCity,
	"tỉnh": wordProvince, "đường": wordStreet, "phố": wordStreet, "ngõ": wordStreet, "trường": wordStreet,
	"ông": wordStreet, "bà": wordStreet, "anh": wordStreet, "chị": wordStreet,
}

// foldedUnitWords holds the same words as people type them without marks.
var foldedUnitWords = func() map[string]string {
	m := map[string]string{}
	for word, unit := range unitWords {
		m[vietnamese.Fold(word)] = unit
	}
	return m
}()

const (
	wordProvince = "tinh"
	wordStreet   = "duong" // a street, a school or a person of that name
)

// unitBefore returns what the words right before position i say about a name
// that starts there, and how many words say it.
func unitBefore(words []syllable, i int) (unit string, n int) {
	for n = min(2, i); n > 0; n-- {
		before := words[i-n : i]
		exact := before[0].exact
		if n == 2 {
			exact += " " + before[1].exact
		}
		if u, ok := unitWords[exact]; ok {
			return u, n
		}
		// Without marks it counts as well; with others it is another word ("xả").
		if u, ok := foldedUnitWords[foldedKey(before)]; ok && (n == 2 || !vietnamese.HasTone(exact)) {
			return u, n
		}
	}
	return "", 0
}

func districtKind(unit string) bool {
	return unit == typeRural || unit == typeTown || unit == typeCity
}

func communeKind(unit string) bool {
	return unit == typeCommune || unit == typeWard || unit == typeTownship
}

// A mention is a run of words that names one or more units.
type mention struct {
	from, to int // words of the name
	unit     string
	matches  []PlaceMatch
}

func (m *mention) best() float64 {
	best := 0.0
	for _, p := range m.matches {
		best = max(best, p.Score)
	}
	return best
}

// FindPlaces finds units named in a text, by old and new names, with or without
// marks, with or without their kind, best first. A district named beside a
// commune tells communes of the same name apart and is then not listed itself.
// limit 0 means 5, at most 20. Text from outside may be given as it came.
func (d *Directory) FindPlaces(text string, limit int) []PlaceMatch {
	if limit <= 0 {
		limit = defaultPlaces
	}
	mentions := d.mentions(syllables(text))
	mentions = d.qualify(mentions)
	var out []PlaceMatch
	for _, m := range mentions {
		for _, p := range d.present(m.matches) {
			p.Today = d.Today(p.Place)
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, d.compareMatches)
	return firstOfEach(out, min(limit, maxPlaces))
}

// firstOfEach keeps the best match of every unit, at most n.
func firstOfEach(matches []PlaceMatch, n int) []PlaceMatch {
	seen := map[*Place]bool{}
	var out []PlaceMatch
	for _, m := range matches {
		if !seen[m.Place] && len(out) < n {
			seen[m.Place] = true
			out = append(out, m)
		}
	}
	return out
}

func (d *Directory) compareMatches(a, b PlaceMatch) int {
	if a.Score != b.Score {
		return cmp.Compare(b.Score, a.Score)
	}
	if ea, eb := d.Exists(a.Place), d.Exists(b.Place); ea != eb {
		return boolOrder(ea)
	}
	// Then the newer unit, and a commune before a district of that name.
	return cmp.Or(cmp.Compare(b.Place.From, a.Place.From), cmp.Compare(a.Place.Level, b.Place.Level),
		cmp.Compare(a.Place.Code, b.Place.Code))
}

// mentions finds the names in the words and settles overlaps: the longer name
// wins, so that "Bắc Thanh Miện" is not also "Thanh Miện", then the surer one.
func (d *Directory) mentions(words []syllable) []mention {
	var all []mention
	d.names.each(words, func(from, to int, found []phrase[placeName]) {
		unit, n := unitBefore(words, from)
		if n == 1 && d.endsName(words[:from]) {
			unit, n = "", 0 // the "duong" of "hai duong nguyen trai" is no street
		}
		// The name is most of the text when little else was typed.
		alone := 2*(to-from+n) >= len(words)
		m := mention{from: from, to: to, unit: unit}
		for _, f := range found {
			score := scoreName(words[from:to], f, unit, alone)
			if unit == "" && foldedKey(words[from:to]) == d.province {
				score *= 0.6 // rather the province than its city
			}
			if score > 0 {
				m.matches = append(m.matches, PlaceMatch{Place: f.value.place, Score: score,
					Matched: typed(words[from:to]), Kind: f.value.kind, Name: f.value.name})
			}
		}
		if m.matches = plausible(m.matches); len(m.matches) > 0 {
			all = append(all, m)
		}
	})
	slices.SortStableFunc(all, func(a, b mention) int {
		return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(b.best(), a.best()))
	})
	var out []mention
	for _, m := range all {
		if !slices.ContainsFunc(out, func(o mention) bool { return m.from < o.to && o.from < m.to }) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b mention) int { return cmp.Compare(a.from, b.from) })
	return out
}

// endsName reports whether a name of two words or more ends the words.
func (d *Directory) endsName(words []syllable) bool {
	for n := 2; n <= min(len(words), d.names.longest); n++ {
		if d.names.entries[foldedKey(words[len(words)-n:])] != nil {
			return true
		}
	}
	return false
}

// scoreName says how sure it is that the words mean the unit; 0 for not at all.
func scoreName(words []syllable, f phrase[placeName], unit string, alone bool) float64 {
	if unit == wordProvince {
		return 0
	}
	score := map[tones]float64{sameTones: 1, noTones: 0.8, someTones: 0.65, otherTones: 0.5}[compareTones(words, f.exact)]
	kind := f.value.unit
	if kind == "" {
		kind = f.value.place.Type
	}
	switch {
	case unit == wordStreet:
		score *= 0.3
	case unit == "" && len(words) == 1 && f.value.unit != "":
		return 0 // "hd" alone is not "TP HD"
	case unit == "" && len(words) == 1: // "TPHD" says its kind itself
	case unit == "":
		score *= 0.8
	case unit == kind:
	case districtKind(unit) == districtKind(kind):
		score *= 0.9
	default:
		score *= 0.4 // xã said of a district, or the other way round
	}
	if unit == "" && !alone && score < 0.8 {
		// Letters of a name in the middle of a sentence may be other words.
		score *= 0.7
	}
	switch f.value.kind {
	case FormerName:
		score *= 0.95
	case AbsorbedName:
		score *= 0.9
	}
	return score
}

// plausible drops what is much less likely than the best reading of the same
// words: other marks, another level.
func plausible(matches []PlaceMatch) []PlaceMatch {
	m := mention{matches: matches}
	best := m.best()
	return slices.DeleteFunc(matches, func(p PlaceMatch) bool { return p.Score < 0.7*best || p.Score < 0.2 })
}

// reach is how many words may stand between a commune and its district.
const reach = 6

// qualify uses districts named near communes to tell communes apart.
func (d *Directory) qualify(mentions []mention) []mention {
	used := make([]bool, len(mentions))
	for i := range mentions {
		q := &mentions[i]
		if communeKind(q.unit) || q.unit == wordStreet {
			continue
		}
		for j := range mentions {
			m := &mentions[j]
			if i == j || used[j] || districtKind(m.unit) || m.from-q.to > reach || q.from-m.to > reach {
				continue
			}
			if d.narrow(m, q) {
				used[i] = true
			}
		}
	}
	var out []mention
	for i, m := range mentions {
		if !used[i] {
			out = append(out, m)
		}
	}
	return out
}

// narrow keeps those matches of m that lie in a district named by q and reports
// whether q said where m is.
func (d *Directory) narrow(m, q *mention) bool {
	var districts []*Place
	for _, p := range q.matches {
		if p.Place.Level == District {
			districts = append(districts, p.Place)
		}
	}
	if len(districts) == 0 {
		return false
	}
	inside := func(p PlaceMatch) bool {
		return p.Place.Level != District && slices.ContainsFunc(p.Place.districts, func(o *Place) bool { return slices.Contains(districts, o) })
	}
	// The province has the name of its city: "Hồng Phong, Hải Dương" says nothing
	// about the district, but the city is not what is asked about either.
	if q.unit == "" && foldedKey(syllables(q.matches[0].Matched)) == d.province {
		slices.SortStableFunc(m.matches, func(a, b PlaceMatch) int {
			if inside(a) != inside(b) {
				return boolOrder(inside(a))
			}
			return 0
		})
		return true
	}
	if !slices.ContainsFunc(m.matches, inside) {
		return false
	}
	m.matches = slices.DeleteFunc(m.matches, func(p PlaceMatch) bool { return !inside(p) })
	return true
}

// present drops units that the day makes superfluous: those that do not exist
// yet when another one does or did, and those wholly inside a unit of the same
// name that is listed too (old Lê Thanh Nghị in the new one).
func (d *Directory) present(matches []PlaceMatch) []PlaceMatch {
	future := func(p PlaceMatch) bool { return p.Place.From > d.asOf }
	if !slices.ContainsFunc(matches, func(p PlaceMatch) bool { return !future(p) }) {
		first := slices.MinFunc(matches, func(a, b PlaceMatch) int { return cmp.Compare(a.Place.From, b.Place.From) })
		return slices.DeleteFunc(slices.Clone(matches), func(p PlaceMatch) bool { return p.Place.From != first.Place.From })
	}
	return slices.DeleteFunc(slices.Clone(matches), func(p PlaceMatch) bool {
		if future(p) {
			return true
		}
		return !d.Exists(p.Place) && slices.ContainsFunc(matches, func(o PlaceMatch) bool { return d.became(p.Place, o.Place) })
	})
}

// became reports whether all of a unit went into another one, by the directory's day.
func (d *Directory) became(p, into *Place) bool {
	for e := until2025; e <= eraOf(d.asOf); e++ {
		if parts := d.successorsOf[p.ID][e]; len(parts) == 1 && parts[0] == (Part{into, true}) {
			return true
		}
	}
	return false
}
