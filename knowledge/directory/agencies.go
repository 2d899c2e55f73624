package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Tier is the level of administration of a body or of a list of bodies.
type Tier string

// The tiers. A local office belongs to a body of the city, for an area that the
// data does not know.
const (
	TierProvince Tier = "province" // the province until 2025-06-30, the city since
	TierDistrict Tier = "district"
	TierCommune  Tier = "commune"
	TierLocal    Tier = "local"
)

// Agency is a body that answers citizens, or a template for the bodies of that
// kind in every district or commune.
type Agency struct {
	ID     string `yaml:"id"` // "hp-so-noi-vu"; of a body made from a template "xa25.ubnd@10532"
	Name   string `yaml:"name"`
	NameEN string `yaml:"name_en"`
	Tier   Tier   `yaml:"level"`
	Kind   string `yaml:"kind"`
	// Template says of which units there is one body each: "district",
	// "commune" or "commune_2025"; "" when this is a body of its own.
	Template string `yaml:"place"`
	// Instance holds how the bodies of a template are named, by kind of unit
	// ("any" for all), with {place} for the unit.
	Instance map[string]string `yaml:"instance"`
	// UnknownArea: a local office whose communes are not known. Name its parent.
	UnknownArea bool `yaml:"unknown_area"`
	// Unconfirmed: a division that a commune may have organised otherwise. Until an
	// officer confirms it, it is reached through its parent, the people's committee.
	Unconfirmed bool     `yaml:"unconfirmed"`
	Short       []string `yaml:"short"`
	Aliases     []string `yaml:"aliases"`
	Parent      string   `yaml:"parent"`
	Fields      []string `yaml:"fields"`
	Duties      string   `yaml:"duties"`  // in English
	From        string   `yaml:"from"`    // first day, "" for before 2021
	To          string   `yaml:"to"`      // first day it no longer answers, "" for still in office
	OnlyIn      []string `yaml:"only_in"` // codes of the districts that have one; empty for all
	NotIn       []string `yaml:"not_in"`
	// Website and Address are nil unless their source is good enough to show.
	Website      *Website     `yaml:"website"`
	Address      *Address     `yaml:"address"`
	Note         string       `yaml:"note"` // in English, for officers
	Succession   []Succession `yaml:"succession"`
	Predecessors []string     `yaml:"predecessors"`
	Source       []string     `yaml:"source"`
	Confidence   Confidence   `yaml:"confidence"`
	// Place is the unit of a body made from a template, else nil.
	Place *Place `yaml:"-"`
}

// Website is the host of a body's site.
type Website struct {
	Host       string     `yaml:"host"`
	Source     []string   `yaml:"source"`
	Confidence Confidence `yaml:"confidence"`
}

// Address is where a body's office is.
type Address struct {
	Text       string     `yaml:"text"`
	Source     []string   `yaml:"source"`
	Confidence Confidence `yaml:"confidence"`
}

// Succession says which body took tasks over.
type Succession struct {
	To    string `yaml:"to"`
	Since string `yaml:"since"` // first day the new body answers
	// Tasks are "all", ids of fields, or FIELD/CASE. The most specific match
	// wins; follow the entries until a body in force is reached.
	Tasks      []string   `yaml:"tasks"`
	Confidence Confidence `yaml:"confidence"`
}

// allTasks is the task of a succession that takes everything over.
const allTasks = "all"

// Office is who meets citizens in a unit.
type Office struct {
	Place     *Place
	Committee *Agency // the people's committee
	Desk      *Agency // where files are handed in
	Police    *Agency // nil when the unit has none on that day
}

type (
	agenciesData struct {
		AsOf     string                 `yaml:"as_of"`
		Sources  map[string]Source      `yaml:"sources"`
		Offices  map[string]officeRoles `yaml:"offices"`
		Agencies []*Agency              `yaml:"agencies"`
	}
	officeRoles struct {
		Committee string `yaml:"committee"`
		Desk      string `yaml:"desk"`
		Police    string `yaml:"police"`
	}
)

// templateOf returns the kind of template whose bodies sit in units of a level.
func templateOf(l Level) string {
	switch l {
	case District:
		return "district"
	case Commune2025:
		return "commune_2025"
	}
	return "commune"
}

