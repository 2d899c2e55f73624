package console

import (
	"net/http"
	"strconv"

	"rsc.io/qr"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

type accountData struct {
	Signed   bot.Signed
	Voice    *web.Form
	Password *web.Form
	Langs    []web.Option
	Forms    []web.Option
	SignIns  []bot.SignIn
	Recovery int
	Grants   []grantLine
}

func (s *service) langs(r *http.Request) []web.Option {
	return []web.Option{{Value: "vi", Label: s.kit.T(r, "console.lang_vi")}, {Value: "en", Label: s.kit.T(r, "console.lang_en")}}
}

func (s *service) forms(r *http.Request) []web.Option {
	return []web.Option{
		{Value: bot.FormPlain, Label: s.kit.T(r, "console.form_plain")},
		{Value: bot.FormComrade, Label: s.kit.T(r, "console.form_comrade")},
	}
}

func (s *service) accountPage(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, http.StatusOK, s.kit.NewForm(nil))
}

func (s *service) showAccount(w http.ResponseWriter, r *http.Request, status int, password *web.Form) {
	signed := web.SignedFrom(r.Context())
	d := accountData{Signed: signed, Password: password, Langs: s.langs(r), Forms: s.forms(r), Grants: s.grantLines(signed.Officer)}
	d.Voice = s.kit.NewForm(nil)
	d.Voice.Set("lang", signed.Lang)
	d.Voice.Set("form", signed.Form)
	var err error
	if d.SignIns, err = s.opt.Accounts.SignIns(r.Context(), signed.Officer.ID); err == nil {
		d.Recovery, err = s.opt.Accounts.RecoveryLeft(r.Context(), signed.Officer.ID)
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "account", d)
}

func (s *service) saveVoice(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err == nil {
		err = s.opt.Accounts.SetVoice(r.Context(), web.OfficerFrom(r.Context()).ID, f.Get("lang"), f.Get("form"))
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, web.AccountPath, web.Flash{Key: "console.voice_saved"})
}

func (s *service) savePassword(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	signed := web.SignedFrom(r.Context())
	if f.Raw(fieldPassword) != f.Raw(fieldAgain) {
		f.Fail(fieldAgain, "console.password_differs")
		s.showAccount(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	err = s.opt.Accounts.SetPassword(r.Context(), signed.Officer.ID, signed.Session, f.Raw("old"), f.Raw(fieldPassword))
	if err == nil {
		s.kit.Done(w, r, web.AccountPath, web.Flash{Key: "console.password_saved"})
		return
	}
	status := s.refused(f, "old", "console.password_wrong", err)
	if status == 0 && s.beside(f, err) {
		status = http.StatusUnprocessableEntity
	}
	if status == 0 {
		s.kit.Fail(w, r, err)
		return
	}
	s.showAccount(w, r, status, f)
}

// endSignIns ends one of the officer's own sign-ins, or all others.
func (s *service) endSignIns(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	signed := web.SignedFrom(r.Context())
	me := signed.Officer
	if f.Get("id") == "" {
		err = s.opt.Accounts.EndSignIns(r.Context(), me.ID, signed.Session, me.Actor())
	} else {
		id, bad := strconv.ParseInt(f.Get("id"), 10, 64)
		if bad != nil {
			s.kit.NotFound(w, r)
			return
		}
		err = s.opt.Accounts.EndSignIn(r.Context(), me.ID, id, me.Actor())
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, web.AccountPath, web.Flash{Key: "console.sign_ins_ended"})
}

type secondData struct {
	Signed   bot.Signed
	Secret   string // in groups, to type; "" while none is being set up
	Must     bool
	Form     *web.Form
	Off      *web.Form
	Recovery []string // shown once
}

func (s *service) secondPage(w http.ResponseWriter, r *http.Request) {
	s.showSecond(w, r, http.StatusOK, secondData{})
}

func (s *service) showSecond(w http.ResponseWriter, r *http.Request, status int, d secondData) {
	d.Signed = web.SignedFrom(r.Context())
	d.Must = d.Signed.Officer.NeedsSecond()
	if d.Form == nil {
		d.Form = s.kit.NewForm(nil)
	}
	if d.Off == nil {
		d.Off = s.kit.NewForm(nil)
	}
	_, secret, err := s.opt.Accounts.PendingSecond(r.Context(), d.Signed.Officer.ID)
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		s.kit.Fail(w, r, err)
		return
	}
	for i, c := range secret {
		if i > 0 && i%4 == 0 {
			d.Secret += " "
		}
		d.Secret += string(c)
	}
	s.render(w, r, status, "second", d)
}

// withPassword runs what a password protects, and shows the page again when it is wrong.
func (s *service) withPassword(w http.ResponseWriter, r *http.Request, do func(staff int64, password string) error) bool {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return false
	}
	err = do(web.OfficerFrom(r.Context()).ID, f.Raw(fieldPassword))
	if err == nil {
		return true
	}
	if status := s.refused(f, fieldPassword, "console.password_wrong", err); status != 0 {
		s.showSecond(w, r, status, secondData{Off: f})
		return false
	}
	s.kit.Fail(w, r, err)
	return false
}

func (s *service) beginSecond(w http.ResponseWriter, r *http.Request) {
	if s.withPassword(w, r, func(staff int64, password string) error {
		return s.opt.Accounts.BeginSecond(r.Context(), staff, password)
	}) {
		s.kit.Redirect(w, r, web.SetUpPath)
	}
}

func (s *service) dropSecond(w http.ResponseWriter, r *http.Request) {
	if s.withPassword(w, r, func(staff int64, password string) error {
		return s.opt.Accounts.DropSecond(r.Context(), staff, password)
	}) {
		s.kit.Done(w, r, web.AccountPath, web.Flash{Key: "console.second_off"})
	}
}

func (s *service) newRecovery(w http.ResponseWriter, r *http.Request) {
	var codes []string
	if s.withPassword(w, r, func(staff int64, password string) (err error) {
		codes, err = s.opt.Accounts.NewRecovery(r.Context(), staff, password)
		return err
	}) {
		// Shown in the answer itself: they are kept nowhere they could be read again.
		s.showSecond(w, r, http.StatusOK, secondData{Recovery: codes})
	}
}

func (s *service) endSecond(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	signed := web.SignedFrom(r.Context())
	codes, err := s.opt.Accounts.EndSecond(r.Context(), signed.Officer.ID, signed.Session, f.Line(fieldCode))
	if err == nil {
		s.showSecond(w, r, http.StatusOK, secondData{Recovery: codes})
		return
	}
	f.Set(fieldCode, "")
	if status := s.refused(f, fieldCode, "console.code_wrong", err); status != 0 {
		s.showSecond(w, r, status, secondData{Form: f})
		return
	}
	if bot.IsCode(err, bot.NotFound) || bot.IsCode(err, bot.Conflict) {
		s.kit.Redirect(w, r, web.SetUpPath) // another page was first
		return
	}
	s.kit.Fail(w, r, err)
}

// secondCode draws the QR code of the second factor that is being set up.
func (s *service) secondCode(w http.ResponseWriter, r *http.Request) {
	uri, _, err := s.opt.Accounts.PendingSecond(r.Context(), web.OfficerFrom(r.Context()).ID)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	code, err := qr.Encode(uri, qr.M)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	code.Scale = 5
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(code.PNG()) // a client that went away needs no answer
}
