package console

import (
	"errors"
	"net/http"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

// Fields of the forms.
const (
	fieldEmail    = "email"
	fieldPassword = "password"
	fieldAgain    = "again"
	fieldCode     = "code"
	fieldName     = "name"
	fieldNext     = "next"
)

type signInData struct {
	Form *web.Form
	Next string
	Lang string // as a query, so that the form keeps it
}

// lang keeps a visitor's language over a form.
func (s *service) lang(r *http.Request) string {
	if s.kit.Lang(r) == "en" {
		return "?lang=en"
	}
	return ""
}

func (s *service) signInPage(w http.ResponseWriter, r *http.Request) {
	next := web.LocalPath(r.URL.Query().Get(fieldNext))
	if signed := web.SignedFrom(r.Context()); signed.Session != 0 {
		s.kit.Redirect(w, r, next)
		return
	}
	s.render(w, r, http.StatusOK, "signin", signInData{Form: s.kit.NewForm(nil), Next: next, Lang: s.lang(r)})
}

func (s *service) signIn(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	next := web.LocalPath(f.Get(fieldNext))
	token, stage, err := s.opt.Accounts.SignIn(r.Context(), bot.Credentials{
		Email: f.Line(fieldEmail), Password: f.Raw(fieldPassword), Client: r.RemoteAddr, Browser: browserName(r.UserAgent()),
	})
	if err != nil {
		status := s.refused(f, fieldPassword, "console.sign_in_wrong", err)
		if status == 0 {
			s.kit.Fail(w, r, err)
			return
		}
		s.render(w, r, status, "signin", signInData{Form: f, Next: next, Lang: s.lang(r)})
		return
	}
	s.dropOld(r)
	s.kit.SetToken(w, token)
	if stage == bot.StageCode {
		to, err := web.URL(web.CodePath, fieldNext, next, "lang", strings.TrimPrefix(s.lang(r), "?lang="))
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		s.kit.Redirect(w, r, to)
		return
	}
	s.kit.Redirect(w, r, next)
}

// dropOld ends the sign-in that the browser had before, if any: a new one never
// goes on under an old token.
func (s *service) dropOld(r *http.Request) {
	if old := s.kit.Token(r); old != "" {
		// It ends by itself otherwise, so a failure changes nothing for the officer.
		_ = s.opt.Accounts.SignOut(r.Context(), old)
	}
}

// refused notes why somebody was not let in and returns the status for it; 0
// when err is none of the reasons.
func (s *service) refused(f *web.Form, field, wrong string, err error) int {
	var locked *bot.LockedError
	switch {
	case errors.As(err, &locked):
		f.Fail(field, "console.locked", "until", web.Clock(locked.Until))
		return http.StatusTooManyRequests
	case errors.Is(err, bot.ErrSignIn):
		f.Fail(field, wrong)
		return http.StatusUnprocessableEntity
	case errors.Is(err, bot.ErrBusy):
		f.Fail(field, "console.busy")
		return http.StatusServiceUnavailable
	}
	return 0
}

func (s *service) codePage(w http.ResponseWriter, r *http.Request) {
	next := web.LocalPath(r.URL.Query().Get(fieldNext))
	if web.SignedFrom(r.Context()).Session != 0 {
		s.kit.Redirect(w, r, next)
		return
	}
	if !s.waitsForCode(r) {
		s.kit.Redirect(w, r, web.SignInPath+s.lang(r))
		return
	}
	s.render(w, r, http.StatusOK, "code", signInData{Form: s.kit.NewForm(nil), Next: next, Lang: s.lang(r)})
}

// waitsForCode reports whether the browser's sign-in needs its code.
func (s *service) waitsForCode(r *http.Request) bool {
	token := s.kit.Token(r)
	if token == "" {
		return false
	}
	signed, err := s.opt.Accounts.Signed(r.Context(), token)
	return err == nil && signed.Stage == bot.StageCode
}

func (s *service) code(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if !s.waitsForCode(r) {
		s.kit.Redirect(w, r, web.SignInPath+s.lang(r))
		return
	}
	next := web.LocalPath(f.Get(fieldNext))
	token, err := s.opt.Accounts.Confirm(r.Context(), s.kit.Token(r), f.Line(fieldCode))
	if err != nil {
		status := s.refused(f, fieldCode, "console.code_wrong", err)
		if status == 0 {
			s.kit.Fail(w, r, err)
			return
		}
		f.Set(fieldCode, "")
		s.render(w, r, status, "code", signInData{Form: f, Next: next, Lang: s.lang(r)})
		return
	}
	s.kit.SetToken(w, token)
	s.kit.Redirect(w, r, next)
}

func (s *service) signOut(w http.ResponseWriter, r *http.Request) {
	if token := s.kit.Token(r); token != "" {
		if err := s.opt.Accounts.SignOut(r.Context(), token); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
	}
	s.kit.ClearToken(w)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	s.kit.Redirect(w, r, web.SignInPath)
}

type invitationData struct {
	Invitation bot.Invitation
	Form       *web.Form
	Action     string
	Langs      []web.Option
	Forms      []web.Option
}

// invitation finds the invitation of a request, or says that it is no longer good.
func (s *service) invitation(w http.ResponseWriter, r *http.Request) (bot.Invitation, bool) {
	inv, err := s.opt.Accounts.Invitation(r.Context(), r.PathValue("token"))
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.kit.Fail(w, r, &bot.Error{Code: bot.NotFound, Key: "console.invitation_over"})
	case err != nil:
		s.kit.Fail(w, r, err)
	}
	return inv, err == nil
}

