package content

import (
	"fmt"
	"io"
	"iter"

	"cchcbot/knowledge"

	"github.com/xuri/excelize/v2"
)

// A bookWriter streams entries into the sheets of a workbook.
type bookWriter struct {
	file    *excelize.File
	layout  *workbook
	streams map[string]*excelize.StreamWriter // by sheet key
	row     map[string]int                    // last row written
	text    int                               // style of data cells: text format, wrapped, top
}

// writeExcel writes the workbook that officers edit: one row an entry, and
// sheets of their own for papers, steps and ways of handing in. Every cell is
// of the text format, so that Excel neither computes nor rounds it.
func writeExcel(w io.Writer, entries iter.Seq[*knowledge.Entry]) (err error) {
	layout, err := layout()
	if err != nil {
		return err
	}
	b := &bookWriter{file: excelize.NewFile(), layout: layout,
		streams: make(map[string]*excelize.StreamWriter), row: make(map[string]int)}
	defer func() {
		if closeErr := b.file.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := b.open(); err != nil {
		return err
	}
	for e := range entries {
		if err := writable(e); err != nil {
			return err
		}
		if err := b.entry(e); err != nil {
			return fmt.Errorf("entry %s: %w", e.Code, err)
		}
	}
	for _, s := range layout.sheets {
		if err := b.streams[s.key].Flush(); err != nil {
			return err
		}
	}
	return b.file.Write(w)
}

// open creates the sheets with their two header rows.
func (b *bookWriter) open() error {
	const asText = 49 // Excel's number format "@"
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	var err error
	if b.text, err = b.file.NewStyle(&excelize.Style{NumFmt: asText, Alignment: top}); err != nil {
		return err
	}
	heading, err := b.file.NewStyle(&excelize.Style{NumFmt: asText, Alignment: top, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	keys, err := b.file.NewStyle(&excelize.Style{NumFmt: asText, Font: &excelize.Font{Color: "808080"}})
	if err != nil {
		return err
	}
	for i, s := range b.layout.sheets {
		if i == 0 {
			err = b.file.SetSheetName(b.file.GetSheetName(0), s.name)
		} else {
			_, err = b.file.NewSheet(s.name)
		}
		if err != nil {
			return err
		}
		if err := b.openSheet(s, heading, keys); err != nil {
			return err
		}
	}
	at, err := b.file.GetSheetIndex(b.layout.sheet(sheetEntries).name)
	b.file.SetActiveSheet(at)
	return err
}

func (b *bookWriter) openSheet(s sheet, heading, keys int) error {
	stream, err := b.file.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	b.streams[s.key] = stream
	if s.key == sheetGuide {
		if err := stream.SetColWidth(1, 1, 100); err != nil {
			return err
		}
		for _, line := range b.layout.guide {
			if err := b.append(s.key, b.text, line); err != nil {
				return err
			}
		}
		return nil
	}
	var first, second []string
	for i, c := range s.columns {
		if err := stream.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
		first, second = append(first, c.heading), append(second, c.key)
	}
	if err := stream.SetColStyle(1, len(s.columns), b.text); err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 2, TopLeftCell: "A3", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := b.append(s.key, heading, first...); err != nil {
		return err
	}
	return b.append(s.key, keys, second...)
}

// append writes the next row of a sheet.
func (b *bookWriter) append(sheetKey string, style int, cells ...string) error {
	b.row[sheetKey]++
	at, err := excelize.CoordinatesToCellName(1, b.row[sheetKey])
	if err != nil {
		return err
	}
	values := make([]any, len(cells))
	for i, s := range cells {
		if s != "" {
			values[i] = excelize.Cell{StyleID: style, Value: s}
		}
	}
	return b.streams[sheetKey].SetRow(at, values)
}

func (b *bookWriter) entry(e *knowledge.Entry) error {
	columns := b.layout.sheet(sheetEntries).columns
	cells := make([]string, len(columns))
	for i, c := range columns {
		f, _ := fieldOf(c.key)
		var whole string
		switch {
		case f.text != nil:
			whole = *f.text(e)
		case f.list != nil:
			whole = joinItems(*f.list(e))
		case f.flag != nil && *f.flag(e):
			whole = b.layout.yes
		}
		var err error
		if cells[i], err = b.fit(e.Code, c.key, "", whole); err != nil {
			return err
		}
	}
	if err := b.append(sheetEntries, b.text, cells...); err != nil {
		return err
	}
	for _, f := range fields {
		if f.group != nil {
			if err := b.group(e, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bookWriter) group(e *knowledge.Entry, f field) error {
	columns := b.layout.sheet(f.key).columns
	for i := range f.group.count(e) {
		from, order := f.group.cells(e, i), fmt.Sprint(i+1)
		cells := make([]string, len(columns))
		for j, c := range columns {
			switch c.key {
			case "code":
				cells[j] = e.Code
			case "order":
				cells[j] = order
			default:
				var err error
				if cells[j], err = b.fit(e.Code, f.key+"."+c.key, order, *from[f.group.index(c.key)]); err != nil {
					return err
				}
			}
		}
		if err := b.append(f.key, b.text, cells...); err != nil {
			return err
		}
	}
	return nil
}

// fit returns what goes into the cell; what does not fit goes to the overflow
// sheet. Excel would cut it off without a word.
func (b *bookWriter) fit(code, key, order, whole string) (string, error) {
	pieces := parts(whole)
	for i, piece := range pieces[1:] {
		if err := b.append(sheetOverflow, b.text, code, key, order, fmt.Sprint(i+2), piece); err != nil {
			return "", err
		}
	}
	return pieces[0], nil
}
