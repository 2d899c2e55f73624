package directory

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDataIsComplete(t *testing.T) {
	d := load(t, "2026-11-22")
	for level, want := range map[Level]int{District: 12, Commune2021: 235, Commune2025: 64} {
		if got := len(d.Places(level)); got != want {
			t.Errorf("%d places of level %s, want %d", got, level, want)
		}
	}
	// NQ 1250/NQ-UBTVQH15 left 207 communes.
	in2025 := 0
	for _, p := range d.placeList {
		if p.Level != District && inForce("2025-04-01", p.From, p.To) {
			in2025++
		}
	}
	if in2025 != 207 {
		t.Errorf("%d communes on 2025-04-01, want 207", in2025)
	}
	if len(d.Fields()) != 43 {
		t.Errorf("%d fields, want 43", len(d.Fields()))
	}
}

// The two lists of what became what were written independently: each commune of
// 2021 names the communes of 2025, and each of those the units it was made from.
func TestBothListsOfSuccessionAgree(t *testing.T) {
	now := load(t, "2026-11-22")
	at2025 := now.At(date(t, "2025-04-01"))
	for _, w := range now.Places(Commune2025) {
		for _, made := range at2025.Today(w) {
			if !slices.ContainsFunc(now.Today(made.Place), func(p Part) bool { return p.Place == w && p.Whole == made.Whole }) {
				t.Errorf("%s was made from %s, which does not lead there", w.ID, made.Place.ID)
			}
		}
	}
	for _, c := range now.Places(Commune2021) {
		var over []string // through the unit of 2024
		for _, part := range now.Today(at2025.Today(c)[0].Place) {
			over = append(over, part.Place.ID)
		}
		for _, part := range now.Today(c) {
			if !slices.Contains(over, part.Place.ID) {
				t.Errorf("%s leads to %s, but not through its unit of 2024", c.ID, part.Place.ID)
			}
		}
	}
}

func TestUnconfirmedNumbersAreNowhere(t *testing.T) {
	d := load(t, "2026-11-22")
	if len(d.Unconfirmed()) == 0 {
		t.Error("no contact is unconfirmed; the test has lost its subject")
	}
	for _, c := range d.Unconfirmed() {
		if c.Phone != "" || c.URL != "" || c.Address != "" {
			t.Errorf("%s is not confirmed but shows a number, link or address", c.ID)
		}
	}
	shown := map[string]bool{}
	for _, day := range []string{"2021-06-01", "2025-04-01", "2026-11-22"} {
		at := d.At(date(t, day))
		for _, c := range slices.Concat(at.Hotlines(), at.Portals()) {
			if c.Publish != Show || c.Phone == "" && c.URL == "" {
				t.Errorf("%s is shown with publish %q", c.ID, c.Publish)
			}
			shown[c.Phone] = true
		}
	}
	// Numbers that the research found but nobody has dialled.
	withheld := []string{"19009068", "0692342593", "1022"}
	telephone := regexp.MustCompile(`\b(?:0|1[89])\d(?:[ .-]?\d){5,9}\b`)
	for name, text := range embedded(t) {
		// Addresses of articles hold long numbers too.
		text = regexp.MustCompile(`https?://[^" ]+`).ReplaceAllString(text, "")
		for _, number := range telephone.FindAllString(text, -1) {
			if !shown[number] && name != "points.tsv" {
				t.Errorf("%s holds %q, which no contact may show", name, number)
			}
		}
		for _, number := range withheld {
			if regexp.MustCompile(`\b` + number + `\b`).MatchString(text) {
				t.Errorf("%s holds the unconfirmed number %s", name, number)
			}
		}
	}
	all, err := json.Marshal([]any{d.Hotlines(), d.Portals(), d.Unconfirmed(), d.Missing(), d.agencyList})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range withheld {
		if strings.Contains(string(all), number) {
			t.Errorf("the unconfirmed number %s can be reached", number)
		}
	}
}

