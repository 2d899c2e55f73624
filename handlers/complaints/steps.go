package complaints

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
)

// Whether there is danger now is asked only where the words hint at it.
const (
	dangerAsk = "ask"
	dangerYes = "yes"
	dangerNo  = "no"
)

// dangerous reports whether a story has words of danger, also with "sắp" or "đang" between them.
func (s *service) dangerous(text string) bool {
	words := strings.Fields(plainWords(strings.ToLower(text)))
	words = slices.DeleteFunc(words, func(w string) bool {
		return slices.ContainsFunc(s.phrases[still], func(p string) bool { return w == p || w == s.opt.Fold(p) })
	})
	return s.speaksOf(text, s.phrases[hazard]) || s.speaksOf(strings.Join(words, " "), s.phrases[hazard])
}

// danger says whom to call before anything is asked when the story sounds like danger now;
// whether it is one is asked, so that the report can be marked urgent.
func (s *service) danger(t *bot.Turn, d *draft) {
	if d.Danger != "" || !s.dangerous(d.What) {
		return
	}
	d.Danger = dangerAsk
	reopenStep(t, stepDanger)
	r := s.numbers()
	r.Key = "complaints.danger_first"
	t.Reply(r)
}

func askWhat(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	switch d.Kind {
	case cases.Scene:
		return bot.Reply{Key: "complaints.ask_what_scene"}, nil
	case cases.Conduct:
		return bot.Reply{Key: "complaints.ask_what_conduct"}, nil
	case cases.Praise:
		return bot.Reply{Key: "complaints.ask_what_praise"}, nil
	}
	return bot.Reply{Key: "complaints.ask_what"}, nil
}

// acceptWhat takes the story. A formal complaint against a decision is not
// taken, and a question on a procedure is answered.
func (s *service) acceptWhat(ctx context.Context, t *bot.Turn, d *draft) error {
	if led, err := s.notTaken(ctx, t); led {
		return err
	}
	switch {
	case s.asks(t):
		return bot.Again("")
	case s.asksInstead(t) && (len(s.subjects(t.Text())) == 0 || t.Intent().Name != string(intent.Question) && s.speaksOf(t.Update.Text, s.phrases[asking])):
		return bot.Again("complaints.ask_later")
	}
	sent, err := s.files(ctx, t, &d.Media)
	if err != nil {
		return err
	}
	if sent && t.Update.Text == "" || s.announces(t.Text()) {
		return bot.Stay() // the photo is kept, the words are still missing
	}
	what, err := written(t, minWhat, maxWhat)
	if err != nil {
		return err
	}
	d.What = what
	s.danger(t, d)
	s.fieldOfWords(d)
	s.takePlace(t, d)
	return nil
}

// notTaken leads out of the form with what the law does not let the bot take: an
// accusation in the name of a file, and a formal complaint, also one that an officer
// writes down for a visitor, to whom the guidance is then read.
func (s *service) notTaken(ctx context.Context, t *bot.Turn) (led bool, err error) {
	switch {
	case s.namedForAccusation(t):
		return true, s.drop(t, true, false)
	case t.Intent().Name == string(intent.FormalComplaint):
		return true, s.formalComplaint(ctx, t)
	}
	return false, nil
}

// asks reports whether a text is a plain question on a procedure, which is answered and is no
// answer to what was asked.
func (s *service) asks(t *bot.Turn) bool {
	in := t.Intent()
	return in.Name == string(intent.Question) && in.Confidence >= plainQuestion && s.opt.Answers(t.Text())
}

// plainQuestion is how sure the classifier is of a text that asks, in words, about a procedure.
const plainQuestion = 0.95

// acceptDanger gives the numbers at once when there is danger, and goes on.
func (s *service) acceptDanger(_ context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	switch {
	case ok && v == "yes", !ok && s.agrees(t):
		d.Danger = dangerYes
		t.Reply(s.numbers())
	case ok && v == "no", !ok && s.declines(t):
		d.Danger = dangerNo
	default:
		return s.unread(t, "bot.need_pick")
	}
	return nil
}

// subjects are the fields that a text speaks of and that can be chosen, best first.
func (s *service) subjects(text string) []directory.FieldMatch {
	return slices.DeleteFunc(s.opt.Directory().MatchField(text), func(m directory.FieldMatch) bool { return !selectable(m.Field) })
}

