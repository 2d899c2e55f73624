package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestWhoeverStopsItWaitsLongEnough: the units wait longer than a stop may take.
func TestWhoeverStopsItWaitsLongEnough(t *testing.T) {
	for file, line := range map[string]string{
		"../../docs/systemd/cchcbot.service": `(?m)^TimeoutStopSec=(\d+)$`,
		"../../compose.yaml":                 `(?m)^\s+stop_grace_period: (\d+)s$`,
	} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(line).FindSubmatch(raw)
		if m == nil {
			t.Errorf("%s does not say how long a stop may take", file)
			continue
		}
		if s, err := strconv.Atoi(string(m[1])); err != nil || time.Duration(s)*time.Second <= stopLimit {
			t.Errorf("%s waits %s seconds; a stop may take %s", file, m[1], stopLimit)
		}
	}
}
