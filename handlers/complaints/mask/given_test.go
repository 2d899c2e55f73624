package mask

import "testing"

// TestHowPeopleCallThemselves: a name of one word goes behind the words with which people
// introduce themselves; what somebody is stays, also written with a capital.
func TestHowPeopleCallThemselves(t *testing.T) {
	for text, want := range map[string]string{
		"tôi là Lan, đèn đường hỏng":                    "tôi là •••, đèn đường hỏng",
		"Tôi là Lan ở thôn 3":                           "Tôi là ••• ở thôn 3",
		"toi la Lan o thon 3":                           "toi la ••• o thon 3",
		"tôi là lan, ở xóm trên":                        "tôi là •••, ở xóm trên",
		"toi la lan o xom tren":                         "toi la ••• o xom tren",
		"em là hương ạ, đường ngập":                     "em là ••• ạ, đường ngập",
		"cháu là Nam, học lớp 5":                        "cháu là •••, học lớp 5",
		"mình là LAN":                                   "mình là •••",
		"tui là Tư, rác nhiều quá":                      "tui là •••, rác nhiều quá",
		"gọi tôi Trần Thị Lan":                          "gọi tôi •••",
		"gọi tôi là Lan nhé":                            "gọi tôi là ••• nhé",
		"gọi cho tôi Lan khi xong":                      "gọi cho tôi ••• khi xong",
		"cần thì gọi em Thơm":                           "cần thì gọi em •••",
		"tên em là Thảo":                                "tên em là •••",
		"ten em la Thao, nha o xom 2":                   "ten em la •••, nha o xom 2",
		"em tên Thảo, cống tắc":                         "em tên •••, cống tắc",
		"mình tên Dũng":                                 "mình tên •••",
		"mình tên là trần văn dũng, đường hỏng":         "mình tên là •••, đường hỏng",
		"cháu tên là Bé":                                "cháu tên là •••",
		"tên cháu là Phạm Minh":                         "tên cháu là •••",
		"tên tôi Hằng, ở phố Huyền":                     "tên tôi •••, ở phố Huyền",
		"bác là Hợi, nhà cuối ngõ":                      "bác là •••, nhà cuối ngõ",
		"bác tên Hợi":                                   "bác tên •••",
		"Tôi là Mai":                                    "Tôi là •••",
		"tôi là bà Tý bán nước":                         "tôi là bà ••• bán nước",
		"nhà bé Bống cạnh bãi rác":                      "nhà bé ••• cạnh bãi rác",
		"tôi là công dân, đường hỏng":                   "tôi là công dân, đường hỏng",
		"Tôi là Công dân phường Thành Đông":             "Tôi là Công dân phường Thành Đông",
		"tôi là người dân ở xã Nam Sách":                "tôi là người dân ở xã Nam Sách",
		"tôi là giáo viên trường Thành Đông":            "tôi là giáo viên trường Thành Đông",
		"Tôi là Giáo viên":                              "Tôi là Giáo viên",
		"toi la dan o day":                              "toi la dan o day",
		"toi la nguoi dan xa Nam Sach":                  "toi la nguoi dan xa Nam Sach",
		"toi la sinh vien":                              "toi la sinh vien",
		"tôi là Đảng viên, cựu chiến binh":              "tôi là Đảng viên, cựu chiến binh",
		"tôi là CCB, thương binh":                       "tôi là CCB, thương binh",
		"tôi là F0 cách ly tại nhà":                     "tôi là F0 cách ly tại nhà",
		"em là hoa khôi xóm trên":                       "em là hoa khôi xóm trên",
		"em là chủ quán cà phê":                         "em là chủ quán cà phê",
		"mình là hộ nghèo":                              "mình là hộ nghèo",
		"cháu là học sinh lớp 9":                        "cháu là học sinh lớp 9",
		"gọi tôi sau 5 giờ":                             "gọi tôi sau 5 giờ",
		"gọi tôi khi nào xong":                          "gọi tôi khi nào xong",
		"tên tôi bị ghi sai trong sổ":                   "tên tôi bị ghi sai trong sổ",
		"tên em trong giấy khai sinh sai":               "tên em trong giấy khai sinh sai",
		"ông là Trưởng thôn mà không nói":               "ông là Trưởng thôn mà không nói",
		"tôi là Việt kiều về thăm quê":                  "tôi là Việt kiều về thăm quê",
		"việc của tôi là đúng, Xã phải trả lời":         "việc của tôi là đúng, Xã phải trả lời",
		"điều làm tôi là người buồn nhất là đường hỏng": "điều làm tôi là người buồn nhất là đường hỏng",
	} {
		if got := Public(text); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

// TestNamesOfOthersStay: "bác là" may speak of somebody else, whom the body has to know.
func TestNamesOfOthersStay(t *testing.T) {
	for text, want := range map[string]string{
		"em là Thảo, ông là Hợi đổ rác":   "em là •••, ông là Hợi đổ rác",
		"tên em là Thảo, bà Tý lấn đường": "tên em là •••, bà Tý lấn đường",
	} {
		if got := Sender(text); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}
