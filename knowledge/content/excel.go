package content

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed excel.tsv
var excelWords string

// Sheet keys, as excel.tsv names them.
const (
	sheetGuide    = "guide"
	sheetEntries  = "entries"
	sheetOverflow = "overflow"
)

// A workbook is the layout of the Excel file: its sheets, columns and words.
type workbook struct {
	sheets []sheet
	words  map[string]bool // spelling to truth
	yes    string
	no     string
	guide  []string
}

type sheet struct {
	key     string
	name    string
	columns []column
}

type column struct {
	key     string
	heading string
	width   float64
}

// layout reads the embedded table.
func layout() (*workbook, error) {
	w := &workbook{words: make(map[string]bool)}
	for i, line := range strings.Split(excelWords, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := w.add(strings.Split(line, "\t")); err != nil {
			return nil, fmt.Errorf("excel.tsv line %d: %w", i+1, err)
		}
	}
	return w, nil
}

func (w *workbook) add(cells []string) error {
	switch {
	case cells[0] == "sheet" && len(cells) == 3:
		w.sheets = append(w.sheets, sheet{key: cells[1], name: cells[2]})
	case cells[0] == "column" && len(cells) == 4 && len(w.sheets) > 0:
		width, err := strconv.ParseFloat(cells[3], 64)
		if err != nil {
			return err
		}
		s := &w.sheets[len(w.sheets)-1]
		s.columns = append(s.columns, column{cells[1], cells[2], width})
	case cells[0] == "word" && len(cells) > 2:
		truth := cells[1] == "true"
		for _, spelling := range cells[2:] {
			w.words[spelling] = truth
		}
		if truth {
			w.yes = cells[2]
		} else {
			w.no = cells[2]
		}
	case cells[0] == "guide" && len(cells) == 2:
		w.guide = append(w.guide, cells[1])
	default:
		return fmt.Errorf("cannot be read")
	}
	return nil
}

// sheet finds a sheet by its key.
func (w *workbook) sheet(key string) *sheet {
	for i := range w.sheets {
		if w.sheets[i].key == key {
			return &w.sheets[i]
		}
	}
	return &sheet{key: key}
}

// Excel's limit for a cell is 32,767 UTF-16 units; parts stay somewhat below.
const maxCell = 32_000

// parts cuts a text into pieces that fit a cell. Joined they are the text.
func parts(s string) []string {
	var all []string
	units, from := 0, 0
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > maxCell {
			all = append(all, s[from:i])
			units, from = 0, i
		}
		units += n
	}
	return append(all, s[from:])
}

// joinItems puts the items of a list into one cell, one a line. The further
// lines of an item are indented, so that splitItems finds them again.
func joinItems(items []string) string {
	lines := make([]string, len(items))
	for i, s := range items {
		lines[i] = strings.ReplaceAll(s, "\n", "\n"+furtherLine)
	}
	return strings.Join(lines, "\n")
}

const furtherLine = "  "

// splitItems is the reverse of joinItems.
func splitItems(cell string) []string {
	var items []string
	cell = strings.ReplaceAll(strings.ReplaceAll(cell, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(cell, "\n") {
		if further, ok := strings.CutPrefix(line, furtherLine); ok && len(items) > 0 {
			items[len(items)-1] += "\n" + further
		} else if strings.TrimSpace(line) != "" {
			items = append(items, line)
		}
	}
	return items
}
