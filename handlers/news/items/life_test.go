package items_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/handlers/news/items"
)

func TestAnItemFromDraftToDone(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	h.citizen("telegram") // asked for nothing
	it := h.begun(content("Trụ sở mới"), 0)
	if it.State != items.Sending || it.Published.IsZero() {
		t.Fatalf("item %+v", it)
	}
	h.run()
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + a.User + " Trụ sở mới", "zalobot:" + b.User + " Trụ sở mới"}) {
		t.Errorf("sent %q", got)
	}
	h.run()
	it = h.get(it.ID)
	if it.State != items.Done || it.Progress.Queued != 2 || it.Progress.Sent != 2 || it.Progress.Failed != 0 {
		t.Errorf("item %+v", it)
	}
	var actions []items.Action
	for _, e := range h.told {
		actions = append(actions, e.Action)
	}
	if want := []items.Action{items.Edit, items.Check, items.Approve, items.Schedule, items.Begin, items.Finish}; !slices.Equal(actions, want) {
		t.Errorf("told %v, want %v", actions, want)
	}
	line, err := h.desk.Timeline(t.Context(), it.ID, editor)
	if err != nil || len(line) != 6 || line[2].Hash != it.Hash {
		t.Errorf("timeline %+v, %v", line, err)
	}
}

func TestTwoPeopleAndTheExactBytes(t *testing.T) {
	h := open(t)
	it := h.draft(editor, content("Một"), 0)
	h.do(it.ID, editor, items.Command{Action: items.Check})
	refused := func(a items.Actor, c items.Command, want bot.Code, key string) {
		t.Helper()
		_, err := h.try(it.ID, a, c)
		if code(err) != want || !strings.Contains(err.Error(), key) {
			t.Errorf("%s by %s: %v, want %s %s", c.Action, a.Ref(), err, want, key)
		}
	}
	refused(editor, items.Command{Action: items.Approve, Hash: it.Hash}, bot.Denied, "denied_self")
	refused(second, items.Command{Action: items.Approve, Hash: "other"}, bot.Conflict, "conflict_changed")
	refused(press, items.Command{Action: items.Approve, Hash: it.Hash}, bot.Denied, "denied_action")
	refused(second, items.Command{Action: items.Schedule}, bot.Conflict, "conflict_state")
	h.do(it.ID, second, items.Command{Action: items.Approve, Hash: it.Hash})
	h.do(it.ID, editor, items.Command{Action: items.Schedule, At: h.now.Add(time.Hour)})
	// Any edit makes the approval void, also of the second person.
	got := h.do(it.ID, second, items.Command{Action: items.Edit, Content: content("Hai")})
	if got.State != items.Draft || got.Approver != "" || !got.Scheduled.IsZero() || got.Revision != 2 {
		t.Errorf("after the edit: %+v", got)
	}
	h.do(it.ID, editor, items.Command{Action: items.Check})
	refused(second, items.Command{Action: items.Approve, Hash: got.Hash}, bot.Denied, "denied_self") // wrote this revision
	refused(editor, items.Command{Action: items.Approve, Hash: got.Hash}, bot.Denied, "denied_self") // wrote the item
	h.do(it.ID, owner, items.Command{Action: items.Approve, Hash: got.Hash})
	refused(editor, items.Command{Action: items.Edit, Content: content("Hai")}, bot.Conflict, "conflict_same")
	revisions, err := h.desk.Revisions(t.Context(), it.ID, editor)
	if err != nil || len(revisions) != 2 || revisions[1].Hash != it.Hash {
		t.Errorf("revisions %+v, %v", revisions, err)
	}

	// The last edit is the author's, and what the second person wrote may stand in it still.
	got = h.do(it.ID, editor, items.Command{Action: items.Edit, Content: content("Ba")})
	h.do(it.ID, editor, items.Command{Action: items.Check})
	refused(second, items.Command{Action: items.Approve, Hash: got.Hash}, bot.Denied, "denied_self")
	h.do(it.ID, owner, items.Command{Action: items.Approve, Hash: got.Hash})
}

