package items_test

import (
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// TestTheTable asks for every action in every state, by everybody: only what a row of
// the table allows is not refused for the state or the person.
func TestTheTable(t *testing.T) {
	h := open(t)
	people := map[string]items.Actor{"author": press, "editor": editor, "second editor": second, "owner": owner, "stranger": visitor, "job": {System: true}}
	may := map[string]items.Who{"author": items.ByAuthor, "editor": items.ByEditor | items.ByApprover, "second editor": items.ByEditor | items.ByApprover,
		"owner": items.ByApprover | items.ByAuthority, "stranger": 0, "job": items.BySystem}
	actions := []items.Action{items.Edit, items.Check, items.Approve, items.Return, items.Schedule, items.Unschedule, items.Cancel, items.Begin,
		items.Pause, items.Resume, items.Stop, items.Finish, items.Again, items.Supersede}
	n := 0
	for _, state := range items.States() {
		it := h.draft(press, content("Tin "+string(state)), 0)
		changed := true
		for who, a := range people {
			for _, action := range actions {
				if changed { // a refusal changes nothing
					must(t, h.force(it, state))
				}
				c := items.Command{Action: action, Hash: it.Hash, Reason: "Lý do", Content: content("Khác " + string(action))}
				_, err := h.try(it.ID, a, c)
				changed = err == nil
				allowed := false
				for _, r := range items.Rules() {
					for _, from := range r.From {
						allowed = allowed || r.Action == action && from == state && r.Who&may[who] != 0
					}
				}
				refused := code(err) == bot.Denied || code(err) == bot.Conflict
				if !allowed && !refused {
					t.Errorf("%s by %s in %s: %v, want a refusal", action, who, state, err)
				}
				if allowed && code(err) == bot.Denied {
					t.Errorf("%s by %s in %s: %v, and the table allows it", action, who, state, err)
				}
				n++
			}
		}
	}
	if n != len(items.States())*len(people)*len(actions) {
		t.Errorf("%d were asked", n)
	}
}
