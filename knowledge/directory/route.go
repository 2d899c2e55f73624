package directory

import (
	"fmt"
	"slices"
	"strings"
)

// Subject is what a case is about, as far as routing cares. The day is the
// directory's (AsOf, At).
type Subject struct {
	Field string // id of a Field
	Case  string // id of a Case of the field; "" to look for it in Words
	Words string // what the citizen wrote, at most 16 KiB of it are read
	Place *Place // where it is, as of any day; nil when not known
	// Named is the id of the body complained about, or of the body of the officer
	// complained about; "" for none. A template's id stands for its body at Place.
	Named string
	// Denunciation: it is a tố cáo. Nothing is received then; see Routing.TurnTo.
	Denunciation bool
	// Unanswered: the citizen was asked (Routing.Ask) and did not say.
	Unanswered bool
}

// Routing says who answers. Exactly one of these holds: Lead is a body in office
// on the directory's day; or Ask is not empty; or NoTicket is set and TurnTo is a
// body in office.
type Routing struct {
	Case *Case // the clearer subject that was used; nil for none
	Lead *Agency
	// Via is the people's committee through which Lead is reached as long as nobody
	// has confirmed that this commune has that division; nil otherwise.
	Via       *Agency
	Consulted []*Agency
	// Ask lists the units (communes; for some old days districts) among which the
	// citizen has to say where it is.
	Ask []*Place
	// Unanswered takes the case when Ask stays without an answer: route again with
	// Subject.Unanswered.
	Unanswered *Agency
	// FrontDesk: Lead is the front desk, for Reason, and an alarm is due.
	FrontDesk bool
	// Reason is the id of a NeedsFrontDesk: with FrontDesk, with NoTicket, and with
	// Ask when Unanswered is the front desk.
	Reason       string
	Sensitive    bool // never publish it, never show it to a body named in it
	Denunciation bool // a tố cáo, or to be treated as one
	NoTicket     bool // open no case, say where to turn
	TurnTo       *Agency
	Steps        []Step // how it came about
}

// Step is one step of a routing.
type Step struct {
	Rule int    `json:"rule"` // 1 to 7, the sections of docs/routing.md
	Text string `json:"text"` // in English, for officers and developers
}

// The kinds of id in a Subject.
const (
	UnknownField  = "field"
	UnknownCase   = "case"
	UnknownAgency = "agency"
	UnknownDay    = "day" // earlier than the data
)

// SubjectError is a subject that cannot be routed because it names something that
// the directory does not have.
type SubjectError struct {
	What string // UnknownField, UnknownCase, UnknownAgency or UnknownDay
	ID   string
}

func (e *SubjectError) Error() string {
	if e.What == UnknownDay {
		return fmt.Sprintf("directory: no routing on %s: the data begins on %s", e.ID, firstDay)
	}
	return fmt.Sprintf("directory: no %s %q", e.What, e.ID)
}

// firstDay is the first day for which the data says who answers.
const firstDay = "2021-01-01"

// The reasons of needs_front_desk, by what went wrong.
const (
	reasonCommune  = "commune-not-known"
	reasonDivided  = "divided-commune"
	reasonOldDate  = "new-commune-old-date"
	reasonNoTicket = "no-ticket"
)

// Route returns who answers a subject on the directory's day. The rule stands in
// docs/routing.md. The error is a *SubjectError.
func (d *Directory) Route(s Subject) (Routing, error) {
	r, err := d.newRoute(s)
	if err != nil {
		return Routing{}, err
	}
	r.decide()
	return r.out, nil
}

// route is one routing under way.
type route struct {
	d      *Directory
	s      Subject
	field  *Field
	kase   *Case
	bodies Bodies
	area   area
	named  []*Agency // bodies that must not get it
	floor  int       // rank of the lowest level that may lead because of the body named
	out    Routing
}

// newRoute looks up everything that a subject names.
func (d *Directory) newRoute(s Subject) (*route, error) {
	if d.asOf < firstDay {
		return nil, &SubjectError{UnknownDay, d.asOf}
	}
	f := d.fields[s.Field]
	if f == nil {
		return nil, &SubjectError{UnknownField, s.Field}
	}
	r := &route{d: d, s: s, field: f, bodies: d.Bodies(f)}
	if s.Case != "" {
		if r.kase = f.caseOf(s.Case); r.kase == nil {
			return nil, &SubjectError{UnknownCase, s.Case}
		}
	} else if s.Words != "" {
		r.kase = d.matchCase(f, s.Words)
	}
	r.out.Case = r.kase
	r.out.Denunciation = s.Denunciation || f.Denunciation || r.kase != nil && r.kase.Denunciation
	r.out.Sensitive = f.Sensitive || r.out.Denunciation
	named, err := d.namedBody(s)
	if err != nil {
		return nil, err
	}
	if named != nil && s.Place == nil {
		r.s.Place = named.Place
	}
	r.area = d.areaOf(r.s.Place)
	if named != nil {
		r.avoid(named)
		if f.Sensitive {
			// What an official did is no matter for his equals or those below.
			r.floor = d.tierAbove(named.Tier).rank()
		}
	}
	return r, nil
}

