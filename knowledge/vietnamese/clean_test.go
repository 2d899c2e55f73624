package vietnamese

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanMakesOutsideTextSafe(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"composed", "đăng ký kết hôn", "đăng ký kết hôn"},
		{"decomposed", "đăng ký kết hôn", "đăng ký kết hôn"},
		{"invalid bytes", "gi\xffấy\xc3 khai", "giấy khai"},
		{"nul and controls", "a\x00b\x07c\x1bd", "abcd"},
		{"bidirectional", "ab\u202ecd\u2066ef\u200f", "abcdef"},
		{"zero width and bom", "\ufeffkhai\u200b sinh\u200d", "khai sinh"},
		{"mark hidden behind a zero width", "ke\u200b\u0302\u0301t", "kết"},
		{"zalgo", "a" + strings.Repeat("\u0300\u0316", 50) + "b", "à̖̖b"},
		{"line ends", "một\r\nhai\rba\u2028bốn", "một\nhai\nba\nbốn"},
		{"empty lines", "một\n\n\n \n hai", "một\n\nhai"},
		{"spaces", "  lệ\t\tphí\u00a0 kết   hôn \n", "lệ phí kết hôn"},
		{"only noise", " \u200b\x00 \u202e", ""},
		{"emoji", "chào 👋🏽 ạ", "chào 👋🏽 ạ"},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("%s: Clean(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "đăng ký", "a\u0300\u0301\u0302", "\u1100\u1160\u11a8", "\r\n\x00\xff", "\u0344\u0344\u0344\u0344"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		switch {
		case !utf8.ValidString(c):
			t.Errorf("Clean(%q) = %q is not UTF-8", s, c)
		case Clean(c) != c:
			t.Errorf("Clean(%q) = %q, cleaned again %q", s, c, Clean(c))
		case len(c) > 3*len(s):
			t.Errorf("Clean(%q) grew from %d to %d bytes", s, len(s), len(c))
		}
	})
}

func TestFoldAndLower(t *testing.T) {
	for _, c := range []struct{ in, fold, lower string }{
		{"Đăng Ký KẾT HÔN", "dang ky ket hon", "đăng ký kết hôn"},
		{"hoà giải", "hoa giai", "hòa giải"},
		{"Thuỷ sản, uỷ ban", "thuy san, uy ban", "thủy sản, ủy ban"},
		{"khoẻ qúy hòan gìa", "khoe quy hoan gia", "khỏe quý hoàn già"},
		{"huỳnh khuỷu quyền giếng", "huynh khuyu quyen gieng", "huỳnh khuỷu quyền giếng"},
		{"của mía bưởi chuyện", "cua mia buoi chuyen", "của mía bưởi chuyện"},
		{"Señor Müller", "senor muller", "señor müller"},
		{"1.001193 CT01", "1.001193 ct01", "1.001193 ct01"},
	} {
		if got := Fold(c.in); got != c.fold {
			t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.fold)
		}
		if got := Lower(c.in); got != c.lower {
			t.Errorf("Lower(%q) = %q, want %q", c.in, got, c.lower)
		}
	}
}

func TestHasTone(t *testing.T) {
	for s, want := range map[string]bool{"lam giay khai sinh": false, "giấy": true, "di lai": false, "Đi": true, "gia\u0302y": true, "Müller": false, "": false} {
		if got := HasTone(s); got != want {
			t.Errorf("HasTone(%q) = %v", s, got)
		}
	}
}

func TestSyllables(t *testing.T) {
	for _, s := range strings.Fields("đăng ký kết hôn giấy khai sinh nghiêng nghỉ quyền quý gì giết giếng gìn hòa thủy xoong khuya khuỷu ủy yêu ương ở uống hoạch trước phường già ghi cuộc khuếch đất") {
		if !IsSyllable(s) {
			t.Errorf("%q is a syllable", s)
		}
		if !IsFoldedSyllable(Fold(s)) {
			t.Errorf("%q is a syllable without marks", Fold(s))
		}
	}
	for _, s := range strings.Fields("form keets hoon kys ddang kết2 càc ket ghà kà cê ngi wifi dadng strong x2 áà nghiêngg") {
		if IsSyllable(s) {
			t.Errorf("%q is no syllable", s)
		}
	}
	if IsSyllable("") || IsFoldedSyllable("") {
		t.Error("the empty word is no syllable")
	}
}

func TestTokens(t *testing.T) {
	for in, want := range map[string]string{
		"Làm giấy khai sinh, cần gì?":      "làm giấy khai sinh cần gì",
		"mã 1.001193 (CT01) mẫu TK-KS.":    "mã 1.001193 ct01 mẫu tk-ks",
		"Nghị định 07/2025/NĐ-CP ngày 9/1": "nghị định 07/2025/nđ-cp ngày 9/1",
		"xong.Tôi hỏi/đáp vợ-chồng":        "xong tôi hỏi đáp vợ chồng",
		"50.000đ, 1,5 triệu; 7h30-8:00":    "50.000đ 1,5 triệu 7h30-8:00",
		"đ/c ở P.5":                        "đ/c ở p.5",
		"ĐĂNG-KÝ KẾT-HÔN":                  "đăng ký kết hôn",
		"1.Đăng ký 2.Nộp":                  "1 đăng ký 2 nộp",
		"...---...":                        "",
		"b\xffc":                           "b c",
	} {
		var got []string
		for _, k := range Tokens(in) {
			got = append(got, k.Exact)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("Tokens(%q) = %q, want %q", in, g, want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "Đăng ký 1.001193", "a.b-c/d", "\xff\u0301x", "07/2025/NĐ-CP,,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, k := range Tokens(s) {
			if k.Start < last || k.End <= k.Start || k.End > len(s) {
				t.Fatalf("Tokens(%q): offsets %d–%d after %d", s, k.Start, k.End, last)
			}
			if !utf8.ValidString(k.Exact) || !utf8.ValidString(k.Folded) || k.Exact == "" {
				t.Fatalf("Tokens(%q): bad token %+v", s, k)
			}
			last = k.End
		}
	})
}
