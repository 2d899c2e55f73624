package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cchcbot/knowledge/exam"
)

// examRecord holds what the exam reached when it was last recorded: base, part,
// figure, right and asked, a row each. CCHCBOT_RECORD_EXAM=1 writes it anew.
const examRecord = "testdata/exam.tsv"

// TestExamHoldsItsFigures asks all labelled questions, of the entries that ship
// with the program and, where CCHCBOT_NATIONAL_FILE names the national list, of
// that list with them. A figure may not fall by more than a point and one question
// below what is recorded. It says that nothing broke; a figure that fell for a
// reason is recorded again, which the change then shows.
func TestExamHoldsItsFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("figures do not depend on how long it takes")
	}
	log := slog.New(slog.DiscardHandler)
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data")}
	got := map[string]exam.Share{}
	examine(t, cfg, log, "embedded", got)
	if national := os.Getenv("CCHCBOT_NATIONAL_FILE"); national != "" {
		imp := ImportCmd{Files: []string{national}}
		if err := imp.Run(t.Context(), cfg, streams{out: io.Discard, err: io.Discard}); err != nil {
			t.Fatal(err)
		}
		examine(t, cfg, log, "national", got)
	}
	if os.Getenv("CCHCBOT_RECORD_EXAM") != "" {
		recordExam(t, got)
		return
	}
	for name, want := range readRecord(t) {
		have, asked := got[name]
		switch {
		case !asked && strings.HasPrefix(name, "national"):
		case !asked:
			t.Errorf("%s: is recorded and was not measured", name)
		case have.Value() < want.Value()-0.01-1/float64(max(have.Of, 1)):
			t.Errorf("%s: %s, recorded %s; when it fell for a reason record it with CCHCBOT_RECORD_EXAM=1", name, have, want)
		}
	}
}

// examine asks the questions that the entries can answer and those out of scope.
func examine(t *testing.T, cfg *Config, log *slog.Logger, base string, into map[string]exam.Share) {
	t.Helper()
	d, err := openData(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, err := newAsker(t.Context(), d, log)
	if err != nil {
		t.Fatal(err)
	}
	questions := slices.DeleteFunc(examQuestions(t), func(q exam.Question) bool {
		return !q.OutOfScope && !slices.ContainsFunc(q.Codes, func(c string) bool { _, ok := a.live.ByCode(c); return ok })
	})
	rep, err := exam.Run(t.Context(), questions, a.found, exam.Options{Curated: a.curated, Toneless: true})
	if err != nil {
		t.Fatal(err)
	}
	put := func(part, figure string, s exam.Share) {
		if s.Of > 0 {
			into[base+"\t"+part+"\t"+figure] = s
		}
	}
	for suffix, parts := range map[string]map[exam.Part]exam.PartReport{"": rep.Parts, " toneless": rep.Toneless} {
		for part, p := range parts {
			name := string(part) + suffix
			put(name, "top1", p.Top1)
			put(name, "top3", p.Top3)
			put(name, "kept", exam.Share{Count: p.Refused.Of - p.Refused.Count - p.Diverted.Count, Of: p.Refused.Of})
			put(name, "facet", p.Facet)
		}
	}
	put("all", "out of scope refused", rep.OutOfScopeRefused)
	var table strings.Builder
	if err := exam.WriteText(&table, rep); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", base, table.String())
}

func examQuestions(t *testing.T) []exam.Question {
	t.Helper()
	all, err := exam.Basic()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tune.jsonl", "report.jsonl"} {
		data, err := os.ReadFile(filepath.Join("../../knowledge/exam", name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := exam.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, list...)
	}
	return all
}

func recordExam(t *testing.T, got map[string]exam.Share) {
	t.Helper()
	var lines []string
	for name, s := range got {
		lines = append(lines, fmt.Sprintf("%s\t%d\t%d\n", name, s.Count, s.Of))
	}
	slices.Sort(lines)
	text := "# What the exam reached: base, part, figure, right, asked. CCHCBOT_RECORD_EXAM=1 go test ./cmd/cchcbot -run Exam\n" + strings.Join(lines, "")
	if err := os.WriteFile(examRecord, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readRecord(t *testing.T) map[string]exam.Share {
	t.Helper()
	data, err := os.ReadFile(examRecord)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]exam.Share{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(strings.TrimSpace(line), "\t")
		if len(cols) != 5 {
			t.Fatalf("%s: %q has %d columns, want 5", examRecord, line, len(cols))
		}
		right, err1 := strconv.Atoi(cols[3])
		asked, err2 := strconv.Atoi(cols[4])
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %q: %v %v", examRecord, line, err1, err2)
		}
		out[strings.Join(cols[:3], "\t")] = exam.Share{Count: right, Of: asked}
	}
	return out
}
