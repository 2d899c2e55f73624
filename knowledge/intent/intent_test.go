package intent

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
)

func classifier(t testing.TB) *Classifier {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type example struct {
	kind Kind
	text string
	line int
}

func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("testdata/intent.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kinds := []Kind{Question, Complaint, Denunciation, FormalComplaint, FeedbackStatus, DossierStatus, PortalHelp, News,
		Hotline, Office, Person, Help, Greeting, Thanks, Bye, Ack, Abuse, Emergency, English, Empty, Gibberish}
	var out []example
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		if strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		kind, text, ok := strings.Cut(sc.Text(), "\t")
		if !ok || !slices.Contains(kinds, Kind(kind)) {
			t.Fatalf("intent.tsv line %d: want a kind, a tab and a text", n)
		}
		out = append(out, example{Kind(kind), text, n})
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// The labelled examples, as written and with their tones taken away. The
// thresholds are below what is reached, so that a small change does not fail,
// except where a mistake does harm.
func TestLabelledExamples(t *testing.T) {
	c, ex := classifier(t), examples(t)
	if len(ex) < 250 {
		t.Fatalf("%d examples, want at least 250", len(ex))
	}
	for _, form := range []struct {
		name  string
		of    func(string) string
		least float64
	}{
		{"as written", func(s string) string { return s }, 0.97},
		{"without tones", vietnamese.Fold, 0.92},
		{"in capitals", strings.ToUpper, 0.95},
	} {
		t.Run(form.name, func(t *testing.T) {
			right, confusion, missed, alarms := 0, map[string]int{}, 0, 0
			for _, e := range ex {
				got := c.Classify(form.of(e.text)).Kind
				if got == e.kind {
					right++
					continue
				}
				confusion[fmt.Sprintf("%s taken for %s", e.kind, got)]++
				t.Logf("line %d: %s taken for %s: %q", e.line, e.kind, got, form.of(e.text))
				if (e.kind == Denunciation || e.kind == Emergency) && got != Denunciation && got != Emergency {
					missed++
				}
				if e.kind == Question && (got == Denunciation || got == Emergency || got == Abuse) {
					alarms++
				}
			}
			for _, k := range slices.Sorted(maps.Keys(confusion)) {
				t.Logf("%3d %s", confusion[k], k)
			}
			share := float64(right) / float64(len(ex))
			t.Logf("%d of %d right (%.1f %%)", right, len(ex), 100*share)
			if share < form.least {
				t.Errorf("%.3f right, want at least %.3f", share, form.least)
			}
			if form.name == "as written" && (missed > 0 || alarms > 0) {
				t.Errorf("%d denunciations or emergencies missed, %d questions taken for one; want none", missed, alarms)
			}
		})
	}
}

func TestRestIsTheMessageWithoutGreeting(t *testing.T) {
	c := classifier(t)
	for text, want := range map[string]string{
		"chào em cho hỏi làm khai sinh":                 "làm khai sinh",
		"cảm ơn, thế còn phí?":                          "thế còn phí?",
		"Dạ em chào anh chị ạ, cho em hỏi tách hộ khẩu": "tách hộ khẩu",
		"chao ad cho minh hoi lam can cuoc":             "lam can cuoc",
		"ok em làm khai sinh thì cần gì":                "làm khai sinh thì cần gì",
		"không, tôi hỏi khai tử":                        "tôi hỏi khai tử",
		"không có sổ đỏ thì sao":                        "không có sổ đỏ thì sao",
		"anh trai tôi mất thì khai tử ở đâu":            "anh trai tôi mất thì khai tử ở đâu",
		"em muốn làm căn cước":                          "em muốn làm căn cước",
		"chào em":                                       "",
		"👍":                                             "",
		"  làm\u00a0hộ  chiếu ":                         "làm hộ chiếu",
	} {
		if got := c.Classify(text).Rest; got != want {
			t.Errorf("rest of %q = %q, want %q", text, got, want)
		}
	}
}

func TestHints(t *testing.T) {
	c := classifier(t)
	for text, want := range map[string]Result{
		"cháy nhà rồi cứu với":                                   {Kind: Emergency, Hint: Fire},
		"cần xe cấp cứu gấp":                                     {Kind: Emergency, Hint: Medical},
		"tôi muốn tự tử":                                         {Kind: Emergency, Hint: Medical},
		"trước cổng trường đang đánh nhau":                       {Kind: Emergency, Hint: Police},
		"hàng xóm bạo hành trẻ em":                               {Kind: Emergency, Hint: Child},
		"cứu tôi với":                                            {Kind: Emergency, Hint: ""},
		"cán bộ một cửa thái độ hách dịch":                       {Kind: Complaint, Hint: Conduct},
		"đường thôn tôi hỏng, rác không ai dọn":                  {Kind: Complaint, Hint: Scene},
		"đèn đường hỏng 3 hôm rồi ở phường Ái Quốc":              {Kind: Complaint, Hint: Scene},
		"den duong hong 3 hom roi o phuong ai quoc":              {Kind: Complaint, Hint: Scene},
		"tôi muốn phản ánh đường làng đầy ổ gà":                  {Kind: Complaint, Hint: Scene},
		"quy định phải nộp bản gốc là vô lý":                     {Kind: Complaint, Hint: Rule},
		"thủ tục xác nhận cư trú rườm rà quá":                    {Kind: Complaint, Hint: Rule},
		"tôi muốn khen cán bộ phường":                            {Kind: Complaint, Hint: Praise},
		"cảm ơn cán bộ một cửa phường Thành Đông rất nhiệt tình": {Kind: Complaint, Hint: Praise},
		"tôi muốn góp ý xã nên mở cửa thứ bảy":                   {Kind: Complaint, Hint: Idea},
		"xin kiến nghị xã cho xây thêm lớp mầm non":              {Kind: Complaint, Hint: Petition},
		"phản ánh": {Kind: Complaint},
		"tôi muốn tố giác tội phạm ma túy ở xóm tôi":      {Kind: Denunciation, Hint: Crime},
		"toi muon to giac nguoi hang xom trong can sa":    {Kind: Denunciation, Hint: Crime},
		"tôi tố cáo thằng hàng xóm trộm cắp":              {Kind: Denunciation, Hint: Crime},
		"tôi muốn tố giác cán bộ xã nhận hối lộ":          {Kind: Denunciation, Hint: ""},
		"tố cáo ông Nguyễn Văn B chủ tịch xã nhận hối lộ": {Kind: Denunciation, Hint: ""},
		"phản ánh k7m3-9qx2 đến đâu rồi":                  {Kind: FeedbackStatus, Hint: "K7M3-9QX2"},
		"k7m3 9qx2": {Kind: FeedbackStatus, Hint: "K7M3-9QX2"},
		"kdmt 2222": {Kind: FeedbackStatus, Hint: "KDMT-2222"},
		"k7m3abcd":  {Kind: FeedbackStatus, Hint: "K7M3-ABCD"},
		"tôi bị lừa đảo 50 triệu qua mạng": {Kind: Denunciation, Hint: Crime},
		"thứ 7 có làm việc không":          {Kind: Office, Hint: Hours},
		"sang tên xe biển 34B1-1234":       {Kind: Question},
		"số 2021-2025":                     {Kind: Question},
	} {
		got := c.Classify(text)
		if got.Kind != want.Kind || got.Hint != want.Hint {
			t.Errorf("%q is %s %q, want %s %q", text, got.Kind, got.Hint, want.Kind, want.Hint)
		}
	}
}

func TestTypingLeftOvers(t *testing.T) {
	c := classifier(t)
	for text, want := range map[string]Kind{
		"tooi muoons toos caso oong truwowngr thoon nhaajn tieefn": Denunciation,
		"lafm giaays khai sinh caafn nhuwxng gif":                  Question,
	} {
		if got := c.Classify(text).Kind; got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// A sentence that matters may stand at the end of a long story.
func TestLongStories(t *testing.T) {
	c := classifier(t)
	filler := strings.Repeat("Gia đình chúng tôi sống ở đây đã nhiều đời và rất quý bà con làng xóm. ", 200)
	if n := utf8.RuneCountInString(filler); n < 10_000 {
		t.Fatalf("the story has %d letters only", n)
	}
	for text, want := range map[string]Kind{
		filler + "Hôm qua cán bộ địa chính vòi tiền tôi 5 triệu.":          Denunciation,
		filler + "Nay tôi muốn tách thửa cho con thì cần giấy tờ gì?":      Question,
		strings.Repeat(filler, 8) + "Ông trưởng thôn ăn chặn tiền của dân": Denunciation,
		strings.Repeat("a", 100_000):       Gibberish,
		strings.Repeat("hồ sơ * ", 20_000): Question,
	} {
		if got := c.Classify(text).Kind; got != want {
			t.Errorf("a text of %d bytes that ends in %.60q is %s, want %s", len(text), text[max(0, len(text)-60):], got, want)
		}
	}
}

func TestClassifierIsSafeForConcurrentUse(t *testing.T) {
	c, ex := classifier(t), examples(t)
	want := make([]Result, len(ex))
	for i, e := range ex {
		want[i] = c.Classify(e.text)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, e := range ex {
				if got := c.Classify(e.text); got != want[i] {
					t.Errorf("line %d: %+v, alone %+v", e.line, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

func TestPhrasesAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"one column":    {"# note\n\nask", "line 3: 1 columns"},
		"four columns":  {"ask\ta\tb\tc", "line 1: 4 columns"},
		"signal":        {"# note\nasks\tở đâu", `line 2: signal "asks" is not known`},
		"empty phrase":  {"ask\tở đâu |  | gì", "line 1: empty phrase"},
		"twice":         {"ask\tở đâu\nask\tgì | ở đâu", `line 2: "ở đâu" stands already in line 1`},
		"no letter":     {"ask\t???", "has no letter"},
		"star in front": {"ask\t* gì", "starts or ends with *"},
		"no tone":       {"ask\t=cho ai", "has no tone"},
		"too long":      {"ask\t" + strings.Repeat("a ", 13), "has 13 words"},
		"two words":     {"english\tgood bye", "is not one word"},
		"word twice":    {"english\tgood | good", "stands already in line 1"},
		"missing":       {"ask\tgì", "has no phrase"},
		"invalid UTF-8": {"ask\t\xff", "line 1: not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(strings.NewReader(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	c := classifier(f)
	for _, s := range []string{"", "chào em cho hỏi làm khai sinh", "cháy nhà", "K7M3-9QX2", "đ*t \x00\xff", "* # = |", "ừ\u0301\u0301\u202e", "\n\n?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := c.Classify(text)
		if r.Kind == "" || r.Confidence <= 0 || r.Confidence > 1 {
			t.Errorf("%+v", r)
		}
		if !utf8.ValidString(r.Rest) || !strings.HasSuffix(vietnamese.Clean(text), r.Rest) {
			t.Errorf("the rest %q is not the end of the message", r.Rest)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("ask\tở đâu | gì\tnote\n# x\nenglish\tthe")
	f.Add("bribe\t=vòi * # triệu")
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := load(strings.NewReader(in)); err != nil && !strings.HasPrefix(err.Error(), "phrases") {
			t.Errorf("error without a place: %v", err)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	c := classifier(b)
	long := strings.Repeat("hôm qua tôi ra xã làm hồ sơ thì cán bộ bảo thiếu giấy tờ, cho tôi hỏi phải làm sao. ", 120)
	for name, text := range map[string]string{
		"short": "lam giay khai sinh cho con can nhung gi", "10,000 letters": long,
		"64 KiB made to be slow": strings.Repeat("tố cáo. ông. có. không. hồ sơ của đòi xin ", 2000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Classify(text)
			}
		})
	}
}
