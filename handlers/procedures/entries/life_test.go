package entries_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mould is a database with all tables: to make them costs more than most tests.
var mould bottest.Mould

// province is read once; it never changes.
var province = sync.OnceValue(func() *directory.Directory {
	d, err := directory.Load(directory.Options{AsOf: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)})
	if err != nil {
		panic(err)
	}
	return d
})

// house is a desk over a real database, with a clock that tests move.
type house struct {
	t       *testing.T
	db      *sqldb.DB
	store   *store.Store
	desk    *entries.Desk
	works   *bot.Works
	now     time.Time
	bad     []entries.Finding // what the content's rules find
	changed int               // how often searchers were told
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	h.at("2026-11-10 09:00") // a Tuesday
	keys, err := store.OpenKeys(strings.Repeat("00", 32), "")
	must(t, err)
	h.db = mould.Open(t)
	now := func() time.Time { return h.now }
	h.store, err = store.New(t.Context(), store.Options{DB: h.db, Sealer: keys, Clean: vietnamese.Clean, Now: now})
	must(t, err)
	must(t, h.db.Migrate(t.Context(), "procedures", entries.Schema()))
	mould.Keep(t, h.db)
	h.works = &bot.Works{Units: h.store}
	h.desk, err = entries.New(entries.Options{
		Read: h.db.Read(), Directory: province, Clean: vietnamese.Clean, Audit: h.store.Audit, Now: now,
		Check:     func(context.Context, *knowledge.Entry) ([]entries.Finding, error) { return h.bad, nil },
		Published: func(context.Context) { h.changed++ },
	})
	must(t, err)
	h.imports(entry("1.001193", "Đăng ký khai sinh", "Không thu"), entry("1.000656", "Đăng ký khai tử", "Không thu"))
	return h
}

func (h *house) at(s string) {
	h.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	must(h.t, err)
	h.now = at
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func entry(code, name, fee string) *knowledge.Entry {
	return &knowledge.Entry{Code: code, Name: name, Field: "Hộ tịch", Fee: fee, Aliases: []string{"làm " + name}, Documents: []knowledge.Document{{Name: "Tờ khai"}}}
}

// import_ publishes as `knowledge import` does.
func (h *house) imports(list ...*knowledge.Entry) (revision int64) {
	h.t.Helper()
	must(h.t, h.in(func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		var changes []entries.Change
		for _, e := range list {
			changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginImport, New: true})
		}
		revision, err = entries.PublishAll(ctx, tx, h.now, "import", "", changes)
		return err
	}))
	return revision
}

func (h *house) in(f func(ctx context.Context, w *bot.Work) error) error {
	return h.works.Do(context.Background(), f)
}

func officer(id int64, role bot.Role, body string) entries.Actor {
	return entries.Actor{Officer: bot.Officer{ID: id, Active: true, Grants: []bot.Grant{{Role: role, Scope: bot.Scope{Agency: body}}}}}
}

// Civil status (Hộ tịch) is looked after by Sở Tư pháp.
var (
	clerk   = officer(1, bot.RoleOfficer, "hp-so-tu-phap")
	chief   = officer(2, bot.RoleHead, "hp-so-tu-phap")
	control = officer(3, bot.RoleController, "")
	second  = officer(4, bot.RoleController, "")
	other   = officer(5, bot.RoleHead, "hp-so-xay-dung")
	owner   = officer(6, bot.RoleOwner, "")
	job     = entries.Actor{System: true}
)

// draft begins a change of an entry that exists.
func (h *house) draft(a entries.Actor, code string, change func(*knowledge.Entry)) entries.Draft {
	h.t.Helper()
	base, err := h.desk.Latest(h.t.Context(), code)
	must(h.t, err)
	e := entries.Copy(base)
	change(e)
	x, err := h.begin(a, base, e)
	must(h.t, err)
	return x
}

func (h *house) begin(a entries.Actor, base, e *knowledge.Entry) (x entries.Draft, err error) {
	err = h.in(func(ctx context.Context, w *bot.Work) error {
		x, err = h.desk.Draft(ctx, w, a, base, e, "Nghị quyết mới")
		return err
	})
	return x, err
}

