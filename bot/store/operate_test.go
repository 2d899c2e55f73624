package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

func TestOperatorsHoldAndRelease(t *testing.T) {
	for _, h := range []store.Hold{{Channel: "telegram"}, {Lane: bot.LaneBroadcast}, {Thing: "news:7"}, {Channel: "telegram", Lane: bot.LaneBroadcast, Thing: "news:7"}} {
		t.Run(fmt.Sprintf("%+v", h), func(t *testing.T) {
			w := open(t)
			held := message("a", "held", bot.LaneBroadcast)
			held.Thing = "news:7"
			free := message("a", "free", bot.LaneBroadcast)
			w.enqueue(held, free)
			w.must(w.HoldAll(t.Context(), h, "staff:1"))
			want := ""
			if h.Thing != "" {
				want = "free" // passed over, it does not hold back what is behind it
			}
			got := w.claim(bot.LaneBroadcast, 5)
			if texts(got) != want {
				t.Fatalf("claimed %q, want %q", texts(got), want)
			}
			for _, c := range got {
				w.must(w.Sent(t.Context(), c.Row, bot.Receipt{}))
			}
			if next, err := w.NextDue(t.Context(), "telegram"); err != nil || !next.IsZero() {
				t.Fatalf("next due %s, %v: delivery would look again and again", next, err)
			}
			rows, err := w.ListOutbox(t.Context(), store.OutboxFilter{State: bot.OutboxQueued, Thing: "news:7"})
			if err != nil || len(rows) != 1 || !rows[0].Held {
				t.Fatalf("rows %+v, %v", rows, err)
			}
			w.must(w.ReleaseAll(t.Context(), h, "staff:1"))
			if got := texts(w.claim(bot.LaneBroadcast, 5)); got != "held" {
				t.Fatalf("claimed %q", got)
			}
			if err := w.ReleaseAll(t.Context(), h, "staff:1"); !bot.IsCode(err, bot.NotFound) {
				t.Fatalf("second release: %v", err)
			}
		})
	}
	w := open(t)
	if err := w.HoldAll(t.Context(), store.Hold{}, "staff:1"); !bot.IsCode(err, bot.Invalid) {
		t.Fatalf("a hold on nothing: %v", err)
	}
}

