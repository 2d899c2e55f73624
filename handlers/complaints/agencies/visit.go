package agencies

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

const answerPath = "/a/"

// Limits of what comes from the answer page.
const (
	maxFiles    = 5
	maxFormBody = 30 << 20
	maxReason   = 1000
	maxKey      = 40
)

func (s *service) answerPages() []bot.Page {
	return []bot.Page{
		{Pattern: "GET " + answerPath + "{token}", Handler: http.HandlerFunc(s.showCase)},
		{Pattern: "GET " + answerPath + "{token}/{action}", Handler: http.HandlerFunc(s.showForm)},
		{Pattern: "POST " + answerPath + "{token}/{action}", Handler: http.HandlerFunc(s.takeForm), Body: maxFormBody},
		{Pattern: "POST " + answerPath + "{token}/fresh", Handler: http.HandlerFunc(s.freshLink)},
		{Pattern: "POST " + answerPath + "{token}/confirm", Handler: http.HandlerFunc(s.confirmAddress)},
	}
}

// visit is a genuine link that somebody opened, and what it leads to.
type visit struct {
	token   string
	link    Link
	contact Contact
	actor   cases.Actor
	// inPlaceOf is the leader whose part the contact has while he is away, 0 for nobody.
	inPlaceOf int64
	c         cases.Case
}

// base is where the pages of this link stand.
func (v visit) base() string { return answerPath + v.token }

// errMoved: the link is good, and the body no longer has the case.
var errMoved = errors.New("agencies: the case left the body")

// errUnconfirmed: the link is good, and nobody confirmed the address that it was sent to.
var errUnconfirmed = errors.New("agencies: the address was not confirmed")

// visit reads the link of a request: the signature, the contact that it was made
// for, and the case. It fails with errForged, errExpired, errUnconfirmed, errMoved, or *bot.Error NotFound.
func (s *service) visit(r *http.Request, purpose Purpose) (visit, error) {
	v := visit{token: r.PathValue("token")}
	var err error
	if v.link, err = s.signer.Read(v.token, s.opt.Now()); err != nil {
		return v, err
	}
	if v.link.Purpose != purpose {
		return v, errForged
	}
	v.contact, err = s.book.Get(r.Context(), s.opt.Read, v.link.Contact)
	if bot.IsCode(err, bot.NotFound) {
		return v, errForged
	}
	if err != nil {
		return v, err
	}
	if !v.contact.Active || v.contact.Epoch != v.link.Epoch || v.contact.Body != v.link.Body {
		return v, errExpired
	}
	if purpose != ForAnswer {
		return v, nil
	}
	if v.contact.Verified.IsZero() {
		return v, errUnconfirmed
	}
	v.actor, v.inPlaceOf, err = s.actorOf(r.Context(), s.opt.Read, v.contact)
	if bot.IsCode(err, bot.Denied) {
		return v, errExpired
	}
	if err != nil {
		return v, err
	}
	return v, s.visitCase(r.Context(), &v)
}

func (s *service) visitCase(ctx context.Context, v *visit) error {
	var err error
	v.c, err = s.desk.Get(ctx, v.link.Case, v.actor)
	if err == nil && s.concerns(v.c, v.link.Body) {
		return nil
	}
	if err != nil && !bot.IsCode(err, bot.NotFound) && !bot.IsCode(err, bot.Denied) {
		return err
	}
	// Who has it now is told to somebody who had it; nothing else is.
	if v.c, err = s.desk.Get(ctx, v.link.Case, system); err != nil {
		return err
	}
	if v.c.State.Hidden() {
		return &bot.Error{Code: bot.NotFound, Key: "complaints.agency_page_gone"}
	}
	return errMoved
}

// concerns reports whether a body has to do with a case: its turn, its case, or asked for its opinion.
func (s *service) concerns(c cases.Case, body string) bool {
	return s.holder(c) == body || c.Lead == body || consulted(c, body)
}

func consulted(c cases.Case, body string) bool {
	for _, j := range c.Joint {
		if j == body {
			return true
		}
	}
	return false
}

