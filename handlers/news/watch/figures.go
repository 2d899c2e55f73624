package watch

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot/sheet"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// enough is the fewest of which a share is shown: fewer say nothing.
const enough = 10

// shownItems is how many items the page lists; the Excel file has them all.
const shownItems = 50

// share is a part of a whole with its percentage, -1 when it is of too few.
type share struct{ N, Of, Percent int }

func shareOf(n, of int) share {
	if of < enough {
		return share{n, of, -1}
	}
	return share{n, of, (100*n + of/2) / of}
}

// sumLine is a line of a table of figures.
type sumLine struct {
	Name, Link, Note string
	items.Sum
	SentShare, FailedShare, LeftShare share
	Known                             bool // openings and leavings are known
}

func lineOf(name string, sum items.Sum) sumLine {
	return sumLine{Name: name, Sum: sum, SentShare: shareOf(sum.Sent, sum.Reach), FailedShare: shareOf(sum.Failed, sum.Reach), LeftShare: shareOf(sum.Left, sum.Sent), Known: true}
}

// sumTable is a table of figures: key of its heading, of a note, and of its first column.
type sumTable struct {
	Key, Note, Column string
	Lines             []sumLine
}

type figuresData struct {
	Style       string
	Form        *web.Form
	From, Until time.Time // both days count
	All         sumLine
	Corrections sumLine
	Tables      []sumTable
	Items       sumTable
	Hidden      int // items that the page does not list
	Under       []underLine
	Digests     int
	Digested    int
	More        bool
	Book        string
	Enough      int
	Periods     []periodLink
}

// underLine is an item that is being sent.
type underLine struct{ Title, StateKey, Path string }

type periodLink struct {
	Key, Path string
	Here      bool
}

// readDays reads the days of the filter: this month when none are given.
func (s *service) readDays(r *http.Request) (f *web.Form, from, until time.Time) {
	f = s.kit.NewForm(r.URL.Query())
	until = s.today()
	from = until.AddDate(0, 0, 1-until.Day())
	for _, field := range []struct {
		name string
		to   *time.Time
	}{{"from", &from}, {"until", &until}} {
		if text := f.Line(field.name); text != "" {
			day, ok := sheet.Day(text)
			if !ok {
				f.Fail(field.name, "news.watch_wrong_day")
				continue
			}
			*field.to = day
		}
		f.Set(field.name, field.to.Format(time.DateOnly))
	}
	return f, from, until
}