// TestADraftOfAProgramIsReadByTwo: who checked what no person wrote is the first to have read it.
func TestADraftOfAProgramIsReadByTwo(t *testing.T) {
	h := open(t)
	it := h.draft(items.Actor{System: true}, content("Một"), 0)
	h.do(it.ID, editor, items.Command{Action: items.Check})
	approve := items.Command{Action: items.Approve, Hash: it.Hash}
	if _, err := h.try(it.ID, editor, approve); code(err) != bot.Denied || !strings.Contains(err.Error(), "denied_self") {
		t.Errorf("checked and approved by one: %v", err)
	}
	if may, err := h.desk.May(t.Context(), h.get(it.ID), editor); err != nil || slices.Contains(may, items.Approve) {
		t.Errorf("he may %v, %v", may, err)
	}
	h.do(it.ID, second, approve)

	// Once a person has written it, the rule is that of every item.
	it = h.draft(items.Actor{System: true}, content("Hai"), 0)
	got := h.do(it.ID, editor, items.Command{Action: items.Edit, Content: content("Hai, sửa")})
	h.do(it.ID, second, items.Command{Action: items.Check})
	h.do(it.ID, second, items.Command{Action: items.Approve, Hash: got.Hash})
}

func TestTheBytesAreComparedOnceMoreWhenItBegins(t *testing.T) {
	h := open(t)
	h.subscriber("telegram")
	it := h.approved(content("Một"), 0)
	h.do(it.ID, editor, items.Command{Action: items.Schedule})
	must(t, h.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`update news_revisions set body = replace(body, 'Một', 'Hai')`)
		return err
	}))
	h.run()
	if got := h.send(); len(got) != 0 || h.get(it.ID).State != items.Scheduled {
		t.Errorf("what nobody approved was sent: %q", got)
	}
}

func TestDeputies(t *testing.T) {
	h := open(t)
	deputy := officer(9, bot.RoleOfficer)
	it := h.draft(editor, content("Một"), 0)
	h.do(it.ID, editor, items.Command{Action: items.Check})
	approve := items.Command{Action: items.Approve, Hash: it.Hash}
	if _, err := h.try(it.ID, deputy, approve); code(err) != bot.Denied {
		t.Errorf("before: %v", err)
	}
	name := func(a items.Actor) error {
		return h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
			return h.desk.NameDeputy(ctx, w, a, 9, h.now.Add(48*time.Hour), "QĐ 12")
		})
	}
	if err := name(editor); code(err) != bot.Denied {
		t.Errorf("named by an editor: %v", err)
	}
	must(t, name(owner))
	h.now = h.now.Add(72 * time.Hour)
	if _, err := h.try(it.ID, deputy, approve); code(err) != bot.Denied {
		t.Errorf("after the time: %v", err)
	}
	must(t, name(owner))
	h.do(it.ID, deputy, approve)
}

func TestFairHours(t *testing.T) {
	h := open(t)
	it := h.approved(content("Một"), 0)
	day := func(s string) time.Time { h2 := *h; h2.at(s); return h2.now }
	for _, c := range []struct{ at, key string }{
		{"2026-11-10 21:00", "invalid_hour"}, {"2026-11-11 06:00", "invalid_hour"}, {"2027-01-01 09:00", "invalid_hour"}, {"2028-01-10 09:00", "invalid_time"},
		{"2026-10-11 09:00", "invalid_past"}, // a slip of the pen must not send at once
	} {
		_, err := h.try(it.ID, editor, items.Command{Action: items.Schedule, At: day(c.at)})
		if code(err) != bot.Invalid || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: %v", c.at, err)
		}
	}
	// As soon as it is fair.
	h.at("2026-12-31 23:00")
	got := h.do(it.ID, editor, items.Command{Action: items.Schedule})
	if want := day("2027-01-02 06:30"); !got.Scheduled.Equal(want) {
		t.Errorf("scheduled %s, want %s", got.Scheduled, want)
	}
	urgent := items.Command{Action: items.Schedule, Urgent: true, Reason: "Vỡ đê"}
	if _, err := h.try(it.ID, editor, urgent); code(err) != bot.Denied {
		t.Errorf("urgent by an editor: %v", err)
	}
	if _, err := h.try(it.ID, owner, items.Command{Action: items.Schedule, Urgent: true}); code(err) != bot.Invalid {
		t.Errorf("urgent without a reason: %v", err)
	}
	c := h.subscriber("telegram")
	h.do(it.ID, owner, urgent)
	h.run()
	h.run()
	if got := h.send(); !slices.Equal(got, []string{"telegram:" + c.User + " Một"}) {
		t.Errorf("sent %q", got)
	}
}

