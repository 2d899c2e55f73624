package cases_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/handlers/complaints/cases"
)

func at(r bot.Role, agency, place string) bot.Grant {
	return bot.Grant{Role: r, Scope: bot.Scope{Agency: agency, Place: place}}
}

// TestReach: whose cases the lists of an officer hold.
func TestReach(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		name   string
		grants []bot.Grant
		all    bool
		want   []bot.Scope
	}{
		{"nothing", nil, false, nil},
		{"everything", []bot.Grant{at(bot.RoleHead, "", "")}, true, nil},
		{"the front desk", []bot.Grant{at(bot.RoleController, desk, "")}, true, nil},
		{"a body", []bot.Grant{at(bot.RoleOfficer, ubnd, ""), at(bot.RoleHead, ubnd, "")}, false, []bot.Scope{{Agency: ubnd}}},
		{"a place", []bot.Grant{at(bot.RoleOfficer, "", "w10532")}, false, []bot.Scope{{Place: "w10532"}}},
		{"a body at a place", []bot.Grant{at(bot.RoleOfficer, ubnd, "w10532")}, false, []bot.Scope{{Agency: ubnd, Place: "w10532"}}},
		{"what another holds", []bot.Grant{at(bot.RoleOfficer, ubnd, "w10532"), at(bot.RoleOfficer, commune, "w10507"), at(bot.RoleHead, ubnd, ""), at(bot.RoleHead, "", "w10507")},
			false, []bot.Scope{{Agency: ubnd}, {Place: "w10507"}}},
	} {
		all, got := h.desk.Reach(officer(50, tt.grants...).Officer)
		if all != tt.all || !slices.Equal(got, tt.want) {
			t.Errorf("%s: all %v, %v", tt.name, all, got)
		}
	}
}

// TestAPlaceHasItsOwnLists: an officer for a place, whoever answers there, has pages
// that are full, and sums of what he may see, not of the province.
func TestAPlaceHasItsOwnLists(t *testing.T) {
	h := open(t)
	var mine []int64
	for range 3 {
		there := scene()
		there.Place.ID = "w10507"
		mine = append(mine, h.open(there).ID)
		for range 4 {
			h.open(scene())
		}
	}
	waits := conduct()
	waits.Place.ID = "w10507"
	h.open(waits) // at the front desk: nobody's yet
	viewer := officer(51, at(bot.RoleOfficer, "", "w10507"))
	_, scopes := h.desk.Reach(viewer.Officer)
	f := cases.Filter{Scopes: scopes, Viewer: &viewer, Limit: 2}
	page, err := h.desk.List(t.Context(), f)
	must(t, err)
	if len(page.Cases) != 2 || page.Next == "" {
		t.Fatalf("a page of two holds %d, next %q", len(page.Cases), page.Next)
	}
	f.After = page.Next
	rest, err := h.desk.List(t.Context(), f)
	must(t, err)
	var got []int64
	for _, c := range append(page.Cases, rest.Cases...) {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, mine) || rest.Next != "" {
		t.Errorf("the lists hold %v, not %v", got, mine)
	}
	lead := rest.Cases[0].Lead
	for _, tt := range []struct {
		scopes []bot.Scope
		want   int
	}{
		{scopes, 3}, {[]bot.Scope{{Agency: lead, Place: "w10507"}}, 3}, {[]bot.Scope{{Agency: lead, Place: "w10532"}}, 0},
		{[]bot.Scope{{Agency: lead}, {Place: "w10507"}}, 3}, {[]bot.Scope{{Agency: commune}, {Place: "w10507"}}, 15},
	} {
		sums, err := h.desk.Tally(t.Context(), tt.scopes)
		must(t, err)
		if len(tt.scopes) > 0 {
			n, err := h.desk.Count(t.Context(), cases.Filter{Scopes: tt.scopes})
			must(t, err)
			found, err := h.desk.List(t.Context(), cases.Filter{Scopes: tt.scopes, Words: "lấn ra ngõ"})
			must(t, err)
			if n != tt.want || len(found.Cases) != tt.want {
				t.Errorf("%v: %d are counted, %d found by words", tt.scopes, n, len(found.Cases))
			}
		}
		if sums[cases.Forwarded] != tt.want || len(sums) > 1 {
			t.Errorf("%v: sums %v, not %d", tt.scopes, sums, tt.want)
		}
	}
	hers, err := h.desk.Get(t.Context(), mine[0], job)
	must(t, err)
	for scope, want := range map[bot.Scope]int{scopes[0]: 1, {Place: "w10532"}: 0, {Agency: hers.Lead, Place: "w10507"}: 1, {Agency: commune, Place: "w10507"}: 0} {
		p, err := h.desk.List(t.Context(), cases.Filter{Scopes: []bot.Scope{scope}, Words: hers.Code})
		if must(t, err); len(p.Cases) != want {
			t.Errorf("%v by code: %d", scope, len(p.Cases))
		}
	}
	for _, bad := range [][]bot.Scope{{{}}, make([]bot.Scope, 51)} {
		if _, err := h.desk.Tally(t.Context(), bad); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("taken: %d scopes, %v", len(bad), err)
		}
		if _, err := h.desk.List(t.Context(), cases.Filter{Scopes: bad}); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("taken: %d scopes, %v", len(bad), err)
		}
	}
}

// TestWhoIsConsultedAtAPlace: a body sees what it is consulted in, at its place only.
func TestWhoIsConsultedAtAPlace(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, front, cases.Command{Action: cases.Bind, Agency: "hp-so-xay-dung", Joint: []string{ubnd}})
	for place, want := range map[string]int{"": 1, "w10532": 1, "w10507": 0} {
		for _, words := range []string{"", "lấn ra ngõ", c.Code} {
			p, err := h.desk.List(t.Context(), cases.Filter{Scopes: []bot.Scope{{Agency: ubnd, Place: place}}, Consulted: true, Words: words})
			if must(t, err); len(p.Cases) != want {
				t.Errorf("place %q, words %q: %d", place, words, len(p.Cases))
			}
		}
	}
}

// TestAnOlderDatabase gets what came later, with its cases as they are.
func TestAnOlderDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	must(t, err)
	first, err := fs.ReadFile(cases.Schema(), "0001_init.sql")
	must(t, err)
	must(t, db.Migrate(t.Context(), "complaints", fstest.MapFS{"0001_init.sql": {Data: first}}))
	tx, err := db.BeginWrite(t.Context())
	must(t, err)
	for i := range 3 {
		_, err = tx.Exec(`insert into complaints_cases (code, version, origin, kind, field, subject, place, day, state, lead, desk, public, urgent, sensitive,
			filed, updated, on_behalf, filed_by, photos, ranked, holder_key, phone_key, named_key, text_key)
			values (?, 1, ?, 'scene', 'xay-dung', '', 'w10532', '2026-11-09', 'accepted', ?, '', 1, 0, 0, 1, 1, 0, 0, 0, 1, '', '', '', '')`,
			cases.CodeForTest(uint32(i)), fmt.Sprint(i), commune)
		must(t, err)
	}
	must(t, tx.Commit())
	must(t, db.Close())
	h := openAt(t, path)
	p, err := h.desk.List(t.Context(), cases.Filter{Scopes: []bot.Scope{{Place: "w10532"}}})
	must(t, err)
	var name string
	must(t, h.db.Read().QueryRowContext(t.Context(), `select name from sqlite_master where name = 'complaints_cases_place_state'`).Scan(&name))
	if len(p.Cases) != 3 {
		t.Errorf("%d cases", len(p.Cases))
	}
}
