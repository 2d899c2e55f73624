package watch

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sheet"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// planPath is where the yearly plan of communication stands.
const planPath = "/console/campaigns"

func campaignPath(id int64) string { return planPath + "/" + itoa(id) }

// Views and states of the plan, as the address has them.
const (
	viewList     = "list"
	viewMonth    = "month"
	stateAll     = ""
	stateOpen    = "open"
	stateOverdue = "overdue"
	stateDone    = "done"
	stateDropped = "dropped"
)

// campaignView is a campaign as a page shows it.
type campaignView struct {
	items.Campaign
	Path     string
	MediaKey []string
	StateKey string
	Late     bool
	Linked   []linkedItem
	At, Days int // in a month: the days before it begins, and how many of the month it takes
}

// linkedItem is an item of news of a campaign; Title is "" for one that the reader may not see.
type linkedItem struct {
	ID    int64
	Title string
	Path  string
}

func mediumKey(m items.Medium) string {
	return map[items.Medium]string{
		items.MediumBot: "news.plan_medium_bot", items.MediumColumn: "news.plan_medium_column", items.MediumPortal: "news.plan_medium_portal",
		items.MediumStation: "news.plan_medium_station", items.MediumNewspaper: "news.plan_medium_newspaper", items.MediumLoudspeaker: "news.plan_medium_loudspeaker",
		items.MediumMeeting: "news.plan_medium_meeting", items.MediumContest: "news.plan_medium_contest", items.MediumPoster: "news.plan_medium_poster",
		items.MediumOther: "news.plan_medium_other",
	}[m]
}

// mediumWords is the text key of other words for a medium, separated by "|".
func mediumWords(m items.Medium) string {
	return map[items.Medium]string{
		items.MediumBot: "news.plan_words_bot", items.MediumColumn: "news.plan_words_column", items.MediumPortal: "news.plan_words_portal",
		items.MediumStation: "news.plan_words_station", items.MediumNewspaper: "news.plan_words_newspaper", items.MediumLoudspeaker: "news.plan_words_loudspeaker",
		items.MediumMeeting: "news.plan_words_meeting", items.MediumContest: "news.plan_words_contest", items.MediumPoster: "news.plan_words_poster",
		items.MediumOther: "news.plan_words_other",
	}[m]
}

func (s *service) campaignView(c items.Campaign) campaignView {
	now := s.opt.Now()
	v := campaignView{Campaign: c, Path: campaignPath(c.ID), Late: c.Overdue(now), StateKey: "news.plan_state_coming"}
	switch {
	case c.Dropped:
		v.StateKey = "news.plan_state_dropped"
	case !c.Done.IsZero():
		v.StateKey = "news.plan_state_done"
	case v.Late:
		v.StateKey = "news.plan_state_overdue"
	case c.Running(now):
		v.StateKey = "news.plan_state_running"
	}
	for _, m := range c.Media {
		v.MediaKey = append(v.MediaKey, mediumKey(m))
	}
	return v
}

// link names the items of campaigns.
func (s *service) link(r *http.Request, list []campaignView) error {
	var ids []int64
	for _, c := range list {
		ids = append(ids, c.Items...)
	}
	titles, err := s.opt.Desk.ItemTitles(r.Context(), actor(r), ids)
	for i := range list {
		for _, id := range list[i].Items {
			list[i].Linked = append(list[i].Linked, linkedItem{id, titles[id], progressPath(id)})
		}
	}
	return err
}

type planData struct {
	Style  string
	Form   *web.Form
	Title  string // "2026", or "11/2026" in a month
	List   []campaignView
	Month  bool
	Days   int
	Today  int // day of the month, 0 for another month
	Before string
	After  string
	Tabs   []planTab
	Views  []periodLink
	Counts planCounts
	More   bool
	May    bool
	New    string
	Import string
	Book   string
	Media  []web.Option
	Any    bool // there are campaigns, but none that fits
}

type planTab struct {
	Key, Path string
	Count     int
	Here      bool
	Bad       bool
}

type planCounts struct{ All, Open, Overdue, Done, Dropped int }

// planQuery is what the address asks for.
type planQuery struct {
	view, state string
	year        int
	month       time.Time // first day; of viewMonth
	words       string
	medium      items.Medium
}

