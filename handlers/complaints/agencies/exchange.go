package agencies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/knowledge/directory"
)

// Report says what an import did, or would do.
type Report struct {
	Added, Changed, Unchanged int
	Empty                     int // rows that name a body and nobody: of the list to fill in
	Mailed                    int // addresses that are asked to confirm
	Refused                   []Refusal
	Dry                       bool
}

// Refusal is a row that was not taken, and why: a text key with its arguments.
type Refusal struct {
	Sheet string
	Row   int // 1-based, as the spreadsheet counts
	Key   string
	Args  []any
}

// maxRefusals is how many refused rows a report lists by name.
const maxRefusals = 200

// errDry undoes the unit of work of a dry run.
var errDry = errors.New("agencies: a dry run writes nothing")

// Exchange brings contacts in from a workbook and out into one.
type Exchange struct {
	Book  *Book
	Works *bot.Works
	Texts bot.Texts
	Langs []string // whose headings are understood; the first is written
	// PublicURL is put before the links of test mails, without a slash at the end;
	// "" where no mails are sent.
	PublicURL string
}

// Import takes the rows of a workbook: columns in any order, the body by its id
// or its name. A row that cannot be taken is refused with the reason and stops
// no other; the rest is one transaction. Importing the same file again changes
// nothing. Every new address is sent a mail that asks to confirm it. A dry run says the same and writes nothing.
func (e *Exchange) Import(ctx context.Context, r io.Reader, dry bool) (Report, error) {
	report := Report{Dry: dry}
	words, err := loadSheetWords(e.Texts, e.Langs, e.Book.opt.Fold)
	if err != nil {
		return report, err
	}
	rows, err := readSheet(ctx, r, words)
	if err != nil {
		return report, err
	}
	d := e.Book.opt.Directory()
	index := newBodyIndex(d, e.Book.opt.Fold)
	type taken struct {
		row     sheetRow
		contact Contact
	}
	var good []taken
	seen := map[string]int{}
	for _, row := range rows {
		if row.cells[colEmail] == "" && row.cells[colName] == "" && row.cells[colPhone] == "" {
			report.Empty++
			continue
		}
		c, bad := e.contact(row, words, d, index)
		if bad == nil {
			key := c.Body + "\x1f" + e.Book.emailKey(c.Email)
			if first, twice := seen[key]; twice {
				bad = &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_twice", Args: []any{"row", first}}
			} else {
				seen[key] = row.row
			}
		}
		if bad != nil {
			report.refuse(row, bad)
			continue
		}
		good = append(good, taken{row, c})
	}
	err = e.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		for _, g := range good {
			saved, outcome, err := e.Book.Save(ctx, tx, g.contact)
			var bad *bot.Error
			if errors.As(err, &bad) {
				report.refuse(g.row, bad)
				continue
			}
			if err != nil {
				return err
			}
			report.count(outcome)
			if outcome == Unchanged || !saved.untold() || e.PublicURL == "" {
				continue
			}
			mail := e.Book.testMail(saved, e.PublicURL, e.Langs[0])
			mail.Lane = bot.LaneBroadcast // a thousand of them keep no case waiting
			w.Send(mail)
			if err := e.Book.markTested(ctx, tx, saved.ID); err != nil {
				return err
			}
			report.Mailed++
		}
		if dry {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return report, err
}

func (r *Report) count(o Outcome) {
	switch o {
	case Added:
		r.Added++
	case Changed:
		r.Changed++
	case Unchanged:
		r.Unchanged++
	}
}

func (r *Report) refuse(row sheetRow, e *bot.Error) {
	if len(r.Refused) < maxRefusals {
		r.Refused = append(r.Refused, Refusal{Sheet: row.sheet, Row: row.row, Key: e.Key, Args: e.Args})
		return
	}
	last := &r.Refused[maxRefusals-1]
	if last.Key != "complaints.agency_sheet_more" {
		last.Key, last.Args = "complaints.agency_sheet_more", []any{"count", 1}
	}
	last.Args = []any{"count", last.Args[1].(int) + 1}
}

// contact understands a row.
func (e *Exchange) contact(row sheetRow, w *sheetWords, d *directory.Directory, index *bodyIndex) (Contact, *bot.Error) {
	cell := func(c column) string { return e.Book.opt.Clean(sheet.Unquoted(row.cells[c])) }
	c := Contact{Name: cell(colName), Email: cell(colEmail), Phone: cell(colPhone), Role: Officer, Active: true}
	named := cell(colBodyID)
	if named == "" {
		named = cell(colBody)
	}
	a, near := index.exact(d, named)
	switch {
	case named == "":
		return c, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_no_body"}
	case a == nil && len(near) == 0:
		return c, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_unknown_body", Args: []any{"name", named}}
	case a == nil:
		return c, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_which_body", Args: []any{"name", named, "near", near[0].Name + " (" + near[0].ID + ")"}}
	}
	c.Body = a.ID
	if text := cell(colRole); text != "" {
		role, ok := w.roles[w.fold(text)]
		if !ok {
			return c, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_unknown_role", Args: []any{"role", text, "officer", w.role[Officer], "leader", w.role[Leader], "desk", w.role[Counter]}}
		}
		c.Role = role
	}
	if text := cell(colActive); text != "" {
		active, ok := w.yesNo[w.fold(text)]
		if !ok {
			return c, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_yes_or_no", Args: []any{"yes", w.yes, "no", w.no}}
		}
		c.Active = active
	}
	if bad := e.Book.check(&c); bad != nil {
		return c, bad
	}
	return c, nil
}

// zone is where dates in texts, mails and workbooks are read.
var zone = time.FixedZone("ICT", 7*60*60)

// Export writes all contacts. Bodies in office that have none follow as rows
// with the body alone: the file is then the list to fill in.
func (e *Exchange) Export(ctx context.Context, out io.Writer) error {
	words, err := loadSheetWords(e.Texts, e.Langs, e.Book.opt.Fold)
	if err != nil {
		return err
	}
	all, err := e.Book.All(ctx, "")
	if err != nil {
		return err
	}
	d := e.Book.opt.Directory()
	var rows []sheetRow
	reached := map[string]bool{}
	for _, c := range all {
		reached[c.Body] = reached[c.Body] || c.Active
		name := c.Body
		if a, ok := d.Agency(c.Body); ok {
			name = a.Name
		}
		r := sheetRow{cells: map[column]string{
			colBodyID: c.Body, colBody: name, colName: c.Name, colRole: words.role[c.Role], colEmail: c.Email, colPhone: c.Phone, colActive: words.no,
		}}
		if c.Active {
			r.cells[colActive] = words.yes
		}
		if !c.Verified.IsZero() {
			r.cells[colVerified] = c.Verified.In(zone).Format("02/01/2006")
		}
		rows = append(rows, r)
	}
	for _, a := range everyBody(d) {
		if !reached[a.ID] {
			rows = append(rows, sheetRow{cells: map[column]string{colBodyID: a.ID, colBody: a.Name}})
		}
	}
	if err := writeSheet(out, words, rows); err != nil {
		return fmt.Errorf("export contacts: %w", err)
	}
	return nil
}
