package directory

import (
	"time"

	"cchcbot/bot"

	places "cchcbot/knowledge/directory"
)

// card is how an office is shown.
type card struct {
	aim    aim
	old    string // name of before that led here, or ""
	oldTo  string // first day of which that unit was no more, or ""
	chosen bool   // just chosen; otherwise remembered from an earlier time
}

// reply shows who meets citizens in a unit of the day.
func (s *service) reply(t *bot.Turn, d *places.Directory, p *places.Place, c card) error {
	office, ok := d.Office(p)
	if !ok || office.Committee == nil || office.Desk == nil {
		return &bot.Error{Code: bot.NotFound, Key: "directory.gone", Detail: "the unit has no office on that day"}
	}
	address := ""
	for _, a := range []*places.Agency{office.Desk, office.Committee} {
		if address == "" && a.Address != nil {
			address = a.Address.Text
		}
	}
	website := ""
	if office.Committee.Website != nil {
		website = office.Committee.Website.Host
	}
	key := "directory.card"
	if c.aim == aimOfficer {
		key = "directory.card_officer"
	}
	t.Reply(bot.Reply{
		Key: key,
		Args: []any{
			"body", office.Committee.Name, "desk", office.Desk.Name, "place", p.Label(),
			"old", c.old, "since", dayMonthYear(c.since(d, p)),
			"address", address, "seat", p.Seat, "website", website, "hours", hoursLine(d),
			"phone", helpline(d), "kept", keptDays(c), "source", source(d, p),
		},
		Buttons: c.buttons(p),
	})
	return nil
}

// since is the first day on which the old name led to a unit. It is not known
// for what happened before the data begins.
func (c card) since(d *places.Directory, p *places.Place) string {
	switch {
	case c.old == "":
		return ""
	case p.From != "":
		return p.From
	case c.oldTo <= d.AsOf():
		return c.oldTo
	}
	return ""
}

// keptDays is for how many days the choice is remembered, 0 when it was before.
func keptDays(c card) int {
	if c.chosen {
		return communeDays
	}
	return 0
}

func (c card) buttons(p *places.Place) []bot.Button {
	bs := []bot.Button{{Key: "directory.button_officer", Payload: aimOfficer.button + p.ID}}
	if c.aim == aimOfficer {
		bs = []bot.Button{buttonHotlines()}
	}
	return append(bs, buttonHours(), bot.Button{Key: "directory.button_change", Payload: c.aim.again})
}

// source is the last line of a card: which act made the unit, and the day the
// card is true for.
func source(d *places.Directory, p *places.Place) bot.Phrase {
	key := "directory.source_2021"
	switch p.Level {
	case places.Commune2025:
		key = "directory.source_2025"
	case places.Commune2024:
		key = "directory.source_2024"
	}
	return bot.Phrase{Key: key, Args: []any{"date", dayMonthYear(d.AsOf())}}
}

// hoursLine is when offices are open on the directory's day, or that nobody has
// confirmed it.
func hoursLine(d *places.Directory) bot.Phrase {
	h, known := d.OfficeHours()
	if known {
		if season, ok := h.On(day(d.AsOf())); ok {
			return bot.Phrase{Key: "directory.hours_line", Args: []any{"spans", season.Spans, "until", dayMonth(season.To)}}
		}
	}
	return bot.Phrase{Key: "directory.hours_unknown"}
}

// bodyCard shows a department of the province or city, and which body of before
// led to it, nil for none.
func (s *service) bodyCard(d *places.Directory, a, old *places.Agency) bot.Reply {
	address, from, website := "", "", ""
	before, shared := "", false
	if old != nil {
		before, shared = old.Name, d.Divided(old)
	}
	if a.Address != nil {
		address = a.Address.Text
		if src, ok := d.Source(a.Address.Source[0]); ok {
			from = src.Title
		}
	}
	if a.Website != nil {
		website = a.Website.Host
	}
	return bot.Reply{
		Key: "directory.body",
		Args: []any{"name", a.Name, "address", address, "from", from, "website", website, "date", dayMonthYear(d.AsOf()),
			"old", before, "shared", shared},
		Buttons: []bot.Button{buttonHotlines(), buttonFind()},
	}
}

// dayMonthYear writes a day of the data as people do; "" for none.
func dayMonthYear(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return d.Format("02/01/2006")
}

// dayMonth writes "04-01", a month and day of the data, as "01/4".
func dayMonth(date string) string {
	d, err := time.Parse("01-02", date)
	if err != nil {
		return ""
	}
	return d.Format("02/1")
}

// day is noon of a day of the data, so that it is the same day in every zone.
func day(date string) time.Time {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}
	}
	// Vietnam is seven hours ahead: 05:00 UTC is noon there.
	return d.Add(5 * time.Hour)
}
