package directory

import "testing"

// TestAsks: a message that asks for an office and for nothing else.
func TestAsks(t *testing.T) {
	d := load(t, "2026-11-23")
	for text, want := range map[string]bool{
		"xã thanh miện": true, "xa thanh mien": true, "thế xã Thanh Miện": true, "còn xã thanh miện thì sao": true, "phường sao đỏ ở đâu": true, "ubnd huyện tứ kỳ": true,
		"công an huyện nam sách ở đâu": true, "cong an huyen nam sach o dau": true, "ở xã cẩm giàng thì nộp chỗ nào": true,
		"Phường Trần Phú, TP Hải Dương ở đâu ạ": true, "sở tư pháp": true, "sở y tế hải dương ở đâu": true, "địa chỉ sở nội vụ hải dương": true,
		"công an tỉnh hải dương ở đâu": true, "cong an tinh hai duong o dau": true, "cục thuế tỉnh ở chỗ nào": true, "sở kế hoạch và đầu tư ở đâu": true,
		"sở giao thông vận tải hải dương ở đâu ạ": true, "ubnd tỉnh hải dương ở đâu": true, "bảo hiểm xã hội tỉnh hải dương nay ở đâu": true,
		"công an ở đâu": false, "làm hộ chiếu ở công an tỉnh": false, "công an tỉnh hải dương có làm hộ chiếu không": false, "giấy phép của sở giao thông": false,
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

// TestFormerBodyIn: bodies of the former province lead to who has their work on the day.
func TestFormerBodyIn(t *testing.T) {
	d := load(t, "2026-11-23")
	for text, want := range map[string][2]string{
		"công an tỉnh hải dương ở đâu": {"cong-an-tinh", "hp-cong-an"}, "CONG AN TINH": {"cong-an-tinh", "hp-cong-an"}, "công an Hải Dương": {"cong-an-tinh", "hp-cong-an"},
		"sở lao động thương binh": {"so-ldtbxh", "hp-so-noi-vu"}, "địa chỉ Sở GTVT": {"so-gtvt", "hp-so-xay-dung"},
		"bảo hiểm xã hội tỉnh": {"bhxh-tinh", "hp-bhxh"}, "cục thuế tỉnh": {"cuc-thue", "hp-thue"},
		"công an": {}, "công an xã thanh miện": {}, "công an phường hải dương": {}, "bảo hiểm y tế": {}, "sở": {}, "thuế": {}, "": {},
	} {
		var got [2]string
		if old, now := d.FormerBodyIn(text); old != nil {
			got = [2]string{old.ID, now.ID}
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	// While it was in office it is no former one.
	if old, _ := load(t, "2021-06-01").FormerBodyIn("công an tỉnh hải dương"); old != nil {
		t.Errorf("on a day of its own: %s", old.ID)
	}
}
