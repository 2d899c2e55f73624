package complaints_test

import (
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// TestPhotosOfAReopening belong to the case, and are shown with it.
func TestPhotosOfAReopening(t *testing.T) {
	w := newBot(t, bottest.Options{})
	code := w.lamp(t, "an", lampWords)
	w.says(t, "office", "/office accept", "/office submit Đã thay bóng đèn.", "/office approve")
	w.says(t, "an", "[Đánh giá]", "[Chưa giải quyết]", "[1 - Rất không hài lòng]", "[Bỏ qua]", "[Bỏ qua]", "[Mở lại, lên cấp trên]")
	c := bottest.Citizen{Name: "an"}
	w.does(t, w.Driver, c, bottest.Input{Text: "Đèn vẫn chưa sáng.", Media: bot.Photo})
	w.does(t, w.Driver, c, bottest.Input{Media: bot.Photo})
	if got := w.says(t, "an", "[Xong]"); !strings.Contains(got, "Đã mở lại "+code) {
		t.Fatalf("not reopened: %s", got)
	}
	if n := w.count(t, `select photos from complaints_cases`); n != 2 {
		t.Errorf("%d photos of the case", n)
	}
	if n := w.count(t, `select count(*) from media_items where attached = 1`); n != 2 {
		t.Errorf("%d photos belong to it", n)
	}
}
