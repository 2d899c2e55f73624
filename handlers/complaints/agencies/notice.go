package agencies

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
)

// hear is told of every change inside its unit of work.
func (s *service) hear(ctx context.Context, w *bot.Work, e cases.Event) error {
	if e.Case.State.Hidden() || e.Before.Hidden() {
		return s.forget(ctx, w, e) // a suspected denunciation is nobody's news
	}
	if e.Action == cases.Remind {
		return s.keepReminder(ctx, w, e)
	}
	if err := s.newsToBodies(ctx, w, e); err != nil {
		return err
	}
	return s.newsToGroups(ctx, w, e)
}

// forget removes what waits about a case that nobody may read any more.
func (s *service) forget(ctx context.Context, w *bot.Work, e cases.Event) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	for _, query := range []string{`delete from complaints_chat_drafts where case_id = $1`, `delete from complaints_due where case_id = $1`} {
		if _, err := tx.ExecContext(ctx, query, e.Case.ID); err != nil {
			return fmt.Errorf("forget case: %w", err)
		}
	}
	return nil
}

// newsToBodies writes to those who have to act now.
func (s *service) newsToBodies(ctx context.Context, w *bot.Work, e cases.Event) error {
	c := e.Case
	switch e.Action {
	case cases.File, cases.Forward, cases.Bind, cases.Reopen, cases.Succeed, cases.Unseal:
		switch {
		case c.State == cases.Forwarded || e.Action == cases.Succeed && c.Lead != "":
			return s.tellLead(ctx, w, e, reasonOf(e))
		case c.State == cases.Received && c.Desk != cases.DeskKind:
			return s.tell(ctx, w, e, s.frontDesk(), news{reason: "complaints.agency_reason_desk", roles: hearing})
		}
	case cases.Return:
		return s.tell(ctx, w, e, s.frontDesk(), news{reason: "complaints.agency_reason_returned", roles: hearing})
	case cases.Add:
		return s.tell(ctx, w, e, s.holder(c), news{reason: "complaints.agency_reason_added", roles: hearing})
	case cases.Withdraw, cases.Restore:
		return s.tell(ctx, w, e, s.holder(c), news{reason: "complaints.agency_reason_" + string(e.Action), roles: hearing, plain: true})
	case cases.Submit:
		if c.State == cases.Drafted {
			return s.tellApprovers(ctx, w, e)
		}
	case cases.Reject:
		return s.tell(ctx, w, e, c.Lead, news{reason: "complaints.agency_reason_reject", roles: hearing})
	case cases.Rate:
		if e.Command.Rating.Bad() {
			return s.tell(ctx, w, e, c.Lead, news{reason: "complaints.agency_reason_unhappy", roles: leading, plain: true})
		}
	}
	return nil
}

func reasonOf(e cases.Event) string {
	switch e.Action {
	case cases.Bind:
		return "complaints.agency_reason_bind"
	case cases.Reopen:
		return "complaints.agency_reason_reopen"
	case cases.Succeed:
		return "complaints.agency_reason_succeed"
	}
	return "complaints.agency_reason_new"
}

// holder is the body whose turn it is: the lead body, or the front desk.
func (s *service) holder(c cases.Case) string {
	if c.Lead == "" || c.State == cases.Received {
		return s.frontDesk()
	}
	return c.Lead
}

var (
	hearing = []Role{Officer, Counter} // who gets the daily work
	leading = []Role{Leader}
)

// news is one thing to tell a body.
type news struct {
	reason string // text key
	roles  []Role
	plain  bool // nothing is to be done: no summary, no buttons in groups
	note   string
	people []Contact // who is written to, where chosen, instead of those of the roles
	chosen bool
	about  string // body whose contacts are to be mended: the mail leads to them
}

// tellLead tells the lead body of a case that is new to it, and those it consults.
// Nobody to tell is an alarm, and the front desk hears instead.
func (s *service) tellLead(ctx context.Context, w *bot.Work, e cases.Event, reason string) error {
	reached, err := s.reach(ctx, w, e, e.Case.Lead, news{reason: reason, roles: hearing})
	if err != nil {
		return err
	}
	switch reached {
	case notReached:
		s.opt.Alert(ctx, fmt.Sprintf("the body %s was given a case and cannot be reached: it has no contact with an e-mail address and no group; the front desk was told (console, contacts)", e.Case.Lead))
		err = s.tellDesk(ctx, w, e, "complaints.agency_reason_unreachable")
	case unconfirmed:
		s.opt.Alert(ctx, fmt.Sprintf("the body %s was given a case and none of its contacts has confirmed his address; the front desk was told (console, contacts)", e.Case.Lead))
		err = s.tellDesk(ctx, w, e, "complaints.agency_reason_unconfirmed")
	}
	if err != nil {
		return err
	}
	for _, body := range e.Case.Joint {
		if _, err := s.reach(ctx, w, e, body, news{reason: "complaints.agency_reason_joint", roles: hearing}); err != nil {
			return err
		}
	}
	return nil
}

// tellDesk tells the front desk what hinders the lead body of a case.
func (s *service) tellDesk(ctx context.Context, w *bot.Work, e cases.Event, reason string) error {
	desk := s.frontDesk()
	if desk == "" || desk == e.Case.Lead {
		return nil
	}
	return s.tell(ctx, w, e, desk, news{reason: reason, roles: hearing, note: s.bodyName(e.Case.Lead), about: e.Case.Lead})
}

// reached is how far something got at a body.
type reached int

const (
	notReached  reached = iota // there is nobody
	unconfirmed                // only addresses that nobody confirmed: they heard the code and no more
	heard
)

