package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// TestPages reads procedures as pages, and the codes that lead to them.
func TestPages(t *testing.T) {
	r := prepare(t, believed())
	old := &knowledge.Entry{
		Code: "9.000001", Name: "Thủ tục thử nghiệm kiểu cũ", Field: "Hộ tịch", Level: "Cấp xã", Agency: "UBND cấp xã <b>&",
		Updated: "2026-01-05", Status: knowledge.Replaced, ReplacedBy: []string{"1.001193"},
		Fee: "Phí/lệ phí 5 đồng", Documents: []knowledge.Document{{Name: "<script>alert(1)</script>", FormURL: "javascript:alert(2)"}},
	}
	if _, _, err := r.data.publish(t.Context(), "test", "", []entries.Change{
		{Entry: old, Origin: entries.OriginImport, New: true},
		{Entry: &knowledge.Entry{Code: "9.000002", Name: "Thủ tục sẽ có", ValidFrom: "2037-07-01"}, Origin: entries.OriginImport, New: true},
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.house.live.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.run()
	v := r.visitor(1)

	a := v.get("/tthc/1.001193")
	for _, want := range []string{"<h1>Đăng ký khai sinh</h1>", "Giấy chứng sinh", "Trong ngày làm việc", "dữ liệu ngày", "/tthc/1.001193/qr.png", "Chưa có cán bộ xác nhận"} {
		if !bytes.Contains(a.body, []byte(want)) {
			t.Errorf("the page of a procedure lacks %q", want)
		}
	}
	if a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("the page of a procedure: %d %v", a.status, a.header)
	}
	a = v.get("/tthc/9.000001")
	if a.status != 200 || !bytes.Contains(a.body, []byte("không còn áp dụng")) || !bytes.Contains(a.body, []byte(`href="/tthc/1.001193"`)) {
		t.Errorf("the page of a replaced procedure: %d %s", a.status, a.body)
	}
	if bytes.Contains(a.body, []byte("5 đồng")) || !bytes.Contains(a.body, []byte("chưa rõ đơn vị")) {
		t.Errorf("a number without a unit is a fee: %s", a.body)
	}
	if bytes.Contains(a.body, []byte("<script")) || bytes.Contains(a.body, []byte("javascript:")) || bytes.Contains(a.body, []byte("<b>&")) ||
		bytes.Contains(a.body, []byte("Mở trang nộp hồ sơ")) {
		t.Errorf("what an import held reaches the page: %s", a.body)
	}
	if a := v.get("/tthc/9.000002"); !bytes.Contains(a.body, []byte("áp dụng từ 01/07/2037")) || bytes.Contains(a.body, []byte("không còn áp dụng")) {
		t.Errorf("the page of a procedure to come: %s", a.body)
	}
	for _, path := range []string{"/tthc/9.999999", "/tthc/x", "/tthc/9.999999/qr.png", "/tthc/", "/tthc"} {
		if a := v.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := v.get("/tthc/9.999999"); !bytes.Contains(a.body, []byte("/chat")) {
		t.Errorf("the page of nothing leads nowhere: %s", a.body)
	}

	a = v.get("/tthc/1.001193/qr.png")
	img, err := png.Decode(bytes.NewReader(a.body))
	if err != nil || a.header.Get("Content-Type") != "image/png" {
		t.Fatalf("the code: %v %v", err, a.header)
	}
	want, err := qr.Encode(r.server.PublicURL()+"/tthc/1.001193", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	// Four modules of quiet around it, and each module where the address has it.
	scale := img.Bounds().Dx() / (want.Size + 8)
	if img.Bounds().Dx() != img.Bounds().Dy() || img.Bounds().Dx() != scale*(want.Size+8) || scale < 3 {
		t.Fatalf("the code is %v for %d modules", img.Bounds(), want.Size)
	}
	for y := range want.Size {
		for x := range want.Size {
			red, _, _, _ := img.At((x+4)*scale+scale/2, (y+4)*scale+scale/2).RGBA()
			if (red < 0x8000) != want.Black(x, y) {
				t.Fatalf("the code does not hold the page's address: module %d %d", x, y)
			}
		}
	}
}

// readiness reads /readyz.
func (r *running) readiness() (status int, reasons string) {
	r.t.Helper()
	a := r.visitor(300).get("/readyz")
	return a.status, string(a.body)
}

// TestReadiness: ready while it works, with a reason when the database is away.
func TestReadiness(t *testing.T) {
	r := launch(t, believed())
	if status, body := r.readiness(); status != 200 || !json.Valid([]byte(body)) {
		t.Fatalf("ready: %d %s", status, body)
	}
	if err := r.data.db.Read().Close(); err != nil { // nobody can read any more
		t.Fatal(err)
	}
	status, body := r.readiness()
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "database does not answer") || strings.Contains(body, r.cfg.Data) {
		t.Errorf("without a database: %d %s", status, body)
	}
	if a := r.visitor(301).get("/healthz"); a.status != 200 {
		t.Errorf("it lives, but says %d", a.status)
	}
	if a := r.visitor(302).get("/metrics"); a.status != 200 || !bytes.Contains(a.body, []byte("cchcbot_")) {
		t.Errorf("figures without a database: %d", a.status)
	}
}

// TestOneProcessServesAFolder: the second is told which process is in the way.
func TestOneProcessServesAFolder(t *testing.T) {
	r := launch(t, believed())
	second := &program{cfg: &Config{Listen: "127.0.0.1:0", Data: r.cfg.Data}, log: slog.New(slog.DiscardHandler)}
	err := second.open(t.Context())
	if cerr := second.Close(); cerr != nil {
		t.Error(cerr)
	}
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d already serves", os.Getpid())) {
		t.Errorf("the second says %v", err)
	}
	r.mustAnswer(1)
	r.end()
	third := believed()
	third.Data = r.cfg.Data
	launch(t, third).mustAnswer(2)
}

// TestOldEntriesSaySo: two years from now the same data is old, and the talk says it.
func TestOldEntriesSaySo(t *testing.T) {
	r := prepareAt(t, believed(), func() time.Time { return time.Now().AddDate(2, 0, 0) })
	r.run()
	if got := r.visitor(1).ask("đăng ký khai sinh mất bao lâu").text(); !strings.Contains(got, "nên gọi hỏi lại trước khi đi") {
		t.Errorf("in two years: %q", got)
	}
}

// TestPublicRegister: the pages and feeds of what was answered are open to everybody, and
// say so when there is nothing yet.
func TestPublicRegister(t *testing.T) {
	r := prepare(t, believed())
	r.run()
	v := r.visitor(1)
	for path, want := range map[string]string{
		"/cong-khai": "Chưa có phản ánh nào được đăng", "/cong-khai?lang=en": "Nothing is published yet", "/cong-khai/so-lieu": "Năm này chưa có trả lời nào",
		"/cong-khai.json": `"items":[]`, "/cong-khai/feed.atom": "<feed", "/cong-khai/style.css": ".entries",
	} {
		a := v.get(path)
		if a.status != http.StatusOK || !bytes.Contains(a.body, []byte(want)) || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %d, lacks %q: %s", path, a.status, want, a.body)
		}
	}
	for _, path := range []string{"/cong-khai/K7M3-9QX2", "/cong-khai/x", "/cong-khai/K7M3-9QX2/anh/x"} {
		if a := v.get(path); a.status != http.StatusNotFound || !bytes.Contains(a.body, []byte("/cong-khai")) {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// TestTheColumnOfNews: an empty column explains itself, and every feature's tables are
// brought up by the program.
func TestTheColumnOfNews(t *testing.T) {
	r := prepare(t, believed())
	lines := schemas()
	for _, f := range r.house.features {
		if _, ok := lines[f.Name]; f.Schema != nil && !ok {
			t.Errorf("the tables of feature %s are in no line of the program", f.Name)
		}
	}
	r.run()
	v := r.visitor(1)
	if a := v.get("/tin"); a.status != 200 || !bytes.Contains(a.body, []byte("Chưa có tin nào được đăng.")) {
		t.Errorf("/tin: %d %s", a.status, a.body)
	}
	if a := v.get("/tin/feed.atom"); a.status != 200 || !bytes.Contains(a.body, []byte("<feed")) {
		t.Errorf("the feed: %d", a.status)
	}
	for _, path := range []string{"/tin/1", "/l/1"} {
		if a := v.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
