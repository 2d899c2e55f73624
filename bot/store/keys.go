package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A sealed value is
//
//	version (1 byte) | key id (4) | nonce (12) | AES-256-GCM ciphertext and tag
//
// and the version, the key id and the place of the value are authenticated with it.
const (
	sealVersion = 1
	keyIDSize   = 4
	nonceSize   = 12
	headSize    = 1 + keyIDSize
	tagSize     = 16
)

const (
	minSecret  = 16       // bytes of a secret
	maxKeyFile = 64 << 10 // bytes of a key file
	maxKeys    = 32
	// stretch slows guessing of a secret that a person made up. It is spent once, at start.
	stretch = 200_000
)

// Errors of sealing.
var (
	ErrSealed   = errors.New("store: a sealed value does not open: it was changed, moved, or sealed with a key that is not here")
	ErrWrongKey = errors.New("store: the database was sealed with another key: give SECRET_KEY its old value, or put the old secret.key back; nothing was changed")
)

// Keys seals and opens values at rest. It implements bot.Sealer.
type Keys struct {
	newest [keyIDSize]byte
	aead   map[[keyIDSize]byte]cipher.AEAD
	digest []byte
}

// OpenKeys makes the keys from the secret, or when it is "" from the file at
// path, which is created with a random key when there is none. A secret has one
// key a line, the newest last: the newest seals, all open. The first line must
// stay as long as the database lives, for digests come from it. A line is 32 bytes
// as base64 or hex, or any text of at least 16 bytes.
func OpenKeys(secret, path string) (*Keys, error) {
	if secret == "" {
		var err error
		if secret, err = keyFile(path); err != nil {
			return nil, err
		}
	}
	k := &Keys{aead: map[[keyIDSize]byte]cipher.AEAD{}}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(k.aead) == maxKeys {
			return nil, fmt.Errorf("secret key: more than %d lines", maxKeys)
		}
		if err := k.add(line); err != nil {
			return nil, fmt.Errorf("secret key, line %d: %w", len(k.aead)+1, err)
		}
	}
	if len(k.aead) == 0 {
		return nil, errors.New("secret key: it is empty")
	}
	return k, nil
}

// keyFile reads the key file, or makes one that only this user can read.
func keyFile(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newKeyFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("secret key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("secret key: %w", err)
	}
	if info.Size() > maxKeyFile {
		return "", fmt.Errorf("secret key: %s is larger than %d bytes", path, maxKeyFile)
	}
	b := make([]byte, info.Size())
	if _, err := f.ReadAt(b, 0); err != nil && info.Size() > 0 {
		return "", fmt.Errorf("secret key: %w", err)
	}
	return string(b), nil
}

func newKeyFile(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("secret key: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails: see crypto/rand
	text := base64.StdEncoding.EncodeToString(key) + "\n"
	// Written aside and linked into place whole: half a key would lock everybody out for good.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return "", fmt.Errorf("secret key: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", fmt.Errorf("secret key: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return keyFile(path) // another process was first
		}
		return "", fmt.Errorf("secret key: %w", err)
	}
	return text, syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder survive a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("secret key: %w", err)
	}
	defer d.Close()
	// Some systems cannot sync a folder; they need not.
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("secret key: %w", err)
	}
	return nil
}

func (k *Keys) add(line string) error {
	master, err := masterKey(line)
	if err != nil {
		return err
	}
	var id [keyIDSize]byte
	name, err := hkdf.Key(sha256.New, master, nil, "cchcbot key id 1", keyIDSize)
	if err != nil {
		return err
	}
	copy(id[:], name)
	if _, twice := k.aead[id]; twice {
		return errors.New("the same key is given twice")
	}
	data, err := hkdf.Key(sha256.New, master, nil, "cchcbot seal 1", 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(data)
	if err != nil {
		return err
	}
	if k.aead[id], err = cipher.NewGCM(block); err != nil {
		return err
	}
	k.newest = id
	if k.digest == nil {
		k.digest, err = hkdf.Key(sha256.New, master, nil, "cchcbot digest 1", 32)
	}
	return err
}

func masterKey(line string) ([]byte, error) {
	if b, err := hex.DecodeString(line); err == nil && len(b) == 32 {
		return b, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(line); err == nil && len(b) == 32 {
			return b, nil
		}
	}
	if len(line) < minSecret {
		return nil, fmt.Errorf("it has %d bytes, at least %d are needed", len(line), minSecret)
	}
	return pbkdf2.Key(sha256.New, line, []byte("cchcbot secret 1"), stretch, 32)
}

// Seal encrypts plain for the place that aad names.
func (k *Keys) Seal(plain []byte, aad string) ([]byte, error) {
	out := make([]byte, headSize+nonceSize, headSize+nonceSize+len(plain)+tagSize)
	out[0] = sealVersion
	copy(out[1:], k.newest[:])
	rand.Read(out[headSize:])
	nonce := out[headSize:]
	return k.aead[k.newest].Seal(out, nonce, plain, place(out[:headSize], aad)), nil
}

// Open decrypts a value of that place. It fails with ErrSealed.
func (k *Keys) Open(sealed []byte, aad string) ([]byte, error) {
	if len(sealed) < headSize+nonceSize+tagSize || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	aead, ok := k.aead[[keyIDSize]byte(sealed[1:headSize])]
	if !ok {
		return nil, ErrSealed
	}
	head, nonce, text := sealed[:headSize], sealed[headSize:headSize+nonceSize], sealed[headSize+nonceSize:]
	plain, err := aead.Open(nil, nonce, text, place(head, aad))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func place(head []byte, aad string) []byte {
	b := make([]byte, 0, len(head)+len(aad))
	return append(append(b, head...), aad...)
}

// Digest is the first 128 bits of HMAC-SHA-256, as 26 letters and digits.
func (k *Keys) Digest(s string) string {
	h := hmac.New(sha256.New, k.digest)
	h.Write([]byte(s))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}
