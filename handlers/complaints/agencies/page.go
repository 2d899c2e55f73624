package agencies

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
)

// views prepares the templates.
func (s *service) views() error {
	var errs []error
	for name, v := range map[string]**web.View{
		"case": &s.view.answer, "form": &s.view.form, "confirm": &s.view.confirm, "bad": &s.view.bad, "verify": &s.view.verify,
		"contacts": &s.view.contacts, "contact": &s.view.contact, "imported": &s.view.imported,
	} {
		var err error
		*v, err = s.opt.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// caseData is what page/case.html shows.
type caseData struct {
	Base    string
	Case    cases.Case
	Kind    string // keys
	State   string
	Reader  string // name of the contact
	Body    string
	Field   string
	Place   string
	Where   string // what the citizen wrote of the place
	Map     string // address of the shared location, "" none
	Day     string
	What    []string // paragraphs
	Photos  []shownFile
	Added   []addedLine
	Clocks  []clockLine
	Answers []answerLine
	Pending *answerLine
	History []historyLine
	Actions []actionLink
	Forward string // where the console sends it on, "" when it is not the reader's
	Done    string // key of what was just done
	Until   time.Time
}

type shownFile struct {
	Name, URL, Thumb string
	Waiting          bool
}

type addedLine struct {
	At    time.Time
	Text  []string
	Files []shownFile
}

type clockLine struct {
	Key         string
	Due         time.Time
	Provisional bool
	Paused      bool
	Late        bool
}

type answerLine struct {
	At    time.Time
	By    string
	Text  []string
	Files []shownFile
	// Of an answer under way: what it rests on, and why it has no photo.
	Basis   string
	NoPhoto string
}

type historyLine struct {
	At   time.Time
	Key  string
	Who  string
	Note string
}

type actionLink struct {
	Key, URL string
	First    bool
}

// pageActions are what the answer page offers, the likeliest first.
var pageActions = [...]cases.Action{
	cases.Accept, cases.Approve, answerAction, cases.Return, cases.AskCitizen, cases.Extend, cases.Progress, cases.Reject, cases.Note,
}

// answerAction stands for writing and sending in one go.
const answerAction cases.Action = "answer"

// offered reports whether the page offers an action on the case to its reader. An
// answer may be written before the case was taken: it is then taken first.
func (s *service) offered(v visit, a cases.Action) bool {
	may := s.desk.May(v.c, v.actor)
	if a == answerAction {
		return slices.Contains(may, cases.DraftAnswer) || v.c.State == cases.Forwarded && slices.Contains(may, cases.Accept)
	}
	return slices.Contains(pageActions[:], a) && slices.Contains(may, a)
}

// showCase is the page behind the link of a mail.
func (s *service) showCase(w http.ResponseWriter, r *http.Request) {
	if l, err := s.signer.Read(r.PathValue("token"), s.opt.Now()); err == nil && l.Purpose == ForConfirm {
		v, err := s.visit(r, ForConfirm)
		if err != nil {
			s.refuse(w, r, v, err)
			return
		}
		s.showVerify(w, r, v)
		return
	}
	v, err := s.visit(r, ForAnswer)
	if err != nil {
		s.refuse(w, r, v, err)
		return
	}
	d, err := s.caseData(r.Context(), v)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	if done := cases.Action(r.URL.Query().Get("done")); done == answerAction || slices.Contains(pageActions[:], done) {
		d.Done = "complaints.agency_page_done_" + string(done)
		if done == answerAction && v.c.State == cases.Drafted {
			d.Done = "complaints.agency_page_done_drafted"
			able, account, err := s.approvers(r.Context(), s.opt.Read, v.c)
			if err != nil {
				s.opt.Console.Fail(w, r, err)
				return
			}
			if len(able) == 0 && !account {
				d.Done = "complaints.agency_page_done_no_approver"
			}
		}
	}
	s.private(w)
	s.opt.Console.RenderPublic(w, r, http.StatusOK, s.view.answer, d)
}

func (s *service) caseData(ctx context.Context, v visit) (caseData, error) {
	c := v.c
	d := caseData{
		Base: v.base(), Case: c, Kind: "complaints.agency_kind_" + string(c.Kind), State: "complaints.agency_state_" + string(c.State),
		Reader: v.contact.Name, Body: s.bodyName(v.contact.Body), Field: s.fieldName(c.Field), Place: s.placeName(c.Place.ID), Day: dayOf(c.Day), Until: v.link.Expires,
	}
	b, err := s.desk.Body(ctx, c.ID, v.actor)
	if err != nil {
		return d, err
	}
	d.What = paragraphs(mask.Sender(b.What))
	d.Where = strings.TrimSpace(mask.Sender(strings.TrimSpace(b.Place.Text + "\n" + b.Place.Landmark)))
	if l := b.Place.Location; l != nil && l.Valid() {
		d.Map = mapURL(*l)
	}
	if d.Photos, err = s.shown(ctx, b.Media); err != nil {
		return d, err
	}
	for _, a := range b.Added {
		files, err := s.shown(ctx, a.Media)
		if err != nil {
			return d, err
		}
		d.Added = append(d.Added, addedLine{At: a.At, Text: paragraphs(mask.Sender(a.Text)), Files: files})
	}
	for _, k := range c.Clocks {
		if k.Stopped.IsZero() && k.Step != cases.StepPublish {
			d.Clocks = append(d.Clocks, clockLine{Key: "complaints.agency_step_" + string(k.Step), Due: k.Due, Provisional: k.Provisional,
				Paused: !k.Paused.IsZero(), Late: k.Running() && k.Due.Before(s.opt.Now())})
		}
	}
	if err := s.answersOf(ctx, v, &d); err != nil {
		return d, err
	}
	if d.History, err = s.history(ctx, v); err != nil {
		return d, err
	}
	if c.State == cases.Received && v.contact.Body == s.frontDesk() && slices.Contains(s.desk.May(c, v.actor), cases.Bind) {
		d.Forward = consoleCase(c.Code) + "/do/" + string(cases.Forward)
	}
	for _, a := range pageActions {
		if s.offered(v, a) {
			d.Actions = append(d.Actions, actionLink{Key: "complaints.button_agency_page_" + string(a), URL: v.base() + "/" + string(a), First: len(d.Actions) == 0 && d.Forward == ""})
		}
	}
	return d, nil
}

// consoleCase is a case's page in the console, for those with an account.
func consoleCase(code string) string { return "/console/complaints/case/" + code }

func (s *service) answersOf(ctx context.Context, v visit, d *caseData) error {
	sent, err := s.desk.Answers(ctx, v.c.ID, v.actor)
	if err != nil {
		return err
	}
	for _, a := range sent {
		files, err := s.shown(ctx, a.Media)
		if err != nil {
			return err
		}
		d.Answers = append(d.Answers, answerLine{At: a.Sent, By: s.bodyName(a.Agency), Text: paragraphs(a.Text), Files: files})
	}
	p, err := s.desk.Pending(ctx, v.c.ID, v.actor)
	if bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Denied) {
		return nil
	}
	if err != nil {
		return err
	}
	files, err := s.shown(ctx, p.Media)
	d.Pending = &answerLine{At: p.Updated, By: p.Name, Text: paragraphs(p.Text), Files: files, Basis: p.Check.BasisText, NoPhoto: p.NoEvidence}
	return err
}

// maxHistory is how many of the latest entries a page lists.
const maxHistory = 60

func (s *service) history(ctx context.Context, v visit) ([]historyLine, error) {
	entries, err := s.desk.Timeline(ctx, v.c.ID, v.actor)
	if err != nil {
		return nil, err
	}
	var out []historyLine
	for _, e := range entries[max(0, len(entries)-maxHistory):] {
		if !slices.Contains(told[:], e.Action) {
			continue
		}
		h := historyLine{At: e.At, Key: "complaints.agency_did_" + string(e.Action), Who: e.Name}
		if h.Who == "" && e.Actor != cases.Officer {
			h.Who = s.render(s.lang(), "complaints.agency_who_"+string(e.Actor))
		}
		if e.Agency != "" {
			h.Who = strings.TrimSpace(h.Who + " (" + s.bodyName(e.Agency) + ")")
		}
		h.Note = mask.Sender(oneLine(s.noteOf(e)))
		out = append(out, h)
	}
	return out, nil
}

// noteOf is what was said with an entry: a reason of a list by its words, what was written, or both.
func (s *service) noteOf(e cases.Entry) string {
	why := e.Reason
	switch e.Action {
	case cases.Note, cases.AskCitizen, cases.Progress, cases.Reopen: // of a reopening: what the citizen is not content with
		if e.Text != "" {
			return e.Text
		}
		return why
	case cases.File:
		if why != "" { // it stood at the front desk first
			why = s.render(s.lang(), "complaints.desk_why_"+why)
		}
	case cases.Return:
		if knownReason(why) {
			why = s.render(s.lang(), cases.ReturnedKey(why))
		}
	case cases.Refuse:
		if slices.Contains(cases.RefuseReasons[:], why) {
			why = s.render(s.lang(), cases.RefusedKey(why))
		}
	default:
		return why
	}
	if e.Text == "" {
		return why
	}
	return why + ": " + e.Text
}

// told are the entries of a timeline that a body reads.
var told = [...]cases.Action{
	cases.File, cases.Accept, cases.Return, cases.Forward, cases.Bind, cases.Assign, cases.Reclassify, cases.AskCitizen, cases.Add, cases.Extend,
	cases.Progress, cases.Note, cases.Submit, cases.Approve, cases.Reject, cases.Refuse, cases.Withdraw, cases.Restore, cases.Reopen, cases.Close, cases.Succeed,
}

// shown are files as a page shows them; one that is refused or gone is left out.
func (s *service) shown(ctx context.Context, ids []string) ([]shownFile, error) {
	if len(ids) == 0 || s.opt.Files == nil {
		return nil, nil
	}
	items, err := s.opt.Files.Items(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var out []shownFile
	for _, it := range items {
		switch {
		case it.Refused != "":
		case !it.Ready:
			out = append(out, shownFile{Name: it.Name, Waiting: true})
		default:
			f := shownFile{Name: it.Name, URL: s.opt.Files.Link(it.ID, false)}
			if it.Photo {
				f.Thumb = s.opt.Files.Link(it.ID, true)
			}
			out = append(out, f)
		}
	}
	return out, nil
}

func paragraphs(text string) []string {
	var out []string
	for p := range strings.SplitSeq(text, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// mapURL opens a shared location on a public map.
func mapURL(p bot.Place) string {
	return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%.5f&mlon=%.5f#map=18/%.5f/%.5f", p.Lat, p.Lon, p.Lat, p.Lon)
}
