package complaints

import (
	"context"
	"encoding/json"
	"fmt"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/intent"
)

// review shows everything once more, each answer with a button to correct it.
func (s *service) review(ctx context.Context, t *bot.Turn, d draft) (bot.Reply, error) {
	if changed, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return bot.Reply{}, err
	} else if changed {
		if err := saveAnswers(t, d); err != nil {
			return bot.Reply{}, err
		}
	}
	answered, err := s.similar(ctx, d)
	if err != nil {
		return bot.Reply{}, err
	}
	where := s.placeName(d.PlaceID)
	if where == "" {
		where = s.bodyName(d.Named)
	}
	public := bot.Words("complaints.never_public")
	switch {
	case s.publishable(d) && d.Public == "yes":
		public = "complaints.public_yes"
	case s.publishable(d):
		public = "complaints.public_no"
	}
	return bot.Reply{Key: "complaints.review", Args: []any{
		"kind", bot.Words(kindKey(d.Kind)), "what", shorten(d.What, maxShown), "field", s.fieldName(t, d.Field),
		"place", where, "located", d.located(), "landmark", d.Landmark, "day", dayOf(d.Day), "files", len(d.Media),
		"name", d.Name, "reach", reachOf(d), "public", public, "similar", answered,
	}}, nil
}

// Limits of what is shown of similar answers.
const (
	maxSimilar  = 2
	maxHeadline = 80 // letters
)

// published is a similar answer as the catalogs show it.
type published struct{ Title, Link string }

// similar lists what was answered about the same thing nearby.
func (s *service) similar(ctx context.Context, d draft) ([]published, error) {
	if s.opt.Similar == nil || s.opt.PublicURL == "" || d.Kind != cases.Scene || d.Field == "" || d.PlaceID == "" {
		return nil, nil
	}
	found, err := s.opt.Similar(ctx, d.Field, d.PlaceID, d.What)
	if err != nil {
		return nil, err
	}
	var out []published
	for _, p := range found[:min(len(found), maxSimilar)] {
		out = append(out, published{shorten(p.Title, maxHeadline), s.opt.PublicURL + p.Path})
	}
	return out, nil
}

func reachOf(d draft) string {
	switch {
	case d.Phone != "" && d.Address != "":
		return d.Phone + ", " + d.Address
	case d.Phone != "":
		return d.Phone
	}
	return d.Address
}

// submit files the case. Case, message and end of the conversation commit
// together or not at all; a repeated submit finds the first case.
func (s *service) submit(ctx context.Context, t *bot.Turn, d draft) error {
	switch s.opt.Classify(d.What).Name { // what was written in two messages may together be what neither was
	case string(intent.Denunciation):
		return s.drop(t, true, s.alsoScene(d.What))
	case string(intent.FormalComplaint):
		return s.formalComplaint(ctx, t)
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	dr := s.caseOf(t, d)
	if !d.Visitor { // an officer files for many, who may say the same
		if earlier, same, err := s.opt.Desk.Repeat(ctx, dr); err != nil {
			return err
		} else if same && !d.Anyway {
			return s.sameAgain(t, earlier)
		}
	}
	c, err := s.opt.Desk.Open(ctx, t.Work, dr)
	if err != nil {
		return err
	}
	s.received(t, c, d)
	return nil
}

// caseOf is the draft as cases take it.
func (s *service) caseOf(t *bot.Turn, d draft) cases.Draft {
	dr := cases.Draft{
		Conversation: t.ConversationID(), Kind: d.Kind, Field: d.Field, Subject: d.Subject, What: d.What,
		Place:  cases.Place{ID: d.PlaceID, Text: d.PlaceText, Location: d.Location, Landmark: d.Landmark},
		Day:    d.Day,
		Holder: cases.Holder{Person: t.Contact.Person, To: t.Address(), Contact: t.Contact.ID, Lang: t.Lang()},
		Media:  d.Media, Public: d.Public == "yes" && s.publishable(d), Urgent: d.Danger == dangerYes,
		OnBehalf: d.Visitor, FiledBy: d.FiledBy, Consent: d.Consent, Named: s.namedBody(d), Anyway: d.Anyway,
	}
	if d.identified() {
		dr.Contact = cases.Contact{Name: d.Name, Phone: d.Phone, Address: d.Address}
	}
	if len(d.Media) > 0 {
		dr.MediaOwner = s.opt.Media.Owner(t.Update.Key())
	}
	return dr
}

// sameAgain shows the earlier case that says the same. The draft is put aside,
// so that it can still be sent.
func (s *service) sameAgain(t *bot.Turn, earlier cases.Case) error {
	t.Session.Parked = t.Session.Active
	t.Reply(bot.Reply{
		Key: "complaints.same_again", Args: []any{"code", earlier.Code, "state", stateWords(earlier), "day", dateOf(earlier.Filed)},
		Buttons: []bot.Button{
			{Key: "complaints.button_add", Payload: "complaints:add:" + earlier.Code},
			{Key: "complaints.button_show", Payload: "complaints:show:" + earlier.Code},
			{Key: "complaints.button_anyway", Payload: "complaints:anyway"},
		},
	})
	return nil
}

// anyway sends the draft that says the same as an earlier case.
func (s *service) anyway(ctx context.Context, t *bot.Turn) error {
	p := t.Session.Parked
	if p == nil || p.Name != formName || !p.Review || !t.Now().Before(p.Expires) {
		t.Reply(bot.Reply{Key: "bot.old_button", Quiet: true})
		return nil
	}
	var d draft
	if err := json.Unmarshal(p.Answers, &d); err != nil {
		return fmt.Errorf("complaints: the draft put aside cannot be read: %w", err)
	}
	d.Anyway = true
	t.Session.Active, t.Session.Parked = p, nil
	if err := s.submit(ctx, t, d); err != nil {
		return err
	}
	t.Session.Active = nil
	return nil
}

// received says that the case is there: its code, who has it, and by when.
func (s *service) received(t *bot.Turn, c cases.Case, d draft) {
	key := "complaints.received"
	if d.Visitor {
		key = "complaints.received_visitor"
	}
	t.Reply(bot.Reply{
		Key: key, Args: append(s.holderArgs(c, t.Lang()), "mixed", d.Mixed, "phone", d.Phone != ""),
		Buttons: []bot.Button{
			{Key: "complaints.button_show", Payload: "complaints:show:" + c.Code},
			{Key: "complaints.button_add", Payload: "complaints:add:" + c.Code},
			{Key: "complaints.button_withdraw", Payload: "complaints:withdraw:" + c.Code},
		},
	})
}

// holderArgs are what every message about a case says: code, who has it, by when.
func (s *service) holderArgs(c cases.Case, _ string) []any {
	lead, desk := s.bodyName(c.Lead), false
	if lead == "" {
		lead, desk = s.frontDesk(), true
	}
	due, provisional := any(""), false
	if k, ok := promised(c); ok {
		due, provisional = dueDay(k.Due), k.Provisional
	}
	return []any{"code", c.Code, "lead", lead, "desk", desk, "due", due, "provisional", provisional}
}

// promised is the clock that the citizen goes by: what he was promised at first.
func promised(c cases.Case) (cases.Clock, bool) {
	if k, ok := c.Clock(cases.StepCitizen); ok && k.Stopped.IsZero() {
		return k, true
	}
	if k, ok := c.Clock(cases.StepAnswer); ok && k.Stopped.IsZero() {
		return k, true
	}
	return cases.Clock{}, false
}
