package complaints

import (
	"testing"

	"cchcbot/bot/media"
)

// TestPhotosOutliveTheDraft: who takes a draft up on its last day still sends its photos.
func TestPhotosOutliveTheDraft(t *testing.T) {
	if media.KeepLoose <= formTTL {
		t.Errorf("photos are kept %s, the draft %s", media.KeepLoose, formTTL)
	}
}
