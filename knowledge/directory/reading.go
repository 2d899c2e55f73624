package directory

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
)

// How sure a name must be, for [Directory.Read]. Somebody who says a place among
// other words must be surer than one who was asked for it and says little else.
const (
	SurePlace = 0.40
	ToldPlace = 0.30
	// an answer longer than this many words is a sentence again
	toldInWords = 6
)

// Limits of reading a place.
const (
	MaxChoices = 6 // units of a Reading
	maxNear    = 3
	maxRead    = 2000 // bytes that are searched for provinces
	// asGood is how near to the best a name must come to be offered beside it.
	asGood = 0.75
	// farAway is from where on, in metres to the nearest reference point, a
	// location is likely outside: communes here are about six kilometres across.
	farAway = 6000
)

// Why says why there are several units to choose from. It stands in saved sessions.
type Why string

// The reasons.
const (
	WhySeveral  Why = ""         // several have that name
	WhyDivided  Why = "divided"  // the unit was divided
	WhyDistrict Why = "district" // a district that is no more
	WhyNear     Why = "near"     // near a location
	WhyFar      Why = "far"      // nearest to a location that is likely outside
	WhyExact    Why = "exact"    // the first holds the location
)

// Located reports whether the choices come from a location, which is never
// certain enough to skip the choice.
func (w Why) Located() bool { return w == WhyNear || w == WhyFar || w == WhyExact }

// Reading is what a text or a location leads to.
type Reading struct {
	Choices   []*Place // likeliest first, at most MaxChoices; each leads to one unit of the day, or is asked about again
	Why       Why
	Of        *Place // the unit that was divided or dissolved, or nil
	Old       string // name that was meant when it is not the unit's own name, or ""
	Elsewhere string // another province that was named, or ""
}

// Sure reports whether there is nothing to choose.
func (r Reading) Sure() bool { return len(r.Choices) == 1 && !r.Why.Located() }

// Told is how sure a name must be in the answer of somebody who was asked for a place.
func Told(text string) float64 {
	if len(strings.Fields(text)) > toldInWords {
		return SurePlace
	}
	return ToldPlace
}

// Read finds the units that a text names with at least that score. Text from
// outside may be given as it came.
func (d *Directory) Read(text string, least float64) Reading {
	if text == "" {
		return Reading{}
	}
	matches := d.FindPlaces(text, 2*MaxChoices)
	if len(matches) > 0 {
		least = max(least, asGood*matches[0].Score)
	}
	matches = slices.DeleteFunc(matches, func(m PlaceMatch) bool { return m.Score < least || len(m.Today) == 0 })
	after := ""
	if len(matches) > 0 {
		after = matches[0].Matched
	}
	if name := d.elsewhere(text, after); name != "" {
		return Reading{Elsewhere: name}
	}
	if len(matches) == 0 {
		return Reading{}
	}
	if first := matches[0]; len(matches) == 1 && !d.Exists(first.Place) && len(first.Today) > 1 {
		return d.Parted(first.Place)
	}
	var r Reading
	for _, m := range matches {
		if m.Place.Level == District {
			r.add(d, m.Place)
		} else {
			r.enter(d, m.Place) // one that was divided is asked about when it is chosen
		}
	}
	if first := matches[0]; r.Sure() && first.Kind != CurrentName && first.Place == r.Choices[0] {
		r.Old = first.Name
	}
	return r
}

// add enters a unit, or the units of the day it was divided into. Two that are
// one today count once.
func (r *Reading) add(d *Directory, p *Place) {
	now := d.Today(p)
	if len(now) == 1 {
		r.enter(d, p)
		return
	}
	for _, part := range now {
		r.enter(d, part.Place)
	}
}

func (r *Reading) enter(d *Directory, p *Place) {
	now := d.Today(p)
	same := func(o *Place) bool {
		other := d.Today(o)
		return len(now) == 1 && len(other) == 1 && now[0].Place == other[0].Place
	}
	if len(r.Choices) < MaxChoices && !slices.ContainsFunc(r.Choices, same) {
		r.Choices = append(r.Choices, p)
	}
}

// Parted lists what a unit that is no more was divided into. A unit that is
// newer than the directory's day leads to the older ones the same way.
func (d *Directory) Parted(p *Place) Reading {
	var r Reading
	r.add(d, p)
	switch {
	case p.To == "" || p.To > d.AsOf():
	case p.Level == District:
		r.Why, r.Of = WhyDistrict, p
	default:
		r.Why, r.Of = WhyDivided, p
	}
	return r
}

