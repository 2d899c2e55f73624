package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

type settingView struct {
	Key, NameKey, HintKey string
	Value                 string // in words
	Path                  string // opens its form
}

type changeView struct {
	At      time.Time
	NameKey string
	Value   string // "" went back to the default
	Who     string
	Reason  string
}

type deputyView struct {
	ID           int64
	Name, Named  string
	Since, Until time.Time
	Ended        time.Time
	Reason       string
}

type settingsData struct {
	Style    string
	Path     string
	Governs  bool
	Settings []settingView
	Chosen   *settingView
	Choices  []web.Option
	Form     *web.Form
	Deputy   *web.Form
	Problem  string
	Changes  []changeView
	Deputies []deputyView
	Past     []deputyView
	Officers []web.Option
	Name     string // path
	End      string // path
}

// choices are the values of a setting that is chosen from a list, as they are kept.
func choices(key string) []string {
	switch key {
	case items.KeyHolidays, items.KeyCheckBy:
		return []string{"yes", "no"}
	case items.KeyDigestDay:
		return []string{"1", "2", "3", "4", "5", "6", "7"}
	}
	return nil
}

// inWords is a setting's value as people read it.
func (s *service) inWords(r *http.Request, key, value string) string {
	switch key {
	case items.KeyHolidays, items.KeyCheckBy:
		return s.kit.T(r, "news.desk_is_"+value)
	case items.KeyDigestDay:
		return s.kit.T(r, "news.desk_weekday_"+value)
	}
	return value
}

func settingName(key string) string { return "news.desk_set_" + key }

func (s *service) showSettings(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("key")
	f := s.kit.NewForm(nil)
	if set, err := s.opt.Desk.Settings(r.Context()); err == nil {
		f.Set("value", set[key])
	}
	s.askSettings(w, r, http.StatusOK, key, f, s.kit.NewForm(nil), "")
}

func (s *service) askSettings(w http.ResponseWriter, r *http.Request, status int, key string, f, deputy *web.Form, problem string) {
	d := settingsData{Style: stylePath, Path: settingsPath, Governs: s.opt.Desk.Governs(actor(r)), Form: f, Deputy: deputy, Problem: problem, Name: deputyPath, End: endPath}
	if err := s.fillSettings(r, key, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "settings", d)
}

func (s *service) fillSettings(r *http.Request, key string, d *settingsData) error {
	ctx, name := r.Context(), s.namer(r)
	set, err := s.opt.Desk.Settings(ctx)
	if err != nil {
		return err
	}
	for _, k := range items.SettingKeys() {
		v := settingView{Key: k, NameKey: settingName(k), HintKey: "news.desk_set_hint_" + k, Value: s.inWords(r, k, set[k]), Path: settingsPath + "?key=" + k}
		d.Settings = append(d.Settings, v)
		if k == key && d.Governs {
			d.Chosen = &v
			for _, value := range choices(k) {
				d.Choices = append(d.Choices, web.Option{Value: value, Label: s.inWords(r, k, value)})
			}
		}
	}
	changes, err := s.opt.Desk.SettingsLog(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		v := changeView{At: c.Since, NameKey: settingName(c.Key), Who: name(c.Actor), Reason: c.Reason}
		if c.Value != "" {
			v.Value = s.inWords(r, c.Key, c.Value)
		}
		d.Changes = append(d.Changes, v)
	}
	return s.fillDeputies(r, name, d)
}

func (s *service) fillDeputies(r *http.Request, name func(string) string, d *settingsData) error {
	view := func(list []items.Deputy) (out []deputyView) {
		for _, x := range list {
			out = append(out, deputyView{ID: x.ID, Name: name(bot.Officer{ID: x.Officer}.Actor()), Named: name(x.Named), Since: x.Since, Until: x.Until, Ended: x.Ended, Reason: x.Reason})
		}
		return out
	}
	running, err := s.opt.Desk.Deputies(r.Context())
	if err != nil {
		return err
	}
	past, err := s.opt.Desk.DeputiesLog(r.Context())
	if err != nil {
		return err
	}
	d.Deputies, d.Past = view(running), view(past)
	if !d.Governs {
		return nil
	}
	all, err := s.opt.Officers(r.Context())
	if err != nil {
		return err
	}
	d.Officers = []web.Option{{Label: s.kit.T(r, "news.desk_choose")}}
	me := actor(r).Officer.ID
	for _, o := range all {
		if o.Active && items.Contributor(o) && o.ID != me && len(d.Officers) < maxPeople {
			d.Officers = append(d.Officers, web.Option{Value: strconv.FormatInt(o.ID, 10), Label: o.Name})
		}
	}
	return nil
}

// postSetting changes one setting.
func (s *service) postSetting(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	key, value := f.Line("key"), f.Line("value")
	if f.On("back") {
		value = ""
	} else if value == "" {
		f.Fail("value", "news.invalid_setting")
	}
	if f.Line("reason") == "" {
		f.Fail("reason", "news.invalid_reason")
	}
	if !f.Failed() {
		err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
			return s.opt.Desk.Set(ctx, work, actor(r), key, value, f.Line("reason"))
		})
		if err == nil {
			s.kit.Done(w, r, settingsPath, web.Flash{Key: "news.desk_done_setting"})
			return
		}
		if !slices.Contains(items.SettingKeys(), key) || !bot.IsCode(err, bot.Invalid) || !f.FailWith("value", err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	if !s.opt.Desk.Governs(actor(r)) {
		s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "news.denied_action"})
		return
	}
	s.askSettings(w, r, http.StatusUnprocessableEntity, key, f, s.kit.NewForm(nil), "")
}

// postDeputy names somebody who may approve until the end of a day.
func (s *service) postDeputy(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	officer, err := strconv.ParseInt(f.Line("officer"), 10, 64)
	if err != nil || officer < 1 {
		f.Fail("officer", "news.desk_wrong_officer")
	} else if o, err := s.opt.Staff.Officer(r.Context(), officer); err != nil || !o.Active || !items.Contributor(o) {
		f.Fail("officer", "news.desk_wrong_officer")
	}
	until, ok := readDay(f.Line("until"))
	if !ok {
		f.Fail("until", "news.desk_wrong_day")
	}
	if f.Line("why") == "" {
		f.Fail("why", "news.invalid_reason")
	}
	y, m, day := until.Date()
	until = time.Date(y, m, day, 23, 59, 59, 0, calendar.Zone)
	if !s.opt.Desk.Governs(actor(r)) {
		s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "news.denied_action"})
		return
	}
	if !f.Failed() {
		err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
			return s.opt.Desk.NameDeputy(ctx, work, actor(r), officer, until, f.Line("why"))
		})
		if err == nil {
			s.kit.Done(w, r, settingsPath, web.Flash{Key: "news.desk_done_deputy", Args: []any{"day", web.Day(until)}})
			return
		}
		if !bot.IsCode(err, bot.Invalid) || !f.FailWith("until", err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	s.askSettings(w, r, http.StatusUnprocessableEntity, "", s.kit.NewForm(nil), f, "")
}

// postEnd ends a deputy's time at once.
func (s *service) postEnd(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, err := strconv.ParseInt(strings.TrimSpace(f.Line("id")), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return
	}
	if err := s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		return s.opt.Desk.EndDeputy(ctx, work, actor(r), id)
	}); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, settingsPath, web.Flash{Key: "news.desk_done_ended"})
}
