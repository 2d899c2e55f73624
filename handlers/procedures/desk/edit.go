package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// words is what an officer reads of an error.
func (s *service) words(r *http.Request, err error) string {
	var e *bot.Error
	if errors.As(err, &e) && e.Key != "" {
		return s.kit.T(r, e.Key, e.Args...)
	}
	return s.kit.T(r, "web.conflict")
}

// sections group the keys of the editor, those that citizens read first.
var sections = []struct {
	name string
	keys []string
}{
	{"say", []string{"name", "summary", "aliases", "kind", "field"}},
	{"papers", []string{"documents"}},
	{"how", []string{"time", "fee", "agency", "level", "methods", "online_full", "online_url", "steps", "conditions", "cases", "mistakes", "results", "audience", "life_events"}},
	{"law", []string{"status", "decision", "valid_from", "valid_to", "replaced_by", "legal_basis", "promulgator"}},
	{"source", []string{"source_url", "updated", "verified_at", "verified_by"}},
}

// long are the texts that get more than a line.
var long = []string{"name", "summary", "time", "fee", "agency", "conditions"}

// fieldView is one key in the editor.
type fieldView struct {
	entries.Key
	Label    string // text key
	Widget   string // input, area, list, flag, records, or select
	Options  []web.Option
	Kind     string // of an input element: "type=date"
	Rows     string // of an area: "rows=3"
	Records  []recordView
	Findings []findingView
	Error    string
}

// recordView is a row of records: a cell for each column.
type recordView struct {
	At, Place int // from 0, from 1
	Cells     []cellView
}

type cellView struct {
	Name, Label, Value string
	Long               bool
}

type sectionView struct {
	Name   string
	Fields []fieldView
}

type editData struct {
	Style    string
	Form     *web.Form
	Code     string
	Version  int64
	Sections []sectionView
	Fields   []string
	Conflict bool
	Problem  string
	Findings int
	Path     string
	Back     string
}

// continued joins the lines of one item of a list, as the Excel file does.
const continued = "\n  "

// fill puts an entry into a form.
func fill(f *web.Form, e *knowledge.Entry) url.Values {
	records := url.Values{}
	for _, k := range entries.Keys() {
		rows := k.Rows(e)
		switch k.Type {
		case entries.Text, entries.Flag:
			f.Set(k.Name, "")
			if len(rows) > 0 {
				f.Set(k.Name, rows[0][0])
			}
		case entries.List:
			var lines []string
			for _, row := range rows {
				lines = append(lines, strings.ReplaceAll(row[0], "\n", continued))
			}
			f.Set(k.Name, strings.Join(lines, "\n"))
		case entries.Records:
			for _, row := range rows {
				for j, c := range k.Columns {
					records.Add(k.Name+"."+c, row[j])
				}
			}
		}
	}
	return records
}

// taken reads an entry from a posted form: the keys that were changed are replaced, the code stays. A browser
// changes spaces and line ends of what nobody touched, and that is no change.
func taken(f *web.Form, was *knowledge.Entry, clean func(string) string) *knowledge.Entry {
	e := entries.Copy(was)
	for _, k := range entries.Keys() {
		if k.Name == "code" {
			continue
		}
		rows := typed(f, k)
		next := new(knowledge.Entry)
		k.Set(next, cleaned(rows, k, clean))
		old := new(knowledge.Entry)
		k.Set(old, cleaned(k.Rows(was), k, clean))
		if !k.Same(old, next) {
			k.Set(e, k.Rows(next))
		}
	}
	return e
}

// typed are the rows of a key as the form holds them.
func typed(f *web.Form, k entries.Key) [][]string {
	switch k.Type {
	case entries.Flag:
		return flag(f.On(k.Name))
	case entries.List:
		return listed(f.Raw(k.Name))
	case entries.Records:
		return recorded(f, k)
	}
	return [][]string{{f.Get(k.Name)}}
}

// cleaned are rows with every text cleaned, on one line where the editor has one.
func cleaned(rows [][]string, k entries.Key, clean func(string) string) [][]string {
	var out [][]string
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = clean(c)
			if k.Type == entries.Text && !slices.Contains(long, k.Name) {
				cells[i] = strings.Join(strings.Fields(cells[i]), " ")
			}
		}
		out = append(out, cells)
	}
	return out
}

