package complaints

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/bot/words"
)

// TestTexts: both languages agree, cards fit a phone, buttons fit a thumb.
func TestTexts(t *testing.T) {
	w, err := words.Load(texts)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	for _, lang := range words.Langs {
		for _, key := range w.Keys(lang) {
			m, _ := w.Message(lang, key)
			if strings.HasPrefix(key, "complaints.button_") {
				if n := utf8.RuneCountInString(m.Text); n > 24 {
					t.Errorf("%s %s has %d letters, a button at most 24", lang, key, n)
				}
			}
			if lines := strings.Count(m.Text, "\n"); lines > 22 && !strings.HasPrefix(key, "complaints.agency_mail") {
				t.Errorf("%s %s has %d lines", lang, key, lines)
			}
			if strings.Count(m.Text, "Dạ") > 1 {
				t.Errorf("%s %s says Dạ more than once", lang, key)
			}
		}
	}
}

// TestMigrationsHaveNumbersOfTheirOwn: the parts of the line share one folder.
func TestMigrationsHaveNumbersOfTheirOwn(t *testing.T) {
	names, err := fs.Glob(Schema(), "*.sql")
	if err != nil || len(names) < 2 {
		t.Fatalf("%v, %v", names, err)
	}
	var numbers []string
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if slices.Contains(numbers, number) {
			t.Errorf("two migrations have the number %s", number)
		}
		numbers = append(numbers, number)
		if b, err := fs.ReadFile(Schema(), name); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
