package directory

import "testing"

// TestAsks: a message that asks for an office and for nothing else.
func TestAsks(t *testing.T) {
	d := load(t, "2026-11-23")
	for text, want := range map[string]bool{
		"xã thanh miện": true, "xa thanh mien": true, "thế xã Thanh Miện": true, "còn xã thanh miện thì sao": true, "phường sao đỏ ở đâu": true, "ubnd huyện tứ kỳ": true,
		"công an huyện nam sách ở đâu": true, "cong an huyen nam sach o dau": true, "ở xã cẩm giàng thì nộp chỗ nào": true,
		"Phường Trần Phú, TP Hải Dương ở đâu ạ": true, "sở tư pháp": true, "sở y tế hải dương ở đâu": true, "địa chỉ sở nội vụ hải dương": true,
		"": false, "xã": false, "ở đâu": false, "thanh miện": false, "hải dương": false, "ở đâu nộp": false,
		"làm khai sinh ở xã thanh miện": false, "phường sao đỏ có trường cấp 2 nào": false, "giấy phép của sở tư pháp": false,
		"đèn đường hỏng ở xã Thanh Miện": false, "xã Không Đâu ở đâu": false, "ông chủ tịch xã thanh miện": false,
		"đăng ký hành nghề luật sư ở sở tư pháp": false,
	} {
		if got := d.Asks(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
