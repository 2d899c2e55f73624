package directory

import (
	"slices"
	"strings"
	"testing"
)

func TestBodiesOfTemplatesAreNamedAfterTheirUnit(t *testing.T) {
	d := load(t, "2026-11-22")
	tests := []struct{ day, id, name, parent string }{
		{"2026-11-22", "xa25.ubnd@10532", "UBND phường Lê Thanh Nghị", ""},
		{"2026-11-22", "xa25.kinh-te@10532", "Phòng Kinh tế, Hạ tầng và Đô thị phường Lê Thanh Nghị", "xa25.ubnd@10532"},
		{"2026-11-22", "xa25.kinh-te@10606", "Phòng Kinh tế xã Nam Sách", "xa25.ubnd@10606"},
		{"2026-11-22", "xa25.tt-pvhcc@10507", "Trung tâm Phục vụ hành chính công phường Thành Đông", "xa25.ubnd@10507"},
		{"2026-11-22", "xa25.cong-an@10507", "Công an phường Thành Đông", "hp-cong-an"},
		{"2021-06-01", "huyen.tu-phap@288", "Phòng Tư pháp thành phố Hải Dương", ""},
		{"2021-06-01", "huyen.qldt@292", "Phòng Quản lý đô thị thị xã Kinh Môn", ""},
		{"2021-06-01", "xa.ubnd@10507", "UBND phường Cẩm Thượng", ""},
		{"2021-06-01", "xa.tram-y-te@10507", "Trạm Y tế phường Cẩm Thượng", "huyen.ttyt@288"},
		// The code stayed, the commune became another one on 2024-12-01.
		{"2021-06-01", "xa.ubnd@11167", "UBND xã Hồng Đức", ""},
		{"2025-04-01", "xa.ubnd@11167", "UBND xã Đức Phúc", ""},
		{"2025-04-01", "xa.cong-an@10534", "Công an phường Lê Thanh Nghị", "cong-an-tinh"},
		{"2026-11-22", "hp-so-tu-phap", "Sở Tư pháp thành phố Hải Phòng", ""},
	}
	for _, tt := range tests {
		a, ok := d.At(date(t, tt.day)).Agency(tt.id)
		if !ok || a.Name != tt.name || a.Parent != tt.parent || a.ID != tt.id {
			t.Errorf("%s %s: got %+v, want %q under %q", tt.day, tt.id, a, tt.name, tt.parent)
		}
	}
}

func TestNoBodyForWhatDoesNotExist(t *testing.T) {
	d := load(t, "2021-06-01")
	for _, id := range []string{"", "@", "x", "huyen.qldt@291", "huyen.kt-ht@288", "huyen.ubnd@10507", "xa.ubnd@99999", "xa25.ubnd@10510", "so-noi-vu@288", "xa.ubnd@10507@1"} {
		if a, ok := d.Agency(id); ok {
			t.Errorf("%q is %s", id, a.Name)
		}
	}
}

func TestEveryBodyOfATemplateHasAName(t *testing.T) {
	for _, day := range []string{"2021-06-01", "2025-04-01", "2026-11-22"} {
		d := load(t, day)
		for _, p := range d.placeList {
			if !d.Exists(p) {
				continue
			}
			for _, a := range d.AgenciesAt(p) {
				if !strings.HasSuffix(a.Name, p.Label()) || len(a.Name) < len(p.Label())+4 || strings.ContainsAny(a.Name, "{}") {
					t.Errorf("%s: %s is called %q", day, a.ID, a.Name)
				}
				if again, ok := d.Agency(a.ID); !ok || again.Name != a.Name {
					t.Errorf("%s: %s is not found again", day, a.ID)
				}
				if a.Parent != "" {
					if _, ok := d.Agency(a.Parent); !ok {
						t.Errorf("%s: %s has no parent %s", day, a.ID, a.Parent)
					}
				}
			}
		}
	}
}

