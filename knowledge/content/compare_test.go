package content

import (
	"reflect"
	"slices"
	"testing"

	"cchcbot/knowledge"

	"pgregory.net/rapid"
)

func TestCompareNamesTheChangedKeys(t *testing.T) {
	old := curatedEntry("a1")
	tests := map[string]struct {
		change func(*knowledge.Entry)
		want   []string
	}{
		"equal":  {func(e *knowledge.Entry) {}, nil},
		"texts":  {func(e *knowledge.Entry) { e.Fee, e.Name = "x", "y" }, []string{"name", "fee"}},
		"list":   {func(e *knowledge.Entry) { e.Aliases[0] = "x" }, []string{"aliases"}},
		"flag":   {func(e *knowledge.Entry) { e.OnlineFull = true }, []string{"online_full"}},
		"group":  {func(e *knowledge.Entry) { e.Documents[0].Qty = "2" }, []string{"documents"}},
		"longer": {func(e *knowledge.Entry) { e.Steps = []knowledge.Step{{}} }, []string{"steps"}},
		"status": {func(e *knowledge.Entry) { e.Status, e.Kind = knowledge.Amended, knowledge.Explainer }, []string{"kind", "status"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := clone(old)
			tt.change(changed)
			if got := Compare(old, changed); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if got := Compare(nil, &knowledge.Entry{Code: "a1"}); !slices.Equal(got, []string{"code"}) {
		t.Errorf("against nothing: %v", got)
	}
}

func TestCompareAgreesWithEquality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawEntry(t), drawEntry(t)
		if (Compare(a, b) == nil) != reflect.DeepEqual(a, b) {
			t.Fatalf("Compare %v for\n%+v\n%+v", Compare(a, b), a, b)
		}
		if c := clone(a); !reflect.DeepEqual(a, c) {
			t.Fatalf("clone differs: %+v", c)
		}
	})
}

func TestMergeKeepsWhatACuratorWrote(t *testing.T) {
	curated := curatedEntry("a1")
	national := &knowledge.Entry{
		Code: "a1", Name: "Tên dài của cổng", Field: "Hộ tịch", Agency: "Cơ quan khác", Summary: "Câu của cổng", Fee: "Theo quy định",
		Documents: []knowledge.Document{{Name: "Tờ khai theo mẫu ban hành kèm theo"}}, Steps: []knowledge.Step{{Text: "Bước 1"}},
		Results: []string{"Giấy"}, OnlineFull: true, Updated: "2026-09-01", Status: knowledge.Abolished, ValidFrom: "2026-09-01", ValidTo: "2026-10-01",
		VerifiedAt: "2026-09-01", VerifiedBy: "ai đó",
	}
	before := clone(curated)
	got := Merge(curated, national)
	want := clone(curated)
	want.Field, want.Steps, want.Results, want.OnlineFull = "Hộ tịch", []knowledge.Step{{Text: "Bước 1"}}, []string{"Giấy"}, true
	want.Status = knowledge.Abolished // and not the days, which may be still to come
	if keys := Compare(want, got); keys != nil {
		t.Errorf("differs in %v: %+v", keys, got)
	}
	got.Steps[0].Text, got.Aliases[0], got.Results[0] = "x", "x", "x"
	if Compare(before, curated) != nil || national.Steps[0].Text != "Bước 1" || national.Results[0] != "Giấy" {
		t.Error("Merge shares memory with what it was given")
	}
}

func TestMergeKeepsAStatusThatACuratorSet(t *testing.T) {
	curated := curatedEntry("a1")
	curated.Status = knowledge.Published
	national := &knowledge.Entry{Code: "a1", Name: curated.Name, Status: knowledge.Replaced, ReplacedBy: []string{"b2"}, ValidTo: "2026-01-01"}
	if got := Merge(curated, national); Compare(curated, got) != nil {
		t.Errorf("differs in %v", Compare(curated, got))
	}
	found := Review(curated, national)
	if len(found) != 1 || found[0].Field != "status" || found[0].Severity != Warning {
		t.Errorf("found %v", found)
	}
}

func TestMergeWithOneSide(t *testing.T) {
	e := curatedEntry("a1")
	for _, got := range []*knowledge.Entry{Merge(e, nil), Merge(nil, e)} {
		if got == e || Compare(e, got) != nil {
			t.Errorf("not a copy: %+v", got)
		}
	}
	if Merge(nil, nil) != nil {
		t.Error("something out of nothing")
	}
}

func TestReview(t *testing.T) {
	tests := map[string]struct {
		curated, national knowledge.Entry
		want              []string
	}{
		"same day":   {knowledge.Entry{Updated: "2026-07-01"}, knowledge.Entry{Updated: "2026-07-01"}, nil},
		"older":      {knowledge.Entry{Updated: "2026-07-01"}, knowledge.Entry{Updated: "2026-06-30"}, nil},
		"newer":      {knowledge.Entry{Updated: "2026-07-01"}, knowledge.Entry{Updated: "2026-07-02"}, []string{"source newer than curated text: 2026-07-02, curated 2026-07-01"}},
		"no date":    {knowledge.Entry{}, knowledge.Entry{Updated: "2026-07-02"}, []string{"source newer than curated text: 2026-07-02, curated no date"}},
		"other name": {knowledge.Entry{Name: "a"}, knowledge.Entry{Name: "b"}, []string{"the source has another name"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Review(&tt.curated, &tt.national) {
				got = append(got, f.Text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if Review(nil, &knowledge.Entry{Updated: "2026-07-02"}) != nil {
		t.Error("a new entry needs no review against a curated one")
	}
}
