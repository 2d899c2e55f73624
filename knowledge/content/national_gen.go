//go:build ignore

// Makes national.tsv.gz, the list that `knowledge check` holds curated entries
// against, from an export of the national database of procedures:
//
//	go run national_gen.go FILE.jsonl.gz
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/text/unicode/norm"

	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 || args[0] == "" {
		return fmt.Errorf("usage: go run national_gen.go FILE.jsonl.gz")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	var entries []*knowledge.Entry
	err = content.Read(context.Background(), args[0], f, content.ReadOptions{Normalize: norm.NFC.String}, func(r content.Row) error {
		if r.Entry == nil || len(r.Problems) > 0 {
			return fmt.Errorf("row %d: %v", r.Number, r.Problems)
		}
		entries = append(entries, r.Entry)
		return nil
	})
	if err != nil {
		return err
	}
	out, err := os.Create("national.tsv.gz")
	if err != nil {
		return err
	}
	if err := content.WriteNational(out, slices.Values(entries)); err != nil {
		return err
	}
	return out.Close()
}
