package watch

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/handlers/news/items"
)

// planFile are the limits of a file of campaigns.
var planFile = sheet.Limits{File: 2 << 20, Unpacked: 32 << 20, Sheets: 10, Rows: items.MaxImport + 20, Cells: 30, Bytes: 10_000}

const (
	headingRows = 10 // among which the heading is looked for
	maxRefused  = 50 // rows whose mistakes are shown
)

// column is one column of the workbook.
type column string

const (
	colID       column = "id"
	colVersion  column = "version"
	colTitle    column = "title"
	colMessage  column = "message"
	colAudience column = "audience"
	colMedia    column = "media"
	colStarts   column = "starts"
	colEnds     column = "ends"
	colBody     column = "body"
	colNote     column = "note"
	colDone     column = "done"
	colResult   column = "result"
	colItems    column = "items"
)

// planColumns in the order in which they are written. The headings are separated by "|": the
// first is written, all are understood.
var planColumns = [...]struct {
	id  column
	key string
}{
	{colID, "news.plan_head_id"}, {colVersion, "news.plan_head_version"}, {colTitle, "news.plan_head_title"}, {colMessage, "news.plan_head_message"},
	{colAudience, "news.plan_head_audience"}, {colMedia, "news.plan_head_media"}, {colStarts, "news.plan_head_starts"}, {colEnds, "news.plan_head_ends"},
	{colBody, "news.plan_head_body"}, {colNote, "news.plan_head_note"}, {colDone, "news.plan_head_done"}, {colResult, "news.plan_head_result"}, {colItems, "news.plan_head_items"},
}

// refusedRow is a row that was not taken, and why.
type refusedRow struct {
	Sheet string
	Row   int
	Why   string
}

// plannedRow is a row that was understood.
type plannedRow struct {
	sheet    string
	row      int
	campaign items.Campaign
}

type importData struct {
	Style    string
	Action   string
	Back     string
	Book     string
	Most     int
	Wrong    string
	Asked    bool // a file was looked at
	Real     bool // and written
	Result   items.Imported
	Refused  []refusedRow
	MoreRows int
}

func (s *service) showImport(w http.ResponseWriter, r *http.Request) {
	if s.planning(w, r) {
		s.renderImport(w, r, http.StatusOK, importData{})
	}
}

func (s *service) renderImport(w http.ResponseWriter, r *http.Request, status int, d importData) {
	d.Style, d.Action, d.Back, d.Book, d.Most = stylePath, planPath+"/import", planPath, planPath+"/plan.xlsx", items.MaxImport
	if len(d.Refused) > maxRefused {
		d.MoreRows, d.Refused = len(d.Refused)-maxRefused, d.Refused[:maxRefused]
	}
	s.render(w, r, status, "campaign_import", d)
}

// errDry ends a unit of work that was only to see what would happen.
var errDry = errors.New("watch: nothing is written")

// postImport looks at a file, and writes it when that was asked for: all rows or none.
func (s *service) postImport(w http.ResponseWriter, r *http.Request) {
	if !s.planning(w, r) {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 {
		s.renderImport(w, r, http.StatusUnprocessableEntity, importData{Wrong: s.kit.T(r, "news.plan_file_none")})
		return
	}
	defer r.MultipartForm.RemoveAll() //nolint:errcheck // temporary files; the system clears what is left
	d := importData{Asked: true, Real: f.On("real")}
	rows, refused, err := s.readPlan(r)
	var p *sheet.Problem
	var e *bot.Error
	switch {
	case errors.As(err, &p):
		err = nil
		d.Asked, d.Wrong = false, s.problem(r, p)
	case errors.As(err, &e) && e.Code == bot.Invalid:
		err = nil
		d.Asked, d.Wrong = false, s.kit.T(r, e.Key, e.Args...)
	case err == nil:
		d.Refused = refused
		err = s.takeIn(r, &d, rows)
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if d.Wrong != "" || len(d.Refused) > 0 {
		status, d.Real = http.StatusUnprocessableEntity, false
	}
	s.renderImport(w, r, status, d)
}

// takeIn writes the rows, or sees what writing them would do. One wrong row is enough to write nothing.
func (s *service) takeIn(r *http.Request, d *importData, rows []plannedRow) error {
	list := make([]items.Campaign, len(rows))
	for i, row := range rows {
		list[i] = row.campaign
	}
	dry := !d.Real || len(d.Refused) > 0
	err := s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		if d.Result, err = s.opt.Desk.ImportCampaigns(ctx, work, actor(r), list); err == nil && dry {
			return errDry
		}
		return err
	})
	var at *items.RowError
	var e *bot.Error
	switch {
	case errors.Is(err, errDry):
		return nil
	case errors.As(err, &at) && errors.As(at.Err, &e) && e.Code != bot.Denied:
		why := s.kit.T(r, e.Key, e.Args...)
		switch e.Code {
		case bot.Conflict:
			why = s.kit.T(r, "news.plan_row_changed")
		case bot.NotFound:
			why = s.kit.T(r, "news.plan_row_unknown")
		}
		d.Refused = append(d.Refused, refusedRow{rows[at.Row].sheet, rows[at.Row].row, why})
		return nil
	}
	return err
}

