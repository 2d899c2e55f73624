package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Level tells the units of different times apart. Their codes overlap: 10507 is
// a ward of 2021 and another one of 2025.
type Level string

// The levels. A unit of 2024 is listed only when it has another name than the
// unit of 2021 with its code.
const (
	District    Level = "district"     // until 2025-06-30; ids d288
	Commune2021 Level = "commune_2021" // as of 2021; ids c10507
	Commune2024 Level = "commune_2024" // made on 2024-12-01, until 2025-06-30; ids m11167
	Commune2025 Level = "commune_2025" // since 2025-07-01; ids w10507
)

// The days of the two changes that the data describes.
const (
	mergers2024 = "2024-12-01" // NQ 1250/NQ-UBTVQH15: 235 communes became 207
	mergers2025 = "2025-07-01" // NQ 1669/NQ-UBTVQH15, NQ 202/2025/QH15: 64 communes, no districts
)

// The kinds of unit, as Place.Type has them.
const (
	typeWard     = "phuong"
	typeCommune  = "xa"
	typeTownship = "thi_tran"
	typeRural    = "huyen"
	typeTown     = "thi_xa"
	typeCity     = "thanh_pho"
)

// Place is an administrative unit.
type Place struct {
	ID       string // "d288", "c10507", "m11167", "w10507": see Level
	Code     string // of the General Statistics Office
	Name     string // with its kind: "Phường Cẩm Thượng"
	Level    Level
	Type     string // phuong, xa, thi_tran, huyen, thi_xa, thanh_pho
	Short    string // a shorter name, or ""
	From, To string // first day, and first day it no longer exists; "" for before 2021 and still
	// Aliases are other spellings, Formerly the unit's names before 2019-12-01,
	// Absorbed the units that it took in then.
	Aliases, Formerly, Absorbed []string
	// Seat says where the offices were to be, in the words of the plan of 2025;
	// "" when not known.
	Seat                string
	Source              []string
	Confidence          Confidence // of code, name, kind and district
	SuccessorConfidence Confidence // of what the unit became in 2025

	districts []*Place
}

// Districts returns the districts of 2021 that the unit lay in: one for a unit of
// 2021 or 2024, one or more for a commune of 2025, itself for a district.
func (p *Place) Districts() []*Place { return slices.Clone(p.districts) }

// Label is the name as it stands inside a sentence or after an office's name:
// "phường Cẩm Thượng".
func (p *Place) Label() string {
	r, size := utf8.DecodeRuneInString(p.Name)
	return string(unicode.ToLower(r)) + p.Name[size:]
}

// Part is one of the units that another unit led to.
type Part struct {
	Place *Place
	// Whole: all of the older unit belongs to the newer one. Otherwise the older
	// one was divided: ask for the hamlet or the location.
	Whole bool
}

// Place returns the unit of an id.
func (d *Directory) Place(id string) (*Place, bool) {
	p, ok := d.places[id]
	return p, ok
}

// Places lists the units of a level by code.
func (d *Directory) Places(level Level) []*Place {
	var out []*Place
	for _, p := range d.placeList {
		if p.Level == level {
			out = append(out, p)
		}
	}
	return out
}

// Exists reports whether the unit exists on the directory's day.
func (d *Directory) Exists(p *Place) bool { return inForce(d.asOf, p.From, p.To) }

// Today returns the units of the directory's day that hold the area of p, or
// some of it: p itself when it exists then. For a unit that is newer than the
// day these are the older units that it was made of. A district that has ended
// leads to all communes made of its communes.
func (d *Directory) Today(p *Place) []Part {
	if p == nil {
		return nil
	}
	if d.Exists(p) {
		return []Part{{p, true}}
	}
	return slices.Clone(d.successorsOf[p.ID][eraOf(d.asOf)])
}

// An era is a time without changes of units.
type era int

const (
	until2024 era = iota // the units of 2021
	until2025            // after the mergers of 2024
	since2025            // the communes of 2025
)

func eraOf(day string) era {
	switch {
	case day < mergers2024:
		return until2024
	case day < mergers2025:
		return until2025
	}
	return since2025
}