// selectable reports whether a field can be the field of a complaint: accusations
// have fields of their own in the data, and they are not taken here.
func selectable(f *directory.Field) bool {
	return f.ID != "tham-nhung-tieu-cuc" && f.ID != "khieu-nai-to-cao"
}

func subjectOf(m directory.FieldMatch) string {
	if m.Case == nil {
		return ""
	}
	return m.Case.ID
}

func (s *service) fieldName(t *bot.Turn, id string) string {
	f, ok := s.opt.Directory().Field(id)
	switch {
	case !ok:
		return ""
	case t.Lang() == "en":
		return f.NameEN
	}
	return f.Name
}

// proposals are how many fields are proposed from the words.
const proposals = 3

// askField proposes the fields that the words speak of; further pages list all.
func (s *service) askField(_ context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	list, next := s.fieldPage(d)
	r := bot.Reply{Key: "complaints.ask_field"}
	if d.Page > 0 || len(list) == 0 || len(s.subjects(d.What)) == 0 {
		r.Key = "complaints.ask_field_list"
	}
	for _, f := range list {
		r.Buttons = append(r.Buttons, bot.Button{Title: s.fieldName(t, f.ID), Payload: bot.Answer(f.ID)})
	}
	if next {
		r.Buttons = append(r.Buttons, bot.Button{Key: "complaints.button_more_fields", Payload: bot.Answer(answerMore)})
	}
	return r, nil
}

const answerMore = "+"

// fieldPage are the fields of the page being shown: page 0 proposes.
func (s *service) fieldPage(d draft) (list []*directory.Field, more bool) {
	all := slices.DeleteFunc(s.opt.Directory().Fields(), func(f *directory.Field) bool { return !f.InMenu || !selectable(f) })
	page := d.Page
	if m := s.subjects(d.What); len(m) > 0 {
		if page == 0 {
			if d.Kind == cases.Scene { // what is broken, not who was asked to mend it
				slices.SortStableFunc(m, func(a, b directory.FieldMatch) int { return order(sceneField(a.Field.ID), sceneField(b.Field.ID)) })
			}
			for _, f := range m[:min(len(m), proposals)] {
				list = append(list, f.Field)
			}
			return list, true
		}
		page--
	}
	// Things at places come first: they are what is reported most.
	slices.SortStableFunc(all, func(a, b *directory.Field) int {
		return order(sceneField(a.ID), sceneField(b.ID))
	})
	from := page * listPage
	if from >= len(all) {
		from = 0
	}
	to := min(from+listPage, len(all))
	return all[from:to], true
}

// order puts what holds first.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// acceptField takes a field by its button, or by words that name one.
func (s *service) acceptField(ctx context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	if ok && v == answerMore {
		d.Page++
		return bot.Stay()
	}
	id, subject := v, ""
	if !ok {
		if id, subject = s.fieldTyped(t.Text()); id == "" {
			return s.unread(t, "complaints.field_unknown")
		}
	}
	f, known := s.opt.Directory().Field(id)
	if !known || !selectable(f) {
		return bot.Again("bot.need_pick")
	}
	if subject == "" {
		subject, _ = s.subjectIn(d.What, id)
	}
	if f.NoTicket {
		return s.noTicket(t)
	}
	d.Field, d.Subject, d.Page = id, subject, 0
	s.routeAgain(t, d)
	return nil
}

// fieldTyped is the field that a few typed words name: by the words of the data,
// or by a part of its name.
func (s *service) fieldTyped(text string) (id, subject string) {
	if m := s.subjects(text); len(m) > 0 {
		return m[0].Field.ID, subjectOf(m[0])
	}
	typed := s.opt.Fold(strings.TrimSpace(text))
	if utf8.RuneCountInString(typed) < minFieldName {
		return "", ""
	}
	for _, f := range s.opt.Directory().Fields() {
		if selectable(f) && (strings.Contains(s.opt.Fold(f.Name), typed) || strings.Contains(s.opt.Fold(f.NameEN), typed)) {
			return f.ID, ""
		}
	}
	return "", ""
}

const minFieldName = 3 // letters of a part of a field's name

