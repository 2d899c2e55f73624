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
