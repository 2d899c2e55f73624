package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// Rehearsal is what the directory of another day would make of the open cases
// and of those filed lately: who keeps them, who hands them to whom, and which
// would find no single owner. It holds nothing that a citizen wrote.
type Rehearsal struct {
	AsOf  string `json:"as_of"` // the day of the directory
	Since string `json:"since"` // ended cases filed before this day are left out
	Open  int    `json:"open"`
	Ended int    `json:"ended"`
	// Moves are bodies that are not in office on the day and what becomes of their
	// cases, by the same rule as [Desk.RunSuccession].
	Moves []Move `json:"moves"`
	// Unowned are cases for which the day's directory names no body or several, the
	// first [MaxUnowned]; UnownedAll counts all.
	Unowned    []Unowned   `json:"unowned"`
	UnownedAll int         `json:"unowned_all"`
	Bodies     []BodyTotal `json:"bodies"`
}

// MaxUnowned is how many cases without a single owner are listed.
const MaxUnowned = 500

// Move is how many cases go from one body to another. To is "" for the front desk.
type Move struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Open  int    `json:"open"`
	Ended int    `json:"ended"` // which stay where they are; as many are to be expected
}

// Unowned is a case that needs the front desk, or a question, on the day.
type Unowned struct {
	Code  string `json:"code"`
	State State  `json:"state"`
	Field string `json:"field"`
	Place string `json:"place"`
	Lead  string `json:"lead"` // who has it now
	// Why is DeskNoOwner or DeskTwoOwners.
	Why string `json:"why"`
	// Reason is the directory's reason, or what it does not know: "field", "case", "agency"; "" none.
	Reason string `json:"reason"`
	// Among are the units one of which has to be named, for DeskTwoOwners.
	Among []string `json:"among"`
	// To takes it while nobody names one; "" is the front desk.
	To string `json:"to"`
}

// BodyTotal is how many of the cases a body has, would have after the moves, and
// would get if all of them were filed on the day. Body is "" for the front desk.
type BodyTotal struct {
	Body  string `json:"body"`
	Now   int    `json:"now"`
	Then  int    `json:"then"`
	Filed int    `json:"filed"`
}

// rehearsal is a Rehearsal under way.
type rehearsal struct {
	d      *Desk
	dir    *directory.Directory
	out    Rehearsal
	moves  map[[2]string]*Move
	bodies map[string]*BodyTotal
}

// Rehearse puts all open cases, and those filed since a moment, to the directory of
// another day. Nothing is changed. It fails with a *directory.SubjectError when the data knows nothing of the day.
func (d *Desk) Rehearse(ctx context.Context, dir *directory.Directory, since time.Time) (Rehearsal, error) {
	r := &rehearsal{d: d, dir: dir, moves: map[[2]string]*Move{}, bodies: map[string]*BodyTotal{},
		out: Rehearsal{AsOf: dir.AsOf(), Since: directory.Day(since), Moves: []Move{}, Unowned: []Unowned{}, Bodies: []BodyTotal{}}}
	for after := int64(0); ; {
		page, err := d.many(ctx, d.opt.Read, fmt.Sprintf(`id > $1 and (filed >= $2 and state not in ('sealed', 'purged')
			or state in ('received', 'forwarded', 'accepted', 'waiting', 'drafted')) order by id limit %d`, batch), after, bot.Millis(since))
		if err != nil {
			return Rehearsal{}, err
		}
		for _, c := range page {
			if err := r.add(ctx, c); err != nil {
				return Rehearsal{}, fmt.Errorf("case %s: %w", c.Code, err)
			}
			after = c.ID
		}
		if len(page) < batch {
			return r.result(), nil
		}
	}
}

// add puts one case to the directory.
func (r *rehearsal) add(ctx context.Context, c *record) error {
	b, err := r.d.body(ctx, r.d.opt.Read, c)
	if err != nil {
		return err
	}
	if c.State.Live() {
		r.out.Open++
	} else {
		r.out.Ended++
	}
	then := c.Lead
	if a, ok := r.dir.Agency(c.Lead); c.Lead != "" && (!ok || !r.dir.InOffice(a)) {
		then = r.d.heir(r.dir, c, b)
		r.move(c, then)
	}
	filed, err := r.owner(c, b)
	if err != nil {
		return err
	}
	r.total(c.Lead).Now++
	r.total(then).Then++
	r.total(filed).Filed++
	return nil
}

func (r *rehearsal) move(c *record, to string) {
	key := [2]string{c.Lead, to}
	if r.moves[key] == nil {
		r.moves[key] = &Move{From: c.Lead, To: to}
	}
	if c.State.Live() {
		r.moves[key].Open++
	} else {
		r.moves[key].Ended++
	}
}

func (r *rehearsal) total(body string) *BodyTotal {
	if body == "" || body == deskID(r.dir) {
		body = ""
	}
	if r.bodies[body] == nil {
		r.bodies[body] = &BodyTotal{Body: body}
	}
	return r.bodies[body]
}

// owner is who would answer the case if it were filed on the day, "" the front
// desk; no single owner is noted.
func (r *rehearsal) owner(c *record, b Body) (string, error) {
	if a := praised(r.dir, c.Case, b.Named); a != nil {
		return a.ID, nil
	}
	if c.Field == "" {
		return "", nil // praise and ideas that the front desk reads
	}
	u := Unowned{Code: c.Code, State: c.State, Field: c.Field, Place: c.Place.ID, Lead: c.Lead, Why: DeskNoOwner, Among: []string{}}
	s := subject(r.dir, c.Case, b.What, b.Named)
	to, err := r.dir.Route(s)
	var unknown *directory.SubjectError
	switch {
	case errors.As(err, &unknown) && unknown.What != directory.UnknownDay:
		u.Reason = unknown.What
	case err != nil:
		return "", err
	case len(to.Ask) > 0:
		u.Why, u.Reason = DeskTwoOwners, to.Reason
		for _, p := range to.Ask {
			u.Among = append(u.Among, p.ID)
		}
		if to.Unanswered != nil && to.Unanswered.ID != deskID(r.dir) {
			u.To = to.Unanswered.ID
		}
	case to.Lead != nil && !to.FrontDesk && to.Lead.ID != deskID(r.dir):
		return to.Lead.ID, nil
	default:
		u.Reason = to.Reason
	}
	r.out.UnownedAll++
	if len(r.out.Unowned) < MaxUnowned {
		r.out.Unowned = append(r.out.Unowned, u)
	}
	return u.To, nil
}

// result puts what was counted in order: the largest first.
func (r *rehearsal) result() Rehearsal {
	for _, m := range r.moves {
		r.out.Moves = append(r.out.Moves, *m)
	}
	slices.SortFunc(r.out.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(b.Ended, a.Ended), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	for _, b := range r.bodies {
		r.out.Bodies = append(r.out.Bodies, *b)
	}
	slices.SortFunc(r.out.Bodies, func(a, b BodyTotal) int {
		return cmp.Or(cmp.Compare(b.Then, a.Then), cmp.Compare(b.Filed, a.Filed), strings.Compare(a.Body, b.Body))
	})
	return r.out
}
