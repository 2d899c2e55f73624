package directory

import (
	"slices"
	"strings"
)

// maxHops bounds how many hand-overs a task may have gone through.
const maxHops = 8

// heir follows the hand-overs of a task (FIELD, FIELD/CASE or "" for any) from a
// body or template to the one that has it on the directory's day, and returns the
// ids on the way. It is nil when the body has ended and handed that task to nobody.
func (d *Directory) heir(a *Agency, task string) (*Agency, []string) {
	trail := []string{a.ID}
	for range maxHops {
		next := d.nextBody(a, task)
		if next == nil {
			break
		}
		a = next
		trail = append(trail, a.ID)
	}
	if a.UnknownArea {
		// Which of these offices it is nobody knows: the body above answers.
		a = d.agencies[a.Parent]
		trail = append(trail, a.ID)
	}
	if !d.InOffice(a) {
		return nil, trail
	}
	return a, trail
}

// nextBody returns who took a task over from a body by the directory's day; the
// most specific entry wins. nil: the body still has it, or left it to nobody.
func (d *Directory) nextBody(a *Agency, task string) *Agency {
	field, _, _ := strings.Cut(task, "/")
	for _, want := range []string{task, field, allTasks} {
		for _, s := range a.Succession {
			if want != "" && s.Since <= d.asOf && slices.Contains(s.Tasks, want) {
				return d.agencies[s.To]
			}
		}
	}
	return nil
}

// Divided reports whether a body left some of its tasks to others than those who took the rest.
func (d *Directory) Divided(a *Agency) bool {
	rest := d.nextBody(a, "")
	return slices.ContainsFunc(a.Succession, func(s Succession) bool {
		return s.Since <= d.asOf && rest != nil && s.To != rest.ID
	})
}

// Successor returns where an open case of a body goes on the directory's day:
// to itself while it has the task. Its clock goes on unchanged. The unit of the
// new body is taken from the case's own place; without one, from the area of the
// old body. The error is a *SubjectError.
func (d *Directory) Successor(agencyID string, s Subject) (Routing, error) {
	old, ok := d.Agency(agencyID)
	if !ok {
		return Routing{}, &SubjectError{UnknownAgency, agencyID}
	}
	if s.Place == nil {
		s.Place = old.Place
	}
	r, err := d.newRoute(s)
	if err != nil {
		return Routing{}, err
	}
	base, _, _ := strings.Cut(old.ID, "@")
	heir, trail := d.heir(d.agencies[base], r.task())
	switch {
	case !r.opensCase():
		r.decide()
	case heir == nil:
		r.step(6, "%s handed this task to nobody: the lists decide", base)
		r.decide()
	case heir.ID == base && d.InOffice(old) && old.Template == "":
		r.step(6, "%s is still in office", old.ID)
		r.lead(old, "")
	case !r.usable(heir):
		r.step(6, "%s has no such body at the place: the lists decide", heir.ID)
		r.decide()
	case r.avoids(heir):
		r.step(6, "handed over by %s, which is the body named or under it", strings.Join(trail, " to "))
		r.decide()
	default:
		r.step(6, "handed over: %s", strings.Join(trail, " to "))
		r.settle(heir, "")
	}
	return r.out, nil
}

// avoid enters a body that must not get the case, and who took it over.
func (r *route) avoid(a *Agency) {
	r.named = append(r.named, a)
	base, _, _ := strings.Cut(a.ID, "@")
	heir, _ := r.d.heir(r.d.agencies[base], r.task())
	if heir == nil || heir.ID == base && a.Place == nil {
		return
	}
	if heir.Template != "" {
		at := r.d.areaOf(a.Place)
		p := at.only(heir)
		if p == nil {
			return
		}
		heir = r.d.instance(heir, p)
	}
	r.named = append(r.named, heir)
}

// avoids reports whether a body, or the template's body at the place, is a body
// named or under one.
func (r *route) avoids(a *Agency) bool {
	if len(r.named) == 0 {
		return false
	}
	if a.Template != "" {
		if p := r.area.only(a); p != nil {
			a = r.d.instance(a, p)
		}
	}
	return slices.ContainsFunc(r.named, func(n *Agency) bool { return r.d.under(a, n) })
}

// under reports whether a body is another one or belongs to it: by its parents, or
// as a division of a people's committee, or in a commune of its district.
func (d *Directory) under(a, top *Agency) bool {
	for at, hops := a, 0; at != nil && hops < maxHops; hops++ {
		if at.ID == top.ID {
			return true
		}
		// A template named without its unit stands for all of its bodies.
		if base, _, _ := strings.Cut(at.ID, "@"); top.Template != "" && base == top.ID {
			return true
		}
		next, ok := d.Agency(at.Parent)
		if !ok {
			break
		}
		at = next
	}
	if a.Place == nil || top.Place == nil || d.lineAbove(a) != nil {
		return false
	}
	base, _, _ := strings.Cut(top.ID, "@")
	if base != d.offices[templateOf(top.Place.Level)].Committee {
		return false
	}
	return a.Place == top.Place || top.Place.Level == District && slices.Contains(a.Place.districts, top.Place)
}
