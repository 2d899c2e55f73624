package intent_test

import (
	"testing"

	"cchcbot/knowledge/intent"
)

func TestNoneMeant(t *testing.T) {
	for text, want := range map[string]bool{
		"không phải cái nào": true, "khong phai cai nao ca": true, "Không phải mấy cái này đâu ạ.": true, "ko có cái nào": true, "none of these": true,
		"": false, "cái nào": false, "không phải": true, "không phải nộp lệ phí": false, "không có giấy khai sinh": false,
		"không phải cái nào trong số đó cả đâu em ạ tôi nhé": false, // longer than such a message is
	} {
		if got := intent.NoneMeant(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
