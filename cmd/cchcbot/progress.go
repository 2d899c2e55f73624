package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a progress bar on standard error, silent when that is no terminal.
type bar struct{ b *progressbar.ProgressBar }

// newBar counts to total, or without an end when total is negative.
func newBar(w io.Writer, total int, what string) bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return bar{}
	}
	return bar{progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000))}
}

func (b bar) add(n int) {
	if b.b != nil {
		_ = b.b.Add(n) // a bar that cannot be drawn must not stop the work
	}
}

func (b bar) set(n int) {
	if b.b != nil {
		_ = b.b.Set(n)
	}
}

func (b bar) done() {
	if b.b != nil {
		_ = b.b.Finish()
	}
}
