package agencies

import (
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
)

// formData is what page/form.html and page/confirm.html show.
type formData struct {
	Base, URL string
	Action    string
	Title     string // keys
	Lead      string
	Button    string
	Case      cases.Case
	Form      *web.Form
	FormKey   string
	Key       string // idempotency
	Reasons   []web.Option
	Bodies    []web.Option // that a search found
	Search    string
	Days      []web.Option
	Evidence  bool // photos are asked for
	Second    bool // somebody else reads the answer before it is sent
	MaxFiles  int
	Files     []shownFile
	Media     []string
	Pending   *answerLine
	Error     string   // rendered
	Keep      []string // fields that the confirmation carries on
	// What is confirmed, as it will be read.
	Text    []string
	Reason  string
	To      string
	Basis   string
	DayText string

	NoApprover bool // an answer of this reader would wait, with nobody to approve it
}

// showForm is the page of one action.
func (s *service) showForm(w http.ResponseWriter, r *http.Request) {
	v, err := s.visit(r, ForAnswer)
	if err != nil {
		s.refuse(w, r, v, err)
		return
	}
	a := cases.Action(r.PathValue("action"))
	if !s.offered(v, a) {
		http.Redirect(w, r, v.base(), http.StatusSeeOther) // the page says how it stands now
		return
	}
	f := s.opt.Console.NewForm(nil)
	f.Set("version", strconv.FormatInt(v.c.Version, 10))
	f.Set("key", bot.NewID())
	f.Set("q", s.opt.Clean(r.URL.Query().Get("q")))
	f.Set("reason", r.URL.Query().Get("reason"))
	if a == answerAction {
		if err := s.goOn(r.Context(), v, f); err != nil {
			s.opt.Console.Fail(w, r, err)
			return
		}
	}
	s.renderForm(w, r, v, a, f, http.StatusOK, "")
}

// goOn fills the form with the answer under way: one that was sent back is mended, not written anew.
func (s *service) goOn(ctx context.Context, v visit, f *web.Form) error {
	p, err := s.desk.Pending(ctx, v.c.ID, v.actor)
	if err != nil {
		if bot.IsCode(err, bot.NotFound) {
			return nil
		}
		return err
	}
	for name, value := range map[string]string{"text": p.Text, "basis": p.Check.BasisText, "no_photo": p.NoEvidence, "media": strings.Join(p.Media, ",")} {
		f.Set(name, value)
	}
	for name, on := range map[string]bool{"every_point": p.Check.EveryPoint, "next_step": p.Check.NextStep} {
		if on {
			f.Set(name, "1")
		}
	}
	return nil
}

func (s *service) formData(ctx context.Context, v visit, a cases.Action, f *web.Form) (formData, error) {
	d := formData{
		Base: v.base(), URL: v.base() + "/" + string(a), Action: string(a), Title: "complaints.agency_page_title_" + string(a), Lead: "complaints.agency_page_lead_" + string(a),
		Button: "complaints.button_agency_page_" + string(a), Case: v.c, Form: f, FormKey: s.signer.formKey(v.token, s.opt.Now()), Key: f.Get("key"), MaxFiles: maxFiles,
	}
	var err error
	switch a {
	case cases.Return:
		for _, why := range cases.ReturnReasons {
			d.Reasons = append(d.Reasons, web.Option{Value: why, Label: s.render(s.lang(), cases.ReturnedKey(why))})
		}
		if d.Search = f.Line("q"); d.Search != "" {
			for _, b := range newBodyIndex(s.opt.Directory(), s.opt.Fold).search(d.Search, 12) {
				d.Bodies = append(d.Bodies, web.Option{Value: b.ID, Label: b.Name})
			}
		}
	case answerAction:
		d.Evidence = v.c.Kind == cases.Scene
		d.Media = mediaOf(f)
		if d.NoApprover, err = s.wouldWait(ctx, v); err != nil {
			return d, err
		}
		if d.Files, err = s.shown(ctx, d.Media); err != nil {
			return d, err
		}
	case cases.Approve, cases.Reject:
		var cd caseData
		if err := s.answersOf(ctx, v, &cd); err != nil {
			return d, err
		}
		d.Pending = cd.Pending
	}
	return d, nil
}

func (s *service) renderForm(w http.ResponseWriter, r *http.Request, v visit, a cases.Action, f *web.Form, status int, problem string) {
	d, err := s.formData(r.Context(), v, a, f)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d.Error = problem
	s.private(w)
	s.opt.Console.RenderPublic(w, r, status, s.view.form, d)
}

