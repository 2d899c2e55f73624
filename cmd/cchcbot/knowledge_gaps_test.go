package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/gaps"
	"cchcbot/knowledge"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// gapHouse is a knowledge base with the entries of the program, and the officers' side of gaps.
type gapHouse struct {
	t     *testing.T
	data  *data
	live  *procedures.Live
	desk  *entries.Desk
	book  *gaps.Book
	works *bot.Works
	tell  *effects
	turn  int64
}

func openGaps(t *testing.T) *gapHouse {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d, err := openData(t.Context(), &Config{Data: filepath.Join(t.TempDir(), "data")}, log)
	ok(t, err)
	t.Cleanup(func() { ok(t, d.Close()) })
	h := &gapHouse{t: t, data: d, turn: 1}
	h.live = procedures.NewLive(d.db.Read(), buildIndex(time.Now), log)
	ok(t, h.live.Refresh(t.Context()))
	st, err := store.New(t.Context(), store.Options{DB: d.db, Sealer: d.keys, Clean: vietnamese.Clean})
	ok(t, err)
	h.works = &bot.Works{Units: st}
	dir, err := directory.Load(directory.Options{AsOf: time.Now()})
	ok(t, err)
	h.desk, err = entries.New(entries.Options{Read: d.db.Read(), Directory: func() *directory.Directory { return dir }, Clean: vietnamese.Clean, Audit: st.Audit, Now: time.Now})
	ok(t, err)
	lex, err := vietnamese.LoadLexicon()
	ok(t, err)
	classifier, err := intent.New()
	ok(t, err)
	h.tell = &effects{read: d.db.Read(), classify: classify(classifier, func() *directory.Directory { return dir }), build: buildIndex(time.Now), words: contentWords(lex), refused: func() [][]string { return h.book.Decided() }, exam: exam.Basic}
	h.book, err = gaps.New(gaps.Options{
		Read: d.db.Read(), Desk: h.desk, Do: h.works.Do, Sealer: d.keys, Search: func(q knowledge.Query) knowledge.Found { return h.live.Search(q) },
		Unanswered: func(ctx context.Context, after int64, limit int, f func(int64, time.Time, string) error) error {
			return procedures.UnansweredAfter(ctx, d.db.Read(), d.keys, after, limit, f)
		},
		Feedback: func(ctx context.Context, after int64, limit int, f func(int64, time.Time, string, string, string) error) error {
			return procedures.FeedbackAfter(ctx, d.db.Read(), d.keys, after, limit, f)
		},
		Words: h.tell.words, Mask: mask.Public, Clean: vietnamese.Clean, Effect: h.tell.Effect, Audit: st.Audit, Now: time.Now,
	})
	ok(t, err)
	h.live.Leave(h.book.Refuses)
	return h
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// asked is a question that nobody could answer.
func (h *gapHouse) asked(questions ...string) {
	h.t.Helper()
	for _, q := range questions {
		sealed, err := h.data.keys.Seal([]byte(q), "procedures_unknown/question")
		ok(h.t, err)
		h.turn++
		ok(h.t, h.works.Do(h.t.Context(), func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `insert into procedures_unknown (id, asked, lang, question) values ($1, $2, 'vi', $3)`, h.turn, time.Now().UnixMilli(), sealed)
			return err
		}))
	}
}

// Two of Sở Nội vụ, who control procedures.
var (
	writer   = entries.Actor{Officer: bot.Officer{ID: 1, Active: true, Grants: []bot.Grant{{Role: bot.RoleController}}}}
	reviewer = entries.Actor{Officer: bot.Officer{ID: 2, Active: true, Grants: []bot.Grant{{Role: bot.RoleController}}}}
)

// planted are ten gaps: what a citizen wrote, and the entry that answers; "" where none does.
var planted = []struct{ question, code, alias string }{
	{"zorbal mất thì sao", "1.014064", "zorbal bị mất"},
	{"xin quyển klamath mới", "1.001193", "quyển klamath"},
	{"xin tờ vintrop đi vay", "1.004873", "tờ vintrop"},
	{"cắt fremlin cho cụ", "1.000656", "cắt fremlin"},
	{"nộp bluzard quán phở", "1.001612", "nộp bluzard quán phở"},
	{"đi làm grostik với người yêu", "1.000894", "làm grostik với người yêu"},
	{"sửa dralben nhà tôi", "1.115619", "sửa dralben"},
	{"chuyển wexlor về nhà chồng", "1.004222", "chuyển wexlor"},
	{"đánh lô đề con gì hôm nay", "", ""},
	{"ngày nào đẹp để đi đăng ký kết hôn và rước dâu", "", ""},
}

