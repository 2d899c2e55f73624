package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// leaves are the commands that can be run, by name.
func leaves(n *kong.Node) (names []string) {
	if n.Leaf() {
		return []string{commandName(n)}
	}
	for _, c := range n.Children {
		names = append(names, leaves(c)...)
	}
	return names
}

// TestOnlyAFewCommandsMakeData: a mistyped DATA is told, whatever command comes to be, and makes nothing.
func TestOnlyAFewCommandsMakeData(t *testing.T) {
	parser, err := kong.New(&CLI{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range leaves(parser.Model.Node) {
		known[name] = true
		folder := filepath.Join(t.TempDir(), "data")
		cfg := &Config{Data: folder}
		done, err := findData((&CLI{}).useOf(name), cfg, io.Discard)
		var usage *usageError
		switch usesOfData[name] {
		case needsData:
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), folder) {
				t.Errorf("%s without data: %v", name, err)
			}
		case embedded:
			if err != nil || cfg.Data == folder {
				t.Errorf("%s without data works in %s: %v", name, cfg.Data, err)
			}
		default:
			if err != nil || cfg.Data != folder {
				t.Errorf("%s without data: %v", name, err)
			}
		}
		if err := done(); err != nil || there(folder) || cfg.Data != folder && there(cfg.Data) {
			t.Errorf("%s leaves a folder behind (%v)", name, err)
		}
	}
	for name := range usesOfData {
		if !known[name] {
			t.Errorf("there is no command %q", name)
		}
	}
}

// TestHelpOfEveryCommandHasAnExample, for whoever meets it first on a server.
func TestHelpOfEveryCommandHasAnExample(t *testing.T) {
	parser, err := kong.New(&CLI{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range leaves(parser.Model.Node) {
		if name == "docs" || name == "healthcheck" { // hidden: for builds and container engines
			continue
		}
		var out bytes.Buffer
		code := run(t.Context(), append(strings.Fields(name), "--help"), streams{strings.NewReader(""), &out, &out}, os.LookupEnv)
		if code != exitDone || !strings.Contains(out.String(), "Example") || !strings.Contains(out.String(), "cchcbot "+name) {
			t.Errorf("%s --help: %d, no example", name, code)
		}
	}
}

// TestCommandsWithoutData runs some as they are typed.
func TestCommandsWithoutData(t *testing.T) {
	sheet := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(sheet, []byte("code: \"1.000001\"\nname: Thủ tục thử nghiệm\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		says string
		made bool
	}{
		{"outbox list", exitUsage, "there is no data in", false},
		{"user list", exitUsage, "there is no data in", false},
		{"complaints rehearse --as-of 2026-11-22", exitUsage, "there is no data in", false},
		{"knowledge rollback", exitUsage, "there is no data in", false},
		{"knowledge gaps", exitUsage, "there is no data in", false},
		{"backup " + sheet + ".zip", exitUsage, "there is no data in", false},
		{"calendar show 2026", exitDone, "what ships with the program is used", false},
		{"broadcast list", exitUsage, "there is no data in", false},
		{"zalo quiet", exitUsage, "there is no data in", false},
		{"doctor", exitDone, "does not exist yet", false},
		{"ask giay khai sinh", exitDone, "what ships with the program is used", false},
		{"knowledge import --dry-run " + sheet, exitDone, "nothing was written", false},
		{"knowledge import " + sheet, exitDone, "it is begun there", true},
		{"migrate", exitDone, "it is begun there", true},
	} {
		folder := filepath.Join(t.TempDir(), "data")
		var out bytes.Buffer
		code := run(t.Context(), append(strings.Fields(tt.args), "--data", folder), streams{strings.NewReader(""), &out, &out}, os.LookupEnv)
		if code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%s: %d, %q", tt.args, code, out.String())
		}
		if there(folder) != tt.made {
			t.Errorf("%s: the folder is there: %t", tt.args, !tt.made)
		}
	}
	// A file that a first start was killed over is no data either.
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, databaseFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := wrote(t, "outbox", "list", "--data", folder); code != exitUsage || !strings.Contains(errs, "there is no data") {
		t.Errorf("an empty file: %d, %q", code, errs)
	}
}
