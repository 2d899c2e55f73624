package exchange

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

//go:embed page/*.html
var pageFiles embed.FS

// Paths of the pages.
const (
	homePath  = "/console/procedures/exchange"
	draftPath = "/console/procedures/draft/" // of handlers/procedures/desk
	draftList = "/console/procedures/drafts"
	stylePath = "/console/procedures/desk.css"
)

var writers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController}

type service struct {
	book  *Book
	kit   *web.Console
	views map[string]*web.View
}

// Part is the console's part of the feature "procedures".
func Part(b *Book) (bot.Feature, error) {
	if b == nil || b.opt.Console == nil {
		return bot.Feature{}, errors.New("exchange: the pages need a book with a console")
	}
	s := &service{book: b, kit: b.opt.Console, views: map[string]*web.View{}}
	for _, name := range []string{"home", "report"} {
		v, err := s.kit.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return bot.Feature{}, err
		}
		s.views[name] = v
	}
	page := func(pattern string, body int64, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: writers, Body: body, Handler: h}
	}
	const small = 64 << 10
	return bot.Feature{
		Name: "procedures", Nav: []bot.Nav{{Key: "procedures.exchange_nav", Path: homePath, Roles: writers}},
		Pages: []bot.Page{
			page("GET "+homePath, small, s.showHome),
			page("POST "+homePath, MaxFile+small, s.postFile),
			page("GET "+homePath+"/export.xlsx", small, s.export),
			page("GET "+homePath+"/file/{id}", small, s.showReport),
			page("POST "+homePath+"/file/{id}/confirm", small, s.postConfirm),
			page("POST "+homePath+"/file/{id}/drop", small, s.postDrop),
		},
	}, nil
}

func actor(r *http.Request) entries.Actor {
	return entries.Actor{Officer: web.OfficerFrom(r.Context())}
}

type homeData struct {
	Style, Path, Export string
	Form                *web.Form
	Fields              []web.Option
	Problem             string
}

