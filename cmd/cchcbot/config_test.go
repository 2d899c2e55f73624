package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wrote runs a command line and returns its exit code and what it wrote to standard error.
func wrote(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, streams{strings.NewReader(""), &out, &errs}, os.LookupEnv)
	return code, errs.String()
}

// TestAFaultyFileOfSettingsShowsNoSecret: what is wrong is told with its line, and
// not with the lines around it, for standard error goes to a log.
func TestAFaultyFileOfSettingsShowsNoSecret(t *testing.T) {
	const token = "123456789:AAtoken-of-this-test"
	for name, text := range map[string]string{
		"no key":         "telegram_token: " + token + "\nlisten 8080\n",
		"twice":          "telegram_token: " + token + "\ntelegram_token: x\n",
		"an open quote":  "telegram_token: \"" + token + "\n",
		"an open list":   "telegram_token: " + token + "\nchat_origins: [\n",
		"another indent": "telegram_token: " + token + "\n  listen: 8080\n",
	} {
		file := filepath.Join(t.TempDir(), "settings.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, errs := wrote(t, "migrate", "--config", file, "--data", filepath.Join(t.TempDir(), "data"))
		if code != exitUsage || !strings.Contains(errs, "--config settings.yaml: [") {
			t.Errorf("%s: %d, %q", name, code, errs)
		}
		if strings.Contains(errs, "AAtoken") {
			t.Errorf("%s: the token is shown: %q", name, errs)
		}
	}
}

// TestWrongSettingsAreWrongUse: a setting of the wrong form is told before anything is
// opened or made, by its name or that of its platform.
func TestWrongSettingsAreWrongUse(t *testing.T) {
	const token = "123456789:AAtoken-of-this-test"
	for _, tt := range []struct {
		env  map[string]string
		says string
	}{
		{map[string]string{"LISTEN": "8080"}, "LISTEN:"},
		{map[string]string{"LISTEN": "127.0.0.1:99999"}, "LISTEN:"},
		{map[string]string{"METRICS_LISTEN": "here"}, "METRICS_LISTEN:"},
		{map[string]string{"REDIS_URL": "http://x"}, "REDIS_URL:"},
		{map[string]string{"REDIS_URL": "redis+sentinel://a/0"}, "REDIS_URL:"},
		{map[string]string{"PUBLIC_URL": "https://h.example?x=1"}, "PUBLIC_URL:"},
		{map[string]string{"PUBLIC_URL": "https://h.example#x"}, "PUBLIC_URL:"},
		{map[string]string{"PUBLIC_URL": "https://u:secretword@h.example"}, "PUBLIC_URL:"},
		{map[string]string{"TELEGRAM_TOKEN": "secretword"}, "telegram: the token"},
		{map[string]string{"TELEGRAM_TOKEN": token, "TELEGRAM_API_URL": "h"}, "telegram: the API address"},
		{map[string]string{
			"TELEGRAM_TOKEN": token, "TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_SECRET": "secretword", "PUBLIC_URL": "https://h.example",
		}, "telegram: the webhook secret"},
		{map[string]string{"ZALO_APP_ID": "app", "ZALO_APP_SECRET": "s", "ZALO_OA_SECRET": "s"}, "ZALO_APP_ID:"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "data")
			for name, value := range tt.env {
				t.Setenv(envPrefix+name, value)
			}
			code, errs := wrote(t, "migrate", "--data", folder)
			if code != exitUsage || !strings.Contains(errs, tt.says) || strings.Contains(errs, "secretword") {
				t.Errorf("%v: %d, %q", tt.env, code, errs)
			}
			if _, err := os.Stat(folder); err == nil {
				t.Errorf("%v: the data folder was made", tt.env)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte("secret_key: {secretword: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := wrote(t, "migrate", "--config", file, "--data", filepath.Join(t.TempDir(), "data")); code != exitUsage ||
		!strings.Contains(errs, "secret_key") || strings.Contains(errs, "secretword") {
		t.Errorf("a map for a value: %d, %q", code, errs)
	}
}

// TestSettingsOfYAMLComeAsTheyAreWritten: what YAML takes for a number, a truth or a date is
// the text in the file, for it may be a secret.
func TestSettingsOfYAMLComeAsTheyAreWritten(t *testing.T) {
	for _, written := range []string{
		"0123456", "00000000000000000000", "0o17", "0x1F", "1e10", "1E+10", "1.50", "12345678901234567890123456789012", "1_000", "+5", "-0",
		".inf", ".nan", "true", "True", "FALSE", "yes", "no", "on", "off", "2021-06-01", "2021-06-01 10:00:00", "2021-06-01T10:00:00Z",
		"12:30:45", "0b101", "1__0", "1e", "0123456  # behind it",
	} {
		t.Run(written, func(t *testing.T) {
			want, _, _ := strings.Cut(written, "  #")
			for _, lines := range []string{
				"zalo_app_secret: " + written + "\n",
				"# first\nlisten: 127.0.0.1:8080\nzalo_app_secret: " + written + "\nlog_level: info\n",
				"{zalo_app_secret: " + want + "}\n",
				"\"zalo_app_secret\": '" + want + "'\n",
			} {
				got, err := readYAML([]byte(lines))
				if err != nil || got["zalo_app_secret"] != want {
					t.Errorf("%q: %#v, %v", lines, got["zalo_app_secret"], err)
				}
			}
			got, err := readYAML([]byte("chat_origins:\n  - " + written + "\n  - x\n"))
			if list, ok := got["chat_origins"].([]any); err != nil || !ok || len(list) != 2 || list[0] != want || list[1] != "x" {
				t.Errorf("in a list: %#v, %v", got, err)
			}
		})
	}
	for _, lines := range []string{"a: &x 0123456\nzalo_app_secret: *x\n", "zalo_app_secret: !!int 0123456\n", "zalo_app_secret: !!float 1\n"} {
		if got, err := readYAML([]byte(lines)); err == nil || !strings.Contains(err.Error(), "quotes") || strings.Contains(err.Error(), "123456") {
			t.Errorf("%q: %#v, %v", lines, got, err)
		}
	}
	for _, lines := range []string{"", "# nothing\n", "zalo_app_secret:\n", "zalo_app_secret: ~\n"} {
		if got, err := readYAML([]byte(lines)); err != nil || got["zalo_app_secret"] != nil {
			t.Errorf("%q: %#v, %v", lines, got, err)
		}
	}
}

// TestSettingsOfYAMLStillReadNumbersAndTruths: the settings that are numbers, truths and times.
func TestSettingsOfYAMLStillReadNumbersAndTruths(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.yaml")
	for lines, code := range map[string]int{
		"stale_days: 90\ncheck_links: True\nquiet_for: 30m\nzalo_proof: false\nas_of: 2021-06-01\n": exitDone,
		"stale_days: 1e2\n":   exitUsage,
		"stale_days: 99999\n": exitUsage,
		"check_links: 12\n":   exitUsage,
		"secret_key: &x 0123456012345601\nzalo_app_secret: *x\n": exitUsage,
	} {
		if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		got, errs := wrote(t, "calendar", "show", "2026", "--config", file, "--data", filled(t).Data)
		if got != code || strings.Contains(errs, "0123456012345601") {
			t.Errorf("%q: %d, %q", lines, got, errs)
		}
	}
}
