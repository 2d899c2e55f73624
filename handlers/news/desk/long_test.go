package desk

import (
	"net/http"
	"strings"
	"testing"

	"cchcbot/handlers/news/items"
)

// What is too long is told in characters, and keeps what was typed; emoji and markup are letters like others.
func TestLongAndStrangeTitles(t *testing.T) {
	w := newWorld(t)
	w.by(editor)
	long := strings.Repeat("🎉", items.MaxTitle)
	w.wants(w.post(newPath, sheetOf(long+"!")), http.StatusUnprocessableEntity, "Tiêu đề cần có, dài nhất 150 ký tự.", long+"!")
	id := w.write(long)
	a := w.wants(w.post(itemPath(id)+"/edit", sheetOf(long, "summary", strings.Repeat("🌊", items.MaxSummary), "version", w.version(id))), http.StatusOK, "Đã lưu")
	w.wants(a, http.StatusOK, "Tin dài quá một tin nhắn trên kênh Zalo. Rút ngắn tóm tắt.")
	w.wants(w.act(id, items.Check), http.StatusOK, "Chưa làm được. Tin dài quá một tin nhắn")
	if st := w.item(id).State; st != items.Draft {
		t.Errorf("it is %s", st)
	}
	b := w.post(newPath, sheetOf(`<b onclick="x()">Đậm</b> & "nhạt"`))
	if b.status != http.StatusOK || strings.Contains(b.body, "<b onclick") || !strings.Contains(b.text(), "Đậm") {
		t.Errorf("markup: %d %s", b.status, plainText(b))
	}
}
