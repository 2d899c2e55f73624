package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/telegram"
	"cchcbot/bot/terminal"
	"cchcbot/bot/webchat"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
)

// declared is what each channel can do, as docs/channels.md shows it: a channel
// that learns or loses something changes this table.
var declared = []struct {
	channel   string
	value     bot.Channel // of the type; its methods are not called
	abilities string
}{
	{"zalo", (*zalo.OA)(nil), "webhook fetch check gate verify profile publish"},
	{"zalobot", (*zalobot.Bot)(nil), "poll webhook type fetch check"},
	{"telegram", (*telegram.Bot)(nil), "poll webhook ack type edit fetch check"},
	{"webchat", (*webchat.Chat)(nil), "type settle"},
	{"email", (*email.Sender)(nil), "check"},
	{"terminal", (*terminal.Terminal)(nil), "poll settle"},
}

// abilities are the optional ones of package bot, in the order of the table.
func abilities(c bot.Channel) string {
	var out []string
	has := func(name string, ok bool) {
		if ok {
			out = append(out, name)
		}
	}
	_, ok := c.(bot.Poller)
	has("poll", ok)
	_, ok = c.(bot.Webhook)
	has("webhook", ok)
	_, ok = c.(bot.Acker)
	has("ack", ok)
	_, ok = c.(bot.Typer)
	has("type", ok)
	_, ok = c.(bot.Editor)
	has("edit", ok)
	_, ok = c.(bot.Fetcher)
	has("fetch", ok)
	_, ok = c.(bot.Settler)
	has("settle", ok)
	_, ok = c.(bot.Checker)
	has("check", ok)
	_, ok = c.(bot.Gate)
	has("gate", ok)
	_, ok = c.(bot.Verifier)
	has("verify", ok)
	_, ok = c.(bot.Profiler)
	has("profile", ok)
	_, ok = c.(bot.Publisher)
	has("publish", ok)
	return strings.Join(out, " ")
}

func TestEveryChannelDoesWhatItDeclares(t *testing.T) {
	for _, d := range declared {
		if got := abilities(d.value); got != d.abilities {
			t.Errorf("%s can %q, declared is %q", d.channel, got, d.abilities)
		}
	}
}

// docs/channels.md has a row for each channel with exactly its abilities ticked.
func TestTheTableOfChannelsIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/channels.md")
	if err != nil {
		t.Fatal(err)
	}
	var head []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		switch {
		case len(cells) < 2:
		case cells[0] == "channel":
			head = nil
			if slices.Contains(cells, "poll") { // the other table tells of limits
				head = cells
			}
		case head != nil:
			for _, d := range declared {
				if d.channel != cells[0] {
					continue
				}
				seen[d.channel] = true
				can := strings.Fields(d.abilities)
				for i, name := range head[1:] {
					if want, got := slices.Contains(can, name), i+1 < len(cells) && cells[i+1] != ""; want != got {
						t.Errorf("docs/channels.md: %s, %s: the page says %v", d.channel, name, got)
					}
				}
			}
		}
	}
	if len(seen) != len(declared) {
		t.Errorf("docs/channels.md has rows for %v", seen)
	}
}
