package index_test

import (
	"os"
	"strings"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"
)

// TestFacets reads which side of a procedure the messages of testdata/facets.tsv
// ask for, with their tones and without them.
func TestFacets(t *testing.T) {
	x, err := index.New(curated(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/facets.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(line, "\t")
		want, text := knowledge.Facet(cols[0]), cols[1]
		if got := x.Side(text); got != want {
			t.Errorf("%s, want %s: %s", got, want, text)
		}
		if bare := vietnamese.Fold(text); len(cols) == 2 {
			if got := x.Side(bare); got != want {
				t.Errorf("%s, want %s: %s", got, want, bare)
			}
		}
	}
}