func TestOperatorsRetryAndDrop(t *testing.T) {
	w := open(t)
	w.enqueue(reply("a", "dead"), reply("b", "sent"))
	c := w.claim(bot.LaneReply, 2)
	w.must(w.Bury(t.Context(), c[0].Row, "delivery.reason_blocked"))
	w.must(w.Sent(t.Context(), c[1].Row, bot.Receipt{}))
	w.enqueue(message("c", "leased", bot.LaneBroadcast), message("d", "waits", bot.LaneBroadcast))
	w.claim(bot.LaneBroadcast, 1)
	w.clock.Advance(time.Second)
	st, err := w.Stats(t.Context())
	w.must(err)
	if !slices.Equal(st.Outbox, []store.OutboxStats{
		{Channel: "telegram", Lane: bot.LaneBroadcast, State: bot.OutboxSending, Count: 1},
		{Channel: "telegram", Lane: bot.LaneBroadcast, State: bot.OutboxQueued, Count: 1, Oldest: time.Second},
		{Channel: "telegram", Lane: bot.LaneReply, State: bot.OutboxDead, Count: 1},
	}) {
		t.Fatalf("stats %+v", st.Outbox)
	}
	w.must(w.RetryRow(t.Context(), c[0].Row, "staff:1", ""))
	again := w.claim(bot.LaneReply, 2)
	if texts(again) != "dead" {
		t.Fatalf("claimed %q", texts(again))
	}
	for name, err := range map[string]error{
		"drop what is being sent": w.DropRow(t.Context(), c[0].Row, "staff:1", ""),
		"retry what was sent":     w.RetryRow(t.Context(), c[1].Row, "staff:1", ""),
		"drop what is not there":  w.DropRow(t.Context(), 999, "staff:1", ""),
	} {
		if !bot.IsCode(err, bot.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(w.Retry(t.Context(), c[0].Row, w.clock.Now(), true, "x"))
	w.must(w.DropRow(t.Context(), c[0].Row, "staff:1", ""))
	w.must(w.Retry(t.Context(), c[0].Row, w.clock.Now(), true, "x")) // a sender that comes late
	if got := texts(w.claim(bot.LaneReply, 2)); got != "" {
		t.Fatalf("claimed %q", got)
	}
	trail, err := w.ListAudit(t.Context(), store.AuditFilter{Thing: fmt.Sprintf("outbox:%d", c[0].Row)})
	w.must(err)
	if len(trail) != 2 || trail[0].Action != "outbox.dropped" || trail[1].Action != "outbox.retried" || trail[0].Actor != "staff:1" {
		t.Fatalf("audit %+v", trail)
	}
}

func TestWhatIsKeptEnds(t *testing.T) {
	w := open(t)
	day := 24 * time.Hour
	for i, chat := range []string{"c1", "c1", "c2"} {
		w.accept(update(fmt.Sprint(i), chat, "text"))
		_, err := w.finish(finished(w.load(), "session"), reply(chat, "answer"))
		w.must(err)
	}
	w.accept(update("failed", "c3", "text"))
	w.must(w.Abandon(t.Context(), w.load().Turn, "load"))
	w.enqueue(reply("x", "dead"), reply("y", "waits"))
	for range 2 {
		for _, c := range w.claim(bot.LaneReply, 10) {
			switch c.Message.Text {
			case "dead":
				w.must(w.Bury(t.Context(), c.Row, "r"))
			case "answer":
				w.must(w.Sent(t.Context(), c.Row, bot.Receipt{}))
			case "waits":
				w.must(w.Hold(t.Context(), c.Row, "r"))
			}
		}
	}
	// inbox rows, their payloads, sessions, outbox rows, their payloads
	count := func(after time.Duration) (out [5]int) {
		w.must(w.Maintain(t.Context()))
		for i, q := range []string{
			"select count(*) from inbox", "select count(payload) from inbox", "select count(session) from chats",
			"select count(*) from outbox", "select count(payload) from outbox",
		} {
			w.must(w.db.Read().QueryRow(q).Scan(&out[i]))
		}
		return out
	}
	var at time.Duration
	for _, step := range []struct {
		after time.Duration
		want  [5]int
	}{
		{0, [5]int{4, 4, 2, 5, 5}},
		{23 * time.Hour, [5]int{4, 4, 2, 5, 5}},
		{25 * time.Hour, [5]int{4, 1, 2, 5, 5}}, // the failed one keeps its text
		{8 * day, [5]int{3, 1, 2, 5, 2}},        // the turn before c1's last is gone; texts of what was sent
		{29 * day, [5]int{3, 1, 2, 5, 2}},       //
		{32 * day, [5]int{1, 1, 0, 2, 2}},       // sessions have ended, and with them the last turns
		{91 * day, [5]int{1, 1, 0, 1, 1}},       // the newest number stays taken
	} {
		w.clock.Advance(step.after - at)
		at = step.after
		if got := count(step.after); got != step.want {
			t.Errorf("after %s: %v, want %v", step.after, got, step.want)
		}
	}
	// A number is not given twice, and the conversation goes on.
	w.accept(update("9", "c1", "again"))
	l := w.load()
	if l.Turn != 5 || l.LastTurn != 2 {
		t.Fatalf("loaded %+v", l)
	}
	_, err := w.finish(finished(l, "s"))
	w.must(err)
}

func TestMaintainTakesManyRowsInSmallSteps(t *testing.T) {
	w := open(t)
	w.must(w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 1300 {
			if _, err := tx.Exec(`insert into inbox (channel, update_key, chat, session_key, user_key, state, attempts, due, accepted, finished, payload)
				values ('c', $1, 'c', 's', 'u', 'done', 0, 0, 1, 1, 'x')`, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	}))
	w.must(w.Maintain(t.Context()))
	var n int
	w.must(w.db.Read().QueryRow("select count(*) from inbox").Scan(&n))
	if n != 1 {
		t.Fatalf("%d rows are left, want the newest", n)
	}
}

func TestOneOwnerHoldsALease(t *testing.T) {
	w := open(t)
	for _, step := range []struct {
		owner string
		wait  time.Duration
		want  bool
	}{{"a", 0, true}, {"b", 0, false}, {"a", 30 * time.Second, true}, {"b", 59 * time.Second, false}, {"b", 2 * time.Second, true}, {"a", 0, false}} {
		w.clock.Advance(step.wait)
		got, err := w.Lease(t.Context(), "report", step.owner, time.Minute)
		if err != nil || got != step.want {
			t.Fatalf("%+v: %v, %v", step, got, err)
		}
	}
}

func TestTheAuditTrailIsNeverChanged(t *testing.T) {
	w := open(t)
	u, err := w.Begin(t.Context())
	w.must(err)
	w.must(w.Audit(t.Context(), u.Tx(), "staff:1", "complaint.closed", "complaint:K7", "answered"))
	w.must(u.Commit(t.Context()))
	for _, q := range []string{"delete from audit", "update audit set actor = 'nobody'"} {
		if err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(q); return err }); err == nil {
			t.Errorf("%s is possible", q)
		}
	}
	trail, err := w.ListAudit(t.Context(), store.AuditFilter{})
	if err != nil || len(trail) != 1 || trail[0].Detail != "answered" || !trail[0].At.Equal(w.clock.Now()) {
		t.Fatalf("audit %+v, %v", trail, err)
	}
}

