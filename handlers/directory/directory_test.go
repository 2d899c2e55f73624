package directory

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/words"

	places "cchcbot/knowledge/directory"
)

func TestNewNeedsItsOptions(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("no error without a directory")
	}
}

func TestCatalogsAgree(t *testing.T) {
	w, err := words.Load(texts)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	for _, lang := range words.Langs {
		for _, key := range w.Keys(lang) {
			m, _ := w.Message(lang, key)
			if strings.HasPrefix(key, "directory.button_") || strings.HasPrefix(key, "directory.portal_") {
				if n := len([]rune(m.Text)); n > 20 {
					t.Errorf("%s %s has %d letters, a button at most 20", lang, key, n)
				}
			}
			if strings.Count(m.Text, "Dạ") > 1 {
				t.Errorf("%s %s says Dạ more than once", lang, key)
			}
		}
	}
}

// TestFind asks for offices in one message.
func TestFind(t *testing.T) {
	tests := []struct {
		name, day, text string
		want            []string // parts of the answer
		titles          []string // first buttons, when they matter
	}{
		{"with tones", monday, "UBND phường Cẩm Thượng ở đâu", []string{
			"Phường Cẩm Thượng nay thuộc phường Thành Đông từ 01/07/2025.", "UBND phường Thành Đông\n",
			"Trung tâm Phục vụ hành chính công phường Thành Đông", "số nhà chưa xác nhận", "NQ 1669", "(23/11/2026)"}, nil},
		{"without tones", monday, "ubnd cam thuong o dau", []string{"Phường Cẩm Thượng nay thuộc phường Thành Đông"}, nil},
		{"with its district", monday, "địa chỉ một cửa xã Hồng Phong huyện Ninh Giang", []string{"Xã Hồng Phong nay thuộc xã Khúc Thừa Dụ từ 01/07/2025."}, nil},
		{"a name of before 2019", monday, "/coquan xã Thượng Đạt", []string{"Xã Thượng Đạt nay thuộc phường Thành Đông từ 01/07/2025."}, nil},
		{"a name of today", monday, "/coquan phường Thành Đông", []string{"UBND phường Thành Đông"}, nil},
		{"three of one name", monday, "trụ sở ubnd xã hồng phong ở đâu", []string{"Có vài nơi"},
			[]string{"Xã Hồng Phong, Nam Sách", "Xã Hồng Phong, Ninh Giang", "Xã Hồng Phong, Thanh Miện"}},
		{"divided", monday, "/coquan phường Trần Phú, TP Hải Dương", []string{"Phường Trần Phú đã chia vào nhiều nơi từ 01/07/2025"},
			[]string{"Phường Lê Thanh Nghị", "Phường Tân Hưng"}},
		{"a district of the past", monday, "/coquan huyện Bình Giang", []string{"Huyện Bình Giang không còn từ 01/07/2025"}, nil},
		{"another city", monday, "UBND phường Bến Nghé TP HCM ở đâu", []string{"Nơi này thuộc Thành phố Hồ Chí Minh."}, nil},
		{"our name in another city", monday, "UBND phường Trần Phú Hà Nội ở đâu", []string{"Nơi này thuộc Hà Nội."}, nil},
		{"an unknown name", monday, "UBND xã Abcxyz ở đâu", []string{"chưa tìm thấy", "cần tìm xã, phường nào"}, nil},
		{"no name", monday, "ubnd xã ở đâu", []string{"cần tìm xã, phường nào"}, nil},
		{"a department", monday, "địa chỉ sở tư pháp", []string{"Sở Tư pháp thành phố Hải Phòng", "chưa được xác nhận"}, nil},
		{"a department by a part of its name", "2021-06-01", "địa chỉ sở nông nghiệp ở đâu", []string{"Sở Nông nghiệp và Phát triển nông thôn"}, nil},

		{"2021: the commune is there", "2021-06-01", "UBND phường Cẩm Thượng ở đâu", []string{
			"UBND phường Cẩm Thượng\n", "(một cửa) phường Cẩm Thượng", "07:00-11:30, 13:30-17:00 (đến 31/10)", "Tổng cục Thống kê (01/06/2021)"}, nil},
		{"2021: no merger yet", "2021-06-01", "/coquan xã Thượng Đạt", []string{"Xã Thượng Đạt nay thuộc xã An Thượng.\n"}, nil},
		{"2021: districts are there", "2021-06-01", "/coquan huyện Thanh Miện", []string{"UBND huyện Thanh Miện", "(một cửa) huyện Thanh Miện"}, nil},
		{"2021: a commune of 2025", "2021-06-01", "/coquan xã Nam An Phụ", []string{"Có vài nơi"}, []string{"Xã Cộng Hòa", "Xã Quang Thành"}},
		{"between the mergers", "2025-04-01", "/coquan xã Vũ Dũng", []string{"UBND xã Vũ Dũng", "NQ 1250"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newTalk(t, tt.day, roomy())
			got := k.say(tt.text)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in:\n%s", want, got)
				}
			}
			if titles := k.titles(); len(titles) < len(tt.titles) || !slices.Equal(titles[:len(tt.titles)], tt.titles) {
				t.Errorf("buttons %q, want first %q", titles, tt.titles)
			}
		})
	}
}

