package plain

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func load(t testing.TB) *Language {
	t.Helper()
	l, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "không", 5: "năm", 10: "mười", 11: "mười một", 15: "mười lăm", 20: "hai mươi", 21: "hai mươi mốt", 24: "hai mươi tư", 25: "hai mươi lăm",
		100: "một trăm", 105: "một trăm linh năm", 110: "một trăm mười", 115: "một trăm mười lăm", 999: "chín trăm chín mươi chín",
		1000: "một nghìn", 1005: "một nghìn không trăm linh năm", 2026: "hai nghìn không trăm hai mươi sáu", 12_345: "mười hai nghìn ba trăm bốn mươi lăm",
		1_000_000: "một triệu", 1_000_005: "một triệu không trăm linh năm", 2_500_000: "hai triệu năm trăm nghìn",
		1_000_000_000: "một tỷ", 3_200_000_001: "ba tỷ hai trăm triệu không trăm linh một", 1_500_000_000_000: "một nghìn năm trăm tỷ",
	} {
		if got := Number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestWhatIsReadAloud(t *testing.T) {
	l := load(t)
	for text, want := range map[string]string{
		"Thẻ BHYT":                              "Thẻ bảo hiểm y tế.",
		"bảo hiểm y tế (BHYT) là gì":            "Bảo hiểm y tế là gì.",
		"Từ 29/11/2026":                         "Từ ngày hai mươi chín tháng mười một năm hai nghìn không trăm hai mươi sáu.",
		"ngày 5/4/2026":                         "Ngày mùng năm tháng tư năm hai nghìn không trăm hai mươi sáu.",
		"từ 1/12 đến hết 15/12":                 "Từ ngày mùng một tháng mười hai đến hết ngày mười lăm tháng mười hai.",
		"mùng 2/9":                              "Mùng hai tháng chín.",
		"29-30/11":                              "Ngày hai mươi chín đến ngày ba mươi tháng mười một.",
		"tháng 12/2026":                         "Tháng mười hai năm hai nghìn không trăm hai mươi sáu.",
		"2026-11-29":                            "Ngày hai mươi chín tháng mười một năm hai nghìn không trăm hai mươi sáu.",
		"1/2 số hộ":                             "Một phần hai số hộ.",
		"trực 24/7":                             "Trực cả ngày lẫn đêm.",
		"trực 24/24 giờ, gọi 24/24h":            "Trực cả ngày lẫn đêm, gọi cả ngày lẫn đêm.",
		"từ 7h30 đến 11:00":                     "Từ bảy giờ ba mươi phút đến mười một giờ.",
		"14h - 16h":                             "Mười bốn giờ đến mười sáu giờ.",
		"Phí 50.000 đồng":                       "Phí năm mươi nghìn đồng.",
		"thu 1.500.000đ":                        "Thu một triệu năm trăm nghìn đồng.",
		"đạt 98,5%":                             "Đạt chín mươi tám phẩy năm phần trăm.",
		"2,25 ha, 100 m2":                       "Hai phẩy hai mươi lăm héc ta, một trăm mét vuông.",
		"gọi 1022":                              "Gọi một không hai hai.",
		"gọi 0912 345 678.":                     "Gọi không chín một hai, ba bốn năm, sáu bảy tám.",
		"tổng đài 19001234":                     "Tổng đài một chín không không một hai ba bốn.",
		"Quyết định 1234/QĐ-UBND":               "Quyết định một nghìn hai trăm ba mươi tư, quyết định, Ủy ban nhân dân.",
		"Nghị định 45/2020/NĐ-CP":               "Nghị định bốn mươi lăm năm hai nghìn không trăm hai mươi, nghị định, Chính phủ.",
		"Nghị quyết 15/2026/QH15":               "Nghị quyết mười lăm năm hai nghìn không trăm hai mươi sáu, Quốc hội mười lăm.",
		"quý IV, lần thứ I":                     "Quý bốn, lần thứ nhất.",
		"QL5 và ĐT391":                          "Quốc lộ năm và đường tỉnh ba trăm chín mươi mốt.",
		"TP. Hải Dương":                         "Thành phố Hải Dương.",
		"TP.Hải Dương":                          "Thành phố Hải Dương.",
		"Sở TT&TT":                              "Sở Thông tin và Truyền thông.",
		"xem https://dichvucong.gov.vn/a/b?x=1": "Xem dịch vụ công chấm gốp chấm vê en.",
		"xem www.baohaiduong.vn.":               "Xem báo hải dương chấm vê en.",
		"thư hoa@haiduong.gov.vn":               "Thư hoa a còng hải dương chấm gốp chấm vê en.",
		"THÔNG BÁO VỀ VIỆC NGHỈ TẾT":            "Thông báo về việc nghỉ tết.",
		"công ty XYZ":                           "Công ty ích i dài dét.",
		"• Mang CCCD":                           "Mang căn cước công dân.",
		"1. Nộp giấy\n2) Nhận kết quả":          "Một: Nộp giấy. Hai: Nhận kết quả.",
		"Xong.Sau đó về!":                       "Xong.Sau đó về!",
		"“Một cửa” (tầng 1) mở 😀":               "Một cửa, tầng một, mở.",
		"20-25 người":                           "Hai mươi đến hai mươi lăm người.",
		"mã 012345":                             "Mã không một hai ba bốn năm.",
		"thủ tục mã 1.001193, mã số 2.000635.":  "Thủ tục mã một chấm không không một một chín ba, mã số hai chấm không không không sáu ba năm.",
		"mã 1.001193.000.00.00.H23":             "Mã một chấm không không một một chín ba.",
		"1.001.193 đồng, 1.5 triệu":             "Một triệu không trăm linh một nghìn một trăm chín mươi ba đồng, một phẩy năm triệu.",
		"VNeID mức 2":                           "Vê en e i đi mức hai.",
		"xã/phường":                             "Xã, phường.",
		"ĐT: 0220.3853.456":                     "Điện thoại: không hai hai không, ba tám năm ba, bốn năm sáu.",
		"0,5%/năm, 1.5 triệu đồng/hồ sơ":        "Không phẩy năm phần trăm một năm, một phẩy năm triệu đồng một hồ sơ.",
		"8 giờ 00 - 11 giờ 30, 9 giờ 15 phút":   "Tám giờ đến mười một giờ ba mươi phút, chín giờ mười lăm phút.",
		"": "",
	} {
		if got := strings.Join(l.Speak(text), " "); got != want {
			t.Errorf("%q is read %q, want %q", text, got, want)
		}
	}
}

func TestSentencesStandAlone(t *testing.T) {
	got := load(t).Speak("Từ 1/12/2026, UBND xã Gia Lộc nhận giấy ở trụ sở mới. Bà con mang CCCD; không cần bản sao.\n\nHỏi: 1022.")
	want := []string{
		"Từ ngày mùng một tháng mười hai năm hai nghìn không trăm hai mươi sáu, Ủy ban nhân dân xã Gia Lộc nhận giấy ở trụ sở mới.",
		"Bà con mang căn cước công dân.", "Không cần bản sao.", "Hỏi: một nghìn không trăm hai mươi hai.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestCheck(t *testing.T) {
	l := load(t)
	long := strings.Repeat("người dân ở xã nộp giấy từ ngày mai ", 5)
	for name, c := range map[string]struct {
		text Text
		want []string // "rule field quote"
	}{
		"nothing":      {Text{}, nil},
		"good":         {Text{Title: "Đổi giấy phép lái xe qua mạng", Summary: "Từ 1/12/2026, người dân đổi giấy ở trang dịch vụ công."}, nil},
		"empty of all": {Text{Title: "Tin mới"}, []string{"what  ", "who  ", "when  ", "where  "}},
		"long":         {Text{Summary: long}, []string{"long summary người dân ở xã nộp giấy từ ngày mai người dân ở xã nộp giấy từ ngày mai người…"}},
		"jargon": {Text{Summary: "Người dân xem thành phần hồ sơ, thời hạn giải quyết ở xã, ngày mai đăng ký. Thành phần hồ sơ có hai tờ."},
			[]string{"jargon summary thời hạn giải quyết", "jargon summary thành phần hồ sơ"}},
		"longer hides shorter": {Text{Summary: "Người dân ở xã đăng ký ngày mai, xã triển khai thực hiện."}, []string{"jargon summary triển khai thực hiện"}},
		"abbreviation": {Text{Summary: "Người dân nộp cho KBNN ở xã ngày mai, mang CCCD, qua HTX ABC."},
			[]string{"abbreviation summary KBNN", "abbreviation summary HTX", "abbreviation summary ABC"}},
		"explained":          {Text{Summary: "Người dân nộp cho Kho bạc Nhà nước (KBNN) ở xã ngày mai."}, nil},
		"a line of capitals": {Text{Summary: "CÔNG AN XÃ: người dân đổi thẻ ngày mai theo Luật 14/2017/QH14."}, []string{"shouting summary CÔNG AN XÃ:"}},
		"shouting":           {Text{Title: "KHẨN TRƯƠNG ĐĂNG KÝ", Summary: "Người dân đăng ký ở xã ngày mai!!"}, []string{"shouting title KHẨN TRƯƠNG ĐĂNG KÝ", "shouting summary !!"}},
	} {
		var got []string
		for _, f := range l.Check(c.text) {
			got = append(got, string(f.Rule)+" "+f.Field+" "+f.Quote)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, f := range l.Check(Text{Summary: "Nộp cho KBNN"}) {
		if f.Rule == Unexplained && f.Plainer != "Kho bạc Nhà nước" {
			t.Errorf("the abbreviation is explained %q", f.Plainer)
		}
	}
	if got := l.Check(Text{Body: strings.Repeat("ABX CDX EFX GHX. ", 2000)}); len(got) > maxFindings {
		t.Errorf("%d findings", len(got))
	}
}

// FuzzPlain: whatever it is given, what is read aloud is whole, without a digit or an address.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"Từ 29/11/2026 thẻ BHYT", "1.000.000đ 7h30 QĐ-UBND 12/3/QD", "THÔNG BÁO https://a.vn/x?y=1 a@b.vn", "Q. 1, P.5 – 0912.345.678", "\xff\x00 ١٢", "(ABC) 1-2/3 1/2/3/4"} {
		f.Add(s)
	}
	l := load(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range l.Speak(text) {
			if s == "" || strings.TrimSpace(s) != s || !utf8.ValidString(s) || strings.ContainsFunc(s, digit) || strings.Contains(s, "://") || strings.Contains(s, "\n") {
				t.Errorf("%q is read %q", text, s)
			}
		}
		for _, f := range l.Check(Text{Title: text, Summary: text, Body: text}) {
			if !utf8.ValidString(f.Quote) || utf8.RuneCountInString(f.Quote) > maxQuote+1 {
				t.Errorf("%q is quoted %q", text, f.Quote)
			}
		}
	})
}
