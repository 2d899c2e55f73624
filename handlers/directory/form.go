package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cchcbot/bot"

	places "cchcbot/knowledge/directory"
)

// draft is what a form that looks for a commune keeps: ids only, so neither the
// citizen's words nor a location.
type draft struct {
	Choices []string   `json:"choices,omitempty"` // units to choose from
	Why     places.Why `json:"why,omitempty"`     // why there are several
	Of      string     `json:"of,omitempty"`      // the unit that was divided or dissolved
	Place   string     `json:"place,omitempty"`   // the one chosen
	Old     string     `json:"old,omitempty"`     // the name of the data that was meant
}

// The steps' names and version stand in saved sessions.
const (
	stepPlace   = "place"
	stepWhich   = "which"
	formVersion = 1
	formTTL     = 2 * time.Hour
)

// form asks for a commune and, when the answer fits several, which one.
func (s *service) form(a aim) bot.Conversation {
	return bot.NewForm(bot.Form[draft]{
		Name: a.form, Version: formVersion, Expires: formTTL, Light: true,
		Steps: []bot.Step[draft]{
			{
				Name:   stepPlace,
				Ask:    func(_ context.Context, _ *bot.Turn, _ draft) (bot.Reply, error) { return s.askPlace(a), nil },
				Accept: s.acceptPlace,
			},
			{
				Name:   stepWhich,
				When:   func(d draft) bool { return d.Place == "" },
				Ask:    func(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) { return s.askWhich(d, a), nil },
				Accept: func(ctx context.Context, t *bot.Turn, d *draft) error { return s.acceptWhich(ctx, t, d, a) },
			},
		},
		Submit: func(ctx context.Context, t *bot.Turn, d draft) error {
			dir := s.opt.Directory()
			p, ok := dir.Place(d.Place)
			if !ok {
				return &bot.Error{Code: bot.NotFound, Key: "directory.gone", Detail: "no unit of that id"}
			}
			// The form ends here: what comes next may be another one of its name.
			t.Session.Active = nil
			return s.show(ctx, t, dir, p, d.Old, a)
		},
	})
}

func (s *service) askPlace(a aim) bot.Reply {
	return bot.Reply{
		Key: a.ask, Args: []any{"phone", helpline(s.opt.Directory())},
		Buttons: []bot.Button{{Key: "directory.button_location", Request: bot.RequestLocation}},
	}
}

// acceptPlace takes a typed name or a shared location.
func (s *service) acceptPlace(_ context.Context, t *bot.Turn, d *draft) error {
	dir := s.opt.Directory()
	if t.Update.Place != nil {
		f := dir.Near(t.Update.Place.Lat, t.Update.Place.Lon)
		if len(f.Choices) == 0 {
			return bot.Again("directory.outside")
		}
		*d = draftOf(f)
		return nil
	}
	f := dir.Read(t.Text(), places.Told(t.Text()))
	switch {
	case f.Elsewhere != "":
		return bot.Again("directory.elsewhere", "name", f.Elsewhere)
	case len(f.Choices) == 0:
		return bot.Again("directory.not_found")
	}
	*d = draftOf(f)
	return nil
}

// whyKey is the text that asks which. A switch, since the value comes back from a session.
func whyKey(w places.Why) string {
	switch w {
	case places.WhyDivided:
		return "directory.which_divided"
	case places.WhyDistrict:
		return "directory.which_district"
	case places.WhyNear:
		return "directory.which_near"
	case places.WhyFar:
		return "directory.which_far"
	case places.WhyExact:
		return "directory.which_exact"
	}
	return "directory.which_several"
}

// askWhich offers the units as buttons that need no form to work, so that they
// still do when the form has expired.
func (s *service) askWhich(d draft, a aim) bot.Reply {
	dir := s.opt.Directory()
	r := bot.Reply{Key: whyKey(places.WhySeveral)}
	if of, ok := dir.Place(d.Of); ok || d.Why.Located() {
		r.Key = whyKey(d.Why)
		if ok {
			r.Args = []any{"name", of.Name, "since", dayMonthYear(of.To)}
		}
	}
	choices := unitsOf(dir, d.Choices)
	for _, p := range choices {
		r.Buttons = append(r.Buttons, bot.Button{Title: dir.Title(p, choices), Payload: a.button + p.ID})
	}
	return r
}

// acceptWhich takes what tells the choices apart, the name or the district, or
// another place altogether. Buttons do not come here.
func (s *service) acceptWhich(ctx context.Context, t *bot.Turn, d *draft, a aim) error {
	dir := s.opt.Directory()
	if t.Update.Place != nil {
		f := dir.Near(t.Update.Place.Lat, t.Update.Place.Lon)
		if len(f.Choices) == 0 {
			return bot.Again("directory.outside")
		}
		return s.askAnew(ctx, t, f, a)
	}
	if p := places.Narrow(unitsOf(dir, d.Choices), t.Text()); p != nil {
		if len(dir.Today(p)) > 1 {
			return s.askAnew(ctx, t, dir.Parted(p), a)
		}
		d.Place, d.Old = p.ID, ""
		return nil
	}
	f := dir.Read(t.Text(), places.Told(t.Text()))
	switch {
	case f.Elsewhere != "":
		return bot.Again("directory.elsewhere", "name", f.Elsewhere)
	case f.Sure():
		d.Place, d.Old = f.Choices[0].ID, f.Old
		return nil
	case len(f.Choices) > 1:
		return s.askAnew(ctx, t, f, a)
	}
	return bot.Again("directory.choose_again")
}

// askAnew begins the form again with other choices.
func (s *service) askAnew(ctx context.Context, t *bot.Turn, f places.Reading, a aim) error {
	if err := t.Begin(ctx, begun{s.formOf(a), draftOf(f)}); err != nil {
		return err
	}
	return bot.Again("") // this answer is done with, and nothing else is asked
}

func unitsOf(d *places.Directory, ids []string) []*places.Place {
	var out []*places.Place
	for _, id := range ids {
		if p, ok := d.Place(id); ok {
			out = append(out, p)
		}
	}
	return out
}

func draftOf(f places.Reading) draft {
	d := draft{Why: f.Why, Old: f.Old}
	if f.Of != nil {
		d.Of = f.Of.ID
	}
	if f.Sure() {
		d.Place = f.Choices[0].ID
		return d
	}
	for _, p := range f.Choices {
		d.Choices = append(d.Choices, p.ID)
	}
	return d
}

// begun is a form whose place was said before it began: it starts with the
// question which of several.
type begun struct {
	bot.Conversation
	draft draft
}

func (b begun) Start(ctx context.Context, t *bot.Turn) error {
	answers, err := json.Marshal(b.draft)
	if err != nil {
		return fmt.Errorf("form %s: %w", b.Name(), err)
	}
	asker, ok := b.Conversation.(bot.Asker)
	if !ok {
		return fmt.Errorf("form %s cannot ask again", b.Name())
	}
	t.Session.Active = &bot.Active{
		Name: b.Name(), ID: bot.NewID(), Version: formVersion, Step: stepWhich, Done: []string{stepPlace},
		Answers: answers, Started: t.Now(), Expires: t.Now().Add(formTTL),
	}
	return asker.AskAgain(ctx, t)
}
