package cases_test

import (
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// TestNoPhotoSaysWhyOnce: where the field wants a photo and there is none, who
// writes says why; the second person reads it and is not asked again.
func TestNoPhotoSaysWhyOnce(t *testing.T) {
	for name, kept := range map[string]bool{"in one go": false, "written before": true} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			d := scene()
			d.Field = "ha-tang-do-thi"
			c := h.open(d)
			h.do(c.ID, clerk, full(cases.Accept))
			cmd := full(cases.Submit)
			cmd.Media, cmd.Check.Evidence, cmd.Reason = nil, false, ""
			if kept {
				draft := cmd
				draft.Action = cases.DraftAnswer
				h.do(c.ID, clerk, draft)
				cmd.Text = ""
			}
			if _, err := h.try(c.ID, clerk, cmd); code(err) != bot.Invalid {
				t.Fatalf("an answer without a photo and a reason: %v", err)
			}
			cmd.Reason = "trời tối, chưa chụp được"
			h.do(c.ID, clerk, cmd)
			p, err := h.desk.Pending(t.Context(), c.ID, head)
			if err != nil || p.NoEvidence != cmd.Reason || p.Text != "Nội dung" {
				t.Errorf("%+v, %v", p, err)
			}
			if got := h.do(c.ID, head, cases.Command{Action: cases.Approve}); got.State != cases.Answered {
				t.Errorf("the case is %s", got.State)
			}
		})
	}
}
