package main

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"cchcbot/bot"
	"cchcbot/bot/webchat"
	"cchcbot/knowledge/vietnamese"
)

// everyByte returns every file of a folder.
func everyByte(t *testing.T, dir string) map[string][]byte {
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
	if len(files["cchcbot.db"]) == 0 || len(files["state.db"]) == 0 || len(files["secret.key"]) == 0 {
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
