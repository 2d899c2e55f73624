package directory

import (
	"context"
	"strings"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"

	places "cchcbot/knowledge/directory"
)

// find shows the office of the commune that was named, shared as a location or
// remembered, and asks for it otherwise.
func (s *service) find(ctx context.Context, t *bot.Turn) error {
	d := s.opt.Directory()
	text, typed := s.said(t)
	if typed && t.Intent().Hint == intent.Hours {
		return s.hoursOf(ctx, t, d, text)
	}
	if handled, err := s.named(ctx, t, d, text, aimOffice); handled || err != nil {
		return err
	}
	if p, ok := s.recall(t, d); ok && !places.NamesUnknown(text) {
		return s.showRemembered(t, d, p, aimOffice)
	}
	if places.NamesUnknown(text) {
		t.Reply(bot.Reply{Key: "directory.not_found", Quiet: true})
	}
	return t.Begin(ctx, s.placeForm)
}

// officer says who sees citizens where, in the commune named or remembered.
func (s *service) officer(ctx context.Context, t *bot.Turn) error {
	d := s.opt.Directory()
	if t.Arg() != "" {
		return s.choose(ctx, t, d, t.Arg(), aimOfficer)
	}
	text, _ := s.said(t)
	if handled, err := s.named(ctx, t, d, text, aimOfficer); handled || err != nil {
		return err
	}
	if p, ok := s.recall(t, d); ok {
		return s.showRemembered(t, d, p, aimOfficer)
	}
	return t.Begin(ctx, s.officerForm)
}

// place goes on with the commune that a button names.
func (s *service) place(ctx context.Context, t *bot.Turn) error {
	return s.choose(ctx, t, s.opt.Directory(), t.Arg(), aimOffice)
}

// change asks for another commune than the one remembered.
func (s *service) change(ctx context.Context, t *bot.Turn) error {
	if t.Arg() == changeOfficer {
		return t.Begin(ctx, s.officerForm)
	}
	return t.Begin(ctx, s.placeForm)
}

// said is the text to look for a place in: what follows a command, or what was
// typed. A pressed button says nothing.
func (s *service) said(t *bot.Turn) (text string, typed bool) {
	switch {
	case t.Arg() != "":
		return t.Arg(), false
	case t.Update.Button != "" || t.Update.Text == "":
		return "", false
	case t.Update.Text[0] == '/': // a command without more
		return "", false
	}
	return t.Text(), true
}

// department begins the names of bodies that only a province has. The name of a
// place behind it is the province's: "Sở Y tế Hải Dương" asks for no commune.
const department = "Sở "

// named answers when the turn names a place or shares one; false otherwise.
func (s *service) named(ctx context.Context, t *bot.Turn, d *places.Directory, text string, a aim) (bool, error) {
	if t.Update.Place != nil {
		f := d.Near(t.Update.Place.Lat, t.Update.Place.Lon)
		if len(f.Choices) == 0 {
			t.Reply(bot.Reply{Key: "directory.outside", Quiet: true})
			return true, t.Begin(ctx, s.formOf(a))
		}
		return true, s.goOn(ctx, t, d, f, a)
	}
	if old, now := d.FormerBodyIn(text); old != nil {
		t.Reply(s.bodyCard(d, now, old))
		return true, nil
	}
	body := d.BodyIn(text)
	if body != nil && strings.HasPrefix(body.Name, department) {
		t.Reply(s.bodyCard(d, body, nil))
		return true, nil
	}
	f := d.Read(text, places.SurePlace)
	switch {
	case f.Elsewhere != "":
		t.Reply(bot.Reply{
			Key: "directory.elsewhere", Args: []any{"name", f.Elsewhere},
			Buttons: []bot.Button{buttonFind(), buttonHotlines()},
		})
		return true, nil
	case len(f.Choices) > 0:
		return true, s.goOn(ctx, t, d, f, a)
	}
	if body != nil {
		t.Reply(s.bodyCard(d, body, nil))
		return true, nil
	}
	return false, nil
}

// goOn shows the one commune found, or lets the citizen choose.
func (s *service) goOn(ctx context.Context, t *bot.Turn, d *places.Directory, f places.Reading, a aim) error {
	if f.Sure() {
		return s.show(ctx, t, d, f.Choices[0], f.Old, a)
	}
	return t.Begin(ctx, begun{s.formOf(a), draftOf(f)})
}

// choose goes on with the unit of an id that came from outside. It ends a form
// of ours that is still asking for it.
func (s *service) choose(ctx context.Context, t *bot.Turn, d *places.Directory, id string, a aim) error {
	p, ok := d.Place(id)
	if !ok {
		return &bot.Error{Code: bot.NotFound, Key: "directory.gone", Detail: "no unit of that id"}
	}
	if open := t.Session.Active; open != nil && (open.Name == aimOffice.form || open.Name == aimOfficer.form) {
		t.Session.Active = nil
	}
	return s.show(ctx, t, d, p, "", a)
}

// show remembers the commune of today and shows its card. A unit that was
// divided is asked about first. old is the name the citizen used, when it is
// not one of the unit's names today.
func (s *service) show(ctx context.Context, t *bot.Turn, d *places.Directory, p *places.Place, old string, a aim) error {
	now := d.Today(p)
	switch len(now) {
	case 0:
		return &bot.Error{Code: bot.NotFound, Key: "directory.gone", Detail: "the unit leads to none of the day"}
	case 1:
	default:
		return t.Begin(ctx, begun{s.formOf(a), draftOf(d.Parted(p))})
	}
	if err := t.Remember(memoryCommune, now[0].Place.ID, communeTTL); err != nil {
		return err
	}
	if old == "" && now[0].Place != p {
		old = p.Name
	}
	return s.reply(t, d, now[0].Place, card{aim: a, old: old, oldTo: p.To, chosen: true})
}

func (s *service) showRemembered(t *bot.Turn, d *places.Directory, p *places.Place, a aim) error {
	return s.reply(t, d, p, card{aim: a})
}

// recall returns the remembered commune, as it is on the directory's day.
func (s *service) recall(t *bot.Turn, d *places.Directory) (*places.Place, bool) {
	var id string
	if !t.Recall(memoryCommune, &id) {
		return nil, false
	}
	p, ok := d.Place(id)
	if !ok {
		return nil, false
	}
	now := d.Today(p)
	if len(now) != 1 {
		return nil, false
	}
	return now[0].Place, true
}