// TestGapsAreListedWithoutPersonalData: the list that a command prints is masked, unless it is asked for raw.
func TestGapsAreListedWithoutPersonalData(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	d, err := openData(t.Context(), &Config{Data: folder}, slog.New(slog.DiscardHandler))
	ok(t, err)
	sealed, err := d.keys.Seal([]byte("tôi là Nguyễn Văn Thí, số 0912345678, cccd 030099001234, hỏi zorbal"), "procedures_unknown/question")
	ok(t, err)
	ok(t, d.write(t.Context(), func(tx bot.Tx) error {
		_, err := tx.ExecContext(t.Context(), `insert into procedures_unknown (id, asked, lang, question) values (1, 1, 'vi', $1)`, sealed)
		return err
	}))
	ok(t, d.Close())
	for _, c := range []GapsCmd{{Limit: 5}, {Limit: 5, JSON: true}, {Limit: 5, Raw: true}} {
		var out, quiet bytes.Buffer
		ok(t, c.Run(t.Context(), &Config{Data: folder}, streams{out: &out, err: &quiet}))
		for _, personal := range []string{"0912345678", "030099001234"} {
			if strings.Contains(out.String(), personal) != c.Raw {
				t.Errorf("%+v prints %s", c, out.String())
			}
		}
		if !strings.Contains(out.String(), "zorbal") {
			t.Errorf("the question is gone: %s", out.String())
		}
	}
}

// Ten gaps, ten actions of the desk: the exam rises as each preview said.
func TestTenGapsFilled(t *testing.T) {
	h := openGaps(t)
	for _, p := range planted {
		h.asked(p.question)
	}
	ok(t, h.book.Group(t.Context()))
	list, more, err := h.book.List(t.Context(), writer.Officer, gaps.Filter{State: gaps.Open})
	ok(t, err)
	if len(list) != len(planted) || more {
		t.Fatalf("%d gaps of %d questions", len(list), len(planted))
	}
	before, rise := h.right(), 0
	for _, p := range planted {
		i := slices.IndexFunc(list, func(g gaps.Gap) bool { return g.Sample == p.question })
		if i < 0 {
			t.Fatalf("no gap is %q", p.question)
		}
		rise += h.fill(list[i], p.code, p.alias)
	}
	if after := h.right(); after-before != rise || rise < 8 {
		t.Errorf("the exam rose by %d, the previews said %d", after-before, rise)
	}
	ok(t, h.book.Follow(t.Context()))
	for _, p := range planted {
		got := h.answer(p.question)
		switch {
		case p.code == "" && got != "":
			t.Errorf("%q is answered with %s", p.question, got)
		case p.code != "" && got != p.code:
			t.Errorf("%q is answered with %q, want %s", p.question, got, p.code)
		}
	}
	counts := map[gaps.State]int{}
	list, _, err = h.book.List(t.Context(), writer.Officer, gaps.Filter{})
	ok(t, err)
	for _, g := range list {
		counts[g.State]++
	}
	if counts[gaps.Done] != 8 || counts[gaps.Out] != 2 {
		t.Errorf("gaps by state: %v", counts)
	}
}

// fill looks at the preview, acts, and has the draft reviewed and published. It returns by how
// much the exam rises, as the preview said.
func (h *gapHouse) fill(g gaps.Gap, code, alias string) int {
	t := h.t
	t.Helper()
	ctx := t.Context()
	var said gaps.Effect
	if code == "" {
		var err error
		said, err = h.book.Preview(ctx, []string{g.Sample}, "", nil)
		ok(t, err)
		ok(t, h.works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			return h.book.Leave(ctx, w, g.ID, g.Version, writer.Officer, g.Sample, "không thuộc việc của cơ quan nhà nước")
		}))
		ok(t, h.book.Refresh(ctx))
	} else {
		base, next, err := h.book.Named(ctx, code, alias)
		ok(t, err)
		said, err = h.book.Preview(ctx, []string{g.Sample}, code, next)
		ok(t, err)
		var x entries.Draft
		ok(t, h.works.Do(ctx, func(ctx context.Context, w *bot.Work) (err error) {
			x, err = h.book.Fill(ctx, w, g.ID, g.Version, writer, base, next)
			return err
		}))
		for _, c := range []struct {
			who entries.Actor
			cmd entries.Command
		}{{reviewer, entries.Command{Action: entries.Review, Hash: x.Hash}}, {reviewer, entries.Command{Action: entries.Publish}}} {
			ok(t, h.works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
				_, err := h.desk.Do(ctx, w, x.ID, c.who, c.cmd)
				return err
			}))
		}
		ok(t, h.live.Refresh(ctx))
	}
	if said.After.Right < said.Before.Right || code != "" && said.After.Right == said.Before.Right {
		t.Errorf("%q: the preview says %d before and %d after", g.Sample, said.Before.Right, said.After.Right)
	}
	return said.After.Right - said.Before.Right
}

// right is how many of the exam and of the ten end right.
func (h *gapHouse) right() int {
	h.t.Helper()
	var t gaps.Trial
	for _, p := range planted {
		t.Questions = append(t.Questions, gaps.Question{Text: p.question, Code: p.code})
	}
	e, err := h.tell.Effect(h.t.Context(), t)
	ok(h.t, err)
	return e.Before.Right
}

