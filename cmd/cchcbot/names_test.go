package main

import (
	"os"
	"strings"
	"testing"

	"cchcbot/knowledge/content"
)

// TestNamedCodes: the tables of everyday names and of open wishes speak of codes that
// the national list or the content of the program knows.
func TestNamedCodes(t *testing.T) {
	list, err := content.National()
	if err != nil {
		t.Fatal(err)
	}
	own, err := content.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, e := range own {
		known[e.Code] = true
	}
	for _, file := range []string{"everyday.tsv", "open.tsv"} {
		data, err := os.ReadFile("../../knowledge/index/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			codes, _, _ := strings.Cut(line, "\t")
			for code := range strings.SplitSeq(codes, ",") {
				if _, ok := list.Record(code); !ok && !known[code] {
					t.Errorf("%s: code %s is not known", file, code)
				}
			}
		}
	}
}
