package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
)

// Passwords are kept as argon2id with the parameters below, which cost about
// 25 ms and 19 MiB each; a few run at once, so that a flood of tries takes no memory.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonLength  = 32
	saltLength   = 16
	argonAtOnce  = 2
	argonWait    = 5 * time.Second
)

// hashing holds a value for each hash that is being computed.
type hashing chan struct{}

// do runs f when its turn comes; bot.ErrBusy when that takes too long.
func (h hashing) do(ctx context.Context, f func()) error {
	ctx, cancel := context.WithTimeout(ctx, argonWait)
	defer cancel()
	select {
	case h <- struct{}{}:
	case <-ctx.Done():
		return bot.ErrBusy
	}
	defer func() { <-h }()
	f()
	return nil
}

func (s *Store) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails: see crypto/rand
	var key []byte
	err := s.hashing.do(ctx, func() { key = stretched(password, salt) })
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), err
}

// stretched is the key of a password as people type it: two keyboards may write
// the same letters in two ways.
func stretched(password string, salt []byte) []byte {
	return argon2.IDKey(norm.NFC.AppendString(nil, password), salt, argonTime, argonMemory, argonThreads, argonLength)
}

// nobody's hash is compared with when there is no such account, so that a wrong
// address takes as long as a wrong password.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// verifyPassword compares in the same time whatever the difference.
func (s *Store) verifyPassword(ctx context.Context, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	want := fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonThreads)
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) || parts[3] != want {
		return false, fmt.Errorf("a password is kept in a form this program does not know")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("a password's salt cannot be read")
	}
	key, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(key) != argonLength {
		return false, fmt.Errorf("a password's hash cannot be read")
	}
	right := false
	err = s.hashing.do(ctx, func() { right = subtle.ConstantTimeCompare(stretched(password, salt), key) == 1 })
	return right && hash != nobody, err
}

// checkPassword refuses passwords that are short, or made of the officer's own name or address.
func checkPassword(password string, o bot.Officer) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || len(password) > bot.MaxPassword:
		return &bot.Error{Code: bot.Invalid, Key: "bot.password_long"}
	case n < bot.MinPassword:
		return &bot.Error{Code: bot.Invalid, Key: "bot.password_short"}
	}
	letters := map[rune]bool{}
	for _, r := range password {
		letters[r] = true
	}
	low := strings.ToLower(password)
	local, _, _ := strings.Cut(strings.ToLower(o.Email), "@")
	if len(letters) < 5 || len(local) > 3 && strings.Contains(low, local) || guessable(low) {
		return &bot.Error{Code: bot.Invalid, Key: "bot.password_easy"}
	}
	return nil
}

// guessable finds what everybody tries first: runs of a keyboard or the alphabet, and well-worn words.
func guessable(low string) bool {
	for _, run := range []string{"12345678901234567890", "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "98765432109876543210"} {
		if strings.Contains(run, low) {
			return true
		}
	}
	for _, word := range []string{"password", "matkhau", "mật khẩu", "haiduong", "haiphong", "cchcbot", "admin", "123456"} {
		// A word with little around it.
		if i := strings.Index(low, word); i >= 0 && utf8.RuneCountInString(low)-utf8.RuneCountInString(word) < 5 {
			return true
		}
	}
	return false
}