// takeForm reads what was sent: first it is shown once more for confirmation,
// then, with "sure", it is done. An error keeps what was typed.
func (s *service) takeForm(w http.ResponseWriter, r *http.Request) {
	v, err := s.visit(r, ForAnswer)
	if err != nil {
		s.refuse(w, r, v, err)
		return
	}
	a := cases.Action(r.PathValue("action"))
	if a != answerAction && !slices.Contains(pageActions[:], a) {
		s.opt.Console.NotFound(w, r)
		return
	}
	f, err := s.opt.Console.Form(r)
	if err == nil && len(f.Raw("key")) > maxKey {
		err = &bot.Error{Code: bot.Invalid, Key: "complaints.agency_page_form_old"}
	}
	if r.MultipartForm != nil {
		defer r.MultipartForm.RemoveAll() //nolint:errcheck // temporary files; the system clears what is left
	}
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	cmd := s.command(r, v, a, f)
	switch {
	case !s.signer.formKeyFits(v.token, f.Raw("form"), s.opt.Now()): // a page from before the weekend: a fresh form, with the words
		s.renderForm(w, r, v, a, f, http.StatusUnprocessableEntity, s.opt.Console.T(r, "complaints.agency_page_form_aged"))
	case f.Failed():
		s.renderForm(w, r, v, a, f, http.StatusUnprocessableEntity, "")
	case f.On("edit") || f.On("find"):
		s.renderForm(w, r, v, a, f, http.StatusOK, "")
	case !f.On("sure") && a != cases.Accept:
		s.askSure(w, r, v, a, f, cmd)
	default:
		s.carryOut(w, r, v, a, f, cmd)
	}
}

// command reads a form into a command and notes what is wrong beside the fields.
func (s *service) command(r *http.Request, v visit, a cases.Action, f *web.Form) cases.Command {
	version, _ := strconv.ParseInt(f.Raw("version"), 10, 64) // 0 compares nothing: refused below
	if version <= 0 {
		f.Fail("text", "complaints.agency_page_form_old")
	}
	c := cases.Command{Action: a, Version: version}
	text := func(name string, shortest, longest int) string {
		t := f.Get(name)
		switch n := utf8.RuneCountInString(t); {
		case n < shortest:
			f.Fail(name, "complaints.agency_page_too_short", "shortest", shortest)
		case n > longest:
			f.Fail(name, "complaints.agency_page_too_long", "longest", longest, "length", n)
		}
		return t
	}
	switch a {
	case cases.Return:
		if why := f.Raw("reason"); knownReason(why) {
			c.Reason = why
		} else if !f.On("find") {
			f.Fail("reason", "complaints.agency_page_pick_reason")
		}
		if more := f.Line("more"); more != "" {
			c.Text = more
		}
		if id := f.Raw("agency"); id != "" {
			if b, ok := s.opt.Directory().Agency(id); ok && b.Template == "" && s.opt.Directory().InOffice(b) && b.ID != v.c.Lead {
				c.Agency = b.ID
			} else {
				f.Fail("q", "complaints.agency_page_no_body")
			}
		}
	case cases.AskCitizen, cases.Progress, cases.Note:
		c.Text = text("text", 10, maxAnswerText)
	case cases.Extend:
		if c.Days, _ = strconv.Atoi(f.Raw("days")); c.Days < 1 || c.Days > 60 {
			f.Fail("days", "complaints.agency_page_pick_days")
		}
		c.Reason = text("text", 10, maxReason)
	case cases.Reject:
		c.Reason = text("text", 5, maxReason)
	case answerAction:
		c.Text = text("text", minAnswer, maxAnswerText)
		c.Check = cases.Checklist{EveryPoint: f.On("every_point"), Basis: f.Line("basis") != "", NextStep: f.On("next_step"), BasisText: f.Line("basis")}
		s.checklist(f)
		c.Media = s.uploads(r, v, f)
		c.Check.Evidence = len(c.Media) > 0
		c.Reason = f.Line("no_photo")
	}
	return c
}

// checklist notes what an answer lacks before it may be sent.
func (s *service) checklist(f *web.Form) {
	if f.On("edit") {
		return
	}
	if !f.On("every_point") {
		f.Fail("every_point", "complaints.agency_page_check_points")
	}
	if !f.On("next_step") {
		f.Fail("next_step", "complaints.agency_page_check_next")
	}
	if n := utf8.RuneCountInString(f.Line("basis")); n < 3 || n > maxReason {
		f.Fail("basis", "complaints.agency_page_check_basis")
	}
}

// uploadOwner is who files belong to until they are attached to the case.
func uploadOwner(v visit) string {
	return fmt.Sprintf("complaint-link:%d:%d", v.contact.ID, v.c.ID)
}

// mediaOf are the files that a form carries on from the page before.
func mediaOf(f *web.Form) []string {
	var ids []string
	for id := range strings.SplitSeq(f.Raw("media"), ",") {
		if id != "" && len(id) <= maxKey && len(ids) < maxFiles {
			ids = append(ids, id)
		}
	}
	return ids
}

