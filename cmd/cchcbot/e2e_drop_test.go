package main

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/webchat"
	"cchcbot/knowledge/vietnamese"
)

// everyByte returns every file of a folder.
func everyByte(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := everyByteOf(t, dir)
	if len(files["cchcbot.db"]) == 0 || len(files["state.db"]) == 0 || len(files["secret.key"]) == 0 {
		t.Fatalf("the data folder holds %d files: does this test look in the right place?", len(files))
	}
	return files
}

// everyByteOf is everyByte of a folder in which no program ran.
func everyByteOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[filepath.Base(path)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files["cchcbot.db"]) == 0 {
		t.Fatalf("the data folder holds %d files: does this test look in the right place?", len(files))
	}
	return files
}

// shapes are the ways in which a word could stand in a file.
func shapes(word string) map[string][]byte {
	var wide []byte
	for _, u := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return map[string][]byte{
		"raw": []byte(word), "lower case": []byte(strings.ToLower(word)), "folded": []byte(vietnamese.Fold(word)),
		"UTF-16": wide, "hexadecimal": []byte(hex.EncodeToString([]byte(word))),
	}
}

func (r *running) mustNotHold(when string, words ...string) {
	r.t.Helper()
	t := r.t.(*testing.T)
	files := everyByte(t, r.cfg.Data)
	files["the log"] = []byte(r.log.String())
	for _, word := range words {
		for shape, b := range shapes(word) {
			for name, data := range files {
				if bytes.Contains(data, b) {
					t.Errorf("%s: %s holds the word %s, %s", when, name, word, shape)
				}
			}
		}
	}
}

// TestADenunciationLeavesNoByte posts accusations with words that stand nowhere
// else, and looks for them in every file and in the log: as they were written,
// and, for one that waited in the inbox first, as they were sealed there.
func TestADenunciationLeavesNoByte(t *testing.T) {
	const dropped, waited, asked = "Zwxquvmarker", "Ỹrvênwaiter", "Jfzplqasker"
	r := prepare(t, believed())

	// One is accepted before anything runs, so that its sealed bytes can be read.
	const accusation = "tôi tố cáo ông trưởng thôn " + waited + " nhận hối lộ 5 triệu"
	err := r.house.store.Accept(t.Context(), bot.Update{
		ID: "waiting", Channel: webchat.Name, Chat: "nobody", From: bot.Sender{ID: "nobody"}, At: time.Now(),
		Text: strings.Repeat(accusation+". ", 20),
	})
	if err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	if err := r.data.db.Read().QueryRow(`select payload from inbox`).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if !holdsPart(everyByte(t, r.cfg.Data), sealed) {
		t.Fatal("the sealed text is in no file before its turn: this test looks in the wrong place")
	}

	r.run()
	v := r.visitor(1)
	got := v.ask("tố cáo cán bộ " + dropped + " đòi phong bì của tôi")
	if text := got.text(); !strings.Contains(text, "đã được xóa") || strings.Contains(text, dropped) {
		t.Errorf("the accusation is answered with %q", text)
	}
	if got := v.ask("thủ tục " + asked + " thì làm thế nào").text(); got == "" {
		t.Error("the question is not answered")
	}
	if got := v.ask("đăng ký khai sinh mất bao lâu " + asked).text(); got == "" {
		t.Error("the question is not answered")
	}
	if state := r.stateOf(1); state != "dropped" {
		t.Errorf("the waiting accusation is %q", state)
	}
	words := []string{dropped, waited, asked}
	r.mustNotHold("while it runs", words...)
	if holdsPart(everyByte(t, r.cfg.Data), sealed) {
		t.Error("while it runs: sealed bytes of the accusation are still there")
	}

	r.end()
	r.mustNotHold("after the stop", words...)
	if holdsPart(everyByte(t, r.cfg.Data), sealed) {
		t.Error("after the stop: sealed bytes of the accusation are still there")
	}
	again := believed()
	again.Data = r.cfg.Data
	next := launch(t, again)
	if got := next.visitor(2).ask("đăng ký khai sinh mất bao lâu").text(); !strings.Contains(got, "1.001193") {
		t.Errorf("after the start: %q", got)
	}
	next.mustNotHold("after the next start", words...)
}

// stateOf is how a turn ended. It asks on behalf of others until the turn has
// ended: turns begin in the order they were accepted.
func (r *running) stateOf(turn int64) (state string) {
	r.t.Helper()
	for i := range 30 {
		if err := r.data.db.Read().QueryRow(`select state from inbox where turn = $1`, turn).Scan(&state); err != nil {
			r.t.Fatal(err)
		}
		if state != "pending" {
			break
		}
		r.visitor(100 + i).ask("xin chào")
	}
	return state
}

