package index

import (
	"strings"
	"testing"

	"cchcbot/knowledge/vietnamese"
)

// TestReadAsks reads patterns with every kind of part, and refuses wrong lines.
func TestReadAsks(t *testing.T) {
	const classes = "class\tPAPER\tgiấy | giấy tờ\nclass\tMANY\tnhững | các\n"
	a, err := readAsks(classes + "documents\task\tcần MANY? PAPER gì | có cần (PAPER) … không\nfee\task\t=giá làm\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		pass  int
		words int // that only ask
		kept  int
	}{
		{"cần giấy gì", passClose, 3, 0},
		{"can nhung giay to gi", passClose, 5, 0},
		{"cần nhiều giấy gì", passClose, 0, 0},
		{"có cần giấy khám sức khỏe không", passGap, 3, 1},
		{"có cần giấy khám sức khỏe không ạ", passGap, 3, 1},
		{"có cần giấy mà tôi không mang", passGap, 0, 0}, // only denies
		{"có cần giấy khám sức khỏe không", passClose, 0, 0},
		{"có cần giấy một hai ba bốn năm sáu bảy tám chín không", passGap, 0, 0},
		{"giá làm hộ chiếu", passClose, 2, 0},
		{"gia lam ho chieu", passClose, 0, 0},
	} {
		ts := vietnamese.Tokens(c.text)
		s, _ := a.at(&matcher{ts: ts, words: a.words(ts), taken: make([]bool, len(ts))}, len(ts), 0, vietnamese.Toned(ts), c.pass)
		if len(s.words) != c.words || len(s.kept) != c.kept {
			t.Errorf("%s: %d words ask and %d are kept, want %d and %d", c.text, len(s.words), len(s.kept), c.words, c.kept)
		}
	}
	for line, want := range map[string]string{
		"class\tPAPER\tđơn":                "came before",
		"class\tPaper2\tđơn":               "no NAME",
		"documents\task\tcần OTHER gì":     `"OTHER" is not known`,
		"documents\task\tcần …":            "must begin and end with words",
		"documents\task\tMANY? gì":         "must begin and end with words",
		"documents\ttold\tcần gì":          "do not go together",
		"-\task\tcần gì":                   "do not go together",
		"price\task\tcần gì":               "do not go together",
		"documents\task\tcần gì\tand more": "columns",
	} {
		if _, err := readAsks(classes + line + "\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
