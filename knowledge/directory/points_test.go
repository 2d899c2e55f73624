package directory

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// The reference points of data/points.tsv are computed here, from a file of
// boundaries that is not part of the repository:
//
//	CCHCBOT_BOUNDARIES=places.geojson go test -run 'Points|Nearest' ./knowledge/directory -update
//
// Without -update the test compares, so that the derivation stays known.
var update = flag.Bool("update", false, "rewrite data/points.tsv from the boundaries")

const (
	pointsPerCommune = 4
	gridStep         = 0.002 // degrees, about 200 m
)

const pointsHead = `# Reference points inside the 64 communes of 2025, computed from their boundaries: the area of a commune is
# covered with a grid of about 200 m, the grid is split into 4 compact groups of places close together, and the grid
# place nearest to the middle of each group is kept, rounded to 0.001 degree (about 100 m). See NOTICE for the source.
# code	latitude	longitude
`

// boundariesForTest returns the boundaries that the variable names.
func boundariesForTest(t *testing.T, d *Directory) []boundary {
	t.Helper()
	path := os.Getenv("CCHCBOT_BOUNDARIES")
	if path == "" {
		t.Skip("set CCHCBOT_BOUNDARIES to a boundary file to run this")
	}
	b, err := readBoundaries(path, func(code string) bool { return d.places["w"+code] != nil })
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(b, func(a, b boundary) int { return strings.Compare(a.code, b.code) })
	return b
}

func TestReferencePointsFollowFromTheBoundaries(t *testing.T) {
	d := load(t, "2026-11-22")
	var out strings.Builder
	out.WriteString(pointsHead)
	for _, b := range boundariesForTest(t, d) {
		for _, p := range referencePoints(&b, pointsPerCommune) {
			fmt.Fprintf(&out, "%s\t%.3f\t%.3f\n", b.code, p[1], p[0])
		}
	}
	if *update {
		if err := os.WriteFile("data/points.tsv", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != pointsFile {
		t.Error("data/points.tsv does not follow from these boundaries; run with -update")
	}
}

// referencePoints picks n points inside a boundary: the places of a grid, split
// into n groups by k-means, each represented by its place nearest to the mean.
func referencePoints(b *boundary, n int) []position {
	var grid []position
	for lat := math.Floor(b.minLat/gridStep) * gridStep; lat <= b.maxLat; lat += gridStep {
		for lon := math.Floor(b.minLon/gridStep) * gridStep; lon <= b.maxLon; lon += gridStep {
			if b.contains(lat, lon) {
				grid = append(grid, position{lon, lat})
			}
		}
	}
	centres := []position{mean(grid)}
	for len(centres) < min(n, len(grid)) { // begin with places far from each other
		centres = append(centres, slices.MaxFunc(grid, func(a, b position) int {
			return compare(gap(a, centres), gap(b, centres))
		}))
	}
	for range 40 {
		groups := make([][]position, len(centres))
		for _, p := range grid {
			i := closest(p, centres)
			groups[i] = append(groups[i], p)
		}
		for i, g := range groups {
			if len(g) > 0 {
				centres[i] = mean(g)
			}
		}
	}
	for i, c := range centres {
		centres[i] = grid[closest(c, grid)]
	}
	return centres
}

func mean(points []position) position {
	var m position
	for _, p := range points {
		m[0] += p[0] / float64(len(points))
		m[1] += p[1] / float64(len(points))
	}
	return m
}

func closest(p position, among []position) int {
	best := 0
	for i, q := range among {
		if metres(p[1], p[0], q[1], q[0]) < metres(p[1], p[0], among[best][1], among[best][0]) {
			best = i
		}
	}
	return best
}

func gap(p position, among []position) float64 {
	q := among[closest(p, among)]
	return metres(p[1], p[0], q[1], q[0])
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestNearestHoldsTheTrueCommune measures how often the commune that really
// holds a location is among the nearest ones, for locations spread evenly over
// the whole area.
func TestNearestHoldsTheTrueCommune(t *testing.T) {
	d := load(t, "2026-11-22")
	bounds := boundariesForTest(t, d)
	random := rand.New(rand.NewPCG(1, 2))
	var hits [4]int
	const total = 20000
	for done := 0; done < total; {
		lat, lon := 20.6+random.Float64()*0.7, 106.1+random.Float64()*0.6
		i := slices.IndexFunc(bounds, func(b boundary) bool { return b.contains(lat, lon) })
		if i < 0 {
			continue
		}
		done++
		for n, near := range d.Nearest(lat, lon, 3) {
			if near.Place.Code == bounds[i].code {
				hits[n+1]++
			}
		}
	}
	first, three := float64(hits[1])/total, float64(hits[1]+hits[2]+hits[3])/total
	t.Logf("nearest 1: %.2f %%, nearest 2: %.2f %%, nearest 3: %.2f %% of %d locations",
		100*first, 100*float64(hits[1]+hits[2])/total, 100*three, total)
	if first < 0.88 || three < 0.99 {
		t.Errorf("the nearest three hold the true commune too rarely")
	}
}