// problem says what is wrong with a file as a whole.
func (s *service) problem(r *http.Request, p *sheet.Problem) string {
	switch p.Kind {
	case sheet.TooLarge:
		return s.kit.T(r, "news.plan_file_large", "most", planFile.File>>20)
	case sheet.TooLong:
		return s.kit.T(r, "news.plan_file_long", "most", items.MaxImport)
	case sheet.Password:
		return s.kit.T(r, "news.plan_file_password")
	case sheet.Macro:
		return s.kit.T(r, "news.plan_file_macro")
	case sheet.Formula:
		return s.kit.T(r, "news.plan_file_formula", "cell", p.Cell, "part", p.Part)
	}
	return s.kit.T(r, "news.plan_file_broken")
}

// readPlan reads the posted file: rows that were understood, and those that were not.
func (s *service) readPlan(r *http.Request) (rows []plannedRow, refused []refusedRow, err error) {
	file, err := r.MultipartForm.File["file"][0].Open()
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	tables, err := sheet.Read(r.Context(), file, planFile)
	if err != nil {
		return nil, nil, err
	}
	words, err := s.planWords()
	if err != nil {
		return nil, nil, err
	}
	headed := false
	for _, t := range tables {
		var heading map[int]column
		for _, line := range t.Rows {
			if heading == nil {
				if line.Number > headingRows {
					break
				}
				heading = words.heading(line.Cells)
				headed = headed || heading != nil
				continue
			}
			cells := map[column]string{}
			for i, c := range heading {
				if i < len(line.Cells) && line.Cells[i] != "" {
					cells[c] = sheet.Unquoted(line.Cells[i])
				}
			}
			if len(cells) == 0 {
				continue
			}
			c, bad := words.campaign(cells)
			if bad == nil {
				bad = asRefusal(s.opt.Desk.CheckCampaign(c))
			}
			if bad != nil {
				refused = append(refused, refusedRow{t.Name, line.Number, s.kit.T(r, bad.Key, bad.Args...)})
				continue
			}
			rows = append(rows, plannedRow{t.Name, line.Number, c})
		}
	}
	if !headed {
		return nil, nil, &bot.Error{Code: bot.Invalid, Key: "news.plan_file_no_heading"}
	}
	return rows, refused, nil
}

func asRefusal(err error) *bot.Error {
	var e *bot.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// planWords are the headings and the media in every language.
type planWords struct {
	fold  func(string) string
	heads map[string]column
	media map[string]items.Medium
}

func (s *service) planWords() (w planWords, err error) {
	w = planWords{heads: map[string]column{}, media: map[string]items.Medium{}, fold: func(text string) string { return strings.Join(strings.Fields(s.opt.Fold(text)), " ") }}
	for _, lang := range []string{"vi", "en"} {
		for _, c := range planColumns {
			text, err := s.opt.Desk.Words(lang, c.key)
			if err != nil {
				return w, err
			}
			for head := range strings.SplitSeq(text, "|") {
				w.heads[w.fold(head)] = c.id
			}
		}
		for _, m := range items.Media() {
			for _, key := range []string{mediumKey(m), mediumWords(m)} {
				text, err := s.opt.Desk.Words(lang, key)
				if err != nil {
					return w, err
				}
				for word := range strings.SplitSeq(text, "|") {
					w.media[w.fold(word)] = m
				}
			}
		}
	}
	return w, nil
}

// heading understands a row as the heading when it has what every campaign needs.
func (w planWords) heading(cells []string) map[int]column {
	found, seen := map[int]column{}, map[column]bool{}
	for i, text := range cells {
		if id, ok := w.heads[w.fold(strings.Trim(text, " *:"))]; ok && !seen[id] {
			found[i], seen[id] = id, true
		}
	}
	for _, need := range []column{colTitle, colStarts, colEnds, colBody} {
		if !seen[need] {
			return nil
		}
	}
	return found
}

// campaign understands a row.
func (w planWords) campaign(cells map[column]string) (items.Campaign, *bot.Error) {
	wrong := func(key string, args ...any) *bot.Error { return &bot.Error{Code: bot.Invalid, Key: key, Args: args} }
	c := items.Campaign{ID: number(cells[colID]), Version: number(cells[colVersion]), Title: cells[colTitle], Message: cells[colMessage], Audience: cells[colAudience],
		Body: cells[colBody], Note: cells[colNote], Result: cells[colResult]}
	if cells[colID] != "" && (c.ID == 0 || c.Version == 0) {
		return c, wrong("news.plan_row_id")
	}
	for _, x := range []struct {
		col column
		to  *time.Time
	}{{colStarts, &c.Starts}, {colEnds, &c.Ends}, {colDone, &c.Done}} {
		text := cells[x.col]
		if text == "" && x.col == colDone {
			continue
		}
		day, ok := sheet.Day(text)
		if !ok {
			return c, wrong("news.plan_row_day", "text", text)
		}
		*x.to = day
	}
	for part := range strings.FieldsFuncSeq(cells[colMedia], func(r rune) bool { return strings.ContainsRune(",;/\n+", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		m, ok := w.media[w.fold(part)]
		if !ok {
			return c, wrong("news.plan_row_medium", "text", part)
		}
		c.Media = append(c.Media, m)
	}
	var ok bool
	if c.Items, ok = readNumbers(cells[colItems]); !ok {
		return c, wrong("news.plan_wrong_items")
	}
	return c, nil
}