// embedded returns every data file that goes into the program.
func embedded(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{"points.tsv": pointsFile}
	err := fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := files.ReadFile(path)
		out[e.Name()] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The records are changed as an editor might by mistake; loading has to say so.
func TestBadDataIsRefused(t *testing.T) {
	tests := map[string]struct {
		spoil func(*placesData, *agenciesData, *fieldsData, *hotlinesData)
		want  string
	}{
		"a place twice": {func(p *placesData, _ *agenciesData, _ *fieldsData, _ *hotlinesData) {
			p.Districts[1].Code = p.Districts[0].Code
		}, "twice"},
		"a kind that does not fit": {func(p *placesData, _ *agenciesData, _ *fieldsData, _ *hotlinesData) { p.Districts[0].Type = "xa" }, "does not fit"},
		"no such district": {func(p *placesData, _ *agenciesData, _ *fieldsData, _ *hotlinesData) {
			p.Communes2021[0].District = "999"
		}, "no district"},
		"no such commune of 2025": {func(p *placesData, _ *agenciesData, _ *fieldsData, _ *hotlinesData) {
			p.Communes2021[0].C2025[0].Code = "1"
		}, "bad successor"},
		"no such source": {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) {
			a.Agencies[0].Source = []string{"X"}
		}, "no source"},
		"no confidence":            {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) { a.Agencies[0].Confidence = "" }, "confidence"},
		"a bad day":                {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) { a.Agencies[0].To = "2025-13-01" }, "not a date"},
		"an end without successor": {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) { a.Agencies[0].Succession = nil }, "without a successor"},
		"no such successor": {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) {
			a.Agencies[0].Succession[0].To = "x"
		}, "no agency"},
		"a body twice": {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) {
			a.Agencies[1].ID = a.Agencies[0].ID
		}, "twice"},
		"no such lead": {func(_ *placesData, _ *agenciesData, f *fieldsData, _ *hotlinesData) {
			f.Fields[0].Cases[0].LeadNow = "x"
		}, "no agency"},
		"no front desk": {func(_ *placesData, _ *agenciesData, f *fieldsData, _ *hotlinesData) {
			f.FrontDesk = f.FrontDesk[:1]
		}, "no front desk"},
		"a last resort in every commune": {func(_ *placesData, _ *agenciesData, f *fieldsData, _ *hotlinesData) {
			f.LastResort[0].ID = "xa.ubnd"
		}, "bad days"},
		"a reason left out": {func(_ *placesData, _ *agenciesData, f *fieldsData, _ *hotlinesData) {
			f.NeedsFrontDesk = f.NeedsFrontDesk[1:]
		}, "commune-not-known"},
		"a national field twice": {func(_ *placesData, _ *agenciesData, f *fieldsData, _ *hotlinesData) {
			f.Fields[1].National = f.Fields[0].National
		}, "two fields"},
		"a number to be checked":  {func(_ *placesData, _ *agenciesData, _ *fieldsData, h *hotlinesData) { h.Hotlines[0].Publish = Check }, "no phone"},
		"a number that must hide": {func(_ *placesData, _ *agenciesData, _ *fieldsData, h *hotlinesData) { h.Hotlines[0].Publish = "hide" }, "publish"},
		"a link that is none": {func(_ *placesData, _ *agenciesData, _ *fieldsData, h *hotlinesData) {
			h.Portals[2].URL = "javascript:x"
		}, "web address"},
		"hours that end too early": {func(_ *placesData, _ *agenciesData, _ *fieldsData, h *hotlinesData) {
			h.Hours[0].Seasons[0].Spans[0] = "09:00-08:00"
		}, "span"},
		"a website nobody is sure of": {func(_ *placesData, a *agenciesData, _ *fieldsData, _ *hotlinesData) {
			for _, x := range a.Agencies {
				if x.Website != nil {
					x.Website.Confidence = Low
				}
			}
		}, "not sure"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err1 := decode[placesData]("places.yaml")
			a, err2 := decode[agenciesData]("agencies.yaml")
			f, err3 := decode[fieldsData]("fields.yaml")
			h, err4 := decode[hotlinesData]("hotlines.yaml")
			for _, err := range []error{err1, err2, err3, err4} {
				if err != nil {
					t.Fatal(err)
				}
			}
			tt.spoil(p, a, f, h)
			err := new(Directory).build(p, a, f, h)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestOfficeHours(t *testing.T) {
	d := load(t, "2024-06-03")
	h, known := d.OfficeHours()
	if !known || len(h.Sources) == 0 {
		t.Fatalf("hours of 2024: %+v, known %v", h, known)
	}
	for day, want := range map[string]string{"2024-06-03": "07:00-11:30", "2024-01-08": "07:30-12:00", "2024-12-31": "07:30-12:00", "2024-10-31": "07:00-11:30"} {
		if s, ok := h.On(date(t, day)); !ok || s.Spans[0] != want {
			t.Errorf("%s: %v, want %s", day, s.Spans, want)
		}
	}
	// No source gives the city's hours: the last known ones, marked as such.
	last, known := d.At(date(t, "2026-11-22")).OfficeHours()
	if known || last.To != mergers2025 || len(last.Seasons) == 0 {
		t.Errorf("hours of 2026: %+v, known %v", last, known)
	}
}

func TestTheDayIsThatOfVietnam(t *testing.T) {
	if got := Day(time.Date(2025, 6, 30, 17, 30, 0, 0, time.UTC)); got != "2025-07-01" {
		t.Errorf("got %s", got)
	}
}