func TestQuietHoursBeginInTheMiddle(t *testing.T) {
	h := open(t)
	h.subscriber("telegram")
	h.subscriber("telegram")
	h.at("2026-11-10 20:59")
	h.begun(content("Một"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 1, time.Minute)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d claimed, %v", len(list), err)
	}
	must(t, h.store.Sent(t.Context(), list[0].Row, bot.Receipt{}))
	h.at("2026-11-10 21:00")
	if got := h.send(); len(got) != 0 {
		t.Errorf("at night: %q", got)
	}
	h.at("2026-11-11 06:30")
	if got := h.send(); len(got) != 1 {
		t.Errorf("in the morning: %q", got)
	}
}

func TestPauseResumeStop(t *testing.T) {
	h := open(t)
	for range 5 {
		h.subscriber("telegram")
	}
	it := h.begun(content("Một"), 0)
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	h.run()
	if got := h.send(); len(got) != 0 {
		t.Errorf("paused: %q", got)
	}
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 2, time.Minute)
	must(t, err)
	for _, c := range list {
		must(t, h.store.Sent(t.Context(), c.Row, bot.Receipt{}))
	}
	if _, err := h.try(it.ID, editor, items.Command{Action: items.Stop}); code(err) != bot.Invalid {
		t.Errorf("stop without a reason: %v", err)
	}
	h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "Sai số điện thoại"})
	if got := h.send(); len(got) != 0 {
		t.Errorf("stopped: %q", got)
	}
	h.run()
	f, err := h.desk.Figures(t.Context(), it.ID, editor)
	if err != nil || f.Sent != 2 || f.Waiting != 0 || f.Dropped != 3 {
		t.Errorf("figures %+v, %v", f, err)
	}
}

func TestACorrectionReachesExactlyThoseWhoGotIt(t *testing.T) {
	h := open(t)
	var all []bot.Contact
	for range 6 {
		all = append(all, h.subscriber("telegram"))
	}
	it := h.begun(content("Lễ phí 50.000 đồng"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 4, time.Minute)
	must(t, err)
	for i, c := range list {
		if i == 3 { // its receipt comes late
			continue
		}
		must(t, h.store.Sent(t.Context(), c.Row, bot.Receipt{ID: c.Message.To.Chat}))
	}
	fix := h.approved(content("Lễ phí 5.000 đồng"), it.ID)
	h.do(fix.ID, editor, items.Command{Action: items.Schedule})
	h.run()
	if got := h.get(fix.ID).State; got != items.Scheduled {
		t.Fatalf("while the first is sent, the correction is %s", got)
	}
	h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "Sai lễ phí"})
	h.run()
	want := func(i int) string {
		return "telegram:" + all[i].User + " (edit " + all[i].User + ") Đính chính: Lễ phí 5.000 đồng"
	}
	if got := h.send(); !slices.Equal(got, []string{want(0), want(1), want(2)}) {
		t.Errorf("sent %q", got)
	}
	must(t, h.store.Sent(t.Context(), list[3].Row, bot.Receipt{ID: all[3].User}))
	h.run()
	h.now = h.now.Add(4 * time.Minute)
	h.run()
	if got := h.send(); !slices.Equal(got, []string{want(3)}) {
		t.Errorf("late: %q", got)
	}
	h.run()
	if a, b := h.get(it.ID).State, h.get(fix.ID).State; a != items.Corrected || b != items.Done {
		t.Errorf("at the end: %s, %s", a, b)
	}
	if _, corrected, err := h.desk.Public(t.Context(), it.ID); err != nil || corrected != fix.ID {
		t.Errorf("corrected by %d, %v", corrected, err)
	}
}

func TestACorrectionInTheMiddleGivesTheRestTheRightWords(t *testing.T) {
	h := open(t)
	for range 3 {
		h.subscriber("telegram")
	}
	it := h.begun(content("Sai"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 1, time.Minute)
	must(t, err)
	must(t, h.store.Sent(t.Context(), list[0].Row, bot.Receipt{}))
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	fix := h.approved(content("Đúng"), it.ID)
	h.do(fix.ID, editor, items.Command{Action: items.Schedule})
	h.run()
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	got := h.send()
	for i := range got {
		_, got[i], _ = strings.Cut(got[i], " ")
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"Đính chính: Đúng", "Đúng", "Đúng"}) {
		t.Errorf("sent %q", got)
	}
}

