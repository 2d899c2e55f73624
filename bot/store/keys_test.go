package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/bot/store"
)

func TestAKeyIsMadeOnceAndForThisUserOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	k, err := store.OpenKeys("", path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	sealed, err := k.Seal([]byte("text"), "place")
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.OpenKeys("", path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "place"); err != nil || string(plain) != "text" || again.Digest("a") != k.Digest("a") {
		t.Fatalf("%q, %v", plain, err)
	}
	if other, err := store.OpenKeys("", filepath.Join(t.TempDir(), "k")); err != nil || other.Digest("a") == k.Digest("a") {
		t.Fatalf("two new keys are the same, %v", err)
	}
}

func TestSecretsInEveryForm(t *testing.T) {
	for name, s := range map[string]string{
		"base64":      "S0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0s=",
		"without =":   "S0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0s",
		"hex":         strings.Repeat("4b", 32),
		"with spaces": "  " + strings.Repeat("4B", 32) + "\r\n\n",
	} {
		k, err := store.OpenKeys(s, "")
		if err != nil || k.Digest("x") != keys(t, "K").Digest("x") {
			t.Errorf("%s: %v", name, err)
		}
	}
	phrase, err := store.OpenKeys("một câu đủ dài để làm khóa", "")
	if err != nil || phrase.Digest("x") == keys(t, "K").Digest("x") {
		t.Errorf("phrase: %v", err)
	}
	for name, s := range map[string]string{"short": "too short", "blank": " \n ", "twice": secret("a") + "\n" + secret("a")} {
		_, err := store.OpenKeys(s, "")
		if err == nil || strings.Contains(err.Error(), strings.TrimSpace(s)) && strings.TrimSpace(s) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenKeys("", empty); err == nil {
		t.Error("an empty key file is taken")
	}
}

func TestSeveralKeysOpenAndTheNewestSeals(t *testing.T) {
	old, both, next := keys(t, "a"), keys(t, "a", "b"), keys(t, "b")
	before, err := old.Seal([]byte("x"), "p")
	if err != nil {
		t.Fatal(err)
	}
	after, err := both.Seal([]byte("y"), "p")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range [][]byte{before, after} {
		if _, err := both.Open(s, "p"); err != nil {
			t.Error(err)
		}
	}
	if plain, err := next.Open(after, "p"); err != nil || string(plain) != "y" {
		t.Errorf("the newest key alone: %q, %v", plain, err)
	}
	if _, err := old.Open(after, "p"); !errors.Is(err, store.ErrSealed) {
		t.Errorf("the old key alone: %v", err)
	}
	if both.Digest("x") != old.Digest("x") {
		t.Error("digests changed with a new key")
	}
}

func TestASealedValueIsBoundToItsPlaceAndWhole(t *testing.T) {
	k := keys(t)
	sealed, err := k.Seal([]byte("số 12 phố Hàng Bài"), "inbox/payload/1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Hàng")) {
		t.Fatal("readable")
	}
	if twice, err := k.Seal([]byte("số 12 phố Hàng Bài"), "inbox/payload/1"); err != nil || bytes.Equal(twice, sealed) {
		t.Fatal("the same text looks the same", err)
	}
	if _, err := k.Open(sealed, "inbox/payload/2"); !errors.Is(err, store.ErrSealed) {
		t.Errorf("in another place: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Open(changed, "inbox/payload/1"); !errors.Is(err, store.ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := k.Open(sealed[:i], "inbox/payload/1"); !errors.Is(err, store.ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if plain, err := k.Open(sealed, "inbox/payload/1"); err != nil || string(plain) != "số 12 phố Hàng Bài" {
		t.Fatalf("%q, %v", plain, err)
	}
}

func FuzzOpenNeverPanics(f *testing.F) {
	k := keys(f)
	sealed, err := k.Seal([]byte("text"), "p")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, "p")
	f.Add([]byte{1}, "")
	f.Add([]byte(nil), "p")
	f.Fuzz(func(t *testing.T, b []byte, aad string) {
		plain, err := k.Open(b, aad)
		if err == nil && (aad != "p" || string(plain) != "text") { // only what was sealed opens
			t.Fatalf("%x opened at %q", b, aad)
		}
	})
}