func (s *service) planQuery(r *http.Request) (planQuery, *web.Form) {
	f := s.kit.NewForm(r.URL.Query())
	today := s.today()
	q := planQuery{view: viewList, state: f.Raw("state"), year: today.Year(), month: today.AddDate(0, 0, 1-today.Day()), words: f.Line("words"), medium: items.Medium(f.Raw("medium"))}
	if !slices.Contains([]string{stateOpen, stateOverdue, stateDone, stateDropped}, q.state) {
		q.state = stateAll
	}
	if mediumKey(q.medium) == "" {
		q.medium = ""
	}
	if y, err := strconv.Atoi(f.Raw("year")); err == nil && y >= 2000 && y <= 2100 {
		q.year = y
	}
	if f.Raw("view") == viewMonth {
		q.view = viewMonth
	}
	if m, err := time.ParseInLocation("2006-01", f.Raw("month"), calendar.Zone); err == nil && m.Year() >= 2000 && m.Year() <= 2100 {
		q.month = m
	}
	if q.view == viewMonth {
		q.year = q.month.Year()
	}
	f.Set("year", strconv.Itoa(q.year))
	f.Set("view", q.view)
	return q, f
}

// path is the page for another question.
func (q planQuery) path(change func(*planQuery)) string {
	change(&q)
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("state", q.state)
	set("words", q.words)
	set("medium", string(q.medium))
	if q.view == viewMonth {
		set("view", viewMonth)
		set("month", q.month.Format("2006-01"))
	} else {
		set("year", strconv.Itoa(q.year))
	}
	return planPath + "?" + v.Encode()
}

// span is the days that are asked for, both counted.
func (q planQuery) span() (from, to time.Time) {
	if q.view == viewMonth {
		return q.month, q.month.AddDate(0, 1, -1)
	}
	return time.Date(q.year, 1, 1, 0, 0, 0, 0, calendar.Zone), time.Date(q.year, 12, 31, 0, 0, 0, 0, calendar.Zone)
}

func (s *service) fits(q planQuery, c items.Campaign) bool {
	if q.medium != "" && !slices.Contains(c.Media, q.medium) {
		return false
	}
	text := s.opt.Fold(strings.Join([]string{c.Title, c.Message, c.Audience, c.Body, c.Note}, " "))
	return !slices.ContainsFunc(strings.Fields(s.opt.Fold(q.words)), func(w string) bool { return !strings.Contains(text, w) })
}

