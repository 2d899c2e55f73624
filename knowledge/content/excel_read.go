package content

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/knowledge"

	"github.com/xuri/excelize/v2"
)

// A bookReader holds what the side sheets of a workbook say until the rows of
// the main sheet ask for it.
type bookReader struct {
	ctx    context.Context
	c      *collector
	file   *excelize.File
	layout *workbook
	groups map[string]map[string][]groupRow // sheet key, code
	more   map[overflowAt]*overflowText
	cells  int64 // looked at so far
	text   int64 // bytes in them
}

// A groupRow is one paper, step or way of handing in.
type groupRow struct {
	number int
	order  float64
	cells  []string // in the order of the group's keys
	faults []knowledge.Problem
}

type overflowAt struct{ code, key, order string }

type overflowText struct {
	number int // row of the first part
	parts  int
	text   strings.Builder
	used   bool
}

// readExcel reads a workbook. All of it is in memory or, for big sheets, in
// temporary files that are removed at the end.
func readExcel(ctx context.Context, r io.Reader, c *collector) (err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("%w: not a complete Excel file (%v); get it or save it again", ErrBroken, err)
	}
	if err := checkZip(ctx, zr, int64(len(data)), c.opt.Limits); err != nil {
		return err
	}
	layout, err := layout()
	if err != nil {
		return err
	}
	b := &bookReader{ctx: ctx, c: c, layout: layout,
		groups: make(map[string]map[string][]groupRow), more: make(map[overflowAt]*overflowText)}
	err = fence(func() (err error) {
		b.file, err = excelize.OpenReader(bytes.NewReader(data), excelize.Options{
			RawCellValue: true, UnzipSizeLimit: c.opt.Limits.Text, UnzipXMLSizeLimit: min(16<<20, c.opt.Limits.Text)})
		return err
	})
	if err != nil {
		return fmt.Errorf("%w: not an Excel workbook (%s); save it again in Excel", ErrBroken, clip(err.Error()))
	}
	defer func() {
		if closeErr := b.file.Close(); err == nil {
			err = closeErr
		}
	}()
	return b.read()
}

// fence turns a panic of the Excel library, which reads hostile input, into an
// error: it must cost the file, not the program.
func fence(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the Excel reader cannot make sense of it")
		}
	}()
	return f()
}

func (b *bookReader) read() error {
	main, names := b.layout.sheet(sheetEntries), b.file.GetSheetList()
	if !slices.Contains(names, main.name) {
		return fmt.Errorf("%w: the workbook has no sheet %q; export once to get one with the right sheets", ErrFormat, main.name)
	}
	var strangers []string
	for _, name := range names {
		if !slices.ContainsFunc(b.layout.sheets, func(s sheet) bool { return s.name == name }) && len(strangers) < maxUnknown {
			strangers = append(strangers, "sheet "+clip(name))
		}
	}
	if s := b.layout.sheet(sheetOverflow); slices.Contains(names, s.name) {
		if err := b.table(s, []string{"key", "text"}, b.overflowRow); err != nil {
			return err
		}
	}
	for _, f := range fields {
		s := b.layout.sheet(f.key)
		if f.group == nil || !slices.Contains(names, s.name) {
			continue
		}
		b.groups[f.key] = make(map[string][]groupRow)
		if err := b.table(s, nil, func(r tableRow) error { return b.groupRow(f, s, r) }); err != nil {
			return err
		}
	}
	err := b.table(main, []string{"name"}, func(r tableRow) error {
		r.unknown, strangers = append(strangers, r.unknown...), nil
		return b.entryRow(main, r)
	})
	if err != nil {
		return err
	}
	return b.orphans()
}

