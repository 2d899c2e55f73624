package media

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// A sealed file is
//
//	"CMF" | version (1 byte) | part (1 byte) | chunks
//
// where a chunk is chunkSize bytes of the file (the last one fewer), sealed with
// AES-256-GCM under the item's own key. The nonce is the part, the chunk's number and
// whether it is the last, so that no chunk can be moved, repeated or cut off; the item's
// id is authenticated with each. A key seals each part once.
const (
	chunkSize   = 64 << 10
	sealedChunk = chunkSize + tagSize
	tagSize     = 16
	keySize     = 32
	headSize    = 5
	sealVersion = 1
)

// part is what of an item a file holds.
type part byte

const (
	partOriginal part = iota // as it was sent
	partPhoto                // written anew
	partThumb
)

var errSealed = errors.New("media: a file does not open: it was changed, cut off, or belongs to another row")

func nonce(p part, n int64, last bool) []byte {
	b := make([]byte, 12)
	b[0] = byte(p)
	binary.BigEndian.PutUint64(b[3:], uint64(n))
	if last {
		b[11] = 1
	}
	return b
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealWriter seals what is written to it. Close writes the last chunk.
type sealWriter struct {
	w    *bufio.Writer
	aead cipher.AEAD
	id   []byte
	part part
	n    int64
	buf  []byte
	out  []byte
}

func newSealWriter(w io.Writer, key []byte, id string, p part) (*sealWriter, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	s := &sealWriter{w: bufio.NewWriterSize(w, sealedChunk), aead: aead, id: []byte(id), part: p, buf: make([]byte, 0, chunkSize)}
	_, err = s.w.Write([]byte{'C', 'M', 'F', sealVersion, byte(p)})
	return s, err
}

func (s *sealWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		if len(s.buf) == chunkSize { // there is more: it is not the last one
			if err := s.flush(false); err != nil {
				return n, err
			}
		}
		took := copy(s.buf[len(s.buf):chunkSize], b)
		s.buf = s.buf[:len(s.buf)+took]
		b, n = b[took:], n+took
	}
	return n, nil
}

func (s *sealWriter) flush(last bool) error {
	s.out = s.aead.Seal(s.out[:0], nonce(s.part, s.n, last), s.buf, s.id)
	s.buf, s.n = s.buf[:0], s.n+1
	_, err := s.w.Write(s.out)
	return err
}

func (s *sealWriter) Close() error { return errors.Join(s.flush(true), s.w.Flush()) }

// sealReader reads a sealed file from any place.
type sealReader struct {
	f     *os.File
	aead  cipher.AEAD
	id    []byte
	part  part
	size  int64 // of the file inside
	last  int64 // number of the last chunk
	at    int64
	chunk int64 // that plain holds; -1 for none
	plain []byte
	raw   []byte
}

func newSealReader(f *os.File, key []byte, id string, want ...part) (*sealReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var head [headSize]byte
	if _, err := f.ReadAt(head[:], 0); err != nil || string(head[:3]) != "CMF" || head[3] != sealVersion {
		return nil, errSealed
	}
	ok := false
	for _, p := range want {
		ok = ok || byte(p) == head[4]
	}
	body := info.Size() - headSize
	if !ok || body <= 0 {
		return nil, errSealed
	}
	last := (body - 1) / sealedChunk
	tail := body - last*sealedChunk
	if tail < tagSize {
		return nil, errSealed
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return &sealReader{
		f: f, aead: aead, id: []byte(id), part: part(head[4]), chunk: -1,
		size: last*chunkSize + tail - tagSize, last: last, raw: make([]byte, sealedChunk),
	}, nil
}

func (s *sealReader) Read(p []byte) (int, error) {
	if s.at >= s.size {
		if s.at == 0 { // an empty file still has to prove itself
			if err := s.load(0); err != nil {
				return 0, err
			}
		}
		return 0, io.EOF
	}
	if err := s.load(s.at / chunkSize); err != nil {
		return 0, err
	}
	n := copy(p, s.plain[s.at%chunkSize:])
	s.at += int64(n)
	return n, nil
}

func (s *sealReader) load(n int64) error {
	if s.chunk == n {
		return nil
	}
	length := int64(sealedChunk)
	if n == s.last {
		length = s.size - n*chunkSize + tagSize
	}
	raw := s.raw[:length]
	if _, err := s.f.ReadAt(raw, headSize+n*sealedChunk); err != nil {
		return fmt.Errorf("media: read a file: %w", err)
	}
	plain, err := s.aead.Open(s.plain[:0], nonce(s.part, n, n == s.last), raw, s.id)
	if err != nil {
		s.chunk = -1
		return errSealed
	}
	s.plain, s.chunk = plain, n
	return nil
}

func (s *sealReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return 0, errors.New("media: a place before the file")
	}
	s.at = offset
	return offset, nil
}

func (s *sealReader) Close() error { return s.f.Close() }

// filePath is where an item's file is, below the folder.
func filePath(id string, p part) string {
	name := id
	if p == partThumb {
		name += ".thumb"
	}
	return path.Join(id[:2], name)
}

const newEnding = ".new"

// create writes a sealed file aside, durably, and returns how it is called until it
// is put in place.
func (k *Keeper) create(id string, p part, key []byte, r io.Reader) (name string, size int64, err error) {
	dir := id[:2]
	if err := k.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", 0, err
	}
	name = filePath(id, p) + fmt.Sprintf(".%d", p) + newEnding
	f, err := k.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.remove(name))
		}
	}()
	s, err := newSealWriter(f, key, id, p)
	if err == nil {
		size, err = io.Copy(s, r)
	}
	if err == nil {
		err = errors.Join(s.Close(), f.Sync())
	}
	return name, size, errors.Join(err, f.Close())
}

// place gives a written file its name, so that it survives a power cut.
func (k *Keeper) place(name, id string, p part) error {
	if err := k.root.Rename(name, filePath(id, p)); err != nil {
		return err
	}
	d, err := k.root.Open(id[:2])
	if err != nil {
		return err
	}
	defer d.Close()
	// Some systems cannot sync a folder; they need not.
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// remove removes a file that may not be there.
func (k *Keeper) remove(name string) error {
	if err := k.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeAll removes everything of an item from the disk.
func (k *Keeper) removeAll(id string) error {
	return errors.Join(k.remove(filePath(id, partOriginal)), k.remove(filePath(id, partThumb)))
}

// open opens a file of an item.
func (k *Keeper) open(name, id string, key []byte, want ...part) (*sealReader, error) {
	f, err := k.root.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := newSealReader(f, key, id, want...)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}
