package news

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"

	places "cchcbot/knowledge/directory"
)

// mine is the one screen: what is chosen, and everything that can be changed.
func (s *service) mine(ctx context.Context, t *bot.Turn) error {
	sub, err := s.subscription(ctx, t)
	if err != nil {
		return err
	}
	if !sub.Known {
		return s.consent(t)
	}
	s.screen(t, sub)
	return nil
}

func (s *service) subscription(ctx context.Context, t *bot.Turn) (items.Subscription, error) {
	if t.Contact.Person == 0 {
		return items.Subscription{}, nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return items.Subscription{}, err
	}
	return s.opt.Desk.Subscription(ctx, tx, t.Contact.Person)
}

// consent asks before anything is kept.
func (s *service) consent(t *bot.Turn) error {
	_, version, err := s.opt.Desk.Consent(t.Lang())
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "news.consent", Buttons: []bot.Button{
		{Key: "news.button_agree", Payload: "news:agree:" + version}, {Key: "news.button_no", Payload: "news:no"},
	}})
	return nil
}

func (s *service) screen(t *bot.Turn, sub items.Subscription) {
	endPlace(t)
	r := bot.Reply{Key: "news.mine_off"}
	if sub.On {
		var names []string
		for _, topic := range sub.Topics {
			names = append(names, s.opt.Desk.TopicName(t.Lang(), topic))
		}
		r = bot.Reply{Key: "news.mine", Args: []any{"topics", strings.Join(names, ", "), "often", oftenWords(sub.Often), "places", s.placeNames(sub.Places)}}
	}
	for _, topic := range items.OwnTopics() {
		r.Buttons = append(r.Buttons, s.toggleButton(t, sub, topic, ""))
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_fields", Payload: "news:fields"})
	if sub.On {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_often", Payload: "news:often"},
			bot.Button{Key: "news.button_place", Payload: "news:place"}, bot.Button{Key: "news.button_stop", Payload: "news:stop"})
	}
	t.Reply(r)
}

// What a button of a topic does, whatever was done meanwhile: a press that comes twice undoes nothing.
const (
	topicOn  = "on"
	topicOff = "off"
)

// toggleButton shows a topic with its state; back is where the answer leads: "" for the screen, else a page of fields.
func (s *service) toggleButton(t *bot.Turn, sub items.Subscription, topic, back string) bot.Button {
	b := bot.Button{Title: s.opt.Desk.TopicName(t.Lang(), topic), Payload: "news:topic:" + topic + ":" + back + ":" + topicOn}
	if sub.On && sub.Wants(topic) {
		b.Key, b.Args, b.Title = "news.button_on", []any{"topic", b.Title}, ""
		b.Payload = "news:topic:" + topic + ":" + back + ":" + topicOff
	}
	return b
}

func oftenWords(often string) bot.Words {
	switch often {
	case items.Day:
		return "news.often_day"
	case items.Week:
		return "news.often_week"
	}
	return "news.often_now"
}

func (s *service) placeNames(ids []string) any {
	var names []string
	for _, id := range ids {
		if p, ok := s.opt.Directory().Place(id); ok {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return bot.Words("news.everywhere")
	}
	return strings.Join(names, ", ")
}

// changed does one change and shows the screen.
func (s *service) changed(ctx context.Context, t *bot.Turn, f func(tx bot.Tx) (items.Subscription, error)) error {
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	sub, err := f(tx)
	if err != nil {
		return err
	}
	s.screen(t, sub)
	return nil
}

func (s *service) agree(ctx context.Context, t *bot.Turn) error {
	if t.Contact.Person == 0 {
		return s.consent(t)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	sub, err := s.opt.Desk.Agree(ctx, tx, t.Contact, t.Lang(), t.Arg())
	if bot.IsCode(err, bot.Conflict) { // the words are others by now, or in another language
		return s.consent(t)
	}
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "news.agreed", Quiet: true})
	s.screen(t, sub)
	return nil
}

// toggle takes a topic up or leaves it, as the button said; a button of before says neither, and turns it over.
func (s *service) toggle(ctx context.Context, t *bot.Turn) error {
	topic, rest, _ := strings.Cut(t.Arg(), ":")
	back, want, _ := strings.Cut(rest, ":")
	if t.Contact.Person == 0 {
		return s.consent(t)
	}
	sub, err := s.subscription(ctx, t)
	if err != nil {
		return err
	}
	if has := sub.On && sub.Wants(topic); !sub.Known || want == "" || has != (want == topicOn) {
		tx, err := t.Tx(ctx)
		if err != nil {
			return err
		}
		sub, err = s.opt.Desk.Toggle(ctx, tx, t.Contact, topic)
		if bot.IsCode(err, bot.Conflict) {
			return s.consent(t)
		}
		if err != nil {
			return err
		}
	}
	if page, err := strconv.Atoi(back); err == nil {
		s.fieldPage(t, sub, page)
		return nil
	}
	s.screen(t, sub)
	return nil
}

