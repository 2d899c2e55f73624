package bot

import (
	"context"
	"strconv"
	"time"
)

// PersonID is a person of ours, above all channels.
type PersonID int64

// ContactID is a person on one channel.
type ContactID int64

// Contact is one person on one channel. Several contacts may belong to one
// person once they are linked; until then each has a person of its own.
type Contact struct {
	ID      ContactID // 0 until the first turn commits
	Person  PersonID
	Channel string
	User    string // the channel's user id
	Chat    string // of their own; "" when only a group is known
	Name    string
	Lang    string // "vi", "en", or "" when never chosen
	Out     bool   // gone: blocked us, left, or asked to be forgotten
	Since   time.Time
	New     bool // first turn ever
}

// Role is what an officer is for. Roles come from the plan.
type Role string

// The roles.
const (
	RoleOfficer    Role = "officer"    // answers for a body
	RoleHead       Role = "head"       // approves for a body
	RoleEditor     Role = "editor"     // news
	RoleController Role = "controller" // procedures (Văn phòng UBND)
	RoleOwner      Role = "owner"      // Sở Nội vụ
	RolePress      Role = "press"
	RoleOperator   Role = "operator" // runs the system
)

// AnyRole stands in Page.Roles and Nav.Roles for every officer who is signed
// in, whatever he is for. Nobody is granted it.
const AnyRole Role = "*"

// Roles lists the roles, those with the most officers first.
func Roles() []Role {
	return []Role{RoleOfficer, RoleHead, RoleEditor, RolePress, RoleController, RoleOwner, RoleOperator}
}

// Scope is what a role covers: a body, a place, or everything when both are "".
type Scope struct{ Agency, Place string }

// Grant is one role within one scope.
type Grant struct {
	Role  Role
	Scope Scope
}

// Officer is a member of staff.
type Officer struct {
	ID     int64
	Person PersonID // 0 when not linked to a chat
	Name   string
	Email  string
	Grants []Grant
	Active bool
}

// May reports whether the officer holds the role for that scope. A grant
// without agency and place covers all; one with an agency covers that agency only.
func (o Officer) May(r Role, s Scope) bool {
	if !o.Active {
		return false
	}
	for _, g := range o.Grants {
		if g.Role != r {
			continue
		}
		if (g.Scope.Agency == "" || g.Scope.Agency == s.Agency) && (g.Scope.Place == "" || g.Scope.Place == s.Place) {
			return true
		}
	}
	return false
}

// HasAny reports whether the officer holds one of the roles in any scope.
func (o Officer) HasAny(roles ...Role) bool {
	if !o.Active {
		return false
	}
	for _, want := range roles {
		if want == AnyRole {
			return true
		}
		for _, g := range o.Grants {
			if g.Role == want {
				return true
			}
		}
	}
	return false
}

// Actor is how the audit trail names the officer.
func (o Officer) Actor() string { return "staff:" + strconv.FormatInt(o.ID, 10) }

// Staff finds officers, so that a feature can ask "may she?" without knowing
// where accounts are kept. Both methods fail with an *Error NotFound when there is none.
type Staff interface {
	OfficerOf(ctx context.Context, p PersonID) (Officer, error)
	Officer(ctx context.Context, id int64) (Officer, error)
}
