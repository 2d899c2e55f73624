package desk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
)

// linkFor is how long a link to a file on a page works.
const linkFor = time.Hour

// fileView is a file on a page.
type fileView struct {
	ID, Name    string
	Thumb, Full string // addresses; "" when it is not ready
	Photo       bool
	NoteKey     string // why it cannot be opened
}

// files are the files of ids, with links for an officer.
func (s *service) files(r *http.Request, ids []string) []fileView {
	return s.filesFor(r, ids, media.ForStaff)
}

func (s *service) filesFor(r *http.Request, ids []string, reader media.Purpose) []fileView {
	if s.opt.Media == nil || len(ids) == 0 {
		return nil
	}
	items, err := s.opt.Media.Items(r.Context(), nil, ids...)
	if err != nil {
		s.opt.Log.Error("the files of a case cannot be listed", "err", err)
		return nil
	}
	var out []fileView
	for _, it := range items {
		v := fileView{ID: it.ID, Name: it.Name, Photo: it.Width > 0}
		switch it.State {
		case media.Ready:
			v.Full = s.opt.Media.Link(it.ID, reader, false, linkFor)
			if v.Photo {
				v.Thumb = s.opt.Media.Link(it.ID, reader, true, linkFor)
			}
		case media.Wanted:
			v.NoteKey = "complaints.desk_file_wanted"
		case media.Refused:
			v.NoteKey = "complaints.desk_file_refused"
		}
		out = append(out, v)
	}
	return out
}

// placeView says where, on a plain line.
type placeView struct {
	Name, Now string // the unit, and what it is today when that is another
	Text      string // as typed
	Landmark  string
	Spot      string // degrees
}

func (s *service) place(p cases.Place, hide func(string) string) placeView {
	d := s.opt.Directory()
	v := placeView{Name: placeName(d, p.ID), Now: placeNow(d, p.ID), Text: hide(p.Text), Landmark: hide(p.Landmark)}
	if p.Location != nil {
		v.Spot = strconv.FormatFloat(p.Location.Lat, 'f', 5, 64) + ", " + strconv.FormatFloat(p.Location.Lon, 'f', 5, 64)
	}
	return v
}

// additionView is what the citizen said later.
type additionView struct {
	At    time.Time
	Text  string
	Files []fileView
}

// entryView is a line of the timeline.
type entryView struct {
	At      time.Time
	DidKey  string
	Who     string
	Agency  string
	ViaKey  string
	Target  string
	Reason  string
	Text    string
	Days    int
	Due     time.Time
	Inside  bool // the citizen does not see it
	Round   int
	AnswerN bool
}

// answerView is an answer that was sent.
type answerView struct {
	Round             int
	Agency            string
	Text              string
	Basis             string
	Files             []fileView
	Drafted, Approved string
	OnePerson         bool
	Sent              time.Time
	Late              bool
	Rating            ratingView // of a round that is over; that of the last has its own place
}

type caseData struct {
	Style      string
	Row        row
	Day        string
	Named      string
	Accused    bool // the body named is complained about, not praised
	Masked     bool // numbers and names in the text are hidden
	Text       string
	Place      placeView
	Files      []fileView
	Added      []additionView
	Contact    *cases.Contact
	Reveal     string // path; "" when there is nothing to reveal or it is not his
	Clocks     []clockView
	Entries    []entryView
	Answers    []answerView
	Pending    *pendingView
	Buttons    []button
	Alike      []row
	Linked     []string
	Duplicate  string
	Rating     ratingView
	Public     bool
	Published  string
	Joint      []string
	Consent    bool
	Back       string
	Slip       string
	Assign     *assignView
	Sensitive  bool
	Refresh    string
	Extensions int
	Waits      int
}

// ratingView is what the citizen said about the answer.
type ratingView struct {
	Given     bool
	SolvedKey string
	Overall   int
	Bad       bool
}

