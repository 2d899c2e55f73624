package index_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/knowledge"
	"cchcbot/knowledge/index"
)

// reviewed is an index over the entries that ship.
func reviewed(t testing.TB) *index.Index {
	t.Helper()
	x, err := index.New(curated(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestEverydayWishes: short messages as citizens write them, with the procedure
// that answers, "" for none.
func TestEverydayWishes(t *testing.T) {
	x := reviewed(t)
	for question, want := range map[string]string{
		"lương hưu chưa về": "gt.luong-huu-chua-ve", "luong huu thang nay sao chua co": "gt.luong-huu-chua-ve",
		"bố mất lương hưu chưa lĩnh": "2.000717", "đổi tài khoản nhận lương hưu": "1.014176",
		"hộ khẩu giấy bỏ chưa": "1.010041", "so ho khau giay con gia tri k": "1.010041",
		"đất vườn lên thổ cư": "1.115645", "dat vuon len tho cu het bao nhieu": "1.115645",
		"cụ 80 tuổi được hưởng tiền gì": "1.014027", "cu ba 82 tuoi duoc huong tien gi": "1.014027",
		"thẻ hội viên": "", "thẻ hội viên hội nông dân": "", "thẻ hội viên hội người cao tuổi làm ở đâu": "",
	} {
		got, found := "", x.Ask(knowledge.Query{Text: question})
		if found.Outcome == knowledge.Answer {
			got = found.Hits[0].Entry.Code
		}
		if got != want || want == "" && found.Outcome != knowledge.Unknown {
			t.Errorf("%q: %s %q, want %q", question, found.Outcome, got, want)
		}
	}
}

// TestTwoQuestions: what a message asks, as codes and sides; "…" when a third
// question is left.
func TestTwoQuestions(t *testing.T) {
	x := reviewed(t)
	for _, c := range []struct{ question, want string }{
		// Two procedures.
		{"đăng ký kết hôn cần giấy gì? Còn đăng ký tạm trú thì mất bao lâu?", "1.000894 documents, 1.004194 time"},
		{"cho hỏi làm giấy khai tử cần gì, với lại đăng ký tạm trú nộp ở đâu", "1.000656 documents, 1.004194 where"},
		{"dang ky ket hon can gi, sau do dang ky thuong tru o dau", "1.000894 documents, 1.004222 where"},
		{"lệ phí làm hộ chiếu bao nhiêu và đăng ký kết hôn cần giấy tờ gì", "1.001456 fee, 1.000894 documents"},
		{"kết hôn cần gì? tạm trú mất bao lâu? hộ chiếu làm ở đâu?", "1.000894 documents, 1.004194 time …"},
		{"làm hộ chiếu và căn cước", "1.001456 overview, 1.014061 overview"},
		{"làm căn cước và hộ chiếu", "1.014061 overview, 1.001456 overview"},
		{"làm bằng lái và đăng ký xe", "3.000346 overview, 1.013067 overview"},
		{"làm lại bằng lái và căn cước mất bao lâu", "3.000348 time, 1.014064 time"},
		{"em bị mất cả bằng lái xe cả thẻ căn cước, làm lại hai thứ hết bao nhiêu tiền", "3.000348 fee, 1.014064 fee"},
		{"xin xác nhận độc thân với đăng ký kết hôn thì thủ tục thế nào", "1.004873 steps, 1.000894 steps"},
		{"mua nhà ở xã hội vs đổi chủ hộ trong cư trú từ bố sang em thì thủ tục ntn", "1.014632 steps, 1.010039 steps"},
		{"khai tử với xóa thường trú cho bà thì làm thế nào", "1.000656 steps, 1.003197 steps"},
		{"em muốn vừa làm hộ chiếu vừa đổi căn cước thì cần giấy gì", "1.001456 documents, 1.014063 documents"},
		{"bạn trai em người Nhật, khai báo tạm trú cho anh ấy thế nào và đăng ký kết hôn cần giấy gì", "1.000253 documents, 2.000806 documents"},
		{"Bà cho mẹ em đất, phải tách thửa rồi mới sang tên. Hồ sơ tách thửa gồm gì và sau đó sang tên cho mẹ em mất bao lâu", "1.115614 documents, 1.115619 time"},
		{"tôi chưa có định danh mức 2 muốn làm, còn căn cước điện tử của bà thì muốn khóa lại", "3.000228 overview, 3.000285 overview"},
		{"hủy hợp đồng thuê đất đã chứng thực với lại xóa thế chấp sổ đỏ, cho em hỏi thủ tục hai cái", "2.000913 overview, 1.011443 overview"},
		{"con đầu tôi đi đại học phải chuyển nghĩa vụ quân sự đi, thằng thứ hai 17 tuổi phải đăng ký lần đầu, hai đứa làm thế nào", "1.013134 overview, 1.013133 overview"},
		{"em mở tiệm cầm đồ, hỏi đăng ký hộ kinh doanh và xin giấy an ninh trật tự thì nộp ở đâu", "1.001612 where, 3.000243 where"},
		// Two sides of one.
		{"đăng ký kết hôn cần giấy gì và mất bao lâu", "1.000894 documents, 1.000894 time"},
		{"lệ phí và thời gian đăng ký tạm trú", "1.004194 fee, 1.004194 time"},
		{"đăng ký tạm trú cần gì, bao lâu, nộp ở đâu", "1.004194 documents, 1.004194 time …"},
		{"đăng ký kết hôn ở đâu, phải mang giấy tờ gì", "1.000894 documents, 1.000894 where"},
		{"đăng ký tạm trú trên mạng cần giấy tờ gì, mấy bữa có", "1.004194 documents, 1.004194 time"},
		// One question: a name that joins, a story, a side that only describes.
		{"đăng ký kết hôn với người nước ngoài cần giấy gì", "2.000806 documents"},
		{"hợp đồng công chứng xong rồi, giờ sang tên sổ đỏ nộp những giấy gì", "1.115619 documents"},
		{"sổ hộ khẩu bị thu rồi. Xin giấy xác nhận cư trú ở đâu", "1.010041 where"},
		{"cả nhà em chuyển khẩu cả vợ lẫn con thì làm gì", "1.004222 overview"},
		{"vừa rồi em mới sinh con, làm khai sinh vừa nhanh vừa đúng hạn thì cần gì", "1.001193 documents"},
		{"đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con cần giấy gì", "1.000689 documents"},
		{"liên thông đăng ký khai sinh, đăng ký thường trú và cấp thẻ bảo hiểm y tế cho trẻ", "2.000986 overview"},
		{"Tôi cưới năm ngoái, chưa ra xã. Giờ muốn đăng ký kết hôn thì cần giấy gì", "1.000894 documents"},
		{"mẫu đơn đăng ký kết hôn lấy ở đâu", "1.000894 forms"},
		{"tờ khai đăng ký kết hôn nộp ở đâu", "1.000894 where"},
		{"hỏi xã cần giấy gì thì họ bảo cứ về, giờ em muốn biết đăng ký kết hôn mất bao lâu", "1.000894 time"},
		{"đăng ký kết hôn qua mạng mất bao lâu", "1.000894 time"},
		{"trợ giúp pháp lý miễn phí cần giấy tờ gì", "2.000829 documents"},
	} {
		f := x.Ask(knowledge.Query{Text: c.question})
		got := fmt.Sprintf("%s %s", f.Hits[0].Entry.Code, f.Facet)
		if f.Also != nil {
			got += fmt.Sprintf(", %s %s", f.Also.Hits[0].Entry.Code, f.Also.Facet)
		}
		if f.Rest {
			got += " …"
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.question, got, c.want)
		}
	}
}

// TestSituations: the situation that a message tells; "!" behind it when an
// answer comes first.
func TestSituations(t *testing.T) {
	x := reviewed(t)
	for _, c := range []struct{ message, want string }{
		{"vừa sinh con", "birth"},
		{"nhà em mới sinh cháu, phải làm những giấy tờ gì ạ", "birth"},
		{"vo em moi de", "birth"},
		{"mới mua xe máy thì cần làm gì", "vehicle"},
		{"bố em mới mất", "death"},
		{"bà tôi vừa mất thì phải làm thủ tục gì", "death"},
		{"em muốn mở quán cà phê", "shop"},
		{"chuyển nhà thì làm gì", "move"},
		{"bị mất hết giấy tờ", "lost"},
		{"sắp cưới cần làm giấy tờ gì", "wedding"},
		{"vừa sinh con, làm giấy khai sinh cần gì", "birth!"},
		{"đăng ký khai sinh", ""},
		{"mất thẻ căn cước", ""},
		{"lệ phí đăng ký xe", ""},
		{"xe buýt số 2", ""},
	} {
		f := x.Ask(knowledge.Query{Text: c.message})
		got := f.Situation
		if got != "" && f.Outcome == knowledge.Answer {
			got += "!"
		}
		if got != c.want {
			t.Errorf("%s: got %q (%s), want %q", c.message, got, f.Outcome, c.want)
		}
	}
}

// TestSituationsLead: every situation leads to procedures that somebody wrote an
// entry for, and all of its rows to one in force.
func TestSituationsLead(t *testing.T) {
	x := reviewed(t)
	list, rows := x.Situations(), index.SituationRows(x)
	if len(list) < 12 || len(list) != len(rows) {
		t.Fatalf("%d situations of %d, want at least 12", len(list), len(rows))
	}
	for i, s := range list {
		if len(s.Follows) != rows[i] {
			t.Errorf("%s: %d procedures of %d are in force", s.ID, len(s.Follows), rows[i])
		}
		for _, lang := range []string{"vi", "en"} {
			if s.Title[lang] == "" {
				t.Errorf("%s has no title in %s", s.ID, lang)
			}
			for _, f := range s.Follows {
				if why := f.Why[lang]; why == "" || !strings.HasSuffix(why, ".") || strings.Contains(why, "  ") {
					t.Errorf("%s, %s: %q is no sentence", s.ID, f.Code, why)
				}
			}
		}
	}
}

// TestSplit: what the question back goes by, and its answers.
func TestSplit(t *testing.T) {
	x := reviewed(t)
	for _, c := range []struct {
		codes, asked []string
		want         string
	}{
		{[]string{"1.014061", "1.014062"}, nil, "age over14:1.014061 under14:1.014062"},
		{[]string{"1.001612", "2.000575"}, nil, "action new:1.001612 reissue:2.000575"},
		{[]string{"3.000346", "3.000348", "3.000347"}, nil, "action new:3.000346 reissue:3.000348 exchange:3.000347"},
		{[]string{"1.000894", "2.000806"}, nil, "foreign no:1.000894 yes:2.000806"},
		{[]string{"2.001583", "2.001199", "2.002043"}, nil, "form one:2.001583 more:2.001199 shares:2.002043"},
		{[]string{"3.000181", "3.000182"}, nil, "school high:3.000181 middle:3.000182"},
		{[]string{"1.014064", "3.000348", "1.013082"}, nil, "object idcard:1.014064 licence:3.000348 vehicle:1.013082"},
		{[]string{"1.004335", "1.003504"}, nil, "level commune:1.004335 province:1.003504"},
		{[]string{"1.014061", "1.014062"}, []string{"age"}, ""},
		{[]string{"1.014061"}, nil, ""},
		{[]string{"nothing", "1.014061"}, nil, ""},
		{nil, nil, ""},
	} {
		s, ok := x.Split(c.codes, c.asked)
		got := s.By
		for _, g := range s.Groups {
			got += " " + g.ID + ":" + strings.Join(g.Codes, "+")
		}
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%v without %v: got %q, want %q", c.codes, c.asked, got, c.want)
		}
	}
}

// TestPick: an answer to a choice in words. want is the codes that are left, "-"
// when the words are no answer.
func TestPick(t *testing.T) {
	x := reviewed(t)
	licence := []string{"3.000346", "3.000348", "3.000347", "3.000353"}
	card := []string{"1.014061", "1.014062"}
	for _, c := range []struct {
		text  string
		codes []string
		want  string
		facet knowledge.Facet
		fix   bool
	}{
		{"bị mất", licence, "3.000348", "overview", false},
		{"bi mat", licence, "3.000348", "overview", false},
		{"em bị mất ạ", licence, "3.000348", "overview", false},
		{"đổi", licence, "3.000347", "overview", false},
		{"à không, đổi cơ", licence, "3.000347", "overview", true},
		{"cái quốc tế ấy", licence, "3.000353", "overview", false},
		{"bị mất, hết bao nhiêu tiền", licence, "3.000348", "fee", false},
		{"mất bao lâu", licence, "3.000346 3.000348 3.000347 3.000353", "time", false},
		{"thế lệ phí?", licence, "3.000346 3.000348 3.000347 3.000353", "fee", false},
		{"the le phi", licence, "3.000346 3.000348 3.000347 3.000353", "fee", false},
		{"thời gian", licence, "3.000346 3.000348 3.000347 3.000353", "time", false},
		{"cho con", card, "1.014062", "overview", false},
		{"tre em", card, "1.014062", "overview", false},
		{"làm cho tôi", card, "1.014061", "overview", false},
		{"không", []string{"1.000894", "2.000806"}, "1.000894", "overview", true},
		{"có", []string{"1.000894", "2.000806"}, "2.000806", "overview", false},
		{"không", card, "-", "", false},
		{"đăng ký kết hôn cần gì", card, "-", "", false},
		{"ok", card, "-", "", false},
		{"cảm ơn em", card, "-", "", false},
		{"xe buýt số 2", card, "-", "", false},
		{"", card, "-", "", false},
		{"cho con", nil, "-", "", false},
	} {
		p, ok := x.Pick(c.text, c.codes)
		if !ok {
			if c.want != "-" {
				t.Errorf("%q is no answer, want %s", c.text, c.want)
			}
			continue
		}
		if got := strings.Join(p.Codes, " "); got != c.want || p.Facet != c.facet || p.Fix != c.fix {
			t.Errorf("%q: got %s, %s, correction %v; want %s, %s, %v", c.text, got, p.Facet, p.Fix, c.want, c.facet, c.fix)
		}
	}
}

// TestNamesAreOneQuestion: no official name falls into two questions, whatever
// commas and "và" it holds.
func TestNamesAreOneQuestion(t *testing.T) {
	x := reviewed(t)
	for _, e := range curated(t) {
		for _, q := range []string{e.Name, e.Name + " cần giấy tờ gì"} {
			if f := x.Ask(knowledge.Query{Text: q}); f.Also != nil && f.Also.Hits[0].Entry.Code != f.Hits[0].Entry.Code {
				t.Errorf("%s: %s and %s", q, f.Hits[0].Entry.Code, f.Also.Hits[0].Entry.Code)
			}
		}
	}
}

// FuzzAsk: any message is read without harm, and what is found hangs together.
func FuzzAsk(f *testing.F) {
	for _, s := range []string{"kết hôn cần gì? tạm trú ở đâu?", "a và b, còn c", "vừa sinh con", "và, và. còn? với lại\n; cả hai", "phí, giấy tờ và"} {
		f.Add(s)
	}
	x := small(f)
	known := index.SituationRows(x)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		a := x.Ask(knowledge.Query{Text: text, Context: "1.000894"})
		if a.Also != nil && (len(a.Hits) == 0 || len(a.Also.Hits) == 0 || a.Outcome != knowledge.Answer) {
			t.Errorf("%q: a second answer without a first", text)
		}
		if a.Situation != "" && (len(known) == 0 || len(a.Hits) == 0) {
			t.Errorf("%q tells a situation that leads nowhere", text)
		}
		codes := []string{"1.001193", "1.004884", "2.000806", "1.014061"}
		if p, ok := x.Pick(text, codes); ok {
			for _, c := range p.Codes {
				if !slices.Contains(codes, c) {
					t.Errorf("%q picks %q, which was not offered", text, c)
				}
			}
		}
		if !utf8.ValidString(text) {
			return
		}
		if s, ok := x.Split(strings.Fields(text), nil); ok && len(s.Groups) < 2 {
			t.Errorf("%q: a question with one answer", text)
		}
	})
}

