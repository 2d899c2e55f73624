package bottest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/words"
)

// leasesEnd is longer than any lease or lock of a dead process.
const leasesEnd = 3 * time.Minute

// crashed is a bot whose platform sends an update again until it is accepted,
// and whose process is started again whenever it dies.
type crashed struct {
	*bottest.Bot
	t       *testing.T
	fake    *bottest.Fake
	sample  *sample
	updates int
	deaths  int
}

func newCrashed(t *testing.T) *crashed {
	s := &sample{}
	d := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	opt := sampleOptions(s)
	opt.Driver = d
	b := bottest.New(t, opt)
	return &crashed{Bot: b, t: t, fake: d.Fake(), sample: s}
}

// types hands a typed message in as the platform does and lets everything happen.
func (c *crashed) types(chat, text string) {
	c.t.Helper()
	c.updates++
	u := bot.Update{
		ID: fmt.Sprint("u", c.updates), Channel: bottest.FakeName, Chat: chat, From: bot.Sender{ID: chat}, At: c.Clock.Now(), Text: text,
	}
	for tries := 0; ; tries++ {
		err := c.Door().Accept(c.t.Context(), u)
		c.settle()
		if err == nil {
			return
		}
		if tries == 3 {
			c.t.Fatalf("the update is not accepted: %v", err)
		}
	}
}

// settle runs what is due. If the process dies of it, another one starts and
// does the rest once the dead one's leases are over.
func (c *crashed) settle() {
	c.t.Helper()
	err := c.Settle(c.t.Context())
	if !c.Faults.Dead() {
		if err != nil {
			c.t.Fatal(err)
		}
		return
	}
	c.deaths++
	if err := c.Restart(); err != nil {
		c.t.Fatal(err)
	}
	c.Clock.Add(leasesEnd)
	if err := c.Settle(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// wait lets time pass.
func (c *crashed) wait(d time.Duration) {
	c.t.Helper()
	c.Clock.Add(d)
	c.settle()
}

func (c *crashed) ideas() (names []string) {
	c.t.Helper()
	rows, err := c.DB.Read().QueryContext(c.t.Context(), `select name || ' ' || place from sample_ideas order by id`)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			c.t.Fatal(err)
		}
		names = append(names, s)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return names
}

var talk = []string{"góp ý", "Lan", "xã thanh miện", "bỏ qua", "gửi", "menu"}

// draft is as much of it as leads to the review.
var draft = talk[:4]

// runTalk has the whole conversation and returns everything that was sent, by chat.
func (c *crashed) runTalk() map[string][]string {
	c.t.Helper()
	for _, text := range talk {
		c.types("lan", text)
	}
	c.wait(25 * time.Hour)
	sent := map[string][]string{}
	for _, m := range c.fake.Sent() {
		sent[m.To.Chat] = append(sent[m.To.Chat], m.Text)
	}
	return sent
}

func (c *crashed) office() []string {
	for _, ch := range c.Channels {
		if f, ok := ch.(*bottest.Fake); ok && f.Name() == "email" {
			return f.Texts("office@example.vn")
		}
	}
	return nil
}

// The crash table of the architecture, row by row: wherever the process dies,
// at each message of a whole conversation, nothing that was accepted is lost
// and nothing is done or said twice, but for the one message whose receipt was
// not recorded.
func TestTheProcessDiesAnywhere(t *testing.T) {
	calm := newCrashed(t)
	want, wantOffice, wantIdeas := calm.runTalk(), calm.office(), calm.ideas()
	if len(want["lan"]) != len(talk)+1 || len(wantOffice) != 1 || !slices.Equal(wantIdeas, []string{"Lan commune"}) {
		t.Fatalf("without a crash: %q, office %q, rows %q", want, wantOffice, wantIdeas)
	}
	for _, point := range bottest.Points {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			deaths, step := 0, 1
			if bottest.UnderRace {
				step = 5
			}
			for nth := 1; nth <= 40; nth += step {
				c := newCrashed(t)
				c.Faults.CrashAt(point, nth)
				got := c.runTalk()
				deaths += c.deaths
				if c.deaths > 1 {
					t.Fatalf("died %d times, want once", c.deaths)
				}
				extra := repeated(t, nth, want["lan"], got["lan"]) + repeated(t, nth, wantOffice, c.office())
				if extra > 0 && (point != bottest.BeforeSent || extra > 1) {
					t.Errorf("crash %d: %d messages arrived twice", nth, extra)
				}
				if point == bottest.BeforeSent && c.deaths == 1 && extra != 1 {
					t.Errorf("crash %d: the message whose receipt was lost should be sent again", nth)
				}
				if ideas := c.ideas(); !slices.Equal(ideas, wantIdeas) {
					t.Errorf("crash %d: rows %q, want %q", nth, ideas, wantIdeas)
				}
				if len(c.Alerts) > 0 {
					t.Errorf("crash %d: alerts %q", nth, c.Alerts)
				}
				if c.deaths == 0 {
					break // the conversation is over before it comes to that
				}
			}
			if deaths < (len(talk)-1)/step {
				t.Errorf("the process died %d times only; the point is hardly ever reached", deaths)
			}
		})
	}
}

