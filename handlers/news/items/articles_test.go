package items_test

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

// account is a Zalo account, real client and fake platform, on the house's clock.
type account struct {
	h    *house
	fake *fakezalo.Server
}

func (h *house) account(perMonth string) *account {
	h.t.Helper()
	fake, err := fakezalo.New(fakezalo.Options{AppID: "1234567890", AppSecret: "app-secret", OASecret: "oa-secret", OAID: "4318657068771012646", Now: h.Now})
	must(h.t, err)
	h.t.Cleanup(fake.Close)
	a := &account{h, fake}
	a.connect()
	fake.Follow("Lan")
	must(h.t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
		return h.desk.Set(ctx, w, owner, items.KeyArticleMonth, perMonth, "gói của OA")
	}))
	return a
}

func (a *account) connect() {
	h := a.h
	oa, err := zalo.New(zalo.Options{AppID: "1234567890", AppSecret: "app-secret", OASecret: "oa-secret", RefreshToken: a.fake.Grant(),
		APIURL: "https://zalo.test", OAuthURL: "https://oauth.test", RedirectURL: "https://bot.test/zalo/oauth",
		Vault: h.store, Sealer: h.keys, Clean: vietnamese.Clean, HTTP: a.fake.Client(), Now: h.Now})
	must(h.t, err)
	h.publishers = map[string]bot.Publisher{zalo.Name: oa}
}

// restart is another process on the same files.
func (a *account) restart() {
	a.h.restart()
	a.connect()
}

// pass lets time pass, running the jobs as it does.
func (a *account) pass(d time.Duration) {
	a.h.t.Helper()
	for end := a.h.now.Add(d); !a.h.now.After(end); a.h.now = a.h.now.Add(30 * time.Second) {
		a.h.run()
		a.h.send()
		must(a.h.t, a.h.desk.RunArticles(a.h.t.Context(), a.h.works))
	}
}

// is checks an item's article: its state, why it waits, and how many times it was announced.
func (a *account) is(id int64, state items.ArticleState, reason string) {
	a.h.t.Helper()
	list, err := a.h.desk.Articles(a.h.t.Context(), id, editor)
	must(a.h.t, err)
	if len(list) != 1 || list[0].Channel != zalo.Name || list[0].State != state || list[0].Reason != reason {
		a.h.t.Errorf("the article is %+v, want %s %q", list, state, reason)
	}
}

func (a *account) announced(want ...int) {
	a.h.t.Helper()
	got := a.fake.Articles()
	for i, n := range want {
		if len(got) != len(want) || got[i].Announced != n {
			a.h.t.Fatalf("articles %+v, announced %v wanted", got, want)
		}
	}
}

func byArticle(title string) items.Content {
	c := content(title)
	c.Article, c.Body = true, "Bà con mang thẻ cũ.\n\nKhông mất phí."
	return c
}

