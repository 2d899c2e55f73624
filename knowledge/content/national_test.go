package content

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"
)

func TestParseFee(t *testing.T) {
	tests := map[string]string{
		"": "",
		// As the national database writes.
		"Trực tuyến: Phí 0 đồng; Dịch vụ bưu chính: Phí 0 đồng; Trực tiếp: Phí 0 đồng":                                                                     "0",
		"Trực tiếp: Phí 50.000.000 đồng (Từ 250 tỷ trở lên: 50 triệu đồng/ Giấy chứng nhận)":                                                               "50000000 250000000000",
		"Trực tiếp: Phí 135 đồng (Lệ phí cấp giấy phép lái xe: 135.000 đồng/lần.)":                                                                         "135000 …",
		"Trực tuyến: Phí/lệ phí 145 đồng (Thẻ tạm trú có thời hạn 2 năm)":                                                                                  "…",
		"Trực tuyến: Phí 0 đồng (Theo quy định của Bộ Tài chính)":                                                                                          "…",
		"Trực tiếp: Phí/lệ phí 0 đồng (Do Hội đồng nhân dân cấp tỉnh quy định.)":                                                                           "0 …",
		"Trực tiếp: Phí 350.000 đồng (dưới 200 suất ăn: 350.000/lần/cơ sở); Trực tiếp: Phí 500.000 đồng":                                                   "350000 500000",
		"Trực tuyến: Phí/lệ phí 50 đồng ((áp dụng mức phí 25.000 đồng/hồ sơ kể từ ngày 01/7/2025 đến hết ngày 31/12/2026 theo Thông tư số 64/2025/TT-BTC)": "25000 …",
		"1,000,000 Việt Nam Đồng": "1000000",
		"Phí : 0 Đồng":            "0",
		// As curators write.
		"Miễn phí.": "0",
		"Miễn phí làm thủ tục. Lệ phí trước bạ nộp theo thông báo của cơ quan thuế.": "0",
		"Dữ liệu quốc gia không ghi khoản phí nào.":                                  "",
		"Nộp trực tuyến 10.000 đồng, nộp trực tiếp 20.000 đồng.":                     "10000 20000",
		"Theo nghị quyết của Hội đồng nhân dân tỉnh, thành phố.":                     "…",
		"1,5 triệu đồng":                                               "", // not read: rather silent than wrong
		"60 nghìn đồng, 2 triệu, 25.000đ":                              "25000 60000 2000000",
		"Luật 60/2014/QH13, mẫu 01-2024, từ 01.07.2026 đến 2026-07-01": "",
		"99999999999999999999 đồng":                                    "",
	}
	for text, want := range tests {
		got := ParseFee(text)
		if got.String() != want {
			t.Errorf("ParseFee(%q) = %q, want %q", text, got, want)
		}
		if back, err := readFee(got.String()); err != nil || back.String() != got.String() {
			t.Errorf("%q reads back as %q, %v", got, back, err)
		}
	}
}

func FuzzParseFee(f *testing.F) {
	f.Add("Trực tuyến: Phí 10.000 đồng (Trường hợp 5%); Trực tiếp: 20 nghìn")
	f.Fuzz(func(t *testing.T, text string) {
		fee := ParseFee(text)
		back, err := readFee(fee.String())
		if err != nil {
			t.Fatalf("%q gives %q, which cannot be read: %v", text, fee, err)
		}
		if !slices.Equal(back.Amounts, fee.Amounts) || back.Free != fee.Free || back.Elsewhere != fee.Elsewhere {
			t.Fatalf("%q gives %q and reads back as %q", text, fee, back)
		}
		if !slices.IsSorted(fee.Amounts) {
			t.Fatalf("%v is not sorted", fee.Amounts)
		}
	})
}

