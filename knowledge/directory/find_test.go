package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// found writes matches as "id>today+today", the best first.
func found(matches []PlaceMatch) string {
	var out []string
	for _, m := range matches {
		var today []string
		for _, p := range m.Today {
			mark := ""
			if !p.Whole {
				mark = "?"
			}
			today = append(today, p.Place.ID+mark)
		}
		out = append(out, m.Place.ID+">"+strings.Join(today, "+"))
	}
	return strings.Join(out, " ")
}

func TestFindPlaces(t *testing.T) {
	d := load(t, "2026-11-22")
	tests := []struct{ day, text, want string }{
		// The places of the worked examples of who answers.
		{"2021-06-01", "phường Cẩm Thượng", "c10507>c10507"},
		{"2026-11-22", "phường Cẩm Thượng", "c10507>w10507"},
		{"2021-06-01", "phường Phạm Ngũ Lão", "c10522>c10522"},
		{"2025-04-01", "phường Phạm Ngũ Lão", "c10522>c10534"},
		{"2026-11-22", "phường Phạm Ngũ Lão", "c10522>w10532"},
		{"2026-11-22", "phường Trần Phú, TP Hải Dương", "c10528>w10532?+w10537?"},
		{"2026-11-22", "phường Lê Thanh Nghị", "w10532>w10532"},
		{"2021-06-01", "phường Lê Thanh Nghị", "c10534>c10534"},
		{"2021-06-01", "huyện Nam Sách", "d291>d291"},
		{"2021-06-01", "TP Hải Dương", "d288>d288"},

		// Ways of writing.
		{"2026-11-22", "p. Cẩm Thượng", "c10507>w10507"},
		{"2026-11-22", "P.CẨM THƯỢNG", "c10507>w10507"},
		{"2026-11-22", "cam thuong", "c10507>w10507"},
		{"2026-11-22", "tôi ở phường cẩm thượng, muốn làm giấy khai sinh cho con", "c10507>w10507"},
		{"2026-11-22", "Cẩm Thượng, TP Hải Dương", "c10507>w10507"},
		{"2026-11-22", "phuong viet hoa", "w10543>w10543"},
		{"2026-11-22", "Phường Việt Hoà", "w10543>w10543"},
		{"2021-06-01", "TPHD", "d288>d288"},
		{"2021-06-01", "TPHải Dương", "d288>d288"},
		{"2021-06-01", "H.Nam Sách", "d291>d291"},

		// Units of the same name.
		{"2026-11-22", "x. Hồng Phong huyện Ninh Giang", "c11224>w11224"},
		{"2026-11-22", "hong phong thanh mien", "c11293>w11284"},
		{"2026-11-22", "huyện Nam Sách, xã Hồng Phong", "c10654>w10606"},
		{"2026-11-22", "hồng phong", "c10654>w10606 c11224>w11224 c11293>w11284"},
		{"2026-11-22", "Hồng Phong, Hải Dương", "c10654>w10606 c11224>w11224 c11293>w11284"},
		{"2026-11-22", "trần hưng đạo", "w10570>w10570 c10525>w10525"},
		{"2021-06-01", "trần hưng đạo", "c10525>c10525"},

		// Older names.
		{"2026-11-22", "xã Thượng Đạt", "c10663>w10507"},
		{"2026-11-22", "xã Cẩm Định", "c10918>w10888"},
		{"2026-11-22", "xã Cổ Thành", "c10576>w10546"},
		{"2021-06-01", "thị xã Chí Linh", "d290>d290"},
		{"2021-06-01", "huyen chi linh", "d290>d290"},
		{"2026-11-22", "xã Vũ Dũng", "m10762>w10705?+w10756?"},
		{"2021-06-01", "xã Vũ Dũng", "m10762>c10759+c10762"},
		{"2026-11-22", "xã Lai Khê", "w10756>w10756"},
		{"2025-04-01", "xã Lai Khê", "m10756>m10756"},

		// Marks tell names apart when they are there.
		{"2026-11-22", "xã Cẩm Giang", "w10888>w10888"},
		{"2026-11-22", "xã Cẩm Giàng", "w10903>w10903"},
		{"2026-11-22", "xa cam giang", "w10888>w10888 w10903>w10903"},

		// A longer name is not the shorter one inside it; other things have names too.
		{"2026-11-22", "xã Bắc Thanh Miện", "w11254>w11254"},
		{"2026-11-22", "tỉnh Hải Dương", ""},
		{"2026-11-22", "hỏi về thuế", ""},
		{"2026-11-22", "", ""},
	}
	for _, tt := range tests {
		if got := found(d.At(date(t, tt.day)).FindPlaces(tt.text, 0)); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.day, tt.text, got, tt.want)
		}
	}
}

