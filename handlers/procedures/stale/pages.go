package stale

import (
	"database/sql"
	"embed"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

//go:embed page/*.html
var pageFiles embed.FS

// Paths of the pages.
const (
	listPath  = "/console/procedures/stale"
	entryPath = "/console/procedures/entry/" // of handlers/procedures/desk
	stylePath = "/console/procedures/desk.css"
)

var watchers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}

// Part is the console's part of the feature "procedures", with the jobs.
func Part(b *Book) (bot.Feature, error) {
	view, err := b.opt.Console.View(pageFiles, "page/list.html")
	if err != nil {
		return bot.Feature{}, err
	}
	s := &service{book: b, kit: b.opt.Console, view: view}
	return bot.Feature{
		Name: "procedures", Jobs: b.Jobs(),
		Nav:   []bot.Nav{{Key: "procedures.stale_nav", Path: listPath, Roles: watchers}},
		Pages: []bot.Page{{Pattern: "GET " + listPath, Roles: watchers, Handler: http.HandlerFunc(s.show)}},
	}, nil
}

type service struct {
	book *Book
	kit  *web.Console
	view *web.View
}

const pageSize = 50

type line struct {
	Path, Name, Code, Field, Date, Ends, Link string
	Why                                       []string // text keys
	Checked                                   time.Time
	Status                                    int
}

type listData struct {
	Style         string
	Form          *web.Form
	Whys, Fields  []web.Option
	Lines         []line
	Count, Days   int
	Asked, Checks bool
	Pager         web.Pager
}

func (s *service) show(w http.ResponseWriter, r *http.Request) {
	list, err := s.book.List(r.Context(), s.book.sees(web.OfficerFrom(r.Context())))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	f := s.kit.NewForm(r.URL.Query())
	why, field := Why(f.Line("why")), f.Line("field")
	d := listData{Style: stylePath, Form: f, Days: int(s.book.opt.Age / (24 * time.Hour)), Asked: why != "" || field != "", Checks: s.book.opt.Open != nil}
	any := web.Option{Label: s.kit.T(r, "procedures.stale_any")}
	d.Whys, d.Fields = []web.Option{any}, []web.Option{any}
	for _, x := range Whys() {
		d.Whys = append(d.Whys, web.Option{Value: string(x), Label: s.kit.T(r, "procedures.stale_why_"+string(x))})
	}
	var fields []string
	for _, l := range list {
		fields = append(fields, l.Entry.Field)
	}
	slices.Sort(fields)
	for _, x := range slices.Compact(fields) {
		if x != "" {
			d.Fields = append(d.Fields, web.Option{Value: x, Label: x})
		}
	}
	list = slices.DeleteFunc(list, func(l Line) bool {
		return why != "" && !slices.Contains(l.Why, why) || field != "" && l.Entry.Field != field
	})
	d.Count = len(list)
	now, _ := strconv.Atoi(f.Line("after")) // nonsense is the beginning
	now = min(max(now, 0), len(list))
	next := ""
	if now+pageSize < len(list) {
		next = strconv.Itoa(now + pageSize)
	}
	begun := ""
	if now > 0 {
		begun = strconv.Itoa(now)
	}
	d.Pager = web.PagerOf(r, "after", begun, next)
	for _, l := range list[now:min(now+pageSize, len(list))] {
		row, err := s.line(r, l)
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		d.Lines = append(d.Lines, row)
	}
	s.kit.Render(w, r, http.StatusOK, s.view, d)
}

func (s *service) line(r *http.Request, l Line) (line, error) {
	e := l.Entry
	out := line{Path: entryPath + e.Code, Name: e.Name, Code: e.Code, Field: e.Field, Date: day(max(e.Updated, e.VerifiedAt)), Ends: day(e.ValidTo)}
	for _, x := range l.Why {
		out.Why = append(out.Why, "procedures.stale_why_"+string(x))
	}
	if !slices.Contains(l.Why, Broken) {
		return out, nil
	}
	var checked int64
	err := s.book.opt.Read.QueryRowContext(r.Context(), `select checked, status from procedures_links where url = $1`, e.SourceURL).Scan(&checked, &out.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return out, nil
	}
	out.Link, out.Checked = e.SourceURL, time.UnixMilli(checked)
	return out, err
}
