package desk

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// maxExport is how many cases one Excel file holds; the file says when there were more.
const maxExport = 5000

// sheetName is the only sheet.
const sheetName = "1"

// export answers with what the filter shows, as an Excel file: what lists show,
// never what a citizen wrote or who it was.
func (s *service) export(w http.ResponseWriter, r *http.Request) {
	sc := s.scopeOf(web.OfficerFrom(r.Context()))
	q := s.readQuery(r, sc)
	if q.form.Failed() || sc.none() {
		s.kit.Redirect(w, r, listPath+"?"+r.URL.RawQuery) // the list tells what is wrong, beside its field
		return
	}
	list, more, err := s.collect(r.Context(), q.filter)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, web.OfficerFrom(r.Context()).Actor(), "complaints.export", "complaints", strconv.Itoa(len(list))+" rows")
	})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	file, err := s.workbook(r, list, more)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	name := "phan-anh-" + s.opt.Now().In(calendar.Zone).Format("20060102-1504") + ".xlsx"
	h := w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err = file.WriteTo(w)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil && r.Context().Err() == nil && err != io.ErrClosedPipe { //nolint:errorlint // the sentinel as the writer returns it
		s.opt.Log.Error("an export was not written", "err", err)
	}
}

// collect reads page after page, at most maxExport cases.
func (s *service) collect(ctx context.Context, f cases.Filter) (list []cases.Case, more bool, err error) {
	f.Limit, f.After = 200, ""
	for {
		page, err := s.opt.Desk.List(ctx, f)
		if err != nil {
			return nil, false, err
		}
		list = append(list, page.Cases...)
		if len(list) > maxExport {
			return list[:maxExport], true, nil
		}
		if page.Next == "" {
			return list, false, nil
		}
		if len(list) == maxExport {
			return list, true, nil
		}
		f.After = page.Next
	}
}

// columns of the sheet, as text keys.
var columns = [...]string{
	"complaints.desk_column_code", "complaints.desk_column_kind", "complaints.desk_column_field", "complaints.desk_column_place",
	"complaints.desk_column_place_now", "complaints.desk_column_state", "complaints.desk_column_lead", "complaints.desk_column_officer",
	"complaints.desk_column_filed", "complaints.desk_column_step", "complaints.desk_column_due", "complaints.desk_column_late",
	"complaints.desk_column_returns", "complaints.desk_column_round", "complaints.desk_column_urgent",
}

func (s *service) workbook(r *http.Request, list []cases.Case, more bool) (*excelize.File, error) {
	file := excelize.NewFile()
	if err := file.SetSheetName(file.GetSheetName(0), sheetName); err != nil {
		return nil, err
	}
	sw, err := file.NewStreamWriter(sheetName)
	if err != nil {
		return nil, err
	}
	bold, err := file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	date, err := file.NewStyle(&excelize.Style{CustomNumFmt: ptr("dd/mm/yyyy hh:mm")})
	if err != nil {
		return nil, err
	}
	if err := sw.SetColWidth(1, len(columns), 18); err != nil {
		return nil, err
	}
	line := 1
	put := func(cells []any, opts ...excelize.RowOpts) error {
		at, err := excelize.CoordinatesToCellName(1, line)
		if err != nil {
			return err
		}
		line++
		return sw.SetRow(at, cells, opts...)
	}
	head := s.kit.T(r, "complaints.desk_export_head", "count", len(list), "when", web.When(s.opt.Now()))
	if more {
		head = s.kit.T(r, "complaints.desk_export_cut", "max", maxExport)
	}
	if err := put([]any{sheet.Harmless(head)}); err != nil {
		return nil, err
	}
	var titles []any
	for _, key := range columns {
		titles = append(titles, excelize.Cell{StyleID: bold, Value: sheet.Harmless(s.kit.T(r, key))})
	}
	if err := put(titles); err != nil {
		return nil, err
	}
	names := s.namer(r.Context())
	for _, c := range list {
		if err := put(s.sheetRow(r, c, names(c.Officer), date)); err != nil {
			return nil, err
		}
	}
	return file, sw.Flush()
}

func (s *service) sheetRow(r *http.Request, c cases.Case, officer string, date int) []any {
	v := s.row(r, c)
	at := func(t time.Time) any {
		if t.IsZero() {
			return ""
		}
		// Excel knows no time zones: the wall clock of Vietnam.
		_, offset := t.In(calendar.Zone).Zone()
		return excelize.Cell{StyleID: date, Value: t.UTC().Add(time.Duration(offset) * time.Second)}
	}
	step, late := "", ""
	var due any = ""
	if v.Clock != nil {
		step, due = s.kit.T(r, v.Clock.StepKey), at(v.Clock.Due)
		if v.Clock.Late {
			late = s.kit.T(r, "complaints.desk_yes")
		}
	}
	urgent := ""
	if c.Urgent {
		urgent = s.kit.T(r, "complaints.desk_yes")
	}
	return []any{
		sheet.Harmless(c.Code), sheet.Harmless(s.kit.T(r, v.KindKey)), sheet.Harmless(v.Field), sheet.Harmless(v.Place), sheet.Harmless(v.PlaceNow), sheet.Harmless(s.kit.T(r, v.StateKey)), sheet.Harmless(v.Lead),
		sheet.Harmless(officer), at(c.Filed), sheet.Harmless(step), due, sheet.Harmless(late), c.Returns, c.Round, sheet.Harmless(urgent),
	}
}

func ptr[T any](v T) *T { return &v }
