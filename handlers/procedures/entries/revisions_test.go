package entries_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

func (h *house) back(to int64) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, w *bot.Work) error {
		_, _, err := h.desk.Rollback(ctx, w, control, to, "nhập nhầm tệp")
		return err
	}))
}

// line shows the revisions, newest first: * counts, [n] was rolled back.
func (h *house) line() (out []string) {
	h.t.Helper()
	list, err := entries.Revisions(h.t.Context(), h.db.Read(), 0, 100)
	must(h.t, err)
	for _, r := range list {
		s := fmt.Sprint(r.Number)
		switch {
		case r.InForce:
			s = "*" + s
		case !r.Line:
			s = "[" + s + "]"
		}
		out = append(out, s)
	}
	return out
}

// TestNothingIsLostByARollback: what is published after it goes on from there, what was
// left behind is read, and counts again when it is asked for.
func TestNothingIsLostByARollback(t *testing.T) {
	h := open(t)
	for _, fee := range []string{"2 đồng", "3 đồng"} {
		h.imports(entry("1.001193", "Đăng ký khai sinh", fee))
	}
	see := func(step, fee string, line ...string) {
		t.Helper()
		if got := h.line(); h.fee() != fee || !slices.Equal(got, line) {
			t.Errorf("%s: the fee is %s of %q, want %s of %q", step, h.fee(), got, fee, line)
		}
	}
	see("at first", "3 đồng", "*3", "2", "1")
	h.back(0)
	see("one back", "2 đồng", "[3]", "*2", "1")
	h.back(1)
	see("to the first", "Không thu", "[3]", "[2]", "*1")
	h.imports(entry("1.000656", "Đăng ký khai tử", "4 đồng"))
	see("another after it", "Không thu", "*4", "[3]", "[2]", "1")
	h.imports(entry("1.001193", "Đăng ký khai sinh", "5 đồng"))
	see("and of the same entry", "5 đồng", "*5", "4", "[3]", "[2]", "1")
	history, err := entries.History(t.Context(), h.db.Read(), "1.001193")
	must(t, err)
	if got, want := entries.Fates(history), []entries.Fate{entries.InUse, entries.RolledBack, entries.RolledBack, entries.WasAmended}; !slices.Equal(got, want) {
		t.Errorf("the revisions 5, 3, 2, 1 are %v, want %v", got, want)
	}
	k, err := entries.At(t.Context(), h.db.Read(), "1.001193", 3)
	must(t, err)
	if k.Entry.Fee != "3 đồng" || k.Line {
		t.Errorf("what was left behind reads %+v", k)
	}
	h.back(3)
	see("what was left behind counts again", "3 đồng", "[5]", "[4]", "*3", "2", "1")
	e, err := entries.Get(t.Context(), h.db.Read(), "1.000656")
	must(t, err)
	if e.Fee != "Không thu" {
		t.Errorf("an entry of another line answers: %s", e.Fee)
	}
	h.back(5)
	see("and the other line", "5 đồng", "*5", "4", "[3]", "[2]", "1")
}

func TestRollbackIsRefused(t *testing.T) {
	h := open(t)
	try := func(a entries.Actor, to int64, reason string) error {
		return h.in(func(ctx context.Context, w *bot.Work) error {
			_, _, err := h.desk.Rollback(ctx, w, a, to, reason)
			return err
		})
	}
	refused(t, try(chief, 1, "x"), "procedures.denied_action")
	refused(t, try(job, 1, "x"), "procedures.denied_action")
	refused(t, try(control, 1, " "), "procedures.invalid_reason")
	refused(t, try(control, 1, "x"), "procedures.conflict_in_force")
	refused(t, try(control, 7, "x"), "procedures.error_no_revision")
	refused(t, try(control, 0, "x"), "procedures.error_no_revision") // nothing stands before the first
}

// TestARollbackMovesDrafts: what was drawn from the entry as it was is told.
func TestARollbackMovesDrafts(t *testing.T) {
	h := open(t)
	h.imports(entry("1.001193", "Đăng ký khai sinh", "2 đồng"))
	x := h.review(h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Time = "1 ngày" }))
	h.back(1)
	_, err := h.try(x.ID, control, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.conflict_moved")
	h.do(x.ID, clerk, entries.Command{Action: entries.Rebase})
	x, err = h.desk.Get(t.Context(), x.ID, clerk)
	must(t, err)
	if x.Entry.Fee != "Không thu" || x.Entry.Time != "1 ngày" {
		t.Errorf("moved it says %+v", x.Entry)
	}
}
