package items_test

import (
	"context"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// A link is one that every citizen can open, and tells nobody who led him there.
func TestLinksOfItems(t *testing.T) {
	h := open(t)
	draft := func(link string) (it items.Item, err error) {
		c := content("Tin có liên kết")
		c.Link = link
		err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
			it, err = h.desk.Draft(ctx, w, editor, c, 0, "")
			return err
		})
		return it, err
	}
	for link, want := range map[string]string{
		"https://baohaiduong.vn/tin?id=7":                                "https://baohaiduong.vn/tin?id=7",
		" https://baohaiduong.vn/tin?utm_source=zalo&id=7&fbclid=Iw#muc": "https://baohaiduong.vn/tin?id=7#muc",
		"http://haiduong.gov.vn/?zarsrc=30":                              "http://haiduong.gov.vn/",
		"https://hoidap.example/tthc/1.001193?utm_source=x":              "https://hoidap.example/tthc/1.001193",
		"https://1.1.1.1/tin":                                            "https://1.1.1.1/tin",
		"https://sở.vn/tin-tức?q=đất":                                    "https://sở.vn/tin-tức?q=đất",
	} {
		if it, err := draft(link); err != nil || it.Content.Link != want {
			t.Errorf("%q becomes %q, %v, want %q", link, it.Content.Link, err, want)
		}
	}
	for _, link := range []string{"javascript:alert(1)", "ftp://haiduong.gov.vn/a", "https://", "http://10.0.0.5/van-ban", "http://192.168.1.2", "http://127.0.0.1:8080", "http://[::1]/", "http://169.254.169.254/", "http://localhost/a", "http://vanban/a",
		"http://may1.local/a", "https://ai:do@haiduong.gov.vn/", "haiduong.gov.vn/tin"} {
		if _, err := draft(link); code(err) != bot.Invalid {
			t.Errorf("%q: %v", link, err)
		}
	}
}
