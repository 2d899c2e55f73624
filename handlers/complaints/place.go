package complaints

import (
	"context"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// Answers of the place steps that are no id.
const (
	answerUnknown = "?"
	answerList    = "list"
)

// askPlace asks where it is, or shows the lists of districts and communes to
// choose from.
func (s *service) askPlace(_ context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	if d.District == answerList {
		return s.listPlaces(d, "complaints.ask_district", s.opt.Directory().Places(directory.District)), nil
	}
	if district, ok := s.opt.Directory().Place(d.District); ok {
		return s.listPlaces(d, "complaints.ask_commune", s.communesOf(district)), nil
	}
	r := bot.Reply{Key: "complaints.ask_place", Buttons: []bot.Button{
		{Key: "complaints.button_location", Request: bot.RequestLocation},
		{Key: "complaints.button_list", Payload: bot.Answer(answerList)},
		{Key: "complaints.button_unknown", Payload: bot.Answer(answerUnknown)},
	}}
	if d.Kind == cases.Conduct || d.Kind == cases.Praise {
		r.Key = "complaints.ask_body"
		r.Buttons = r.Buttons[1:]
	}
	return r, nil
}

// listPlaces shows a page of units.
func (s *service) listPlaces(d draft, key string, all []*directory.Place) bot.Reply {
	dir := s.opt.Directory()
	from := d.Page * listPage
	if from >= len(all) {
		from = 0
	}
	to := min(from+listPage, len(all))
	r := bot.Reply{Key: key}
	for _, p := range all[from:to] {
		r.Buttons = append(r.Buttons, bot.Button{Title: dir.Title(p, all), Payload: bot.Answer(p.ID)})
	}
	if len(all) > listPage {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_more_places", Payload: bot.Answer(answerMore)})
	}
	return r
}

// communesOf are the communes of the day in a district of before July 2025.
func (s *service) communesOf(district *directory.Place) []*directory.Place {
	var out []*directory.Place
	for _, part := range s.opt.Directory().Today(district) {
		out = append(out, part.Place)
	}
	return out
}

// acceptPlace takes a name, a location, or a choice in the lists.
func (s *service) acceptPlace(_ context.Context, t *bot.Turn, d *draft) error {
	dir := s.opt.Directory()
	if v, ok := t.Answered(); ok {
		return s.placeChosen(t, d, v)
	}
	if p := t.Update.Place; p != nil {
		r := dir.Near(p.Lat, p.Lon)
		if len(r.Choices) == 0 {
			return bot.Again("complaints.place_outside")
		}
		s.clearPlace(d)
		d.Location = p
		s.choose(t, d, r)
		return nil
	}
	typed := t.Update.Text
	if s.unsure(typed) {
		return s.placeChosen(t, d, answerUnknown)
	}
	if d.Kind == cases.Conduct || d.Kind == cases.Praise {
		if body := dir.BodyIn(typed); body != nil {
			s.clearPlace(d)
			d.Named, d.PlaceText = body.ID, hidePapers(t, shorten(typed, maxAddress))
			return nil
		}
	}
	r := dir.Read(typed, directory.Told(typed))
	switch {
	case r.Elsewhere != "":
		return bot.Again("complaints.place_elsewhere", "name", r.Elsewhere)
	case len(r.Choices) == 0 && s.opt.Answers(typed):
		return bot.Again("")
	case len(r.Choices) == 0:
		return s.unread(t, "complaints.place_not_found")
	}
	s.clearPlace(d)
	d.PlaceText = hidePapers(t, shorten(typed, maxAddress))
	s.choose(t, d, r)
	return nil
}

// mends takes a place that corrects the one before: "à nhầm, ở phường Thành Đông" is no landmark.
func (s *service) mends(t *bot.Turn, d *draft) bool {
	words := strings.Fields(plainWords(strings.ToLower(t.Update.Text)))
	if s.startsWith(words, oops) == 0 {
		return false
	}
	r := s.opt.Directory().Read(t.Update.Text, surelyMeant)
	if len(r.Choices) == 0 {
		return false
	}
	s.clearPlace(d)
	d.PlaceText = hidePapers(t, shorten(t.Update.Text, maxAddress))
	s.choose(t, d, r)
	d.Public = ""
	reopenStep(t, stepPublic)
	t.Reply(bot.Reply{Key: "complaints.place_mended", Args: []any{"place", s.placeName(d.PlaceID)}, Quiet: true})
	return true
}

// placeChosen goes on with a button of the place step.
func (s *service) placeChosen(t *bot.Turn, d *draft, v string) error {
	switch v {
	case answerUnknown:
		s.clearPlace(d)
		return nil
	case answerList:
		d.District, d.Page = answerList, 0
		return bot.Stay()
	case answerMore:
		d.Page++
		if all := s.listed(*d); d.Page*listPage >= len(all) {
			d.Page = 0
		}
		return bot.Stay()
	}
	p, ok := s.opt.Directory().Place(v)
	switch {
	case !ok:
		return bot.Again("complaints.place_not_found")
	case p.Level == directory.District && len(s.communesOf(p)) > 0:
		d.District, d.Page = p.ID, 0
		return bot.Stay()
	}
	s.clearPlace(d)
	d.PlaceID = p.ID
	s.routeAgain(t, d)
	return nil
}

// listed are the units of the list being shown.
func (s *service) listed(d draft) []*directory.Place {
	if district, ok := s.opt.Directory().Place(d.District); ok {
		return s.communesOf(district)
	}
	return s.opt.Directory().Places(directory.District)
}

func (s *service) clearPlace(d *draft) {
	d.PlaceID, d.PlaceText, d.Location, d.Choices, d.Why, d.Of, d.District, d.Named, d.Page = "", "", nil, nil, "", "", "", "", 0
}

// choose takes the unit that was read, or has the citizen choose among several.
func (s *service) choose(t *bot.Turn, d *draft, r directory.Reading) {
	if r.Sure() {
		d.PlaceID = r.Choices[0].ID
		s.routeAgain(t, d)
		return
	}
	d.offer(r)
	reopenStep(t, stepWhich)
}

// offer has the citizen choose among the units of a reading.
func (d *draft) offer(r directory.Reading) {
	d.Choices, d.Why, d.Of = nil, r.Why, ""
	if r.Of != nil {
		d.Of = r.Of.ID
	}
	for _, p := range r.Choices {
		d.Choices = append(d.Choices, p.ID)
	}
}

// routeAgain asks the directory who would answer: where an old commune was
// divided, the citizen has to say which part.
func (s *service) routeAgain(t *bot.Turn, d *draft) {
	dir := s.opt.Directory()
	p, ok := dir.Place(d.PlaceID)
	if !ok || d.Field == "" {
		return
	}
	r, err := dir.Route(directory.Subject{Field: d.Field, Case: d.Subject, Place: p, Words: d.What})
	if err != nil || len(r.Ask) == 0 {
		return
	}
	d.Choices, d.Why, d.Of = nil, directory.WhyDivided, p.ID
	if p.Level == directory.District {
		d.Why = directory.WhyDistrict
	}
	for _, q := range r.Ask[:min(len(r.Ask), maxAsk)] {
		d.Choices = append(d.Choices, q.ID)
	}
	reopenStep(t, stepWhich)
}

const maxAsk = 20 // communes of a district that stand as buttons

// whichKey is the text that asks which of several units.
func whichKey(w directory.Why) string {
	switch w {
	case directory.WhyDivided:
		return "complaints.which_divided"
	case directory.WhyDistrict:
		return "complaints.which_district"
	case directory.WhyNear, directory.WhyExact:
		return "complaints.which_near"
	case directory.WhyFar:
		return "complaints.which_far"
	}
	return "complaints.which_several"
}

func (s *service) askWhich(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	dir := s.opt.Directory()
	r := bot.Reply{Key: whichKey(d.Why)}
	if of, ok := dir.Place(d.Of); ok {
		r.Args = []any{"name", of.Name}
	} else {
		r.Args = []any{"name", ""}
	}
	choices := s.units(d.Choices)
	for _, p := range choices {
		r.Buttons = append(r.Buttons, bot.Button{Title: dir.Title(p, choices), Payload: bot.Answer(p.ID)})
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_unknown", Payload: bot.Answer(answerUnknown)})
	return r, nil
}

func (s *service) units(ids []string) []*directory.Place {
	var out []*directory.Place
	for _, id := range ids {
		if p, ok := s.opt.Directory().Place(id); ok {
			out = append(out, p)
		}
	}
	return out
}

// acceptWhich takes a choice, what tells the choices apart, or another place.
func (s *service) acceptWhich(ctx context.Context, t *bot.Turn, d *draft) error {
	dir := s.opt.Directory()
	v, ok := t.Answered()
	switch {
	case ok && v == answerUnknown, !ok && s.unsure(t.Update.Text):
		return nil // the older unit stays, if there is one: routing knows who takes it then
	case ok && slices.Contains(d.Choices, v):
		d.PlaceID = v
		return s.narrowed(t, d)
	case ok:
		return bot.Again("bot.need_pick")
	case t.Update.Place != nil:
		if err := s.acceptPlace(ctx, t, d); err != nil {
			return err
		}
		return bot.Stay() // a location always leaves something to choose
	}
	if p := directory.Narrow(s.units(d.Choices), t.Update.Text); p != nil {
		d.PlaceID = p.ID
		return s.narrowed(t, d)
	}
	r := dir.Read(t.Update.Text, directory.Told(t.Update.Text))
	if r.Elsewhere != "" {
		return bot.Again("complaints.place_elsewhere", "name", r.Elsewhere)
	}
	if len(r.Choices) > 0 {
		location := d.Location
		s.clearPlace(d)
		d.PlaceText, d.Location = hidePapers(t, shorten(t.Update.Text, maxAddress)), location
		s.choose(t, d, r)
		if len(d.Choices) > 0 {
			return bot.Stay()
		}
		return nil
	}
	return s.unread(t, "complaints.which_again")
}

// narrowed goes on with the unit that was chosen; one that was itself divided is
// asked about again. The choices stay, for whoever goes back.
func (s *service) narrowed(t *bot.Turn, d *draft) error {
	before := d.Choices
	d.Choices = nil
	s.routeAgain(t, d)
	if len(d.Choices) > 0 && !slices.Contains(d.Choices, d.PlaceID) {
		return bot.Stay()
	}
	d.Choices = before
	return nil
}

// takePlace reads the place from the story, so that nobody types it twice. It is
// shown in the review, where it can be changed.
func (s *service) takePlace(t *bot.Turn, d *draft) {
	if !d.located() || d.What == "" || d.PlaceID != "" || d.Named != "" || len(d.Choices) > 0 {
		return
	}
	dir := s.opt.Directory()
	if d.Kind == cases.Conduct || d.Kind == cases.Praise {
		if body := dir.BodyIn(d.What); body != nil {
			d.Named = body.ID
			settle(t, stepPlace)
			return
		}
	}
	r := dir.Read(d.What, surelyMeant)
	if len(r.Choices) == 0 {
		return
	}
	s.choose(t, d, r)
	settle(t, stepPlace)
}

// surelyMeant is how sure a place must be that stands in a story: the name of a
// street or of a person may be that of a commune.
const surelyMeant = 0.6

// namedBody is the body complained about or praised: the one that was named, or the office
// of the place by the words of the story. Praise is to reach whom it names, see [cases.Kind.Accuses].
func (s *service) namedBody(d draft) string {
	if d.Named != "" || d.Kind != cases.Conduct && d.Kind != cases.Praise {
		return d.Named
	}
	dir := s.opt.Directory()
	p, ok := dir.Place(d.PlaceID)
	if !ok {
		return ""
	}
	now := dir.Today(p)
	if len(now) != 1 {
		return ""
	}
	o, ok := dir.Office(now[0].Place)
	if !ok {
		return ""
	}
	words := s.opt.Fold(d.What + " " + d.PlaceText)
	body := o.Committee
	switch {
	case o.Police != nil && strings.Contains(words, "cong an"):
		body = o.Police
	case o.Desk != nil && (strings.Contains(words, "mot cua") || strings.Contains(words, "hanh chinh cong") || strings.Contains(words, "tiep nhan")):
		body = o.Desk
	case d.Kind == cases.Praise && !slices.ContainsFunc(committeeWords[:], func(w string) bool { return strings.Contains(words, w) }):
		return "" // a doctor, a teacher: the field says who reads it
	}
	if body == nil {
		return ""
	}
	return body.ID
}

// committeeWords are folded words for the committee of a commune.
var committeeWords = [...]string{"uy ban", "ubnd", "chinh quyen", "can bo phuong", "can bo xa"}

// placeName is a place as people read it: the unit of today, with the older name
// when that is what was meant.
func (s *service) placeName(id string) string {
	dir := s.opt.Directory()
	p, ok := dir.Place(id)
	if !ok {
		return ""
	}
	now := dir.Today(p)
	if len(now) == 1 && now[0].Place != p {
		return now[0].Place.Name + " (" + p.Name + ")"
	}
	return p.Name
}

// bodyName is a body as people read it.
func (s *service) bodyName(id string) string {
	if a, ok := s.opt.Directory().Agency(id); ok {
		return a.Name
	}
	return ""
}

// frontDesk is the name of the body that reads what is not routed yet.
func (s *service) frontDesk() string {
	if a, ok := s.opt.Directory().FrontDesk(); ok {
		return a.Name
	}
	return ""
}