func (h *house) try(id int64, a entries.Actor, c entries.Command) (x entries.Draft, err error) {
	err = h.in(func(ctx context.Context, w *bot.Work) error {
		x, err = h.desk.Do(ctx, w, id, a, c)
		return err
	})
	return x, err
}

func (h *house) do(id int64, a entries.Actor, c entries.Command) entries.Draft {
	h.t.Helper()
	x, err := h.try(id, a, c)
	if err != nil {
		h.t.Fatalf("%s: %v", c.Action, err)
	}
	return x
}

func (h *house) review(x entries.Draft) entries.Draft {
	h.t.Helper()
	return h.do(x.ID, chief, entries.Command{Action: entries.Review, Hash: x.Hash})
}

// ahead enters a new fee that counts from a day on.
func (h *house) ahead(day, fee string) entries.Draft {
	h.t.Helper()
	x := h.review(h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee, e.ValidFrom = fee, day }))
	return h.do(x.ID, control, entries.Command{Action: entries.Schedule})
}

func (h *house) fee() string {
	h.t.Helper()
	e, err := entries.Get(h.t.Context(), h.db.Read(), "1.001193")
	must(h.t, err)
	return e.Fee
}

func (h *house) run(at string) {
	h.t.Helper()
	h.at(at)
	must(h.t, h.desk.RunEffect(h.t.Context(), h.works))
}

func refused(t *testing.T, err error, key string) {
	t.Helper()
	var e *bot.Error
	if !errors.As(err, &e) || e.Key != key {
		t.Errorf("refused with %v, want %s", err, key)
	}
}

func TestAChangeIsReviewedByASecondPersonAndPublished(t *testing.T) {
	h := open(t)
	x := h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "8.000 đồng" })
	if h.fee() != "Không thu" {
		t.Error("a draft is answered from")
	}
	_, err := h.try(x.ID, control, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.conflict_state")
	_, err = h.try(x.ID, chief, entries.Command{Action: entries.Review, Hash: "of other words"})
	refused(t, err, "procedures.conflict_changed")
	x = h.review(x)
	_, err = h.try(x.ID, chief, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.denied_action") // a body reviews, the province publishes
	x = h.do(x.ID, control, entries.Command{Action: entries.Publish, Version: x.Version})
	if h.fee() != "8.000 đồng" || x.State != entries.Done || x.Revision != 2 || x.Reviewer != "staff:2" || x.Publisher != "staff:3" {
		t.Errorf("published %+v, the fee is %s", x, h.fee())
	}
	trail, err := h.store.ListAudit(t.Context(), bot.AuditFilter{Thing: "procedure:1.001193"})
	must(t, err)
	if len(trail) != 3 || trail[0].Action != "procedures.publish" || !strings.Contains(trail[0].Detail, "revision 2") {
		t.Errorf("the trail has %+v", trail)
	}
}

func TestAnEditMakesAReviewVoid(t *testing.T) {
	h := open(t)
	x := h.review(h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "8.000 đồng" }))
	e := entries.Copy(x.Entry)
	e.Fee = "9.000 đồng"
	x = h.do(x.ID, chief, entries.Command{Action: entries.Edit, Entry: e, Note: x.Note})
	if x.State != entries.Writing || x.Reviewer != "" {
		t.Errorf("after the edit it is %s, reviewed by %q", x.State, x.Reviewer)
	}
	_, err := h.try(x.ID, chief, entries.Command{Action: entries.Review, Hash: x.Hash})
	refused(t, err, "procedures.denied_self") // the words are the chief's own now
	_, err = h.try(x.ID, clerk, entries.Command{Action: entries.Edit, Entry: e, Note: x.Note})
	refused(t, err, "procedures.conflict_same")
	edits, err := h.desk.Edits(t.Context(), x.ID, clerk)
	must(t, err)
	if len(edits) != 2 || edits[1].Entry.Fee != "8.000 đồng" {
		t.Errorf("the edits are %+v", edits)
	}
	e = entries.Copy(x.Entry)
	e.Fee = "9.500 đồng"
	x = h.do(x.ID, clerk, entries.Command{Action: entries.Edit, Entry: e, Note: x.Note})
	_, err = h.try(x.ID, chief, entries.Command{Action: entries.Review, Hash: x.Hash})
	refused(t, err, "procedures.denied_self") // the clerk's edit came last, and some words may be the chief's still
	h.do(x.ID, control, entries.Command{Action: entries.Review, Hash: x.Hash})
}