// Near lists the communes nearest to a location, for somebody to choose; none
// for a location far outside.
func (d *Directory) Near(lat, lon float64) Reading {
	r := Reading{Why: WhyNear}
	for i, l := range d.Nearest(lat, lon, maxNear) {
		switch {
		case i == 0 && l.Exact && d.Exists(l.Place):
			r.Why = WhyExact
		case i == 0 && !l.Exact && l.Metres > farAway:
			r.Why = WhyFar
		}
		r.add(d, l.Place)
	}
	return r
}

// Title names a unit among others: with its district when the name alone would
// not do, because several have it or because it is of the past.
func (d *Directory) Title(p *Place, among []*Place) string {
	twice := slices.ContainsFunc(among, func(o *Place) bool { return o != p && o.Name == p.Name })
	districts := p.Districts()
	if (d.Exists(p) && !twice) || p.Level == District || len(districts) == 0 {
		return p.Name
	}
	return p.Name + ", " + districts[0].ShortName()
}

// ShortName is the unit's shorter name: without its kind, where the data has no other.
func (p *Place) ShortName() string {
	if p.Short != "" {
		return p.Short
	}
	return p.BareName()
}

// BareName is the unit's name without its kind.
func (p *Place) BareName() string {
	for _, kind := range []string{"Phường ", "Xã ", "Thị trấn ", "Huyện ", "Thị xã ", "Thành phố "} {
		if rest, ok := strings.CutPrefix(p.Name, kind); ok {
			return rest
		}
	}
	return p.Name
}

// Narrow returns the only unit whose name or district the text says; nil when
// it says none or several.
func Narrow(choices []*Place, text string) *Place {
	words := foldedWords(text)
	var byName, byDistrict []*Place
	for _, p := range choices {
		if hasWords(words, foldedWords(p.BareName())) {
			byName = append(byName, p)
		}
		if slices.ContainsFunc(p.Districts(), func(o *Place) bool { return hasWords(words, foldedWords(o.BareName())) }) {
			byDistrict = append(byDistrict, p)
		}
	}
	// "Nam Thanh Miện" names that commune, not Thanh Miện as well.
	byName = slices.DeleteFunc(byName, func(p *Place) bool {
		return slices.ContainsFunc(byName, func(o *Place) bool {
			long, short := foldedWords(o.BareName()), foldedWords(p.BareName())
			return len(long) > len(short) && hasWords(long, short)
		})
	})
	both := slices.DeleteFunc(slices.Clone(byName), func(p *Place) bool { return !slices.Contains(byDistrict, p) })
	for _, list := range [][]*Place{byName, both, byDistrict} {
		if len(list) == 1 {
			return list[0]
		}
	}
	return nil
}

// provincesFile lists the other provinces and cities of Vietnam, one a line,
// with other names after "|".
//
//go:embed data/provinces.txt
var provincesFile string

type province struct {
	name  string
	words [][]string // its names, folded
}

func readProvinces(file string) []province {
	var out []province
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		names := strings.Split(line, "|")
		p := province{name: names[0]}
		for _, n := range names {
			p.words = append(p.words, foldedWords(n))
		}
		out = append(out, p)
	}
	return out
}

// elsewhere returns another province that the text puts the place in. When a
// place of ours was named, only a province right behind it, or one called
// "tỉnh" or "thành phố", says so: "Hòa Bình" may be a hamlet.
func (d *Directory) elsewhere(text, place string) string {
	words := foldedWords(text)
	from := 0
	if place != "" {
		name := foldedWords(place)
		if from = indexOfWords(words, name); from < 0 {
			return ""
		}
		from += len(name)
	}
	rest := words[from:]
	for _, p := range d.otherProvinces {
		for _, name := range p.words {
			i := indexOfWords(rest, name)
			if i < 0 {
				continue
			}
			if place == "" || i == 0 || slices.Contains(provinceWords[:], rest[i-1]) {
				return p.name
			}
		}
	}
	return ""
}

// provinceWords are folded words before the name of a province: tỉnh, TP, thành phố.
var provinceWords = [...]string{"tinh", "tp", "pho"}