func TestStaff(t *testing.T) {
	w := open(t)
	w.accept(update("1", "c1", "a"))
	_, err := w.finish(finished(w.load(), "s"))
	w.must(err)
	w.accept(update("2", "c1", "b"))
	person := w.load().Contact.Person
	o := bot.Officer{Name: "Lê Thị Hoa", Email: "Hoa@Example.vn", Active: true, Person: person,
		Grants: []bot.Grant{{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: "snv"}}, {Role: bot.RoleEditor}}}
	o.ID, err = w.SaveOfficer(t.Context(), o, "cli")
	w.must(err)
	for name, find := range map[string]func() (bot.Officer, error){
		"number": func() (bot.Officer, error) { return w.Officer(t.Context(), o.ID) },
		"person": func() (bot.Officer, error) { return w.OfficerOf(t.Context(), person) },
		"e-mail": func() (bot.Officer, error) { return w.OfficerByEmail(t.Context(), " hoa@example.VN") },
	} {
		got, err := find()
		if err != nil || got.Name != o.Name || got.Email != o.Email || len(got.Grants) != 2 ||
			!got.May(bot.RoleOfficer, bot.Scope{Agency: "snv"}) || got.May(bot.RoleOfficer, bot.Scope{Agency: "other"}) {
			t.Errorf("by %s: %+v, %v", name, got, err)
		}
	}
	if _, err := w.SaveOfficer(t.Context(), bot.Officer{Name: "Other", Email: "hoa@example.vn"}, "cli"); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("a second officer with the address: %v", err)
	}
	o.Active, o.Grants = false, nil
	_, err = w.SaveOfficer(t.Context(), o, "cli")
	w.must(err)
	if got, err := w.Officer(t.Context(), o.ID); err != nil || got.May(bot.RoleEditor, bot.Scope{}) || len(got.Grants) != 0 {
		t.Errorf("after the change: %+v, %v", got, err)
	}
	if _, err := w.Officer(t.Context(), 99); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	if all, err := w.Officers(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("all: %+v, %v", all, err)
	}
}

func TestQueriesOfEveryTurnUseTheirIndexes(t *testing.T) {
	w := open(t)
	for query, want := range map[string]string{
		`select turn from inbox where state = 'pending' and turn > 1 order by turn limit 9`:                                                                                                     "inbox_pending",
		`select o.id from outbox o where o.channel = 'x' and o.lane = 'y' and o.state in ('queued', 'sending') and o.due <= 5 order by o.due, o.id limit 9`:                                     "outbox_due",
		`select 1 from outbox b where b.chat = 'x' and b.state in ('queued', 'sending', 'held') and b.id < 7`:                                                                                   "outbox_chat",
		`update outbox set state = 'dropped' where contact = 4 and lane = 'broadcast' and state in ('waiting', 'queued', 'held')`:                                                               "outbox_news",
		`select channel, lane, count(*) from outbox where state = 'held' group by channel, lane`:                                                                                                "outbox_held",
		`select channel, lane, sum(case when state = 'queued' then due end) from outbox where state in ('queued', 'sending') group by channel, lane`:                                            "COVERING INDEX outbox_due",
		`select channel, lane, count(*) from outbox where state = 'dead' group by channel, lane`:                                                                                                "outbox_dead",
		`select id from outbox where state in ('sent', 'dropped', 'dead') and finished < 9 and state <> 'dead' and payload is not null order by finished limit 5`:                               "outbox_closed",
		`select b.channel from (select channel, spread, state from outbox where state in ('sent', 'dropped', 'dead') and finished >= 9 order by finished desc limit 5) as b where b.spread = 3`: "outbox_closed",
		`select o.channel, count(*) from outbox_spreads s join outbox o on o.spread = s.id and o.spread > 0 and o.state = 'waiting' where s.state = 'open' and s.id = 1 group by o.channel`:     "COVERING INDEX outbox_spread",
	} {
		rows, err := w.db.Read().Query("explain query plan " + strings.Replace(query, "update outbox set state = 'dropped'", "select id from outbox", 1))
		w.must(err)
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			w.must(rows.Scan(&id, &parent, &unused, &detail))
			plan = append(plan, detail)
		}
		w.must(rows.Err())
		if got := strings.Join(plan, "; "); !strings.Contains(got, want) || strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s\nuses %s, want %s", query, got, want)
		}
	}
}
