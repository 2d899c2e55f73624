package watch_test

import (
	"context"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/zalo"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/vietnamese"
)

// account gives the world a Zalo account: the real client over the fake platform.
func (w *world) account() *fakezalo.Server {
	w.t.Helper()
	now := func() time.Time { return w.now }
	fake, err := fakezalo.New(fakezalo.Options{AppID: "1234567890", AppSecret: "app-secret", OASecret: "oa-secret", OAID: "4318657068771012646", Now: now})
	must(w.t, err)
	w.t.Cleanup(fake.Close)
	oa, err := zalo.New(zalo.Options{AppID: "1234567890", AppSecret: "app-secret", OASecret: "oa-secret", RefreshToken: fake.Grant(),
		APIURL: "https://zalo.test", OAuthURL: "https://oauth.test", RedirectURL: "https://bot.test/zalo/oauth",
		Vault: w.store, Sealer: w.keys, Clean: vietnamese.Clean, HTTP: fake.Client(), Now: now})
	must(w.t, err)
	w.oa = map[string]bot.Publisher{zalo.Name: oa}
	fake.Follow("Lan")
	must(w.t, w.in(func(ctx context.Context, work *bot.Work, _ bot.Tx) error {
		return w.desk.Set(ctx, work, w.actor(owner), items.KeyArticleMonth, "4", "gói của OA")
	}))
	return fake
}

// TestAnArticleIsWatched: it is said how far it is, and a person decides when nobody knows.
func TestAnArticleIsWatched(t *testing.T) {
	w := newWorld(t)
	fake := w.account()
	w.subscriber("telegram")
	w.subscriber("zalo")
	c := content("Bài trên Zalo")
	c.Article, c.Body = true, "Bà con mang thẻ cũ."
	it := w.begun(c)
	w.run()
	w.wants("it waits", w.get(path(it)), 200, "Bài viết", "Chờ tạo bài", "0 trong 1", "chỉ dùng kênh có bài viết1", "hx-get")
	seen := w.part(path(it) + "?seen=" + w.version(it) + ".wanted")
	if seen.header.Get("HX-Refresh") != "" {
		t.Error("a page that shows what is true is loaded anew")
	}
	fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/message", Lost: true})
	for range 20 {
		w.now = w.now.Add(30 * time.Second)
		w.sends("telegram", 5)
		w.run()
		must(t, w.desk.RunArticles(t.Context(), w.works))
	}
	page := w.get(path(it))
	w.wants("nobody knows", page, 200, "Không rõ đã phát hay chưa", "Mở trang quản lý OA xem", "Chưa phát, phát lại", "1 trong 1")
	if w.part(path(it)+"?seen="+w.version(it)+".wanted").header.Get("HX-Refresh") != "true" {
		t.Error("a page with an article as it was is not loaded anew")
	}
	w.by(clerk).lacks("a clerk", w.get(path(it)), "Chưa phát, phát lại")
	w.wants("a clerk decides", w.post(path(it)+"/article", "channel", "zalo", "arrived", "1"), 403)
	w.by(editor).wants("another channel", w.post(path(it)+"/article", "channel", "telegram", "arrived", "1"), 409, "Không rõ đã phát")
	w.wants("an editor looked", w.post(path(it)+"/article", "channel", "zalo", "arrived", "1"), 200, "Đã ghi nhận", "Đã phát (09:")
	w.lacks("an editor looked", w.get(path(it)), "Chưa phát, phát lại", "hx-get")
	w.wants("twice", w.post(path(it)+"/article", "channel", "zalo", "arrived", "1"), 409)
	w.wants("an item that is not there", w.post("/console/news/99/progress/article", "channel", "zalo"), 404)
	w.lang = "en"
	w.wants("in English", w.get(path(it)), 200, "Not written to")
}