// uploads keeps the files of a form and returns their ids with those that came
// before; of these, what is of another case or contact is left out, and said to be missing.
func (s *service) uploads(r *http.Request, v visit, f *web.Form) []string {
	ids := mediaOf(f)
	if came := len(ids); came > 0 && s.opt.Files != nil {
		var err error
		if ids, err = s.opt.Files.Owned(r.Context(), ids, uploadOwner(v), cases.Thing(v.c.Code)); err != nil {
			s.opt.Log.Error("files of an answer cannot be listed", "err", err)
		}
		if len(ids) < came {
			f.Fail("files", "complaints.agency_page_file_failed")
		}
	}
	var heads []*multipart.FileHeader
	if r.MultipartForm != nil {
		heads = r.MultipartForm.File["files"]
	}
	for _, h := range heads {
		if h.Size == 0 && h.Filename == "" {
			continue
		}
		if len(ids) >= maxFiles {
			f.Fail("files", "complaints.agency_page_many_files", "most", maxFiles)
			break
		}
		id, err := s.upload(r.Context(), v, h)
		if err != nil {
			if !f.FailWith("files", err) {
				s.opt.Log.Error("a file of an answer cannot be kept", "err", err)
				f.Fail("files", "complaints.agency_page_file_failed")
			}
			continue
		}
		ids = append(ids, id)
	}
	f.Set("media", strings.Join(ids, ","))
	return ids
}

func (s *service) upload(ctx context.Context, v visit, h *multipart.FileHeader) (string, error) {
	if s.opt.Files == nil {
		return "", &bot.Error{Code: bot.Invalid, Key: "complaints.agency_page_no_files"}
	}
	from, err := h.Open()
	if err != nil {
		return "", fmt.Errorf("open upload: %w", err)
	}
	defer from.Close()
	it, err := s.opt.Files.Keep(ctx, uploadOwner(v), h.Filename, from)
	return it.ID, err
}

// askSure shows what will be read by whom, and asks once more.
func (s *service) askSure(w http.ResponseWriter, r *http.Request, v visit, a cases.Action, f *web.Form, c cases.Command) {
	d, err := s.formData(r.Context(), v, a, f)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d.Keep = []string{"text", "reason", "more", "q", "agency", "days", "basis", "no_photo", "every_point", "next_step", "media"}
	d.Text, d.Reason, d.Basis = paragraphs(c.Text), c.Reason, c.Check.BasisText
	if a == cases.Return {
		d.Reason = s.render(s.lang(), cases.ReturnedKey(c.Reason))
	}
	if c.Agency != "" {
		d.To = s.bodyName(c.Agency)
	}
	if c.Days > 0 {
		if k, ok := v.c.Clock(cases.StepAnswer); ok {
			if due, err := s.opt.Calendar().Add(k.Due, c.Days); err == nil {
				d.DayText = s.weekday(due.At)
			}
		}
	}
	s.private(w)
	s.opt.Console.RenderPublic(w, r, http.StatusOK, s.view.confirm, d)
}

// carryOut does it. A repeated press of the same form changes nothing.
func (s *service) carryOut(w http.ResponseWriter, r *http.Request, v visit, a cases.Action, f *web.Form, c cases.Command) {
	key := fmt.Sprintf("link/%d/%s", v.contact.ID, f.Raw("key"))
	err := s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		var err error
		if a == answerAction {
			err = s.answer(ctx, work, v, c, key)
		} else {
			c.Key = key + "/" + string(a)
			_, err = s.desk.Do(ctx, work, v.c.ID, v.actor, c)
		}
		if err != nil || v.inPlaceOf == 0 {
			return err
		}
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, v.actor.Ref(), "complaints.stand_in", cases.Thing(v.c.Code), fmt.Sprintf("%s in place of contact %d", a, v.inPlaceOf))
	})
	var e *bot.Error
	switch {
	case err == nil:
		http.Redirect(w, r, v.base()+"?done="+string(a), http.StatusSeeOther)
	case errors.As(err, &e) && e.Key != "":
		status := http.StatusUnprocessableEntity
		if e.Code == bot.Conflict {
			status = http.StatusConflict
		}
		// What was typed stays; the version becomes today's, so that who read the
		// reason may send again if it still holds.
		if now, again := s.desk.Get(r.Context(), v.c.ID, v.actor); again == nil {
			v.c = now
			f.Set("version", strconv.FormatInt(now.Version, 10))
		}
		s.renderForm(w, r, v, a, f, status, s.explain(r, e))
	default:
		s.opt.Console.Fail(w, r, err)
	}
}

// explain renders an error for the reader; the state of a conflict by its name.
func (s *service) explain(r *http.Request, e *bot.Error) string {
	args := slices.Clone(e.Args)
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "state" {
			if st, ok := args[i+1].(string); ok {
				args[i+1] = s.opt.Console.T(r, "complaints.agency_state_"+st)
			}
		}
	}
	return s.opt.Console.T(r, e.Key, args...)
}

// answer takes the case where nobody has, writes the answer and sends it, or
// hands it to the second person. All of it happens or nothing.
func (s *service) answer(ctx context.Context, w *bot.Work, v visit, c cases.Command, key string) error {
	version := c.Version
	if v.c.State == cases.Forwarded {
		if _, err := s.desk.Do(ctx, w, v.c.ID, v.actor, cases.Command{Action: cases.Accept, Version: version, Key: key + "/accept"}); err != nil {
			return err
		}
		version = 0
	}
	_, err := s.desk.Do(ctx, w, v.c.ID, v.actor, cases.Command{
		Action: cases.Submit, Version: version, Key: key + "/submit", Text: c.Text, Check: c.Check, Media: c.Media, MediaOwner: uploadOwner(v), Reason: c.Reason,
	})
	return err
}