// mine are the fields whose entries an officer writes, in order.
func (s *service) mine(ctx context.Context, o bot.Officer) ([]string, error) {
	heads, err := entries.Heads(ctx, s.book.opt.Read)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []string
	for _, e := range heads {
		if _, known := seen[e.Field]; !known {
			if seen[e.Field] = s.book.opt.Desk.Writes(o, e.Field); seen[e.Field] && e.Field != "" {
				out = append(out, e.Field)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

func (s *service) home(w http.ResponseWriter, r *http.Request, status int, problem string) {
	fields, err := s.mine(r.Context(), web.OfficerFrom(r.Context()))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := homeData{Style: stylePath, Path: homePath, Export: homePath + "/export.xlsx", Form: s.kit.NewForm(nil), Problem: problem,
		Fields: []web.Option{{Label: s.kit.T(r, "procedures.exchange_all_mine")}}}
	for _, f := range fields {
		d.Fields = append(d.Fields, web.Option{Value: f, Label: f})
	}
	s.kit.Render(w, r, status, s.views["home"], d)
}

func (s *service) showHome(w http.ResponseWriter, r *http.Request) { s.home(w, r, http.StatusOK, "") }

// export writes the workbook of the entries that an officer writes, of one field or of all.
func (s *service) export(w http.ResponseWriter, r *http.Request) {
	o, field := web.OfficerFrom(r.Context()), r.URL.Query().Get("field")
	var failed error
	var all iter.Seq[*knowledge.Entry] = func(yield func(*knowledge.Entry) bool) {
		failed = entries.Each(r.Context(), s.book.opt.Read, func(rec entries.Record) error {
			e := rec.Entry
			if field != "" && e.Field != field || !s.book.opt.Desk.Writes(o, e.Field) {
				return nil
			}
			if !yield(e) {
				return io.ErrUnexpectedEOF // the writer gave up, and says why
			}
			return nil
		})
	}
	var b bytes.Buffer
	err := s.book.opt.Content.Write(&b, "xlsx", all)
	if err == nil {
		err = failed
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="thu-tuc-`+s.book.opt.Now().In(vietnam).Format(time.DateOnly)+`.xlsx"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // a client that went away needs no answer
}

var vietnam = time.FixedZone("ICT", 7*60*60)

// postFile keeps a file that can be read, and leads to its report.
func (s *service) postFile(w http.ResponseWriter, r *http.Request) {
	if _, err := s.kit.Form(r); err != nil {
		s.problem(w, r, err)
		return
	}
	name, file, err := s.file(r)
	if err == nil {
		_, err = s.book.Plan(r.Context(), actor(r), name, file)
	}
	var id int64
	if err == nil {
		err = s.book.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
			id, err = s.book.Keep(ctx, work, actor(r), name, file)
			return err
		})
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	s.kit.Redirect(w, r, filePath(id))
}

func filePath(id int64) string { return homePath + "/file/" + strconv.FormatInt(id, 10) }

// problem shows the start again with what is wrong with the file.
func (s *service) problem(w http.ResponseWriter, r *http.Request, err error) {
	var e *bot.Error
	if errors.As(err, &e) && e.Key != "" && e.Code != bot.NotFound {
		s.home(w, r, http.StatusUnprocessableEntity, s.kit.T(r, e.Key, e.Args...))
		return
	}
	s.kit.Fail(w, r, err)
}

// file is the file of a form, in memory.
func (s *service) file(r *http.Request) (string, []byte, error) {
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 {
		return "", nil, refusal(bot.Invalid, "procedures.exchange_no_file")
	}
	defer r.MultipartForm.RemoveAll() //nolint:errcheck // temporary files; the system clears what is left
	head := r.MultipartForm.File["file"][0]
	if head.Size > MaxFile {
		return "", nil, refusal(bot.Invalid, "procedures.exchange_too_large", "most", MaxFile>>20)
	}
	f, err := head.Open()
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile))
	return fileName(head.Filename, s.book.opt.Clean), data, err
}

// upload is the file of a page with its plan; when it cannot be had, the page is answered.
func (s *service) upload(w http.ResponseWriter, r *http.Request) (Upload, *Plan, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return Upload{}, nil, false
	}
	u, err := s.book.Upload(r.Context(), actor(r), id)
	if err != nil {
		s.kit.Fail(w, r, err)
		return Upload{}, nil, false
	}
	p, err := s.book.Plan(r.Context(), actor(r), u.Name, u.File)
	if err != nil {
		s.problem(w, r, err)
		return Upload{}, nil, false
	}
	return u, p, true
}

func (s *service) showReport(w http.ResponseWriter, r *http.Request) {
	if u, p, ok := s.upload(w, r); ok {
		s.report(w, r, http.StatusOK, u, p, "")
	}
}

// postConfirm does what the report said, if it still says so.
func (s *service) postConfirm(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	u, p, ok := s.upload(w, r)
	if !ok {
		return
	}
	if f.Line("hash") != p.Hash {
		s.report(w, r, http.StatusConflict, u, p, s.kit.T(r, "procedures.exchange_moved"))
		return
	}
	out, err := s.book.Carry(r.Context(), actor(r), p, f.On("gone"))
	if err == nil {
		err = s.book.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
			return s.book.Drop(ctx, work, actor(r), u.ID)
		})
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, draftList, web.Flash{Key: "procedures.exchange_done", Warning: out.Failed > 0,
		Args: []any{"drafts", out.Drafts, "at_once", out.AtOnce, "proposed", out.Proposed, "failed", out.Failed}})
}

func (s *service) postDrop(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return
	}
	if err := s.book.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		return s.book.Drop(ctx, work, actor(r), id)
	}); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, homePath, web.Flash{Key: "procedures.exchange_dropped"})
}

// change is one key of a row, before and after.
type change struct{ Key, Old, New string }

// reported is a line of the report.
type reported struct {
	Place, Code, Name, Why, Draft, Note string
	Changes                             []change
}

type section struct {
	Key   string // of its heading
	Fate  Fate
	Count int
	Lines []reported
	More  int
}

type reportData struct {
	Style, Path, Home, Hash, Name, Problem string
	Sections                               []section
	Unchanged, Skipped                     int
	Unknown                                string
	Does                                   bool // there is something to confirm
	Drafts, AtOnce, Proposed               int
	Gone                                   []reported
	GoneMore                               int
}