// namedBody returns the body that a subject complains about, nil for none.
func (d *Directory) namedBody(s Subject) (*Agency, error) {
	if s.Named == "" {
		return nil, nil
	}
	a, ok := d.Agency(s.Named)
	if !ok {
		return nil, &SubjectError{UnknownAgency, s.Named}
	}
	if a.Template != "" {
		area := d.areaOf(s.Place)
		if p := area.only(a); p != nil {
			return d.instance(a, p), nil
		}
	}
	return a, nil
}

// opensCase reports whether anything is received at all.
func (r *route) opensCase() bool { return !r.out.Denunciation && !r.field.NoTicket }

func (f *Field) caseOf(id string) *Case {
	for i := range f.Cases {
		if f.Cases[i].ID == id {
			return &f.Cases[i]
		}
	}
	return nil
}

// task names what is handed over: FIELD or FIELD/CASE.
func (r *route) task() string {
	if r.kase == nil {
		return r.field.ID
	}
	return r.field.ID + "/" + r.kase.ID
}

func (r *route) step(rule int, format string, args ...any) {
	r.out.Steps = append(r.out.Steps, Step{rule, fmt.Sprintf(format, args...)})
}

// decide finds the lead and fills the routing.
func (r *route) decide() {
	r.stepSubject()
	if r.s.Denunciation {
		r.step(1, "a denunciation is not received: only where to file it")
		r.noTicket(r.lastResort())
		return
	}
	lead, tier := r.byCase()
	if lead == nil {
		lead, tier = r.byLists()
	}
	if lead == nil {
		lead, tier = r.lastResort(), TierProvince
		r.step(1, "no level is left that does not go to the body named: %s", lead.ID)
	}
	switch {
	case r.out.Denunciation:
		r.step(1, "to be treated as a denunciation, which is not received: only where to file it")
		r.noTicket(lead)
	case r.field.NoTicket:
		r.step(7, "outside administration: no case is opened")
		r.noTicket(lead)
	default:
		r.settle(lead, tier)
	}
}

func (r *route) stepSubject() {
	if r.kase != nil {
		r.step(4, "case %s", r.task())
	}
	if r.out.Sensitive {
		r.step(1, "sensitive: nothing is published")
	}
	if p := r.s.Place; p != nil && !r.d.Exists(p) {
		r.step(2, "%s (%s) is no unit of %s: %s", p.Name, p.ID, r.d.asOf, r.area.label())
	}
}

func (r *route) noTicket(to *Agency) {
	r.out.NoTicket, r.out.Reason = true, reasonNoTicket
	if r.out.TurnTo = to; to.Template == "" {
		return
	}
	// A denunciation is filed with a person: without a place, one level up.
	if p := r.area.only(to); p != nil {
		r.out.TurnTo = r.d.instance(to, p)
		return
	}
	r.out.TurnTo, _, _ = r.unanswered(to)
}

// byCase returns the lead of the case, nil when there is none or the lists decide.
func (r *route) byCase() (*Agency, Tier) {
	c := r.kase
	if c == nil {
		return nil, ""
	}
	var lead *Agency
	if r.d.asOf >= mergers2025 {
		lead = r.d.agencies[c.LeadNow]
		r.step(4, "the case is led by %s", c.LeadNow)
	} else {
		var trail []string
		lead, trail = r.d.heir(r.d.agencies[c.Lead2021], r.task())
		r.step(6, "the case was led by %s", strings.Join(trail, ", then "))
	}
	if lead == nil || !r.usable(lead) {
		return nil, ""
	}
	if lead.Tier.rank() >= r.floor && !r.avoids(lead) {
		return lead, lead.Tier
	}
	r.step(1, "%s is the body named, under it, or not above it", lead.ID)
	if above := r.d.agencies[c.AboveNow]; above != nil && r.usable(above) && !r.avoids(above) {
		return above, above.Tier
	}
	r.floor = max(r.floor, r.d.tierAbove(lead.Tier).rank())
	return nil, ""
}

// byLists returns the first body of the lowest level that may lead.
func (r *route) byLists() (*Agency, Tier) {
	for _, tier := range tiersFrom(max(r.floor, r.bodies.First.rank())) {
		a := r.pick(r.bodies.list(tier))
		switch {
		case a == nil:
		case r.avoids(a):
			r.step(1, "%s is the body named or under it: one level up", a.ID)
		default:
			r.step(4, "first of the %s list that exists there and then: %s", tier, a.ID)
			return a, tier
		}
	}
	return nil, ""
}

// pick returns the first body of a list that exists there and then.
func (r *route) pick(ids []string) *Agency {
	for _, id := range ids {
		if a := r.d.agencies[id]; r.usable(a) {
			return a
		}
	}
	return nil
}