// Agency returns the body of an id, also one that is no longer in office:
// "hp-so-tu-phap", a template "xa25.ubnd", or a template's body in a unit,
// "xa25.ubnd@10532" (TEMPLATE@CODE; the unit is the one that has the code on the
// directory's day).
func (d *Directory) Agency(id string) (*Agency, bool) {
	id, code, hasCode := strings.Cut(id, "@")
	a := d.agencies[id]
	if a == nil || !hasCode {
		return a, a != nil
	}
	if p := d.unitOf(a.Template, code); p != nil && a.existsAt(p) {
		return d.instance(a, p), true
	}
	return nil, false
}

// InOffice reports whether the body answers on the directory's day.
func (d *Directory) InOffice(a *Agency) bool { return inForce(d.asOf, a.From, a.To) }

// AgenciesAt lists the bodies in office in a unit on the directory's day, in
// the order of the data. For a unit that does not exist on that day they are
// those of the units it leads to. nil asks for the bodies of the province or city.
func (d *Directory) AgenciesAt(p *Place) []*Agency {
	var out []*Agency
	if p == nil {
		for _, a := range d.agencyList {
			if a.Template == "" && a.Tier == TierProvince && d.InOffice(a) {
				out = append(out, a)
			}
		}
		return out
	}
	for _, part := range d.Today(p) {
		for _, a := range d.agencyList {
			if a.Template == templateOf(part.Place.Level) && d.InOffice(a) && a.existsAt(part.Place) {
				out = append(out, d.instance(a, part.Place))
			}
		}
	}
	return out
}

// Office returns who meets citizens in a unit; false when the unit does not
// exist on the directory's day (see Today).
func (d *Directory) Office(p *Place) (Office, bool) {
	if p == nil || !d.Exists(p) {
		return Office{}, false
	}
	roles := d.offices[templateOf(p.Level)]
	o := Office{Place: p}
	for _, r := range []struct {
		id string
		to **Agency
	}{{roles.Committee, &o.Committee}, {roles.Desk, &o.Desk}, {roles.Police, &o.Police}} {
		if a := d.agencies[r.id]; d.InOffice(a) {
			*r.to = d.instance(a, p)
		}
	}
	return o, true
}

// unitOf returns the unit with a code for a kind of template. A code of 2021 may
// belong to another commune after the mergers of 2024: the day decides.
func (d *Directory) unitOf(template, code string) *Place {
	switch template {
	case "district":
		return d.places["d"+code]
	case "commune_2025":
		return d.places["w"+code]
	case "commune":
		if p := d.places["m"+code]; p != nil && d.asOf >= p.From {
			return p
		}
		return d.places["c"+code]
	}
	return nil
}

// existsAt reports whether a template has a body in the unit.
func (a *Agency) existsAt(p *Place) bool {
	if templateOf(p.Level) != a.Template {
		return false
	}
	return (len(a.OnlyIn) == 0 || slices.Contains(a.OnlyIn, p.Code)) && !slices.Contains(a.NotIn, p.Code)
}

// instance makes the body of a template in a unit.
func (d *Directory) instance(a *Agency, p *Place) *Agency {
	body := *a
	body.ID = a.ID + "@" + p.Code
	body.Place = p
	body.Template, body.Instance, body.OnlyIn, body.NotIn = "", nil, nil, nil
	name := a.Instance[p.Type]
	if name == "" {
		name = a.Instance["any"]
	}
	body.Name = strings.ReplaceAll(name, "{place}", p.Label())
	body.From = max(a.From, p.From)
	if p.To != "" && (a.To == "" || p.To < a.To) {
		body.To = p.To
	}
	if parent := d.agencies[a.Parent]; parent != nil && parent.Template != "" {
		if parent.Template == a.Template {
			body.Parent = parent.ID + "@" + p.Code
		} else if len(p.districts) == 1 {
			body.Parent = parent.ID + "@" + p.districts[0].Code
		}
	}
	return &body
}