func TestNoMergerIsToldBeforeItHappened(t *testing.T) {
	k := newTalk(t, "2021-06-01", roomy())
	for _, text := range []string{"UBND phường Cẩm Thượng ở đâu", "/coquan xã Thượng Đạt", "/coquan xã Cổ Thành"} {
		if got := k.say(text); strings.Contains(got, "2025") || strings.Contains(got, "Hải Phòng") {
			t.Errorf("%q in 2021 tells the future:\n%s", text, got)
		}
	}
}

func TestChoiceIsAnsweredInEveryWay(t *testing.T) {
	const want = "nay thuộc xã Khúc Thừa Dụ"
	ways := map[string]func(k *talk) string{
		"button":            func(k *talk) string { return k.press("Xã Hồng Phong, Ninh Giang") },
		"the district":      func(k *talk) string { return k.say("ninh giang") },
		"name and district": func(k *talk) string { return k.say("Hồng Phong Ninh Giang") },
	}
	for name, way := range ways {
		k := newTalk(t, monday, roomy())
		k.say("/coquan hồng phong")
		if got := way(k); !strings.Contains(got, want) {
			t.Errorf("%s: %q is missing in:\n%s", name, want, got)
		}
		if strings.Contains(string(k.state.data), `"active"`) {
			t.Errorf("%s: the question is still open", name)
		}
	}
	k := newTalk(t, monday, plain())
	k.say("/coquan hồng phong")
	if got := k.say("2"); !strings.Contains(got, want) {
		t.Errorf("number: %q is missing in:\n%s", want, got)
	}
}

func TestDividedAmongOthersIsAskedAgain(t *testing.T) {
	k := newTalk(t, monday, roomy())
	k.say("/coquan trần phú")
	if got := k.press("Phường Trần Phú, TP Hải Dương"); !strings.Contains(got, "đã chia vào nhiều nơi") {
		t.Fatalf("no second question:\n%s", got)
	}
	if got := k.say("tan hung"); !strings.Contains(got, "UBND phường Tân Hưng") {
		t.Errorf("got:\n%s", got)
	}
	k = newTalk(t, monday, roomy())
	k.say("/coquan trần phú")
	if got := k.say("tp hải dương"); !strings.Contains(got, "đã chia vào nhiều nơi") {
		t.Errorf("typed: no second question:\n%s", got)
	}
}

func TestFormTakesNamesAndControls(t *testing.T) {
	k := newTalk(t, monday, roomy())
	if got := k.say("/coquan"); !strings.Contains(got, "cần tìm xã, phường nào") {
		t.Fatal(got)
	}
	if i := slices.IndexFunc(k.buttons, func(b bot.MessageButton) bool { return b.Request == bot.RequestLocation }); i < 0 {
		t.Errorf("no button asks for the location: %q", k.titles())
	}
	if got := k.say("abc def"); !strings.Contains(got, "chưa tìm thấy") || !strings.Contains(got, "cần tìm xã, phường nào") {
		t.Errorf("unknown name:\n%s", got)
	}
	if got := k.say("Đà Nẵng"); !strings.Contains(got, "Nơi này thuộc Đà Nẵng") {
		t.Errorf("another city:\n%s", got)
	}
	if got := k.say("hong phong"); !strings.Contains(got, "Có vài nơi") {
		t.Errorf("several:\n%s", got)
	}
	if got := k.say("quay lại"); !strings.Contains(got, "cần tìm xã, phường nào") {
		t.Errorf("back:\n%s", got)
	}
	if got := k.say("cẩm thượng"); !strings.Contains(got, "UBND phường Thành Đông") {
		t.Errorf("name:\n%s", got)
	}
	k.say("đổi xã")
	if got := k.say("hủy"); !strings.Contains(got, "Đã dừng") {
		t.Errorf("cancel:\n%s", got)
	}
}

