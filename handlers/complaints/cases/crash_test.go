package cases_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// office is a bot whose only feature opens a case and works on it by commands,
// the way the chat, the groups and the console do: in a turn's unit of work, with
// a key for each turn.
func office(b *bottest.Bot) ([]bot.Feature, error) {
	dir, cal := knowledge()
	d, err := cases.New(cases.Options{
		Read: b.DB.Read(), Sealer: b.Sealer, Now: b.Clock.Now, Fold: vietnamese.Fold, Audit: b.Store.Audit, Forget: b.Store.ForgetThing,
		Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal },
	})
	if err != nil {
		return nil, err
	}
	d.Listen(func(_ context.Context, w *bot.Work, e cases.Event) error {
		w.Send(bot.Outgoing{To: bot.Address{Channel: bottest.FakeName, Chat: "notices"}, Reply: bot.Reply{Text: string(e.Action)},
			Unique: fmt.Sprint("entry ", e.Entry), Thing: cases.Thing(e.Case.Code)})
		return nil
	})
	only := func(ctx context.Context) (int64, error) {
		p, err := d.List(ctx, cases.Filter{})
		if err != nil || len(p.Cases) != 1 {
			return 0, fmt.Errorf("%d cases: %w", len(p.Cases), err)
		}
		return p.Cases[0].ID, nil
	}
	act := func(a cases.Actor, action cases.Action) bot.Handler {
		return func(ctx context.Context, t *bot.Turn) error {
			id, err := only(ctx)
			if err != nil {
				return err
			}
			cmd := full(action)
			cmd.Key = fmt.Sprint("turn ", t.ID())
			if _, err := d.Do(ctx, t.Work, id, a, cmd); err != nil {
				return err
			}
			t.Reply(bot.Reply{Text: "done"})
			return nil
		}
	}
	return []bot.Feature{{
		Name: "complaints", Schema: cases.Schema(),
		Routes: []bot.Route{
			{Name: "complaints.submit", Command: "submit", Handle: func(ctx context.Context, t *bot.Turn) error {
				dr := conduct()
				dr.Conversation = fmt.Sprint("turn ", t.ID())
				if _, err := d.Open(ctx, t.Work, dr); err != nil {
					return err
				}
				t.Reply(bot.Reply{Text: "filed"})
				return nil
			}},
			{Name: "complaints.forward", Command: "forward", Handle: act(front, cases.Forward)},
			{Name: "complaints.accept", Command: "accept", Handle: act(clerk, cases.Accept)},
			{Name: "complaints.draft", Command: "draft", Handle: act(clerk, cases.Submit)},
			{Name: "complaints.answer", Command: "answer", Handle: act(head, cases.Approve)},
		},
	}}, nil
}

var commands = []string{"submit", "forward", "accept", "draft", "answer"}

// mould is shared by all bots of walk.
var mould bottest.Mould

// walk has the whole life of a case, with a process that may die, and returns
// the actions of the timeline and what listeners' notices arrived.
func walk(t *testing.T, at bottest.Point, dieAt string) (actions, notices []string, deaths int) {
	t.Helper()
	driver := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	b := bottest.New(t, bottest.Options{Build: office, Driver: driver, Mould: &mould, Start: time.Date(2026, 11, 9, 9, 0, 0, 0, calendar.Zone)})
	settle := func() {
		err := b.Settle(t.Context())
		if b.Faults.Dead() {
			deaths++
			must(t, b.Restart())
			b.Clock.Add(3 * time.Minute) // longer than any lease of the dead one
			err = b.Settle(t.Context())
		}
		must(t, err)
	}
	for _, c := range commands {
		if c == dieAt {
			b.Faults.CrashAt(at, 1)
		}
		u := bot.Update{ID: c, Channel: bottest.FakeName, Chat: "lan", From: bot.Sender{ID: "lan"}, At: b.Clock.Now(), Text: "/" + c}
		for range 4 { // the platform sends again until it hears that it was taken
			err := b.Door().Accept(t.Context(), u)
			settle()
			if err == nil {
				break
			}
		}
	}
	rows, err := b.DB.Read().Query(`select action from complaints_entries order by id`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		actions = append(actions, s)
	}
	must(t, rows.Err())
	var n int
	must(t, b.DB.Read().QueryRow(`select count(*) from complaints_cases`).Scan(&n))
	if n != 1 {
		t.Errorf("%d cases", n)
	}
	return actions, driver.Fake().Texts("notices"), deaths
}

