package complaints_test

import (
	"context"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/complaints/cases"
)

// sends plays an attachment, with words beside it, and returns what the bot said.
func (w *world) sends(t testing.TB, who string, in bottest.Input) string {
	t.Helper()
	c := bottest.Citizen{Name: who}
	w.Driver.Seen(c)
	w.does(t, w.Driver, c, in)
	return w.heard(w.Driver, c)
}

// desk makes somebody an officer who may file for visitors.
func (w *world) deskOfficer(t testing.TB, who string) {
	t.Helper()
	w.says(t, who, "chào")
	person := w.count(t, `select max(person) from contacts`)
	_, err := w.Store.SaveOfficer(t.Context(), bot.Officer{
		Person: bot.PersonID(person), Name: "Lan", Email: who + "@example.vn", Active: true, Grants: []bot.Grant{{Role: bot.RoleController}},
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
}

// TestAccusedByAFileAtTheFirstQuestion: dropped, whatever words stand beside it.
func TestAccusedByAFileAtTheFirstQuestion(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", "/phananh")
	got := w.sends(t, "an", bottest.Input{Media: bot.Document, FileName: "Tố_cáo-ông_Zebra-nhận_hối_lộ.pdf", Text: "rác chất đống ở phường Thành Đông"})
	if !strings.Contains(got, "Việc tố cáo không gửi qua đây được") {
		t.Errorf("a file whose name accuses: %q", got)
	}
	if n := w.count(t, `select count(*) from complaints_files`) + w.count(t, `select count(*) from media_items`); n != 0 {
		t.Errorf("%d files are kept", n)
	}
	if got := w.says(t, "an", "/phananh"); !strings.Contains(got, "muốn nói về việc gì") {
		t.Errorf("afterwards: %q", got)
	}
}

// TestAFormalComplaintIsNotFiledForAVisitor: the officer reads the guidance out.
func TestAFormalComplaintIsNotFiledForAVisitor(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.deskOfficer(t, "officer")
	asked := w.says(t, "officer", "/tiepdan", "[Người dân đồng ý]")
	if strings.Contains(asked, "Không đồng ý với một quyết định") || strings.Contains(asked, "Báo một người vi phạm") {
		t.Errorf("the question names what cannot be chosen: %s", asked)
	}
	got := w.says(t, "officer", "[Cán bộ, cơ quan]", "tôi khiếu nại quyết định thu hồi đất của xã")
	if !strings.Contains(got, "Đây không phải là nộp đơn khiếu nại") {
		t.Errorf("a formal complaint at the desk: %s", got)
	}
}

// TestAFormalComplaintInPiecesIsNotFiled: what two messages say together is guided.
func TestAFormalComplaintInPiecesIsNotFiled(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", "/phananh", "[Một nơi có vấn đề]", "nhà tôi ở phường Thành Đông bị thu hồi đất", "1", "[Bỏ qua]", "[Hôm nay]")
	w.sends(t, "an", bottest.Input{Media: bot.Photo, Text: "tôi khiếu nại quyết định thu hồi đất của xã"})
	got := w.says(t, "an", "xong", "[Không công khai]", "[Gửi]")
	if !strings.Contains(got, "Đây không phải là nộp đơn khiếu nại") {
		t.Errorf("sent: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases`); n != 0 {
		t.Errorf("%d cases", n)
	}
}

// TestTwoVisitorsMaySayTheSame: neither is told the code of the other.
func TestTwoVisitorsMaySayTheSame(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.deskOfficer(t, "officer")
	for _, who := range []string{"Trần Thị Hoa", "Lê Văn Năm"} {
		got := w.says(t, "officer", "/tiepdan", "[Người dân đồng ý]", "[Một nơi có vấn đề]", lampWords, "1", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]",
			who, "0987654321", "[Không công khai]", "[Gửi]")
		if !strings.Contains(got, "ghi vào phiếu") {
			t.Fatalf("for %s: %s", who, got)
		}
	}
	if n := w.count(t, `select count(*) from complaints_cases where on_behalf`); n != 2 {
		t.Errorf("%d cases on behalf", n)
	}
}

// TestNoCaseIsShownInAGroup: neither by a word nor by a button with its code.
func TestNoCaseIsShownInAGroup(t *testing.T) {
	w := newBot(t, bottest.Options{})
	code := w.lamp(t, "an", lampWords)
	group := bottest.Citizen{Name: "an", Group: "khu-3"}
	for _, in := range []bottest.Input{
		{Text: "xem phản ánh"}, {Text: "bổ sung"}, {Button: "complaints:show:" + code}, {Button: "complaints:add:" + code}, {Button: "complaints:answer:" + code},
		{Button: "complaints:withdraw:" + code}, {Button: "complaints:late"}, {Button: "complaints:fresh"},
	} {
		w.does(t, w.Driver, group, in)
		if got := w.heard(w.Driver, group); !strings.Contains(got, "nhắn riêng cho tôi") || strings.Contains(got, code) {
			t.Errorf("%+v in a group: %s", in, got)
		}
	}
}

// gone removes all files, as time does with those that nobody sent in.
func (w *world) gone(t testing.TB) {
	t.Helper()
	err := w.Works.Do(t.Context(), func(ctx context.Context, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from media_items`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const expired = "Ảnh đã hết hạn giữ"

// TestAPhotoThatIsKeptNoLonger is left out with a word, and the report goes its way.
func TestAPhotoThatIsKeptNoLonger(t *testing.T) {
	w := newBot(t, bottest.Options{})
	photo := bottest.Input{Media: bot.Photo}
	t.Run("before the review", func(t *testing.T) {
		w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
		w.sends(t, "an", photo)
		w.says(t, "an", "xong")
		w.gone(t)
		if got := w.says(t, "an", "[Không công khai]"); !strings.Contains(got, expired) || strings.Contains(got, "Ảnh, tệp") {
			t.Errorf("the review: %s", got)
		}
		if got := w.says(t, "an", "[Gửi]"); !strings.Contains(got, "Đã nhận") || strings.Contains(got, expired) {
			t.Errorf("sent: %s", got)
		}
	})
	t.Run("at the review", func(t *testing.T) {
		w.says(t, "binh", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
		w.sends(t, "binh", photo)
		w.says(t, "binh", "xong", "[Không công khai]")
		w.gone(t)
		if got := w.says(t, "binh", "[Gửi]"); !strings.Contains(got, "Đã nhận") || !strings.Contains(got, expired) {
			t.Errorf("sent: %s", got)
		}
	})
	t.Run("of an addition", func(t *testing.T) {
		w.says(t, "binh", "bổ sung")
		w.sends(t, "binh", photo)
		w.says(t, "binh", "Thêm ảnh chụp sáng nay.")
		w.gone(t)
		if got := w.says(t, "binh", "[Gửi]"); !strings.Contains(got, "Đã bổ sung") || !strings.Contains(got, expired) {
			t.Errorf("sent: %s", got)
		}
	})
}

// TestARefusedFileIsNotCounted: it was told that it is none, and is not sent.
func TestARefusedFileIsNotCounted(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
	w.sends(t, "an", bottest.Input{Media: bot.Photo, FileName: "anh.jpg", File: []byte("MZ this is a program")})
	if err := w.Media.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.sends(t, "an", bottest.Input{Media: bot.Photo}); !strings.Contains(got, "Đã nhận 1/5") {
		t.Errorf("the next: %s", got)
	}
	if got := w.says(t, "an", "xong", "[Không công khai]"); !strings.Contains(got, "Ảnh, tệp: 1") || strings.Contains(got, expired) {
		t.Errorf("the review: %s", got)
	}
}

// TestAPhotoSentByMistake can be taken out, by a button and by words.
func TestAPhotoSentByMistake(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
	w.sends(t, "an", bottest.Input{Media: bot.Photo})
	if got := w.says(t, "an", "bỏ hết ảnh"); !strings.Contains(got, "Đã bỏ hết") || strings.Contains(got, "Đã có") {
		t.Errorf("by words: %s", got)
	}
	w.sends(t, "an", bottest.Input{Media: bot.Photo})
	w.says(t, "an", "xong", "[Không công khai]", "[Sửa: ảnh, tệp]")
	if got := w.says(t, "an", "[Bỏ hết ảnh]", "[Bỏ qua]"); strings.Contains(got, "Ảnh, tệp:") {
		t.Errorf("by the button: %s", got)
	}
	if n := w.count(t, `select count(*) from media_items`); n != 0 {
		t.Errorf("%d files are kept", n)
	}
	w.says(t, "an", "[Gửi]", "[Bổ sung]")
	w.sends(t, "an", bottest.Input{Media: bot.Photo})
	if got := w.says(t, "an", "bỏ hết ảnh", "Thêm một cột nữa."); strings.Contains(got, "Ảnh, tệp") {
		t.Errorf("of an addition: %s", got)
	}
}

// TestMarksAreWhatTheySay on channels with buttons and where choices are numbered.
func TestMarksAreWhatTheySay(t *testing.T) {
	for name, limits := range map[string]bot.Limits{"buttons": bottest.FakeLimits(), "numbers": bottest.PlainLimits()} {
		for typed, want := range map[string]int{"5": 5, "1": 1, "2": 2, "rất hài lòng": 5} {
			t.Run(name+" "+typed, func(t *testing.T) {
				w := newBot(t, bottest.Options{Driver: bottest.NewFakeDriver(bottest.FakeName, limits)})
				w.says(t, "an", lampWords, "đúng", "bỏ qua", "hôm nay", "bỏ qua", "2", "1")
				w.says(t, "office", "/office accept", "/office submit Đã thay bóng đèn.", "/office approve")
				w.says(t, "an", "đã giải quyết", typed, "bỏ qua", "bỏ qua")
				c := w.lastCase(t)
				if c.Rating.Overall != want {
					t.Errorf("typed %s, kept %d", typed, c.Rating.Overall)
				}
			})
		}
	}
}

func (w *world) lastCase(t testing.TB) cases.Case {
	t.Helper()
	c, err := w.desk.Get(t.Context(), int64(w.count(t, `select max(id) from complaints_cases`)), cases.Actor{Kind: cases.System})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestConsentIsForWhatWasShown: what is changed afterwards is asked about again, all of it is shown.
func TestConsentIsForWhatWasShown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edits []string
		want  string
	}{
		{"the story", []string{"[Sửa: nội dung]", "đèn đường hỏng ở phường Thành Đông, nhà bà Zebra tối om"}, "nhà"},
		{"the field", []string{"[Sửa: lĩnh vực]", "môi trường"}, "Môi trường"},
		{"the place", []string{"[Sửa: nơi]", "phường Cẩm Thượng"}, "Cẩm Thượng"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newBot(t, bottest.Options{})
			w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Cho công khai]")
			got := w.says(t, "an", tt.edits...)
			if strings.Contains(got, "Nơi này") || strings.Contains(got, "chọn") && !strings.Contains(got, "Cho đăng công khai câu hỏi") {
				got = w.says(t, "an", "1")
			}
			if !strings.Contains(got, "Cho đăng công khai câu hỏi") || !strings.Contains(got, tt.want) {
				t.Fatalf("after the edit: %s", got)
			}
			w.says(t, "an", "[Không công khai]", "[Gửi]")
			if w.lastCase(t).Public {
				t.Error("it may be published")
			}
		})
	}
	t.Run("a caption", func(t *testing.T) {
		w := newBot(t, bottest.Options{})
		w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Cho công khai]", "[Sửa: ảnh, tệp]")
		w.sends(t, "an", bottest.Input{Media: bot.Photo, Text: "chụp lúc nửa đêm"})
		if got := w.says(t, "an", "xong"); !strings.Contains(got, "Cho đăng công khai câu hỏi") || !strings.Contains(got, "nửa đêm") {
			t.Errorf("after the caption: %s", got)
		}
	})
	t.Run("all of a long story", func(t *testing.T) {
		w := newBot(t, bottest.Options{Driver: bottest.NewFakeDriver(bottest.FakeName, bottest.PlainLimits())})
		long := lampWords + strings.Repeat(" rất tối, đi lại khó", 150) + " hết"
		if got := w.says(t, "an", long, "đúng", "bỏ qua", "hôm nay", "bỏ qua"); !strings.Contains(got, "khó hết\"") {
			t.Errorf("asked: %s", got)
		}
	})
	t.Run("the same again", func(t *testing.T) {
		w := newBot(t, bottest.Options{})
		got := w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Cho công khai]", "[Sửa: nội dung]", lampWords)
		if !strings.Contains(got, "xem lại trước khi gửi") {
			t.Errorf("asked again: %s", got)
		}
	})
}

// TestAnAdditionToAPublicCaseSaysSo: what is added is not published with it.
func TestAnAdditionToAPublicCaseSaysSo(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Cho công khai]", "[Gửi]")
	if got := w.says(t, "an", "bổ sung", "Thêm một cột nữa."); !strings.Contains(got, "không đăng công khai") {
		t.Errorf("public: %s", got)
	}
	w.lamp(t, "binh", lampWords)
	if got := w.says(t, "binh", "bổ sung", "Thêm một cột nữa."); strings.Contains(got, "không đăng công khai") {
		t.Errorf("private: %s", got)
	}
}

// TestAChangedStoryIsRoutedAnew: as if it had been written so at first.
func TestAChangedStoryIsRoutedAnew(t *testing.T) {
	const trucks, road = "xe quá tải chạy ầm ầm cả đêm ở phường Thành Đông", "biển báo ở bến xe phường Thành Đông gãy rồi"
	file := func(t *testing.T, w *world, first string, edits ...string) cases.Case {
		w.says(t, "an", "/phananh", "[Một nơi có vấn đề]", first, "giao thông", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]")
		w.says(t, "an", edits...)
		if got := w.says(t, "an", "[Gửi]"); !strings.Contains(got, "Đã nhận") {
			t.Fatalf("sent: %s", got)
		}
		return w.lastCase(t)
	}
	for _, tt := range [][2]string{{trucks, road}, {road, trucks}} {
		w := newBot(t, bottest.Options{})
		want := file(t, w, tt[1])
		got := file(t, newBot(t, bottest.Options{}), tt[0], "[Sửa: nội dung]", tt[1], "[Không công khai]")
		if got.Subject != want.Subject || got.Lead != want.Lead {
			t.Errorf("%s, first %s: %s %s; want %s %s", tt[1], tt[0], got.Subject, got.Lead, want.Subject, want.Lead)
		}
	}
	w := newBot(t, bottest.Options{})
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]")
	if got := w.says(t, "an", "[Sửa: nội dung]", "rác thải chất đống ở phường Thành Đông"); !strings.Contains(got, "thuộc lĩnh vực nào") {
		t.Errorf("of another field: %s", got)
	}
}

// TestPraiseNamesNobodyComplainedAbout: it is to reach the office that it praises.
func TestPraiseNamesNobodyComplainedAbout(t *testing.T) {
	w := newBot(t, bottest.Options{})
	got := w.says(t, "an", "tôi muốn khen cán bộ một cửa phường Thành Đông hướng dẫn tận tình", "[Đúng]", "[Bỏ qua]", "[Không công khai]", "[Gửi]")
	if !strings.Contains(got, "Đã chuyển tới Trung tâm Phục vụ hành chính công phường Thành Đông") {
		t.Fatalf("sent: %s", got)
	}
	if c := w.lastCase(t); c.Kind != cases.Praise || c.Named {
		t.Errorf("kind %s, complained about %v", c.Kind, c.Named)
	}
	got = w.says(t, "binh", "tôi muốn khen UBND phường Thành Đông phục vụ rất tận tình", "[Đúng]", "[Bỏ qua]", "[Không công khai]", "[Gửi]")
	if c := w.lastCase(t); !strings.Contains(got, "Đã chuyển tới UBND phường Thành Đông") || c.Named {
		t.Errorf("complained about %v: %s", c.Named, got)
	}
	got = w.says(t, "chi", "tôi muốn khen bác sĩ bệnh viện ở phường Thành Đông rất tận tình", "[Đúng]", "[Bỏ qua]", "[Không công khai]", "[Gửi]")
	if !strings.Contains(got, "Đã chuyển tới Sở Y tế") {
		t.Errorf("praise that names no office: %s", got)
	}
}

// TestWhoHasNoPhoneIsReachedByAnAddress: that there is none is no refusal when an address stands beside it.
func TestWhoHasNoPhoneIsReachedByAnAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"tôi không có điện thoại, nhà ở thôn Đồng Tâm, xã Nam Sách":     "nhà ở thôn Đồng Tâm, xã Nam Sách",
		"Không có điện thoại. Số 12 đường Bạch Đằng, phường Thành Đông": "Số 12 đường Bạch Đằng, phường Thành Đông",
		"thôn An Lạc, nhà không có số, xã Hồng Lạc":                     "thôn An Lạc, xã Hồng Lạc",
		"toi khong co dien thoai, nha o thon dong tam, xa nam sach":     "nha o thon dong tam, xa nam sach",
		"sao phải khai địa chỉ, số nhà làm gì":                          "",
		"tôi không có điện thoại":                                       "",
		"không có điện thoại, nhà thôn":                                 "",
	} {
		w := newBot(t, bottest.Options{})
		got := w.says(t, "binh", "/phananh", "[Cán bộ, cơ quan]", "một cửa phường Thành Đông bắt tôi đi lại nhiều lần", "hôm qua", "[Bỏ qua]", "Nguyễn Văn Bình", typed)
		if taken := strings.Contains(got, "Người gửi: Nguyễn Văn Bình, "+want+"\n"); taken != (want != "") {
			t.Errorf("%s: %s", typed, got)
		}
	}
}

// TestADayBesideADoubtIsKept: whoever is not sure of the day names one all the same.
func TestADayBesideADoubtIsKept(t *testing.T) {
	for typed, want := range map[string]string{
		"không nhớ rõ, khoảng 20/11": "20/11", "từ lâu rồi, hồi tháng 10": "1/10", "không nhớ": "", "lâu rồi, đến hôm nay vẫn thế": "", "lâu rồi, từ năm 2019": "",
	} {
		w := newBot(t, bottest.Options{})
		got := w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", typed, "[Bỏ qua]", "[Không công khai]")
		if strings.Contains(got, "Từ ngày") != (want != "") || !strings.Contains(got, want) || !strings.Contains(got, "xem lại") {
			t.Errorf("%s: %s", typed, got)
		}
	}
}