func TestChoiceSurvivesLostStateAndAnExpiredForm(t *testing.T) {
	k := newTalk(t, monday, roomy())
	k.say("/coquan hồng phong")
	buttons := k.buttons
	k.state.data = nil // the process ends and State is empty: the session is read from the inbox
	if got := k.say("Thanh Miện"); !strings.Contains(got, "nay thuộc xã Nam Thanh Miện") {
		t.Errorf("after a restart:\n%s", got)
	}
	k.now = k.now.Add(formTTL + 24*time.Hour)
	k.buttons = buttons
	if got := k.press("Xã Hồng Phong, Nam Sách"); !strings.Contains(got, "nay thuộc xã Nam Sách") {
		t.Errorf("an old button:\n%s", got)
	}
}

func TestCommuneIsRemembered(t *testing.T) {
	k := newTalk(t, monday, roomy())
	if got := k.say("/coquan Hải Tân"); !strings.Contains(got, "Tôi nhớ nơi này 30 ngày") {
		t.Errorf("it is not said:\n%s", got)
	}
	for _, text := range []string{"tôi muốn gặp cán bộ", "/coquan"} {
		if got := k.say(text); !strings.Contains(got, "phường Tân Hưng") || !strings.Contains(got, "chọn lần trước") {
			t.Errorf("%s:\n%s", text, got)
		}
	}
	k.say("gặp cán bộ")
	if got := k.press("Đổi xã, phường"); !strings.Contains(got, "Gặp trực tiếp") {
		t.Errorf("change:\n%s", got)
	}
	if got := k.say("xã Nam Sách"); !strings.Contains(got, "Gặp cán bộ tại Trung tâm Phục vụ hành chính công xã Nam Sách") {
		t.Errorf("changed:\n%s", got)
	}
	k.now = k.now.Add(communeTTL + time.Hour)
	if got := k.say("gặp cán bộ"); !strings.Contains(got, "Gặp trực tiếp: anh/chị ở xã, phường nào") {
		t.Errorf("after 30 days:\n%s", got)
	}
}

func TestOfficer(t *testing.T) {
	k := newTalk(t, monday, roomy())
	if got := k.say("gặp cán bộ"); !strings.Contains(got, "18001096") || !strings.Contains(got, "xã, phường nào") {
		t.Errorf("asks:\n%s", got)
	}
	if got := k.say("hồng phong"); !strings.Contains(got, "Có vài nơi") {
		t.Errorf("several:\n%s", got)
	}
	if got := k.press("Xã Hồng Phong, Nam Sách"); !strings.Contains(got, "Gặp cán bộ tại Trung tâm Phục vụ hành chính công xã Nam Sách") {
		t.Errorf("answers:\n%s", got)
	}
	if got := k.say("tôi muốn gặp cán bộ phường Hải Tân"); !strings.Contains(got, "phường Tân Hưng") {
		t.Errorf("named:\n%s", got)
	}
}