// noTicket tells of a field that is outside of the administration: the courts, the banks.
// Nothing was filed, and the citizen reads so. What was written is put aside: another field
// may be the right one; a draft that is only being corrected goes on.
func (s *service) noTicket(t *bot.Turn) error {
	if t.Session.Active.Edit {
		return bot.Again("complaints.no_ticket_edit")
	}
	t.Session.Parked, t.Session.Active = t.Session.Active, nil
	t.Reply(bot.Reply{Key: "complaints.no_ticket", Args: []any{"phone", s.opt.Phone(linePortal)}, Buttons: []bot.Button{
		{Key: "complaints.button_other_field", Payload: "form:resume"},
		{Key: "complaints.button_hotlines", Payload: "directory:hotlines"}, buttonOfficer(),
	}})
	return nil
}

// acceptLandmark takes what the place is near to, and a location beside it.
func (s *service) acceptLandmark(_ context.Context, t *bot.Turn, d *draft) (err error) {
	if t.Update.Place != nil {
		d.Location = t.Update.Place
		return nil
	}
	switch {
	case s.asks(t):
		return bot.Again("")
	case s.mends(t, d), s.opt.Fold(t.Update.Text) == s.opt.Fold(d.What):
		return bot.Stay() // the story sent once more is no landmark
	case s.declines(t), s.unsure(t.Update.Text):
		d.Landmark = "" // one that is being corrected goes
		return nil
	case s.asksInstead(t):
		return bot.Again("complaints.ask_later")
	}
	d.Landmark, err = written(t, 2, maxAddress)
	return err
}

func askDay(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	key := "complaints.ask_day"
	if d.Kind == cases.Conduct {
		key = "complaints.ask_day_conduct"
	}
	return bot.Reply{Key: key, Buttons: []bot.Button{
		{Key: "complaints.button_today", Payload: bot.Answer("0")}, {Key: "complaints.button_yesterday", Payload: bot.Answer("1")},
		{Key: "complaints.button_forgot", Payload: bot.Answer(answerUnknown)},
	}}, nil
}

// acceptDay takes the day. Who does not know it goes on without one, and so does what has gone on
// since before the first day of the directory: it is still there, and no other day would be true.
func (s *service) acceptDay(_ context.Context, t *bot.Turn, d *draft) error {
	now := today(t)
	switch v, ok := t.Answered(); {
	case ok && v == "0":
		d.Day = now.Format("2006-01-02")
		return nil
	case ok && v == "1":
		d.Day = now.AddDate(0, 0, -1).Format("2006-01-02")
		return nil
	}
	if v, ok := t.Answered(); ok && v == answerUnknown {
		d.Day = ""
		return nil
	}
	day, problem := parseDay(s.opt.Fold(t.Text()), now)
	// "Lâu rồi, đến hôm nay vẫn thế" did not begin today; "không nhớ rõ, khoảng 20/11" is a day.
	if (problem != dayFine || day == now.Format(time.DateOnly)) && s.forgot(t.Update.Text) {
		d.Day = ""
		return nil
	}
	if problem != dayFine && (problem != dayOld || d.Kind != cases.Scene) {
		return s.unread(t, string(problem))
	}
	d.Day = day
	return nil
}

// forgot reports whether a text says that the day is not known.
func (s *service) forgot(text string) bool {
	words := s.words(text)
	return s.unsure(text) || slices.ContainsFunc([]string{"khong nho", "ko nho", "quen roi", "lau roi", "lau lam", "tu lau", "ngay nao cung", "dem nao cung", "hom nao cung", "thuong xuyen", "lien tuc", "do not remember"}, func(w string) bool {
		return strings.Contains(words, " "+w+" ")
	})
}

func askMedia(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	return bot.Reply{Key: "complaints.ask_media", Args: []any{"count", len(d.Media), "most", maxFiles}, Buttons: buttonDrop(d.Media)}, nil
}

