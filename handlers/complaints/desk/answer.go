package desk

import (
	"context"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
)

// maxUploads is how many files an answer takes at once.
const maxUploads = 5

// pendingView is an answer under way, as the citizen would get it.
type pendingView struct {
	Text      string
	Check     cases.Checklist
	Files     []fileView
	By        string
	Mine      bool
	Updated   time.Time
	Submitted bool
	NoPhoto   string // why there is none
}

// pending is the answer under way; nil when there is none, or not for this officer.
func (s *service) pending(r *http.Request, c cases.Case) (*pendingView, error) {
	p, err := s.opt.Desk.Pending(r.Context(), c.ID, actor(r))
	if bot.IsCode(err, bot.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	by := p.Name
	if by == "" {
		by = s.refName(r, p.By)
	}
	return &pendingView{Text: p.Text, Check: p.Check, Files: s.files(r, p.Media), By: by, Mine: p.By == actor(r).Ref(), Updated: p.Updated, Submitted: p.Submitted, NoPhoto: p.NoEvidence}, nil
}

type answerData struct {
	Style    string
	Row      row
	Question string
	Form     *web.Form
	Problem  string
	Conflict bool
	Path     string
	Back     string
	Version  int64
	Files    []fileView
	Uploads  bool
	Canned   []web.Option
	Ask      string // path
	Other    string // name of somebody else whose draft this is
	Now      string // what somebody else saved meanwhile
	Preview  *pendingView
	Second   bool // a second person reads it before it is sent
	Key      string
}

// answering finds the case of a request that this officer may answer. It answers when he may not.
func (s *service) answering(w http.ResponseWriter, r *http.Request) (cases.Case, bool) {
	c, ok := s.find(w, r)
	if !ok {
		return c, false
	}
	if r.Method == http.MethodGet && !slices.Contains(s.opt.Desk.May(c, actor(r)), cases.DraftAnswer) {
		s.kit.Flash(w, r, web.Flash{Key: "complaints.desk_not_now", Args: []any{"state", s.kit.T(r, stateKey(c.State))}, Warning: true})
		s.kit.Redirect(w, r, casePath(c.Code))
		return c, false
	}
	return c, true
}

// showAnswer shows the editor, or with ?preview=1 exactly what would be sent.
func (s *service) showAnswer(w http.ResponseWriter, r *http.Request) {
	c, ok := s.answering(w, r)
	if !ok {
		return
	}
	p, err := s.opt.Desk.Pending(r.Context(), c.ID, actor(r))
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		s.kit.Fail(w, r, err)
		return
	}
	if err == nil && r.URL.Query().Get("preview") == "1" {
		f := s.kit.NewForm(nil)
		f.Set("why", p.NoEvidence)
		s.showPreview(w, r, c, http.StatusOK, f, "")
		return
	}
	s.editDraft(w, r, c, p)
}

// editDraft shows the editor with an answer that is kept; of none it is empty.
func (s *service) editDraft(w http.ResponseWriter, r *http.Request, c cases.Case, p cases.Pending) {
	f := s.kit.NewForm(nil)
	f.Set("text", p.Text)
	f.Set("basis_text", p.Check.BasisText)
	f.Set("why", p.NoEvidence)
	for name, on := range map[string]bool{"points": p.Check.EveryPoint, "basis": p.Check.Basis, "next": p.Check.NextStep, "evidence": p.Check.Evidence} {
		if on {
			f.Set(name, "1")
		}
	}
	d := answerData{Files: s.files(r, p.Media)}
	if p.By != "" && p.By != actor(r).Ref() {
		d.Other = p.Name
	}
	s.askAnswer(w, r, http.StatusOK, c, f, d)
}

// askAnswer renders the editor.
func (s *service) askAnswer(w http.ResponseWriter, r *http.Request, status int, c cases.Case, f *web.Form, d answerData) {
	d.Style, d.Row, d.Form = stylePath, s.rows(r, []cases.Case{c})[0], f
	d.Path, d.Back, d.Version, d.Uploads = casePath(c.Code)+"/answer", casePath(c.Code), c.Version, s.opt.Media != nil
	if slices.Contains(s.opt.Desk.May(c, actor(r)), cases.AskCitizen) {
		d.Ask = actPath(c.Code, cases.AskCitizen)
	}
	var err error
	if d.Question, err = s.question(r, c); err == nil {
		d.Canned, err = s.cannedOptions(r, c)
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "answer", d)
}