func TestHostileInput(t *testing.T) {
	inputs := map[string]string{
		"10,000 letters": strings.Repeat("xã Hồng Phong ", 715),
		"one long word":  strings.Repeat("a", 10_000),
		"html":           `UBND xã <script>alert("x")</script> ở đâu`,
		"bidi":           "UBND xã \u202eHồng\u202c Phong\u2066 ở đâu",
		"template":       "UBND xã {{.phone}} ở đâu",
		"marks":          "xã " + strings.Repeat("a\u0301", 3000),
		"command":        "/coquan " + strings.Repeat("<b>", 3000),
		"payload":        "directory:place:w10525",
	}
	for name, text := range inputs {
		for _, open := range []bool{false, true} {
			k := newTalk(t, monday, roomy())
			if open {
				k.say("/coquan")
			}
			got := k.say(text)
			if got == "" || len([]rune(got)) > 1500 {
				t.Errorf("%s: an answer of %d letters", name, len([]rune(got)))
			}
			for _, bad := range []string{"<script", "<b>", "\u202e", "{{", "aaaa"} {
				if strings.Contains(got, bad) {
					t.Errorf("%s: the answer repeats %q", name, bad)
				}
			}
			if strings.Contains(string(k.state.data), "aaaa") || strings.Contains(string(k.state.data), "script") {
				t.Errorf("%s: the session keeps what was written", name)
			}
		}
	}
}

func TestForgedButtons(t *testing.T) {
	k := newTalk(t, monday, roomy())
	for _, payload := range []string{
		"directory:place", "directory:place:", "directory:place:w99999", "directory:place:../../etc", "directory:officer:zzz",
		"directory:hours:x", "directory:change:x", "directory:hotlines:x", "directory:find:<b>", "directory:place:\u202e",
	} {
		if got := k.do(bot.Update{Button: payload}); got == "" || strings.Contains(got, "<b>") {
			t.Errorf("%s: %q", payload, got)
		}
	}
	if got := k.do(bot.Update{Button: "directory:place:w99999"}); !strings.Contains(got, "không còn trong danh bạ") {
		t.Errorf("unknown unit:\n%s", got)
	}
}

func TestHotlines(t *testing.T) {
	for _, text := range []string{"/hotline", "đường dây nóng", "cho tôi xin số điện thoại ubnd", "hotline"} {
		k := newTalk(t, monday, roomy())
		got := k.say(text)
		for _, want := range []string{"113", "114", "115", "112", "111", "18001096", "cải cách hành chính của tỉnh, thành phố chưa được xác nhận nên chưa đăng", "23/11/2026"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in:\n%s", text, want, got)
			}
		}
		emergency, _, _ := strings.Cut(got, "\n")
		for _, n := range []string{"113", "114", "115", "112", "111"} {
			if !strings.Contains(emergency, n) {
				t.Errorf("%s is not in the line for emergencies: %s", n, emergency)
			}
		}
		urls := 0
		for _, b := range k.buttons {
			if b.URL != "" {
				urls++
			}
		}
		if urls != 3 || len(k.buttons) > 6 {
			t.Errorf("%s: buttons %v", text, k.buttons)
		}
	}
}

func TestNumberOfAnOfficeThatIsNotKnown(t *testing.T) {
	for text, want := range map[string]string{
		"số điện thoại ubnd phường hải tân":   "Số điện thoại của UBND phường Tân Hưng chưa được xác nhận",
		"cho tôi xin số điện thoại sở nội vụ": "Số điện thoại của Sở Nội vụ thành phố Hải Phòng chưa được xác nhận",
	} {
		k := newTalk(t, monday, roomy())
		if got := k.say(text); !strings.HasPrefix(got, want) {
			t.Errorf("%s: want first %q, got:\n%s", text, want, got)
		}
	}
	k := newTalk(t, monday, roomy())
	if got := k.say("đường dây nóng"); !strings.HasPrefix(got, "Khẩn cấp") {
		t.Errorf("nobody's number was asked for:\n%s", got)
	}
}

var digits = regexp.MustCompile(`\d+`)

