package bottest_test

import (
	"io/fs"
	"testing"

	"go.uber.org/goleak"

	"cchcbot/bot/bottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sub(f fs.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the folder's name is fixed
	}
	return s
}

func newSample(d bottest.Driver) func(t *testing.T) *bottest.Bot {
	return func(t *testing.T) *bottest.Bot {
		opt := sampleOptions(&sample{})
		opt.Driver = d
		return bottest.New(t, opt)
	}
}

// The scripts of the sample feature, on a channel with buttons.
func TestForm(t *testing.T) { bottest.Run(t, "testdata/form", newSample(nil)) }

// What only a channel with buttons can show: pressing old ones.
func TestButtons(t *testing.T) { bottest.Run(t, "testdata/buttons", newSample(nil)) }

// The same conversations where choices are numbered.
func TestFormWithoutButtons(t *testing.T) {
	bottest.Run(t, "testdata/form", func(t *testing.T) *bottest.Bot {
		return newSample(bottest.NewFakeDriver("plain", bottest.PlainLimits()))(t)
	})
}

// They run in a shell and on the web page, through what these really read and write.
func TestFormInATerminal(t *testing.T) {
	bottest.Run(t, "testdata/form", func(t *testing.T) *bottest.Bot {
		return newSample(bottest.NewTerminalDriver())(t)
	})
}

func TestFormOnTheWebPage(t *testing.T) {
	for _, dir := range []string{"testdata/form", "testdata/buttons"} {
		bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newSample(bottest.NewWebchatDriver())(t) })
	}
}
