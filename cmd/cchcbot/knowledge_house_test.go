package main

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"cchcbot/bot/sqldb"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/vietnamese"
)

// TestFindingsAreToldInWords: what the check finds in an entry of the console is told by words of the catalog, and
// what the national list says otherwise does not hold up a change of law.
func TestFindingsAreToldInWords(t *testing.T) {
	cfg := filled(t)
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(cfg.Data, databaseFile)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list := sync.OnceValues(content.National)
	base, err := entries.Get(t.Context(), db.Read(), "1.001193")
	if err != nil {
		t.Fatal(err)
	}
	other, err := entries.Get(t.Context(), db.Read(), "1.000656")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*knowledge.Entry)
		words  string
		bad    bool
	}{
		"as it ships":         {func(*knowledge.Entry) {}, "", false},
		"no summary":          {func(e *knowledge.Entry) { e.Summary = "" }, "procedures.finding_empty", true},
		"few names":           {func(e *knowledge.Entry) { e.Aliases = e.Aliases[:1] }, "procedures.finding_few", true},
		"a name twice":        {func(e *knowledge.Entry) { e.Aliases = append(e.Aliases, e.Aliases[0]) }, "procedures.finding_twice", true},
		"another's name":      {func(e *knowledge.Entry) { e.Aliases = append(e.Aliases, other.Aliases[0]) }, "procedures.finding_shared", true},
		"a long sentence":     {func(e *knowledge.Entry) { e.Summary = long(30) + "." }, "procedures.finding_long", false},
		"a phone number":      {func(e *knowledge.Entry) { e.Time = "gọi 0912 345 678" }, "procedures.finding_phone", true},
		"an unknown heir":     {func(e *knowledge.Entry) { e.ReplacedBy = []string{"9.9"} }, "procedures.finding_unknown", true},
		"a hidden letter":     {func(e *knowledge.Entry) { e.Time = "ba\u200bngày" }, "procedures.finding_hidden", false},
		"a fee of its own":    {func(e *knowledge.Entry) { e.Fee = "12.345 đồng" }, "procedures.finding_national_fee", false},
		"another name":        {func(e *knowledge.Entry) { e.Name = "Khai sinh" }, "procedures.finding_national_name", false},
		"it ends":             {func(e *knowledge.Entry) { e.Status, e.Summary = knowledge.Abolished, "" }, "procedures.finding_empty", false},
		"nothing is left":     {func(e *knowledge.Entry) { e.Summary, e.Aliases, e.Fee = "", nil, "" }, "procedures.finding_empty", true},
		"nobody wrote this":   {func(e *knowledge.Entry) { e.Code, e.Summary, e.Aliases, e.Fee = "9.999999", "", nil, "" }, "", false},
		"a name alone":        {func(e *knowledge.Entry) { e.Code, e.Summary, e.Aliases = "9.999999", "", []string{"zorbal bị mất"} }, "", false},
		"a name, not alone":   {func(e *knowledge.Entry) { e.Code, e.Summary, e.Aliases = "9.999999", "", other.Aliases[:1] }, "procedures.finding_shared", true},
		"another's, toneless": {func(e *knowledge.Entry) { e.Aliases = append(e.Aliases, vietnamese.Fold(other.Aliases[0])+" !") }, "procedures.finding_shared", true},
		"an official name":    {func(e *knowledge.Entry) { e.Aliases = append(e.Aliases, other.Name) }, "procedures.finding_shared", true},
	} {
		t.Run(name, func(t *testing.T) {
			e := entries.Copy(base)
			tt.change(e)
			got, err := checkEntry(t.Context(), db.Read(), list, e)
			if err != nil {
				t.Fatal(err)
			}
			if tt.words == "" && len(got) > 0 {
				t.Errorf("found %+v", got)
			}
			if tt.words != "" && !slices.ContainsFunc(got, func(f entries.Finding) bool { return f.Words == tt.words && f.Error == tt.bad }) {
				t.Errorf("found %+v, want %s", got, tt.words)
			}
			for _, f := range got {
				if f.Words == "procedures.finding_other" {
					t.Errorf("%v has no words of its own", f.Args)
				}
			}
		})
	}
}

// TestASharedNameThatAQuestionSplits: two procedures may be called alike where the bot asks which is meant.
func TestASharedNameThatAQuestionSplits(t *testing.T) {
	first, again := &knowledge.Entry{Code: "9.1", Name: "Cấp giấy phép thí dụ", Aliases: []string{"phép thí dụ"}}, &knowledge.Entry{Code: "9.2", Name: "Cấp lại giấy phép thí dụ", Aliases: []string{"phép thí dụ"}}
	one, other := &knowledge.Entry{Code: "9.3", Name: "Nuôi tôm", Aliases: []string{"nuôi"}}, &knowledge.Entry{Code: "9.4", Name: "Nuôi cua", Aliases: []string{"nuôi"}}
	for _, tt := range []struct {
		pair []*knowledge.Entry
		bad  bool
	}{{[]*knowledge.Entry{first, again}, false}, {[]*knowledge.Entry{one, other}, true}} {
		found := content.Check(tt.pair, content.CheckOptions{Curated: content.IsWritten, Fold: vietnamese.Fold, Splits: splitsOf(tt.pair, time.Now)})
		if content.HasErrors(found) != tt.bad {
			t.Errorf("%s and %s: %v", tt.pair[0].Name, tt.pair[1].Name, found)
		}
	}
}

// long is a sentence of n words.
func long(n int) (s string) {
	for range n {
		s += "chữ "
	}
	return s[:len(s)-1]
}
