package desk

import (
	"net/http"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

// maxBodies is how many bodies one list looks at; cases.Filter takes no more.
const maxBodies = 50

// scope is which cases an officer's lists hold.
type scope struct {
	All    bool        // the front desk: every case
	Scopes []bot.Scope // else those of these bodies and places
	Bodies []string    // these bodies, and those of the places
}

// scopeOf reads the grants: the front desk sees all cases, an officer those of his bodies and places.
func (s *service) scopeOf(o bot.Officer) scope {
	var sc scope
	if sc.All, sc.Scopes = s.opt.Desk.Reach(o); sc.All {
		return scope{All: true}
	}
	sc.Scopes = sc.Scopes[:min(len(sc.Scopes), maxBodies)]
	add := func(id string) {
		if len(sc.Bodies) < maxBodies && !slices.Contains(sc.Bodies, id) {
			sc.Bodies = append(sc.Bodies, id)
		}
	}
	for _, x := range sc.Scopes {
		if x.Agency != "" {
			add(x.Agency)
		} else if p := s.unit(x.Place); p != nil {
			for _, a := range s.opt.Directory().AgenciesAt(p) {
				add(a.ID)
			}
		}
	}
	return sc
}

// none reports whether the officer has no case to see.
func (sc scope) none() bool { return !sc.All && len(sc.Scopes) == 0 }

// limit narrows a filter to the scope, and the scope to the bodies that the filter asks for.
func (sc scope) limit(f cases.Filter) cases.Filter {
	if sc.All {
		return f
	}
	for _, a := range f.Agencies {
		for _, x := range sc.Scopes {
			if x.Agency == "" || x.Agency == a {
				f.Scopes = append(f.Scopes, bot.Scope{Agency: a, Place: x.Place})
			}
		}
	}
	if len(f.Scopes) == 0 {
		f.Scopes = sc.Scopes
	}
	f.Agencies, f.Scopes = nil, f.Scopes[:min(len(f.Scopes), maxBodies)]
	return f
}

// title names the body or the place whose cases they are, "" for all or several.
func (s *service) title(sc scope) string {
	switch {
	case len(sc.Scopes) != 1:
		return ""
	case sc.Scopes[0].Agency != "":
		return s.agencyName(sc.Scopes[0].Agency)
	}
	return placeName(s.opt.Directory(), sc.Scopes[0].Place)
}

// find is the case of a request's path, for the officer who asks. When there is
// none for him it answers and reports false.
func (s *service) find(w http.ResponseWriter, r *http.Request) (cases.Case, bool) {
	code, err := cases.ParseCode(r.PathValue("code"))
	if err != nil {
		s.gone(w, r)
		return cases.Case{}, false
	}
	c, err := s.opt.Desk.ByCode(r.Context(), code, actor(r))
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.gone(w, r) // one page for what is not there and what is not his
		return c, false
	case err != nil:
		s.kit.Fail(w, r, err)
		return c, false
	case c.State.Hidden():
		s.gone(w, r) // the liaison has a page of his own
		return c, false
	}
	return c, true
}

// gone says that there is no such case for this officer. What he typed goes back to
// him: the case may have left his body while he wrote. The page is the same for a
// case that never was, so that it tells nothing of somebody else's.
func (s *service) gone(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if f, err := s.kit.Form(r); err == nil && f.Get("text") != "" {
			s.render(w, r, http.StatusNotFound, "gone", struct{ Style, Text, Back string }{stylePath, f.Get("text"), listPath})
			return
		}
	}
	s.kit.NotFound(w, r)
}

// agencyName is the name of a body, its id when the directory lost it.
func (s *service) agencyName(id string) string {
	if a, ok := s.opt.Directory().Agency(id); ok {
		return a.Name
	}
	return id
}

// fieldName is the name of a field in the reader's language.
func (s *service) fieldName(r *http.Request, id string) string {
	f, ok := s.opt.Directory().Field(id)
	switch {
	case !ok:
		return id
	case s.kit.Lang(r) == "en" && f.NameEN != "":
		return f.NameEN
	}
	return f.Name
}

// placeName is the name of a unit, and of what it is today when that is another.
func placeName(d *directory.Directory, id string) string {
	p, ok := d.Place(id)
	if !ok {
		return ""
	}
	return d.Title(p, nil)
}

// placeNow names the units of today that hold a unit of the past; "" when it still is.
func placeNow(d *directory.Directory, id string) string {
	p, ok := d.Place(id)
	if !ok || d.Exists(p) {
		return ""
	}
	var names []string
	for _, part := range d.Today(p) {
		if len(names) == 6 {
			names = append(names, "…")
			break
		}
		names = append(names, part.Place.Name)
	}
	return strings.Join(names, ", ")
}

// samePlaces are the ids under which cases of a unit may stand: its own, those of
// the units it became, and of those that became it.
func samePlaces(d *directory.Directory, p *directory.Place) []string {
	out := []string{p.ID}
	add := func(id string) {
		if !slices.Contains(out, id) && len(out) < maxBodies {
			out = append(out, id)
		}
	}
	for _, part := range d.Today(p) {
		add(part.Place.ID)
	}
	for _, level := range []directory.Level{directory.Commune2021, directory.Commune2024, directory.Commune2025} {
		for _, q := range d.Places(level) {
			if slices.ContainsFunc(d.Today(q), func(part directory.Part) bool { return part.Place == p }) {
				add(q.ID)
			}
			if p.Level == directory.District && slices.Contains(q.Districts(), p) {
				add(q.ID)
			}
		}
	}
	return out
}

// bodyKey makes names of bodies comparable.
func (s *service) bodyKey(text string) string {
	return strings.Join(strings.Fields(s.opt.Fold(text)), " ")
}

// maxFound is how many bodies a search shows.
const maxFound = 12

// findBodies lists the bodies in office whose names hold all words, those at the
// place first.
func (s *service) findBodies(text string, place *directory.Place) []*directory.Agency {
	d := s.opt.Directory()
	words := strings.Fields(s.bodyKey(text))
	if len(words) == 0 || len(words) > 20 {
		return nil
	}
	var out []*directory.Agency
	look := func(list []*directory.Agency) {
		for _, a := range list {
			if len(out) < maxFound && !a.UnknownArea && !slices.Contains(out, a) && s.named(a, words) {
				out = append(out, a)
			}
		}
	}
	if place != nil {
		look(d.AgenciesAt(place))
	}
	look(d.AgenciesAt(nil))
	for _, m := range d.FindPlaces(text, maxFound) {
		look(d.AgenciesAt(m.Place))
	}
	if len(out) == 0 { // a place alone was typed: the bodies there
		for _, m := range d.FindPlaces(text, 2) {
			for _, a := range d.AgenciesAt(m.Place) {
				if len(out) < maxFound && !a.UnknownArea && !slices.Contains(out, a) {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

func (s *service) named(a *directory.Agency, words []string) bool {
	names := []string{a.Name}
	if a.Place == nil { // the short names of a template name all of its bodies
		names = slices.Concat(names, a.Short, a.Aliases)
	}
	return slices.ContainsFunc(names, func(n string) bool {
		n = " " + s.bodyKey(n)
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(n, " "+w) })
	})
}
