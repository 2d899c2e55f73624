package directory

import (
	"testing"
	"time"
)

// load returns the directory of a day, 2006-01-02.
func load(t testing.TB, day string) *Directory {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Load(Options{AsOf: at})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
