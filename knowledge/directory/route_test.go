package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// id, ids and placeIDs shorten what a routing names.
func id(a *Agency) string {
	if a == nil {
		return ""
	}
	return a.ID
}

func placeIDs(places []*Place) string {
	var out []string
	for _, p := range places {
		out = append(out, p.ID)
	}
	return strings.Join(out, " ")
}

const today = "2026-11-22"

// The worked examples of the routing rule, and more of the same kind.
func TestRouteExamples(t *testing.T) {
	tests := []struct {
		name, day string
		s         Subject
		place     string
		lead      string // or what TurnTo is, with ! before it
		consulted string // ids that have to be among the consulted
		ask       string
		unasked   string
		reason    string
	}{
		{name: "land, ward", day: "2021-06-01", s: Subject{Field: "dat-dai"}, place: "c10507", lead: "huyen.cn-vpdkdd@288", consulted: "huyen.tnmt@288 so-tnmt"},
		{name: "building in a huyện", day: "2021-06-01", s: Subject{Field: "xay-dung"}, place: "d291", lead: "huyen.kt-ht@291"},
		{name: "building in a thành phố", day: "2021-06-01", s: Subject{Field: "xay-dung"}, place: "d288", lead: "huyen.qldt@288"},
		{name: "commune not known, district takes it", day: "2021-06-01", s: Subject{Field: "ha-tang-do-thi"}, place: "d288", lead: "huyen.qldt@288"},
		{name: "an officer of a ward", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "xa.ubnd@10507"}, place: "c10507", lead: "huyen.noi-vu@288"},
		{name: "the district's division is named", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "huyen.noi-vu@288"}, place: "c10507", lead: "so-noi-vu"},
		{name: "an officer of a ward, its place from the body", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "xa.ubnd@10507"}, lead: "huyen.noi-vu@288"},
		{name: "the whole district is named", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "huyen.ubnd@288"}, place: "c10507", lead: "so-noi-vu"},
		{name: "the department is named", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "so-noi-vu"}, place: "c10507", lead: "ban-tiep-cong-dan"},
		{name: "another department is named", day: "2021-06-01", s: Subject{Field: "can-bo-cong-chuc", Named: "so-y-te"}, place: "c10507", lead: "so-noi-vu"},
		{name: "the ward's desk is named", day: "2021-06-01", s: Subject{Field: "thu-tuc-hanh-chinh", Named: "xa.mot-cua@10507"}, place: "c10507", lead: "huyen.mot-cua@288"},
		{name: "the ward is named, its division would lead", day: "2021-06-01", s: Subject{Field: "moi-truong", Named: "xa.ubnd@10507"}, place: "c10507", lead: "huyen.tnmt@288"},
		{name: "the reception board is named", day: "2021-06-01", s: Subject{Field: "ton-giao", Named: "ban-tiep-cong-dan"}, place: "c10507", lead: "so-noi-vu"},
		{name: "the office of the province is named", day: "2021-06-01", s: Subject{Field: "phan-anh-quy-dinh", Named: "vp-ubnd-tinh"}, lead: "thanh-tra-tinh"},
		{name: "no district police, commune merged", day: "2025-04-01", s: Subject{Field: "can-cuoc"}, place: "c10522", lead: "xa.cong-an@10534"},
		{name: "a department split by task", day: "2025-04-01", s: Subject{Field: "thong-tin-truyen-thong", Case: "bao-chi"}, lead: "so-vhttdl"},
		{name: "another task of it", day: "2025-04-01", s: Subject{Field: "thong-tin-truyen-thong", Case: "an-toan-mang"}, lead: "cong-an-tinh"},
		{name: "the case is found in the words", day: "2025-04-01", s: Subject{Field: "thong-tin-truyen-thong", Words: "có trang thông tin điện tử đăng sai"}, place: "c10507", lead: "so-vhttdl"},
		{name: "one new commune", day: today, s: Subject{Field: "xay-dung"}, place: "c10522", lead: "xa25.kinh-te@10532"},
		{name: "divided", day: today, s: Subject{Field: "ho-tich"}, place: "c10528", ask: "w10532 w10537", unasked: "hp-tt-pvhcc", reason: "divided-commune"},
		{name: "divided, not answered", day: today, s: Subject{Field: "ho-tich", Unanswered: true}, place: "c10528", lead: "hp-tt-pvhcc", reason: "divided-commune"},
		{name: "divided, police", day: today, s: Subject{Field: "cu-tru"}, place: "c10528", ask: "w10532 w10537", unasked: "hp-cong-an"},
		{name: "divided, police, not answered", day: today, s: Subject{Field: "cu-tru", Unanswered: true}, place: "c10528", lead: "hp-cong-an"},
		{name: "only the old city is known, not answered", day: today, s: Subject{Field: "ha-tang-do-thi", Unanswered: true}, place: "d288", lead: "hp-tt-pvhcc", reason: "commune-not-known"},
		{name: "a change of land", day: today, s: Subject{Field: "dat-dai", Case: "bien-dong"}, place: "w10532", lead: "hp-vp-dkdd"},
		{name: "plain land", day: today, s: Subject{Field: "dat-dai"}, place: "w10532", lead: "xa25.kinh-te@10532", consulted: "xa25.ubnd@10532 hp-so-nnmt hp-vp-dkdd"},
		{name: "a case's body of the city is consulted", day: today, s: Subject{Field: "dat-dai", Case: "tranh-chap"}, place: "w10532", lead: "xa25.ubnd@10532", consulted: "hp-so-nnmt"},
		{name: "an officer of a commune of today", day: today, s: Subject{Field: "can-bo-cong-chuc", Named: "xa25.ubnd@10532"}, place: "w10532", lead: "hp-so-noi-vu"},
		{name: "the commune of today is named", day: today, s: Subject{Field: "ha-tang-do-thi", Named: "xa25.ubnd@10532"}, place: "w10532", lead: "hp-so-xay-dung"},
		{name: "the old ward is named, its heir would lead", day: today, s: Subject{Field: "ha-tang-do-thi", Named: "xa.ubnd@10522"}, place: "c10522", lead: "hp-so-xay-dung"},
		{name: "the city's department is named", day: today, s: Subject{Field: "can-bo-cong-chuc", Named: "hp-so-noi-vu"}, place: "w10532", lead: "hp-ban-tiep-cong-dan"},
		{name: "the front desk is named", day: today, s: Subject{Field: "ha-tang-do-thi", Named: "hp-tt-pvhcc", Unanswered: true}, place: "d288", lead: "hp-ban-tiep-cong-dan"},
		{name: "a new commune on an old day", day: "2021-06-01", s: Subject{Field: "ho-tich"}, place: "w10507", ask: "c10507 c10510 c10519 c10663", unasked: "huyen.tu-phap@288"},
		{name: "a new commune on an old day, district", day: "2021-06-01", s: Subject{Field: "dat-dai"}, place: "w10507", lead: "huyen.cn-vpdkdd@288"},
		{name: "a unit of 2024 on an older day", day: "2021-06-01", s: Subject{Field: "ho-tich"}, place: "m11167", ask: "c11167 c11176", unasked: "huyen.tu-phap@299"},
		{name: "local offices never lead", day: today, s: Subject{Field: "thue"}, place: "w10532", lead: "hp-thue"},
		{name: "market control before its hand-over", day: "2025-03-05", s: Subject{Field: "cong-thuong", Case: "hang-gia"}, place: "c10507", lead: "qltt"},
		{name: "market control after it", day: "2025-03-17", s: Subject{Field: "cong-thuong", Case: "hang-gia"}, place: "c10507", lead: "hd25.qltt"},
		{name: "courts", day: today, s: Subject{Field: "ngoai-pham-vi"}, place: "w10532", lead: "!hp-tand-vksnd", reason: "no-ticket"},
		{name: "a denunciation", day: today, s: Subject{Field: "ha-tang-do-thi", Denunciation: true}, place: "w10532", lead: "!hp-ban-tiep-cong-dan", reason: "no-ticket"},
		{name: "a denunciation of the reception board", day: today, s: Subject{Field: "khieu-nai-to-cao", Denunciation: true, Named: "hp-ban-tiep-cong-dan"}, lead: "!hp-thanh-tra", reason: "no-ticket"},
		{name: "a denunciation by its words", day: today, s: Subject{Field: "khieu-nai-to-cao", Words: "đơn tố cáo chủ tịch xã"}, place: "w10532", lead: "!hp-ban-tiep-cong-dan", reason: "no-ticket"},
		{name: "corruption", day: "2021-06-01", s: Subject{Field: "tham-nhung-tieu-cuc"}, place: "c10507", lead: "!thanh-tra-tinh", reason: "no-ticket"},
	}
	all := load(t, today)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := all.At(date(t, tt.day))
			tt.s.Place = d.places[tt.place]
			r, err := d.Route(tt.s)
			if err != nil {
				t.Fatal(err)
			}
			checkRouting(t, d, r)
			lead := id(r.Lead)
			if r.TurnTo != nil {
				lead = "!" + r.TurnTo.ID
			}
			if lead != tt.lead || placeIDs(r.Ask) != tt.ask || id(r.Unanswered) != tt.unasked || r.Reason != tt.reason {
				t.Errorf("lead %s, ask %s, unanswered %s, reason %q; want %s, %s, %s, %q\n%v",
					lead, placeIDs(r.Ask), id(r.Unanswered), r.Reason, tt.lead, tt.ask, tt.unasked, tt.reason, r.Steps)
			}
			for _, want := range strings.Fields(tt.consulted) {
				if !slices.ContainsFunc(r.Consulted, func(a *Agency) bool { return a.ID == want }) {
					t.Errorf("%s is not consulted", want)
				}
			}
		})
	}
}

