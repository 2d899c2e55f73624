package desk

import (
	"net/http"
	"strings"
	"testing"

	"cchcbot/handlers/news/items"
)

// A correction says something else than the item, once: who would write another one is told of the first.
func TestACorrectionIsWrittenOnce(t *testing.T) {
	w := newWorld(t)
	w.subscriber("telegram")
	id := w.approved("Lệ phí mới")
	w.wants(w.act(id, items.Schedule, "sure", "1"), http.StatusOK, "Đã hẹn gửi")
	w.run()
	const told = "Đã có đính chính của tin này, chưa gửi:"
	w.lacks(w.get(itemPath(id)), told)
	w.by(editor)
	w.wants(w.post(itemPath(id)+"/correct", sheetOf("Lệ phí mới")), http.StatusConflict, "Chưa có gì thay đổi", "Lệ phí mới")
	w.lacks(w.get(itemPath(id)), told)

	first := w.idOf(w.wants(w.post(itemPath(id)+"/correct", sheetOf("Lệ phí đúng")), http.StatusOK, "Đã lưu"))
	if again := w.idOf(w.wants(w.post(itemPath(id)+"/correct", sheetOf("Lệ phí đúng")), http.StatusOK, "Đã lưu")); again != first {
		t.Errorf("the same form twice makes %d and %d", first, again)
	}
	w.by(second)
	for _, path := range []string{itemPath(id), itemPath(id) + "/correct"} {
		a := w.wants(w.get(path), http.StatusOK, told, "Lệ phí đúng")
		if !strings.Contains(a.text(), `href="`+itemPath(first)+`"`) {
			t.Errorf("%s does not lead to the correction", path)
		}
	}
	w.by(editor)
	w.wants(w.act(first, items.Cancel, "sure", "1"), http.StatusOK)
	w.lacks(w.get(itemPath(id)), told)
}
