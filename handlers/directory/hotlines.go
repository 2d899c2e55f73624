package directory

import (
	"context"
	"slices"
	"time"

	"cchcbot/bot"

	places "cchcbot/knowledge/directory"
)

// Ids of contacts in the data that have words of their own in the catalogs.
const (
	linePolice   = "khan-cap-113"
	lineFire     = "khan-cap-114"
	lineMedical  = "khan-cap-115"
	lineRescue   = "cuu-nan-112"
	lineChildren = "tre-em-111"
	linePortal   = "dvc-tong-dai"
)

// emergencies are the lines that share one line of the card, with the argument
// that holds each.
var emergencies = [...]struct{ id, arg string }{
	{linePolice, "police"}, {lineFire, "fire"}, {lineMedical, "medical"}, {lineRescue, "rescue"}, {lineChildren, "child"},
}

// portalTitles are short titles for portals; another one shows its name.
var portalTitles = map[string]string{
	"dvc-quoc-gia":  "directory.portal_services",
	"pakn-quoc-gia": "directory.portal_feedback",
	"bao-hd":        "directory.portal_paper",
}

// Limits of the card.
const (
	maxLines   = 5 // lines besides the emergency ones
	maxPortals = 3
	scopeState = "national"
)

// line is a telephone line as the catalogs show it.
type line struct{ Name, Phone, Use string }

// hotlines lists the telephone lines that may be shown, and says what is missing.
func (s *service) hotlines(_ context.Context, t *bot.Turn) error {
	d := s.opt.Directory()
	shown := d.Hotlines()
	args := []any{}
	for _, e := range emergencies {
		i := slices.IndexFunc(shown, func(c places.Contact) bool { return c.ID == e.id })
		phone := ""
		if i >= 0 {
			phone = shown[i].Phone
			shown = slices.Delete(shown, i, i+1)
		}
		args = append(args, e.arg, phone)
	}
	var lines []line
	local := false
	for _, c := range shown {
		local = local || c.Scope != scopeState
		if c.Phone != "" && len(lines) < maxLines {
			lines = append(lines, line{c.Name, c.Phone, useOf(c, t.Lang())})
		}
	}
	args = append(args, "lines", lines, "local", local, "asked", s.askedOf(t, d), "date", dayMonthYear(d.AsOf()))
	t.Reply(bot.Reply{Key: "directory.hotlines", Args: args, Buttons: append(portals(d), buttonFind(), officerButton())})
	return nil
}

// askedOf is the office whose number was asked for: the data has none of
// communes and departments, and that is the answer.
func (s *service) askedOf(t *bot.Turn, d *places.Directory) string {
	text, _ := s.said(t)
	if f := d.Read(text, places.SurePlace); f.Sure() {
		if now := d.Today(f.Choices[0]); len(now) == 1 {
			if o, ok := d.Office(now[0].Place); ok && o.Committee != nil {
				return o.Committee.Name
			}
		}
	}
	if _, now := d.FormerBodyIn(text); now != nil {
		return now.Name
	}
	if body := d.BodyIn(text); body != nil {
		return body.Name
	}
	return ""
}

func officerButton() bot.Button {
	return bot.Button{Key: "directory.button_officer", Payload: "directory:officer"}
}

func portals(d *places.Directory) []bot.Button {
	var bs []bot.Button
	for _, c := range d.Portals() {
		if c.URL == "" || len(bs) == maxPortals {
			continue
		}
		b := bot.Button{Key: portalTitles[c.ID], URL: c.URL}
		if b.Key == "" {
			b.Title = c.Name
		}
		bs = append(bs, b)
	}
	return bs
}

// helpline is the number that helps with online filing and feedback; "" when it
// may not be shown.
func helpline(d *places.Directory) string {
	for _, c := range d.Hotlines() {
		if c.ID == linePortal {
			return c.Phone
		}
	}
	return ""
}

func useOf(c places.Contact, lang string) string {
	if lang == "en" {
		return c.UseEN
	}
	return c.Use
}

// season is a part of the year as the catalogs show it.
type season struct {
	From, To string // "01/4"
	Spans    []string
}

// hours says when offices are open.
func (s *service) hours(ctx context.Context, t *bot.Turn) error {
	return s.hoursOf(ctx, t, s.opt.Directory(), "")
}

// hoursOf answers a question for opening hours. They are the same for all
// offices; the commune that was asked about is one press away.
func (s *service) hoursOf(_ context.Context, t *bot.Turn, d *places.Directory, text string) error {
	h, known := d.OfficeHours()
	var seasons []season
	for _, x := range h.Seasons {
		seasons = append(seasons, season{dayMonth(x.From), dayMonth(x.To), x.Spans})
	}
	var now []string
	if x, ok := h.On(day(d.AsOf())); ok && known {
		now = x.Spans
	}
	from := ""
	if len(h.Sources) > 0 {
		from = h.Sources[0].Title
	}
	button := buttonFind()
	if f := d.Read(text, places.SurePlace); f.Sure() {
		button = bot.Button{Title: f.Choices[0].Name, Payload: aimOffice.button + f.Choices[0].ID}
	}
	t.Reply(bot.Reply{
		Key: "directory.hours",
		Args: []any{
			"known", known, "name", h.Name, "now", now, "seasons", seasons, "last", lastDay(h.To),
			"from", from, "date", dayMonthYear(d.AsOf()),
		},
		Buttons: []bot.Button{button, buttonHotlines()},
	})
	return nil
}

// lastDay is the day before the first on which something no longer counts.
func lastDay(to string) string {
	d, err := time.Parse(time.DateOnly, to)
	if err != nil {
		return ""
	}
	return d.AddDate(0, 0, -1).Format("02/01/2006")
}
