package complaints

import (
	"testing"

	"cchcbot/knowledge/vietnamese"
)

func TestShortAnswers(t *testing.T) {
	phrases, err := loadPhrases()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{opt: Options{Fold: vietnamese.Fold}, phrases: phrases}
	assents := func(text string) bool { return s.saysOnly(text, assent, filler) }
	refuses := func(text string) bool { return s.saysOnly(text, refusal, filler) }
	noFiles := func(text string) bool { return s.saysOnly(text, refusal, filler, fileWord) }
	publishes := func(text string) bool { return s.consents(text) == "yes" }
	withholds := func(text string) bool { return s.consents(text) == "no" }
	for name, c := range map[string]struct {
		is      func(string) bool
		yes, no []string
	}{
		"assent": {assents,
			[]string{"có", "co", "Đúng ạ", "vâng đúng rồi", "ừ đúng đấy", "dung roi a", "dung rồi", "Vâng.", "ok", "chính xác", "tôi đồng ý"},
			[]string{"", "ạ", "không", "không đúng", "dừng", "đúng không", "có không", "đúng là đường hỏng", "cô"}},
		"refusal": {refuses,
			[]string{"không", "ko", "khong a", "Không đúng", "sai rồi", "chưa", "không có gì đâu", "không phải vậy"},
			[]string{"", "có", "không công khai", "không có ảnh", "đèn không sáng"}},
		"no files": {noFiles,
			[]string{"không", "không có ảnh", "ko có ảnh", "tôi không có ảnh nào", "chưa chụp được ảnh", "khong co hinh"},
			[]string{"", "ảnh", "ảnh đây", "không gửi được ảnh thì làm sao", "có ảnh"}},
		"publish": {publishes,
			[]string{"có", "cho", "đồng ý", "tôi đồng ý", "cho công khai", "được", "cho đăng ạ", "dong y"},
			[]string{"", "vâng", "ok", "dạ", "không", "công khai nhưng giấu tên", "không công khai tên tôi", "sao cũng được", "có không"}},
		"withhold": {withholds,
			[]string{"không", "ko", "không đồng ý", "đừng đăng", "không công khai", "khong cong khai a", "không cho đăng", "giữ kín"},
			[]string{"", "có", "không sao", "không vấn đề gì", "không công khai tên tôi"}},
		"announce": {s.announces,
			[]string{"tôi muốn góp ý", "toi muon phan anh", "Khen, góp ý", "xin phản ánh một việc ạ", "tôi muốn kiến nghị với UBND xã", "em muốn gửi phản ánh", "I want to report something"},
			[]string{"", "tôi muốn", "tôi muốn góp ý về giờ làm việc", "phản ánh đường hỏng", "tôi muốn khen chị Lan"}},
		"unsure": {s.unsure,
			[]string{"không rõ", "không rõ lắm", "Tôi không biết ạ", "ko biết", "em không nhớ", "not sure"},
			[]string{"", "không", "không rõ tên xã, gần chợ"}},
	} {
		for _, text := range c.yes {
			if !c.is(text) {
				t.Errorf("%s: %q is not understood", name, text)
			}
		}
		for _, text := range c.no {
			if c.is(text) {
				t.Errorf("%s: %q is taken for one", name, text)
			}
		}
	}
}

func TestNameIn(t *testing.T) {
	phrases, err := loadPhrases()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{opt: Options{Fold: vietnamese.Fold}, phrases: phrases}
	for text, want := range map[string][2]string{
		"Nguyễn Thị Hoa":                       {"Nguyễn Thị Hoa", ""},
		"tôi là Nguyễn Thị Hoa":                {"Nguyễn Thị Hoa", ""},
		"Dạ, tên tôi là Hoa ạ.":                {"Hoa", ""},
		"toi ten nguyen thi hoa":               {"nguyen thi hoa", ""},
		"họ và tên: Trần Văn An":               {"Trần Văn An", ""},
		"minh anh":                             {"minh anh", ""},
		"Mình là Minh Anh":                     {"Minh Anh", ""},
		"bà Nguyễn Thị Bảy":                    {"bà Nguyễn Thị Bảy", ""},
		"nguyen van a":                         {"nguyen van a", ""},
		"tôi tên là":                           {"", ""},
		"Nguyễn Thị Hoa, 0987654321":           {"Nguyễn Thị Hoa", "0987654321"},
		"tôi là Hoa, sđt: 0987 654 321 ạ":      {"Hoa", "0987654321"},
		"Hoa số điện thoại +84 987.654.321":    {"Hoa", "0987654321"},
		"0987654321 Nguyễn Thị Hoa":            {"Nguyễn Thị Hoa", "0987654321"},
		"Nguyễn An 1":                          {"Nguyễn An 1", ""},
		"Nguyễn An 034085001234":               {"Nguyễn An 034085001234", ""},
		"tên em là Lan, số của tôi 0987654321": {"Lan", "0987654321"},
	} {
		if name, number := s.nameIn(text); name != want[0] || number != want[1] {
			t.Errorf("%q: %q %q, want %q", text, name, number, want)
		}
	}
}

func TestMark(t *testing.T) {
	phrases, err := loadPhrases()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{opt: Options{Fold: vietnamese.Fold}, phrases: phrases}
	for text, want := range map[string]string{
		"1": "1", "rất không hài lòng": "1", "tệ quá": "2", "không hài lòng ạ": "2", "chưa hài lòng lắm": "2", "khong hai long": "2", "bình thường thôi": "3",
		"tạm được": "3", "hài lòng": "4", "tôi hài lòng ạ": "4", "4 điểm": "4", "rất hài lòng": "5", "5 sao": "5", "6": "", "": "", "hài lòng nhưng chậm": "",
	} {
		if got := s.mark(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