// nationalOf is a national list of a few procedures.
func nationalOf(t *testing.T, rows ...string) *NationalList {
	t.Helper()
	l, err := readNational(strings.NewReader("# day: 2026-07-17\n" + nationalHeader + "\n" + strings.Join(rows, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCheckAgainstTheNationalList(t *testing.T) {
	l := nationalOf(t, "a1\tThủ tục a1\tCấp xã\t10000 20000", "free\tMiễn\tCấp xã\t0", "local\tTùy nơi\tCấp xã\t10000 …", "silent\tLặng\tCấp xã\t")
	tests := map[string]struct {
		change func(*knowledge.Entry)
		want   string // severity, field and a piece of the text; "" for no finding
	}{
		"as the list": {func(e *knowledge.Entry) { e.Fee = "10.000 đồng" }, ""},
		"both amounts, one for each way": {func(e *knowledge.Entry) {
			e.Fee, e.Methods = "10.000 đồng", []knowledge.Method{{Channel: "Trực tiếp", Fee: "20.000 đồng"}}
		}, ""},
		"unknown code":              {func(e *knowledge.Entry) { e.Code = "b9" }, "error code not in the national list of 2026-07-17"},
		"newer than the list":       {func(e *knowledge.Entry) { e.Code, e.ValidFrom = "b9", "2026-09-01" }, "warning code the entry is newer"},
		"no longer in force":        {func(e *knowledge.Entry) { e.Code, e.Status, e.ReplacedBy = "b9", knowledge.Replaced, []string{"a1"} }, ""},
		"explainer":                 {func(e *knowledge.Entry) { e.Code, e.Kind = "b9", knowledge.Explainer }, ""},
		"successor in the list":     {func(e *knowledge.Entry) { e.Fee, e.ReplacedBy = "10.000 đồng", []string{"free"} }, ""},
		"another name":              {func(e *knowledge.Entry) { e.Fee, e.Name = "10.000 đồng", "Thủ tục a2" }, "error name not the national name"},
		"the name less a word":      {func(e *knowledge.Entry) { e.Fee, e.Name = "10.000 đồng", "A1." }, ""},
		"another amount":            {func(e *knowledge.Entry) { e.Fee = "15.000 đồng" }, "error fee names 15.000 VND, the national list 10.000, 20.000 VND"},
		"free, but the list is not": {func(e *knowledge.Entry) { e.Fee = "Miễn phí" }, "error fee nothing is paid"},
		"says nothing, the list does": {func(e *knowledge.Entry) { e.Fee = "Dữ liệu quốc gia không ghi khoản phí nào." },
			"error fee names no amount"},
		"leaves it to the council":    {func(e *knowledge.Entry) { e.Fee = "Theo mức của HĐND thành phố" }, ""},
		"an amount, the list is free": {func(e *knowledge.Entry) { e.Code, e.Name, e.Fee = "free", "Miễn", "5.000 đồng" }, "error fee the national list has 0"},
		"a way costs, the list is free": {func(e *knowledge.Entry) {
			e.Code, e.Name, e.Fee, e.Methods = "free", "Miễn", "Miễn phí", []knowledge.Method{{Channel: "Trực tiếp", Fee: "5.000 đồng"}}
		}, "error fee the national list has 0"},
		"set by a province":     {func(e *knowledge.Entry) { e.Code, e.Name, e.Fee = "local", "Tùy nơi", "12.000 đồng" }, "warning fee names 12.000 VND"},
		"the list says nothing": {func(e *knowledge.Entry) { e.Code, e.Name, e.Fee = "silent", "Lặng", "Miễn phí" }, "warning fee says nothing of a fee"},
		"both say nothing": {func(e *knowledge.Entry) {
			e.Code, e.Name, e.Fee = "silent", "Lặng", "Dữ liệu quốc gia không ghi khoản phí nào."
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := curatedEntry("a1")
			tt.change(e)
			found := Check([]*knowledge.Entry{e}, CheckOptions{National: l})
			if tt.want == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			parts := strings.SplitN(tt.want, " ", 3)
			if len(found) != 1 || string(found[0].Severity) != parts[0] || found[0].Field != parts[1] || !strings.Contains(found[0].Text, parts[2]) {
				t.Errorf("found %v, want %s", found, tt.want)
			}
		})
	}
}

func TestImportedEntriesAreNotComparedWithTheList(t *testing.T) {
	l := nationalOf(t, "a1\tThủ tục a1\tCấp xã\t0")
	e := &knowledge.Entry{Code: "x", Name: "Một thủ tục lạ", Fee: "5.000 đồng"}
	if found := Check([]*knowledge.Entry{e}, CheckOptions{Curated: IsCurated, National: l}); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestASharedAliasNeedsAQuestionThatSplits(t *testing.T) {
	a, b := curatedEntry("a1"), curatedEntry("b2")
	b.Aliases[0] = a.Aliases[0]
	splits := func(yes bool) func(alias string, x, y *knowledge.Entry) bool {
		return func(alias string, x, y *knowledge.Entry) bool {
			return yes && x == a && y == b && alias == a.Aliases[0]
		}
	}
	if found := Check([]*knowledge.Entry{a, b}, CheckOptions{Splits: splits(true)}); len(found) > 0 {
		t.Errorf("with a question: %v", found)
	}
	if found := Check([]*knowledge.Entry{a, b}, CheckOptions{Splits: splits(false)}); !HasErrors(found) {
		t.Errorf("without a question: %v", found)
	}
}

func TestNationalListIsEmbedded(t *testing.T) {
	l, err := National()
	if err != nil {
		t.Fatal(err)
	}
	if l.Len() < 4000 || l.Day < "2026-07-01" {
		t.Errorf("%d procedures of %q", l.Len(), l.Day)
	}
	r, ok := l.Record("1.004194")
	if !ok || r.Name != "Đăng ký tạm trú" || r.Level == "" || !slices.Contains(r.Fee.Amounts, 7000) {
		t.Errorf("1.004194 is %+v", r)
	}
	if len(nationalFile) > 500<<10 {
		t.Errorf("the file has %d bytes", len(nationalFile))
	}
}

func TestEmbeddedEntriesAgreeWithTheNationalList(t *testing.T) {
	l, err := National()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	procedures, explainers := 0, 0
	for _, e := range entries {
		if e.Kind == knowledge.Explainer {
			explainers++
		} else {
			procedures++
		}
	}
	if procedures < 170 || explainers < 12 {
		t.Errorf("%d procedures and %d explainers", procedures, explainers)
	}
	for _, f := range Check(entries, CheckOptions{National: l}) {
		if f.Severity == Error {
			t.Error(f)
		}
	}
}

func TestNationalListRoundTrip(t *testing.T) {
	entries := []*knowledge.Entry{
		{Code: "2.1", Name: "Hai\n dòng", Level: "Cấp xã", Fee: "Trực tiếp: Phí 0 đồng", Updated: "2026-07-02"},
		{Code: "1.1", Name: "Một", Fee: "70.000 đồng", Methods: []knowledge.Method{{Channel: "x", Fee: "35.000 đồng"}}, Updated: "2026-07-05"},
	}
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := WriteNational(b, slices.Values(entries)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same entries give other bytes")
	}
	zr, err := gzip.NewReader(&first)
	if err != nil {
		t.Fatal(err)
	}
	l, err := readNational(zr)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := l.Record("2.1")
	one, _ := l.Record("1.1")
	if l.Day != "2026-07-05" || l.Len() != 2 || two.Name != "Hai dòng" || !two.Fee.Free || !slices.Equal(one.Fee.Amounts, []int64{35000, 70000}) {
		t.Errorf("read back %s: %+v, %+v", l.Day, one, two)
	}
}

func TestBadNationalListsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":         "",
		"other columns": "code\tname\n",
		"no name":       nationalHeader + "\na\t\tx\t0\n",
		"three columns": nationalHeader + "\na\tb\tc\n",
		"twice":         nationalHeader + "\na\tb\tc\t0\na\tb\tc\t0\n",
		"no amount":     nationalHeader + "\na\tb\tc\tmười\n",
		"negative":      nationalHeader + "\na\tb\tc\t-5\n",
	} {
		if _, err := readNational(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

// TestAFeeThatCannotBeRightIsNotShownAsOne: the portal writes 5 for 5 US dollars or 5,000 VND.
func TestAFeeThatCannotBeRightIsNotShownAsOne(t *testing.T) {
	for _, tt := range []struct{ fee, want string }{
		{"Trực tiếp: Phí/lệ phí 5 đồng (Cấp bản sao)", "Trực tiếp: Phí/lệ phí (cổng ghi số chưa rõ đơn vị; hỏi nơi nộp) (Cấp bản sao)"},
		{"Phí 20 Đồng; Lệ phí 999 VNĐ", "Phí (cổng ghi số chưa rõ đơn vị; hỏi nơi nộp); Lệ phí (chưa rõ)"},
		{"Phí 10 đồng", "Phí (cổng ghi số chưa rõ đơn vị; hỏi nơi nộp)"},
		{"Phí 0 đồng", "Phí 0 đồng"},
		{"Phí 1.000 đồng", "Phí 1.000 đồng"},
		{"Phí 20.000 đồng; 5 nghìn đồng; 1000 đồng", "Phí 20.000 đồng; 5 nghìn đồng; 1000 đồng"},
		{"", ""},
	} {
		if got := ShownFee(&knowledge.Entry{Fee: tt.fee}); got != tt.want {
			t.Errorf("%q is shown as %q, want %q", tt.fee, got, tt.want)
		}
		if got := ShownFee(&knowledge.Entry{Fee: tt.fee, Summary: "Đã xem."}); got != tt.fee {
			t.Errorf("a reviewed text changes: %q", got)
		}
	}
}

func TestAFeeThatMoved(t *testing.T) {
	for _, tt := range []struct {
		said, now string
		want      bool
	}{
		{"70.000 đồng", "Trực tiếp: Phí 140.000 đồng", true},
		{"70.000 đồng", "Trực tiếp: Phí 70.000 đồng (một lần)", false},
		{"70.000 đồng", "Miễn phí", true},
		{"Miễn phí", "Phí 0 đồng", false},
		{"Miễn phí; quá hạn 8.000 đồng", "Phí 0 đồng", false},
		{"Miễn phí", "Phí 5.000 đồng", true},
		{"70.000 đồng", "Theo quy định của tỉnh", false},
		{"70.000 đồng", "", false},
	} {
		if got := FeeMoved(&knowledge.Entry{Fee: tt.said}, &knowledge.Entry{Fee: tt.now}); got != tt.want {
			t.Errorf("%q and now %q: %v", tt.said, tt.now, got)
		}
	}
}
