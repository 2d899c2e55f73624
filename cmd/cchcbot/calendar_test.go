package main

import (
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/store"
)

// The doctor tells of a year that is not decided three months ahead, and not
// before; also when there is no database yet.
func TestDoctorLooksAtTheCalendar(t *testing.T) {
	cfg := &Config{Data: t.TempDir()}
	d, err := openRuntime(t.Context(), cfg, cfg.Logger(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	examine := func(at time.Time, s *store.Store) finding {
		t.Helper()
		p := &patient{now: func() time.Time { return at }, db: d.db, store: s, absent: s == nil}
		found := checkCalendar(t.Context(), p)
		if len(found) != 1 {
			t.Fatalf("%v", found)
		}
		return found[0]
	}
	september, october := time.Date(2026, 9, 30, 23, 0, 0, 0, vietnam), time.Date(2026, 10, 1, 0, 0, 0, 0, vietnam)
	for _, s := range []*store.Store{nil, d.store} {
		if f := examine(september, s); f.Verdict != fine || !strings.Contains(f.Text, "2026 are decided") {
			t.Errorf("in September: %+v", f)
		}
		if f := examine(october, s); f.Verdict != look || !strings.Contains(f.Do, "/console/calendar/2027") {
			t.Errorf("in October: %+v", f)
		}
	}
	err = d.write(t.Context(), func(tx bot.Tx) error {
		_, err := tx.ExecContext(t.Context(), `insert into calendar_years (revision, year, body, number, dated, reason, restored, actor, at)
			values (1, 2027, '{"year":2027,"status":"decided","decisions":[{"number":"1/TB"}],"off":[]}', '1/TB', '2026-10-01', '', -1, 'staff:1', 0)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if f := examine(october, d.store); f.Verdict != fine {
		t.Errorf("after 2027 was entered: %+v", f)
	}
}
