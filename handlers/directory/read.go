package directory

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"

	places "cchcbot/knowledge/directory"
)

// Limits of reading a place.
const (
	maxChoices = 6
	maxNear    = 3
	maxRead    = 2000 // letters that are searched for provinces and bodies
	// asGood is how near to the best a name must come to be offered beside it.
	asGood = 0.75
	// farAway is from where on, in metres to the nearest reference point, a
	// location is likely outside: communes here are about six kilometres across.
	farAway = 6000
)

// why says why there are several units to choose from.
type why string

const (
	whySeveral  why = ""         // several have that name
	whyDivided  why = "divided"  // the unit was divided
	whyDistrict why = "district" // a district that is no more
	whyNear     why = "near"     // near a location
	whyFar      why = "far"      // nearest to a location that is likely outside
	whyExact    why = "exact"    // the first holds the location
)

// key is the text that asks which. A switch, since the value comes back from a session.
func (w why) key() string {
	switch w {
	case whyDivided:
		return "directory.which_divided"
	case whyDistrict:
		return "directory.which_district"
	case whyNear:
		return "directory.which_near"
	case whyFar:
		return "directory.which_far"
	case whyExact:
		return "directory.which_exact"
	}
	return "directory.which_several"
}

// located reports whether the choices come from a location, which is never
// certain enough to skip the choice.
func (w why) located() bool { return w == whyNear || w == whyFar || w == whyExact }

// found is what a text or a location leads to.
type found struct {
	choices   []*places.Place // likeliest first; each leads to one unit of the day, or is asked about again
	why       why
	of        *places.Place // the unit that was divided or dissolved, or nil
	old       string        // name that was meant when it is not the unit's own name, or ""
	elsewhere string        // another province that was named, or ""
}

// sure reports whether there is nothing to choose.
func (f found) sure() bool {
	return len(f.choices) == 1 && !f.why.located()
}

// read finds the units a text names with at least that score.
func (s *service) read(d *places.Directory, text string, least float64) found {
	if text == "" {
		return found{}
	}
	matches := d.FindPlaces(text, 2*maxChoices)
	if len(matches) > 0 {
		least = max(least, asGood*matches[0].Score)
	}
	matches = slices.DeleteFunc(matches, func(m places.PlaceMatch) bool { return m.Score < least || len(m.Today) == 0 })
	after := ""
	if len(matches) > 0 {
		after = matches[0].Matched
	}
	if name := s.elsewhere(text, after); name != "" {
		return found{elsewhere: name}
	}
	if len(matches) == 0 {
		return found{}
	}
	if first := matches[0]; len(matches) == 1 && !d.Exists(first.Place) && len(first.Today) > 1 {
		return parted(d, first.Place)
	}
	var f found
	for _, m := range matches {
		if m.Place.Level == places.District {
			f.add(d, m.Place)
		} else {
			f.enter(d, m.Place) // one that was divided is asked about when it is chosen
		}
	}
	if first := matches[0]; f.sure() && first.Kind != places.CurrentName && first.Place == f.choices[0] {
		f.old = first.Name
	}
	return f
}

// add enters a unit, or the units of the day it was divided into. Two that are
// one today count once.
func (f *found) add(d *places.Directory, p *places.Place) {
	now := d.Today(p)
	if len(now) == 1 {
		f.enter(d, p)
		return
	}
	for _, part := range now {
		f.enter(d, part.Place)
	}
}

func (f *found) enter(d *places.Directory, p *places.Place) {
	now := d.Today(p)
	same := func(o *places.Place) bool {
		other := d.Today(o)
		return len(now) == 1 && len(other) == 1 && now[0].Place == other[0].Place
	}
	if len(f.choices) < maxChoices && !slices.ContainsFunc(f.choices, same) {
		f.choices = append(f.choices, p)
	}
}

