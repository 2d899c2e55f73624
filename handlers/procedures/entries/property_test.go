package entries_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// TestWhateverIsDone: after any commands in any order nothing was published that a second person did not
// review as it is, no revision was lost, and the newest on the line is what is answered.
func TestWhateverIsDone(t *testing.T) {
	h := open(t)
	people := []entries.Actor{clerk, chief, control, second, other, owner, job}
	actions := []entries.Action{entries.Edit, entries.Rebase, entries.Review, entries.Return, entries.Publish, entries.Schedule, entries.Unschedule, entries.Effect, entries.Cancel, entries.Reopen}
	random := rand.New(rand.NewPCG(7, 11))
	var drafts []int64
	most := int64(1) // revisions there ever were
	for step := range 800 {
		who := people[random.IntN(len(people))]
		switch random.IntN(12) {
		case 0:
			base, err := h.desk.Latest(t.Context(), "1.001193")
			must(t, err)
			e := entries.Copy(base)
			e.Fee = fmt.Sprint(step, " đồng")
			if random.IntN(3) == 0 {
				e.ValidFrom = h.now.AddDate(0, 0, random.IntN(20)-5).Format("2006-01-02")
			}
			if x, err := h.begin(who, base, e); err == nil {
				drafts = append(drafts, x.ID)
			}
		case 1:
			h.now = h.now.AddDate(0, 0, random.IntN(4))
			must(t, h.desk.RunEffect(t.Context(), h.works))
		case 2:
			to := random.Int64N(most + 2)
			_ = h.in(func(ctx context.Context, w *bot.Work) error {
				_, _, err := h.desk.Rollback(ctx, w, who, to, "x")
				return err
			})
		default:
			if len(drafts) == 0 {
				continue
			}
			id := drafts[max(0, len(drafts)-1-random.IntN(4))]
			x, err := h.desk.Get(t.Context(), id, control)
			must(t, err)
			action := actions[random.IntN(len(actions))]
			if may := h.desk.May(x, who); len(may) > 0 && random.IntN(3) > 0 { // more often something that is allowed, and forward
				action = may[random.IntN(len(may))]
				for _, a := range may {
					if a == entries.Review || a == entries.Publish || a == entries.Schedule {
						action = a
					}
				}
				if moved, err := h.desk.Moved(t.Context(), x); err == nil && moved && slices.Contains(may, entries.Rebase) {
					action = entries.Rebase
				}
			}
			c := entries.Command{Action: action, Hash: x.Hash, Reason: "x", Entry: entries.Copy(x.Entry)}
			c.Entry.Fee = fmt.Sprint(step, " đồng, sửa")
			_, err = h.try(id, who, c)
			var refusal *bot.Error
			if err != nil && !errors.As(err, &refusal) {
				t.Fatalf("%s by %s: %v", c.Action, who.Ref(), err)
			}
		}
		most = h.holds(most)
	}
	if most < 8 {
		t.Errorf("only %d revisions: does the test still do anything?", most)
	}
}

// holds checks what must be so, and returns the highest revision.
func (h *house) holds(before int64) int64 {
	h.t.Helper()
	ctx := h.t.Context()
	list, err := entries.Revisions(ctx, h.db.Read(), 0, 1000)
	must(h.t, err)
	if int64(len(list)) < before || list[0].Number != int64(len(list)) {
		h.t.Fatalf("there were %d revisions, now there are %d", before, len(list))
	}
	history, err := entries.History(ctx, h.db.Read(), "1.001193")
	must(h.t, err)
	var newest *knowledge.Entry
	for _, k := range history {
		if k.Line && newest == nil {
			newest = k.Entry
		}
		if k.Draft != 0 && (k.Reviewer == "" || k.Reviewer == k.Author) {
			h.t.Fatalf("revision %d was written by %s and reviewed by %q", k.Number, k.Author, k.Reviewer)
		}
	}
	now, err := entries.Get(ctx, h.db.Read(), "1.001193")
	must(h.t, err)
	if now.Fee != newest.Fee {
		h.t.Fatalf("answered is %q, the newest on the line says %q", now.Fee, newest.Fee)
	}
	return int64(len(list))
}
