package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/knowledge/directory"
)

// usersShown is how many accounts a page of the list has.
const usersShown = 50

type usersData struct {
	Form  *web.Form
	Users []userLine
	Pager web.Pager
	Any   bool // there are accounts that the filter hides
}

type userLine struct {
	bot.Account
	Grants []grantLine
	Path   string
}

// grantLine is a role with its scope in words.
type grantLine struct {
	bot.Grant
	Agency, Place string
}

func (s *service) grantLines(o bot.Officer) []grantLine {
	dir := s.opt.Directory()
	var out []grantLine
	for _, g := range o.Grants {
		l := grantLine{Grant: g, Agency: g.Scope.Agency, Place: g.Scope.Place}
		if a, ok := dir.Agency(g.Scope.Agency); ok {
			l.Agency = a.Name
		}
		if p, ok := dir.Place(g.Scope.Place); ok {
			l.Place = p.Name
		}
		out = append(out, l)
	}
	return out
}

func (s *service) usersPage(w http.ResponseWriter, r *http.Request) {
	all, err := s.opt.Accounts.Accounts(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	f := s.kit.NewForm(r.URL.Query())
	want, role, state := strings.ToLower(f.Line("q")), bot.Role(f.Get("role")), f.Get("state")
	all2 := slices.DeleteFunc(slices.Clone(all), func(a bot.Account) bool {
		o := a.Officer
		holds := slices.ContainsFunc(o.Grants, func(g bot.Grant) bool { return g.Role == role })
		return want != "" && !strings.Contains(strings.ToLower(o.Name+" "+o.Email), want) || role != "" && !holds || state != "" && stateOf(a) != state
	})
	after, _ := strconv.Atoi(f.Get("after")) // nonsense begins at the beginning
	after = min(max(after, 0), len(all2))
	d := usersData{Form: f, Any: len(all) > 0}
	end := min(after+usersShown, len(all2))
	for _, a := range all2[after:end] {
		d.Users = append(d.Users, userLine{Account: a, Grants: s.grantLines(a.Officer), Path: userPath(a.Officer.ID)})
	}
	now, next := "", ""
	if after > 0 {
		now = strconv.Itoa(after)
	}
	if end < len(all2) {
		next = strconv.Itoa(end)
	}
	d.Pager = web.PagerOf(r, "after", now, next)
	s.render(w, r, http.StatusOK, "users", struct {
		usersData
		Roles, States []web.Option
	}{d, s.roleOptions(r, true), s.stateOptions(r)})
}

// States of an account in the list.
const (
	stateActive   = "active"
	stateInvited  = "invited"
	stateDisabled = "disabled"
)

func stateOf(a bot.Account) string {
	switch {
	case !a.Officer.Active:
		return stateDisabled
	case !a.Password:
		return stateInvited
	}
	return stateActive
}

// State is the account's state, for its text key.
func (l userLine) State() string { return stateOf(l.Account) }

func (s *service) stateOptions(r *http.Request) []web.Option {
	out := []web.Option{{Label: s.kit.T(r, "console.any")}}
	for _, v := range []string{stateActive, stateInvited, stateDisabled} {
		out = append(out, web.Option{Value: v, Label: s.kit.T(r, "console.state_"+v)})
	}
	return out
}

func (s *service) roleOptions(r *http.Request, any bool) []web.Option {
	var out []web.Option
	if any {
		out = append(out, web.Option{Label: s.kit.T(r, "console.any")})
	}
	for _, role := range bot.Roles() {
		out = append(out, web.Option{Value: string(role), Label: s.kit.T(r, web.RoleKey(role))})
	}
	return out
}

func userPath(id int64) string { return usersPath + "/" + strconv.FormatInt(id, 10) }

// scopes are the bodies and places that can be chosen, as lists beside a text field.
type scopes struct{ Agencies, Places []string }

func (s *service) scopes() scopes {
	dir := s.opt.Directory()
	var out scopes
	for _, a := range dir.AgenciesAt(nil) {
		out.Agencies = append(out.Agencies, choice(a.Name, a.ID))
	}
	for _, level := range []directory.Level{directory.Commune2025, directory.District} {
		for _, p := range dir.Places(level) {
			if !dir.Exists(p) {
				continue
			}
			out.Places = append(out.Places, choice(p.Name, p.ID))
			for _, a := range dir.AgenciesAt(p) {
				out.Agencies = append(out.Agencies, choice(a.Name, a.ID))
			}
		}
	}
	return out
}

// choice is a name with the id that stands for it, as a text field can hold it.
func choice(name, id string) string { return name + " [" + id + "]" }

// chosen is the id in what was chosen or typed.
func chosen(text string) string {
	if i := strings.LastIndexByte(text, '['); i >= 0 && strings.HasSuffix(text, "]") {
		return text[i+1 : len(text)-1]
	}
	return text
}

// grantOf reads a role with its scope from a form and notes what is wrong.
func (s *service) grantOf(f *web.Form) bot.Grant {
	dir := s.opt.Directory()
	g := bot.Grant{Role: bot.Role(f.Get("role")), Scope: bot.Scope{Agency: chosen(f.Line("agency")), Place: chosen(f.Line("place"))}}
	if !slices.Contains(bot.Roles(), g.Role) {
		f.Fail("role", "console.role_needed")
	}
	if g.Scope.Agency != "" {
		if _, ok := dir.Agency(g.Scope.Agency); !ok {
			f.Fail("agency", "console.agency_unknown")
		}
	}
	if g.Scope.Place != "" {
		if _, ok := dir.Place(g.Scope.Place); !ok {
			f.Fail("place", "console.place_unknown")
		}
	}
	return g
}

type newUserData struct {
	Form   *web.Form
	Roles  []web.Option
	Scopes scopes
}

func (s *service) newUserPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "user_new", newUserData{s.kit.NewForm(nil), s.roleOptions(r, false), s.scopes()})
}