// The whole old city on today's map: all of its new communes are asked about.
func TestAnOldDistrictAsksItsCommunes(t *testing.T) {
	d := load(t, today)
	p := d.places["d288"]
	r, err := d.Route(Subject{Field: "ha-tang-do-thi", Place: p})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ask) != len(d.Today(p)) || id(r.Unanswered) != "hp-tt-pvhcc" || r.Reason != "commune-not-known" {
		t.Errorf("ask %s, unanswered %s, reason %s", placeIDs(r.Ask), id(r.Unanswered), r.Reason)
	}
	// Nothing known: all 64.
	if r, _ = d.Route(Subject{Field: "ha-tang-do-thi"}); len(r.Ask) != 64 {
		t.Errorf("%d units to choose from, want 64", len(r.Ask))
	}
	if r, _ = d.At(date(t, "2021-06-01")).Route(Subject{Field: "xay-dung"}); len(r.Ask) != 12 {
		t.Errorf("%d units to choose from, want the 12 districts", len(r.Ask))
	}
}

// checkRouting holds a routing to the promise of the type.
func checkRouting(t *testing.T, d *Directory, r Routing) {
	t.Helper()
	leads := 0
	for _, a := range []*Agency{r.Lead, r.TurnTo} {
		if a == nil {
			continue
		}
		leads++
		checkBody(t, d, a)
	}
	if len(r.Ask) > 0 {
		leads++
		checkBody(t, d, r.Unanswered)
		for _, p := range r.Ask {
			if !d.Exists(p) {
				t.Errorf("asks about %s, which does not exist on %s", p.ID, d.asOf)
			}
		}
		if len(r.Ask) < 2 || r.FrontDesk || r.Lead != nil || len(r.Consulted) > 0 {
			t.Errorf("asks with %d units, front desk %v, lead %v", len(r.Ask), r.FrontDesk, id(r.Lead))
		}
	}
	if leads != 1 {
		t.Errorf("lead %s, turn to %s, ask %s: not exactly one", id(r.Lead), id(r.TurnTo), placeIDs(r.Ask))
	}
	desk, _ := d.FrontDesk()
	switch {
	case r.FrontDesk && (r.Lead == nil || r.Lead.ID != desk.ID || r.Reason == ""):
		t.Errorf("front desk with lead %s, reason %q", id(r.Lead), r.Reason)
	case r.NoTicket != (r.TurnTo != nil) || r.NoTicket != (r.Reason == reasonNoTicket):
		t.Errorf("no ticket %v with %s, reason %q", r.NoTicket, id(r.TurnTo), r.Reason)
	case r.Reason != "" && !slices.ContainsFunc(d.needsDesk, func(n NeedsFrontDesk) bool { return n.ID == r.Reason }):
		t.Errorf("reason %q is not listed", r.Reason)
	case r.Denunciation && (!r.NoTicket || !r.Sensitive):
		t.Error("a denunciation is received")
	case len(r.Steps) == 0:
		t.Error("no trace")
	}
	for _, a := range r.Consulted {
		checkBody(t, d, a)
		if r.Lead != nil && a.ID == r.Lead.ID {
			t.Errorf("%s consults itself", a.ID)
		}
	}
	if r.Via != nil {
		checkBody(t, d, r.Via)
		if r.Lead == nil || r.Via.Place != r.Lead.Place {
			t.Errorf("%s through %s", id(r.Lead), r.Via.ID)
		}
	}
}

