package intent

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"cchcbot/knowledge/vietnamese"
)

// The messages of routes.tsv lie close to two features: a question in which a
// citizen tells how he was treated, what died or who beat whom, and a report,
// an accusation or a call for help in which he also asks. Both ways are held,
// with tones and without: what is made for one side must not cost the other.
func TestRoutes(t *testing.T) {
	f, err := os.Open("testdata/routes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := classifier(t)
	questions, others := 0, 0
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		if strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		kind, text, ok := strings.Cut(sc.Text(), "\t")
		if !ok {
			t.Fatalf("routes.tsv line %d: want a kind, a tab and a text", n)
		}
		if Kind(kind) == Question {
			questions++
		} else {
			others++
		}
		for _, typed := range []string{text, vietnamese.Fold(text)} {
			if got := c.Classify(typed).Kind; got != Kind(kind) {
				t.Errorf("line %d: %q is %s, want %s", n, typed, got, kind)
			}
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	if questions < 150 || others < 150 {
		t.Errorf("%d questions and %d others, want 150 of each", questions, others)
	}
}
