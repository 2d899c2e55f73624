package bottest_test

import (
	"testing"

	"cchcbot/bot/bottest"
	"cchcbot/bot/telegram"
)

// The conversations of the sample run on Telegram too, in both ways in which
// updates come.
func TestFormOnTelegram(t *testing.T) {
	for _, mode := range []string{telegram.ModePoll, telegram.ModeWebhook} {
		for _, dir := range []string{"testdata/form", "testdata/buttons"} {
			t.Run(mode, func(t *testing.T) {
				bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newSample(bottest.NewTelegramDriver(mode))(t) })
			})
		}
	}
}