func (s *service) invitationPage(w http.ResponseWriter, r *http.Request) {
	if inv, ok := s.invitation(w, r); ok {
		s.showInvitation(w, r, http.StatusOK, inv, s.kit.NewForm(nil))
	}
}

func (s *service) showInvitation(w http.ResponseWriter, r *http.Request, status int, inv bot.Invitation, f *web.Form) {
	s.render(w, r, status, "invitation", invitationData{
		Invitation: inv, Form: f, Action: InvitationPath + r.PathValue("token") + s.lang(r), Langs: s.langs(r), Forms: s.forms(r),
	})
}

func (s *service) accept(w http.ResponseWriter, r *http.Request) {
	inv, ok := s.invitation(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if f.Raw(fieldPassword) != f.Raw(fieldAgain) {
		f.Fail(fieldAgain, "console.password_differs")
		s.showInvitation(w, r, http.StatusUnprocessableEntity, inv, f)
		return
	}
	if inv.First && f.Line(fieldEmail) == "" {
		f.Fail(fieldEmail, "bot.email_needed")
		s.showInvitation(w, r, http.StatusUnprocessableEntity, inv, f)
		return
	}
	token, stage, err := s.opt.Accounts.AcceptInvitation(r.Context(), r.PathValue("token"), bot.Acceptance{
		Name: f.Line(fieldName), Email: f.Line(fieldEmail), Password: f.Raw(fieldPassword),
		Lang: f.Get("lang"), Form: f.Get("form"), Browser: browserName(r.UserAgent()),
	})
	if err != nil {
		s.notAccepted(w, r, inv, f, err)
		return
	}
	s.dropOld(r)
	s.kit.SetToken(w, token)
	if stage == bot.StageCode {
		s.kit.Redirect(w, r, web.CodePath)
		return
	}
	s.kit.Redirect(w, r, web.HomePath)
}

// notAccepted shows the form again with what is wrong.
func (s *service) notAccepted(w http.ResponseWriter, r *http.Request, inv bot.Invitation, f *web.Form, err error) {
	if bot.IsCode(err, bot.NotFound) {
		s.kit.Fail(w, r, &bot.Error{Code: bot.NotFound, Key: "console.invitation_over"})
		return
	}
	if status := s.refused(f, fieldPassword, "console.sign_in_wrong", err); status != 0 {
		s.showInvitation(w, r, status, inv, f)
		return
	}
	if !s.beside(f, err) {
		s.kit.Fail(w, r, err)
		return
	}
	s.showInvitation(w, r, http.StatusUnprocessableEntity, inv, f)
}

// beside puts an error of an account beside the field it is about.
func (s *service) beside(f *web.Form, err error) bool {
	var e *bot.Error
	if !errors.As(err, &e) {
		return false
	}
	field := fieldPassword
	switch e.Key {
	case "bot.name_needed":
		field = fieldName
	case "bot.email_needed", "bot.email_taken", "bot.invite_inactive":
		field = fieldEmail
	}
	return f.FailWith(field, err)
}

// browserName is a coarse name of a browser, for people who look over their
// sign-ins: never the whole text, which tells people apart.
func browserName(agent string) string {
	pick := func(names ...string) string {
		for i := 0; i+1 < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return "?"
	}
	browser := pick("Edg", "Edge", "OPR/", "Opera", "coc_coc", "Cốc Cốc", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := pick("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	return browser + " · " + system
}