func flag(on bool) [][]string {
	if on {
		return [][]string{{"1"}}
	}
	return nil
}

// listed are the items of a list, one a line; a line that begins with two spaces goes on with the item above.
func listed(text string) [][]string {
	var out [][]string
	for l := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		switch item := strings.TrimSpace(l); {
		case strings.HasPrefix(l, "  ") && len(out) > 0:
			out[len(out)-1][0] += "\n" + item
		case item == "":
		default:
			out = append(out, []string{item})
		}
	}
	return out
}

// recorded are the rows of records that a form holds, those without a text too.
func recorded(f *web.Form, k entries.Key) [][]string {
	var out [][]string
	for j, c := range k.Columns {
		for i, v := range f.All(k.Name + "." + c) {
			if i == len(out) {
				out = append(out, make([]string, len(k.Columns)))
			}
			if i < len(out) {
				out[i][j] = v
			}
		}
	}
	return out
}

// showEdit shows the editor of a draft.
func (s *service) showEdit(w http.ResponseWriter, r *http.Request) {
	x, ok := s.draft(w, r)
	if !ok {
		return
	}
	if !slices.Contains(s.opt.Desk.May(x, actor(r)), entries.Edit) {
		s.refused(w, r, &bot.Error{Code: bot.Conflict, Key: "procedures.conflict_state"}, "")
		return
	}
	f := s.kit.NewForm(nil)
	records := fill(f, x.Entry)
	f.Set("note", x.Note)
	found, err := s.findings(r, x.Entry)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.askEdit(w, r, http.StatusOK, f, records, found, editData{Version: x.Version, Code: x.Entry.Code})
}

