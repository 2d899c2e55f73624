package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// spec is the form of an action.
type spec struct {
	action items.Action
	once   bool // needs nothing: one press does it
	danger bool
	reason bool // must be given
	sure   bool // has to be confirmed with a tick
	exact  bool // shows the very content
	when   bool
	reach  bool // tells how many people
}

// specs are the forms of actions; Edit has a page of its own.
func specs() []spec {
	return []spec{
		{action: items.Check, once: true},
		{action: items.Approve, exact: true, sure: true},
		{action: items.Return, reason: true},
		{action: items.Schedule, when: true, sure: true, reach: true},
		{action: items.Unschedule, once: true},
		{action: items.Pause, once: true},
		{action: items.Resume, once: true},
		{action: items.Stop, danger: true, reason: true, sure: true, reach: true},
		{action: items.Again, sure: true, reach: true},
		{action: items.Cancel, danger: true, sure: true},
	}
}

func specOf(a items.Action) spec {
	for _, sp := range specs() {
		if sp.action == a {
			return sp
		}
	}
	return spec{action: a}
}

type actData struct {
	Style    string
	Row      row
	Action   string
	TitleKey string
	HelpKey  string
	Form     *web.Form
	Problem  string
	Path     string
	Back     string
	Version  int64
	Hash     string
	Danger   bool
	Reason   bool
	Sure     string  // what is confirmed; "" for nothing
	Fields   []field // the very content
	Picture  *fileView
	Previews []bubble
	When     *whenView
	Audience *audienceView
	Numbers  *numbers
	Quiet    bool
}

// Key is the text key of a field's name, for the template.
func (f field) Key() string { return f.key }

// Text is what stands in a field.
func (f field) Text() string { return f.text }

// whenView says what fair hours make of a time.
type whenView struct {
	Now      time.Time
	First    time.Time // the first fair time from now on
	Later    bool      // it is not now
	From, To string    // quiet hours; equal: none
	Holiday  string    // the name of the day off that lies between, ""
	Holidays bool      // nothing is sent on holidays
	Urgent   bool      // the officer may send at any hour
	Set      time.Time
}

// chosen finds the item and the form of a request; it answers when there is none.
func (s *service) chosen(w http.ResponseWriter, r *http.Request) (items.Item, spec, bool) {
	sp := specOf(items.Action(r.PathValue("action")))
	if !slices.ContainsFunc(specs(), func(x spec) bool { return x.action == sp.action }) {
		s.kit.NotFound(w, r)
		return items.Item{}, sp, false
	}
	it, ok := s.find(w, r)
	return it, sp, ok
}

func (s *service) showAct(w http.ResponseWriter, r *http.Request) {
	it, sp, ok := s.chosen(w, r)
	if !ok || !s.can(w, r, it, sp.action) {
		return
	}
	s.askAct(w, r, http.StatusOK, it, sp, s.kit.NewForm(nil), "")
}

// askAct renders the form of an action with what was typed.
func (s *service) askAct(w http.ResponseWriter, r *http.Request, status int, it items.Item, sp spec, f *web.Form, problem string) {
	d := actData{
		Style: stylePath, Row: s.head(r, it, s.namer(r)), Action: string(sp.action), TitleKey: "news.desk_do_" + string(sp.action), HelpKey: "news.desk_help_" + string(sp.action),
		Form: f, Problem: problem, Path: actPath(it.ID, sp.action), Back: itemPath(it.ID), Version: it.Version, Hash: it.Hash,
		Danger: sp.danger, Reason: sp.reason, Quiet: it.Content.Quiet,
	}
	if err := s.fillAct(r, it, sp, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "act", d)
}

func (s *service) fillAct(r *http.Request, it items.Item, sp spec, d *actData) (err error) {
	if sp.exact {
		for _, x := range s.spelled(r, it.Content) {
			if x.text != "" {
				d.Fields = append(d.Fields, x)
			}
		}
		d.Picture = s.file(r.Context(), it.Content.Picture)
		if d.Previews, _, err = s.bubbles(r, it, "vi"); err != nil {
			return err
		}
	}
	if sp.when {
		if d.When, err = s.when(r, it); err != nil {
			return err
		}
	}
	key, count := "news.desk_sure_"+string(sp.action), ""
	switch {
	case sp.reach && it.State.Public():
		fig, err := s.opt.Desk.Figures(r.Context(), it.ID, actor(r))
		if err != nil {
			return err
		}
		n := fig.Waiting + fig.Held
		if sp.action == items.Again {
			if n, err = s.opt.Desk.CountAgain(r.Context(), it); err != nil {
				return err
			}
		}
		d.Numbers, count = s.numbers(r, fig), web.Number(s.kit.Lang(r), n)
	case sp.reach && it.Content.Quiet:
		key = "news.desk_sure_column"
	case sp.reach:
		if d.Audience, err = s.audience(r, it); err != nil {
			return err
		}
		count = d.Audience.People
	}
	if sp.sure {
		d.Sure = s.kit.T(r, key, "count", count)
	}
	return nil
}

