package bottest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// keeping is a feature that keeps rows of a conversation outside of its session.
type keeping struct{ failures int }

const keepingSchema = "-- +goose Up\ncreate table keeping_rows (id integer primary key, conversation text not null);\n"

func (k *keeping) feature() bot.Feature {
	return bot.Feature{
		Name:   "keeping",
		Schema: fstest.MapFS{"0001_init.sql": &fstest.MapFile{Data: []byte(keepingSchema)}},
		Routes: []bot.Route{{Name: "keeping.keep", Command: "keep", Handle: func(ctx context.Context, t *bot.Turn) error {
			tx, err := t.Tx(ctx)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `insert into keeping_rows (conversation) values ($1)`, t.Update.Key().String())
			return err
		}}},
		Dropped: func(ctx context.Context, tx bot.Tx, key bot.SessionKey) error {
			if k.failures > 0 {
				k.failures--
				return errors.New("a fault")
			}
			_, err := tx.ExecContext(ctx, `delete from keeping_rows where conversation = $1`, key.String())
			return err
		},
	}
}

func newKeeping(t *testing.T) (*crashed, *keeping) {
	t.Helper()
	k := &keeping{}
	d := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	opt := sampleOptions(&sample{})
	opt.Driver = d
	opt.Features = append(opt.Features, k.feature())
	b := bottest.New(t, opt)
	c := &crashed{Bot: b, t: t, fake: d.Fake(), sample: &sample{}}
	c.types("lan", "/keep")
	c.types("minh", "/keep")
	return c, k
}

// kept lists whose rows there are.
func (c *crashed) kept() (chats []string) {
	c.t.Helper()
	rows, err := c.DB.Read().QueryContext(c.t.Context(), `select conversation from keeping_rows order by conversation`)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			c.t.Fatal(err)
		}
		chats = append(chats, strings.Split(s, "\x1f")[1])
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return chats
}

const accusation = "tôi tố cáo ông trưởng thôn"

func TestADroppedTurnPurgesWhatFeaturesKeep(t *testing.T) {
	c, _ := newKeeping(t)
	c.types("lan", accusation)
	if got := c.kept(); !slices.Equal(got, []string{"minh"}) {
		t.Errorf("rows of %q are left, want only another citizen's", got)
	}
	if effects := c.Effects(bottest.FakeName, "lan"); !slices.Contains(effects, "dropped") {
		t.Errorf("effects %q", effects)
	}
}

func TestAPlatformsErasurePurgesWhatFeaturesKeep(t *testing.T) {
	c, _ := newKeeping(t)
	u := bot.Update{ID: "erase", Channel: bottest.FakeName, Chat: "lan", From: bot.Sender{ID: "lan"}, At: c.Clock.Now(), Event: bot.EventErase}
	if err := c.Door().Accept(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	c.settle()
	if got := c.kept(); !slices.Equal(got, []string{"minh"}) {
		t.Errorf("rows of %q are left", got)
	}
}

// Wherever the process dies, the turn is dropped in the end, with everything.
func TestTheProcessDiesInADroppedTurn(t *testing.T) {
	for _, point := range []bottest.Point{bottest.AfterAccept, bottest.BeforeCommit, bottest.AfterCommit, bottest.BeforeSaveSession} {
		t.Run(string(point), func(t *testing.T) {
			c, _ := newKeeping(t)
			c.Faults.CrashAt(point, 1)
			c.types("lan", accusation)
			if c.deaths != 1 {
				t.Fatalf("died %d times", c.deaths)
			}
			if got := c.kept(); !slices.Equal(got, []string{"minh"}) {
				t.Errorf("rows of %q are left", got)
			}
			if n := c.payloads(); n != 0 {
				t.Errorf("%d dropped updates still have their text", n)
			}
		})
	}
}

// payloads counts the dropped updates that can still be read.
func (c *crashed) payloads() (n int) {
	c.t.Helper()
	if err := c.DB.Read().QueryRowContext(c.t.Context(),
		`select count(*) from inbox where state = 'dropped' and payload is not null`).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func TestAFeatureThatCannotDrop(t *testing.T) {
	for failures := 1; failures <= 3; failures++ {
		c, k := newKeeping(t)
		k.failures = failures
		before := len(c.fake.Texts("lan"))
		c.types("lan", accusation)
		if got := c.kept(); !slices.Equal(got, []string{"lan", "minh"}) {
			t.Fatalf("%d failures: rows of %q after the first attempt: something was committed", failures, got)
		}
		if n := len(c.fake.Texts("lan")) - before; n != 0 {
			t.Fatalf("%d failures: %d messages went out before the turn was committed", failures, n)
		}
		for range 6 {
			c.wait(5 * time.Second)
		}
		effects := c.Effects(bottest.FakeName, "lan")
		if !slices.Contains(effects, "dropped") || c.payloads() != 0 {
			t.Errorf("%d failures: effects %q, %d readable texts: the text must go in any case", failures, effects, c.payloads())
		}
		switch got := c.kept(); {
		case failures < 3 && (!slices.Equal(got, []string{"minh"}) || len(c.Alerts) != 0):
			t.Errorf("%d failures: rows of %q are left, alerts %q", failures, got, c.Alerts)
		case failures == 3 && (len(c.Alerts) != 1 || !strings.Contains(c.Alerts[0], "could not erase")):
			t.Errorf("nobody is told that a feature could not erase: %q", c.Alerts)
		}
	}
}
