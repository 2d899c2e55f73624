package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/knowledge/exam"
)

// TestExamAboveItsThresholds asks the built-in questions of the entries that
// ship with the program. The thresholds lie a little below what it reaches;
// these questions are known to whoever tunes, so they say that nothing broke,
// not how good the answers are.
func TestExamAboveItsThresholds(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	d, err := openData(t.Context(), &Config{Data: filepath.Join(t.TempDir(), "data")}, log)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, err := newAsker(t.Context(), d, log)
	if err != nil {
		t.Fatal(err)
	}
	questions, err := exam.Basic()
	if err != nil {
		t.Fatal(err)
	}
	var missed []string
	rep, err := exam.Run(t.Context(), questions, a.found, exam.Options{Each: func(a exam.Answer) {
		if a.Rank != 1 && !a.Question.OutOfScope {
			missed = append(missed, a.Question.Text)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		got     float64
		atLeast float64
	}{
		{"top1", rep.Top1.Value(), 0.92},
		{"top3", rep.Top3.Value(), 0.95},
		{"facet", rep.Facet.Value(), 0.95},
		{"out of scope refused", rep.OutOfScopeRefused.Value(), 0.85},
		{"in scope not refused", 1 - rep.InScopeRefused.Value(), 0.95},
	} {
		if tt.got < tt.atLeast {
			t.Errorf("%s is %.3f, at least %.2f", tt.name, tt.got, tt.atLeast)
		}
	}
	var table strings.Builder
	if err := exam.WriteText(&table, rep); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\nmissed: %s", table.String(), strings.Join(missed, " · "))
}
