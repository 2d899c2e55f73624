package agencies

import (
	"cmp"
	"context"
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

const (
	contactsPath = "/console/complaints/contacts"
	maxRows      = 100 // bodies that one page lists
)

// contactRoles may see the page: each the bodies of his grants; those for
// everything all of them.
func contactRoles() []bot.Role {
	return []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}
}

func (s *service) contactPages() []bot.Page {
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: contactRoles(), Handler: h}
	}
	importing := page("POST "+contactsPath+"/import", s.importContacts)
	importing.Body = MaxSheetFile + 64<<10
	return []bot.Page{
		page("GET "+contactsPath, s.listContacts),
		page("GET "+contactsPath+"/body", s.showBody),
		page("GET "+contactsPath+"/export.xlsx", s.exportContacts),
		page("POST "+contactsPath+"/save", s.saveContact),
		page("POST "+contactsPath+"/away", s.setAway),
		page("POST "+contactsPath+"/test", s.testContact),
		page("POST "+contactsPath+"/code", s.groupCode),
		page("POST "+contactsPath+"/unlink", s.unlinkPage),
		page("POST "+contactsPath+"/own", s.ownCode),
		importing,
	}
}

// seesAll reports whether an officer looks after the contacts of every body.
// The front desk does: it is told when a body cannot be reached.
func (s *service) seesAll(o bot.Officer) bool {
	return o.May(bot.RoleOwner, bot.Scope{}) || o.May(bot.RoleController, bot.Scope{Agency: s.frontDesk()})
}

// seesBody reports whether an officer may look at a body's contacts, mayChange whether he may change them.
func (s *service) seesBody(o bot.Officer, body string) bool {
	if s.seesAll(o) {
		return true
	}
	at := bot.Scope{Agency: body}
	return slices.ContainsFunc(contactRoles(), func(r bot.Role) bool { return o.May(r, at) })
}

func (s *service) mayChange(o bot.Officer, body string) bool {
	at := bot.Scope{Agency: body}
	return s.seesAll(o) || o.May(bot.RoleHead, at) || o.May(bot.RoleController, at) || o.May(bot.RoleOwner, at)
}

type bodyRow struct {
	ID, Name, URL              string
	People, Unverified, Groups int
	Open                       int
}

// contactsData is what page/contacts.html shows.
type contactsData struct {
	Form                    *web.Form
	NoMail, Missing         bool
	Mute                    []bodyRow // have cases and hear nothing of them
	Rows                    []bodyRow
	Cut, MayImport          bool
	MissingCount, HaveCount int
	MissingURL, AllURL      string
	Export, Import, OwnCode string
}

func bodyURL(id string) string {
	return contactsPath + "/body?" + url.Values{"id": {id}}.Encode()
}

// listContacts lists the bodies, those without a contact first.
func (s *service) listContacts(w http.ResponseWriter, r *http.Request) {
	o := web.OfficerFrom(r.Context())
	d, err := s.contactsData(r, o)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.opt.Console.Render(w, r, http.StatusOK, s.view.contacts, d)
}

func (s *service) contactsData(r *http.Request, o bot.Officer) (contactsData, error) {
	ctx := r.Context()
	q := s.opt.Clean(r.URL.Query().Get("q"))
	d := contactsData{
		Form: s.opt.Console.NewForm(url.Values{"q": {q}}), NoMail: !s.opt.Has(Email), Missing: r.URL.Query().Get("tab") != "have", MayImport: s.seesAll(o),
		Export: contactsPath + "/export.xlsx", Import: contactsPath + "/import", OwnCode: contactsPath + "/own",
	}
	tab := func(name string) string {
		v := url.Values{"tab": {name}}
		if q != "" {
			v.Set("q", q)
		}
		return contactsPath + "?" + v.Encode()
	}
	d.MissingURL, d.AllURL = tab("missing"), tab("have")
	reach, err := s.reachable(ctx)
	if err != nil {
		return d, err
	}
	bodies := s.bodiesFor(o, q)
	for _, a := range bodies {
		row := bodyRow{ID: a.ID, Name: a.Name, URL: bodyURL(a.ID)}
		if have, ok := reach[a.ID]; ok {
			row.People, row.Unverified, row.Groups = have.People, have.Unverified, have.Groups
		}
		missing := row.People+row.Groups == 0
		if missing {
			d.MissingCount++
		} else {
			d.HaveCount++
		}
		if missing != d.Missing {
			continue
		}
		if len(d.Rows) == maxRows {
			d.Cut = true
			continue
		}
		d.Rows = append(d.Rows, row)
	}
	if s.seesAll(o) {
		d.Mute, err = s.mute(ctx, reach)
	}
	return d, err
}

// bodiesFor are the bodies an officer may look at, found by words.
func (s *service) bodiesFor(o bot.Officer, q string) []*directory.Agency {
	index := newBodyIndex(s.opt.Directory(), s.opt.Fold)
	list := index.list
	if q != "" {
		list = index.search(q, maxEveryBody)
	}
	if s.seesAll(o) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(a *directory.Agency) bool { return !s.seesBody(o, a.ID) })
}