// loadAgencies enters the bodies; checkAgencies looks at them once fields are known.
func (d *Directory) loadAgencies(file *agenciesData) error {
	d.agencyList, d.offices = file.Agencies, file.Offices
	for _, a := range file.Agencies {
		if a == nil || a.ID == "" || a.Name == "" || d.agencies[a.ID] != nil {
			return errors.New("directory: an agency has no id or name, or its id stands twice")
		}
		d.agencies[a.ID] = a
		if err := checkDays(a.ID, a.From, a.To); err != nil {
			return fmt.Errorf("directory: %w", err)
		}
		if err := d.checkOrigin(a.ID, a.Source, a.Confidence); err != nil {
			return err
		}
		if err := a.checkTemplate(); err != nil {
			return fmt.Errorf("directory: %s: %w", a.ID, err)
		}
		if err := d.checkContact(a); err != nil {
			return err
		}
	}
	for _, kind := range []string{"district", "commune", "commune_2025"} {
		r := d.offices[kind]
		for _, id := range []string{r.Committee, r.Desk, r.Police} {
			if a := d.agencies[id]; a == nil || a.Template != kind {
				return fmt.Errorf("directory: offices of a %s: no template %q", kind, id)
			}
		}
	}
	return nil
}

func (a *Agency) checkTemplate() error {
	switch a.Tier {
	case TierProvince, TierDistrict, TierCommune, TierLocal:
	default:
		return fmt.Errorf("level %q is not known", a.Tier)
	}
	switch a.Template {
	case "":
		if len(a.Instance) > 0 {
			return errors.New("has instance names but is no template")
		}
		return nil
	case "district", "commune", "commune_2025":
	default:
		return fmt.Errorf("place %q is not known", a.Template)
	}
	if len(a.Instance) == 0 {
		return errors.New("a template needs instance names")
	}
	for _, name := range a.Instance {
		if !strings.Contains(name, "{place}") {
			return errors.New("an instance name lacks {place}")
		}
	}
	return nil
}

// checkContact refuses sites and addresses that are not sure enough to show.
func (d *Directory) checkContact(a *Agency) error {
	if w := a.Website; w != nil {
		if err := d.checkOrigin(a.ID+" website", w.Source, w.Confidence); err != nil {
			return err
		}
		if w.Confidence == Low || w.Host == "" || strings.ContainsAny(w.Host, "/: ") {
			return fmt.Errorf("directory: %s: website is not sure or not a host name", a.ID)
		}
	}
	if ad := a.Address; ad != nil {
		if err := d.checkOrigin(a.ID+" address", ad.Source, ad.Confidence); err != nil {
			return err
		}
		if ad.Confidence == Low || ad.Text == "" {
			return fmt.Errorf("directory: %s: address is not sure or empty", a.ID)
		}
	}
	return nil
}

// checkAgencies checks everything that bodies refer to.
func (d *Directory) checkAgencies() error {
	for _, a := range d.agencyList {
		refs := slices.Clone(a.Predecessors)
		if a.Parent != "" {
			refs = append(refs, a.Parent)
		}
		for _, s := range a.Succession {
			refs = append(refs, s.To)
			if err := checkDays(a.ID, s.Since, ""); err != nil || s.Since == "" || len(s.Tasks) == 0 {
				return fmt.Errorf("directory: %s: a succession has no day or no task", a.ID)
			}
			for _, task := range s.Tasks {
				if task != allTasks && !d.knownTask(task) {
					return fmt.Errorf("directory: %s: no field or case %q", a.ID, task)
				}
			}
		}
		for _, id := range refs {
			if d.agencies[id] == nil {
				return fmt.Errorf("directory: %s: no agency %q", a.ID, id)
			}
		}
		for _, id := range a.Fields {
			if d.fields[id] == nil {
				return fmt.Errorf("directory: %s: no field %q", a.ID, id)
			}
		}
		for _, code := range slices.Concat(a.OnlyIn, a.NotIn) {
			if d.places["d"+code] == nil {
				return fmt.Errorf("directory: %s: no district %q", a.ID, code)
			}
		}
		// Whoever leaves office hands over to somebody, or routing would end in nothing.
		if a.To != "" && len(a.Succession) == 0 {
			return fmt.Errorf("directory: %s ends on %s without a successor", a.ID, a.To)
		}
	}
	return nil
}

func (d *Directory) knownTask(task string) bool {
	id, caseID, hasCase := strings.Cut(task, "/")
	f := d.fields[id]
	if f == nil || !hasCase {
		return f != nil
	}
	return slices.ContainsFunc(f.Cases, func(c Case) bool { return c.ID == caseID })
}
