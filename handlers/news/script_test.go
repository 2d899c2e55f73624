package news_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/words"
	places "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Read once for all tests; nobody changes them.
var (
	classifier = sync.OnceValues(intent.New)
	province   = sync.OnceValues(func() (*directory.Directory, error) { return directory.Load(directory.Options{}) })
	days       = sync.OnceValues(func() (*calendar.Calendar, error) { return calendar.Load(calendar.Options{}) })
)

// TestScripts plays the talks of testdata; TestScriptsOnEveryChannel does so
// through each channel and its platform, with and without buttons.
func TestScripts(t *testing.T) {
	for _, dir := range []string{"testdata", "testdata/fake"} {
		bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{}).Bot })
	}
}

func TestScriptsOnEveryChannel(t *testing.T) {
	for name, driver := range bottest.Platforms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{Driver: driver()}).Bot })
		})
	}
}

// world is a bot with news and what people of the desk do.
type world struct {
	*bottest.Bot
	desk *items.Desk
	t    testing.TB
}

func newBot(t *testing.T, opt bottest.Options) *world {
	t.Helper()
	c, err := classifier()
	if err != nil {
		t.Fatal(err)
	}
	opt.Classify = func(text string) bot.Intent {
		r := c.Classify(text)
		return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
	}
	w := &world{t: t}
	opt.Build = w.features
	w.Bot = bottest.New(t, opt)
	w.fill()
	return w
}

func (w *world) features(b *bottest.Bot) ([]bot.Feature, error) {
	all, err := province()
	if err != nil {
		return nil, err
	}
	cal, err := days()
	if err != nil {
		return nil, err
	}
	today := func() *directory.Directory { return all.At(b.Clock.Now()) }
	front, err := menu.New(menu.Options{Phone: func(string) string { return "" }, Portal: "https://dichvucong.gov.vn"})
	if err != nil {
		return nil, err
	}
	offices, err := places.New(places.Options{Directory: today})
	if err != nil {
		return nil, err
	}
	w.desk, err = items.New(items.Options{
		Read: b.DB.Read(), Sealer: b.Sealer, Spreads: b.Store, Links: b.Store, Directory: today, Calendar: func() *calendar.Calendar { return cal },
		Compose: func(o bot.Outgoing) ([]bot.Queued, error) { return b.Works.Composer.Compose(o) },
		Channels: func() map[string]bot.Limits {
			out := map[string]bot.Limits{}
			for _, c := range b.Channels {
				out[c.Name()] = c.Limits()
			}
			return out
		},
		Render: func(lang, key string, args map[string]any) (string, error) { return b.Words.Render(lang, key, args) },
		Clean:  vietnamese.Clean, Fold: vietnamese.Fold, PublicURL: "https://hoidap.example", Audit: b.Store.Audit, Now: b.Clock.Now,
	})
	if err != nil {
		return nil, err
	}
	f, err := news.New(news.Options{Desk: w.desk, Directory: today, Works: b.Works, PublicURL: "https://hoidap.example", Now: b.Clock.Now})
	return []bot.Feature{front, offices, f}, err
}

// fill publishes six items of the days before, in the column only.
func (w *world) fill() {
	w.t.Helper()
	start := w.Clock.Now()
	for i, c := range []items.Content{
		{Title: "Hội thi tìm hiểu cải cách hành chính", Summary: "Nộp bài trước ngày 20/11.", Topics: []string{items.TopicContests}},
		{Title: "Đường dây nóng của tỉnh", Summary: "Gọi trong giờ làm việc.", Topics: []string{items.TopicHotlines}},
		{Title: "Bốn thủ tục đất đai đổi mới", Summary: "Bớt hai loại giấy tờ.", Body: "Từ 01/12 không phải nộp bản sao sổ hộ khẩu.", Topics: []string{items.TopicProcedures, "dat-dai"}},
		{Title: "Gương tốt ở một xã", Summary: "Trả kết quả sớm hơn hẹn.", Topics: []string{items.TopicExamples}, Link: "https://baohaiduong.vn/guong-tot"},
		{Title: "Một cửa mở sáng thứ Bảy", Summary: "Từ 7 giờ 30 đến 11 giờ.", Topics: []string{items.TopicReform}},
		{Title: "Thủ tục khai sinh làm trong ngày", Summary: "Nộp trước 15 giờ.", Topics: []string{items.TopicProcedures, "ho-tich"}},
	} {
		c.SourceKind, c.Quiet = items.SourceDepartment, true
		w.Clock.Set(start.Add(time.Duration(i-6) * time.Hour))
		w.publish(c)
	}
	w.Clock.Set(start)
}

func staff(id int64) items.Actor {
	return items.Actor{Officer: bot.Officer{ID: id, Active: true, Grants: []bot.Grant{{Role: bot.RoleOwner}, {Role: bot.RoleEditor}}}}
}

// publish writes, checks, approves and begins an item.
func (w *world) publish(c items.Content) items.Item { w.t.Helper(); return w.corrects(c, 0) }

// corrects does the same for the correction of an item; 0 is none.
func (w *world) corrects(c items.Content, of int64) (it items.Item) {
	w.t.Helper()
	do := func(a items.Actor, cmd items.Command) {
		w.t.Helper()
		if err := w.Works.Do(context.Background(), func(ctx context.Context, work *bot.Work) (err error) {
			if it.ID == 0 {
				it, err = w.desk.Draft(ctx, work, a, c, of, "")
				return err
			}
			it, err = w.desk.Do(ctx, work, it.ID, a, cmd)
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	do(staff(1), items.Command{})
	do(staff(1), items.Command{Action: items.Check})
	do(staff(2), items.Command{Action: items.Approve, Hash: it.Hash})
	do(staff(1), items.Command{Action: items.Schedule, Urgent: true, Reason: "thử"})
	do(items.Actor{System: true}, items.Command{Action: items.Begin})
	return it
}

// TestTexts: buttons fit a thumb, cards a phone, and nothing is missing in a language.
func TestTexts(t *testing.T) {
	w, err := words.Load(news.Texts())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	for _, lang := range words.Langs {
		for _, key := range w.Keys(lang) {
			m, _ := w.Message(lang, key)
			if n := utf8.RuneCountInString(m.Text); strings.HasPrefix(key, "news.button_") && n > 24 {
				t.Errorf("%s %s has %d letters, a button at most 24", lang, key, n)
			}
			if lines := strings.Count(m.Text, "\n"); lines > 14 {
				t.Errorf("%s %s has %d lines", lang, key, lines)
			}
		}
	}
}