// assignView is the one-press "assign to me".
type assignView struct {
	Path    string
	Me      int64
	Version int64
}

// showCase shows a case to whoever may see it.
func (s *service) showCase(w http.ResponseWriter, r *http.Request) {
	c, ok := s.find(w, r)
	if !ok {
		return
	}
	d, err := s.caseData(r, c)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "case", d)
}

// caseData gathers what the page of a case shows.
func (s *service) caseData(r *http.Request, c cases.Case) (caseData, error) {
	a, may := actor(r), s.opt.Desk.May(c, actor(r))
	d := caseData{Style: stylePath, Row: s.rows(r, []cases.Case{c})[0], Day: dayText(c.Day), Back: listPath, Public: c.Public, Published: c.Published,
		Duplicate: c.Duplicate, Linked: c.Linked, Sensitive: c.Sensitive, Refresh: casePath(c.Code), Extensions: c.Extensions, Waits: c.Waits}
	for _, j := range c.Joint {
		d.Joint = append(d.Joint, s.agencyName(j))
	}
	for _, k := range c.Clocks {
		d.Clocks = append(d.Clocks, s.clock(k))
	}
	d.Buttons = s.buttons(c, may)
	if slices.Contains(may, cases.Assign) && c.Officer != a.Officer.ID {
		d.Assign = &assignView{Path: actPath(c.Code, cases.Assign), Me: a.Officer.ID, Version: c.Version}
	}
	if c.OnBehalf {
		d.Slip = casePath(c.Code) + "/slip"
	}
	d.Rating = rating(c.Rating)
	for _, fill := range []func(*http.Request, cases.Case, []cases.Action, *caseData) error{s.fillBody, s.fillTimeline, s.fillAnswers, s.fillAlike} {
		if err := fill(r, c, may, &d); err != nil {
			return d, err
		}
	}
	return d, nil
}

func rating(g cases.Rating) ratingView {
	v := ratingView{Given: g.Given(), Overall: g.Overall, Bad: g.Bad()}
	if g.Solved != nil {
		v.SolvedKey = "complaints.desk_solved_no"
		if *g.Solved {
			v.SolvedKey = "complaints.desk_solved_yes"
		}
	}
	return v
}

// fillBody opens what the citizen wrote. Who it was, and what in the text tells
// it, is hidden until this officer gave a reason; the front desk sees it.
func (s *service) fillBody(r *http.Request, c cases.Case, may []cases.Action, d *caseData) error {
	a := actor(r)
	body, err := s.opt.Desk.Body(r.Context(), c.ID, a)
	if err != nil {
		return err
	}
	contact, err := s.opt.Desk.Identity(r.Context(), c.ID, a)
	hide := func(t string) string { return t }
	switch {
	case err == nil:
		d.Contact = &contact
	case bot.IsCode(err, bot.Denied):
		d.Masked, hide = true, mask.Sender
		if slices.Contains(may, cases.Reveal) {
			d.Reveal = actPath(c.Code, cases.Reveal)
		}
	default:
		return err
	}
	d.Text, d.Place, d.Files = hide(body.What), s.place(body.Place, hide), s.files(r, body.Media)
	if body.Named != "" {
		d.Named, d.Accused = s.agencyName(body.Named), c.Kind.Accuses()
	}
	for _, add := range body.Added {
		d.Added = append(d.Added, additionView{At: add.At, Text: hide(add.Text), Files: s.files(r, add.Media)})
	}
	return nil
}

func (s *service) fillTimeline(r *http.Request, c cases.Case, _ []cases.Action, d *caseData) error {
	entries, err := s.opt.Desk.Timeline(r.Context(), c.ID, actor(r))
	if err != nil {
		return err
	}
	hide := func(t string) string { return t }
	if d.Masked {
		hide = mask.Sender
	}
	for _, e := range entries {
		d.Entries = append(d.Entries, s.entry(r, e, hide))
	}
	slices.Reverse(d.Entries) // what happened last stands on top
	return nil
}

