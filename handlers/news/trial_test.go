package news_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/news/items"
)

// tests sends an item to the staff who have a chat, and returns the path of the link in the message.
func (w *world) tests(id int64, who string) string {
	w.t.Helper()
	var person bot.PersonID
	if err := w.DB.Read().QueryRow(`select person from contacts order by id desc limit 1`).Scan(&person); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Works.Do(w.t.Context(), func(ctx context.Context, work *bot.Work) error {
		_, err := w.desk.SendTest(ctx, work, id, staff(1), []bot.PersonID{person})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	for _, m := range w.Driver.Seen(bottest.Citizen{Name: who}) {
		for _, row := range m.Buttons {
			for _, b := range row {
				if path, ok := strings.CutPrefix(b.URL, "https://hoidap.example"); ok {
					return path
				}
			}
		}
	}
	w.t.Fatal("no link came")
	return ""
}

// does is one action on an item.
func (w *world) does(id int64, a items.Actor, cmd items.Command) {
	w.t.Helper()
	if err := w.Works.Do(w.t.Context(), func(ctx context.Context, work *bot.Work) error {
		_, err := w.desk.Do(ctx, work, id, a, cmd)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
}

// The link in a test opens what was sent, for who got it; a citizen who guesses the number sees nothing.
func TestTheLinkOfATest(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	w.says(w.Driver, "Lan", "chào")
	c := items.Content{Title: "Chưa đăng", Summary: "Từ hôm nay.", Body: "Nội dung đầy đủ.", SourceKind: items.SourceDepartment, Topics: []string{items.TopicReform}}
	var it items.Item
	if err := w.Works.Do(t.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		it, err = w.desk.Draft(ctx, work, staff(1), c, 0, "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	link := w.tests(it.ID, "Lan")
	rec := get(h, link)
	page := rec.Header().Get("Location")
	if rec.Code != http.StatusFound || !strings.HasPrefix(page, fmt.Sprintf("/tin/%d?thu=", it.ID)) {
		t.Fatalf("%s: %d to %q", link, rec.Code, page)
	}
	shows := func(path string, want ...string) {
		t.Helper()
		rec := get(h, path)
		for _, s := range append(want, "Bản gửi thử, chưa đăng") {
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), s) {
				t.Errorf("%s (%d) lacks %q", path, rec.Code, s)
			}
		}
		if strings.Contains(rec.Body.String(), "og:title") || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, rec.Header())
		}
	}
	hides := func(why string, paths ...string) {
		t.Helper()
		for _, p := range paths {
			if rec := get(h, p); rec.Code != http.StatusNotFound || strings.Contains(rec.Body.String(), "Nội dung đầy đủ") {
				t.Errorf("%s: %s is %d", why, p, rec.Code)
			}
		}
	}
	shows(page, "Nội dung đầy đủ.")
	short, long, key := fmt.Sprintf("/l/%d", it.ID), fmt.Sprintf("/tin/%d", it.ID), page[strings.Index(page, "?"):]
	hides("without the key", short, long, short+"?thu=", long+"?thu=x", strings.TrimSuffix(page, key[len(key)-1:]), "/tin/999"+key)

	// Whoever edits it later changes nothing of what was tested.
	edited := c
	edited.Body = "Nội dung khác."
	w.does(it.ID, staff(1), items.Command{Action: items.Edit, Content: edited})
	shows(page, "Nội dung đầy đủ.")
	w.Clock.Add(8 * 24 * time.Hour)
	hides("a week later", link, page)

	link = w.tests(it.ID, "Lan")
	w.does(it.ID, staff(1), items.Command{Action: items.Check})
	it, err := w.desk.Get(t.Context(), it.ID, staff(1))
	if err != nil {
		t.Fatal(err)
	}
	w.does(it.ID, staff(2), items.Command{Action: items.Approve, Hash: it.Hash})
	w.does(it.ID, staff(1), items.Command{Action: items.Schedule, Urgent: true, Reason: "thử"})
	w.does(it.ID, items.Actor{System: true}, items.Command{Action: items.Begin})
	if to := get(h, link).Header().Get("Location"); to != long {
		t.Errorf("when it is out the link leads to %q", to)
	}
	if f, err := w.desk.Figures(t.Context(), it.ID, staff(1)); err != nil || f.Opened != 0 {
		t.Errorf("tests count as %d openings, %v", f.Opened, err)
	}
}

// A test of an item that only points elsewhere leads there; of one that was given up, nowhere.
func TestTheLinkOfATestThatPointsElsewhere(t *testing.T) {
	w := newBot(t, bottest.Options{})
	h := site(t, w)
	w.says(w.Driver, "Lan", "chào")
	c := items.Content{Title: "Bài báo", Summary: "Đọc ở báo.", Link: "https://baohaiduong.vn/bai", SourceKind: items.SourceNewspaper, Topics: []string{items.TopicReform}}
	var it items.Item
	if err := w.Works.Do(t.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		it, err = w.desk.Draft(ctx, work, staff(1), c, 0, "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	link := w.tests(it.ID, "Lan")
	if to := get(h, link).Header().Get("Location"); to != c.Link {
		t.Errorf("leads to %q", to)
	}
	w.does(it.ID, staff(1), items.Command{Action: items.Cancel})
	if rec := get(h, link); rec.Code != http.StatusNotFound {
		t.Errorf("given up: %d", rec.Code)
	}
}
