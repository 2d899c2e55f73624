package items_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"cchcbot/handlers/news/items"
)

// edited is what a sent line says of a message that it replaces.
var edited = regexp.MustCompile(`\(edit [^)]*\) `)

// A second correction that is stopped takes its words with it, and leaves the first one its people.
func TestAStoppedCorrectionGivesWayToTheOneBefore(t *testing.T) {
	for name, c := range map[string]struct {
		found, looked bool // the people of the first were found before the second began; they were looked for before it was stopped
	}{
		"the first waits":                  {found: true},
		"the first has nobody yet":         {},
		"the first left its people to it":  {looked: true},
		"the first waits, and both looked": {found: true, looked: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			a, b := h.subscriber("telegram"), h.subscriber("zalobot")
			it := h.begun(content("Sai"), 0)
			h.ends()
			one := h.begun(content("Đúng"), it.ID)
			if c.found {
				h.run()
			}
			h.now = h.now.Add(time.Minute)
			two := h.begun(content("Lại sai"), it.ID)
			if c.looked {
				h.run()
			}
			h.do(two.ID, editor, items.Command{Action: items.Stop, Reason: "Lại sai"})
			got := h.ends()
			for i := range got {
				got[i] = edited.ReplaceAllString(got[i], "")
			}
			if want := []string{"telegram:" + a.User + " Đính chính: Đúng", "zalobot:" + b.User + " Đính chính: Đúng"}; !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
			if x, y := h.get(one.ID), h.get(two.ID); x.State != items.Done || x.Progress.Queued != 2 || y.State != items.Stopped {
				t.Errorf("the first is %s to %d, the second %s", x.State, x.Progress.Queued, y.State)
			}
		})
	}
}

// Without another correction the item says its own words again.
func TestAStoppedCorrectionGivesTheItemItsWordsBack(t *testing.T) {
	h := open(t)
	a := h.subscriber("telegram")
	it := h.begun(content("Đúng"), 0)
	h.run()
	h.do(it.ID, editor, items.Command{Action: items.Pause})
	h.now = h.now.Add(time.Minute)
	fix := h.begun(content("Sai"), it.ID)
	h.do(fix.ID, editor, items.Command{Action: items.Stop, Reason: "Sai"})
	h.do(it.ID, editor, items.Command{Action: items.Resume})
	if got := h.ends(); !slices.Equal(got, []string{"telegram:" + a.User + " Đúng"}) {
		t.Errorf("sent %q", got)
	}
}

// Some got the words of a correction that was stopped: the next correction is for them, too.
func TestTheNextCorrectionGoesToWhoGotTheStoppedOne(t *testing.T) {
	h := open(t)
	a, b := h.subscriber("telegram"), h.subscriber("zalobot")
	it := h.begun(content("Sai"), 0)
	h.ends()
	one := h.begun(content("Cũng sai"), it.ID)
	h.run()
	h.sends("telegram")
	h.do(one.ID, editor, items.Command{Action: items.Stop, Reason: "Cũng sai"})
	h.now = h.now.Add(time.Minute)
	h.begun(content("Đúng"), it.ID)
	got := h.ends()
	for i := range got {
		got[i] = edited.ReplaceAllString(got[i], "")
	}
	if want := []string{"telegram:" + a.User + " Đính chính: Đúng", "zalobot:" + b.User + " Đính chính: Đúng"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}
