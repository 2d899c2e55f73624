package sources

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/bottest"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge"
)

// shelf is a knowledge base: the entries of each revision, and when it was published.
type shelf struct {
	at    []time.Time
	books []map[string]knowledge.Entry
	now   int64
}

// publish makes a revision of the one before with changes; a zero entry withdraws.
func (k *shelf) publish(at time.Time, changes map[string]knowledge.Entry) {
	book := map[string]knowledge.Entry{}
	if k.now > 0 {
		for code, e := range k.books[k.now-1] {
			book[code] = e
		}
	}
	for code, e := range changes {
		if e.Code == "" {
			delete(book, code)
			continue
		}
		book[code] = e
	}
	k.books, k.at = append(k.books[:k.now:k.now], book), append(k.at[:k.now:k.now], at)
	k.now++
}

func (k *shelf) Published(_ context.Context, after int64) (revision int64, first, last time.Time, err error) {
	if after < k.now {
		first, last = k.at[after], k.at[k.now-1]
	}
	return k.now, first, last, nil
}

func (k *shelf) book(n int64) map[string]knowledge.Entry {
	if n == 0 {
		return nil
	}
	return k.books[n-1]
}

func (k *shelf) Changed(_ context.Context, from, to int64, f func(before, now *knowledge.Entry) error) error {
	a, b := k.book(from), k.book(to)
	codes := map[string]bool{}
	for code := range a {
		codes[code] = true
	}
	for code := range b {
		codes[code] = true
	}
	for code := range codes {
		var before, now *knowledge.Entry
		if e, ok := a[code]; ok {
			before = &e
		}
		if e, ok := b[code]; ok {
			now = &e
		}
		if fmt.Sprint(before) != fmt.Sprint(now) {
			if err := f(before, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *shelf) Each(_ context.Context, revision int64, f func(*knowledge.Entry) error) error {
	for _, e := range k.book(revision) {
		if err := f(&e); err != nil {
			return err
		}
	}
	return nil
}

func proc(code, name string, change ...func(*knowledge.Entry)) map[string]knowledge.Entry {
	e := knowledge.Entry{Code: code, Name: name, Field: "Hộ tịch", Fee: "Miễn phí", LegalBasis: []string{"Luật Hộ tịch số 60/2014/QH13"}}
	for _, f := range change {
		f(&e)
	}
	return map[string]knowledge.Entry{code: e}
}

// What changed in the knowledge base is one draft a batch; what was there first is no news.
func TestTheKnowledgeBaseProposesDrafts(t *testing.T) {
	w := newWorld(t)
	look := func(after time.Duration) int {
		t.Helper()
		w.now = w.now.Add(after)
		must(t, w.s.propose(t.Context()))
		return len(w.drafts())
	}
	if look(0) != 0 {
		t.Fatal("nothing is published")
	}
	w.kb.publish(w.now, proc("1.001", "Đăng ký khai sinh"))
	if look(time.Hour) != 0 {
		t.Fatal("the first seed is news")
	}
	w.kb.publish(w.now, proc("1.001", "Đăng ký khai sinh", func(e *knowledge.Entry) { e.Aliases = []string{"giấy khai sinh"}; e.Summary = "x" }))
	if look(time.Hour) != 0 {
		t.Fatal("other words of ours are news")
	}
	w.kb.publish(w.now, proc("1.001", "Đăng ký khai sinh", func(e *knowledge.Entry) { e.Fee = "8.000 đồng"; e.Time = "1 ngày" }))
	if look(time.Minute) != 0 {
		t.Fatal("it does not wait for what belongs to it")
	}
	w.kb.publish(w.now, proc("1.002", "Đăng ký kết hôn", func(e *knowledge.Entry) {
		e.LegalBasis = append(e.LegalBasis, "Nghị định 123/2015/NĐ-CP", "luật hộ tịch 60/2014/QH13")
	}))
	if look(5*time.Minute) != 0 {
		t.Fatal("it does not wait")
	}
	if look(6*time.Minute) != 1 {
		t.Fatalf("no draft: %s", w.log.String())
	}
	c := w.drafts()[0].Content
	if want := "Thủ tục hành chính vừa cập nhật: 1 thủ tục thêm, 1 thủ tục thay đổi, 1 văn bản lần đầu áp dụng"; c.Title != want {
		t.Errorf("title %q", c.Title)
	}
	if want := "Thêm: Đăng ký kết hôn.\nThay đổi: Đăng ký khai sinh (thời hạn, phí, lệ phí).\nVăn bản lần đầu áp dụng: Nghị định 123/2015/NĐ-CP."; c.Summary != want {
		t.Errorf("summary %q", c.Summary)
	}
	if !strings.Contains(c.Body, "- Đăng ký kết hôn https://hoidap.example/tthc/1.002") || c.Link != "" || c.Topics[0] != items.TopicProcedures {
		t.Errorf("draft %+v", c)
	}
	if look(time.Hour) != 1 {
		t.Error("it is proposed twice")
	}
	batch := proc("1.002", "Đăng ký kết hôn", func(e *knowledge.Entry) { e.Status, e.ReplacedBy = knowledge.Replaced, []string{"2.002", "2.003"} })
	batch["2.002"] = proc("2.002", "Đăng ký kết hôn lưu động")["2.002"]
	w.kb.publish(w.now, batch)
	if look(time.Hour) != 2 || w.drafts()[1].Content.Link != "" || !strings.Contains(w.drafts()[1].Content.Summary, "Được thay thế: Đăng ký kết hôn (thay bằng Đăng ký kết hôn lưu động, 2.003).") {
		t.Errorf("replaced: %+v", w.drafts()[1].Content)
	}
	w.kb.publish(w.now, map[string]knowledge.Entry{"1.001": {}, "1.002": {}}) // withdrawn; the second was out of force before
	if look(time.Hour) != 3 || w.drafts()[2].Content.Summary != "Bãi bỏ: Đăng ký khai sinh." || w.drafts()[2].Content.Link != "" {
		t.Errorf("abolished: %+v", w.drafts()[2].Content)
	}
}

// A large import is one draft with counts; a change taken back is none.
func TestAnImportIsOneDraft(t *testing.T) {
	w := newWorld(t)
	w.kb.publish(w.now, proc("1.000", "Đăng ký khai sinh"))
	must(t, w.s.propose(t.Context()))
	all := map[string]knowledge.Entry{}
	many := 4781 // as many as the national list has
	if bottest.UnderRace {
		many = 700
	}
	for i := range many {
		code := fmt.Sprintf("1.%06d", i)
		all[code] = knowledge.Entry{Code: code, Name: fmt.Sprint("Thủ tục ", i), Field: fmt.Sprint("Lĩnh vực ", i%70), LegalBasis: []string{fmt.Sprintf("Nghị định %d/2020/NĐ-CP", i%900)}}
	}
	w.kb.publish(w.now, all)
	w.now = w.now.Add(time.Hour)
	must(t, w.s.propose(t.Context()))
	if got := w.drafts(); len(got) != 1 || !strings.Contains(got[0].Content.Title, fmt.Sprint(many, " thủ tục thêm")) ||
		!strings.Contains(got[0].Content.Summary, fmt.Sprintf("Theo lĩnh vực: Lĩnh vực 0 (%d)", (many+69)/70)) ||
		strings.Contains(got[0].Content.Body, "Thủ tục 17") {
		t.Fatalf("drafts %+v", got)
	}
	w.kb.now = 1 // taken back
	w.now = w.now.Add(time.Hour)
	must(t, w.s.propose(t.Context()))
	w.kb.publish(w.now, proc("1.000", "Đăng ký khai sinh", func(e *knowledge.Entry) { e.Fee = "1.000 đồng" }))
	w.now = w.now.Add(time.Hour)
	must(t, w.s.propose(t.Context()))
	if got := w.drafts(); len(got) != 2 || !strings.HasPrefix(got[1].Content.Summary, "Thay đổi: Đăng ký khai sinh") {
		t.Errorf("after a way back: %d drafts, %+v", len(got), got[len(got)-1].Content)
	}
}
