package zalo

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

var samplePost = bot.Post{
	Title: "Cấp lại thẻ căn cước ngay tại phường", Summary: strings.Repeat("Từ tháng sau, bà con làm ở phường gần nhà. ", 10), Author: "Sở Thông tin và Truyền thông",
	Cover: &bot.Media{Kind: bot.Photo, Ref: "https://bot.test/m/anh"}, Paragraphs: []string{"Từ tháng sau.", "Nguồn: Sở Thông tin và Truyền thông."},
}

// An article is handed in, looked at, announced once, and may be given other words later.
func TestAnArticle(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Follow("Lan")
	w.fake.Follow("Bình")
	w.fake.Unfollow("Bình")
	token, err := w.MakePost(t.Context(), samplePost)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.PostID(t.Context(), token); kindOf(err) != bot.Temporary {
			t.Fatalf("while Zalo looks at it: %v", err)
		}
	}
	id, err := w.PostID(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err := w.AnnouncePost(t.Context(), id); err != nil || receipt == "" {
		t.Fatal(receipt, err)
	}
	got := w.fake.Articles()
	if len(got) != 1 || got[0].Announced != 1 || got[0].Cover != samplePost.Cover.Ref || len(got[0].Body) != 2 || got[0].Author != samplePost.Author {
		t.Fatalf("the article: %+v", got)
	}
	if d := got[0].Description; utf8.RuneCountInString(d) > 300 || !strings.HasSuffix(d, "…") || !strings.HasPrefix(samplePost.Summary, strings.TrimSuffix(d, "…")) {
		t.Errorf("its description: %q", d)
	}
	if n := len(w.fake.Shown("Bình")); n != 0 {
		t.Errorf("who left got %d", n)
	}
	changed := samplePost
	changed.Title = "Đính chính: cấp lại thẻ căn cước"
	if token, err = w.RevisePost(t.Context(), id, changed); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PostID(t.Context(), token); kindOf(err) != bot.Temporary {
		t.Fatalf("other words are looked at, too: %v", err)
	}
	if got := w.fake.Articles(); len(got) != 1 || got[0].Title != changed.Title || got[0].Announced != 1 {
		t.Errorf("after other words: %+v", got)
	}
}

// What goes wrong with an article is told as the caller has to act on it.
func TestAnArticleThatGoesWrong(t *testing.T) {
	announce := func(w *world) error { _, err := w.AnnouncePost(t.Context(), "1"); return err }
	make := func(w *world) error { _, err := w.MakePost(t.Context(), samplePost); return err }
	ready := func(w *world) error { _, err := w.PostID(t.Context(), "token"); return err }
	for name, c := range map[string]struct {
		do   func(*world) error
		f    fakezalo.Fault
		want bot.SendKind
	}{
		"announced, the answer is lost":    {announce, fakezalo.Fault{Lost: true}, bot.Ambiguous},
		"announced, the line broke":        {announce, fakezalo.Fault{Cut: true}, bot.Ambiguous},
		"announced at a closed gateway":    {announce, fakezalo.Fault{Status: 503, HTML: "x"}, bot.Temporary},
		"announced too often this minute":  {announce, fakezalo.Fault{Status: 429, HTML: "{}"}, bot.Throttled},
		"articles used up":                 {announce, fakezalo.Fault{Code: -223}, bot.Later},
		"announced at night":               {announce, fakezalo.Fault{Code: -234}, bot.Later},
		"an article that is none":          {announce, fakezalo.Fault{Code: -201}, bot.Rejected},
		"handed in, the answer is lost":    {make, fakezalo.Fault{Lost: true}, bot.Ambiguous},
		"handed in, too long":              {make, fakezalo.Fault{Code: -210}, bot.Rejected},
		"asked, the answer is lost":        {ready, fakezalo.Fault{Lost: true}, bot.Temporary},
		"asked, an answer without an id":   {ready, fakezalo.Fault{Status: 200, HTML: `{"error":0,"message":"Success"}`}, bot.Temporary},
		"asked, Zalo still looks at it":    {ready, fakezalo.Fault{Code: -214}, bot.Temporary},
		"handed in, an answer of no form":  {make, fakezalo.Fault{Status: 200, HTML: `ok`}, bot.Ambiguous},
		"asked about a token that is none": {ready, fakezalo.Fault{Code: -201}, bot.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.f.Path = "/v2.0/oa/message"
			switch {
			case strings.HasPrefix(name, "handed in"):
				c.f.Path = "/v2.0/article/create"
			case strings.HasPrefix(name, "asked"):
				c.f.Path = "/v2.0/article/verify"
			}
			if c.f.Code == -201 {
				c.f = fakezalo.Fault{} // the fake finds out by itself
			} else {
				w.fake.Fail(c.f)
			}
			err := c.do(w)
			if kindOf(err) != c.want {
				t.Fatalf("%v, want %s", err, c.want)
			}
			var se *bot.SendError
			if errors.As(err, &se); se.Kind == bot.Later && !se.Until.After(start.Add(time.Minute)) {
				t.Errorf("it waits until %v", se.Until)
			}
		})
	}
}

func TestALongArticleKeepsAllItsWords(t *testing.T) {
	p := bot.Post{Title: strings.Repeat("a", 200), Paragraphs: make([]string, 150)}
	for i := range p.Paragraphs {
		p.Paragraphs[i] = strings.Repeat("x", i+1)
	}
	o := post(p)
	blocks := o["body"].([]object)
	n := 0
	for _, b := range blocks {
		n += strings.Count(b["content"].(string), "x")
	}
	if len(blocks) != maxPostBlocks || n != 150*151/2 || utf8.RuneCountInString(o["title"].(string)) != maxPostTitle {
		t.Errorf("%d blocks, %d letters, title of %d", len(blocks), n, utf8.RuneCountInString(o["title"].(string)))
	}
}
