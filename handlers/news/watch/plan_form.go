package watch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

type editData struct {
	Style    string
	Form     *web.Form
	New      bool
	Action   string
	Back     string
	Version  int64
	Media    []mediumChoice
	MediaBad string
	Wrong    string
}

type mediumChoice struct {
	ID, Key string
	On      bool
}

// formOf is a form filled with a campaign.
func (s *service) formOf(c items.Campaign) *web.Form {
	f := s.kit.NewForm(url.Values{})
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.DateOnly)
	}
	for name, value := range map[string]string{
		"title": c.Title, "message": c.Message, "audience": c.Audience, "starts": day(c.Starts), "ends": day(c.Ends), "body": c.Body, "note": c.Note, "items": numbers(c.Items),
	} {
		f.Set(name, value)
	}
	return f
}

func numbers(list []int64) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = itoa(n)
	}
	return strings.Join(out, ", ")
}

// readNumbers reads "3, 12"; false when something else stands there.
func readNumbers(text string) (out []int64, ok bool) {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;# ", r) }) {
		n := number(part)
		if n == 0 {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func (s *service) renderEdit(w http.ResponseWriter, r *http.Request, status int, c items.Campaign, f *web.Form, wrong string) {
	d := editData{Style: stylePath, Form: f, New: c.ID == 0, Action: planPath + "/new", Back: planPath, Version: c.Version, Wrong: wrong}
	if c.ID != 0 {
		d.Action, d.Back = campaignPath(c.ID)+"/edit", campaignPath(c.ID)
	}
	for _, m := range items.Media() {
		on := false
		for _, have := range c.Media {
			on = on || have == m
		}
		d.Media = append(d.Media, mediumChoice{string(m), mediumKey(m), on})
	}
	if status == http.StatusUnprocessableEntity && len(c.Media) == 0 {
		d.MediaBad = s.kit.T(r, "news.invalid_campaign_media")
	}
	s.render(w, r, status, "campaign_edit", d)
}

// planning lets only those go on who may change the plan.
func (s *service) planning(w http.ResponseWriter, r *http.Request) bool {
	if items.Planner(web.OfficerFrom(r.Context())) {
		return true
	}
	s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "news.denied_action"})
	return false
}

func (s *service) showNew(w http.ResponseWriter, r *http.Request) {
	if s.planning(w, r) {
		s.renderEdit(w, r, http.StatusOK, items.Campaign{}, s.kit.NewForm(nil), "")
	}
}

func (s *service) showEdit(w http.ResponseWriter, r *http.Request) {
	if !s.planning(w, r) {
		return
	}
	c, err := s.opt.Desk.Campaign(r.Context(), number(r.PathValue("id")), actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.renderEdit(w, r, http.StatusOK, c, s.formOf(c), "")
}

// postEdit writes a new campaign, or another version of one.
func (s *service) postEdit(w http.ResponseWriter, r *http.Request) {
	if !s.planning(w, r) {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	var c items.Campaign
	if text := r.PathValue("id"); text != "" {
		if c, err = s.opt.Desk.Campaign(r.Context(), number(text), actor(r)); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		c.Version = number(f.Raw("version"))
	}
	c.Title, c.Message, c.Audience, c.Body, c.Note = f.Line("title"), f.Get("message"), f.Line("audience"), f.Line("body"), f.Get("note")
	c.Media = nil
	for _, m := range f.All("media") {
		c.Media = append(c.Media, items.Medium(m))
	}
	for _, field := range []struct {
		name string
		to   *time.Time
	}{{"starts", &c.Starts}, {"ends", &c.Ends}} {
		day, ok := sheet.Day(f.Line(field.name))
		if !ok {
			f.Fail(field.name, "news.watch_wrong_day")
		}
		*field.to = day
	}
	var known bool
	if c.Items, known = readNumbers(f.Line("items")); !known {
		f.Fail("items", "news.plan_wrong_items")
	}
	if f.Failed() {
		s.renderEdit(w, r, http.StatusUnprocessableEntity, c, f, "")
		return
	}
	saved := c
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		saved, _, err = s.opt.Desk.SaveCampaign(ctx, work, actor(r), c)
		return err
	})
	var e *bot.Error
	switch {
	case bot.IsCode(err, bot.Invalid) && errors.As(err, &e):
		if field := fieldOf(e.Key); field != "media" { // beside its boxes
			f.FailWith(field, err)
		}
		s.renderEdit(w, r, http.StatusUnprocessableEntity, c, f, "")
	case bot.IsCode(err, bot.Conflict):
		now, gerr := s.opt.Desk.Campaign(r.Context(), c.ID, actor(r))
		if gerr != nil {
			s.kit.Fail(w, r, gerr)
			return
		}
		c.Version = now.Version // who presses again has been told
		s.renderEdit(w, r, http.StatusConflict, c, f, s.kit.T(r, "news.plan_conflict_edit"))
	case err != nil:
		s.kit.Fail(w, r, err)
	default:
		s.kit.Done(w, r, campaignPath(saved.ID), web.Flash{Key: "news.plan_saved", Args: []any{"title", saved.Title}})
	}
}

// fieldOf is the field beside which a mistake stands.
func fieldOf(key string) string {
	switch key {
	case "news.invalid_campaign_title":
		return "title"
	case "news.invalid_campaign_message":
		return "message"
	case "news.invalid_campaign_audience":
		return "audience"
	case "news.invalid_campaign_body":
		return "body"
	case "news.invalid_campaign_note":
		return "note"
	case "news.invalid_campaign_media":
		return "media"
	case "news.invalid_campaign_items", "news.invalid_campaign_item":
		return "items"
	}
	return "ends"
}

// exportPlan answers with the plan of a year as an Excel file, which can be changed and brought in again.
func (s *service) exportPlan(w http.ResponseWriter, r *http.Request) {
	q, _ := s.planQuery(r)
	q.view = viewList
	from, to := q.span()
	list, _, err := s.opt.Desk.Campaigns(r.Context(), actor(r), items.CampaignFilter{From: from, To: to})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	p := sheet.Page{Name: s.kit.T(r, "news.plan_sheet", "year", strconv.Itoa(q.year)), Widths: []float64{8, 8, 40, 50, 24, 34, 12, 12, 28, 30, 14, 30, 14}}
	for _, c := range planColumns {
		head, _, _ := strings.Cut(s.kit.T(r, c.key), "|")
		p.Head = append(p.Head, head)
	}
	for _, c := range list {
		row := []any{c.ID, c.Version}
		for i, f := range s.columns(r, c) {
			switch planColumns[i+2].id {
			case colStarts:
				row = append(row, c.Starts)
			case colEnds:
				row = append(row, c.Ends)
			case colDone:
				row = append(row, c.Done)
			default:
				row = append(row, f.After)
			}
		}
		p.Rows = append(p.Rows, row)
	}
	s.sendBook(w, r, "ke-hoach-truyen-thong-"+strconv.Itoa(q.year)+".xlsx", p)
}
