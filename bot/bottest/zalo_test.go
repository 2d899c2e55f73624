package bottest_test

import (
	"testing"

	"cchcbot/bot/bottest"
)

// The conversations of the sample run on the Official Account, with numbered
// choices and with buttons.
func TestFormOnZalo(t *testing.T) {
	for name, buttons := range map[string]bool{"numbers": false, "buttons": true} {
		dirs := []string{"testdata/form", "testdata/zalo"}
		if buttons {
			dirs = append(dirs, "testdata/buttons")
		}
		for _, dir := range dirs {
			t.Run(name, func(t *testing.T) {
				bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newSample(bottest.NewZaloDriver(buttons))(t) })
			})
		}
	}
}
