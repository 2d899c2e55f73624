// Package content holds the reviewed entries that the program carries within
// itself, and everything about entries as files: reading YAML, JSON Lines and
// Excel for an import, writing them for an export, checking them against the
// rules of curated content, and joining a national record to a curated one.
//
// The format is described in docs/knowledge.md. Whatever is read is taken as
// hostile until checked: sizes, depth, encoding and every value have limits.
package content

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cchcbot/knowledge"
)

// The curated entries, one file per field of administration.
//
//go:embed *.yaml
var curated embed.FS

// Digest tells one set of embedded entries from another: a database remembers
// which one it took in last.
func Digest() string {
	files, err := curated.ReadDir(".")
	if err != nil {
		return ""
	}
	sum := sha256.New()
	for _, f := range files {
		data, err := curated.ReadFile(f.Name())
		if err != nil {
			return ""
		}
		fmt.Fprintf(sum, "%s %d\n", f.Name(), len(data))
		sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// maxReported bounds how many faults one error lists: an operator mends the
// first dozens and runs again.
const maxReported = 50

// Embedded returns the curated entries that the program carries, in the order
// of their file names and, within a file, as written. Every call reads them
// anew, so the caller owns what it gets. The error lists what is wrong with
// file, line and code; it can only occur in a build whose tests were not run.
func Embedded() ([]*knowledge.Entry, error) {
	files, err := curated.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("embedded entries: %w", err)
	}
	var all []*knowledge.Entry
	var faults []error
	seen := make(map[string]string)
	for _, file := range files {
		entries, bad := readEmbedded(file.Name(), seen)
		all, faults = append(all, entries...), append(faults, bad...)
	}
	if len(faults) > 0 {
		more := len(faults) - maxReported
		if more > 0 {
			faults = append(faults[:maxReported], fmt.Errorf("and %d more", more))
		}
		return nil, fmt.Errorf("embedded entries: %w", errors.Join(faults...))
	}
	return all, nil
}

// readEmbedded reads one embedded file. seen holds where each code stands,
// over all files.
func readEmbedded(name string, seen map[string]string) (entries []*knowledge.Entry, faults []error) {
	f, err := curated.Open(name)
	if err != nil {
		return nil, []error{err}
	}
	defer f.Close()
	err = Read(context.Background(), name, f, ReadOptions{}, func(r Row) error {
		place := fmt.Sprintf("%s:%d", name, r.Number)
		code := ""
		if r.Entry != nil {
			code = r.Entry.Code
		}
		for _, p := range slices.Concat(r.Problems, r.Notes) {
			faults = append(faults, fmt.Errorf("%s: %s: %s", place, code, p))
		}
		if len(r.Unknown) > 0 {
			faults = append(faults, fmt.Errorf("%s: %s: unknown keys: %s", place, code, strings.Join(r.Unknown, ", ")))
		}
		if first, twice := seen[code]; twice && code != "" {
			faults = append(faults, fmt.Errorf("%s: %s: stands already at %s", place, code, first))
		}
		seen[code] = place
		entries = append(entries, r.Entry)
		return nil
	})
	if err != nil {
		faults = append(faults, err)
	}
	return entries, faults
}
