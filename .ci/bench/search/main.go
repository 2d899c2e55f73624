// Command search measures the search of procedures: what each of its parts is
// worth, and its time and memory beside SQLite FTS5 and bleve over the same
// fields, in one run on one machine.
//
//	cd .ci/bench/search
//	go run . -national procedures.jsonl.gz -questions ../../../knowledge/exam/tune.jsonl,more.jsonl
//
// The national list of procedures is not part of the repository. Questions are
// those of the exam, tone marks as typed and left out.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/exam"
)

func main() {
	national := flag.String("national", "", "the national list, .jsonl.gz")
	questions := flag.String("questions", "../../../knowledge/exam/tune.jsonl", "labelled questions, files apart by a comma")
	rounds := flag.Int("rounds", 5, "times that every question is asked for the times")
	parts := flag.Bool("parts", true, "also measure what each part of the search is worth")
	flag.Parse()
	if err := run(*national, strings.Split(*questions, ","), *rounds, *parts); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(national string, files []string, rounds int, parts bool) error {
	if national == "" {
		return fmt.Errorf("give the national list with -national")
	}
	listed, err := readNational(national)
	if err != nil {
		return err
	}
	own, err := content.Embedded()
	if err != nil {
		return err
	}
	var qs []exam.Question
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		list, err := exam.Read(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		qs = append(qs, list...)
	}
	if err := readGiven(); err != nil {
		return err
	}
	entries := join(listed, own)
	fmt.Printf("%d entries, %d of them curated; %d questions\n\n", len(entries), len(own), len(qs))
	if parts {
		if err := ablate(entries, listed, qs); err != nil {
			return err
		}
	}
	return compare(entries, qs, rounds)
}

// join is the national list with the curated entries in their places.
func join(listed, own []*knowledge.Entry) []*knowledge.Entry {
	all := slices.Clone(listed)
	at := map[string]int{}
	for i, e := range all {
		at[e.Code] = i
	}
	for _, e := range own {
		if i, ok := at[e.Code]; ok {
			all[i] = e
		} else {
			all = append(all, e)
		}
	}
	return all
}

func readNational(path string) ([]*knowledge.Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var all []*knowledge.Entry
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		e := new(knowledge.Entry)
		if err := json.Unmarshal(lines.Bytes(), e); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, e)
	}
	return all, lines.Err()
}

// right reports whether a hit is, or stands for, one of the codes.
func right(h knowledge.Hit, codes []string) bool {
	return slices.Contains(codes, h.Entry.Code) ||
		slices.ContainsFunc(h.Family, func(e *knowledge.Entry) bool { return slices.Contains(codes, e.Code) })
}

// given are the everyday names that our index gives entries which bring none; the
// others get them as well.
var given = map[string][]string{}

func readGiven() error {
	data, err := os.ReadFile("../../../knowledge/index/everyday.tsv")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		codes, names, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for code := range strings.SplitSeq(codes, ",") {
			given[code] = strings.Split(names, " | ")
		}
	}
	return nil
}

func everyday(e *knowledge.Entry) []string {
	if len(e.Aliases) > 0 {
		return e.Aliases
	}
	return given[e.Code]
}
