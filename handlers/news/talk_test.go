package news_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func (w *world) says(d bottest.Driver, who string, all ...string) string {
	w.t.Helper()
	c := bottest.Citizen{Name: who}
	w.heard(d, who)
	var last string
	for _, text := range all {
		in := bottest.Input{Text: text}
		if title, ok := strings.CutPrefix(text, "["); ok {
			in = bottest.Input{Press: strings.TrimSuffix(title, "]")}
		}
		if err := d.Do(w.t.Context(), c, in); err != nil {
			w.t.Fatalf("%s: %v", text, err)
		}
		w.settle()
		last = w.heard(d, who)
	}
	return last
}

func (w *world) settle() {
	w.t.Helper()
	if err := w.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) heard(d bottest.Driver, who string) string {
	var texts []string
	for _, m := range d.Seen(bottest.Citizen{Name: who}) {
		texts = append(texts, m.Text)
		for _, row := range m.Buttons {
			for _, b := range row {
				texts = append(texts, "["+b.Title+"]")
			}
		}
	}
	return strings.Join(texts, "\n")
}

// send runs the job of news and sends what is due.
func (w *world) send() {
	w.t.Helper()
	for range 2 {
		if err := w.desk.RunSend(w.t.Context(), w.Works); err != nil {
			w.t.Fatal(err)
		}
		w.settle()
	}
}

func item(title string, topics ...string) items.Content {
	return items.Content{Title: title, Summary: "Từ hôm nay.", SourceKind: items.SourceNewspaper, Topics: topics}
}

func subscribed(w *world, d bottest.Driver, who string) {
	w.t.Helper()
	if got := w.says(d, who, "chào", "nhận tin", "[Đồng ý nhận tin]"); !strings.Contains(got, "Đã đăng ký") {
		w.t.Fatalf("%s: %s", who, got)
	}
}

// TestJoinedChannels: one person on two channels gets each item once, by the other
// channel when one is gone, and on both again when they part.
func TestJoinedChannels(t *testing.T) {
	zalo := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{zalo}})
	subscribed(w, w.Driver, "Lan")
	subscribed(w, zalo, "Lan")
	got := w.says(w.Driver, "Lan", "kết nối", "[Lấy mã]")
	_, rest, ok := strings.Cut(got, "/ketnoi ")
	if !ok {
		t.Fatalf("no code: %s", got)
	}
	code, _, _ := strings.Cut(rest, "\n")
	if got := w.says(zalo, "Eve", "chào", "/ketnoi "+code[:len(code)-1]); !strings.Contains(got, "không đúng") {
		t.Errorf("a wrong code: %s", got)
	}
	if got := w.says(w.Driver, "Lan", "/ketnoi "+code); !strings.Contains(got, "chính kênh này") {
		t.Errorf("on the same channel: %s", got)
	}
	if got := w.says(zalo, "Lan", "/ketnoi "+strings.ToLower(code)); !strings.Contains(got, "Đã nối hai kênh") {
		t.Fatalf("joined: %s", got)
	}
	if got := w.says(zalo, "Eve", "/ketnoi "+code); !strings.Contains(got, "không đúng") {
		t.Errorf("a code of before: %s", got)
	}
	if got := w.says(zalo, "Lan", "kết nối"); !strings.Contains(got, "Các kênh đã nối") || !strings.Contains(got, "Zalo") {
		t.Errorf("what is joined: %s", got)
	}
	both := func(title string) (here, there bool) {
		w.heard(w.Driver, "Lan")
		w.heard(zalo, "Lan")
		w.publish(item(title, items.TopicReform))
		w.send()
		return strings.Contains(w.heard(w.Driver, "Lan"), title), strings.Contains(w.heard(zalo, "Lan"), title)
	}
	if here, there := both("Tin một"); here == there {
		t.Errorf("joined: here %v, there %v", here, there)
	}
	// What the citizen chooses on one channel holds on both.
	if got := w.says(zalo, "Lan", "/dung"); !strings.Contains(got, "không gửi tin nào nữa") {
		t.Errorf("stop: %s", got)
	}
	if here, there := both("Tin hai"); here || there {
		t.Errorf("stopped: here %v, there %v", here, there)
	}
	if got := w.says(zalo, "Lan", "[Nhận tin lại]"); !strings.Contains(got, "Đã mở lại") {
		t.Errorf("back: %s", got)
	}
	if here, there := both("Tin ba"); here == there {
		t.Errorf("back: here %v, there %v", here, there)
	}
	if got := w.says(zalo, "Lan", "kết nối", "[Tách kênh này]"); !strings.Contains(got, "Đã tách kênh này") {
		t.Errorf("parted: %s", got)
	}
	if here, there := both("Tin bốn"); !here || !there {
		t.Errorf("parted: here %v, there %v", here, there)
	}
}

