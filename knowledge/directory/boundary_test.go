package directory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// square is a feature of one commune: a square with a square hole, and level.
func square(level, code, from, to string) string {
	ring := func(a, b string) string {
		return "[[" + a + ",20.9],[" + b + ",20.9],[" + b + ",20.95],[" + a + ",20.95],[" + a + ",20.9]]"
	}
	hole := "[[106.304,20.92],[106.306,20.92],[106.306,20.93],[106.304,20.93],[106.304,20.92]]"
	return `{"type":"Feature","properties":{"level":"` + level + `","code":"` + code + `"},"geometry":{"type":"Polygon","coordinates":[` + ring(from, to) + `,` + hole + `]}}`
}

func collection(features ...string) string {
	return `{"type":"FeatureCollection","features":[` + strings.Join(features, ",") + `]}`
}

func TestLocateWithABoundaryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "places.geojson")
	text := collection(square("district_2021", "288", "106.2", "106.5"), square("commune_2025", "10532", "106.30", "106.31"), square("commune_2025", "10507", "106.31", "106.32"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Load(Options{BoundaryFile: path})
	if err != nil || !d.Exact() {
		t.Fatal(err)
	}
	tests := []struct {
		lat, lon float64
		want     string
	}{
		{20.91, 106.305, "w10532"}, {20.91, 106.315, "w10507"},
		{20.925, 106.305, ""}, // in the hole
		{20.96, 106.305, ""}, {0, 0, ""},
	}
	for _, tt := range tests {
		p, ok := d.Locate(tt.lat, tt.lon)
		if ok != (tt.want != "") || ok && p.ID != tt.want {
			t.Errorf("%g, %g: got %v, want %q", tt.lat, tt.lon, p, tt.want)
		}
		near := d.Nearest(tt.lat, tt.lon, 3)
		if tt.want != "" && (len(near) != 3 || near[0].Place.ID != tt.want || !near[0].Exact || near[1].Exact) {
			t.Errorf("%g, %g: nearest %+v", tt.lat, tt.lon, near)
		}
	}
}

func TestBadBoundaryFilesAreRefused(t *testing.T) {
	d, dir := load(t, "2026-11-22"), t.TempDir()
	good := square("commune_2025", "10532", "106.30", "106.31")
	tests := map[string]struct{ text, want string }{
		"empty":              {"", "not GeoJSON"},
		"not GeoJSON":        {"PK\x03\x04", "not GeoJSON"},
		"other JSON":         {`{"type":"Topology"}`, "FeatureCollection"},
		"no commune":         {collection(square("district_2021", "288", "106.2", "106.5")), "no feature"},
		"unknown commune":    {collection(square("commune_2025", "1", "106.2", "106.5")), "not the code"},
		"twice":              {collection(good, good), "twice"},
		"exchanged axes":     {strings.ReplaceAll(collection(good), "106.30,20.9", "20.9,106.30"), "not in Vietnam"},
		"a line":             {strings.ReplaceAll(collection(good), `"Polygon"`, `"LineString"`), "neither"},
		"an open ring":       {strings.ReplaceAll(collection(good), ",[106.30,20.9]]", "]"), "not closed"},
		"a word as a number": {strings.ReplaceAll(collection(good), "20.95", `"x"`), "coordinates"},
		"no ring":            {`{"type":"FeatureCollection","features":[{"properties":{"level":"commune_2025","code":"10532"},"geometry":{"type":"Polygon","coordinates":[]}}]}`, "no ring"},
		"no geometry":        {`{"type":"FeatureCollection","features":[{"properties":{"level":"commune_2025","code":"10532"}}]}`, "neither"},
		"too big":            {collection(good) + strings.Repeat(" ", MaxBoundaryFile), "20 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "b.geojson")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readBoundaries(path, func(code string) bool { return d.places["w"+code] != nil }); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := Load(Options{BoundaryFile: filepath.Join(dir, "missing")}); err == nil {
		t.Error("a missing file was accepted")
	}
}

func TestNearest(t *testing.T) {
	d := load(t, "2026-11-22")
	near := d.Nearest(20.9603, 106.3243, 3) // in the north of the old city
	if len(near) != 3 || near[0].Place.ID != "w10507" || near[0].Metres > 3000 || near[0].Exact {
		t.Errorf("got %+v", near)
	}
	for i := 1; i < len(near); i++ {
		if near[i].Metres < near[i-1].Metres {
			t.Errorf("not in order: %+v", near)
		}
	}
	for name, at := range map[string][2]float64{"Hà Nội": {21.03, 105.85}, "Hải Phòng port": {20.86, 106.95}, "nowhere": {0, 0}, "the pole": {90, 0}} {
		if near := d.Nearest(at[0], at[1], 3); len(near) != 0 {
			t.Errorf("%s is near %s", name, near[0].Place.Name)
		}
	}
	for n, want := range map[int]int{-1: 0, 0: 0, 1: 1, 100: 10} {
		if got := len(d.Nearest(20.95, 106.33, n)); got != want {
			t.Errorf("n = %d: %d communes, want %d", n, got, want)
		}
	}
}

func FuzzBoundaryFile(f *testing.F) {
	f.Add([]byte(collection(square("commune_2025", "10532", "106.30", "106.31"))), 20.91, 106.305)
	f.Add([]byte(`{"type":"FeatureCollection","features":[null]}`), 0.0, 0.0)
	f.Fuzz(func(t *testing.T, b []byte, lat, lon float64) {
		bounds, err := parseBoundaries(b, func(code string) bool { return code != "" })
		if (err == nil) != (len(bounds) > 0) {
			t.Errorf("%d boundaries with error %v", len(bounds), err)
		}
		for i := range bounds {
			bounds[i].contains(lat, lon)
		}
	})
}