func (s *service) report(w http.ResponseWriter, r *http.Request, status int, u Upload, p *Plan, problem string) {
	d := reportData{Style: stylePath, Path: filePath(u.ID), Home: homePath, Hash: p.Hash, Name: u.Name, Problem: problem,
		Unchanged: p.Counts[Unchanged], Skipped: p.Skipped, Drafts: p.Drafts(), AtOnce: p.Counts[AtOnce], Proposed: p.Counts[Proposes]}
	var unknown []string
	for _, u := range p.Unknown {
		unknown = append(unknown, s.kit.T(r, u.Key, u.Args...))
	}
	d.Unknown = strings.Join(unknown, "; ")
	d.Does = d.Drafts+d.AtOnce+d.Proposed+len(p.Gone) > 0
	for _, e := range p.Gone[:min(len(p.Gone), maxShown)] {
		d.Gone = append(d.Gone, reported{Code: e.Code, Name: e.Name})
	}
	d.GoneMore = len(p.Gone) - len(d.Gone)
	for _, fate := range []Fate{Refuses, Changes, Adds, AtOnce, Proposes, Waits} {
		sec := section{Key: "procedures.exchange_fate_" + string(fate), Fate: fate, Count: p.Counts[fate], More: max(0, p.Counts[fate]-maxShown)}
		for _, l := range p.Lines {
			if l.Fate == fate && len(sec.Lines) < maxShown {
				sec.Lines = append(sec.Lines, s.line(r, l))
			}
		}
		if sec.Count > 0 {
			d.Sections = append(d.Sections, sec)
		}
	}
	s.kit.Render(w, r, status, s.views["report"], d)
}

func (s *service) line(r *http.Request, l Line) reported {
	out := reported{Code: l.Code, Name: l.Name, Note: l.Note, Place: s.kit.T(r, "procedures.exchange_line", "line", l.Row)}
	if l.Sheet != "" {
		out.Place = s.kit.T(r, "procedures.exchange_row", "sheet", l.Sheet, "row", l.Row)
	}
	var why []string
	for _, x := range l.Why {
		text := s.kit.T(r, x.Key, x.Args...)
		if _, known := entries.KeyOf(x.Field); known {
			text = s.kit.T(r, "procedures.key_"+x.Field) + ": " + text
		}
		why = append(why, text)
	}
	out.Why = strings.Join(why, " ")
	if l.Draft > 0 {
		out.Draft = draftPath + strconv.FormatInt(l.Draft, 10)
	}
	tell := func(key string) string { return s.kit.T(r, key) }
	for _, k := range l.Keys {
		if l.Base == nil || l.Fate == Waits || l.Fate == Refuses {
			break // the name says it
		}
		out.Changes = append(out.Changes, change{"procedures.key_" + k.Name, said(k, l.Base, tell), said(k, l.Next, tell)})
	}
	return out
}

// maxSaid is how many letters of one side of a change a report shows; the draft shows all of it.
const maxSaid = 400

// said is what an entry says under a key, in short.
func said(k entries.Key, e *knowledge.Entry, tell func(key string) string) string {
	var lines []string
	for _, row := range k.Rows(e) {
		row = slices.DeleteFunc(row, func(c string) bool { return c == "" })
		for i, c := range row {
			row[i] = read(k, c, tell)
		}
		lines = append(lines, strings.Join(row, " · "))
	}
	text := strings.Join(lines, "\n")
	if utf8.RuneCountInString(text) > maxSaid {
		text = string([]rune(text)[:maxSaid]) + "…"
	}
	return text
}

// read is a text as people read it: a file has signs in its place for some.
func read(k entries.Key, text string, tell func(key string) string) string {
	switch k.Name {
	case "status":
		return tell("procedures.desk_status_" + text)
	case "kind":
		return tell("procedures.desk_kind_of_" + text)
	case "updated", "valid_from", "valid_to", "verified_at":
		return day(text)
	}
	return text
}

// day is a day as people write it.
func day(text string) string {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return t.Format("02/01/2006")
}
