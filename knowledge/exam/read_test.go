package exam

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadRefusesWithTheLine(t *testing.T) {
	ok := `{"question":"a","codes":["1.000001"]}` + "\n"
	for name, c := range map[string]struct{ in, want string }{
		"unknown key":           {ok + `{"question":"b","codes":["1"],"note":"x"}`, `line 2: key "note" is not known`},
		"key in another case":   {`{"Question":"b","codes":["1"]}`, `line 1: key "Question" is not known`},
		"not JSON":              {ok + ok + `{"question":`, "line 3: is not a JSON object"},
		"an array":              {`["a"]`, "line 1: is not a JSON object"},
		"two objects":           {`{"question":"a","codes":["1"]}{}`, "line 1: is not a JSON object"},
		"empty question":        {`{"question":" ","codes":["1"]}`, "line 1: question is empty"},
		"null":                  {ok + "null", "line 2: question is empty"},
		"wrong type":            {`{"question":1,"codes":["1"]}`, "line 1: json: cannot unmarshal number"},
		"no codes":              {"\n\n" + `{"question":"a"}`, "line 3: codes is empty"},
		"codes out of scope":    {`{"question":"a","codes":["1"],"out_of_scope":true}`, "line 1: an out_of_scope question has no codes"},
		"strange code":          {`{"question":"a","codes":["1 "]}`, "line 1: code"},
		"facet":                 {`{"question":"a","codes":["1"],"facet":"price"}`, `line 1: facet "price" is not known`},
		"tag twice":             {`{"question":"a","codes":["1"],"tags":["x","x"]}`, "line 1: tag number 2 stands twice"},
		"tag empty":             {`{"question":"a","codes":["1"],"tags":[""]}`, "line 1: tag number 1 is empty"},
		"NUL":                   {`{"question":"a\u0000","codes":["1"]}`, "line 1: question holds a NUL"},
		"invalid UTF-8":         {"{\"question\":\"a\xff\",\"codes\":[\"1\"]}", "line 1: is not valid UTF-8"},
		"nothing":               {"\n \n", "line 1: the file has no question"},
		"too many codes":        {`{"question":"a","codes":[` + strings.Repeat(`"1",`, MaxCodes) + `"1"]}`, "line 1: 201 codes"},
		"line too long":         {ok + `{"question":"` + strings.Repeat("a", MaxLineBytes) + `","codes":["1"]}`, "line 2: longer than 64 KiB"},
		"endless line":          {ok + strings.Repeat("a", 3*MaxLineBytes), "line 2: longer than 64 KiB"},
		"too many lines":        {strings.Repeat("\n", MaxLines+1), "line 100001: an exam has at most 100000 lines"},
		"too many bytes":        {strings.Repeat(`{"question":"`+strings.Repeat("a", 1000)+`","codes":["1"]}`+"\n", 11000), "at most 10 MB"},
		"too many kinds of tag": {manyTags(), "more than 1000 different tags"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func manyTags() string {
	var b strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&b, "{\"question\":\"a\",\"codes\":[\"1\"],\"tags\":[\"t%d\"]}\n", i)
	}
	return b.String()
}

func TestReadTakesWhatEditorsWrite(t *testing.T) {
	in := "\ufeff" + `{"question":"lệ phí?","codes":["1.000894","2.000806"],"facet":"fee","tags":["x"]}` + "\r\n\r\n" +
		`{"question":"hát đi","out_of_scope":true}`
	qs, err := Read(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if len(qs) != 2 || qs[0].Text != "lệ phí?" || len(qs[0].Codes) != 2 || qs[0].Facet != "fee" || !qs[1].OutOfScope {
		t.Errorf("read %+v", qs)
	}
}

func TestBasicIsBalanced(t *testing.T) {
	qs, err := Basic()
	if err != nil {
		t.Fatal(err)
	}
	outside, toneless, facets, seen := 0, 0, 0, map[string]bool{}
	for _, q := range qs {
		if seen[q.Text] {
			t.Errorf("asked twice: %q", q.Text)
		}
		seen[q.Text] = true
		if q.OutOfScope {
			outside++
		}
		if q.Facet != "" {
			facets++
		}
		if utf8.RuneCountInString(q.Text) == len(q.Text) {
			toneless++
		}
	}
	if len(qs) < 80 || outside < 15 || toneless < 15 || facets < 30 {
		t.Errorf("%d questions, %d out of scope, %d without tones, %d with a facet; want at least 80, 15, 15, 30",
			len(qs), outside, toneless, facets)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"question":"a","codes":["1"],"facet":"fee","tags":["x"]}`)
	f.Add("{\"question\":\"\\ud800\",\"out_of_scope\":true}\n{}")
	f.Add("\ufeff\n[]")
	f.Fuzz(func(t *testing.T, in string) {
		qs, err := Read(strings.NewReader(in))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("error without a line: %v", err)
			}
			return
		}
		for _, q := range qs {
			if err := q.check(); err != nil {
				t.Errorf("kept a question that breaks the rules: %v", err)
			}
		}
	})
}