func TestWhatBreaksARuleIsNotReviewed(t *testing.T) {
	h := open(t)
	x := h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "" })
	h.bad = []entries.Finding{{Key: "fee", Words: "procedures.finding_empty", Error: true}}
	_, err := h.try(x.ID, chief, entries.Command{Action: entries.Review, Hash: x.Hash})
	refused(t, err, "procedures.invalid_findings")
	h.bad = []entries.Finding{{Key: "summary", Words: "procedures.finding_long"}}
	h.review(x)
}

// TestALawEnteredAheadTakesEffectOnItsDay: before, at the start of the day in Vietnam, late, and in order.
func TestALawEnteredAheadTakesEffectOnItsDay(t *testing.T) {
	h := open(t)
	first := h.ahead("2027-01-01", "8.000 đồng")
	then := h.ahead("2027-03-01", "12.000 đồng") // drawn from the one before it
	if then.Base.Fee != "8.000 đồng" {
		t.Errorf("the second change begins with %q", then.Base.Fee)
	}
	_, err := h.try(first.ID, control, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.conflict_state")
	h.run("2026-12-31 23:59")
	if h.fee() != "Không thu" || h.changed != 0 {
		t.Errorf("the day before the fee is %s", h.fee())
	}
	h.run("2027-01-01 00:00")
	if h.fee() != "8.000 đồng" || h.changed != 1 {
		t.Errorf("on the day the fee is %s, told %d times", h.fee(), h.changed)
	}
	h.run("2027-01-01 00:01") // nothing twice
	h.run("2027-04-05 08:00") // nobody ran it on the day
	if h.fee() != "12.000 đồng" {
		t.Errorf("late the fee is %s", h.fee())
	}
	history, err := entries.History(t.Context(), h.db.Read(), "1.001193")
	must(t, err)
	var fees []string
	for _, k := range history {
		fees = append(fees, fmt.Sprintf("%d %s", k.Number, k.Entry.Fee))
	}
	if want := []string{"3 12.000 đồng", "2 8.000 đồng", "1 Không thu"}; !slices.Equal(fees, want) {
		t.Errorf("the history is %q, want %q", fees, want)
	}
	if history[0].Draft != then.ID || history[0].Author != "staff:1" || history[0].Reviewer != "staff:2" {
		t.Errorf("the latest comes from %+v", history[0])
	}
}

// TestASmallChangeNeedNotWait: with a change entered ahead, another is drawn from what is published, is published at once,
// and stands in the one ahead too; where both touch one thing somebody has to look.
func TestASmallChangeNeedNotWait(t *testing.T) {
	h := open(t)
	first := h.ahead("2027-01-01", "8.000 đồng")
	then := h.ahead("2027-03-01", "12.000 đồng")
	small := func(change func(*knowledge.Entry)) {
		t.Helper()
		base, err := h.desk.Current(t.Context(), "1.001193")
		must(t, err)
		e := entries.Copy(base)
		change(e)
		x, err := h.begin(clerk, base, e)
		must(t, err)
		h.do(h.review(x).ID, control, entries.Command{Action: entries.Publish})
	}
	small(func(e *knowledge.Entry) { e.Aliases = append(e.Aliases, "giấy zorbal") })
	for _, id := range []int64{first.ID, then.ID} {
		x, err := h.desk.Get(t.Context(), id, control)
		must(t, err)
		moved, err := h.desk.Moved(t.Context(), x)
		must(t, err)
		if moved || x.State != entries.Scheduled || x.Reviewer != "staff:2" || !slices.Contains(x.Entry.Aliases, "giấy zorbal") {
			t.Errorf("draft %d: moved %v, %s, reviewed by %s, %v", id, moved, x.State, x.Reviewer, x.Entry.Aliases)
		}
	}
	h.run("2027-01-01 00:00")
	e, err := entries.Get(t.Context(), h.db.Read(), "1.001193")
	must(t, err)
	if e.Fee != "8.000 đồng" || !slices.Contains(e.Aliases, "giấy zorbal") {
		t.Errorf("on the day it says %s, %v", e.Fee, e.Aliases)
	}
	small(func(e *knowledge.Entry) { e.Fee = "9.000 đồng" })
	x, err := h.desk.Get(t.Context(), then.ID, control)
	must(t, err)
	if moved, err := h.desk.Moved(t.Context(), x); err != nil || !moved || x.Entry.Fee != "12.000 đồng" {
		t.Errorf("both change the fee: moved %v, %s, %v", moved, x.Entry.Fee, err)
	}
}

func TestBothChangesDueAtOnceComeInOrder(t *testing.T) {
	h := open(t)
	h.ahead("2027-01-01", "8.000 đồng")
	h.ahead("2027-03-01", "12.000 đồng")
	h.run("2027-06-01 08:00")
	history, err := entries.History(t.Context(), h.db.Read(), "1.001193")
	must(t, err)
	if h.fee() != "12.000 đồng" || len(history) != 3 || history[1].Entry.Fee != "8.000 đồng" {
		t.Errorf("the fee is %s after %d revisions", h.fee(), len(history))
	}
}

func TestAChangeAheadIsTakenBackBeforeItsDay(t *testing.T) {
	h := open(t)
	x := h.ahead("2027-01-01", "8.000 đồng")
	_, err := h.try(x.ID, clerk, entries.Command{Action: entries.Unschedule})
	refused(t, err, "procedures.denied_action")
	x = h.do(x.ID, control, entries.Command{Action: entries.Unschedule})
	h.run("2027-01-02 00:00")
	if x.State != entries.Reviewed || h.fee() != "Không thu" {
		t.Errorf("taken back it is %s, the fee %s", x.State, h.fee())
	}
	// Its day has come by now, so it is published and not kept.
	_, err = h.try(x.ID, control, entries.Command{Action: entries.Schedule})
	refused(t, err, "procedures.conflict_due")
	h.do(x.ID, control, entries.Command{Action: entries.Publish})
	if h.fee() != "8.000 đồng" {
		t.Errorf("the fee is %s", h.fee())
	}
}

func TestTwoChangesOfOneEntryOnOneDayAreRefused(t *testing.T) {
	h := open(t)
	x := h.ahead("2027-01-01", "8.000 đồng")
	y := h.review(h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Time = "1 ngày" }))
	_, err := h.try(y.ID, control, entries.Command{Action: entries.Schedule})
	refused(t, err, "procedures.conflict_day")
	_, err = h.try(y.ID, control, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.conflict_ahead")
	h.do(x.ID, control, entries.Command{Action: entries.Cancel})
	_, err = h.try(y.ID, control, entries.Command{Action: entries.Schedule})
	refused(t, err, "procedures.conflict_moved") // what it was drawn from will not be
}