// when says what quiet hours and holidays make of sending now.
func (s *service) when(r *http.Request, it items.Item) (*whenView, error) {
	set, err := s.opt.Desk.Settings(r.Context())
	if err != nil {
		return nil, err
	}
	now := s.opt.Now()
	v := &whenView{Now: now, First: s.opt.Desk.Fair(set, now), From: set[items.KeyQuietFrom], To: set[items.KeyQuietTo], Holidays: !set.Yes(items.KeyHolidays),
		Urgent: s.opt.Desk.Governs(actor(r)), Set: it.Scheduled}
	v.Later = v.First.After(now)
	if v.Later && v.Holidays {
		for day := now; day.Before(v.First); day = day.AddDate(0, 0, 1) {
			if name, off := s.opt.Calendar().DayOff(day); off {
				v.Holiday = name
				break
			}
		}
	}
	return v, nil
}

// postAct does it. When somebody else was first, the form comes back with what was
// typed and the item as it is now.
func (s *service) postAct(w http.ResponseWriter, r *http.Request) {
	it, sp, ok := s.chosen(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	cmd := s.command(sp, f)
	if f.Failed() {
		s.askAct(w, r, http.StatusUnprocessableEntity, it, sp, f, "")
		return
	}
	after, err := s.do(r.Context(), it.ID, actor(r), cmd)
	if err != nil {
		s.notDone(w, r, it, sp, f, err)
		return
	}
	s.kit.Done(w, r, itemPath(it.ID), s.flash(it, after, cmd))
}

// do opens a unit of work and gives the command to the one door.
func (s *service) do(ctx context.Context, id int64, a items.Actor, cmd items.Command) (it items.Item, err error) {
	err = s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		it, err = s.opt.Desk.Do(ctx, w, id, a, cmd)
		return err
	})
	return it, err
}

// notDone shows the form again with the reason; what needs no form is told on the item's page.
func (s *service) notDone(w http.ResponseWriter, r *http.Request, it items.Item, sp spec, f *web.Form, err error) {
	problem, status := s.explain(r, err)
	if problem == "" {
		s.kit.Fail(w, r, err)
		return
	}
	now, gerr := s.opt.Desk.Get(r.Context(), it.ID, actor(r))
	if gerr != nil {
		s.kit.Fail(w, r, gerr)
		return
	}
	may, merr := s.opt.Desk.May(r.Context(), now, actor(r))
	if merr != nil {
		s.kit.Fail(w, r, merr)
		return
	}
	if sp.once || !slices.Contains(may, sp.action) {
		s.kit.Done(w, r, itemPath(it.ID), web.Flash{Key: "news.desk_refused", Args: []any{"why", problem}, Warning: true})
		return
	}
	f.Set("sure", "") // it is another thing now
	s.askAct(w, r, status, now, sp, f, problem)
}

// command reads the form of an action. What is missing is noted beside its field.
func (s *service) command(sp spec, f *web.Form) items.Command {
	cmd := items.Command{Action: sp.action, Hash: f.Line("hash"), Reason: f.Get("reason")}
	var err error
	if cmd.Version, err = strconv.ParseInt(f.Line("version"), 10, 64); err != nil || cmd.Version < 1 {
		cmd.Version = -1 // matches no item
	}
	if sp.reason && cmd.Reason == "" {
		f.Fail("reason", "news.invalid_reason")
	}
	if sp.sure && !f.On("sure") {
		f.Fail("sure", "news.desk_wrong_sure")
	}
	if !sp.when {
		return cmd
	}
	cmd.Urgent = f.On("urgent")
	if cmd.Urgent && cmd.Reason == "" {
		f.Fail("reason", "news.invalid_reason")
	}
	if !cmd.Urgent {
		cmd.Reason = ""
	}
	cmd.At = readTime(f)
	return cmd
}

// readTime reads a day and an hour; without both it is as soon as may be.
func readTime(f *web.Form) time.Time {
	date, clock := f.Line("day"), f.Line("time")
	if date == "" && clock == "" {
		return time.Time{}
	}
	day, ok := readDay(date)
	if !ok {
		f.Fail("day", "news.desk_wrong_day")
		return time.Time{}
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		f.Fail("time", "news.desk_wrong_time")
		return time.Time{}
	}
	y, m, d := day.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, calendar.Zone)
}

// flash says that it was done, and how to undo it.
func (s *service) flash(before, after items.Item, cmd items.Command) web.Flash {
	fl := web.Flash{Key: "news.desk_done_" + string(cmd.Action), Args: []any{"when", web.When(after.Scheduled)}}
	undo := func(a items.Action) {
		fl.Undo = &web.Undo{Path: actPath(after.ID, a), Fields: map[string]string{"version": strconv.FormatInt(after.Version, 10)}}
	}
	switch {
	case cmd.Action == items.Schedule && before.State == items.Approved:
		undo(items.Unschedule)
	case cmd.Action == items.Pause:
		undo(items.Resume)
	}
	return fl
}
