package bottest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what chat scripts expect from what the bot says")

// Run runs every script of a folder against a bot of its own. With -update it
// writes down what the bot said where a script expected something else.
func Run(t *testing.T, dir string, newBot func(t *testing.T) *Bot) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.chat"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no chat scripts in %s (%v)", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".chat"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, err := Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			b := newBot(t)
			b.Play(t, script)
			if *update && b.Driver.Style() == Rows {
				if out := script.Bytes(); string(out) != string(data) {
					if err := os.WriteFile(file, out, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// Play plays a script and reports what went otherwise. With -update it changes
// the script instead.
func (b *Bot) Play(t testing.TB, s *Script) {
	t.Helper()
	p := &player{bot: b, who: Citizen{Name: "citizen"}, driver: b.Driver}
	for i := range s.Steps {
		step := &s.Steps[i]
		got, err := p.do(t.Context(), step.Do)
		if errors.Is(err, ErrCannot) {
			t.Skipf("%s:%d: %v", s.Name, step.Line, err)
		}
		if err != nil {
			t.Fatalf("%s:%d: %v", s.Name, step.Line, err)
		}
		if Match(step.Want, got, p.driver.Style()) && (len(step.Raw) > 0 || step.Do.Verb != DoInput) {
			continue
		}
		if *update && p.driver.Style() == Rows {
			step.Raw = got.Lines()
			if len(got.Messages)+len(got.Effects) == 0 && step.Do.Verb != DoInput {
				step.Raw = nil
			}
			continue
		}
		want := step.Raw
		if len(want) == 0 && step.Do.Verb == DoInput {
			want = []string{"(the script does not say what is expected; run the test with -update)"}
		}
		t.Errorf("%s:%d: after %s\n%s", s.Name, step.Line, step.Head[len(step.Head)-1], diff(want, got.Lines()))
	}
}

// player is a script under way.
type player struct {
	bot    *Bot
	who    Citizen
	driver Driver
}

func (p *player) do(ctx context.Context, a Action) (Answer, error) {
	switch a.Verb {
	case DoNothing:
		return Answer{}, nil
	case DoUser:
		p.who.Name = a.Arg
	case DoGroup:
		p.who.Group = a.Arg
	case DoPrivate:
		p.who.Group = ""
	case DoLang:
		p.who.Lang = a.Arg
	case DoChannel:
		d, ok := p.bot.drivers[a.Arg]
		if !ok {
			return Answer{}, fmt.Errorf("this bot has no channel %q that can be driven", a.Arg)
		}
		p.driver = d
	case DoClock:
		p.bot.Clock.Set(a.At)
	case DoWait:
		p.bot.Clock.Add(a.Wait)
	case DoRestart:
		if err := p.bot.Restart(); err != nil {
			return Answer{}, err
		}
	case DoInput:
		if err := p.driver.Do(ctx, p.who, a.Input); err != nil {
			return Answer{}, err
		}
	}
	if err := p.bot.Settle(ctx); err != nil {
		return Answer{}, err
	}
	got := Answer{Messages: p.driver.Seen(p.who)}
	got.Effects = p.bot.record.take(p.driver.Name(), p.driver.Chat(p.who))
	return got, nil
}
