package watch

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// glanceFor is how long counted figures serve all who watch: a million rows are counted each time.
const (
	glanceFor  = 2 * time.Second
	maxGlances = 100
)

type glance struct {
	at      time.Time
	version int64
	figures items.Figures
}

// figures are those of an item that somebody may see, at most glanceFor old.
func (s *service) figures(ctx context.Context, id int64, a items.Actor) (items.Figures, error) {
	it, err := s.opt.Desk.Get(ctx, id, a)
	if err != nil {
		return items.Figures{}, err
	}
	now := s.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if g, ok := s.seen[id]; ok && g.version == it.Version && now.Sub(g.at) < glanceFor {
		return g.figures, nil
	}
	f, err := s.opt.Desk.Figures(ctx, id, a)
	if err != nil {
		return f, err
	}
	if len(s.seen) >= maxGlances {
		clear(s.seen)
	}
	s.seen[id] = glance{now, f.Item.Version, f}
	return f, nil
}

type progressData struct {
	Style   string
	Title   string
	Item    string // path of the item's page
	Live    liveData
	Buttons buttons
	Posts   []postLine
	Wrong   string
}

// buttons are what the officer may do now.
type buttons struct {
	Version              int64
	Pause, Resume, Again bool
	Stop                 string // path of the page that asks; "" when it cannot be stopped
	Failed               int    // who can be sent it again
	Action               string
	Correct              string // path of the page that makes a correction; "" when there is none to make
}

// liveData is the part of the page that is looked at again and again.
type liveData struct {
	Path     string // where it is fetched from; "" when nothing moves any more
	StateKey string
	ByPost   bool // it goes by article where that can be
	Quiet    bool // an item that nobody is sent
	Begins   time.Time
	Ended    time.Time
	F        items.Figures
	Bar      []barPart
	Finding  bool
	Share    int // of a hundred who were found, those who have it
	Left     int // waiting, and not by their own doing
	Pace     string
	Ends     time.Time
	Rest     int // minutes to the end, 0 when it is not known
	Why      []why
	Channels []channelLine
	Failed   []failedLine
	Capped   int
	Gone     int
	LeftIt   int // left a topic after it
	Opened   int
}

// barPart is a piece of the bar, in thousandths.
type barPart struct {
	Class, Key string
	At, Width  int
	Count      int
}

// why is a reason to wait: words, and how many it concerns, 0 for all.
type why struct {
	Text  string
	Count int
	Bad   bool // somebody has to do something
}

type channelLine struct {
	Name string
	items.ChannelFigures
	Pace string
}

// failedLine is how many did not get it for one reason.
type failedLine struct {
	Channel, Reason, Advice string
	Count                   int
}

func (s *service) showProgress(w http.ResponseWriter, r *http.Request) {
	s.answerProgress(w, r, http.StatusOK, "")
}

