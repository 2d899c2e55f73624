package vietnamese

import (
	"strings"
	"testing"
)

// speller knows the lexicon and a few names.
func speller(t testing.TB) *Speller {
	t.Helper()
	l, err := LoadLexicon()
	if err != nil {
		t.Fatal(err)
	}
	s := NewSpeller()
	for _, text := range []string{"đăng ký khai sinh", "cấp lại giấy phép lái xe", "bằng lái xe", "cấp giấy chứng nhận đăng ký đầu tư",
		"chuyển trường cho học sinh", "sai ngày sinh", "làm thế nào", "thế nào", "giấy tờ gì", "đánh rơi", "sổ gốc", "sổ bảo hiểm xã hội",
		"đăng ký kết hôn", "xin cấp lại", "thẻ căn cước", "công chứng hợp đồng", "nộp hồ sơ", "học sinh chuyển cấp", "cho học sinh",
		"đăng ký hộ kinh doanh", "người nước ngoài", "khiếu nại thế nào", "làm lại bằng lái xe"} {
		for range 3 {
			s.Learn(Tokens(text))
		}
	}
	l.Teach(s)
	return s
}

func words(ts []Token) string {
	var out []string
	for _, t := range ts {
		out = append(out, t.Exact)
	}
	return strings.Join(out, " ")
}

// TestCorrect holds what is mended, and what is left alone.
func TestCorrect(t *testing.T) {
	s := speller(t)
	for _, c := range []struct{ typed, want string }{
		// l and n, d, gi and r, s and x, tr and ch, hỏi and ngã.
		{"bằng nái xe", "bằng lái xe"},
		{"xin cấp nại", "xin cấp lại"},
		{"nàm thế lào", "làm thế nào"},
		{"cần dấy tờ gì", "cần giấy tờ gì"},
		{"giấy trứng nhận", "giấy chứng nhận"},
		{"xai ngày sinh", "sai ngày sinh"},
		{"đánh dơi mất ví", "đánh rơi mất ví"},
		{"chuyễn trường", "chuyển trường"},
		// Without tones.
		{"bang nai xe", "bang lai xe"},
		{"xo goc bi mat", "so goc bi mat"},
		// A missing space, a slipped key.
		{"đăng ký khaisinh", "đăng ký khai sinh"},
		{"đăng kýy kết hôn", "đăng ký kết hôn"},
		// Several words in a row, and a word that stands beside one neighbour by chance.
		{"nàm nại bằng nái xe", "làm lại bằng lái xe"},
		{"xin cấp nại thế nào", "xin cấp lại thế nào"},
		{"khiếu nại thế nào", "khiếu nại thế nào"},
		// A letter left out or turned, several spaces missing.
		{"đăng ký kết hô", "đăng ký kết hôn"},
		{"gấy tờ gì", "giấy tờ gì"},
		{"đăng ký kết hnô", "đăng ký kết hôn"},
		{"làm thẻ căncước", "làm thẻ căn cước"},
		{"thủ tục đăngkýkếthôn", "thủ tục đăng ký kết hôn"},
		{"bằng láicủa tôi", "bằng lái của tôi"},
		{"mua laptop mới", "mua laptop mới"},
		// Marks left out in a message that has them.
		{"tôi muốn dang ky ket hôn", "tôi muốn đăng ký kết hôn"},
		// Everyday words typed without marks stay, misspelt ones do not.
		{"gio toi ra xa lam gi", "gio toi ra xa lam gi"},
		{"xin cap nai bang lai xe", "xin cap lai bang lai xe"},
		{"dang kyket hon", "dang ky ket hon"},
		// Shorthand of several meanings, and of the first syllable only.
		{"đổi thẻ cc", "đổi thẻ căn cước"},
		{"cc hợp đồng", "công chứng hợp đồng"},
		{"nộp hs ở đâu", "nộp hồ sơ ở đâu"},
		{"chuyển trường cho hs", "chuyển trường cho học sinh"},
		{"đăng ký hộ kdoanh", "đăng ký hộ kinh doanh"},
		// Names and what everybody says stay.
		{"em ở xã Nại Hiên", "em ở xã nại hiên"},
		{"việt kiều Lào về nước", "việt kiều lào về nước"},
		{"quyển sổ ở Tứ Kỳ", "quyển sổ ở tứ kỳ"},
		// Proper words stay, also those that a misspelling of another would be.
		{"tôi đòi giấy", "tôi đòi giấy"},
		{"trứng gà", "trứng gà"},
		{"ra xã hỏi", "ra xã hỏi"},
		{"toi ra xa roi", "toi ra xa roi"},
		{"mã 1.001193 ngày 2/9", "mã 1.001193 ngày 2/9"},
		{"", ""},
	} {
		if got := words(s.Correct(Tokens(c.typed))); got != c.want {
			t.Errorf("%q became %q, want %q", c.typed, got, c.want)
		}
	}
	if got := words(NewSpeller().Correct(Tokens("bằng nái"))); got != "bằng nái" {
		t.Errorf("a speller that learnt nothing wrote %q", got)
	}
}

func FuzzCorrect(f *testing.F) {
	s := speller(f)
	for _, text := range []string{"bằng nái xe", "xo goc", "khaisinh", "đăngg ký", "a\x00b", "…", "1.001193", "BABAin", "căncướccôngdân"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		in := Tokens(text)
		out := s.Correct(in)
		if len(out) < len(in) || len(out) > maxParts*len(in) {
			t.Errorf("%d words became %d", len(in), len(out))
		}
		for _, w := range out {
			if w.Exact == "" || w.Folded == "" || w.Start < 0 || w.End > len(text) || w.Start > w.End {
				t.Errorf("word %+v of %q", w, text)
			}
		}
	})
}
