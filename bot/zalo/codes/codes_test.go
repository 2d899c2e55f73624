package codes

import (
	"slices"
	"testing"
)

func TestEveryRowNamesAnActionThereIs(t *testing.T) {
	table, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	known := []Action{OK, NextMinute, Retry, Reupload, Refresh, HoldWrites, HoldDay, HoldReset, HoldPerson, DropPerson, DropKind, Feature, Grant, Stop, Bug, Processing}
	for n, c := range table {
		if !slices.Contains(known, c.Action) || c.Meaning == "" || c.Number != n {
			t.Errorf("%d: action %q, meaning %q", n, c.Action, c.Meaning)
		}
	}
	for _, n := range []int{0, -32, -100, -201, -216, -220, -227, -230, -234, -403} {
		if _, ok := table[n]; !ok {
			t.Errorf("%d is missing", n)
		}
	}
}
