package directory

import (
	"strings"
	"testing"
)

func TestElsewhereIsOnlyWhatIsMeant(t *testing.T) {
	d := load(t, "2026-11-23")
	if len(d.otherProvinces) != 61 {
		t.Errorf("%d provinces, want 63 of 2021 without Hải Dương and Hải Phòng", len(d.otherProvinces))
	}
	tests := []struct{ text, place, want string }{
		{"phường Bến Nghé, TP HCM", "", "Thành phố Hồ Chí Minh"},
		{"o ha noi", "", "Hà Nội"},
		{"phường Trần Phú Hà Nội", "Trần Phú", "Hà Nội"},
		{"phường Trần Phú, tỉnh Hòa Bình", "Trần Phú", "Hòa Bình"},
		{"phường Trần Phú khu Hòa Bình", "Trần Phú", ""}, // a hamlet
		{"tôi ở Hà Nội hỏi UBND phường Cẩm Thượng", "Cẩm Thượng", ""},
		{"phường Cẩm Thượng", "Cẩm Thượng", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := d.elsewhere(tt.text, tt.place); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"phường Cẩm Thượng", "hong phong ninh giang", "Trần Phú Hà Nội", "huyện Thanh Miện", "xã \u202e<b>", "TPHD", strings.Repeat("xã a ", 500), "\xff\x00",
	} {
		f.Add(text)
	}
	days := []*Directory{load(f, "2021-06-01"), load(f, "2026-11-23")}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range days {
			got := d.Read(text, ToldPlace)
			if len(got.Choices) > MaxChoices || got.Elsewhere != "" && len(got.Choices) > 0 {
				t.Errorf("%d choices, elsewhere %q", len(got.Choices), got.Elsewhere)
			}
			for _, p := range got.Choices {
				if len(d.Today(p)) == 0 {
					t.Errorf("%s leads nowhere", p.ID)
				}
			}
			d.BodyIn(text)
			NamesUnknown(text)
			Narrow(got.Choices, text)
		}
	})
}