func TestAnItemByArticle(t *testing.T) {
	h := open(t)
	a := h.account("4")
	tele, zal := h.citizen("telegram"), h.citizen("zalo")
	h.agrees(tele)
	h.agrees(zal)
	it := h.begun(byArticle("Một"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
	a.announced(1)
	if got := h.get(it.ID); got.Progress.Queued != 1 || got.Progress.Gone != 1 {
		t.Errorf("as messages: %+v; whoever has Zalo only reads the article", got.Progress)
	}
	if got := a.fake.Articles()[0]; got.Title != "Một" || len(got.Body) != 4 || got.Body[3] != "Nguồn: Cơ quan nhà nước. Đọc đủ: https://hoidap.example/l/1" {
		t.Errorf("the article: %+v", got)
	}

	// A second one the same day waits for the next.
	two := h.begun(byArticle("Hai"), 0)
	a.pass(5 * time.Minute)
	a.is(two.ID, items.ArticleReady, "news.article_day")
	a.announced(0, 1)
	h.at("2026-11-11 06:00")
	a.pass(20 * time.Minute)
	a.announced(0, 1) // nobody is woken
	h.at("2026-11-11 06:31")
	a.pass(time.Minute)
	a.is(two.ID, items.ArticleAnnounced, "")
	a.announced(1, 1)

	// A correction stands in the article that was announced; nobody is told twice.
	c := byArticle("Hai")
	c.Summary = "Làm ở phường, từ tháng Một."
	fix := h.begun(c, two.ID)
	a.pass(10 * time.Minute)
	a.is(fix.ID, items.ArticleRevised, "")
	if got := a.fake.Articles(); len(got) != 2 || got[1].Title != "Đính chính: Hai" && got[0].Title != "Đính chính: Hai" {
		t.Errorf("after the correction: %+v", got)
	}
	a.announced(1, 1)
	if got := h.get(two.ID); got.State != items.Corrected {
		t.Errorf("what was corrected is %s", got.State)
	}
}

func TestAnArticleIsKeptBack(t *testing.T) {
	h := open(t)
	a := h.account("1")
	for name, c := range map[string]struct {
		do     func(items.Item)
		state  items.ArticleState
		reason string
	}{
		"stopped": {func(it items.Item) { h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "sai"}) }, items.ArticleDropped, ""},
		"corrected before it was announced": {func(it items.Item) {
			h.do(it.ID, editor, items.Command{Action: items.Pause})
			c := byArticle("Bản đúng")
			c.Summary = "Khác hẳn."
			fix := h.begun(c, it.ID)
			h.do(fix.ID, editor, items.Command{Action: items.Stop, Reason: "đủ"})
		}, items.ArticleDropped, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h.agrees(h.citizen("telegram"))
			it := h.begun(byArticle(name), 0)
			c.do(it)
			a.pass(5 * time.Minute)
			a.is(it.ID, c.state, c.reason)
		})
	}
	it := h.begun(byArticle("Đầu tháng"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
	it = h.begun(byArticle("Giữa tháng"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleFailed, "news.article_late") // the next month is too far away
}

// Nobody knows whether it was announced: it is not announced again by itself.
func TestAnArticleInDoubt(t *testing.T) {
	h := open(t)
	a := h.account("9")
	settle := func(id int64, who items.Actor, arrived bool) error {
		return h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
			return h.desk.SettleArticle(ctx, w, id, who, zalo.Name, arrived)
		})
	}
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/message", Lost: true})
	it := h.begun(byArticle("Một"), 0)
	a.pass(10 * time.Minute)
	a.is(it.ID, items.ArticleUnknown, "delivery.reason_unknown_once")
	a.announced(1)
	if err := settle(it.ID, visitor, true); !bot.IsCode(err, bot.Denied) && !bot.IsCode(err, bot.NotFound) {
		t.Errorf("somebody without the right: %v", err)
	}
	must(t, settle(it.ID, editor, true))
	a.is(it.ID, items.ArticleAnnounced, "")
	if err := settle(it.ID, editor, false); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("twice: %v", err)
	}

	h.at("2026-11-11 09:00")
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/message", Cut: true})
	it = h.begun(byArticle("Hai"), 0)
	a.pass(10 * time.Minute)
	a.is(it.ID, items.ArticleUnknown, "delivery.reason_unknown_once")
	must(t, settle(it.ID, editor, false))
	a.pass(time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
	a.announced(1, 1)
	if got := a.fake.Articles(); len(got) != 2 {
		t.Errorf("%d articles", len(got))
	}
}

