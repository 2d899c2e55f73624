package directory

import (
	"fmt"
	"slices"
	"strings"
)

// rank orders the levels, the lowest first. A local office is one of the city.
func (t Tier) rank() int {
	switch t {
	case TierCommune:
		return 0
	case TierDistrict:
		return 1
	}
	return 2
}

// tiersFrom lists the levels from a rank upwards.
func tiersFrom(rank int) []Tier {
	all := []Tier{TierCommune, TierDistrict, TierProvince}
	return all[min(rank, len(all)):]
}

// tierAbove returns the level above another one on the directory's day; the
// province or city has none above and is its own.
func (d *Directory) tierAbove(t Tier) Tier {
	if t == TierCommune && d.asOf < mergers2025 {
		return TierDistrict
	}
	return TierProvince
}

func (b *Bodies) list(t Tier) []string {
	switch t {
	case TierCommune:
		return b.Commune
	case TierDistrict:
		return b.District
	}
	return b.Province
}

// area is a place as of the directory's day.
type area struct {
	place *Place
	// communes hold the place, or some of it. Empty: which one is not known.
	communes []*Place
	// districts that the place may lie in; empty when not known and since 2025-07-01.
	districts []*Place
}

// areaOf leads a place of any time to the units of the day.
func (d *Directory) areaOf(p *Place) area {
	out := area{place: p}
	if p == nil {
		return out
	}
	if d.asOf < mergers2025 {
		out.districts = p.districts
	}
	if p.Level == District {
		return out
	}
	for _, part := range d.Today(p) {
		out.communes = append(out.communes, part.Place)
	}
	return out
}

// units returns the units of a template's kind that the place lies in.
func (a *area) units(t *Agency) []*Place {
	switch t.Template {
	case "":
		return nil
	case "district":
		return a.districts
	}
	return a.communes
}

// only returns the unit whose body of a template answers for the whole place, nil
// when none or several may be it.
func (a *area) only(t *Agency) *Place {
	if u := a.units(t); len(u) == 1 && t.existsAt(u[0]) {
		return u[0]
	}
	return nil
}

func (a *area) label() string {
	switch len(a.communes) {
	case 0:
		return "no commune is known"
	case 1:
		return a.communes[0].Name
	}
	var names []string
	for _, p := range a.communes[:min(4, len(a.communes))] {
		names = append(names, p.Name)
	}
	return fmt.Sprintf("%d units, %s", len(a.communes), strings.Join(names, ", "))
}

// ask lists the units among which a citizen has to say where it is.
func (r *route) ask(t *Agency) []*Place {
	if units := r.area.units(t); len(units) > 1 {
		return slices.Clone(units)
	}
	var out []*Place
	for _, p := range r.d.placeList {
		if !r.d.Exists(p) || templateOf(p.Level) != t.Template {
			continue
		}
		if place := r.area.place; place == nil || len(place.districts) == 0 || sharesDistrict(p, place) {
			out = append(out, p)
		}
	}
	return out
}

func sharesDistrict(a, b *Place) bool {
	return slices.ContainsFunc(a.districts, func(p *Place) bool { return slices.Contains(b.districts, p) })
}
