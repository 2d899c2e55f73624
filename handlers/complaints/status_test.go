package complaints_test

import (
	"strings"
	"testing"

	"cchcbot/bot/bottest"
)

// TestACaseWithoutAPhoneIsSeenWhereItWasSent: no number is asked for that nobody left.
func TestACaseWithoutAPhoneIsSeenWhereItWasSent(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{other}})
	lamp := w.lamp(t, "an", lampWords)
	got := w.says(t, "binh", "/phananh", "[Cán bộ, cơ quan]", "một cửa phường Thành Đông bắt tôi đi lại nhiều lần", "hôm qua", "[Bỏ qua]",
		"Nguyễn Văn Bình", "12 đường Bạch Đằng, phường Thành Đông", "[Gửi]")
	_, rest, _ := strings.Cut(got, "Mã của anh/chị: ")
	letter, _, _ := strings.Cut(rest, ".")
	for name, code := range map[string]string{"of a kind without contact": lamp, "with an address only": letter} {
		for way, said := range map[string][]string{"typed": {code}, "asked for": {"/viec", "[Tra bằng mã]", code}} {
			got := w.saysOn(t, other, name+way, said...)
			if !strings.Contains(got, "chỉ xem được ở nơi đã gửi") || strings.Contains(got, "số điện thoại") || strings.Contains(got, "Thành Đông") {
				t.Errorf("a code %s, %s: %s", name, way, got)
			}
			if got := w.saysOn(t, other, name+way, "hủy"); !strings.Contains(got, "không có việc gì đang làm dở") {
				t.Errorf("a code %s, %s: a question is open: %s", name, way, got)
			}
		}
	}
	if got := w.says(t, "an", lamp); !strings.Contains(got, "Thành Đông") {
		t.Errorf("the holder: %s", got)
	}
	if got := w.saysOn(t, other, "eve", w.conduct(t, "chi")); !strings.Contains(got, "số điện thoại đã để lại") {
		t.Errorf("with a number: %s", got)
	}
}

// TestWhatWasToldIsReadByCodeAndPhone: a notice that was too private for its channel leads here.
func TestWhatWasToldIsReadByCodeAndPhone(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	for _, tt := range []struct{ did, want string }{
		{"/office progress Đang chờ phường báo cáo.", "Đang chờ phường báo cáo."},
		{"/office extend Cần làm việc với phường.", "Lý do: Cần làm việc với phường."},
		{"/office refuse Sở Nội vụ", "Nên gửi tới: Sở Nội vụ"},
	} {
		w := newBot(t, bottest.Options{Driver: bottest.NewFakeDriver("telegram", bottest.FakeLimits()), Drivers: []bottest.Driver{other}})
		code := w.conduct(t, "binh")
		if !strings.Contains(tt.did, "refuse") {
			w.says(t, "office", "/office forward hp-so-noi-vu", "/office accept")
		}
		if got := w.says(t, "office", tt.did); !strings.Contains(got, "Done") {
			t.Fatalf("%s: %s", tt.did, got)
		}
		if got := w.saysOn(t, other, "b", code, "0912345678"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.did, got)
		}
	}
}

// TestAPrivateMatterNeedsAPhoneAbroad: by an address alone nobody could read the answer.
func TestAPrivateMatterNeedsAPhoneAbroad(t *testing.T) {
	w := newBot(t, bottest.Options{Driver: bottest.NewFakeDriver("telegram", bottest.FakeLimits())})
	got := w.says(t, "binh", "/phananh", "[Cán bộ, cơ quan]", "một cửa phường Thành Đông bắt tôi đi lại nhiều lần", "hôm qua", "[Bỏ qua]", "Nguyễn Văn Bình")
	if !strings.Contains(got, "riêng tư") {
		t.Errorf("asked: %s", got)
	}
	if got := w.says(t, "binh", "12 đường Bạch Đằng, phường Thành Đông"); !strings.Contains(got, "ghi số điện thoại") || !strings.Contains(got, "hoidap.example/chat") {
		t.Errorf("an address: %s", got)
	}
	if got := w.says(t, "binh", "0912 345 678"); !strings.Contains(got, "xem lại trước khi gửi") {
		t.Errorf("a number: %s", got)
	}
}

// TestAPrivateMatterNeedsAPhoneAbroadAlsoLater: the kind is corrected when the address is there already.
func TestAPrivateMatterNeedsAPhoneAbroadAlsoLater(t *testing.T) {
	w := newBot(t, bottest.Options{Driver: bottest.NewFakeDriver("telegram", bottest.FakeLimits())})
	got := w.says(t, "binh", "/phananh", "[Việc khác]", "[Kiến nghị khác]", "mong xã mở thêm lớp dạy nghề ở phường Thành Đông", "giáo dục", "[Bỏ qua]", "Nguyễn Văn Bình",
		"12 đường Bạch Đằng, phường Thành Đông", "[Không công khai]", "[Sửa: loại việc]", "[Cán bộ, cơ quan]", "hôm qua")
	if !strings.Contains(got, "riêng tư") {
		t.Errorf("asked: %s", got)
	}
}

// TestACaseOfAnotherKindIsStillReadByCodeAndPhone: the front desk sees a place in what was sent as
// conduct; the number was left all the same.
func TestACaseOfAnotherKindIsStillReadByCodeAndPhone(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{other}})
	code := w.conduct(t, "binh")
	if got := w.says(t, "office", "/office reclassify idea"); !strings.Contains(got, "Done") {
		t.Fatalf("reclassified: %s", got)
	}
	if got := w.saysOn(t, other, "b", code); !strings.Contains(got, "số điện thoại đã để lại") {
		t.Errorf("the code: %s", got)
	}
	if got := w.saysOn(t, other, "b", "0912345678"); !strings.Contains(got, code) {
		t.Errorf("code and number: %s", got)
	}
}