// holdsPart reports whether any 24 bytes in a row of a sealed value stand in a file.
func holdsPart(files map[string][]byte, sealed []byte) bool {
	for _, data := range files {
		for i := 0; i+24 <= len(sealed); i += 24 {
			if bytes.Contains(data, sealed[i:i+24]) {
				return true
			}
		}
	}
	return false
}

// TestADenunciationInsideTheFormLeavesNoByte writes a draft with a photo and then
// accuses: nothing of the whole talk is left, neither in the folder (database,
// write-ahead log, files of people) nor in the log nor in a backup.
func TestADenunciationInsideTheFormLeavesNoByte(t *testing.T) {
	const told, near, accused = "Qvdraftmarker", "Xplacemarker", "Wqaccusedmarker"
	r := prepare(t, believed())
	r.run()
	v := r.visitor(1)
	for _, text := range []string{
		"đèn đường hỏng ở phường Thành Đông, gần quán " + told, "Đúng", "đối diện nhà " + near, "hôm nay",
	} {
		if got := v.ask(text).text(); got == "" {
			t.Fatalf("%q is not answered", text)
		}
	}
	if got := v.photo(t).text(); !strings.Contains(got, "Đã nhận 1/5") {
		t.Fatalf("the photo is answered with %q", got)
	}
	if n := r.rows(`select count(*) from media_items`); n != 1 {
		t.Fatalf("%d files are kept before: does the test send one?", n)
	}
	draft := r.sealed(`select payload from inbox where payload is not null order by turn limit 1`)
	said := r.sealed(`select payload from outbox where payload is not null order by id limit 1`)

	for _, b := range [][]byte{draft, said} {
		if !holdsPart(everyByte(t, r.cfg.Data), b) {
			t.Fatal("the sealed words are in no file before: this test looks in the wrong place")
		}
	}

	got := v.ask("ông trưởng thôn " + accused + " nhận hối lộ 50 triệu để bỏ qua việc này").text()
	if !strings.Contains(got, "Phản ánh đang viết dở") || strings.Contains(got, accused) {
		t.Errorf("the accusation is answered with %q", got)
	}
	for _, query := range []string{
		`select count(*) from complaints_cases`, `select count(*) from complaints_files`, `select count(*) from media_items`,
	} {
		if n := r.rows(query); n != 0 {
			t.Errorf("%s: %d", query, n)
		}
	}
	if err := r.house.media.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	backupTo(t, r.cfg, backup)
	words := []string{told, near, accused}
	r.mustNotHold("while it runs", words...)
	for name, b := range map[string][]byte{"the first message": draft, "the first question": said} {
		if holdsPart(everyByte(t, r.cfg.Data), b) {
			t.Errorf("while it runs: sealed bytes of %s are still there", name)
		}
	}
	r.end()
	r.mustNotHold("after the stop", words...)
	for name := range everyByte(t, r.cfg.Data) {
		if strings.HasSuffix(name, ".jpg") || len(name) >= 26 && !strings.Contains(name, ".db") {
			t.Errorf("a file of the draft is left: %s", name)
		}
	}
	other := empty(t, r.cfg)
	if _, err := restoreFrom(t, other, backup); err != nil {
		t.Fatal(err)
	}
	copied := everyByteOf(t, other.Data)
	for _, word := range words {
		for shape, b := range shapes(word) {
			for name, data := range copied {
				if bytes.Contains(data, b) {
					t.Errorf("the backup: %s holds the word %s, %s", name, word, shape)
				}
			}
		}
	}
	for name, b := range map[string][]byte{"the first message": draft, "the first question": said} {
		if holdsPart(copied, b) {
			t.Errorf("the backup holds sealed bytes of %s", name)
		}
	}
}

// photo sends a photo from the page.
func (v *visitor) photo(t *testing.T) answer {
	t.Helper()
	data, err := bottest.SampleFile("anh.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "anh.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := v.post(w.FormDataContentType(), &b)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("the photo: %d %s %v", a.status, a.body, err)
	}
	return a
}

// rows reads a count.
func (r *running) rows(query string) (n int) {
	r.t.Helper()
	if err := r.data.db.Read().QueryRow(query).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// sealed reads a sealed value as it stands in the database.
func (r *running) sealed(query string) (b []byte) {
	r.t.Helper()
	if err := r.data.db.Read().QueryRow(query).Scan(&b); err != nil {
		r.t.Fatal(err)
	}
	return b
}
