package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"

	places "cchcbot/knowledge/directory"
)

// draft is what a form that looks for a commune keeps: ids only, so neither the
// citizen's words nor a location.
type draft struct {
	Choices []string `json:"choices,omitempty"` // units to choose from
	Why     why      `json:"why,omitempty"`     // why there are several
	Of      string   `json:"of,omitempty"`      // the unit that was divided or dissolved
	Place   string   `json:"place,omitempty"`   // the one chosen
	Old     string   `json:"old,omitempty"`     // the name of the data that was meant
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
		Name: a.form, Version: formVersion, Expires: formTTL,
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
		f := near(dir, *t.Update.Place)
		if len(f.choices) == 0 {
			return bot.Again("directory.outside")
		}
		*d = draftOf(f)
		return nil
	}
	f := s.read(dir, t.Text(), told(t.Text()))
	switch {
	case f.elsewhere != "":
		return bot.Again("directory.elsewhere", "name", f.elsewhere)
	case len(f.choices) == 0:
		return bot.Again("directory.not_found")
	}
	*d = draftOf(f)
	return nil
}

func told(text string) float64 {
	if len(strings.Fields(text)) > toldInWords {
		return surePlace
	}
	return toldPlace
}

// askWhich offers the units as buttons that need no form to work, so that they
// still do when the form has expired.
func (s *service) askWhich(d draft, a aim) bot.Reply {
	dir := s.opt.Directory()
	r := bot.Reply{Key: whySeveral.key()}
	if of, ok := dir.Place(d.Of); ok || d.Why.located() {
		r.Key = d.Why.key()
		if ok {
			r.Args = []any{"name", of.Name, "since", dayMonthYear(of.To)}
		}
	}
	choices := unitsOf(dir, d.Choices)
	for _, p := range choices {
		r.Buttons = append(r.Buttons, bot.Button{Title: title(dir, p, choices), Payload: a.button + p.ID})
	}
	return r
}

// acceptWhich takes what tells the choices apart, the name or the district, or
// another place altogether. Buttons do not come here.
func (s *service) acceptWhich(ctx context.Context, t *bot.Turn, d *draft, a aim) error {
	dir := s.opt.Directory()
	if t.Update.Place != nil {
		f := near(dir, *t.Update.Place)
		if len(f.choices) == 0 {
			return bot.Again("directory.outside")
		}
		return s.askAnew(ctx, t, f, a)
	}
	if p := s.narrow(unitsOf(dir, d.Choices), t.Text()); p != nil {
		if len(dir.Today(p)) > 1 {
			return s.askAnew(ctx, t, parted(dir, p), a)
		}
		d.Place, d.Old = p.ID, ""
		return nil
	}
	f := s.read(dir, t.Text(), told(t.Text()))
	switch {
	case f.elsewhere != "":
		return bot.Again("directory.elsewhere", "name", f.elsewhere)
	case f.sure():
		d.Place, d.Old = f.choices[0].ID, f.old
		return nil
	case len(f.choices) > 1:
		return s.askAnew(ctx, t, f, a)
	}
	return bot.Again("directory.choose_again")
}

// askAnew begins the form again with other choices.
func (s *service) askAnew(ctx context.Context, t *bot.Turn, f found, a aim) error {
	if err := t.Begin(ctx, begun{s.formOf(a), draftOf(f)}); err != nil {
		return err
	}
	return bot.Again("") // this answer is done with, and nothing else is asked
}

// narrow returns the only unit whose name or district the text says; nil when
// it says none or several.
func (s *service) narrow(choices []*places.Place, text string) *places.Place {
	words := s.words(text)
	var byName, byDistrict []*places.Place
	for _, p := range choices {
		if has(words, s.words(bareName(p))) {
			byName = append(byName, p)
		}
		if slices.ContainsFunc(p.Districts(), func(o *places.Place) bool { return has(words, s.words(bareName(o))) }) {
			byDistrict = append(byDistrict, p)
		}
	}
	// "Nam Thanh Miện" names that commune, not Thanh Miện as well.
	byName = slices.DeleteFunc(byName, func(p *places.Place) bool {
		return slices.ContainsFunc(byName, func(o *places.Place) bool {
			long, short := s.words(bareName(o)), s.words(bareName(p))
			return len(long) > len(short) && has(long, short)
		})
	})
	both := slices.DeleteFunc(slices.Clone(byName), func(p *places.Place) bool { return !slices.Contains(byDistrict, p) })
	for _, list := range [][]*places.Place{byName, both, byDistrict} {
		if len(list) == 1 {
			return list[0]
		}
	}
	return nil
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

func draftOf(f found) draft {
	d := draft{Why: f.why, Old: f.old}
	if f.of != nil {
		d.Of = f.of.ID
	}
	if f.sure() {
		d.Place = f.choices[0].ID
		return d
	}
	for _, p := range f.choices {
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
