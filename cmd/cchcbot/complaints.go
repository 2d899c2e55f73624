package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"cchcbot/knowledge/directory"
)

// ComplaintsCmd groups the commands on complaints.
type ComplaintsCmd struct {
	Route    ComplaintsRouteCmd    `cmd:"" help:"Say which body a complaint would go to, on any day, and why."`
	Rehearse ComplaintsRehearseCmd `cmd:"" help:"Put all open cases to the bodies of another day: who would own what, who hands over to whom."`
	Contacts ContactsCmd           `cmd:"" help:"Contacts of bodies: who is written to."`
}

// ComplaintsRouteCmd is `cchcbot complaints route`.
type ComplaintsRouteCmd struct {
	Field        string `required:"" help:"Id of the field: dat-dai, moi-truong … An unknown one lists them all."`
	Case         string `help:"Id of a clearer subject inside the field."`
	Words        string `help:"What the citizen wrote; its words may show the case."`
	Place        string `help:"A name, old or new, as a citizen types it; or a code (10507), or the id of a unit (d288, c10507, w10507)."`
	Named        string `help:"Id of the body complained about, or of its officer's body: xa.ubnd@10507."`
	Denunciation bool   `help:"It is a denunciation: say where to file it."`
	Unanswered   bool   `help:"The citizen was asked which unit it is, and did not say."`
	JSON         bool   `help:"One JSON object instead of lines."`
}

// Help is the example below --help.
func (ComplaintsRouteCmd) Help() string {
	return "Examples:\n  cchcbot complaints route --field dat-dai --place 'phuong cam thuong' --as-of 2021-06-01\n" +
		"  cchcbot complaints route --field cu-tru --place c10528 --json\n\ndocs/routing.md explains the rule."
}

// routedBody and routedPlace are bodies and units in `complaints route --json`.
type (
	routedBody struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	routedPlace struct {
		ID       string `json:"id"`
		Code     string `json:"code"`
		Name     string `json:"name"`
		District string `json:"district,omitempty"` // of 2021; empty when there were several
	}
)

// routed is what `complaints route --json` prints.
type routed struct {
	AsOf  string       `json:"as_of"`
	Field string       `json:"field"`
	Case  string       `json:"case"`
	Place *routedPlace `json:"place"`
	// Lead answers. With no_ticket no case is opened, and it is the body to turn to.
	Lead         *routedBody      `json:"lead"`
	Via          *routedBody      `json:"via"`
	Consulted    []routedBody     `json:"consulted"`
	Ask          []routedPlace    `json:"ask"`
	Unanswered   *routedBody      `json:"unanswered"`
	FrontDesk    bool             `json:"front_desk"`
	Reason       string           `json:"reason"`
	Sensitive    bool             `json:"sensitive"`
	Denunciation bool             `json:"denunciation"`
	NoTicket     bool             `json:"no_ticket"`
	Steps        []directory.Step `json:"steps"`
}

