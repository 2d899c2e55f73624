package bot

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplitCutsWhereAPersonWould(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		limit int
		unit  LengthUnit
		want  []string
	}{
		{"nothing to say", "  \n", 10, Runes, nil},
		{"fits", "Đăng ký", 7, Runes, []string{"Đăng ký"}},
		{"no limit", strings.Repeat("a", 100), 0, Runes, []string{strings.Repeat("a", 100)}},
		{"paragraph first", "Một hai ba.\n\nBốn năm sáu bảy", 22, Runes, []string{"Một hai ba.", "Bốn năm sáu bảy"}},
		{"then line", "Một hai ba bốn\nnăm sáu bảy", 20, Runes, []string{"Một hai ba bốn", "năm sáu bảy"}},
		{"then sentence", "Mang giấy tờ. Nộp ở xã nhé", 20, Runes, []string{"Mang giấy tờ.", "Nộp ở xã nhé"}},
		{"then word", "một hai ba bốn năm", 12, Runes, []string{"một hai ba", "bốn năm"}},
		{"a run without spaces", "aaaaaaaaaaaa", 5, Runes, []string{"aaaaa", "aaaaa", "aa"}},
		{"bytes never tear a letter", "ệệệ", 4, Bytes, []string{"ệ", "ệ", "ệ"}},
		{"UTF-16 counts an emoji twice", "😀😀😀", 4, UTF16, []string{"😀😀", "😀"}},
		{"a break far too early is not used", "a b" + strings.Repeat("c", 20), 12, Runes, []string{"a bccccccccc", "ccccccccccc"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Split(tt.text, tt.limit, tt.unit); !slices.Equal(got, tt.want) {
				t.Errorf("Split = %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Đăng ký khai sinh. Mang giấy chứng sinh.\n\nNộp ở xã.", 12, 1)
	f.Add("\xff\x00😀", 1, 2)
	f.Fuzz(func(t *testing.T, text string, limit, unit int) {
		if len(text) > 1<<16 {
			return
		}
		u := LengthUnit(((unit % 3) + 3) % 3)
		parts := Split(text, limit, u)
		letters := 0
		for _, p := range parts {
			if !utf8.ValidString(p) || p == "" {
				t.Fatalf("part %q", p)
			}
			if limit > 0 && u.Length(p) > max(limit, 4) {
				t.Fatalf("part of %d units, limit %d", u.Length(p), limit)
			}
			letters += len(strings.Fields(p))
		}
		kept := strings.Join(strings.Fields(strings.Join(parts, "")), "")
		want := strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), "")
		if kept != want {
			t.Fatalf("letters were lost: %q, want %q", kept, want)
		}
	})
}
