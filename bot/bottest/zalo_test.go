package bottest_test

import (
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// The conversations of the sample run on the Official Account, with numbered
// choices and with buttons.
func TestFormOnZalo(t *testing.T) {
	for name, buttons := range map[string]bool{"numbers": false, "buttons": true} {
		dirs := []string{"testdata/form", "testdata/zalo"}
		if bottest.UnderRace {
			dirs = dirs[1:]
		} else if buttons {
			dirs = append(dirs, "testdata/buttons")
		}
		for _, dir := range dirs {
			t.Run(name, func(t *testing.T) {
				bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newSample(bottest.NewZaloDriver(buttons))(t) })
			})
		}
	}
}

// The one duplicate of the crash table does not happen on a platform that can
// say what arrived: the process dies after the message was sent and before that
// was written down, and the next one asks.
func TestACrashAfterTheSendDoublesNothingOnZalo(t *testing.T) {
	for nth := 1; nth <= 3; nth++ {
		d := bottest.NewZaloDriver(false)
		b := newSample(d)(t)
		b.Faults.CrashAt(bottest.BeforeSent, nth)
		lan := bottest.Citizen{Name: "Lan"}
		for _, text := range []string{"góp ý", "Lan", "quay lại", "hủy"} {
			err := d.Do(t.Context(), lan, bottest.Input{Text: text})
			if !b.Faults.Dead() {
				if err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := b.Restart(); err != nil {
				t.Fatal(err)
			}
			b.Clock.Add(leasesEnd)
			if err := b.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]int{}
		for _, m := range d.Fake().Shown("Lan") {
			seen[m.Text]++
		}
		// "góp ý" and "quay lại" ask the same question, so it stands there twice.
		for text, n := range seen {
			if n > 2 || n > 1 && !strings.HasPrefix(text, "Anh/chị tên là gì?") {
				t.Errorf("crash %d: %q was sent %d times", nth, text, n)
			}
		}
		if len(d.Fake().Shown("Lan")) != 4 {
			t.Errorf("crash %d: %d messages, want 4: %v", nth, len(d.Fake().Shown("Lan")), seen)
		}
	}
}

// The platform passes on that a citizen wants to be forgotten: nothing waits for
// them any more, and what they write next begins anew.
func TestAWishToBeForgotten(t *testing.T) {
	d := bottest.NewZaloDriver(false)
	b := newSample(d)(t)
	lan := bottest.Citizen{Name: "Lan"}
	for _, in := range []bottest.Input{{Text: "góp ý"}, {Text: "Trần Thị Quên"}, {Event: bot.EventErase}, {Text: "2"}} {
		if err := d.Do(t.Context(), lan, in); err != nil {
			t.Fatal(err)
		}
	}
	shown := d.Fake().Shown("Lan")
	if last := shown[len(shown)-1].Text; !strings.HasPrefix(last, "Anh/chị gõ") {
		t.Errorf("after the wish the form goes on: %q", last)
	}
	if len(b.Effects(d.Name(), d.Chat(lan))) == 0 {
		t.Error("nothing was dropped")
	}
}