// acceptMedia takes photos and files, one or several at a time; words beside
// them belong to the story.
func (s *service) acceptMedia(ctx context.Context, t *bot.Turn, d *draft) error {
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	if dropped, err := s.dropsFiles(ctx, t, &d.Media); err != nil || dropped {
		return cmp.Or(err, bot.Stay())
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	before := len(d.Media)
	sent, err := s.files(ctx, t, &d.Media)
	switch {
	case err != nil:
		return err
	case !sent && s.saysOnly(t.Update.Text, refusal, filler, fileWord):
		return nil
	case !sent:
		return s.unread(t, "complaints.need_media")
	case len(d.Media) == before && before < maxFiles:
		return bot.Stay() // not taken: why was said
	}
	if t.Update.Text != "" && utf8.RuneCountInString(d.What)+utf8.RuneCountInString(t.Update.Text) < maxWhat {
		d.What += "\n" + hidePapers(t, t.Update.Text)
	}
	if len(d.Media) >= maxFiles {
		return nil
	}
	return bot.More("complaints.media_more", "count", len(d.Media), "most", maxFiles)
}

func askName(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	if d.Visitor {
		return bot.Reply{Key: "complaints.ask_name_visitor"}, nil
	}
	return bot.Reply{Key: "complaints.ask_name"}, nil
}

// acceptName takes a name: letters, no story; a telephone number beside it is the next answer.
func (s *service) acceptName(_ context.Context, t *bot.Turn, d *draft) error {
	switch {
	case s.asks(t):
		return bot.Again("")
	case s.objects(t):
		return reason(t, "complaints.name_why")
	}
	name, number := s.nameIn(t.Update.Text)
	if number == "" && s.asksInstead(t) && !isName(name) {
		return bot.Again("complaints.ask_later")
	}
	letters := utf8.RuneCountInString(name)
	if letters < 2 || letters > maxName || strings.ContainsFunc(name, unicode.IsDigit) || len(strings.Fields(name)) > 10 {
		return bot.Again("complaints.need_name")
	}
	d.Name = name
	if number != "" {
		d.Phone = number
		settle(t, stepReach)
	}
	return nil
}

// needsPhone reports whether an address is not enough: what is private is not sent to a channel
// abroad, and is read elsewhere by code and number. An officer reads it for a visitor.
func (s *service) needsPhone(t *bot.Turn, d draft) bool {
	return !d.Visitor && !s.publishable(d) && abroad(t.Update.Channel)
}

func (s *service) askReach(_ context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	switch {
	case d.Visitor:
		return bot.Reply{Key: "complaints.ask_reach_visitor"}, nil
	case s.needsPhone(t, d):
		return bot.Reply{Key: "complaints.ask_reach_phone"}, nil
	}
	return bot.Reply{Key: "complaints.ask_reach"}, nil
}

// acceptReach takes a telephone number, typed or shared, or an address.
func (s *service) acceptReach(_ context.Context, t *bot.Turn, d *draft) error {
	if p, ok := phone(t.Update.From.Phone); ok {
		d.Phone, d.Address = p, ""
		return nil
	}
	typed := strings.Join(strings.Fields(t.Update.Text), " ")
	if p, ok := phoneIn(typed); ok {
		d.Phone, d.Address = p, ""
		rest := strings.Trim(mask.Sender(strings.ReplaceAll(typed, p, "")), " ,.;-")
		if utf8.RuneCountInString(rest) >= minAddress && s.address(strings.ReplaceAll(rest, mask.Mark, "")) {
			d.Address = shorten(rest, maxAddress)
		}
		return nil
	}
	beside := s.addressBeside(typed)
	switch n := utf8.RuneCountInString(typed); {
	case s.needsPhone(t, *d):
		return bot.Again("complaints.need_phone", "chat", s.chatLink())
	case s.objects(t) && beside != "":
		typed = beside
	case s.objects(t):
		return reason(t, "complaints.reach_why")
	case n < minAddress || n > maxAddress || !s.address(typed):
		return s.unread(t, "complaints.need_reach")
	}
	d.Phone, d.Address = "", hidePapers(t, typed)
	return nil
}

const minAddress = 10 // letters: a street and a commune

// publishable reports whether the citizen is asked about publishing: never in a
// field whose texts are kept from the public.
func (s *service) publishable(d draft) bool {
	f, ok := s.opt.Directory().Field(d.Field)
	return !ok || !f.Sensitive
}

// askPublic shows what everybody would read, all of it.
func (s *service) askPublic(_ context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	return bot.Reply{
		Key: "complaints.ask_public",
		Args: []any{
			"field", s.fieldName(t, d.Field), "place", s.placeName(d.PlaceID), "text", mask.Public(d.What),
		},
		Buttons: yesNo("complaints.button_public", "complaints.button_private"),
	}, nil
}

// acceptPublic takes the answer also in words; consent only where they say nothing else.
func (s *service) acceptPublic(_ context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	if !ok {
		v = s.consents(t.Update.Text)
	}
	if v != "yes" && v != "no" {
		return s.unread(t, "bot.need_pick")
	}
	d.Public = v
	return nil
}
