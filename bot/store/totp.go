package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what authenticator apps compute (RFC 6238)
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The second factor is a time-based code as every authenticator app makes it
// (RFC 6238 with SHA-1): six digits, a new one every 30 s, one step of a clock's error to either side.
const (
	totpStep   = 30 * time.Second
	totpDigits = 6
	totpSecret = 20 // bytes
	totpIssuer = "cchcbot Hai Duong"
)

func newTOTP() []byte {
	b := make([]byte, totpSecret)
	rand.Read(b) // never fails: see crypto/rand
	return b
}

func totpCode(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	m.Write(counter[:])
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%0*d", totpDigits, (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// totpMatch returns the step whose code it is, 0 when it is none around now. All
// steps are compared, in the same time.
func totpMatch(secret []byte, code string, now time.Time) int64 {
	if len(code) != totpDigits {
		return 0
	}
	var found int64
	here := now.Unix() / int64(totpStep/time.Second)
	for step := here - 1; step <= here+1; step++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, step)), []byte(code)) == 1 {
			found = step
		}
	}
	return found
}

// totpURI is what the QR code of the set-up holds.
func totpURI(secret []byte, account string) string {
	q := url.Values{"secret": {totpText(secret)}, "issuer": {totpIssuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(totpDigits)}, "period": {"30"}}
	// Apps read a plus sign as it stands.
	return "otpauth://totp/" + url.PathEscape(totpIssuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

func totpText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// digits leaves out what people type between the digits of a code.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' || r == '\t' {
			return -1
		}
		return r
	}, code)
}

const recoveryCodes = 10

// newRecovery makes the codes that stand in for a lost phone: 50 bits each.
func newRecovery() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		t := strings.ToLower(rand.Text())
		out[i] = t[:5] + "-" + t[5:10]
	}
	return out
}

func (s *Store) recoveryKey(staff int64, code string) string {
	return s.sealer.Digest(fmt.Sprintf("recovery\x1f%d\x1f%s", staff, strings.ToLower(digits(code))))
}
