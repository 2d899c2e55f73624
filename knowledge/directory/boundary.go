package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// MaxBoundaryFile is the largest boundary file that Load accepts, in bytes.
const MaxBoundaryFile = 20 << 20

// boundaryLevel marks the features of a boundary file that are used; the other
// levels of the file are skipped.
const boundaryLevel = "commune_2025"

// A position is longitude, then latitude, in degrees (WGS 84), as GeoJSON has it.
type position [2]float64

// A boundary is the area of one commune of 2025: polygons of rings, the first
// ring of a polygon being its outline and the others its holes.
type boundary struct {
	code                           string
	polygons                       [][][]position
	minLon, minLat, maxLon, maxLat float64
}

// readBoundaries reads the boundary file at path. known says which codes are
// communes of 2025.
func readBoundaries(path string, known func(code string) bool) ([]boundary, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("directory: boundary file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxBoundaryFile+1))
	if err != nil {
		return nil, fmt.Errorf("directory: boundary file: %w", err)
	}
	if len(b) > MaxBoundaryFile {
		return nil, fmt.Errorf("directory: boundary file has more than %d MiB", MaxBoundaryFile>>20)
	}
	out, err := parseBoundaries(b, known)
	if err != nil {
		return nil, fmt.Errorf("directory: boundary file: %w", err)
	}
	return out, nil
}

// parseBoundaries reads a GeoJSON FeatureCollection and checks every number in it.
func parseBoundaries(b []byte, known func(code string) bool) ([]boundary, error) {
	var file struct {
		Type     string `json:"type"`
		Features []struct {
			Properties struct {
				Level string `json:"level"`
				Code  string `json:"code"`
			} `json:"properties"`
			Geometry struct {
				Type        string          `json:"type"`
				Coordinates json.RawMessage `json:"coordinates"`
			} `json:"geometry"`
		} `json:"features"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("not GeoJSON: %w", err)
	}
	if file.Type != "FeatureCollection" {
		return nil, errors.New(`not a GeoJSON "FeatureCollection"`)
	}
	var out []boundary
	seen := map[string]bool{}
	for i, f := range file.Features {
		if f.Properties.Level != boundaryLevel {
			continue
		}
		code := f.Properties.Code
		switch {
		case !known(code):
			return nil, fmt.Errorf("feature %d: %q is not the code of a commune of 2025", i+1, code)
		case seen[code]:
			return nil, fmt.Errorf("feature %d: commune %s stands twice", i+1, code)
		}
		seen[code] = true
		polygons, err := parsePolygons(f.Geometry.Type, f.Geometry.Coordinates)
		if err != nil {
			return nil, fmt.Errorf("commune %s: %w", code, err)
		}
		out = append(out, newBoundary(code, polygons))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no feature of level %q", boundaryLevel)
	}
	return out, nil
}

func parsePolygons(kind string, raw json.RawMessage) ([][][]position, error) {
	var polygons [][][]position
	var err error
	switch kind {
	case "Polygon":
		polygons = make([][][]position, 1)
		err = json.Unmarshal(raw, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(raw, &polygons)
	default:
		return nil, fmt.Errorf("geometry %q is neither Polygon nor MultiPolygon", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("coordinates: %w", err)
	}
	if len(polygons) == 0 {
		return nil, errors.New("has no polygon")
	}
	for _, rings := range polygons {
		if len(rings) == 0 {
			return nil, errors.New("a polygon has no ring")
		}
		for _, ring := range rings {
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				return nil, errors.New("a ring has fewer than four positions or is not closed")
			}
			for _, p := range ring {
				if !validPosition(p[1], p[0]) {
					return nil, fmt.Errorf("position %g, %g is not in Vietnam (longitude comes first)", p[0], p[1])
				}
			}
		}
	}
	return polygons, nil
}

// validPosition reports whether the point lies in a box around Vietnam.
func validPosition(lat, lon float64) bool {
	return lat >= 7 && lat <= 24 && lon >= 102 && lon <= 118 // false for NaN
}

func newBoundary(code string, polygons [][][]position) boundary {
	b := boundary{code, polygons, math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, rings := range polygons {
		for _, p := range rings[0] {
			b.minLon, b.maxLon = min(b.minLon, p[0]), max(b.maxLon, p[0])
			b.minLat, b.maxLat = min(b.minLat, p[1]), max(b.maxLat, p[1])
		}
	}
	return b
}

func (b *boundary) contains(lat, lon float64) bool {
	if lon < b.minLon || lon > b.maxLon || lat < b.minLat || lat > b.maxLat {
		return false
	}
	for _, rings := range b.polygons {
		// Even-odd over all rings: inside the outline and in no hole.
		inside := false
		for _, ring := range rings {
			if crossesOdd(ring, lat, lon) {
				inside = !inside
			}
		}
		if inside {
			return true
		}
	}
	return false
}

// crossesOdd reports whether a ray from the point to the east crosses the ring
// an odd number of times.
func crossesOdd(ring []position, lat, lon float64) bool {
	odd := false
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if (a[1] > lat) != (b[1] > lat) && lon < (b[0]-a[0])*(lat-a[1])/(b[1]-a[1])+a[0] {
			odd = !odd
		}
	}
	return odd
}