// entryRow makes an entry of a row of the main sheet and what belongs to it.
func (b *bookReader) entryRow(s *sheet, r tableRow) error {
	bd := &builder{entry: &knowledge.Entry{}, unknown: r.unknown, absent: r.absent}
	code := cellCode(r.cell("code"))
	if lostZeros.MatchString(code) {
		bd.bad("code", "%q has lost zeros at its end; set the cell's format to text and write the code again", code)
	}
	for i, c := range s.columns {
		raw := r.cells[i]
		if excelErrors[strings.TrimSpace(raw)] {
			bd.bad(c.key, "the cell holds the Excel error %s", strings.TrimSpace(raw))
			continue
		}
		f, ok := fieldOf(c.key)
		raw += b.rest(code, c.key, "")
		switch {
		case !ok:
		case c.key == "code":
			bd.entry.Code = code
		case isDate(c.key):
			*f.text(bd.entry) = cellDate(raw)
		case f.text != nil:
			*f.text(bd.entry) = raw
		case f.list != nil:
			*f.list(bd.entry) = splitItems(raw)
		case f.flag != nil && strings.TrimSpace(raw) != "":
			truth, known := b.layout.words[strings.ToLower(b.normal(raw))]
			if !known {
				bd.bad(c.key, "%q is neither %q nor %q", clip(raw), b.layout.yes, b.layout.no)
			}
			*f.flag(bd.entry) = truth
		}
	}
	for _, f := range fields {
		if f.group == nil {
			continue
		}
		if b.groups[f.key] == nil {
			bd.absent = append(bd.absent, f.key)
		}
		b.join(bd, f, code)
	}
	return b.c.add(r.number, s.name, bd)
}

// join puts the rows of a side sheet into the entry, in their order.
func (b *bookReader) join(bd *builder, f field, code string) {
	rows := b.groups[f.key][code]
	delete(b.groups[f.key], code)
	if len(rows) > knowledge.MaxListLength {
		bd.bad(f.key, "has %d rows, at most %d", len(rows), knowledge.MaxListLength)
		return
	}
	slices.SortStableFunc(rows, func(x, y groupRow) int {
		switch {
		case x.order < y.order:
			return -1
		case x.order > y.order:
			return 1
		}
		return 0
	})
	f.group.size(bd.entry, len(rows))
	for i, r := range rows {
		bd.problems = append(bd.problems, r.faults...)
		for j, s := range f.group.cells(bd.entry, i) {
			*s = r.cells[j]
		}
	}
}

func (b *bookReader) groupRow(f field, s *sheet, r tableRow) error {
	code := cellCode(r.cell("code"))
	row := groupRow{number: r.number, cells: make([]string, len(f.group.keys))}
	fault := func(format string, args ...any) {
		row.faults = append(row.faults, knowledge.Problem{Field: f.key,
			Reason: fmt.Sprintf("sheet %s row %d: ", s.name, r.number) + fmt.Sprintf(format, args...)})
	}
	before := b.groups[f.key][code]
	order := strings.TrimSpace(r.cell("order"))
	switch n, err := strconv.ParseFloat(order, 64); {
	case order == "" && len(before) > 0:
		row.order = before[len(before)-1].order
	case order != "" && (err != nil || n != n):
		fault("the order %q is not a number", clip(order))
	default:
		row.order = n
	}
	if len(r.unknown) > 0 {
		fault("unknown columns: %s", strings.Join(r.unknown, ", "))
	}
	for j, key := range f.group.keys {
		raw := r.cell(key)
		if excelErrors[strings.TrimSpace(raw)] {
			fault("%s holds the Excel error %s", key, strings.TrimSpace(raw))
		}
		row.cells[j] = raw + b.rest(code, f.key+"."+key, order)
	}
	b.groups[f.key][code] = append(before, row)
	return nil
}