// tell is reach without asking whether it was possible.
func (s *service) tell(ctx context.Context, w *bot.Work, e cases.Event, body string, n news) error {
	_, err := s.reach(ctx, w, e, body, n)
	return err
}

// reach tells a body on every way there is, and reports how far that got.
func (s *service) reach(ctx context.Context, w *bot.Work, e cases.Event, body string, n news) (reached, error) {
	if body == "" {
		return notReached, nil
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return notReached, err
	}
	summary := ""
	if !n.plain && !e.Case.Sensitive {
		if summary, err = s.summary(ctx, tx, e); err != nil {
			return notReached, err
		}
	}
	groups, err := s.groupsOf(ctx, tx, body)
	if err != nil {
		return notReached, err
	}
	for _, g := range groups {
		s.sendCard(w, g, e, n, summary)
	}
	far := notReached
	if len(groups) > 0 {
		far = heard
	}
	if !s.opt.Has(Email) {
		return far, nil
	}
	people := n.people
	if !n.chosen {
		if people, err = s.hearers(ctx, tx, body, n.roles); err != nil {
			return far, err
		}
	}
	for _, c := range people {
		switch {
		case !c.Verified.IsZero():
			s.sendMail(w, c, e, n, summary)
			far = heard
		case !n.plain: // what asks for nothing can wait
			s.sendUnconfirmed(w, c, []cases.Case{e.Case}, unique("confirm", e, c.ID))
			far = max(far, unconfirmed)
		}
	}
	return far, nil
}

// summary is the masked beginning of what the citizen wrote. It is read in the
// transaction: a case that is being filed is not committed yet.
func (s *service) summary(ctx context.Context, tx bot.Tx, e cases.Event) (string, error) {
	if e.Action == cases.Add {
		return summarize(e.Command.Text), nil
	}
	b, err := s.desk.BodyIn(ctx, tx, e.Case.ID)
	if err != nil {
		return "", err
	}
	return summarize(b.What), nil
}

// link is a new link to the answer page for a contact.
func (s *service) link(c Contact, body string, id int64) string {
	return s.opt.PublicURL + answerPath + s.signer.Token(Link{
		Purpose: ForAnswer, Case: id, Body: body, Contact: c.ID, Epoch: c.Epoch, Expires: s.opt.Now().Add(LinkTTL),
	})
}

func (s *service) sendMail(w *bot.Work, to Contact, e cases.Event, n news, summary string) {
	button := bot.Button{Key: "complaints.button_agency_open_case", URL: s.link(to, to.Body, e.Case.ID)}
	if n.about != "" {
		button = bot.Button{Key: "complaints.button_agency_open_contacts", URL: s.opt.PublicURL + bodyURL(n.about)}
	}
	w.Send(bot.Outgoing{
		To: bot.Address{Channel: Email, Chat: to.Email}, Lang: s.lang(), Lane: bot.LaneFollowUp, Thing: cases.Thing(e.Case.Code),
		Unique: unique("mail", e, to.ID),
		Reply: bot.Reply{
			Key:     "complaints.agency_mail",
			Args:    append(s.facts(e.Case, to.Body, n, summary), "name", to.Name, "until", day(s.opt.Now().Add(LinkTTL)), "console", n.about != ""),
			Buttons: []bot.Button{button},
		},
	})
}

// unique keeps one event from being told twice to the same reader.
func unique(way string, e cases.Event, to int64) string {
	return fmt.Sprintf("complaints/%s/%d/%d/%s/%d", way, e.Case.ID, e.Case.Version, e.Action, to)
}

// facts are the arguments that mails and cards share.
func (s *service) facts(c cases.Case, body string, n news, summary string) []any {
	due, provisional := s.dueFor(c)
	return []any{
		"code", c.Code, "reason", bot.Phrase{Key: n.reason}, "body", s.bodyName(body), "field", s.fieldName(c.Field), "place", s.placeName(c.Place.ID),
		"day", dayOf(c.Day), "due", due, "provisional", provisional, "photos", c.Photos, "summary", summary, "urgent", c.Urgent,
		"sensitive", c.Sensitive, "note", n.note,
	}
}

// dueFor is the next clock that the body has to meet, as a date with its weekday.
func (s *service) dueFor(c cases.Case) (string, bool) {
	for _, step := range []cases.Step{cases.StepAnswer, cases.StepAccept, cases.StepForward} {
		if k, ok := c.Clock(step); ok && k.Stopped.IsZero() {
			return s.weekday(k.Due), k.Provisional
		}
	}
	return "", false
}

var weekdays = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// weekday writes a time as people say it: "thứ Tư 25/11/2026, 17:00".
func (s *service) weekday(t time.Time) string {
	t = t.In(zone)
	return s.render(s.lang(), "complaints.agency_day_"+weekdays[t.Weekday()], "date", t.Format("02/01/2006"), "time", t.Format("15:04"))
}

func day(t time.Time) string { return t.In(zone).Format("02/01/2006") }

func clock(t time.Time) string { return t.In(zone).Format("15:04") }

// dayOf turns 2006-01-02 into the order people write.
func dayOf(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return ""
	}
	return t.Format("02/01/2006")
}

// maxSummary is how many letters of what a citizen wrote a mail or a group shows.
const maxSummary = 300

// summarize is the beginning of a text on one line, without what tells who wrote it.
func summarize(s string) string {
	s = oneLine(mask.Sender(s))
	if utf8.RuneCountInString(s) <= maxSummary {
		return s
	}
	cut := string([]rune(s)[:maxSummary])
	if i := strings.LastIndexByte(cut, ' '); i > maxSummary/2 {
		cut = cut[:i]
	}
	return strings.TrimSpace(cut) + " …"
}
