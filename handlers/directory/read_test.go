package directory

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	places "cchcbot/knowledge/directory"
)

func TestLocation(t *testing.T) {
	tests := []struct {
		name     string
		day      string
		lat, lon float64
		want     string
		first    string // title of the first button, "" for any
		most     int    // choices
	}{
		{"inside", monday, 20.94, 106.33, "gần vị trí vừa gửi", "Phường Hải Dương", 3},
		{"inside, before the mergers", "2021-06-01", 20.94, 106.33, "gần vị trí vừa gửi", "", 6},
		{"beyond the border", monday, 20.86, 106.68, "có vẻ ngoài địa bàn", "", 3},
		{"far", monday, 10.78, 106.7, "ngoài địa bàn Hải Dương nên", "", 0},
		{"not in Vietnam", monday, -33.9, 18.4, "ngoài địa bàn Hải Dương nên", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, open := range []bool{false, true} {
				k := newTalk(t, tt.day, roomy())
				if open {
					k.say("/coquan")
				}
				got := k.at(tt.lat, tt.lon)
				if !strings.Contains(got, tt.want) {
					t.Errorf("%q is missing in:\n%s", tt.want, got)
				}
				choices := 0
				for _, b := range k.buttons {
					if strings.HasPrefix(b.Payload, "directory:place:") {
						choices++
					}
				}
				if choices > tt.most || tt.most > 0 && choices == 0 || tt.first != "" && k.titles()[0] != tt.first {
					t.Errorf("choices %q", k.titles())
				}
			}
		})
	}
}

func TestLocationIsNotKept(t *testing.T) {
	k := newTalk(t, monday, roomy())
	k.at(20.9437, 106.3361)
	k.press("Phường Hải Dương")
	kept := string(k.state.data) + string(k.in.session)
	if !strings.Contains(kept, "w10525") {
		t.Fatalf("the commune is not remembered: %s", kept)
	}
	for _, s := range []string{"20.9", "106.3", "9437", "3361"} {
		if strings.Contains(kept, s) {
			t.Errorf("the session holds %q of the location: %s", s, kept)
		}
	}
	// A second location replaces the choices of the first.
	k.at(20.94, 106.33)
	if got := k.at(10.78, 106.7); !strings.Contains(got, "ngoài địa bàn") {
		t.Errorf("a far one while choosing:\n%s", got)
	}
	k.at(21.12, 106.39)
	if slices.Contains(k.titles(), "Phường Hải Dương") {
		t.Errorf("the choices are still those of the first: %q", k.titles())
	}
}

func TestExactLocationStillAsks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "boundaries.geojson")
	square := `{"type":"FeatureCollection","features":[{"properties":{"level":"commune_2025","code":"10532"},"geometry":{"type":"Polygon",
		"coordinates":[[[106.32,20.93],[106.34,20.93],[106.34,20.95],[106.32,20.95],[106.32,20.93]]]}}]}`
	if err := os.WriteFile(file, []byte(square), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	dir, err := places.Load(places.Options{AsOf: at, BoundaryFile: file})
	if err != nil {
		t.Fatal(err)
	}
	k := talkIn(t, dir, roomy())
	if got := k.at(20.94, 106.33); !strings.Contains(got, "nằm ở nơi đầu tiên") {
		t.Errorf("got:\n%s", got)
	}
	if titles := k.titles(); len(titles) < 3 || titles[0] != "Phường Lê Thanh Nghị" {
		t.Errorf("choices %q, want the one with the boundary first and others after it", titles)
	}
}