// TestOneTapOut: the button below an item ends its topic, and only that.
func TestOneTapOut(t *testing.T) {
	w := newBot(t, bottest.Options{})
	subscribed(w, w.Driver, "Lan")
	w.heard(w.Driver, "Lan")
	it := w.publish(item("Một cửa mở sớm", items.TopicReform))
	w.send()
	got := w.heard(w.Driver, "Lan")
	for _, want := range []string{"Một cửa mở sớm", "Nguồn: Báo Hải Dương", "[Thôi: Cải cách hành chính]", "[Tin đang nhận]", "[Đọc tin]"} {
		if !strings.Contains(got, want) {
			t.Errorf("the item lacks %q:\n%s", want, got)
		}
	}
	if got := w.says(w.Driver, "Lan", "[Thôi: Cải cách hành chính]"); !strings.Contains(got, `Đã thôi gửi tin "Cải cách hành chính"`) {
		t.Errorf("out: %s", got)
	}
	w.publish(item("Không gửi nữa", items.TopicReform))
	w.publish(item("Thủ tục mới", items.TopicProcedures))
	w.send()
	if got := w.heard(w.Driver, "Lan"); strings.Contains(got, "Không gửi nữa") || !strings.Contains(got, "Thủ tục mới") {
		t.Errorf("after that: %s", got)
	}
	f, err := w.desk.Figures(t.Context(), it.ID, staff(1))
	if err != nil || f.Left != 1 || f.Sent != 1 {
		t.Errorf("figures %+v, %v", f, err)
	}
}