func (s *service) newUser(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	me := web.OfficerFrom(r.Context())
	g := s.grantOf(f)
	if f.Line(fieldEmail) == "" {
		f.Fail(fieldEmail, "bot.email_needed")
	}
	var id int64
	if !f.Failed() {
		id, err = s.opt.Accounts.SaveOfficer(r.Context(), bot.Officer{Name: f.Line(fieldName), Email: f.Line(fieldEmail), Active: true, Grants: []bot.Grant{g}}, me.Actor())
		if err != nil && !s.beside(f, err) {
			s.kit.Fail(w, r, err)
			return
		}
	}
	if f.Failed() {
		s.render(w, r, http.StatusUnprocessableEntity, "user_new", newUserData{f, s.roleOptions(r, false), s.scopes()})
		return
	}
	s.showLink(w, r, id, false)
}

// showLink makes an invitation and shows its link in the answer itself: it is
// kept nowhere it could be read again.
func (s *service) showLink(w http.ResponseWriter, r *http.Request, id int64, reset bool) {
	token, expires, err := s.opt.Accounts.Invite(r.Context(), id, reset, web.OfficerFrom(r.Context()).Actor())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	a, err := s.opt.Accounts.Account(r.Context(), id)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "user_link", struct {
		Officer bot.Officer
		Link    string
		Expires time.Time
		Path    string
	}{a.Officer, s.opt.PublicURL + InvitationPath + token, expires, userPath(id)})
}

type userData struct {
	Account bot.Account
	State   string
	Path    string
	Name    *web.Form
	Grant   *web.Form
	Grants  []grantLine
	Roles   []web.Option
	Scopes  scopes
	SignIns []bot.SignIn
	Me      bool
}

// user finds the account of a request; the answer is out when it is false.
func (s *service) user(w http.ResponseWriter, r *http.Request) (bot.Account, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return bot.Account{}, false
	}
	a, err := s.opt.Accounts.Account(r.Context(), id)
	if err != nil {
		s.kit.Fail(w, r, err)
	}
	return a, err == nil
}

func (s *service) userPage(w http.ResponseWriter, r *http.Request) {
	if a, ok := s.user(w, r); ok {
		s.showUser(w, r, http.StatusOK, a, nil, nil)
	}
}