// The shapes of data/places.yaml.
type (
	placesData struct {
		AsOf         string            `yaml:"as_of"`
		Province     provinceRow       `yaml:"province"`
		History      []historyRow      `yaml:"history"`
		Sources      map[string]Source `yaml:"sources"`
		Districts    []placeRow        `yaml:"districts"`
		Communes2021 []placeRow        `yaml:"communes_2021"`
		Communes2025 []placeRow        `yaml:"communes_2025"`
	}
	provinceRow struct {
		Code string `yaml:"code"`
		Name string `yaml:"name"`
		To   string `yaml:"to"`
	}
	historyRow struct {
		Date       string     `yaml:"date"`
		Change     string     `yaml:"change"`
		Source     []string   `yaml:"source"`
		Confidence Confidence `yaml:"confidence"`
	}
	placeRow struct {
		Code                string     `yaml:"code"`
		Name                string     `yaml:"name"`
		Type                string     `yaml:"type"`
		Short               string     `yaml:"short"`
		District            string     `yaml:"district"`
		From                string     `yaml:"from"`
		To                  string     `yaml:"to"`
		Aliases             []string   `yaml:"aliases"`
		Formerly            []string   `yaml:"formerly"`
		Absorbed            []string   `yaml:"absorbed"`
		C2024               *unitRow   `yaml:"c2024"`
		C2025               []unitRow  `yaml:"c2025"`
		MadeFrom            []unitRow  `yaml:"made_from"`
		Seat                string     `yaml:"seat"`
		Note                string     `yaml:"note"`
		Source              []string   `yaml:"source"`
		Confidence          Confidence `yaml:"confidence"`
		SuccessorConfidence Confidence `yaml:"successor_confidence"`
	}
	unitRow struct {
		Code     string `yaml:"code"`
		Name     string `yaml:"name"`
		District string `yaml:"district"`
		Share    string `yaml:"share"` // whole or part
	}
)

// unitTypes leads from the first words of a name to the kind of unit.
var unitTypes = []struct{ prefix, kind string }{
	{"Phường ", typeWard}, {"Xã ", typeCommune}, {"Thị trấn ", typeTownship},
	{"Huyện ", typeRural}, {"Thị xã ", typeTown}, {"Thành phố ", typeCity},
}

func typeOfName(name string) string {
	for _, t := range unitTypes {
		if strings.HasPrefix(name, t.prefix) {
			return t.kind
		}
	}
	return ""
}

// addPlace enters a unit; the id must be free.
func (d *Directory) addPlace(prefix string, level Level, r *placeRow) error {
	p := &Place{
		ID: prefix + r.Code, Code: r.Code, Name: r.Name, Level: level, Type: r.Type, Short: r.Short, From: r.From, To: r.To,
		Aliases: r.Aliases, Formerly: r.Formerly, Absorbed: r.Absorbed, Seat: r.Seat,
		Source: r.Source, Confidence: r.Confidence, SuccessorConfidence: r.SuccessorConfidence,
	}
	switch {
	case r.Code == "" || r.Name == "":
		return fmt.Errorf("directory: a %s has no code or no name", level)
	case typeOfName(r.Name) != r.Type:
		return fmt.Errorf("directory: %s %s: type %q does not fit the name", level, r.Code, r.Type)
	case d.places[p.ID] != nil:
		return fmt.Errorf("directory: %s %s stands twice", level, r.Code)
	}
	if err := checkDays(p.ID, p.From, p.To); err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	if err := d.checkOrigin(p.ID, p.Source, p.Confidence); err != nil {
		return err
	}
	d.places[p.ID] = p
	d.placeList = append(d.placeList, p)
	return nil
}

// loadPlaces builds the units of all times and how they follow each other.
func (d *Directory) loadPlaces(file *placesData) error {
	for i := range file.Districts {
		if err := d.addPlace("d", District, &file.Districts[i]); err != nil {
			return err
		}
	}
	for i := range file.Communes2025 {
		if err := d.addPlace("w", Commune2025, &file.Communes2025[i]); err != nil {
			return err
		}
	}
	for i := range file.Communes2021 {
		if err := d.addCommune2021(file, &file.Communes2021[i]); err != nil {
			return err
		}
	}
	if err := d.link(file); err != nil {
		return err
	}
	for _, p := range d.placeList {
		if p.Level == District {
			p.districts = []*Place{p}
			d.linkDistrict(p)
		}
	}
	slices.SortFunc(d.placeList, func(a, b *Place) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Code, b.Code))
	})
	return nil
}

