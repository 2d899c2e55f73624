// Package sheet reads and writes workbooks of Excel. What it reads was made by anybody:
// sizes have limits, macros, passwords and formulas are refused, and a fault of
// the library ends the file, not the program. What it writes computes nothing, also when
// it is saved as CSV and opened again.
package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Kind is what is wrong with a file.
type Kind string

// What can be wrong with a file as a whole.
const (
	Broken   Kind = "broken"    // it is no workbook, or cannot be read
	TooLarge Kind = "too_large" // in bytes, parts or sheets
	TooLong  Kind = "too_long"  // in rows
	Password Kind = "password"
	Macro    Kind = "macro"
	Formula  Kind = "formula" // a cell computes: what it shows depends on who opens the file
)

// Problem is why a file is refused.
type Problem struct {
	Kind Kind
	Cell string // of a formula: "B7", "" when it is not known
	Part string // of a formula: the sheet's part, "sheet1"
}

func (p *Problem) Error() string { return "sheet: the workbook is refused: " + string(p.Kind) }

func refuse(k Kind) error { return &Problem{Kind: k} }

// Limits of a file. All are required.
type Limits struct {
	File     int64 // bytes packed
	Unpacked int64 // bytes
	Sheets   int
	Rows     int // of all sheets together
	Cells    int // of a row; more are left out
	Bytes    int // of a cell; more are cut off
}

// maxParts is the most files in the archive that a workbook is.
const maxParts = 200

// Table is one sheet.
type Table struct {
	Name string
	Rows []Row // those that are not empty
}

// Row is one row: its number as Excel shows it, and its cells without blanks around them. A date is a number of days.
type Row struct {
	Number int
	Cells  []string
}

// Read reads all sheets of a workbook. It fails with *Problem when the file cannot be taken.
func Read(ctx context.Context, r io.Reader, l Limits) (out []Table, err error) {
	data, err := io.ReadAll(io.LimitReader(r, l.File+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("sheet: %w", err)
	case int64(len(data)) > l.File:
		return nil, refuse(TooLarge)
	}
	if err := look(data, l); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil { // of the library, which reads hostile input
			out, err = nil, refuse(Broken)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: l.Unpacked, UnzipXMLSizeLimit: max(l.Unpacked/2, 1)})
	if err != nil {
		return nil, refuse(Broken)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	names := f.GetSheetList()
	if len(names) > l.Sheets {
		return nil, refuse(TooLarge)
	}
	room := l.Rows
	for _, name := range names {
		t, err := table(ctx, f, name, room, l)
		if err != nil {
			return nil, err
		}
		room -= len(t.Rows)
		out = append(out, t)
	}
	return out, nil
}

// look goes through the archive before the library unpacks it.
func look(data []byte, l Limits) error {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(zr.File) == 0 {
		return refuse(Broken)
	}
	if len(zr.File) > maxParts {
		return refuse(TooLarge)
	}
	var total uint64
	for _, f := range zr.File {
		if most := uint64(l.Unpacked); f.UncompressedSize64 > most || total+f.UncompressedSize64 > most { //nolint:gosec // limits are positive
			return refuse(TooLarge)
		}
		total += f.UncompressedSize64
		name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
		switch {
		case f.Flags&1 != 0:
			return refuse(Password)
		case strings.Contains(name, "vbaproject"), strings.Contains(name, "macrosheets/"), strings.HasSuffix(name, ".bin") && strings.Contains(name, "activex"):
			return refuse(Macro)
		case strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml"):
			if err := noFormulas(f, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// noFormulas refuses a sheet that computes: what a formula shows depends on who
// opens the file, and may call other files.
func noFormulas(f *zip.File, l Limits) error {
	r, err := f.Open()
	if err != nil {
		return refuse(Broken)
	}
	defer r.Close()
	d := xml.NewDecoder(io.LimitReader(r, l.Unpacked))
	cell := ""
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse(Broken)
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "c":
			cell = ""
			for _, a := range start.Attr {
				if a.Name.Local == "r" && len(a.Value) <= 12 {
					cell = a.Value
				}
			}
		case "f":
			return &Problem{Kind: Formula, Cell: cell, Part: strings.TrimSuffix(path.Base(f.Name), ".xml")}
		}
	}
}

func table(ctx context.Context, f *excelize.File, name string, room int, l Limits) (t Table, err error) {
	t.Name = name
	rows, err := f.Rows(name)
	if err != nil {
		return t, refuse(Broken)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 1; rows.Next(); n++ {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		if n > 100*l.Rows { // a million empty rows
			return t, refuse(TooLong)
		}
		cells, err := rows.Columns()
		if err != nil {
			return t, refuse(Broken)
		}
		row := Row{Number: n}
		filled := false
		for _, c := range cells[:min(len(cells), l.Cells)] {
			c = strings.TrimSpace(c)
			filled = filled || c != ""
			row.Cells = append(row.Cells, strings.ToValidUTF8(c[:min(len(c), l.Bytes)], ""))
		}
		if !filled {
			continue
		}
		if len(t.Rows) >= room {
			return t, refuse(TooLong)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}