// repeated checks that got is want with nothing missing, in its order, and
// returns how many messages it has twice in a row.
func repeated(t *testing.T, nth int, want, got []string) (extra int) {
	t.Helper()
	i := 0
	for _, g := range got {
		switch {
		case i < len(want) && g == want[i]:
			i++
		case i > 0 && g == want[i-1]:
			extra++
		default:
			t.Errorf("crash %d: %q came out of order; sent %q, want %q", nth, g, got, want)
			return extra
		}
	}
	if i < len(want) {
		t.Errorf("crash %d: lost %q", nth, want[i:])
	}
	return extra
}

// A handler that fails is tried three times; what it did before it failed never happened.
func TestAHandlerThatFails(t *testing.T) {
	apology := apologyText(t)
	for failures := 1; failures <= 4; failures++ {
		t.Run(fmt.Sprint(failures, " times"), func(t *testing.T) {
			c := newCrashed(t)
			for _, text := range draft {
				c.types("lan", text)
			}
			before := len(c.fake.Texts("lan"))
			c.sample.failures = failures
			c.types("lan", "gửi")
			// The next message of the chat waits; another chat does not.
			c.types("lan", "menu")
			c.types("minh", "menu")
			if n := len(c.fake.Texts("lan")); n != before {
				t.Errorf("%d messages while the first turn is tried again", n-before)
			}
			if n := len(c.fake.Texts("minh")); n != 1 {
				t.Errorf("another chat got %d messages, want 1", n)
			}
			if len(c.ideas()) != 0 {
				t.Error("a row of a turn that failed was kept")
			}
			for range 6 {
				c.wait(5 * time.Second)
			}
			got := c.fake.Texts("lan")[before:]
			if failures < 3 {
				if len(got) != 2 || !strings.Contains(got[0], "Đã nhận góp ý số 1") || len(c.ideas()) != 1 || len(c.office()) != 1 {
					t.Errorf("after %d failures: %q, rows %q, office %q", failures, got, c.ideas(), c.office())
				}
				if len(c.Alerts) != 0 {
					t.Errorf("alerts %q", c.Alerts)
				}
				return
			}
			if len(got) != 3 || got[0] != apology || !strings.Contains(got[1], "Chào anh/chị") || !strings.Contains(got[2], "xem lại") {
				t.Errorf("after the third failure the chat got %q, want the apology, the answer to the next message and the open review", got)
			}
			if effects := c.Effects(bottest.FakeName, "lan"); !slices.Contains(effects, "failed handler") {
				t.Errorf("effects %q", effects)
			}
			if len(c.Alerts) != 1 || len(c.ideas()) != 0 || len(c.office()) != 0 {
				t.Errorf("alerts %q, rows %q, office %q", c.Alerts, c.ideas(), c.office())
			}
		})
	}
}

// The conversation is as it was before the turn that failed: the citizen sends again and it works.
func TestAfterAnApologyTheConversationGoesOn(t *testing.T) {
	c := newCrashed(t)
	for _, text := range draft {
		c.types("lan", text)
	}
	c.sample.failures = 3
	c.types("lan", "gửi")
	for range 6 {
		c.wait(5 * time.Second)
	}
	c.types("lan", "gửi")
	if got := c.fake.Texts("lan"); !strings.Contains(got[len(got)-1], "Đã nhận góp ý số 1") {
		t.Errorf("the last message is %q", got[len(got)-1])
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	c := newCrashed(t)
	c.types("lan", "/panic")
	for range 6 {
		c.wait(5 * time.Second)
	}
	if got := c.fake.Texts("lan"); !slices.Equal(got, []string{apologyText(t)}) {
		t.Errorf("sent %q, want the apology", got)
	}
}

// The process dies while a failing turn is tried again: the count goes on.
func TestACrashBetweenAttempts(t *testing.T) {
	c := newCrashed(t)
	c.sample.failures = 2
	c.types("lan", "xin chào")
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	c.wait(leasesEnd)
	if got := c.fake.Texts("lan"); len(got) != 0 {
		t.Fatalf("sent %q after the second attempt", got)
	}
	c.wait(time.Minute)
	if got := c.fake.Texts("lan"); len(got) != 1 || !strings.Contains(got[0], "góp ý") {
		t.Errorf("sent %q, want the answer at the third attempt", got)
	}
}

// An update that the platform sends twice is answered once.
func TestAnUpdateSentTwiceIsAnsweredOnce(t *testing.T) {
	c := newCrashed(t)
	c.types("lan", "menu")
	c.updates-- // the same id again
	c.types("lan", "menu")
	if got := c.fake.Texts("lan"); len(got) != 1 {
		t.Errorf("answered %d times", len(got))
	}
}

func apologyText(t *testing.T) string {
	t.Helper()
	w, err := words.Load(words.Shared())
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Render("vi", "bot.apology", nil)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(s)
}