// What goes wrong on the way is tried again, or told.
func TestAnArticleThatGoesWrong(t *testing.T) {
	h := open(t)
	a := h.account("9")
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/create", Code: -32})
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/create", Status: 503, HTML: "x"})
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/verify", Lost: true})
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/message", Code: -32})
	it := h.begun(byArticle("Một"), 0)
	a.pass(15 * time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
	a.announced(1)
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/create", Code: -210})
	it = h.begun(byArticle("Hai"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleFailed, "delivery.reason_zalo_request")

	h.publishers = nil
	it = h.draft(editor, byArticle("Ba"), 0)
	if _, err := h.try(it.ID, editor, items.Command{Action: items.Check}); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("without an account: %v", err)
	}
}

// asked is a publisher that something happens to while it makes an article.
type asked struct {
	bot.Publisher
	meanwhile func()
}

func (p *asked) MakePost(ctx context.Context, post bot.Post) (string, error) {
	token, err := p.Publisher.MakePost(ctx, post)
	if f := p.meanwhile; f != nil {
		p.meanwhile = nil
		f()
	}
	return token, err
}

// A correction that begins while the platform is asked is not lost: only its words are put before people.
func TestACorrectionWhileAnArticleIsMade(t *testing.T) {
	h := open(t)
	a := h.account("9")
	h.agrees(h.citizen("telegram"))
	var fix items.Item
	it := h.begun(byArticle("Sai"), 0)
	h.publishers[zalo.Name] = &asked{h.publishers[zalo.Name], func() {
		h.do(it.ID, editor, items.Command{Action: items.Pause})
		c := byArticle("Đúng")
		c.Summary = "Khác hẳn."
		fix = h.begun(c, it.ID)
	}}
	a.pass(10 * time.Minute)
	a.is(it.ID, items.ArticleDropped, "")
	a.is(fix.ID, items.ArticleAnnounced, "")
	if got := a.fake.Articles(); len(got) != 2 || got[0].Announced+got[1].Announced != 1 || got[0].Title == "Sai" && got[0].Announced != 0 || got[1].Title == "Sai" && got[1].Announced != 0 {
		t.Errorf("articles %+v", got)
	}
}

// Of two corrections the words of the later one stand, although those of the first could not be handed in before.
func TestTheLastCorrectionOfAnArticleStands(t *testing.T) {
	h := open(t)
	a := h.account("9")
	corrects := func(summary string, of int64) items.Item {
		c := byArticle("Một")
		c.Summary = summary
		return h.begun(c, of)
	}
	it := h.begun(byArticle("Một"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/update", Code: -32})
	one := corrects("Lần một.", it.ID)
	must(t, h.desk.RunArticles(t.Context(), h.works)) // it is not taken now
	two := corrects("Lần hai.", it.ID)
	a.pass(30 * time.Minute)
	a.is(one.ID, items.ArticleDropped, "")
	a.is(two.ID, items.ArticleRevised, "")
	if got := a.fake.Articles(); len(got) != 1 || got[0].Body[0] != "Lần hai." {
		t.Errorf("articles %+v", got)
	}

	// One that was refused does not keep the next away; what is corrected is not tried once more.
	a.fake.Fail(fakezalo.Fault{Path: "/v2.0/article/update", Code: -210})
	three := corrects("Lần ba.", two.ID)
	a.pass(5 * time.Minute)
	a.is(three.ID, items.ArticleFailed, "delivery.reason_zalo_request")
	four := corrects("Lần bốn.", three.ID)
	a.pass(5 * time.Minute)
	a.is(four.ID, items.ArticleRevised, "")
	if err := h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
		return h.desk.SettleArticle(ctx, w, three.ID, editor, zalo.Name, false)
	}); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("an item that was corrected is tried once more: %v", err)
	}
	if got := a.fake.Articles(); len(got) != 1 || got[0].Body[0] != "Lần bốn." {
		t.Errorf("articles %+v", got)
	}
}

// Articles of items that are paused for long do not stand before those of others.
func TestPausedArticlesKeepNobodyWaiting(t *testing.T) {
	h := open(t)
	a := h.account("9")
	h.agrees(h.citizen("telegram"))
	for range 20 {
		h.do(h.begun(byArticle("Chờ"), 0).ID, editor, items.Command{Action: items.Pause})
	}
	it := h.begun(byArticle("Một"), 0)
	a.pass(5 * time.Minute)
	a.is(it.ID, items.ArticleAnnounced, "")
}

// The process dies around each of its commits: the article is announced once, or a person is asked.
func TestADeathAtEveryStepOfAnArticle(t *testing.T) {
	for at := 1; at <= 6; at++ {
		h := open(t)
		a := h.account("9")
		it := h.begun(byArticle("Một"), 0)
		h.run()
		works := *h.works
		works.Units = &dies{Units: h.store, at: at}
		for range 8 {
			_ = h.desk.RunArticles(t.Context(), &works) // it may die
			h.now = h.now.Add(time.Minute)
		}
		a.restart()
		a.pass(10 * time.Minute)
		list, err := h.desk.Articles(t.Context(), it.ID, editor)
		must(t, err)
		n := 0
		for _, x := range a.fake.Articles() {
			n += x.Announced
		}
		switch list[0].State {
		case items.ArticleAnnounced:
			if n != 1 {
				t.Errorf("death %d: announced %d times", at, n)
			}
		case items.ArticleUnknown:
			if n > 1 {
				t.Errorf("death %d: in doubt, and announced %d times", at, n)
			}
		default:
			t.Errorf("death %d: %+v", at, list)
		}
	}
}
