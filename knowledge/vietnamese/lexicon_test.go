package vietnamese

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func lexicon(t testing.TB) *Lexicon {
	t.Helper()
	l, err := LoadLexicon()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func exact(tokens []Token) string {
	var s []string
	for _, t := range tokens {
		s = append(s, t.Exact)
	}
	return strings.Join(s, " ")
}

func TestRepairUndoesTypingLeftOvers(t *testing.T) {
	l := lexicon(t)
	for in, want := range map[string]string{
		"ddang kys keets hoon":               "đang ký kết hôn",
		"dd(a)":                              "dd(a)",
		"ddawng kys keets hoon":              "đăng ký kết hôn",
		"d9a8ng ky1 ke6t1 ho6n":              "đăng ký kết hôn",
		"Ddawng kys thuwowngf trus":          "Đăng ký thường trú",
		"giaays khai sinh cho con":           "giấy khai sinh cho con",
		"caafn nhuwngx gif?":                 "cần những gì?",
		"le65 phi1 bao nhie6u":               "lệ phí bao nhiêu",
		"laf gif, vieecj":                    "là gì, việc",
		"dang ky ket hon":                    "dang ky ket hon",
		"đăng ký kết hôn":                    "đăng ký kết hôn",
		"mẫu CT01, bằng B2, lop 1, 1.001193": "mẫu CT01, bằng B2, lop 1, 1.001193",
		"visa bus taxi gas post form online": "visa bus taxi gas post form online",
		"lop1 cap3 muc2":                     "lop1 cap3 muc2",
		"giay khai sinh vaf ther can cuowcs": "giay khai sinh và thẻ can cước",
		"":                                   "",
	} {
		if got := l.Repair(in); got != want {
			t.Errorf("Repair(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRepairLeavesProperTextAlone(t *testing.T) {
	l := lexicon(t)
	for _, rule := range l.rules {
		for _, to := range rule.to {
			if s := exact(to); l.Repair(s) != s {
				t.Errorf("Repair(%q) = %q", s, l.Repair(s))
			}
		}
	}
}

func FuzzRepair(f *testing.F) {
	l := lexicon(f)
	for _, s := range []string{"", "ddang kys", "d9a8ng ky1 ke6t1", "w", "uow8", "\xffaas", "AAs", "quowr9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := l.Repair(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) || len(got) > 3*len(s) {
			t.Errorf("Repair(%q) = %q", s, got)
		}
	})
}

func TestTheLexiconIsLargeAndAbbreviationsAreWholeWords(t *testing.T) {
	l := lexicon(t)
	if len(l.rules) < 500 {
		t.Errorf("terms.tsv has %d rows, want 500", len(l.rules))
	}
	for in, want := range map[string]string{
		"làm gks cho con cần j":   "làm giấy khai sinh cho con cần gì",
		"ko biết đky kh ở đâu":    "không biết đăng ký kh ở đâu",
		"cấp lại gplx":            "cấp lại giấy phép lái xe",
		"lam gks can j":           "lam giấy khai sinh can gì",
		"rút BHXH":                "rút bảo hiểm xã hội",
		"phí 100 k":               "phí 100 k",
		"kẻ koala gksx":           "kẻ koala gksx",
		"xát nhận cư trú":         "xác nhận cư trú",
		"cty tui mún mần giấy tờ": "công ty tôi mún làm giấy tờ",
	} {
		if got := exact(l.Normalize(Tokens(in))); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestOfficialNamesLongestFirst(t *testing.T) {
	l := lexicon(t)
	find := func(s string) []Match { return l.Official(l.Normalize(Tokens(s))) }
	m := find("mất sổ đỏ thì sao")
	if len(m) == 0 || m[0].To-m[0].From != 3 || !strings.HasPrefix(exact(m[0].Terms[0]), "cấp lại giấy chứng nhận") {
		t.Errorf("mất sổ đỏ: %+v", m)
	}
	if m := find("giay phep kinh doanh vang"); len(m) == 0 || !m[0].Broad {
		t.Errorf("giấy phép kinh doanh must yield: %+v", m)
	}
	if m := find("con chó nhà em mắt kém"); len(m) != 0 {
		t.Errorf("tones tell words apart: %+v", m)
	}
	if m := find("đổi tên"); len(m) != 1 || !m[0].Ambiguous {
		t.Errorf("đổi tên is ambiguous: %+v", m)
	}
}

func TestFillers(t *testing.T) {
	l := lexicon(t)
	tokens := Tokens("Dạ cho em hỏi thủ tục đăng ký kết hôn với ạ")
	var left []string
	for i, f := range l.Fillers(tokens) {
		if !f {
			left = append(left, tokens[i].Exact)
		}
	}
	if got := strings.Join(left, " "); got != "đăng ký kết hôn" {
		t.Errorf("left %q", got)
	}
}

func TestLexiconFilesAreReadStrictly(t *testing.T) {
	for _, c := range []struct{ terms, fillers, words, want string }{
		{"abbr\tgks\tgiấy khai sinh", "ạ", "bus", ""},
		{"# ok\n\nabbr\tgks", "", "", "terms.tsv:3"},
		{"what\tgks\tgiấy", "", "", "kind"},
		{"say\tbằng\tgiấy phép\tbrod", "", "", "flag"},
		{"say\tbằng\tgiấy phép | ", "", "", "spaces around"},
		{"say\tbằng\tgiấy phép | | x", "", "", "empty official"},
		{"say\tbằng\tx\nsay\tBẰNG\ty", "", "", "terms.tsv:2"},
		{"abbr\ttt\tthủ tục | thông tư", "", "", "one meaning"},
		{"say\tba\u0300ng\tgiấy", "", "", "NFC"},
		{"say\tbằng\tgiấy\r\n", "", "", "carriage"},
		{"say\t--\tgiấy", "", "", "0 words"},
		{"say\t" + strings.Repeat("a ", 1500) + "b\tc", "", "", "bytes"},
		{"", "ạ\nạ", "", "fillers.tsv:2"},
		{"", "", "bus bus", "words.tsv:1"},
		{"", "", "Xe", "small ASCII"},
	} {
		_, err := NewLexicon(c.terms, c.fillers, c.words)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("NewLexicon(%q, %q, %q): %v, want %q", c.terms, c.fillers, c.words, err, c.want)
		}
	}
}

func FuzzLexicon(f *testing.F) {
	f.Add("abbr\tgks\tgiấy khai sinh\nsay\tsổ đỏ\tgiấy | đất\tbroad", "gks sổ đỏ")
	f.Add("#\n\nold\ta b c\td\texact,ambiguous", "a b c a b")
	f.Fuzz(func(t *testing.T, terms, question string) {
		l, err := NewLexicon(terms, "ạ\ncho em hỏi", "bus")
		if err != nil {
			return
		}
		tokens := l.Normalize(Tokens(question))
		for _, m := range l.Official(tokens) {
			if m.From < 0 || m.To > len(tokens) || m.From >= m.To || len(m.Terms) == 0 {
				t.Fatalf("match %+v of %d words", m, len(tokens))
			}
		}
		if len(l.Fillers(tokens)) != len(tokens) {
			t.Fatal("fillers do not fit")
		}
	})
}

func TestEverydayPhrasesAreReadStrictly(t *testing.T) {
	for _, bad := range []string{"ở Nhà", "ở nhà\nở nhà", "ở nhà\tx"} {
		if err := lexicon(t).readUsual(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestNamesAreCapitalsWithinASentence(t *testing.T) {
	for text, want := range map[string]string{
		"Xổ bảo hiểm":               "",
		"ở xã Nại Hiên, Tứ Kỳ. Xin": "Nại Hiên Tứ Kỳ",
		"mất CMND rồi":              "",
		"ĐĂNG KÝ XE":                "",
	} {
		var got []string
		for _, tok := range Tokens(text) {
			if tok.name {
				got = append(got, text[tok.Start:tok.End])
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: names %v, want %q", text, got, want)
		}
	}
}
