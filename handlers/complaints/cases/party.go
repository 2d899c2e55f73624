package cases

import (
	"slices"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// receptions are the bodies whose liaison hands denunciations over.
var receptions = []string{"ban-tiep-cong-dan", "hp-ban-tiep-cong-dan"}

// deskID is the front desk in office on the directory's day, "" when there is none.
func deskID(dir *directory.Directory) string {
	if a, ok := dir.FrontDesk(); ok {
		return a.ID
	}
	return ""
}

// parties says on which sides of a case somebody stands; 0 for a stranger, to
// whom the case does not exist.
func (d *Desk) parties(r *record, a Actor) Who {
	switch a.Kind {
	case System:
		return BySystem
	case Citizen:
		if a.Person != 0 && r.holderKey != "" && r.holderKey == d.holderKey(a.Person) {
			return ByHolder
		}
		return 0
	case Officer:
	default:
		return 0
	}
	if d.concerns(r, a.Officer) {
		return 0
	}
	w := role(a.Officer, deskID(d.opt.Directory()), r.Case)
	if r.State.Hidden() {
		return w & ByLiaison
	}
	return w &^ ByLiaison // whoever hands denunciations over reads no other cases by it
}

// concerns reports whether the officer acts for the body that the case complains about.
func (d *Desk) concerns(r *record, o bot.Officer) bool {
	return slices.ContainsFunc(o.Grants, func(g bot.Grant) bool { return d.accuses(r, g.Scope.Agency) })
}

// accuses reports whether the case complains about a body.
func (d *Desk) accuses(r *record, agency string) bool {
	return r.Kind.Accuses() && r.namedKey != "" && agency != "" && d.key("named", agency) == r.namedKey
}

// role is what an officer's grants make of him for a case.
func role(o bot.Officer, desk string, c Case) Who {
	if !o.Active {
		return 0
	}
	var w Who
	if c.Lead != "" {
		at := bot.Scope{Agency: c.Lead, Place: c.Place.ID}
		if o.May(bot.RoleOfficer, at) {
			w |= ByOfficer
		}
		if o.May(bot.RoleHead, at) {
			w |= ByHead | ByOfficer
		}
	}
	for _, j := range c.Joint {
		at := bot.Scope{Agency: j, Place: c.Place.ID}
		if o.May(bot.RoleOfficer, at) || o.May(bot.RoleHead, at) {
			w |= ByJoint
		}
	}
	if desk != "" && o.May(bot.RoleController, bot.Scope{Agency: desk, Place: c.Place.ID}) {
		w |= ByDesk
	}
	if Liaison(o) {
		w |= ByLiaison
	}
	return w
}

// Liaison reports whether an officer hands denunciations over: a controller
// granted for a reception body by name. A grant for everything does not do.
func Liaison(o bot.Officer) bool {
	return o.Active && slices.ContainsFunc(o.Grants, func(g bot.Grant) bool {
		return g.Role == bot.RoleController && slices.Contains(receptions, g.Scope.Agency)
	})
}

// FrontDesk reports whether an officer sits at the front desk.
func (d *Desk) FrontDesk(o bot.Officer) bool {
	desk := deskID(d.opt.Directory())
	return desk != "" && o.May(bot.RoleController, bot.Scope{Agency: desk})
}

// Gives reports whether an officer may give a case to another, or take it, by what they are
// granted. Whose body the case complains about is not seen here: Do refuses it.
func (d *Desk) Gives(c Case, from, to bot.Officer) bool {
	desk := deskID(d.opt.Directory())
	if from.ID != to.ID && role(from, desk, c)&(ByHead|ByDesk) == 0 {
		return false
	}
	return role(to, desk, c)&(ByOfficer|ByDesk) != 0
}

// side is the body on whose behalf an officer acts in a case.
func side(w Who, c Case, desk string, a Actor) string {
	switch {
	case w&ByOfficer != 0:
		return c.Lead
	case w&ByDesk != 0:
		return desk
	case w&ByJoint != 0 && slices.Contains(c.Joint, a.Agency):
		return a.Agency
	case w&ByJoint != 0:
		for _, j := range c.Joint {
			at := bot.Scope{Agency: j, Place: c.Place.ID}
			if a.Officer.May(bot.RoleOfficer, at) || a.Officer.May(bot.RoleHead, at) {
				return j
			}
		}
	case w&ByLiaison != 0:
		for _, g := range a.Officer.Grants {
			if slices.Contains(receptions, g.Scope.Agency) {
				return g.Scope.Agency
			}
		}
	}
	return ""
}
