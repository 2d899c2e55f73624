package agencies

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/store"
)

// secret is a line of hexadecimal digits, so that opening the keys costs no stretching.
const secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func testSigner(t testing.TB, secret string) signer {
	t.Helper()
	keys, err := store.OpenKeys(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer{keys}
}

var tokenNow = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)

func sampleLink() Link {
	return Link{Purpose: ForAnswer, Case: 123, Body: "xa25.ubnd@10532", Contact: 7, Epoch: 2, Expires: tokenNow.Add(LinkTTL)}
}

func TestALinkIsReadAsItWasWritten(t *testing.T) {
	s := testSigner(t, secret)
	want := sampleLink()
	token := s.Token(want)
	got, err := s.Read(token, tokenNow)
	if err != nil || got.Case != want.Case || got.Body != want.Body || got.Contact != want.Contact || got.Epoch != want.Epoch ||
		got.Purpose != want.Purpose || !got.Expires.Equal(want.Expires) {
		t.Fatalf("Read = %+v, %v; want %+v", got, err, want)
	}
	if len(token) > 100 || strings.ContainsAny(token, "/+=&?# ") {
		t.Errorf("the token %q does not fit into an address", token)
	}
	if _, err := s.Read(token, want.Expires.Add(-time.Second)); err != nil {
		t.Errorf("in the last second: %v", err)
	}
	if _, err := s.Read(token, want.Expires); !errors.Is(err, errExpired) {
		t.Errorf("when it ends: %v", err)
	}
}

// Every change of a token makes it a forged one, whatever the change is for.
func TestForgedLinksOpenNothing(t *testing.T) {
	s := testSigner(t, secret)
	good := s.Token(sampleLink())
	payload, mac, _ := strings.Cut(good, ".")
	resign := func(change func(*Link)) string {
		l := sampleLink()
		change(&l)
		other, _, _ := strings.Cut(s.Token(l), ".")
		return other + "." + mac
	}
	stranger := testSigner(t, strings.Repeat("ab", 32))
	for name, token := range map[string]string{
		"empty": "", "no signature": payload, "signature of nothing": "." + mac, "cut": good[:len(good)-1], "longer": good + "a",
		"two dots": payload + ".." + mac, "capitals": payload + "." + strings.ToUpper(mac), "another case": resign(func(l *Link) { l.Case++ }),
		"another body": resign(func(l *Link) { l.Body = "xa25.ubnd@10525" }), "another contact": resign(func(l *Link) { l.Contact++ }),
		"another purpose": resign(func(l *Link) { l.Purpose = ForConfirm }), "later": resign(func(l *Link) { l.Expires = l.Expires.AddDate(1, 0, 0) }),
		"another epoch": resign(func(l *Link) { l.Epoch++ }), "another program's key": stranger.Token(sampleLink()),
		"not base64": "%%%." + mac, "padded": payload + "=." + mac, "huge": strings.Repeat("A", 10_000) + "." + mac,
		"another version": base64.RawURLEncoding.EncodeToString([]byte{9, 1, 2, 2, 2, 2}) + "." + mac, "nul": payload + ".\x00" + mac,
	} {
		if _, err := s.Read(token, tokenNow); !errors.Is(err, errForged) {
			t.Errorf("%s: %v, want a forged link", name, err)
		}
	}
}

// Any single letter of a token changed is noticed.
func TestEveryLetterOfALinkCounts(t *testing.T) {
	s := testSigner(t, secret)
	good := s.Token(sampleLink())
	for i := range good {
		for _, c := range []byte("Aa0_") {
			if good[i] == c {
				continue
			}
			bad := good[:i] + string(c) + good[i+1:]
			if _, err := s.Read(bad, tokenNow); err == nil {
				t.Fatalf("letter %d may be %q", i, c)
			}
		}
	}
}

func TestFormKeysBelongToOneLinkAndAge(t *testing.T) {
	s := testSigner(t, secret)
	key := s.formKey("a", tokenNow)
	for name, tt := range map[string]struct {
		token string
		at    time.Time
		want  bool
	}{
		"the same": {"a", tokenNow, true}, "the next day": {"a", tokenNow.AddDate(0, 0, 1), true}, "two days later": {"a", tokenNow.AddDate(0, 0, 2), false},
		"another link": {"b", tokenNow, false}, "before": {"a", tokenNow.AddDate(0, 0, -1), false},
	} {
		if got := s.formKeyFits(tt.token, key, tt.at); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if s.formKeyFits("a", "", tokenNow) {
		t.Error("an empty key fits")
	}
}

func FuzzReadLink(f *testing.F) {
	s := testSigner(f, secret)
	f.Add(s.Token(sampleLink()))
	f.Add("AQEC.x")
	f.Add(strings.Repeat("A", 200) + "." + strings.Repeat("b", 26))
	f.Fuzz(func(t *testing.T, token string) {
		l, err := s.Read(token, tokenNow)
		if err == nil && s.Token(l) != token {
			t.Errorf("%q is taken and is not what is written", token)
		}
		if len(l.Body) > maxBodyID || l.Case < 0 || l.Contact < 0 {
			t.Errorf("%q claims %+v", token, l)
		}
	})
}

func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"K7M3-9QX2": "K7M3-9QX2", "k7m39qx2": "K7M3-9QX2", " k7m3 9qx2 ": "K7M3-9QX2", "K7M3—9QX2": "", "K7M3-9QX": "", "K7M3-9QX22": "",
		"": "", "K7M3-9QO2": "", "đ7M3-9QX2": "",
	} {
		if got := tidyCode(typed); got != want {
			t.Errorf("tidyCode(%q) = %q, want %q", typed, got, want)
		}
	}
	seen := map[string]bool{}
	for range 200 {
		c := newCode()
		if tidyCode(c) != c || seen[c] {
			t.Fatalf("the code %q is no code, or came twice", c)
		}
		seen[c] = true
	}
}

func BenchmarkReadLink(b *testing.B) {
	s := testSigner(b, secret)
	token := s.Token(sampleLink())
	for b.Loop() {
		if _, err := s.Read(token, tokenNow); err != nil {
			b.Fatal(err)
		}
	}
}
