package index_test

import (
	"slices"
	"testing"

	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/index"
)

// TestExplainSaysWhatSearchDoes: the explanation ends as the search, with its first candidate.
func TestExplainSaysWhatSearchDoes(t *testing.T) {
	all, err := content.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.New(all, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for question, reason := range map[string]index.Reason{
		"lam giay khai sinh cho con": index.Sure,
		"1.001193":                   index.ByCode,
		"":                           index.Nothing,
		"zzz qqq":                    index.Nothing,
		"hôm nay trời đẹp quá":       "",
		"sang tên":                   "",
		"đăng ký kết hôn":            index.Named,
		"giấy khai sinh":             index.Open,
	} {
		q := knowledge.Query{Text: question}
		e, want := x.Explain(q), x.Search(q)
		if e.Found.Outcome != want.Outcome || len(e.Found.Hits) != len(want.Hits) || reason != "" && e.Reason != reason {
			t.Errorf("%q: %s because of %s, the search says %s", question, e.Found.Outcome, e.Reason, want.Outcome)
		}
		if (e.Reason == index.Sure || e.Reason == index.Named) && e.Candidates[0].Entry.Code != want.Hits[0].Entry.Code {
			t.Errorf("%q: the first candidate is %s, the answer %s", question, e.Candidates[0].Entry.Code, want.Hits[0].Entry.Code)
		}
		for _, c := range e.Candidates {
			sum := 0.0
			for _, f := range c.Features {
				sum += f.Points
				if f.Name == "" {
					t.Errorf("%q: a feature of %s has no name", question, c.Entry.Code)
				}
			}
			if sum-c.Score > 0.001 || c.Score-sum > 0.001 {
				t.Errorf("%q: the points of %s are %.3f, its score %.3f", question, c.Entry.Code, sum, c.Score)
			}
		}
	}
	e := x.Explain(knowledge.Query{Text: "lam giay khai sinh cho con"})
	if !slices.ContainsFunc(e.Read, func(s index.Said) bool { return s.Weight > 0 }) {
		t.Errorf("no word counts: %+v", e.Read)
	}
}
