package cases_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// Bodies and people of the tests, of the directory of today.
const (
	commune = "xa25.kinh-te@10532"
	ubnd    = "xa25.ubnd@10532"
	ubnd2   = "xa25.ubnd@10507"
	desk    = "hp-tt-pvhcc"
)

// knowledge is read once for all tests; both never change.
var knowledge = sync.OnceValues(func() (*directory.Directory, *calendar.Calendar) {
	at := time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)
	dir, err := directory.Load(directory.Options{AsOf: at})
	if err != nil {
		panic(err)
	}
	cal, err := calendar.Load(calendar.Options{})
	if err != nil {
		panic(err)
	}
	return dir, cal
})

// house is a desk over a real database with a clock that tests move.
type house struct {
	t      testing.TB
	db     *sqldb.DB
	store  *store.Store
	desk   *cases.Desk
	works  *bot.Works
	sealer bot.Sealer

	mu     sync.Mutex
	now    time.Time
	dir    *directory.Directory
	cal    *calendar.Calendar
	events []cases.Event
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) move(d time.Duration) {
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
}

func (h *house) at(s string) {
	h.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Zone)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	h.now = at
	h.mu.Unlock()
}

// as makes the directory the one of a day.
func (h *house) as(day string) {
	at, err := time.ParseInLocation(time.DateOnly, day, calendar.Zone)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	h.dir = h.dir.At(at)
	h.mu.Unlock()
}

type option func(*cases.Options)

func open(t testing.TB, opts ...option) *house {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "bot.db"), opts...)
}

