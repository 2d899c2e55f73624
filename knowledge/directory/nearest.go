package directory

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// farthest is how far in metres the nearest reference point may lie before a
// location counts as outside the area.
const farthest = 30_000

//go:embed data/points.tsv
var pointsFile string

// A point is a reference point inside a commune of 2025.
type point struct {
	lat, lon float64
	place    *Place
}

// Located is a commune of 2025 near a location.
type Located struct {
	Place *Place
	// Metres to the nearest reference point of the commune, 0 when Exact.
	Metres float64
	// Exact: the location lies inside the commune's boundary.
	Exact bool
}

// Nearest lists up to n communes of 2025 by their distance from a location
// (degrees, WGS 84), nearest first; n is at most 10. They are a proposal to
// choose from: the distance is the one to the nearest of some points inside the
// commune, not to its border. With a boundary file the commune that holds the
// location comes first, with Exact set. The list is empty for a location more
// than about 30 km from the area, or that is none.
func (d *Directory) Nearest(lat, lon float64, n int) []Located {
	if !validPosition(lat, lon) || n <= 0 {
		return nil
	}
	best := map[*Place]float64{}
	nearest := math.Inf(1)
	for _, p := range d.points {
		m := metres(lat, lon, p.lat, p.lon)
		nearest = min(nearest, m)
		if old, ok := best[p.place]; !ok || m < old {
			best[p.place] = m
		}
	}
	exact, inside := d.Locate(lat, lon)
	if nearest > farthest && !inside {
		return nil
	}
	out := make([]Located, 0, len(best))
	for place, m := range best {
		if inside && place == exact {
			out = append(out, Located{Place: place, Exact: true})
			continue
		}
		out = append(out, Located{Place: place, Metres: math.Round(m)})
	}
	slices.SortFunc(out, func(a, b Located) int {
		switch {
		case a.Exact != b.Exact:
			return boolOrder(a.Exact)
		case a.Metres != b.Metres:
			return int(a.Metres - b.Metres)
		}
		return strings.Compare(a.Place.Code, b.Place.Code)
	})
	return out[:min(n, len(out), 10)]
}

// boolOrder sorts what is true first.
func boolOrder(first bool) int {
	if first {
		return -1
	}
	return 1
}

// Locate returns the commune of 2025 whose boundary holds the location. It is
// false without a boundary file (Options.BoundaryFile) and outside of what the
// file covers.
func (d *Directory) Locate(lat, lon float64) (*Place, bool) {
	for i := range d.boundaries {
		if d.boundaries[i].contains(lat, lon) {
			return d.places["w"+d.boundaries[i].code], true
		}
	}
	return nil, false
}

// Exact reports whether locations are matched against boundaries.
func (d *Directory) Exact() bool { return len(d.boundaries) > 0 }

// metres is the distance between two near points. The earth is flat enough
// over 50 km: the error stays below 0.1 %.
func metres(lat1, lon1, lat2, lon2 float64) float64 {
	const degree = 111_195 // metres of one degree of a great circle
	y := (lat2 - lat1) * degree
	x := (lon2 - lon1) * degree * math.Cos((lat1+lat2)/2*math.Pi/180)
	return math.Hypot(x, y)
}

// parsePoints reads the reference points: code, latitude and longitude on a
// line, separated by tabs; # starts a comment.
func parsePoints(text string, places map[string]*Place) ([]point, error) {
	var out []point
	has := map[*Place]bool{}
	line := 0
	for row := range strings.Lines(text) {
		line++
		row = strings.TrimSpace(row)
		if row == "" || row[0] == '#' {
			continue
		}
		cells := strings.Split(row, "\t")
		if len(cells) != 3 {
			return nil, fmt.Errorf("directory: points.tsv line %d: %d columns, want 3", line, len(cells))
		}
		place := places["w"+cells[0]]
		lat, err1 := strconv.ParseFloat(cells[1], 64)
		lon, err2 := strconv.ParseFloat(cells[2], 64)
		if place == nil || err1 != nil || err2 != nil || !validPosition(lat, lon) {
			return nil, fmt.Errorf("directory: points.tsv line %d: not a commune of 2025 with latitude and longitude", line)
		}
		has[place] = true
		out = append(out, point{lat, lon, place})
	}
	for _, p := range places {
		if p.Level == Commune2025 && !has[p] {
			return nil, fmt.Errorf("directory: points.tsv: %s has no point", p.ID)
		}
	}
	return out, nil
}
