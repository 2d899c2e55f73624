package complaints_test

import (
	"strings"
	"testing"

	"cchcbot/bot/bottest"
)

// TestCodeInASentence: a code is found among other words, without its dash as well, and shows that case;
// a word that only looks like one is none.
func TestCodeInASentence(t *testing.T) {
	w := newBot(t, bottest.Options{})
	code := w.lamp(t, "an", lampWords)
	other := w.lamp(t, "an", "rác chất đống ở phường Thành Đông")
	bare := strings.ReplaceAll(code, "-", "")
	first, second, _ := strings.Cut(code, "-")
	for _, text := range []string{
		"xem giúp em mã " + bare + " với", "xem giup em " + strings.ToLower(bare) + ".", "mã " + first + " " + second + " xử lý xong chưa ạ",
		"phản ánh " + bare + " của tôi tới đâu rồi", "mã " + bare + ": đèn đường vẫn hỏng, chưa ai sửa", "cho em hỏi mã " + code + " tới đâu",
	} {
		got := w.says(t, "an", text)
		if !strings.HasPrefix(got, code+":") || strings.Contains(got, other) {
			t.Errorf("%q: %s", text, got)
		}
	}
	// One wrong symbol is noticed by the check letters: this is no code.
	wrong := "2" + bare[1:]
	if bare[0] == '2' {
		wrong = "3" + bare[1:]
	}
	for _, text := range []string{"xem giúp em mã " + wrong + " với", "xe " + bare + " đỗ cả ngày", "biển số " + bare + " của ai"} {
		if got := w.says(t, "an", text); strings.HasPrefix(got, code+":") {
			t.Errorf("%q: %s", text, got)
		}
	}
	// Whose case it is not is asked for the number, or told where it is seen.
	if got := w.says(t, "binh", "xem giúp em mã "+bare+" với"); !strings.Contains(got, "chỉ xem được ở nơi đã gửi") {
		t.Errorf("somebody else: %s", got)
	}
}
