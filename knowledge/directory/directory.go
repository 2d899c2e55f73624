// Package directory knows who answers citizens of the former Hải Dương province
// and where: administrative units before and after the mergers of 2024 and 2025,
// agencies with their successors, the fields of procedures, portals and
// telephone lines, and office hours.
//
// All of it is data in data/*.yaml, each record with its sources, its confidence
// and the days it is valid. Load checks every reference. What a record may show
// to the public is decided in the data: a number that nobody has confirmed is
// not there at all.
package directory

import (
	"fmt"
	"time"
)

// Confidence says how sure a fact is.
type Confidence string

// The degrees of confidence.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Source is where a fact comes from. Records name sources by key.
type Source struct {
	Title   string   `yaml:"title"`
	URLs    []string `yaml:"urls"`
	Licence string   `yaml:"licence"`
	UsedFor string   `yaml:"used_for"`
	Note    string   `yaml:"note"`
}

// Options of Load.
type Options struct {
	// AsOf is the day whose units and agencies apply; zero means today.
	AsOf time.Time
	// BoundaryFile is a GeoJSON file with the boundaries of the communes of
	// 2025 (features with the properties level "commune_2025" and code), at most
	// MaxBoundaryFile bytes; "" for none. It need not hold all communes.
	BoundaryFile string
}

// Directory answers questions about places and agencies as of one day. It is
// immutable, and so are the records it hands out: they are shared by all readers
// and must not be changed. It is safe for concurrent use.
type Directory struct {
	data
	asOf string
}

// data is what has no date: shared by the directories of all days.
type data struct {
	sources        map[string]Source
	places         map[string]*Place
	placeList      []*Place // by level, then code
	names          lexicon[placeName]
	province       string // folded name of the former province, without its type
	points         []point
	boundaries     []boundary
	agencies       map[string]*Agency // templates included
	agencyList     []*Agency          // in the order of the file
	offices        map[string]officeRoles
	fields         map[string]*Field
	fieldList      []*Field
	fieldOf        map[string]*Field // by name in the national database
	words          lexicon[fieldWord]
	firstFields    map[string]int // the higher, the earlier
	collide        map[string]bool
	weak           map[string]bool // by folded words
	frontDesks     []FrontDesk
	lastResorts    []FrontDesk
	needsDesk      []NeedsFrontDesk
	portals        []Contact
	hotlines       []Contact
	receptions     []Contact
	missing        []string
	hours          []OfficeHours
	successorsOf   map[string]map[era][]Part // by id
	otherProvinces []province
}

// Load reads the embedded data, checks it and returns the directory of a day.
// An error means that the program was built from bad data or that the boundary
// file cannot be used.
func Load(opt Options) (*Directory, error) {
	d := &Directory{}
	if err := d.load(); err != nil {
		return nil, err
	}
	if opt.BoundaryFile != "" {
		var err error
		d.boundaries, err = readBoundaries(opt.BoundaryFile, func(code string) bool {
			return d.places["w"+code] != nil
		})
		if err != nil {
			return nil, err
		}
	}
	if opt.AsOf.IsZero() {
		opt.AsOf = time.Now()
	}
	d.asOf = Day(opt.AsOf)
	return d, nil
}

// At returns the directory of another day. It shares all data, so it costs nothing.
func (d *Directory) At(t time.Time) *Directory {
	other := *d
	other.asOf = Day(t)
	return &other
}

// AsOf returns the day whose units and agencies apply, as 2006-01-02.
func (d *Directory) AsOf() string { return d.asOf }

// Source returns the source of a key.
func (d *Directory) Source(key string) (Source, bool) {
	s, ok := d.sources[key]
	return s, ok
}

// Day returns the date of a moment in Vietnam as 2006-01-02, the form in which
// the data and this package keep days: they compare as strings.
func Day(t time.Time) string {
	// Vietnam has kept UTC+7 without summer time since 1975.
	return t.In(time.FixedZone("ICT", 7*60*60)).Format(time.DateOnly)
}

// inForce reports whether something valid from one day until before another
// is valid on a day; "" is an open end.
func inForce(day, from, to string) bool {
	return (from == "" || from <= day) && (to == "" || day < to)
}

func checkDays(what, from, to string) error {
	for _, day := range []string{from, to} {
		if day == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("%s: %q is not a date like 2025-07-01", what, day)
		}
	}
	if from != "" && to != "" && to <= from {
		return fmt.Errorf("%s: ends on %s, not after %s", what, to, from)
	}
	return nil
}