// actorOf is who a contact acts as: the member of staff with the same address, or
// an officer of that body alone. Being a contact of the body gives the role at it; an
// account that was shut out gives none, and Denied. Who stands in for a leader has
// the leader's role while he is away.
func (s *service) actorOf(ctx context.Context, r Reader, c Contact) (a cases.Actor, inPlaceOf int64, err error) {
	a = cases.Actor{Kind: cases.Officer, Agency: c.Body, Via: "link", Contact: strconv.FormatInt(c.ID, 10)}
	if c.Role != Leader {
		if inPlaceOf, err = s.book.standsInFor(ctx, r, c); err != nil {
			return a, 0, err
		}
	}
	grants := []bot.Grant{{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: c.Body}}}
	if c.Role == Leader || inPlaceOf != 0 {
		grants = append(grants, bot.Grant{Role: bot.RoleHead, Scope: bot.Scope{Agency: c.Body}})
	}
	if c.Body == s.frontDesk() && c.Role != Counter {
		grants = append(grants, bot.Grant{Role: bot.RoleController, Scope: bot.Scope{Agency: c.Body}})
	}
	o, err := s.opt.Staff.OfficerByEmail(ctx, c.Email)
	switch {
	case err == nil && o.Active:
		o.Grants = append(append([]bot.Grant(nil), o.Grants...), grants...)
		a.Officer = o
	case err == nil:
		return a, 0, &bot.Error{Code: bot.Denied}
	case bot.IsCode(err, bot.NotFound):
		a.Officer = bot.Officer{Name: c.Name, Active: true, Grants: grants}
	default:
		return a, 0, err
	}
	return a, inPlaceOf, nil
}

// badData is what the page for a link that opens nothing shows.
type badData struct {
	Title string // key
	Body  string
	Fresh string // where a fresh link is asked for, "" when it makes no sense
	Words string // what the reader wrote and cannot send any more, to be copied
}

// refuse answers a request whose link opens nothing. It says the same to
// everybody whose link is not genuine, whatever the link claims.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, v visit, err error) {
	s.private(w)
	fresh := ""
	if len(v.token) <= maxToken {
		fresh = answerPath + v.token + "/fresh"
	}
	t := func(key string, args ...any) string { return s.opt.Console.T(r, key, args...) }
	d, status := badData{Title: "complaints.agency_page_bad_title", Body: t("complaints.agency_page_bad"), Fresh: fresh}, http.StatusNotFound
	switch {
	case errors.Is(err, errForged):
	case errors.Is(err, errExpired):
		d, status = badData{Title: "complaints.agency_page_old_title", Body: t("complaints.agency_page_old"), Fresh: fresh}, http.StatusGone
	case errors.Is(err, errUnconfirmed):
		d, status = badData{Title: "complaints.agency_page_unconfirmed_title", Body: t("complaints.agency_page_unconfirmed"), Fresh: fresh}, http.StatusGone
	case errors.Is(err, errMoved):
		status = http.StatusGone
		d = badData{Title: "complaints.agency_page_moved_title", Body: t("complaints.agency_page_moved", "code", v.c.Code, "body", s.bodyName(s.holder(v.c)))}
	case bot.IsCode(err, bot.NotFound):
		d, status = badData{Title: "complaints.agency_page_gone_title", Body: t("complaints.agency_page_gone")}, http.StatusGone
	default:
		s.opt.Console.Fail(w, r, err)
		return
	}
	if status == http.StatusGone {
		d.Words = s.written(r)
	}
	s.opt.Console.RenderPublic(w, r, status, s.view.bad, d)
}

// written is the long text of a form whose link opened when the page did and no
// longer does: the case went elsewhere while somebody wrote. It goes back to him and nowhere else.
func (s *service) written(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	f, err := s.opt.Console.Form(r)
	if r.MultipartForm != nil {
		defer r.MultipartForm.RemoveAll() //nolint:errcheck // temporary files; the system clears what is left
	}
	if err != nil {
		return ""
	}
	return f.Get("text")
}

