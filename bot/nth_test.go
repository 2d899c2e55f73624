package bot

import (
	"strings"
	"testing"
)

// nthTexts are the words of a catalog, folded already.
type nthTexts map[string]string

func (t nthTexts) Render(_, key string, _ map[string]any) (string, error) { return t[key], nil }

// TestNth: the place that words name among the choices; 0 for other words.
func TestNth(t *testing.T) {
	r, err := NewRouter(RouterOptions{Langs: []string{"vi"}, Texts: nthTexts{
		keyNthHead: "cai|so|chon", keyNthTail: "ay|nhe|a|di", keyNth: "1=dau|1=dau tien|1=mot|2=thu hai|2=hai|3=ba|0=cuoi cung|-1=thu",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]int{
		"cai dau": 1, "cai dau tien nhe": 1, "chon cai thu 2 ay": 2, "so hai a": 2, "cai thu hai": 2, "so 3": 3, "2 nhe": 2, "chon 2 di": 2,
		"cai cuoi cung": 4, "chon so 4": 4,
		"2": 0, "thu hai": 0, "thu 2": 0, "thu 2 ay": 0, "hai": 0, "dau": 0, "so 5": 0, "so 0": 0, "cai so 113": 0, "cai thu": 0, "cai": 0, "so": 0,
		"cai quoc te ay": 0, "so nha 2": 0, "cai dau xe bi hong": 0, "2 con nhe": 0, "nhe": 0, "": 0, "chon cai so hai trong may cai ay nhe": 0,
	} {
		if got := r.nth.of(typed, 4); got != want {
			t.Errorf("%q: got %d, want %d", typed, got, want)
		}
	}
	if got := r.nth.of("so 1", 0); got != 0 {
		t.Errorf("without choices: got %d", got)
	}
	_, err = NewRouter(RouterOptions{Langs: []string{"vi"}, Texts: nthTexts{keyNth: "hai"}})
	if err == nil || !strings.Contains(err.Error(), keyNth) {
		t.Errorf("a place without a number: %v", err)
	}
}
