package index_test

import (
	"testing"

	"cchcbot/knowledge"
)

// TestSameWordsInAndOutOfScope: banks, phones, doctors, luck and quarrels are no business
// of an office, unless what is wanted is.
func TestSameWordsInAndOutOfScope(t *testing.T) {
	x := reviewed(t)
	for _, c := range []struct {
		text string
		in   bool
	}{
		{"quên mã pin thẻ atm thì làm lại ở đâu", false},
		{"trả hết nợ ngân hàng rồi, muốn xóa thế chấp sổ đỏ thì nộp giấy gì", true},
		{"điện thoại rơi xuống nước sửa ở đâu uy tín", false},
		{"mất điện thoại, muốn khóa căn cước điện tử", true},
		{"sinh mổ xong nên ăn gì, kiêng gì", false},
		{"vợ sinh mổ, hồ sơ hưởng thai sản gồm gì", true},
		{"xem giúp ngày đẹp để cưới, hai vợ chồng có hợp tuổi không", false},
		{"ngày mai đi đăng ký kết hôn cần mang giấy gì", true},
		{"bạn vay tiền viết giấy tay rồi trốn mất, đòi lại được không", false},
		{"vay tiền viết giấy, ra xã chứng thực chữ ký được không", true},
		{"trường nào dạy tiếng anh tốt, học phí bao nhiêu", false},
		{"xin miễn giảm học phí cho con học nghề hộ nghèo", true},
		{"quen ma pin the atm thi lam lai o dau", false},
		{"con dau toi mat can cuoc, xin cap lai o dau", true}, // "mat" is "mất", "dau" is "dâu"
	} {
		if got := x.Search(knowledge.Query{Text: c.text}).Outcome != knowledge.Unknown; got != c.in {
			t.Errorf("%s: in scope %v, want %v", c.text, got, c.in)
		}
	}
}
