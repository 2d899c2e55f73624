package directory

// Higher returns who takes a subject one level above a body: what was answered
// badly is opened again there. The error is a *SubjectError.
func (d *Directory) Higher(agencyID string, s Subject) (Routing, error) {
	r, err := d.newRoute(s)
	if err != nil {
		return Routing{}, err
	}
	below, ok := d.Agency(agencyID)
	if !ok {
		return Routing{}, &SubjectError{UnknownAgency, agencyID}
	}
	r.avoid(below)
	r.floor = max(r.floor, d.tierAbove(below.Tier).rank())
	// The body of the city above a body of the city: Sở above its own office.
	parent := d.agencies[below.Parent]
	if r.opensCase() && below.Tier == TierProvince && parent != nil && d.InOffice(parent) && !r.avoids(parent) {
		r.step(1, "%s is under %s", below.ID, parent.ID)
		r.lead(parent, TierProvince)
		return r.out, nil
	}
	r.decide()
	return r.out, nil
}

// conduct is the field of how officials behave.
const conduct = "can-bo-cong-chuc"

// Above returns who looks at the conduct of a body's officials: one level up in
// its own line (police, tax …) where it has one, else the bodies of the field.
// place is used for a body without a place of its own and may be nil. It is false
// for an unknown body.
func (d *Directory) Above(agencyID string, place *Place) (*Agency, bool) {
	a, ok := d.Agency(agencyID)
	if !ok {
		return nil, false
	}
	if line := d.lineAbove(a); line != nil {
		return line, true
	}
	r, err := d.Route(Subject{Field: conduct, Named: agencyID, Place: place, Unanswered: true})
	return r.Lead, err == nil && r.Lead != nil
}

// lineAbove returns the province's or city's body in office that a body of a
// lower level belongs to, nil when it belongs to its own people's committee.
func (d *Directory) lineAbove(a *Agency) *Agency {
	parent := d.agencies[a.Parent]
	if a.Tier == TierProvince || parent == nil || parent.Tier != TierProvince {
		return nil
	}
	heir, _ := d.heir(parent, "")
	return heir
}