// usable reports whether a body may lead on the day: in office, with a known
// area, and in at least one of the units in question.
func (r *route) usable(a *Agency) bool {
	if !r.d.InOffice(a) || a.UnknownArea {
		return false
	}
	units := r.area.units(a)
	return a.Template == "" || len(units) == 0 || slices.ContainsFunc(units, a.existsAt)
}

// settle makes a body, or a template's body at the place, the lead, or asks.
func (r *route) settle(a *Agency, tier Tier) {
	if a.Template == "" {
		r.lead(a, tier)
		return
	}
	if p := r.area.only(a); p != nil {
		r.step(5, "the unit is %s, %s", p.Name, p.ID)
		r.lead(r.d.instance(a, p), tier)
		return
	}
	if a.Template == "commune" && len(r.area.communes) == 0 {
		if district := r.districtBody(); district != nil {
			r.step(5, "the commune is not known: the district takes it")
			r.lead(district, TierDistrict)
			return
		}
	}
	body, reason, why := r.unanswered(a)
	if r.s.Unanswered {
		r.step(5, "the citizen was asked and did not say: %s", why)
		r.out.Reason, r.out.FrontDesk = reason, reason != ""
		if reason != "" {
			r.step(7, "front desk: %s", reason)
		}
		r.lead(body, "")
		return
	}
	r.out.Ask, r.out.Unanswered, r.out.Reason = r.ask(a), body, reason
	r.step(5, "%s needs one of %d units: ask; unanswered: %s", a.ID, len(r.out.Ask), why)
}

// districtBody returns the field's body of the only district that it can be,
// while there are districts; else nil.
func (r *route) districtBody() *Agency {
	if len(r.area.districts) != 1 {
		return nil
	}
	a := r.pick(r.bodies.District)
	if a == nil {
		return nil
	}
	if a.Template != "" {
		a = r.d.instance(a, r.area.districts[0])
	}
	if r.avoids(a) {
		return nil
	}
	return a
}

// unanswered returns who takes it when nobody says in which unit it is, with the
// reason if that is the front desk.
func (r *route) unanswered(a *Agency) (body *Agency, reason, why string) {
	if a.Tier == TierCommune {
		if district := r.districtBody(); district != nil {
			return district, "", "the district's body"
		}
	}
	if line := r.d.lineAbove(a); line != nil && !r.avoids(line) {
		return line, "", "the body above " + a.ID
	}
	if r.d.asOf < mergers2025 {
		if p := r.pick(r.bodies.Province); p != nil && !r.avoids(p) {
			return p, "", "the province's body"
		}
	}
	desk, ok := r.d.FrontDesk()
	if !ok || r.avoids(desk) {
		return r.lastResort(), "", "not the front desk, which is named"
	}
	switch {
	case r.d.asOf < mergers2025:
		reason = reasonOldDate
	case r.s.Place != nil && r.s.Place.Level != District:
		reason = reasonDivided
	default:
		reason = reasonCommune
	}
	return desk, reason, "the front desk"
}

// lead writes the lead and whom it consults. tier is the level of the lead in
// the lists, "" to consult nobody.
func (r *route) lead(a *Agency, tier Tier) {
	r.out.Lead = a
	if a.Unconfirmed && a.Parent != "" {
		if via, ok := r.d.Agency(a.Parent); ok && !r.avoids(via) {
			r.out.Via = via
		}
	}
	if tier == "" {
		return
	}
	var ids []string
	ids = append(ids, r.bodies.list(tier)...)
	if r.kase != nil && r.kase.AboveNow != "" && r.d.asOf >= mergers2025 {
		ids = append(ids, r.kase.AboveNow)
	} else {
		for _, above := range tiersFrom(tier.rank() + 1) {
			if list := r.bodies.list(above); len(list) > 0 {
				ids = append(ids, list...)
				break
			}
		}
	}
	for _, id := range ids {
		r.consult(id)
	}
}

func (r *route) consult(id string) {
	a := r.d.agencies[id]
	if !r.usable(a) {
		return
	}
	if a.Template != "" {
		p := r.area.only(a)
		if p == nil {
			return
		}
		a = r.d.instance(a, p)
	}
	if a.ID == r.out.Lead.ID || r.avoids(a) || slices.ContainsFunc(r.out.Consulted, func(o *Agency) bool { return o.ID == a.ID }) {
		return
	}
	r.out.Consulted = append(r.out.Consulted, a)
}

// lastResort returns who takes it when every level goes to the body named.
func (r *route) lastResort() *Agency {
	var last *Agency
	for _, f := range r.d.lastResorts {
		if a := r.d.agencies[f.ID]; inForce(r.d.asOf, f.From, f.To) {
			if !r.avoids(a) {
				return a
			}
			last = a
		}
	}
	return last
}