func (s *service) entry(r *http.Request, e cases.Entry, hide func(string) string) entryView {
	v := entryView{At: e.At, DidKey: "complaints.desk_did_" + string(e.Action), Who: e.Name, Text: e.Text, Days: e.Days, Due: e.Due, Inside: !e.Shown, Round: e.Round}
	if v.Who == "" {
		v.Who = s.refName(r, e.Ref)
	}
	if e.Agency != "" {
		v.Agency = s.agencyName(e.Agency)
	}
	switch e.Via {
	case "chat", "group", "link", "console":
		v.ViaKey = "complaints.desk_via_" + e.Via
	}
	if e.Actor == cases.Citizen {
		v.Text = hide(e.Text)
	}
	v.Reason = s.reason(r, e.Action, e.Reason)
	v.Target = s.target(r, e)
	switch {
	case e.Action == cases.Approve, e.Action == cases.Submit:
		v.Text = "" // the answer stands above
	case e.Action == cases.File && v.Target != "":
		v.DidKey = "complaints.desk_did_file_to"
	}
	return v
}

// reason is a reason in words: of a list, or as it was typed.
func (s *service) reason(r *http.Request, a cases.Action, reason string) string {
	switch {
	case a == cases.Refuse && slices.Contains(cases.RefuseReasons[:], reason):
		return s.kit.T(r, "complaints.why_refused_"+reason)
	case a == cases.Return && slices.Contains(cases.ReturnReasons[:], reason):
		return s.kit.T(r, "complaints.why_returned_"+reason)
	case a == cases.File && reason != "": // why it stood at the front desk first
		return s.kit.T(r, "complaints.desk_why_"+reason)
	}
	return reason
}

// target names what an entry leads to.
func (s *service) target(r *http.Request, e cases.Entry) string {
	switch e.Action {
	case cases.Assign:
		if e.Target == "staff:0" {
			return s.kit.T(r, "complaints.desk_nobody")
		}
		return s.refName(r, e.Target)
	case cases.Reclassify:
		kind, field, _ := strings.Cut(e.Target, " ")
		return s.kit.T(r, "complaints.desk_kind_"+kind) + ", " + s.fieldName(r, field)
	case cases.Link:
		return e.Target
	}
	if a, ok := s.opt.Directory().Agency(e.Target); ok {
		return a.Name
	}
	return ""
}

func (s *service) fillAnswers(r *http.Request, c cases.Case, _ []cases.Action, d *caseData) error {
	answers, err := s.opt.Desk.Answers(r.Context(), c.ID, actor(r))
	if err != nil {
		return err
	}
	for _, a := range answers {
		v := answerView{
			Round: a.Round, Agency: s.agencyName(a.Agency), Text: a.Text, Basis: a.Check.BasisText, Files: s.files(r, a.Media),
			Drafted: s.refName(r, a.Drafted), Approved: s.refName(r, a.Approved), OnePerson: a.OnePerson, Sent: a.Sent, Late: a.Late,
		}
		if a.Round < c.Round {
			v.Rating = rating(a.Rating)
		}
		d.Answers = append(d.Answers, v)
	}
	slices.Reverse(d.Answers)
	p, err := s.pending(r, c)
	d.Pending = p
	return err
}

// fillAlike lists what may be about the same thing.
func (s *service) fillAlike(r *http.Request, c cases.Case, may []cases.Action, d *caseData) error {
	if !slices.Contains(may, cases.Link) {
		return nil
	}
	alike, err := s.opt.Desk.Alike(r.Context(), c.ID, actor(r))
	if err != nil {
		return err
	}
	alike = slices.DeleteFunc(alike, func(x cases.Case) bool { return x.Code == c.Duplicate || slices.Contains(c.Linked, x.Code) })
	d.Alike = s.rows(r, alike)
	return nil
}