// parted lists what a unit that is no more was divided into. A unit that is
// newer than the directory's day leads to the older ones the same way.
func parted(d *places.Directory, p *places.Place) found {
	var f found
	f.add(d, p)
	switch {
	case p.To == "" || p.To > d.AsOf():
	case p.Level == places.District:
		f.why, f.of = whyDistrict, p
	default:
		f.why, f.of = whyDivided, p
	}
	return f
}

// near lists the communes nearest to a location, for the citizen to choose.
func near(d *places.Directory, at bot.Place) found {
	f := found{why: whyNear}
	for i, l := range d.Nearest(at.Lat, at.Lon, maxNear) {
		switch {
		case i == 0 && l.Exact && d.Exists(l.Place):
			f.why = whyExact
		case i == 0 && !l.Exact && l.Metres > farAway:
			f.why = whyFar
		}
		f.add(d, l.Place)
	}
	return f
}

// title names a unit among others: with its district when the name alone would
// not do, because several have it or because it is of the past.
func title(d *places.Directory, p *places.Place, among []*places.Place) string {
	twice := slices.ContainsFunc(among, func(o *places.Place) bool { return o != p && o.Name == p.Name })
	districts := p.Districts()
	if (d.Exists(p) && !twice) || p.Level == places.District || len(districts) == 0 {
		return p.Name
	}
	return p.Name + ", " + districtName(districts[0])
}

func districtName(p *places.Place) string {
	if p.Short != "" {
		return p.Short
	}
	return bareName(p)
}

// bareName is a unit's name without its kind.
func bareName(p *places.Place) string {
	for _, kind := range []string{"Phường ", "Xã ", "Thị trấn ", "Huyện ", "Thị xã ", "Thành phố "} {
		if rest, ok := strings.CutPrefix(p.Name, kind); ok {
			return rest
		}
	}
	return p.Name
}

// provincesFile lists the other provinces and cities of Vietnam, one a line,
// with other names after "|".
//
//go:embed provinces.txt
var provincesFile string

type province struct {
	name  string
	words [][]string // its names, folded
}

func (s *service) readProvinces(file string) []province {
	var out []province
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		names := strings.Split(line, "|")
		p := province{name: names[0]}
		for _, n := range names {
			p.words = append(p.words, s.words(n))
		}
		out = append(out, p)
	}
	return out
}

// elsewhere returns another province that the text puts the place in. When a
// place of ours was named, only a province right behind it, or one called
// "tỉnh" or "thành phố", says so: "Hòa Bình" may be a hamlet.
func (s *service) elsewhere(text, place string) string {
	words := s.words(text)
	from := 0
	if place != "" {
		name := s.words(place)
		if from = indexOf(words, name); from < 0 {
			return ""
		}
		from += len(name)
	}
	rest := words[from:]
	for _, p := range s.provinces {
		for _, name := range p.words {
			i := indexOf(rest, name)
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

// namesUnknown reports whether a text names a commune or district that is not
// ours: "xã Abc" with a capital.
func (s *service) namesUnknown(text string) bool {
	words := strings.Fields(clip(text))
	for i := 1; i < len(words); i++ {
		r, _ := utf8.DecodeRuneInString(words[i])
		if !unicode.IsUpper(r) {
			continue
		}
		before := s.opt.Fold(strings.Trim(words[i-1], ".,:;"))
		if slices.Contains([]string{"xa", "phuong", "tran", "huyen", "quan"}, before) {
			return true
		}
	}
	return false
}

// words cuts a text into folded words.
func (s *service) words(text string) []string {
	return strings.FieldsFunc(s.opt.Fold(clip(text)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func clip(text string) string {
	if len(text) <= maxRead {
		return text
	}
	return strings.ToValidUTF8(text[:maxRead], "")
}

func has(words, name []string) bool { return indexOf(words, name) >= 0 }

// indexOf returns where the words of name stand in a row, or -1.
func indexOf(words, name []string) int {
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
