package bottest_test

import (
	"testing"

	"cchcbot/bot/bottest"
	"cchcbot/bot/zalobot"
)

// The conversations of the sample run on the Zalo Bot Platform too, in both ways
// in which updates come: there are no buttons, so choices are numbered.
func TestFormOnZalobot(t *testing.T) {
	for _, mode := range []string{zalobot.ModePoll, zalobot.ModeWebhook} {
		if bottest.UnderRace && mode == zalobot.ModeWebhook {
			continue
		}
		t.Run(mode, func(t *testing.T) {
			bottest.Run(t, "testdata/form", func(t *testing.T) *bottest.Bot { return newSample(bottest.NewZalobotDriver(mode))(t) })
		})
	}
}

// A bot that is asked in a group by its name, and answered there, talks in the group.
func TestGroupOnZalobot(t *testing.T) {
	for _, mode := range []string{zalobot.ModePoll, zalobot.ModeWebhook} {
		t.Run(mode, func(t *testing.T) {
			d := bottest.NewZalobotDriver(mode)
			b := newSample(d)(t)
			script, err := bottest.Parse("group.chat", []byte(groupScript))
			if err != nil {
				t.Fatal(err)
			}
			b.Play(t, script)
			lan, minh := d.Fake().Person("Lan"), d.Fake().Person("Minh")
			if n := len(d.Fake().Shown(lan.ID)) + len(d.Fake().Shown(minh.ID)); n != 0 {
				t.Errorf("%d messages went to private chats", n)
			}
		})
	}
}

// What people say is kept apart by who says it.
const groupScript = `@user Lan
@group to-5
> góp ý
< Anh/chị tên là gì?
[Hủy]
> Lan
< Góp ý về nơi nào?
[Phường Hải Dương] [Xã Thanh Miện]
[Trụ sở tiếp công dân]
[Quay lại] [Hủy]
@user Minh
> góp ý
< Anh/chị tên là gì?
[Hủy]
@user Lan
> Xã Thanh Miện
< Anh/chị gửi ảnh nếu có (tối đa 2 ảnh).
[Bỏ qua] [Quay lại] [Hủy]
`