// TestOnlyPublishedNumbersAreShown looks at every number in every answer and
// in the catalogs: what could be dialled must be a published line.
func TestOnlyPublishedNumbersAreShown(t *testing.T) {
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]bool{}
	for _, c := range all.Hotlines() {
		published[c.Phone] = true
	}
	check := func(what, text string) {
		for _, n := range digits.FindAllString(text, -1) {
			// 1669, 1250 and 2025 are the numbers of resolutions and a year.
			if len(n) >= 5 && !published[n] {
				t.Errorf("%s shows %s, which is not published:\n%s", what, n, text)
			}
		}
	}
	for _, day := range []string{"2021-06-01", "2025-04-01", monday} {
		for _, text := range []string{"/hotline", "gặp cán bộ", "/coquan Cẩm Thượng", "gặp cán bộ phường Hải Tân", "địa chỉ sở tư pháp", "giờ làm việc của ubnd"} {
			k := newTalk(t, day, plain())
			check(day+" "+text, k.say(text))
		}
	}
	// The catalogs write no telephone number themselves: it comes from the data.
	w, err := words.Load(texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Langs {
		for _, key := range w.Keys(lang) {
			m, _ := w.Message(lang, key)
			for _, n := range digits.FindAllString(m.Text, -1) {
				if published[n] || len(n) == 3 || len(n) > 4 {
					t.Errorf("%s %s writes the number %s", lang, key, n)
				}
			}
		}
	}
}

func TestHours(t *testing.T) {
	k := newTalk(t, monday, roomy())
	got := k.say("giờ làm việc của ubnd phường Cẩm Thượng")
	if !strings.HasPrefix(got, "Giờ làm việc hiện nay chưa được xác nhận") || !strings.Contains(got, "Giờ cũ, chỉ để tham khảo") || !strings.Contains(got, "đến 30/06/2025") {
		t.Errorf("today:\n%s", got)
	}
	if !slices.Contains(k.titles(), "Phường Cẩm Thượng") {
		t.Errorf("the place is not offered: %q", k.titles())
	}
	k = newTalk(t, "2021-12-01", roomy())
	if got := k.do(bot.Update{Button: "directory:hours"}); !strings.HasPrefix(got, "Hiện nay: 07:30-12:00, 13:00-16:30.") || !strings.Contains(got, "01/4 đến 31/10: 07:00-11:30") {
		t.Errorf("winter of 2021:\n%s", got)
	}
}

func TestEnglish(t *testing.T) {
	k := newTalk(t, monday, roomy())
	k.in.contact.Lang = "en"
	tests := map[string][]string{
		"/hotline":            {"Emergency, call at once", "18001096", "help with online filing", "is not confirmed, so it is not shown"},
		"/coquan Cẩm Thượng":  {"Phường Cẩm Thượng is now in phường Thành Đông, since 01/07/2025.", "I remember this place for 30 days."},
		"talk to an officer":  {"See an officer at Trung tâm", "This is the place you chose before"},
		"/coquan Hồng Phong":  {"Several places come close"},
		"/coquan Abc":         {"Which commune or ward do you look for"},
		"/coquan sở tư pháp":  {"Address and telephone are not confirmed"},
		"/coquan xã A Hà Nội": {"This place is in Hà Nội"},
	}
	for _, text := range []string{"/hotline", "/coquan Cẩm Thượng", "talk to an officer", "/coquan Hồng Phong", "/coquan sở tư pháp", "/coquan xã A Hà Nội"} {
		got := k.say(text)
		for _, want := range tests[text] {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in:\n%s", text, want, got)
			}
		}
	}
	k = newTalk(t, monday, roomy())
	k.in.contact.Lang = "en"
	if got := k.say("/coquan Abc"); !strings.Contains(got, tests["/coquan Abc"][0]) {
		t.Errorf("unknown:\n%s", got)
	}
}

// TestCardsFitAPhone writes the card of every commune of today, reached by an
// old name, as a screen of 360 px shows it: about 40 letters a line.
func TestCardsFitAPhone(t *testing.T) {
	k := newTalk(t, monday, roomy())
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"place", "officer"} {
		shown := map[string]bool{}
		for _, old := range all.Places(places.Commune2021) {
			now := all.Today(old)
			if len(now) != 1 || shown[now[0].Place.ID] {
				continue
			}
			shown[now[0].Place.ID] = true
			got := k.do(bot.Update{Button: "directory:" + verb + ":" + old.ID})
			lines := 0
			for l := range strings.SplitSeq(got, "\n") {
				lines += max(1, (len([]rune(l))+39)/40)
			}
			if lines > 12 {
				t.Errorf("%s %s: %d lines\n%s", verb, old.Name, lines, got)
			}
		}
		if len(shown) < 60 {
			t.Errorf("only %d communes were looked at", len(shown))
		}
	}
}