// showPreview shows exactly what would be sent, of the answer that is kept; f is what was typed beside it.
func (s *service) showPreview(w http.ResponseWriter, r *http.Request, c cases.Case, status int, f *web.Form, problem string) {
	p, err := s.pending(r, c)
	if err == nil && p == nil {
		s.kit.Redirect(w, r, casePath(c.Code)+"/answer")
		return
	}
	var terms cases.Terms
	if err == nil {
		terms, err = s.opt.Desk.Terms(r.Context())
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := answerData{Style: stylePath, Row: s.rows(r, []cases.Case{c})[0], Path: casePath(c.Code) + "/answer", Back: casePath(c.Code) + "/answer",
		Version: c.Version, Form: f, Preview: p, Problem: problem, Conflict: status == http.StatusConflict, Key: bot.NewID()}
	head := web.OfficerFrom(r.Context()).May(bot.RoleHead, bot.Scope{Agency: c.Lead, Place: c.Place.ID})
	direct := terms.Yes(cases.KeyDirect, c.Lead) && !c.Kind.Identified()
	d.Second = !direct && !(head && terms.Yes(cases.KeySolo, c.Lead))
	s.render(w, r, status, "preview", d)
}

// postAnswer keeps the draft, adds a canned answer, or hands the answer on.
func (s *service) postAnswer(w http.ResponseWriter, r *http.Request) {
	c, ok := s.answering(w, r)
	if !ok {
		return
	}
	// All in memory; what is wrong with the body the kit finds as well, and tells.
	_ = r.ParseMultipartForm(maxFiles)
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	switch f.Line("step") {
	case "submit":
		s.submit(w, r, c, f)
	case "insert":
		s.insert(w, r, c, f)
	case "edit":
		s.editAgain(w, r, c, f)
	default:
		s.saveDraft(w, r, c, f)
	}
}

// editAgain goes back from what would be sent to the editor, with the reason typed there.
func (s *service) editAgain(w http.ResponseWriter, r *http.Request, c cases.Case, f *web.Form) {
	p, err := s.opt.Desk.Pending(r.Context(), c.ID, actor(r))
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		s.kit.Fail(w, r, err)
		return
	}
	p.NoEvidence = f.Line("why")
	s.editDraft(w, r, c, p)
}

