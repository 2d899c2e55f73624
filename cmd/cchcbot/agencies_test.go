package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// An import from the command line asks new addresses to confirm, once, where mails
// are sent; elsewhere it says that nobody was asked.
func TestContactsImportAsksToConfirm(t *testing.T) {
	f := excelize.NewFile()
	for cell, text := range map[string]string{"A1": "Cơ quan", "B1": "E-mail", "C1": "Họ tên", "A2": "xa25.kinh-te@10532", "B2": "an@x.vn", "C2": "An"} {
		if err := f.SetCellStr("Sheet1", cell, text); err != nil {
			t.Fatal(err)
		}
	}
	book := filepath.Join(t.TempDir(), "dau-moi.xlsx")
	if err := f.SaveAs(book); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		cfg   Config
		mails int
		says  string
	}{
		"with mail":    {Config{SMTPURL: "smtp://127.0.0.1:2525", MailFrom: "hoidap@example.vn", PublicURL: "https://hoidap.example.vn/"}, 1, "1 contact asked to confirm"},
		"without mail": {Config{}, 0, "nobody was asked"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := tt.cfg
			cfg.Data, cfg.LogLevel = t.TempDir(), "error"
			var out strings.Builder
			for range 2 {
				if err := (&ContactsImportCmd{File: book}).Run(t.Context(), &cfg, streams{out: &out, err: os.Stderr}); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Count(out.String(), tt.says) != 1 {
				t.Errorf("says\n%s", out.String())
			}
			d, err := openRuntime(t.Context(), &cfg, cfg.Logger(t.Output()))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var n int
			if err := d.db.Read().QueryRowContext(t.Context(), `select count(*) from outbox where channel = 'email'`).Scan(&n); err != nil || n != tt.mails {
				t.Errorf("%d mails wait, %v", n, err)
			}
			if tt.mails > 0 {
				mustFind(t, see(t, &cfg, doctorChecks(nil)), "complaints", look, "1 contact of bodies not confirmed", "test message")
			}
		})
	}
}
