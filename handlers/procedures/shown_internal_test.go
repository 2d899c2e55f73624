package procedures

import (
	"testing"

	"cchcbot/knowledge"
)

// TestLevels: the source writes several levels as one text; each is said once,
// and none at which the procedure itself is done.
func TestLevels(t *testing.T) {
	e := &knowledge.Entry{Level: "Cấp xã, Cơ quan ngành dọc"}
	family := []*knowledge.Entry{
		{Level: "Cấp tỉnh, Cơ quan ngành dọc"}, {Level: "Cấp bộ, Cơ quan ngành dọc"}, {Level: "Cấp Xã"}, {},
	}
	if got, want := levels(e, family), "Cấp tỉnh, Cấp bộ"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNoConditions: that the source has no conditions is no condition.
func TestNoConditions(t *testing.T) {
	s := &service{opt: Options{Fee: func(e *knowledge.Entry) string { return e.Fee }}}
	for text, want := range map[string]string{
		"Không có": "", "KHÔNG.": "", " không quy định\n": "", "Không có yêu cầu, điều kiện!": "",
		"Không có án tích": "Không có án tích", "Từ đủ 18 tuổi": "Từ đủ 18 tuổi",
	} {
		if got := s.readable(&knowledge.Entry{Conditions: text}).Conditions; got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