// addCommune2021 enters a commune of 2021 and, once, the unit that it became
// in 2024 when no unit of 2021 has that code and name.
func (d *Directory) addCommune2021(file *placesData, r *placeRow) error {
	r.To = mergers2025
	if r.C2024 != nil && (r.C2024.Code != r.Code || r.C2024.Name != r.Name) {
		r.To = mergers2024
		if !slices.ContainsFunc(file.Communes2021, func(o placeRow) bool {
			return o.Code == r.C2024.Code && o.Name == r.C2024.Name
		}) && d.places["m"+r.C2024.Code] == nil {
			unit := placeRow{
				Code: r.C2024.Code, Name: r.C2024.Name, Type: typeOfName(r.C2024.Name), From: mergers2024, To: mergers2025,
				Source: r.Source, Confidence: r.Confidence,
			}
			if err := d.addPlace("m", Commune2024, &unit); err != nil {
				return err
			}
		}
	}
	return d.addPlace("c", Commune2021, r)
}

// unitOf2024 returns the unit that had a code and name after 2024-12-01.
func (d *Directory) unitOf2024(u *unitRow) *Place {
	for _, id := range []string{"m" + u.Code, "c" + u.Code} {
		if p := d.places[id]; p != nil && p.Name == u.Name && inForce(mergers2024, p.From, p.To) {
			return p
		}
	}
	return nil
}

func (d *Directory) lead(from *Place, e era, to Part) {
	m := d.successorsOf[from.ID]
	if m == nil {
		m = map[era][]Part{}
		d.successorsOf[from.ID] = m
	}
	m[e] = append(m[e], to)
}

// link connects communes with their districts and with the units of the other eras.
func (d *Directory) link(file *placesData) error {
	for i := range file.Communes2021 {
		r := &file.Communes2021[i]
		c, district := d.places["c"+r.Code], d.places["d"+r.District]
		if district == nil {
			return fmt.Errorf("directory: %s: no district %q", c.ID, r.District)
		}
		c.districts = []*Place{district}
		if r.C2024 != nil {
			unit := d.unitOf2024(r.C2024)
			if unit == nil {
				return fmt.Errorf("directory: %s: no unit %s of 2024", c.ID, r.C2024.Code)
			}
			if unit != c {
				d.lead(c, until2025, Part{unit, true})
				d.lead(unit, until2024, Part{c, true})
			}
			unit.districts = c.districts
		}
		if len(r.C2025) == 0 {
			return fmt.Errorf("directory: %s leads to no commune of 2025", c.ID)
		}
		for _, u := range r.C2025 {
			now := d.places["w"+u.Code]
			if now == nil || u.Share != "whole" && u.Share != "part" {
				return fmt.Errorf("directory: %s: bad successor %q", c.ID, u.Code)
			}
			part := Part{now, u.Share == "whole"}
			d.lead(c, since2025, part)
			d.lead(now, until2024, Part{c, part.Whole})
		}
	}
	return d.linkCommunes2025(file)
}

func (d *Directory) linkCommunes2025(file *placesData) error {
	for i := range file.Communes2025 {
		r := &file.Communes2025[i]
		now := d.places["w"+r.Code]
		for j := range r.MadeFrom {
			u := &r.MadeFrom[j]
			unit, district := d.unitOf2024(u), d.places["d"+u.District]
			if unit == nil || district == nil || u.Share != "whole" && u.Share != "part" {
				return fmt.Errorf("directory: %s: bad unit %q it was made from", now.ID, u.Code)
			}
			whole := u.Share == "whole"
			d.lead(now, until2025, Part{unit, whole})
			if unit.Level == Commune2024 {
				d.lead(unit, since2025, Part{now, whole})
			}
			if !slices.Contains(now.districts, district) {
				now.districts = append(now.districts, district)
			}
		}
		if len(now.districts) == 0 {
			return fmt.Errorf("directory: %s was made from nothing", now.ID)
		}
	}
	return nil
}

// linkDistrict leads a district to the communes of 2025 that have a part of it.
func (d *Directory) linkDistrict(district *Place) {
	var parts []Part
	for _, p := range d.placeList {
		if p.Level == Commune2025 && slices.Contains(p.districts, district) {
			parts = append(parts, Part{p, false})
		}
	}
	d.successorsOf[district.ID] = map[era][]Part{since2025: parts}
}
