package entries_test

import (
	"reflect"
	"slices"
	"testing"

	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
)

// TestEveryKeyIsReadAndWritten: a copy through the keys is the entry, for all that ship.
func TestEveryKeyIsReadAndWritten(t *testing.T) {
	all, err := content.Embedded()
	must(t, err)
	for _, e := range all {
		if c := entries.Copy(e); !reflect.DeepEqual(c, e) {
			t.Fatalf("the copy of %s differs in %v", e.Code, content.Compare(e, c))
		}
	}
}

// TestTheKeysAreThoseOfTheFormat compares them with those of the files.
func TestTheKeysAreThoseOfTheFormat(t *testing.T) {
	full, none := &knowledge.Entry{}, &knowledge.Entry{}
	var names []string
	for _, k := range entries.Keys() {
		row := []string{"x"}
		for range max(len(k.Columns)-1, 0) {
			row = append(row, "x")
		}
		k.Set(full, [][]string{row})
		names = append(names, k.Name)
	}
	if got := content.Compare(none, full); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(names))) {
		t.Errorf("the keys are %v, the format has %v", names, got)
	}
}

func TestMergeKeepsWhatEachChanged(t *testing.T) {
	base := entry("1.001193", "Đăng ký khai sinh", "1 đồng")
	mine, theirs := entries.Copy(base), entries.Copy(base)
	mine.Fee, mine.Aliases = "2 đồng", nil
	theirs.Fee, theirs.Time = "3 đồng", "1 ngày"
	got := entries.Merge(base, mine, theirs)
	if got.Fee != "2 đồng" || got.Time != "1 ngày" || got.Aliases != nil || len(got.Documents) != 1 {
		t.Errorf("merged %+v", got)
	}
}