// reachable counts by body who can be reached.
func (s *service) reachable(ctx context.Context) (map[string]*bodyRow, error) {
	out := map[string]*bodyRow{}
	at := func(body string) *bodyRow {
		if out[body] == nil {
			out[body] = &bodyRow{ID: body}
		}
		return out[body]
	}
	people, err := s.book.All(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, c := range people {
		if c.Active {
			at(c.Body).People++
			if c.Verified.IsZero() {
				at(c.Body).Unverified++
			}
		}
	}
	groups, err := s.queryGroups(ctx, s.opt.Read, `gone = $1`, 0)
	for _, g := range groups {
		at(g.Body).Groups++
	}
	return out, err
}

// mute are the bodies that have open cases and nobody who hears of them.
func (s *service) mute(ctx context.Context, reach map[string]*bodyRow) ([]bodyRow, error) {
	counts, err := s.desk.ByBody(ctx)
	if err != nil {
		return nil, err
	}
	var out []bodyRow
	for body, states := range counts {
		if r := reach[body]; body == "" || r != nil && r.People-r.Unverified+r.Groups > 0 {
			continue
		}
		row := bodyRow{ID: body, Name: s.bodyName(body), URL: bodyURL(body)}
		for state, n := range states {
			if state.Live() {
				row.Open += n
			}
		}
		if row.Open > 0 {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b bodyRow) int { return cmp.Or(b.Open-a.Open, strings.Compare(a.Name, b.Name)) })
	return out, nil
}

type personRow struct {
	Contact
	RoleKey  string
	AwayText string
	EditURL  string
	StandIns []web.Option
	Form     *web.Form
	Open     bool
}

// bodyData is what page/contact.html shows.
type bodyData struct {
	ID, Name, Back                                string
	May, Open, Editing                            bool // one form at a time: the fields of several would share their names
	Here                                          string
	Code, Error                                   string
	NoApprover                                    bool // nobody may approve what another wrote
	People                                        []personRow
	Groups                                        []groupRow
	Roles                                         []web.Option
	Form                                          *web.Form // of a new contact
	SaveURL, AwayURL, TestURL, CodeURL, UnlinkURL string
}

type groupRow struct {
	ID           int64
	Channel      string
	Linked, Gone time.Time
}

// edit opens the form of one contact, with what was typed where there is something.
func (d *bodyData) edit(id int64, f *web.Form) {
	for i := range d.People {
		if d.People[i].ID == id {
			d.People[i].Open, d.Editing = true, true
			if f != nil {
				d.People[i].Form = f
			}
		}
	}
}

// bodyOf is the body of a request that its officer may look at.
func (s *service) bodyOf(r *http.Request, id string) (*directory.Agency, error) {
	a, ok := s.opt.Directory().Agency(id)
	if !ok || a.Template != "" || !s.seesBody(web.OfficerFrom(r.Context()), a.ID) {
		return nil, &bot.Error{Code: bot.NotFound}
	}
	return a, nil
}

func (s *service) showBody(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.URL.Query().Get("edit"), 10, 64) // 0 edits nobody
	s.renderBody(w, r, r.URL.Query().Get("id"), http.StatusOK, func(d *bodyData) { d.edit(id, nil) })
}

// renderBody shows a body's contacts and groups; change adds a code, a mistake, or what was typed.
func (s *service) renderBody(w http.ResponseWriter, r *http.Request, id string, status int, change func(*bodyData)) {
	a, err := s.bodyOf(r, id)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d := bodyData{
		ID: a.ID, Name: a.Name, Back: contactsPath, Here: bodyURL(a.ID), May: s.mayChange(web.OfficerFrom(r.Context()), a.ID), Form: s.opt.Console.NewForm(nil),
		SaveURL: contactsPath + "/save", AwayURL: contactsPath + "/away", TestURL: contactsPath + "/test",
		CodeURL: contactsPath + "/code", UnlinkURL: contactsPath + "/unlink",
	}
	for _, role := range []Role{Officer, Leader, Counter} {
		d.Roles = append(d.Roles, web.Option{Value: string(role), Label: s.opt.Console.T(r, "complaints.agency_role_"+string(role))})
	}
	people, err := s.book.All(r.Context(), a.ID)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	for _, c := range people {
		d.People = append(d.People, s.personRow(r, c, people))
	}
	if d.NoApprover, err = s.lacksApprover(r.Context(), a.ID); err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	groups, err := s.queryGroups(r.Context(), s.opt.Read, `body = $1`, a.ID)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	for _, g := range groups {
		d.Groups = append(d.Groups, groupRow{ID: g.ID, Channel: g.To.Channel, Linked: g.Linked, Gone: g.Gone})
	}
	change(&d)
	s.opt.Console.Render(w, r, status, s.view.contact, d)
}

func (s *service) personRow(r *http.Request, c Contact, people []Contact) personRow {
	row := personRow{Contact: c, RoleKey: "complaints.agency_role_" + string(c.Role), EditURL: bodyURL(c.Body) + "&edit=" + strconv.FormatInt(c.ID, 10)}
	active := ""
	if c.Active {
		active = "1"
	}
	row.Form = s.opt.Console.NewForm(url.Values{"name": {c.Name}, "role": {string(c.Role)}, "email": {c.Email}, "phone": {c.Phone}, "active": {active}})
	for _, o := range people {
		if o.ID != c.ID && o.Active && !o.AwayAt(s.opt.Now()) {
			row.StandIns = append(row.StandIns, web.Option{Value: strconv.FormatInt(o.ID, 10), Label: o.Name})
		}
		if c.AwayAt(s.opt.Now()) && o.ID == c.StandIn {
			row.AwayText = s.opt.Console.T(r, "complaints.agency_contact_away_until", "name", o.Name, "day", day(c.Away.Add(-time.Second)))
		}
	}
	return row
}