// checkBody: a body of its own, in office on the day, that is found by its id.
func checkBody(t *testing.T, d *Directory, a *Agency) {
	t.Helper()
	switch again, ok := d.Agency(id(a)); {
	case a == nil || !ok || again.Name != a.Name:
		t.Errorf("%q is no body", id(a))
	case a.Template != "" || strings.Contains(a.Name, "{") || a.UnknownArea:
		t.Errorf("%s is no single body", a.ID)
	case !d.InOffice(a):
		t.Errorf("%s (%s to %s) is not in office on %s", a.ID, a.From, a.To, d.asOf)
	}
}

// Every field and case, at every place of every time, on the three days and those
// around the changes.
func TestRouteEverywhere(t *testing.T) {
	all := load(t, today)
	places := append([]*Place{nil}, all.placeList...)
	for _, day := range []string{"2021-01-01", "2021-06-01", "2024-12-01", "2025-03-01", "2025-04-01", "2025-06-30", "2025-07-01", today} {
		d := all.At(date(t, day))
		whole := slices.Contains([]string{"2021-06-01", "2025-04-01", today}, day)
		for i, p := range places {
			if !whole && i%7 != 0 {
				continue // the days around the changes: a sample is enough
			}
			for _, f := range d.fieldList {
				for c := -1; c < len(f.Cases); c++ {
					s := Subject{Field: f.ID, Place: p}
					if c >= 0 {
						s.Case = f.Cases[c].ID
					}
					checkSubject(t, d, s)
				}
			}
			if t.Failed() {
				t.Fatalf("at %v on %s", p, day)
			}
		}
	}
}