func (s *service) showFigures(w http.ResponseWriter, r *http.Request) {
	f, from, until := s.readDays(r)
	d := figuresData{Style: stylePath, Form: f, From: from, Until: until, Enough: enough, Periods: s.periods(from, until)}
	status := http.StatusOK
	var sums items.Sums
	if !f.Failed() {
		var err error
		sums, err = s.opt.Desk.Sums(r.Context(), actor(r), from, until.AddDate(0, 0, 1))
		if err != nil && !f.FailWith("until", err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	if f.Failed() {
		status = http.StatusUnprocessableEntity
	} else {
		d.Book = bookPath + "?" + url.Values{"from": {from.Format(time.DateOnly)}, "until": {until.Format(time.DateOnly)}}.Encode()
	}
	d.All, d.Corrections, d.Tables = lineOf("", sums.All), lineOf("", sums.Corrections), s.tables(r, sums)
	d.Items = s.itemTable(r, sums.Items[:min(len(sums.Items), shownItems)])
	d.Hidden, d.Digests, d.Digested, d.More = len(sums.Items)-len(d.Items.Lines), sums.Digests, sums.Digested, sums.More
	under, err := s.opt.Desk.List(r.Context(), items.Actor{System: true}, items.Filter{States: []items.State{items.Sending, items.Paused}, Limit: shownItems})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for _, it := range under { // those who may come here may see them: they stand in the column
		d.Under = append(d.Under, underLine{it.Content.Title, stateKey(it.State), progressPath(it.ID)})
	}
	s.render(w, r, status, "figures", d)
}

// periods are the spans that are asked for most.
func (s *service) periods(from, until time.Time) []periodLink {
	today := s.today()
	month := today.AddDate(0, 0, 1-today.Day())
	year := time.Date(today.Year(), 1, 1, 0, 0, 0, 0, calendar.Zone)
	quarter := time.Date(today.Year(), (today.Month()-1)/3*3+1, 1, 0, 0, 0, 0, calendar.Zone)
	var out []periodLink
	for _, p := range []struct {
		key      string
		from, to time.Time
	}{
		{"news.watch_this_month", month, today}, {"news.watch_last_month", month.AddDate(0, -1, 0), month.AddDate(0, 0, -1)},
		{"news.watch_this_quarter", quarter, today}, {"news.watch_this_year", year, today}, {"news.watch_last_year", year.AddDate(-1, 0, 0), year.AddDate(0, 0, -1)},
	} {
		q := url.Values{"from": {p.from.Format(time.DateOnly)}, "until": {p.to.Format(time.DateOnly)}}
		out = append(out, periodLink{p.key, figuresPath + "?" + q.Encode(), p.from.Equal(from) && p.to.Equal(until)})
	}
	return out
}

// tables are the sums by what items have in common, with names.
func (s *service) tables(r *http.Request, sums items.Sums) []sumTable {
	dir := s.opt.Directory()
	lang := s.kit.Lang(r)
	return []sumTable{
		named("news.watch_by_topic", "news.watch_several", "news.watch_column_topic", sums.Topics, func(id string) string { return s.opt.Desk.TopicName(lang, id) }),
		named("news.watch_by_place", "news.watch_several", "news.watch_column_place", sums.Places, func(id string) string {
			if id == "" {
				return s.kit.T(r, "news.watch_everywhere")
			}
			if p, ok := dir.Place(id); ok {
				return p.Name
			}
			return id
		}),
		named("news.watch_by_source", "", "news.watch_column_source", sums.Sources, func(id string) string {
			kind, name, _ := strings.Cut(id, "\t")
			return s.opt.Desk.Source(lang, items.Content{SourceKind: kind, SourceName: name})
		}),
		unopened(named("news.watch_by_channel", "news.watch_by_channel_note", "news.watch_column_channel", sums.Channels, func(id string) string { return s.channel(r, id) })),
		named("news.watch_by_month", "", "news.watch_column_month", sums.Months, func(id string) string {
			t, err := time.Parse("2006-01", id)
			if err != nil {
				return id
			}
			return t.Format("01/2006")
		}),
	}
}

func named(key, note, column string, list []items.SumLine, name func(string) string) sumTable {
	t := sumTable{Key: key, Note: note, Column: column}
	for _, l := range list {
		t.Lines = append(t.Lines, lineOf(name(l.ID), l.Sum))
	}
	return t
}

// unopened is a table of what no openings are known of.
func unopened(t sumTable) sumTable {
	for i := range t.Lines {
		t.Lines[i].Known = false
	}
	return t
}

func (s *service) itemTable(r *http.Request, list []items.ItemSum) sumTable {
	t := sumTable{Key: "news.watch_by_item", Column: "news.watch_column_item"}
	for _, x := range list {
		l := lineOf(x.Title, x.Sum)
		l.Link = progressPath(x.ID)
		l.Note = web.Day(x.Published) + " · " + s.kit.T(r, stateKey(x.State))
		if x.Corrects != 0 {
			l.Note += " · " + s.kit.T(r, "news.watch_correction")
		}
		t.Lines = append(t.Lines, l)
	}
	return t
}

// exportFigures answers with the same figures as an Excel file: a sheet for each table.
func (s *service) exportFigures(w http.ResponseWriter, r *http.Request) {
	f, from, until := s.readDays(r)
	if f.Failed() {
		s.kit.Redirect(w, r, figuresPath+"?"+r.URL.RawQuery) // the page tells what is wrong, beside its field
		return
	}
	sums, err := s.opt.Desk.Sums(r.Context(), actor(r), from, until.AddDate(0, 0, 1))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	intro := []string{s.kit.T(r, "news.watch_span", "from", web.Day(from), "until", web.Day(until)), s.kit.T(r, "news.watch_made", "when", web.When(s.opt.Now())), s.kit.T(r, "news.watch_book_note", "count", enough)}
	if sums.More {
		intro = append(intro, s.kit.T(r, "news.watch_more"))
	}
	all := lineOf(s.kit.T(r, "news.watch_all"), sums.All)
	var pages []sheet.Page
	tables := append(s.tables(r, sums), s.itemTable(r, sums.Items))
	for _, t := range tables {
		p := sheet.Page{Name: s.kit.T(r, t.Key), Intro: slices.Clone(intro), Widths: []float64{44, 12, 12, 12, 10, 12, 10, 12, 14, 14, 12, 12, 10}}
		if t.Note != "" {
			p.Intro = append(p.Intro, s.kit.T(r, t.Note))
		}
		for _, key := range []string{t.Column, "news.watch_items", "news.watch_reach", "news.watch_sent", "news.watch_percent", "news.watch_failed", "news.watch_percent",
			"news.watch_waiting", "news.watch_held", "news.watch_dropped", "news.watch_opened", "news.watch_left", "news.watch_percent_left"} {
			p.Head = append(p.Head, s.kit.T(r, key))
		}
		lines := t.Lines
		if t.Key != "news.watch_by_item" {
			lines = append(slices.Clone(lines), all)
		}
		for _, l := range lines {
			p.Rows = append(p.Rows, l.cells())
		}
		pages = append(pages, p)
	}
	s.sendBook(w, r, "so-lieu-tin-"+from.Format("20060102")+"-"+until.Format("20060102")+".xlsx", pages...)
}

// cells are a line of an Excel file. A share stands beside the count that it is of.
func (l sumLine) cells() []any {
	name := l.Name
	if l.Note != "" {
		name += " (" + l.Note + ")"
	}
	percent := func(x share) any {
		if x.Percent < 0 {
			return nil
		}
		return x.Percent
	}
	out := []any{name, l.Sum.Items, l.Reach, l.Sent, percent(l.SentShare), l.Failed, percent(l.FailedShare), l.Waiting, l.Held, l.Dropped}
	if !l.Known {
		return append(out, nil, nil, nil)
	}
	return append(out, l.Opened, l.Left, percent(l.LeftShare))
}

// sendBook answers with a workbook.
func (s *service) sendBook(w http.ResponseWriter, r *http.Request, name string, pages ...sheet.Page) {
	var b bytes.Buffer
	if err := sheet.Write(&b, pages...); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", sheet.MIME)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // a reader who went away needs no answer
}
