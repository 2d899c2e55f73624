package mask

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNumbersOfPapersAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"căn cước 034085001234":       "căn cước •••",
		"034 085 001234 của tôi":      "••• của tôi",
		"cmnd 142.345.678":            "cmnd •••",
		"gọi 0912345678":              "gọi 0912345678",
		"phạt 150.000.000 đồng":       "phạt 150.000.000 đồng",
		"cột số 12, 3 ngày":           "cột số 12, 3 ngày",
		"034-085-001-234":             "•••",
		"biên bản 12/2026, 5 000 000": "biên bản 12/2026, 5 000 000",
	} {
		if got := Papers(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestPersonalIsMasked(t *testing.T) {
	for text, hidden := range map[string][]string{
		"Gọi tôi 0912 345 678 hoặc an@vidu.vn":                   {"0912", "vidu"},
		"ông Nguyễn Văn An nhà bên cạnh":                         {"Nguyễn", "An "},
		"tên là Trần Thị Hoa, số 034085001234":                   {"Hoa", "034085"},
		"Anh Lê Nam lái xe tải chở đất, điện thoại 0987.654.321": {"Nam", "654"},
	} {
		got := Public(text)
		for _, h := range hidden {
			if strings.Contains(got, h) {
				t.Errorf("%q still says %q: %q", text, h, got)
			}
		}
	}
	if got := Public("đường hỏng 3 hôm ở phường Thành Đông"); got != "đường hỏng 3 hôm ở phường Thành Đông" {
		t.Errorf("too much is masked: %q", got)
	}
}

func FuzzPapers(f *testing.F) {
	for _, s := range []string{"034085001234", "ông An 0912", "a@b.c", "1 2 3 4 5 6 7 8 9", "\xff", "•••"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{Papers(text), Sender(text)} {
			if utf8.ValidString(text) && !utf8.ValidString(got) {
				t.Errorf("%q becomes invalid", text)
			}
		}
		if again := Papers(Papers(text)); again != Papers(text) {
			t.Errorf("masking %q twice gives %q", text, again)
		}
	})
}
