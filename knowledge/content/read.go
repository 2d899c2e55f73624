package content

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"cchcbot/knowledge"
)

// ReadOptions say how a file is read. The zero value is good.
type ReadOptions struct {
	// Normalize brings a text into the one form the program keeps (NFC). nil
	// leaves texts as they are; UTF-8 is checked either way. Trimming and line
	// ends are done here and need not be.
	Normalize func(string) string
	Limits    Limits
	// Known tells whether an entry of a code is stored. Papers, steps and ways
	// of handing in whose code is stored and stands in no row of a workbook's
	// main sheet are left out, for whoever edits deletes the rows of entries
	// that he does not change. nil: none is, and such rows are refused.
	Known func(code string) bool
	// Skipped is told, at most once, how many rows were left out so. May be nil.
	Skipped func(rows int)
}

// A Row is what stands at one place of a file.
type Row struct {
	// Number is the line on which the entry begins, or the row of the sheet;
	// it starts at 1.
	Number int
	Sheet  string // name of the Excel sheet, "" for the text formats
	Code   string // of the row, where nothing else of it could be read
	// Entry is nil when nothing of the row could be read. An entry with
	// Problems may be incomplete and must not be stored.
	Entry *knowledge.Entry
	// Absent are keys that a workbook has no column or sheet for: the entry is empty there, and the file says nothing of them.
	Absent   []string
	Unknown  []string            // keys or columns that an entry does not have, at most 20
	Notes    []knowledge.Problem // what was left out or mended; the entry is good
	Problems []knowledge.Problem // why the row is refused; nil when it is good
}

// The accepted kinds of file.
const (
	formatYAML  = "yaml"
	formatJSONL = "jsonl"
	formatGzip  = "jsonl.gz"
	formatExcel = "xlsx"
)

const accepted = "accepted are .yaml, .yml, .jsonl, .jsonl.gz and .xlsx"

// Read reads the entries of a file in YAML (a sequence, or documents divided by
// "---"), JSON Lines, packed or not, or Excel, and calls row for each in the
// order of the file. The format goes by the ending of name and must agree with
// the content.
//
// A row that cannot be read is a Row with Problems and the next one follows. An
// error means that the file as a whole is not usable (errors.Is tells
// ErrFormat, ErrBroken and ErrTooLarge) or that row or ctx stopped the reading;
// rows may have been handed out before it, so store nothing until Read is done.
func Read(ctx context.Context, name string, r io.Reader, opt ReadOptions, row func(Row) error) error {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if err := read(ctx, base, r, opt, row); err != nil {
		return fmt.Errorf("%s: %w", clip(base), err)
	}
	return nil
}

func read(ctx context.Context, name string, r io.Reader, opt ReadOptions, row func(Row) error) error {
	format, err := formatOf(name)
	if err != nil {
		return err
	}
	opt.Limits = opt.Limits.withDefaults()
	packed := &meter{ctx: ctx, r: r, limit: opt.Limits.File}
	if format == formatJSONL || format == formatYAML {
		packed.limit = opt.Limits.Text // not packed: the text's own limit
	}
	from := bufio.NewReaderSize(packed, 4096)
	head, err := from.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := agrees(format, head); err != nil {
		return err
	}
	c := &collector{opt: opt, row: row, seen: make(map[string]Row)}
	switch format {
	case formatExcel:
		err = readExcel(ctx, from, c)
	case formatYAML:
		err = readYAML(from, c)
	case formatGzip:
		var unpacked *inflater
		if unpacked, err = newInflater(packed, from, opt.Limits); err == nil {
			err = readJSONL(unpacked, c)
		}
	default:
		err = readJSONL(from, c)
	}
	if err == nil && c.rows == 0 {
		return fmt.Errorf("%w: it holds no entry", ErrFormat)
	}
	return err
}

func formatOf(name string) (string, error) {
	lower := strings.ToLower(name)
	for _, f := range []struct{ ending, format string }{
		{".jsonl.gz", formatGzip}, {".jsonl", formatJSONL}, {".yaml", formatYAML}, {".yml", formatYAML}, {".xlsx", formatExcel},
	} {
		if strings.HasSuffix(lower, f.ending) {
			return f.format, nil
		}
	}
	if strings.HasSuffix(lower, ".xls") || strings.HasSuffix(lower, ".xlsm") {
		return "", fmt.Errorf("%w: save it in Excel as .xlsx; %s", ErrFormat, accepted)
	}
	return "", fmt.Errorf("%w: %s", ErrFormat, accepted)
}

// agrees checks the first bytes of a file against the format of its name.
func agrees(format string, head []byte) error {
	var is string
	switch {
	case len(head) == 0:
		return fmt.Errorf("%w: it is empty", ErrFormat)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		is = "a gzip file"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		is = "a zip or Excel file"
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return fmt.Errorf("%w: an old .xls file or one with a password; save it in Excel as .xlsx without a password", ErrFormat)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return fmt.Errorf("%w: the text is UTF-16; save it as UTF-8", ErrFormat)
	default:
		is = "a text"
	}
	want := map[string]string{formatGzip: "a gzip file", formatExcel: "a zip or Excel file"}[format]
	if want == "" {
		want = "a text"
	}
	if is != want {
		return fmt.Errorf("%w: the name ends in .%s but the content is %s; %s", ErrFormat, format, is, accepted)
	}
	if format == formatJSONL && bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) {
		return fmt.Errorf("%w: a JSON array; write one object a line instead", ErrFormat)
	}
	return nil
}

// A collector finishes rows, finds doubled codes and counts.
type collector struct {
	opt  ReadOptions
	row  func(Row) error
	seen map[string]Row // code to place; only Number and Sheet are kept
	rows int
}

// add hands out what b built at a place.
func (c *collector) add(number int, sheet string, b *builder) error {
	if c.rows++; c.rows > c.opt.Limits.Rows {
		return fmt.Errorf("%w: more than %d entries; split it into several files", ErrTooLarge, c.opt.Limits.Rows)
	}
	b.finish(c.opt.Normalize)
	if b.entry != nil && b.entry.Code != "" {
		if first, twice := c.seen[b.entry.Code]; twice {
			b.bad("code", "stands already in %s %d", placeWord(first.Sheet), first.Number)
		} else {
			c.seen[b.entry.Code] = Row{Number: number, Sheet: sheet}
		}
	}
	return c.row(Row{Number: number, Sheet: sheet, Code: b.code, Entry: b.entry, Absent: b.absent, Unknown: b.unknown, Notes: b.notes, Problems: b.problems})
}

// refuse hands out a row of which nothing could be read.
func (c *collector) refuse(number int, sheet, format string, args ...any) error {
	b := &builder{}
	b.bad("entry", format, args...)
	return c.add(number, sheet, b)
}

func placeWord(sheet string) string {
	if sheet != "" {
		return "row"
	}
	return "line"
}
