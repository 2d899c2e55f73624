package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/agencies"
	"cchcbot/handlers/complaints/cases"
)

// checkComplaints looks whether complaints reach somebody: bodies with contacts
// and a way to them, a front desk that reads, a liaison for what must not be read.
func checkComplaints(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	d := &data{folder: p.cfg.Data, db: p.db, keys: p.keys, store: p.store}
	dir, err := loadDirectory(p.cfg, d)
	if err != nil {
		return isBad("correct AS_OF, or the boundary file", "%v", err)
	}
	book, err := newBook(d, dir, houseOptions{Now: time.Now})
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	reached, err := book.Reached(ctx)
	if err != nil {
		return toLookAt("`cchcbot serve` or `cchcbot migrate` makes what is missing", "the contacts of bodies cannot be read: %v", err)
	}
	staff, err := p.store.Officers(ctx)
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	desk, err := caseDesk(d, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	counts, err := desk.ByBody(ctx)
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	found := p.waysToBodies(reached)
	if a, ok := dir().FrontDesk(); ok && !slices.ContainsFunc(staff, func(o bot.Officer) bool { return desk.FrontDesk(o) && o.Active }) {
		found = append(found, toLookAt("`cchcbot user grant ADDRESS controller --agency "+a.ID+"`", "nobody sits at the front desk, which reads what has no owner")...)
	}
	if !slices.ContainsFunc(staff, cases.Liaison) {
		found = append(found, toLookAt("`cchcbot user grant ADDRESS controller --agency hp-ban-tiep-cong-dan`", "no liaison: nobody can hand over what was sealed as a suspected denunciation")...)
	}
	found = append(found, deafBodies(reached, staff, counts)...)
	if len(found) == 0 {
		return isFine("%s can be reached, front desk and liaison are there", bodies(len(reached)))
	}
	return found
}

func bodies(n int) string {
	if n == 1 {
		return "1 body"
	}
	return fmt.Sprintf("%d bodies", n)
}

// waysToBodies says what is missing between the program and the bodies.
func (p *patient) waysToBodies(reached map[string]agencies.Ways) []finding {
	people, unconfirmed := 0, 0
	for _, w := range reached {
		people += w.People
		unconfirmed += w.Unconfirmed
	}
	switch {
	case len(reached) == 0:
		return toLookAt("`cchcbot complaints contacts export FILE.xlsx`, fill it in, `cchcbot complaints contacts import FILE.xlsx`",
			"no body has a contact or a group: complaints are read in the console only")
	case people > 0 && p.cfg.SMTPURL == "":
		return toLookAt("set SMTP_URL and MAIL_FROM; docs/email.md", "%s of bodies and no mail server: nobody is written to", count(people, "contact"))
	case unconfirmed > 0:
		return toLookAt("have them follow the link of the test message: /console/complaints/contacts sends it again",
			"%s of bodies not confirmed: they hear the code of a case and nothing else", count(unconfirmed, "contact"))
	}
	return nil
}

// maxNamed is how many bodies a finding names.
const maxNamed = 5

// deafBodies are those with open cases of which nobody hears and that nobody can open.
func deafBodies(reached map[string]agencies.Ways, staff []bot.Officer, counts map[string]map[cases.State]int) []finding {
	var deaf []string
	open := 0
	for _, body := range slices.Sorted(maps.Keys(counts)) {
		n := 0
		for state, k := range counts[body] {
			if state.Live() {
				n += k
			}
		}
		at := bot.Scope{Agency: body}
		if body == "" || n == 0 || reached[body] != (agencies.Ways{}) || slices.ContainsFunc(staff, func(o bot.Officer) bool {
			return o.Active && (o.May(bot.RoleOfficer, at) || o.May(bot.RoleHead, at))
		}) {
			continue
		}
		deaf, open = append(deaf, body), open+n
	}
	if len(deaf) == 0 {
		return nil
	}
	named := strings.Join(deaf[:min(len(deaf), maxNamed)], ", ")
	if len(deaf) > maxNamed {
		named += " …"
	}
	return toLookAt("add a contact for each, or `cchcbot user invite ADDRESS NAME officer --agency BODY`",
		"%s with %s and nobody who hears of them: %s", bodies(len(deaf)), count(open, "open case"), named)
}
