package index_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/knowledge"
	"cchcbot/knowledge/index"

	"github.com/goccy/go-yaml"
)

// small is an index over testdata/entries.yaml. Its entries lack the everyday names of the
// real ones, so that the open wishes would win where they should not.
func small(t testing.TB) *index.Index {
	t.Helper()
	x, err := index.New(smallEntries(t), index.Options{Without: index.OpenWishes})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func smallEntries(t testing.TB) []*knowledge.Entry {
	t.Helper()
	data, err := os.ReadFile("testdata/entries.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var entries []*knowledge.Entry
	if err := yaml.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestQuestions is the whole path on questions of every kind. want is the code
// of the first hit, or of all hits of a choice; "" for a question out of scope.
func TestQuestions(t *testing.T) {
	x := small(t)
	for _, c := range []struct {
		question, context string
		outcome           knowledge.Outcome
		facet             knowledge.Facet
		want              string
	}{
		// Topic and facet apart, with and without tones.
		{"đăng ký khai sinh", "", "answer", "overview", "1.001193"},
		{"lam giay khai sinh cho con can nhung gi", "", "answer", "documents", "1.001193"},
		{"lệ phí đăng ký kết hôn", "", "answer", "fee", "1.000894"},
		{"ket hon can giay to gi", "", "answer", "documents", "1.000894"},
		{"lệ phí đăng ký kết hôn với người nước ngoài", "", "answer", "fee", "2.000806"},
		{"le phi dang ky ket hon voi nguoi nuoc ngoai", "", "answer", "fee", "2.000806"},
		{"sang tên sổ đỏ mất bao lâu", "", "answer", "time", "1.115619"},
		{"sang ten so do mat bao lau", "", "answer", "time", "1.115619"},
		{"đăng ký tạm trú nộp ở đâu", "", "answer", "where", "1.004194"},
		{"đăng ký tạm trú online được không", "", "answer", "online", "1.004194"},
		{"mẫu đơn nào để tách hộ", "", "answer", "forms", "1.010038"},
		{"đăng ký thường trú căn cứ luật nào", "", "answer", "legal", "1.004222"},
		{"ai được hưởng trợ cấp khuyết tật", "", "answer", "conditions", "1.001776"},
		{"đăng ký khai sinh xong nhận được gì", "", "answer", "result", "1.001193"},
		{"các bước chấm dứt hộ kinh doanh", "", "answer", "steps", "1.001266"},
		{"khai tử mất mấy ngày", "", "answer", "time", "1.000656"},
		{"khai lệ phí trước bạ", "", "answer", "overview", "1.007277"},
		// Actions: lost is not "takes".
		{"thu tuc cap lai the can cuoc bi mat", "", "answer", "overview", "1.014064"},
		{"mất căn cước thì làm sao", "", "answer", "steps", "1.014064"},
		{"đổi thẻ căn cước mất bao lâu", "", "answer", "time", "1.014063"},
		{"làm lại bằng lái bị mất", "", "answer", "overview", "3.000348"},
		{"thi bằng lái xe", "", "answer", "overview", "3.000346"},
		{"mất sổ đỏ", "", "answer", "overview", "1.115621"},
		{"làm sổ đỏ lần đầu", "", "answer", "overview", "1.115620"},
		// Circumstances: the plain procedure unless the question says otherwise.
		{"đăng ký kết hôn", "", "answer", "overview", "1.000894"},
		{"đăng ký lại kết hôn", "", "answer", "overview", "1.004746"},
		{"đăng ký khai sinh lưu động", "", "answer", "overview", "1.003583"},
		{"làm căn cước cho con", "", "answer", "overview", "1.014062"},
		{"con tôi 15 tuổi làm thẻ căn cước", "", "answer", "overview", "1.014061"},
		{"làm thẻ căn cước cho bé 6 tuổi", "", "answer", "overview", "1.014062"},
		// Everyday words, abbreviations, dialect, misspelling, typing left-overs.
		{"giấy độc thân", "", "answer", "overview", "1.004873"},
		{"làm gks cho con cần j", "", "answer", "documents", "1.001193"},
		{"cấp lại gplx", "", "answer", "overview", "3.000348"},
		{"nhập hộ khẩu cho vợ", "", "answer", "overview", "1.004222"},
		{"bố tôi mất cần giấy tờ gì", "", "answer", "documents", "1.000656"},
		{"mở quán ăn cần đăng ký gì", "", "answer", "overview", "1.001612"},
		{"tui ưng mần tạm trú", "", "answer", "overview", "1.004194"},
		{"đăng kí kết hôn o mô", "", "answer", "overview", "1.000894"},
		{"ddang kys keets hoon", "", "answer", "overview", "1.000894"},
		{"d9a8ng ky1 ke6t1 ho6n", "", "answer", "overview", "1.000894"},
		{"sao y bản chính giấy tờ", "", "answer", "documents", "2.000815"},
		{"Hoà giải tranh chấp đất", "", "answer", "overview", "1.012812"},
		// A story: the wish counts, not what led to it.
		{"Vợ chồng tôi cưới năm ngoái, đã đăng ký kết hôn ở quê, nay vợ tôi mới sinh cháu được một tuần. Tôi muốn làm giấy khai sinh cho cháu thì cần giấy tờ gì?", "", "answer", "documents", "1.001193"},
		// A code.
		{"cho hỏi thủ tục 1.012812 mất bao lâu", "", "answer", "time", "1.012812"},
		// Several procedures, one circumstance apart: ask.
		{"làm căn cước", "", "choose", "overview", "1.014061 1.014062"},
		{"mất giấy khai sinh", "", "choose", "overview", "2.000635 1.004884"},
		{"sang tên", "", "choose", "overview", "1.115619 1.013076"},
		// Follow-ups.
		{"thế mất mấy ngày?", "1.000894", "answer", "time", "1.000894"},
		{"ở đâu?", "1.000894", "answer", "where", "1.000894"},
		{"còn phí thì sao", "1.001193", "answer", "fee", "1.001193"},
		{"con phi thi sao", "1.001193", "answer", "fee", "1.001193"},
		{"thế nộp ở đâu?", "1.115619", "answer", "where", "1.115619"},
		{"còn online?", "1.001193", "answer", "online", "1.001193"},
		{"con online", "1.001193", "answer", "online", "1.001193"},
		{"còn thời gian?", "1.001193", "answer", "time", "1.001193"},
		{"còn mấy ngày", "1.001193", "answer", "time", "1.001193"},
		{"còn giấy tờ?", "1.001193", "answer", "documents", "1.001193"},
		{"còn nộp ở đâu", "1.001193", "answer", "where", "1.001193"},
		{"với lại làm online thì sao", "1.001193", "answer", "online", "1.001193"},
		{"và lệ phí nữa", "1.001193", "answer", "fee", "1.001193"},
		{"bao lâu thì được nhận", "1.001193", "answer", "time", "1.001193"},
		{"ở xã làm được không", "1.001193", "answer", "where", "1.001193"},
		{"o xa lam dc k", "1.001193", "answer", "where", "1.001193"},
		{"con 10 tuổi", "1.004859", "answer", "overview", "1.004859"},
		{"ai chứng nhận", "1.001776", "answer", "where", "1.001776"},
		{"còn đăng ký tạm trú?", "1.001193", "answer", "overview", "1.004194"},
		{"can giay to gi", "1.004194", "answer", "documents", "1.004194"},
		{"thủ tục này làm online được không", "2.001194", "answer", "online", "2.001194"},
		{"với người nước ngoài thì sao?", "1.000894", "answer", "overview", "2.000806"},
		{"đăng ký tạm trú ở đâu?", "1.000894", "answer", "where", "1.004194"},
		{"ở đâu?", "", "unknown", "where", ""},
		{"thế mất mấy ngày?", "no-such-code", "unknown", "time", ""},
		// Not ours.
		{"mấy giờ xe buýt số 2 chạy", "", "unknown", "", ""},
		{"thời tiết hôm nay", "", "unknown", "", ""},
		{"giá vàng", "", "unknown", "", ""},
		{"gia vang hom nay", "", "unknown", "", ""},
		{"nấu phở bò thế nào", "", "unknown", "", ""},
		{"kết quả bóng đá tối qua", "", "unknown", "", ""},
		{"thủ tục", "", "unknown", "", ""},
		{"", "", "unknown", "", ""},
		{"??? 👍", "", "unknown", "", ""},
	} {
		f := x.Search(knowledge.Query{Text: c.question, Context: c.context})
		var codes []string
		for _, h := range f.Hits {
			codes = append(codes, h.Entry.Code)
		}
		want := strings.Fields(c.want)
		bad := f.Outcome != c.outcome || c.facet != "" && f.Facet != c.facet
		switch {
		case c.outcome == knowledge.Answer:
			bad = bad || len(codes) == 0 || codes[0] != c.want
		case c.outcome == knowledge.Choose:
			for _, w := range want {
				bad = bad || !strings.Contains(strings.Join(codes, " "), w)
			}
			bad = bad || len(codes) < 2 || len(codes) > 6
		}
		if bad {
			t.Errorf("%q: %s %s %v, want %s %s %s", c.question, f.Outcome, f.Facet, codes, c.outcome, c.facet, c.want)
		}
	}
}

func TestAFollowUpSaysSo(t *testing.T) {
	x := small(t)
	f := x.Search(knowledge.Query{Text: "thế mất mấy ngày?", Context: "1.000894"})
	if !f.FollowUp || len(f.Hits) != 1 || f.Hits[0].Score != 1 {
		t.Errorf("follow-up: %+v", f)
	}
	if f := x.Search(knowledge.Query{Text: "đăng ký khai sinh mất mấy ngày?", Context: "1.000894"}); f.FollowUp {
		t.Errorf("a question with its own topic is no follow-up: %+v", f)
	}
	if f := x.Search(knowledge.Query{Text: "thế mất mấy ngày?"}); len(f.Hits) != 0 {
		t.Errorf("a facet without a topic finds nothing: %+v", f)
	}
}

func TestRecordsOfOneProcedureAreOneHit(t *testing.T) {
	x := small(t)
	f := x.Search(knowledge.Query{Text: "cấp đổi thẻ căn cước"})
	if len(f.Hits) == 0 || f.Hits[0].Entry.Code != "1.014063" || len(f.Hits[0].Family) != 2 {
		t.Fatalf("family: %+v", f)
	}
	for _, h := range f.Hits[1:] {
		for _, twin := range []string{"1.000889", "2.001195"} {
			if h.Entry.Code == twin {
				t.Errorf("%s comes as a hit of its own", twin)
			}
		}
	}
	f = x.Search(knowledge.Query{Text: "cấp đổi thẻ căn cước tại cấp tỉnh"})
	if len(f.Hits) == 0 || f.Hits[0].Entry.Code != "2.001195" {
		t.Errorf("the level that the question names is shown: %+v", f.Hits)
	}
}

func TestEntriesNoLongerInForceAreReachedButYield(t *testing.T) {
	x := small(t)
	f := x.Search(knowledge.Query{Text: "cấp sổ lâm bạ cho thợ săn"})
	if f.Outcome != knowledge.Answer || f.Hits[0].Entry.Code != "9.000002" {
		t.Errorf("abolished: %+v", f)
	}
	if f = x.Search(knowledge.Query{Text: "cấp giấy chứng minh nhân dân cho người cao tuổi"}); f.Hits[0].Entry.Code != "9.000001" {
		t.Errorf("replaced: %+v", f)
	}
	for _, e := range x.InField("Lâm nghiệp") {
		t.Errorf("abolished entry listed: %s", e.Code)
	}
	if _, ok := x.ByCode("9.000002"); !ok {
		t.Error("an abolished entry has its page")
	}
	entries := smallEntries(t)
	entries[0].ValidTo = "2026-01-01"
	late, err := index.New(entries, index.Options{Day: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range late.InField("Hộ tịch") {
		if e.Code == entries[0].Code {
			t.Error("an entry past its last day is listed")
		}
	}
}

func TestFieldsAndLists(t *testing.T) {
	x := small(t)
	fields := x.Fields()
	if len(fields) == 0 || fields[0] != (knowledge.FieldCount{Field: "Hộ tịch", Count: 12}) {
		t.Errorf("fields: %+v", fields)
	}
	list := x.InField("Hộ tịch")
	if len(list) != 12 || len(list[0].Aliases) == 0 {
		t.Errorf("list: %d, first %v", len(list), list[0].Code)
	}
	list[0] = nil // the caller's copy
	if x.InField("Hộ tịch")[0] == nil {
		t.Error("the caller changed the index")
	}
}

func TestTheFieldAskedForIsPreferred(t *testing.T) {
	x := small(t)
	for field, code := range map[string]string{"Đất đai": "1.115619", "Phương tiện giao thông": "1.013076"} {
		f := x.Search(knowledge.Query{Text: "sang tên", Field: field})
		if f.Outcome != knowledge.Answer || f.Hits[0].Entry.Code != code {
			t.Errorf("%s: %+v", field, f.Hits)
		}
	}
}

func TestNewRefusesWhatItCannotIndex(t *testing.T) {
	ok := &knowledge.Entry{Code: "1.1", Name: "Tách hộ"}
	for name, entries := range map[string][]*knowledge.Entry{
		"nothing": nil, "nil": {nil}, "no code": {{Name: "x"}}, "no name": {{Code: "x"}}, "twice": {ok, ok},
		"too many": make([]*knowledge.Entry, index.MaxEntries+1),
	} {
		if _, err := index.New(entries, index.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := index.New([]*knowledge.Entry{{Code: "1", Name: "…"}}, index.Options{}); err != nil {
		t.Errorf("a name without letters is only never found: %v", err)
	}
}

func TestHugeAndHostileQuestions(t *testing.T) {
	x := small(t)
	for name, text := range map[string]string{
		"10,000 letters":   strings.Repeat("đăng ký kết hôn có mất phí không ", 320)[:10000],
		"one long word":    strings.Repeat("a", 10000),
		"all digits":       strings.Repeat("1.", 5000),
		"all codes":        strings.Repeat("1.001193 ", 1100),
		"zalgo":            "k" + strings.Repeat("\u0301", 5000) + "ết hôn",
		"invalid bytes":    strings.Repeat("\xff\xfe", 5000),
		"nul and bidi":     "đăng\x00 ký \u202ekết hôn",
		"markup":           "<script>alert('đăng ký')</script> **kết hôn**",
		"an English text":  "how can I register my marriage here",
		"sql and patterns": "' OR 1=1 -- %s %d {{.}} ../../etc",
	} {
		f := x.Search(knowledge.Query{Text: text, Limit: 1000})
		if len(f.Hits) > 20 {
			t.Errorf("%s: %d hits", name, len(f.Hits))
		}
	}
	if f := x.Search(knowledge.Query{Text: "đăng\x00 ký \u202ekết hôn"}); f.Hits[0].Entry.Code != "1.000894" {
		t.Errorf("invisible characters hide a question: %+v", f)
	}
}

func TestManyReadersAtOnce(t *testing.T) {
	x := small(t)
	questions := []string{"đăng ký kết hôn", "mat so do", "làm căn cước", "giá vàng", "tách hộ ở đâu"}
	want := map[string]string{}
	for _, q := range questions {
		want[q] = fmt.Sprintf("%+v", codes(x.Search(knowledge.Query{Text: q})))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 50 {
				q := questions[i%len(questions)]
				if got := fmt.Sprintf("%+v", codes(x.Search(knowledge.Query{Text: q}))); got != want[q] {
					t.Errorf("%q: %s, alone %s", q, got, want[q])
				}
			}
		})
	}
	wg.Wait()
}

func codes(f knowledge.Found) []string {
	out := []string{string(f.Outcome), string(f.Facet)}
	for _, h := range f.Hits {
		out = append(out, h.Entry.Code, fmt.Sprint(h.Score))
	}
	return out
}

func FuzzSearch(f *testing.F) {
	x := small(f)
	for _, s := range []string{"", "đăng ký kết hôn", "lam can cuoc o dau", "1.001193", "ddang kys", "\xff\x00", "sang tên sổ đỏ mất bao lâu?",
		"mất . , mất", "khi đăng ký khi làm", "theo thông tư 04/2024/TT-BTP"} {
		f.Add(s, "1.000894", "Hộ tịch", 5)
	}
	f.Fuzz(func(t *testing.T, text, context, field string, limit int) {
		found := x.Search(knowledge.Query{Text: text, Context: context, Field: field, Limit: limit})
		most := 5
		if limit > 0 {
			most = min(limit, 20)
		}
		if len(found.Hits) > most {
			t.Errorf("%d hits, limit %d", len(found.Hits), limit)
		}
		for i, h := range found.Hits {
			if h.Entry == nil || math.IsNaN(h.Score) || h.Score < 0 || h.Score > 1 || i > 0 && h.Score > found.Hits[i-1].Score {
				t.Errorf("hit %d: %+v", i, h)
			}
		}
		switch found.Outcome {
		case knowledge.Answer, knowledge.Choose:
			if len(found.Hits) == 0 {
				t.Errorf("%s without a hit", found.Outcome)
			}
		case knowledge.Unknown:
		default:
			t.Errorf("outcome %q", found.Outcome)
		}
	})
}