func (s *service) askEdit(w http.ResponseWriter, r *http.Request, status int, f *web.Form, records url.Values, found []findingView, d editData) {
	_, fields, err := s.load(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d.Style, d.Form, d.Fields, d.Findings = stylePath, f, fields, len(found)
	d.Back = draftPath + r.PathValue("id")
	d.Path = d.Back + "/edit"
	grouped := map[string]bool{"code": true}
	for _, sec := range sections {
		v := sectionView{Name: sec.name}
		for _, name := range sec.keys {
			if k, ok := entries.KeyOf(name); ok {
				grouped[name] = true
				v.Fields = append(v.Fields, s.field(r, k, records, found))
			}
		}
		d.Sections = append(d.Sections, v)
	}
	rest := sectionView{Name: "more"} // a key that the format got since
	for _, k := range entries.Keys() {
		if !grouped[k.Name] {
			rest.Fields = append(rest.Fields, s.field(r, k, records, found))
		}
	}
	if len(rest.Fields) > 0 {
		d.Sections = append(d.Sections, rest)
	}
	s.render(w, r, status, "edit", d)
}

// field is how a key is edited.
func (s *service) field(r *http.Request, k entries.Key, records url.Values, found []findingView) fieldView {
	v := fieldView{Key: k, Label: "procedures.key_" + k.Name, Widget: "input", Kind: "type=text"}
	for _, fi := range found {
		if fi.At == k.Name {
			v.Findings = append(v.Findings, fi)
		}
	}
	switch {
	case k.Name == "status":
		v.Widget = "select"
		v.Options = s.options(r, "procedures.desk_status_none", "procedures.desk_status_", "published", "amended", "replaced", "abolished")
	case k.Name == "kind":
		v.Widget = "select"
		v.Options = s.options(r, "procedures.desk_kind_of_procedure", "procedures.desk_kind_of_", string(knowledge.Explainer))
	case k.Type == entries.Flag:
		v.Widget = "flag"
	case k.Type == entries.List:
		v.Widget, v.Rows = "list", "rows=5"
	case k.Type == entries.Records:
		v.Widget = "records"
		v.Records = s.records(r, k, records)
	case slices.Contains(long, k.Name):
		v.Widget, v.Rows = "area", "rows=3"
	case isDay(k.Name):
		v.Kind = "type=date"
	case strings.HasSuffix(k.Name, "_url"):
		v.Kind = "type=url"
	}
	return v
}

func isDay(name string) bool {
	return slices.Contains([]string{"updated", "valid_from", "valid_to", "verified_at"}, name)
}

func (s *service) records(r *http.Request, k entries.Key, records url.Values) []recordView {
	var out []recordView
	for j, c := range k.Columns {
		name := k.Name + "." + c
		for i, value := range records[name] {
			if i == len(out) {
				out = append(out, recordView{At: i, Place: i + 1, Cells: make([]cellView, len(k.Columns))})
			}
			if i < len(out) {
				out[i].Cells[j] = cellView{Name: name, Label: "procedures.key_" + k.Name + "_" + c, Value: value, Long: len(value) > 60}
			}
		}
	}
	return out
}

// put puts rows of records back into form values.
func put(k entries.Key, rows [][]string) url.Values {
	v := url.Values{}
	for _, row := range rows {
		for j, c := range k.Columns {
			v.Add(k.Name+"."+c, row[j])
		}
	}
	return v
}

// postEdit saves the form, or changes its rows and shows it again.
func (s *service) postEdit(w http.ResponseWriter, r *http.Request) {
	x, ok := s.draft(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	version, err := strconv.ParseInt(f.Line("version"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r) // a form of ours always has one
		return
	}
	records := url.Values{}
	do := f.Line("do")
	for _, k := range entries.Keys() {
		if k.Type == entries.Records {
			for name, values := range put(k, moved(k, recorded(f, k), do)) {
				records[name] = values
			}
		}
	}
	d := editData{Version: version, Code: x.Entry.Code}
	if do != "" && do != "save" {
		s.askEdit(w, r, http.StatusOK, f, records, nil, d)
		return
	}
	e := taken(f, x.Entry, s.opt.Clean)
	for _, p := range e.Validate() {
		f.Fail(p.Field, wrongKey(p.Field))
	}
	if f.Failed() {
		d.Problem = s.kit.T(r, "procedures.desk_not_saved")
		s.askEdit(w, r, http.StatusUnprocessableEntity, f, records, nil, d)
		return
	}
	if f.On("checked") {
		e.VerifiedAt, e.VerifiedBy = entries.Today(s.opt.Now()), web.OfficerFrom(r.Context()).Name
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		_, err := s.opt.Desk.Do(ctx, work, x.ID, actor(r), entries.Command{Action: entries.Edit, Version: version, Entry: e, Note: f.Get("note")})
		return err
	})
	var refusal *bot.Error
	switch {
	case err == nil:
		s.kit.Done(w, r, draftPath+r.PathValue("id"), web.Flash{Key: "procedures.desk_done_edit"})
	case errors.As(err, &refusal) && refusal.Key == "procedures.conflict_same":
		s.kit.Done(w, r, draftPath+r.PathValue("id"), web.Flash{Key: "procedures.conflict_same"})
	case errors.As(err, &refusal) && refusal.Code != bot.NotFound:
		d.Problem, d.Conflict = s.words(r, err), refusal.Key == "procedures.conflict_changed"
		if d.Conflict { // the words stay; saved again they replace what the other wrote, who sees it in the timeline
			if now, err := s.opt.Desk.Get(r.Context(), x.ID, actor(r)); err == nil {
				d.Version = now.Version
			}
		}
		s.askEdit(w, r, http.StatusConflict, f, records, nil, d)
	default:
		s.kit.Fail(w, r, err)
	}
}

// moved carries out a button of the rows: "add:documents", "drop:documents:2", "up:documents:2".
func moved(k entries.Key, rows [][]string, do string) [][]string {
	verb, rest, _ := strings.Cut(do, ":")
	name, number, _ := strings.Cut(rest, ":")
	if name != k.Name {
		return rows
	}
	if verb == "add" && len(rows) < knowledge.MaxListLength {
		return append(rows, make([]string, len(k.Columns)))
	}
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(rows) {
		return rows
	}
	switch {
	case verb == "drop":
		return slices.Delete(rows, i, i+1)
	case verb == "up" && i > 0:
		rows[i-1], rows[i] = rows[i], rows[i-1]
	}
	return rows
}
