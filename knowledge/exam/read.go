package exam

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// Limits of an exam file.
const (
	MaxBytes     = 10 << 20 // the whole file
	MaxLines     = 100_000
	MaxLineBytes = 64 << 10 // one line, without its line end
	MaxCodes     = 200      // of one question
	MaxTags      = 50       // of one question
	MaxTagBytes  = 100
	maxAllTags   = 1000 // different tags in one file: each is a row of the report
)

// Question is one labelled question.
type Question struct {
	Text       string          `json:"question"`
	Codes      []string        `json:"codes"`                  // any of them is right
	Facet      knowledge.Facet `json:"facet,omitempty"`        // "" when nobody labelled it
	OutOfScope bool            `json:"out_of_scope,omitempty"` // nothing the bot knows; has no codes
	Tags       []string        `json:"tags,omitempty"`         // registers and traits, for Report.ByTag
}

//go:embed basic.jsonl
var basic []byte

// Basic returns the questions that come with the program. They may be used for
// tuning, so their figures say that nothing broke, not how good the search is.
func Basic() ([]Question, error) {
	qs, err := Read(bytes.NewReader(basic))
	if err != nil {
		return nil, fmt.Errorf("basic.jsonl: %w", err)
	}
	return qs, nil
}

//go:embed tune.jsonl
var tune []byte

// Tune returns the tuning part of the labelled questions: written blind, but open to whoever
// works on words, ranking and entries, as [Basic] is.
func Tune() ([]Question, error) {
	qs, err := Read(bytes.NewReader(tune))
	if err != nil {
		return nil, fmt.Errorf("tune.jsonl: %w", err)
	}
	return qs, nil
}

// Read reads JSON Lines, one Question a line; empty lines are skipped. It
// refuses the whole file at the first line that is not a well-formed question,
// has a key that is not known, or breaks a limit; the error names the line and
// never quotes a question.
func Read(r io.Reader) ([]Question, error) {
	limited := &io.LimitedReader{R: r, N: MaxBytes + 1}
	sc := bufio.NewScanner(limited)
	sc.Buffer(make([]byte, 0, 4096), MaxLineBytes+2) // and the line end
	var qs []Question
	tags := map[string]bool{}
	line := 0
	for sc.Scan() {
		line++
		if limited.N <= 0 { // what was read may end in the middle of a line
			return nil, errTooBig(line)
		}
		if line > MaxLines {
			return nil, fmt.Errorf("line %d: an exam has at most %d lines", line, MaxLines)
		}
		b := sc.Bytes()
		if line == 1 {
			b = bytes.TrimPrefix(b, []byte("\ufeff")) // spreadsheets and Notepad write one
		}
		if len(bytes.TrimSpace(b)) == 0 {
			continue
		}
		q, err := parse(b)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		for _, t := range q.Tags {
			tags[t] = true
		}
		if len(tags) > maxAllTags {
			return nil, fmt.Errorf("line %d: more than %d different tags in the file", line, maxAllTags)
		}
		qs = append(qs, q)
	}
	switch err := sc.Err(); {
	case limited.N <= 0:
		return nil, errTooBig(line + 1)
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d: longer than %d KiB", line+1, MaxLineBytes>>10)
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", line+1, err)
	case len(qs) == 0:
		return nil, errors.New("line 1: the file has no question")
	}
	return qs, nil
}

func errTooBig(line int) error {
	return fmt.Errorf("line %d: an exam has at most %d MB", line, MaxBytes>>20)
}

func parse(b []byte) (Question, error) {
	if len(b) > MaxLineBytes {
		return Question{}, fmt.Errorf("longer than %d KiB", MaxLineBytes>>10)
	}
	if !utf8.Valid(b) {
		return Question{}, errors.New("is not valid UTF-8")
	}
	// Keys are checked by hand: encoding/json would take "Codes" for "codes".
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return Question{}, fmt.Errorf("is not a JSON object: %w", err)
	}
	known := []string{"question", "codes", "facet", "out_of_scope", "tags"}
	for k := range keys {
		if !slices.Contains(known, k) {
			return Question{}, fmt.Errorf("key %.40q is not known; known are %s", k, strings.Join(known, ", "))
		}
	}
	var q Question
	if err := json.Unmarshal(b, &q); err != nil {
		return Question{}, err
	}
	return q, q.check()
}

func (q *Question) check() error {
	switch {
	case strings.TrimSpace(q.Text) == "":
		return errors.New("question is empty")
	case strings.ContainsRune(q.Text, 0):
		return errors.New("question holds a NUL")
	case q.OutOfScope && len(q.Codes) > 0:
		return errors.New("an out_of_scope question has no codes")
	case !q.OutOfScope && len(q.Codes) == 0:
		return errors.New("codes is empty and out_of_scope is not true")
	case len(q.Codes) > MaxCodes:
		return fmt.Errorf("%d codes, at most %d", len(q.Codes), MaxCodes)
	case len(q.Tags) > MaxTags:
		return fmt.Errorf("%d tags, at most %d", len(q.Tags), MaxTags)
	case q.Facet != "" && !slices.Contains(knowledge.Facets[:], q.Facet):
		return fmt.Errorf("facet %.40q is not known", string(q.Facet))
	}
	for _, c := range q.Codes {
		if strings.TrimSpace(c) != c || c == "" || len(c) > 40 {
			return fmt.Errorf("code %.50q is empty, longer than 40 letters or has spaces around it", c)
		}
	}
	for i, t := range q.Tags {
		if strings.TrimSpace(t) != t || t == "" || len(t) > MaxTagBytes {
			return fmt.Errorf("tag number %d is empty, longer than %d bytes or has spaces around it", i+1, MaxTagBytes)
		}
		if slices.Contains(q.Tags[:i], t) {
			return fmt.Errorf("tag number %d stands twice", i+1)
		}
	}
	return nil
}