// NamesUnknown reports whether a text names a commune or district in so many
// words: "xã Abc" with a capital. It is asked when Read found none.
func NamesUnknown(text string) bool {
	words := strings.Fields(clipText(text))
	for i := 1; i < len(words); i++ {
		r, _ := utf8.DecodeRuneInString(words[i])
		if !unicode.IsUpper(r) {
			continue
		}
		before := vietnamese.Fold(strings.Trim(words[i-1], ".,:;"))
		if slices.Contains([]string{"xa", "phuong", "tran", "huyen", "quan"}, before) {
			return true
		}
	}
	return false
}

// BodyIn finds a department of the province or city that a text names; nil when
// it names none. The longest name wins.
func (d *Directory) BodyIn(text string) *Agency {
	body, _ := d.bodyIn(text)
	return body
}

// bodyIn is BodyIn with the folded words by which the body is named.
func (d *Directory) bodyIn(text string) (best *Agency, named []string) {
	return longestNamed(foldedWords(text), d.AgenciesAt(nil), func(a *Agency, yield func([]string)) {
		for _, name := range slices.Concat([]string{a.Name}, a.Short, a.Aliases) {
			// "xây dựng" alone is a subject, "sở xây dựng" a body.
			if n := foldedWords(name); len(n) > 0 && slices.Contains(bodyWords[:], n[0]) {
				yield(n)
			}
		}
	})
}

// longestNamed finds the body of which words hold the longest name, of two words or more.
func longestNamed(words []string, bodies []*Agency, names func(*Agency, func([]string))) (best *Agency, named []string) {
	longest := 1
	for _, a := range bodies {
		names(a, func(n []string) {
			if len(n) > 3 && n[0] == bodyWords[0] && !hasWords(words, n) {
				n = n[:3] // "sở nông nghiệp" of a longer name
			}
			if len(n) > longest && hasWords(words, n) {
				best, named, longest = a, n, len(n)
			}
		})
	}
	return best, named
}

// FormerBodyIn finds a body of the former province that a text names and that is no
// more, and who has its work on the directory's day; nil when it names none, or one
// of today by as long a name.
func (d *Directory) FormerBodyIn(text string) (old, now *Agency) {
	old, now, _ = d.formerBodyIn(text)
	return old, now
}

// formerBodyIn is FormerBodyIn with the folded words by which the body is named.
func (d *Directory) formerBodyIn(text string) (old, now *Agency, named []string) {
	var ended []*Agency
	for _, a := range d.agencyList {
		if a.Template == "" && a.Tier == TierProvince && a.To != "" && a.To <= d.asOf {
			ended = append(ended, a)
		}
	}
	old, named = longestNamed(foldedWords(text), ended, func(a *Agency, yield func([]string)) {
		for i, name := range slices.Concat([]string{a.Name}, a.Short, a.Aliases) {
			// Their everyday names ("công an", "bảo hiểm y tế") are subjects, or other bodies of today.
			n := foldedWords(name)
			if len(n) > 0 && (n[0] == bodyWords[0] || i == 0 && len(n) > 2 || slices.Contains(n, wordProvince) || strings.HasSuffix(strings.Join(n, " "), d.province)) {
				yield(n)
			}
		}
	})
	if _, today := d.bodyIn(text); old == nil || len(named) <= len(today) {
		return nil, nil, nil
	}
	if now, _ = d.heir(old, ""); now == nil {
		return nil, nil, nil
	}
	return old, now, named
}

// bodyWords are folded first words of the names of bodies: Sở, Văn phòng, Trung
// tâm, Ban, Thanh tra, Công an, Thuế, Cục, Chi cục, Cơ quan, Bảo hiểm, Tòa án,
// Viện, Đài, Kho bạc, Trụ sở, UBND, Ủy ban, một cửa.
var bodyWords = [...]string{
	"so", "van", "trung", "ban", "thanh", "cong", "thue", "cuc", "chi", "co", "bao", "bhxh",
	"toa", "vien", "dai", "kho", "tru", "ubnd", "uy", "mot",
}

// foldedWords cuts a text into folded words.
func foldedWords(text string) []string {
	return strings.FieldsFunc(vietnamese.Fold(clipText(text)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func clipText(text string) string {
	if len(text) <= maxRead {
		return text
	}
	return strings.ToValidUTF8(text[:maxRead], "")
}

func hasWords(words, name []string) bool { return indexOfWords(words, name) >= 0 }

// indexOfWords returns where the words of name stand in a row, or -1.
func indexOfWords(words, name []string) int {
	if len(name) == 0 {
		return -1
	}
	for i := 0; i+len(name) <= len(words); i++ {
		if slices.Equal(words[i:i+len(name)], name) {
			return i
		}
	}
	return -1
}
