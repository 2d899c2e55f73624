package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestOutboxRefusesWhatWouldDoNothing: a hold that keeps nothing back must not be
// believed, nor a page that looks like the last one.
func TestOutboxRefusesWhatWouldDoNothing(t *testing.T) {
	cfg := filled(t)
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"hold", exitUsage, "--thing"},
		{"release", exitUsage, "--thing"},
		{"hold --channel telegramm", exitUsage, "email, telegram, webchat, zalo, zalobot"},
		{"list --channel telegramm", exitUsage, "telegramm"},
		{"list --limit 1001", exitUsage, "1 to 1000"},
		{"list --limit 0", exitUsage, "1 to 1000"},
		{"list --limit 1000 --channel zalo", exitDone, "no such messages"},
		{"hold --channel telegram", exitDone, "held"},
		{"list", exitDone, "channel=telegram"},
		{"release --channel telegramm", exitFailed, "no such hold"},
		{"release --channel telegram", exitDone, "released"},
	} {
		var out bytes.Buffer
		args := append([]string{"outbox"}, strings.Fields(tt.args)...)
		code := run(t.Context(), append(args, "--data", cfg.Data), streams{strings.NewReader(""), &out, &out}, os.LookupEnv)
		if code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("outbox %s: %d %q, want %d and %q in it", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}