func (s *service) showUser(w http.ResponseWriter, r *http.Request, status int, a bot.Account, name, grant *web.Form) {
	d := userData{
		Account: a, State: stateOf(a), Path: userPath(a.Officer.ID), Name: name, Grant: grant, Grants: s.grantLines(a.Officer),
		Roles: s.roleOptions(r, false), Scopes: s.scopes(), Me: a.Officer.ID == web.OfficerFrom(r.Context()).ID,
	}
	if d.Name == nil {
		d.Name = s.kit.NewForm(url.Values{fieldName: {a.Officer.Name}, fieldEmail: {a.Officer.Email}})
	}
	if d.Grant == nil {
		d.Grant = s.kit.NewForm(nil)
	}
	var err error
	if d.SignIns, err = s.opt.Accounts.SignIns(r.Context(), a.Officer.ID); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "user", d)
}

func (s *service) rename(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err == nil {
		err = s.opt.Accounts.Rename(r.Context(), a.Officer.ID, f.Line(fieldName), f.Line(fieldEmail), web.OfficerFrom(r.Context()).Actor())
	}
	switch {
	case err == nil:
		s.kit.Done(w, r, userPath(a.Officer.ID), web.Flash{Key: "console.saved"})
	case f != nil && s.beside(f, err):
		s.showUser(w, r, http.StatusUnprocessableEntity, a, f, nil)
	default:
		s.kit.Fail(w, r, err)
	}
}

func (s *service) grant(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	g := s.grantOf(f)
	if f.Failed() {
		s.showUser(w, r, http.StatusUnprocessableEntity, a, nil, f)
		return
	}
	if err := s.opt.Accounts.Grant(r.Context(), a.Officer.ID, g, web.OfficerFrom(r.Context()).Actor()); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, userPath(a.Officer.ID), web.Flash{
		Key: "console.granted", Args: []any{"name", a.Officer.Name, "role", s.kit.T(r, web.RoleKey(g.Role))},
		Undo: &web.Undo{Path: userPath(a.Officer.ID) + "/revoke", Fields: grantFields(g)},
	})
}

func grantFields(g bot.Grant) map[string]string {
	return map[string]string{"role": string(g.Role), "agency": g.Scope.Agency, "place": g.Scope.Place}
}

func (s *service) revoke(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	g := bot.Grant{Role: bot.Role(f.Get("role")), Scope: bot.Scope{Agency: f.Get("agency"), Place: f.Get("place")}}
	if err := s.opt.Accounts.Revoke(r.Context(), a.Officer.ID, g, web.OfficerFrom(r.Context()).Actor()); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, userPath(a.Officer.ID), web.Flash{
		Key: "console.revoked", Args: []any{"name", a.Officer.Name, "role", s.kit.T(r, web.RoleKey(g.Role))},
		Undo: &web.Undo{Path: userPath(a.Officer.ID) + "/grant", Fields: grantFields(g)},
	})
}

func (s *service) invite(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.showLink(w, r, a.Officer.ID, f.On("reset"))
}

func (s *service) setActive(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	active := false
	if err == nil {
		active = f.Get("active") == "1"
		err = s.opt.Accounts.SetActive(r.Context(), a.Officer.ID, active, web.OfficerFrom(r.Context()).Actor())
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	flash := web.Flash{Key: "console.disabled", Args: []any{"name", a.Officer.Name}, Undo: &web.Undo{Path: userPath(a.Officer.ID) + "/active", Fields: map[string]string{"active": "1"}}}
	if active {
		flash.Key, flash.Undo.Fields["active"] = "console.enabled", "0"
	}
	s.kit.Done(w, r, userPath(a.Officer.ID), flash)
}

func (s *service) endUserSignIns(w http.ResponseWriter, r *http.Request) {
	a, ok := s.user(w, r)
	if !ok {
		return
	}
	if err := s.opt.Accounts.EndSignIns(r.Context(), a.Officer.ID, 0, web.OfficerFrom(r.Context()).Actor()); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, userPath(a.Officer.ID), web.Flash{Key: "console.sign_ins_ended"})
}