// answer is the code of the answer a citizen gets, "" for none.
func (h *gapHouse) answer(question string) string {
	f := h.tell.found(h.live, nil, question) // the live search knows the decisions
	if f.Outcome != knowledge.Answer && f.Outcome != knowledge.Choose || len(f.Hits) == 0 {
		return ""
	}
	return f.Hits[0].Entry.Code
}

// What means the same stands together; what says who somebody is, is hidden.
func TestGapsOfOneMeaning(t *testing.T) {
	h := openGaps(t)
	h.asked("xin giấy phép nuôi cá sấu xiêm ở đâu", "em muốn nuôi cá sấu xiêm thì xin giấy gì ạ", "giay phep nuoi ca sau xiem", "mua vé số ở đâu trúng, gọi tôi 0912345678")
	ok(t, h.book.Group(t.Context()))
	h.asked("nuôi cá sấu xiêm phải xin giấy phép không")
	ok(t, h.book.Group(t.Context()))
	list, _, err := h.book.List(t.Context(), writer.Officer, gaps.Filter{})
	ok(t, err)
	if len(list) != 2 || list[0].Asked != 4 || list[1].Asked != 1 {
		t.Fatalf("gaps: %+v", list)
	}
	g, questions, err := h.book.Get(t.Context(), list[1].ID, writer.Officer)
	ok(t, err)
	if len(questions) != 1 || slices.ContainsFunc(append(questions, g.Sample), func(s string) bool { return vietnamese.Fold(s) == "" || containsDigits(s) }) {
		t.Errorf("the telephone number is shown: %q %q", g.Sample, questions)
	}

	// However many there are, those that a decision not to answer belongs to stay: it can be taken back.
	act := func(f func(ctx context.Context, w *bot.Work) error) {
		t.Helper()
		ok(t, h.works.Do(t.Context(), f))
	}
	act(func(ctx context.Context, w *bot.Work) error {
		return h.book.Leave(ctx, w, g.ID, g.Version, writer.Officer, g.Sample, "không thuộc việc của cơ quan nhà nước")
	})
	act(func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `with recursive n (i) as (select 1 union all select i + 1 from n where i < 5002)
			insert into procedures_gaps (kind, state, field, code, words, sample, asked, first, last, version)
			select g.kind, 'done', '', '', '{}', g.sample, 9, g.first, g.last, 1 from n, procedures_gaps g where g.id = $1`, g.ID)
		return err
	})
	h.asked("nuôi cá sấu xiêm phải xin giấy phép không")
	ok(t, h.book.Group(t.Context()))
	var n int
	ok(t, h.data.db.Read().QueryRowContext(t.Context(), `select count(*) from procedures_gaps`).Scan(&n))
	if n != 5001 {
		t.Errorf("%d gaps are kept", n)
	}
	g, _, err = h.book.Get(t.Context(), g.ID, writer.Officer)
	ok(t, err)
	act(func(ctx context.Context, w *bot.Work) error {
		return h.book.Reopen(ctx, w, g.ID, g.Version, writer.Officer)
	})
	if h.book.Refuses(g.Sample) {
		ok(t, h.book.Refresh(t.Context()))
	}
	if h.book.Refuses(g.Sample) {
		t.Error("a decision that was taken back is in force")
	}
}

// A decision not to answer counts for the very question, in every way of asking, until it is taken back.
func TestADecisionNotToAnswer(t *testing.T) {
	h := openGaps(t)
	const question, other = "đăng ký kết hôn cần giấy tờ gì", "đăng ký khai sinh cần giấy tờ gì"
	h.asked(question)
	ok(t, h.book.Group(t.Context()))
	list, _, err := h.book.List(t.Context(), writer.Officer, gaps.Filter{})
	ok(t, err)
	answered := func(want bool) {
		t.Helper()
		for _, f := range []knowledge.Found{h.live.Ask(knowledge.Query{Text: question}), h.live.Search(knowledge.Query{Text: question})} {
			if got := f.Outcome == knowledge.Answer; got != want {
				t.Errorf("the question ends as %s", f.Outcome)
			}
		}
		if f := h.live.Ask(knowledge.Query{Text: other}); f.Outcome != knowledge.Answer {
			t.Errorf("another question ends as %s", f.Outcome)
		}
	}
	answered(true)
	ok(t, h.works.Do(t.Context(), func(ctx context.Context, w *bot.Work) error {
		return h.book.Leave(ctx, w, list[0].ID, list[0].Version, writer.Officer, question, "thử")
	}))
	ok(t, h.book.Refresh(t.Context()))
	answered(false)
	g, _, err := h.book.Get(t.Context(), list[0].ID, writer.Officer)
	ok(t, err)
	ok(t, h.works.Do(t.Context(), func(ctx context.Context, w *bot.Work) error {
		return h.book.Reopen(ctx, w, g.ID, g.Version, writer.Officer)
	}))
	ok(t, h.book.Refresh(t.Context()))
	answered(true)
}

func containsDigits(s string) bool {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n >= 6
}