// TestWhatNoCommuneDoes: what people ask of it all the same has an explainer, or is not
// known; the procedures beside it keep their own questions.
func TestWhatNoCommuneDoes(t *testing.T) {
	x := reviewed(t)
	for _, c := range []struct{ question, outcome, first string }{
		{"ly hôn", "answer", "gt.ly-hon"},
		{"vợ chồng muốn ly hôn", "answer", "gt.ly-hon"},
		{"ly hôn ở xã được không", "answer", "gt.ly-hon"},
		{"vợ tôi bỏ đi 2 năm rồi, giờ tôi muốn ly hôn", "answer", "gt.ly-hon"},
		{"ghi chú ly hôn ở nước ngoài", "answer", "2.000554"},
		{"đăng ký học lớp 1", "answer", "gt.vao-lop-1"},
		{"con em sang năm vào lớp 1 thì nộp hồ sơ ở đâu", "answer", "gt.vao-lop-1"},
		{"xin học mẫu giáo cho con", "answer", "gt.vao-lop-1"},
		{"hoãn nghĩa vụ quân sự", "answer", "gt.hoan-nghia-vu-quan-su"},
		{"đăng ký nghĩa vụ quân sự", "answer", "1.013133"},
		{"vay vốn ngân hàng chính sách", "answer", "gt.vay-von-chinh-sach"},
		{"vay vốn ngân hàng chính sách sửa nhà", "answer", "1.014632"},
		{"khám sức khỏe", "unknown", ""},
		{"giấy khám sức khỏe xin ở đâu", "unknown", ""},
		{"đổi bằng lái có cần giấy khám sức khỏe không", "answer", "3.000347"},
		{"thời tiết", "unknown", ""},
		{"thuê đất", "unknown", ""},
	} {
		f := x.Search(knowledge.Query{Text: c.question})
		first := ""
		if len(f.Hits) > 0 && f.Outcome != knowledge.Unknown {
			first = f.Hits[0].Entry.Code
		}
		if string(f.Outcome) != c.outcome || first != c.first {
			t.Errorf("%q: %s %q, want %s %q", c.question, f.Outcome, first, c.outcome, c.first)
		}
	}
}
