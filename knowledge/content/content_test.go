package content

import (
	"reflect"
	"strings"
	"testing"

	"cchcbot/knowledge"

	"golang.org/x/text/unicode/norm"
)

func TestEmbeddedEntriesMeetTheRules(t *testing.T) {
	entries, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("no entries")
	}
	for _, f := range Check(entries, CheckOptions{Fold: toneless, NFC: norm.NFC.IsNormalString}) {
		if f.Severity == Error {
			t.Error(f)
		} else {
			t.Log(f)
		}
	}
}

func TestEmbeddedIsOwnedByTheCaller(t *testing.T) {
	first, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	name := first[0].Name
	first[0].Name, first[0].Aliases = "changed", nil
	second, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if second[0].Name != name || len(second[0].Aliases) == 0 || len(first) != len(second) {
		t.Errorf("a change by one caller shows for the next: %q", second[0].Name)
	}
}

// The table of keys is what every reader and writer goes by.
func TestFieldsCoverTheEntry(t *testing.T) {
	var want, got []string
	for i := range reflect.TypeFor[knowledge.Entry]().NumField() {
		f := reflect.TypeFor[knowledge.Entry]().Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		want = append(want, key)
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			for j := range f.Type.Elem().NumField() {
				inner, _, _ := strings.Cut(f.Type.Elem().Field(j).Tag.Get("json"), ",")
				want = append(want, key+"."+inner)
			}
		}
	}
	for _, f := range fields {
		got = append(got, f.key)
		if f.group != nil {
			for _, k := range f.group.keys {
				got = append(got, f.key+"."+k)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("fields\n%v\nknowledge.Entry\n%v", got, want)
	}
	e := &knowledge.Entry{}
	for _, f := range fields { // each accessor reaches a place of its own
		if !emptyField(f, e) {
			t.Errorf("%s shares its place with another key", f.key)
		}
		switch {
		case f.text != nil:
			*f.text(e) = f.key
		case f.list != nil:
			*f.list(e) = []string{f.key}
		case f.flag != nil:
			*f.flag(e) = true
		case f.group != nil:
			f.group.size(e, 1)
			for j, s := range f.group.cells(e, 0) {
				*s = f.group.keys[j]
			}
		}
	}
}

func TestLayoutHasAColumnForEveryKey(t *testing.T) {
	w, err := layout()
	if err != nil {
		t.Fatal(err)
	}
	has := func(s *sheet, key string) {
		n := 0
		for _, c := range s.columns {
			if c.key == key {
				n++
			}
		}
		if n != 1 {
			t.Errorf("sheet %s has %d columns for %s", s.key, n, key)
		}
	}
	for _, f := range fields {
		if f.group == nil {
			has(w.sheet(sheetEntries), f.key)
			continue
		}
		for _, key := range append([]string{"code", "order"}, f.group.keys...) {
			has(w.sheet(f.key), key)
		}
	}
	for _, key := range []string{"code", "key", "order", "part", "text"} {
		has(w.sheet(sheetOverflow), key)
	}
	if w.yes == "" || w.no == "" || len(w.guide) == 0 {
		t.Error("words or guide missing")
	}
}