func TestAgainToThoseWhoFailed(t *testing.T) {
	h := open(t)
	for range 3 {
		h.subscriber("telegram")
	}
	it := h.begun(content("Một"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 3, time.Minute)
	must(t, err)
	must(t, h.store.Sent(t.Context(), list[0].Row, bot.Receipt{}))
	must(t, h.store.Bury(t.Context(), list[1].Row, "delivery.reason_temporary"))
	must(t, h.store.Bury(t.Context(), list[2].Row, "delivery.reason_unknown_once"))
	h.run()
	if got := h.get(it.ID); got.State != items.Done || got.Progress.Failed != 2 {
		t.Fatalf("item %+v", got)
	}
	h.do(it.ID, editor, items.Command{Action: items.Again})
	h.run()
	if got := h.send(); len(got) != 1 { // what may have arrived is not sent twice
		t.Errorf("again: %q", got)
	}
	h.run()
	if got := h.get(it.ID); got.State != items.Done || got.Progress.Sent != 2 || got.Progress.Failed != 1 {
		t.Errorf("item %+v", got.Progress)
	}
}

func TestWhoSeesADraft(t *testing.T) {
	h := open(t)
	it := h.draft(press, content("Một"), 0)
	for _, c := range []struct {
		a    items.Actor
		want bot.Code
	}{{press, ""}, {editor, ""}, {owner, ""}, {visitor, bot.NotFound}, {officer(8, bot.RoleOfficer), bot.NotFound}} {
		if _, err := h.desk.Get(t.Context(), it.ID, c.a); code(err) != c.want {
			t.Errorf("%s: %v", c.a.Ref(), err)
		}
	}
	// Who writes for the same body sees and edits its drafts, and no other body's.
	at := func(id int64, r bot.Role, body string) items.Actor {
		return items.Actor{Officer: bot.Officer{ID: id, Active: true, Grants: []bot.Grant{{Role: r, Scope: bot.Scope{Agency: body}}}}}
	}
	of := h.draft(at(20, bot.RoleOfficer, "so-y-te"), content("Tiêm chủng"), 0)
	colleague, stranger := at(21, bot.RoleHead, "so-y-te"), at(22, bot.RolePress, "so-xay-dung")
	if _, err := h.desk.Get(t.Context(), of.ID, stranger); code(err) != bot.NotFound {
		t.Errorf("another body: %v", err)
	}
	if _, err := h.try(of.ID, stranger, items.Command{Action: items.Edit, Content: content("Khác")}); code(err) != bot.Denied {
		t.Errorf("edited by another body: %v", err)
	}
	h.do(of.ID, colleague, items.Command{Action: items.Edit, Content: content("Tiêm chủng mở rộng")})
	for name, f := range map[string]items.Filter{"all": {}, "words": {Words: "tiem chung"}, "place": {Place: "w10532"}, "source": {Source: items.SourceDepartment}} {
		list, err := h.desk.List(t.Context(), colleague, f)
		n, cerr := h.desk.Counts(t.Context(), colleague, f)
		if err != nil || cerr != nil || len(list) != 1 || list[0].ID != of.ID || n[items.Draft] != 1 || len(n) != 1 {
			t.Errorf("%s: listed %+v, %v, counted %v, %v", name, list, err, n, cerr)
		}
	}
	for name, f := range map[string]items.Filter{"words": {Words: "cấp phép"}, "source": {Source: items.SourceStation}, "state": {States: []items.State{items.Done}}} {
		if list, err := h.desk.List(t.Context(), colleague, f); err != nil || len(list) != 0 {
			t.Errorf("%s: listed %+v, %v", name, list, err)
		}
	}
	h.do(of.ID, editor, items.Command{Action: items.Cancel})
	if list, err := h.desk.List(t.Context(), officer(8, bot.RoleOfficer), items.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("listed %+v, %v", list, err)
	}
	if list, err := h.desk.List(t.Context(), editor, items.Filter{States: []items.State{items.Draft}, Topic: items.TopicReform}); err != nil || len(list) != 1 {
		t.Errorf("listed %+v, %v", list, err)
	}
	err := h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
		_, err := h.desk.Draft(ctx, w, visitor, content("Hai"), 0, "")
		return err
	})
	if code(err) != bot.Denied {
		t.Errorf("a draft by somebody without a task: %v", err)
	}
}