// checkSubject routes a subject, and again with each answer to its question.
func checkSubject(t *testing.T, d *Directory, s Subject) Routing {
	t.Helper()
	r, err := d.Route(s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	checkRouting(t, d, r)
	if len(r.Ask) == 0 {
		return r
	}
	s.Unanswered = true
	none, err := d.Route(s)
	if err != nil {
		t.Fatal(err)
	}
	checkRouting(t, d, none)
	if id(none.Lead) != r.Unanswered.ID || none.Reason != r.Reason || none.FrontDesk != (r.Reason != "") {
		t.Errorf("%+v: unanswered goes to %s (%s), not to %s (%s)", s, id(none.Lead), none.Reason, r.Unanswered.ID, r.Reason)
	}
	s.Unanswered = false
	s.Place = r.Ask[len(r.Ask)-1]
	if answered, err := d.Route(s); err != nil || answered.Lead == nil {
		if err != nil || len(answered.Ask) == 0 || s.Place.Level != District {
			t.Errorf("%+v: after the answer there is still no lead: %v", s, err)
		}
	}
	return r
}

// Whoever is named, it and what is under it never lead, answer for or see the case.
func TestTheBodyNamedNeverGetsIt(t *testing.T) {
	all := load(t, today)
	for _, tt := range []struct {
		day    string
		places []string
	}{{"2021-06-01", []string{"c10507", "d291", ""}}, {"2025-04-01", []string{"c10522", "d288"}}, {today, []string{"w10532", "c10528", "d288", ""}}} {
		d := all.At(date(t, tt.day))
		for _, placeID := range tt.places {
			p := d.places[placeID]
			named := d.AgenciesAt(nil)
			if p != nil {
				named = append(named, d.AgenciesAt(p)...)
			}
			for _, n := range named {
				for _, f := range d.fieldList {
					for _, unanswered := range []bool{false, true} {
						r, err := d.Route(Subject{Field: f.ID, Place: p, Named: n.ID, Unanswered: unanswered})
						if err != nil {
							t.Fatal(err)
						}
						checkRouting(t, d, r)
						for _, a := range append([]*Agency{r.Lead, r.TurnTo, r.Unanswered, r.Via}, r.Consulted...) {
							if a != nil && d.under(a, n) {
								t.Errorf("%s %s %s: %s is named and gets it as %s", tt.day, f.ID, placeID, n.ID, a.ID)
							}
						}
						// Conduct is looked at above the body, never beside or below it.
						if f.ID == conduct && r.Lead != nil && n.Tier != TierProvince && r.Lead.Tier.rank() <= n.Tier.rank() {
							t.Errorf("%s: the conduct of %s goes to %s", tt.day, n.ID, r.Lead.ID)
						}
					}
				}
			}
		}
	}
}

func TestRouteRefusesWhatItDoesNotKnow(t *testing.T) {
	d := load(t, today)
	tests := []struct {
		day  string
		s    Subject
		what string
	}{
		{today, Subject{Field: "x"}, UnknownField},
		{today, Subject{}, UnknownField},
		{today, Subject{Field: "dat-dai", Case: "thpt"}, UnknownCase},
		{today, Subject{Field: "dat-dai", Named: "xa25.ubnd@1"}, UnknownAgency},
		{"2020-12-31", Subject{Field: "dat-dai"}, UnknownDay},
	}
	for _, tt := range tests {
		_, err := d.At(date(t, tt.day)).Route(tt.s)
		if e := (*SubjectError)(nil); !errors.As(err, &e) || e.What != tt.what || e.Error() == "" {
			t.Errorf("%+v: %v, want an unknown %s", tt.s, err, tt.what)
		}
	}
	if _, err := d.Successor("x", Subject{Field: "dat-dai"}); err == nil {
		t.Error("Successor of nobody")
	}
	if _, err := d.Higher("x", Subject{Field: "dat-dai"}); err == nil {
		t.Error("Higher than nobody")
	}
}

func TestAbove(t *testing.T) {
	d := load(t, today)
	tests := []struct{ day, agency, place, want string }{
		{"2021-06-01", "xa.ubnd@10507", "", "huyen.noi-vu@288"},
		{"2021-06-01", "xa.mot-cua@10507", "", "huyen.noi-vu@288"},
		{"2021-06-01", "huyen.noi-vu@288", "", "so-noi-vu"},
		{"2021-06-01", "huyen.tu-phap@288", "c10507", "so-noi-vu"},
		{"2021-06-01", "so-y-te", "", "so-noi-vu"},
		{"2021-06-01", "so-noi-vu", "c10507", "ban-tiep-cong-dan"},
		{"2021-06-01", "huyen.cong-an@288", "", "cong-an-tinh"},
		{"2025-04-01", "huyen.bhxh@288", "", "hd25.bhxh-kv"},
		{today, "xa25.kinh-te@10532", "", "hp-so-noi-vu"},
		{today, "xa25.cong-an@10532", "", "hp-cong-an"},
		{today, "hp-so-noi-vu", "", "hp-ban-tiep-cong-dan"},
		{today, "xa.ubnd@10507", "", "hp-so-noi-vu"}, // of old officials too
		{today, "nobody", "", ""},
	}
	for _, tt := range tests {
		if got, ok := d.At(date(t, tt.day)).Above(tt.agency, d.places[tt.place]); id(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: above %s is %s, want %s", tt.day, tt.agency, id(got), tt.want)
		}
	}
}

func TestHigher(t *testing.T) {
	d := load(t, today)
	tests := []struct {
		day, agency string
		s           Subject
		place       string
		want        string
	}{
		{"2021-06-01", "xa.ubnd@10507", Subject{Field: "ha-tang-do-thi"}, "c10507", "huyen.qldt@288"},
		{"2021-06-01", "huyen.qldt@288", Subject{Field: "ha-tang-do-thi"}, "c10507", "so-xay-dung"},
		{"2021-06-01", "so-xay-dung", Subject{Field: "ha-tang-do-thi"}, "c10507", "ban-tiep-cong-dan"},
		{today, "xa25.kinh-te@10532", Subject{Field: "dat-dai"}, "w10532", "hp-so-nnmt"},
		{today, "hp-vp-dkdd", Subject{Field: "dat-dai", Case: "bien-dong"}, "w10532", "hp-so-nnmt"},
		{today, "xa25.ubnd@10532", Subject{Field: "dat-dai", Case: "tranh-chap"}, "w10532", "hp-so-nnmt"},
		{today, "hp-so-nnmt", Subject{Field: "dat-dai", Case: "bien-dong"}, "w10532", "hp-ban-tiep-cong-dan"},
	}
	for _, tt := range tests {
		at := d.At(date(t, tt.day))
		tt.s.Place = d.places[tt.place]
		r, err := at.Higher(tt.agency, tt.s)
		if err != nil {
			t.Fatal(err)
		}
		checkRouting(t, at, r)
		if id(r.Lead) != tt.want {
			t.Errorf("%s: above %s for %s is %s, want %s\n%v", tt.day, tt.agency, tt.s.Field, id(r.Lead), tt.want, r.Steps)
		}
	}
}

func TestADivisionNobodyConfirmedIsReachedThroughItsCommittee(t *testing.T) {
	d := load(t, today)
	for field, want := range map[string]string{"xay-dung": "xa25.ubnd@10532", "cu-tru": "", "thue": "", "khieu-nai-to-cao": ""} {
		r, err := d.Route(Subject{Field: field, Place: d.places["w10532"]})
		if err != nil || id(r.Via) != want {
			t.Errorf("%s: %s through %q, want %q (%v)", field, id(r.Lead), id(r.Via), want, err)
		}
	}
}

func FuzzRoute(f *testing.F) {
	all := load(f, today)
	f.Add(uint16(0), uint16(0), uint16(0), uint16(0), "tranh chấp đất với hàng xóm", uint16(2200), uint8(0))
	f.Add(uint16(8), uint16(3), uint16(300), uint16(50), "đơn tố cáo", uint16(100), uint8(7))
	f.Add(uint16(42), uint16(0), uint16(9), uint16(40), "", uint16(1600), uint8(2))
	f.Fuzz(func(t *testing.T, field, kase, place, named uint16, words string, day uint16, flags uint8) {
		d := all.At(date(t, firstDay).AddDate(0, 0, int(day%4000)))
		fld := d.fieldList[int(field)%len(d.fieldList)]
		s := Subject{Field: fld.ID, Words: words, Denunciation: flags&1 != 0, Unanswered: flags&2 != 0}
		if n := len(fld.Cases); n > 0 && flags&4 != 0 {
			s.Case = fld.Cases[int(kase)%n].ID
		}
		if flags&8 == 0 {
			s.Place = d.placeList[int(place)%len(d.placeList)]
		}
		a := d.agencyList[int(named)%len(d.agencyList)]
		if flags&16 != 0 {
			if s.Named = a.ID; a.Template != "" && s.Place != nil && a.Template == templateOf(s.Place.Level) && a.existsAt(s.Place) {
				s.Named += "@" + s.Place.Code
			}
		}
		r, err := d.Route(s)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		checkRouting(t, d, r)
		for _, next := range []func(string, Subject) (Routing, error){d.Successor, d.Higher} {
			if r, err = next(a.ID, s); err != nil {
				t.Fatalf("%s %+v: %v", a.ID, s, err)
			}
			checkRouting(t, d, r)
		}
		_, _ = d.Above(a.ID, s.Place)
	})
}

func BenchmarkRoute(b *testing.B) {
	d := load(b, today)
	for _, bench := range []struct {
		name  string
		place string
		s     Subject
	}{
		{"lead", "c10522", Subject{Field: "xay-dung"}},
		{"ask", "d288", Subject{Field: "ha-tang-do-thi"}},
		{"named", "w10532", Subject{Field: "can-bo-cong-chuc", Named: "xa25.ubnd@10532"}},
		{"words", "w10532", Subject{Field: "dat-dai", Words: strings.Repeat("hàng xóm xây tường lấn sang đất nhà tôi, ranh giới không rõ. ", 5)}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.s.Place = d.places[bench.place]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Route(bench.s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A trace reads like the rule.
func ExampleDirectory_Route() {
	d, err := Load(Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	place, _ := d.Place("c10528")
	r, err := d.Route(Subject{Field: "ho-tich", Place: place})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range r.Ask {
		fmt.Println(p.Name)
	}
	fmt.Println("else", r.Unanswered.Name)
	// Output:
	// Phường Lê Thanh Nghị
	// Phường Tân Hưng
	// else Trung tâm Phục vụ hành chính công thành phố Hải Phòng
}