// fieldsPerPage is how many fields a page of them has.
const fieldsPerPage = 8

func (s *service) fields(ctx context.Context, t *bot.Turn) error {
	sub, err := s.subscription(ctx, t)
	if err != nil {
		return err
	}
	if !sub.Known {
		return s.consent(t)
	}
	page, err := strconv.Atoi(t.Arg())
	if err != nil {
		page = 0
	}
	s.fieldPage(t, sub, page)
	return nil
}

func (s *service) fieldPage(t *bot.Turn, sub items.Subscription, page int) {
	endPlace(t)
	all := s.opt.Desk.Topics()[len(items.OwnTopics()):]
	page = max(min(page, (len(all)-1)/fieldsPerPage), 0)
	from := page * fieldsPerPage
	r := bot.Reply{Key: "news.fields"}
	for _, topic := range all[from:min(from+fieldsPerPage, len(all))] {
		r.Buttons = append(r.Buttons, s.toggleButton(t, sub, topic, strconv.Itoa(page)))
	}
	if from+fieldsPerPage < len(all) {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_more", Payload: "news:fields:" + strconv.Itoa(page+1)})
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_mine", Payload: "news:mine"})
	t.Reply(r)
}

func (s *service) often(ctx context.Context, t *bot.Turn) error {
	endPlace(t)
	if t.Arg() == "" {
		t.Reply(bot.Reply{Key: "news.often", Buttons: []bot.Button{
			{Key: "news.button_now", Payload: "news:often:now"}, {Key: "news.button_day", Payload: "news:often:day"}, {Key: "news.button_week", Payload: "news:often:week"},
		}})
		return nil
	}
	return s.changed(ctx, t, func(tx bot.Tx) (items.Subscription, error) { return s.opt.Desk.SetOften(ctx, tx, t.Contact, t.Arg()) })
}

// out leaves a topic in one tap, below an item.
func (s *service) out(ctx context.Context, t *bot.Turn) error {
	topic, ref, _ := strings.Cut(t.Arg(), ":")
	item, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		item = 0
	}
	if t.Contact.Person == 0 {
		t.Reply(bot.Reply{Key: "news.stopped_none", Quiet: true})
		return nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	sub, err := s.opt.Desk.Leave(ctx, tx, t.Contact, topic, item)
	if bot.IsCode(err, bot.Conflict) {
		t.Reply(bot.Reply{Key: "news.stopped_none", Quiet: true})
		return nil
	}
	if err != nil {
		return err
	}
	key := "news.left"
	if !sub.On {
		key = "news.left_last"
	}
	t.Reply(bot.Reply{Key: key, Args: []any{"topic", s.opt.Desk.TopicName(t.Lang(), topic)}, Buttons: []bot.Button{
		{Key: "news.button_undo", Payload: "news:topic:" + topic + "::" + topicOn}, {Key: "news.button_mine", Payload: "news:mine"},
	}})
	return nil
}

// stop ends all news. What concerns the citizen's own cases goes on.
func (s *service) stop(ctx context.Context, t *bot.Turn) error {
	// Without marks "đúng" (right) reads as "dừng" (stop): who agrees is not cut off, and in a form it answers. "Đừng" (don't)
	// means to stop.
	typed := strings.ToLower(strings.TrimSpace(t.Update.Text))
	agrees := strings.HasPrefix(typed, "đ") && !strings.HasPrefix(typed, "đừng ")
	if t.Session.Active != nil && (agrees || typed == "dung") {
		return bot.ErrPass
	}
	if agrees {
		t.Reply(bot.Reply{Key: "news.right", Quiet: true})
		return nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	endPlace(t)
	was, err := s.opt.Desk.StopAll(ctx, tx, t.Contact)
	if err != nil {
		return err
	}
	if !was {
		t.Reply(bot.Reply{Key: "news.stopped_none", Buttons: []bot.Button{{Key: "news.button_subscribe", Payload: "news:mine"}}})
		return nil
	}
	t.Reply(bot.Reply{Key: "news.stopped", Buttons: []bot.Button{{Key: "news.button_back", Payload: "news:back"}}})
	return nil
}

func (s *service) back(ctx context.Context, t *bot.Turn) error {
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	sub, err := s.opt.Desk.Back(ctx, tx, t.Contact)
	if bot.IsCode(err, bot.Conflict) {
		return s.consent(t)
	}
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "news.back", Quiet: true})
	s.screen(t, sub)
	return nil
}

