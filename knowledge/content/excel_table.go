package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// headerRows is how far down the header may stand: officers put titles above.
const headerRows = 10

// A tableRow is a row of a sheet under its header.
type tableRow struct {
	sheet   *sheet
	number  int
	cells   []string // in the order of sheet.columns, untrimmed
	unknown []string // headings of filled cells that belong to no column
	absent  []string // keys of columns that the sheet lacks
}

// cell returns the cell of a column's key.
func (r tableRow) cell(key string) string {
	for i, c := range r.sheet.columns {
		if c.key == key {
			return r.cells[i]
		}
	}
	return ""
}

// A header says which column of the sheet on file is which of ours.
type header struct {
	at     []int // index into sheet.columns, -1 for none
	names  []string
	byKeys bool // found by the row of keys, which stands below the headings
}

// table hands out the filled rows of a sheet. Columns are found by the row of
// keys or, when an officer deleted it, by the headings. code is always
// needed, and the keys that need says.
func (b *bookReader) table(s *sheet, need []string, row func(tableRow) error) error {
	var h *header
	var above []string
	err := b.rows(s.name, func(number int, cells []string) error {
		if h == nil || !h.byKeys && number <= headerRows {
			found, err := b.header(s, need, cells)
			if err != nil {
				return fmt.Errorf("%w: sheet %q row %d: %w", ErrFormat, s.name, number, err)
			}
			if found != nil && (h == nil || found.byKeys) {
				h = found.named(above)
				above = cells
				return nil
			}
		}
		if h == nil {
			above = cells
			if number >= headerRows {
				return b.noHeader(s, need)
			}
			return nil
		}
		r := tableRow{sheet: s, number: number, cells: make([]string, len(s.columns)), absent: h.absent(s)}
		filled := false
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			filled = true
			switch {
			case i < len(h.at) && h.at[i] >= 0:
				r.cells[h.at[i]] = cell
			case len(r.unknown) < maxUnknown:
				r.unknown = append(r.unknown, h.name(i))
			}
		}
		if !filled {
			return nil
		}
		return row(r)
	})
	if err == nil && h == nil {
		return b.noHeader(s, need)
	}
	return err
}

func (b *bookReader) noHeader(s *sheet, need []string) error {
	return fmt.Errorf("%w: sheet %q has no header row with %s in its first %d rows; export once to see the columns",
		ErrFormat, s.name, strings.Join(append([]string{"code"}, need...), ", "), headerRows)
}

// header reads a row as a header; nil when it is none.
func (b *bookReader) header(s *sheet, need, cells []string) (*header, error) {
	for _, byKeys := range []bool{true, false} {
		h := &header{byKeys: byKeys, names: cells, at: make([]int, len(cells))}
		found := make(map[string]bool)
		twice := ""
		for i, cell := range cells {
			word := strings.ToLower(b.normal(cell))
			h.at[i] = slices.IndexFunc(s.columns, func(c column) bool {
				return word != "" && (byKeys && word == c.key || !byKeys && word == strings.ToLower(c.heading))
			})
			if h.at[i] < 0 {
				continue
			}
			key := s.columns[h.at[i]].key
			if found[key] {
				twice = key
			}
			found[key] = true
		}
		missing := !found["code"] || len(found) < 2 || slices.ContainsFunc(need, func(k string) bool { return !found[k] })
		if missing {
			continue
		}
		if twice != "" {
			return nil, fmt.Errorf("the column %s stands twice", twice)
		}
		return h, nil
	}
	return nil, nil
}

// absent are the keys of columns that the sheet lacks.
func (h *header) absent(s *sheet) []string {
	var out []string
	for i, c := range s.columns {
		if !slices.Contains(h.at, i) {
			out = append(out, c.key)
		}
	}
	return out
}

// named takes the names of columns without a key from the row above.
func (h *header) named(above []string) *header {
	names := slices.Clone(h.names)
	for i, name := range above {
		if i >= len(names) {
			names = append(names, name)
		} else if strings.TrimSpace(names[i]) == "" {
			names[i] = name
		}
	}
	h.names = names
	return h
}

func (h *header) name(i int) string {
	if i < len(h.names) && strings.TrimSpace(h.names[i]) != "" {
		return "column " + clip(strings.TrimSpace(h.names[i]))
	}
	return fmt.Sprintf("column number %d without a heading", i+1)
}

// rows hands out the rows of a sheet within the limits of the workbook.
func (b *bookReader) rows(name string, row func(number int, cells []string) error) error {
	limits := b.c.opt.Limits
	broken := func(err error) error {
		return fmt.Errorf("%w: sheet %q: %s; save it again in Excel", ErrBroken, name, clip(err.Error()))
	}
	var next func() ([]string, bool, error)
	err := fence(func() error {
		rows, err := b.file.Rows(name)
		if err != nil {
			return err
		}
		next = func() (cells []string, more bool, err error) {
			err = fence(func() (err error) {
				if more = rows.Next(); !more {
					return errors.Join(rows.Error(), rows.Close())
				}
				cells, err = rows.Columns()
				return err
			})
			return cells, more, err
		}
		return nil
	})
	if err != nil {
		return broken(err)
	}
	filled := 0
	for number := 1; ; number++ {
		cells, more, err := next()
		if err != nil {
			return broken(err)
		}
		if !more {
			return nil
		}
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if len(cells) == 0 {
			continue
		}
		if filled++; filled > limits.Rows+headerRows {
			return fmt.Errorf("%w: sheet %q has more than %d rows; split it into several files", ErrTooLarge, name, limits.Rows)
		}
		b.cells += int64(len(cells))
		for _, c := range cells {
			b.text += int64(len(c))
		}
		if b.cells > limits.Cells || b.text > limits.Text {
			return fmt.Errorf("%w: the workbook has more than %d cells or %s of text; split it into several files",
				ErrTooLarge, limits.Cells, mebibytes(limits.Text))
		}
		if err := row(number, cells); err != nil {
			return err
		}
	}
}