// private keeps a page out of caches and search.
func (s *service) private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
}

// freshLink sends a new link to the registered address of the contact that a
// link names, whether or not it is genuine: a mail program may have broken it. The
// answer is always the same, and no address is ever asked for.
func (s *service) freshLink(w http.ResponseWriter, r *http.Request) {
	l, err := s.signer.Read(r.PathValue("token"), s.opt.Now())
	if err != nil && l.Contact == 0 {
		err = nil // it claims nothing
	} else {
		err = s.sendFresh(r.Context(), l)
	}
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.private(w)
	s.opt.Console.RenderPublic(w, r, http.StatusOK, s.view.bad, badData{
		Title: "complaints.agency_page_fresh_title", Body: s.opt.Console.T(r, "complaints.agency_page_fresh", "most", freshPerDay)})
}

func (s *service) sendFresh(ctx context.Context, l Link) error {
	if l.Purpose != ForAnswer || !s.opt.Has(Email) {
		return nil
	}
	c, err := s.book.Get(ctx, s.opt.Read, l.Contact)
	if bot.IsCode(err, bot.NotFound) || err == nil && (!c.Active || c.Body != l.Body) {
		return nil
	}
	if err != nil {
		return err
	}
	one, err := s.desk.Get(ctx, l.Case, system)
	if bot.IsCode(err, bot.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if one.State.Hidden() || !s.concerns(one, c.Body) {
		return nil
	}
	return s.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		ok, err := s.book.takeFresh(ctx, tx, c.ID)
		if err != nil || !ok {
			return err
		}
		if c.Verified.IsZero() {
			s.sendUnconfirmed(w, c, []cases.Case{one}, "")
			return nil
		}
		w.Send(bot.Outgoing{
			To: bot.Address{Channel: Email, Chat: c.Email}, Lang: s.lang(), Thing: cases.Thing(one.Code),
			Reply: bot.Reply{Key: "complaints.agency_mail_fresh", Args: []any{"code", one.Code, "name", c.Name, "until", day(s.opt.Now().Add(LinkTTL))},
				Buttons: []bot.Button{{Key: "complaints.button_agency_open_case", URL: s.link(c, c.Body, one.ID)}}},
		})
		return nil
	})
}

// sendTest sends a contact a mail whose link confirms the address.
func (s *service) sendTest(w *bot.Work, c Contact) {
	w.Send(s.book.testMail(c, s.opt.PublicURL, s.lang()))
}

// verifyData is what the page behind a test message shows.
type verifyData struct {
	Name, Body, Action, Key string
	Done                    bool
	Open                    string // the case that the mail was about, "" none
}

// showVerify asks for a press: programs that look into mails open links too.
func (s *service) showVerify(w http.ResponseWriter, r *http.Request, v visit) {
	s.private(w)
	d := verifyData{
		Name: v.contact.Name, Body: s.bodyName(v.contact.Body), Action: v.base() + "/confirm", Key: s.signer.formKey(v.token, s.opt.Now()),
		Done: !v.contact.Verified.IsZero(),
	}
	if d.Done && v.link.Case != 0 { // good as long as this link is
		l := v.link
		l.Purpose = ForAnswer
		d.Open = answerPath + s.signer.Token(l)
	}
	s.opt.Console.RenderPublic(w, r, http.StatusOK, s.view.verify, d)
}

func (s *service) confirmAddress(w http.ResponseWriter, r *http.Request) {
	v, err := s.visit(r, ForConfirm)
	if err != nil {
		s.refuse(w, r, v, err)
		return
	}
	f, err := s.opt.Console.Form(r)
	if err == nil && !s.signer.formKeyFits(v.token, f.Raw("form"), s.opt.Now()) {
		err = &bot.Error{Code: bot.Invalid, Key: "complaints.agency_page_form_old"}
	}
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return s.book.markVerified(ctx, tx, v.contact.ID)
	})
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, v.base(), http.StatusSeeOther)
}
