package entries_test

import (
	"fmt"
	"slices"
	"testing"

	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// changes shows what differs between two revisions: code, fee before > fee now.
func (h *house) changes(from, to int64) (out []string) {
	h.t.Helper()
	fee := func(e *knowledge.Entry) string {
		if e == nil {
			return "none"
		}
		return e.Fee
	}
	must(h.t, entries.ChangedBetween(h.t.Context(), h.db.Read(), from, to, func(before, now *knowledge.Entry) error {
		out = append(out, fmt.Sprintf("%s: %s > %s", now.Code, fee(before), fee(now)))
		return nil
	}))
	return out
}

// TestWhatChangedBetweenRevisions: what was rolled back counts on neither side.
func TestWhatChangedBetweenRevisions(t *testing.T) {
	h := open(t)
	first := h.now
	h.at("2026-11-11 09:00")
	h.imports(entry("1.001193", "Đăng ký khai sinh", "2 đồng"), entry("2.000001", "Thủ tục mới", "1 đồng"))
	h.imports(entry("1.001193", "Đăng ký khai sinh", "3 đồng"))
	see := func(step string, from int64, want ...string) {
		t.Helper()
		to, err := entries.Published(t.Context(), h.db.Read())
		must(t, err)
		if got := h.changes(from, to); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	see("since the import", 1, "1.001193: Không thu > 3 đồng", "2.000001: none > 1 đồng")
	see("since the last", 2, "1.001193: 2 đồng > 3 đồng")
	see("since now", 3)
	h.back(1)
	see("taken back", 1)
	h.at("2026-11-12 09:00")
	h.imports(entry("1.000656", "Đăng ký khai tử", "4 đồng"))
	see("another after it", 1, "1.000656: Không thu > 4 đồng")
	revision, a, b, err := entries.PublishedSince(t.Context(), h.db.Read(), 0)
	must(t, err)
	if revision != 4 || !a.Equal(first) || !b.Equal(h.now) {
		t.Errorf("published: %d, %s to %s", revision, a, b)
	}
	if _, a, _, err = entries.PublishedSince(t.Context(), h.db.Read(), 4); err != nil || !a.IsZero() {
		t.Errorf("nothing is newer: %s, %v", a, err)
	}
	var at []string
	must(t, entries.EachAt(t.Context(), h.db.Read(), 3, func(e *knowledge.Entry) error {
		at = append(at, e.Code+" "+e.Fee)
		return nil
	}))
	if want := []string{"1.000656 Không thu", "1.001193 Không thu"}; !slices.Equal(at, want) {
		t.Errorf("as of 3: %q, want %q", at, want)
	}
}
