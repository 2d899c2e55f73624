package bottest_test

import (
	"context"
	"strconv"
	"testing"
	"testing/fstest"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

type walk struct {
	Page int
	What string
}

// walking is a form whose first step turns pages and can lead out of the form,
// and whose second one must be answered.
func walking() bot.Feature {
	form := bot.NewForm(bot.Form[walk]{
		Name: "walk", Version: 1,
		Steps: []bot.Step[walk]{
			{Name: "page", Ask: func(_ context.Context, _ *bot.Turn, d walk) (bot.Reply, error) {
				return bot.Reply{Key: "walk.page", Args: []any{"page", d.Page}, Buttons: []bot.Button{
					{Title: "next", Payload: bot.Answer("next")}, {Title: "here", Payload: bot.Answer("here")}, {Title: "out", Payload: bot.Answer("out")},
				}}, nil
			}, Accept: func(_ context.Context, t *bot.Turn, d *walk) error {
				switch v, _ := t.Answered(); v {
				case "next":
					d.Page++
					return bot.Stay()
				case "here":
					return nil
				case "out":
					t.Session.Active = nil
					t.Say("walk.out")
					return nil
				}
				return bot.Again("bot.need_pick")
			}},
			{Name: "what", Ask: bot.Ask[walk]("walk.what"), Accept: bot.Text(2, 40, func(d *walk) *string { return &d.What })},
		},
		Submit: func(_ context.Context, t *bot.Turn, d walk) error {
			t.Say("walk.done", "what", d.What+strconv.Itoa(d.Page))
			return nil
		},
	})
	return bot.Feature{
		Name: "walk", Conversations: []bot.Conversation{form},
		Routes: []bot.Route{{Command: "walk", Handle: func(ctx context.Context, t *bot.Turn) error { return t.Begin(ctx, form) }}},
		Texts:  fstest.MapFS{"text/vi.toml": {Data: []byte(walkTexts)}, "text/en.toml": {Data: []byte(walkTexts)}},
	}
}

const walkTexts = `[walk]
page = "Page {{.page}}"
out = "Out"
what = "What?"
done = "{{.what}}"
`

// TestStepsThatStayAndLeave: a page is turned and remembered over a restart, a
// step may end the form, and "done" is no answer to a question.
func TestStepsThatStayAndLeave(t *testing.T) {
	script, err := bottest.Parse("walk", []byte(`> /walk
< Page 0
[next] [here] [out]
[Hủy]
> [next]
< Page 1
[next] [here] [out]
[Hủy]
@restart
> [next]
< Page 2
[next] [here] [out]
[Hủy]
> [here]
< What?
[Quay lại] [Hủy]
> xong
< Câu này cần có trả lời nên chưa bỏ qua được.
< What?
[Quay lại] [Hủy]
> apples
< apples2
> /walk
< Page 0
[next] [here] [out]
[Hủy]
> [out]
< Out
> xong
< Tôi chưa hiểu ý anh/chị. Anh/chị viết tên thủ tục cần hỏi, hoặc gõ "menu".
`))
	if err != nil {
		t.Fatal(err)
	}
	bottest.New(t, bottest.Options{Features: []bot.Feature{walking()}}).Play(t, script)
}
