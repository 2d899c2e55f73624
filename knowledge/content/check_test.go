package content

import (
	"slices"
	"strings"
	"testing"

	"cchcbot/knowledge"

	"golang.org/x/text/unicode/norm"
)

// curatedEntry meets every rule; the tests break one at a time.
func curatedEntry(code string) *knowledge.Entry {
	return &knowledge.Entry{
		Code: code, Name: "Thủ tục " + code, Agency: "UBND cấp xã", Summary: "Làm giấy. Ai cũng làm được.",
		Aliases:   []string{"làm giấy " + code, "xin giấy " + code, "giấy " + code},
		Documents: []knowledge.Document{{Name: "Tờ khai"}}, Time: "3 ngày làm việc", Fee: "Miễn phí",
		LegalBasis: []string{"Nghị định số 123/2015/NĐ-CP ngày 15/11/2015"}, SourceURL: "https://example.vn/0912345678", Updated: "2026-07-01",
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		change func(*knowledge.Entry)
		want   string // severity, field and a piece of the text; "" for no finding
	}{
		"nothing wrong":       {func(e *knowledge.Entry) {}, ""},
		"no summary":          {func(e *knowledge.Entry) { e.Summary = "" }, "error summary is empty"},
		"two aliases":         {func(e *knowledge.Entry) { e.Aliases = e.Aliases[:2] }, "error aliases has 2"},
		"alias twice":         {func(e *knowledge.Entry) { e.Aliases[1] = "  Làm GIẤY a1 " }, "error aliases stands twice"},
		"alias of another":    {func(e *knowledge.Entry) { e.Aliases[1] = "làm giấy b2" }, "error aliases also an alias of b2"},
		"alias without tones": {func(e *knowledge.Entry) { e.Aliases[1] = "lam giay A1!" }, "error aliases stands twice"},
		"alias, other spaces": {func(e *knowledge.Entry) { e.Aliases[1] = "Làm  giay, b2" }, "error aliases also an alias of b2"},
		"name of another":     {func(e *knowledge.Entry) { e.Aliases[1] = "thu tuc B2" }, "error aliases also the name of b2"},
		"its own name":        {func(e *knowledge.Entry) { e.Aliases[1] = "Thủ tục A1" }, ""},
		"no papers":           {func(e *knowledge.Entry) { e.Documents = nil }, "error documents is empty"},
		"says no papers":      {func(e *knowledge.Entry) { e.Documents[0].Name = "Không cần nộp giấy tờ" }, ""},
		"no time":             {func(e *knowledge.Entry) { e.Time = "" }, "error time is empty"},
		"no fee":              {func(e *knowledge.Entry) { e.Fee = "" }, "error fee is empty"},
		"no agency":           {func(e *knowledge.Entry) { e.Agency = "" }, "error agency is empty"},
		"no source":           {func(e *knowledge.Entry) { e.SourceURL = "" }, "error source_url is empty"},
		"no date":             {func(e *knowledge.Entry) { e.Updated = "" }, "error updated is empty"},
		"no law":              {func(e *knowledge.Entry) { e.LegalBasis = nil }, "error legal_basis is empty"},
		"explainer": {func(e *knowledge.Entry) {
			e.Kind, e.Documents, e.Time, e.Fee, e.Agency = knowledge.Explainer, nil, "", "", ""
		}, ""},
		"invalid":             {func(e *knowledge.Entry) { e.Updated = "hôm qua" }, "error updated is not a date"},
		"replaced by nothing": {func(e *knowledge.Entry) { e.ReplacedBy = []string{"c3"} }, "error replaced_by names \"c3\""},
		"replaced by another": {func(e *knowledge.Entry) { e.Status, e.ReplacedBy = knowledge.Replaced, []string{"b2"} }, ""},
		"replaced by known":   {func(e *knowledge.Entry) { e.ReplacedBy = []string{"elsewhere"} }, ""},
		"verified, no day":    {func(e *knowledge.Entry) { e.VerifiedBy = "x" }, "error verified_at is empty"},
		"verified by nobody":  {func(e *knowledge.Entry) { e.VerifiedAt = "2026-07-01" }, "error verified_by is empty"},
		"mobile number":       {func(e *knowledge.Entry) { e.Steps = []knowledge.Step{{Text: "Gọi 0912 345 678 trước"}} }, "error steps.text looks like a phone"},
		"landline":            {func(e *knowledge.Entry) { e.Agency = "UBND (0220.3853.123)" }, "error agency looks like a phone"},
		"abroad form":         {func(e *knowledge.Entry) { e.Agency = "+84912345678" }, "error agency looks like a phone"},
		"service line":        {func(e *knowledge.Entry) { e.Fee = "Hỏi 1900 9095" }, "error fee looks like a phone"},
		"amounts and laws": {func(e *knowledge.Entry) {
			e.Fee = "1.234.567.890 đồng; Luật 60/2014/QH13, mẫu 01-2024, từ 01/07/2026 đến 2026-07-01, 8000 đồng"
		}, ""},
		"long sentence": {func(e *knowledge.Entry) { e.Summary = "Ngắn. " + strings.Repeat("chữ ", 26) }, "warning summary has 26 words"},
		"long but two": {func(e *knowledge.Entry) {
			e.Summary = strings.Repeat("chữ ", 24) + "hết. " + strings.Repeat("chữ ", 20)
		}, ""},
		"not NFC":               {func(e *knowledge.Entry) { e.Steps = []knowledge.Step{{Text: norm.NFD.String("giấy tờ")}} }, "error steps.text NFC"},
		"hidden character":      {func(e *knowledge.Entry) { e.Name = "a\u202eb" }, "warning name U+202E"},
		"code of another entry": {func(e *knowledge.Entry) { e.Code = "b2" }, "error code is used by 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := curatedEntry("a1")
			tt.change(e)
			opt := CheckOptions{Fold: toneless, NFC: norm.NFC.IsNormalString, Known: func(code string) bool { return code == "elsewhere" }}
			found := Check([]*knowledge.Entry{curatedEntry("b2"), e}, opt)
			if tt.want == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			parts := strings.SplitN(tt.want, " ", 3)
			if !slices.ContainsFunc(found, func(f Finding) bool {
				return string(f.Severity) == parts[0] && f.Field == parts[1] && strings.Contains(f.Text, parts[2]) && f.Code == e.Code
			}) {
				t.Errorf("found %v, want %s", found, tt.want)
			}
			if HasErrors(found) != (parts[0] == "error") {
				t.Errorf("HasErrors is wrong for %v", found)
			}
		})
	}
}