func TestTheColumn(t *testing.T) {
	h := open(t)
	for i, title := range []string{"Thủ tục đất đai đổi mới", "Hội thi tìm hiểu", "Đường dây nóng"} {
		h.begun(content(title, [][]string{{items.TopicProcedures, "dat-dai"}, {items.TopicContests}, {items.TopicHotlines}}[i]...), 0)
		h.now = h.now.Add(time.Minute)
	}
	quiet := content("Chỉ ở trang tin")
	quiet.Quiet = true
	h.begun(quiet, 0)
	h.draft(editor, content("Chưa đăng"), 0)
	titles := func(s items.Search) (out []string) {
		list, _, err := h.desk.Column(t.Context(), s)
		must(t, err)
		for _, it := range list {
			out = append(out, it.Content.Title)
		}
		return out
	}
	if got := titles(items.Search{}); len(got) != 4 || got[0] != "Chỉ ở trang tin" {
		t.Errorf("all: %q", got)
	}
	if got := titles(items.Search{Words: "DAT dai"}); !slices.Equal(got, []string{"Thủ tục đất đai đổi mới"}) {
		t.Errorf("by words: %q", got)
	}
	if got := titles(items.Search{Words: "100%"}); len(got) != 0 {
		t.Errorf("by a sign: %q", got)
	}
	if got := titles(items.Search{Topic: items.TopicContests}); !slices.Equal(got, []string{"Hội thi tìm hiểu"}) {
		t.Errorf("by topic: %q", got)
	}
	first, more, err := h.desk.Column(t.Context(), items.Search{Limit: 2})
	if err != nil || !more || len(first) != 2 {
		t.Fatalf("first page %+v %v %v", first, more, err)
	}
	if got := titles(items.Search{Before: first[1].Published, BeforeID: first[1].ID}); !slices.Equal(got, []string{"Hội thi tìm hiểu", "Thủ tục đất đai đổi mới"}) {
		t.Errorf("second page: %q", got)
	}
}

func TestAStopAlsoHoldsForWhatIsTriedAgain(t *testing.T) {
	h := open(t)
	h.subscriber("telegram")
	it := h.begun(content("Một"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 1, time.Minute)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d claimed, %v", len(list), err)
	}
	h.do(it.ID, editor, items.Command{Action: items.Stop, Reason: "nhầm"})
	must(t, h.store.Retry(t.Context(), list[0].Row, h.now, true, "delivery.reason_temporary"))
	if got := h.send(); len(got) != 0 { // before the job drops it
		t.Errorf("after the stop: %q", got)
	}
	h.run()
	if f, err := h.desk.Figures(t.Context(), it.ID, editor); err != nil || f.Dropped != 1 {
		t.Errorf("figures %+v, %v", f, err)
	}
}

func TestAgainSpeaksOfTheCorrection(t *testing.T) {
	h := open(t)
	h.subscriber("telegram")
	h.subscriber("telegram")
	it := h.begun(content("Sai lễ phí"), 0)
	h.run()
	list, err := h.store.Claim(t.Context(), "telegram", bot.LaneBroadcast, 2, time.Minute)
	must(t, err)
	must(t, h.store.Sent(t.Context(), list[0].Row, bot.Receipt{}))
	must(t, h.store.Bury(t.Context(), list[1].Row, "delivery.reason_temporary"))
	h.run()
	h.begun(content("Đúng lễ phí"), it.ID)
	h.run()
	h.send()
	h.now = h.now.Add(4 * time.Minute)
	h.run()
	h.run()
	if got := h.get(it.ID).State; got != items.Corrected {
		t.Fatalf("it is %s", got)
	}
	h.do(it.ID, editor, items.Command{Action: items.Again})
	h.run()
	if got := h.send(); len(got) != 1 || !strings.HasSuffix(got[0], " Đúng lễ phí") {
		t.Errorf("again: %q", got)
	}
}

// The same form sent twice is one draft; what another writes, or the same one later, is another.
func TestTheSameFormTwiceIsOneDraft(t *testing.T) {
	h := open(t)
	first := h.draft(editor, content("Một"), 0)
	if again := h.draft(editor, content("Một"), 0); again.ID != first.ID || again.Version != first.Version {
		t.Errorf("the same again is %d, was %d", again.ID, first.ID)
	}
	if other := h.draft(second, content("Một"), 0); other.ID == first.ID {
		t.Error("somebody else's is the same")
	}
	if other := h.draft(editor, content("Hai"), 0); other.ID == first.ID {
		t.Error("other words are the same")
	}
	h.now = h.now.Add(11 * time.Minute)
	if later := h.draft(editor, content("Một"), 0); later.ID == first.ID {
		t.Error("a quarter of an hour later it is the same")
	}
	it := h.begun(content("Ba"), 0)
	h.ends()
	one, two := h.draft(editor, content("Bốn"), it.ID), h.draft(editor, content("Bốn"), it.ID)
	if one.ID != two.ID || one.Corrects != it.ID {
		t.Errorf("corrections %d and %d", one.ID, two.ID)
	}
	if free := h.draft(editor, content("Bốn"), 0); free.ID == one.ID {
		t.Error("a correction and an item are the same")
	}
}
