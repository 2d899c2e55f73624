package complaints

import (
	"context"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// The steps' names and the version stand in saved sessions.
const (
	formName    = "complaints.form"
	formVersion = 1

	stepFor      = "for"
	stepAside    = "aside"
	stepConsent  = "consent"
	stepConfirm  = "confirm"
	stepKind     = "kind"
	stepGroup    = "group"
	stepWhat     = "what"
	stepDanger   = "danger"
	stepField    = "field"
	stepPlace    = "place"
	stepWhich    = "which"
	stepLandmark = "landmark"
	stepDay      = "day"
	stepMedia    = "media"
	stepName     = "name"
	stepReach    = "reach"
	stepPublic   = "public"
)

// complaintForm is the form, in the order in which its questions are asked.
func (s *service) complaintForm() bot.Conversation {
	return bot.NewForm(bot.Form[draft]{
		Name: formName, Version: formVersion, Expires: formTTL,
		Steps: []bot.Step[draft]{
			{Name: stepFor, Ask: askFor, Accept: s.acceptFor, When: func(d draft) bool { return d.For != "" }},
			{Name: stepAside, Ask: askAside, Accept: s.acceptAside, When: func(d draft) bool { return d.Aside }},
			{Name: stepConsent, Ask: s.askConsent, Accept: s.acceptConsent, When: func(d draft) bool { return d.Visitor }},
			{Name: stepConfirm, Ask: s.askConfirm, Accept: s.changing(s.acceptConfirm), When: func(d draft) bool { return d.Guess != "" }},
			{Name: stepKind, Title: "complaints.title_kind", Ask: askKind, Accept: s.changing(s.acceptKind)},
			{Name: stepGroup, Ask: askGroup, Accept: s.changing(s.acceptGroup), When: func(d draft) bool { return d.Group != "" && d.Kind == "" }},
			{Name: stepWhat, Title: "complaints.title_what", Ask: askWhat, Accept: s.changing(s.acceptWhat)},
			{Name: stepDanger, Ask: bot.Ask[draft]("complaints.ask_danger", yesNo("complaints.button_danger", "complaints.button_safe")...),
				Accept: s.acceptDanger, When: func(d draft) bool { return d.Danger == dangerAsk }},
			{Name: stepField, Title: "complaints.title_field", Ask: s.askField, Accept: s.changing(s.acceptField),
				When: func(d draft) bool { return d.Kind == cases.Scene || d.Kind == cases.Petition }},
			{Name: stepPlace, Title: "complaints.title_place", Ask: s.askPlace, Accept: s.changing(s.acceptPlace), When: draft.located},
			{Name: stepWhich, Ask: s.askWhich, Accept: s.changing(s.acceptWhich), When: func(d draft) bool { return len(d.Choices) > 0 && d.located() }},
			{Name: stepLandmark, Title: "complaints.title_landmark", Optional: true, Ask: bot.Ask[draft]("complaints.ask_landmark"),
				Accept: s.acceptLandmark, When: func(d draft) bool { return d.Kind == cases.Scene }},
			{Name: stepDay, Title: "complaints.title_day", Ask: askDay, Accept: s.acceptDay,
				When: func(d draft) bool { return d.Kind == cases.Scene || d.Kind == cases.Conduct }},
			{Name: stepMedia, Title: "complaints.title_media", Optional: true, Ask: askMedia, Accept: s.changing(s.acceptMedia)},
			{Name: stepName, Title: "complaints.title_name", Ask: askName, Accept: s.acceptName, When: draft.identified},
			{Name: stepReach, Title: "complaints.title_reach", Ask: s.askReach, Accept: s.acceptReach, When: draft.identified},
			{Name: stepPublic, Title: "complaints.title_public", Ask: s.askPublic, Accept: s.acceptPublic, When: s.publishable},
		},
		Review: s.review, Submit: s.submit,
	})
}

// changing is a step whose answer others rest on: consent to publish was given to the very
// text, field and place that were shown, and the field was chosen for the story.
func (s *service) changing(accept func(context.Context, *bot.Turn, *draft) error) func(context.Context, *bot.Turn, *draft) error {
	return func(ctx context.Context, t *bot.Turn, d *draft) error {
		before := *d
		err := accept(ctx, t, d)
		if err == nil {
			s.useLocation(t, d)
		}
		if before.What != "" && before.What != d.What {
			s.fieldAgain(t, d, before.What)
		}
		if d.Public != "" && (before.What != d.What || before.Field != d.Field || before.PlaceID != d.PlaceID) {
			d.Public = ""
			reopenStep(t, stepPublic)
		}
		if d.Phone == "" && d.Address != "" && s.needsPhone(t, *d) {
			reopenStep(t, stepReach)
		}
		return err
	}
}

// fieldAgain looks at the field once more when the story has changed. Which case of the field
// it is decides who answers, though nobody sees it; a field of which the words do not
// speak any more is asked for again.
func (s *service) fieldAgain(t *bot.Turn, d *draft, before string) {
	if d.Kind != cases.Scene && d.Kind != cases.Petition || d.Field == "" {
		return
	}
	_, had := s.subjectIn(before, d.Field)
	subject, has := s.subjectIn(d.What, d.Field)
	switch {
	case has:
		d.Subject = subject
	case had:
		d.Subject, d.Page = "", 0
		reopenStep(t, stepField)
		return
	}
	s.routeAgain(t, d)
}

// subjectIn is the case of a field that a text speaks of, and whether it speaks of the field.
func (s *service) subjectIn(text, field string) (subject string, ok bool) {
	for _, m := range s.subjects(text) {
		if m.Field.ID == field {
			return subjectOf(m), true
		}
	}
	return "", false
}

// yesNo are two buttons that answer "yes" and "no".
func yesNo(yes, no string) []bot.Button {
	return []bot.Button{{Key: yes, Payload: bot.Answer("yes")}, {Key: no, Payload: bot.Answer("no")}}
}

// The first answers that stand for two kinds.
const (
	groupOther  = "other"
	groupPraise = "praise_idea"
)

// kindKey is what a kind is called in plain words. A switch, since the value
// comes back from a session.
func kindKey(k cases.Kind) string {
	switch k {
	case cases.Conduct:
		return "complaints.kind_conduct"
	case cases.Rule:
		return "complaints.kind_rule"
	case cases.Scene:
		return "complaints.kind_scene"
	case cases.Praise:
		return "complaints.kind_praise"
	case cases.Idea:
		return "complaints.kind_idea"
	}
	return "complaints.kind_petition"
}

// askConfirm shows what was understood of the first words.
func (s *service) askConfirm(_ context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	field, told := "", s.fieldName(t, d.Field)
	if id, _ := s.fieldGuessed(d); id != "" {
		told = s.fieldName(t, id)
	}
	if d.Guess == cases.Scene || d.Guess == cases.Petition {
		field = told
	}
	if d.Perhaps {
		return bot.Reply{Key: "complaints.ask_perhaps", Args: []any{"field", told}, Buttons: []bot.Button{
			{Key: "complaints.button_start", Payload: bot.Answer("yes")}, {Key: "complaints.button_question", Payload: bot.Answer("question")},
		}}, nil
	}
	return bot.Reply{
		Key: "complaints.ask_confirm", Args: []any{"kind", bot.Words(kindKey(d.Guess)), "field", field, "mixed", d.Mixed},
		Buttons: []bot.Button{
			{Key: "complaints.button_right", Payload: bot.Answer("yes")}, {Key: "complaints.button_other", Payload: bot.Answer("no")},
		},
	}, nil
}

func (s *service) acceptConfirm(_ context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	switch {
	case !ok && s.agrees(t):
		v = "yes"
	case !ok && s.declines(t):
		v = "no"
	}
	switch v {
	case "question":
		t.Session.Active = nil
		t.Reply(bot.Reply{Key: "complaints.ask_question", Buttons: []bot.Button{{Key: "complaints.button_ask", Payload: "procedures:fields"}}})
		return nil
	case "yes":
		field, subject := s.fieldGuessed(*d)
		s.setKind(t, d, d.Guess)
		settle(t, stepKind)
		if f, ok := s.opt.Directory().Field(field); ok && (d.Kind == cases.Scene || d.Kind == cases.Petition) && !f.NoTicket {
			d.Field, d.Subject = field, subject
			settle(t, stepField)
		}
		s.takePlace(t, d)
		return nil
	case "no":
		// The guess stays, for whoever goes back to it.
		d.Kind, d.Field, d.Subject = "", "", ""
		reopenStep(t, stepKind)
		return nil
	}
	return s.unread(t, "bot.need_pick")
}

// fieldGuessed is the field that the first words speak of: the one that was found in them, also
// after another kind was chosen, which has another field.
func (s *service) fieldGuessed(d draft) (id, subject string) {
	m := s.subjects(d.What)
	if at := slices.IndexFunc(m, func(m directory.FieldMatch) bool { return d.Guess != cases.Scene || guessOf(m.Field.ID) == cases.Scene }); at >= 0 {
		return m[at].Field.ID, subjectOf(m[at])
	}
	if len(m) > 0 {
		return m[0].Field.ID, subjectOf(m[0])
	}
	return d.Field, d.Subject
}

// askKind asks what it is about, in plain words. What the law does not let the
// bot take stands among the choices, so that nobody fills in a form for nothing.
func askKind(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	r := bot.Reply{Key: "complaints.ask_kind", Args: []any{"visitor", d.Visitor}, Buttons: []bot.Button{
		{Key: "complaints.button_scene", Payload: bot.Answer(string(cases.Scene))},
		{Key: "complaints.button_conduct", Payload: bot.Answer(string(cases.Conduct))},
		{Key: "complaints.button_decision", Payload: "complaints:decision"},
		{Key: "complaints.button_accuse", Payload: "complaints:accuse"},
		{Key: "complaints.button_praise_idea", Payload: bot.Answer(groupPraise)},
		{Key: "complaints.button_else", Payload: bot.Answer(groupOther)},
	}}
	if d.Visitor {
		r.Buttons = slices.Delete(r.Buttons, 2, 4)
	}
	return r, nil
}

// acceptKind takes the choice, or what is wrong in the citizen's own words.
func (s *service) acceptKind(ctx context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	if !ok {
		return s.kindOfWords(ctx, t, d)
	}
	d.Kind, d.Group, d.Mixed = "", "", false
	switch v {
	case string(cases.Scene), string(cases.Conduct):
		s.setKind(t, d, cases.Kind(v))
	case groupOther, groupPraise:
		d.Group = v
		reopenStep(t, stepGroup)
	default:
		return bot.Again("bot.need_pick")
	}
	return nil
}

// kindOfWords takes a story instead of a choice: the kind is read from it.
func (s *service) kindOfWords(ctx context.Context, t *bot.Turn, d *draft) error {
	if led, err := s.notTaken(ctx, t); led {
		return err
	}
	kind, mixed := s.guess(t.Intent(), t.Text())
	if s.announces(t.Text()) { // it tells the kind at most
		if kind != cases.Idea && kind != cases.Praise {
			return s.unread(t, "bot.need_pick")
		}
		s.setKind(t, d, kind)
		return nil
	}
	if kind == "" {
		m := s.subjects(t.Text())
		switch {
		case s.opt.Answers(t.Text()):
			return bot.Again("")
		case s.scene(t.Text()) && len(strings.Fields(t.Text())) < fewWords && d.What == "": // "rác": the kind is said, the story is not
			s.setKind(t, d, cases.Scene)
			return nil
		case len(m) == 0 || len(strings.Fields(t.Text())) < fewWords:
			return s.unread(t, "bot.need_pick")
		}
		kind = guessOf(m[0].Field.ID)
	}
	if m := s.subjects(t.Text()); len(m) > 0 {
		d.Field, d.Subject = m[0].Field.ID, subjectOf(m[0])
	}
	if d.What == "" {
		a := t.Session.Active
		if err := s.acceptWhat(ctx, t, d); err != nil || t.Session.Active != a {
			return err
		}
		settle(t, stepWhat)
	}
	d.Guess, d.Mixed, d.Kind = kind, mixed, ""
	reopenStep(t, stepConfirm)
	return nil
}

// setKind takes a kind, and has asked what the kind before did not need.
func (s *service) setKind(t *bot.Turn, d *draft, k cases.Kind) {
	d.Kind = k
	switch k {
	case cases.Conduct:
		d.Field, d.Subject = fieldConduct, ""
	case cases.Rule:
		d.Field, d.Subject = fieldRule, ""
	case cases.Praise, cases.Idea:
		d.Field, d.Subject = fieldIdea, ""
	default:
		d.Field, d.Subject = "", ""
		reopenStep(t, stepField)
	}
	s.fieldOfWords(d)
}

// fieldOfWords takes the field that the words name, for kinds in which nobody is asked for it.
func (s *service) fieldOfWords(d *draft) {
	if d.Kind != cases.Praise && d.Kind != cases.Idea || d.What == "" {
		return
	}
	if m := s.subjects(d.What); len(m) > 0 {
		d.Field, d.Subject = m[0].Field.ID, subjectOf(m[0])
	}
}

func askGroup(_ context.Context, _ *bot.Turn, d draft) (bot.Reply, error) {
	if d.Group == groupPraise {
		return bot.Reply{Key: "complaints.ask_praise_idea", Buttons: []bot.Button{
			{Key: "complaints.button_praise", Payload: bot.Answer(string(cases.Praise))},
			{Key: "complaints.button_idea", Payload: bot.Answer(string(cases.Idea))},
		}}, nil
	}
	return bot.Reply{Key: "complaints.ask_else", Buttons: []bot.Button{
		{Key: "complaints.button_rule", Payload: bot.Answer(string(cases.Rule))},
		{Key: "complaints.button_petition", Payload: bot.Answer(string(cases.Petition))},
		{Key: "complaints.button_idea", Payload: bot.Answer(string(cases.Idea))},
	}}, nil
}

func (s *service) acceptGroup(_ context.Context, t *bot.Turn, d *draft) error {
	v, ok := t.Answered()
	switch k := cases.Kind(v); k {
	case cases.Praise, cases.Idea, cases.Rule, cases.Petition:
		if ok {
			s.setKind(t, d, k)
			return nil
		}
	}
	return bot.Again("bot.need_pick")
}
