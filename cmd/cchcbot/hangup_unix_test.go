//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestAClosedTerminalAsksToStop: it ends the program in order, as Ctrl+C does.
func TestAClosedTerminalAsksToStop(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) { // under nohup
		if slices.Contains(stopSignals(), os.Signal(syscall.SIGHUP)) {
			t.Error("it would stop, though whoever started it wants it to go on")
		}
		return
	}
	// Whatever happens, the signal must not end the test itself.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	ctx, stop := signal.NotifyContext(t.Context(), stopSignals()...)
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-caught
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	<-limited.Done()
	if ctx.Err() == nil {
		t.Error("the program would not stop")
	}
}
