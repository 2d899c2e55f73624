package mask

import "testing"

// TestWhoWroteIsHidden: a name that the writer introduces, with or without capitals and
// marks, numbers and addresses go; what the body needs to find the place stays.
func TestWhoWroteIsHidden(t *testing.T) {
	for text, want := range map[string]string{
		"Tôi là Nguyễn Thị Lan, nhà số 9 xây lấn":      "Tôi là •••, nhà số 9 xây lấn",
		"tôi là nguyễn thị lan, nhà số 9 xây lấn":      "tôi là •••, nhà số 9 xây lấn",
		"toi la tran van an. den duong hong":           "toi la •••. den duong hong",
		"tôi tên là phạm thị hoa, đường ngập":          "tôi tên là •••, đường ngập",
		"Tôi Nguyễn Văn An, ở thôn Đông, đường ngập":   "Tôi •••, ở thôn Đông, đường ngập",
		"Kính gửi UBND xã, tôi: Trần Thị Hoa ở thôn 3": "Kính gửi UBND xã, tôi: ••• ở thôn 3",
		"toi Nguyen Van An": "toi •••",
		"Tên: Phạm Thị Lan\nNội dung: đèn hỏng":            "Tên: •••\nNội dung: đèn hỏng",
		"tôi phạm lỗi gì mà cán bộ tên Trần Văn Bình quát": "tôi phạm lỗi gì mà cán bộ tên Trần Văn Bình quát",
		"Tôi Hồ sơ nộp rồi":                                "Tôi Hồ sơ nộp rồi",
		"Họ tên: Đỗ Văn Bình; gọi 0912 345 678":            "Họ tên: •••; gọi •••",
		"tôi là dân phố Huyền, rác từ 20/11/2026":          "tôi là dân phố Huyền, rác từ 20/11/2026",
		"gửi vào lan.nguyen@gmail.com hoặc zalo.me/091234": "gửi vào ••• hoặc •••",
		"đèn ở ngõ 5 hỏng 3 ngày, số nhà 12":               "đèn ở ngõ 5 hỏng 3 ngày, số nhà 12",
	} {
		if got := Sender(text); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}
