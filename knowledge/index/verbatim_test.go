package index

import (
	"testing"

	"cchcbot/knowledge"
)

// TestVerbatim: a name said word for word leads to its procedure, also one that is made
// of words which otherwise only ask; one that two share does not.
func TestVerbatim(t *testing.T) {
	entries := []*knowledge.Entry{
		{Code: "9.000001", Name: "Cấp giấy phép lái xe", Aliases: []string{"thi bằng lái xe máy", "bằng chung"}},
		{Code: "9.000002", Name: "Cấp lại giấy phép lái xe bị mất bằng lái xe máy thi lại", Aliases: []string{"bằng mất", "bằng chung"}},
		{Code: "9.000003", Name: "Nộp hồ sơ trên mạng", Aliases: []string{"nộp trực tuyến là gì"}},
		{Code: "9.000004", Name: "Việc đã bỏ", Aliases: []string{"tên đã bỏ"}, Status: knowledge.Abolished},
	}
	x, err := New(entries, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := New(entries, Options{Without: Verbatim})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"thi bằng lái xe máy", "9.000001"},
		{"thi bang lai xe may", "9.000001"},
		{"cho em hỏi thi bằng lái xe máy ạ", "9.000001"},
		{"thi bằng lái xe máy cần giấy tờ gì", "9.000001"},
		{"Cấp lại giấy phép lái xe bị mất bằng lái xe máy thi lại", "9.000002"},
		{"nộp trực tuyến là gì", "9.000003"},
	} {
		found := x.Search(knowledge.Query{Text: c.text})
		if found.Outcome != knowledge.Answer || found.Hits[0].Entry.Code != c.want {
			t.Errorf("%s: %s %v, want %s", c.text, found.Outcome, found.Hits, c.want)
		}
	}
	for _, text := range []string{"bằng chung", "tên đã bỏ", "", "bằng lái xe máy"} {
		if doc, ok := x.verbatim(x.read(text, false)); ok {
			t.Errorf("%q names %s", text, x.docs[doc].entry.Code)
		}
	}
	if found := bare.Search(knowledge.Query{Text: "nộp trực tuyến là gì"}); found.Outcome == knowledge.Answer {
		t.Error("found without it, too: the example shows nothing")
	}
}
