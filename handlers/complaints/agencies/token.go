package agencies

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"cchcbot/bot"
)

// Purpose is what a link is for. A link for one purpose opens nothing else.
type Purpose byte

// The purposes.
const (
	ForAnswer  Purpose = 1 // the answer page of one case
	ForConfirm Purpose = 2 // "this address is mine", from the test message
)

// LinkTTL is how long a link opens. Each mail brings a new one.
const LinkTTL = 14 * 24 * time.Hour

// Link is what a link in a mail stands for: one case (0 for a test message; of a link
// that confirms, the case that is opened afterwards),
// in the hands of one body, for one contact.
type Link struct {
	Purpose Purpose
	Case    int64
	Body    string // id of the directory
	Contact int64
	Epoch   int64 // of the contact; a new address makes the old links useless
	Expires time.Time
}

// Errors of reading a link. A link that expired is otherwise ours.
var (
	errForged  = errors.New("agencies: the link is not one of ours")
	errExpired = errors.New("agencies: the link expired")
)

const (
	tokenVersion = 1
	maxToken     = 300 // bytes
	maxBodyID    = 100
	tokenDomain  = "complaints.link\x1f"
)

// signer makes and reads links. Its key is the store's digest key: whoever has
// only a copy of the database can make none.
type signer struct{ sealer bot.Sealer }

// Token writes a link down for an address.
func (s signer) Token(l Link) string {
	b := []byte{tokenVersion, byte(l.Purpose)}
	for _, n := range []int64{l.Case, l.Contact, l.Epoch, l.Expires.Unix()} {
		b = binary.AppendVarint(b, n)
	}
	b = append(b, l.Body...)
	payload := base64.RawURLEncoding.EncodeToString(b)
	return payload + "." + s.mac(payload)
}

func (s signer) mac(payload string) string { return s.sealer.Digest(tokenDomain + payload) }

// Read reads a token. With errExpired the link is genuine; with errForged what
// it says is only a claim, and zero when it says nothing at all.
func (s signer) Read(token string, now time.Time) (Link, error) {
	payload, mac, ok := strings.Cut(token, ".")
	if len(token) > maxToken {
		return Link{}, errForged
	}
	l, err := parseLink(payload)
	if err != nil {
		return Link{}, errForged
	}
	switch {
	case !ok || !hmac.Equal([]byte(mac), []byte(s.mac(payload))):
		return l, errForged
	case !now.Before(l.Expires):
		return l, errExpired
	}
	return l, nil
}

func parseLink(payload string) (Link, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil || len(b) < 3 || b[0] != tokenVersion {
		return Link{}, errForged
	}
	l := Link{Purpose: Purpose(b[1])}
	b = b[2:]
	var expires int64
	for _, n := range []*int64{&l.Case, &l.Contact, &l.Epoch, &expires} {
		v, size := binary.Varint(b)
		if size <= 0 || v < 0 {
			return Link{}, errForged
		}
		*n, b = v, b[size:]
	}
	if l.Purpose != ForAnswer && l.Purpose != ForConfirm || len(b) > maxBodyID || expires > 1<<40 {
		return Link{}, errForged
	}
	l.Body, l.Expires = string(b), time.Unix(expires, 0)
	return l, nil
}

// formKey guards the forms of one link: it comes with the page and must come
// back with what is sent. It changes with the day, so that a saved page ages.
func (s signer) formKey(token string, day time.Time) string {
	return s.sealer.Digest("complaints.form\x1f" + token + "\x1f" + day.UTC().Format(time.DateOnly))
}

// formKeyFits accepts the keys of today and of yesterday.
func (s signer) formKeyFits(token, key string, now time.Time) bool {
	for _, day := range []time.Time{now, now.AddDate(0, 0, -1)} {
		if hmac.Equal([]byte(key), []byte(s.formKey(token, day))) {
			return true
		}
	}
	return false
}
