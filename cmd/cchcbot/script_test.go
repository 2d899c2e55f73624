package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts below run the program itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cchcbot": func() {
			os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}, os.LookupEnv))
		},
	})
}

// TestCommands runs testdata/script/*.txtar: a command, what it prints, what it leaves.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("each command is a process of its own; what runs side by side is tested within one")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("CCHCBOT_DATA", e.WorkDir+"/data")
			e.Setenv("CCHCBOT_LOG_LEVEL", "warn")
			return nil
		},
	})
}
