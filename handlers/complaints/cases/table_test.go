package cases

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTheTableInTheDocs: docs/states.md shows the table by which the program decides.
func TestTheTableInTheDocs(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), table()) {
		t.Errorf("docs/states.md does not hold the table of today; it is\n%s", table())
	}
}

// TestTheTableIsWhole: every state is reached, every action has a row, and what
// has no row leads nowhere.
func TestTheTableIsWhole(t *testing.T) {
	reached := map[State]bool{Received: true, Forwarded: true} // by filing
	for _, r := range rules() {
		if len(r.From) == 0 || r.Who == 0 || r.Action == "" {
			t.Errorf("%s: from %v by %v", r.Action, r.From, r.Who.Names())
		}
		reached[r.To] = true
		for _, s := range r.Start {
			if s != StepCitizen && s != StepPublish && !r.To.Live() && r.To != "" && r.To != goesBack {
				t.Errorf("%s leads to %s and starts a clock of %s", r.Action, r.To, s)
			}
		}
		if r.To != "" && !r.To.Live() && r.To != goesBack && !r.Pause && slices.ContainsFunc(r.From, State.Live) && r.From[0] != Waiting && len(r.Stop) < len(stopAll) {
			t.Errorf("%s ends an open case and leaves clocks running", r.Action)
		}
	}
	for _, s := range States {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
	for _, a := range []Action{Accept, Return, Forward, Bind, Assign, Reclassify, AskCitizen, Add, Extend, Progress, Note, DraftAnswer, Submit, Approve, Reject, Refuse,
		Withdraw, Restore, Rate, Reopen, Close, PublishPropose, PublishConfirm, PublishDecline, Consent, Reveal, Seal, HandOver, Unseal, Purge, Anonymize,
		DropMedia, Urgency, Link, Succeed, Recount} {
		if !slices.Contains(Actions(), a) {
			t.Errorf("%s has no row", a)
		}
	}
}

// table writes the transitions as a table of docs/states.md.
func table() string {
	var b strings.Builder
	b.WriteString("| action | from | who | when | to | clocks | told |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rules() {
		to := string(r.To)
		if to == "" {
			to = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Action, states(r.From), strings.Join(r.Who.Names(), ", "), r.When, to, moves(r), r.Tells)
	}
	return b.String()
}

// states writes a list of states short.
func states(list []State) string {
	switch fmt.Sprint(list) {
	case fmt.Sprint(seen):
		return "any but sealed, purged"
	case fmt.Sprint(living):
		return "any open"
	}
	return strings.Join(strs(list), ", ")
}

// moves writes what happens to the clocks.
func moves(r Transition) string {
	var out []string
	started := map[Step]bool{}
	for _, s := range r.Start {
		started[s] = true
	}
	var stop []string
	for _, s := range r.Stop {
		if !started[s] {
			stop = append(stop, string(s))
		}
	}
	if len(r.Stop) >= len(stopAll) {
		stop = []string{"all"}
	}
	if len(r.Start) > 0 {
		out = append(out, "start "+strings.Join(strs(r.Start), ", "))
	}
	if len(stop) > 0 {
		out = append(out, "stop "+strings.Join(stop, ", "))
	}
	if r.Pause {
		out = append(out, "pause")
	}
	if r.Resume {
		out = append(out, "resume")
	}
	return strings.Join(out, "; ")
}