// placeDraft is what the form for a place keeps.
type placeDraft struct {
	Place   string   `json:"place,omitempty"`
	Choices []string `json:"choices,omitempty"` // those that a name may mean
}

const placeForm = "news.place"

func (s *service) placeForm() bot.Conversation {
	return bot.NewForm(bot.Form[placeDraft]{
		Name: placeForm, Version: 1, Expires: 2 * time.Hour,
		Steps: []bot.Step[placeDraft]{{
			Name: "place",
			Ask: func(context.Context, *bot.Turn, placeDraft) (bot.Reply, error) {
				return bot.Reply{Key: "news.place_ask", Buttons: []bot.Button{{Key: "news.button_everywhere", Payload: "news:at:all"}}}, nil
			},
			Accept: s.acceptPlace,
		}, {
			Name: "which", When: func(d placeDraft) bool { return len(d.Choices) > 0 },
			Ask:    func(_ context.Context, _ *bot.Turn, d placeDraft) (bot.Reply, error) { return s.whichPlace(d), nil },
			Accept: s.acceptPlace, // who writes the name in full need not press
		}},
		Submit: func(ctx context.Context, t *bot.Turn, d placeDraft) error { return s.setPlace(ctx, t, d.Place) },
	})
}

func (s *service) acceptPlace(_ context.Context, t *bot.Turn, d *placeDraft) error {
	dir := s.opt.Directory()
	for i, b := range s.whichPlace(*d).Buttons { // as the button has it
		if strings.EqualFold(b.Title, strings.TrimSpace(t.Update.Text)) {
			d.Place, d.Choices = d.Choices[i], nil
			return nil
		}
	}
	var f places.Reading
	if t.Update.Place != nil {
		f = dir.Near(t.Update.Place.Lat, t.Update.Place.Lon)
	} else {
		f = dir.Read(t.Text(), places.Told(t.Text()))
	}
	switch {
	case f.Sure():
		d.Place, d.Choices = f.Choices[0].ID, nil
		return nil
	case len(f.Choices) == 0:
		return bot.Again("news.place_unknown")
	}
	asked := len(d.Choices) > 0
	d.Choices = nil
	for _, p := range f.Choices[:min(len(f.Choices), maxPlaceChoices)] {
		d.Choices = append(d.Choices, p.ID)
	}
	if asked {
		return bot.Again("")
	}
	return nil
}

// maxPlaceChoices is how many places that a name may mean are offered.
const maxPlaceChoices = 6

// whichPlace offers the places that a name may mean, a button each.
func (s *service) whichPlace(d placeDraft) bot.Reply {
	dir := s.opt.Directory()
	all := make([]*places.Place, len(d.Choices))
	for i, id := range d.Choices {
		var ok bool
		if all[i], ok = dir.Place(id); !ok {
			all[i] = &places.Place{ID: id, Name: id} // the directory lost it meanwhile
		}
	}
	r := bot.Reply{Key: "news.place_which"}
	for _, p := range all {
		r.Buttons = append(r.Buttons, bot.Button{Title: dir.Title(p, all), Payload: "news:at:" + p.ID})
	}
	return r
}

func (s *service) askPlace(ctx context.Context, t *bot.Turn) error { return t.Begin(ctx, s.place) }

// at takes the place of a button, and ends the form that may still ask for it.
func (s *service) at(ctx context.Context, t *bot.Turn) error {
	endPlace(t)
	return s.setPlace(ctx, t, t.Arg())
}

// endPlace ends the form that may still ask for a place: who goes on with something else of his news has left it.
func endPlace(t *bot.Turn) {
	if open := t.Session.Active; open != nil && open.Name == placeForm {
		t.Session.Active = nil
	}
}

func (s *service) setPlace(ctx context.Context, t *bot.Turn, id string) error {
	var ids []string
	if id != "all" {
		dir := s.opt.Directory()
		p, ok := dir.Place(id)
		if !ok {
			return &bot.Error{Code: bot.NotFound, Key: "news.place_unknown"}
		}
		for _, part := range dir.Today(p) { // of a unit that was divided: all its parts
			ids = append(ids, part.Place.ID)
		}
		if len(ids) == 0 {
			return &bot.Error{Code: bot.NotFound, Key: "news.place_unknown"}
		}
		ids = ids[:min(len(ids), 3)]
	}
	err := s.changed(ctx, t, func(tx bot.Tx) (items.Subscription, error) { return s.opt.Desk.SetPlaces(ctx, tx, t.Contact, ids) })
	var e *bot.Error
	if errors.As(err, &e) && e.Code == bot.Conflict {
		return s.consent(t)
	}
	return err
}