// TestAChangeOfSomebodyElseIsNotUndone: the draft is moved onto it, and keeps its own.
func TestAChangeOfSomebodyElseIsNotUndone(t *testing.T) {
	h := open(t)
	x := h.review(h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "8.000 đồng" }))
	newer := entry("1.001193", "Đăng ký khai sinh", "Không thu")
	newer.Time = "Ngay trong ngày"
	h.imports(newer)
	_, err := h.try(x.ID, control, entries.Command{Action: entries.Publish})
	refused(t, err, "procedures.conflict_moved")
	if moved, err := h.desk.Moved(t.Context(), x); err != nil || !moved {
		t.Errorf("moved is %v, %v", moved, err)
	}
	x = h.do(x.ID, clerk, entries.Command{Action: entries.Rebase})
	if x.State != entries.Writing || x.Entry.Time != "Ngay trong ngày" || x.Entry.Fee != "8.000 đồng" {
		t.Errorf("moved onto the newer entry it is %s: %+v", x.State, x.Entry)
	}
	x = h.review(x)
	h.do(x.ID, control, entries.Command{Action: entries.Publish})
	if h.fee() != "8.000 đồng" {
		t.Errorf("the fee is %s", h.fee())
	}
}

// TestALawTakesEffectAlthoughTheEntryMoved: as it was reviewed, and the timeline says so.
func TestALawTakesEffectAlthoughTheEntryMoved(t *testing.T) {
	h := open(t)
	x := h.ahead("2027-01-01", "8.000 đồng")
	newer := entry("1.001193", "Đăng ký khai sinh", "Không thu")
	newer.Time = "Ngay trong ngày"
	h.imports(newer)
	h.run("2027-01-01 00:00")
	line, err := h.desk.Timeline(t.Context(), x.ID, clerk)
	must(t, err)
	if last := line[len(line)-1]; h.fee() != "8.000 đồng" || last.Action != entries.Effect || last.Reason != "moved" {
		t.Errorf("the fee is %s, the timeline ends with %+v", h.fee(), last)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	h := open(t)
	base, err := h.desk.Latest(t.Context(), "1.001193")
	must(t, err)
	for _, a := range []entries.Actor{other, owner, {}} {
		_, err := h.begin(a, base, entries.Copy(base))
		refused(t, err, "procedures.denied_field")
	}
	x := h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "1 đồng" })
	if _, err := h.desk.Get(t.Context(), x.ID, other); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("a stranger reads the draft: %v", err)
	}
	if list, err := h.desk.List(t.Context(), other, entries.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("a stranger's list has %d drafts, %v", len(list), err)
	}
	for who, a := range map[string]entries.Actor{"clerk": clerk, "owner": owner, "control": control} {
		if list, err := h.desk.List(t.Context(), a, entries.Filter{States: []entries.State{entries.Writing}, Code: "1.001193"}); err != nil || len(list) != 1 {
			t.Errorf("the list of %s has %d drafts, %v", who, len(list), err)
		}
	}
	for _, tt := range []struct {
		who  entries.Actor
		want []entries.Action
	}{
		{clerk, []entries.Action{entries.Edit, entries.Rebase, entries.Cancel}},
		{chief, []entries.Action{entries.Edit, entries.Rebase, entries.Review, entries.Cancel}},
		{control, []entries.Action{entries.Edit, entries.Rebase, entries.Review, entries.Cancel}},
		{owner, nil}, {other, nil},
	} {
		if got := h.desk.May(x, tt.who); !slices.Equal(got, tt.want) {
			t.Errorf("%s may %v, want %v", tt.who.Ref(), got, tt.want)
		}
	}
	// A new entry cannot be moved into a field of others.
	fresh, err := h.begin(clerk, nil, entry("9.000001", "Cấp giấy mới", "Không thu"))
	must(t, err)
	e := entries.Copy(fresh.Entry)
	e.Field = "Quy hoạch xây dựng, kiến trúc"
	_, err = h.try(fresh.ID, clerk, entries.Command{Action: entries.Edit, Entry: e})
	refused(t, err, "procedures.denied_field")
}

