package mask

import (
	_ "embed"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

//go:embed testdata/examples.txt
var maskExamples string

// example is a text with what must be hidden in it.
type example struct {
	text   string
	secret []bool // by rune
	spans  int
}

func readExamples(t testing.TB) []example {
	t.Helper()
	var out []example
	for line := range strings.SplitSeq(maskExamples, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var e example
		var b strings.Builder
		on := false
		for i := 0; i < len(line); {
			if strings.HasPrefix(line[i:], "[[") || strings.HasPrefix(line[i:], "]]") {
				on = line[i] == '['
				if on {
					e.spans++
				}
				i += 2
				continue
			}
			r, n := utf8.DecodeRuneInString(line[i:])
			b.WriteRune(r)
			e.secret = append(e.secret, on)
			i += n
		}
		e.text = b.String()
		out = append(out, e)
	}
	return out
}

// TestPublicAsMeasured: how much personal matter is missed, and how much else is
// hidden. The examples hold a few that no rule can tell; the floors say how few.
func TestPublicAsMeasured(t *testing.T) {
	all := readExamples(t)
	if len(all) < 120 {
		t.Fatalf("only %d examples", len(all))
	}
	var secrets, missed, plain, over, exact int
	for _, e := range all {
		hidden := make([]bool, len(e.secret))
		for _, h := range Find(e.text) {
			for i := h.From; i < h.To; i++ {
				hidden[i] = true
			}
		}
		same := true
		for i, r := range []rune(e.text) {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				continue
			}
			if e.secret[i] {
				secrets++
				if !hidden[i] {
					missed, same = missed+1, false
				}
				continue
			}
			plain++
			if hidden[i] {
				over, same = over+1, false
			}
		}
		if same {
			exact++
			continue
		}
		t.Logf("differs: %q is masked as %q", e.text, Public(e.text))
	}
	t.Logf("%d examples, %d as wished; missed %d of %d letters (%.1f%%), hidden too much %d of %d (%.1f%%)", len(all), exact,
		missed, secrets, 100*float64(missed)/float64(secrets), over, plain, 100*float64(over)/float64(plain))
	if 100*missed > 2*secrets {
		t.Errorf("%d of %d personal letters were missed", missed, secrets)
	}
	if 100*over > 1*plain {
		t.Errorf("%d of %d harmless letters were hidden", over, plain)
	}
	if 100*exact < 97*len(all) {
		t.Errorf("%d of %d examples are as wished", exact, len(all))
	}
}

// What is said in passing must not be lost, and nothing of a number may stay.
func TestPublicKeepsTheRest(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"Đèn đường hỏng\n\nTôi là Trần Văn Ba.\nGọi 0912 345 678": "Đèn đường hỏng\n\nTôi là " + Mark + ".\nGọi " + Mark,
		"\xff\xfe0912345678":              Mark,
		"<script>alert(1)</script>":       "<script>alert(1)</script>",
		strings.Repeat("9", 100):          Mark,
		"ông Nguyễn Văn A, bà Trần Thị B": "ông " + Mark + ", bà " + Mark,
	} {
		if got := Public(text); got != want {
			t.Errorf("Public(%q) = %q, want %q", text, got, want)
		}
	}
}

// Of a text that is too long to be looked at nothing is shown unseen.
func TestPublicCutsWhatItDoesNotRead(t *testing.T) {
	got := Public(strings.Repeat("đường hỏng ", 3000) + "0912345678")
	if strings.Contains(got, "0912") || utf8.RuneCountInString(got) > maxMask {
		t.Errorf("%d letters, ending %q", utf8.RuneCountInString(got), got[len(got)-20:])
	}
}

func FuzzPublic(f *testing.F) {
	for _, e := range []string{"Tôi là Nguyễn Thị Lan 0912 345 678", "\xff\xfe 12345678", "số nhà 25/3 ngõ 4", "lan@x.vn @lan www.x.vn", "34A-123.45", "ÔNG NGUYỄN VĂN A", "٠١٢٣٤٥٦٧٨٩", "hai ba bon nam sau bay tam chin"} {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Public(text)
		if !utf8.ValidString(got) {
			t.Fatalf("Public(%q) is no text: %q", text, got)
		}
		run := 0
		for _, r := range got {
			if r < '0' || r > '9' {
				run = 0
				continue
			}
			if run++; run > 8 && utf8.RuneCountInString(got) < maxMask {
				t.Fatalf("Public(%q) leaves a long number: %q", text, got)
			}
		}
		last := 0
		for _, h := range Find(text) {
			if h.From < last || h.To <= h.From || h.What == "" {
				t.Fatalf("Find(%q) overlaps: %+v", text, h)
			}
			last = h.To
		}
	})
}

func BenchmarkPublic(b *testing.B) {
	text := strings.Repeat("Tôi là Nguyễn Thị Lan, số nhà 25 đường Trần Hưng Đạo, gọi 0912 345 678. Đèn hỏng từ ngày 20/11/2026. ", 15)
	for b.Loop() {
		Public(text)
	}
}