// insert adds a canned answer to what was typed.
func (s *service) insert(w http.ResponseWriter, r *http.Request, c cases.Case, f *web.Form) {
	ids, err := s.takeFiles(r, c, f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	id, _ := strconv.ParseInt(f.Line("canned"), 10, 64) // nonsense is none
	t, err := readCanned(r.Context(), s.opt.Read, id)
	switch {
	case bot.IsCode(err, bot.NotFound) || err == nil && !s.seesCanned(r, t):
		f.Fail("canned", "complaints.desk_wrong_canned")
	case err != nil:
		s.kit.Fail(w, r, err)
		return
	default:
		text := strings.TrimSpace(f.Get("text") + "\n\n" + s.fillCanned(c, t.Body))
		f.Set("text", text)
	}
	s.askAnswer(w, r, http.StatusOK, c, f, answerData{Files: s.files(r, ids)})
}

// saveDraft keeps the answer. On a conflict the officer keeps what he typed and
// sees what the other one saved.
func (s *service) saveDraft(w http.ResponseWriter, r *http.Request, c cases.Case, f *web.Form) {
	ids, err := s.takeFiles(r, c, f)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	again := func(status int, now cases.Case, d answerData) {
		d.Files = s.files(r, ids)
		s.askAnswer(w, r, status, now, f, d)
	}
	if f.Get("text") == "" {
		f.Fail("text", "complaints.desk_wrong_text")
	}
	if f.Failed() {
		again(http.StatusUnprocessableEntity, c, answerData{})
		return
	}
	cmd := cases.Command{Action: cases.DraftAnswer, Version: number(f.Line("version")), Text: f.Get("text"), Media: ids, MediaOwner: owner(r), Reason: f.Line("why"),
		Check: cases.Checklist{EveryPoint: f.On("points"), Basis: f.On("basis"), NextStep: f.On("next"), Evidence: f.On("evidence"), BasisText: f.Get("basis_text")}}
	if _, err := s.do(r.Context(), c.ID, actor(r), cmd); err != nil {
		problem, status := s.explain(r, err)
		now, gerr := s.opt.Desk.Get(r.Context(), c.ID, actor(r))
		switch {
		case bot.IsCode(err, bot.NotFound), bot.IsCode(gerr, bot.NotFound):
			s.gone(w, r)
			return
		case problem == "" || gerr != nil:
			s.kit.Fail(w, r, err)
			return
		}
		d := answerData{Problem: problem, Conflict: status == http.StatusConflict}
		if p, perr := s.pending(r, now); perr == nil && p != nil && !p.Mine {
			d.Now, d.Other = p.Text, p.By
		}
		again(status, now, d)
		return
	}
	if f.Line("step") == "preview" {
		s.kit.Redirect(w, r, casePath(c.Code)+"/answer?preview=1")
		return
	}
	s.kit.Done(w, r, casePath(c.Code)+"/answer", web.Flash{Key: "complaints.desk_done_draft"})
}

// submit hands the kept answer on: to the second person, or to the citizen.
func (s *service) submit(w http.ResponseWriter, r *http.Request, c cases.Case, f *web.Form) {
	cmd := cases.Command{Action: cases.Submit, Version: number(f.Line("version")), Key: f.Line("key"), Reason: f.Line("why")}
	after, err := s.do(r.Context(), c.ID, actor(r), cmd)
	if err != nil {
		problem, status := s.explain(r, err)
		now, gerr := s.opt.Desk.Get(r.Context(), c.ID, actor(r))
		if problem == "" || gerr != nil {
			s.kit.Fail(w, r, err)
			return
		}
		s.showPreview(w, r, now, status, f, problem)
		return
	}
	s.kit.Done(w, r, casePath(c.Code), s.flash(c, after, cmd))
}

// number reads a version; what is none matches no case.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return -1
	}
	return n
}

// owner is how bot/media knows who has a file that is not attached yet.
func owner(r *http.Request) string { return web.OfficerFrom(r.Context()).Actor() }

// takeFiles keeps what was uploaded and returns the ids of all files of the
// answer. A file that is not taken is told beside the field; the others stay. Ids that
// came back with the form and are of another case or officer are left out, and said to be missing.
func (s *service) takeFiles(r *http.Request, c cases.Case, f *web.Form) ([]string, error) {
	var ids []string
	for _, id := range f.All("keep") {
		if id != "" && !slices.Contains(ids, id) && len(ids) < 2*maxUploads {
			ids = append(ids, id)
		}
	}
	if s.opt.Media == nil {
		return ids, nil
	}
	came := len(ids)
	ids, err := s.opt.Media.Owned(r.Context(), ids, owner(r), cases.Thing(c.Code))
	if len(ids) < came {
		f.Fail("files", "complaints.desk_file_gone")
	}
	if err != nil || r.MultipartForm == nil {
		return ids, err
	}
	uploads := r.MultipartForm.File["files"]
	if len(uploads) > maxUploads {
		f.Fail("files", "complaints.desk_too_many_files", "max", maxUploads)
		return ids, nil
	}
	for _, h := range uploads {
		if h.Size == 0 {
			continue
		}
		id, err := s.takeFile(r.Context(), owner(r), h)
		if err != nil {
			if f.FailWith("files", err) {
				continue
			}
			return ids, err
		}
		ids = append(ids, id)
	}
	f.Set("keep", "") // what is kept is shown from the list
	return ids, nil
}

func (s *service) takeFile(ctx context.Context, owner string, h *multipart.FileHeader) (id string, err error) {
	file, err := h.Open()
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
	}()
	it, err := s.opt.Media.Keep(ctx, owner, h.Filename, file)
	return it.ID, err
}