func TestAProposalComesOnce(t *testing.T) {
	h := open(t)
	propose := func(e *knowledge.Entry, key string) (x entries.Draft, err error) {
		err = h.in(func(ctx context.Context, w *bot.Work) error {
			x, err = h.desk.Propose(ctx, w, e, "file of July", "the fee differs", key)
			return err
		})
		return x, err
	}
	x, err := propose(entry("1.001193", "Đăng ký khai sinh", "5.000 đồng"), "national:1.001193:abc")
	must(t, err)
	if x.Author != "job" || x.Base == nil || x.Source != "file of July" {
		t.Errorf("proposed %+v", x)
	}
	h.do(x.ID, clerk, entries.Command{Action: entries.Cancel})
	_, err = propose(entry("1.001193", "Đăng ký khai sinh", "5.000 đồng"), "national:1.001193:abc")
	refused(t, err, "procedures.conflict_twice")
	x, err = propose(entry("9.000002", "Thủ tục mới", "5.000 đồng"), "national:9.000002:abc")
	must(t, err)
	if x.Base != nil || x.Kind() != entries.Adds {
		t.Errorf("a new entry is proposed as %s", x.Kind())
	}
	// Who did not write it reviews it, also alone: a program is nobody's second self.
	h.review(x)
}

func TestBadInputChangesNothing(t *testing.T) {
	h := open(t)
	x := h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "1 đồng" })
	for name, tt := range map[string]struct {
		change func(*knowledge.Entry)
		note   string
		key    string
	}{
		"another code":   {func(e *knowledge.Entry) { e.Code = "1.000656" }, "", "procedures.invalid_code"},
		"no name":        {func(e *knowledge.Entry) { e.Name = " " }, "", "procedures.invalid_entry"},
		"a wrong day":    {func(e *knowledge.Entry) { e.ValidFrom = "1/1/2027" }, "", "procedures.invalid_entry"},
		"far ahead":      {func(e *knowledge.Entry) { e.ValidFrom = "2040-01-01" }, "", "procedures.invalid_ahead"},
		"a long reason":  {func(e *knowledge.Entry) {}, strings.Repeat("a", 2001), "procedures.invalid_note"},
		"no replacement": {func(e *knowledge.Entry) { e.Status = knowledge.Replaced }, "", "procedures.invalid_entry"},
	} {
		t.Run(name, func(t *testing.T) {
			e := entries.Copy(x.Entry)
			tt.change(e)
			_, err := h.try(x.ID, clerk, entries.Command{Action: entries.Edit, Entry: e, Note: tt.note})
			refused(t, err, tt.key)
		})
	}
	now, err := h.desk.Get(t.Context(), x.ID, clerk)
	must(t, err)
	if now.Version != x.Version || now.Hash != x.Hash {
		t.Errorf("the draft is at version %d, was %d", now.Version, x.Version)
	}
	_, err = h.begin(clerk, nil, entry("1.001193", "Đăng ký khai sinh", ""))
	refused(t, err, "procedures.conflict_code")
}