// TestBlockedAndBack: who blocks the bot gets nothing, and the next item when he comes back.
func TestBlockedAndBack(t *testing.T) {
	w := newBot(t, bottest.Options{})
	subscribed(w, w.Driver, "Lan")
	event := func(e bot.Event) {
		t.Helper()
		if err := w.Driver.Do(t.Context(), bottest.Citizen{Name: "Lan"}, bottest.Input{Event: e}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.heard(w.Driver, "Lan")
	}
	event(bot.EventUnfollowed)
	w.publish(item("Tin một", items.TopicReform))
	w.send()
	if got := w.heard(w.Driver, "Lan"); got != "" {
		t.Errorf("blocked: %s", got)
	}
	event(bot.EventFollowed)
	w.publish(item("Tin hai", items.TopicReform))
	w.send()
	if got := w.heard(w.Driver, "Lan"); !strings.Contains(got, "Tin hai") || strings.Contains(got, "Tin một") {
		t.Errorf("back: %s", got)
	}
}

type nobody struct{}

func (nobody) Signed(context.Context, string) (bot.Signed, error) {
	return bot.Signed{}, &bot.Error{Code: bot.NotFound}
}

// site is the public pages over the items of a bot.
func site(t *testing.T, w *world) http.Handler {
	t.Helper()
	texts, err := words.Load(words.Shared(), web.Texts(), news.Texts())
	if err != nil {
		t.Fatal(err)
	}
	kit, err := web.NewConsole(web.ConsoleOptions{Texts: texts, Accounts: nobody{}, Secret: bytes.Repeat([]byte("s"), 32), Clean: vietnamese.Clean, Now: w.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	all, err := province()
	if err != nil {
		t.Fatal(err)
	}
	f, err := news.New(news.Options{Desk: w.desk, Directory: func() *directory.Directory { return all }, Works: w.Works, Console: kit, PublicURL: "https://hoidap.example", Now: w.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, p := range f.Pages {
		if len(p.Roles) == 0 {
			mux.Handle(p.Pattern, p.Handler)
		}
	}
	return mux
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestTheColumn(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	w.publish(items.Content{Title: `<script>alert(1)</script> & "tin"`, Summary: "Tóm tắt <b>", SourceKind: items.SourcePortal, Topics: []string{items.TopicReform}})
	for _, c := range []struct {
		path   string
		status int
		want   []string
		not    []string
	}{
		{"/tin", 200, []string{"Bốn thủ tục đất đai đổi mới", "/tin/3", "feed.atom", "&lt;script&gt;"}, []string{"<script>alert"}},
		{"/tin?q=DAT+dai", 200, []string{"Bốn thủ tục đất đai đổi mới"}, []string{"Hội thi tìm hiểu"}},
		{"/tin?topic=hoi-thi", 200, []string{"Hội thi tìm hiểu"}, []string{"Bốn thủ tục"}},
		{"/tin?q=khongcogi", 200, []string{"Không có tin nào khớp"}, nil},
		{"/tin?after=x.y", 200, []string{"Bốn thủ tục"}, nil},
		{"/tin?lang=en", 200, []string{"News on administrative reform"}, nil},
		{"/tin/3", 200, []string{`property="og:title" content="Bốn thủ tục đất đai đổi mới"`, "https://hoidap.example/tin/3", "không phải nộp bản sao", "Đất đai"}, nil},
		{"/tin/03", 404, []string{"Không có tin này"}, nil},
		{"/tin/999", 404, []string{"Không có tin này"}, nil},
		{"/tin/x", 404, nil, nil},
		{"/tin/style.css", 200, []string{".news"}, nil},
		{"/l/999", 404, nil, nil},
	} {
		rec := get(h, c.path)
		if rec.Code != c.status {
			t.Errorf("%s: %d, want %d", c.path, rec.Code, c.status)
		}
		for _, s := range c.want {
			if !strings.Contains(rec.Body.String(), s) {
				t.Errorf("%s lacks %q", c.path, s)
			}
		}
		for _, s := range c.not {
			if strings.Contains(rec.Body.String(), s) {
				t.Errorf("%s shows %q", c.path, s)
			}
		}
	}
	tag := get(h, "/tin").Header().Get("ETag")
	if rec := get(h, "/tin", "If-None-Match", tag); rec.Code != http.StatusNotModified {
		t.Errorf("again: %d", rec.Code)
	}
	w.Clock.Add(time.Minute)
	w.publish(item("Mới nhất", items.TopicReform))
	if rec := get(h, "/tin", "If-None-Match", tag); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Mới nhất") {
		t.Errorf("after an item: %d", rec.Code)
	}
}

func TestTheFeed(t *testing.T) {
	w := newBot(t, bottest.Options{})
	rec := get(site(t, w), "/tin/feed.atom")
	var f struct {
		ID      string `xml:"id"`
		Entries []struct {
			ID, Title string
			Published string `xml:"published"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(rec.Body.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	if f.ID != "https://hoidap.example/tin" || len(f.Entries) != 6 || !strings.HasPrefix(f.Entries[0].Published, "20") {
		t.Errorf("feed %+v", f)
	}
}

// Wherever an item that was corrected is listed, it says so: its title and its summary may be what was wrong.
func TestListsTellWhatWasCorrected(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	w.Clock.Add(time.Minute)
	wrong := w.publish(items.Content{Title: "Lệ phí mới", Summary: "Lệ phí 50.000 đồng.", SourceKind: items.SourceDepartment, Quiet: true, Topics: []string{items.TopicReform}})
	const notice = "Tin này đã được đính chính."
	if got := get(h, "/tin").Body.String(); strings.Contains(got, notice) {
		t.Errorf("before the correction: %s", got)
	}
	w.Clock.Add(time.Hour)
	right := w.corrects(items.Content{Title: "Lệ phí đúng", Summary: "Lệ phí 5.000 đồng.", SourceKind: items.SourceDepartment, Topics: []string{items.TopicReform}}, wrong.ID)
	path := fmt.Sprintf("/tin/%d", right.ID)
	for _, from := range []string{"/tin", "/tin?q=50.000"} {
		if got := get(h, from).Body.String(); strings.Count(got, notice+` <a href="`+path+`">`) != 1 {
			t.Errorf("%s says %s", from, got)
		}
	}
	var f struct {
		Entries []struct {
			ID        string `xml:"id"`
			Updated   string `xml:"updated"`
			Published string `xml:"published"`
			Summary   string `xml:"summary"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(get(h, "/tin/feed.atom").Body.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	for _, e := range f.Entries {
		was := strings.HasSuffix(e.ID, fmt.Sprintf("/tin/%d", wrong.ID))
		if told := strings.HasPrefix(e.Summary, notice+" https://hoidap.example"+path); told != was || (e.Updated != e.Published) != was {
			t.Errorf("the feed has %+v", e)
		}
	}
	got := w.says(w.Driver, "Lan", "tin mới")
	if !strings.Contains(got, "• Lệ phí mới (23/11/2026, đã đính chính)\n") || strings.Count(got, "đã đính chính") != 1 {
		t.Errorf("the chat lists %s", got)
	}
}

// TestShortLinks: an opening is counted with the item, and leads to it.
func TestShortLinks(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	for path, want := range map[string]string{"/l/3": "/tin/3", "/l/4": "https://baohaiduong.vn/guong-tot"} {
		rec := get(h, path)
		if rec.Code != http.StatusFound || rec.Header().Get("Location") != want || rec.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %q", path, rec.Code, rec.Header().Get("Location"))
		}
	}
	get(h, "/l/3")
	f, err := w.desk.Figures(t.Context(), 3, staff(1))
	if err != nil || f.Opened != 2 {
		t.Errorf("opened %d, %v", f.Opened, err)
	}
}

// An item that was stopped may be wrong: wherever it is read it says so, and its link leads to these words.
func TestReadersAreToldWhatWasStopped(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	w.Clock.Add(time.Minute)
	c := items.Content{Title: "Lệ phí mới", Summary: "Lệ phí 50.000 đồng.", SourceKind: items.SourceDepartment, Link: "https://baohaiduong.vn/le-phi", Topics: []string{items.TopicReform}}
	it := w.publish(c)
	path, short, notice := fmt.Sprintf("/tin/%d", it.ID), fmt.Sprintf("/l/%d", it.ID), "Tin này đã ngừng gửi, có thể có chỗ chưa đúng."
	if to := get(h, short).Header().Get("Location"); to != c.Link {
		t.Errorf("before: the link leads to %q", to)
	}
	w.Clock.Add(time.Hour)
	tag := get(h, "/tin").Header().Get("ETag")
	w.does(it.ID, staff(1), items.Command{Action: items.Stop, Reason: "nhầm"})
	for from, want := range map[string]int{"/tin": 1, "/tin?q=50.000": 1, path: 3} { // a page tells it on the cards of others, too
		rec := get(h, from, "If-None-Match", tag)
		if got := strings.Count(rec.Body.String(), notice); got != want {
			t.Errorf("%s (%d) tells it %d times", from, rec.Code, got)
		}
	}
	if to := get(h, short).Header().Get("Location"); to != path {
		t.Errorf("the link leads to %q", to)
	}
	if feed := get(h, "/tin/feed.atom").Body.String(); strings.Count(feed, notice) != 1 {
		t.Errorf("the feed has %s", feed)
	}
	if got := w.says(w.Driver, "Lan", "tin mới"); !strings.Contains(got, "• Lệ phí mới (23/11/2026, tin đã ngừng gửi)\n") || strings.Count(got, "ngừng gửi") != 1 {
		t.Errorf("the chat lists %s", got)
	}
	if got := w.says(w.Driver, "Lan", "[Lệ phí mới]"); !strings.Contains(got, notice) {
		t.Errorf("the chat shows %s", got)
	}
	w.Clock.Add(time.Minute)
	right := w.corrects(items.Content{Title: "Lệ phí đúng", Summary: "Lệ phí 5.000 đồng.", SourceKind: items.SourceDepartment, Topics: []string{items.TopicReform}}, it.ID)
	for _, from := range []string{"/tin", path} { // the right words are there now
		if got := get(h, from).Body.String(); strings.Contains(got, notice) || !strings.Contains(got, fmt.Sprintf("/tin/%d", right.ID)) {
			t.Errorf("corrected: %s says %s", from, got)
		}
	}
}

// However people say that they want no more news, it ends; who only agrees is not cut off.
func TestWordsThatStop(t *testing.T) {
	w := newBot(t, bottest.Options{})
	for _, said := range []string{"dừng gửi tin", "đừng gửi tin nữa", "Đừng gửi nữa", "dung gui tin nua", "không nhận tin nữa", "tôi không muốn nhận tin nữa", "thoi khong nhan tin nua", "tắt tin", "stop"} {
		who := "người nói " + said
		subscribed(w, w.Driver, who)
		if got := w.says(w.Driver, who, said); !strings.Contains(got, "Tôi sẽ không gửi tin nào nữa") {
			t.Errorf("%s: %s", said, got)
		}
	}
	subscribed(w, w.Driver, "Đồng Ý")
	if got := w.says(w.Driver, "Đồng Ý", "đúng"); strings.Contains(got, "không gửi tin nào nữa") {
		t.Errorf("đúng: %s", got)
	}
}

// Who leaves the question for a place is not asked it again and again.
func TestTheQuestionForAPlaceEnds(t *testing.T) {
	for _, then := range []string{"[Dừng tất cả]", "dừng", "[Đổi cách nhận]", "[Theo lĩnh vực]", "[Hội thi]", "nhận tin"} {
		w := newBot(t, bottest.Options{})
		subscribed(w, w.Driver, "Lan")
		if got := w.says(w.Driver, "Lan", "[Đổi nơi nhận]"); !strings.Contains(got, "xã, phường nào?") {
			t.Fatalf("asked: %s", got)
		}
		if got := w.says(w.Driver, "Lan", then); got == "" || strings.Contains(got, "xã, phường nào?") {
			t.Errorf("%s: %s", then, got)
		}
	}
}

// The example of the question can be answered with: the name on a button chooses it.
func TestAPlaceIsWrittenAsItsButtonHasIt(t *testing.T) {
	w := newBot(t, bottest.Options{})
	subscribed(w, w.Driver, "Lan")
	if got := w.says(w.Driver, "Lan", "[Đổi nơi nhận]", "xã Gia Lộc"); !strings.Contains(got, "[Xã Gia Lộc]") {
		t.Fatalf("which: %s", got)
	}
	if got := w.says(w.Driver, "Lan", "xã Gia Lộc"); !strings.Contains(got, "Nơi: Xã Gia Lộc.") {
		t.Errorf("written: %s", got)
	}
}

// Of several places of a name one is pressed, or written in full.
func TestAPlaceOfSeveralCanBeWritten(t *testing.T) {
	for _, then := range []string{"phường Tân Hưng", "[Phường Tân Hưng]"} {
		w := newBot(t, bottest.Options{})
		subscribed(w, w.Driver, "Lan")
		if got := w.says(w.Driver, "Lan", "[Đổi nơi nhận]", "Hải Dương"); !strings.Contains(got, "[Phường Tân Hưng]") {
			t.Fatalf("which: %s", got)
		}
		if got := w.says(w.Driver, "Lan", "Hải Dương"); !strings.Contains(got, "[Phường Tân Hưng]") {
			t.Errorf("the same again: %s", got)
		}
		if got := w.says(w.Driver, "Lan", then); !strings.Contains(got, "Nơi: Tân Hưng.") && !strings.Contains(got, "Nơi: Phường Tân Hưng.") {
			t.Errorf("%s: %s", then, got)
		}
	}
}

// A press that comes twice does what it said, once.
func TestATopicPressedTwice(t *testing.T) {
	w := newBot(t, bottest.Options{})
	subscribed(w, w.Driver, "Lan")
	press := func(payload string) string {
		t.Helper()
		w.heard(w.Driver, "Lan")
		if err := w.Driver.Do(t.Context(), bottest.Citizen{Name: "Lan"}, bottest.Input{Button: payload}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		return w.heard(w.Driver, "Lan")
	}
	for _, c := range []struct{ payload, want string }{
		{"news:topic:hoi-thi::on", "[✓ Hội thi]"}, {"news:topic:hoi-thi::on", "[✓ Hội thi]"},
		{"news:topic:hoi-thi::off", "[Hội thi]"}, {"news:topic:hoi-thi::off", "[Hội thi]"},
		{"news:topic:dat-dai:0:on", "[✓ Đất đai]"}, {"news:topic:dat-dai:0:on", "[✓ Đất đai]"},
		{"news:topic:hoi-thi", "[✓ Hội thi]"}, {"news:topic:hoi-thi", "[Hội thi]"}, // as messages of before have it
	} {
		if got := press(c.payload); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.payload, got)
		}
	}
	// Who left a topic by mistake gets it back, also with a nervous finger.
	press("news:out:cchc:1")
	for range 2 {
		if got := w.says(w.Driver, "Lan", "[Nhận lại tin này]"); !strings.Contains(got, "[✓ Cải cách hành chính]") {
			t.Errorf("taken back: %s", got)
		}
	}
}