// toneless stands for vietnamese.Fold.
func toneless(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r > 0x2ff {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// An everyday name that answers a question is all that an entry of the national file got: it need only be its own.
func TestAnAliasAloneNeedsNoSummary(t *testing.T) {
	e := &knowledge.Entry{Code: "1.000001", Name: "Một", Aliases: []string{"một mình"}}
	if found := Check([]*knowledge.Entry{curatedEntry("a1"), e}, CheckOptions{Curated: IsWritten}); len(found) > 0 {
		t.Errorf("found %v", found)
	}
	e.Aliases[0] = "Làm giấy A1"
	if found := Check([]*knowledge.Entry{curatedEntry("a1"), e}, CheckOptions{Curated: IsWritten}); len(found) != 1 || found[0].Code != e.Code {
		t.Errorf("found %v, want a shared name", found)
	}
}

func TestImportedEntriesNeedOnlyCodeAndName(t *testing.T) {
	entries := []*knowledge.Entry{{Code: "1.000001", Name: "Một", Agency: "UBND (0220.3853.123)"}, {Code: "1.000002"}, {Code: "1.000003", Name: "Ba", Summary: "Có."}}
	found := Check(entries, CheckOptions{Curated: IsWritten})
	var codes []string
	for _, f := range found {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	if !slices.Equal(codes, []string{"1.000002", "1.000003"}) {
		t.Errorf("found %v", found)
	}
}
