package index

import (
	"strings"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// TestEverydayTable: each name leads to one procedure and is short enough to be indexed whole.
func TestEverydayTable(t *testing.T) {
	names, err := loadEveryday()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 3000 {
		t.Errorf("names for %d codes only", len(names))
	}
	whose := map[string]string{}
	for line := range strings.Lines(everydayFile) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		codes, list, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		for name := range strings.SplitSeq(list, " | ") {
			key := vietnamese.Lower(name)
			if other, twice := whose[key]; twice {
				t.Errorf("%q is called so and %s too: %s", codes, other, name)
			}
			whose[key] = codes
			if n := len(vietnamese.Tokens(name)); n > maxAliasWords {
				t.Errorf("%s: %d words, %d are indexed: %s", codes, n, maxAliasWords, name)
			}
		}
	}
}

func TestEverydayRows(t *testing.T) {
	good := "# a comment\n\n1.000001,1.000002\tmột tên | hai tên\n"
	names, err := parseEveryday(good)
	if err != nil || len(names) != 2 || len(names["1.000002"]) != 2 {
		t.Errorf("read %v, %v", names, err)
	}
	for _, bad := range []string{"1.000001", "\ttên\n", "1.1\t\n", "1.1\ta |  | b\n", "1.1,1.1\ta\n", "1.1\ta\n1.1\tb\n", "1.1\ta\xff\n"} {
		if _, err := parseEveryday(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestGivenNames: an entry's own names go before those of the table, which find what has none.
func TestGivenNames(t *testing.T) {
	names, err := loadEveryday()
	if err != nil {
		t.Fatal(err)
	}
	const code = "1.000025" // of state forest farms: its official name is not used here
	given := names[code]
	if len(given) == 0 {
		t.Fatalf("no names for %s", code)
	}
	entries := func(own ...string) []*knowledge.Entry {
		return []*knowledge.Entry{
			{Code: code, Name: "Tên chính thức thứ nhất", Aliases: own},
			{Code: "9.000001", Name: "Tên chính thức thứ hai"},
		}
	}
	for _, c := range []struct {
		name  string
		own   []string
		off   Part
		found bool
	}{
		{"from the table", nil, 0, true},
		{"its own instead", []string{"tên riêng của nó"}, 0, false},
		{"left out", nil, GivenNames, false},
	} {
		x, err := New(entries(c.own...), Options{Without: c.off})
		if err != nil {
			t.Fatal(err)
		}
		found := x.Search(knowledge.Query{Text: given[0]})
		if got := len(found.Hits) > 0 && found.Hits[0].Entry.Code == code; got != c.found {
			t.Errorf("%s: found %v, want %v", c.name, got, c.found)
		}
	}
}