func (s *service) showPlan(w http.ResponseWriter, r *http.Request) {
	q, f := s.planQuery(r)
	from, to := q.span()
	all, more, err := s.opt.Desk.Campaigns(r.Context(), actor(r), items.CampaignFilter{From: from, To: to})
	var dropped []items.Campaign
	if err == nil {
		dropped, _, err = s.opt.Desk.Campaigns(r.Context(), actor(r), items.CampaignFilter{From: from, To: to, Dropped: true})
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := planData{Style: stylePath, Form: f, More: more, Month: q.view == viewMonth, May: items.Planner(web.OfficerFrom(r.Context())), New: planPath + "/new", Import: planPath + "/import",
		Any: len(all)+len(dropped) > 0, Title: strconv.Itoa(q.year)}
	d.Book, _ = web.URL(planPath+"/plan.xlsx", "year", strconv.Itoa(q.year)) // pairs of texts cannot fail
	d.Media = append(d.Media, web.Option{Label: s.kit.T(r, "news.plan_any")})
	for _, m := range items.Media() {
		d.Media = append(d.Media, web.Option{Value: string(m), Label: s.kit.T(r, mediumKey(m))})
	}
	fit := func(c items.Campaign) bool { return !s.fits(q, c) }
	all, dropped = slices.DeleteFunc(all, fit), slices.DeleteFunc(dropped, fit)
	for _, c := range append(all, dropped...) {
		v := s.campaignView(c)
		n := &d.Counts
		var shown bool
		switch {
		case c.Dropped:
			n.Dropped++
			shown = q.state == stateDropped
		case !c.Done.IsZero():
			n.Done++
			shown = q.state == stateAll || q.state == stateDone
		default:
			n.Open++
			shown = q.state == stateAll || q.state == stateOpen || v.Late && q.state == stateOverdue
		}
		if v.Late {
			n.Overdue++
		}
		if shown {
			d.List = append(d.List, v)
		}
	}
	d.Counts.All = d.Counts.Open + d.Counts.Done
	if err := s.link(r, d.List); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.planFrame(q, &d)
	s.render(w, r, http.StatusOK, "plan", d)
}

// planFrame fills in what stands around the list.
func (s *service) planFrame(q planQuery, d *planData) {
	for _, t := range []planTab{
		{Key: "news.plan_tab_all", Path: stateAll, Count: d.Counts.All}, {Key: "news.plan_tab_open", Path: stateOpen, Count: d.Counts.Open},
		{Key: "news.plan_tab_overdue", Path: stateOverdue, Count: d.Counts.Overdue, Bad: d.Counts.Overdue > 0},
		{Key: "news.plan_tab_done", Path: stateDone, Count: d.Counts.Done}, {Key: "news.plan_tab_dropped", Path: stateDropped, Count: d.Counts.Dropped},
	} {
		state := t.Path
		t.Here, t.Path = state == q.state, q.path(func(q *planQuery) { q.state = state })
		d.Tabs = append(d.Tabs, t)
	}
	d.Views = []periodLink{
		{"news.plan_view_list", q.path(func(q *planQuery) { q.view = viewList }), q.view == viewList},
		{"news.plan_view_month", q.path(func(q *planQuery) {
			if q.view != viewMonth && q.year != q.month.Year() {
				q.month = time.Date(q.year, 1, 1, 0, 0, 0, 0, calendar.Zone)
			}
			q.view = viewMonth
		}), q.view == viewMonth},
	}
	step := func(n int) func(*planQuery) {
		return func(q *planQuery) { q.year, q.month = q.year+n, q.month.AddDate(0, n, 0) }
	}
	d.Before, d.After = q.path(step(-1)), q.path(step(1))
	if !d.Month {
		return
	}
	first, last := q.span()
	d.Title, d.Days = q.month.Format("01/2006"), last.Day()
	if today := s.today(); !today.Before(first) && !today.After(last) {
		d.Today = today.Day()
	}
	for i := range d.List {
		v := &d.List[i]
		if v.Starts.After(first) {
			v.At = v.Starts.Day() - 1
		}
		end := last.Day()
		if v.Ends.Before(last) {
			end = v.Ends.Day()
		}
		v.Days = end - v.At
	}
}

type campaignData struct {
	Style   string
	C       campaignView
	History []historyLine
	May     bool
	Form    *web.Form // done on, result
	Wrong   string
	Back    string
	Edit    string
}

// historyLine is one change of a campaign: what it said before and says since.
type historyLine struct {
	When    time.Time
	Who     string
	Key     string
	Version int64
	Now     bool
	Changes []changedField
}

type changedField struct{ Key, Before, After string }

func (s *service) showCampaign(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(nil)
	f.Set("done", s.today().Format(time.DateOnly))
	s.answerCampaign(w, r, http.StatusOK, f, "")
}

func (s *service) answerCampaign(w http.ResponseWriter, r *http.Request, status int, f *web.Form, wrong string) {
	id := number(r.PathValue("id"))
	c, err := s.opt.Desk.Campaign(r.Context(), id, actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	list := []campaignView{s.campaignView(c)}
	err = s.link(r, list)
	d := campaignData{Style: stylePath, C: list[0], Form: f, Wrong: wrong, Back: planPath + "?year=" + strconv.Itoa(c.Starts.Year()), Edit: campaignPath(id) + "/edit", May: items.Planner(web.OfficerFrom(r.Context()))}
	if err == nil {
		d.History, err = s.history(r, id)
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "campaign", d)
}

func (s *service) history(r *http.Request, id int64) ([]historyLine, error) {
	list, err := s.opt.Desk.CampaignHistory(r.Context(), id, actor(r))
	names := map[string]string{}
	var out []historyLine
	for i, e := range list {
		if names[e.Actor] == "" {
			names[e.Actor] = s.who(r, e.Actor)
		}
		l := historyLine{When: e.At, Who: names[e.Actor], Version: e.Version, Now: i == 0, Key: map[string]string{
			items.CampaignAdded: "news.plan_did_added", items.CampaignChanged: "news.plan_did_changed", items.CampaignDone: "news.plan_did_done",
			items.CampaignReopened: "news.plan_did_reopened", items.CampaignDropped: "news.plan_did_dropped", items.CampaignBack: "news.plan_did_back",
			items.CampaignRestored: "news.plan_did_restored",
		}[e.Action]}
		if i+1 < len(list) {
			l.Changes = s.changes(r, list[i+1].Campaign, e.Campaign)
		}
		out = append(out, l)
	}
	return out, err
}

// columns are the fields of a campaign, in the order of pages and of the Excel file.
func (s *service) columns(r *http.Request, c items.Campaign) []changedField {
	var media, linked []string
	for _, m := range c.Media {
		media = append(media, s.kit.T(r, mediumKey(m)))
	}
	for _, id := range c.Items {
		linked = append(linked, itoa(id))
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return web.Day(t)
	}
	return []changedField{
		{Key: "news.plan_field_title", After: c.Title}, {Key: "news.plan_field_message", After: c.Message}, {Key: "news.plan_field_audience", After: c.Audience},
		{Key: "news.plan_field_media", After: strings.Join(media, ", ")}, {Key: "news.plan_field_starts", After: day(c.Starts)}, {Key: "news.plan_field_ends", After: day(c.Ends)},
		{Key: "news.plan_field_body", After: c.Body}, {Key: "news.plan_field_note", After: c.Note}, {Key: "news.plan_field_done", After: day(c.Done)},
		{Key: "news.plan_field_result", After: c.Result}, {Key: "news.plan_field_items", After: strings.Join(linked, ", ")},
	}
}

func (s *service) changes(r *http.Request, before, now items.Campaign) (out []changedField) {
	old := s.columns(r, before)
	for i, f := range s.columns(r, now) {
		if f.Before = old[i].After; f.Before != f.After {
			out = append(out, f)
		}
	}
	return out
}

// change runs something on a campaign and answers: done, or the page with what went wrong.
func (s *service) change(w http.ResponseWriter, r *http.Request, f *web.Form, field string, flash web.Flash, do func(ctx context.Context, work *bot.Work) error) {
	err := s.opt.Works.Do(r.Context(), do)
	switch {
	case bot.IsCode(err, bot.Invalid) && field != "" && f.FailWith(field, err):
		s.answerCampaign(w, r, http.StatusUnprocessableEntity, f, "")
	case bot.IsCode(err, bot.Conflict):
		s.answerCampaign(w, r, http.StatusConflict, f, s.kit.T(r, "news.plan_conflict"))
	case err != nil:
		s.kit.Fail(w, r, err)
	default:
		s.kit.Done(w, r, campaignPath(number(r.PathValue("id"))), flash)
	}
}

// postDone marks a campaign as done, or not.
func (s *service) postDone(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	var c items.Campaign
	if err == nil {
		c, err = s.opt.Desk.Campaign(r.Context(), number(r.PathValue("id")), actor(r))
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	c.Version, c.Result = number(f.Raw("version")), f.Get("result")
	flash := web.Flash{Key: "news.plan_saved_done"}
	if f.On("reopen") {
		c.Done, flash.Key = time.Time{}, "news.plan_saved_reopened"
	} else {
		day, ok := sheet.Day(f.Line("done"))
		if !ok {
			f.Fail("done", "news.watch_wrong_day")
			s.answerCampaign(w, r, http.StatusUnprocessableEntity, f, "")
			return
		}
		c.Done = day
	}
	s.change(w, r, f, "done", flash, func(ctx context.Context, work *bot.Work) error {
		_, _, err := s.opt.Desk.SaveCampaign(ctx, work, actor(r), c)
		return err
	})
}

// postDrop gives a campaign up, or takes it back.
func (s *service) postDrop(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, version, drop := number(r.PathValue("id")), number(f.Raw("version")), f.On("drop")
	flash := web.Flash{Key: "news.plan_saved_back"}
	if drop {
		flash = web.Flash{Key: "news.plan_saved_dropped", Undo: &web.Undo{Path: campaignPath(id) + "/drop", Fields: map[string]string{"version": itoa(version + 1)}}}
	}
	s.change(w, r, f, "", flash, func(ctx context.Context, work *bot.Work) error {
		_, err := s.opt.Desk.DropCampaign(ctx, work, actor(r), id, version, drop)
		return err
	})
}

// postRestore brings an earlier version back.
func (s *service) postRestore(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, version, restore := number(r.PathValue("id")), number(f.Raw("version")), number(f.Raw("restore"))
	flash := web.Flash{Key: "news.plan_saved_restored", Undo: &web.Undo{Path: campaignPath(id) + "/restore", Fields: map[string]string{"version": itoa(version + 1), "restore": itoa(version)}}}
	s.change(w, r, f, "", flash, func(ctx context.Context, work *bot.Work) error {
		_, err := s.opt.Desk.RestoreCampaign(ctx, work, actor(r), id, version, restore)
		return err
	})
}