func date(t testing.TB, day string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestEveryNameIsFoundWithAndWithoutMarks(t *testing.T) {
	for _, day := range []string{"2021-06-01", "2025-04-01", "2026-11-22"} {
		d := load(t, day)
		for _, p := range d.placeList {
			if p.From > d.asOf {
				continue
			}
			// The newer unit of that name that took it in may stand for it.
			leads := func(m PlaceMatch) bool { return m.Place == p || d.became(p, m.Place) }
			for _, text := range []string{p.Name, strings.ToUpper(p.Name), typedWithoutMarks(p.Name), "em ở " + p.Label() + " ạ"} {
				if !slices.ContainsFunc(d.FindPlaces(text, 20), leads) {
					t.Errorf("%s: %q does not find %s", day, text, p.ID)
				}
			}
			// With its district it stands alone, but for a newer unit of its name there.
			best := d.FindPlaces(p.Name+", "+p.districts[0].Name, 20)
			if p.Level == Commune2021 && (!slices.ContainsFunc(best, leads) || len(best) > 3) {
				t.Errorf("%s: with its district, %s is one of many: %s", day, p.ID, found(best))
			}
		}
	}
}

func typedWithoutMarks(s string) string { return foldedKey(syllables(s)) }

func TestNamesOfStreetsAndPeopleAreUnsure(t *testing.T) {
	d := load(t, "2026-11-22")
	for _, text := range []string{"nhà ở đường Trần Hưng Đạo", "cô giáo trường Nguyễn Trãi", "hai duong", "toi muon lam giay to binh dan"} {
		for _, m := range d.FindPlaces(text, 0) {
			if m.Score > 0.5 {
				t.Errorf("%q is taken for %s with %.2f", text, m.Place.ID, m.Score)
			}
		}
	}
}

func TestExactMarksComeFirst(t *testing.T) {
	d := load(t, "2026-11-22")
	exact := d.FindPlaces("phường Cẩm Thượng", 1)[0].Score
	bare := d.FindPlaces("phuong cam thuong", 1)[0].Score
	slip := d.FindPlaces("phường Câm Thượng", 1)[0].Score
	if !(exact > bare && bare > slip && slip > 0) {
		t.Errorf("scores %.2f exact, %.2f without marks, %.2f with a slip", exact, bare, slip)
	}
}

func TestFindPlacesKeepsItsLimit(t *testing.T) {
	d := load(t, "2021-06-01")
	text := strings.Repeat("xã Hồng Phong, phường Cẩm Thượng, xã Cộng Hòa, huyện Tứ Kỳ, xã Tân Việt, xã Đồng Lạc, xã Minh Tân; ", 400)
	for limit, want := range map[int]int{-1: 5, 0: 5, 2: 2} {
		if got := len(d.FindPlaces(text, limit)); got != want {
			t.Errorf("limit %d: %d matches, want %d", limit, got, want)
		}
	}
	if got := len(d.FindPlaces(text, 1000)); got < 6 || got > 20 {
		t.Errorf("limit 1000: %d matches", got)
	}
}

func FuzzFindPlaces(f *testing.F) {
	for _, s := range []string{"x. Hồng Phong huyện Ninh Giang", "TP.HẢI DƯƠNG", "cam thuong", "\x00\xff\u202e xã", "tp", "p.p.p.p", "đường hai duong nguyen trai",
		strings.Repeat("a\u0301", 300), "xã xã xã Hồng Phong", "TPHải"} {
		f.Add(s)
	}
	d := load(f, "2026-11-22")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range d.FindPlaces(text, 20) {
			if m.Score <= 0 || m.Score > 1 || m.Place == nil || len(m.Today) == 0 || !utf8.ValidString(m.Matched) {
				t.Errorf("bad match %+v", m)
			}
		}
		for _, m := range d.MatchField(text) {
			if m.Score <= 0 || m.Score > 1 || len(m.Words) == 0 {
				t.Errorf("bad match %+v", m)
			}
		}
	})
}

func BenchmarkFindPlaces(b *testing.B) {
	d := load(b, "2026-11-22")
	for name, text := range map[string]string{
		"short":    "x. Hồng Phong huyện Ninh Giang",
		"sentence": "em ở phường phạm ngũ lão thành phố hải dương muốn hỏi thủ tục làm giấy khai sinh cho con thì cần những giấy tờ gì ạ",
		"longest":  strings.Repeat("xã Hồng Phong huyện Ninh Giang ", 600),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.FindPlaces(text, 5)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleDirectory_FindPlaces() {
	d, err := Load(Options{AsOf: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range d.FindPlaces("phường Trần Phú TP Hải Dương", 1) {
		for _, part := range m.Today {
			fmt.Println(part.Place.Name, part.Whole)
		}
	}
	// Output:
	// Phường Lê Thanh Nghị false
	// Phường Tân Hưng false
}
