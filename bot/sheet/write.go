package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Page is one sheet to write. Cells are texts, whole numbers, or times, which stand
// as days by the clock of Vietnam; nil is an empty cell.
type Page struct {
	Name   string    // at most 31 letters, without \ / ? * [ ] :
	Intro  []string  // lines above the heading
	Head   []string  // kept in sight
	Widths []float64 // of the columns, in letters
	Rows   [][]any
}

// zone is where days in a workbook are read: Excel knows no time zones.
var zone = time.FixedZone("ICT", 7*60*60)

// asText is Excel's number format "@": the cell is a text, whatever is in it.
const asText = 49

// MIME is the media type of what [Write] writes.
const MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

type styles struct{ text, bold, day int }

// Write writes a workbook.
func Write(out io.Writer, pages ...Page) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	var s styles
	day := "dd/mm/yyyy"
	for _, x := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&s.text, &excelize.Style{NumFmt: asText, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&s.bold, &excelize.Style{NumFmt: asText, Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&s.day, &excelize.Style{CustomNumFmt: &day, Alignment: &excelize.Alignment{Vertical: "top"}}},
	} {
		if *x.id, err = f.NewStyle(x.style); err != nil {
			return fmt.Errorf("sheet: %w", err)
		}
	}
	for i, p := range pages {
		if i == 0 {
			err = f.SetSheetName(f.GetSheetName(0), p.Name)
		} else {
			_, err = f.NewSheet(p.Name)
		}
		if err == nil {
			err = write(f, p, s)
		}
		if err != nil {
			return fmt.Errorf("sheet %s: %w", p.Name, err)
		}
	}
	if err := f.Write(out); err != nil {
		return fmt.Errorf("sheet: %w", err)
	}
	return nil
}

func write(f *excelize.File, p Page, s styles) error {
	w, err := f.NewStreamWriter(p.Name)
	if err != nil {
		return err
	}
	for i, width := range p.Widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	top := len(p.Intro) + 1
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: top, TopLeftCell: fmt.Sprint("A", top+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	line := 0
	put := func(cells []any) error {
		line++
		return w.SetRow(fmt.Sprint("A", line), cells)
	}
	plain, err := f.NewStyle(&excelize.Style{NumFmt: asText})
	if err != nil {
		return err
	}
	for _, text := range p.Intro {
		if err := put([]any{excelize.Cell{StyleID: plain, Value: Harmless(text)}}); err != nil {
			return err
		}
	}
	head := make([]any, len(p.Head))
	for i, text := range p.Head {
		head[i] = excelize.Cell{StyleID: s.bold, Value: Harmless(text)}
	}
	if err := put(head); err != nil {
		return err
	}
	for _, row := range p.Rows {
		cells := make([]any, len(row))
		for i, v := range row {
			cells[i] = s.cell(v)
		}
		if err := put(cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (s styles) cell(v any) any {
	switch v := v.(type) {
	case string:
		return excelize.Cell{StyleID: s.text, Value: Harmless(v)}
	case time.Time:
		if v.IsZero() {
			return nil
		}
		y, m, d := v.In(zone).Date()
		return excelize.Cell{StyleID: s.day, Value: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	}
	return v
}

// starts are the letters with which a formula begins, for one spreadsheet or another.
const starts = "=+-@\t\r|%"

// Harmless puts a quote before what a spreadsheet would compute once somebody
// saves the file as CSV and opens that. [Unquoted] takes it off again.
func Harmless(s string) string {
	if s != "" && strings.ContainsRune(starts, rune(s[0])) {
		return "'" + s
	}
	return s
}

// Unquoted is a text without the quote that [Harmless] put before it.
func Unquoted(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && strings.ContainsRune(starts, rune(rest[0])) {
		return rest
	}
	return s
}

// Day reads a date as people type it into a cell, or as Excel keeps one: 9/11/2026, 09-11-2026,
// 2026-11-09 or a number of days. The time is midnight in Vietnam.
func Day(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2/1/2006", "2-1-2006", "2.1.2006", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, t.Year() >= 1900 && t.Year() <= 2200
		}
	}
	var days float64
	if _, err := fmt.Sscanf(text+"$", "%f$", &days); err != nil || days < 1 || days > 110_000 || strings.ContainsAny(text, "eExX_ ") {
		return time.Time{}, false
	}
	t, err := excelize.ExcelDateToTime(float64(int(days)), false)
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone), true
}