func (s *service) answerProgress(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	f, err := s.figures(r.Context(), number(r.PathValue("id")), actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	posts, err := s.posts(r, f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	live := s.live(r, f, posts)
	if web.WantsFragment(r) && r.Method == http.MethodGet {
		if r.URL.Query().Get("seen") != seenOf(f, posts) { // the buttons around it are not true any more
			w.Header().Set("HX-Refresh", "true")
		}
		s.kit.Fragment(w, r, s.views["progress"], "live", live)
		return
	}
	d := progressData{Style: stylePath, Title: f.Item.Content.Title, Item: itemPath(f.Item.ID), Live: live, Posts: posts, Wrong: wrong}
	if d.Buttons, err = s.buttons(r, f); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "progress", d)
}

func (s *service) buttons(r *http.Request, f items.Figures) (buttons, error) {
	may, err := s.opt.Desk.May(r.Context(), f.Item, actor(r))
	b := buttons{Version: f.Item.Version, Action: progressPath(f.Item.ID)}
	for _, a := range may {
		switch a {
		case items.Pause:
			b.Pause = true
		case items.Resume:
			b.Resume = true
		case items.Stop:
			b.Stop = progressPath(f.Item.ID) + "/stop"
		case items.Again:
			if sendable(f.Rows) == 0 {
				continue
			}
			if b.Failed, err = s.opt.Desk.CountAgain(r.Context(), f.Item); err != nil {
				return b, err
			}
			b.Again = b.Failed > 0
		}
	}
	if f.Item.State.Public() && !f.Item.Content.Quiet && items.Planner(web.OfficerFrom(r.Context())) {
		b.Correct = itemPath(f.Item.ID) + "/correct"
	}
	return b, err
}

// Reasons of failures after which nothing is sent again: it may have arrived, or he wants nothing kept of him.
const (
	mayHaveArrived = "delivery.reason_unknown_once"
	erased         = "delivery.reason_erased"
)

// sendable is how many of those who failed can be tried again.
func sendable(rows []bot.SpreadCount) (n int) {
	for _, c := range rows {
		if c.State == bot.OutboxDead && c.Reason != mayHaveArrived && c.Reason != erased {
			n += c.Count
		}
	}
	return n
}

// live puts the figures of an item into the words and lengths of the page.
func (s *service) live(r *http.Request, f items.Figures, posts []postLine) liveData {
	it := f.Item
	d := liveData{StateKey: stateKey(it.State), Quiet: it.Content.Quiet, ByPost: it.Content.Article, Ended: it.Finished, F: f, Finding: f.Looked < 100, Left: f.Waiting, Ends: f.Ends,
		Capped: it.Progress.Capped, Gone: it.Progress.Gone, LeftIt: f.Left, Opened: f.Opened}
	if it.State == items.Scheduled {
		d.Begins = it.Scheduled
	}
	if f.Reach > 0 {
		d.Share = (100*f.Sent + f.Reach/2) / f.Reach
		if d.Share == 100 && f.Sent < f.Reach {
			d.Share = 99
		}
	}
	d.Bar = barOf(f)
	moving := it.State == items.Sending || it.State == items.Paused || it.State == items.Scheduled
	if moving || f.Waiting > 0 || slices.ContainsFunc(posts, func(p postLine) bool { return p.Waits }) {
		d.Path = progressPath(it.ID) + "?seen=" + seenOf(f, posts)
	}
	if it.State == items.Sending {
		d.Pace = s.pace(r, f.PerSecond)
		if !d.Ends.IsZero() {
			d.Rest = int(math.Ceil(d.Ends.Sub(s.opt.Now()).Minutes()))
		}
	}
	d.Why = s.whys(r, f)
	for _, c := range f.Channels {
		line := channelLine{Name: s.channel(r, c.Channel), ChannelFigures: c}
		if it.State == items.Sending && c.Waiting > 0 {
			line.Pace = s.shortPace(r, c.PerSecond)
		}
		d.Channels = append(d.Channels, line)
	}
	for _, c := range f.Rows {
		if c.State == bot.OutboxDead {
			d.Failed = append(d.Failed, failedLine{Channel: s.channel(r, c.Channel), Reason: s.reason(r, c.Reason), Advice: s.kit.T(r, advice(c.Reason)), Count: c.Count})
		}
	}
	slices.SortStableFunc(d.Failed, func(a, b failedLine) int { return b.Count - a.Count })
	return d
}

// barOf are the pieces of the bar: their lengths add up to a thousand, and what is not nothing is seen.
func barOf(f items.Figures) []barPart {
	parts := []barPart{
		{Class: "sent", Key: "news.watch_sent", Count: f.Sent}, {Class: "failed", Key: "news.watch_failed", Count: f.Failed},
		{Class: "dropped", Key: "news.watch_dropped", Count: f.Dropped}, {Class: "held", Key: "news.watch_held", Count: f.Held},
		{Class: "waiting", Key: "news.watch_waiting", Count: f.Waiting},
	}
	at, longest := 0, 0
	for i := range parts {
		p := &parts[i]
		if p.Count > 0 {
			p.Width = max(1000*p.Count/f.Reach, 4)
		}
		if p.Width > parts[longest].Width {
			longest = i
		}
		at += p.Width
	}
	if f.Reach > 0 {
		parts[longest].Width += 1000 - at // what rounding left over, or took
	}
	at = 0
	for i := range parts {
		parts[i].At = at
		at += parts[i].Width
	}
	return parts
}

// pace says how fast it goes, in the unit that gives a number one can imagine.
func (s *service) pace(r *http.Request, perSecond float64) string {
	switch {
	case perSecond <= 0:
		return s.kit.T(r, "news.watch_pace_none")
	case perSecond < 1:
		return s.kit.T(r, "news.watch_pace_minute", "count", int(math.Round(perSecond*60)))
	}
	return s.kit.T(r, "news.watch_pace_second", "count", s.decimal(r, perSecond))
}

// shortPace is the same for a table.
func (s *service) shortPace(r *http.Request, perSecond float64) string {
	if perSecond < 1 {
		return s.kit.T(r, "news.watch_per_minute", "count", int(math.Round(perSecond*60)))
	}
	return s.kit.T(r, "news.watch_per_second", "count", s.decimal(r, perSecond))
}

// decimal is a number with one digit behind the point, or the comma.
func (s *service) decimal(r *http.Request, x float64) string {
	text := strconv.FormatFloat(x, 'f', 1, 64)
	if s.kit.Lang(r) == "vi" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// postProgress pauses, goes on, or tries again.
func (s *service) postProgress(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, version := number(r.PathValue("id")), number(f.Raw("version"))
	action := items.Action(f.Raw("action"))
	flash, ok := map[items.Action]web.Flash{
		items.Pause:  {Key: "news.watch_done_pause"},
		items.Resume: {Key: "news.watch_done_resume"},
		items.Again:  {Key: "news.watch_done_again"},
	}[action]
	if !ok {
		s.kit.NotFound(w, r)
		return
	}
	it, err := s.do(r, id, items.Command{Action: action, Version: version})
	if err != nil {
		s.refused(w, r, err)
		return
	}
	if undo, ok := map[items.Action]items.Action{items.Pause: items.Resume, items.Resume: items.Pause}[action]; ok {
		flash.Undo = &web.Undo{Path: progressPath(id), Fields: map[string]string{"action": string(undo), "version": itoa(it.Version)}}
	}
	s.kit.Done(w, r, progressPath(id), flash)
}

// do does one thing to an item; whoever sends is woken.
func (s *service) do(r *http.Request, id int64, c items.Command) (it items.Item, err error) {
	if _, err := s.opt.Desk.Get(r.Context(), id, actor(r)); err != nil {
		return it, err // a stranger's draft is not there
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		it, err = s.opt.Desk.Do(ctx, work, id, actor(r), c)
		return err
	})
	if err == nil && s.opt.Works.Wake != nil {
		s.opt.Works.Wake()
	}
	return it, err
}

// refused shows the page as it is now, with why nothing was done.
func (s *service) refused(w http.ResponseWriter, r *http.Request, err error) {
	var e *bot.Error
	if !errors.As(err, &e) || e.Code != bot.Conflict || e.Key == "" {
		s.kit.Fail(w, r, err)
		return
	}
	s.answerProgress(w, r, http.StatusConflict, s.kit.T(r, e.Key, e.Args...))
}

type stopData struct {
	Style, Title, Action, Back string
	F                          items.Figures
	Rest                       int // who would have got it
	Form                       *web.Form
	Version                    int64
	Wrong                      string
}

// showStop asks before a sending is ended for good, and says how many have it.
func (s *service) showStop(w http.ResponseWriter, r *http.Request) {
	s.askStop(w, r, http.StatusOK, s.kit.NewForm(nil), "")
}

func (s *service) askStop(w http.ResponseWriter, r *http.Request, status int, form *web.Form, wrong string) {
	id := number(r.PathValue("id"))
	f, err := s.opt.Desk.Figures(r.Context(), id, actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	b, err := s.buttons(r, f)
	switch {
	case err != nil:
		s.kit.Fail(w, r, err)
		return
	case b.Stop == "": // it ended meanwhile, or he may not: the page says how it stands
		s.kit.Redirect(w, r, progressPath(id))
		return
	}
	s.render(w, r, status, "stop", stopData{Style: stylePath, Title: f.Item.Content.Title, Action: progressPath(id) + "/stop", Back: progressPath(id),
		F: f, Rest: f.Waiting + f.Held, Form: form, Version: f.Item.Version, Wrong: wrong})
}

func (s *service) postStop(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id := number(r.PathValue("id"))
	_, err = s.do(r, id, items.Command{Action: items.Stop, Version: number(f.Raw("version")), Reason: f.Get("reason")})
	switch {
	case bot.IsCode(err, bot.Invalid):
		f.FailWith("reason", err)
		s.askStop(w, r, http.StatusUnprocessableEntity, f, "")
		return
	case bot.IsCode(err, bot.Conflict):
		s.askStop(w, r, http.StatusConflict, f, s.kit.T(r, "news.watch_stop_changed"))
		return
	case err != nil:
		s.kit.Fail(w, r, err)
		return
	}
	sent := 0
	if now, err := s.opt.Desk.Figures(r.Context(), id, actor(r)); err == nil {
		sent = now.Sent
	}
	s.kit.Done(w, r, progressPath(id), web.Flash{Key: "news.watch_done_stop", Args: []any{"count", web.Number(s.kit.Lang(r), sent)}, Warning: true})
}
