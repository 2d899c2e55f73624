package directory

import (
	"slices"
	"strings"
	"testing"
)

func TestStressedFieldsComeFirstInThePlansOrder(t *testing.T) {
	d := load(t, "2026-11-22")
	want := []string{"dat-dai", "dau-tu", "dang-ky-kinh-doanh", "ho-tich", "cu-tru", "cong-chung-chung-thuc",
		"lao-dong-nguoi-co-cong-xa-hoi", "xu-phat-vphc", "khieu-nai-to-cao"}
	for i, f := range d.Fields() {
		if f.Stressed != (i < len(want)) || i < len(want) && (f.ID != want[i] || !f.InMenu) {
			t.Errorf("field %d is %s, stressed %v, in menu %v", i+1, f.ID, f.Stressed, f.InMenu)
		}
		if f.Stressed && len(f.National) == 0 {
			t.Errorf("%s has no name in the national database", f.ID)
		}
	}
}

func TestFieldOfANationalName(t *testing.T) {
	d := load(t, "2026-11-22")
	for name, want := range map[string]string{
		"Đất đai": "dat-dai", "Hộ tịch": "ho-tich", " hộ tịch ": "ho-tich", "Đăng ký, quản lý cư trú": "cu-tru", "Chứng thực": "cong-chung-chung-thuc",
		"Thành lập và hoạt động doanh nghiệp (hộ kinh doanh)": "dang-ky-kinh-doanh", "Người có công": "lao-dong-nguoi-co-cong-xa-hoi",
		"Đầu tư tại Việt nam": "dau-tu", "Khiếu nại, tố cáo": "khieu-nai-to-cao", "Cấp, quản lý căn cước": "can-cuoc", "Hải quan": "", "": "",
	} {
		f, ok := d.FieldOf(name)
		if ok != (want != "") || ok && f.ID != want {
			t.Errorf("%q belongs to %v, want %q", name, f, want)
		}
	}
}

func TestBodiesByDay(t *testing.T) {
	d := load(t, "2026-11-22")
	f, _ := d.Field("dat-dai")
	for day, want := range map[string]string{"2021-06-01": "huyen.cn-vpdkdd", "2025-02-28": "huyen.cn-vpdkdd", "2025-03-01": "huyen.cn-vpdkdd", "2025-07-01": "xa25.kinh-te"} {
		b := d.At(date(t, day)).Bodies(f)
		lists := map[Tier][]string{TierProvince: b.Province, TierDistrict: b.District, TierCommune: b.Commune}
		if got := lists[b.First]; len(got) == 0 || got[0] != want {
			t.Errorf("%s: %v, want %s first", day, got, want)
		}
	}
	if b := d.At(date(t, "2025-03-01")).Bodies(f); b.Province[0] != "hd25.so-nnmt" {
		t.Errorf("province in 2025-03: %v", b.Province)
	}
	// A field without lists for the spring of 2025 keeps the older ones.
	f, _ = d.Field("ho-tich")
	if b := d.At(date(t, "2025-03-01")).Bodies(f); b.Commune[0] != "xa.tu-phap-ho-tich" {
		t.Errorf("civil status in 2025-03: %v", b)
	}
	for day, want := range map[string]string{"2021-06-01": "tt-pvhcc", "2025-06-30": "tt-pvhcc", "2025-07-01": "hp-tt-pvhcc"} {
		if a, ok := d.At(date(t, day)).FrontDesk(); !ok || a.ID != want {
			t.Errorf("%s: front desk %v, want %s", day, a, want)
		}
	}
}

// On every day each field has somebody to start with: a list that is not empty,
// whose bodies are in office then.
func TestEveryFieldHasBodiesInOffice(t *testing.T) {
	for _, day := range []string{"2021-06-01", "2025-04-01", "2026-11-22"} {
		d := load(t, day)
		for _, f := range d.Fields() {
			b := d.Bodies(f)
			if len(b.Province)+len(b.District)+len(b.Commune) == 0 {
				t.Errorf("%s: %s has no body", day, f.ID)
			}
			for _, id := range slices.Concat(b.Province, b.District, b.Commune) {
				if a := d.agencies[id]; !d.InOffice(a) {
					t.Errorf("%s: %s names %s, which is not in office", day, f.ID, id)
				}
			}
		}
	}
}

func TestMatchField(t *testing.T) {
	d := load(t, "2026-11-22")
	tests := []struct{ text, want string }{ // "field/case", best first; only as many as named are compared
		{"làm sổ đỏ", "dat-dai"},
		{"lam so do mat bao lau", "dat-dai"},
		{"sang tên sổ đỏ mất bao lâu", "dat-dai/bien-dong"},
		{"đăng ký kết hôn với người nước ngoài", "ho-tich/nuoc-ngoai"},
		{"hộ nghèo được hỗ trợ gì", "lao-dong-nguoi-co-cong-xa-hoi/giam-ngheo"},
		{"mất căn cước thì làm lại ở đâu", "can-cuoc"},
		// A complaint goes before its subject.
		{"tôi muốn khiếu nại quyết định thu hồi đất", "khieu-nai-to-cao dat-dai"},
		{"khieu nai quyet dinh thu hoi dat", "khieu-nai-to-cao dat-dai"},
		{"cán bộ vòi tiền", "tham-nhung-tieu-cuc"},
		// The name of a place is no word of a field: xã Quang Minh, chợ and xã apart.
		{"xã Tân Dân có người đốt rác", "moi-truong"},
		{"nộp thuế ở đâu", "thue"},
		{"nop thue o dau", ""}, // thuê or thuế?
		{"xin chào", ""},
		{"", ""},
	}
	for _, tt := range tests {
		var got []string
		for _, m := range d.MatchField(tt.text) {
			s := m.Field.ID
			if m.Case != nil {
				s += "/" + m.Case.ID
			}
			got = append(got, s)
		}
		want := strings.Fields(tt.want)
		if len(got) < len(want) || tt.want == "" && len(got) > 0 || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%q: got %v, want %v", tt.text, got, want)
		}
	}
}
