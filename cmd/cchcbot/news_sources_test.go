package main

import (
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/procedures/entries"
)

// job runs one job of the features, as the program does from time to time.
func (r *running) job(name string) {
	r.t.Helper()
	for _, f := range r.house.features {
		for _, j := range f.Jobs {
			if j.Name != name {
				continue
			}
			if err := j.Run(r.t.Context()); err != nil {
				r.t.Fatal(err)
			}
			return
		}
	}
	r.t.Fatalf("there is no job %s", name)
}

// What changes in the knowledge base proposes a draft of news; what ships with the program does not.
func TestAChangedProcedureProposesADraft(t *testing.T) {
	now := time.Now()
	r := prepareAt(t, &Config{}, func() time.Time { return now })
	drafts := func() []items.Item {
		t.Helper()
		list, err := r.house.news.List(t.Context(), items.Actor{System: true}, items.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	r.job("news.knowledge")
	now = now.Add(time.Hour)
	r.job("news.knowledge")
	if got := drafts(); len(got) > 0 {
		t.Fatalf("the first seed is news: %+v", got[0].Content)
	}
	e, err := entries.Get(t.Context(), r.data.db.Read(), "1.001193")
	if err != nil {
		t.Fatal(err)
	}
	e.Fee, e.LegalBasis = "9.000 đồng", append(e.LegalBasis, "Nghị định số 999/2026/NĐ-CP")
	if err := r.data.write(t.Context(), func(tx bot.Tx) error {
		_, err := entries.PublishAll(t.Context(), tx, now, "import", "", []entries.Change{{Entry: e, Origin: entries.OriginEdited}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	r.job("news.knowledge")
	got := drafts()
	if len(got) != 1 || got[0].State != items.Draft || got[0].Content.Topics[0] != items.TopicProcedures {
		t.Fatalf("drafts %+v", got)
	}
	c := got[0].Content
	for _, want := range []string{"đăng ký khai sinh (phí, lệ phí)", "Nghị định số 999/2026/NĐ-CP"} {
		if !strings.Contains(c.Summary, want) {
			t.Errorf("%q is not in %q", want, c.Summary)
		}
	}
	if !strings.HasSuffix(c.Link, "/tthc/1.001193") {
		t.Errorf("the link is %s", c.Link)
	}
	r.job("news.knowledge")
	if len(drafts()) != 1 {
		t.Error("it is proposed twice")
	}
}