func (b *bookReader) overflowRow(r tableRow) error {
	at := overflowAt{cellCode(r.cell("code")), strings.TrimSpace(r.cell("key")), strings.TrimSpace(r.cell("order"))}
	o := b.more[at]
	if o == nil {
		o = &overflowText{number: r.number, parts: 1}
		b.more[at] = o
	}
	o.parts++
	if part := strings.TrimSpace(r.cell("part")); part != strconv.Itoa(o.parts) {
		return fmt.Errorf("%w: sheet %q row %d: part %s is expected here, not %q; a part is missing or out of order",
			ErrFormat, b.layout.sheet(sheetOverflow).name, r.number, strconv.Itoa(o.parts), clip(part))
	}
	o.text.WriteString(r.cell("text"))
	return nil
}

// rest returns what did not fit into a cell.
func (b *bookReader) rest(code, key, order string) string {
	o := b.more[overflowAt{code, key, order}]
	if o == nil {
		return ""
	}
	o.used = true
	return o.text.String()
}

// orphans reports rows of the side sheets whose code the main sheet lacks.
func (b *bookReader) orphans() error {
	type orphan struct {
		number      int
		sheet, code string
	}
	var all []orphan
	skipped := 0
	for key, codes := range b.groups {
		for code, rows := range codes {
			if b.left(code) {
				skipped += len(rows)
				continue
			}
			for _, r := range rows {
				all = append(all, orphan{r.number, b.layout.sheet(key).name, code})
			}
		}
	}
	for at, o := range b.more {
		switch {
		case o.used:
		case b.left(at.code):
			skipped += o.parts - 1
		default:
			all = append(all, orphan{o.number, b.layout.sheet(sheetOverflow).name, at.code})
		}
	}
	if skipped > 0 && b.c.opt.Skipped != nil {
		b.c.opt.Skipped(skipped)
	}
	slices.SortFunc(all, func(x, y orphan) int {
		return cmp.Or(strings.Compare(x.sheet, y.sheet), x.number-y.number)
	})
	for _, o := range all {
		bd := &builder{code: o.code}
		bd.bad("entry", "belongs to no row of the sheet %q: the code is missing there", b.layout.sheet(sheetEntries).name)
		if err := b.c.add(o.number, o.sheet, bd); err != nil {
			return err
		}
	}
	return nil
}

// left reports whether the rows of a code are left out: its entry is stored, and the main sheet says nothing of it.
func (b *bookReader) left(code string) bool {
	_, there := b.c.seen[code]
	return !there && b.c.opt.Known != nil && b.c.opt.Known(code)
}

func (b *bookReader) normal(s string) string {
	if b.c.opt.Normalize != nil {
		s = b.c.opt.Normalize(s)
	}
	return strings.TrimSpace(s)
}

var (
	// National codes have six digits after the point; Excel cuts zeros off numbers.
	lostZeros = regexp.MustCompile(`^[0-9]\.[0-9]{1,5}$`)
	// A number that Excel stored with the noise of binary fractions.
	noisyCode = regexp.MustCompile(`^[0-9]\.[0-9]{10,20}$`)
	// What Excel shows where a formula failed.
	excelErrors = map[string]bool{"#N/A": true, "#REF!": true, "#NAME?": true, "#VALUE!": true, "#DIV/0!": true, "#NUM!": true, "#NULL!": true}
)

// cellCode reads a code that may have been typed as a number.
func cellCode(raw string) string {
	s := strings.TrimSpace(raw)
	if noisyCode.MatchString(s) {
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(n, 'f', 6, 64)
		}
	}
	return s
}

// cellDate reads a day as text, as people write it in Vietnam, or as the number
// of days that Excel keeps. What it cannot read is left for Validate to refuse.
func cellDate(raw string) string {
	s := strings.TrimSpace(raw)
	for _, form := range []string{"2/1/2006", "2-1-2006", "2.1.2006"} {
		if day, err := time.Parse(form, s); err == nil {
			return day.Format(time.DateOnly)
		}
	}
	// 1954 to 2119: no other number makes sense as a day.
	if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 20000 && n <= 80000 {
		if day, err := excelize.ExcelDateToTime(n, false); err == nil {
			return day.Format(time.DateOnly)
		}
	}
	return s
}