func openAt(t testing.TB, path string, opts ...option) *house {
	t.Helper()
	h := &house{t: t}
	h.at("2026-11-09 09:00") // a Monday
	keys, err := store.OpenKeys(hex.EncodeToString(make([]byte, 32)), "")
	must(t, err)
	h.sealer = keys
	h.db, err = sqldb.Open(t.Context(), sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	must(t, err)
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	h.store, err = store.New(t.Context(), store.Options{DB: h.db, Sealer: keys, Clean: vietnamese.Clean, Now: h.Now})
	must(t, err)
	must(t, h.db.Migrate(t.Context(), "complaints", cases.Schema()))
	h.dir, h.cal = knowledge()
	o := cases.Options{
		Read: h.db.Read(), Sealer: keys, Now: h.Now, Fold: vietnamese.Fold, Audit: h.store.Audit, Forget: h.store.ForgetThing,
		Directory: func() *directory.Directory { h.mu.Lock(); defer h.mu.Unlock(); return h.dir },
		Calendar:  func() *calendar.Calendar { h.mu.Lock(); defer h.mu.Unlock(); return h.cal },
	}
	o.Terms = cases.Terms{cases.KeyOpenPerPerson: "100", cases.KeyDayPerPerson: "200"}
	for _, opt := range opts {
		opt(&o)
	}
	h.desk, err = cases.New(o)
	must(t, err)
	h.desk.Listen(func(_ context.Context, _ *bot.Work, e cases.Event) error {
		h.mu.Lock()
		h.events = append(h.events, e)
		h.mu.Unlock()
		return nil
	})
	h.works = &bot.Works{Units: h.store, Composer: &bot.Composer{Channels: map[string]bot.Limiter{"mail": bot.Limits{}}, Texts: plain{}}}
	return h
}

// plain renders no catalog: tests of this package queue texts from data.
type plain struct{}

func (plain) Render(_, key string, _ map[string]any) (string, error) { return key, nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told returns and forgets what listeners heard.
func (h *house) told() []cases.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.events
	h.events = nil
	return out
}

func officer(id int64, grants ...bot.Grant) cases.Actor {
	return cases.Actor{Kind: cases.Officer, Via: "console",
		Officer: bot.Officer{ID: id, Name: fmt.Sprintf("Cán bộ %d", id), Active: true, Grants: grants}}
}

func grant(r bot.Role, agency string) bot.Grant {
	return bot.Grant{Role: r, Scope: bot.Scope{Agency: agency}}
}

// The people of the tests.
var (
	clerk    = officer(1, grant(bot.RoleOfficer, commune))
	head     = officer(2, grant(bot.RoleHead, commune))
	front    = officer(3, grant(bot.RoleController, desk))
	liaison  = officer(4, grant(bot.RoleController, "hp-ban-tiep-cong-dan"))
	stranger = officer(5, grant(bot.RoleOfficer, ubnd2), grant(bot.RoleHead, ubnd2))
	citizen  = cases.Actor{Kind: cases.Citizen, Person: 7, Via: "telegram"}
	another  = cases.Actor{Kind: cases.Citizen, Person: 8, Via: "telegram"}
	job      = cases.Actor{Kind: cases.System, Via: "job"}
)

var drafts int

// scene is a lamp that does not burn, at a place whose body is known.
func scene() cases.Draft {
	drafts++
	return cases.Draft{
		Conversation: fmt.Sprintf("conversation-%d", drafts), Kind: cases.Scene, Field: "xay-dung", What: fmt.Sprintf("Nhà số %d xây lấn ra ngõ, đi lại rất khó", drafts),
		Place: cases.Place{ID: "w10532", Landmark: "cạnh chợ"}, Public: true, Contact: cases.Contact{Phone: "0912 345 678"},
		Holder: cases.Holder{Person: 7, To: bot.Address{Channel: "telegram", Chat: "700"}, Lang: "vi"},
	}
}

func conduct() cases.Draft {
	d := scene()
	d.Kind, d.Field = cases.Conduct, "can-bo-cong-chuc"
	d.Contact = cases.Contact{Name: "Nguyễn Thị Zwxqname", Phone: "+84 912 345 678"}
	return d
}

func (h *house) open(d cases.Draft) cases.Case {
	h.t.Helper()
	c, err := h.tryOpen(d)
	must(h.t, err)
	return c
}

func (h *house) tryOpen(d cases.Draft) (c cases.Case, err error) {
	err = h.works.Do(h.t.Context(), func(ctx context.Context, w *bot.Work) (err error) {
		c, err = h.desk.Open(ctx, w, d)
		return err
	})
	return c, err
}

func (h *house) try(id int64, a cases.Actor, c cases.Command) (out cases.Case, err error) {
	err = h.works.Do(context.Background(), func(ctx context.Context, w *bot.Work) (err error) {
		out, err = h.desk.Do(ctx, w, id, a, c)
		return err
	})
	return out, err
}

func (h *house) do(id int64, a cases.Actor, c cases.Command) cases.Case {
	h.t.Helper()
	out, err := h.try(id, a, c)
	if err != nil {
		h.t.Fatalf("%s: %v", c.Action, err)
	}
	return out
}

// full is a command with everything that any action wants.
func full(action cases.Action) cases.Command {
	c := cases.Command{Action: action, Text: "Nội dung", Reason: "Lý do"}
	switch action {
	case cases.Forward, cases.Bind:
		c.Agency = commune
	case cases.Return:
		c.Agency = ubnd2
	case cases.Reclassify:
		c.Field = "moi-truong"
	case cases.Extend:
		c.Days = 2
	case cases.DraftAnswer, cases.Submit:
		c.Check = cases.Checklist{EveryPoint: true, Basis: true, BasisText: "Điều 1", NextStep: true, Evidence: true}
		c.Media = []string{"photo"}
	case cases.Approve, cases.Link:
		c.Text = ""
	case cases.Refuse:
		c.Reason = "unclear"
	case cases.Rate:
		no := false
		c.Rating = cases.Rating{Overall: 1, Solved: &no}
	case cases.Consent:
		c.Public = "no"
	case cases.Urgency:
		c.Days = 1
	case cases.Succeed:
		c.Agency, c.Reason = ubnd, "task"
	}
	return c
}

func code(err error) bot.Code {
	for _, c := range []bot.Code{bot.Invalid, bot.NotFound, bot.Conflict, bot.Denied} {
		if bot.IsCode(err, c) {
			return c
		}
	}
	return ""
}

func auditOf(code string) store.AuditFilter { return store.AuditFilter{Thing: cases.Thing(code)} }

func withAlarm(into *[]string) option {
	return func(o *cases.Options) {
		o.Alert = func(_ context.Context, text string) { *into = append(*into, text) }
	}
}