func TestTwoAtOnceAndTheSecondIsTold(t *testing.T) {
	h := open(t)
	x := h.draft(clerk, "1.001193", func(e *knowledge.Entry) { e.Fee = "1 đồng" })
	for i, want := range []string{"", "procedures.conflict_changed"} {
		e := entries.Copy(x.Entry)
		e.Fee = fmt.Sprint(i+2, " đồng")
		_, err := h.try(x.ID, clerk, entries.Command{Action: entries.Edit, Entry: e, Version: x.Version})
		if want == "" {
			must(t, err)
		} else {
			refused(t, err, want)
		}
	}
}

func TestReplacedAndAbolished(t *testing.T) {
	h := open(t)
	x := h.review(h.draft(control, "1.000656", func(e *knowledge.Entry) {
		e.Status, e.ReplacedBy, e.Decision, e.ValidTo = knowledge.Replaced, []string{"1.001193"}, "QĐ 12/QĐ-UBND", "2027-01-01"
	}))
	if x.Kind() != entries.Replaces || x.Effective != "2027-01-01" {
		t.Errorf("it %s on %s", x.Kind(), x.Effective)
	}
	h.do(x.ID, second, entries.Command{Action: entries.Schedule})
	h.run("2027-01-01 06:00")
	e, err := entries.Get(t.Context(), h.db.Read(), "1.000656")
	must(t, err)
	if e.Status != knowledge.Replaced || e.Decision != "QĐ 12/QĐ-UBND" {
		t.Errorf("it is %+v", e)
	}
}
