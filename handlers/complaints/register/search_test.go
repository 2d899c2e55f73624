package register_test

import (
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/handlers/complaints/register"
)

// searches are what people ask for, from the rarest to the commonest.
var searches = map[string]register.Query{
	"newest":       {},
	"rare word":    {Words: "tu1500"},
	"common word":  {Words: "tu0001"},
	"two common":   {Words: "tu0000 tu0001"},
	"place":        {Places: []string{"w10532"}},
	"place, field": {Places: []string{"w10532"}, Field: "y-te"},
	"several":      {Places: []string{"w10532", "w10507"}, Field: "y-te", Words: "tu0010"},
	"all":          {Places: []string{"w10532"}, Field: "y-te", Agency: "hp-so-y-te", Words: "tu0003 tu0004"},
	"nothing":      {Words: "tu0001 khongco"},
	"hopeless":     {Places: []string{"w10532"}, Field: "xay-dung", Words: "tu0000 tu0001 tu0002 tu0003"},
}

// TestNoSearchReadsTheWholeRegister asks the database how it would go about each query.
func TestNoSearchReadsTheWholeRegister(t *testing.T) {
	w := newWorld(t)
	for name, q := range searches {
		if name == "newest" {
			continue
		}
		for text, args := range w.register.Statements(q) {
			rows, err := w.db.Read().QueryContext(t.Context(), "explain query plan "+text, args...)
			must(t, err)
			for rows.Next() {
				var id, parent, unused int
				var detail string
				must(t, rows.Scan(&id, &parent, &unused, &detail))
				if strings.HasPrefix(detail, "SCAN complaints_") && !strings.Contains(detail, "USING") || strings.Contains(detail, "SCAN r ") && !strings.Contains(detail, "USING") {
					t.Errorf("%s: %s\n%s", name, detail, text)
				}
			}
			must(t, rows.Err())
		}
	}
}

// TestASearchGoesOnWhereItStopped: page after page gives every entry once, newest
// first, also where a page walks as far as it may and finds little.
func TestASearchGoesOnWhereItStopped(t *testing.T) {
	w := newWorld(t)
	const n = 6000
	must(t, w.register.Fill(t.Context(), n))
	for name, q := range searches {
		seen, after, pages := map[string]bool{}, int64(0), 0
		var last string
		for {
			q.After = after
			codes, next, err := w.register.Search(t.Context(), q)
			must(t, err)
			for _, c := range codes {
				if seen[c] || last != "" && c >= last {
					t.Fatalf("%s: %s comes twice or out of order", name, c)
				}
				seen[c], last = true, c
			}
			if pages++; next == 0 || pages > n {
				break
			}
			after = next
		}
		switch name {
		case "newest":
			if len(seen) != n {
				t.Errorf("all pages have %d of %d entries", len(seen), n)
			}
		case "nothing":
			if len(seen) != 0 {
				t.Errorf("nothing is %d entries", len(seen))
			}
		case "rare word", "common word", "two common", "place", "place, field", "several":
			if len(seen) == 0 {
				t.Errorf("%s finds nothing", name)
			}
		}
	}
}

// BenchmarkSearch compares a register of 200,000 with one of 2,000 in one run, turn
// by turn, so that a busy machine disturbs both alike: no page of a search may become three times as slow. The
// queries alone are told beside them: one that meets next to nothing walks along maxWalk entries where the small register has none.
func BenchmarkSearch(b *testing.B) {
	const rounds = 101
	worlds := []*world{newWorld(b), newWorld(b)}
	for i, n := range []int{2_000, 200_000} {
		begin := time.Now()
		must(b, worlds[i].register.Fill(b.Context(), n))
		b.Logf("%d entries written in %s", n, time.Since(begin).Round(time.Second))
	}
	compare := func(name string, judged bool, f func(w *world)) float64 {
		var took [2][]time.Duration
		for range rounds {
			for i, w := range worlds {
				begin := time.Now()
				f(w)
				took[i] = append(took[i], time.Since(begin))
			}
		}
		slices.Sort(took[0])
		slices.Sort(took[1])
		small, large := took[0][rounds/2], took[1][rounds/2]
		ratio := float64(large) / float64(small)
		b.Logf("%-22s %8s at 2,000 %8s at 200,000: ratio %.2f", name, small.Round(time.Microsecond), large.Round(time.Microsecond), ratio)
		if judged && ratio >= 3 {
			b.Errorf("%s became %.1f times as slow", name, ratio)
		}
		return ratio
	}
	worst := 0.0
	for _, name := range slices.Sorted(maps.Keys(searches)) {
		q := searches[name]
		compare("query: "+name, false, func(w *world) {
			_, _, err := w.register.Search(b.Context(), q)
			must(b, err)
		})
		path := "/cong-khai?" + url.Values{"q": {q.Words}, "place": q.Places[:min(1, len(q.Places))], "field": {q.Field}, "agency": {q.Agency}}.Encode()
		worst = max(worst, compare("page: "+name, true, func(w *world) {
			rec := httptest.NewRecorder()
			w.server.ServeHTTP(rec, httptest.NewRequestWithContext(b.Context(), "GET", path, nil))
			if rec.Code != 200 {
				b.Fatal(rec.Code)
			}
		}))
	}
	b.ReportMetric(worst, "ratio-worst")
	b.ReportMetric(0, "ns/op")
}