func TestAgenciesAt(t *testing.T) {
	d := load(t, "2026-11-22")
	ids := func(day, place string) []string {
		var out []string
		at := d.At(date(t, day))
		p, _ := d.Place(place)
		for _, a := range at.AgenciesAt(p) {
			out = append(out, a.ID)
		}
		return out
	}
	tests := []struct {
		day, place     string
		with, without  []string
		bodies, atMost int
	}{
		{"2026-11-22", "w10532", []string{"xa25.ubnd@10532", "xa25.vp@10532"}, []string{"xa.ubnd@10532", "huyen.ubnd@288"}, 8, 8},
		// An old ward leads to the bodies of today's ward.
		{"2026-11-22", "c10522", []string{"xa25.ubnd@10532"}, []string{"xa.ubnd@10522"}, 8, 8},
		{"2026-11-22", "c10528", []string{"xa25.ubnd@10532", "xa25.ubnd@10537"}, nil, 16, 16},
		{"2021-06-01", "c10522", []string{"xa.ubnd@10522", "xa.cong-an@10522"}, []string{"xa25.ubnd@10532"}, 5, 12},
		{"2025-04-01", "c10522", []string{"xa.ubnd@10534"}, []string{"xa.ubnd@10522"}, 5, 12},
		{"2021-06-01", "d288", []string{"huyen.qldt@288", "huyen.cong-an@288"}, []string{"huyen.kt-ht@288", "hd25.huyen.nnmt@288"}, 15, 30},
		{"2025-04-01", "d291", []string{"hd25.huyen.nnmt@291", "huyen.ubnd@291"}, []string{"huyen.tnmt@291", "huyen.cong-an@291"}, 10, 30},
		{"2021-06-01", "", []string{"so-tnmt", "cong-an-tinh"}, []string{"hp-cong-an", "hp-kv.thue"}, 37, 37},
		{"2026-11-22", "", []string{"hp-so-nnmt"}, []string{"so-tnmt", "hd25.so-nnmt", "hp-kv.thue"}, 20, 40},
	}
	for _, tt := range tests {
		got := ids(tt.day, tt.place)
		if len(got) < tt.bodies || len(got) > tt.atMost {
			t.Errorf("%s %q: %d bodies: %v", tt.day, tt.place, len(got), got)
		}
		for _, id := range tt.with {
			if !slices.Contains(got, id) {
				t.Errorf("%s %q: %s is missing in %v", tt.day, tt.place, id, got)
			}
		}
		for _, id := range tt.without {
			if slices.Contains(got, id) {
				t.Errorf("%s %q: %s should not be there", tt.day, tt.place, id)
			}
		}
	}
}

func TestOffice(t *testing.T) {
	d := load(t, "2026-11-22")
	w, _ := d.Place("w10532")
	o, ok := d.Office(w)
	if !ok || o.Committee.Name != "UBND phường Lê Thanh Nghị" || o.Desk.ID != "xa25.tt-pvhcc@10532" || o.Police.ID != "xa25.cong-an@10532" {
		t.Errorf("office of %s: %+v", w.ID, o)
	}
	if w.Seat == "" {
		t.Error("its seat is not known")
	}
	for _, id := range []string{"c10522", "d288", "m10762"} {
		p, _ := d.Place(id)
		if _, ok := d.Office(p); ok {
			t.Errorf("%s has ended but has an office", id)
		}
	}
	old := d.At(date(t, "2021-06-01"))
	district, _ := d.Place("d288")
	if o, ok := old.Office(district); !ok || o.Committee.Name != "UBND thành phố Hải Dương" || o.Police == nil {
		t.Errorf("office of %s: %+v", district.ID, o)
	}
	// No district police since 2025-03-01.
	if o, ok := d.At(date(t, "2025-04-01")).Office(district); !ok || o.Police != nil || o.Desk == nil {
		t.Errorf("office of %s in 2025: %+v", district.ID, o)
	}
	if _, ok := d.Office(nil); ok {
		t.Error("no place has an office")
	}
}

// Whatever task a body had, following the hand-overs ends at a body in office.
func TestSuccessionEndsInOffice(t *testing.T) {
	d := load(t, "2026-11-22")
	for _, a := range d.agencyList {
		for _, start := range a.Succession {
			for _, task := range start.Tasks {
				at, hops := a, 0
				for ; at != nil && !d.InOffice(at) && hops < 5; hops++ {
					at = d.agencies[nextFor(at, task)]
				}
				if at == nil || !d.InOffice(at) {
					t.Errorf("%s, task %s: ends nowhere", a.ID, task)
				}
			}
		}
	}
}

// nextFor returns who took a task over: the most specific entry wins.
func nextFor(a *Agency, task string) string {
	field, _, _ := strings.Cut(task, "/")
	for _, want := range []string{task, field, allTasks} {
		for _, s := range a.Succession {
			if slices.Contains(s.Tasks, want) {
				return s.To
			}
		}
	}
	return ""
}
