package menu_test

import (
	"strings"
	"testing"

	"cchcbot/bot/bottest"
)

// say types a text and returns what the bot answers.
func say(t *testing.T, b *bottest.Bot, name, text string) []bottest.Said {
	t.Helper()
	who := bottest.Citizen{Name: name}
	if err := b.Driver.Do(t.Context(), who, bottest.Input{Text: text}); err != nil {
		t.Fatal(err)
	}
	return b.Driver.Seen(who)
}

// TestALongTextIsCutAndSaidToBe: of a text longer than 10,000 letters the
// beginning is read, and the citizen is told before anything else.
func TestALongTextIsCutAndSaidToBe(t *testing.T) {
	b := newBot(t, bottest.Options{})
	const question = "đăng ký kết hôn cần giấy tờ gì "
	for _, tt := range []struct {
		name string
		text string
		cut  bool
	}{
		{"just short enough", question + strings.Repeat("ạ ", (10_000-len([]rune(question)))/2), false},
		{"too long", question + strings.Repeat("ạ ", 10_000), true},
		{"one endless word", strings.Repeat("ạ", 50_000), true},
		{"many lines", strings.Repeat("x\n", 20_000), true},
	} {
		got := say(t, b, tt.name, tt.text)
		told := len(got) > 0 && strings.Contains(got[0].Text, "10.000 chữ")
		if told != tt.cut {
			t.Errorf("%s: told of a cut: %v, want %v; the answer is %v", tt.name, told, tt.cut, got)
		}
		if want := 1; tt.cut && len(got) != want+1 || !tt.cut && len(got) != want {
			t.Errorf("%s: %d messages: %v", tt.name, len(got), got)
		}
		for _, m := range got {
			if strings.Contains(m.Text, "ạ ạ") || strings.Contains(m.Text, "ạạạ") || len(m.Text) > 4000 {
				t.Errorf("%s: the text comes back: %.200s", tt.name, m.Text)
			}
		}
	}
}