// Run routes as of --as-of, today without it.
func (c *ComplaintsRouteCmd) Run(cfg *Config, io streams) error {
	day, err := cfg.Day()
	if err != nil {
		return err
	}
	d, err := directory.Load(directory.Options{AsOf: day})
	if err != nil {
		return err
	}
	out, err := c.route(d)
	if err != nil {
		return err
	}
	if !c.JSON {
		return out.print(io)
	}
	enc := json.NewEncoder(io.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func (c *ComplaintsRouteCmd) route(d *directory.Directory) (*routed, error) {
	places, err := readPlace(d, c.Place)
	if err != nil {
		return nil, err
	}
	s := directory.Subject{Field: c.Field, Case: c.Case, Words: c.Words, Named: c.Named,
		Denunciation: c.Denunciation, Unanswered: c.Unanswered}
	if len(places) == 1 {
		s.Place = places[0]
	}
	r, err := d.Route(s)
	if err != nil {
		return nil, explainSubject(d, err)
	}
	out := newRouted(c.Field, d, s.Place, r)
	if len(places) > 1 {
		out.which(places)
	}
	return out, nil
}

// which turns the routing into the question which of several places is meant.
func (r *routed) which(places []*directory.Place) {
	if r.NoTicket {
		return // the place changes nothing
	}
	r.Lead, r.Via, r.Unanswered, r.FrontDesk, r.Reason = nil, nil, nil, false, ""
	r.Consulted, r.Ask = []routedBody{}, nil
	for _, p := range places {
		r.Ask = append(r.Ask, *routedPlaceOf(p))
	}
	r.Steps = []directory.Step{{Rule: 2, Text: "several units go by that name: ask which one, by its district"}}
}

// readPlace returns the units that a name, code or id may mean: none for no
// text, several when it has to be said which.
func readPlace(d *directory.Directory, text string) ([]*directory.Place, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if p, ok := d.Place(text); ok {
		return []*directory.Place{p}, nil
	}
	var found []*directory.Place
	if strings.Trim(text, "0123456789") == "" {
		for _, kind := range []string{"d", "w", "m", "c"} {
			if p, ok := d.Place(kind + text); ok {
				found = append(found, p)
			}
		}
		// A code of 2021 may be another unit's today: the day decides.
		if i := slices.IndexFunc(found, d.Exists); i >= 0 {
			found = found[i : i+1]
		}
	} else {
		matches := d.FindPlaces(text, directory.MaxChoices)
		for _, m := range matches {
			if m.Score >= directory.ToldPlace && m.Score > 0.9*matches[0].Score { // phường said of a xã is 0.9
				found = append(found, m.Place)
			}
		}
	}
	if len(found) == 0 {
		return nil, &usageError{fmt.Sprintf("no place %q in the directory; give a name, old or new, a code like 10507, or an id like c10507", text)}
	}
	return sameToday(d, found), nil
}

// sameToday keeps one of several units that lead to the same single unit of the day.
func sameToday(d *directory.Directory, found []*directory.Place) []*directory.Place {
	var out []*directory.Place
	for _, p := range found {
		now := d.Today(p)
		if len(now) == 1 && slices.ContainsFunc(out, func(o *directory.Place) bool {
			other := d.Today(o)
			return len(other) == 1 && other[0].Place == now[0].Place
		}) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// explainSubject says what may be given instead of what is not known.
func explainSubject(d *directory.Directory, err error) error {
	var e *directory.SubjectError
	if !errors.As(err, &e) {
		return err
	}
	switch e.What {
	case directory.UnknownField:
		var ids []string
		for _, f := range d.Fields() {
			ids = append(ids, f.ID)
		}
		return &usageError{fmt.Sprintf("no field %q; the fields are %s", e.ID, strings.Join(ids, ", "))}
	case directory.UnknownCase:
		return &usageError{fmt.Sprintf("the field has no case %q; knowledge/directory/data/fields.yaml lists them", e.ID)}
	case directory.UnknownAgency:
		return &usageError{fmt.Sprintf("no body %q; ids look like hp-so-noi-vu or, in a unit, xa25.ubnd@10532", e.ID)}
	}
	return &usageError{"the data says who answers from 2021-01-01 on"}
}

func newRouted(field string, d *directory.Directory, place *directory.Place, r directory.Routing) *routed {
	out := &routed{
		AsOf: d.AsOf(), Field: field, Place: routedPlaceOf(place), Lead: routedBodyOf(cmp.Or(r.Lead, r.TurnTo)), Via: routedBodyOf(r.Via),
		Consulted: []routedBody{}, Ask: []routedPlace{}, Unanswered: routedBodyOf(r.Unanswered), FrontDesk: r.FrontDesk, Reason: r.Reason,
		Sensitive: r.Sensitive, Denunciation: r.Denunciation, NoTicket: r.NoTicket, Steps: r.Steps,
	}
	if r.Case != nil {
		out.Case = r.Case.ID
	}
	for _, a := range r.Consulted {
		out.Consulted = append(out.Consulted, *routedBodyOf(a))
	}
	for _, p := range r.Ask {
		out.Ask = append(out.Ask, *routedPlaceOf(p))
	}
	return out
}

func routedBodyOf(a *directory.Agency) *routedBody {
	if a == nil {
		return nil
	}
	return &routedBody{a.ID, a.Name}
}

func routedPlaceOf(p *directory.Place) *routedPlace {
	if p == nil {
		return nil
	}
	out := &routedPlace{ID: p.ID, Code: p.Code, Name: p.Name}
	if districts := p.Districts(); len(districts) == 1 && districts[0] != p {
		out.District = districts[0].Name
	}
	return out
}

// print writes the routing for people.
func (r *routed) print(io streams) error {
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	row := func(what string, b *routedBody) {
		if b != nil {
			fmt.Fprintf(w, "%s\t%s\t%s\n", what, b.ID, b.Name)
		}
	}
	if p := r.Place; p != nil {
		fmt.Fprintf(w, "place\t%s\t%s\n", p.ID, p.title())
	}
	switch {
	case r.NoTicket:
		row("turn to", r.Lead)
	case r.FrontDesk:
		row("front desk", r.Lead)
	default:
		row("lead", r.Lead)
	}
	row("through", r.Via)
	for i := range r.Consulted {
		row("consulted", &r.Consulted[i])
	}
	for _, p := range r.Ask {
		fmt.Fprintf(w, "ask\t%s\t%s\n", p.ID, p.title())
	}
	row("unanswered", r.Unanswered)
	if r.NoTicket {
		fmt.Fprintln(w, "no ticket\tno case is opened")
	}
	if r.Reason != "" {
		fmt.Fprintf(w, "reason\t%s\n", r.Reason)
	}
	if r.Sensitive {
		fmt.Fprintln(w, "sensitive\tnothing of it is published")
	}
	for _, s := range r.Steps {
		fmt.Fprintf(w, "rule %d\t%s\n", s.Rule, s.Text)
	}
	return w.Flush()
}

func (p *routedPlace) title() string {
	if p.District == "" {
		return p.Name
	}
	return p.Name + ", " + p.District
}
