package agencies

import (
	"context"
	"errors"
	"io"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
)

// Limits of a workbook of contacts.
const (
	MaxSheetFile  = 2 << 20  // bytes packed
	maxSheetBytes = 32 << 20 // unpacked
	maxSheets     = 10
	maxSheetRows  = MaxContacts + 20
	maxCells      = 40 // of a row
	maxCell       = 500
	headingRows   = 10 // among which the heading is looked for
)

// column is one column of the workbook.
type column string

const (
	colBody     column = "body"
	colBodyID   column = "body_id"
	colName     column = "name"
	colRole     column = "role"
	colEmail    column = "email"
	colPhone    column = "phone"
	colActive   column = "active"
	colVerified column = "verified" // written only: nobody confirms an address by a spreadsheet
)

// columns in the order in which they are written.
var columns = [...]struct {
	id    column
	key   string // text key of its headings, separated by "|"; the first is written
	width float64
}{
	{colBodyID, "complaints.agency_sheet_body_id", 20}, {colBody, "complaints.agency_sheet_body", 46}, {colName, "complaints.agency_sheet_name", 26},
	{colRole, "complaints.agency_sheet_role", 14}, {colEmail, "complaints.agency_sheet_email", 34}, {colPhone, "complaints.agency_sheet_phone", 16},
	{colActive, "complaints.agency_sheet_active", 12}, {colVerified, "complaints.agency_sheet_verified", 18},
}

// sheetWords is what the workbook is written and read in.
type sheetWords struct {
	title    string
	heading  map[column]string // as written
	known    map[string]column // folded
	role     map[Role]string
	roles    map[string]Role
	yes, no  string
	yesNo    map[string]bool
	fold     func(string) string
	rendered error
}

// loadSheetWords reads the words of every language, and writes in the first.
func loadSheetWords(t bot.Texts, langs []string, fold func(string) string) (*sheetWords, error) {
	w := &sheetWords{
		heading: map[column]string{}, known: map[string]column{}, role: map[Role]string{}, roles: map[string]Role{},
		yesNo: map[string]bool{}, fold: func(s string) string { return strings.Join(strings.Fields(fold(s)), " ") },
	}
	for _, lang := range langs {
		for _, c := range columns {
			w.each(t, lang, c.key, func(word string) {
				setFirst(w.heading, c.id, word)
				w.known[w.fold(word)] = c.id
			})
		}
		for role, key := range map[Role]string{
			Officer: "complaints.agency_sheet_role_officer", Leader: "complaints.agency_sheet_role_leader", Counter: "complaints.agency_sheet_role_desk",
		} {
			w.each(t, lang, key, func(word string) {
				setFirst(w.role, role, word)
				w.roles[w.fold(word)] = role
			})
		}
		w.each(t, lang, "complaints.agency_sheet_yes", func(word string) { w.yes = first(w.yes, word); w.yesNo[w.fold(word)] = true })
		w.each(t, lang, "complaints.agency_sheet_no", func(word string) { w.no = first(w.no, word); w.yesNo[w.fold(word)] = false })
		w.each(t, lang, "complaints.agency_sheet_title", func(word string) { w.title = first(w.title, word) })
	}
	return w, w.rendered
}

func (w *sheetWords) each(t bot.Texts, lang, key string, f func(string)) {
	list, err := t.Render(lang, key, nil)
	w.rendered = errors.Join(w.rendered, err)
	for word := range strings.SplitSeq(list, "|") {
		if word = strings.TrimSpace(word); word != "" {
			f(word)
		}
	}
}

func setFirst[K comparable](m map[K]string, k K, word string) {
	if m[k] == "" {
		m[k] = word
	}
}

func first(have, word string) string {
	if have != "" {
		return have
	}
	return word
}

// sheetRow is one row as it stands in a workbook.
type sheetRow struct {
	sheet string
	row   int // 1-based
	cells map[column]string
}

func badFile(key string, args ...any) *bot.Error {
	return &bot.Error{Code: bot.Invalid, Key: key, Args: args, Detail: "the workbook is refused: " + key}
}

// problems are the text keys of what is wrong with a file.
var problems = map[sheet.Kind]string{
	sheet.Broken: "complaints.agency_sheet_broken", sheet.TooLarge: "complaints.agency_sheet_too_large", sheet.TooLong: "complaints.agency_sheet_too_long",
	sheet.Password: "complaints.agency_sheet_password", sheet.Macro: "complaints.agency_sheet_macro", sheet.Formula: "complaints.agency_sheet_formula",
}

// readSheet reads the rows of a workbook. It fails with *bot.Error Invalid when
// the file as a whole cannot be taken: not a workbook, macros, formulas, too large.
func readSheet(ctx context.Context, r io.Reader, w *sheetWords) ([]sheetRow, error) {
	tables, err := sheet.Read(ctx, r, sheet.Limits{File: MaxSheetFile, Unpacked: maxSheetBytes, Sheets: maxSheets, Rows: maxSheetRows, Cells: maxCells, Bytes: maxCell})
	var p *sheet.Problem
	if errors.As(err, &p) {
		most := MaxSheetFile >> 20
		if p.Kind == sheet.TooLong {
			most = MaxContacts
		}
		return nil, badFile(problems[p.Kind], "most", most, "cell", p.Cell, "part", p.Part)
	}
	if err != nil {
		return nil, err
	}
	var out []sheetRow
	headed := false
	for _, t := range tables {
		rows, ok := rowsOf(t, w)
		headed = headed || ok
		out = append(out, rows...)
	}
	switch {
	case !headed:
		return nil, badFile("complaints.agency_sheet_no_heading", "email", w.heading[colEmail], "body", w.heading[colBody])
	case len(out) > MaxContacts:
		return nil, badFile("complaints.agency_sheet_too_long", "most", MaxContacts)
	}
	return out, nil
}

// rowsOf understands one sheet; ok tells whether it has a heading of ours.
func rowsOf(t sheet.Table, w *sheetWords) (out []sheetRow, ok bool) {
	var heading map[int]column
	for _, row := range t.Rows {
		if heading == nil {
			if row.Number > headingRows {
				return nil, false
			}
			heading = headingOf(row.Cells, w)
			continue
		}
		r := sheetRow{sheet: t.Name, row: row.Number, cells: map[column]string{}}
		for i, c := range heading {
			if i < len(row.Cells) && row.Cells[i] != "" {
				r.cells[c] = row.Cells[i]
			}
		}
		if len(r.cells) > 0 {
			out = append(out, r)
		}
	}
	return out, heading != nil
}

// headingOf understands a row as the heading when it names the address and the body.
func headingOf(cells []string, w *sheetWords) map[int]column {
	found := map[int]column{}
	seen := map[column]bool{}
	for i, c := range cells {
		if id, ok := w.known[w.fold(strings.Trim(c, " *:"))]; ok && !seen[id] {
			found[i], seen[id] = id, true
		}
	}
	if !seen[colEmail] || !seen[colBody] && !seen[colBodyID] {
		return nil
	}
	return found
}

// writeSheet writes rows under the heading.
func writeSheet(out io.Writer, w *sheetWords, rows []sheetRow) error {
	p := sheet.Page{Name: w.title}
	for _, c := range columns {
		p.Head, p.Widths = append(p.Head, w.heading[c.id]), append(p.Widths, c.width)
	}
	for _, r := range rows {
		cells := make([]any, len(columns))
		for i, c := range columns {
			cells[i] = r.cells[c.id]
		}
		p.Rows = append(p.Rows, cells)
	}
	return sheet.Write(out, p)
}
