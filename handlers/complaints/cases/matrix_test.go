package cases_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

var errUndo = errors.New("undo")

// inState brings a case into a state, by the door.
func (h *house) inState(s cases.State) cases.Case {
	h.t.Helper()
	d := scene()
	d.Holder.Person = 7
	if s == cases.Received {
		d = conduct()
	}
	c := h.open(d)
	if len(c.Joint) == 0 && s != cases.Received {
		c = h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: ubnd})
		c = h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune, Joint: []string{ubnd}})
	}
	step := func(a cases.Actor, actions ...cases.Action) {
		for _, action := range actions {
			c = h.do(c.ID, a, full(action))
		}
	}
	switch s {
	case cases.Accepted:
		step(clerk, cases.Accept)
	case cases.Waiting:
		step(clerk, cases.Accept, cases.AskCitizen)
	case cases.Drafted:
		step(clerk, cases.Accept, cases.Submit)
	case cases.Answered, cases.Closed:
		step(clerk, cases.Accept, cases.Submit)
		step(head, cases.Approve)
		step(citizen, cases.Rate)
		step(clerk, cases.PublishPropose)
		if s == cases.Closed {
			step(front, cases.Close)
		}
	case cases.Refused:
		step(head, cases.Refuse)
	case cases.Withdrawn:
		step(citizen, cases.Withdraw)
	case cases.Sealed:
		step(clerk, cases.Seal)
	case cases.Purged:
		step(clerk, cases.Seal)
		step(liaison, cases.HandOver, cases.Purge)
	}
	if c.State != s {
		h.t.Fatalf("the case is %s, not %s", c.State, s)
	}
	return c
}

// print is everything in the tables of complaints.
func (h *house) print(ctx context.Context, tx bot.Tx) string {
	h.t.Helper()
	var b strings.Builder
	for _, q := range []string{
		`select group_concat(id || ':' || version || state || lead || officer || returns || waits || published || rating || updated || ranked || wake, ' ') from complaints_cases`,
		`select count(*) || ' ' || coalesce(sum(length(words)), 0) from complaints_entries`,
		`select count(*) || ' ' || sum(due) || ' ' || sum(paused) || ' ' || sum(stopped) || ' ' || sum(mark) from complaints_clocks`,
		`select count(*) || ' ' || coalesce(max(updated || submitted), '') from complaints_drafts`,
		`select count(*) from complaints_words`, `select count(*) from complaints_answers`, `select count(*) from complaints_reveals`,
		`select count(*) from complaints_joint`, `select group_concat(lead || state || n) from complaints_counts where n <> 0`,
		`select group_concat(length(body)) from complaints_bodies`, `select count(*) from audit`,
	} {
		var s string
		must(h.t, tx.QueryRowContext(ctx, `select coalesce((`+q+`), '')`).Scan(&s))
		b.WriteString(s + "\n")
	}
	return b.String()
}

// TestEveryActionInEveryStateByEverybody tries all of it and undoes it each time. What comes
// out is a file that people read; what must hold of it is checked here.
func TestEveryActionInEveryStateByEverybody(t *testing.T) {
	h := open(t)
	people := []struct {
		name string
		a    cases.Actor
	}{
		{"citizen", citizen}, {"officer", clerk}, {"head", head}, {"consulted", officer(9, grant(bot.RoleOfficer, ubnd))}, {"front", front},
		{"liaison", liaison}, {"job", job}, {"stranger", stranger}, {"another", another}, {"operator", officer(11, grant(bot.RoleOperator, ""))},
	}
	var out strings.Builder
	tried := 0
	for _, s := range cases.States {
		c := h.inState(s)
		for _, action := range cases.Actions() {
			byResult := map[string][]string{}
			for _, p := range people {
				tried++
				result := h.attempt(c, p.a, action)
				byResult[result] = append(byResult[result], p.name)
				if (p.name == "stranger" || p.name == "another" || p.name == "operator") && result != "not_found" {
					t.Errorf("%s of a case that is %s by %s, to whom it does not exist: %s", action, s, p.name, result)
				}
			}
			may := func(p cases.Actor) bool { return slices.Contains(h.desk.May(c, p), action) }
			for _, p := range people[:7] {
				if ok := slices.Contains(byResult["ok"], p.name); ok != may(p.a) && known(action, p.name) {
					t.Errorf("%s of a case that is %s by %s: done %v, offered %v", action, s, p.name, ok, may(p.a))
				}
			}
			fmt.Fprintf(&out, "%-10s %-16s", s, action)
			for _, result := range []string{"ok", "conflict", "invalid", "denied", "not_found"} {
				if names := byResult[result]; len(names) > 0 && (result == "ok" || result == "invalid") {
					fmt.Fprintf(&out, " %s: %s;", result, strings.Join(names, " "))
				}
			}
			out.WriteByte('\n')
		}
	}
	if tried < 3000 {
		t.Errorf("only %d were tried", tried)
	}
	const file = "testdata/matrix.golden"
	text := strings.ReplaceAll(out.String(), " \n", "\n")
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" { // bottest has the flag
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if string(want) != text {
		t.Errorf("who may do what when has changed; run with -update and read the difference of %s", file)
	}
}

// known leaves out what Do alone can tell: May knows nothing of what a command brings.
func known(a cases.Action, who string) bool {
	switch a {
	case cases.Link, cases.Close, cases.Forward, cases.Succeed, cases.Recount, cases.PublishConfirm, cases.Assign, cases.Bind:
		return false
	}
	return who != "job" && who != "consulted"
}

// attempt tries an action in a unit that is undone, and says what came of it.
func (h *house) attempt(c cases.Case, a cases.Actor, action cases.Action) (result string) {
	h.t.Helper()
	err := h.works.Do(h.t.Context(), func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		must(h.t, err)
		before := h.print(ctx, tx)
		got, err := h.desk.Do(ctx, w, c.ID, a, full(action))
		after := h.print(ctx, tx)
		if err != nil {
			if before != after {
				h.t.Errorf("%s of a case that is %s failed with %v and left traces:\n%s\n%s", action, c.State, err, before, after)
			}
			if result = string(code(err)); result == "" {
				h.t.Errorf("%s of a case that is %s: %v", action, c.State, err)
			}
			return errUndo
		}
		result = "ok"
		quiet := action == cases.Note || action == cases.Reveal || action == cases.Recount
		if (before == after) != (action == cases.Recount) || got.Version != c.Version+1 && !quiet {
			h.t.Errorf("%s of a case that is %s: version %d after %d", action, c.State, got.Version, c.Version)
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		h.t.Fatal(err)
	}
	return result
}
