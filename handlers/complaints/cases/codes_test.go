package cases

import (
	"errors"
	"strings"
	"testing"
)

// TestCodesNoticeMistakes tries every wrong symbol, every pair of exchanged
// ones and every second mistake in some codes.
func TestCodesNoticeMistakes(t *testing.T) {
	wrong := func(kind, good, bad string) {
		t.Helper()
		if got, err := ParseCode(bad); !errors.Is(err, ErrTypo) {
			t.Errorf("%s of %s: %s is read as %q (%v)", kind, good, bad, got, err)
		}
	}
	for range 40 {
		code, err := newCode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseCode(code); err != nil || got != code {
			t.Fatalf("%s is read as %q (%v)", code, got, err)
		}
		plain := strings.ReplaceAll(code, "-", "")
		for i := range plain {
			for _, s := range alphabet {
				if byte(s) == plain[i] {
					continue
				}
				one := plain[:i] + string(s) + plain[i+1:]
				wrong("a wrong symbol", code, one)
				for j := i + 1; j < len(plain); j++ {
					other := alphabet[(strings.IndexByte(alphabet, plain[j])+7)%32]
					wrong("two wrong symbols", code, one[:j]+string(other)+one[j+1:])
				}
			}
			for j := i + 1; j < len(plain); j++ {
				if plain[i] == plain[j] {
					continue
				}
				b := []byte(plain)
				b[i], b[j] = b[j], b[i]
				wrong("exchanged symbols", code, string(b))
			}
		}
	}
}

func TestCodesAsPeopleTypeThem(t *testing.T) {
	code := encode([6]byte{0, 1, 31, 27, 13, 0}) // with 0, 1, V and D
	if !strings.HasPrefix(code, "01ZVD0"[:4]) {
		t.Fatalf("the code is %s", code)
	}
	plain := strings.ReplaceAll(code, "-", "")
	for _, text := range []string{
		code, plain, strings.ToLower(code), " " + plain[:2] + " " + plain[2:] + " ", strings.ReplaceAll(plain, "0", "O"), strings.ReplaceAll(plain, "0", "o"),
		strings.ReplaceAll(plain, "1", "l"), strings.ReplaceAll(plain, "1", "I"), strings.ReplaceAll(plain, "V", "u"), strings.ReplaceAll(plain, "D", "đ"),
		plain[:4] + "–" + plain[4:], plain[:4] + "." + plain[4:], plain[:4] + "_" + plain[4:],
	} {
		if got, err := ParseCode(text); err != nil || got != code {
			t.Errorf("%q is read as %q (%v), not %s", text, got, err, code)
		}
	}
	for _, text := range []string{"", "-", "K7M3", plain + "0", "xin chào", "K7M3*9QX2", strings.Repeat("0", 5000), "\xff\xfe"} {
		if got, err := ParseCode(text); !errors.Is(err, ErrNoCode) {
			t.Errorf("%.20q is read as %q (%v)", text, got, err)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"K7M3-9QX2", "k7m39qx2", "00000000", "đ", "", "k7m3 – 9qx2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := ParseCode(s)
		if err != nil {
			if code != "" || !errors.Is(err, ErrTypo) && !errors.Is(err, ErrNoCode) {
				t.Errorf("%q: %q, %v", s, code, err)
			}
			return
		}
		if again, err := ParseCode(code); err != nil || again != code || len(code) != 9 {
			t.Errorf("%q is %s, which is read as %q (%v)", s, code, again, err)
		}
	})
}

func FuzzParseTerm(f *testing.F) {
	for _, s := range []string{"5wd", "20d", "8wh", "", "0d", "401d", "-1d", "5 wd", "999999999999999999999d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		term, err := ParseTerm(s)
		if err != nil {
			return
		}
		if again, err := ParseTerm(term.String()); err != nil || again != term || term.N < 1 || term.N > 400 {
			t.Errorf("%q is %v, which is read as %v (%v)", s, term, again, err)
		}
	})
}

func TestDefaultTermsFitTheirSettings(t *testing.T) {
	for _, s := range Specs() {
		if err := CheckTerm(s.Key, s.Default); err != nil {
			t.Errorf("%s: %v", s.Key, err)
		}
	}
	for _, bad := range [][2]string{{"forward", "5"}, {"forward", ""}, {"reopen_max", "99"}, {"reopen_max", "x"}, {"approval_solo", "maybe"}, {"nothing", "1"},
		{"forward:xa25.ubnd", "5wd"}, {"approval_solo:", "yes"}} {
		if CheckTerm(bad[0], bad[1]) == nil {
			t.Errorf("%s takes %q", bad[0], bad[1])
		}
	}
	terms := DefaultTerms()
	terms[KeySolo+":xa25.ubnd"], terms[KeySolo+":xa25.ubnd@1"] = "yes", "no"
	for body, want := range map[string]bool{"xa25.ubnd@2": true, "xa25.ubnd@1": false, "so-yte": false} {
		if got := terms.Yes(KeySolo, body); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