// TestTheProcessDiesDuringSubmitForwardAnswer: no case is lost and none is there
// twice, wherever the process dies; a notice may arrive twice only when its receipt was lost.
func TestTheProcessDiesDuringSubmitForwardAnswer(t *testing.T) {
	want, notices, deaths := walk(t, "", "")
	if deaths != 0 || !slices.Equal(want, []string{"file", "forward", "accept", "submit", "approve"}) || !slices.Equal(want, notices) {
		t.Fatalf("calm: %v, told %v", want, notices)
	}
	died := 0
	for _, command := range []string{"submit", "forward", "answer"} {
		for _, at := range bottest.Points {
			t.Run(command+" "+strings.ReplaceAll(string(at), " ", "_"), func(t *testing.T) {
				actions, told, deaths := walk(t, at, command)
				died += deaths
				if !slices.Equal(actions, want) {
					t.Errorf("what happened: %v", actions)
				}
				if once := slices.Compact(told); !slices.Equal(once, want) || len(told) > len(want)+1 {
					t.Errorf("what was told: %v", told)
				}
			})
		}
	}
	if died < 20 {
		t.Errorf("only %d deaths: does the process die where it should?", died)
	}
}

// TestAPurgeReachesTheInbox: the words of a denunciation that was filed as a case
// stand also in the update that brought them, and in the session.
func TestAPurgeReachesTheInbox(t *testing.T) {
	var desk *cases.Desk
	driver := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	b := bottest.New(t, bottest.Options{Driver: driver, Build: func(b *bottest.Bot) ([]bot.Feature, error) {
		dir, cal := knowledge()
		var err error
		desk, err = cases.New(cases.Options{
			Read: b.DB.Read(), Sealer: b.Sealer, Now: b.Clock.Now, Fold: vietnamese.Fold, Audit: b.Store.Audit, Forget: b.Store.ForgetThing,
			Directory: func() *directory.Directory { return dir }, Calendar: func() *calendar.Calendar { return cal },
		})
		return []bot.Feature{{Name: "complaints", Schema: cases.Schema(), Routes: []bot.Route{
			{Name: "complaints.submit", Command: "submit", Handle: func(ctx context.Context, t *bot.Turn) error {
				dr := scene()
				dr.What, dr.Holder.Contact = t.Update.Text, t.Contact.ID
				_, err := desk.Open(ctx, t.Work, dr)
				t.Reply(bot.Reply{Text: "filed"})
				return err
			}},
			{Name: "complaints.hello", Command: "hello", Handle: func(_ context.Context, t *bot.Turn) error {
				t.Reply(bot.Reply{Text: "hello"})
				return nil
			}},
		}}}, err
	}})
	for i, text := range []string{"/hello", "/submit ông ấy nhận tiền"} {
		must(t, b.Door().Accept(t.Context(), bot.Update{ID: fmt.Sprint(i), Channel: bottest.FakeName, Chat: "lan", From: bot.Sender{ID: "lan"}, At: b.Clock.Now(), Text: text}))
		must(t, b.Settle(t.Context()))
	}
	number := func(query string) (n int) {
		must(t, b.DB.Read().QueryRow(query).Scan(&n))
		return n
	}
	const kept = `select count(*) from inbox where payload is not null`
	if number(kept) != 2 || number(`select count(*) from complaints_cases`) != 1 {
		t.Fatalf("%d updates are kept, %d cases: this test looks in the wrong place", number(kept), number(`select count(*) from complaints_cases`))
	}
	for _, s := range []struct {
		a      cases.Actor
		action cases.Action
	}{{front, cases.Seal}, {liaison, cases.HandOver}, {liaison, cases.Purge}} {
		must(t, b.Works.Do(t.Context(), func(ctx context.Context, w *bot.Work) error {
			_, err := desk.Do(ctx, w, 1, s.a, full(s.action))
			return err
		}))
	}
	if n := number(kept); n != 0 {
		t.Errorf("%d updates are kept", n)
	}
	if n := number(`select count(*) from chats where session is not null`); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}
